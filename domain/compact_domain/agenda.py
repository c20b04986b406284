"""Agenda items: what a body's meeting is to treat, what became of it, and how it goes from meeting to meeting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from compact_domain.kernel import Aggregate, Code, Command, RuleViolation, Sealed, Starts, Store, Value
from compact_domain.recommendation import Recommendation
from compact_domain.vocabulary import Title

RULES: Mapping[str, str] = {
    "agenda.item": "A matter stands once on the agenda of a meeting, and waits once for the next.",
    "agenda.referral": "An item is referred to a body other than its own.",
}
CLAIMS: Mapping[str, str] = {
    "agenda": "agenda.item",
    "placed": "agenda.item",
    "waiting": "agenda.item",
    "waiting-meeting": "agenda.item",
    "waiting-named": "agenda.item",
    "put-off": "agenda.item",
    "open-about": "agenda.item",
    "undisclosed": "agenda.item",
    "undisclosed-in": "agenda.item",
}


class ItemState(StrEnum):
    """What has become of an item at its meeting."""

    OPEN = "open"
    DECIDED = "decided"
    DEFERRED = "deferred"
    REFERRED = "referred"
    DROPPED = "dropped"
    PASSED_ON = "passed_on"


MAY_START_FROM: Starts = {
    "dispose_item": {ItemState.OPEN},
    "settle_item": set(ItemState),
    "carry_item": set(ItemState),
    "disclose_item": set(ItemState),
}

Meeting = Annotated[str, Meta(min_length=1, max_length=64)]
ToMeeting = Annotated[Meeting | None, Meta(description="code of the meeting it is put off to")]
ToDate = Annotated[date | None, Meta(description="the body's first meeting on or after this day takes it up")]
Withheld = Annotated[bool, Meta(description="it is withheld from here on, until the decision behind it is announced")]
Number = Annotated[
    Annotated[str, Meta(min_length=1, max_length=64)] | None,
    Meta(description="number of the body's decision, where that was stated on the recommendation"),
]


class AgendaPlace(Value, frozen=True, kw_only=True):
    """Where an item stands: what its facts have to say to take and give back what it holds."""

    meeting: Annotated[Meeting, Meta(description="code of the meeting on whose agenda it is")]
    body: Annotated[Code, Meta(description="code of the body whose meeting it is")]
    code: Annotated[Code, Meta(description="unique on its agenda; that of the recommendation it is about")]
    recommendation: Annotated[Code | None, Meta(description="code of the recommendation it is about, if any")] = None
    from_day: Annotated[
        date | None,
        Meta(description="it belongs to the body's first meeting on or after this day; null: to this meeting"),
    ] = None

    @property
    def item(self) -> UUID:
        return AgendaItem.key(self.meeting, self.code)

    def stands(self) -> list[str]:
        """The claims of an item that is open on its agenda."""
        by_day = [] if self.from_day is None else [f"placed:{self.body}:{self.from_day.isoformat()}:{self.item}"]
        of = [f"open-about:{Recommendation.identify(self.recommendation)}:{self.item}"] if self.recommendation else []
        return [f"agenda:{self.meeting}:{self.code}", *by_day, *of]

    def waits(self, to_meeting: str | None, to_date: date | None) -> list[str]:
        """The claims of an item that is to come on the agenda of another meeting."""
        by_day = [] if to_date is None else [f"waiting:{self.body}:{to_date.isoformat()}:{self.item}"]
        by_name = [f"waiting-meeting:{to_meeting}:{self.item}", f"waiting-named:{self.body}:{self.item}"]
        of = [f"put-off:{Recommendation.identify(self.recommendation)}:{self.item}"] if self.recommendation else []
        return [*by_day, *(by_name if to_meeting else ()), *of]

    def hides(self, withheld: bool) -> list[str]:
        """The claims of an item that is withheld until the decision behind it is announced."""
        if not withheld or self.recommendation is None:
            return []
        of = Recommendation.identify(self.recommendation)
        return [f"undisclosed:{of}:{self.item}", f"undisclosed-in:{self.meeting}:{self.item}"]


Place = Annotated[AgendaPlace, Meta(description="where it stands")]


class ItemOrigin(Value, frozen=True, kw_only=True):
    """Where an item comes from that was not put on its agenda by hand, and how long it has been on its way."""

    meeting: Annotated[Meeting, Meta(description="code of the meeting on whose agenda it was before")]
    times_deferred: Annotated[int, Meta(ge=0, description="how often it has been put off")]
    first_deferred_on: Annotated[date | None, Meta(description="the day it was first put off; null: it never was")]
    reasons: Annotated[tuple[Sealed, ...], Meta(description="why it was put off, each time in turn")] = ()
    number: Annotated[
        Annotated[str, Meta(min_length=1, max_length=64)] | None,
        Meta(description="number of the decision about the recommendation that put it off last; null: none did"),
    ] = None


class AgendaItem(Aggregate):
    """A matter on the agenda of one meeting. On the next one's agenda it is another item, which knows this one.

    An item about a recommendation has that recommendation's code, and is withheld as far as decisions on it are:
    not announced, they neither dispose nor carry it for those who may not know of them.
    """

    TOPIC = "agenda_item"
    MAY_START_FROM = MAY_START_FROM

    def __init__(self, *, place: AgendaPlace, title: str, origin: ItemOrigin | None, withheld: bool) -> None:
        self.place, self.title, self.origin, self.withheld = place, title, origin, withheld
        self.item_state = ItemState.OPEN
        self.number: str | None = None
        """Number of the decision that disposed it, where that was stated on the recommendation."""
        self.to_meeting: str | None = None
        self.to_date: date | None = None
        """The day on or after which it waits for a meeting of its body."""
        self.to_body: str | None = None
        self.waits = False
        """Whether it was put off or passed on, and stands on no other agenda yet."""
        self.times_deferred = origin.times_deferred if origin else 0
        self.first_deferred_on = origin.first_deferred_on if origin else None
        self.reasons = origin.reasons if origin else ()

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to an item of an agenda."""

    @classmethod
    def key(cls, meeting: str, code: str) -> UUID:
        """The id of an item: a matter stands once on the agenda of a meeting."""
        return cls.identify(f"{meeting}:{code}")

    @classmethod
    def policy_noun(cls) -> str:
        return "coordination_meeting"

    @property
    def state(self) -> str:
        return self.item_state

    @property
    def open(self) -> bool:
        return self.item_state is ItemState.OPEN

    @property
    def put_off_by(self) -> str | None:
        """Number of the decision about its recommendation that put it off last; None if none did."""
        if self.item_state is ItemState.DEFERRED:
            return self.number
        return self.origin.number if self.origin else None

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """A matter came on the agenda of a meeting, by hand or because it was put off to it."""

        TOPIC: ClassVar[str] = "agenda_item.added"
        place: Place
        title: Annotated[Title, Meta(description="what it is about")]
        origin: Annotated[ItemOrigin | None, Meta(description="where it comes from; null: put there by hand")] = None
        withheld: Withheld = False

        def takes(self) -> Sequence[str]:
            return [*self.place.stands(), *self.place.hides(self.withheld)]

    @classmethod
    def add(
        cls,
        *,
        place: AgendaPlace,
        title: str,
        cmd: Command,
        origin: ItemOrigin | None = None,
        withheld: bool = False,
    ) -> AgendaItem:
        return cls._begin(
            cls.Created(**cls._first(place.item, cmd), place=place, title=title, origin=origin, withheld=withheld)
        )

    def decide(self, *, cmd: Command, number: str | None = None, withheld: bool = False) -> None:
        if self.item_state is ItemState.DECIDED and self.number == number:
            return
        self._may("settle_item" if number else "dispose_item", cmd)
        self._states(self.Decided(**self._next(cmd), place=self.place, number=number, withheld=self._newly(withheld)))

    class Decided(Event, frozen=True, kw_only=True):
        """The meeting, or its body elsewhere while it was open, decided on it."""

        TOPIC: ClassVar[str] = "agenda_item.decided"
        place: Place
        number: Number = None
        withheld: Withheld = False

        def takes(self) -> Sequence[str]:
            return self.place.hides(self.withheld)

        def releases(self) -> Sequence[str]:
            return self.place.stands()

        def apply(self, it: AgendaItem) -> None:
            it._becomes(ItemState.DECIDED, self.withheld)
            it.number = self.number

    def defer(
        self,
        *,
        deferred_on: date,
        cmd: Command,
        to_meeting: str | None = None,
        to_date: date | None = None,
        number: str | None = None,
        why: Sealed | None = None,
        withheld: bool = False,
    ) -> None:
        """Put it off to a meeting or a day. `why` is what was said on the recommendation, where it was said there."""
        put_off = (self.to_meeting, self.to_date, self.number)
        if self.item_state is ItemState.DEFERRED and put_off == (to_meeting, to_date, number):
            return
        self._may("settle_item" if number else "dispose_item", cmd)
        self._states(
            self.Deferred(
                **self._next(cmd),
                place=self.place,
                to_meeting=to_meeting,
                to_date=to_date,
                deferred_on=deferred_on,
                number=number,
                why=why,
                withheld=self._newly(withheld),
            )
        )

    class Deferred(Event, frozen=True, kw_only=True):
        """The meeting put it off to another one, or to its body's first meeting on or after a day."""

        TOPIC: ClassVar[str] = "agenda_item.deferred"
        place: Place
        to_meeting: ToMeeting = None
        to_date: ToDate = None
        deferred_on: Annotated[date, Meta(description="the day on which it was put off")]
        number: Number = None
        why: Annotated[Sealed | None, Meta(description="why, where that was said on the recommendation")] = None
        withheld: Withheld = False

        @property
        def because(self) -> tuple[Sealed, ...]:
            """Why it was put off, wherever that was said."""
            said = self.why or self.provenance.reason
            return (said,) if said else ()

        def takes(self) -> Sequence[str]:
            return [*self.place.waits(self.to_meeting, self.to_date), *self.place.hides(self.withheld)]

        def releases(self) -> Sequence[str]:
            return self.place.stands()

        def apply(self, it: AgendaItem) -> None:
            it._becomes(ItemState.DEFERRED, self.withheld)
            it.to_meeting, it.to_date, it.number, it.waits = self.to_meeting, self.to_date, self.number, True
            it.times_deferred += 1
            it.first_deferred_on = it.first_deferred_on or self.deferred_on
            it.reasons = (*it.reasons, *self.because)

    def refer(self, *, to_body: str, cmd: Command, number: str | None = None, withheld: bool = False) -> None:
        if self.item_state is ItemState.REFERRED and (self.to_body, self.number) == (to_body, number):
            return
        self._may("settle_item" if number else "dispose_item", cmd)
        if to_body == self.place.body:
            raise RuleViolation("agenda.referral", state=self.state, details={"body": to_body})
        self._states(
            self.Referred(
                **self._next(cmd), place=self.place, to_body=to_body, number=number, withheld=self._newly(withheld)
            )
        )

    class Referred(Event, frozen=True, kw_only=True):
        """The meeting asked another body to take it up."""

        TOPIC: ClassVar[str] = "agenda_item.referred"
        place: Place
        to_body: Annotated[Code, Meta(description="code of the body it is referred to")]
        number: Number = None
        withheld: Withheld = False

        def takes(self) -> Sequence[str]:
            return self.place.hides(self.withheld)

        def releases(self) -> Sequence[str]:
            return self.place.stands()

        def apply(self, it: AgendaItem) -> None:
            it._becomes(ItemState.REFERRED, self.withheld)
            it.to_body, it.number = self.to_body, self.number

    def drop(self, *, cmd: Command) -> None:
        if self.item_state is ItemState.DROPPED:
            return
        self._may("dispose_item", cmd)
        self._states(self.Dropped(**self._next(cmd), place=self.place))

    class Dropped(Event, frozen=True, kw_only=True):
        """It was taken off the agenda, and is not pursued."""

        TOPIC: ClassVar[str] = "agenda_item.dropped"
        place: Place

        def releases(self) -> Sequence[str]:
            return self.place.stands()

        def apply(self, it: AgendaItem) -> None:
            it._becomes(ItemState.DROPPED)

    def pass_on(self, *, to_date: date, cmd: Command) -> None:
        """Leave an agenda on which it will not be treated: it waits for the body's first meeting on or after a day."""
        if self.item_state is ItemState.PASSED_ON:
            return
        self._may("dispose_item", cmd)
        self._states(self.PassedOn(**self._next(cmd), place=self.place, to_date=to_date))

    class PassedOn(Event, frozen=True, kw_only=True):
        """It left an agenda on which it will not be treated: the meeting was cancelled, or another is to treat it."""

        TOPIC: ClassVar[str] = "agenda_item.passed_on"
        place: Place
        to_date: Annotated[date, Meta(description="the body's first meeting on or after this day takes it up")]

        def takes(self) -> Sequence[str]:
            return self.place.waits(None, self.to_date)

        def releases(self) -> Sequence[str]:
            return self.place.stands()

        def apply(self, it: AgendaItem) -> None:
            it._becomes(ItemState.PASSED_ON)
            it.to_meeting, it.to_date, it.waits = None, self.to_date, True

    def land(self, *, meeting: str, cmd: Command) -> None:
        """Wait no longer: it stands on the agenda of another meeting."""
        if not self.waits:
            return
        self._may("carry_item", cmd)
        self._states(
            self.Landed(
                **self._next(cmd),
                place=self.place,
                to_meeting=self.to_meeting,
                to_date=self.to_date,
                on_agenda_of=meeting,
            )
        )

    class Landed(Event, frozen=True, kw_only=True):
        """It came on the agenda of the meeting that it was put off to, or of the next."""

        TOPIC: ClassVar[str] = "agenda_item.landed"
        place: Place
        to_meeting: ToMeeting = None
        to_date: ToDate = None
        on_agenda_of: Annotated[Meeting, Meta(description="code of the meeting on whose agenda it stands now")]

        def releases(self) -> Sequence[str]:
            return self.place.waits(self.to_meeting, self.to_date)

        def apply(self, it: AgendaItem) -> None:
            it.waits = False

    def lapse(self, *, cmd: Command) -> None:
        """Wait no longer: the recommendation it is about was taken up, decided or ended otherwise."""
        if not self.waits:
            return
        self._may("carry_item", cmd)
        self._states(self.Lapsed(**self._next(cmd), place=self.place, to_meeting=self.to_meeting, to_date=self.to_date))

    class Lapsed(Event, frozen=True, kw_only=True):
        """The recommendation it is about was taken up, decided or ended before the meeting that it waited for."""

        TOPIC: ClassVar[str] = "agenda_item.lapsed"
        place: Place
        to_meeting: ToMeeting = None
        to_date: ToDate = None

        def releases(self) -> Sequence[str]:
            return self.place.waits(self.to_meeting, self.to_date)

        def apply(self, it: AgendaItem) -> None:
            it.waits = False

    def carry(self, *, origin: ItemOrigin, from_day: date | None, cmd: Command, withheld: bool = False) -> None:
        """Take in what was put off to this meeting, where the matter stands or stood on its agenda already."""
        if self.open and (self.origin, self.place.from_day) == (origin, from_day):
            return
        self._may("carry_item", cmd)
        self._states(
            self.Carried(
                **self._next(cmd),
                place=msgspec.structs.replace(self.place, from_day=from_day),
                before=self.place if self.open else None,
                origin=origin,
                withheld=self._newly(withheld),
            )
        )

    class Carried(Event, frozen=True, kw_only=True):
        """What stands on this agenda already, or has left it, was put off to it from another meeting."""

        TOPIC: ClassVar[str] = "agenda_item.carried"
        place: Place
        before: Annotated[AgendaPlace | None, Meta(description="where it stood until then; null: it was not open")]
        origin: Annotated[ItemOrigin, Meta(description="where it comes from")]
        withheld: Withheld = False

        def takes(self) -> Sequence[str]:
            return [*self.place.stands(), *self.place.hides(self.withheld)]

        def releases(self) -> Sequence[str]:
            return self.before.stands() if self.before else ()

        def apply(self, it: AgendaItem) -> None:
            it._becomes(ItemState.OPEN, self.withheld)
            it.place, it.origin = self.place, self.origin
            it.number, it.to_meeting, it.to_date, it.to_body, it.waits = None, None, None, None, False
            it.times_deferred, it.first_deferred_on = self.origin.times_deferred, self.origin.first_deferred_on
            it.reasons = self.origin.reasons

    def disclose(self, *, cmd: Command) -> None:
        """Let everybody know what was withheld."""
        if not self.withheld:
            return
        self._may("disclose_item", cmd)
        self._states(self.Disclosed(**self._next(cmd), place=self.place))

    class Disclosed(Event, frozen=True, kw_only=True):
        """The decision behind it was announced: it is withheld no longer."""

        TOPIC: ClassVar[str] = "agenda_item.disclosed"
        place: Place

        def releases(self) -> Sequence[str]:
            return self.place.hides(True)

        def apply(self, it: AgendaItem) -> None:
            it.withheld = False

    def origin_of_next(self) -> ItemOrigin:
        """What the item that follows this one on another agenda is told of it."""
        return ItemOrigin(
            meeting=self.place.meeting,
            times_deferred=self.times_deferred,
            first_deferred_on=self.first_deferred_on,
            reasons=self.reasons,
            number=self.put_off_by,
        )

    def _newly(self, withheld: bool) -> bool:
        """Whether a fact begins to withhold it: once is enough until it is disclosed."""
        return withheld and not self.withheld

    def _becomes(self, state: ItemState, withheld: bool = False) -> None:
        self.item_state, self.withheld = state, self.withheld or withheld


