"""Rows that are versions: what stood when, for those who see everything and for those who see what was announced."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from compact_domain.kernel import Fact, Sealed
from compact_domain.organization import Organization
from compact_domain.vocabulary import Names, OrganizationKind
from compact_projections.kit import (
    FOREVER,
    MissingRow,
    ReadModel,
    Recorded,
    Row,
    Shelf,
    Unfoldable,
    columns,
    fold,
    on,
    row_of,
)
from compact_projections.trail import TRAIL_COLUMNS, trail_row
from tests.domain.scenario import actor, command

AU = Organization.identify("AU")


class NamedRow(Row, frozen=True, kw_only=True):
    """An organization, which is withheld while its name stands in brackets."""

    TABLE: ClassVar[str] = "named"

    id: UUID
    name: str
    touched: int = 0

    def is_withheld(self) -> bool:
        return self.name.startswith("(")


class Named(ReadModel[NamedRow]):
    """Organizations by name."""

    @on(Organization.Created)
    def begun(self, fact: Organization.Created, at: Recorded) -> NamedRow:
        return NamedRow(id=fact.originator_id, name=fact.names.en)

    @on(Organization.Renamed)
    def renamed(self, row: NamedRow, fact: Organization.Renamed, at: Recorded) -> NamedRow:
        return replace(row, name=fact.names.en)

    @on(Organization.Renamed, Organization.Reactivated)
    def touched(self, row: NamedRow, fact: Fact, at: Recorded) -> NamedRow:
        return replace(row, touched=row.touched + 1)

    @on(Organization.NamesSet)
    def left_alone(self, row: NamedRow, fact: Organization.NamesSet, at: Recorded) -> NamedRow:
        return row

    @on(Organization.Deactivated)
    def ended(self, row: NamedRow, fact: Organization.Deactivated, at: Recorded) -> None:
        return None


class PartRow(Row, frozen=True, kw_only=True):
    """A region of an organization: a child, under a key of its own."""

    TABLE: ClassVar[str] = "part"

    id: str
    region: str


class Parts(ReadModel[PartRow]):
    """Regions, one row each; the last one wins where two are the same."""

    @on(Organization.RegionsSet, keys=lambda fact: [f"{fact.originator_id}:{fact.regions[0]}"])
    def placed(self, fact: Organization.RegionsSet, at: Recorded) -> PartRow:
        return PartRow(id=f"{fact.originator_id}:{fact.regions[0]}", region=fact.regions[-1])


def recorded(position: int) -> Recorded:
    return Recorded(
        position=position,
        recorded_at=datetime(2025, 6, 1, tzinfo=UTC) + timedelta(minutes=position),
        event_id=UUID(int=position),
    )


class History:
    """One organization and what is made of its facts, one position each."""

    def __init__(self, *models: ReadModel[Any], name: str = "African Union") -> None:
        self.shelves = [Shelf(model) for model in models]
        self.position = 0
        self.it = Organization.register(
            code="AU", names=Names(en=name), kind=OrganizationKind.REGIONAL_ORGANIZATION, cmd=command(by=actor())
        )
        self.withheld: list[bool] = []
        self.fold()

    def fold(self) -> None:
        for fact in self.it.pending_events:
            assert isinstance(fact, Fact)
            self.position += 1
            self.withheld.append(fold(self.shelves, fact, recorded(self.position)))
        self.it.pending_events.clear()

    def renamed(self, name: str) -> History:
        self.it.rename(names=Names(en=name), cmd=command())
        self.fold()
        return self

    def placed(self, *regions: str) -> History:
        self.it.set_regions(regions=regions, cmd=command())
        self.fold()
        return self

    def deactivated(self) -> History:
        self.it.deactivate(cmd=command())
        self.fold()
        return self

    def versions(self, number: int = 0) -> list[tuple[Any, int, int, int]]:
        return [
            (v.row, v.since, v.until, v.open_until)
            for v in sorted(self.shelves[number].versions(), key=lambda v: v.since)
        ]


# --- versions


def test_each_change_is_a_version_that_ends_where_the_next_begins() -> None:
    history = History(Named()).renamed("The Union")
    assert history.versions() == [
        (NamedRow(id=AU, name="African Union"), 1, 2, 2),
        (NamedRow(id=AU, name="The Union", touched=1), 2, FOREVER, FOREVER),
    ]


def test_what_is_withheld_stands_inside_and_the_version_before_it_goes_on_outside() -> None:
    history = History(Named()).renamed("(first idea)").renamed("(second idea)").renamed("The Union")
    assert [(row.name, since, until, open_until) for row, since, until, open_until in history.versions()] == [
        ("African Union", 1, 2, 4),
        ("(first idea)", 2, 3, 2),
        ("(second idea)", 3, 4, 3),
        ("The Union", 4, FOREVER, FOREVER),
    ]


def test_what_begins_withheld_is_nothing_outside() -> None:
    history = History(Named(), name="(idea)").renamed("The Union")
    assert [(row.name, since, until, open_until) for row, since, until, open_until in history.versions()] == [
        ("(idea)", 1, 2, 1),
        ("The Union", 2, FOREVER, FOREVER),
    ]


def test_a_row_that_ends_while_it_is_withheld_ends_outside_too() -> None:
    history = History(Named()).renamed("(idea)").deactivated()
    assert [(row.name, since, until, open_until) for row, since, until, open_until in history.versions()] == [
        ("African Union", 1, 2, 3),
        ("(idea)", 2, 3, 2),
    ]


PUT = st.one_of(st.none(), st.text("ab(", min_size=1, max_size=2))


@given(st.lists(st.tuples(st.sampled_from("xyz"), PUT), max_size=30))
@settings(max_examples=200)
def test_what_stood_at_a_position_is_what_was_shown_at_that_position(puts: list[tuple[str, str | None]]) -> None:
    shelf = Shelf(Named())
    inside: dict[str, str] = {}
    outside: dict[str, str] = {}
    shown = []
    for position, (key, name) in enumerate(puts, 1):
        if name is None:
            inside.pop(key, None)
            outside.pop(key, None)
        else:
            inside[key] = name
            if not name.startswith("("):
                outside[key] = name
        shelf.put(key, None if name is None else NamedRow(id=AU, name=name), position)
        shown.append((position, sorted(inside.values()), sorted(outside.values())))
    for position, all_, announced in shown:
        assert sorted(name for name, since, until, _ in names(shelf) if since <= position < until) == all_
        assert sorted(name for name, since, _, until in names(shelf) if since <= position < until) == announced


def names(shelf: Shelf) -> list[tuple[str, int, int, int]]:
    return [(v.row.name, v.since, v.until, v.open_until) for v in shelf.versions() if isinstance(v.row, NamedRow)]


# --- folds


def test_several_folds_of_one_fact_make_one_version() -> None:
    history = History(Named()).renamed("The Union")
    assert len(history.versions()) == 2
    assert history.versions()[-1][0].touched == 1


def test_a_fold_that_leaves_the_row_alone_makes_no_version() -> None:
    history = History(Named())
    history.it.set_names(names=Names(en="African Union", fr="Union africaine"), cmd=command())
    history.fold()
    assert len(history.versions()) == 1


def test_children_stand_under_keys_of_their_own() -> None:
    history = History(Parts()).placed("WEST-AFRICA", "EAST-AFRICA").placed("WEST-AFRICA")
    assert [(row.region, since, until) for row, since, until, _ in history.versions()] == [
        ("EAST-AFRICA", 2, 3),
        ("WEST-AFRICA", 3, FOREVER),
    ]


def test_a_fact_is_withheld_as_long_as_its_aggregate_is() -> None:
    """Also one that no fold of the aggregate's own row takes up: else the trail would tell of it."""
    history = History(Parts(), Named()).renamed("(idea)").placed("WEST-AFRICA").renamed("The Union")
    assert history.withheld == [False, True, True, False]


