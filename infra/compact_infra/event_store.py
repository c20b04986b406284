"""Facts to bytes and back, and the one function in SQL that writes them; behind the library's recorder interface."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import cache
from importlib import resources
from threading import Thread
from typing import Annotated, Any, LiteralString, TypeVar, cast
from uuid import UUID

import msgspec
import psycopg
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    ListenNotifySubscription,
    Mapper,
    Notification,
    StoredEvent,
    Subscription,
)
from eventsourcing.utils import get_topic
from psycopg import sql
from psycopg.rows import TupleRow, tuple_row
from psycopg_pool import ConnectionPool

from compact_domain.kernel import ALARMS, Aggregate, Conflict, Fact, Receipt, RuleViolation, Stated, instant
from compact_domain.published import CLAIM_RULES, facts
from compact_infra.vault import Vault, VaultSession

SESSION = (
    "-c default_transaction_isolation=read\\ committed -c timezone=UTC -c statement_timeout=15s -c lock_timeout=10s"
    " -c idle_in_transaction_session_timeout=10s"
)
"""Whatever the server's defaults: `append` sees what was committed before its lock, and nobody keeps the lock."""

LINK: dict[str, Any] = {
    "connect_timeout": 2,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How soon a server that no longer answers is noticed."""

A = TypeVar("A", bound=Aggregate)
Connection = psycopg.Connection[TupleRow]


class Unreadable(Exception):
    """A stored fact that this release does not know, or that is not what its topic and version promise."""


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    data: msgspec.Raw
    version: Annotated[int, msgspec.Meta(ge=1)]


KINDS: dict[str, type[Fact]] = dict(facts())
"""What the topics of stored facts mean to this release: what the domain publishes, never what a module path names."""

_encoder = msgspec.json.Encoder(order="sorted")
_stored = msgspec.json.Decoder(_Stored)


@cache
def _decoder(kind: type[Fact]) -> msgspec.json.Decoder[Fact]:
    return msgspec.json.Decoder(kind)


class EventMapper(Mapper[UUID]):
    """Canonical JSON (sorted keys), `{"data": …, "version": n}`: the version is read before the body.

    Strict both ways: what cannot be read back is not written, and what is unknown, newer, or has a field too many or
    too few is not read. `Unreadable` says which.
    """

    def __init__(self) -> None:  # no transcoder: msgspec does the whole of it
        pass

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        fact = cast("Fact", domain_event)
        kind = type(fact)
        data = _encoder.encode(fact)
        try:
            same = _decoder(kind).decode(data) == fact
        except msgspec.ValidationError as e:
            raise Unreadable(f"{get_topic(kind)} would not be read back: {e}") from e
        if not same:
            raise Unreadable(f"{get_topic(kind)} would be read back as something else")
        state = _encoder.encode(_Stored(msgspec.Raw(data), kind.class_version))
        return StoredEvent(fact.originator_id, fact.originator_version, get_topic(kind), state)

    def to_domain_event(self, stored_event: StoredEvent) -> Fact:
        fact = read_fact(stored_event.topic, stored_event.state)
        if (fact.originator_id, fact.originator_version) != (
            stored_event.originator_id,
            stored_event.originator_version,
        ):
            raise Unreadable(f"{stored_event.topic} stands where another fact should")
        return fact


def read_fact(topic: str, state: bytes) -> Fact:
    """The fact that was stored under a topic, brought up to the present version of its shape. Raises `Unreadable`."""
    kind = KINDS.get(topic)
    if kind is None:
        raise Unreadable(f"{topic} is no fact this release knows")
    try:
        outer = _stored.decode(state)
        if outer.version > kind.class_version:
            raise Unreadable(f"{topic} version {outer.version} is newer than this release ({kind.class_version})")
        if outer.version == kind.class_version:
            return _decoder(kind).decode(outer.data)
        return msgspec.convert(_upcast(kind, outer), kind)
    except msgspec.DecodeError as e:
        raise Unreadable(f"{topic}: {e}") from e


def _upcast(kind: type[Fact], outer: _Stored) -> dict[str, Any]:
    shape: dict[str, Any] = msgspec.json.decode(outer.data)
    for version in range(outer.version, kind.class_version):
        try:
            getattr(kind, f"upcast_v{version}_v{version + 1}")(shape)
        except (LookupError, TypeError, AttributeError, ValueError) as e:
            raise Unreadable(f"{get_topic(kind)} version {outer.version} is not of that version's shape") from e
    return shape


class EventStore:
    """The PostgreSQL schemas of one installation, and pools of connections to them. `open()` before use."""

    def __init__(self, url: str, schema: str, vault: Vault, *, pool_size: int = 8) -> None:
        self.url, self.schema, self.app_role, self.vault = url, schema, f"{schema}_app", vault
        self.mapper = EventMapper()
        self._statements: dict[str, bytes] = {}
        self.pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            kwargs={
                "autocommit": True,
                "row_factory": tuple_row,
                **LINK,
                "options": f"-c role={self.app_role} {SESSION}",
                "application_name": f"{schema}-commands",
            },
            min_size=1,
            max_size=pool_size,
            timeout=2.0,
            max_waiting=200,
            reconnect_timeout=2.0,  # given up soon, so that whoever asks next finds out that the database is back
            open=False,
            name=f"{schema}-commands",
        )
        self.recorder = Recorder(self)
        self.on_clock: Callable[[datetime], None] = lambda now: None
        """Told when a demonstration's clock was moved in this process."""

    def sql(self, statement: LiteralString) -> bytes:
        """A statement with `{s}` for the schema of the store and `{v}` for that of the vault; put together once."""
        if statement not in self._statements:
            names = {"s": sql.Identifier(self.schema), "v": sql.Identifier(f"{self.schema}_vault")}
            self._statements[statement] = sql.SQL(statement).format(**names).as_bytes(None)
        return self._statements[statement]

    def open(self) -> None:
        self.pool.open(wait=True, timeout=10)

    def close(self) -> None:
        self.pool.close()

    @contextmanager
    def attempt(self, *, alone: bool = False) -> Iterator[Attempt]:
        """One attempt at a command, on one connection. `alone`: nobody else writes meanwhile, so it loses no race."""
        with self.pool.connection() as connection:
            if not alone:
                yield Attempt(self, connection)
                return
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (self.schema,))
                yield Attempt(self, connection)

    def now(self) -> datetime:
        """The clock that facts are recorded by."""
        with self.pool.connection() as connection:
            return cast("datetime", _one(connection.execute(self.sql("select {s}.now()")))[0])

    def set_clock(self, at: datetime) -> datetime:
        """Set a demonstration's clock, which runs on from there; what lies before the last fact moves nothing.

        Refused on any other database. Time that nothing was recorded in may be gone through again: a demonstration that
        lay for a week goes on where it was.
        """
        with self.pool.connection() as connection:
            now = cast("datetime", _one(connection.execute(self.sql("select {s}.set_clock(%s)"), (at,)))[0])
        self.on_clock(now)
        return now

    def head(self) -> int:
        """Position of the last fact; 0 where there is none."""
        with self.pool.connection() as connection:
            row = _one(connection.execute(self.sql("select coalesce(max(position), 0) from {s}.event")))
            return cast("int", row[0])

    def recorded_until(self) -> datetime | None:
        """When the last fact was recorded; None where there is none."""
        with self.pool.connection() as connection:
            statement = self.sql("select (select recorded_at from {s}.event order by position desc limit 1)")
            return cast("datetime | None", _one(connection.execute(statement))[0])

    def alarms(self, until: datetime, *, limit: int) -> list[tuple[str, UUID, int]]:
        """What is to have happened by a moment: claim, holder, and where its fact was written, the earliest first."""
        with self.pool.connection() as connection:
            statement = self.sql(
                "select key, holder, position from {s}.claim where key >= %s and key < %s order by key limit %s"
            )
            bounds = (ALARMS, f"{ALARMS}{instant(until)}:\U0010ffff", limit)
            return connection.execute(statement, bounds, prepare=True).fetchall()

    def facts_of(self, id: UUID, *, since: int) -> Iterator[tuple[UUID, Fact]]:
        """An aggregate's facts from a position on, each with its id."""
        with self.pool.connection() as connection:
            statement = self.sql(
                "select event_id, topic, state from {s}.event where originator_id = %s and position >= %s"
                " order by originator_version"
            )
            rows = connection.execute(statement, (id, since)).fetchall()
        for event_id, topic, state in rows:
            yield event_id, read_fact(topic, bytes(state))

    def is_demonstration(self) -> bool:
        with self.pool.connection() as connection:
            return bool(_one(connection.execute(self.sql("select demonstration from {s}.installation")))[0])


