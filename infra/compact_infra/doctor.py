"""What is set, where from, and what is wrong with it: each finding one line, each fault one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import psycopg
from psycopg import sql

from compact_domain.published import check
from compact_infra.compact import Compact
from compact_infra.embedded_postgres import NotReady
from compact_infra.event_store import Migrations
from compact_infra.operations import compare_claims, generations
from compact_infra.settings import Settings, sources

SECRET = frozenset({"token_key", "vault_key"})


class Finding(NamedTuple):
    """One thing that was looked at."""

    name: str
    value: str
    source: str
    good: bool = True

    def __str__(self) -> str:
        return f"{'ok  ' if self.good else 'FAIL'} {self.name}: {self.value} ({self.source})"


def sentence(error: Exception) -> str:
    """What an error says, on one line, without the advice and the excerpts that a database adds."""
    first, _, rest = str(error).strip().partition("\n")
    return " ".join(f"{first} {rest}".split()) if first.endswith(":") else first


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
    except (psycopg.Error, NotReady, OSError) as e:
        yield Finding("database", sentence(e), "connection", good=False)
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
    found = generations(compact)
    for generation in found:
        good = not generation.parked and generation.stopped_by is None
        yield Finding("read side", str(generation), "database", good or not generation.current)
    if not any(generation.current for generation in found):
        yield Finding("read side", "this release has none yet: `compact worker` builds it", "database")
    wrong = compare_claims(compact)
    yield Finding("claims", "; ".join(wrong[:5]) or "as the facts say", "database", not wrong)


def _settings(settings: Settings) -> Iterator[Finding]:
    for name, source in sources(settings).items():
        value = getattr(settings, name)
        shown, good = "set" if name in SECRET and value else str(value), True
        if name.endswith("_url") and value:
            shown, good = _without_password(value)
        yield Finding(name, shown, source, good)
    if settings.auth == "development" and settings.host not in ("127.0.0.1", "::1", "localhost"):
        yield Finding(
            "auth", "development tokens with a public address: anybody may be anybody", "settings", good=False
        )


def _without_password(url: str) -> tuple[str, bool]:
    """A URL as it may be shown, and whether it is one."""
    try:
        known = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "not a URL that libpq understands", False
    known.pop("password", None)
    return psycopg.conninfo.make_conninfo("", **{k: v for k, v in known.items() if v is not None}), True


def _database(connection: psycopg.Connection[object]) -> Iterator[Finding]:
    version = connection.info.server_version // 10_000
    yield Finding("database", f"PostgreSQL {version}", "connection", 15 <= version <= 18)
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        row = connection.execute(sql.SQL("show {}").format(sql.Identifier(name))).fetchone()
        value = str(row[0]) if isinstance(row, tuple) else "unknown"
        yield Finding(name, value, "database", value not in ("off", "local"))
