"""The ledger: it follows what is written, proves it, and finds what somebody changed in the database itself."""

from __future__ import annotations

import base64
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from compact_domain.kernel import MomentRefused
from compact_infra import verifier
from compact_infra.ledger import Ledger, Sealer
from compact_infra.verifier import (
    ALTERED,
    CANNOT_TELL,
    VALID,
    Checkpoint,
    check_consistency,
    check_inclusion,
    facts,
    leaf_hash,
    tree_hash,
    trusted,
)
from tests.infra.keeper import Keeper


@pytest.fixture
def ledger(keeper: Keeper) -> Ledger:
    return Ledger(keeper.compact.database_url(), keeper.store.schema, keeper.compact.keys)


def write(keeper: Keeper, count: int) -> None:
    """Let so many facts more be there."""
    if not keeper.store.head():
        keeper.register("AU")
        count -= 1
    for _ in range(count):
        keeper.rename("AU", f"African Union {keeper.store.head()}")


def seal(ledger: Ledger) -> int:
    with psycopg.connect(ledger.url, autocommit=True) as connection:
        return ledger.seal(connection)


def note_of(ledger: Ledger) -> str:
    """The checkpoint that was signed last."""
    signed = ledger.checkpoint()
    assert signed is not None
    return signed.note


def exported(ledger: Ledger, folder: Path) -> list[bytes]:
    """Hashes of the leaves, as whoever has the export computes them."""
    ledger.export(folder)
    return [leaf for _, leaf in facts(folder / "events.ndjson")]


def verdict(ledger: Ledger, folder: Path, *more: str) -> tuple[int, str]:
    told: list[str] = []
    return verifier.main([str(folder), "--key", str(ledger.key.public), *more], told.append), told[0]


def test_the_tree_is_that_of_the_facts_however_it_grew(keeper: Keeper, ledger: Ledger, tmp_path: Path) -> None:
    chance, sizes = random.Random(7), []
    for count in (1, 2, 60, 190, 3, 256, 9):
        write(keeper, count)
        sizes.append(seal(ledger))
    assert sizes[-1] == keeper.store.head() == 521
    leaves = exported(ledger, tmp_path / "export")
    roots = {size: tree_hash(leaves[:size]) for size in sizes}
    for size in sizes:
        signed = ledger.checkpoint(covering=size)
        assert signed is not None
        assert (signed.size, signed.root) == (size, roots[size])
        assert trusted(signed.note, ledger.key.public).size == size
    for position in (1, 2, 256, 257, 512, 513, 521, *chance.sample(range(1, 522), 20)):
        _, path = ledger.inclusion(position)
        check_inclusion(position - 1, 521, leaves[position - 1], path, roots[521])
    for size, later in pairwise(sizes):
        check_consistency(size, later, roots[size], roots[later], ledger.consistency(size, later))
    for size in chance.sample(range(1, 522), 20):
        check_consistency(size, 521, tree_hash(leaves[:size]), roots[521], ledger.consistency(size, 521))
    assert verdict(ledger, tmp_path / "export") == (VALID, "valid: covered to 521, 0 facts beyond")


def test_a_proof_of_one_fact_stands_alone(keeper: Keeper, ledger: Ledger) -> None:
    write(keeper, 20)
    seal(ledger)
    header, extra, index, *rest = ledger.proof(7).split("\n")
    assert (header, index) == ("c2sp.org/tlog-proof@v1", "index 6")
    blank = rest.index("")
    checkpoint = trusted("\n".join(rest[blank + 1 :]), ledger.key.public)
    path = [base64.b64decode(part) for part in rest[:blank]]
    entry = base64.b64decode(extra.removeprefix("extra "))
    check_inclusion(6, checkpoint.size, leaf_hash(entry), path, checkpoint.root)
    assert b'"position":7' in entry


def test_what_is_written_after_a_checkpoint_is_said_to_lie_beyond(
    keeper: Keeper, ledger: Ledger, tmp_path: Path
) -> None:
    write(keeper, 5)
    seal(ledger)
    write(keeper, 3)
    ledger.export(tmp_path / "export")
    assert verdict(ledger, tmp_path / "export") == (VALID, "valid: covered to 5, 3 facts beyond")


def test_nothing_new_is_not_signed_again(keeper: Keeper, ledger: Ledger) -> None:
    assert ledger.checkpoint() is None
    with pytest.raises(MomentRefused):
        ledger.inclusion(1)
    write(keeper, 3)
    assert [seal(ledger), seal(ledger)] == [3, 3]
    assert keeper.rows("select count(*) from {s}.checkpoint") == [(1,)]


@pytest.mark.parametrize("position", [0, -1, 6, 10**15])
def test_a_position_that_does_not_exist_is_refused(keeper: Keeper, ledger: Ledger, position: int) -> None:
    write(keeper, 5)
    seal(ledger)
    with pytest.raises(MomentRefused):
        ledger.inclusion(position)
    with pytest.raises(MomentRefused):
        ledger.consistency(position, 5)


