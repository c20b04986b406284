"""The catalogues: regions, working groups, bodies, frameworks and their clauses, with what was retired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar
from uuid import UUID

from msgspec.structs import replace

from compact_domain.catalogue import GLOBAL, BodyKind, Catalogued, Entry, EntryKind, Translation
from compact_domain.vocabulary import Names
from compact_projections.asking import Asking
from compact_projections.kit import ReadModel, Recorded, Row, on


class CatalogueEntryRow(Row, frozen=True, kw_only=True):
    """A line of a catalogue. Codes are unique within their catalogue (`kind`), not among all."""

    TABLE: ClassVar[str] = "catalogue_entry"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("kind", "code"),
        ("kind", "name"),
        ("kind", "retired", "code"),
        ("kind", "body_kind", "code"),
        ("kind", "catalogued", "code"),
        ("parent",),
        ("framework",),
        ("body",),
    )

    id: UUID
    version: int
    kind: EntryKind
    code: str
    name: str
    names: Names
    translations: Translation | None
    source: str | None
    added_on: date
    retired: bool = False
    retired_on: date | None = None
    parent: str | None = None
    countries: tuple[str, ...] = ()
    m49: str | None = None
    body_kind: BodyKind | None = None
    framework: str | None = None
    symbol: str | None = None
    adopted_on: str | None = None
    adopted_by: str | None = None
    body: str | None = None
    catalogued: Catalogued | None = None
    clauses_total: int | None = None


class CatalogueEntries(ReadModel[CatalogueEntryRow]):
    """Every entry of every catalogue."""

    @on(Entry.Created)
    def added(self, fact: Entry.Created, at: Recorded) -> CatalogueEntryRow:
        return CatalogueEntryRow(
            id=fact.originator_id,
            version=fact.originator_version,
            kind=fact.kind,
            code=fact.code,
            name=fact.names.en,
            names=fact.names,
            translations=fact.translations,
            source=fact.source,
            added_on=fact.provenance.effective_on,
            parent=fact.parent,
            countries=fact.countries,
            m49=fact.m49,
            body_kind=fact.body_kind,
            framework=fact.framework,
            symbol=fact.symbol,
            adopted_on=fact.adopted_on,
            adopted_by=fact.adopted_by,
            body=fact.body,
            catalogued=fact.catalogued,
            clauses_total=fact.clauses_total,
        )

    @on(Entry.Renamed)
    def renamed(self, row: CatalogueEntryRow, fact: Entry.Renamed, at: Recorded) -> CatalogueEntryRow:
        return replace(
            row,
            version=fact.originator_version,
            name=fact.names.en,
            names=fact.names,
            translations=fact.translations,
        )

    @on(Entry.Retired)
    def retired(self, row: CatalogueEntryRow, fact: Entry.Retired, at: Recorded) -> CatalogueEntryRow:
        return replace(row, version=fact.originator_version, retired=True, retired_on=fact.provenance.effective_on)


async def countries_within(asking: Asking, regions: Sequence[str]) -> dict[str, list[str]]:
    """Countries of each region, those of the regions that lie in it included; of `GLOBAL`, all that any region has."""
    records = await asking.rows(
        asking.compose(
            """
            with recursive part (whole, code, countries) as (
                select w.code, p.code, p.countries
                from {r}.catalogue_entry w
                join {r}.catalogue_entry p on p.kind = w.kind and (p.code = w.code or w.code = %(everywhere)s)
                where w.kind = 'region' and w.code = any(%(regions)s) and {whole_stands} and {part_stands}
                union
                select part.whole, p.code, p.countries
                from part join {r}.catalogue_entry p on p.parent = part.code and p.kind = 'region' and {part_stands}
            )
            select whole, array_agg(distinct country order by country)
            from part, unnest(countries) country group by whole
            """,
            whole_stands=asking.stands("w"),
            part_stands=asking.stands("p"),
        ),
        {"regions": list(regions), "everywhere": GLOBAL},
    )
    return dict(records)
