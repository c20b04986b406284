"""The house keeps its rooms apart: who may import whom, where SQL and the web stand, what nobody may reach for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = {
    "compact_domain": ROOT / "domain",
    "compact_projections": ROOT / "projections",
    "compact_api": ROOT / "api",
    "compact_infra": ROOT / "infra",
}
PURE = ("compact_domain", "compact_projections")
SQL = {"psycopg", "psycopg_pool"}
WEB = {"cross_web", "fastapi", "graphql", "strawberry", "starlette", "uvicorn", "websockets"}
CLOCKS = {"now", "utcnow", "today", "fromtimestamp"}
"""What makes an instant or a day out of nothing, asked of `datetime` or `date`."""
CHANCE = {"os", "random", "secrets", "time"}
NEW_IDS = {"uuid1", "uuid4", "uuid6", "uuid7", "getnode"}
RESOLVERS = {"question", "command", "feed"}
LONGEST = 12
"""Statements of a resolver: two or three lines by rule, and this where a guard stands before them."""


@cache
def sources(package: str) -> dict[str, ast.Module]:
    """The modules of a package, read."""
    folder = LAYERS[package]
    return {
        str(path.relative_to(folder)): ast.parse(path.read_text("utf-8"))
        for path in sorted((folder / package).rglob("*.py"))
    }


def imported(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Every import: the top of the module it reaches for, the name it takes, and the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.module.partition(".")[0], alias.name, node.lineno) for alias in node.names)


def uses(package: str, modules: set[str]) -> list[str]:
    return [
        f"{name}:{line} imports {top}"
        for name, tree in sources(package).items()
        for top, _, line in imported(tree)
        if top in modules
    ]


def clock_or_chance(tree: ast.AST) -> Iterator[str]:
    """Where a module reads the wall clock or makes something up."""
    for top, name, line in imported(tree):
        if top in CHANCE or (top == "uuid" and name in NEW_IDS):
            yield f"line {line}: {top}.{name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in ("date", "datetime") and node.attr in CLOCKS:
                yield f"line {node.lineno}: {node.value.id}.{node.attr}"
            if node.value.id == "uuid" and node.attr in NEW_IDS:
                yield f"line {node.lineno}: uuid.{node.attr}"


def decorators(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {decorator.id for decorator in node.decorator_list if isinstance(decorator, ast.Name)}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def statements(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many statements a function has besides its docstring."""
    inside = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1
    return inside - (ast.get_docstring(function) is not None)


def test_every_layer_knows_only_those_below_it() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", ["compact_domain", "compact_api"])
def test_sql_stands_where_rows_and_facts_are_kept(package: str) -> None:
    assert uses(package, SQL) == []


@pytest.mark.parametrize("package", PURE)
def test_the_web_stands_at_the_edge(package: str) -> None:
    assert uses(package, WEB | {"pydantic", "pydantic_settings", "typer", "httpx2"}) == []


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in PURE for name in sources(package)], ids=lambda value: value
)
def test_nothing_that_decides_or_folds_reads_the_clock_or_throws_dice(package: str, name: str) -> None:
    assert list(clock_or_chance(sources(package)[name])) == []


@pytest.mark.parametrize(
    "reads",
    [
        "import time",
        "from time import monotonic",
        "import random",
        "from os import urandom",
        "from uuid import uuid4",
        "import uuid\nid = uuid.uuid4()",
        "from datetime import datetime\nnow = datetime.now(UTC)",
        "from datetime import date\ntoday = date.today",
    ],
)
def test_clock_and_chance_are_found_where_they_are(reads: str) -> None:
    assert list(clock_or_chance(ast.parse(reads)))


@pytest.mark.parametrize("name", sources("compact_projections"))
def test_a_read_model_does_not_lean_on_another(name: str) -> None:
    own = {
        node.name
        for tree in sources("compact_projections").values()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Subscript) and isinstance(base.value, ast.Name) and base.value.id == "ReadModel"
    }
    assert own
    if not name.endswith("/models.py"):
        taken = {taken for top, taken, _ in imported(sources("compact_projections")[name]) if top in LAYERS}
        foreign = {name for name in taken & own if name not in _domain_names()}
        assert foreign == set()


@cache
def _domain_names() -> set[str]:
    """Classes of the domain, some of which a read model is named like: `Organizations`."""
    return {node.name for tree in sources("compact_domain").values() for node in tree.body if hasattr(node, "name")}


@pytest.mark.parametrize("name", sources("compact_api"))
def test_a_resolver_takes_asks_and_hands_back(name: str) -> None:
    long = [
        f"line {function.lineno}: {function.name} has {statements(function)} statements"
        for function in functions(sources("compact_api")[name])
        if decorators(function) & RESOLVERS and statements(function) > LONGEST
    ]
    assert long == []


def test_there_are_resolvers_to_look_at() -> None:
    found = [f for tree in sources("compact_api").values() for f in functions(tree) if decorators(f) & RESOLVERS]
    assert len(found) > 100


@pytest.mark.parametrize("name", sources("compact_api"))
def test_no_rule_stands_at_the_edge(name: str) -> None:
    raised = [
        f"line {node.lineno}"
        for node in ast.walk(sources("compact_api")[name])
        if isinstance(node, ast.Raise) and node.exc and "RuleViolation" in ast.unparse(node.exc)
    ]
    assert raised == []
