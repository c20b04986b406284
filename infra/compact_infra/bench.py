"""`compact bench`: the service measured against the stock library, in one run, interleaved. Ratios count.

Machines of this kind drift by a factor of two within an hour, so each pair is measured in turns, and the median of the
turns is told. Everything runs on an embedded PostgreSQL of its own, which is thrown away.
"""

from __future__ import annotations

import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, LiteralString, cast
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import anyio
import anyio.from_thread
import eventsourcing.postgres as stock_postgres
import psycopg
import strawberry
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate as StockAggregate
from eventsourcing.domain import event
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from compact_api.context import Context, Identity
from compact_api.schema import root
from compact_domain.focal_point import FocalPoint, Term
from compact_domain.kernel import (
    Actor,
    Channel,
    Command,
    Fact,
    Intent,
    Role,
    RoleHeld,
    Sealed,
    Work,
)
from compact_domain.organization import Organization, Organizations
from compact_domain.recommendation import Assessment, Recommendation, Response
from compact_domain.vocabulary import BodyAct, Method, Names, OrganizationKind
from compact_infra import verifier
from compact_infra.bench_planning import load_initiatives
from compact_infra.compact import Compact, tune
from compact_infra.identity import SET_UP
from compact_infra.operations import rebuild
from compact_infra.projector import ReadSide
from compact_infra.setting_up import development_identity, load_catalogues
from compact_infra.settings import Settings
from compact_projections.kit import FOREVER


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    turns: int
    saves: int
    mutations: int
    facts: int
    stock_facts: int
    asks: int
    versions: int
    initiatives: tuple[int, int, int]
    leaves: int


FULL = Sizes(
    turns=4,
    saves=400,
    mutations=200,
    facts=30_000,
    stock_facts=3_000,
    asks=120,
    versions=1_000_000,
    initiatives=(500, 2_000, 8_000),
    leaves=1_000_000,
)
QUICK = Sizes(
    turns=2,
    saves=40,
    mutations=20,
    facts=2_000,
    stock_facts=300,
    asks=16,
    versions=20_000,
    initiatives=(50, 100, 200),
    leaves=5_000,
)


@dataclass(frozen=True)
class Figure:
    """One row of the table: what was measured, what came of it, and what it must reach."""

    what: str
    measured: str
    must: str
    reached: bool | None

    def __str__(self) -> str:
        mark = {True: "reached", False: "MISSED", None: "reported"}[self.reached]
        return f"| {self.what} | {self.measured} | {self.must} | {mark} |"


def run(*, quick: bool, to: Path | None, tell: Callable[[str], None]) -> None:
    """Measure everything; tell each figure as it comes, and write all of them as Markdown."""
    sizes = QUICK if quick else FULL
    figures: list[Figure] = []
    alone, whole = (saves,), (mutations, rebuilding, pages, past_pages)
    for measures, roles in ((alone, "api"), (whole, "api,worker")):  # nothing else runs beside the saves
        with _somewhere() as place, _service(place, roles=roles) as (compact, portal):
            load_catalogues(compact.commander)
            tune()  # as the service does once it has started; here it favours both sides
            for measure in measures:
                for figure in measure(compact, portal, sizes):
                    tell(str(figure))
                    figures.append(figure)
    with _somewhere() as place, _service(place) as (compact, portal):
        load_catalogues(compact.commander)
        tune()
        for figure in planning(compact, portal, sizes):
            tell(str(figure))
            figures.append(figure)
    with _somewhere() as place, _service(place, roles="api") as (compact, _):  # nobody folds what is no fact
        for figure in proofs(compact, sizes):
            tell(str(figure))
            figures.append(figure)
    if to is not None:
        to.write_text(page(figures, sizes), "utf-8")


