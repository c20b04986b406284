"""Recommendations: what the Compact is asked to do, what a body decided about it, and what came of that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from compact_domain.body import Body
from compact_domain.catalogue import EntryKind, regions_meet, require_entries
from compact_domain.kernel import (
    SECRETARIAT,
    Actor,
    Aggregate,
    Code,
    Command,
    Commands,
    Concerns,
    Forbidden,
    InvalidInput,
    Role,
    RuleViolation,
    Sealed,
    Starts,
    Value,
    alarm,
    camel_case,
    end_of_day,
)
from compact_domain.organization import require_organization
from compact_domain.policy import sees_withheld
from compact_domain.session import known_session, require_gap
from compact_domain.vocabulary import BodyAct, CompactStatus, Method, OrganizationKind, Text, Title, Zone

RULES: Mapping[str, str] = {
    "recommendation.text_version": "Responses and decisions are about the text as it stands, by its version.",
    "recommendation.body": "A body decides on what is before it, or on what it referred to another body.",
    "recommendation.decided_on": "A decision was made no later than the day it is recorded on.",
    "recommendation.silence_procedure": "Adoption by silence follows a silence procedure that ran its time.",
    "recommendation.silence_period": "A silence procedure leaves at least 72 hours to object.",
    "recommendation.silence_deadline": (
        "Up to its deadline a silence may be broken; after it the text is adopted, which is recorded before all else."
    ),
    "recommendation.objector": "Members of the deciding body or of the Compact object; observers comment.",
    "recommendation.objection": "An objection is withdrawn by the organization that raised it.",
    "recommendation.unannounced": "Before a silence, and before another carries it on, what was decided is announced.",
    "recommendation.assessment": "Adoption says how human rights, gender and the rule of law were assessed.",
    "recommendation.deferral_target": "A deferral names either another meeting or a later day.",
    "recommendation.referral_target": "A referral goes to a body other than the one that decides it.",
    "recommendation.announcement": "What is announced is the latest decision not announced yet, by its number.",
    "recommendation.due_date": "A due date is no earlier than the day from which it counts.",
    "recommendation.reporter": "Progress, milestones and obstacles are for the lead or a partner to report.",
    "recommendation.milestone": "What is completed is a milestone of the recommendation, named by its code.",
    "recommendation.obstacle": "What is resolved is an obstacle of the recommendation, named by its number.",
    "recommendation.reminder": "One is reminded of what is not done, on the day set for that, once.",
    "recommendation.claimant": "The lead claims implementation, and answers those who contest its claim.",
    "recommendation.contestant": "A partner contests a claim, or a regional organization of a region concerned.",
    "recommendation.contest": "What is answered or ended is an open contest, named by the organization that contests.",
    "recommendation.contest_ending": "Who contests withdraws, who claims gives way, and the body that adopted rules.",
    "recommendation.verifier": "The secretariat or a regional organization concerned verifies, never on its own claim.",
    "recommendation.proposer": "A recommendation is withdrawn by the organization that proposed it.",
    "recommendation.successor": (
        "What is carried on is carried on by another recommendation that is neither closed nor verified, and comes back"
        " from that one."
    ),
    "recommendation.circle": "No recommendation is carried on by one that it carries on itself.",
}
CLAIMS: Mapping[str, str] = {}


class Decision(StrEnum):
    """What has become of a recommendation before a body."""

    PROPOSED = "proposed"
    UNDER_REVIEW = "under_review"
    IN_SILENCE = "in_silence"
    ADOPTED = "adopted"
    ADOPTED_AS_AMENDED = "adopted_as_amended"
    NOT_ADOPTED = "not_adopted"
    DEFERRED = "deferred"
    REFERRED = "referred"
    WITHDRAWN = "withdrawn"


class FollowUp(StrEnum):
    """How far an adopted recommendation has been carried out."""

    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    IMPLEMENTED = "implemented"
    CONTESTED = "contested"
    VERIFIED = "verified"


class Response(StrEnum):
    """What an organization says to a recommendation."""

    SUPPORTED = "supported"
    SUPPORTED_IN_PART = "supported_in_part"
    NOTED = "noted"


class ContestEnding(StrEnum):
    """How a contest ended."""

    WITHDRAWN = "withdrawn"
    CLAIM_WITHDRAWN = "claim_withdrawn"
    DISMISSED = "dismissed"
    UPHELD = "upheld"


class Ending(StrEnum):
    """How a recommendation ended, other than by a body's word or by being carried out."""

    SUPERSEDED = "superseded"
    MERGED = "merged"
    OVERTAKEN = "overtaken"


class Closing(StrEnum):
    """What a reopening undoes, by the state it led to."""

    NOT_ADOPTED = "not_adopted"
    WITHDRAWN = "withdrawn"
    IMPLEMENTED = "implemented"
    VERIFIED = "verified"
    SUPERSEDED = "superseded"
    MERGED = "merged"
    OVERTAKEN = "overtaken"


class ObstacleKind(StrEnum):
    """What stands in the way of carrying a recommendation out."""

    RESOURCES = "resources"
    CAPACITY = "capacity"
    COORDINATION = "coordination"
    LEGAL = "legal"
    POLITICAL = "political"
    SECURITY = "security"
    OTHER = "other"


class ReminderKind(StrEnum):
    """What one is reminded of."""

    DUE_SOON = "due_soon"
    OVERDUE = "overdue"


ADOPTED = frozenset({Decision.ADOPTED, Decision.ADOPTED_AS_AMENDED})
SILENCE = timedelta(hours=72)
"""The least time in which a silence can be broken."""
SOON = timedelta(days=7)
"""How long before the day something is due one is reminded of it."""
_PENDING = {Decision.DEFERRED, Decision.REFERRED}
_BEFORE_A_BODY = {Decision.UNDER_REVIEW, *_PENDING}
_BEFORE_ADOPTION = {Decision.PROPOSED, *_BEFORE_A_BODY, Decision.IN_SILENCE}
_AT_WORK = {FollowUp.ASSIGNED, FollowUp.IN_PROGRESS}
_CLAIMED = {FollowUp.IMPLEMENTED, FollowUp.CONTESTED}
_MAY_END = {Decision.PROPOSED, *_BEFORE_A_BODY, FollowUp.UNASSIGNED, *_AT_WORK, FollowUp.IMPLEMENTED}

MAY_START_FROM: Starts = {
    "amend": _BEFORE_ADOPTION,
    "put_under_review": {Decision.PROPOSED, Decision.DEFERRED},
    "respond": {*_BEFORE_ADOPTION, *FollowUp},
    "start_silence": {Decision.UNDER_REVIEW},
    "object": {Decision.IN_SILENCE},
    "withdraw_objection": {*_BEFORE_A_BODY, Decision.IN_SILENCE},
    "end_silence": {Decision.IN_SILENCE},
    "adopt_by_silence": {Decision.IN_SILENCE},
    "adopt": _BEFORE_A_BODY,
    "decline_to_adopt": _BEFORE_A_BODY,
    "defer": _BEFORE_A_BODY,
    "refer": _BEFORE_A_BODY,
    "return_from_referral": {Decision.REFERRED},
    "announce": {*_BEFORE_A_BODY, Decision.NOT_ADOPTED, Decision.WITHDRAWN, *FollowUp, Ending.OVERTAKEN},
    "assign": {FollowUp.UNASSIGNED},
    "reassign": _AT_WORK,
    "change_due_date": _AT_WORK,
    "set_milestone": _AT_WORK,
    "complete_milestone": {FollowUp.IN_PROGRESS, *_CLAIMED},
    "report_progress": _AT_WORK,
    "report_obstacle": _AT_WORK,
    "resolve_obstacle": {*_AT_WORK, *_CLAIMED},
    "remind": _AT_WORK,
    "claim_implementation": {FollowUp.IN_PROGRESS},
    "contest_claim": {FollowUp.IMPLEMENTED, FollowUp.CONTESTED},
    "answer_contest": {FollowUp.CONTESTED},
    "withdraw_contest": {FollowUp.CONTESTED},
    "verify": {FollowUp.IMPLEMENTED},
    "withdraw": _BEFORE_ADOPTION,
    "supersede": _MAY_END,
    "merge": _MAY_END,
    "mark_overtaken": _MAY_END,
    "reopen": {Decision.NOT_ADOPTED, Decision.WITHDRAWN, FollowUp.IMPLEMENTED, FollowUp.VERIFIED, *Ending},
}
AFTER_SILENCE = frozenset({"respond", "adopt_by_silence"})
UNTIL_ADOPTED = frozenset(MAY_START_FROM) - AFTER_SILENCE
"""Verbs that wait, once the deadline of a silence has passed, until the adoption is recorded."""
WHEN_KNOWN = frozenset({"start_silence", "supersede", "merge"})
"""Verbs that concern others, who would learn by them of what is not announced."""
REPORTS = ("report_progress", "set_milestone", "complete_milestone", "report_obstacle", "resolve_obstacle")
"""Verbs of those at work."""
ENDS = ("supersede", "merge", "mark_overtaken")

Statement = Annotated[str, Meta(min_length=1, max_length=2_000)]
Version = Annotated[int, Meta(ge=1, description="version of the text, from 1")]
ClaimNumber = Annotated[int, Meta(ge=1, description="which claim of this recommendation, from 1")]
Act = Annotated[BodyAct, Meta(description="body, meeting, number, day and method of the decision")]
Partners = Annotated[tuple[Code, ...], Meta(description="codes of the partner organizations, sorted")]
DueOn = Annotated[date, Meta(description="the last day; it ends at 24:00 in its zone")]
Meeting = Annotated[str, Meta(min_length=1, max_length=64)]
Instant = Annotated[datetime, Meta(tz=True, description="instant, in UTC")]
Number = Annotated[int, Meta(ge=1)]
Codes = tuple[Code, ...]


class Assessment(Value, frozen=True, kw_only=True):
    """What a body found before it adopted: one short statement each, in clear."""

    human_rights: Annotated[Statement, Meta(description="on human rights")]
    gender: Annotated[Statement, Meta(description="on gender")]
    rule_of_law: Annotated[Statement, Meta(description="on the rule of law")]


class TextVersion(Value, frozen=True, kw_only=True):
    """One wording of a recommendation. Every one is kept."""

    number: int
    title: str | None
    text: str
    organization: str


class Target(Value, frozen=True, kw_only=True):
    """What a deferral is to: a meeting by its code, or a day."""

    meeting: str | None = None
    day: date | None = None


class Silence(Value, frozen=True, kw_only=True):
    """A silence procedure, by its number, and the last instant at which it can be broken."""

    number: Annotated[Number, Meta(description="which silence of this recommendation, from 1")]
    deadline: Instant

    def over(self, now: datetime) -> bool:
        return now > self.deadline

    def alarm(self, recommendation: UUID) -> str:
        """The alarm at which the text is adopted, unless the silence is broken before."""
        return alarm(self.deadline, "recommendation.adopt_by_silence", f"{recommendation}:{self.number}")


