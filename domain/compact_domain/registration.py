"""Registration: who comes to a retreat, as what, in which mode, and who was there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from compact_domain.kernel import (
    Actor,
    Aggregate,
    Code,
    Command,
    Commands,
    Concerns,
    InvalidInput,
    PersonDetails,
    RuleViolation,
    Starts,
    Work,
)
from compact_domain.organization import Organization, require_organization
from compact_domain.retreat import Retreat, RetreatState, known_retreat
from compact_domain.seats import SEATED, AtRetreat, EntitySeats, OfOrganization, Places, require_seated
from compact_domain.vocabulary import Category, Mode

RULES: Mapping[str, str] = {
    "registration.closed": "Nominations come in while registration is open, and afterwards by late admission.",
    "registration.deadline": "After the deadline nobody is nominated or reinstated but by late admission.",
    "registration.in_time": "Only what comes after the deadline is admitted late.",
    "registration.running": "Registrations change from the opening of registration until the retreat concludes.",
    "registration.in_session": "Attendance is recorded while the retreat is in session.",
    "registration.person": "A person has one active registration for a retreat.",
    "registration.category": "Compact entities send representatives and delegates, others guest speakers.",
    "registration.mode": "The retreat is not attended in this mode.",
    "registration.session": "Sessions named in a registration belong to its retreat and are not cancelled.",
    "registration.attended": "Who attended is not excused.",
}
CLAIMS: Mapping[str, str] = {"person": "registration.person"}


class RegistrationState(StrEnum):
    """How a registration stands."""

    NOMINATED = "nominated"
    WAITLISTED = "waitlisted"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUBSTITUTED = "substituted"


ACTIVE = {RegistrationState.NOMINATED, RegistrationState.WAITLISTED, RegistrationState.CONFIRMED}
UNCONFIRMED = {RegistrationState.NOMINATED, RegistrationState.WAITLISTED}
ENDED = {RegistrationState.DECLINED, RegistrationState.REJECTED, RegistrationState.WITHDRAWN}
MAY_START_FROM: Starts = {
    "confirm": UNCONFIRMED,
    "decline": UNCONFIRMED,
    "reject": UNCONFIRMED,
    "withdraw": ACTIVE,
    "reinstate": ENDED,
    "admit_late": ENDED,
    "substitute": ACTIVE,
    "change_mode": ACTIVE,
    "promote": ACTIVE,
    "skip_waiting": ACTIVE,
    "record_attendance": {RegistrationState.CONFIRMED},
    "excuse": {RegistrationState.CONFIRMED},
}

OfPerson = Annotated[UUID, Meta(description="subject that stands for the person")]


@dataclass(frozen=True, kw_only=True)
class Nomination:
    """A nomination as it comes in, with the person's details."""

    retreat: UUID | str
    organization: UUID | str
    category: Category
    mode: Mode
    person: PersonDetails
    sessions: Sequence[UUID | str] = ()


