"""Overlaps: when two initiatives have one, how it is scored, and when what a review made of it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from compact_domain.finding import (
    GapOutcome,
    GapReview,
    Overlap,
    OverlapOutcome,
    OverlapReview,
    Scope,
    Status,
    overlap,
)
from tests.domain.scenario import Scenario, command, said, sealed

PARENTS = {
    "GLOBAL": None,
    "AFRICA": None,
    "WEST-AFRICA": "AFRICA",
    "COAST": "WEST-AFRICA",
    "SAHEL": "WEST-AFRICA",
    "EAST-AFRICA": "AFRICA",
    "HORN": "EAST-AFRICA",
    "CENTRAL-ASIA": None,
}


def line(code: str | None) -> frozenset[str]:
    return frozenset() if code is None else frozenset({code}) | line(PARENTS[code])


WITHIN = {code: line(code) for code in PARENTS}


def scope(lead: str, starts_on: str, ends_on: str, *regions: str, groups: tuple[str, ...] = ("BMLE",)) -> Scope:
    return Scope(
        lead=lead,
        status=Status.IMPLEMENTATION,
        starts_on=date.fromisoformat(starts_on),
        ends_on=date.fromisoformat(ends_on),
        regions=tuple(sorted(regions or ("WEST-AFRICA",))),
        working_groups=tuple(sorted(groups)),
    )


CROSSINGS = scope("INTERPOL", "2025-10-01", "2026-12-31")
POSTS = scope("IOM", "2025-08-15", "2026-06-30")


def found(one: Scope, other: Scope) -> Overlap:
    it = overlap(one, other, within=WITHIN)
    assert it is not None
    return it


def parts(one: Scope, other: Scope) -> tuple[str, ...]:
    it = found(one, other)
    return tuple(map(str, (it.group_score, it.region_score, it.month_score, it.score)))


def test_an_overlap_is_scored_by_groups_regions_and_months() -> None:
    it = found(CROSSINGS, POSTS)
    assert (it.working_groups, it.regions, it.first_month, it.months) == (
        ("BMLE",),
        ("WEST-AFRICA",),
        date(2025, 10, 1),
        9,
    )
    assert (CROSSINGS.months, POSTS.months) == (15, 11)
    assert parts(CROSSINGS, POSTS) == ("40.0", "30.0", "24.5", "94.5")


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (CROSSINGS, replace(CROSSINGS, lead="IOM"), ("40.0", "30.0", "30.0", "100.0")),
        (
            scope("A", "2025-01-01", "2025-12-31", groups=("BMLE", "PCVE", "GSA")),
            scope("B", "2025-12-31", "2026-01-01", groups=("GSA", "HRRLVT")),
            ("20.0", "30.0", "15.0", "65.0"),
        ),
        (
            scope("A", "2025-01-01", "2025-03-31", "WEST-AFRICA", "CENTRAL-ASIA"),
            scope("B", "2025-01-31", "2025-03-01", "COAST", "SAHEL", "EAST-AFRICA"),
            ("40.0", "15.0", "30.0", "85.0"),
        ),
        (
            scope("A", "2025-01-01", "2025-12-31", "GLOBAL"),
            scope("B", "2025-01-01", "2025-12-31", "HORN", "CENTRAL-ASIA"),
            ("40.0", "30.0", "30.0", "100.0"),
        ),
    ],
)
def test_each_part_is_what_is_shared_of_the_smaller(one: Scope, other: Scope, told: tuple[str, ...]) -> None:
    assert parts(one, other) == told


def test_a_region_counts_in_those_it_lies_in_and_neighbours_share_nothing() -> None:
    def shared(*regions: str) -> tuple[str, ...]:
        return found(scope("A", "2025-01-01", "2025-12-31", *regions), POSTS).regions

    assert shared("SAHEL", "COAST") == ("WEST-AFRICA",)
    assert shared("AFRICA") == ("AFRICA",)
    assert shared("GLOBAL") == ("GLOBAL",)
    coast, sahel = (scope(lead, "2025-01-01", "2025-12-31", lead) for lead in ("COAST", "SAHEL"))
    assert overlap(coast, sahel, within=WITHIN) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"lead": "INTERPOL"},
        {"regions": ("EAST-AFRICA",)},
        {"working_groups": ("PCVE",)},
        {"ends_on": date(2025, 9, 30)},
        *({"status": status} for status in (Status.SUSPENDED, Status.CLOSED, Status.CANCELLED)),
    ],
)
def test_without_any_one_of_these_there_is_no_overlap(changed: dict[str, Any]) -> None:
    other = replace(POSTS, **changed)
    assert overlap(CROSSINGS, other, within=WITHIN) is None
    assert overlap(other, CROSSINGS, within=WITHIN) is None


def test_a_month_is_shared_though_no_day_is() -> None:
    first, second = scope("A", "2025-05-01", "2025-06-01"), scope("B", "2025-06-30", "2025-07-31")
    assert found(first, second).months == 1


def apart(regions: frozenset[str]) -> frozenset[str]:
    """Regions none of which lies in another of them: the wider ones of those drawn."""
    if "GLOBAL" in regions:
        return frozenset({"GLOBAL"})
    return frozenset(region for region in regions if not (WITHIN[region] - {region}) & regions)


DAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 12, 31))
SCOPES = st.builds(
    lambda lead, status, starts_on, days, regions, groups: Scope(
        lead=lead,
        status=status,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=days),
        regions=tuple(sorted(apart(regions))),
        working_groups=tuple(sorted(groups)),
    ),
    st.sampled_from(["UNODC", "IOM", "UNDP"]),
    st.sampled_from(Status),
    DAYS,
    st.integers(min_value=0, max_value=900),
    st.frozensets(st.sampled_from(sorted(PARENTS)), min_size=1),
    st.frozensets(st.sampled_from(["BMLE", "PCVE", "GSA"]), min_size=1),
)


@given(SCOPES, SCOPES)
def test_an_overlap_is_the_same_from_either_side_and_within_a_hundred(one: Scope, other: Scope) -> None:
    it = overlap(one, other, within=WITHIN)
    assert it == overlap(other, one, within=WITHIN)
    if it is None:
        return
    assert Decimal(0) < it.group_score <= 40
    assert Decimal(0) < it.region_score <= 30
    assert Decimal(0) < it.month_score <= 30
    assert len(it.regions) <= min(len(one.regions), len(other.regions))
    assert it.months <= min(one.months, other.months)


@given(SCOPES, SCOPES)
def test_an_overlap_asks_for_what_the_rule_names_and_for_nothing_else(one: Scope, other: Scope) -> None:
    def months(it: Scope) -> set[tuple[int, int]]:
        days = ((it.starts_on + timedelta(days=n)) for n in range((it.ends_on - it.starts_on).days + 1))
        return {(day.year, day.month) for day in days}

    regions = any(
        "GLOBAL" in (mine, its) or mine in WITHIN[its] or its in WITHIN[mine]
        for mine in one.regions
        for its in other.regions
    )
    acting = {Status.PIPELINE, Status.IMPLEMENTATION, Status.FINALISATION}
    expected = (
        one.lead != other.lead
        and {one.status, other.status} <= acting
        and regions
        and bool(set(one.working_groups) & set(other.working_groups))
        and bool(months(one) & months(other))
    )
    it = overlap(one, other, within=WITHIN)
    assert (it is not None) is expected
    if it is not None:
        assert it.months == len(months(one) & months(other))


# reviews


@dataclass
class Pair:
    """Two initiatives as a review is told of them."""

    one: Scope = CROSSINGS
    other: Scope = POSTS

    def given(self, outcome: OverlapOutcome = OverlapOutcome.COORDINATE) -> dict[str, Any]:
        return {
            "scopes": {"INI-2": self.one, "INI-3": self.other},
            "found": overlap(self.one, self.other, within=WITHIN),
            "outcome": outcome,
            "note": None,
            "cmd": command(),
        }

    def told(self, outcome: OverlapOutcome = OverlapOutcome.COORDINATE) -> dict[str, Any]:
        told = {"one": "INI-2", "other": "INI-3", "of_one": self.one, "of_other": self.other}
        return {**told, "outcome": outcome, "overlap": found(self.one, self.other)}


MADE = said(OverlapReview.Created, **Pair().told())


def test_a_review_keeps_what_it_was_told() -> None:
    it = OverlapReview.make(**Pair().given())
    fact = it.pending_events[0]
    assert isinstance(fact, OverlapReview.Created)
    assert {name: getattr(fact, name) for name in Pair().told()} == Pair().told()
    assert fact.originator_id == OverlapReview.key("INI-3", "INI-2") == OverlapReview.key("INI-2", "INI-3")


def test_the_same_review_again_is_none_and_another_takes_its_place() -> None:
    scenario = Scenario(OverlapReview).given(MADE)
    scenario.when(lambda it: it.renew(**Pair().given())).nothing()
    noted = Scenario(OverlapReview).given(MADE)
    noted.when(lambda it: it.renew(**{**Pair().given(), "note": sealed("note")}))
    noted.then(said(OverlapReview.Renewed, **Pair().told(), note=sealed("note")))
    merge = Pair().given(OverlapOutcome.MERGE)
    scenario.when(lambda it: it.renew(**merge))
    scenario.then(said(OverlapReview.Renewed, **Pair().told(OverlapOutcome.MERGE)))


def test_a_review_is_made_anew_once_an_initiative_has_changed() -> None:
    later = Pair(other=replace(POSTS, ends_on=date(2026, 9, 30)))
    scenario = Scenario(OverlapReview).given(MADE).when(lambda it: it.renew(**later.given()))
    scenario.then(said(OverlapReview.Renewed, **later.told()))


def test_what_does_not_overlap_is_not_reviewed() -> None:
    ended = Pair(other=replace(POSTS, status=Status.CLOSED))
    scenario = Scenario(OverlapReview).given(MADE).when(lambda it: it.renew(**ended.given()))
    scenario.refused("finding.overlap", **{"INI-2": "implementation", "INI-3": "closed"})
    alone = {**Pair().given(), "scopes": {"INI-2": CROSSINGS}}
    Scenario(OverlapReview).given(MADE).when(lambda it: it.renew(**alone)).refused("finding.overlap", initiatives=1)


@pytest.mark.parametrize(
    ("changed", "reads_the_same"),
    [
        ({"lead": "UNDP"}, True),
        ({"starts_on": date(2025, 8, 16)}, False),
        ({"ends_on": date(2026, 9, 30)}, False),
        ({"regions": ("SAHEL",)}, False),
        ({"working_groups": ("BMLE", "PCVE")}, False),
        ({"status": Status.FINALISATION}, False),
    ],
)
def test_a_review_rests_on_dates_regions_groups_and_status(changed: dict[str, Any], reads_the_same: bool) -> None:
    assert (replace(POSTS, **changed).ground == POSTS.ground) is reads_the_same


def test_a_review_of_a_gap_is_about_the_gaps_it_names() -> None:
    where: dict[str, Any] = {"region": "EAST-AFRICA", "working_group": "ETCIP"}
    made = said(GapReview.Created, **where, outcome=GapOutcome.ADDRESS, gaps=("GAP-1", "GAP-2"))
    scenario = Scenario(GapReview).given(made)

    def renewed(outcome: GapOutcome, *gaps: str) -> Scenario[GapReview]:
        return scenario.when(lambda it: it.renew(outcome=outcome, gaps=gaps, note=None, cmd=command()))

    renewed(GapOutcome.ADDRESS, "GAP-2", "GAP-1", "GAP-2").nothing()
    renewed(GapOutcome.ACCEPTED, "GAP-3").then(
        said(GapReview.Renewed, **where, outcome=GapOutcome.ACCEPTED, gaps=("GAP-3",))
    )
    noted: dict[str, Any] = {"outcome": GapOutcome.ADDRESS, "gaps": ("GAP-1", "GAP-2"), "note": sealed("note")}
    again = Scenario(GapReview).given(made).when(lambda it: it.renew(**noted, cmd=command()))
    again.then(said(GapReview.Renewed, **where, **noted))
