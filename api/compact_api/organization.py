"""Organizations: the directory."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from compact_domain.organization import Organization as OrganizationAggregate
from compact_domain.organization import Organizations
from compact_domain.vocabulary import CompactStatus, OrganizationKind
from compact_projections.asking import Order
from compact_projections.organizations import OrganizationRow

from .commands import ChangeInput, CommandInput, Decision, Payload, give, reference
from .context import Info
from .fields import command, question
from .listing import Choice, CodeFilter, Direction, Listing, TextFilter, YesNo
from .moments import Asked
from .nodes import Names, NamesInput, Subject, names_from, names_of
from .paging import DEFAULT_PAGE, After, Connection, First
from .scalars import Code, RegionCode
from .shapes import described, enumeration, form, shape

enumeration(
    OrganizationKind,
    UN_ENTITY="An entity of the United Nations system.",
    INTERNATIONAL_ORGANIZATION="An international organization outside the United Nations.",
    REGIONAL_ORGANIZATION="A regional or sub-regional organization.",
    MEMBER_STATE="A Member State.",
    CIVIL_SOCIETY="A civil-society organization.",
    ACADEMIA="A university or research institution.",
    PRIVATE_SECTOR="A company or an association of them.",
)
enumeration(
    CompactStatus,
    MEMBER="A member of the Compact.",
    OBSERVER="An observer of the Compact.",
    NONE="Not part of the Compact.",
)


@shape
class Organization(Subject):
    """An organization of the directory."""

    row: strawberry.Private[OrganizationRow]

    @classmethod
    def aggregate_kind(cls) -> type[OrganizationAggregate]:
        return OrganizationAggregate

    @classmethod
    def row_kind(cls) -> type[OrganizationRow]:
        return OrganizationRow

    @question
    def code(self) -> Code:
        """Unique code."""
        return Code(self.row.code)

    @question
    def name(self) -> str:
        """Its name in English."""
        return self.row.name

    @question
    def names(self) -> Names:
        """Its name in the working languages."""
        return names_of(self.row.names)

    @question
    def kind(self) -> OrganizationKind:
        """What it is, whatever its place in the Compact."""
        return self.row.kind

    @question
    def compact_status(self) -> CompactStatus:
        """How it belongs to the Compact."""
        return self.row.compact_status

    @question
    def compact_status_since(self) -> date | None:
        """First day of that status, if known."""
        return self.row.compact_status_since

    @question
    def regions(self) -> list[RegionCode]:
        """Regions it works in or stands for."""
        return [RegionCode(region) for region in self.row.regions]

    @question
    def active(self) -> bool:
        """Whether it takes part; one that was deactivated takes no new part."""
        return self.row.active


@form
class OrganizationFilter:
    """Which organizations to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    name: TextFilter | None = described("Its English name.", default=None)
    kind: Choice[OrganizationKind] | None = described("What it is.", default=None)
    compact_status: Choice[CompactStatus] | None = described("How it belongs to the Compact.", default=None)
    regions: CodeFilter | None = described("Its regions.", default=None)
    active: YesNo | None = described("Whether it takes part.", default=None)


class OrganizationOrderField(Enum):
    """What organizations can be ordered by."""

    CODE = "code"
    NAME = "name"


enumeration(OrganizationOrderField, CODE="Its code.", NAME="Its English name.")


@form
class OrganizationOrder:
    """An order of organizations."""

    field: OrganizationOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


LISTING = Listing(OrganizationRow, default=(Order("code"),))


