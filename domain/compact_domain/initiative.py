"""Initiatives: who does what, where and when, with whom, for which gaps, and what is measured of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, ClassVar, TypeVar
from uuid import UUID

from msgspec import Meta

from compact_domain.catalogue import GLOBAL, Entry, EntryKind, ancestors, require_entries, seeds
from compact_domain.finding import (
    ACTING,
    GapOutcome,
    GapReview,
    OverlapOutcome,
    OverlapReview,
    Scope,
    Status,
    overlap,
)
from compact_domain.kernel import (
    SECRETARIAT,
    Actor,
    Aggregate,
    Code,
    Command,
    Commands,
    Concerns,
    InvalidInput,
    NotFound,
    RuleViolation,
    Sealed,
    Starts,
    Value,
    Work,
    camel_case,
)
from compact_domain.organization import require_organization
from compact_domain.policy import may_know
from compact_domain.recommendation import FollowUp, Recommendation
from compact_domain.session import CapacityGap, open_gaps, require_gap, session_of_gap
from compact_domain.vocabulary import Money, Title

RULES: Mapping[str, str] = {
    "initiative.dates": "An initiative ends no earlier than it starts.",
    "initiative.regions": "A region does not stand beside one that it lies in: it counts there already.",
    "initiative.countries": "The countries of an initiative lie in its regions.",
    "initiative.lead": "Who leads an initiative is changed by the secretariat: nobody is made to lead by another.",
    "initiative.lead_partner": "An organization leads an initiative or is a partner in it, not both.",
    "initiative.partner": "An organization is a partner in a stage once, in one role.",
    "initiative.status": "An initiative goes forward one step at a time; what closes it is its conclusion.",
    "initiative.gap": "An initiative answers gaps that are open.",
    "initiative.recommendation": "What is carried out was adopted, is known to be, and has not ended.",
    "initiative.unit": "An indicator has a unit: without one, its target says nothing.",
    "initiative.aggregation": "What is to fall is told by the latest that was measured: a sum over periods only grows.",
    "initiative.target": "A target lies beyond the baseline, in the direction of the indicator.",
    "initiative.joint": (
        "An initiative joins, once, an indicator that another has defined and that everybody may know of."
    ),
    "initiative.definer": "The initiative that has defined an indicator closes its periods.",
    "initiative.reporter": "Measurements are reported by the lead and the partners of an initiative, each its own.",
    "initiative.period": "A period has begun, is of the length that its indicator says, and meets the initiative.",
    "initiative.period_closed": "In a period that was closed nothing is measured any more; what was, may be corrected.",
    "initiative.measured": "Who reports measures once in a period; what was reported wrongly is corrected.",
}
CLAIMS: Mapping[str, str] = {"indicator": "code.taken"}


class Visibility(StrEnum):
    """Who may know of an initiative."""

    COMPACT = "compact"
    RESTRICTED = "restricted"


class Stage(StrEnum):
    """The stage of an initiative in which a partner takes part."""

    CONSULTATION = "consultation"
    CO_DESIGN = "co_design"
    IMPLEMENTATION = "implementation"


class PartnerRole(StrEnum):
    """As what a partner takes part, in the words of the International Aid Transparency Initiative."""

    FUNDING = "funding"
    ACCOUNTABLE = "accountable"
    EXTENDING = "extending"
    IMPLEMENTING = "implementing"


class IndicatorDirection(StrEnum):
    """Which way an indicator gets better."""

    UP = "up"
    DOWN = "down"


class Aggregation(StrEnum):
    """What the measurements of one reporter come to."""

    SUM = "sum"
    LATEST = "latest"


class Periods(StrEnum):
    """How long the periods of an indicator are."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


_OPEN = {*ACTING, Status.SUSPENDED}
MAY_START_FROM: Starts = {
    "revise": _OPEN,
    "change_status": {Status.PIPELINE, Status.IMPLEMENTATION},
    "suspend": ACTING,
    "resume": {Status.SUSPENDED},
    "cancel": _OPEN,
    "join_partner": _OPEN,
    "leave_partner": _OPEN,
    "answer_gap": _OPEN,
    "carry_out": _OPEN,
    "define_indicator": _OPEN,
    "join_indicator": _OPEN,
    "report_measurement": {Status.IMPLEMENTATION, Status.FINALISATION},
    "close_period": {*_OPEN, Status.CLOSED},
    "correct_measurement": {*Status} - {Status.PIPELINE},
    "review_overlap": ACTING,
    "conclude": {Status.FINALISATION},
}
_NEXT = {Status.PIPELINE: Status.IMPLEMENTATION, Status.IMPLEMENTATION: Status.FINALISATION}

T = TypeVar("T")

Codes = Annotated[tuple[Code, ...], Meta(min_length=1)]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
Countries = Annotated[tuple[Country, ...], Meta(description="ISO 3166-1 alpha-2 codes of countries in them, sorted")]
Year = Annotated[int, Meta(ge=1900, le=2200)]
Number = Annotated[Decimal, Meta(description="a finite number")]
_PERIOD = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])|-Q[1-4])?")
Period = Annotated[
    str, Meta(pattern=f"^{_PERIOD.pattern}$", description="a month, `2025-10`, quarter, `2025-Q4`, or year")
]
PartnerCode = Annotated[Code, Meta(description="code of the partner organization")]
PartnerStage = Annotated[Stage, Meta(description="the stage in which it takes part")]
IndicatorCode = Annotated[Code, Meta(description="code of the indicator")]
Reporter = Annotated[Code, Meta(description="code of the organization whose measurement it is")]


