"""How PostgreSQL answers a filter that looks into lists: by their index, in the present and in the past."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import psycopg
import pytest
from psycopg import sql

from compact_infra import Settings
from compact_infra.event_store import Migrations
from compact_infra.projector import ReadSide
from compact_projections.asking import Asking, Condition, Lease, Moment, Order
from compact_projections.kit import FOREVER, Row, columns
from compact_projections.models import models

THINGS = 10_000
LISTED = [model.row for model in models() if model.row.LISTS]
FILLED = {
    "uuid": "gen_random_uuid()",
    "text": "'TEXT-' || n",
    "int8": "n",
    "bool": "n % 2 = 0",
    "date": "date '2025-01-01' + n % 1000",
    "timestamptz": "timestamptz '2025-01-01' + n % 1000 * interval '1 day'",
    "jsonb": "'{}'",
    "text[]": "array['CODE-' || n % 500, 'CODE-' || n % 7]",
    "uuid[]": "'{}'",
    "numeric": "n",
    "bytea": "''",
}


@pytest.fixture(scope="module")
def read_side(new_settings: Callable[..., Settings]) -> Iterator[tuple[ReadSide, psycopg.Connection[Any]]]:
    """A read side with ten thousand things of each kind, each in two versions."""
    settings = new_settings()
    assert settings.database_url is not None
    Migrations(settings.database_url, settings.db_schema).apply()
    filled = ReadSide(settings.db_schema, models())
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        filled.create_tables(connection)
        for row in LISTED:
            fill(filled, connection, row)
        filled.create_indexes(connection)
        connection.execute("analyze")
        yield filled, connection


def fill(read_side: ReadSide, connection: psycopg.Connection[Any], row: type[Row]) -> None:
    values = {name: FILLED[kind] for name, kind in columns(row).items()}
    values[row.KEY] = f"md5('thing' || n % {THINGS})::uuid"
    ends = f"case when n < {THINGS} then n + {THINGS} else {FOREVER} end"
    for position, value in (("since", "n"), ("until", ends), ("open_until", ends)):
        values[position] = value
    connection.execute(
        sql.SQL("insert into {}.{} ({}) select {} from generate_series(0, {}) n").format(
            sql.Identifier(read_side.schema),
            sql.Identifier(row.TABLE),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.SQL(cast("Any", value)) for value in values.values()),
            sql.Literal(2 * THINGS - 1),
        )
    )


class Explained:
    """Answers no statement: it has PostgreSQL say how it would."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.plans: list[set[tuple[str, str]]] = []

    async def rows(self, statement: sql.Composed, params: Mapping[str, Any] | None) -> list[tuple[Any, ...]]:
        found = self.connection.execute(sql.SQL("explain (format json) {}").format(statement), params).fetchone()
        assert found is not None
        plan = found[0] if isinstance(found[0], list) else json.loads(found[0])
        self.plans.append(set(nodes(plan[0]["Plan"])))
        return [(0,)] if "count(*)" in statement.as_string(None) else []


def nodes(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each step of a plan, with the index that it goes by."""
    yield plan["Node Type"], plan.get("Index Name", "")
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@pytest.mark.parametrize("position", [2 * THINGS, THINGS // 2], ids=["present", "past"])
@pytest.mark.parametrize(("row", "column"), [(row, column) for row in LISTED for column in row.LISTS])
@pytest.mark.anyio
async def test_a_filter_on_a_list_goes_by_its_index(
    row: type[Row], column: str, position: int, read_side: tuple[ReadSide, psycopg.Connection[Any]]
) -> None:
    there, connection = read_side
    explained = Explained(connection)
    asking = Asking(
        cast("Lease", explained),
        schema=there.schema,
        events=there.events,
        moment=Moment(position=position, now=datetime(2031, 5, 1, tzinfo=UTC), live=False),
        private={},
        inside=True,
    )
    for condition in (Condition(column, "has", "CODE-411"), Condition(column, "overlaps", ["CODE-411", "CODE-412"])):
        await asking.count(row, [condition])
        await asking.page(row, where=[condition], order=[Order(row.INDEXES[0][0])], limit=21)
    [index] = connection.execute(
        "select indexname from pg_indexes where schemaname = %s and tablename = %s and indexdef like '%%USING gin%%'",
        (there.schema, row.TABLE),
    ).fetchall()
    for plan in explained.plans:
        assert ("Bitmap Index Scan", index[0]) in plan, plan
        assert "Seq Scan" not in {step for step, _ in plan}
    assert len(explained.plans) == 4


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
