"""`compact`, the one command. Exit codes: 0 done, 1 refused by a rule, 2 wrong use, 3 environment not ready."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    import anyio.from_thread

    from compact_infra.compact import Compact
    from compact_infra.ledger import Ledger

REFUSED, NOT_READY = 1, 3


class Everywhere(TyperGroup):
    """Takes `--json` and `--debug` wherever they stand: they belong to every command."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's own
        shared = [arg for arg in args if arg in ("--json", "--debug")]
        return super().parse_args(ctx, [*shared, *(arg for arg in args if arg not in shared)])


app = typer.Typer(
    cls=Everywhere,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The coordination of the Counter-Terrorism Compact with regional organizations.",
)
projections = typer.Typer(no_args_is_help=True, help="The read side.")
app.add_typer(projections, name="projections")
audit = typer.Typer(no_args_is_help=True, help="What proves that nobody touched the history.")
app.add_typer(audit, name="audit")
events = typer.Typer(no_args_is_help=True, help="The facts themselves.")
app.add_typer(events, name="events")


class Output:
    """How a command answers: for people, or as JSON for programs; errors with or without their traceback."""

    as_json = False
    debug = False

    @classmethod
    def tell(cls, text: str, **data: Any) -> None:
        """Answer a line on standard output."""
        typer.echo(json.dumps(data, default=str, ensure_ascii=False) if cls.as_json else text)

    @classmethod
    def page(cls, text: str, **data: Any) -> None:
        """Answer a whole file on standard output."""
        typer.echo(json.dumps(data, ensure_ascii=False) if cls.as_json else text, nl=cls.as_json)


