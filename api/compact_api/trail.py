"""The trail: every fact, who stated it, when, why and under what; and what changed between two moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID

import msgspec
import strawberry

from compact_domain.kernel import Concerns, MomentRefused, Sealed
from compact_domain.policy import may_read_personal
from compact_domain.published import facts as published_facts
from compact_projections.asking import Asking, Condition, Where
from compact_projections.models import PRIVATE
from compact_projections.trail import TRAIL_COLUMNS, TrailRow

from .context import Info
from .fields import question
from .listing import CodeFilter, TextFilter, TimeFilter, conditions
from .moments import Asked, MomentInput, named
from .paging import DEFAULT_PAGE, After, Connection, First, Order, connection, page
from .scalars import Code, Position
from .shapes import described, form, shape
from .text import Cursor
from .vocabulary import Role

FromMoment = Annotated[MomentInput, strawberry.argument(name="from", description="After this moment.")]
ToMoment = Annotated[MomentInput | None, strawberry.argument("Up to this moment; left out: the moment of the answer.")]
Filter = Annotated["TrailFilter | None", strawberry.argument("Which facts to show; left out: all.")]
NewestFirst = Annotated[bool, strawberry.argument("Whether the newest fact comes first.")]
ORDER = Order("trail", ("position asc", int))
NEWEST = Order("trail", ("position desc", int))


@shape
class Actor:
    """Who stated a fact: by subject id, with the roles held at that moment."""

    subject: UUID = described("Subject id of the person or process.")
    organization: Code | None = described("The actor's organization.")
    roles: list[Role] = described("Roles held at that moment.")
    own: strawberry.Private[tuple[Asking, UUID]]

    @question
    async def name(self, info: Info) -> str | None:
        """The person's name; null if it was erased, is not for the one who asks, or belongs to a process."""
        concerns = Concerns(
            organizations=frozenset(o for o in [self.organization] if o), persons=frozenset({self.subject})
        )
        if not may_read_personal(await info.context.actor(), concerns):
            return None
        details = await info.context.person(self.own[0], self.subject)
        return details.name if details else None


@shape
class TrailEntry:
    """A fact of the history."""

    row: strawberry.Private[TrailRow]
    asking: strawberry.Private[Asking]
    position: Position = described("Its place in the whole history.")
    event_id: UUID = described("Id of the fact.")
    recorded_at: datetime = described("When the store took it in, by the store's clock.")
    effective_on: date = described("The day it counts from.")
    subject: UUID = described("The aggregate it happened to.")
    kind: str = described("The kind of aggregate.")
    version: int = described("Its place in that aggregate's history.")
    type: str = described("What happened: `recommendation.adopted`. The catalogue of facts describes each.")
    on_behalf_of: Code | None = described("The organization that the actor spoke for.")
    basis: str | None = described("Framework clause or decision number it rests on.")
    command: str = described("The command that stated it, as the policy names it.")
    command_id: UUID = described("The command's idempotency key.")
    correlation_id: UUID = described("The first command of the chain it belongs to.")
    causation_id: UUID | None = described("The fact that led to this one.")
    channel: str = described("The way the command came in.")

    @question
    def actor(self) -> Actor:
        """Who stated it."""
        return Actor(
            subject=self.row.actor,
            organization=Code(self.row.organization) if self.row.organization else None,
            roles=[Role(role) for role in self.row.roles],
            own=(self.asking, self.row.actor),
        )

    @question
    async def reason(self, info: Info) -> str | None:
        """Why; null if none was given, it was erased, or it is not for the one who asks."""
        return await opened(info, self.row, self.row.reason)

    @question
    def data(self) -> str:
        """The fact's own fields, as JSON, but for those that are not for the one who asks. Sealed texts stay sealed."""
        told = self.row.data if self.asking.own is None else told_to_all(self.row)
        return msgspec.json.encode(told, order="sorted").decode()


def told_to_all(row: TrailRow) -> dict[str, Any]:
    """What everybody is told of a fact who is told of it at all; of a sealed text not even whose key seals it."""
    confidential = _confidential().get(row.topic, frozenset())
    return {name: _without_boxes(value) for name, value in row.data.items() if name not in confidential}


@cache
def _confidential() -> dict[str, frozenset[str]]:
    return {topic: kind.CONFIDENTIAL for topic, kind in published_facts().items() if kind.CONFIDENTIAL}


