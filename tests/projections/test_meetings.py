"""Meetings as the facts make them: agendas, what is withheld, what was agreed and when it is late."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from compact_domain.agenda import AgendaItem, AgendaPlace, ItemOrigin, ItemState
from compact_domain.coordination_meeting import (
    ActionState,
    AgreedAction,
    Capacity,
    ComparedMoments,
    CoordinationMeeting,
    HostedTurn,
    MeetingKind,
    MeetingState,
    MeetingTime,
)
from compact_domain.kernel import end_of_day
from compact_domain.vocabulary import Method
from compact_projections.asking import Moment
from compact_projections.meetings import (
    ActionPoints,
    Agenda,
    Attendances,
    MeetingDecisions,
    Meetings,
    Minutes,
    action_point_id,
)
from tests.domain.scenario import Said, person, said, sealed
from tests.projections.rows import Rows, shown

ZONE = "America/New_York"
TIME = MeetingTime(
    starts_at=datetime(2025, 6, 10, 14, tzinfo=UTC), ends_at=datetime(2025, 6, 10, 16, tzinfo=UTC), zone=ZONE
)
LATER = MeetingTime(
    starts_at=datetime(2025, 6, 17, 14, tzinfo=UTC), ends_at=datetime(2025, 6, 17, 16, tzinfo=UTC), zone="Africa/Lagos"
)
WHERE: dict[str, Any] = {"code": "F-1", "body": "ROT-FORUM"}
CONVENED = said(
    CoordinationMeeting.Created,
    **WHERE,
    kind=MeetingKind.COORDINATION_MEETING,
    title="Forum",
    time=TIME,
    host="ECOWAS",
    hosted=HostedTurn(rotation="ROT-FORUM", turn=1),
)
STARTED = said(CoordinationMeeting.Started, **WHERE, time=TIME)
CONCLUDED = said(CoordinationMeeting.Concluded)
ID = CoordinationMeeting.identify("F-1")
DUE = date(2025, 11, 30)
ACTION = AgreedAction(meeting="F-1", code="AP-1", organization="ECOWAS", region="WEST-AFRICA", due_on=DUE, zone=ZONE)
AGREED = said(CoordinationMeeting.ActionAgreed, action=ACTION, text="Draft a guide.")
FINAL = said(CoordinationMeeting.MinutesFinalized, version=1, notes=sealed("notes"))
CORRECTED = said(CoordinationMeeting.MinutesCorrected, version=2, notes=sealed("notes"))


def rows(*models: Any) -> Rows:
    return Rows(*models)


def forum(model: Any, *facts: Said) -> Rows:
    return rows(model).given(CoordinationMeeting, CONVENED, *facts, id=ID)


def test_a_meeting_goes_from_its_convening_to_its_corrected_minutes() -> None:
    moved = said(CoordinationMeeting.Rescheduled, **WHERE, time=LATER, before=TIME, place="Abuja", platform="WebEx")
    invited = said(CoordinationMeeting.Invited, organizations=("AU",))
    again = said(CoordinationMeeting.Invited, organizations=("UNODC",))
    told = forum(Meetings, invited, again, moved, STARTED, CONCLUDED, FINAL, CORRECTED)
    states = [told.one(Meetings, position).state for position in range(1, 9)]
    assert states == [
        *[MeetingState.CONVENED] * 4,
        MeetingState.IN_SESSION,
        MeetingState.CONCLUDED,
        *[MeetingState.MINUTES_FINAL] * 2,
    ]
    row = told.one(Meetings)
    assert shown(row, "version", "rotation", "turn", "host", "invited", "zone", "place", "minutes_version") == (
        8,
        "ROT-FORUM",
        1,
        "ECOWAS",
        ("AU", "UNODC"),
        "Africa/Lagos",
        "Abuja",
        2,
    )
    assert row.starts_at == LATER.starts_at


def test_a_review_tells_its_moments_and_a_cancelled_meeting_that_it_is() -> None:
    earlier, later = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)
    review = said(
        CoordinationMeeting.Created,
        code="F-1",
        body="CC",
        kind=MeetingKind.STRATEGIC_REVIEW,
        title="Review",
        time=TIME,
        compared=ComparedMoments(earlier=earlier, later=later),
    )
    cancelled = said(CoordinationMeeting.Cancelled, **WHERE, time=TIME)
    row = rows(Meetings).given(CoordinationMeeting, review, cancelled, id=ID).one(Meetings)
    assert shown(row, "compares_from", "compares_to", "state", "rotation") == (
        earlier,
        later,
        MeetingState.CANCELLED,
        None,
    )


def test_final_minutes_that_tell_what_is_not_announced_are_withheld_with_all_that_follows() -> None:
    secret = said(CoordinationMeeting.MinutesFinalized, version=1, withheld=True)
    told = forum(Meetings, STARTED, CONCLUDED, secret, CORRECTED)
    assert told.one(Meetings).is_withheld()
    told.given(CoordinationMeeting, said(CoordinationMeeting.MinutesDisclosed), id=ID)
    assert shown(told.one(Meetings), "withheld", "state", "minutes_version") == (False, MeetingState.MINUTES_FINAL, 2)


def test_every_version_of_the_minutes_is_kept() -> None:
    told = forum(Minutes, STARTED, CONCLUDED, FINAL, CORRECTED)
    assert [shown(row, "number", "version") for row in told.of(Minutes)] == [(1, 4), (2, 5)]


def test_decisions_and_attendance_are_entries_of_the_record() -> None:
    decided = said(
        CoordinationMeeting.DecisionRecorded, number="D-1", text="Agreed.", method=Method.CONSENSUS, item="X-1"
    )
    attended = said(
        CoordinationMeeting.AttendanceRecorded,
        organization="ECOWAS",
        subject=person("amina"),
        capacity=Capacity.ALTERNATE,
    )
    told = rows(MeetingDecisions, Attendances)
    told.given(CoordinationMeeting, CONVENED, STARTED, decided, attended, id=ID)
    assert shown(told.one(MeetingDecisions), "meeting", "number", "text", "item") == (ID, "D-1", "Agreed.", "X-1")
    assert shown(told.one(Attendances), "meeting", "organization", "subject", "capacity") == (
        ID,
        "ECOWAS",
        person("amina"),
        Capacity.ALTERNATE,
    )


@pytest.mark.parametrize(
    ("settles", "state"),
    [
        (
            said(CoordinationMeeting.ActionCompleted, action=ACTION, evidence=(sealed("evidence"),)),
            ActionState.COMPLETED,
        ),
        (said(CoordinationMeeting.ActionDropped, action=ACTION), ActionState.DROPPED),
    ],
)
def test_an_action_point_is_late_from_the_end_of_its_day_until_it_is_settled(settles: Said, state: ActionState) -> None:
    told = forum(ActionPoints, STARTED, AGREED)
    due = end_of_day(DUE, ZONE)

    def is_late(at: datetime) -> bool:
        late: bool = told.one(ActionPoints).is_overdue(Moment(position=1, now=at, live=False))
        return late

    assert [is_late(at) for at in (due, due.replace(second=1))] == [False, True]
    told.given(CoordinationMeeting, said(CoordinationMeeting.ActionFellDue, action=ACTION), settles, id=ID)
    row = told.one(ActionPoints)
    assert not is_late(due.replace(second=1))
    assert shown(row, "id", "state", "settled_on", "fell_due_on") == (
        action_point_id(ACTION),
        state,
        date(2025, 6, 1),
        date(2025, 6, 1),
    )


# agendas

PLACE = AgendaPlace(meeting="CC-2", body="CC", code="REC-1", recommendation="REC-1")
WHY = sealed("reason")
ORIGIN = ItemOrigin(meeting="CC-1", times_deferred=1, first_deferred_on=date(2025, 7, 29), reasons=(WHY,), number="D-0")
ADDED = said(AgendaItem.Created, place=PLACE, title="About REC-1")
CARRIED = said(AgendaItem.Created, place=PLACE, title="About REC-1", origin=ORIGIN, withheld=True)
DEFERRED = said(
    AgendaItem.Deferred, place=PLACE, to_date=date(2026, 1, 28), deferred_on=date(2025, 10, 14), number="D-1", why=WHY
)


def agenda(*facts: Said) -> Rows:
    return rows(Agenda).given(AgendaItem, *facts, id=PLACE.item)


def test_an_item_put_on_by_hand_says_for_whom_and_has_no_age() -> None:
    row = agenda(ADDED).one(Agenda)
    assert shown(row, "added_for", "carried_from", "times_deferred") == ("UNOCT", None, 0)
    assert row.age_on(date(2025, 10, 14)) is None


def test_an_item_that_was_put_off_counts_its_age_from_the_first_time() -> None:
    row = agenda(CARRIED).one(Agenda)
    assert shown(row, "added_for", "carried_from", "times_deferred", "reasons") == (None, "CC-1", 1, (WHY,))
    assert row.age_on(date(2025, 10, 14)) == 77
    again = agenda(CARRIED, DEFERRED).one(Agenda)
    assert shown(again, "state", "times_deferred", "first_deferred_on", "waits", "reasons") == (
        ItemState.DEFERRED,
        2,
        date(2025, 7, 29),
        True,
        (WHY, WHY),
    )
    assert again.age_on(date(2025, 12, 31)) == 155, "it goes on growing old while it waits"


@pytest.mark.parametrize(
    ("disposes", "state"),
    [
        (said(AgendaItem.Decided, place=PLACE, number="D-1"), ItemState.DECIDED),
        (said(AgendaItem.Referred, place=PLACE, to_body="RMME"), ItemState.REFERRED),
        (said(AgendaItem.Dropped, place=PLACE), ItemState.DROPPED),
    ],
)
def test_what_a_body_has_done_with_grows_no_older(disposes: Said, state: ItemState) -> None:
    origin = ItemOrigin(meeting="CC-1", times_deferred=1, first_deferred_on=date(2025, 5, 1))
    row = agenda(said(AgendaItem.Created, place=PLACE, title="x", origin=origin), disposes).one(Agenda)
    assert shown(row, "state", "disposed_on") == (state, date(2025, 6, 1))
    assert [row.age_on(day) for day in (date(2025, 5, 11), date(2025, 12, 31))] == [10, 31]


def test_an_item_is_withheld_from_its_secret_decision_to_the_announcement() -> None:
    decided = said(AgendaItem.Decided, place=PLACE, number="D-1", withheld=True)
    told = agenda(ADDED, decided, said(AgendaItem.Disclosed, place=PLACE))
    assert [told.one(Agenda, position).is_withheld() for position in (1, 2, 3)] == [False, True, False]


def test_where_an_item_went_on_to_is_seen() -> None:
    landed = said(AgendaItem.Landed, place=PLACE, to_date=date(2026, 1, 28), on_agenda_of="CC-3")
    lapsed = said(AgendaItem.Lapsed, place=PLACE, to_date=date(2026, 1, 28))
    assert shown(agenda(ADDED, DEFERRED, landed).one(Agenda), "waits", "landed_at") == (False, "CC-3")
    assert shown(agenda(ADDED, DEFERRED, lapsed).one(Agenda), "waits", "landed_at") == (False, None)
    passed_on = said(AgendaItem.PassedOn, place=PLACE, to_date=date(2025, 6, 10))
    assert shown(agenda(ADDED, passed_on).one(Agenda), "state", "to_date", "waits", "times_deferred") == (
        ItemState.PASSED_ON,
        date(2025, 6, 10),
        True,
        0,
    )


def test_a_matter_that_comes_back_is_open_again_with_its_history() -> None:
    back = said(AgendaItem.Carried, place=PLACE, before=None, origin=ORIGIN)
    row = agenda(ADDED, said(AgendaItem.Dropped, place=PLACE), back).one(Agenda)
    assert shown(row, "state", "added_for", "carried_from", "disposed_on") == (ItemState.OPEN, "UNOCT", "CC-1", None)
