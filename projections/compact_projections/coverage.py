"""Coverage: of each region in each working group's field, what is lacking, who acts, and what was recommended.

What lies in a region counts in it, so that a gap or an initiative of a part stands in the cells of all its wholes. An
initiative that is confined to some is counted for everybody, and named to nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, LiteralString, TypeVar

from psycopg import sql

from compact_domain.catalogue import EntryKind
from compact_domain.finding import ACTING, Status
from compact_domain.kernel import NotFound, Value
from compact_projections.asking import Asking, Where
from compact_projections.initiatives import GapReviewRow, InitiativeRow
from compact_projections.kit import Row, columns, row_of
from compact_projections.overlaps import (
    Axes,
    FindingCondition,
    ReviewState,
    axes,
    cells_with_open_pairs,
    grounds,
    literal,
    place,
    placed,
)
from compact_projections.recommendations import RecommendationRow
from compact_projections.sessions import GAP_TOPICS, CapacityGapRow

R = TypeVar("R", bound=Row)


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
    def acting(self) -> int:
        """How many initiatives act."""
        return sum(count for status, count in self.by_status.items() if status in ACTING)

    @property
    def state(self) -> CoverageState:
        """Lacking and not acted on; acted on twice; acted on; or neither."""
        if not self.acting:
            return CoverageState.GAP if self.gaps else CoverageState.NONE
        return CoverageState.OVERLAP if self.overlaps else CoverageState.COVERED

    @property
    def planned_only(self) -> bool:
        """Whether nothing of what acts goes beyond a plan."""
        return 0 < self.acting == self.by_status.get(Status.PIPELINE)

    @property
    def conditions(self) -> dict[FindingCondition, bool]:
        """What must hold for a gap, and whether it does."""
        return {FindingCondition.OPEN_GAP: bool(self.gaps), FindingCondition.NOBODY_ACTS: not self.acting}

    def review_state(self, review: GapReviewRow | None) -> ReviewState:
        """Whether a review of its gaps holds: while those are open that it was told of, and no others."""
        if review is None:
            return ReviewState.NONE
        return ReviewState.VALID if review.gaps == self.gaps else ReviewState.OUTDATED


LIVE: LiteralString = "(t.decision not in ('not_adopted', 'withdrawn') and t.ending is null)"
"""The condition that a recommendation still says what is to be done: nobody refused it, and it has not ended."""

ACTED = """
    standing as materialized (
        select row_number() over () as n, t.id, t.lead, t.status, t.acting, t.regions, t.working_groups, t.ground,
            t.first_month::int4 as first_month, t.last_month::int4 as last_month, {shown} as is_shown
        from {r}.initiative t where {stands} and ({groups} is null or t.working_groups && {groups})
    ),
    {placed},
    reviewed as materialized (
        select x.one, x.other
        from {r}.overlap_review v
        join standing i on i.id = v.one_id and i.ground = v.ground_one
        join standing j on j.id = v.other_id and j.ground = v.ground_other
        cross join lateral (values (i.n, j.n), (j.n, i.n)) x(one, other)
        where {reviews_stand}
    )
    select t.cell, count(*) filter (where status = 'pipeline'), count(*) filter (where status = 'implementation'),
        count(*) filter (where status = 'finalisation'), count(*) filter (where status = 'closed'),
        count(*) filter (where status = 'suspended'), count(*) filter (where status = 'cancelled'),
        count(*) filter (where acting and direct), count(*) filter (where not is_shown),
        coalesce(bool_or(acting and clashes and v.one is null), false),
        coalesce(bool_or(acting and direct), false)
            and coalesce(min(lead) filter (where acting) <> max(lead) filter (where acting), false)
    from (
        select *, lag(n) over w as before,
            lag(lead) over w <> lead and lag(last_month) over w >= first_month and (direct or lag(direct) over w)
                as clashes
        from node window w as (partition by cell, acting order by first_month)
    ) t
    left join reviewed v on v.one = t.n and v.other = t.before
    group by t.cell
"""
"""Initiatives by cell: how many in each status, how many that act name the region, of how many the viewer may not know;
whether one that acts overlaps without a valid review with the one that began before it, and whether others might."""

LACKING = """
    select t.code, t.region, t.working_group, exists (
        select from {r}.initiative i where i.gaps @> array[t.code] and i.acting and {initiatives_stand}
    )
    from {r}.capacity_gap t where t.open and {stands} and ({groups} is null or t.working_group = any({groups}))
    order by t.code collate "C"
