"""Sessions of a retreat: where and when they sit, who speaks, what was said, and the gaps and practices named there."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar
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
    Store,
    Value,
    Work,
)
from compact_domain.organization import Organization
from compact_domain.policy import sees_withheld
from compact_domain.registration import Registration
from compact_domain.retreat import Retreat, RetreatState
from compact_domain.vocabulary import Category, Mode, Severity, Text, Title, Zone

RULES: Mapping[str, str] = {
    "session.times": "A session ends after it starts.",
    "session.duration": "A session lasts no longer than a day.",
    "session.days": "A session sits within the days of its retreat, in the retreat's time zone.",
    "session.retreat": "Sessions are set up while their retreat is ahead or under way, and start while it is held.",
    "session.room": "A room holds one session at a time.",
    "session.speaker": "A speaker is in one session at a time.",
    "session.registration": "Who has a part in a session holds an active registration for that session's retreat.",
    "session.guest_speaker": "A guest speaker speaks in the sessions he or she was nominated for, and in no other.",
    "session.speaker_mode": "Who speaks in person is registered in person, so that places in the room count once.",
    "session.invited": "The invitation stands with another order, other minutes or another mode; withdraw it first.",
    "session.invitation": "An invitation that was declined or withdrawn is over; it takes a new one.",
    "session.organization": "A speaker's intervention is recorded for the organization he or she is registered for.",
}
CLAIMS: Mapping[str, str] = {
    "room": "session.room",
    "speaker": "session.speaker",
    "gap": "code.taken",
    "open-gap": "code.taken",
    "practice": "code.taken",
    "programme": "code.taken",
}

SLOT = timedelta(minutes=5)
LONGEST = timedelta(days=1)


class SessionState(StrEnum):
    """Where a session stands, from its scheduling to its approved record."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    CONCLUDED = "concluded"
    RECORD_APPROVED = "record_approved"
    CANCELLED = "cancelled"


class SessionKind(StrEnum):
    """What a session is in the programme of its retreat."""

    OPENING = "opening"
    THEMATIC = "thematic"
    CLOSING = "closing"


class Invitation(StrEnum):
    """How an invitation to speak stands."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


_BEFORE = {SessionState.SCHEDULED}
_UNTIL_CONCLUDED = {SessionState.SCHEDULED, SessionState.IN_PROGRESS}
_WHILE_RECORDED = {SessionState.IN_PROGRESS, SessionState.CONCLUDED}
_EVER_AFTER = {*_WHILE_RECORDED, SessionState.RECORD_APPROVED}

MAY_START_FROM: Starts = {
    "reschedule": _BEFORE,
    "cancel": _BEFORE,
    "set_objectives": _BEFORE,
    "invite_speaker": _UNTIL_CONCLUDED,
    "accept_invitation": _UNTIL_CONCLUDED,
    "decline_invitation": _UNTIL_CONCLUDED,
    "withdraw_speaker": _UNTIL_CONCLUDED,
    "assign_moderator": _UNTIL_CONCLUDED,
    "assign_rapporteur": {*_UNTIL_CONCLUDED, SessionState.CONCLUDED},
    "start": _BEFORE,
    "record_intervention": _WHILE_RECORDED,
    "identify_capacity_gap": _WHILE_RECORDED,
    "correct_capacity_gap": _EVER_AFTER,
    "close_capacity_gap": _EVER_AFTER,
    "highlight_good_practice": _WHILE_RECORDED,
    "raise_priority": _WHILE_RECORDED,
    "conclude": {SessionState.IN_PROGRESS},
    "approve_record": {SessionState.CONCLUDED},
    "correct_record": {SessionState.RECORD_APPROVED},
}

Room = Annotated[str, Meta(min_length=1, max_length=120)]
Instant = Annotated[datetime, Meta(tz=True)]
Minutes = Annotated[int, Meta(ge=1, le=24 * 60)]
Order = Annotated[int, Meta(ge=1, le=1000)]
Objective = Annotated[str, Meta(min_length=1, max_length=2_000)]
Regions = Annotated[tuple[Code, ...], Meta(description="codes of the regions concerned")]

Occupant = Callable[[str], str | None]
"""Which other session holds a claim, by its code; None if none does."""


class Sitting(Value, frozen=True, kw_only=True):
    """Where and when a session sits. Room and speakers are held in slots of five minutes."""

    room: Annotated[Room | None, Meta(description="as people call it; null: the session is virtual only")] = None
    starts_at: Annotated[Instant, Meta(description="instant, in UTC")]
    ends_at: Annotated[Instant, Meta(description="instant, in UTC")]

    @classmethod
    def at(cls, *, room: str | None, starts_at: datetime, ends_at: datetime) -> Sitting:
        """A sitting as a caller gives it. `InvalidInput` for an instant without offset or off the full five minutes."""
        problems = []
        for field, instant in (("startsAt", starts_at), ("endsAt", ends_at)):
            if instant.tzinfo is None:
                problems.append((field, "needs an offset"))
            elif instant.timestamp() % SLOT.total_seconds():
                problems.append((field, "is not on a full five minutes"))
        if problems:
            raise InvalidInput(fields=problems)
        return cls(room=room, starts_at=starts_at.astimezone(UTC), ends_at=ends_at.astimezone(UTC))

    def room_claims(self) -> list[str]:
        """What it holds of its room: the same room under another spelling of spaces and capitals is the same."""
        if self.room is None:
            return []
        room = " ".join(unicodedata.normalize("NFKC", self.room).casefold().split())
        return [f"room:{room}:{slot}" for slot in self._slots()]

    def speaker_claims(self, subject: UUID) -> list[str]:
        """What it holds of a speaker's time: all of it, whatever his or her minutes."""
        return [f"speaker:{subject}:{slot}" for slot in self._slots()]

    def claims(self, speakers: Iterable[UUID]) -> list[str]:
        """All that it holds."""
        return [*self.room_claims(), *(claim for subject in speakers for claim in self.speaker_claims(subject))]

    def days(self, zone: str) -> tuple[date, date]:
        """Its first and last day in a time zone. Ending at midnight, it ends on the day before."""
        local = ZoneInfo(zone)
        last = max(self.starts_at, self.ends_at - timedelta(microseconds=1))
        return self.starts_at.astimezone(local).date(), last.astimezone(local).date()

    def _slots(self) -> list[str]:
        count = (self.ends_at - self.starts_at) // SLOT
        return [(self.starts_at + n * SLOT).astimezone(UTC).strftime("%Y%m%dT%H%MZ") for n in range(count)]


