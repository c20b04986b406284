"""Two lock files: what a service runs with, and what it is developed with besides, in the same versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNS, DEVELOPS = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"


def pins(lock: Path) -> dict[str, str]:
    """The version of each package that a lock file names."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ;]+)", lock.read_text("utf-8"), re.MULTILINE))


def names(requirements: list[object]) -> set[str]:
    """Packages that requirements name."""
    found = (re.match(r"[A-Za-z0-9._-]+", one) for one in requirements if isinstance(one, str))
    return {name[0].lower() for name in found if name}


def test_a_service_is_installed_without_a_tool_of_development() -> None:
    groups = PROJECT["dependency-groups"]
    project = PROJECT["project"]
    needed = names([*project["dependencies"], *project["optional-dependencies"]["local"], *groups["build"]])
    assert needed - pins(RUNS).keys() == set()
    assert names(groups["dev"]) & pins(RUNS).keys() <= names(project["dependencies"]) | {"anyio"}  # starlette's own


def test_it_is_developed_with_the_versions_that_it_runs_with() -> None:
    develops = pins(DEVELOPS)
    assert names(PROJECT["dependency-groups"]["dev"]) - develops.keys() == set()
    assert pins(RUNS).items() <= develops.items()


@pytest.mark.parametrize("lock", [RUNS, DEVELOPS], ids=lambda lock: lock.name)
def test_every_package_is_known_by_its_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(packages) == len(pins(lock)) > 50
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text
