"""Meetings: when and where, their agendas with what was put off, what was decided and agreed, and their minutes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import ClassVar, TypedDict
from uuid import UUID, uuid5

from msgspec.structs import replace
from psycopg import sql

from compact_domain.agenda import AgendaItem, ItemState
from compact_domain.coordination_meeting import (
    ActionState,
    AgreedAction,
    Capacity,
    CoordinationMeeting,
    MeetingKind,
    MeetingState,
)
from compact_domain.kernel import Fact, Provenance, Sealed, end_of_day
from compact_domain.vocabulary import Method
from compact_projections.asking import Asking, Moment
from compact_projections.kit import ReadModel, Recorded, Row, on


class MeetingRow(Row, frozen=True, kw_only=True):
    """A meeting as its facts left it."""

    TABLE: ClassVar[str] = "coordination_meeting"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("starts_at", "code"),
        ("kind", "starts_at", "code"),
        ("body", "starts_at", "code"),
        ("state", "starts_at", "code"),
        ("rotation", "starts_at", "code"),
        ("host", "starts_at", "code"),
    )
    LISTS: ClassVar[tuple[str, ...]] = ("invited",)

    id: UUID
    version: int
    code: str
    kind: MeetingKind
    title: str
    body: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    place: str | None
    platform: str | None
    host: str | None
    rotation: str | None
    turn: int | None
    compares_from: datetime | None
    compares_to: datetime | None
    state: MeetingState = MeetingState.CONVENED
    invited: tuple[str, ...] = ()
    convened_on: date
    started_at: datetime | None = None
    concluded_at: datetime | None = None
    minutes_version: int = 0
    minutes_final_on: date | None = None
    withheld: bool = False
    """Whether its final minutes tell of decisions that are not announced."""

    def is_withheld(self) -> bool:
        return self.withheld


class Meetings(ReadModel[MeetingRow]):
    """Every meeting that was ever convened."""

    @on(CoordinationMeeting.Created)
    def convened(self, fact: CoordinationMeeting.Created, at: Recorded) -> MeetingRow:
        return MeetingRow(
            id=fact.originator_id,
            version=fact.originator_version,
            code=fact.code,
            kind=fact.kind,
            title=fact.title,
            body=fact.body,
            starts_at=fact.time.starts_at,
            ends_at=fact.time.ends_at,
            zone=fact.time.zone,
            place=fact.place,
            platform=fact.platform,
            host=fact.host,
            rotation=fact.hosted.rotation if fact.hosted else None,
            turn=fact.hosted.turn if fact.hosted else None,
            compares_from=fact.compared.earlier if fact.compared else None,
            compares_to=fact.compared.later if fact.compared else None,
            convened_on=fact.provenance.effective_on,
        )

    @on(CoordinationMeeting.Rescheduled)
    def rescheduled(self, row: MeetingRow, fact: CoordinationMeeting.Rescheduled, at: Recorded) -> MeetingRow:
        return replace(
            row,
            version=fact.originator_version,
            starts_at=fact.time.starts_at,
            ends_at=fact.time.ends_at,
            zone=fact.time.zone,
            place=fact.place,
            platform=fact.platform,
        )

    @on(CoordinationMeeting.Invited)
    def invited(self, row: MeetingRow, fact: CoordinationMeeting.Invited, at: Recorded) -> MeetingRow:
        return replace(row, version=fact.originator_version, invited=(*row.invited, *fact.organizations))

    @on(CoordinationMeeting.Started)
    def started(self, row: MeetingRow, fact: CoordinationMeeting.Started, at: Recorded) -> MeetingRow:
        return replace(row, version=fact.originator_version, state=MeetingState.IN_SESSION, started_at=at.recorded_at)

    @on(CoordinationMeeting.Concluded)
    def concluded(self, row: MeetingRow, fact: CoordinationMeeting.Concluded, at: Recorded) -> MeetingRow:
        return replace(row, version=fact.originator_version, state=MeetingState.CONCLUDED, concluded_at=at.recorded_at)

    @on(CoordinationMeeting.MinutesFinalized)
    def final(self, row: MeetingRow, fact: CoordinationMeeting.MinutesFinalized, at: Recorded) -> MeetingRow:
        return replace(
            row,
            version=fact.originator_version,
            state=MeetingState.MINUTES_FINAL,
            minutes_version=fact.version,
            minutes_final_on=fact.provenance.effective_on,
            withheld=fact.withheld,
        )

    @on(CoordinationMeeting.MinutesCorrected)
    def corrected(self, row: MeetingRow, fact: CoordinationMeeting.MinutesCorrected, at: Recorded) -> MeetingRow:
        return replace(row, version=fact.originator_version, minutes_version=fact.version)

    @on(CoordinationMeeting.MinutesDisclosed)
    def disclosed(self, row: MeetingRow, fact: CoordinationMeeting.MinutesDisclosed, at: Recorded) -> MeetingRow:
        return replace(row, version=fact.originator_version, withheld=False)

    @on(CoordinationMeeting.Cancelled)
    def cancelled(self, row: MeetingRow, fact: CoordinationMeeting.Cancelled, at: Recorded) -> MeetingRow:
        return replace(row, version=fact.originator_version, state=MeetingState.CANCELLED)

    @on(
        CoordinationMeeting.AttendanceRecorded,
        CoordinationMeeting.DecisionRecorded,
        CoordinationMeeting.ActionAgreed,
        CoordinationMeeting.ActionCompleted,
        CoordinationMeeting.ActionDropped,
        CoordinationMeeting.ActionFellDue,
    )
    def grown(self, row: MeetingRow, fact: CoordinationMeeting.Event, at: Recorded) -> MeetingRow:
        return replace(row, version=fact.originator_version)


class AgendaItemRow(Row, frozen=True, kw_only=True):
    """A matter on the agenda of one meeting, which it names by code."""

    TABLE: ClassVar[str] = "agenda_item"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("meeting", "added_at"),
        ("body", "first_deferred_on", "added_at"),
        ("to_body", "first_deferred_on", "added_at"),
        ("first_deferred_on", "added_at"),
        ("code", "body"),
        ("waits", "body"),
    )

    id: UUID
    version: int
    meeting: str
    body: str
    code: str
    title: str
    recommendation: str | None
    state: ItemState = ItemState.OPEN
    added_at: datetime
    added_on: date
    added_for: str | None
    """The organization that put it on the agenda; None where it came there by itself."""
    carried_from: str | None = None
    times_deferred: int = 0
    first_deferred_on: date | None = None
    reasons: tuple[Sealed, ...] = ()
    number: str | None = None
    to_meeting: str | None = None
    to_date: date | None = None
    to_body: str | None = None
    waits: bool = False
    landed_at: str | None = None
    """The meeting on whose agenda it stands after this one's."""
    disposed_on: date | None = None
    withheld: bool = False

    def is_withheld(self) -> bool:
        return self.withheld

    def age_on(self, day: date) -> int | None:
        """Days since it was first put off, until it was disposed of for good; None if it never was."""
        final = self.disposed_on if self.state in FOR_GOOD else None
        return (min(final or day, day) - self.first_deferred_on).days if self.first_deferred_on else None


