"""How PostgreSQL answers what is to be done: by indexes, in the present and in the past, for whoever asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from compact_domain.kernel import Actor, Role, RoleHeld
from compact_domain.policy import own_alone, sees_withheld
from compact_infra import Settings
from compact_infra.event_store import Migrations
from compact_infra.projector import ReadSide
from compact_projections.asking import Asking, Lease, Moment
from compact_projections.duties import TABLE
from compact_projections.duties.lines import Line
from compact_projections.kit import FOREVER, columns
from compact_projections.models import models
from compact_projections.today import Wanted, named_in, table_of, today
from compact_projections.trail import TRAIL_COLUMNS

THINGS = 2_000
ROWS = {model.row.TABLE: model.row for model in models()}
VALUES: Mapping[str, str] = {
    "uuid": "md5('thing' || n)::uuid",
    "text": "'TEXT-' || n",
    "int8": "n",
    "bool": "n % 50 = 0",
    "date": "date '2025-01-01' + n % 1000",
    "timestamptz": "timestamptz '2025-01-01' + n % 1000 * interval '1 day'",
    "jsonb": "'[]'",
    "text[]": "array['CODE-' || n % 500]",
    "uuid[]": "'{}'",
    "numeric": "n",
    "bytea": "''",
}
RARE = {"withheld_from", "falls_due_at"}
"""Columns that are blank but in a few rows."""
EVERYBODY = (
    (Role.SECRETARIAT_OFFICER, None),
    (Role.ENTITY_REPRESENTATIVE, "CODE-1"),
    (Role.REGIONAL_FOCAL_POINT, "CODE-2"),
    (Role.WORKING_GROUP_CHAIR, "CODE-3"),
)


@pytest.fixture(scope="module")
def filled(new_settings: Callable[..., Settings]) -> Iterator[tuple[ReadSide, psycopg.Connection[Any]]]:
    """A read side with two thousand things of each kind that a line asks about, each in two versions."""
    settings = new_settings()
    assert settings.database_url is not None
    Migrations(settings.database_url, settings.db_schema).apply()
    read_side = ReadSide(settings.db_schema, models())
    asked = {table_of(name) for line in TABLE.values() for name in named_in(*line.sql, *line.whose.values())}
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        read_side.create_tables(connection)
        for table in sorted(asked & ROWS.keys()):
            ends = f"case when n < {THINGS} then n + {THINGS} else {FOREVER} end"
            values = {name: VALUES[kind] for name, kind in columns(ROWS[table]).items()}
            values |= {ROWS[table].KEY: f"md5('thing' || n % {THINGS})::uuid"}
            values |= {name: f"case when n % 50 = 0 then {values[name]} end" for name in RARE & values.keys()}
            fill(read_side, connection, table, {**values, "since": "n", "until": ends, "open_until": ends})
        told = {name: VALUES[kind] for name, kind in TRAIL_COLUMNS.items()}
        fill(read_side, connection, "trail", {**told, "position": "n", "open_since": "n"})
        read_side.create_indexes(connection)
        connection.execute("analyze")
        connection.execute("set enable_seqscan = off")  # so that a whole table is read only where no index will do
        yield read_side, connection


def fill(read_side: ReadSide, connection: psycopg.Connection[Any], table: str, values: Mapping[str, str]) -> None:
    connection.execute(
        sql.SQL("insert into {}.{} ({}) select {} from generate_series(0, {}) n").format(
            sql.Identifier(read_side.schema),
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.SQL(cast("Any", value)) for value in values.values()),
            sql.Literal(2 * THINGS - 1),
        )
    )


class Explained:
    """Answers as the database does, and has it say how."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.steps: list[Mapping[str, Any]] = []

    async def rows(self, statement: sql.Composed, params: Mapping[str, Any] | None) -> list[tuple[Any, ...]]:
        found = self.connection.execute(sql.SQL("explain (format json) {}").format(statement), params).fetchone()
        assert found is not None
        self.steps += nodes(found[0][0]["Plan"])
        return self.connection.execute(statement, params).fetchall()


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def actor(role: Role, scope: str | None) -> Actor:
    regions = ("CODE-9",) if role is Role.REGIONAL_FOCAL_POINT else ()
    held = RoleHeld(role=role, scope=scope, regions=regions)
    return Actor(id=UUID(int=7), organization=scope or "UNOCT", roles=(held,))


@pytest.mark.parametrize("position", [2 * THINGS, THINGS // 2], ids=["present", "past"])
@pytest.mark.parametrize("line", TABLE.values(), ids=lambda line: line.duty.value)
@pytest.mark.anyio
async def test_a_line_is_answered_by_indexes(
    line: Line, position: int, filled: tuple[ReadSide, psycopg.Connection[Any]]
) -> None:
    read_side, connection = filled
    explained = Explained(connection)
    for who in (actor(*one) for one in EVERYBODY):
        asking = Asking(
            cast("Lease", explained),
            schema=read_side.schema,
            events=read_side.events,
            moment=Moment(position=position, now=datetime(2025, 1, 20, tzinfo=UTC), live=False),
            private={},
            inside=sees_withheld(who),
            own=own_alone(who),
        )
        await today(asking, Wanted(actor=who, duties=frozenset({line.duty})), limit=21)
    assert explained.steps
    for step in explained.steps:
        assert step["Node Type"] != "Seq Scan", step["Relation Name"]
        if "Index Name" in step and step.get("Relation Name") != "catalogue_entry":
            limited = set(re.findall(r'\(+"?(\w+)', step.get("Index Cond", "")))
            assert limited - {"since", "until", "open_until"}, (step["Index Name"], step.get("Index Cond"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
