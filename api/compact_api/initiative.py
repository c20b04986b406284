"""Initiatives: who does what, where and when, with whom; and what reviews made of overlaps and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from compact_domain.finding import GapOutcome, OverlapOutcome, Status
from compact_domain.initiative import Initiative as InitiativeAggregate
from compact_domain.initiative import PartnerRole, Stage, Visibility
from compact_projections.asking import Asking, Condition, Order, Where
from compact_projections.indicators import IndicatorJoinRow, IndicatorRow, MeasurementRow
from compact_projections.initiatives import (
    GapReviewRow,
    InitiativeRow,
    OverlapFound,
    OverlapReviewRow,
    PartnerRow,
    lying_in,
    open_gaps,
    running,
    with_partner_in,
)

from .catalogue import Clause, Region, WorkingGroup
from .context import Info
from .fields import question
from .listing import Choice, CodeFilter, DateFilter, Direction, Listing, TextFilter, YesNo, codes
from .lookahead import brought
from .moments import Asked
from .nodes import Subject
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .recommendation import Recommendation
from .scalars import Code, CountryCode, Position
from .session import CapacityGap
from .shapes import described, enumeration, form, shape
from .stated import Stated, found_of
from .vocabulary import Money

if TYPE_CHECKING:
    from .indicator import Indicator, Measurement

enumeration(
    Status,
    named="InitiativeStatus",
    PIPELINE="It is being planned, or waits for its money.",
    IMPLEMENTATION="It is being carried out.",
    FINALISATION="The work is done; accounts or the evaluation are still open.",
    CLOSED="It was concluded with an evaluation.",
    SUSPENDED="It rests, and may go on where it was.",
    CANCELLED="It was given up before its end.",
)
enumeration(
    Visibility,
    COMPACT="Everybody may know of it.",
    RESTRICTED="Only its lead, its partners, the secretariat and auditors may know of it. Others see it counted.",
)
enumeration(
    Stage,
    named="PartnerStage",
    CONSULTATION="It was asked before the initiative was planned, or while it is.",
    CO_DESIGN="It has a hand in the plan.",
    IMPLEMENTATION="It has a hand in the work.",
)
enumeration(
    PartnerRole,
    FUNDING="It gives money.",
    ACCOUNTABLE="It answers for the result.",
    EXTENDING="It manages money and direction for those who do the work.",
    IMPLEMENTING="It does the work.",
)
enumeration(
    OverlapOutcome,
    COORDINATE="The two are to work in step.",
    MERGE="The two are to become one.",
    JUSTIFIED="Both are needed as they are.",
    DISMISSED="They do not overlap in fact; the reason says why.",
)
enumeration(
    GapOutcome,
    ADDRESS="An initiative is to be found for it.",
    COVERED_ELSEWHERE="It is acted on by somebody outside the Compact.",
    ACCEPTED="It is to stay open for now.",
    DISMISSED="It is none in fact; the reason says why.",
)


@shape
class InitiativePartner:
    """An organization's part in one stage of an initiative."""

    row: strawberry.Private[PartnerRow]
    asking: strawberry.Private[Asking]

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def stage(self) -> Stage:
        """The stage in which it takes part."""
        return self.row.stage

    @question
    def role(self) -> PartnerRole:
        """As what it takes part."""
        return self.row.role

    @question
    def joined_on(self) -> date:
        """The day from which it does."""
        return self.row.joined_on

    @question
    def left_on(self) -> date | None:
        """The day from which it does no more; null while it does."""
        return self.row.left_on


@shape
class OverlapScore:
    """How much two initiatives overlap, of 100 points, and how the points come about."""

    total: Decimal = described("All points.")
    working_groups: Decimal = described("40 · shared working groups / those of the one with fewer.")
    regions: Decimal = described("30 · shared regions / those of the one with fewer.")
    months: Decimal = described("30 · shared calendar months / those of the shorter one.")


@shape
class InitiativeOverlap:
    """An initiative with which another overlaps, or would: other leads, both act, and they share what is told here."""

    found: strawberry.Private[OverlapFound]
    asking: strawberry.Private[Asking]

    @question
    def initiative(self) -> Initiative:
        """The other one."""
        return Initiative.of(self.found.other, self.asking)

    @question
    def score(self) -> OverlapScore:
        """How much they overlap."""
        return score_of(self.found)

    @question
    async def working_groups(self, info: Info) -> list[WorkingGroup]:
        """The working groups of both."""
        return await WorkingGroup.coded_all(info, self.asking, self.found.overlap.working_groups)

    @question
    async def regions(self, info: Info) -> list[Region]:
        """The regions of both; where one's lies in the other's, the wider."""
        return await Region.coded_all(info, self.asking, self.found.overlap.regions)

    @question
    def first_month(self) -> date:
        """First day of the first calendar month that both touch."""
        return self.found.overlap.first_month

    @question
    def months(self) -> int:
        """How many calendar months both touch."""
        return self.found.overlap.months

    @question
    def partners(self) -> bool:
        """Whether who leads one is a partner in the other. It is told, and takes no points off."""
        return self.found.partners


