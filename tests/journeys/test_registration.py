"""Registration through the API: seats of entities, places in the room, the waiting list, and who was there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

from compact_api.context import Identity
from compact_domain.kernel import Role
from compact_infra import Settings
from tests.client import Client
from tests.conftest import Service, running
from tests.journeys.desk import Desk, nodes, numbers, register_organizations

_codes = count(1)


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A demonstration whose clock stands at the beginning of March 2031; tests move it forward by days."""
    with running(new_settings(demonstration=True)) as started:
        started.compact.store.set_clock(datetime(2031, 3, 3, 9, 0, tzinfo=UTC))
        register_organizations(started.officer)
        yield started


@pytest.fixture
def new_desk(service: Service) -> Callable[..., Desk]:
    """A desk of its own for a test: the others' registrations do not count there."""
    return lambda **rules: Desk(service, f"RETREAT-{next(_codes)}", **rules)


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    return new_desk()


def test_an_entity_sends_one_representative_and_two_delegates(desk: Desk) -> None:
    unodc = desk.of("UNODC")
    assert desk.left("UNODC") == (1, 2)
    first = desk.nominate("Ann", "UNODC", "REPRESENTATIVE", by=unodc)
    assert (first["state"], first["mode"], first["organization"]) == ("NOMINATED", "IN_PERSON", {"code": "UNODC"})
    desk.nominate("Bob", by=unodc)
    desk.nominate("Cyd", mode="VIRTUAL", by=unodc)
    refusal = desk.not_nominated("Dan", mode="VIRTUAL", by=unodc)
    assert (refusal["rule"], numbers(refusal)) == (
        "seats.quota",
        {"category": "delegate", "allowed": "2", "held": "2"},
    )
    assert desk.not_nominated("Dan", "UNODC", "REPRESENTATIVE")["rule"] == "seats.quota"
    assert desk.seats("UNODC")["delegates"] == {
        "category": "DELEGATE",
        "rule": 2,
        "exceptions": 0,
        "allowed": 2,
        "taken": 2,
        "left": 0,
        "heldBy": [{"person": {"name": "Bob"}}, {"person": {"name": "Cyd"}}],
    }
    assert (desk.left("UNODC"), desk.left("CTED")) == ((0, 0), (1, 2))


def test_a_person_comes_once_and_nobody_is_told_for_whom(desk: Desk) -> None:
    desk.nominate("Ann")
    again = {**desk.nomination("Ann", "CTED"), "expectedVersion": None}
    again["person"] = {"name": "A. Other", "email": f"ANN@{desk.code}.Example.ORG"}
    answer = desk.of("CTED").give("registrationNominate", again)
    assert (answer["rule"], numbers(answer)) == ("registration.person", {"retreat": desk.code})
    assert "UNODC" not in str(answer)
    assert desk.left("CTED") == (1, 2)


def test_the_same_nomination_is_one(desk: Desk) -> None:
    key = str(uuid4())
    first = desk.officer.do(
        "registrationNominate", {**desk.nomination("Ann"), "expectedVersion": None, "idempotencyKey": key}
    )
    again = desk.officer.do(
        "registrationNominate", {**desk.nomination("Ann"), "expectedVersion": None, "idempotencyKey": key}
    )
    anew = desk.officer.do("registrationNominate", {**desk.nomination("Ann"), "expectedVersion": None})
    assert (again["replayed"], again["events"]) == (True, first["events"])
    assert anew["events"] == []
    assert desk.left("UNODC") == (1, 1)


def test_a_nomination_can_be_tried(desk: Desk) -> None:
    tried = desk.officer.do("registrationNominate", {**desk.nomination("Ann"), "expectedVersion": None, "dryRun": True})
    assert "registration.nominated" in {event["type"] for event in tried["events"]}
    assert desk.left("UNODC") == (1, 2)