FOR_GOOD = frozenset({ItemState.DECIDED, ItemState.DROPPED, ItemState.REFERRED})
"""States in which a body has done with a matter."""


class Agenda(ReadModel[AgendaItemRow]):
    """Every matter that was ever on an agenda."""

    @on(AgendaItem.Created)
    def added(self, fact: AgendaItem.Created, at: Recorded) -> AgendaItemRow:
        place, said = fact.place, fact.provenance
        row = AgendaItemRow(
            id=fact.originator_id,
            version=fact.originator_version,
            meeting=place.meeting,
            body=place.body,
            code=place.code,
            title=fact.title,
            recommendation=place.recommendation,
            added_at=at.recorded_at,
            added_on=said.effective_on,
            added_for=said.on_behalf_of or said.by.organization,
            withheld=fact.withheld,
        )
        return _came(row, fact) if fact.origin else row

    @on(AgendaItem.Carried)
    def carried(self, row: AgendaItemRow, fact: AgendaItem.Carried, at: Recorded) -> AgendaItemRow:
        again = replace(row, number=None, to_meeting=None, to_date=None, to_body=None, landed_at=None)
        return _came(_becomes(again, fact, ItemState.OPEN, withheld=fact.withheld), fact)

    @on(AgendaItem.Decided)
    def decided(self, row: AgendaItemRow, fact: AgendaItem.Decided, at: Recorded) -> AgendaItemRow:
        return replace(_becomes(row, fact, ItemState.DECIDED, withheld=fact.withheld), number=fact.number)

    @on(AgendaItem.Deferred)
    def deferred(self, row: AgendaItemRow, fact: AgendaItem.Deferred, at: Recorded) -> AgendaItemRow:
        return replace(
            _becomes(row, fact, ItemState.DEFERRED, withheld=fact.withheld),
            number=fact.number,
            to_meeting=fact.to_meeting,
            to_date=fact.to_date,
            waits=True,
            landed_at=None,
            times_deferred=row.times_deferred + 1,
            first_deferred_on=row.first_deferred_on or fact.deferred_on,
            reasons=(*row.reasons, *fact.because),
        )

    @on(AgendaItem.Referred)
    def referred(self, row: AgendaItemRow, fact: AgendaItem.Referred, at: Recorded) -> AgendaItemRow:
        referred = _becomes(row, fact, ItemState.REFERRED, withheld=fact.withheld)
        return replace(referred, number=fact.number, to_body=fact.to_body)

    @on(AgendaItem.Dropped)
    def dropped(self, row: AgendaItemRow, fact: AgendaItem.Dropped, at: Recorded) -> AgendaItemRow:
        return _becomes(row, fact, ItemState.DROPPED)

    @on(AgendaItem.PassedOn)
    def passed_on(self, row: AgendaItemRow, fact: AgendaItem.PassedOn, at: Recorded) -> AgendaItemRow:
        passed_on = _becomes(row, fact, ItemState.PASSED_ON)
        return replace(passed_on, to_meeting=None, to_date=fact.to_date, waits=True, landed_at=None)

    @on(AgendaItem.Landed)
    def landed(self, row: AgendaItemRow, fact: AgendaItem.Landed, at: Recorded) -> AgendaItemRow:
        return replace(row, version=fact.originator_version, waits=False, landed_at=fact.on_agenda_of)

    @on(AgendaItem.Lapsed)
    def lapsed(self, row: AgendaItemRow, fact: AgendaItem.Lapsed, at: Recorded) -> AgendaItemRow:
        return replace(row, version=fact.originator_version, waits=False)

    @on(AgendaItem.Disclosed)
    def disclosed(self, row: AgendaItemRow, fact: AgendaItem.Disclosed, at: Recorded) -> AgendaItemRow:
        return replace(row, version=fact.originator_version, withheld=False)


