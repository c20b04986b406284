"""Decisions: what bodies have decided about recommendations, once it is announced to the one who asks."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from compact_domain.vocabulary import Method
from compact_projections.asking import Order
from compact_projections.decisions import DecisionOutcome, DecisionRow, about

from .context import Info
from .fields import question
from .listing import Choice, CodeFilter, DateFilter, Direction, Listing, TextFilter
from .moments import Asked
from .paging import DEFAULT_PAGE, After, Connection, First
from .recommendation import RecommendationDecision, decision
from .scalars import Code
from .shapes import described, enumeration, form, shape


@form
class DecisionFilter:
    """Which decisions to show."""

    body: CodeFilter | None = described("The body that decided.", default=None)
    meeting: TextFilter | None = described("The meeting it decided in, by code.", default=None)
    number: TextFilter | None = described("The number of the decision.", default=None)
    decided_on: DateFilter | None = described("The day it was decided.", default=None)
    method: Choice[Method] | None = described("How the body came to it.", default=None)
    outcome: Choice[DecisionOutcome] | None = described("What it decided.", default=None)
    recommendation: Code | None = described("The recommendation it decided about.", default=None)


class DecisionOrderField(Enum):
    """What decisions can be ordered by."""

    DECIDED_ON = "decided_on"
    NUMBER = "number"


enumeration(DecisionOrderField, DECIDED_ON="The day of the decision.", NUMBER="Its number, as text.")


@form
class DecisionOrder:
    """An order of decisions."""

    field: DecisionOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


LISTING = Listing(DecisionRow, default=(Order("decided_on", descending=True), Order("number")))

FilterArgument = Annotated[DecisionFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[
    list[DecisionOrder] | None, strawberry.argument("In which order; left out: the latest day first.")
]


@shape
class DecisionQuestions(Asked):
    """What bodies have decided."""

    @question
    async def decisions(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[RecommendationDecision]:
        """What bodies have decided about recommendations, one entry for each recommendation that a decision covers."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: decision(row, asking),
            where=LISTING.where(filter, apart={"recommendation": about}),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )
