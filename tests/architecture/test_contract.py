"""What the outside relies on is what the code says: the schema, its words, the policy, the rules, the facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)

from compact_api.commands import action
from compact_api.problems import mutation_name
from compact_api.schema import build_schema
from compact_api.sdl import changes, sdl
from compact_domain.kernel import Role
from compact_domain.policy import POLICY
from compact_domain.published import PUBLISHED_RULES, facts
from compact_infra import catalogue_page, rules_page, today_page

ROOT = Path(__file__).parents[2]
BY_PROCESS = {name for name, line in POLICY.items() if {role for role, _ in line.may} == {Role.PROCESS}}
"""What the service does by itself: it has a line in the policy, and nobody can ask for it."""


@cache
def schema() -> GraphQLSchema:
    return build_schema()._schema


def mutations() -> set[str]:
    assert schema().mutation_type is not None
    return set(schema().mutation_type.fields)  # type: ignore[union-attr]  # asserted above


def words() -> Iterator[tuple[str, str | None]]:
    """Everything in the schema that has a name, with its description."""
    for name, kind in schema().type_map.items():
        if name.startswith("__"):
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                yield from ((f"{name}.{field_name}({a}:)", given.description) for a, given in field.args.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{field_name}", given.description) for field_name, given in kind.fields.items())
        elif isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value_name}", value.description) for value_name, value in kind.values.items())
    for directive in schema().directives:
        yield f"@{directive.name}", directive.description
        yield from ((f"@{directive.name}({a}:)", given.description) for a, given in directive.args.items())


def test_the_committed_schema_is_what_the_code_says() -> None:
    committed, current = (ROOT / "api/compact_api/schema.graphql").read_text("utf-8"), sdl(build_schema())
    assert [change.description for change in changes(committed, current)] == []
    assert committed == current, "write it with `make schema`"


def test_everything_in_the_schema_has_a_description() -> None:
    assert [name for name, description in words() if not (description and description.strip())] == []


def test_every_mutation_has_its_line_in_the_policy() -> None:
    assert {action(mutation) for mutation in mutations()} <= POLICY.keys()


def test_everything_that_somebody_may_do_has_its_mutation() -> None:
    assert {mutation_name(name) for name in POLICY.keys() - BY_PROCESS} <= mutations()


def test_what_the_service_does_by_itself_nobody_can_ask_for() -> None:
    assert {mutation_name(name) for name in BY_PROCESS} & mutations() == set()


@pytest.mark.parametrize("mutation", sorted(mutations()))
def test_a_mutation_and_its_line_lead_to_each_other(mutation: str) -> None:
    assert mutation_name(action(mutation)) == mutation


def test_the_page_of_rules_is_written_from_the_code() -> None:
    assert (ROOT / "docs/rules.md").read_text("utf-8") == rules_page.page(), "write it with `make catalogue`"


def test_the_page_of_facts_is_written_from_the_code() -> None:
    assert (ROOT / "docs/events.md").read_text("utf-8") == catalogue_page.page(), "write it with `make catalogue`"


def test_the_page_of_what_is_to_be_done_is_written_from_the_code() -> None:
    assert (ROOT / "docs/today.md").read_text("utf-8") == today_page.page(), "write it with `make catalogue`"


def test_the_page_of_rules_has_every_rule_once_with_its_meaning() -> None:
    said = re.findall(r"^\| `([a-z_.]+)` \| (.+?) \| (.+?) \|$", rules_page.page(), re.MULTILINE)
    assert sorted((rule, meaning) for rule, meaning, _ in said) == sorted(PUBLISHED_RULES.items())


def test_every_rule_is_known_to_refuse_some_command() -> None:
    reached = {rule for name in POLICY for rule in rules_page.rules_of(name)}
    assert PUBLISHED_RULES.keys() - reached == set()


@pytest.mark.parametrize(
    ("rule", "commands"),
    [
        ("reason.required", {name for name, line in POLICY.items() if line.reason}),
        ("organization.name", {"organization.set_names"}),
        ("organization.since", {"organization.register", "organization.change_compact_status"}),
        ("recommendation.announcement", {"recommendation.announce"}),
        ("registration.attended", {"registration.excuse"}),
        ("session.times", {"session.schedule", "session.reschedule"}),
    ],
)
def test_the_commands_of_a_rule_are_those_that_lead_to_it(rule: str, commands: set[str]) -> None:
    assert {name for name in POLICY if rule in rules_page.rules_of(name)} == commands


def test_the_page_of_facts_has_every_topic_once() -> None:
    said = re.findall(r"^### `([a-z_.]+)`$", catalogue_page.page(), re.MULTILINE)
    assert sorted(said) == sorted(facts())
