"""Retreats through the API: planned in private, announced, prepared in versions, held, and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from compact_api.context import Identity
from compact_domain.kernel import Role
from compact_infra import Settings
from tests.client import Client
from tests.conftest import Service, running

START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
LOGISTICS = {
    "format": "HYBRID",
    "contact": "GlobalCompact-committee@un.org",
    "venue": {"place": "United Nations Headquarters, New York", "room": "Conference Room 8"},
    "platform": "WebEx",
}
OTHER_ROOM = {**LOGISTICS, "venue": {"place": "United Nations Headquarters, New York", "room": "Conference Room 4"}}
PLAN = {
    "series": "Counter-Terrorism Compact Retreat",
    "edition": 1,
    "title": "Counter-Terrorism Compact Retreat",
    "theme": "Strengthening partnerships with regional organizations",
    "startsOn": "2031-06-25",
    "endsOn": "2031-06-25",
    "zone": "America/New_York",
    "logistics": LOGISTICS,
    "inPersonLink": "https://webex.example/in-person",
    "virtualLink": "https://webex.example/virtual",
    "objectives": ["Name the capacity gaps of each region."],
}
DEADLINE = "2031-06-20T23:59:00-04:00"
OPENING = {
    "session": "OPENING",
    "title": "High-level opening segment",
    "startsAt": "2031-06-25T10:00:00-04:00",
    "endsAt": "2031-06-25T11:00:00-04:00",
}
FIRST = {
    "session": "SESSION-1",
    "title": "Capacity-building challenges at the regional level",
    "startsAt": "2031-06-25T11:00:00-04:00",
    "endsAt": "2031-06-25T13:00:00-04:00",
    "room": "Conference Room 8",
}
ACT = {"body": "CC", "meeting": "CC-12", "number": "3", "decidedOn": "2031-03-01", "method": "CONSENSUS"}
REPORT = {"position": "1", "contentDigest": "a" * 64, "fileDigest": "b" * 64}
PRESS = {"kind": "PRESS_RELEASE", "channel": "UNOCT_WEBSITE", "title": "The retreat was held", "text": "In New York."}


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A demonstration whose clock stands at the beginning of March 2031; tests move it forward by a few days."""
    with running(new_settings(demonstration=True)) as started:
        started.compact.store.set_clock(START)
        for code, kind, status in (
            ("ECOWAS", "REGIONAL_ORGANIZATION", "NONE"),
            ("SADC", "REGIONAL_ORGANIZATION", "NONE"),
            ("UNODC", "UN_ENTITY", "MEMBER"),
        ):
            started.officer.do(
                "organizationRegister",
                {"code": code, "names": {"en": code}, "kind": kind, "compactStatus": status},
            )
        yield started


@pytest.fixture
def officer(service: Service) -> Client:
    return service.officer


@pytest.fixture
def reader(service: Service) -> Client:
    return service.as_(Role.READER)


@pytest.fixture
def ecowas(service: Service) -> Client:
    return service.as_(Role.ENTITY_REPRESENTATIVE, "ECOWAS")


def move_clock(service: Service, at: datetime) -> None:
    """Move the clock of the demonstration, and have the service look at it: no fact tells that it jumped."""
    service.compact.store.set_clock(at)
    assert datetime.fromisoformat(service.officer.ask("{ head { now } }")["head"]["now"]) >= at


def plan(officer: Client, code: str, **changed: Any) -> str:
    officer.do("retreatPlan", {"code": code, **PLAN, **changed})
    return code


def announced(officer: Client, code: str, **changed: Any) -> str:
    plan(officer, code, **changed)
    officer.do("retreatAnnounce", {"id": code})
    return code


def scheduled(officer: Client, code: str, retreat: str) -> None:
    """A session of a retreat, which an agenda may name."""
    session = {"retreat": retreat, "code": code, "title": "Session", "kind": "THEMATIC", "expectedVersion": None}
    times = {"startsAt": "2031-06-25T10:00:00-04:00", "endsAt": "2031-06-25T11:00:00-04:00"}
    officer.do("sessionSchedule", {**session, **times})


def with_registration(officer: Client, code: str, deadline: str = DEADLINE, **changed: Any) -> str:
    announced(officer, code, **changed)
    officer.do("retreatSetSeatRules", {"id": code, "inPersonPlaces": 100})
    officer.do("retreatOpenRegistration", {"id": code, "deadline": deadline})
    return code


def held(officer: Client, code: str) -> str:
    with_registration(officer, code)
    officer.do("retreatOpen", {"id": code})
    officer.do("retreatConclude", {"id": code})
    return code


def nomination(retreat: str, name: str, mode: str = "IN_PERSON") -> dict[str, Any]:
    return {
        "retreat": retreat,
        "expectedVersion": None,
        "organization": "UNODC",
        "category": "DELEGATE",
        "mode": mode,
        "person": {"name": name, "email": f"{name.lower()}@{retreat.lower()}.example"},
    }


def nominated(client: Client, retreat: str, name: str, mode: str = "IN_PERSON") -> dict[str, Any]:
    told: dict[str, Any] = client.do(
        "registrationNominate",
        nomination(retreat, name, mode),
        select="registration { id person { subject } }",
    )["registration"]
    return told


def seen(client: Client, code: str, select: str) -> Any:
    return client.ask(f"query ($code: Code!) {{ retreat(code: $code) {{ {select} }} }}", code=code)["retreat"]


