"""Overlaps: which initiatives of different leads act in the same regions, fields and months, by their score.

The rule is `finding.overlap`; here it is asked of all initiatives at once. An initiative stands in a cell for each of
its working groups and each region that it counts in (`direct`: one that it names). Two meet where they stand in the
same cell and at least one of them names its region: the wider of the two names, by which a region is shared. So the
work grows with those who share a cell, and never with all pairs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import LiteralString, cast

import msgspec
from psycopg import sql

from compact_domain.catalogue import GLOBAL, EntryKind
from compact_domain.finding import Overlap, overlap, shared_regions
from compact_domain.initiative import Initiative
from compact_domain.kernel import Value
from compact_projections.asking import Asking, Moment, Where
from compact_projections.initiatives import InitiativeRow, OverlapReviewRow, regions_within

TOP = Decimal(100)
"""The greatest score that there is."""
AHEAD = 64
"""How many initiatives, and the length of the page, are looked at first where pairs of the greatest score come next."""


class Axes(Value, frozen=True, kw_only=True):
    """The regions and working groups of a moment, in order: numbers are compared faster than names."""

    regions: tuple[str, ...]
    working_groups: tuple[str, ...]
    retired: frozenset[tuple[str, str]]
    """What is put to no new use, with its kind."""
    wholes: dict[str, tuple[str, ...]]
    """Each region with those that it counts in: itself first, those it lies in, and `GLOBAL`."""

    def within(self, regions: Collection[str]) -> list[str]:
        """The regions, and all that count in them."""
        wanted = set(regions)
        return [region for region in self.regions if not wanted.isdisjoint(self.wholes[region])]

    def number(self, region: str, working_group: str) -> int:
        """The number of a cell: that of its region, from 0, and in its last twelve bits of its group, from 1."""
        return (self.regions.index(region) << 12) + self.working_groups.index(working_group) + 1

    def named(self, number: int) -> tuple[str, str]:
        """Region and working group of a cell by its number."""
        return self.regions[number >> 12], self.working_groups[(number & 4095) - 1]

    @property
    def parts(self) -> dict[str, sql.Composable]:
        """As `PLACED` takes them."""
        pairs = [(part, self.regions.index(whole)) for part in self.regions for whole in self.wholes[part]]
        return {
            "parts": literal([part for part, _ in pairs], "text[]"),
            "wholes": literal([whole for _, whole in pairs], "int4[]"),
            "all_regions": literal(self.regions, "text[]"),
            "all_groups": literal(self.working_groups, "text[]"),
        }


def literal(value: object, kind: LiteralString) -> sql.Composable:
    """A value as it stands in a statement. As parameters they would be unknown to a plan that is made once for all."""
    plain = list(value) if isinstance(value, tuple) else value
    return sql.SQL("{}::" + kind).format(sql.Literal(plain))


async def axes(asking: Asking) -> Axes:
    """The regions and working groups as the catalogue has them."""
    records = await asking.rows(
        asking.compose(
            "select t.kind, t.code, t.parent, t.retired from {r}.catalogue_entry t"
            " where t.kind in ('region', 'working_group') and {stands} order by t.code collate \"C\"",
            stands=asking.stands(),
        )
    )
    parents = {code: parent for kind, code, parent, _ in records if kind == EntryKind.REGION}
    return Axes(
        regions=tuple(parents),
        working_groups=tuple(code for kind, code, _, _ in records if kind == EntryKind.WORKING_GROUP),
        retired=frozenset((kind, code) for kind, code, _, retired in records if retired),
        wholes={code: _upward(code, parents) for code in parents},
    )


def _upward(code: str, parents: dict[str, str | None]) -> tuple[str, ...]:
    line = [code]
    while (wider := parents.get(line[-1])) is not None:
        line.append(wider)
    return tuple(dict.fromkeys([*line, *([GLOBAL] if GLOBAL in parents else [])]))


class ReviewState(StrEnum):
    """How a finding stands with those who review."""

    NONE = "none"
    VALID = "valid"
    OUTDATED = "outdated"


class FindingCondition(StrEnum):
    """What must hold for a finding: of an overlap, or of a gap."""

    OTHER_LEADS = "other_leads"
    BOTH_ACT = "both_act"
    SHARED_REGION = "shared_region"
    SHARED_WORKING_GROUP = "shared_working_group"
    SHARED_MONTH = "shared_month"
    OPEN_GAP = "open_gap"
    NOBODY_ACTS = "nobody_acts"


class OverlapChoice(Value, frozen=True, kw_only=True):
    """Which overlaps are wanted. None: all."""

    initiatives: tuple[str, ...] | None = None
    leads: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    """Regions of which they share one; what counts in it does too."""
    working_groups: tuple[str, ...] | None = None
    reviews: tuple[ReviewState, ...] | None = None
    minimum: Decimal = Decimal(0)


class Pair(Value, frozen=True, kw_only=True):
    """Two initiatives that overlap, in the order of their codes, with their score: its place in the order of all."""

    one: str
    other: str
    score: Decimal


class OverlappingPair(Value, frozen=True, kw_only=True):
    """Two initiatives, how they overlap (None: they do not), and what the latest review made of it."""

    one: InitiativeRow
    other: InitiativeRow
    overlap: Overlap | None
    conditions: dict[FindingCondition, bool]
    """What must hold for it, and whether it does."""
    review: OverlapReviewRow | None

    @property
    def partners(self) -> list[str]:
        """Codes of those of the two leads that are partners in the initiative of the other."""
        meant = ((self.one.lead, self.other.partners), (self.other.lead, self.one.partners))
        return [lead for lead, partners in meant if lead in partners]

    @property
    def review_state(self) -> ReviewState:
        """Whether the latest review holds for the two as they are."""
        if self.review is None:
            return ReviewState.NONE
        holds = self.review.holds(self.one.ground, self.other.ground)
        return ReviewState.VALID if holds else ReviewState.OUTDATED


PLACE = """
    select part, array_agg(whole) as wholes, array_position({all_regions}, part) - 1 as own
    from unnest({parts}, {wholes}) as u(part, whole) group by part
