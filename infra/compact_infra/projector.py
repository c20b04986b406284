"""The projector: keeps the read side up to date, one generation of it per release of the folds."""

from __future__ import annotations

import ast
import gc
import hashlib
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, LiteralString, cast
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg import sql
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from compact_domain.kernel import Fact
from compact_infra.event_store import Unreadable, read_fact
from compact_projections.kit import (
    FOREVER,
    ReadModel,
    Recorded,
    Shelf,
    Unfoldable,
    Version,
    columns,
    fold,
    row_of,
    values,
)
from compact_projections.trail import TRAIL_COLUMNS, TrailRow, trail_row

log = structlog.get_logger("compact.projector")

BATCH = 2_000
POLL = 0.5
LEADER, REBUILD = 2, 3
"""Second keys of the advisory locks: who keeps a generation up to date, and who builds one."""

_encode_json = msgspec.json.Encoder().encode


def _jsonb(value: Any) -> Jsonb:
    return Jsonb(value, dumps=_encode_json)


@cache
def generation() -> str:
    """Name of this release's read side: a hash of the code that folds, without docstrings and comments.

    A release whose folds are the same finds its rows; one whose folds differ builds its own beside the old ones.
    """
    digest = hashlib.sha256()
    for package in ("compact_domain", "compact_projections"):
        for name, source in sorted(_sources(resources.files(package))):
            tree = ast.parse(source)
            for node in ast.walk(tree):
                body = getattr(node, "body", None)
                if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
                    first = body[0].value
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        del body[0]
            digest.update(f"{package}/{name}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()[:12]


def _sources(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield prefix + entry.name, entry.read_text("utf-8")


class Stopped(Exception):
    """The generation met a fact it does not know and stands still there; a newer release goes on."""


Record = tuple[int, UUID, Any, UUID, int, str, bytes]


class ReadSide:
    """Tables of one generation, and how facts get into them. Not thread-safe: one connection does one thing."""

    def __init__(self, schema: str, models: Sequence[ReadModel[Any]], *, name: str | None = None) -> None:
        self.events = schema
        self.schema = name or f"{schema}_read_{generation()}"
        self.models = models
        self.types = {model.row: columns(model.row) for model in models}

    def sql(self, statement: LiteralString, **names: str) -> sql.Composed:
        """A statement with `{r}` for the schema of this generation, `{s}` for the event store's."""
        identifiers = {name: sql.Identifier(value) for name, value in names.items()}
        return sql.SQL(statement).format(r=sql.Identifier(self.schema), s=sql.Identifier(self.events), **identifiers)

    # --- tables

    def exists(self, connection: psycopg.Connection[Any]) -> bool:
        row = connection.execute("select to_regclass(%s)", (f"{self.schema}.position",)).fetchone()
        return row is not None and row[0] is not None

    def create_tables(self, connection: psycopg.Connection[Any]) -> None:
        run = connection.execute
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
        self._create(connection, "trail", TRAIL_COLUMNS, "")
        for model in self.models:
            versioned = ", since bigint not null, until bigint not null, open_until bigint not null"
            self._create(connection, model.row.TABLE, self.types[model.row], versioned)

    def _create(self, connection: psycopg.Connection[Any], table: str, types: dict[str, str], more: str) -> None:
        body = sql.SQL(", ").join(sql.SQL("{} " + kind).format(sql.Identifier(name)) for name, kind in types.items())
        connection.execute(
            sql.SQL("create table {}.{} ({}" + more + ")").format(
                sql.Identifier(self.schema), sql.Identifier(table), body
            )
        )

    def create_indexes(self, connection: psycopg.Connection[Any]) -> None:
        run = connection.execute
        run(self.sql("create unique index on {r}.trail (position)"))
        run(self.sql("create index on {r}.trail (subject, position)"))
        run(self.sql("create index on {r}.trail (actor, position)"))
        run(self.sql("create index on {r}.trail (topic, position)"))
        run(self.sql("create index on {r}.trail (correlation_id, position)"))
        run(
            sql.SQL("create index on {}.trail (subject) where open_since = {}").format(
                sql.Identifier(self.schema), sql.Literal(FOREVER)
            )
        )
        for model in self.models:
            row = model.row
            table = sql.Identifier(row.TABLE)
            schema = sql.Identifier(self.schema)
            key = sql.Identifier(row.KEY)
            run(sql.SQL("create unique index on {}.{} ({}, since)").format(schema, table, key))
            run(
                sql.SQL("create unique index on {}.{} ({}) where until = {}").format(
                    schema, table, key, sql.Literal(FOREVER)
                )
            )
            for order in row.INDEXES:
                names = sql.SQL(", ").join(sql.Identifier(name) for name in (*order, row.KEY))
                run(sql.SQL("create index on {}.{} ({}, since, until)").format(schema, table, names))
        run(self.sql("grant usage on schema {r} to {a}", a=f"{self.events}_app"))
        run(self.sql("grant select on all tables in schema {r} to {a}", a=f"{self.events}_app"))

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
        gc.disable()
        try:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, %s))", (self.schema, REBUILD))
                if self.exists(connection):
                    return self.position(connection)
                connection.execute("set local synchronous_commit = off")
                self.create_tables(connection)
                shelves = [Shelf(model) for model in self.models]
                held: dict[UUID, list[TrailRow]] = {}
                position, recorded_at = 0, None
                row = connection.execute(self.sql("select coalesce(max(position), 0) from {s}.event")).fetchone()
                last = min(upto, cast("int", row[0]) if row else 0)
                for records in self._facts(connection, 0, last):
                    trail: list[TrailRow] = []
                    for record in records:
                        fact, at = _read(record)
                        withheld = fold(shelves, fact, at)
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
                for model in self.models:
                    connection.execute(self.sql("analyze {r}.{t}", t=model.row.TABLE))
                connection.execute(self.sql("analyze {r}.trail"))
                return position
        finally:
            if collecting:
                gc.enable()

    def advance(self, connection: psycopg.Connection[Any]) -> int:
        """Fold the next batch of facts into all read models, in one transaction; answers how many there were.

        Raises `Stopped` at a fact this release does not know, with everything before it folded.
        """
        with connection.transaction():
            row = connection.execute(self.sql("select position from {r}.position for update")).fetchone()
            start = cast("int", row[0]) if row else 0
            records = next(self._facts(connection, start, FOREVER), [])
            if not records:
                return 0
            facts: list[tuple[Record, Fact, Recorded]] = []
            stopped: Unreadable | None = None
            for record in records:
                try:
                    fact, at = _read(record)
                except Unreadable as e:
                    stopped = e
                    break
                facts.append((record, fact, at))
            if facts:
                self._fold(connection, facts)
            connection.execute(
                self.sql(
                    "update {r}.position set position = coalesce(%s, position),"
                    " recorded_at = coalesce(%s, recorded_at), stopped_by = %s"
                ),
                (
                    facts[-1][2].position if facts else None,
                    facts[-1][2].recorded_at if facts else None,
                    str(stopped) if stopped else None,
                ),
            )
            connection.execute("select pg_notify(%s, '')", (self.schema,))
        if stopped and not facts:
            raise Stopped(str(stopped))
        return len(facts)

    def _fold(self, connection: psycopg.Connection[Any], facts: Sequence[tuple[Record, Fact, Recorded]]) -> None:
        shelves = [Shelf(model) for model in self.models]
        for shelf in shelves:
            keys = {key for _, fact, _ in facts for key in shelf.model.keys_of(fact)}
            if keys:
                self._fetch(connection, shelf, list(keys))
        parked = {subject for (subject,) in connection.execute(self.sql("select subject from {r}.parked"))}
        trail: list[TrailRow] = []
        opened: dict[UUID, int] = {}
        waiting: dict[UUID, list[int]] = {}
        for record, fact, at in facts:
            withheld = True  # of a parked stream nobody can tell
            if fact.originator_id not in parked:
                try:
                    withheld = fold(shelves, fact, at)
                except Unfoldable as e:
                    parked.add(fact.originator_id)
                    log.error("parked", subject=str(fact.originator_id), position=at.position, topic=record[5])
                    connection.execute(
                        self.sql("insert into {r}.parked (subject, position, topic, error) values (%s, %s, %s, %s)"),
                        (fact.originator_id, at.position, record[5], str(e)),
                    )
            trail.append(trail_row(record[5], fact, at, withheld=withheld))
            if withheld:
                waiting.setdefault(fact.originator_id, []).append(len(trail) - 1)
                continue
            opened[fact.originator_id] = at.position
            for n in waiting.pop(fact.originator_id, ()):
                trail[n] = msgspec.structs.replace(trail[n], open_since=at.position)
        if opened:
            connection.execute(
                self.sql(
                    "update {r}.trail t set open_since = o.position from unnest(%s::uuid[], %s::bigint[])"
                    " o(subject, position) where t.subject = o.subject and t.open_since = %s"
                ),
                (list(opened), list(opened.values()), FOREVER),
            )
        self._insert_trail(connection, trail)
        for shelf in shelves:
            versions = shelf.versions()
            self._close(connection, shelf.model, [v for v in versions if v.stored and v.changed])
            self._insert(connection, shelf.model, [v for v in versions if not v.stored])

    def position(self, connection: psycopg.Connection[Any]) -> int:
        row = connection.execute(self.sql("select position from {r}.position")).fetchone()
        return cast("int", row[0]) if row else 0

    def epoch(self, connection: psycopg.Connection[Any]) -> int:
        """How often this generation was built anew."""
        row = connection.execute(self.sql("select epoch from {r}.position")).fetchone()
        return cast("int", row[0]) if row else 0

    def replace(
        self, connection: psycopg.Connection[Any], *, progress: Callable[[int, int], None] = lambda done, of: None
    ) -> int:
        """Build this generation anew in place of the one that stands, with a new epoch; answers how far it came.

        Readers go on with the old rows until the new ones take their name; the projector waits.
        """
        with connection.transaction():
            if not self.exists(connection):
                return self.rebuild(connection, progress=progress)
            row = connection.execute(self.sql("select epoch from {r}.position for update")).fetchone()
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
            " and (until = {forever} or open_until = {forever})"
        ).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, names)),
            r=sql.Identifier(self.schema),
            t=sql.Identifier(row.TABLE),
            key=sql.Identifier(row.KEY),
            kind=sql.SQL(self.types[row][row.KEY]),
            forever=sql.Literal(FOREVER),
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
        types = list(self.types[model.row].values())
        self._copy(
            connection,
            model.row.TABLE,
            [*types, "int8", "int8", "int8"],
            ([*values(v.row, types, _jsonb), v.since, v.until, v.open_until] for v in versions),
            some=bool(versions),
        )

    def _insert_trail(self, connection: psycopg.Connection[Any], rows: list[TrailRow]) -> None:
        types = list(TRAIL_COLUMNS.values())
        records = (
            [
                _jsonb(value) if kind == "jsonb" and value is not None else list(value) if kind == "text[]" else value
                for kind, value in zip(types, msgspec.structs.astuple(row), strict=True)
            ]
            for row in rows
        )
        self._copy(connection, "trail", types, records, some=bool(rows))

    def _copy(
        self, connection: psycopg.Connection[Any], table: str, types: list[str], records: Iterator[Any], *, some: bool
    ) -> None:
        if not some:
            return
        statement = self.sql("copy {r}.{t} from stdin (format binary)", t=table)
        with connection.cursor().copy(statement) as copy:
            copy.set_types(types)
            for record in records:
                copy.write_row(record)


