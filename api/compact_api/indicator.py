"""Indicators: what initiatives measure, what was reported of which period, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated

import msgspec
import strawberry

from compact_domain.initiative import Aggregation, IndicatorDirection, Periods
from compact_domain.initiative import Initiative as InitiativeAggregate
from compact_projections.asking import Asking, Order, Where
from compact_projections.indicators import (
    CorrectionMade,
    IndicatorJoinRow,
    IndicatorRow,
    MeasurementRow,
    facts_of_indicator,
    measured_by,
    progress,
    total,
)
from compact_projections.initiatives import InitiativeRow

from .context import Info
from .fields import question
from .initiative import MEASUREMENTS, Initiative
from .listing import CodeFilter, DateFilter, Direction, Listing, TextFilter, codes
from .lookahead import brought
from .moments import Asked
from .nodes import Subject, allowed_commands
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .scalars import Code
from .shapes import described, enumeration, form, shape
from .stated import Stated, found_of
from .trail import TrailEntry, history_of

enumeration(IndicatorDirection, UP="More is better.", DOWN="Less is better.")
enumeration(
    Aggregation,
    named="IndicatorAggregation",
    SUM="What was measured in its periods is added up.",
    LATEST="What was measured in the latest period counts.",
)
enumeration(
    Periods,
    named="IndicatorPeriods",
    MONTHLY="Calendar months: `2025-10`.",
    QUARTERLY="Quarters of calendar years: `2025-Q4`.",
    YEARLY="Calendar years: `2025`.",
)


@shape
class MeasurementCorrection(Stated):
    """How a measurement was put right; the reason says why."""

    value: strawberry.Private[CorrectionMade]

    @question
    def before(self) -> Decimal:
        """What had been told."""
        return self.value.before

    @question
    def after(self) -> Decimal:
        """What it is."""
        return self.value.value

    @question
    def corrects(self) -> int:
        """The fact that it corrects, by its place in the history of the initiative."""
        return self.value.corrects


@shape
class Measurement(Stated):
    """What an organization measured in a period for an initiative."""

    row: strawberry.Private[MeasurementRow]

    @question
    async def indicator(self, info: Info) -> Indicator | None:
        """By what it was measured; null where that is of an initiative which is not for the one who asks."""
        row = await info.context.one(self.asking, IndicatorRow, "code", self.row.indicator)
        return Indicator.of(row, self.asking) if row else None

    @question
    async def initiative(self, info: Info) -> Initiative | None:
        """The initiative that it was measured for."""
        row = await info.context.one(self.asking, InitiativeRow, "id", self.row.initiative)
        return Initiative.of(row, self.asking) if row else None

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Who reported it."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def period(self) -> str:
        """The period: a month, `2025-10`, a quarter, `2025-Q4`, or a year."""
        return self.row.period

    @question
    def value(self) -> Decimal:
        """What was measured, in the indicator's unit; corrected, if it was."""
        return self.row.value

    @question
    def reported(self) -> Decimal:
        """What was told first."""
        return self.row.reported

    @question
    def corrections(self) -> list[MeasurementCorrection]:
        """How it was put right, in order."""
        return [
            MeasurementCorrection(said=made.provenance, at=made.recorded_at, asking=self.asking, value=made)
            for made in self.row.corrections
        ]


def measurement(row: MeasurementRow, asking: Asking) -> Measurement:
    """A measurement as the schema shows it."""
    return Measurement(said=row.provenance, at=row.recorded_at, asking=asking, row=row)