def _without_boxes(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_boxes(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == set(Sealed.__struct_fields__):
        return {"sealed": True}
    return {name: _without_boxes(item) for name, item in value.items()}


def entry(row: TrailRow, asking: Asking) -> TrailEntry:
    """A fact of the trail as the schema shows it."""
    return TrailEntry(
        row=row,
        asking=asking,
        position=Position(row.position),
        event_id=row.event_id,
        recorded_at=row.recorded_at,
        effective_on=row.effective_on,
        subject=row.subject,
        kind=row.kind,
        version=row.version,
        type=row.topic,
        on_behalf_of=Code(row.on_behalf_of) if row.on_behalf_of else None,
        basis=row.basis,
        command=row.command,
        command_id=row.command_id,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        channel=row.channel,
    )


PERSONAL = frozenset({"focal_point", "role", "body", "rotation", "coordination_meeting", "agenda_item"})
"""Kinds whose free text speaks of persons, or of what is for those at the table: it is for the secretariat, auditors
and the organization that said it. So is that of other kinds where it lies under a person's key; but who is told of a
private fact, is told all of it."""


async def opened(info: Info, row: TrailRow, sealed: dict[str, Any] | None) -> str | None:
    """A sealed text of a fact, for whom the policy lets read it."""
    if sealed is None:
        return None
    box = msgspec.convert(sealed, Sealed)
    if row.kind not in PRIVATE and (row.kind in PERSONAL or box.key != row.subject):
        owners = frozenset(o for o in (row.organization, row.on_behalf_of) if o)
        concerns = Concerns(organizations=owners, persons=frozenset({box.key}))
        if not may_read_personal(await info.context.actor(), concerns):
            return None
    return await info.context.text(box)


@form
class TrailFilter:
    """Which facts to show."""

    type: TextFilter | None = described("What happened.", default=None)
    kind: TextFilter | None = described("The kind of aggregate.", default=None)
    subject: UUID | None = described("One aggregate.", default=None)
    actor: UUID | None = described("One person or process.", default=None)
    organization: CodeFilter | None = described("The actor's organization.", default=None)
    command: TextFilter | None = described("The command, as the policy names it.", default=None)
    correlation_id: UUID | None = described("One chain of commands.", default=None)
    recorded_at: TimeFilter | None = described("When it was recorded.", default=None)


@shape
class SubjectChanges:
    """What happened to one aggregate between two moments."""

    subject: UUID = described("The aggregate.")
    kind: str = described("Its kind.")
    facts: list[TrailEntry] = described("What happened to it, in order; at most 100 facts.")


async def history_of(
    asking: Asking, subject: UUID, *, about: Sequence[Where] = (), first: int, after: Cursor | None
) -> Connection[TrailEntry]:
    """The history of one aggregate up to the moment, or as much of it as is `about` a part of it."""
    where = [Condition("subject", "eq", subject), *about]
    return await _page(asking, where, newest_first=False, first=first, after=after)


async def _page(
    asking: Asking, where: Sequence[Where], *, newest_first: bool, first: int, after: Cursor | None
) -> Connection[TrailEntry]:
    wanted = page(NEWEST if newest_first else ORDER, first, after)
    start = wanted.after[0] if wanted.after else None
    rows = await asking.trail(
        where=where,
        after=start if isinstance(start, int) else None,
        newest_first=newest_first,
        limit=wanted.limit,
    )

    async def count() -> int:
        return await asking.trail_count(where)

    return connection(rows, wanted, node=lambda row: entry(row, asking), key=lambda row: (row.position,), count=count)


@shape
class TrailQuestions(Asked):
    """What has happened."""

    @question
    async def trail(
        self,
        info: Info,
        filter: Filter = None,
        newest_first: NewestFirst = False,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[TrailEntry]:
        """Every fact up to the moment that the one who asks may know of."""
        where = conditions(TRAIL_COLUMNS, filter, {"type": "topic"})
        return await _page(await self.asking(info), where, newest_first=newest_first, first=first, after=after)

    @question
    async def changes(
        self, info: Info, from_: FromMoment, to: ToMoment = None, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[SubjectChanges]:
        """What happened after one moment and up to another, subject by subject, in the order each was first touched."""
        asking = await self.asking(info)
        start = await asking.moment_named(**named(from_))
        end = await asking.moment_named(**named(to)) if to else asking.moment
        if start.position > end.position:
            raise MomentRefused(moment_code="MOMENTS_REVERSED")
        return await _changes(asking.at(end), since=start.position, first=first, after=after)


async def _changes(until: Asking, *, since: int, first: int, after: Cursor | None) -> Connection[SubjectChanges]:
    wanted = page(ORDER, first, after)
    begin = wanted.after[0] if wanted.after else 0
    touched = await until.touched(since=since, after=int(str(begin)), limit=wanted.limit)

    async def count() -> int:
        return await until.touched_count(since=since)

    facts: dict[UUID, list[TrailRow]] = {}
    for row in await until.trail(
        where=[
            Condition("subject", "in", [subject for subject, _, _ in touched[: wanted.first]]),
            Condition("position", "from", since + 1),
        ],
        limit=100 * max(1, wanted.first),
    ):
        facts.setdefault(row.subject, []).append(row)
    return connection(
        touched,
        wanted,
        node=lambda found: SubjectChanges(
            subject=found[0],
            kind=found[1],
            facts=[entry(row, until) for row in facts.get(found[0], [])[:100]],
        ),
        key=lambda found: (found[2],),
        count=count,
    )