def _becomes(row: AgendaItemRow, fact: AgendaItem.Event, state: ItemState, *, withheld: bool = False) -> AgendaItemRow:
    return replace(
        row,
        version=fact.originator_version,
        state=state,
        waits=False,
        disposed_on=None if state is ItemState.OPEN else fact.provenance.effective_on,
        withheld=row.withheld or withheld,
    )


def _came(row: AgendaItemRow, fact: AgendaItem.Created | AgendaItem.Carried) -> AgendaItemRow:
    """The row of an item that came on its agenda by itself, with what is known of it from before."""
    origin = fact.origin
    if origin is None:
        return row
    return replace(
        row,
        added_for=None if isinstance(fact, AgendaItem.Created) else row.added_for,
        carried_from=origin.meeting,
        times_deferred=origin.times_deferred,
        first_deferred_on=origin.first_deferred_on,
        reasons=origin.reasons,
    )


def open_before(asking: Asking, body: str) -> sql.Composed:
    """The condition on items that a body still has before it.

    On an agenda of its, or waiting for its next; or referred to it, and on none of its agendas since.
    """
    return asking.compose(
        "((t.body = {body} and (t.state = 'open' or t.waits)) or (t.to_body = {body} and t.state = 'referred'"
        " and not exists (select from {r}.agenda_item n where n.body = {body} and n.code = t.code"
        " and n.added_at > t.added_at and {item_stands})"
        " and (t.recommendation is null or exists (select from {r}.recommendation r where r.code = t.recommendation"
        " and r.decision = 'referred' and r.body = {body} and {recommendation_stands}))))",
        body=sql.Literal(body),
        item_stands=asking.stands("n"),
        recommendation_stands=asking.stands("r"),
    )


class OfMeeting(TypedDict):
    """What every entry of a meeting's record tells of the fact that made it."""

    id: UUID
    meeting: UUID
    provenance: Provenance
    recorded_at: datetime


def _entry(fact: Fact, at: Recorded, key: str) -> OfMeeting:
    return OfMeeting(
        id=uuid5(fact.originator_id, key),
        meeting=fact.originator_id,
        provenance=fact.provenance,
        recorded_at=at.recorded_at,
    )


class MeetingDecisionRow(Row, frozen=True, kw_only=True):
    """What a meeting decided that is not about a recommendation."""

    TABLE: ClassVar[str] = "meeting_decision"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("meeting", "number"),)

    id: UUID
    meeting: UUID
    number: str
    text: str
    method: Method
    item: str | None
    provenance: Provenance
    recorded_at: datetime


