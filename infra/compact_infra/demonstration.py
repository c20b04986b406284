"""The demonstration: a year around the retreat of 25 June 2025, played through the public API, then served."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import anyio.from_thread

from compact_api.context import Context, Identity
from compact_api.schema import root
from compact_domain.kernel import Role
from compact_infra.compact import Compact
from compact_infra.reports import agenda, recommendations
from compact_infra.seeding import Unexpected, lines, play
from compact_infra.setting_up import development_identity, load_catalogues
from compact_infra.settings import Settings

BEGINS = datetime.fromisoformat("2025-01-13T09:00:00-05:00")
"""The clock of the demonstration at its first fact."""
RETREAT = "RETREAT-2025"


def run(
    data: Path, *, once: bool, port: int, tell: Callable[[str], None], progress: Callable[[int, int], None]
) -> None:
    """Load the demonstration if it is not there yet, and serve it; with `once`, write its reports and end.

    Raises `Unexpected` if an answer is not what the file says.
    """
    settings = Settings(data_dir=data, demonstration=True, auth="development", port=port)
    compact = Compact(settings)
    with _story() as story, _started(compact) as portal:
        tell(f"Loading the retreat of 25 June 2025 into {data} …")
        begin(compact)
        count = play(compact, portal, story, progress=progress)
        tell(f"{count} lines played through the API; the history stands at position {compact.store.head()}.")
        auditor = development_identity(compact.commander, Role.AUDITOR, None)
        for _, line in lines(story):
            if "asks" in line:
                answer = portal.call(ask, compact, auditor, line["query"])
                tell(f"\n{line['asks']}\n  {line['query']}\n→ {json.dumps(answer, ensure_ascii=False)}")
        token = compact.tokens.make(auditor)
        if once:
            for path in write_reports(compact, portal, auditor, Path("out")):
                tell(f"wrote {path}")
            tell("Every answer is what the file expects.")
            return
    environment = f"COMPACT_DATA_DIR={data} COMPACT_AUTH=development"
    tell(
        f"\nServing on http://127.0.0.1:{port}/graphiql, API at /graphql. Everything in it but the facts of the concept"
        f" note is made up.\nA token of an auditor, for the header «Authorization: Bearer …»:\n{token}\n"
        f"A token of another role: {environment} compact token --role secretariat_officer --organization UNOCT"
    )
    serve(Compact(settings), port)


def begin(compact: Compact) -> None:
    """Set the clock to the beginning and load the catalogues; what was done before is not done again."""
    compact.store.set_clock(BEGINS)
    load_catalogues(compact.commander)


def serve(compact: Compact, port: int) -> None:
    """Serve until interrupted."""
    import uvicorn

    uvicorn.run(compact.standalone, host="127.0.0.1", port=port, log_level="warning", ws_max_size=100_000)


async def ask(compact: Compact, identity: Identity, query: str, variables: dict[str, Any] | None = None) -> Any:
    """The data that a question is answered with. Raises `Unexpected` with its errors."""
    context = Context(compact, identity)
    try:
        result = await compact.schema.execute(
            query, variable_values=variables, context_value=context, root_value=root()
        )
    finally:
        await context.close()
    if result.errors:
        raise Unexpected("; ".join(error.message for error in result.errors))
    return result.data


def write_reports(
    compact: Compact, portal: anyio.from_thread.BlockingPortal, identity: Identity, folder: Path
) -> Iterator[Path]:
    """Write the agenda and the recommendations of the retreat as Markdown; answers the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for report in (agenda, recommendations):
        data = portal.call(ask, compact, identity, report.query(), {"retreat": RETREAT})
        path = folder / f"{report.__name__.rpartition('.')[2]}.md"
        path.write_text(report.markdown(data), "utf-8")
        yield path


@contextmanager
def _story() -> Iterator[Path]:
    with resources.as_file(resources.files("compact_infra") / "demonstration_data" / "retreat-2025.jsonl") as path:
        yield path


@contextmanager
def _started(compact: Compact) -> Iterator[anyio.from_thread.BlockingPortal]:
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(compact.lifespan()):
        yield portal
