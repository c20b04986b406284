"""What is asked badly: moments that are none, one person under two names, and what nobody is to know of yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from compact_domain.kernel import Role
from compact_infra import Settings
from tests.client import Client
from tests.conftest import Service, running
from tests.journeys.desk import Desk, numbers, register_organizations

START = datetime(2031, 5, 1, 9, 0, tzinfo=UTC)
SNAPSHOT = "query ($at: MomentInput) { snapshot(at: $at) { head { position } } }"
CHANGES = "query ($a: MomentInput!, $b: MomentInput) { changes(from: $a, to: $b) { edges { node { kind } } } }"
_codes = count(1)


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A demonstration whose history begins on the first of May 2031."""
    settings = new_settings(demonstration=True)
    with running(settings) as started:
        started.compact.store.set_clock(START)
        register_organizations(started.officer)
        yield started


@pytest.fixture
def officer(service: Service) -> Client:
    return service.officer


@pytest.fixture
def desk(service: Service) -> Desk:
    return Desk(service, f"BAD-{next(_codes)}")


def head(client: Client) -> tuple[int, datetime]:
    told = client.ask("{ head { position now } }")["head"]
    return int(told["position"]), datetime.fromisoformat(told["now"])


# --- moments


@pytest.mark.parametrize("asked", [SNAPSHOT.replace("$at", "$a"), CHANGES])
def test_a_moment_lies_within_the_history(officer: Client, asked: str) -> None:
    position, now = head(officer)
    for moment, refusal in (
        ({"position": "0"}, "POSITION_UNKNOWN"),
        ({"position": str(position + 1)}, "POSITION_UNKNOWN"),
        ({"position": str(2**63 - 1)}, "POSITION_UNKNOWN"),
        ({"time": "0001-01-01T00:00:00Z"}, "MOMENT_BEFORE_HISTORY"),
        ({"time": "2020-01-01T00:00:00Z"}, "MOMENT_BEFORE_HISTORY"),
        ({"time": (now + timedelta(minutes=1)).isoformat()}, "MOMENT_IN_FUTURE"),
        ({"time": "9999-12-31T23:59:59Z"}, "MOMENT_IN_FUTURE"),
    ):
        assert officer.error(asked, a=moment) == refusal, moment


def test_a_moment_is_named_one_way(officer: Client) -> None:
    for moment in ({}, {"position": "1", "time": "2031-05-01T09:00:00Z"}, {"position": None}, {"position": "-1"}):
        assert officer.error(SNAPSHOT, at=moment) == "BAD_USER_INPUT", moment
    assert officer.error(SNAPSHOT, at=None) == "INVALID_INPUT"
    both = '{ snapshot(at: {position: "1"}, atLeast: "1") { head { position } } }'
    assert officer.error(both) == "INVALID_INPUT"
    assert officer.error('{ snapshot(atLeast: "9000000") { head { position } } }') == "POSITION_UNKNOWN"


def test_changes_run_forwards(officer: Client) -> None:
    position, now = head(officer)
    assert officer.error(CHANGES, a={"position": "9"}, b={"position": "8"}) == "MOMENTS_REVERSED"
    assert officer.error(CHANGES, a={"time": now.isoformat()}, b={"position": "8"}) == "MOMENTS_REVERSED"
    nothing = officer.ask(CHANGES, a={"position": str(position)}, b={"position": str(position)})
    assert nothing["changes"]["edges"] == []
    beyond = f'{{ snapshot(at: {{position: "8"}}) {{ changes(from: {{position: "{position}"}}) {{ totalCount }} }} }}'
    assert officer.error(beyond) == "POSITION_UNKNOWN", "in an answer from the past there is nothing later"


# --- persons


def test_one_address_is_one_person_however_it_is_written(desk: Desk) -> None:
    desk.nominate("Ann")
    given = {**desk.nomination("Ann", category="REPRESENTATIVE"), "expectedVersion": None}
    for email in (f"ANN@{desk.code}.Example.ORG", f"Ann@{desk.code}.example.org"):
        person = {"name": "A. Other", "email": email.replace("ANN", "aNn")}
        answer = desk.officer.give("registrationNominate", {**given, "person": person})
        assert answer["rule"] == "registration.person"
    assert desk.left("UNODC") == (1, 1)


