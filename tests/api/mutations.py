"""What the schema says of its mutations: each with its input, its payload, and every place in the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_interface_type,
    is_list_type,
    is_object_type,
)

from compact_api.commands import action
from compact_api.schema import build_schema
from compact_domain.policy import POLICY, Line
from tests.client import PROBLEM

SHOWN = {"FocalPoint": "id person { subject } alternates { subject }", "RoleHolder": "id person { subject }"}
"""What is selected of a thing where its id alone does not say enough."""


@dataclass(frozen=True)
class Place:
    """A place in an input where one value stands."""

    path: tuple[str | int, ...]
    type: str
    """Name of the scalar or enum."""
    of: str
    """Name of the input type that it is a field of."""

    @property
    def name(self) -> str:
        """As a problem names it: `comments[0].organization`."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).removeprefix(".")

    @property
    def field(self) -> str:
        return next(part for part in reversed(self.path) if isinstance(part, str))

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Mutation:
    """One mutation, as the schema has it."""

    name: str
    field: GraphQLField

    @cached_property
    def action(self) -> str:
        """What the policy knows it by."""
        return action(self.name)

    @property
    def line(self) -> Line:
        return POLICY[self.action]

    @cached_property
    def input(self) -> GraphQLInputObjectType:
        found = get_named_type(self.field.args["input"].type)
        assert isinstance(found, GraphQLInputObjectType)
        return found

    def has(self, field: str) -> bool:
        return field in self.input.fields

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every place in the input, also where nothing has to stand."""
        return tuple(_places(self.input, ()))

    @cached_property
    def payload(self) -> GraphQLObjectType:
        result = get_named_type(self.field.type)
        assert isinstance(result, GraphQLUnionType)
        found: GraphQLObjectType = next(kind for kind in result.types if kind.name.endswith("Payload"))
        return found

    @cached_property
    def shown(self) -> str:
        """A selection of the ids of the things it answers with."""
        return " ".join(_shown(self.payload))

    @cached_property
    def document(self) -> str:
        """A document that gives it and asks for all that is told of a refusal."""
        return f"""mutation ($input: {self.input.name}!) {{ answer: {self.name}(input: $input) {{ __typename {PROBLEM}
            ... on {self.payload.name} {{ position replayed dryRun events {{ eventId position type }} }} }} }}"""

    def __str__(self) -> str:
        return self.name


def _places(kind: GraphQLInputObjectType, path: tuple[str | int, ...]) -> Iterator[Place]:
    for name, field in kind.fields.items():
        named = get_named_type(field.type)
        at = (*path, name, 0) if is_list(field.type) else (*path, name)
        if is_input_object_type(named):
            yield from _places(named, at)
        else:
            yield Place(at, named.name, kind.name)


def is_list(kind: GraphQLInputType) -> bool:
    return is_list_type(get_nullable_type(kind))


def _shown(payload: GraphQLObjectType) -> Iterator[str]:
    for name, field in payload.fields.items():
        kind = get_named_type(field.type)
        if (is_object_type(kind) or is_interface_type(kind)) and "id" in kind.fields:
            yield f"{name} {{ {SHOWN.get(kind.name, 'id')} }}"


SCHEMA = build_schema()._schema
assert SCHEMA.mutation_type is not None
MUTATIONS: Mapping[str, Mutation] = {name: Mutation(name, field) for name, field in SCHEMA.mutation_type.fields.items()}