def nodes(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def numbers(refusal: dict[str, Any]) -> dict[str, str]:
    return {detail["name"]: detail["value"] for detail in refusal["details"]}


def test_a_retreat_is_read_as_it_was_planned(officer: Client) -> None:
    plan(officer, "PLAN-1")
    select = """code series edition title theme objectives startsOn endsOn zone format state announced
        registrationOpen registrationDeadline { at } seatRules { delegates } agenda { number }
        logistics { number format contact venue { place room } platform information changes { field } }
        communications { totalCount } summaryReports { totalCount } actionPlans { totalCount }"""
    plain = {name: value for name, value in PLAN.items() if name not in ("logistics", "inPersonLink", "virtualLink")}
    assert seen(officer, "PLAN-1", select) == {
        "code": "PLAN-1",
        **plain,
        "format": "HYBRID",
        "state": "PLANNED",
        "announced": False,
        "registrationOpen": False,
        "registrationDeadline": None,
        "seatRules": None,
        "agenda": None,
        "logistics": {"number": 1, **LOGISTICS, "information": None, "changes": []},
        "communications": {"totalCount": 0},
        "summaryReports": {"totalCount": 0},
        "actionPlans": {"totalCount": 0},
    }


def test_what_is_not_announced_does_not_exist_for_others(service: Service, officer: Client, reader: Client) -> None:
    plan(officer, "SECRET-1")
    officer.do("retreatReviseLogistics", {"id": "SECRET-1", "logistics": OTHER_ROOM})
    officer.do("retreatSetSeatRules", {"id": "SECRET-1", "inPersonPlaces": 40})
    query = """{ retreat(code: "SECRET-1") { code logisticsVersions { totalCount } }
        retreats(filter: {code: {eq: "SECRET-1"}}) { totalCount edges { node { code } } }
        agenda(retreat: "SECRET-1") { number }
        trail(filter: {kind: {eq: "retreat"}}, newestFirst: true, first: 5) { edges { node { data } } } }"""
    told = reader.ask(query)
    assert (told["retreat"], told["agenda"], told["retreats"]) == (None, None, {"totalCount": 0, "edges": []})
    assert not any("SECRET-1" in entry["data"] for entry in nodes(told["trail"]))
    id = seen(officer, "SECRET-1", "id")["id"]
    assert reader.ask("query ($id: ID!) { node(id: $id) { id } }", id=id) == {"node": None}
    position = officer.ask("{ head { position } }")["head"]["position"]
    for inside in (officer, service.as_(Role.AUDITOR)):
        assert seen(inside, "SECRET-1", "code logisticsVersions { totalCount }") == {
            "code": "SECRET-1",
            "logisticsVersions": {"totalCount": 2},
        }

    officer.do("retreatAnnounce", {"id": "SECRET-1"})
    told = reader.ask(query)
    assert told["retreat"] == {"code": "SECRET-1", "logisticsVersions": {"totalCount": 2}}
    assert any("SECRET-1" in entry["data"] for entry in nodes(told["trail"]))
    past = 'query ($p: Position!) { snapshot(at: {position: $p}) { retreat(code: "SECRET-1") { state } } }'
    assert reader.ask(past, p=position) == {"snapshot": {"retreat": None}}
    assert officer.ask(past, p=position) == {"snapshot": {"retreat": {"state": "PLANNED"}}}


def test_a_command_tells_others_nothing_of_what_is_not_announced(officer: Client, ecowas: Client) -> None:
    plan(officer, "SECRET-2")
    for version in (None, 99):
        acknowledges = {"organization": "ECOWAS", "version": 1, "expectedVersion": version}
        answers = [
            ecowas.give("retreatAcknowledgeLogistics", {"id": code, **acknowledges}) for code in ("SECRET-2", "NEVER-2")
        ]
        assert [(answer["__typename"], answer["reference"]) for answer in answers] == [
            ("NotFound", "SECRET-2"),
            ("NotFound", "NEVER-2"),
        ]
    assert ecowas.refused("retreatOpen", {"id": "SECRET-2"}) == "NOT_FOUND"


def test_the_same_plan_twice_is_once_and_another_under_its_code_is_refused(officer: Client) -> None:
    plan(officer, "TWICE-1")
    assert officer.do("retreatPlan", {"code": "TWICE-1", **PLAN})["events"] == []
    assert officer.refused("retreatPlan", {"code": "TWICE-1", **PLAN, "title": "Another"}) == "code.taken"


def test_a_plan_can_be_tried_without_being_made(officer: Client) -> None:
    answer = officer.do("retreatPlan", {"code": "TRIED-1", **PLAN, "dryRun": True}, select="retreat { code }")
    assert (answer["dryRun"], answer["retreat"]) == (True, None)
    assert seen(officer, "TRIED-1", "code") is None


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"startsOn": "2031-06-26"}, "retreat.dates"),
        ({"edition": 0}, "INVALID_INPUT"),
        ({"title": ""}, "INVALID_INPUT"),
        ({"title": " \u200b "}, "INVALID_INPUT"),
        ({"title": "x" * 301}, "INVALID_INPUT"),
        ({"theme": "two\nlines"}, "INVALID_INPUT"),
        ({"theme": "bell\u0007"}, "INVALID_INPUT"),
        ({"objectives": ["x" * 2_001]}, "INVALID_INPUT"),
        ({"objectives": ["", "nul\u0000"]}, "INVALID_INPUT"),
        ({"logistics": {**LOGISTICS, "information": "x" * 20_001}}, "INVALID_INPUT"),
        ({"logistics": {**LOGISTICS, "venue": {"place": ""}}}, "INVALID_INPUT"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_as_data(officer: Client, changed: dict[str, Any], rule: str) -> None:
    assert officer.refused("retreatPlan", {"code": "WRONG-1", **PLAN, **changed}) == rule
    assert seen(officer, "WRONG-1", "code") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"zone": "EST5"},
        {"zone": "../etc/passwd"},
        {"startsOn": "2031-02-29"},
        {"code": "no code"},
        {"logistics": {**LOGISTICS, "contact": "nobody"}},
        {"virtualLink": "javascript:alert(1)"},
        {"edition": "first"},
    ],
)
def test_a_value_of_the_wrong_form_is_an_error(officer: Client, changed: dict[str, Any]) -> None:
    query = "mutation ($input: RetreatPlanInput!) { retreatPlan(input: $input) { __typename } }"
    key = "00000000-0000-4000-8000-000000000001"
    answer = officer.post(query, {"input": {"idempotencyKey": key, "code": "WRONG-2", **PLAN, **changed}})
    assert "errors" in answer
    assert not answer.get("data")


