"""Today: what is to be done at a moment, for whom, since when and by which command: one question over the table."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from string import Formatter
from typing import Any, LiteralString, cast

import msgspec
from psycopg import sql

from compact_domain.catalogue import GLOBAL
from compact_domain.kernel import Actor, Role, RoleHeld
from compact_domain.policy import CHAIR, Reach
from compact_projections.asking import Asking
from compact_projections.duties import TABLE
from compact_projections.duties.lines import FRAGMENTS, Duty, Line
from compact_projections.kit import Row, columns
from compact_projections.models import models

SPEAKS = {Role.ENTITY_REPRESENTATIVE, Role.REGIONAL_FOCAL_POINT, Role.COMMITTEE_MEMBER}
"""Roles whose scope is an organization that one speaks for."""
CHAIRS = {role for role, _ in CHAIR}
BY_ORGANIZATION = frozenset({Reach.OWN_ORGANIZATION, Reach.OWN_REGION})
"""How those reach who act for an organization."""
PART, COUNTED = "part_", "counted_"
"""How a line names the parts of a thing that is there already, and rows that count without being told of."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done. `key` names its subject, and duty and `reference` name it among all."""

    duty: Duty
    key: str
    code: str | None
    reference: str
    organization: str | None
    since: datetime
    due_on: date | None
    due_at: datetime | None
    facts: dict[str, Any]

    @property
    def line(self) -> Line:
        """Its line of the table."""
        return TABLE[self.duty]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for: by whom, in which roles, of which organization, which duties. None: all."""

    actor: Actor
    duties: Set[Duty] | None = None
    organization: str | None = None

    @property
    def lines(self) -> list[Line]:
        """The lines of the table that concern the one who asks."""
        return [line for line in TABLE.values() if self._asks_for(line.duty) and self.held(line)]

    def _asks_for(self, duty: Duty) -> bool:
        return self.duties is None or duty in self.duties

    def held(self, line: Line) -> list[tuple[RoleHeld, Reach]]:
        """The roles of the one who asks that a line is for, each with its reach."""
        pairs = [(held, reach) for held in self.actor.roles for role, reach in line.roles if held.role is role]
        return [pair for pair in pairs if self._is_of_organization(*pair)]

    def _is_of_organization(self, held: RoleHeld, reach: Reach) -> bool:
        limited = reach in BY_ORGANIZATION and self.organization is not None
        return not limited or self.acts_for(held) == self.organization

    def acts_for(self, held: RoleHeld) -> str | None:
        """The organization that one acts for in a role."""
        return held.scope or self.actor.organization

    @property
    def speaks_for(self) -> list[str]:
        """Every organization that the one who asks belongs to or speaks for."""
        scopes = {held.scope for held in self.actor.roles if held.role in SPEAKS}
        return sorted(code for code in {self.actor.organization, *scopes} if code)


Near = Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]]
"""The regions that are, lie in or contain one of others: those of a regional organization, by its code with no regions
beside it, and those that somebody who acts for one is limited to."""


async def today(asking: Asking, wanted: Wanted, *, after: Sequence[Any] | None = None, limit: int) -> list[Item]:
    """What is to be done: the overdue and what is due next first, then by age; beyond the values of `after`."""
    if not wanted.lines:
        return []
    whole, parameters = await _everything(asking, wanted)
    beyond = "(coalesce(due_at, 'infinity'), since, duty, reference) > (%(due)s, %(since)s, %(duty)s, %(reference)s)"
    records = await asking.rows(
        asking.compose(
            "select duty, key, code, reference, organization, since, due_on, due_at, facts from ({all}) t"
            " where {beyond} order by coalesce(due_at, 'infinity'), since, duty, reference limit %(limit)s",
            all=whole,
            beyond=sql.SQL(beyond if after else "true"),
        ),
        {**parameters, **_values(after), "limit": limit},
    )
    return [_item(*record) for record in records]


async def today_count(asking: Asking, wanted: Wanted) -> int:
    """How much is to be done."""
    if not wanted.lines:
        return 0
    whole, parameters = await _everything(asking, wanted)
    records = await asking.rows(asking.compose("select count(*) from ({all}) t", all=whole), parameters)
    return cast("int", records[0][0])


def _values(after: Sequence[Any] | None) -> dict[str, Any]:
    if after is None:
        return {}
    due, *rest = after
    return dict(zip(("due", "since", "duty", "reference"), (due or "infinity", *rest), strict=True))


def _item(duty: str, key: str, code: str | None, reference: str, organization: str | None, *rest: Any) -> Item:
    since, due_on, due_at, facts = rest
    return Item(
        duty=Duty(duty),
        key=key,
        code=code,
        reference=reference,
        organization=organization,
        since=since,
        due_on=due_on,
        due_at=due_at,
        facts=facts,
    )


_kept: dict[Hashable, sql.SQL] = {}
"""The question as it was composed, which takes longer than to answer it, for all who hold the same roles."""
KEPT = 500


async def _everything(asking: Asking, wanted: Wanted) -> tuple[sql.SQL, dict[str, Any]]:
    """The question of everything that is to be done, and what it is asked with."""
    lines = wanted.lines
    key = (asking.view, wanted.organization is None, *((line.duty, _ways(wanted, line)) for line in lines))
    if key not in _kept:
        if len(_kept) >= KEPT:
            _kept.clear()
        keeping = asking.for_keeping()
        composed = sql.SQL(" union all ").join(_select(keeping, wanted, line) for line in lines)
        if any("within" in named_in(*line.sql) for line in lines):
            composed = sql.SQL(" ").join([keeping.compose(WITHIN, stands=keeping.stands("e")), composed])
        _kept[key] = sql.SQL(composed.as_string())
    moment = asking.moment
    parameters: dict[str, Any] = {
        **asking.parameters,
        "now": moment.now,
        "today": moment.today,
        "me": wanted.actor.id,
        "organization": wanted.organization,
        "speaking": wanted.speaks_for,
        "bodies": sorted({held.scope for held in wanted.actor.roles if held.role in CHAIRS and held.scope}),
    }
    near = await _near(asking, wanted)
    for line in lines:
        parameters |= _acting(wanted, line, near)
    return _kept[key], parameters


def _ways(wanted: Wanted, line: Line) -> frozenset[tuple[Role, Reach]]:
    """The roles of the viewer that a line is for: the same question is asked for all who hold the same."""
    return frozenset((held.role, reach) for held, reach in wanted.held(line))


def _acting(wanted: Wanted, line: Line, near: Near) -> dict[str, Any]:
    """For whom the viewer acts in the roles of a line, column by column."""
    held = dict.fromkeys(held for held, reach in wanted.held(line) if reach in BY_ORGANIZATION)
    acting = [(code, role.regions) for role in held if (code := wanted.acts_for(role))]
    of = _of(wanted, line)
    return {
        f"organizations{of}": list(dict.fromkeys(code for code, _ in acting)),
        f"acting{of}": [code for code, _ in acting],
        f"regional{of}": [(code, ()) in near for code, _ in acting],
        f"near{of}": [" ".join(near.get((code, ()), ())) for code, _ in acting],
        f"own{of}": [" ".join(regions) for _, regions in acting],
        f"there{of}": [" ".join(near.get((code, own), ())) if own else None for code, own in acting],
    }


def _of(wanted: Wanted, line: Line) -> str:
    """What tells the parameters of one set of roles from those of another."""
    roles = {held.role for held, reach in wanted.held(line) if reach in BY_ORGANIZATION}
    return "".join(f"_{role.value}" for role in Role if role in roles)


def _select(asking: Asking, wanted: Wanted, line: Line) -> sql.Composed:
    """The question that a line is, for the one who asks."""
    parts = _parts(asking, wanted, line)

    def composed(statement: LiteralString) -> sql.Composed:
        return asking.compose(statement, **parts)

    facts = sql.SQL(", ").join(
        sql.SQL("{}, {}").format(sql.Literal(name), composed(value)) for name, value in line.facts.items()
    )
    due = (line.due.on, line.due.at) if line.due else ("null", "null")
    conditions = [composed(line.when), parts["own"], _of_organization(wanted, line, composed(line.organization))]
    return sql.SQL(
        "select {duty}::text as duty, ({key})::text as key, ({code})::text as code, ({reference})::text as reference,"
        " ({organization})::text as organization, ({since})::timestamptz as since, ({due_on})::date as due_on,"
        " ({due_at})::timestamptz as due_at, json_build_object({facts}) as facts {rows} where {conditions}"
    ).format(
        duty=sql.Literal(line.duty.value),
        key=composed(line.key),
        code=composed(line.code),
        reference=composed(line.reference),
        organization=composed(line.organization),
        since=composed(line.since),
        due_on=composed(due[0]),
        due_at=composed(due[1]),
        facts=facts,
        rows=composed(line.rows),
        conditions=sql.SQL(" and ").join(sql.SQL("({})").format(condition) for condition in conditions),
    )


def _of_organization(wanted: Wanted, line: Line, organization: sql.Composed) -> sql.Composable:
    """Of what is not the viewer's by the organization acted for, what concerns the one that is asked for."""
    own = BY_ORGANIZATION.issuperset(reach for _, reach in wanted.held(line))
    if wanted.organization is None or own:
        return sql.SQL("true")
    return sql.SQL("{} = %(organization)s::text").format(organization)


