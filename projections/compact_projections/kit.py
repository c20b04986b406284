"""What every read model is made of: rows that are versions, and pure folds of one stream into them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, ClassVar, Final, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from compact_domain.kernel import Fact

FOREVER: Final = 9223372036854775807
"""`until` of a version that still stands: the greatest bigint, so that one predicate serves now and then."""

POSITIONS: Final = ("since", "until", "open_until")
"""Columns that every versioned table has besides those of its rows."""

Keys = Callable[[Any], Iterable[Hashable]]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when a fact was recorded."""

    position: int
    recorded_at: datetime
    event_id: UUID

    @property
    def day(self) -> date:
        """The day it was recorded on, in UTC."""
        return self.recorded_at.astimezone(UTC).date()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one thing. Each change makes a new version of it; none is ever overwritten.

    `TABLE` names its table; `KEY` its columns that name the thing; `INDEXES` the columns of each order or filter that
    is offered (the store adds the key and the positions, so that the past costs no more than the present); `LISTS` its
    columns with lists that a filter looks into, which share an index of their own.
    `PART_OF` names the table of the thing that a row is a part of, one row for one fact of its history: its column of
    that name holds the thing's id, its `version` which fact. A part is seen as far as the facts of its thing are, so
    that it is withheld with them and never has to be touched again.
    `OWNERS` names the columns that say whose a row is, where it is not for everybody: the organization's code, and the
    person's subject id ("" for none).
    `CONFINED` names the column of the organizations that alone may know of a row, where that is not null: those of its
    present version, which are told of the past too, and nobody who is no longer one of them. `TELLS_OF`
    names, by the columns that hold their ids, the rows of the things that a row tells of: who may not know of one of
    them, does not see it.
    """

    TABLE: ClassVar[str] = ""
    KEY: ClassVar[str] = "id"
    PART_OF: ClassVar[str] = ""
    OWNERS: ClassVar[tuple[str, str] | None] = None
    CONFINED: ClassVar[str] = ""
    TELLS_OF: ClassVar[Mapping[str, type[Row]]] = {}
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = ()
    LISTS: ClassVar[tuple[str, ...]] = ()

    def is_withheld(self) -> bool:
        """Whether those who may not see undecided or unannounced things go on seeing the version before."""
        return False

    def key(self) -> Hashable:
        return cast("Hashable", getattr(self, self.KEY))


R = TypeVar("R", bound=Row)
F = TypeVar("F", bound=Callable[..., Any])


class MissingRow(Exception):
    """A fact changes a row that is not there: the fold or the history is wrong, and it must not go unnoticed."""


def _subject(fact: Fact) -> tuple[UUID]:
    return (fact.originator_id,)


def on(*facts: type[Fact], keys: Keys = _subject) -> Callable[[F], F]:
    """Declare a fold: `(fact, at) -> row` begins a row, `(row, fact, at) -> row` makes the next version of one.

    `keys` tells from the fact alone which rows it concerns; left out, it is the row of the fact's own aggregate.
    A fold that answers None ends the row.
    """

    def mark(fold: F) -> F:
        fold.__dict__.setdefault("_folds", []).extend((fact, keys) for fact in facts)
        return fold

    return mark


@dataclass(frozen=True)
class _Fold:
    keys: Keys
    apply: Callable[..., Row | None]
    begins: bool


@cache
def home(fact: type[Fact]) -> tuple[str, str]:
    """The aggregate that a kind of fact is nested in."""
    return fact.__module__, fact.__qualname__.rpartition(".")[0]


class ReadModel(Generic[R]):
    """A table of versioned rows and the folds that make them. Pure: no database, no clock but the fact's."""

    row: ClassVar[type[Row]]

    def __init_subclass__(cls) -> None:
        cls.row = next(get_args(base)[0] for base in cls.__orig_bases__ if get_origin(base) is ReadModel)  # type: ignore[attr-defined]  # set by Generic

    def __init__(self) -> None:
        self.folds: dict[type[Fact], list[_Fold]] = {}
        for _, method in inspect.getmembers(self, inspect.ismethod):
            for fact, keys in method.__func__.__dict__.get("_folds", ()):
                begins = len(inspect.signature(method).parameters) == 2
                self.folds.setdefault(fact, []).append(_Fold(keys, method, begins))
        own = (fact for fact, steps in self.folds.items() if any(step.keys is _subject for step in steps))
        self.withholding = {home(fact) for fact in own} if self.row.is_withheld is not Row.is_withheld else set()
        """Aggregates whose rows stand here and may tell that their facts are not for everybody yet."""

    def keys_of(self, fact: Fact) -> list[Hashable]:
        """Keys of the rows that folding a fact needs: those it concerns, and the one that tells whether it shows."""
        keys = [key for fold in self.folds.get(type(fact), ()) for key in fold.keys(fact)]
        return [*keys, fact.originator_id] if home(type(fact)) in self.withholding else keys


@dataclass(slots=True)
class Version:
    """A version of a row: it stands for the positions `since <= p < until`.

    `open_until` is the same for those who see only what was announced: a version that is withheld never opens, and
    the one before it stays open until the next that is not.
    """

    row: Row
    since: int
    until: int = FOREVER
    open_until: int = FOREVER
    stored: bool = False
    changed: bool = False

    @property
    def is_settled(self) -> bool:
        return self.until != FOREVER and self.open_until != FOREVER


