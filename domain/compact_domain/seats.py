"""Who holds what at a retreat: the seats of one Compact entity, and the places in the room or on the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from compact_domain.kernel import Aggregate, Code, Command, InvalidInput, RuleViolation, Starts, Value
from compact_domain.vocabulary import Category, Mode

RULES: Mapping[str, str] = {
    "seats.quota": "A Compact entity holds no more seats than its own in each category, and trades none of them.",
    "seats.below_taken": "Seats and places are never set below what is taken.",
    "room.full": "Places that are all taken, or that somebody waits for, go to nobody else.",
    "room.last": "Who is last on the waiting list lets nobody go first.",
    "room.waiting": "Only who waits for a place is promoted or passed over.",
}
CLAIMS: Mapping[str, str] = {"seat": "seats.quota", "place": "room.full"}

SEATED = (Category.REPRESENTATIVE, Category.DELEGATE)
"""The categories that take a seat of an entity."""

AtRetreat = Annotated[Code, Meta(description="code of the retreat")]
OfEntity = Annotated[Code, Meta(description="code of the Compact entity")]
OfRegistration = Annotated[UUID, Meta(description="the registration it is about")]
OfOrganization = Annotated[Code, Meta(description="code of the organization that nominated")]
Number = Annotated[int, Meta(ge=1, description="number of the seat or place; it names the claim")]
Count = Annotated[int, Meta(ge=0)]
Room = Annotated[Count | None, Meta(description="how many places there are; null: no limit")]


class Keeping(StrEnum):
    """Seats and places are kept as long as their retreat is."""

    KEPT = "kept"


OF_SEATS: Starts = {"grant_exception": {Keeping.KEPT}}
OF_PLACES: Starts = {"promote": {Keeping.KEPT}, "skip_waiting": {Keeping.KEPT}}


class EntitySeats(Aggregate):
    """One Compact entity's seats at one retreat: which are held, for which registration, and what was granted beyond.

    The rule itself (how many in each category) is the retreat's; it comes along with each decision.
    """

    TOPIC = "entity_seats"
    MAY_START_FROM = OF_SEATS
    IS_REGISTER = True

    def __init__(self, *, retreat: str, entity: str) -> None:
        self.retreat, self.entity = retreat, entity
        self.held: dict[Category, dict[int, UUID]] = {category: {} for category in SEATED}
        self.exceptions: dict[Category, int] = dict.fromkeys(SEATED, 0)

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to an entity's seats."""

    @classmethod
    def key(cls, retreat: str, entity: str) -> UUID:
        """The id of an entity's seats at a retreat."""
        return cls.identify(f"{retreat}:{entity}")

    @classmethod
    def policy_noun(cls) -> str:
        return "registration"

    @property
    def state(self) -> str:
        return Keeping.KEPT

    def allowance(self, category: Category, *, rule: int) -> int:
        """How many seats the entity may hold: the rule, and what was granted beyond it."""
        return rule + self.exceptions[category]

    def left(self, category: Category, *, rule: int) -> int:
        """How many seats the entity may still take."""
        return self.allowance(category, rule=rule) - len(self.held[category])

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The entity's seats at the retreat were first asked for."""

        TOPIC: ClassVar[str] = "entity_seats.opened"
        retreat: AtRetreat
        entity: OfEntity

    @classmethod
    def open(cls, *, retreat: str, entity: str, cmd: Command) -> EntitySeats:
        return cls._begin(cls.Created(**cls._first(cls.key(retreat, entity), cmd), retreat=retreat, entity=entity))

    def take(self, *, category: Category, registration: UUID, rule: int, cmd: Command) -> None:
        held = self.held[category]
        if registration in held.values():
            return
        if self.left(category, rule=rule) < 1:
            raise RuleViolation(
                "seats.quota", state=self.state, allowed=self._verbs(), details=self._numbers(category, rule)
            )
        self._states(
            self.Taken(
                **self._next(cmd),
                retreat=self.retreat,
                entity=self.entity,
                category=category,
                n=_lowest_free(held),
                registration=registration,
                allowed=self.allowance(category, rule=rule),
            )
        )

    class Taken(Event, frozen=True, kw_only=True):
        """A registration took one of the entity's seats."""

        TOPIC: ClassVar[str] = "entity_seats.taken"
        retreat: AtRetreat
        entity: OfEntity
        category: Category
        n: Number
        registration: OfRegistration
        allowed: Annotated[Count, Meta(description="how many seats the entity might hold in this category")]

        def takes(self) -> Sequence[str]:
            return (f"seat:{self.retreat}:{self.entity}:{self.category}:{self.n}",)

        def apply(self, it: EntitySeats) -> None:
            it.held[self.category][self.n] = self.registration

    def release(self, *, category: Category, registration: UUID, cmd: Command) -> None:
        held = self.held[category]
        if registration not in held.values():
            return
        self._states(
            self.Released(
                **self._next(cmd),
                retreat=self.retreat,
                entity=self.entity,
                category=category,
                n=_number_of(held, registration),
                registration=registration,
            )
        )

    class Released(Event, frozen=True, kw_only=True):
        """A registration gave its seat back to the entity."""

        TOPIC: ClassVar[str] = "entity_seats.released"
        retreat: AtRetreat
        entity: OfEntity
        category: Category
        n: Number
        registration: OfRegistration

        def releases(self) -> Sequence[str]:
            return (f"seat:{self.retreat}:{self.entity}:{self.category}:{self.n}",)

        def apply(self, it: EntitySeats) -> None:
            del it.held[self.category][self.n]

    def pass_on(self, *, category: Category, registration: UUID, to: UUID, cmd: Command) -> None:
        """Hand a held seat to a substitute: the same seat, so that nothing is taken or released."""
        n = _number_of(self.held[category], registration)
        self._states(self.Passed(**self._next(cmd), category=category, n=n, registration=registration, to=to))

    class Passed(Event, frozen=True, kw_only=True):
        """A seat went from one registration to its substitute."""

        TOPIC: ClassVar[str] = "entity_seats.passed"
        category: Category
        n: Number
        registration: Annotated[UUID, Meta(description="the registration that had it")]
        to: Annotated[UUID, Meta(description="the registration that has it now")]

        def apply(self, it: EntitySeats) -> None:
            it.held[self.category][self.n] = self.to

    def grant_exception(self, *, category: Category, seats: int, cmd: Command) -> None:
        self._may("grant_exception", cmd)
        self._states(self.ExceptionGranted(**self._next(cmd), category=category, seats=seats))

    class ExceptionGranted(Event, frozen=True, kw_only=True):
        """The secretariat granted the entity seats beyond the rule of the retreat."""

        TOPIC: ClassVar[str] = "entity_seats.exception_granted"
        category: Category
        seats: Annotated[int, Meta(ge=1, le=1000, description="how many seats more than before")]

        def apply(self, it: EntitySeats) -> None:
            it.exceptions[self.category] += self.seats

    def require_within(self, category: Category, *, rule: int) -> None:
        """Refuse a rule that the seats held now would break."""
        if self.left(category, rule=rule) < 0:
            raise RuleViolation(
                "seats.below_taken",
                state=self.state,
                allowed=self._verbs(),
                details={"entity": self.entity, **self._numbers(category, rule)},
            )

    def _numbers(self, category: Category, rule: int) -> dict[str, str | int]:
        return {
            "category": category,
            "allowed": self.allowance(category, rule=rule),
            "held": len(self.held[category]),
        }