def score_of(found: OverlapFound | OverlapReviewRow) -> OverlapScore:
    """A score as the schema shows it."""
    value = found.overlap
    return OverlapScore(
        total=value.score, working_groups=value.group_score, regions=value.region_score, months=value.month_score
    )


@shape
class OverlapReview(Stated):
    """What the latest review made of the overlap of two initiatives."""

    row: strawberry.Private[OverlapReviewRow]

    @question
    async def initiatives(self, info: Info) -> list[Initiative]:
        """The two, by code."""
        return await found_of(Initiative.found(info, self.asking, code) for code in (self.row.one, self.row.other))

    @question
    def outcome(self) -> OverlapOutcome:
        """What is to be done about it."""
        return self.row.outcome

    @question
    def score(self) -> OverlapScore:
        """How much they overlapped then."""
        return score_of(self.row)

    @question
    async def outdated(self, info: Info) -> bool:
        """Whether one of them has changed its dates, regions, working groups or status since: it holds no longer."""
        one, other = self.row.one_id, self.row.other_id
        rows = await found_of(info.context.one(self.asking, InitiativeRow, "id", id) for id in (one, other))
        return len(rows) != 2 or not self.row.holds(rows[0].ground, rows[1].ground)

    @question
    async def note(self, info: Info) -> str | None:
        """What was found; null if nothing was said, or it was erased."""
        return await info.context.text(self.row.note)

    @question
    def number(self) -> int:
        """Which review of these two it is, from 1."""
        return self.row.version

    @question
    def position(self) -> Position:
        """Its place in the history: it was made of what was known there."""
        return Position(self.row.position)


def overlap_review(row: OverlapReviewRow, asking: Asking) -> OverlapReview:
    """A review of an overlap as the schema shows it."""
    return OverlapReview(said=row.provenance, at=row.recorded_at, asking=asking, row=row)


@shape
class GapReview(Stated):
    """What the latest review made of the open gaps of a region in a working group's field."""

    row: strawberry.Private[GapReviewRow]

    @question
    async def region(self, info: Info) -> Region | None:
        """The region."""
        return await Region.coded(info, self.asking, self.row.region)

    @question
    async def working_group(self, info: Info) -> WorkingGroup | None:
        """The working group."""
        return await WorkingGroup.coded(info, self.asking, self.row.working_group)

    @question
    async def gaps(self, info: Info) -> list[CapacityGap]:
        """The gaps that it was told of."""
        return await found_of(CapacityGap.found(info, self.asking, code) for code in self.row.gaps)

    @question
    def outcome(self) -> GapOutcome:
        """What is to be done about them."""
        return self.row.outcome

    @question
    async def outdated(self) -> bool:
        """Whether other gaps are open there now than it was told of: it holds no longer."""
        return self.row.gaps != await open_gaps(self.asking, self.row.region, self.row.working_group)

    @question
    async def note(self, info: Info) -> str | None:
        """What was found; null if nothing was said, or it was erased."""
        return await info.context.text(self.row.note)

    @question
    def number(self) -> int:
        """Which review of this it is, from 1."""
        return self.row.version

    @question
    def position(self) -> Position:
        """Its place in the history: it was made of what was known there."""
        return Position(self.row.position)


def gap_review(row: GapReviewRow, asking: Asking) -> GapReview:
    """A review of a gap as the schema shows it."""
    return GapReview(said=row.provenance, at=row.recorded_at, asking=asking, row=row)


@shape
class Evaluation(Stated):
    """What came of an initiative."""

    row: strawberry.Private[InitiativeRow]

    @question
    async def text(self, info: Info) -> str | None:
        """The evaluation; null if it was erased."""
        return await info.context.text(self.row.evaluation)


MEASUREMENTS = Listing(MeasurementRow, default=(Order("starts_on"),))
Former = Annotated[bool, strawberry.argument("Whether to show those too who have left.")]


