"""Where a command is given: known again by its key, decided on fresh state, written whole, decided anew on a race."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import psycopg
import structlog
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from compact_domain.kernel import (
    Actor,
    Aggregate,
    Command,
    Conflict,
    IdempotencyMismatch,
    Intent,
    NotFound,
    Receipt,
    Refusal,
    RuleViolation,
    Unavailable,
    Work,
)
from compact_domain.organization import Organization
from compact_domain.policy import decide, needs_reason
from compact_infra.event_store import Attempt, EventStore

__all__ = ["Census", "Commander", "Decision", "Unavailable"]

log = structlog.get_logger("compact.commands")

LOST = (psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown, psycopg.errors.CannotConnectNow)
QUEUES = 64
"""Locks that queues share: callers name queues, so there may be any number of names."""
PATIENCE = 2.0
"""Seconds that a command waits in a queue before it goes ahead: waiting spares work, and decides nothing."""
Decision = Callable[[Work], Aggregate]


class Census(Protocol):
    """Who an actor is at the moment of a command."""

    def __call__(self, attempt: Attempt, intent: Intent, now: datetime) -> Actor: ...


class Commander:
    """Gives commands to the domain and their facts to the store."""

    def __init__(
        self, store: EventStore, census: Census, *, on_append: Callable[[int], None] = lambda position: None
    ) -> None:
        self.store, self.census, self.on_append = store, census, on_append
        self._queues = [threading.Lock() for _ in range(QUEUES)]

    def give(self, intent: Intent, decision: Decision, *, queue: str | None = None) -> Receipt:
        """Run one command. Raises a `Refusal`, or `Unavailable` within a few seconds.

        `queue` names what many want at once: commands that name the same wait for each other in this process, so
        that they seldom have to decide anew. Who loses a race decides again while nobody else writes, and so never
        loses twice. A lost connection is replaced once, since what was written over it is known again by the command's
        key; a database that is busy or away is not asked again.
        """
        with self._in_line(queue):
            return self._give(intent, decision)

    @contextmanager
    def _in_line(self, queue: str | None) -> Iterator[None]:
        lock = None if queue is None else self._queues[hash(queue) % QUEUES]
        is_held = lock is not None and lock.acquire(timeout=PATIENCE)
        try:
            yield
        finally:
            if lock is not None and is_held:
                lock.release()

    def _give(self, intent: Intent, decision: Decision) -> Receipt:
        alone = lost = False
        while True:
            try:
                return self._attempt(intent, decision, alone=alone)
            except Conflict:
                if alone:
                    raise Unavailable(intent.name) from None
                alone = True
            except psycopg.OperationalError as e:
                log.warning("database away", command=intent.name, error=type(e).__name__)
                if lost or not _is_lost(e):
                    raise Unavailable(intent.name) from e
                lost = True
                self.store.pool.check()

    def _attempt(self, intent: Intent, decision: Decision, *, alone: bool) -> Receipt:
        request = self.store.vault.keys.request_hash(intent.request)
        with self.store.attempt(alone=alone) as attempt:
            now, before = attempt.begin(intent.by, intent.id)
            if before is not None:
                same, receipt = before
                if same != request:
                    raise IdempotencyMismatch(command_id=intent.id)
                return receipt
            work = self._work(attempt, intent, now)
            try:
                _require_represented(attempt, intent)
                subject = decision(work)
            except Refusal as refusal:
                if attempt.is_outdated(intent.by, intent.id):
                    raise Conflict from None
                if isinstance(refusal, RuleViolation):
                    refusal.allowed = work.offers(refusal)
                raise
            if not work.judged:
                raise RuntimeError(f"{intent.name} did not ask the policy")
            receipt = attempt.append(
                work.facts(),
                actor=intent.by,
                command_id=intent.id,
                request=request,
                subject=subject.id,
                version=subject.version,
                warnings=work.warnings,
                dry_run=intent.dry_run,
            )
        if receipt.events and not intent.dry_run:
            self.on_append(receipt.position)
        return receipt

    def _work(self, attempt: Attempt, intent: Intent, now: datetime) -> Work:
        command = Command(
            name=intent.name,
            id=intent.id,
            by=self.census(attempt, intent, now),
            now=now,
            channel=intent.channel,
            on_behalf_of=intent.on_behalf_of,
            basis=intent.basis,
            effective_on=intent.effective_on,
            correlation_id=intent.correlation_id,
            causation_id=intent.causation_id,
        )
        return Work(
            command,
            store=attempt,
            secrets=attempt.secrets,
            judge=decide,
            reason=intent.reason,
            needs_reason=needs_reason(intent.name),
            expected_version=intent.expected_version,
        )


def _require_represented(attempt: Attempt, intent: Intent) -> None:
    """Nobody speaks for an organization that was never registered: the fact would say so for ever. `NotFound`."""
    code = intent.on_behalf_of
    if code is not None and attempt.load(Organization, Organization.identify(code)) is None:
        raise NotFound(kind="Organization", reference=code)


def _is_lost(error: psycopg.OperationalError) -> bool:
    """Whether a connection broke, rather than a database that is busy or away."""
    if isinstance(error, PoolTimeout | TooManyRequests | PoolClosed):
        return False
    return error.sqlstate is None or isinstance(error, LOST)
