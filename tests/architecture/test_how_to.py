"""The recipes of `docs/how-to.md` work as they are written: each is applied to a copy of this tree, and run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to.md").read_text("utf-8")
FENCE = re.compile(r"^(?P<indent> *)```(?P<said>[^\n]+)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", ".compact", "__pycache__", "out", "build")
MAY_START = 'python -c "from compact_domain.published import check; check()"'


class Block(NamedTuple):
    """A piece of a recipe: what its first line says, and its text."""

    said: list[str]
    body: str

    @property
    def is_test(self) -> bool:
        return self.said[:2] == ["python", "new"] and self.said[2].startswith("tests/")

    def apply(self, tree: Path) -> None:
        """Put the block where it says. The anchor must name one line, and one only."""
        match self.said:
            case ["python", "new", name]:
                path = tree / name
                assert not path.exists(), f"{name} is there already"
                path.write_text(self.body, "utf-8")
            case ["python", "before" | "after" as side, anchor, "in", name]:
                self._insert(tree / name, anchor, side)
            case ["python", "instead", "of", anchor, "in", name]:
                self._insert(tree / name, anchor, "instead")
            case _:
                raise AssertionError(f"no block begins with {self.said}")

    def _insert(self, path: Path, anchor: str, side: str) -> None:
        lines = path.read_text("utf-8").splitlines(keepends=True)
        (at,) = [number for number, line in enumerate(lines) if anchor in line]
        while side == "before" and lines[at - 1].lstrip().startswith("@"):
            at -= 1
        begin, end = {"before": (at, at), "after": (at + 1, at + 1), "instead": (at, at + 1)}[side]
        lines[begin:end] = [self.body]
        path.write_text("".join(lines), "utf-8")


class Recipe(NamedTuple):
    """A section of the page that can be followed step by step."""

    title: str
    blocks: list[Block]

    @property
    def changes(self) -> list[Block]:
        return [block for block in self.blocks if block.said != ["sh"]]

    @property
    def commands(self) -> list[str]:
        return [line for block in self.blocks if block.said == ["sh"] for line in block.body.splitlines()]


def recipes(page: str) -> Iterator[Recipe]:
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        blocks = [
            Block(shlex.split(found["said"]), re.sub(rf"^{found['indent']}", "", found["body"], flags=re.MULTILINE))
            for found in FENCE.finditer(section)
        ]
        if any(block.said == ["sh"] for block in blocks):
            yield Recipe(section.partition("\n")[0], blocks)


RECIPES = list(recipes(PAGE))


class Tree:
    """A copy of this checkout, and a shell in it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
        (folder / ".venv").mkdir()
        for part in Path(sys.prefix).iterdir():
            if part.name != ".installed":
                (folder / ".venv" / part.name).symlink_to(part)
        (folder / ".venv" / ".installed").touch()  # what `make` would install is installed
        packages = [folder / name for name in ("domain", "projections", "api", "infra")]
        self.environment = {
            "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]]),
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COMPACT_TEST_DATABASE_URL": database_url,
        }

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Tree:
    return Tree(tmp_path_factory.mktemp("how-to") / "tree", database_url)


def test_the_page_has_the_recipes_that_are_asked_for_most() -> None:
    assert [recipe.title for recipe in RECIPES] == [
        "Add a fact",
        "Add a read model",
        "Add a field",
        "Add a mutation",
        "Change the shape of a fact",
    ]
    assert all(any(block.is_test for block in recipe.blocks) for recipe in RECIPES)


@pytest.fixture(scope="module")
def before(tree: Tree) -> dict[str, str]:
    """What each new test of the recipes says where nothing of them has been applied but the tests themselves."""
    tests = [block for recipe in RECIPES for block in recipe.blocks if block.is_test]
    for block in tests:
        block.apply(tree.folder)
    names = [block.said[2] for block in tests]
    said = tree.run(
        f".venv/bin/pytest -p no:cacheprovider --continue-on-collection-errors -rA --tb=no {' '.join(names)}"
    ).stdout
    for block in tests:
        (tree.folder / block.said[2]).unlink()
    found = re.findall(r"^(PASSED|FAILED|ERROR) (tests/[\w/]+\.py)", said, re.MULTILINE)
    assert {name for _, name in found} == set(names), said
    return {name: outcome for outcome, name in found}


def test_without_the_recipes_their_tests_fail(before: dict[str, str]) -> None:
    assert [name for name, outcome in before.items() if outcome == "PASSED"] == []


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_works_as_it_is_written(recipe: Recipe, tree: Tree, before: dict[str, str]) -> None:
    for block in recipe.changes:
        block.apply(tree.folder)
    for command in [MAY_START, *recipe.commands]:
        done = tree.run(command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_what_the_recipes_write_is_in_the_style_of_the_house(tree: Tree) -> None:
    touched = {block.said[-1] for recipe in RECIPES for block in recipe.changes}
    names = " ".join(sorted(touched))
    for command in (f"ruff format --check {names}", f"ruff check {names}"):
        done = tree.run(command)
        assert done.returncode == 0, done.stdout


def test_a_block_that_does_not_know_where_it_belongs_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "twice.py"
    place.write_text("one = 1\nother = one\n", "utf-8")
    with pytest.raises(ValueError, match="too many"):
        Block(["python", "after", "one", "in", "twice.py"], "two = 2\n").apply(tmp_path)
    with pytest.raises(ValueError, match="not enough"):
        Block(["python", "after", "three", "in", "twice.py"], "two = 2\n").apply(tmp_path)
    Block(["python", "before", "other", "in", "twice.py"], "two = 2\n").apply(tmp_path)
    assert place.read_text("utf-8") == dedent(
        """\
        one = 1
        two = 2
        other = one
        """
    )
