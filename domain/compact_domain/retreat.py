"""Retreats: planned, announced, registered for, held and reported, with all that is published about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from compact_domain.catalogue import EntryKind, require_entries
from compact_domain.kernel import (
    Actor,
    Aggregate,
    Code,
    Command,
    Commands,
    Concerns,
    InvalidInput,
    NotFound,
    RuleViolation,
    Sealed,
    Starts,
    Value,
    Work,
    end_of_day,
)
from compact_domain.organization import Organization, require_organization
from compact_domain.policy import sees_withheld
from compact_domain.seats import SEATED, EntitySeats, Places
from compact_domain.vocabulary import BodyAct, Category, Mode, Text, Title, Zone

RULES: Mapping[str, str] = {
    "retreat.dates": "A retreat ends no earlier than it starts.",
    "retreat.deadline": "A deadline is no later than the last day of its retreat and, if that is to come, set ahead.",
    "retreat.seat_rules": "Registration opens with seat rules, and with a number of places where there is a room.",
    "retreat.format": "A mode is not dropped while people are registered in it or wait for it.",
    "retreat.logistics": "An organization acknowledges a version of the logistics that was issued.",
    "retreat.agenda": "An agenda names sessions of its retreat that were not cancelled, each once, ending after it"
    " starts, within the retreat's days.",
    "retreat.report_position": "A summary report is written from a position that the history has come to.",
    "retreat.action_plan": "Each version of an action plan is adopted once, and after those before it.",
}
CLAIMS: Mapping[str, str] = {}


class RetreatState(StrEnum):
    """How far a retreat has come."""

    PLANNED = "planned"
    ANNOUNCED = "announced"
    REGISTRATION_OPEN = "registration_open"
    REGISTRATION_CLOSED = "registration_closed"
    IN_SESSION = "in_session"
    CONCLUDED = "concluded"
    REPORTED = "reported"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


class Format(StrEnum):
    """In which modes a retreat may be attended."""

    IN_PERSON = "in_person"
    VIRTUAL = "virtual"
    HYBRID = "hybrid"

    @property
    def modes(self) -> tuple[Mode, ...]:
        return tuple(Mode) if self is Format.HYBRID else (Mode(self.value),)


class CommunicationKind(StrEnum):
    """What is issued after a retreat."""

    PRESS_RELEASE = "press_release"
    SOCIAL_POST = "social_post"


class CommunicationChannel(StrEnum):
    """Where it is issued."""

    COORDINATION_PLATFORM = "coordination_platform"
    UNOCT_WEBSITE = "unoct_website"


class ReportStage(StrEnum):
    """Whether a summary report is still open to comments."""

    DRAFT = "draft"
    FINAL = "final"


AHEAD = {
    RetreatState.PLANNED,
    RetreatState.ANNOUNCED,
    RetreatState.REGISTRATION_OPEN,
    RetreatState.REGISTRATION_CLOSED,
}
PUBLIC = {
    RetreatState.ANNOUNCED,
    RetreatState.REGISTRATION_OPEN,
    RetreatState.REGISTRATION_CLOSED,
    RetreatState.IN_SESSION,
}
OVER = {RetreatState.CONCLUDED, RetreatState.REPORTED}

MAY_START_FROM: Starts = {
    "announce": {RetreatState.PLANNED},
    "invite_organization": PUBLIC,
    "revise_logistics": {*AHEAD, RetreatState.IN_SESSION, RetreatState.POSTPONED},
    "acknowledge_logistics": {*PUBLIC, RetreatState.POSTPONED},
    "set_seat_rules": {*AHEAD, RetreatState.IN_SESSION, RetreatState.POSTPONED},
    "open_registration": {RetreatState.ANNOUNCED, RetreatState.REGISTRATION_CLOSED},
    "close_registration": {RetreatState.REGISTRATION_OPEN},
    "change_deadline": {RetreatState.REGISTRATION_OPEN},
    "publish_agenda": PUBLIC,
    "open": {RetreatState.REGISTRATION_OPEN, RetreatState.REGISTRATION_CLOSED},
    "conclude": {RetreatState.IN_SESSION},
    "postpone": AHEAD,
    "resume": {RetreatState.POSTPONED},
    "cancel": {*AHEAD, RetreatState.POSTPONED},
    "issue_summary_report": OVER,
    "adopt_action_plan": OVER,
    "issue_communication": OVER,
}

Instant = Annotated[datetime, Meta(tz=True, description="instant, in UTC")]
Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="SHA-256, in hexadecimal")]
VersionNumber = Annotated[int, Meta(ge=1)]
Objective = Annotated[str, Meta(min_length=1, max_length=2_000)]
InPersonLink = Annotated[Sealed | None, Meta(description="platform link for those in the room; null: no new one")]
VirtualLink = Annotated[Sealed | None, Meta(description="platform link for those who join; null: no new one")]


class Venue(Value, frozen=True, kw_only=True):
    """Where a retreat meets."""

    place: Annotated[Title, Meta(description="building, city")]
    room: Annotated[Title | None, Meta(description="room, as people call it")] = None


class Logistics(Value, frozen=True, kw_only=True):
    """What participants need to know to come. Each version says all of it, so that two versions can be compared."""

    format: Format
    contact: Annotated[Email, Meta(description="an institution's address, not a person's")]
    venue: Annotated[Venue | None, Meta(description="null: not known yet, or nobody meets")] = None
    platform: Annotated[Title | None, Meta(description="virtual platform; its links are sealed beside it")] = None
    information: Annotated[Text | None, Meta(description="practical matters, without personal data")] = None


class SeatRules(Value, frozen=True, kw_only=True):
    """How many seats each Compact entity has, both modes together, and how many places there are."""

    representatives: Annotated[int, Meta(ge=0, le=1000)] = 1
    delegates: Annotated[int, Meta(ge=0, le=1000)] = 2
    in_person_places: Annotated[
        Annotated[int, Meta(ge=0, le=100_000)] | None, Meta(description="null: not known yet")
    ] = None
    virtual_places: Annotated[Annotated[int, Meta(ge=0, le=100_000)] | None, Meta(description="null: no limit")] = None

    def seats(self, category: Category) -> int:
        """The seats of one entity in a category."""
        return {Category.REPRESENTATIVE: self.representatives, Category.DELEGATE: self.delegates}[category]

    def places(self, mode: Mode) -> int | None:
        """The places of a mode; None without limit."""
        return self.in_person_places if mode is Mode.IN_PERSON else self.virtual_places


class Deadline(Value, frozen=True, kw_only=True):
    """The last instant to register, and the zone it is spoken of in."""

    at: Instant
    zone: Zone


class AgendaEntry(Value, frozen=True, kw_only=True):
    """A session as an agenda announced it."""

    session: Annotated[Code, Meta(description="code of the session")]
    title: Title
    starts_at: Instant
    ends_at: Instant
    room: Annotated[Title | None, Meta(description="null: virtual only, or the venue's own")] = None


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What an organization had to say about the draft of a summary report, as it comes in."""

    organization: UUID | str
    text: str