class Attempt:
    """What one attempt at a command reads and writes; the store as the domain sees it.

    It remembers what it was asked, so that `append` can tell whether any of it has changed since.
    """

    def __init__(self, store: EventStore, connection: Connection) -> None:
        self.store, self.connection = store, connection
        self.secrets: VaultSession = store.vault.session(connection)
        self._head: int | None = None
        self._streams: dict[UUID, int] = {}
        self._claims: dict[tuple[str, str], bytes] = {}

    def begin(self, actor: UUID, command_id: UUID) -> tuple[datetime, tuple[bytes, Receipt] | None]:
        """The command clock; and what this command was answered with before, beside the hash of its request."""
        now, self._head, request, subject, version, facts, position, warnings = _one(
            self.connection.execute(
                self.store.sql(
                    "select {s}.now(), coalesce((select max(position) from {s}.event), 0),"
                    " l.request, l.subject, l.version, l.facts, l.position, l.warnings from (values (true)) always(_)"
                    " left join {s}.command_log l on l.actor = %s and l.command_id = %s"
                ),
                (actor, command_id),
                prepare=True,
            )
        )
        if request is None:
            return now, None
        events = self.connection.execute(
            self.store.sql(
                "select event_id, position, topic, originator_id, originator_version from {s}.event"
                " where position > %s and position <= %s order by position"
            ),
            (position - facts, position),
        ).fetchall()
        stated = tuple(
            Stated(event_id=event, position=at, topic=topic, subject=id, version=n)
            for event, at, topic, id, n in events
        )
        receipt = Receipt(
            subject=subject,
            version=version,
            position=position,
            events=stated,
            replayed=True,
            warnings=tuple(warnings),
        )
        return now, (request, receipt)

    def load(self, kind: type[A], id: UUID) -> A | None:
        rows = self.connection.execute(
            self.store.sql("select topic, state from {s}.event where originator_id = %s order by originator_version"),
            (id,),
            prepare=True,
        )
        it: Any = None
        for topic, state in rows:
            it = read_fact(topic, state).mutate(it)
        self._streams.setdefault(id, it.version if it else 0)
        return it if isinstance(it, kind) else None

    def holder(self, claim: str) -> UUID | None:
        return next((holder for _, holder in self._range(claim, claim + "\x01")), None)

    def claims(self, prefix: str) -> list[str]:
        """Keys of the claims now held whose key begins with `prefix`."""
        return [key for key, _ in self._range(prefix, prefix + "\U0010ffff")]

    def head(self) -> int:
        if self._head is None:
            raise RuntimeError("the attempt has not begun")
        return self._head

    def _range(self, low: str, high: str) -> list[tuple[str, UUID]]:
        found = self.connection.execute(
            self.store.sql("select key, holder from {s}.claim where key >= %s and key < %s order by key"),
            (low, high),
            prepare=True,
        ).fetchall()
        content = "\n".join(f"{key}={holder}" for key, holder in found)
        self._claims.setdefault((low, high), hashlib.sha256(content.encode()).digest())
        return cast("list[tuple[str, UUID]]", found)

    def is_outdated(self, actor: UUID, command_id: UUID) -> bool:
        """Whether a refusal decided here may be owed to others: to a race, or to the same command given twice."""
        row = _one(
            self.connection.execute(
                self.store.sql(
                    "select exists (select from {s}.command_log where actor = %s and command_id = %s)"
                    " or {s}.moved(%s, %s, %s, %s, %s)"
                ),
                (actor, command_id, *self._looked_at()),
            )
        )
        return cast("bool", row[0])

    def _looked_at(self) -> tuple[list[UUID], list[int], list[str], list[str], list[bytes]]:
        return (
            list(self._streams),
            list(self._streams.values()),
            [low for low, _ in self._claims],
            [high for _, high in self._claims],
            list(self._claims.values()),
        )

    def append(
        self,
        facts: Sequence[Fact],
        *,
        actor: UUID,
        command_id: UUID,
        request: bytes,
        subject: UUID,
        version: int,
        warnings: Sequence[str] = (),
        dry_run: bool = False,
    ) -> Receipt:
        """Write facts, claims, command log and vault in one transaction, or nothing.

        Raises `Conflict` if anything that was looked at has moved or the command was answered meanwhile (load and
        decide again), and `RuleViolation` named by the claim that another holds.
        """
        stored = [self.store.mapper.to_stored_event(fact) for fact in facts]
        event_ids = [_uuid7() for _ in facts]
        released, taken = net_claims(facts)
        whole = (
            self.connection.transaction(force_rollback=dry_run) if dry_run or self.secrets.pending else nullcontext()
        )
        try:
            with whole:
                position, at = _one(
                    self.connection.execute(
                        self.store.sql(
                            "select last_position, at from {s}.append(%s, %s, %s, %s, %s, %s::text[], %s::uuid[],"
                            " %s::bigint[], %s::text[], %s::bytea[], %s::uuid[], %s::text[], %s::text[], %s::uuid[],"
                            " %s, %s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::bytea[])"
                        ),
                        (
                            actor,
                            command_id,
                            request,
                            subject,
                            version,
                            _array(warnings),
                            _array(e.originator_id for e in stored),
                            _array(e.originator_version for e in stored),
                            _array(e.topic for e in stored),
                            _array(e.state for e in stored),
                            _array(event_ids),
                            _array(released),
                            _array(taken),
                            _array(taken.values()),
                            self._head,
                            *(_array(cast("list[Any]", seen)) for seen in self._looked_at()),
                        ),
                        prepare=True,
                    )
                )
                self.secrets.write(at)
        except psycopg.errors.UniqueViolation as e:
            raise _refusal(e) from e
        first = position - len(stored) + 1
        return Receipt(
            subject=subject,
            version=version,
            position=position - len(stored) if dry_run else position,
            events=tuple(
                Stated(
                    event_id=event_id,
                    position=first + n,
                    topic=e.topic,
                    subject=cast("UUID", e.originator_id),
                    version=e.originator_version,
                )
                for n, (e, event_id) in enumerate(zip(stored, event_ids, strict=True))
            ),
            replayed=not stored,
            dry_run=dry_run,
            warnings=tuple(warnings),
        )


