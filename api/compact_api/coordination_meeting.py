"""Meetings: agendas with what was put off, what was decided and agreed, who attended, and the minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from compact_domain.agenda import AgendaItem as AgendaItemAggregate
from compact_domain.agenda import ItemState
from compact_domain.body import Body as BodyAggregate
from compact_domain.coordination_meeting import (
    ActionState,
    Capacity,
    CoordinationMeetings,
    Disposition,
    MeetingKind,
    MeetingState,
)
from compact_domain.coordination_meeting import CoordinationMeeting as MeetingAggregate
from compact_domain.kernel import Concerns, NotFound
from compact_domain.policy import may_read_personal, own_alone, own_of
from compact_domain.vocabulary import Method
from compact_projections.asking import Asking, Condition, Order, Where
from compact_projections.bodies import BodyMemberRow
from compact_projections.decisions import DecisionRow
from compact_projections.meetings import (
    ActionPointRow,
    AgendaItemRow,
    AttendanceRow,
    MeetingDecisionRow,
    MeetingRow,
    MinutesRow,
    facts_of_action,
    known_to,
    next_due,
    open_before,
    overdue,
)

from .body import Body
from .catalogue import Region
from .commands import ChangeInput, CommandInput, Decision, Payload, give, reference
from .context import Info
from .fields import command, question
from .listing import Choice, CodeFilter, DateFilter, Direction, Listing, TimeFilter, YesNo
from .lookahead import brought
from .moments import Asked, global_id
from .nodes import Subject, allowed_commands
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .person import Person, PersonReference, person_meant
from .recommendation import Recommendation, RecommendationDecision, decision
from .rotation import Rotation
from .scalars import Code, RegionCode, TimeZone
from .shapes import described, enumeration, form, shape
from .stated import Stated, found_of
from .text import LongText
from .trail import TrailEntry, history_of

enumeration(
    MeetingState,
    named="CoordinationMeetingState",
    CONVENED="Called, and not begun.",
    IN_SESSION="It sits.",
    CONCLUDED="It is over; its record may still be completed.",
    MINUTES_FINAL="Its record stands; from there on it is corrected, not completed.",
    CANCELLED="It did not take place. Its items and its turn went on.",
)
enumeration(
    MeetingKind,
    named="CoordinationMeetingKind",
    COORDINATION_MEETING="Of a rotation, at the host whose turn it is.",
    COMMITTEE_MEETING="Of the Coordination Committee.",
    WORKING_GROUP_SESSION="Of a working group.",
    CONSULTATION="To hear those concerned.",
    SIDE_EVENT="Beside another event.",
    STRATEGIC_REVIEW="To compare how things stood at two moments.",
)
enumeration(
    Disposition,
    named="AgendaItemDisposition",
    DECIDED="The meeting decided on it.",
    DEFERRED="Put off to another meeting of the body, or to its first one on or after a day. Needs a reason.",
    REFERRED="Given to another body. Needs a reason.",
    DROPPED="Taken off the agenda, and not pursued. Needs a reason.",
)
enumeration(
    ItemState,
    named="AgendaItemState",
    OPEN="Not disposed of yet.",
    DECIDED="The meeting decided on it.",
    DEFERRED="Put off; it comes on the agenda of the meeting it was put off to by itself.",
    REFERRED="Given to another body.",
    DROPPED="Taken off the agenda, and not pursued.",
    PASSED_ON="It went on to another meeting of the body: its own was cancelled, or another is to treat it.",
)
enumeration(
    Capacity,
    named="AttendanceCapacity",
    FOCAL_POINT="The organization's focal point in a region at that moment.",
    ALTERNATE="An alternate of a focal point of the organization at that moment.",
    DELEGATE="Neither.",
)
enumeration(
    ActionState,
    named="ActionPointState",
    OPEN="To be done.",
    COMPLETED="Done, with evidence.",
    DROPPED="Not pursued.",
)

LISTING = Listing(MeetingRow, default=(Order("starts_at"), Order("code")))
ITEMS = Listing(
    AgendaItemRow,
    default=(Order("first_deferred_on", nullable=True), Order("added_at")),
    nullable=frozenset({"first_deferred_on"}),
)
ACTIONS = Listing(ActionPointRow, default=(Order("due_on"), Order("code")))


async def _sees_record(info: Info, asking: Asking, row: MeetingRow) -> bool:
    """Whether the record of a meeting is for the one who asks: for all once it is final, before for those at its table.

    Those are the secretariat, auditors, the body's chair and members, the host and the organizations invited.
    """
    if row.state is MeetingState.MINUTES_FINAL:
        return True
    members = await info.context.many(asking, BodyMemberRow, "body", BodyAggregate.identify(row.body))
    table = {*row.invited, *(member.organization for member in members), *([row.host] if row.host else [])}
    concerns = Concerns(organizations=frozenset(table), bodies=frozenset({row.body}))
    return may_read_personal(await info.context.actor(), concerns)


@shape
class ItemTarget:
    """What an item was put off to: a meeting, or the body's first one on or after a day."""

    meeting: str | None = described("Code of the meeting; null: a day was given.")
    on_or_after: date | None = described("The day; null: a meeting was named.")


