"""Rotations: whose turn it is to host, by a queue that everybody can follow. A rotation is a body of the Compact too.

The rule itself, `Rota`, is a pure fold: what a fact makes of the queue is said once, for aggregate and read model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Annotated, ClassVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule as Recurrence
from dateutil.rrule import rrulestr
from msgspec import Meta
from msgspec.structs import replace

from compact_domain.body import Body
from compact_domain.catalogue import GLOBAL, BodyKind, Entry, EntryKind, require_entries
from compact_domain.focal_point import SECRETARIAT_OF_COMPACT, open_work
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
    Starts,
    Value,
    alarm,
    end_of_day,
)
from compact_domain.organization import require_organization
from compact_domain.vocabulary import Names, Zone

RULES: Mapping[str, str] = {
    "rotation.members": "A rotation has two members or more; one that would be left with fewer is ended instead.",
    "rotation.member": "An organization stands in a rotation once, for one region.",
    "rotation.not_member": "Only a member is offered turns, answers for them, and leaves.",
    "rotation.cadence": "A cadence is a recurrence rule of RFC 5545, its parts in range and none of them twice.",
    "rotation.sub_daily": "A cadence is of days or longer, and names no hours, minutes or seconds.",
    "rotation.occurrence": (
        "The first day is an occurrence of the cadence, and the next one, unless it ends, comes within ten years."
    ),
    "rotation.turn": "A turn is an occurrence of the cadence that has been offered or is next to be.",
    "rotation.offer": (
        "Turns are offered one after the other: when the one before is over, or its day has passed, the first whose day"
        " is still to come; the same again while it is the secretariat's, until its day."
    ),
    "rotation.queue": "A turn is offered to the first in the queue that has not passed it up.",
    "rotation.all_passed": "Every member has passed the turn up: it is the secretariat's.",
    "rotation.answer": "Only the member that a turn is offered to answers for it, or is skipped.",
    "rotation.answer_by": (
        "An offer is answered by its day, and lapses after it; that day is not past when the offer is made, within a"
        " year, and before the day of the turn."
    ),
    "rotation.convened": (
        "While a meeting is convened for a turn, its host stays: until it has concluded or is cancelled."
    ),
    "rotation.swap_turns": (
        "Members exchange turns that are theirs, accepted and still to come, or in the forecast; none on offer."
    ),
    "rotation.swap_self": "A member exchanges turns with another, not with itself.",
    "rotation.swap_twice": (
        "After a swap nobody hosts twice before every other member present has hosted or passed a turn up since."
    ),
    "rotation.swap_open": "The same exchange is proposed already; the other member consents to it.",
}
CLAIMS: Mapping[str, str] = {}

LAPSE = "rotation.lapse"
ANSWER_DAYS = 14
"""Days that a member has to answer an offer, where the rotation does not say otherwise."""
LONGEST_PAUSE = timedelta(days=3653)
HOSTINGS_KEPT = 3
"""Hostings remembered of a member: the one that counts, and those before it that it falls back to when it is undone."""


UNFINISHED_KEPT = 5
"""Turns before the one offered last of which nobody said that they are over; what is older, is."""


class RotationState(StrEnum):
    """How a rotation stands."""

    OFFERED = "offered"
    SETTLED = "settled"
    ENDED = "ended"


class TurnState(StrEnum):
    """How a turn stands."""

    FREE = "free"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    SECRETARIAT = "secretariat"
    HELD = "held"
    RETURNED = "returned"


OVER = frozenset({TurnState.HELD, TurnState.RETURNED})


class PassedUp(StrEnum):
    """How a turn went by a member that it was offered to."""

    DECLINED = "declined"
    LAPSED = "lapsed"
    SKIPPED = "skipped"


class Because(StrEnum):
    """Why a turn is, or would be, whose it is."""

    ACCEPTED = "accepted"
    OFFERED = "offered"
    SWAPPED = "swapped"
    NEXT_IN_QUEUE = "next_in_queue"
    ALL_PASSED = "all_passed"


# --- the cadence

_NUMBER = r"(?:[1-9]\d{0,2})"
_DAY = "(?:MO|TU|WE|TH|FR|SA|SU)"


def _list(item: str) -> str:
    return f"{item}(?:,{item}){{0,49}}"


_PARTS: Mapping[str, str] = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": _NUMBER,
    "COUNT": _NUMBER,
    "UNTIL": r"\d{8}T\d{6}Z",
    "WKST": _DAY,
    "BYMONTH": _list("(?:[1-9]|1[0-2])"),
    "BYWEEKNO": _list("(?:[+-]?(?:[1-9]|[1-4]\\d|5[0-3]))"),
    "BYYEARDAY": _list("(?:[+-]?(?:[1-9]|[1-9]\\d|[12]\\d\\d|3[0-5]\\d|36[0-6]))"),
    "BYMONTHDAY": _list("(?:[+-]?(?:[1-9]|[12]\\d|3[01]))"),
    "BYDAY": _list(f"(?:(?:[+-]?(?:[1-9]|[1-4]\\d|5[0-3]))?{_DAY})"),
    "BYSETPOS": _list("(?:[+-]?(?:[1-9]|[1-9]\\d|[12]\\d\\d|3[0-5]\\d|36[0-6]))"),
}
"""Parts of a recurrence rule (RFC 5545, section 3.3.10) that a cadence may have, each with its form."""
_ONLY: Mapping[str, Set[str]] = {
    "BYWEEKNO": {"YEARLY"},
    "BYYEARDAY": {"YEARLY"},
    "BYMONTHDAY": {"DAILY", "MONTHLY", "YEARLY"},
}
"""Parts that go with some frequencies alone."""
_NUMBERED_DAYS = {"MONTHLY", "YEARLY"}
"""Frequencies that days of the week with a number, such as `-1WE`, go with."""
_SETS = frozenset({"BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"})
_SUB_DAILY = re.compile(r"(?:^|;)(?:FREQ=(?:HOURLY|MINUTELY|SECONDLY)|BY(?:HOUR|MINUTE|SECOND)=)")
_ONE_PERIOD: Mapping[str, int] = {"DAILY": 4_000_000, "WEEKLY": 600_000, "MONTHLY": 120_000, "YEARLY": 10_000}
"""Intervals beyond the end of the calendar: with one, a rule is looked at in its first period alone."""


class Cadence(Value, frozen=True, kw_only=True):
    """When the turns are: a recurrence rule, from a first day and time on, which is kept in its zone all year round."""

    rule: Annotated[str, Meta(min_length=1, max_length=300, description="RRULE of RFC 5545, without its name")]
    first: Annotated[datetime, Meta(tz=False, description="first day, and time of day, as clocks in the zone show it")]
    zone: Zone

    @classmethod
    def of(cls, rule: str, first_at: datetime, zone: str) -> Cadence:
        """The cadence that a rule makes from an instant on. `InvalidInput`, or the rule it breaks."""
        try:
            local = first_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
        except OverflowError as error:
            raise InvalidInput(fields=[("firstAt", "is not an instant of the calendar in that zone")]) from error
        except (KeyError, ValueError, OSError) as error:
            raise InvalidInput(fields=[("zone", "must be a zone of the IANA database")]) from error
        it = cls(rule=rule, first=local, zone=zone)
        it._require_well_formed()
        it._require_occurring()
        return it

    def occurrence(self, turn: int) -> datetime | None:
        """When a turn is, from 1; None beyond the last one."""
        try:
            return _recurrence(self)[turn - 1]
        except IndexError:
            return None

    def day(self, at: datetime) -> date:
        """The day of an instant in the zone."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def ahead(self, now: datetime, *, after: int = 0) -> Iterator[int]:
        """The turns after one whose days are still to come: those that there is a day left to answer for."""
        today = self.day(now)
        for number, at in enumerate(_recurrence(self), 1):
            if number > after and at.date() > today:
                yield number

    def is_ahead(self, turn: int, now: datetime) -> bool:
        """Whether the day of a turn is still to come."""
        return next(self.ahead(now, after=turn - 1), None) == turn

    def _require_well_formed(self) -> None:
        if _SUB_DAILY.search(self.rule):
            raise RuleViolation("rotation.sub_daily", details={"rule": self.rule})
        parts = [part.partition("=")[::2] for part in self.rule.split(";")]
        said = dict(parts)
        frequency = said.get("FREQ", "")
        for at, (name, value) in enumerate(parts, 1):
            form, goes_with = _PARTS.get(name), _ONLY.get(name)
            if name == "BYDAY" and re.search(r"\d", value):
                goes_with = _NUMBERED_DAYS
            if not (form and re.fullmatch(form, value, re.ASCII)) or (goes_with and frequency not in goes_with):
                raise RuleViolation("rotation.cadence", details={"part": at, "name": name[:30]})
        is_whole = frequency and len(said) == len(parts) and not {"COUNT", "UNTIL"} <= said.keys()
        if not is_whole or ("BYSETPOS" in said and not _SETS & said.keys()):
            raise RuleViolation("rotation.cadence", details={"parts": len(parts)})
        try:
            _recurrence(self)
        except (ValueError, OverflowError) as error:
            raise RuleViolation("rotation.cadence", details={"parts": len(parts)}) from error

    def _require_occurring(self) -> None:
        """Only the first period is looked at for the first day: a rule that never occurs would take for ever."""
        frequency = self.rule.partition("FREQ=")[2].partition(";")[0]
        period = _recurrence(self).replace(interval=_ONE_PERIOD[frequency])
        begins = next(iter(period), None)
        first = self.first.replace(tzinfo=ZoneInfo(self.zone))
        if begins != first:
            raise RuleViolation("rotation.occurrence", details={"first": first.isoformat()})
        following = self.occurrence(2)
        if following is None and not re.search("(?:^|;)(?:COUNT|UNTIL)=", self.rule):
            raise RuleViolation("rotation.occurrence", details={"first": first.isoformat(), "occurrences": 1})
        if following is not None and following - first > LONGEST_PAUSE:
            raise RuleViolation(
                "rotation.occurrence", details={"first": first.isoformat(), "next": following.isoformat()}
            )


