"""The projector: keeps the read side up to date, one generation of it per release of the folds."""

from __future__ import annotations

import ast
import gc
import hashlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, LiteralString, cast
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg import sql
from psycopg.rows import tuple_row
from psycopg.sql import Composed
from psycopg.types.numeric import DecimalBinaryDumper

from compact_domain.kernel import Fact
from compact_infra.event_store import LINK, Unreadable, read_fact
from compact_projections.kit import (
    FOREVER,
    ReadModel,
    Recorded,
    Shelf,
    Unfoldable,
    Version,
    columns,
    concerned,
    fold,
    row_of,
)
from compact_projections.trail import TRAIL_COLUMNS, TrailRow, trail_row

log = structlog.get_logger("compact.projector")

BATCH = 2_000
POLL = 0.5
REBUILDING = (
    "set local synchronous_commit = off; set local maintenance_work_mem = '128MB';"
    " set local default_statistics_target = 20"
)
"""A rebuild waits for no disk, sorts in memory, and counts only as closely as the first plans need."""
LEADER, REBUILD, CHANGE = 2, 3, 5
"""Second keys of the advisory locks: who keeps a generation up to date, who builds one, and who changes its rows.

The last is taken before any table is touched, so that a fold and a replacement wait for each other in one order.
"""


@cache
def generation() -> str:
    """Name of this release's read side: a hash of the code that folds and stores, without docstrings and comments.

    A release whose folds are the same finds its rows; one whose folds differ builds its own beside the old ones.
    """
    sources = [
        (f"{package}/{name}", source)
        for package in ("compact_domain", "compact_projections")
        for name, source in _sources(resources.files(package))
    ]
    return fingerprint([*sources, ("projector.py", (resources.files("compact_infra") / "projector.py").read_text())])


