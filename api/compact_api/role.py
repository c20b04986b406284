"""Roles: what was granted to whom. Shown to those who administer and audit, and to everybody his own."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry
from strawberry import UNSET

from compact_domain.kernel import Concerns, Role
from compact_domain.policy import may_read_personal
from compact_domain.role import Office, Roles, RolesOfPerson
from compact_projections.asking import Asking, Condition, Order
from compact_projections.roles import (
    RoleGrantRow,
    RoleHolderRow,
    RoleRevocationRow,
    where_in_force,
    where_revoked,
)

from .body import Body
from .commands import CommandInput, Decision, Payload, give
from .context import Info
from .fields import command, question
from .listing import Choice, CodeFilter, Direction, Listing, YesNo
from .moments import Asked
from .nodes import Subject
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .person import Person, PersonReference, person_meant
from .scalars import Code
from .shapes import described, enumeration, form, shape

GRANTS = Listing(RoleGrantRow, default=(Order("valid_from"), Order("version")), nullable=frozenset({"valid_until"}))


@shape
class GrantedRole:
    """A role as it was granted: with its limits, for an organization, for certain days."""

    row: strawberry.Private[RoleGrantRow]
    asking: strawberry.Private[Asking]

    @question
    async def holder(self, info: Info) -> RoleHolder | None:
        """Whom it was granted to."""
        return await RoleHolder.found(info, self.asking, self.row.holder)

    @question
    def role(self) -> Role:
        """What the person may be."""
        return self.row.role

    @question
    def scope(self) -> Code | None:
        """Code of the body or organization it is limited to; null for a role that is not limited."""
        return Code(self.row.scope) if self.row.scope else None

    @question
    async def body(self, info: Info) -> Body | None:
        """The body that a chair's role is limited to; null for other roles."""
        if self.row.role is not Role.WORKING_GROUP_CHAIR or self.row.scope is None:
            return None
        return await Body.found(info, self.asking, self.row.scope)

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that the person acts for with it, if any."""
        return await Organization.found(info, self.asking, self.row.organization) if self.row.organization else None

    @question
    def office(self) -> Office | None:
        """The office that it came with, and goes with; null for a role that was granted by itself."""
        return self.row.office

    @question
    def granted_on(self) -> date:
        """The day the grant counts from."""
        return self.row.granted_on

    @question
    def valid_from(self) -> date:
        """First day, in UTC."""
        return self.row.valid_from

    @question
    def valid_until(self) -> date | None:
        """Last day, in UTC; null: until it is revoked."""
        return self.row.valid_until

    @question
    async def revoked_on(self, info: Info) -> date | None:
        """The day its revocation counts from; null for one that was not revoked."""
        revocation = await self._revocation(info)
        return revocation.revoked_on if revocation else None

    @question
    async def in_force(self, info: Info) -> bool:
        """Whether it holds on the day of the answer: begun, not ended, not revoked."""
        return self.row.holds(self.asking.moment.today) and await self._revocation(info) is None

    async def _revocation(self, info: Info) -> RoleRevocationRow | None:
        found = await info.context.many(self.asking, RoleRevocationRow, "power", self.row.power)
        later = [row for row in found if row.version > self.row.version]
        return min(later, key=lambda row: row.version, default=None)


@shape
class RoleHolder(Subject):
    """A person with the roles that were ever granted to him or her. For the secretariat, auditors and oneself.

    A focal point's powers are not among them: they follow the confirmed focal point.
    """

    row: strawberry.Private[RoleHolderRow]

    @classmethod
    def aggregate_kind(cls) -> type[RolesOfPerson]:
        return RolesOfPerson

    @classmethod
    def row_kind(cls) -> type[RoleHolderRow]:
        return RoleHolderRow

    @classmethod
    async def found(cls, info: Info, asking: Asking, key: UUID | str) -> Self | None:
        row = await info.context.one(asking, RoleHolderRow, "id", key) if isinstance(key, UUID) else None
        if row is None or not may_read_personal(await info.context.actor(), _concerns(row)):
            return None
        return cls.of(row, asking)

    @question
    def person(self) -> Person:
        """Who it is."""
        return Person(subject=self.row.subject, asking=self.asking, concerns=_concerns(self.row))

    @question
    async def roles(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[GrantedRole]:
        """Every role that was granted, the earliest first."""
        rows = await info.context.many(self.asking, RoleGrantRow, "holder", self.row.id)
        return GRANTS.page_of(rows, node=lambda row: GrantedRole(row=row, asking=self.asking), first=first, after=after)


def _concerns(row: RoleHolderRow) -> Concerns:
    return Concerns(persons=frozenset({row.subject}))


@form
class RoleFilter:
    """Which grants of roles to show."""

    person: UUID | None = described("Subject id of whom it was granted to.", default=None)
    role: Choice[Role] | None = described("What the person may be.", default=None)
    scope: CodeFilter | None = described("The body or organization it is limited to.", default=None)
    organization: CodeFilter | None = described("The organization that the person acts for with it.", default=None)
    revoked: YesNo | None = described("Whether it was revoked.", default=None)
    in_force: YesNo | None = described("Whether it holds on the day of the answer.", default=None)


class RoleOrderField(Enum):
    """What grants of roles can be ordered by."""

    VALID_FROM = "valid_from"
    VALID_UNTIL = "valid_until"


enumeration(RoleOrderField, VALID_FROM="First day.", VALID_UNTIL="Last day; those without one come last.")


@form
class RoleOrder:
    """An order of grants of roles."""

    field: RoleOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


FilterArgument = Annotated[RoleFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[list[RoleOrder] | None, strawberry.argument("In which order; left out: by first day.")]


@shape
class RoleQuestions(Asked):
    """Who may what."""

    @question
    async def roles(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[GrantedRole]:
        """Every grant of a role, also of one that has ended: for the secretariat and auditors; for others, their own.

        A focal point's powers are not among them: they follow the confirmed focal point.
        """
        asking, actor = await self.asking(info), await info.context.actor()
        everybody = may_read_personal(actor, Concerns())
        where = GRANTS.where(
            filter,
            apart={
                "person": lambda subject: Condition("holder", "eq", RolesOfPerson.key(subject)),
                "revoked": lambda given: where_revoked(asking, given.eq),
                "in_force": lambda given: where_in_force(asking, given.eq),
            },
        )
        return await GRANTS.page(
            asking,
            node=lambda row: GrantedRole(row=row, asking=asking),
            where=where if everybody else [Condition("holder", "eq", RolesOfPerson.key(actor.id)), *where],
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )


@form
class RoleGrantInput(CommandInput):
    """A role to grant: a chair's for a body, a representative's or a committee member's for an organization."""

    person: PersonReference = described("Whom to grant it to.")
    role: Role = described("What the person may be. A focal point's role and a process's are never granted.")
    scope: Code | None = described("The body or organization it is limited to.", default=None)
    organization: Code | None = described(
        "The organization that the person acts for; left out: the one it is limited to.", default=None
    )
    valid_from: date | None = described("First day, in UTC; left out: the day the command counts from.", default=None)
    valid_until: date | None = described("Last day, in UTC; left out: until it is revoked.", default=None)
    expected_version: int | None = described(
        "The version of the person's roles that the client has seen; left out or null to do without.", default=None
    )


