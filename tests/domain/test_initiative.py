"""Initiatives: what may be said of one from the pipeline to its evaluation, who may, and what is measured of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compact_domain.catalogue import Catalogue, EntryKind, seeds
from compact_domain.finding import GapOutcome, GapReview, OverlapOutcome, OverlapReview, Status
from compact_domain.initiative import (
    Aggregation,
    Geography,
    Indicator,
    IndicatorDirection,
    Initiative,
    Initiatives,
    PartnerRole,
    Periods,
    Span,
    Stage,
    Visibility,
)
from compact_domain.kernel import (
    Actor,
    Aggregate,
    Command,
    Fact,
    Forbidden,
    InvalidInput,
    NotFound,
    Role,
    RoleHeld,
    RuleViolation,
)
from compact_domain.organization import Organizations
from compact_domain.policy import needs_reason
from compact_domain.recommendation import Assessment, Recommendation
from compact_domain.session import Session, SessionKind, Sitting
from compact_domain.vocabulary import BodyAct, Method, Money, Names, OrganizationKind, Severity, currencies
from tests.domain.histories import Histories
from tests.domain.scenario import Said, Scenario, actor, command, person, said, sealed

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
PLACES = Geography(
    regions={
        "WEST-AFRICA": frozenset({"WEST-AFRICA", "AFRICA"}),
        "AFRICA": frozenset({"AFRICA"}),
        "EAST-AFRICA": frozenset({"EAST-AFRICA", "AFRICA"}),
        "GLOBAL": frozenset({"GLOBAL"}),
    },
    countries={"GH": frozenset({"WEST-AFRICA", "AFRICA"}), "KE": frozenset({"EAST-AFRICA", "AFRICA"})},
)
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
    "source": None,
    "programme": None,
    "visibility": Visibility.COMPACT,
    "requested_by": None,
}
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
REGISTERED = said(Initiative.Created, at=NOW, **WHAT)
BEGUN = said(Initiative.StatusChanged, at=NOW, status=Status.IMPLEMENTATION, before=Status.PIPELINE)
FINISHING = said(Initiative.StatusChanged, at=NOW, status=Status.FINALISATION, before=Status.IMPLEMENTATION)
SUSPENDED = said(Initiative.Suspended, at=NOW, before=Status.IMPLEMENTATION)
CANCELLED = said(Initiative.Cancelled, at=NOW, before=Status.IMPLEMENTATION)
CONCLUDED = said(Initiative.Concluded, at=NOW, evaluation=sealed("evaluation"))
JOINED = said(
    Initiative.PartnerJoined,
    at=NOW,
    organization="ECOWAS",
    stage=Stage.CONSULTATION,
    role=PartnerRole.IMPLEMENTING,
)
DEFINED = said(Initiative.IndicatorDefined, at=NOW, indicator=POSTS)
MEASURED = said(
    Initiative.MeasurementReported,
    at=NOW,
    indicator="IND-1",
    period="2025-10",
    organization="IOM",
    value=Decimal(6),
)
BEFORE = (REGISTERED, JOINED, DEFINED)
UNDER_WAY = (*BEFORE, BEGUN, MEASURED)
REACHES: dict[Status, tuple[Said, ...]] = {
    Status.PIPELINE: BEFORE,
    Status.IMPLEMENTATION: UNDER_WAY,
    Status.FINALISATION: (*UNDER_WAY, FINISHING),
    Status.CLOSED: (*UNDER_WAY, FINISHING, CONCLUDED),
    Status.SUSPENDED: (*UNDER_WAY, SUSPENDED),
    Status.CANCELLED: (*UNDER_WAY, CANCELLED),
}
ENDS = {
    "suspend": Status.SUSPENDED,
    "cancel": Status.CANCELLED,
}


def another(code: str = "INI-2", *facts: Said, **changes: Any) -> Initiative:
    """Another initiative, which has defined an indicator of its own."""
    defined = said(Initiative.IndicatorDefined, at=NOW, indicator=Indicator(**{**_fields(POSTS), "code": "IND-2"}))
    whole = said(Initiative.Created, at=NOW, **{**WHAT, "code": code, "lead": "INTERPOL", **changes})
    return Scenario(Initiative, id=Initiative.identify(code)).given(whole, defined, *facts).aggregate()


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def define(it: Initiative, cmd: Command, **changes: Any) -> None:
    it.define_indicator(**{**_fields(POSTS), "code": "IND-3", **changes}, cmd=cmd)


def report(it: Initiative, cmd: Command, definer: Initiative | None = None, **changes: Any) -> None:
    what: dict[str, Any] = {"indicator": "IND-1", "period": "2025-11", "organization": "IOM", "value": Decimal(9)}
    it.report_measurement(definer=definer or it, **{**what, **changes}, cmd=cmd)


def correct(it: Initiative, cmd: Command, **changes: Any) -> None:
    what: dict[str, Any] = {"indicator": "IND-1", "period": "2025-10", "organization": "IOM", "value": Decimal(5)}
    it.correct_measurement(**{**what, **changes}, cmd=cmd)


def next_status(it: Initiative) -> Status:
    return Status.FINALISATION if it.status is Status.IMPLEMENTATION else Status.IMPLEMENTATION


VERBS: dict[str, Callable[[Initiative, Command], None]] = {
    "revise": lambda it, cmd: it.revise(ends_on=date(2026, 9, 30), geography=PLACES, cmd=cmd),
    "change_status": lambda it, cmd: it.change_status(status=next_status(it), cmd=cmd),
    "suspend": lambda it, cmd: it.suspend(cmd=cmd),
    "resume": lambda it, cmd: it.resume(cmd=cmd),
    "cancel": lambda it, cmd: it.cancel(cmd=cmd),
    "join_partner": lambda it, cmd: it.join_partner(
        organization="GHA", stage=Stage.IMPLEMENTATION, role=PartnerRole.FUNDING, cmd=cmd
    ),
    "leave_partner": lambda it, cmd: it.leave_partner(organization="ECOWAS", stage=Stage.CONSULTATION, cmd=cmd),
    "answer_gap": lambda it, cmd: it.answer_gap(gap="GAP-1", open=True, cmd=cmd),
    "carry_out": lambda it, cmd: it.carry_out(recommendation="REC-5", live=True, cmd=cmd),
    "define_indicator": define,
    "join_indicator": lambda it, cmd: it.join_indicator(indicator="IND-2", definer=another(), shared=False, cmd=cmd),
    "report_measurement": report,
    "close_period": lambda it, cmd: it.close_period(indicator="IND-1", period="2025-10", cmd=cmd),
    "correct_measurement": correct,
    "review_overlap": lambda it, cmd: it.require_acting("review_overlap", cmd),
    "conclude": lambda it, cmd: it.conclude(evaluation=sealed("evaluation"), cmd=cmd),
}
STATING = [verb for verb in VERBS if verb not in ("review_overlap", "conclude")]
"""Verbs that state a fact here, and twice the same once. What a review says stands in a history of its own; an
evaluation is sealed, so that nobody can say whether another is the same."""


def ask(it: Initiative, verb: str, key: str = "1") -> None:
    VERBS[verb](it, command(now=NOW, key=key))


def test_every_verb_has_its_states() -> None:
    assert Initiative.MAY_START_FROM.keys() == VERBS.keys()


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb in VERBS
        for state in Status
        if state not in Initiative.MAY_START_FROM[verb] and ENDS.get(verb) is not state
    ],
)
def test_a_verb_is_refused_in_other_states(verb: str, state: Status) -> None:
    scenario = Scenario(Initiative).given(*REACHES[state]).when(lambda it: ask(it, verb))
    scenario.refused("state")
    assert scenario.refusal is not None
    assert scenario.refusal.state == state
    assert verb not in scenario.refusal.allowed


@pytest.mark.parametrize(
    ("verb", "state"), [(verb, state) for verb in STATING for state in Initiative.MAY_START_FROM[verb]]
)
def test_a_verb_states_one_fact_and_twice_is_once(verb: str, state: Status) -> None:
    scenario = Scenario(Initiative).given(*REACHES[state])
    asked = next_status(scenario.aggregate())

    def give(it: Initiative, key: str) -> None:
        if verb == "change_status":
            it.change_status(status=asked, cmd=command(now=NOW, key=key))
        else:
            ask(it, verb, key)

    scenario.when(lambda it: give(it, "1"))
    assert (scenario.refusal, len(scenario.new)) == (None, 1)
    again = Scenario(Initiative)
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda it: give(it, "2")).nothing()


# the register


def register(**changes: Any) -> Initiative:
    return Initiative.register(**{**WHAT, "geography": PLACES, "cmd": command(now=NOW), **changes})


def refused(rule: str, **changes: Any) -> dict[str, Any]:
    with pytest.raises(RuleViolation) as refusal:
        register(**changes)
    assert refusal.value.rule == rule
    return refusal.value.details


def test_an_initiative_begins_in_the_pipeline() -> None:
    it = register(working_groups=["PCVE", "BMLE", "PCVE"])
    assert (it.status, it.working_groups, it.scope.months) == (Status.PIPELINE, ("BMLE", "PCVE"), 11)


def test_an_initiative_ends_no_earlier_than_it_starts() -> None:
    day = date(2025, 8, 15)
    assert register(starts_on=day, ends_on=day).scope.months == 1
    told = refused("initiative.dates", ends_on=date(2025, 8, 14))
    assert told == {"starts_on": "2025-08-15", "ends_on": "2025-08-14"}


@pytest.mark.parametrize(
    ("regions", "told"),
    [
        (["AFRICA", "WEST-AFRICA"], {"region": "WEST-AFRICA", "lies_in": "AFRICA"}),
        (["WEST-AFRICA", "GLOBAL"], {"region": "WEST-AFRICA", "lies_in": "GLOBAL"}),
    ],
)
def test_a_region_does_not_stand_beside_one_that_it_lies_in(regions: list[str], told: dict[str, str]) -> None:
    assert refused("initiative.regions", regions=regions, countries=[]) == told


def test_countries_lie_in_the_regions() -> None:
    assert refused("initiative.countries", countries=["KE", "GH"]) == {
        "country": "KE",
        "lies_in": "AFRICA EAST-AFRICA",
    }
    for regions in (["AFRICA"], ["GLOBAL"], ["EAST-AFRICA", "WEST-AFRICA"]):
        assert register(regions=regions, countries=["KE", "GH"]).countries == ("GH", "KE")


def test_an_initiative_has_a_region_and_a_working_group() -> None:
    for field in ("regions", "working_groups"):
        with pytest.raises(InvalidInput):
            register(**{field: (), "countries": ()})


@pytest.mark.parametrize(
    ("amount", "currency", "problem"),
    [
        ("100", "XYZ", "budget.currency"),
        ("100", "usd", "budget.currency"),
        ("-0.01", "USD", "budget.amount"),
        ("NaN", "USD", "budget.amount"),
        ("Infinity", "USD", "budget.amount"),
        ("0.005", "USD", "budget.amount"),
        ("1.5", "JPY", "budget.amount"),
    ],
)
def test_money_is_an_amount_in_a_currency_there_is(amount: str, currency: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Money.of(Decimal(amount), currency, field="budget")
    assert [name for name, _ in refusal.value.fields] == [problem]


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    told = {code: str(Money.of(Decimal("1200"), code, field="budget").amount) for code in ("USD", "XOF", "KWD")}
    assert told == {"USD": "1200.00", "XOF": "1200", "KWD": "1200.000"}
    assert set(currencies().values()) == {0, 2, 3}


# planning anew


def test_a_revision_says_only_what_is_new() -> None:
    scenario = Scenario(Initiative).given(*REACHES[Status.PIPELINE])
    scenario.when(
        lambda it: it.revise(
            starts_on=WHAT["starts_on"],
            ends_on=date(2026, 9, 30),
            regions=["WEST-AFRICA"],
            lead="IOM",
            geography=PLACES,
            cmd=command(now=NOW),
        )
    ).then(said(Initiative.Revised, ends_on=date(2026, 9, 30)))


def test_a_revision_to_what_stands_is_none() -> None:
    same: dict[str, Any] = {
        name: WHAT[name] for name in ("starts_on", "ends_on", "regions", "countries", "budget", "lead")
    }
    Scenario(Initiative).given(REGISTERED).when(
        lambda it: it.revise(**same, geography=PLACES, cmd=command(now=NOW))
    ).nothing()


@pytest.mark.parametrize(
    ("said_anew", "rule"),
    [
        ({"starts_on": date(2026, 7, 1)}, "initiative.dates"),
        ({"ends_on": date(2025, 8, 1)}, "initiative.dates"),
        ({"regions": ["EAST-AFRICA"]}, "initiative.countries"),
        ({"countries": ["KE"]}, "initiative.countries"),
        ({"regions": ["AFRICA", "EAST-AFRICA"]}, "initiative.regions"),
        ({"lead": "ECOWAS"}, "initiative.lead_partner"),
    ],
)
def test_a_revision_keeps_the_rules(said_anew: dict[str, Any], rule: str) -> None:
    Scenario(Initiative).given(*REACHES[Status.PIPELINE]).when(
        lambda it: it.revise(**said_anew, geography=PLACES, cmd=command(now=NOW))
    ).refused(rule)


@pytest.mark.parametrize("field", ["regions", "working_groups"])
def test_regions_and_working_groups_are_not_taken_away_altogether(field: str) -> None:
    it = Scenario(Initiative).given(REGISTERED).aggregate()
    nothing: dict[str, Any] = {field: []}
    with pytest.raises(InvalidInput):
        it.revise(**nothing, geography=PLACES, cmd=command(now=NOW))
    assert it.pending_events == []


def test_countries_may_be_taken_away() -> None:
    scenario = Scenario(Initiative).given(REGISTERED)
    scenario.when(lambda it: it.revise(countries=(), geography=PLACES, cmd=command(now=NOW)))
    scenario.then(said(Initiative.Revised, countries=()))
    assert scenario.aggregate().countries == ()


# status


@pytest.mark.parametrize(
    ("state", "asked", "next"),
    [
        (Status.PIPELINE, Status.FINALISATION, Status.IMPLEMENTATION),
        (Status.IMPLEMENTATION, Status.PIPELINE, Status.FINALISATION),
        (Status.IMPLEMENTATION, Status.CLOSED, Status.FINALISATION),
        (Status.PIPELINE, Status.SUSPENDED, Status.IMPLEMENTATION),
    ],
)
def test_an_initiative_goes_forward_one_step_at_a_time(state: Status, asked: Status, next: Status) -> None:
    Scenario(Initiative).given(*REACHES[state]).when(
        lambda it: it.change_status(status=asked, cmd=command(now=NOW))
    ).refused("initiative.status", status=state, next=next, asked=asked)


@pytest.mark.parametrize("before", [Status.PIPELINE, Status.IMPLEMENTATION, Status.FINALISATION])
def test_what_was_suspended_goes_on_where_it_was(before: Status) -> None:
    scenario = Scenario(Initiative).given(*REACHES[before]).when(lambda it: it.suspend(cmd=command(now=NOW)))
    assert not scenario.aggregate().scope.acting
    scenario.history, scenario.new = [*scenario.history, *scenario.new], []
    scenario.when(lambda it: it.resume(cmd=command(now=NOW))).then(said(Initiative.Resumed, status=before))


# partners


def test_an_organization_takes_part_in_several_stages_once_in_each() -> None:
    def join(stage: Stage, role: PartnerRole, organization: str = "ECOWAS") -> Scenario[Initiative]:
        return (
            Scenario(Initiative)
            .given(*BEFORE)
            .when(lambda it: it.join_partner(organization=organization, stage=stage, role=role, cmd=command(now=NOW)))
        )

    again: dict[str, Any] = {"organization": "ECOWAS", "stage": Stage.CO_DESIGN, "role": PartnerRole.ACCOUNTABLE}
    join(Stage.CO_DESIGN, PartnerRole.ACCOUNTABLE).then(said(Initiative.PartnerJoined, **again))
    join(Stage.CONSULTATION, PartnerRole.IMPLEMENTING).nothing()
    join(Stage.CONSULTATION, PartnerRole.FUNDING).refused("initiative.partner", role="implementing")
    join(Stage.CONSULTATION, PartnerRole.FUNDING, "IOM").refused("initiative.lead_partner", organization="IOM")


def test_who_takes_no_part_does_not_leave() -> None:
    it = Scenario(Initiative).given(*BEFORE).aggregate()
    with pytest.raises(NotFound, match="Partner"):
        it.leave_partner(organization="ECOWAS", stage=Stage.IMPLEMENTATION, cmd=command(now=NOW))


def test_a_closed_gap_is_not_answered_and_what_was_not_adopted_not_carried_out() -> None:
    scenario = Scenario(Initiative).given(*BEFORE)
    scenario.when(lambda it: it.answer_gap(gap="GAP-1", open=False, cmd=command(now=NOW))).refused(
        "initiative.gap", gap="GAP-1"
    )
    scenario.when(lambda it: it.carry_out(recommendation="REC-5", live=False, cmd=command(now=NOW))).refused(
        "initiative.recommendation", recommendation="REC-5"
    )


# indicators


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"unit": None}, "initiative.unit"),
        ({"target": Decimal(0)}, "initiative.target"),
        ({"target": Decimal(-1)}, "initiative.target"),
        ({"direction": IndicatorDirection.DOWN}, "initiative.target"),
        (
            {"direction": IndicatorDirection.DOWN, "aggregation": Aggregation.SUM, "target": Decimal(-1)},
            "initiative.aggregation",
        ),
        ({"code": "IND-1", "title": "Another"}, "code.taken"),
    ],
)
def test_an_indicator_has_a_unit_and_a_target_beyond_its_baseline(changes: dict[str, Any], rule: str) -> None:
    Scenario(Initiative).given(*BEFORE).when(lambda it: define(it, command(now=NOW), **changes)).refused(rule)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN"])
@pytest.mark.parametrize("field", ["baseline", "target", "value"])
def test_a_number_is_one(field: str, value: str) -> None:
    it = Scenario(Initiative).given(*UNDER_WAY).aggregate()
    changes: dict[str, Any] = {field: Decimal(value)}
    verbs: tuple[Callable[..., None], ...] = (report, correct) if field == "value" else (define,)
    for verb in verbs:
        with pytest.raises(InvalidInput) as refusal:
            verb(it, command(now=NOW), **changes)
        assert refusal.value.fields == ((field, "is not a number"),)
    assert it.pending_events == []


def test_an_initiative_joins_what_another_has_defined_and_everybody_may_know_of() -> None:
    def join(definer: Initiative, indicator: str, *, shared: bool = False) -> Scenario[Initiative]:
        joined = said(Initiative.IndicatorJoined, at=NOW, indicator="IND-2", shared=False)
        return (
            Scenario(Initiative, id=Initiative.identify("INI-3"))
            .given(*BEFORE, joined)
            .when(
                lambda it: it.join_indicator(indicator=indicator, definer=definer, shared=shared, cmd=command(now=NOW))
            )
        )

    join(another(), "IND-2").nothing()
    join(another(), "IND-2", shared=True).refused("initiative.joint", indicator="IND-2")
    join(another(visibility=Visibility.RESTRICTED), "IND-9").refused("initiative.joint", indicator="IND-9")


def test_an_initiative_does_not_join_its_own_indicator() -> None:
    Scenario(Initiative).given(*BEFORE).when(
        lambda it: it.join_indicator(indicator="IND-1", definer=it, shared=False, cmd=command(now=NOW))
    ).refused("initiative.joint")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"organization": "UNODC"}, "initiative.reporter"),
        ({"period": "2025-07"}, "initiative.period"),
        ({"period": "2026-07"}, "initiative.period"),
        ({"period": "2026-02"}, "initiative.period"),
        ({"period": "2025"}, "initiative.period"),
        ({"period": "2025-Q4"}, "initiative.period"),
        ({"period": "2025-10"}, "initiative.measured"),
    ],
)
def test_a_measurement_is_of_a_party_once_in_a_period_that_has_begun(changes: dict[str, Any], rule: str) -> None:
    scenario = Scenario(Initiative).given(*UNDER_WAY).when(lambda it: report(it, command(now=NOW), **changes))
    scenario.refused(rule)


@pytest.mark.parametrize("period", ["2025-08", "2026-01"])
def test_a_period_need_only_touch_the_initiative_and_have_begun(period: str) -> None:
    scenario = Scenario(Initiative).given(*UNDER_WAY).when(lambda it: report(it, command(now=NOW), period=period))
    assert (scenario.refusal, len(scenario.new)) == (None, 1)


def test_a_partner_measures_beside_the_lead() -> None:
    what: dict[str, Any] = {
        "indicator": "IND-1",
        "period": "2025-10",
        "organization": "ECOWAS",
        "value": Decimal("2.50"),
    }
    scenario = Scenario(Initiative).given(*UNDER_WAY).when(lambda it: report(it, command(now=NOW), **what))
    scenario.then(said(Initiative.MeasurementReported, **what))


def test_the_same_number_otherwise_written_is_the_same_measurement() -> None:
    scenario = Scenario(Initiative).given(*UNDER_WAY)
    scenario.when(lambda it: report(it, command(now=NOW), period="2025-10", value=Decimal("6.00"))).nothing()


@pytest.mark.parametrize("period", ["25-10", "2025-13", "2025-Q5", "2025-00", "0000", "0000-Q1", "October", ""])
def test_what_names_no_period_is_refused(period: str) -> None:
    it = Scenario(Initiative).given(*UNDER_WAY).aggregate()
    for verb in (report, close_of):
        with pytest.raises(InvalidInput) as refusal:
            verb(it, command(now=NOW), period=period)
        assert [name for name, _ in refusal.value.fields] == ["period"]


def close_of(it: Initiative, cmd: Command, *, period: str, indicator: str = "IND-1") -> None:
    it.close_period(indicator=indicator, period=period, cmd=cmd)


def test_in_a_closed_period_nothing_is_measured_by_anybody_who_joined() -> None:
    closed = said(Initiative.PeriodClosed, at=NOW, indicator="IND-2", period="2025-11")
    joined = said(Initiative.IndicatorJoined, at=NOW, indicator="IND-2", shared=False)
    scenario = Scenario(Initiative).given(*UNDER_WAY, joined)
    scenario.when(lambda it: report(it, command(now=NOW), another("INI-2", closed), indicator="IND-2")).refused(
        "initiative.period_closed", period="2025-11"
    )
    scenario.when(lambda it: close_of(it, command(now=NOW), indicator="IND-2", period="2025-11")).refused(
        "initiative.definer", indicator="IND-2"
    )


def test_what_was_measured_in_a_closed_period_is_still_corrected() -> None:
    closed = said(Initiative.PeriodClosed, at=NOW, indicator="IND-1", period="2025-10")
    fact: dict[str, Any] = {"indicator": "IND-1", "period": "2025-10", "organization": "IOM"}
    scenario = Scenario(Initiative).given(*UNDER_WAY, closed)
    scenario.when(lambda it: correct(it, command(now=NOW))).then(
        said(Initiative.MeasurementCorrected, **fact, value=Decimal(5), before=Decimal(6), corrects=5)
    )
    scenario.history, scenario.new = [*scenario.history, *scenario.new], []
    scenario.when(lambda it: correct(it, command(now=NOW), value=Decimal(7))).then(
        said(Initiative.MeasurementCorrected, **fact, value=Decimal(7), before=Decimal(5), corrects=7)
    )


def test_what_was_never_measured_is_not_corrected_and_by_what_was_not_defined_not_measured() -> None:
    it = Scenario(Initiative).given(*UNDER_WAY).aggregate()
    verbs: tuple[Callable[..., None], ...] = (report, correct)
    for verb in verbs:
        with pytest.raises(NotFound, match="Indicator IND-9"):
            verb(it, command(now=NOW), indicator="IND-9")
    with pytest.raises(NotFound, match="Measurement"):
        correct(it, command(now=NOW), period="2025-09")


def test_a_period_that_has_not_begun_is_not_closed() -> None:
    Scenario(Initiative).given(*UNDER_WAY).when(lambda it: close_of(it, command(now=NOW), period="2026-02")).refused(
        "initiative.period", asked="2026-02"
    )


@given(st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31)))
def test_every_day_lies_in_its_month_its_quarter_and_its_year(day: date) -> None:
    quarter = (day.month + 2) // 3
    for period, periods, longest in (
        (f"{day.year:04}-{day.month:02}", Periods.MONTHLY, 31),
        (f"{day.year:04}-Q{quarter}", Periods.QUARTERLY, 92),
        (f"{day.year:04}", Periods.YEARLY, 366),
    ):
        span = Span.of(period)
        assert span.periods is periods
        assert span.starts_on <= day <= span.ends_on
        assert (span.ends_on - span.starts_on).days < longest
        assert span.starts_on.day == 1


# who may, with all that a command touches


class Register:
    """Organizations, a catalogue and initiatives, and what one may ask of them."""

    def __init__(self) -> None:
        self.histories = Histories(NOW)
        for seed in seeds():
            if seed["kind"] in (EntryKind.REGION, EntryKind.WORKING_GROUP):
                self.histories.run(
                    "catalogue.add_entry",
                    lambda work, seed=seed: Catalogue(work).add_entry(**seed),  # type: ignore[misc]
                )
        for code in ("IOM", "INTERPOL", "ECOWAS", "UNODC", "UNOCT"):
            self.histories.run(
                "organization.register",
                lambda work, code=code: Organizations(work).register(  # type: ignore[misc]
                    code=code, names=Names(en=code), kind=OrganizationKind.UN_ENTITY
                ),
            )

    def ask(self, name: str, *subject: str, by: Actor | None = None, reason: str | None = None, **fields: Any) -> Any:
        behalf = fields.pop("on_behalf_of", None)
        return self.histories.run(
            f"initiative.{name}",
            lambda work: getattr(Initiatives(work), name)(*subject, **fields),
            by=by,
            on_behalf_of=behalf,
            reason=reason or ("As agreed." if needs_reason(f"initiative.{name}") else None),
        )

    def register(self, code: str = "INI-3", *, by: Actor | None = None, **changes: Any) -> list[Fact]:
        facts: list[Fact] = self.ask("register", by=by, **{**WHAT, "code": code, **changes})
        return facts

    def refused(self, name: str, *subject: str, **asked: Any) -> str:
        before = len(self.histories.facts)
        with pytest.raises((RuleViolation, Forbidden, NotFound, InvalidInput)) as refusal:
            self.ask(name, *subject, **asked)
        assert len(self.histories.facts) == before
        return refusal.value.rule if isinstance(refusal.value, RuleViolation) else refusal.value.code


def of(organization: str, role: Role = Role.ENTITY_REPRESENTATIVE) -> Actor:
    held = RoleHeld(role=role, scope=organization)
    return Actor(id=person(f"{role}@{organization}"), organization=organization, roles=(held,))


READER = actor(Role.READER, organization="UNODC")


@pytest.fixture
def kept() -> Register:
    return Register()


def test_the_lead_keeps_its_own_initiative_and_no_other(kept: Register) -> None:
    assert kept.refused("register", **WHAT, by=of("INTERPOL")) == "FORBIDDEN"
    kept.register(by=of("IOM"))
    later: dict[str, Any] = {"ends_on": date(2026, 9, 30)}
    assert kept.refused("revise", "INI-3", **later, by=of("INTERPOL")) == "FORBIDDEN"
    assert kept.refused("revise", "INI-3", **later, by=READER) == "FORBIDDEN"
    assert len(kept.ask("revise", "INI-3", **later, by=of("IOM", Role.REGIONAL_FOCAL_POINT))) == 1
    for entity in (of("IOM"), of("IOM", Role.REGIONAL_FOCAL_POINT)):
        assert kept.refused("revise", "INI-3", lead="INTERPOL", by=entity) == "initiative.lead"
    assert kept.ask("revise", "INI-3", lead="IOM", by=of("IOM")) == []
    kept.ask("revise", "INI-3", lead="INTERPOL")
    assert kept.refused("suspend", "INI-3", by=of("IOM")) == "FORBIDDEN"
    assert len(kept.ask("suspend", "INI-3", by=of("INTERPOL"))) == 1


def test_the_same_registered_again_is_the_same_and_other_content_is_refused(kept: Register) -> None:
    kept.register()
    assert kept.register() == []
    assert kept.refused("register", **{**WHAT, "title": "Another"}) == "code.taken"


def test_what_an_initiative_names_is_there(kept: Register) -> None:
    for field, value in (
        ("lead", "NOBODY"),
        ("requested_by", "NOBODY"),
        ("regions", ["NOWHERE"]),
        ("working_groups", ["NONE"]),
        ("clauses", ["NONE"]),
    ):
        assert kept.refused("register", **{**WHAT, "countries": (), field: value}) == "NOT_FOUND"
    assert kept.refused("register", **{**WHAT, "countries": ["XX"]}) == "INVALID_INPUT"


def test_countries_count_in_the_regions_above_those_that_list_them(kept: Register) -> None:
    kept.register("INI-A", regions=["SUB-SAHARAN-AFRICA"], countries=["GH", "KE"])
    assert kept.refused("register", **{**WHAT, "code": "INI-B", "countries": ["SA"]}) == "initiative.countries"
    kept.register("INI-C", regions=["WESTERN-ASIA"], countries=["SA"])
    assert (
        kept.refused("register", **{**WHAT, "code": "INI-D", "regions": ["WESTERN-ASIA", "GULF-COOPERATION"]})
        == "initiative.regions"
    )


def test_partners_measure_for_themselves(kept: Register) -> None:
    kept.register()
    kept.ask("join_partner", "INI-3", organization="ECOWAS", stage=Stage.CO_DESIGN, role=PartnerRole.IMPLEMENTING)
    kept.ask("define_indicator", "INI-3", **_fields(POSTS))
    kept.ask("change_status", "INI-3", status=Status.IMPLEMENTATION)
    what: dict[str, Any] = {"indicator": "IND-1", "period": "2025-10", "value": Decimal(3)}
    (fact,) = kept.ask("report_measurement", "INI-3", **what, by=of("ECOWAS"))
    assert (fact.organization, fact.value) == ("ECOWAS", Decimal(3))
    assert kept.refused("report_measurement", "INI-3", **what, by=of("INTERPOL")) == "FORBIDDEN"
    assert kept.refused("report_measurement", "INI-3", **what) == "initiative.reporter"
    (fact,) = kept.ask("report_measurement", "INI-3", **what, on_behalf_of="IOM")
    assert fact.organization == "IOM"
    assert kept.refused("correct_measurement", "INI-3", **{**what, "value": Decimal(4)}, by=of("UNODC")) == "FORBIDDEN"
    (fact,) = kept.ask("correct_measurement", "INI-3", **{**what, "value": Decimal(4)}, by=of("ECOWAS"))
    assert (fact.organization, fact.before, fact.corrects) == ("ECOWAS", Decimal(3), 5)
    (fact,) = kept.ask("leave_partner", "INI-3", organization="ECOWAS", stage=Stage.CO_DESIGN, by=of("ECOWAS"))
    assert kept.refused("correct_measurement", "INI-3", **what, by=of("ECOWAS")) == "FORBIDDEN"


def test_an_indicator_is_defined_once_and_joined_by_others(kept: Register) -> None:
    kept.register()
    kept.register("INI-2", lead="INTERPOL")
    kept.ask("define_indicator", "INI-2", **_fields(POSTS))
    assert kept.refused("define_indicator", "INI-3", **_fields(POSTS)) == "code.taken"
    assert kept.refused("join_indicator", "INI-3", indicator="IND-9") == "NOT_FOUND"
    assert len(kept.ask("join_indicator", "INI-3", indicator="IND-1")) == 1
    assert kept.ask("join_indicator", "INI-3", indicator="IND-1") == []
    kept.ask("change_status", "INI-3", status=Status.IMPLEMENTATION)
    measured: dict[str, Any] = {"indicator": "IND-1", "value": Decimal(6), "by": of("IOM")}
    assert len(kept.ask("report_measurement", "INI-3", period="2025-10", **measured)) == 1
    kept.ask("close_period", "INI-2", indicator="IND-1", period="2025-11")
    assert kept.refused("report_measurement", "INI-3", period="2025-11", **measured) == "initiative.period_closed"


def test_of_a_restricted_initiative_others_learn_nothing_from_any_command(kept: Register) -> None:
    kept.register(visibility=Visibility.RESTRICTED, by=of("IOM"))
    kept.ask("join_partner", "INI-3", organization="ECOWAS", stage=Stage.CO_DESIGN, role=PartnerRole.FUNDING)
    kept.ask("define_indicator", "INI-3", **_fields(POSTS))
    kept.register("INI-2", lead="INTERPOL")
    asked: dict[str, dict[str, Any]] = {
        "revise": {"ends_on": date(2026, 9, 30)},
        "change_status": {"status": Status.IMPLEMENTATION},
        **{verb: {} for verb in ("suspend", "resume", "cancel")},
        "join_partner": {"organization": "UNODC", "stage": Stage.CO_DESIGN, "role": PartnerRole.FUNDING},
        "leave_partner": {"organization": "ECOWAS", "stage": Stage.CO_DESIGN},
        "answer_gap": {"gap": "GAP-1"},
        "carry_out": {"recommendation": "REC-5"},
        "define_indicator": {**_fields(POSTS), "code": "IND-9"},
        "join_indicator": {"indicator": "IND-9"},
        "report_measurement": {"indicator": "IND-1", "period": "2025-10", "value": Decimal(1)},
        "close_period": {"indicator": "IND-1", "period": "2025-10"},
        "correct_measurement": {"indicator": "IND-1", "period": "2025-10", "value": Decimal(1)},
        "review_overlap": {"other": "INI-2", "outcome": OverlapOutcome.MERGE},
        "conclude": {"evaluation": "Well."},
    }
    chair = Actor(
        id=person("chair"),
        organization="UNODC",
        roles=(RoleHeld(role=Role.WORKING_GROUP_CHAIR, scope="BMLE"),),
    )
    assert asked.keys() == Initiative.MAY_START_FROM.keys()
    for stranger in (of("INTERPOL"), of("UNODC", Role.COMMITTEE_MEMBER), chair, READER):
        for verb, fields in asked.items():
            for code in ("INI-3", "INI-9"):
                assert kept.refused(verb, code, **fields, by=stranger) == "NOT_FOUND", (verb, code)
    join: dict[str, Any] = {"indicator": "IND-1", "by": of("INTERPOL")}
    assert kept.refused("join_indicator", "INI-2", **join) == "NOT_FOUND"
    assert kept.refused("review_overlap", "INI-2", other="INI-3", outcome=OverlapOutcome.MERGE, by=chair) == "NOT_FOUND"
    assert kept.refused("register", **{**WHAT, "lead": "INTERPOL"}, by=of("INTERPOL")) == "code.taken"
    kept.ask("revise", "INI-3", lead="UNODC")
    same: dict[str, Any] = {**WHAT, "visibility": Visibility.RESTRICTED}
    assert kept.refused("register", **same, by=of("IOM")) == "code.taken", "it may not know any more that it is there"
    for partner in (of("ECOWAS"), of("ECOWAS", Role.REGIONAL_FOCAL_POINT)):
        assert kept.refused("suspend", "INI-3", by=partner) == "FORBIDDEN"


# reviews


def chair_of(group: str) -> Actor:
    return Actor(
        id=person(f"chair of {group}"),
        organization="UNODC",
        roles=(RoleHeld(role=Role.WORKING_GROUP_CHAIR, scope=group),),
    )


def test_an_overlap_is_reviewed_by_the_chair_of_a_group_of_both(kept: Register) -> None:
    kept.register()
    kept.register(
        "INI-2",
        lead="INTERPOL",
        regions=["SUB-SAHARAN-AFRICA"],
        working_groups=["BMLE", "PCVE"],
        starts_on=date(2025, 10, 1),
        ends_on=date(2026, 12, 31),
    )
    review: dict[str, Any] = {"other": "INI-2", "outcome": OverlapOutcome.COORDINATE}
    for stranger in (of("IOM"), chair_of("PCVE"), READER):
        assert kept.refused("review_overlap", "INI-3", **review, by=stranger) == "FORBIDDEN"
    (fact,) = kept.ask("review_overlap", "INI-3", **review, by=chair_of("BMLE"), note="They share a trainer.")
    assert isinstance(fact, OverlapReview.Created)
    assert (fact.one, fact.other, str(fact.overlap.score), fact.overlap.regions) == (
        "INI-2",
        "INI-3",
        "94.5",
        ("SUB-SAHARAN-AFRICA",),
    )
    assert kept.ask("review_overlap", "INI-2", other="INI-3", outcome=OverlapOutcome.COORDINATE) == []
    (fact,) = kept.ask("review_overlap", "INI-3", **review, note="And a room.")
    assert isinstance(fact, OverlapReview.Renewed)
    assert fact.note is not None
    dismissed: dict[str, Any] = {"other": "INI-2", "outcome": OverlapOutcome.DISMISSED}
    assert kept.refused("review_overlap", "INI-3", **dismissed) == "reason.required"
    (fact,) = kept.ask("review_overlap", "INI-3", **dismissed, reason="Other posts.")
    assert isinstance(fact, OverlapReview.Renewed)
    kept.ask("suspend", "INI-2")
    assert kept.refused("review_overlap", "INI-3", **review) == "finding.overlap"
    assert kept.refused("review_overlap", "INI-3", other="INI-3", outcome=OverlapOutcome.MERGE) == "finding.overlap"


def told(kept: Register, kind: type[Aggregate], code: str, *facts: Said) -> None:
    """Let facts of another aggregate have happened, with the claims they take."""
    id = kind.identify(code)
    for version, fact in enumerate(facts, start=1):
        stamped = fact.stamped(id, version, kind.topic())
        kept.histories.facts.append(stamped)
        kept.histories.held |= dict.fromkeys(stamped.takes(), id)


def gap(code: str, region: str = "EAST-AFRICA", working_group: str = "ETCIP") -> Said:
    return said(
        Session.CapacityGapIdentified,
        code=code,
        region=region,
        working_group=working_group,
        severity=Severity.HIGH,
        description="No common method.",
        voiced_by="ECOWAS",
    )


SITTING = Sitting(room=None, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
SESSION = said(
    Session.Created,
    code="TS-1",
    retreat="CTCR-2025",
    title="Challenges",
    kind=SessionKind.THEMATIC,
    sitting=SITTING,
    attributed=True,
)
GAPS = (
    gap("GAP-1"),
    gap("GAP-2", region="WEST-AFRICA"),
    gap("GAP-3", working_group="BMLE"),
    gap("GAP-4"),
    said(Session.CapacityGapClosed, code="GAP-4"),
)


def test_an_initiative_answers_gaps_that_are_open(kept: Register) -> None:
    told(kept, Session, "TS-1", SESSION, *GAPS)
    kept.register()
    (fact,) = kept.ask("answer_gap", "INI-3", gap="GAP-2", by=of("IOM"))
    assert fact.gap == "GAP-2"
    assert kept.refused("answer_gap", "INI-3", gap="GAP-4") == "initiative.gap"
    assert kept.refused("answer_gap", "INI-3", gap="GAP-9") == "NOT_FOUND"


def test_a_gap_review_is_about_open_gaps_of_its_region_and_group(kept: Register) -> None:
    told(kept, Session, "TS-1", SESSION, *GAPS)
    where: dict[str, Any] = {"region": "SUB-SAHARAN-AFRICA", "working_group": "ETCIP"}
    for codes in (["GAP-3"], ["GAP-1", "GAP-4"]):
        assert kept.refused("review_gap", **where, gaps=codes, outcome=GapOutcome.ADDRESS) == "finding.gap"
    here: dict[str, Any] = {"region": "WEST-AFRICA", "working_group": "ETCIP", "outcome": GapOutcome.ADDRESS}
    assert kept.refused("review_gap", **here, gaps=["GAP-1"]) == "finding.gap"
    assert kept.refused("review_gap", **here, gaps=["GAP-9"]) == "NOT_FOUND"
    assert kept.refused("review_gap", **here, gaps=[]) == "INVALID_INPUT"
    assert kept.refused("review_gap", **here, gaps=["GAP-2"], by=chair_of("BMLE")) == "FORBIDDEN"
    both: dict[str, Any] = {**where, "gaps": ["GAP-2", "GAP-1"]}
    (fact,) = kept.ask("review_gap", **both, outcome=GapOutcome.ADDRESS, by=chair_of("ETCIP"))
    assert isinstance(fact, GapReview.Created)
    assert fact.gaps == ("GAP-1", "GAP-2")
    assert kept.ask("review_gap", **both, outcome=GapOutcome.ADDRESS) == []
    (fact,) = kept.ask("review_gap", **both, outcome=GapOutcome.ADDRESS, note="A trainer.")
    assert isinstance(fact, GapReview.Renewed)
    assert fact.note is not None
    assert kept.refused("review_gap", **both, outcome=GapOutcome.DISMISSED) == "reason.required"
    (fact,) = kept.ask("review_gap", **both, outcome=GapOutcome.DISMISSED, reason="Two of a kind.")
    assert isinstance(fact, GapReview.Renewed)


def test_a_gap_review_names_all_that_is_open(kept: Register) -> None:
    told(kept, Session, "TS-1", SESSION, *GAPS)
    sitting = Sitting(room=None, starts_at=NOW + timedelta(hours=2), ends_at=NOW + timedelta(hours=3))
    another = said(Session.Created, **{**SESSION.fields, "code": "TS-2", "sitting": sitting})
    review: dict[str, Any] = {"working_group": "ETCIP", "outcome": GapOutcome.ADDRESS}
    wide: dict[str, Any] = {**review, "region": "SUB-SAHARAN-AFRICA", "gaps": ["GAP-1"]}
    with pytest.raises(RuleViolation) as refusal:
        kept.ask("review_gap", **wide)
    assert refusal.value.rule == "finding.gaps"
    assert refusal.value.details == {"missing": "GAP-2", "region": "SUB-SAHARAN-AFRICA", "working_group": "ETCIP"}
    kept.ask("review_gap", **{**wide, "gaps": ["GAP-1", "GAP-2"]})
    kept.ask("review_gap", **{**wide, "region": "EAST-AFRICA"})
    kept.ask("review_gap", **{**wide, "region": "GLOBAL", "gaps": ["GAP-1", "GAP-2"]})
    told(kept, Session, "TS-2", another, gap("GAP-5"))
    assert kept.refused("review_gap", **{**wide, "gaps": ["GAP-1", "GAP-2"], "note": "Why."}) == "finding.gaps"
    assert kept.ask("review_gap", **{**wide, "gaps": ["GAP-2", "GAP-1"]}) == [], "it was said"


ACT = BodyAct(body="CC", meeting="CC-12", number="12/3", decided_on=date(2026, 1, 10), method=Method.CONSENSUS)
ASSESSED = Assessment(human_rights="None.", gender="None.", rule_of_law="None.")
DECIDED = (
    said(Recommendation.Created, code="REC-5", proposer="ECOWAS", text="Agree.", regions=("WEST-AFRICA",)),
    said(Recommendation.PutUnderReview, body="CC", meeting="CC-12", text_version=1),
    said(Recommendation.Adopted, act=ACT, text_version=1, assessment=ASSESSED),
    said(Recommendation.Announced, numbers=("12/3",)),
)


@pytest.mark.parametrize(("decided", "taken"), [(1, False), (2, False), (3, False), (4, True)])
def test_an_initiative_carries_out_what_was_adopted_and_announced(kept: Register, decided: int, taken: bool) -> None:
    told(kept, Recommendation, "REC-5", *DECIDED[:decided])
    kept.register()
    if taken:
        (fact,) = kept.ask("carry_out", "INI-3", recommendation="REC-5", by=of("IOM"))
        assert fact.recommendation == "REC-5"
    else:
        assert kept.refused("carry_out", "INI-3", recommendation="REC-5") == "initiative.recommendation"


def test_an_evaluation_says_something(kept: Register) -> None:
    kept.register()
    for status in (Status.IMPLEMENTATION, Status.FINALISATION):
        kept.ask("change_status", "INI-3", status=status)
    assert kept.refused("conclude", "INI-3", evaluation=" ") == "INVALID_INPUT"
    (fact,) = kept.ask("conclude", "INI-3", evaluation="Half of the posts.", by=of("IOM"))
    assert fact.evaluation.field == "evaluation"
    assert kept.refused("conclude", "INI-3", evaluation="Another.") == "state"