class Comment(Value, frozen=True, kw_only=True):
    """What an organization had to say about the draft of a summary report."""

    organization: Code
    text: Sealed


class Report(Value, frozen=True, kw_only=True):
    """A version of the summary report: what it rests on, and how to know it again."""

    stage: ReportStage
    position: Annotated[int, Meta(ge=1, description="the position in the history that it was written from")]
    content_digest: Annotated[Digest, Meta(description="of what it says")]
    file_digest: Annotated[Digest, Meta(description="of the document as it was handed out")]


class ActionPlan(Value, frozen=True, kw_only=True):
    """A version of the action plan on engagement with regional organizations, as a body adopted it."""

    title: Title
    version: VersionNumber
    act: Annotated[BodyAct, Meta(description="body, meeting, number, date and method of the decision")]
    file_digest: Annotated[Digest | None, Meta(description="of the document")] = None


class Communication(Value, frozen=True, kw_only=True):
    """Something published to everybody after the retreat."""

    kind: CommunicationKind
    channel: CommunicationChannel
    title: Title
    text: Annotated[Text | None, Meta(description="as published")] = None


class Retreat(Aggregate):
    """A meeting of the Compact with regional organizations, from its plan to its report."""

    TOPIC = "retreat"
    MAY_START_FROM = MAY_START_FROM

    def __init__(
        self,
        *,
        code: str,
        title: str,
        starts_on: date,
        ends_on: date,
        zone: str,
        logistics: Logistics,
        in_person_link: Sealed | None,
        virtual_link: Sealed | None,
    ) -> None:
        self.code, self.title = code, title
        self.starts_on, self.ends_on, self.zone = starts_on, ends_on, zone
        self.retreat_state, self.announced = RetreatState.PLANNED, False
        self.logistics, self.logistics_version = logistics, 1
        self.links = _links(in_person_link, virtual_link)
        self.acknowledged: dict[str, int] = {}
        """The latest version of the logistics that each organization has acknowledged."""
        self.invited: set[str] = set()
        self.seat_rules: SeatRules | None = None
        self.deadline: Deadline | None = None
        self.agenda: tuple[AgendaEntry, ...] = ()
        self.agenda_version = 0
        self.state_before: RetreatState | None = None
        """Where it stood when it was postponed; kept until then again, so that a repeated resumption is known."""
        self.reports: list[Report] = []
        self.action_plan: ActionPlan | None = None
        self.communications: list[Communication] = []

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a retreat."""

    @property
    def state(self) -> str:
        return self.retreat_state

    def concerns_of(self, verb: str, by: Actor) -> Concerns:
        own = frozenset(code for code in (by.organization, *(held.scope for held in by.roles)) if code)
        if verb == "acknowledge_logistics":
            return Concerns(organizations=own)
        return Concerns(bodies=own) if verb == "adopt_action_plan" else Concerns()

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes it may be attended in."""
        return self.logistics.format.modes

    @property
    def in_session(self) -> bool:
        return self.retreat_state is RetreatState.IN_SESSION

    @property
    def over(self) -> bool:
        """Whether it was held, or never will be."""
        return self.retreat_state in OVER or self.retreat_state is RetreatState.CANCELLED

    @property
    def takes_changes(self) -> bool:
        """Whether registrations may still change: from the opening of registration until it concludes."""
        return not self.over and self.deadline is not None

    def registration_is_open(self, now: datetime) -> bool:
        """Whether a nomination may come in at `now`. Past the deadline it may not, without a fact that says so."""
        return (
            self.retreat_state is RetreatState.REGISTRATION_OPEN
            and self.deadline is not None
            and now <= self.deadline.at
        )

    def rule_for(self, category: Category) -> int:
        """How many seats the rule gives each Compact entity in a category; none before the rules are set."""
        return self.seat_rules.seats(category) if self.seat_rules else 0

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """A retreat was planned, or one of the past was entered."""

        TOPIC: ClassVar[str] = "retreat.planned"
        code: Annotated[Code, Meta(description="unique among retreats")]
        series: Annotated[Title, Meta(description="what its editions have in common")]
        edition: Annotated[int, Meta(ge=1, description="1 for the inaugural one")]
        title: Annotated[Title, Meta(description="what it is called")]
        theme: Annotated[Title, Meta(description="what it is about")]
        starts_on: Annotated[date, Meta(description="first day, in its zone")]
        ends_on: Annotated[date, Meta(description="last day, in its zone")]
        zone: Zone
        logistics: Annotated[Logistics, Meta(description="version 1 of the logistics")]
        in_person_link: InPersonLink = None
        virtual_link: VirtualLink = None
        objectives: Annotated[tuple[Objective, ...], Meta(description="what it is to achieve")] = ()

    @classmethod
    def plan(
        cls,
        *,
        code: str,
        series: str,
        edition: int,
        title: str,
        theme: str,
        starts_on: date,
        ends_on: date,
        zone: str,
        logistics: Logistics,
        cmd: Command,
        in_person_link: Sealed | None = None,
        virtual_link: Sealed | None = None,
        objectives: Sequence[str] = (),
    ) -> Retreat:
        _require_zone(zone)
        _require_dates(starts_on, ends_on)
        return cls._begin(
            cls.Created(
                **cls._first(cls.identify(code), cmd),
                code=code,
                series=series,
                edition=edition,
                title=title,
                theme=theme,
                starts_on=starts_on,
                ends_on=ends_on,
                zone=zone,
                logistics=logistics,
                in_person_link=in_person_link,
                virtual_link=virtual_link,
                objectives=tuple(objectives),
            )
        )

    def announce(self, *, cmd: Command) -> None:
        if self.retreat_state is RetreatState.ANNOUNCED:
            return
        self._may("announce", cmd)
        self._states(self.Announced(**self._next(cmd)))

    class Announced(Event, frozen=True, kw_only=True):
        """The retreat was made known; until then it exists only for the secretariat."""

        TOPIC: ClassVar[str] = "retreat.announced"

        def apply(self, it: Retreat) -> None:
            it.retreat_state, it.announced = RetreatState.ANNOUNCED, True

    def invite_organization(self, *, organization: str, cmd: Command) -> None:
        if organization in self.invited:
            return
        self._may("invite_organization", cmd)
        self._states(self.OrganizationInvited(**self._next(cmd), organization=organization))

    class OrganizationInvited(Event, frozen=True, kw_only=True):
        """An organization was invited. Whether it answered shows in its registrations."""

        TOPIC: ClassVar[str] = "retreat.organization_invited"
        organization: Annotated[Code, Meta(description="code of the organization")]

        def apply(self, it: Retreat) -> None:
            it.invited.add(self.organization)

    def revise_logistics(
        self,
        *,
        logistics: Logistics,
        cmd: Command,
        in_person_link: Sealed | None = None,
        virtual_link: Sealed | None = None,
    ) -> None:
        """Issue the next version. Nobody can compare sealed links, so one that is given is always a new one."""
        if logistics == self.logistics and in_person_link is None and virtual_link is None:
            return
        self._may("revise_logistics", cmd)
        self._states(
            self.LogisticsRevised(
                **self._next(cmd),
                n=self.logistics_version + 1,
                logistics=logistics,
                in_person_link=in_person_link,
                virtual_link=virtual_link,
            )
        )

    class LogisticsRevised(Event, frozen=True, kw_only=True):
        """A new version of the logistics was issued. A link that is not new stands while the platform is the same."""

        TOPIC: ClassVar[str] = "retreat.logistics_revised"
        n: Annotated[VersionNumber, Meta(description="number of this version")]
        logistics: Annotated[Logistics, Meta(description="all of them, as they are from now on")]
        in_person_link: InPersonLink = None
        virtual_link: VirtualLink = None

        def apply(self, it: Retreat) -> None:
            standing = it.links if self.logistics.platform == it.logistics.platform else {}
            it.links = {**standing, **_links(self.in_person_link, self.virtual_link)}
            it.logistics, it.logistics_version = self.logistics, self.n

    def acknowledge_logistics(self, *, organization: str, version: int, cmd: Command) -> None:
        if 1 <= version <= self.acknowledged.get(organization, 0):
            return
        self._may("acknowledge_logistics", cmd)
        if not 1 <= version <= self.logistics_version:
            raise RuleViolation(
                "retreat.logistics",
                state=self.state,
                allowed=self._verbs(),
                details={"version": version, "latest": self.logistics_version},
            )
        self._states(self.LogisticsAcknowledged(**self._next(cmd), organization=organization, n=version))

    class LogisticsAcknowledged(Event, frozen=True, kw_only=True):
        """An organization has taken note of a version of the logistics."""

        TOPIC: ClassVar[str] = "retreat.logistics_acknowledged"
        organization: Annotated[Code, Meta(description="code of the organization")]
        n: Annotated[VersionNumber, Meta(description="number of the version")]

        def apply(self, it: Retreat) -> None:
            it.acknowledged[self.organization] = self.n

    def set_seat_rules(self, *, rules: SeatRules, cmd: Command) -> None:
        """Seats and places are held elsewhere: `Retreats.set_seat_rules` holds the rules against what is taken."""
        if rules == self.seat_rules:
            return
        self._may("set_seat_rules", cmd)
        if rules.in_person_places is None and self._has_room_to_fill():
            raise InvalidInput(fields=[("inPersonPlaces", "is needed once registration has been opened")])
        self._states(self.SeatRulesSet(**self._next(cmd), rules=rules))

    class SeatRulesSet(Event, frozen=True, kw_only=True):
        """It was set how many seats each Compact entity has, and how many places there are."""

        TOPIC: ClassVar[str] = "retreat.seat_rules_set"
        rules: SeatRules

        def apply(self, it: Retreat) -> None:
            it.seat_rules = self.rules

    def open_registration(self, *, deadline: datetime, cmd: Command, zone: str | None = None) -> None:
        wanted = self._deadline(deadline, zone)
        if self.retreat_state is RetreatState.REGISTRATION_OPEN and self.deadline == wanted:
            return
        self._may("open_registration", cmd)
        if self.seat_rules is None or (Mode.IN_PERSON in self.modes and self.seat_rules.in_person_places is None):
            raise RuleViolation("retreat.seat_rules", state=self.state, allowed=["retreat.set_seat_rules"])
        self._require_deadline(wanted, ends_on=self.ends_on, zone=self.zone, now=cmd.now)
        self._states(self.RegistrationOpened(**self._next(cmd), deadline=wanted))

    class RegistrationOpened(Event, frozen=True, kw_only=True):
        """Nominations may come in, up to the deadline."""

        TOPIC: ClassVar[str] = "retreat.registration_opened"
        deadline: Deadline

        def apply(self, it: Retreat) -> None:
            it.retreat_state, it.deadline = RetreatState.REGISTRATION_OPEN, self.deadline

    def close_registration(self, *, cmd: Command) -> None:
        if self.retreat_state is RetreatState.REGISTRATION_CLOSED:
            return
        self._may("close_registration", cmd)
        self._states(self.RegistrationClosed(**self._next(cmd)))

    class RegistrationClosed(Event, frozen=True, kw_only=True):
        """Registration was closed by hand; from then on it is as if its deadline had passed."""

        TOPIC: ClassVar[str] = "retreat.registration_closed"

        def apply(self, it: Retreat) -> None:
            it.retreat_state = RetreatState.REGISTRATION_CLOSED

    def change_deadline(self, *, deadline: datetime, cmd: Command, zone: str | None = None) -> None:
        wanted = self._deadline(deadline, zone)
        if self.deadline == wanted:
            return
        self._may("change_deadline", cmd)
        self._require_deadline(wanted, ends_on=self.ends_on, zone=self.zone, now=cmd.now)
        self._states(self.DeadlineChanged(**self._next(cmd), deadline=wanted, before=self.deadline))

    class DeadlineChanged(Event, frozen=True, kw_only=True):
        """The deadline of registration was moved."""

        TOPIC: ClassVar[str] = "retreat.deadline_changed"
        deadline: Deadline
        before: Annotated[Deadline | None, Meta(description="the deadline until then")]

        def apply(self, it: Retreat) -> None:
            it.deadline = self.deadline

    def publish_agenda(self, *, sessions: Sequence[AgendaEntry], change_note: Sealed | None, cmd: Command) -> None:
        agenda = tuple(_in_utc(entry, i) for i, entry in enumerate(sessions))
        if agenda and agenda == self.agenda:
            return
        self._may("publish_agenda", cmd)
        if not agenda:
            raise InvalidInput(fields=[("sessions", "an agenda has at least one")])
        if self.agenda_version and change_note is None:
            raise InvalidInput(fields=[("changeNote", "is needed from the second version on")])
        self._require_agenda(agenda)
        self._states(
            self.AgendaPublished(**self._next(cmd), n=self.agenda_version + 1, sessions=agenda, change_note=change_note)
        )

    class AgendaPublished(Event, frozen=True, kw_only=True):
        """A version of the agenda was published, with the sessions and times as they stood."""

        TOPIC: ClassVar[str] = "retreat.agenda_published"
        n: Annotated[VersionNumber, Meta(description="number of this version")]
        sessions: Annotated[tuple[AgendaEntry, ...], Meta(description="in the order of the programme")]
        change_note: Annotated[Sealed | None, Meta(description="what is different, in words; null: first version")]

        def apply(self, it: Retreat) -> None:
            it.agenda, it.agenda_version = self.sessions, self.n

    def open(self, *, cmd: Command) -> None:
        if self.retreat_state is RetreatState.IN_SESSION:
            return
        self._may("open", cmd)
        self._states(self.Opened(**self._next(cmd)))

    class Opened(Event, frozen=True, kw_only=True):
        """The retreat began."""

        TOPIC: ClassVar[str] = "retreat.opened"

        def apply(self, it: Retreat) -> None:
            it.retreat_state = RetreatState.IN_SESSION

    def conclude(self, *, cmd: Command) -> None:
        if self.retreat_state is RetreatState.CONCLUDED:
            return
        self._may("conclude", cmd)
        self._states(self.Concluded(**self._next(cmd)))

    class Concluded(Event, frozen=True, kw_only=True):
        """The retreat ended. Registrations change no more: who attended, was absent or excused is settled."""

        TOPIC: ClassVar[str] = "retreat.concluded"

        def apply(self, it: Retreat) -> None:
            it.retreat_state = RetreatState.CONCLUDED

    def postpone(self, *, cmd: Command) -> None:
        if self.retreat_state is RetreatState.POSTPONED:
            return
        self._may("postpone", cmd)
        self._states(self.Postponed(**self._next(cmd)))

    class Postponed(Event, frozen=True, kw_only=True):
        """The retreat will not meet on its days; new ones are not known yet."""

        TOPIC: ClassVar[str] = "retreat.postponed"

        def apply(self, it: Retreat) -> None:
            it.state_before, it.retreat_state = it.retreat_state, RetreatState.POSTPONED

    def resume(
        self,
        *,
        starts_on: date,
        ends_on: date,
        cmd: Command,
        zone: str | None = None,
        deadline: datetime | None = None,
    ) -> None:
        """Return to where it stood, on new days. Where registration was open, a new deadline may come along."""
        zone = zone or self.zone
        wanted = self.deadline if deadline is None else self._deadline(deadline, zone)
        target = (starts_on, ends_on, zone, wanted)
        if self.retreat_state is self.state_before and target == (
            self.starts_on,
            self.ends_on,
            self.zone,
            self.deadline,
        ):
            return
        self._may("resume", cmd)
        _require_zone(zone)
        _require_dates(starts_on, ends_on)
        was_open = self.state_before is RetreatState.REGISTRATION_OPEN
        if deadline is not None and not was_open:
            raise InvalidInput(fields=[("deadline", "registration was not open")])
        if wanted and was_open:
            self._require_deadline(wanted, ends_on=ends_on, zone=zone, now=cmd.now if deadline else None)
        self._states(self.Resumed(**self._next(cmd), starts_on=starts_on, ends_on=ends_on, zone=zone, deadline=wanted))

    class Resumed(Event, frozen=True, kw_only=True):
        """The postponed retreat has new days, and stands where it stood before."""

        TOPIC: ClassVar[str] = "retreat.resumed"
        starts_on: Annotated[date, Meta(description="first day, in its zone")]
        ends_on: Annotated[date, Meta(description="last day, in its zone")]
        zone: Zone
        deadline: Annotated[Deadline | None, Meta(description="deadline of registration, new or as before, if any")]

        def apply(self, it: Retreat) -> None:
            assert it.state_before is not None, "only a postponed retreat resumes"
            it.retreat_state = it.state_before
            it.starts_on, it.ends_on, it.zone, it.deadline = self.starts_on, self.ends_on, self.zone, self.deadline

    def cancel(self, *, cmd: Command) -> None:
        if self.retreat_state is RetreatState.CANCELLED:
            return
        self._may("cancel", cmd)
        self._states(self.Cancelled(**self._next(cmd)))

    class Cancelled(Event, frozen=True, kw_only=True):
        """The retreat will not take place."""

        TOPIC: ClassVar[str] = "retreat.cancelled"

        def apply(self, it: Retreat) -> None:
            it.retreat_state = RetreatState.CANCELLED

    def issue_summary_report(
        self, *, report: Report, head: int, cmd: Command, comments: Sequence[Comment] = ()
    ) -> None:
        """Issue a version. `head` is how far the history has come: nothing is written from what is still to happen."""
        if self.reports and self.reports[-1] == report:
            return
        self._may("issue_summary_report", cmd)
        if report.position > head:
            details = {"position": report.position, "latest": head}
            raise RuleViolation("retreat.report_position", state=self.state, allowed=self._verbs(), details=details)
        self._states(
            self.SummaryReportIssued(
                **self._next(cmd), n=len(self.reports) + 1, report=report, comments=tuple(comments)
            )
        )

    class SummaryReportIssued(Event, frozen=True, kw_only=True):
        """A version of the summary report was handed out: a draft for comments, or the report itself."""

        TOPIC: ClassVar[str] = "retreat.summary_report_issued"
        n: Annotated[VersionNumber, Meta(description="number of this version, drafts counted")]
        report: Report
        comments: Annotated[tuple[Comment, ...], Meta(description="what was said about the version before")] = ()

        def apply(self, it: Retreat) -> None:
            it.reports.append(self.report)
            if self.report.stage is ReportStage.FINAL:
                it.retreat_state = RetreatState.REPORTED

    def adopt_action_plan(self, *, plan: ActionPlan, cmd: Command) -> None:
        if plan == self.action_plan:
            return
        self._may("adopt_action_plan", cmd)
        if plan.act.decided_on > cmd.today:
            raise RuleViolation("time.effective", state=self.state, details={"latest": cmd.today.isoformat()})
        if self.action_plan and plan.version <= self.action_plan.version:
            raise RuleViolation(
                "retreat.action_plan",
                state=self.state,
                allowed=self._verbs(),
                details={"version": plan.version, "adopted": self.action_plan.version},
            )
        self._states(self.ActionPlanAdopted(**self._next(cmd), plan=plan))

    class ActionPlanAdopted(Event, frozen=True, kw_only=True):
        """A body adopted a version of the action plan."""

        TOPIC: ClassVar[str] = "retreat.action_plan_adopted"
        plan: ActionPlan

        def apply(self, it: Retreat) -> None:
            it.action_plan = self.plan

    def issue_communication(self, *, communication: Communication, cmd: Command) -> None:
        if communication in self.communications:
            return
        self._may("issue_communication", cmd)
        self._states(self.CommunicationIssued(**self._next(cmd), communication=communication))

    class CommunicationIssued(Event, frozen=True, kw_only=True):
        """A press release or a post about the retreat was published."""

        TOPIC: ClassVar[str] = "retreat.communication_issued"
        communication: Communication

        def apply(self, it: Retreat) -> None:
            it.communications.append(self.communication)

    def _deadline(self, at: datetime, zone: str | None) -> Deadline:
        _require_zone(zone or self.zone)
        return Deadline(at=_utc(at, field="deadline"), zone=zone or self.zone)

    def _require_deadline(self, deadline: Deadline, *, ends_on: date, zone: str, now: datetime | None) -> None:
        """Hold a deadline against the days of the retreat and, if it is set at `now`, against that moment."""
        end = end_of_day(ends_on, zone)
        earliest = now if now is not None and now <= end else None
        if deadline.at > end or (earliest is not None and deadline.at < earliest):
            details = {"deadline": deadline.at.isoformat(), "latest": end.isoformat()}
            if earliest is not None:
                details["earliest"] = earliest.isoformat()
            raise RuleViolation("retreat.deadline", state=self.state, allowed=self._verbs(), details=details)

    def _require_agenda(self, agenda: Sequence[AgendaEntry]) -> None:
        first, end = _start_of(self.starts_on, self.zone), end_of_day(self.ends_on, self.zone)
        seen: set[str] = set()
        for entry in agenda:
            if entry.session in seen or not first <= entry.starts_at < entry.ends_at <= end:
                raise RuleViolation(
                    "retreat.agenda",
                    state=self.state,
                    allowed=self._verbs(),
                    details={"session": entry.session, "earliest": first.isoformat(), "latest": end.isoformat()},
                )
            seen.add(entry.session)

    def _has_room_to_fill(self) -> bool:
        return Mode.IN_PERSON in self.modes and self.deadline is not None


