"""The registration desk: who comes, on which of an entity's seats, in which place, who waits, and who was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, LiteralString, cast
from uuid import UUID

import msgspec
from msgspec.structs import replace
from psycopg import sql

from compact_domain.kernel import Sealed, Value
from compact_domain.registration import Registration, RegistrationState
from compact_domain.retreat import SeatRules
from compact_domain.seats import SEATED, EntitySeats, Places
from compact_domain.vocabulary import Category, Mode
from compact_projections.asking import Asking, Condition, Where
from compact_projections.kit import ReadModel, Recorded, Row, on


class Attended(Value, frozen=True, kw_only=True):
    """A session that somebody was seen in, with the actual mode."""

    session: str
    mode: Mode
    recorded_at: datetime


class Outcome(StrEnum):
    """What has come of a confirmed registration. Who was not seen is absent once that can no longer change."""

    EXPECTED = "expected"
    ATTENDED = "attended"
    EXCUSED = "excused"
    ABSENT = "absent"


class RegistrationRow(Row, frozen=True, kw_only=True):
    """One person's part in one retreat. `reason` is that of the last fact which ended it, or brought it back late."""

    TABLE: ClassVar[str] = "registration"
    OWNERS: ClassVar[tuple[str, str]] = ("organization", "subject")
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("nominated_at",),
        ("confirmed_at",),
        ("organization", "nominated_at"),
        ("retreat", "nominated_at"),
        ("retreat", "organization", "nominated_at"),
        ("retreat", "state", "nominated_at"),
        ("state", "retreat"),
        ("subject", "nominated_at"),
    )
    LISTS: ClassVar[tuple[str, ...]] = ("sessions", "attended")

    id: UUID
    version: int
    retreat: str
    organization: str
    subject: UUID
    details_hash: str
    category: Category
    mode: Mode
    state: RegistrationState
    sessions: tuple[str, ...]
    waits_for: Mode | None
    nominated_at: datetime
    nominated_on: date
    confirmed_at: datetime | None
    late: bool
    substitutes: UUID | None
    successor: UUID | None = None
    reason: Sealed | None = None
    attendance: tuple[Attended, ...] = ()
    attended: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    excused_wholly: bool = False

    def outcome(self, session: str | None, *, over: bool) -> Outcome | None:
        """How a confirmed registration stands with one session, or with the retreat; None for one that is not."""
        if self.state is not RegistrationState.CONFIRMED:
            return None
        if self.attended if session is None else session in self.attended:
            return Outcome.ATTENDED
        if self.excused_wholly or session in self.excused:
            return Outcome.EXCUSED
        return Outcome.ABSENT if over else Outcome.EXPECTED


