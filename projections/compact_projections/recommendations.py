"""Recommendations: how each stands before its body and in its follow-up, with its texts, responses and reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, TypedDict
from uuid import UUID, uuid5

from msgspec.structs import replace
from psycopg import sql

from compact_domain.kernel import Fact, Provenance, Sealed, Value, end_of_day
from compact_domain.recommendation import (
    ADOPTED,
    Assessment,
    Closing,
    ContestEnding,
    Decision,
    Ending,
    FollowUp,
    ObstacleKind,
    Recommendation,
    ReminderKind,
    Response,
    Silence,
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


class MilestoneMade(Value, frozen=True, kw_only=True):
    """A step of the work: what is to be reached by when, and once it was, on what evidence."""

    code: str
    title: str
    due_on: date
    zone: str
    falls_due_at: datetime
    organization: str
    provenance: Provenance
    recorded_at: datetime
    evidence: tuple[Sealed, ...] = ()
    completed_by: str | None = None
    completed: Provenance | None = None
    completed_at: datetime | None = None


class ObstacleMet(Value, frozen=True, kw_only=True):
    """What stands in the way of the work, and once it was resolved, how."""

    number: int
    kind: ObstacleKind
    organization: str
    text: Sealed
    provenance: Provenance
    recorded_at: datetime
    resolution: Sealed | None = None
    resolved_by: str | None = None
    resolved: Provenance | None = None
    resolved_at: datetime | None = None


class CarriedOver(Value, frozen=True, kw_only=True):
    """What one recommendation carries on of another that ended in its favour."""

    source: str
    ending: Ending
    sessions: tuple[str, ...]
    gaps: tuple[str, ...]
    clauses: tuple[str, ...]
    provenance: Provenance
    recorded_at: datetime


class Ended(Value, frozen=True, kw_only=True):
    """How a recommendation ended. The reason lies in provenance."""

    ending: Ending
    successor: str | None = None
    open_milestones: tuple[str, ...]
    provenance: Provenance
    recorded_at: datetime


class RecommendationRow(Row, frozen=True, kw_only=True):
    """A recommendation as its facts left it. Whether it is overdue at a moment, `is_overdue` tells."""

    TABLE: ClassVar[str] = "recommendation"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("decision", "code"),
        ("follow_up", "code"),
        ("ending", "code"),
        ("proposer", "code"),
        ("lead", "code"),
        ("decided_by", "code"),
        ("proposed_on",),
        ("decided_on",),
        ("due_on",),
        ("falls_due_at",),
        ("withheld_from",),
        ("answers_gaps", "decision"),
    )
    LISTS: ClassVar[tuple[str, ...]] = (
        "sessions",
        "gaps",
        "regions",
        "working_groups",
        "clauses",
        "bodies",
        "partners",
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
    sessions: tuple[str, ...]
    """Where it came out of, and where what it carries on came out of."""
    gaps: tuple[str, ...]
    """Those it answers, with those of what it carries on; `own_gaps` are its own."""
    own_gaps: tuple[str, ...]
    answers_gaps: bool
    """Whether it names any: by these it is found where it is asked which gaps have no answer."""
    regions: tuple[str, ...]
    working_groups: tuple[str, ...]
    clauses: tuple[str, ...]
    """Those it rests on, with those of what it carries on; `own_clauses` are its own."""
    own_clauses: tuple[str, ...]
    carried: tuple[CarriedOver, ...] = ()

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
    silence: int | None = None
    """Number of the silence that runs, if one does."""
    silence_deadline: datetime | None = None
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
    milestones: tuple[MilestoneMade, ...] = ()
    obstacles: tuple[ObstacleMet, ...] = ()
    claims: tuple[ClaimMade, ...] = ()
    verified_by: str | None = None
    verified_on: date | None = None
    ending: Ending | None = None
    successor: str | None = None
    ended: Ended | None = None
    stands_since: datetime
    """When it came to stand where it does, before its body and in its follow-up."""

    def is_withheld(self) -> bool:
        return self.withheld_from is not None

    def is_overdue(self, moment: Moment) -> bool:
        """Whether its last day was over at a moment without a claim that it is implemented."""
        return self.falls_due_at is not None and moment.is_past(self.falls_due_at)

    def is_late(self, milestone: MilestoneMade, moment: Moment) -> bool:
        """Whether a milestone's last day was over at a moment, while it was open and somebody at work on it."""
        at_work = self.falls_due_at is not None and milestone.completed_at is None
        return at_work and moment.is_past(milestone.falls_due_at)


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
            sessions=(fact.session,) if fact.session else (),
            gaps=fact.gaps,
            own_gaps=fact.gaps,
            answers_gaps=bool(fact.gaps),
            regions=fact.regions,
            working_groups=fact.working_groups,
            clauses=fact.clauses,
            own_clauses=fact.clauses,
            stands_since=fact.timestamp,
        )

    @on(Recommendation.Amended)
    def amended(self, row: RecommendationRow, fact: Recommendation.Amended, at: Recorded) -> RecommendationRow:
        return _next(
            row, fact, title=fact.title, text=fact.text, text_version=fact.text_version, **_broken(fact.silence)
        )

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

    @on(Recommendation.Responded, Recommendation.ObjectionWithdrawn, Recommendation.Reminded)
    def heard(self, row: RecommendationRow, fact: Recommendation.Event, at: Recorded) -> RecommendationRow:
        return _next(row, fact)

    @on(Recommendation.SilenceStarted)
    def in_silence(
        self, row: RecommendationRow, fact: Recommendation.SilenceStarted, at: Recorded
    ) -> RecommendationRow:
        silence = fact.silence
        return _next(row, fact, decision=Decision.IN_SILENCE, silence=silence.number, silence_deadline=silence.deadline)

    @on(Recommendation.Objected, Recommendation.SilenceEnded)
    def heard_again(
        self, row: RecommendationRow, fact: Recommendation.Objected | Recommendation.SilenceEnded, at: Recorded
    ) -> RecommendationRow:
        return _next(row, fact, **_broken(fact.silence))

    @on(Recommendation.Adopted)
    def adopted(self, row: RecommendationRow, fact: Recommendation.Adopted, at: Recorded) -> RecommendationRow:
        as_put = (row.title, row.text) == (row.reviewed_title, row.reviewed_text)
        return _next(
            _decided(row, fact, fact.act, Decision.ADOPTED if as_put else Decision.ADOPTED_AS_AMENDED),
            fact,
            adopted_version=fact.text_version,
            assessment=fact.assessment,
            follow_up=FollowUp.UNASSIGNED,
            silence=None,
            silence_deadline=None,
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
        return _next(row, fact, **_broken(fact.silence) | {"decision": Decision.WITHDRAWN})

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
            ending=None,
            successor=None,
            ended=None,
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

    @on(Recommendation.MilestoneSet)
    def stepped(self, row: RecommendationRow, fact: Recommendation.MilestoneSet, at: Recorded) -> RecommendationRow:
        milestone = MilestoneMade(
            code=fact.milestone,
            title=fact.title,
            due_on=fact.due_on,
            zone=fact.zone,
            falls_due_at=end_of_day(fact.due_on, fact.zone),
            organization=fact.organization,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
        )
        return _next(row, fact, follow_up=FollowUp.IN_PROGRESS, milestones=(*row.milestones, milestone))

    @on(Recommendation.MilestoneCompleted)
    def step_taken(
        self, row: RecommendationRow, fact: Recommendation.MilestoneCompleted, at: Recorded
    ) -> RecommendationRow:
        taken = tuple(
            replace(
                one,
                evidence=fact.evidence,
                completed_by=fact.organization,
                completed=fact.provenance,
                completed_at=at.recorded_at,
            )
            if one.code == fact.milestone
            else one
            for one in row.milestones
        )
        return _next(row, fact, milestones=taken)

    @on(Recommendation.ObstacleReported)
    def hindered(
        self, row: RecommendationRow, fact: Recommendation.ObstacleReported, at: Recorded
    ) -> RecommendationRow:
        obstacle = ObstacleMet(
            number=fact.obstacle,
            kind=fact.kind,
            organization=fact.organization,
            text=fact.text,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
        )
        return _next(row, fact, obstacles=(*row.obstacles, obstacle))

    @on(Recommendation.ObstacleResolved)
    def no_longer_hindered(
        self, row: RecommendationRow, fact: Recommendation.ObstacleResolved, at: Recorded
    ) -> RecommendationRow:
        resolved = tuple(
            replace(
                one,
                resolution=fact.resolution,
                resolved_by=fact.organization,
                resolved=fact.provenance,
                resolved_at=at.recorded_at,
            )
            if one.number == fact.obstacle
            else one
            for one in row.obstacles
        )
        return _next(row, fact, obstacles=resolved)

    @on(Recommendation.Superseded)
    def superseded(self, row: RecommendationRow, fact: Recommendation.Superseded, at: Recorded) -> RecommendationRow:
        return _at_an_end(row, fact, at, Ending.SUPERSEDED, fact.open_milestones, fact.successor)

    @on(Recommendation.Merged)
    def merged(self, row: RecommendationRow, fact: Recommendation.Merged, at: Recorded) -> RecommendationRow:
        return _at_an_end(row, fact, at, Ending.MERGED, fact.open_milestones, fact.successor)

    @on(Recommendation.Overtaken)
    def overtaken(self, row: RecommendationRow, fact: Recommendation.Overtaken, at: Recorded) -> RecommendationRow:
        return _at_an_end(row, fact, at, Ending.OVERTAKEN, fact.open_milestones)

    @on(Recommendation.CarriedOn)
    def carrying_on(self, row: RecommendationRow, fact: Recommendation.CarriedOn, at: Recorded) -> RecommendationRow:
        carried = CarriedOver(
            source=fact.source,
            ending=fact.ending,
            sessions=fact.sessions,
            gaps=fact.gaps,
            clauses=fact.clauses,
            provenance=fact.provenance,
            recorded_at=at.recorded_at,
        )
        return _carrying(row, fact, (*row.carried, carried))

    @on(Recommendation.GaveBack)
    def carrying_no_longer(
        self, row: RecommendationRow, fact: Recommendation.GaveBack, at: Recorded
    ) -> RecommendationRow:
        return _carrying(row, fact, tuple(one for one in row.carried if one.source != fact.source))

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
    at_work = new.follow_up in AT_WORK and new.ending is None
    concerned = dict.fromkeys(body for body in (new.body, new.referred_by, new.decided_by) if body)
    stood, stands = ((it.decision, it.act, it.follow_up, it.ending) for it in (row, new))
    return replace(
        new,
        stands_since=row.stands_since if stands == stood else fact.timestamp,
        answers_gaps=bool(new.gaps),
        bodies=tuple(concerned),
        falls_due_at=end_of_day(new.due_on, new.zone or "UTC") if at_work and new.due_on else None,
    )


def _decided(row: RecommendationRow, fact: Recommendation.Event, act: BodyAct, decision: Decision) -> RecommendationRow:
    withheld = _withheld(row, fact, act)
    return replace(
        withheld,
        decision=decision,
        act=act,
        decided_by=act.body,
        decided_on=act.decided_on,
        stands_since=fact.timestamp,
    )


def _withheld(row: RecommendationRow, fact: Recommendation.Event, act: BodyAct) -> RecommendationRow:
    """What a body has decided is withheld, with all that follows, until it is announced."""
    return replace(
        row,
        unannounced=(*row.unannounced, act.number),
        withheld_from=row.withheld_from or fact.originator_version,
    )


def _broken(silence: Silence | None) -> dict[str, Any]:
    """What changes of a row as a silence ends before its deadline, if one does."""
    if silence is None:
        return {}
    return {"decision": Decision.UNDER_REVIEW, "silence": None, "silence_deadline": None}


def _at_an_end(
    row: RecommendationRow,
    fact: Recommendation.Event,
    at: Recorded,
    ending: Ending,
    open_milestones: tuple[str, ...],
    successor: str | None = None,
) -> RecommendationRow:
    ended = Ended(
        ending=ending,
        successor=successor,
        open_milestones=open_milestones,
        provenance=fact.provenance,
        recorded_at=at.recorded_at,
    )
    return _next(row, fact, ending=ending, successor=successor, ended=ended)


def _carrying(
    row: RecommendationRow, fact: Recommendation.Event, carried: tuple[CarriedOver, ...]
) -> RecommendationRow:
    """The row with what it carries on, and what it answers and rests on by that."""

    def with_those_carried(own: Iterable[str], of: str) -> tuple[str, ...]:
        return tuple(sorted({*own, *(code for one in carried for code in getattr(one, of))}))

    return _next(
        row,
        fact,
        carried=carried,
        sessions=with_those_carried((row.session,) if row.session else (), "sessions"),
        gaps=with_those_carried(row.own_gaps, "gaps"),
        clauses=with_those_carried(row.own_clauses, "clauses"),
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
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("recommendation", "version"),
        ("organization", "recommendation"),
    )

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


class ReminderRow(PartRow, frozen=True, kw_only=True):
    """That something came to be due soon, or late, and nothing had been done about it."""

    TABLE: ClassVar[str] = "recommendation_reminder"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("recommendation", "version"),)

    kind: ReminderKind
    milestone: str | None
    due_on: date
    at: datetime
    lead: str


