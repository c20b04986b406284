"""Strategic reviews: what lies between two moments. Adopted, finished, slipped, newly overlapping, newly covered."""

from __future__ import annotations

from datetime import date, datetime

from compact_domain.kernel import MomentRefused, Value
from compact_projections.asking import Asking
from compact_projections.coverage import CoverageState, cells
from compact_projections.overlaps import literal
from compact_projections.recommendations import RecommendationRow

FINISHED = ("implemented", "verified")
"""Follow-up states of what its lead says is done."""


class Slip(Value, frozen=True, kw_only=True):
    """A recommendation whose day was put off, or went by, between the two moments."""

    code: str
    due_before: date | None
    due_after: date
    overdue: bool


class Comparison(Value, frozen=True, kw_only=True):
    """What lies between two moments, as far as the viewer may know of it; by code, and cells by region and group."""

    adopted: list[str]
    finished: list[str]
    reopened: list[str]
    slipped: list[Slip]
    newly_overlapping: list[tuple[str, str]]
    newly_covered: list[tuple[str, str]]
    newly_lacking: list[tuple[str, str]]


class _Stood(Value, frozen=True, kw_only=True):
    adopted: bool
    finished: bool
    open: bool
    due_on: date | None
    overdue: bool


STOOD = """
    select t.code, t.decision in ('adopted', 'adopted_as_amended'), coalesce(t.follow_up = any({finished}), false),
        t.follow_up is not null and not t.follow_up = any({finished}) and t.ending is null, t.due_on,
        coalesce(t.falls_due_at <= {moment}, false)
    from {r}.recommendation t where {shown}
"""


async def compared(earlier: Asking, later: Asking) -> Comparison:
    """What lies between the moments of two askings of one viewer. `MomentRefused` for the same or reversed ones."""
    if earlier.moment.position >= later.moment.position:
        raise MomentRefused(moment_code="MOMENTS_REVERSED")
    before, after = await _stood(earlier), await _stood(later)
    cells_before = {cell.key: cell.state for cell in await cells(earlier)}
    cells_after = {cell.key: cell.state for cell in await cells(later)}

    def became(state: CoverageState, *, out_of: tuple[CoverageState, ...] | None = None) -> list[tuple[str, str]]:
        return sorted(
            key
            for key, now in cells_after.items()
            if now is state
            and cells_before.get(key, CoverageState.NONE) is not state
            and (out_of is None or cells_before.get(key, CoverageState.NONE) in out_of)
        )

    def since(what: str) -> list[str]:
        return sorted(
            code
            for code, now in after.items()
            if getattr(now, what) and not (code in before and getattr(before[code], what))
        )

    slipped = []
    for code, now in sorted(after.items()):
        was = before.get(code)
        due = was.due_on if was else None
        moved = due is not None and now.due_on is not None and now.due_on > due
        newly_late = now.overdue and not (was and was.overdue)
        if now.due_on is not None and (moved or newly_late):
            slipped.append(Slip(code=code, due_before=due, due_after=now.due_on, overdue=now.overdue))
    return Comparison(
        adopted=since("adopted"),
        finished=since("finished"),
        reopened=sorted(code for code, was in before.items() if was.finished and code in after and after[code].open),
        slipped=slipped,
        newly_overlapping=became(CoverageState.OVERLAP),
        newly_covered=became(CoverageState.COVERED, out_of=(CoverageState.GAP, CoverageState.NONE)),
        newly_lacking=became(CoverageState.GAP),
    )


async def _stood(asking: Asking) -> dict[str, _Stood]:
    rows = await asking.rows(
        asking.compose(
            STOOD,
            shown=asking.shows(RecommendationRow),
            finished=literal(list(FINISHED), "text[]"),
            moment=literal(asking.moment.recorded_until, "timestamptz"),
        )
    )
    return {
        code: _Stood(adopted=adopted, finished=finished, open=is_open, due_on=due_on, overdue=overdue)
        for code, adopted, finished, is_open, due_on, overdue in rows
    }


async def between(asking: Asking, earlier: datetime, later: datetime) -> Comparison:
    """The comparison of two instants: what was recorded up to each."""
    first = await asking.moment_named(time=earlier)
    second = await asking.moment_named(time=later)
    return await compared(asking.at(first), asking.at(second))