def fingerprint(sources: Iterable[tuple[str, str]]) -> str:
    """A hash of named sources that changes with their code, not with their comments and docstrings."""
    digest = hashlib.sha256()
    for name, source in sorted(sources):
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(body := getattr(node, "body", None), list):
                body[:] = [statement for statement in body if not _is_said(statement)]
        digest.update(f"{name}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()[:12]


def _is_said(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _sources(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield prefix + entry.name, entry.read_text("utf-8")


class Stopped(Exception):
    """The generation met a fact it does not know and stands still there; a newer release goes on."""


_FOREVER = sql.Literal(FOREVER)
Record = tuple[int, UUID, Any, UUID, int, str, bytes]
_Told = tuple[str, Fact, Recorded]


class ReadSide:
    """Tables of one generation, and how facts get into them. Not thread-safe: one connection does one thing."""

    def __init__(self, schema: str, models: Sequence[ReadModel[Any]], *, name: str | None = None) -> None:
        self.events = schema
        self.schema = name or f"{schema}_read_{generation()}"
        self.models = models
        self.types = {model.row: columns(model.row) for model in models}

    def sql(self, statement: LiteralString, **parts: str | sql.Composable) -> sql.Composed:
        """A statement with `{r}` for the schema of this generation, `{s}` for the event store's, and names or parts."""
        composed = {name: sql.Identifier(part) if isinstance(part, str) else part for name, part in parts.items()}
        return sql.SQL(statement).format(r=sql.Identifier(self.schema), s=sql.Identifier(self.events), **composed)

    def _one(self, connection: psycopg.Connection[Any], statement: LiteralString) -> Any:
        return connection.execute(self.sql(statement)).fetchone()

    # --- tables

    def exists(self, connection: psycopg.Connection[Any]) -> bool:
        row = connection.execute("select to_regclass(%s)", (f"{self.schema}.position",)).fetchone()
        return row is not None and row[0] is not None

    def create_tables(self, connection: psycopg.Connection[Any]) -> None:
        statements: list[sql.Composed] = []
        run = statements.append
        run(self.sql("create schema {r}"))
        run(
            self.sql(
                "create table {r}.position (one boolean primary key default true check (one), position bigint not null,"
                " recorded_at timestamptz, epoch integer not null default 1,"
                " stopped_by text, built_at timestamptz not null default clock_timestamp())"
            )
        )
        run(self.sql("insert into {r}.position (position) values (0)"))
        run(
            self.sql(
                "create table {r}.parked (subject uuid primary key, position bigint not null, topic text not null,"
                " error text not null, parked_at timestamptz not null default clock_timestamp())"
            )
        )
        run(self._table("trail", TRAIL_COLUMNS, ""))
        for model in self.models:
            versioned = ", since bigint not null, until bigint not null, open_until bigint not null"
            run(self._table(model.row.TABLE, self.types[model.row], versioned))
        connection.execute(sql.SQL(";").join(statements))

    def _table(self, table: str, types: dict[str, str], more: str) -> Composed:
        body = sql.SQL(", ").join(sql.SQL("{} " + kind).format(sql.Identifier(name)) for name, kind in types.items())
        return sql.SQL("create table {}.{} ({}" + more + ")").format(
            sql.Identifier(self.schema), sql.Identifier(table), body
        )

    def create_indexes(self, connection: psycopg.Connection[Any]) -> None:
        statements: list[sql.Composed] = []
        run = statements.append
        run(self.sql("create unique index on {r}.trail (position)"))
        run(self.sql("create index on {r}.trail (subject, position)"))
        run(self.sql("create index on {r}.trail (actor, position)"))
        run(self.sql("create index on {r}.trail (topic, position)"))
        run(self.sql("create index on {r}.trail (correlation_id, position)"))
        run(
            sql.SQL("create index on {}.trail (subject) where open_since = {}").format(
                sql.Identifier(self.schema), _FOREVER
            )
        )
        for model in self.models:
            row = model.row
            table = sql.Identifier(row.TABLE)
            schema = sql.Identifier(self.schema)
            key = sql.Identifier(row.KEY)
            run(sql.SQL("create unique index on {}.{} ({}, since)").format(schema, table, key))
            run(sql.SQL("create unique index on {}.{} ({}) where until = {}").format(schema, table, key, _FOREVER))
            run(
                sql.SQL("create index on {}.{} ({}) where until <> {forever} and open_until = {forever}").format(
                    schema, table, key, forever=_FOREVER
                )
            )
            for order in row.INDEXES:
                names = sql.SQL(", ").join(sql.Identifier(name) for name in (*order, row.KEY))
                run(sql.SQL("create index on {}.{} ({}, since, until, open_until)").format(schema, table, names))
            if row.LISTS:
                run(
                    sql.SQL("create index on {}.{} using gin ({})").format(
                        schema, table, sql.SQL(", ").join(map(sql.Identifier, row.LISTS))
                    )
                )
        run(self.sql("grant usage on schema {r} to {a}", a=f"{self.events}_app"))
        run(self.sql("grant select on all tables in schema {r} to {a}", a=f"{self.events}_app"))
        connection.execute(sql.SQL(";").join(statements))

    # --- facts in

    def rebuild(
        self,
        connection: psycopg.Connection[Any],
        *,
        upto: int = FOREVER,
        progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> int:
        """Build this generation from the history up to a position, in one transaction: it is there whole, or not.

        Rows stay in memory, each version is written once, when it has ended, and indexes come last. Stops at a fact
        that is not known or cannot be folded (`Stopped`, `Unfoldable`): a rebuild never parks.
        """
        collecting = gc.isenabled()
        gc.disable()  # decoding in bulk is three times as fast without it
        try:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, %s))", (self.schema, REBUILD))
                if self.exists(connection):
                    return self.position(connection)
                connection.execute(REBUILDING)
                self.create_tables(connection)
                shelves = [Shelf(model) for model in self.models]
                concern = cache(lambda kind: concerned(shelves, kind))
                held: dict[UUID, list[TrailRow]] = {}
                position, recorded_at = 0, None
                row = connection.execute(self.sql("select coalesce(max(position), 0) from {s}.event")).fetchone()
                last = min(upto, cast("int", row[0]) if row else 0)
                for records in self._facts(connection, 0, last):
                    trail: list[TrailRow] = []
                    for record in records:
                        fact, at = _read(record)
                        withheld = fold(concern(type(fact)), fact, at)
                        told = trail_row(record[5], fact, at, withheld=withheld)
                        if withheld:
                            held.setdefault(told.subject, []).append(told)
                            continue
                        if told.subject in held:
                            opened = held.pop(told.subject)
                            trail += [msgspec.structs.replace(t, open_since=at.position) for t in opened]
                        trail.append(told)
                    position, recorded_at = records[-1][0], records[-1][2]
                    self._insert_trail(connection, trail)
                    for shelf in shelves:
                        self._insert(connection, shelf.model, shelf.done)
                        shelf.done.clear()
                    progress(position, last)
                self._insert_trail(connection, [told for rows in held.values() for told in rows])
                for shelf in shelves:
                    self._insert(connection, shelf.model, shelf.versions())
                self.create_indexes(connection)
                connection.execute(
                    self.sql("update {r}.position set position = %s, recorded_at = %s"), (position, recorded_at)
                )
                tables = [
                    sql.Identifier(self.schema, t) for t in ("trail", *(model.row.TABLE for model in self.models))
                ]
                connection.execute(sql.SQL("analyze {}").format(sql.SQL(", ").join(tables)))
                return position
        except Unreadable as e:
            raise Stopped(str(e)) from e
        finally:
            if collecting:
                gc.enable()

    def advance(self, connection: psycopg.Connection[Any]) -> int:
        """Fold the next batch of facts into all read models, in one transaction; answers how many there were.

        A stream whose fact cannot be folded or stored is parked. Raises `Stopped` at a fact this release does not
        know, with everything before it folded.
        """
        with connection.transaction():
            self._reserve(connection)
            start, stopped_by = self._one(connection, "select position, stopped_by from {r}.position for update")
            records = next(self._facts(connection, start, FOREVER), [])
            facts: list[_Told] = []
            stop: str | None = None
            for record in records:
                try:
                    facts.append((record[5], *_read(record)))
                except Unreadable as e:
                    stop = f"position {record[0]}: {e}"
                    break
            if facts:
                self._fold_or_park(connection, facts)
            if facts or stop != stopped_by:
                last = facts[-1][2] if facts else None
                connection.execute(
                    self.sql(
                        "with moved as (update {r}.position set position = coalesce(%s, position),"
                        " recorded_at = coalesce(%s, recorded_at), stopped_by = %s returning true)"
                        " select pg_notify(%s, '') from moved"
                    ),
                    (last.position if last else None, last.recorded_at if last else None, stop, self.schema),
                )
        if stop and not facts:
            raise Stopped(stop)
        return len(facts)

    def _fold_or_park(self, connection: psycopg.Connection[Any], facts: Sequence[_Told]) -> None:
        """Fold facts; if that fails, in halves, until the one is found that cannot be: its stream is parked there."""
        try:
            with connection.transaction():
                self._fold(connection, facts)
        except psycopg.OperationalError:
            raise
        except Exception as e:
            if len(facts) > 1:
                middle = len(facts) // 2
                self._fold_or_park(connection, facts[:middle])
                self._fold_or_park(connection, facts[middle:])
                return
            [(topic, fact, at)] = facts
            log.error("parked", subject=str(fact.originator_id), position=at.position, topic=topic)
            connection.execute(
                self.sql("insert into {r}.parked (subject, position, topic, error) values (%s, %s, %s, %s)"),
                (fact.originator_id, at.position, topic, f"{type(e).__name__}: {e}"),
            )
            self._fold(connection, facts)

    def _fold(self, connection: psycopg.Connection[Any], facts: Sequence[_Told]) -> None:
        shelves = [Shelf(model) for model in self.models]
        for shelf in shelves:
            keys = {key for _, fact, _ in facts for key in shelf.model.keys_of(fact)}
            if keys:
                self._fetch(connection, shelf, list(keys))
        parked = {subject for (subject,) in connection.execute(self.sql("select subject from {r}.parked"))}
        trail: list[TrailRow] = []
        opened: dict[UUID, int] = {}
        waiting: dict[UUID, list[int]] = {}
        for topic, fact, at in facts:
            subject = fact.originator_id
            withheld = subject in parked or fold(shelves, fact, at)  # of a parked stream nobody can tell
            trail.append(trail_row(topic, fact, at, withheld=withheld))
            if withheld:
                waiting.setdefault(subject, []).append(len(trail) - 1)
                continue
            opened.setdefault(subject, at.position)
            for n in waiting.pop(subject, ()):
                trail[n] = msgspec.structs.replace(trail[n], open_since=at.position)
        if opened:
            connection.execute(
                self.sql(
                    "update {r}.trail t set open_since = o.position from unnest(%s::uuid[], %s::bigint[])"
                    " o(subject, position) where t.subject = o.subject and t.open_since = {forever}",
                    forever=_FOREVER,
                ),
                (list(opened), list(opened.values())),
            )
        self._insert_trail(connection, trail)
        for shelf in shelves:
            versions = shelf.versions()
            self._close(connection, shelf.model, [v for v in versions if v.stored and v.changed])
            self._insert(connection, shelf.model, [v for v in versions if not v.stored])

    def _reserve(self, connection: psycopg.Connection[Any]) -> None:
        """Be the only one to change this generation's rows until the transaction ends."""
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, %s))", (self.schema, CHANGE))

    def position(self, connection: psycopg.Connection[Any]) -> int:
        """How far the rows have come."""
        return self.whereabouts(connection)[0]

    def epoch(self, connection: psycopg.Connection[Any]) -> int:
        """How often this generation was built anew."""
        return self.whereabouts(connection)[1]

    def whereabouts(self, connection: psycopg.Connection[Any]) -> tuple[int, int]:
        """Position and epoch."""
        row = self._one(connection, "select position, epoch from {r}.position")
        return (row[0], row[1]) if row else (0, 0)

    def replace(
        self, connection: psycopg.Connection[Any], *, progress: Callable[[int, int], None] = lambda done, of: None
    ) -> int:
        """Build this generation anew in place of the one that stands, with a new epoch; answers how far it came.

        Readers go on with the old rows until the new ones take their name; the projector waits.
        """
        with connection.transaction():
            self._reserve(connection)
            if not self.exists(connection):
                return self.rebuild(connection, progress=progress)
            row = connection.execute(self.sql("select epoch from {r}.position")).fetchone()
            successor = ReadSide(self.events, self.models, name=f"{self.schema}_next")
            connection.execute(successor.sql("drop schema if exists {r} cascade"))
            position = successor.rebuild(connection, progress=progress)
            connection.execute(
                successor.sql("update {r}.position set epoch = %s"), (cast("int", row[0]) + 1 if row else 1,)
            )
            connection.execute(self.sql("drop schema {r} cascade"))
            connection.execute(successor.sql("alter schema {r} rename to {name}", name=self.schema))
        return position

    def replay_parked(self, connection: psycopg.Connection[Any]) -> int:
        """Build this generation anew if any stream is parked, by folds that now work; answers how many were."""
        row = connection.execute(self.sql("select count(*) from {r}.parked")).fetchone()
        count = cast("int", row[0]) if row else 0
        if count:
            self.replace(connection)
        return count

    def _facts(self, connection: psycopg.Connection[Any], after: int, last: int) -> Iterator[list[Record]]:
        while True:
            rows = (
                connection.cursor(binary=True, row_factory=tuple_row)
                .execute(
                    self.sql(
                        "select position, event_id, recorded_at, originator_id, originator_version, topic, state"
                        " from {s}.event where position > %s and position <= %s order by position limit %s"
                    ),
                    (after, last, BATCH),
                )
                .fetchall()
            )
            if not rows:
                return
            yield cast("list[Record]", rows)
            after = rows[-1][0]

    def _fetch(self, connection: psycopg.Connection[Any], shelf: Shelf, keys: list[Hashable]) -> None:
        row = shelf.model.row
        names = list(self.types[row])
        statement = sql.SQL(
            "select {columns}, since, until, open_until from {r}.{t} where {key} = any(%s::{kind}[])"
            " and (until = {forever} or (until <> {forever} and open_until = {forever}))"
        ).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, names)),
            r=sql.Identifier(self.schema),
            t=sql.Identifier(row.TABLE),
            key=sql.Identifier(row.KEY),
            kind=sql.SQL(self.types[row][row.KEY]),
            forever=_FOREVER,
        )
        for record in connection.cursor(row_factory=tuple_row).execute(statement, (keys,)):
            *fields, since, until, open_until = record
            version = Version(row_of(row, names, fields), since, until, open_until, stored=True)
            (shelf.current if until == FOREVER else shelf.shown)[version.row.key()] = version

    def _close(self, connection: psycopg.Connection[Any], model: ReadModel[Any], versions: list[Version]) -> None:
        if not versions:
            return
        row = model.row
        connection.execute(
            sql.SQL(
                "update {r}.{t} t set until = u.until, open_until = u.open_until"
                " from unnest(%s::{kind}[], %s::bigint[], %s::bigint[], %s::bigint[]) u(key, since, until, open_until)"
                " where t.{key} = u.key and t.since = u.since"
            ).format(
                r=sql.Identifier(self.schema),
                t=sql.Identifier(row.TABLE),
                key=sql.Identifier(row.KEY),
                kind=sql.SQL(self.types[row][row.KEY]),
            ),
            (
                [v.row.key() for v in versions],
                [v.since for v in versions],
                [v.until for v in versions],
                [v.open_until for v in versions],
            ),
        )

    def _insert(self, connection: psycopg.Connection[Any], model: ReadModel[Any], versions: list[Version]) -> None:
        if versions:
            types = (*self.types[model.row].values(), "int8", "int8", "int8")
            rows = ((v.row.key(), (*msgspec.structs.astuple(v.row), v.since, v.until, v.open_until)) for v in versions)
            self._copy(connection, model.row.TABLE, types, rows)

    def _insert_trail(self, connection: psycopg.Connection[Any], rows: list[TrailRow]) -> None:
        if rows:
            types = tuple(TRAIL_COLUMNS.values())
            self._copy(connection, "trail", types, ((row.position, msgspec.structs.astuple(row)) for row in rows))

    def _copy(
        self,
        connection: psycopg.Connection[Any],
        table: str,
        types: Sequence[str],
        rows: Iterator[tuple[Hashable, tuple[Any, ...]]],
    ) -> None:
        """Write rows, each with its key: versions of one row share what has not changed between them."""
        head = struct.pack("!h", len(types))
        packers = [_PACKED[kind] for kind in types]
        before: dict[Hashable, tuple[tuple[Any, ...], list[bytes]]] = {}
        nothing = (_NOTHING,) * len(types), [_BLANK] * len(types)
        records = [_SIGNATURE]
        for key, row in rows:
            old, packed = before.get(key, nothing)
            cells = [
                cell if value is was else _BLANK if value is None else pack(value)
                for pack, value, was, cell in zip(packers, row, old, packed, strict=True)
            ]
            before[key] = row, cells
            records.append(head)
            records += cells
        records.append(_END)
        with connection.cursor().copy(self.sql("copy {r}.{t} from stdin (format binary)", t=table)) as copy:
            copy.write(b"".join(records))


