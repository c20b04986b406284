"""The demonstration: a year around the retreat of 25 June 2025, played through the public API, then served."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import anyio.from_thread

from compact_infra.compact import Compact
from compact_infra.reports import REPORTS
from compact_infra.seeding import Line, Player, Unexpected
from compact_infra.setting_up import load_catalogues
from compact_infra.settings import Settings

T = TypeVar("T")

BEGINS = datetime.fromisoformat("2025-01-13T09:00:00-05:00")
"""The clock of the demonstration at its first fact."""
RETREAT = "RETREAT-2025"
AUDITOR, OUTSIDER = "odile.marchetti@oversight.example", "aminata.kouyate@savanna-dialogue.example"
"""Two persons of the story: one who sees everything, and one who sees what is announced."""
MADE_UP = "Everything but the facts of the concept note is made up, and says so: (fill-in)."


def run(
    data: Path, *, once: bool, port: int, tell: Callable[[str], None], progress: Callable[[int, int], None]
) -> None:
    """Load the demonstration if it is not there yet, and serve it; with `once`, write its reports and end.

    Raises `Unexpected` if an answer is not what the file says.
    """
    settings = Settings(data_dir=data, demonstration=True, auth="development", port=port)
    if once:
        for path in _loaded(Compact(settings), tell, progress, lambda player: write_reports(player, Path("out"))):
            tell(f"wrote {path}")
        return
    with socket.create_server((settings.host, port)) as listening:
        tokens = _loaded(Compact(settings), tell, progress, tokens_of_story)
        tell(f"\nServing on http://{settings.host}:{listening.getsockname()[1]}/graphiql, the API on /graphql.")
        for who, token in tokens.items():
            tell(f"For the header Authorization, as {who}:\nBearer {token}")
        environment = f"COMPACT_DATA_DIR={data} COMPACT_AUTH=development"
        tell(f"As anybody else: {environment} compact token --role secretariat_officer --organization UNOCT")
        serve(Compact(settings), listening)


def _loaded(
    compact: Compact,
    tell: Callable[[str], None],
    progress: Callable[[int, int], None],
    then: Callable[[Player], T],
) -> T:
    """What `then` makes of the demonstration once its story has been played, and its questions answered."""
    tell(f"Loading the retreat of 25 June 2025 into {compact.settings.data_dir} …")
    with story() as file, _started(compact) as portal:
        goes_on = compact.store.recorded_until() is not None
        begin(compact)
        player = Player(compact, portal, file)
        try:
            count = player.play(progress=progress, answered=lambda line, answer: tell(_told(line, answer)))
        except Unexpected as e:
            if not goes_on:
                raise
            raise Unexpected(f"{e}. If another release began {compact.settings.data_dir}, remove it.") from None
        tell(f"\n{count} lines played through the API; the history stands at position {compact.store.head()}.")
        tell("Every answer is what the file expects. " + MADE_UP)
        return then(player)


def begin(compact: Compact) -> None:
    """Set the clock to the beginning and load the catalogues; what was done before is not done again."""
    compact.store.set_clock(BEGINS)
    load_catalogues(compact.commander)


def serve(compact: Compact, listening: socket.socket) -> None:
    """Serve until interrupted."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(compact.standalone, log_level="warning", ws_max_size=100_000))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])


def tokens_of_story(player: Player) -> dict[str, str]:
    """A token for each of two persons of the story, by e-mail address."""
    return {who: player.compact.tokens.make(player.identity(who)) for who in (AUDITOR, OUTSIDER)}


def write_reports(player: Player, folder: Path) -> list[Path]:
    """Write every report of the retreat as Markdown; answers the files."""
    folder.mkdir(parents=True, exist_ok=True)
    ask = partial(player.ask, as_=AUDITOR)
    now = ask("{ head { now } }")["head"]["now"]
    written = []
    for report in REPORTS:
        path = folder / f"{report.name}.md"
        path.write_text(report.written(ask, retreat=RETREAT, at=now), "utf-8")
        written.append(path)
    return written


@contextmanager
def story() -> Iterator[Path]:
    """The file that the demonstration plays."""
    with resources.as_file(resources.files("compact_infra") / "demonstration_data" / "retreat-2025.jsonl") as path:
        yield path


def _told(line: Line, answer: dict[str, Any]) -> str:
    """A question in words, and how it was asked and answered."""
    told = json.dumps(_without_edges(answer), ensure_ascii=False)
    return f"\n{line['asks']}\n  as {line['as']}: {line['query']}\n→ {told}"


def _without_edges(value: Any) -> Any:
    """An answer with lists in place of connections, for reading."""
    if isinstance(value, dict):
        if "edges" in value:
            return [_without_edges(edge["node"]) for edge in value["edges"]]
        return {name: _without_edges(item) for name, item in value.items()}
    return [_without_edges(item) for item in value] if isinstance(value, list) else value


@contextmanager
def _started(compact: Compact) -> Iterator[anyio.from_thread.BlockingPortal]:
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(compact.lifespan()):
        yield portal
