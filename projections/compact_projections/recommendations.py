"""Recommendations: how each stands before its body and in its follow-up, with its texts, responses and reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, ClassVar, TypedDict
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from psycopg import sql

from compact_domain.kernel import Fact, Provenance, Sealed, Value
from compact_domain.recommendation import (
    ADOPTED,
    Assessment,
    Closing,
    ContestEnding,
    Decision,
    FollowUp,
    Recommendation,
    Response,
)
from compact_domain.vocabulary import BodyAct
from compact_projections.asking import Asking, Moment, Where
from compact_projections.kit import ReadModel, Recorded, Row, on

AT_WORK = frozenset({FollowUp.ASSIGNED, FollowUp.IN_PROGRESS})
"""Where somebody leads and nobody has claimed yet: what can be overdue. A claim that falls brings it back here."""


class ClaimState(StrEnum):
    """What has become of a claim of implementation."""

    STANDING = "standing"
    CONTESTED = "contested"
    VERIFIED = "verified"
    WITHDRAWN = "withdrawn"
    OVERTURNED = "overturned"
    REOPENED = "reopened"


class AnswerMade(Value, frozen=True, kw_only=True):
    """What the claimant said to a contest."""

    answer: Sealed
    provenance: Provenance
    recorded_at: datetime


class ContestMade(Value, frozen=True, kw_only=True):
    """An organization's contest of a claim: why, what was answered, how it ended. The reasons lie in provenance."""

    organization: str
    partner: bool
    meets: tuple[str, ...]
    provenance: Provenance
    recorded_at: datetime
    answers: tuple[AnswerMade, ...] = ()
    ending: ContestEnding | None = None
    act: BodyAct | None = None
    ended: Provenance | None = None
    ended_at: datetime | None = None


class ClaimMade(Value, frozen=True, kw_only=True):
    """A claim of implementation, with all that was said to it."""

    number: int
    organization: str
    action_taken: Sealed
    evidence: tuple[Sealed, ...]
    provenance: Provenance
    recorded_at: datetime
    state: ClaimState = ClaimState.STANDING
    contests: tuple[ContestMade, ...] = ()
    verified_by: str | None = None
    verified: Provenance | None = None
    verified_at: datetime | None = None


class RecommendationRow(Row, frozen=True, kw_only=True):
    """A recommendation as its facts left it. Whether it is overdue at a moment, `is_overdue` tells."""

    TABLE: ClassVar[str] = "recommendation"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("decision", "code"),
        ("follow_up", "code"),
        ("proposer", "code"),
        ("lead", "code"),
        ("session", "code"),
        ("decided_by", "code"),
        ("proposed_on",),
        ("decided_on",),
        ("due_on",),
        ("falls_due_at",),
    )

    id: UUID
    version: int
    code: str
    title: str | None
    text: str
    text_version: int = 1
    proposer: str
    proposed_on: date
    session: str | None
    gaps: tuple[str, ...]
    regions: tuple[str, ...]
    working_groups: tuple[str, ...]
    clauses: tuple[str, ...]

    decision: Decision = Decision.PROPOSED
    body: str | None = None
    meeting: str | None = None
    referred_by: str | None = None
    bodies: tuple[str, ...] = ()
    """Every body that has to do with it: it is before it, has referred it or has decided it."""
    reviewed_version: int | None = None
    reviewed_title: str | None = None
    reviewed_text: str | None = None
    """What was put under review, to tell whether another text was adopted."""
    deferred_to_meeting: str | None = None
    deferred_to_date: date | None = None
    act: BodyAct | None = None
    """The latest decision that stands."""
    decided_by: str | None = None
    decided_on: date | None = None
    adopted_version: int | None = None
    assessment: Assessment | None = None
    unannounced: tuple[str, ...] = ()
    """Numbers of the decisions that wait for their announcement."""
    withheld_from: int | None = None
    """The version from which it is withheld while they do."""
    announced_on: date | None = None

    follow_up: FollowUp | None = None
    lead: str | None = None
    partners: tuple[str, ...] = ()
    due_on: date | None = None
    zone: str | None = None
    falls_due_at: datetime | None = None
    """While somebody is at work on it: the end of the last day, after which it is overdue."""
    percentage: int | None = None
    last_progress_at: datetime | None = None
    claims: tuple[ClaimMade, ...] = ()
    verified_by: str | None = None
    verified_on: date | None = None

    def is_withheld(self) -> bool:
        return self.withheld_from is not None

    def is_overdue(self, moment: Moment) -> bool:
        """Whether its last day was over at a moment without a claim that it is implemented."""
        return self.falls_due_at is not None and moment.is_past(self.falls_due_at)


