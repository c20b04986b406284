"""Commands given straight to the store, without API and read side, by the process that may do everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID, uuid4

import psycopg

from compact_domain.kernel import Aggregate, Channel, Intent, Receipt, Work
from compact_domain.organization import Organization, Organizations
from compact_domain.vocabulary import Names, OrganizationKind
from compact_infra import Compact
from compact_infra.commander import Commander
from compact_infra.event_store import EventStore
from compact_infra.identity import SET_UP

T = TypeVar("T")
Decision = Callable[[Work], Aggregate]


class Keeper:
    """A store of a test's own, and hands that give it commands."""

    def __init__(self, compact: Compact) -> None:
        self.compact = compact

    @property
    def store(self) -> EventStore:
        return self.compact.store

    @property
    def commander(self) -> Commander:
        return self.compact.commander

    def intent(
        self,
        name: str = "organization.rename",
        *,
        key: UUID | None = None,
        by: UUID = SET_UP,
        content: str = "",
        channel: Channel = Channel.CLI,
        reason: str | None = None,
        dry_run: bool = False,
    ) -> Intent:
        return Intent(
            name=name,
            id=key or uuid4(),
            by=by,
            channel=channel,
            request=content.encode(),
            reason=reason,
            dry_run=dry_run,
        )

    def give(self, decision: Decision, name: str = "organization.rename", **intent: Any) -> Receipt:
        return self.commander.give(self.intent(name, **intent), decision)

    def register(self, code: str = "AU", **intent: Any) -> Receipt:
        return self.give(registers(code), "organization.register", **intent)

    def rename(self, code: str = "AU", to: str = "African Union", **intent: Any) -> Receipt:
        return self.give(renames(code, to), **intent)

    def rows(self, statement: LiteralString, *parameters: Any) -> list[tuple[Any, ...]]:
        """What the owner of the database finds."""
        with self.owner() as connection:
            return connection.execute(self.store.sql(statement), parameters).fetchall()

    def owner(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.compact.database_url(), autocommit=True, options="-c timezone=UTC")

    def events(self) -> list[tuple[int, UUID, int, str, datetime]]:
        """Position, stream, version, topic and instant of every fact, in the order of positions."""
        return self.rows(
            "select position, originator_id, originator_version, topic, recorded_at from {s}.event order by position"
        )

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that commands write, table by table."""
        tables: Sequence[LiteralString] = (
            "{s}.event",
            "{s}.claim",
            "{s}.command_log",
            "{v}.key",
            "{v}.person",
            "{v}.email",
        )
        return {table: self.rows("table " + table + " order by 1, 2") for table in tables}


def registers(code: str) -> Decision:
    return lambda work: Organizations(work).register(code=code, names=Names(en=code), kind=OrganizationKind.UN_ENTITY)


def renames(code: str, to: str) -> Decision:
    return lambda work: Organizations(work).rename(code, names=Names(en=to))


def name_of(work: Work, code: str) -> str:
    """The name of an organization, as a command finds it."""
    organization = work.find(Organization, Organization.identify(code))
    assert organization is not None
    return organization.names.en


def at_once(count: int, do: Callable[[int], T]) -> list[T | Exception]:
    """What becomes of so many calls that begin together: a result, or what was raised."""
    start = threading.Barrier(count)

    def one(number: int) -> T | Exception:
        start.wait()
        try:
            return do(number)
        except Exception as e:
            return e

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
