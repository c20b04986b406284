"""The action plan: what was adopted, who leads, by when, how far it is, on what evidence, what hinders and is late."""

from __future__ import annotations

from typing import Annotated

import strawberry

from compact_domain.recommendation import Ending, FollowUp
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
class PlanEnding:
    """How many recommendations of a plan ended in one way."""

    ending: Ending = described("The way.")
    count: int = described("How many ended so.")


@shape
class PlanMilestones:
    """How many steps the work of a plan has, and how far it is in them."""

    total: int = described("How many were set.")
    completed: int = described("How many of them were taken.")
    overdue: int = described("How many are late: open past their day while their recommendation is being worked on.")


@shape
class ActionPlan:
    """What was adopted and is to be carried out, as of the moment of the answer."""

    asking: strawberry.Private[Asking]
    where: strawberry.Private[list[Where]]

    @question
    async def standing(self, info: Info) -> list[PlanStanding]:
        """How many stand where in their follow-up, those that ended left out; every point is told."""
        counts = await self._counts(info)
        return [PlanStanding(follow_up=point, count=counts.by_follow_up.get(point, 0)) for point in FollowUp]

    @question
    async def ended(self, info: Info) -> list[PlanEnding]:
        """How many were superseded, merged or overtaken; every way is told, also where none ended so."""
        counts = await self._counts(info)
        return [PlanEnding(ending=ending, count=counts.by_ending.get(ending, 0)) for ending in Ending]

    @question
    async def milestones(self, info: Info) -> PlanMilestones:
        """How many steps the work has, and how many of them were taken or are late."""
        counts = await self._counts(info)
        return PlanMilestones(
            total=counts.milestones, completed=counts.milestones_completed, overdue=counts.milestones_overdue
        )

    @question
    async def open_obstacles(self, info: Info) -> int:
        """How many obstacles were reported and are not resolved."""
        return (await self._counts(info)).obstacles_open

    @question
    async def total(self, info: Info) -> int:
        """How many recommendations the plan has, those that ended included."""
        return (await self._counts(info)).total

    @question
    async def overdue(self, info: Info) -> int:
        """How many of them are overdue."""
        return (await self._counts(info)).overdue

    @question
    async def items(
        self,
        info: Info,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Recommendation]:
        """The recommendations of the plan, each with lead, partners, due date, milestones, obstacles and evidence."""
        return await LISTING.page(
            self.asking,
            node=lambda row: Recommendation.of(row, self.asking),
            where=self.where,
            order_by=RecommendationOrder.columns(order_by),
            first=first,
            after=after,
            info=info,
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