@lru_cache(maxsize=500)
def _recurrence(cadence: Cadence) -> Recurrence:
    """The occurrences, kept once they are found. Local time stays: the zone is put to each day by itself."""
    start = cadence.first.replace(tzinfo=ZoneInfo(cadence.zone))
    return cast("Recurrence", rrulestr(cadence.rule, dtstart=start, cache=True))


# --- the rule

Turned = Annotated[int, Meta(ge=1, description="number of the turn: which occurrence of the cadence it is, from 1")]
InQueue = Annotated[Code, Meta(description="code of the member")]


class Member(Value, frozen=True, kw_only=True):
    """An organization that takes its turns in a rotation, standing for a region."""

    organization: InQueue
    region: Annotated[Code, Meta(description="code of the region that it stands for")]


class Offer(Value, frozen=True, kw_only=True):
    """A turn that a member is asked to host, to be answered by a day."""

    turn: Turned
    organization: InQueue
    region: Annotated[Code, Meta(description="code of the region that it stands for")]
    answer_by: Annotated[date, Meta(description="last day for an answer, in the zone of the cadence")]
    closes_at: Annotated[datetime, Meta(tz=True, description="the instant at which that day ends")]


class Passed(Value, frozen=True, kw_only=True):
    """A member that a turn went by."""

    organization: InQueue
    how: PassedUp
    on: date


class Turn(Value, frozen=True, kw_only=True):
    """A turn, as far as it has come."""

    number: int
    state: TurnState = TurnState.FREE
    offer: Offer | None = None
    host: str | None = None
    swap: int | None = None
    passed: tuple[Passed, ...] = ()

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def has_host(self) -> bool:
        """Whether a member, or the secretariat, is to host it."""
        return self.state in (TurnState.ACCEPTED, TurnState.SECRETARIAT)


class Equity(Value, frozen=True, kw_only=True):
    """What came to a member: offered = accepted + declined + lapsed + open. An offer that was taken back is none."""

    offered: int = 0
    accepted: int = 0
    declined: int = 0
    lapsed: int = 0
    open: int = 0
    skipped: int = 0
    hosted: int = 0


class Hosting(Value, frozen=True, kw_only=True):
    """A turn that a member hosts or has hosted, and which fact of the history made it its own."""

    turn: int
    version: int


class Place(Value, frozen=True, kw_only=True):
    """A member's place in the queue, with what the rule remembers of it."""

    organization: str
    region: str
    since: date
    joined: int
    """Which fact of the history it came with."""
    hostings: tuple[Hosting, ...] = ()
    passed_up: int = 0
    """Which fact was the last by which a turn went by it; 0: none."""
    swap: int | None = None
    """The swap that it owes its place to."""
    equity: Equity = Equity()

    @property
    def hosted(self) -> int | None:
        """Which fact gave it the turn that it hosted last."""
        return self.hostings[-1].version if self.hostings else None

    def has_been_asked_since(self, version: int) -> bool:
        """Whether it has hosted, or passed a turn up, since a fact."""
        return max(self.hosted or 0, self.passed_up) > version


class Ahead(Value, frozen=True, kw_only=True):
    """A turn of the forecast: whose it is or would be, and why."""

    turn: int
    organization: str | None
    because: Because
    swap: int | None = None
    passed: tuple[Passed, ...] = ()
    hosted_before: int | None = None
    """The turn that it hosted last before, if it has."""


class Swap(Value, frozen=True, kw_only=True):
    """Two turns that two members would exchange."""

    number: Annotated[int, Meta(ge=1, description="number of the swap in its rotation, from 1")]
    organization: Annotated[Code, Meta(description="member that proposes")]
    turn: Annotated[int, Meta(ge=1, description="turn that it gives")]
    other: Annotated[Code, Meta(description="member that is to consent")]
    for_turn: Annotated[int, Meta(ge=1, description="turn that it gives")]

    def says(self, organization: str, turn: int, for_turn: int) -> bool:
        return (self.organization, self.turn, self.for_turn) == (organization, turn, for_turn)


