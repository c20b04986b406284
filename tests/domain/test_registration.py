"""Registration: who comes, on which seat, in which place, who waits, and who was there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from compact_domain.kernel import Command, Forbidden, InvalidInput, NotFound, Role, RuleViolation
from compact_domain.organization import Organizations
from compact_domain.registration import Registration, Registrations, RegistrationState
from compact_domain.retreat import Format, Logistics
from compact_domain.seats import SEATED, EntitySeats, Places
from compact_domain.session import Sessions
from compact_domain.vocabulary import Category, CompactStatus, Mode
from tests.domain.desk import DEADLINE, ENTITIES, PROCESS, RETREAT, Desk, details, event_id, of
from tests.domain.scenario import NOW, Said, Scenario, actor, command, person, said

REPRESENTATIVE, DELEGATE, GUEST_SPEAKER, STAFF = Category
IN_PERSON, VIRTUAL = Mode
ANN, BOB, CYD = person("ann"), person("bob"), person("cyd")


def nominated(
    state: RegistrationState = RegistrationState.NOMINATED, mode: Mode = IN_PERSON, waits_for: Mode | None = None
) -> Said:
    return said(
        Registration.Created,
        retreat=RETREAT,
        organization="UNODC",
        subject=ANN,
        details_hash="0" * 64,
        category=DELEGATE,
        mode=mode,
        state=state,
        waits_for=waits_for,
    )


OF_ANN: dict[str, Any] = {"retreat": RETREAT, "subject": ANN}
WAITLISTED = nominated(RegistrationState.WAITLISTED)
CONFIRMED = said(Registration.Confirmed)
ATTENDED = said(Registration.AttendanceRecorded, session="SESSION-1", mode=VIRTUAL)
REACHES: dict[RegistrationState, tuple[Said, ...]] = {
    RegistrationState.NOMINATED: (nominated(),),
    RegistrationState.WAITLISTED: (WAITLISTED,),
    RegistrationState.CONFIRMED: (nominated(), CONFIRMED),
    RegistrationState.DECLINED: (nominated(), said(Registration.Declined, **OF_ANN)),
    RegistrationState.REJECTED: (nominated(), said(Registration.Rejected, **OF_ANN)),
    RegistrationState.WITHDRAWN: (nominated(), CONFIRMED, said(Registration.Withdrawn, **OF_ANN)),
    RegistrationState.SUBSTITUTED: (nominated(), said(Registration.Substituted, **OF_ANN, successor=CYD)),
}
VERBS: dict[str, Callable[[Registration, Command], object]] = {
    "confirm": lambda it, cmd: it.confirm(cmd=cmd),
    "decline": lambda it, cmd: it.decline(cmd=cmd),
    "reject": lambda it, cmd: it.reject(cmd=cmd),
    "withdraw": lambda it, cmd: it.withdraw(cmd=cmd),
    "reinstate": lambda it, cmd: it.reinstate(cmd=cmd),
    "admit_late": lambda it, cmd: it.reinstate(late=True, cmd=cmd),
    "substitute": lambda it, cmd: it.substitute(successor=BOB, cmd=cmd),
    "change_mode": lambda it, cmd: it.change_mode(mode=VIRTUAL, cmd=cmd),
    "promote": lambda it, cmd: it.promote(mode=IN_PERSON, cmd=cmd),
    "skip_waiting": lambda it, cmd: it.require_waiting(None, cmd),
    "record_attendance": lambda it, cmd: it.record_attendance(session="SESSION-1", mode=VIRTUAL, cmd=cmd),
    "excuse": lambda it, cmd: it.excuse(cmd=cmd),
}
ENDS = {
    "confirm": RegistrationState.CONFIRMED,
    "decline": RegistrationState.DECLINED,
    "reject": RegistrationState.REJECTED,
    "withdraw": RegistrationState.WITHDRAWN,
}
WAITING_ONLY = {"promote", "skip_waiting"}
"""They start where somebody waits, which is more than a state; what they do twice is for the places to know."""


def test_every_verb_has_its_states() -> None:
    assert Registration.MAY_START_FROM.keys() == VERBS.keys()
    for state, history in REACHES.items():
        assert Scenario(Registration).given(*history).aggregate().state == state


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb in VERBS
        for state in RegistrationState
        if state not in Registration.MAY_START_FROM[verb] and ENDS.get(verb) is not state
    ],
)
def test_a_verb_is_refused_in_other_states(verb: str, state: RegistrationState) -> None:
    scenario = Scenario(Registration).given(*REACHES[state]).when(lambda it: VERBS[verb](it, command()))
    scenario.refused("state")
    assert scenario.refusal is not None
    assert scenario.refusal.state == state
    assert verb not in scenario.refusal.allowed


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, RegistrationState(state))
        for verb in sorted(VERBS.keys() - WAITING_ONLY)
        for state in Registration.MAY_START_FROM[verb]
    ],
)
def test_a_verb_starts_where_it_may_and_twice_is_once(verb: str, state: RegistrationState) -> None:
    scenario = Scenario(Registration).given(*REACHES[state]).when(lambda it: VERBS[verb](it, command()))
    assert scenario.refusal is None
    assert len(scenario.new) == 1
    again = Scenario(Registration)
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda it: VERBS[verb](it, command(key="2"))).nothing()


@pytest.mark.parametrize("verb", sorted(WAITING_ONLY))
@pytest.mark.parametrize("state", [RegistrationState.NOMINATED, RegistrationState.CONFIRMED])
def test_who_does_not_wait_is_neither_promoted_nor_passed_over(verb: str, state: RegistrationState) -> None:
    scenario = Scenario(Registration).given(*REACHES[state]).when(lambda it: VERBS[verb](it, command()))
    scenario.refused("room.waiting")
    assert verb not in scenario.aggregate().allowed(NOW)


def test_who_waits_may_be_promoted() -> None:
    scenario = Scenario(Registration).given(WAITLISTED)
    assert WAITING_ONLY.issubset(scenario.aggregate().allowed(NOW))
    scenario.when(lambda it: it.promote(mode=IN_PERSON, cmd=command()))
    scenario.then(said(Registration.Promoted, mode=IN_PERSON))
    assert scenario.aggregate().state == RegistrationState.NOMINATED


def test_a_registration_is_sealed_under_its_person() -> None:
    assert Scenario(Registration).given(nominated()).aggregate().sealed_under == ANN


@pytest.mark.parametrize(
    ("history", "mode", "full", "fact"),
    [
        ((nominated(),), VIRTUAL, False, said(Registration.ModeChanged, mode=VIRTUAL)),
        ((nominated(),), VIRTUAL, True, said(Registration.ModeAwaited, mode=VIRTUAL)),
        ((WAITLISTED,), VIRTUAL, True, said(Registration.ModeAwaited, mode=VIRTUAL)),
        ((nominated(waits_for=VIRTUAL),), IN_PERSON, True, said(Registration.ModeKept)),
    ],
)
def test_a_change_of_mode(history: tuple[Said, ...], mode: Mode, full: bool, fact: Said) -> None:
    (
        Scenario(Registration)
        .given(*history)
        .when(lambda it: it.change_mode(mode=mode, full=full, cmd=command()))
        .then(fact)
    )


def test_attendance_has_its_own_mode_and_what_was_seen_last_stands() -> None:
    scenario = (
        Scenario(Registration)
        .given(nominated(), CONFIRMED, ATTENDED)
        .when(lambda it: it.record_attendance(session="SESSION-1", mode=IN_PERSON, cmd=command()))
        .then(said(Registration.AttendanceRecorded, session="SESSION-1", mode=IN_PERSON))
    )
    it = scenario.aggregate()
    assert it.attendance == {"SESSION-1": IN_PERSON}
    assert it.mode is IN_PERSON


@pytest.mark.parametrize("session", ["SESSION-1", None])
def test_who_attended_is_not_excused(session: str | None) -> None:
    (
        Scenario(Registration)
        .given(nominated(), CONFIRMED, ATTENDED)
        .when(lambda it: it.excuse(session=session, cmd=command()))
        .refused("registration.attended", sessions=1)
    )


def test_who_was_excused_may_come_after_all() -> None:
    excused = said(Registration.Excused, session="SESSION-1")
    scenario = Scenario(Registration).given(nominated(), CONFIRMED, excused, ATTENDED)
    assert scenario.aggregate().excused == set()


def refused(what: Callable[[], object]) -> RuleViolation:
    with pytest.raises(RuleViolation) as caught:
        what()
    return caught.value


# the quota


def test_the_quota_counts_each_category_and_both_modes_together() -> None:
    desk = Desk()
    desk.nominate("ann", category=REPRESENTATIVE)
    desk.nominate("bob", mode=VIRTUAL)
    assert desk.left(category=REPRESENTATIVE) == 0
    assert desk.left() == 1
    desk.nominate("cyd")
    assert desk.left() == 0
    refusal = refused(lambda: desk.nominate("dan", mode=VIRTUAL))
    assert (refusal.rule, refusal.details) == ("seats.quota", {"category": "delegate", "allowed": 2, "held": 2})
    assert refusal.allowed == ("registration.grant_exception",)
    assert refused(lambda: desk.nominate("dan", by=of("UNODC"))).allowed == (), "which the entity cannot grant itself"
    assert refused(lambda: desk.nominate("dan", category=REPRESENTATIVE)).rule == "seats.quota"
    desk.keep_the_laws()


def test_seats_are_not_traded_between_categories() -> None:
    desk = Desk()
    desk.nominate("ann")
    desk.nominate("bob")
    refusal = refused(lambda: desk.nominate("cyd"))
    assert refusal.rule == "seats.quota"
    assert desk.left(category=REPRESENTATIVE) == 1


def test_each_entity_has_seats_of_its_own() -> None:
    desk = Desk()
    for i, entity in enumerate(ENTITIES):
        desk.nominate(f"ann{i}", entity)
        desk.nominate(f"bob{i}", entity)
        assert desk.left(entity) == 0


@pytest.mark.parametrize("ending", ["decline", "reject", "withdraw"])
def test_a_seat_that_is_given_back_is_free(ending: str) -> None:
    desk = Desk()
    ann, _bob = desk.nominate("ann"), desk.nominate("bob")
    desk.ask(ending, ann)
    assert desk.left() == 1
    desk.nominate("cyd")
    assert desk.left() == 0
    desk.keep_the_laws()


def test_an_exception_raises_what_one_entity_may_hold() -> None:
    desk = Desk()
    desk.nominate("ann"), desk.nominate("bob")
    seats: EntitySeats = desk.ask("grant_exception", RETREAT, organization="UNODC", category=DELEGATE)
    assert seats.allowance(DELEGATE, rule=2) == 3
    desk.nominate("cyd")
    refusal = refused(lambda: desk.nominate("dan"))
    assert refusal.details == {"category": "delegate", "allowed": 3, "held": 3}
    assert desk.left("CTED") == 2
    desk.keep_the_laws()


def test_an_exception_needs_a_reason_and_a_seat_to_be_an_exception_of() -> None:
    desk = Desk()
    grant: Any = lambda work, **fields: Registrations(work).grant_exception(RETREAT, **fields)  # noqa: E731
    with pytest.raises(RuleViolation) as caught:
        desk.run("registration.grant_exception", lambda work: grant(work, organization="UNODC", category=DELEGATE))
    assert caught.value.rule == "reason.required"
    with pytest.raises(InvalidInput):
        desk.ask("grant_exception", RETREAT, organization="UNODC", category=GUEST_SPEAKER)
    with pytest.raises(InvalidInput):
        desk.ask("grant_exception", RETREAT, organization="UNODC", category=DELEGATE, seats=0)
    ask = lambda: desk.ask("grant_exception", RETREAT, organization="ECOWAS", category=DELEGATE)  # noqa: E731
    assert refused(ask).rule == "registration.category"


def test_rules_are_not_set_below_the_seats_that_are_held() -> None:
    desk = Desk()
    desk.nominate("ann"), desk.nominate("bob", mode=VIRTUAL)
    refusal = refused(lambda: desk.rules(places=100, delegates=1))
    assert (refusal.rule, refusal.details) == (
        "seats.below_taken",
        {"entity": "UNODC", "category": "delegate", "allowed": 1, "held": 2},
    )
    desk.ask("grant_exception", RETREAT, organization="UNODC", category=DELEGATE)
    desk.rules(places=100, delegates=1)
    assert desk.left() == 0
    assert desk.left("CTED") == 1
    desk.keep_the_laws()


def test_an_observer_has_seats_and_an_outsider_none() -> None:
    desk = Desk()
    desk.register("ICRC", CompactStatus.OBSERVER)
    desk.nominate("ann", "ICRC")
    refusal = refused(lambda: desk.nominate("bob", "ECOWAS"))
    assert (refusal.rule, refusal.details) == (
        "registration.category",
        {"category": "delegate", "compact_status": "none"},
    )


# guest speakers and staff


def test_guest_speakers_come_from_outside_for_named_sessions_and_take_no_seat() -> None:
    desk = Desk()
    guest = desk.nominate("gus", "ECOWAS", GUEST_SPEAKER, VIRTUAL, sessions=["SESSION-1", "SESSION-1"])
    assert desk.registration(guest).sessions == ("SESSION-1",)
    assert desk.load(EntitySeats, EntitySeats.key(RETREAT, "ECOWAS")) is None
    assert refused(lambda: desk.nominate("ann", "UNODC", GUEST_SPEAKER, sessions=["SESSION-1"])).rule == (
        "registration.category"
    )
    for sessions, category, organization in ((), GUEST_SPEAKER, "ECOWAS"), (["SESSION-1"], DELEGATE, "UNODC"):
        with pytest.raises(InvalidInput):
            desk.nominate("ann", organization, category, sessions=sessions)
    with pytest.raises(NotFound):
        desk.nominate("ann", "ECOWAS", GUEST_SPEAKER, sessions=["SESSION-9"])


@pytest.mark.parametrize("category", [GUEST_SPEAKER, STAFF])
def test_only_the_secretariat_nominates_guests_and_staff(category: Category) -> None:
    desk = Desk()
    sessions = ["SESSION-1"] if category is GUEST_SPEAKER else []
    with pytest.raises(Forbidden):
        desk.nominate("ann", "ECOWAS", category, sessions=sessions, by=of("ECOWAS"))


def test_staff_have_no_quota_but_fill_the_room() -> None:
    desk = Desk(places=3)
    ids = [desk.nominate(f"staff{i}", "UNODC", STAFF) for i in range(4)]
    assert desk.states(*ids) == ["nominated"] * 3 + ["waitlisted"]
    assert desk.left() == 2
    desk.keep_the_laws()


def test_a_guest_fills_the_room_as_well() -> None:
    desk = Desk(places=1)
    desk.nominate("gus", "ECOWAS", GUEST_SPEAKER, sessions=["SESSION-1"])
    assert desk.states(desk.nominate("ann")) == ["waitlisted"]


# persons


def test_a_person_comes_once_however_the_address_is_written() -> None:
    desk = Desk()
    desk.nominate("ann", "UNODC")
    refusal = refused(lambda: desk.nominate("ANN", "CTED"))
    assert (refusal.rule, refusal.details) == ("registration.person", {"retreat": RETREAT})
    assert "UNODC" not in str(vars(refusal))
    desk.keep_the_laws()


def test_the_same_nomination_twice_is_one() -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    before = len(desk.facts)
    assert desk.nominate("ann") == ann
    assert len(desk.facts) == before
    desk.now = DEADLINE + timedelta(days=1)
    assert desk.nominate("ann") == ann
    assert refused(lambda: desk.nominate("ann", category=REPRESENTATIVE)).rule == "registration.person"
    assert refused(lambda: desk.nominate("ann", mode=VIRTUAL)).rule == "registration.person"


def test_who_withdrew_may_be_nominated_again() -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    desk.ask("withdraw", ann)
    again = desk.nominate("ann", "CTED")
    assert again != ann
    assert desk.registration(again).subject == desk.registration(ann).subject
    assert refused(lambda: desk.ask("reinstate", ann)).rule == "registration.person"
    desk.keep_the_laws()


def test_only_the_subject_and_a_hash_stand_for_a_person() -> None:
    desk = Desk()
    it = desk.registration(desk.nominate("annabel"))
    assert it.subject == desk.people["annabel@example.org"]
    assert "annabel" not in str(desk.facts).casefold()


# who may


def test_an_entity_nominates_for_itself() -> None:
    desk = Desk()
    desk.nominate("ann", "UNODC", by=of("UNODC"))
    with pytest.raises(Forbidden):
        desk.nominate("bob", "UNODC", by=of("CTED"))
    with pytest.raises(NotFound):
        desk.nominate("bob", "NOBODY")


def test_an_inactive_organization_nominates_nobody() -> None:
    desk = Desk()
    desk.give("organization.deactivate", lambda work: Organizations(work).deactivate("UNODC"))
    assert refused(lambda: desk.nominate("ann")).rule == "organization.inactive"


@pytest.mark.parametrize("command", ["decline", "withdraw"])
def test_a_person_may_decline_or_withdraw(command: str) -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    other = actor(Role.READER, organization="UNODC", name="bob")
    with pytest.raises(Forbidden):
        desk.ask(command, ann, by=other)
    desk.ask(command, ann, by=msgspec.structs.replace(other, id=desk.registration(ann).subject))


def test_who_reinstates_is_held_to_what_holds_for_a_nomination_today() -> None:
    desk = Desk()
    ann, bob = desk.nominate("ann", mode=VIRTUAL), desk.nominate("bob")
    desk.ask("withdraw", ann), desk.ask("withdraw", bob)
    only_in_person = Logistics(format=Format.IN_PERSON, contact="desk@example.org")
    desk.at("revise_logistics", logistics=only_in_person)
    assert refused(lambda: desk.ask("reinstate", ann)).rule == "registration.mode"
    desk.give(
        "organization.change_compact_status",
        lambda work: Organizations(work).change_compact_status("UNODC", compact_status=CompactStatus.NONE),
    )
    assert refused(lambda: desk.ask("reinstate", bob)).rule == "registration.category"
    assert desk.states(ann, bob) == ["withdrawn", "withdrawn"]


def test_whom_the_secretariat_brought_only_the_secretariat_substitutes() -> None:
    desk = Desk()
    guest = desk.nominate("gus", "ECOWAS", GUEST_SPEAKER, sessions=["SESSION-1"])
    with pytest.raises(Forbidden):
        desk.ask("substitute", guest, person=details("hal"), by=of("ECOWAS"))
    substitute: Registration = desk.ask("substitute", guest, person=details("hal"))
    assert substitute.sessions == ("SESSION-1",)
    desk.keep_the_laws()


def test_a_retreat_that_is_not_announced_is_unknown_to_who_nominates() -> None:
    desk = Desk()
    desk.plan("CTCR-2026")
    for retreat in ("CTCR-2026", "NEVER"):
        with pytest.raises(NotFound) as caught:
            desk.ask(
                "nominate",
                retreat,
                organization="UNODC",
                category=DELEGATE,
                mode=VIRTUAL,
                person=details("ann"),
                by=of("UNODC"),
            )
        assert (caught.value.kind, caught.value.reference) == ("Retreat", retreat)


@pytest.mark.parametrize(
    ("verb", "now", "allowed"),
    [
        ("reinstate", DEADLINE, True),
        ("reinstate", DEADLINE + timedelta(seconds=1), False),
        ("admit_late", DEADLINE, False),
        ("admit_late", DEADLINE + timedelta(seconds=1), True),
    ],
)
def test_what_is_allowed_follows_the_times_of_the_retreat(verb: str, now: datetime, allowed: bool) -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    desk.ask("withdraw", ann)
    assert (verb in desk.registration(ann).allowed_at(desk.retreat, now)) is allowed


def test_nothing_is_allowed_once_the_retreat_is_over() -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    desk.ask("confirm", ann)
    assert "record_attendance" not in desk.registration(ann).allowed_at(desk.retreat, desk.now)
    desk.at("open")
    assert "record_attendance" in desk.registration(ann).allowed_at(desk.retreat, desk.now)
    desk.at("conclude")
    assert desk.registration(ann).allowed_at(desk.retreat, desk.now) == ()


def test_what_the_secretariat_rejected_the_entity_does_not_reinstate() -> None:
    desk = Desk()
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    desk.ask("reject", ann), desk.ask("decline", bob)
    desk.ask("reinstate", bob, by=of("UNODC"))
    with pytest.raises(Forbidden):
        desk.ask("reinstate", ann, by=of("UNODC"))
    desk.ask("reinstate", ann)
    assert desk.states(ann, bob) == ["nominated", "nominated"]
    desk.keep_the_laws()


def test_a_reason_given_for_a_registration_is_about_the_person() -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    [withdrawn, *_] = desk.run(
        "registration.withdraw", lambda work: Registrations(work).withdraw(ann), reason="Unwell."
    )
    assert withdrawn.provenance.reason is not None
    assert withdrawn.provenance.reason.key == desk.registration(ann).subject


# the room


def test_beyond_the_room_a_nomination_waits_with_its_seat() -> None:
    desk = Desk(places=1)
    ann, bob, cyd = desk.nominate("ann"), desk.nominate("bob"), desk.nominate("cyd", "CTED")
    assert desk.states(ann, bob, cyd) == ["nominated", "waitlisted", "waitlisted"]
    assert desk.line() == [bob, cyd]
    assert desk.left() == 0
    desk.keep_the_laws()


def test_virtual_places_are_unlimited_unless_set() -> None:
    desk = Desk(places=0)
    assert desk.states(*(desk.nominate(f"ann{i}", entity, mode=VIRTUAL) for i, entity in enumerate(ENTITIES))) == [
        "nominated"
    ] * len(ENTITIES)
    refusal = refused(lambda: desk.rules(places=0, virtual=2))
    assert (refusal.rule, refusal.details) == (
        "seats.below_taken",
        {"mode": "virtual", "taken": 3, "waiting": 0, "wanted": 2},
    )
    desk.rules(places=0, virtual=3)
    assert desk.states(desk.nominate("eve", "CTED", mode=VIRTUAL)) == ["waitlisted"]
    desk.keep_the_laws()


def test_a_room_is_not_made_smaller_than_what_is_taken() -> None:
    desk = Desk(places=3)
    desk.nominate("ann"), desk.nominate("bob")
    assert refused(lambda: desk.rules(places=1)).details["taken"] == 2
    desk.rules(places=2)
    assert desk.states(desk.nominate("cyd", "CTED")) == ["waitlisted"]


def test_a_smaller_room_may_keep_its_higher_numbers() -> None:
    desk = Desk(places=3)
    ann, bob, cyd = desk.nominate("ann"), desk.nominate("bob"), desk.nominate("cyd", "CTED")
    desk.ask("withdraw", ann), desk.ask("withdraw", bob)
    desk.rules(places=1)
    assert desk.places().number_of(cyd) == 3
    dan = desk.nominate("dan", "CTED")
    desk.rules(places=2)
    desk.follow()
    assert desk.places().number_of(dan) == 1
    desk.keep_the_laws()


def test_who_waits_goes_first_also_between_a_release_and_its_promotion() -> None:
    desk = Desk(places=1)
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    desk.ask("withdraw", ann)
    assert desk.places().has_free
    cyd = desk.nominate("cyd", "CTED")
    assert desk.states(bob, cyd) == ["waitlisted", "waitlisted"]
    desk.follow()
    assert desk.states(bob, cyd) == ["nominated", "waitlisted"]
    desk.keep_the_laws()


def test_nobody_comes_back_into_a_full_room() -> None:
    desk = Desk(places=1)
    ann = desk.nominate("ann")
    desk.ask("withdraw", ann)
    bob = desk.nominate("bob")
    refusal = refused(lambda: desk.ask("reinstate", ann))
    assert (refusal.rule, refusal.details) == (
        "room.full",
        {"mode": "in_person", "places": 1, "taken": 1, "waiting": 0},
    )
    cyd = desk.nominate("cyd", "CTED")
    desk.ask("withdraw", bob)
    assert refused(lambda: desk.ask("reinstate", ann)).details["taken"] == 0, "a place that somebody waits for"
    desk.follow()
    desk.ask("withdraw", cyd)
    desk.ask("reinstate", ann)
    desk.keep_the_laws()


def test_who_waits_is_confirmed_only_into_a_free_place_and_in_order() -> None:
    desk = Desk(places=1)
    ann, bob, cyd = desk.nominate("ann"), desk.nominate("bob"), desk.nominate("cyd", "CTED")
    refusal = refused(lambda: desk.ask("confirm", bob))
    assert (refusal.rule, refusal.details["ahead"], refusal.details["taken"]) == ("room.full", 0, 1)
    desk.ask("decline", ann)
    assert refused(lambda: desk.ask("confirm", cyd)).details["ahead"] == 1
    desk.ask("confirm", bob)
    assert desk.states(bob, cyd) == ["confirmed", "waitlisted"]
    assert desk.follow() == [], "the place that came free is taken again"
    desk.keep_the_laws()


# who waits is promoted


def test_promotion_follows_a_release_in_order_and_names_it_as_its_cause() -> None:
    desk = Desk(places=2)
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    cyd, dan = desk.nominate("cyd", "CTED"), desk.nominate("dan", "CTED")
    desk.ask("withdraw", ann)
    promoted = desk.follow()
    assert desk.states(bob, cyd, dan) == ["nominated", "nominated", "waitlisted"]
    assert {type(fact) for fact in promoted} == {Places.Promoted, Registration.Promoted}
    [released] = [fact for fact in desk.facts if isinstance(fact, Places.Released)]
    assert {fact.provenance.causation_id for fact in promoted} == {event_id(released)}
    assert {fact.provenance.by for fact in promoted} == {PROCESS}


def test_more_places_promote_all_who_fit() -> None:
    desk = Desk(places=1)
    ids = [desk.nominate(f"staff{i}", "UNODC", STAFF) for i in range(5)]
    desk.rules(places=3)
    late = desk.nominate("ann", "CTED")
    desk.follow()
    assert desk.states(*ids, late) == ["nominated"] * 3 + ["waitlisted"] * 3
    desk.rules(places=100)
    desk.follow()
    assert desk.line() == []
    desk.keep_the_laws()


def test_a_promotion_without_place_or_anybody_waiting_is_nothing() -> None:
    desk = Desk(places=1)
    before = len(desk.facts)
    assert isinstance(desk.ask("promote", RETREAT, mode=IN_PERSON), Places)
    desk.nominate("ann"), desk.nominate("bob")
    before = len(desk.facts)
    assert isinstance(desk.ask("promote", RETREAT, mode=IN_PERSON, by=PROCESS), Places)
    assert len(desk.facts) == before


def test_the_secretariat_may_promote_by_hand_before_the_process_wakes() -> None:
    desk = Desk(places=1)
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    desk.ask("withdraw", ann)
    promoted: Registration = desk.ask("promote", RETREAT, mode=IN_PERSON)
    assert promoted.id == bob
    assert desk.follow() == []


def test_nobody_is_promoted_once_the_retreat_is_cancelled() -> None:
    desk = Desk(places=1)
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    desk.ask("withdraw", ann)
    desk.at("cancel")
    assert desk.follow() == []
    assert desk.states(bob) == ["waitlisted"]


def test_skipping_lets_the_one_behind_go_first() -> None:
    desk = Desk(places=1)
    ann, bob, cyd = desk.nominate("ann"), desk.nominate("bob"), desk.nominate("cyd", "CTED")
    with pytest.raises(RuleViolation, match=r"reason\.required"):
        desk.run("registration.skip_waiting", lambda work: Registrations(work).skip_waiting(bob))
    desk.ask("skip_waiting", bob)
    assert desk.line() == [cyd, bob]
    refusal = refused(lambda: desk.ask("skip_waiting", bob))
    assert (refusal.rule, refusal.details["ahead"]) == ("room.last", 1)
    assert refused(lambda: desk.ask("skip_waiting", ann)).rule == "room.waiting"
    assert refused(lambda: desk.ask("skip_waiting", bob, mode=VIRTUAL)).rule == "room.waiting"
    desk.ask("decline", ann)
    desk.follow()
    assert desk.states(bob, cyd) == ["waitlisted", "nominated"]
    desk.keep_the_laws()


@pytest.mark.parametrize("ending", ["decline", "reject", "withdraw"])
def test_who_leaves_while_waiting_for_another_mode_leaves_both(ending: str) -> None:
    desk = Desk(places=0)
    ann = desk.nominate("ann", mode=VIRTUAL)
    desk.ask("change_mode", ann, mode=IN_PERSON)
    desk.ask(ending, ann)
    assert (desk.places(VIRTUAL).taken, desk.line(IN_PERSON)) == ({}, [])
    desk.keep_the_laws()


def test_who_waits_and_leaves_frees_nothing_but_the_line() -> None:
    desk = Desk(places=1)
    _ann, bob, cyd = desk.nominate("ann"), desk.nominate("bob"), desk.nominate("cyd", "CTED")
    desk.ask("withdraw", bob)
    assert desk.line() == [cyd]
    assert desk.left() == 1
    assert desk.follow() == []
    desk.keep_the_laws()


# modes


def test_a_mode_may_change_where_there_is_place() -> None:
    desk = Desk(places=1)
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    desk.ask("confirm", ann)
    desk.ask("change_mode", ann, mode=VIRTUAL)
    assert (desk.registration(ann).mode, desk.states(ann)) == (VIRTUAL, ["confirmed"])
    assert desk.places().taken == {}
    desk.follow()
    assert desk.states(bob) == ["nominated"]
    assert desk.left() == 0
    desk.keep_the_laws()


def test_a_change_into_a_full_room_keeps_the_present_mode_and_waits_at_the_end() -> None:
    desk = Desk(places=1)
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    cyd = desk.nominate("cyd", "CTED", mode=VIRTUAL)
    desk.ask("confirm", cyd)
    for _ in range(2):
        desk.ask("change_mode", cyd, mode=IN_PERSON)
    it = desk.registration(cyd)
    assert (it.mode, it.state, it.waits_for) == (VIRTUAL, "confirmed", IN_PERSON)
    assert desk.line() == [bob, cyd]
    desk.keep_the_laws()
    desk.ask("decline", bob)
    desk.ask("withdraw", ann)
    desk.follow()
    it = desk.registration(cyd)
    assert (it.mode, it.state, it.waits_for) == (IN_PERSON, "confirmed", None)
    assert desk.places(VIRTUAL).taken == {}
    desk.keep_the_laws()


def test_who_waits_for_another_mode_may_think_better_of_it() -> None:
    desk = Desk(places=0)
    ann = desk.nominate("ann", mode=VIRTUAL)
    desk.ask("change_mode", ann, mode=IN_PERSON)
    desk.ask("change_mode", ann, mode=VIRTUAL)
    assert desk.registration(ann).waits_for is None
    assert desk.line() == []
    desk.keep_the_laws()


def test_who_waits_in_person_may_come_virtually_at_once() -> None:
    desk = Desk(places=0)
    ann = desk.nominate("ann")
    desk.ask("change_mode", ann, mode=VIRTUAL)
    assert (desk.states(ann), desk.registration(ann).mode, desk.line()) == (["nominated"], VIRTUAL, [])
    desk.keep_the_laws()


def test_who_waits_for_both_modes_takes_what_comes_first() -> None:
    desk = Desk(places=0, virtual=0)
    ann, bob = desk.nominate("ann"), desk.nominate("bob", mode=VIRTUAL)
    desk.ask("change_mode", ann, mode=VIRTUAL)
    assert (desk.line(IN_PERSON), desk.line(VIRTUAL)) == ([ann], [bob, ann])
    with pytest.raises(InvalidInput):
        desk.ask("skip_waiting", ann)
    desk.ask("skip_waiting", bob)
    assert refused(lambda: desk.ask("skip_waiting", ann, mode=IN_PERSON)).rule == "room.last"
    desk.rules(places=0, virtual=1)
    desk.follow()
    it = desk.registration(ann)
    assert (it.state, it.mode, it.waits_for, desk.line(IN_PERSON)) == ("nominated", VIRTUAL, None, [])
    desk.keep_the_laws()


def test_who_is_promoted_may_go_on_waiting_for_the_other_mode() -> None:
    desk = Desk(places=0, virtual=0)
    ann = desk.nominate("ann")
    desk.ask("change_mode", ann, mode=VIRTUAL)
    desk.rules(places=1, virtual=0)
    desk.follow()
    it = desk.registration(ann)
    assert (it.state, it.mode, it.waits_for, desk.line(VIRTUAL)) == ("nominated", IN_PERSON, VIRTUAL, [ann])
    desk.keep_the_laws()


def test_a_retreat_is_attended_in_its_own_modes() -> None:
    desk = Desk(format=Format.IN_PERSON)
    refusal = refused(lambda: desk.nominate("ann", mode=VIRTUAL))
    assert (refusal.rule, refusal.details) == ("registration.mode", {"mode": "virtual", "format": "in_person"})
    ann = desk.nominate("ann")
    assert refused(lambda: desk.ask("change_mode", ann, mode=VIRTUAL)).rule == "registration.mode"


def test_a_mode_is_not_dropped_while_people_are_registered_in_it() -> None:
    desk = Desk()
    desk.nominate("ann", mode=VIRTUAL)
    only_in_person = Logistics(format=Format.IN_PERSON, contact="desk@example.org")
    refusal = refused(lambda: desk.at("revise_logistics", logistics=only_in_person))
    assert (refusal.rule, refusal.details) == ("retreat.format", {"mode": "virtual", "taken": 1, "waiting": 0})


# substitutes


@pytest.mark.parametrize("state", ["nominated", "waitlisted", "confirmed"])
def test_a_substitute_takes_state_mode_and_seat(state: str) -> None:
    desk = Desk(places=0 if state == "waitlisted" else 1)
    ann = desk.nominate("ann")
    if state == "confirmed":
        desk.ask("confirm", ann)
    behind = desk.nominate("eve", "CTED")
    before = (desk.seats().held[DELEGATE].keys(), desk.places().taken.keys(), dict(desk.held))
    substitute: Registration = desk.ask("substitute", ann, person=details("bob"), by=of("UNODC"))
    assert desk.states(ann, substitute.id, behind) == ["substituted", state, "waitlisted"]
    assert (substitute.mode, substitute.category, substitute.organization) == (IN_PERSON, DELEGATE, "UNODC")
    assert before[:2] == (desk.seats().held[DELEGATE].keys(), desk.places().taken.keys())
    assert desk.line() == [substitute.id, behind] if state == "waitlisted" else [behind]
    assert desk.left() == 1
    assert desk.follow() == [], "nothing was given back"
    desk.keep_the_laws()


def test_a_substitute_waits_on_for_another_mode() -> None:
    desk = Desk(places=0)
    ann = desk.nominate("ann", mode=VIRTUAL)
    desk.ask("change_mode", ann, mode=IN_PERSON)
    substitute: Registration = desk.ask("substitute", ann, person=details("bob"))
    assert (substitute.mode, substitute.waits_for, desk.line()) == (VIRTUAL, IN_PERSON, [substitute.id])
    desk.keep_the_laws()


def test_substituting_twice_is_once_and_another_is_refused() -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    first: Registration = desk.ask("substitute", ann, person=details("bob"))
    before = len(desk.facts)
    again: Registration = desk.ask("substitute", ann, person=details("bob"))
    assert (again.id, len(desk.facts)) == (first.id, before)
    assert refused(lambda: desk.ask("substitute", ann, person=details("cyd"))).rule == "state"


def test_a_substitute_is_a_person_who_does_not_come_already() -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    desk.nominate("eve", "CTED")
    assert refused(lambda: desk.ask("substitute", ann, person=details("eve"))).rule == "registration.person"
    assert refused(lambda: desk.ask("substitute", ann, person=details("ann"))).rule == "registration.person"
    assert desk.states(ann) == ["nominated"]
    desk.keep_the_laws()


# the deadline


def test_in_time_is_up_to_the_deadline() -> None:
    desk = Desk()
    desk.now = DEADLINE
    ann = desk.nominate("ann")
    desk.ask("withdraw", ann)
    desk.ask("reinstate", ann)
    desk.ask("withdraw", ann)
    desk.now = DEADLINE + timedelta(microseconds=1)
    for late in (lambda: desk.nominate("bob"), lambda: desk.ask("reinstate", ann)):
        refusal = refused(late)
        assert (refusal.rule, refusal.details) == (
            "registration.deadline",
            {"retreat": RETREAT, "deadline": DEADLINE.isoformat(), "zone": "America/New_York"},
        )


def test_before_registration_opens_and_after_it_was_closed_nobody_is_nominated() -> None:
    desk = Desk(opened=False)
    refusal = refused(lambda: desk.nominate("ann"))
    assert (refusal.rule, refusal.state) == ("registration.closed", "announced")
    assert refused(lambda: desk.admit_late("ann")).rule == "registration.running"
    desk.at("open_registration", deadline=DEADLINE)
    desk.at("close_registration")
    refusal = refused(lambda: desk.nominate("ann"))
    assert (refusal.rule, refusal.state) == ("registration.closed", "registration_closed")
    desk.admit_late("ann")


def test_late_admission_lifts_the_deadline_and_nothing_else() -> None:
    desk = Desk(places=3)
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    desk.ask("withdraw", ann)
    assert refused(lambda: desk.admit_late("cyd")).rule == "registration.in_time"
    assert refused(lambda: desk.ask("admit_late", ann)).rule == "registration.in_time"
    desk.now = DEADLINE + timedelta(hours=1)
    desk.ask("admit_late", ann)
    assert desk.states(ann) == ["nominated"]
    assert refused(lambda: desk.admit_late("cyd")).rule == "seats.quota"
    assert refused(lambda: desk.admit_late("bob", "CTED")).rule == "registration.person"
    assert refused(lambda: desk.admit_late("cyd", "ECOWAS")).rule == "registration.category"
    cyd = desk.admit_late("cyd", "CTED")
    assert desk.admit_late("cyd", "CTED") == cyd
    created = desk.registration(cyd).first
    assert isinstance(created, Registration.Created)
    assert created.late
    assert refused(lambda: desk.admit_late("dan", "CTED")).rule == "room.full"
    desk.admit_late("dan", "CTED", mode=VIRTUAL)
    assert desk.states(bob, cyd) == ["nominated", "nominated"]
    desk.keep_the_laws()


def test_late_admission_is_the_secretariats_and_is_of_one_thing() -> None:
    desk = Desk()
    desk.now = DEADLINE + timedelta(hours=1)
    with pytest.raises(InvalidInput):
        desk.ask("admit_late")
    ann = desk.admit_late("ann")
    desk.ask("withdraw", ann)
    with pytest.raises(Forbidden):
        desk.ask("admit_late", ann, by=of("UNODC"))
    with pytest.raises(RuleViolation, match=r"reason\.required"):
        desk.run("registration.admit_late", lambda work: Registrations(work).admit_late(ann))


def test_after_the_deadline_everything_else_goes_on_until_the_retreat_concludes() -> None:
    desk = Desk(places=2)
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    cyd, dan = desk.nominate("cyd", "CTED"), desk.nominate("dan", "CTED", mode=VIRTUAL)
    desk.now = DEADLINE + timedelta(hours=1)
    desk.ask("confirm", ann)
    desk.ask("withdraw", bob)
    desk.follow()
    assert desk.states(cyd) == ["nominated"]
    desk.ask("grant_exception", RETREAT, organization="CTED", category=DELEGATE)
    desk.at("open")
    desk.ask("substitute", cyd, person=details("eve"))
    desk.ask("change_mode", dan, mode=IN_PERSON)
    desk.admit_late("fay", "INTERPOL", mode=VIRTUAL)
    desk.ask("record_attendance", ann, session="SESSION-1", mode=VIRTUAL)
    desk.at("conclude")
    before = len(desk.facts)
    ends: list[Callable[[], object]] = [
        lambda: desk.ask("withdraw", ann),
        lambda: desk.ask("decline", dan),
        lambda: desk.ask("reject", dan),
        lambda: desk.ask("confirm", dan),
        lambda: desk.ask("substitute", ann, person=details("gil")),
        lambda: desk.ask("change_mode", ann, mode=VIRTUAL),
        lambda: desk.ask("skip_waiting", dan),
        lambda: desk.ask("record_attendance", ann, session="SESSION-1", mode=IN_PERSON),
        lambda: desk.ask("grant_exception", RETREAT, organization="CTED", category=DELEGATE),
        lambda: desk.admit_late("gil", "INTERPOL", mode=VIRTUAL),
    ]
    assert [refused(end).rule for end in ends] == ["registration.running"] * len(ends)
    assert len(desk.facts) == before
    desk.ask("confirm", ann)
    assert len(desk.facts) == before, "what is so already is no change"
    desk.keep_the_laws()


def test_a_postponed_retreat_takes_no_nomination_but_lets_people_go() -> None:
    desk = Desk()
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    desk.at("postpone")
    desk.ask("withdraw", ann)
    assert refused(lambda: desk.nominate("cyd", "CTED")).rule == "registration.closed"
    assert refused(lambda: desk.admit_late("cyd", "CTED")).rule == "registration.running"
    desk.at("cancel")
    assert refused(lambda: desk.ask("withdraw", bob)).rule == "registration.running"


# attendance


def test_attendance_is_of_confirmed_people_in_sessions_of_the_retreat_while_it_is_on() -> None:
    desk = Desk()
    ann, bob = desk.nominate("ann"), desk.nominate("bob")
    desk.ask("confirm", ann)
    came: Callable[..., Any] = lambda id, session="SESSION-1": desk.ask(  # noqa: E731
        "record_attendance", id, session=session, mode=VIRTUAL
    )
    assert refused(lambda: came(ann)).rule == "registration.in_session"
    desk.at("open")
    with pytest.raises(NotFound):
        came(ann, "SESSION-9")
    assert refused(lambda: came(bob)).rule == "state"
    for _ in range(2):
        came(ann)
    it = desk.registration(ann)
    assert (it.attendance, it.mode) == ({"SESSION-1": VIRTUAL}, IN_PERSON)
    assert sum(isinstance(fact, Registration.AttendanceRecorded) for fact in desk.facts) == 1
    assert refused(lambda: desk.ask("excuse", ann)).rule == "registration.attended"


def test_a_cancelled_session_is_attended_by_nobody() -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    desk.ask("confirm", ann)
    desk.give("session.cancel", lambda work: Sessions(work).cancel("SESSION-1"))
    desk.at("open")
    refusal = refused(lambda: desk.ask("record_attendance", ann, session="SESSION-1", mode=VIRTUAL))
    assert (refusal.rule, refusal.details) == ("registration.session", {"session": "SESSION-1"})


def test_a_session_of_another_retreat_is_not_attended() -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    desk.ask("confirm", ann)
    desk.plan("CTCR-2026")
    desk.schedule("ELSEWHERE", "CTCR-2026")
    desk.at("open")
    refusal = refused(lambda: desk.ask("record_attendance", ann, session="ELSEWHERE", mode=VIRTUAL))
    assert (refusal.rule, refusal.details) == ("registration.session", {"session": "ELSEWHERE"})


def test_apologies_are_for_a_session_or_for_all() -> None:
    desk = Desk()
    ann = desk.nominate("ann")
    desk.ask("confirm", ann)
    for _ in range(2):
        desk.ask("excuse", ann, session="SESSION-1")
        desk.ask("excuse", ann)
    assert desk.registration(ann).excused == {"SESSION-1", None}
    assert sum(isinstance(fact, Registration.Excused) for fact in desk.facts) == 2


# the laws, whatever is asked


OPENING_DAY = [
    ("ann", "UNODC", DELEGATE, IN_PERSON),
    ("bob", "CTED", REPRESENTATIVE, IN_PERSON),
    ("cyd", "UNODC", STAFF, IN_PERSON),
    ("dan", "INTERPOL", DELEGATE, VIRTUAL),
    ("eve", "CTED", DELEGATE, VIRTUAL),
]
one = st.sampled_from
anybody = st.integers(0, 30)


class AnyHistory(RuleBasedStateMachine):
    """Any sequence of commands, from a small room that is full or nearly so, with a process that lags behind."""

    @initialize(places=st.integers(0, 3), virtual=st.none() | st.integers(0, 2))
    def opened(self, places: int, virtual: int | None) -> None:
        self.desk = Desk(places=places, virtual=virtual)
        self.ids = [self.desk.nominate(*who) for who in OPENING_DAY]
        self.names = [who[0] for who in OPENING_DAY]

    def ask(self, what: Callable[[], Any]) -> None:
        """Ask for something; a refusal is an answer too, and writes nothing."""
        before = len(self.desk.facts)
        try:
            answer = what()
        except RuleViolation:
            assert len(self.desk.facts) == before
        else:
            if isinstance(answer, Registration) and answer.id not in self.ids:
                self.ids.append(answer.id)

    def somebody(self, number: int) -> UUID:
        return self.ids[number % len(self.ids)]

    def name(self, number: int) -> str:
        """Mostly somebody new, sometimes one of those who were named before."""
        if number < 10:
            return self.names[number % len(self.names)]
        self.names.append(f"person{len(self.names)}")
        return self.names[-1]

    @rule(who=anybody, entity=one(ENTITIES), category=one((REPRESENTATIVE, DELEGATE, DELEGATE, STAFF)), mode=one(Mode))
    def nominate(self, who: int, entity: str, category: Category, mode: Mode) -> None:
        name = self.name(who)
        late = not self.desk.retreat.registration_is_open(self.desk.now)
        ask = self.desk.admit_late if late else self.desk.nominate
        self.ask(lambda: self.desk.registration(ask(name, entity, category, mode)))

    @rule(who=anybody)
    def withdraw(self, who: int) -> None:
        self.ask(lambda: self.desk.ask("withdraw", self.somebody(who)))

    @rule(who=anybody, command=one(("confirm", "decline", "reject", "reinstate", "admit_late")))
    def settle(self, who: int, command: str) -> None:
        self.ask(lambda: self.desk.ask(command, self.somebody(who)))

    @rule(who=anybody, successor=anybody)
    def substitute(self, who: int, successor: int) -> None:
        name = self.name(successor)
        self.ask(lambda: self.desk.ask("substitute", self.somebody(who), person=details(name)))

    @rule(who=anybody, mode=one(Mode))
    def change_mode(self, who: int, mode: Mode) -> None:
        self.ask(lambda: self.desk.ask("change_mode", self.somebody(who), mode=mode))

    @rule(mode=one(Mode), number=anybody)
    def pass_over_or_confirm_one_who_waits(self, mode: Mode, number: int) -> None:
        if line := self.desk.line(mode):
            who = line[number % len(line)]
            self.ask(lambda: self.desk.ask("skip_waiting", who, mode=mode))
            self.ask(lambda: self.desk.ask("confirm", line[0] if number % 2 else who))

    @rule(places=st.integers(0, 5), virtual=st.none() | st.integers(0, 4), delegates=st.integers(1, 3))
    def set_seat_rules(self, places: int, virtual: int | None, delegates: int) -> None:
        self.ask(lambda: self.desk.rules(places=places, virtual=virtual, delegates=delegates))

    @rule(entity=one(ENTITIES), category=one(SEATED), turn=st.integers(0, 5))
    def secretariat_moves_on(self, entity: str, category: Category, turn: int) -> None:
        if turn == 0:
            self.desk.now = max(self.desk.now, DEADLINE + timedelta(minutes=1))
        elif turn == 1:
            self.ask(lambda: self.desk.at("open" if self.desk.now > DEADLINE else "close_registration"))
        elif turn == 2:
            self.ask(lambda: self.desk.at("open_registration", deadline=DEADLINE))
        else:
            self.ask(lambda: self.desk.ask("grant_exception", RETREAT, organization=entity, category=category))

    @rule()
    def process_wakes(self) -> None:
        """Once it has caught up, nobody waits for a place that is free."""
        self.desk.follow()
        assert [self.desk.places(mode).next for mode in Mode] == [None, None]

    @invariant()
    def laws_hold(self) -> None:
        if hasattr(self, "desk"):
            self.desk.keep_the_laws()


AnyHistory.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyHistory = AnyHistory.TestCase
