"""Initiatives: who does what, where and when, with whom; and what reviews made of overlaps and gaps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid5

from msgspec import convert
from msgspec.structs import replace
from psycopg import sql

from compact_domain.catalogue import GLOBAL, EntryKind
from compact_domain.finding import (
    ACTING,
    GapOutcome,
    GapReview,
    Overlap,
    OverlapOutcome,
    OverlapReview,
    Scope,
    Status,
    month,
    shared_by,
)
from compact_domain.initiative import Initiative, PartnerRole, Stage, Visibility
from compact_domain.kernel import Provenance, Sealed, Value
from compact_projections.asking import Asking, Condition, Where
from compact_projections.catalogue import CatalogueEntryRow
from compact_projections.kit import ReadModel, Recorded, Row, on
from compact_projections.sessions import CapacityGapRow


class InitiativeRow(Row, frozen=True, kw_only=True):
    """An initiative as its facts left it.

    A restricted one is for its lead and partners, the secretariat and auditors alone: `confined_to` names the former.
    What counts it nevertheless, as coverage does, asks the table by `stands()` and names nothing of it.
    """

    TABLE: ClassVar[str] = "initiative"
    CONFINED: ClassVar[str] = "confined_to"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("title", "code"),
        ("lead", "code"),
        ("status", "code"),
        ("acting", "code"),
        ("visibility", "code"),
        ("requested_by", "code"),
        ("starts_on", "code"),
        ("ends_on", "code"),
        ("registered_on", "code"),
    )
    LISTS: ClassVar[tuple[str, ...]] = (
        "regions",
        "countries",
        "working_groups",
        "clauses",
        "partners",
        "gaps",
        "recommendations",
    )

    id: UUID
    version: int
    code: str
    title: str
    lead: str
    regions: tuple[str, ...]
    countries: tuple[str, ...]
    working_groups: tuple[str, ...]
    clauses: tuple[str, ...]
    starts_on: date
    ends_on: date
    first_month: int
    """The month it starts in, counted from the year 0: `12 * year + month - 1`."""
    last_month: int
    amount: Decimal | None
    currency: str | None
    source: str | None
    programme: str | None
    visibility: Visibility
    confined_to: tuple[str, ...] | None
    """Codes of its lead and partners where it is restricted; null: everybody may know of it."""
    requested_by: str | None
    registered_on: date

    status: Status = Status.PIPELINE
    acting: bool = True
    before_suspension: Status | None = None
    status_since: date
    ground: str
    """Dates, status, regions and working groups in one text: a review holds while it reads the same."""
    partners: tuple[str, ...] = ()
    """Codes of those who are partners in any stage now, sorted."""
    gaps: tuple[str, ...] = ()
    """Codes of the capacity gaps it answers."""
    recommendations: tuple[str, ...] = ()
    """Codes of the recommendations it carries out."""
    parts: tuple[str, ...] = ()
    """The partners with their stages, `ECOWAS:consultation`, by which `partners` are known."""
    evaluation: Sealed | None = None
    evaluated: Provenance | None = None
    evaluated_at: datetime | None = None

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


class Initiatives(ReadModel[InitiativeRow]):
    """The register of initiatives."""

    @on(Initiative.Created)
    def registered(self, fact: Initiative.Created, at: Recorded) -> InitiativeRow:
        day = fact.provenance.effective_on
        return _settled(
            InitiativeRow(
                id=fact.originator_id,
                version=fact.originator_version,
                code=fact.code,
                title=fact.title,
                lead=fact.lead,
                regions=fact.regions,
                countries=fact.countries,
                working_groups=fact.working_groups,
                clauses=fact.clauses,
                starts_on=fact.starts_on,
                ends_on=fact.ends_on,
                first_month=0,
                last_month=0,
                amount=fact.budget.amount if fact.budget else None,
                currency=fact.budget.currency if fact.budget else None,
                source=fact.source,
                programme=fact.programme,
                visibility=fact.visibility,
                confined_to=None,
                requested_by=fact.requested_by,
                registered_on=day,
                status_since=day,
                ground="",
            )
        )

    @on(Initiative.Revised)
    def revised(self, row: InitiativeRow, fact: Initiative.Revised, at: Recorded) -> InitiativeRow:
        budget = fact.budget
        return _next(
            row,
            fact,
            starts_on=fact.starts_on or row.starts_on,
            ends_on=fact.ends_on or row.ends_on,
            regions=fact.regions or row.regions,
            countries=row.countries if fact.countries is None else fact.countries,
            working_groups=fact.working_groups or row.working_groups,
            amount=budget.amount if budget else row.amount,
            currency=budget.currency if budget else row.currency,
            lead=fact.lead or row.lead,
        )

    @on(Initiative.StatusChanged, Initiative.Resumed)
    def goes_on(
        self, row: InitiativeRow, fact: Initiative.StatusChanged | Initiative.Resumed, at: Recorded
    ) -> InitiativeRow:
        return _stands(row, fact, fact.status)

    @on(Initiative.Suspended)
    def suspended(self, row: InitiativeRow, fact: Initiative.Suspended, at: Recorded) -> InitiativeRow:
        return _stands(row, fact, Status.SUSPENDED, before_suspension=fact.before)

    @on(Initiative.Cancelled)
    def cancelled(self, row: InitiativeRow, fact: Initiative.Cancelled, at: Recorded) -> InitiativeRow:
        return _stands(row, fact, Status.CANCELLED)

    @on(Initiative.Concluded)
    def concluded(self, row: InitiativeRow, fact: Initiative.Concluded, at: Recorded) -> InitiativeRow:
        return _stands(
            row,
            fact,
            Status.CLOSED,
            evaluation=fact.evaluation,
            evaluated=fact.provenance,
            evaluated_at=at.recorded_at,
        )

    @on(Initiative.PartnerJoined)
    def joined(self, row: InitiativeRow, fact: Initiative.PartnerJoined, at: Recorded) -> InitiativeRow:
        return _next(row, fact, parts=(*row.parts, f"{fact.organization}:{fact.stage}"))

    @on(Initiative.PartnerLeft)
    def left(self, row: InitiativeRow, fact: Initiative.PartnerLeft, at: Recorded) -> InitiativeRow:
        gone = f"{fact.organization}:{fact.stage}"
        return _next(row, fact, parts=tuple(part for part in row.parts if part != gone))

    @on(Initiative.GapAnswered)
    def answers(self, row: InitiativeRow, fact: Initiative.GapAnswered, at: Recorded) -> InitiativeRow:
        return _next(row, fact, gaps=(*row.gaps, fact.gap))

    @on(Initiative.RecommendationTakenOn)
    def carries_out(self, row: InitiativeRow, fact: Initiative.RecommendationTakenOn, at: Recorded) -> InitiativeRow:
        return _next(row, fact, recommendations=(*row.recommendations, fact.recommendation))

    @on(
        Initiative.IndicatorDefined,
        Initiative.IndicatorJoined,
        Initiative.MeasurementReported,
        Initiative.MeasurementCorrected,
        Initiative.PeriodClosed,
    )
    def measured(self, row: InitiativeRow, fact: Initiative.Event, at: Recorded) -> InitiativeRow:
        return _next(row, fact)


def _next(row: InitiativeRow, fact: Initiative.Event, **changes: Any) -> InitiativeRow:
    return _settled(replace(row, version=fact.originator_version, **changes))


def _stands(row: InitiativeRow, fact: Initiative.Event, status: Status, **changes: Any) -> InitiativeRow:
    """The next version of a row that has come to stand elsewhere."""
    return _next(
        row,
        fact,
        **{"before_suspension": None, **changes},
        status=status,
        status_since=fact.provenance.effective_on,
    )


def _settled(row: InitiativeRow) -> InitiativeRow:
    """The row with what follows from the rest of it."""
    partners = tuple(sorted({part.partition(":")[0] for part in row.parts}))
    confined = tuple(sorted({row.lead, *partners})) if row.visibility is Visibility.RESTRICTED else None
    return replace(
        row,
        first_month=month(row.starts_on),
        last_month=month(row.ends_on),
        acting=row.status in ACTING,
        ground=row.scope.ground,
        partners=partners,
        confined_to=confined,
    )


class PartnerRow(Row, frozen=True, kw_only=True):
    """An organization's part in one stage of an initiative; of one that has left, since when."""

    TABLE: ClassVar[str] = "initiative_partner"
    TELLS_OF: ClassVar[dict[str, type[Row]]] = {"initiative": InitiativeRow}
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("initiative", "organization"), ("organization", "stage"))

    id: UUID
    initiative: UUID
    organization: str
    stage: Stage
    role: PartnerRole
    joined_on: date
    left_on: date | None = None