class Span(Value, frozen=True, kw_only=True):
    """A period as days; both ends are in it."""

    periods: Periods
    starts_on: date
    ends_on: date

    @classmethod
    def of(cls, period: str) -> Span:
        """The days of a period. `InvalidInput` for what names none."""
        try:
            if not _PERIOD.fullmatch(period):
                raise ValueError(period)
            year, part = int(period[:4]), period[5:]
            if not part:
                return cls(periods=Periods.YEARLY, starts_on=date(year, 1, 1), ends_on=date(year, 12, 31))
            if part.startswith("Q"):
                last = 3 * int(part[1:])
                return cls(periods=Periods.QUARTERLY, starts_on=date(year, last - 2, 1), ends_on=_last_day(year, last))
            return cls(periods=Periods.MONTHLY, starts_on=date(year, int(part), 1), ends_on=_last_day(year, int(part)))
        except ValueError as error:
            problem = "is no month such as 2025-10, quarter such as 2025-Q4, or year such as 2025"
            raise InvalidInput(fields=[("period", problem)]) from error


def _last_day(year: int, month: int) -> date:
    if (year, month) == (date.max.year, date.max.month):
        return date.max
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


class Partner(Value, frozen=True, kw_only=True):
    """An organization's part in one stage of an initiative."""

    organization: Code
    stage: Stage
    role: PartnerRole


class Indicator(Value, frozen=True, kw_only=True):
    """What an initiative measures, as it was defined."""

    code: Code
    title: Title
    unit: Annotated[str, Meta(min_length=1, max_length=100)]
    direction: IndicatorDirection
    aggregation: Aggregation
    baseline: Number
    baseline_year: Year
    target: Number
    periods: Periods
    shared: bool


class Reported(Value, frozen=True, kw_only=True):
    """What one reporter measured in one period, as it stands: corrected, if it was."""

    value: Decimal
    first: Decimal
    version: int
    """Which fact of the initiative's history said so."""


class Geography(Value, frozen=True, kw_only=True):
    """What the catalogue tells of places: each region with those it lies in, itself included; each country's own."""

    regions: dict[str, frozenset[str]]
    countries: dict[str, frozenset[str]]


