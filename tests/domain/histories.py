"""Histories kept in memory: the store's contract without a database, for commands that touch several aggregates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid5

import msgspec

from compact_domain.kernel import (
    NAMESPACE,
    Actor,
    Aggregate,
    Channel,
    Command,
    Fact,
    PersonDetails,
    RuleViolation,
    Sealed,
    Work,
)
from compact_domain.policy import decide, needs_reason
from tests.domain.scenario import actor

A = TypeVar("A", bound=Aggregate)


class ClaimTaken(AssertionError):
    """A fact took a claim that another holds: the rules should have refused before."""


class Histories:
    """Streams and claims as the store keeps them. Facts pass through JSON, so types are those after reading."""

    def __init__(self, now: datetime = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)) -> None:
        self.facts: list[Fact] = []
        self.held: dict[str, UUID] = {}
        self.people: dict[str, UUID] = {}
        self.details: dict[UUID, PersonDetails] = {}
        self.now = now
        self._keys = 0

    # the port that commands see

    def load(self, kind: type[A], id: UUID) -> A | None:
        it: Any = None
        for fact in self.facts:
            if fact.originator_id == id:
                it = fact.mutate(it)
        return it if it is None or isinstance(it, kind) else None

    def holder(self, claim: str) -> UUID | None:
        return self.held.get(claim)

    def claims(self, prefix: str) -> list[str]:
        return sorted(key for key in self.held if key.startswith(prefix))

    def head(self) -> int:
        return len(self.facts)

    def seal(self, text: str, *, field: str, about: UUID, bound: UUID) -> Sealed:
        return Sealed(key=about, key_version=1, bound=bound, field=field, box="AAAA")

    def person(self, email: str) -> UUID | None:
        return self.people.get(email.casefold())

    def enrol(self, subject: UUID, details: PersonDetails, *, vouched: bool = True) -> str:
        self.people[details.email.casefold()] = subject
        self.details[subject] = details
        return f"{len(self.details):064x}"

    # what a test does

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)

    def run(
        self,
        name: str,
        decide_on: Callable[[Work], A],
        *,
        by: Actor | None = None,
        reason: str | None = None,
        effective_on: date | None = None,
        on_behalf_of: str | None = None,
        causation_id: UUID | None = None,
    ) -> list[Fact]:
        """Give one command; answers the facts it stated, which are then part of the history. Refusals are raised."""
        self._keys += 1
        cmd = Command(
            name=name,
            id=uuid5(NAMESPACE, f"key:{self._keys}"),
            by=by or actor(),
            now=self.now,
            channel=Channel.GRAPHQL,
            effective_on=effective_on,
            on_behalf_of=on_behalf_of,
            causation_id=causation_id,
        )
        work = Work(cmd, store=self, secrets=self, judge=decide, reason=reason, needs_reason=needs_reason(name))
        try:
            decide_on(work)
        except RuleViolation as refusal:
            refusal.allowed = work.offers(refusal)
            raise
        assert work.judged, f"{name} never asked the policy"
        stated = [msgspec.json.decode(msgspec.json.encode(f, order="sorted"), type=type(f)) for f in work.facts()]
        for fact in stated:
            for key in fact.releases():
                self.held.pop(key, None)
            for key in fact.takes():
                if key in self.held:
                    raise ClaimTaken(key)
                self.held[key] = fact.originator_id
        self.facts += stated
        return stated