"""
"""Each region by its code, with the numbers of those that it counts in, and its own."""

PLACED = """
    place as materialized ({place}),
    node as materialized (
        select (p.k << 12) + array_position({all_groups}, f.code) as cell, p.k, p.direct, s.n, {carried}
        from (
            select s.n, w.k, bool_or(w.k = p.own) as direct
            from standing s cross join unnest(s.regions) as named(region)
            join place p on p.part = named.region cross join unnest(p.wholes) as w(k) group by s.n, w.k
        ) p
        join standing s using (n) cross join unnest(s.working_groups) as f(code)
    )
"""
"""After `standing`, the initiatives that are looked at, numbered: every cell that each of them stands in.

How cells are numbered, `Axes.number` says.
"""

STANDING = """
    standing as materialized (
        select row_number() over (order by t.code collate "C") as n, t.id, t.code, t.lead, t.regions, t.working_groups,
            t.ground, t.first_month::int4 as first_month, t.last_month::int4 as last_month,
            cardinality(t.regions) as of_regions, cardinality(t.working_groups) as of_groups, {shown} as is_shown,
            ({initiatives} is null or t.code = any({initiatives})) as is_named,
            ({leads} is null or t.lead = any({leads})) as is_led
        from {r}.initiative t
        where {looked_at} and t.acting and ({groups} is null or t.working_groups && {groups})
            and ({within} is null or t.regions && {within})
    ),
    reached as materialized (
        select count(*) filter (where code collate "C" < {one})
                + coalesce(max(1) filter (where code = {one}), 0.5) as a,
            count(*) filter (where code collate "C" < {other})
                + coalesce(max(1) filter (where code = {other}), 0.5) as b
        from standing
    )
"""
"""The initiatives in the order of their codes, and how far in it the page before has come."""

MET = """
    select least(s.n, u.n) as a, greatest(s.n, u.n) as b, s.k, s.cell, least(s.of_groups, u.of_groups) as of_groups,
        least(s.of_regions, u.of_regions) as of_regions,
        least(s.last_month - s.first_month, u.last_month - u.first_month) + 1 as of_months,
        least(s.last_month, u.last_month) - greatest(s.first_month, u.first_month) + 1 as months
    from node s join node u on u.cell = s.cell and {others}
        and u.first_month <= s.last_month and u.last_month >= s.first_month
    where {once} and {touching} and (s.is_named or u.is_named) and (s.is_led or u.is_led)
