"""Rotations: who hosts next and why, what came to each member, and how turns are answered and exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from compact_domain.kernel import Concerns, InvalidInput, Sealed, end_of_day
from compact_domain.policy import may_read_personal
from compact_domain.rotation import (
    ANSWER_DAYS,
    Because,
    Cadence,
    Member,
    PassedUp,
    Place,
    Rotations,
    RotationState,
    TurnState,
)
from compact_domain.rotation import Ahead as AheadValue
from compact_domain.rotation import Rotation as RotationAggregate
from compact_domain.rotation import Swap as SwapValue
from compact_projections.asking import Asking, Order
from compact_projections.rotations import RotationRow, SwapRow, TurnRow

from .body import Body
from .catalogue import Region
from .commands import ChangeInput, CommandInput, Decision, Payload, give, reference
from .context import Info
from .fields import command, question
from .listing import CodeFilter, DateFilter, Direction, Listing, TextFilter, YesNo
from .lookahead import brought
from .moments import Asked
from .nodes import ENGLISH, Language, Names, NamesInput, Subject, named, names_from, names_of
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .scalars import Code, RegionCode, TimeZone
from .shapes import described, enumeration, form, shape

FARTHEST = 24
AT_ONCE = timedelta(microseconds=1)
"""An offer is answered before the instant at which it closes."""

enumeration(
    RotationState,
    OFFERED="A turn is on offer to a member.",
    SETTLED="No turn is on offer.",
    ENDED="No turn is offered any more.",
)
enumeration(
    TurnState,
    named="RotationTurnState",
    FREE="Nobody hosts it, and it is on offer to nobody.",
    OFFERED="A member was asked to host it.",
    ACCEPTED="A member hosts it.",
    SECRETARIAT="All members passed it up: the secretariat hosts it.",
    HELD="Its meeting has concluded.",
    RETURNED="Its meeting was cancelled; the host went back to the head of the queue.",
)
enumeration(
    PassedUp,
    named="RotationPassedUp",
    DECLINED="It declined.",
    LAPSED="It did not answer by the day, which counts as declined.",
    SKIPPED="The secretariat took the offer back.",
)
enumeration(
    Because,
    named="RotationBecause",
    ACCEPTED="It accepted the turn.",
    OFFERED="The turn is on offer to it: it is the first in the queue that has not passed it up.",
    SWAPPED="It exchanged its turn with another member.",
    NEXT_IN_QUEUE="It is the first in the queue by then, if every offer before is accepted.",
    ALL_PASSED="All members passed the turn up: it is the secretariat's.",
)


class SwapState(Enum):
    """How a swap stands."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    OVERTAKEN = "overtaken"


enumeration(
    SwapState,
    named="RotationSwapState",
    PROPOSED="It waits for the other member's consent.",
    AGREED="Both consented, and the turns are exchanged.",
    OVERTAKEN="It was not consented to, and the turns are not theirs to give any more.",
)

LISTING = Listing(RotationRow, default=(Order("code"),))
TURNS = Listing(TurnRow, default=(Order("number"),))
SWAPS = Listing(SwapRow, default=(Order("number"),))


@shape
class RotationCadence:
    """When the turns are: local time is kept in the zone all year round."""

    rule: str = described("Recurrence rule of RFC 5545.")
    first_at: datetime = described("The first turn.")
    zone: TimeZone = described("The zone whose clocks it goes by.")
    answer_days: int = described("Days that a member has to answer an offer.")


