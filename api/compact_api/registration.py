"""The registration desk: who comes, on which of an entity's seats, in which place, who waits, and who was there."""

from __future__ import annotations

from asyncio import gather
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from compact_domain import registration as domain
from compact_domain import seats
from compact_domain.kernel import Concerns, NotFound, PersonDetails, Sealed
from compact_domain.policy import may_read_personal
from compact_domain.registration import Nomination, Registrations, RegistrationState
from compact_domain.retreat import OVER
from compact_domain.retreat import Retreat as RetreatAggregate
from compact_domain.vocabulary import Category, Mode
from compact_projections.asking import Asking, Order
from compact_projections.registration_desk import (
    Entitlement,
    EntitySeatsRow,
    Granted,
    InLine,
    Outcome,
    PlacesRow,
    RegistrationRow,
    Skip,
    WaitingListRow,
    beyond,
    by_exception,
    entitled,
    entitled_count,
    expected,
    in_line,
    those_seen,
    turnout,
)

from .commands import ChangeInput, CommandInput, Decision, Done, Payload, PersonInput, details, give, reference
from .context import Info
from .fields import command, question
from .listing import Choice, CodeFilter, Direction, Listing, TimeFilter, YesNo
from .moments import Asked, global_id
from .nodes import Subject, aggregate_at, mutations_given
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First, connection, page
from .paging import Order as Keyset
from .person import Person
from .retreat import Retreat, RetreatId
from .scalars import Code
from .shapes import described, enumeration, form, shape

enumeration(
    Category,
    REPRESENTATIVE="Represents a Compact entity: one of its seats.",
    DELEGATE="Comes with the representative of a Compact entity: one of its seats.",
    GUEST_SPEAKER="Speaks in named sessions, for an organization outside the Compact.",
    SECRETARIAT="Staff of the secretariat: no seat of an entity, a place in the room.",
)
enumeration(
    RegistrationState,
    NOMINATED="Nominated, with a place in the mode registered for.",
    WAITLISTED="Nominated, and waiting for a place.",
    CONFIRMED="Confirmed by the secretariat.",
    DECLINED="The person will not come.",
    REJECTED="The secretariat did not accept the nomination.",
    WITHDRAWN="Taken back.",
    SUBSTITUTED="Another person comes instead.",
)
enumeration(
    Outcome,
    EXPECTED="Not seen yet, and may still come.",
    ATTENDED="Was seen.",
    EXCUSED="Sent apologies, and was not seen.",
    ABSENT="Was not seen, and the retreat has concluded.",
)

OneSession = Annotated[Code | None, strawberry.argument("Code of a session; left out: of the whole retreat.")]

REGISTRATIONS = Listing(RegistrationRow, default=(Order("nominated_at"),), nullable=frozenset({"confirmed_at"}))
DOOR = Listing(RegistrationRow, default=(Order("organization"),))
ENTITLED = Keyset("seats", ("organization asc", str))
LINE = Keyset("waiting_list", ("place asc", int), ("registration asc", UUID))


@shape
class Participant(Person):
    """A person as registered: the details are those that came with the registration, whoever gives others elsewhere."""

    details_hash: strawberry.Private[str]

    async def _details(self, info: Info) -> PersonDetails | None:
        if not may_read_personal(await info.context.actor(), self.concerns):
            return None
        return await info.context.person_as(self.asking, self.details_hash)

    @question
    async def needs(self, info: Info) -> str | None:
        """What the person needs to take part; null if it was erased, never given, or is not for the one who asks."""
        known = await self._details(info)
        return known.needs if known else None


@shape
class PlaceInLine:
    """Where a registration stands on a waiting list."""

    mode: Mode = described("Which waiting list.")
    place: int = described("1 for who is next.")


@shape
class Attendance:
    """A session that somebody was seen in."""

    session: Code = described("Code of the session.")
    mode: Mode = described("The actual mode, whatever was registered.")
    recorded_at: datetime = described("When it was recorded.")


