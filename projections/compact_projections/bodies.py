"""Bodies: who sits in them and who leads them, since when. What a body is called stands in the catalogue."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID, uuid5

from msgspec.structs import replace
from psycopg import sql

from compact_domain.body import Body, Membership
from compact_domain.role import Office
from compact_projections.asking import Asking
from compact_projections.kit import ReadModel, Recorded, Row, on


class BodyRow(Row, frozen=True, kw_only=True):
    """A body that has begun to have members and officers."""

    TABLE: ClassVar[str] = "body"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("code",),)

    id: UUID
    version: int
    code: str


class Bodies(ReadModel[BodyRow]):
    """Bodies with a history of their own."""

    @on(Body.Created)
    def established(self, fact: Body.Created, at: Recorded) -> BodyRow:
        return BodyRow(id=fact.originator_id, version=fact.originator_version, code=fact.code)

    @on(Body.Joined, Body.Left, Body.Appointed, Body.Released)
    def changed(self, row: BodyRow, fact: Body.Event, at: Recorded) -> BodyRow:
        return replace(row, version=fact.originator_version)


class BodyMemberRow(Row, frozen=True, kw_only=True):
    """An organization that sits in a body."""

    TABLE: ClassVar[str] = "body_member"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("body", "organization"), ("organization", "body"))

    id: UUID
    body: UUID
    organization: str
    membership: Membership
    member_since: date


def _seat(fact: Body.Joined | Body.Left) -> tuple[UUID]:
    return (uuid5(fact.originator_id, fact.organization),)


class BodyMembers(ReadModel[BodyMemberRow]):
    """Who sits in which body."""

    @on(Body.Joined, keys=_seat)
    def joined(self, fact: Body.Joined, at: Recorded) -> BodyMemberRow:
        return BodyMemberRow(
            id=_seat(fact)[0],
            body=fact.originator_id,
            organization=fact.organization,
            membership=fact.membership,
            member_since=fact.provenance.effective_on,
        )

    @on(Body.Left, keys=_seat)
    def left(self, row: BodyMemberRow, fact: Body.Left, at: Recorded) -> None:
        return None


class BodyOfficerRow(Row, frozen=True, kw_only=True):
    """A person who leads a body, alone, with others, or in the chair's place."""

    TABLE: ClassVar[str] = "body_officer"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("body", "office"),)

    id: UUID
    body: UUID
    person: UUID
    office: Office
    organization: str
    office_since: date


def _office(fact: Body.Appointed | Body.Released) -> tuple[UUID]:
    return (uuid5(fact.originator_id, str(fact.person)),)


class BodyOfficers(ReadModel[BodyOfficerRow]):
    """Who leads which body."""

    @on(Body.Appointed, keys=_office)
    def appointed(self, fact: Body.Appointed, at: Recorded) -> BodyOfficerRow:
        return BodyOfficerRow(
            id=_office(fact)[0],
            body=fact.originator_id,
            person=fact.person,
            office=fact.officer.office,
            organization=fact.officer.organization,
            office_since=fact.provenance.effective_on,
        )

    @on(Body.Released, keys=_office)
    def released(self, row: BodyOfficerRow, fact: Body.Released, at: Recorded) -> None:
        return None


def where_sits(asking: Asking, organization: str) -> sql.Composed:
    """The condition on entries of the catalogue that they are bodies in which the organization sits."""
    return asking.compose(
        "exists (select from {r}.body b join {r}.body_member m on m.body = b.id"
        " where b.code = t.code and m.organization = {organization} and {body_stands} and {member_stands})",
        organization=sql.Literal(organization),
        body_stands=asking.stands("b"),
        member_stands=asking.stands("m"),
    )