def test_only_the_secretariat_prepares_a_retreat(officer: Client, ecowas: Client, reader: Client) -> None:
    assert ecowas.refused("retreatPlan", {"code": "MINE-1", **PLAN}) == "FORBIDDEN"
    announced(officer, "THEIRS-1")
    for client in (ecowas, reader):
        assert client.refused("retreatCancel", {"id": "THEIRS-1", "reason": "?"}) == "FORBIDDEN"
        assert client.refused("retreatReviseLogistics", {"id": "THEIRS-1", "logistics": LOGISTICS}) == "FORBIDDEN"


def test_what_one_may_do_is_told_by_the_guards(service: Service, officer: Client, ecowas: Client) -> None:
    held(officer, "GUARDS-1")
    announced(officer, "GUARDS-2")
    chair = service.as_(Role.WORKING_GROUP_CHAIR, "PCVE@UNODC")
    select = "allowedCommands"
    assert seen(ecowas, "GUARDS-2", select) == {select: ["retreatAcknowledgeLogistics"]}
    assert seen(ecowas, "GUARDS-1", select) == {select: []}
    assert seen(chair, "GUARDS-1", select) == {select: ["retreatAdoptActionPlan"]}
    assert seen(officer, "GUARDS-1", select) == {
        select: ["retreatIssueSummaryReport", "retreatAdoptActionPlan", "retreatIssueCommunication"]
    }


def test_who_was_invited_and_has_taken_note_of_what_is_seen(officer: Client, ecowas: Client, reader: Client) -> None:
    announced(officer, "INVITES-1")
    for code in ("SADC", "ECOWAS"):
        officer.do("retreatInviteOrganization", {"id": "INVITES-1", "organization": code})
    ecowas.do("retreatAcknowledgeLogistics", {"id": "INVITES-1", "organization": "ECOWAS", "version": 1})
    select = "invitations { totalCount edges { node { organization { code } answered acknowledgedLogistics } } }"

    def told(client: Client) -> list[tuple[str, bool | None, int | None]]:
        invited = nodes(seen(client, "INVITES-1", select)["invitations"])
        return [(one["organization"]["code"], one["answered"], one["acknowledgedLogistics"]) for one in invited]

    assert told(officer) == [("ECOWAS", False, 1), ("SADC", False, None)]
    assert told(ecowas) == [("ECOWAS", False, 1), ("SADC", None, None)]
    assert told(reader) == [("ECOWAS", None, 1), ("SADC", None, None)]


def test_invitations_are_paged(officer: Client) -> None:
    announced(officer, "INVITES-2")
    for code in ("SADC", "ECOWAS", "UNODC"):
        officer.do("retreatInviteOrganization", {"id": "INVITES-2", "organization": code})
    query = """query ($after: String) { retreat(code: "INVITES-2") { invitations(first: 2, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } edges { node { organization { code } } } } } }"""
    first = officer.ask(query)["retreat"]["invitations"]
    rest = officer.ask(query, after=first["pageInfo"]["endCursor"])["retreat"]["invitations"]
    codes = [one["organization"]["code"] for page in (first, rest) for one in nodes(page)]
    assert codes == ["ECOWAS", "SADC", "UNODC"]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, rest)] == [True, False]
    assert {page["totalCount"] for page in (first, rest)} == {3}


def test_nobody_is_invited_who_is_not_in_the_directory_or_takes_no_part(officer: Client) -> None:
    announced(officer, "INVITES-3")
    invite = {"id": "INVITES-3", "organization": "ATLANTIS"}
    assert officer.refused("retreatInviteOrganization", invite) == "NOT_FOUND"
    officer.do(
        "organizationRegister", {"code": "GONE", "names": {"en": "Gone"}, "kind": "ACADEMIA", "compactStatus": "NONE"}
    )
    officer.do("organizationDeactivate", {"id": "GONE", "reason": "closed"})
    assert officer.refused("retreatInviteOrganization", {**invite, "organization": "GONE"}) == "organization.inactive"
    assert officer.refused("retreatInviteOrganization", {"id": "NEVER", "organization": "ECOWAS"}) == "NOT_FOUND"