class Proposition(Value, frozen=True, kw_only=True):
    """What a silence is about: the decision as it will read, but for the day, which follows from the deadline."""

    body: str
    meeting: str
    number: str
    text_version: int
    assessment: Assessment
    zone: str


class Objection(Value, frozen=True, kw_only=True):
    """An organization's objection, by which a silence ended."""

    silence: int
    organization: str
    withdrawn: bool = False


class Milestone(Value, frozen=True, kw_only=True):
    """A step of the work: by when it is due, and whether it was taken."""

    title: str
    due_on: date
    zone: str
    completed: bool = False


class Reminder(Value, frozen=True, kw_only=True):
    """That something is due soon, or is late: what, of which day, and from when one is to be reminded of it."""

    kind: Annotated[ReminderKind, Meta(description="whether it is due soon, or late")]
    milestone: Annotated[Code | None, Meta(description="code of the milestone; null: the recommendation itself")] = None
    due_on: DueOn
    at: Instant

    @property
    def of(self) -> tuple[str | None, date, ReminderKind]:
        """What is said once."""
        return self.milestone, self.due_on, self.kind

    def alarm(self, recommendation: UUID) -> str:
        reference = f"{recommendation}:{self.kind}:{self.due_on.isoformat()}:{self.milestone or ''}"
        return alarm(self.at, "recommendation.remind", reference)


def _alarms(recommendation: UUID, reminders: Iterable[Reminder]) -> list[str]:
    return [reminder.alarm(recommendation) for reminder in reminders]


Sets = Annotated[tuple[Reminder, ...], Meta(description="reminders that are to come")]
Cancels = Annotated[tuple[Reminder, ...], Meta(description="reminders that are not to come any more")]
BreaksSilence = Annotated[Silence | None, Meta(description="the silence that ended with it, if one did")]


class Carried(Value, frozen=True, kw_only=True):
    """What one recommendation carries on of another that ended in its favour."""

    source: str
    ending: Ending
    sessions: tuple[str, ...]
    gaps: tuple[str, ...]
    clauses: tuple[str, ...]


class Successor(Value, frozen=True, kw_only=True):
    """A recommendation that is to carry on another, as far as that depends on it."""

    code: str
    state: str
    live: bool
    leads_back: bool
    """Whether it is itself carried on by the one it is to carry on, be it through others."""


class LeftOpen(TypedDict):
    """What every ending tells of the work that was under way."""

    open_milestones: Codes
    cancels: tuple[Reminder, ...]


class Claim(Value, frozen=True, kw_only=True):
    """A claim of implementation, as far as later decisions depend on it."""

    number: int
    organization: str
    evidence: int
    recorded_by: UUID
    recorders: frozenset[str]
    """The organizations of whoever recorded it."""


class Contest(Value, frozen=True, kw_only=True):
    """An organization's contest of a claim, and how it ended if it has."""

    organization: str
    ending: ContestEnding | None = None
    act: BodyAct | None = None


