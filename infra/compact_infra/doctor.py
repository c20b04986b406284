"""What is set, where from, and what is wrong with it: each finding one line, each fault one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import psycopg
from psycopg import sql

from compact_domain.published import check
from compact_infra.compact import Compact
from compact_infra.event_store import Migrations
from compact_infra.operations import compare_claims, generations
from compact_infra.settings import Settings

SECRET = frozenset({"token_key", "vault_key"})


class Finding(NamedTuple):
    """One thing that was looked at."""

    name: str
    value: str
    source: str
    good: bool = True

    def __str__(self) -> str:
        return f"{'ok  ' if self.good else 'FAIL'} {self.name}: {self.value} ({self.source})"


def examine(compact: Compact) -> Iterator[Finding]:
    """Look at settings, database, read side and claims, in the order in which one needs the other."""
    yield from _settings(compact.settings)
    try:
        check()
        yield Finding("domain", "every command has its line in the policy, every fact its topic", "code")
    except RuntimeError as e:
        yield Finding("domain", str(e), "code", good=False)
    try:
        url = compact.database_url()
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            yield from _database(connection)
    except (psycopg.OperationalError, OSError) as e:
        yield Finding("database", str(e).strip().partition("\n")[0], "connection", good=False)
        return
    pending = Migrations(url, compact.settings.db_schema).pending()
    yield Finding(
        "migrations",
        ", ".join(pending) + ": run `compact migrate`" if pending else "up to date",
        "database",
        not pending,
    )
    if pending:
        return
    for generation in generations(compact):
        good = not generation.parked and generation.stopped_by is None
        yield Finding("read side", str(generation), "database", good)
    wrong = compare_claims(compact)
    yield Finding("claims", "; ".join(wrong[:5]) or "as the facts say", "database", not wrong)


def _settings(settings: Settings) -> Iterator[Finding]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        shown = "set" if name in SECRET and value else str(value)
        if name.endswith("_url") and value:
            shown = _without_password(value)
        source = "default"
        if f"COMPACT_{name.upper()}" in os.environ:
            source = f"environment COMPACT_{name.upper()}"
        elif name in settings.model_fields_set:
            source = os.environ.get("COMPACT_SETTINGS", "given")
        yield Finding(name, shown, source)
    open_to_all = settings.auth == "development" and settings.host not in ("127.0.0.1", "::1", "localhost")
    if open_to_all:
        yield Finding(
            "auth", "development tokens with a public address: anybody may be anybody", "settings", good=False
        )


def _without_password(url: str) -> str:
    known = psycopg.conninfo.conninfo_to_dict(url)
    known.pop("password", None)
    return psycopg.conninfo.make_conninfo("", **{k: v for k, v in known.items() if v is not None})


def _database(connection: psycopg.Connection[object]) -> Iterator[Finding]:
    version = connection.info.server_version // 10_000
    yield Finding("database", f"PostgreSQL {version}", "connection", 15 <= version <= 18)
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        row = connection.execute(sql.SQL("show {}").format(sql.Identifier(name))).fetchone()
        value = str(row[0]) if isinstance(row, tuple) else "unknown"
        yield Finding(name, value, "database", value not in ("off", "local"))
