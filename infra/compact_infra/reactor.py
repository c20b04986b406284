"""The reactor: follows the store and the clock, and gives the commands that facts lead to, once, whatever happens."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import psycopg
import structlog
from psycopg import sql

from compact_domain.kernel import Alarm, Refusal
from compact_domain.reactions import Intended, at_its_moment, commands
from compact_infra.commander import Commander, Unavailable
from compact_infra.event_store import read_fact
from compact_infra.identity import REACTIONS
from compact_infra.projector import POLL, Bell, Watermark

log = structlog.get_logger("compact.reactor")

BATCH = 200
LEADER = 4
"""Second key of the advisory lock of the one reactor that acts."""
CURSOR = "reactions"
AGAIN = 60.0
"""Seconds after which an alarm that was refused, and still stands, is rung again."""


class Clockwork:
    """Gives the commands whose moment has come, and knows which come next. What it rings twice happens once."""

    def __init__(self, commander: Commander) -> None:
        self.commander, self.store = commander, commander.store
        self._rung: dict[str, float] = {}

    def next(self, until: datetime) -> datetime | None:
        """The first moment, up to and with `until`, at which something is to happen; None if there is none."""
        due = self.store.alarms(until, limit=len(self._rung) + 1)
        return next((Alarm.of(key).at for key, *_ in due if not self._is_settled(key)), None)

    def ring(self) -> int:
        """Give every command whose moment has come; answers how many were."""
        due = self.store.alarms(self.store.now(), limit=len(self._rung) + BATCH)
        standing = {key for key, *_ in due}
        self._rung = {key: when for key, when in self._rung.items() if key in standing}
        given = 0
        for key, holder, position in due:
            if self._is_settled(key):
                continue
            self._rung[key] = time.monotonic()
            try:
                intended = self._intended(Alarm.of(key), key, holder, position)
                self.commander.give(intended.intent(by=REACTIONS), intended.then.decide)
                given += 1
            except Refusal as refusal:
                log.warning("alarm refused", alarm=key, refusal=str(refusal))
            except (psycopg.OperationalError, Unavailable):
                del self._rung[key]
                raise
            except Exception:  # one that fails must not keep the others from their moment
                log.exception("alarm failed", alarm=key)
        return given

    def _is_settled(self, key: str) -> bool:
        return key in self._rung and time.monotonic() - self._rung[key] < AGAIN

    def _intended(self, alarm: Alarm, key: str, holder: UUID, position: int) -> Intended:
        """The command of an alarm, caused by the fact that set it."""
        for event_id, fact in self.store.facts_of(holder, since=position):
            if key in fact.takes():
                return at_its_moment(alarm, fact, event_id)
        raise LookupError(f"no fact has set {key}")


class Reactor:
    """A thread with its own cursor. The cursor moves after the commands of a fact were given; a command's id follows
    from the fact, so one that is given again after a crash is answered as the first time."""

    def __init__(self, url: str, commander: Commander) -> None:
        self.url, self.commander, self.store = url, commander, commander.store
        self.watermark, self.clockwork = Watermark(), Clockwork(commander)
        self._bell, self._stop = Bell(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="compact-reactor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._bell.ring()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._bell.close()

    def wake(self) -> None:
        """There are new facts in this process: look now."""
        self._bell.ring()

    def _run(self) -> None:
        pause = POLL
        while not self._stop.is_set():
            try:
                with psycopg.connect(
                    self.url, autocommit=True, connect_timeout=2, application_name="compact-reactor"
                ) as connection:
                    self._follow(connection)
                    return
            except (psycopg.OperationalError, Unavailable) as e:
                log.warning("the database is away", error=type(e).__name__, next_try_in=pause)
            except Exception:
                log.exception("reactor failed")
            self._stop.wait(pause)
            pause = min(pause * 2, 10.0)

    def _follow(self, connection: psycopg.Connection[Any]) -> None:
        names = {"s": sql.Identifier(self.store.schema)}
        connection.execute(
            sql.SQL("insert into {s}.cursor (name) values (%s) on conflict do nothing").format(**names), (CURSOR,)
        )
        connection.execute(sql.SQL("listen {s}").format(**names))
        lock = "select pg_try_advisory_lock(hashtextextended(%s, %s))"
        while not self._stop.is_set():
            row = connection.execute(lock, (self.store.schema, LEADER)).fetchone()
            if row and row[0]:
                break
            self._stop.wait(POLL)
        while not self._stop.is_set():
            while self.clockwork.ring() or self._react(connection):
                pass
            if not self._bell.calls(connection):
                self._bell.wait(connection, POLL)

    def _react(self, connection: psycopg.Connection[Any]) -> bool:
        """Act on the next facts; whether there were any."""
        names = {"s": sql.Identifier(self.store.schema)}
        row = connection.execute(sql.SQL("select position from {s}.cursor where name = %s").format(**names), (CURSOR,))
        at = cast("tuple[int]", row.fetchone())[0]
        facts = connection.execute(
            sql.SQL(
                "select position, event_id, topic, state from {s}.event where position > %s order by position limit %s"
            ).format(**names),
            (at, BATCH),
        ).fetchall()
        move = sql.SQL("update {s}.cursor set position = %s where name = %s").format(**names)
        for position, event_id, topic, state in facts:
            if self._stop.is_set():
                return False
            with self.store.attempt() as attempt:
                intended = commands(read_fact(topic, bytes(state)), event_id, attempt)
            for one in intended:
                try:
                    self.commander.give(one.intent(by=REACTIONS), one.then.decide, queue=one.then.queue)
                except Refusal as refusal:
                    log.info("reaction refused", reaction=one.reaction, refusal=str(refusal), position=position)
            if intended or position == facts[-1][0]:
                connection.execute(move, (position, CURSOR))
                self.watermark.advance(position)
        if not facts:
            self.watermark.advance(at)
        return bool(facts)
