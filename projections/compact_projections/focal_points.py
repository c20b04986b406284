"""Focal points: who speaks for whom, where, until when, who came before and after, and where nobody does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, LiteralString
from uuid import UUID

import msgspec
from msgspec.structs import replace
from psycopg import sql

from compact_domain.catalogue import GLOBAL
from compact_domain.focal_point import FocalPoint, FocalPointState, OpenItem
from compact_projections.asking import Asking, Where
from compact_projections.kit import ReadModel, Recorded, Row, on


class FocalPointRow(Row, frozen=True, kw_only=True):
    """A focal point as its facts left it. How its state reads on a day, `state_on` tells."""

    TABLE: ClassVar[str] = "focal_point"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("organization", "starts_on"),
        ("starts_on",),
        ("ends_on",),
        ("state", "organization"),
        ("subject",),
    )
    LISTS: ClassVar[tuple[str, ...]] = ("regions", "working_groups")

    id: UUID
    version: int
    organization: str
    subject: UUID
    regions: tuple[str, ...]
    working_groups: tuple[str, ...]
    nomination_letter: str | None
    starts_on: date
    ends_on: date
    state: FocalPointState = FocalPointState.NOMINATED
    alternates: tuple[UUID, ...] = ()
    succeeds: UUID | None
    successor: UUID | None = None
    moves: tuple[OpenItem, ...] = ()
    nominated_on: date
    confirmed_on: date | None = None
    ended_on: date | None = None
    handed_over_at: datetime | None = None

    def state_on(self, day: date) -> FocalPointState:
        """How it stands on a day: a term that is over has ended, without a fact that says so."""
        if self.state is FocalPointState.CONFIRMED and self.ends_on < day:
            return FocalPointState.TERM_ENDED
        return self.state

    def acts_on(self, day: date) -> bool:
        """Whether it has its powers on a day: confirmed, and in its term."""
        return self.state is FocalPointState.CONFIRMED and self.starts_on <= day <= self.ends_on


class FocalPoints(ReadModel[FocalPointRow]):
    """Everybody who was ever named to speak for an organization in its regions."""

    @on(FocalPoint.Created)
    def nominated(self, fact: FocalPoint.Created, at: Recorded) -> FocalPointRow:
        return FocalPointRow(
            id=fact.originator_id,
            version=fact.originator_version,
            organization=fact.organization,
            subject=fact.subject,
            regions=fact.regions,
            working_groups=fact.working_groups,
            nomination_letter=fact.nomination_letter,
            starts_on=fact.term.starts_on,
            ends_on=fact.term.ends_on,
            succeeds=fact.succeeds,
            nominated_on=fact.provenance.effective_on,
        )

    @on(FocalPoint.Confirmed)
    def confirmed(self, row: FocalPointRow, fact: FocalPoint.Confirmed, at: Recorded) -> FocalPointRow:
        return replace(
            row,
            version=fact.originator_version,
            state=FocalPointState.CONFIRMED,
            confirmed_on=fact.provenance.effective_on,
        )

    @on(FocalPoint.Declined)
    def declined(self, row: FocalPointRow, fact: FocalPoint.Declined, at: Recorded) -> FocalPointRow:
        return replace(row, version=fact.originator_version, state=FocalPointState.DECLINED)

    @on(FocalPoint.AlternateDesignated)
    def joined_by(self, row: FocalPointRow, fact: FocalPoint.AlternateDesignated, at: Recorded) -> FocalPointRow:
        return replace(row, version=fact.originator_version, alternates=(*row.alternates, fact.subject))

    @on(FocalPoint.AlternateRemoved)
    def left_by(self, row: FocalPointRow, fact: FocalPoint.AlternateRemoved, at: Recorded) -> FocalPointRow:
        remaining = tuple(alternate for alternate in row.alternates if alternate != fact.subject)
        return replace(row, version=fact.originator_version, alternates=remaining)

    @on(FocalPoint.ContactUpdated, FocalPoint.NominationTakenOver)
    def noted_elsewhere(self, row: FocalPointRow, fact: FocalPoint.Event, at: Recorded) -> FocalPointRow:
        return replace(row, version=fact.originator_version)

    @on(FocalPoint.TermExtended)
    def extended(self, row: FocalPointRow, fact: FocalPoint.TermExtended, at: Recorded) -> FocalPointRow:
        return replace(row, version=fact.originator_version, ends_on=fact.ends_on)

    @on(FocalPoint.HandedOver)
    def handed_over(self, row: FocalPointRow, fact: FocalPoint.HandedOver, at: Recorded) -> FocalPointRow:
        return replace(
            row,
            version=fact.originator_version,
            state=FocalPointState.HANDED_OVER,
            successor=fact.successor,
            moves=fact.moves,
            ended_on=fact.provenance.effective_on,
            handed_over_at=at.recorded_at,
        )

    @on(FocalPoint.Vacated)
    def vacated(self, row: FocalPointRow, fact: FocalPoint.Vacated, at: Recorded) -> FocalPointRow:
        return replace(
            row,
            version=fact.originator_version,
            state=FocalPointState.VACATED,
            ended_on=fact.provenance.effective_on,
        )

    @on(FocalPoint.TermEnded)
    def term_ended(self, row: FocalPointRow, fact: FocalPoint.TermEnded, at: Recorded) -> FocalPointRow:
        return replace(row, version=fact.originator_version, state=FocalPointState.TERM_ENDED, ended_on=fact.ended_on)


def in_state(asking: Asking, states: Collection[FocalPointState]) -> Where:
    """Focal points whose state reads as one of these on the day of the answer."""
    return asking.compose(
        "(case when t.state = 'confirmed' and t.ends_on < {today} then 'term_ended' else t.state end = any({states}))",
        today=sql.Literal(asking.moment.today),
        states=sql.Literal(sorted(state.value for state in states)),
    )


class Vacancy(msgspec.Struct, frozen=True, kw_only=True):
    """A region in which nobody has the powers of an organization's focal point."""

    organization: str
    region: str
    since: date | None
    nominations: int
    filled_from: date | None