def _parts(asking: Asking, wanted: Wanted, line: Line) -> dict[str, sql.Composable]:
    """What the SQL of a line may name: rows that stand, the moment, and for whom the viewer acts."""
    of = _of(wanted, line)
    parts: dict[str, sql.Composable] = {
        "position": asking.position,
        "now": sql.SQL("%(now)s::timestamptz"),
        "today": sql.SQL("%(today)s::date"),
        "me": sql.SQL("%(me)s::uuid"),
        "bodies": sql.SQL("%(bodies)s::text[]"),
        "speaking": sql.SQL("%(speaking)s::text[]"),
        "within": sql.SQL("within"),
        "holding": sql.SQL("holding"),
        "organizations": sql.SQL("{}::text[]").format(sql.Placeholder(f"organizations{of}")),
        "capacities": sql.SQL(CAPACITIES).format(
            **{name: sql.Placeholder(f"{name}{of}") for name in ("acting", "regional", "near", "own", "there")}
        ),
        "facts": asking.compose(
            "(select subject, version, topic, position, recorded_at from {r}.trail where position <= {p})",
            p=asking.position,
        ),
    }
    held = {reach for _, reach in wanted.held(line)}
    ways = [line.whose[reach] for reach in Reach if reach in ({Reach.ANY} if Reach.ANY in held else held)]
    named, words = named_in(*line.sql, *ways), _words(*line.sql, *ways)
    parts |= {name: _standing(asking, name, words) for name in named if table_of(name) in _rows()}
    parts |= {name: asking.compose(FRAGMENTS[name], **parts) for name in named & FRAGMENTS.keys()}
    own = [sql.SQL("({})").format(asking.compose(way, **parts)) for way in ways]
    return parts | {"own": sql.SQL("({})").format(sql.SQL(" or ").join(own))}