@shape
class Registration(Subject):
    """One person's part in one retreat, from nomination to attendance.

    It is seen by the secretariat and auditors, by the representatives of its organization and by the person, and by
    nobody else.
    """

    row: strawberry.Private[RegistrationRow]

    @classmethod
    def aggregate_kind(cls) -> type[domain.Registration]:
        return domain.Registration

    @classmethod
    def row_kind(cls) -> type[RegistrationRow]:
        return RegistrationRow

    @question
    async def allowed_commands(self, info: Info) -> list[str]:
        """The mutations that the one who asks might give now, as the rules' own guards say; of a past moment: then."""
        retreat = (await self.retreat(info)).row
        it = await aggregate_at(info, domain.Registration, self.row.id, self.row.version)
        at = await aggregate_at(info, RetreatAggregate, retreat.id, retreat.version)
        return await mutations_given(info, it, it.allowed_at(at, self.asking.moment.now)) if it and at else []

    @question
    async def retreat(self, info: Info) -> Retreat:
        """The retreat it is for."""
        retreat = await Retreat.found(info, self.asking, self.row.retreat)
        assert retreat is not None, "registration opens at a retreat that was made known"
        return retreat

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that the person comes from."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def person(self) -> Participant:
        """Who it is."""
        return Participant(
            subject=self.row.subject,
            asking=self.asking,
            concerns=_concerns(self.row),
            details_hash=self.row.details_hash,
        )

    @question
    def category(self) -> Category:
        """As what the person takes part."""
        return self.row.category

    @question
    def mode(self) -> Mode:
        """The mode registered for. The actual one is told by session."""
        return self.row.mode

    @question
    def state(self) -> RegistrationState:
        """How it stands."""
        return self.row.state

    @question
    def sessions(self) -> list[Code]:
        """Codes of the sessions that a guest speaker is nominated for."""
        return [Code(session) for session in self.row.sessions]

    @question
    def waits_for(self) -> Mode | None:
        """The other mode, if the person asked for it while it was full: the present one stays until then."""
        return self.row.waits_for

    @question
    async def places_in_line(self, info: Info) -> list[PlaceInLine]:
        """The waiting lists that the registration stands on."""
        lines = await gather(*(_line(info, self.asking, self.row.retreat, mode) for mode in Mode))
        return [
            PlaceInLine(mode=mode, place=one.place)
            for mode, line in zip(Mode, lines, strict=True)
            for one in line
            if one.waiting.registration == self.row.id
        ]

    @question
    def nominated_at(self) -> datetime:
        """When the nomination was recorded."""
        return self.row.nominated_at

    @question
    def nominated_on(self) -> date:
        """The day the nomination counts from."""
        return self.row.nominated_on

    @question
    def confirmed_at(self) -> datetime | None:
        """When it was confirmed; null if it is not. A substitute's is when the part was taken over."""
        return self.row.confirmed_at

    @question
    def admitted_late(self) -> bool:
        """Whether it was nominated or brought back after the deadline."""
        return self.row.late

    @question
    async def by_exception(self, info: Info) -> bool:
        """Whether it holds a seat that its entity has beyond the rule of the retreat, by exception."""
        key = seats.EntitySeats.key(self.row.retreat, self.row.organization)
        held = await info.context.one(self.asking, EntitySeatsRow, "id", key)
        return by_exception(self.row, held, (await self.retreat(info)).row.seat_rules)

    @question
    async def substitutes(self, info: Info) -> Registration | None:
        """The registration whose part it took."""
        return await _registration_of(info, self.asking, self.row.substitutes)

    @question
    async def substituted_by(self, info: Info) -> Registration | None:
        """The registration that took its part."""
        return await _registration_of(info, self.asking, self.row.successor)

    @question
    async def reason(self, info: Info) -> str | None:
        """Why it ended or was admitted late; null if no reason was given, or it is not for the one who asks."""
        return await _opened(info, self.row.reason, _concerns(self.row))

    @question
    def attendance(self) -> list[Attendance]:
        """The sessions that the person was seen in, in the order this was recorded."""
        return [
            Attendance(session=Code(a.session), mode=a.mode, recorded_at=a.recorded_at) for a in self.row.attendance
        ]

    @question
    def excused(self) -> bool:
        """Whether the person sent apologies for the whole retreat."""
        return self.row.excused_wholly

    @question
    def excused_from(self) -> list[Code]:
        """Codes of the sessions that the person sent apologies for."""
        return [Code(session) for session in self.row.excused]

    @question
    async def outcome(self, info: Info, session: OneSession = None) -> Outcome | None:
        """What came of it, at the retreat or in one session of it; null for one that is not confirmed."""
        return self.row.outcome(session, over=(await self.retreat(info)).row.state in OVER)