def test_who_finds_the_room_full_waits_and_goes_in_order(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=2)
    ann = desk.nominate("Ann", "UNODC")
    desk.nominate("Bob", "UNOCT", "SECRETARIAT")
    cyd, dan = desk.nominate("Cyd", "CTED"), desk.nominate("Dan", "UNODC", "REPRESENTATIVE")
    assert [it["state"] for it in (cyd, dan)] == ["WAITLISTED", "WAITLISTED"]
    assert dan["placesInLine"] == [{"mode": "IN_PERSON", "place": 2}]
    assert (desk.line(), desk.places()) == (["Cyd", "Dan"], {"capacity": 2, "taken": 2, "left": 0, "waiting": 2})
    assert desk.left("CTED") == (1, 1), "who waits holds the entity's seat"

    desk.do("Withdraw", ann, by=desk.of("UNODC"), reason="ill")
    desk.settle()
    assert (desk.line(), desk.places()) == (["Dan"], {"capacity": 2, "taken": 2, "left": 0, "waiting": 1})
    assert desk.registration(cyd)["state"] == "NOMINATED"
    history = """history { edges { node { type causationId correlationId actor { roles } } } }"""
    promoted = nodes(desk.registration(cyd, history)["history"])[-1]
    trail = (
        """query ($c: UUID) { trail(filter: {correlationId: $c}, first: 100) { edges { node { type eventId } } } }"""
    )
    chain = nodes(desk.officer.ask(trail, c=promoted["correlationId"])["trail"])
    (released,) = [fact["eventId"] for fact in chain if fact["type"] == "places.released"]
    assert (promoted["type"], promoted["actor"]["roles"]) == ("registration.promoted", ["PROCESS"])
    assert promoted["causationId"] == released
    assert [fact["type"] for fact in chain] == [
        "registration.withdrawn",
        "entity_seats.released",
        "places.released",
        "places.promoted",
        "registration.promoted",
    ]


def test_more_places_are_for_those_who_wait(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=0)
    waiting = [desk.nominate(name, organization) for name, organization in (("Ann", "UNODC"), ("Bob", "CTED"))]
    desk.nominate("Cyd", "CTED")
    desk.rules(places=2)
    desk.settle()
    assert desk.line() == ["Cyd"]
    assert [desk.registration(it)["state"] for it in waiting] == ["NOMINATED", "NOMINATED"]
    refused = desk.officer.give("retreatSetSeatRules", {"id": desk.code, "inPersonPlaces": 1})
    assert (refused["rule"], numbers(refused)["taken"]) == ("seats.below_taken", "2")


def test_promotion_by_hand_finds_nobody_left_to_promote(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=1)
    ann, _ = desk.nominate("Ann"), desk.nominate("Bob", "CTED")
    select = "promoted { person { name } } places { taken waiting allowedCommands }"
    asked = {"retreat": desk.code, "mode": "IN_PERSON", "expectedVersion": None}
    full = desk.officer.do("registrationPromote", asked, select=select)
    assert (full["promoted"], full["events"], full["places"]["waiting"]) == ([], [], 1)
    assert full["places"]["allowedCommands"] == ["registrationPromote", "registrationSkipWaiting"]
    desk.do("Withdraw", ann, reason="ill")
    desk.settle()
    done = desk.officer.do("registrationPromote", asked, select=select)
    assert (done["promoted"], done["places"]) == ([], {"taken": 1, "waiting": 0, "allowedCommands": []})


def test_the_secretariat_passes_over_one_who_waits(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=1)
    ann, bob = desk.nominate("Ann"), desk.nominate("Bob", "CTED")
    cyd = desk.nominate("Cyd", "INTERPOL")
    assert desk.refused("SkipWaiting", bob)["rule"] == "reason.required"
    assert desk.refused("SkipWaiting", bob, by=desk.of("CTED"), reason="?")["code"] == "FORBIDDEN"
    desk.do("SkipWaiting", bob, reason="not cleared yet")
    assert desk.line() == ["Cyd", "Bob"]
    query = """query ($r: ID!) { waitingList(retreat: $r) { edges { node { since
        registration { id } passedOver { reason letFirst { id } } } } } }"""
    _, shown = nodes(desk.officer.ask(query, r=desk.code)["waitingList"])
    assert shown["registration"] == {"id": bob["id"]}
    assert shown["passedOver"] == [{"reason": "not cleared yet", "letFirst": {"id": cyd["id"]}}]
    last = desk.refused("SkipWaiting", bob, reason="?")
    assert (last["rule"], numbers(last)["ahead"]) == ("room.last", "1")
    desk.do("Decline", ann)
    desk.settle()
    assert (desk.line(), desk.registration(cyd)["state"]) == (["Bob"], "NOMINATED")