class _Part:
    @staticmethod
    def keys(fact: Initiative.PartnerJoined | Initiative.PartnerLeft) -> tuple[UUID]:
        return (uuid5(fact.originator_id, f"partner:{fact.organization}:{fact.stage}"),)


class Partners(ReadModel[PartnerRow]):
    """Who takes part in which stage of an initiative, or did: the last time, where somebody came back."""

    @on(Initiative.PartnerJoined, keys=_Part.keys)
    def joined(self, fact: Initiative.PartnerJoined, at: Recorded) -> PartnerRow:
        return PartnerRow(
            id=_Part.keys(fact)[0],
            initiative=fact.originator_id,
            organization=fact.organization,
            stage=fact.stage,
            role=fact.role,
            joined_on=fact.provenance.effective_on,
        )

    @on(Initiative.PartnerLeft, keys=_Part.keys)
    def left(self, row: PartnerRow, fact: Initiative.PartnerLeft, at: Recorded) -> PartnerRow:
        return replace(row, left_on=fact.provenance.effective_on)


class OverlapReviewRow(Row, frozen=True, kw_only=True):
    """What the latest review made of the overlap of two initiatives.

    It holds while `ground_one` and `ground_other` are what the rows of the two initiatives have as `ground`.
    """

    TABLE: ClassVar[str] = "overlap_review"
    TELLS_OF: ClassVar[dict[str, type[Row]]] = {"one_id": InitiativeRow, "other_id": InitiativeRow}
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("one", "other"), ("one_id",), ("other_id",))

    id: UUID
    version: int
    one: str
    """Code of the initiative that comes first by code."""
    other: str
    one_id: UUID
    other_id: UUID
    outcome: OverlapOutcome
    score: Decimal
    overlap: Overlap
    ground_one: str
    ground_other: str
    note: Sealed | None
    provenance: Provenance
    recorded_at: datetime
    position: int
    """Of the fact that said so: what the review was made of, was as it stood there."""

    def holds(self, ground_one: str, ground_other: str) -> bool:
        """Whether neither has changed its dates, regions, working groups or status since."""
        return (self.ground_one, self.ground_other) == (ground_one, ground_other)


