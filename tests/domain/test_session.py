"""Sessions: where and when they sit, who speaks in them, and what their record holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compact_domain.catalogue import Catalogue, EntryKind
from compact_domain.kernel import (
    Actor,
    Aggregate,
    Command,
    Fact,
    Forbidden,
    InvalidInput,
    NotFound,
    PersonDetails,
    Role,
    RuleViolation,
    Sealed,
    Work,
)
from compact_domain.organization import Organizations
from compact_domain.registration import Registrations
from compact_domain.retreat import AgendaEntry, Format, Logistics, Retreats, Venue
from compact_domain.session import (
    CapacityGap,
    Frame,
    GoodPractice,
    Invitation,
    Participant,
    Priority,
    Session,
    SessionKind,
    Sessions,
    SessionState,
    Sitting,
    require_gap,
)
from compact_domain.vocabulary import Category, CompactStatus, Mode, Names, OrganizationKind, Severity
from tests.domain.histories import Histories
from tests.domain.scenario import Said, Scenario, actor, command, person, said, sealed


def on_the_day(hour: int, minute: int = 0) -> datetime:
    """A time of 25 June 2025 in New York, four hours behind UTC."""
    return datetime(2025, 6, 25, hour, minute, tzinfo=timezone(timedelta(hours=-4)))


def sitting(start: int, end: int, *, room: str | None = "Conference Room 8") -> Sitting:
    return Sitting.at(room=room, starts_at=on_the_day(start), ends_at=on_the_day(end))


MORNING, AFTERNOON = sitting(10, 12), sitting(15, 17)
FRAME = Frame(
    retreat="CTCR-2025",
    state="in_session",
    zone="America/New_York",
    starts_on=date(2025, 6, 25),
    ends_on=date(2025, 6, 25),
    set_up=True,
    in_session=True,
    agenda_published=False,
)
GUEST = Participant(
    registration=UUID(int=1),
    subject=person("guest"),
    organization="ECOWAS",
    retreat="CTCR-2025",
    category=Category.GUEST_SPEAKER,
    mode=Mode.IN_PERSON,
    active=True,
    sessions=("TS-1",),
)
DELEGATE = Participant(
    registration=UUID(int=2),
    subject=person("delegate"),
    organization="UNODC",
    retreat="CTCR-2025",
    category=Category.DELEGATE,
    mode=Mode.VIRTUAL,
    active=True,
)
GAP = CapacityGap(
    code="GAP-1",
    region="WEST-AFRICA",
    working_group="BMLE",
    severity=Severity.HIGH,
    description="No shared watch list at land borders.",
    voiced_by="ECOWAS",
)
PRACTICE = GoodPractice(
    code="GP-1",
    region="EAST-AFRICA",
    working_group="BMLE",
    model="Joint border posts.",
    replicable_in=("WEST-AFRICA",),
    for_gap="GAP-1",
)
PRIORITY = Priority(title="Joint planning", organization="ECOWAS", working_groups=("RMME",))
INTERVENTION = UUID(int=7)


def nobody(claim: str) -> str | None:
    return None


SCHEDULED = said(
    Session.Created,
    code="TS-1",
    retreat="CTCR-2025",
    title="Understanding capacity building challenges",
    kind=SessionKind.THEMATIC,
    sitting=MORNING,
    attributed=True,
)
INVITED = said(
    Session.SpeakerInvited,
    registration=GUEST.registration,
    subject=GUEST.subject,
    organization="ECOWAS",
    order=1,
    minutes=10,
    mode=Mode.IN_PERSON,
    sitting=MORNING,
)
ACCEPTED = said(Session.InvitationAccepted, registration=GUEST.registration)
DECLINED = said(Session.InvitationDeclined, registration=GUEST.registration, subject=GUEST.subject, sitting=MORNING)
WITHDRAWN = said(Session.SpeakerWithdrawn, registration=GUEST.registration, subject=GUEST.subject, sitting=MORNING)
CANCELLED = said(Session.Cancelled, sitting=MORNING, speakers=(GUEST.subject,))
STARTED = said(Session.Started)
CONCLUDED = said(Session.Concluded)
SPOKEN = said(
    Session.InterventionRecorded,
    intervention=INTERVENTION,
    organization="ECOWAS",
    registration=GUEST.registration,
    subject=GUEST.subject,
    text=sealed("text"),
    attributed=True,
)
IDENTIFIED = said(
    Session.CapacityGapIdentified,
    code="GAP-1",
    region="WEST-AFRICA",
    working_group="BMLE",
    severity=Severity.HIGH,
    description=GAP.description,
    voiced_by="ECOWAS",
)
HIGHLIGHTED = said(
    Session.GoodPracticeHighlighted,
    code="GP-1",
    region="EAST-AFRICA",
    working_group="BMLE",
    model="Joint border posts.",
    replicable_in=("WEST-AFRICA",),
    for_gap="GAP-1",
)
APPROVED = said(Session.RecordApproved, interventions=1, capacity_gaps=1, good_practices=0, priorities=0)

REACHES: dict[SessionState, tuple[Said, ...]] = {
    SessionState.SCHEDULED: (SCHEDULED, INVITED),
    SessionState.IN_PROGRESS: (SCHEDULED, INVITED, STARTED, SPOKEN, IDENTIFIED),
    SessionState.CONCLUDED: (SCHEDULED, INVITED, STARTED, SPOKEN, IDENTIFIED, CONCLUDED),
    SessionState.RECORD_APPROVED: (SCHEDULED, INVITED, STARTED, SPOKEN, IDENTIFIED, CONCLUDED, APPROVED),
    SessionState.CANCELLED: (SCHEDULED, INVITED, CANCELLED),
}
ENDS = {
    "cancel": SessionState.CANCELLED,
    "start": SessionState.IN_PROGRESS,
    "conclude": SessionState.CONCLUDED,
    "approve_record": SessionState.RECORD_APPROVED,
}


def reschedule(it: Session, cmd: Command, *, to: Sitting = AFTERNOON, frame: Frame = FRAME) -> None:
    it.reschedule(sitting=to, frame=frame, occupant=nobody, cmd=cmd)


def invite(
    it: Session,
    cmd: Command,
    *,
    who: Participant = DELEGATE,
    order: int = 2,
    minutes: int = 5,
    mode: Mode = Mode.VIRTUAL,
    occupant: Callable[[str], str | None] = nobody,
) -> None:
    it.invite_speaker(who=who, order=order, minutes=minutes, mode=mode, occupant=occupant, cmd=cmd)


def speak(it: Session, cmd: Command, *, attributed: bool | None = None) -> None:
    it.record_intervention(
        intervention=UUID(int=8),
        organization="ECOWAS",
        speaker=GUEST,
        text=sealed("text"),
        attributed=attributed,
        cmd=cmd,
    )


def another(gap: CapacityGap, **changes: Any) -> CapacityGap:
    return CapacityGap(**{**{name: getattr(gap, name) for name in gap.__struct_fields__}, **changes})


VERBS: dict[str, Callable[[Session, Command], None]] = {
    "reschedule": reschedule,
    "cancel": lambda it, cmd: it.cancel(cmd=cmd),
    "set_objectives": lambda it, cmd: it.set_objectives(
        objectives=("Assess distinct challenges",), regions=("WEST-AFRICA",), cmd=cmd
    ),
    "invite_speaker": invite,
    "accept_invitation": lambda it, cmd: it.accept_invitation(who=GUEST, cmd=cmd),
    "decline_invitation": lambda it, cmd: it.decline_invitation(registration=GUEST.registration, cmd=cmd),
    "withdraw_speaker": lambda it, cmd: it.withdraw_speaker(registration=GUEST.registration, cmd=cmd),
    "assign_moderator": lambda it, cmd: it.assign_moderator(who=DELEGATE, cmd=cmd),
    "assign_rapporteur": lambda it, cmd: it.assign_rapporteur(who=DELEGATE, cmd=cmd),
    "start": lambda it, cmd: it.start(frame=FRAME, cmd=cmd),
    "record_intervention": speak,
    "identify_capacity_gap": lambda it, cmd: it.identify_capacity_gap(
        gap=another(GAP, code="GAP-2"), occupant=nobody, cmd=cmd
    ),
    "correct_capacity_gap": lambda it, cmd: it.correct_capacity_gap(
        gap=another(GAP, severity=Severity.CRITICAL), cmd=cmd
    ),
    "close_capacity_gap": lambda it, cmd: it.close_capacity_gap(code="GAP-1", cmd=cmd),
    "highlight_good_practice": lambda it, cmd: it.highlight_good_practice(practice=PRACTICE, occupant=nobody, cmd=cmd),
    "raise_priority": lambda it, cmd: it.raise_priority(id=UUID(int=9), priority=PRIORITY, cmd=cmd),
    "conclude": lambda it, cmd: it.conclude(cmd=cmd),
    "approve_record": lambda it, cmd: it.approve_record(cmd=cmd),
    "correct_record": lambda it, cmd: it.correct_record(
        intervention=INTERVENTION, text=sealed("text"), attributed=None, cmd=cmd
    ),
}
EACH_TIME = {"correct_record"}
"""What is a new fact each time: sealed texts cannot be compared."""


def test_every_verb_has_its_states() -> None:
    assert Session.MAY_START_FROM.keys() == VERBS.keys()


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb in VERBS
        for state in SessionState
        if state not in Session.MAY_START_FROM[verb] and ENDS.get(verb) is not state
    ],
)
def test_a_verb_is_refused_in_other_states(verb: str, state: SessionState) -> None:
    scenario = Scenario(Session).given(*REACHES[state]).when(lambda it: VERBS[verb](it, command()))
    scenario.refused("state")
    assert scenario.refusal is not None
    assert scenario.refusal.state == state
    assert verb not in scenario.refusal.allowed


@pytest.mark.parametrize(("verb", "state"), [(verb, state) for verb in VERBS for state in Session.MAY_START_FROM[verb]])
def test_a_verb_states_one_fact_and_twice_is_once(verb: str, state: str) -> None:
    scenario = Scenario(Session).given(*REACHES[SessionState(state)])
    scenario.when(lambda it: VERBS[verb](it, command()))
    assert scenario.refusal is None
    assert len(scenario.new) == 1
    again = Scenario(Session)
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda it: VERBS[verb](it, command(key="2")))
    if verb not in EACH_TIME:
        again.nothing()


@pytest.mark.parametrize("state", SessionState)
def test_what_is_allowed_is_what_would_not_be_refused(state: SessionState) -> None:
    it = Scenario(Session).given(*REACHES[state]).aggregate()
    assert set(it.allowed(command().now)) == {verb for verb in VERBS if state in Session.MAY_START_FROM[verb]}


# where and when


def test_a_sitting_is_kept_in_utc() -> None:
    assert MORNING.starts_at == datetime(2025, 6, 25, 14, 0, tzinfo=UTC)
    assert MORNING.starts_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("starts_at", "problem"),
    [
        (datetime(2025, 6, 25, 10, 0), "needs an offset"),  # noqa: DTZ001  (that is the point)
        (on_the_day(10, 3), "is not on a full five minutes"),
        (on_the_day(10) + timedelta(seconds=1), "is not on a full five minutes"),
    ],
)
def test_a_time_has_an_offset_and_falls_on_five_minutes(starts_at: datetime, problem: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Sitting.at(room=None, starts_at=starts_at, ends_at=on_the_day(12))
    assert refused.value.fields == (("startsAt", problem),)


def test_a_session_ends_after_it_starts() -> None:
    (
        Scenario(Session)
        .given(SCHEDULED)
        .when(lambda it: reschedule(it, command(), to=sitting(12, 12)))
        .refused("session.times", starts_at="2025-06-25T16:00:00Z", ends_at="2025-06-25T16:00:00Z")
    )


def test_a_session_lasts_a_day_at_most() -> None:
    two_days = Frame(**{**_fields(FRAME), "ends_on": date(2025, 6, 27)})
    day = Sitting.at(room=None, starts_at=on_the_day(10), ends_at=on_the_day(10) + timedelta(days=1))
    longer = Sitting.at(room=None, starts_at=on_the_day(10), ends_at=on_the_day(10, 5) + timedelta(days=1))
    Scenario(Session).given(SCHEDULED).when(lambda it: reschedule(it, command(), to=day, frame=two_days)).then(
        said(Session.Rescheduled, sitting=day, before=MORNING)
    )
    Scenario(Session).given(SCHEDULED).when(lambda it: reschedule(it, command(), to=longer, frame=two_days)).refused(
        "session.duration", minutes=1445, longest=1440
    )


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "fits"),
    [
        (on_the_day(0), on_the_day(2), True),
        (on_the_day(22), on_the_day(0) + timedelta(days=1), True),
        (on_the_day(0) - timedelta(minutes=5), on_the_day(2), False),
        (on_the_day(22), on_the_day(0, 5) + timedelta(days=1), False),
        (datetime(2025, 6, 25, 2, 0, tzinfo=UTC), datetime(2025, 6, 25, 3, 0, tzinfo=UTC), False),
    ],
    ids=["from midnight", "to midnight", "the day before", "the day after", "the 25th in UTC, the 24th in New York"],
)
def test_a_session_sits_on_the_days_of_its_retreat_in_its_zone(
    starts_at: datetime, ends_at: datetime, fits: bool
) -> None:
    to = Sitting.at(room=None, starts_at=starts_at, ends_at=ends_at)
    scenario = Scenario(Session).given(SCHEDULED).when(lambda it: reschedule(it, command(), to=to))
    if fits:
        scenario.then(said(Session.Rescheduled, sitting=to, before=MORNING))
    else:
        scenario.refused("session.days", retreat_starts_on="2025-06-25", zone="America/New_York")


def test_a_published_session_is_moved_with_a_reason() -> None:
    published = Frame(**{**_fields(FRAME), "agenda_published": True})
    scenario = Scenario(Session).given(SCHEDULED)
    scenario.when(lambda it: reschedule(it, command(), frame=published)).refused("reason.required")
    scenario.when(lambda it: reschedule(it, command(reason=sealed()), frame=published)).then(
        said(Session.Rescheduled, sitting=AFTERNOON, before=MORNING)
    )


def test_a_session_is_not_moved_in_a_retreat_that_is_over() -> None:
    over = Frame(**{**_fields(FRAME), "set_up": False, "state": "cancelled"})
    (
        Scenario(Session)
        .given(SCHEDULED)
        .when(lambda it: reschedule(it, command(), frame=over))
        .refused("session.retreat", retreat_state="cancelled")
    )


def test_a_session_starts_while_its_retreat_is_held() -> None:
    ahead = Frame(**{**_fields(FRAME), "in_session": False, "state": "announced"})
    (
        Scenario(Session)
        .given(SCHEDULED)
        .when(lambda it: it.start(frame=ahead, cmd=command()))
        .refused("session.retreat", retreat="CTCR-2025", retreat_state="announced")
    )


def test_moving_a_session_moves_room_and_speakers_and_keeps_what_both_times_share() -> None:
    later = sitting(11, 13)
    scenario = Scenario(Session).given(SCHEDULED, INVITED)
    scenario.when(lambda it: reschedule(it, command(), to=later)).then(
        said(Session.Rescheduled, sitting=later, before=MORNING, speakers=(GUEST.subject,))
    )
    moved = scenario.new[0]
    assert len(moved.takes()) == len(moved.releases()) == 2 * 12
    assert moved.takes()[0] == "room:conference room 8:20250625T1600Z"
    assert moved.releases()[0] == "room:conference room 8:20250625T1400Z"


INSTANTS = st.integers(0, 40).map(lambda slots: on_the_day(8) + timedelta(minutes=5 * slots))
SITTINGS = st.builds(
    lambda room, at, slots: Sitting.at(room=room, starts_at=at, ends_at=at + timedelta(minutes=5 * slots)),
    st.sampled_from(["Conference Room 8", "conference  room 8 ", "Conference Room 9", None]),
    INSTANTS,
    st.integers(1, 20),
)


@given(SITTINGS, SITTINGS)
def test_two_sittings_share_a_slot_if_and_only_if_they_meet(one: Sitting, other: Sitting) -> None:
    meet = one.starts_at < other.ends_at and other.starts_at < one.ends_at
    speaker = person("speaker")
    assert bool(set(one.speaker_claims(speaker)) & set(other.speaker_claims(speaker))) == meet
    rooms = [None if room is None else room[-2:].strip() for room in (one.room, other.room)]
    shared = meet and one.room is not None and rooms[0] == rooms[1]
    assert bool(set(one.room_claims()) & set(other.room_claims())) == shared


@given(SITTINGS, SITTINGS, st.booleans())
def test_after_a_move_a_session_holds_its_new_slots_and_no_others(one: Sitting, other: Sitting, invited: bool) -> None:
    speakers = (GUEST.subject,) if invited else ()
    fact = _first(Scenario(Session).given(SCHEDULED), said(Session.Rescheduled, sitting=other, before=one))
    fact = Session.Rescheduled(
        **{**_fields(fact), "sitting": other, "before": one, "speakers": speakers},
    )
    held = set(one.claims(speakers)) - set(fact.releases())
    assert held.isdisjoint(fact.takes())
    assert held | set(fact.takes()) == set(other.claims(speakers))


# who speaks


def test_a_speaker_is_invited_for_the_whole_session() -> None:
    scenario = Scenario(Session).given(SCHEDULED)
    scenario.when(lambda it: invite(it, command(), who=GUEST, order=1, minutes=10, mode=Mode.IN_PERSON)).then(INVITED)
    assert scenario.new[0].takes() == MORNING.speaker_claims(GUEST.subject)
    assert len(scenario.new[0].takes()) == 24


def test_an_invitation_does_not_change_by_being_repeated() -> None:
    (
        Scenario(Session)
        .given(SCHEDULED, INVITED)
        .when(lambda it: invite(it, command(), who=GUEST, order=1, minutes=15, mode=Mode.IN_PERSON))
        .refused("session.invited", order=1, minutes=10, mode="in_person")
    )


@pytest.mark.parametrize("over", [DECLINED, WITHDRAWN], ids=["declined", "withdrawn"])
def test_who_said_no_may_be_invited_anew(over: Said) -> None:
    scenario = Scenario(Session).given(SCHEDULED, INVITED, over)
    scenario.when(lambda it: it.accept_invitation(who=GUEST, cmd=command())).refused("session.invitation")
    scenario.when(lambda it: invite(it, command(), who=GUEST, order=1, minutes=10, mode=Mode.IN_PERSON)).then(INVITED)


def test_who_accepted_may_still_decline() -> None:
    scenario = Scenario(Session).given(SCHEDULED, INVITED, ACCEPTED)
    scenario.when(lambda it: it.decline_invitation(registration=GUEST.registration, cmd=command())).then(DECLINED)
    assert scenario.new[0].releases() == MORNING.speaker_claims(GUEST.subject)
    assert scenario.aggregate().speakers[GUEST.registration].invitation is Invitation.DECLINED


def test_a_guest_speaks_in_the_sessions_nominated_for() -> None:
    elsewhere = Participant(**{**_fields(GUEST), "sessions": ("TS-2", "CLOSING")})
    (
        Scenario(Session)
        .given(SCHEDULED)
        .when(lambda it: invite(it, command(), who=elsewhere, mode=Mode.IN_PERSON))
        .refused("session.guest_speaker", session="TS-1", nominated_for="TS-2 CLOSING")
    )


@pytest.mark.parametrize("change", [{"active": False}, {"retreat": "CTCR-2026"}], ids=["not active", "elsewhere"])
@pytest.mark.parametrize("verb", ["invite_speaker", "accept_invitation", "assign_moderator", "assign_rapporteur"])
def test_a_part_in_a_session_takes_an_active_registration_for_its_retreat(verb: str, change: dict[str, Any]) -> None:
    who = Participant(**{**_fields(GUEST), **change})
    tries: dict[str, Callable[[Session], None]] = {
        "invite_speaker": lambda it: invite(it, command(), who=who),
        "accept_invitation": lambda it: it.accept_invitation(who=who, cmd=command()),
        "assign_moderator": lambda it: it.assign_moderator(who=who, cmd=command()),
        "assign_rapporteur": lambda it: it.assign_rapporteur(who=who, cmd=command()),
    }
    (
        Scenario(Session)
        .given(SCHEDULED, INVITED)
        .when(tries[verb])
        .refused("session.registration", registration=str(GUEST.registration), retreat="CTCR-2025")
    )


def test_who_is_registered_virtually_does_not_speak_in_the_room() -> None:
    (
        Scenario(Session)
        .given(SCHEDULED)
        .when(lambda it: invite(it, command(), who=DELEGATE, mode=Mode.IN_PERSON))
        .refused("session.speaker_mode", registered="virtual")
    )


def test_a_speaker_is_in_one_session_at_a_time() -> None:
    busy = f"speaker:{DELEGATE.subject}:20250625T1555Z"
    (
        Scenario(Session)
        .given(SCHEDULED)
        .when(lambda it: invite(it, command(), occupant=lambda claim: "TS-2" if claim == busy else None))
        .refused("session.speaker", session="TS-2")
    )


def test_another_moderator_takes_the_place_of_the_first_and_rapporteurs_stand_beside_each_other() -> None:
    scenario = Scenario(Session).given(SCHEDULED)
    scenario.when(lambda it: it.assign_moderator(who=GUEST, cmd=command()))
    scenario.when(lambda it: it.assign_rapporteur(who=DELEGATE, cmd=command()))
    scenario.when(lambda it: it.assign_moderator(who=DELEGATE, cmd=command()))
    assert scenario.refusal is None
    it = scenario.aggregate()
    assert it.moderator == DELEGATE.registration
    assert it.rapporteurs == (DELEGATE.registration,)
    assert it.keepers == {DELEGATE.registration: DELEGATE.subject}


# the record


@pytest.mark.parametrize("attributed", [True, False])
def test_an_intervention_is_attributed_as_the_session_is_unless_said_otherwise(attributed: bool) -> None:
    session = said(Session.Created, **{**SCHEDULED.fields, "attributed": attributed})
    by_default = Scenario(Session).given(session, STARTED).when(lambda it: speak(it, command()))
    otherwise = (
        Scenario(Session).given(session, STARTED).when(lambda it: speak(it, command(), attributed=not attributed))
    )
    assert [_field(scenario, "attributed") for scenario in (by_default, otherwise)] == [attributed, not attributed]


def test_who_speaks_from_the_floor_need_not_be_invited_but_speaks_for_his_organization() -> None:
    def floor(it: Session, organization: str) -> None:
        it.record_intervention(
            intervention=INTERVENTION,
            organization=organization,
            speaker=DELEGATE,
            text=sealed("text"),
            attributed=None,
            cmd=command(),
        )

    Scenario(Session).given(SCHEDULED, STARTED).when(lambda it: floor(it, "ECOWAS")).refused(
        "session.organization", organization="ECOWAS"
    )
    spoken = Scenario(Session).given(SCHEDULED, STARTED).when(lambda it: floor(it, "UNODC"))
    assert _field(spoken, "subject") == DELEGATE.subject


def test_the_code_of_a_gap_names_one_gap() -> None:
    other = another(GAP, description="Something else.")
    scenario = Scenario(Session).given(SCHEDULED, STARTED, IDENTIFIED)
    scenario.when(lambda it: it.identify_capacity_gap(gap=other, occupant=nobody, cmd=command()))
    scenario.refused("code.taken", code="GAP-1", session="TS-1")
    elsewhere = Scenario(Session).given(SCHEDULED, STARTED)
    elsewhere.when(
        lambda it: it.identify_capacity_gap(
            gap=GAP, occupant=lambda claim: "TS-2" if claim == "gap:GAP-1" else None, cmd=command()
        )
    ).refused("code.taken", code="GAP-1", session="TS-2")


def test_the_code_of_a_practice_names_one_practice() -> None:
    (
        Scenario(Session)
        .given(SCHEDULED, STARTED)
        .when(
            lambda it: it.highlight_good_practice(
                practice=PRACTICE, occupant=lambda claim: "TS-2" if claim == "practice:GP-1" else None, cmd=command()
            )
        )
        .refused("code.taken", code="GP-1", session="TS-2")
    )


def test_a_closed_gap_is_corrected_and_stays_closed() -> None:
    closed = said(Session.CapacityGapClosed, code="GAP-1")
    scenario = Scenario(Session).given(*REACHES[SessionState.RECORD_APPROVED], closed)
    scenario.when(
        lambda it: it.correct_capacity_gap(gap=another(GAP, region="EAST-AFRICA", open=False), cmd=command())
    ).then(said(Session.CapacityGapCorrected, **{**IDENTIFIED.fields, "region": "EAST-AFRICA"}))
    assert scenario.aggregate().gaps["GAP-1"] == another(GAP, region="EAST-AFRICA", open=False)


def test_an_approved_record_says_what_it_holds() -> None:
    (
        Scenario(Session)
        .given(*REACHES[SessionState.CONCLUDED], HIGHLIGHTED)
        .when(lambda it: it.approve_record(cmd=command()))
        .then(said(Session.RecordApproved, interventions=1, capacity_gaps=1, good_practices=1, priorities=0))
    )


def test_corrections_of_a_record_are_numbered() -> None:
    scenario = Scenario(Session).given(*REACHES[SessionState.RECORD_APPROVED])
    scenario.when(lambda it: VERBS["correct_record"](it, command())).when(
        lambda it: it.correct_record(intervention=INTERVENTION, text=None, attributed=False, cmd=command())
    )
    scenario.then(
        said(Session.RecordCorrected, number=1, intervention=INTERVENTION, text=sealed("text")),
        said(Session.RecordCorrected, number=2, intervention=INTERVENTION, attributed=False),
    )


@pytest.mark.parametrize(
    ("intervention", "text", "attributed", "field"),
    [
        (None, None, None, "text"),
        (INTERVENTION, None, None, "text"),
        (None, sealed("text"), True, "intervention"),
    ],
)
def test_a_correction_corrects_something(
    intervention: UUID | None, text: Sealed | None, attributed: bool | None, field: str
) -> None:
    it = Scenario(Session).given(*REACHES[SessionState.RECORD_APPROVED]).aggregate()
    with pytest.raises(InvalidInput) as refused:
        it.correct_record(intervention=intervention, text=text, attributed=attributed, cmd=command())
    assert [name for name, _ in refused.value.fields] == [field]


def test_what_is_not_there_is_not_found() -> None:
    it = Scenario(Session).given(*REACHES[SessionState.RECORD_APPROVED]).aggregate()
    with pytest.raises(NotFound, match="Intervention"):
        it.correct_record(intervention=UUID(int=99), text=sealed(), attributed=None, cmd=command())
    with pytest.raises(NotFound, match="CapacityGap"):
        it.close_capacity_gap(code="GAP-9", cmd=command())
    with pytest.raises(NotFound, match="Speaker"):
        Scenario(Session).given(SCHEDULED).aggregate().decline_invitation(registration=UUID(int=9), cmd=command())


# commands, with everything they touch

GUEST_DETAILS = PersonDetails(name="Awa Diallo", email="awa@ecowas.example")
DELEGATE_DETAILS = PersonDetails(name="Jon Berg", email="jon@unodc.example")


class Desk:
    """A retreat with two sessions at the same time, a guest speaker and a delegate, and what one may ask of them."""

    def __init__(self) -> None:
        self.histories = Histories(now=datetime(2025, 6, 2, 9, 0, tzinfo=UTC))
        for kind, code in (
            (EntryKind.REGION, "WEST-AFRICA"),
            (EntryKind.REGION, "EAST-AFRICA"),
            (EntryKind.WORKING_GROUP, "BMLE"),
        ):
            self._ask("catalogue.add_entry", Catalogue, "add_entry", kind=kind, code=code, names=Names(en=code))
        self._register("ECOWAS", OrganizationKind.REGIONAL_ORGANIZATION, CompactStatus.NONE)
        self._register("UNODC", OrganizationKind.UN_ENTITY, CompactStatus.MEMBER)
        self._retreat("CTCR-2025")
        self.schedule("TS-1", room="Conference Room 8")
        self.schedule("TS-2", room="Conference Room 9")
        self.guest = self.nominate("ECOWAS", GUEST_DETAILS, Category.GUEST_SPEAKER, sessions=["TS-1"])
        self.delegate = self.nominate("UNODC", DELEGATE_DETAILS, Category.DELEGATE)

    def _ask(self, action: str, kind: Any, name: str, /, *args: Any, **kwargs: Any) -> list[Fact]:
        return self.histories.run(action, lambda work: getattr(kind(work), name)(*args, **kwargs))

    def _register(self, code: str, kind: OrganizationKind, status: CompactStatus) -> None:
        self._ask(
            "organization.register",
            Organizations,
            "register",
            code=code,
            names=Names(en=code),
            kind=kind,
            compact_status=status,
        )

    def _retreat(self, code: str) -> None:
        logistics = Logistics(
            format=Format.HYBRID, contact="desk@un.example", venue=Venue(place="United Nations Headquarters, New York")
        )
        self._ask(
            "retreat.plan",
            Retreats,
            "plan",
            code=code,
            series="Counter-Terrorism Compact Retreat",
            edition=1,
            title="Counter-Terrorism Compact Retreat",
            theme="Strengthening Partnerships",
            starts_on=date(2025, 6, 25),
            ends_on=date(2025, 6, 25),
            zone="America/New_York",
            logistics=logistics,
        )
        self._ask("retreat.announce", Retreats, "announce", code)
        self._ask("retreat.set_seat_rules", Retreats, "set_seat_rules", code, in_person_places=80)
        self._ask(
            "retreat.open_registration",
            Retreats,
            "open_registration",
            code,
            deadline=datetime(2025, 6, 20, 23, 59, tzinfo=timezone(timedelta(hours=-4))),
        )

    def retreat(self, name: str, **kwargs: Any) -> list[Fact]:
        return self._ask(f"retreat.{name}", Retreats, name, "CTCR-2025", **kwargs)

    def nominate(
        self, organization: str, details: PersonDetails, category: Category, *, sessions: Sequence[str] = ()
    ) -> UUID:
        facts = self._ask(
            "registration.nominate",
            Registrations,
            "nominate",
            "CTCR-2025",
            organization=organization,
            category=category,
            mode=Mode.IN_PERSON,
            person=details,
            sessions=sessions,
        )
        return next(fact.originator_id for fact in facts if type(fact).__qualname__ == "Registration.Created")

    def subject(self, details: PersonDetails) -> UUID:
        return self.histories.people[details.email]

    def ask(
        self,
        name: str,
        *args: Any,
        by: Actor | None = None,
        reason: str | None = None,
        **kwargs: Any,
    ) -> list[Fact]:
        return self.histories.run(
            f"session.{name}", lambda work: _session(work, name, *args, **kwargs), by=by, reason=reason
        )

    def schedule(
        self,
        code: str,
        *,
        room: str | None,
        starts_at: datetime = MORNING.starts_at,
        ends_at: datetime = MORNING.ends_at,
        title: str = "Understanding capacity building challenges",
        retreat: str = "CTCR-2025",
    ) -> list[Fact]:
        return self.ask(
            "schedule",
            retreat=retreat,
            code=code,
            title=title,
            kind=SessionKind.THEMATIC,
            room=room,
            starts_at=starts_at,
            ends_at=ends_at,
        )

    def invite(self, session: str, registration: UUID, **kwargs: Any) -> list[Fact]:
        said = {"order": 1, "minutes": 10, "mode": Mode.IN_PERSON, **kwargs}
        return self.ask("invite_speaker", session, registration=registration, **said)

    def open(self, session: str) -> None:
        self.histories.now = datetime(2025, 6, 25, 14, 0, tzinfo=UTC)
        self.retreat("open")
        self.ask("start", session)

    def identify(self, session: str, code: str, **kwargs: Any) -> list[Fact]:
        said = {
            "region": "WEST-AFRICA",
            "working_group": "BMLE",
            "severity": Severity.HIGH,
            "description": "No shared watch list at land borders.",
            "voiced_by": "ECOWAS",
            **kwargs,
        }
        return self.ask("identify_capacity_gap", session, code=code, **said)

    def session(self, code: str) -> Session:
        it = self.histories.load(Session, Session.identify(code))
        assert it is not None
        return it


def _session(work: Work, name: str, *args: Any, **kwargs: Any) -> Aggregate:
    it = getattr(Sessions(work), name)(*args, **kwargs)
    assert isinstance(it, Session)
    return it


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_scheduling_the_same_again_is_the_session_that_stands_even_after_it_moved(desk: Desk) -> None:
    desk.ask("reschedule", "TS-1", room="Conference Room 8", starts_at=AFTERNOON.starts_at, ends_at=AFTERNOON.ends_at)
    desk.schedule("TS-3", room="Conference Room 8")
    assert desk.schedule("TS-1", room="Conference Room 8") == []
    with pytest.raises(RuleViolation, match=r"code\.taken"):
        desk.schedule("TS-1", room="Conference Room 8", title="Something else")


def test_a_room_holds_one_session_at_a_time(desk: Desk) -> None:
    with pytest.raises(RuleViolation) as refused:
        desk.schedule("TS-3", room=" conference room  8")
    assert refused.value.rule == "session.room"
    assert refused.value.state is None
    assert refused.value.details["session"] == "TS-1"
    assert desk.schedule("TS-3", room="Conference Room 8", starts_at=MORNING.ends_at, ends_at=AFTERNOON.starts_at)


def test_sessions_without_a_room_do_not_stand_in_each_others_way(desk: Desk) -> None:
    assert desk.schedule("TS-3", room=None)
    assert desk.schedule("TS-4", room=None)


def test_a_session_may_move_within_its_own_time(desk: Desk) -> None:
    desk.invite("TS-1", desk.guest)
    (moved,) = desk.ask(
        "reschedule", "TS-1", room="Conference Room 8", starts_at=on_the_day(11), ends_at=on_the_day(13)
    )
    assert isinstance(moved, Session.Rescheduled)
    assert sorted(desk.histories.claims("speaker:")) == sorted(
        sitting(11, 13).speaker_claims(desk.subject(GUEST_DETAILS))
    )


def test_a_cancelled_session_leaves_room_and_speakers_free(desk: Desk) -> None:
    desk.invite("TS-1", desk.guest)
    desk.ask("cancel", "TS-1", reason="The room is flooded.")
    assert desk.histories.claims("speaker:") == []
    assert desk.schedule("TS-3", room="Conference Room 8")


def test_a_speaker_is_free_again_when_he_declines(desk: Desk) -> None:
    desk.invite("TS-1", desk.delegate)
    with pytest.raises(RuleViolation) as refused:
        desk.invite("TS-2", desk.delegate)
    assert (refused.value.rule, refused.value.details) == ("session.speaker", {"session": "TS-1"})
    who = actor(Role.READER, organization="UNODC")
    own = Actor(id=desk.subject(DELEGATE_DETAILS), organization="UNODC", roles=who.roles)
    (declined,) = desk.ask("decline_invitation", "TS-1", registration=desk.delegate, by=own, reason="I am in TS-2.")
    assert declined.provenance.reason is not None
    assert declined.provenance.reason.key == own.id
    assert desk.invite("TS-2", desk.delegate)


def test_a_speaker_does_not_follow_a_session_into_another_one(desk: Desk) -> None:
    desk.schedule("TS-3", room="Conference Room 8", starts_at=AFTERNOON.starts_at, ends_at=AFTERNOON.ends_at)
    desk.invite("TS-1", desk.delegate)
    desk.invite("TS-3", desk.delegate)
    with pytest.raises(RuleViolation) as refused:
        desk.ask("reschedule", "TS-3", starts_at=MORNING.starts_at, ends_at=MORNING.ends_at)
    assert (refused.value.rule, refused.value.details) == ("session.speaker", {"session": "TS-1"})


def test_a_guest_speaker_of_one_session_is_not_invited_to_another(desk: Desk) -> None:
    with pytest.raises(RuleViolation, match=r"session\.guest_speaker"):
        desk.invite("TS-2", desk.guest)


def test_who_withdrew_from_the_retreat_does_not_accept(desk: Desk) -> None:
    desk.invite("TS-1", desk.guest)
    desk.histories.run(
        "registration.withdraw", lambda work: Registrations(work).withdraw(desk.guest), reason="Travel was refused."
    )
    with pytest.raises(RuleViolation, match=r"session\.registration"):
        desk.ask("accept_invitation", "TS-1", registration=desk.guest)
    assert desk.ask("withdraw_speaker", "TS-1", registration=desk.guest, reason="Not coming.")


def test_an_invitation_is_for_the_one_invited_and_his_organization_to_answer(desk: Desk) -> None:
    desk.invite("TS-1", desk.delegate)
    with pytest.raises(Forbidden):
        desk.ask(
            "accept_invitation",
            "TS-1",
            registration=desk.delegate,
            by=actor(Role.ENTITY_REPRESENTATIVE, organization="CTED"),
        )
    own = actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC")
    assert desk.ask("accept_invitation", "TS-1", registration=desk.delegate, by=own)


def test_more_minutes_than_the_session_has_are_a_warning(desk: Desk) -> None:
    warnings: list[str] = []

    def invite_at_length(work: Work) -> Session:
        it = Sessions(work).invite_speaker(
            "TS-1", registration=desk.delegate, order=1, minutes=121, mode=Mode.IN_PERSON
        )
        warnings.extend(work.warnings)
        return it

    assert desk.histories.run("session.invite_speaker", invite_at_length)
    assert warnings == ["session.minutes"]


def test_once_the_agenda_is_published_a_move_takes_a_reason(desk: Desk) -> None:
    entry = AgendaEntry(session="TS-1", title="One", starts_at=MORNING.starts_at, ends_at=MORNING.ends_at)
    desk.retreat("publish_agenda", sessions=[entry])
    with pytest.raises(RuleViolation, match=r"reason\.required"):
        desk.ask("reschedule", "TS-1", starts_at=AFTERNOON.starts_at, ends_at=AFTERNOON.ends_at)
    assert desk.ask(
        "reschedule", "TS-1", starts_at=AFTERNOON.starts_at, ends_at=AFTERNOON.ends_at, reason="The minister is late."
    )


def test_an_agenda_names_sessions_that_its_retreat_will_hold(desk: Desk) -> None:
    def agenda(*codes: str) -> list[AgendaEntry]:
        return [
            AgendaEntry(session=code, title=code, starts_at=MORNING.starts_at, ends_at=MORNING.ends_at)
            for code in codes
        ]

    with pytest.raises(NotFound) as unknown:
        desk.retreat("publish_agenda", sessions=agenda("TS-1", "TS-9"))
    assert (unknown.value.kind, unknown.value.reference) == ("Session", "TS-9")
    desk._retreat("CTCR-2026")
    desk.schedule("OTHER", room=None, retreat="CTCR-2026")
    desk.retreat("publish_agenda", sessions=agenda("TS-1", "TS-2"))
    desk.ask("cancel", "TS-2", reason="The room is flooded.")
    assert desk.retreat("publish_agenda", sessions=agenda("TS-1", "TS-2")) == [], "which stands already"
    for wrong, retreat, state in (("OTHER", "CTCR-2026", "scheduled"), ("TS-2", "CTCR-2025", "cancelled")):
        with pytest.raises(RuleViolation) as refused:
            desk.retreat("publish_agenda", sessions=agenda(wrong), change_note="Another.")
        assert (refused.value.rule, refused.value.details) == (
            "retreat.agenda",
            {"session": wrong, "retreat": retreat, "session_state": state},
        )
    assert desk.retreat("publish_agenda", sessions=agenda("TS-1"), change_note="One fell away.")


@pytest.mark.parametrize("end", ["postpone", "cancel"])
def test_nothing_is_scheduled_in_a_retreat_that_has_no_days(desk: Desk, end: str) -> None:
    desk.histories.run(f"retreat.{end}", lambda work: getattr(Retreats(work), end)("CTCR-2025"), reason="No quorum.")
    with pytest.raises(RuleViolation) as refused:
        desk.schedule("TS-3", room=None)
    assert refused.value.rule == "session.retreat"
    assert desk.ask("cancel", "TS-1", reason="The retreat is not held.")


def test_no_session_starts_before_its_retreat_does(desk: Desk) -> None:
    with pytest.raises(RuleViolation) as refused:
        desk.ask("start", "TS-1")
    assert refused.value.details["retreat_state"] == "registration_open"


def test_what_a_speaker_said_lies_under_his_key_and_what_an_organization_said_under_the_sessions(desk: Desk) -> None:
    desk.open("TS-1")
    (spoken,) = desk.ask(
        "record_intervention", "TS-1", organization="ECOWAS", speaker=desk.guest, text="We lack trainers."
    )
    (said_,) = desk.ask("record_intervention", "TS-1", organization="ECOWAS", text="We lack funds.", attributed=False)
    assert isinstance(spoken, Session.InterventionRecorded)
    assert isinstance(said_, Session.InterventionRecorded)
    assert (spoken.text.key, spoken.attributed) == (desk.subject(GUEST_DETAILS), True)
    assert (said_.text.key, said_.attributed) == (Session.identify("TS-1"), False)
    assert spoken.intervention != said_.intervention


def test_the_record_is_kept_by_the_secretariat_and_by_those_it_asked_to(desk: Desk) -> None:
    desk.open("TS-1")
    who = actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC")
    delegate = Actor(id=desk.subject(DELEGATE_DETAILS), organization="UNODC", roles=who.roles)
    with pytest.raises(Forbidden):
        desk.ask("raise_priority", "TS-1", title="Joint planning", by=delegate)
    desk.ask("assign_rapporteur", "TS-1", registration=desk.delegate)
    assert desk.ask("raise_priority", "TS-1", title="Joint planning", organization="ECOWAS", by=delegate)
    assert desk.ask("raise_priority", "TS-1", title="Joint planning", organization="ECOWAS", by=delegate) == []


def test_a_gap_is_found_by_its_code_and_no_other_session_takes_the_code(desk: Desk) -> None:
    desk.open("TS-1")
    desk.ask("start", "TS-2")
    assert len(desk.identify("TS-1", "GAP-1")) == 1
    assert desk.identify("TS-1", "GAP-1") == []
    for session in ("TS-1", "TS-2"):
        with pytest.raises(RuleViolation, match=r"code\.taken"):
            desk.identify(session, "GAP-1", severity=Severity.LOW)

    found: list[CapacityGap] = []

    def look(work: Work) -> Session:
        found.append(require_gap(work, "GAP-1"))
        with pytest.raises(NotFound):
            require_gap(work, "GAP-2")
        return Sessions(work).start("TS-1")

    desk.histories.run("session.start", look)
    assert found == [GAP]


def test_a_gap_says_where_and_in_whose_field_it_lies(desk: Desk) -> None:
    desk.open("TS-1")
    with pytest.raises(NotFound, match="ATLANTIS"):
        desk.identify("TS-1", "GAP-1", region="ATLANTIS")
    with pytest.raises(NotFound, match="NONE"):
        desk.identify("TS-1", "GAP-1", working_group="NONE")
    with pytest.raises(NotFound, match="UNKNOWN"):
        desk.identify("TS-1", "GAP-1", voiced_by="UNKNOWN")
    with pytest.raises(InvalidInput):
        desk.identify("TS-1", "gap 1")


def test_what_is_corrected_of_a_gap_is_what_is_given(desk: Desk) -> None:
    desk.open("TS-1")
    desk.identify("TS-1", "GAP-1")
    with pytest.raises(RuleViolation, match=r"reason\.required"):
        desk.ask("correct_capacity_gap", "TS-1", code="GAP-1", severity=Severity.CRITICAL)
    desk.ask("correct_capacity_gap", "TS-1", code="GAP-1", severity=Severity.CRITICAL, reason="Misheard.")
    assert desk.session("TS-1").gaps["GAP-1"] == another(GAP, severity=Severity.CRITICAL)


def test_what_stands_in_the_record_stays_so_when_the_catalogue_changes(desk: Desk) -> None:
    desk.open("TS-1")
    desk.identify("TS-1", "GAP-1")
    desk.histories.run(
        "catalogue.retire_entry",
        lambda work: Catalogue(work).retire_entry("region:WEST-AFRICA"),
        reason="Named otherwise.",
    )
    assert desk.identify("TS-1", "GAP-1") == []
    with pytest.raises(RuleViolation, match=r"catalogue\.retired"):
        desk.identify("TS-1", "GAP-2")
    assert desk.ask(
        "correct_capacity_gap", "TS-1", code="GAP-1", description="No shared watch list.", reason="Too narrow."
    )


def test_a_practice_answers_a_gap_that_was_voiced(desk: Desk) -> None:
    desk.open("TS-1")
    practice: dict[str, Any] = {
        "code": "GP-1",
        "region": "EAST-AFRICA",
        "working_group": "BMLE",
        "model": "Joint border posts.",
        "replicable_in": ["WEST-AFRICA"],
        "for_gap": "GAP-1",
    }
    with pytest.raises(NotFound, match="GAP-1"):
        desk.ask("highlight_good_practice", "TS-1", **practice)
    desk.identify("TS-1", "GAP-1")
    desk.ask("highlight_good_practice", "TS-1", **practice)
    assert desk.ask("highlight_good_practice", "TS-1", **practice) == []
    assert desk.session("TS-1").practices == {"GP-1": PRACTICE}


def test_a_correction_of_what_somebody_said_lies_under_his_key_too(desk: Desk) -> None:
    desk.open("TS-1")
    (spoken,) = desk.ask("record_intervention", "TS-1", organization="ECOWAS", speaker=desk.guest, text="Trainers.")
    assert isinstance(spoken, Session.InterventionRecorded)
    desk.ask("conclude", "TS-1")
    (approved,) = desk.ask("approve_record", "TS-1")
    assert isinstance(approved, Session.RecordApproved)
    assert approved.interventions == 1
    (corrected,) = desk.ask(
        "correct_record", "TS-1", intervention=spoken.intervention, text="Trainers and funds.", reason="Left out."
    )
    assert isinstance(corrected, Session.RecordCorrected)
    assert corrected.text is not None
    assert corrected.text.key == desk.subject(GUEST_DETAILS)


def test_objectives_are_said_anew_for_the_regions_concerned(desk: Desk) -> None:
    desk.ask("set_objectives", "TS-1", objectives=["Assess challenges"], regions=["WEST-AFRICA", "WEST-AFRICA"])
    assert desk.session("TS-1").regions == ("WEST-AFRICA",)
    with pytest.raises(InvalidInput):
        desk.ask("set_objectives", "TS-1", objectives=[])


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _field(scenario: Scenario[Session], name: str) -> object:
    (fact,) = scenario.new
    return getattr(fact, name)


def _first(scenario: Scenario[Session], fact: Said) -> Fact:
    return fact.stamped(scenario.id, len(scenario.history) + 1, Session.topic())
