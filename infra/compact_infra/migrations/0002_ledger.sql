-- The ledger: a Merkle log beside the events (RFC 9162; tiles as in C2SP tlog-tiles), and the checkpoints that were
-- signed. Everything here follows from the events and from a key that lies elsewhere, but for when it was signed.

create table @schema@.tile (
    level  smallint not null check (level between 0 and 7),
    number bigint not null check (number >= 0),
    hashes bytea not null check (length(hashes) between 32 and 8192 and length(hashes) % 32 = 0),
    primary key (level, number)
);

create table @schema@.checkpoint (
    size      bigint primary key check (size > 0),
    note      text not null,
    signed_at timestamptz not null
);

-- A tile grows until it is whole; what it holds stays.
create function @schema@.refuse_other_tile() returns trigger language plpgsql as $$
begin
    if substr(new.hashes, 1, length(old.hashes)) <> old.hashes or new.level <> old.level or new.number <> old.number then
        raise exception 'a tile only grows' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger only_grows before update on @schema@.tile
    for each row execute function @schema@.refuse_other_tile();
create trigger stays before delete on @schema@.tile
    for each row execute function @schema@.refuse_change();
create trigger stays_whole before truncate on @schema@.tile
    for each statement execute function @schema@.refuse_change();
create trigger append_only before update or delete on @schema@.checkpoint
    for each row execute function @schema@.refuse_change();
create trigger append_only_whole before truncate on @schema@.checkpoint
    for each statement execute function @schema@.refuse_change();

grant select on @schema@.tile, @schema@.checkpoint to @app@;