def test_a_substitute_takes_state_mode_and_seat_at_once(desk: Desk) -> None:
    ann = desk.do("Confirm", desk.nominate("Ann"))
    desk.nominate("Bob")
    unodc = desk.of("UNODC")
    person = {"name": "Cyd", "email": desk.email("Cyd")}
    answer = unodc.do(
        "registrationSubstitute",
        {"id": ann["id"], "person": person},
        select="registration { id state mode confirmedAt person { name } substitutes { id state } }",
    )
    cyd = answer["registration"]
    assert (cyd["state"], cyd["mode"], cyd["person"]["name"]) == ("CONFIRMED", "IN_PERSON", "Cyd")
    assert cyd["confirmedAt"] is not None
    assert cyd["substitutes"] == {"id": ann["id"], "state": "SUBSTITUTED"}
    assert desk.registration(ann, "substitutedBy { id }") == {"substitutedBy": {"id": cyd["id"]}}
    assert [event["type"] for event in answer["events"]] == [
        "registration.substituted",
        "registration.nominated",
        "entity_seats.passed",
        "places.passed",
    ]
    assert desk.seats("UNODC")["delegates"]["heldBy"] == [{"person": {"name": "Cyd"}}, {"person": {"name": "Bob"}}]
    assert desk.places()["taken"] == 2
    again = unodc.do("registrationSubstitute", {"id": ann["id"], "person": person}, select="registration { id }")
    assert (again["registration"], again["events"]) == ({"id": cyd["id"]}, [])


def test_a_substitute_waits_where_the_first_waited(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=1)
    desk.nominate("Ann")
    bob = desk.nominate("Bob", "CTED")
    desk.nominate("Cyd", "INTERPOL")
    dan = desk.do("Substitute", bob, person={"name": "Dan", "email": desk.email("Dan")})
    assert (dan["state"], desk.line()) == ("WAITLISTED", ["Dan", "Cyd"])


def test_who_asks_for_a_full_room_keeps_the_line_and_waits(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=1, virtual=2)
    ann = desk.nominate("Ann")
    bob = desk.do("Confirm", desk.nominate("Bob", "CTED", mode="VIRTUAL"))
    bob = desk.do("ChangeMode", bob, by=desk.of("CTED"), mode="IN_PERSON")
    assert (bob["state"], bob["mode"], bob["waitsFor"]) == ("CONFIRMED", "VIRTUAL", "IN_PERSON")
    assert (desk.line(), desk.places("VIRTUAL")["taken"]) == (["Bob"], 1)
    desk.do("ChangeMode", ann, mode="VIRTUAL")
    desk.settle()
    bob = desk.registration(bob)
    assert (bob["state"], bob["mode"], bob["waitsFor"]) == ("CONFIRMED", "IN_PERSON", None)
    assert desk.places() == {"capacity": 1, "taken": 1, "left": 0, "waiting": 0}
    assert desk.places("VIRTUAL") == {"capacity": 2, "taken": 1, "left": 1, "waiting": 0}


def test_the_deadline_is_the_last_instant(desk: Desk) -> None:
    bob = desk.do("Decline", desk.nominate("Bob"))
    desk.clock(desk.deadline - timedelta(seconds=1))
    ann = desk.nominate("Ann", by=desk.of("UNODC"))
    assert "registrationReinstate" in desk.registration(bob, "allowedCommands")["allowedCommands"]
    desk.clock(desk.deadline + timedelta(microseconds=1))
    refusal = desk.not_nominated("Cyd", "CTED")
    assert (refusal["rule"], refusal["state"]) == ("registration.deadline", "registration_open")
    assert datetime.fromisoformat(numbers(refusal)["deadline"]) == desk.deadline
    assert desk.refused("Reinstate", bob)["rule"] == "registration.deadline"
    allowed = desk.registration(bob, "allowedCommands")["allowedCommands"]
    assert allowed == ["registrationAdmitLate"]
    assert desk.do("Confirm", ann)["state"] == "CONFIRMED", "everything else goes on"


