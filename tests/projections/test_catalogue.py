"""The catalogues as rows: what was added, renamed, retired, then and now."""

from __future__ import annotations

from datetime import date

from compact_domain.catalogue import Catalogued, Entry, EntryKind, Translation
from compact_domain.vocabulary import Names
from compact_projections.catalogue import CatalogueEntries
from tests.domain.scenario import said
from tests.projections.rows import Rows, shown

ADDED = said(
    Entry.Created,
    kind=EntryKind.FRAMEWORK,
    code="CC-DECISIONS-2025",
    names=Names(en="Decisions Document", fr="Document de décisions"),
    symbol="CC Decisions 2025",
    adopted_on="2025-02",
    body="CC",
    catalogued=Catalogued.PART,
    clauses_total=10,
    translations=Translation.WORKING,
)
RENAMED = said(Entry.Renamed, names=Names(en="Decisions of 2025"), translations=None)
RETIRED = said(Entry.Retired)


def test_an_entry_is_shown_as_it_was_said() -> None:
    row = Rows(CatalogueEntries).given(Entry, ADDED).one(CatalogueEntries)
    assert shown(row, "version", "kind", "code", "name", "symbol", "adopted_on", "body", "retired") == (
        1,
        EntryKind.FRAMEWORK,
        "CC-DECISIONS-2025",
        "Decisions Document",
        "CC Decisions 2025",
        "2025-02",
        "CC",
        False,
    )
    assert shown(row, "catalogued", "clauses_total", "translations") == (Catalogued.PART, 10, Translation.WORKING)


def test_a_new_name_takes_the_old_translations_along() -> None:
    rows = Rows(CatalogueEntries).given(Entry, ADDED, RENAMED)
    row = rows.one(CatalogueEntries)
    assert shown(row, "version", "name", "names", "translations") == (
        2,
        "Decisions of 2025",
        Names(en="Decisions of 2025"),
        None,
    )
    assert rows.one(CatalogueEntries, position=1).name == "Decisions Document"


def test_a_retired_entry_stays_and_says_so() -> None:
    rows = Rows(CatalogueEntries).given(Entry, ADDED, RETIRED)
    assert shown(rows.one(CatalogueEntries), "version", "retired", "retired_on") == (2, True, date(2025, 6, 1))
    assert rows.one(CatalogueEntries, position=1).retired is False