class Desk(ReadModel[RegistrationRow]):
    """Registrations, from nomination to attendance."""

    @on(Registration.Created)
    def nominated(self, fact: Registration.Created, at: Recorded) -> RegistrationRow:
        confirmed = fact.state is RegistrationState.CONFIRMED
        return RegistrationRow(
            id=fact.originator_id,
            version=fact.originator_version,
            retreat=fact.retreat,
            organization=fact.organization,
            subject=fact.subject,
            details_hash=fact.details_hash,
            category=fact.category,
            mode=fact.mode,
            state=fact.state,
            sessions=fact.sessions,
            waits_for=fact.waits_for,
            nominated_at=at.recorded_at,
            nominated_on=fact.provenance.effective_on,
            confirmed_at=at.recorded_at if confirmed else None,
            late=fact.late,
            substitutes=fact.substitutes,
            reason=fact.provenance.reason,
        )

    @on(Registration.Confirmed)
    def confirmed(self, row: RegistrationRow, fact: Registration.Confirmed, at: Recorded) -> RegistrationRow:
        return replace(
            row,
            version=fact.originator_version,
            state=RegistrationState.CONFIRMED,
            confirmed_at=at.recorded_at,
        )

    @on(Registration.Declined)
    def declined(self, row: RegistrationRow, fact: Registration.Declined, at: Recorded) -> RegistrationRow:
        return self._ended(row, fact, RegistrationState.DECLINED)

    @on(Registration.Rejected)
    def rejected(self, row: RegistrationRow, fact: Registration.Rejected, at: Recorded) -> RegistrationRow:
        return self._ended(row, fact, RegistrationState.REJECTED)

    @on(Registration.Withdrawn)
    def withdrawn(self, row: RegistrationRow, fact: Registration.Withdrawn, at: Recorded) -> RegistrationRow:
        return self._ended(row, fact, RegistrationState.WITHDRAWN)

    @on(Registration.Substituted)
    def substituted(self, row: RegistrationRow, fact: Registration.Substituted, at: Recorded) -> RegistrationRow:
        return replace(self._ended(row, fact, RegistrationState.SUBSTITUTED), successor=fact.successor)

    def _ended(self, row: RegistrationRow, fact: Registration.Event, state: RegistrationState) -> RegistrationRow:
        return replace(
            row,
            version=fact.originator_version,
            state=state,
            waits_for=None,
            confirmed_at=None,
            reason=fact.provenance.reason,
        )

    @on(Registration.Reinstated)
    def reinstated(self, row: RegistrationRow, fact: Registration.Reinstated, at: Recorded) -> RegistrationRow:
        return replace(
            row,
            version=fact.originator_version,
            state=RegistrationState.NOMINATED,
            late=row.late or fact.late,
            reason=fact.provenance.reason,
        )

    @on(Registration.ModeChanged)
    def changed_mode(self, row: RegistrationRow, fact: Registration.ModeChanged, at: Recorded) -> RegistrationRow:
        return self._takes_part(row, fact, fact.mode, waits_for=None)

    @on(Registration.Promoted)
    def promoted(self, row: RegistrationRow, fact: Registration.Promoted, at: Recorded) -> RegistrationRow:
        return self._takes_part(row, fact, fact.mode, waits_for=None if fact.mode is row.waits_for else row.waits_for)

    def _takes_part(
        self, row: RegistrationRow, fact: Registration.Event, mode: Mode, *, waits_for: Mode | None
    ) -> RegistrationRow:
        waited = row.state is RegistrationState.WAITLISTED
        return replace(
            row,
            version=fact.originator_version,
            state=RegistrationState.NOMINATED if waited else row.state,
            mode=mode,
            waits_for=waits_for,
        )

    @on(Registration.ModeAwaited)
    def awaits_mode(self, row: RegistrationRow, fact: Registration.ModeAwaited, at: Recorded) -> RegistrationRow:
        return replace(row, version=fact.originator_version, waits_for=fact.mode)

    @on(Registration.ModeKept)
    def kept_mode(self, row: RegistrationRow, fact: Registration.ModeKept, at: Recorded) -> RegistrationRow:
        return replace(row, version=fact.originator_version, waits_for=None)

    @on(Registration.AttendanceRecorded)
    def was_seen(self, row: RegistrationRow, fact: Registration.AttendanceRecorded, at: Recorded) -> RegistrationRow:
        seen = Attended(session=fact.session, mode=fact.mode, recorded_at=at.recorded_at)
        attendance = (*(a for a in row.attendance if a.session != fact.session), seen)
        return replace(
            row,
            version=fact.originator_version,
            attendance=attendance,
            attended=tuple(a.session for a in attendance),
            excused=tuple(session for session in row.excused if session != fact.session),
        )

    @on(Registration.Excused)
    def excused(self, row: RegistrationRow, fact: Registration.Excused, at: Recorded) -> RegistrationRow:
        if fact.session is None:
            return replace(row, version=fact.originator_version, excused_wholly=True)
        return replace(row, version=fact.originator_version, excused=(*row.excused, fact.session))


class HeldSeat(Value, frozen=True, kw_only=True):
    """A seat of an entity that is held, by its number in its category."""

    category: Category
    n: int
    registration: UUID


