"""One world for all that asks and commands it, which nobody changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from compact_infra import Settings
from tests.api.examples import Examples
from tests.api.world import World
from tests.conftest import running


@pytest.fixture(scope="session")
def world(new_settings: Callable[..., Settings]) -> Iterator[World]:
    with running(new_settings(demonstration=True)) as started, closing(World(started)) as made:
        yield made


@pytest.fixture(scope="session")
def examples(world: World) -> Examples:
    return Examples(world)
