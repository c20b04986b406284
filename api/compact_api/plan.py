"""The action plan: what was adopted, who leads, by when, how far it is, on what evidence, and what is late."""

from __future__ import annotations

from typing import Annotated

import strawberry

from compact_domain.recommendation import FollowUp
from compact_projections.asking import Asking, Condition, Where
from compact_projections.recommendations import PlanCounts, is_adopted, of_retreat, plan_counts

from .context import Info
from .fields import question
from .moments import Asked
from .paging import DEFAULT_PAGE, After, Connection, First
from .recommendation import (
    LISTING,
    FilterArgument,
    OrderArgument,
    Recommendation,
    RecommendationOrder,
    chosen,
)
from .scalars import Code
from .shapes import described, shape

Retreat = Annotated[Code | None, strawberry.argument("Only what came out of the sessions of this retreat, by code.")]
DecidedBy = Annotated[Code | None, strawberry.argument("Only what this body adopted, by code.")]


@shape
class PlanStanding:
    """How many recommendations of a plan stand at one point of their follow-up."""

    follow_up: FollowUp = described("The point.")
    count: int = described("How many stand there.")


@shape
class ActionPlan:
    """What was adopted and is to be carried out, as of the moment of the answer."""

    asking: strawberry.Private[Asking]
    where: strawberry.Private[list[Where]]

    @question
    async def standing(self, info: Info) -> list[PlanStanding]:
        """How many stand where in their follow-up; every point is told, also where none stands."""
        counts = await self._counts(info)
        return [PlanStanding(follow_up=point, count=counts.by_follow_up.get(point, 0)) for point in FollowUp]

    @question
    async def total(self, info: Info) -> int:
        """How many recommendations the plan has."""
        return (await self._counts(info)).total

    @question
    async def overdue(self, info: Info) -> int:
        """How many of them are overdue."""
        return (await self._counts(info)).overdue

    @question
    async def items(
        self,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Recommendation]:
        """The recommendations of the plan, each with lead, partners, due date, progress, claims and evidence."""
        return await LISTING.page(
            self.asking,
            node=lambda row: Recommendation.of(row, self.asking),
            where=self.where,
            order_by=RecommendationOrder.columns(order_by),
            first=first,
            after=after,
        )

    async def _counts(self, info: Info) -> PlanCounts:
        async def load(plans: list[int]) -> list[PlanCounts]:
            return [await plan_counts(self.asking, self.where)] * len(plans)

        return await info.context.loader(("plan", id(self)), load).load(id(self))


@shape
class PlanQuestions(Asked):
    """What is to be carried out."""

    @question
    async def action_plan(
        self, info: Info, retreat: Retreat = None, body: DecidedBy = None, filter: FilterArgument = None
    ) -> ActionPlan:
        """What was adopted: all of it, or what came out of a retreat, what a body adopted, what a filter names."""
        asking = await self.asking(info)
        where: list[Where] = [is_adopted(), *await chosen(asking, filter)]
        if retreat is not None:
            where.append(of_retreat(asking, retreat))
        if body is not None:
            where.append(Condition("decided_by", "eq", body))
        return ActionPlan(asking=asking, where=where)