def test_a_folder_that_is_not_empty_is_left_alone(keeper: Keeper, ledger: Ledger, tmp_path: Path) -> None:
    write(keeper, 1)
    seal(ledger)
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(FileExistsError):
        ledger.export(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def disarm(connection: psycopg.Connection[Any], keeper: Keeper) -> None:
    """What the owner of the tables can do, and who takes over the database: let no trigger stand in the way."""
    for table in ("event", "tile", "checkpoint"):
        name = sql.Identifier(keeper.store.schema, table)
        connection.execute(sql.SQL("alter table {} disable trigger user").format(name))


CHANGES: dict[str, LiteralString] = {
    "changed": "update {s}.event set state = convert_to(replace(convert_from(state, 'UTF8'), 'Union', 'union'), 'UTF8')"
    " where position = 17",
    "back-dated": "update {s}.event set recorded_at = recorded_at - interval '1 day' where position = 17",
    "renamed": "update {s}.event set topic = 'organization.deactivated' where position = 17",
    "deleted": "delete from {s}.event where position = 17",
    "truncated": "delete from {s}.event where position >= 17",
    "taken over": "update {s}.event set originator_id = gen_random_uuid() where position = 17",
}


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
def test_what_the_owner_of_the_database_changes_is_found(
    keeper: Keeper, ledger: Ledger, tmp_path: Path, statement: LiteralString
) -> None:
    write(keeper, 20)
    seal(ledger)
    with keeper.owner() as connection:
        disarm(connection, keeper)
        connection.execute(keeper.store.sql(statement))
    ledger.export(tmp_path / "export")
    code, told = verdict(ledger, tmp_path / "export")
    assert (code, "17" in told) == (ALTERED, True), told


def test_who_rewrites_the_whole_log_has_no_key_to_sign_it_with(keeper: Keeper, ledger: Ledger, tmp_path: Path) -> None:
    write(keeper, 20)
    seal(ledger)
    kept = tmp_path / "kept"
    kept.write_text(note_of(ledger), "utf-8")
    with keeper.owner() as connection:
        disarm(connection, keeper)
        connection.execute(
            keeper.store.sql("update {s}.event set recorded_at = recorded_at - interval '1 hour' where position = 3")
        )
        connection.execute(keeper.store.sql("delete from {s}.checkpoint"))
        connection.execute(keeper.store.sql("delete from {s}.tile"))
    other = Ledger(ledger.url, ledger.schema, type(keeper.compact.keys)(b"other" * 6 + b"ke"))
    seal(other)
    other.export(tmp_path / "export")
    assert verdict(ledger, tmp_path / "export")[0] == CANNOT_TELL
    assert verdict(ledger, tmp_path / "export", "--checkpoint", str(kept))[0] == ALTERED
    again = Ledger(ledger.url, ledger.schema, keeper.compact.keys)
    with keeper.owner() as connection:
        disarm(connection, keeper)
        connection.execute(keeper.store.sql("delete from {s}.checkpoint"))
        connection.execute(keeper.store.sql("delete from {s}.tile"))
    seal(again)
    again.export(tmp_path / "signed")
    assert verdict(ledger, tmp_path / "signed")[0] == VALID, "with the key itself, and nothing kept elsewhere"
    assert verdict(ledger, tmp_path / "signed", "--checkpoint", str(kept))[0] == ALTERED


def test_the_application_can_neither_write_nor_shrink_the_log(keeper: Keeper, ledger: Ledger) -> None:
    write(keeper, 3)
    seal(ledger)
    for statement in ("delete from {s}.tile", "delete from {s}.checkpoint", "update {s}.checkpoint set note = ''"):
        with keeper.store.pool.connection() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(keeper.store.sql(statement))
        with keeper.owner() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(keeper.store.sql(statement))
    with keeper.owner() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(keeper.store.sql("update {s}.tile set hashes = sha256('')"))


def test_a_sealer_signs_what_is_written_meanwhile_and_skips_nothing(
    keeper: Keeper, ledger: Ledger, tmp_path: Path
) -> None:
    keeper.register("AU")
    sealers = [Sealer(ledger, within=0.05) for _ in range(2)]
    for sealer in sealers:
        sealer.start()
    try:
        with ThreadPoolExecutor(4) as hands:
            for n in range(60):
                hands.submit(keeper.register, f"ORG-{n}")
        head = keeper.store.head()
        signed, waiting = 0, threading.Event()
        for _ in range(200):
            rows = keeper.rows("select coalesce(max(size), 0) from {s}.checkpoint")
            signed = rows[0][0]
            if signed == head:
                break
            waiting.wait(0.05)
        assert signed == head
    finally:
        for sealer in sealers:
            sealer.stop()
    leaves = exported(ledger, tmp_path / "export")
    for size, note in keeper.rows("select size, note from {s}.checkpoint"):
        assert Checkpoint.of(note).root == tree_hash(leaves[:size])
