"""Coverage: of each region in each working group's field, what is lacking, who acts, and what was recommended.

What lies in a region counts in it, so that a gap or an initiative of a part stands in the cells of all its wholes. An
initiative that is confined to some is counted for everybody, and named to nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, LiteralString

from psycopg import sql

from compact_domain.catalogue import EntryKind
from compact_domain.finding import Status
from compact_domain.kernel import NotFound, Value
from compact_projections.asking import Asking
from compact_projections.initiatives import GapReviewRow, InitiativeRow
from compact_projections.overlaps import Axes, ReviewState, axes, literal, placed
from compact_projections.recommendations import RecommendationRow


class CoverageState(StrEnum):
    """How a region is covered in a working group's field."""

    GAP = "gap"
    OVERLAP = "overlap"
    COVERED = "covered"
    NONE = "none"


class Cell(Value, frozen=True, kw_only=True):
    """A region in a working group's field, with all that counts there."""

    region: str
    working_group: str
    by_status: Mapping[Status, int] = {}
    """Initiatives, of whatever visibility; a status in which there is none is left out."""
    acting: int = 0
    planned: int = 0
    """Of those that act, how many are in the pipeline."""
    untold: int = 0
    """How many of the initiatives the viewer may not know of."""
    acting_around: int = 0
    """How many act in a wider region by its own name, and count there alone."""
    gaps: tuple[str, ...] = ()
    """Codes of the gaps that are open, sorted."""
    unanswered: int = 0
    """How many of these no initiative that acts has set out to fill."""
    recommendations: int = 0
    overlaps: bool = False
    """Whether two of those that act overlap, and no valid review tells what is to be done about it."""

    @property
    def key(self) -> tuple[str, str]:
        return self.region, self.working_group

    @property
    def state(self) -> CoverageState:
        """Lacking and not acted on; acted on twice; acted on; or neither."""
        if not self.acting:
            return CoverageState.GAP if self.gaps else CoverageState.NONE
        return CoverageState.OVERLAP if self.overlaps else CoverageState.COVERED

    @property
    def planned_only(self) -> bool:
        """Whether nothing of what acts goes beyond a plan."""
        return 0 < self.acting == self.planned

    def review_state(self, review: GapReviewRow | None) -> ReviewState:
        """Whether a review of its gaps holds: while those are open that it was told of, and no others."""
        if review is None:
            return ReviewState.NONE
        return ReviewState.VALID if review.gaps == self.gaps else ReviewState.OUTDATED


LIVE: LiteralString = "(t.decision not in ('not_adopted', 'withdrawn') and t.ending is null)"
"""The condition that a recommendation still says what is to be done: nobody refused it, and it has not ended."""

STANDING = """
    standing as materialized (
        select row_number() over () as n, t.id, t.lead, t.status, t.acting, t.regions, t.working_groups, t.ground,
            t.first_month::int4 as first_month, t.last_month::int4 as last_month, {shown} as is_shown
        from {r}.initiative t
        where {stands} and ({groups} is null or t.working_groups && {groups})
    )
"""

CLASHING = """
    reviewed as materialized (
        select x.one, x.other
        from {r}.overlap_review v
        join standing i on i.id = v.one_id and i.ground = v.ground_one
        join standing j on j.id = v.other_id and j.ground = v.ground_other
        cross join lateral (values (i.n, j.n), (j.n, i.n)) x(one, other)
        where {reviews_stand}
    ),
    neighbours as (
        select cell, n, lag(n) over w as m,
            lag(lead) over w <> lead and lag(last_month) over w >= first_month and (direct or lag(direct) over w)
                as overlap
        from node where acting window w as (partition by cell order by first_month, n)
    ),
    certain as materialized (
        select distinct cell from neighbours t
        where overlap and not exists (select from reviewed v where v.one = t.n and v.other = t.m)
    ),
    doubtful as materialized (
        select node.* from node join (
            select cell from node where acting group by cell having min(lead) <> max(lead) and bool_or(direct)
            except select cell from certain
        ) d using (cell) where acting
    ),
    clashing as (
        select cell from certain
        union
        select s.cell
        from doubtful s join doubtful u on u.cell = s.cell and u.lead <> s.lead
            and u.first_month <= s.last_month and u.last_month >= s.first_month
        where s.direct and (u.n > s.n or not u.direct)
            and not exists (select from reviewed v where v.one = s.n and v.other = u.n)
    ),
    overlapping as (
        select distinct (w.k << 12) + (c.cell & 4095) as cell
        from clashing c join place p on p.own = c.cell >> 12 cross join unnest(p.wholes) as w(k)
    )
"""
"""Cells in which two overlap without a valid review, and the cells of the regions these lie in.

In a cell, each is held against the one that began before it; all pairs only where that does not tell.
"""

