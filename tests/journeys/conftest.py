"""The demonstration, loaded once for all who look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from compact_infra import Compact, Settings
from compact_infra.demonstration import begin, story
from compact_infra.seeding import Player
from tests.conftest import Service


class Demonstration(Service):
    """A service with the year of the demonstration, and a way to ask as one of its persons."""

    def __init__(self, compact: Compact, http: TestClient, player: Player) -> None:
        super().__init__(compact, http)
        self.player = player
        self.ask = player.ask


@pytest.fixture(scope="session")
def demonstration(new_settings: Callable[..., Settings]) -> Iterator[Demonstration]:
    """The demonstration as `compact demo` loads it: every answer on the way was what its file expects."""
    compact = Compact(new_settings(demonstration=True))
    with TestClient(compact.standalone) as http, story() as file:
        begin(compact)
        assert http.portal is not None
        player = Player(compact, http.portal, file)
        player.play()
        yield Demonstration(compact, http, player)
