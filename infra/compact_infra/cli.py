"""`compact`, the one command. Exit codes: 0 done, 1 refused by a rule, 2 wrong use, 3 environment not ready."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import anyio.from_thread

    from compact_infra.compact import Compact
    from compact_infra.settings import Settings

REFUSED, NOT_READY = 1, 3

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The coordination of the Counter-Terrorism Compact with regional organizations.",
)
projections = typer.Typer(no_args_is_help=True, help="The read side.")
app.add_typer(projections, name="projections")


class Output:
    """How a command answers: for people, or as JSON for programs; errors with or without their traceback."""

    as_json = False
    debug = False

    @classmethod
    def tell(cls, text: str, **data: Any) -> None:
        typer.echo(json.dumps(data, default=str) if cls.as_json else text)


@app.callback()
def options(
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON, one object a line.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
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

    compact = _compact()
    _log_quietly()
    uvicorn.run(
        compact.standalone,
        host=host or compact.settings.host,
        port=compact.settings.port if port is None else port,
        log_level="warning",
        ws_max_size=100_000,
    )


@app.command()
def worker() -> None:
    """Keep the read side up to date and react to facts, without serving."""
    import threading

    compact = _compact(roles="worker")
    _log_quietly()
    compact.start()
    try:
        threading.Event().wait()
    finally:
        compact.stop()


@app.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say what is missing; 1 if anything is.")] = False,
) -> None:
    """Bring the database up to this release."""
    from compact_infra.event_store import Migrations

    compact = _compact()
    migrations = Migrations(compact.database_url(), compact.settings.db_schema)
    if check:
        pending = migrations.pending()
        Output.tell("\n".join(pending) or "up to date", pending=pending)
        raise typer.Exit(REFUSED if pending else 0)
    applied = migrations.apply(demonstration=compact.settings.demonstration)
    Output.tell("\n".join(applied) or "up to date", applied=applied)


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
        raise typer.BadParameter(f"there is no role {role}")
    with _started(roles="api") as (compact, _):
        if bootstrap:
            identity = setting_up.bootstrap(compact.commander)
        else:
            identity = setting_up.development_identity(compact.commander, Role(role), organization)
        made = compact.tokens.make(identity)
        Output.tell(made, token=made)


@app.command()
def schema(
    check: Annotated[Path | None, typer.Option("--check", help="Compare with a committed file.")] = None,
) -> None:
    """Print the GraphQL schema; with --check, 1 if it differs, and what breaks clients first."""
    from compact_api.sdl import changes, sdl
    from compact_infra.settings import Settings

    text = sdl(_compact(Settings(data_dir=Path(".compact"))).schema)
    if check is None:
        typer.echo(text, nl=False)
        return
    committed = check.read_text("utf-8")
    found = changes(committed, text)
    for change in found:
        Output.tell(f"{change.severity}: {change.description}", severity=change.severity, change=change.description)
    if committed != text:
        Output.tell(f"{check} is not what the code says", file=str(check))
        raise typer.Exit(REFUSED)


@app.command()
def catalogue() -> None:
    """Print every fact that can be stated, with its fields, as Markdown."""
    from compact_infra.catalogue_page import page

    typer.echo(page(), nl=False)


@app.command()
def seed(file: Annotated[Path, typer.Argument(help="A file of commands, one JSON object a line.")]) -> None:
    """Play a file of commands through the public API."""
    from compact_infra.seeding import play

    if not file.is_file():
        raise typer.BadParameter(f"{file} is not a file")
    with _started() as (compact, portal):
        count = play(compact, portal, file, progress=_progress)
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
    run(data or Path(".compact/demo"), once=once, port=port, tell=typer.echo, progress=_progress)


@projections.command()
def status() -> None:
    """Generations of the read side, how far each has come, and what is parked."""
    from compact_infra.operations import generations

    for found in generations(_compact()):
        Output.tell(str(found), **found._asdict())


@projections.command()
def rebuild() -> None:
    """Build this release's read side anew from the whole history."""
    from compact_infra import operations

    position = operations.rebuild(_compact(), progress=_progress)
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


def _compact(settings: Settings | None = None, **changed: Any) -> Compact:
    from compact_infra.compact import Compact
    from compact_infra.settings import Settings as Known

    return Compact(settings or Known(**changed))


@contextmanager
def _started(**changed: Any) -> Iterator[tuple[Compact, anyio.from_thread.BlockingPortal]]:
    """The service within this process, as the host would start it."""
    import anyio.from_thread

    compact = _compact(**changed)
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(compact.lifespan()):
        yield compact, portal


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


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty() and of:
        typer.echo(f"\r{done} of {of}", err=True, nl=done == of)


def main() -> None:
    """Run `compact`. Refusals and an environment that is not ready are one sentence, without a traceback."""
    from compact_domain.kernel import Refusal
    from compact_infra.embedded_postgres import NotReady
    from compact_infra.seeding import Unexpected

    try:
        app()
    except (Refusal, Unexpected) as e:
        _leave(e, REFUSED)
    except (NotReady, OSError) as e:
        _leave(e, NOT_READY)
    except Exception as e:
        _leave(e, NOT_READY if type(e).__module__.startswith("psycopg") else REFUSED)


def _leave(error: Exception, code: int) -> None:
    if Output.debug:
        raise error
    detail = getattr(error, "details", None) or getattr(error, "fields", None)
    typer.echo(f"{str(error).strip()}{f' ({detail})' if detail else ''}", err=True)
    sys.exit(code)
