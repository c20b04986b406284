"""Joint planning: what is covered and what is lacking, what overlaps, what rests on which clause, who had a part."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from compact_domain.catalogue import Catalogued
from compact_domain.finding import Status
from compact_domain.initiative import Stage
from compact_domain.kernel import InvalidInput, MomentRefused, NotFound
from compact_projections.asking import Asking, Condition
from compact_projections.coverage import Cell, CoverageState, cells
from compact_projections.frameworks import ClauseCovered, FrameworkCovered, coverage_of_frameworks
from compact_projections.initiatives import GapReviewRow, InitiativeRow, OverlapFound, lying_in
from compact_projections.involvement import Involved, involvement_of
from compact_projections.meetings import MeetingRow
from compact_projections.overlaps import (
    OverlapChoice,
    OverlappingPair,
    Pair,
    ReviewState,
    count_pairs,
    count_untold,
    page_of_pairs,
    pairs_shown,
)
from compact_projections.reviews import Comparison, Slip, between

from .catalogue import Clause, Framework, Region, WorkingGroup
from .context import Info
from .coordination_meeting import CoordinationMeeting
from .fields import question
from .ids import GlobalId
from .initiative import LISTING as INITIATIVES
from .initiative import (
    GapReview,
    Initiative,
    OverlapReview,
    OverlapScore,
    gap_review,
    overlap_review,
    score_of,
)
from .moments import Asked
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First, connection, page
from .paging import Order as Ordered
from .recommendation import Recommendation
from .scalars import Code, Position, RegionCode
from .session import CapacityGap
from .shapes import described, enumeration, form, shape
from .stated import found_of

enumeration(
    CoverageState,
    GAP="A gap was voiced there, is open, and nothing acts.",
    OVERLAP="Two initiatives that act there overlap, and no valid review says what is to be done about it.",
    COVERED="Something acts there.",
    NONE="No gap was voiced there, and nothing acts.",
)
enumeration(
    ReviewState,
    named="FindingReviewState",
    NONE="Nobody has reviewed it.",
    VALID="A review says what is to be done about it, and what it rests on has not changed.",
    OUTDATED="It was reviewed, and what the review rests on has changed since.",
)

PAIRS = Ordered("overlaps", ("score desc", str), ("one asc", str), ("other asc", str))
Regions = Annotated[list[RegionCode] | None, strawberry.argument("Only these regions; left out: all.")]
Groups = Annotated[list[Code] | None, strawberry.argument("Only these working groups; left out: all.")]
FrameworkCode = Annotated[Code | None, strawberry.argument("Only this framework; left out: all.")]


@shape
class InitiativesByStatus:
    """How many initiatives stand at one status."""

    status: Status = described("The status.")
    count: int = described("How many.")


@shape
class CoverageCell:
    """A region in a working group's field. What lies in the region counts there."""

    cell: strawberry.Private[Cell]
    asking: strawberry.Private[Asking]

    @question
    async def region(self, info: Info) -> Region | None:
        """The region."""
        return await Region.coded(info, self.asking, self.cell.region)

    @question
    async def working_group(self, info: Info) -> WorkingGroup | None:
        """The working group."""
        return await WorkingGroup.coded(info, self.asking, self.cell.working_group)

    @question
    def state(self) -> CoverageState:
        """How it is covered."""
        return self.cell.state

    @question
    def by_status(self) -> list[InitiativesByStatus]:
        """Initiatives by status, those included that the one who asks may not know of; only what there is."""
        return [InitiativesByStatus(status=status, count=count) for status, count in self.cell.by_status.items()]

    @question
    def acting(self) -> int:
        """How many initiatives act there: in the pipeline, being carried out, or being finished."""
        return self.cell.acting

    @question
    def restricted(self) -> int:
        """How many of the initiatives counted here the one who asks may not know of."""
        return self.cell.untold

    @question
    def acting_around(self) -> int:
        """How many more act in a wider region by its own name."""
        return self.cell.acting_around

    @question
    def planned_only(self) -> bool:
        """Whether nothing that acts there goes beyond a plan."""
        return self.cell.planned_only

    @question
    async def gaps(self, info: Info) -> list[CapacityGap]:
        """The gaps that were voiced there and are open."""
        return await found_of(CapacityGap.found(info, self.asking, code) for code in self.cell.gaps)

    @question
    def unanswered_gaps(self) -> int:
        """How many of these no acting initiative has set out to fill."""
        return self.cell.unanswered

    @question
    def recommendations(self) -> int:
        """How many recommendations were made for it that were neither refused nor have ended."""
        return self.cell.recommendations

    @question
    async def initiatives(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Initiative]:
        """The initiatives counted here that the one who asks may know of."""
        within = await lying_in(self.asking, [self.cell.region])
        where = [
            Condition("regions", "overlaps", within),
            Condition("working_groups", "has", self.cell.working_group),
        ]
        return await INITIATIVES.page(
            self.asking,
            node=lambda row: Initiative.of(row, self.asking),
            where=where,
            order_by=[],
            first=first,
            after=after,
            info=info,
        )

    @question
    async def review(self, info: Info) -> GapReview | None:
        """What the latest review made of its gaps."""
        row = await _gap_review(info, self.asking, self.cell)
        return gap_review(row, self.asking) if row else None

    @question
    async def review_state(self, info: Info) -> ReviewState:
        """Whether that review holds."""
        return self.cell.review_state(await _gap_review(info, self.asking, self.cell))


