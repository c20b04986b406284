"""Reading: one snapshot for each operation, every connection given back, and what was answered known again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg_pool import AsyncConnectionPool
from starlette.testclient import TestClient

from compact_api.context import Context
from compact_api.schema import root
from compact_domain.kernel import Role
from compact_domain.organization import Organization
from compact_infra import Compact, Settings
from compact_infra.event_store import KINDS, Migrations
from compact_projections.asking import AT_ONCE, Lease
from tests.client import Client
from tests.conftest import Service, running
from tests.infra.keeper import Keeper
from tests.infra.lossy import Link

AU = {"code": "AU", "names": {"en": "African Union"}, "kind": "REGIONAL_ORGANIZATION"}
PROTOCOL = "graphql-transport-ws"


@pytest.fixture
def officer(own_service: Service) -> Client:
    officer = own_service.officer
    officer.do("organizationRegister", AU)
    return officer


def pool_of(service: Service) -> AsyncConnectionPool[Any]:
    pool = service.compact._pool
    assert pool is not None
    return pool


def all_is_given_back(service: Service) -> bool:
    """Whether every connection comes to lie in the pool: one that is just being made counts as lent."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        stats = pool_of(service).get_stats()
        if stats["pool_size"] == stats["pool_available"] and not stats["requests_waiting"]:
            return True
    return False


def requests(service: Service) -> int:
    """How many times a connection was asked for."""
    return pool_of(service).get_stats().get("requests_num", 0)


@pytest.fixture(autouse=True)
def _nothing_is_kept(own_service: Service) -> Iterator[None]:
    """After each test every connection lies in the pool again, clean."""
    yield
    with ThreadPoolExecutor(12) as clients:
        answers = list(
            clients.map(
                lambda n: own_service.officer.ask(f"{{ head {{ position }} a{n}: me {{ subject }} }}"), range(24)
            )
        )
    assert len(answers) == 24
    assert all_is_given_back(own_service)


FAILING = (
    '{ organization(code: "NOBODY") { code } }',
    "{ nothing }",
    "{",
    "{ organizations(first: 1000) { totalCount } }",
    '{ organizations(first: 2, after: "nonsense") { totalCount } }',
    "{ snapshot(at: {position: 999999}) { head { position } } }",
    '{ snapshot(at: {time: "2199-01-01T00:00:00Z"}) { head { position } } }',
    'mutation { organizationRename(input: {idempotencyKey: "x", id: "AU", names: {en: "A"}}) { __typename } }',
)
ASKING = (
    '{ a: organization(code: "AU") { code history(first: 5) { totalCount } } b: head { position } c: me { subject } }',
    "{ organizations(first: 5) { totalCount edges { node { code regions { code } allowedCommands } } } }",
    "{ snapshot(at: {position: 70}) { organizations(first: 2) { totalCount } } trail(first: 3) { totalCount } }",
)


def test_two_hundred_operations_leave_the_pool_as_they_found_it(own_service: Service, officer: Client) -> None:
    stranger = own_service.of(None)

    def operate(n: int) -> None:
        client = stranger if n % 10 == 0 else own_service.officer
        client.post((ASKING + FAILING)[n % 11].replace("first: 5", f"first: {n % 90 + 1}"))

    with ThreadPoolExecutor(12) as clients:
        list(clients.map(operate, range(200)))
    assert all_is_given_back(own_service)


def test_however_many_rows_there_are_none_is_left_out(
    own_service: Service, officer: Client, database: psycopg.Connection[Any]
) -> None:
    officer.do("bodyJoin", {"id": "CC", "organization": "AU"})
    table = sql.Identifier(own_service.compact.read_side.schema, "body_member")
    database.execute(
        sql.SQL(
            "insert into {t} select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(),"
            " 'organization', 'ORG-' || n))).* from {t} t, generate_series(1, %s) n"
        ).format(t=table),
        (2 * AT_ONCE,),
    )
    members = "{ members(first: 1) { totalCount edges { node { organization { code } } } } }"
    found = officer.ask(f'{{ bodies(filter: {{code: {{eq: "CC"}}}}) {{ edges {{ node {members} }} }} }}')
    members = found["bodies"]["edges"][0]["node"]["members"]
    assert members["totalCount"] == 2 * AT_ONCE + 1
    assert members["edges"][0]["node"]["organization"]["code"] == "AU"


