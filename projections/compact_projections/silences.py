"""Silence procedures: what was put to members until when, who objected, and how each ended."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from psycopg import sql

from compact_domain.recommendation import Assessment, Recommendation
from compact_projections.asking import Asking
from compact_projections.kit import ReadModel, Recorded, on
from compact_projections.recommendations import PartRow, part, part_key


class SilenceOutcome(StrEnum):
    """How a silence procedure ended."""

    ADOPTED = "adopted"
    OBJECTED = "objected"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    CALLED_OFF = "called_off"


class SilenceRow(PartRow, frozen=True, kw_only=True):
    """A text that was put to the members of a body, to be adopted unless one of them objects up to a deadline."""

    TABLE: ClassVar[str] = "recommendation_silence"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("recommendation", "number"),
        ("deadline",),
        ("body", "deadline"),
        ("meeting", "deadline"),
        ("decision_number", "deadline"),
    )

    number: int
    body: str
    meeting: str
    decision_number: str
    text_version: int
    assessment: Assessment
    deadline: datetime
    zone: str


class Silences(ReadModel[SilenceRow]):
    """Every silence procedure. How it ended is a row of its own, since that may be withheld."""

    @on(Recommendation.SilenceStarted, keys=part_key)
    def started(self, fact: Recommendation.SilenceStarted, at: Recorded) -> SilenceRow:
        return SilenceRow(
            **part(fact, at),
            number=fact.silence.number,
            body=fact.body,
            meeting=fact.meeting,
            decision_number=fact.number,
            text_version=fact.text_version,
            assessment=fact.assessment,
            deadline=fact.silence.deadline,
            zone=fact.zone,
        )


class SilenceEndRow(PartRow, frozen=True, kw_only=True):
    """The end of a silence procedure."""

    TABLE: ClassVar[str] = "recommendation_silence_end"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("recommendation", "number"),)

    number: int
    outcome: SilenceOutcome


def _key_if_broken(
    fact: Recommendation.Amended | Recommendation.Withdrawn | Recommendation.Adopted,
) -> Iterable[Hashable]:
    return part_key(fact) if fact.silence else ()


class SilenceEnds(ReadModel[SilenceEndRow]):
    """How silence procedures ended, by whatever fact."""

    @on(Recommendation.Objected, keys=part_key)
    def objected(self, fact: Recommendation.Objected, at: Recorded) -> SilenceEndRow:
        return SilenceEndRow(**part(fact, at), number=fact.silence.number, outcome=SilenceOutcome.OBJECTED)

    @on(Recommendation.SilenceEnded, keys=part_key)
    def called_off(self, fact: Recommendation.SilenceEnded, at: Recorded) -> SilenceEndRow:
        return SilenceEndRow(**part(fact, at), number=fact.silence.number, outcome=SilenceOutcome.CALLED_OFF)

    @on(Recommendation.Amended, Recommendation.Withdrawn, Recommendation.Adopted, keys=_key_if_broken)
    def ended(
        self, fact: Recommendation.Amended | Recommendation.Withdrawn | Recommendation.Adopted, at: Recorded
    ) -> SilenceEndRow:
        number = fact.silence.number if fact.silence else 0
        return SilenceEndRow(**part(fact, at), number=number, outcome=_OUTCOMES[type(fact)])


_OUTCOMES = {
    Recommendation.Amended: SilenceOutcome.AMENDED,
    Recommendation.Withdrawn: SilenceOutcome.WITHDRAWN,
    Recommendation.Adopted: SilenceOutcome.ADOPTED,
}


class ObjectionRow(PartRow, frozen=True, kw_only=True):
    """A member's objection. Why, its provenance tells."""

    TABLE: ClassVar[str] = "recommendation_objection"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("recommendation", "version"),)

    silence: int
    organization: str
    of_body: bool


class Objections(ReadModel[ObjectionRow]):
    """Every objection to a text put to members in silence."""

    @on(Recommendation.Objected, keys=part_key)
    def objected(self, fact: Recommendation.Objected, at: Recorded) -> ObjectionRow:
        return ObjectionRow(
            **part(fact, at), silence=fact.silence.number, organization=fact.organization, of_body=fact.of_body
        )


class ObjectionWithdrawalRow(PartRow, frozen=True, kw_only=True):
    """That an organization took its objection back, for the record."""

    TABLE: ClassVar[str] = "recommendation_objection_withdrawal"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("recommendation", "version"),)

    silence: int
    organization: str


class ObjectionWithdrawals(ReadModel[ObjectionWithdrawalRow]):
    """Every objection that was taken back."""

    @on(Recommendation.ObjectionWithdrawn, keys=part_key)
    def withdrawn(self, fact: Recommendation.ObjectionWithdrawn, at: Recorded) -> ObjectionWithdrawalRow:
        return ObjectionWithdrawalRow(**part(fact, at), silence=fact.silence, organization=fact.organization)


def ended_as(asking: Asking, outcomes: Collection[SilenceOutcome] = tuple(SilenceOutcome)) -> sql.Composed:
    """The condition that a silence is known to have ended in one of these ways, to who may know of it."""
    return asking.compose(
        "(exists (select from {r}.recommendation_silence_end e where e.recommendation = t.recommendation"
        " and e.number = t.number and e.outcome = any({outcomes}) and {shown}))",
        outcomes=sql.Literal(sorted(outcome.value for outcome in outcomes)),
        shown=asking.shows(SilenceEndRow, "e"),
    )


def is_open(asking: Asking, wanted: bool = True) -> sql.Composed:
    """The condition that a silence can be broken at the moment, or that it cannot. See `next_deadline`."""
    can = asking.compose(
        "(t.deadline >= {now} and not {ended})",
        now=sql.Literal(asking.moment.recorded_until),
        ended=ended_as(asking),
    )
    return can if wanted else sql.SQL("(not {can})").format(can=can)


async def next_deadline(asking: Asking) -> None:
    """Tell the clock of a live answer that holds which silences are open when the next one will not be."""
    if not asking.moment.live:
        return
    found = await asking.rows(
        asking.compose(
            "select min(t.deadline) from {r}.recommendation_silence t where {shown} and {open}",
            shown=asking.shows(SilenceRow),
            open=is_open(asking),
        )
    )
    if (instant := found[0][0]) is not None:
        asking.moment.is_past(instant)
