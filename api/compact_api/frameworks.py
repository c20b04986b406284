"""Framework coverage: what refers to each clause of the frameworks, and to which nothing does."""

from __future__ import annotations

from asyncio import gather
from typing import Annotated

import strawberry

from compact_domain.catalogue import Catalogued, EntryKind
from compact_projections.asking import Asking, Condition, Order
from compact_projections.catalogue import CatalogueEntryRow
from compact_projections.decisions import DecisionRow
from compact_projections.frameworks import (
    ClauseCounts,
    decisions_on,
    initiatives_on,
    recommendations_on,
    references,
)
from compact_projections.initiatives import InitiativeRow
from compact_projections.recommendations import RecommendationRow

from .catalogue import Clause, Framework, FrameworkFilter
from .context import Info
from .fields import question
from .initiative import Initiative
from .listing import Listing
from .moments import Asked
from .paging import DEFAULT_PAGE, After, Connection, First
from .recommendation import Recommendation, RecommendationDecision, decision
from .shapes import shape

LISTING = Listing(CatalogueEntryRow, default=(Order("code"),))
RECOMMENDATIONS = Listing(RecommendationRow, default=(Order("code"),))
INITIATIVES = Listing(InitiativeRow, default=(Order("code"),))
DECISIONS = Listing(DecisionRow, default=(Order("decided_on", descending=True), Order("number")))


async def _counts(info: Info, asking: Asking, clause: str) -> ClauseCounts:
    """What refers to a clause, counted together with what refers to all others that are asked about."""

    async def load(codes: list[str]) -> list[ClauseCounts]:
        found = await references(asking, codes)
        return [found[code] for code in codes]

    return await info.context.loader(("references", asking.moment.position), load).load(clause)


@shape
class ClauseCoverage:
    """What refers to a clause of a framework."""

    row: strawberry.Private[CatalogueEntryRow]
    asking: strawberry.Private[Asking]

    @question
    def clause(self) -> Clause:
        """The clause."""
        return Clause.of(self.row, self.asking)

    @question
    async def has_nothing(self, info: Info) -> bool:
        """Whether nothing refers to it that is counted here."""
        return (await self._counts(info)).has_nothing

    @question
    async def recommendation_count(self, info: Info) -> int:
        """How many recommendations rest on it that were neither refused nor withdrawn, and have not ended."""
        return (await self._counts(info)).recommendations

    @question
    async def initiative_count(self, info: Info) -> int:
        """How many initiatives rest on it that were not cancelled, restricted ones included."""
        return (await self._counts(info)).initiatives

    @question
    async def restricted(self, info: Info) -> int:
        """How many of these initiatives are not for the one who asks."""
        return (await self._counts(info)).untold

    @question
    async def decision_count(self, info: Info) -> int:
        """How many decisions were taken about recommendations that rest on it, or on its basis: one for each
        recommendation that a decision covers."""
        return (await self._counts(info)).decisions

    @question
    async def meeting_decision_count(self, info: Info) -> int:
        """How many other decisions meetings took on its basis, as far as their minutes are final."""
        return (await self._counts(info)).meeting_decisions

    @question
    async def recommendations(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Recommendation]:
        """The recommendations that rest on it, by code."""
        where = recommendations_on(self.row.code)
        return await RECOMMENDATIONS.page(
            self.asking, node=lambda row: Recommendation.of(row, self.asking), where=where, first=first, after=after
        )

    @question
    async def initiatives(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Initiative]:
        """The initiatives that rest on it, by code, as far as the one who asks may know of them."""
        where = initiatives_on(self.row.code)
        return await INITIATIVES.page(
            self.asking, node=lambda row: Initiative.of(row, self.asking), where=where, first=first, after=after
        )

    @question
    async def decisions(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[RecommendationDecision]:
        """The decisions about recommendations that rest on it, or on its basis, the latest day first."""
        where = decisions_on(self.asking, self.row.code)
        return await DECISIONS.page(
            self.asking, node=lambda row: decision(row, self.asking), where=where, first=first, after=after
        )

    async def _counts(self, info: Info) -> ClauseCounts:
        return await _counts(info, self.asking, self.row.code)


BlankArgument = Annotated[
    bool, strawberry.argument("Whether to show those alone that nothing refers to and that are put to use.")
]


@shape
class FrameworkCoverage:
    """What refers to the clauses of a framework, as far as the catalogue holds them."""

    row: strawberry.Private[CatalogueEntryRow]
    asking: strawberry.Private[Asking]

    @question
    def framework(self) -> Framework:
        """The framework."""
        return Framework.of(self.row, self.asking)

    @question
    def is_whole(self) -> bool:
        """Whether the catalogue holds all of its clauses. If not, what nothing refers to may not be all there is."""
        return self.row.catalogued is Catalogued.WHOLE

    @question
    async def clauses_held(self, info: Info) -> int:
        """How many of its clauses the catalogue holds."""
        return len(await self._rows(info))

    @question
    async def clauses_beyond(self, info: Info) -> int | None:
        """How many more clauses it has, of which nothing can be told here; null: more, and nobody has counted."""
        held = len(await self._rows(info))
        total = held if self.row.catalogued is Catalogued.WHOLE else self.row.clauses_total
        return None if total is None else max(0, total - held)

    @question
    async def blanks(self, info: Info) -> int:
        """How many of the clauses held here nothing refers to, without those put to no new use."""
        return len(await self._blank(info))

    @question
    async def clauses(
        self, info: Info, blank: BlankArgument = False, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[ClauseCoverage]:
        """Its clauses that are held here, by code."""
        rows = await self._blank(info) if blank else await self._rows(info)
        return LISTING.page_of(
            rows, node=lambda row: ClauseCoverage(row=row, asking=self.asking), first=first, after=after
        )

    async def _rows(self, info: Info) -> list[CatalogueEntryRow]:
        return await info.context.many(self.asking, CatalogueEntryRow, "framework", self.row.code)

    async def _blank(self, info: Info) -> list[CatalogueEntryRow]:
        rows = [row for row in await self._rows(info) if not row.retired]
        counts = [_counts(info, self.asking, row.code) for row in rows]
        return [row for row, count in zip(rows, await gather(*counts), strict=True) if count.has_nothing]


FilterArgument = Annotated[FrameworkFilter | None, strawberry.argument("Which frameworks to show; left out: all.")]


@shape
class FrameworkCoverageQuestions(Asked):
    """What the frameworks ask for, and nobody answers."""

    @question
    async def framework_coverage(
        self, info: Info, filter: FilterArgument = None, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[FrameworkCoverage]:
        """What refers to the clauses of each framework, and to which nothing does."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: FrameworkCoverage(row=row, asking=asking),
            where=[Condition("kind", "eq", EntryKind.FRAMEWORK.value), *LISTING.where(filter)],
            first=first,
            after=after,
        )