"""

PAIR = """
    pair as (
        select a, b, round(40.0 * min(groups) / min(of_groups), 1) + round(30.0 * count(*) / min(of_regions), 1)
            + round(30.0 * min(months) / min(of_months), 1) as score
        from (
            select a, b, k, count(*) as groups, min(of_groups) as of_groups, min(of_regions) as of_regions,
                min(months) as months, min(of_months) as of_months,
                bool_or({cells} is null or cell = any({cells})) as is_wanted
            from ({met}) m group by a, b, k
        ) m
        group by a, b having bool_or(is_wanted)
    ),
    reviewed as materialized (
        select i.n as a, j.n as b,
            case when (v.ground_one, v.ground_other) = (i.ground, j.ground) then 'valid' else 'outdated' end as review
        from {r}.overlap_review v join standing i on i.id = v.one_id join standing j on j.id = v.other_id
        where {reviews_stand}
    ),
    wanted as (
        select a, b, score from pair left join reviewed using (a, b)
        where score >= {minimum} and ({reviews} is null or coalesce(review, 'none') = any({reviews})) and {fresh}
    )
"""
"""Who meets whom, once: the two share each of their `groups` in each of their regions."""

PAGE: LiteralString = """
    select i.code, j.code, p.score
    from (
        select a, b, score from wanted
        where {score} is null or score < {score}
            or (score = {score} and (a, b) > ((select a from reached), (select b from reached)))
        order by score desc, a, b limit {limit}
    ) p
    join standing i on i.n = p.a join standing j on j.n = p.b order by p.score desc, p.a, p.b
"""

CODES: LiteralString = (
    "select i.code as one, j.code as other from wanted join standing i on i.n = a join standing j on j.n = b"
)
FRESH: LiteralString = """
    (a, b) not in (
        select i.n, j.n from ({before}) x join standing i on i.code = x.one join standing j on j.code = x.other
    )
"""
"""That a pair is none of those before."""

EACH: LiteralString = "s.direct and u.n <> s.n and (u.n > s.n or not u.direct)"
"""Every pair, once."""
OF_NAMED: LiteralString = "s.is_named and u.n <> s.n and (u.n > s.n or not u.is_named)"
OF_LEADS: LiteralString = "s.is_led and u.n <> s.n and (u.n > s.n or not u.is_led)"
"""Pairs in which one of those has a part that are asked for, once."""
OF_REVIEWED: LiteralString = "u.n > s.n and s.n in (select a from reviewed)"
"""Pairs whose first has been reviewed, with whomever."""
OF_NEXT: LiteralString = """
    u.n > s.n and s.n >= (select case when {one} is null then 1 else a end from reached)
    and s.n <= {ahead} + (select case when {one} is null then 1 else a end from reached)