@dataclass(slots=True)
class Shelf:
    """The versions of one read model that are at hand while facts are folded."""

    model: ReadModel[Any]
    current: dict[Hashable, Version] = field(default_factory=dict)
    shown: dict[Hashable, Version] = field(default_factory=dict)
    """Where the current version is withheld: the last one that was not, which outsiders still see."""
    done: list[Version] = field(default_factory=list)

    def standing(self, key: Hashable) -> Row | None:
        """The row that stands under a key."""
        version = self.current.get(key)
        return version.row if version else None

    def put(self, key: Hashable, row: Row | None, position: int) -> None:
        """Let the version that stands end at a position, and the next begin."""
        before = self.current.pop(key, None)
        withheld = row is not None and row.is_withheld()
        if before is not None:
            before.until = position
            before.changed = True
            if not withheld:
                before.open_until = min(before.open_until, position)
            elif before.open_until == FOREVER:
                self.shown[key] = before
            if not withheld or before.open_until != FOREVER:
                self.done.append(before)
        if not withheld and (shown := self.shown.pop(key, None)) is not None and shown is not before:
            shown.open_until = position
            shown.changed = True
            self.done.append(shown)
        if row is not None:
            self.current[key] = Version(row, position, open_until=position if withheld else FOREVER)

    def versions(self) -> list[Version]:
        return [*self.done, *self.shown.values(), *self.current.values()]


class Unfoldable(Exception):
    """A known fact whose fold failed: its stream is parked, the others go on."""

    def __init__(self, fact: Fact, cause: Exception) -> None:
        super().__init__(f"{type(fact).__qualname__} of {fact.originator_id}: {type(cause).__name__}: {cause}")
        self.fact, self.cause = fact, cause


def concerned(shelves: Iterable[Shelf], kind: type[Fact]) -> list[Shelf]:
    """The shelves that a kind of fact has to do with: those that fold it, and those that tell whether it shows."""
    return [s for s in shelves if kind in s.model.folds or home(kind) in s.model.withholding]


def fold(shelves: Iterable[Shelf], fact: Fact, at: Recorded) -> bool:
    """Fold one fact into every read model; answers whether what it tells of its aggregate is withheld.

    Raises `Unfoldable`, with no shelf changed.
    """
    changes: list[tuple[Shelf, Hashable, Row | None]] = []
    telling: list[Shelf] = []
    kind = type(fact)
    try:
        for shelf in shelves:
            if steps := shelf.model.folds.get(kind):
                changes += [(shelf, key, row) for key, row in _rows(shelf, steps, fact, at).items()]
            if shelf.model.withholding and home(kind) in shelf.model.withholding:
                telling.append(shelf)
    except Exception as e:
        raise Unfoldable(fact, e) from e
    for shelf, key, row in changes:
        shelf.put(key, row, at.position)
    subjects = (shelf.standing(fact.originator_id) for shelf in telling)
    return any(row is not None and row.is_withheld() for row in subjects)


def _rows(shelf: Shelf, steps: Iterable[_Fold], fact: Fact, at: Recorded) -> dict[Hashable, Row | None]:
    """What a fact makes of the rows that stand: one row for each key, however many folds have a hand in it."""
    made: dict[Hashable, Row | None] = {}
    for step in steps:
        for key in step.keys(fact):
            standing = made[key] if key in made else shelf.standing(key)
            if step.begins:
                row = step.apply(fact, at)
            elif standing is None:
                raise MissingRow(f"{shelf.model.row.TABLE} {key}")
            else:
                row = step.apply(standing, fact, at)
            if row is not None and row.key() != key:
                raise ValueError(f"{shelf.model.row.TABLE} {row.key()} was made under the key {key}")
            made[key] = row
    return {key: row for key, row in made.items() if row is not shelf.standing(key)}


# --- columns --------------------------------------------------------------------------------------------------------

_PLAIN: Mapping[type, str] = {
    UUID: "uuid",
    str: "text",
    int: "int8",
    bool: "bool",
    date: "date",
    datetime: "timestamptz",
    bytes: "bytea",
    Decimal: "numeric",
}


@cache
def columns(row: type[Row]) -> dict[str, str]:
    """Columns of a row's table with their PostgreSQL types; what is no plain value or list of them is jsonb."""
    hints = get_type_hints(row)
    if taken := hints.keys() & set(POSITIONS):
        raise TypeError(f"{row.__name__} cannot have a column {', '.join(sorted(taken))}: versions have")
    return {name: _column_type(hints[name]) for name in row.__struct_fields__}


def _column_type(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        inner = [arg for arg in get_args(hint) if arg is not type(None)]
        return _column_type(inner[0]) if len(inner) == 1 else "jsonb"
    if get_origin(hint) is tuple:
        item = _column_type(get_args(hint)[0])
        return f"{item}[]" if item in ("text", "uuid") else "jsonb"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "text"
    return _PLAIN.get(hint, "jsonb")


def row_of(kind: type[R], names: Sequence[str], record: Sequence[Any]) -> R:
    """The row that a record holds; types are those it was folded with."""
    return msgspec.convert(dict(zip(names, record, strict=True)), kind)
