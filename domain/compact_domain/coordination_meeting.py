"""Meetings of the Compact's bodies: agenda, attendance, decisions, action points, minutes, and what goes to the next.

An agenda's items have histories of their own (`agenda.py`), so that one that waits for an announcement hides itself
and nothing else of its meeting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Meta
from msgspec.structs import replace

from compact_domain.agenda import AgendaItem, AgendaPlace, ItemState, open_on, undisclosed_in
from compact_domain.catalogue import GLOBAL, BodyKind, Entry, EntryKind, require_entries
from compact_domain.focal_point import FocalPoint, open_work, person_claims
from compact_domain.kernel import (
    Actor,
    Aggregate,
    Code,
    Command,
    Commands,
    Concerns,
    Forbidden,
    InvalidInput,
    NotFound,
    PersonDetails,
    RuleViolation,
    Sealed,
    Starts,
    Store,
    Value,
    alarm,
    end_of_day,
    instant,
)
from compact_domain.organization import Organization, require_organization
from compact_domain.policy import sees_withheld
from compact_domain.recommendation import Decision, Recommendation
from compact_domain.registration import Registration
from compact_domain.rotation import Rotation, turn_meeting
from compact_domain.vocabulary import BodyAct, Method, Text, Title, Zone

RULES: Mapping[str, str] = {
    "coordination_meeting.times": (
        "A meeting ends after it starts, within two weeks, and lies no more than ten years from today."
    ),
    "coordination_meeting.body": (
        "The Coordination Committee holds committee meetings, a working group its sessions, a rotation its meetings."
    ),
    "coordination_meeting.turn": (
        "A rotation's meeting is convened for a turn that its host has accepted, or that is the secretariat's."
    ),
    "coordination_meeting.turn_taken": "For a turn of a rotation one meeting is convened, until it is cancelled.",
    "coordination_meeting.moments": "A review compares a moment of the past with a later one of the past.",
    "coordination_meeting.reviewed": "The same two moments are reviewed once.",
    "coordination_meeting.convened": "A meeting is convened once.",
    "coordination_meeting.before_session": "Before a meeting sits, items are only dropped from its agenda.",
    "coordination_meeting.recommendation": (
        "What a body decides about a recommendation before it is stated on the recommendation, and disposes the item."
    ),
    "coordination_meeting.deferral": (
        "An item is put off either to another meeting of its body that is not over, or to a day after its meeting."
    ),
    "coordination_meeting.decision": "The number of a decision is given once in a meeting.",
    "coordination_meeting.action": "The code of an action point is given once in a meeting.",
    "coordination_meeting.action_open": "An action point is completed or dropped once.",
    "coordination_meeting.due_date": "An action is due no earlier than the day it is agreed on, within ten years.",
    "coordination_meeting.attendee": "Who attends by a registration attends for the organization registered for.",
    "coordination_meeting.undisposed": "Minutes are final once every item of the agenda is disposed of.",
}
CLAIMS: Mapping[str, str] = {
    "convened": "coordination_meeting.convened",
    "turn-meeting": "coordination_meeting.turn_taken",
    "review": "coordination_meeting.reviewed",
}

LONGEST = timedelta(days=14)
FARTHEST = timedelta(days=3653)
REMIND = "coordination_meeting.remind"


class MeetingState(StrEnum):
    """Where a meeting stands, from its convening to its final minutes."""

    CONVENED = "convened"
    IN_SESSION = "in_session"
    CONCLUDED = "concluded"
    MINUTES_FINAL = "minutes_final"
    CANCELLED = "cancelled"


class MeetingKind(StrEnum):
    """What a meeting is."""

    COORDINATION_MEETING = "coordination_meeting"
    COMMITTEE_MEETING = "committee_meeting"
    WORKING_GROUP_SESSION = "working_group_session"
    CONSULTATION = "consultation"
    SIDE_EVENT = "side_event"
    STRATEGIC_REVIEW = "strategic_review"


HELD_BY: Mapping[MeetingKind, BodyKind] = {
    MeetingKind.COORDINATION_MEETING: BodyKind.ROTATION,
    MeetingKind.COMMITTEE_MEETING: BodyKind.COORDINATION_COMMITTEE,
    MeetingKind.WORKING_GROUP_SESSION: BodyKind.WORKING_GROUP,
}
"""The kind of body that holds a meeting, where that is not left open."""


class Disposition(StrEnum):
    """What a meeting does with an item of its agenda."""

    DECIDED = "decided"
    DEFERRED = "deferred"
    REFERRED = "referred"
    DROPPED = "dropped"


class Capacity(StrEnum):
    """As what somebody attends for an organization; it follows from who its focal points are at that moment."""

    FOCAL_POINT = "focal_point"
    ALTERNATE = "alternate"
    DELEGATE = "delegate"


class ActionState(StrEnum):
    """How an action point stands. That it is overdue follows from the moment."""

    OPEN = "open"
    COMPLETED = "completed"
    DROPPED = "dropped"


_AHEAD = {MeetingState.CONVENED}
_TAKES_ITEMS = {MeetingState.CONVENED, MeetingState.IN_SESSION}
_RECORDED = {MeetingState.IN_SESSION, MeetingState.CONCLUDED}
_FOLLOWED_UP = {*_RECORDED, MeetingState.MINUTES_FINAL}

MAY_START_FROM: Starts = {
    "reschedule": _AHEAD,
    "invite": _TAKES_ITEMS,
    "add_item": _TAKES_ITEMS,
    "start": _AHEAD,
    "record_attendance": _RECORDED,
    "dispose_item": {*_TAKES_ITEMS, MeetingState.CONCLUDED},
    "record_decision": _RECORDED,
    "agree_action": _RECORDED,
    "complete_action": _FOLLOWED_UP,
    "drop_action": _FOLLOWED_UP,
    "remind": _FOLLOWED_UP,
    "conclude": {MeetingState.IN_SESSION},
    "finalize_minutes": {MeetingState.CONCLUDED},
    "correct_minutes": {MeetingState.MINUTES_FINAL},
    "disclose_item": {MeetingState.MINUTES_FINAL},
    "cancel": _AHEAD,
}
PENDING = frozenset({Decision.UNDER_REVIEW, Decision.IN_SILENCE, Decision.DEFERRED, Decision.REFERRED})
"""States of a recommendation that a body is still to decide about."""
HOSTS = frozenset(
    {
        "add_item",
        "start",
        "record_attendance",
        "dispose_item",
        "record_decision",
        "agree_action",
        "conclude",
    }
)
"""Verbs that are the host's too where a rotation meets."""