def test_late_admission_lifts_the_deadline_and_nothing_else(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=2)
    early = {"nomination": desk.nomination("Ann"), "expectedVersion": None, "reason": "asked by the chair"}
    assert desk.officer.refused("registrationAdmitLate", early) == "registration.in_time"
    bob = desk.do("Withdraw", desk.nominate("Bob"), reason="ill")
    desk.clock(desk.deadline + timedelta(seconds=1))
    unreasoned = {"nomination": desk.nomination("Ann"), "expectedVersion": None}
    assert desk.officer.refused("registrationAdmitLate", unreasoned) == "reason.required"
    assert desk.of("UNODC").refused("registrationAdmitLate", {**unreasoned, "reason": "?"}) == "FORBIDDEN"
    assert desk.officer.refused("registrationAdmitLate", {"reason": "?", "expectedVersion": None}) == "INVALID_INPUT"
    ann = desk.admit_late(nomination=desk.nomination("Ann"), reason="asked by the chair")
    assert (ann["state"], ann["admittedLate"], ann["reason"]) == ("NOMINATED", True, "asked by the chair")
    back = desk.admit_late(registration=bob["id"], reason="well again")
    assert (back["id"], back["state"], back["admittedLate"]) == (bob["id"], "NOMINATED", True)
    given = {"nomination": desk.nomination("Cyd", "CTED"), "expectedVersion": None, "reason": "?"}
    assert desk.officer.refused("registrationAdmitLate", given) == "room.full"
    given = {"nomination": desk.nomination("Dan", mode="VIRTUAL"), "expectedVersion": None, "reason": "?"}
    assert desk.officer.refused("registrationAdmitLate", given) == "seats.quota"
    late = desk.officer.ask(
        "query ($r: Code!) { registrations(filter: {retreat: {eq: $r}, admittedLate: {eq: true}}) { totalCount } }",
        r=desk.code,
    )
    assert late["registrations"]["totalCount"] == 2


def test_an_exception_gives_a_seat_beyond_the_rule(desk: Desk) -> None:
    given = {"retreat": desk.code, "organization": "UNODC", "category": "DELEGATE", "expectedVersion": None}
    assert desk.officer.refused("registrationGrantException", given) == "reason.required"
    assert desk.of("UNODC").refused("registrationGrantException", {**given, "reason": "?"}) == "FORBIDDEN"
    staff = {**given, "category": "SECRETARIAT", "reason": "?"}
    assert desk.officer.refused("registrationGrantException", staff) == "INVALID_INPUT"
    outside = {**given, "organization": "ECOWAS", "reason": "?"}
    assert desk.officer.refused("registrationGrantException", outside) == "registration.category"
    select = "seats { version allowedCommands delegates { rule exceptions allowed taken left } }"
    done = desk.officer.do("registrationGrantException", {**given, "reason": "hosts the session"}, select=select)
    assert done["seats"]["delegates"] == {"rule": 2, "exceptions": 1, "allowed": 3, "taken": 0, "left": 3}
    assert done["seats"]["allowedCommands"] == ["registrationGrantException"]
    people = [desk.nominate(name) for name in ("Ann", "Bob", "Cyd")]
    assert [it["byException"] for it in people] == [False, False, True]
    assert numbers(desk.not_nominated("Dan")) == {"category": "delegate", "allowed": "3", "held": "3"}
    assert desk.seats("UNODC", by=desk.of("UNODC"))["exceptions"] == [
        {"category": "DELEGATE", "seats": 1, "reason": "hosts the session"}
    ]


def test_who_withdrew_may_come_back_if_a_seat_is_left(desk: Desk) -> None:
    unodc = desk.of("UNODC")
    ann = desk.do("Withdraw", desk.nominate("Ann"), by=unodc, reason="ill")
    assert (ann["state"], ann["reason"], desk.left("UNODC")) == ("WITHDRAWN", "ill", (1, 2))
    bob = desk.nominate("Bob")
    desk.nominate("Cyd")
    refusal = desk.refused("Reinstate", ann, by=unodc)
    assert (refusal["rule"], numbers(refusal)["held"]) == ("seats.quota", "2")
    desk.do("Reject", bob, reason="asked for no more")
    back = desk.do("Reinstate", ann, by=unodc)
    assert (back["state"], back["reason"], desk.left("UNODC")) == ("NOMINATED", None, (1, 0))


def test_whom_the_secretariat_rejected_only_it_brings_back(desk: Desk) -> None:
    unodc = desk.of("UNODC")
    ann = desk.nominate("Ann", by=unodc)
    assert desk.refused("Reject", ann)["rule"] == "reason.required"
    desk.do("Reject", ann, reason="not accredited")
    shown = desk.registration(ann, "reason allowedCommands history { edges { node { reason } } }", by=unodc)
    assert (shown["reason"], shown["allowedCommands"]) == ("not accredited", [])
    assert nodes(shown["history"])[-1] == {"reason": "not accredited"}
    assert desk.refused("Reinstate", ann, by=unodc)["code"] == "FORBIDDEN"
    assert desk.do("Reinstate", ann)["state"] == "NOMINATED"


