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


def speak(it: Session, cmd: Command, *, intervention: UUID = UUID(int=8), attributed: bool | None = None) -> None:
    it.record_intervention(
        intervention=intervention,
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
    scenario.when(VERBS_WITH["correct_record"]).when(
        lambda it: it.correct_record(intervention=INTERVENTION, text=None, attributed=False, cmd=command())
    )
    scenario.then(
        said(Session.RecordCorrected, number=1, intervention=INTERVENTION, text=sealed("text")),
        said(Session.RecordCorrected, number=2, intervention=INTERVENTION, attributed=False),
    )


VERBS_WITH: dict[str, Callable[[Session], None]] = {
    "correct_record": lambda it: VERBS["correct_record"](it, command()),
}


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


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _field(scenario: Scenario[Session], name: str) -> object:
    (fact,) = scenario.new
    return getattr(fact, name)


def _first(scenario: Scenario[Session], fact: Said) -> Fact:
    return fact.stamped(scenario.id, len(scenario.history) + 1, Session.topic())