class Granted(Value, frozen=True, kw_only=True):
    """Seats granted beyond the rule, at one time."""

    category: Category
    seats: int
    granted_at: datetime
    reason: Sealed | None


class EntitySeatsRow(Row, frozen=True, kw_only=True):
    """What one Compact entity holds at one retreat, as its seats themselves say. The rule is the retreat's."""

    TABLE: ClassVar[str] = "entity_seats"
    OWNERS: ClassVar[tuple[str, str]] = ("organization", "")
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("retreat", "organization"), ("organization",))

    id: UUID
    version: int
    retreat: str
    organization: str
    held: tuple[HeldSeat, ...] = ()
    exceptions: tuple[Granted, ...] = ()

    def of(self, category: Category) -> list[HeldSeat]:
        """The seats held in a category, by number."""
        return sorted((seat for seat in self.held if seat.category is category), key=lambda seat: seat.n)


class SeatsHeld(ReadModel[EntitySeatsRow]):
    """Seats by entity: never counted from registrations."""

    @on(EntitySeats.Created)
    def opened(self, fact: EntitySeats.Created, at: Recorded) -> EntitySeatsRow:
        return EntitySeatsRow(
            id=fact.originator_id, version=fact.originator_version, retreat=fact.retreat, organization=fact.entity
        )

    @on(EntitySeats.Taken)
    def taken(self, row: EntitySeatsRow, fact: EntitySeats.Taken, at: Recorded) -> EntitySeatsRow:
        return self._with(row, fact, HeldSeat(category=fact.category, n=fact.n, registration=fact.registration))

    @on(EntitySeats.Released)
    def released(self, row: EntitySeatsRow, fact: EntitySeats.Released, at: Recorded) -> EntitySeatsRow:
        held = self._without(row, fact.category, fact.n)
        return replace(row, version=fact.originator_version, held=held)

    @on(EntitySeats.Passed)
    def passed_on(self, row: EntitySeatsRow, fact: EntitySeats.Passed, at: Recorded) -> EntitySeatsRow:
        return self._with(row, fact, HeldSeat(category=fact.category, n=fact.n, registration=fact.to))

    @on(EntitySeats.ExceptionGranted)
    def granted(self, row: EntitySeatsRow, fact: EntitySeats.ExceptionGranted, at: Recorded) -> EntitySeatsRow:
        exception = Granted(
            category=fact.category, seats=fact.seats, granted_at=at.recorded_at, reason=fact.provenance.reason
        )
        return replace(row, version=fact.originator_version, exceptions=(*row.exceptions, exception))

    def _with(self, row: EntitySeatsRow, fact: EntitySeats.Event, seat: HeldSeat) -> EntitySeatsRow:
        held = (*self._without(row, seat.category, seat.n), seat)
        return replace(row, version=fact.originator_version, held=held)

    def _without(self, row: EntitySeatsRow, category: Category, n: int) -> tuple[HeldSeat, ...]:
        return tuple(seat for seat in row.held if (seat.category, seat.n) != (category, n))


def by_exception(row: RegistrationRow, seats: EntitySeatsRow | None, rules: SeatRules | None) -> bool:
    """Whether a registration holds one of the seats that its entity has beyond the rule of the retreat."""
    beyond = seats.of(row.category)[rules.seats(row.category) :] if seats and rules and row.category in SEATED else []
    return any(seat.registration == row.id for seat in beyond)


class PlacesRow(Row, frozen=True, kw_only=True):
    """The places of one mode at one retreat, in numbers."""

    TABLE: ClassVar[str] = "places"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("retreat", "mode"),)

    id: UUID
    version: int
    retreat: str
    mode: Mode
    room: int | None
    taken: int = 0
    waiting: int = 0

    @property
    def left(self) -> int | None:
        """How many are free, whoever waits for them; None without limit."""
        return None if self.room is None else self.room - self.taken