def test_a_change_of_the_logistics_is_told_field_by_field_and_who_knows_of_it(officer: Client, ecowas: Client) -> None:
    announced(officer, "ROOMS-1")
    ecowas.do("retreatAcknowledgeLogistics", {"id": "ROOMS-1", "organization": "ECOWAS", "version": 1})
    officer.do("retreatReviseLogistics", {"id": "ROOMS-1", "logistics": OTHER_ROOM})
    position = officer.ask("{ head { position } }")["head"]["position"]
    officer.do(
        "retreatReviseLogistics",
        {
            "id": "ROOMS-1",
            "logistics": {**OTHER_ROOM, "information": "Bring\nyour passport."},
            "virtualLink": "https://webex.example/new",
        },
    )
    ecowas.do("retreatAcknowledgeLogistics", {"id": "ROOMS-1", "organization": "ECOWAS", "version": 3})
    select = """logistics { number venue { room } information }
        logisticsVersions { edges { node { number changes { field before after }
            acknowledgements { edges { node { number organization { code } } } } } } }
        logisticsChanges(from: 1) { field before after }"""
    told = seen(ecowas, "ROOMS-1", select)
    room = {"field": "venue.room", "before": "Conference Room 8", "after": "Conference Room 4"}
    passport = {"field": "information", "before": None, "after": "Bring\nyour passport."}
    link = {"field": "virtualLink", "before": None, "after": None}
    assert told["logistics"] == {
        "number": 3,
        "venue": {"room": "Conference Room 4"},
        "information": "Bring\nyour passport.",
    }
    assert told["logisticsChanges"] == [room, passport, link]
    versions = nodes(told["logisticsVersions"])
    assert [(version["number"], version["changes"]) for version in versions] == [
        (1, []),
        (2, [room]),
        (3, [passport, link]),
    ]
    acknowledged = {v["number"]: [a["organization"]["code"] for a in nodes(v["acknowledgements"])] for v in versions}
    assert acknowledged == {1: ["ECOWAS"], 2: [], 3: ["ECOWAS"]}
    past = """query ($p: Position!) { snapshot(at: {position: $p}) { retreat(code: "ROOMS-1") {
        logistics { number } logisticsChanges(from: 1) { field } invitations { totalCount } } } }"""
    assert ecowas.ask(past, p=position)["snapshot"]["retreat"] == {
        "logistics": {"number": 2},
        "logisticsChanges": [{"field": "venue.room"}],
        "invitations": {"totalCount": 0},
    }


def test_nobody_takes_note_of_what_was_not_issued_or_for_another(officer: Client, ecowas: Client) -> None:
    announced(officer, "ROOMS-2")
    note = {"id": "ROOMS-2", "organization": "ECOWAS", "version": 2}
    refusal = ecowas.give("retreatAcknowledgeLogistics", note)
    assert (refusal["rule"], numbers(refusal)) == ("retreat.logistics", {"version": "2", "latest": "1"})
    assert ecowas.refused("retreatAcknowledgeLogistics", {**note, "organization": "SADC", "version": 1}) == "FORBIDDEN"
    assert officer.error('{ retreat(code: "ROOMS-2") { logisticsChanges(from: 1, to: 7) { field } } }') == "NOT_FOUND"


def test_links_of_the_platform_are_for_few(service: Service, officer: Client, ecowas: Client, reader: Client) -> None:
    announced(officer, "LINKS-1")
    both = [
        {"mode": "IN_PERSON", "url": "https://webex.example/in-person"},
        {"mode": "VIRTUAL", "url": "https://webex.example/virtual"},
    ]
    for inside in (officer, service.as_(Role.AUDITOR)):
        assert seen(inside, "LINKS-1", "platformLinks { mode url }")["platformLinks"] == both
    for outside in (ecowas, reader, service.as_(Role.COMMITTEE_MEMBER, "UNODC")):
        assert seen(outside, "LINKS-1", "platformLinks { mode url }")["platformLinks"] == []
    officer.do("retreatReviseLogistics", {"id": "LINKS-1", "logistics": {**LOGISTICS, "platform": "Teams"}})
    assert seen(officer, "LINKS-1", "platformLinks { mode url }")["platformLinks"] == []
    with service.compact.store.pool.connection() as connection:
        stored = connection.execute(service.compact.store.sql("select state from {s}.event")).fetchall()
    assert not any(b"webex.example" in state for (state,) in stored)


def test_registration_opens_with_seat_rules_and_places(officer: Client) -> None:
    announced(officer, "SEATS-1")
    opening = {"id": "SEATS-1", "deadline": DEADLINE}
    refusal = officer.give("retreatOpenRegistration", opening)
    assert (refusal["rule"], refusal["allowed"]) == ("retreat.seat_rules", ["retreatSetSeatRules"])
    officer.do("retreatSetSeatRules", {"id": "SEATS-1"})
    assert officer.refused("retreatOpenRegistration", opening) == "retreat.seat_rules"
    officer.do("retreatSetSeatRules", {"id": "SEATS-1", "inPersonPlaces": 100})
    officer.do("retreatOpenRegistration", opening)
    assert officer.refused("retreatSetSeatRules", {"id": "SEATS-1"}) == "INVALID_INPUT"
    assert officer.refused("retreatSetSeatRules", {"id": "SEATS-1", "inPersonPlaces": -1}) == "INVALID_INPUT"
    select = """seatRules { representatives delegates inPersonPlaces virtualPlaces } state registrationOpen
        registrationDeadline { at zone }"""
    assert seen(officer, "SEATS-1", select) == {
        "seatRules": {"representatives": 1, "delegates": 2, "inPersonPlaces": 100, "virtualPlaces": None},
        "state": "REGISTRATION_OPEN",
        "registrationOpen": True,
        "registrationDeadline": {"at": "2031-06-21T03:59:00Z", "zone": "America/New_York"},
    }


def test_places_provided_before_the_announcement_count_from_it(officer: Client) -> None:
    plan(officer, "SEATS-2")
    assert len(officer.do("retreatSetSeatRules", {"id": "SEATS-2", "inPersonPlaces": 40})["events"]) == 1
    done = officer.do("retreatAnnounce", {"id": "SEATS-2"})
    assert [event["type"] for event in done["events"]] == ["retreat.announced", "places.provided", "places.provided"]