def _array(items: Iterable[UUID | int | str | bytes]) -> str:
    """A list as PostgreSQL reads it; the driver takes a third of a whole save for the same."""
    return "{" + ",".join(map(_item, items)) + "}"


def _item(item: UUID | int | str | bytes) -> str:
    if isinstance(item, bytes):
        return f'"\\\\x{item.hex()}"'
    if isinstance(item, str):
        return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(item)


def _refusal(e: psycopg.errors.UniqueViolation) -> Exception:
    match e.diag.constraint_name:
        case "claim_taken":
            key = e.diag.message_detail or ""
            return RuleViolation(CLAIM_RULES[key.partition(":")[0]])
        case "version_conflict" | "same_command" | "vault_key" | "vault_person" | "vault_email":
            return Conflict()
        case _:
            return e


def net_claims(facts: Sequence[Fact]) -> tuple[list[str], dict[str, UUID]]:
    """What a batch gives back and takes in sum, so that a claim may pass from hand to hand within it."""
    released: dict[str, None] = {}
    taken: dict[str, UUID] = {}
    for fact in facts:
        for key in fact.releases():
            if key not in taken:
                released[key] = None
            elif taken.pop(key) != fact.originator_id:
                raise RuntimeError(f"{key} is taken before it is given back")
        for key in fact.takes():
            if key in taken:
                raise RuleViolation(CLAIM_RULES[key.partition(":")[0]])
            taken[key] = fact.originator_id
    return list(released), taken