@shape
class AgendaItem(Subject):
    """A matter on the agenda of one meeting. Put off, it is an item of another meeting's agenda, with the same code.

    What a body decides about a recommendation disposes of the item about it, for those who may know of the decision;
    for others when it is announced.
    """

    row: strawberry.Private[AgendaItemRow]

    @classmethod
    def aggregate_kind(cls) -> type[AgendaItemAggregate]:
        return AgendaItemAggregate

    @classmethod
    def row_kind(cls) -> type[AgendaItemRow]:
        return AgendaItemRow

    @classmethod
    def of(cls, row: AgendaItemRow, asking: Asking) -> Self:
        return cls(id=global_id(asking, cls.__name__, row.id), row=row, asking=asking)

    @classmethod
    async def found(cls, info: Info, asking: Asking, key: UUID | str) -> Self | None:
        return await super().found(info, asking, key) if isinstance(key, UUID) else None  # its code is its meeting's

    @question
    async def allowed_commands(self, info: Info) -> list[str]:
        """The mutations that the one who asks might give to its meeting now because of it; of a past moment: then."""
        meeting = await info.context.one(self.asking, MeetingRow, "code", self.row.meeting)
        if meeting is None or self.row.state is not ItemState.OPEN:
            return []
        allowed = await allowed_commands(info, self.asking, MeetingAggregate, meeting.id, meeting.version)
        return [name for name in allowed if name == "coordinationMeetingDisposeItem"]

    @question
    def code(self) -> Code:
        """Code of the matter, the same on every agenda; that of the recommendation it is about."""
        return Code(self.row.code)

    @question
    def title(self) -> str:
        """What it is about."""
        return self.row.title

    @question
    async def meeting(self, info: Info) -> CoordinationMeeting | None:
        """The meeting on whose agenda it is; null where that was named and never convened."""
        return await CoordinationMeeting.found(info, self.asking, self.row.meeting)

    @question
    async def recommendation(self, info: Info) -> Recommendation | None:
        """The recommendation it is about; null if it is about another matter."""
        code = self.row.recommendation
        return await Recommendation.found(info, self.asking, code) if code else None

    @question
    def state(self) -> ItemState:
        """What became of it at its meeting."""
        return self.row.state

    @question
    def added_on(self) -> date:
        """The day it came on the agenda."""
        return self.row.added_on

    @question
    async def added_for(self, info: Info) -> Organization | None:
        """The organization that put it on the agenda; null where it came there by itself."""
        code = self.row.added_for
        return await Organization.found(info, self.asking, code) if code else None

    @question
    async def carried_from(self, info: Info) -> CoordinationMeeting | None:
        """The meeting on whose agenda it was before; null if it was on none."""
        code = self.row.carried_from
        return await CoordinationMeeting.found(info, self.asking, code) if code else None

    @question
    def first_deferred_on(self) -> date | None:
        """The day it was first put off, on whichever agenda; null if it never was."""
        return self.row.first_deferred_on

    @question
    def age_in_days(self) -> int | None:
        """Days since it was first put off, until a body had done with it; null if it never was put off."""
        return self.row.age_on(self.asking.moment.today)

    @question
    def times_deferred(self) -> int:
        """How often it was put off so far, on all agendas."""
        return self.row.times_deferred

    @question
    async def reasons(self, info: Info) -> list[str]:
        """Why it was put off, each time in turn, those erased left out."""
        return await found_of(info.context.text(reason) for reason in self.row.reasons)

    @question
    def decision_number(self) -> str | None:
        """Number of the decision about the recommendation that disposed of it; null if none did."""
        return self.row.number

    @question
    def deferred_to(self) -> ItemTarget | None:
        """What it was put off to, or passed on for; null if it was not."""
        if self.row.to_meeting is None and self.row.to_date is None:
            return None
        return ItemTarget(meeting=self.row.to_meeting, on_or_after=self.row.to_date)

    @question
    async def referred_to(self, info: Info) -> Body | None:
        """The body it was given to; null if it was not."""
        return await Body.found(info, self.asking, self.row.to_body) if self.row.to_body else None

    @question
    def waits(self) -> bool:
        """Whether it was put off or passed on, and the meeting that is to take it up is not convened yet."""
        return self.row.waits

    @question
    async def continued_in(self, info: Info) -> CoordinationMeeting | None:
        """The meeting on whose agenda it went on; null if it went on to none."""
        code = self.row.landed_at
        return await CoordinationMeeting.found(info, self.asking, code) if code else None

    @question
    def disposed_on(self) -> date | None:
        """The day it was disposed of; null while it is open."""
        return self.row.disposed_on


