"""Time travel: one root field, with the same questions as the present; and ids that carry their position."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

import strawberry
from strawberry import UNSET

from compact_projections.asking import Asking, Moment

from .context import Info
from .ids import GlobalId
from .scalars import Position
from .shapes import choice, described


class Asked:
    """What asks about a moment: the present, if it has none."""

    moment: Moment | None

    async def asking(self, info: Info) -> Asking:
        """The read side at this moment, for the one who asks."""
        return await info.context.asking(self.moment)


@choice
class MomentInput:
    """A moment of the history: a position, or a time, which means the last fact at or before it."""

    time: datetime | None = described("An instant, no later than now.", default=UNSET)
    position: Position | None = described("A position that a fact has.", default=UNSET)


class Named(TypedDict):
    """A moment as `Asking.moment_named` takes it."""

    time: datetime | None
    position: int | None


def named(at: MomentInput) -> Named:
    """The moment that an input names."""
    return Named(time=given(at.time), position=given(at.position))


def given(value: Any) -> Any:
    """A value that may have been left out: None if it was."""
    return None if value is UNSET else value


def global_id(asking: Asking, kind: str, key: UUID | str) -> strawberry.ID:
    """The id of a node; in an answer from the past it carries the position, and is a permalink into history."""
    at = None if asking.moment.live else Position(asking.moment.position)
    return GlobalId(kind, key, at).opaque


def day_of(asking: Asking) -> date:
    """The day an answer is of, in UTC."""
    return asking.moment.today