class Recommendations(ReadModel[RecommendationRow]):
    """Every recommendation, from its proposal on."""

    @on(Recommendation.Created)
    def proposed(self, fact: Recommendation.Created, at: Recorded) -> RecommendationRow:
        return RecommendationRow(
            id=fact.originator_id,
            version=fact.originator_version,
            code=fact.code,
            title=fact.title,
            text=fact.text,
            proposer=fact.proposer,
            proposed_on=fact.provenance.effective_on,
            session=fact.session,
            gaps=fact.gaps,
            regions=fact.regions,
            working_groups=fact.working_groups,
            clauses=fact.clauses,
        )

    @on(Recommendation.Amended)
    def amended(self, row: RecommendationRow, fact: Recommendation.Amended, at: Recorded) -> RecommendationRow:
        return _next(row, fact, title=fact.title, text=fact.text, text_version=fact.text_version)

    @on(Recommendation.PutUnderReview)
    def under_review(
        self, row: RecommendationRow, fact: Recommendation.PutUnderReview, at: Recorded
    ) -> RecommendationRow:
        return _next(
            row,
            fact,
            decision=Decision.UNDER_REVIEW,
            reviewed_version=fact.text_version,
            reviewed_title=row.title,
            reviewed_text=row.text,
            body=fact.body,
            meeting=fact.meeting,
            referred_by=None,
        )

    @on(Recommendation.Responded)
    def heard(self, row: RecommendationRow, fact: Recommendation.Event, at: Recorded) -> RecommendationRow:
        return _next(row, fact)

    @on(Recommendation.Adopted)
    def adopted(self, row: RecommendationRow, fact: Recommendation.Adopted, at: Recorded) -> RecommendationRow:
        as_put = (row.title, row.text) == (row.reviewed_title, row.reviewed_text)
        return _next(
            _decided(row, fact, fact.act, Decision.ADOPTED if as_put else Decision.ADOPTED_AS_AMENDED),
            fact,
            adopted_version=fact.text_version,
            assessment=fact.assessment,
            follow_up=FollowUp.UNASSIGNED,
        )

    @on(Recommendation.NotAdopted)
    def not_adopted(self, row: RecommendationRow, fact: Recommendation.NotAdopted, at: Recorded) -> RecommendationRow:
        return _next(_decided(row, fact, fact.act, Decision.NOT_ADOPTED), fact)

    @on(Recommendation.Deferred)
    def deferred(self, row: RecommendationRow, fact: Recommendation.Deferred, at: Recorded) -> RecommendationRow:
        return _next(
            _decided(row, fact, fact.act, Decision.DEFERRED),
            fact,
            deferred_to_meeting=fact.to_meeting,
            deferred_to_date=fact.to_date,
            body=fact.act.body,
            referred_by=None,
        )

    @on(Recommendation.Referred)
    def referred(self, row: RecommendationRow, fact: Recommendation.Referred, at: Recorded) -> RecommendationRow:
        return _next(
            _decided(row, fact, fact.act, Decision.REFERRED), fact, body=fact.to_body, referred_by=fact.act.body
        )

    @on(Recommendation.ReturnedFromReferral)
    def returned(
        self, row: RecommendationRow, fact: Recommendation.ReturnedFromReferral, at: Recorded
    ) -> RecommendationRow:
        return _next(row, fact, decision=Decision.UNDER_REVIEW, body=fact.body, meeting=fact.meeting, referred_by=None)

    @on(Recommendation.Announced)
    def announced(self, row: RecommendationRow, fact: Recommendation.Announced, at: Recorded) -> RecommendationRow:
        return _next(row, fact, unannounced=(), withheld_from=None, announced_on=fact.provenance.effective_on)

    @on(Recommendation.Withdrawn)
    def withdrawn(self, row: RecommendationRow, fact: Recommendation.Withdrawn, at: Recorded) -> RecommendationRow:
        return _next(row, fact, decision=Decision.WITHDRAWN)

    @on(Recommendation.Reopened)
    def reopened(self, row: RecommendationRow, fact: Recommendation.Reopened, at: Recorded) -> RecommendationRow:
        again = _next(
            row,
            fact,
            decision=fact.decision,
            act=fact.act,
            decided_by=fact.act.body if fact.act else None,
            decided_on=fact.act.decided_on if fact.act else None,
            follow_up=fact.follow_up,
        )
        if fact.closed_as is Closing.VERIFIED:
            unverified = _claim(again, state=ClaimState.STANDING, verified_by=None, verified=None, verified_at=None)
            return replace(unverified, verified_by=None, verified_on=None)
        return _claim(again, state=ClaimState.REOPENED) if fact.closed_as is Closing.IMPLEMENTED else again

    @on(Recommendation.Assigned)
    def assigned(self, row: RecommendationRow, fact: Recommendation.Assigned, at: Recorded) -> RecommendationRow:
        return _next(
            row,
            fact,
            follow_up=FollowUp.ASSIGNED,
            lead=fact.lead,
            partners=fact.partners,
            due_on=fact.due_on,
            zone=fact.zone,
        )

    @on(Recommendation.Reassigned)
    def reassigned(self, row: RecommendationRow, fact: Recommendation.Reassigned, at: Recorded) -> RecommendationRow:
        return _next(row, fact, lead=fact.lead, partners=fact.partners)

    @on(Recommendation.DueDateChanged)
    def due_on_another_day(
        self, row: RecommendationRow, fact: Recommendation.DueDateChanged, at: Recorded
    ) -> RecommendationRow:
        return _next(row, fact, due_on=fact.due_on, zone=fact.zone)

    @on(Recommendation.ProgressReported)
    def in_progress(
        self, row: RecommendationRow, fact: Recommendation.ProgressReported, at: Recorded
    ) -> RecommendationRow:
        percentage = row.percentage if fact.percentage is None else fact.percentage
        return _next(row, fact, follow_up=FollowUp.IN_PROGRESS, percentage=percentage, last_progress_at=at.recorded_at)

    @on(Recommendation.ImplementationClaimed)
    def claimed(
        self, row: RecommendationRow, fact: Recommendation.ImplementationClaimed, at: Recorded
    ) -> RecommendationRow:
        claim = ClaimMade(
            number=fact.claim,
            organization=fact.organization,
            action_taken=fact.action_taken,
            evidence=fact.evidence,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
        )
        return _next(row, fact, follow_up=FollowUp.IMPLEMENTED, claims=(*row.claims, claim))

    @on(Recommendation.ClaimContested)
    def contested(self, row: RecommendationRow, fact: Recommendation.ClaimContested, at: Recorded) -> RecommendationRow:
        contest = ContestMade(
            organization=fact.organization,
            partner=fact.partner,
            meets=fact.meets,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
        )
        contests = (*row.claims[-1].contests, contest)
        again = _claim(row, state=ClaimState.CONTESTED, contests=contests)
        return _next(again, fact, follow_up=FollowUp.CONTESTED)

    @on(Recommendation.ContestAnswered)
    def answered(self, row: RecommendationRow, fact: Recommendation.ContestAnswered, at: Recorded) -> RecommendationRow:
        answer = AnswerMade(answer=fact.answer, provenance=fact.provenance, recorded_at=at.recorded_at)
        contests = tuple(
            replace(contest, answers=(*contest.answers, answer))
            if contest.organization == fact.contest and contest.ending is None
            else contest
            for contest in row.claims[-1].contests
        )
        return _next(_claim(row, contests=contests), fact)

    @on(Recommendation.ContestWithdrawn)
    def contest_withdrawn(
        self, row: RecommendationRow, fact: Recommendation.ContestWithdrawn, at: Recorded
    ) -> RecommendationRow:
        return _ended(row, fact, at, ContestEnding.WITHDRAWN, of=fact.contest)

    @on(Recommendation.ClaimWithdrawn)
    def claim_withdrawn(
        self, row: RecommendationRow, fact: Recommendation.ClaimWithdrawn, at: Recorded
    ) -> RecommendationRow:
        return _ended(row, fact, at, ContestEnding.CLAIM_WITHDRAWN, falls=ClaimState.WITHDRAWN)

    @on(Recommendation.ContestRuled)
    def ruled(self, row: RecommendationRow, fact: Recommendation.ContestRuled, at: Recorded) -> RecommendationRow:
        ruled = _withheld(row, fact, fact.act)
        if fact.upheld:
            return _ended(ruled, fact, at, ContestEnding.UPHELD, act=fact.act, falls=ClaimState.OVERTURNED)
        return _ended(ruled, fact, at, ContestEnding.DISMISSED, act=fact.act, of=fact.contest)

    @on(Recommendation.Verified)
    def verified(self, row: RecommendationRow, fact: Recommendation.Verified, at: Recorded) -> RecommendationRow:
        confirmed = _claim(
            row,
            state=ClaimState.VERIFIED,
            verified_by=fact.organization,
            verified=fact.provenance,
            verified_at=at.recorded_at,
        )
        return _next(
            confirmed,
            fact,
            follow_up=FollowUp.VERIFIED,
            verified_by=fact.organization,
            verified_on=fact.provenance.effective_on,
        )


