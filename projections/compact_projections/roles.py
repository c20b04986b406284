"""Roles: what was granted to whom, for which days and limits, and what of it was revoked."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID, uuid5

from msgspec.structs import replace
from psycopg import sql

from compact_domain.kernel import Role
from compact_domain.role import Office, RolesOfPerson
from compact_projections.asking import Asking
from compact_projections.kit import ReadModel, Recorded, Row, on


class RoleHolderRow(Row, frozen=True, kw_only=True):
    """A person who was ever granted a role."""

    TABLE: ClassVar[str] = "role_holder"
    OWNERS: ClassVar[tuple[str, str]] = ("", "subject")
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("subject",),)

    id: UUID
    version: int
    subject: UUID


class RoleHolders(ReadModel[RoleHolderRow]):
    """Persons with roles, now or formerly."""

    @on(RolesOfPerson.Created)
    def entered(self, fact: RolesOfPerson.Created, at: Recorded) -> RoleHolderRow:
        return RoleHolderRow(id=fact.originator_id, version=fact.originator_version, subject=fact.subject)

    @on(RolesOfPerson.Granted, RolesOfPerson.Revoked)
    def changed(self, row: RoleHolderRow, fact: RolesOfPerson.Event, at: Recorded) -> RoleHolderRow:
        return replace(row, version=fact.originator_version)


class RoleGrantRow(Row, frozen=True, kw_only=True):
    """A role as it was granted: `version` is the place of that in the person's history.

    `power` is what a revocation speaks of: the role, its scope, and whether it came with an office.
    """

    TABLE: ClassVar[str] = "role_grant"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("holder", "valid_from"),
        ("valid_from",),
        ("valid_until",),
        ("role", "valid_from"),
        ("scope", "valid_from"),
        ("organization", "valid_from"),
    )

    id: UUID
    holder: UUID
    power: UUID
    version: int
    granted_on: date
    role: Role
    scope: str | None
    organization: str | None
    valid_from: date
    valid_until: date | None
    office: Office | None

    def holds(self, on: date) -> bool:
        """Whether a day is one of those it was granted for."""
        return self.valid_from <= on <= (self.valid_until or date.max)


class RoleGrants(ReadModel[RoleGrantRow]):
    """Every grant of a role, also of one that was revoked since."""

    @on(RolesOfPerson.Granted, keys=lambda fact: (_own_id(fact),))
    def granted(self, fact: RolesOfPerson.Granted, at: Recorded) -> RoleGrantRow:
        grant = fact.grant
        return RoleGrantRow(
            id=_own_id(fact),
            holder=fact.originator_id,
            power=_power(fact.originator_id, grant.role, grant.scope, by_office=grant.office is not None),
            version=fact.originator_version,
            granted_on=fact.provenance.effective_on,
            role=grant.role,
            scope=grant.scope,
            organization=grant.organization,
            valid_from=grant.valid_from,
            valid_until=grant.valid_until,
            office=grant.office,
        )


class RoleRevocationRow(Row, frozen=True, kw_only=True):
    """That a power was revoked: it ends every grant of it that came before."""

    TABLE: ClassVar[str] = "role_revocation"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("power", "version"),)

    id: UUID
    power: UUID
    version: int
    revoked_on: date


class RoleRevocations(ReadModel[RoleRevocationRow]):
    """Every revocation of a role."""

    @on(RolesOfPerson.Revoked, keys=lambda fact: (_own_id(fact),))
    def revoked(self, fact: RolesOfPerson.Revoked, at: Recorded) -> RoleRevocationRow:
        return RoleRevocationRow(
            id=_own_id(fact),
            power=_power(fact.originator_id, fact.role, fact.scope, by_office=fact.came_with_office),
            version=fact.originator_version,
            revoked_on=fact.provenance.effective_on,
        )


def _own_id(fact: RolesOfPerson.Event) -> UUID:
    return uuid5(fact.originator_id, str(fact.originator_version))


def _power(holder: UUID, role: Role, scope: str | None, *, by_office: bool) -> UUID:
    return uuid5(holder, f"{role.value}:{scope or ''}:{by_office}")


def where_revoked(asking: Asking, revoked: bool) -> sql.Composed:
    """The condition on grants that they were revoked, or were not."""
    return asking.compose(
        "exists (select from {r}.role_revocation x"
        " where x.power = t.power and x.version > t.version and {stands}) = {revoked}",
        stands=asking.stands("x"),
        revoked=sql.Literal(revoked),
    )


def where_in_force(asking: Asking, in_force: bool) -> sql.Composed:
    """The condition on grants that they hold on the day of the answer: begun, not ended, not revoked; or do not."""
    return asking.compose(
        "(t.valid_from <= {today} and coalesce(t.valid_until >= {today}, true) and {unrevoked}) = {in_force}",
        today=sql.Literal(asking.moment.today),
        unrevoked=where_revoked(asking, False),
        in_force=sql.Literal(in_force),
    )
