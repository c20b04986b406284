"""A rotation of regional organizations, for tests: what is asked of it, who asks, and the laws it always keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from compact_domain.catalogue import GLOBAL, Catalogue, Entry, EntryKind
from compact_domain.focal_point import open_items
from compact_domain.kernel import (
    Actor,
    Aggregate,
    Alarm,
    Command,
    Fact,
    NotFound,
    Role,
    RoleHeld,
    RuleViolation,
    Work,
)
from compact_domain.organization import Organization, Organizations
from compact_domain.policy import needs_reason
from compact_domain.reactions import ALARMS
from compact_domain.rotation import (
    Cadence,
    Member,
    Rota,
    Rotation,
    Rotations,
)
from compact_domain.vocabulary import Names, OrganizationKind
from tests.domain.histories import Histories
from tests.domain.scenario import actor, command, person

QUARTERLY = "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1WE"
NEW_YORK = "America/New_York"
CADENCE = Cadence(rule=QUARTERLY, first=datetime(2025, 10, 29, 10, 0), zone=NEW_YORK)  # noqa: DTZ001
REGIONS = {
    "ECOWAS": "WEST-AFRICA",
    "IGAD": "EAST-AFRICA",
    "GCC": "GULF-COOPERATION",
    "CICA": "CENTRAL-ASIA",
    "OAS-CICTE": "AMERICAS",
}
FOUR = tuple(Member(organization=code, region=REGIONS[code]) for code in ("ECOWAS", "IGAD", "GCC", "CICA"))
PROCESS = actor(Role.PROCESS, organization="", name="reactions")


def add_region(code: str, work: Work) -> Entry:
    return Catalogue(work).add_entry(kind=EntryKind.REGION, code=code, names=Names(en=code))


def register(code: str, work: Work) -> Organization:
    return Organizations(work).register(code=code, names=Names(en=code), kind=OrganizationKind.REGIONAL_ORGANIZATION)


def ring(alarm: Alarm, work: Work) -> Aggregate:
    return ALARMS[alarm.command](work, alarm.reference)


class Forum(Histories):
    """A rotation of four regional organizations, and the process that minds the days of its offers."""

    def __init__(self, *, rule: str = QUARTERLY, establish: bool = True) -> None:
        super().__init__(now=datetime(2025, 9, 15, 16, 0, tzinfo=UTC))
        for code in (GLOBAL, *REGIONS.values()):
            self.run(
                "catalogue.add_entry",
                partial(add_region, code),
            )
        for code in REGIONS:
            self.run(
                "organization.register",
                partial(register, code),
            )
        self.rule = rule
        if establish:
            self.establish()

    def establish(self, members: Sequence[Member] = FOUR, **changed: Any) -> list[Fact]:
        fields: dict[str, Any] = {
            "code": "FORUM",
            "names": Names(en="Regional coordination forum"),
            "rule": self.rule,
            "first_at": datetime(2025, 10, 29, 14, 0, tzinfo=UTC),
            "zone": NEW_YORK,
            **changed,
        }
        return self.run("rotation.establish", lambda work: Rotations(work).establish(members=members, **fields))

    def ask(self, name: str, *, by: Actor | None = None, **fields: Any) -> list[Fact]:
        """A command about the forum; answers the facts it stated of it."""
        stated = self.run(
            f"rotation.{name}",
            lambda work: getattr(Rotations(work), name)("FORUM", **fields),
            by=by,
            reason="As agreed." if needs_reason(f"rotation.{name}") else None,
        )
        return [fact for fact in stated if isinstance(fact, Rotation.Event)]

    def answer(self, verb: str, by: Actor | None = None) -> list[Fact]:
        offer = self.the.rota.offer
        assert offer is not None
        return self.ask(verb, by=by, turn=offer.turn, organization=offer.organization)

    def concludes(self, turn: int) -> list[Fact]:
        return self.ask("conclude_turn", by=PROCESS, turn=turn)

    def returns(self, turn: int) -> list[Fact]:
        return self.ask("return_turn", by=PROCESS, turn=turn)

    def rings(self) -> list[Fact]:
        """What the process does about the alarms whose moment has come."""
        stated = []
        for key in self.claims("due:"):
            alarm = Alarm.of(key)
            if alarm.at <= self.now:
                stated += self.run(
                    alarm.command,
                    partial(ring, alarm),
                    by=PROCESS,
                    effective_on=alarm.at.date(),
                )
        return stated

    @property
    def the(self) -> Rotation:
        it = self.load(Rotation, Rotation.identify("FORUM"))
        assert it is not None
        return it

    @property
    def queue(self) -> list[str]:
        return [place.organization for place in self.the.rota.queue]

    def hosts(self, first: int = 6) -> list[tuple[int, str | None]]:
        it = self.the
        return [(ahead.turn, ahead.organization) for ahead in it.rota.forecast(it.cadence, first, self.now)]

    def equity(self, organization: str) -> dict[str, int]:
        place = self.the.rota.known(organization)
        assert place is not None
        return {name: count for name, count in msgspec.structs.asdict(place.equity).items() if count}

    def open_work(self) -> set[tuple[str, str | None]]:
        return {
            (organization, item.item)
            for organization, region in REGIONS.items()
            for item in open_items(self, organization, region)
        }


def focal_point(organization: str, *regions: str) -> Actor:
    held = RoleHeld(role=Role.REGIONAL_FOCAL_POINT, scope=organization, regions=regions or (REGIONS[organization],))
    return Actor(id=person(f"fp-{organization}"), organization=organization, roles=(held,))


def again(fact: Rotation.Event) -> Rotation.Event:
    """A fact as it is read back."""
    return msgspec.json.decode(msgspec.json.encode(fact, order="sorted"), type=type(fact))


class Turns(RuleBasedStateMachine):
    """A rotation to which anything is done that may be, and the laws it keeps at every step.

    What is remembered here is taken from the facts alone, and knows nothing of the queue.
    """

    @initialize(members=st.integers(min_value=2, max_value=5))
    def begin(self, members: int) -> None:
        self.now, self.keys = datetime(2025, 1, 1, 12, 0, tzinfo=UTC), 0
        self.names = [f"ORG-{number}" for number in range(1, 8)]
        self.facts: list[Fact] = []
        self.held: set[str] = set()
        self.replayed = Rota()
        self.present: dict[str, int] = {}
        self.hostings: list[tuple[int, int, str]] = []
        self.asked: list[tuple[int, str]] = []
        self.it = Rotation.establish(
            code="TEST",
            names=Names(en="Forum"),
            members=[Member(organization=name, region="SOMEWHERE") for name in self.names[:members]],
            cadence=Cadence.of("FREQ=WEEKLY", datetime(2025, 1, 8, 15, 0, tzinfo=UTC), NEW_YORK),
            answer_days=3,
            cmd=self._command(),
        )
        self.it.go_on(cmd=self._command())
        self._take_in()

    def _command(self) -> Command:
        self.keys += 1
        return command(now=self.now, key=str(self.keys))

    def _do(self, verb: str, **fields: Any) -> bool:
        """Try it; what is refused states nothing."""
        before = len(self.it.pending_events)
        try:
            getattr(self.it, verb)(cmd=self._command(), **fields)
        except (RuleViolation, NotFound):
            assert len(self.it.pending_events) == before
            return False
        self.it.go_on(cmd=self._command())
        self._take_in()
        return True

    def _take_in(self) -> None:
        for fact in self.it.pending_events[len(self.facts) :]:
            assert isinstance(fact, Rotation.Event)
            self.facts.append(fact)
            self.held -= set(fact.releases())
            assert not self.held & set(fact.takes())
            self.held |= set(fact.takes())
            self.replayed = again(fact).after(self.replayed)
            self._remember(fact, fact.originator_version)

    def _remember(self, fact: Rotation.Event, version: int) -> None:
        match fact:
            case Rotation.Created():
                self.present = {member.organization: version for member in fact.members}
            case Rotation.Joined():
                self.present[fact.member.organization] = version
            case Rotation.Left():
                del self.present[fact.organization]
                self.hostings = [hosting for hosting in self.hostings if hosting[1] != fact.frees]
            case Rotation.Accepted():
                self._hosts(fact.offer.organization, fact.offer.turn, version)
            case Rotation.Declined() | Rotation.Lapsed() | Rotation.Skipped():
                self.asked.append((version, fact.offer.organization))
            case Rotation.SwapAgreed() if fact.accepted:
                self.hostings = [hosting for hosting in self.hostings if hosting[1] != fact.accepted]
                swap = fact.swap
                taker = swap.other if fact.accepted == swap.turn else swap.organization
                self._hosts(taker, fact.accepted, version)
            case Rotation.Returned():
                for hosting in [hosting for hosting in self.hostings if hosting[1] == fact.turn]:
                    self.hostings.remove(hosting)
                    if max(offer.offer.turn for offer in self.facts if isinstance(offer, Rotation.Offered)) > fact.turn:
                        self.asked.append((hosting[0], hosting[2]))  # too late for anybody to have waited for it

    def _hosts(self, organization: str, turn: int, version: int) -> None:
        """The law: nobody hosts again before everybody who was there all the while has been asked since."""
        before = [at for at, _, host in self.hostings if host == organization]
        if before:
            others = {name for name, joined in self.present.items() if joined < before[-1] and name != organization}
            since = {host for at, _, host in self.hostings if at > before[-1]}
            since |= {name for at, name in self.asked if at > before[-1]}
            assert others <= since, f"{organization} hosts {turn} before {others - since}"
        self.hostings.append((version, turn, organization))

    def _member(self, of: int) -> str:
        return self.names[of % len(self.names)]

    members = st.integers(min_value=0, max_value=6)

    @rule(verbs=st.lists(st.sampled_from(["accept", "accept", "accept", "decline", "skip"]), min_size=1, max_size=8))
    def answers(self, verbs: list[str]) -> None:
        """Offers are answered, and what was accepted is held, one after the other."""
        for verb in verbs:
            if offer := self.it.rota.offer:
                self._do(verb, turn=offer.turn, organization=offer.organization)
            elif latest := self.it.rota.latest:
                self._do("conclude_turn", turn=latest.number)

    @rule()
    def answers_nothing(self) -> None:
        if offer := self.it.rota.offer:
            self.now = max(self.now, offer.closes_at)
            assert self._do("lapse", turn=offer.turn, organization=offer.organization)

    @rule(is_accepted=st.booleans(), verb=st.sampled_from(["conclude_turn", "return_turn"]), back=st.integers(0, 2))
    def meets(self, is_accepted: bool, verb: str, back: int) -> None:
        latest = self.it.rota.latest
        assert latest is not None
        if is_accepted and (offer := self.it.rota.offer):
            self._do("accept", turn=offer.turn, organization=offer.organization)
        self._do(verb, turn=max(1, latest.number - back))

    @rule(of=members)
    def joins(self, of: int) -> None:
        self._do("join", member=Member(organization=self._member(of), region="SOMEWHERE"))

    @rule(of=members)
    def leaves(self, of: int) -> None:
        self._do("leave", organization=self._member(of))

    @rule()
    def is_offered_by_hand(self) -> None:
        latest = self.it.rota.latest
        assert latest is not None
        starts_at = self.it.occurrence(latest.number)
        assert starts_at is not None
        self.now = max(self.now, starts_at)
        self._do("offer", turn=next(self.it.cadence.ahead(self.now, after=latest.number)))

    @rule(is_accepted=st.booleans(), one=st.integers(0, 6), other=st.integers(0, 6))
    def swaps(self, is_accepted: bool, one: int, other: int) -> None:
        if is_accepted and (offer := self.it.rota.offer):
            self._do("accept", turn=offer.turn, organization=offer.organization)
        ahead = self.it.rota.forecast(self.it.cadence, len(self.it.rota.queue), self.now)
        mine, theirs = ahead[one % len(ahead)], ahead[other % len(ahead)]
        if mine.organization and self._do(
            "propose_swap", organization=mine.organization, turn=mine.turn, for_turn=theirs.turn
        ):
            self._do("consent_swap", number=len(self.it.swaps))

    @rule(days=st.integers(1, 25))
    def waits(self, days: int) -> None:
        self.now += timedelta(days=days)

    @invariant()
    def what_was_offered_is_accounted_for(self) -> None:
        for place in (*self.it.rota.queue, *self.it.rota.former):
            equity, name = place.equity, place.organization
            assert equity.offered == equity.accepted + equity.declined + equity.lapsed + equity.open
            assert min(msgspec.structs.astuple(equity)) >= 0
            counted = {
                kind: self._count(kind, name) for kind in ("Offered", "Accepted", "Declined", "Lapsed", "Skipped")
            }
            taken_back = counted["Skipped"] + sum(
                (offer := getattr(fact, "withdraws", None)) is not None and offer.organization == name
                for fact in self.facts
            )
            assert equity.offered == counted["Offered"] - taken_back
            assert (equity.accepted, equity.declined, equity.lapsed, equity.skipped) == tuple(
                counted[kind] for kind in ("Accepted", "Declined", "Lapsed", "Skipped")
            )

    def _count(self, kind: str, organization: str) -> int:
        return sum(
            type(fact).__name__ == kind and fact.offer.organization == organization
            for fact in self.facts
            if hasattr(fact, "offer")
        )

    @invariant()
    def an_offer_keeps_its_alarm_and_its_open_work_and_nothing_else_does(self) -> None:
        assert len(self.held) == (2 if self.it.rota.offer else 0)

    @invariant()
    def nothing_is_offered_or_told_that_nobody_can_answer_in_time(self) -> None:
        days = {turn: at.date() for turn in range(1, 100) if (at := self.it.occurrence(turn))}
        offered = [fact for fact in self.facts if isinstance(fact, Rotation.Offered)]
        for fact in offered:
            earliest = fact.provenance.effective_on - timedelta(days=1)  # which is a day of another zone
            assert earliest <= fact.offer.answer_by < days[fact.offer.turn]
        latest = self.it.rota.latest
        for ahead in self.it.rota.forecast(self.it.cadence, 3, self.now):
            is_settled = latest and latest.has_host and latest.number == ahead.turn
            assert is_settled or self.it.cadence.is_ahead(ahead.turn, self.now)

    @invariant()
    def what_was_decided_is_what_the_facts_replay_to(self) -> None:
        assert self.replayed == self.it.rota

    @invariant()
    def the_forecast_is_what_happens_when_every_offer_is_accepted(self) -> None:
        told = self.it.rota.forecast(self.it.cadence, 7, self.now)
        assert [(ahead.turn, ahead.organization) for ahead in told] == list(self._happens(7))

    def _happens(self, first: int) -> Iterator[tuple[int, str | None]]:
        """Every offer accepted, every meeting held, one after the other; what nobody can accept any more is over."""
        it: Any = None
        for fact in self.facts:
            it = fact.mutate(it)
        while (offer := it.rota.offer) and not it.cadence.is_ahead(offer.turn, self.now):
            it.lapse(turn=offer.turn, organization=offer.organization, cmd=command(now=self.now))
            it.go_on(cmd=command(now=self.now))
        for _ in range(first):
            if offer := it.rota.offer:
                in_time = min(self.now, offer.closes_at - timedelta(seconds=1))
                it.accept(turn=offer.turn, organization=offer.organization, cmd=command(now=in_time))
            turn = it.rota.latest
            yield turn.number, turn.host
            it.conclude_turn(turn=turn.number, cmd=command(now=self.now))
            it.go_on(cmd=command(now=self.now))