Instant = Annotated[datetime, Meta(tz=True)]
Where = Annotated[str, Meta(min_length=1, max_length=300)]
Place = Annotated[Where | None, Meta(description="where it sits; null: over the platform alone, or not known yet")]
Platform = Annotated[Where | None, Meta(description="the virtual platform; null: in one place alone, or not known yet")]
OfMeeting = Annotated[Code, Meta(description="code of the meeting")]
MeetingBody = Annotated[Code, Meta(description="code of the body that meets")]
Number = Annotated[str, Meta(min_length=1, max_length=64)]
MinutesVersion = Annotated[int, Meta(ge=1, description="version of the minutes, from 1")]


class MeetingTime(Value, frozen=True, kw_only=True):
    """When a meeting sits, and in whose time that is said."""

    starts_at: Annotated[Instant, Meta(description="instant, in UTC")]
    ends_at: Annotated[Instant, Meta(description="instant, in UTC")]
    zone: Zone

    @classmethod
    def at(cls, *, starts_at: datetime, ends_at: datetime, zone: str, now: datetime) -> MeetingTime:
        """A time as a caller gives it. `InvalidInput` for no zone or no offset, rule `coordination_meeting.times`."""
        problems = [
            (field, "needs an offset") for field, at in (("startsAt", starts_at), ("endsAt", ends_at)) if not at.tzinfo
        ]
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            problems.append(("zone", "is no IANA time zone"))
        if problems:
            raise InvalidInput(fields=problems)
        in_order = starts_at < ends_at and ends_at - starts_at <= LONGEST
        if not in_order or abs(starts_at - now) > FARTHEST:
            details = {"starts_at": _text(starts_at), "ends_at": _text(ends_at)}
            raise RuleViolation("coordination_meeting.times", details=details)
        return cls(starts_at=starts_at.astimezone(UTC), ends_at=ends_at.astimezone(UTC), zone=zone)

    @property
    def day(self) -> date:
        """The day it starts on, in its zone."""
        return self.starts_at.astimezone(ZoneInfo(self.zone)).date()


Time = Annotated[MeetingTime, Meta(description="when it sits")]


class ComparedMoments(Value, frozen=True, kw_only=True):
    """The two moments that a strategic review compares."""

    earlier: Annotated[Instant, Meta(description="instant, in UTC")]
    later: Annotated[Instant, Meta(description="instant, in UTC")]

    @classmethod
    def of(cls, earlier: datetime, later: datetime, *, now: datetime) -> ComparedMoments:
        """The moments as a caller gives them. Rule `coordination_meeting.moments`."""
        if not earlier < later <= now:
            details = {"earlier": _text(earlier), "later": _text(later), "now": _text(now)}
            raise RuleViolation("coordination_meeting.moments", details=details)
        return cls(earlier=earlier.astimezone(UTC), later=later.astimezone(UTC))

    @property
    def claim(self) -> str:
        return f"review:{instant(self.earlier)}:{instant(self.later)}"


class HostedTurn(Value, frozen=True, kw_only=True):
    """The turn of a rotation that a meeting is held for."""

    rotation: Annotated[Code, Meta(description="code of the rotation")]
    turn: Annotated[int, Meta(ge=1, description="which turn of it, from 1")]

    @property
    def claim(self) -> str:
        return turn_meeting(self.rotation, self.turn)


class AgreedAction(Value, frozen=True, kw_only=True):
    """Who is to do something that a meeting agreed on, and by when: open work, and an alarm, until it is done."""

    meeting: OfMeeting
    code: Annotated[Code, Meta(description="code of the action point, unique in its meeting")]
    organization: Annotated[Code, Meta(description="code of the organization that is to do it")]
    region: Annotated[
        Code | None,
        Meta(description="region whose focal point of that organization looks after it; null: no region's"),
    ] = None
    due_on: Annotated[date, Meta(description="the last day; it ends at 24:00 in its zone")]
    zone: Zone

    @property
    def falls_due(self) -> str:
        """The alarm at the end of its last day."""
        return alarm(end_of_day(self.due_on, self.zone), REMIND, f"{self.meeting}/{self.code}")

    @property
    def claims(self) -> list[str]:
        """What it holds while it is open. Without a region it is work of the organization as a whole."""
        answerable = self.region or GLOBAL
        work = open_work(self.organization, answerable, CoordinationMeeting.TOPIC, self.meeting, self.code)
        return [work, self.falls_due]


Action = Annotated[AgreedAction, Meta(description="which action point, whose, and by when")]


class ActionPoint(Value, frozen=True, kw_only=True):
    """An action point as far as later decisions depend on it."""

    agreed: AgreedAction
    text: str
    state: ActionState = ActionState.OPEN
    fell_due: bool = False
    evidence: int = 0


class MeetingDecision(Value, frozen=True, kw_only=True):
    """What a meeting decided that is not about a recommendation."""

    text: str
    method: Method
    item: str | None