class Registration(Aggregate):
    """One person's part in one retreat, from nomination to attendance.

    It has a place in its mode while it is nominated or confirmed, and waits for one while it is waitlisted. Who asked
    for the other mode while that was full keeps the present one and waits for the other (`waits_for`).
    """

    TOPIC = "registration"
    MAY_START_FROM = MAY_START_FROM

    def __init__(
        self,
        *,
        retreat: str,
        organization: str,
        subject: UUID,
        category: Category,
        mode: Mode,
        state: RegistrationState,
        sessions: tuple[str, ...],
        waits_for: Mode | None,
    ) -> None:
        self.retreat, self.organization, self.subject = retreat, organization, subject
        self.category, self.mode, self.sessions = category, mode, sessions
        self.registration_state, self.waits_for = state, waits_for
        self.reinstated = False
        self.successor: UUID | None = None
        self.attendance: dict[str, Mode] = {}
        """The sessions attended, each with the actual mode."""
        self.excused: set[str | None] = set()
        """The sessions excused from; None stands for the whole retreat."""

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a registration."""

    @property
    def state(self) -> str:
        return self.registration_state

    @property
    def sealed_under(self) -> UUID:
        return self.subject

    def concerns(self) -> Concerns:
        return Concerns(organizations=frozenset({self.organization}), persons=frozenset({self.subject}))

    def concerns_of(self, verb: str, by: Actor) -> Concerns:
        """Leaving is for all concerned; who has no seat, or was rejected, is for the secretariat alone to bring in."""
        seated = self.category in SEATED
        match verb:
            case "substitute" if seated:
                return Concerns(organizations=frozenset({self.organization}))
            case "reinstate" if seated and self.registration_state is not RegistrationState.REJECTED:
                return Concerns(organizations=frozenset({self.organization}))
            case "decline" | "withdraw" | "change_mode":
                return self.concerns()
            case _:
                return Concerns()

    @property
    def active(self) -> bool:
        return self.registration_state in ACTIVE

    @property
    def waitlisted(self) -> bool:
        return self.registration_state is RegistrationState.WAITLISTED

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes in which it has a place or waits for one."""
        if not self.active:
            return ()
        return (self.mode,) if self.waits_for is None else (self.mode, self.waits_for)

    @property
    def waits_in(self) -> tuple[Mode, ...]:
        """The modes on whose waiting lists it stands."""
        return tuple(mode for mode in self.modes if mode is self.waits_for or self.waitlisted)

    def guard(self, verb: str, now: datetime) -> RuleViolation | None:
        refusal = super().guard(verb, now)
        if refusal is None and verb in ("promote", "skip_waiting") and not self.waits_in:
            return RuleViolation("room.waiting", state=self.state, allowed=self._verbs())
        return refusal

    def allowed_at(self, retreat: Retreat, now: datetime) -> tuple[str, ...]:
        """The verbs that may start at `now`, as its own guards and the times of its retreat say."""
        return tuple(verb for verb in self.allowed(now) if _out_of_time(verb, retreat, now) is None)

    def allowed_with(self, work: Work) -> tuple[str, ...]:
        retreat = work.find(Retreat, Retreat.identify(self.retreat))
        return self.allowed_at(retreat, work.now) if retreat else ()

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """A person was nominated, or took the part of another whom he or she substitutes."""

        TOPIC: ClassVar[str] = "registration.nominated"
        retreat: AtRetreat
        organization: OfOrganization
        subject: OfPerson
        details_hash: Annotated[str, Meta(description="salted hash of the person's details as they were")]
        category: Category
        mode: Annotated[Mode, Meta(description="mode registered for")]
        state: Annotated[
            RegistrationState,
            Meta(description="nominated; waitlisted where the room is full; a substitute's is that of who went"),
        ]
        sessions: Annotated[tuple[Code, ...], Meta(description="sessions a guest speaker is nominated for")] = ()
        late: Annotated[bool, Meta(description="admitted after the deadline")] = False
        substitutes: Annotated[UUID | None, Meta(description="the registration whose part it took")] = None
        waits_for: Annotated[Mode | None, Meta(description="the other mode, if the part it took waits for it")] = None

        def takes(self) -> Sequence[str]:
            return (_claim(self.retreat, self.subject),)

    @classmethod
    def nominate(
        cls,
        *,
        id: UUID,
        retreat: str,
        organization: str,
        subject: UUID,
        details_hash: str,
        category: Category,
        mode: Mode,
        state: RegistrationState,
        cmd: Command,
        sessions: Sequence[str] = (),
        late: bool = False,
        substitutes: UUID | None = None,
        waits_for: Mode | None = None,
    ) -> Registration:
        return cls._begin(
            cls.Created(
                **cls._first(id, cmd),
                retreat=retreat,
                organization=organization,
                subject=subject,
                details_hash=details_hash,
                category=category,
                mode=mode,
                state=state,
                sessions=tuple(dict.fromkeys(sessions)),
                late=late,
                substitutes=substitutes,
                waits_for=waits_for,
            )
        )

    def confirm(self, *, cmd: Command) -> None:
        if self.registration_state is RegistrationState.CONFIRMED:
            return
        self._may("confirm", cmd)
        self._states(self.Confirmed(**self._next(cmd)))

    class Confirmed(Event, frozen=True, kw_only=True):
        """The secretariat confirmed the registration."""

        TOPIC: ClassVar[str] = "registration.confirmed"

        def apply(self, it: Registration) -> None:
            it.registration_state = RegistrationState.CONFIRMED

    def decline(self, *, cmd: Command) -> None:
        if self.registration_state is RegistrationState.DECLINED:
            return
        self._may("decline", cmd)
        self._states(self.Declined(**self._next(cmd), retreat=self.retreat, subject=self.subject))

    class Declined(Event, frozen=True, kw_only=True):
        """The nominated person will not come."""

        TOPIC: ClassVar[str] = "registration.declined"
        retreat: AtRetreat
        subject: OfPerson

        def releases(self) -> Sequence[str]:
            return (_claim(self.retreat, self.subject),)

        def apply(self, it: Registration) -> None:
            it.registration_state, it.waits_for, it.reinstated = RegistrationState.DECLINED, None, False

    def reject(self, *, cmd: Command) -> None:
        if self.registration_state is RegistrationState.REJECTED:
            return
        self._may("reject", cmd)
        self._states(self.Rejected(**self._next(cmd), retreat=self.retreat, subject=self.subject))

    class Rejected(Event, frozen=True, kw_only=True):
        """The secretariat did not accept the nomination."""

        TOPIC: ClassVar[str] = "registration.rejected"
        retreat: AtRetreat
        subject: OfPerson

        def releases(self) -> Sequence[str]:
            return (_claim(self.retreat, self.subject),)

        def apply(self, it: Registration) -> None:
            it.registration_state, it.waits_for, it.reinstated = RegistrationState.REJECTED, None, False

    def withdraw(self, *, cmd: Command) -> None:
        if self.registration_state is RegistrationState.WITHDRAWN:
            return
        self._may("withdraw", cmd)
        self._states(self.Withdrawn(**self._next(cmd), retreat=self.retreat, subject=self.subject))

    class Withdrawn(Event, frozen=True, kw_only=True):
        """The registration was taken back."""

        TOPIC: ClassVar[str] = "registration.withdrawn"
        retreat: AtRetreat
        subject: OfPerson

        def releases(self) -> Sequence[str]:
            return (_claim(self.retreat, self.subject),)

        def apply(self, it: Registration) -> None:
            it.registration_state, it.waits_for, it.reinstated = RegistrationState.WITHDRAWN, None, False

    def reinstate(self, *, cmd: Command, late: bool = False) -> None:
        """Bring an ended registration back to nominated; `late` says that the deadline was lifted for it."""
        if self.registration_state is RegistrationState.NOMINATED and self.reinstated:
            return
        self._may("admit_late" if late else "reinstate", cmd)
        self._states(self.Reinstated(**self._next(cmd), retreat=self.retreat, subject=self.subject, late=late))

    class Reinstated(Event, frozen=True, kw_only=True):
        """A registration that had ended stands again, as nominated, with a seat and a place of its own."""

        TOPIC: ClassVar[str] = "registration.reinstated"
        retreat: AtRetreat
        subject: OfPerson
        late: Annotated[bool, Meta(description="admitted after the deadline")]

        def takes(self) -> Sequence[str]:
            return (_claim(self.retreat, self.subject),)

        def apply(self, it: Registration) -> None:
            it.registration_state, it.reinstated = RegistrationState.NOMINATED, True

    def substitute(self, *, successor: UUID, cmd: Command) -> None:
        if self.successor == successor:
            return
        self._may("substitute", cmd)
        self._states(
            self.Substituted(**self._next(cmd), retreat=self.retreat, subject=self.subject, successor=successor)
        )

    class Substituted(Event, frozen=True, kw_only=True):
        """Another person comes instead, with the same state, mode and seat."""

        TOPIC: ClassVar[str] = "registration.substituted"
        retreat: AtRetreat
        subject: OfPerson
        successor: Annotated[UUID, Meta(description="registration of who comes instead")]

        def releases(self) -> Sequence[str]:
            return (_claim(self.retreat, self.subject),)

        def apply(self, it: Registration) -> None:
            it.registration_state, it.waits_for = RegistrationState.SUBSTITUTED, None
            it.successor = self.successor

    def change_mode(self, *, mode: Mode, cmd: Command, full: bool = False) -> None:
        """Go over to a mode; into a full one, keep the present mode and wait. Back to the present: wait no more."""
        if self.active and mode is (self.waits_for or self.mode):
            return
        self._may("change_mode", cmd)
        if mode is self.mode:
            self._states(self.ModeKept(**self._next(cmd)))
        elif full:
            self._states(self.ModeAwaited(**self._next(cmd), mode=mode))
        else:
            self._states(self.ModeChanged(**self._next(cmd), mode=mode))

    class ModeChanged(Event, frozen=True, kw_only=True):
        """The person takes part in the other mode and has a place in it."""

        TOPIC: ClassVar[str] = "registration.mode_changed"
        mode: Mode

        def apply(self, it: Registration) -> None:
            it.mode, it.waits_for = self.mode, None
            it._leaves_waiting_list()

    class ModeAwaited(Event, frozen=True, kw_only=True):
        """The person asked for a mode that is full: the present one stays, and he or she waits at the end."""

        TOPIC: ClassVar[str] = "registration.mode_awaited"
        mode: Annotated[Mode, Meta(description="the mode asked for")]

        def apply(self, it: Registration) -> None:
            it.waits_for = self.mode

    class ModeKept(Event, frozen=True, kw_only=True):
        """The person no longer waits for another mode."""

        TOPIC: ClassVar[str] = "registration.mode_kept"

        def apply(self, it: Registration) -> None:
            it.waits_for = None

    def promote(self, *, mode: Mode, cmd: Command) -> None:
        self._may("promote", cmd)
        self._states(self.Promoted(**self._next(cmd), mode=mode))

    class Promoted(Event, frozen=True, kw_only=True):
        """A place came free in the mode waited for: it is this person's, who takes part in that mode now."""

        TOPIC: ClassVar[str] = "registration.promoted"
        mode: Annotated[Mode, Meta(description="mode of the place")]

        def apply(self, it: Registration) -> None:
            if self.mode is it.waits_for:
                it.waits_for = None
            it.mode = self.mode
            it._leaves_waiting_list()

    def record_attendance(self, *, session: str, mode: Mode, cmd: Command) -> None:
        """What was seen last stands: another mode for the same session corrects the first."""
        if self.attendance.get(session) is mode:
            return
        self._may("record_attendance", cmd)
        self._states(self.AttendanceRecorded(**self._next(cmd), session=session, mode=mode))

    class AttendanceRecorded(Event, frozen=True, kw_only=True):
        """The person was in a session."""

        TOPIC: ClassVar[str] = "registration.attendance_recorded"
        session: Annotated[Code, Meta(description="code of the session")]
        mode: Annotated[Mode, Meta(description="actual mode, whatever was registered")]

        def apply(self, it: Registration) -> None:
            it.attendance[self.session] = self.mode
            it.excused.discard(self.session)

    def excuse(self, *, cmd: Command, session: str | None = None) -> None:
        if session in self.excused:
            return
        self._may("excuse", cmd)
        attended = list(self.attendance) if session is None else [s for s in self.attendance if s == session]
        if attended:
            raise RuleViolation(
                "registration.attended",
                state=self.state,
                allowed=self._verbs(),
                details={"sessions": len(attended)},
            )
        self._states(self.Excused(**self._next(cmd), session=session))

    class Excused(Event, frozen=True, kw_only=True):
        """The person sent apologies."""

        TOPIC: ClassVar[str] = "registration.excused"
        session: Annotated[Code | None, Meta(description="code of the session; null: the whole retreat")] = None

        def apply(self, it: Registration) -> None:
            it.excused.add(self.session)

    def require_waiting(self, mode: Mode | None, cmd: Command) -> Mode:
        """The mode on whose waiting list the registration stands; needed as an argument only where there are two."""
        self._may("skip_waiting", cmd)
        if mode is None and len(self.waits_in) > 1:
            raise InvalidInput(fields=[("mode", "is needed: the person waits for both")])
        wanted = mode or self.waits_in[0]
        if wanted not in self.waits_in:
            raise RuleViolation("room.waiting", state=self.state, allowed=self._verbs(), details={"mode": wanted})
        return wanted

    def _leaves_waiting_list(self) -> None:
        if self.waitlisted:
            self.registration_state = RegistrationState.NOMINATED


