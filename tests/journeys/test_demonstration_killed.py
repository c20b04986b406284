"""`kill -9` in the middle of `compact demo --once`: given again it goes on, to the history of a run without it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import psycopg

from compact_infra.embedded_postgres import EmbeddedPostgres
from tests.journeys.conftest import Demonstration

Fact = tuple[str, UUID, UUID]
"""Topic, subject and id of a fact."""
HALF = 600
"""Facts after which to kill: registration is over, and its refusals are among the lines to be passed over."""


def history(url: str, schema: str = "compact") -> list[Fact]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            f"select topic, originator_id, event_id from {schema}.event order by position"  # noqa: S608  (a test's own)
        ).fetchall()


def told(facts: list[Fact]) -> list[tuple[str, int]]:
    """What happened to the first, the second, … subject: ids of persons differ from one database to another."""
    numbers: dict[UUID, int] = {}
    return [(topic, numbers.setdefault(subject, len(numbers))) for topic, subject, _ in facts]


def play(folder: Path) -> subprocess.Popen[str]:
    run = "import sys; from compact_infra.cli import main; sys.argv[0] = 'compact'; main()"
    return subprocess.Popen(
        [sys.executable, "-c", run, "demo", "--once", "--data", str(folder / "data")],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def has_come_to(position: int, url: str, process: subprocess.Popen[str]) -> bool:
    """Wait until so many facts are there; false if the process ends before."""
    while process.poll() is None:
        with suppress(psycopg.errors.UndefinedTable, subprocess.TimeoutExpired):
            if len(history(url)) >= position:
                return True
            process.wait(timeout=0.05)
    return False


def test_killed_in_the_middle_the_demonstration_goes_on_to_the_same_history(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    with EmbeddedPostgres(tmp_path / "data") as postgres:
        with play(tmp_path) as process:
            assert has_come_to(HALF, postgres.url, process)
            process.kill()
        before = history(postgres.url)
    with play(tmp_path) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    with EmbeddedPostgres(tmp_path / "data") as postgres:
        after = history(postgres.url)
    uninterrupted = history(demonstration.compact.database_url(), demonstration.compact.settings.db_schema)
    assert HALF <= len(before) < len(after)
    assert after[: len(before)] == before, "what was recorded stands where it stood"
    assert told(after) == told(uninterrupted)
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["agenda.md", "recommendations.md"]