class Rota(Value, frozen=True, kw_only=True):
    """The queue of a rotation and the turns that are not over: everything that decides who is next.

    Each method but the questions is what one kind of fact makes of it.
    """

    queue: tuple[Place, ...] = ()
    former: tuple[Place, ...] = ()
    turns: tuple[Turn, ...] = ()
    ended: bool = False

    # questions

    @property
    def latest(self) -> Turn | None:
        """The turn that was offered last."""
        return self.turns[-1] if self.turns else None

    @property
    def offer(self) -> Offer | None:
        """The offer that waits for its answer."""
        return self.latest.offer if self.latest else None

    def turn(self, number: int) -> Turn | None:
        return next((turn for turn in self.turns if turn.number == number), None)

    def place(self, organization: str | None) -> Place | None:
        return next((place for place in self.queue if place.organization == organization), None)

    def known(self, organization: str | None) -> Place | None:
        """The place of a member, or the last one of a member that left."""
        left = (place for place in self.former if place.organization == organization)
        return self.place(organization) or next(left, None)

    def next_for(self, number: int) -> Place | None:
        """Whom a turn is offered to: the first in the queue that has not passed it up; None if all have."""
        turn = self.turn(number)
        passed = {passed.organization for passed in turn.passed} if turn else set()
        return next((place for place in self.queue if place.organization not in passed), None)

    def forecast(self, cadence: Cadence, first: int, now: datetime) -> list[Ahead]:
        """The turn offered last, unless it is over, and those to come after it, if every offer is accepted.

        A turn whose day has come before it had a host is none of them. Fewer where cadence or rotation end.
        """
        return [] if self.ended else _up_to(first, self._ahead(cadence, now))

    def within_reach(self, cadence: Cadence, now: datetime) -> dict[int, Ahead]:
        """The turns that can be exchanged at most: a round, and one more to tell a member's second turn as such."""
        return {ahead.turn: ahead for ahead in self.forecast(cadence, 1 + 2 * len(self.queue), now)}

    def are_theirs(self, cadence: Cadence, swap: Swap, now: datetime) -> bool:
        """Whether the members of a swap have, or would have, the turns that they would give."""
        ahead = self.within_reach(cadence, now)
        given = ((swap.turn, swap.organization), (swap.for_turn, swap.other))
        return all(turn in ahead and ahead[turn].organization == giver for turn, giver in given)

    def _ahead(self, cadence: Cadence, now: datetime) -> Iterator[Ahead]:
        queue, hosted = list(self.queue), {p.organization: p.hostings[-1].turn for p in self.queue if p.hostings}
        latest = self.latest
        if latest and not latest.over and (latest.has_host or cadence.is_ahead(latest.number, now)):
            asked = self._asked(latest)
            yield self._live(latest, asked)
            if asked:
                hosted[asked.organization] = latest.number
                queue.remove(asked)
                queue.append(asked)
        swaps = {place.organization: place.swap for place in self.queue}
        for number in cadence.ahead(now, after=latest.number if latest else 0):
            if not queue:
                return
            host = queue.pop(0)
            queue.append(host)
            swap = swaps.pop(host.organization, None)
            yield Ahead(
                turn=number,
                organization=host.organization,
                because=Because.SWAPPED if swap else Because.NEXT_IN_QUEUE,
                swap=swap,
                hosted_before=hosted.get(host.organization),
            )
            hosted[host.organization] = number

    def _asked(self, turn: Turn) -> Place | None:
        """Who is asked to host a turn, or will be at once."""
        if turn.offer:
            return self.place(turn.offer.organization)
        return self.next_for(turn.number) if turn.state is TurnState.FREE else None

    def _live(self, turn: Turn, asked: Place | None) -> Ahead:
        host = self.known(asked.organization if asked else turn.host)
        if turn.swap:
            because = Because.SWAPPED
        elif asked:
            because = Because.OFFERED if turn.offer else Because.NEXT_IN_QUEUE
        else:
            because = Because.ACCEPTED if host else Because.ALL_PASSED
        before = [hosting.turn for hosting in host.hostings if hosting.turn < turn.number] if host else []
        return Ahead(
            turn=turn.number,
            organization=host.organization if host else None,
            because=because,
            swap=turn.swap,
            passed=turn.passed,
            hosted_before=before[-1] if before else None,
        )

    def hosts_twice(self) -> frozenset[tuple[str, str]]:
        """Who would host again before whom, although the other was there and has not been asked since."""
        found = set()
        for at, place in enumerate(self.queue):
            left_out = _left_out(place.hosted, self.queue[at + 1 :])
            turn = self.turn(place.hostings[-1].turn) if place.hostings else None
            if turn and not turn.over and len(place.hostings) > 1:
                left_out += _left_out(place.hostings[-2].version, self.queue)
            found |= {(place.organization, other.organization) for other in left_out if other is not place}
        return frozenset(found)

    # what facts make of it

    def joined(self, member: Member, *, since: date, version: int) -> Rota:
        known = self.known(member.organization)
        place = Place(
            organization=member.organization,
            region=member.region,
            since=since,
            joined=version,
            equity=known.equity if known else Equity(),
        )
        former = tuple(place for place in self.former if place.organization != member.organization)
        return replace(self, queue=(*self.queue, place), former=former)

    def left(self, organization: str, *, frees: int | None) -> Rota:
        """It goes; what it was to host, or was offered, is free."""
        it = self._withdrawn(organization)
        gone = [place for place in it.queue if place.organization == organization]
        it = replace(it, queue=tuple(place for place in it.queue if place not in gone), former=(*it.former, *gone))
        return it._with_turn(frees, lambda turn: replace(turn, state=TurnState.FREE, host=None, swap=None))

    def offered(self, offer: Offer) -> Rota:
        """Of the turns before it, those that have a host may still be held; one that has none is over."""
        turn = self.turn(offer.turn) or Turn(number=offer.turn)
        others = tuple(other for other in self.turns if other.number != turn.number and other.has_host)
        turn = replace(turn, state=TurnState.OFFERED, offer=offer)
        it = replace(self, turns=(*others[-UNFINISHED_KEPT:], turn))
        return it._counting(offer.organization, offered=1, open=1)

    def accepted(self, offer: Offer, *, version: int) -> Rota:
        it = self._with_turn(
            offer.turn,
            lambda turn: replace(turn, state=TurnState.ACCEPTED, offer=None, host=offer.organization),
        )
        it = it._counting(offer.organization, accepted=1, open=-1)
        place = it.place(offer.organization)
        assert place is not None
        others = tuple(other for other in it.queue if other is not place)
        return replace(it, queue=(*others, _hosting(place, offer.turn, version)))

    def passed(self, offer: Offer, how: PassedUp, *, on: date, version: int) -> Rota:
        it = self._with_turn(
            offer.turn,
            lambda turn: replace(
                turn,
                state=TurnState.FREE,
                offer=None,
                passed=(*turn.passed, Passed(organization=offer.organization, how=how, on=on)),
            ),
        )
        if how is PassedUp.SKIPPED:
            it = it._counting(offer.organization, skipped=1, offered=-1, open=-1)
        elif how is PassedUp.DECLINED:
            it = it._counting(offer.organization, declined=1, open=-1)
        else:
            it = it._counting(offer.organization, lapsed=1, open=-1)
        return it._with_place(offer.organization, lambda place: replace(place, passed_up=version))

    def fell_to_secretariat(self, number: int) -> Rota:
        return self._with_turn(number, lambda turn: replace(turn, state=TurnState.SECRETARIAT))

    def held(self, number: int) -> Rota:
        turn = self.turn(number)
        it = self._over(number, TurnState.HELD)
        return it._counting(turn.host, hosted=1) if turn else it

    def returned(self, number: int) -> Rota:
        """The host goes back to the head, unless it has hosted a later turn; the turn is no hosting of its."""
        turn = self.turn(number)
        it = self._over(number, TurnState.RETURNED)
        place = it.place(turn.host if turn else None)
        if place is None:
            return it
        was_last = place.hostings[-1:] and place.hostings[-1].turn == number
        kept = _not_hosting(place, number)
        if not was_last:
            return it._with_place(place.organization, lambda _: kept)
        return replace(it, queue=(kept, *(other for other in it.queue if other is not place)))

    def swapped(self, swap: Swap, *, version: int) -> Rota:
        """The two change places; a turn that one of them had accepted is the other's."""
        given = self._handed(swap.turn, swap.organization, swap.other, swap.number, version)
        it = given._handed(swap.for_turn, swap.other, swap.organization, swap.number, version)
        host = next((turn.host for turn in it.turns if turn.swap == swap.number), None)
        changed = {swap.organization: it.place(swap.other), swap.other: it.place(swap.organization)}
        queue = tuple(changed.get(place.organization) or place for place in it.queue)
        owing = changed.keys() - {host}
        return replace(
            it,
            queue=tuple(replace(p, swap=swap.number) if p.organization in owing else p for p in queue),
        )

    def _handed(self, number: int, giver: str, taker: str, swap: int, version: int) -> Rota:
        turn = self.turn(number)
        if turn is None or turn.host != giver:
            return self
        it = self._with_turn(number, lambda turn: replace(turn, host=taker, swap=swap))
        it = it._with_place(giver, lambda place: _not_hosting(place, number))
        return it._with_place(taker, lambda place: _hosting(place, number, version))

    def finished(self) -> Rota:
        offer = self.offer
        return replace(self._withdrawn(offer.organization if offer else None), ended=True)

    def _over(self, number: int, state: TurnState) -> Rota:
        turn = self.turn(number)
        it = self._withdrawn(turn.offer.organization if turn and turn.offer else None)
        return it._with_turn(number, lambda turn: replace(turn, state=state))

    def _withdrawn(self, organization: str | None) -> Rota:
        """The offer to a member, if there is one, is taken back."""
        offer = self.offer
        if offer is None or offer.organization != organization:
            return self
        it = self._with_turn(offer.turn, lambda turn: replace(turn, state=TurnState.FREE, offer=None))
        return it._counting(organization, offered=-1, open=-1)

    def _with_turn(self, number: int | None, change: Callable[[Turn], Turn]) -> Rota:
        turns = tuple(change(turn) if turn.number == number else turn for turn in self.turns)
        return replace(self, turns=turns)

    def _with_place(self, organization: str | None, change: Callable[[Place], Place]) -> Rota:
        def changed(places: tuple[Place, ...]) -> tuple[Place, ...]:
            return tuple(change(place) if place.organization == organization else place for place in places)

        return replace(self, queue=changed(self.queue), former=changed(self.former))

    def _counting(self, organization: str | None, **more: int) -> Rota:
        def counted(place: Place) -> Place:
            counts = {name: getattr(place.equity, name) + by for name, by in more.items()}
            return replace(place, equity=replace(place.equity, **counts))

        return self._with_place(organization, counted)


