"""The trail: every fact, in order, for every subject. Generic: a new fact costs it no line."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from compact_domain.kernel import STAMP, Fact
from compact_projections.kit import FOREVER, Recorded


class TrailRow(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as the trail shows it: what, of whom, when, by whom, why, under what; its own fields as JSON.

    `open_since` is the position from which those see it who see only what was announced.
    """

    position: int
    open_since: int
    event_id: UUID
    recorded_at: datetime
    effective_on: date
    subject: UUID
    kind: str
    version: int
    topic: str
    actor: UUID
    organization: str | None
    on_behalf_of: str | None
    roles: tuple[str, ...]
    reason: dict[str, Any] | None
    basis: str | None
    command: str
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    channel: str
    data: dict[str, Any]


@cache
def _own_fields(kind: type[Fact]) -> tuple[str, ...]:
    return tuple(name for name in kind.__struct_fields__ if name not in STAMP)


def trail_row(topic: str, fact: Fact, at: Recorded, *, withheld: bool) -> TrailRow:
    """The trail's row for a fact."""
    provenance = fact.provenance
    own: dict[str, Any] = {name: getattr(fact, name) for name in _own_fields(type(fact))}
    return TrailRow(
        position=at.position,
        open_since=FOREVER if withheld else at.position,
        event_id=at.event_id,
        recorded_at=at.recorded_at,
        effective_on=provenance.effective_on,
        subject=fact.originator_id,
        kind=topic.partition(".")[0],
        version=fact.originator_version,
        topic=topic,
        actor=provenance.by.id,
        organization=provenance.by.organization,
        on_behalf_of=provenance.on_behalf_of,
        roles=tuple(sorted({held.role.value for held in provenance.by.roles})),
        reason=msgspec.to_builtins(provenance.reason),
        basis=provenance.basis,
        command=provenance.command.name,
        command_id=provenance.command.id,
        correlation_id=provenance.correlation_id,
        causation_id=provenance.causation_id,
        channel=provenance.channel.value,
        data=msgspec.to_builtins(own),
    )


TRAIL_COLUMNS = {
    "position": "int8",
    "open_since": "int8",
    "event_id": "uuid",
    "recorded_at": "timestamptz",
    "effective_on": "date",
    "subject": "uuid",
    "kind": "text",
    "version": "int8",
    "topic": "text",
    "actor": "uuid",
    "organization": "text",
    "on_behalf_of": "text",
    "roles": "text[]",
    "reason": "jsonb",
    "basis": "text",
    "command": "text",
    "command_id": "uuid",
    "correlation_id": "uuid",
    "causation_id": "uuid",
    "channel": "text",
    "data": "jsonb",
}