def test_models_that_withhold_nothing_withhold_nothing() -> None:
    assert History(Parts()).renamed("(idea)").withheld == [False, False]


class Failing(ReadModel[PartRow]):
    """Its folds fail, each in its way."""

    @on(Organization.Renamed, keys=lambda fact: ["nowhere"])
    def missing(self, row: PartRow, fact: Organization.Renamed, at: Recorded) -> PartRow:
        return row

    @on(Organization.RegionsSet, keys=lambda fact: ["one"])
    def misplaced(self, fact: Organization.RegionsSet, at: Recorded) -> PartRow:
        return PartRow(id="another", region="")

    @on(Organization.Deactivated, keys=lambda fact: [fact.provenance.basis[99]])
    def keyless(self, fact: Organization.Deactivated, at: Recorded) -> PartRow:
        return PartRow(id="x", region="")


@pytest.mark.parametrize(
    ("act", "cause"),
    [
        (lambda history: history.renamed("The Union"), MissingRow),
        (lambda history: history.placed("WEST-AFRICA"), ValueError),
        (lambda history: history.deactivated(), TypeError),
    ],
)
def test_a_fold_that_fails_changes_nothing_anywhere(act: Any, cause: type[Exception]) -> None:
    history = History(Named(), Failing())
    before = history.versions()
    with pytest.raises(Unfoldable) as failed:
        act(history)
    assert isinstance(failed.value.cause, cause)
    assert history.versions() == before