def test_nobody_is_brought_into_a_full_room(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=1)
    ann = desk.do("Decline", desk.nominate("Ann"))
    desk.nominate("Bob", "CTED")
    refusal = desk.refused("Reinstate", ann)
    assert (refusal["rule"], numbers(refusal)) == (
        "room.full",
        {"mode": "in_person", "places": "1", "taken": "1", "waiting": "0"},
    )
    cyd = desk.nominate("Cyd", "INTERPOL")
    assert desk.refused("Confirm", cyd)["rule"] == "room.full"
    assert desk.left("UNODC") == (1, 2), "nothing was taken"


def test_who_was_there_and_how_is_another_fact_than_who_was_registered(desk: Desk) -> None:
    ann, bob, cyd = (desk.do("Confirm", desk.nominate(name, of)) for name, of in SENT)
    dan = desk.do("Confirm", desk.nominate("Dan", "INTERPOL", mode="VIRTUAL"))
    assert desk.refused("RecordAttendance", ann, session=desk.session(1), mode="VIRTUAL")["rule"] == (
        "registration.in_session"
    )
    desk.officer.do("retreatOpen", {"id": desk.code})
    desk.do("RecordAttendance", ann, session=desk.session(1), mode="VIRTUAL")
    desk.do("RecordAttendance", dan, session=desk.session(1), mode="VIRTUAL")
    desk.do("RecordAttendance", dan, session=desk.session(2), mode="VIRTUAL")
    desk.do("Excuse", bob)
    desk.do("Excuse", ann, session=desk.session(2))
    refusal = desk.refused("Excuse", ann)
    assert (refusal["rule"], numbers(refusal)) == ("registration.attended", {"sessions": "1"})
    outcomes = [desk.registration(it, "outcome")["outcome"] for it in (ann, bob, cyd, dan)]
    assert outcomes == ["ATTENDED", "EXCUSED", "EXPECTED", "ATTENDED"]
    desk.officer.do("retreatConclude", {"id": desk.code})
    outcomes = [desk.registration(it, "outcome")["outcome"] for it in (ann, bob, cyd, dan)]
    assert outcomes == ["ATTENDED", "EXCUSED", "ABSENT", "ATTENDED"]
    shown = desk.registration(
        ann, f'mode attendance {{ session mode }} excusedFrom outcome(session: "{desk.session(2)}")'
    )
    assert shown == {
        "mode": "IN_PERSON",
        "attendance": [{"session": desk.session(1), "mode": "VIRTUAL"}],
        "excusedFrom": [desk.session(2)],
        "outcome": "EXCUSED",
    }
    select = """expectedInPerson expectedVirtually cameInPerson cameVirtually cameOtherwise excused
        doorList { totalCount edges { node { organization { code } outcome } } }"""
    query = f"query ($r: ID!, $s: Code) {{ attendance(retreat: $r, session: $s) {{ {select} }} }}"
    whole = desk.officer.ask(query, r=desk.code, s=None)["attendance"]
    door = whole.pop("doorList")
    assert whole == {
        "expectedInPerson": 3,
        "expectedVirtually": 1,
        "cameInPerson": 0,
        "cameVirtually": 2,
        "cameOtherwise": 1,
        "excused": 1,
    }
    assert [it["organization"]["code"] for it in nodes(door)] == ["CTED", "INTERPOL", "UNODC", "UNODC"]
    second = desk.officer.ask(query, r=desk.code, s=desk.session(2))["attendance"]
    assert (second["cameVirtually"], second["cameOtherwise"], second["excused"]) == (1, 0, 2)
    assert desk.refused("Withdraw", cyd, reason="?")["rule"] == "registration.running"
    assert desk.registration(cyd, "allowedCommands")["allowedCommands"] == []


SENT = (("Ann", "UNODC"), ("Bob", "UNODC"), ("Cyd", "CTED"))


def test_a_guest_speaker_comes_from_outside_for_named_sessions(desk: Desk) -> None:
    ann = desk.nominate("Ann", "ECOWAS", "GUEST_SPEAKER", sessions=[desk.session(1)])
    assert (ann["sessions"], ann["organization"]) == ([desk.session(1)], {"code": "ECOWAS"})
    query = """query ($r: Code!, $s: Code!) { registrations(filter:
        {retreat: {eq: $r}, category: {eq: GUEST_SPEAKER}, session: {eq: $s}}) { totalCount } }"""
    counts = [desk.officer.ask(query, r=desk.code, s=desk.session(n))["registrations"]["totalCount"] for n in (1, 2)]
    assert counts == [1, 0]
    assert desk.not_nominated("Bob", "ECOWAS", "GUEST_SPEAKER")["code"] == "INVALID_INPUT"
    assert desk.not_nominated("Bob", "ECOWAS", "DELEGATE")["rule"] == "registration.category"
    of_member = desk.not_nominated("Bob", "UNODC", "GUEST_SPEAKER", sessions=[desk.session(1)])
    assert (of_member["rule"], numbers(of_member)["compact_status"]) == ("registration.category", "member")
    own = desk.not_nominated("Bob", "ECOWAS", "GUEST_SPEAKER", sessions=[desk.session(1)], by=desk.of("ECOWAS"))
    assert own["code"] == "FORBIDDEN"


