"""Decisions: what bodies have decided about recommendations, act by act. They are withheld until announced."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar, TypedDict

from compact_domain.recommendation import Assessment, Recommendation
from compact_domain.vocabulary import BodyAct, Method
from compact_projections.asking import Condition
from compact_projections.kit import ReadModel, Recorded, on
from compact_projections.recommendations import PartRow, part, part_key


class DecisionOutcome(StrEnum):
    """What a body decided about a recommendation."""

    ADOPTED = "adopted"
    NOT_ADOPTED = "not_adopted"
    DEFERRED = "deferred"
    REFERRED = "referred"
    CONTEST_DISMISSED = "contest_dismissed"
    CONTEST_UPHELD = "contest_upheld"


class DecisionRow(PartRow, frozen=True, kw_only=True):
    """A body's decision about one recommendation. One that covers several has a row for each."""

    TABLE: ClassVar[str] = "recommendation_decision"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("recommendation", "version"),
        ("act",),
        ("decided_on",),
        ("body", "decided_on"),
        ("meeting", "decided_on"),
        ("number", "decided_on"),
        ("outcome", "decided_on"),
        ("method", "decided_on"),
    )

    act: str
    """Body, meeting and number: what is the same for all that one decision covers."""
    body: str
    meeting: str
    number: str
    decided_on: date
    method: Method
    outcome: DecisionOutcome
    text_version: int | None = None
    assessment: Assessment | None = None
    to_meeting: str | None = None
    to_date: date | None = None
    to_body: str | None = None
    contest: str | None = None


class Taken(TypedDict):
    """What a decision's row tells of the act."""

    act: str
    body: str
    meeting: str
    number: str
    decided_on: date
    method: Method


def _taken(act: BodyAct) -> Taken:
    return Taken(
        act=f"{act.body} {act.meeting} {act.number}",
        body=act.body,
        meeting=act.meeting,
        number=act.number,
        decided_on=act.decided_on,
        method=act.method,
    )


class Decisions(ReadModel[DecisionRow]):
    """Every decision of a body about a recommendation."""

    @on(Recommendation.Adopted, keys=part_key)
    def adopted(self, fact: Recommendation.Adopted, at: Recorded) -> DecisionRow:
        return DecisionRow(
            **part(fact, at),
            **_taken(fact.act),
            outcome=DecisionOutcome.ADOPTED,
            text_version=fact.text_version,
            assessment=fact.assessment,
        )

    @on(Recommendation.NotAdopted, keys=part_key)
    def not_adopted(self, fact: Recommendation.NotAdopted, at: Recorded) -> DecisionRow:
        return DecisionRow(
            **part(fact, at), **_taken(fact.act), outcome=DecisionOutcome.NOT_ADOPTED, text_version=fact.text_version
        )

    @on(Recommendation.Deferred, keys=part_key)
    def deferred(self, fact: Recommendation.Deferred, at: Recorded) -> DecisionRow:
        return DecisionRow(
            **part(fact, at),
            **_taken(fact.act),
            outcome=DecisionOutcome.DEFERRED,
            text_version=fact.text_version,
            to_meeting=fact.to_meeting,
            to_date=fact.to_date,
        )

    @on(Recommendation.Referred, keys=part_key)
    def referred(self, fact: Recommendation.Referred, at: Recorded) -> DecisionRow:
        return DecisionRow(
            **part(fact, at),
            **_taken(fact.act),
            outcome=DecisionOutcome.REFERRED,
            text_version=fact.text_version,
            to_body=fact.to_body,
        )

    @on(Recommendation.ContestRuled, keys=part_key)
    def ruled(self, fact: Recommendation.ContestRuled, at: Recorded) -> DecisionRow:
        return DecisionRow(
            **part(fact, at),
            **_taken(fact.act),
            outcome=DecisionOutcome.CONTEST_UPHELD if fact.upheld else DecisionOutcome.CONTEST_DISMISSED,
            contest=fact.contest,
        )


def about(recommendation: str) -> Condition:
    """The condition that a decision is about a recommendation, named by its code."""
    return Condition("recommendation", "eq", Recommendation.identify(recommendation))