class PlacesTaken(ReadModel[PlacesRow]):
    """How many places there are, are taken, and are waited for."""

    @on(Places.Created)
    def provided(self, fact: Places.Created, at: Recorded) -> PlacesRow:
        return PlacesRow(
            id=fact.originator_id,
            version=fact.originator_version,
            retreat=fact.retreat,
            mode=fact.mode,
            room=fact.room,
        )

    @on(Places.RoomChanged)
    def room_changed(self, row: PlacesRow, fact: Places.RoomChanged, at: Recorded) -> PlacesRow:
        return replace(row, version=fact.originator_version, room=fact.room)

    @on(Places.Taken)
    def taken(self, row: PlacesRow, fact: Places.Taken, at: Recorded) -> PlacesRow:
        return replace(row, version=fact.originator_version, taken=row.taken + 1)

    @on(Places.Released)
    def released(self, row: PlacesRow, fact: Places.Released, at: Recorded) -> PlacesRow:
        return replace(row, version=fact.originator_version, taken=row.taken - 1)

    @on(Places.Queued)
    def queued(self, row: PlacesRow, fact: Places.Queued, at: Recorded) -> PlacesRow:
        return replace(row, version=fact.originator_version, waiting=row.waiting + 1)

    @on(Places.LeftQueue)
    def left_queue(self, row: PlacesRow, fact: Places.LeftQueue, at: Recorded) -> PlacesRow:
        return replace(row, version=fact.originator_version, waiting=row.waiting - 1)

    @on(Places.Promoted)
    def promoted(self, row: PlacesRow, fact: Places.Promoted, at: Recorded) -> PlacesRow:
        return replace(row, version=fact.originator_version, taken=row.taken + 1, waiting=row.waiting - 1)

    @on(Places.Passed, Places.Skipped)
    def changed_hands(self, row: PlacesRow, fact: Places.Event, at: Recorded) -> PlacesRow:
        return replace(row, version=fact.originator_version)


class Skip(Value, frozen=True, kw_only=True):
    """That somebody who waits was passed over, for whom, and why."""

    behind: UUID
    skipped_at: datetime
    reason: Sealed | None


class Waiting(Value, frozen=True, kw_only=True):
    """Somebody on a waiting list."""

    registration: UUID
    organization: str
    since: datetime
    skips: tuple[Skip, ...] = ()


class WaitingListRow(Row, frozen=True, kw_only=True):
    """Who waits for a place of one mode at one retreat, first to last.

    The line is one value, since what happens to it (who waits goes behind, one lets another go first) is a matter of
    the whole of it. It is written anew only when the line itself changes.
    """

    TABLE: ClassVar[str] = "waiting_list"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("retreat", "mode"),)

    id: UUID
    retreat: str
    mode: Mode
    line: tuple[Waiting, ...] = ()


class WaitingLists(ReadModel[WaitingListRow]):
    """Waiting lists, in order."""

    @on(Places.Created)
    def provided(self, fact: Places.Created, at: Recorded) -> WaitingListRow:
        return WaitingListRow(id=fact.originator_id, retreat=fact.retreat, mode=fact.mode)

    @on(Places.Queued)
    def queued(self, row: WaitingListRow, fact: Places.Queued, at: Recorded) -> WaitingListRow:
        last = Waiting(registration=fact.registration, organization=fact.organization, since=at.recorded_at)
        return replace(row, line=(*row.line, last))

    @on(Places.LeftQueue, Places.Promoted)
    def no_longer_waits(
        self, row: WaitingListRow, fact: Places.LeftQueue | Places.Promoted, at: Recorded
    ) -> WaitingListRow:
        return replace(row, line=tuple(one for one in row.line if one.registration != fact.registration))

    @on(Places.Passed)
    def passed_on(self, row: WaitingListRow, fact: Places.Passed, at: Recorded) -> WaitingListRow:
        line = (
            replace(one, registration=fact.to) if one.registration == fact.registration else one for one in row.line
        )
        return replace(row, line=tuple(line))

    @on(Places.Skipped)
    def skipped(self, row: WaitingListRow, fact: Places.Skipped, at: Recorded) -> WaitingListRow:
        line = list(row.line)
        place = next(i for i, one in enumerate(line) if one.registration == fact.registration)
        skip = Skip(behind=fact.behind, skipped_at=at.recorded_at, reason=fact.provenance.reason)
        passed_over = replace(line[place], skips=(*line[place].skips, skip))
        line[place], line[place + 1] = line[place + 1], passed_over
        return replace(row, line=tuple(line))