def test_an_entity_registers_its_own_people_only(desk: Desk) -> None:
    assert desk.not_nominated("Ann", "CTED", by=desk.of("UNODC"))["code"] == "FORBIDDEN"
    assert desk.not_nominated("Ann", "UNODC", by=desk.service.as_(Role.READER, "UNODC"))["code"] == "FORBIDDEN"
    assert desk.not_nominated("Ann", "NO-SUCH")["code"] == "NOT_FOUND"
    virtual_only = Desk(desk.service, f"{desk.code}-V", format="VIRTUAL")
    assert virtual_only.not_nominated("Ann")["rule"] == "registration.mode"


def test_another_entity_sees_and_changes_nothing(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=1)
    ann, bob = desk.nominate("Ann"), desk.nominate("Bob")
    cyd = desk.nominate("Cyd", "CTED")
    unodc, cted = desk.of("UNODC"), desk.of("CTED")
    query = """query ($r: Code!, $i: ID!, $after: String) {
        registrations(filter: {retreat: {eq: $r}}, first: 1, after: $after) {
            totalCount pageInfo { hasNextPage endCursor } edges { node { person { name email needs } } } }
        seats(retreat: $i) { totalCount edges { node { organization { code } } } }
        waitingList(retreat: $i) { totalCount edges { node { place registration { person { name } } } } }
        places(retreat: $i) { taken waiting }
        attendance(retreat: $i) { doorList { totalCount } } }"""

    def told(client: Client, after: str | None = None) -> Any:
        return client.ask(query, r=desk.code, i=desk.code, after=after)

    own = told(cted)
    assert own["registrations"]["totalCount"] == 1
    assert own["registrations"]["pageInfo"]["hasNextPage"] is False
    assert nodes(own["registrations"]) == [
        {"person": {"name": "Cyd", "email": desk.email("Cyd"), "needs": "step-free access"}}
    ]
    assert nodes(own["seats"]) == [{"organization": {"code": "CTED"}}]
    assert (own["seats"]["totalCount"], own["waitingList"]["totalCount"]) == (1, 1)
    assert nodes(own["waitingList"]) == [{"place": 2, "registration": {"person": {"name": "Cyd"}}}]
    assert {"taken": 1, "waiting": 2} in own["places"]
    start = told(unodc)["registrations"]["pageInfo"]["endCursor"]
    assert [it["person"]["name"] for it in nodes(told(unodc, start)["registrations"])] == ["Bob"]
    assert nodes(told(cted, start)["registrations"]) == nodes(own["registrations"])

    assert desk.registration(ann, "id", by=cted) is None
    assert desk.registration(cyd, "id", by=cted) == {"id": cyd["id"]}
    for mutation, said in CHANGES.items():
        assert desk.refused(mutation, bob, by=cted, reason="?", **said)["code"] == "FORBIDDEN"
    auditor = told(desk.service.as_(Role.AUDITOR))
    assert (auditor["registrations"]["totalCount"], auditor["waitingList"]["totalCount"]) == (3, 2)
    for nobody in (desk.service.as_(Role.READER), desk.service.as_(Role.COMMITTEE_MEMBER, "UNODC")):
        seen = told(nobody)
        assert [seen[part]["totalCount"] for part in ("registrations", "seats", "waitingList")] == [0, 0, 0]


CHANGES: dict[str, dict[str, Any]] = {
    "Decline": {},
    "Withdraw": {},
    "Substitute": {"person": {"name": "Mallory", "email": "mallory@example.org"}},
    "ChangeMode": {"mode": "VIRTUAL"},
    "Confirm": {},
    "Reinstate": {},
}


