"""Focal points: who speaks for whom, where and until when, and where nobody does."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from compact_domain.focal_point import FocalPoint as FocalPointAggregate
from compact_domain.focal_point import FocalPoints, FocalPointState, OpenItem
from compact_domain.kernel import Concerns, NotFound, Role
from compact_domain.policy import may_read_personal
from compact_projections.asking import Asking, Order, Where
from compact_projections.focal_points import FocalPointRow, Vacancy, count_vacancies, in_state, vacancies

from .catalogue import Region, WorkingGroup
from .commands import ChangeInput, CommandInput, Decision, Payload, PersonInput, details, give, reference
from .context import Info
from .fields import command, question
from .listing import Choice, CodeFilter, DateFilter, Direction, Listing, codes
from .moments import Asked
from .nodes import Subject
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First, connection, page
from .paging import Order as Keyset
from .person import Person
from .scalars import Code, RegionCode
from .shapes import described, enumeration, form, shape

enumeration(
    FocalPointState,
    NOMINATED="Named, and not confirmed yet.",
    CONFIRMED="Confirmed; has the powers while the term runs.",
    TERM_ENDED="Confirmed once; the last day of the term has passed.",
    VACATED="Confirmed once; left before the end of the term, and nobody followed.",
    HANDED_OVER="Confirmed once; a successor has taken over.",
    DECLINED="Named, and not confirmed: the person or the secretariat said no.",
)

LISTING = Listing(FocalPointRow, default=(Order("organization"), Order("starts_on", descending=True)))


@shape
class MovedItem:
    """A piece of open work that went to a successor."""

    kind: str = described("What it is: the kind of thing it lies in, such as `rotation` or `registration`.")
    reference: str = described("Code or id of the thing.")
    item: str | None = described("Which item there; null: the thing itself.")


@shape
class HandOver:
    """How a focal point's function went to a successor, in one step."""

    row: strawberry.Private[FocalPointRow]
    asking: strawberry.Private[Asking]

    @question
    async def successor(self, info: Info) -> FocalPoint | None:
        """Who followed."""
        return await FocalPoint.found(info, self.asking, self.row.successor) if self.row.successor else None

    @question
    def handed_over_at(self) -> datetime | None:
        """When it was recorded."""
        return self.row.handed_over_at

    @question
    async def moved(self, info: Info) -> list[MovedItem] | None:
        """The open work that went along; null if it is not for the one who asks."""
        if not may_read_personal(await info.context.actor(), _concerns(self.row)):
            return None
        return [_moved(item) for item in self.row.moves]


def _moved(item: OpenItem) -> MovedItem:
    return MovedItem(kind=item.kind, reference=item.reference, item=item.item)


def _concerns(row: FocalPointRow) -> Concerns:
    return Concerns(organizations=frozenset({row.organization}), persons=frozenset({row.subject, *row.alternates}))