def test_root_fields_of_an_operation_share_one_snapshot(own_service: Service, officer: Client) -> None:
    fields = " ".join(f"f{n}: head {{ position now }} o{n}: organizations(first: 3) {{ totalCount }}" for n in range(8))
    before = requests(own_service)
    found = officer.ask(f"{{ {fields} }}")
    assert len({str(found[f"f{n}"]) for n in range(8)}) == 1
    assert requests(own_service) - before == 1


def test_several_commands_of_one_document_each_see_what_they_did(officer: Client) -> None:
    def rename(alias: str, to: str) -> str:
        return f"""{alias}: organizationRename(input: {{
            idempotencyKey: "{uuid4()}", id: "AU", expectedVersion: null, names: {{en: "{to}"}}
        }}) {{ ... on OrganizationRenamePayload {{ visible organization {{ name version }} }} }}"""

    found = officer.ask(f"mutation {{ {rename('a', 'One')} {rename('b', 'Two')} {rename('c', 'Three')} }}")
    assert [found[alias]["organization"] for alias in "abc"] == [
        {"name": "One", "version": 2},
        {"name": "Two", "version": 3},
        {"name": "Three", "version": 4},
    ]


def test_a_field_that_breaks_leaves_the_pool_whole(
    own_service: Service, officer: Client, database: psycopg.Connection[Any]
) -> None:
    table = sql.Identifier(own_service.compact.read_side.schema, "organization")
    away = sql.Identifier("elsewhere")
    database.execute(sql.SQL("alter table {} rename to {}").format(table, away))
    for n in range(12):
        asked = f'{{ a: head {{ position }} o{n}: organization(code: "AU") {{ code }} t: trail {{ totalCount }} }}'
        assert officer.error(asked) == "INTERNAL"
    assert all_is_given_back(own_service)
    renamed = sql.Identifier(own_service.compact.read_side.schema, "elsewhere")
    database.execute(sql.SQL("alter table {} rename to organization").format(renamed))
    assert officer.ask('{ organization(code: "AU") { code } }') == {"organization": {"code": "AU"}}