@form
class OverlapFilter:
    """Which overlaps to show."""

    initiatives: list[Code] | None = described("Of these initiatives, with whomever.", default=None)
    leads: list[Code] | None = described("Of initiatives that these organizations lead.", default=None)
    regions: list[RegionCode] | None = described("In these regions, or what lies in them.", default=None)
    working_groups: list[Code] | None = described("In the field of these working groups.", default=None)
    reviews: list[ReviewState] | None = described("By how they stand with those who review.", default=None)
    minimum: Decimal = described("With no less than so many points, of 100.", default=Decimal(0))

    def choice(self) -> OverlapChoice:
        """As the read side takes it."""
        return OverlapChoice(
            initiatives=_tuple(self.initiatives),
            leads=_tuple(self.leads),
            regions=_tuple(self.regions),
            working_groups=_tuple(self.working_groups),
            reviews=None if self.reviews is None else tuple(self.reviews),
            minimum=self.minimum,
        )


OverlapsWanted = Annotated[OverlapFilter | None, strawberry.argument("Which to show; left out: all.")]


@shape
class InitiativePair:
    """Two initiatives of different leads that both act, in the same regions, fields and months."""

    pair: strawberry.Private[OverlappingPair]
    asking: strawberry.Private[Asking]

    @question
    def one(self) -> Initiative:
        """The one whose code comes first."""
        return Initiative.of(self.pair.one, self.asking)

    @question
    def other(self) -> Initiative:
        """The other."""
        return Initiative.of(self.pair.other, self.asking)

    @question
    def score(self) -> OverlapScore | None:
        """How much they overlap, with how it comes about; null if they do not any more."""
        found, partners = self.pair.overlap, bool(self.pair.partners)
        return score_of(OverlapFound(other=self.pair.other, overlap=found, partners=partners)) if found else None

    @question
    async def regions(self, info: Info) -> list[Region]:
        """The regions of both; where one's lies in the other's, the wider."""
        found = self.pair.overlap
        return await Region.coded_all(info, self.asking, found.regions if found else ())

    @question
    async def working_groups(self, info: Info) -> list[WorkingGroup]:
        """The working groups of both."""
        found = self.pair.overlap
        return await WorkingGroup.coded_all(info, self.asking, found.working_groups if found else ())

    @question
    def first_month(self) -> date | None:
        """First day of the first calendar month that both touch."""
        return self.pair.overlap.first_month if self.pair.overlap else None

    @question
    def months(self) -> int:
        """How many calendar months both touch."""
        return self.pair.overlap.months if self.pair.overlap else 0

    @question
    async def partners(self, info: Info) -> list[Organization]:
        """Those of the two leads that are partners in the other's. It is told, and takes no points off."""
        return await found_of(Organization.found(info, self.asking, code) for code in self.pair.partners)

    @question
    def review(self) -> OverlapReview | None:
        """What the latest review made of it."""
        return overlap_review(self.pair.review, self.asking) if self.pair.review else None

    @question
    def review_state(self) -> ReviewState:
        """Whether that review holds."""
        return self.pair.review_state


