"""Organizations: who is who, since when, where they work, and how they belong to the Compact."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID

from msgspec.structs import replace

from compact_domain.organization import Organization
from compact_domain.vocabulary import CompactStatus, Names, OrganizationKind
from compact_projections.kit import ReadModel, Recorded, Row, on


class OrganizationRow(Row, frozen=True, kw_only=True):
    """An organization of the directory."""

    TABLE: ClassVar[str] = "organization"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("name",),
        ("kind", "code"),
        ("compact_status", "code"),
    )
    LISTS: ClassVar[tuple[str, ...]] = ("regions",)

    id: UUID
    version: int
    code: str
    name: str
    names: Names
    kind: OrganizationKind
    compact_status: CompactStatus
    compact_status_since: date | None
    regions: tuple[str, ...]
    active: bool = True
    registered_on: date


class Organizations(ReadModel[OrganizationRow]):
    """The directory."""

    @on(Organization.Created)
    def registered(self, fact: Organization.Created, at: Recorded) -> OrganizationRow:
        return OrganizationRow(
            id=fact.originator_id,
            version=fact.originator_version,
            code=fact.code,
            name=fact.names.en,
            names=fact.names,
            kind=fact.kind,
            compact_status=fact.compact_status,
            compact_status_since=fact.compact_status_since,
            regions=fact.regions,
            registered_on=at.day,
        )

    @on(Organization.Renamed, Organization.NamesSet)
    def named(
        self, row: OrganizationRow, fact: Organization.Renamed | Organization.NamesSet, at: Recorded
    ) -> OrganizationRow:
        return replace(row, version=fact.originator_version, name=fact.names.en, names=fact.names)

    @on(Organization.RegionsSet)
    def placed(self, row: OrganizationRow, fact: Organization.RegionsSet, at: Recorded) -> OrganizationRow:
        return replace(row, version=fact.originator_version, regions=fact.regions)

    @on(Organization.CompactStatusChanged)
    def belongs(self, row: OrganizationRow, fact: Organization.CompactStatusChanged, at: Recorded) -> OrganizationRow:
        return replace(
            row,
            version=fact.originator_version,
            compact_status=fact.compact_status,
            compact_status_since=fact.since,
        )

    @on(Organization.Deactivated)
    def deactivated(self, row: OrganizationRow, fact: Organization.Deactivated, at: Recorded) -> OrganizationRow:
        return replace(row, version=fact.originator_version, active=False)

    @on(Organization.Reactivated)
    def reactivated(self, row: OrganizationRow, fact: Organization.Reactivated, at: Recorded) -> OrganizationRow:
        return replace(row, version=fact.originator_version, active=True)