def page(figures: Sequence[Figure], sizes: Sizes) -> str:
    """The figures as a page of the documentation."""
    today = datetime.now(UTC).date().isoformat()
    return "\n".join(
        [
            "# Performance",
            "",
            f"Measured by `compact bench` on {today}: {platform.machine()}, {_cores()} cores, Python"
            f" {platform.python_version()}, embedded PostgreSQL 18. The two sides of a comparison run in turns"
            f" ({sizes.turns} of each, of saves {sizes.turns * 5}, of pages {sizes.turns * 3}; medians told),"
            " because such machines drift: ratios count, not the numbers. Load average of the last 15 minutes:"
            f" {os.getloadavg()[2]:.1f}, so that figures in milliseconds are those of a machine as busy as that.",
            "",
            "| what | measured | must reach | |",
            "| --- | --- | --- | --- |",
            *map(str, figures),
            "",
        ]
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0))


@contextmanager
def _somewhere() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="compact-bench-") as place:
        yield Path(place)


@contextmanager
def _service(place: Path, *, roles: str = "api,worker") -> Iterator[tuple[Compact, anyio.from_thread.BlockingPortal]]:
    compact = Compact(Settings(data_dir=place, auth="development", pool_size=20, roles=roles))
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(compact.lifespan()):
        yield compact, portal


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[18] * 1000


# --- saves: lock, two claims and command log, against the stock application's save -----------------------------------


class Plain(StockAggregate):
    """The same as the library's own aggregate, with as much in it."""

    @event("Created")
    def __init__(self, note: str, provenance: str) -> None:
        self.note, self.provenance = note, provenance


OFFICER = Actor(id=UUID(int=7), organization="UNOCT", roles=(RoleHeld(role=Role.SECRETARIAT_OFFICER),))


def _command(now: datetime) -> Command:
    return Command(name="bench.save", id=uuid4(), by=OFFICER, now=now, channel=Channel.CLI)


def saves(compact: Compact, _: anyio.from_thread.BlockingPortal, sizes: Sizes) -> Iterator[Figure]:
    """A durable save, 1 and 16 clients."""
    url = compact.database_url()
    stock: Application[UUID] = Application(_stock_environment(url))
    now = compact.store.now()

    def ours(_: int) -> None:
        command = _command(now)
        id = uuid4()
        made = FocalPoint.nominate(
            id=id,
            organization="ECOWAS",
            subject=uuid4(),
            details_hash="0" * 64,
            regions=("WEST-AFRICA",),
            working_groups=(),
            nomination_letter=None,
            term=Term(starts_on=now.date(), ends_on=now.date()),
            cmd=command,
        )
        with compact.store.attempt() as attempt:
            attempt.append(
                cast("list[Fact]", made.pending_events),
                actor=OFFICER.id,
                command_id=command.id,
                request=b"x" * 32,
                subject=id,
                version=1,
            )

    def theirs(_: int) -> None:
        stock.save(Plain(note="x" * 100, provenance="p" * 400))

    try:
        for clients, must in ((1, 1.0), (16, 1.4)):
            mine, other = _in_turns(
                sizes.turns * 5,  # short ones: how long a disk takes to say that it has written drifts most of all
                partial(_rate, ours, sizes.saves // 2, clients),
                partial(_rate, theirs, sizes.saves // 2, clients),
            )
            ratio = mine / other
            yield Figure(
                f"durable save with lock, two claims and command log, {clients} client{'s' if clients > 1 else ''}",
                f"{mine:,.0f}/s, stock application {other:,.0f}/s: {ratio:.2f} ×",
                f"≥ {must} ×",
                ratio >= must,
            )
    finally:
        stock.close()


def _stock_environment(url: str) -> dict[str, str]:
    """What the stock application is configured with: a schema of its own in the same database."""
    parts = urlsplit(url)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create schema if not exists stock")
    password = "-"
    if "passfile" in given:
        password = Path(given["passfile"]).read_text().strip().split(":")[-1]
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": given.get("host", parts.hostname or "127.0.0.1"),
        "POSTGRES_PORT": given.get("port", str(parts.port or 5432)),
        "POSTGRES_USER": parts.username or "compact_owner",
        "POSTGRES_PASSWORD": parts.password or password,
        "POSTGRES_SCHEMA": "stock",
        "POSTGRES_POOL_SIZE": "20",
    }


def _rate(save: Callable[[int], None], count: int, clients: int) -> float:
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(save, range(8 * clients)))  # connections are made and statements planned, on either side
        started = time.perf_counter()
        list(pool.map(save, range(count)))
        return count / (time.perf_counter() - started)