def _next(row: RecommendationRow, fact: Recommendation.Event, **changes: Any) -> RecommendationRow:
    """The next version of a row, and what follows from the others in it."""
    new = replace(row, version=fact.originator_version, **changes)
    at_work = new.follow_up in AT_WORK
    concerned = dict.fromkeys(body for body in (new.body, new.referred_by, new.decided_by) if body)
    return replace(
        new,
        bodies=tuple(concerned),
        falls_due_at=end_of_day(new.due_on, new.zone or "UTC") if at_work and new.due_on else None,
    )


def _decided(row: RecommendationRow, fact: Recommendation.Event, act: BodyAct, decision: Decision) -> RecommendationRow:
    withheld = _withheld(row, fact, act)
    return replace(withheld, decision=decision, act=act, decided_by=act.body, decided_on=act.decided_on)


def _withheld(row: RecommendationRow, fact: Recommendation.Event, act: BodyAct) -> RecommendationRow:
    """What a body has decided is withheld, with all that follows, until it is announced."""
    return replace(
        row,
        unannounced=(*row.unannounced, act.number),
        withheld_from=row.withheld_from or fact.originator_version,
    )


def _claim(row: RecommendationRow, **changes: Any) -> RecommendationRow:
    """The row with its latest claim changed."""
    *before, latest = row.claims
    return replace(row, claims=(*before, replace(latest, **changes)))


