"""Bodies: who sits in them and who leads them, since when; and that leading one gives the powers of a chair."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from compact_domain.kernel import Role
from tests.client import Client
from tests.conftest import Service

OFFICER = "office since person { subject name title } organization { code }"
BODY = f"""query ($code: Code!) {{ bodies(filter: {{code: {{eq: $code}}}}) {{ edges {{ node {{
    id code version kind retired allowedCommands
    chair {{ {OFFICER} }} coChairs {{ {OFFICER} }} viceChairs {{ {OFFICER} }}
    members {{ totalCount edges {{ node {{ membership since organization {{ code name }} }} }} }}
}} }} }} }}"""
AMINA = {"name": "Amina Diallo", "email": "amina@example.org", "title": "Chief of Section"}


def body(client: Client, code: str) -> dict[str, Any]:
    (edge,) = client.ask(BODY, code=code)["bodies"]["edges"]
    found: dict[str, Any] = edge["node"]
    return found


def members(found: dict[str, Any]) -> list[tuple[str, str]]:
    nodes = [edge["node"] for edge in found["members"]["edges"]]
    return [(node["organization"]["code"], node["membership"]) for node in nodes]


@pytest.fixture(autouse=True, scope="module")
def organizations(service: Service) -> None:
    for code in ("UNODC", "INTERPOL", "CTED"):
        service.officer.do("organizationRegister", {"code": code, "names": {"en": code}, "kind": "UN_ENTITY"})


@pytest.fixture
def seated(service: Service) -> str:
    """A body of the test's own, in which UNODC sits as a member and INTERPOL as an observer."""
    officer, code = service.officer, f"WG-{uuid4().hex[:8].upper()}"
    entry = {"kind": "BODY", "code": code, "names": {"en": f"Body {code}"}, "bodyKind": "WORKING_GROUP"}
    officer.do("catalogueAddEntry", entry)
    officer.do("bodyJoin", {"id": code, "organization": "UNODC"})
    officer.do("bodyJoin", {"id": code, "organization": "INTERPOL", "membership": "OBSERVER"})
    return code


def appoint(client: Client, code: str, **said: Any) -> dict[str, Any]:
    given = {"id": code, "person": {"details": AMINA}, "organization": "UNODC", **said}
    return client.do("bodyAppointChair", given, select=f"body {{ version chair {{ {OFFICER} }} }}")


def test_every_catalogued_body_is_there_before_anything_is_said_of_it(service: Service) -> None:
    found = body(service.officer, "CC")
    assert (found["kind"], found["version"], found["chair"], found["members"]) == (
        "COORDINATION_COMMITTEE",
        0,
        None,
        {"totalCount": 0, "edges": []},
    )
    assert found["allowedCommands"] == ["bodyAppointChair", "bodyReleaseChair", "bodyJoin", "bodyLeave"]
    listed = service.officer.ask("{ bodies(filter: {kind: {eq: COORDINATION_COMMITTEE}}) { totalCount } }")
    assert listed["bodies"]["totalCount"] == 1


def test_who_sits_in_a_body_is_told_with_the_day(service: Service, seated: str) -> None:
    officer = service.officer
    officer.do("bodyJoin", {"id": seated, "organization": "CTED", "effectiveOn": "2024-03-01"})
    found = body(officer, seated)
    assert members(found) == [("CTED", "MEMBER"), ("INTERPOL", "OBSERVER"), ("UNODC", "MEMBER")]
    assert found["members"]["edges"][0]["node"] == {
        "membership": "MEMBER",
        "since": "2024-03-01",
        "organization": {"code": "CTED", "name": "CTED"},
    }
    assert found["version"] == 4
    of_interpol = "query ($o: Code) { bodies(filter: {member: $o}) { edges { node { code } } } }"
    codes = [edge["node"]["code"] for edge in officer.ask(of_interpol, o="CTED")["bodies"]["edges"]]
    assert codes == [seated]


def test_a_past_moment_shows_who_sat_there_then(service: Service, seated: str) -> None:
    officer = service.officer
    then = officer.ask("{ head { position } }")["head"]["position"]
    officer.do("bodyLeave", {"id": seated, "organization": "INTERPOL"})
    assert members(body(officer, seated)) == [("UNODC", "MEMBER")]
    query = """query ($p: Position!, $code: Code!) { snapshot(at: {position: $p}) {
        bodies(filter: {code: {eq: $code}, member: "INTERPOL"}) { edges { node { version
            members { edges { node { organization { code } membership } } } } } } } }"""
    (edge,) = officer.ask(query, p=then, code=seated)["snapshot"]["bodies"]["edges"]
    assert (edge["node"]["version"], members(edge["node"])) == (3, [("INTERPOL", "OBSERVER"), ("UNODC", "MEMBER")])
    assert officer.refused("bodyLeave", {"id": seated, "organization": "CTED"}) == "body.not_in_body"


def test_a_chair_leads_until_released_and_has_the_powers_meanwhile(service: Service, seated: str) -> None:
    officer, administrator = service.officer, service.as_(Role.SECRETARIAT_ADMINISTRATOR)
    chair = appoint(officer, seated)["body"]["chair"]
    assert (chair["office"], chair["person"]["name"], chair["organization"]) == (
        "CHAIR",
        "Amina Diallo",
        {"code": "UNODC"},
    )
    amina = chair["person"]["subject"]
    roles = """query ($who: UUID, $scope: Code!) { roles(filter: {person: $who, scope: {eq: $scope}}) { edges { node {
        role office inForce revokedOn body { code } } } } }"""
    (granted,) = administrator.ask(roles, who=amina, scope=seated)["roles"]["edges"]
    assert granted["node"] == {
        "role": "WORKING_GROUP_CHAIR",
        "office": "CHAIR",
        "inForce": True,
        "revokedOn": None,
        "body": {"code": seated},
    }
    given = {"id": seated, "person": amina}
    released = officer.do("bodyReleaseChair", given, select="body { chair { since } }")
    assert released["body"]["chair"] is None
    (ended,) = administrator.ask(roles, who=amina, scope=seated)["roles"]["edges"]
    assert (ended["node"]["inForce"], ended["node"]["revokedOn"] is None) == (False, False)
    assert officer.give("bodyReleaseChair", given)["events"] == []


