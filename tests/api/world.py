"""A world made through the API by giving every mutation at least once: things of every kind, in every state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from compact_api.commands import action
from compact_api.ids import GlobalId
from compact_domain.kernel import Role
from compact_domain.policy import needs_reason
from compact_infra import Identity
from tests.api.examples import MUTATIONS
from tests.client import Client
from tests.conftest import Service

START = datetime(2031, 5, 1, 9, 0, tzinfo=UTC)
LATER = datetime(2031, 5, 4, 9, 0, tzinfo=UTC)
"""When the world is looked at: the shortest term of a focal point is over."""
DEADLINE = "2031-06-20T23:59:00-04:00"
LOGISTICS = {"format": "HYBRID", "contact": "desk@example.org"}
MADE = {
    "organization": "organization { id }",
    "role": "holder { id }",
    "body": "body { id }",
    "catalogue": "entry { id }",
    "retreat": "retreat { id }",
    "session": "session { id }",
    "registration": "registration { id }",
    "recommendation": "recommendation { id }",
    "focalPoint": "focalPoint { id person { subject } alternates { subject } }",
}

Fields = dict[str, Any]


@dataclass(frozen=True)
class Thing:
    """Something that commands can be given to."""

    kind: str
    id: str
    """Global id."""
    name: str
    """What an input names it by."""
    says: Mapping[str, Any] = field(default_factory=dict)
    """What commands to it have to name, because it is so: the version of its text, who contests."""
    is_secret: bool = False
    """Whether those outside the secretariat may not know of it."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Given:
    """A command that was carried out: by whom, with what, and what was answered."""

    client: Client
    input: Fields
    answer: Fields


class World:
    """Things, and those who command. `given` keeps the first of each mutation."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.things: list[Thing] = []
        self.given: dict[str, Given] = {}
        self.administrator = service.as_(Role.SECRETARIAT_ADMINISTRATOR)
        self.officer = self.administrator
        self._written = self._statement()
        service.compact.store.set_clock(START)
        self._organizations()
        self.officer = service.as_(Role.SECRETARIAT_OFFICER, "UNOCT")
        self.reader = service.as_(Role.READER)
        self.unodc = service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC")
        self.interpol = service.as_(Role.ENTITY_REPRESENTATIVE, "INTERPOL")
        """The representative of an organization that has no part in anything."""
        self._catalogues()
        self._bodies()
        self._roles()
        self._retreats()
        self._registrations()
        self._sessions()
        self._recommendations()
        self._focal_points()
        service.compact.store.set_clock(LATER)
        self.settle()
        self.officer.ask("{ head { now } }")

    def of(self, kind: str) -> list[Thing]:
        """All things of a kind."""
        return [thing for thing in self.things if thing.kind == kind]

    def allowed(self, client: Client) -> dict[str, tuple[int, list[str]]]:
        """For every thing by its global id: its version, and the mutations that the client might give to it."""
        ids = [thing.id for thing in self.things]
        query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Subject { version allowedCommands } } }"
        return {node["id"]: (node["version"], node["allowedCommands"]) for node in client.ask(query, ids=ids)["nodes"]}

    def settle(self) -> None:
        assert self.service.compact.settle()

    def written(self) -> tuple[Any, ...]:
        """What the event store and the vault hold, table by table: how many rows, and a digest of all of them."""
        head = self.officer.ask("{ head { position } }")["head"]["position"]
        with psycopg.connect(self.service.compact.database_url(), autocommit=True) as connection:
            row = connection.execute(self._written).fetchone()
        assert row is not None
        return (head, *row)

    def _statement(self) -> sql.Composed:
        schema = self.service.compact.settings.db_schema
        with psycopg.connect(self.service.compact.database_url(), autocommit=True) as connection:
            tables = connection.execute(
                "select schemaname, tablename from pg_tables where schemaname = any(%s) order by 1, 2",
                ([schema, f"{schema}_vault"],),
            ).fetchall()
        assert {"event", "claim", "command_log", "person", "key"} <= {name for _, name in tables}
        one = sql.SQL("(select (count(*), sum(hashtextextended(t::text, 0)))::text from {} t)")
        return sql.SQL("select {}").format(
            sql.SQL(", ").join(one.format(sql.Identifier(*names)) for names in tables if names[1] != "cursor")
        )

    # what is done

    def do(self, mutation: str, by: Client | None = None, **said: Any) -> Any:
        """A command that is carried out; answers the thing it was given to."""
        common: Fields = {"idempotencyKey": str(uuid4())}
        if "expectedVersion" in MUTATIONS[mutation].fields:
            common["expectedVersion"] = None
        if needs_reason(action(mutation)):
            common["reason"] = "It was so decided."
        given = {**common, **said}
        client = by or self.officer
        payload = MUTATIONS[mutation].payload.fields
        select = next((MADE[noun] for noun in MADE if mutation.startswith(noun) and noun in _first(payload)), None)
        select = select or next((shown for shown in MADE.values() if shown.split()[0] in payload), "")
        answer = client.do(mutation, given, select=select)
        self.given.setdefault(mutation, Given(client, given, answer))
        return next((answer[shown.split()[0]] for shown in MADE.values() if shown.split()[0] in answer), None)