def test_registration_reads_as_closed_past_the_deadline_to_the_instant(service: Service, officer: Client) -> None:
    deadline = START + timedelta(days=2)
    with_registration(officer, "CLOCK-1", deadline.isoformat())
    with_registration(officer, "CLOCK-2")
    select = "state registrationOpen"
    listed = """query ($states: [RetreatState!]) { retreats(
        filter: {state: {in: $states}, code: {in: ["CLOCK-1", "CLOCK-2"]}}, orderBy: [{field: CODE}]) {
        totalCount edges { node { code state } } } }"""

    def codes(*states: str) -> list[str]:
        found = officer.ask(listed, states=list(states))["retreats"]
        assert found["totalCount"] == len(found["edges"])
        return [retreat["code"] for retreat in nodes(found)]

    assert seen(officer, "CLOCK-1", select) == {"state": "REGISTRATION_OPEN", "registrationOpen": True}
    assert (codes("REGISTRATION_OPEN"), codes("REGISTRATION_CLOSED")) == (["CLOCK-1", "CLOCK-2"], [])
    version = seen(officer, "CLOCK-1", "version")

    move_clock(service, deadline + timedelta(minutes=1))
    assert seen(officer, "CLOCK-1", select) == {"state": "REGISTRATION_CLOSED", "registrationOpen": False}
    assert seen(officer, "CLOCK-1", "version") == version
    assert (codes("REGISTRATION_OPEN"), codes("REGISTRATION_CLOSED")) == (["CLOCK-2"], ["CLOCK-1"])
    assert codes("REGISTRATION_OPEN", "REGISTRATION_CLOSED", "CANCELLED") == ["CLOCK-1", "CLOCK-2"]
    past = 'query ($t: DateTime!) { snapshot(at: {time: $t}) { retreat(code: "CLOCK-1") { state } } }'
    for instant, state in (
        (deadline - timedelta(seconds=1), "REGISTRATION_OPEN"),
        (deadline, "REGISTRATION_OPEN"),
        (deadline + timedelta(microseconds=1), "REGISTRATION_CLOSED"),
        (deadline + timedelta(seconds=1), "REGISTRATION_CLOSED"),
    ):
        assert officer.ask(past, t=instant.isoformat())["snapshot"]["retreat"]["state"] == state

    later = (deadline + timedelta(days=90)).isoformat()
    officer.do("retreatChangeDeadline", {"id": "CLOCK-1", "deadline": later, "reason": "visas take longer"})
    assert seen(officer, "CLOCK-1", select) == {"state": "REGISTRATION_OPEN", "registrationOpen": True}
    officer.do("retreatCloseRegistration", {"id": "CLOCK-1"})
    assert seen(officer, "CLOCK-1", select) == {"state": "REGISTRATION_CLOSED", "registrationOpen": False}


def test_a_deadline_moves_for_a_reason_and_within_the_retreat(officer: Client) -> None:
    with_registration(officer, "DEADLINE-1")
    change = {"id": "DEADLINE-1", "deadline": "2031-06-22T12:00:00Z", "reason": "visas take longer"}
    assert officer.refused("retreatChangeDeadline", {**change, "reason": None}) == "reason.required"
    late = officer.give("retreatChangeDeadline", {**change, "deadline": "2031-06-26T04:00:01Z"})
    assert (late["rule"], numbers(late)["latest"]) == ("retreat.deadline", "2031-06-26T04:00:00+00:00")
    assert (
        officer.refused("retreatChangeDeadline", {**change, "deadline": "2031-03-01T00:00:00Z"}) == "retreat.deadline"
    )
    officer.do("retreatChangeDeadline", {**change, "zone": "Africa/Lagos"})
    assert seen(officer, "DEADLINE-1", "registrationDeadline { at zone }")["registrationDeadline"] == {
        "at": "2031-06-22T12:00:00Z",
        "zone": "Africa/Lagos",
    }
    query = "mutation ($input: RetreatChangeDeadlineInput!) { retreatChangeDeadline(input: $input) { __typename } }"
    key = {"idempotencyKey": "00000000-0000-4000-8000-000000000002", "expectedVersion": None}
    without_offset = {"input": {**change, **key, "deadline": "2031-06-22T12:00:00"}}
    assert officer.post(query, without_offset)["errors"][0]["message"].endswith("such as 2025-06-12T09:30:00Z")


def test_a_link_is_for_who_is_confirmed_in_its_mode_as_long_as_that_lasts(service: Service, officer: Client) -> None:
    with_registration(officer, "LINKS-2")
    position = officer.ask("{ head { position } }")["head"]["position"]
    select = "platformLinks { mode url }"
    past = f"""query ($p: Position!) {{ snapshot(at: {{position: $p}}) {{
        retreat(code: "LINKS-2") {{ {select} }} }} }}"""
    there, away = nominated(officer, "LINKS-2", "Amina"), nominated(officer, "LINKS-2", "Boris", "VIRTUAL")
    amina, boris = (
        service.of(Identity(subject=UUID(one["person"]["subject"]), organization="UNODC")) for one in (there, away)
    )
    assert seen(amina, "LINKS-2", select)["platformLinks"] == []
    for one in (there, away):
        officer.do("registrationConfirm", {"id": one["id"]})
    in_person, virtual = (
        {"mode": "IN_PERSON", "url": "https://webex.example/in-person"},
        {"mode": "VIRTUAL", "url": "https://webex.example/virtual"},
    )
    assert seen(amina, "LINKS-2", select)["platformLinks"] == [in_person]
    assert seen(boris, "LINKS-2", select)["platformLinks"] == [virtual]
    assert boris.ask(past, p=position)["snapshot"]["retreat"]["platformLinks"] == [virtual]
    officer.do("registrationWithdraw", {"id": away["id"], "reason": "ill"})
    assert seen(boris, "LINKS-2", select)["platformLinks"] == []
    assert boris.ask(past, p=position)["snapshot"]["retreat"]["platformLinks"] == []


