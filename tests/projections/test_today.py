"""The table of what is to be done: each line is for those whom the policy lets give its command, and asks about rows
that stand."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from compact_domain.kernel import Actor, Concerns, Role, RoleHeld
from compact_domain.policy import POLICY, Reach, decide, sees_withheld
from compact_domain.published import COMMANDS, PUBLISHED_RULES
from compact_projections.duties import TABLE
from compact_projections.duties.lines import FRAGMENTS, Duty, Line
from compact_projections.kit import Row
from compact_projections.models import models
from compact_projections.today import named_in, table_of

ME = UUID(int=7)
OWN = Concerns(
    organizations=frozenset({"OWN"}),
    bodies=frozenset({"OWN-BODY"}),
    regions=frozenset({"WEST-AFRICA"}),
    persons=frozenset({ME}),
)
ANOTHERS = Concerns(
    organizations=frozenset({"OTHER"}),
    bodies=frozenset({"OTHER-BODY"}),
    regions=frozenset({"EAST-AFRICA"}),
    persons=frozenset({UUID(int=8)}),
)
MOMENT = {"position", "now", "today", "facts", "within", "holding"}
VIEWER = {"own", "me", "organizations", "bodies", "speaking", "capacities"}
ROWS = {model.row.TABLE: model.row for model in models()}
lines = pytest.mark.parametrize("line", TABLE.values(), ids=lambda line: line.duty.value)


def actor(role: Role) -> Actor:
    scope = {Role.WORKING_GROUP_CHAIR: "OWN-BODY", Role.SECRETARIAT_OFFICER: None}.get(role, "OWN")
    held = RoleHeld(role=role, scope=scope, regions=("WEST-AFRICA",) if role is Role.REGIONAL_FOCAL_POINT else ())
    return Actor(id=ME, organization="OWN", roles=(held,))


def test_every_duty_has_its_line() -> None:
    assert list(TABLE) == list(Duty), "in the order in which they are published"


@lines
def test_a_line_is_for_those_who_may_give_its_command_and_no_further_than_they_reach(line: Line) -> None:
    assert line.command in COMMANDS
    assert set(line.roles) <= set(POLICY[line.command].may)
    assert Role.PROCESS not in {role for role, _ in line.roles}
    for role, reach in line.roles:
        assert decide(actor(role), line.command, OWN)
        limited = reach is not Reach.ANY
        assert decide(actor(role), line.command, ANOTHERS) is not limited
    assert set(line.whose) == {reach for _, reach in line.roles}


@lines
def test_what_settles_it_too_is_for_one_of_them_at_least(line: Line) -> None:
    assert line.command not in line.alternatives
    for command in line.alternatives:
        assert {role for role, _ in POLICY[command].may} & {role for role, _ in line.roles}, command


@lines
def test_a_line_says_what_and_why_in_words_of_its_own(line: Line) -> None:
    assert line.title[0].isupper()
    assert not line.title.endswith(".")
    assert re.fullmatch(r"[A-Z].+\.", line.why)
    assert [other.duty for other in TABLE.values() if {other.title, other.why} & {line.title, line.why}] == [line.duty]
    assert line.rule is None or line.rule in PUBLISHED_RULES


def test_who_has_no_command_to_give_has_nothing_to_do() -> None:
    concerned = {role for line in TABLE.values() for role, _ in line.roles}
    assert set(Role) - concerned == {Role.AUDITOR, Role.PROCESS}
    for_readers = {reach for line in TABLE.values() for role, reach in line.roles if role is Role.READER}
    assert for_readers == {Reach.SELF}


@lines
def test_a_line_asks_about_rows_that_stand_and_no_others(line: Line) -> None:
    pieces = (*line.sql, *line.whose.values())
    named = named_in(*pieces)
    assert {table_of(name) for name in named} <= ROWS.keys() | FRAGMENTS.keys() | MOMENT | VIEWER
    for piece in (*pieces, *(FRAGMENTS[name] for name in named & FRAGMENTS.keys())):
        assert "%" not in piece, "a statement with parameters"
        assert set(re.findall(r"\b(?:from|join)\s+\(?(\w+)", piece)) & {*ROWS, "trail"} == set()


@lines
def test_no_list_tells_by_what_is_missing_that_something_is_withheld(line: Line) -> None:
    outsiders = [role for role, _ in line.roles if not sees_withheld(actor(role))]
    if line.subject == "Recommendation" and outsiders:
        assert not re.search(r"\bt\.(until|open_until|withheld_from|unannounced)\b", " ".join(line.sql))


@lines
def test_parts_of_a_thing_are_held_against_its_version(line: Line) -> None:
    """What is withheld with a thing that is seen is told by its version: a line that joins parts must look at it."""
    text = " ".join(line.sql)
    for name, alias in re.findall(r"\{part_(\w+)\} (\w+)", text):
        row: type[Row] = ROWS[name]
        assert row.PART_OF
        assert (row.OWNERS, row.CONFINED, dict(row.TELLS_OF)) == (None, "", {})
        assert re.search(rf"\b{alias}\.version <= (r|t)\.version\b", text), name