def test_who_somebody_is_is_known_before_anything_is_shown(
    own_service: Service, officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it cannot be found out, no field of the operation is answered, and nothing is kept of it."""
    with monkeypatch.context() as broken:
        broken.delitem(KINDS, "role.granted")
        for n in range(12):
            answer = officer.post(
                f"{{ a{n}: organizations(first: 5) {{ totalCount }} b: trail(first: 5) {{ totalCount }} }}"
            )
            assert answer["data"] is None
    assert all_is_given_back(own_service)


# --- sockets


def subscribe(id: str, query: str) -> dict[str, Any]:
    return {"id": id, "type": "subscribe", "payload": {"query": query}}


def test_a_socket_holds_nothing_between_and_after_its_operations(own_service: Service, officer: Client) -> None:
    with own_service.http.websocket_connect("/graphql", [PROTOCOL], headers=officer.headers) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        readable = [query for query in ASKING + FAILING if query != "{"]  # at which the socket would be closed
        for n in range(30):
            socket.send_json(subscribe(str(n), readable[n % len(readable)]))
        open_ = {str(n) for n in range(30)}
        while open_:
            message = socket.receive_json()
            if message["type"] in ("complete", "error"):
                open_.discard(message["id"])
        assert all_is_given_back(own_service)
        socket.send_json(subscribe("last", ASKING[0]))


def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(own_service: Service, officer: Client) -> None:
    for _ in range(5):
        with own_service.http.websocket_connect("/graphql", [PROTOCOL], headers=officer.headers) as socket:
            socket.send_json({"type": "connection_init"})
            socket.receive_json()
            for n in range(12):
                socket.send_json(subscribe(str(n), ASKING[n % 3]))
                socket.send_json({"id": str(n), "type": "complete"})


def test_an_operation_that_is_cancelled_gives_its_connection_back(own_service: Service, officer: Client) -> None:
    compact = own_service.compact
    identity = compact.tokens.read(officer.token or "")

    async def go_away() -> None:
        for delay in (0.0, 0.001, 0.003, 0.006, 0.01, 0.02):
            operation = asyncio.ensure_future(
                compact.schema.execute(ASKING[0], context_value=Context(compact, identity), root_value=root())
            )
            await asyncio.wait([operation], timeout=delay)
            operation.cancel()
            await asyncio.wait([operation])

    assert own_service.http.portal is not None
    for _ in range(3):
        own_service.http.portal.call(go_away)
    assert all_is_given_back(own_service)


# --- the lease


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_statement_is_not_broken_off_and_none_begins_once_the_lease_is_over(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        lease = Lease(connection)
        slow = asyncio.ensure_future(lease.rows(sql.SQL("select 1 from pg_sleep(0.2)").format(), None))
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(lease.rows(sql.SQL("select 2").format(), None))
        await asyncio.sleep(0)
        slow.cancel()
        assert await waiting == [(2,)]
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
        late = asyncio.ensure_future(lease.rows(sql.SQL("select 3 from pg_sleep(0.05)").format(), None))
        for _ in range(3):
            await asyncio.sleep(0)
        await lease.end()
        assert await late == [(3,)]
        with pytest.raises(RuntimeError, match="has ended"):
            await lease.rows(sql.SQL("select 4").format(), None)


# --- what was answered is known again


def test_a_question_is_answered_from_memory_while_history_stands(own_service: Service, officer: Client) -> None:
    query = '{ organization(code: "AU") { name version } }'
    first = officer.ask(query)
    before = requests(own_service)
    assert officer.ask(query) == first
    assert requests(own_service) == before
    own_service.as_(Role.READER).ask(query)
    assert requests(own_service) == before + 1, "what one was answered is not told another"
    officer.do("organizationRename", {"id": "AU", "names": {"en": "Union"}})
    assert officer.ask(query)["organization"] == {"name": "Union", "version": 2}


# --- when the database is away


def test_connections_that_broke_while_they_lay_idle_are_replaced(
    own_service: Service, officer: Client, database: psycopg.Connection[Any]
) -> None:
    with ThreadPoolExecutor(6) as clients:
        list(clients.map(lambda n: officer.ask(f"{{ h{n}: head {{ position }} }}"), range(12)))
    database.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s",
        (f"{own_service.compact.settings.db_schema}-questions",),
    ).fetchall()
    for n in range(8):
        assert officer.ask(f"{{ again{n}: head {{ position }} }}")


def test_a_database_that_is_away_is_said_to_be(new_settings: Callable[..., Settings], folder: Path) -> None:
    settings = new_settings(pool_size=2)
    assert settings.database_url is not None
    Migrations(settings.database_url, settings.db_schema).apply()
    with (
        Link(settings.database_url, folder) as link,
        running(settings.model_copy(update={"database_url": link.url})) as service,
    ):
        officer = service.officer
        officer.do("organizationRegister", AU)
        pool_of(service).timeout = service.compact.store.pool.timeout = 0.5
        link.cut()
        assert officer.error("{ b: head { position } }") == "UNAVAILABLE"
        rename = {"idempotencyKey": str(uuid4()), "id": "AU", "names": {"en": "Union"}, "expectedVersion": None}
        query = "mutation ($input: OrganizationRenameInput!) { organizationRename(input: $input) { __typename } }"
        assert officer.error(query, input=rename) == "UNAVAILABLE"
        link.mend()
        pool_of(service).timeout = service.compact.store.pool.timeout = 10.0
        history = "select originator_version from {s}.event where originator_id = %s"
        assert Keeper(service.compact).rows(history, Organization.identify("AU")) == [(1,)]
        assert officer.do("organizationRename", rename)["replayed"] is False


def test_a_service_that_stopped_starts_again(new_settings: Callable[..., Settings]) -> None:
    compact = Compact(new_settings())
    for n in range(2):
        with TestClient(compact.standalone) as http:
            service = Service(compact, http)
            service.officer.do("organizationRegister", {**AU, "code": f"AU-{n}"})
            assert (
                service.officer.ask("{ organizations(first: 5) { totalCount } }")["organizations"]["totalCount"]
                == n + 1
            )