def test_an_organization_has_answered_once_it_has_registered_somebody(service: Service, officer: Client) -> None:
    with_registration(officer, "INVITES-4")
    for code in ("ECOWAS", "UNODC"):
        officer.do("retreatInviteOrganization", {"id": "INVITES-4", "organization": code})
    position = officer.ask("{ head { position } }")["head"]["position"]
    officer.do("registrationWithdraw", {"id": nominated(officer, "INVITES-4", "Chloe")["id"], "reason": "ill"})
    select = "invitations { edges { node { organization { code } answered } } }"
    invited = nodes(seen(officer, "INVITES-4", select)["invitations"])
    assert {one["organization"]["code"]: one["answered"] for one in invited} == {"ECOWAS": False, "UNODC": True}
    past = f"""query ($p: Position!) {{ snapshot(at: {{position: $p}}) {{
        retreat(code: "INVITES-4") {{ {select} }} }} }}"""
    was = nodes(officer.ask(past, p=position)["snapshot"]["retreat"]["invitations"])
    assert [one["answered"] for one in was] == [False, False]


def test_rules_and_format_never_go_below_what_is_taken(officer: Client) -> None:
    with_registration(officer, "SEATS-3")
    for name in ("Dina", "Emre"):
        nominated(officer, "SEATS-3", name)
    rules = {"id": "SEATS-3", "delegates": 2, "inPersonPlaces": 100}
    fewer = officer.give("retreatSetSeatRules", {**rules, "delegates": 1})
    assert (fewer["rule"], numbers(fewer)) == (
        "seats.below_taken",
        {"entity": "UNODC", "category": "delegate", "allowed": "1", "held": "2"},
    )
    assert officer.refused("retreatSetSeatRules", {**rules, "inPersonPlaces": 1}) == "seats.below_taken"
    officer.do("retreatSetSeatRules", {**rules, "inPersonPlaces": 2})
    virtual = {"id": "SEATS-3", "logistics": {**LOGISTICS, "format": "VIRTUAL"}}
    dropped = officer.give("retreatReviseLogistics", virtual)
    assert (dropped["rule"], numbers(dropped)) == (
        "retreat.format",
        {"mode": "in_person", "taken": "2", "waiting": "0"},
    )


def test_each_version_of_the_agenda_is_kept_and_compared(officer: Client, reader: Client) -> None:
    announced(officer, "AGENDA-1")
    for code in ("OPENING", "SESSION-1", "CLOSING"):
        scheduled(officer, code, "AGENDA-1")
    officer.do("retreatPublishAgenda", {"id": "AGENDA-1", "sessions": [OPENING, FIRST]})
    position = officer.ask("{ head { position } }")["head"]["position"]
    later = {**FIRST, "startsAt": "2031-06-25T12:00:00-04:00", "endsAt": "2031-06-25T14:00:00-04:00"}
    closing = {**OPENING, "session": "CLOSING", "startsAt": later["endsAt"], "endsAt": "2031-06-25T15:00:00-04:00"}
    second = {"id": "AGENDA-1", "sessions": [later, closing]}
    assert officer.refused("retreatPublishAgenda", second) == "INVALID_INPUT"
    officer.do("retreatPublishAgenda", {**second, "changeNote": "The opening fell away."})

    query = """query ($v: Int) { agenda(retreat: "AGENDA-1", version: $v) {
        number changeNote sessions { session startsAt room } changes { session kind } } }"""
    assert reader.ask(query, v=1)["agenda"] == {
        "number": 1,
        "changeNote": None,
        "sessions": [
            {"session": "OPENING", "startsAt": "2031-06-25T14:00:00Z", "room": None},
            {"session": "SESSION-1", "startsAt": "2031-06-25T15:00:00Z", "room": "Conference Room 8"},
        ],
        "changes": [],
    }
    latest = reader.ask(query)["agenda"]
    assert (latest["number"], latest["changeNote"]) == (2, "The opening fell away.")
    assert latest["changes"] == [
        {"session": "SESSION-1", "kind": "CHANGED"},
        {"session": "CLOSING", "kind": "ADDED"},
        {"session": "OPENING", "kind": "REMOVED"},
    ]
    assert reader.ask(query, v=3)["agenda"] is None

    changes = """{ agendaChanges(retreat: "AGENDA-1", from: 1, to: 2) {
        session kind before { startsAt } after { startsAt } fields { field before after } } }"""
    moved, added, removed = reader.ask(changes)["agendaChanges"]
    assert moved == {
        "session": "SESSION-1",
        "kind": "CHANGED",
        "before": {"startsAt": "2031-06-25T15:00:00Z"},
        "after": {"startsAt": "2031-06-25T16:00:00Z"},
        "fields": [
            {"field": "startsAt", "before": "2031-06-25T15:00:00Z", "after": "2031-06-25T16:00:00Z"},
            {"field": "endsAt", "before": "2031-06-25T17:00:00Z", "after": "2031-06-25T18:00:00Z"},
        ],
    }
    assert (added["before"], removed["after"]) == (None, None)
    assert reader.error('{ agendaChanges(retreat: "AGENDA-1", from: 1, to: 3) { session } }') == "NOT_FOUND"
    assert reader.error('{ agendaChanges(retreat: "NEVER", from: 1, to: 2) { session } }') == "NOT_FOUND"

    past = """query ($p: Position!) { snapshot(at: {position: $p}) {
        agenda(retreat: "AGENDA-1") { number } retreat(code: "AGENDA-1") { agendaVersions { totalCount } } } }"""
    assert reader.ask(past, p=position)["snapshot"] == {
        "agenda": {"number": 1},
        "retreat": {"agendaVersions": {"totalCount": 1}},
    }