def _one(cursor: psycopg.Cursor[TupleRow]) -> TupleRow:
    row = cursor.fetchone()
    if row is None:
        raise RuntimeError("a statement that always answers did not")
    return row


def _uuid7() -> UUID:
    """A time-ordered id (RFC 9562), so that the index on event ids grows at one end."""

    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)


class Recorder(ApplicationRecorder):
    """The library's view of the store: its events and notifications can be read and followed by all that it offers."""

    def __init__(self, store: EventStore) -> None:
        self.store = store

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Facts enter by commands only: a write without actor, command and claims would not be one."""
        raise IntegrityError("facts are written by commands, through EventStore.attempt().append()")

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        order = sql.SQL("desc" if desc else "asc")
        statement = sql.SQL(
            "select originator_id, originator_version, topic, state from {s}.event where originator_id = %s"
            " and originator_version > %s and originator_version <= %s order by originator_version {order} limit %s"
        ).format(s=sql.Identifier(self.store.schema), order=order)
        with self.store.pool.connection() as connection:
            rows = connection.execute(statement, (originator_id, gt or 0, 2**62 if lte is None else lte, limit))
            return [StoredEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = (start or 0) if inclusive_of_start else (start or 0) + 1
        with self.store.pool.connection() as connection:
            rows = connection.execute(
                self.store.sql(
                    "select originator_id, originator_version, topic, state, position from {s}.event"
                    " where position >= %s and position <= %s and (%s::text[] is null or topic = any(%s))"
                    " order by position limit %s"
                ),
                (first, 2**62 if stop is None else stop, list(topics) or None, list(topics), limit),
            )
            return [Notification(*row) for row in rows]

    def max_notification_id(self) -> int | None:
        return self.store.head() or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        return _Subscription(self, gt=gt, topics=topics)


class _Subscription(ListenNotifySubscription[ApplicationRecorder]):
    """Follows the store by LISTEN, with a look every tenth of a second whether it has been stopped."""

    def __init__(self, recorder: Recorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        self._store = recorder.store
        super().__init__(recorder, gt=gt, topics=topics)
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)
        self._listener.join()

    def _listen(self) -> None:
        try:
            with self._store.pool.connection() as connection:
                connection.execute(self._store.sql("listen {s}"))
                self._has_been_notified.set()
                while not self._has_been_stopped and not self._thread_error:
                    for _ in connection.notifies(timeout=0.1, stop_after=1):
                        self._has_been_notified.set()
                connection.execute("unlisten *")
        except BaseException as e:
            self._thread_error = self._thread_error or e
            self.stop()


class Migrations:
    """The store's own migrations: numbered files, applied once, in order, under a lock."""

    def __init__(self, url: str, schema: str) -> None:
        self.url, self.schema = url, schema

    @classmethod
    def files(cls) -> list[tuple[int, str, str]]:
        """Number, name and text of each migration of this release."""
        folder = resources.files("compact_infra") / "migrations"
        names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
        return [(int(name[:4]), name, (folder / name).read_text("utf-8")) for name in names]

    def pending(self) -> list[str]:
        """Names of the migrations that this database has not seen."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
            done = self._done(connection)
        return [name for number, name, _ in self.files() if number not in done]

    def apply(self, *, demonstration: bool = False) -> list[str]:
        """Bring the database up to this release; answers what was applied. Safe to be called by many at once."""
        applied: list[str] = []
        log = sql.Identifier(self.schema, "migration")
        with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection, connection.transaction():
            connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", (self.schema,))
            done = self._done(connection)
            if not done:
                connection.execute(sql.SQL("create schema {}").format(sql.Identifier(self.schema)))
                connection.execute(
                    sql.SQL(
                        "create table {log} (number int primary key, name text not null,"
                        " applied_at timestamptz not null default clock_timestamp())"
                    ).format(log=log)
                )
                self._create_role(connection)
            for number, name, text in self.files():
                if number in done:
                    continue
                body = text.replace("@schema@", self.schema).replace("@app@", f"{self.schema}_app")
                connection.execute(body.encode())
                connection.execute(sql.SQL("insert into {log} values (%s, %s)").format(log=log), (number, name))
                applied.append(name)
            if 1 not in done:
                connection.execute(
                    sql.SQL("insert into {s}.installation (demonstration) values (%s)").format(
                        s=sql.Identifier(self.schema)
                    ),
                    (demonstration,),
                )
        return applied

    def _done(self, connection: psycopg.Connection[Any]) -> set[int]:
        found = connection.execute("select to_regclass(%s)", (f"{self.schema}.migration",)).fetchone()
        if found is None or found[0] is None:
            return set()
        rows = connection.execute(sql.SQL("select number from {}").format(sql.Identifier(self.schema, "migration")))
        return {number for (number,) in rows}

    def _create_role(self, connection: psycopg.Connection[Any]) -> None:
        role = f"{self.schema}_app"
        if connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone() is None:
            connection.execute(sql.SQL("create role {role} nologin").format(role=sql.Identifier(role)))
        connection.execute(sql.SQL("grant {role} to current_user").format(role=sql.Identifier(role)))
