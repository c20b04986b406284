"""Pages: a cursor belongs to its order, rows are fetched once, and nothing is counted that is not asked for."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import strawberry
from hypothesis import given
from hypothesis import strategies as st

from compact_api.fields import question
from compact_api.paging import (
    DEFAULT_PAGE,
    After,
    BadCursor,
    Connection,
    First,
    Key,
    Order,
    connection,
    page,
)
from compact_api.scalars import schema_config
from compact_api.shapes import described, shape
from compact_api.text import Cursor
from compact_domain.kernel import InvalidInput

pytestmark = pytest.mark.anyio

BY_DUE = Order("thing", ("due_on asc", date), ("code asc", str))
BY_CODE = Order("thing", ("code asc", str))
OF_ALL = Order("row", ("a", str), ("b", int), ("c", date), ("d", datetime), ("e", UUID))
ROWS = [(f"T-{number:03d}", date(2025, 1, 1 + number % 7)) for number in range(1, 46)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def forged(*parts: object) -> Cursor:
    return Cursor(base64.urlsafe_b64encode(json.dumps(parts).encode()).decode())


@shape
class Thing:
    """A thing."""

    code: str = described("Its code.")


@shape
class Query:
    """What can be asked here."""

    @question
    async def things(
        self, info: strawberry.Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Thing]:
        """Things by their code."""
        asked = page(BY_CODE, first, after)
        rows = [row for row in ROWS if asked.after is None or row[0] > str(asked.after[0])][: asked.limit]
        info.context.append(len(rows))

        async def count() -> int:
            info.context.append("counted")
            return len(ROWS)

        return connection(rows, asked, node=lambda row: Thing(code=row[0]), key=lambda row: (row[0],), count=count)


SCHEMA = strawberry.Schema(Query, config=schema_config())


async def asked(query: str, **variables: Any) -> tuple[Any, list[object]]:
    seen: list[object] = []
    answer = await SCHEMA.execute(query, variables, context_value=seen)
    assert answer.errors is None
    assert answer.data is not None
    return answer.data["things"], seen


WALK = """query($after: String) { things(first: 20, after: $after) {
  edges { cursor node { code } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def test_walking_the_pages_meets_every_row_once_and_then_ends() -> None:
    met: list[str] = []
    after = None
    pages = []
    while True:
        things, _ = await asked(WALK, after=after)
        met += [edge["node"]["code"] for edge in things["edges"]]
        info = things["pageInfo"]
        pages.append((len(things["edges"]), info["hasPreviousPage"], info["hasNextPage"]))
        assert info["endCursor"] == things["edges"][-1]["cursor"]
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    assert met == [code for code, _ in ROWS]
    assert pages == [(20, False, True), (20, True, True), (5, True, False)]


async def test_the_total_is_counted_only_when_it_is_selected() -> None:
    assert await asked("{ things { edges { cursor } } }") == ({"edges": [{"cursor": c} for c in cursors(20)]}, [21])
    assert await asked("{ things(first: 0) { totalCount } }") == ({"totalCount": 45}, [1, "counted"])


def cursors(number: int) -> list[str]:
    return [BY_CODE.cursor(code) for code, _ in ROWS[:number]]


async def test_an_empty_page_has_no_cursors() -> None:
    things, _ = await asked(WALK, after=BY_CODE.cursor("T-999"))
    assert things == {
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None},
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ things(first: 101) { totalCount } }", "INVALID_INPUT"),
        ("{ things(first: -1) { totalCount } }", "INVALID_INPUT"),
        ('{ things(after: "nonsense") { totalCount } }', "BAD_CURSOR"),
        ('{ things(after: "") { totalCount } }', "INVALID_INPUT"),
    ],
)
async def test_a_page_that_cannot_be_is_refused_with_a_code(query: str, code: str) -> None:
    answer = await SCHEMA.execute(query, context_value=[])
    assert answer.errors is not None
    assert answer.errors[0].extensions is not None
    assert answer.errors[0].extensions["code"] == code


def test_connections_are_named_after_what_they_hold() -> None:
    assert "things(" in SCHEMA.as_str()
    assert "type ThingConnection" in SCHEMA.as_str()
    assert "edges: [ThingEdge!]!" in SCHEMA.as_str()


def test_a_cursor_of_another_order_is_refused() -> None:
    for other in (BY_DUE, Order("thing", ("code desc", str)), Order("other", ("code asc", str))):
        values: tuple[Key, ...] = (date(2025, 1, 1), "T-001") if other is BY_DUE else ("T-001",)
        with pytest.raises(BadCursor) as refused:
            BY_CODE.key(other.cursor(*values))
        assert refused.value.code == "BAD_CURSOR"


KEYS = st.tuples(
    st.none() | st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf", "Zs"]), min_size=1),
    st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
    st.none() | st.dates(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.uuids(),
)


@given(KEYS)
def test_a_cursor_gives_back_the_key_it_was_made_of(key: tuple[Key, ...]) -> None:
    assert OF_ALL.key(OF_ALL.cursor(*key)) == key


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "é",
        "\ud800",
        "W" * 3_999,
        forged(),
        forged(BY_DUE.signature),
        forged(BY_DUE.signature, "2025-01-01"),
        forged(BY_DUE.signature, "2025-01-01", "T-001", "more"),
        forged(BY_DUE.signature, "2025-13-01", "T-001"),
        forged(BY_DUE.signature, 5, "T-001"),
        forged(BY_DUE.signature, "2025-01-01", 5),
        forged(BY_DUE.signature, "2025-01-01", "\u0000"),
        forged(BY_DUE.signature, "2025-01-01", ["T-001"]),
        forged(BY_DUE.signature, True, {}),
        forged({}, "2025-01-01", "T-001"),
        base64.urlsafe_b64encode(b"5").decode(),
        base64.urlsafe_b64encode(b"[" * 2_900).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_forged_cursor_goes_no_further(cursor: str) -> None:
    with pytest.raises(BadCursor):
        BY_DUE.key(Cursor(cursor))


def test_numbers_no_column_could_hold_are_refused() -> None:
    by_number = Order("thing", ("number asc", int))
    for number in (2**63, True, 1.5, "7"):
        with pytest.raises(BadCursor):
            by_number.key(forged(by_number.signature, number))


def test_an_instant_without_offset_is_refused() -> None:
    by_time = Order("thing", ("at asc", datetime))
    assert by_time.key(forged(by_time.signature, "2025-06-12T09:30:00Z")) == (datetime(2025, 6, 12, 9, 30, tzinfo=UTC),)
    with pytest.raises(BadCursor):
        by_time.key(forged(by_time.signature, "2025-06-12T09:30:00"))


def test_a_key_of_the_wrong_length_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="2 columns"):
        BY_DUE.cursor("T-001")


def test_page_sizes() -> None:
    assert [page(BY_CODE, first).limit for first in (0, 20, 100)] == [1, 21, 101]
    for first in (-1, 101):
        with pytest.raises(InvalidInput):
            page(BY_CODE, first)
