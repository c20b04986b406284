"""Reviews: what has come of the work between two moments, for a strategic review or for whoever asks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry

from compact_domain.coordination_meeting import MeetingKind, MeetingState
from compact_projections.asking import Asking, Condition, Moment, Order
from compact_projections.coverage import Cell, CoverageState, cells
from compact_projections.initiatives import InitiativeRow
from compact_projections.meetings import MeetingRow
from compact_projections.overlaps import count_new_pairs, new_pairs
from compact_projections.recommendations import RecommendationRow, next_due
from compact_projections.reviews import (
    CellTurned,
    Turn,
    days_before,
    initiatives_slipped,
    is_run_over,
    newly_adopted,
    newly_closed,
    newly_verified,
    recommendations_slipped,
    require_order,
    turned,
)

from .context import Info
from .coordination_meeting import CoordinationMeeting
from .coverage import CELLS, CoverageCell
from .fields import question
from .initiative import Initiative
from .listing import Choice, CodeFilter, Listing, TimeFilter
from .moments import Asked, MomentInput, named
from .overlaps import ORDER, Overlap, after_of, key_of, shown_of
from .paging import DEFAULT_PAGE, After, Connection, First, connection, page
from .recommendation import Recommendation
from .scalars import Position
from .shapes import described, form, shape
from .text import Cursor

LISTING = Listing(MeetingRow, default=(Order("starts_at", descending=True), Order("code")))
RECOMMENDATIONS = Listing(RecommendationRow, default=(Order("code"),))
INITIATIVES = Listing(InitiativeRow, default=(Order("code"),))


@shape
class ComparedMoment:
    """A moment that is compared with another."""

    moment: strawberry.Private[Moment]
    position: Position = described("The last fact that counts.")

    @question
    def time(self) -> datetime:
        """The instant that what is due is held against."""
        return self.moment.now


def _compared(moment: Moment) -> ComparedMoment:
    return ComparedMoment(moment=moment, position=Position(moment.position))


@shape
class SlippedRecommendation:
    """A recommendation that was put off, or is overdue."""

    row: strawberry.Private[RecommendationRow]
    asking: strawberry.Private[Asking]
    earlier: strawberry.Private[Moment]

    @question
    def recommendation(self) -> Recommendation:
        """The recommendation, as of the later moment."""
        return Recommendation.of(self.row, self.asking)

    @question
    async def was_due_on(self, info: Info) -> date | None:
        """The earliest day that it was due on since the earlier moment; null if it was not put off."""
        return await _before(info, self.asking, self.earlier, self.row)

    @question
    def due_on(self) -> date | None:
        """The day it is due on at the later moment."""
        return self.row.due_on

    @question
    def overdue(self) -> bool:
        """Whether it is open at the later moment, and its last day is over."""
        return self.row.is_overdue(self.asking.moment)


@shape
class SlippedInitiative:
    """An initiative whose end was put off, or that goes on after it."""

    row: strawberry.Private[InitiativeRow]
    asking: strawberry.Private[Asking]
    earlier: strawberry.Private[Moment]

    @question
    def initiative(self) -> Initiative:
        """The initiative, as of the later moment."""
        return Initiative.of(self.row, self.asking)

    @question
    async def was_to_end_on(self, info: Info) -> date | None:
        """The earliest last day that it had since the earlier moment; null if that was not put off."""
        return await _before(info, self.asking, self.earlier, self.row)

    @question
    def ends_on(self) -> date:
        """Its last day at the later moment."""
        return self.row.ends_on

    @question
    def overdue(self) -> bool:
        """Whether it has not come to an end at the later moment, and its last day is over."""
        return is_run_over(self.row, self.asking.moment)


async def _before(info: Info, asking: Asking, earlier: Moment, row: RecommendationRow | InitiativeRow) -> date | None:
    kind = type(row)

    async def load(ids: list[UUID]) -> list[date | None]:
        found = await days_before(asking, earlier, kind, ids)
        return [found.get(id) for id in ids]

    key = ("days_before", kind, earlier.position, asking.moment.position)
    return await info.context.loader(key, load).load(row.id)


@shape
class CoverageTurn:
    """A region whose coverage in a working group's field has turned between two moments."""

    found: strawberry.Private[CellTurned]
    asking: strawberry.Private[Asking]

    @question
    def before(self) -> CoverageState:
        """How it was covered at the earlier moment."""
        return self.found.before

    @question
    def cell(self) -> CoverageCell:
        """What counts there at the later moment."""
        return CoverageCell(cell=self.found.cell, asking=self.asking)


