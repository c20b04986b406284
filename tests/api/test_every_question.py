"""Every list and every type of thing in the schema: whole, page by page and in every order; and asked for badly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_required_argument,
)

from compact_api.ids import GlobalId
from compact_api.scalars import Position
from compact_api.schema import NODES
from compact_domain.agenda import AgendaItem
from compact_domain.coordination_meeting import CoordinationMeeting
from compact_domain.seats import Places
from compact_domain.vocabulary import Mode
from tests.api.mutations import SCHEMA
from tests.api.world import World

ARGUMENTS: Mapping[str, str] = {
    "retreat": '"R-OPEN"',
    "mode": "IN_PERSON",
    "from": '{position: "1"}',
    "waitingList.retreat": '"R-FULL"',
    "openItems.body": '"CC"',
}
"""What a list has to be asked with, by `field.argument` or argument."""


@dataclass(frozen=True)
class List:
    """A list, with all that is needed to ask for a page of it."""

    name: str
    given: str
    orders: tuple[str, ...]
    """Fields that it can be ordered by."""
    of: str | None = None
    """The type of thing that it is a list of; None for one of the whole Compact."""
    within: tuple[str, ...] = ()
    """The fields that lead to it from the root, where it is a list of something without an id."""

    def query(self, *, first: int, after: str | None = None, order: str = "", only: str = "cursor") -> str:
        """A document that asks for a page of it, of the thing `$id` where it belongs to one."""
        given = [self.given, f"first: {first}", f'after: "{after}"' if after is not None else "", order]
        page = f"page: {self.name}({' '.join(given)}) {{ edges {{ {only} }} pageInfo {{ hasNextPage endCursor }} }}"
        if self.of is None or self.within:
            for step in reversed(self.within):
                page = f"step: {step} {{ {page} }}"
            return f"{{ {page} }}"
        return f"query ($id: ID!) {{ node(id: $id) {{ ... on {self.of} {{ {page} }} }} }}"

    def page(self, world: World, id: str | None, **asked: Any) -> Any:
        told = world.officer.ask(self.query(**asked), **({"id": id} if id else {}))
        for _ in self.within:
            told = told["step"][0] if isinstance(told["step"], list) else told["step"]
        return (told if self.of is None or self.within else told["node"])["page"]

    def refused(self, world: World, id: str | None, **asked: Any) -> str:
        return world.officer.error(self.query(**asked), **({"id": id} if id else {}))

    def __str__(self) -> str:
        return f"{self.of}.{self.name}" if self.of else self.name


def lists(kind: GraphQLObjectType | GraphQLInterfaceType, of: str | None = None) -> Iterator[List]:
    for name, field in kind.fields.items():
        if not {"first", "after"} <= field.args.keys():
            continue
        given = []
        for argument, described in field.args.items():
            if is_required_argument(described):
                known = ARGUMENTS.get(f"{name}.{argument}") or ARGUMENTS.get(argument)
                if known is None:
                    pytest.fail(f"say in ARGUMENTS what `{name}` is asked with as `{argument}`")
                given.append(f"{argument}: {known}")
        yield List(name, " ".join(given), tuple(orders(field.args)), of)


def orders(arguments: Mapping[str, Any]) -> Iterator[str]:
    if "orderBy" in arguments:
        order = get_named_type(arguments["orderBy"].type)
        assert isinstance(order, GraphQLInputObjectType)
        field = get_named_type(order.fields["field"].type)
        assert isinstance(field, GraphQLEnumType)
        yield from (f"orderBy: [{{field: {name}, direction: {to}}}]" for name in field.values for to in ("ASC", "DESC"))
    if "newestFirst" in arguments:
        yield "newestFirst: true"


def every() -> Iterator[List]:
    assert SCHEMA.query_type is not None
    yield from lists(SCHEMA.query_type)
    for node in NODES:
        kind = SCHEMA.get_type(node.__name__)
        assert isinstance(kind, GraphQLObjectType)
        yield from lists(kind, kind.name)
    nodes = {"Query", "Snapshot", *(node.__name__ for node in NODES)}
    for kind in SCHEMA.type_map.values():
        if isinstance(kind, GraphQLObjectType) and kind.name not in nodes:
            for found in lists(kind, kind.name):
                if kind.name not in WITHIN:
                    pytest.fail(f"say in WITHIN by which fields a {kind.name} is reached, which has {found.name}")
                yield replace(found, within=WITHIN[kind.name])


FOUND = 'explainFinding(finding: {gap: {region: "WEST-AFRICA", workingGroup: "NRCTS"}})'
CELL = ('coverage(regions: ["WEST-AFRICA"], workingGroups: ["NRCTS"])', "cells(first: 1)", "edges", "node")
WITHIN: Mapping[str, tuple[str, ...]] = {
    "LogisticsVersion": ('retreat(code: "R-OPEN")', "logistics"),
    "AttendanceList": ('attendance(retreat: "R-SESSION")',),
    "ActionPlan": ("actionPlan",),
    "Coverage": ("coverage",),
    "CoverageCell": CELL,
    "Overlap": ("overlaps(first: 1)", "edges", "node"),
    "Finding": (FOUND,),
    "FrameworkCoverage": ("frameworkCoverage(first: 1)", "edges", "node"),
    "ClauseCoverage": ("frameworkCoverage(first: 1)", "edges", "node", "clauses(first: 1)", "edges", "node"),
    "StageInvolvement": ("involvement(first: 1, filter: {kind: {eq: UN_ENTITY}})", "edges", "node", "stages"),
    "Comparison": ('comparison(from: {position: "1"})',),
}
"""The fields that lead to something without an id that has lists of its own; of several, the first is taken."""
LISTS = list(every())
each = pytest.mark.parametrize("list_", LISTS, ids=str)
OTHERS: Mapping[str, UUID | str] = {
    "WorkingGroup": "NRCTS",
    "Framework": "A-RES-77-298",
    "Clause": "A-RES-77-298-FIELD",
    "BodyEntry": "CC",
    "CapacityGap": "GAP-S-RUNNING",
    "GoodPractice": "GP-S-RUNNING",
    "EntitySeats": "R-OPEN/UNODC",
    "Places": Places.key("R-OPEN", Mode.IN_PERSON),
    "AgendaItem": AgendaItem.key("M-SITTING", "ITEM-1"),
    "Indicator": "IND-INI-OTHER",
    "ActionPoint": uuid5(CoordinationMeeting.identify("M-SITTING"), "action:AP-1"),
}
"""Things with lists of their own that the world holds beside those that commands are given to."""


def subjects(list_: List, world: World) -> list[str | None]:
    """The things whose list it is; one without an id is of no thing."""
    if list_.of is None or list_.within:
        return [None]
    known = [thing.id for thing in world.of(list_.of)]
    if not known and list_.of not in OTHERS:
        pytest.fail(f"say in OTHERS which {list_.of} there is")
    return [*known] or [GlobalId(list_.of, OTHERS[list_.of]).opaque]


@each
def test_pages_meet_each_entry_once_in_every_order(list_: List, world: World) -> None:
    for id in subjects(list_, world):
        for order in ("", *list_.orders):
            whole = [edge["cursor"] for edge in list_.page(world, id, first=100, order=order)["edges"]]
            met: list[str] = []
            page = {"hasNextPage": True, "endCursor": None}
            while page["hasNextPage"] and len(met) < len(whole):
                told = list_.page(world, id, first=max(2, len(whole) // 3), after=page["endCursor"], order=order)
                page = told["pageInfo"]
                met += [edge["cursor"] for edge in told["edges"]]
            assert met[: len(whole)] == whole
            assert len(set(met)) == len(met)


@each
def test_a_page_is_of_no_more_than_a_hundred(list_: List, world: World) -> None:
    id = subjects(list_, world)[0]
    assert list_.page(world, id, first=0)["edges"] == []
    assert [list_.refused(world, id, first=first) for first in (-1, 101)] == ["INVALID_INPUT"] * 2


@each
def test_a_cursor_is_one_of_this_list_in_this_order(list_: List, world: World) -> None:
    id = subjects(list_, world)[0]
    (edge,) = world.officer.ask("{ frameworks(first: 1) { edges { cursor } } }")["frameworks"]["edges"]
    foreign = "" if list_.name in CATALOGUED else edge["cursor"]
    ends = {order: list_.page(world, id, first=1, order=order)["pageInfo"]["endCursor"] for order in list_.orders}
    for bad in filter(None, ("no cursor", "bm8gY3Vyc29y", "W10", foreign)):
        assert list_.refused(world, id, first=1, after=bad) == "BAD_CURSOR", bad
    for made, asked in pairwise(list_.orders):
        if ends[made]:
            assert list_.refused(world, id, first=1, after=ends[made], order=asked) == "BAD_CURSOR", (made, asked)


CATALOGUED = {"frameworkCoverage", "regions", "workingGroups", "frameworks", "bodies", "clauses"}
"""Lists of one order of catalogue entries: a cursor of one stands for a code in the others too."""


NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


@pytest.mark.parametrize("kind", [node.__name__ for node in NODES])
def test_what_is_not_there_is_null_by_whatever_key(kind: str, world: World) -> None:
    for key in (uuid4(), "NO-SUCH-THING", "R-OPEN", "R-OPEN/NOBODY", "no/such/thing"):
        for at in (None, Position(100)):
            if f"{kind} {key}" not in map(str, world.things):
                assert world.officer.ask(NODE, id=GlobalId(kind, key, at=at).opaque) == {"node": None}, key


def test_an_id_of_no_type_of_ours_is_null_and_one_of_no_form_is_refused(world: World) -> None:
    assert world.officer.ask(NODE, id=GlobalId("Nothing", "R-OPEN").opaque) == {"node": None}
    for id in ("R-OPEN", "not an id", "", "x" * 301, GlobalId("Retreat", "R-OPEN").opaque + "A"):
        assert world.officer.error(NODE, id=id) == "INVALID_INPUT", id
    assert world.officer.error(NODE, id=GlobalId("Retreat", "R-OPEN", at=Position(2**40)).opaque) == "POSITION_UNKNOWN"
    many = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert world.officer.error(many, ids=[GlobalId("Retreat", "R-OPEN").opaque] * 101) in (
        "INVALID_INPUT",
        "COST_LIMIT",
    )
