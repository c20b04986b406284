"""What a text may hold: one short line, a long text, or a cursor. Refused as data, all fields of an input at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NewType

import strawberry
from strawberry import UNSET, Some
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition

from compact_domain.kernel import InvalidInput

ShortText = NewType("ShortText", str)
"""One line of at most 300 characters; `String` in the schema. A plain `str` is held to the same rule."""
LongText = NewType("LongText", str)
"""Text of at most 20,000 characters, with line breaks and tabs; `String` in the schema."""
Markdown = NewType("Markdown", str)
"""Long text in CommonMark; a scalar of its own in the schema."""
Cursor = NewType("Cursor", str)
"""A place in a list, as a connection handed it out; `String` in the schema."""


@dataclass(frozen=True)
class TextRule:
    """How long a text may be, and whether it may have several lines."""

    longest: int
    lines: bool = False

    def problem(self, text: str) -> str | None:
        """What is wrong with `text`, as a sentence for the one who typed it; None if nothing is."""
        if len(text) > self.longest:
            return f"must not be longer than {self.longest:,} characters; this has {len(text):,}"
        visible = False
        for character in text:
            kind = unicodedata.category(character)
            if kind in _UNPRINTABLE and not (self.lines and character in "\n\t"):
                return f"must not contain the control character U+{ord(character):04X}"
            visible = visible or not (character.isspace() or kind == "Cf")
        return None if visible else "must not be empty"


# Surrogates cannot be stored as UTF-8, and PostgreSQL has no NUL. Marks of writing direction (Cf) belong to Arabic.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
SHORT = TextRule(longest=300)
LONG = TextRule(longest=20_000, lines=True)
CURSOR = TextRule(longest=4_000)
RULES: dict[object, TextRule] = {
    str: SHORT,
    ShortText: SHORT,
    strawberry.ID: SHORT,
    LongText: LONG,
    Markdown: LONG,
    Cursor: CURSOR,
}


def checked_text(text: str, *, field: str, rule: TextRule = SHORT) -> str:
    """`text` as it came, or `InvalidInput` naming `field`."""
    if problem := rule.problem(text):
        raise InvalidInput(fields=[(field, problem)])
    return text


def text_problems(value: object, kind: Any, at: str) -> Iterator[tuple[str, str]]:
    """Every bad text in an argument: where it stands (`milestones[0].title`) and what is wrong with it.

    `kind` is the type as Strawberry resolves it; optional values, lists and inputs are walked through.
    """
    if isinstance(value, Some):
        value = value.value
    if value is None or value is UNSET:
        return
    while isinstance(kind, StrawberryOptional | StrawberryMaybe):
        kind = kind.of_type
    if isinstance(kind, StrawberryList) and isinstance(value, Sequence):
        for index, item in enumerate(value):
            yield from text_problems(item, kind.of_type, f"{at}[{index}]")
    elif isinstance(kind, type) and has_object_definition(kind):
        for field in kind.__strawberry_definition__.fields:
            yield from text_problems(getattr(value, field.python_name), field.type, f"{at}.{_outer_name(field)}")
    elif isinstance(value, str) and (rule := RULES.get(kind)) and (problem := rule.problem(value)):
        yield at.removeprefix("input."), problem


def _outer_name(named: Any) -> str:
    return _names.get_graphql_name(named)


_names = NameConverter()