# --- columns


class Colour(StrEnum):
    """A colour."""

    RED = "red"


class Everything(Row, frozen=True, kw_only=True):
    """One of each."""

    TABLE: ClassVar[str] = "everything"

    id: UUID
    text: str
    number: int
    truth: bool
    day: date
    instant: datetime
    amount: Decimal
    raw: bytes
    colour: Colour
    texts: tuple[str, ...]
    ids: tuple[UUID, ...]
    colours: tuple[Colour, ...]
    names: Names
    days: tuple[date, ...]
    table: dict[str, int]
    maybe: str | None
    perhaps: tuple[str, ...] | None
    sealed: Sealed | None


def test_columns_have_the_types_that_keep_their_values() -> None:
    assert columns(Everything) == {
        "id": "uuid",
        "text": "text",
        "number": "int8",
        "truth": "bool",
        "day": "date",
        "instant": "timestamptz",
        "amount": "numeric",
        "raw": "bytea",
        "colour": "text",
        "texts": "text[]",
        "ids": "uuid[]",
        "colours": "text[]",
        "names": "jsonb",
        "days": "jsonb",
        "table": "jsonb",
        "maybe": "text",
        "perhaps": "text[]",
        "sealed": "jsonb",
    }


def test_a_row_is_made_of_its_record_with_the_types_it_was_folded_with() -> None:
    row = row_of(PartRow, ["region", "id"], ["WEST-AFRICA", "x"])
    assert row == PartRow(id="x", region="WEST-AFRICA")


# --- the trail


def test_the_trail_tells_a_fact_without_what_every_fact_carries() -> None:
    history = History(Named())
    history.it.set_regions(regions=["WEST-AFRICA"], cmd=command(by=actor(), on_behalf_of="UNODC"))
    fact = history.it.pending_events[0]
    assert isinstance(fact, Organization.RegionsSet)
    row = trail_row("organization.regions_set", fact, recorded(2), withheld=False)
    assert (row.kind, row.version, row.topic, row.data) == (
        "organization",
        2,
        "organization.regions_set",
        {"regions": ("WEST-AFRICA",)},
    )
    assert (row.roles, row.organization, row.on_behalf_of) == (("secretariat_officer",), "UNOCT", "UNODC")
    assert (row.open_since, trail_row("x", fact, recorded(2), withheld=True).open_since) == (2, FOREVER)
    assert row.__struct_fields__ == tuple(TRAIL_COLUMNS)
