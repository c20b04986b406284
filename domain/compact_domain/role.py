"""Roles: what a person may be in the Compact, granted and revoked by fact, with scope and dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from compact_domain.catalogue import EntryKind, require_entries
from compact_domain.kernel import (
    Aggregate,
    Code,
    Command,
    Commands,
    Concerns,
    NotFound,
    PersonDetails,
    Role,
    RoleHeld,
    RuleViolation,
    Starts,
    Value,
)
from compact_domain.organization import require_organization

RULES: Mapping[str, str] = {
    "role.not_grantable": "A focal point's powers follow the confirmed focal point, a process has none to give away.",
    "role.not_held": "Nobody grants a role that he does not hold himself, but for the administrator.",
    "role.scope": "A chair's role is limited to a body, a representative's and a committee member's to their own"
    " organization; the others are not limited.",
    "role.organization": "A person acts for one organization at a time.",
    "role.dates": "A role ends no earlier than it begins, and not before it is granted.",
    "role.held": "The role is held already, on days that the new grant shares.",
    "role.not_granted": "Only a role that was granted is revoked.",
    "role.by_appointment": "Powers that came with an office go with the release from it.",
    "role.administrator_open": "An administrator's role begins at once and has no end but its revocation.",
    "role.last_administrator": "The last administrator's role is not revoked.",
    "role.bootstrap": "The first administrator comes by bootstrap, once per database; the others are granted.",
}
CLAIMS: Mapping[str, str] = {}

NOT_GRANTABLE = frozenset({Role.REGIONAL_FOCAL_POINT, Role.PROCESS})
SCOPED_BY_ORGANIZATION = frozenset({Role.ENTITY_REPRESENTATIVE, Role.COMMITTEE_MEMBER})
SCOPED_BY_BODY = frozenset({Role.WORKING_GROUP_CHAIR})


class Office(StrEnum):
    """An office in a body. Each gives the powers of a chair of that body."""

    CHAIR = "chair"
    CO_CHAIR = "co_chair"
    VICE_CHAIR = "vice_chair"


class Grant(Value, frozen=True, kw_only=True):
    """A role as it was granted: with what limits, for which organization, for which days."""

    role: Annotated[Role, Meta(description="what the person may be")]
    scope: Annotated[Code | None, Meta(description="the body or organization the role is limited to")] = None
    organization: Annotated[Code | None, Meta(description="the organization that the person acts for")] = None
    valid_from: Annotated[date, Meta(description="first day, in UTC")]
    valid_until: Annotated[date | None, Meta(description="last day, in UTC; null: until revoked")] = None
    office: Annotated[Office | None, Meta(description="the office in the body that the role came with")] = None

    def holds(self, on: date) -> bool:
        return self.valid_from <= on <= (self.valid_until or date.max)

    def meets(self, other: Grant) -> bool:
        """Whether there is a day on which both hold."""
        return self.valid_from <= (other.valid_until or date.max) and other.valid_from <= (self.valid_until or date.max)

    def same_power(self, role: Role, scope: str | None, *, by_office: bool) -> bool:
        return (self.role, self.scope, self.office is not None) == (role, scope, by_office)


class Holding(StrEnum):
    """Whether a person was granted anything that is not revoked."""

    NONE = "none"
    SOME = "some"


MAY_START_FROM: Starts = {"grant": {Holding.NONE, Holding.SOME}, "revoke": {Holding.SOME}}


class RolesOfPerson(Aggregate):
    """The roles of one person, known by subject id."""

    TOPIC = "roles_of_person"
    MAY_START_FROM = MAY_START_FROM
    IS_REGISTER = True

    def __init__(self, *, subject: UUID) -> None:
        self.subject = subject
        self.grants: tuple[Grant, ...] = ()
        self.revoked: frozenset[tuple[Role, str | None, bool]] = frozenset()

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a person's roles."""

    @classmethod
    def key(cls, subject: UUID) -> UUID:
        """The id of a person's roles."""
        return cls.identify(str(subject))

    @property
    def state(self) -> str:
        return Holding.SOME if self.grants else Holding.NONE

    @property
    def sealed_under(self) -> UUID:
        return self.subject

    @classmethod
    def policy_noun(cls) -> str:
        return "role"

    def concerns(self) -> Concerns:
        organizations = frozenset(grant.organization for grant in self.grants if grant.organization)
        return Concerns(organizations=organizations, persons=frozenset({self.subject}))

    def held(self, on: date) -> tuple[RoleHeld, ...]:
        """The roles in force on a day (in UTC), each once."""
        held = (RoleHeld(role=grant.role, scope=grant.scope) for grant in self.grants if grant.holds(on))
        return tuple(dict.fromkeys(held))

    def organization(self, on: date) -> str | None:
        """The organization that the person acts for on a day."""
        return next((grant.organization for grant in self.grants if grant.organization and grant.holds(on)), None)

    def administers(self) -> bool:
        """Whether the person is an administrator."""
        return any(grant.role is Role.SECRETARIAT_ADMINISTRATOR for grant in self.grants)

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The person was first given a role."""

        TOPIC: ClassVar[str] = "role.person_entered"
        subject: Annotated[UUID, Meta(description="the person")]

    @classmethod
    def enter(cls, *, subject: UUID, cmd: Command) -> RolesOfPerson:
        return cls._begin(cls.Created(**cls._first(cls.key(subject), cmd), subject=subject))

    def grant(
        self,
        *,
        role: Role,
        cmd: Command,
        scope: str | None = None,
        organization: str | None = None,
        valid_from: date | None = None,
        valid_until: date | None = None,
        details_hash: str | None = None,
    ) -> None:
        if role in SCOPED_BY_ORGANIZATION:
            scope, organization = scope or organization, organization or scope
        grant = Grant(
            role=role,
            scope=scope,
            organization=organization,
            valid_from=valid_from or self._running_since(role, scope, cmd.effective) or cmd.effective,
            valid_until=valid_until,
        )
        if grant in self.grants:
            return
        self._may("grant", cmd)
        if role in NOT_GRANTABLE:
            raise RuleViolation("role.not_grantable", state=self.state, details={"role": role.value})
        if not cmd.by.holds(Role.SECRETARIAT_ADMINISTRATOR) and RoleHeld(role=role, scope=scope) not in cmd.by.roles:
            raise RuleViolation("role.not_held", state=self.state, details={"role": role.value})
        if role is Role.SECRETARIAT_ADMINISTRATOR and (grant.valid_from > cmd.today or valid_until):
            raise RuleViolation("role.administrator_open", state=self.state)
        self._grant(grant, details_hash=details_hash, cmd=cmd)

    def become_first_administrator(self, *, organization: str | None, cmd: Command) -> None:
        grant = Grant(role=Role.SECRETARIAT_ADMINISTRATOR, organization=organization, valid_from=cmd.effective)
        self._grant(grant, details_hash=None, cmd=cmd)

    def take_office(
        self, *, body: str, office: Office, organization: str, cmd: Command, details_hash: str | None = None
    ) -> None:
        """Have the powers of a chair in the body, for as long as the office is held."""
        grant = Grant(
            role=Role.WORKING_GROUP_CHAIR,
            scope=body,
            organization=organization,
            valid_from=cmd.effective,
            office=office,
        )
        self._grant(grant, details_hash=details_hash, cmd=cmd)

    def _running_since(self, role: Role, scope: str | None, on: date) -> date | None:
        running = (grant for grant in self.grants if grant.same_power(role, scope, by_office=False) and grant.holds(on))
        return next((grant.valid_from for grant in running), None)

    def _grant(self, grant: Grant, *, details_hash: str | None, cmd: Command) -> None:
        _require_scope(grant, state=self.state)
        if (grant.valid_until or date.max) < max(grant.valid_from, cmd.today):
            details = {"valid_from": grant.valid_from.isoformat(), "valid_until": str(grant.valid_until)}
            raise RuleViolation("role.dates", state=self.state, details=details)
        for standing in self.grants:
            if not standing.meets(grant):
                continue
            if standing.same_power(grant.role, grant.scope, by_office=grant.office is not None):
                details = {"valid_from": standing.valid_from.isoformat()}
                if standing.valid_until is not None:
                    details["valid_until"] = standing.valid_until.isoformat()
                raise RuleViolation("role.held", state=self.state, allowed=["role.revoke"], details=details)
            if standing.organization and grant.organization and standing.organization != grant.organization:
                details = {"organization": standing.organization}
                raise RuleViolation("role.organization", state=self.state, details=details)
        self._states(self.Granted(**self._next(cmd), grant=grant, details_hash=details_hash))

    class Granted(Event, frozen=True, kw_only=True):
        """The person was granted a role, or came by it with an office."""

        TOPIC: ClassVar[str] = "role.granted"
        grant: Annotated[Grant, Meta(description="role, limits, organization and days")]
        details_hash: Annotated[str | None, Meta(description="salted hash of the person's details as they were")] = None

        def apply(self, it: RolesOfPerson) -> None:
            it.grants = (*it.grants, self.grant)
            power = (self.grant.role, self.grant.scope, self.grant.office is not None)
            it.revoked -= {power}

    def revoke(self, *, role: Role, cmd: Command, scope: str | None = None) -> None:
        if (role, scope, False) in self.revoked:
            return
        self._may("revoke", cmd)
        if not any(grant.same_power(role, scope, by_office=False) for grant in self.grants):
            if any(grant.same_power(role, scope, by_office=True) for grant in self.grants):
                raise RuleViolation("role.by_appointment", state=self.state, allowed=["body.release_chair"])
            raise RuleViolation("role.not_granted", state=self.state, details={"role": role.value})
        self._states(self.Revoked(**self._next(cmd), role=role, scope=scope))

    def leave_office(self, *, body: str, cmd: Command) -> None:
        """Have the powers of a chair in the body no longer. What was granted beside the office stays."""
        if any(grant.same_power(Role.WORKING_GROUP_CHAIR, body, by_office=True) for grant in self.grants):
            self._states(
                self.Revoked(**self._next(cmd), role=Role.WORKING_GROUP_CHAIR, scope=body, came_with_office=True)
            )

    class Revoked(Event, frozen=True, kw_only=True):
        """The role is the person's no longer, nor on the days to come that were granted."""

        TOPIC: ClassVar[str] = "role.revoked"
        role: Annotated[Role, Meta(description="what the person may be no longer")]
        scope: Annotated[Code | None, Meta(description="the body or organization it was limited to")] = None
        came_with_office: Annotated[bool, Meta(description="whether it went with the release from an office")] = False

        def apply(self, it: RolesOfPerson) -> None:
            it.grants = tuple(
                grant
                for grant in it.grants
                if not grant.same_power(self.role, self.scope, by_office=self.came_with_office)
            )
            it.revoked |= {(self.role, self.scope, self.came_with_office)}