class Frame(Value, frozen=True, kw_only=True):
    """What a session asks of its retreat: which days it has, how far it has come, and whether people rely on it."""

    retreat: Code
    state: str
    zone: Zone
    starts_on: date
    ends_on: date
    set_up: Annotated[bool, Meta(description="its programme may still be set up")]
    in_session: bool
    agenda_published: bool


class Participant(Value, frozen=True, kw_only=True):
    """What a session asks of a person's registration."""

    registration: UUID
    subject: UUID
    organization: Code
    retreat: Code
    category: Category
    mode: Mode
    active: bool
    sessions: Annotated[tuple[str, ...], Meta(description="sessions a guest speaker was nominated for")] = ()


class Speaker(Value, frozen=True, kw_only=True):
    """Somebody invited to speak in a session."""

    subject: UUID
    organization: Code
    order: int
    minutes: int
    mode: Mode
    invitation: Invitation = Invitation.INVITED

    @property
    def expected(self) -> bool:
        return self.invitation in (Invitation.INVITED, Invitation.ACCEPTED)


class CapacityGap(Value, frozen=True, kw_only=True):
    """What a region lacks, as voiced in a session. Others refer to it by its code."""

    code: Code
    region: Code
    working_group: Code
    severity: Severity
    description: str
    voiced_by: Code
    open: bool = True


class GoodPractice(Value, frozen=True, kw_only=True):
    """What works in a region, and where else it may. Others refer to it by its code."""

    code: Code
    region: Code
    working_group: Code
    model: str
    replicable_in: tuple[Code, ...] = ()
    for_gap: Code | None = None


class Priority(Value, frozen=True, kw_only=True):
    """What a session says should come first."""

    title: str
    organization: Code | None = None
    regions: tuple[Code, ...] = ()
    working_groups: tuple[Code, ...] = ()


Invited = Annotated[UUID, Meta(description="registration of the one invited")]
GapRegion = Annotated[Code, Meta(description="code of the region that lacks it")]
GapGroup = Annotated[Code, Meta(description="code of the working group whose field it lies in")]
GapSeverity = Annotated[Severity, Meta(description="how much it matters to those who voiced it")]
GapDescription = Annotated[Text, Meta(description="what is lacking, in clear")]
VoicedBy = Annotated[Code, Meta(description="code of the organization that voiced it")]


