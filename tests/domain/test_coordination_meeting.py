"""Meetings: what may be done in which state, what is refused with which numbers, and what is said once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest

from compact_domain.catalogue import BodyKind, Catalogue, EntryKind
from compact_domain.coordination_meeting import (
    AgreedAction,
    Capacity,
    ComparedMoments,
    CoordinationMeeting,
    CoordinationMeetings,
    Disposition,
    HostedTurn,
    MeetingDecision,
    MeetingKind,
    MeetingState,
    MeetingTime,
)
from compact_domain.focal_point import FocalPoints, OpenItem, open_items
from compact_domain.kernel import (
    ALARMS,
    Command,
    Fact,
    Forbidden,
    InvalidInput,
    NotFound,
    PersonDetails,
    Role,
    RuleViolation,
    end_of_day,
)
from compact_domain.rotation import Member, Rotation
from compact_domain.vocabulary import Method, Names
from tests.domain.chamber import CHAIR, HOST, ZONE, Chamber, at
from tests.domain.desk import Desk
from tests.domain.scenario import NOW, Said, Scenario, actor, command, person, said, sealed

F = TypeVar("F", bound=Fact)
TIME = MeetingTime(
    starts_at=datetime(2025, 6, 10, 14, tzinfo=UTC), ends_at=datetime(2025, 6, 10, 16, tzinfo=UTC), zone=ZONE
)
LATER = MeetingTime(
    starts_at=datetime(2025, 6, 17, 14, tzinfo=UTC), ends_at=datetime(2025, 6, 17, 16, tzinfo=UTC), zone=ZONE
)
DUE = date(2025, 6, 30)
AGREED = AgreedAction(meeting="CC-1", code="AP-1", organization="ECOWAS", region="WEST-AFRICA", due_on=DUE, zone=ZONE)
HELD = HostedTurn(rotation="ROT-FORUM", turn=1)
WHERE: dict[str, Any] = {"code": "CC-1", "body": "CC"}

CONVENED = said(CoordinationMeeting.Created, **WHERE, kind=MeetingKind.COMMITTEE_MEETING, title="Committee", time=TIME)
STARTED = said(CoordinationMeeting.Started, **WHERE, time=TIME)
ACTION = said(CoordinationMeeting.ActionAgreed, action=AGREED, text="Draft a guide.")
CONCLUDED = said(CoordinationMeeting.Concluded)
FINAL = said(CoordinationMeeting.MinutesFinalized, version=1)
CANCELLED = said(CoordinationMeeting.Cancelled, **WHERE, time=TIME)
REACHES: dict[MeetingState, tuple[Said, ...]] = {
    MeetingState.CONVENED: (CONVENED,),
    MeetingState.IN_SESSION: (CONVENED, STARTED, ACTION),
    MeetingState.CONCLUDED: (CONVENED, STARTED, ACTION, CONCLUDED),
    MeetingState.MINUTES_FINAL: (CONVENED, STARTED, ACTION, CONCLUDED, FINAL),
    MeetingState.CANCELLED: (CONVENED, CANCELLED),
}
ENDS = {
    "start": MeetingState.IN_SESSION,
    "conclude": MeetingState.CONCLUDED,
    "finalize_minutes": MeetingState.MINUTES_FINAL,
    "cancel": MeetingState.CANCELLED,
}
DECISION = MeetingDecision(text="The next forum is in January.", method=Method.CONSENSUS, item=None)
NEW_ACTION = AgreedAction(meeting="CC-1", code="AP-2", organization="AU", due_on=DUE, zone=ZONE)
Ask = Callable[[CoordinationMeeting, Command], None]
VERBS: dict[str, Ask] = {
    "reschedule": lambda it, cmd: it.reschedule(time=LATER, place="Room 2", platform=None, cmd=cmd),
    "invite": lambda it, cmd: it.invite(organizations=["ECOWAS", "AU"], cmd=cmd),
    "start": lambda it, cmd: it.start(cmd=cmd),
    "record_attendance": lambda it, cmd: it.record_attendance(
        organization="ECOWAS", subject=person("amina"), capacity=Capacity.FOCAL_POINT, cmd=cmd
    ),
    "record_decision": lambda it, cmd: it.record_decision(number="D-1", decision=DECISION, cmd=cmd),
    "agree_action": lambda it, cmd: it.agree_action(agreed=NEW_ACTION, text="List contacts.", cmd=cmd),
    "complete_action": lambda it, cmd: it.complete_action(code="AP-1", evidence=[sealed("evidence")], cmd=cmd),
    "drop_action": lambda it, cmd: it.drop_action(code="AP-1", cmd=cmd),
    "remind": lambda it, cmd: it.remind(code="AP-1", cmd=cmd),
    "conclude": lambda it, cmd: it.conclude(cmd=cmd),
    "finalize_minutes": lambda it, cmd: it.finalize_minutes(undisposed=[], withheld=False, notes=None, cmd=cmd),
    "cancel": lambda it, cmd: it.cancel(cmd=cmd),
}
OF_ITEMS = {"add_item", "dispose_item"}
"""Verbs that state nothing of the meeting itself, but ask it whether they may."""
AGAIN: dict[str, Ask] = {
    "correct_minutes": lambda it, cmd: it.correct_minutes(notes=sealed("notes"), cmd=cmd),
}
"""Verbs that state something each time: sealed texts cannot be compared."""
OF_ACTIONS = {"complete_action", "drop_action", "remind"}


def meeting(*facts: Said) -> Scenario[CoordinationMeeting]:
    return Scenario(CoordinationMeeting, id=CoordinationMeeting.identify("CC-1")).given(*facts)


def test_every_verb_has_its_states() -> None:
    assert CoordinationMeeting.MAY_START_FROM.keys() == {*VERBS, *AGAIN, *OF_ITEMS, "disclose_item"}


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb in (*VERBS, *AGAIN, *OF_ITEMS)
        for state in MeetingState
        if state not in CoordinationMeeting.MAY_START_FROM[verb] and ENDS.get(verb) is not state
    ],
)
def test_a_verb_is_refused_in_other_states(verb: str, state: MeetingState) -> None:
    facts = REACHES[state]
    if verb in OF_ACTIONS:  # there would be nothing to ask for; it is the guard that is looked at
        assert verb not in meeting(*facts).aggregate().allowed(NOW)
        return
    ask: Ask = {**VERBS, **AGAIN}.get(verb, lambda it, cmd: it.require(verb, cmd))
    scenario = meeting(*facts).when(lambda it: ask(it, command())).refused("state")
    assert scenario.refusal is not None
    assert scenario.refusal.state == state
    assert verb not in scenario.refusal.allowed


@pytest.mark.parametrize(
    ("verb", "state"), [(verb, state) for verb in VERBS for state in CoordinationMeeting.MAY_START_FROM[verb]]
)
def test_a_verb_states_one_fact_and_twice_is_once(verb: str, state: str) -> None:
    scenario = meeting(*REACHES[MeetingState(state)]).when(lambda it: VERBS[verb](it, command()))
    assert scenario.refusal is None
    assert len(scenario.new) == 1
    again = meeting()
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda it: VERBS[verb](it, command(key="2"))).nothing()


def test_only_who_is_not_invited_yet_is_invited() -> None:
    scenario = meeting(CONVENED).when(lambda it: it.invite(organizations=["ECOWAS"], cmd=command()))
    scenario.when(lambda it: it.invite(organizations=["UNODC", "ECOWAS", "AU"], cmd=command()))
    assert scenario.aggregate().invited == ("ECOWAS", "AU", "UNODC")


def test_the_number_of_a_decision_is_given_once_in_a_meeting() -> None:
    other = MeetingDecision(text="It is in February.", method=Method.VOTE, item=None)
    again = meeting(
        CONVENED,
        STARTED,
        said(CoordinationMeeting.DecisionRecorded, number="D-1", text=DECISION.text, method=DECISION.method),
    )
    again.when(lambda it: it.record_decision(number="D-1", decision=other, cmd=command())).refused(
        "coordination_meeting.decision", number="D-1"
    )


def test_the_code_of_an_action_point_is_given_once_in_a_meeting() -> None:
    another = AgreedAction(meeting="CC-1", code="AP-1", organization="AU", due_on=DUE, zone=ZONE)
    meeting(*REACHES[MeetingState.IN_SESSION]).when(
        lambda it: it.agree_action(agreed=another, text="List contacts.", cmd=command())
    ).refused("coordination_meeting.action", code="AP-1")


@pytest.mark.parametrize("due_on", [date(2025, 5, 31), date(2035, 6, 3), date.max])
def test_an_action_is_due_no_earlier_than_it_is_agreed_on_and_within_ten_years(due_on: date) -> None:
    agreed = AgreedAction(meeting="CC-1", code="AP-2", organization="AU", due_on=due_on, zone=ZONE)
    meeting(CONVENED, STARTED).when(
        lambda it: it.agree_action(agreed=agreed, text="List contacts.", cmd=command())
    ).refused("coordination_meeting.due_date", earliest="2025-06-01", latest="2035-06-02")


@pytest.mark.parametrize("verb", ["complete_action", "drop_action"])
def test_an_action_point_is_settled_once(verb: str) -> None:
    settled = said(
        CoordinationMeeting.ActionCompleted, action=AGREED, evidence=(sealed("evidence"), sealed("evidence"))
    )
    if verb == "complete_action":
        settled = said(CoordinationMeeting.ActionDropped, action=AGREED)
    scenario = meeting(*REACHES[MeetingState.CONCLUDED], settled).when(lambda it: VERBS[verb](it, command()))
    scenario.refused("coordination_meeting.action_open", code="AP-1")


def test_an_action_point_that_was_never_agreed_is_not_found() -> None:
    it = meeting(CONVENED, STARTED).aggregate()
    for verb in OF_ACTIONS:
        with pytest.raises(NotFound, match="AP-1"):
            VERBS[verb](it, command())


def test_minutes_are_not_final_while_an_item_is_undisposed() -> None:
    meeting(*REACHES[MeetingState.CONCLUDED]).when(
        lambda it: it.finalize_minutes(undisposed=["COSTS", "REC-1"], withheld=False, notes=None, cmd=command())
    ).refused("coordination_meeting.undisposed", undisposed=2, items="COSTS REC-1")


def test_each_correction_of_the_minutes_is_a_version() -> None:
    scenario = meeting(*REACHES[MeetingState.MINUTES_FINAL])
    for version in (2, 3):
        scenario.when(lambda it: it.correct_minutes(notes=sealed("notes"), cmd=command()))
        assert scenario.aggregate().minutes_version == version


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        (TIME.ends_at, TIME.starts_at),
        (TIME.starts_at, TIME.starts_at),
        (TIME.starts_at, TIME.starts_at + timedelta(days=14, minutes=1)),
        (TIME.starts_at.replace(year=1), TIME.ends_at.replace(year=1)),
        (TIME.starts_at.replace(year=9999), TIME.ends_at.replace(year=9999)),
    ],
)
def test_a_meeting_ends_after_it_starts_and_lies_in_our_time(starts_at: datetime, ends_at: datetime) -> None:
    with pytest.raises(RuleViolation, match=r"coordination_meeting\.times"):
        MeetingTime.at(starts_at=starts_at, ends_at=ends_at, zone=ZONE, now=NOW)


def test_a_meeting_is_told_in_a_zone_and_at_instants() -> None:
    with pytest.raises(InvalidInput) as refused:
        MeetingTime.at(
            starts_at=TIME.starts_at.replace(tzinfo=None), ends_at=TIME.ends_at, zone="Mars/Olympus_Mons", now=NOW
        )
    assert [field for field, _ in refused.value.fields] == ["startsAt", "zone"]
    late = datetime(2025, 6, 11, 2, tzinfo=UTC)
    assert MeetingTime(starts_at=late, ends_at=late, zone=ZONE).day == date(2025, 6, 10)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [(NOW, NOW), (NOW, NOW - timedelta(days=1)), (NOW - timedelta(days=1), NOW + timedelta(seconds=1))],
)
def test_a_review_compares_two_moments_of_the_past_in_order(earlier: datetime, later: datetime) -> None:
    with pytest.raises(RuleViolation, match=r"coordination_meeting\.moments"):
        ComparedMoments.of(earlier, later, now=NOW)
    assert ComparedMoments.of(NOW - timedelta(days=1), NOW, now=NOW).later == NOW


def test_who_is_concerned_by_what() -> None:
    it = meeting(
        said(
            CoordinationMeeting.Created,
            code="CC-1",
            body="ROT-FORUM",
            kind=MeetingKind.COORDINATION_MEETING,
            title="Forum",
            time=TIME,
            host="ECOWAS",
            hosted=HELD,
        ),
        STARTED,
        said(CoordinationMeeting.ActionAgreed, action=NEW_ACTION, text="List contacts."),
    ).aggregate()
    assert it.concerns_of("add_item", HOST).organizations == {"ECOWAS"}
    assert it.concerns_of("cancel", HOST).organizations == set()
    assert it.concerns_of("complete_action", HOST).organizations == {"AU"}
    assert it.concerns_of("cancel", HOST).bodies == set(), "a rotation has no chair's powers over its meetings"


# commands, with everything they touch


@pytest.fixture
def chamber() -> Chamber:
    return Chamber()


def refused(rule: str, ask: Callable[[], object]) -> dict[str, str | int]:
    """The numbers of a refusal by a rule."""
    with pytest.raises(RuleViolation) as refusal:
        ask()
    assert refusal.value.rule == rule
    return refusal.value.details


def last(chamber: Chamber, kind: type[F]) -> F:
    return [fact for fact in chamber.facts if isinstance(fact, kind)][-1]


def fields_of(ask: Callable[[], object]) -> list[str]:
    with pytest.raises(InvalidInput) as refusal:
        ask()
    return [field for field, _ in refusal.value.fields]


def test_the_same_meeting_is_convened_once_and_another_under_its_code_is_refused(chamber: Chamber) -> None:
    assert len(chamber.convene("CC-1", "07-10")) == 1
    assert chamber.convene("CC-1", "07-10") == []
    refused("code.taken", lambda: chamber.convene("CC-1", "07-11"))


def test_a_kind_of_meeting_is_held_by_its_kind_of_body(chamber: Chamber) -> None:
    told = refused(
        "coordination_meeting.body",
        lambda: chamber.convene("CC-1", "07-10", body="NRCTS", kind=MeetingKind.COMMITTEE_MEETING),
    )
    assert told == {"kind": "committee_meeting", "body": "NRCTS", "body_kind": "working_group"}
    for kind in (MeetingKind.CONSULTATION, MeetingKind.SIDE_EVENT):
        chamber.convene(f"M-{kind.name[:4]}", "07-10", body="NRCTS", kind=kind)
    with pytest.raises(NotFound, match="NONE"):
        chamber.convene("CC-2", "07-10", body="NONE", kind=MeetingKind.CONSULTATION)
    with pytest.raises(NotFound, match="NOBODY"):
        chamber.convene("CC-2", "07-10", host="NOBODY")


def test_what_belongs_to_another_kind_of_meeting_is_not_said(chamber: Chamber) -> None:
    moment = at("06-01")
    assert fields_of(lambda: chamber.convene("CC-1", "07-10", turn=1, compares_to=moment)) == ["turn", "comparesTo"]
    kind = MeetingKind.COORDINATION_MEETING
    assert fields_of(lambda: chamber.convene("CC-1", "07-10", kind=kind)) == ["rotation", "turn", "host"]
    assert fields_of(lambda: chamber.convene("CC-1", "07-10", kind=kind, rotation="R1", turn=1, host="AU")) == ["body"]
    assert fields_of(lambda: chamber.convene("CC-1", "07-10", body=None, kind=MeetingKind.SIDE_EVENT)) == ["body"]
    assert fields_of(lambda: chamber.convene("CC-1", "07-10", kind=MeetingKind.STRATEGIC_REVIEW)) == [
        "comparesFrom",
        "comparesTo",
    ]


def test_the_same_two_moments_are_reviewed_once_unless_the_review_is_cancelled(chamber: Chamber) -> None:
    compared: dict[str, Any] = {
        "kind": MeetingKind.STRATEGIC_REVIEW,
        "compares_from": at("01-01"),
        "compares_to": at("06-01"),
    }
    chamber.convene("REVIEW-1", "07-10", **compared)

    def again() -> list[Fact]:
        return chamber.convene("REVIEW-2", "07-11", **compared)

    assert refused("coordination_meeting.reviewed", again) == {"meeting": "REVIEW-1"}
    chamber.convene("REVIEW-3", "07-10", **{**compared, "compares_to": at("06-02")})
    chamber.cancel("REVIEW-1")
    assert again()
    future = {**compared, "compares_to": chamber.now + timedelta(seconds=1)}
    refused("coordination_meeting.moments", lambda: chamber.convene("REVIEW-4", "07-10", **future))


def test_a_chair_convenes_and_leads_sessions_of_the_own_working_group_alone(chamber: Chamber) -> None:
    chamber.convene("WG-1", "07-10", body="NRCTS", by=CHAIR)
    for verb in ("start", "conclude"):
        chamber.give(verb, "WG-1", by=CHAIR)
    for code, other in (("WG-2", {"body": "RMME"}), ("WG-3", {"body": "NRCTS", "kind": MeetingKind.CONSULTATION})):
        with pytest.raises(Forbidden):
            chamber.convene(code, "07-10", by=CHAIR, **other)
    chamber.convene("CC-1", "07-10")
    with pytest.raises(Forbidden):
        chamber.give("start", "CC-1", by=CHAIR)


@pytest.fixture
def forum(chamber: Chamber) -> Chamber:
    """A rotation whose first turn ECOWAS has accepted."""
    chamber.rotation(
        "establish",
        code="ROT-FORUM",
        names=Names(en="Forum"),
        members=[
            Member(organization="ECOWAS", region="WEST-AFRICA"),
            Member(organization="AU", region="EAST-AFRICA"),
        ],
        rule="FREQ=MONTHLY",
        first_at=at("10-29"),
        zone="Africa/Lagos",
    )
    chamber.rotation("accept", "ROT-FORUM", turn=1, organization="ECOWAS")
    return chamber


FORUM: dict[str, Any] = {
    "kind": MeetingKind.COORDINATION_MEETING,
    "rotation": "ROT-FORUM",
    "turn": 1,
    "host": "ECOWAS",
    "body": None,
}


def test_a_rotations_meeting_is_convened_for_a_turn_that_its_host_has_accepted(forum: Chamber) -> None:
    def convene(code: str, **other: Any) -> Callable[[], list[Fact]]:
        return lambda: forum.convene(code, "10-29", **{**FORUM, **other})

    assert refused("coordination_meeting.turn", convene("F-1", host="AU")) == {"turn": 1, "host": "ECOWAS"}
    assert refused("coordination_meeting.turn", convene("F-1", turn=2)) == {"turn": 2, "host": ""}
    with pytest.raises(NotFound, match="ROT-NONE"):
        convene("F-1", rotation="ROT-NONE")()
    convene("F-1")()
    assert refused("coordination_meeting.turn_taken", convene("F-2")) == {"turn": 1, "meeting": "F-1"}
    assert forum.meeting("F-1").body == "ROT-FORUM"


@pytest.mark.parametrize("end", ["conclude", "cancel"])
def test_a_meeting_that_ends_settles_its_turn_and_the_next_is_offered(forum: Chamber, end: str) -> None:
    forum.convene("F-1", "10-29", **FORUM)
    if end == "conclude":
        forum.hold("F-1", "conclude")
    else:
        forum.cancel("F-1")
    settled = last(forum, Rotation.Held if end == "conclude" else Rotation.Returned)
    assert settled.provenance.causation_id is not None
    assert last(forum, Rotation.Offered).offer.turn == 2
    before = len(forum.facts)
    forum.followed = 0
    assert forum.follow() == []
    assert len(forum.facts) == before


def test_the_hosts_focal_point_prepares_and_records_but_neither_calls_off_nor_closes(forum: Chamber) -> None:
    forum.convene("F-1", "10-29", **FORUM)
    forum.give("add_item", "F-1", code="HOSTS", title="Hosts", by=HOST)
    forum.give("start", "F-1", by=HOST)
    forum.give("record_decision", "F-1", number="D-1", text="Agreed.", method=Method.CONSENSUS, by=HOST)
    forum.give("dispose_item", "F-1", item="HOSTS", disposition=Disposition.DECIDED, by=HOST)
    forum.give("conclude", "F-1", by=HOST)
    for verb in ("cancel", "finalize_minutes"):
        with pytest.raises(Forbidden):
            forum.give(verb, "F-1", by=HOST)
    with pytest.raises(Forbidden):
        forum.give("invite", "F-1", organizations=["AU"], by=HOST)
    forum.convene("CC-1", "07-10", host="ECOWAS")
    with pytest.raises(Forbidden):
        forum.give("add_item", "CC-1", code="HOSTS", title="Hosts", by=HOST)


# what comes on the agenda, and off it


@pytest.fixture
def sitting(chamber: Chamber) -> Chamber:
    """A committee meeting in session, with one item of its own and one about a recommendation before the body."""
    chamber.recommend("REC-1")
    chamber.convene("CC-1", "07-10")
    chamber.give("add_item", "CC-1", code="COSTS", title="Costs")
    chamber.give("add_item", "CC-1", recommendation="REC-1")
    chamber.now = at("07-10", 15)
    chamber.hold("CC-1")
    return chamber


def test_a_matter_stands_once_on_an_agenda(sitting: Chamber) -> None:
    assert sitting.agenda("CC-1") == ["COSTS", "REC-1"]
    assert sitting.item("CC-1", "REC-1").title == "About REC-1"
    assert sitting.give("add_item", "CC-1", code="COSTS", title="Costs") == []
    assert sitting.give("add_item", "CC-1", recommendation="REC-1") == []
    refused("code.taken", lambda: sitting.give("add_item", "CC-1", code="COSTS", title="Other costs"))
    refused("code.taken", lambda: sitting.give("add_item", "CC-1", code="REC-1", title="About REC-1"))


def test_an_item_is_a_recommendation_or_has_a_code_and_a_title(sitting: Chamber) -> None:
    assert fields_of(lambda: sitting.give("add_item", "CC-1")) == ["code"]
    assert fields_of(lambda: sitting.give("add_item", "CC-1", code="X-1", recommendation="REC-1")) == ["code"]
    assert fields_of(lambda: sitting.give("add_item", "CC-1", code="X-1")) == ["title"]
    with pytest.raises(NotFound, match="REC-9"):
        sitting.give("add_item", "CC-1", recommendation="REC-9")


def test_what_is_said_of_an_item_needs_its_reason_and_its_target(sitting: Chamber) -> None:
    def dispose(disposition: Disposition, **fields: Any) -> Callable[[], list[Fact]]:
        return lambda: sitting.give("dispose_item", "CC-1", item="COSTS", disposition=disposition, **fields)

    refused("reason.required", dispose(Disposition.DROPPED, reason=None))
    refused("reason.required", dispose(Disposition.REFERRED, to_body="RMME", reason=None))
    assert fields_of(dispose(Disposition.DEFERRED)) == ["toMeeting"]
    assert fields_of(dispose(Disposition.DEFERRED, to_meeting="CC-2", to_date=date(2025, 8, 1))) == ["toMeeting"]
    assert fields_of(dispose(Disposition.DECIDED, to_meeting="CC-2", to_body="RMME")) == ["toMeeting", "toBody"]
    assert fields_of(dispose(Disposition.REFERRED)) == ["toBody"]
    with pytest.raises(NotFound, match="Body"):
        dispose(Disposition.REFERRED, to_body="NONE")()
    refused("agenda.referral", dispose(Disposition.REFERRED, to_body="CC"))
    with pytest.raises(NotFound, match="AgendaItem"):
        sitting.give("dispose_item", "CC-1", item="NONE", disposition=Disposition.DECIDED)
    assert dispose(Disposition.DECIDED, reason=None)()
    assert dispose(Disposition.DECIDED, reason=None)() == []
    refused("state", dispose(Disposition.DROPPED))


def test_an_item_is_put_off_to_what_is_still_ahead_of_the_body(sitting: Chamber) -> None:
    sitting.convene("CC-0", "07-02")
    sitting.hold("CC-0", "conclude")
    sitting.convene("WG-1", "08-02", body="NRCTS")

    def put_off(**target: Any) -> Callable[[], list[Fact]]:
        return lambda: sitting.dispose("CC-1", "COSTS", Disposition.DEFERRED, **target)

    for target in (
        {"to_meeting": "CC-0"},
        {"to_meeting": "CC-1"},
        {"to_meeting": "WG-1"},
        {"to_date": date(2025, 7, 10)},
    ):
        told = refused("coordination_meeting.deferral", put_off(**target))
        assert told == {"body": "CC", "day": "2025-07-10"}
    assert put_off(to_date=date(2025, 7, 11))()


def test_before_a_meeting_sits_items_are_only_dropped(chamber: Chamber) -> None:
    chamber.convene("CC-1", "07-10")
    for code in ("COSTS", "HOSTS"):
        chamber.give("add_item", "CC-1", code=code, title=code)
    refused(
        "coordination_meeting.before_session",
        lambda: chamber.dispose("CC-1", "COSTS", Disposition.DEFERRED, to_meeting="CC-2"),
    )
    chamber.dispose("CC-1", "COSTS", Disposition.DROPPED)
    assert chamber.agenda("CC-1") == ["HOSTS"]


def test_what_a_body_decides_about_a_recommendation_is_stated_there_and_not_here(sitting: Chamber) -> None:
    def dispose(disposition: Disposition, **fields: Any) -> list[Fact]:
        return sitting.dispose("CC-1", "REC-1", disposition, **fields)

    for ask in (
        lambda: dispose(Disposition.DECIDED),
        lambda: dispose(Disposition.DEFERRED, to_meeting="CC-2"),
        lambda: sitting.give(
            "record_decision", "CC-1", number="D-1", text="Adopted.", method=Method.CONSENSUS, item="REC-1"
        ),
    ):
        told = refused("coordination_meeting.recommendation", ask)
        assert told == {"recommendation": "REC-1", "is_now": "under_review"}
    sitting.decide("withdraw", "REC-1")
    assert dispose(Disposition.DECIDED), "there is nothing left for the body to say"


def test_minutes_wait_for_the_last_item(sitting: Chamber) -> None:
    sitting.give("conclude", "CC-1")
    told = refused("coordination_meeting.undisposed", lambda: sitting.give("finalize_minutes", "CC-1"))
    assert told == {"undisposed": 2, "items": "COSTS REC-1"}
    sitting.dispose("CC-1", "COSTS", Disposition.DROPPED)
    sitting.adopt("REC-1", "D-1", announced=True)
    (final,) = sitting.give("finalize_minutes", "CC-1", notes="As circulated.")
    assert isinstance(final, CoordinationMeeting.MinutesFinalized)
    assert (final.version, final.withheld, final.notes is None) == (1, False, False)


# action points


def agree(chamber: Chamber, **other: Any) -> list[Fact]:
    agreed: dict[str, Any] = {
        "code": "AP-1",
        "text": "Draft a guide.",
        "organization": "ECOWAS",
        "region": "WEST-AFRICA",
        "due_on": date(2025, 11, 30),
        **other,
    }
    return chamber.give("agree_action", "CC-1", **agreed)


def test_an_action_point_names_who_is_there(sitting: Chamber) -> None:
    with pytest.raises(NotFound, match="NOBODY"):
        agree(sitting, organization="NOBODY")
    with pytest.raises(NotFound, match="ATLANTIS"):
        agree(sitting, region="ATLANTIS")
    assert agree(sitting)
    assert agree(sitting) == []


def test_only_the_organization_itself_or_who_leads_completes_an_action_point(sitting: Chamber) -> None:
    agree(sitting)
    with pytest.raises(Forbidden):
        sitting.give(
            "complete_action",
            "CC-1",
            code="AP-1",
            evidence=["The guide"],
            by=actor(Role.ENTITY_REPRESENTATIVE, organization="AU"),
        )
    assert fields_of(lambda: sitting.give("complete_action", "CC-1", code="AP-1", evidence=[])) == ["evidence"]
    (completed,) = sitting.give("complete_action", "CC-1", code="AP-1", evidence=["The guide"], by=HOST)
    assert isinstance(completed, CoordinationMeeting.ActionCompleted)
    assert completed.evidence[0].key == sitting.meeting("CC-1").id


def test_a_hand_over_lists_the_action_points_of_the_region(sitting: Chamber) -> None:
    agree(sitting)
    agree(sitting, code="AP-2", region=None)
    agree(sitting, code="AP-3", organization="AU")
    listed = list(open_items(sitting, "ECOWAS", "WEST-AFRICA"))
    assert listed == [OpenItem(kind="coordination_meeting", reference="CC-1", item="AP-1")]
    sitting.give("drop_action", "CC-1", code="AP-1")
    assert list(open_items(sitting, "ECOWAS", "WEST-AFRICA")) == []


def test_an_action_point_falls_due_once_however_late_the_process_wakes(sitting: Chamber) -> None:
    agree(sitting)
    due = end_of_day(date(2025, 11, 30), ZONE)
    sitting.now = due - timedelta(seconds=1)
    assert sitting.wake() == []
    sitting.now = due + timedelta(days=20)
    (fell_due,) = sitting.wake()
    assert isinstance(fell_due, CoordinationMeeting.ActionFellDue)
    assert (fell_due.action.code, fell_due.provenance.effective_on) == ("AP-1", date(2025, 12, 1))
    assert fell_due.timestamp == sitting.now
    assert sitting.wake() == []
    assert sitting.claims(ALARMS) == []
    assert sitting.give("remind", "CC-1/AP-1", by=actor(Role.PROCESS)) == []
    sitting.give("complete_action", "CC-1", code="AP-1", evidence=["The guide"])


@pytest.mark.parametrize("settles", ["complete_action", "drop_action"])
def test_what_is_settled_in_time_never_falls_due(sitting: Chamber, settles: str) -> None:
    agree(sitting)
    more: dict[str, Any] = {"evidence": ["The guide"]} if settles == "complete_action" else {}
    sitting.give(settles, "CC-1", code="AP-1", **more)
    sitting.now = at("2026-01-15")
    assert sitting.wake() == []
    assert sitting.give("remind", "CC-1/AP-1", by=actor(Role.PROCESS)) == []


# attendance


def test_people_attend_as_focal_points_alternates_or_delegates(sitting: Chamber) -> None:
    amina = PersonDetails(name="Amina", email="amina@ecowas.example")
    kofi = PersonDetails(name="Kofi", email="kofi@ecowas.example")
    (nominated,) = sitting.run(
        "focal_point.nominate",
        lambda work: FocalPoints(work).nominate(
            "ECOWAS",
            person=amina,
            regions=["WEST-AFRICA"],
            nomination_letter="ECW/1",
            starts_on=date(2025, 7, 1),
            ends_on=date(2025, 12, 31),
        ),
    )
    point = nominated.originator_id
    sitting.run("focal_point.confirm", lambda work: FocalPoints(work).confirm(point))
    sitting.run(
        "focal_point.designate_alternate", lambda work: FocalPoints(work).designate_alternate(point, person=kofi)
    )
    subjects = {name: sitting.people[f"{name}@ecowas.example"] for name in ("amina", "kofi")}
    stated = [
        *sitting.give("record_attendance", "CC-1", organization="ECOWAS", person=subjects["amina"]),
        *sitting.give("record_attendance", "CC-1", organization="ECOWAS", person=kofi),
        *sitting.give("record_attendance", "CC-1", organization="ECOWAS", person=person("somebody")),
        *sitting.give("record_attendance", "CC-1", organization="AU", person=subjects["amina"]),
    ]
    told = [
        (fact.organization, fact.capacity, fact.details_hash is not None)
        for fact in stated
        if isinstance(fact, CoordinationMeeting.AttendanceRecorded)
    ]
    assert told == [
        ("ECOWAS", Capacity.FOCAL_POINT, False),
        ("ECOWAS", Capacity.ALTERNATE, True),
        ("ECOWAS", Capacity.DELEGATE, False),
        ("AU", Capacity.DELEGATE, False),
    ]
    assert sitting.give("record_attendance", "CC-1", organization="ECOWAS", person=kofi) == []


def test_an_attendance_names_a_person_or_a_registration(sitting: Chamber) -> None:
    def attend(**who: Any) -> Callable[[], list[Fact]]:
        return lambda: sitting.give("record_attendance", "CC-1", organization="AU", **who)

    assert fields_of(attend()) == ["person"]
    assert fields_of(attend(person=person("a"), registration=UUID(int=1))) == ["person"]
    with pytest.raises(NotFound, match="Registration"):
        sitting.give("record_attendance", "CC-1", organization="AU", registration=UUID(int=1))
    with pytest.raises(NotFound, match="NOBODY"):
        sitting.give("record_attendance", "CC-1", organization="NOBODY", person=person("a"))


# what a host has called


def test_while_a_meeting_is_convened_for_a_turn_its_host_stays(forum: Chamber) -> None:
    forum.rotation("propose_swap", "ROT-FORUM", organization="AU", turn=2, for_turn=1)
    forum.rotation("join", "ROT-FORUM", organization="UNODC", region="WEST-AFRICA")
    forum.convene("F-1", "10-29", **FORUM)

    def ask(verb: str, **fields: Any) -> Callable[[], list[Fact]]:
        return lambda: forum.rotation(verb, "ROT-FORUM", **fields)

    assert refused("rotation.convened", ask("consent_swap", swap=1)) == {"turn": 1}
    swap = ask("propose_swap", organization="UNODC", turn=4, for_turn=1)
    assert refused("rotation.convened", swap) == {"turn": 1}
    assert refused("rotation.convened", ask("leave", organization="ECOWAS")) == {"turn": 1}
    assert forum.meeting("F-1").host == "ECOWAS"
    ask("leave", organization="UNODC")()


@pytest.mark.parametrize("end", ["conclude", "cancel"])
def test_a_host_leaves_once_its_meeting_is_over_or_called_off(forum: Chamber, end: str) -> None:
    forum.rotation("join", "ROT-FORUM", organization="UNODC", region="WEST-AFRICA")
    forum.convene("F-1", "10-29", **FORUM)
    if end == "conclude":
        forum.hold("F-1", "conclude")
    else:
        forum.cancel("F-1")
    forum.rotation("leave", "ROT-FORUM", organization="ECOWAS")
    assert last(forum, Rotation.Offered).offer.organization == "AU"


def test_a_turn_of_the_secretariat_is_not_offered_again_once_its_meeting_is_convened(forum: Chamber) -> None:
    forum.convene("F-1", "10-29", **FORUM)
    forum.cancel("F-1")
    for organization in ("ECOWAS", "AU"):
        forum.rotation("decline", "ROT-FORUM", turn=2, organization=organization)
    forum.convene("F-2", "11-29", **{**FORUM, "turn": 2, "host": "UNOCT"})
    forum.rotation("join", "ROT-FORUM", organization="UNODC", region="WEST-AFRICA")
    assert refused("rotation.convened", lambda: forum.rotation("offer", "ROT-FORUM", turn=2)) == {"turn": 2}


def test_who_is_named_by_a_registration_attends_for_the_organization_registered_for() -> None:
    desk = Desk()
    ann = desk.nominate("ann", "UNODC")
    desk.run(
        "catalogue.add_entry",
        lambda work: Catalogue(work).add_entry(
            kind=EntryKind.BODY, code="CC", names=Names(en="CC"), body_kind=BodyKind.COORDINATION_COMMITTEE
        ),
    )

    def ask(verb: str, *subject: str, **fields: Any) -> list[Fact]:
        return desk.run(
            f"coordination_meeting.{verb}", lambda work: getattr(CoordinationMeetings(work), verb)(*subject, **fields)
        )

    starts_at = desk.now + timedelta(days=1)
    times: dict[str, Any] = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=2), "zone": ZONE}
    ask("convene", code="CC-1", kind=MeetingKind.COMMITTEE_MEETING, title="Committee", body="CC", **times)
    ask("start", "CC-1")
    told = refused(
        "coordination_meeting.attendee",
        lambda: ask("record_attendance", "CC-1", organization="CTED", registration=ann),
    )
    assert told == {"organization": "CTED"}
    (attended,) = ask("record_attendance", "CC-1", organization="UNODC", registration=ann)
    assert isinstance(attended, CoordinationMeeting.AttendanceRecorded)
    assert (attended.subject, attended.registration) == (desk.registration(ann).subject, ann)