def _require_scope(grant: Grant, *, state: str) -> None:
    match grant.role:
        case role if role in SCOPED_BY_ORGANIZATION:
            fits = grant.scope is not None and grant.scope == grant.organization
        case role if role in SCOPED_BY_BODY:
            fits = grant.scope is not None and grant.organization is not None
        case _:
            fits = grant.scope is None
    if not fits:
        raise RuleViolation("role.scope", state=state, details={"role": grant.role.value})


class Administrators(Aggregate):
    """Who administers the service: one for each database, so that the last of them stays."""

    TOPIC = "administrators"
    IS_REGISTER = True

    def __init__(self, *, subject: UUID) -> None:
        self.subjects: frozenset[UUID] = frozenset({subject})

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to the administrators."""

    @classmethod
    def key(cls) -> UUID:
        """The id of the only one there is."""
        return cls.identify("ADMINISTRATORS")

    @property
    def state(self) -> str:
        return "appointed"

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The first administrator was named, from outside."""

        TOPIC: ClassVar[str] = "administrators.bootstrapped"
        subject: Annotated[UUID, Meta(description="the first administrator")]

    @classmethod
    def bootstrap(cls, *, subject: UUID, cmd: Command) -> Administrators:
        return cls._begin(cls.Created(**cls._first(cls.key(), cmd), subject=subject))

    def admit(self, *, subject: UUID, cmd: Command) -> None:
        if subject not in self.subjects:
            self._states(self.Admitted(**self._next(cmd), subject=subject))

    class Admitted(Event, frozen=True, kw_only=True):
        """One more person administers the service."""

        TOPIC: ClassVar[str] = "administrators.admitted"
        subject: Annotated[UUID, Meta(description="the new administrator")]

        def apply(self, it: Administrators) -> None:
            it.subjects |= {self.subject}

    def dismiss(self, *, subject: UUID, cmd: Command) -> None:
        if subject not in self.subjects:
            return
        if len(self.subjects) == 1:
            raise RuleViolation("role.last_administrator", state=self.state, allowed=["role.grant"])
        self._states(self.Dismissed(**self._next(cmd), subject=subject))

    class Dismissed(Event, frozen=True, kw_only=True):
        """One of the administrators is so no longer."""

        TOPIC: ClassVar[str] = "administrators.dismissed"
        subject: Annotated[UUID, Meta(description="the former administrator")]

        def apply(self, it: Administrators) -> None:
            it.subjects -= {self.subject}