def _links(in_person: Sealed | None, virtual: Sealed | None) -> dict[Mode, Sealed]:
    return {mode: link for mode, link in ((Mode.IN_PERSON, in_person), (Mode.VIRTUAL, virtual)) if link is not None}


def _require_dates(starts_on: date, ends_on: date) -> None:
    if date.max.year in (starts_on.year, ends_on.year):
        raise InvalidInput(fields=[("endsOn", "lies beyond the calendar")])
    if starts_on > ends_on:
        raise RuleViolation(
            "retreat.dates", details={"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
        )


def _require_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # unknown; not a relative path; a folder of the zone data
        raise InvalidInput(fields=[("zone", "is no IANA time zone")]) from None


def _start_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def _utc(at: datetime, *, field: str) -> datetime:
    if at.tzinfo is None:
        raise InvalidInput(fields=[(field, "needs an offset")])
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(fields=[(field, "lies beyond the calendar")]) from None


def _in_utc(entry: AgendaEntry, i: int) -> AgendaEntry:
    return msgspec.structs.replace(
        entry,
        starts_at=_utc(entry.starts_at, field=f"sessions.{i}.startsAt"),
        ends_at=_utc(entry.ends_at, field=f"sessions.{i}.endsAt"),
    )


def known_retreat(work: Work, reference: UUID | str) -> Retreat:
    """The retreat that a command names. `NotFound`, also where it is not announced and the actor may not know of it."""
    it = work.find(Retreat, reference if isinstance(reference, UUID) else Retreat.identify(reference))
    if it is None or not (it.announced or sees_withheld(work.by)):
        raise NotFound(kind="Retreat", reference=str(reference))
    return it


class Retreats(Commands):
    """What may be asked of retreats. A retreat is named by id or code."""

    def plan(
        self,
        *,
        code: str,
        series: str,
        edition: int,
        title: str,
        theme: str,
        starts_on: date,
        ends_on: date,
        zone: str,
        logistics: Logistics,
        in_person_link: str | None = None,
        virtual_link: str | None = None,
        objectives: Sequence[str] = (),
    ) -> Retreat:
        id = Retreat.identify(code)
        self._about(id)
        self._allow()
        return self._add(
            Retreat.plan(
                code=code,
                series=series,
                edition=edition,
                title=title,
                theme=theme,
                starts_on=starts_on,
                ends_on=ends_on,
                zone=zone,
                logistics=logistics,
                in_person_link=self._seal(in_person_link, field="in_person_link", about=id),
                virtual_link=self._seal(virtual_link, field="virtual_link", about=id),
                objectives=objectives,
                cmd=self._cmd,
            )
        )

    def announce(self, retreat: UUID | str) -> Retreat:
        it = self._subject(retreat)
        it.announce(cmd=self._cmd)
        self._provide_places(it)
        return it

    def invite_organization(self, retreat: UUID | str, *, organization: UUID | str) -> Retreat:
        it = self._known(retreat)
        of = self._get(Organization, organization)
        self._allow(organizations=[of.code])
        require_organization(self._work, of.code)
        it.invite_organization(organization=of.code, cmd=self._cmd)
        return it

    def revise_logistics(
        self,
        retreat: UUID | str,
        *,
        logistics: Logistics,
        in_person_link: str | None = None,
        virtual_link: str | None = None,
    ) -> Retreat:
        it = self._subject(retreat)
        dropped = [mode for mode in it.modes if mode not in logistics.format.modes]
        it.revise_logistics(
            logistics=logistics,
            in_person_link=self._seal(in_person_link, field="in_person_link", about=it.id),
            virtual_link=self._seal(virtual_link, field="virtual_link", about=it.id),
            cmd=self._cmd,
        )
        for mode in dropped:
            places = self._find(Places, Places.key(it.code, mode))
            if places and places.parties:
                raise RuleViolation(
                    "retreat.format",
                    state=it.state,
                    details={"mode": mode, "taken": len(places.taken), "waiting": len(places.waiting)},
                )
        return it

    def acknowledge_logistics(self, retreat: UUID | str, *, organization: UUID | str, version: int) -> Retreat:
        it = self._known(retreat)
        of = self._get(Organization, organization)
        self._allow(organizations=[of.code])
        it.acknowledge_logistics(organization=of.code, version=version, cmd=self._cmd)
        return it

    def set_seat_rules(
        self,
        retreat: UUID | str,
        *,
        representatives: int = 1,
        delegates: int = 2,
        in_person_places: int | None = None,
        virtual_places: int | None = None,
    ) -> Retreat:
        """Set seats and places, never below what is taken. More places lead to promotions, by reaction."""
        it = self._subject(retreat)
        before = it.seat_rules
        rules = SeatRules(
            representatives=representatives,
            delegates=delegates,
            in_person_places=in_person_places,
            virtual_places=virtual_places,
        )
        it.set_seat_rules(rules=rules, cmd=self._cmd)
        if rules == before:
            return it
        lowered = [category for category in SEATED if before and rules.seats(category) < before.seats(category)]
        entities: set[str] = set()
        self._provide_places(it)
        for mode in Mode:
            if places := self._find(Places, Places.key(it.code, mode)):
                places.change_room(room=rules.places(mode), cmd=self._cmd)
                entities.update(party.organization for party in places.parties)
        for category in lowered:
            for entity in sorted(entities):
                if seats := self._find(EntitySeats, EntitySeats.key(it.code, entity)):
                    seats.require_within(category, rule=rules.seats(category))
        return it

    def open_registration(self, retreat: UUID | str, *, deadline: datetime, zone: str | None = None) -> Retreat:
        it = self._subject(retreat)
        it.open_registration(deadline=deadline, zone=zone, cmd=self._cmd)
        return it

    def close_registration(self, retreat: UUID | str) -> Retreat:
        it = self._subject(retreat)
        it.close_registration(cmd=self._cmd)
        return it

    def change_deadline(self, retreat: UUID | str, *, deadline: datetime, zone: str | None = None) -> Retreat:
        it = self._subject(retreat)
        it.change_deadline(deadline=deadline, zone=zone, cmd=self._cmd)
        return it

    def publish_agenda(
        self, retreat: UUID | str, *, sessions: Sequence[AgendaEntry], change_note: str | None = None
    ) -> Retreat:
        it = self._subject(retreat)
        note = self._seal(change_note, field="change_note", about=it.id)
        it.publish_agenda(sessions=sessions, change_note=note, cmd=self._cmd)
        if it.pending_events:
            self._require_sessions(it)
        return it

    def open(self, retreat: UUID | str) -> Retreat:
        it = self._subject(retreat)
        it.open(cmd=self._cmd)
        return it

    def conclude(self, retreat: UUID | str) -> Retreat:
        it = self._subject(retreat)
        it.conclude(cmd=self._cmd)
        return it

    def postpone(self, retreat: UUID | str) -> Retreat:
        it = self._subject(retreat)
        it.postpone(cmd=self._cmd)
        return it

    def resume(
        self,
        retreat: UUID | str,
        *,
        starts_on: date,
        ends_on: date,
        zone: str | None = None,
        deadline: datetime | None = None,
    ) -> Retreat:
        it = self._subject(retreat)
        it.resume(starts_on=starts_on, ends_on=ends_on, zone=zone, deadline=deadline, cmd=self._cmd)
        return it

    def cancel(self, retreat: UUID | str) -> Retreat:
        it = self._subject(retreat)
        it.cancel(cmd=self._cmd)
        return it

    def issue_summary_report(
        self,
        retreat: UUID | str,
        *,
        position: int,
        content_digest: str,
        file_digest: str,
        stage: ReportStage = ReportStage.FINAL,
        comments: Sequence[Remark] = (),
    ) -> Retreat:
        """Issue a version of the summary report, with what organizations said about the version before."""
        it = self._subject(retreat)
        report = Report(stage=stage, position=position, content_digest=content_digest, file_digest=file_digest)
        it.issue_summary_report(
            report=report,
            head=self._work.store.head(),
            comments=[
                Comment(
                    organization=self._get(Organization, said.organization).code,
                    text=self._work.seal(said.text, field="comments", about=it.id),
                )
                for said in comments
            ],
            cmd=self._cmd,
        )
        return it

    def adopt_action_plan(
        self, retreat: UUID | str, *, title: str, version: int, act: BodyAct, file_digest: str | None = None
    ) -> Retreat:
        it = self._known(retreat)
        self._allow(bodies=[act.body])
        require_entries(self._work, EntryKind.BODY, [act.body], field="act.body")
        it.adopt_action_plan(
            plan=ActionPlan(title=title, version=version, act=act, file_digest=file_digest), cmd=self._cmd
        )
        return it

    def issue_communication(
        self,
        retreat: UUID | str,
        *,
        kind: CommunicationKind,
        channel: CommunicationChannel,
        title: str,
        text: str | None = None,
    ) -> Retreat:
        it = self._subject(retreat)
        it.issue_communication(
            communication=Communication(kind=kind, channel=channel, title=title, text=text), cmd=self._cmd
        )
        return it

    def _subject(self, retreat: UUID | str) -> Retreat:
        """The retreat of a command that is the secretariat's alone."""
        it = self._known(retreat)
        self._allow()
        return it

    def _known(self, retreat: UUID | str) -> Retreat:
        known_retreat(self._work, retreat)
        return self._load(Retreat, retreat)

    def _require_sessions(self, it: Retreat) -> None:
        from compact_domain.session import known_session  # here, since sessions in their turn know retreats

        for entry in it.agenda:
            session = known_session(self._work, entry.session)
            if session.retreat != it.code or session.state == "cancelled":
                details = {"session": session.code, "retreat": session.retreat, "session_state": session.state}
                raise RuleViolation("retreat.agenda", state=it.state, details=details)

    def _provide_places(self, it: Retreat) -> None:
        """Provide for the places that the seat rules give; not before the retreat is announced, which would tell."""
        if it.seat_rules is None or not it.announced:
            return
        for mode in Mode:
            if self._find(Places, Places.key(it.code, mode)) is None:
                self._add(Places.provide(retreat=it.code, mode=mode, room=it.seat_rules.places(mode), cmd=self._cmd))
