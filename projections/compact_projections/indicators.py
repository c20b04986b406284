"""Indicators: what initiatives measure, who joined in, what was reported of which period, and what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar
from uuid import UUID, uuid5

from msgspec.structs import replace
from psycopg import sql

from compact_domain.initiative import Aggregation, IndicatorDirection, Initiative, Periods, Span
from compact_domain.kernel import NAMESPACE, Provenance, Value
from compact_projections.asking import Asking, Where
from compact_projections.initiatives import InitiativeRow
from compact_projections.kit import ReadModel, Recorded, Row, on


def indicator_id(code: str) -> UUID:
    """The id of the row of an indicator: codes are unique over all initiatives."""
    return uuid5(NAMESPACE, f"indicator:{code}")


class IndicatorRow(Row, frozen=True, kw_only=True):
    """What an initiative measures, as it was defined. Others may have joined: `IndicatorJoinRow`."""

    TABLE: ClassVar[str] = "indicator"
    TELLS_OF: ClassVar[dict[str, type[Row]]] = {"initiative": InitiativeRow}
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("title", "code"),
        ("initiative", "code"),
        ("defined_on", "code"),
    )

    id: UUID
    code: str
    initiative: UUID
    """The initiative that defined it, by id."""
    title: str
    unit: str
    direction: IndicatorDirection
    aggregation: Aggregation
    baseline: Decimal
    baseline_year: int
    target: Decimal
    periods: Periods
    shared: bool
    closed_periods: tuple[str, ...] = ()
    defined_on: date


class Indicators(ReadModel[IndicatorRow]):
    """Every indicator, by the initiative that defined it."""

    @on(Initiative.IndicatorDefined, keys=lambda fact: (indicator_id(fact.indicator.code),))
    def defined(self, fact: Initiative.IndicatorDefined, at: Recorded) -> IndicatorRow:
        said = fact.indicator
        return IndicatorRow(
            id=indicator_id(said.code),
            code=said.code,
            initiative=fact.originator_id,
            title=said.title,
            unit=said.unit,
            direction=said.direction,
            aggregation=said.aggregation,
            baseline=said.baseline,
            baseline_year=said.baseline_year,
            target=said.target,
            periods=said.periods,
            shared=said.shared,
            defined_on=fact.provenance.effective_on,
        )

    @on(Initiative.PeriodClosed, keys=lambda fact: (indicator_id(fact.indicator),))
    def closed(self, row: IndicatorRow, fact: Initiative.PeriodClosed, at: Recorded) -> IndicatorRow:
        return replace(row, closed_periods=tuple(sorted((*row.closed_periods, fact.period))))


class IndicatorJoinRow(Row, frozen=True, kw_only=True):
    """An initiative that measures by an indicator which another has defined."""

    TABLE: ClassVar[str] = "indicator_join"
    TELLS_OF: ClassVar[dict[str, type[Row]]] = {"initiative": InitiativeRow}
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("indicator",), ("initiative",))

    id: UUID
    indicator: str
    initiative: UUID
    shared: bool
    joined_on: date


class IndicatorJoins(ReadModel[IndicatorJoinRow]):
    """Which initiatives joined which indicators."""

    @on(Initiative.IndicatorJoined, keys=lambda fact: (uuid5(fact.originator_id, f"join:{fact.indicator}"),))
    def joined(self, fact: Initiative.IndicatorJoined, at: Recorded) -> IndicatorJoinRow:
        return IndicatorJoinRow(
            id=uuid5(fact.originator_id, f"join:{fact.indicator}"),
            indicator=fact.indicator,
            initiative=fact.originator_id,
            shared=fact.shared,
            joined_on=fact.provenance.effective_on,
        )


class CorrectionMade(Value, frozen=True, kw_only=True):
    """How a measurement was put right: what it was, what it is, why (the reason lies in provenance)."""

    before: Decimal
    value: Decimal
    corrects: int
    provenance: Provenance
    recorded_at: datetime


class MeasurementRow(Row, frozen=True, kw_only=True):
    """What an organization measured in a period for an initiative: as it stands, with what it was before."""

    TABLE: ClassVar[str] = "measurement"
    TELLS_OF: ClassVar[dict[str, type[Row]]] = {"initiative": InitiativeRow}
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("indicator", "period"), ("initiative",), ("organization",))

    id: UUID
    indicator: str
    initiative: UUID
    organization: str
    period: str
    starts_on: date
    """First day of the period."""
    value: Decimal
    reported: Decimal
    corrections: tuple[CorrectionMade, ...] = ()
    provenance: Provenance
    recorded_at: datetime
    position: int
    """Of the latest fact about it: of two that tell the same, the later one counts."""


class _Measured:
    @staticmethod
    def keys(fact: Initiative.MeasurementReported | Initiative.MeasurementCorrected) -> tuple[UUID]:
        return (uuid5(fact.originator_id, f"{fact.indicator}:{fact.period}:{fact.organization}"),)


class Measurements(ReadModel[MeasurementRow]):
    """What was measured, by initiative, reporter and period."""

    @on(Initiative.MeasurementReported, keys=_Measured.keys)
    def reported(self, fact: Initiative.MeasurementReported, at: Recorded) -> MeasurementRow:
        return MeasurementRow(
            id=_Measured.keys(fact)[0],
            indicator=fact.indicator,
            initiative=fact.originator_id,
            organization=fact.organization,
            period=fact.period,
            starts_on=Span.of(fact.period).starts_on,
            value=fact.value,
            reported=fact.value,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
            position=at.position,
        )

    @on(Initiative.MeasurementCorrected, keys=_Measured.keys)
    def corrected(self, row: MeasurementRow, fact: Initiative.MeasurementCorrected, at: Recorded) -> MeasurementRow:
        correction = CorrectionMade(
            before=fact.before,
            value=fact.value,
            corrects=fact.corrects,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
        )
        return replace(row, value=fact.value, corrections=(*row.corrections, correction), position=at.position)


INDICATOR_TOPICS = (
    Initiative.IndicatorDefined.TOPIC,
    Initiative.MeasurementReported.TOPIC,
    Initiative.MeasurementCorrected.TOPIC,
    Initiative.PeriodClosed.TOPIC,
)


def facts_of_indicator(asking: Asking, code: str) -> Where:
    """Facts of the trail that are about an indicator."""
    return asking.compose(
        "(t.topic = any({topics}) and coalesce(t.data -> 'indicator' ->> 'code', t.data ->> 'indicator') = {code})",
        topics=sql.Literal(list(INDICATOR_TOPICS)),
        code=sql.Literal(code),
    )


def measured_by(asking: Asking, initiatives: Collection[str]) -> Where:
    """Indicators that one of the initiatives, named by code, has defined or joined."""
    return asking.compose(
        "(t.initiative = any({ids}) or exists (select from {r}.indicator_join j where j.indicator = t.code"
        " and j.initiative = any({ids}) and {shown}))",
        ids=sql.Literal([Initiative.identify(code) for code in initiatives]),
        shown=asking.shows(IndicatorJoinRow, "j"),
    )


def total(row: IndicatorRow, measurements: Iterable[MeasurementRow], sharing: Collection[UUID] = ()) -> Decimal | None:
    """What measurements of an indicator come to; None where there are none.

    One reporter's are summed, or the latest counts, as the indicator says. The reporters' sums are added up. Of the
    latest, each tells where the baseline has come to by what the reporter did: so what is added up is how far each is
    from the baseline, and the baseline counts once. Where all tell of the same results, one figure counts for each
    period: the one told last. `sharing` are initiatives that joined with results that are those of the others: what
    they tell counts where no other has told, of a period that is summed, or at all.
    """
    counted = _counted(row, measurements, sharing)
    if not counted:
        return None
    if row.aggregation is Aggregation.SUM:
        return sum((one.value for one in counted), Decimal(0))
    latest: dict[tuple[UUID, str] | None, MeasurementRow] = {}
    for one in sorted(counted, key=lambda one: one.starts_on):
        latest[None if row.shared else (one.initiative, one.organization)] = one
    return row.baseline + sum((one.value - row.baseline for one in latest.values()), Decimal(0))


def _counted(
    row: IndicatorRow, measurements: Iterable[MeasurementRow], sharing: Collection[UUID]
) -> list[MeasurementRow]:
    """The measurements that count: all, but for those that tell of the same results as others."""

    def told_of(one: MeasurementRow) -> date | None:
        return one.starts_on if row.aggregation is Aggregation.SUM else None

    told = sorted(measurements, key=lambda one: one.position)
    if row.shared:
        return list({one.starts_on: one for one in told}.values())
    own = [one for one in told if one.initiative not in sharing]
    known = {told_of(one) for one in own}
    others = [one for one in told if one.initiative in sharing and told_of(one) not in known]
    last = {told_of(one): one.initiative for one in others}
    return [*own, *(one for one in others if last[told_of(one)] == one.initiative)]


def progress(row: IndicatorRow, reached: Decimal | None) -> Decimal | None:
    """How much of the way from baseline to target is done, in per cent; None where nothing was measured.

    What is summed over periods is counted from the baseline on; what is the latest stands where it stands.
    """
    if reached is None:
        return None
    way = reached if row.aggregation is Aggregation.SUM else reached - row.baseline
    return (100 * way / (row.target - row.baseline)).quantize(Decimal("0.1"), ROUND_HALF_UP)
