"""What everybody of the world has to do: it is theirs, they may do it, and it is found by an index."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from compact_api.ids import GlobalId
from compact_api.problems import mutation_name
from compact_domain.kernel import Actor, Concerns, Role, RoleHeld
from compact_domain.policy import decide
from compact_projections.duties import TABLE
from compact_projections.duties.lines import Duty
from tests.api.world import World
from tests.client import Client

QUERY = """query ($after: String) { today(first: 100, after: $after) {
  totalCount pageInfo { endCursor hasNextPage }
  edges { node {
    duty title why roles code reference since dueOn dueAt overdue organization { code } facts { name value }
    mutation alternatives rule subjectId permalink
    subject { __typename id version allowedCommands } } } } }"""
OF_ANOTHER = {
    "registration.nominate",
    "recommendation.propose",
    "focal_point.nominate",
    "coordination_meeting.convene",
    "coordination_meeting.add_item",
    "initiative.review_gap",
}
"""Commands that are not given to what they are about: whether they may be given the policy alone says."""


def everybody(world: World) -> dict[str, Client]:
    return {
        "administrator": world.administrator,
        "officer": world.officer,
        "UNODC": world.unodc,
        "INTERPOL": world.interpol,
        "UNDP": world.service.as_(Role.ENTITY_REPRESENTATIVE, "UNDP"),
        "committee": world.service.as_(Role.COMMITTEE_MEMBER, "UNDP"),
        "chair": world.as_person(world.one("CC").says["chair"]),
        "focal point": focal_point(world),
        "auditor": world.service.as_(Role.AUDITOR),
        "reader": world.reader,
    }


def focal_point(world: World) -> Client:
    query = """{ focalPoints(filter: {state: {eq: CONFIRMED}, region: {eq: "WEST-AFRICA"}}) {
        edges { node { person { subject } } } } }"""
    (edge,) = world.officer.ask(query)["focalPoints"]["edges"]
    return world.as_person(edge["node"]["person"]["subject"])


def items(client: Client) -> list[dict[str, Any]]:
    found = client.ask(QUERY)["today"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"] for edge in found["edges"]]


def me(client: Client) -> Actor:
    told = client.ask("{ me { subject organization roles { role scope regions } } }")["me"]
    return Actor(
        id=UUID(told["subject"]),
        organization=told["organization"],
        roles=tuple(
            RoleHeld(role=Role(held["role"].lower()), scope=held["scope"], regions=tuple(held["regions"]))
            for held in told["roles"]
        ),
    )


def test_what_one_is_to_do_one_may_do(world: World) -> None:
    for name, client in everybody(world).items():
        actor = me(client)
        for item in items(client):
            line = TABLE[Duty[item["duty"]]]
            assert item["mutation"] == mutation_name(line.command)
            own = Concerns(organizations=frozenset({item["organization"]["code"]} if item["organization"] else ()))
            if line.command in OF_ANOTHER:
                assert decide(actor, line.command, own), (name, item)
            else:
                assert {item["mutation"]} <= set(item["subject"]["allowedCommands"]), (name, item)
            assert item["subject"]["__typename"] == line.subject
            assert set(item["alternatives"]) <= {mutation_name(command) for command in line.alternatives}
            assert (item["title"], item["why"], item["rule"]) == (line.title, line.why, line.rule)
            assert {Role[role] for role in item["roles"]} == {held.role for held in actor.roles} & {
                role for role, _ in line.roles
            }


def test_the_order_is_by_what_is_due_then_by_age(world: World) -> None:
    for client in everybody(world).values():
        found = items(client)
        keys = [(item["dueAt"] or "9999", item["since"], item["duty"].lower(), item["reference"]) for item in found]
        assert keys == sorted(keys)
        assert len({(item["duty"], item["reference"]) for item in found}) == len(found)
        assert [item["overdue"] for item in found] == sorted((item["overdue"] for item in found), reverse=True)


def test_nobody_is_told_of_what_is_another_organization_s_to_do(world: World) -> None:
    for name, organization in (("UNODC", "UNODC"), ("INTERPOL", "INTERPOL"), ("UNDP", "UNDP"), ("committee", "UNDP")):
        found = items(everybody(world)[name])
        assert found
        assert {item["organization"]["code"] for item in found} == {organization}
    told = str(items(world.interpol))
    assert "UNODC" not in told
    assert "Person" not in str([items(client) for client in everybody(world).values()]), "nobody is named"


def test_who_gives_no_commands_has_nothing_to_do(world: World) -> None:
    assert [items(everybody(world)[name]) for name in ("auditor", "reader")] == [[], []]


def test_a_permalink_leads_to_the_thing_as_it_was(world: World) -> None:
    query = "query ($id: ID!) { node(id: $id) { __typename id ... on Subject { version } } }"
    for item in items(world.officer):
        told = world.officer.ask(query, id=item["permalink"])["node"]
        assert told == {
            "__typename": item["subject"]["__typename"],
            "id": item["permalink"],
            "version": item["subject"]["version"],
        }
        assert GlobalId.parse(item["permalink"]).key == GlobalId.parse(item["subjectId"]).key
        assert item["subject"]["id"] == item["subjectId"]


def test_those_who_see_all_are_told_what_others_have_to_do(world: World) -> None:
    query = """query ($r: Role, $o: Code, $b: Code) { today(role: $r, organization: $o, body: $b, first: 100) {
        edges { node { duty reference } } } }"""

    def told(client: Client, **asked: Any) -> list[Any]:
        return [tuple(edge["node"].values()) for edge in client.ask(query, **asked)["today"]["edges"]]

    persons = everybody(world)
    for name, asked in (
        ("UNODC", {"r": "ENTITY_REPRESENTATIVE", "o": "UNODC"}),
        ("UNDP", {"r": "ENTITY_REPRESENTATIVE", "o": "UNDP"}),
        ("committee", {"r": "COMMITTEE_MEMBER", "o": "UNDP"}),
        ("focal point", {"r": "REGIONAL_FOCAL_POINT", "o": "AU"}),
        ("chair", {"r": "WORKING_GROUP_CHAIR", "b": "CC"}),
    ):
        for client in (world.officer, persons["auditor"]):
            assert told(client, **asked) == told(persons[name]), name
        assert told(world.reader, **asked) == []
        if name != "UNODC":
            assert told(world.unodc, **asked) == []
    assert told(persons["auditor"], r="SECRETARIAT_OFFICER") == told(world.officer)
    assert told(persons["chair"], b="NRCTS") == []
    assert told(world.officer, r="REGIONAL_FOCAL_POINT", o="INTERPOL") == []
    for role in ("ENTITY_REPRESENTATIVE", "REGIONAL_FOCAL_POINT", "WORKING_GROUP_CHAIR"):
        assert world.officer.error(query, r=role) == "INVALID_INPUT"


def test_a_list_is_narrowed_to_an_organization_or_to_lines_of_the_table(world: World) -> None:
    query = """query ($o: Code, $d: [TodayDuty!]) { today(organization: $o, duties: $d, first: 100) {
        totalCount edges { node { duty organization { code } } } } }"""
    whole = items(world.officer)
    for organization in ("UNODC", "ECOWAS", "INTERPOL"):
        found = world.officer.ask(query, o=organization)["today"]
        kept = [item for item in whole if item["organization"] == {"code": organization}]
        assert [edge["node"]["duty"] for edge in found["edges"]] == [item["duty"] for item in kept]
        assert found["totalCount"] == len(kept)
    assert world.unodc.ask(query, o="UNDP")["today"]["totalCount"] == 0
    of = {"LEAD", "PROPOSAL"}
    found = world.officer.ask(query, d=sorted(of))["today"]["edges"]
    assert [edge["node"]["duty"] for edge in found] == [item["duty"] for item in whole if item["duty"] in of]
    assert world.officer.ask(query, d=["TEXT"])["today"]["totalCount"] == 0, "that is not for the secretariat"