@shape
class RotationMember:
    """An organization that takes its turns, standing for a region."""

    place: strawberry.Private[Place]
    asking: strawberry.Private[Asking]
    position: int = described("Its place in the queue, from 1.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Which organization."""
        return await Organization.found(info, self.asking, self.place.organization)

    @question
    async def region(self, info: Info) -> Region | None:
        """The region that it stands for."""
        return await Region.coded(info, self.asking, self.place.region)

    @question
    def since(self) -> date:
        """First day in the rotation."""
        return self.place.since

    @question
    def hosted_last(self) -> int | None:
        """The last turn that it hosted or is to host; null: none yet."""
        return self.place.hostings[-1].turn if self.place.hostings else None


@shape
class RotationEquity:
    """What came to a member so far: offered = accepted + declined + lapsed + open.

    An offer that was taken back, from a member that was skipped or left, counts as none.
    """

    place: strawberry.Private[Place]
    asking: strawberry.Private[Asking]
    offered: int = described("Turns that it was asked to host.")
    accepted: int = described("Offers that it accepted.")
    declined: int = described("Offers that it declined.")
    lapsed: int = described("Offers that it did not answer in time.")
    open: int = described("Offers that wait for its answer.")
    skipped: int = described("Times that the secretariat took an offer back from it.")
    hosted: int = described("Meetings held that it hosted, by swap too.")
    left: bool = described("Whether it has left the rotation.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Which organization."""
        return await Organization.found(info, self.asking, self.place.organization)


@shape
class RotationPassedOver:
    """A member that a turn went by."""

    by: strawberry.Private[str]
    said: strawberry.Private[Sealed | None]
    asking: strawberry.Private[Asking]
    how: PassedUp = described("How it went by.")
    on: date = described("On which day.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Which organization."""
        return await Organization.found(info, self.asking, self.by)

    @question
    async def reason(self, info: Info) -> str | None:
        """Why; null if nothing was said, or it is not for the one who asks."""
        concerns = Concerns(organizations=frozenset({self.by}))
        return await info.context.text(self.said) if may_read_personal(await info.context.actor(), concerns) else None


def _passed_over(row: TurnRow, asking: Asking) -> list[RotationPassedOver]:
    return [
        RotationPassedOver(by=by.organization, said=by.reason, asking=asking, how=by.how, on=by.on) for by in row.passed
    ]


@shape
class RotationTurn:
    """A turn that was offered, and what became of it."""

    row: strawberry.Private[TurnRow]
    rotation: strawberry.Private[RotationRow]
    asking: strawberry.Private[Asking]

    @question
    def number(self) -> int:
        """Which occurrence of the cadence it is, from 1."""
        return self.row.number

    @question
    def starts_at(self) -> datetime | None:
        """When it is, by the cadence."""
        return self.rotation.cadence.occurrence(self.row.number)

    @question
    def day(self) -> date | None:
        """The day it is on, in the zone of the cadence."""
        return _day(self.rotation, self.row.number)

    @question
    def state(self) -> TurnState:
        """How it stands."""
        return self.row.state

    @question
    async def offered_to(self, info: Info) -> Organization | None:
        """The member that is asked to host it; null: it is not on offer."""
        return await Organization.found(info, self.asking, self.row.offered_to) if self.row.offered_to else None

    @question
    def answer_by(self) -> date | None:
        """The last day for an answer, in the zone of the cadence; null: it is not on offer."""
        return self.row.answer_by

    @question
    def overdue(self) -> bool:
        """Whether it is on offer, and the day for an answer is over: the lapse is recorded next."""
        return self.row.closes_at is not None and self.asking.moment.is_past(self.row.closes_at - AT_ONCE)

    @question
    async def host(self, info: Info) -> Organization | None:
        """The member that hosts it, or hosted it; null: none, or the secretariat."""
        return await Organization.found(info, self.asking, self.row.host) if self.row.host else None

    @question
    def swap(self) -> int | None:
        """Number of the swap by which its host has it; null: by none."""
        return self.row.swap

    @question
    def passed_over(self) -> list[RotationPassedOver]:
        """The members that it went by, in order."""
        return _passed_over(self.row, self.asking)

    @question
    def over_on(self) -> date | None:
        """The day on which its meeting concluded or was cancelled; null: neither yet."""
        return self.row.over_on


def _until_midnight(info: Info, asking: Asking, cadence: Cadence) -> datetime:
    """The instant of the answer, for what changes with the day in the zone of a rotation."""
    now = asking.moment.recorded_until
    info.context.flips_at(end_of_day(cadence.day(now), cadence.zone))
    return now


def _day(row: RotationRow, turn: int) -> date | None:
    starts_at = row.cadence.occurrence(turn)
    return starts_at.date() if starts_at else None


@shape
class RotationForecast:
    """A turn to come, and whose it is, or would be if every offer is accepted."""

    ahead: strawberry.Private[AheadValue]
    rotation: strawberry.Private[RotationRow]
    asking: strawberry.Private[Asking]

    @question
    def turn(self) -> int:
        """Number of the turn."""
        return self.ahead.turn

    @question
    def starts_at(self) -> datetime | None:
        """When it is, by the cadence."""
        return self.rotation.cadence.occurrence(self.ahead.turn)

    @question
    def day(self) -> date | None:
        """The day it is on, in the zone of the cadence."""
        return _day(self.rotation, self.ahead.turn)

    @question
    async def host(self, info: Info) -> Organization | None:
        """The member that hosts it, or would; null: the secretariat does."""
        host = self.ahead.organization
        return await Organization.found(info, self.asking, host) if host else None

    @question
    def because(self) -> Because:
        """Why it is that member's."""
        return self.ahead.because

    @question
    def swap(self) -> int | None:
        """Number of the swap by which it is; null: by none."""
        return self.ahead.swap

    @question
    def hosted_before(self) -> int | None:
        """The last turn before it that the member hosts or has hosted; null: none."""
        return self.ahead.hosted_before

    @question
    async def passed_over(self, info: Info) -> list[RotationPassedOver]:
        """The members that the turn went by so far, in order: they have passed it up."""
        if not self.ahead.passed:
            return []
        rows = await info.context.many(self.asking, TurnRow, "rotation", self.rotation.id)
        return [over for row in rows if row.number == self.ahead.turn for over in _passed_over(row, self.asking)]


@shape
class RotationSwap:
    """Two turns that two members would exchange, or have exchanged."""

    row: strawberry.Private[SwapRow]
    rotation: strawberry.Private[RotationRow]
    asking: strawberry.Private[Asking]

    @question
    def number(self) -> int:
        """Its number in the rotation, from 1."""
        return self.row.number

    @question
    def state(self, info: Info) -> SwapState:
        """How it stands."""
        if self.row.agreed_on:
            return SwapState.AGREED
        swap = SwapValue(
            number=self.row.number,
            organization=self.row.organization,
            turn=self.row.turn,
            other=self.row.other,
            for_turn=self.row.for_turn,
        )
        cadence = self.rotation.cadence
        stands = self.rotation.rota.are_theirs(cadence, swap, _until_midnight(info, self.asking, cadence))
        return SwapState.PROPOSED if stands else SwapState.OVERTAKEN

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The member that proposed it."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def turn(self) -> int:
        """The turn that it gives."""
        return self.row.turn

    @question
    async def other(self, info: Info) -> Organization | None:
        """The member that is to consent, or did."""
        return await Organization.found(info, self.asking, self.row.other)

    @question
    def for_turn(self) -> int:
        """The turn that the other gives."""
        return self.row.for_turn

    @question
    def proposed_on(self) -> date:
        """The day of the proposal."""
        return self.row.proposed_on

    @question
    def agreed_on(self) -> date | None:
        """The day of the other's consent; null: not yet."""
        return self.row.agreed_on


Farthest = Annotated[int, strawberry.argument(f"How many turns at most: 0 to {FARTHEST}.")]


@shape
class Rotation(Subject):
    """Organizations that host meetings in turn. It is a body of the Compact, too.

    A turn is offered to the first member in the queue that has not passed it up. Who accepts goes to the tail; who
    declines, or does not answer in time, keeps its place. If all pass a turn up, the secretariat hosts it.
    """

    row: strawberry.Private[RotationRow]

    @classmethod
    def aggregate_kind(cls) -> type[RotationAggregate]:
        return RotationAggregate

    @classmethod
    def row_kind(cls) -> type[RotationRow]:
        return RotationRow

    @question
    def code(self) -> Code:
        """Code, unique among rotations and among bodies."""
        return Code(self.row.code)

    @question
    def name(self, language: Language = ENGLISH) -> str:
        """Its name in a language; in English where it has none in that."""
        return named(self.row.names, language)

    @question
    def names(self) -> Names:
        """Its name in the working languages."""
        return names_of(self.row.names)

    @question
    async def body(self, info: Info) -> Body | None:
        """The body that its members make."""
        return await Body.found(info, self.asking, self.row.code)

    @question
    def state(self) -> RotationState:
        """How it stands."""
        if self.row.ended:
            return RotationState.ENDED
        return RotationState.OFFERED if self.row.rota.offer else RotationState.SETTLED

    @question
    def cadence(self) -> RotationCadence:
        """When its turns are."""
        cadence = self.row.cadence
        first_at = cadence.occurrence(1)
        assert first_at is not None
        return RotationCadence(
            rule=cadence.rule, first_at=first_at, zone=TimeZone(cadence.zone), answer_days=self.row.answer_days
        )

    @question
    def queue(self) -> list[RotationMember]:
        """Its members in the order in which turns are offered to them, head first."""
        return [
            RotationMember(place=place, asking=self.asking, position=position)
            for position, place in enumerate(self.row.rota.queue, 1)
        ]

    @question
    def members(self) -> list[RotationMember]:
        """Its members, by the code of the organization."""
        return sorted(self.queue(), key=lambda member: member.place.organization)

    @brought(TurnRow, by="rotation")
    def turns(
        self, rows: Sequence[TurnRow], first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[RotationTurn]:
        """Its turns from the first to the one that was offered last."""
        return TURNS.page_of(
            rows,
            node=lambda row: RotationTurn(row=row, rotation=self.row, asking=self.asking),
            first=first,
            after=after,
        )

    @question
    def forecast(self, info: Info, first: Farthest = 6) -> list[RotationForecast]:
        """Who hosts the next turns that are not over, if every offer is accepted, and why.

        A turn whose day has come before it had a host is none of them. Fewer than asked for, where the cadence comes
        to its end; none once the rotation has ended.
        """
        if not 0 <= first <= FARTHEST:
            raise InvalidInput(fields=[("first", f"must be 0 to {FARTHEST}")])
        cadence = self.row.cadence
        ahead = self.row.rota.forecast(cadence, first, _until_midnight(info, self.asking, cadence))
        return [RotationForecast(ahead=one, rotation=self.row, asking=self.asking) for one in ahead]

    @question
    def equity(self) -> list[RotationEquity]:
        """What came to each member so far, those included that have left; by the code of the organization."""
        rota = self.row.rota
        places = sorted((*rota.queue, *rota.former), key=lambda place: place.organization)
        return [_equity(place, self.asking, left=place in rota.former) for place in places]

    @brought(SwapRow, by="rotation")
    def swaps(
        self, rows: Sequence[SwapRow], first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[RotationSwap]:
        """The swaps that were proposed, settled ones included, from the first."""
        return SWAPS.page_of(
            rows,
            node=lambda row: RotationSwap(row=row, rotation=self.row, asking=self.asking),
            first=first,
            after=after,
        )

    @question
    def established_on(self) -> date:
        """The day it began."""
        return self.row.established_on

    @question
    def ended_on(self) -> date | None:
        """The day it ended; null while it goes on."""
        return self.row.ended_on


def _equity(place: Place, asking: Asking, *, left: bool) -> RotationEquity:
    equity = place.equity
    return RotationEquity(
        place=place,
        asking=asking,
        offered=equity.offered,
        accepted=equity.accepted,
        declined=equity.declined,
        lapsed=equity.lapsed,
        open=equity.open,
        skipped=equity.skipped,
        hosted=equity.hosted,
        left=left,
    )


@form
class RotationFilter:
    """Which rotations to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    name: TextFilter | None = described("Its English name.", default=None)
    member: CodeFilter | None = described("The organizations that are in it.", default=None)
    region: CodeFilter | None = described("The regions that its members stand for.", default=None)
    ended: YesNo | None = described("Whether it has ended.", default=None)
    established_on: DateFilter | None = described("The day it began.", default=None)


class RotationOrderField(Enum):
    """What rotations can be ordered by."""

    CODE = "code"
    NAME = "name"
    ESTABLISHED_ON = "established_on"


enumeration(RotationOrderField, CODE="Its code.", NAME="Its English name.", ESTABLISHED_ON="The day it began.")


@form
class RotationOrder:
    """An order of rotations."""

    field: RotationOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


RotationCode = Annotated[Code, strawberry.argument("Its code.")]
FilterArgument = Annotated[RotationFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[list[RotationOrder] | None, strawberry.argument("In which order; left out: by code.")]


@shape
class RotationQuestions(Asked):
    """Whose turn it is."""

    @question
    async def rotation(self, info: Info, code: RotationCode) -> Rotation | None:
        """One rotation, by code."""
        return await Rotation.found(info, await self.asking(info), code)

    @question
    async def rotations(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Rotation]:
        """The rotations of the Compact, those that have ended included."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: Rotation.of(row, asking),
            where=LISTING.where(filter, {"member": "members", "region": "regions"}),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
            info=info,
        )


@form
class RotationMemberInput:
    """An organization that is to take its turns."""

    organization: Code = described("Which organization.")
    region: RegionCode = described("The region that it stands for.")


@form
class RotationEstablishInput(CommandInput):
    """Organizations that are to host in turn."""

    code: Code = described("A code that no other rotation, and no other body, has.")
    names: NamesInput = described("Its name.")
    members: list[RotationMemberInput] = described("Two organizations or more, in the order of their first turns.")
    rule: str = described(
        "When the turns are: a recurrence rule of RFC 5545 without its name, such as `FREQ=MONTHLY;INTERVAL=3;"
        "BYDAY=-1WE`. Of days or longer; an end is not needed."
    )
    first_at: datetime = described("The first turn. It is an occurrence of the rule.")
    zone: TimeZone = described("The zone whose clocks the turns go by.")
    answer_days: int = described("Days that a member has to answer an offer, 1 to 90.", default=ANSWER_DAYS)


@form
class RotationJoinInput(ChangeInput):
    """An organization that is to take its turns too."""

    organization: Code = described("Which organization.")
    region: RegionCode = described("The region that it stands for.")


@form
class RotationLeaveInput(ChangeInput):
    """A member that is to take no turns any more. Needs a reason."""

    organization: Code = described("Which member.")


@form
class RotationOfferInput(ChangeInput):
    """A turn to offer by hand."""

    turn: int = described("The next turn, or the last one again where it is the secretariat's.")
    organization: Code | None = described(
        "The member that it is to go to; refused if it is not the next in the queue. Left out: whoever is.",
        default=None,
    )
    answer_by: date | None = described(
        "The last day for an answer, in the zone of the cadence; left out: as the rotation has it.", default=None
    )


@form
class RotationAcceptInput(ChangeInput):
    """An offer to accept."""

    turn: int = described("The turn that is on offer.")
    organization: Code = described("The member that it is offered to.")


@form
class RotationDeclineInput(ChangeInput):
    """An offer to decline. Needs a reason."""

    turn: int = described("The turn that is on offer.")
    organization: Code = described("The member that it is offered to.")


@form
class RotationSkipInput(ChangeInput):
    """An offer to take back, so that the next member is asked. Needs a reason."""

    turn: int = described("The turn that is on offer.")
    organization: Code = described("The member that it is offered to.")


@form
class RotationProposeSwapInput(ChangeInput):
    """Two turns to exchange: accepted ones that are still to come, or such as the forecast tells."""

    organization: Code = described("The member that proposes.")
    turn: int = described("The turn that it gives.")
    for_turn: int = described("The turn of another member that it asks for.")


@form
class RotationConsentSwapInput(ChangeInput):
    """A swap to consent to."""

    swap: int = described("Number of the swap.")


@form
class RotationEndInput(ChangeInput):
    """A rotation that is to offer no turns any more. Needs a reason."""


@shape
class RotationPayload(Payload):
    """The rotation after the command."""

    rotation: Rotation | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> RotationPayload:
    done = await give(info, input, decision)
    return RotationPayload(**done.told, rotation=await done.seen(RotationRow, Rotation.of))


@shape
class RotationMutations:
    """What may be done about whose turn it is."""

    @command
    async def rotation_establish(self, info: Info, input: RotationEstablishInput) -> RotationPayload:
        """Have organizations host in turn. The first turn is offered at once."""
        return await _answer(
            info,
            input,
            lambda work: Rotations(work).establish(
                code=input.code,
                names=names_from(input.names),
                members=[Member(organization=one.organization, region=one.region) for one in input.members],
                rule=input.rule,
                first_at=input.first_at,
                zone=input.zone,
                answer_days=input.answer_days,
            ),
        )

    @command
    async def rotation_join(self, info: Info, input: RotationJoinInput) -> RotationPayload:
        """Have an organization take its turns too, after those who are there."""
        return await _answer(
            info,
            input,
            lambda work: Rotations(work).join(_subject(input), organization=input.organization, region=input.region),
        )

    @command
    async def rotation_leave(self, info: Info, input: RotationLeaveInput) -> RotationPayload:
        """Have a member take no turns any more; what it accepted and is to come is offered again. Needs a reason."""
        return await _answer(
            info, input, lambda work: Rotations(work).leave(_subject(input), organization=input.organization)
        )

    @command
    async def rotation_offer(self, info: Info, input: RotationOfferInput) -> RotationPayload:
        """Offer a turn by hand. Without it the next is offered when a meeting concludes or is cancelled."""
        return await _answer(
            info,
            input,
            lambda work: Rotations(work).offer(
                _subject(input), turn=input.turn, organization=input.organization, answer_by=input.answer_by
            ),
        )

    @command
    async def rotation_accept(self, info: Info, input: RotationAcceptInput) -> RotationPayload:
        """Accept a turn: the member hosts it, and goes to the tail of the queue."""
        return await _answer(
            info,
            input,
            lambda work: Rotations(work).accept(_subject(input), turn=input.turn, organization=input.organization),
        )

    @command
    async def rotation_decline(self, info: Info, input: RotationDeclineInput) -> RotationPayload:
        """Decline a turn: the next member is asked, and this one keeps its place. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Rotations(work).decline(_subject(input), turn=input.turn, organization=input.organization),
        )

    @command
    async def rotation_skip(self, info: Info, input: RotationSkipInput) -> RotationPayload:
        """Take an offer back and ask the next member; the one skipped keeps its place. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Rotations(work).skip(_subject(input), turn=input.turn, organization=input.organization),
        )

    @command
    async def rotation_propose_swap(self, info: Info, input: RotationProposeSwapInput) -> RotationPayload:
        """Offer a turn for another member's. Nothing is exchanged before it consents."""
        return await _answer(
            info,
            input,
            lambda work: Rotations(work).propose_swap(
                _subject(input), organization=input.organization, turn=input.turn, for_turn=input.for_turn
            ),
        )

    @command
    async def rotation_consent_swap(self, info: Info, input: RotationConsentSwapInput) -> RotationPayload:
        """Consent to a swap: the two members exchange their turns, and their places in the queue."""
        return await _answer(info, input, lambda work: Rotations(work).consent_swap(_subject(input), swap=input.swap))

    @command
    async def rotation_end(self, info: Info, input: RotationEndInput) -> RotationPayload:
        """Offer no turns any more; what was accepted stands. Needs a reason."""
        return await _answer(info, input, lambda work: Rotations(work).end(_subject(input)))


def _subject(input: ChangeInput) -> UUID | str:
    return reference(input.id, "Rotation")
