"""A store of a test's own: migrated, open, and empty."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from compact_infra import Compact, Settings
from tests.infra.keeper import Keeper


@pytest.fixture
def keeper(new_settings: Callable[..., Settings]) -> Iterator[Keeper]:
    compact = Compact(new_settings(pool_size=20))
    with compact.commanding():
        yield Keeper(compact)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short: those of sockets are."""
    with tempfile.TemporaryDirectory(prefix="cl", dir="/tmp") as name:
        yield Path(name)