class Party(Value, frozen=True, kw_only=True):
    """Somebody who has a place or waits for one."""

    registration: UUID
    organization: Code


class Places(Aggregate):
    """The places of one mode at one retreat: who has which, and who waits, in which order.

    Everyone nominated or confirmed in that mode has one, of every category. Who waits goes first: as long as
    somebody does, nobody new takes a place, also between a release and the promotion that follows it.
    """

    TOPIC = "places"
    MAY_START_FROM = OF_PLACES
    IS_REGISTER = True

    def __init__(self, *, retreat: str, mode: Mode, room: int | None) -> None:
        self.retreat, self.mode, self.room = retreat, mode, room
        self.taken: dict[int, Party] = {}
        self.waiting: list[Party] = []

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to the places of a mode."""

    @classmethod
    def key(cls, retreat: str, mode: Mode) -> UUID:
        """The id of the places of a mode at a retreat."""
        return cls.identify(f"{retreat}:{mode}")

    @classmethod
    def policy_noun(cls) -> str:
        return "registration"

    @property
    def state(self) -> str:
        return Keeping.KEPT

    def guard(self, verb: str, now: datetime) -> RuleViolation | None:
        refusal = super().guard(verb, now)
        if refusal is None and not self.waiting:
            return RuleViolation("room.waiting", state=self.state, allowed=(), details=self._numbers())
        return refusal

    @property
    def has_free(self) -> bool:
        return self.room is None or len(self.taken) < self.room

    @property
    def full(self) -> bool:
        """Whether nobody new may take a place now."""
        return bool(self.waiting) or not self.has_free

    @property
    def next(self) -> UUID | None:
        """The registration that a free place goes to; None if no place is free or nobody waits."""
        return self.waiting[0].registration if self.waiting and self.has_free else None

    @property
    def parties(self) -> list[Party]:
        """All who have a place or wait for one."""
        return [*self.taken.values(), *self.waiting]

    def number_of(self, registration: UUID) -> int | None:
        """The number of a registration's place; None if it has none."""
        return next((n for n, party in self.taken.items() if party.registration == registration), None)

    def ahead_of(self, registration: UUID) -> int | None:
        """How many wait ahead of a registration; None if it does not wait."""
        return next((i for i, party in enumerate(self.waiting) if party.registration == registration), None)

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The retreat has places of this mode."""

        TOPIC: ClassVar[str] = "places.provided"
        retreat: AtRetreat
        mode: Mode
        room: Room

    @classmethod
    def provide(cls, *, retreat: str, mode: Mode, room: int | None, cmd: Command) -> Places:
        return cls._begin(cls.Created(**cls._first(cls.key(retreat, mode), cmd), retreat=retreat, mode=mode, room=room))

    def change_room(self, *, room: int | None, cmd: Command) -> None:
        if room == self.room:
            return
        if room is not None and room < len(self.taken):
            raise RuleViolation(
                "seats.below_taken", state=self.state, allowed=self._verbs(), details=self._numbers(wanted=room)
            )
        self._states(
            self.RoomChanged(
                **self._next(cmd),
                retreat=self.retreat,
                mode=self.mode,
                room=room,
                before=self.room,
                taken=len(self.taken),
                waiting=len(self.waiting),
            )
        )

    class RoomChanged(Event, frozen=True, kw_only=True):
        """There are more places than before, or fewer."""

        TOPIC: ClassVar[str] = "places.room_changed"
        retreat: AtRetreat
        mode: Mode
        room: Room
        before: Annotated[Count | None, Meta(description="how many there were; null: no limit")]
        taken: Annotated[Count, Meta(description="how many were taken at that moment")]
        waiting: Annotated[Count, Meta(description="how many waited at that moment")]

        def apply(self, it: Places) -> None:
            it.room = self.room

    def take(self, *, registration: UUID, organization: str, cmd: Command) -> None:
        if self.number_of(registration) is not None:
            return
        if self.full:
            raise RuleViolation("room.full", state=self.state, allowed=self._verbs(), details=self._numbers())
        self._states(
            self.Taken(
                **self._next(cmd),
                retreat=self.retreat,
                mode=self.mode,
                n=_lowest_free(self.taken),
                registration=registration,
                organization=organization,
            )
        )

    class Taken(Event, frozen=True, kw_only=True):
        """A registration took a free place that nobody waited for."""

        TOPIC: ClassVar[str] = "places.taken"
        retreat: AtRetreat
        mode: Mode
        n: Number
        registration: OfRegistration
        organization: OfOrganization

        def takes(self) -> Sequence[str]:
            return (f"place:{self.retreat}:{self.mode}:{self.n}",)

        def apply(self, it: Places) -> None:
            it.taken[self.n] = Party(registration=self.registration, organization=self.organization)

    def queue(self, *, registration: UUID, organization: str, cmd: Command) -> None:
        if self.ahead_of(registration) is not None:
            return
        self._states(
            self.Queued(
                **self._next(cmd), registration=registration, organization=organization, ahead=len(self.waiting)
            )
        )

    class Queued(Event, frozen=True, kw_only=True):
        """A registration found no place and waits at the end of the list."""

        TOPIC: ClassVar[str] = "places.queued"
        registration: OfRegistration
        organization: OfOrganization
        ahead: Annotated[Count, Meta(description="how many waited already")]

        def apply(self, it: Places) -> None:
            it.waiting.append(Party(registration=self.registration, organization=self.organization))

    def give_up(self, *, registration: UUID, cmd: Command) -> None:
        """Give a place back, or leave the waiting list; nothing if the registration has and awaits none."""
        if (n := self.number_of(registration)) is not None:
            self._states(
                self.Released(
                    **self._next(cmd),
                    retreat=self.retreat,
                    mode=self.mode,
                    n=n,
                    registration=registration,
                    waiting=len(self.waiting),
                )
            )
        elif self.ahead_of(registration) is not None:
            self._states(self.LeftQueue(**self._next(cmd), registration=registration))

    class Released(Event, frozen=True, kw_only=True):
        """A registration gave its place back."""

        TOPIC: ClassVar[str] = "places.released"
        retreat: AtRetreat
        mode: Mode
        n: Number
        registration: OfRegistration
        waiting: Annotated[Count, Meta(description="how many waited at that moment")]

        def releases(self) -> Sequence[str]:
            return (f"place:{self.retreat}:{self.mode}:{self.n}",)

        def apply(self, it: Places) -> None:
            del it.taken[self.n]

    class LeftQueue(Event, frozen=True, kw_only=True):
        """A registration waits no longer, without having had a place."""

        TOPIC: ClassVar[str] = "places.left_queue"
        registration: OfRegistration

        def apply(self, it: Places) -> None:
            it.waiting = [party for party in it.waiting if party.registration != self.registration]

    def pass_on(self, *, registration: UUID, to: UUID, cmd: Command) -> None:
        """Hand a place, or a position on the waiting list, to a substitute."""
        n = self.number_of(registration)
        if n is None and self.ahead_of(registration) is None:
            return
        self._states(self.Passed(**self._next(cmd), n=n, registration=registration, to=to))

    class Passed(Event, frozen=True, kw_only=True):
        """A place, or a position on the waiting list, went from one registration to its substitute."""

        TOPIC: ClassVar[str] = "places.passed"
        n: Annotated[
            Annotated[int, Meta(ge=1)] | None, Meta(description="number of the place; null: a position on the list")
        ]
        registration: Annotated[UUID, Meta(description="the registration that had it")]
        to: Annotated[UUID, Meta(description="the registration that has it now")]

        def apply(self, it: Places) -> None:
            def successor(party: Party) -> Party:
                if party.registration != self.registration:
                    return party
                return Party(registration=self.to, organization=party.organization)

            it.taken = {n: successor(party) for n, party in it.taken.items()}
            it.waiting = [successor(party) for party in it.waiting]

    def promote(self, *, registration: UUID, cmd: Command) -> None:
        """Give a free place to who waits; only to the first, for who waits goes in order."""
        if self.number_of(registration) is not None:
            return
        self._may("promote", cmd)
        ahead = self._ahead_of(registration)
        if registration != self.next:
            raise RuleViolation(
                "room.full", state=self.state, allowed=self._verbs(), details=self._numbers(ahead=ahead)
            )
        self._states(
            self.Promoted(
                **self._next(cmd),
                retreat=self.retreat,
                mode=self.mode,
                n=_lowest_free(self.taken),
                registration=registration,
            )
        )

    class Promoted(Event, frozen=True, kw_only=True):
        """The first on the waiting list took a place."""

        TOPIC: ClassVar[str] = "places.promoted"
        retreat: AtRetreat
        mode: Mode
        n: Number
        registration: OfRegistration

        def takes(self) -> Sequence[str]:
            return (f"place:{self.retreat}:{self.mode}:{self.n}",)

        def apply(self, it: Places) -> None:
            first, *rest = it.waiting
            it.taken[self.n], it.waiting = first, rest

    def skip(self, *, registration: UUID, cmd: Command) -> None:
        """Let the one behind go first. Who is passed over stays on the list, one position later."""
        self._may("skip_waiting", cmd)
        ahead = self._ahead_of(registration)
        if ahead + 1 == len(self.waiting):
            raise RuleViolation(
                "room.last", state=self.state, allowed=self._verbs(), details=self._numbers(ahead=ahead)
            )
        behind = self.waiting[ahead + 1].registration
        self._states(self.Skipped(**self._next(cmd), registration=registration, behind=behind))

    class Skipped(Event, frozen=True, kw_only=True):
        """The secretariat passed over one who waits: the one behind goes first."""

        TOPIC: ClassVar[str] = "places.skipped"
        registration: Annotated[UUID, Meta(description="who was passed over")]
        behind: Annotated[UUID, Meta(description="who goes first now")]

        def apply(self, it: Places) -> None:
            i = next(i for i, party in enumerate(it.waiting) if party.registration == self.registration)
            it.waiting[i], it.waiting[i + 1] = it.waiting[i + 1], it.waiting[i]

    def _ahead_of(self, registration: UUID) -> int:
        ahead = self.ahead_of(registration)
        if ahead is None:
            raise RuleViolation("room.waiting", state=self.state, allowed=self._verbs(), details=self._numbers())
        return ahead

    def _numbers(self, **more: int) -> dict[str, str | int]:
        numbers: dict[str, str | int] = {"mode": self.mode, "taken": len(self.taken), "waiting": len(self.waiting)}
        if self.room is not None:
            numbers["places"] = self.room
        return {**numbers, **more}


def require_seated(category: Category) -> None:
    """Refuse a category of which an entity has no seats. `InvalidInput`."""
    if category not in SEATED:
        raise InvalidInput(fields=[("category", f"is one of {', '.join(SEATED)}")])


def _lowest_free(numbered: Mapping[int, object]) -> int:
    n = 1
    while n in numbered:
        n += 1
    return n


def _number_of(held: Mapping[int, UUID], registration: UUID) -> int:
    return next(n for n, holder in held.items() if holder == registration)
