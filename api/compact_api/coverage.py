"""Coverage: what is lacking, who acts and what was recommended, by region and working group; and why it is said."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry import UNSET

from compact_domain.finding import GapReview as GapReviewAggregate
from compact_domain.finding import Status
from compact_domain.kernel import InvalidInput, NotFound
from compact_projections.asking import Asking
from compact_projections.coverage import Cell, CoverageState, cells, facts_of_cell, in_cells
from compact_projections.initiatives import GapReviewRow, InitiativeRow
from compact_projections.kit import Row
from compact_projections.overlaps import FindingCondition, OverlappingPair, ReviewState, facts_of_pair, pairs_shown
from compact_projections.recommendations import RecommendationRow
from compact_projections.sessions import CapacityGapRow

from .catalogue import Region, WorkingGroup
from .commands import reference
from .context import Info
from .fields import question
from .findings import FindingFact, facts_of
from .initiative import GapReview, Initiative, OverlapReview, gap_review, overlap_review
from .listing import Choice
from .moments import Asked
from .overlaps import Overlap
from .paging import DEFAULT_PAGE, GREATEST_PAGE, After, Connection, First, Order, connection, page
from .recommendation import Recommendation
from .scalars import Code, RegionCode
from .session import CapacityGap
from .shapes import choice, described, enumeration, form, shape
from .text import Cursor

R = TypeVar("R", bound=Row)
T = TypeVar("T")

enumeration(
    CoverageState,
    GAP="A gap is open there, and nobody acts.",
    OVERLAP="Initiatives that act there overlap, and no valid review tells what is to be done about it.",
    COVERED="Somebody acts there.",
    NONE="No gap is open there, and nobody acts.",
)


@shape
class CoverageCell:
    """A region in a working group's field, with all that counts there: what lies in the region does too.

    Restricted initiatives are counted for everybody, and shown to those alone who may know of them.
    """

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
    def planned_only(self) -> bool:
        """Whether all that acts there is in the pipeline."""
        return self.cell.planned_only

    @question
    def open_gaps(self) -> int:
        """How many of the gaps voiced there are open."""
        return len(self.cell.gaps)

    @question
    def unanswered_gaps(self) -> int:
        """How many of these no initiative that acts has set out to fill."""
        return self.cell.unanswered

    @question
    def acting(self) -> int:
        """How many initiatives act there: are in the pipeline, in implementation or in finalisation."""
        return self.cell.acting

    @question
    def pipeline(self) -> int:
        """How many initiatives are in the pipeline."""
        return self._in(Status.PIPELINE)

    @question
    def implementation(self) -> int:
        """How many initiatives are in implementation."""
        return self._in(Status.IMPLEMENTATION)

    @question
    def finalisation(self) -> int:
        """How many initiatives are in finalisation."""
        return self._in(Status.FINALISATION)

    @question
    def closed(self) -> int:
        """How many initiatives were concluded."""
        return self._in(Status.CLOSED)

    @question
    def suspended(self) -> int:
        """How many initiatives are suspended."""
        return self._in(Status.SUSPENDED)

    @question
    def cancelled(self) -> int:
        """How many initiatives were cancelled."""
        return self._in(Status.CANCELLED)

    def _in(self, status: Status) -> int:
        return self.cell.by_status.get(status, 0)

    @question
    def restricted(self) -> int:
        """How many of the initiatives counted here are not for the one who asks."""
        return self.cell.untold

    @question
    def acting_around(self) -> int:
        """How many initiatives act in a wider region as a whole. They count there, and not here."""
        return self.cell.acting_around

    @question
    def recommendation_count(self) -> int:
        """How many recommendations say what is to be done there: neither refused nor withdrawn, nor at an end."""
        return self.cell.recommendations

    @question
    async def gaps(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[CapacityGap]:
        """The gaps that are open there, by code."""
        return await self._listed(info, CapacityGapRow, CapacityGap.of, len(self.cell.gaps), first, after)

    @question
    async def initiatives(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Initiative]:
        """The initiatives that count there, whatever their status, by code."""
        known = sum(self.cell.by_status.values()) - self.cell.untold
        return await self._listed(info, InitiativeRow, Initiative.of, known, first, after)

    @question
    async def recommendations(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Recommendation]:
        """The recommendations that say what is to be done there, by code."""
        total = self.cell.recommendations
        return await self._listed(info, RecommendationRow, Recommendation.of, total, first, after)

    @question
    async def facts(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[FindingFact]:
        """The facts it rests on: how its open gaps were voiced, and where and whether initiatives act."""
        return await facts_of(self.asking, await facts_of_cell(self.asking, self.cell), first=first, after=after)

    @question
    async def review_state(self, info: Info) -> ReviewState:
        """How its open gaps stand with those who review."""
        return self.cell.review_state(await self._review(info))

    @question
    async def review(self, info: Info) -> GapReview | None:
        """What the latest review made of its open gaps; null if there was none."""
        row = await self._review(info)
        return gap_review(row, self.asking) if row else None

    async def _review(self, info: Info) -> GapReviewRow | None:
        return await info.context.one(self.asking, GapReviewRow, "id", GapReviewAggregate.key(*self.cell.key))

    async def _listed(
        self,
        info: Info,
        kind: type[R],
        node: Callable[[R, Asking], T],
        total: int,
        first: int,
        after: Cursor | None,
    ) -> Connection[T]:
        """A list of what counts here, asked for together with those of all other cells."""
        wanted = page(Order(f"coverage_{kind.TABLE}", ("code asc", str)), first, after)
        start = str(wanted.after[0]) if wanted.after else None

        async def load(keys: list[tuple[str, str]]) -> list[list[R]]:
            return await in_cells(self.asking, kind, keys, after=start, limit=wanted.limit)

        async def count() -> int:
            return total

        at = self.asking.moment.position
        rows = await info.context.loader(("in_cells", kind, at, start, wanted.limit), load).load(self.cell.key)

        def key(row: Any) -> tuple[str]:
            return (row.code,)

        return connection(rows, wanted, node=lambda row: node(row, self.asking), key=key, count=count)


@shape
class CoverageRow:
    """A region of the matrix."""

    code: strawberry.Private[str]
    asking: strawberry.Private[Asking]
    cells: list[CoverageCell] = described("Its cells, one for each working group of the matrix, in their order.")

    @question
    async def region(self, info: Info) -> Region | None:
        """The region."""
        return await Region.coded(info, self.asking, self.code)


@shape
class CoverageCount:
    """How many cells of the matrix are covered in one way."""

    state: CoverageState = described("How they are covered.")
    cells: int = described("How many there are.")


StateArgument = Annotated[
    Choice[CoverageState] | None, strawberry.argument("How the cells are covered that are shown; left out: any.")
]
CELLS = Order("coverage", ("region asc", str), ("working_group asc", str))


@shape
class Coverage:
    """The matrix of regions and working groups."""

    found: strawberry.Private[list[Cell]]
    asking: strawberry.Private[Asking]

    @question
    async def regions(self, info: Info) -> list[Region]:
        """The regions of the matrix, by code."""
        return await Region.coded_all(info, self.asking, list(dict.fromkeys(cell.region for cell in self.found)))

    @question
    async def working_groups(self, info: Info) -> list[WorkingGroup]:
        """The working groups of the matrix, by code."""
        groups = list(dict.fromkeys(cell.working_group for cell in self.found))
        return await WorkingGroup.coded_all(info, self.asking, groups)

    @question
    def states(self) -> list[CoverageCount]:
        """How many cells are covered in each way."""
        return [
            CoverageCount(state=state, cells=sum(cell.state is state for cell in self.found)) for state in CoverageState
        ]

    @question
    def rows(self) -> list[CoverageRow]:
        """The matrix, region by region."""
        by_region: dict[str, list[CoverageCell]] = {}
        for cell in self.found:
            by_region.setdefault(cell.region, []).append(CoverageCell(cell=cell, asking=self.asking))
        return [CoverageRow(code=code, asking=self.asking, cells=row) for code, row in by_region.items()]

    @question
    def cells(
        self, state: StateArgument = None, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[CoverageCell]:
        """The cells of the matrix one by one, by region and working group."""
        return cells_page(self.asking, [cell for cell in self.found if _is_wanted(cell, state)], first, after)


def cells_page(asking: Asking, found: list[Cell], first: int, after: Cursor | None) -> Connection[CoverageCell]:
    """A page of cells that are at hand, by region and working group."""
    wanted = page(CELLS, first, after)
    beyond = [cell for cell in found if wanted.after is None or cell.key > wanted.after]

    async def count() -> int:
        return len(found)

    return connection(
        beyond[: wanted.limit],
        wanted,
        node=lambda cell: CoverageCell(cell=cell, asking=asking),
        key=lambda cell: cell.key,
        count=count,
    )


def _is_wanted(cell: Cell, state: Choice[CoverageState] | None) -> bool:
    if state is None:
        return True
    return (state.eq is None or cell.state is state.eq) and (state.in_ is None or cell.state in state.in_)


class FindingKind(Enum):
    """What a finding is about."""

    OVERLAP = "overlap"
    GAP = "gap"


enumeration(
    FindingKind,
    OVERLAP="Two initiatives that overlap.",
    GAP="A region in a working group's field in which a gap is open and nobody acts.",
)
enumeration(
    FindingCondition,
    OTHER_LEADS="Of an overlap: the two have other leads.",
    BOTH_ACT="Of an overlap: both are in the pipeline, in implementation or in finalisation.",
    SHARED_REGION="Of an overlap: a region of one is, lies in or contains one of the other.",
    SHARED_WORKING_GROUP="Of an overlap: they have a working group in common.",
    SHARED_MONTH="Of an overlap: they have a calendar month in common.",
    OPEN_GAP="Of a gap: one is open that was voiced there.",
    NOBODY_ACTS="Of a gap: no initiative acts there.",
)


@shape
class FindingReason:
    """A condition of a finding, and whether it holds."""

    condition: FindingCondition = described("What must hold.")
    holds: bool = described("Whether it does, at the moment of the answer.")


@shape
class Finding:
    """Why two initiatives overlap or do not, or why a region is a gap in a working group's field or is none."""

    asking: strawberry.Private[Asking]
    pair: strawberry.Private[OverlappingPair | None] = None
    at: strawberry.Private[CoverageCell | None] = None
    kind: FindingKind = described("What it is about.")
    reasons: list[FindingReason] = described("What must hold for it, and whether it does.")

    @question
    def holds(self) -> bool:
        """Whether it is so at the moment of the answer: every condition holds."""
        return all(reason.holds for reason in self.reasons)

    @question
    def initiatives(self) -> list[Initiative]:
        """Of an overlap the two initiatives, by code; of a gap none."""
        rows = (self.pair.one, self.pair.other) if self.pair else ()
        return [Initiative.of(row, self.asking) for row in rows]

    @question
    def overlap(self) -> Overlap | None:
        """What the two share, and their score; null if they do not overlap."""
        return Overlap(pair=self.pair, asking=self.asking) if self.pair and self.pair.overlap else None

    @question
    def cell(self) -> CoverageCell | None:
        """Of a gap all that counts there; null for an overlap."""
        return self.at

    @question
    async def facts(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[FindingFact]:
        """The facts it rests on, with who stated them and when, each with a permalink."""
        if self.pair is not None:
            about = facts_of_pair(self.asking, self.pair.one, self.pair.other)
        else:
            assert self.at is not None
            about = await facts_of_cell(self.asking, self.at.cell)
        return await facts_of(self.asking, about, first=first, after=after)

    @question
    async def review_state(self, info: Info) -> ReviewState:
        """How it stands with those who review."""
        if self.pair is not None:
            return self.pair.review_state
        assert self.at is not None
        return self.at.cell.review_state(await self.at._review(info))

    @question
    def overlap_review(self) -> OverlapReview | None:
        """What the latest review made of an overlap; null if there was none."""
        return overlap_review(self.pair.review, self.asking) if self.pair and self.pair.review else None

    @question
    async def gap_review(self, info: Info) -> GapReview | None:
        """What the latest review made of a gap; null if there was none."""
        row = await self.at._review(info) if self.at else None
        return gap_review(row, self.asking) if row else None


@form
class OverlapReference:
    """Two initiatives, in whichever order."""

    one: strawberry.ID = described("An initiative, by global id or by code.")
    other: strawberry.ID = described("Another one.")


@form
class GapReference:
    """A region in a working group's field."""

    region: RegionCode = described("The region.")
    working_group: Code = described("The working group.")


@choice
class FindingInput:
    """What is to be explained."""

    overlap: OverlapReference | None = described("That two initiatives overlap.", default=UNSET)
    gap: GapReference | None = described("That a region is a gap in a working group's field.", default=UNSET)


RegionsArgument = Annotated[
    list[RegionCode] | None,
    strawberry.argument(f"The regions of the matrix, at most {GREATEST_PAGE}; left out: all of the catalogue."),
]
GroupsArgument = Annotated[
    list[Code] | None,
    strawberry.argument(f"The working groups of the matrix, at most {GREATEST_PAGE}; left out: all of the catalogue."),
]
FindingArgument = Annotated[FindingInput, strawberry.argument("What is to be explained.")]


@shape
class CoverageQuestions(Asked):
    """Where something is lacking, and why that is said."""

    @question
    async def coverage(
        self, info: Info, regions: RegionsArgument = None, working_groups: GroupsArgument = None
    ) -> Coverage:
        """How regions are covered in the working groups' fields."""
        for name, given in (("regions", regions), ("workingGroups", working_groups)):
            if given is not None and len(given) > GREATEST_PAGE:
                raise InvalidInput(fields=[(name, f"must not be more than {GREATEST_PAGE}")])
        asking = await self.asking(info)
        return Coverage(found=await cells(asking, regions=regions, working_groups=working_groups), asking=asking)

    @question
    async def explain_finding(self, info: Info, finding: FindingArgument) -> Finding:
        """Why two initiatives overlap, or a region is a gap in a working group's field: the facts it rests on."""
        asking = await self.asking(info)
        if isinstance(finding.overlap, OverlapReference):
            return await _overlap(asking, finding.overlap)
        assert isinstance(finding.gap, GapReference)
        return await _gap(asking, finding.gap)


async def _overlap(asking: Asking, given: OverlapReference) -> Finding:
    named = [reference(id, "Initiative", field=f"finding.overlap.{name}") for name, id in vars(given).items()]
    rows = [await _initiative(asking, key) for key in named]
    one, other = sorted(rows, key=lambda row: row.code)
    if one.code == other.code:
        raise InvalidInput(fields=[("finding.overlap.other", "is the same initiative")])
    (pair,) = await pairs_shown(asking, [(one.code, other.code)])
    return Finding(asking=asking, kind=FindingKind.OVERLAP, pair=pair, reasons=_reasons(pair.conditions))


async def _initiative(asking: Asking, key: Any) -> InitiativeRow:
    row = await asking.one(InitiativeRow, "code" if isinstance(key, str) else "id", key)
    if row is None:
        raise NotFound(kind="Initiative", reference=str(key))
    return row


async def _gap(asking: Asking, given: GapReference) -> Finding:
    (cell,) = await cells(asking, regions=[given.region], working_groups=[given.working_group])
    at = CoverageCell(cell=cell, asking=asking)
    return Finding(asking=asking, kind=FindingKind.GAP, at=at, reasons=_reasons(cell.conditions))


def _reasons(found: dict[FindingCondition, bool]) -> list[FindingReason]:
    return [FindingReason(condition=condition, holds=holds) for condition, holds in found.items()]
