"""Catalogues: regions, working groups, frameworks with their clauses, and the names of bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Annotated, ClassVar, Self, TypeVar, cast
from uuid import UUID

import strawberry

from compact_domain.catalogue import BodyKind, Catalogue, Catalogued, Entry, EntryKind, Translation
from compact_domain.kernel import InvalidInput
from compact_projections.asking import Asking, Condition, Order
from compact_projections.catalogue import CatalogueEntryRow, countries_within

from .commands import ChangeInput, CommandInput, Decision, Payload, give, reference
from .context import Info
from .fields import command, question
from .ids import GlobalId
from .listing import Choice, CodeFilter, Direction, Listing, TextFilter, YesNo
from .moments import Asked
from .nodes import ENGLISH, Language, Names, NamesInput, Subject, named, names_from, names_of
from .paging import DEFAULT_PAGE, After, Connection, First
from .scalars import CODE, Code, CountryCode, RegionCode
from .shapes import described, enumeration, form, interface, shape
from .text import Cursor

if TYPE_CHECKING:
    from .body import Body

enumeration(
    EntryKind,
    REGION="Regions of the world, each with its countries and the region it lies in.",
    WORKING_GROUP="Working groups of the Compact.",
    BODY="Bodies: the Coordination Committee, the working groups as bodies that decide, each rotation.",
    FRAMEWORK="Frameworks that the work rests on: resolutions, the joint programme of work, decisions.",
    CLAUSE="Clauses of frameworks.",
)
enumeration(
    BodyKind,
    COORDINATION_COMMITTEE="The committee of all members of the Compact.",
    WORKING_GROUP="A working group of the Compact.",
    ROTATION="Organizations that host a series of meetings in turn.",
)
enumeration(
    Catalogued,
    WHOLE="All clauses of the framework are held: one that nothing refers to is a gap.",
    PART="Only some clauses of the framework are held: what is missing here may be missing in the catalogue only.",
)
enumeration(
    Translation,
    PUBLIC="The names in other languages are those of public documents.",
    WORKING="The names in other languages are a working translation of ours, and official nowhere.",
)

LISTING = Listing(CatalogueEntryRow, default=(Order("code"),))


@interface
class CatalogueEntry(Subject):
    """A line of a catalogue. Codes are unique within their catalogue."""

    row: strawberry.Private[CatalogueEntryRow]
    KIND: ClassVar[EntryKind]

    @classmethod
    def aggregate_kind(cls) -> type[Entry]:
        return Entry

    @classmethod
    def row_kind(cls) -> type[CatalogueEntryRow]:
        return CatalogueEntryRow

    @classmethod
    async def found(cls, info: Info, asking: Asking, key: UUID | str) -> Self | None:
        return await cls.coded(info, asking, str(key))

    @classmethod
    async def coded(cls, info: Info, asking: Asking, code: str | None) -> Self | None:
        """The entry of this catalogue that a code names; None for no code, and where there is none."""
        if code is None:
            return None
        row = await info.context.one(asking, CatalogueEntryRow, "id", Entry.key(cls.KIND, code))
        return None if row is None else cls.of(row, asking)

    @classmethod
    async def coded_all(cls, info: Info, asking: Asking, codes: Iterable[str]) -> list[Self]:
        """The entries of this catalogue that codes name, in their order; asked for together."""
        found = await asyncio.gather(*(cls.coded(info, asking, code) for code in codes))
        return [entry for entry in found if entry is not None]

    @question
    def code(self) -> Code:
        """Code, unique within its catalogue."""
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
    def translations(self) -> Translation | None:
        """Where its names in other languages than English come from, if that is known."""
        return self.row.translations

    @question
    def source(self) -> str | None:
        """Where the entry was taken from."""
        return self.row.source

    @question
    def added_on(self) -> date:
        """The day from which it stands in its catalogue."""
        return self.row.added_on

    @question
    def retired(self) -> bool:
        """Whether it is put to no new use; what was said with it stands."""
        return self.row.retired

    @question
    def retired_on(self) -> date | None:
        """The day from which it is put to no new use; null while it is."""
        return self.row.retired_on


@shape
class Region(CatalogueEntry):
    """A region of the world. `GLOBAL` meets every other."""

    KIND = EntryKind.REGION

    @question
    def m49(self) -> str | None:
        """Its number in the standard M49 of the United Nations, if it has one there."""
        return self.row.m49

    @question
    async def parent(self, info: Info) -> Region | None:
        """The region that it lies in; null at the top."""
        return await Region.coded(info, self.asking, self.row.parent)

    @question
    async def children(self, info: Info) -> list[Region]:
        """The regions that lie in it directly, by code."""
        rows = await info.context.many(self.asking, CatalogueEntryRow, "parent", self.row.code)
        return [Region.of(row, self.asking) for row in sorted(rows, key=_code)]

    @question
    async def countries(self, info: Info) -> list[CountryCode]:
        """Its countries, those of the regions that lie in it included; of `GLOBAL`, the countries of all regions."""

        async def load(codes: list[str]) -> list[list[str]]:
            found = await countries_within(self.asking, codes)
            return [found.get(code, []) for code in codes]

        loader = info.context.loader(("countries", self.asking.moment.position), load)
        return [CountryCode(country) for country in await loader.load(self.row.code)]


@shape
class WorkingGroup(CatalogueEntry):
    """A working group of the Compact."""

    KIND = EntryKind.WORKING_GROUP

    @question
    async def body(self, info: Info) -> Annotated[Body, strawberry.lazy(".body")] | None:
        """The working group as a body: who leads it, who sits in it."""
        from .body import Body

        return await Body.found(info, self.asking, self.row.code)


@shape
class Framework(CatalogueEntry):
    """A document that the work of the Compact rests on. It says whether all of its clauses are held here."""

    KIND = EntryKind.FRAMEWORK

    @question
    def symbol(self) -> str:
        """How documents cite it: `A/RES/77/298`."""
        return cast("str", self.row.symbol)

    @question
    def adopted_on(self) -> str | None:
        """When it was adopted: a day, `2023-06-22`, or a month where the day is not known, `2025-02`."""
        return self.row.adopted_on

    @question
    def adopted_by(self) -> str | None:
        """Who adopted it, in words."""
        return self.row.adopted_by

    @question
    async def body(self, info: Info) -> Annotated[Body, strawberry.lazy(".body")] | None:
        """The catalogued body that adopted it; null if none of them did."""
        from .body import Body

        return await Body.found(info, self.asking, self.row.body) if self.row.body else None

    @question
    def catalogued(self) -> Catalogued:
        """Whether all of its clauses are held here, or some: then what is missing may be missing here only."""
        return cast("Catalogued", self.row.catalogued)

    @question
    def clauses_total(self) -> int | None:
        """How many clauses the document has; null where they are not numbered."""
        return self.row.clauses_total

    @question
    async def clauses_held(self, info: Info) -> int:
        """How many of its clauses are held here, retired ones included."""
        return len(await info.context.many(self.asking, CatalogueEntryRow, "framework", self.row.code))

    @question
    async def clauses(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Clause]:
        """Its clauses that are held here, by code. Whether these are all, `catalogued` says."""
        rows = await info.context.many(self.asking, CatalogueEntryRow, "framework", self.row.code)
        return LISTING.page_of(rows, node=lambda row: Clause.of(row, self.asking), first=first, after=after)


@shape
class Clause(CatalogueEntry):
    """A clause of a framework: what recommendations, gaps and initiatives refer to."""

    KIND = EntryKind.CLAUSE

    @question
    def symbol(self) -> str | None:
        """How documents cite it: `Action 23 (c)`; null where it has no number."""
        return self.row.symbol

    @question
    async def framework(self, info: Info) -> Framework | None:
        """The framework it belongs to."""
        return await Framework.coded(info, self.asking, self.row.framework)


@shape
class BodyEntry(CatalogueEntry):
    """The entry of a body in its catalogue: what it is and how it is called. Who sits in it, `body` says."""

    KIND = EntryKind.BODY

    @question
    def kind(self) -> BodyKind:
        """What the body is."""
        return cast("BodyKind", self.row.body_kind)

    @question
    async def body(self, info: Info) -> Annotated[Body, strawberry.lazy(".body")] | None:
        """The body itself: who leads it, who sits in it."""
        from .body import Body

        return await Body.found(info, self.asking, self.row.code)


CATALOGUES: tuple[type[CatalogueEntry], ...] = (Region, WorkingGroup, Framework, Clause, BodyEntry)
"""Every kind of entry."""


def entry(row: CatalogueEntryRow, asking: Asking) -> CatalogueEntry:
    """The node that a row makes: a region of a region's, and so on."""
    return next(kind for kind in CATALOGUES if kind.KIND is row.kind).of(row, asking)


