"""Bodies: who sits in them, who leads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self
from uuid import UUID

import strawberry

from compact_domain.body import Bodies, Membership
from compact_domain.body import Body as BodyAggregate
from compact_domain.catalogue import BodyKind, Entry, EntryKind
from compact_domain.kernel import Concerns
from compact_domain.policy import decide
from compact_domain.role import Office
from compact_projections.asking import Asking, Condition, Order
from compact_projections.bodies import BodyMemberRow, BodyOfficerRow, BodyRow, where_sits
from compact_projections.catalogue import CatalogueEntryRow

from .catalogue import LISTING, BodyEntry, CatalogueOrder, OrderArgument, WorkingGroup
from .commands import ChangeInput, Decision, Payload, give, reference
from .context import Info
from .fields import command, question
from .listing import Choice, CodeFilter, Listing, TextFilter, YesNo
from .moments import Asked
from .nodes import ENGLISH, Language, Names, Subject, named, names_of
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .person import Person, PersonReference, person_meant
from .problems import mutation_name
from .scalars import Code
from .shapes import described, enumeration, form, shape
from .trail import TrailEntry, history_of

enumeration(
    Membership,
    MEMBER="Takes part in decisions.",
    OBSERVER="Comments, and does not object.",
)
enumeration(
    Office,
    CHAIR="Leads the body; there is one.",
    CO_CHAIR="Leads the body together with others.",
    VICE_CHAIR="Leads the body in the chair's place.",
)

MEMBERS = Listing(BodyMemberRow, default=(Order("organization"),))


@shape
class Officer:
    """Somebody who leads a body, and so has the powers of a chair in it."""

    row: strawberry.Private[BodyOfficerRow]
    asking: strawberry.Private[Asking]
    person: Person = described("Who it is. The name is shown to those who sit in the body too.")

    @question
    def office(self) -> Office:
        """Chair, co-chair or vice-chair."""
        return self.row.office

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The member that the person comes from."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def since(self) -> date:
        """First day of the office."""
        return self.row.office_since


@shape
class BodyMember:
    """An organization that sits in a body."""

    row: strawberry.Private[BodyMemberRow]
    asking: strawberry.Private[Asking]

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Which organization."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def membership(self) -> Membership:
        """As member or as observer."""
        return self.row.membership

    @question
    def since(self) -> date:
        """First day on which it sits there as what it is now."""
        return self.row.member_since


@shape
class Body(Subject):
    """A body of the Compact: its entry in the catalogue, with those who sit in it and lead it.

    `version`, `history` and `allowedCommands` speak of members and officers; for the entry's own see `entry`.
    """

    row: strawberry.Private[CatalogueEntryRow]

    @classmethod
    def aggregate_kind(cls) -> type[BodyAggregate]:
        return BodyAggregate

    @classmethod
    def row_kind(cls) -> type[CatalogueEntryRow]:
        return CatalogueEntryRow

    @classmethod
    async def found(cls, info: Info, asking: Asking, key: UUID | str) -> Self | None:
        row = await info.context.one(asking, CatalogueEntryRow, "id", Entry.key(EntryKind.BODY, str(key)))
        return None if row is None else cls.of(row, asking)

    @property
    def key(self) -> UUID:
        """The id of the body's own history."""
        return BodyAggregate.identify(self.row.code)

    @question
    async def version(self, info: Info) -> int:  # type: ignore[override]  # the schema awaits what has to be awaited
        """How many facts its history had at the moment: what `expectedVersion` is held against. 0 before the first."""
        row = await info.context.one(self.asking, BodyRow, "id", self.key)
        return row.version if row else 0

    @question
    async def history(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[TrailEntry]:
        """Everything that happened to its members and officers up to the moment, from the first fact on."""
        return await history_of(self.asking, self.key, first=first, after=after)

    @question
    async def allowed_commands(self, info: Info) -> list[str]:
        """The mutations that the one who asks might give now, as the rules' own guards say; of a past moment: then."""
        actor, concerns = await info.context.actor(), await self._concerns(info)
        verbs = BodyAggregate.verbs(retired=self.row.retired)
        return [mutation_name(f"body.{verb}") for verb in verbs if decide(actor, f"body.{verb}", concerns)]

    @question
    async def entry(self) -> BodyEntry:
        """Its entry in the catalogue of bodies: what it is called is said there."""
        return BodyEntry.of(self.row, self.asking)

    @question
    def code(self) -> Code:
        """Code, unique among bodies."""
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
    def kind(self) -> BodyKind | None:
        """What it is."""
        return self.row.body_kind

    @question
    def retired(self) -> bool:
        """Whether it was retired in the catalogue: nobody joins it or is appointed in it any more."""
        return self.row.retired

    @question
    async def working_group(self, info: Info) -> WorkingGroup | None:
        """The working group of the same code; null if it is another kind of body."""
        return await WorkingGroup.coded(info, self.asking, self.row.code)

    @question
    async def chair(self, info: Info) -> Officer | None:
        """Who leads it; null while the chair is vacant."""
        return next(iter(await self._officers(info, Office.CHAIR)), None)

    @question
    async def co_chairs(self, info: Info) -> list[Officer]:
        """Who leads it together, the longest in office first."""
        return await self._officers(info, Office.CO_CHAIR)

    @question
    async def vice_chairs(self, info: Info) -> list[Officer]:
        """Who leads it in the chair's place, the longest in office first."""
        return await self._officers(info, Office.VICE_CHAIR)

    @question
    async def members(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[BodyMember]:
        """The organizations that sit in it, members and observers, by code."""
        rows = await info.context.many(self.asking, BodyMemberRow, "body", self.key)
        return MEMBERS.page_of(rows, node=lambda row: BodyMember(row=row, asking=self.asking), first=first, after=after)

    async def _officers(self, info: Info, office: Office) -> list[Officer]:
        rows = await info.context.many(self.asking, BodyOfficerRow, "body", self.key)
        concerns = await self._concerns(info)
        return [
            Officer(
                row=row, asking=self.asking, person=Person(subject=row.person, asking=self.asking, concerns=concerns)
            )
            for row in _longest_first(rows)
            if row.office is office
        ]

    async def _concerns(self, info: Info) -> Concerns:
        members = await info.context.many(self.asking, BodyMemberRow, "body", self.key)
        officers = await info.context.many(self.asking, BodyOfficerRow, "body", self.key)
        return Concerns(
            organizations=frozenset(row.organization for row in members),
            bodies=frozenset({self.row.code}),
            persons=frozenset(row.person for row in officers),
        )


def _longest_first(rows: Sequence[BodyOfficerRow]) -> list[BodyOfficerRow]:
    return sorted(rows, key=lambda row: (row.office_since, row.id))


@form
class BodyFilter:
    """Which bodies to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    name: TextFilter | None = described("Its English name.", default=None)
    kind: Choice[BodyKind] | None = described("What it is.", default=None)
    retired: YesNo | None = described("Whether it was retired in the catalogue.", default=None)
    member: Code | None = described("An organization that sits in it, as member or observer.", default=None)


FilterArgument = Annotated[BodyFilter | None, strawberry.argument("Which to show; left out: all.")]


@shape
class BodyQuestions(Asked):
    """Who decides."""

    @question
    async def bodies(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Body]:
        """The bodies of the Compact, those retired included, with who sits in them and who leads them."""
        asking = await self.asking(info)
        where = LISTING.where(filter, {"kind": "body_kind"}, {"member": lambda code: where_sits(asking, code)})
        return await LISTING.page(
            asking,
            node=lambda row: Body.of(row, asking),
            where=[Condition("kind", "eq", EntryKind.BODY.value), *where],
            order_by=CatalogueOrder.columns(order_by),
            first=first,
            after=after,
        )


@form
class BodyAppointChairInput(ChangeInput):
    """Somebody to lead a body. An office in a body gives the powers of a chair of it."""

    person: PersonReference = described("Who it is.")
    organization: Code = described("The member of the body that the person comes from.")
    office: Office = described("As what.", default=Office.CHAIR)


@form
class BodyReleaseChairInput(ChangeInput):
    """Somebody who is to lead a body no longer. The powers of the office end with it."""

    person: UUID = described("Subject id of who is released.")


@form
class BodyJoinInput(ChangeInput):
    """An organization that is to sit in a body, or to sit there as something else."""

    organization: Code = described("Which organization.")
    membership: Membership = described("As member or as observer.", default=Membership.MEMBER)


@form
class BodyLeaveInput(ChangeInput):
    """An organization that is to sit in a body no longer."""

    organization: Code = described("Which organization.")


@shape
class BodyPayload(Payload):
    """The body after the command."""

    body: Body | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: ChangeInput, decision: Decision) -> BodyPayload:
    done = await give(info, input, decision)
    entry = Entry.key(EntryKind.BODY, str(_subject(input)))
    return BodyPayload(**done.told, body=await done.seen(CatalogueEntryRow, Body.of, key=entry))


@shape
class BodyMutations:
    """What may be done about bodies."""

    @command
    async def body_appoint_chair(self, info: Info, input: BodyAppointChairInput) -> BodyPayload:
        """Have somebody lead a body, as chair, co-chair or vice-chair."""
        return await _answer(
            info,
            input,
            lambda work: Bodies(work).appoint_chair(
                _subject(input),
                person=person_meant(input.person),
                organization=input.organization,
                office=input.office,
            ),
        )

    @command
    async def body_release_chair(self, info: Info, input: BodyReleaseChairInput) -> BodyPayload:
        """Release somebody from the office held in a body."""
        return await _answer(info, input, lambda work: Bodies(work).release_chair(_subject(input), person=input.person))

    @command
    async def body_join(self, info: Info, input: BodyJoinInput) -> BodyPayload:
        """Have an organization sit in a body, as member or as observer."""
        return await _answer(
            info,
            input,
            lambda work: Bodies(work).join(
                _subject(input), organization=input.organization, membership=input.membership
            ),
        )

    @command
    async def body_leave(self, info: Info, input: BodyLeaveInput) -> BodyPayload:
        """Have an organization sit in a body no longer."""
        return await _answer(
            info, input, lambda work: Bodies(work).leave(_subject(input), organization=input.organization)
        )


def _subject(input: ChangeInput) -> UUID | str:
    return reference(input.id, "Body")
