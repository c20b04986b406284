"""Overlaps: which initiatives of different organizations do the same in the same place at the same time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, cast

import strawberry

from compact_domain.finding import Overlap as OverlapValue
from compact_projections.asking import Asking
from compact_projections.overlaps import (
    OverlapChoice,
    OverlappingPair,
    Pair,
    ReviewState,
    count_pairs,
    count_untold,
    facts_of_pair,
    page_of_pairs,
    pairs_shown,
)

from .catalogue import Region, WorkingGroup
from .context import Info
from .fields import question
from .findings import FindingFact, facts_of
from .initiative import Initiative, OverlapReview, OverlapScore, overlap_review
from .listing import Choice, CodeFilter, codes
from .moments import Asked
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First, Order, Page, connection, page
from .shapes import described, form, shape
from .stated import found_of


@shape
class Overlap:
    """Two initiatives that overlap: other organizations lead them, both act, and they share what is told here."""

    pair: strawberry.Private[OverlappingPair]
    asking: strawberry.Private[Asking]

    @property
    def value(self) -> OverlapValue:
        return cast("OverlapValue", self.pair.overlap)

    @question
    def initiatives(self) -> list[Initiative]:
        """The two, by code."""
        return [Initiative.of(row, self.asking) for row in (self.pair.one, self.pair.other)]

    @question
    async def leads(self, info: Info) -> list[Organization]:
        """The organizations that lead them, in the same order."""
        leads = (self.pair.one.lead, self.pair.other.lead)
        return await found_of(Organization.found(info, self.asking, lead) for lead in leads)

    @question
    def score(self) -> OverlapScore:
        """How much they overlap."""
        value = self.value
        return OverlapScore(
            total=value.score, working_groups=value.group_score, regions=value.region_score, months=value.month_score
        )

    @question
    async def working_groups(self, info: Info) -> list[WorkingGroup]:
        """The working groups of both."""
        return await WorkingGroup.coded_all(info, self.asking, self.value.working_groups)

    @question
    async def regions(self, info: Info) -> list[Region]:
        """The regions of both; where one's lies in the other's, the wider."""
        return await Region.coded_all(info, self.asking, self.value.regions)

    @question
    def first_month(self) -> date:
        """First day of the first calendar month that both touch."""
        return self.value.first_month

    @question
    def months(self) -> int:
        """How many calendar months both touch."""
        return self.value.months

    @question
    async def partners(self, info: Info) -> list[Organization]:
        """Those of the two leads that take part in the initiative of the other; it takes no points off."""
        return await found_of(Organization.found(info, self.asking, code) for code in self.pair.partners)

    @question
    def review_state(self) -> ReviewState:
        """How it stands with those who review."""
        return self.pair.review_state

    @question
    def review(self) -> OverlapReview | None:
        """What the latest review made of it; null if there was none."""
        return overlap_review(self.pair.review, self.asking) if self.pair.review else None

    @question
    async def facts(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[FindingFact]:
        """The facts it rests on: what was said of where, when and in which field the two act, and that they do."""
        about = facts_of_pair(self.asking, self.pair.one, self.pair.other)
        return await facts_of(self.asking, about, first=first, after=after)


@form
class OverlapFilter:
    """Which overlaps to show."""

    initiative: CodeFilter | None = described("One of the two.", default=None)
    lead: CodeFilter | None = described("The organization that leads one of the two.", default=None)
    region: CodeFilter | None = described("A region they share, or one that lies in it.", default=None)
    working_group: CodeFilter | None = described("A working group they share.", default=None)
    review: Choice[ReviewState] | None = described("How it stands with those who review.", default=None)
    minimum_score: Decimal | None = described("The least score, of 100.", default=None)


@shape
class KnownOverlapConnection(Connection[Overlap]):
    """One page of the overlaps that the one who asks may know of, and how many more there are."""

    choice: strawberry.Private[OverlapChoice]
    asking: strawberry.Private[Asking]

    @question
    async def restricted(self) -> int:
        """How many more there are, of the initiatives chosen, with ones that are not for the one who asks.

        Of these nothing else is told: what is chosen by review or score does not count.
        """
        return await count_untold(self.asking, self.choice)


FilterArgument = Annotated[OverlapFilter | None, strawberry.argument("Which to show; left out: all.")]
ORDER = Order("overlap", ("score desc", int), ("one asc", str), ("other asc", str))


def key_of(pair: Pair) -> tuple[int, str, str]:
    """The place of a pair in the order: cursors hold tenths of points, of which scores are made."""
    return int(pair.score * 10), pair.one, pair.other


def after_of(wanted: Page) -> Pair | None:
    """The pair that a page begins after."""
    if wanted.after is None:
        return None
    tenths, one, other = wanted.after
    return Pair(one=str(one), other=str(other), score=Decimal(cast("int", tenths)) / 10)


async def shown_of(asking: Asking, pairs: list[Pair]) -> dict[Pair, Overlap]:
    """What is to be shown of the pairs of a page."""
    shown = await pairs_shown(asking, [(pair.one, pair.other) for pair in pairs])
    found = {(pair.one.code, pair.other.code): Overlap(pair=pair, asking=asking) for pair in shown}
    return {pair: found[pair.one, pair.other] for pair in pairs}


@shape
class OverlapQuestions(Asked):
    """Who does the same as others."""

    @question
    async def overlaps(
        self, info: Info, filter: FilterArgument = None, first: First = DEFAULT_PAGE, after: After = None
    ) -> KnownOverlapConnection:
        """Which initiatives overlap, the greatest score first, as far as the one who asks may know of both."""
        asking = await self.asking(info)
        choice, wanted = _choice(filter or OverlapFilter()), page(ORDER, first, after)
        pairs = await page_of_pairs(asking, choice, after=after_of(wanted), limit=wanted.limit)
        shown = await shown_of(asking, pairs[: wanted.first])

        async def count() -> int:
            return await count_pairs(asking, choice)

        whole = connection(pairs, wanted, node=lambda pair: shown[pair], key=key_of, count=count)
        return KnownOverlapConnection(**vars(whole), choice=choice, asking=asking)


def _choice(filter: OverlapFilter) -> OverlapChoice:
    def kept(given: CodeFilter | None) -> tuple[str, ...] | None:
        wanted = codes(given) if given else None
        return None if wanted is None else tuple(wanted)

    reviews: set[ReviewState] | None = None
    if filter.review is not None:
        reviews = set(ReviewState) if filter.review.in_ is None else set(filter.review.in_)
        reviews &= {filter.review.eq} if filter.review.eq is not None else reviews
    return OverlapChoice(
        initiatives=kept(filter.initiative),
        leads=kept(filter.lead),
        regions=kept(filter.region),
        working_groups=kept(filter.working_group),
        reviews=None if reviews is None else tuple(sorted(reviews)),
        minimum=filter.minimum_score or Decimal(0),
    )
