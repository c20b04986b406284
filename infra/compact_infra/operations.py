"""What an operator does with the read side: look, rebuild, replay, prune, scrutinize; and compare the claims."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from compact_infra.compact import Compact
from compact_infra.embedded_postgres import NotReady
from compact_infra.event_store import Migrations, net_claims, read_fact
from compact_infra.projector import ReadSide


class Generation(NamedTuple):
    """A read side that a release has built."""

    schema: str
    current: bool
    position: int
    head: int
    parked: int
    stopped_by: str | None

    def __str__(self) -> str:
        mark = "this release" if self.current else "another release"
        stopped = f", stopped: {self.stopped_by}" if self.stopped_by else ""
        return f"{self.schema} ({mark}): at {self.position} of {self.head}, {self.parked} parked{stopped}"


@contextmanager
def _owner(compact: Compact) -> Iterator[psycopg.Connection[Any]]:
    url = compact.database_url()
    if pending := Migrations(url, compact.settings.db_schema).pending():
        raise NotReady(f"The database has not seen {', '.join(pending)}: run `compact migrate`.")
    with psycopg.connect(url, autocommit=True, connect_timeout=2, options="-c timezone=UTC") as connection:
        yield connection


def _schemas(connection: psycopg.Connection[Any], prefix: str) -> list[str]:
    rows = connection.execute(
        "select nspname from pg_namespace where starts_with(nspname, %s) order by nspname", (f"{prefix}_read_",)
    )
    return [name for (name,) in rows]


def _value(connection: psycopg.Connection[Any], statement: sql.Composable, *parameters: Any) -> Any:
    row = connection.execute(sql.SQL("{}").format(statement), parameters).fetchone()
    return row[0] if row else None


def generations(compact: Compact) -> list[Generation]:
    """The read sides in the database."""
    found = []
    with _owner(compact) as connection:
        events = sql.Identifier(compact.settings.db_schema)
        head = _value(connection, sql.SQL("select coalesce(max(position), 0) from {}.event").format(events))
        for name in _schemas(connection, compact.settings.db_schema):
            schema = sql.Identifier(name)
            row = connection.execute(sql.SQL("select position, stopped_by from {}.position").format(schema)).fetchone()
            parked = _value(connection, sql.SQL("select count(*) from {}.parked").format(schema))
            if row:
                found.append(Generation(name, name == compact.read_side.schema, row[0], head, parked, row[1]))
    return found


def comes(compact: Compact, within: float) -> bool:
    """Whether this release's read side comes, within so many seconds, as far as the history stands now."""
    end = time.monotonic() + within
    live = compact.read_side
    with _owner(compact) as connection:
        head = _value(connection, live.sql("select coalesce(max(position), 0) from {s}.event"))
        while not live.exists(connection) or live.position(connection) < head:
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
    return True


def rebuild(compact: Compact, *, progress: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Drop this release's rows and build them anew from the whole history, in one transaction; answers how far."""
    with _owner(compact) as connection:
        return compact.read_side.replace(connection, progress=progress)


def replay(compact: Compact) -> int:
    """Fold parked streams again, by building the read side anew with a new epoch; answers how many there were."""
    with _owner(compact) as connection:
        if not compact.read_side.exists(connection):
            return 0
        return compact.read_side.replay_parked(connection)


def prune(compact: Compact) -> list[str]:
    """Drop the read sides of other releases; answers their names."""
    with _owner(compact) as connection:
        dropped = [
            name for name in _schemas(connection, compact.settings.db_schema) if name != compact.read_side.schema
        ]
        for name in dropped:
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))
    return dropped


def scrutinize(compact: Compact) -> list[str]:
    """Build the read side a second time, up to where the live one stands, and name the tables that differ."""
    schema = compact.settings.db_schema
    with _owner(compact) as connection, connection.transaction(force_rollback=True):
        live = compact.read_side
        if not live.exists(connection):
            raise NotReady("This release has no read side yet: run `compact worker`, or `compact projections rebuild`.")
        position = _value(
            connection,
            live.sql("select position from {r}.position for update"),  # the projector waits meanwhile
        )
        second = ReadSide(schema, live.models, name=f"{schema}_scrutiny")
        second.rebuild(connection, upto=position)
        differing = []
        for table in [*(model.row.TABLE for model in live.models), "trail"]:
            count = _value(
                connection,
                sql.SQL(
                    "select count(*) from ((table {a} except all table {b})"
                    " union all (table {b} except all table {a})) d"
                ).format(a=sql.Identifier(live.schema, table), b=sql.Identifier(second.schema, table)),
            )
            if count:
                differing.append(f"{table}: {count} rows differ")
    return differing


def compare_claims(compact: Compact) -> list[str]:
    """Claims that the table holds and the facts do not, or the other way round: both are folds of the same facts."""
    held: dict[str, Any] = {}
    with _owner(compact) as connection, connection.transaction():
        events = sql.Identifier(compact.settings.db_schema)
        with connection.cursor(name="facts") as cursor:
            cursor.execute(sql.SQL("select topic, state from {}.event order by position").format(events))
            for topic, state in cursor:
                released, taken = net_claims([read_fact(topic, bytes(state))])
                for key in released:
                    held.pop(key, None)
                held.update(taken)
        stored = dict(connection.execute(sql.SQL("select key, holder from {}.claim").format(events)).fetchall())
    return sorted(
        [f"{key} is held, but no fact took it" for key in stored.keys() - held.keys()]
        + [f"{key} was taken, but is not held" for key in held.keys() - stored.keys()]
        + [f"{key} is held by another" for key in held.keys() & stored.keys() if held[key] != stored[key]]
    )
