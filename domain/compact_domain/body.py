"""Bodies: the Coordination Committee, the working groups, each rotation; who sits in them and who leads them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, cast
from uuid import UUID

from msgspec import Meta

from compact_domain.catalogue import BodyKind, Entry, EntryKind, require_entries
from compact_domain.kernel import (
    Aggregate,
    Code,
    Command,
    Concerns,
    NotFound,
    PersonDetails,
    RuleViolation,
    Starts,
    Value,
)
from compact_domain.organization import require_organization
from compact_domain.role import GivesRoles, Office

RULES: Mapping[str, str] = {
    "body.chair_taken": "A body has one chair; the present one is released before another is appointed.",
    "body.one_office": "A person holds one office in a body; it is left before another is taken.",
    "body.officer_of_member": "A body's chair, co-chairs and vice-chairs come from organizations that are its members.",
    "body.not_in_office": "Only who holds an office in the body is released from it.",
    "body.not_in_body": "Only an organization that is in the body leaves it.",
    "body.rotation": "Who sits in a rotation is who stands in its queue: there organizations join, and leave.",
}
CLAIMS: Mapping[str, str] = {}


class Membership(StrEnum):
    """How an organization sits in a body."""

    MEMBER = "member"
    OBSERVER = "observer"


class Officer(Value, frozen=True, kw_only=True):
    """A person who holds an office in a body, and the organization he or she comes from."""

    office: Annotated[Office, Meta(description="chair, co-chair or vice-chair")]
    organization: Annotated[Code, Meta(description="the member that the person comes from")]


class BodyState(StrEnum):
    """Bodies are made and retired in the catalogue; here they only go on."""

    ESTABLISHED = "established"


ESTABLISHED = {BodyState.ESTABLISHED}
MAY_START_FROM: Starts = {
    "appoint_chair": ESTABLISHED,
    "release_chair": ESTABLISHED,
    "join": ESTABLISHED,
    "leave": ESTABLISHED,
}
ADDS = frozenset({"appoint_chair", "join"})
"""Verbs that put a body to new use: not of one that was retired in the catalogue."""


class Body(Aggregate):
    """A body of the Compact, known by the code of its entry in the catalogue."""

    TOPIC = "body"
    MAY_START_FROM = MAY_START_FROM
    IS_REGISTER = True

    def __init__(self, *, code: str) -> None:
        self.code = code
        self.members: dict[str, Membership] = {}
        self.officers: dict[UUID, Officer] = {}
        self.former_members: frozenset[str] = frozenset()
        self.former_officers: frozenset[UUID] = frozenset()

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a body."""

    @property
    def state(self) -> str:
        return BodyState.ESTABLISHED

    def concerns(self) -> Concerns:
        return Concerns(
            organizations=frozenset(self.members), bodies=frozenset({self.code}), persons=frozenset(self.officers)
        )

    @classmethod
    def verbs(cls, *, retired: bool) -> tuple[str, ...]:
        """The verbs that may start of a body, begun or not, whose entry in the catalogue was retired or not."""
        return tuple(verb for verb in MAY_START_FROM if not (retired and verb in ADDS))

    @property
    def chair(self) -> UUID | None:
        return next((person for person, officer in self.officers.items() if officer.office is Office.CHAIR), None)

    def is_member(self, organization: str | None) -> bool:
        """Whether the organization takes part in decisions: an observer comments, and does not object."""
        return organization is not None and self.members.get(organization) is Membership.MEMBER

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The catalogued body began to have members and officers."""

        TOPIC: ClassVar[str] = "body.established"
        code: Annotated[Code, Meta(description="code of its entry in the catalogue of bodies")]

    @classmethod
    def establish(cls, *, code: str, cmd: Command) -> Body:
        return cls._begin(cls.Created(**cls._first(cls.identify(code), cmd), code=code))

    def join(self, *, organization: str, cmd: Command, membership: Membership = Membership.MEMBER) -> None:
        if self.members.get(organization) is membership:
            return
        self._may("join", cmd)
        if membership is not Membership.MEMBER:
            self._require_no_officer(organization)
        self._states(self.Joined(**self._next(cmd), organization=organization, membership=membership))

    class Joined(Event, frozen=True, kw_only=True):
        """The organization sits in the body from now on, as a member or as an observer, whatever it was before."""

        TOPIC: ClassVar[str] = "body.joined"
        organization: Annotated[Code, Meta(description="who joined")]
        membership: Annotated[Membership, Meta(description="as member or observer")]

        def apply(self, it: Body) -> None:
            it.members = {**it.members, self.organization: self.membership}

    def leave(self, *, organization: str, cmd: Command) -> None:
        if organization not in self.members and organization in self.former_members:
            return
        self._may("leave", cmd)
        if organization not in self.members:
            raise RuleViolation("body.not_in_body", state=self.state, details={"organization": organization})
        self._require_no_officer(organization)
        self._states(self.Left(**self._next(cmd), organization=organization))

    class Left(Event, frozen=True, kw_only=True):
        """The organization sits in the body no longer."""

        TOPIC: ClassVar[str] = "body.left"
        organization: Annotated[Code, Meta(description="who left")]

        def apply(self, it: Body) -> None:
            it.members = {code: membership for code, membership in it.members.items() if code != self.organization}
            it.former_members |= {self.organization}

    def appoint(
        self, *, person: UUID, organization: str, office: Office, cmd: Command, details_hash: str | None = None
    ) -> None:
        officer = Officer(office=office, organization=organization)
        if self.officers.get(person) == officer:
            return
        self._may("appoint_chair", cmd)
        if present := self.officers.get(person):
            details = {"office": present.office.value, "organization": present.organization}
            raise RuleViolation("body.one_office", state=self.state, allowed=["body.release_chair"], details=details)
        if not self.is_member(organization):
            raise RuleViolation(
                "body.officer_of_member",
                state=self.state,
                allowed=["body.join"],
                details={"organization": organization},
            )
        if office is Office.CHAIR and (chair := self.chair):
            details = {"organization": self.officers[chair].organization}
            raise RuleViolation("body.chair_taken", state=self.state, allowed=["body.release_chair"], details=details)
        self._states(self.Appointed(**self._next(cmd), person=person, officer=officer, details_hash=details_hash))

    class Appointed(Event, frozen=True, kw_only=True):
        """The person leads the body, alone, with others, or in the chair's place."""

        TOPIC: ClassVar[str] = "body.chair_appointed"
        person: Annotated[UUID, Meta(description="subject id of who was appointed")]
        officer: Annotated[Officer, Meta(description="office, and organization the person comes from")]
        details_hash: Annotated[str | None, Meta(description="salted hash of the person's details as they were")] = None

        def apply(self, it: Body) -> None:
            it.officers = {**it.officers, self.person: self.officer}

    def release(self, *, person: UUID, cmd: Command) -> None:
        if person not in self.officers and person in self.former_officers:
            return
        self._may("release_chair", cmd)
        if person not in self.officers:
            raise RuleViolation("body.not_in_office", state=self.state, allowed=["body.appoint_chair"])
        self._states(self.Released(**self._next(cmd), person=person, officer=self.officers[person]))

    class Released(Event, frozen=True, kw_only=True):
        """The person leads the body no longer."""

        TOPIC: ClassVar[str] = "body.chair_released"
        person: Annotated[UUID, Meta(description="subject id of who was released")]
        officer: Annotated[Officer, Meta(description="the office held until then, and for which organization")]

        def apply(self, it: Body) -> None:
            it.officers = {person: officer for person, officer in it.officers.items() if person != self.person}
            it.former_officers |= {self.person}

    def _require_no_officer(self, organization: str) -> None:
        count = sum(officer.organization == organization for officer in self.officers.values())
        if count:
            details: dict[str, str | int] = {"organization": organization, "officers": count}
            raise RuleViolation(
                "body.officer_of_member", state=self.state, allowed=["body.release_chair"], details=details
            )