class MeetingDecisions(ReadModel[MeetingDecisionRow]):
    """What meetings decided themselves."""

    @on(CoordinationMeeting.DecisionRecorded, keys=lambda fact: (uuid5(fact.originator_id, f"decision:{fact.number}"),))
    def recorded(self, fact: CoordinationMeeting.DecisionRecorded, at: Recorded) -> MeetingDecisionRow:
        return MeetingDecisionRow(
            **_entry(fact, at, f"decision:{fact.number}"),
            number=fact.number,
            text=fact.text,
            method=fact.method,
            item=fact.item,
        )


class AttendanceRow(Row, frozen=True, kw_only=True):
    """Somebody who attended a meeting for an organization."""

    TABLE: ClassVar[str] = "meeting_attendance"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("meeting", "organization"), ("organization",))

    id: UUID
    meeting: UUID
    organization: str
    subject: UUID
    capacity: Capacity
    registration: UUID | None
    provenance: Provenance
    recorded_at: datetime


def _attended(fact: CoordinationMeeting.AttendanceRecorded) -> str:
    return f"attendance:{fact.organization}:{fact.subject}"


class Attendances(ReadModel[AttendanceRow]):
    """Who attended which meeting."""

    @on(CoordinationMeeting.AttendanceRecorded, keys=lambda fact: (uuid5(fact.originator_id, _attended(fact)),))
    def recorded(self, fact: CoordinationMeeting.AttendanceRecorded, at: Recorded) -> AttendanceRow:
        return AttendanceRow(
            **_entry(fact, at, _attended(fact)),
            organization=fact.organization,
            subject=fact.subject,
            capacity=fact.capacity,
            registration=fact.registration,
        )


class MinutesRow(Row, frozen=True, kw_only=True):
    """A version of a meeting's minutes. `version` is the place of its fact in the meeting's history."""

    TABLE: ClassVar[str] = "meeting_minutes"
    PART_OF: ClassVar[str] = MeetingRow.TABLE
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("coordination_meeting", "number"),)

    id: UUID
    coordination_meeting: UUID
    version: int
    number: int
    notes: Sealed | None
    provenance: Provenance
    recorded_at: datetime


def _minutes(fact: CoordinationMeeting.MinutesFinalized | CoordinationMeeting.MinutesCorrected) -> tuple[UUID]:
    return (uuid5(fact.originator_id, f"minutes:{fact.version}"),)


class Minutes(ReadModel[MinutesRow]):
    """Every version of every meeting's minutes."""

    @on(CoordinationMeeting.MinutesFinalized, CoordinationMeeting.MinutesCorrected, keys=_minutes)
    def issued(
        self, fact: CoordinationMeeting.MinutesFinalized | CoordinationMeeting.MinutesCorrected, at: Recorded
    ) -> MinutesRow:
        return MinutesRow(
            id=_minutes(fact)[0],
            coordination_meeting=fact.originator_id,
            version=fact.originator_version,
            number=fact.version,
            notes=fact.notes,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
        )


class ActionPointRow(Row, frozen=True, kw_only=True):
    """Something that a meeting agreed on. Whether it is overdue at a moment, `is_overdue` tells."""

    TABLE: ClassVar[str] = "action_point"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("due_on", "code"),
        ("meeting", "code"),
        ("of_meeting", "code"),
        ("organization", "due_on", "code"),
        ("state", "due_on", "code"),
        ("falls_due_at",),
    )

    id: UUID
    meeting: UUID
    of_meeting: str
    """Code of the meeting."""
    code: str
    text: str
    organization: str
    region: str | None
    due_on: date
    zone: str
    falls_due_at: datetime | None
    """While it is open: the end of its last day, after which it is overdue."""
    state: ActionState = ActionState.OPEN
    agreed_on: date
    settled_on: date | None = None
    fell_due_on: date | None = None
    evidence: tuple[Sealed, ...] = ()
    dropped: Provenance | None = None

    def is_overdue(self, moment: Moment) -> bool:
        """Whether its last day was over at a moment while it was open."""
        return self.falls_due_at is not None and moment.is_past(self.falls_due_at)


def action_point_id(action: AgreedAction) -> UUID:
    """The id of the row of an action point: its code is unique in its meeting."""
    return uuid5(CoordinationMeeting.identify(action.meeting), f"action:{action.code}")