CodeArgument = Annotated[Code, strawberry.argument("Its code.")]
FilterArgument = Annotated[OrganizationFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[list[OrganizationOrder] | None, strawberry.argument("In which order; left out: by code.")]


@shape
class OrganizationQuestions(Asked):
    """Who is who."""

    @question
    async def organization(self, info: Info, code: CodeArgument) -> Organization | None:
        """One organization, by code."""
        asking = await self.asking(info)
        row = await info.context.one(asking, OrganizationRow, "code", code)
        return Organization.of(row, asking) if row else None

    @question
    async def organizations(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Organization]:
        """The directory of organizations."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: Organization.of(row, asking),
            where=LISTING.where(filter),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )


@form
class OrganizationRegisterInput(CommandInput):
    """An organization to take into the directory."""

    code: Code = described("Unique code.")
    names: NamesInput = described("Its name in the working languages.")
    kind: OrganizationKind = described("What it is.")
    compact_status: CompactStatus = described("How it belongs to the Compact.", default=CompactStatus.NONE)
    since: date | None = described("First day of that status, if known.", default=None)
    regions: list[RegionCode] = described("Regions it works in or stands for.", default_factory=list)


@form
class OrganizationRenameInput(ChangeInput):
    """A new name for an organization."""

    names: NamesInput = described("The new name; languages left out have none until it is given.")


@form
class OrganizationSetNamesInput(ChangeInput):
    """The name an organization has, in more languages or better in them."""

    names: NamesInput = described("Its name; the English one stays as it is.")


@form
class OrganizationSetRegionsInput(ChangeInput):
    """The regions of an organization."""

    regions: list[RegionCode] = described("All of its regions.")


@form
class OrganizationChangeCompactStatusInput(ChangeInput):
    """How an organization belongs to the Compact from a day on."""

    compact_status: CompactStatus = described("How it belongs to the Compact.")
    since: date | None = described("First day of that status; left out: the day the command counts from.", default=None)


@form
class OrganizationDeactivateInput(ChangeInput):
    """An organization that is to take no new part. Needs a reason."""


@form
class OrganizationReactivateInput(ChangeInput):
    """An organization that takes part again."""


@shape
class OrganizationPayload(Payload):
    """The organization after the command."""

    organization: Organization | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> OrganizationPayload:
    done = await give(info, input, decision)
    return OrganizationPayload(**done.told, organization=await done.seen(OrganizationRow, Organization.of))


@shape
class OrganizationMutations:
    """What may be done in the directory."""

    @command
    async def organization_register(self, info: Info, input: OrganizationRegisterInput) -> OrganizationPayload:
        """Take an organization into the directory."""
        return await _answer(
            info,
            input,
            lambda work: Organizations(work).register(
                code=input.code,
                names=names_from(input.names),
                kind=input.kind,
                compact_status=input.compact_status,
                since=input.since,
                regions=input.regions,
            ),
        )

    @command
    async def organization_rename(self, info: Info, input: OrganizationRenameInput) -> OrganizationPayload:
        """Give an organization another name."""
        return await _answer(
            info, input, lambda work: Organizations(work).rename(_subject(input), names=names_from(input.names))
        )

    @command
    async def organization_set_names(self, info: Info, input: OrganizationSetNamesInput) -> OrganizationPayload:
        """Give an organization's name in other languages."""
        return await _answer(
            info, input, lambda work: Organizations(work).set_names(_subject(input), names=names_from(input.names))
        )

    @command
    async def organization_set_regions(self, info: Info, input: OrganizationSetRegionsInput) -> OrganizationPayload:
        """Say which regions an organization works in or stands for."""
        return await _answer(
            info, input, lambda work: Organizations(work).set_regions(_subject(input), regions=input.regions)
        )

    @command
    async def organization_change_compact_status(
        self, info: Info, input: OrganizationChangeCompactStatusInput
    ) -> OrganizationPayload:
        """Say how an organization belongs to the Compact from a day on."""
        return await _answer(
            info,
            input,
            lambda work: Organizations(work).change_compact_status(
                _subject(input), compact_status=input.compact_status, since=input.since
            ),
        )

    @command
    async def organization_deactivate(self, info: Info, input: OrganizationDeactivateInput) -> OrganizationPayload:
        """Let an organization take no new part. Needs a reason."""
        return await _answer(info, input, lambda work: Organizations(work).deactivate(_subject(input)))

    @command
    async def organization_reactivate(self, info: Info, input: OrganizationReactivateInput) -> OrganizationPayload:
        """Let an organization take part again."""
        return await _answer(info, input, lambda work: Organizations(work).reactivate(_subject(input)))


def _subject(input: ChangeInput) -> UUID | str:
    return reference(input.id, "Organization")