class Recommendation(Aggregate):
    """What a retreat or a meeting asks of the Compact, from its proposal to the verified result.

    It has two states: `decision`, and once adopted `follow_up`; either may be cut short by an `ending`. What a body
    decides is withheld until announced: `withheld` holds its acts not announced yet, and all that is stated meanwhile
    is withheld with them. A silence whose deadline has passed is over: its text is adopted, recorded or not.
    """

    TOPIC = "recommendation"
    MAY_START_FROM = MAY_START_FROM

    def __init__(
        self,
        *,
        code: str,
        proposer: str,
        title: str | None,
        text: str,
        session: str | None,
        gaps: tuple[str, ...],
        regions: tuple[str, ...],
        working_groups: tuple[str, ...],
        clauses: tuple[str, ...],
    ) -> None:
        self.code, self.proposer, self.session, self.gaps = code, proposer, session, gaps
        self.regions, self.working_groups, self.clauses = regions, working_groups, clauses
        self.text_versions: tuple[TextVersion, ...] = (
            TextVersion(number=1, title=title, text=text, organization=proposer),
        )
        self.responses: dict[str, tuple[int, Response]] = {}

        self.decision = Decision.PROPOSED
        self.body: str | None = None
        """The body it is before."""
        self.meeting: str | None = None
        """The meeting it was put before, if one was named."""
        self.reviewed_version: int | None = None
        self.referred_by: str | None = None
        self.returned_from: str | None = None
        self.deferred_to: Target | None = None
        self.act: BodyAct | None = None
        """The latest decision that stands."""
        self.adopted_version: int | None = None
        self.assessment: Assessment | None = None
        self.silences = 0
        """How many silences there were, the present one included."""
        self.silence: Silence | None = None
        """The present one."""
        self.proposition: Proposition | None = None
        """What the latest silence was about."""
        self.kept: int | None = None
        """Number of the silence by which it was adopted."""
        self.called_off: int | None = None
        """Number of the silence that was called off last."""
        self.objections: tuple[Objection, ...] = ()
        self.withheld: tuple[BodyAct, ...] = ()
        self.announced_number: str | None = None
        self.before_closing: tuple[Decision, BodyAct | None] | None = None
        self.reopened: tuple[Closing, str] | None = None
        """What was undone last, and the state it led back to."""

        self.follow_up: FollowUp | None = None
        self.lead: str | None = None
        self.partners: tuple[str, ...] = ()
        self.due_on: date | None = None
        self.zone = "UTC"
        self.milestones: dict[str, Milestone] = {}
        self.obstacles: dict[int, bool] = {}
        """By their number, whether each is resolved."""
        self.reminders: tuple[Reminder, ...] = ()
        """Those that are to come."""
        self.reminded: frozenset[tuple[str | None, date, ReminderKind]] = frozenset()
        self.claim: Claim | None = None
        self.contests: tuple[Contest, ...] = ()
        self.verified_by: str | None = None

        self.ending: Ending | None = None
        self.successor: str | None = None
        """The recommendation that carries it on, once it ended in favour of one."""
        self.carried: tuple[Carried, ...] = ()
        """What it carries on of others."""

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a recommendation."""

        WITHHELD: ClassVar[bool] = False
        """Whether it is a body's decision: withheld, with all that follows, until a fact that discloses."""
        DISCLOSES: ClassVar[bool] = False
        """Whether all facts before it are withheld no longer."""

    @property
    def state(self) -> str:
        return self.ending or self.follow_up or self.decision

    @property
    def text_version(self) -> int:
        """Number of the text as it stands."""
        return self.text_versions[-1].number

    @property
    def title(self) -> str | None:
        return self.text_versions[-1].title

    @property
    def text(self) -> str:
        return self.text_versions[-1].text

    def reads_the_same(self, one: int, other: int | None) -> bool:
        """Whether two versions of the text have the same words, however often they were changed in between."""
        texts = {version.number: (version.title, version.text) for version in self.text_versions}
        return other is not None and texts[one] == texts[other]

    @property
    def announced(self) -> bool:
        """Whether nothing that was decided still waits for its announcement."""
        return not self.withheld

    @property
    def open_contests(self) -> tuple[str, ...]:
        """The organizations whose contests are open."""
        return tuple(contest.organization for contest in self.contests if contest.ending is None)

    @property
    def open_objections(self) -> tuple[str, ...]:
        """The organizations whose objections stand, each once."""
        return tuple(dict.fromkeys(one.organization for one in self.objections if not one.withdrawn))

    @property
    def open_milestones(self) -> Codes:
        """Codes of the milestones that are not completed."""
        return tuple(code for code, milestone in self.milestones.items() if not milestone.completed)

    @property
    def open_obstacles(self) -> tuple[int, ...]:
        """Numbers of the obstacles that are not resolved."""
        return tuple(number for number, resolved in self.obstacles.items() if not resolved)

    @property
    def sessions(self) -> Codes:
        """Where it came out of, and what it carries on came out of."""
        own = (self.session,) if self.session else ()
        return _sorted([*own, *(code for one in self.carried for code in one.sessions)])

    @property
    def answered_gaps(self) -> Codes:
        """The gaps it answers, with those of what it carries on."""
        return _sorted([*self.gaps, *(code for one in self.carried for code in one.gaps)])

    @property
    def rests_on(self) -> Codes:
        """The clauses it rests on, with those of what it carries on."""
        return _sorted([*self.clauses, *(code for one in self.carried for code in one.clauses)])

    @property
    def answering_body(self) -> str | None:
        """The body whose chair speaks on it: that which adopted it, else that which it is before."""
        return self.act.body if self.follow_up and self.act else self.body

    def is_live(self, now: datetime) -> bool:
        """Whether it can carry others on: it is neither closed nor verified."""
        closed = (Decision.NOT_ADOPTED, Decision.WITHDRAWN, FollowUp.VERIFIED, *Ending)
        return self.state_at(now) not in closed

    def state_at(self, now: datetime) -> str:
        """How it stands at a moment: a silence whose deadline has passed has adopted, recorded or not."""
        return FollowUp.UNASSIGNED if self._is_kept(now) else self.state

    def _is_kept(self, now: datetime) -> bool:
        return self.silence is not None and self.silence.over(now)

    def concerns(self) -> Concerns:
        contesting = {contest.organization for contest in self.contests}
        parties = {self.proposer, self.lead, *self.partners, *contesting, *self.open_objections}
        bodies = {self.body, self.referred_by, self.act.body if self.act else None}
        return Concerns(
            organizations=frozenset(code for code in parties if code),
            bodies=frozenset(code for code in bodies if code),
            regions=frozenset(self.regions),
        )

    def concerns_of(self, verb: str, by: Actor) -> Concerns:
        speaking, deciding = _organizations_of(by), self.act.body if self.act else self.body
        claimant = {self.claim.organization} if self.claim else set()
        organizations: Mapping[str, Collection[str | None]] = {
            "amend": [self.proposer],
            "withdraw": [self.proposer],
            "respond": speaking,
            "object": speaking,
            "withdraw_objection": self.open_objections,
            **{report: [self.lead, *self.partners] for report in REPORTS},
            "claim_implementation": [self.lead],
            "contest_claim": speaking - claimant,
            "answer_contest": claimant,
            "withdraw_contest": [*self.open_contests, *claimant],
            "verify": speaking - claimant,
        }
        follows_decision = ("assign", "reassign", "change_due_date", "withdraw_contest", "reopen")
        bodies = [deciding] if verb in follows_decision else [self.body, self.referred_by]
        if verb in ENDS:
            bodies = [self.answering_body]
        return Concerns(
            organizations=frozenset(code for code in organizations.get(verb, ()) if code),
            bodies=frozenset(code for code in bodies if code),
            regions=frozenset(self.regions),
        )

    def guard(self, verb: str, now: datetime) -> RuleViolation | None:
        if verb in UNTIL_ADOPTED and self.silence is not None and self.silence.over(now):
            return RuleViolation(
                "recommendation.silence_deadline",
                state=self.state_at(now),
                allowed=self._verbs(),
                details={"deadline": self.silence.deadline.isoformat()},
            )
        refusal = super().guard(verb, now)
        if refusal is None and verb == "announce" and self.announced:
            return self._refusal("recommendation.announcement", withheld=0)
        if refusal is None and verb == "withdraw_objection" and not self.open_objections:
            return self._refusal("recommendation.objection", objecting="")
        if refusal is None and verb == "complete_milestone" and not self.open_milestones:
            return self._refusal("recommendation.milestone", open="")
        if refusal is None and verb == "resolve_obstacle" and not self.open_obstacles:
            return self._refusal("recommendation.obstacle", open="")
        if refusal is None and verb in WHEN_KNOWN and not self.announced:
            return self._refusal("recommendation.unannounced", withheld=len(self.withheld))
        if refusal is None and verb == "adopt_by_silence" and self.silence and not self.silence.over(now):
            return self._refusal("recommendation.silence_deadline", deadline=self.silence.deadline.isoformat())
        return refusal

    def _refusal(self, rule: str, **details: str | int) -> RuleViolation:
        return RuleViolation(rule, state=self.state, allowed=self._verbs(), details=details)

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """An organization proposed it."""

        TOPIC: ClassVar[str] = "recommendation.proposed"
        code: Annotated[Code, Meta(description="unique among recommendations")]
        proposer: Annotated[Code, Meta(description="code of the organization that proposes it")]
        title: Annotated[Title | None, Meta(description="what it is called, if anything")] = None
        text: Annotated[Text, Meta(description="version 1 of its text")]
        session: Annotated[Code | None, Meta(description="code of the session it came out of")] = None
        gaps: Annotated[tuple[Code, ...], Meta(description="codes of the capacity gaps it answers, sorted")] = ()
        regions: Annotated[tuple[Code, ...], Meta(min_length=1, description="regions concerned, sorted; or GLOBAL")]
        working_groups: Annotated[tuple[Code, ...], Meta(description="working groups concerned, sorted")] = ()
        clauses: Annotated[tuple[Code, ...], Meta(description="clauses of frameworks it rests on, sorted")] = ()

    @classmethod
    def propose(
        cls,
        *,
        code: str,
        proposer: str,
        title: str | None,
        text: str,
        session: str | None,
        gaps: Iterable[str],
        regions: Iterable[str],
        working_groups: Iterable[str],
        clauses: Iterable[str],
        cmd: Command,
    ) -> Recommendation:
        return cls._begin(
            cls.Created(
                **cls._first(cls.identify(code), cmd),
                code=code,
                proposer=proposer,
                title=title,
                text=text,
                session=session,
                gaps=_sorted(gaps),
                regions=_sorted(regions),
                working_groups=_sorted(working_groups),
                clauses=_sorted(clauses),
            )
        )

    def amend(
        self, *, text: str, organization: str, cmd: Command, title: str | None = None, note: Sealed | None = None
    ) -> None:
        """Give the text a new wording; a title left out stays."""
        title = title or self.title
        if (self.text, self.title) == (text, title):
            return
        self._may("amend", cmd)
        self._states(
            self.Amended(
                **self._next(cmd),
                text_version=self.text_version + 1,
                title=title,
                text=text,
                organization=organization,
                note=note,
                silence=self.silence,
            )
        )

    class Amended(Event, frozen=True, kw_only=True):
        """The text was given another wording; those before it are kept. A silence about the one before is over."""

        TOPIC: ClassVar[str] = "recommendation.amended"
        text_version: Version
        title: Annotated[Title | None, Meta(description="what it is called from now on")]
        text: Annotated[Text, Meta(description="its new wording, whole")]
        organization: Annotated[Code, Meta(description="code of the organization that amended it")]
        note: Annotated[Sealed | None, Meta(description="what was changed and why")] = None
        silence: BreaksSilence = None

        def releases(self) -> Sequence[str]:
            return _broken(self.originator_id, self.silence)

        def apply(self, it: Recommendation) -> None:
            it.text_versions += (
                TextVersion(number=self.text_version, title=self.title, text=self.text, organization=self.organization),
            )
            it._break_silence()

    def put_under_review(self, *, body: str, cmd: Command, meeting: str | None = None) -> None:
        review = (self.body, self.meeting, self.reviewed_version)
        if self.decision is Decision.UNDER_REVIEW and review == (body, meeting, self.text_version):
            return
        self._may("put_under_review", cmd)
        self._states(self.PutUnderReview(**self._next(cmd), body=body, meeting=meeting, text_version=self.text_version))

    class PutUnderReview(Event, frozen=True, kw_only=True):
        """A text was put before a body for its decision."""

        TOPIC: ClassVar[str] = "recommendation.put_under_review"
        body: Annotated[Code, Meta(description="code of the body it is put before")]
        meeting: Annotated[Meeting | None, Meta(description="code of the meeting that is to take it up")] = None
        text_version: Version

        def apply(self, it: Recommendation) -> None:
            it.decision, it.reviewed_version = Decision.UNDER_REVIEW, self.text_version
            it.body, it.meeting, it.referred_by, it.returned_from = self.body, self.meeting, None, None

    def respond(
        self,
        *,
        organization: str,
        text_version: int,
        response: Response,
        cmd: Command,
        comment: Sealed | None = None,
    ) -> None:
        """Say what an organization makes of a text. A comment is always stated: sealed texts cannot be compared."""
        if comment is None and self.responses.get(organization) == (text_version, response):
            return
        self._may("respond", cmd)
        self._require_current(text_version)
        self._states(
            self.Responded(
                **self._next(cmd),
                organization=organization,
                text_version=text_version,
                response=response,
                comment=comment,
            )
        )

    class Responded(Event, frozen=True, kw_only=True):
        """An organization said what it makes of the text; its latest word on a version counts."""

        TOPIC: ClassVar[str] = "recommendation.responded"
        organization: Annotated[Code, Meta(description="code of the organization that responds")]
        text_version: Version
        response: Annotated[Response, Meta(description="what it says to the text")]
        comment: Annotated[Sealed | None, Meta(description="what it adds")] = None

        def apply(self, it: Recommendation) -> None:
            it.responses[self.organization] = (self.text_version, self.response)

    def start_silence(
        self,
        *,
        body: str,
        meeting: str,
        number: str,
        text_version: int,
        assessment: Assessment,
        deadline: datetime,
        cmd: Command,
        zone: str = "UTC",
    ) -> None:
        """Let a text be adopted unless a member objects up to a deadline, spoken of in a zone."""
        deadline = deadline.astimezone(UTC)
        proposition = Proposition(
            body=body, meeting=meeting, number=number, text_version=text_version, assessment=assessment, zone=zone
        )
        if self.silence and (self.silence.deadline, self.proposition) == (deadline, proposition):
            return
        self._may("start_silence", cmd)
        self._require_body(body)
        self._require_current(text_version)
        self._require_assessment(assessment)
        _require_zone(zone)
        if deadline < cmd.now + SILENCE:
            earliest = (cmd.now + SILENCE).isoformat()
            raise self._refusal("recommendation.silence_period", deadline=deadline.isoformat(), earliest=earliest)
        self._states(
            self.SilenceStarted(
                **self._next(cmd),
                silence=Silence(number=self.silences + 1, deadline=deadline),
                body=body,
                meeting=meeting,
                number=number,
                text_version=text_version,
                assessment=assessment,
                zone=zone,
            )
        )

    class SilenceStarted(Event, frozen=True, kw_only=True):
        """A body put a text to its members: it is adopted unless one of them objects up to the deadline."""

        TOPIC: ClassVar[str] = "recommendation.silence_started"
        silence: Annotated[Silence, Meta(description="which silence, and until when it can be broken")]
        body: Annotated[Code, Meta(description="code of the body that decides by silence")]
        meeting: Annotated[Meeting, Meta(description="code of the meeting that put it to its members")]
        number: Annotated[str, Meta(min_length=1, max_length=64, description="number the decision will have")]
        text_version: Version
        assessment: Annotated[Assessment, Meta(description="human rights, gender, rule of law")]
        zone: Annotated[Zone, Meta(description="IANA zone that the deadline is spoken of in")]

        def takes(self) -> Sequence[str]:
            return (self.silence.alarm(self.originator_id),)

        def apply(self, it: Recommendation) -> None:
            it.decision, it.silence, it.silences = Decision.IN_SILENCE, self.silence, self.silence.number
            it.proposition = Proposition(
                body=self.body,
                meeting=self.meeting,
                number=self.number,
                text_version=self.text_version,
                assessment=self.assessment,
                zone=self.zone,
            )

    def object(self, *, organization: str, of_body: bool, of_compact: bool, cmd: Command) -> None:
        """Break the silence. `of_body`, `of_compact`: where the organization is a member."""
        if self.silence is None and Objection(silence=self.silences, organization=organization) in self.objections:
            return
        self._may("object", cmd)
        if not (of_body or of_compact):
            raise self._refusal("recommendation.objector", organization=organization, body=self.body or "")
        self._states(
            self.Objected(**self._next(cmd), silence=self._silence(), organization=organization, of_body=of_body)
        )

    class Objected(Event, frozen=True, kw_only=True):
        """A member objected, which ended the silence: the text is under review again. The reason says why."""

        TOPIC: ClassVar[str] = "recommendation.objected"
        silence: Annotated[Silence, Meta(description="the silence that ended with it")]
        organization: Annotated[Code, Meta(description="code of the organization that objects")]
        of_body: Annotated[bool, Meta(description="true: it is a member of the deciding body; false: of the Compact")]

        def releases(self) -> Sequence[str]:
            return _broken(self.originator_id, self.silence)

        def apply(self, it: Recommendation) -> None:
            it.objections += (Objection(silence=self.silence.number, organization=self.organization),)
            it._break_silence()

    def withdraw_objection(self, *, organization: str, cmd: Command) -> None:
        """Take an objection back, for the record: the silence that it ended stays ended."""
        own = [one for one in self.objections if one.organization == organization]
        standing = [one.silence for one in own if not one.withdrawn]
        if own and not standing:
            return
        self._may("withdraw_objection", cmd)
        if not standing:
            objecting = ", ".join(self.open_objections)
            raise self._refusal("recommendation.objection", organization=organization, objecting=objecting)
        self._states(self.ObjectionWithdrawn(**self._next(cmd), silence=standing[-1], organization=organization))

    class ObjectionWithdrawn(Event, frozen=True, kw_only=True):
        """Who objected does so no longer. The silence stays ended; whether there is another is for the body to say."""

        TOPIC: ClassVar[str] = "recommendation.objection_withdrawn"
        silence: Annotated[Number, Meta(description="number of the silence that the objection ended")]
        organization: Annotated[Code, Meta(description="code of the organization that had objected")]

        def apply(self, it: Recommendation) -> None:
            standing = Objection(silence=self.silence, organization=self.organization)
            withdrawn = msgspec.structs.replace(standing, withdrawn=True)
            it.objections = tuple(withdrawn if one == standing else one for one in it.objections)

    def end_silence(self, *, cmd: Command) -> None:
        """Call the silence off, for a reason."""
        if self.decision is Decision.UNDER_REVIEW and self.called_off == self.silences:
            return
        self._may("end_silence", cmd)
        self._states(self.SilenceEnded(**self._next(cmd), silence=self._silence()))

    class SilenceEnded(Event, frozen=True, kw_only=True):
        """The silence was called off before its deadline: the text is under review again."""

        TOPIC: ClassVar[str] = "recommendation.silence_ended"
        silence: Annotated[Silence, Meta(description="the silence that was called off")]

        def releases(self) -> Sequence[str]:
            return _broken(self.originator_id, self.silence)

        def apply(self, it: Recommendation) -> None:
            it.called_off = self.silence.number
            it._break_silence()

    def adopt_by_silence(self, *, silence: int, cmd: Command) -> None:
        """Record that nobody objected: the text is adopted, as of the day of the deadline."""
        if self.kept == silence:
            return
        self._may("adopt_by_silence", cmd)
        present, proposition = self._silence(), self.proposition
        if proposition is None or present.number != silence:
            raise self._refusal("recommendation.silence_procedure", silence=silence, present=present.number)
        act = BodyAct(
            body=proposition.body,
            meeting=proposition.meeting,
            number=proposition.number,
            decided_on=present.deadline.date(),
            method=Method.SILENCE_PROCEDURE,
        )
        self._states(
            self.Adopted(
                **self._next(cmd),
                act=act,
                text_version=proposition.text_version,
                assessment=proposition.assessment,
                silence=present,
            )
        )

    def _silence(self) -> Silence:
        if self.silence is None:
            raise RuntimeError(f"{self.code} is {self.state} without a silence")
        return self.silence

    def _break_silence(self) -> None:
        """What everything does that ends a silence before its deadline, as its fact is applied."""
        if self.silence is not None:
            self.silence, self.decision = None, Decision.UNDER_REVIEW

    def adopt(self, *, act: BodyAct, text_version: int, assessment: Assessment, cmd: Command) -> None:
        adopted = (self.act, self.adopted_version, self.assessment)
        if self.decision in ADOPTED and adopted == (act, text_version, assessment):
            return
        self._may("adopt", cmd)
        self._require_act(act, cmd)
        self._require_current(text_version)
        self._require_assessment(assessment)
        self._states(self.Adopted(**self._next(cmd), act=act, text_version=text_version, assessment=assessment))

    class Adopted(Event, frozen=True, kw_only=True):
        """A body decided that the recommendation be carried out, in exactly this text."""

        TOPIC: ClassVar[str] = "recommendation.adopted"
        WITHHELD: ClassVar[bool] = True
        act: Act
        text_version: Version
        assessment: Annotated[Assessment, Meta(description="human rights, gender, rule of law")]
        silence: Annotated[Silence | None, Meta(description="the silence by which it was adopted, if it was")] = None

        def releases(self) -> Sequence[str]:
            return _broken(self.originator_id, self.silence)

        def apply(self, it: Recommendation) -> None:
            as_put = it.reads_the_same(self.text_version, it.reviewed_version)
            it._decide(Decision.ADOPTED if as_put else Decision.ADOPTED_AS_AMENDED, self.act)
            it.adopted_version, it.assessment = self.text_version, self.assessment
            it.follow_up, it.silence = FollowUp.UNASSIGNED, None
            it.kept = self.silence.number if self.silence else None

    def decline_to_adopt(self, *, act: BodyAct, cmd: Command) -> None:
        if self.decision is Decision.NOT_ADOPTED and self.act == act:
            return
        self._may("decline_to_adopt", cmd)
        self._require_act(act, cmd)
        self._states(self.NotAdopted(**self._next(cmd), act=act, text_version=self.text_version))

    class NotAdopted(Event, frozen=True, kw_only=True):
        """A body decided not to adopt the recommendation."""

        TOPIC: ClassVar[str] = "recommendation.not_adopted"
        WITHHELD: ClassVar[bool] = True
        act: Act
        text_version: Version

        def apply(self, it: Recommendation) -> None:
            it.before_closing = (it.decision, it.act)
            it._decide(Decision.NOT_ADOPTED, self.act)

    def defer(self, *, act: BodyAct, cmd: Command, to_meeting: str | None = None, to_date: date | None = None) -> None:
        target = Target(meeting=to_meeting, day=to_date)
        if self.decision is Decision.DEFERRED and (self.act, self.deferred_to) == (act, target):
            return
        self._may("defer", cmd)
        self._require_act(act, cmd)
        one = (to_meeting is None) != (to_date is None)
        if not one or to_meeting == act.meeting or (to_date is not None and to_date <= act.decided_on):
            raise self._refusal(
                "recommendation.deferral_target", meeting=act.meeting, decided_on=act.decided_on.isoformat()
            )
        self._states(
            self.Deferred(
                **self._next(cmd), act=act, text_version=self.text_version, to_meeting=to_meeting, to_date=to_date
            )
        )

    class Deferred(Event, frozen=True, kw_only=True):
        """A body put off its decision to another meeting, or to its first meeting on or after a day."""

        TOPIC: ClassVar[str] = "recommendation.deferred"
        WITHHELD: ClassVar[bool] = True
        act: Act
        text_version: Version
        to_meeting: Annotated[Meeting | None, Meta(description="code of the meeting it is put off to")] = None
        to_date: Annotated[date | None, Meta(description="the body's first meeting on or after it takes it up")] = None

        def apply(self, it: Recommendation) -> None:
            it._decide(Decision.DEFERRED, self.act)
            it.deferred_to = Target(meeting=self.to_meeting, day=self.to_date)
            it.body, it.referred_by = self.act.body, None

    def refer(self, *, act: BodyAct, to_body: str, cmd: Command) -> None:
        if self.decision is Decision.REFERRED and (self.act, self.body) == (act, to_body):
            return
        self._may("refer", cmd)
        self._require_act(act, cmd)
        if to_body == act.body:
            raise self._refusal("recommendation.referral_target", body=act.body)
        self._states(self.Referred(**self._next(cmd), act=act, text_version=self.text_version, to_body=to_body))

    class Referred(Event, frozen=True, kw_only=True):
        """A body asked another to take the recommendation up."""

        TOPIC: ClassVar[str] = "recommendation.referred"
        WITHHELD: ClassVar[bool] = True
        act: Act
        text_version: Version
        to_body: Annotated[Code, Meta(description="code of the body it is referred to")]

        def apply(self, it: Recommendation) -> None:
            it._decide(Decision.REFERRED, self.act)
            it.body, it.referred_by = self.to_body, self.act.body

    def return_from_referral(self, *, cmd: Command, meeting: str | None = None) -> None:
        if self.decision is Decision.UNDER_REVIEW and self.returned_from and self.meeting == meeting:
            return
        self._may("return_from_referral", cmd)
        self._states(
            self.ReturnedFromReferral(
                **self._next(cmd),
                from_body=self.body or "",
                body=self.referred_by or "",
                meeting=meeting,
                text_version=self.text_version,
            )
        )

    class ReturnedFromReferral(Event, frozen=True, kw_only=True):
        """The recommendation came back to the body that had referred it, which goes on with its review."""

        TOPIC: ClassVar[str] = "recommendation.returned_from_referral"
        from_body: Annotated[Code, Meta(description="code of the body it had been referred to")]
        body: Annotated[Code, Meta(description="code of the body it is before again")]
        meeting: Annotated[Meeting | None, Meta(description="code of the meeting that is to take it up")] = None
        text_version: Version

        def apply(self, it: Recommendation) -> None:
            it.decision, it.returned_from = Decision.UNDER_REVIEW, self.from_body
            it.body, it.meeting, it.referred_by = self.body, self.meeting, None

    def _decide(self, decision: Decision, act: BodyAct) -> None:
        """What every decision of a body does, as its fact is applied."""
        self.decision, self.act, self.returned_from = decision, act, None
        self.withheld += (act,)

    def announce(self, *, number: str, cmd: Command) -> None:
        """Announce the latest decision. Those before it that were not announced are so with it."""
        if self.announced and self.announced_number == number:
            return
        self._may("announce", cmd)
        if number != (latest := self.withheld[-1].number):
            raise self._refusal("recommendation.announcement", withheld=len(self.withheld), latest=latest)
        numbers = tuple(reversed(dict.fromkeys(act.number for act in reversed(self.withheld))))
        self._states(self.Announced(**self._next(cmd), numbers=numbers))

    class Announced(Event, frozen=True, kw_only=True):
        """What had been decided was made known, and with it all that was stated meanwhile."""

        TOPIC: ClassVar[str] = "recommendation.announced"
        DISCLOSES: ClassVar[bool] = True
        numbers: Annotated[
            tuple[str, ...], Meta(min_length=1, description="numbers of the decisions announced, the latest last")
        ]

        def apply(self, it: Recommendation) -> None:
            it.withheld, it.announced_number = (), self.numbers[-1]

    def assign(self, *, lead: str, partners: Iterable[str], due_on: date, cmd: Command, zone: str = "UTC") -> None:
        assignment = (lead, _sorted(partners), due_on, zone)
        if (self.lead, self.partners, self.due_on, self.zone) == assignment:
            return
        self._may("assign", cmd)
        _require_apart(lead, partners)
        self._require_due(due_on, zone, cmd)
        self._states(
            self.Assigned(
                **self._next(cmd),
                lead=lead,
                partners=_sorted(partners),
                due_on=due_on,
                zone=zone,
                sets=self._to_come(None, due_on, zone, now=cmd.now),
            )
        )

    class Assigned(Event, frozen=True, kw_only=True):
        """An organization was given the lead, with partners and a day by which it is due."""

        TOPIC: ClassVar[str] = "recommendation.assigned"
        lead: Annotated[Code, Meta(description="code of the organization that leads")]
        partners: Partners = ()
        due_on: DueOn
        zone: Zone
        sets: Sets = ()

        def takes(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.sets)

        def apply(self, it: Recommendation) -> None:
            it.follow_up = FollowUp.ASSIGNED
            it.lead, it.partners, it.due_on, it.zone = self.lead, self.partners, self.due_on, self.zone
            it.reminders += self.sets

    def reassign(self, *, lead: str, partners: Iterable[str], cmd: Command) -> None:
        if (self.lead, self.partners) == (lead, _sorted(partners)):
            return
        self._may("reassign", cmd)
        _require_apart(lead, partners)
        self._states(self.Reassigned(**self._next(cmd), lead=lead, partners=_sorted(partners)))

    class Reassigned(Event, frozen=True, kw_only=True):
        """The lead or the partners changed; all are given anew, and the work goes on from where it stands."""

        TOPIC: ClassVar[str] = "recommendation.reassigned"
        lead: Annotated[Code, Meta(description="code of the organization that leads")]
        partners: Partners = ()

        def apply(self, it: Recommendation) -> None:
            it.lead, it.partners = self.lead, self.partners

    def change_due_date(self, *, due_on: date, cmd: Command, zone: str | None = None) -> None:
        """Move the day it is due; a zone left out stays."""
        zone = zone or self.zone
        if (self.due_on, self.zone) == (due_on, zone):
            return
        self._may("change_due_date", cmd)
        self._require_due(due_on, zone, cmd)
        self._states(
            self.DueDateChanged(
                **self._next(cmd),
                due_on=due_on,
                zone=zone,
                cancels=self._coming(None),
                sets=self._to_come(None, due_on, zone, now=cmd.now),
            )
        )

    class DueDateChanged(Event, frozen=True, kw_only=True):
        """It is due on another day."""

        TOPIC: ClassVar[str] = "recommendation.due_date_changed"
        due_on: DueOn
        zone: Zone
        cancels: Cancels = ()
        sets: Sets = ()

        def takes(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.sets)

        def releases(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.cancels)

        def apply(self, it: Recommendation) -> None:
            it.due_on, it.zone = self.due_on, self.zone
            it._cancel(self.cancels)
            it.reminders += self.sets

    def set_milestone(self, *, milestone: str, title: str, due_on: date, organization: str, cmd: Command) -> None:
        """Set a step of the work, due by a day in the recommendation's own zone."""
        wanted = Milestone(title=title, due_on=due_on, zone=self.zone)
        standing = self.milestones.get(milestone)
        if standing and msgspec.structs.replace(standing, completed=False) == wanted:
            return
        self._may("set_milestone", cmd)
        self._require_reporter(organization)
        if standing:
            raise RuleViolation("code.taken", state=self.state, allowed=self._verbs())
        self._require_due(due_on, self.zone, cmd)
        self._states(
            self.MilestoneSet(
                **self._next(cmd),
                milestone=milestone,
                title=title,
                due_on=due_on,
                zone=self.zone,
                organization=organization,
                sets=self._to_come(milestone, due_on, self.zone, now=cmd.now),
            )
        )

    class MilestoneSet(Event, frozen=True, kw_only=True):
        """The lead or a partner set a step of the work and a day for it; the first one begins the work."""

        TOPIC: ClassVar[str] = "recommendation.milestone_set"
        milestone: Annotated[Code, Meta(description="unique within the recommendation")]
        title: Annotated[Title, Meta(description="what is to be reached")]
        due_on: DueOn
        zone: Zone
        organization: Annotated[Code, Meta(description="code of the organization that set it")]
        sets: Sets = ()

        def takes(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.sets)

        def apply(self, it: Recommendation) -> None:
            it.follow_up = FollowUp.IN_PROGRESS
            it.milestones[self.milestone] = Milestone(title=self.title, due_on=self.due_on, zone=self.zone)
            it.reminders += self.sets

    def complete_milestone(
        self, *, milestone: str, evidence: Sequence[Sealed], organization: str, cmd: Command
    ) -> None:
        standing = self.milestones.get(milestone)
        if standing and standing.completed:
            return
        self._may("complete_milestone", cmd)
        self._require_reporter(organization)
        if standing is None:
            open_ = ", ".join(self.open_milestones)
            raise self._refusal("recommendation.milestone", milestone=milestone, open=open_)
        self._states(
            self.MilestoneCompleted(
                **self._next(cmd),
                milestone=milestone,
                organization=organization,
                evidence=tuple(evidence),
                cancels=self._coming(milestone),
            )
        )

    class MilestoneCompleted(Event, frozen=True, kw_only=True):
        """A step of the work was taken, on evidence."""

        TOPIC: ClassVar[str] = "recommendation.milestone_completed"
        milestone: Annotated[Code, Meta(description="code of the milestone")]
        organization: Annotated[Code, Meta(description="code of the organization that reports it")]
        evidence: Annotated[tuple[Sealed, ...], Meta(min_length=1, description="documents and other proof, one each")]
        cancels: Cancels = ()

        def releases(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.cancels)

        def apply(self, it: Recommendation) -> None:
            completed = msgspec.structs.replace(it.milestones[self.milestone], completed=True)
            it.milestones = {**it.milestones, self.milestone: completed}
            it._cancel(self.cancels)

    def report_obstacle(self, *, kind: ObstacleKind, text: Sealed, organization: str, cmd: Command) -> None:
        self._may("report_obstacle", cmd)
        self._require_reporter(organization)
        number = len(self.obstacles) + 1
        self._states(
            self.ObstacleReported(**self._next(cmd), obstacle=number, kind=kind, organization=organization, text=text)
        )

    class ObstacleReported(Event, frozen=True, kw_only=True):
        """The lead or a partner said what stands in the way."""

        TOPIC: ClassVar[str] = "recommendation.obstacle_reported"
        obstacle: Annotated[Number, Meta(description="its number in this recommendation, from 1")]
        kind: Annotated[ObstacleKind, Meta(description="what kind of obstacle it is")]
        organization: Annotated[Code, Meta(description="code of the organization that reports it")]
        text: Annotated[Sealed, Meta(description="what stands in the way")]

        def apply(self, it: Recommendation) -> None:
            it.obstacles[self.obstacle] = False

    def resolve_obstacle(self, *, obstacle: int, resolution: Sealed, organization: str, cmd: Command) -> None:
        if self.obstacles.get(obstacle):
            return
        self._may("resolve_obstacle", cmd)
        self._require_reporter(organization)
        if obstacle not in self.obstacles:
            open_ = ", ".join(map(str, self.open_obstacles))
            raise self._refusal("recommendation.obstacle", obstacle=obstacle, open=open_)
        self._states(
            self.ObstacleResolved(
                **self._next(cmd), obstacle=obstacle, organization=organization, resolution=resolution
            )
        )

    class ObstacleResolved(Event, frozen=True, kw_only=True):
        """What stood in the way does so no longer."""

        TOPIC: ClassVar[str] = "recommendation.obstacle_resolved"
        obstacle: Annotated[Number, Meta(description="its number in this recommendation")]
        organization: Annotated[Code, Meta(description="code of the organization that reports it")]
        resolution: Annotated[Sealed, Meta(description="how it was resolved")]

        def apply(self, it: Recommendation) -> None:
            it.obstacles[self.obstacle] = True

    def remind(self, *, milestone: str | None, due_on: date, kind: ReminderKind, cmd: Command) -> None:
        """Record that the day has come on which one is to be reminded: once for what is due, its day and the kind."""
        if (milestone, due_on, kind) in self.reminded:
            return
        self._may("remind", cmd)
        coming = next((one for one in self.reminders if one.of == (milestone, due_on, kind)), None)
        if coming is None or cmd.now < coming.at:
            details = {"due_on": due_on.isoformat(), "kind": kind.value, "milestone": milestone or ""}
            raise self._refusal("recommendation.reminder", **details)
        self._states(self.Reminded(**self._next(cmd), reminder=coming, lead=self.lead or ""))

    class Reminded(Event, frozen=True, kw_only=True):
        """The day came near by which it, or a milestone, is due, or passed without its being done."""

        TOPIC: ClassVar[str] = "recommendation.reminded"
        reminder: Annotated[Reminder, Meta(description="what is due or late, of which day, from when")]
        lead: Annotated[Code, Meta(description="code of the organization that led then")]

        def releases(self) -> Sequence[str]:
            return _alarms(self.originator_id, [self.reminder])

        def apply(self, it: Recommendation) -> None:
            it.reminded |= {self.reminder.of}
            it._cancel([self.reminder])

    def _to_come(self, milestone: str | None, due_on: date, zone: str, *, now: datetime) -> tuple[Reminder, ...]:
        """The reminders of something due that are to come: not those made before, and none that comes too late."""
        soon, over = end_of_day(due_on - SOON - timedelta(days=1), zone), end_of_day(due_on, zone)
        moments = {ReminderKind.DUE_SOON: soon, ReminderKind.OVERDUE: max(over, now)}
        reminders = (
            Reminder(kind=kind, milestone=milestone, due_on=due_on, at=at) for kind, at in moments.items() if at >= now
        )
        return tuple(reminder for reminder in reminders if reminder.of not in self.reminded)

    def _to_come_again(self, now: datetime) -> tuple[Reminder, ...]:
        """The reminders of all that is open, as work goes on after it had stopped."""
        steps = {code: self.milestones[code] for code in self.open_milestones}
        due = [(code, step.due_on, step.zone) for code, step in steps.items()]
        own = [(None, self.due_on, self.zone)] if self.due_on else []
        return tuple(reminder for one in (*own, *due) for reminder in self._to_come(*one, now=now))

    def _coming(self, milestone: str | None) -> tuple[Reminder, ...]:
        return tuple(reminder for reminder in self.reminders if reminder.milestone == milestone)

    def _cancel(self, reminders: Collection[Reminder]) -> None:
        self.reminders = tuple(reminder for reminder in self.reminders if reminder not in reminders)

    def report_progress(self, *, organization: str, text: Sealed, cmd: Command, percentage: int | None = None) -> None:
        self._may("report_progress", cmd)
        self._require_reporter(organization)
        self._states(
            self.ProgressReported(**self._next(cmd), organization=organization, text=text, percentage=percentage)
        )

    class ProgressReported(Event, frozen=True, kw_only=True):
        """The lead or a partner reported how far the work is; the first report begins it."""

        TOPIC: ClassVar[str] = "recommendation.progress_reported"
        organization: Annotated[Code, Meta(description="code of the organization that reports")]
        text: Annotated[Sealed, Meta(description="what was done and what is next")]
        percentage: Annotated[
            Annotated[int, Meta(ge=0, le=100)] | None, Meta(description="how much is done, as the reporter judges")
        ] = None

        def apply(self, it: Recommendation) -> None:
            it.follow_up = FollowUp.IN_PROGRESS

    def claim_implementation(
        self, *, organization: str, action_taken: Sealed, evidence: Sequence[Sealed], cmd: Command
    ) -> None:
        claim = self.claim
        said = (claim.organization, claim.evidence) if claim else None
        if self.follow_up is FollowUp.IMPLEMENTED and said == (organization, len(evidence)):
            return
        self._may("claim_implementation", cmd)
        if organization != self.lead:
            raise self._refusal("recommendation.claimant", organization=organization, lead=self.lead or "")
        self._states(
            self.ImplementationClaimed(
                **self._next(cmd),
                claim=claim.number + 1 if claim else 1,
                organization=organization,
                action_taken=action_taken,
                evidence=tuple(evidence),
                cancels=self.reminders,
            )
        )

    class ImplementationClaimed(Event, frozen=True, kw_only=True):
        """The lead says that the recommendation has been carried out, how, and on what evidence."""

        TOPIC: ClassVar[str] = "recommendation.implementation_claimed"
        claim: ClaimNumber
        organization: Annotated[Code, Meta(description="code of the organization claimed for")]
        action_taken: Annotated[Sealed, Meta(description="what was done")]
        evidence: Annotated[tuple[Sealed, ...], Meta(min_length=1, description="documents and other proof, one each")]
        cancels: Cancels = ()

        def releases(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.cancels)

        def apply(self, it: Recommendation) -> None:
            recorder = self.provenance.by
            it.follow_up, it.contests = FollowUp.IMPLEMENTED, ()
            it._cancel(self.cancels)
            it.claim = Claim(
                number=self.claim,
                organization=self.organization,
                evidence=len(self.evidence),
                recorded_by=recorder.id,
                recorders=_organizations_of(recorder),
            )

    def contest_claim(self, *, organization: str, meets: Sequence[str], cmd: Command) -> None:
        """Contest the claim. `meets`: which regions of the recommendation the organization, if regional, stands for."""
        if organization in self.open_contests:
            return
        self._may("contest_claim", cmd)
        claim, partner = self._claim(), organization in self.partners
        if organization == claim.organization or not (partner or meets):
            raise self._refusal("recommendation.contestant", organization=organization, regions=", ".join(self.regions))
        self._states(
            self.ClaimContested(
                **self._next(cmd), claim=claim.number, organization=organization, partner=partner, meets=tuple(meets)
            )
        )

    class ClaimContested(Event, frozen=True, kw_only=True):
        """A partner or a regional organization says that the claim is not true; the reason says why."""

        TOPIC: ClassVar[str] = "recommendation.claim_contested"
        claim: ClaimNumber
        organization: Annotated[Code, Meta(description="code of the organization that contests")]
        partner: Annotated[bool, Meta(description="whether it is a partner in the work")]
        meets: Annotated[
            tuple[Code, ...], Meta(description="regions concerned that a regional organization stands for")
        ]

        def apply(self, it: Recommendation) -> None:
            kept = tuple(contest for contest in it.contests if contest.organization != self.organization)
            it.contests = (*kept, Contest(organization=self.organization))
            it.follow_up = FollowUp.CONTESTED

    def answer_contest(self, *, organization: str, contest: str, answer: Sealed, cmd: Command) -> None:
        self._may("answer_contest", cmd)
        claim = self._claim()
        if organization != claim.organization:
            raise self._refusal("recommendation.claimant", organization=organization, lead=claim.organization)
        self._require_open(contest)
        self._states(self.ContestAnswered(**self._next(cmd), claim=claim.number, contest=contest, answer=answer))

    class ContestAnswered(Event, frozen=True, kw_only=True):
        """The claimant answered one of those who contest."""

        TOPIC: ClassVar[str] = "recommendation.contest_answered"
        claim: ClaimNumber
        contest: Annotated[Code, Meta(description="code of the organization that contests")]
        answer: Annotated[Sealed, Meta(description="what the claimant answers")]

    def withdraw_contest(
        self, *, organization: str, contest: str, ending: ContestEnding, cmd: Command, act: BodyAct | None = None
    ) -> None:
        """End a contest: by who contests, by the claimant giving way, or by a ruling of the body that adopted."""
        if Contest(organization=contest, ending=ending, act=act) in self.contests:
            return
        self._may("withdraw_contest", cmd)
        claim = self._claim()
        ruling = ending in (ContestEnding.DISMISSED, ContestEnding.UPHELD)
        if ruling != (act is not None):
            raise InvalidInput(fields=[("act", "is needed for a ruling, and for no other ending")])
        self._require_open(contest)
        if act is not None:
            self._require_act(act, cmd, bodies={self.act.body} if self.act else set())
            upheld = ending is ContestEnding.UPHELD
            self._states(
                self.ContestRuled(
                    **self._next(cmd),
                    claim=claim.number,
                    contest=contest,
                    act=act,
                    upheld=upheld,
                    sets=self._to_come_again(cmd.now) if upheld else (),
                )
            )
            return
        entitled = contest if ending is ContestEnding.WITHDRAWN else claim.organization
        if organization != entitled:
            raise self._refusal("recommendation.contest_ending", organization=organization, entitled=entitled)
        if ending is ContestEnding.WITHDRAWN:
            self._states(self.ContestWithdrawn(**self._next(cmd), claim=claim.number, contest=contest))
            return
        again = self._to_come_again(cmd.now)
        self._states(self.ClaimWithdrawn(**self._next(cmd), claim=claim.number, contest=contest, sets=again))

    class ContestWithdrawn(Event, frozen=True, kw_only=True):
        """Who contested the claim does so no longer."""

        TOPIC: ClassVar[str] = "recommendation.contest_withdrawn"
        claim: ClaimNumber
        contest: Annotated[Code, Meta(description="code of the organization that contested")]

        def apply(self, it: Recommendation) -> None:
            it._end_contests([self.contest], ContestEnding.WITHDRAWN)

    class ClaimWithdrawn(Event, frozen=True, kw_only=True):
        """The claimant gave way: the claim and every contest of it are over, and the work goes on."""

        TOPIC: ClassVar[str] = "recommendation.claim_withdrawn"
        claim: ClaimNumber
        contest: Annotated[Code, Meta(description="code of the organization whose contest it gave way to")]
        sets: Sets = ()

        def takes(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.sets)

        def apply(self, it: Recommendation) -> None:
            it._end_contests(it.open_contests, ContestEnding.CLAIM_WITHDRAWN)
            it.follow_up = FollowUp.IN_PROGRESS
            it.reminders += self.sets

    class ContestRuled(Event, frozen=True, kw_only=True):
        """The body that adopted ruled on a contest: it is dismissed, or upheld and the claim is over."""

        TOPIC: ClassVar[str] = "recommendation.contest_ruled"
        WITHHELD: ClassVar[bool] = True
        claim: ClaimNumber
        contest: Annotated[Code, Meta(description="code of the organization that contested")]
        act: Act
        upheld: Annotated[bool, Meta(description="true: the claim falls, and every contest of it is over")]
        sets: Sets = ()

        def takes(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.sets)

        def apply(self, it: Recommendation) -> None:
            it.withheld += (self.act,)
            it.reminders += self.sets
            if self.upheld:
                it._end_contests(it.open_contests, ContestEnding.UPHELD, self.act)
                it.follow_up = FollowUp.IN_PROGRESS
            else:
                it._end_contests([self.contest], ContestEnding.DISMISSED, self.act)

    def _end_contests(self, ended: Collection[str], ending: ContestEnding, act: BodyAct | None = None) -> None:
        """What the end of contests does, as its fact is applied: the claim stands again once none is open."""
        self.contests = tuple(
            Contest(organization=contest.organization, ending=ending, act=act)
            if contest.ending is None and contest.organization in ended
            else contest
            for contest in self.contests
        )
        self.follow_up = FollowUp.CONTESTED if self.open_contests else FollowUp.IMPLEMENTED

    def verify(self, *, organization: str, meets: Sequence[str], cmd: Command) -> None:
        """Confirm the claim. `meets`: which regions of the recommendation the organization, if regional, stands for."""
        if self.follow_up is FollowUp.VERIFIED and self.verified_by == organization:
            return
        self._may("verify", cmd)
        claim = self._claim()
        secretariat = cmd.by.holds(*SECRETARIAT) and organization == cmd.by.organization
        own = {claim.organization, *claim.recorders} & {organization, *_organizations_of(cmd.by)}
        if own or cmd.by.id == claim.recorded_by or not (secretariat or meets):
            raise self._refusal(
                "recommendation.verifier",
                organization=organization,
                claimed_for=claim.organization,
                recorded_by=", ".join(sorted(claim.recorders)),
                regions=", ".join(self.regions),
            )
        self._states(
            self.Verified(
                **self._next(cmd),
                claim=claim.number,
                organization=organization,
                secretariat=secretariat,
                meets=tuple(meets),
            )
        )

    class Verified(Event, frozen=True, kw_only=True):
        """The secretariat or a regional organization concerned confirmed the claim."""

        TOPIC: ClassVar[str] = "recommendation.verified"
        claim: ClaimNumber
        organization: Annotated[Code, Meta(description="code of the organization that verifies")]
        secretariat: Annotated[bool, Meta(description="whether it verifies as the secretariat")]
        meets: Annotated[
            tuple[Code, ...], Meta(description="regions concerned that a regional organization stands for")
        ]

        def apply(self, it: Recommendation) -> None:
            it.follow_up, it.verified_by = FollowUp.VERIFIED, self.organization

    def withdraw(self, *, organization: str, cmd: Command) -> None:
        if self.decision is Decision.WITHDRAWN and organization == self.proposer:
            return
        self._may("withdraw", cmd)
        if organization != self.proposer:
            raise self._refusal("recommendation.proposer", organization=organization, proposer=self.proposer)
        self._states(self.Withdrawn(**self._next(cmd), text_version=self.text_version, silence=self.silence))

    class Withdrawn(Event, frozen=True, kw_only=True):
        """Its proposer withdrew it before it was adopted."""

        TOPIC: ClassVar[str] = "recommendation.withdrawn"
        text_version: Version
        silence: BreaksSilence = None

        def releases(self) -> Sequence[str]:
            return _broken(self.originator_id, self.silence)

        def apply(self, it: Recommendation) -> None:
            it._break_silence()
            it.before_closing = (it.decision, it.act)
            it.decision = Decision.WITHDRAWN

    def supersede(self, *, successor: Successor, cmd: Command) -> None:
        """Let another take its place."""
        if (self.ending, self.successor) == (Ending.SUPERSEDED, successor.code):
            return
        self._may("supersede", cmd)
        self._require_successor(successor)
        self._states(self.Superseded(**self._next(cmd), successor=successor.code, **self._left_open()))

    class Superseded(Event, frozen=True, kw_only=True):
        """Another recommendation took its place, and carries on what it came out of and rests on."""

        TOPIC: ClassVar[str] = "recommendation.superseded"
        successor: Annotated[Code, Meta(description="code of the recommendation that took its place")]
        open_milestones: Annotated[Codes, Meta(description="codes of the milestones that were open")] = ()
        cancels: Cancels = ()

        def releases(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.cancels)

        def apply(self, it: Recommendation) -> None:
            it._end(Ending.SUPERSEDED, self.cancels, successor=self.successor)

    def merge(self, *, into: Successor, cmd: Command) -> None:
        """Let it go on as a part of another."""
        if (self.ending, self.successor) == (Ending.MERGED, into.code):
            return
        self._may("merge", cmd)
        self._require_successor(into)
        self._states(self.Merged(**self._next(cmd), successor=into.code, **self._left_open()))

    class Merged(Event, frozen=True, kw_only=True):
        """It goes on as a part of another recommendation, which carries on what it came out of and rests on."""

        TOPIC: ClassVar[str] = "recommendation.merged"
        successor: Annotated[Code, Meta(description="code of the recommendation that it is a part of from now on")]
        open_milestones: Annotated[Codes, Meta(description="codes of the milestones that were open")] = ()
        cancels: Cancels = ()

        def releases(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.cancels)

        def apply(self, it: Recommendation) -> None:
            it._end(Ending.MERGED, self.cancels, successor=self.successor)

    def mark_overtaken(self, *, cmd: Command) -> None:
        if self.ending is Ending.OVERTAKEN:
            return
        self._may("mark_overtaken", cmd)
        self._states(self.Overtaken(**self._next(cmd), **self._left_open()))

    class Overtaken(Event, frozen=True, kw_only=True):
        """Events have overtaken it: there is nothing left to carry out. The reason says which."""

        TOPIC: ClassVar[str] = "recommendation.overtaken"
        open_milestones: Annotated[Codes, Meta(description="codes of the milestones that were open")] = ()
        cancels: Cancels = ()

        def releases(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.cancels)

        def apply(self, it: Recommendation) -> None:
            it._end(Ending.OVERTAKEN, self.cancels)

    def _left_open(self) -> LeftOpen:
        return LeftOpen(open_milestones=self.open_milestones, cancels=self.reminders)

    def _end(self, ending: Ending, cancels: Collection[Reminder], *, successor: str | None = None) -> None:
        """What every ending does, as its fact is applied."""
        self.ending, self.successor = ending, successor
        self._cancel(cancels)

    def _require_successor(self, other: Successor) -> None:
        if other.leads_back:
            raise self._refusal("recommendation.circle", successor=other.code)
        if other.code == self.code or not other.live:
            raise self._refusal("recommendation.successor", successor=other.code, successor_state=other.state)

    def carry_on(self, source: Carried, *, cmd: Command) -> None:
        """Take over what another came out of and rests on, as that one ends in favour of this one."""
        self._states(
            self.CarriedOn(
                **self._next(cmd),
                source=source.source,
                ending=source.ending,
                sessions=source.sessions,
                gaps=source.gaps,
                clauses=source.clauses,
            )
        )

    class CarriedOn(Event, frozen=True, kw_only=True):
        """It carries on another recommendation, which ended in its favour in the same transaction."""

        TOPIC: ClassVar[str] = "recommendation.carried_on"
        source: Annotated[Code, Meta(description="code of the recommendation that ended")]
        ending: Annotated[Ending, Meta(description="how that one ended")]
        sessions: Annotated[Codes, Meta(description="codes of the sessions that one came out of, sorted")] = ()
        gaps: Annotated[Codes, Meta(description="codes of the capacity gaps that one answered, sorted")] = ()
        clauses: Annotated[Codes, Meta(description="clauses of frameworks that one rested on, sorted")] = ()

        def apply(self, it: Recommendation) -> None:
            it.carried += (
                Carried(
                    source=self.source,
                    ending=self.ending,
                    sessions=self.sessions,
                    gaps=self.gaps,
                    clauses=self.clauses,
                ),
            )

    def give_back(self, source: str, *, cmd: Command) -> None:
        """Carry another on no longer, as that one is reopened."""
        self._states(self.GaveBack(**self._next(cmd), source=source))

    class GaveBack(Event, frozen=True, kw_only=True):
        """It carries another recommendation on no longer, which was reopened in the same transaction."""

        TOPIC: ClassVar[str] = "recommendation.gave_back"
        source: Annotated[Code, Meta(description="code of the recommendation that was reopened")]

        def apply(self, it: Recommendation) -> None:
            it.carried = tuple(one for one in it.carried if one.source != self.source)

    def reopen(self, *, closed_as: Closing, cmd: Command, carried_further: str | None = None) -> None:
        """Undo what closed it. `closed_as` names the state it closed in, so that a repeated call undoes no more.

        `carried_further`: the recommendation to which its successor, if it has one, has passed on what it carried.
        """
        if self.reopened == (closed_as, self.state):
            return
        self._may("reopen", cmd)
        if self.state != closed_as:
            raise self._refusal("state", closed_as=closed_as)
        if carried_further is not None:
            details = {"successor": self.successor or "", "carried_on_by": carried_further}
            raise self._refusal("recommendation.successor", **details)
        decision, act, follow_up = self.decision, self.act, self.follow_up
        if closed_as in (Closing.NOT_ADOPTED, Closing.WITHDRAWN):
            decision, act = self.before_closing or (decision, act)
        if closed_as in (Closing.VERIFIED, Closing.IMPLEMENTED):
            follow_up = FollowUp.IMPLEMENTED if closed_as is Closing.VERIFIED else FollowUp.IN_PROGRESS
        self._states(
            self.Reopened(
                **self._next(cmd),
                closed_as=closed_as,
                decision=decision,
                act=act,
                follow_up=follow_up,
                sets=self._to_come_again(cmd.now) if follow_up in _AT_WORK else (),
            )
        )

    class Reopened(Event, frozen=True, kw_only=True):
        """What closed it is undone: it is again where it was before."""

        TOPIC: ClassVar[str] = "recommendation.reopened"
        closed_as: Annotated[Closing, Meta(description="the state that is undone")]
        decision: Annotated[Decision, Meta(description="the decision that holds again")]
        act: Annotated[BodyAct | None, Meta(description="the body's latest decision that holds again")] = None
        follow_up: Annotated[FollowUp | None, Meta(description="the follow-up that holds again")] = None
        sets: Sets = ()

        def takes(self) -> Sequence[str]:
            return _alarms(self.originator_id, self.sets)

        def apply(self, it: Recommendation) -> None:
            it.decision, it.act, it.follow_up = self.decision, self.act, self.follow_up
            it.ending = it.successor = None
            it.reopened, it.before_closing = (self.closed_as, it.state), None
            it.reminders += self.sets

    def _claim(self) -> Claim:
        if self.claim is None:
            raise RuntimeError(f"{self.code} is {self.state} without a claim")
        return self.claim

    def _require_current(self, text_version: int) -> None:
        if text_version != self.text_version:
            raise self._refusal("recommendation.text_version", given=text_version, current=self.text_version)

    def _require_assessment(self, assessment: Assessment) -> None:
        statements = msgspec.structs.asdict(assessment)
        if missing := [name for name, statement in statements.items() if not statement.strip()]:
            raise self._refusal("recommendation.assessment", missing=", ".join(missing))

    def _require_body(self, body: str, *, bodies: Collection[str] | None = None) -> None:
        entitled = [known for known in (self.body, self.referred_by) if known] if bodies is None else bodies
        if body not in entitled:
            raise self._refusal("recommendation.body", body=body, entitled=", ".join(entitled))

    def _require_act(self, act: BodyAct, cmd: Command, *, bodies: Collection[str] | None = None) -> None:
        """An act of a body that may decide, of a day that has come, and not of silence."""
        self._require_body(act.body, bodies=bodies)
        if act.decided_on > cmd.today:
            raise self._refusal("recommendation.decided_on", latest=cmd.today.isoformat())
        if act.method is Method.SILENCE_PROCEDURE:
            raise self._refusal("recommendation.silence_procedure")

    def _require_due(self, due_on: date, zone: str, cmd: Command) -> None:
        _require_zone(zone)
        if due_on < cmd.effective:
            raise self._refusal("recommendation.due_date", earliest=cmd.effective.isoformat())
        try:
            self._to_come(None, due_on, zone, now=cmd.now)
        except OverflowError:
            raise InvalidInput(fields=[("dueOn", "lies beyond the calendar")]) from None

    def _require_reporter(self, organization: str) -> None:
        if organization not in (self.lead, *self.partners):
            raise self._refusal("recommendation.reporter", organization=organization, lead=self.lead or "")

    def _require_open(self, contest: str) -> None:
        if contest not in self.open_contests:
            raise self._refusal("recommendation.contest", contest=contest, open=", ".join(self.open_contests))


