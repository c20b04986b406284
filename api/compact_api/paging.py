"""Pages: Relay connections whose cursors are keysets, bound to the order they were made in."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Generic, TypeVar
from uuid import UUID

import strawberry

from compact_domain import kernel

from .fields import question
from .scalars import GREATEST_POSITION, write_instant
from .shapes import described, shape
from .text import SHORT, Cursor

T = TypeVar("T")
Row = TypeVar("Row")
Key = str | int | date | datetime | UUID | None

DEFAULT_PAGE = 20
GREATEST_PAGE = 100

First = Annotated[int, strawberry.argument(f"How many entries at most: 0 to {GREATEST_PAGE}, or {DEFAULT_PAGE}.")]
"""The argument `first`: `first: First = DEFAULT_PAGE`."""
After = Annotated[Cursor | None, strawberry.argument("Only what comes after this cursor, in the same order.")]
"""The argument `after`: `after: After = None`."""


class BadCursor(kernel.InvalidInput):
    """A cursor that was made in another order, or not by us."""

    code: ClassVar[str] = "BAD_CURSOR"


@dataclass(frozen=True)
class Order:
    """An order that a list is offered in: its columns with their direction, and what kind of value each holds.

    `Order("recommendation", ("due_on asc", date), ("code asc", str))`. The last columns make it total.
    """

    of: str
    columns: tuple[tuple[str, type], ...]

    def __init__(self, of: str, *columns: tuple[str, type]) -> None:
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "columns", columns)

    @cached_property
    def signature(self) -> str:
        """Short hash that a cursor carries."""
        named = "\n".join((self.of, *(name for name, _ in self.columns)))
        return sha256(named.encode()).hexdigest()[:12]

    def cursor(self, *key: Key) -> Cursor:
        """The cursor of the row with this key: the values of the order's columns."""
        if len(key) != len(self.columns):
            raise ValueError(f"{self.of} is ordered by {len(self.columns)} columns, not {len(key)}")
        plain = json.dumps([self.signature, *(_written(value) for value in key)], separators=(",", ":"))
        return Cursor(urlsafe_b64encode(plain.encode()).decode().rstrip("="))

    def key(self, cursor: Cursor) -> tuple[Key, ...]:
        """The values a cursor holds. `BadCursor` if it is of another order, or none of ours."""
        try:
            signature, *values = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            if signature == self.signature and len(values) == len(self.columns):
                return tuple(_read(value, kind) for value, (_, kind) in zip(values, self.columns, strict=True))
        except (binascii.Error, ValueError, TypeError, RecursionError):
            pass
        raise BadCursor(fields=[("after", "is not a cursor of this list in this order")])


@dataclass(frozen=True)
class Page:
    """A page as it was asked for. `limit` is what the SQL fetches: one more, to know whether there is a next."""

    order: Order
    first: int
    after: tuple[Key, ...] | None

    @property
    def limit(self) -> int:
        return self.first + 1


def page(order: Order, first: int = DEFAULT_PAGE, after: Cursor | None = None) -> Page:
    """The page that `first` and `after` ask for. `InvalidInput` or `BadCursor`."""
    if not 0 <= first <= GREATEST_PAGE:
        raise kernel.InvalidInput(fields=[("first", f"must be 0 to {GREATEST_PAGE}")])
    return Page(order=order, first=first, after=None if after is None else order.key(after))


@shape
class Edge(Generic[T]):
    """One entry of a list, and its place there."""

    node: T = described("The entry itself.")
    place: strawberry.Private[Callable[[], Cursor]]

    @question
    def cursor(self) -> Cursor:
        """Its place, good for `after` in the same order."""
        return self.place()


@shape
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = described("Whether there is more after this page.")
    has_previous_page: bool = described("Whether this page began after a cursor.")
    ends: strawberry.Private[tuple[Callable[[], Cursor], Callable[[], Cursor]] | None]

    @question
    def start_cursor(self) -> Cursor | None:
        """Cursor of the first entry; null on an empty page."""
        return self.ends[0]() if self.ends else None

    @question
    def end_cursor(self) -> Cursor | None:
        """Cursor of the last entry, to ask for the next page with."""
        return self.ends[1]() if self.ends else None


@shape
class Connection(Generic[T]):
    """One page of a list."""

    edges: list[Edge[T]] = described("The entries of the page, in order.")
    page_info: PageInfo = described("Where the page stands in its list.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @question
    async def total_count(self) -> int:
        """How many entries the whole list has. Counted only when asked for."""
        return await self.count()


def connection(
    rows: Sequence[Row],
    page: Page,
    *,
    node: Callable[[Row], T],
    key: Callable[[Row], tuple[Key, ...]],
    count: Callable[[], Awaitable[int]],
) -> Connection[T]:
    """The page made of the first `page.limit` rows after the cursor; the row beyond the page only tells of itself."""
    edges = [Edge(node=node(row), place=_place(page.order, key, row)) for row in rows[: page.first]]
    return Connection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(rows) > page.first,
            has_previous_page=page.after is not None,
            ends=(edges[0].place, edges[-1].place) if edges else None,
        ),
        count=count,
    )


def _place(order: Order, key: Callable[[Row], tuple[Key, ...]], row: Row) -> Callable[[], Cursor]:
    """The cursor of a row, made when it is asked for."""
    return lambda: order.cursor(*key(row))


def _written(value: Key) -> str | int | None:
    match value:
        case datetime():
            return write_instant(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value


def _instant(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(text)
    return value


def _read(value: Any, kind: type) -> Key:
    """A value as SQL will compare it. Whoever forges a cursor gets no further than here."""
    if value is None:
        return None
    if kind is int and type(value) is int and abs(value) <= GREATEST_POSITION:
        return value
    if not isinstance(value, str):
        raise ValueError(value)
    if kind is datetime:
        return _instant(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if kind is str and SHORT.problem(value) is None:
        return value
    raise ValueError(value)