@pytest.mark.parametrize(
    ("sessions", "rule"),
    [
        ([], "INVALID_INPUT"),
        ([OPENING, OPENING], "retreat.agenda"),
        ([{**OPENING, "endsAt": OPENING["startsAt"]}], "retreat.agenda"),
        ([{**OPENING, "startsAt": "2031-06-24T23:00:00-04:00"}], "retreat.agenda"),
        ([{**OPENING, "endsAt": "2031-06-26T00:00:01-04:00"}], "retreat.agenda"),
        ([{**OPENING, "title": "\t"}], "INVALID_INPUT"),
        ([{**OPENING, "session": "NEVER"}], "NOT_FOUND"),
        ([{**OPENING, "session": "AT-AGENDA-3"}], "retreat.agenda"),
    ],
)
def test_an_agenda_that_cannot_be_is_refused(officer: Client, sessions: list[dict[str, Any]], rule: str) -> None:
    for retreat in ("AGENDA-2", "AGENDA-3"):
        if seen(officer, retreat, "code") is None:
            announced(officer, retreat)
            scheduled(officer, f"AT-{retreat}", retreat)
    assert officer.refused("retreatPublishAgenda", {"id": "AGENDA-2", "sessions": sessions}) == rule


def test_a_retreat_is_published_about_only_after_it_was_held(officer: Client, reader: Client) -> None:
    with_registration(officer, "PRESS-1")
    for begin in (None, "retreatOpen"):
        if begin:
            officer.do(begin, {"id": "PRESS-1"})
        refusal = officer.give("retreatIssueCommunication", {"id": "PRESS-1", **PRESS})
        assert refusal["rule"] == "state"
        assert "retreatIssueCommunication" not in refusal["allowed"]
    officer.do("retreatConclude", {"id": "PRESS-1"})
    officer.do("retreatIssueCommunication", {"id": "PRESS-1", **PRESS})
    post = {**PRESS, "kind": "SOCIAL_POST", "channel": "COORDINATION_PLATFORM", "text": None}
    officer.do("retreatIssueCommunication", {"id": "PRESS-1", **post})
    assert officer.do("retreatIssueCommunication", {"id": "PRESS-1", **post})["events"] == []
    query = """query ($f: CommunicationFilter) { communications(filter: $f) { totalCount edges { node {
        kind channel title text issuedOn retreat { code state } } } } }"""
    found = reader.ask(query, f={"retreat": {"eq": "PRESS-1"}})["communications"]
    assert found["totalCount"] == 2
    about = {"retreat": {"code": "PRESS-1", "state": "CONCLUDED"}, "issuedOn": nodes(found)[0]["issuedOn"]}
    assert nodes(found) == [{**post, **about}, {**PRESS, **about}]
    only = {"retreat": {"in": ["PRESS-1", "NEVER"]}, "kind": {"eq": "PRESS_RELEASE"}}
    assert nodes(reader.ask(query, f=only)["communications"]) == [{**PRESS, **about}]


def test_a_draft_gathers_comments_and_the_report_ends_the_story(
    officer: Client, ecowas: Client, reader: Client
) -> None:
    held(officer, "REPORT-1")
    officer.do("retreatIssueSummaryReport", {"id": "REPORT-1", **REPORT, "stage": "DRAFT"})
    assert seen(reader, "REPORT-1", "state") == {"state": "CONCLUDED"}
    comment = {"organization": "ECOWAS", "text": "Page 3 names the wrong region."}
    final = {"id": "REPORT-1", **REPORT, "position": "2"}
    unknown = {**final, "comments": [{**comment, "organization": "ATLANTIS"}]}
    assert officer.refused("retreatIssueSummaryReport", unknown) == "NOT_FOUND"
    assert officer.refused("retreatIssueSummaryReport", {**final, "fileDigest": "short"}) == "INVALID_INPUT"
    head = int(officer.ask("{ head { position } }")["head"]["position"])
    to_come = officer.give("retreatIssueSummaryReport", {**final, "position": str(head + 1)})
    assert (to_come["rule"], numbers(to_come)) == (
        "retreat.report_position",
        {"position": str(head + 1), "latest": str(head)},
    )
    officer.do("retreatIssueSummaryReport", {**final, "comments": [comment]})
    assert seen(reader, "REPORT-1", "state") == {"state": "REPORTED"}
    query = """{ summaryReports(filter: {retreat: {eq: "REPORT-1"}}) { edges { node { number stage position
        contentDigest retreat { code } comments { organization { code } text } } } } }"""

    def told(client: Client, text: str | None) -> list[dict[str, Any]]:
        found = nodes(client.ask(query)["summaryReports"])
        assert [report["comments"] for report in found] == [
            [{"organization": {"code": "ECOWAS"}, "text": text}],
            [],
        ]
        return found

    found = told(officer, comment["text"])
    assert [(report["number"], report["stage"], report["position"]) for report in found] == [
        (2, "FINAL", "2"),
        (1, "DRAFT", "1"),
    ]
    told(ecowas, comment["text"])
    told(reader, None)


def test_a_body_adopts_each_version_of_the_action_plan_once(service: Service, officer: Client, reader: Client) -> None:
    held(officer, "PLANS-1")
    adopted = {"id": "PLANS-1", "title": "Action plan on engagement", "version": 1, "act": {**ACT, "body": "PCVE"}}
    assert reader.refused("retreatAdoptActionPlan", adopted) == "FORBIDDEN"
    chair = service.as_(Role.WORKING_GROUP_CHAIR, "PCVE@UNODC")
    assert chair.refused("retreatAdoptActionPlan", {**adopted, "act": ACT}) == "FORBIDDEN"
    chair.do("retreatAdoptActionPlan", adopted)
    assert chair.do("retreatAdoptActionPlan", adopted)["events"] == []
    refusal = officer.give("retreatAdoptActionPlan", {**adopted, "title": "Another"})
    assert (refusal["rule"], numbers(refusal)) == ("retreat.action_plan", {"version": "1", "adopted": "1"})
    ahead = {**adopted, "version": 2, "act": {**ACT, "decidedOn": "2031-12-31"}}
    assert officer.refused("retreatAdoptActionPlan", ahead) == "time.effective"
    assert officer.refused("retreatAdoptActionPlan", {**ahead, "act": {**ACT, "body": "NOBODY"}}) == "NOT_FOUND"
    officer.do("retreatAdoptActionPlan", {**adopted, "version": 2, "act": ACT})
    select = "actionPlans { edges { node { number title act { body meeting number decidedOn method } } } }"
    assert [plan["act"] for plan in nodes(seen(reader, "PLANS-1", select)["actionPlans"])] == [
        {**ACT, "body": "PCVE"},
        ACT,
    ]