@dataclass(frozen=True)
class InLine:
    """Somebody on a waiting list, with the place in line: 1 for who is next."""

    place: int
    waiting: Waiting


def in_line(row: WaitingListRow | None) -> list[InLine]:
    """A waiting list with its places."""
    return [InLine(place=place, waiting=waiting) for place, waiting in enumerate(row.line, 1)] if row else []


def beyond(line: Sequence[InLine], after: Sequence[Any] | None) -> list[InLine]:
    """Those behind somebody who stood at a place; if he or she is no longer on the list, those who now stand there."""
    if after is None:
        return list(line)
    place, registration = after
    places = [one.place for one in line if one.waiting.registration == registration]
    return [one for one in line if one.place > (places[0] if places else place - 1)]


async def those_seen(asking: Asking, line: Sequence[InLine]) -> list[InLine]:
    """Those on a waiting list of whom the viewer may know, at the places they have."""
    if asking.own is None:
        return list(line)
    rows = await asking.many(RegistrationRow, "id", [one.waiting.registration for one in line])
    seen = {row.id for row in rows}
    return [one for one in line if one.waiting.registration in seen]


class Entitlement(msgspec.Struct, frozen=True, kw_only=True):
    """A Compact entity at a retreat: the retreat's rule, and what the entity holds of it, if it ever asked."""

    retreat: str
    organization: str
    rule: dict[Category, int]
    seats: EntitySeatsRow | None

    @property
    def id(self) -> UUID:
        return EntitySeats.key(self.retreat, self.organization)

    @property
    def version(self) -> int:
        return self.seats.version if self.seats else 0

    @property
    def granted(self) -> tuple[Granted, ...]:
        """The exceptions granted, in order."""
        return self.seats.exceptions if self.seats else ()

    def exceptions(self, category: Category) -> int:
        """How many seats were granted beyond the rule."""
        return sum(one.seats for one in self.granted if one.category is category)

    def allowed(self, category: Category) -> int:
        """How many seats the entity may hold."""
        return self.rule[category] + self.exceptions(category)

    def held(self, category: Category) -> list[HeldSeat]:
        """The seats it holds, by number."""
        return self.seats.of(category) if self.seats else []

    def left(self, category: Category) -> int:
        """How many it may still take."""
        return self.allowed(category) - len(self.held(category))


_ENTITLED: LiteralString = (
    " from {r}.retreat r"
    " join {r}.organization o on {o_stands}"
    " left join {r}.entity_seats e on e.retreat = r.code and e.organization = o.code and {e_stands}"
    " where {r_stands} and r.code = %(retreat)s"
    " and ((o.active and o.compact_status <> 'none') or e.id is not null)"
    " and (%(organization)s::text is null or o.code = %(organization)s)"
    " and (%(own)s::text[] is null or o.code = any(%(own)s))"
)


def _entitled(asking: Asking, what: LiteralString) -> sql.Composed:
    return asking.compose(
        what + _ENTITLED,
        o_stands=asking.stands("o"),
        e_stands=asking.stands("e"),
        r_stands=asking.stands("r"),
    )


def _who(asking: Asking, retreat: str, organization: str | None) -> dict[str, Any]:
    own = None if asking.own is None else sorted(asking.own.organizations)
    return {"retreat": retreat, "organization": organization, "own": own}


