"""What refers to the clauses of frameworks: recommendations, initiatives and decisions; and which have nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import LiteralString

from psycopg import sql

from compact_domain.finding import Status
from compact_domain.kernel import Value
from compact_projections.asking import Asking, Condition, Where
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
    with refers (clause, kind, id) as (
        select clause, 'recommendations', t.id
        from {r}.recommendation t cross join unnest(t.clauses) clause
        where t.clauses && {clauses} and {live} and {recommendations_shown}
        union all
        select clause, case when {initiatives_shown} then 'known' else 'untold' end, t.id
        from {r}.initiative t cross join unnest(t.clauses) clause
        where t.clauses && {clauses} and t.status <> 'cancelled' and {stands}
        union all
        select clause, 'decisions', t.id
        from {r}.recommendation_decision t join {r}.recommendation d on d.id = t.recommendation
        cross join unnest(d.clauses) clause
        where d.clauses && {clauses} and {recommendations_stand} and {decisions_shown}
        union all
        select t.provenance ->> 'basis', 'decisions', t.id
        from {r}.recommendation_decision t where t.provenance ->> 'basis' = any({clauses}) and {decisions_shown}
        union all
        select t.provenance ->> 'basis', 'meeting_decisions', t.id
        from {r}.meeting_decision t join {r}.coordination_meeting m on m.id = t.meeting
        where t.provenance ->> 'basis' = any({clauses}) and {stands} and m.state = 'minutes_final' and {meetings_stand}
    )
    select clause, kind, count(distinct id) from refers where clause = any({clauses}) group by clause, kind
"""
"""What refers to clauses. A decision on a recommendation does by what that rests on, and each by its own basis; what a
meeting decided by itself counts once its minutes are final."""


async def references(asking: Asking, clauses: Collection[str]) -> dict[str, ClauseCounts]:
    """How much refers to each of the clauses."""
    found = await asking.rows(
        asking.compose(
            REFERRING,
            clauses=literal(sorted(clauses), "text[]"),
            live=sql.SQL(LIVE),
            recommendations_shown=asking.shows(RecommendationRow),
            recommendations_stand=asking.stands("d"),
            initiatives_shown=asking.shows(InitiativeRow),
            decisions_shown=asking.shows(DecisionRow),
            meetings_stand=asking.stands("m"),
            stands=asking.stands(),
        )
    )
    counted: dict[str, dict[str, int]] = {code: {} for code in clauses}
    for clause, kind, count in found:
        counted[clause][kind] = count
    return {
        clause: ClauseCounts(
            recommendations=of.get("recommendations", 0),
            initiatives=of.get("known", 0) + of.get("untold", 0),
            untold=of.get("untold", 0),
            decisions=of.get("decisions", 0),
            meeting_decisions=of.get("meeting_decisions", 0),
        )
        for clause, of in counted.items()
    }


def recommendations_on(clause: str) -> list[Where]:
    """Recommendations that rest on a clause and still say what is to be done."""
    return [Condition("clauses", "has", clause), sql.SQL("{}").format(sql.SQL(LIVE))]


def initiatives_on(clause: str) -> list[Where]:
    """Initiatives that rest on a clause and were not given up."""
    return [Condition("clauses", "has", clause), Condition("status", "ne", Status.CANCELLED.value)]


def decisions_on(asking: Asking, clause: str) -> list[Where]:
    """Decisions on recommendations that rest on a clause, or that name it as their own basis."""
    return [
        asking.compose(
            "(t.provenance ->> 'basis' = {clause} or t.recommendation in ("
            " select d.id from {r}.recommendation d where d.clauses @> array[{clause}] and {stand}))",
            clause=literal(clause, "text"),
            stand=asking.stands("d"),
        )
    ]