def _claim(retreat: str, subject: UUID) -> str:
    return f"person:{retreat}:{subject}"


class Registrations(Commands):
    """What may be asked of registrations, and of the seats and places they take in the same transaction."""

    def nominate(
        self,
        retreat: UUID | str,
        *,
        organization: UUID | str,
        category: Category,
        mode: Mode,
        person: PersonDetails,
        sessions: Sequence[UUID | str] = (),
    ) -> Registration:
        """Nominate a person; where the room is full, he or she waits at the end of the list."""
        return self._register(
            Nomination(
                retreat=retreat,
                organization=organization,
                category=category,
                mode=mode,
                person=person,
                sessions=sessions,
            ),
            late=False,
        )

    def confirm(self, registration: UUID) -> Registration:
        it = self._subject(registration, "confirm")
        waited = it.waitlisted
        it.confirm(cmd=self._cmd)
        if it.pending_events:
            self._require_running(it)
            if waited:
                self._places(it.retreat, it.mode).promote(registration=it.id, cmd=self._cmd)
        return it

    def decline(self, registration: UUID) -> Registration:
        it = self._subject(registration, "decline")
        modes = it.modes
        it.decline(cmd=self._cmd)
        return self._ended(it, modes)

    def reject(self, registration: UUID) -> Registration:
        it = self._subject(registration, "reject")
        modes = it.modes
        it.reject(cmd=self._cmd)
        return self._ended(it, modes)

    def withdraw(self, registration: UUID) -> Registration:
        it = self._subject(registration, "withdraw")
        modes = it.modes
        it.withdraw(cmd=self._cmd)
        return self._ended(it, modes)

    def reinstate(self, registration: UUID) -> Registration:
        """Bring an ended registration back, in time. What the secretariat rejected only the secretariat reinstates."""
        return self._reinstate(self._subject(registration, "reinstate"), late=False)

    def admit_late(self, registration: UUID | None = None, *, nomination: Nomination | None = None) -> Registration:
        """After the deadline: reinstate a registration, or nominate. It lifts the deadline and nothing else."""
        if (registration is None) == (nomination is None):
            raise InvalidInput(fields=[("registration", "either this or a nomination")])
        if nomination is not None:
            return self._register(nomination, late=True)
        assert registration is not None
        it = self._subject(registration, "admit_late")
        return self._reinstate(it, late=True)

    def substitute(self, registration: UUID, *, person: PersonDetails) -> Registration:
        """Let another person come instead, with the state, mode and seat of the first. Answers the new registration."""
        it = self._subject(registration, "substitute")
        subject, details_hash = self._person(person)
        if it.successor is not None:
            successor = self._get(Registration, it.successor)
            if successor.subject == subject:
                return successor
        id, state, waits_for, modes = self._cmd.new_id("substitute"), it.registration_state, it.waits_for, it.modes
        it.substitute(successor=id, cmd=self._cmd)
        self._require_running(it)
        if self._holder(it.retreat, subject) is not None:
            raise RuleViolation("registration.person", details={"retreat": it.retreat})
        new = self._add(
            Registration.nominate(
                id=id,
                retreat=it.retreat,
                organization=it.organization,
                subject=subject,
                details_hash=details_hash,
                category=it.category,
                mode=it.mode,
                state=state,
                sessions=it.sessions,
                substitutes=it.id,
                waits_for=waits_for,
                cmd=self._cmd,
            )
        )
        if it.category in SEATED:
            self._seats(it.retreat, it.organization).pass_on(
                category=it.category, registration=it.id, to=id, cmd=self._cmd
            )
        for mode in modes:
            self._places(it.retreat, mode).pass_on(registration=it.id, to=id, cmd=self._cmd)
        return new

    def change_mode(self, registration: UUID, *, mode: Mode) -> Registration:
        it = self._subject(registration, "change_mode")
        before, wanted = it.mode, self._find(Places, Places.key(it.retreat, mode))
        it.change_mode(mode=mode, full=wanted is not None and wanted.full, cmd=self._cmd)
        if not it.pending_events:
            return it
        retreat = self._require_running(it)
        self._require_mode(retreat, mode)
        if it.waits_for is mode:
            self._places(it.retreat, mode).queue(registration=it.id, organization=it.organization, cmd=self._cmd)
        elif it.mode is before:
            for other in Mode:
                if other is not before:
                    self._places(it.retreat, other).give_up(registration=it.id, cmd=self._cmd)
        else:
            self._places(it.retreat, mode).take(registration=it.id, organization=it.organization, cmd=self._cmd)
            self._places(it.retreat, before).give_up(registration=it.id, cmd=self._cmd)
        return it

    def grant_exception(
        self, retreat: UUID | str, *, organization: UUID | str, category: Category, seats: int = 1
    ) -> EntitySeats:
        """Grant an entity seats beyond the rule."""
        at, of = self._retreat(retreat), self._get(Organization, organization)
        self._allow()
        if at.over or not at.announced:  # the seats of an entity would tell of a retreat that nobody is to know of
            raise RuleViolation("registration.running", state=at.state, details=_times(at))
        require_organization(self._work, of.code)
        require_seated(category)
        self._require_entitled(of, category)
        it = self._seats(at.code, of.code)
        it.grant_exception(category=category, seats=seats, cmd=self._cmd)
        return it

    def promote(self, retreat: UUID | str, *, mode: Mode) -> Registration | Places:
        """Give free places to those who wait, in order, until none is free or nobody waits.

        Answers the first who was promoted; the places, if nobody was: that is no refusal.
        """
        at = self._retreat(retreat)
        self._allow()
        if (places := self._find(Places, Places.key(at.code, mode))) is None:
            raise RuleViolation("retreat.seat_rules", state=at.state, allowed=["retreat.set_seat_rules"])
        promoted: Registration | None = None
        while at.takes_changes and (first := places.next):
            it = self._get(Registration, first)
            before = it.mode
            places.promote(registration=it.id, cmd=self._cmd)
            it.promote(mode=mode, cmd=self._cmd)
            if before is not mode:
                self._places(at.code, before).give_up(registration=it.id, cmd=self._cmd)
            promoted = promoted or it
        return promoted or places

    def skip_waiting(self, registration: UUID, *, mode: Mode | None = None) -> Registration:
        """Pass over one who waits: the one behind goes first. `mode` only for who waits for both."""
        it = self._subject(registration, "skip_waiting")
        mode = it.require_waiting(mode, self._cmd)
        self._require_running(it)
        it.require_begun(self._cmd.effective)
        self._places(it.retreat, mode).skip(registration=it.id, cmd=self._cmd)
        return it

    def record_attendance(self, registration: UUID, *, session: UUID | str, mode: Mode) -> Registration:
        it = self._subject(registration, "record_attendance")
        it.record_attendance(session=self._session(session, it.retreat), mode=mode, cmd=self._cmd)
        if it.pending_events:
            _require_time("record_attendance", self._get(Retreat, it.retreat), self._cmd.now)
        return it

    def excuse(self, registration: UUID, *, session: UUID | str | None = None) -> Registration:
        """Note apologies: for a session, or for the whole retreat."""
        it = self._subject(registration, "excuse")
        it.excuse(session=None if session is None else self._session(session, it.retreat), cmd=self._cmd)
        if it.pending_events:
            self._require_running(it)
        return it

    def _register(self, nomination: Nomination, *, late: bool) -> Registration:
        category, mode = nomination.category, nomination.mode
        retreat = known_retreat(self._work, nomination.retreat)
        organization = self._get(Organization, nomination.organization)
        self._work.expects(retreat)
        self._allow(organizations=[organization.code] if category in SEATED else [])
        subject, details_hash = self._person(nomination.person)
        sessions = tuple(dict.fromkeys(self._session(named, retreat.code) for named in nomination.sessions))
        if (holder := self._holder(retreat.code, subject)) is not None:
            standing = self._get(Registration, holder)
            same = (organization.code, category, sessions) == (
                standing.organization,
                standing.category,
                standing.sessions,
            )
            if same and mode in standing.modes:
                return standing
            raise RuleViolation("registration.person", details={"retreat": retreat.code})
        _require_time("admit_late" if late else "nominate", retreat, self._cmd.now)
        require_organization(self._work, organization.code)
        self._require_entitled(organization, category)
        self._require_mode(retreat, mode)
        if bool(sessions) != (category is Category.GUEST_SPEAKER):
            raise InvalidInput(fields=[("sessions", "are named for a guest speaker, and for nobody else")])
        id = self._cmd.new_id("registration")
        places = self._places(retreat.code, mode)
        waitlisted = places.full and not late
        new = self._add(
            Registration.nominate(
                id=id,
                retreat=retreat.code,
                organization=organization.code,
                subject=subject,
                details_hash=details_hash,
                category=category,
                mode=mode,
                state=RegistrationState.WAITLISTED if waitlisted else RegistrationState.NOMINATED,
                sessions=sessions,
                late=late,
                cmd=self._cmd,
            )
        )
        self._work.last(places)  # at every position a seat or place is that of a registration which is there
        self._take(id, retreat, organization.code, category, mode, waitlisted=waitlisted)
        return new

    def _reinstate(self, it: Registration, *, late: bool) -> Registration:
        it.reinstate(late=late, cmd=self._cmd)
        if not it.pending_events:
            return it
        retreat = self._get(Retreat, it.retreat)
        organization = require_organization(self._work, it.organization)
        _require_time("admit_late" if late else "reinstate", retreat, self._cmd.now)
        if self._holder(it.retreat, it.subject) is not None:
            raise RuleViolation("registration.person", details={"retreat": it.retreat})
        self._require_entitled(organization, it.category)
        self._require_mode(retreat, it.mode)
        self._take(it.id, retreat, it.organization, it.category, it.mode, waitlisted=False)
        return it

    def _take(
        self, id: UUID, retreat: Retreat, organization: str, category: Category, mode: Mode, *, waitlisted: bool
    ) -> None:
        """Take an entity's seat, where the category has one, and a place, or a position on the waiting list."""
        if category in SEATED:
            self._seats(retreat.code, organization).take(
                category=category, registration=id, rule=retreat.rule_for(category), cmd=self._cmd
            )
        places = self._places(retreat.code, mode)
        if waitlisted:
            places.queue(registration=id, organization=organization, cmd=self._cmd)
        else:
            places.take(registration=id, organization=organization, cmd=self._cmd)

    def _ended(self, it: Registration, modes: Sequence[Mode]) -> Registration:
        """Give back the seat and the place of a registration that has just ended."""
        if it.pending_events:
            self._require_running(it)
            if it.category in SEATED:
                self._seats(it.retreat, it.organization).release(
                    category=it.category, registration=it.id, cmd=self._cmd
                )
            for mode in modes:
                self._places(it.retreat, mode).give_up(registration=it.id, cmd=self._cmd)
        return it

    def _subject(self, registration: UUID, verb: str) -> Registration:
        """The registration that a command is about, once the policy has let the actor give it."""
        it = self._load(Registration, registration)
        self._work.allow(it.concerns_of(verb, self._cmd.by))
        return it

    def _retreat(self, reference: UUID | str) -> Retreat:
        """The retreat that a command is about."""
        known_retreat(self._work, reference)
        return self._load(Retreat, reference)

    def _require_running(self, it: Registration) -> Retreat:
        retreat = self._get(Retreat, it.retreat)
        _require_time("change", retreat, self._cmd.now)
        return retreat

    def _require_entitled(self, organization: Organization, category: Category) -> None:
        """Seats are for Compact entities, guest speakers come from elsewhere; staff may come from anywhere."""
        if category is not Category.SECRETARIAT and organization.is_compact() != (category in SEATED):
            raise RuleViolation(
                "registration.category",
                details={"category": category, "compact_status": organization.compact_status},
            )

    def _require_mode(self, retreat: Retreat, mode: Mode) -> None:
        if mode not in retreat.modes:
            raise RuleViolation(
                "registration.mode",
                state=retreat.state,
                details={"mode": mode, "format": retreat.logistics.format},
            )

    def _session(self, reference: UUID | str, retreat: str) -> str:
        """The code of a session of a retreat, by id or code."""
        from compact_domain.session import known_session  # here, since sessions in their turn know registrations

        session = known_session(self._work, reference)
        if session.retreat != retreat or session.state == "cancelled":
            raise RuleViolation("registration.session", state=session.state, details={"session": session.code})
        return session.code

    def _holder(self, retreat: str, subject: UUID) -> UUID | None:
        """The person's active registration for a retreat."""
        return self._work.store.holder(_claim(retreat, subject))

    def _places(self, retreat: str, mode: Mode) -> Places:
        return self._get(Places, Places.key(retreat, mode))

    def _seats(self, retreat: str, entity: str) -> EntitySeats:
        seats = self._find(EntitySeats, EntitySeats.key(retreat, entity))
        return seats or self._add(EntitySeats.open(retreat=retreat, entity=entity, cmd=self._cmd))


