"""Many at once: one effect of one command, one winner for one thing, and nothing lost of what everybody may say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from compact_infra import Settings
from tests.client import Client
from tests.conftest import Service, running
from tests.journeys.desk import MEMBERS, Desk, nodes, register_organizations

Answer = dict[str, Any]
TERM = {"startsOn": "2025-01-01", "endsOn": "2099-12-31"}
_codes = count(1)


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    with running(new_settings()) as started:
        register_organizations(started.officer)
        yield started


@pytest.fixture
def officer(service: Service) -> Client:
    return service.officer


def at_once(commands: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """What each is answered of commands that are given all at the same time."""
    with ThreadPoolExecutor(len(commands)) as clients:
        return [asked.result() for asked in [clients.submit(command) for command in commands]]


def outcomes(answers: Sequence[Answer]) -> Counter[str]:
    return Counter(answer.get("rule") or answer["__typename"] for answer in answers)


def proposed(officer: Client) -> str:
    code = f"REC-{next(_codes)}"
    text = "Designate a focal point in each regional organization."
    proposal = {"code": code, "text": text, "regions": ["WEST-AFRICA"], "onBehalfOf": "UNODC"}
    officer.do("recommendationPropose", proposal)
    return code


def seen(officer: Client, code: str) -> tuple[int, int]:
    """The version of a recommendation, and how many wordings it has had."""
    query = "query ($c: Code!) { recommendation(code: $c) { version texts { __typename } } }"
    found = officer.ask(query, c=code)["recommendation"]
    return found["version"], len(found["texts"])


def test_the_same_command_five_times_at_once_happens_once(officer: Client) -> None:
    code = proposed(officer)
    amend = {"id": code, "idempotencyKey": str(uuid4()), "text": "Designate two.", "onBehalfOf": "UNODC"}
    answers = at_once([partial(officer.give, "recommendationAmend", amend)] * 5)
    assert Counter(answer["replayed"] for answer in answers) == {False: 1, True: 4}
    assert len({(answer["position"], answer["events"][0]["eventId"]) for answer in answers}) == 1
    assert [len(answer["events"]) for answer in answers] == [1] * 5
    assert seen(officer, code) == (2, 2)


def test_one_key_with_five_contents_takes_one_of_them(officer: Client) -> None:
    code, key = proposed(officer), str(uuid4())
    amend = [{"id": code, "idempotencyKey": key, "text": f"Designate {n}.", "onBehalfOf": "UNODC"} for n in range(5)]
    answers = at_once([partial(officer.give, "recommendationAmend", given) for given in amend])
    assert outcomes(answers) == {"RecommendationAmendPayload": 1, "IdempotencyMismatch": 4}
    assert seen(officer, code) == (2, 2)


def test_of_two_who_saw_the_same_version_one_is_told_of_the_other(officer: Client) -> None:
    code = proposed(officer)
    amend = {"id": code, "expectedVersion": 1, "onBehalfOf": "UNODC"}
    answers = at_once(
        [partial(officer.give, "recommendationAmend", {**amend, "text": f"Designate {n}."}) for n in range(2)]
    )
    assert outcomes(answers) == {"RecommendationAmendPayload": 1, "VersionConflict": 1}
    (conflict,) = [answer for answer in answers if answer["__typename"] == "VersionConflict"]
    assert (conflict["expected"], conflict["actual"]) == (1, 2)
    assert seen(officer, code) == (2, 2)


def test_of_two_who_do_without_a_version_both_are_heard(officer: Client) -> None:
    code = proposed(officer)
    amend = {"id": code, "expectedVersion": None, "onBehalfOf": "UNODC"}
    answers = at_once(
        [partial(officer.give, "recommendationAmend", {**amend, "text": f"Designate {n}."}) for n in range(2)]
    )
    assert outcomes(answers) == {"RecommendationAmendPayload": 2}
    assert {answer["events"][0]["version"] for answer in answers} == {2, 3}
    assert seen(officer, code) == (3, 3)


def test_one_code_is_given_once(officer: Client) -> None:
    code = f"REC-{next(_codes)}"
    proposals = [
        {"code": code, "text": f"Text {n}.", "regions": ["WEST-AFRICA"], "onBehalfOf": "UNODC"} for n in range(8)
    ]
    answers = at_once([partial(officer.give, "recommendationPropose", given) for given in proposals])
    assert outcomes(answers) == {"RecommendationProposePayload": 1, "code.taken": 7}


def test_three_that_would_each_be_merged_into_the_next_make_no_circle(officer: Client) -> None:
    codes = [proposed(officer) for _ in range(3)]
    mergers = [
        {"id": code, "into": into, "reason": "Both ask for the same."}
        for code, into in zip(codes, [*codes[1:], codes[0]], strict=True)
    ]
    answers = at_once([partial(officer.give, "recommendationMerge", merger) for merger in mergers])
    refused = [answer["rule"] for answer in answers if answer["__typename"] == "RuleViolation"]
    assert refused
    assert set(refused) <= {"recommendation.circle", "recommendation.successor"}
    query = "query ($c: [Code!]!) { recommendations(filter: {code: {in: $c}, ended: {eq: false}}) { totalCount } }"
    assert officer.ask(query, c=codes)["recommendations"]["totalCount"] == len(refused)


def test_one_person_is_registered_by_one_of_many_entities(service: Service) -> None:
    desk = Desk(service, f"RACE-{next(_codes)}")
    answers = at_once([partial(give_nomination, desk, organization) for organization in MEMBERS * 3])
    taken = [answer for answer in answers if answer["__typename"] == "RegistrationNominatePayload"]
    winner = {answer["registration"]["organization"]["code"] for answer in taken}
    assert len(winner) == 1
    assert outcomes(answers) == {"RegistrationNominatePayload": 3, "registration.person": 9}
    assert sum(len(answer["events"]) > 0 for answer in taken) == 1, "its other two attempts find it done"
    assert desk.places()["taken"] == 1


def give_nomination(desk: Desk, organization: str) -> Answer:
    given = {**desk.nomination("Ann", organization), "expectedVersion": None}
    return desk.officer.give("registrationNominate", given, select="registration { organization { code } }")


def test_one_room_is_given_to_one_session(service: Service) -> None:
    desk = Desk(service, f"RACE-{next(_codes)}")
    sitting = {"startsAt": "2031-06-25T15:00:00-04:00", "endsAt": "2031-06-25T16:00:00-04:00", "room": desk.code}
    session = {"retreat": desk.code, "expectedVersion": None, "title": "Side event", "kind": "THEMATIC", **sitting}
    answers = at_once(
        [partial(desk.officer.give, "sessionSchedule", {**session, "code": f"{desk.code}-R{n}"}) for n in range(8)]
    )
    assert outcomes(answers) == {"SessionSchedulePayload": 1, "session.room": 7}


def test_one_region_has_one_focal_point(officer: Client) -> None:
    def nominated(n: int) -> str:
        nomination = {
            "organization": "ECOWAS",
            "expectedVersion": None,
            "person": {"name": f"Person {n}", "email": f"person-{n}@ecowas.example.org"},
            "regions": ["WEST-AFRICA"],
            "nominationLetter": "ECW/2031/17",
            **TERM,
        }
        id: str = officer.do("focalPointNominate", nomination, select="focalPoint { id }")["focalPoint"]["id"]
        return id

    ids = [nominated(n) for n in range(6)]
    answers = at_once([partial(officer.give, "focalPointConfirm", {"id": id}) for id in ids])
    assert outcomes(answers) == {"FocalPointConfirmPayload": 1, "focal_point.region": 5}
    found = officer.ask("{ focalPoints(filter: {state: {eq: CONFIRMED}}) { edges { node { state } } } }")
    assert len(nodes(found["focalPoints"])) == 1
