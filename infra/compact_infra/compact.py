"""The composition root, and what a host imports: `Compact(Settings(…), identify=…).mount(app, "/coordination")`."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import anyio.to_thread
import msgspec
import psycopg
import structlog
from anyio import CapacityLimiter
from fastapi import APIRouter, FastAPI
from psycopg import sql
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from compact_api.cache import Remembering
from compact_api.context import Context, Identity
from compact_api.graphiql import graphiql_router
from compact_api.guard import Limits, Schema
from compact_api.http import health_router
from compact_api.schema import build_schema, root
from compact_api.transport import GraphQLEndpoint
from compact_domain.kernel import Actor, Aggregate, Intent, Receipt, Sealed, Unavailable, Work
from compact_domain.published import check
from compact_domain.role import RolesOfPerson
from compact_infra.commander import Commander
from compact_infra.embedded_postgres import EmbeddedPostgres, NotReady
from compact_infra.event_store import LINK, EventStore, Migrations, read_fact
from compact_infra.identity import DevelopmentTokens, actor_of, census
from compact_infra.ledger import Ledger, Sealer
from compact_infra.projector import Projector, ReadSide, Watermark
from compact_infra.reactor import Clockwork, Reactor
from compact_infra.settings import Settings
from compact_infra.vault import Keys, Vault
from compact_projections.asking import Asking, Lease, Moment, carry_through
from compact_projections.models import PRIVATE, models

log = structlog.get_logger("compact")

PATIENCE = 2.0
"""Seconds that a start waits for a read side that another process keeps."""
Identify = Callable[[HTTPConnection], Identity | Awaitable[Identity | None] | None]


def tune() -> None:
    """Set up the interpreter for a process of our own, once it has started; a host decides for its own.

    What is there now is left out of garbage collection, and what answers leave is mostly freed without it: twice as
    many answers. Threads that have heard from the database wait a millisecond, not five, for the one that computes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    sys.setswitchinterval(0.001)