def open_on(store: Store, meeting: str) -> list[str]:
    """Codes of the items that are open on a meeting's agenda."""
    prefix = f"agenda:{meeting}:"
    return [key.removeprefix(prefix) for key in store.claims(prefix)]


def undisclosed_in(store: Store, meeting: str) -> list[UUID]:
    """The items of a meeting that are withheld."""
    return _items(store, f"undisclosed-in:{meeting}:")


def undisclosed_of(store: Store, recommendation: UUID) -> list[UUID]:
    """The items that are withheld until decisions about a recommendation are announced."""
    return _items(store, f"undisclosed:{recommendation}:")


def put_off(store: Store, recommendation: UUID) -> list[UUID]:
    """The items about a recommendation that wait for a meeting."""
    return _items(store, f"put-off:{recommendation}:")


def open_about(store: Store, recommendation: UUID) -> list[UUID]:
    """The items about a recommendation that are open on agendas."""
    return _items(store, f"open-about:{recommendation}:")


def looking_for(store: Store, *, meeting: str, body: str) -> list[UUID]:
    """The items whose place may change with a meeting: those that wait for it or its body, and those placed by a day.

    What was put off to another meeting of the body is among them: that one may be over.
    """
    prefixes = (f"waiting-meeting:{meeting}:", f"waiting-named:{body}:", f"waiting:{body}:", f"placed:{body}:")
    return list(dict.fromkeys(item for prefix in prefixes for item in _items(store, prefix)))


def _items(store: Store, prefix: str) -> list[UUID]:
    return [UUID(key.rpartition(":")[2]) for key in store.claims(prefix)]
