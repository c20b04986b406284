"""Findings: the facts that an overlap or a gap rests on, by whom and when, and how they stand with those who review."""

from __future__ import annotations

import strawberry

from compact_projections.asking import Asking, Where
from compact_projections.initiatives import InitiativeRow
from compact_projections.overlaps import ReviewState
from compact_projections.trail import TrailRow

from .context import Info
from .fields import question
from .ids import GlobalId
from .paging import Connection, Order, connection, page
from .scalars import Position
from .shapes import described, enumeration, shape
from .text import Cursor
from .trail import TrailEntry, entry

enumeration(
    ReviewState,
    named="FindingReviewState",
    NONE="Nobody has reviewed it.",
    VALID="The latest review holds: what it was made of is as it was.",
    OUTDATED="It was reviewed, and what the review was made of has changed since.",
)

ORDER = Order("finding", ("position asc", int))


@shape
class FindingFact:
    """A fact that a finding rests on."""

    row: strawberry.Private[TrailRow]
    asking: strawberry.Private[Asking]
    fact: TrailEntry = described("What happened, who stated it and when.")

    @question
    async def permalink(self, info: Info) -> strawberry.ID:
        """Global id of the initiative or gap as this fact left it; `node` shows it so for ever."""
        at = Position(self.row.position)
        if self.row.kind != "initiative":
            return GlobalId("CapacityGap", self.row.data["code"], at).opaque
        it = await info.context.one(self.asking, InitiativeRow, "id", self.row.subject)
        return GlobalId("Initiative", it.code if it else self.row.subject, at).opaque


async def facts_of(asking: Asking, about: Where, *, first: int, after: Cursor | None) -> Connection[FindingFact]:
    """A page of the facts that a finding rests on, in the order in which they were recorded."""
    wanted = page(ORDER, first, after)
    start = wanted.after[0] if wanted.after else None
    rows = await asking.trail(where=[about], after=start if isinstance(start, int) else None, limit=wanted.limit)

    async def count() -> int:
        return await asking.trail_count([about])

    return connection(
        rows,
        wanted,
        node=lambda row: FindingFact(row=row, asking=asking, fact=entry(row, asking)),
        key=lambda row: (row.position,),
        count=count,
    )
