"""The schema as a contract: its text, and what a change to it would mean for clients."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from graphql import build_schema, lexicographic_sort_schema, print_schema
from graphql.utilities import BreakingChangeType, DangerousChangeType, find_schema_changes
from strawberry.schema import BaseSchema


class Severity(StrEnum):
    """What a change means for clients that exist."""

    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    SAFE = "safe"


class Change(NamedTuple):
    """One difference between two schemas."""

    severity: Severity
    kind: str
    description: str


def sdl(schema: BaseSchema) -> str:
    """The schema as sorted text, so that its order never makes a difference. Ends with a line break."""
    return print_schema(lexicographic_sort_schema(build_schema(schema.as_str()))) + "\n"


def changes(committed: str, current: str) -> list[Change]:
    """What differs between two schemas as text, the worst first."""
    found = [
        Change(_severity(change.type), change.type.name, change.description)
        for change in find_schema_changes(build_schema(committed), build_schema(current))
    ]
    return sorted(found, key=lambda change: (list(Severity).index(change.severity), change.description))


def _severity(kind: object) -> Severity:
    if isinstance(kind, BreakingChangeType):
        return Severity.BREAKING
    return Severity.DANGEROUS if isinstance(kind, DangerousChangeType) else Severity.SAFE