class OverlapReviews(ReadModel[OverlapReviewRow]):
    """What was said to overlaps in reviews."""

    @on(OverlapReview.Created, OverlapReview.Renewed)
    def reviewed(self, fact: OverlapReview.Created | OverlapReview.Renewed, at: Recorded) -> OverlapReviewRow:
        return OverlapReviewRow(
            id=fact.originator_id,
            version=fact.originator_version,
            one=fact.one,
            other=fact.other,
            one_id=Initiative.identify(fact.one),
            other_id=Initiative.identify(fact.other),
            outcome=fact.outcome,
            score=fact.overlap.score,
            overlap=fact.overlap,
            ground_one=fact.of_one.ground,
            ground_other=fact.of_other.ground,
            note=fact.note,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
            position=at.position,
        )


class GapReviewRow(Row, frozen=True, kw_only=True):
    """What the latest review made of the open gaps of a region in a working group's field: it holds for `gaps`."""

    TABLE: ClassVar[str] = "gap_review"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("region", "working_group"), ("working_group", "region"))

    id: UUID
    version: int
    region: str
    working_group: str
    outcome: GapOutcome
    gaps: tuple[str, ...]
    """Codes of the open gaps it was told of, sorted."""
    note: Sealed | None
    provenance: Provenance
    recorded_at: datetime
    position: int


class GapReviews(ReadModel[GapReviewRow]):
    """What was said to gaps in reviews."""

    @on(GapReview.Created, GapReview.Renewed)
    def reviewed(self, fact: GapReview.Created | GapReview.Renewed, at: Recorded) -> GapReviewRow:
        return GapReviewRow(
            id=fact.originator_id,
            version=fact.originator_version,
            region=fact.region,
            working_group=fact.working_group,
            outcome=fact.outcome,
            gaps=fact.gaps,
            note=fact.note,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
            position=at.position,
        )


class OverlapFound(Value, frozen=True, kw_only=True):
    """How one initiative overlaps with another that the viewer may know of."""

    other: InitiativeRow
    overlap: Overlap
    partners: bool
    """Whether the organization that leads one is a partner in the other."""


class OverlapsFound(Value, frozen=True, kw_only=True):
    """With which initiatives one overlaps: the greatest, by score; of how many; and whether with one not to be told."""

    known: tuple[OverlapFound, ...] = ()
    total: int = 0
    """With how many that the viewer may know of."""
    restricted: bool = False

    def __bool__(self) -> bool:
        return bool(self.total or self.restricted)


NARROW = ("id", "code", "lead", "status", "starts_on", "ends_on", "regions", "working_groups")
"""What of an initiative its score rests on."""