def _up_to(first: int, turns: Iterator[Ahead]) -> list[Ahead]:
    return [turn for _, turn in zip(range(first), turns, strict=False)]


def _left_out(hosted: int | None, others: Sequence[Place]) -> list[Place]:
    """Those of others who were there when somebody hosted, and have not been asked since."""
    if hosted is None:
        return []
    return [other for other in others if other.joined < hosted and not other.has_been_asked_since(hosted)]


def _hosting(place: Place, number: int, version: int) -> Place:
    hostings = (*place.hostings, Hosting(turn=number, version=version))[-HOSTINGS_KEPT:]
    return replace(place, hostings=hostings, swap=None)


def _not_hosting(place: Place, number: int) -> Place:
    return replace(place, hostings=tuple(hosting for hosting in place.hostings if hosting.turn != number))


# --- the rotation

RUNNING = {RotationState.OFFERED, RotationState.SETTLED}
ALWAYS = {*RUNNING, RotationState.ENDED}
MAY_START_FROM: Starts = {
    "join": RUNNING,
    "leave": RUNNING,
    "offer": {RotationState.SETTLED},
    "accept": {RotationState.OFFERED},
    "decline": {RotationState.OFFERED},
    "skip": {RotationState.OFFERED},
    "lapse": {RotationState.OFFERED},
    "propose_swap": RUNNING,
    "consent_swap": RUNNING,
    "end": RUNNING,
    "conclude_turn": ALWAYS,
    "return_turn": ALWAYS,
}
ANSWERS = frozenset({"accept", "decline", "skip"})
"""Verbs that come too late once the day for an answer is over."""

OfRotation = Annotated[Code, Meta(description="code of the rotation")]
OfOffer = Annotated[Offer, Meta(description="the offer it is about")]
Withdrawn = Annotated[Offer | None, Meta(description="the offer that waited for an answer, and is taken back")]
Host = Annotated[Code | None, Meta(description="the member whose turn it was; null: nobody's, or the secretariat's")]


