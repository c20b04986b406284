"""Initiatives, reviews and indicators as the facts make them: rows by themselves, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from compact_domain.finding import GapOutcome, GapReview, Overlap, OverlapOutcome, OverlapReview, Scope, Status
from compact_domain.initiative import (
    Aggregation,
    Indicator,
    IndicatorDirection,
    Initiative,
    PartnerRole,
    Periods,
    Stage,
    Visibility,
)
from compact_domain.vocabulary import Money
from compact_projections.indicators import (
    IndicatorJoins,
    IndicatorRow,
    Indicators,
    MeasurementRow,
    Measurements,
    progress,
    total,
)
from compact_projections.initiatives import GapReviews, InitiativeRow, Initiatives, OverlapReviews, Partners
from compact_projections.kit import columns
from tests.domain.scenario import Said, said, sealed
from tests.projections.rows import Rows, shown

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
WHAT: dict[str, Any] = {
    "code": "INI-3",
    "title": "Posts and passages",
    "lead": "IOM",
    "regions": ("WEST-AFRICA",),
    "countries": ("GH",),
    "working_groups": ("BMLE",),
    "clauses": (),
    "starts_on": date(2025, 8, 15),
    "ends_on": date(2026, 6, 30),
    "budget": Money(amount=Decimal("780000.00"), currency="USD"),
    "visibility": Visibility.COMPACT,
}
REGISTERED = said(Initiative.Created, at=NOW, **WHAT)
BEGUN = said(Initiative.StatusChanged, at=NOW, status=Status.IMPLEMENTATION, before=Status.PIPELINE)
POSTS = Indicator(
    code="IND-1",
    title="Posts that use the common procedure",
    unit="post",
    direction=IndicatorDirection.UP,
    aggregation=Aggregation.LATEST,
    baseline=Decimal(0),
    baseline_year=2025,
    target=Decimal(40),
    periods=Periods.MONTHLY,
    shared=False,
)
DEFINED = said(Initiative.IndicatorDefined, at=NOW, indicator=POSTS)


def part(fact: type[Initiative.Event], organization: str, stage: Stage) -> Any:
    return said(fact, at=NOW, organization=organization, stage=stage, role=PartnerRole.IMPLEMENTING)


def measured(value: str, period: str = "2025-10", organization: str = "IOM", indicator: str = "IND-1") -> Any:
    fields: dict[str, Any] = {
        "indicator": indicator,
        "period": period,
        "organization": organization,
        "value": Decimal(value),
    }
    return said(Initiative.MeasurementReported, at=NOW, **fields)


def test_an_initiative_stands_in_the_pipeline_with_its_months() -> None:
    row = Rows(Initiatives).given(Initiative, REGISTERED).one(Initiatives)
    assert shown(row, "status", "acting", "first_month", "last_month", "amount", "currency", "confined_to") == (
        Status.PIPELINE,
        True,
        12 * 2025 + 7,
        12 * 2026 + 5,
        Decimal("780000.00"),
        "USD",
        None,
    )
    assert row.ground == "2025-08-15/2026-06-30 pipeline WEST-AFRICA | BMLE"


def test_a_revision_changes_what_it_says_and_what_follows_from_it() -> None:
    revised = said(Initiative.Revised, at=NOW, ends_on=date(2026, 9, 30), countries=(), lead="INTERPOL")
    row = Rows(Initiatives).given(Initiative, REGISTERED, revised).one(Initiatives)
    assert shown(row, "version", "starts_on", "ends_on", "last_month", "countries", "regions", "lead", "currency") == (
        2,
        date(2025, 8, 15),
        date(2026, 9, 30),
        12 * 2026 + 8,
        (),
        ("WEST-AFRICA",),
        "INTERPOL",
        "USD",
    )
    assert row.ground.startswith("2025-08-15/2026-09-30 ")


def test_what_rests_goes_on_where_it_was() -> None:
    rows = Rows(Initiatives).given(
        Initiative,
        REGISTERED,
        BEGUN,
        said(Initiative.Suspended, at=NOW, before=Status.IMPLEMENTATION),
        said(Initiative.Resumed, at=NOW, status=Status.IMPLEMENTATION),
        said(Initiative.Cancelled, at=NOW, before=Status.IMPLEMENTATION),
    )
    told = [shown(rows.one(Initiatives, at), "status", "acting", "before_suspension") for at in (2, 3, 4, 5)]
    assert told == [
        (Status.IMPLEMENTATION, True, None),
        (Status.SUSPENDED, False, Status.IMPLEMENTATION),
        (Status.IMPLEMENTATION, True, None),
        (Status.CANCELLED, False, None),
    ]


def test_a_concluded_initiative_keeps_its_evaluation() -> None:
    concluded = said(Initiative.Concluded, at=NOW, evaluation=sealed("evaluation"))
    row = Rows(Initiatives).given(Initiative, REGISTERED, BEGUN, concluded).one(Initiatives)
    assert shown(row, "status", "acting", "evaluation") == (Status.CLOSED, False, sealed("evaluation"))
    assert row.evaluated.command.name == "test.command"


def test_a_partner_counts_as_one_in_however_many_stages_until_it_has_left_all() -> None:
    rows = Rows(Initiatives, Partners).given(
        Initiative,
        REGISTERED,
        part(Initiative.PartnerJoined, "ECOWAS", Stage.CONSULTATION),
        part(Initiative.PartnerJoined, "ECOWAS", Stage.CO_DESIGN),
        part(Initiative.PartnerJoined, "AU", Stage.CO_DESIGN),
        part(Initiative.PartnerLeft, "ECOWAS", Stage.CO_DESIGN),
        part(Initiative.PartnerLeft, "ECOWAS", Stage.CONSULTATION),
        part(Initiative.PartnerJoined, "ECOWAS", Stage.CONSULTATION),
    )
    assert [rows.one(Initiatives, at).partners for at in range(2, 8)] == [
        ("ECOWAS",),
        ("ECOWAS",),
        ("AU", "ECOWAS"),
        ("AU", "ECOWAS"),
        ("AU",),
        ("AU", "ECOWAS"),
    ]
    standing = {(row.organization, row.stage): row.left_on for row in rows.of(Partners)}
    assert standing == {
        ("AU", Stage.CO_DESIGN): None,
        ("ECOWAS", Stage.CO_DESIGN): date(2026, 1, 15),
        ("ECOWAS", Stage.CONSULTATION): None,
    }


def test_a_restricted_initiative_is_confined_to_whoever_takes_part_at_the_time() -> None:
    rows = Rows(Initiatives).given(
        Initiative,
        said(Initiative.Created, at=NOW, **{**WHAT, "visibility": Visibility.RESTRICTED}),
        part(Initiative.PartnerJoined, "ECOWAS", Stage.CONSULTATION),
        part(Initiative.PartnerLeft, "ECOWAS", Stage.CONSULTATION),
        said(Initiative.Revised, at=NOW, lead="INTERPOL"),
    )
    assert [rows.one(Initiatives, at).confined_to for at in (1, 2, 3, 4)] == [
        ("IOM",),
        ("ECOWAS", "IOM"),
        ("IOM",),
        ("INTERPOL",),
    ]
    assert columns(InitiativeRow)["confined_to"] == "text[]"


def test_gaps_and_recommendations_are_kept_in_the_order_they_were_taken_on() -> None:
    row = (
        Rows(Initiatives)
        .given(
            Initiative,
            REGISTERED,
            said(Initiative.GapAnswered, at=NOW, gap="GAP-2"),
            said(Initiative.GapAnswered, at=NOW, gap="GAP-1"),
            said(Initiative.RecommendationTakenOn, at=NOW, recommendation="REC-5"),
            DEFINED,
        )
        .one(Initiatives)
    )
    assert shown(row, "version", "gaps", "recommendations") == (5, ("GAP-2", "GAP-1"), ("REC-5",))


# reviews

SCOPE = Scope(
    lead="IOM",
    status=Status.PIPELINE,
    starts_on=WHAT["starts_on"],
    ends_on=WHAT["ends_on"],
    regions=WHAT["regions"],
    working_groups=WHAT["working_groups"],
)
SHARED = Overlap(
    working_groups=("BMLE",),
    regions=("WEST-AFRICA",),
    first_month=date(2025, 10, 1),
    months=9,
    group_score=Decimal("40.0"),
    region_score=Decimal("30.0"),
    month_score=Decimal("24.5"),
)


def test_a_review_holds_until_an_initiative_changes_its_ground() -> None:
    review: dict[str, Any] = {"one": "INI-2", "other": "INI-3", "of_one": SCOPE, "of_other": SCOPE, "overlap": SHARED}
    rows = Rows(Initiatives, OverlapReviews).given(Initiative, REGISTERED, id=Initiative.identify("INI-3"))
    made = said(OverlapReview.Created, at=NOW, **review, outcome=OverlapOutcome.COORDINATE)
    rows.given(OverlapReview, made)
    row = rows.one(OverlapReviews)
    assert shown(row, "other_id", "score", "position") == (Initiative.identify("INI-3"), Decimal("94.5"), 2)
    assert row.holds(rows.one(Initiatives).ground, rows.one(Initiatives).ground)
    rows.given(Initiative, BEGUN, id=Initiative.identify("INI-3"))
    assert not row.holds(SCOPE.ground, rows.one(Initiatives).ground)
    renewed = said(OverlapReview.Renewed, at=NOW, **review, outcome=OverlapOutcome.MERGE)
    rows.given(OverlapReview, renewed)
    assert shown(rows.one(OverlapReviews), "version", "outcome", "position") == (2, OverlapOutcome.MERGE, 4)


def test_the_latest_review_of_a_gap_stands() -> None:
    where: dict[str, Any] = {"region": "EAST-AFRICA", "working_group": "ETCIP"}
    rows = Rows(GapReviews).given(
        GapReview,
        said(GapReview.Created, **where, outcome=GapOutcome.ADDRESS, gaps=("GAP-1",)),
        said(GapReview.Renewed, **where, outcome=GapOutcome.ACCEPTED, gaps=("GAP-1", "GAP-2")),
    )
    assert shown(rows.one(GapReviews), "version", "outcome", "gaps") == (
        2,
        GapOutcome.ACCEPTED,
        ("GAP-1", "GAP-2"),
    )


# indicators


def test_an_indicator_is_of_the_initiative_that_defined_it_and_knows_its_closed_periods() -> None:
    rows = Rows(Indicators, IndicatorJoins).given(
        Initiative,
        REGISTERED,
        DEFINED,
        said(Initiative.PeriodClosed, at=NOW, indicator="IND-1", period="2025-11"),
        said(Initiative.PeriodClosed, at=NOW, indicator="IND-1", period="2025-10"),
        said(Initiative.IndicatorJoined, at=NOW, indicator="IND-2", shared=True),
        id=Initiative.identify("INI-3"),
    )
    assert shown(rows.one(Indicators), "code", "initiative", "closed_periods") == (
        "IND-1",
        Initiative.identify("INI-3"),
        ("2025-10", "2025-11"),
    )
    assert shown(rows.one(IndicatorJoins), "indicator", "shared") == ("IND-2", True)


def test_a_correction_tells_what_it_was() -> None:
    fields: dict[str, Any] = {"indicator": "IND-1", "period": "2025-10", "organization": "IOM"}
    row = (
        Rows(Measurements)
        .given(
            Initiative,
            REGISTERED,
            DEFINED,
            measured("6"),
            said(
                Initiative.MeasurementCorrected,
                at=NOW,
                **fields,
                value=Decimal(5),
                before=Decimal(6),
                corrects=3,
            ),
        )
        .one(Measurements)
    )
    assert shown(row, "value", "reported", "starts_on", "position") == (Decimal(5), Decimal(6), date(2025, 10, 1), 4)
    assert [(made.before, made.value, made.corrects) for made in row.corrections] == [(Decimal(6), Decimal(5), 3)]


def defined(**changes: Any) -> IndicatorRow:
    """The indicator, as it was defined."""
    fields = {name: getattr(POSTS, name) for name in POSTS.__struct_fields__}
    fact = said(Initiative.IndicatorDefined, at=NOW, indicator=Indicator(**{**fields, **changes}))
    row = Rows(Indicators).given(Initiative, REGISTERED, fact).one(Indicators)
    assert isinstance(row, IndicatorRow)
    return row


SERIES = (
    measured("6", "2025-10"),
    measured("2.5", "2025-09", "ECOWAS"),
    measured("9", "2025-11"),
    measured("1", "2025-10", "ECOWAS"),
)


@pytest.mark.parametrize(
    ("aggregation", "shared", "comes_to"),
    [
        (Aggregation.SUM, False, "18.5"),
        (Aggregation.LATEST, False, "10"),
        (Aggregation.SUM, True, "12.5"),
        (Aggregation.LATEST, True, "9"),
    ],
)
def test_what_is_measured_is_added_up_unless_it_is_shared(
    aggregation: Aggregation, shared: bool, comes_to: str
) -> None:
    row = defined(aggregation=aggregation, shared=shared)
    rows = Rows(Measurements).given(Initiative, REGISTERED, DEFINED, *SERIES).of(Measurements)
    assert total(row, rows) == Decimal(comes_to)
    assert total(row, reversed(rows)) == Decimal(comes_to)


def told(*series: Said, code: str) -> list[MeasurementRow]:
    """What was measured for another initiative."""
    registered = said(Initiative.Created, at=NOW, **{**WHAT, "code": code})
    rows = Rows(Measurements).given(Initiative, registered, *series, id=Initiative.identify(code))
    return rows.of(Measurements)


def test_who_joins_with_shared_results_takes_out_its_own_alone() -> None:
    row, joiner = defined(aggregation=Aggregation.SUM), Initiative.identify("INI-C")
    others = [*told(measured("100"), code="INI-A"), *told(measured("50"), code="INI-B")]
    assert total(row, others, [joiner]) == 150
    same, another = told(measured("30"), code="INI-C"), told(measured("7", "2025-11"), code="INI-C")
    assert total(row, [*others, *same], [joiner]) == 150
    assert total(row, [*others, *same, *another], [joiner]) == 157, "of that period no other has told"
    assert total(row, [*others, *same]) == 180
    latest = defined(aggregation=Aggregation.LATEST)
    assert total(latest, [*others, *another], [joiner]) == 150
    assert total(latest, another, [joiner]) == 7


@pytest.mark.parametrize(
    ("direction", "target", "reached", "comes_to", "done"),
    [
        (IndicatorDirection.UP, "100", ("60", "70"), "80", "60.0"),
        (IndicatorDirection.DOWN, "20", ("40", "45"), "35", "50.0"),
        (IndicatorDirection.DOWN, "20", ("40",), "40", "33.3"),
    ],
)
def test_the_baseline_counts_once_however_many_report_what_is_latest(
    direction: IndicatorDirection, target: str, reached: tuple[str, ...], comes_to: str, done: str
) -> None:
    row = defined(direction=direction, baseline=Decimal(50), target=Decimal(target))
    series = [measured(value, organization=one) for one, value in zip(("IOM", "ECOWAS"), reached, strict=False)]
    rows = Rows(Measurements).given(Initiative, REGISTERED, DEFINED, *series).of(Measurements)
    assert total(row, rows) == Decimal(comes_to)
    assert str(progress(row, total(row, rows))) == done


def test_what_was_not_measured_comes_to_nothing() -> None:
    assert total(defined(), []) is None
    assert progress(defined(), None) is None


@pytest.mark.parametrize(
    ("changes", "reached", "done"),
    [
        ({}, "14", "35.0"),
        ({"baseline": Decimal(10)}, "25", "50.0"),
        ({"baseline": Decimal(10)}, "7", "-10.0"),
        ({"direction": IndicatorDirection.DOWN, "baseline": Decimal(50), "target": Decimal(20)}, "40", "33.3"),
        ({"aggregation": Aggregation.SUM, "baseline": Decimal(10)}, "15", "50.0"),
        ({}, "44", "110.0"),
    ],
)
def test_progress_is_the_part_of_the_way_from_baseline_to_target(
    changes: dict[str, Any], reached: str, done: str
) -> None:
    assert str(progress(defined(**changes), Decimal(reached))) == done