async def overlaps_of(
    asking: Asking, code: str, scope: Scope, partners: Collection[str] = (), *, first: int
) -> OverlapsFound:
    """With which initiatives one overlaps that is as it says, recorded so or about to be: the `first` by score.

    Those that share a region, a group and a month are asked for; the domain's rule says which overlap. One that the
    viewer may not know of is led by none of his, and counts whoever leads it: else it would be told who does, by trying
    one lead after another.
    """
    within = await regions_within(asking)
    records = await asking.rows(
        asking.compose(
            "select {columns}, {shown} from {r}.initiative t where {stands} and t.acting and t.code <> {code}"
            " and (t.lead <> {lead} or not ({shown})) and t.working_groups && {groups}::text[]"
            " and t.regions && {regions}::text[] and t.first_month <= {last} and t.last_month >= {first}",
            columns=sql.SQL(", ").join(map(sql.Identifier, NARROW)),
            shown=asking.shows(InitiativeRow),
            stands=asking.stands(),
            code=sql.Literal(code),
            lead=sql.Literal(scope.lead),
            groups=sql.Literal(list(scope.working_groups)),
            regions=sql.Literal(_sharing(scope.regions, within)),
            first=sql.Literal(month(scope.starts_on)),
            last=sql.Literal(month(scope.ends_on)),
        )
    )
    found: list[tuple[UUID, str, Overlap]] = []
    restricted = False
    for id, other, *record, is_shown in records:
        its = convert(dict(zip(NARROW[2:], record, strict=True)), Scope)
        shared = shared_by(scope, its, within=within)
        if shared is not None and is_shown:
            found.append((id, other, shared))
        restricted |= shared is not None and not is_shown
    found.sort(key=lambda one: (-one[2].score, one[1]))
    rows = {row.id: row for row in await asking.many(InitiativeRow, "id", [id for id, *_ in found[:first]])}
    return OverlapsFound(
        known=tuple(
            OverlapFound(other=row, overlap=shared, partners=scope.lead in row.partners or row.lead in partners)
            for id, _, shared in found[:first]
            for row in [rows[id]]
        ),
        total=len(found),
        restricted=restricted,
    )


def _sharing(regions: Collection[str], within: Mapping[str, frozenset[str]]) -> list[str]:
    """The regions by which one may share something with these: those they lie in, and those that lie in them."""
    if GLOBAL in regions:
        return sorted(within)
    above = {GLOBAL}.union(*(within[region] for region in regions))
    return sorted(above | {region for region, line in within.items() if not line.isdisjoint(regions)})


async def regions_within(asking: Asking) -> dict[str, frozenset[str]]:
    """Every region of the catalogue with those it lies in, itself included."""
    rows = await asking.all(CatalogueEntryRow, Condition("kind", "eq", EntryKind.REGION.value))
    parents = {row.code: row.parent for row in rows}
    within: dict[str, frozenset[str]] = {}
    for code in parents:
        line: list[str] = []
        step: str | None = code
        while step is not None and step not in line:
            line.append(step)
            step = parents.get(step)
        within[code] = frozenset(line)
    return within


async def lying_in(asking: Asking, regions: Collection[str]) -> list[str]:
    """The regions with those that lie in them."""
    wanted = set(regions)
    return sorted(wanted | {code for code, line in (await regions_within(asking)).items() if line & wanted})


async def open_gaps(asking: Asking, region: str, working_group: str) -> tuple[str, ...]:
    """Codes of the gaps that are open in a region, and in those that lie in it, in a working group's field; sorted."""
    where = [Condition("open", "eq", True), Condition("working_group", "eq", working_group)]
    found = await asking.all(CapacityGapRow, *where)
    counted = set(await lying_in(asking, [region]))
    return tuple(sorted(gap.code for gap in found if region == GLOBAL or gap.region in counted))


def with_partner_in(asking: Asking, stages: Collection[Stage]) -> Where:
    """Initiatives that have a partner in one of the stages now."""
    return asking.compose(
        "exists (select from {r}.initiative_partner p where p.initiative = t.id and {stands} and p.left_on is null"
        " and p.stage = any({stages}))",
        stands=asking.stands("p"),
        stages=sql.Literal([stage.value for stage in stages]),
    )


def running(asking: Asking, *, first: date | None, last: date | None) -> Where:
    """Initiatives with a day in a span of time, which may be open at either end."""
    return asking.compose(
        "(t.ends_on >= {first}::date and t.starts_on <= {last}::date)",
        first=sql.Literal(first or date.min),
        last=sql.Literal(last or date.max),
    )