def test_the_trail_tells_others_nothing_either(desk: Desk) -> None:
    before = desk.officer.ask("{ head { position } }")["head"]["position"]
    ann = desk.nominate("Ann")
    desk.do("Withdraw", ann, reason="ill")
    query = """query ($p: Position!) {
        trail(newestFirst: true, first: 100) { totalCount edges { node { kind position data } } }
        changes(from: {position: $p}) { totalCount edges { node { kind } } } }"""

    def told(client: Client) -> set[str]:
        answer = client.ask(query, p=before)
        facts = {it["kind"] for it in nodes(answer["trail"]) if int(it["position"]) > int(before)}
        assert answer["changes"]["totalCount"] == len(nodes(answer["changes"]))
        assert {it["kind"] for it in nodes(answer["changes"])} - {"role"} == facts - {"role"}
        return facts - {"role"}

    assert told(desk.of("CTED")) == set()
    assert told(desk.service.as_(Role.READER)) == set()
    assert told(desk.of("UNODC")) == {"registration", "entity_seats"}
    assert told(desk.service.as_(Role.AUDITOR)) == {"registration", "entity_seats", "places"}


def test_a_person_sees_and_declines_the_own_part(desk: Desk) -> None:
    ann = desk.nominate("Ann")
    subject = desk.registration(ann, "person { subject }")["person"]["subject"]
    administrator = desk.service.as_(Role.SECRETARIAT_ADMINISTRATOR)
    administrator.do("roleGrant", {"person": {"subject": subject}, "role": "READER"})
    oneself = desk.service.of(Identity(subject=UUID(subject)))
    found = oneself.ask("{ registrations { totalCount edges { node { id person { name needs } allowedCommands } } } }")
    assert nodes(found["registrations"]) == [
        {
            "id": ann["id"],
            "person": {"name": "Ann", "needs": "step-free access"},
            "allowedCommands": ["registrationDecline", "registrationWithdraw", "registrationChangeMode"],
        }
    ]
    assert desk.do("Decline", ann, by=oneself)["state"] == "DECLINED"


def test_what_is_allowed_is_what_the_commands_take(desk: Desk) -> None:
    ann = desk.nominate("Ann")
    assert desk.registration(ann, "allowedCommands", by=desk.of("UNODC"))["allowedCommands"] == [
        "registrationDecline",
        "registrationWithdraw",
        "registrationSubstitute",
        "registrationChangeMode",
    ]
    guest = desk.nominate("Bob", "ECOWAS", "GUEST_SPEAKER", sessions=[desk.session(1)])
    assert desk.registration(guest, "allowedCommands", by=desk.of("ECOWAS"))["allowedCommands"] == [
        "registrationDecline",
        "registrationWithdraw",
        "registrationChangeMode",
    ]
    assert desk.registration(ann, "allowedCommands")["allowedCommands"] == [
        "registrationConfirm",
        "registrationDecline",
        "registrationReject",
        "registrationWithdraw",
        "registrationSubstitute",
        "registrationChangeMode",
    ]


def test_the_past_shows_the_desk_as_it_was(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=1)
    ann, bob = desk.nominate("Ann"), desk.nominate("Bob", "CTED")
    then = desk.officer.ask("{ head { position } }")["head"]["position"]
    desk.do("Withdraw", ann, reason="ill")
    desk.settle()
    query = """query ($p: Position!, $r: ID!, $c: Code!, $bob: ID!) { snapshot(at: {position: $p}) {
        waitingList(retreat: $r) { edges { node { place registration { id state person { name } } } } }
        places(retreat: $r) { mode taken waiting }
        seats(retreat: $r, organization: "UNODC") { edges { node { id delegates { left } } } }
        registrations(filter: {retreat: {eq: $c}}) { totalCount edges { node { state allowedCommands } } }
        node(id: $bob) { ... on Registration { state } } } }"""
    past = desk.officer.ask(query, p=then, r=desk.code, c=desk.code, bob=bob["id"])["snapshot"]
    (waited,) = nodes(past["waitingList"])
    assert (waited["place"], waited["registration"]["state"]) == (1, "WAITLISTED")
    assert waited["registration"]["id"] != bob["id"], "a permalink into history"
    assert past["places"][0] == {"mode": "IN_PERSON", "taken": 1, "waiting": 1}
    (seats,) = nodes(past["seats"])
    assert seats["delegates"] == {"left": 1}
    assert [it["state"] for it in nodes(past["registrations"])] == ["NOMINATED", "WAITLISTED"]
    permalink = "query ($id: ID!) { node(id: $id) { ... on EntitySeats { delegates { left } } } }"
    assert desk.officer.ask(permalink, id=seats["id"])["node"] == {"delegates": {"left": 1}}
    assert desk.left("UNODC") == (1, 2)


