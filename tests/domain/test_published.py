"""What the domain publishes agrees with its code: rules, claims, commands, policy and the form of facts."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, ClassVar

import pytest
from eventsourcing.utils import resolve_topic

from compact_domain.kernel import Aggregate, Commands, Fact, Role
from compact_domain.policy import POLICY
from compact_domain.published import (
    AGGREGATES,
    CLAIM_RULES,
    COMMANDS,
    MODULES,
    PUBLISHED_RULES,
    check,
    fact_problems,
    facts,
)

SOURCES = {
    source.name: ast.parse(source.read_text(encoding="utf-8"))
    for source in files("compact_domain").iterdir()
    if source.name.endswith(".py")
}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def called(node: ast.AST) -> str | None:
    """The last name of what is called: `RuleViolation`, or `_refuses` of `self._refuses`."""
    if not isinstance(node, ast.Call):
        return None
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)


def refusals(tree: ast.Module) -> Iterator[ast.expr]:
    """Every expression that names the rule of a refusal, also where a function of the file makes the refusal of it."""
    refusing, handed_on = {"RuleViolation": 0}, set[int]()
    for function in functions(tree):
        parameters = [parameter.arg for parameter in function.args.args]
        for node in ast.walk(function):
            rule = rule_of(node, 0) if called(node) == "RuleViolation" else None
            if isinstance(rule, ast.Name) and rule.id in parameters:
                refusing[function.name] = parameters.index(rule.id) - (parameters[0] in ("self", "cls"))
                handed_on.add(id(rule))
    for node in ast.walk(tree):
        if (name := called(node)) in refusing:
            rule = rule_of(node, refusing[str(name)])
            assert rule is not None, f"line {getattr(node, 'lineno', 0)} names no rule"
            if id(rule) not in handed_on:
                yield rule


def rule_of(node: ast.AST, place: int) -> ast.expr | None:
    return node.args[place] if isinstance(node, ast.Call) and len(node.args) > place else None


def literals(rule: ast.expr) -> set[str]:
    """The names an expression chooses from."""
    return {node.value for node in ast.walk(rule) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_the_domain_may_start() -> None:
    check()


@pytest.mark.parametrize("source", SOURCES)
def test_every_refusal_names_a_published_rule_in_place(source: str) -> None:
    for rule in refusals(SOURCES[source]):
        assert literals(rule), f"line {rule.lineno} does not say which rule"
        assert literals(rule) <= PUBLISHED_RULES.keys(), f"line {rule.lineno}"


@pytest.mark.parametrize("source", SOURCES)
def test_what_a_refusal_allows_by_name_is_a_command_that_people_give(source: str) -> None:
    """An aggregate's own verbs are asked of its guards; what is written out names actions of the policy."""
    for node in ast.walk(SOURCES[source]):
        for given in node.keywords if isinstance(node, ast.Call) else ():
            if given.arg == "allowed" and isinstance(given.value, ast.List | ast.Tuple):
                for action in literals(given.value):
                    assert action in POLICY, f"line {given.value.lineno}"
                    assert any(role is not Role.PROCESS for role, _ in POLICY[action].may), action


def test_every_published_rule_refuses_somewhere() -> None:
    used = {name for tree in SOURCES.values() for rule in refusals(tree) for name in literals(rule)}
    assert PUBLISHED_RULES.keys() - used - set(CLAIM_RULES.values()) == set()


@pytest.mark.parametrize(("rule", "meaning"), PUBLISHED_RULES.items())
def test_a_rule_is_named_by_area_and_says_what_it_means_in_a_sentence(rule: str, meaning: str) -> None:
    assert rule == rule.lower()
    assert meaning[0].isupper()
    assert meaning.endswith(".")


def test_every_module_of_aggregates_is_published() -> None:
    def keeps_histories(tree: ast.Module) -> bool:
        return any(
            isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id == "Aggregate" for b in node.bases)
            for node in tree.body
        )

    published = {f"{module.__name__.rpartition('.')[2]}.py" for module in MODULES}
    assert {name for name, tree in SOURCES.items() if keeps_histories(tree)} <= published


def test_commands_are_known_by_the_name_the_policy_has_for_them() -> None:
    assert COMMANDS.keys() == POLICY.keys()
    for action, kind in COMMANDS.items():
        assert issubclass(kind, Commands)
        assert callable(getattr(kind, action.partition(".")[2]))


@pytest.mark.parametrize("kind", AGGREGATES, ids=lambda kind: kind.__name__)
def test_what_an_aggregate_allows_is_named_like_its_commands(kind: type[Aggregate]) -> None:
    assert kind.MAY_START_FROM.keys() <= {action.partition(".")[2] for action in COMMANDS}


@pytest.mark.parametrize("action", COMMANDS)
def test_a_command_takes_nothing_it_does_not_name(action: str) -> None:
    parameters = inspect.signature(getattr(COMMANDS[action], action.partition(".")[2])).parameters.values()
    assert all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters)


@pytest.mark.parametrize("kind", AGGREGATES, ids=lambda kind: kind.__name__)
def test_an_aggregate_takes_up_what_its_first_fact_says(kind: type[Aggregate]) -> None:
    wanted = inspect.signature(kind.__init__).parameters.keys() - {"self"}
    assert wanted <= set(kind.Created.__struct_fields__), "the rest would be dropped or missing without a word"


@pytest.mark.parametrize(("topic", "kind"), facts().items())
def test_a_topic_leads_to_its_fact(topic: str, kind: type[Fact]) -> None:
    assert resolve_topic(topic) is kind


class Undocumented(Fact, frozen=True, kw_only=True):
    TOPIC: ClassVar[str] = "test.undocumented"


class Unnamed(Fact, frozen=True, kw_only=True):
    """It has no topic."""


class Lax(Fact, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """It takes unknown fields."""

    TOPIC: ClassVar[str] = "test.lax"


class Leaping(Fact, frozen=True, kw_only=True):
    """It forgot a version, and one of its upcasts leads nowhere."""

    TOPIC: ClassVar[str] = "test.leaping"
    class_version: ClassVar[int] = 3

    @staticmethod
    def upcast_v2_v3(shape: dict[str, Any]) -> None:
        shape["since"] = None

    @staticmethod
    def upcast_v3_v4(shape: dict[str, Any]) -> None:
        shape["until"] = None


class Bound(Fact, frozen=True, kw_only=True):
    """Its upcast would need the fact that it makes."""

    TOPIC: ClassVar[str] = "test.bound"
    class_version: ClassVar[int] = 2

    def upcast_v1_v2(self, shape: dict[str, Any]) -> None:
        shape["since"] = None


class Grown(Fact, frozen=True, kw_only=True):
    """It is as it should be, in its second version."""

    TOPIC: ClassVar[str] = "test.grown"
    class_version: ClassVar[int] = 2

    @staticmethod
    def upcast_v1_v2(shape: dict[str, Any]) -> None:
        shape["since"] = None


@pytest.mark.parametrize(
    ("kind", "problems"),
    [
        (Undocumented, ["Undocumented has no docstring of its own"]),
        (Unnamed, ["Unnamed has no topic of its own"]),
        (Lax, ["Lax takes unknown fields"]),
        (Leaping, ["Leaping lacks upcast_v1_v2", "Leaping has upcast_v3_v4, which leads nowhere"]),
        (Bound, ["Bound.upcast_v1_v2 is not a static method of it"]),
        (Grown, []),
    ],
)
def test_a_fact_that_could_not_be_kept_for_ever_is_found(kind: type[Fact], problems: list[str]) -> None:
    assert fact_problems(kind) == problems
