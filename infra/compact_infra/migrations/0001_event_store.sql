-- The event store: an append-only table, the claims that facts hold, and the log of commands that were answered.
-- @schema@ and @app@ are replaced by checked identifiers. Applied once, in one transaction, under a lock.

create table @schema@.installation (
    one           boolean primary key default true check (one),
    id            uuid not null default gen_random_uuid(),
    demonstration boolean not null,
    created_at    timestamptz not null default clock_timestamp()
);

-- A demonstration's recording clock: the moment it was set to, and when; it runs on from there. Null: the real one.
create table @schema@.simulated_clock (
    one    boolean primary key default true check (one),
    at     timestamptz,
    set_at timestamptz
);
insert into @schema@.simulated_clock default values;

create table @schema@.event (
    position           bigint primary key,
    originator_id      uuid not null,
    originator_version bigint not null check (originator_version > 0),
    topic              text not null,
    state              bytea not null,
    event_id           uuid not null constraint event_once unique,
    recorded_at        timestamptz not null,
    constraint version_conflict unique (originator_id, originator_version)
) with (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
create index event_recorded_at on @schema@.event (recorded_at, position);

create table @schema@.claim (
    key      text collate "C" constraint claim_taken primary key, -- prefixes are ranges in no other order
    holder   uuid not null,
    position bigint not null
);

create table @schema@.command_log (
    actor      uuid not null,
    command_id uuid not null,
    request    bytea not null,
    subject    uuid not null,
    version    bigint not null,
    facts      integer not null,
    position   bigint not null,
    warnings   text[] not null,
    constraint same_command primary key (actor, command_id)
);

-- How far each process that acts on facts has come.
create table @schema@.cursor (
    name     text primary key,
    position bigint not null default 0
);

-- What is written is for ever, for the owner of the tables too.
create function @schema@.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete on @schema@.event
    for each row execute function @schema@.refuse_change();
create trigger append_only_whole before truncate on @schema@.event
    for each statement execute function @schema@.refuse_change();
create trigger append_only before update or delete on @schema@.command_log
    for each row execute function @schema@.refuse_change();
create trigger append_only_whole before truncate on @schema@.command_log
    for each statement execute function @schema@.refuse_change();
create trigger fixed before update or delete on @schema@.installation
    for each row execute function @schema@.refuse_change();
create trigger fixed_whole before truncate on @schema@.installation
    for each statement execute function @schema@.refuse_change();

-- The clock of commands, answers and facts: never behind what was recorded last.
create function @schema@.now() returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select greatest(
        coalesce(c.at + (clock_timestamp() - c.set_at), clock_timestamp()),
        (select recorded_at from @schema@.event order by position desc limit 1))
    from @schema@.simulated_clock c
$$;

create function @schema@.set_clock(p_at timestamptz) returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not (select demonstration from @schema@.installation) then
        raise exception 'only a demonstration has a simulated clock' using errcode = 'insufficient_privilege',
            constraint = 'demonstration_only';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('@schema@', 0));
    if p_at < coalesce((select recorded_at from @schema@.event order by position desc limit 1), '-infinity') then
        return @schema@.now();
    end if;
    update @schema@.simulated_clock set at = p_at, set_at = clock_timestamp();
    return @schema@.now();
end $$;

-- Whether anything is no longer as a command saw it: a stream by its version, a range of claims by its content.
create function @schema@.moved(
    p_ids uuid[], p_versions bigint[], p_lows text[], p_highs text[], p_contents bytea[]
) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return exists (
        select from unnest(p_ids, p_versions) r(id, version)
        where r.version <> coalesce((select originator_version from @schema@.event e where e.originator_id = r.id
                                     order by originator_version desc limit 1), 0)
    ) or exists (
        select from unnest(p_lows, p_highs, p_contents) r(low, high, content)
        where r.content <> sha256(convert_to(coalesce((
            select string_agg(c.key || '=' || c.holder, e'\n' order by c.key) from @schema@.claim c
            where c.key >= r.low and c.key < r.high), ''), 'UTF8'))
    );
end $$;