@form
class RoleRevokeInput(CommandInput):
    """A role that a person is to have no longer, nor on days to come. Needs a reason."""

    person: UUID = described("Subject id of whom it was granted to.")
    role: Role = described("What the person may be no longer.")
    scope: Code | None = described("The body or organization it is limited to.", default=None)
    expected_version: int | None = described(
        "The version of the person's roles that the client has seen; null to do without. It must be given one way or "
        "the other.",
        default=UNSET,
    )


@shape
class RolePayload(Payload):
    """The person's roles after the command."""

    holder: RoleHolder | None = described("Null if it cannot be seen yet, or not by the one who asks.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> RolePayload:
    done = await give(info, input, decision)
    return RolePayload(**done.told, holder=await done.seen(RoleHolderRow, RoleHolder.of))


@shape
class RoleMutations:
    """What may be done about roles."""

    @command
    async def role_grant(self, info: Info, input: RoleGrantInput) -> RolePayload:
        """Grant somebody a role."""
        return await _answer(
            info,
            input,
            lambda work: Roles(work).grant(
                person_meant(input.person),
                role=input.role,
                scope=input.scope,
                organization=input.organization,
                valid_from=input.valid_from,
                valid_until=input.valid_until,
            ),
        )

    @command
    async def role_revoke(self, info: Info, input: RoleRevokeInput) -> RolePayload:
        """Revoke a role that somebody was granted. Needs a reason."""
        return await _answer(
            info, input, lambda work: Roles(work).revoke(input.person, role=input.role, scope=input.scope)
        )