class Session(Aggregate):
    """One part of a retreat's programme, with its speakers and the record of what was said."""

    TOPIC = "session"
    MAY_START_FROM = MAY_START_FROM

    def __init__(
        self,
        *,
        code: str,
        retreat: str,
        title: str,
        kind: SessionKind,
        sitting: Sitting,
        attributed: bool,
        announced: bool,
    ) -> None:
        self.code, self.retreat, self.title, self.kind = code, retreat, title, kind
        self.sitting, self.attributed, self.announced = sitting, attributed, announced
        self.session_state = SessionState.SCHEDULED
        self.objectives: tuple[str, ...] = ()
        self.regions: tuple[str, ...] = ()
        self.speakers: dict[UUID, Speaker] = {}
        self.moderator: UUID | None = None
        self.rapporteurs: tuple[UUID, ...] = ()
        self.keepers: dict[UUID, UUID] = {}
        """Who keeps the record: the persons behind the registrations of the moderator and the rapporteurs."""
        self.interventions: dict[UUID, UUID | None] = {}
        """Who spoke, where that is known: under whose key the text lies."""
        self.gaps: dict[str, CapacityGap] = {}
        self.practices: dict[str, GoodPractice] = {}
        self.priorities: dict[UUID, Priority] = {}
        self.corrections = 0

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a session."""

    @property
    def state(self) -> str:
        return self.session_state

    def concerns(self) -> Concerns:
        return Concerns(persons=frozenset(self.keepers.values()))

    def concerns_of(self, verb: str, by: Actor) -> Concerns:
        """An invitation concerns those invited, who may still answer it; the record, those who keep it."""
        answers = {
            "accept_invitation": (Invitation.INVITED,),
            "decline_invitation": (Invitation.INVITED, Invitation.ACCEPTED),
        }
        if verb not in answers:
            return self.concerns()
        invited = [speaker for speaker in self.speakers.values() if speaker.invitation in answers[verb]]
        return Concerns(
            organizations=frozenset(speaker.organization for speaker in invited),
            persons=frozenset(speaker.subject for speaker in invited),
        )

    @property
    def expected(self) -> tuple[UUID, ...]:
        """The persons expected to speak, in the order they were invited."""
        return tuple(speaker.subject for speaker in self.speakers.values() if speaker.expected)

    @property
    def minutes(self) -> int:
        """The minutes promised to those expected to speak."""
        return sum(speaker.minutes for speaker in self.speakers.values() if speaker.expected)

    @property
    def lasts(self) -> int:
        """Its length in minutes."""
        return (self.sitting.ends_at - self.sitting.starts_at) // timedelta(minutes=1)

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The session was put into the programme of its retreat."""

        TOPIC: ClassVar[str] = "session.scheduled"
        code: Annotated[Code, Meta(description="unique among sessions")]
        retreat: Annotated[Code, Meta(description="code of its retreat")]
        title: Annotated[Title, Meta(description="as the programme has it")]
        kind: Annotated[SessionKind, Meta(description="its part in the programme")]
        sitting: Annotated[Sitting, Meta(description="where and when")]
        attributed: Annotated[bool, Meta(description="interventions name who speaks, unless said otherwise of one")]
        announced: Annotated[
            bool, Meta(description="false: its retreat was not announced, and neither is the session")
        ] = True

        def takes(self) -> Sequence[str]:
            unknown = [] if self.announced else [programme_claim(self.retreat, self.originator_id)]
            return [*self.sitting.room_claims(), *unknown]

        def content(self) -> dict[str, Any]:
            """Without whether it was announced: the same session scheduled again is the same, then as before."""
            return {name: value for name, value in super().content().items() if name != "announced"}

    @classmethod
    def schedule(
        cls,
        *,
        code: str,
        retreat: str,
        title: str,
        kind: SessionKind,
        sitting: Sitting,
        attributed: bool,
        cmd: Command,
        announced: bool = True,
    ) -> Session:
        """A new session. Whether its retreat and its room take it, `require_fit` tells."""
        return cls._begin(
            cls.Created(
                **cls._first(cls.identify(code), cmd),
                code=code,
                retreat=retreat,
                title=title,
                kind=kind,
                sitting=sitting,
                attributed=attributed,
                announced=announced,
            )
        )

    def announce(self, *, cmd: Command) -> None:
        """Make known what was scheduled before its retreat was announced, whatever has become of it since."""
        if not self.announced:
            self._states(self.Announced(**self._next(cmd), retreat=self.retreat))

    class Announced(Event, frozen=True, kw_only=True):
        """The retreat was made known, and with it the session, which until then existed only for the secretariat."""

        TOPIC: ClassVar[str] = "session.announced"
        retreat: Annotated[Code, Meta(description="code of its retreat")]

        def releases(self) -> Sequence[str]:
            return (programme_claim(self.retreat, self.originator_id),)

        def apply(self, it: Session) -> None:
            it.announced = True

    def require_fit(self, sitting: Sitting, *, frame: Frame, occupant: Occupant) -> None:
        """Refuse a sitting that its times, its retreat, its room or its speakers do not allow."""
        if not frame.set_up:
            raise self._no("session.retreat", retreat=frame.retreat, retreat_state=frame.state)
        if sitting.ends_at <= sitting.starts_at:
            raise self._no("session.times", starts_at=_text(sitting.starts_at), ends_at=_text(sitting.ends_at))
        if sitting.ends_at - sitting.starts_at > LONGEST:
            minutes = (sitting.ends_at - sitting.starts_at) // timedelta(minutes=1)
            raise self._no("session.duration", minutes=minutes, longest=LONGEST // timedelta(minutes=1))
        first, last = sitting.days(frame.zone)
        if first < frame.starts_on or last > frame.ends_on:
            raise self._no(
                "session.days",
                starts_on=first.isoformat(),
                ends_on=last.isoformat(),
                retreat_starts_on=frame.starts_on.isoformat(),
                retreat_ends_on=frame.ends_on.isoformat(),
                zone=frame.zone,
            )
        if other := _first_held(sitting.room_claims(), occupant):
            raise self._no("session.room", room=sitting.room or "", session=other)
        for subject in self.expected:
            self._require_free(subject, sitting, occupant)

    def _require_free(self, subject: UUID, sitting: Sitting, occupant: Occupant) -> None:
        if other := _first_held(sitting.speaker_claims(subject), occupant):
            raise self._no("session.speaker", session=other)

    def _no(self, rule: str, **details: str | int) -> RuleViolation:
        if self.pending_events:  # its first fact is not stored, so there is no session yet that could be in a state
            return RuleViolation(rule, details=details)
        return RuleViolation(rule, state=self.state, allowed=self._verbs(), details=details)

    def reschedule(self, *, sitting: Sitting, frame: Frame, occupant: Occupant, cmd: Command) -> None:
        if sitting == self.sitting:
            return
        self._may("reschedule", cmd)
        if frame.agenda_published and cmd.reason is None:
            raise self._no("reason.required")
        self.require_fit(sitting, frame=frame, occupant=occupant)
        self._states(
            self.Rescheduled(**self._next(cmd), sitting=sitting, before=self.sitting, speakers=self.expected),
        )

    class Rescheduled(Event, frozen=True, kw_only=True):
        """The session sits elsewhere or at another time, and those expected to speak with it."""

        TOPIC: ClassVar[str] = "session.rescheduled"
        sitting: Annotated[Sitting, Meta(description="where and when from now on")]
        before: Annotated[Sitting, Meta(description="where and when it was to be")]
        speakers: Annotated[tuple[UUID, ...], Meta(description="subjects expected to speak, whose time moves too")] = ()

        def takes(self) -> Sequence[str]:
            held = set(self.before.claims(self.speakers))
            return [claim for claim in self.sitting.claims(self.speakers) if claim not in held]

        def releases(self) -> Sequence[str]:
            kept = set(self.sitting.claims(self.speakers))
            return [claim for claim in self.before.claims(self.speakers) if claim not in kept]

        def apply(self, it: Session) -> None:
            it.sitting = self.sitting

    def cancel(self, *, cmd: Command) -> None:
        if self.session_state is SessionState.CANCELLED:
            return
        self._may("cancel", cmd)
        self._states(self.Cancelled(**self._next(cmd), sitting=self.sitting, speakers=self.expected))

    class Cancelled(Event, frozen=True, kw_only=True):
        """The session does not take place; its room and those expected to speak are free again."""

        TOPIC: ClassVar[str] = "session.cancelled"
        sitting: Annotated[Sitting, Meta(description="where and when it was to be")]
        speakers: Annotated[tuple[UUID, ...], Meta(description="subjects who were expected to speak")] = ()

        def releases(self) -> Sequence[str]:
            return self.sitting.claims(self.speakers)

        def apply(self, it: Session) -> None:
            it.session_state = SessionState.CANCELLED

    def set_objectives(self, *, objectives: tuple[str, ...], regions: tuple[str, ...], cmd: Command) -> None:
        if (self.objectives, self.regions) == (objectives, regions):
            return
        self._may("set_objectives", cmd)
        if not objectives:
            raise InvalidInput(fields=[("objectives", "is empty")])
        self._states(self.ObjectivesSet(**self._next(cmd), objectives=objectives, regions=regions))

    class ObjectivesSet(Event, frozen=True, kw_only=True):
        """What the session is to achieve, and for which regions; all of it given anew."""

        TOPIC: ClassVar[str] = "session.objectives_set"
        objectives: Annotated[tuple[Objective, ...], Meta(description="in the order of the programme")]
        regions: Regions = ()

        def apply(self, it: Session) -> None:
            it.objectives, it.regions = self.objectives, self.regions

    def _require_part(self, who: Participant) -> None:
        if who.retreat != self.retreat or not who.active:
            raise self._no("session.registration", registration=str(who.registration), retreat=self.retreat)

    def invite_speaker(
        self, *, who: Participant, order: int, minutes: int, mode: Mode, occupant: Occupant, cmd: Command
    ) -> None:
        standing = self.speakers.get(who.registration)
        if standing is not None and not standing.expected:
            standing = None
        if standing is not None and (standing.order, standing.minutes, standing.mode) == (order, minutes, mode):
            return
        self._may("invite_speaker", cmd)
        self._require_part(who)
        if standing is not None:
            raise self._no("session.invited", order=standing.order, minutes=standing.minutes, mode=standing.mode.value)
        if who.category is Category.GUEST_SPEAKER and self.code not in who.sessions:
            raise self._no("session.guest_speaker", session=self.code, nominated_for=" ".join(who.sessions))
        if mode is Mode.IN_PERSON and who.mode is not Mode.IN_PERSON:
            raise self._no("session.speaker_mode", registered=who.mode.value)
        self._require_free(who.subject, self.sitting, occupant)
        self._states(
            self.SpeakerInvited(
                **self._next(cmd),
                registration=who.registration,
                subject=who.subject,
                organization=who.organization,
                order=order,
                minutes=minutes,
                mode=mode,
                sitting=self.sitting,
            )
        )

    class SpeakerInvited(Event, frozen=True, kw_only=True):
        """Somebody registered for the retreat was asked to speak, and is expected until he or she says no."""

        TOPIC: ClassVar[str] = "session.speaker_invited"
        registration: Annotated[UUID, Meta(description="the one registration the part in the session is tied to")]
        subject: Annotated[UUID, Meta(description="the person registered")]
        organization: Annotated[Code, Meta(description="code of the organization he or she is registered for")]
        order: Annotated[Order, Meta(description="place among the speakers, from 1")]
        minutes: Annotated[Minutes, Meta(description="speaking time")]
        mode: Annotated[Mode, Meta(description="how he or she is to speak")]
        sitting: Annotated[Sitting, Meta(description="where and when it then was to be")]

        def takes(self) -> Sequence[str]:
            return self.sitting.speaker_claims(self.subject)

        def apply(self, it: Session) -> None:
            it.speakers.pop(self.registration, None)
            it.speakers[self.registration] = Speaker(
                subject=self.subject,
                organization=self.organization,
                order=self.order,
                minutes=self.minutes,
                mode=self.mode,
            )

    def speaker(self, registration: UUID) -> Speaker:
        """Who was invited to speak under a registration. `NotFound`."""
        if found := self.speakers.get(registration):
            return found
        raise NotFound(kind="Speaker", reference=str(registration))

    def accept_invitation(self, *, who: Participant, cmd: Command) -> None:
        if self._stands(who.registration) is Invitation.ACCEPTED:
            return
        self._may("accept_invitation", cmd)
        speaker = self.speaker(who.registration)
        self._require_part(who)
        self._require_expected(speaker)
        self._states(self.InvitationAccepted(**self._next(cmd), registration=who.registration))

    def _stands(self, registration: UUID) -> Invitation | None:
        speaker = self.speakers.get(registration)
        return speaker.invitation if speaker else None

    def _require_expected(self, speaker: Speaker) -> None:
        if not speaker.expected:
            raise self._no("session.invitation", invitation=speaker.invitation.value)

    class InvitationAccepted(Event, frozen=True, kw_only=True):
        """Who was invited will speak."""

        TOPIC: ClassVar[str] = "session.invitation_accepted"
        registration: Invited

        def apply(self, it: Session) -> None:
            it._invitation(self.registration, Invitation.ACCEPTED)

    def _invitation(self, registration: UUID, invitation: Invitation) -> None:
        self.speakers[registration] = msgspec.structs.replace(self.speakers[registration], invitation=invitation)

    def decline_invitation(self, *, registration: UUID, cmd: Command) -> None:
        if self._stands(registration) is Invitation.DECLINED:
            return
        self._may("decline_invitation", cmd)
        speaker = self.speaker(registration)
        self._require_expected(speaker)
        self._states(
            self.InvitationDeclined(
                **self._next(cmd), registration=registration, subject=speaker.subject, sitting=self.sitting
            )
        )

    class InvitationDeclined(Event, frozen=True, kw_only=True):
        """Who was invited will not speak, and is free at that time."""

        TOPIC: ClassVar[str] = "session.invitation_declined"
        registration: Invited
        subject: Annotated[UUID, Meta(description="the person who was expected")]
        sitting: Annotated[Sitting, Meta(description="where and when it was to be")]

        def releases(self) -> Sequence[str]:
            return self.sitting.speaker_claims(self.subject)

        def apply(self, it: Session) -> None:
            it._invitation(self.registration, Invitation.DECLINED)

    def withdraw_speaker(self, *, registration: UUID, cmd: Command) -> None:
        if self._stands(registration) is Invitation.WITHDRAWN:
            return
        self._may("withdraw_speaker", cmd)
        speaker = self.speaker(registration)
        self._require_expected(speaker)
        self._states(
            self.SpeakerWithdrawn(
                **self._next(cmd), registration=registration, subject=speaker.subject, sitting=self.sitting
            )
        )

    class SpeakerWithdrawn(Event, frozen=True, kw_only=True):
        """The invitation to speak was taken back, and the person is free at that time."""

        TOPIC: ClassVar[str] = "session.speaker_withdrawn"
        registration: Invited
        subject: Annotated[UUID, Meta(description="the person who was expected")]
        sitting: Annotated[Sitting, Meta(description="where and when it was to be")]

        def releases(self) -> Sequence[str]:
            return self.sitting.speaker_claims(self.subject)

        def apply(self, it: Session) -> None:
            it._invitation(self.registration, Invitation.WITHDRAWN)

    def assign_moderator(self, *, who: Participant, cmd: Command) -> None:
        if self.moderator == who.registration:
            return
        self._may("assign_moderator", cmd)
        self._require_part(who)
        self._states(
            self.ModeratorAssigned(
                **self._next(cmd),
                registration=who.registration,
                subject=who.subject,
                instead_of=self.moderator,
            )
        )

    class ModeratorAssigned(Event, frozen=True, kw_only=True):
        """Somebody registered for the retreat leads the session, in the place of whoever was to before."""

        TOPIC: ClassVar[str] = "session.moderator_assigned"
        registration: Annotated[UUID, Meta(description="the registration that the part is tied to")]
        subject: Annotated[UUID, Meta(description="the person registered")]
        instead_of: Annotated[UUID | None, Meta(description="registration of the moderator until then")] = None

        def apply(self, it: Session) -> None:
            if self.instead_of is not None and self.instead_of not in it.rapporteurs:
                it.keepers.pop(self.instead_of, None)
            it.moderator = self.registration
            it.keepers[self.registration] = self.subject

    def assign_rapporteur(self, *, who: Participant, cmd: Command) -> None:
        if who.registration in self.rapporteurs:
            return
        self._may("assign_rapporteur", cmd)
        self._require_part(who)
        self._states(self.RapporteurAssigned(**self._next(cmd), registration=who.registration, subject=who.subject))

    class RapporteurAssigned(Event, frozen=True, kw_only=True):
        """Somebody registered for the retreat keeps the record of the session, beside whoever else does."""

        TOPIC: ClassVar[str] = "session.rapporteur_assigned"
        registration: Annotated[UUID, Meta(description="the registration that the part is tied to")]
        subject: Annotated[UUID, Meta(description="the person registered")]

        def apply(self, it: Session) -> None:
            it.rapporteurs = (*it.rapporteurs, self.registration)
            it.keepers[self.registration] = self.subject

    def start(self, *, frame: Frame, cmd: Command) -> None:
        if self.session_state is SessionState.IN_PROGRESS:
            return
        self._may("start", cmd)
        if not frame.in_session:
            raise self._no("session.retreat", retreat=frame.retreat, retreat_state=frame.state)
        self._states(self.Started(**self._next(cmd)))

    class Started(Event, frozen=True, kw_only=True):
        """The session began."""

        TOPIC: ClassVar[str] = "session.started"

        def apply(self, it: Session) -> None:
            it.session_state = SessionState.IN_PROGRESS

    def record_intervention(
        self,
        *,
        intervention: UUID,
        organization: str,
        speaker: Participant | None,
        text: Sealed,
        attributed: bool | None,
        cmd: Command,
    ) -> None:
        if intervention in self.interventions:
            return
        self._may("record_intervention", cmd)
        if speaker is not None and speaker.retreat != self.retreat:
            raise self._no("session.registration", registration=str(speaker.registration), retreat=self.retreat)
        if speaker is not None and speaker.organization != organization:
            raise self._no("session.organization", registration=str(speaker.registration), organization=organization)
        self._states(
            self.InterventionRecorded(
                **self._next(cmd),
                intervention=intervention,
                organization=organization,
                registration=speaker.registration if speaker else None,
                subject=speaker.subject if speaker else None,
                text=text,
                attributed=self.attributed if attributed is None else attributed,
            )
        )

    class InterventionRecorded(Event, frozen=True, kw_only=True):
        """Something said in the session was taken into its record."""

        TOPIC: ClassVar[str] = "session.intervention_recorded"
        CONFIDENTIAL: ClassVar[frozenset[str]] = frozenset({"organization", "registration", "subject"})
        intervention: Annotated[UUID, Meta(description="id of the intervention")]
        organization: Annotated[Code, Meta(description="code of the organization that spoke")]
        registration: Annotated[UUID | None, Meta(description="registration of who spoke, where known")] = None
        subject: Annotated[UUID | None, Meta(description="the person who spoke, where known")] = None
        text: Annotated[Sealed, Meta(description="what was said")]
        attributed: Annotated[
            bool, Meta(description="false: neither organization nor person is named to others than the secretariat")
        ]

        def apply(self, it: Session) -> None:
            it.interventions[self.intervention] = self.subject

    def spoken_by(self, intervention: UUID | None) -> UUID:
        """Under whose key an intervention lies: the speaker's, else the session's, as what is said of it at large."""
        if intervention is None:
            return self.id
        if intervention not in self.interventions:
            raise NotFound(kind="Intervention", reference=str(intervention))
        return self.interventions[intervention] or self.id

    def identify_capacity_gap(self, *, gap: CapacityGap, occupant: Occupant, cmd: Command) -> None:
        standing = self.gaps.get(gap.code)
        if standing is not None and msgspec.structs.replace(standing, open=gap.open) == gap:
            return
        self._may("identify_capacity_gap", cmd)
        self._require_new(f"gap:{gap.code}", gap.code, occupant, own=standing is not None)
        self._states(
            self.CapacityGapIdentified(
                **self._next(cmd),
                code=gap.code,
                region=gap.region,
                working_group=gap.working_group,
                severity=gap.severity,
                description=gap.description,
                voiced_by=gap.voiced_by,
            )
        )

    def _require_new(self, claim: str, code: str, occupant: Occupant, *, own: bool) -> None:
        if holder := self.code if own else occupant(claim):
            raise self._no("code.taken", code=code, session=holder)

    class CapacityGapIdentified(Event, frozen=True, kw_only=True):
        """An organization voiced what a region lacks."""

        TOPIC: ClassVar[str] = "session.capacity_gap_identified"
        code: Annotated[Code, Meta(description="unique code of the gap, by which others refer to it")]
        region: GapRegion
        working_group: GapGroup
        severity: GapSeverity
        description: GapDescription
        voiced_by: VoicedBy

        def takes(self) -> Sequence[str]:
            return (f"gap:{self.code}", f"open-gap:{self.code}")

        def apply(self, it: Session) -> None:
            it.gaps[self.code] = CapacityGap(
                code=self.code,
                region=self.region,
                working_group=self.working_group,
                severity=self.severity,
                description=self.description,
                voiced_by=self.voiced_by,
            )

    def gap(self, code: str) -> CapacityGap:
        """A capacity gap identified in this session. `NotFound`."""
        if found := self.gaps.get(code):
            return found
        raise NotFound(kind="CapacityGap", reference=code)

    def correct_capacity_gap(self, *, gap: CapacityGap, cmd: Command) -> None:
        """Let a gap say what it should have said from the start; whether it is open stays as it is."""
        if self.gaps.get(gap.code) == gap:
            return
        self._may("correct_capacity_gap", cmd)
        self.gap(gap.code)
        self._states(
            self.CapacityGapCorrected(
                **self._next(cmd),
                code=gap.code,
                region=gap.region,
                working_group=gap.working_group,
                severity=gap.severity,
                description=gap.description,
                voiced_by=gap.voiced_by,
            )
        )

    class CapacityGapCorrected(Event, frozen=True, kw_only=True):
        """What was recorded of a gap was not right; all of it is given anew."""

        TOPIC: ClassVar[str] = "session.capacity_gap_corrected"
        code: Annotated[Code, Meta(description="code of the gap")]
        region: GapRegion
        working_group: GapGroup
        severity: GapSeverity
        description: GapDescription
        voiced_by: VoicedBy

        def apply(self, it: Session) -> None:
            it.gaps[self.code] = msgspec.structs.replace(
                it.gaps[self.code],
                region=self.region,
                working_group=self.working_group,
                severity=self.severity,
                description=self.description,
                voiced_by=self.voiced_by,
            )

    def close_capacity_gap(self, *, code: str, cmd: Command) -> None:
        if code in self.gaps and not self.gaps[code].open:
            return
        self._may("close_capacity_gap", cmd)
        self.gap(code)
        self._states(self.CapacityGapClosed(**self._next(cmd), code=code))

    class CapacityGapClosed(Event, frozen=True, kw_only=True):
        """The gap is a gap no more."""

        TOPIC: ClassVar[str] = "session.capacity_gap_closed"
        code: Annotated[Code, Meta(description="code of the gap")]

        def releases(self) -> Sequence[str]:
            return (f"open-gap:{self.code}",)

        def apply(self, it: Session) -> None:
            it.gaps[self.code] = msgspec.structs.replace(it.gaps[self.code], open=False)

    def highlight_good_practice(self, *, practice: GoodPractice, occupant: Occupant, cmd: Command) -> None:
        standing = self.practices.get(practice.code)
        if standing == practice:
            return
        self._may("highlight_good_practice", cmd)
        self._require_new(f"practice:{practice.code}", practice.code, occupant, own=standing is not None)
        self._states(
            self.GoodPracticeHighlighted(
                **self._next(cmd),
                code=practice.code,
                region=practice.region,
                working_group=practice.working_group,
                model=practice.model,
                replicable_in=practice.replicable_in,
                for_gap=practice.for_gap,
            )
        )

    class GoodPracticeHighlighted(Event, frozen=True, kw_only=True):
        """A model that works in a region was put before the others."""

        TOPIC: ClassVar[str] = "session.good_practice_highlighted"
        code: Annotated[Code, Meta(description="unique code of the practice, by which others refer to it")]
        region: Annotated[Code, Meta(description="code of the region it comes from")]
        working_group: Annotated[Code, Meta(description="code of the working group whose field it lies in")]
        model: Annotated[Text, Meta(description="what is done, in clear")]
        replicable_in: Annotated[tuple[Code, ...], Meta(description="codes of the regions that may take it up")] = ()
        for_gap: Annotated[Code | None, Meta(description="code of the capacity gap it answers")] = None

        def takes(self) -> Sequence[str]:
            return (f"practice:{self.code}",)

        def apply(self, it: Session) -> None:
            it.practices[self.code] = GoodPractice(
                code=self.code,
                region=self.region,
                working_group=self.working_group,
                model=self.model,
                replicable_in=self.replicable_in,
                for_gap=self.for_gap,
            )

    def raise_priority(self, *, id: UUID, priority: Priority, cmd: Command) -> None:
        if priority in self.priorities.values():
            return
        self._may("raise_priority", cmd)
        self._states(
            self.PriorityRaised(
                **self._next(cmd),
                priority=id,
                title=priority.title,
                organization=priority.organization,
                regions=priority.regions,
                working_groups=priority.working_groups,
            )
        )

    class PriorityRaised(Event, frozen=True, kw_only=True):
        """The session named something that should come first."""

        TOPIC: ClassVar[str] = "session.priority_raised"
        priority: Annotated[UUID, Meta(description="id of the priority")]
        title: Annotated[Title, Meta(description="the priority in a few words, in clear")]
        organization: Annotated[Code | None, Meta(description="code of the organization that raised it")] = None
        regions: Regions = ()
        working_groups: Annotated[tuple[Code, ...], Meta(description="codes of the working groups concerned")] = ()

        def apply(self, it: Session) -> None:
            it.priorities[self.priority] = Priority(
                title=self.title,
                organization=self.organization,
                regions=self.regions,
                working_groups=self.working_groups,
            )

    def conclude(self, *, cmd: Command) -> None:
        if self.session_state is SessionState.CONCLUDED:
            return
        self._may("conclude", cmd)
        self._states(self.Concluded(**self._next(cmd)))

    class Concluded(Event, frozen=True, kw_only=True):
        """The session ended; its record may still be completed."""

        TOPIC: ClassVar[str] = "session.concluded"

        def apply(self, it: Session) -> None:
            it.session_state = SessionState.CONCLUDED

    def approve_record(self, *, cmd: Command) -> None:
        if self.session_state is SessionState.RECORD_APPROVED:
            return
        self._may("approve_record", cmd)
        self._states(
            self.RecordApproved(
                **self._next(cmd),
                interventions=len(self.interventions),
                capacity_gaps=len(self.gaps),
                good_practices=len(self.practices),
                priorities=len(self.priorities),
            )
        )

    class RecordApproved(Event, frozen=True, kw_only=True):
        """The record of the session stands as it was then; from there on it is corrected, not completed."""

        TOPIC: ClassVar[str] = "session.record_approved"
        interventions: Annotated[int, Meta(ge=0, description="how many it holds")]
        capacity_gaps: Annotated[int, Meta(ge=0, description="how many it holds")]
        good_practices: Annotated[int, Meta(ge=0, description="how many it holds")]
        priorities: Annotated[int, Meta(ge=0, description="how many it holds")]

        def apply(self, it: Session) -> None:
            it.session_state = SessionState.RECORD_APPROVED

    def correct_record(
        self, *, intervention: UUID | None, text: Sealed | None, attributed: bool | None, cmd: Command
    ) -> None:
        self._may("correct_record", cmd)
        self.spoken_by(intervention)
        if text is None and (intervention is None or attributed is None):
            raise InvalidInput(fields=[("text", "is needed where nothing else is corrected")])
        if intervention is None and attributed is not None:
            raise InvalidInput(fields=[("intervention", "is needed to change an attribution")])
        self._states(
            self.RecordCorrected(
                **self._next(cmd),
                number=self.corrections + 1,
                intervention=intervention,
                text=text,
                attributed=attributed,
            )
        )

    class RecordCorrected(Event, frozen=True, kw_only=True):
        """The approved record was not right in one point, which now reads as said here."""

        TOPIC: ClassVar[str] = "session.record_corrected"
        number: Annotated[int, Meta(ge=1, description="which correction of this record, from 1")]
        intervention: Annotated[UUID | None, Meta(description="the one corrected; null: the record as a whole")] = None
        text: Annotated[Sealed | None, Meta(description="how it reads now; null: the text stays")] = None
        attributed: Annotated[bool | None, Meta(description="whether it names who spoke; null: as it was")] = None

        def apply(self, it: Session) -> None:
            it.corrections = self.number


def programme_claim(retreat: str, session: UUID) -> str:
    """What shows that a session waits for its retreat to be announced."""
    return f"programme:{retreat}:{session}"


def unannounced(store: Store, retreat: str) -> list[UUID]:
    """The sessions that wait for a retreat to be announced."""
    prefix = f"programme:{retreat}:"
    return [UUID(key.removeprefix(prefix)) for key in store.claims(prefix)]


def _first_held(claims: Iterable[str], occupant: Occupant) -> str | None:
    return next(filter(None, map(occupant, claims)), None)


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def known_session(work: Work, reference: UUID | str) -> Session:
    """The session that a command names. `NotFound`, also where it is not announced and the actor may not know of it."""
    it = work.find(Session, reference if isinstance(reference, UUID) else Session.identify(reference))
    if it is None or not (it.announced or sees_withheld(work.by)):
        raise NotFound(kind="Session", reference=str(reference))
    return it


def require_gap(work: Work, code: str) -> CapacityGap:
    """The capacity gap of that code, in whichever session it was voiced. `NotFound`."""
    return session_of_gap(work, code).gap(code)


def open_gaps(work: Work) -> list[CapacityGap]:
    """The capacity gaps that are open, in whichever session they were voiced; by code."""
    prefix = "open-gap:"
    return [require_gap(work, key.removeprefix(prefix)) for key in work.store.claims(prefix)]


def session_of_gap(work: Work, code: str) -> Session:
    """The session in which the capacity gap of that code was voiced. `NotFound`."""
    holder = work.store.holder(f"gap:{code}")
    session = work.find(Session, holder) if holder else None
    if session is None:
        raise NotFound(kind="CapacityGap", reference=code)
    return session


class Sessions(Commands):
    """What may be asked of sessions. A session and its retreat are named by id or code, a registration by id."""

    def schedule(
        self,
        retreat: UUID | str,
        *,
        code: str,
        title: str,
        kind: SessionKind,
        starts_at: datetime,
        ends_at: datetime,
        room: str | None = None,
        attributed: bool = True,
    ) -> Session:
        self._about(Session.identify(code))
        self._allow()
        of = self._get(Retreat, retreat)
        self._work.expects(of)
        new = Session.schedule(
            code=code,
            retreat=of.code,
            title=title,
            kind=kind,
            sitting=Sitting.at(room=room, starts_at=starts_at, ends_at=ends_at),
            attributed=attributed,
            announced=of.retreat_state is not RetreatState.PLANNED,
            cmd=self._cmd,
        )
        it = self._add(new)
        if it is new:
            it.require_fit(it.sitting, frame=_frame(of), occupant=self._occupant(it))
        return it

    def announce(self, session: UUID | str) -> Session:
        """Make known a session whose retreat has been announced."""
        it = self._subject(session)
        it.announce(cmd=self._cmd)
        return it

    def reschedule(
        self, session: UUID | str, *, starts_at: datetime, ends_at: datetime, room: str | None = None
    ) -> Session:
        """Give a session another place or time; all of it is said anew, so without a room it is virtual only."""
        it = self._subject(session)
        it.reschedule(
            sitting=Sitting.at(room=room, starts_at=starts_at, ends_at=ends_at),
            frame=_frame(self._get(Retreat, it.retreat)),
            occupant=self._occupant(it),
            cmd=self._cmd,
        )
        return it

    def cancel(self, session: UUID | str) -> Session:
        it = self._subject(session)
        it.cancel(cmd=self._cmd)
        return it

    def set_objectives(self, session: UUID | str, *, objectives: Sequence[str], regions: Sequence[str] = ()) -> Session:
        it = self._subject(session)
        self._require_regions(regions, known=it.regions, field="regions")
        it.set_objectives(objectives=tuple(objectives), regions=_each_once(regions), cmd=self._cmd)
        return it

    def invite_speaker(
        self, session: UUID | str, *, registration: UUID, order: int, minutes: int, mode: Mode
    ) -> Session:
        it = self._subject(session)
        it.invite_speaker(
            who=self._participant(registration),
            order=order,
            minutes=minutes,
            mode=mode,
            occupant=self._occupant(it),
            cmd=self._cmd,
        )
        if it.minutes > it.lasts:
            self._warn("session.minutes")
        return it

    def accept_invitation(self, session: UUID | str, *, registration: UUID) -> Session:
        it = self._invited(session, registration)
        it.accept_invitation(who=self._participant(registration), cmd=self._cmd)
        return it

    def decline_invitation(self, session: UUID | str, *, registration: UUID) -> Session:
        it = self._invited(session, registration)
        it.decline_invitation(registration=registration, cmd=self._cmd)
        return it

    def withdraw_speaker(self, session: UUID | str, *, registration: UUID) -> Session:
        it = self._invited(session, registration)
        it.withdraw_speaker(registration=registration, cmd=self._cmd)
        return it

    def assign_moderator(self, session: UUID | str, *, registration: UUID) -> Session:
        it = self._subject(session)
        it.assign_moderator(who=self._participant(registration), cmd=self._cmd)
        return it

    def assign_rapporteur(self, session: UUID | str, *, registration: UUID) -> Session:
        it = self._subject(session)
        it.assign_rapporteur(who=self._participant(registration), cmd=self._cmd)
        return it

    def start(self, session: UUID | str) -> Session:
        it = self._subject(session)
        it.start(frame=_frame(self._get(Retreat, it.retreat)), cmd=self._cmd)
        return it

    def record_intervention(
        self,
        session: UUID | str,
        *,
        organization: UUID | str,
        text: str,
        speaker: UUID | None = None,
        attributed: bool | None = None,
    ) -> Session:
        """Take down what an organization said; `speaker` is the registration of who said it, where that is known."""
        it = self._subject(session)
        who = self._participant(speaker) if speaker else None
        it.record_intervention(
            intervention=self._work.new_id("intervention"),
            organization=self._get(Organization, organization).code,
            speaker=who,
            text=self._work.seal(text, field="text", about=who.subject if who else it.id),
            attributed=attributed,
            cmd=self._cmd,
        )
        return it

    def identify_capacity_gap(
        self,
        session: UUID | str,
        *,
        code: str,
        region: str,
        working_group: str,
        severity: Severity,
        description: str,
        voiced_by: UUID | str,
    ) -> Session:
        it = self._subject(session)
        gap = CapacityGap(
            code=code,
            region=region,
            working_group=working_group,
            severity=severity,
            description=description,
            voiced_by=self._get(Organization, voiced_by).code,
        )
        self._require_gap_of(gap, known=it.gaps.get(code))
        it.identify_capacity_gap(gap=gap, occupant=self._occupant(it), cmd=self._cmd)
        return it

    def correct_capacity_gap(
        self,
        session: UUID | str,
        *,
        code: str,
        region: str | None = None,
        working_group: str | None = None,
        severity: Severity | None = None,
        description: str | None = None,
        voiced_by: UUID | str | None = None,
    ) -> Session:
        """Put right what was recorded of a gap. What is left out stays as it is."""
        it = self._subject(session)
        known = it.gap(code)
        gap = CapacityGap(
            code=code,
            region=region or known.region,
            working_group=working_group or known.working_group,
            severity=severity or known.severity,
            description=known.description if description is None else description,
            voiced_by=self._get(Organization, voiced_by).code if voiced_by else known.voiced_by,
            open=known.open,
        )
        self._require_gap_of(gap, known=known)
        it.correct_capacity_gap(gap=gap, cmd=self._cmd)
        return it

    def close_capacity_gap(self, session: UUID | str, *, code: str) -> Session:
        it = self._subject(session)
        it.close_capacity_gap(code=code, cmd=self._cmd)
        return it

    def highlight_good_practice(
        self,
        session: UUID | str,
        *,
        code: str,
        region: str,
        working_group: str,
        model: str,
        replicable_in: Sequence[str] = (),
        for_gap: str | None = None,
    ) -> Session:
        it = self._subject(session)
        practice = GoodPractice(
            code=code,
            region=region,
            working_group=working_group,
            model=model,
            replicable_in=_each_once(replicable_in),
            for_gap=for_gap,
        )
        if it.practices.get(code) != practice:
            self._require_regions([region], field="region")
            self._require_regions(replicable_in, field="replicableIn")
            require_entries(self._work, EntryKind.WORKING_GROUP, [working_group], field="workingGroup")
            if for_gap is not None:
                require_gap(self._work, for_gap)
        it.highlight_good_practice(practice=practice, occupant=self._occupant(it), cmd=self._cmd)
        return it

    def raise_priority(
        self,
        session: UUID | str,
        *,
        title: str,
        organization: UUID | str | None = None,
        regions: Sequence[str] = (),
        working_groups: Sequence[str] = (),
    ) -> Session:
        it = self._subject(session)
        priority = Priority(
            title=title,
            organization=self._get(Organization, organization).code if organization else None,
            regions=_each_once(regions),
            working_groups=_each_once(working_groups),
        )
        if priority not in it.priorities.values():
            self._require_regions(regions, field="regions")
            require_entries(self._work, EntryKind.WORKING_GROUP, working_groups, field="workingGroups")
        it.raise_priority(id=self._work.new_id("priority"), priority=priority, cmd=self._cmd)
        return it

    def conclude(self, session: UUID | str) -> Session:
        it = self._subject(session)
        it.conclude(cmd=self._cmd)
        return it

    def approve_record(self, session: UUID | str) -> Session:
        it = self._subject(session)
        it.approve_record(cmd=self._cmd)
        return it

    def correct_record(
        self,
        session: UUID | str,
        *,
        intervention: UUID | None = None,
        text: str | None = None,
        attributed: bool | None = None,
    ) -> Session:
        """Correct the approved record: one intervention's text or attribution, or, naming none, the record at large.

        Why concerns who spoke, as what was said does.
        """
        self._about(known_session(self._work, session).spoken_by(intervention))
        it = self._subject(session)
        it.correct_record(
            intervention=intervention,
            text=self._seal(text, field="text", about=it.spoken_by(intervention)),
            attributed=attributed,
            cmd=self._cmd,
        )
        return it

    def _subject(self, session: UUID | str) -> Session:
        """The session of a command that is the secretariat's, or that of those who keep its record."""
        it = self._load(Session, known_session(self._work, session).id)
        self._allow(persons=list(it.keepers.values()))
        return it

    def _invited(self, session: UUID | str, registration: UUID) -> Session:
        """The session of a command about an invitation, whose reason concerns the one invited."""
        speaker = known_session(self._work, session).speaker(registration)
        self._about(speaker.subject)
        it = self._load(Session, session)
        self._allow(organizations=[speaker.organization], persons=[speaker.subject])
        return it

    def _occupant(self, it: Session) -> Occupant:
        def other(claim: str) -> str | None:
            holder = self._work.store.holder(claim)
            return None if holder is None or holder == it.id else self._get(Session, holder).code

        return other

    def _participant(self, registration: UUID) -> Participant:
        it = self._get(Registration, registration)
        return Participant(
            registration=it.id,
            subject=it.subject,
            organization=it.organization,
            retreat=it.retreat,
            category=it.category,
            mode=it.mode,
            active=it.active,
            sessions=it.sessions,
        )

    def _require_regions(self, regions: Iterable[str], *, field: str, known: Iterable[str] = ()) -> None:
        kept = set(known)
        new = [region for region in regions if region not in kept]
        require_entries(self._work, EntryKind.REGION, new, field=field)

    def _require_gap_of(self, gap: CapacityGap, *, known: CapacityGap | None) -> None:
        """Refuse what a gap newly refers to, where the catalogue does not have it or has retired it."""
        if known is None or gap.region != known.region:
            self._require_regions([gap.region], field="region")
        if known is None or gap.working_group != known.working_group:
            require_entries(self._work, EntryKind.WORKING_GROUP, [gap.working_group], field="workingGroup")


def _frame(retreat: Retreat) -> Frame:
    return Frame(
        retreat=retreat.code,
        state=retreat.state,
        zone=retreat.zone,
        starts_on=retreat.starts_on,
        ends_on=retreat.ends_on,
        set_up=not retreat.over and retreat.state != RetreatState.POSTPONED,
        in_session=retreat.in_session,
        agenda_published=retreat.agenda_version > 0,
    )


def _each_once(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