class CoordinationMeeting(Aggregate):
    """A meeting of a body, from its convening to the final minutes."""

    TOPIC = "coordination_meeting"
    MAY_START_FROM = MAY_START_FROM

    def __init__(
        self,
        *,
        code: str,
        kind: MeetingKind,
        title: str,
        body: str,
        time: MeetingTime,
        place: str | None,
        platform: str | None,
        host: str | None,
        hosted: HostedTurn | None,
        compared: ComparedMoments | None,
    ) -> None:
        self.code, self.kind, self.title, self.body = code, kind, title, body
        self.time, self.place, self.platform = time, place, platform
        self.host, self.hosted, self.compared = host, hosted, compared
        self.meeting_state = MeetingState.CONVENED
        self.invited: tuple[str, ...] = ()
        self.attending: frozenset[tuple[str, UUID]] = frozenset()
        self.decisions: dict[str, MeetingDecision] = {}
        self.actions: dict[str, ActionPoint] = {}
        self.minutes_version = 0
        self.withheld = False
        """Whether its final minutes tell of decisions that are not announced."""

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a meeting."""

    @property
    def state(self) -> str:
        return self.meeting_state

    @property
    def takes_items(self) -> bool:
        """Whether something may still come on its agenda."""
        return self.meeting_state in _TAKES_ITEMS

    @property
    def chaired(self) -> tuple[str, ...]:
        """The body whose chair may act in its place: that of a working group's session."""
        return (self.body,) if self.kind is MeetingKind.WORKING_GROUP_SESSION else ()

    @property
    def hosting(self) -> tuple[str, ...]:
        """The organization that hosts it for a rotation."""
        return (self.host,) if self.hosted and self.host else ()

    def concerns(self) -> Concerns:
        return Concerns(bodies=frozenset(self.chaired), organizations=frozenset(self.hosting))

    def concerns_of(self, verb: str, by: Actor) -> Concerns:
        """The host prepares and records a rotation's meeting; an action point is of the organization that has it."""
        if verb == "complete_action":
            answerable = {
                point.agreed.organization for point in self.actions.values() if point.state is ActionState.OPEN
            }
            return Concerns(bodies=frozenset(self.chaired), organizations=frozenset(answerable))
        return self.concerns() if verb in HOSTS else Concerns(bodies=frozenset(self.chaired))

    def _no(self, rule: str, **details: str | int) -> RuleViolation:
        return RuleViolation(rule, state=self.state, allowed=self._verbs(), details=details)

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """A meeting of a body was called for a day."""

        TOPIC: ClassVar[str] = "coordination_meeting.convened"
        code: Annotated[Code, Meta(description="unique among meetings")]
        kind: Annotated[MeetingKind, Meta(description="what it is")]
        title: Annotated[Title, Meta(description="what it is called")]
        body: MeetingBody
        time: Time
        place: Place = None
        platform: Platform = None
        host: Annotated[Code | None, Meta(description="code of the organization that hosts it")] = None
        hosted: Annotated[HostedTurn | None, Meta(description="the turn of a rotation that it is held for")] = None
        compared: Annotated[ComparedMoments | None, Meta(description="what a strategic review compares")] = None

        def takes(self) -> Sequence[str]:
            return [_convened(self.body, self.time, self.code), *_unique(self.hosted, self.compared)]

    @classmethod
    def convene(
        cls,
        *,
        code: str,
        kind: MeetingKind,
        title: str,
        body: str,
        time: MeetingTime,
        cmd: Command,
        place: str | None = None,
        platform: str | None = None,
        host: str | None = None,
        hosted: HostedTurn | None = None,
        compared: ComparedMoments | None = None,
    ) -> CoordinationMeeting:
        return cls._begin(
            cls.Created(
                **cls._first(cls.identify(code), cmd),
                code=code,
                kind=kind,
                title=title,
                body=body,
                time=time,
                place=place,
                platform=platform,
                host=host,
                hosted=hosted,
                compared=compared,
            )
        )

    def reschedule(self, *, time: MeetingTime, place: str | None, platform: str | None, cmd: Command) -> None:
        if (self.time, self.place, self.platform) == (time, place, platform):
            return
        self._may("reschedule", cmd)
        self._states(
            self.Rescheduled(
                **self._next(cmd),
                code=self.code,
                body=self.body,
                time=time,
                before=self.time,
                place=place,
                platform=platform,
            )
        )

    class Rescheduled(Event, frozen=True, kw_only=True):
        """It sits at another time or place, all of which is said anew."""

        TOPIC: ClassVar[str] = "coordination_meeting.rescheduled"
        code: OfMeeting
        body: MeetingBody
        time: Time
        before: Annotated[MeetingTime, Meta(description="when it was to sit")]
        place: Place = None
        platform: Platform = None

        def takes(self) -> Sequence[str]:
            return [_convened(self.body, self.time, self.code)]

        def releases(self) -> Sequence[str]:
            return [_convened(self.body, self.before, self.code)]

        def apply(self, it: CoordinationMeeting) -> None:
            it.time, it.place, it.platform = self.time, self.place, self.platform

    def invite(self, *, organizations: Sequence[str], cmd: Command) -> None:
        new = tuple(sorted({*organizations} - {*self.invited}))
        if not new:
            return
        self._may("invite", cmd)
        self._states(self.Invited(**self._next(cmd), organizations=new))

    class Invited(Event, frozen=True, kw_only=True):
        """Organizations were asked to attend, besides those that were before."""

        TOPIC: ClassVar[str] = "coordination_meeting.invited"
        organizations: Annotated[tuple[Code, ...], Meta(min_length=1, description="codes of those invited now")]

        def apply(self, it: CoordinationMeeting) -> None:
            it.invited = (*it.invited, *self.organizations)

    def require(self, verb: str, cmd: Command) -> None:
        """Refuse what states nothing of the meeting itself, but of its agenda, unless it may start."""
        self._may(verb, cmd)

    def start(self, *, cmd: Command) -> None:
        if self.meeting_state is MeetingState.IN_SESSION:
            return
        self._may("start", cmd)
        self._states(self.Started(**self._next(cmd), code=self.code, body=self.body, time=self.time))

    class Started(Event, frozen=True, kw_only=True):
        """The meeting began."""

        TOPIC: ClassVar[str] = "coordination_meeting.started"
        code: OfMeeting
        body: MeetingBody
        time: Annotated[MeetingTime, Meta(description="when it was to sit")]

        def releases(self) -> Sequence[str]:
            return [_convened(self.body, self.time, self.code)]

        def apply(self, it: CoordinationMeeting) -> None:
            it.meeting_state = MeetingState.IN_SESSION

    def record_attendance(
        self,
        *,
        organization: str,
        subject: UUID,
        capacity: Capacity,
        cmd: Command,
        registration: UUID | None = None,
        details_hash: str | None = None,
    ) -> None:
        if (organization, subject) in self.attending:
            return
        self._may("record_attendance", cmd)
        self._states(
            self.AttendanceRecorded(
                **self._next(cmd),
                organization=organization,
                subject=subject,
                capacity=capacity,
                registration=registration,
                details_hash=details_hash,
            )
        )

    class AttendanceRecorded(Event, frozen=True, kw_only=True):
        """Somebody attended for an organization."""

        TOPIC: ClassVar[str] = "coordination_meeting.attendance_recorded"
        CONFIDENTIAL: ClassVar[frozenset[str]] = frozenset(
            {"capacity", "details_hash", "organization", "registration", "subject"}
        )
        organization: Annotated[Code, Meta(description="code of the organization attended for")]
        subject: Annotated[UUID, Meta(description="who attended")]
        capacity: Annotated[Capacity, Meta(description="as its focal point, as an alternate, or as neither")]
        registration: Annotated[UUID | None, Meta(description="registration for a retreat that names the person")] = (
            None
        )
        details_hash: Annotated[str | None, Meta(description="salted hash of the person's details as they were")] = None

        def apply(self, it: CoordinationMeeting) -> None:
            it.attending |= {(self.organization, self.subject)}

    def record_decision(self, *, number: str, decision: MeetingDecision, cmd: Command) -> None:
        if self.decisions.get(number) == decision:
            return
        self._may("record_decision", cmd)
        if number in self.decisions:
            raise self._no("coordination_meeting.decision", number=number)
        self._states(
            self.DecisionRecorded(
                **self._next(cmd), number=number, text=decision.text, method=decision.method, item=decision.item
            )
        )

    class DecisionRecorded(Event, frozen=True, kw_only=True):
        """The meeting decided something that is not about a recommendation."""

        TOPIC: ClassVar[str] = "coordination_meeting.decision_recorded"
        CONFIDENTIAL: ClassVar[frozenset[str]] = frozenset({"item", "method", "number", "text"})
        number: Annotated[Number, Meta(description="number of the decision, unique in its meeting")]
        text: Annotated[Text, Meta(description="what was decided")]
        method: Annotated[Method, Meta(description="how the meeting came to it")]
        item: Annotated[Code | None, Meta(description="code of the item of the agenda it was taken under")] = None

        def apply(self, it: CoordinationMeeting) -> None:
            it.decisions[self.number] = MeetingDecision(text=self.text, method=self.method, item=self.item)

    def agree_action(self, *, agreed: AgreedAction, text: str, cmd: Command) -> None:
        standing = self.actions.get(agreed.code)
        if standing and (standing.agreed, standing.text) == (agreed, text):
            return
        self._may("agree_action", cmd)
        if standing:
            raise self._no("coordination_meeting.action", code=agreed.code)
        latest = cmd.today + FARTHEST
        if not cmd.effective <= agreed.due_on <= latest:
            raise self._no(
                "coordination_meeting.due_date", earliest=cmd.effective.isoformat(), latest=latest.isoformat()
            )
        self._states(self.ActionAgreed(**self._next(cmd), action=agreed, text=text))

    class ActionAgreed(Event, frozen=True, kw_only=True):
        """The meeting agreed that an organization does something by a day."""

        TOPIC: ClassVar[str] = "coordination_meeting.action_agreed"
        CONFIDENTIAL: ClassVar[frozenset[str]] = frozenset({"action", "text"})
        action: Action
        text: Annotated[Text, Meta(description="what is to be done")]

        def takes(self) -> Sequence[str]:
            return self.action.claims

        def apply(self, it: CoordinationMeeting) -> None:
            it.actions[self.action.code] = ActionPoint(agreed=self.action, text=self.text)

    def remind(self, *, code: str, cmd: Command) -> None:
        """State that an action point has fallen due, which it has without that too."""
        action = self.action(code)
        if action.fell_due or action.state is not ActionState.OPEN:
            return
        self._may("remind", cmd)
        self._states(self.ActionFellDue(**self._next(cmd), action=action.agreed))

    class ActionFellDue(Event, frozen=True, kw_only=True):
        """The last day for an action point is over, and it is neither completed nor dropped."""

        TOPIC: ClassVar[str] = "coordination_meeting.action_fell_due"
        CONFIDENTIAL: ClassVar[frozenset[str]] = frozenset({"action"})
        action: Action

        def releases(self) -> Sequence[str]:
            return (self.action.falls_due,)

        def apply(self, it: CoordinationMeeting) -> None:
            it._change_action(self.action, fell_due=True)

    def complete_action(self, *, code: str, evidence: Sequence[Sealed], cmd: Command) -> None:
        action = self.action(code)
        if (action.state, action.evidence) == (ActionState.COMPLETED, len(evidence)):
            return
        self._may("complete_action", cmd)
        self._require_open(code)
        self._states(self.ActionCompleted(**self._next(cmd), action=action.agreed, evidence=tuple(evidence)))

    class ActionCompleted(Event, frozen=True, kw_only=True):
        """An action point was done, on this evidence."""

        TOPIC: ClassVar[str] = "coordination_meeting.action_completed"
        CONFIDENTIAL: ClassVar[frozenset[str]] = frozenset({"action"})
        action: Action
        evidence: Annotated[tuple[Sealed, ...], Meta(min_length=1, description="documents and other proof, one each")]

        def releases(self) -> Sequence[str]:
            return self.action.claims

        def apply(self, it: CoordinationMeeting) -> None:
            it._change_action(self.action, state=ActionState.COMPLETED, evidence=len(self.evidence))

    def drop_action(self, *, code: str, cmd: Command) -> None:
        action = self.action(code)
        if action.state is ActionState.DROPPED:
            return
        self._may("drop_action", cmd)
        self._require_open(code)
        self._states(self.ActionDropped(**self._next(cmd), action=action.agreed))

    class ActionDropped(Event, frozen=True, kw_only=True):
        """An action point is not pursued."""

        TOPIC: ClassVar[str] = "coordination_meeting.action_dropped"
        CONFIDENTIAL: ClassVar[frozenset[str]] = frozenset({"action"})
        action: Action

        def releases(self) -> Sequence[str]:
            return self.action.claims

        def apply(self, it: CoordinationMeeting) -> None:
            it._change_action(self.action, state=ActionState.DROPPED)

    def conclude(self, *, cmd: Command) -> None:
        if self.meeting_state is MeetingState.CONCLUDED:
            return
        self._may("conclude", cmd)
        self._states(self.Concluded(**self._next(cmd), hosted=self.hosted))

    class Concluded(Event, frozen=True, kw_only=True):
        """The meeting ended; its record may still be completed."""

        TOPIC: ClassVar[str] = "coordination_meeting.concluded"
        hosted: Annotated[HostedTurn | None, Meta(description="the turn of a rotation that it was held for")] = None

        def apply(self, it: CoordinationMeeting) -> None:
            it.meeting_state = MeetingState.CONCLUDED

    def finalize_minutes(
        self, *, undisposed: Sequence[str], withheld: bool, notes: Sealed | None, cmd: Command
    ) -> None:
        """Let the record stand as it is. `withheld`: it tells of decisions that are not announced yet."""
        if self.meeting_state is MeetingState.MINUTES_FINAL and notes is None:
            return
        self._may("finalize_minutes", cmd)
        if undisposed:
            raise self._no("coordination_meeting.undisposed", undisposed=len(undisposed), items=" ".join(undisposed))
        self._states(self.MinutesFinalized(**self._next(cmd), version=1, notes=notes, withheld=withheld))

    class MinutesFinalized(Event, frozen=True, kw_only=True):
        """The record of the meeting stands as it was then; from there on it is corrected, not completed."""

        TOPIC: ClassVar[str] = "coordination_meeting.minutes_finalized"
        version: MinutesVersion
        notes: Annotated[Sealed | None, Meta(description="what the minutes say beyond the record")] = None
        withheld: Annotated[
            bool, Meta(description="they tell of decisions that are not announced, and are withheld until those are")
        ] = False

        def apply(self, it: CoordinationMeeting) -> None:
            it.meeting_state, it.minutes_version = MeetingState.MINUTES_FINAL, self.version
            it.withheld = self.withheld

    def correct_minutes(self, *, notes: Sealed, cmd: Command) -> None:
        self._may("correct_minutes", cmd)
        self._states(self.MinutesCorrected(**self._next(cmd), version=self.minutes_version + 1, notes=notes))

    class MinutesCorrected(Event, frozen=True, kw_only=True):
        """The final minutes were not right; they read anew, and the versions before are kept."""

        TOPIC: ClassVar[str] = "coordination_meeting.minutes_corrected"
        version: MinutesVersion
        notes: Annotated[Sealed, Meta(description="how they read now")]

        def apply(self, it: CoordinationMeeting) -> None:
            it.minutes_version = self.version

    def disclose_minutes(self, *, cmd: Command) -> None:
        if not self.withheld:
            return
        self._may("disclose_item", cmd)
        self._states(self.MinutesDisclosed(**self._next(cmd)))

    class MinutesDisclosed(Event, frozen=True, kw_only=True):
        """The last decision that its final minutes tell of was announced: they are withheld no longer."""

        TOPIC: ClassVar[str] = "coordination_meeting.minutes_disclosed"

        def apply(self, it: CoordinationMeeting) -> None:
            it.withheld = False

    def cancel(self, *, cmd: Command) -> None:
        if self.meeting_state is MeetingState.CANCELLED:
            return
        self._may("cancel", cmd)
        self._states(
            self.Cancelled(
                **self._next(cmd),
                code=self.code,
                body=self.body,
                time=self.time,
                hosted=self.hosted,
                compared=self.compared,
            )
        )

    class Cancelled(Event, frozen=True, kw_only=True):
        """The meeting will not take place. Its open items go on to the body's next, its turn back to the rotation."""

        TOPIC: ClassVar[str] = "coordination_meeting.cancelled"
        code: OfMeeting
        body: MeetingBody
        time: Annotated[MeetingTime, Meta(description="when it was to sit")]
        hosted: Annotated[HostedTurn | None, Meta(description="the turn of a rotation that it was held for")] = None
        compared: Annotated[ComparedMoments | None, Meta(description="what it was to compare")] = None

        def releases(self) -> Sequence[str]:
            return [_convened(self.body, self.time, self.code), *_unique(self.hosted, self.compared)]

        def apply(self, it: CoordinationMeeting) -> None:
            it.meeting_state = MeetingState.CANCELLED

    def action(self, code: str) -> ActionPoint:
        """An action point that was agreed. `NotFound`."""
        if (found := self.actions.get(code)) is None:
            raise NotFound(kind="ActionPoint", reference=code)
        return found

    def _change_action(self, action: AgreedAction, **changes: Any) -> None:
        self.actions[action.code] = replace(self.actions[action.code], **changes)

    def _require_open(self, code: str) -> None:
        if (action := self.actions[code]).state is not ActionState.OPEN:
            raise self._no("coordination_meeting.action_open", code=code, is_now=action.state.value)


