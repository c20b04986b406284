"""What is written in PostgreSQL's own forms here, and not by the driver, is read back as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from compact_infra.event_store import _array
from compact_infra.projector import ReadSide
from compact_projections.kit import ReadModel, Row, Version, row_of
from tests.conftest import Service

ODD = ("", " ", "NULL", "null", "a,b", '"', "\\", '\\"', "{x}", "'", "Ünïcödé ✓ 反恐", "line\nbreak\ttab", "a" * 5000)


class EverythingRow(Row, frozen=True, kw_only=True):
    TABLE = "everything"

    id: UUID
    text: str
    maybe: str | None = None
    number: int
    yes: bool
    day: date
    instant: datetime
    raw: bytes
    amount: Decimal
    codes: tuple[str, ...]
    ids: tuple[UUID, ...]
    nested: tuple[dict[str, Any], ...]


class Everything(ReadModel[EverythingRow]):
    """Rows of every kind of column."""


ROWS = [
    EverythingRow(
        id=UUID(int=1),
        text="",
        number=0,
        yes=False,
        day=date(1999, 12, 31),
        instant=datetime(1970, 1, 1, tzinfo=UTC),
        raw=b"",
        amount=Decimal("0"),
        codes=(),
        ids=(),
        nested=(),
    ),
    EverythingRow(
        id=UUID(int=2**128 - 1),
        text="".join(ODD),
        maybe="x",
        number=-(2**63),
        yes=True,
        day=date(2031, 5, 1),
        instant=datetime(2031, 5, 1, 9, 0, 0, 999_999, tzinfo=UTC),
        raw=bytes(range(256)),
        amount=Decimal("-12345.6789"),
        codes=ODD,
        ids=(UUID(int=1), UUID(int=2)),
        nested=({"said": list(ODD)}, {}),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=["least", "most"])
def test_a_row_is_read_back_as_it_was_written(
    own_service: Service, database: psycopg.Connection[Any], row: Row
) -> None:
    model = Everything()
    schema = own_service.compact.settings.db_schema
    side = ReadSide(schema, [model], name=f"{schema}_wire")
    names = list(side.types[EverythingRow])
    side.create_tables(database)

    side._insert(database, model, [Version(row, 1)])

    listed = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, names))
    found = database.execute(side.sql("select {listed} from {r}.everything", listed=listed)).fetchone()
    assert found is not None
    assert msgspec.structs.asdict(row_of(EverythingRow, names, found)) == msgspec.structs.asdict(row)


@pytest.mark.parametrize(
    ("kind", "items"),
    [
        ("text", list(ODD)),
        ("uuid", [UUID(int=1), UUID(int=2**128 - 1)]),
        ("bigint", [0, 2**63 - 1, -5]),
        ("bytea", [b"", bytes(range(256)), b"\\x00"]),
        ("text", []),
    ],
)
def test_a_list_is_read_back_as_it_was_written(
    own_service: Service, database: psycopg.Connection[Any], kind: str, items: list[Any]
) -> None:
    query = psycopg.sql.SQL("select %s::{}[]").format(psycopg.sql.SQL(kind))
    found = database.execute(query, (_array(items),)).fetchone()

    assert found == (items,)
