"""The directory of organizations, from mutation to answer: who is who, now and then."""

from __future__ import annotations

from uuid import uuid4

import pytest

from compact_domain.kernel import Role
from tests.conftest import Service

ECOWAS = {
    "code": "ECOWAS",
    "names": {"en": "Economic Community of West African States"},
    "kind": "REGIONAL_ORGANIZATION",
    "regions": ["WEST-AFRICA"],
}


@pytest.fixture(autouse=True)
def ecowas(service: Service) -> None:
    service.officer.do("organizationRegister", {"idempotencyKey": "11111111-1111-4111-8111-111111111111", **ECOWAS})


def test_an_organization_is_read_by_whom_registered_it(service: Service) -> None:
    found = service.officer.ask('{ organization(code: "ECOWAS") { code names { en fr } kind regions version active } }')
    assert found["organization"] == {
        "code": "ECOWAS",
        "names": {"en": "Economic Community of West African States", "fr": None},
        "kind": "REGIONAL_ORGANIZATION",
        "regions": ["WEST-AFRICA"],
        "version": found["organization"]["version"],
        "active": True,
    }


def test_the_same_command_twice_is_once(service: Service) -> None:
    officer, key = service.officer, str(uuid4())
    given = {"idempotencyKey": key, "code": "SADC", "names": {"en": "SADC"}, "kind": "REGIONAL_ORGANIZATION"}
    first = officer.do("organizationRegister", given)
    again = officer.do("organizationRegister", given)
    assert (again["replayed"], again["position"], again["events"]) == (True, first["position"], first["events"])
    assert officer.refused("organizationRegister", {**given, "code": "SADC-2"}) == "IDEMPOTENCY_MISMATCH"


def test_the_past_is_answered_as_it_was_shown(service: Service) -> None:
    officer = service.officer
    before = officer.ask('{ head { position } organization(code: "ECOWAS") { id name } }')
    officer.do("organizationRename", {"id": "ECOWAS", "names": {"en": "ECOWAS Commission"}})
    query = """query ($p: Position!) {
        organization(code: "ECOWAS") { id name }
        snapshot(at: {position: $p}) { organization(code: "ECOWAS") { id name } }
    }"""
    found = officer.ask(query, p=before["head"]["position"])
    assert found["organization"]["name"] == "ECOWAS Commission"
    assert found["snapshot"]["organization"]["name"] == before["organization"]["name"]
    permalink = found["snapshot"]["organization"]["id"]
    assert permalink != found["organization"]["id"]
    node = officer.ask("query ($id: ID!) { node(id: $id) { id ... on Organization { name } } }", id=permalink)
    assert node["node"] == {"id": permalink, "name": before["organization"]["name"]}
    officer.do("organizationRename", {"id": "ECOWAS", "names": ECOWAS["names"]})


def test_a_reader_may_look_and_not_touch(service: Service) -> None:
    reader = service.as_(Role.READER)
    assert reader.ask('{ organization(code: "ECOWAS") { allowedCommands } }') == {
        "organization": {"allowedCommands": []}
    }
    assert reader.refused("organizationRename", {"id": "ECOWAS", "names": {"en": "Mine"}}) == "FORBIDDEN"


def test_a_stranger_learns_nothing(service: Service) -> None:
    assert service.of(None).error('{ organization(code: "ECOWAS") { code } }') == "FORBIDDEN"
    assert service.of(None).give("organizationDeactivate", {"id": "ECOWAS", "reason": "?"})["code"] == "FORBIDDEN"


def test_a_reason_is_asked_for_sealed_and_told(service: Service) -> None:
    officer = service.officer
    assert officer.refused("organizationDeactivate", {"id": "ECOWAS"}) == "reason.required"
    done = officer.do("organizationDeactivate", {"id": "ECOWAS", "reason": "merged into another"})
    history = officer.ask(
        '{ organization(code: "ECOWAS") { allowedCommands history(first: 100) { totalCount edges { node {'
        " type reason actor { roles } position } } } } }"
    )["organization"]
    last = history["history"]["edges"][-1]["node"]
    assert last == {
        "type": "organization.deactivated",
        "reason": "merged into another",
        "actor": {"roles": ["SECRETARIAT_OFFICER"]},
        "position": done["position"],
    }
    assert history["allowedCommands"] == ["organizationReactivate"]
    with service.compact.store.pool.connection() as connection:
        stored = connection.execute(service.compact.store.sql("select state from {s}.event")).fetchall()
    assert not any(b"merged into another" in state for (state,) in stored)
    officer.do("organizationReactivate", {"id": "ECOWAS"})


def test_what_changed_between_two_moments(service: Service) -> None:
    officer = service.officer
    start = officer.ask("{ head { position } }")["head"]["position"]
    officer.do("organizationSetRegions", {"id": "ECOWAS", "regions": ["WEST-AFRICA", "CENTRAL-ASIA"]})
    officer.do("organizationSetRegions", {"id": "ECOWAS", "regions": ["WEST-AFRICA"]})
    changes = officer.ask(
        "query ($p: Position!) { changes(from: {position: $p}) { totalCount edges { node { kind facts { type } } } } }",
        p=start,
    )["changes"]
    assert changes["totalCount"] == 1
    assert [edge["node"] for edge in changes["edges"]] == [
        {"kind": "organization", "facts": [{"type": "organization.regions_set"}] * 2}
    ]


def test_a_stale_version_is_refused(service: Service) -> None:
    officer = service.officer
    version = officer.ask('{ organization(code: "ECOWAS") { version } }')["organization"]["version"]
    stale = {"id": "ECOWAS", "names": {"en": "X"}, "expectedVersion": version - 1}
    answer = officer.give("organizationRename", stale)
    assert (answer["__typename"], answer["expected"], answer["actual"]) == ("VersionConflict", version - 1, version)