class GivesRoles(Commands):
    """Commands that give roles to persons. One is named by subject id, or by details if not yet known."""

    def _named(self, person: UUID | PersonDetails) -> tuple[UUID, str | None]:
        """The person's subject id, and the hash of the details where these were given."""
        if isinstance(person, UUID):
            self._about(person)
            return person, None
        return self._person(person)

    def _roles_of(self, subject: UUID) -> RolesOfPerson:
        standing = self._find(RolesOfPerson, RolesOfPerson.key(subject))
        return standing or self._add(RolesOfPerson.enter(subject=subject, cmd=self._cmd))


class Roles(GivesRoles):
    """What may be asked about who may what."""

    def bootstrap(self, person: UUID, *, organization: str | None = None) -> RolesOfPerson:
        """Name the first administrator: once per database, and before any organization is registered."""
        self._about(person)
        self._allow(organizations=[organization], persons=[person])
        administrators = self._find(Administrators, Administrators.key())
        roles = self._find(RolesOfPerson, RolesOfPerson.key(person))
        if administrators is not None:
            if administrators.first.content() == {"subject": person} and roles is not None and roles.administers():
                return roles
            raise RuleViolation("role.bootstrap", state=administrators.state)
        self._add(Administrators.bootstrap(subject=person, cmd=self._cmd))
        roles = roles or self._add(RolesOfPerson.enter(subject=person, cmd=self._cmd))
        roles.become_first_administrator(organization=organization, cmd=self._cmd)
        return roles

    def grant(
        self,
        person: UUID | PersonDetails,
        *,
        role: Role,
        scope: str | None = None,
        organization: str | None = None,
        valid_from: date | None = None,
        valid_until: date | None = None,
    ) -> RolesOfPerson:
        subject, details_hash = self._named(person)
        self._allow(organizations=[organization], persons=[subject])
        if role in SCOPED_BY_ORGANIZATION:
            organization = organization or scope
        if organization is not None:
            require_organization(self._work, organization)
        if role in SCOPED_BY_BODY and scope is not None:
            require_entries(self._work, EntryKind.BODY, [scope], field="scope")
        if (standing := self._find(RolesOfPerson, RolesOfPerson.key(subject))) is not None:
            self._work.expects(standing)
        roles = standing or self._roles_of(subject)
        roles.grant(
            role=role,
            scope=scope,
            organization=organization,
            valid_from=valid_from,
            valid_until=valid_until,
            details_hash=details_hash,
            cmd=self._cmd,
        )
        if role is Role.SECRETARIAT_ADMINISTRATOR:
            administrators = self._find(Administrators, Administrators.key())
            if administrators is None:
                raise RuleViolation("role.bootstrap", state=roles.state)
            administrators.admit(subject=subject, cmd=self._cmd)
        return roles

    def revoke(self, person: UUID, *, role: Role, scope: str | None = None) -> RolesOfPerson:
        if self._find(RolesOfPerson, RolesOfPerson.key(person)) is None:
            raise NotFound(kind="RoleHolder", reference=str(person))
        roles = self._load(RolesOfPerson, RolesOfPerson.key(person))
        self._allow(organizations=[roles.organization(self._cmd.today)], persons=[person])
        if role is Role.SECRETARIAT_ADMINISTRATOR:
            self._get(Administrators, Administrators.key()).dismiss(subject=person, cmd=self._cmd)
        roles.revoke(role=role, scope=scope, cmd=self._cmd)
        return roles
