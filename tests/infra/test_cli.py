"""`compact`, the one command: what it answers, with which exit code, for people and for programs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import psycopg
import pytest
from psycopg import sql

from compact_api.schema import build_schema
from compact_api.sdl import sdl
from compact_domain.kernel import Role
from compact_infra import Compact, Settings
from compact_infra.cli import main
from compact_infra.event_store import Migrations
from compact_infra.identity import development_subject

COMPACT = Path(sys.executable).with_name("compact")
NOWHERE = "postgresql://compact:geheim@127.0.0.1:1/compact"


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The answer of a command that was given `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


class Shell:
    """Gives commands in one environment."""

    def __init__(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
    ) -> None:
        self.settings, self.folder = settings, folder
        self._monkeypatch, self._capsys = monkeypatch, capsys
        for name in os.environ:
            if name.startswith("COMPACT_"):
                monkeypatch.delenv(name)
        for name in ("database_url", "db_schema", "data_dir", "auth"):
            self.set(**{name: str(getattr(settings, name))})

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(f"COMPACT_{name.upper()}", value)

    def run(self, *arguments: object) -> Said:
        self._monkeypatch.setattr(sys, "argv", ["compact", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = self._capsys.readouterr()
        code = left.value.code
        return Said(code if isinstance(code, int) else 0, out, err)

    def file(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.write_text(content, "utf-8")
        return path


@pytest.fixture
def shell(
    new_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Shell:
    """A shell whose database has nothing in it yet."""
    return Shell(new_settings(), monkeypatch, capsys, tmp_path)


@pytest.fixture
def migrated(shell: Shell) -> Shell:
    """A shell whose database has the tables of this release, and not a fact."""
    Migrations(str(shell.settings.database_url), shell.settings.db_schema).apply()
    return shell


def test_version(shell: Shell) -> None:
    assert shell.run("version") == (0, version("compact-coordination") + "\n", "")


def test_json_may_stand_anywhere(shell: Shell) -> None:
    told = {"version": version("compact-coordination")}
    assert shell.run("--json", "version").lines == [told]
    assert shell.run("version", "--json").lines == [told]


@pytest.mark.parametrize(
    "wrong",
    [["no-such-command"], ["version", "--no-such-option"], ["seed", "no-such-file"], ["schema", "--check", "nothing"]],
    ids=lambda wrong: " ".join(wrong),
)
def test_wrong_use_is_2(shell: Shell, wrong: list[str]) -> None:
    said = shell.run(*wrong)
    assert (said.code, said.out) == (2, "")
    assert "Traceback" not in said.err


@pytest.fixture(scope="module")
def contract() -> str:
    return sdl(build_schema())


def test_the_schema_is_printed(shell: Shell, contract: str) -> None:
    assert shell.run("schema") == (0, contract, "")


def test_a_schema_is_compared_and_what_breaks_clients_is_told_first(shell: Shell, contract: str) -> None:
    assert shell.run("schema", "--check", shell.file("same.graphql", contract)) == (0, "", "")
    head = '  """Where the history stands at the moment."""\n  head: Head!\n'
    assert head in contract
    longer = shell.file("longer.graphql", contract.replace(head, head + "  tail: Head!\n"))
    said = shell.run("schema", "--check", longer)
    assert said.code == 1
    assert said.out.splitlines()[0].startswith("breaking: ")
    assert said.out.splitlines()[-1] == f"{longer} is not what the code says"


def test_a_database_is_brought_up_to_the_release(shell: Shell) -> None:
    missing = [name for _, name, _ in Migrations.files()]
    assert shell.run("migrate", "--check") == (1, "\n".join(missing) + "\n", "")
    said = shell.run("migrate", "--json")
    assert said.code == 0
    assert said.lines[0]["applied"] == missing
    assert said.lines[0]["entries"] > 0
    assert shell.run("migrate", "--check") == (0, "up to date\n", "")
    assert shell.run("migrate") == (0, "up to date\n", "")


def test_a_token_is_printed_alone(migrated: Shell) -> None:
    said = migrated.run("token", "--role", "reader")
    assert said.code == 0
    assert said.err == ""
    assert said.out == said.out.strip() + "\n"
    identity = Compact(migrated.settings).tokens.read(said.out.strip())
    assert identity is not None
    assert identity.subject == development_subject("reader", None)


def test_a_token_of_the_same_role_speaks_for_the_same_person(migrated: Shell) -> None:
    tokens = Compact(migrated.settings).tokens
    first, second = (tokens.read(migrated.run("token").out.strip()) for _ in range(2))
    assert first == second


def test_the_first_administrator_comes_once_per_database(migrated: Shell) -> None:
    said = migrated.run("token", "--bootstrap")
    assert (said.code, said.err) == (0, "")
    assert Compact(migrated.settings).tokens.read(said.out.strip())
    again = migrated.run("token", "--bootstrap")
    assert (again.code, again.out) == (1, "")
    assert again.err.startswith("Refused by rule role.bootstrap")
    told = json.loads(migrated.run("token", "--bootstrap", "--json").err)
    assert (told["code"], told["rule"]) == ("RULE_VIOLATION", "role.bootstrap")


def test_a_role_nobody_knows_is_wrong_use(migrated: Shell) -> None:
    said = migrated.run("token", "--role", "emperor")
    assert (said.code, said.out) == (2, "")
    assert all(role in said.err.replace("\n", " ") for role in ("emperor", Role.READER))


def test_a_role_that_needs_a_scope_is_refused_without(migrated: Shell) -> None:
    said = migrated.run("token", "--role", "entity_representative")
    assert (said.code, said.out) == (1, "")
    assert "role.scope" in said.err


def test_the_doctor_says_where_each_setting_comes_from(migrated: Shell) -> None:
    migrated.set(settings=str(migrated.file("compact.toml", "port = 8123\nroles = 'api'\n")), roles="worker")
    said = migrated.run("doctor", "--json")
    assert said.code == 0
    told = {finding["name"]: finding for finding in said.lines}
    assert all(finding["good"] for finding in said.lines)
    assert {name: told[name]["source"] for name in ("port", "roles", "host")} == {
        "port": f"file {migrated.folder / 'compact.toml'}",
        "roles": "environment COMPACT_ROLES",
        "host": "default",
    }
    assert told["roles"]["value"] == "worker"
    assert told.keys() >= Settings.model_fields.keys()
    assert told["migrations"]["value"] == "up to date"


def test_the_doctor_shows_no_secret(migrated: Shell) -> None:
    migrated.set(token_key="a very long secret of the host", database_url=NOWHERE)
    said = migrated.run("doctor")
    assert "geheim" not in said.out + said.err
    assert "very long secret" not in said.out + said.err


@pytest.mark.parametrize("url", [NOWHERE, "postgresql://[", "nonsense"])
def test_the_doctor_finds_a_wrong_url(shell: Shell, url: str) -> None:
    shell.set(database_url=url)
    said = shell.run("doctor")
    assert said.code == 3
    assert said.err == ""
    assert said.out.splitlines()[-1].startswith("FAIL database: ")


def test_the_doctor_finds_what_is_not_migrated(shell: Shell) -> None:
    said = shell.run("doctor")
    assert said.code == 3
    assert said.out.splitlines()[-1].startswith("FAIL migrations: ")


def test_the_doctor_finds_tokens_that_anybody_may_have(migrated: Shell) -> None:
    migrated.set(auth="development", host="0.0.0.0")
    said = migrated.run("doctor")
    assert said.code == 3
    assert [line for line in said.out.splitlines() if line.startswith("FAIL")] == [
        "FAIL auth: development tokens with a public address: anybody may be anybody (settings)"
    ]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"port": "eighty"}, "port: "),
        ({"vault_key": "c2hvcnQ="}, "vault_key: "),
        ({"roles": "cook"}, "cook"),
        ({"settings": "/nowhere/compact.toml"}, "/nowhere/compact.toml"),
        ({"database_url": NOWHERE}, "port 1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_not_ready_is_one_sentence(shell: Shell, wrong: dict[str, str], told: str) -> None:
    shell.set(**wrong)
    said = shell.run("projections", "status")
    assert (said.code, said.out) == (3, "")
    assert told in said.err
    assert said.err.count("\n") == 1
    assert told in json.loads(shell.run("--json", "projections", "status").err)["error"]


@pytest.mark.parametrize("content", ["port = ", "prot = 8000"])
def test_a_settings_file_that_cannot_be_read_is_not_passed_over(shell: Shell, content: str) -> None:
    shell.set(settings=str(shell.file("compact.toml", content)))
    said = shell.run("projections", "status")
    assert said.code == 3
    assert said.err.startswith("The settings are wrong: ")


def test_a_traceback_is_shown_to_who_asks_for_it(shell: Shell) -> None:
    shell.set(database_url=NOWHERE)
    said = shell.run("projections", "status", "--debug")
    assert said.code == 3
    assert said.err.startswith("Traceback")


def test_the_read_side_of_a_database_that_has_none_yet(shell: Shell) -> None:
    for command in ("status", "rebuild", "prune", "scrutinize", "replay"):
        said = shell.run("projections", command)
        assert (said.code, said.out) == (3, "")
        assert said.err.endswith("run `compact migrate`.\n")


def test_the_read_side_is_built_looked_at_and_compared(migrated: Shell) -> None:
    migrated.run("token")
    assert migrated.run("projections", "status") == (0, "", "")
    assert migrated.run("projections", "status", "--within", "0").code == 3
    assert migrated.run("projections", "scrutinize").code == 3
    position = migrated.run("projections", "rebuild", "--json").lines[0]["position"]
    assert position > 0
    (generation,) = migrated.run("projections", "status", "--within", "0", "--json").lines
    assert (generation["current"], generation["position"], generation["head"]) == (True, position, position)
    assert migrated.run("projections", "scrutinize").code == 0
    assert migrated.run("projections", "replay", "--json").lines == [{"streams": 0}]
    migrated.run("token", "--role", "auditor")
    assert migrated.run("projections", "status", "--within", "0").code == 3


def test_a_row_that_is_not_as_the_history_says_is_found(migrated: Shell) -> None:
    migrated.run("token")
    migrated.run("projections", "rebuild")
    schema = Compact(migrated.settings).read_side.schema
    with psycopg.connect(str(migrated.settings.database_url), autocommit=True) as connection:
        connection.execute(sql.SQL("update {}.trail set basis = 'forged'").format(sql.Identifier(schema)))
    said = migrated.run("projections", "scrutinize")
    assert said.code == 1
    assert said.out.startswith("trail: ")
    assert migrated.run("projections", "rebuild").code == 0
    assert migrated.run("projections", "scrutinize").code == 0


def test_a_history_is_exported_and_proven_offline(migrated: Shell) -> None:
    assert migrated.run("audit", "checkpoint").code == 2, "there is no fact yet"
    migrated.run("migrate")
    export, kept = migrated.folder / "export", migrated.folder / "kept"
    signed = migrated.run("audit", "checkpoint", "--to", kept)
    key = signed.err.strip()
    assert (signed.code, signed.out, key.split("+")[0]) == (0, kept.read_text("utf-8"), signed.out.splitlines()[0])
    size = int(signed.out.splitlines()[1])
    assert migrated.run("events", "export", "--to", export).out == f"{export}: covered to {size}\n"
    verify = ("audit", "verify", export, "--key", key, "--checkpoint", kept)
    assert migrated.run(*verify)[:2] == (0, f"valid: covered to {size}, 0 facts beyond\n")
    assert migrated.run("--json", *verify).lines == [{"verdict": f"valid: covered to {size}, 0 facts beyond"}]
    facts = (export / "events.ndjson").read_text("utf-8").splitlines(keepends=True)
    (export / "events.ndjson").write_text("".join([*facts[:4], *facts[5:]]), "utf-8")
    assert migrated.run(*verify)[:2] == (1, "altered: position 5 is missing: position 6 stands in its place\n")
    (export / "events.ndjson").unlink()
    assert migrated.run(*verify).code == 2


def test_a_proof_of_a_fact_is_written_and_one_of_none_refused(migrated: Shell) -> None:
    migrated.run("migrate")
    file = migrated.folder / "fact.tlog-proof"
    proof = migrated.run("audit", "proof", 3, "--to", file)
    assert (proof.code, proof.out) == (0, file.read_text("utf-8"))
    assert proof.out.startswith("c2sp.org/tlog-proof@v1\n")
    assert migrated.run("audit", "proof", 10_000).code == 1


def test_an_export_goes_into_no_folder_that_holds_something(migrated: Shell) -> None:
    migrated.run("migrate")
    migrated.file("mine", "mine")
    refused = migrated.run("events", "export", "--to", migrated.folder)
    assert (refused.code, refused.err) == (3, f"{migrated.folder} is not empty\n")


def test_read_sides_of_other_releases_are_pruned(migrated: Shell) -> None:
    migrated.run("projections", "rebuild")
    other = f"{migrated.settings.db_schema}_read_000000000000"
    with psycopg.connect(str(migrated.settings.database_url), autocommit=True) as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(other)))
    assert migrated.run("projections", "prune") == (0, f"{other}\n", "")
    assert migrated.run("projections", "prune") == (0, "nothing to drop\n", "")
    assert len(migrated.run("projections", "status").out.splitlines()) == 1


ECOWAS = {"code": "ECOWAS", "names": {"en": "ECOWAS"}, "kind": "REGIONAL_ORGANIZATION", "regions": ["WEST-AFRICA"]}
STORY: list[dict[str, Any]] = [
    {"as": "secretariat_officer", "mutation": "organizationRegister", "input": ECOWAS, "save": "ecowas"},
    {
        "as": "secretariat_officer",
        "mutation": "organizationDeactivate",
        "input": {"id": "$ecowas"},
        "expect": {"__typename": "RuleViolation", "rule": "reason.required"},
    },
    {
        "as": "reader",
        "query": "query ($id: ID!) { node(id: $id) { id ... on Organization { code } } }",
        "variables": {"id": "$ecowas"},
        "expect": {"node": {"id": "$ecowas", "code": "ECOWAS"}},
    },
]


def story(*lines: dict[str, Any]) -> str:
    return "# A story\n\n" + "\n".join(json.dumps(line) for line in lines) + "\n"


def test_a_file_of_commands_is_played_once_however_often(shell: Shell) -> None:
    file = shell.file("story.jsonl", story(*STORY))
    first = shell.run("seed", file, "--json")
    assert (first.code, first.err) == (0, "")
    assert first.lines[0]["lines"] == 3
    assert shell.run("seed", file, "--json").lines == first.lines


def test_an_answer_that_was_not_expected_names_its_line(shell: Shell) -> None:
    wrong = {**STORY[2], "expect": {"node": {"code": "SADC"}}}
    said = shell.run("seed", shell.file("wrong.jsonl", story(*STORY[:2], wrong)))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("wrong.jsonl, line 5: expected ")
    assert '"ECOWAS"' in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        {"as": "secretariat_officer", "mutation": "organizationRegister", "input": ECOWAS, "expect": {"rule": "state"}},
        {"as": "secretariat_officer", "mutation": "organizationSwallow"},
        {"as": "nobody@example.org", "query": "{ head { position } }"},
        {"as": "reader", "query": "{ tail }"},
        {"as": "reader", "query": "{ head { position } }", "at": "2025-01-13T09:00:00Z"},
        {"as": "reader"},
        {"query": "{ head { position } }"},
    ],
    ids=json.dumps,
)
def test_a_line_that_cannot_be_played_is_named(shell: Shell, line: dict[str, Any]) -> None:
    said = shell.run("seed", shell.file("one.jsonl", json.dumps(line)))
    assert (said.code, said.out) == (1, "")
    assert "line 1" in said.err
    assert said.err.count("\n") == 1


def test_what_is_no_json_is_named(shell: Shell) -> None:
    said = shell.run("seed", shell.file("none.jsonl", "\n{\n"))
    assert said.code == 1
    assert "none.jsonl, line 2: " in said.err


def test_nothing_happens_at_import() -> None:
    script = (
        "import logging, signal, sys\n"
        "before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)], list(logging.root.handlers)\n"
        "import compact_infra.cli\n"
        "assert before == ([signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)], logging.root.handlers)\n"
        "assert not {'strawberry', 'fastapi', 'psycopg', 'uvicorn'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process of its own, without a terminal and without a home."""
    own = {
        f"COMPACT_{name.upper()}": str(getattr(settings, name)) for name in ("database_url", "db_schema", "data_dir")
    }
    found = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**found, "LANG": "C.UTF-8", "PYTHONWARNINGS": "ignore", **own}


