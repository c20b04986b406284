"""Involvement: which regional and civil-society organizations had a part in initiatives, in which stage; which none."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from compact_domain.initiative import PartnerRole, Stage
from compact_domain.vocabulary import OrganizationKind
from compact_projections.asking import Asking, Condition, Order, Where
from compact_projections.initiatives import InitiativeRow, PartnerRow
from compact_projections.involvement import INVOLVED, Involved, ever_involved, involvement
from compact_projections.organizations import OrganizationRow

from .context import Info
from .fields import question
from .ids import GlobalId
from .initiative import Initiative
from .listing import Choice, CodeFilter, Listing, YesNo
from .moments import Asked
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .scalars import Position
from .shapes import described, form, shape

LISTING = Listing(OrganizationRow, default=(Order("code"),))
PARTS = Listing(PartnerRow, default=(Order("joined_on"),))


@shape
class InvolvementPart:
    """An organization's part in one stage of one initiative."""

    row: strawberry.Private[PartnerRow]
    asking: strawberry.Private[Asking]
    role: PartnerRole = described("As what it takes part, or did.")
    joined_on: date = described("The day from which it does.")
    left_on: date | None = described("The day from which it does no more; null while it does.")

    @question
    async def initiative(self, info: Info) -> Initiative | None:
        """The initiative."""
        row = await info.context.one(self.asking, InitiativeRow, "id", self.row.initiative)
        return Initiative.of(row, self.asking) if row else None

    @question
    async def permalink(self, info: Info) -> strawberry.ID:
        """Global id of the initiative as it is at the moment of the answer; `node` shows it so for ever."""
        row = await info.context.one(self.asking, InitiativeRow, "id", self.row.initiative)
        key = row.code if row else self.row.initiative
        return GlobalId("Initiative", key, Position(self.asking.moment.position)).opaque


@shape
class StageInvolvement:
    """An organization's part in one stage of initiatives."""

    organization: strawberry.Private[str]
    asking: strawberry.Private[Asking]
    stage: Stage = described("The stage.")
    initiatives: int = described("In how many it takes part in that stage, or did.")

    @question
    async def parts(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[InvolvementPart]:
        """In which, by the day from which it does."""
        rows = await info.context.many(self.asking, PartnerRow, "organization", self.organization)
        own = (row for row in rows if row.stage is self.stage)
        return PARTS.page_of(own, node=lambda row: _part(row, self.asking), first=first, after=after)


def _part(row: PartnerRow, asking: Asking) -> InvolvementPart:
    return InvolvementPart(row=row, asking=asking, role=row.role, joined_on=row.joined_on, left_on=row.left_on)


@shape
class Involvement:
    """What part an organization has in initiatives, as far as the one who asks may know of them."""

    row: strawberry.Private[OrganizationRow]
    asking: strawberry.Private[Asking]

    @question
    def organization(self) -> Organization:
        """The organization."""
        return Organization.of(self.row, self.asking)

    @question
    async def stages(self, info: Info) -> list[StageInvolvement]:
        """Every stage, with those initiatives in which it had a part."""
        counted = (await self._involved(info)).by_stage
        return [
            StageInvolvement(
                organization=self.row.code, asking=self.asking, stage=stage, initiatives=counted.get(stage, 0)
            )
            for stage in Stage
        ]

    @question
    async def leads(self, info: Info) -> int:
        """How many initiatives it leads."""
        return (await self._involved(info)).leads

    @question
    async def never_involved(self, info: Info) -> bool:
        """Whether it had a part in no stage of any initiative, and leads none."""
        return (await self._involved(info)).never

    async def _involved(self, info: Info) -> Involved:
        async def load(codes: list[str]) -> list[Involved]:
            found = await involvement(self.asking, codes)
            return [found[code] for code in codes]

        return await info.context.loader(("involved", self.asking.moment.position), load).load(self.row.code)


@form
class InvolvementFilter:
    """Which organizations to show."""

    organization: CodeFilter | None = described("Its code.", default=None)
    kind: Choice[OrganizationKind] | None = described(
        "What it is; left out: a regional organization, or one of civil society.", default=None
    )
    region: CodeFilter | None = described("The regions it stands for, by their own codes.", default=None)
    active: YesNo | None = described("Whether it takes part in the Compact's work.", default=None)
    involved: YesNo | None = described(
        "Whether it ever had a part in a stage that `stage` keeps; without that, in any, or as the lead.", default=None
    )
    stage: Choice[Stage] | None = described("Stages that `involved` is about.", default=None)


FilterArgument = Annotated[InvolvementFilter | None, strawberry.argument("Which to show.")]


@shape
class InvolvementQuestions(Asked):
    """Who is asked, and who never was."""

    @question
    async def involvement(
        self, info: Info, filter: FilterArgument = None, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Involvement]:
        """In which stages of initiatives regional organizations and civil society have a part, by code."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: Involvement(row=row, asking=asking),
            where=_where(asking, filter or InvolvementFilter()),
            first=first,
            after=after,
        )


def _where(asking: Asking, filter: InvolvementFilter) -> list[Where]:
    stages = _kept(filter.stage)
    apart = {
        "involved": lambda given: ever_involved(asking, given.eq, stages),
        "stage": lambda _: asking.compose("true"),
    }
    where = LISTING.where(filter, {"organization": "code", "region": "regions"}, apart)
    if filter.kind is None:
        where.append(Condition("kind", "in", [kind.value for kind in INVOLVED]))
    return where


def _kept(given: Choice[Stage] | None) -> set[Stage] | None:
    if given is None:
        return None
    stages = set(Stage) if given.in_ is None else set(given.in_)
    return stages if given.eq is None else stages & {given.eq}