class Rotation(Aggregate):
    """Organizations that host meetings in turn."""

    TOPIC = "rotation"
    MAY_START_FROM = MAY_START_FROM

    def __init__(self, *, code: str, names: Names, cadence: Cadence, answer_days: int) -> None:
        self.code, self.names, self.cadence, self.answer_days = code, names, cadence, answer_days
        self.rota = Rota()
        self.swaps: tuple[Swap, ...] = ()
        self.agreed: frozenset[int] = frozenset()

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a rotation."""

        def after(self, rota: Rota) -> Rota:
            """What the fact makes of queue and turns."""
            return rota

        def apply(self, it: Rotation) -> None:
            it.rota = self.after(it.rota)

    @property
    def state(self) -> str:
        if self.rota.ended:
            return RotationState.ENDED
        return RotationState.OFFERED if self.rota.offer else RotationState.SETTLED

    def host_of(self, turn: int) -> str | None:
        """The organization that hosts a turn: who accepted it, or the Compact's secretariat where all passed it up.

        None while nobody does, and once the turn is over.
        """
        found = self.rota.turn(turn)
        if found is None or found.over:
            return None
        return SECRETARIAT_OF_COMPACT if found.state is TurnState.SECRETARIAT else found.host

    def occurrence(self, turn: int) -> datetime | None:
        """When a turn is, in the zone of the cadence; None if it has no such turn."""
        return self.cadence.occurrence(turn)

    def guard(self, verb: str, now: datetime) -> RuleViolation | None:
        """An offer waits for no answer once its day is over, whether the lapse is recorded or not."""
        refusal, offer = super().guard(verb, now), self.rota.offer
        if refusal or offer is None or verb not in {*ANSWERS, "lapse"}:
            return refusal
        if (now >= offer.closes_at) == (verb == "lapse"):
            return None
        return self._no("rotation.answer_by", turn=offer.turn, answer_by=offer.answer_by.isoformat())

    def concerns(self) -> Concerns:
        return self.concerning(*(place.organization for place in self.rota.queue))

    def concerns_of(self, verb: str, by: Actor) -> Concerns:
        """An offer concerns the member that is asked, a swap those whose turns it is about."""
        own = {held.scope or by.organization for held in by.roles}
        if verb in ("accept", "decline"):
            asked = {self.rota.offer.organization} if self.rota.offer else set()
        elif verb == "propose_swap":
            asked = {place.organization for place in self.rota.queue}
        elif verb == "consent_swap":
            asked = {swap.other for swap in self.swaps if swap.number not in self.agreed}
        else:
            return self.concerns()
        return self.concerning(*(organization for organization in asked if organization in own))

    def concerning(self, *organizations: str) -> Concerns:
        """What is said of members: a focal point for all regions speaks in each."""
        places = [place for organization in organizations if (place := self.rota.known(organization))]
        return Concerns(
            organizations=frozenset(organizations),
            bodies=frozenset({self.code}),
            regions=frozenset({GLOBAL, *(place.region for place in places)} if places else ()),
        )

    def _no(self, rule: str, **details: str | int) -> RuleViolation:
        return RuleViolation(rule, state=self.state, allowed=self._verbs(), details=details)

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """Organizations agreed to host in turn, in the order in which they are named."""

        TOPIC: ClassVar[str] = "rotation.established"
        code: Annotated[Code, Meta(description="unique among rotations, and among bodies")]
        names: Annotated[Names, Meta(description="its name in the working languages")]
        members: Annotated[tuple[Member, ...], Meta(min_length=2, description="the queue it begins with")]
        cadence: Annotated[Cadence, Meta(description="when the turns are")]
        answer_days: Annotated[int, Meta(ge=1, le=90, description="days that a member has to answer an offer")]

        def after(self, rota: Rota) -> Rota:
            for member in self.members:
                rota = rota.joined(member, since=self.provenance.effective_on, version=self.originator_version)
            return rota

    @classmethod
    def establish(
        cls,
        *,
        code: str,
        names: Names,
        members: Sequence[Member],
        cadence: Cadence,
        answer_days: int,
        cmd: Command,
    ) -> Rotation:
        organizations = [member.organization for member in members]
        for organization in organizations:
            if organizations.count(organization) > 1:
                raise RuleViolation("rotation.member", details={"organization": organization})
        if len(members) < 2:
            raise RuleViolation("rotation.members", details={"members": len(members), "least": 2})
        return cls._begin(
            cls.Created(
                **cls._first(cls.identify(code), cmd),
                code=code,
                names=names,
                members=tuple(members),
                cadence=cadence,
                answer_days=answer_days,
            )
        )

    def join(self, *, member: Member, cmd: Command) -> None:
        place = self.rota.place(member.organization)
        if place and place.region == member.region:
            return
        self._may("join", cmd)
        if place:
            raise self._no("rotation.member", organization=place.organization, region=place.region)
        self._states(self.Joined(**self._next(cmd), rotation=self.code, member=member))

    class Joined(Event, frozen=True, kw_only=True):
        """The organization takes its turns too, after all who were there before."""

        TOPIC: ClassVar[str] = "rotation.joined"
        rotation: OfRotation
        member: Annotated[Member, Meta(description="who joined, at the tail of the queue")]

        def after(self, rota: Rota) -> Rota:
            return rota.joined(self.member, since=self.provenance.effective_on, version=self.originator_version)

    def leave(self, *, organization: str, cmd: Command, convened: Set[int] = frozenset()) -> None:
        """Go. `convened` are the turns for which meetings are convened: of those, the host stays."""
        place, known = self.rota.place(organization), self.rota.known(organization)
        if known and not place:
            return
        self._may("leave", cmd)
        if place is None:
            raise self._no("rotation.not_member", organization=organization)
        if len(self.rota.queue) <= 2:
            raise RuleViolation(
                "rotation.members",
                state=self.state,
                allowed=["rotation.end"],
                details={"members": len(self.rota.queue)},
            )
        self._require_not_convened(convened, *(turn.number for turn in self.rota.turns if turn.host == organization))
        offer = self.rota.offer
        self._states(
            self.Left(
                **self._next(cmd),
                rotation=self.code,
                organization=organization,
                withdraws=offer if offer and offer.organization == organization else None,
                frees=self._to_come(organization, cmd.now),
            )
        )

    def _require_not_convened(self, convened: Set[int], *turns: int) -> None:
        if meets := sorted(convened & {*turns}):
            raise self._no("rotation.convened", turn=meets[0])

    def _to_come(self, organization: str, now: datetime) -> int | None:
        """The turn that a member has accepted and that lies ahead."""
        hosted = (turn.number for turn in self.rota.turns if turn.host == organization and not turn.over)
        return next((number for number in hosted if self._lies_ahead(number, now)), None)

    def _lies_ahead(self, turn: int, now: datetime) -> bool:
        starts_at = self.occurrence(turn)
        return starts_at is not None and starts_at > now

    class Left(Event, frozen=True, kw_only=True):
        """The organization takes no turns any more; what it had accepted, or was offered, is offered again."""

        TOPIC: ClassVar[str] = "rotation.left"
        rotation: OfRotation
        organization: InQueue
        withdraws: Withdrawn = None
        frees: Annotated[
            Annotated[int, Meta(ge=1)] | None, Meta(description="the turn to come that it had accepted")
        ] = None

        def releases(self) -> Sequence[str]:
            return _kept_for(self.rotation, self.withdraws)

        def after(self, rota: Rota) -> Rota:
            return rota.left(self.organization, frees=self.frees)

    def offer(
        self,
        *,
        turn: int,
        cmd: Command,
        organization: str | None = None,
        answer_by: date | None = None,
        convened: Set[int] = frozenset(),
    ) -> None:
        """Offer a turn by hand: the next one, or the same again where it fell to the secretariat."""
        if self._is_offered(turn, organization, answer_by):
            return
        self._may("offer", cmd)
        latest, next_ones = self.rota.latest, self._to_offer(cmd.now)
        if not next_ones and self._would_offer(cmd.now):
            raise self._no("rotation.turn", turn=turn)
        if turn not in next_ones:
            known: dict[str, str | int] = {"turn": latest.number, "turn_state": latest.state.value} if latest else {}
            raise self._no("rotation.offer", **known, **({"next": next_ones[-1]} if next_ones else {}))
        self._require_not_convened(convened, turn)
        place = self.rota.next_for(turn)
        if place is None:
            raise self._no("rotation.all_passed", turn=turn, members=len(self.rota.queue))
        if organization and self.rota.place(organization) is None:
            raise self._no("rotation.not_member", organization=organization)
        if organization and organization != place.organization:
            raise self._no("rotation.queue", turn=turn, organization=place.organization)
        self._offer(turn, answer_by=answer_by, cmd=cmd)

    def _to_offer(self, now: datetime) -> list[int]:
        """Which turns may be offered by hand now."""
        latest = self.rota.latest
        again = latest and latest.state is TurnState.SECRETARIAT and self.cadence.is_ahead(latest.number, now)
        following = self.cadence.ahead(now, after=latest.number if latest else 0) if self._would_offer(now) else ()
        return [*([latest.number] if latest and again else []), *islice(following, 1)]

    def _would_offer(self, now: datetime) -> bool:
        """Whether another turn than the latest is offered next."""
        latest = self.rota.latest
        return latest is None or latest.over or not self._lies_ahead(latest.number, now)

    def _is_offered(self, turn: int, organization: str | None, answer_by: date | None) -> bool:
        offer = self.rota.offer
        return bool(
            offer
            and offer.turn == turn
            and organization in (None, offer.organization)
            and answer_by in (None, offer.answer_by)
        )

    def go_on(self, *, cmd: Command) -> None:
        """Offer the turn that is free, or after one that is over the first still to come, to who has not passed it up.

        A turn that is free when its day has come is over without a meeting, like those that nobody was asked to host
        before theirs.
        """
        latest = self.rota.latest
        if self.rota.ended or (latest and not (latest.over or latest.state is TurnState.FREE)):
            return
        done = latest.number - (latest.state is TurnState.FREE) if latest else 0
        for turn in islice(self.cadence.ahead(cmd.now, after=done), 1):
            self._offer(turn, cmd=cmd)

    def _offer(self, turn: int, *, cmd: Command, answer_by: date | None = None) -> None:
        place = self.rota.next_for(turn)
        if place is None:
            self._states(self.FellToSecretariat(**self._next(cmd), rotation=self.code, turn=turn))
            return
        day = self._answer_by(turn, answer_by, cmd.now)
        offer = Offer(
            turn=turn,
            organization=place.organization,
            region=place.region,
            answer_by=day,
            closes_at=end_of_day(day, self.cadence.zone),
        )
        latest = self.rota.latest
        done = latest.number - (latest.state is TurnState.FREE) if latest else 0
        self._states(
            self.Offered(
                **self._next(cmd),
                rotation=self.code,
                offer=offer,
                again=self.rota.turn(turn) is not None,
                gone_by=max(0, turn - done - 1),
            )
        )

    def _answer_by(self, turn: int, asked: date | None, now: datetime) -> date:
        """The last day for an answer: as asked, or the usual days from now, but before the day of the turn."""
        today, starts_at = self.cadence.day(now), self.occurrence(turn)
        assert starts_at is not None
        day_before = starts_at.date() - timedelta(days=1)
        if asked is None:
            return min(today + timedelta(days=self.answer_days), day_before)
        latest = min(today + timedelta(days=366), day_before)
        if not today <= asked <= latest:
            raise self._no("rotation.answer_by", turn=turn, earliest=today.isoformat(), latest=latest.isoformat())
        return asked

    class Offered(Event, frozen=True, kw_only=True):
        """A member is asked to host a turn."""

        TOPIC: ClassVar[str] = "rotation.offered"
        rotation: OfRotation
        offer: Annotated[Offer, Meta(description="which turn, to whom, until when")]
        again: Annotated[bool, Meta(description="whether the turn had been offered before")] = False
        gone_by: Annotated[
            int,
            Meta(ge=0, description="how many turns just before it are over without a meeting: their days came first"),
        ] = 0

        def takes(self) -> Sequence[str]:
            return _kept_for(self.rotation, self.offer)

        def after(self, rota: Rota) -> Rota:
            return rota.offered(self.offer)

    class FellToSecretariat(Event, frozen=True, kw_only=True):
        """Every member passed the turn up: the secretariat hosts it."""

        TOPIC: ClassVar[str] = "rotation.fell_to_secretariat"
        rotation: OfRotation
        turn: Turned

        def after(self, rota: Rota) -> Rota:
            return rota.fell_to_secretariat(self.turn)

    def accept(self, *, turn: int, organization: str, cmd: Command) -> None:
        found = self.rota.turn(turn)
        if found and found.host == organization:
            return
        self._may("accept", cmd)
        offer = self._require_asked(turn, organization)
        self._states(self.Accepted(**self._next(cmd), rotation=self.code, offer=offer))

    class Accepted(Event, frozen=True, kw_only=True):
        """The member hosts the turn, and is last in the queue from now on."""

        TOPIC: ClassVar[str] = "rotation.accepted"
        rotation: OfRotation
        offer: OfOffer

        def releases(self) -> Sequence[str]:
            return _kept_for(self.rotation, self.offer)

        def after(self, rota: Rota) -> Rota:
            return rota.accepted(self.offer, version=self.originator_version)

    def decline(self, *, turn: int, organization: str, cmd: Command) -> None:
        if self._has_passed(turn, organization, PassedUp.DECLINED):
            return
        self._may("decline", cmd)
        offer = self._require_asked(turn, organization)
        self._states(self.Declined(**self._next(cmd), rotation=self.code, offer=offer))

    class Declined(Event, frozen=True, kw_only=True):
        """The member does not host the turn, and keeps its place in the queue."""

        TOPIC: ClassVar[str] = "rotation.declined"
        rotation: OfRotation
        offer: OfOffer

        def releases(self) -> Sequence[str]:
            return _kept_for(self.rotation, self.offer)

        def after(self, rota: Rota) -> Rota:
            return _passed(self, self.offer, PassedUp.DECLINED, rota)

    def skip(self, *, turn: int, organization: str, cmd: Command) -> None:
        if self._has_passed(turn, organization, PassedUp.SKIPPED):
            return
        self._may("skip", cmd)
        offer = self._require_asked(turn, organization)
        self._states(self.Skipped(**self._next(cmd), rotation=self.code, offer=offer))

    class Skipped(Event, frozen=True, kw_only=True):
        """The secretariat took the offer back and asks the next; the member keeps its place in the queue."""

        TOPIC: ClassVar[str] = "rotation.skipped"
        rotation: OfRotation
        offer: OfOffer

        def releases(self) -> Sequence[str]:
            return _kept_for(self.rotation, self.offer)

        def after(self, rota: Rota) -> Rota:
            return _passed(self, self.offer, PassedUp.SKIPPED, rota)

    def lapse(self, *, turn: int, organization: str, cmd: Command) -> None:
        """Record that the day for an answer is over. An offer that was settled before is none to lapse."""
        offer = self.rota.offer
        if offer is None or (offer.turn, offer.organization) != (turn, organization):
            return
        self._may("lapse", cmd)
        self._states(self.Lapsed(**self._next(cmd), rotation=self.code, offer=offer))

    class Lapsed(Event, frozen=True, kw_only=True):
        """The day for an answer passed without one, which counts as declined; the member keeps its place."""

        TOPIC: ClassVar[str] = "rotation.lapsed"
        rotation: OfRotation
        offer: OfOffer

        def releases(self) -> Sequence[str]:
            return _kept_for(self.rotation, self.offer)

        def after(self, rota: Rota) -> Rota:
            return _passed(self, self.offer, PassedUp.LAPSED, rota)

    def _has_passed(self, turn: int, organization: str, how: PassedUp) -> bool:
        found = self.rota.turn(turn)
        passed = found.passed if found else ()
        return any((one.organization, one.how) == (organization, how) for one in passed)

    def _require_asked(self, turn: int, organization: str) -> Offer:
        offer = self.rota.offer
        if self.rota.place(organization) is None:
            raise self._no("rotation.not_member", organization=organization)
        if offer is None or (offer.turn, offer.organization) != (turn, organization):
            details: dict[str, str | int] = {"turn": offer.turn, "organization": offer.organization} if offer else {}
            raise self._no("rotation.answer", **details)
        return offer

    def propose_swap(
        self, *, organization: str, turn: int, for_turn: int, cmd: Command, convened: Set[int] = frozenset()
    ) -> None:
        """Offer a turn of one's own for another's. It is exchanged once the other member consents."""
        if any(self._says_so(swap, organization, turn, for_turn, cmd.now) for swap in self.swaps):
            return
        self._may("propose_swap", cmd)
        if self.rota.place(organization) is None:
            raise self._no("rotation.not_member", organization=organization)
        swap = Swap(
            number=len(self.swaps) + 1,
            organization=organization,
            turn=turn,
            other=organization if turn == for_turn else self._holder_of(for_turn, cmd.now),
            for_turn=for_turn,
        )
        for open_one in self.swaps:
            if open_one.number not in self.agreed and open_one.says(swap.other, for_turn, turn):
                raise RuleViolation(
                    "rotation.swap_open",
                    state=self.state,
                    allowed=["rotation.consent_swap"],
                    details={"swap": open_one.number},
                )
        self._require_exchange(swap, cmd.now, convened)
        self._states(self.SwapProposed(**self._next(cmd), rotation=self.code, swap=swap))

    def _says_so(self, swap: Swap, organization: str, turn: int, for_turn: int, now: datetime) -> bool:
        """Whether that was proposed, and still is, or stands exchanged."""
        if not swap.says(organization, turn, for_turn):
            return False
        back = replace(swap, organization=swap.other, other=swap.organization)
        return swap.number not in self.agreed or self.rota.are_theirs(self.cadence, back, now)

    def _holder_of(self, turn: int, now: datetime) -> str:
        """The member that would give a turn."""
        ahead = self.rota.within_reach(self.cadence, now).get(turn)
        if ahead is None or ahead.organization is None or ahead.because is Because.OFFERED:
            raise self._no("rotation.swap_turns", turn=turn)
        if self.rota.turn(turn) and not self._lies_ahead(turn, now):
            raise self._no("rotation.swap_turns", turn=turn, host=ahead.organization)
        return ahead.organization

    def _require_exchange(self, swap: Swap, now: datetime, convened: Set[int]) -> None:
        if swap.organization == swap.other:
            raise self._no("rotation.swap_self", organization=swap.organization)
        for turn, giver in ((swap.turn, swap.organization), (swap.for_turn, swap.other)):
            if (holder := self._holder_of(turn, now)) != giver:
                raise self._no("rotation.swap_turns", turn=turn, host=holder)
            ahead = self.rota.within_reach(self.cadence, now).values()
            first = next(one.turn for one in ahead if one.organization == giver)
            if turn != first:
                raise self._no("rotation.swap_twice", organization=giver, turn=turn, first=first)
        self._require_not_convened(convened, swap.turn, swap.for_turn)
        after = self.rota.swapped(swap, version=self.version + 1)
        for organization, before in sorted(after.hosts_twice() - self.rota.hosts_twice()):
            raise self._no("rotation.swap_twice", organization=organization, before=before)

    class SwapProposed(Event, frozen=True, kw_only=True):
        """A member offers a turn of its own for another's."""

        TOPIC: ClassVar[str] = "rotation.swap_proposed"
        rotation: OfRotation
        swap: Annotated[Swap, Meta(description="whose turn for whose")]

        def apply(self, it: Rotation) -> None:
            it.swaps = (*it.swaps, self.swap)

    def consent_swap(self, *, number: int, cmd: Command, convened: Set[int] = frozenset()) -> None:
        swap = self.swap(number)
        if number in self.agreed:
            return
        self._may("consent_swap", cmd)
        self._require_exchange(swap, cmd.now, convened)
        accepted = (turn.number for turn in self.rota.turns if turn.number in (swap.turn, swap.for_turn))
        self._states(self.SwapAgreed(**self._next(cmd), rotation=self.code, swap=swap, accepted=next(accepted, None)))

    def swap(self, number: int) -> Swap:
        """The swap of a number. `NotFound`."""
        found = next((swap for swap in self.swaps if swap.number == number), None)
        if found is None:
            raise NotFound(kind="Swap", reference=str(number))
        return found

    class SwapAgreed(Event, frozen=True, kw_only=True):
        """Both members consented: they exchange their turns, and with them their places in the queue."""

        TOPIC: ClassVar[str] = "rotation.swap_agreed"
        rotation: OfRotation
        swap: Annotated[Swap, Meta(description="whose turn for whose")]
        accepted: Annotated[
            Annotated[int, Meta(ge=1)] | None,
            Meta(description="which of the turns had been accepted, and has another host from now on"),
        ] = None

        def after(self, rota: Rota) -> Rota:
            return rota.swapped(self.swap, version=self.originator_version)

        def apply(self, it: Rotation) -> None:
            super().apply(it)
            it.agreed |= {self.swap.number}

    def conclude_turn(self, *, turn: int, cmd: Command) -> None:
        """The meeting of a turn was held."""
        found = self._turn_that_was(turn)
        if found is None or found.over:
            return
        self._may("conclude_turn", cmd)
        self._states(
            self.Held(**self._next(cmd), rotation=self.code, turn=turn, host=found.host, withdraws=found.offer)
        )

    class Held(Event, frozen=True, kw_only=True):
        """The meeting of the turn has concluded."""

        TOPIC: ClassVar[str] = "rotation.turn_held"
        rotation: OfRotation
        turn: Turned
        host: Host = None
        withdraws: Withdrawn = None

        def releases(self) -> Sequence[str]:
            return _kept_for(self.rotation, self.withdraws)

        def after(self, rota: Rota) -> Rota:
            return rota.held(self.turn)

    def return_turn(self, *, turn: int, cmd: Command) -> None:
        """The meeting of a turn was cancelled."""
        found = self._turn_that_was(turn)
        if found is None or found.over:
            return
        self._may("return_turn", cmd)
        self._states(
            self.Returned(**self._next(cmd), rotation=self.code, turn=turn, host=found.host, withdraws=found.offer)
        )

    class Returned(Event, frozen=True, kw_only=True):
        """The meeting of the turn was cancelled: the turn is over, and its host at the head of the queue again."""

        TOPIC: ClassVar[str] = "rotation.turn_returned"
        rotation: OfRotation
        turn: Turned
        host: Host = None
        withdraws: Withdrawn = None

        def releases(self) -> Sequence[str]:
            return _kept_for(self.rotation, self.withdraws)

        def after(self, rota: Rota) -> Rota:
            return rota.returned(self.turn)

    def _turn_that_was(self, turn: int) -> Turn | None:
        """A turn that has been offered, as far as it is remembered: what is not, is over."""
        latest = self.rota.latest
        if latest is None or turn > latest.number:
            raise self._no("rotation.turn", turn=turn, latest=latest.number if latest else 0)
        return self.rota.turn(turn)

    def end(self, *, cmd: Command) -> None:
        if self.rota.ended:
            return
        self._may("end", cmd)
        self._states(self.Ended(**self._next(cmd), rotation=self.code, withdraws=self.rota.offer))

    class Ended(Event, frozen=True, kw_only=True):
        """No turn is offered any more; what was accepted stands."""

        TOPIC: ClassVar[str] = "rotation.ended"
        rotation: OfRotation
        withdraws: Withdrawn = None

        def releases(self) -> Sequence[str]:
            return _kept_for(self.rotation, self.withdraws)

        def after(self, rota: Rota) -> Rota:
            return rota.finished()


