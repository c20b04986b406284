"""The registration desk of one retreat, for tests: what is asked of it, what is there, and the laws it keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid5

from compact_domain.kernel import Actor, Aggregate, Fact, PersonDetails, Role, Work
from compact_domain.organization import Organizations
from compact_domain.policy import needs_reason
from compact_domain.reactions import commands
from compact_domain.registration import Nomination, Registration, Registrations
from compact_domain.retreat import Format, Logistics, Retreat, Retreats
from compact_domain.seats import SEATED, EntitySeats, Places
from compact_domain.session import SessionKind, Sessions
from compact_domain.vocabulary import Category, CompactStatus, Mode, Names, OrganizationKind
from tests.domain.histories import Histories
from tests.domain.scenario import actor, command

A = TypeVar("A", bound=Aggregate)
RETREAT = "CTCR-2025"
DEADLINE = datetime(2025, 6, 21, 3, 59, tzinfo=UTC)
ENTITIES = ("UNODC", "CTED", "INTERPOL")
CLAIMED = ("seat:", "place:", "person:")
PROCESS = actor(Role.PROCESS, organization="", name="reactions")


def details(name: str) -> PersonDetails:
    return PersonDetails(name=name.title(), email=f"{name}@example.org")


def of(organization: str) -> Actor:
    """The representative of an entity, who acts for it and for no other."""
    return actor(Role.ENTITY_REPRESENTATIVE, organization=organization)


def event_id(fact: Fact) -> UUID:
    return uuid5(fact.originator_id, str(fact.originator_version))


class Desk(Histories):
    """Histories with a retreat whose registration is open, three Compact entities, one guest, and one session."""

    def __init__(
        self, *, places: int = 100, virtual: int | None = None, format: Format = Format.HYBRID, opened: bool = True
    ) -> None:
        super().__init__()
        self.followed, self.reacted = 0, set[UUID]()
        for code, status in (*((code, CompactStatus.MEMBER) for code in ENTITIES), ("ECOWAS", CompactStatus.NONE)):
            self.register(code, status)
        self.plan(RETREAT, format)
        self.at("announce")
        self.schedule("SESSION-1", RETREAT)
        self.rules(places=places, virtual=virtual)
        if opened:
            self.at("open_registration", deadline=DEADLINE)

    # what is asked

    def give(self, name: str, decision: Callable[[Work], A], *, by: Actor | None = None) -> A:
        """Give a command with a reason where it needs one; answers what it is about, as the command left it."""
        answers: list[A] = []
        works: list[Work] = []

        def decide(work: Work) -> A:
            works.append(work)
            answers.append(decision(work))
            return answers[0]

        self.run(name, decide, by=by, reason="Because." if needs_reason(name) else None)
        for it in works[0].aggregates.values():
            assert state_of(it) == state_of(self.the(type(it), it.id)), "what was decided is what its facts replay to"
        return answers[0]

    def plan(self, code: str, format: Format = Format.HYBRID) -> None:
        self.give(
            "retreat.plan",
            lambda work: Retreats(work).plan(
                code=code,
                series="Counter-Terrorism Compact Retreat",
                edition=1,
                title="Counter-Terrorism Compact Retreat",
                theme="Strengthening partnerships",
                starts_on=date(2025, 6, 25),
                ends_on=date(2025, 6, 25),
                zone="America/New_York",
                logistics=Logistics(format=format, contact="desk@example.org"),
            ),
        )

    def schedule(self, code: str, retreat: str) -> None:
        self.give(
            "session.schedule",
            lambda work: Sessions(work).schedule(
                retreat=retreat,
                code=code,
                title="Capacity building",
                kind=SessionKind.THEMATIC,
                starts_at=datetime(2025, 6, 25, 14, 0, tzinfo=UTC),
                ends_at=datetime(2025, 6, 25, 16, 0, tzinfo=UTC),
            ),
        )

    def at(self, command: str, **fields: Any) -> Retreat:
        """A command about the retreat."""
        ask: Callable[[Work], Retreat] = lambda work: getattr(Retreats(work), command)(RETREAT, **fields)  # noqa: E731
        return self.give(f"retreat.{command}", ask)

    def ask(self, command: str, *subject: Any, by: Actor | None = None, **fields: Any) -> Any:
        """A command about a registration or about the whole desk."""
        return self.give(
            f"registration.{command}", lambda work: getattr(Registrations(work), command)(*subject, **fields), by=by
        )

    def register(self, code: str, status: CompactStatus) -> None:
        self.give(
            "organization.register",
            lambda work: Organizations(work).register(
                code=code, names=Names(en=code), kind=OrganizationKind.UN_ENTITY, compact_status=status
            ),
        )

    def rules(self, *, places: int, virtual: int | None = None, representatives: int = 1, delegates: int = 2) -> None:
        self.at(
            "set_seat_rules",
            representatives=representatives,
            delegates=delegates,
            in_person_places=places,
            virtual_places=virtual,
        )

    def nominate(
        self,
        name: str,
        organization: str = "UNODC",
        category: Category = Category.DELEGATE,
        mode: Mode = Mode.IN_PERSON,
        *,
        sessions: Iterable[str] = (),
        by: Actor | None = None,
    ) -> UUID:
        it: Registration = self.ask(
            "nominate",
            RETREAT,
            organization=organization,
            category=category,
            mode=mode,
            person=details(name),
            sessions=tuple(sessions),
            by=by,
        )
        return it.id

    def admit_late(
        self,
        name: str,
        organization: str = "UNODC",
        category: Category = Category.DELEGATE,
        mode: Mode = Mode.IN_PERSON,
    ) -> UUID:
        nomination = Nomination(
            retreat=RETREAT, organization=organization, category=category, mode=mode, person=details(name)
        )
        it: Registration = self.ask("admit_late", nomination=nomination)
        return it.id

    def follow(self) -> list[Fact]:
        """Let the process react to all facts it has not met yet; answers what it stated."""
        before = len(self.facts)
        while self.followed < len(self.facts):
            fact = self.facts[self.followed]
            self.followed += 1
            for intended in commands(fact, event_id(fact), self):
                if intended.id not in self.reacted:
                    self.reacted.add(intended.id)
                    self.run(
                        intended.then.command,
                        intended.then.decide,
                        by=PROCESS,
                        causation_id=intended.event_id,
                    )
        return self.facts[before:]

    # what is there

    def the(self, kind: type[A], id: UUID) -> A:
        it = self.load(kind, id)
        assert it is not None
        return it

    @property
    def retreat(self) -> Retreat:
        return self.the(Retreat, Retreat.identify(RETREAT))

    def registration(self, id: UUID) -> Registration:
        return self.the(Registration, id)

    def places(self, mode: Mode = Mode.IN_PERSON) -> Places:
        return self.the(Places, Places.key(RETREAT, mode))

    def seats(self, entity: str = "UNODC") -> EntitySeats:
        return self.load(EntitySeats, EntitySeats.key(RETREAT, entity)) or EntitySeats.open(
            retreat=RETREAT, entity=entity, cmd=command(now=self.now)
        )

    def left(self, entity: str = "UNODC", category: Category = Category.DELEGATE) -> int:
        return self.seats(entity).left(category, rule=self.retreat.rule_for(category))

    def line(self, mode: Mode = Mode.IN_PERSON) -> list[UUID]:
        """Who waits, first to last."""
        return [party.registration for party in self.places(mode).waiting]

    def states(self, *ids: UUID) -> list[str]:
        return [self.registration(id).state for id in ids]

    @property
    def registrations(self) -> list[Registration]:
        return [self.registration(fact.originator_id) for fact in self.facts if isinstance(fact, Registration.Created)]

    # the laws

    def keep_the_laws(self) -> None:
        """What holds after every command, whatever was asked before."""
        registrations = self.registrations
        self._seats_are_held_by_those_registered(registrations)
        self._places_are_held_by_those_registered(registrations)
        people = Counter(it.subject for it in registrations if it.active)
        assert all(count == 1 for count in people.values()), "one active registration per person"
        for mode in Mode:
            assert self.line(mode) == self._line_by_its_facts(mode)
        assert {claim for claim in self.held if claim.startswith(CLAIMED)} == set(self._claims())

    def _seats_are_held_by_those_registered(self, registrations: list[Registration]) -> None:
        for entity in ENTITIES:
            seats = self.seats(entity)
            for category in SEATED:
                rule = self.retreat.rule_for(category)
                held = set(seats.held[category].values())
                granted = sum(
                    fact.seats
                    for fact in self.facts
                    if isinstance(fact, EntitySeats.ExceptionGranted)
                    and (fact.originator_id, fact.category) == (seats.id, category)
                )
                assert len(held) == len(seats.held[category]) <= rule + granted
                assert seats.left(category, rule=rule) == rule + granted - len(held)
                assert held == {
                    it.id for it in registrations if it.active and (it.organization, it.category) == (entity, category)
                }

    def _places_are_held_by_those_registered(self, registrations: list[Registration]) -> None:
        for mode in Mode:
            places = self.places(mode)
            assert places.room is None or len(places.taken) <= places.room
            assert {party.registration for party in places.taken.values()} == {
                it.id for it in registrations if it.active and not it.waitlisted and it.mode is mode
            }
            assert len(places.waiting) == len(set(self.line(mode)))
            assert set(self.line(mode)) == {it.id for it in registrations if mode in it.waits_in}

    def _line_by_its_facts(self, mode: Mode) -> list[UUID]:
        """First come, first served but for skips, told from the facts alone."""
        line: list[UUID] = []
        for fact in self.facts:
            if fact.originator_id != Places.key(RETREAT, mode):
                continue
            match fact:
                case Places.Queued():
                    line.append(fact.registration)
                case Places.LeftQueue():
                    line.remove(fact.registration)
                case Places.Passed(n=None):
                    line[line.index(fact.registration)] = fact.to
                case Places.Skipped():
                    i = line.index(fact.registration)
                    assert line[i + 1] == fact.behind
                    line[i], line[i + 1] = fact.behind, fact.registration
                case Places.Promoted():
                    assert line.pop(0) == fact.registration, "who waits goes in order"
                case Places.Taken():
                    assert not line, "who waits goes first"
        return line

    def _claims(self) -> Iterable[str]:
        for mode in Mode:
            yield from (f"place:{RETREAT}:{mode}:{n}" for n in self.places(mode).taken)
        for entity in ENTITIES:
            for category, held in self.seats(entity).held.items():
                yield from (f"seat:{RETREAT}:{entity}:{category}:{n}" for n in held)
        for it in self.registrations:
            if it.active:
                yield f"person:{RETREAT}:{it.subject}"


def state_of(it: Aggregate) -> dict[str, Any]:
    return {name: value for name, value in vars(it).items() if name != "_pending_events"}