class Initiative(Aggregate):
    """What an organization does, or is to do, in regions and in working groups' fields, over a time, with partners."""

    TOPIC = "initiative"
    MAY_START_FROM = MAY_START_FROM

    def __init__(
        self,
        *,
        code: str,
        title: str,
        lead: str,
        regions: tuple[str, ...],
        countries: tuple[str, ...],
        working_groups: tuple[str, ...],
        clauses: tuple[str, ...],
        starts_on: date,
        ends_on: date,
        budget: Money | None,
        source: str | None,
        programme: str | None,
        visibility: Visibility,
        requested_by: str | None,
    ) -> None:
        self.code, self.title, self.lead, self.visibility = code, title, lead, visibility
        self.regions, self.countries, self.working_groups, self.clauses = regions, countries, working_groups, clauses
        self.starts_on, self.ends_on, self.budget = starts_on, ends_on, budget
        self.source, self.programme, self.requested_by = source, programme, requested_by
        self.status = Status.PIPELINE
        self.before_suspension: Status | None = None
        self.resumed = False
        """Whether it was suspended and goes on where it was."""
        self.partners: dict[tuple[str, Stage], PartnerRole] = {}
        self.former_partners: frozenset[tuple[str, Stage]] = frozenset()
        self.gaps: tuple[str, ...] = ()
        self.recommendations: tuple[str, ...] = ()
        self.indicators: dict[str, Indicator] = {}
        self.joined: dict[str, bool] = {}
        """Indicators of others that it joined, each with whether it was declared shared at that."""
        self.closed_periods: frozenset[tuple[str, str]] = frozenset()
        """Periods of its own indicators in which nothing is measured any more, by code and period."""
        self.measurements: dict[tuple[str, str, str], Reported] = {}
        """By indicator, period and reporter."""

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to an initiative."""

    @property
    def state(self) -> str:
        return self.status

    @property
    def scope(self) -> Scope:
        """What its overlaps rest on."""
        return Scope(
            lead=self.lead,
            status=self.status,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            regions=self.regions,
            working_groups=self.working_groups,
        )

    @property
    def parties(self) -> frozenset[str]:
        """The organizations whose initiative it is: lead and partners."""
        return frozenset({self.lead, *(organization for organization, _ in self.partners)})

    def is_known_to(self, actor: Actor) -> bool:
        """Whether an actor may know of it: of a restricted one, those who see everything, lead and partners."""
        return self.visibility is Visibility.COMPACT or may_know(actor, self.parties)

    def concerns(self) -> Concerns:
        return Concerns(organizations=frozenset({self.lead}), regions=frozenset(self.regions))

    def concerns_of(self, verb: str, by: Actor) -> Concerns:
        if verb == "review_overlap":
            return Concerns(bodies=frozenset(self.working_groups))
        if verb in ("leave_partner", "report_measurement", "correct_measurement"):
            return Concerns(organizations=self.parties)
        return self.concerns()

    def _no(self, rule: str, **details: str | int) -> RuleViolation:
        return RuleViolation(rule, state=self.state, allowed=self._verbs(), details=details)

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The initiative was taken into the register; it is in the pipeline."""

        TOPIC: ClassVar[str] = "initiative.registered"
        code: Annotated[Code, Meta(description="unique among initiatives")]
        title: Annotated[Title, Meta(description="what it is called")]
        lead: Annotated[Code, Meta(description="code of the organization that leads it")]
        regions: Annotated[Codes, Meta(description="codes of its regions, sorted; none lies in another")]
        countries: Countries = ()
        working_groups: Annotated[Codes, Meta(description="working groups in whose field it lies, sorted")]
        clauses: Annotated[tuple[Code, ...], Meta(description="clauses of frameworks it rests on, sorted")] = ()
        starts_on: Annotated[date, Meta(description="first day")]
        ends_on: Annotated[date, Meta(description="last day")]
        budget: Annotated[Money | None, Meta(description="what it costs, as far as that is known")] = None
        source: Annotated[Title | None, Meta(description="where the money comes from, in words")] = None
        programme: Annotated[Title | None, Meta(description="programme or appeal that it belongs to, in words")] = None
        visibility: Annotated[Visibility, Meta(description="who may know of it")]
        requested_by: Annotated[Code | None, Meta(description="code of the organization that asked for it")] = None

    @classmethod
    def register(
        cls,
        *,
        code: str,
        title: str,
        lead: str,
        regions: Iterable[str],
        countries: Iterable[str],
        working_groups: Iterable[str],
        clauses: Iterable[str],
        starts_on: date,
        ends_on: date,
        budget: Money | None,
        source: str | None,
        programme: str | None,
        visibility: Visibility,
        requested_by: str | None,
        geography: Geography,
        cmd: Command,
    ) -> Initiative:
        new = cls.Created(
            **cls._first(cls.identify(code), cmd),
            code=code,
            title=title,
            lead=lead,
            regions=_sorted(regions),
            countries=_sorted(countries),
            working_groups=_sorted(working_groups),
            clauses=_sorted(clauses),
            starts_on=starts_on,
            ends_on=ends_on,
            budget=budget,
            source=source,
            programme=programme,
            visibility=visibility,
            requested_by=requested_by,
        )
        _require_dates(starts_on, ends_on)
        _require_places(new.regions, new.countries, geography)
        return cls._begin(new)

    def revise(
        self,
        *,
        geography: Geography,
        cmd: Command,
        starts_on: date | None = None,
        ends_on: date | None = None,
        regions: Sequence[str] | None = None,
        countries: Sequence[str] | None = None,
        working_groups: Sequence[str] | None = None,
        budget: Money | None = None,
        lead: str | None = None,
    ) -> None:
        """Say anew what is given; what is left out stays."""
        for field, codes in (("regions", regions), ("workingGroups", working_groups)):
            if codes is not None and not codes:
                raise InvalidInput(fields=[(field, "is empty")])
        fact = self.Revised(
            **self._next(cmd),
            starts_on=_changed(starts_on, self.starts_on),
            ends_on=_changed(ends_on, self.ends_on),
            regions=_changed(_each_sorted(regions), self.regions),
            countries=_changed(_each_sorted(countries), self.countries),
            working_groups=_changed(_each_sorted(working_groups), self.working_groups),
            budget=_changed(budget, self.budget),
            lead=_changed(lead, self.lead),
        )
        if all(getattr(fact, name) is None for name in REVISABLE):
            return
        self._may("revise", cmd)
        _require_dates(fact.starts_on or self.starts_on, fact.ends_on or self.ends_on)
        if fact.regions is not None or fact.countries is not None:
            own = self.countries if fact.countries is None else fact.countries
            _require_places(fact.regions or self.regions, own, geography)
        if fact.lead is not None and not cmd.by.holds(*SECRETARIAT):
            raise self._no("initiative.lead", lead=self.lead, asked=fact.lead)
        if any(organization == fact.lead for organization, _ in self.partners):
            raise self._no("initiative.lead_partner", organization=str(fact.lead))
        self._states(fact)

    class Revised(Event, frozen=True, kw_only=True):
        """The initiative was planned anew; what is not said stays as it was."""

        TOPIC: ClassVar[str] = "initiative.revised"
        starts_on: Annotated[date | None, Meta(description="first day")] = None
        ends_on: Annotated[date | None, Meta(description="last day")] = None
        regions: Annotated[Codes | None, Meta(description="all of its regions, sorted")] = None
        countries: Annotated[tuple[Country, ...] | None, Meta(description="all of its countries, sorted")] = None
        working_groups: Annotated[Codes | None, Meta(description="all of its working groups, sorted")] = None
        budget: Annotated[Money | None, Meta(description="what it costs")] = None
        lead: Annotated[Code | None, Meta(description="code of the organization that leads it from now on")] = None

        def apply(self, it: Initiative) -> None:
            for name in REVISABLE:
                if (value := getattr(self, name)) is not None:
                    setattr(it, name, value)

    def change_status(self, *, status: Status, cmd: Command) -> None:
        """Go forward one step."""
        if self.status is status:
            return
        self._may("change_status", cmd)
        if status is not _NEXT[self.status]:
            raise self._no("initiative.status", status=self.status, next=_NEXT[self.status], asked=status)
        self._states(self.StatusChanged(**self._next(cmd), status=status, before=self.status))

    class StatusChanged(Event, frozen=True, kw_only=True):
        """The initiative went forward a step."""

        TOPIC: ClassVar[str] = "initiative.status_changed"
        status: Annotated[Status, Meta(description="where it stands from now on")]
        before: Annotated[Status, Meta(description="where it stood")]

        def apply(self, it: Initiative) -> None:
            it.status, it.resumed = self.status, False

    def suspend(self, *, cmd: Command) -> None:
        if self.status is Status.SUSPENDED:
            return
        self._may("suspend", cmd)
        self._states(self.Suspended(**self._next(cmd), before=self.status))

    class Suspended(Event, frozen=True, kw_only=True):
        """The initiative rests; it may go on where it was."""

        TOPIC: ClassVar[str] = "initiative.suspended"
        before: Annotated[Status, Meta(description="where it stood, and goes on")]

        def apply(self, it: Initiative) -> None:
            it.before_suspension, it.status, it.resumed = self.before, Status.SUSPENDED, False

    def resume(self, *, cmd: Command) -> None:
        if self.resumed:
            return
        self._may("resume", cmd)
        self._states(self.Resumed(**self._next(cmd), status=self.before_suspension or Status.PIPELINE))

    class Resumed(Event, frozen=True, kw_only=True):
        """The initiative goes on where it was when it was suspended."""

        TOPIC: ClassVar[str] = "initiative.resumed"
        status: Annotated[Status, Meta(description="where it stands again")]

        def apply(self, it: Initiative) -> None:
            it.status, it.before_suspension, it.resumed = self.status, None, True

    def cancel(self, *, cmd: Command) -> None:
        if self.status is Status.CANCELLED:
            return
        self._may("cancel", cmd)
        self._states(self.Cancelled(**self._next(cmd), before=self.status))

    class Cancelled(Event, frozen=True, kw_only=True):
        """The initiative was given up before its end."""

        TOPIC: ClassVar[str] = "initiative.cancelled"
        before: Annotated[Status, Meta(description="where it stood")]

        def apply(self, it: Initiative) -> None:
            it.status, it.before_suspension, it.resumed = Status.CANCELLED, None, False

    def join_partner(self, *, organization: str, stage: Stage, role: PartnerRole, cmd: Command) -> None:
        if self.partners.get((organization, stage)) is role:
            return
        self._may("join_partner", cmd)
        if organization == self.lead:
            raise self._no("initiative.lead_partner", organization=organization)
        if known := self.partners.get((organization, stage)):
            raise self._no("initiative.partner", organization=organization, stage=stage, role=known)
        self._states(self.PartnerJoined(**self._next(cmd), organization=organization, stage=stage, role=role))

    class PartnerJoined(Event, frozen=True, kw_only=True):
        """An organization takes part in a stage of the initiative."""

        TOPIC: ClassVar[str] = "initiative.partner_joined"
        organization: PartnerCode
        stage: PartnerStage
        role: Annotated[PartnerRole, Meta(description="as what it takes part")]

        def apply(self, it: Initiative) -> None:
            it.partners[self.organization, self.stage] = self.role
            it.former_partners -= {(self.organization, self.stage)}

    def leave_partner(self, *, organization: str, stage: Stage, cmd: Command) -> None:
        if (organization, stage) in self.former_partners:
            return
        self._may("leave_partner", cmd)
        role = self.partners.get((organization, stage))
        if role is None:
            raise NotFound(kind="Partner", reference=organization)
        self._states(self.PartnerLeft(**self._next(cmd), organization=organization, stage=stage, role=role))

    class PartnerLeft(Event, frozen=True, kw_only=True):
        """An organization takes part in a stage of the initiative no more."""

        TOPIC: ClassVar[str] = "initiative.partner_left"
        organization: PartnerCode
        stage: PartnerStage
        role: Annotated[PartnerRole, Meta(description="as what it took part")]

        def apply(self, it: Initiative) -> None:
            del it.partners[self.organization, self.stage]
            it.former_partners |= {(self.organization, self.stage)}

    def answer_gap(self, *, gap: str, open: bool, cmd: Command) -> None:
        if gap in self.gaps:
            return
        self._may("answer_gap", cmd)
        if not open:
            raise self._no("initiative.gap", gap=gap)
        self._states(self.GapAnswered(**self._next(cmd), gap=gap))

    class GapAnswered(Event, frozen=True, kw_only=True):
        """The initiative is to fill a capacity gap that was voiced."""

        TOPIC: ClassVar[str] = "initiative.gap_answered"
        gap: Annotated[Code, Meta(description="code of the capacity gap")]

        def apply(self, it: Initiative) -> None:
            it.gaps = (*it.gaps, self.gap)

    def carry_out(self, *, recommendation: str, live: bool, cmd: Command) -> None:
        if recommendation in self.recommendations:
            return
        self._may("carry_out", cmd)
        if not live:
            raise self._no("initiative.recommendation", recommendation=recommendation)
        self._states(self.RecommendationTakenOn(**self._next(cmd), recommendation=recommendation))

    class RecommendationTakenOn(Event, frozen=True, kw_only=True):
        """The initiative carries out a recommendation that was adopted, or a part of it."""

        TOPIC: ClassVar[str] = "initiative.recommendation_taken_on"
        recommendation: Annotated[Code, Meta(description="code of the recommendation")]

        def apply(self, it: Initiative) -> None:
            it.recommendations = (*it.recommendations, self.recommendation)

    def define_indicator(
        self,
        *,
        code: str,
        title: str,
        unit: str | None,
        direction: IndicatorDirection,
        aggregation: Aggregation,
        baseline: Decimal,
        baseline_year: int,
        target: Decimal,
        periods: Periods,
        shared: bool,
        cmd: Command,
    ) -> None:
        """Say what is measured. Whether its code is free, the command asks."""
        if unit is None:
            self._may("define_indicator", cmd)
            raise self._no("initiative.unit", indicator=code)
        new = Indicator(
            code=code,
            title=title,
            unit=unit,
            direction=direction,
            aggregation=aggregation,
            baseline=_finite(baseline, "baseline"),
            baseline_year=baseline_year,
            target=_finite(target, "target"),
            periods=periods,
            shared=shared,
        )
        if self.indicators.get(code) == new:
            return
        self._may("define_indicator", cmd)
        if code in self.indicators:
            raise RuleViolation("code.taken")
        if direction is IndicatorDirection.DOWN and aggregation is Aggregation.SUM:
            raise self._no("initiative.aggregation", direction=direction, aggregation=aggregation)
        if (target > baseline) is not (direction is IndicatorDirection.UP) or target == baseline:
            raise self._no("initiative.target", baseline=str(baseline), target=str(target), direction=direction)
        self._states(self.IndicatorDefined(**self._next(cmd), indicator=new))

    class IndicatorDefined(Event, frozen=True, kw_only=True):
        """It was said what the initiative measures, from where to where; others may join in."""

        TOPIC: ClassVar[str] = "initiative.indicator_defined"
        indicator: Annotated[Indicator, Meta(description="what is measured, in which unit, from where to where")]

        def takes(self) -> Sequence[str]:
            return (indicator_claim(self.indicator.code),)

        def apply(self, it: Initiative) -> None:
            it.indicators[self.indicator.code] = self.indicator

    def join_indicator(self, *, indicator: str, definer: Initiative, shared: bool, cmd: Command) -> None:
        """Measure by an indicator that another initiative has defined, and that all who see this one may see."""
        if self.joined.get(indicator) is shared:
            return
        self._may("join_indicator", cmd)
        if indicator in self.joined or definer is self or definer.visibility is Visibility.RESTRICTED:
            raise self._no("initiative.joint", indicator=indicator)
        self._states(self.IndicatorJoined(**self._next(cmd), indicator=indicator, shared=shared))

    class IndicatorJoined(Event, frozen=True, kw_only=True):
        """The initiative measures by an indicator that another has defined."""

        TOPIC: ClassVar[str] = "initiative.indicator_joined"
        indicator: IndicatorCode
        shared: Annotated[
            bool, Meta(description="its results are those of the others too, so that they are not added up")
        ]

        def apply(self, it: Initiative) -> None:
            it.joined[self.indicator] = self.shared

    def report_measurement(
        self, *, indicator: str, definer: Initiative, period: str, organization: str, value: Decimal, cmd: Command
    ) -> None:
        """Take in what an organization measured in a period."""
        known, value = self.measurements.get((indicator, period, organization)), _finite(value, "value")
        if known is not None and known.value == value:
            return
        self._may("report_measurement", cmd)
        defined, span = self._measured(indicator, definer), Span.of(period)
        if organization not in self.parties:
            raise self._no("initiative.reporter", organization=organization)
        if (
            span.periods is not defined.periods
            or span.starts_on > cmd.today
            or span.starts_on > self.ends_on
            or span.ends_on < self.starts_on
        ):
            raise self._no(
                "initiative.period",
                periods=defined.periods,
                starts_on=self.starts_on.isoformat(),
                ends_on=self.ends_on.isoformat(),
                asked=period,
            )
        if (indicator, period) in definer.closed_periods:
            raise self._no("initiative.period_closed", indicator=indicator, period=period)
        if known is not None:
            raise self._no("initiative.measured", indicator=indicator, period=period, value=str(known.value))
        self._states(
            self.MeasurementReported(
                **self._next(cmd),
                indicator=indicator,
                period=period,
                organization=organization,
                value=value,
            )
        )

    class MeasurementReported(Event, frozen=True, kw_only=True):
        """An organization told what it measured in a period."""

        TOPIC: ClassVar[str] = "initiative.measurement_reported"
        indicator: IndicatorCode
        period: Period
        organization: Reporter
        value: Annotated[Decimal, Meta(description="what was measured, in the indicator's unit")]

        def apply(self, it: Initiative) -> None:
            reported = Reported(value=self.value, first=self.value, version=self.originator_version)
            it.measurements[self.indicator, self.period, self.organization] = reported

    def close_period(self, *, indicator: str, period: str, cmd: Command) -> None:
        """Let nothing more be measured in a period, by whichever initiative."""
        if (indicator, period) in self.closed_periods:
            return
        self._may("close_period", cmd)
        if indicator in self.joined:
            raise self._no("initiative.definer", indicator=indicator)
        defined, span = self._measured(indicator, self), Span.of(period)
        if span.periods is not defined.periods or span.starts_on > cmd.today:
            raise self._no("initiative.period", periods=defined.periods, asked=period)
        self._states(self.PeriodClosed(**self._next(cmd), indicator=indicator, period=period))

    class PeriodClosed(Event, frozen=True, kw_only=True):
        """Nothing more is measured in the period, here or in the initiatives that have joined the indicator."""

        TOPIC: ClassVar[str] = "initiative.period_closed"
        indicator: IndicatorCode
        period: Period

        def apply(self, it: Initiative) -> None:
            it.closed_periods |= {(self.indicator, self.period)}

    def correct_measurement(
        self, *, indicator: str, period: str, organization: str, value: Decimal, cmd: Command
    ) -> None:
        """Put right what was reported of a period, closed or not."""
        known, value = self.measurements.get((indicator, period, organization)), _finite(value, "value")
        if known is not None and known.value == value:
            return
        self._may("correct_measurement", cmd)
        self._require_measured(indicator)
        if known is None:
            raise NotFound(kind="Measurement", reference=f"{indicator} {period} {organization}")
        self._states(
            self.MeasurementCorrected(
                **self._next(cmd),
                indicator=indicator,
                period=period,
                organization=organization,
                value=value,
                before=known.value,
                corrects=known.version,
            )
        )

    class MeasurementCorrected(Event, frozen=True, kw_only=True):
        """What an organization had told of a period was wrong; it is as said here."""

        TOPIC: ClassVar[str] = "initiative.measurement_corrected"
        indicator: IndicatorCode
        period: Period
        organization: Reporter
        value: Annotated[Decimal, Meta(description="what was measured, in the indicator's unit")]
        before: Annotated[Decimal, Meta(description="what had been told")]
        corrects: Annotated[int, Meta(ge=1, description="the fact that is corrected, by its place in this history")]

        def apply(self, it: Initiative) -> None:
            key = (self.indicator, self.period, self.organization)
            first = it.measurements[key].first
            it.measurements[key] = Reported(value=self.value, first=first, version=self.originator_version)

    def conclude(self, *, evaluation: Sealed, cmd: Command) -> None:
        """Close with an evaluation. It is stated once: of another, nobody could say whether it is the same."""
        self._may("conclude", cmd)
        self._states(self.Concluded(**self._next(cmd), evaluation=evaluation))

    class Concluded(Event, frozen=True, kw_only=True):
        """The initiative came to its end and was evaluated."""

        TOPIC: ClassVar[str] = "initiative.concluded"
        evaluation: Annotated[Sealed, Meta(description="what came of it, in words")]

        def apply(self, it: Initiative) -> None:
            it.status, it.resumed = Status.CLOSED, False

    def require_acting(self, verb: str, cmd: Command) -> None:
        """Refuse what is done about an initiative elsewhere, where its state does not let it."""
        self._may(verb, cmd)

    def _measured(self, indicator: str, definer: Initiative) -> Indicator:
        """The indicator by which it measures, as it was defined. `NotFound` if it neither defined nor joined it."""
        self._require_measured(indicator)
        return definer.indicators[indicator]

    def _require_measured(self, indicator: str) -> None:
        if indicator not in self.indicators and indicator not in self.joined:
            raise NotFound(kind="Indicator", reference=indicator)