def turn_meeting(rotation: str, turn: int) -> str:
    """The claim of the meeting that is convened for a turn."""
    return f"turn-meeting:{rotation}:{turn}"


def _kept_for(rotation: str, offer: Offer | None) -> list[str]:
    """What an offer keeps while it waits: the alarm of its day, and the open work of who is asked."""
    if offer is None:
        return []
    return [
        alarm(offer.closes_at, LAPSE, f"{rotation}:{offer.turn}:{offer.organization}"),
        open_work(offer.organization, offer.region, Rotation.TOPIC, rotation, str(offer.turn)),
    ]


def _passed(fact: Rotation.Event, offer: Offer, how: PassedUp, rota: Rota) -> Rota:
    return rota.passed(offer, how, on=fact.provenance.effective_on, version=fact.originator_version)


class Rotations(Commands):
    """What may be asked about whose turn it is. A rotation is named by code or id, its members by their organization.

    A rotation is a body too: it has an entry in the catalogue of bodies under its code, and its members sit in it.
    """

    def establish(
        self,
        *,
        code: str,
        names: Names,
        members: Sequence[Member],
        rule: str,
        first_at: datetime,
        zone: str,
        answer_days: int = ANSWER_DAYS,
    ) -> Rotation:
        self._about(Rotation.identify(code))
        self._allow(organizations=[member.organization for member in members], bodies=[code])
        for member in members:
            self._require_able(member)
        new = Rotation.establish(
            code=code,
            names=names,
            members=members,
            cadence=Cadence.of(rule, first_at, zone),
            answer_days=answer_days,
            cmd=self._cmd,
        )
        it = self._add(new)
        if it is new:
            self._add(
                Entry.add(kind=EntryKind.BODY, code=code, names=names, body_kind=BodyKind.ROTATION, cmd=self._cmd)
            )
            require_entries(self._work, EntryKind.BODY, [code], field="code")
            self._add(Body.establish(code=code, cmd=self._cmd))
            for member in members:
                self._body(it).join(organization=member.organization, cmd=self._cmd)
            it.go_on(cmd=self._cmd)
        return it

    def join(self, rotation: UUID | str, *, organization: str, region: str) -> Rotation:
        it = self._load(Rotation, rotation)
        self._allow(organizations=[organization], bodies=[it.code], regions=[region])
        member = Member(organization=organization, region=region)
        self._require_able(member)
        it.join(member=member, cmd=self._cmd)
        self._body(it).join(organization=organization, cmd=self._cmd)
        return it

    def _require_able(self, member: Member) -> None:
        require_organization(self._work, member.organization)
        require_entries(self._work, EntryKind.REGION, [member.region], field="region")

    def _body(self, it: Rotation) -> Body:
        return self._get(Body, it.code)

    def leave(self, rotation: UUID | str, *, organization: str) -> Rotation:
        it = self._concerning(rotation, organization)
        it.leave(organization=organization, convened=self._convened(it), cmd=self._cmd)
        self._body(it).leave(organization=organization, cmd=self._cmd)
        it.go_on(cmd=self._cmd)
        return it

    def offer(
        self, rotation: UUID | str, *, turn: int, organization: str | None = None, answer_by: date | None = None
    ) -> Rotation:
        it = self._load(Rotation, rotation)
        self._allow(organizations=[organization], bodies=[it.code])
        it.offer(turn=turn, organization=organization, answer_by=answer_by, convened=self._convened(it), cmd=self._cmd)
        return it

    def accept(self, rotation: UUID | str, *, turn: int, organization: str) -> Rotation:
        it = self._concerning(rotation, organization)
        it.accept(turn=turn, organization=organization, cmd=self._cmd)
        return it

    def decline(self, rotation: UUID | str, *, turn: int, organization: str) -> Rotation:
        it = self._concerning(rotation, organization)
        it.decline(turn=turn, organization=organization, cmd=self._cmd)
        it.go_on(cmd=self._cmd)
        return it

    def skip(self, rotation: UUID | str, *, turn: int, organization: str) -> Rotation:
        it = self._concerning(rotation, organization)
        it.skip(turn=turn, organization=organization, cmd=self._cmd)
        it.go_on(cmd=self._cmd)
        return it

    def lapse(self, rotation: UUID | str, *, turn: int, organization: str) -> Rotation:
        it = self._concerning(rotation, organization)
        it.lapse(turn=turn, organization=organization, cmd=self._cmd)
        it.go_on(cmd=self._cmd)
        return it

    def propose_swap(self, rotation: UUID | str, *, organization: str, turn: int, for_turn: int) -> Rotation:
        it = self._concerning(rotation, organization)
        convened = self._convened(it)
        it.propose_swap(organization=organization, turn=turn, for_turn=for_turn, convened=convened, cmd=self._cmd)
        return it

    def consent_swap(self, rotation: UUID | str, *, swap: int) -> Rotation:
        it = self._load(Rotation, rotation)
        asked = [one.other for one in it.swaps if one.number == swap]
        self._allow_of(it, *asked)
        it.consent_swap(number=swap, convened=self._convened(it), cmd=self._cmd)
        return it

    def end(self, rotation: UUID | str) -> Rotation:
        it = self._load(Rotation, rotation)
        self._allow_of(it, *(place.organization for place in it.rota.queue))
        it.end(cmd=self._cmd)
        return it

    def conclude_turn(self, rotation: UUID | str, *, turn: int) -> Rotation:
        """The meeting of a turn has concluded: the next turn is offered."""
        it = self._load(Rotation, rotation)
        self._allow_of(it)
        it.conclude_turn(turn=turn, cmd=self._cmd)
        it.go_on(cmd=self._cmd)
        return it

    def return_turn(self, rotation: UUID | str, *, turn: int) -> Rotation:
        """The meeting of a turn was cancelled: its host goes back to the head, and the next turn is offered."""
        it = self._load(Rotation, rotation)
        self._allow_of(it)
        it.return_turn(turn=turn, cmd=self._cmd)
        it.go_on(cmd=self._cmd)
        return it

    def _convened(self, it: Rotation) -> frozenset[int]:
        """The turns for which meetings are convened, and not over: a host has called its meeting by then."""
        ahead = [turn.number for turn in it.rota.turns if not turn.over]
        return frozenset(turn for turn in ahead if self._work.store.holder(turn_meeting(it.code, turn)) is not None)

    def _concerning(self, rotation: UUID | str, organization: str) -> Rotation:
        it = self._load(Rotation, rotation)
        self._allow_of(it, organization)
        return it

    def _allow_of(self, it: Rotation, *organizations: str) -> None:
        concerns = it.concerning(*organizations)
        self._allow(organizations=organizations, bodies=[it.code], regions=sorted(concerns.regions))