class _Mounted:
    """An application under a path of a host whose proxy may have stripped the host's own prefix from what was asked.

    The host knows that prefix as its `root_path`. A mount looks for it in the path, and finds nothing where it is not.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = scope.get("app_root_path", "")
        if prefix and not scope["path"].startswith(scope["root_path"]):
            scope = {
                **scope,
                "path": prefix + scope["path"],
                "raw_path": prefix.encode() + (scope.get("raw_path") or b""),
            }
        await self.app(scope, receive, send)


class Compact:
    """The module: mounted in a host, included as a router, or served on its own. Making one does no I/O.

    `identify` says who sends a request or opens a socket; without it, development tokens do if the settings say so,
    and nobody is anybody otherwise.
    """

    def __init__(self, settings: Settings | None = None, *, identify: Identify | None = None) -> None:
        self.settings = settings or Settings()
        self._identify = identify
        self.watermark = Watermark()
        self.command_limiter = CapacityLimiter(max(1, self.settings.pool_size - 2))
        self._embedded: EmbeddedPostgres | None = None
        self._projector: Projector | None = None
        self._reactor: Reactor | None = None
        self._sealer: Sealer | None = None
        self._ears: threading.Thread | None = None
        self._nurse: threading.Thread | None = None
        self._stopping = threading.Event()
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] | None = None
        self._up = 0
        self._starts_at = 0
        self._clock = (datetime.max.replace(tzinfo=UTC) - timedelta(days=366), 0.0)  # nothing holds before it is known

    # --- for a host

    def mount(self, app: FastAPI, path: str) -> None:
        """Mount the module under a path, its start and stop chained to the host's own."""
        app.mount(path, _Mounted(self.app))
        theirs = app.router.lifespan_context

        @asynccontextmanager
        async def both(host: Any) -> AsyncIterator[Any]:
            async with theirs(host) as state, self.lifespan(host):
                yield state

        app.router.lifespan_context = both

    @cached_property
    def router(self) -> APIRouter:
        """The module as a router for the host's own app; it brings its start and stop along."""
        router = APIRouter(lifespan=self.lifespan)
        self._include(router)
        return router

    @cached_property
    def app(self) -> FastAPI:
        """The module as an application without a lifespan, to be mounted; `standalone` has one."""
        app = FastAPI(openapi_url=None)
        self._include(app)
        return app

    @cached_property
    def standalone(self) -> FastAPI:
        """The module as an application of its own."""
        app = FastAPI(openapi_url=None, lifespan=self.lifespan)
        self._include(app)
        return app

    @cached_property
    def schema(self) -> Schema:
        """The GraphQL schema."""
        return build_schema(Limits(introspection=self.settings.introspection))

    @cached_property
    def answers(self) -> Remembering:
        """Runs operations, and knows what it has answered."""
        return Remembering(self.schema, self)

    def _include(self, app: FastAPI | APIRouter) -> None:
        app.include_router(GraphQLEndpoint(self.schema, self._context, root=root, execute=self.answers.execute))
        app.include_router(graphiql_router())
        app.include_router(health_router(self))

    async def _context(self, connection: HTTPConnection) -> Context:
        return Context(self, await self.identify(connection))

    async def identify(self, connection: HTTPConnection) -> Identity | None:
        """Who sends a request or opens a socket."""
        how = self._identify or (self.tokens.identify if self.settings.auth == "development" else None)
        found = how(connection) if how else None
        return await found if inspect.isawaitable(found) else found

    # --- start and stop

    @asynccontextmanager
    async def lifespan(self, _: object = None) -> AsyncIterator[None]:
        """Everything that runs, for as long as the host does. Entered twice, it runs once."""
        self._up += 1
        try:
            if self._up == 1:
                await anyio.to_thread.run_sync(self.start)
                await self._open_pool()
            yield
        finally:
            self._up -= 1
            if self._up == 0:
                if self._pool is not None:
                    await self._pool.close()
                    self._pool = None
                await anyio.to_thread.run_sync(self.stop)

    def prepare(self) -> str:
        """Bring the database up to this release; answers its URL. Blocks. Raises `NotReady`."""
        check()
        url = self.database_url()
        Migrations(url, self.settings.db_schema).apply(demonstration=self.settings.demonstration)
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            if not self.vault.belongs(connection):
                raise NotReady("the vault key is not the one this database was made with")
        return url

    @contextmanager
    def commanding(self) -> Iterator[Commander]:
        """As much of the service as commands need, for a process that asks nothing. Raises `NotReady`."""
        self.prepare()
        self.store.open()
        try:
            yield self.commander
        finally:
            self.stop()

    def start(self) -> None:
        """Bring up the database, the store and, in a worker, the projector. Blocks. Raises `NotReady`."""
        url = self.prepare()
        self._stopping.clear()
        self.store.open()
        if self.settings.is_worker:
            self._projector = Projector(url, self.read_side)
            if not self.settings.read_database_url:
                self._projector.on_advance = self.watermark.advance
                self._projector.on_epoch = self.watermark.enter_epoch
            self._projector.start()
            self._reactor = Reactor(url, self.commander)
            self._reactor.start()
            self._sealer = Sealer(self.ledger)
            self._sealer.start()
        if self.settings.read_database_url or not self.settings.is_worker:
            self._ears = threading.Thread(target=self._follow, name="compact-watermark", daemon=True)
            self._ears.start()
        if self._embedded:
            self._nurse = threading.Thread(target=self._revive, name="compact-nurse", daemon=True)
            self._nurse.start()
        self._starts_at = head = self.store.head()
        if not self.watermark.wait(head, timeout=60 if self.settings.is_worker else PATIENCE):
            log.warning("the read side is behind: is a worker running?", position=self.watermark.position, head=head)

    def stop(self) -> None:
        """The reverse of `start`."""
        self._stopping.set()
        if self._sealer:
            self._sealer.stop()
            self._sealer = None
        if self._reactor:
            self._reactor.stop()
            self._reactor = None
        if self._projector:
            self._projector.stop()
            self._projector = None
        if self._ears:
            self._ears.join(timeout=2)
            self._ears = None
        if store := self.__dict__.pop("store", None):
            store.close()
        self.__dict__.pop("commander", None)  # a pool that was closed is not opened again
        for follows in ("clockwork", "ledger"):
            self.__dict__.pop(follows, None)
        if self._nurse:
            self._nurse.join(timeout=60)
            self._nurse = None
        if self._embedded:
            self._embedded.stop()
            self._embedded = None

    def _revive(self) -> None:
        """Start the embedded database again, should it die: what was acknowledged is in its log."""
        while not self._stopping.wait(1.0):
            try:
                assert self._embedded is not None
                self._embedded.start()
            except NotReady as e:
                log.error("the embedded database does not start", error=str(e))

    def database_url(self) -> str:
        """The URL of the database; starts the embedded one where none is given."""
        if self.settings.database_url:
            return self.settings.database_url
        if self._embedded is None:
            embedded = EmbeddedPostgres(self.settings.data_dir)
            embedded.start()
            self._embedded = embedded
        return self._embedded.url

    @cached_property
    def keys(self) -> Keys:
        """The keys that lie outside the database."""
        if self.settings.vault_key:
            return Keys.from_text(self.settings.vault_key.get_secret_value())
        return Keys.from_file(self.settings.data_dir / "vault.key")

    @cached_property
    def vault(self) -> Vault:
        return Vault(self.keys, self.settings.db_schema)

    @cached_property
    def store(self) -> EventStore:
        store = EventStore(self.database_url(), self.settings.db_schema, self.vault, pool_size=self.settings.pool_size)
        store.on_clock = self._clock_moved
        return store

    @cached_property
    def read_side(self) -> ReadSide:
        return ReadSide(self.settings.db_schema, models())

    @cached_property
    def commander(self) -> Commander:
        return Commander(self.store, census, on_append=self._appended)

    @cached_property
    def ledger(self) -> Ledger:
        """What proves the history."""
        return Ledger(self.database_url(), self.settings.db_schema, self.keys)

    @cached_property
    def clockwork(self) -> Clockwork:
        """What is to happen at a moment, for who moves a demonstration's clock; else the reactor sees to it."""
        return Clockwork(self.commander)

    @cached_property
    def tokens(self) -> DevelopmentTokens:
        """Development tokens, signed with a key of this installation."""
        key = self.settings.token_key
        return DevelopmentTokens(key.get_secret_value().encode() if key else self.keys.derive("development-token"))

    def _appended(self, position: int) -> None:
        for process in (self._projector, self._reactor):
            if process:
                process.wake()

    def settle(self, timeout: float = 30.0) -> bool:
        """Wait until reactions and read side have dealt with all that has happened; whether they have."""
        end = time.monotonic() + timeout
        while (remaining := end - time.monotonic()) > 0:
            head = self.store.head()
            if self._reactor and not self._reactor.watermark.wait(head, remaining):
                return False
            if self.store.head() == head:
                return self.watermark.wait(head, remaining)
        return False

    def _follow(self) -> None:
        """Keep the watermark where the rows are not this process's own: by LISTEN, and a look every half second.

        A replica tells nothing, so it is looked at every twentieth of a second.
        """
        url = self.settings.read_database_url or self.database_url()
        while not self._stopping.is_set():
            try:
                with psycopg.connect(url, autocommit=True, **LINK) as connection:
                    pause = 0.5
                    try:
                        connection.execute(self.read_side.sql("listen {r}"))
                    except psycopg.errors.ReadOnlySqlTransaction:
                        pause = 0.05
                    while not self._stopping.is_set():
                        if self.read_side.exists(connection):
                            position, epoch = self.read_side.whereabouts(connection)
                            self.watermark.enter_epoch(epoch)
                            self.watermark.advance(position)
                        for _ in connection.notifies(timeout=pause, stop_after=1):
                            break
            except psycopg.OperationalError:
                self._stopping.wait(0.5)

    async def _open_pool(self) -> None:
        async def configure(connection: psycopg.AsyncConnection[Any]) -> None:
            set_json_loads(msgspec.json.decode, connection)

        url = self.settings.read_database_url or self.database_url()
        role = f"{self.settings.db_schema}_app"
        self._pool = AsyncConnectionPool(
            url,
            kwargs={
                "autocommit": True,
                **LINK,
                "options": f"-c role={role} -c statement_timeout=15s -c timezone=UTC -c jit=off"
                " -c max_parallel_workers_per_gather=0"  # to begin one takes longer than most questions
                " -c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"
                " -c idle_in_transaction_session_timeout=30s",
                "application_name": f"{self.settings.db_schema}-questions",
            },
            configure=configure,
            min_size=1,
            max_size=self.settings.pool_size,
            timeout=2.0,
            max_waiting=500,
            reconnect_timeout=2.0,  # given up soon, so that whoever asks next finds out that the database is back
            open=False,
        )
        await self._pool.open(wait=True, timeout=10)

    # --- for the API

    def give(self, intent: Intent, decision: Callable[[Work], Aggregate], *, queue: str | None = None) -> Receipt:
        return self.commander.give(intent, decision, queue=queue)

    async def visible(self, position: int) -> bool:
        if self.watermark.position >= position:
            return True
        return await anyio.to_thread.run_sync(self.watermark.wait, position, self.settings.visible_within)

    def mark(self) -> Hashable:
        return (self.read_side.schema, self.watermark.epoch, self.watermark.position)

    def _clock_moved(self, now: datetime) -> None:
        self._clock = (now, time.monotonic())

    def clock(self) -> datetime:
        seen, at = self._clock
        return seen + timedelta(seconds=time.monotonic() - at)

    async def begin_reading(self) -> Asking:
        connection, (position, now) = await self._snapshot()
        self._clock = (now, time.monotonic())
        return Asking(
            Lease(connection),
            schema=self.read_side.schema,
            events=self.settings.db_schema,
            moment=Moment(position=position, now=now, live=True),
            private=PRIVATE,
        )

    async def _snapshot(self) -> tuple[psycopg.AsyncConnection[Any], tuple[int, datetime]]:
        """A connection in a fresh snapshot, its position and clock. One that broke while it lay idle is replaced."""
        pool = self._pool
        if pool is None:
            raise RuntimeError("the module has not been started")
        names = {"r": sql.Identifier(self.read_side.schema), "s": sql.Identifier(self.settings.db_schema)}
        statement = sql.SQL("begin; select position, {s}.now() from {r}.position").format(**names)
        for is_last in (False, True):
            try:
                connection = await pool.getconn()
            except psycopg.OperationalError as e:
                raise Unavailable("the question") from e
            try:
                begun = await connection.execute(statement, prepare=False)  # both at once
                begun.nextset()
                row = await begun.fetchone()
                assert row is not None
                return connection, (row[0], row[1])
            except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as e:
                was_lost = connection.broken
                await pool.putconn(connection)
                if is_last or not was_lost:
                    raise Unavailable("the question") from e
                await pool.check()
            except BaseException:
                await carry_through(pool.putconn(connection))
                raise
        raise Unavailable("the question")

    async def end_reading(self, asking: Asking) -> None:
        await carry_through(self._give_back(asking.lease))

    async def _give_back(self, lease: Lease) -> None:
        await lease.end()
        if self._pool is None:
            await lease.connection.close()
            return
        with suppress(psycopg.OperationalError):
            await lease.connection.commit()  # it only read; a rollback would make it forget what it has prepared
        await self._pool.putconn(lease.connection)

    async def actor(self, asking: Asking, identity: Identity) -> Actor:
        prefix = f"focal-person:{identity.subject}:"
        records = await asking.rows(
            asking.compose(
                "select originator_id, topic, state from {s}.event where originator_id = any(%(roles)s::uuid || array("
                "select holder from {s}.claim where key >= %(low)s and key < %(high)s))"  # an `or` reads all of history
                " order by originator_id, originator_version"
            ),
            {"roles": RolesOfPerson.key(identity.subject), "low": prefix, "high": prefix + "\U0010ffff"},
        )
        found: dict[UUID, Any] = {}
        for id, topic, state in records:
            found[id] = read_fact(topic, bytes(state)).mutate(found.get(id))
        roles = found.pop(RolesOfPerson.key(identity.subject), None)
        return actor_of(identity, roles, found.values(), asking.moment.recorded_until)

    def open_sealed(self, boxes: Iterable[Sealed], wrapped: Mapping[tuple[UUID, int], bytes]) -> dict[str, str | None]:
        return self.vault.open(boxes, wrapped)

    async def history(self, kind: type[Aggregate], id: UUID, version: int) -> Aggregate | None:
        return await anyio.to_thread.run_sync(self._history, kind, id, version)

    def _history(self, kind: type[Aggregate], id: UUID, version: int) -> Aggregate | None:
        it: Any = None
        for stored in self.store.recorder.select_events(id, lte=version):
            it = self.store.mapper.to_domain_event(stored).mutate(it)
        return it if isinstance(it, kind) else None

    async def ready(self) -> str | None:
        """What this process still waits for; None if it can serve."""
        if self._pool is None:
            return "it has not been started"
        if self.watermark.position < self._starts_at:
            return "the read side has not come as far as the history was when this process started"
        with suppress(Exception):
            async with asyncio.timeout(2):
                await self.end_reading(await self.begin_reading())
                return None
        return "the database or the read side does not answer"