@shape
class IndicatorSeries:
    """What one organization's measurements for one initiative come to."""

    rows: strawberry.Private[Sequence[MeasurementRow]]
    of: strawberry.Private[IndicatorRow]
    asking: strawberry.Private[Asking]

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Who reports."""
        return await Organization.found(info, self.asking, self.rows[0].organization)

    @question
    async def initiative(self, info: Info) -> Initiative | None:
        """For which initiative."""
        row = await info.context.one(self.asking, InitiativeRow, "id", self.rows[0].initiative)
        return Initiative.of(row, self.asking) if row else None

    @question
    async def shared(self, info: Info) -> bool:
        """Whether its figures are those of the others too: by the indicator, or as its initiative has joined it."""
        joins = await info.context.many(self.asking, IndicatorJoinRow, "indicator", self.of.code)
        return self.of.shared or any(join.shared for join in joins if join.initiative == self.rows[0].initiative)

    @question
    def total(self) -> Decimal | None:
        """What it comes to: the sum over the periods, or the latest, as the indicator says."""
        return total(msgspec.structs.replace(self.of, shared=False), self.rows)


@shape
class Indicator(Subject):
    """What an initiative measures. Others may have joined it: then its total is that of all of them.

    It lives in the history of the initiative that defined it, whose id and version commands about it name. What is of
    an initiative that is not for the one who asks, is neither shown nor counted.
    """

    row: strawberry.Private[IndicatorRow]

    @classmethod
    def aggregate_kind(cls) -> type[InitiativeAggregate]:
        return InitiativeAggregate

    @classmethod
    def row_kind(cls) -> type[IndicatorRow]:
        return IndicatorRow

    @question
    async def version(self, info: Info) -> int:  # type: ignore[override]  # the schema awaits what has to be awaited
        """How many facts the history of its initiative had at the moment: what `expectedVersion` is held against."""
        row = await self._initiative(info)
        return row.version if row else 0

    @question
    async def history(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[TrailEntry]:
        """Everything that happened to it in the initiative that defined it, up to the moment."""
        about = [facts_of_indicator(self.asking, self.row.code)]
        return await history_of(self.asking, self.row.initiative, about=about, first=first, after=after)

    @question
    async def allowed_commands(self, info: Info) -> list[str]:
        """The mutations that the one who asks might give to its initiative because of it, at the moment."""
        row = await self._initiative(info)
        if row is None:
            return []
        allowed = await allowed_commands(info, self.asking, InitiativeAggregate, row.id, row.version)
        about = ("initiativeReportMeasurement", "initiativeClosePeriod", "initiativeCorrectMeasurement")
        return [name for name in allowed if name in about]

    @question
    def code(self) -> Code:
        """Code, unique among indicators."""
        return Code(self.row.code)

    @question
    def title(self) -> str:
        """What is measured."""
        return self.row.title

    @question
    async def initiative(self, info: Info) -> Initiative | None:
        """The initiative that defined it."""
        row = await self._initiative(info)
        return Initiative.of(row, self.asking) if row else None

    @question
    async def joined_by(self, info: Info) -> list[Initiative]:
        """The initiatives that have joined it, by code."""
        joins = await self._joins(info)
        rows = await found_of(info.context.one(self.asking, InitiativeRow, "id", join.initiative) for join in joins)
        return [Initiative.of(row, self.asking) for row in sorted(rows, key=lambda row: row.code)]

    @question
    def unit(self) -> str:
        """The unit of its numbers."""
        return self.row.unit

    @question
    def direction(self) -> IndicatorDirection:
        """Which way it gets better."""
        return self.row.direction

    @question
    def aggregation(self) -> Aggregation:
        """What the measurements of one reporter come to."""
        return self.row.aggregation

    @question
    def baseline(self) -> Decimal:
        """Where it stood before."""
        return self.row.baseline

    @question
    def baseline_year(self) -> int:
        """The year of the baseline."""
        return self.row.baseline_year

    @question
    def target(self) -> Decimal:
        """Where it is to come to."""
        return self.row.target

    @question
    def periods(self) -> Periods:
        """How long its periods are."""
        return self.row.periods

    @question
    def closed_periods(self) -> list[str]:
        """Periods in which nothing is measured any more, in order."""
        return list(self.row.closed_periods)

    @question
    def defined_on(self) -> date:
        """The day from which it is measured by."""
        return self.row.defined_on

    @question
    def shared(self) -> bool:
        """Whether all who report tell of the same results, so that these are not added up."""
        return self.row.shared

    @brought(MeasurementRow, by="indicator", of="code")
    def measurements(
        self, rows: Sequence[MeasurementRow], first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Measurement]:
        """What was measured, by period."""
        return MEASUREMENTS.page_of(rows, node=lambda row: measurement(row, self.asking), first=first, after=after)

    @question
    async def series(self, info: Info) -> list[IndicatorSeries]:
        """What it comes to for each who reports, by initiative; in the order they first reported."""
        found: dict[object, list[MeasurementRow]] = {}
        for row in sorted(await self._measured(info), key=lambda row: row.recorded_at):
            found.setdefault((row.initiative, row.organization), []).append(row)
        return [IndicatorSeries(rows=rows, of=self.row, asking=self.asking) for rows in found.values()]

    @question
    async def total(self, info: Info) -> Decimal | None:
        """What it comes to for all who report; null if nothing was measured.

        Sums are added up. Of the latest, each tells where the baseline has come to by what the reporter did: how far
        each has come from it is added up, and the baseline counts once. If all share their results, one figure counts
        for each period, the one told last. What was joined with shared results counts where no other has reported: of
        the period, where periods are summed, or else at all.
        """
        return await self._total(info)

    @question
    async def progress(self, info: Info) -> Decimal | None:
        """How much of the way from baseline to target is done, in per cent; null if nothing was measured.

        A sum is what was added to the baseline; the latest, where that has come to: `total` tells both.
        """
        return progress(self.row, await self._total(info))

    async def _initiative(self, info: Info) -> InitiativeRow | None:
        return await info.context.one(self.asking, InitiativeRow, "id", self.row.initiative)

    async def _joins(self, info: Info) -> list[IndicatorJoinRow]:
        return await info.context.many(self.asking, IndicatorJoinRow, "indicator", self.row.code)

    async def _measured(self, info: Info) -> list[MeasurementRow]:
        return await info.context.many(self.asking, MeasurementRow, "indicator", self.row.code)

    async def _total(self, info: Info) -> Decimal | None:
        sharing = [join.initiative for join in await self._joins(info) if join.shared]
        return total(self.row, await self._measured(info), sharing)


@form
class IndicatorFilter:
    """Which indicators to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    title: TextFilter | None = described("What is measured.", default=None)
    initiative: CodeFilter | None = described("An initiative that has defined or joined it.", default=None)
    defined_on: DateFilter | None = described("The day from which it is measured by.", default=None)


class IndicatorOrderField(Enum):
    """What indicators can be ordered by."""

    CODE = "code"
    TITLE = "title"
    DEFINED_ON = "defined_on"


enumeration(
    IndicatorOrderField,
    CODE="Its code.",
    TITLE="What is measured.",
    DEFINED_ON="The day from which it is measured by.",
)


@form
class IndicatorOrder:
    """An order of indicators."""

    field: IndicatorOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


LISTING = Listing(IndicatorRow, default=(Order("code"),))
FilterArgument = Annotated[IndicatorFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[list[IndicatorOrder] | None, strawberry.argument("In which order; left out: by code.")]


@shape
class IndicatorQuestions(Asked):
    """What is measured."""

    @question
    async def indicators(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Indicator]:
        """Indicators with what was measured by them, as far as the one who asks may know of their initiatives."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: Indicator.of(row, asking),
            where=_where(asking, filter),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
            info=info,
        )


def _where(asking: Asking, filter: IndicatorFilter | None) -> list[Where]:
    def of_initiative(given: CodeFilter) -> Where:
        wanted = codes(given)
        return asking.compose("true") if wanted is None else measured_by(asking, wanted)

    return LISTING.where(filter, apart={"initiative": of_initiative})