def _require_time(verb: str, retreat: Retreat, now: datetime) -> None:
    """Refuse what comes at the wrong time."""
    if refusal := _out_of_time(verb, retreat, now):
        raise refusal


def _out_of_time(verb: str, retreat: Retreat, now: datetime) -> RuleViolation | None:
    """Why a verb comes at the wrong time.

    A nomination or reinstatement comes in while registration is open, a late admission afterwards; all else goes on
    until the retreat concludes.
    """
    is_open, state, times = retreat.registration_is_open(now), retreat.retreat_state, _times(retreat)
    match verb:
        case "nominate" | "reinstate" if not is_open and state is RetreatState.REGISTRATION_OPEN:
            return RuleViolation("registration.deadline", state=state, details=times)
        case "nominate" | "reinstate" if not is_open:
            return RuleViolation("registration.closed", state=state, details=times)
        case "admit_late" if not retreat.takes_changes or state is RetreatState.POSTPONED:
            return RuleViolation("registration.running", state=state, details=times)
        case "admit_late" if is_open:
            return RuleViolation("registration.in_time", state=state, details=times)
        case _ if not retreat.takes_changes:
            return RuleViolation("registration.running", state=state, details=times)
        case "record_attendance" if not retreat.in_session:
            return RuleViolation("registration.in_session", state=state, details=times)
    return None


def _times(retreat: Retreat) -> dict[str, str]:
    details = {"retreat": retreat.code}
    if retreat.deadline is not None:
        details |= {"deadline": retreat.deadline.at.isoformat(), "zone": retreat.deadline.zone}
    return details