def test_lists_come_in_pages(desk: Desk) -> None:
    for name, organization in (("Ann", "UNODC"), ("Bob", "CTED"), ("Cyd", "INTERPOL")):
        desk.nominate(name, organization)
    query = """query ($c: Code!, $after: String) { registrations(filter: {retreat: {eq: $c}},
        orderBy: [{field: ORGANIZATION, direction: DESC}], first: 2, after: $after) {
        pageInfo { hasNextPage endCursor } edges { node { organization { code } } } } }"""
    first = desk.officer.ask(query, c=desk.code)["registrations"]
    second = desk.officer.ask(query, c=desk.code, after=first["pageInfo"]["endCursor"])["registrations"]
    codes = [it["organization"]["code"] for it in (*nodes(first), *nodes(second))]
    assert (codes, second["pageInfo"]["hasNextPage"]) == (["UNODC", "INTERPOL", "CTED"], False)
    query = """query ($r: ID!, $after: String) { seats(retreat: $r, first: 3, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } edges { node { organization { code } } } } }"""
    first = desk.officer.ask(query, r=desk.code)["seats"]
    second = desk.officer.ask(query, r=desk.code, after=first["pageInfo"]["endCursor"])["seats"]
    codes = [it["organization"]["code"] for it in (*nodes(first), *nodes(second))]
    assert (first["totalCount"], codes) == (4, ["CTED", "INTERPOL", "UNOCT", "UNODC"])


def test_the_waiting_list_comes_in_pages(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(places=0)
    line = [desk.nominate(name, of) for name, of in (("Ann", "UNODC"), ("Bob", "CTED"), ("Cyd", "INTERPOL"))]
    query = """query ($r: ID!, $after: String) { waitingList(retreat: $r, first: 1, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } edges { node { place registration { person { name } } } } } }"""
    first = desk.officer.ask(query, r=desk.code)["waitingList"]
    after = first["pageInfo"]["endCursor"]
    assert (first["totalCount"], nodes(first)[0]["registration"]["person"]["name"]) == (3, "Ann")
    (second,) = nodes(desk.officer.ask(query, r=desk.code, after=after)["waitingList"])
    assert (second["place"], second["registration"]["person"]["name"]) == (2, "Bob")
    desk.do("Withdraw", line[0], reason="ill")
    (second,) = nodes(desk.officer.ask(query, r=desk.code, after=after)["waitingList"])
    assert (second["place"], second["registration"]["person"]["name"]) == (1, "Bob"), "nobody is passed by"


def test_a_version_that_was_seen_is_held_against_the_present_one(desk: Desk) -> None:
    ann = desk.nominate("Ann")
    stale = desk.officer.give("registrationConfirm", {"id": ann["id"], "expectedVersion": ann["version"] + 1})
    assert (stale["__typename"], stale["actual"]) == ("VersionConflict", ann["version"])
    left_out = {**desk.nomination("Bob"), "retreat": desk.code}
    assert desk.officer.refused("registrationNominate", left_out) == "INVALID_INPUT"
    assert desk.officer.refused("registrationConfirm", {"id": "NO-CODE"}) == "NOT_FOUND"
    assert desk.service.of(None).refused("registrationConfirm", {"id": ann["id"]}) == "FORBIDDEN"


def test_what_one_entity_enters_of_a_person_renames_nobody_and_is_not_shown_to_another(desk: Desk) -> None:
    unodc, cted = desk.of("UNODC"), desk.of("CTED")
    mine = desk.nominate("Ann", by=unodc)
    desk.officer.do("registrationWithdraw", {"id": mine["id"], "reason": "Sent by another entity."})
    other = {**desk.nomination("Ann", "CTED"), "expectedVersion": None}
    other["person"] = {**other["person"], "name": "Anna", "phone": "+1 555 0100", "needs": "wheelchair"}
    theirs = cted.do("registrationNominate", other, select="registration { id }")["registration"]
    query = "query ($id: ID!) { node(id: $id) { ... on Registration { person { name phone needs } } } }"
    assert unodc.ask(query, id=mine["id"])["node"]["person"] == {
        "name": "Ann",
        "phone": None,
        "needs": "step-free access",
    }
    assert cted.ask(query, id=theirs["id"])["node"]["person"] == {
        "name": "Anna",
        "phone": "+1 555 0100",
        "needs": "wheelchair",
    }
