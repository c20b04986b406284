"""`kill -9` of the service or of PostgreSQL: what was acknowledged is there, what was not happens once when it is
given again. The control switches the durability of commits off, and must lose something."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import psycopg
import pytest

from compact_domain.kernel import Channel, Intent
from compact_domain.organization import Organizations
from compact_domain.vocabulary import Names, OrganizationKind
from compact_infra import Compact, Settings
from compact_infra.commander import Unavailable
from compact_infra.embedded_postgres import EmbeddedPostgres
from compact_infra.identity import SET_UP

GIVES_COMMANDS = """
import sys
from pathlib import Path
from compact_infra import Compact, Settings
from compact_infra.commander import Unavailable
from tests.infra.test_kill import register

compact = Compact(Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2], roles="api,worker"))
compact.start()
for number in range(100_000):
    while True:
        try:
            print("done", number, register(compact, number).position, flush=True)
            break
        except Unavailable:
            continue
"""
ROOT = Path(__file__).parents[2]


def register(compact: Compact, number: int):  # type: ignore[no-untyped-def]  # the receipt's type is the commander's
    """Register organization `number`, under a key that is always the same."""
    intent = Intent(
        name="organization.register",
        id=uuid5(NAMESPACE_URL, f"organization {number}"),
        by=SET_UP,
        channel=Channel.CLI,
        request=str(number).encode(),
    )
    return compact.commander.give(
        intent,
        lambda work: Organizations(work).register(
            code=f"ORG-{number}", names=Names(en=f"Organization {number}"), kind=OrganizationKind.ACADEMIA
        ),
    )


@contextmanager
def giving_commands(data_dir: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    """A service of its own process that registers organizations as fast as it can, and prints each acknowledgement."""
    process = subprocess.Popen(
        [sys.executable, "-c", GIVES_COMMANDS, str(data_dir), url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged(process: subprocess.Popen[str], at_least: int) -> list[int]:
    """Numbers of the next commands that were acknowledged; lines of the log are passed over."""
    assert process.stdout is not None
    numbers: list[int] = []
    while len(numbers) < at_least and (line := process.stdout.readline()):
        numbers += _number(line)
    return numbers


def the_rest(process: subprocess.Popen[str]) -> list[int]:
    """Numbers acknowledged until the end; a line that was cut off tells nothing."""
    assert process.stdout is not None
    return [number for line in process.stdout.read().splitlines(keepends=True) for number in _number(line)]


def _number(line: str) -> list[int]:
    words = line.split()
    return [int(words[1])] if line.endswith("\n") and len(words) == 3 and words[0] == "done" else []


def kill_postgres(url: str) -> None:
    """`kill -9` of the postmaster and of every process it has, as a power cut would be for them."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("select pg_backend_pid()").fetchone()
        assert row is not None
        postmaster = int(Path(f"/proc/{row[0]}/stat").read_text().rpartition(")")[2].split()[1])
    children = [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _parent(entry) == postmaster
    ]
    os.kill(postmaster, signal.SIGSTOP)
    for pid in [*children, postmaster]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _parent(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def missing(data_dir: Path, url: str, numbers: list[int]) -> list[int]:
    """Which of the acknowledged commands are not known to a service started anew."""
    compact = Compact(Settings(data_dir=data_dir, database_url=url))
    compact.start()
    try:
        return [number for number in numbers if not register(compact, number).replayed]
    finally:
        compact.stop()


def test_kill_of_the_service_loses_nothing_acknowledged(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "db") as postgres:
        with giving_commands(tmp_path, postgres.url) as process:
            numbers = acknowledged(process, 40)
            process.send_signal(signal.SIGKILL)
            numbers += the_rest(process)
        assert missing(tmp_path, postgres.url, numbers) == []


def test_kill_of_postgres_loses_nothing_acknowledged_and_the_service_goes_on(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "db") as postgres:
        with giving_commands(tmp_path, postgres.url) as process:
            numbers = acknowledged(process, 40)
            kill_postgres(postgres.url)
            postgres.start()
            numbers += acknowledged(process, 40)
            process.kill()
            numbers += the_rest(process)
        assert numbers == list(range(len(numbers))), "each once, in order, as if nothing had happened"
        assert missing(tmp_path, postgres.url, numbers) == []


def test_a_service_brings_its_own_database_back(tmp_path: Path) -> None:
    compact = Compact(Settings(data_dir=tmp_path))
    compact.start()
    try:
        before = register(compact, 1)
        kill_postgres(compact.database_url())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                after = register(compact, 2)
                break
            except Unavailable:
                continue
        assert after.position == before.position + 1
        assert register(compact, 1).replayed
        assert compact.settle()
    finally:
        compact.stop()


def test_control_without_durable_commits_something_is_lost(tmp_path: Path) -> None:
    careless = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}
    for attempt in range(5):
        place = tmp_path / str(attempt)
        with EmbeddedPostgres(place / "db", settings=careless) as postgres:
            with giving_commands(place, postgres.url) as process:
                numbers = acknowledged(process, 40)
                kill_postgres(postgres.url)
                process.kill()
                numbers += the_rest(process)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                try:
                    postgres.start()
                    break
                except Exception:
                    continue
            if missing(place, postgres.url, numbers):
                return
    pytest.fail("commits that were not durable survived five power cuts: these tests prove nothing")
