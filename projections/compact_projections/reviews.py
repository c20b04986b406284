"""Strategic reviews: what was adopted, finished and put off between two moments, and what overlaps or is covered now.

A question is asked as of the later moment; `earlier` is the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID

from psycopg import sql

from compact_domain.finding import Status
from compact_domain.kernel import MomentRefused, Value
from compact_projections.asking import Asking, Moment, Where
from compact_projections.coverage import Cell, CoverageState
from compact_projections.initiatives import InitiativeRow
from compact_projections.kit import Row
from compact_projections.overlaps import literal
from compact_projections.recommendations import RecommendationRow, is_adopted, overdue


class Turn(StrEnum):
    """How a region's coverage in a working group's field has turned between two moments."""

    NEWLY_COVERED = "newly_covered"
    NEW_GAP = "new_gap"


class CellTurned(Value, frozen=True, kw_only=True):
    """A cell whose coverage has turned, as it was and as it is."""

    turn: Turn
    before: CoverageState
    cell: Cell


def require_order(earlier: Moment, later: Moment) -> None:
    """Refuse to compare a moment with itself, or two the other way round. `MomentRefused`."""
    first, last = ((moment.position, moment.recorded_until) for moment in (earlier, later))
    if first == last:
        raise MomentRefused(moment_code="MOMENTS_EQUAL")
    if first > last:
        raise MomentRefused(moment_code="MOMENTS_REVERSED")


def newly_adopted(asking: Asking, earlier: Moment) -> Where:
    """Recommendations that are adopted, and were not."""
    return _newly(asking, earlier, RecommendationRow, is_adopted())


def newly_verified(asking: Asking, earlier: Moment) -> Where:
    """Recommendations that are carried out and verified, and were not."""
    return _newly(asking, earlier, RecommendationRow, sql.SQL("t.follow_up = 'verified'"))


def newly_closed(asking: Asking, earlier: Moment) -> Where:
    """Initiatives that are concluded, and were not."""
    return _newly(asking, earlier, InitiativeRow, sql.SQL("t.status = 'closed'"))


def _newly(asking: Asking, earlier: Moment, row: type[Row], condition: sql.Composable) -> sql.Composed:
    """The condition that a thing meets one now, and did not before."""
    return asking.compose(
        "({condition} and t.id not in (select t.id from {r}.{table} t where {stood} and {condition}))",
        condition=condition,
        table=sql.Identifier(row.TABLE),
        stood=asking.at(earlier).stands(),
    )


def recommendations_slipped(asking: Asking, earlier: Moment) -> Where:
    """Recommendations whose due date has moved to a later day, or that are overdue. See `next_due`."""
    moved = _moved(asking, earlier, RecommendationRow, "due_on")
    return asking.compose(
        "(t.id in (select moved.id from ({moved}) moved) or {late})", moved=moved, late=overdue(asking)
    )


def initiatives_slipped(asking: Asking, earlier: Moment) -> Where:
    """Initiatives whose last day has moved to a later one, or that go on after it."""
    moved = _moved(asking, earlier, InitiativeRow, "ends_on")
    return asking.compose(
        "(t.id in (select moved.id from ({moved}) moved) or {late})", moved=moved, late=runs_over(asking)
    )


def runs_over(asking: Asking) -> sql.Composed:
    """The condition that an initiative is past its last day and has not come to an end."""
    return sql.SQL("(t.ends_on < {today} and t.status not in ('closed', 'cancelled'))").format(
        today=literal(asking.moment.today, "date")
    )


def is_run_over(row: InitiativeRow, moment: Moment) -> bool:
    """Whether an initiative is past its last day at a moment and has not come to an end."""
    return row.status not in (Status.CLOSED, Status.CANCELLED) and row.ends_on < moment.today


async def days_before(
    asking: Asking, earlier: Moment, row: type[RecommendationRow | InitiativeRow], ids: Collection[UUID]
) -> dict[UUID, date]:
    """Of those whose day has moved to a later one, the earliest that it was since the earlier moment."""
    column = "due_on" if row is RecommendationRow else "ends_on"
    moved = _moved(asking, earlier, row, column)
    found = await asking.rows(
        sql.SQL("select id, before from ({moved}) moved where id = any({ids})").format(
            moved=moved, ids=literal(sorted(ids), "uuid[]")
        )
    )
    return dict(found)


def _moved(asking: Asking, earlier: Moment, row: type[Row], column: str) -> sql.Composed:
    """A query for the things whose day is later than it was at some time since the earlier moment."""
    return asking.compose(
        "select t.id, min(e.{column}) as before from {r}.{table} t join {r}.{table} e on e.id = t.id"
        " and e.since <= {now} and e.{until} > {then} and e.{until} > e.since and e.{column} < t.{column}"
        " where {stands} group by t.id",
        column=sql.Identifier(column),
        table=sql.Identifier(row.TABLE),
        until=sql.Identifier("until" if asking.inside else "open_until"),
        now=literal(asking.moment.position, "int8"),
        then=literal(earlier.position, "int8"),
        stands=asking.stands(),
    )


def turned(before: Sequence[Cell], now: Sequence[Cell], turn: Turn) -> Iterator[CellTurned]:
    """The cells that have turned so: somebody acts and nobody did, or it is a gap and was none."""
    was = {cell.key: cell for cell in before}
    for cell in now:
        old = was.get(cell.key) or Cell(region=cell.region, working_group=cell.working_group)
        acts, acted = bool(cell.acting), bool(old.acting)
        lacks, lacked = (one.state is CoverageState.GAP for one in (cell, old))
        if (acts and not acted) if turn is Turn.NEWLY_COVERED else (lacks and not lacked):
            yield CellTurned(turn=turn, before=old.state, cell=cell)