@shape
class Initiative(Subject):
    """What an organization does, or is to do, in regions and in working groups' fields, over a time, with partners.

    A restricted one is shown to its lead, its partners, the secretariat and auditors alone; to all others it is not
    there.
    """

    row: strawberry.Private[InitiativeRow]

    @classmethod
    def aggregate_kind(cls) -> type[InitiativeAggregate]:
        return InitiativeAggregate

    @classmethod
    def row_kind(cls) -> type[InitiativeRow]:
        return InitiativeRow

    @question
    def code(self) -> Code:
        """Unique code."""
        return Code(self.row.code)

    @question
    def title(self) -> str:
        """What it is called."""
        return self.row.title

    @question
    async def lead(self, info: Info) -> Organization | None:
        """The organization that leads it."""
        return await Organization.found(info, self.asking, self.row.lead)

    @brought(PartnerRow, by="initiative")
    def partners(self, rows: Sequence[PartnerRow], former: Former = False) -> list[InitiativePartner]:
        """Who takes part in it, by organization and stage."""
        shown = (row for row in rows if former or row.left_on is None)
        return [
            InitiativePartner(row=row, asking=self.asking)
            for row in sorted(shown, key=lambda row: (row.organization, list(Stage).index(row.stage)))
        ]

    @question
    async def regions(self, info: Info) -> list[Region]:
        """Its regions; none lies in another."""
        return await Region.coded_all(info, self.asking, self.row.regions)

    @question
    def countries(self) -> list[CountryCode]:
        """The countries in them that it is about; none: all."""
        return [CountryCode(code) for code in self.row.countries]

    @question
    async def working_groups(self, info: Info) -> list[WorkingGroup]:
        """The working groups in whose field it lies."""
        return await WorkingGroup.coded_all(info, self.asking, self.row.working_groups)

    @question
    async def clauses(self, info: Info) -> list[Clause]:
        """The clauses of frameworks that it rests on."""
        return await Clause.coded_all(info, self.asking, self.row.clauses)

    @question
    def starts_on(self) -> date:
        """First day."""
        return self.row.starts_on

    @question
    def ends_on(self) -> date:
        """Last day."""
        return self.row.ends_on

    @question
    def budget(self) -> Money | None:
        """What it costs; null if that was not said."""
        if self.row.amount is None or self.row.currency is None:
            return None
        return Money(amount=self.row.amount, currency=self.row.currency)

    @question
    def source(self) -> str | None:
        """Where the money comes from."""
        return self.row.source

    @question
    def programme(self) -> str | None:
        """The programme or appeal that it belongs to."""
        return self.row.programme

    @question
    def visibility(self) -> Visibility:
        """Who may know of it."""
        return self.row.visibility

    @question
    async def requested_by(self, info: Info) -> Organization | None:
        """The organization that asked for it, if one did."""
        return await Organization.found(info, self.asking, self.row.requested_by) if self.row.requested_by else None

    @question
    def registered_on(self) -> date:
        """The day from which it stands in the register."""
        return self.row.registered_on

    @question
    def status(self) -> Status:
        """Where it stands."""
        return self.row.status

    @question
    def status_since(self) -> date:
        """The day from which it stands there."""
        return self.row.status_since

    @question
    def status_before_suspension(self) -> Status | None:
        """Where it goes on when it is resumed; null unless it is suspended."""
        return self.row.before_suspension

    @question
    def acting(self) -> bool:
        """Whether it acts: only then does it cover anything, or overlap with anything."""
        return self.row.acting

    @question
    async def gaps(self, info: Info) -> list[CapacityGap]:
        """The capacity gaps that it answers."""
        return await found_of(CapacityGap.found(info, self.asking, code) for code in self.row.gaps)

    @question
    async def recommendations(self, info: Info) -> list[Recommendation]:
        """The recommendations that it carries out."""
        return await found_of(Recommendation.found(info, self.asking, code) for code in self.row.recommendations)

    @question
    async def indicators(self, info: Info) -> list[Annotated[Indicator, strawberry.lazy(".indicator")]]:
        """What is measured of it: its own indicators and those it has joined, by code."""
        from .indicator import Indicator

        own = await info.context.many(self.asking, IndicatorRow, "initiative", self.row.id)
        joined = await info.context.many(self.asking, IndicatorJoinRow, "initiative", self.row.id)
        others = await found_of(info.context.one(self.asking, IndicatorRow, "code", join.indicator) for join in joined)
        return [Indicator.of(row, self.asking) for row in sorted([*own, *others], key=lambda row: row.code)]

    @brought(MeasurementRow, by="initiative")
    def measurements(
        self, rows: Sequence[MeasurementRow], first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Annotated[Measurement, strawberry.lazy(".indicator")]]:
        """What was measured of it, by period."""
        from .indicator import measurement

        return MEASUREMENTS.page_of(rows, node=lambda row: measurement(row, self.asking), first=first, after=after)

    @question
    async def reviews(self, info: Info) -> list[OverlapReview]:
        """What reviews made of its overlaps with others, by their codes."""
        first = await info.context.many(self.asking, OverlapReviewRow, "one_id", self.row.id)
        second = await info.context.many(self.asking, OverlapReviewRow, "other_id", self.row.id)
        return [
            overlap_review(row, self.asking) for row in sorted([*second, *first], key=lambda row: (row.one, row.other))
        ]

    @question
    def evaluation(self) -> Evaluation | None:
        """What came of it; null unless it was concluded."""
        said, at = self.row.evaluated, self.row.evaluated_at
        return Evaluation(said=said, at=at, asking=self.asking, row=self.row) if said and at else None


