"""Lists: how a table of rows is filtered, ordered and paged, the same way for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from operator import itemgetter
from typing import Any, Generic, TypeVar
from uuid import UUID

import strawberry
from strawberry import UNSET

from compact_domain.kernel import InvalidInput
from compact_projections.asking import Asking, Condition, Where
from compact_projections.asking import Order as By
from compact_projections.kit import Row, columns

from .context import Info
from .lookahead import look_ahead
from .paging import Connection, Order, connection, page
from .scalars import Code
from .shapes import described, enumeration, form
from .text import Cursor

R = TypeVar("R", bound=Row)
T = TypeVar("T")
E = TypeVar("E")

_PYTHON = {"int8": int, "date": date, "timestamptz": datetime, "uuid": UUID}


class Direction(Enum):
    """Which end of an order comes first."""

    ASC = "asc"
    DESC = "desc"


enumeration(Direction, ASC="The least, earliest or first of the alphabet.", DESC="The greatest, latest or last.")


@form
class TextFilter:
    """Which texts to keep. Conditions given together must all hold."""

    eq: str | None = described("Exactly this.", default=None)
    in_: list[str] | None = strawberry.field(name="in", description="One of these.", default=None)
    contains: str | None = described("With this anywhere in it, in whatever case.", default=None)


@form
class CodeFilter:
    """Which codes to keep; of a list of codes, those that hold one."""

    eq: Code | None = described("Exactly this code.", default=None)
    in_: list[Code] | None = strawberry.field(name="in", description="One of these codes.", default=None)


def codes(given: CodeFilter) -> list[Code] | None:
    """The codes that a filter keeps, for columns that hold what follows from them; None: it keeps all."""
    if given.eq is None:
        return given.in_
    return [given.eq] if given.in_ is None or given.eq in given.in_ else []


@form
class DateFilter:
    """Which days to keep."""

    eq: date | None = described("Exactly this day.", default=None)
    from_: date | None = strawberry.field(name="from", description="This day or later.", default=None)
    to: date | None = described("This day or earlier.", default=None)


@form
class TimeFilter:
    """Which instants to keep."""

    from_: datetime | None = strawberry.field(name="from", description="This instant or later.", default=None)
    to: datetime | None = described("This instant or earlier.", default=None)


@form
class Choice(Generic[E]):
    """Which values to keep."""

    eq: E | None = described("Exactly this.", default=None)
    in_: list[E] | None = strawberry.field(name="in", description="One of these.", default=None)


@form
class YesNo:
    """Whether something must be so."""

    eq: bool = described("True to keep those for which it holds, false to keep the others.")


def conditions(
    types: Mapping[str, str],
    given: object | None,
    named: Mapping[str, str] | None = None,
    apart: Mapping[str, Callable[[Any], Where]] | None = None,
) -> list[Where]:
    """The conditions that a filter input asks for. Its fields are named as the columns, or as `named` says.

    A field that is no column of the row is answered by its function in `apart`.
    """
    if given is None:
        return []
    found: list[Where] = []
    for name, filtered in vars(given).items():
        if filtered is None or filtered is UNSET:
            continue
        if apart and name in apart:
            found.append(apart[name](filtered))
            continue
        column = (named or {}).get(name, name)
        if isinstance(filtered, UUID | str | int):
            found.append(Condition(column, "eq", filtered))
        else:
            found += _of_column(column, types[column].endswith("[]"), filtered)
    return found


def _of_column(column: str, is_list: bool, given: object) -> Iterator[Condition]:
    operators = {"eq": "has", "in_": "overlaps"} if is_list else {"eq": "eq", "in_": "in"}
    operators |= {"contains": "contains", "from_": "from", "to": "to"}
    for name, value in vars(given).items():
        if value is None or value is UNSET:
            continue
        plain = [_plain(v) for v in value] if isinstance(value, list) else _plain(value)
        yield Condition(column, operators[name], plain)


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


@dataclass(frozen=True)
class Listing(Generic[R]):
    """A list on offer: its rows, and the columns it may be ordered by (`nullable`: blanks come last)."""

    row: type[R]
    default: tuple[By, ...]
    nullable: frozenset[str] = frozenset()

    def where(
        self,
        given: object | None,
        named: Mapping[str, str] | None = None,
        apart: Mapping[str, Callable[[Any], Where]] | None = None,
    ) -> list[Where]:
        """The conditions that a filter input of this list asks for; see `conditions`.

        `TypeError` for a filter that looks into a list without an index.
        """
        found = conditions(columns(self.row), given, named, apart)
        looked_into = {c.column for c in found if isinstance(c, Condition) and c.operator in ("has", "overlaps")}
        if missing := looked_into - {*self.row.LISTS}:
            raise TypeError(f"{self.row.__name__}.LISTS does not name {', '.join(sorted(missing))}")
        return found

    async def page(
        self,
        asking: Asking,
        *,
        node: Callable[[R], T],
        where: Sequence[Where] = (),
        order_by: Sequence[tuple[str, Direction]] = (),
        first: int,
        after: Cursor | None,
        info: Info | None = None,
    ) -> Connection[T]:
        """The page asked for, at the moment and in the view of `asking`. `InvalidInput`, `BadCursor`.

        With `info`, of nodes that are made of the rows themselves, it looks ahead: see `lookahead`.
        """
        by = [By(column, direction is Direction.DESC, column in self.nullable) for column, direction in order_by]
        if len({b.column for b in by}) != len(by):
            raise InvalidInput(fields=[("orderBy", "names a field twice")])
        by = by or list(self.default)
        if all(b.column != self.row.KEY for b in by):
            by.append(By(self.row.KEY))
        wanted = page(_order(self.row, tuple(by)), first, after)
        rows = await asking.page(self.row, where=where, order=by, after=wanted.after, limit=wanted.limit)
        if info is not None:
            await look_ahead(info, asking, rows[:first])

        async def count() -> int:
            return await asking.count(self.row, where)

        return connection(rows, wanted, node=node, key=lambda row: _key(row, by), count=count)

    def page_of(self, rows: Iterable[R], *, node: Callable[[R], T], first: int, after: Cursor | None) -> Connection[T]:
        """The page asked for of rows that a loader has brought along, for lists within a list.

        In the default order, which ascends and has no blanks. `InvalidInput`, `BadCursor`.
        """
        by = [*self.default, By(self.row.KEY)]
        wanted = page(_order(self.row, tuple(by)), first, after)
        keyed = sorted(((_key(row, by), row) for row in rows), key=itemgetter(0))

        async def count() -> int:
            return len(keyed)

        beyond = [row for key, row in keyed if wanted.after is None or key > wanted.after]
        return connection(beyond[: wanted.limit], wanted, node=node, key=lambda row: _key(row, by), count=count)


@lru_cache(maxsize=1_000)  # a list within a list asks for each entry
def _order(row: type[Row], by: tuple[By, ...]) -> Order:
    types = columns(row)
    return Order(
        row.TABLE,
        *((f"{b.column} {'desc' if b.descending else 'asc'}", _PYTHON.get(types[b.column], str)) for b in by),
    )


def _key(row: Row, by: Sequence[By]) -> tuple[Any, ...]:
    return tuple(_plain(getattr(row, b.column)) for b in by)
