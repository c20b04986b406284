"""What the domain publishes: its facts, commands, rules and claims. Importing it makes every topic known.

A new aggregate is named in one place, `MODULES`: the rest follows from what its module holds. A module's name is the
part of its commands' names before the dot.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from operator import itemgetter
from types import ModuleType
from typing import Any

from compact_domain import (
    agenda,
    body,
    catalogue,
    coordination_meeting,
    finding,
    focal_point,
    initiative,
    kernel,
    organization,
    recommendation,
    registration,
    retreat,
    role,
    rotation,
    seats,
    session,
)
from compact_domain.kernel import Aggregate, Commands, Fact
from compact_domain.policy import POLICY

MODULES: tuple[ModuleType, ...] = (
    kernel,
    catalogue,
    organization,
    role,
    body,
    retreat,
    seats,
    registration,
    session,
    recommendation,
    focal_point,
    rotation,
    agenda,
    coordination_meeting,
    finding,
    initiative,
)


def _defined(module: ModuleType, kind: type) -> Iterator[type[Any]]:
    for thing in vars(module).values():
        if inspect.isclass(thing) and issubclass(thing, kind) and thing.__module__ == module.__name__:
            yield thing


def _commands(module: ModuleType) -> Iterator[tuple[str, type[Commands]]]:
    area = module.__name__.rpartition(".")[2]
    for kind in _defined(module, Commands):
        for name, _ in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{area}.{name}", kind


AGGREGATES: tuple[type[Aggregate], ...] = tuple(
    kind for module in MODULES for kind in _defined(module, Aggregate) if kind is not Aggregate
)
"""Every kind of aggregate."""

COMMANDS: Mapping[str, type[Commands]] = dict(pair for module in MODULES for pair in _commands(module))
"""Which class has the command of a name: `COMMANDS["role.grant"]` is `Roles`."""

PUBLISHED_RULES: Mapping[str, str] = {
    name: meaning for module in MODULES for name, meaning in getattr(module, "RULES", {}).items()
}
"""Every rule that may refuse a command, with its meaning."""

CLAIM_RULES: Mapping[str, str] = {
    prefix: rule for module in MODULES for prefix, rule in getattr(module, "CLAIMS", {}).items()
}
"""Which rule refuses when a claim of that prefix is held by another."""


def facts() -> Mapping[str, type[Fact]]:
    """Every fact that can be stated, by the topic it is stored under."""
    return dict(sorted(((getattr(kind, "TOPIC", ""), kind) for kind in _facts()), key=itemgetter(0)))


def check() -> None:
    """Refuse to start where code and tables differ. `RuntimeError` names every difference."""
    problems = [f"{action} has no line in the policy" for action in sorted(COMMANDS.keys() - POLICY.keys())]
    problems += [f"{action} has no command" for action in sorted(POLICY.keys() - COMMANDS.keys())]
    problems += [
        f"claim {prefix} is refused by {rule}, which is not published"
        for prefix, rule in CLAIM_RULES.items()
        if rule not in PUBLISHED_RULES
    ]
    problems += [problem for name in ("RULES", "CLAIMS") for problem in _said_twice(name)]
    problems += [problem for kind in _facts() for problem in fact_problems(kind)]
    if problems:
        raise RuntimeError("; ".join(problems))


def fact_problems(kind: type[Fact]) -> list[str]:
    """What keeps a kind of fact from being stored for ever."""
    own, name = vars(kind), kind.__qualname__
    config = kind.__struct_config__
    problems = []
    if not config.frozen:
        problems.append(f"{name} is not frozen")
    if not config.forbid_unknown_fields:
        problems.append(f"{name} takes unknown fields")
    if not own.get("__doc__"):
        problems.append(f"{name} has no docstring of its own")
    if "TOPIC" not in own:
        problems.append(f"{name} has no topic of its own")
    needed = {f"upcast_v{version}_v{version + 1}" for version in range(1, kind.class_version)}
    present = {upcast for upcast in dir(kind) if upcast.startswith("upcast_v")}
    problems += [f"{name} lacks {upcast}" for upcast in sorted(needed - present)]
    problems += [f"{name} has {upcast}, which leads nowhere" for upcast in sorted(present - needed)]
    problems += [
        f"{name}.{upcast} is not a static method of it"
        for upcast in sorted(needed & present)
        if not isinstance(own.get(upcast), staticmethod)
    ]
    return problems


def _facts() -> Iterator[type[Fact]]:
    for aggregate in AGGREGATES:
        for thing in vars(aggregate).values():
            if inspect.isclass(thing) and issubclass(thing, Fact) and thing is not aggregate.Event:
                yield thing


def _said_twice(name: str) -> Iterator[str]:
    said: dict[str, str] = {}
    for module in MODULES:
        for key in getattr(module, name, {}):
            if key in said:
                yield f"{key} stands in {name} of {said[key]} and of {module.__name__}"
            said[key] = module.__name__