def _code(row: CatalogueEntryRow) -> str:
    return row.code


@form
class RegionFilter:
    """Which regions to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    name: TextFilter | None = described("Its English name.", default=None)
    parent: CodeFilter | None = described("The region it lies in directly.", default=None)
    retired: YesNo | None = described("Whether it is put to no new use.", default=None)


@form
class WorkingGroupFilter:
    """Which working groups to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    name: TextFilter | None = described("Its English name.", default=None)
    retired: YesNo | None = described("Whether it is put to no new use.", default=None)


@form
class FrameworkFilter:
    """Which frameworks to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    name: TextFilter | None = described("Its English name.", default=None)
    symbol: TextFilter | None = described("How documents cite it.", default=None)
    body: CodeFilter | None = described("The body that adopted it.", default=None)
    catalogued: Choice[Catalogued] | None = described("Whether all of its clauses are held here.", default=None)
    retired: YesNo | None = described("Whether it is put to no new use.", default=None)


class CatalogueOrderField(Enum):
    """What entries of a catalogue can be ordered by."""

    CODE = "code"
    NAME = "name"


enumeration(CatalogueOrderField, CODE="Its code.", NAME="Its English name.")


@form
class CatalogueOrder:
    """An order of entries of a catalogue."""

    field: CatalogueOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)

    @staticmethod
    def columns(order_by: list[CatalogueOrder] | None) -> list[tuple[str, Direction]]:
        """The columns to order by, with their direction."""
        return [(o.field.value, o.direction) for o in order_by or []]


RegionFilterArgument = Annotated[RegionFilter | None, strawberry.argument("Which to show; left out: all.")]
GroupFilterArgument = Annotated[WorkingGroupFilter | None, strawberry.argument("Which to show; left out: all.")]
FrameworkFilterArgument = Annotated[FrameworkFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[list[CatalogueOrder] | None, strawberry.argument("In which order; left out: by code.")]

E = TypeVar("E", bound=CatalogueEntry)


async def _listed(
    asking: Asking,
    kind: type[E],
    filter: object | None,
    order_by: list[CatalogueOrder] | None,
    first: int,
    after: Cursor | None,
) -> Connection[E]:
    return await LISTING.page(
        asking,
        node=lambda row: kind.of(row, asking),
        where=[Condition("kind", "eq", kind.KIND.value), *LISTING.where(filter)],
        order_by=CatalogueOrder.columns(order_by),
        first=first,
        after=after,
    )


@shape
class CatalogueQuestions(Asked):
    """What the catalogues hold. An answer as of a moment reads the catalogues of that moment."""

    @question
    async def regions(
        self,
        info: Info,
        filter: RegionFilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Region]:
        """The regions of the catalogue, those put to no new use included."""
        return await _listed(await self.asking(info), Region, filter, order_by, first, after)

    @question
    async def working_groups(
        self,
        info: Info,
        filter: GroupFilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[WorkingGroup]:
        """The working groups of the catalogue, those put to no new use included."""
        return await _listed(await self.asking(info), WorkingGroup, filter, order_by, first, after)

    @question
    async def frameworks(
        self,
        info: Info,
        filter: FrameworkFilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Framework]:
        """The frameworks of the catalogue with their clauses, those put to no new use included."""
        return await _listed(await self.asking(info), Framework, filter, order_by, first, after)


@form
class CatalogueAddEntryInput(CommandInput):
    """An entry to take into a catalogue. What may be said of it depends on the catalogue."""

    kind: EntryKind = described("The catalogue.")
    code: Code = described("Code, unique within the catalogue.")
    names: NamesInput = described("Its name in the working languages.")
    parent: RegionCode | None = described("Of a region: the region it lies in.", default=None)
    countries: list[CountryCode] = described("Of a region: its countries.", default_factory=list)
    m49: str | None = described("Of a region: its number in the standard M49, three digits.", default=None)
    body_kind: BodyKind | None = described("Of a body: what it is. Needed.", default=None)
    framework: Code | None = described("Of a clause: the framework it belongs to. Needed.", default=None)
    symbol: str | None = described(
        "Of a framework or clause: how documents cite it. Needed for a framework.", default=None
    )
    adopted_on: str | None = described(
        "Of a framework: the day of its adoption, `2023-06-22`, or the month, `2025-02`.", default=None
    )
    adopted_by: str | None = described("Of a framework: who adopted it, in words.", default=None)
    body: Code | None = described("Of a framework: the catalogued body that adopted it, if one did.", default=None)
    catalogued: Catalogued | None = described(
        "Of a framework: whether all of its clauses will be held here. Needed.", default=None
    )
    clauses_total: int | None = described(
        "Of a framework: how many clauses the document has. Needed for one that is catalogued whole.", default=None
    )
    source: str | None = described("Where the entry was taken from.", default=None)
    translations: Translation | None = described("Where its names in other languages come from.", default=None)


@form
class EntryChangeInput(ChangeInput):
    """What comes with a command to an entry of a catalogue."""

    kind: EntryKind | None = described(
        "The catalogue in which a code is looked up; needed with a code, since codes are unique within a catalogue.",
        default=None,
    )


@form
class CatalogueRenameEntryInput(EntryChangeInput):
    """Other names for an entry of a catalogue."""

    names: NamesInput = described("All of its names; languages left out have none until it is given.")
    translations: Translation | None = described("Where its names in other languages come from.", default=None)


@form
class CatalogueRetireEntryInput(EntryChangeInput):
    """An entry of a catalogue that is to be put to no new use. Needs a reason."""


@shape
class CataloguePayload(Payload):
    """The entry after the command."""

    entry: CatalogueEntry | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> CataloguePayload:
    done = await give(info, input, decision)
    return CataloguePayload(**done.told, entry=await done.seen(CatalogueEntryRow, entry))


@shape
class CatalogueMutations:
    """What may be done in the catalogues."""

    @command
    async def catalogue_add_entry(self, info: Info, input: CatalogueAddEntryInput) -> CataloguePayload:
        """Take an entry into a catalogue."""
        return await _answer(
            info,
            input,
            lambda work: Catalogue(work).add_entry(
                kind=input.kind,
                code=input.code,
                names=names_from(input.names),
                parent=input.parent,
                countries=input.countries,
                m49=input.m49,
                body_kind=input.body_kind,
                framework=input.framework,
                symbol=input.symbol,
                adopted_on=input.adopted_on,
                adopted_by=input.adopted_by,
                body=input.body,
                catalogued=input.catalogued,
                clauses_total=input.clauses_total,
                source=input.source,
                translations=input.translations,
            ),
        )

    @command
    async def catalogue_rename_entry(self, info: Info, input: CatalogueRenameEntryInput) -> CataloguePayload:
        """Give an entry of a catalogue other names, all of them anew."""
        return await _answer(
            info,
            input,
            lambda work: Catalogue(work).rename_entry(
                _named_by(input), names=names_from(input.names), translations=input.translations
            ),
        )

    @command
    async def catalogue_retire_entry(self, info: Info, input: CatalogueRetireEntryInput) -> CataloguePayload:
        """Have an entry of a catalogue put to no new use; what was said with it stands. Needs a reason."""
        return await _answer(info, input, lambda work: Catalogue(work).retire_entry(_named_by(input)))


def _named_by(input: EntryChangeInput) -> str:
    """The entry that an input names by global id, or by code and catalogue. `InvalidInput`."""
    if input.kind is None:
        if CODE.fullmatch(input.id):
            raise InvalidInput(fields=[("kind", "must be given with a code")])
        said = GlobalId.parse(input.id).kind
        kinds = [kind for kind in CATALOGUES if kind.__name__ == said]
    else:
        kinds = [kind for kind in CATALOGUES if kind.KIND is input.kind]
    if not kinds:
        raise InvalidInput(fields=[("id", f"is the id of a {said}, not of an entry of a catalogue")])
    return f"{kinds[0].KIND}:{reference(input.id, kinds[0].__name__)}"