@form
class InitiativeFilter:
    """Which initiatives to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    title: TextFilter | None = described("What it is called.", default=None)
    programme: TextFilter | None = described("The programme or appeal that it belongs to.", default=None)
    lead: CodeFilter | None = described("The organization that leads it.", default=None)
    partner: CodeFilter | None = described("Who takes part in it now.", default=None)
    partner_stage: Choice[Stage] | None = described("A stage in which somebody takes part in it now.", default=None)
    requested_by: CodeFilter | None = described("The organization that asked for it.", default=None)
    region: CodeFilter | None = described("Its regions: these, or such as lie in them.", default=None)
    country: CountryCode | None = described("A country in its regions that it is about.", default=None)
    working_group: CodeFilter | None = described("The working groups in whose field it lies.", default=None)
    clause: CodeFilter | None = described("The clauses that it rests on.", default=None)
    gap: CodeFilter | None = described("The capacity gaps that it answers.", default=None)
    recommendation: CodeFilter | None = described("The recommendations that it carries out.", default=None)
    status: Choice[Status] | None = described("Where it stands.", default=None)
    acting: YesNo | None = described("Whether it acts.", default=None)
    visibility: Choice[Visibility] | None = described("Who may know of it.", default=None)
    starts_on: DateFilter | None = described("First day.", default=None)
    ends_on: DateFilter | None = described("Last day.", default=None)
    running: DateFilter | None = described("Days of which at least one lies within its dates.", default=None)
    registered_on: DateFilter | None = described("The day from which it stands in the register.", default=None)


async def chosen(asking: Asking, filter: InitiativeFilter | None) -> list[Where]:
    """The conditions that a filter asks for."""
    regions = codes(filter.region) if filter and filter.region else None
    counted = None if regions is None else await lying_in(asking, regions)
    named = {
        "partner": "partners",
        "working_group": "working_groups",
        "clause": "clauses",
        "gap": "gaps",
        "recommendation": "recommendations",
    }
    return LISTING.where(
        filter,
        named,
        {
            "partner_stage": lambda given: with_partner_in(asking, _kept(given)),
            "region": lambda given: asking.compose("true") if counted is None else in_regions(counted),
            "country": lambda code: Condition("countries", "has", code),
            "running": lambda given: running(asking, first=given.eq or given.from_, last=given.eq or given.to),
        },
    )


def in_regions(regions: Sequence[str]) -> Where:
    """Initiatives that have one of the regions."""
    return Condition("regions", "overlaps", regions)


def _kept(given: Choice[Stage]) -> set[Stage]:
    stages = set(Stage) if given.in_ is None else set(given.in_)
    return stages if given.eq is None else stages & {given.eq}


class InitiativeOrderField(Enum):
    """What initiatives can be ordered by."""

    CODE = "code"
    TITLE = "title"
    LEAD = "lead"
    STARTS_ON = "starts_on"
    ENDS_ON = "ends_on"
    REGISTERED_ON = "registered_on"


enumeration(
    InitiativeOrderField,
    CODE="Its code.",
    TITLE="What it is called.",
    LEAD="The code of the organization that leads it.",
    STARTS_ON="First day.",
    ENDS_ON="Last day.",
    REGISTERED_ON="The day from which it stands in the register.",
)


@form
class InitiativeOrder:
    """An order of initiatives."""

    field: InitiativeOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


LISTING = Listing(InitiativeRow, default=(Order("code"),))

CodeArgument = Annotated[Code, strawberry.argument("Its code.")]
FilterArgument = Annotated[InitiativeFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[list[InitiativeOrder] | None, strawberry.argument("In which order; left out: by code.")]


@shape
class InitiativeQuestions(Asked):
    """Who does what, where and when."""

    @question
    async def initiative(self, info: Info, code: CodeArgument) -> Initiative | None:
        """One initiative, by code."""
        return await Initiative.found(info, await self.asking(info), code)

    @question
    async def initiatives(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Initiative]:
        """Initiatives, as far as the one who asks may know of them."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: Initiative.of(row, asking),
            where=await chosen(asking, filter),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
            info=info,
        )