@shape
class Overlaps:
    """Overlaps, the greatest score first."""

    asking: strawberry.Private[Asking]
    choice: strawberry.Private[OverlapChoice]

    @question
    async def pairs(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[InitiativePair]:
        """Those between initiatives that the one who asks may know of."""
        wanted = page(PAIRS, first, after)
        start = None
        if wanted.after:
            score, one, other = map(str, wanted.after)
            start = Pair(one=one, other=other, score=Decimal(score))
        found = await page_of_pairs(self.asking, self.choice, after=start, limit=wanted.limit)
        shown = await pairs_shown(self.asking, [(pair.one, pair.other) for pair in found])
        by_codes = {(pair.one.code, pair.other.code): pair for pair in shown}
        return connection(
            found,
            wanted,
            node=lambda pair: InitiativePair(pair=by_codes[pair.one, pair.other], asking=self.asking),
            key=lambda pair: (str(pair.score), pair.one, pair.other),
            count=lambda: count_pairs(self.asking, self.choice),
        )

    @question
    async def restricted(self) -> int:
        """How many more there are between an initiative that the one who asks may know of and one that not."""
        return await count_untold(self.asking, self.choice)


@shape
class ClauseCoverage:
    """How much rests on a clause, of what the one who asks may know of."""

    found: strawberry.Private[ClauseCovered]
    asking: strawberry.Private[Asking]

    @question
    def clause(self) -> Clause:
        """The clause."""
        return Clause.of(self.found.clause, self.asking)

    @question
    def recommendations(self) -> int:
        """How many recommendations rest on it that were neither refused nor have ended."""
        return self.found.recommendations

    @question
    def adopted(self) -> int:
        """How many of these were adopted."""
        return self.found.adopted

    @question
    def initiatives(self) -> int:
        """How many initiatives rest on it that were not given up."""
        return self.found.initiatives

    @question
    def acting(self) -> int:
        """How many of these act."""
        return self.found.acting

    @question
    def blank(self) -> bool:
        """Whether nothing rests on it."""
        return self.found.blank


@shape
class FrameworkCoverage:
    """A framework with its clauses, as far as the catalogue holds them."""

    found: strawberry.Private[FrameworkCovered]
    asking: strawberry.Private[Asking]

    @question
    def framework(self) -> Framework:
        """The framework."""
        return Framework.of(self.found.framework, self.asking)

    @question
    def catalogued(self) -> Catalogued | None:
        """How much of it the catalogue holds."""
        return self.found.framework.catalogued

    @question
    def more_clauses_exist(self) -> bool:
        """Whether it has clauses that the catalogue does not hold, of which nothing is said here."""
        return self.found.in_part

    @question
    def clauses(self) -> list[ClauseCoverage]:
        """Its clauses by code."""
        return [ClauseCoverage(found=clause, asking=self.asking) for clause in self.found.clauses]

    @question
    def blank(self) -> list[Code]:
        """Codes of those of its clauses that nothing rests on."""
        return [Code(clause.clause.code) for clause in self.found.clauses if clause.blank]


@shape
class StageInvolvement:
    """The initiatives in which an organization had a part in one stage."""

    stage: Stage = described("The stage.")
    codes: list[Code] = described("Codes of the initiatives.")
    asking: strawberry.Private[Asking]

    @question
    async def initiatives(self, info: Info) -> list[Initiative]:
        """The initiatives."""
        return await found_of(Initiative.found(info, self.asking, code) for code in self.codes)


@shape
class Involvement:
    """An organization outside the Compact, and in what it has had a part."""

    found: strawberry.Private[Involved]
    asking: strawberry.Private[Asking]

    @question
    def organization(self) -> Organization:
        """The organization."""
        return Organization.of(self.found.organization, self.asking)

    @question
    def stages(self) -> list[StageInvolvement]:
        """Consultation, co-design and implementation, each with its initiatives; a stage without any too."""
        return [
            StageInvolvement(
                stage=stage,
                codes=[Code(code) for code in self.found.by_stage.get(stage, ())],
                asking=self.asking,
            )
            for stage in Stage
        ]

    @question
    def asked_for(self) -> list[Code]:
        """Codes of the initiatives that it asked for."""
        return [Code(code) for code in self.found.asked_for]

    @question
    def never(self) -> bool:
        """Whether it has had a part in none."""
        return self.found.never


@shape
class SlippedRecommendation:
    """A recommendation whose day was put off, or went by."""

    slip: strawberry.Private[Slip]
    asking: strawberry.Private[Asking]

    @question
    async def recommendation(self, info: Info) -> Recommendation | None:
        """The recommendation, as of the later moment."""
        return await Recommendation.found(info, self.asking, self.slip.code)

    @question
    def due_before(self) -> date | None:
        """When it was due as of the earlier moment; null if it was not."""
        return self.slip.due_before

    @question
    def due_after(self) -> date:
        """When it is due as of the later moment."""
        return self.slip.due_after

    @question
    def overdue(self) -> bool:
        """Whether it is late as of the later moment."""
        return self.slip.overdue


@shape
class RegionAndGroup:
    """A region in a working group's field."""

    region: RegionCode = described("The region.")
    working_group: Code = described("The working group.")


@shape
class MomentsCompared:
    """What lies between two moments, as far as the one who asks may know of it."""

    found: strawberry.Private[Comparison]
    asking: strawberry.Private[Asking]

    @question
    async def adopted(self, info: Info) -> list[Recommendation]:
        """Recommendations adopted in between."""
        return await self._recommendations(info, self.found.adopted)

    @question
    async def finished(self, info: Info) -> list[Recommendation]:
        """Recommendations said to be done, or verified, in between."""
        return await self._recommendations(info, self.found.finished)

    @question
    async def reopened(self, info: Info) -> list[Recommendation]:
        """Recommendations that were done and are not any more."""
        return await self._recommendations(info, self.found.reopened)

    @question
    def slipped(self) -> list[SlippedRecommendation]:
        """Recommendations whose day was put off, or went by."""
        return [SlippedRecommendation(slip=slip, asking=self.asking) for slip in self.found.slipped]

    @question
    def newly_overlapping(self) -> list[RegionAndGroup]:
        """Where initiatives overlap that did not, or whose review holds no longer."""
        return _places(self.found.newly_overlapping)

    @question
    def newly_covered(self) -> list[RegionAndGroup]:
        """Where something acts, and nothing did."""
        return _places(self.found.newly_covered)

    @question
    def newly_lacking(self) -> list[RegionAndGroup]:
        """Where a gap was voiced, or is open again, and nothing acts."""
        return _places(self.found.newly_lacking)

    async def _recommendations(self, info: Info, codes: list[str]) -> list[Recommendation]:
        return await found_of(Recommendation.found(info, self.asking, code) for code in codes)


@shape
class StrategicReview:
    """A strategic review: a meeting that compares two moments."""

    row: strawberry.Private[MeetingRow]
    asking: strawberry.Private[Asking]

    @question
    def meeting(self) -> CoordinationMeeting:
        """The meeting."""
        return CoordinationMeeting.of(self.row, self.asking)

    @question
    def earlier(self) -> datetime | None:
        """The earlier moment."""
        return self.row.compares_from

    @question
    def later(self) -> datetime | None:
        """The later moment."""
        return self.row.compares_to

    @question
    async def comparison(self) -> MomentsCompared | None:
        """What lies between the two; null where the history does not reach back so far."""
        if self.row.compares_from is None or self.row.compares_to is None:
            return None
        try:
            found = await between(self.asking, self.row.compares_from, self.row.compares_to)
        except MomentRefused:
            return None
        return MomentsCompared(found=found, asking=self.asking)


@shape
class FindingFact:
    """Something that a finding rests on."""

    kind: str = described("What it is: `CapacityGap`, `Initiative`, `OverlapReview`, `GapReview`.")
    code: Code = described("Its code; of a review those of what it is about, joined.")
    permalink: strawberry.ID | None = described("Global id of it as of this answer; null for reviews.")
    says: str = described("In what it bears on the finding: its state, status, dates.")


@shape
class Explanation:
    """What an overlap or a gap rests on."""

    state: CoverageState = described("What was found; `NONE` and `COVERED` too.")
    review_state: ReviewState = described("How it stands with those who review.")
    facts: list[FindingFact] = described("What it rests on, of what the one who asks may know of.")
    restricted: int = described("How much more it rests on that the one who asks may not know of.")


RegionAsked = Annotated[RegionCode | None, strawberry.argument("A region: what its cell rests on.")]
GroupAsked = Annotated[Code | None, strawberry.argument("The working group of that cell.")]
PairAsked = Annotated[list[Code] | None, strawberry.argument("Two initiatives: what their overlap rests on.")]
Earlier = Annotated[datetime, strawberry.argument("The earlier moment.")]
Later = Annotated[datetime, strawberry.argument("The later moment, no later than now.")]


@shape
class CoverageQuestions(Asked):
    """What is covered, what is lacking, what overlaps, and what has changed."""

    @question
    async def coverage(self, info: Info, regions: Regions = None, working_groups: Groups = None) -> list[CoverageCell]:
        """Each region in each working group's field: gaps voiced, initiatives, recommendations, and what follows."""
        asking = await self.asking(info)
        found = await cells(asking, regions=regions, working_groups=working_groups)
        return [CoverageCell(cell=cell, asking=asking) for cell in found]

    @question
    async def overlaps(self, info: Info, filter: OverlapsWanted = None) -> Overlaps:
        """Initiatives that overlap: who, where, when, how much, and what was made of it."""
        choice = (filter or OverlapFilter()).choice()
        return Overlaps(asking=await self.asking(info), choice=choice)

    @question
    async def explain_finding(
        self, info: Info, region: RegionAsked = None, working_group: GroupAsked = None, initiatives: PairAsked = None
    ) -> Explanation:
        """What the finding for a cell, or for a pair of initiatives, rests on, as permalinks."""
        asking = await self.asking(info)
        if initiatives is not None and region is None and working_group is None and len(initiatives) == 2:
            return await _explain_pair(asking, sorted(initiatives))
        if region is None or working_group is None or initiatives is not None:
            raise InvalidInput(fields=[("initiatives", "give `region` and `workingGroup`, or two initiatives")])
        [cell] = await cells(asking, regions=[region], working_groups=[working_group])
        return await _explain_cell(info, asking, cell)

    @question
    async def framework_coverage(self, info: Info, framework: FrameworkCode = None) -> list[FrameworkCoverage]:
        """What rests on each clause of each framework, and which clause has nothing."""
        asking = await self.asking(info)
        return [
            FrameworkCoverage(found=found, asking=asking) for found in await coverage_of_frameworks(asking, framework)
        ]

    @question
    async def involvement(self, info: Info) -> list[Involvement]:
        """Regional organizations and civil society: in which stage of which initiatives each has had a part."""
        asking = await self.asking(info)
        return [Involvement(found=found, asking=asking) for found in await involvement_of(asking)]

    @question
    async def reviews(self, info: Info) -> list[StrategicReview]:
        """Strategic reviews that were not cancelled, by the moments they compare."""
        asking = await self.asking(info)
        rows = await asking.all(
            MeetingRow, Condition("kind", "eq", "strategic_review"), Condition("state", "ne", "cancelled")
        )
        rows.sort(key=lambda row: (str(row.compares_from), str(row.compares_to)))
        return [StrategicReview(row=row, asking=asking) for row in rows]

    @question
    async def comparison(self, info: Info, earlier: Earlier, later: Later) -> MomentsCompared:
        """What lies between any two moments: adopted, finished, slipped, newly overlapping, newly covered."""
        asking = await self.asking(info)
        return MomentsCompared(found=await between(asking, earlier, later), asking=asking)


async def _explain_cell(info: Info, asking: Asking, cell: Cell) -> Explanation:
    within = await lying_in(asking, [cell.region])
    rows = await asking.all(
        InitiativeRow,
        Condition("regions", "overlaps", within),
        Condition("working_groups", "has", cell.working_group),
    )
    review = await _gap_review(info, asking, cell)
    facts = [_fact(asking, "CapacityGap", code, "open") for code in cell.gaps]
    facts += [_fact(asking, "Initiative", row.code, _told(row)) for row in sorted(rows, key=lambda row: row.code)]
    if review:
        facts.append(
            FindingFact(kind="GapReview", code=Code(",".join(review.gaps)), permalink=None, says=review.outcome.value)
        )
    return Explanation(state=cell.state, review_state=cell.review_state(review), facts=facts, restricted=cell.untold)


async def _explain_pair(asking: Asking, codes: list[Code]) -> Explanation:
    shown = await pairs_shown(asking, [(codes[0], codes[1])])
    if not shown:
        raise NotFound(kind="Initiative", reference=" and ".join(codes))
    [pair] = shown
    facts = [_fact(asking, "Initiative", row.code, _told(row)) for row in (pair.one, pair.other)]
    if pair.review:
        facts.append(
            FindingFact(
                kind="OverlapReview", code=Code(",".join(codes)), permalink=None, says=pair.review.outcome.value
            )
        )
    return Explanation(state=_state_of(pair), review_state=pair.review_state, facts=facts, restricted=0)


def _state_of(pair: OverlappingPair) -> CoverageState:
    if pair.overlap is None:
        return CoverageState.NONE
    return CoverageState.COVERED if pair.review_state is ReviewState.VALID else CoverageState.OVERLAP


def _fact(asking: Asking, kind: str, code: str, says: str) -> FindingFact:
    at = Position(asking.moment.position)
    return FindingFact(kind=kind, code=Code(code), permalink=GlobalId(kind, code, at).opaque, says=says)


def _told(row: InitiativeRow) -> str:
    return f"{row.status.value}, led by {row.lead}, {row.starts_on} to {row.ends_on}"


async def _gap_review(info: Info, asking: Asking, cell: Cell) -> GapReviewRow | None:
    """The latest review of a cell; the cells of an answer are asked for together."""

    async def load(keys: list[tuple[str, str]]) -> list[GapReviewRow | None]:
        rows = await asking.many(GapReviewRow, "region", sorted({region for region, _ in keys}))
        found = {(row.region, row.working_group): row for row in rows}
        return [found.get(key) for key in keys]

    loader = info.context.loader(("gap_review", asking.moment.position), load)
    found: GapReviewRow | None = await loader.load(cell.key)
    return found


def _places(found: list[tuple[str, str]]) -> list[RegionAndGroup]:
    return [RegionAndGroup(region=RegionCode(region), working_group=Code(group)) for region, group in found]


def _tuple(codes: list[Code] | list[RegionCode] | None) -> tuple[str, ...] | None:
    return None if codes is None else tuple(codes)