@shape
class FocalPoint(Subject):
    """A person who speaks for an organization in its regions for a term.

    That a region is filled, and until when, is for everybody. By whom is for the organization itself, the secretariat
    and auditors, and, while it is confirmed, for the focal points of other organizations.
    """

    row: strawberry.Private[FocalPointRow]

    @classmethod
    def aggregate_kind(cls) -> type[FocalPointAggregate]:
        return FocalPointAggregate

    @classmethod
    def row_kind(cls) -> type[FocalPointRow]:
        return FocalPointRow

    @classmethod
    async def found(cls, info: Info, asking: Asking, key: UUID | str) -> Self | None:
        return await super().found(info, asking, key) if isinstance(key, UUID) else None  # it has no code

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization spoken for."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    async def regions(self, info: Info) -> list[Region]:
        """The regions spoken for; `GLOBAL` alone: all."""
        return await Region.coded_all(info, self.asking, self.row.regions)

    @question
    async def working_groups(self, info: Info) -> list[WorkingGroup]:
        """The working groups followed."""
        return await WorkingGroup.coded_all(info, self.asking, self.row.working_groups)

    @question
    def state(self) -> FocalPointState:
        """How it stands. A term that is over has ended, recorded or not."""
        return self.row.state_on(self.asking.moment.today)

    @question
    def acts(self) -> bool:
        """Whether it has its powers on the day of the answer: confirmed, and in its term."""
        return self.row.acts_on(self.asking.moment.today)

    @question
    def starts_on(self) -> date:
        """First day of the term, in UTC."""
        return self.row.starts_on

    @question
    def ends_on(self) -> date:
        """Last day of the term, in UTC."""
        return self.row.ends_on

    @question
    def person(self) -> Person:
        """Who it is."""
        return self._person(self.row.subject)

    @question
    def alternates(self) -> list[Person]:
        """Who else acts for the regions, with the same powers but over the function itself."""
        return [self._person(alternate) for alternate in self.row.alternates]

    def _person(self, subject: UUID) -> Person:
        confirmed = self.row.state_on(self.asking.moment.today) is FocalPointState.CONFIRMED
        return Person(
            subject=subject,
            asking=self.asking,
            concerns=_concerns(self.row),
            met_by=frozenset({Role.REGIONAL_FOCAL_POINT}) if confirmed else frozenset(),
        )

    @question
    async def nomination_letter(self, info: Info) -> str | None:
        """Reference of the nomination letter; null if there was none, or it is not for the one who asks."""
        may = may_read_personal(await info.context.actor(), _concerns(self.row))
        return self.row.nomination_letter if may else None

    @question
    def nominated_on(self) -> date:
        """The day of the nomination, or of the hand-over that it came with."""
        return self.row.nominated_on

    @question
    def confirmed_on(self) -> date | None:
        """The day of the confirmation; null if it was not confirmed."""
        return self.row.confirmed_on

    @question
    def ended_on(self) -> date | None:
        """The day it left, handed over, or was last in its term; null while it goes on, or if it never began."""
        over = self.row.state_on(self.asking.moment.today) is FocalPointState.TERM_ENDED
        return self.row.ended_on or (self.row.ends_on if over else None)

    @question
    async def predecessor(self, info: Info) -> FocalPoint | None:
        """Who handed over to it; null if nobody did."""
        return await FocalPoint.found(info, self.asking, self.row.succeeds) if self.row.succeeds else None

    @question
    def hand_over(self) -> HandOver | None:
        """How it went to a successor; null if it did not."""
        return HandOver(row=self.row, asking=self.asking) if self.row.successor else None