@contextmanager
def process(settings: Settings, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A command that runs on, with the first line it told."""
    with subprocess.Popen(
        [COMPACT, *arguments],
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            assert started.stdout is not None
            yield started.stdout.readline(), started
        finally:
            started.kill()


def stops(started: subprocess.Popen[str]) -> Said:
    """What a command says when it is asked to end."""
    started.send_signal(signal.SIGTERM)
    out, err = started.communicate(timeout=30)
    return Said(started.returncode, out, err)


def test_the_service_is_served_and_stopped_in_order(new_settings: Callable[..., Settings]) -> None:
    with process(new_settings(), "--json", "serve", "--port", "0") as (first, started):
        told = json.loads(first)
        with urlopen(f"http://{told['host']}:{told['port']}/readyz", timeout=30) as answer:
            assert json.load(answer) == {"status": "ready"}
        assert stops(started) == (0, "", "")


def test_a_worker_keeps_the_read_side_up_to_date_until_it_is_stopped(migrated: Shell) -> None:
    with process(migrated.settings, "worker") as (first, started):
        assert first == "keeps the read side up to date\n"
        assert migrated.run("token").code == 0
        assert migrated.run("projections", "status", "--within", "10").code == 0
        assert stops(started) == (0, "", "")


def test_a_port_that_is_taken_is_one_sentence(migrated: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = migrated.run("serve", "--port", taken.getsockname()[1])
    assert (said.code, said.out) == (3, "")
    assert said.err.count("\n") == 1
