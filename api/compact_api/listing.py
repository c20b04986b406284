"""Lists: how a table of rows is filtered, ordered and paged, the same way for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import strawberry
from strawberry import UNSET

from compact_domain.kernel import InvalidInput
from compact_projections.asking import Asking, Condition
from compact_projections.asking import Order as By
from compact_projections.kit import Row, columns

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
    types: Mapping[str, str], given: object | None, named: Mapping[str, str] | None = None
) -> list[Condition]:
    """The conditions that a filter input asks for. Its fields are named as the columns, or as `named` says."""
    if given is None:
        return []
    found: list[Condition] = []
    for name, filtered in vars(given).items():
        if filtered is None or filtered is UNSET:
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

    def where(self, given: object | None, named: Mapping[str, str] | None = None) -> list[Condition]:
        """The conditions that a filter input of this list asks for."""
        return conditions(columns(self.row), given, named)

    async def page(
        self,
        asking: Asking,
        *,
        node: Callable[[R], T],
        where: Sequence[Condition] = (),
        order_by: Sequence[tuple[str, Direction]] = (),
        first: int,
        after: Cursor | None,
    ) -> Connection[T]:
        """The page asked for, at the moment and in the view of `asking`. `InvalidInput`, `BadCursor`."""
        by = [By(column, direction is Direction.DESC, column in self.nullable) for column, direction in order_by]
        if len({b.column for b in by}) != len(by):
            raise InvalidInput(fields=[("orderBy", "names a field twice")])
        by = by or list(self.default)
        if all(b.column != self.row.KEY for b in by):
            by.append(By(self.row.KEY))
        types = columns(self.row)
        order = Order(
            self.row.TABLE,
            *((f"{b.column} {'desc' if b.descending else 'asc'}", _PYTHON.get(types[b.column], str)) for b in by),
        )
        wanted = page(order, first, after)
        rows = await asking.page(self.row, where=where, order=by, after=wanted.after, limit=wanted.limit)

        async def count() -> int:
            return await asking.count(self.row, where)

        def key(row: R) -> tuple[Any, ...]:
            return tuple(_plain(getattr(row, b.column)) for b in by)

        return connection(rows, wanted, node=node, key=key, count=count)