class Bodies(GivesRoles):
    """What may be asked of bodies. A body is named by the code of its entry in the catalogue, or by id.

    Who leads a body has the powers of a chair of it: they are granted with the appointment and revoked with the
    release, in the same transaction.
    """

    def appoint_chair(
        self,
        body: UUID | str,
        *,
        person: UUID | PersonDetails,
        organization: str,
        office: Office = Office.CHAIR,
    ) -> Body:
        subject, details_hash = self._named(person)
        code = self._code(body)
        self._allow(organizations=[organization], bodies=[code], persons=[subject])
        require_entries(self._work, EntryKind.BODY, [code], field="body")
        require_organization(self._work, organization)
        it = self._body(code)
        before = it.version
        it.appoint(person=subject, organization=organization, office=office, details_hash=details_hash, cmd=self._cmd)
        if it.version > before:
            self._roles_of(subject).take_office(
                body=code, office=office, organization=organization, details_hash=details_hash, cmd=self._cmd
            )
        return it

    def release_chair(self, body: UUID | str, *, person: UUID) -> Body:
        self._about(person)
        code = self._code(body)
        self._allow(bodies=[code], persons=[person])
        it = self._body(code)
        it.release(person=person, cmd=self._cmd)
        self._roles_of(person).leave_office(body=code, cmd=self._cmd)
        return it

    def join(self, body: UUID | str, *, organization: str, membership: Membership = Membership.MEMBER) -> Body:
        code = self._code(body)
        self._allow(organizations=[organization], bodies=[code])
        entry = require_entries(self._work, EntryKind.BODY, [code], field="body")[0]
        self._require_no_rotation(entry)
        require_organization(self._work, organization)
        it = self._body(code)
        it.join(organization=organization, membership=membership, cmd=self._cmd)
        return it

    def leave(self, body: UUID | str, *, organization: str) -> Body:
        code = self._code(body)
        self._allow(organizations=[organization], bodies=[code])
        self._require_no_rotation(self._get(Entry, Entry.key(EntryKind.BODY, code)))
        it = self._body(code)
        it.leave(organization=organization, cmd=self._cmd)
        return it

    def _require_no_rotation(self, entry: Entry) -> None:
        """Refuse to change who sits in a rotation behind its back: its members are those that stand in its queue."""
        if cast("Entry.Created", entry.first).body_kind is BodyKind.ROTATION:
            raise RuleViolation(
                "body.rotation", allowed=["rotation.join", "rotation.leave"], details={"body": entry.code}
            )

    def _code(self, reference: UUID | str) -> str:
        """The code of a catalogued body that is named by it, by its own id or by that of its entry. `NotFound`."""
        key = Entry.key(EntryKind.BODY, reference) if isinstance(reference, str) else reference
        entry = self._find(Entry, key)
        if entry is not None and entry.kind is EntryKind.BODY:
            return entry.code
        if isinstance(reference, UUID) and (body := self._find(Body, reference)) is not None:
            return body.code
        raise NotFound(kind="Body", reference=str(reference))

    def _body(self, code: str) -> Body:
        """The body's history, which begins with the first thing said of it."""
        if self._find(Body, code) is not None:
            return self._load(Body, code)
        self._about(Body.identify(code))
        return self._add(Body.establish(code=code, cmd=self._cmd))