def test_co_chairs_and_vice_chairs_stand_beside_the_chair(service: Service, seated: str) -> None:
    officer = service.officer
    for n, office in enumerate(["CHAIR", "CO_CHAIR", "CO_CHAIR", "VICE_CHAIR"]):
        details = {"name": f"Person {n}", "email": f"person-{n}@example.org"}
        appoint(officer, seated, person={"details": details}, office=office, effectiveOn=f"2025-01-0{4 - n}")
    found = body(officer, seated)
    assert found["chair"]["person"]["name"] == "Person 0"
    assert [co["person"]["name"] for co in found["coChairs"]] == ["Person 2", "Person 1"]
    assert [vice["person"]["name"] for vice in found["viceChairs"]] == ["Person 3"]


def test_a_second_chair_is_refused_and_so_is_one_from_outside(service: Service, seated: str) -> None:
    officer = service.officer
    appoint(officer, seated)
    other = {"details": {"name": "Boris", "email": "boris@example.org"}}
    given = {"id": seated, "person": other, "organization": "UNODC"}
    refused = officer.give("bodyAppointChair", given)
    assert (refused["rule"], refused["allowed"]) == ("body.chair_taken", ["bodyReleaseChair"])
    assert officer.refused("bodyAppointChair", {**given, "organization": "INTERPOL"}) == "body.officer_of_member"
    assert officer.refused("bodyAppointChair", {**given, "person": {"details": AMINA}, "office": "CO_CHAIR"}) == (
        "body.one_office"
    )
    leaving = officer.give("bodyLeave", {"id": seated, "organization": "UNODC"})
    assert (leaving["rule"], {d["name"]: d["value"] for d in leaving["details"]}) == (
        "body.officer_of_member",
        {"organization": "UNODC", "officers": "1"},
    )


def test_names_of_officers_are_for_those_who_sit_there(service: Service, seated: str) -> None:
    appoint(service.officer, seated)
    shown = {
        "member": service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC"),
        "observer": service.as_(Role.ENTITY_REPRESENTATIVE, "INTERPOL"),
        "outsider": service.as_(Role.ENTITY_REPRESENTATIVE, "CTED"),
        "reader": service.as_(Role.READER),
        "auditor": service.as_(Role.AUDITOR),
        "co-chair": service.as_(Role.WORKING_GROUP_CHAIR, f"{seated}@UNODC"),
    }
    names = {who: body(client, seated)["chair"]["person"]["name"] for who, client in shown.items()}
    assert names == {
        "member": "Amina Diallo",
        "observer": "Amina Diallo",
        "outsider": None,
        "reader": None,
        "auditor": "Amina Diallo",
        "co-chair": "Amina Diallo",
    }


def test_nobody_joins_a_body_that_was_retired(service: Service, seated: str) -> None:
    officer = service.officer
    officer.do("catalogueRetireEntry", {"id": seated, "kind": "BODY", "reason": "its mandate ended"})
    found = body(officer, seated)
    assert (found["retired"], found["allowedCommands"]) == (True, ["bodyReleaseChair", "bodyLeave"])
    assert officer.refused("bodyJoin", {"id": seated, "organization": "CTED"}) == "catalogue.retired"
    officer.do("bodyLeave", {"id": seated, "organization": "INTERPOL"})


def test_a_body_is_reached_by_its_id_and_tells_its_history(service: Service, seated: str) -> None:
    officer = service.officer
    query = """query ($id: ID!) { node(id: $id) { ... on Body { code entry { id name version } workingGroup { code }
        history { edges { node { type } } } } } }"""
    found = officer.ask(query, id=body(officer, seated)["id"])["node"]
    assert (found["code"], found["entry"]["version"], found["workingGroup"]) == (seated, 1, None)
    assert [edge["node"]["type"] for edge in found["history"]["edges"]] == [
        "body.established",
        "body.joined",
        "body.joined",
    ]
    officer.do("catalogueRenameEntry", {"id": found["entry"]["id"], "names": {"en": "Renamed"}})
    assert officer.ask(query, id=body(officer, seated)["id"])["node"]["entry"]["name"] == "Renamed"


def test_a_stale_view_of_a_body_is_refused(service: Service, seated: str) -> None:
    answer = service.officer.give("bodyLeave", {"id": seated, "organization": "UNODC", "expectedVersion": 2})
    assert (answer["__typename"], answer["expected"], answer["actual"]) == ("VersionConflict", 2, 3)


def test_who_is_not_of_the_secretariat_only_reads(service: Service, seated: str) -> None:
    member = service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC")
    assert body(member, seated)["allowedCommands"] == []
    assert member.refused("bodyJoin", {"id": seated, "organization": "CTED"}) == "FORBIDDEN"
    assert member.refused(
        "bodyAppointChair", {"id": "NO-SUCH", "person": {"details": AMINA}, "organization": "X1"}
    ) in (
        "NOT_FOUND",
        "FORBIDDEN",
    )
