"""Opening day: many at once for the last seat and the last place, and what holds at every position whatever comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compact_domain.registration import Registration
from compact_domain.seats import Places
from compact_domain.vocabulary import Mode
from compact_infra import Settings
from tests.conftest import Service, running
from tests.journeys.desk import Desk, nodes, numbers, register_organizations

AT_ONCE = 16
PEOPLE = ("Ann", "Bob", "Cyd", "Dan", "Eve", "Fay", "Gus")
_codes = count(1)


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    with running(new_settings()) as started:
        register_organizations(started.officer)
        yield started


def new_desk(service: Service, **rules: Any) -> Desk:
    return Desk(service, f"RUSH-{next(_codes)}", **rules)


def rush(desk: Desk, *said: Any) -> list[dict[str, Any]]:
    """Nominations of as many people, all sent at once; answers what each was told."""

    def nominate(n: int) -> dict[str, Any]:
        nomination = {**desk.nomination(f"Person-{n}", *said), "expectedVersion": None}
        return desk.officer.give(
            "registrationNominate", nomination, select="registration { state placesInLine { place } }"
        )

    with ThreadPoolExecutor(AT_ONCE) as clients:
        return list(clients.map(nominate, range(AT_ONCE)))


def test_one_of_many_gets_the_last_seat(service: Service) -> None:
    desk = new_desk(service)
    desk.nominate("Ann")
    answers = rush(desk, "UNODC", "DELEGATE")
    assert Counter(answer["__typename"] for answer in answers) == {
        "RegistrationNominatePayload": 1,
        "RuleViolation": AT_ONCE - 1,
    }
    refused = [answer for answer in answers if answer["__typename"] == "RuleViolation"]
    assert {answer["rule"] for answer in refused} == {"seats.quota"}
    assert all(numbers(answer) == {"category": "delegate", "allowed": "2", "held": "2"} for answer in refused)
    assert desk.left("UNODC") == (1, 0)
    assert desk.places()["taken"] == 2


def test_one_of_many_gets_the_last_place_and_the_others_wait(service: Service) -> None:
    desk = new_desk(service, places=2)
    desk.nominate("Ann")
    answers = rush(desk, "UNOCT", "SECRETARIAT")
    assert {answer["__typename"] for answer in answers} == {"RegistrationNominatePayload"}
    registrations = [answer["registration"] for answer in answers]
    assert Counter(it["state"] for it in registrations) == {"NOMINATED": 1, "WAITLISTED": AT_ONCE - 1}
    assert desk.places() == {"capacity": 2, "taken": 2, "left": 0, "waiting": AT_ONCE - 1}
    assert len(set(desk.line())) == AT_ONCE - 1


NOMINATE = st.tuples(
    st.just("nominate"),
    st.sampled_from(PEOPLE),
    st.sampled_from(
        [("UNODC", "DELEGATE"), ("UNODC", "REPRESENTATIVE"), ("CTED", "DELEGATE"), ("UNOCT", "SECRETARIAT")]
    ),
    st.sampled_from(["IN_PERSON", "VIRTUAL"]),
)
CHANGE = st.tuples(
    st.sampled_from(["Withdraw", "Decline", "Reject", "Confirm", "Reinstate", "SkipWaiting", "IN_PERSON", "VIRTUAL"]),
    st.sampled_from(PEOPLE),
)
SUBSTITUTE = st.tuples(st.just("substitute"), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))
RULES = st.tuples(st.just("rules"), st.integers(1, 4), st.sampled_from([None, 1, 3]), st.integers(1, 3))
EXCEPTION = st.tuples(st.just("exception"), st.sampled_from(["UNODC", "CTED"]))
SHOWN = """inPerson: waitingList(retreat: $r, mode: IN_PERSON, first: 100) { edges { node { place registration {
        person { subject } } } } }
    virtually: waitingList(retreat: $r, mode: VIRTUAL, first: 100) { edges { node { place registration {
        person { subject } } } } }
    places(retreat: $r) { mode version capacity taken left waiting }
    seats(retreat: $r) { edges { node { organization { code }
        representatives { allowed taken left } delegates { allowed taken left } } } }
    registrations(filter: {retreat: {eq: $c}, state: {in: [NOMINATED, WAITLISTED, CONFIRMED]}}, first: 100) {
        edges { node { category organization { code } mode state } } }"""
LIVE = f"query ($r: ID!, $c: Code!) {{ head {{ position }} {SHOWN} }}"
PAST = f"query ($r: ID!, $c: Code!, $p: Position!) {{ snapshot(at: {{position: $p}}) {{ {SHOWN} }} }}"


class Rush:
    """A small retreat at which anything is asked; refusals are as good as answers."""

    def __init__(self, service: Service) -> None:
        self.desk = new_desk(service, places=2, virtual=2)
        self.known: dict[str, str] = {}
        self.shown: dict[int, Any] = {}

    def give(self, what: str, *said: Any) -> None:
        desk, officer = self.desk, self.desk.officer
        match what, said:
            case "nominate", (name, (organization, category), mode):
                nomination = {**desk.nomination(name, organization, category, mode), "expectedVersion": None}
                self._keep(name, officer.give("registrationNominate", nomination, select="registration { id }"))
            case "rules", (places, virtual, delegates):
                rules = {"inPersonPlaces": places, "virtualPlaces": virtual, "delegates": delegates}
                officer.give("retreatSetSeatRules", {"id": desk.code, **rules})
            case "exception", (organization,):
                seats = {"organization": organization, "category": "DELEGATE", "reason": "because"}
                asked = {"retreat": desk.code, "expectedVersion": None, **seats}
                officer.give("registrationGrantException", asked)
            case "substitute", (name, other) if name in self.known:
                person = {"name": other, "email": desk.email(other)}
                asked = {"id": self.known[name], "person": person}
                self._keep(other, officer.give("registrationSubstitute", asked, select="registration { id }"))
            case ("IN_PERSON" | "VIRTUAL") as mode, (name,) if name in self.known:
                officer.give("registrationChangeMode", {"id": self.known[name], "mode": mode})
            case mutation, (name, *_) if name in self.known:
                officer.give(f"registration{mutation}", {"id": self.known[name], "reason": "because"})

    def _keep(self, name: str, answer: dict[str, Any]) -> None:
        if answer["__typename"].endswith("Payload"):
            self.known[name] = answer["registration"]["id"]

    def look(self) -> None:
        """Remember what is shown now."""
        told = self.desk.officer.ask(LIVE, r=self.desk.code, c=self.desk.code)
        self.shown[int(told.pop("head")["position"])] = told

    def at(self, position: int) -> Any:
        asked = {"r": self.desk.code, "c": self.desk.code, "p": str(position)}
        return self.desk.officer.ask(PAST, **asked)["snapshot"]

    def line_by_the_facts(self, places: dict[str, Any]) -> list[str]:
        """Subject ids of those who waited at a version of places, as the aggregate itself has them."""
        store = self.desk.service.compact.store
        key = Places.key(self.desk.code, Mode[places["mode"]])
        it: Any = None
        for stored in store.recorder.select_events(key, lte=places["version"]):
            it = store.mapper.to_domain_event(stored).mutate(it)
        with store.attempt() as attempt:
            waiting = [attempt.load(Registration, party.registration) for party in it.waiting]
        return [str(registration.subject) for registration in waiting if registration is not None]


def keeps_the_rules(told: Any) -> None:
    for entity in nodes(told["seats"]):
        for category in ("representatives", "delegates"):
            seats = entity[category]
            assert seats["left"] == seats["allowed"] - seats["taken"] >= 0
    for places in told["places"]:
        assert places["capacity"] is None or places["left"] == places["capacity"] - places["taken"] >= 0


def lines(told: Any) -> dict[str, list[str]]:
    """Subject ids of those who wait, by mode, first to last."""
    shown = {"IN_PERSON": nodes(told["inPerson"]), "VIRTUAL": nodes(told["virtually"])}
    for line in shown.values():
        assert [one["place"] for one in line] == list(range(1, len(line) + 1))
    return {mode: [one["registration"]["person"]["subject"] for one in line] for mode, line in shown.items()}


def agrees_with_the_registrations(told: Any) -> None:
    """Seats and places, which keep their own books, hold those who are registered: whenever a command is done."""
    active = nodes(told["registrations"])
    seated = Counter((it["organization"]["code"], it["category"]) for it in active)
    for entity in nodes(told["seats"]):
        code = entity["organization"]["code"]
        assert entity["representatives"]["taken"] == seated[code, "REPRESENTATIVE"]
        assert entity["delegates"]["taken"] == seated[code, "DELEGATE"]
    placed = Counter(it["mode"] for it in active if it["state"] != "WAITLISTED")
    for places in told["places"]:
        assert places["taken"] == placed[places["mode"]]
        assert places["waiting"] == len(lines(told)[places["mode"]])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.one_of(NOMINATE, NOMINATE, CHANGE, SUBSTITUTE, RULES, EXCEPTION), min_size=6, max_size=18))
def test_seats_and_places_hold_at_every_position(service: Service, steps: list[tuple[Any, ...]]) -> None:
    rush = Rush(service)
    rush.look()
    for step in steps:
        rush.give(*step)
        rush.look()
    rush.desk.settle()
    rush.look()
    for position in range(min(rush.shown), max(rush.shown) + 1):
        told = rush.at(position)
        keeps_the_rules(told)
        if position in rush.shown:
            assert told == rush.shown[position], "the past is what was shown"
            agrees_with_the_registrations(told)
        assert lines(told) == {places["mode"]: rush.line_by_the_facts(places) for places in told["places"]}