COUNTED = """
    acted as (
        select cell, count(*) filter (where status = 'pipeline') as pipeline,
            count(*) filter (where status = 'implementation') as implementation,
            count(*) filter (where status = 'finalisation') as finalisation,
            count(*) filter (where status = 'closed') as closed,
            count(*) filter (where status = 'suspended') as suspended,
            count(*) filter (where status = 'cancelled') as cancelled,
            count(*) filter (where acting and direct) as direct, count(*) filter (where not is_shown) as untold
        from node group by cell
    ),
    around as (
        select (p.own << 12) + (a.cell & 4095) as cell, sum(a.direct)::int8 as acting
        from acted a join (select own, unnest(wholes) as k from place) p on p.k = a.cell >> 12 and p.k <> p.own
        where a.direct > 0 group by 1
    ),
    answered as materialized (
        select distinct gap from {r}.initiative t cross join unnest(t.gaps) as a(gap) where {stands} and t.acting
    ),
    lacking as (
        select (w.k << 12) + array_position({all_groups}, t.working_group) as cell,
            array_agg(t.code order by t.code collate "C") as gaps,
            count(*) filter (where t.code not in (select gap from answered)) as unanswered
        from {r}.capacity_gap t join place p on p.part = t.region cross join unnest(p.wholes) as w(k)
        where t.open and {stands} group by 1
    ),
    advised as (
        select (w.k << 12) + array_position({all_groups}, f.code) as cell, count(distinct t.id) as advice
        from {r}.recommendation t cross join unnest(t.regions) as named(region)
        join place p on p.part = named.region cross join unnest(p.wholes) as w(k)
        cross join unnest(t.working_groups) as f(code)
        where {recommendations_shown} and {live} group by 1
    )
"""

CELLS: LiteralString = """
    select cell, a.pipeline, a.implementation, a.finalisation, a.closed, a.suspended, a.cancelled, a.untold, r.acting,
        l.gaps, l.unanswered, v.advice, o.cell is not null
    from acted a full join around r using (cell) full join lacking l using (cell) full join advised v using (cell)
    left join overlapping o using (cell)
"""

STATUSES = (
    Status.PIPELINE,
    Status.IMPLEMENTATION,
    Status.FINALISATION,
    Status.CLOSED,
    Status.SUSPENDED,
    Status.CANCELLED,
)
"""In the order in which they are counted."""


async def cells(
    asking: Asking, *, regions: Collection[str] | None = None, working_groups: Collection[str] | None = None
) -> list[Cell]:
    """Every region in every field of those asked for, by code. None: of all that are put to use, or have been.

    `NotFound` for what no catalogue holds.
    """
    known = await axes(asking)
    found = await _counted(asking, known, working_groups)

    def shown(kind: EntryKind, codes: Sequence[str], wanted: Collection[str] | None, seen: set[str]) -> list[str]:
        if wanted is None:
            return [code for code in codes if (kind, code) not in known.retired or code in seen]
        for code in wanted:
            if code not in codes:
                raise NotFound(kind=kind.value.title().replace("_", ""), reference=code)
        return [code for code in codes if code in wanted]

    return [
        found.get((region, group)) or Cell(region=region, working_group=group)
        for region in shown(EntryKind.REGION, known.regions, regions, {region for region, _ in found})
        for group in shown(EntryKind.WORKING_GROUP, known.working_groups, working_groups, {group for _, group in found})
    ]


async def _counted(asking: Asking, known: Axes, working_groups: Collection[str] | None) -> dict[tuple[str, str], Cell]:
    """The cells in which anything counts."""
    groups = literal(None if working_groups is None else tuple(working_groups), "text[]")
    parts = [
        asking.compose(STANDING, stands=asking.stands(), shown=asking.shows(InitiativeRow), groups=groups),
        placed(asking, known, "s.lead, s.status, s.acting, s.first_month, s.last_month, s.is_shown"),
        asking.compose(CLASHING, reviews_stand=asking.stands("v")),
        asking.compose(
            COUNTED,
            stands=asking.stands(),
            recommendations_shown=asking.shows(RecommendationRow),
            live=sql.SQL(LIVE),
            **known.parts,
        ),
    ]
    statement = sql.SQL("with {parts} {asked}").format(parts=sql.SQL(", ").join(parts), asked=sql.SQL(CELLS))
    return {cell.key: cell for cell in (_cell(known, record) for record in await asking.rows(statement))}


def _cell(known: Axes, record: Sequence[Any]) -> Cell:
    number, *counts, untold, around, gaps, unanswered, recommendations, overlaps = record
    by_status = {status: count for status, count in zip(STATUSES, counts, strict=True) if count}
    region, group = known.named(number)
    return Cell(
        region=region,
        working_group=group,
        by_status=by_status,
        acting=sum(count for count in counts[:3] if count),
        planned=counts[0] or 0,
        untold=untold or 0,
        acting_around=around or 0,
        gaps=tuple(gaps or ()),
        unanswered=unanswered or 0,
        recommendations=recommendations or 0,
        overlaps=overlaps,
    )