def _ended(
    row: RecommendationRow,
    fact: Recommendation.Event,
    at: Recorded,
    ending: ContestEnding,
    *,
    of: str | None = None,
    act: BodyAct | None = None,
    falls: ClaimState | None = None,
) -> RecommendationRow:
    """The row once a contest has ended, or all of them, with the claim or without."""
    contests = tuple(
        replace(contest, ending=ending, act=act, ended=fact.provenance, ended_at=at.recorded_at)
        if contest.ending is None and of in (None, contest.organization)
        else contest
        for contest in row.claims[-1].contests
    )
    if falls is not None:
        return _next(_claim(row, state=falls, contests=contests), fact, follow_up=FollowUp.IN_PROGRESS)
    still = any(contest.ending is None for contest in contests)
    again = _claim(row, state=ClaimState.CONTESTED if still else ClaimState.STANDING, contests=contests)
    return _next(again, fact, follow_up=FollowUp.CONTESTED if still else FollowUp.IMPLEMENTED)


def end_of_day(day: date, zone: str) -> datetime:
    """The instant at which a day ends in a zone: 24:00, so that it holds the whole day."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


class PartRow(Row, frozen=True, kw_only=True):
    """What one fact added to a recommendation."""

    PART_OF: ClassVar[str] = RecommendationRow.TABLE

    id: UUID
    recommendation: UUID
    version: int
    provenance: Provenance
    recorded_at: datetime


class Part(TypedDict):
    """The fields that all parts have."""

    id: UUID
    recommendation: UUID
    version: int
    provenance: Provenance
    recorded_at: datetime


def part_key(fact: Fact) -> tuple[UUID]:
    """The key of the row that a fact makes by itself."""
    return (uuid5(fact.originator_id, str(fact.originator_version)),)


def part(fact: Fact, at: Recorded) -> Part:
    """What every part tells of the fact that made it."""
    return Part(
        id=part_key(fact)[0],
        recommendation=fact.originator_id,
        version=fact.originator_version,
        provenance=fact.provenance,
        recorded_at=at.recorded_at,
    )


class TextRow(PartRow, frozen=True, kw_only=True):
    """One wording of a recommendation."""

    TABLE: ClassVar[str] = "recommendation_text"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("recommendation", "number"),)

    number: int
    title: str | None
    text: str
    organization: str
    note: Sealed | None = None


class Texts(ReadModel[TextRow]):
    """Every wording of every recommendation."""

    @on(Recommendation.Created, keys=part_key)
    def proposed(self, fact: Recommendation.Created, at: Recorded) -> TextRow:
        return TextRow(**part(fact, at), number=1, title=fact.title, text=fact.text, organization=fact.proposer)

    @on(Recommendation.Amended, keys=part_key)
    def amended(self, fact: Recommendation.Amended, at: Recorded) -> TextRow:
        return TextRow(
            **part(fact, at),
            number=fact.text_version,
            title=fact.title,
            text=fact.text,
            organization=fact.organization,
            note=fact.note,
        )


class ResponseRow(PartRow, frozen=True, kw_only=True):
    """What an organization said to a text."""

    TABLE: ClassVar[str] = "recommendation_response"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("recommendation", "version"),)

    organization: str
    text_version: int
    response: Response
    comment: Sealed | None = None


class Responses(ReadModel[ResponseRow]):
    """What was said to recommendations. The latest word of each organization counts; those before it are kept."""

    @on(Recommendation.Responded, keys=part_key)
    def responded(self, fact: Recommendation.Responded, at: Recorded) -> ResponseRow:
        return ResponseRow(
            **part(fact, at),
            organization=fact.organization,
            text_version=fact.text_version,
            response=fact.response,
            comment=fact.comment,
        )


def latest_words(rows: Iterable[ResponseRow]) -> list[ResponseRow]:
    """Of each organization its latest word on each version of the text, in the order in which they were given."""
    said = {(row.organization, row.text_version): row for row in sorted(rows, key=lambda row: row.version)}
    return sorted(said.values(), key=lambda row: row.version)


class ProgressRow(PartRow, frozen=True, kw_only=True):
    """A report on how far the work is."""

    TABLE: ClassVar[str] = "recommendation_progress"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("recommendation", "version"),)

    organization: str
    text: Sealed
    percentage: int | None = None


class Progress(ReadModel[ProgressRow]):
    """Every report on recommendations that are being carried out."""

    @on(Recommendation.ProgressReported, keys=part_key)
    def reported(self, fact: Recommendation.ProgressReported, at: Recorded) -> ProgressRow:
        return ProgressRow(**part(fact, at), organization=fact.organization, text=fact.text, percentage=fact.percentage)


def overdue(asking: Asking, wanted: bool = True) -> sql.Composed:
    """The condition that a recommendation is overdue at the moment, or that it is not. See `next_due`."""
    late = sql.SQL("(t.falls_due_at < {now})").format(now=sql.Literal(asking.moment.recorded_until))
    return late if wanted else sql.SQL("({late} is not true)").format(late=late)


async def next_due(asking: Asking) -> None:
    """Tell the clock of a live answer that holds who is overdue when the next one will be."""
    if not asking.moment.live:
        return
    found = await asking.rows(
        asking.compose(
            "select min(t.falls_due_at) from {r}.recommendation t where {shown} and not coalesce({late}, true)",
            shown=asking.shows(RecommendationRow),
            late=overdue(asking),
        )
    )
    if (instant := found[0][0]) is not None:
        asking.moment.is_past(instant)


def of_retreat(asking: Asking, retreat: str) -> sql.Composed:
    """The condition that a recommendation came out of a session of a retreat."""
    return asking.compose(
        "(exists (select from {r}.session s where s.code = t.session and s.retreat = {retreat} and {stands}))",
        retreat=sql.Literal(retreat),
        stands=asking.stands("s"),
    )


def is_adopted() -> sql.Composed:
    """The condition that a recommendation was adopted."""
    return sql.SQL("(t.decision = any({adopted}))").format(
        adopted=sql.Literal(sorted(decision.value for decision in ADOPTED))
    )


class PlanCounts(Value, frozen=True, kw_only=True):
    """How far a plan has come: how many recommendations stand where."""

    by_follow_up: dict[FollowUp, int]
    overdue: int

    @property
    def total(self) -> int:
        return sum(self.by_follow_up.values())


async def plan_counts(asking: Asking, where: Sequence[Where]) -> PlanCounts:
    """How many recommendations that meet the conditions stand where in their follow-up, and how many are overdue."""
    await next_due(asking)
    found = await asking.rows(
        asking.compose(
            "select t.follow_up, count(*), count(*) filter (where {late}) from {r}.recommendation t"
            " where {conditions} group by t.follow_up",
            late=overdue(asking),
            conditions=asking.meeting(RecommendationRow, where),
        )
    )
    return PlanCounts(
        by_follow_up={FollowUp(state): count for state, count, _ in found},
        overdue=sum(late for _, _, late in found),
    )