def _standing(asking: Asking, name: str, words: Set[str]) -> sql.Composed:
    """The rows of a read model that stand at the moment, as far as they are for the viewer; of their columns those that
    a line speaks of, since all of them take as long to be read by the database as the question to be answered."""
    table = table_of(name)
    row = _rows()[table]
    spoken = [column for column in (*columns(row), "since", "until") if column in words]
    return asking.compose(
        "(select {columns} from {r}.{table} x where {shown})",
        columns=sql.SQL(", ").join(sql.SQL("x.{}").format(sql.Identifier(column)) for column in spoken),
        table=sql.Identifier(table),
        shown=asking.shows(row, "x") if name == table else asking.stands("x"),
    )


def table_of(name: str) -> str:
    """The table whose rows a line names."""
    return name.removeprefix(PART).removeprefix(COUNTED)


@cache
def _rows() -> Mapping[str, type[Row]]:
    return {model.row.TABLE: model.row for model in models()}


@cache
def named_in(*pieces: str) -> frozenset[str]:
    """What pieces of SQL name in braces, by themselves or through a fragment."""
    found = frozenset(name for piece in pieces for _, name, _, _ in Formatter().parse(piece) if name)
    fragments = [FRAGMENTS[name] for name in found & FRAGMENTS.keys()]
    return found | named_in(*fragments) if fragments else found


