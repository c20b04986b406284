"""What refers to the clauses of frameworks: recommendations, initiatives and decisions; and which have nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import LiteralString

from psycopg import sql

from compact_domain.kernel import Value
from compact_projections.asking import Asking, Where
from compact_projections.catalogue import CatalogueEntryRow
from compact_projections.coverage import LIVE
from compact_projections.decisions import DecisionRow
from compact_projections.initiatives import InitiativeRow
from compact_projections.overlaps import literal
from compact_projections.recommendations import RecommendationRow


class ClauseCounts(Value, frozen=True, kw_only=True):
    """How much refers to a clause."""

    recommendations: int = 0
    initiatives: int = 0
    untold: int = 0
    """Of the initiatives, how many the viewer may not know of."""
    decisions: int = 0
    meeting_decisions: int = 0

    @property
    def has_nothing(self) -> bool:
        return not (self.recommendations or self.initiatives or self.decisions or self.meeting_decisions)


REFERRING: LiteralString = """
    select c.code,
        (select count(*) from {r}.recommendation t where {recommendation} and {recommendations_shown}),
        (select count(*) from {r}.initiative t where {initiative} and {stands}),
        (select count(*) from {r}.initiative t where {initiative} and {stands} and not {initiatives_shown}),
        (select count(*) from {r}.recommendation_decision t where {decision} and {decisions_shown}),
        (select count(*) from {r}.meeting_decision t where {meeting_decision} and {stands})
    from {r}.catalogue_entry c where c.kind = 'clause' and c.code = any({clauses}) and {clauses_stand}
"""

RECOMMENDATION: LiteralString = "(t.clauses @> array[c.code] and " + LIVE + ")"
INITIATIVE: LiteralString = "(t.clauses @> array[c.code] and t.status <> 'cancelled')"
DECISION: LiteralString = """
    (t.provenance ->> 'basis' in (c.code, c.symbol) or exists (
        select from {r}.recommendation d where d.id = t.recommendation and d.clauses @> array[c.code] and {stand}
    ))
"""
MEETING_DECISION: LiteralString = """
    (t.provenance ->> 'basis' in (c.code, c.symbol) and exists (
        select from {r}.coordination_meeting m where m.id = t.meeting and m.state = 'minutes_final' and {stand}
    ))
"""
"""That something `t` refers to a clause `c`: a decision on a recommendation by what that refers to, and each by its
basis; what a meeting decided by itself counts once its minutes are final."""


async def references(asking: Asking, clauses: Collection[str]) -> dict[str, ClauseCounts]:
    """How much refers to each of the clauses."""
    found = await asking.rows(
        asking.compose(
            REFERRING,
            recommendation=sql.SQL(RECOMMENDATION),
            recommendations_shown=asking.shows(RecommendationRow),
            initiative=sql.SQL(INITIATIVE),
            initiatives_shown=asking.shows(InitiativeRow),
            decision=asking.compose(DECISION, stand=asking.stands("d")),
            decisions_shown=asking.shows(DecisionRow),
            meeting_decision=asking.compose(MEETING_DECISION, stand=asking.stands("m")),
            stands=asking.stands(),
            clauses=literal(sorted(clauses), "text[]"),
            clauses_stand=asking.stands("c"),
        )
    )
    return {
        code: ClauseCounts(
            recommendations=recommendations,
            initiatives=initiatives,
            untold=untold,
            decisions=decisions,
            meeting_decisions=of_meetings,
        )
        for code, recommendations, initiatives, untold, decisions, of_meetings in found
    }


def recommendations_on(asking: Asking, clause: CatalogueEntryRow) -> Where:
    """Recommendations that rest on a clause and still say what is to be done."""
    return _about(asking, RECOMMENDATION, clause)


def initiatives_on(asking: Asking, clause: CatalogueEntryRow) -> Where:
    """Initiatives that rest on a clause and were not given up."""
    return _about(asking, INITIATIVE, clause)


def decisions_on(asking: Asking, clause: CatalogueEntryRow) -> Where:
    """Decisions on recommendations that rest on a clause, or that name it as their own basis."""
    return _about(asking, asking.compose(DECISION, stand=asking.stands("d")), clause)