def _in_turns(turns: int, mine: Callable[[], float], other: Callable[[], float]) -> tuple[float, float]:
    mines: list[float] = []
    others: list[float] = []
    for turn in range(turns):  # whoever began the last turn ends the next
        for measured, measure in ((mines, mine), (others, other))[:: -1 if turn % 2 else 1]:
            measured.append(measure())
    return statistics.median(mines), statistics.median(others)


# --- mutations -------------------------------------------------------------------------------------------------------

REGISTER = """mutation ($input: OrganizationRegisterInput!) { organizationRegister(input: $input) {
  __typename ... on OrganizationRegisterPayload { visible organization { code name } } } }"""


def mutations(compact: Compact, portal: anyio.from_thread.BlockingPortal, sizes: Sizes) -> Iterator[Figure]:
    """A whole mutation, answered when it can be read; and how long after its save a fact can be read."""
    officer = development_identity(compact.commander, Role.SECRETARIAT_OFFICER, None)
    whole: list[float] = []
    for number in range(sizes.mutations):
        given = {
            "idempotencyKey": str(uuid4()),
            "code": f"BENCH-{number}",
            "names": {"en": f"Organization {number}"},
            "kind": "ACADEMIA",
        }
        started = time.perf_counter()
        answer = portal.call(_execute, compact, officer, REGISTER, {"input": given})
        whole.append(time.perf_counter() - started)
        assert answer["organizationRegister"]["visible"], answer
    yield Figure("GraphQL mutation, answered when readable, 1 client, p95", f"{_p95(whole):.1f} ms", "", None)

    late: list[float] = []
    for number in range(sizes.mutations):
        intent = Intent(name="organization.register", id=uuid4(), by=SET_UP, channel=Channel.CLI, request=b"bench")
        receipt = compact.commander.give(intent, partial(_register, f"LATE-{number}"))
        started = time.perf_counter()
        query = f'{{ snapshot(atLeast: "{receipt.position}") {{ organization(code: "LATE-{number}") {{ code }} }} }}'
        answer = portal.call(_execute, compact, officer, query, {})
        assert answer["snapshot"]["organization"], answer
        late.append(time.perf_counter() - started)
    p95 = _p95(late)
    yield Figure("save to visible in a query, p95", f"{p95:.1f} ms", "≤ 15 ms", p95 <= 15)


def _register(code: str, work: Work) -> Organization:
    return Organizations(work).register(code=code, names=Names(en="Late"), kind=OrganizationKind.ACADEMIA)


async def _execute(compact: Compact, identity: Identity, query: str, variables: dict[str, Any]) -> Any:
    result = await compact.answers.execute(
        query, context_value=Context(compact, identity), variable_values=variables, root_value=root()
    )
    if result.errors:
        raise RuntimeError(str(result.errors))
    return result.data


# --- joint planning, and what is to be done today ---------------------------------------------------------------------

MATRIX = "{ coverage { states { state cells } } }"
OVERLAPS = "{ overlaps(first: 50) { edges { node { initiatives { code } score { total } reviewState } } } }"
TODAY = """{ today(first: 20) { edges { node { duty title since dueOn overdue organization { code } facts { name value }
  mutation } } } }"""