def _concerns(row: RegistrationRow) -> Concerns:
    return Concerns(organizations=frozenset({row.organization}), persons=frozenset({row.subject}))


async def _opened(info: Info, text: Sealed | None, concerns: Concerns) -> str | None:
    """A sealed text, for whom the policy lets read what is personal to those concerned."""
    return await info.context.text(text) if may_read_personal(await info.context.actor(), concerns) else None


async def _registration_of(info: Info, asking: Asking, id: UUID | None) -> Registration | None:
    return None if id is None else await Registration.found(info, asking, id)


async def _line(info: Info, asking: Asking, retreat: str, mode: Mode) -> list[InLine]:
    return in_line(await info.context.one(asking, WaitingListRow, "id", seats.Places.key(retreat, mode)))


@shape
class SeatException:
    """Seats granted to an entity beyond the rule, at one time."""

    granted: strawberry.Private[Granted]
    concerns: strawberry.Private[Concerns]
    category: Category = described("Seats of which category.")
    seats: int = described("How many more than before.")
    granted_at: datetime = described("When this was recorded.")

    @question
    async def reason(self, info: Info) -> str | None:
        """Why; null if it is not for the one who asks."""
        return await _opened(info, self.granted.reason, self.concerns)


@shape
class SeatsOfCategory:
    """An entity's seats in one category, both modes together."""

    held: strawberry.Private[list[UUID]]
    asking: strawberry.Private[Asking]
    category: Category = described("Which category.")
    rule: int = described("How many the rule of the retreat gives each entity.")
    exceptions: int = described("How many were granted beyond it.")
    allowed: int = described("How many the entity may hold: the rule and the exceptions.")
    taken: int = described("How many it holds.")
    left: int = described("How many it may still take.")

    @question
    async def held_by(self, info: Info) -> list[Registration]:
        """The registrations that hold them, by the number of the seat."""
        found = await gather(*(_registration_of(info, self.asking, id) for id in self.held))
        return [registration for registration in found if registration is not None]


@shape
class EntitySeats(Subject):
    """What a Compact entity may hold, holds, and may still take at a retreat. Seen as registrations are.

    An entity that has not asked for a seat yet has version 0.
    """

    row: strawberry.Private[Entitlement]

    @classmethod
    def aggregate_kind(cls) -> type[seats.EntitySeats]:
        return seats.EntitySeats

    @classmethod
    def of(cls, row: Entitlement, asking: Asking) -> Self:
        return cls(id=global_id(asking, cls.__name__, f"{row.retreat}/{row.organization}"), row=row, asking=asking)

    @classmethod
    async def found(cls, info: Info, asking: Asking, key: UUID | str) -> Self | None:
        retreat, _, organization = str(key).partition("/")
        rows = await entitled(asking, retreat, organization=organization, limit=1)
        return cls.of(rows[0], asking) if rows else None

    @question
    def retreat(self) -> Code:
        """Code of the retreat."""
        return Code(self.row.retreat)

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The Compact entity."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def representatives(self) -> SeatsOfCategory:
        """Seats of representatives."""
        return self._category(Category.REPRESENTATIVE)

    @question
    def delegates(self) -> SeatsOfCategory:
        """Seats of delegates."""
        return self._category(Category.DELEGATE)

    def _category(self, category: Category) -> SeatsOfCategory:
        held = self.row.held(category)
        return SeatsOfCategory(
            held=[seat.registration for seat in held],
            asking=self.asking,
            category=category,
            rule=self.row.rule[category],
            exceptions=self.row.exceptions(category),
            allowed=self.row.allowed(category),
            taken=len(held),
            left=self.row.left(category),
        )

    @question
    def exceptions(self) -> list[SeatException]:
        """The exceptions granted, in order."""
        concerns = Concerns(organizations=frozenset({self.row.organization}))
        return [
            SeatException(
                granted=one, concerns=concerns, category=one.category, seats=one.seats, granted_at=one.granted_at
            )
            for one in self.row.granted
        ]