@app.callback()
def options(
    as_json: Annotated[
        bool, typer.Option("--json", help="With any command: answer as JSON, one object a line.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="With any command: show the traceback of an error.")] = False,
) -> None:
    Output.as_json, Output.debug = as_json, debug


@app.command()
def version() -> None:
    """Print the version of the module."""
    Output.tell(installed_version("compact-coordination"), version=installed_version("compact-coordination"))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the API and, unless the settings say otherwise, keep the read side up to date."""
    import uvicorn

    from compact_infra.compact import tune

    compact = _compact()
    _log_quietly()
    compact.prepare()
    host = host or compact.settings.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, compact.settings.port if port is None else port), family=family) as listening:
        port = listening.getsockname()[1]
        Output.tell(f"http://{f'[{host}]' if ':' in host else host}:{port}/graphiql", host=host, port=port)
        server = uvicorn.Server(uvicorn.Config(compact.standalone, log_level="warning", ws_max_size=100_000))
        tune()
        with suppress(KeyboardInterrupt), _stopped_by_sigterm():
            server.run(sockets=[listening])
    if not server.started:
        raise typer.Exit(NOT_READY)


@app.command()
def worker() -> None:
    """Keep the read side up to date and react to facts, without serving."""
    compact = _compact(roles="worker")
    _log_quietly()
    with suppress(KeyboardInterrupt), _stopped_by_sigterm():
        try:
            compact.start()
            Output.tell("keeps the read side up to date", roles="worker")
            threading.Event().wait()
        finally:
            compact.stop()


@app.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say what is missing; 1 if anything is.")] = False,
) -> None:
    """Bring the database up to this release: its tables, and the entries that its catalogues come with."""
    from compact_infra.event_store import Migrations
    from compact_infra.setting_up import load_catalogues

    compact = _compact()
    pending = Migrations(compact.database_url(), compact.settings.db_schema).pending()
    if check:
        Output.tell("\n".join(pending) or "up to date", pending=pending)
        raise typer.Exit(REFUSED if pending else 0)
    with compact.commanding() as commander:
        entries = 0 if compact.store.is_demonstration() else load_catalogues(commander)  # its story has its own clock
    told = [*pending, *([f"{entries} entries of catalogues"] if entries else [])]
    Output.tell("\n".join(told) or "up to date", applied=pending, entries=entries)


@app.command()
def token(
    role: Annotated[str, typer.Option(help="The role to hold.")] = "reader",
    organization: Annotated[str | None, typer.Option(help="Code of the organization; of a chair: BODY@CODE.")] = None,
    bootstrap: Annotated[bool, typer.Option("--bootstrap", help="The first administrator; once per database.")] = False,
) -> None:
    """Print a development token, and nothing else. The role it speaks for is granted as a fact."""
    from compact_domain.kernel import Role
    from compact_infra import setting_up

    if role not in Role._value2member_map_:
        raise typer.BadParameter(f"there is no role {role}: " + ", ".join(Role))
    compact = _compact()
    with compact.commanding() as commander:
        if bootstrap:
            identity = setting_up.bootstrap(commander, once=True)
        else:
            identity = setting_up.development_identity(commander, Role(role), organization)
        made = compact.tokens.make(identity)
    Output.tell(made, token=made)


@app.command()
def schema(
    check: Annotated[Path | None, typer.Option("--check", help="Compare with a committed file.")] = None,
) -> None:
    """Print the GraphQL schema; with --check, 1 if it differs, and what breaks clients first."""
    from compact_api.schema import build_schema
    from compact_api.sdl import changes, sdl

    text = sdl(build_schema())
    if check is None:
        Output.page(text, schema=text)
        return
    if not check.is_file():
        raise typer.BadParameter(f"{check} is not a file")
    committed = check.read_text("utf-8")
    found = changes(committed, text)
    for change in found:
        Output.tell(f"{change.severity}: {change.description}", severity=change.severity, change=change.description)
    if committed != text:
        Output.tell(f"{check} is not what the code says", file=str(check))
        raise typer.Exit(REFUSED)


@app.command()
def catalogue(
    rules: Annotated[bool, typer.Option("--rules", help="The rules that may refuse, instead of the facts.")] = False,
    today: Annotated[bool, typer.Option("--today", help="What is to be done, by whom, instead of the facts.")] = False,
) -> None:
    """Print every fact that can be stated, with its fields, as Markdown; with --rules, every rule that may refuse; with
    --today, the table of what is to be done."""
    from compact_infra import catalogue_page, rules_page, today_page

    if rules and today:
        raise typer.BadParameter("either --rules or --today")
    text = (rules_page if rules else today_page if today else catalogue_page).page()
    Output.page(text, markdown=text)


@app.command()
def seed(file: Annotated[Path, typer.Argument(help="A file of commands, one JSON object a line.")]) -> None:
    """Play a file of commands through the public API."""
    from compact_infra.seeding import Player
    from compact_infra.setting_up import load_catalogues

    if not file.is_file():
        raise typer.BadParameter(f"{file} is not a file")
    with _started() as (compact, portal):
        if not compact.store.is_demonstration():
            load_catalogues(compact.commander)
        count = Player(compact, portal, file).play(progress=_progress())
        Output.tell(f"{count} lines played", lines=count, position=compact.store.head())


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Load, ask, write the reports to out/, check, and end.")] = False,
    data: Annotated[Path | None, typer.Option(help="Directory to keep it in; left out: .compact/demo.")] = None,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """The retreat of June 2025 and the year around it, loaded through the public API, and served."""
    from compact_infra.demonstration import run

    _log_quietly()
    run(data or Path(".compact/demo"), once=once, port=port, tell=typer.echo, progress=_progress())


@projections.command()
def status(
    within: Annotated[
        float | None,
        typer.Option(help="Wait so many seconds until this release's rows are as far as the history is now; else 3."),
    ] = None,
) -> None:
    """Generations of the read side, how far each has come, and what is parked."""
    from compact_infra.operations import comes, generations

    compact = _compact()
    kept_up = within is None or comes(compact, within)
    for found in generations(compact):
        Output.tell(str(found), **found._asdict())
    if not kept_up:
        raise typer.Exit(NOT_READY)


@projections.command()
def rebuild() -> None:
    """Build this release's read side anew from the whole history."""
    from compact_infra import operations

    position = operations.rebuild(_compact(), progress=_progress())
    Output.tell(f"rebuilt to position {position}", position=position)


@projections.command()
def replay() -> None:
    """Fold parked streams again, by building the read side anew."""
    from compact_infra import operations

    count = operations.replay(_compact())
    Output.tell(f"{count} parked streams folded again", streams=count)


@projections.command()
def prune() -> None:
    """Drop the read sides of other releases."""
    from compact_infra import operations

    dropped = operations.prune(_compact())
    Output.tell("\n".join(dropped) or "nothing to drop", dropped=dropped)


@projections.command()
def scrutinize() -> None:
    """Build the read side a second time and compare every row; 1 if any differs."""
    from compact_infra import operations

    differing = operations.scrutinize(_compact())
    Output.tell("\n".join(differing) or "every row is as the history says", differing=differing)
    raise typer.Exit(REFUSED if differing else 0)


@events.command("export")
def export_events(
    to: Annotated[Path, typer.Option(help="A folder that is empty or new.")],
) -> None:
    """Write every fact, the log's tiles and last checkpoint, and the verifier, for an auditor to take away."""
    ledger = _sealed()
    signed = ledger.export(to, progress=_progress())
    Output.tell(f"{to}: covered to {signed.size}", folder=str(to), covered=signed.size, key=ledger.public_key)


@audit.command()
def checkpoint(
    to: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
) -> None:
    """Sign what there is, and print the checkpoint: to be kept elsewhere. The public key goes to standard error."""
    ledger = _sealed()
    signed = ledger.checkpoint()
    if signed is None:
        raise typer.BadParameter("there is no fact yet")
    typer.echo(ledger.public_key, err=True)
    if to is not None:
        to.write_text(signed.note, "utf-8")
    Output.page(signed.note, size=signed.size, note=signed.note, key=ledger.public_key)


@audit.command()
def proof(
    position: Annotated[int, typer.Argument(help="Position of the fact.")],
    to: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
) -> None:
    """Print the proof that one fact is in the log (C2SP tlog-proof@v1)."""
    text = _sealed().proof(position)
    if to is not None:
        to.write_text(text, "utf-8")
    Output.page(text, position=position, proof=text)


@audit.command(
    "verify",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
)
def verify_export(ctx: typer.Context) -> None:
    """Check an exported folder, offline: 0 valid, 1 altered, 2 cannot tell. `--help` tells its options."""
    from compact_infra import verifier

    def tell(verdict: str) -> None:
        Output.tell(verdict, verdict=verdict)

    raise typer.Exit(verifier.main(ctx.args, tell))


@app.command()
def doctor() -> None:
    """Say how the service is set up, where each setting comes from, and what is wrong; 3 if anything is."""
    from compact_infra.doctor import examine

    wrong = False
    for finding in examine(_compact()):
        wrong = wrong or not finding.good
        Output.tell(str(finding), **finding._asdict())
    raise typer.Exit(NOT_READY if wrong else 0)


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Small numbers, to see that it runs.")] = False,
    to: Annotated[Path | None, typer.Option(help="Write the figures as Markdown to this file.")] = None,
) -> None:
    """Measure the service against the library it stands on, interleaved. Takes minutes."""
    from compact_infra.bench import run

    run(quick=quick, to=to, tell=typer.echo)


def _sealed() -> Ledger:
    """The ledger, once it has taken in and signed all that was written. Raises `NotReady`."""
    import psycopg

    compact = _compact()
    compact.prepare()
    with psycopg.connect(compact.ledger.url, autocommit=True, connect_timeout=2) as connection:
        compact.ledger.seal(connection)
    return compact.ledger


def _compact(**changed: Any) -> Compact:
    from compact_infra.compact import Compact
    from compact_infra.settings import Settings

    return Compact(Settings(**changed))


@contextmanager
def _started(**changed: Any) -> Iterator[tuple[Compact, anyio.from_thread.BlockingPortal]]:
    """The service within this process, as the host would start it."""
    import anyio.from_thread

    compact = _compact(**changed)
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(compact.lifespan()):
        yield compact, portal


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM stop the process in order, like ctrl-C: the first process of a container ignores it otherwise."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _log_quietly() -> None:
    """Structured logs to standard error: a command is a process of its own, and may say how it logs."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _progress() -> Callable[[int, int], None]:
    """Tells on a terminal how far a long piece of work has come, and how long the rest may take."""
    begun = time.monotonic()

    def tell(done: int, of: int) -> None:
        if sys.stderr.isatty() and done:
            left = (time.monotonic() - begun) / done * (of - done)
            typer.echo(f"\r{done} of {of}, {left:.0f} s left \b", err=True, nl=done == of)

    return tell


def main() -> None:
    """Run `compact`. Refusals and an environment that is not ready are one sentence, without a traceback."""
    try:
        app()
    except Exception as e:
        if Output.debug:
            traceback.print_exception(e)
        code, told = _explained(e)
        typer.echo(json.dumps(told, default=str) if Output.as_json else told["error"], err=True)
        sys.exit(code)


def _explained(error: Exception) -> tuple[int, dict[str, Any]]:
    """The exit code of an error, and what is told of it: a sentence, and for programs what it is made of."""
    from tomllib import TOMLDecodeError

    import psycopg
    from psycopg_pool import PoolTimeout
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from compact_domain.kernel import Refusal, RuleViolation
    from compact_domain.published import PUBLISHED_RULES
    from compact_infra.embedded_postgres import NotReady

    match error:
        case RuleViolation():
            numbers = "".join(f", {name} {value}" for name, value in error.details.items())
            sentence = f"Refused by rule {error.rule}{numbers}: {PUBLISHED_RULES[error.rule]}"
            return REFUSED, {"error": sentence, "code": error.code, "rule": error.rule, "details": error.details}
        case Refusal():
            return REFUSED, {"error": error.message, "code": error.code}
        case ValidationError():
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
            return NOT_READY, {"error": f"The settings are wrong: {wrong}"}
        case TOMLDecodeError() | SettingsError():
            return NOT_READY, {"error": f"The settings are wrong: {_line(error)}"}
        case psycopg.Error():
            return NOT_READY, {"error": error.diag.message_primary or _line(error)}
        case NotReady() | PoolTimeout() | OSError():
            return NOT_READY, {"error": _line(error)}
    if type(error).__module__.startswith("compact_"):
        return REFUSED, {"error": _line(error)}
    return REFUSED, {
        "error": f"This should not happen; --debug shows where it did: {type(error).__name__}: {_line(error)}"
    }


def _line(error: Exception) -> str:
    from compact_infra.doctor import sentence

    return sentence(error)