def first_meeting(store: Store, body: str, on_or_after: date, *, other_than: str | None = None) -> str | None:
    """Code of a body's first meeting on or after a day that is convened and has not begun."""
    day_before = (on_or_after - timedelta(days=1)).isoformat()  # a day may begin as much earlier elsewhere
    prefix = f"convened:{body}:"
    for key in store.claims(prefix):
        code = key.rpartition(":")[2]
        if key.removeprefix(prefix) >= day_before and code != other_than:
            meeting = store.load(CoordinationMeeting, CoordinationMeeting.identify(code))
            if meeting is not None and meeting.time.day >= on_or_after:
                return code
    return None


def _convened(body: str, time: MeetingTime, code: str) -> str:
    """The claim by which the meetings that a body has ahead are found, in the order of time."""
    return f"convened:{body}:{instant(time.starts_at)}:{code}"


def _unique(hosted: HostedTurn | None, compared: ComparedMoments | None) -> list[str]:
    return [unique.claim for unique in (hosted, compared) if unique]


def _require_said(
    kind: MeetingKind, *, of_a_rotation: Mapping[str, object], of_a_review: Mapping[str, object], body: str | None
) -> None:
    """Refuse what is missing for a kind of meeting, and what is said of another kind alone."""
    problems = [] if body else [("body", "is needed")]
    for said, meant in ((of_a_rotation, MeetingKind.COORDINATION_MEETING), (of_a_review, MeetingKind.STRATEGIC_REVIEW)):
        for field, value in said.items():
            if kind is meant and value is None:
                problems.append((field, f"is needed for a {kind.value}"))
            elif kind is not meant and value is not None and field != "host":
                problems.append((field, f"is not said of a {kind.value}"))
    if body and (rotation := of_a_rotation["rotation"]) and body != rotation:
        problems.append(("body", "is the rotation itself"))
    if problems:
        raise InvalidInput(fields=problems)


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class CoordinationMeetings(Commands):
    """What may be asked of meetings. A meeting is named by id or code, an item or an action point by code in it."""

    def convene(
        self,
        *,
        code: str,
        kind: MeetingKind,
        title: str,
        starts_at: datetime,
        ends_at: datetime,
        zone: str,
        body: str | None = None,
        place: str | None = None,
        platform: str | None = None,
        host: str | None = None,
        rotation: str | None = None,
        turn: int | None = None,
        compares_from: datetime | None = None,
        compares_to: datetime | None = None,
    ) -> CoordinationMeeting:
        """Call a meeting. Of a rotation, `rotation`, `turn` and `host` are said; of a review, what it compares."""
        self._about(CoordinationMeeting.identify(code))
        meets = body or rotation
        self._allow(bodies=[meets] if meets and kind is MeetingKind.WORKING_GROUP_SESSION else [])
        _require_said(
            kind,
            of_a_rotation={"rotation": rotation, "turn": turn, "host": host},
            of_a_review={"comparesFrom": compares_from, "comparesTo": compares_to},
            body=meets,
        )
        now = self._work.now
        new = CoordinationMeeting.convene(
            code=code,
            kind=kind,
            title=title,
            body=meets or "",
            time=MeetingTime.at(starts_at=starts_at, ends_at=ends_at, zone=zone, now=now),
            place=place,
            platform=platform,
            host=host,
            hosted=HostedTurn(rotation=rotation, turn=turn) if rotation and turn else None,
            compared=ComparedMoments.of(compares_from, compares_to, now=now) if compares_from and compares_to else None,
            cmd=self._cmd,
        )
        it = self._add(new)
        if it is new:
            if it.host:
                require_organization(self._work, it.host)
            self._require_turn(it)
            self._require_body(it)
            self._require_unreviewed(it)
        return it

    def _require_body(self, it: CoordinationMeeting) -> None:
        entry = require_entries(self._work, EntryKind.BODY, [it.body], field="body")[0]
        kind = cast("Entry.Created", entry.first).body_kind
        if HELD_BY.get(it.kind, kind) is not kind:
            details = {"kind": it.kind.value, "body": it.body, "body_kind": kind.value if kind else ""}
            raise RuleViolation("coordination_meeting.body", details=details)

    def _require_turn(self, it: CoordinationMeeting) -> None:
        if it.hosted is None:
            return
        host = self._get(Rotation, it.hosted.rotation).host_of(it.hosted.turn)
        if host is None or it.host != host:
            raise RuleViolation(
                "coordination_meeting.turn",
                allowed=["rotation.offer", "rotation.accept"],
                details={"turn": it.hosted.turn, "host": host or ""},
            )
        if (other := self._holder(it.hosted.claim)) is not None:
            raise RuleViolation("coordination_meeting.turn_taken", details={"turn": it.hosted.turn, "meeting": other})

    def _require_unreviewed(self, it: CoordinationMeeting) -> None:
        if it.compared and (other := self._holder(it.compared.claim)):
            raise RuleViolation("coordination_meeting.reviewed", details={"meeting": other})

    def _holder(self, claim: str) -> str | None:
        """Code of the meeting that holds a claim."""
        holder = self._work.store.holder(claim)
        return self._get(CoordinationMeeting, holder).code if holder else None

    def reschedule(
        self,
        meeting: UUID | str,
        *,
        starts_at: datetime,
        ends_at: datetime,
        zone: str | None = None,
        place: str | None = None,
        platform: str | None = None,
    ) -> CoordinationMeeting:
        """Give a meeting another time or place. Place and platform are said anew; a zone left out stays."""
        it = self._subject(meeting)
        time = MeetingTime.at(starts_at=starts_at, ends_at=ends_at, zone=zone or it.time.zone, now=self._work.now)
        it.reschedule(time=time, place=place, platform=platform, cmd=self._cmd)
        return it

    def invite(self, meeting: UUID | str, *, organizations: Sequence[str]) -> CoordinationMeeting:
        it = self._subject(meeting)
        if not organizations:
            raise InvalidInput(fields=[("organizations", "names none")])
        for organization in {*organizations} - {*it.invited}:
            require_organization(self._work, organization)
        it.invite(organizations=organizations, cmd=self._cmd)
        return it

    def add_item(
        self,
        meeting: UUID | str,
        *,
        code: str | None = None,
        title: str | None = None,
        recommendation: UUID | str | None = None,
    ) -> CoordinationMeeting:
        """Put a matter on the agenda: a recommendation, which has its code already, or another one under a new code."""
        it = self._subject(meeting)
        if (code is None) == (recommendation is None):
            raise InvalidInput(fields=[("code", "is given, or a recommendation is")])
        about = self._known(recommendation) if recommendation else None
        named = about.code if about else code or ""
        called = title or (about.title or about.code if about else None)
        if called is None:
            raise InvalidInput(fields=[("title", "is needed for what is no recommendation")])
        place = AgendaPlace(meeting=it.code, body=it.body, code=named, recommendation=about.code if about else None)
        standing = self._find(AgendaItem, place.item)
        if standing is None:
            it.require("add_item", self._cmd)
            it.require_begun(self._cmd.effective)
            self._add(AgendaItem.add(place=place, title=called, cmd=self._cmd))
            return it
        self._require_known(standing)
        same = standing.place.recommendation == place.recommendation and title in (None, standing.title)
        if not (standing.open and same):
            it.require("add_item", self._cmd)
            raise RuleViolation("code.taken")
        return it

    def start(self, meeting: UUID | str) -> CoordinationMeeting:
        it = self._subject(meeting)
        it.start(cmd=self._cmd)
        return it

    def record_attendance(
        self,
        meeting: UUID | str,
        *,
        organization: str,
        person: UUID | PersonDetails | None = None,
        registration: UUID | None = None,
    ) -> CoordinationMeeting:
        """Take down that somebody attended for an organization: a person, or who stands in a registration."""
        it = self._subject(meeting)
        if (person is None) == (registration is None):
            raise InvalidInput(fields=[("person", "is given, or a registration is")])
        of = self._get(Organization, organization).code
        details_hash: str | None = None
        if registration is not None:
            person = self._registered(registration, of)
        elif isinstance(person, PersonDetails):
            person, details_hash = self._person(person)
        subject = cast("UUID", person)
        it.record_attendance(
            organization=of,
            subject=subject,
            capacity=self._capacity(subject, of),
            registration=registration,
            details_hash=details_hash,
            cmd=self._cmd,
        )
        return it

    def _registered(self, registration: UUID, organization: str) -> UUID:
        who = self._get(Registration, registration)
        if who.organization != organization:
            raise RuleViolation("coordination_meeting.attendee", details={"organization": organization})
        return who.subject

    def _capacity(self, subject: UUID, organization: str) -> Capacity:
        """As what a person attends: a focal point, one of its alternates, or neither."""
        [prefix] = person_claims([subject], organization, [""])
        for claim in self._work.store.claims(prefix):
            point = self._get(FocalPoint, cast("UUID", self._work.store.holder(claim)))
            if point.speaks(subject, self._work.now):
                return Capacity.FOCAL_POINT if point.subject == subject else Capacity.ALTERNATE
        return Capacity.DELEGATE

    def dispose_item(
        self,
        meeting: UUID | str,
        *,
        item: str,
        disposition: Disposition,
        to_meeting: str | None = None,
        to_date: date | None = None,
        to_body: str | None = None,
    ) -> CoordinationMeeting:
        """Say what became of an item. What is put off comes on the agenda of the meeting it is put off to by itself."""
        found = self._get(CoordinationMeeting, meeting)
        self._about(AgendaItem.key(found.code, item))
        it = self._subject(found.id)
        disposed = self._find(AgendaItem, AgendaItem.key(it.code, item))
        if disposed is None:
            raise NotFound(kind="AgendaItem", reference=item)
        self._require_known(disposed)
        _require_target(disposition, to_meeting=to_meeting, to_date=to_date, to_body=to_body)
        target = (disposed.to_meeting, disposed.to_date, disposed.to_body)
        if disposed.item_state == disposition.value and target == (to_meeting, to_date, to_body):
            return it
        it.require("dispose_item", self._cmd)
        if disposed.open:
            self._require_disposable(it, disposed, disposition)
        cmd = self._cmd
        match disposition:
            case Disposition.DECIDED:
                disposed.decide(cmd=cmd)
            case Disposition.DROPPED:
                disposed.drop(cmd=cmd)
            case Disposition.REFERRED:
                require_entries(self._work, EntryKind.BODY, [cast("str", to_body)], field="toBody")
                disposed.refer(to_body=cast("str", to_body), cmd=cmd)
            case Disposition.DEFERRED:
                if disposed.open:
                    self._require_ahead(it, to_meeting=to_meeting, to_date=to_date)
                disposed.defer(to_meeting=to_meeting, to_date=to_date, deferred_on=cmd.effective, cmd=cmd)
        return it

    def _require_disposable(self, it: CoordinationMeeting, item: AgendaItem, disposition: Disposition) -> None:
        """Refuse what is not this meeting's to say of an item now, or lacks the reason it needs."""
        if disposition is not Disposition.DECIDED and self._cmd.reason is None:
            raise RuleViolation("reason.required", state=item.state)
        if disposition is Disposition.DROPPED:
            return
        if it.meeting_state is MeetingState.CONVENED:
            raise RuleViolation(
                "coordination_meeting.before_session", state=it.state, allowed=["coordination_meeting.start"]
            )
        self._require_not_decided_elsewhere(it, item)

    def _require_not_decided_elsewhere(self, it: CoordinationMeeting, item: AgendaItem) -> None:
        """Refuse to say of a meeting what its body is to say of a recommendation that is before it."""
        about = self._known(item.place.recommendation) if item.place.recommendation else None
        if about and about.state in PENDING and it.body in (about.body, about.referred_by):
            raise RuleViolation(
                "coordination_meeting.recommendation",
                state=it.state,
                allowed=[
                    "recommendation.adopt",
                    "recommendation.decline_to_adopt",
                    "recommendation.defer",
                    "recommendation.refer",
                ],
                details={"recommendation": about.code, "is_now": about.state},
            )

    def _require_ahead(self, it: CoordinationMeeting, *, to_meeting: str | None, to_date: date | None) -> None:
        other = self._find(CoordinationMeeting, to_meeting) if to_meeting else None
        late = to_date is not None and to_date <= it.time.day
        if late or to_meeting == it.code or (other and not (other.body == it.body and other.takes_items)):
            details = {"body": it.body, "day": it.time.day.isoformat()}
            raise RuleViolation("coordination_meeting.deferral", state=it.state, details=details)
        if to_meeting and other is None:
            self._warn("coordination_meeting.not_convened")

    def record_decision(
        self, meeting: UUID | str, *, number: str, text: str, method: Method, item: str | None = None
    ) -> CoordinationMeeting:
        """Take down what the meeting decided that is not about a recommendation."""
        it = self._subject(meeting)
        if item is not None:
            taken_under = self._find(AgendaItem, AgendaItem.key(it.code, item))
            if taken_under is None:
                raise NotFound(kind="AgendaItem", reference=item)
            self._require_known(taken_under)
            self._require_not_decided_elsewhere(it, taken_under)
        it.record_decision(number=number, decision=MeetingDecision(text=text, method=method, item=item), cmd=self._cmd)
        return it

    def agree_action(
        self,
        meeting: UUID | str,
        *,
        code: str,
        text: str,
        organization: str,
        due_on: date,
        region: str | None = None,
    ) -> CoordinationMeeting:
        """Agree that an organization does something by a day; with a region, its focal point there looks after it."""
        it = self._subject(meeting)
        if code not in it.actions:
            require_organization(self._work, organization)
            require_entries(self._work, EntryKind.REGION, [region] if region else [], field="region")
        agreed = AgreedAction(
            meeting=it.code, code=code, organization=organization, region=region, due_on=due_on, zone=it.time.zone
        )
        it.agree_action(agreed=agreed, text=text, cmd=self._cmd)
        return it

    def complete_action(self, meeting: UUID | str, *, code: str, evidence: Sequence[str]) -> CoordinationMeeting:
        it = self._load(CoordinationMeeting, meeting)
        action = it.actions.get(code)
        self._allow(bodies=it.chaired, organizations=[action.agreed.organization] if action else [])
        if not evidence or not all(one.strip() for one in evidence):
            raise InvalidInput(fields=[("evidence", "is empty")])
        sealed = [self._work.seal(one, field="evidence", about=it.id) for one in evidence]
        it.complete_action(code=code, evidence=sealed, cmd=self._cmd)
        return it

    def drop_action(self, meeting: UUID | str, *, code: str) -> CoordinationMeeting:
        it = self._subject(meeting)
        it.drop_action(code=code, cmd=self._cmd)
        return it

    def remind(self, action: str) -> CoordinationMeeting:
        """State that an action point, named as `MEETING/CODE`, has fallen due. One that is settled has not."""
        meeting, _, code = action.partition("/")
        it = self._load(CoordinationMeeting, meeting)
        self._allow()
        it.remind(code=code, cmd=self._cmd)
        return it

    def conclude(self, meeting: UUID | str) -> CoordinationMeeting:
        it = self._subject(meeting)
        it.conclude(cmd=self._cmd)
        return it

    def finalize_minutes(self, meeting: UUID | str, *, notes: str | None = None) -> CoordinationMeeting:
        """Let the record stand. What it tells of decisions that are not announced is withheld until they are."""
        it = self._subject(meeting)
        it.finalize_minutes(
            undisposed=open_on(self._work.store, it.code),
            withheld=bool(undisclosed_in(self._work.store, it.code)),
            notes=self._seal(notes, field="notes", about=it.id),
            cmd=self._cmd,
        )
        return it

    def correct_minutes(self, meeting: UUID | str, *, notes: str) -> CoordinationMeeting:
        it = self._subject(meeting)
        it.correct_minutes(notes=self._work.seal(notes, field="notes", about=it.id), cmd=self._cmd)
        return it

    def cancel(self, meeting: UUID | str) -> CoordinationMeeting:
        """Call a meeting off. What is open on its agenda waits for the body's next one."""
        it = self._subject(meeting)
        it.cancel(cmd=self._cmd)
        for code in open_on(self._work.store, it.code):
            self._get(AgendaItem, AgendaItem.key(it.code, code)).pass_on(to_date=it.time.day, cmd=self._cmd)
        return it

    # what follows of itself

    def carry_item(self, item: UUID) -> AgendaItem:
        """Put an item on the agenda that it belongs on now; it stays as it is where there is none, or it stands there.

        An item about a recommendation that was taken up or decided otherwise meanwhile waits no longer.
        """
        it = self._load(AgendaItem, item)
        self._allow()
        if it.waits and self._is_decided_otherwise(it):
            it.lapse(cmd=self._cmd)
            return it
        at = self._find(CoordinationMeeting, it.place.meeting)
        if it.open and at is not None and at.meeting_state is MeetingState.CONVENED and it.place.from_day:
            to = first_meeting(self._work.store, at.body, it.place.from_day)
            if to == at.code:
                return it
            it.pass_on(to_date=it.place.from_day, cmd=self._cmd)
        if not it.waits:
            return it
        if (place := self._next_place(it)) is None:
            return it
        it.land(meeting=place.meeting, cmd=self._cmd)
        following = self._find(AgendaItem, place.item)
        origin = it.origin_of_next()
        if following is None:
            self._add(AgendaItem.add(place=place, title=it.title, origin=origin, withheld=it.withheld, cmd=self._cmd))
        else:
            following.carry(origin=origin, from_day=place.from_day, withheld=it.withheld, cmd=self._cmd)
        return it

    def _next_place(self, it: AgendaItem) -> AgendaPlace | None:
        """The place on an agenda that a waiting item belongs to, if there is one by now."""
        to, body, from_day = None, it.place.body, it.to_date
        named = self._find(CoordinationMeeting, it.to_meeting) if it.to_meeting else None
        if named is not None and named.takes_items:
            to, body = named.code, named.body
        elif named is not None:
            body, from_day = named.body, named.time.day
        if to is None and from_day is not None:
            to = first_meeting(self._work.store, body, from_day, other_than=it.place.meeting)
        if to is None:
            return None
        return replace(it.place, meeting=to, body=body, from_day=None if named and named.code == to else from_day)

    def _is_decided_otherwise(self, it: AgendaItem) -> bool:
        """Whether the recommendation it is about, whoever put it there, is decided, or waits for it no longer."""
        about = self._find(Recommendation, it.place.recommendation) if it.place.recommendation else None
        if about is None or it.item_state is not ItemState.DEFERRED or it.put_off_by is None:
            return about is not None and about.state not in {*PENDING, Decision.PROPOSED}
        standing = (about.act.meeting, about.act.number) if about.act else None
        return about.state != Decision.DEFERRED or standing != (it.place.meeting, it.put_off_by)

    def settle_item(
        self,
        recommendation: UUID,
        *,
        act: BodyAct,
        disposition: Disposition,
        to_meeting: str | None = None,
        to_date: date | None = None,
        to_body: str | None = None,
        why: Sealed | None = None,
    ) -> AgendaItem | Recommendation:
        """Dispose of a meeting's item as a body decided about its recommendation.

        Where the recommendation was not on the agenda, there is nothing to dispose of; what was put off waits all the
        same for the meeting that is to take it up.
        """
        about = self._load(Recommendation, recommendation)
        self._allow()
        place = AgendaPlace(meeting=act.meeting, body=act.body, code=about.code, recommendation=about.code)
        withheld = act in about.withheld
        it = self._find(AgendaItem, place.item)
        if it is None and disposition is not Disposition.DEFERRED:
            return about
        if it is None:
            title = about.title or about.code
            it = self._add(AgendaItem.add(place=place, title=title, withheld=withheld, cmd=self._cmd))
        if not it.open and it.number == act.number:
            return it
        it.lapse(cmd=self._cmd)
        match disposition:
            case Disposition.DEFERRED:
                it.defer(
                    to_meeting=to_meeting,
                    to_date=to_date,
                    deferred_on=act.decided_on,
                    number=act.number,
                    why=why,
                    withheld=withheld,
                    cmd=self._cmd,
                )
            case Disposition.REFERRED if to_body:
                it.refer(to_body=to_body, number=act.number, withheld=withheld, cmd=self._cmd)
            case _:
                it.decide(number=act.number, withheld=withheld, cmd=self._cmd)
        return it

    def settle_elsewhere(self, item: UUID, *, act: BodyAct) -> AgendaItem:
        """Dispose of an item that is open on another agenda of a body that has decided about its recommendation."""
        it = self._load(AgendaItem, item)
        self._allow()
        about = self._get(Recommendation, it.place.recommendation or "")
        if it.open and it.place.body == act.body and it.place.meeting != act.meeting:
            it.decide(number=act.number, withheld=act in about.withheld, cmd=self._cmd)
        return it

    def drop_ended(self, item: UUID) -> AgendaItem:
        """Take an item whose recommendation has ended off an agenda; a meeting that has begun says itself what it does.

        Nobody is to treat it any more, so that it waits for no other meeting either.
        """
        it = self._load(AgendaItem, item)
        self._allow()
        at = self._get(CoordinationMeeting, it.place.meeting)
        if it.open and at.meeting_state is MeetingState.CONVENED:
            it.pass_on(to_date=at.time.day, cmd=self._cmd)
            it.lapse(cmd=self._cmd)
        return it

    def disclose_item(self, item: UUID) -> AgendaItem:
        """Let everybody know of an item whose decision was announced, and with the last one of its final minutes."""
        it = self._load(AgendaItem, item)
        self._allow()
        it.disclose(cmd=self._cmd)
        meeting = self._find(CoordinationMeeting, it.place.meeting)
        if meeting is not None and not [i for i in undisclosed_in(self._work.store, meeting.code) if i != it.id]:
            meeting.disclose_minutes(cmd=self._cmd)
        return it

    # what they have in common

    def _subject(self, meeting: UUID | str) -> CoordinationMeeting:
        """The meeting of a command, which concerns those it concerns as `allowed` has it."""
        it = self._load(CoordinationMeeting, meeting)
        concerns = it.concerns_of(self._work.name.partition(".")[2], self._work.by)
        self._allow(bodies=sorted(concerns.bodies), organizations=sorted(concerns.organizations))
        return it

    def _known(self, recommendation: UUID | str) -> Recommendation:
        """A recommendation, to those who may know how it stands."""
        it = self._get(Recommendation, recommendation)
        if not it.announced and not sees_withheld(self._work.by):
            raise Forbidden(action=self._work.name)
        return it

    def _require_known(self, item: AgendaItem) -> None:
        if item.withheld and not sees_withheld(self._work.by):
            raise Forbidden(action=self._work.name)


def _require_target(
    disposition: Disposition, *, to_meeting: str | None, to_date: date | None, to_body: str | None
) -> None:
    """Refuse what a disposition lacks, and what is said of another alone."""
    problems = []
    if disposition is Disposition.DEFERRED and (to_meeting is None) == (to_date is None):
        problems.append(("toMeeting", "is given, or a day is"))
    if disposition is not Disposition.DEFERRED:
        given = {"toMeeting": to_meeting, "toDate": to_date}
        problems += [(field, f"is not said of what is {disposition.value}") for field, v in given.items() if v]
    if (disposition is Disposition.REFERRED) != (to_body is not None):
        problems.append(("toBody", "is said of what is referred, and of nothing else"))
    if problems:
        raise InvalidInput(fields=problems)