"""
"""The pairs of the initiatives that come next, in the order of codes."""
UNTOLD: LiteralString = "s.is_shown and s.is_named and s.is_led and not u.is_shown"
"""Pairs of one that is asked for, and that the viewer may know of, with one that he may not, whoever leads that: else
it would be told who does, by asking for one lead after another."""


async def page_of_pairs(asking: Asking, choice: OverlapChoice, *, after: Pair | None = None, limit: int) -> list[Pair]:
    """Overlaps that the viewer may know of, the greatest score first, then by code; those beyond `after`.

    As long as pairs of the greatest score come next, it is enough to look at some initiatives after another.
    """
    known, once = await axes(asking), _once(choice)
    if once is EACH and (after is None or after.score == TOP):
        top = msgspec.structs.replace(choice, minimum=TOP)
        first = await _pairs(asking, _statement(asking, known, PAGE, top, once=OF_NEXT, after=after, limit=limit))
        if len(first) == limit:
            return first
    return await _pairs(asking, _statement(asking, known, PAGE, choice, once=once, after=after, limit=limit))


async def count_pairs(asking: Asking, choice: OverlapChoice) -> int:
    """How many overlaps there are that the viewer may know of."""
    counted: LiteralString = "select count(*) from wanted"
    statement = _statement(asking, await axes(asking), counted, choice, once=_once(choice))
    return cast("int", (await asking.rows(statement))[0][0])


async def count_untold(asking: Asking, choice: OverlapChoice) -> int:
    """How many more overlaps there are between an initiative that the viewer may know of and one he may not.

    Of these nothing else is told, so that what is chosen by score or review does not count here, and what is chosen by
    lead or initiative counts by the one that he knows.
    """
    if asking.own is None:
        return 0
    counted: LiteralString = "select count(*) from pair"
    statement = _statement(asking, await axes(asking), counted, choice, once=UNTOLD, whole=True)
    return cast("int", (await asking.rows(statement))[0][0])


async def cells_with_open_pairs(asking: Asking, known: Axes, cells: Collection[int]) -> set[int]:
    """Those of the cells in which two initiatives, of whatever visibility, meet without a valid review of it."""
    if not cells:
        return set()
    found: LiteralString = """
        select distinct s.cell from ({met}) s where not exists (
            select from reviewed v where v.a = s.a and v.b = s.b and v.review = 'valid'
        )
    """
    groups = tuple({known.named(cell)[1] for cell in cells})
    choice = OverlapChoice(working_groups=groups)
    once: LiteralString = EACH + " and s.cell = any({among})"
    statement = _statement(asking, known, found, choice, once=once, among=cells, whole=True)
    return {cell for (cell,) in await asking.rows(statement)}


async def new_pairs(asking: Asking, earlier: Moment, *, after: Pair | None = None, limit: int) -> list[Pair]:
    """Overlaps that were none at an earlier moment, the greatest score first, then by code; those beyond `after`."""
    statement = await _new(asking, earlier, PAGE, after=after, limit=limit)
    return [] if statement is None else await _pairs(asking, statement)


async def count_new_pairs(asking: Asking, earlier: Moment) -> int:
    """How many overlaps there are that were none at an earlier moment."""
    statement = await _new(asking, earlier, "select count(*) from wanted")
    return 0 if statement is None else cast("int", (await asking.rows(statement))[0][0])


async def _new(
    asking: Asking, earlier: Moment, asked: LiteralString, *, after: Pair | None = None, limit: int = 0
) -> sql.Composed | None:
    """A question about pairs that were none before: one of the two has changed what its overlaps rest on."""
    then = asking.at(earlier)
    changed = await asking.rows(
        asking.compose(
            "select t.code from {r}.initiative t left join {r}.initiative e on e.id = t.id and {stood}"
            " where {shown} and t.acting and (e.id is null or (e.ground, e.lead) <> (t.ground, t.lead))",
            stood=then.stands("e"),
            shown=asking.shows(InitiativeRow),
        )
    )
    if not changed:
        return None
    choice = OverlapChoice(initiatives=tuple(code for (code,) in changed))
    before = _statement(then, await axes(then), CODES, choice, once=OF_NAMED)
    fresh = sql.SQL(FRESH).format(before=before)
    known = await axes(asking)
    return _statement(asking, known, asked, choice, once=OF_NAMED, after=after, limit=limit, fresh=fresh)


async def pairs_shown(asking: Asking, pairs: Collection[tuple[str, str]]) -> list[OverlappingPair]:
    """Pairs of initiatives by code, each with how they overlap and its review; without those not to be known of."""
    codes = sorted({code for pair in pairs for code in pair})
    rows = {row.code: row for row in await asking.many(InitiativeRow, "code", codes)} if codes else {}
    known = [(rows[one], rows[other]) for one, other in pairs if one in rows and other in rows]
    ones = sorted({one.id for one, _ in known})
    reviews = await asking.many(OverlapReviewRow, "one_id", ones) if ones else []
    of_pair = {(review.one, review.other): review for review in reviews}
    within = await regions_within(asking) if known else {}
    return [
        OverlappingPair(
            one=one,
            other=other,
            overlap=overlap(one.scope, other.scope, within=within),
            conditions={
                FindingCondition.OTHER_LEADS: one.lead != other.lead,
                FindingCondition.BOTH_ACT: one.acting and other.acting,
                FindingCondition.SHARED_REGION: bool(shared_regions(one.regions, other.regions, within=within)),
                FindingCondition.SHARED_WORKING_GROUP: not set(one.working_groups).isdisjoint(other.working_groups),
                FindingCondition.SHARED_MONTH: one.first_month <= other.last_month
                and other.first_month <= one.last_month,
            },
            review=of_pair.get((one.code, other.code)),
        )
        for one, other in known
    ]


GROUND_TOPICS = (
    Initiative.Created.TOPIC,
    Initiative.Revised.TOPIC,
    Initiative.StatusChanged.TOPIC,
    Initiative.Suspended.TOPIC,
    Initiative.Resumed.TOPIC,
    Initiative.Cancelled.TOPIC,
    Initiative.Concluded.TOPIC,
)
"""Facts that say where, when and in which field an initiative acts, and whether it does."""


def grounds(asking: Asking) -> sql.Composed:
    """The condition that a fact of the trail says of an initiative what overlaps and coverage rest on."""
    return asking.compose(
        "(t.topic = any({topics}) and (t.topic <> {revised} or coalesce(t.data ->> 'starts_on', t.data ->> 'ends_on',"
        " t.data ->> 'regions', t.data ->> 'working_groups', t.data ->> 'lead') is not null))",
        topics=literal(GROUND_TOPICS, "text[]"),
        revised=literal(Initiative.Revised.TOPIC, "text"),
    )


def facts_of_pair(asking: Asking, one: InitiativeRow, other: InitiativeRow) -> Where:
    """The facts that it rests on whether two initiatives overlap."""
    return asking.compose(
        "(t.subject = any({subjects}) and {grounds})",
        subjects=literal([one.id, other.id], "uuid[]"),
        grounds=grounds(asking),
    )


async def _pairs(asking: Asking, statement: sql.Composed) -> list[Pair]:
    return [Pair(one=one, other=other, score=score) for one, other, score in await asking.rows(statement)]


def _once(choice: OverlapChoice) -> LiteralString:
    """From which of its two each pair is met, so that no more are looked at than need be."""
    if choice.initiatives is not None:
        return OF_NAMED
    if choice.leads is not None:
        return OF_LEADS
    return EACH if choice.reviews is None or ReviewState.NONE in choice.reviews else OF_REVIEWED


def _statement(
    asking: Asking,
    known: Axes,
    asked: LiteralString,
    choice: OverlapChoice,
    *,
    once: LiteralString,
    whole: bool = False,
    among: Collection[int] = (),
    after: Pair | None = None,
    limit: int = 0,
    fresh: sql.Composable | None = None,
) -> sql.Composed:
    """A question about pairs; of the `whole`, those that the viewer may not know of included."""
    within = None if choice.regions is None else known.within(choice.regions)
    given = {
        **known.parts,
        "initiatives": literal(choice.initiatives, "text[]"),
        "leads": literal(choice.leads, "text[]"),
        "within": literal(within, "text[]"),
        "groups": literal(choice.working_groups, "text[]"),
        "cells": literal(_cells(known, within, choice.working_groups), "int4[]"),
        "reviews": literal(choice.reviews and [str(state) for state in choice.reviews], "text[]"),
        "minimum": literal(choice.minimum, "numeric"),
        "score": literal(after and after.score, "numeric"),
        "one": literal(after and after.one, "text"),
        "other": literal(after and after.other, "text"),
        "among": literal(list(among), "int4[]"),
        "limit": literal(limit, "int8"),
        "ahead": literal(AHEAD + limit, "int8"),
    }
    shown = asking.shows(InitiativeRow)
    touching: tuple[LiteralString, ...] = (
        ("true",) if once.startswith(EACH) else ("s.direct", "not s.direct and u.direct")
    )
    others: LiteralString = "true" if once is UNTOLD else "u.lead <> s.lead"
    met = sql.SQL(" union all ").join(
        asking.compose(MET, once=asking.compose(once, **given), touching=sql.SQL(way), others=sql.SQL(others))
        for way in touching
    )
    carried: LiteralString = (
        "s.lead, s.first_month, s.last_month, s.of_regions, s.of_groups, s.is_shown, s.is_named, s.is_led"
    )
    parts = [
        asking.compose(STANDING, shown=shown, looked_at=asking.stands() if whole else shown, **given),
        placed(asking, known, carried),
        asking.compose(PAIR, met=met, reviews_stand=asking.stands("v"), fresh=fresh or sql.SQL("true"), **given),
    ]
    return sql.SQL("with {parts} {asked}").format(
        parts=sql.SQL(", ").join(parts), asked=asking.compose(asked, met=met, **given)
    )


def _cells(known: Axes, within: Sequence[str] | None, groups: Sequence[str] | None) -> list[int] | None:
    """The cells in one of which they must meet; None: in any."""
    if within is None and groups is None:
        return None
    return [
        known.number(region, group)
        for region in (known.regions if within is None else within)
        for group in known.working_groups
        if groups is None or group in groups
    ]


def placed(asking: Asking, known: Axes, carried: LiteralString) -> sql.Composed:
    """Every cell that the initiatives of `standing` stand in, with columns of theirs that are carried along."""
    return asking.compose(PLACED, place=place(asking, known), carried=sql.SQL(carried), **known.parts)


def place(asking: Asking, known: Axes) -> sql.Composed:
    """Each region with those that it counts in, as numbers."""
    return asking.compose(PLACE, **known.parts)