def test_a_postponed_retreat_returns_to_where_it_stood(officer: Client, reader: Client) -> None:
    with_registration(officer, "LATER-1")
    assert officer.refused("retreatPostpone", {"id": "LATER-1"}) == "reason.required"
    officer.do("retreatPostpone", {"id": "LATER-1", "reason": "the building is closed"})
    assert seen(reader, "LATER-1", "state registrationOpen") == {"state": "POSTPONED", "registrationOpen": False}
    days = {"id": "LATER-1", "startsOn": "2031-09-03", "endsOn": "2031-09-02"}
    refusal = officer.give("retreatResume", days)
    assert (refusal["rule"], numbers(refusal)) == (
        "retreat.dates",
        {"starts_on": "2031-09-03", "ends_on": "2031-09-02"},
    )
    resumed = {
        **days,
        "endsOn": "2031-09-04",
        "zone": "Africa/Nairobi",
        "deadline": "2031-08-29T20:59:00Z",
    }
    officer.do("retreatResume", resumed)
    assert seen(reader, "LATER-1", "state startsOn endsOn zone registrationDeadline { at zone }") == {
        "state": "REGISTRATION_OPEN",
        "startsOn": "2031-09-03",
        "endsOn": "2031-09-04",
        "zone": "Africa/Nairobi",
        "registrationDeadline": {"at": "2031-08-29T20:59:00Z", "zone": "Africa/Nairobi"},
    }
    assert officer.do("retreatResume", resumed)["events"] == []


def test_a_cancelled_retreat_stays_to_be_read_with_its_reason(officer: Client, reader: Client) -> None:
    announced(officer, "NEVER-1")
    assert officer.refused("retreatCancel", {"id": "NEVER-1"}) == "reason.required"
    officer.do("retreatCancel", {"id": "NEVER-1", "reason": "no quorum of regional organizations"})
    told = seen(reader, "NEVER-1", "state allowedCommands history { edges { node { type reason } } }")
    assert (told["state"], told["allowedCommands"]) == ("CANCELLED", [])
    assert nodes(told["history"])[-1] == {"type": "retreat.cancelled", "reason": "no quorum of regional organizations"}
    assert officer.refused("retreatAnnounce", {"id": "NEVER-1"}) == "state"
    officer.do("retreatPlan", {"code": "UNSAID-1", **PLAN})
    officer.do("retreatCancel", {"id": "UNSAID-1", "reason": "thought better of"})
    assert seen(reader, "UNSAID-1", "state") is None


def test_a_stale_version_is_refused(officer: Client) -> None:
    announced(officer, "STALE-1")
    revise = {"id": "STALE-1", "logistics": OTHER_ROOM, "expectedVersion": 1}
    refusal = officer.give("retreatReviseLogistics", revise)
    assert (refusal["__typename"], refusal["expected"], refusal["actual"]) == ("VersionConflict", 1, 2)
    officer.do("retreatReviseLogistics", {**revise, "expectedVersion": 2})
    query = """mutation ($input: RetreatOpenInput!) {
        retreatOpen(input: $input) { ... on InvalidInput { fields { name } } } }"""
    key = "00000000-0000-4000-8000-000000000003"
    answer = officer.ask(query, input={"idempotencyKey": key, "id": "STALE-1"})
    assert answer["retreatOpen"] == {"fields": [{"name": "expectedVersion"}]}


def test_retreats_are_listed_filtered_and_ordered(officer: Client, reader: Client) -> None:
    announced(officer, "LIST-1", series="Listed", startsOn="2031-05-01", endsOn="2031-05-02", title="Beta")
    announced(officer, "LIST-2", series="Listed", startsOn="2031-04-01", endsOn="2031-04-02", title="Gamma")
    virtual = {"format": "VIRTUAL", "contact": "desk@un.org", "platform": "WebEx"}
    announced(officer, "LIST-3", series="Listed", startsOn="2031-05-03", title="Alpha", logistics=virtual)
    query = """query ($f: RetreatFilter, $o: [RetreatOrder!]) { retreats(filter: $f, orderBy: $o) {
        edges { node { code logistics { number } invitations { totalCount } } } } }"""

    def codes(order: list[dict[str, str]] | None = None, **filter: Any) -> list[str]:
        found = reader.ask(query, f={"series": {"eq": "Listed"}, **filter}, o=order)["retreats"]
        return [retreat["code"] for retreat in nodes(found)]

    assert codes() == ["LIST-3", "LIST-1", "LIST-2"]
    assert codes([{"field": "STARTS_ON"}]) == ["LIST-2", "LIST-1", "LIST-3"]
    assert codes([{"field": "TITLE"}]) == ["LIST-3", "LIST-1", "LIST-2"]
    assert codes([{"field": "CODE", "direction": "DESC"}]) == ["LIST-3", "LIST-2", "LIST-1"]
    assert codes(format={"eq": "VIRTUAL"}) == ["LIST-3"]
    assert codes(startsOn={"from": "2031-04-15", "to": "2031-05-01"}) == ["LIST-1"]
    assert codes(title={"contains": "amm"}) == ["LIST-2"]
    assert codes(state={"eq": "ANNOUNCED"}, code={"in": ["LIST-1", "LIST-2"]}) == ["LIST-1", "LIST-2"]
    assert codes(state={"eq": "PLANNED"}) == []