@shape
class Places(Subject):
    """The places of one mode at a retreat, in numbers."""

    row: strawberry.Private[PlacesRow]

    @classmethod
    def aggregate_kind(cls) -> type[seats.Places]:
        return seats.Places

    @classmethod
    def row_kind(cls) -> type[PlacesRow]:
        return PlacesRow

    @question
    def retreat(self) -> Code:
        """Code of the retreat."""
        return Code(self.row.retreat)

    @question
    def mode(self) -> Mode:
        """Which mode."""
        return self.row.mode

    @question
    def capacity(self) -> int | None:
        """How many there are; null: no limit."""
        return self.row.room

    @question
    def taken(self) -> int:
        """How many are taken: by everyone nominated or confirmed in this mode, of every category."""
        return self.row.taken

    @question
    def left(self) -> int | None:
        """How many are free, whoever waits for them; null: no limit."""
        return self.row.left

    @question
    def waiting(self) -> int:
        """How many wait. As long as somebody does, nobody new takes a place."""
        return self.row.waiting


@shape
class PassingOver:
    """That somebody who waits was passed over."""

    skip: strawberry.Private[Skip]
    concerns: strawberry.Private[Concerns]
    asking: strawberry.Private[Asking]
    skipped_at: datetime = described("When this was recorded.")

    @question
    async def let_first(self, info: Info) -> Registration | None:
        """Who was let go first; null if that is not for the one who asks."""
        return await _registration_of(info, self.asking, self.skip.behind)

    @question
    async def reason(self, info: Info) -> str | None:
        """Why; null if it is not for the one who asks."""
        return await _opened(info, self.skip.reason, self.concerns)


@shape
class Waiting:
    """Somebody on a waiting list."""

    one: strawberry.Private[InLine]
    asking: strawberry.Private[Asking]
    place: int = described("Place in line: 1 for who is next.")
    since: datetime = described("When it was put on the list.")

    @question
    async def registration(self, info: Info) -> Registration | None:
        """Who waits."""
        return await _registration_of(info, self.asking, self.one.waiting.registration)

    @question
    def passed_over(self) -> list[PassingOver]:
        """How often, when and why it was passed over, in order."""
        concerns = Concerns(organizations=frozenset({self.one.waiting.organization}))
        return [
            PassingOver(skip=skip, concerns=concerns, asking=self.asking, skipped_at=skip.skipped_at)
            for skip in self.one.waiting.skips
        ]


@shape
class AttendanceList:
    """Who is expected at a retreat or in one session of it, and who came: of those whom the one who asks may see.

    Expected are all who are confirmed; of guest speakers, in a session, those nominated for it.
    """

    retreat: strawberry.Private[str]
    session: strawberry.Private[str | None]
    asking: strawberry.Private[Asking]
    expected_in_person: int = described("How many are registered in person.")
    expected_virtually: int = described("How many are registered virtually.")
    came_in_person: int = described("How many were seen in the room.")
    came_virtually: int = described("How many were seen on the virtual platform.")
    came_otherwise: int = described("How many were seen in another mode than registered.")
    excused: int = described("How many sent apologies and were not seen.")

    @question
    async def door_list(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Registration]:
        """Those expected, by organization."""
        return await DOOR.page(
            self.asking,
            node=lambda row: Registration.of(row, self.asking),
            where=expected(self.retreat, self.session),
            first=first,
            after=after,
        )


@form
class RegistrationFilter:
    """Which registrations to show."""

    retreat: CodeFilter | None = described("Its retreat.", default=None)
    organization: CodeFilter | None = described("The organization that the person comes from.", default=None)
    category: Choice[Category] | None = described("As what the person takes part.", default=None)
    mode: Choice[Mode] | None = described("The mode registered for.", default=None)
    state: Choice[RegistrationState] | None = described("How it stands.", default=None)
    session: CodeFilter | None = described("Sessions that a guest speaker is nominated for.", default=None)
    attended: CodeFilter | None = described("Sessions that the person was seen in.", default=None)
    admitted_late: YesNo | None = described("Whether it was admitted after the deadline.", default=None)
    person: UUID | None = described("One person, by subject id.", default=None)
    nominated_at: TimeFilter | None = described("When the nomination was recorded.", default=None)