def planning(compact: Compact, portal: anyio.from_thread.BlockingPortal, sizes: Sizes) -> Iterator[Figure]:
    """The whole matrix, the overlaps as initiatives grow in number, and an officer's day; each computed anew."""
    officer = development_identity(compact.commander, Role.SECRETARIAT_OFFICER, None)

    def median(query: str) -> float:
        async def ask() -> None:
            compact.answers.answers.forget()
            await _execute(compact, officer, query, {})

        for _ in range(10):  # a statement is planned once for all on its fifth use
            portal.call(ask)
        return statistics.median(_seconds(lambda: portal.call(ask)) for _ in range(max(sizes.asks // 4, 5))) * 1000

    found: list[float] = []
    there = 0
    for seed, count in enumerate(sizes.initiatives):
        load_initiatives(compact, count - there, seed=seed + 1)
        there = count
        with psycopg.connect(compact.database_url(), autocommit=True) as connection:
            connection.execute("analyze")
        found.append(median(OVERLAPS))
        if count == sizes.initiatives[1]:
            whole = median(MATRIX)
            yield Figure(
                f"coverage of every region and working group over {count:,} initiatives, computed",
                f"{whole:.0f} ms",
                "≤ 50 ms",
                whole <= 50,
            )
            day = median(TODAY)
            yield Figure("what an officer has to do today, computed", f"{day:.0f} ms", "≤ 20 ms", day <= 20)
    few, many = sizes.initiatives[0], sizes.initiatives[-1]
    growth = found[-1] / found[0]
    yield Figure(
        "the 50 greatest overlaps of " + ", ".join(f"{count:,}" for count in sizes.initiatives) + " initiatives",
        ", ".join(f"{ms:.0f} ms" for ms in found) + f": {growth:.1f} × for {many / few:.0f} × as many",
        "near-linear",
        growth <= many / few * 1.5,
    )


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


# --- proofs -----------------------------------------------------------------------------------------------------------


def proofs(compact: Compact, sizes: Sizes) -> Iterator[Figure]:
    """A log of many leaves: built, one proof made, an export verified. The facts are there by a plain insert."""
    url, schema, ledger = compact.database_url(), sql.Identifier(compact.settings.db_schema), compact.ledger
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL(
                "insert into {}.event"
                " (position, originator_id, originator_version, topic, state, event_id, recorded_at)"
                " select n, gen_random_uuid(), 1, 'bench.leaf', convert_to(repeat('x', 600), 'UTF8'),"
                " gen_random_uuid(), clock_timestamp() from generate_series(1, {}) n"
            ).format(schema, sql.Literal(sizes.leaves))
        )
        built = _seconds(lambda: ledger.seal(connection))
    size = sizes.leaves
    yield Figure(f"log of {size:,} leaves built", f"{built:.1f} s", "≤ 30 s", built <= 30)
    chance = random.Random(1)
    proven = statistics.median(_seconds(lambda: ledger.inclusion(chance.randint(1, size))) for _ in range(50)) * 1000
    yield Figure(f"proof that one of {size:,} facts is in it", f"{proven:.1f} ms", "≤ 5 ms", proven <= 5)
    with _somewhere() as place:
        ledger.export(place / "export")
        asked = [str(place / "export"), "--key", ledger.public_key]
        verified = _seconds(lambda: verifier.main(asked, lambda told: None))
    yield Figure(f"export of {size:,} facts verified", f"{verified:.0f} s", "≤ 60 s", verified <= 60)


# --- rebuild ---------------------------------------------------------------------------------------------------------


class OneTable(Projection["Counted"]):
    """The library's own projection: one table, a row for each aggregate."""

    name = "counted"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.count(domain_event.originator_id, tracking)


class Counted(stock_postgres.PostgresTrackingRecorder):
    """Its view: how many facts each aggregate has."""

    def __init__(self, datastore: Any, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            sql.SQL("create table if not exists stock.counted (id uuid primary key, facts int not null)").format()
        )

    def count(self, id: UUID, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "insert into stock.counted values (%s, 1) on conflict (id) do update set facts = counted.facts + 1",
                (id,),
            )
            self._insert_tracking(cursor, tracking)


def rebuilding(compact: Compact, _: anyio.from_thread.BlockingPortal, sizes: Sizes) -> Iterator[Figure]:
    """All read models with history and trail, against the library's runner on one table."""
    load_recommendations(compact, sizes.facts)
    head = compact.store.head()

    def ours() -> float:
        started = time.perf_counter()
        with psycopg.connect(compact.database_url(), autocommit=True) as connection:
            scratch = ReadSide(compact.settings.db_schema, compact.read_side.models, name="compact_bench_scratch")
            scratch.rebuild(connection)
            elapsed = time.perf_counter() - started
            connection.execute("drop schema compact_bench_scratch cascade")
        return head / elapsed

    environment = _stock_environment(compact.database_url())
    writer: Application[UUID] = Application(environment)
    for _number in range(sizes.stock_facts):
        writer.save(Plain(note="x", provenance="p" * 400))
    writer.close()

    def theirs() -> float:
        with psycopg.connect(compact.database_url(), autocommit=True) as connection:
            connection.execute("drop table if exists stock.counted, stock.counted_tracking")
        started = time.perf_counter()
        with ProjectionRunner(
            application_class=Application, projection_class=OneTable, view_class=Counted, env=environment
        ) as runner:
            last = runner.app.recorder.max_notification_id()
            runner.wait(last, timeout=600)
            return cast("int", last) / (time.perf_counter() - started)

    mine, other = _in_turns(sizes.turns, ours, theirs)
    yield Figure(
        f"rebuild of all read models with history and trail ({head:,} facts)",
        f"{mine:,.0f} facts/s, the library's runner on one table {other:,.0f}/s: {mine / other:.1f} ×",
        "≥ 15 ×",
        mine / other >= 15,
    )
    rebuild(compact)
    compact.settle(60)


def load_recommendations(compact: Compact, facts: int) -> None:
    """A history of recommendations: proposed, reviewed, answered by three, adopted, announced, assigned, reported."""
    now = compact.store.now()
    batch: list[Fact] = []
    written = 0
    number = 0
    while written < facts:
        number += 1
        for fact in _recommendation(number, now):
            batch.append(fact)
            written += 1
        if len(batch) >= 500 or written >= facts:
            with compact.store.attempt() as attempt:
                attempt.append(
                    batch,
                    actor=OFFICER.id,
                    command_id=uuid4(),
                    request=b"x" * 32,
                    subject=batch[0].originator_id,
                    version=1,
                )
            batch = []
    compact.settle(300)


def _recommendation(number: int, now: datetime) -> list[Fact]:
    cmd = _command(now)
    body, code = "CC", f"BREC-{number:06d}"
    it = Recommendation.propose(
        code=code,
        proposer="BENCH-1",
        title=f"Recommendation {number}",
        text="Let the Compact and regional organizations plan together. " * 4,
        session=None,
        gaps=(),
        regions=("WEST-AFRICA",),
        working_groups=("PCVE",),
        clauses=("A-RES-79-1-ACTION-23C",),
        cmd=cmd,
    )
    it.put_under_review(body=body, cmd=cmd)
    for organization in ("BENCH-2", "BENCH-3", "BENCH-4"):
        it.respond(organization=organization, text_version=1, response=Response.SUPPORTED, cmd=cmd)
    act = BodyAct(body=body, meeting="CC-1", number=f"D-{number}", decided_on=now.date(), method=Method.CONSENSUS)
    assessment = Assessment(human_rights="Looked at.", gender="Looked at.", rule_of_law="Looked at.")
    it.adopt(act=act, text_version=1, assessment=assessment, cmd=cmd)
    it.announce(number=act.number, cmd=cmd)
    it.assign(lead="BENCH-2", partners=("BENCH-3",), due_on=date(now.year + 1, 1, 1), cmd=cmd)
    text = Sealed(key=it.id, key_version=1, bound=cmd.id, field="text", box="AAAA")
    it.report_progress(organization="BENCH-2", text=text, percentage=10, cmd=cmd)
    return cast("list[Fact]", it.pending_events)


# --- pages -----------------------------------------------------------------------------------------------------------

PAGE = """query ($after: String) { recommendations(first: 50, after: $after) { edges { node {
  code title decision texts { number text } responses(first: 3) { edges { node { response } } } } } } }"""


def pages(compact: Compact, portal: anyio.from_thread.BlockingPortal, sizes: Sizes) -> Iterator[Figure]:
    """A page of 50 recommendations with two nested lists, 8 clients, against naive resolvers of the same shape."""
    reader = development_identity(compact.commander, Role.READER, None)
    naive, naive_pool = portal.call(_naive, compact)

    def ours_computed() -> float:
        compact.answers.answers.forget()
        return cast("float", portal.call(_throughput, lambda n: _page(compact, reader, fresh=True), sizes.asks))

    def ours_known() -> float:
        return cast("float", portal.call(_throughput, lambda n: _page(compact, reader, fresh=False), sizes.asks * 20))

    def theirs() -> float:
        return cast("float", portal.call(_throughput, lambda n: naive.execute(NAIVE_PAGE), sizes.asks))

    try:
        computed, plain = _in_turns(sizes.turns * 3, ours_computed, theirs)
        known, plain_again = _in_turns(sizes.turns, ours_known, theirs)
    finally:
        portal.call(naive_pool.close)
    yield Figure(
        "page of 50 recommendations with two nested lists, 8 clients, computed",
        f"{computed:,.0f}/s, naive resolvers {plain:,.0f}/s: {computed / plain:.1f} ×",
        "≥ 2 ×",
        computed / plain >= 2,
    )
    yield Figure(
        "the same while the position stands",
        f"{known:,.0f}/s, naive resolvers {plain_again:,.0f}/s: {known / plain_again:.0f} ×",
        "≥ 20 ×",
        known / plain_again >= 20,
    )


async def _page(compact: Compact, reader: Identity, *, fresh: bool) -> None:
    if fresh:
        compact.answers.answers.forget()
    await _execute(compact, reader, PAGE, {})


async def _throughput(ask: Callable[[int], Any], count: int) -> float:
    todo = iter(range(count))
    await ask(0)

    async def client() -> None:
        for number in todo:
            await ask(number)

    started = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(client)
    return count / (time.perf_counter() - started)


NAIVE_PAGE = """{ recommendations { edges { node {
  code title decision texts { number text } responses { edges { node { response } } } } } } }"""


async def _naive(compact: Compact) -> tuple[strawberry.Schema, AsyncConnectionPool[Any]]:
    """The schema as one writes it first: each list a statement of its own, for each parent."""
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        compact.database_url(), min_size=8, max_size=8, open=False, kwargs={"autocommit": True}
    )
    await pool.open(wait=True)
    schema = sql.Identifier(compact.read_side.schema)

    async def rows(statement: LiteralString, *parameters: object) -> list[Any]:
        composed = sql.SQL(statement).format(r=schema, f=sql.Literal(FOREVER))
        async with pool.connection() as connection:
            found: list[Any] = await (await connection.execute(composed, parameters)).fetchall()
            return found

    @strawberry.type
    class Text:
        number: int
        text: str

    @strawberry.type
    class Answered:
        response: str

    @strawberry.type
    class AnsweredEdge:
        node: Answered

    @strawberry.type
    class AnsweredConnection:
        edges: list[AnsweredEdge]

    @strawberry.type
    class Naive:
        id: strawberry.Private[UUID]
        code: str
        title: str | None
        decision: str

        @strawberry.field
        async def texts(self) -> list[Text]:
            found = await rows(
                "select number, text from {r}.recommendation_text where recommendation = %s and until = {f}"
                " order by number",
                self.id,
            )
            return [Text(number=number, text=text) for number, text in found]

        @strawberry.field
        async def responses(self) -> AnsweredConnection:
            found = await rows(
                "select response from {r}.recommendation_response where recommendation = %s and until = {f} limit 3",
                self.id,
            )
            return AnsweredConnection(edges=[AnsweredEdge(node=Answered(response=response)) for (response,) in found])

    @strawberry.type
    class NaiveEdge:
        node: Naive

    @strawberry.type
    class NaiveConnection:
        edges: list[NaiveEdge]

    @strawberry.type
    class NaiveQuery:
        @strawberry.field
        async def recommendations(self) -> NaiveConnection:
            found = await rows(
                "select id, code, title, decision from {r}.recommendation where until = {f} order by code limit 50"
            )
            nodes = [Naive(id=id, code=code, title=title, decision=d) for id, code, title, d in found]
            return NaiveConnection(edges=[NaiveEdge(node=node) for node in nodes])

    for made in (Text, Answered, AnsweredEdge, AnsweredConnection, Naive, NaiveEdge, NaiveConnection):
        globals()[made.__name__] = made  # Strawberry resolves annotations in the module
    return strawberry.Schema(NaiveQuery), pool


def past_pages(compact: Compact, portal: anyio.from_thread.BlockingPortal, sizes: Sizes) -> Iterator[Figure]:
    """The same page as of a past day, among many versions."""
    reader = development_identity(compact.commander, Role.READER, None)
    copies = _multiply(compact, sizes.versions)
    head = compact.store.head()
    half = str(head // 2)
    live, past = (
        PAGE,
        PAGE.replace("{ recommendations", "{ snapshot(at: {position: $p}) { recommendations", 1).replace(
            "($after: String)", "($after: String, $p: Position!)"
        )
        + " }",
    )

    async def ask(query: str, variables: dict[str, Any]) -> float:
        times = []
        for _ in range(max(10, sizes.asks // 4)):
            compact.answers.answers.forget()
            started = time.perf_counter()
            await _execute(compact, reader, query, variables)
            times.append(time.perf_counter() - started)
        return statistics.median(times) * 1000

    then, now = _in_turns(sizes.turns, lambda: portal.call(ask, past, {"p": half}), lambda: portal.call(ask, live, {}))
    yield Figure(
        f"the same as of a past day, at {copies:,} versions",
        f"{then:.1f} ms, live {now:.1f} ms: {then / now:.2f} ×",
        "≤ 2 ×",
        then / now <= 2,
    )


def _multiply(compact: Compact, versions: int) -> int:
    """Bring the table of recommendations to a number of versions, by closed copies under other keys and codes."""
    read_side = compact.read_side
    with psycopg.connect(compact.database_url(), autocommit=True) as connection:
        row = connection.execute(read_side.sql("select count(*) from {r}.recommendation")).fetchone()
        standing = cast("int", row[0]) if row else 0
        columns = [
            name for name in read_side.types[read_side.models[_index(read_side)].row] if name not in ("id", "code")
        ]
        listed = sql.SQL(", ").join(map(sql.Identifier, columns))
        for copy in range(1, max(1, versions // max(1, standing)) + 1):
            connection.execute(
                sql.SQL(
                    "insert into {r}.recommendation (id, code, {columns}, since, until, open_until)"
                    " select md5(id::text || %(c)s)::uuid, code || '-' || %(c)s, {columns}, since, until, open_until"
                    " from {r}.recommendation where code !~ '-[0-9]+-[0-9]+$'"
                ).format(r=sql.Identifier(read_side.schema), columns=listed),
                {"c": str(copy)},
            )
        connection.execute(read_side.sql("vacuum analyze {r}.recommendation"))
        row = connection.execute(read_side.sql("select count(*) from {r}.recommendation")).fetchone()
        return cast("int", row[0]) if row else 0


def _index(read_side: ReadSide) -> int:
    return next(n for n, model in enumerate(read_side.models) if model.row.TABLE == "recommendation")