class _AboutAction:
    @staticmethod
    def keys(
        fact: CoordinationMeeting.ActionAgreed
        | CoordinationMeeting.ActionCompleted
        | CoordinationMeeting.ActionDropped
        | CoordinationMeeting.ActionFellDue,
    ) -> tuple[UUID]:
        return (action_point_id(fact.action),)


class ActionPoints(ReadModel[ActionPointRow]):
    """What meetings agreed that somebody does."""

    @on(CoordinationMeeting.ActionAgreed, keys=_AboutAction.keys)
    def agreed(self, fact: CoordinationMeeting.ActionAgreed, at: Recorded) -> ActionPointRow:
        action = fact.action
        return ActionPointRow(
            id=action_point_id(action),
            meeting=fact.originator_id,
            of_meeting=action.meeting,
            code=action.code,
            text=fact.text,
            organization=action.organization,
            region=action.region,
            due_on=action.due_on,
            zone=action.zone,
            falls_due_at=end_of_day(action.due_on, action.zone),
            agreed_on=fact.provenance.effective_on,
        )

    @on(CoordinationMeeting.ActionCompleted, keys=_AboutAction.keys)
    def completed(self, row: ActionPointRow, fact: CoordinationMeeting.ActionCompleted, at: Recorded) -> ActionPointRow:
        return replace(
            row,
            state=ActionState.COMPLETED,
            settled_on=fact.provenance.effective_on,
            falls_due_at=None,
            evidence=fact.evidence,
        )

    @on(CoordinationMeeting.ActionDropped, keys=_AboutAction.keys)
    def dropped(self, row: ActionPointRow, fact: CoordinationMeeting.ActionDropped, at: Recorded) -> ActionPointRow:
        said = fact.provenance
        return replace(row, state=ActionState.DROPPED, settled_on=said.effective_on, falls_due_at=None, dropped=said)

    @on(CoordinationMeeting.ActionFellDue, keys=_AboutAction.keys)
    def fell_due(self, row: ActionPointRow, fact: CoordinationMeeting.ActionFellDue, at: Recorded) -> ActionPointRow:
        return replace(row, fell_due_on=fact.provenance.effective_on)


ACTION_TOPICS = (
    CoordinationMeeting.ActionAgreed.TOPIC,
    CoordinationMeeting.ActionCompleted.TOPIC,
    CoordinationMeeting.ActionDropped.TOPIC,
    CoordinationMeeting.ActionFellDue.TOPIC,
)


def facts_of_action(asking: Asking, code: str) -> sql.Composed:
    """Facts of a meeting in the trail that are about one of its action points."""
    return asking.compose(
        "(t.topic = any({topics}) and t.data -> 'action' ->> 'code' = {code})",
        topics=sql.Literal(list(ACTION_TOPICS)),
        code=sql.Literal(code),
    )


def known_to(asking: Asking, own: Collection[str]) -> sql.Composed:
    """The condition on action points that those may know of it who belong to these organizations and bodies.

    It is for everybody once the minutes of its meeting are final; before, for those at its table, and for who has it.
    """
    return asking.compose(
        "(t.organization = any({own}) or exists (select from {r}.coordination_meeting m where m.id = t.meeting"
        " and {meeting_stands} and (m.state = 'minutes_final' or m.body = any({own}) or m.host = any({own})"
        " or m.invited && {own} or exists (select from {r}.body b join {r}.body_member s on s.body = b.id"
        " where b.code = m.body and s.organization = any({own}) and {body_stands} and {member_stands}))))",
        own=sql.Literal(sorted(own)),
        meeting_stands=asking.stands("m"),
        body_stands=asking.stands("b"),
        member_stands=asking.stands("s"),
    )


def overdue(asking: Asking, wanted: bool) -> sql.Composed:
    """The condition that an action point is overdue at the moment, or that it is not. See `next_due`."""
    late = sql.SQL("(t.falls_due_at < {now})").format(now=sql.Literal(asking.moment.recorded_until))
    return late if wanted else sql.SQL("({late} is not true)").format(late=late)


async def next_due(asking: Asking) -> None:
    """Tell the clock of a live answer that holds which action points are overdue when the next one will be."""
    if not asking.moment.live:
        return
    found = await asking.rows(
        asking.compose(
            "select min(t.falls_due_at) from {r}.action_point t where {stands} and not {late}",
            stands=asking.stands(),
            late=overdue(asking, True),
        )
    )
    if (instant := found[0][0]) is not None:
        asking.moment.is_past(instant)
