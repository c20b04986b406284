"""Silence procedures: what is before the members of bodies until when, and how those that are over have ended."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from compact_projections.asking import Asking, Order, Where
from compact_projections.decisions import about
from compact_projections.silences import SilenceOutcome, SilenceRow, ended_as, is_open, next_deadline

from .context import Info
from .fields import question
from .listing import Choice, CodeFilter, Direction, Listing, TextFilter, TimeFilter, YesNo
from .moments import Asked
from .paging import DEFAULT_PAGE, After, Connection, First
from .recommendation import SilenceProcedure, silence
from .scalars import Code
from .shapes import described, enumeration, form, shape


@form
class SilenceFilter:
    """Which silence procedures to show."""

    recommendation: Code | None = described("The recommendation they are about.", default=None)
    body: CodeFilter | None = described("The body that decides by silence.", default=None)
    meeting: TextFilter | None = described("The meeting that put the text to the members, by code.", default=None)
    decision_number: TextFilter | None = described("The number that the decision has or is to have.", default=None)
    deadline: TimeFilter | None = described("The last instant at which they can be broken.", default=None)
    open: YesNo | None = described("Whether they can be broken at the moment of the answer.", default=None)
    outcome: Choice[SilenceOutcome] | None = described("How they are known to have ended.", default=None)


class SilenceOrderField(Enum):
    """What silence procedures can be ordered by."""

    DEADLINE = "deadline"


enumeration(SilenceOrderField, DEADLINE="The last instant at which they can be broken.")


@form
class SilenceOrder:
    """An order of silence procedures."""

    field: SilenceOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


LISTING = Listing(SilenceRow, default=(Order("deadline", descending=True),))

FilterArgument = Annotated[SilenceFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[
    list[SilenceOrder] | None, strawberry.argument("In which order; left out: the latest deadline first.")
]


async def _chosen(asking: Asking, filter: SilenceFilter | None) -> list[Where]:
    """The conditions that a filter asks for."""
    if filter is not None and filter.open:
        await next_deadline(asking)
    return LISTING.where(
        filter,
        apart={
            "recommendation": about,
            "open": lambda given: is_open(asking, given.eq),
            "outcome": lambda given: ended_as(asking, _outcomes(given)),
        },
    )


def _outcomes(given: Choice[SilenceOutcome]) -> list[SilenceOutcome]:
    some = list(SilenceOutcome) if given.in_ is None else given.in_
    return [outcome for outcome in some if given.eq in (None, outcome)]


@shape
class SilenceQuestions(Asked):
    """What is or was before the members of bodies."""

    @question
    async def silence_procedures(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[SilenceProcedure]:
        """Texts that are adopted unless a member objects: those that can still be broken, and how others ended."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: silence(row, asking),
            where=await _chosen(asking, filter),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )
