"""The registration desk as rows: registrations, an entity's seats, places, and the waiting list, then and now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from compact_domain.registration import Registration, RegistrationState
from compact_domain.retreat import SeatRules
from compact_domain.seats import EntitySeats, Places
from compact_domain.vocabulary import Category, Mode
from compact_projections.registration_desk import (
    Desk,
    Entitlement,
    HeldSeat,
    InLine,
    Outcome,
    PlacesTaken,
    SeatsHeld,
    Waiting,
    WaitingLists,
    beyond,
    by_exception,
    in_line,
)
from tests.domain.scenario import NOW, Said, person, said
from tests.projections.rows import Rows, shown

RETREAT = "RETREAT-2025"
ANN, BOB, CYD = person("ann"), person("bob"), person("cyd")
OF_ANN: dict[str, Any] = {"retreat": RETREAT, "subject": ANN}
IN_PERSON, VIRTUAL = Mode
DELEGATE = Category.DELEGATE


def nominated(state: RegistrationState = RegistrationState.NOMINATED, **more: Any) -> Said:
    given = {"organization": "UNODC", "category": DELEGATE, "mode": IN_PERSON, **more}
    return said(Registration.Created, **OF_ANN, details_hash="0" * 64, state=state, **given)


def registration(*facts: Said) -> Any:
    return Rows(Desk).given(Registration, *facts).one(Desk)


CONFIRMED = said(Registration.Confirmed)
WITHDRAWN = said(Registration.Withdrawn, **OF_ANN)
SEEN_VIRTUALLY = said(Registration.AttendanceRecorded, session="S1", mode=VIRTUAL)


def test_a_registration_is_read_as_it_was_nominated() -> None:
    row = registration(nominated(sessions=("S1",), late=True))
    assert shown(row, "version", "retreat", "organization", "subject", "category", "mode", "state") == (
        1,
        RETREAT,
        "UNODC",
        ANN,
        DELEGATE,
        IN_PERSON,
        RegistrationState.NOMINATED,
    )
    assert shown(row, "sessions", "late", "nominated_on", "confirmed_at") == (("S1",), True, NOW.date(), None)


@pytest.mark.parametrize(
    ("fact", "state"),
    [
        (said(Registration.Declined, **OF_ANN), RegistrationState.DECLINED),
        (said(Registration.Rejected, **OF_ANN), RegistrationState.REJECTED),
        (WITHDRAWN, RegistrationState.WITHDRAWN),
        (said(Registration.Substituted, **OF_ANN, successor=BOB), RegistrationState.SUBSTITUTED),
    ],
)
def test_what_ends_waits_no_more_and_is_not_confirmed(fact: Said, state: RegistrationState) -> None:
    row = registration(nominated(waits_for=VIRTUAL), CONFIRMED, fact)
    assert shown(row, "state", "waits_for", "confirmed_at", "version") == (state, None, None, 3)


def test_a_substitute_is_known_on_both_sides() -> None:
    row = registration(nominated(), said(Registration.Substituted, **OF_ANN, successor=BOB))
    assert row.successor == BOB
    took_over = registration(nominated(RegistrationState.CONFIRMED, substitutes=ANN))
    assert took_over.substitutes == ANN
    assert took_over.confirmed_at is not None


def test_who_was_admitted_late_once_stays_known_as_that() -> None:
    late, in_time = (said(Registration.Reinstated, **OF_ANN, late=late) for late in (True, False))
    row = registration(nominated(), WITHDRAWN, late, WITHDRAWN, in_time)
    assert shown(row, "state", "late") == (RegistrationState.NOMINATED, True)


def test_a_place_that_came_free_changes_mode_and_ends_waiting() -> None:
    awaits = said(Registration.ModeAwaited, mode=VIRTUAL)
    promoted = said(Registration.Promoted, mode=VIRTUAL)
    assert shown(registration(nominated(), awaits), "mode", "waits_for") == (IN_PERSON, VIRTUAL)
    assert shown(registration(nominated(), awaits, said(Registration.ModeKept)), "waits_for") == (None,)
    assert shown(registration(nominated(), CONFIRMED, awaits, promoted), "mode", "waits_for", "state") == (
        VIRTUAL,
        None,
        RegistrationState.CONFIRMED,
    )
    waitlisted = nominated(RegistrationState.WAITLISTED)
    assert registration(waitlisted, said(Registration.ModeChanged, mode=VIRTUAL)).state == RegistrationState.NOMINATED


def test_who_waits_on_both_lists_still_waits_on_the_other() -> None:
    waits_on_both = (nominated(RegistrationState.WAITLISTED), said(Registration.ModeAwaited, mode=VIRTUAL))
    row = registration(*waits_on_both, said(Registration.Promoted, mode=IN_PERSON))
    assert shown(row, "state", "mode", "waits_for") == (RegistrationState.NOMINATED, IN_PERSON, VIRTUAL)


def test_the_last_mode_seen_stands_and_undoes_an_apology() -> None:
    excused = said(Registration.Excused, session="S1")
    in_person = said(Registration.AttendanceRecorded, session="S1", mode=IN_PERSON)
    row = registration(nominated(), CONFIRMED, excused, SEEN_VIRTUALLY, in_person)
    assert [(seen.session, seen.mode) for seen in row.attendance] == [("S1", IN_PERSON)]
    assert shown(row, "attended", "excused") == (("S1",), ())


@pytest.mark.parametrize(
    ("facts", "session", "over", "outcome"),
    [
        ((), None, True, None),
        ((CONFIRMED,), None, False, Outcome.EXPECTED),
        ((CONFIRMED,), "S1", True, Outcome.ABSENT),
        ((CONFIRMED, SEEN_VIRTUALLY), None, True, Outcome.ATTENDED),
        ((CONFIRMED, SEEN_VIRTUALLY), "S1", False, Outcome.ATTENDED),
        ((CONFIRMED, SEEN_VIRTUALLY), "S2", True, Outcome.ABSENT),
        ((CONFIRMED, said(Registration.Excused)), "S2", True, Outcome.EXCUSED),
        ((CONFIRMED, said(Registration.Excused), SEEN_VIRTUALLY), None, True, Outcome.ATTENDED),
        ((CONFIRMED, said(Registration.Excused, session="S1")), None, True, Outcome.ABSENT),
        ((CONFIRMED, WITHDRAWN), None, True, None),
    ],
)
def test_what_came_of_a_registration(facts: tuple[Said, ...], session: str, over: bool, outcome: Outcome) -> None:
    assert registration(nominated(), *facts).outcome(session, over=over) == outcome


OF_UNODC: dict[str, Any] = {"retreat": RETREAT, "entity": "UNODC"}
OPENED = said(EntitySeats.Created, **OF_UNODC)
GRANTED = said(EntitySeats.ExceptionGranted, category=DELEGATE, seats=1)


def takes_seat(n: int, who: UUID) -> Said:
    return said(EntitySeats.Taken, **OF_UNODC, category=DELEGATE, n=n, registration=who, allowed=2)


def gives_seat(n: int, who: UUID) -> Said:
    return said(EntitySeats.Released, **OF_UNODC, category=DELEGATE, n=n, registration=who)


def entitlement(*facts: Said) -> Entitlement:
    row = Rows(SeatsHeld).given(EntitySeats, OPENED, *facts).one(SeatsHeld)
    rule = {Category.REPRESENTATIVE: 1, DELEGATE: 2}
    return Entitlement(retreat=RETREAT, organization="UNODC", rule=rule, seats=row)


def test_left_is_what_may_be_held_less_what_is() -> None:
    held = entitlement(takes_seat(1, ANN), takes_seat(2, BOB))
    assert (held.allowed(DELEGATE), held.left(DELEGATE), held.left(Category.REPRESENTATIVE)) == (2, 0, 1)
    assert entitlement(takes_seat(1, ANN), takes_seat(2, BOB), gives_seat(1, ANN)).left(DELEGATE) == 1
    beyond_rule = entitlement(takes_seat(1, ANN), takes_seat(2, BOB), GRANTED)
    assert (beyond_rule.exceptions(DELEGATE), beyond_rule.allowed(DELEGATE), beyond_rule.left(DELEGATE)) == (1, 3, 1)


def test_an_entity_that_never_asked_has_all_its_seats() -> None:
    rule = {Category.REPRESENTATIVE: 1, DELEGATE: 2}
    never = Entitlement(retreat=RETREAT, organization="CTED", rule=rule, seats=None)
    assert (never.version, never.left(DELEGATE), never.held(DELEGATE), never.granted) == (0, 2, [], ())


def test_seats_left_count_a_substitution_once() -> None:
    passed = said(EntitySeats.Passed, category=DELEGATE, n=1, registration=ANN, to=CYD)
    held = entitlement(takes_seat(1, ANN), takes_seat(2, BOB), passed)
    assert held.left(DELEGATE) == 0
    assert held.held(DELEGATE) == [
        HeldSeat(category=DELEGATE, n=1, registration=CYD),
        HeldSeat(category=DELEGATE, n=2, registration=BOB),
    ]


def test_the_seats_beyond_the_rule_are_those_held_by_exception() -> None:
    rows = Rows(Desk, SeatsHeld).given(Registration, nominated(), id=CYD)
    rows.given(EntitySeats, OPENED, GRANTED, takes_seat(1, ANN), takes_seat(2, BOB), takes_seat(3, CYD))
    third, rules = rows.one(Desk), SeatRules()
    assert by_exception(third, rows.one(SeatsHeld), rules)
    assert not by_exception(third, rows.one(SeatsHeld), SeatRules(delegates=3))
    rows.given(EntitySeats, gives_seat(1, ANN))
    assert not by_exception(third, rows.one(SeatsHeld), rules), "two are held, as the rule has it"
    assert not by_exception(third, None, rules)


OF_ROOM: dict[str, Any] = {"retreat": RETREAT, "mode": IN_PERSON}
PROVIDED = said(Places.Created, **OF_ROOM, room=1)


def queued(who: UUID, ahead: int) -> Said:
    return said(Places.Queued, registration=who, organization="UNODC", ahead=ahead)


def room(*facts: Said) -> Rows:
    return Rows(PlacesTaken, WaitingLists).given(Places, PROVIDED, *facts)


def names(rows: Rows, position: int | None = None) -> list[UUID]:
    return [one.waiting.registration for one in in_line(rows.one(WaitingLists, position))]


TAKEN = said(Places.Taken, **OF_ROOM, n=1, registration=ANN, organization="UNODC")
RELEASED = said(Places.Released, **OF_ROOM, n=1, registration=ANN, waiting=2)
PROMOTED = said(Places.Promoted, **OF_ROOM, n=1, registration=BOB)


def test_places_are_counted_as_they_are_taken_and_waited_for() -> None:
    rows = room(TAKEN, queued(BOB, 0), queued(CYD, 1), RELEASED, PROMOTED)
    counted = [shown(rows.one(PlacesTaken, p), "taken", "left", "waiting") for p in range(1, 7)]
    assert counted == [(0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 0, 2), (0, 1, 2), (1, 0, 1)]
    unlimited = said(Places.RoomChanged, **OF_ROOM, room=None, before=1, taken=1, waiting=1)
    rows.given(Places, unlimited, said(Places.LeftQueue, registration=CYD))
    assert shown(rows.one(PlacesTaken), "room", "left", "waiting", "version") == (None, None, 0, 8)


def test_the_waiting_list_is_in_order_now_and_then() -> None:
    rows = room(TAKEN, queued(BOB, 0), queued(CYD, 1), RELEASED, PROMOTED)
    assert names(rows) == [CYD]
    assert [names(rows, p) for p in (2, 3, 4, 5)] == [[], [BOB], [BOB, CYD], [BOB, CYD]]
    assert names(room(queued(BOB, 0), queued(CYD, 1), said(Places.LeftQueue, registration=BOB))) == [CYD]


def test_who_is_passed_over_goes_one_place_back_and_that_is_told() -> None:
    rows = room(queued(ANN, 0), queued(BOB, 1), queued(CYD, 2), said(Places.Skipped, registration=ANN, behind=BOB))
    assert names(rows) == [BOB, ANN, CYD]
    line = rows.one(WaitingLists).line
    assert [[skip.behind for skip in one.skips] for one in line] == [[], [BOB], []]


def test_a_substitute_waits_at_the_place_of_the_first() -> None:
    passed = said(Places.Passed, n=None, registration=ANN, to=CYD)
    rows = room(queued(ANN, 0), queued(BOB, 1), passed)
    assert names(rows) == [CYD, BOB]
    assert rows.one(WaitingLists).line[0].since == rows.one(WaitingLists, 2).line[0].since


def test_the_next_page_of_a_line_passes_nobody_by() -> None:
    ann, bob, cyd = (
        InLine(place=n, waiting=Waiting(registration=who, organization="UNODC", since=NOW))
        for n, who in enumerate((ANN, BOB, CYD), 1)
    )
    line = [ann, bob, cyd]
    assert beyond(line, None) == line
    assert beyond(line, (1, ANN)) == [bob, cyd]
    assert beyond(line, (3, ANN)) == [bob, cyd], "who was further behind when the page was made"
    assert beyond(line, (2, person("dan"))) == [bob, cyd], "who has left: the next stands in that place now"