_NOTHING = object()
_encode_json = msgspec.json.Encoder().encode


def _array(oid: int, items: Sequence[bytes]) -> bytes:
    """A list of one dimension in PostgreSQL's binary form."""
    if not items:
        return _sized(struct.pack("!iii", 0, 0, oid))
    return _sized(struct.pack("!iiiii", 1, 0, oid, len(items), 1) + b"".join(map(_sized, items)))


@lru_cache(maxsize=10_000)
def _texts(items: tuple[str, ...]) -> bytes:
    """A list of texts: mostly codes, and mostly the same few."""
    return _array(25, [item.encode() for item in items])


_length = struct.Struct("!i").pack
_eight, _four, _one_byte = (struct.Struct(f"!i{letter}").pack for letter in "qi?")
_FIRST_DAY, _FIRST_INSTANT = date(2000, 1, 1).toordinal(), datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SIGNATURE, _BLANK, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), _length(-1), b"\xff\xff"


def _sized(data: bytes) -> bytes:
    return _length(len(data)) + data


_PACKED: Mapping[str, Callable[[Any], bytes]] = {
    "uuid": lambda value: b"\0\0\0\x10" + value.bytes,
    "text": lambda value: _sized(value.encode()),
    "int8": lambda value: _eight(8, value),
    "bool": lambda value: _one_byte(1, value),
    "date": lambda value: _four(4, value.toordinal() - _FIRST_DAY),
    "timestamptz": lambda value: _eight(8, (value - _FIRST_INSTANT) // _MICROSECOND),
    "bytea": _sized,
    "numeric": lambda value: _sized(bytes(DecimalBinaryDumper(Decimal).dump(value) or b"")),
    "jsonb": lambda value: _sized(b"\x01" + _encode_json(value)),
    "text[]": lambda value: _texts(tuple(value)),
    "uuid[]": lambda value: _array(2950, [item.bytes for item in value]),
}
"""Values in PostgreSQL's binary form, each with its length before it: twice as fast as by the driver."""


def _read(record: Record) -> tuple[Fact, Recorded]:
    position, event_id, recorded_at, _, _, topic, state = record
    return read_fact(topic, state), Recorded(position=position, recorded_at=recorded_at, event_id=event_id)


class Bell:
    """What calls a process that follows the store: a ring from this one, or a notification from the database."""

    def __init__(self) -> None:
        self._outside, self._inside = socket.socketpair()
        self._outside.setblocking(False)
        self._inside.setblocking(False)

    def ring(self) -> None:
        with suppress(OSError):  # it has been rung often enough, or nobody is there any more
            self._outside.send(b"!")

    def calls(self, connection: psycopg.Connection[Any]) -> set[str]:
        """The channels that something was told on since the last time; `""` if it was rung."""
        told = {notify.channel for notify in connection.notifies(timeout=0)}
        with suppress(BlockingIOError):
            if self._inside.recv(4096):
                told.add("")
        return told

    def wait(self, connection: psycopg.Connection[Any], seconds: float) -> None:
        """Wait until it is called, no longer than some seconds, and hear it out."""
        select.select([connection.fileno(), self._inside.fileno()], [], [], seconds)
        self.calls(connection)

    def close(self) -> None:
        self._outside.close()
        self._inside.close()


class Projector:
    """A thread that keeps one generation up to date: leader by advisory lock, standby otherwise.

    It listens before its first look, looks at least every half second whatever it hears, and backs off when the
    database is away or a look fails. Leader or standby, it tells how far the rows have come.
    """

    def __init__(
        self,
        url: str,
        read_side: ReadSide,
        *,
        on_advance: Callable[[int], None] = lambda position: None,
        on_epoch: Callable[[int], None] = lambda epoch: None,
    ) -> None:
        self.url, self.read_side, self.on_advance, self.on_epoch = url, read_side, on_advance, on_epoch
        self.is_leader = False
        self.stopped_by: str | None = None
        """Why the rows stand still: a fact that is not known, or that a rebuild cannot fold."""
        self._pause = POLL
        self._stop = threading.Event()
        self._bell = Bell()
        self._thread = threading.Thread(target=self._run, name="compact-projector", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._bell.close()

    def wake(self) -> None:
        """There are new facts in this process: look now."""
        self._bell.ring()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(
                    self.url,
                    autocommit=True,
                    application_name="compact-projector",
                    options="-c timezone=UTC -c default_transaction_isolation=read\\ committed"
                    " -c synchronous_commit=off",  # what a crash undoes here, rows and position alike, is folded again
                    **LINK,
                ) as connection:
                    self._follow(connection)
            except psycopg.OperationalError as e:
                log.warning("the database is away", error=type(e).__name__, next_try_in=self._pause)
            except (Stopped, Unfoldable) as e:
                self._stand_still(str(e))
            except Exception as e:
                log.exception("projector failed")
                self.stopped_by = type(e).__name__
            self.is_leader = False
            self._stop.wait(self._pause)
            self._pause = min(self._pause * 2, 10.0)

    def _follow(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(self.read_side.sql("listen {s}"))
        connection.execute(self.read_side.sql("listen {r}"))
        while not self._stop.is_set():
            if not self.is_leader:
                self.is_leader = self._lead(connection)
            if self.is_leader:
                self._advance(connection)
            self._tell(connection)
            self._pause = POLL
            own = {self.read_side.schema} if self.is_leader else set()
            if not self._bell.calls(connection) - own:
                self._bell.wait(connection, POLL)

    def _lead(self, connection: psycopg.Connection[Any]) -> bool:
        """Try to become the one who writes; build the rows if there are none."""
        lock = "select pg_try_advisory_lock(hashtextextended(%s, %s))"
        row = connection.execute(lock, (self.read_side.schema, LEADER)).fetchone()
        if not row or not row[0]:
            return False
        if not self.read_side.exists(connection):
            self.read_side.rebuild(connection)
        return True

    def _advance(self, connection: psycopg.Connection[Any]) -> None:
        try:
            while not self._stop.is_set() and self.read_side.advance(connection):
                self._tell(connection)
            self.stopped_by = None
        except Stopped as e:
            self._stand_still(str(e))

    def _tell(self, connection: psycopg.Connection[Any]) -> None:
        if self.is_leader or self.read_side.exists(connection):
            position, epoch = self.read_side.whereabouts(connection)
            self.on_epoch(epoch)
            self.on_advance(position)

    def _stand_still(self, why: str) -> None:
        if self.stopped_by != why:
            log.error("the read side stands still", because=why)
        self.stopped_by = why


class Watermark:
    """Up to which position the read side of this process's database can be read, and who waits for it."""

    def __init__(self) -> None:
        self._position = -1  # before anything is known: not even a read side without facts can be read
        self.epoch = 0
        """Counts up when rows are built anew in place: the same position may then be told otherwise."""
        self._changed = threading.Condition()

    @property
    def position(self) -> int:
        return self._position

    def advance(self, position: int) -> None:
        with self._changed:
            if position > self._position:
                self._position = position
                self._changed.notify_all()

    def enter_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def wait(self, position: int, timeout: float) -> bool:
        """Whether `position` became readable within `timeout` seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while self._position < position:
                remaining = end - time.monotonic()
                if remaining <= 0 or not self._changed.wait(remaining):
                    return self._position >= position
        return True
