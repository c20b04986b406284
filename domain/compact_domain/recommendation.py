"""Recommendations: what the Compact is asked to do, what a body decided about it, and what came of that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

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
    camel_case,
)
from compact_domain.organization import require_organization
from compact_domain.policy import sees_withheld
from compact_domain.session import known_session, require_gap
from compact_domain.vocabulary import BodyAct, Method, OrganizationKind, Text, Title, Zone

RULES: Mapping[str, str] = {
    "recommendation.text_version": "Responses and decisions are about the text as it stands, by its version.",
    "recommendation.body": "A body decides on what is before it, or on what it referred to another body.",
    "recommendation.decided_on": "A decision was made no later than the day it is recorded on.",
    "recommendation.silence_procedure": "Adoption by silence follows a silence procedure that ran its time.",
    "recommendation.assessment": "Adoption says how human rights, gender and the rule of law were assessed.",
    "recommendation.deferral_target": "A deferral names either another meeting or a later day.",
    "recommendation.referral_target": "A referral goes to a body other than the one that decides it.",
    "recommendation.announcement": "What is announced is the latest decision not announced yet, by its number.",
    "recommendation.due_date": "A due date is no earlier than the day from which it counts.",
    "recommendation.reporter": "Progress is reported by the lead or a partner.",
    "recommendation.claimant": "The lead claims implementation, and answers those who contest its claim.",
    "recommendation.contestant": "A partner contests a claim, or a regional organization of a region concerned.",
    "recommendation.contest": "What is answered or ended is an open contest, named by the organization that contests.",
    "recommendation.contest_ending": "Who contests withdraws, who claims gives way, and the body that adopted rules.",
    "recommendation.verifier": "The secretariat or a regional organization concerned verifies, never on its own claim.",
    "recommendation.proposer": "A recommendation is withdrawn by the organization that proposed it.",
}
CLAIMS: Mapping[str, str] = {}


class Decision(StrEnum):
    """What has become of a recommendation before a body."""

    PROPOSED = "proposed"
    UNDER_REVIEW = "under_review"
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


class Closing(StrEnum):
    """What a reopening undoes, by the state it led to."""

    NOT_ADOPTED = "not_adopted"
    WITHDRAWN = "withdrawn"
    IMPLEMENTED = "implemented"
    VERIFIED = "verified"


ADOPTED = frozenset({Decision.ADOPTED, Decision.ADOPTED_AS_AMENDED})
_PENDING = {Decision.DEFERRED, Decision.REFERRED}
_BEFORE_A_BODY = {Decision.UNDER_REVIEW, *_PENDING}
_BEFORE_ADOPTION = {Decision.PROPOSED, *_BEFORE_A_BODY}
_AT_WORK = {FollowUp.ASSIGNED, FollowUp.IN_PROGRESS}

MAY_START_FROM: Starts = {
    "amend": _BEFORE_ADOPTION,
    "put_under_review": {Decision.PROPOSED, Decision.DEFERRED},
    "respond": {*_BEFORE_ADOPTION, *FollowUp},
    "adopt": _BEFORE_A_BODY,
    "decline_to_adopt": _BEFORE_A_BODY,
    "defer": _BEFORE_A_BODY,
    "refer": _BEFORE_A_BODY,
    "return_from_referral": {Decision.REFERRED},
    "announce": {*_BEFORE_A_BODY, Decision.NOT_ADOPTED, Decision.WITHDRAWN, *FollowUp},
    "assign": {FollowUp.UNASSIGNED},
    "reassign": _AT_WORK,
    "change_due_date": _AT_WORK,
    "report_progress": _AT_WORK,
    "claim_implementation": {FollowUp.IN_PROGRESS},
    "contest_claim": {FollowUp.IMPLEMENTED, FollowUp.CONTESTED},
    "answer_contest": {FollowUp.CONTESTED},
    "withdraw_contest": {FollowUp.CONTESTED},
    "verify": {FollowUp.IMPLEMENTED},
    "withdraw": _BEFORE_ADOPTION,
    "reopen": {Decision.NOT_ADOPTED, Decision.WITHDRAWN, FollowUp.IMPLEMENTED, FollowUp.VERIFIED},
}

Statement = Annotated[str, Meta(min_length=1, max_length=2_000)]
Version = Annotated[int, Meta(ge=1, description="version of the text, from 1")]
ClaimNumber = Annotated[int, Meta(ge=1, description="which claim of this recommendation, from 1")]
Act = Annotated[BodyAct, Meta(description="body, meeting, number, day and method of the decision")]
Partners = Annotated[tuple[Code, ...], Meta(description="codes of the partner organizations, sorted")]
DueOn = Annotated[date, Meta(description="the last day; it ends at 24:00 in its zone")]
Meeting = Annotated[str, Meta(min_length=1, max_length=64)]


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

    It has two states: `decision`, and once adopted `follow_up`. What a body decides is withheld until announced:
    `withheld` holds its acts not announced yet, and all that is stated meanwhile is withheld with them.
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
        self.claim: Claim | None = None
        self.contests: tuple[Contest, ...] = ()
        self.verified_by: str | None = None

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a recommendation."""

        WITHHELD: ClassVar[bool] = False
        """Whether it is a body's decision: withheld, with all that follows, until a fact that discloses."""
        DISCLOSES: ClassVar[bool] = False
        """Whether all facts before it are withheld no longer."""

    @property
    def state(self) -> str:
        return self.follow_up or self.decision

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

    def concerns(self) -> Concerns:
        contesting = {contest.organization for contest in self.contests}
        parties = {self.proposer, self.lead, *self.partners, *contesting}
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
            "report_progress": [self.lead, *self.partners],
            "claim_implementation": [self.lead],
            "contest_claim": speaking - claimant,
            "answer_contest": claimant,
            "withdraw_contest": [*self.open_contests, *claimant],
            "verify": speaking - claimant,
        }
        follows_decision = ("assign", "reassign", "change_due_date", "withdraw_contest", "reopen")
        bodies = [deciding] if verb in follows_decision else [self.body, self.referred_by]
        return Concerns(
            organizations=frozenset(code for code in organizations.get(verb, ()) if code),
            bodies=frozenset(code for code in bodies if code),
            regions=frozenset(self.regions),
        )

    def guard(self, verb: str, now: datetime) -> RuleViolation | None:
        refusal = super().guard(verb, now)
        if refusal is None and verb == "announce" and self.announced:
            return self._refusal("recommendation.announcement", withheld=0)
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
        number = self.text_version + 1
        self._states(
            self.Amended(
                **self._next(cmd), text_version=number, title=title, text=text, organization=organization, note=note
            )
        )

    class Amended(Event, frozen=True, kw_only=True):
        """The text was given another wording; those before it are kept."""

        TOPIC: ClassVar[str] = "recommendation.amended"
        text_version: Version
        title: Annotated[Title | None, Meta(description="what it is called from now on")]
        text: Annotated[Text, Meta(description="its new wording, whole")]
        organization: Annotated[Code, Meta(description="code of the organization that amended it")]
        note: Annotated[Sealed | None, Meta(description="what was changed and why")] = None

        def apply(self, it: Recommendation) -> None:
            it.text_versions += (
                TextVersion(number=self.text_version, title=self.title, text=self.text, organization=self.organization),
            )

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

    def adopt(self, *, act: BodyAct, text_version: int, assessment: Assessment, cmd: Command) -> None:
        adopted = (self.act, self.adopted_version, self.assessment)
        if self.decision in ADOPTED and adopted == (act, text_version, assessment):
            return
        self._may("adopt", cmd)
        self._require_act(act, cmd)
        self._require_current(text_version)
        statements = msgspec.structs.asdict(assessment)
        if missing := [name for name, statement in statements.items() if not statement.strip()]:
            raise self._refusal("recommendation.assessment", missing=", ".join(missing))
        self._states(self.Adopted(**self._next(cmd), act=act, text_version=text_version, assessment=assessment))

    class Adopted(Event, frozen=True, kw_only=True):
        """A body decided that the recommendation be carried out, in exactly this text."""

        TOPIC: ClassVar[str] = "recommendation.adopted"
        WITHHELD: ClassVar[bool] = True
        act: Act
        text_version: Version
        assessment: Annotated[Assessment, Meta(description="human rights, gender, rule of law")]

        def apply(self, it: Recommendation) -> None:
            as_put = it.reads_the_same(self.text_version, it.reviewed_version)
            it._decide(Decision.ADOPTED if as_put else Decision.ADOPTED_AS_AMENDED, self.act)
            it.adopted_version, it.assessment = self.text_version, self.assessment
            it.follow_up = FollowUp.UNASSIGNED

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
        self._states(self.Assigned(**self._next(cmd), lead=lead, partners=_sorted(partners), due_on=due_on, zone=zone))

    class Assigned(Event, frozen=True, kw_only=True):
        """An organization was given the lead, with partners and a day by which it is due."""

        TOPIC: ClassVar[str] = "recommendation.assigned"
        lead: Annotated[Code, Meta(description="code of the organization that leads")]
        partners: Partners = ()
        due_on: DueOn
        zone: Zone

        def apply(self, it: Recommendation) -> None:
            it.follow_up = FollowUp.ASSIGNED
            it.lead, it.partners, it.due_on, it.zone = self.lead, self.partners, self.due_on, self.zone

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
        self._states(self.DueDateChanged(**self._next(cmd), due_on=due_on, zone=zone))

    class DueDateChanged(Event, frozen=True, kw_only=True):
        """It is due on another day."""

        TOPIC: ClassVar[str] = "recommendation.due_date_changed"
        due_on: DueOn
        zone: Zone

        def apply(self, it: Recommendation) -> None:
            it.due_on, it.zone = self.due_on, self.zone

    def report_progress(self, *, organization: str, text: Sealed, cmd: Command, percentage: int | None = None) -> None:
        self._may("report_progress", cmd)
        if organization not in (self.lead, *self.partners):
            raise self._refusal("recommendation.reporter", organization=organization, lead=self.lead or "")
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
            )
        )

    class ImplementationClaimed(Event, frozen=True, kw_only=True):
        """The lead says that the recommendation has been carried out, how, and on what evidence."""

        TOPIC: ClassVar[str] = "recommendation.implementation_claimed"
        claim: ClaimNumber
        organization: Annotated[Code, Meta(description="code of the organization claimed for")]
        action_taken: Annotated[Sealed, Meta(description="what was done")]
        evidence: Annotated[tuple[Sealed, ...], Meta(min_length=1, description="documents and other proof, one each")]

        def apply(self, it: Recommendation) -> None:
            recorder = self.provenance.by
            it.follow_up, it.contests = FollowUp.IMPLEMENTED, ()
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
                self.ContestRuled(**self._next(cmd), claim=claim.number, contest=contest, act=act, upheld=upheld)
            )
            return
        entitled = contest if ending is ContestEnding.WITHDRAWN else claim.organization
        if organization != entitled:
            raise self._refusal("recommendation.contest_ending", organization=organization, entitled=entitled)
        fact = self.ContestWithdrawn if ending is ContestEnding.WITHDRAWN else self.ClaimWithdrawn
        self._states(fact(**self._next(cmd), claim=claim.number, contest=contest))

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

        def apply(self, it: Recommendation) -> None:
            it._end_contests(it.open_contests, ContestEnding.CLAIM_WITHDRAWN)
            it.follow_up = FollowUp.IN_PROGRESS

    class ContestRuled(Event, frozen=True, kw_only=True):
        """The body that adopted ruled on a contest: it is dismissed, or upheld and the claim is over."""

        TOPIC: ClassVar[str] = "recommendation.contest_ruled"
        WITHHELD: ClassVar[bool] = True
        claim: ClaimNumber
        contest: Annotated[Code, Meta(description="code of the organization that contested")]
        act: Act
        upheld: Annotated[bool, Meta(description="true: the claim falls, and every contest of it is over")]

        def apply(self, it: Recommendation) -> None:
            it.withheld += (self.act,)
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
        self._states(self.Withdrawn(**self._next(cmd), text_version=self.text_version))

    class Withdrawn(Event, frozen=True, kw_only=True):
        """Its proposer withdrew it before it was adopted."""

        TOPIC: ClassVar[str] = "recommendation.withdrawn"
        text_version: Version

        def apply(self, it: Recommendation) -> None:
            it.before_closing = (it.decision, it.act)
            it.decision = Decision.WITHDRAWN

    def reopen(self, *, closed_as: Closing, cmd: Command) -> None:
        """Undo what closed it. `closed_as` names the state it closed in, so that a repeated call undoes no more."""
        if self.reopened == (closed_as, self.state):
            return
        self._may("reopen", cmd)
        if self.state != closed_as:
            raise self._refusal("state", closed_as=closed_as)
        decision, act = self.before_closing or (self.decision, self.act)
        follow_up = None
        if closed_as in (Closing.VERIFIED, Closing.IMPLEMENTED):
            decision, act = self.decision, self.act
            follow_up = FollowUp.IMPLEMENTED if closed_as is Closing.VERIFIED else FollowUp.IN_PROGRESS
        self._states(
            self.Reopened(**self._next(cmd), closed_as=closed_as, decision=decision, act=act, follow_up=follow_up)
        )

    class Reopened(Event, frozen=True, kw_only=True):
        """What closed it is undone: it is again where it was before."""

        TOPIC: ClassVar[str] = "recommendation.reopened"
        closed_as: Annotated[Closing, Meta(description="the state that is undone")]
        decision: Annotated[Decision, Meta(description="the decision that holds again")]
        act: Annotated[BodyAct | None, Meta(description="the body's latest decision that holds again")] = None
        follow_up: Annotated[FollowUp | None, Meta(description="the follow-up that holds again")] = None

        def apply(self, it: Recommendation) -> None:
            it.decision, it.act, it.follow_up = self.decision, self.act, self.follow_up
            it.reopened, it.before_closing = (self.closed_as, it.state), None

    def _claim(self) -> Claim:
        if self.claim is None:
            raise RuntimeError(f"{self.code} is {self.state} without a claim")
        return self.claim

    def _require_current(self, text_version: int) -> None:
        if text_version != self.text_version:
            raise self._refusal("recommendation.text_version", given=text_version, current=self.text_version)

    def _require_act(self, act: BodyAct, cmd: Command, *, bodies: Collection[str] | None = None) -> None:
        """An act of a body that may decide, of a day that has come, and not of silence."""
        entitled = [body for body in (self.body, self.referred_by) if body] if bodies is None else bodies
        if act.body not in entitled:
            raise self._refusal("recommendation.body", body=act.body, entitled=", ".join(entitled))
        if act.decided_on > cmd.today:
            raise self._refusal("recommendation.decided_on", latest=cmd.today.isoformat())
        if act.method is Method.SILENCE_PROCEDURE:
            raise self._refusal("recommendation.silence_procedure")

    def _require_due(self, due_on: date, zone: str, cmd: Command) -> None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInput(fields=[("zone", "is not an IANA time zone")]) from error
        if due_on < cmd.effective:
            raise self._refusal("recommendation.due_date", earliest=cmd.effective.isoformat())

    def _require_open(self, contest: str) -> None:
        if contest not in self.open_contests:
            raise self._refusal("recommendation.contest", contest=contest, open=", ".join(self.open_contests))


def _sorted(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(codes)))


def _require_apart(lead: str, partners: Iterable[str]) -> None:
    if lead in set(partners):
        raise InvalidInput(fields=[("partners", "names the lead")])


def _organizations_of(actor: Actor) -> frozenset[str]:
    """The organizations an actor belongs to or speaks for."""
    speaks = (Role.ENTITY_REPRESENTATIVE, Role.REGIONAL_FOCAL_POINT, Role.COMMITTEE_MEMBER)
    scopes = {held.scope for held in actor.roles if held.role in speaks}
    return frozenset(code for code in {actor.organization, *scopes} if code)


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

    def reopen(self, recommendation: UUID | str, *, closed_as: Closing) -> Recommendation:
        it = self._subject(recommendation)
        body = it.act.body if it.act else it.body
        self._allow(bodies=[body] if body else [])
        if it.body and it.decision in (Decision.NOT_ADOPTED, Decision.WITHDRAWN):
            require_entries(self._work, EntryKind.BODY, [it.body], field="recommendation")
        it.reopen(closed_as=closed_as, cmd=self._cmd)
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