VACANCIES = """
    with expected (organization, region) as (
        select o.code, region from {r}.organization o, unnest(o.regions) region
        where o.kind = 'regional_organization' and o.active and {organization_stands}
        union
        select f.organization, region
        from {r}.focal_point f join {r}.organization o on o.code = f.organization, unnest(f.regions) region
        where f.confirmed_on is not null and o.active and {focal_point_stands} and {organization_stands}
    )
    select e.organization, e.region,
        max(coalesce(f.ended_on, f.ends_on)) filter (where f.confirmed_on is not null and f.starts_on <= {today}),
        count(*) filter (where f.state = 'nominated'),
        min(f.starts_on) filter (where f.state = 'confirmed' and f.starts_on > {today})
    from expected e
    left join {r}.focal_point f
        on f.organization = e.organization and f.regions && array[e.region, {everywhere}] and {focal_point_stands}
    where (%(organizations)s::text[] is null or e.organization = any(%(organizations)s))
        and (%(regions)s::text[] is null or e.region = any(%(regions)s))
    group by e.organization, e.region
    having count(*) filter (where f.state = 'confirmed' and {today} between f.starts_on and f.ends_on) = 0
"""


async def vacancies(
    asking: Asking,
    *,
    organizations: Collection[str] | None = None,
    regions: Collection[str] | None = None,
    after: Sequence[Any] | None = None,
    limit: int,
) -> list[Vacancy]:
    """Regions without a focal point on the day of the answer, by organization and region, beyond those of `after`.

    One is expected wherever a regional organization that takes part stands for a region, and wherever an organization
    had one before; a focal point for all regions counts in each.
    """
    records = await asking.rows(
        _vacancies(
            asking,
            "select * from ({found}) v (organization, region, since, nominations, filled_from)"
            " where %(after)s::text[] is null or array[organization, region] > %(after)s::text[]"
            " order by array[organization, region] limit %(limit)s",
        ),
        {**_wanted(organizations, regions), "after": list(after) if after else None, "limit": limit},
    )
    return [
        Vacancy(organization=organization, region=region, since=since, nominations=nominations, filled_from=filled)
        for organization, region, since, nominations, filled in records
    ]


async def count_vacancies(
    asking: Asking, *, organizations: Collection[str] | None = None, regions: Collection[str] | None = None
) -> int:
    """How many regions are without a focal point."""
    records = await asking.rows(_vacancies(asking, "select count(*) from ({found}) v"), _wanted(organizations, regions))
    return int(records[0][0])


def _vacancies(asking: Asking, statement: LiteralString) -> sql.Composed:
    found = asking.compose(
        VACANCIES,
        organization_stands=asking.stands("o"),
        focal_point_stands=asking.stands("f"),
        today=sql.Literal(asking.moment.today),
        everywhere=sql.Literal(GLOBAL),
    )
    return asking.compose(statement, found=found)


def _wanted(organizations: Collection[str] | None, regions: Collection[str] | None) -> dict[str, list[str] | None]:
    return {
        "organizations": None if organizations is None else list(organizations),
        "regions": None if regions is None else list(regions),
    }