@shape
class MeetingDecision(Stated):
    """What a meeting decided that is not about a recommendation."""

    row: strawberry.Private[MeetingDecisionRow]
    number: str = described("Number of the decision, unique in its meeting.")
    text: str = described("What was decided.")
    method: Method = described("How the meeting came to it.")
    item: Code | None = described("Code of the item of the agenda it was taken under; null: none.")


@shape
class MeetingAttendance(Stated):
    """Somebody who attended a meeting for an organization."""

    row: strawberry.Private[AttendanceRow]
    capacity: Capacity = described("As what.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization attended for."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def person(self) -> Person:
        """Who it was. The name is shown to the organization itself, the secretariat and auditors."""
        concerns = Concerns(organizations=frozenset({self.row.organization}), persons=frozenset({self.row.subject}))
        return Person(subject=self.row.subject, asking=self.asking, concerns=concerns)


@shape
class MeetingInvitation:
    """An organization that was asked to attend a meeting."""

    code: strawberry.Private[str]
    asking: strawberry.Private[Asking]
    attended: bool | None = described("Whether somebody attended for it; null while that is not for the one who asks.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Which organization."""
        return await Organization.found(info, self.asking, self.code)


@shape
class MinutesVersion(Stated):
    """A version of the minutes. The record that they stand for is the meeting's own."""

    row: strawberry.Private[MinutesRow]
    number: int = described("Version, from 1.")

    @question
    async def notes(self, info: Info) -> str | None:
        """What they say beyond the record; null if they say nothing, or it was erased."""
        return await info.context.text(self.row.notes)


@shape
class ComparedMoments:
    """The two moments that a strategic review compares."""

    earlier: datetime = described("The earlier one.")
    later: datetime = described("The later one.")


@shape
class ActionPoint(Subject):
    """Something that a meeting agreed on: what, who, by when.

    It lives in the history of that meeting, whose id and version commands about it name; `history` tells its part.
    """

    row: strawberry.Private[ActionPointRow]

    @classmethod
    def aggregate_kind(cls) -> type[MeetingAggregate]:
        return MeetingAggregate

    @classmethod
    def row_kind(cls) -> type[ActionPointRow]:
        return ActionPointRow

    @classmethod
    def of(cls, row: ActionPointRow, asking: Asking) -> Self:
        return cls(id=global_id(asking, cls.__name__, row.id), row=row, asking=asking)

    @classmethod
    async def found(cls, info: Info, asking: Asking, key: UUID | str) -> Self | None:
        where = [Condition("id", "eq", key), *await _known_actions(info, asking)] if isinstance(key, UUID) else None
        rows = await asking.all(ActionPointRow, *where) if where else []
        return cls.of(rows[0], asking) if rows else None

    @question
    async def version(self, info: Info) -> int:  # type: ignore[override]  # the schema awaits what has to be awaited
        """How many facts the history of its meeting had at the moment: what `expectedVersion` is held against."""
        row = await info.context.one(self.asking, MeetingRow, "id", self.row.meeting)
        return row.version if row else 0

    @question
    async def history(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[TrailEntry]:
        """Everything that happened to it up to the moment, from its agreement on."""
        about = [facts_of_action(self.asking, self.row.code)]
        return await history_of(self.asking, self.row.meeting, about=about, first=first, after=after)

    @question
    async def allowed_commands(self, info: Info) -> list[str]:
        """The mutations that the one who asks might give to its meeting now because of it; of a past moment: then."""
        row = await info.context.one(self.asking, MeetingRow, "id", self.row.meeting)
        if row is None or self.row.state is not ActionState.OPEN:
            return []
        allowed = await allowed_commands(info, self.asking, MeetingAggregate, row.id, row.version)
        about = {"coordinationMeetingCompleteAction", "coordinationMeetingDropAction"}
        return [name for name in allowed if name in about]

    @question
    def code(self) -> Code:
        """Code, unique in its meeting."""
        return Code(self.row.code)

    @question
    async def meeting(self, info: Info) -> CoordinationMeeting | None:
        """The meeting that agreed on it."""
        return await CoordinationMeeting.found(info, self.asking, self.row.meeting)

    @question
    def text(self) -> str:
        """What is to be done."""
        return self.row.text

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Who is to do it."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    async def region(self, info: Info) -> Region | None:
        """The region whose focal point of that organization looks after it; null: no region's."""
        return await Region.coded(info, self.asking, self.row.region) if self.row.region else None

    @question
    def due_on(self) -> date:
        """Last day; it ends at 24:00 in `zone`."""
        return self.row.due_on

    @question
    def zone(self) -> TimeZone:
        """The zone in which its last day ends."""
        return TimeZone(self.row.zone)

    @question
    def state(self) -> ActionState:
        """How it stands."""
        return self.row.state

    @question
    def overdue(self) -> bool:
        """Whether its last day was over at the moment of the answer, and it was still open."""
        return self.row.is_overdue(self.asking.moment)

    @question
    def agreed_on(self) -> date:
        """The day it was agreed on."""
        return self.row.agreed_on

    @question
    def settled_on(self) -> date | None:
        """The day it was completed or dropped; null while it is open."""
        return self.row.settled_on

    @question
    async def evidence(self, info: Info) -> list[str]:
        """Documents and other proof that it was done, those erased left out."""
        return await found_of(info.context.text(one) for one in self.row.evidence)

    @question
    async def drop_reason(self, info: Info) -> str | None:
        """Why it was dropped; null if it was not, or the reason was erased."""
        return await info.context.text(self.row.dropped.reason) if self.row.dropped else None


@shape
class CoordinationMeeting(Subject):
    """A meeting of a body: of a rotation, the committee or a working group, a consultation, a review.

    When it is, who is invited and what is on its agenda is for everybody. Its record, which is decisions, action
    points and attendance, is for the secretariat, auditors, the body, the host and those invited until the minutes are
    final, and for everybody then.
    """

    row: strawberry.Private[MeetingRow]

    @classmethod
    def aggregate_kind(cls) -> type[MeetingAggregate]:
        return MeetingAggregate

    @classmethod
    def row_kind(cls) -> type[MeetingRow]:
        return MeetingRow

    @question
    def code(self) -> Code:
        """Unique code."""
        return Code(self.row.code)

    @question
    def kind(self) -> MeetingKind:
        """What it is."""
        return self.row.kind

    @question
    def title(self) -> str:
        """What it is called."""
        return self.row.title

    @question
    async def body(self, info: Info) -> Body | None:
        """The body that meets."""
        return await Body.found(info, self.asking, self.row.body)

    @question
    def state(self) -> MeetingState:
        """How far it has come."""
        return self.row.state

    @question
    def starts_at(self) -> datetime:
        """When it begins, or was to begin."""
        return self.row.starts_at

    @question
    def ends_at(self) -> datetime:
        """When it ends, or was to end."""
        return self.row.ends_at

    @question
    def zone(self) -> TimeZone:
        """The zone that its times are spoken of in."""
        return TimeZone(self.row.zone)

    @question
    def place(self) -> str | None:
        """Where it sits; null: over the platform alone, or not known yet."""
        return self.row.place

    @question
    def platform(self) -> str | None:
        """The virtual platform; null: in one place alone, or not known yet."""
        return self.row.platform

    @question
    async def host(self, info: Info) -> Organization | None:
        """The organization that hosts it; null if none does."""
        return await Organization.found(info, self.asking, self.row.host) if self.row.host else None

    @question
    async def rotation(self, info: Info) -> Rotation | None:
        """The rotation whose turn it is held for; null: of none."""
        return await Rotation.found(info, self.asking, self.row.rotation) if self.row.rotation else None

    @question
    def turn(self) -> int | None:
        """Which turn of the rotation it is held for; null: of none."""
        return self.row.turn

    @question
    def compares(self) -> ComparedMoments | None:
        """The moments that a strategic review compares; null for other kinds."""
        if self.row.compares_from is None or self.row.compares_to is None:
            return None
        return ComparedMoments(earlier=self.row.compares_from, later=self.row.compares_to)

    @question
    def started_at(self) -> datetime | None:
        """When its beginning was recorded; null if it has not begun."""
        return self.row.started_at

    @question
    def concluded_at(self) -> datetime | None:
        """When its end was recorded; null if it is not over."""
        return self.row.concluded_at

    @brought(AgendaItemRow, by="meeting", of="code")
    def agenda(self, rows: list[AgendaItemRow]) -> list[AgendaItem]:
        """What is or was on its agenda, in the order in which it came there."""
        return [AgendaItem.of(row, self.asking) for row in sorted(rows, key=lambda row: (row.added_at, row.code))]

    @brought(AgendaItemRow, by="meeting", of="code")
    def open_items(self, rows: list[AgendaItemRow]) -> int:
        """How many items of its agenda are not disposed of: minutes are not final before there are none."""
        return sum(row.state is ItemState.OPEN for row in rows)

    @question
    async def decisions(self, info: Info) -> list[MeetingDecision]:
        """What it decided that is not about a recommendation, by number; empty while not for the one who asks."""
        rows = await self._record(info, MeetingDecisionRow)
        return [
            MeetingDecision(
                said=row.provenance,
                at=row.recorded_at,
                asking=self.asking,
                row=row,
                number=row.number,
                text=row.text,
                method=row.method,
                item=Code(row.item) if row.item else None,
            )
            for row in sorted(rows, key=lambda row: row.number)
        ]

    @brought(DecisionRow, by="meeting", of="code")
    def recommendation_decisions(self, rows: list[DecisionRow]) -> list[RecommendationDecision]:
        """What its body decided in it about recommendations, as far as it is announced to the one who asks."""
        return [decision(row, self.asking) for row in sorted(rows, key=lambda row: (row.number, row.recorded_at))]

    @question
    async def action_points(self, info: Info) -> list[ActionPoint]:
        """What it agreed on, by code; without what is not for the one who asks yet."""
        rows = await info.context.many(self.asking, ActionPointRow, "meeting", self.row.id)
        own = own_of(await info.context.actor())
        sees = await _sees_record(info, self.asking, self.row)
        known = [row for row in rows if sees or row.organization in own]
        return [ActionPoint.of(row, self.asking) for row in sorted(known, key=lambda row: row.code)]

    @question
    async def attendance(self, info: Info) -> list[MeetingAttendance]:
        """Who attended, by organization; empty while that is not for the one who asks."""
        rows = await self._record(info, AttendanceRow)
        return [
            MeetingAttendance(
                said=row.provenance, at=row.recorded_at, asking=self.asking, row=row, capacity=row.capacity
            )
            for row in sorted(rows, key=lambda row: (row.organization, row.recorded_at))
        ]

    @question
    async def invitations(self, info: Info) -> list[MeetingInvitation]:
        """The organizations asked to attend, by code, and whether they did."""
        present = {row.organization for row in await self._record(info, AttendanceRow)}
        knows = await _sees_record(info, self.asking, self.row)
        return [
            MeetingInvitation(code=code, asking=self.asking, attended=code in present if knows else None)
            for code in sorted(self.row.invited)
        ]

    @question
    async def minutes(self, info: Info) -> list[MinutesVersion]:
        """Every version of its minutes; empty before they are final to the one who asks."""
        rows = await info.context.many(self.asking, MinutesRow, "coordination_meeting", self.row.id)
        return [
            MinutesVersion(said=row.provenance, at=row.recorded_at, asking=self.asking, row=row, number=row.number)
            for row in sorted(rows, key=lambda row: row.number)
        ]

    @question
    def minutes_final_on(self) -> date | None:
        """The day its minutes became final; null if they are not."""
        return self.row.minutes_final_on

    async def _record(self, info: Info, kind: type[MeetingDecisionRow | AttendanceRow]) -> Sequence[Any]:
        """Entries of its record, if they are for the one who asks."""
        if not await _sees_record(info, self.asking, self.row):
            return []
        return await info.context.many(self.asking, kind, "meeting", self.row.id)


async def _known_actions(info: Info, asking: Asking) -> list[Where]:
    """The condition on action points that the one who asks may know of them."""
    actor = await info.context.actor()
    return [] if own_alone(actor) is None else [known_to(asking, own_of(actor))]


@form
class CoordinationMeetingFilter:
    """Which meetings to show."""

    kind: Choice[MeetingKind] | None = described("What it is.", default=None)
    body: CodeFilter | None = described("The body that meets.", default=None)
    state: Choice[MeetingState] | None = described("How far it has come.", default=None)
    rotation: CodeFilter | None = described("The rotation whose turn it is held for.", default=None)
    host: CodeFilter | None = described("The organization that hosts it.", default=None)
    starts_at: TimeFilter | None = described("When it begins.", default=None)
    invited: CodeFilter | None = described("Organizations that are invited.", default=None)


class CoordinationMeetingOrderField(Enum):
    """What meetings can be ordered by."""

    STARTS_AT = "starts_at"
    CODE = "code"


enumeration(CoordinationMeetingOrderField, STARTS_AT="When it begins.", CODE="Its code.")


@form
class CoordinationMeetingOrder:
    """An order of meetings."""

    field: CoordinationMeetingOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


@form
class ActionPointFilter:
    """Which action points to show."""

    meeting: CodeFilter | None = described("The meeting that agreed on it.", default=None)
    organization: CodeFilter | None = described("Who is to do it.", default=None)
    region: CodeFilter | None = described("The region whose focal point looks after it.", default=None)
    state: Choice[ActionState] | None = described("How it stands.", default=None)
    due_on: DateFilter | None = described("Its last day.", default=None)
    overdue: YesNo | None = described("Whether its last day is over at the moment, and it is open.", default=None)


class ActionPointOrderField(Enum):
    """What action points can be ordered by."""

    DUE_ON = "due_on"
    ORGANIZATION = "organization"
    CODE = "code"


enumeration(
    ActionPointOrderField,
    DUE_ON="Its last day.",
    ORGANIZATION="The code of the organization that is to do it.",
    CODE="Its code.",
)


@form
class ActionPointOrder:
    """An order of action points."""

    field: ActionPointOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


FilterArgument = Annotated[CoordinationMeetingFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[
    list[CoordinationMeetingOrder] | None, strawberry.argument("In which order; left out: the earliest first.")
]
ActionFilterArgument = Annotated[ActionPointFilter | None, strawberry.argument("Which to show; left out: all.")]
ActionOrderArgument = Annotated[
    list[ActionPointOrder] | None, strawberry.argument("In which order; left out: what is due first.")
]
CodeArgument = Annotated[Code, strawberry.argument("Code of the meeting.")]
BodyArgument = Annotated[Code, strawberry.argument("Code of the body.")]


@shape
class CoordinationMeetingQuestions(Asked):
    """Which meetings there are, and what they left to do."""

    @question
    async def coordination_meetings(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[CoordinationMeeting]:
        """Every meeting that was ever convened."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: CoordinationMeeting.of(row, asking),
            where=LISTING.where(filter),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
            info=info,
        )

    @question
    async def coordination_meeting(self, info: Info, code: CodeArgument) -> CoordinationMeeting | None:
        """One meeting by its code."""
        return await CoordinationMeeting.found(info, await self.asking(info), code)

    @question
    async def open_items(
        self, info: Info, body: BodyArgument, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[AgendaItem]:
        """What a body has before it, the oldest first: on its agendas, waiting for one of them, or referred to it."""
        asking = await self.asking(info)
        return await ITEMS.page(
            asking,
            node=lambda row: AgendaItem.of(row, asking),
            where=[open_before(asking, body)],
            first=first,
            after=after,
        )

    @question
    async def action_points(
        self,
        info: Info,
        filter: ActionFilterArgument = None,
        order_by: ActionOrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[ActionPoint]:
        """What meetings agreed that somebody does, as far as their record is for the one who asks."""
        asking = await self.asking(info)
        if filter and filter.overdue:
            await next_due(asking)
        return await ACTIONS.page(
            asking,
            node=lambda row: ActionPoint.of(row, asking),
            where=[*_actions_where(asking, filter), *await _known_actions(info, asking)],
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )


def _actions_where(asking: Asking, filter: ActionPointFilter | None) -> list[Where]:
    apart = {"overdue": lambda given: overdue(asking, given.eq)}
    return ACTIONS.where(filter, {"meeting": "of_meeting"}, apart=apart)


# --- what may be done


@form
class CoordinationMeetingConveneInput(CommandInput):
    """A meeting to be held."""

    code: Code = described("Unique code.")
    kind: MeetingKind = described("What it is.")
    title: str = described("What it is called.")
    body: Code | None = described(
        "The body that meets; needed, but for a rotation's meeting: the rotation is the body.", default=None
    )
    starts_at: datetime = described("When it begins.")
    ends_at: datetime = described("When it ends: after it begins, within two weeks.")
    zone: TimeZone = described("The zone that its times are spoken of in; the day it starts on is one there.")
    place: str | None = described("Where it sits, if that is known.", default=None)
    platform: str | None = described("The virtual platform, if there is one.", default=None)
    host: Code | None = described("The organization that hosts it; needed for a rotation's meeting.", default=None)
    rotation: Code | None = described(
        "The rotation whose turn it is held for; of a coordination meeting.", default=None
    )
    turn: int | None = described(
        "Which turn; the host has accepted it, or it is the secretariat's. Of a coordination meeting.", default=None
    )
    compares_from: datetime | None = described("The earlier moment that a strategic review compares.", default=None)
    compares_to: datetime | None = described(
        "The later moment that a strategic review compares, no later than now.", default=None
    )


@form
class CoordinationMeetingRescheduleInput(ChangeInput):
    """Another time or place of a meeting, all of it said anew. Needs a reason."""

    starts_at: datetime = described("When it begins.")
    ends_at: datetime = described("When it ends.")
    zone: TimeZone | None = described("The zone its times are spoken of in; left out: as before.", default=None)
    place: str | None = described("Where it sits, if that is known.", default=None)
    platform: str | None = described("The virtual platform, if there is one.", default=None)


@form
class CoordinationMeetingInviteInput(ChangeInput):
    """Organizations to attend a meeting, besides those invited before."""

    organizations: list[Code] = described("Codes of the organizations, one or more.")


@form
class CoordinationMeetingAddItemInput(ChangeInput):
    """A matter for the agenda: a recommendation, or another one under a new code."""

    recommendation: strawberry.ID | None = described(
        "The recommendation it is about, by global id or by code; its code is the item's.", default=None
    )
    code: Code | None = described("Code of another matter, the same on every agenda.", default=None)
    title: str | None = described("What it is about; left out with a recommendation: that one's title.", default=None)


@form
class CoordinationMeetingStartInput(ChangeInput):
    """A meeting that begins."""


@form
class CoordinationMeetingRecordAttendanceInput(ChangeInput):
    """Somebody who attended for an organization: a person, or who stands in a registration."""

    organization: Code = described("The organization attended for.")
    person: PersonReference | None = described("Who it was.", default=None)
    registration: strawberry.ID | None = described(
        "A registration for a retreat, by global id, that says who it was.", default=None
    )


@form
class CoordinationMeetingDisposeItemInput(ChangeInput):
    """What became of an item. Needs a reason, unless it was decided."""

    item: Code = described("Code of the item.")
    disposition: Disposition = described("What the meeting did with it.")
    to_meeting: Code | None = described("The meeting that it is put off to; it need not be convened yet.", default=None)
    to_date: date | None = described(
        "The day it is put off to: the body's first meeting on or after it takes it up.", default=None
    )
    to_body: Code | None = described("The body that it is referred to.", default=None)


@form
class CoordinationMeetingRecordDecisionInput(ChangeInput):
    """What a meeting decided that is not about a recommendation."""

    number: str = described("Number of the decision, unique in its meeting.")
    text: LongText = described("What was decided.")
    method: Method = described("How the meeting came to it.")
    item: Code | None = described("Code of the item of the agenda it was taken under.", default=None)


@form
class CoordinationMeetingAgreeActionInput(ChangeInput):
    """Something that an organization is to do by a day."""

    code: Code = described("Code, unique in its meeting: `AP-1`.")
    text: LongText = described("What is to be done.")
    organization: Code = described("Who is to do it.")
    region: RegionCode | None = described(
        "The region whose focal point of that organization looks after it: handed over with the function.", default=None
    )
    due_on: date = described("Last day; it ends at 24:00 in the zone of the meeting.")


@form
class CoordinationMeetingCompleteActionInput(ChangeInput):
    """An action point that was done."""

    code: Code = described("Code of the action point.")
    evidence: list[LongText] = described("Documents and other proof, one each; at least one.")


@form
class CoordinationMeetingDropActionInput(ChangeInput):
    """An action point that is not pursued. Needs a reason."""

    code: Code = described("Code of the action point.")


@form
class CoordinationMeetingConcludeInput(ChangeInput):
    """A meeting that is over."""


@form
class CoordinationMeetingFinalizeMinutesInput(ChangeInput):
    """Minutes that are to stand. Every item of the agenda is disposed of before."""

    notes: LongText | None = described("What the minutes say beyond the record.", default=None)


@form
class CoordinationMeetingCorrectMinutesInput(ChangeInput):
    """How final minutes read from now on. Needs a reason."""

    notes: LongText = described("What the minutes say, whole.")


@form
class CoordinationMeetingCancelInput(ChangeInput):
    """A meeting that will not take place. Needs a reason."""


@shape
class CoordinationMeetingPayload(Payload):
    """The meeting after the command."""

    coordination_meeting: CoordinationMeeting | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> CoordinationMeetingPayload:
    done = await give(info, input, decision)
    seen = await done.seen(MeetingRow, CoordinationMeeting.of)
    return CoordinationMeetingPayload(**done.told, coordination_meeting=seen)


@shape
class CoordinationMeetingMutations:
    """What may be done about meetings."""

    @command
    async def coordination_meeting_convene(
        self, info: Info, input: CoordinationMeetingConveneInput
    ) -> CoordinationMeetingPayload:
        """Call a meeting. What was put off to it, or to its day, stands on its agenda by itself."""
        return await _answer(
            info,
            input,
            lambda work: CoordinationMeetings(work).convene(
                code=input.code,
                kind=input.kind,
                title=input.title,
                body=input.body,
                starts_at=input.starts_at,
                ends_at=input.ends_at,
                zone=input.zone,
                place=input.place,
                platform=input.platform,
                host=input.host,
                rotation=input.rotation,
                turn=input.turn,
                compares_from=input.compares_from,
                compares_to=input.compares_to,
            ),
        )

    @command
    async def coordination_meeting_reschedule(
        self, info: Info, input: CoordinationMeetingRescheduleInput
    ) -> CoordinationMeetingPayload:
        """Give a meeting another time or place. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: CoordinationMeetings(work).reschedule(
                _subject(input),
                starts_at=input.starts_at,
                ends_at=input.ends_at,
                zone=input.zone,
                place=input.place,
                platform=input.platform,
            ),
        )

    @command
    async def coordination_meeting_invite(
        self, info: Info, input: CoordinationMeetingInviteInput
    ) -> CoordinationMeetingPayload:
        """Ask organizations to attend."""
        return await _answer(
            info,
            input,
            lambda work: CoordinationMeetings(work).invite(_subject(input), organizations=input.organizations),
        )

    @command
    async def coordination_meeting_add_item(
        self, info: Info, input: CoordinationMeetingAddItemInput
    ) -> CoordinationMeetingPayload:
        """Put a matter on the agenda."""
        about = input.recommendation
        return await _answer(
            info,
            input,
            lambda work: CoordinationMeetings(work).add_item(
                _subject(input),
                code=input.code,
                title=input.title,
                recommendation=reference(about, "Recommendation", field="recommendation") if about else None,
            ),
        )

    @command
    async def coordination_meeting_start(
        self, info: Info, input: CoordinationMeetingStartInput
    ) -> CoordinationMeetingPayload:
        """Begin a meeting."""
        return await _answer(info, input, lambda work: CoordinationMeetings(work).start(_subject(input)))

    @command
    async def coordination_meeting_record_attendance(
        self, info: Info, input: CoordinationMeetingRecordAttendanceInput
    ) -> CoordinationMeetingPayload:
        """Take down who attended for an organization: its focal point, an alternate, or a delegate."""
        return await _answer(
            info,
            input,
            lambda work: CoordinationMeetings(work).record_attendance(
                _subject(input),
                organization=input.organization,
                person=person_meant(input.person) if input.person else None,
                registration=_registration(input.registration) if input.registration else None,
            ),
        )

    @command
    async def coordination_meeting_dispose_item(
        self, info: Info, input: CoordinationMeetingDisposeItemInput
    ) -> CoordinationMeetingPayload:
        """Say what became of an item. What a body decides about a recommendation disposes of its item by itself."""
        return await _answer(
            info,
            input,
            lambda work: CoordinationMeetings(work).dispose_item(
                _subject(input),
                item=input.item,
                disposition=input.disposition,
                to_meeting=input.to_meeting,
                to_date=input.to_date,
                to_body=input.to_body,
            ),
        )

    @command
    async def coordination_meeting_record_decision(
        self, info: Info, input: CoordinationMeetingRecordDecisionInput
    ) -> CoordinationMeetingPayload:
        """Take down what a meeting decided that is not about a recommendation."""
        return await _answer(
            info,
            input,
            lambda work: CoordinationMeetings(work).record_decision(
                _subject(input), number=input.number, text=input.text, method=input.method, item=input.item
            ),
        )

    @command
    async def coordination_meeting_agree_action(
        self, info: Info, input: CoordinationMeetingAgreeActionInput
    ) -> CoordinationMeetingPayload:
        """Agree that an organization does something by a day."""
        return await _answer(
            info,
            input,
            lambda work: CoordinationMeetings(work).agree_action(
                _subject(input),
                code=input.code,
                text=input.text,
                organization=input.organization,
                region=input.region,
                due_on=input.due_on,
            ),
        )

    @command
    async def coordination_meeting_complete_action(
        self, info: Info, input: CoordinationMeetingCompleteActionInput
    ) -> CoordinationMeetingPayload:
        """Say that an action point was done, with evidence."""
        return await _answer(
            info,
            input,
            lambda work: CoordinationMeetings(work).complete_action(
                _subject(input), code=input.code, evidence=input.evidence
            ),
        )

    @command
    async def coordination_meeting_drop_action(
        self, info: Info, input: CoordinationMeetingDropActionInput
    ) -> CoordinationMeetingPayload:
        """Give an action point up. Needs a reason."""
        return await _answer(
            info, input, lambda work: CoordinationMeetings(work).drop_action(_subject(input), code=input.code)
        )

    @command
    async def coordination_meeting_conclude(
        self, info: Info, input: CoordinationMeetingConcludeInput
    ) -> CoordinationMeetingPayload:
        """End a meeting. Its rotation offers the next turn."""
        return await _answer(info, input, lambda work: CoordinationMeetings(work).conclude(_subject(input)))

    @command
    async def coordination_meeting_finalize_minutes(
        self, info: Info, input: CoordinationMeetingFinalizeMinutesInput
    ) -> CoordinationMeetingPayload:
        """Let the minutes stand, once every item of the agenda is disposed of."""
        return await _answer(
            info, input, lambda work: CoordinationMeetings(work).finalize_minutes(_subject(input), notes=input.notes)
        )

    @command
    async def coordination_meeting_correct_minutes(
        self, info: Info, input: CoordinationMeetingCorrectMinutesInput
    ) -> CoordinationMeetingPayload:
        """Let final minutes read otherwise: a new version of them. Needs a reason."""
        return await _answer(
            info, input, lambda work: CoordinationMeetings(work).correct_minutes(_subject(input), notes=input.notes)
        )

    @command
    async def coordination_meeting_cancel(
        self, info: Info, input: CoordinationMeetingCancelInput
    ) -> CoordinationMeetingPayload:
        """Call a meeting off: its items go on to the body's next, its turn back to the rotation. Needs a reason."""
        return await _answer(info, input, lambda work: CoordinationMeetings(work).cancel(_subject(input)))


def _subject(input: ChangeInput) -> UUID | str:
    return reference(input.id, "CoordinationMeeting")


def _registration(id: strawberry.ID) -> UUID:
    """The registration that an id names. Registrations have no code: `NotFound` for one."""
    found = reference(id, "Registration", field="registration")
    if isinstance(found, str):
        raise NotFound(kind="Registration", reference=found)
    return found