@shape
class Comparison:
    """What has come of the work between two moments. What is shown of things is as of the later one."""

    asking: strawberry.Private[Asking]
    start: strawberry.Private[Moment]

    @question
    def earlier(self) -> ComparedMoment:
        """The earlier moment."""
        return _compared(self.start)

    @question
    def later(self) -> ComparedMoment:
        """The later moment."""
        return _compared(self.asking.moment)

    @question
    async def adopted(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Recommendation]:
        """Recommendations that were adopted, by code."""
        return await RECOMMENDATIONS.page(
            self.asking,
            node=lambda row: Recommendation.of(row, self.asking),
            where=[newly_adopted(self.asking, self.start)],
            first=first,
            after=after,
        )

    @question
    async def finished_recommendations(
        self, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Recommendation]:
        """Recommendations whose implementation was verified, by code."""
        return await RECOMMENDATIONS.page(
            self.asking,
            node=lambda row: Recommendation.of(row, self.asking),
            where=[newly_verified(self.asking, self.start)],
            first=first,
            after=after,
        )

    @question
    async def finished_initiatives(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Initiative]:
        """Initiatives that were concluded, by code."""
        return await INITIATIVES.page(
            self.asking,
            node=lambda row: Initiative.of(row, self.asking),
            where=[newly_closed(self.asking, self.start)],
            first=first,
            after=after,
        )

    @question
    async def slipped_recommendations(
        self, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[SlippedRecommendation]:
        """Recommendations whose due date was put off, or that are overdue at the later moment, by code."""
        await next_due(self.asking)
        return await RECOMMENDATIONS.page(
            self.asking,
            node=lambda row: SlippedRecommendation(row=row, asking=self.asking, earlier=self.start),
            where=[recommendations_slipped(self.asking, self.start)],
            first=first,
            after=after,
        )

    @question
    async def slipped_initiatives(
        self, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[SlippedInitiative]:
        """Initiatives whose end was put off, or that go on after it at the later moment, by code."""
        return await INITIATIVES.page(
            self.asking,
            node=lambda row: SlippedInitiative(row=row, asking=self.asking, earlier=self.start),
            where=[initiatives_slipped(self.asking, self.start)],
            first=first,
            after=after,
        )

    @question
    async def newly_overlapping(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Overlap]:
        """Initiatives that overlap and did not, the greatest score first."""
        wanted = page(ORDER, first, after)
        pairs = await new_pairs(self.asking, self.start, after=after_of(wanted), limit=wanted.limit)
        shown = await shown_of(self.asking, pairs[: wanted.first])

        async def count() -> int:
            return await count_new_pairs(self.asking, self.start)

        return connection(pairs, wanted, node=lambda pair: shown[pair], key=key_of, count=count)

    @question
    async def newly_covered(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[CoverageTurn]:
        """Where somebody acts and nobody did, by region and working group."""
        return await self._turned(info, Turn.NEWLY_COVERED, first, after)

    @question
    async def new_gaps(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[CoverageTurn]:
        """Where a gap is open and nobody acts, and that was not so, by region and working group."""
        return await self._turned(info, Turn.NEW_GAP, first, after)

    async def _turned(self, info: Info, turn: Turn, first: int, after: Cursor | None) -> Connection[CoverageTurn]:
        before = await _cells(info, self.asking.at(self.start))
        found = list(turned(before, await _cells(info, self.asking), turn))
        wanted = page(CELLS, first, after)
        beyond = [one for one in found if wanted.after is None or one.cell.key > wanted.after]

        async def count() -> int:
            return len(found)

        return connection(
            beyond[: wanted.limit],
            wanted,
            node=lambda one: CoverageTurn(found=one, asking=self.asking),
            key=lambda one: one.cell.key,
            count=count,
        )


async def _cells(info: Info, asking: Asking) -> list[Cell]:
    """All cells at a moment, counted once for all that ask."""

    async def load(keys: list[int]) -> list[list[Cell]]:
        return [await cells(asking) for _ in keys]

    return await info.context.loader(("cells", asking.moment.position), load).load(asking.moment.position)


@shape
class StrategicReview:
    """A meeting that looks at what has come of the work between two moments."""

    row: strawberry.Private[MeetingRow]
    asking: strawberry.Private[Asking]

    @question
    def meeting(self) -> CoordinationMeeting:
        """The meeting."""
        return CoordinationMeeting.of(self.row, self.asking)

    @question
    async def comparison(self) -> Comparison:
        """What has come of the work between its two moments, as far as the one who asks may know."""
        earlier = await self.asking.moment_named(time=self.row.compares_from)
        later = await self.asking.moment_named(time=self.row.compares_to)
        return Comparison(asking=self.asking.at(later), start=earlier)


@form
class StrategicReviewFilter:
    """Which reviews to show."""

    body: CodeFilter | None = described("The body that meets.", default=None)
    state: Choice[MeetingState] | None = described("How far the meeting has come.", default=None)
    starts_at: TimeFilter | None = described("When the meeting begins, or was to begin.", default=None)


FilterArgument = Annotated[StrategicReviewFilter | None, strawberry.argument("Which to show; left out: all.")]
FromMoment = Annotated[MomentInput, strawberry.argument(name="from", description="The earlier moment.")]
ToMoment = Annotated[MomentInput | None, strawberry.argument("The later moment; left out: the moment of the answer.")]


@shape
class ReviewQuestions(Asked):
    """What has come of the work."""

    @question
    async def reviews(
        self, info: Info, filter: FilterArgument = None, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[StrategicReview]:
        """The strategic reviews, the latest first, each with what it compares."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: StrategicReview(row=row, asking=asking),
            where=[Condition("kind", "eq", MeetingKind.STRATEGIC_REVIEW.value), *LISTING.where(filter)],
            first=first,
            after=after,
        )

    @question
    async def comparison(self, info: Info, from_: FromMoment, to: ToMoment = None) -> Comparison:
        """What has come of the work between any two moments."""
        asking = await self.asking(info)
        earlier = await asking.moment_named(**named(from_))
        later = await asking.moment_named(**named(to)) if to else asking.moment
        require_order(earlier, later)
        return Comparison(asking=asking.at(later), start=earlier)