"""

ADVISED = """
    place as ({place})
    select (w.k << 12) + array_position({all_groups}, f.code), count(distinct t.id)
    from {r}.recommendation t cross join unnest(t.regions) as named(region)
    join place p on p.part = named.region cross join unnest(p.wholes) as w(k)
    cross join unnest(t.working_groups) as f(code)
    where {shown} and {live} and ({groups} is null or t.working_groups && {groups}) group by 1
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
    groups = literal(None if working_groups is None else sorted(working_groups), "text[]")
    acted = await asking.rows(
        asking.compose(
            "with " + ACTED,
            stands=asking.stands(),
            shown=asking.shows(InitiativeRow),
            placed=placed(asking, known, "s.lead, s.status, s.acting, s.first_month, s.last_month, s.is_shown"),
            reviews_stand=asking.stands("v"),
            groups=groups,
        )
    )
    lacking = await asking.rows(
        asking.compose(LACKING, stands=asking.stands(), initiatives_stand=asking.stands("i"), groups=groups)
    )
    advised = await asking.rows(
        asking.compose(
            "with " + ADVISED,
            place=place(asking, known),
            shown=asking.shows(RecommendationRow),
            live=sql.SQL(LIVE),
            groups=groups,
            **known.parts,
        )
    )
    overlapping = {cell for cell, *_, overlaps, _ in acted if overlaps}
    doubtful = [cell for cell, *_, overlaps, might in acted if might and not overlaps]
    overlapping |= await cells_with_open_pairs(asking, known, doubtful)
    return _assembled(known, acted, lacking, dict(advised), overlapping)


def _assembled(
    known: Axes,
    acted: Iterable[Sequence[Any]],
    lacking: Iterable[Sequence[Any]],
    advised: Mapping[int, int],
    overlapping: Iterable[int],
) -> dict[tuple[str, str], Cell]:
    """Cells of what was counted apart. What lies in a region counts in it."""
    counts = {known.named(cell): row for cell, *row in acted}
    gaps: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for code, region, group, answered in lacking:
        for whole in known.wholes[region]:
            gaps.setdefault((whole, group), []).append((code, answered))
    overlaps = {(whole, group) for region, group in map(known.named, overlapping) for whole in known.wholes[region]}
    advice = {known.named(cell): count for cell, count in advised.items()}
    found = {}
    for region, group in counts.keys() | gaps.keys() | advice.keys():
        by_status = dict(zip(STATUSES, counts.get((region, group), ()), strict=False))
        open_gaps = gaps.get((region, group), [])
        found[region, group] = Cell(
            region=region,
            working_group=group,
            by_status={status: count for status, count in by_status.items() if count},
            untold=counts[region, group][7] if (region, group) in counts else 0,
            acting_around=sum(counts.get((whole, group), NOTHING)[6] for whole in known.wholes[region][1:]),
            gaps=tuple(code for code, _ in open_gaps),
            unanswered=sum(not answered for _, answered in open_gaps),
            recommendations=advice.get((region, group), 0),
            overlaps=(region, group) in overlaps,
        )
    return found


NOTHING = (0,) * 8
"""What is counted of initiatives where there are none."""


IN_CELL: Mapping[type[Row], LiteralString] = {
    InitiativeRow: "t.regions && c.regions and t.working_groups @> array[c.working_group]",
    CapacityGapRow: "t.open and t.region = any(c.regions) and t.working_group = c.working_group",
    RecommendationRow: "t.regions && c.regions and t.working_groups @> array[c.working_group] and " + LIVE,
}
"""What counts in a cell `c`, by the kind of its rows."""


async def in_cells(
    asking: Asking, row: type[R], cells: Sequence[tuple[str, str]], *, after: str | None, limit: int
) -> list[list[R]]:
    """Of each of several cells what counts there and the viewer may know of, by code: the first beyond a code."""
    known = await axes(asking)
    names = list(columns(row))
    records = await asking.rows(
        asking.compose(
            "select c.n, x.* from (values {cells}) c(n, regions, working_group) cross join lateral ("
            " select {columns} from {r}.{table} t where {shown} and {condition}"
            ' and ({after} is null or t.code collate "C" > {after}) order by t.code collate "C" limit {limit}) x',
            cells=sql.SQL(", ").join(
                sql.SQL("({}, {}, {})").format(
                    sql.Literal(n), literal(known.within([region]), "text[]"), literal(group, "text")
                )
                for n, (region, group) in enumerate(cells)
            ),
            columns=sql.SQL(", ").join(map(sql.Identifier, names)),
            table=sql.Identifier(row.TABLE),
            shown=asking.shows(row),
            condition=sql.SQL(IN_CELL[row]),
            after=literal(after, "text"),
            limit=literal(limit, "int8"),
        )
    )
    found: list[list[R]] = [[] for _ in cells]
    for n, *record in records:
        found[n].append(row_of(row, names, record))
    return found


async def facts_of_cell(asking: Asking, cell: Cell) -> Where:
    """The facts that a cell rests on: of its open gaps, and of the initiatives that stand there or did."""
    known = await axes(asking)
    initiatives = asking.compose(
        "t.subject in (select i.id from {r}.initiative i where {shown} and i.regions && {regions}"
        " and i.working_groups @> {group})",
        shown=asking.shows(InitiativeRow, "i"),
        regions=literal(known.within([cell.region]), "text[]"),
        group=literal([cell.working_group], "text[]"),
    )
    return asking.compose(
        "(({initiatives} and {grounds}) or (t.topic = any({topics}) and t.data ->> 'code' = any({gaps})))",
        initiatives=initiatives,
        grounds=grounds(asking),
        topics=literal(GAP_TOPICS, "text[]"),
        gaps=literal(cell.gaps, "text[]"),
    )
