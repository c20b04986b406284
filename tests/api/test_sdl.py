"""The contract: its text does not depend on order, and a change that breaks clients is called that."""

from __future__ import annotations

import strawberry

from compact_api.fields import question
from compact_api.guard import Schema
from compact_api.sdl import Severity, changes, sdl
from compact_api.shapes import described, shape


@shape
class Zebra:
    """A striped animal."""

    stripes: int = described("How many.")
    name: str = described("What it is called.")


@shape
class Query:
    """What can be asked here."""

    @question
    async def zebra(self) -> Zebra | None:
        """One."""
        return None

    @question
    async def aardvark(self) -> strawberry.ID:
        """The other."""
        return strawberry.ID("A")


SDL = sdl(Schema(Query))


def test_the_text_is_sorted_and_complete() -> None:
    assert (
        SDL
        == '''"""What can be asked here."""
type Query {
  """The other."""
  aardvark: ID!

  """One."""
  zebra: Zebra
}

"""A striped animal."""
type Zebra {
  """What it is called."""
  name: String!

  """How many."""
  stripes: Int!
}
'''
    )


def test_the_same_schema_does_not_differ_from_itself() -> None:
    assert changes(SDL, SDL) == []


def test_what_is_taken_away_is_breaking_and_told_first() -> None:
    new = SDL.replace("  name: String!\n", "  name: String!\n  legs(of: Int): Int\n").replace(
        "stripes: Int!", "spots: Int!"
    )
    found = changes(SDL, new)
    assert [(change.severity, change.kind) for change in found][:1] == [(Severity.BREAKING, "FIELD_REMOVED")]
    assert {change.severity for change in found[1:]} == {Severity.SAFE}


def test_what_may_surprise_is_dangerous() -> None:
    old = SDL + "union Animal = Zebra\ntype Lion { roar: Int }\n"
    found = changes(old, old.replace("= Zebra", "= Zebra | Lion"))
    assert [change.severity for change in found] == [Severity.DANGEROUS]