def _sorted(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(codes)))


def _broken(recommendation: UUID, silence: Silence | None) -> Sequence[str]:
    """What the end of a silence gives back."""
    return (silence.alarm(recommendation),) if silence else ()


def _require_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(fields=[("zone", "is not an IANA time zone")]) from error


def _require_apart(lead: str, partners: Iterable[str]) -> None:
    if lead in set(partners):
        raise InvalidInput(fields=[("partners", "names the lead")])


def _organizations_of(actor: Actor) -> frozenset[str]:
    """The organizations an actor belongs to or speaks for."""
    speaks = (Role.ENTITY_REPRESENTATIVE, Role.REGIONAL_FOCAL_POINT, Role.COMMITTEE_MEMBER)
    scopes = {held.scope for held in actor.roles if held.role in speaks}
    return frozenset(code for code in {actor.organization, *scopes} if code)


def _carried(it: Recommendation, ending: Ending) -> Carried:
    return Carried(source=it.code, ending=ending, sessions=it.sessions, gaps=it.answered_gaps, clauses=it.rests_on)


class Recommendations(Commands):
    """What may be asked of recommendations. A recommendation is named by id or code.

    Who speaks is the organization acted for, else the actor's own. Before a decision is announced, only those act on
    the recommendation who may know of it; to others every command is `Forbidden`, whatever was decided.
    """

    def propose(
        self,
        *,
        code: str,
        text: str,
        regions: Sequence[str],
        title: str | None = None,
        session: str | None = None,
        gaps: Sequence[str] = (),
        working_groups: Sequence[str] = (),
        clauses: Sequence[str] = (),
    ) -> Recommendation:
        """Propose a recommendation for the organization that speaks. `regions` names GLOBAL if it concerns all."""
        self._about(Recommendation.identify(code))
        proposer = self._speaker()
        self._allow(organizations=[proposer])
        standing = self._find(Recommendation, code)
        if standing is None:
            require_organization(self._work, proposer)
            for kind, codes, field in (
                (EntryKind.REGION, regions, "regions"),
                (EntryKind.WORKING_GROUP, working_groups, "workingGroups"),
                (EntryKind.CLAUSE, clauses, "clauses"),
            ):
                require_entries(self._work, kind, codes, field=field)
            if session is not None:
                known_session(self._work, session)
            for gap in gaps:
                require_gap(self._work, gap)
        new = Recommendation.propose(
            code=code,
            proposer=proposer,
            title=title,
            text=text,
            session=session,
            gaps=gaps,
            regions=regions,
            working_groups=working_groups,
            clauses=clauses,
            cmd=self._cmd,
        )
        if standing and not self._may_know(standing) and standing.first.content() != new.first.content():
            raise RuleViolation("code.taken")
        return self._add(new)

    def amend(
        self, recommendation: UUID | str, *, text: str, title: str | None = None, note: str | None = None
    ) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(organizations=[it.proposer])
        sealed = self._seal(note, field="note", about=it.sealed_under)
        it.amend(text=text, title=title, note=sealed, organization=self._speaker(), cmd=self._cmd)
        return it

    def put_under_review(self, recommendation: UUID | str, *, body: str, meeting: str | None = None) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[body])
        if it.decision is not Decision.UNDER_REVIEW:
            require_entries(self._work, EntryKind.BODY, [body], field="body")
        it.put_under_review(body=body, meeting=meeting, cmd=self._cmd)
        return it

    def respond(
        self, recommendation: UUID | str, *, text_version: int, response: Response, comment: str | None = None
    ) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        require_organization(self._work, organization)
        sealed = self._seal(comment, field="comment", about=it.sealed_under)
        it.respond(
            organization=organization, text_version=text_version, response=response, comment=sealed, cmd=self._cmd
        )
        return it

    def start_silence(
        self,
        recommendation: UUID | str,
        *,
        body: str,
        meeting: str,
        number: str,
        text_version: int,
        assessment: Assessment,
        deadline: datetime,
        zone: str = "UTC",
    ) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[body])
        it.start_silence(
            body=body,
            meeting=meeting,
            number=number,
            text_version=text_version,
            assessment=assessment,
            deadline=deadline,
            zone=zone,
            cmd=self._cmd,
        )
        return it

    def object(self, recommendation: UUID | str) -> Recommendation:
        """Object for the organization that speaks: as what it sits in the body; if it does not, in the Compact."""
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        speaking = require_organization(self._work, organization)
        body = self._find(Body, it.body) if it.body else None
        of_body = body is not None and body.is_member(organization)
        sits = body is not None and organization in body.members
        of_compact = speaking.compact_status is CompactStatus.MEMBER and not sits
        it.object(organization=organization, of_body=of_body, of_compact=of_compact, cmd=self._cmd)
        return it

    def withdraw_objection(self, recommendation: UUID | str) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        it.withdraw_objection(organization=organization, cmd=self._cmd)
        return it

    def end_silence(self, recommendation: UUID | str) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[it.body] if it.body else [])
        it.end_silence(cmd=self._cmd)
        return it

    def adopt_by_silence(self, recommendation: UUID | str, *, silence: int) -> Recommendation:
        it = self._subject(recommendation)
        self._allow()
        it.adopt_by_silence(silence=silence, cmd=self._cmd)
        return it

    def adopt(
        self, recommendation: UUID | str, *, act: BodyAct, text_version: int, assessment: Assessment
    ) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[act.body])
        it.adopt(act=act, text_version=text_version, assessment=assessment, cmd=self._cmd)
        return it

    def decline_to_adopt(self, recommendation: UUID | str, *, act: BodyAct) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[act.body])
        it.decline_to_adopt(act=act, cmd=self._cmd)
        return it

    def defer(
        self,
        recommendation: UUID | str,
        *,
        act: BodyAct,
        to_meeting: str | None = None,
        to_date: date | None = None,
    ) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[act.body])
        it.defer(act=act, to_meeting=to_meeting, to_date=to_date, cmd=self._cmd)
        return it

    def refer(self, recommendation: UUID | str, *, act: BodyAct, to_body: str) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[act.body])
        if (it.decision, it.body) != (Decision.REFERRED, to_body):
            require_entries(self._work, EntryKind.BODY, [to_body], field="toBody")
        it.refer(act=act, to_body=to_body, cmd=self._cmd)
        return it

    def return_from_referral(self, recommendation: UUID | str, *, meeting: str | None = None) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[body for body in (it.body, it.referred_by) if body])
        it.return_from_referral(meeting=meeting, cmd=self._cmd)
        return it

    def announce(self, recommendation: UUID | str, *, number: str) -> Recommendation:
        it = self._subject(recommendation)
        self._allow()
        it.announce(number=number, cmd=self._cmd)
        return it

    def assign(
        self,
        recommendation: UUID | str,
        *,
        lead: str,
        due_on: date,
        partners: Sequence[str] = (),
        zone: str = "UTC",
    ) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[it.act.body] if it.act else [])
        self._require_new(it, lead, *partners)
        it.assign(lead=lead, partners=partners, due_on=due_on, zone=zone, cmd=self._cmd)
        return it

    def reassign(self, recommendation: UUID | str, *, lead: str, partners: Sequence[str] = ()) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[it.act.body] if it.act else [])
        self._require_new(it, lead, *partners)
        it.reassign(lead=lead, partners=partners, cmd=self._cmd)
        return it

    def change_due_date(self, recommendation: UUID | str, *, due_on: date, zone: str | None = None) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[it.act.body] if it.act else [])
        it.change_due_date(due_on=due_on, zone=zone, cmd=self._cmd)
        return it

    def set_milestone(self, recommendation: UUID | str, *, code: str, title: str, due_on: date) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        it.set_milestone(milestone=code, title=title, due_on=due_on, organization=organization, cmd=self._cmd)
        return it

    def complete_milestone(
        self, recommendation: UUID | str, *, milestone: str, evidence: Sequence[str]
    ) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        sealed = [self._sealed(it, "evidence", one) for one in evidence]
        it.complete_milestone(milestone=milestone, evidence=sealed, organization=organization, cmd=self._cmd)
        return it

    def report_obstacle(self, recommendation: UUID | str, *, kind: ObstacleKind, text: str) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        sealed = self._sealed(it, "text", text)
        it.report_obstacle(kind=kind, text=sealed, organization=organization, cmd=self._cmd)
        return it

    def resolve_obstacle(self, recommendation: UUID | str, *, obstacle: int, resolution: str) -> Recommendation:
        """Say how an obstacle, named by its number, was resolved."""
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        sealed = self._sealed(it, "resolution", resolution)
        it.resolve_obstacle(obstacle=obstacle, resolution=sealed, organization=organization, cmd=self._cmd)
        return it

    def remind(
        self, recommendation: UUID | str, *, milestone: str | None, due_on: date, kind: ReminderKind
    ) -> Recommendation:
        it = self._subject(recommendation)
        self._allow()
        it.remind(milestone=milestone, due_on=due_on, kind=kind, cmd=self._cmd)
        return it

    def report_progress(
        self, recommendation: UUID | str, *, text: str, percentage: int | None = None
    ) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        sealed = self._sealed(it, "text", text)
        it.report_progress(organization=organization, text=sealed, percentage=percentage, cmd=self._cmd)
        return it

    def claim_implementation(
        self, recommendation: UUID | str, *, action_taken: str, evidence: Sequence[str]
    ) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        it.claim_implementation(
            organization=organization,
            action_taken=self._sealed(it, "action_taken", action_taken),
            evidence=[self._sealed(it, "evidence", one) for one in evidence],
            cmd=self._cmd,
        )
        if it.open_milestones:
            self._warn("recommendation.open_milestones")
        return it

    def contest_claim(self, recommendation: UUID | str) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        it.contest_claim(organization=organization, meets=self._meets(it, organization), cmd=self._cmd)
        return it

    def answer_contest(self, recommendation: UUID | str, *, contest: str, answer: str) -> Recommendation:
        """Answer the contest of an organization, named by its code."""
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        sealed = self._sealed(it, "answer", answer)
        it.answer_contest(organization=organization, contest=contest, answer=sealed, cmd=self._cmd)
        return it

    def withdraw_contest(
        self,
        recommendation: UUID | str,
        *,
        contest: str,
        ending: ContestEnding = ContestEnding.WITHDRAWN,
        act: BodyAct | None = None,
    ) -> Recommendation:
        """End the contest of an organization, named by its code. A ruling needs its act, and is the body's alone."""
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization] if act is None else [], bodies=[act.body] if act else [])
        it.withdraw_contest(organization=organization, contest=contest, ending=ending, act=act, cmd=self._cmd)
        return it

    def verify(self, recommendation: UUID | str) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        it.verify(organization=organization, meets=self._meets(it, organization), cmd=self._cmd)
        return it

    def withdraw(self, recommendation: UUID | str) -> Recommendation:
        it, organization = self._subject(recommendation), self._speaker()
        self._allow(organizations=[organization])
        it.withdraw(organization=organization, cmd=self._cmd)
        return it

    def supersede(self, recommendation: UUID | str, *, successor: UUID | str) -> Recommendation:
        """Let another take its place: that one carries on sources, gaps and clauses, in the same transaction."""
        it = self._subject(recommendation)
        self._allow(bodies=[it.answering_body] if it.answering_body else [])
        other = self._get(Recommendation, successor)
        before = it.version
        it.supersede(successor=self._successor(it, other), cmd=self._cmd)
        if it.version > before:
            other.carry_on(_carried(it, Ending.SUPERSEDED), cmd=self._cmd)
        return it

    def merge(self, recommendation: UUID | str, *, into: UUID | str) -> Recommendation:
        """Let it go on as a part of another, which carries on sources, gaps and clauses, in the same transaction."""
        it = self._subject(recommendation)
        self._allow(bodies=[it.answering_body] if it.answering_body else [])
        other = self._get(Recommendation, into)
        before = it.version
        it.merge(into=self._successor(it, other), cmd=self._cmd)
        if it.version > before:
            other.carry_on(_carried(it, Ending.MERGED), cmd=self._cmd)
        return it

    def mark_overtaken(self, recommendation: UUID | str) -> Recommendation:
        it = self._subject(recommendation)
        self._allow(bodies=[it.answering_body] if it.answering_body else [])
        it.mark_overtaken(cmd=self._cmd)
        return it

    def _successor(self, it: Recommendation, other: Recommendation) -> Successor:
        """What `other` is to `it`: as long as each ends in favour of the next, the line of those is followed."""
        follows: Recommendation | None = other
        while follows is not None and follows is not it:
            follows = self._get(Recommendation, follows.successor) if follows.successor else None
        now = self._cmd.now
        return Successor(
            code=other.code,
            state=other.state_at(now),
            live=other.is_live(now),
            leads_back=follows is it and other is not it,
        )

    def reopen(self, recommendation: UUID | str, *, closed_as: Closing) -> Recommendation:
        it = self._subject(recommendation)
        body = it.act.body if it.act else it.body
        self._allow(bodies=[body] if body else [])
        if it.body and it.decision in (Decision.NOT_ADOPTED, Decision.WITHDRAWN):
            require_entries(self._work, EntryKind.BODY, [it.body], field="recommendation")
        carrying = self._get(Recommendation, it.successor) if it.successor else None
        further = carrying.successor if carrying else None
        before = it.version
        it.reopen(closed_as=closed_as, carried_further=further, cmd=self._cmd)
        if carrying and it.version > before:
            carrying.give_back(it.code, cmd=self._cmd)
        return it

    def _subject(self, recommendation: UUID | str) -> Recommendation:
        """The recommendation a command is about. To those who may not know how it stands, nothing tells them."""
        it = self._get(Recommendation, recommendation)
        self._about(it.sealed_under)
        if not self._may_know(it):
            raise Forbidden(action=self._work.name)
        return self._load(Recommendation, it.id)

    def _may_know(self, it: Recommendation) -> bool:
        return it.announced or sees_withheld(self._cmd.by)

    def _speaker(self) -> str:
        if (organization := self._cmd.organization) is None:
            self._allow()
            raise InvalidInput(fields=[("onBehalfOf", "is needed: the actor belongs to no organization")])
        return organization

    def _require_new(self, it: Recommendation, *organizations: str) -> None:
        for organization in organizations:
            if organization not in (it.lead, *it.partners):
                require_organization(self._work, organization)

    def _meets(self, it: Recommendation, code: str) -> tuple[str, ...]:
        """Which of the regions concerned an organization stands for, if it is a regional one."""
        organization = require_organization(self._work, code)
        if organization.kind is not OrganizationKind.REGIONAL_ORGANIZATION:
            return ()
        return tuple(region for region in it.regions if regions_meet(self._work, [region], organization.regions))

    def _sealed(self, it: Recommendation, field: str, text: str) -> Sealed:
        if not text.strip():
            raise InvalidInput(fields=[(camel_case(field), "is empty")])
        return self._work.seal(text, field=field, about=it.sealed_under)