class RegistrationOrderField(Enum):
    """What registrations can be ordered by."""

    NOMINATED_AT = "nominated_at"
    CONFIRMED_AT = "confirmed_at"
    ORGANIZATION = "organization"


enumeration(
    RegistrationOrderField,
    NOMINATED_AT="When the nomination was recorded.",
    CONFIRMED_AT="When it was confirmed; those that are not come last.",
    ORGANIZATION="The organization's code.",
)


@form
class RegistrationOrder:
    """An order of registrations."""

    field: RegistrationOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


Filter = Annotated[RegistrationFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderBy = Annotated[
    list[RegistrationOrder] | None, strawberry.argument("In which order; left out: as they were nominated.")
]
OneOrganization = Annotated[
    strawberry.ID | None, strawberry.argument("One organization, by global id or by code; left out: all.")
]
OneMode = Annotated[Mode, strawberry.argument("Which waiting list.")]
NAMED = {"session": "sessions", "admitted_late": "late", "person": "subject"}


@shape
class RegistrationQuestions(Asked):
    """Who comes, on which seats, in which places, and who was there."""

    @question
    async def registrations(
        self,
        info: Info,
        filter: Filter = None,
        order_by: OrderBy = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Registration]:
        """Registrations that the one who asks may see: all, those of the own organization, or the own ones."""
        asking = await self.asking(info)
        return await REGISTRATIONS.page(
            asking,
            node=lambda row: Registration.of(row, asking),
            where=REGISTRATIONS.where(filter, NAMED),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )

    @question
    async def seats(
        self,
        info: Info,
        retreat: RetreatId,
        organization: OneOrganization = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[EntitySeats]:
        """Seats of the Compact entities at a retreat that the one who asks may see, by the entity's code."""
        asking, code = await self.asking(info), _code(retreat)
        of = None if organization is None else str(reference(organization, "Organization", field="organization"))
        wanted = page(ENTITLED, first, after)
        start = str(wanted.after[0]) if wanted.after else None
        rows = await entitled(asking, code, organization=of, after=start, limit=wanted.limit)

        async def count() -> int:
            return await entitled_count(asking, code, organization=of)

        return connection(
            rows,
            wanted,
            node=lambda row: EntitySeats.of(row, asking),
            key=lambda row: (row.organization,),
            count=count,
        )

    @question
    async def places(self, info: Info, retreat: RetreatId) -> list[Places]:
        """Places of each mode of a retreat; nothing until its seat rules are set."""
        asking = await self.asking(info)
        rows = await info.context.many(asking, PlacesRow, "retreat", _code(retreat))
        return [Places.of(row, asking) for row in sorted(rows, key=lambda row: row.mode)]

    @question
    async def waiting_list(
        self,
        info: Info,
        retreat: RetreatId,
        mode: OneMode = Mode.IN_PERSON,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Waiting]:
        """Who waits for a place, in order, as far as the one who asks may see them."""
        asking = await self.asking(info)
        line = await those_seen(asking, await _line(info, asking, _code(retreat), mode))
        wanted = page(LINE, first, after)

        async def count() -> int:
            return len(line)

        return connection(
            beyond(line, wanted.after)[: wanted.limit],
            wanted,
            node=lambda one: Waiting(one=one, asking=asking, place=one.place, since=one.waiting.since),
            key=lambda one: (one.place, one.waiting.registration),
            count=count,
        )

    @question
    async def attendance(self, info: Info, retreat: RetreatId, session: OneSession = None) -> AttendanceList:
        """Who is expected at a retreat or in one session of it, and who came."""
        asking, code = await self.asking(info), _code(retreat)
        numbers = await turnout(asking, code, session)
        return AttendanceList(
            retreat=code,
            session=session,
            asking=asking,
            expected_in_person=numbers.expected[Mode.IN_PERSON],
            expected_virtually=numbers.expected[Mode.VIRTUAL],
            came_in_person=numbers.came[Mode.IN_PERSON],
            came_virtually=numbers.came[Mode.VIRTUAL],
            came_otherwise=numbers.came_otherwise,
            excused=numbers.excused,
        )


def _code(retreat: strawberry.ID) -> str:
    """The code of a retreat that is named by global id or by code; of none, if it is named otherwise."""
    return str(reference(retreat, "Retreat", field="retreat"))


@form
class RetreatCommandInput(CommandInput):
    """What comes with a command about registration for a retreat."""

    retreat: strawberry.ID = described("The retreat, by global id or by code.")
    expected_version: int | None = described(
        "The version of the retreat that the client has seen; null to do without. It must be given one way or the"
        " other.",
        default=UNSET,
    )


@form
class NominationInput:
    """A person to nominate for a retreat."""

    retreat: strawberry.ID = described("The retreat, by global id or by code.")
    organization: strawberry.ID = described("The organization that the person comes from, by global id or by code.")
    category: Category = described("As what the person is to take part.")
    mode: Mode = described("In which mode.")
    person: PersonInput = described("Who it is. The same e-mail address is the same person.")
    sessions: list[strawberry.ID] = described(
        "The sessions that a guest speaker is nominated for, by global id or by code; nobody else has any.",
        default_factory=list,
    )


@form
class RegistrationNominateInput(NominationInput, RetreatCommandInput):
    """A person to nominate for a retreat."""


@form
class RegistrationConfirmInput(ChangeInput):
    """A registration to confirm."""


@form
class RegistrationDeclineInput(ChangeInput):
    """A registration of a person who will not come."""


@form
class RegistrationRejectInput(ChangeInput):
    """A nomination that is not accepted. Needs a reason."""


@form
class RegistrationWithdrawInput(ChangeInput):
    """A registration to take back. Needs a reason."""


@form
class RegistrationReinstateInput(ChangeInput):
    """A registration that ended and is to stand again."""


@form
class RegistrationSubstituteInput(ChangeInput):
    """A registration that another person is to take over."""

    person: PersonInput = described("Who comes instead.")


@form
class RegistrationChangeModeInput(ChangeInput):
    """A registration in another mode."""

    mode: Mode = described("The mode to take part in from now on; the present one: no longer to wait for the other.")


@form
class RegistrationAdmitLateInput(CommandInput):
    """Somebody to admit after the deadline: a registration that ended, or a nomination. Needs a reason."""

    registration: strawberry.ID | None = described("A registration to bring back, by global id.", default=None)
    nomination: NominationInput | None = described("A person to nominate.", default=None)
    expected_version: int | None = described(
        "The version that the client has seen, of the registration or, with a nomination, of the retreat; null to do"
        " without. It must be given one way or the other.",
        default=UNSET,
    )


@form
class RegistrationGrantExceptionInput(RetreatCommandInput):
    """Seats for a Compact entity beyond the rule of the retreat. Needs a reason."""

    organization: strawberry.ID = described("The Compact entity, by global id or by code.")
    category: Category = described("Seats of which category.")
    seats: int = described("How many more than before.", default=1)


@form
class RegistrationPromoteInput(RetreatCommandInput):
    """A waiting list whose first are to get the places that are free. The service does so by itself."""

    mode: Mode = described("Which waiting list.")


@form
class RegistrationSkipWaitingInput(ChangeInput):
    """Somebody who waits and is to be passed over: the one behind goes first. Needs a reason."""

    mode: Mode | None = described("Which waiting list; needed only for who waits on both.", default=None)


@form
class RegistrationRecordAttendanceInput(ChangeInput):
    """A session that somebody was seen in."""

    session: strawberry.ID = described("The session, by global id or by code.")
    mode: Mode = described("The actual mode, whatever was registered.")


@form
class RegistrationExcuseInput(ChangeInput):
    """Somebody who sent apologies."""

    session: strawberry.ID | None = described(
        "The session, by global id or by code; left out: the whole retreat.", default=None
    )


@shape
class RegistrationPayload(Payload):
    """The registration after the command."""

    registration: Registration | None = described("Null if it cannot be seen yet.")


@shape
class SeatsPayload(Payload):
    """The entity's seats after the command."""

    seats: EntitySeats | None = described("Null if they cannot be seen yet.")


@shape
class PromotionPayload(Payload):
    """What came of the waiting list."""

    promoted: list[Registration] = described("Those who were promoted, in order; none if they cannot be seen yet.")
    places: Places | None = described("The places after the command; null if they cannot be seen yet.")


async def _answer(
    info: Info, input: CommandInput, decision: Decision, *, queue: str | None = None
) -> RegistrationPayload:
    done = await give(info, input, decision, queue=queue)
    return RegistrationPayload(**done.told, registration=await done.seen(RegistrationRow, Registration.of))


async def _change(info: Info, input: ChangeInput, decision: Decision) -> RegistrationPayload:
    return await _answer(info, input, decision, queue=await _queue(info, _subject(input.id)))


async def _queue(info: Info, registration: UUID) -> str | None:
    """What a command to a registration waits for: its retreat's seats and places, which it may have to share."""
    row = await info.context.one(await info.context.asking(), RegistrationRow, "id", registration)
    await info.context.close()  # nobody holds a connection while waiting
    return row.retreat if row else None


def _subject(id: strawberry.ID, *, field: str = "id") -> UUID:
    """The registration that an id names. Registrations have no code: `NotFound` for one."""
    found = reference(id, "Registration", field=field)
    if isinstance(found, str):
        raise NotFound(kind="Registration", reference=found)
    return found


def _nomination(given: NominationInput, at: str = "") -> Nomination:
    """The nomination that an input holds; `at` is where it stands there."""
    return Nomination(
        retreat=reference(given.retreat, "Retreat", field=f"{at}retreat"),
        organization=_organization(given.organization, field=f"{at}organization"),
        category=given.category,
        mode=given.mode,
        person=details(given.person),
        sessions=[
            reference(session, "Session", field=f"{at}sessions[{i}]") for i, session in enumerate(given.sessions)
        ],
    )


def _organization(id: strawberry.ID, *, field: str = "organization") -> UUID | str:
    return reference(id, "Organization", field=field)


@shape
class RegistrationMutations:
    """What may be done at the registration desk."""

    @command
    async def registration_nominate(self, info: Info, input: RegistrationNominateInput) -> RegistrationPayload:
        """Nominate a person for a retreat. Where the room is full, he or she waits at the end of the list."""
        nomination = _nomination(input)
        return await _answer(
            info, input, lambda work: Registrations(work).nominate(**vars(nomination)), queue=_code(input.retreat)
        )

    @command
    async def registration_confirm(self, info: Info, input: RegistrationConfirmInput) -> RegistrationPayload:
        """Confirm a registration; one that waits takes its place, if it is next and one is free."""
        return await _change(info, input, lambda work: Registrations(work).confirm(_subject(input.id)))

    @command
    async def registration_decline(self, info: Info, input: RegistrationDeclineInput) -> RegistrationPayload:
        """Say that a nominated person will not come. Seat and place are free again."""
        return await _change(info, input, lambda work: Registrations(work).decline(_subject(input.id)))

    @command
    async def registration_reject(self, info: Info, input: RegistrationRejectInput) -> RegistrationPayload:
        """Do not accept a nomination. Seat and place are free again. Needs a reason."""
        return await _change(info, input, lambda work: Registrations(work).reject(_subject(input.id)))

    @command
    async def registration_withdraw(self, info: Info, input: RegistrationWithdrawInput) -> RegistrationPayload:
        """Take a registration back. Seat and place are free again. Needs a reason."""
        return await _change(info, input, lambda work: Registrations(work).withdraw(_subject(input.id)))

    @command
    async def registration_reinstate(self, info: Info, input: RegistrationReinstateInput) -> RegistrationPayload:
        """Let a registration that ended stand again, as nominated, while registration is open."""
        return await _change(info, input, lambda work: Registrations(work).reinstate(_subject(input.id)))

    @command
    async def registration_substitute(self, info: Info, input: RegistrationSubstituteInput) -> RegistrationPayload:
        """Let another person come instead, with the state, mode, seat and place of the first. Answers the new one."""
        person = details(input.person)
        return await _change(
            info, input, lambda work: Registrations(work).substitute(_subject(input.id), person=person)
        )

    @command
    async def registration_change_mode(self, info: Info, input: RegistrationChangeModeInput) -> RegistrationPayload:
        """Take part in the other mode. Where that is full, keep the present one and wait at the end of the list."""
        return await _change(
            info, input, lambda work: Registrations(work).change_mode(_subject(input.id), mode=input.mode)
        )

    @command
    async def registration_admit_late(self, info: Info, input: RegistrationAdmitLateInput) -> RegistrationPayload:
        """Admit somebody after the deadline. It lifts the deadline and nothing else. Needs a reason."""
        registration = _subject(input.registration, field="registration") if input.registration else None
        nomination = _nomination(input.nomination, "nomination.") if input.nomination else None
        queue = await _queue(info, registration) if registration else None
        return await _answer(
            info,
            input,
            lambda work: Registrations(work).admit_late(registration, nomination=nomination),
            queue=_code(input.nomination.retreat) if input.nomination else queue,
        )

    @command
    async def registration_grant_exception(self, info: Info, input: RegistrationGrantExceptionInput) -> SeatsPayload:
        """Grant a Compact entity seats beyond the rule of the retreat. Needs a reason."""
        done = await give(
            info,
            input,
            lambda work: Registrations(work).grant_exception(
                reference(input.retreat, "Retreat", field="retreat"),
                organization=_organization(input.organization),
                category=input.category,
                seats=input.seats,
            ),
            queue=_code(input.retreat),
        )
        return SeatsPayload(**done.told, seats=await _seats_seen(info, done))

    @command
    async def registration_promote(self, info: Info, input: RegistrationPromoteInput) -> PromotionPayload:
        """Give the places that are free to those who wait, in order. The service does so by itself."""
        done = await give(
            info,
            input,
            lambda work: Registrations(work).promote(
                reference(input.retreat, "Retreat", field="retreat"), mode=input.mode
            ),
            queue=_code(input.retreat),
        )
        return await _promotion(info, input, done)

    @command
    async def registration_skip_waiting(self, info: Info, input: RegistrationSkipWaitingInput) -> RegistrationPayload:
        """Pass over somebody who waits: the one behind goes first. Needs a reason."""
        return await _change(
            info, input, lambda work: Registrations(work).skip_waiting(_subject(input.id), mode=input.mode)
        )

    @command
    async def registration_record_attendance(
        self, info: Info, input: RegistrationRecordAttendanceInput
    ) -> RegistrationPayload:
        """Record that somebody was in a session, and how. Another mode for the same session corrects the first."""
        session = reference(input.session, "Session", field="session")
        return await _answer(
            info,
            input,
            lambda work: Registrations(work).record_attendance(_subject(input.id), session=session, mode=input.mode),
        )

    @command
    async def registration_excuse(self, info: Info, input: RegistrationExcuseInput) -> RegistrationPayload:
        """Note that somebody sent apologies, for a session or for the whole retreat."""
        session = reference(input.session, "Session", field="session") if input.session else None
        return await _answer(info, input, lambda work: Registrations(work).excuse(_subject(input.id), session=session))


async def _seats_seen(info: Info, done: Done) -> EntitySeats | None:
    seen = await done.seen(EntitySeatsRow, lambda row, asking: (row, asking))
    if seen is None:
        return None
    row, asking = seen
    return await EntitySeats.found(info, asking, f"{row.retreat}/{row.organization}")


async def _promotion(info: Info, input: RegistrationPromoteInput, done: Done) -> PromotionPayload:
    asking = await info.context.asking()
    promoted = [event.subject for event in done.receipt.events if event.topic == domain.Registration.Promoted.TOPIC]
    rows = {row.id: row for row in await asking.many(RegistrationRow, "id", promoted if done.visible else [])}
    of_mode = seats.Places.key(_code(input.retreat), input.mode)
    return PromotionPayload(
        **done.told,
        promoted=[Registration.of(rows[id], asking) for id in promoted if id in rows],
        places=await done.seen(PlacesRow, Places.of, key=of_mode),
    )
