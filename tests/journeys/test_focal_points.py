"""Focal points through the API: who speaks for whom, who learns how to reach them, and how one follows another."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from compact_domain.kernel import Role
from compact_infra import Identity, Settings
from tests.client import Client
from tests.conftest import Service, running

START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
TERM = {"startsOn": "2031-03-01", "endsOn": "2031-12-31"}
PERSON = "person { subject name email phone title }"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A demonstration whose clock stands at the beginning of March 2031."""
    with running(new_settings(demonstration=True)) as started:
        prepare(started)
        yield started


@pytest.fixture
def later(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A demonstration of the test's own, whose clock it may move."""
    with running(new_settings(demonstration=True)) as started:
        prepare(started)
        yield started


def prepare(service: Service) -> None:
    service.compact.store.set_clock(START)
    for code, kind, regions in (
        ("AU", "REGIONAL_ORGANIZATION", ["WEST-AFRICA", "EAST-AFRICA"]),
        ("ECOWAS", "REGIONAL_ORGANIZATION", ["WEST-AFRICA"]),
        ("SCO", "REGIONAL_ORGANIZATION", ["CENTRAL-ASIA"]),
        ("UNODC", "UN_ENTITY", ["WEST-AFRICA"]),
    ):
        service.officer.do(
            "organizationRegister", {"code": code, "names": {"en": code}, "kind": kind, "regions": regions}
        )


@pytest.fixture
def officer(service: Service) -> Client:
    return service.officer


@pytest.fixture
def reader(service: Service) -> Client:
    return service.as_(Role.READER)


def person(name: str) -> dict[str, str]:
    return {
        "name": name.title(),
        "email": f"{name}@example.org",
        "phone": "+221338490000",
        "title": "Programme officer",
    }


def nomination(name: str, organization: str = "ECOWAS", **changed: Any) -> dict[str, Any]:
    return {
        "organization": organization,
        "expectedVersion": None,
        "person": person(name),
        "regions": ["WEST-AFRICA"],
        "nominationLetter": "ECW/2031/17",
        **TERM,
        **changed,
    }


def nominate(client: Client, name: str, organization: str = "ECOWAS", **changed: Any) -> str:
    done = client.do("focalPointNominate", nomination(name, organization, **changed), select="focalPoint { id }")
    id: str = done["focalPoint"]["id"]
    return id


def registered(officer: Client) -> str:
    """A regional organization of the test's own."""
    code = f"ORG-{next(numbers)}"
    officer.do(
        "organizationRegister",
        {"code": code, "names": {"en": code}, "kind": "REGIONAL_ORGANIZATION", "regions": ["WEST-AFRICA"]},
    )
    return code


def confirmed(officer: Client, name: str, organization: str, **changed: Any) -> str:
    id = nominate(officer, name, organization, **changed)
    officer.do("focalPointConfirm", {"id": id})
    return id


def read(client: Client, id: str, what: str) -> Any:
    return client.ask(f"query ($id: ID!) {{ node(id: $id) {{ ... on FocalPoint {{ {what} }} }} }}", id=id)["node"]


def as_person(service: Service, id: str, *, alternate: bool = False) -> Client:
    """The focal point, or its alternate, signed in."""
    found = read(service.officer, id, f"{PERSON} alternates {{ subject }}")
    subject = found["alternates"][0]["subject"] if alternate else found["person"]["subject"]
    return service.of(Identity(subject=UUID(subject)))


def details(answer: dict[str, Any]) -> dict[str, str]:
    """The numbers behind a refusal."""
    return {detail["name"]: detail["value"] for detail in answer["details"]}


def vacancies(client: Client, organization: str) -> list[Any]:
    found = client.ask(
        """query ($o: Code!) { focalPointVacancies(filter: {organization: {eq: $o}}) { totalCount edges { node {
           organization { code } region { code } since nominations filledFrom } } } }""",
        o=organization,
    )["focalPointVacancies"]
    assert found["totalCount"] == len(found["edges"])
    return [(n["region"]["code"], n["since"], n["nominations"]) for n in (edge["node"] for edge in found["edges"])]


def test_a_focal_point_is_nominated_by_its_organization_and_confirmed(service: Service, officer: Client) -> None:
    own = service.as_(Role.ENTITY_REPRESENTATIVE, "ECOWAS")
    assert vacancies(own, "ECOWAS") == [("WEST-AFRICA", None, 0)]
    id = nominate(own, "awa", workingGroups=["BMLE"])
    assert own.refused("focalPointConfirm", {"id": id}) == "FORBIDDEN"
    assert service.as_(Role.ENTITY_REPRESENTATIVE, "SCO").refused("focalPointNominate", nomination("x")) == "FORBIDDEN"
    assert vacancies(own, "ECOWAS") == [("WEST-AFRICA", None, 1)]
    officer.do("focalPointConfirm", {"id": id})
    assert vacancies(own, "ECOWAS") == []
    assert read(
        service.as_(Role.READER),
        id,
        f"state acts startsOn endsOn organization {{ code }} regions {{ code }} workingGroups {{ code }} {PERSON}"
        " nominationLetter confirmedOn",
    ) == {
        "state": "CONFIRMED",
        "acts": True,
        "startsOn": "2031-03-01",
        "endsOn": "2031-12-31",
        "organization": {"code": "ECOWAS"},
        "regions": [{"code": "WEST-AFRICA"}],
        "workingGroups": [{"code": "BMLE"}],
        "person": {
            "subject": read(officer, id, PERSON)["person"]["subject"],
            "name": None,
            "email": None,
            "phone": None,
            "title": None,
        },
        "nominationLetter": None,
        "confirmedOn": "2031-03-03",
    }
    powers = as_person(service, id).ask("{ me { organization roles { role scope regions } } }")["me"]
    assert powers == {
        "organization": "ECOWAS",
        "roles": [{"role": "REGIONAL_FOCAL_POINT", "scope": "ECOWAS", "regions": ["WEST-AFRICA"]}],
    }


def test_names_are_told_to_those_who_have_to_reach_them(service: Service, officer: Client) -> None:
    organization = registered(officer)
    id = nominate(officer, "fanta", organization)
    other = as_person(service, confirmed(officer, "timur", registered(officer)))

    def told(client: Client) -> tuple[str | None, ...]:
        found = read(client, id, PERSON)["person"]
        return found["name"], found["email"], found["phone"]

    whole = ("Fanta", "fanta@example.org", "+221338490000")
    assert told(other) == (None, None, None), "not confirmed yet"
    officer.do("focalPointConfirm", {"id": id})
    assert told(officer) == told(service.as_(Role.AUDITOR)) == whole
    assert told(service.as_(Role.ENTITY_REPRESENTATIVE, organization)) == whole
    assert told(other) == ("Fanta", "fanta@example.org", None)
    for stranger in (Role.READER, Role.ENTITY_REPRESENTATIVE):
        scope = "UNODC" if stranger is Role.ENTITY_REPRESENTATIVE else None
        assert told(service.as_(stranger, scope)) == (None, None, None)


def test_an_organization_has_one_confirmed_focal_point_in_a_region(officer: Client) -> None:
    organization = registered(officer)
    confirmed(officer, "moussa", organization)
    second = nominate(officer, "aissatou", organization, regions=["WEST-AFRICA", "EAST-AFRICA"])
    refused = officer.give("focalPointConfirm", {"id": second})
    assert refused["rule"] == "focal_point.region"
    assert details(refused) == {
        "organization": organization,
        "region": "WEST-AFRICA",
        "held_until": "2031-12-31",
    }
    elsewhere = confirmed(officer, "ali", organization, regions=["EAST-AFRICA"])
    assert read(officer, elsewhere, "state")["state"] == "CONFIRMED"


def test_the_same_nomination_twice_is_one(officer: Client) -> None:
    organization = registered(officer)
    id = nominate(officer, "binta", organization)
    assert nominate(officer, "binta", organization) == id
    refused = officer.give("focalPointNominate", nomination("binta", organization, endsOn="2032-12-31"))
    assert (refused["rule"], refused["allowed"]) == (
        "focal_point.nominated",
        ["focalPointConfirm", "focalPointDecline"],
    )
    assert officer.refused("focalPointNominate", nomination("dede", organization, endsOn="2031-01-01")) == (
        "focal_point.term"
    )
    without = nomination("efua", organization)
    del without["expectedVersion"]
    assert officer.refused("focalPointNominate", without) == "INVALID_INPUT"


def test_a_nomination_comes_to_nothing_with_a_reason_for_those_concerned(service: Service, officer: Client) -> None:
    organization = registered(officer)
    id = nominate(officer, "gaston", organization)
    assert officer.refused("focalPointDecline", {"id": id}) == "reason.required"
    officer.do("focalPointDecline", {"id": id, "reason": "has left the service"})
    assert officer.refused("focalPointConfirm", {"id": id}) == "state"
    history = "history(first: 9) { edges { node { type reason } } }"
    assert read(officer, id, history)["history"]["edges"][-1]["node"]["reason"] == "has left the service"
    told = read(service.as_(Role.READER), id, f"state {history}")
    assert told["state"] == "DECLINED"
    assert told["history"]["edges"][-1]["node"] == {"type": "focal_point.declined", "reason": None}


def test_an_alternate_shares_the_powers_but_not_the_function(service: Service, officer: Client) -> None:
    organization = registered(officer)
    id = confirmed(officer, "hawa", organization)
    as_person(service, id).do("focalPointDesignateAlternate", {"id": id, "person": person("issa")})
    assert officer.refused("focalPointDesignateAlternate", {"id": id, "person": person("hawa")}) == (
        "focal_point.alternate"
    )
    alternate = as_person(service, id, alternate=True)
    assert alternate.ask("{ me { roles { role scope } } }")["me"]["roles"] == [
        {"role": "REGIONAL_FOCAL_POINT", "scope": organization}
    ]
    assert alternate.refused("focalPointVacate", {"id": id, "reason": "?"}) == "focal_point.by_alternate"
    assert alternate.refused("focalPointHandOver", {"id": id, "successor": person("x")}) == "focal_point.by_alternate"
    assert read(alternate, id, "allowedCommands")["allowedCommands"] == ["focalPointUpdateContact"]
    assert set(read(as_person(service, id), id, "allowedCommands")["allowedCommands"]) == {
        "focalPointDesignateAlternate",
        "focalPointRemoveAlternate",
        "focalPointUpdateContact",
        "focalPointHandOver",
        "focalPointVacate",
    }
    subject = read(officer, id, "alternates { subject name }")["alternates"][0]
    assert subject["name"] == "Issa"
    officer.do("focalPointRemoveAlternate", {"id": id, "alternate": subject["subject"]})
    assert read(officer, id, "alternates { name }")["alternates"] == []
    assert alternate.ask("{ me { roles { role } } }")["me"]["roles"] == []


def test_the_function_is_handed_over_in_one_step_with_its_open_work(service: Service, officer: Client) -> None:
    organization = registered(officer)
    id = confirmed(officer, "kadiatou", organization)
    officer.do("focalPointDesignateAlternate", {"id": id, "person": person("lamine")})
    kadiatou = as_person(service, id)
    waiting = nominate(kadiatou, "mariama", organization, regions=["EAST-AFRICA"])
    done = kadiatou.do(
        "focalPointHandOver",
        {"id": id, "successor": person("ngozi"), "nominationLetter": "ECW/2031/40", "endsOn": "2032-06-30"},
        select="focalPoint { id state handOver { successor { id } moved { kind item } } }",
    )
    positions = [int(event["position"]) for event in done["events"]]
    assert [event["type"] for event in done["events"]] == [
        "focal_point.handed_over",
        "focal_point.nominated",
        "focal_point.confirmed",
        "focal_point.alternate_designated",
    ]
    assert positions == list(range(positions[0], positions[0] + 4))
    assert service.compact.settle()
    successor = done["focalPoint"]["handOver"]["successor"]["id"]
    assert read(officer, successor, f"state startsOn endsOn {PERSON} alternates {{ name }} predecessor {{ id }}") == {
        "state": "CONFIRMED",
        "startsOn": "2031-03-03",
        "endsOn": "2032-06-30",
        "person": read(officer, successor, PERSON)["person"],
        "alternates": [{"name": "Lamine"}],
        "predecessor": {"id": id},
    }
    moved = "handOver { handedOverAt moved { kind reference item } }"
    told = read(officer, id, f"state endedOn {moved}")
    assert (told["state"], told["endedOn"]) == ("HANDED_OVER", "2031-03-03")
    assert [(item["kind"], item["item"]) for item in told["handOver"]["moved"]] == [("focal_point", None)]
    assert read(service.as_(Role.READER), id, moved)["handOver"]["moved"] is None
    assert kadiatou.ask("{ me { roles { role } } }")["me"]["roles"] == []
    types = read(officer, waiting, "history { edges { node { type } } }")["history"]["edges"]
    assert [edge["node"]["type"] for edge in types] == ["focal_point.nominated", "focal_point.nomination_taken_over"]
    assert vacancies(officer, organization) == []
    repeated = officer.give("focalPointHandOver", {"id": id, "successor": person("ngozi")})
    assert repeated["events"] == []
    assert officer.refused("focalPointHandOver", {"id": id, "successor": person("omar")}) == "state"


def test_who_leaves_leaves_a_vacancy(service: Service, officer: Client, reader: Client) -> None:
    organization = registered(officer)
    id = confirmed(officer, "penda", organization)
    own = as_person(service, id)
    assert own.refused("focalPointVacate", {"id": id}) == "reason.required"
    own.do("focalPointVacate", {"id": id, "reason": "another post"})
    assert vacancies(reader, organization) == [("WEST-AFRICA", "2031-03-03", 0)]
    ahead = confirmed(officer, "quentin", organization, startsOn="2031-05-01")
    assert read(reader, ahead, "state acts") == {"state": "CONFIRMED", "acts": False}
    found = reader.ask(
        """query ($o: Code!) { focalPointVacancies(filter: {organization: {eq: $o}}) { edges { node {
           filledFrom } } } }""",
        o=organization,
    )
    assert found["focalPointVacancies"]["edges"] == [{"node": {"filledFrom": "2031-05-01"}}]


def test_a_focal_point_for_all_regions_fills_each(officer: Client) -> None:
    assert vacancies(officer, "AU") == [("EAST-AFRICA", None, 0), ("WEST-AFRICA", None, 0)]
    assert (
        officer.refused("focalPointNominate", nomination("rokia", "AU", regions=["GLOBAL", "WEST-AFRICA"]))
        == "INVALID_INPUT"
    )
    confirmed(officer, "rokia", "AU", regions=["GLOBAL"])
    assert vacancies(officer, "AU") == []


def test_vacancies_are_paged_by_organization_and_region(officer: Client) -> None:
    codes = sorted(registered(officer) for _ in range(3))
    query = """query ($o: [Code!], $first: Int!, $after: String) {
        focalPointVacancies(filter: {organization: {in: $o}}, first: $first, after: $after) {
          totalCount pageInfo { endCursor hasNextPage } edges { node { organization { code } } } } }"""
    page = officer.ask(query, o=codes, first=2)["focalPointVacancies"]
    rest = officer.ask(query, o=codes, first=2, after=page["pageInfo"]["endCursor"])["focalPointVacancies"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (3, True, False)
    assert [e["node"]["organization"]["code"] for e in [*page["edges"], *rest["edges"]]] == codes


def test_contact_is_kept_up_to_date_for_the_same_person(service: Service, officer: Client) -> None:
    organization = registered(officer)
    id = confirmed(officer, "seydou", organization)
    version = read(officer, id, "version")["version"]
    moved = {**person("seydou"), "email": "seydou@africa.example", "title": "Director"}
    as_person(service, id).do("focalPointUpdateContact", {"id": id, "person": moved})
    told = read(officer, id, f"version {PERSON}")
    assert (told["version"], told["person"]["email"], told["person"]["title"]) == (
        version + 1,
        "seydou@africa.example",
        "Director",
    )
    confirmed(officer, "tidiane", registered(officer))
    taken = officer.give("focalPointUpdateContact", {"id": id, "person": person("tidiane")})
    assert taken["rule"] == "focal_point.contact"
    assert "tidiane" not in str(taken).casefold()


def test_a_term_is_extended_to_a_later_day(officer: Client) -> None:
    id = confirmed(officer, "ute", registered(officer))
    refused = officer.give("focalPointExtendTerm", {"id": id, "endsOn": "2031-06-30"})
    assert (refused["rule"], details(refused)["ends_on"]) == ("focal_point.extension", "2031-12-31")
    officer.do("focalPointExtendTerm", {"id": id, "endsOn": "2032-06-30"})
    assert read(officer, id, "endsOn")["endsOn"] == "2032-06-30"
    assert officer.refused("focalPointExtendTerm", {"id": "ECOWAS", "endsOn": "2033-06-30"}) == "NOT_FOUND"
    assert officer.ask("query ($id: ID!) { node(id: $id) { id } }", id="Rm9jYWxQb2ludDpFQ09XQVM") == {"node": None}, (
        "the global id FocalPoint:ECOWAS names nobody"
    )


def test_a_term_is_over_by_the_moment_alone(later: Service) -> None:
    officer = later.officer
    id = confirmed(officer, "vera", "SCO", regions=["CENTRAL-ASIA"])
    ngo = confirmed(officer, "wole", "ECOWAS", endsOn="2033-12-31")
    vera = as_person(later, id)
    query = """query ($f: FocalPointFilter) { head { position }
        focalPoints(filter: $f) { totalCount edges { node { id state acts endedOn } } } }"""
    in_term, over = ({"state": {"eq": state}} for state in ("CONFIRMED", "TERM_ENDED"))
    before = officer.ask(query, f={**in_term, "organization": {"eq": "SCO"}})
    assert [edge["node"]["id"] for edge in before["focalPoints"]["edges"]] == [id]

    later.compact.store.set_clock(datetime(2031, 12, 31, 23, 59, 58, tzinfo=UTC))
    assert read(officer, id, "state acts") == {"state": "CONFIRMED", "acts": True}
    later.compact.store.set_clock(datetime(2032, 1, 1, 0, 0, tzinfo=UTC))
    later.compact.clockwork.ring()
    later.compact.settle()

    ended = officer.ask(query, f=over)
    assert int(ended["head"]["position"]) == int(before["head"]["position"]) + 1
    assert ended == {
        "head": ended["head"],
        "focalPoints": {
            "totalCount": 1,
            "edges": [{"node": {"id": id, "state": "TERM_ENDED", "acts": False, "endedOn": "2031-12-31"}}],
        },
    }
    assert [e["node"]["id"] for e in officer.ask(query, f=in_term)["focalPoints"]["edges"]] == [ngo]
    assert vacancies(officer, "SCO") == [("CENTRAL-ASIA", "2031-12-31", 0)]
    assert vera.ask("{ me { roles { role } } }")["me"]["roles"] == []
    assert vera.refused("focalPointDesignateAlternate", {"id": id, "person": person("x")}) == "FORBIDDEN"
    assert officer.refused("focalPointHandOver", {"id": id, "successor": person("x")}) == "state"
    then = officer.ask(
        """query ($p: Position!) { snapshot(at: {position: $p}) {
           focalPoints(filter: {organization: {eq: "SCO"}, state: {eq: CONFIRMED}}) { edges { node { state } } }
           focalPointVacancies(filter: {organization: {eq: "SCO"}}) { totalCount } } }""",
        p=before["head"]["position"],
    )["snapshot"]
    assert then["focalPoints"]["edges"] == [{"node": {"state": "CONFIRMED"}}]
    assert then["focalPointVacancies"]["totalCount"] == 0
    next_one = nominate(officer, "xenia", "SCO", regions=["CENTRAL-ASIA"], startsOn="2032-01-01", endsOn="2032-12-31")
    done = officer.do("focalPointConfirm", {"id": next_one})
    assert [event["type"] for event in done["events"]] == ["focal_point.confirmed"]
    assert vacancies(officer, "SCO") == []


def test_focal_points_are_found_by_organization_region_and_working_group(later: Service) -> None:
    officer = later.officer
    one = confirmed(officer, "yaa", "ECOWAS", workingGroups=["BMLE", "PCVE"])
    two = confirmed(officer, "zara", "SCO", regions=["CENTRAL-ASIA"], workingGroups=["PCVE"], endsOn="2031-06-30")
    query = """query ($f: FocalPointFilter, $o: [FocalPointOrder!]) {
        focalPoints(filter: $f, orderBy: $o) { edges { node { id } } } }"""

    def found(**asked: Any) -> list[str]:
        return [edge["node"]["id"] for edge in later.as_(Role.READER).ask(query, **asked)["focalPoints"]["edges"]]

    assert found() == [one, two]
    assert found(f={"organization": {"eq": "SCO"}}) == [two]
    assert found(f={"region": {"eq": "WEST-AFRICA"}}) == [one]
    assert found(f={"workingGroup": {"eq": "PCVE"}}) == [one, two]
    assert found(f={"workingGroup": {"eq": "BMLE"}, "state": {"in": ["CONFIRMED", "NOMINATED"]}}) == [one]
    assert found(f={"state": {"eq": "VACATED"}}) == []
    assert found(f={"endsOn": {"to": "2031-07-01"}}) == [two]
    assert found(o=[{"field": "ENDS_ON"}]) == [two, one]