class Reminders(ReadModel[ReminderRow]):
    """Every reminder: one for what is due, its day and the kind."""

    @on(Recommendation.Reminded, keys=part_key)
    def reminded(self, fact: Recommendation.Reminded, at: Recorded) -> ReminderRow:
        reminder = fact.reminder
        return ReminderRow(
            **part(fact, at),
            kind=reminder.kind,
            milestone=reminder.milestone,
            due_on=reminder.due_on,
            at=reminder.at,
            lead=fact.lead,
        )


def overdue(asking: Asking, wanted: bool = True) -> sql.Composed:
    """The condition that a recommendation is overdue at the moment, or that it is not. See `next_due`."""
    late = sql.SQL("(t.falls_due_at < {now})").format(now=sql.Literal(asking.moment.recorded_until))
    return late if wanted else sql.SQL("({late} is not true)").format(late=late)


MILESTONES = sql.SQL(
    "(select (m ->> 'falls_due_at')::timestamptz as due, m ->> 'completed_at' is null as open,"
    " t.falls_due_at is not null and m ->> 'completed_at' is null as at_work"
    " from jsonb_array_elements(t.milestones) m)"
)
"""The milestones of a recommendation `t`: when each falls due, and whether it is open, and worked on."""


async def next_due(asking: Asking) -> None:
    """Tell the clock of a live answer that holds who is overdue when the next one will be."""
    if not asking.moment.live:
        return
    found = await asking.rows(
        asking.compose(
            "select min(t.falls_due_at) filter (where t.falls_due_at >= {now}),"
            " min(m.due) filter (where m.at_work and m.due >= {now})"
            " from {r}.recommendation t left join lateral {milestones} m on true"
            " where {shown} and t.falls_due_at is not null",
            shown=asking.shows(RecommendationRow),
            now=sql.Literal(asking.moment.recorded_until),
            milestones=MILESTONES,
        )
    )
    for instant in found[0]:
        if instant is not None:
            asking.moment.is_past(instant)