REVISABLE = ("starts_on", "ends_on", "regions", "countries", "working_groups", "budget", "lead")
"""What a revision may say anew."""


def indicator_claim(code: str) -> str:
    """What keeps the code of an indicator to the initiative that defined it."""
    return f"indicator:{code}"


def _sorted(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(codes)))


def _each_sorted(codes: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if codes is None else _sorted(codes)


def _changed(new: T | None, present: T | None) -> T | None:
    """What is said anew, where it is not what stands."""
    return None if new == present else new


def _finite(value: Decimal, field: str) -> Decimal:
    if not value.is_finite():
        raise InvalidInput(fields=[(camel_case(field), "is not a number")])
    return value


def _require_dates(starts_on: date, ends_on: date) -> None:
    if ends_on < starts_on:
        raise RuleViolation(
            "initiative.dates", details={"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
        )


def _require_places(regions: Iterable[str], countries: Iterable[str], geography: Geography) -> None:
    """Refuse a region beside one that it lies in, and a country in none of the regions."""
    named = set(regions)
    for region in sorted(named):
        wider = geography.regions[region] & named - {region}
        if GLOBAL in named and region != GLOBAL:
            wider |= {GLOBAL}
        if wider:
            raise RuleViolation("initiative.regions", details={"region": region, "lies_in": min(wider)})
    for country in countries:
        if GLOBAL not in named and not geography.countries[country] & named:
            lies_in = " ".join(sorted(geography.countries[country]))
            raise RuleViolation("initiative.countries", details={"country": country, "lies_in": lies_in})


@cache
def _home() -> Mapping[str, str]:
    """Where this release's catalogue has each country: where to look first, the facts say whether it is still so."""
    return {country: seed["code"] for seed in seeds() for country in seed["countries"]}


def known_initiative(work: Work, reference: UUID | str) -> Initiative:
    """The initiative that a command names. `NotFound`, also where the actor may not know of it."""
    it = work.find(Initiative, reference if isinstance(reference, UUID) else Initiative.identify(reference))
    if it is None or not it.is_known_to(work.by):
        raise NotFound(kind="Initiative", reference=str(reference))
    return it


def require_definer(work: Work, indicator: str) -> Initiative:
    """The initiative that defined an indicator. `NotFound`, also where the actor may not know of it."""
    holder = work.store.holder(indicator_claim(indicator))
    definer = work.find(Initiative, holder) if holder else None
    if definer is None or not definer.is_known_to(work.by):
        raise NotFound(kind="Indicator", reference=indicator)
    return definer


class Initiatives(Commands):
    """What may be asked of initiatives. An initiative is named by id or code.

    Of a restricted one nobody learns anything but those who may know of it: to all others every command answers as if
    it were not there.
    """

    def register(
        self,
        *,
        code: str,
        title: str,
        lead: str,
        regions: Sequence[str],
        working_groups: Sequence[str],
        starts_on: date,
        ends_on: date,
        countries: Sequence[str] = (),
        clauses: Sequence[str] = (),
        budget: Money | None = None,
        source: str | None = None,
        programme: str | None = None,
        visibility: Visibility = Visibility.COMPACT,
        requested_by: str | None = None,
    ) -> Initiative:
        self._about(Initiative.identify(code))
        self._allow(organizations=[lead])
        standing = self._find(Initiative, code)
        if standing is None:
            for organization in (lead, requested_by) if requested_by else (lead,):
                require_organization(self._work, organization)
            self._require_entries(regions=regions, working_groups=working_groups, clauses=clauses)
        new = Initiative.register(
            code=code,
            title=title,
            lead=lead,
            regions=regions,
            countries=countries,
            working_groups=working_groups,
            clauses=clauses,
            starts_on=starts_on,
            ends_on=ends_on,
            budget=budget,
            source=source,
            programme=programme,
            visibility=visibility,
            requested_by=requested_by,
            geography=self._geography(regions, countries),
            cmd=self._cmd,
        )
        if standing is not None and not standing.is_known_to(self._cmd.by):
            raise RuleViolation("code.taken")
        return self._add(new)

    def revise(
        self,
        initiative: UUID | str,
        *,
        starts_on: date | None = None,
        ends_on: date | None = None,
        regions: Sequence[str] | None = None,
        countries: Sequence[str] | None = None,
        working_groups: Sequence[str] | None = None,
        budget: Money | None = None,
        lead: str | None = None,
    ) -> Initiative:
        """Plan anew. What is left out stays as it is."""
        it = self._subject(initiative)
        self._require_entries(regions=_new(regions, it.regions), working_groups=_new(working_groups, it.working_groups))
        if lead is not None and lead != it.lead:
            require_organization(self._work, lead)
        it.revise(
            starts_on=starts_on,
            ends_on=ends_on,
            regions=regions,
            countries=countries,
            working_groups=working_groups,
            budget=budget,
            lead=lead,
            geography=self._geography(
                it.regions if regions is None else regions, it.countries if countries is None else countries
            ),
            cmd=self._cmd,
        )
        return it

    def change_status(self, initiative: UUID | str, *, status: Status) -> Initiative:
        it = self._subject(initiative)
        it.change_status(status=status, cmd=self._cmd)
        return it

    def suspend(self, initiative: UUID | str) -> Initiative:
        it = self._subject(initiative)
        it.suspend(cmd=self._cmd)
        return it

    def resume(self, initiative: UUID | str) -> Initiative:
        it = self._subject(initiative)
        it.resume(cmd=self._cmd)
        return it

    def cancel(self, initiative: UUID | str) -> Initiative:
        it = self._subject(initiative)
        it.cancel(cmd=self._cmd)
        return it

    def join_partner(self, initiative: UUID | str, *, organization: str, stage: Stage, role: PartnerRole) -> Initiative:
        it = self._subject(initiative)
        if organization not in it.parties:
            require_organization(self._work, organization)
        it.join_partner(organization=organization, stage=stage, role=role, cmd=self._cmd)
        return it

    def leave_partner(self, initiative: UUID | str, *, organization: str, stage: Stage) -> Initiative:
        """A partner leaves by itself, or the lead lets it go."""
        it = self._subject(initiative, organization)
        it.leave_partner(organization=organization, stage=stage, cmd=self._cmd)
        return it

    def answer_gap(self, initiative: UUID | str, *, gap: str) -> Initiative:
        it = self._subject(initiative)
        it.answer_gap(gap=gap, open=require_gap(self._work, gap).open, cmd=self._cmd)
        return it

    def carry_out(self, initiative: UUID | str, *, recommendation: UUID | str) -> Initiative:
        it = self._subject(initiative)
        asked = self._get(Recommendation, recommendation)
        live = asked.announced and asked.state in set(FollowUp)
        it.carry_out(recommendation=asked.code, live=live, cmd=self._cmd)
        return it

    def define_indicator(
        self,
        initiative: UUID | str,
        *,
        code: str,
        title: str,
        direction: IndicatorDirection,
        aggregation: Aggregation,
        baseline: Decimal,
        baseline_year: int,
        target: Decimal,
        periods: Periods,
        unit: str | None = None,
        shared: bool = False,
    ) -> Initiative:
        it = self._subject(initiative)
        if self._work.store.holder(indicator_claim(code)) not in (None, it.id):
            raise RuleViolation("code.taken")
        it.define_indicator(
            code=code,
            title=title,
            unit=unit,
            direction=direction,
            aggregation=aggregation,
            baseline=baseline,
            baseline_year=baseline_year,
            target=target,
            periods=periods,
            shared=shared,
            cmd=self._cmd,
        )
        return it

    def join_indicator(self, initiative: UUID | str, *, indicator: str, shared: bool = False) -> Initiative:
        it = self._subject(initiative)
        definer = require_definer(self._work, indicator)
        it.join_indicator(indicator=indicator, definer=definer, shared=shared, cmd=self._cmd)
        return it

    def report_measurement(self, initiative: UUID | str, *, indicator: str, period: str, value: Decimal) -> Initiative:
        """Report what the organization that speaks has measured."""
        it, organization = self._reported(initiative)
        it.report_measurement(
            indicator=indicator,
            definer=require_definer(self._work, indicator),
            period=period,
            organization=organization,
            value=value,
            cmd=self._cmd,
        )
        return it

    def close_period(self, initiative: UUID | str, *, indicator: str, period: str) -> Initiative:
        it = self._subject(initiative)
        require_definer(self._work, indicator)
        it.close_period(indicator=indicator, period=period, cmd=self._cmd)
        return it

    def correct_measurement(self, initiative: UUID | str, *, indicator: str, period: str, value: Decimal) -> Initiative:
        """Put right what the organization that speaks has reported."""
        it, organization = self._reported(initiative)
        it.correct_measurement(
            indicator=indicator, period=period, organization=organization, value=value, cmd=self._cmd
        )
        return it

    def review_overlap(
        self, initiative: UUID | str, *, other: UUID | str, outcome: OverlapOutcome, note: str | None = None
    ) -> Initiative:
        """Say what is to be done about the overlap of two initiatives; a review before it holds no longer."""
        it, another = known_initiative(self._work, initiative), known_initiative(self._work, other)
        it = self._load(Initiative, it.id)
        self._allow(bodies=sorted(set(it.working_groups) & set(another.working_groups)))
        it.require_acting("review_overlap", self._cmd)
        for one in (it, another):
            one.require_begun(self._cmd.effective)
        scopes = {it.code: it.scope, another.code: another.scope}
        within = self._within([*it.regions, *another.regions])
        found = overlap(it.scope, another.scope, within=within)
        if outcome is OverlapOutcome.DISMISSED:
            self._require_reason()
        id = OverlapReview.key(it.code, another.code)
        sealed = self._seal(note, field="note", about=id)
        standing = self._find(OverlapReview, id)
        if standing is None:
            self._add(OverlapReview.make(scopes=scopes, found=found, outcome=outcome, note=sealed, cmd=self._cmd))
        else:
            standing.renew(scopes=scopes, found=found, outcome=outcome, note=sealed, cmd=self._cmd)
        return it

    def review_gap(
        self,
        *,
        region: str,
        working_group: str,
        gaps: Sequence[str],
        outcome: GapOutcome,
        note: str | None = None,
    ) -> GapReview:
        """Say what is to be done about the open gaps of a region in a working group's field: it holds for these gaps.

        What was said already may be said again, whichever gaps are open by then.
        """
        id = GapReview.key(region, working_group)
        self._about(id)
        self._allow(bodies=[working_group])
        standing = self._find(GapReview, id)
        if standing is None:
            self._require_entries(regions=[region], working_groups=[working_group])
        elif standing.has_said(outcome=outcome, gaps=gaps, note=note):
            return standing
        self._require_gaps(gaps, region, working_group)
        if outcome is GapOutcome.DISMISSED:
            self._require_reason()
        sealed = self._seal(note, field="note", about=id)
        if standing is not None:
            standing.renew(outcome=outcome, gaps=gaps, note=sealed, cmd=self._cmd)
            return standing
        return self._add(
            GapReview.make(
                region=region, working_group=working_group, outcome=outcome, gaps=gaps, note=sealed, cmd=self._cmd
            )
        )

    def conclude(self, initiative: UUID | str, *, evaluation: str) -> Initiative:
        it = self._subject(initiative)
        if not evaluation.strip():
            raise InvalidInput(fields=[("evaluation", "is empty")])
        sealed = self._work.seal(evaluation, field="evaluation", about=it.sealed_under)
        it.conclude(evaluation=sealed, cmd=self._cmd)
        return it

    def _subject(self, initiative: UUID | str, *others: str) -> Initiative:
        """The initiative of a command that is its lead's, or that of others whom it is about."""
        it = self._load(Initiative, known_initiative(self._work, initiative).id)
        self._allow(organizations=[it.lead, *others], regions=it.regions)
        return it

    def _reported(self, initiative: UUID | str) -> tuple[Initiative, str]:
        """The initiative of a command about a measurement, and whose it is: that of the organization that speaks."""
        it = self._load(Initiative, known_initiative(self._work, initiative).id)
        organization = self._cmd.organization
        self._allow(organizations=[organization] if organization in it.parties else [])
        if organization is None:
            raise InvalidInput(fields=[("onBehalfOf", "is needed: the actor belongs to no organization")])
        return it, organization

    def _require_gaps(self, gaps: Sequence[str], region: str, working_group: str) -> None:
        """Refuse other gaps than all those that are open in a region and in a working group's field."""

        def counts(gap: CapacityGap) -> bool:
            here = region == GLOBAL or region in ancestors(self._work, [gap.region])
            return gap.open and here and gap.working_group == working_group

        for code in gaps:
            gap = require_gap(self._work, code)
            session_of_gap(self._work, code).require_begun(self._cmd.effective)
            if not counts(gap):
                details = {"gap": code, "region": gap.region, "working_group": gap.working_group}
                raise RuleViolation("finding.gap", details=details)
        missing = [gap.code for gap in open_gaps(self._work) if gap.code not in gaps and counts(gap)]
        if gaps and missing:
            details = {"missing": " ".join(missing), "region": region, "working_group": working_group}
            raise RuleViolation("finding.gaps", details=details)

    def _require_reason(self) -> None:
        """What is dismissed in a review is dismissed for a reason."""
        if self._cmd.reason is None:
            raise RuleViolation("reason.required")

    def _require_entries(
        self, *, regions: Iterable[str] = (), working_groups: Iterable[str] = (), clauses: Iterable[str] = ()
    ) -> None:
        for kind, codes, field in (
            (EntryKind.REGION, regions, "regions"),
            (EntryKind.WORKING_GROUP, working_groups, "workingGroups"),
            (EntryKind.CLAUSE, clauses, "clauses"),
        ):
            require_entries(self._work, kind, codes, field=field)

    def _within(self, regions: Iterable[str]) -> dict[str, frozenset[str]]:
        return {region: ancestors(self._work, [region]) for region in regions}

    def _geography(self, regions: Iterable[str], countries: Iterable[str]) -> Geography:
        """What the catalogue tells of the places named. `InvalidInput` for a country that is none."""
        named = dict.fromkeys(regions)
        unknown = [(f"countries[{n}]", "is no country") for n, code in enumerate(countries) if code not in _home()]
        if unknown:
            raise InvalidInput(fields=unknown)
        return Geography(
            regions=self._within(named), countries={country: self._lies_in(country, named) for country in countries}
        )

    def _lies_in(self, country: str, regions: Iterable[str]) -> frozenset[str]:
        """The regions that a country lies in, as far as it is asked: those that list it, and those these lie in."""
        entries = (self._work.find(Entry, Entry.key(EntryKind.REGION, code)) for code in [_home()[country], *regions])
        listing = [entry.code for entry in entries if entry is not None and country in entry.countries]
        return ancestors(self._work, listing)


def _new(codes: Sequence[str] | None, known: Iterable[str]) -> list[str]:
    return [code for code in codes or () if code not in set(known)]