def test_one_domain_is_the_same_in_either_script(desk: Desk) -> None:
    person = {"name": "Ann", "email": f"ann.{desk.code}@bücher.example"}
    given = {**desk.nomination("Ann"), "expectedVersion": None}
    desk.officer.do("registrationNominate", {**given, "person": person})
    again = {"name": "Ann", "email": f"ANN.{desk.code}@xn--bcher-kva.example"}
    answer = desk.officer.give("registrationNominate", {**given, "category": "REPRESENTATIVE", "person": again})
    assert answer["rule"] == "registration.person"


def test_saying_the_same_again_gives_nobody_another_name(desk: Desk) -> None:
    ann = desk.nominate("Ann")
    given = {**desk.nomination("Ann"), "expectedVersion": None}
    renamed = {**given["person"], "name": "Somebody Else", "phone": "+41229170000"}
    again = desk.officer.do("registrationNominate", {**given, "person": renamed})
    assert again["events"] == []
    desk.nominate("Bob")
    assert desk.registration(ann, "person { name phone }")["person"] == {"name": "Ann", "phone": None}


# --- what nobody is to know of yet


def test_nobody_refers_to_a_session_that_was_not_announced(service: Service, officer: Client) -> None:
    officer.do("retreatPlan", {"code": "SECRET-1", **PLAN})
    session = {"retreat": "SECRET-1", "expectedVersion": None, "code": "SECRET-S1", **SITTING}
    officer.do("sessionSchedule", session)
    unodc = service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC")
    proposal = {"code": "REC-SECRET", "text": "Share the list.", "regions": ["WEST-AFRICA"], "session": "SECRET-S1"}
    answer = unodc.give("recommendationPropose", proposal)
    assert (answer["code"], answer["kind"], answer["reference"]) == ("NOT_FOUND", "Session", "SECRET-S1")
    officer.do("retreatAnnounce", {"id": "SECRET-1"})
    assert service.compact.settle()
    unodc.do("recommendationPropose", proposal)


def test_no_exception_is_granted_before_the_retreat_is_announced(officer: Client) -> None:
    officer.do("retreatPlan", {"code": "SECRET-2", **PLAN})
    granted = {"organization": "UNODC", "category": "DELEGATE", "reason": "It leads a working group."}
    given = {"retreat": "SECRET-2", "expectedVersion": None, **granted}
    answer = officer.give("registrationGrantException", given)
    assert (answer["rule"], answer["state"]) == ("registration.running", "planned")
    officer.do("retreatAnnounce", {"id": "SECRET-2"})
    officer.do("registrationGrantException", given)


# --- words for what is there


def test_nobody_speaks_for_an_organization_that_was_never_registered(officer: Client) -> None:
    before = head(officer)[0]
    given = {"id": "ECOWAS", "names": {"en": "Economic Community"}, "onBehalfOf": "ATLANTIS"}
    answer = officer.give("organizationRename", given)
    assert (answer["code"], answer["kind"], answer["reference"]) == ("NOT_FOUND", "Organization", "ATLANTIS")
    assert head(officer)[0] == before


def test_places_are_asked_for_once_there_are_any(officer: Client) -> None:
    officer.do("retreatPlan", {"code": "NO-ROOM", **PLAN})
    officer.do("retreatAnnounce", {"id": "NO-ROOM"})
    given = {"retreat": "NO-ROOM", "mode": "IN_PERSON", "expectedVersion": None}
    assert officer.refused("registrationPromote", given) == "retreat.seat_rules"


def test_the_same_instant_in_another_zone_is_the_same_deadline(desk: Desk) -> None:
    deadline = desk.deadline.astimezone().isoformat()
    changed = {"id": desk.code, "deadline": deadline, "zone": "America/New_York", "reason": "Said in other words."}
    assert desk.officer.do("retreatChangeDeadline", changed)["events"] == []
    early = {**changed, "deadline": (START - timedelta(days=1)).isoformat()}
    answer = desk.officer.give("retreatChangeDeadline", early)
    assert answer["rule"] == "retreat.deadline"
    assert set(numbers(answer)) == {"deadline", "latest", "earliest"}


PLAN: dict[str, Any] = {
    "series": "Counter-Terrorism Compact Retreat",
    "edition": 1,
    "title": "Counter-Terrorism Compact Retreat",
    "theme": "Strengthening partnerships with regional organizations",
    "startsOn": "2031-06-25",
    "endsOn": "2031-06-25",
    "zone": "America/New_York",
    "logistics": {"format": "HYBRID", "contact": "desk@example.org"},
}
SITTING = {
    "title": "Opening",
    "kind": "OPENING",
    "startsAt": "2031-06-25T10:00:00-04:00",
    "endsAt": "2031-06-25T11:00:00-04:00",
}