def of_retreat(asking: Asking, retreat: str) -> sql.Composed:
    """The condition that a recommendation came out of a session of a retreat."""
    return asking.compose(
        "(exists (select from {r}.session s where s.code = any(t.sessions) and s.retreat = {retreat} and {stands}))",
        retreat=sql.Literal(retreat),
        stands=asking.stands("s"),
    )


def is_adopted() -> sql.Composed:
    """The condition that a recommendation was adopted."""
    return sql.SQL("(t.decision = any({adopted}))").format(
        adopted=sql.Literal(sorted(decision.value for decision in ADOPTED))
    )


class PlanCounts(Value, frozen=True, kw_only=True):
    """How far a plan has come: how many recommendations stand where, and how many steps and obstacles there are."""

    by_follow_up: dict[FollowUp, int]
    """Of those that have not ended."""
    by_ending: dict[Ending, int]
    overdue: int
    milestones: int
    milestones_completed: int
    milestones_overdue: int
    obstacles_open: int

    @property
    def total(self) -> int:
        return sum(self.by_follow_up.values()) + sum(self.by_ending.values())


async def plan_counts(asking: Asking, where: Sequence[Where]) -> PlanCounts:
    """How many recommendations that meet the conditions stand where, and what was done and is late of their work."""
    await next_due(asking)
    found = await asking.rows(
        asking.compose(
            "select t.follow_up, t.ending, count(*), count(*) filter (where {late}), sum(m.total)::int8,"
            " sum(m.completed)::int8, sum(m.overdue)::int8, sum(o.open)::int8 from {r}.recommendation t"
            " cross join lateral (select count(*) as total, count(*) filter (where not m.open) as completed,"
            " count(*) filter (where m.at_work and m.due < {now}) as overdue from {milestones} m) m"
            " cross join lateral (select count(*) filter (where o ->> 'resolved_at' is null) as open"
            " from jsonb_array_elements(t.obstacles) o) o"
            " where {conditions} group by t.follow_up, t.ending",
            late=overdue(asking),
            now=sql.Literal(asking.moment.recorded_until),
            milestones=MILESTONES,
            conditions=asking.meeting(RecommendationRow, where),
        )
    )
    standing = [(FollowUp(state), count) for state, ending, count, *_ in found if ending is None]
    ended = [Ending(ending) for _, ending, count, *_ in found if ending is not None for _ in range(count)]
    late, total, completed, milestones_late, hindering = (sum(row[n] for row in found) for n in range(3, 8))
    return PlanCounts(
        by_follow_up=dict(standing),
        by_ending={ending: ended.count(ending) for ending in set(ended)},
        overdue=late,
        milestones=total,
        milestones_completed=completed,
        milestones_overdue=milestones_late,
        obstacles_open=hindering,
    )
