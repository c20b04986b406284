"""The module as a guest: installed from its wheel, in a host that has packages named `api` and `domain` of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from compact_infra import Settings

ROOT = Path(__file__).parents[2]
PACKAGES = {name: ROOT / name.removeprefix("compact_") for name in ("compact_domain", "compact_projections")} | {
    "compact_api": ROOT / "api",
    "compact_infra": ROOT / "infra",
}

HOST = """
import json
import sys
import threading
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from urllib.parse import urljoin
from urllib.request import Request, urlopen
from uuid import UUID

import api
import domain
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from compact_infra import Compact, Identity, Settings

assert (api.OF, domain.OF) == ("host", "host")
calls = []
PREFIX = "/behind/a/proxy"  # known to the host as its root path; a proxy keeps it in the path, or strips it


class Counted(Compact):
    def start(self):
        calls.append("module starts")
        super().start()

    def stop(self):
        super().stop()
        calls.append("module stops")


@asynccontextmanager
async def lifespan(app):
    calls.append("host starts")
    yield {"kept": "by the host"}
    calls.append("host stops")


class Files(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        files = [value for name, value in attributes if name in ("src", "href")]
        self.found += [file for file in files if not file.startswith("data:")]


def identify(connection):
    return Identity(subject=UUID(int=7)) if connection.headers.get("x-host-user") == "seven" else None


def asks(http, base, path):
    prefix = base + path
    query = {"query": "{ me { subject } head { position } }"}
    stranger = http.post(f"{prefix}/graphql", json=query).json()
    assert stranger["errors"][0]["extensions"]["code"] == "FORBIDDEN", stranger
    known = {"x-host-user": "seven"}
    answer = http.post(f"{prefix}/graphql", json=query, headers=known).json()
    assert answer["data"]["me"]["subject"] == str(UUID(int=7)), answer
    protocols = ["graphql-transport-ws"]
    with http.websocket_connect(f"{prefix}/graphql", subprotocols=protocols, headers=known) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": "{ me { subject } }"}})
        assert socket.receive_json()["payload"]["data"] == {"me": {"subject": str(UUID(int=7))}}
    assert http.get(f"{prefix}/healthz").json() == {"status": "alive"}
    assert http.get(f"{prefix}/readyz").json() == {"status": "ready"}
    page = http.get(f"{prefix}/graphiql")
    assert page.status_code == 200
    files = Files(page.text).found
    assert len(files) >= 5
    for file in files:
        address = urljoin(f"{prefix}/graphiql", file)
        assert address.startswith(f"{prefix}/"), file
        assert http.get(address).status_code == 200, address
    assert http.get(f"{prefix}/graphql").status_code in (400, 404)
    assert http.get(f"{base}/own").json() == {"of": "host"}
    assert http.get(f"{base}/openapi.json").status_code == 200


def host():
    app = FastAPI(lifespan=lifespan)

    @app.get("/own")
    def own():
        return {"of": api.OF}

    return app


def mounted(app, compact):
    compact.mount(app, "/coordination")


def included(app, compact):
    app.include_router(compact.router, prefix="/coordination")


def both(app, compact):
    mounted(app, compact)
    app.include_router(compact.router, prefix="/again")


def over_http(app):
    for base, kept in ((PREFIX, PREFIX), (PREFIX, "")):
        app.root_path = base
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        address = f"http://127.0.0.1:{port}{kept}/coordination"
        for page in ("readyz", "graphiql", "graphiql/page.js"):
            assert urlopen(f"{address}/{page}").status == 200
        question = Request(f"{address}/graphql", b'{"query": "{ __typename }"}', {"Content-Type": "application/json"})
        assert json.load(urlopen(question))["data"] == {"__typename": "Query"}
        server.should_exit = True
        thread.join()


settings = Settings(**json.loads(sys.argv[2]))
way = {"mounted": mounted, "included": included, "both": both}[sys.argv[1]]
app, compact = host(), Counted(settings, identify=identify)
way(app, compact)
assert calls == []
for times in (1, 2):
    for base, kept in (("", ""), (PREFIX, PREFIX), (PREFIX, "")):
        calls.clear()
        with TestClient(app, root_path=base) as http:
            asks(http, kept, "/coordination")
            if way is both:
                asks(http, kept, "/again")
        assert sorted(calls[:2]) == ["host starts", "module starts"], calls
        assert sorted(calls[2:]) == ["host stops", "module stops"], calls
        left = [thread.name for thread in threading.enumerate() if thread.name.startswith("compact")]
        assert left == [], left
if way is mounted:
    over_http(app)
assert sys.modules["api"].OF == "host"
"""

IMPORTING = """
import logging, os, signal, sys, threading

seen = []
WATCHED = ("socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.rename", "os.remove", "os.putenv")

def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if event in WATCHED or writes:
        seen.append((event, arguments))

def state():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    return handlers, list(logging.root.handlers), logging.root.level, dict(os.environ), threading.active_count()

before = state()
sys.addaudithook(watch)
from compact_infra import Compact, Settings
compact = Compact(Settings(data_dir="/nowhere/at/all"))
compact.app, compact.router, compact.standalone
assert seen == [], seen
assert state() == before, (state(), before)
import structlog
assert not structlog.is_configured()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as an installer builds it, from nothing but this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    done = subprocess.run([sys.executable, "-m", "pip", *build], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel brings, and packages of the host beside it in another."""
    folder = tmp_path_factory.mktemp("site")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("host")
    for package in ("api", "domain"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text('OF = "host"\n', "utf-8")
    (folder / "main.py").write_text(HOST, "utf-8")
    return folder


def run(*arguments: str, path: list[Path]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPACT_")}
    environment |= {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("way", ["mounted", "included", "both"])
def test_a_host_with_packages_of_the_same_names(
    way: str, host: Path, installed: Path, new_settings: Callable[..., Settings]
) -> None:
    settings = new_settings().model_dump_json(include={"database_url", "db_schema", "data_dir", "pool_size"})
    done = run(str(host / "main.py"), way, settings, path=[host, installed])
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_importing_and_making_it_touches_nothing(installed: Path) -> None:
    done = run("-c", IMPORTING, path=[installed])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_imported_is_what_was_installed(installed: Path) -> None:
    script = "import compact_domain, compact_projections, compact_api, compact_infra as i; print(i.__file__)"
    done = run("-c", script, path=[installed])
    assert done.stdout.strip() == str(installed / "compact_infra" / "__init__.py")


def test_the_wheel_has_everything_of_the_four_packages_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    brought = {name for name in names if not name.partition("/")[0].endswith(".dist-info")}
    there = {
        str(path.relative_to(folder))
        for package, folder in PACKAGES.items()
        for path in (folder / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert brought == there


@pytest.mark.parametrize(
    "file",
    [
        *(f"{package}/py.typed" for package in PACKAGES),
        "compact_infra/migrations/0001_event_store.sql",
        "compact_infra/demonstration_data/retreat-2025.jsonl",
        "compact_domain/catalogues/regions.json",
        "compact_api/static/graphiql/graphiql.min.js",
        "compact_api/static/graphiql/LICENSE.graphiql.txt",
    ],
)
def test_what_is_needed_at_run_time_is_in_the_wheel(file: str, installed: Path) -> None:
    assert (installed / file).is_file()


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        said = HeaderParser().parsestr(archive.read(metadata).decode())
        (points,) = [name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt")]
        assert archive.read(points).decode().split() == ["[console_scripts]", "compact", "=", "compact_infra.cli:main"]
        assert any(name.endswith("/licenses/LICENSE") for name in archive.namelist())
    assert (said["Name"], said["License-Expression"]) == ("compact-coordination", "Apache-2.0")
    assert said["Requires-Python"] == ">=3.11"