async def entitled(
    asking: Asking, retreat: str, *, organization: str | None = None, after: str | None = None, limit: int
) -> list[Entitlement]:
    """The Compact entities at a retreat with their seats, by code: each that has some, or might take some."""
    found = await asking.rows(
        sql.SQL("{} and (%(after)s::text is null or o.code > %(after)s) order by o.code limit %(limit)s").format(
            _entitled(asking, "select o.code, r.seat_rules, e.id, e.version, e.held, e.exceptions")
        ),
        {**_who(asking, retreat, organization), "after": after, "limit": limit},
    )
    return [_entitlement(retreat, *record) for record in found]


def _entitlement(
    retreat: str, organization: str, rules: dict[str, int] | None, id: UUID | None, version: int, *seats: Any
) -> Entitlement:
    rule = {Category.REPRESENTATIVE: "representatives", Category.DELEGATE: "delegates"}
    held, exceptions = seats
    return Entitlement(
        retreat=retreat,
        organization=organization,
        rule={category: rules[rule[category]] if rules else 0 for category in SEATED},
        seats=None
        if id is None
        else msgspec.convert(
            {
                "id": id,
                "version": version,
                "retreat": retreat,
                "organization": organization,
                "held": held,
                "exceptions": exceptions,
            },
            EntitySeatsRow,
        ),
    )


async def entitled_count(asking: Asking, retreat: str, *, organization: str | None = None) -> int:
    """How many Compact entities there are at a retreat."""
    found = await asking.rows(_entitled(asking, "select count(*)"), _who(asking, retreat, organization))
    return cast("int", found[0][0])


def expected(retreat: str, session: str | None = None) -> list[Where]:
    """Those expected at a retreat: all who are confirmed; in one session: of guest speakers those named for it."""
    where: list[Where] = [
        Condition("retreat", "eq", retreat),
        Condition("state", "eq", RegistrationState.CONFIRMED.value),
    ]
    if session is not None:
        named = "(t.category <> 'guest_speaker' or {session} = any(t.sessions) or {session} = any(t.attended))"
        where.append(sql.SQL(named).format(session=sql.Literal(session)))
    return where


class Turnout(msgspec.Struct, frozen=True, kw_only=True):
    """How many are expected in each mode, how many came in each, and how many of these in another than registered."""

    expected: dict[Mode, int]
    came: dict[Mode, int]
    came_otherwise: int
    excused: int


async def turnout(asking: Asking, retreat: str, session: str | None = None) -> Turnout:
    """Who is expected at a retreat or in one session of it, and who came, in numbers: of those the viewer may see."""
    found = await asking.rows(
        asking.compose(
            "select t.mode, count(*), count(*) filter (where came.in_person), count(*) filter (where came.virtually),"
            " count(*) filter (where not coalesce(came.in_person or came.virtually, false)"
            " and (t.excused_wholly or {session} = any(t.excused)))"
            " from {r}.registration t, lateral (select bool_or(a->>'mode' = 'in_person') as in_person,"
            " bool_or(a->>'mode' = 'virtual') as virtually from jsonb_array_elements(t.attendance) a"
            " where {session}::text is null or a->>'session' = {session}) came"
            " where {shown} and {expected} group by t.mode",
            session=sql.Literal(session),
            shown=asking.shows(RegistrationRow),
            expected=asking.such(expected(retreat, session)),
        )
    )
    by_mode = {Mode(mode): counts for mode, *counts in found}
    of = {mode: by_mode.get(mode, [0, 0, 0, 0]) for mode in Mode}
    return Turnout(
        expected={mode: of[mode][0] for mode in Mode},
        came={Mode.IN_PERSON: sum(n[1] for n in of.values()), Mode.VIRTUAL: sum(n[2] for n in of.values())},
        came_otherwise=of[Mode.IN_PERSON][2] + of[Mode.VIRTUAL][1],
        excused=sum(n[3] for n in of.values()),
    )
