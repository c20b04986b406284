"""Roles: granted, revoked and ended by fact; shown to those who administer and audit, and to everybody his own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from compact_api.context import Identity
from compact_domain.kernel import Role
from tests.client import Client
from tests.conftest import Service

GRANT = """role scope office validFrom validUntil revokedOn inForce organization { code }
    holder { id version person { subject name } }"""
ROLES = f"""query ($f: RoleFilter) {{ roles(filter: $f) {{ totalCount edges {{ node {{ {GRANT} }} }} }} }}"""
HOLDER = """holder { id version allowedCommands person { subject name }
    roles { edges { node { role scope validFrom validUntil revokedOn inForce } } } }"""
TODAY = datetime.now(UTC).date()


@pytest.fixture(autouse=True, scope="module")
def organizations(service: Service) -> None:
    for code in ("UNODC", "INTERPOL"):
        service.officer.do("organizationRegister", {"code": code, "names": {"en": code}, "kind": "UN_ENTITY"})


@pytest.fixture
def administrator(service: Service) -> Client:
    return service.as_(Role.SECRETARIAT_ADMINISTRATOR)


def grant(client: Client, name: str, role: str, **said: Any) -> dict[str, Any]:
    person = {"details": {"name": name, "email": f"{name.lower()}-{uuid4().hex[:6]}@example.org"}}
    holder: dict[str, Any] = client.do("roleGrant", {"person": person, "role": role, **said}, select=HOLDER)["holder"]
    return holder


def granted(client: Client, **filter: Any) -> list[dict[str, Any]]:
    return [edge["node"] for edge in client.ask(ROLES, f=filter)["roles"]["edges"]]


def test_a_granted_role_works_from_then_on(service: Service, administrator: Client) -> None:
    holder = grant(administrator, "Amina", "ENTITY_REPRESENTATIVE", scope="UNODC")
    amina = service.of(Identity(subject=holder["person"]["subject"]))
    assert amina.ask("{ me { organization roles { role scope } } }")["me"] == {
        "organization": "UNODC",
        "roles": [{"role": "ENTITY_REPRESENTATIVE", "scope": "UNODC"}],
    }
    assert granted(amina) == [
        {
            "role": "ENTITY_REPRESENTATIVE",
            "scope": "UNODC",
            "office": None,
            "validFrom": TODAY.isoformat(),
            "validUntil": None,
            "revokedOn": None,
            "inForce": True,
            "organization": {"code": "UNODC"},
            "holder": {
                "id": holder["id"],
                "version": 2,
                "person": {"subject": holder["person"]["subject"], "name": "Amina"},
            },
        }
    ]


def test_a_revoked_role_is_gone_and_its_grant_is_kept(service: Service, administrator: Client) -> None:
    holder = grant(administrator, "Boris", "AUDITOR")
    who = {"person": holder["person"]["subject"], "role": "AUDITOR"}
    assert administrator.refused("roleRevoke", {**who, "expectedVersion": None}) == "reason.required"
    then = administrator.ask("{ head { position } }")["head"]["position"]
    revoked = administrator.do(
        "roleRevoke", {**who, "expectedVersion": 2, "reason": "left the organization"}, select=HOLDER
    )["holder"]
    (ended,) = [edge["node"] for edge in revoked["roles"]["edges"]]
    assert (ended["inForce"], ended["revokedOn"], revoked["version"]) == (False, TODAY.isoformat(), 3)
    query = """query ($p: Position!, $who: UUID) { snapshot(at: {position: $p}) {
        roles(filter: {person: $who, inForce: {eq: true}}) { edges { node { revokedOn inForce } } } } }"""
    (before,) = administrator.ask(query, p=then, who=who["person"])["snapshot"]["roles"]["edges"]
    assert before["node"] == {"revokedOn": None, "inForce": True}
    assert granted(administrator, person=who["person"], inForce={"eq": True}) == []
    assert len(granted(administrator, person=who["person"], revoked={"eq": True})) == 1
    again = administrator.do("roleGrant", {"person": {"subject": who["person"]}, "role": "AUDITOR"}, select=HOLDER)
    assert [edge["node"]["inForce"] for edge in again["holder"]["roles"]["edges"]] == [False, True]


def test_why_a_role_was_revoked_is_for_the_person_and_the_secretariat(service: Service, administrator: Client) -> None:
    holder = grant(administrator, "Chidi", "READER")
    person = holder["person"]["subject"]
    second = administrator.do(
        "roleGrant", {"person": {"subject": person}, "role": "COMMITTEE_MEMBER", "scope": "INTERPOL"}
    )
    assert second["replayed"] is False
    given = {"person": person, "role": "READER", "expectedVersion": None, "reason": "was a mistake"}
    position = administrator.do("roleRevoke", given)["position"]
    query = '{ trail(filter: {type: {eq: "role.revoked"}}, newestFirst: true, first: 1) {'
    query += " edges { node { position reason } } } }"
    told = {}
    for who, client in (
        ("officer", service.officer),
        ("oneself", service.of(Identity(subject=person))),
        ("another", service.as_(Role.READER)),
    ):
        told[who] = [edge["node"] for edge in client.ask(query)["trail"]["edges"]]
    why = [{"position": position, "reason": "was a mistake"}]
    assert told == {"officer": why, "oneself": why, "another": []}


def test_everybody_sees_his_own_roles_and_only_some_see_all(service: Service, administrator: Client) -> None:
    holder = grant(administrator, "Dana", "READER")
    dana = service.of(Identity(subject=holder["person"]["subject"]))
    everybody = administrator.ask(ROLES, f=None)["roles"]["totalCount"]
    assert everybody > 2
    assert service.as_(Role.AUDITOR).ask(ROLES, f=None)["roles"]["totalCount"] >= everybody
    assert [node["holder"]["person"]["name"] for node in granted(dana)] == ["Dana"]
    assert granted(dana, role={"eq": "SECRETARIAT_OFFICER"}) == []
    node = "query ($id: ID!) { node(id: $id) { ... on RoleHolder { person { name } } } }"
    assert dana.ask(node, id=holder["id"])["node"] == {"person": {"name": "Dana"}}
    assert service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC").ask(node, id=holder["id"])["node"] is None
    assert service.of(None).error("{ roles { totalCount } }") == "FORBIDDEN"


def test_a_role_holds_on_its_days(service: Service, administrator: Client) -> None:
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    later = (TODAY + timedelta(days=30)).isoformat()
    holder = grant(administrator, "Emil", "READER", validFrom=tomorrow, validUntil=later)
    (coming,) = granted(administrator, person=holder["person"]["subject"])
    assert (coming["validFrom"], coming["validUntil"], coming["inForce"]) == (tomorrow, later, False)
    emil = {"person": {"subject": holder["person"]["subject"]}, "role": "READER"}
    answer = administrator.give("roleGrant", {**emil, "validFrom": later})
    assert (answer["rule"], {d["name"]: d["value"] for d in answer["details"]}) == (
        "role.held",
        {"valid_from": tomorrow, "valid_until": later},
    )
    query = "{ roles(orderBy: [{field: VALID_UNTIL}], first: 1) { edges { node { validUntil } } } }"
    assert administrator.ask(query)["roles"]["edges"] == [{"node": {"validUntil": later}}]


def test_what_cannot_be_granted_is_refused(service: Service, administrator: Client) -> None:
    somebody = {"person": {"details": {"name": "Fay", "email": "fay@example.org"}}}

    def rule(role: str, **said: Any) -> str:
        return administrator.refused("roleGrant", {**somebody, "role": role, **said})

    assert rule("PROCESS") == "role.not_grantable"
    assert rule("REGIONAL_FOCAL_POINT") == "role.not_grantable"
    assert rule("WORKING_GROUP_CHAIR", organization="UNODC") == "role.scope"
    assert rule("READER", scope="UNODC") == "role.scope"
    assert rule("ENTITY_REPRESENTATIVE", scope="NOBODY") == "NOT_FOUND"
    assert rule("READER", validFrom="2025-02-01", validUntil="2025-01-01") == "role.dates"
    holder = grant(administrator, "Gus", "READER")["person"]["subject"]
    revoking = {"person": holder, "role": "AUDITOR", "expectedVersion": None, "reason": "?"}
    assert administrator.refused("roleRevoke", revoking) == "role.not_granted"
    without = {key: value for key, value in revoking.items() if key != "expectedVersion"}
    assert administrator.give("roleRevoke", without)["fields"][0]["name"] == "expectedVersion"


def test_the_last_administrator_stays(own_service: Service) -> None:
    administrator = own_service.as_(Role.SECRETARIAT_ADMINISTRATOR)
    me = administrator.ask("{ me { subject } }")["me"]["subject"]
    given = {"person": me, "role": "SECRETARIAT_ADMINISTRATOR", "expectedVersion": None, "reason": "retiring"}
    assert administrator.refused("roleRevoke", given) == "role.last_administrator"


def test_only_an_administrator_grants_and_revokes(service: Service, administrator: Client) -> None:
    holder = grant(administrator, "Hana", "READER")
    who = {"person": holder["person"]["subject"], "role": "READER"}
    assert holder["allowedCommands"] == ["roleGrant", "roleRevoke"]
    query = "query ($id: ID!) { node(id: $id) { ... on RoleHolder { allowedCommands } } }"
    assert service.officer.ask(query, id=holder["id"])["node"] == {"allowedCommands": []}
    revoking = {**who, "expectedVersion": None, "reason": "?"}
    assert service.officer.refused("roleRevoke", revoking) == "FORBIDDEN"
    assert (
        service.officer.refused("roleGrant", {"person": {"subject": who["person"]}, "role": "AUDITOR"}) == "FORBIDDEN"
    )


def test_a_trial_grants_nothing(service: Service, administrator: Client) -> None:
    before = administrator.ask(ROLES, f=None)["roles"]["totalCount"]
    person = {"details": {"name": "Ivo", "email": "ivo@example.org"}}
    tried = administrator.do("roleGrant", {"person": person, "role": "READER", "dryRun": True}, select=HOLDER)
    assert (tried["dryRun"], tried["holder"]) == (True, None)
    assert administrator.ask(ROLES, f=None)["roles"]["totalCount"] == before