@shape
class FocalPointVacancy:
    """A region in which nobody has the powers of an organization's focal point on the day of the answer.

    One is expected wherever a regional organization that takes part stands for a region, and wherever an organization
    had one before. A focal point for all regions counts in each.
    """

    vacancy: strawberry.Private[Vacancy]
    asking: strawberry.Private[Asking]
    since: date | None = described("The last day on which somebody had the powers; null: nobody ever had.")
    nominations: int = described("Nominations that wait to be confirmed.")
    filled_from: date | None = described("First day of a term that is confirmed and to come; null: none is.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that nobody speaks for."""
        return await Organization.found(info, self.asking, self.vacancy.organization)

    @question
    async def region(self, info: Info) -> Region | None:
        """The region in which nobody does."""
        return await Region.coded(info, self.asking, self.vacancy.region)


@form
class FocalPointFilter:
    """Which focal points to show."""

    organization: CodeFilter | None = described("The organization spoken for.", default=None)
    region: CodeFilter | None = described("The regions spoken for, by their own codes.", default=None)
    working_group: CodeFilter | None = described("The working groups followed.", default=None)
    state: Choice[FocalPointState] | None = described("How it stands on the day of the answer.", default=None)
    ends_on: DateFilter | None = described("Last day of the term.", default=None)


@form
class FocalPointVacancyFilter:
    """Which vacancies to show."""

    organization: CodeFilter | None = described("The organization that nobody speaks for.", default=None)
    region: CodeFilter | None = described("The region in which nobody does.", default=None)


class FocalPointOrderField(Enum):
    """What focal points can be ordered by."""

    ORGANIZATION = "organization"
    STARTS_ON = "starts_on"
    ENDS_ON = "ends_on"


enumeration(
    FocalPointOrderField,
    ORGANIZATION="The code of the organization spoken for.",
    STARTS_ON="First day of the term.",
    ENDS_ON="Last day of the term.",
)


@form
class FocalPointOrder:
    """An order of focal points."""

    field: FocalPointOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


FilterArgument = Annotated[FocalPointFilter | None, strawberry.argument("Which to show; left out: all.")]
VacancyFilterArgument = Annotated[FocalPointVacancyFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[
    list[FocalPointOrder] | None, strawberry.argument("In which order; left out: by organization, the latest first.")
]
VACANT = Keyset("focal_point_vacancy", ("organization asc", str), ("region asc", str))


@shape
class FocalPointQuestions(Asked):
    """Who speaks for whom."""

    @question
    async def focal_points(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[FocalPoint]:
        """Everybody who was ever named to speak for an organization in its regions."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: FocalPoint.of(row, asking),
            where=_where(asking, filter),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )

    @question
    async def focal_point_vacancies(
        self, info: Info, filter: VacancyFilterArgument = None, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[FocalPointVacancy]:
        """Where nobody speaks for an organization on the day of the answer, by organization and region."""
        asking = await self.asking(info)
        wanted = page(VACANT, first, after)
        organizations = codes(filter.organization) if filter and filter.organization else None
        regions = codes(filter.region) if filter and filter.region else None
        found = await vacancies(
            asking, organizations=organizations, regions=regions, after=wanted.after, limit=wanted.limit
        )

        async def count() -> int:
            return await count_vacancies(asking, organizations=organizations, regions=regions)

        return connection(
            found,
            wanted,
            node=lambda vacancy: FocalPointVacancy(
                vacancy=vacancy,
                asking=asking,
                since=vacancy.since,
                nominations=vacancy.nominations,
                filled_from=vacancy.filled_from,
            ),
            key=lambda vacancy: (vacancy.organization, vacancy.region),
            count=count,
        )


def _where(asking: Asking, filter: FocalPointFilter | None) -> list[Where]:
    def standing(given: Choice[FocalPointState]) -> Where:
        kept = set(FocalPointState)
        if given.eq is not None:
            kept &= {given.eq}
        if given.in_ is not None:
            kept &= set(given.in_)
        return in_state(asking, kept)

    named = {"region": "regions", "working_group": "working_groups"}
    return LISTING.where(filter, named, apart={"state": standing})


@form
class FocalPointNominateInput(CommandInput):
    """Somebody to speak for an organization in its regions."""

    organization: strawberry.ID = described("The organization to speak for, by global id or by code.")
    expected_version: int | None = described(
        "The version of the organization that the client has seen; null to do without. It must be given one way or the"
        " other.",
        default=UNSET,
    )
    person: PersonInput = described("Who it is.")
    regions: list[RegionCode] = described("The regions to speak for, or `GLOBAL` alone.")
    working_groups: list[Code] = described("The working groups to follow.", default_factory=list)
    nomination_letter: str = described("Reference of the nomination letter.")
    starts_on: date = described("First day of the term, in UTC.")
    ends_on: date = described("Last day of the term, in UTC.")


@form
class FocalPointConfirmInput(ChangeInput):
    """A nomination to confirm."""


@form
class FocalPointDeclineInput(ChangeInput):
    """A nomination that is to come to nothing. Needs a reason."""


@form
class FocalPointDesignateAlternateInput(ChangeInput):
    """Somebody to act for the regions too."""

    person: PersonInput = described("Who it is.")


@form
class FocalPointRemoveAlternateInput(ChangeInput):
    """An alternate who is to act for the regions no more."""

    alternate: UUID = described("Subject id of the alternate.")


@form
class FocalPointUpdateContactInput(ChangeInput):
    """How a focal point is reached from now on. The person stays the same."""

    person: PersonInput = described("All details anew.")


@form
class FocalPointExtendTermInput(ChangeInput):
    """A later end of a term."""

    ends_on: date = described("Last day of the term, in UTC.")


@form
class FocalPointHandOverInput(ChangeInput):
    """Somebody to take over the function of a focal point, with its open work."""

    successor: PersonInput = described("Who follows.")
    nomination_letter: str | None = described("Reference of the letter that names the successor.", default=None)
    ends_on: date | None = described(
        "Last day of the successor's term, in UTC; left out: that of the present one.", default=None
    )


@form
class FocalPointVacateInput(ChangeInput):
    """A focal point who leaves before the end of the term. Needs a reason."""


@shape
class FocalPointPayload(Payload):
    """The focal point after the command; of a hand-over, the one who hands over."""

    focal_point: FocalPoint | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> FocalPointPayload:
    done = await give(info, input, decision)
    return FocalPointPayload(**done.told, focal_point=await done.seen(FocalPointRow, FocalPoint.of))


@shape
class FocalPointMutations:
    """What may be done about who speaks for whom."""

    @command
    async def focal_point_nominate(self, info: Info, input: FocalPointNominateInput) -> FocalPointPayload:
        """Name somebody to speak for an organization in its regions."""
        return await _answer(
            info,
            input,
            lambda work: FocalPoints(work).nominate(
                reference(input.organization, "Organization", field="organization"),
                person=details(input.person),
                regions=input.regions,
                working_groups=input.working_groups,
                nomination_letter=input.nomination_letter,
                starts_on=input.starts_on,
                ends_on=input.ends_on,
            ),
        )

    @command
    async def focal_point_confirm(self, info: Info, input: FocalPointConfirmInput) -> FocalPointPayload:
        """Confirm a nomination: an organization has one confirmed focal point in a region."""
        return await _answer(info, input, lambda work: FocalPoints(work).confirm(_subject(input)))

    @command
    async def focal_point_decline(self, info: Info, input: FocalPointDeclineInput) -> FocalPointPayload:
        """Let a nomination come to nothing. Needs a reason."""
        return await _answer(info, input, lambda work: FocalPoints(work).decline(_subject(input)))

    @command
    async def focal_point_designate_alternate(
        self, info: Info, input: FocalPointDesignateAlternateInput
    ) -> FocalPointPayload:
        """Let somebody else act for the regions too."""
        return await _answer(
            info,
            input,
            lambda work: FocalPoints(work).designate_alternate(_subject(input), person=details(input.person)),
        )

    @command
    async def focal_point_remove_alternate(
        self, info: Info, input: FocalPointRemoveAlternateInput
    ) -> FocalPointPayload:
        """Let an alternate act for the regions no more."""
        return await _answer(
            info, input, lambda work: FocalPoints(work).remove_alternate(_subject(input), alternate=input.alternate)
        )

    @command
    async def focal_point_update_contact(self, info: Info, input: FocalPointUpdateContactInput) -> FocalPointPayload:
        """Say how a focal point is reached from now on."""
        return await _answer(
            info, input, lambda work: FocalPoints(work).update_contact(_subject(input), person=details(input.person))
        )

    @command
    async def focal_point_extend_term(self, info: Info, input: FocalPointExtendTermInput) -> FocalPointPayload:
        """Let a term end later."""
        return await _answer(
            info, input, lambda work: FocalPoints(work).extend_term(_subject(input), ends_on=input.ends_on)
        )

    @command
    async def focal_point_hand_over(self, info: Info, input: FocalPointHandOverInput) -> FocalPointPayload:
        """Give the function and its open work to a successor, who is confirmed at once; alternates stay."""
        return await _answer(
            info,
            input,
            lambda work: FocalPoints(work).hand_over(
                _subject(input),
                successor=details(input.successor),
                nomination_letter=input.nomination_letter,
                ends_on=input.ends_on,
            ),
        )

    @command
    async def focal_point_vacate(self, info: Info, input: FocalPointVacateInput) -> FocalPointPayload:
        """Leave before the end of the term, without a successor. Needs a reason."""
        return await _answer(info, input, lambda work: FocalPoints(work).vacate(_subject(input)))


def _subject(input: ChangeInput) -> UUID:
    """The focal point that an id names. Focal points have no code: `NotFound` for one."""
    found = reference(input.id, "FocalPoint")
    if isinstance(found, str):
        raise NotFound(kind="FocalPoint", reference=found)
    return found