@cache
def _words(*pieces: str) -> frozenset[str]:
    """Every word in pieces of SQL, and in the fragments that they name."""
    fragments = (FRAGMENTS[name] for name in named_in(*pieces) & FRAGMENTS.keys())
    return frozenset(word for piece in (*pieces, *fragments) for word in re.findall(r"\w+", piece))


WITHIN = """
    with recursive line (part, whole) as (
        select e.code, e.code from {r}.catalogue_entry e where e.kind = 'region' and {stands}
        union select l.part, e.parent from line l
        join {r}.catalogue_entry e on e.kind = 'region' and e.code = l.whole and e.parent is not null and {stands}
    ), within as materialized (
        select part, whole from line union select part, 'GLOBAL' from line
    ), holding as materialized (
        select whole, array_agg(part) as parts from within group by whole
    )
"""
"""Every region with those that it lies in, and with those that lie in it, once for all lines that ask."""

CAPACITIES = """
    (select organization, regional, string_to_array(near, ' ') as near, string_to_array(own, ' ') as own,
        string_to_array(there, ' ') as there
    from unnest({acting}::text[], {regional}::bool[], {near}::text[], {own}::text[], {there}::text[])
        as acting (organization, regional, near, own, there))
"""
"""The organizations acted for, with the regions that theirs and the viewer's own meet."""

NEAR = """
    with recursive given (organization, limits, region) as (
        select o.code, '', region from {r}.organization o, unnest(o.regions) region
        where o.code = any(%(acting)s::text[]) and o.kind = 'regional_organization' and o.active and {o_stands}
        union select organization, limits, region
        from unnest(%(acting)s::text[], %(limits)s::text[]) as acting (organization, limits),
            unnest(string_to_array(limits, ' ')) region
    ), wider as (
        select * from given
        union select w.organization, w.limits, e.parent from wider w
        join {r}.catalogue_entry e on e.kind = 'region' and e.code = w.region and e.parent is not null and {e_stands}
    ), narrower as (
        select * from given
        union select n.organization, n.limits, e.code from narrower n
        join {r}.catalogue_entry e on e.kind = 'region' and e.parent = n.region and {e_stands}
    ), everywhere as (
        select g.organization, g.limits, e.code from given g
        join {r}.catalogue_entry e on e.kind = 'region' and {e_stands} where g.region = %(everywhere)s
    )
    select organization, limits, array_agg(distinct region)
    from (
        select * from wider union all select * from narrower union all select * from everywhere
        union all select organization, limits, %(everywhere)s from given
    ) found
    group by organization, limits
"""


async def _near(asking: Asking, wanted: Wanted) -> Near:
    """The regions that meet those which the viewer acts for, as far as a line asks for them."""
    lines = [line for line in wanted.lines if "capacities" in named_in(*line.sql, *line.whose.values())]
    acting = {role for line in lines for role, reach in wanted.held(line) if reach is Reach.OWN_ORGANIZATION}
    held = sorted({(code, role.regions) for role in acting if (code := wanted.acts_for(role))})
    if not held:
        return {}
    keeping = asking.for_keeping()
    records = await asking.rows(
        asking.compose(NEAR, o_stands=keeping.stands("o"), e_stands=keeping.stands("e")),
        {
            **asking.parameters,
            "acting": [code for code, _ in held],
            "limits": [" ".join(regions) for _, regions in held],
            "everywhere": GLOBAL,
        },
    )
    return {(organization, tuple(limits.split())): tuple(regions) for organization, limits, regions in records}
