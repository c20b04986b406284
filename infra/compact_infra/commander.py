"""Where a command is given: known again by its key, decided on fresh state, written whole, tried again on a race."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Protocol

import psycopg
import structlog
from psycopg_pool import PoolTimeout, TooManyRequests

from compact_domain.kernel import (
    Actor,
    Aggregate,
    Command,
    Conflict,
    IdempotencyMismatch,
    Intent,
    Receipt,
    Work,
)
from compact_domain.policy import decide, needs_reason
from compact_infra.event_store import Attempt, EventStore

log = structlog.get_logger("compact.commands")

TRIES = 5
Decision = Callable[[Work], Aggregate]


class Unavailable(Exception):
    """The database did not answer in time, or others were faster five times over. Nothing is known to be written.

    The same command with the same key may be given again: it happens once.
    """


class Census(Protocol):
    """Who an actor is at the moment of a command."""

    def __call__(self, attempt: Attempt, intent: Intent, now: datetime) -> Actor: ...


class Commander:
    """Gives commands to the domain and their facts to the store."""

    def __init__(
        self,
        store: EventStore,
        census: Census,
        *,
        on_append: Callable[[int], None] = lambda position: None,
        chance: random.Random | None = None,
    ) -> None:
        self.store, self.census, self.on_append = store, census, on_append
        self._chance = chance or random.Random()
        self._queues: dict[str, threading.Lock] = {}

    def give(self, intent: Intent, decision: Decision, *, queue: str | None = None) -> Receipt:
        """Run one command. Raises a `Refusal`, or `Unavailable`.

        `queue` names a hot aggregate: commands that name the same one wait for each other in this process, so that
        they seldom have to be tried again.
        """
        pause = 0.002
        with self._in_line(queue):
            for _ in range(TRIES):
                try:
                    return self._attempt(intent, decision)
                except Conflict:
                    pass
                except (psycopg.OperationalError, PoolTimeout, TooManyRequests) as e:
                    log.warning("database away", command=intent.name, error=type(e).__name__)
                    pause = max(pause, 0.1)
                time.sleep(self._chance.uniform(0, pause))
                pause *= 3
        raise Unavailable(f"{intent.name} could not be completed; give it again with the same key")

    def _in_line(self, queue: str | None) -> AbstractContextManager[object]:
        return nullcontext() if queue is None else self._queues.setdefault(queue, threading.Lock())

    def _attempt(self, intent: Intent, decision: Decision) -> Receipt:
        request = self.store.vault.keys.request_hash(intent.request)
        with self.store.attempt() as attempt:
            if before := attempt.answered(intent.by, intent.id):
                same, receipt = before
                if same != request:
                    raise IdempotencyMismatch(command_id=intent.id)
                return receipt
            now = attempt.clock()
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
            work = Work(
                command,
                store=attempt,
                secrets=attempt.secrets,
                judge=decide,
                reason=intent.reason,
                needs_reason=needs_reason(intent.name),
                expected_version=intent.expected_version,
            )
            subject = decision(work)
            if not work.judged:
                raise RuntimeError(f"{intent.name} did not ask the policy")
            receipt = attempt.append(
                work.facts(),
                actor=intent.by,
                command_id=intent.id,
                request=request,
                subject=subject.id,
                version=subject.version,
                reads=work.loaded,
                warnings=work.warnings,
                dry_run=intent.dry_run,
            )
        if receipt.events and not intent.dry_run:
            self.on_append(receipt.position)
        return receipt