-- The one way to write. Order of checks: the command was answered before; something it looked at has moved since it
-- began (if nothing was written at all since `p_seen`, nothing has); a claim is held by another. Positions are dense
-- because they are given out under the lock.
create function @schema@.append(
    p_actor uuid, p_command uuid, p_request bytea, p_subject uuid, p_subject_version bigint, p_warnings text[],
    p_ids uuid[], p_versions bigint[], p_topics text[], p_states bytea[], p_event_ids uuid[],
    p_release text[], p_take text[], p_takers uuid[],
    p_seen bigint, p_read_ids uuid[], p_read_versions bigint[], p_lows text[], p_highs text[], p_contents bytea[],
    out last_position bigint, out at timestamptz
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    last_recorded_at timestamptz;
    taken text;
begin
    perform pg_advisory_xact_lock(hashtextextended('@schema@', 0));
    select position, recorded_at into last_position, last_recorded_at
        from @schema@.event order by position desc limit 1;
    last_position := coalesce(last_position, 0);
    select greatest(coalesce(c.at + (clock_timestamp() - c.set_at), clock_timestamp()), last_recorded_at) into at
        from @schema@.simulated_clock c;

    if exists (select from @schema@.command_log l where l.actor = p_actor and l.command_id = p_command) then
        raise exception 'answered before' using errcode = 'unique_violation', constraint = 'same_command';
    end if;
    if p_seen is distinct from last_position
       and @schema@.moved(p_read_ids, p_read_versions, p_lows, p_highs, p_contents) then
        raise exception 'moved on' using errcode = 'unique_violation', constraint = 'version_conflict';
    end if;

    if cardinality(p_release) > 0 then
        delete from @schema@.claim where key = any(p_release);
    end if;
    if cardinality(p_take) > 0 then
        select c.key into taken from @schema@.claim c where c.key = any(p_take) order by c.key limit 1;
        if taken is not null then
            raise exception 'claim taken'
                using errcode = 'unique_violation', constraint = 'claim_taken', detail = taken;
        end if;
        insert into @schema@.claim (key, holder, position)
            select t.key, t.holder, last_position + 1 from unnest(p_take, p_takers) t(key, holder);
    end if;

    insert into @schema@.event (position, originator_id, originator_version, topic, state, event_id, recorded_at)
        select last_position + n, id, version, topic, state, event_id, at
        from unnest(p_ids, p_versions, p_topics, p_states, p_event_ids)
            with ordinality e(id, version, topic, state, event_id, n);
    last_position := last_position + cardinality(p_ids);
    insert into @schema@.command_log
        values (p_actor, p_command, p_request, p_subject, p_subject_version, cardinality(p_ids), last_position,
                p_warnings);
    if cardinality(p_ids) > 0 then
        perform pg_notify('@schema@', last_position::text);
    end if;
end $$;

-- Erasure is all that ever deletes, and it deletes here.
create schema @schema@_vault;

create table @schema@_vault.key (
    subject    uuid not null,
    version    integer not null check (version > 0),
    wrapped    bytea not null,
    created_at timestamptz not null,
    constraint vault_key primary key (subject, version)
);

-- Which versions of keys have been destroyed: a later key of the same subject never takes their number, so that an
-- old text reads as erased and not as forged.
create table @schema@_vault.erased (
    subject   uuid not null,
    version   integer not null,
    erased_at timestamptz not null,
    constraint vault_erased primary key (subject, version)
);

-- The key outside the database that this one was made with, by a fingerprint that tells nothing of it.
create table @schema@_vault.master (
    one         boolean primary key default true check (one),
    fingerprint bytea not null
);

create table @schema@_vault.person (
    subject     uuid not null,
    version     integer not null check (version > 0),
    name        text not null,
    email       text not null,
    phone       text,
    title       text,
    needs       text,
    salt        bytea not null,
    hash        text not null, -- what facts keep of these details: it tells which version they were stated with
    vouched     boolean not null, -- given by the person, by the secretariat, or as the first that was known
    recorded_at timestamptz not null,
    constraint vault_person primary key (subject, version)
);
create index person_hash on @schema@_vault.person (hash);

create table @schema@_vault.email (
    hash    bytea constraint vault_email primary key,
    subject uuid not null
);
create index email_subject on @schema@_vault.email (subject);

-- The application may read, append and keep the vault; it may not touch a table of the event store.
grant usage on schema @schema@, @schema@_vault to @app@;
grant select on all tables in schema @schema@ to @app@;
revoke execute on all functions in schema @schema@ from public;
grant execute on all functions in schema @schema@ to @app@;
grant select, insert, delete on all tables in schema @schema@_vault to @app@;