def _read(record: Record) -> tuple[Fact, Recorded]:
    position, event_id, recorded_at, _, _, topic, state = record
    return read_fact(topic, state), Recorded(position=position, recorded_at=recorded_at, event_id=event_id)


class Projector:
    """A thread that keeps one generation up to date: leader by advisory lock, standby otherwise.

    Starts to listen before its first look, looks at least every half second whatever it hears, and backs off when
    the database is away.
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
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compact-projector", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def wake(self) -> None:
        """There are new facts in this process: look now."""
        self._wake.set()

    def _run(self) -> None:
        pause = POLL
        while not self._stop.is_set():
            try:
                with self._connected() as connection:
                    pause = POLL
                    self._follow(connection)
            except psycopg.OperationalError as e:
                self.is_leader = False
                log.warning("the database is away", error=type(e).__name__, next_try_in=pause)
                self._stop.wait(pause)
                pause = min(pause * 2, 10.0)
            except Exception:
                self.is_leader = False
                log.exception("projector failed")
                self._stop.wait(pause)
                pause = min(pause * 2, 10.0)

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(
            self.url,
            autocommit=True,
            connect_timeout=2,
            application_name="compact-projector",
            options="-c timezone=UTC",
        ) as connection:
            yield connection

    def _follow(self, connection: psycopg.Connection[Any]) -> None:
        listener = threading.Thread(target=self._listen, name="compact-projector-ears", daemon=True)
        listener.start()
        while not self._stop.is_set():
            if not self.is_leader:
                row = connection.execute(
                    "select pg_try_advisory_lock(hashtextextended(%s, %s))", (self.read_side.schema, LEADER)
                ).fetchone()
                self.is_leader = bool(row and row[0])
                if not self.is_leader:
                    self._stop.wait(POLL)
                    continue
                if not self.read_side.exists(connection):
                    self.read_side.rebuild(connection)
                self.on_advance(self.read_side.position(connection))
            self._wake.clear()
            try:
                while self.read_side.advance(connection):
                    self.stopped_by = None
                    self.on_advance(self.read_side.position(connection))
            except Stopped as e:
                if self.stopped_by is None:
                    log.error("a fact this release does not know", error=str(e))
                self.stopped_by = str(e)
            self.on_epoch(self.read_side.epoch(connection))
            self._wake.wait(POLL)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connected() as connection:
                    connection.execute(self.read_side.sql("listen {s}"))
                    self._wake.set()
                    while not self._stop.is_set():
                        for _ in connection.notifies(timeout=1.0, stop_after=1):
                            self._wake.set()
            except psycopg.OperationalError:
                self._stop.wait(POLL)


class Watermark:
    """Up to which position the read side of this process's database can be read, and who waits for it."""

    def __init__(self) -> None:
        self._position = 0
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
