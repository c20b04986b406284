"""Recommendations: what the Compact is asked to do, what bodies decided about it, and what came of that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Annotated, TypeVar

import strawberry

from compact_domain.kernel import Provenance
from compact_domain.recommendation import (
    Assessment as AssessmentValue,
)
from compact_domain.recommendation import (
    Closing,
    ContestEnding,
    Decision,
    FollowUp,
    Response,
)
from compact_domain.recommendation import (
    Recommendation as RecommendationAggregate,
)
from compact_projections.asking import Asking, Condition, Order, Where
from compact_projections.decisions import DecisionOutcome, DecisionRow
from compact_projections.recommendations import (
    AnswerMade,
    ClaimMade,
    ClaimState,
    ContestMade,
    ProgressRow,
    RecommendationRow,
    ResponseRow,
    TextRow,
    latest_words,
    next_due,
    of_retreat,
    overdue,
)

from .catalogue import Clause, Region, WorkingGroup
from .context import Info
from .fields import question
from .listing import Choice, CodeFilter, DateFilter, Direction, Listing, TextFilter, YesNo
from .lookahead import brought
from .moments import Asked
from .nodes import Subject
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .scalars import Code, RegionCode, TimeZone
from .session import CapacityGap, Session
from .shapes import described, enumeration, form, shape
from .trail import Actor
from .vocabulary import BodyAct, act_of

enumeration(
    Decision,
    PROPOSED="An organization has proposed it; it is before no body yet.",
    UNDER_REVIEW="It is before a body, which has not decided.",
    IN_SILENCE="Its text was put to the members of a body: it is adopted unless one of them objects in time.",
    ADOPTED="A body decided that it be carried out, in the text that was put before it.",
    ADOPTED_AS_AMENDED="A body decided that it be carried out, in another text than the one put before it.",
    NOT_ADOPTED="A body decided against it.",
    DEFERRED="A body put its decision off to another meeting or a later day.",
    REFERRED="A body asked another to take it up.",
    WITHDRAWN="Its proposer withdrew it before it was adopted.",
)
enumeration(
    FollowUp,
    UNASSIGNED="It was adopted, and nobody leads yet.",
    ASSIGNED="An organization leads, with a day by which it is due; no work has been reported.",
    IN_PROGRESS="Work has been reported.",
    IMPLEMENTED="The lead says that it has been carried out; nobody has confirmed that.",
    CONTESTED="The lead says that it has been carried out, and somebody concerned says otherwise.",
    VERIFIED="The secretariat or a regional organization concerned has confirmed that it was carried out.",
)
enumeration(
    Response,
    SUPPORTED="It is supported.",
    SUPPORTED_IN_PART="It is supported in part; the comment says which.",
    NOTED="It is taken note of.",
)
enumeration(
    ContestEnding,
    WITHDRAWN="Who contested does so no longer.",
    CLAIM_WITHDRAWN="The claimant gave way: the claim is over.",
    DISMISSED="The body that adopted ruled against the contest: the claim stands.",
    UPHELD="The body that adopted ruled for the contest: the claim is over.",
)
enumeration(
    Closing,
    NOT_ADOPTED="A body decided against it.",
    WITHDRAWN="Its proposer withdrew it.",
    IMPLEMENTED="Implementation was claimed.",
    VERIFIED="The claim was verified.",
    SUPERSEDED="Another recommendation took its place.",
    MERGED="It went on as a part of another recommendation.",
    OVERTAKEN="Events had overtaken it.",
)
enumeration(
    ClaimState,
    STANDING="Nobody contests it, and nobody has verified it.",
    CONTESTED="A contest of it is open.",
    VERIFIED="It was verified.",
    WITHDRAWN="The claimant gave way to a contest.",
    OVERTURNED="The body that adopted upheld a contest.",
    REOPENED="It was undone by reopening the recommendation.",
)
enumeration(
    DecisionOutcome,
    ADOPTED="That it be carried out, in the text named by its version.",
    NOT_ADOPTED="That it be not adopted.",
    DEFERRED="To decide later: at another meeting, or at the first one on or after a day.",
    REFERRED="To ask another body to take it up.",
    CONTEST_DISMISSED="That a claim of implementation stands against a contest.",
    CONTEST_UPHELD="That a claim of implementation falls to a contest.",
)


T = TypeVar("T")


async def _found(asked: Iterable[Awaitable[T | None]]) -> list[T]:
    """Whatever is found of several things, asked for together."""
    return [one for one in await asyncio.gather(*asked) if one is not None]


@shape
class Stated:
    """What a fact said: by whom, when, why and under what."""

    said: strawberry.Private[Provenance]
    at: strawberry.Private[datetime]
    asking: strawberry.Private[Asking]

    @question
    def recorded_at(self) -> datetime:
        """When the store took it in."""
        return self.at

    @question
    def effective_on(self) -> date:
        """The day it counts from."""
        return self.said.effective_on

    @question
    def actor(self) -> Actor:
        """Who entered it."""
        return _actor(self.said, self.asking)

    @question
    def on_behalf_of(self) -> Code | None:
        """The organization that the actor spoke for, where it is not the actor's own."""
        return Code(self.said.on_behalf_of) if self.said.on_behalf_of else None

    @question
    def basis(self) -> str | None:
        """Framework clause or decision number it rests on."""
        return self.said.basis

    @question
    async def reason(self, info: Info) -> str | None:
        """Why; null if none was given, or it was erased."""
        return await info.context.text(self.said.reason)


def _actor(said: Provenance, asking: Asking) -> Actor:
    by = said.by
    return Actor(
        subject=by.id,
        organization=Code(by.organization) if by.organization else None,
        roles=sorted({held.role for held in by.roles}),
        own=(asking, by.id),
    )


@shape
class Assessment:
    """What a body found before it adopted."""

    human_rights: str = described("On human rights.")
    gender: str = described("On gender.")
    rule_of_law: str = described("On the rule of law.")


def _assessment(value: AssessmentValue | None) -> Assessment | None:
    if value is None:
        return None
    return Assessment(human_rights=value.human_rights, gender=value.gender, rule_of_law=value.rule_of_law)


@shape
class RecommendationText(Stated):
    """One wording of a recommendation. Every one is kept."""

    row: strawberry.Private[TextRow]

    @question
    def number(self) -> int:
        """Its version, from 1."""
        return self.row.number

    @question
    def title(self) -> str | None:
        """What the recommendation was called in it, if anything."""
        return self.row.title

    @question
    def text(self) -> str:
        """The wording, whole."""
        return self.row.text

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization whose wording it is."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    async def note(self, info: Info) -> str | None:
        """What was changed and why; null if nothing was said, or it was erased."""
        return await info.context.text(self.row.note)


@shape
class RecommendationResponse(Stated):
    """What an organization makes of a text."""

    row: strawberry.Private[ResponseRow]

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that responds."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def text_version(self) -> int:
        """The version of the text that it is about."""
        return self.row.text_version

    @question
    def response(self) -> Response:
        """What it says to it."""
        return self.row.response

    @question
    async def comment(self, info: Info) -> str | None:
        """What it adds; null if nothing, or it was erased."""
        return await info.context.text(self.row.comment)


@shape
class ProgressReport(Stated):
    """How far the work is, as its lead or a partner says."""

    row: strawberry.Private[ProgressRow]

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that reports."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    async def text(self, info: Info) -> str | None:
        """What was done and what is next; null if it was erased."""
        return await info.context.text(self.row.text)

    @question
    def percentage(self) -> int | None:
        """How much is done, as the reporter judges; null if that was not said."""
        return self.row.percentage


@shape
class ContestAnswer(Stated):
    """What the claimant answers to a contest."""

    value: strawberry.Private[AnswerMade]

    @question
    async def text(self, info: Info) -> str | None:
        """The answer; null if it was erased."""
        return await info.context.text(self.value.answer)


@shape
class Contest(Stated):
    """What an organization has against a claim of implementation; the reason says why."""

    value: strawberry.Private[ContestMade]
    claim: int = described("Number of the claim that it contests.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that contests."""
        return await Organization.found(info, self.asking, self.value.organization)

    @question
    def as_partner(self) -> bool:
        """Whether it contests as a partner in the work."""
        return self.value.partner

    @question
    def regions(self) -> list[RegionCode]:
        """The regions concerned that it stands for, if it contests as a regional organization."""
        return [RegionCode(code) for code in self.value.meets]

    @question
    def answers(self) -> list[ContestAnswer]:
        """What the claimant answered, in order."""
        return [
            ContestAnswer(said=answer.provenance, at=answer.recorded_at, asking=self.asking, value=answer)
            for answer in self.value.answers
        ]

    @question
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.value.ending is None

    @question
    def ending(self) -> ContestEnding | None:
        """How it ended; null while it is open."""
        return self.value.ending

    @question
    def ended_at(self) -> datetime | None:
        """When that was recorded."""
        return self.value.ended_at

    @question
    def ended_by(self) -> Actor | None:
        """Who entered the end."""
        return _actor(self.value.ended, self.asking) if self.value.ended else None

    @question
    async def ending_reason(self, info: Info) -> str | None:
        """Why it ended; null while it is open, or if the reason was erased."""
        return await info.context.text(self.value.ended.reason) if self.value.ended else None

    @question
    def act(self) -> BodyAct | None:
        """The decision of the body that ruled, if one did."""
        return act_of(self.value.act) if self.value.act else None


@shape
class ImplementationClaim(Stated):
    """The lead's word that a recommendation has been carried out. What others say to that, its contests tell."""

    value: strawberry.Private[ClaimMade]

    @question
    def number(self) -> int:
        """Which claim of the recommendation it is, from 1."""
        return self.value.number

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization it was made for."""
        return await Organization.found(info, self.asking, self.value.organization)

    @question
    async def action_taken(self, info: Info) -> str | None:
        """What was done; null if it was erased."""
        return await info.context.text(self.value.action_taken)

    @question
    async def evidence(self, info: Info) -> list[str]:
        """Documents and other proof, those erased left out."""
        return await _found(info.context.text(one) for one in self.value.evidence)

    @question
    def state(self) -> ClaimState:
        """What has become of it."""
        return self.value.state

    @question
    async def verified_by(self, info: Info) -> Organization | None:
        """The organization that confirmed it; null if none has, or that was undone."""
        code = self.value.verified_by
        return await Organization.found(info, self.asking, code) if code else None

    @question
    def verified_at(self) -> datetime | None:
        """When that was recorded."""
        return self.value.verified_at


@shape
class RecommendationDecision(Stated):
    """What a body decided about one recommendation. A decision that covers several is listed for each."""

    row: strawberry.Private[DecisionRow]

    @question
    def act(self) -> BodyAct:
        """Which body decided, in which meeting, under which number, when and how."""
        row = self.row
        return BodyAct(
            body=Code(row.body), meeting=row.meeting, number=row.number, decided_on=row.decided_on, method=row.method
        )

    @question
    def outcome(self) -> DecisionOutcome:
        """What it decided."""
        return self.row.outcome

    @question
    async def recommendation(self, info: Info) -> Recommendation | None:
        """What it decided about, as it stands at the moment of the answer."""
        row = await info.context.one(self.asking, RecommendationRow, "id", self.row.recommendation)
        return Recommendation.of(row, self.asking) if row else None

    @question
    async def covers(self, info: Info) -> list[Recommendation]:
        """All recommendations that the same decision covers, this one included, by code."""
        found = await info.context.many(self.asking, DecisionRow, "act", self.row.act)
        ids = dict.fromkeys(decision.recommendation for decision in found)
        rows = await _found(info.context.one(self.asking, RecommendationRow, "id", id) for id in ids)
        return [Recommendation.of(row, self.asking) for row in sorted(rows, key=lambda row: row.code)]

    @question
    def text_version(self) -> int | None:
        """The version of the text that was decided on; null for a ruling on a contest."""
        return self.row.text_version

    @question
    def assessment(self) -> Assessment | None:
        """What the body found before it adopted; null for other outcomes."""
        return _assessment(self.row.assessment)

    @question
    def deferred_to_meeting(self) -> str | None:
        """Code of the meeting that it was put off to, if it was put off to one."""
        return self.row.to_meeting

    @question
    def deferred_to_date(self) -> date | None:
        """The day that it was put off to: the body's first meeting on or after it takes it up."""
        return self.row.to_date

    @question
    def referred_to(self) -> Code | None:
        """Code of the body that it was referred to, if it was."""
        return Code(self.row.to_body) if self.row.to_body else None

    @question
    async def contesting(self, info: Info) -> Organization | None:
        """The organization whose contest was ruled on, if one was."""
        return await Organization.found(info, self.asking, self.row.contest) if self.row.contest else None

    @question
    async def announced(self, info: Info) -> bool:
        """Whether it has been announced. Those who may not know of it before that do not see it at all."""
        whole = await info.context.one(self.asking, RecommendationRow, "id", self.row.recommendation)
        return whole is not None and (whole.withheld_from is None or self.row.version < whole.withheld_from)


def decision(row: DecisionRow, asking: Asking) -> RecommendationDecision:
    """A decision as the schema shows it."""
    return RecommendationDecision(said=row.provenance, at=row.recorded_at, asking=asking, row=row)


RESPONSES = Listing(ResponseRow, default=(Order("version"),))
REPORTS = Listing(ProgressRow, default=(Order("version"),))
DECISIONS = Listing(DecisionRow, default=(Order("version"),))

OnlyLatest = Annotated[
    bool, strawberry.argument("Whether to leave out what an organization said before its latest word on a version.")
]


@shape
class Recommendation(Subject):
    """What a retreat or a meeting asks of the Compact, from its proposal to the verified result.

    What a body has decided and not announced is withheld, with all that followed: those who may not know of it go on
    seeing the recommendation as it was before.
    """

    row: strawberry.Private[RecommendationRow]

    @classmethod
    def aggregate_kind(cls) -> type[RecommendationAggregate]:
        return RecommendationAggregate

    @classmethod
    def row_kind(cls) -> type[RecommendationRow]:
        return RecommendationRow

    @question
    def code(self) -> Code:
        """Unique code."""
        return Code(self.row.code)

    @question
    def title(self) -> str | None:
        """What it is called, if anything."""
        return self.row.title

    @question
    def text(self) -> str:
        """Its text: as adopted, or as it stands."""
        return self.row.text

    @question
    def text_version(self) -> int:
        """Version of that text: what responses and decisions are about."""
        return self.row.text_version

    @brought(TextRow, by="recommendation")
    def texts(self, rows: Sequence[TextRow]) -> list[RecommendationText]:
        """Every wording it has had, from the first."""
        return [
            RecommendationText(said=row.provenance, at=row.recorded_at, asking=self.asking, row=row)
            for row in sorted(rows, key=lambda row: row.number)
        ]

    @question
    async def proposer(self, info: Info) -> Organization | None:
        """The organization that proposed it."""
        return await Organization.found(info, self.asking, self.row.proposer)

    @question
    def proposed_on(self) -> date:
        """The day of the proposal."""
        return self.row.proposed_on

    @question
    async def session(self, info: Info) -> Session | None:
        """The session that it came out of, if it came out of one."""
        return await Session.found(info, self.asking, self.row.session) if self.row.session else None

    @question
    async def gaps(self, info: Info) -> list[CapacityGap]:
        """The capacity gaps that it answers."""
        return await _found(CapacityGap.found(info, self.asking, code) for code in self.row.gaps)

    @question
    async def regions(self, info: Info) -> list[Region]:
        """The regions concerned; `GLOBAL` stands for all."""
        return await _found(Region.coded(info, self.asking, code) for code in self.row.regions)

    @question
    async def working_groups(self, info: Info) -> list[WorkingGroup]:
        """The working groups concerned."""
        return await _found(WorkingGroup.coded(info, self.asking, code) for code in self.row.working_groups)

    @question
    async def clauses(self, info: Info) -> list[Clause]:
        """The clauses of frameworks that it rests on."""
        return await _found(Clause.coded(info, self.asking, code) for code in self.row.clauses)

    @brought(ResponseRow, by="recommendation")
    def responses(
        self,
        rows: Sequence[ResponseRow],
        only_latest: OnlyLatest = True,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[RecommendationResponse]:
        """What organizations make of it, in the order they said so."""
        return RESPONSES.page_of(
            latest_words(rows) if only_latest else rows,
            node=lambda row: RecommendationResponse(
                said=row.provenance, at=row.recorded_at, asking=self.asking, row=row
            ),
            first=first,
            after=after,
        )

    @question
    def decision(self) -> Decision:
        """What has become of it before a body."""
        return self.row.decision

    @question
    def body(self) -> Code | None:
        """Code of the body it is before, or was before last."""
        return Code(self.row.body) if self.row.body else None

    @question
    def meeting(self) -> str | None:
        """Code of the meeting that it was put before, if one was named."""
        return self.row.meeting

    @question
    def referred_by(self) -> Code | None:
        """Code of the body that has referred it to the one it is before; null unless it was."""
        return Code(self.row.referred_by) if self.row.referred_by else None

    @question
    def deferred_to_meeting(self) -> str | None:
        """Code of the meeting that it is deferred to, if it is deferred to one."""
        return self.row.deferred_to_meeting if self.row.decision is Decision.DEFERRED else None

    @question
    def deferred_to_date(self) -> date | None:
        """The day that it is deferred to, if it is: the body's first meeting on or after it takes it up."""
        return self.row.deferred_to_date if self.row.decision is Decision.DEFERRED else None

    @question
    def act(self) -> BodyAct | None:
        """The latest decision of a body about it that stands."""
        return act_of(self.row.act) if self.row.act else None

    @brought(DecisionRow, by="recommendation")
    def decisions(
        self, rows: Sequence[DecisionRow], first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[RecommendationDecision]:
        """Every decision of a body about it, in the order they were recorded, with reasons."""
        return DECISIONS.page_of(rows, node=lambda row: decision(row, self.asking), first=first, after=after)

    @question
    def assessment(self) -> Assessment | None:
        """What the body found on human rights, gender and the rule of law; null unless it was adopted."""
        return _assessment(self.row.assessment)

    @question
    def announced(self) -> bool:
        """Whether nothing that was decided still waits for its announcement."""
        return self.row.withheld_from is None

    @question
    def to_announce(self) -> list[str]:
        """Numbers of the decisions that wait for their announcement, the latest last."""
        return list(self.row.unannounced)

    @question
    def announced_on(self) -> date | None:
        """The day on which a decision about it was announced last."""
        return self.row.announced_on

    @question
    def follow_up(self) -> FollowUp | None:
        """How far it has been carried out; null unless it was adopted."""
        return self.row.follow_up

    @question
    async def lead(self, info: Info) -> Organization | None:
        """The organization that leads; null while nobody does."""
        return await Organization.found(info, self.asking, self.row.lead) if self.row.lead else None

    @question
    async def partners(self, info: Info) -> list[Organization]:
        """The organizations that work with it, by code."""
        return await _found(Organization.found(info, self.asking, code) for code in self.row.partners)

    @question
    def due_on(self) -> date | None:
        """The last day by which it is due; it ends at 24:00 in `zone`."""
        return self.row.due_on

    @question
    def zone(self) -> TimeZone | None:
        """The time zone in which the day it is due ends."""
        return TimeZone(self.row.zone) if self.row.zone else None

    @question
    def overdue(self) -> bool:
        """Whether the day it is due is over without a claim that it is implemented, or since such a claim fell."""
        return self.row.is_overdue(self.asking.moment)

    @question
    def percentage(self) -> int | None:
        """How much is done, as was last reported."""
        return self.row.percentage

    @question
    def last_progress_at(self) -> datetime | None:
        """When progress was last reported."""
        return self.row.last_progress_at

    @brought(ProgressRow, by="recommendation")
    def progress(
        self, rows: Sequence[ProgressRow], first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[ProgressReport]:
        """What was reported on the work, in order."""
        return REPORTS.page_of(
            rows,
            node=lambda row: ProgressReport(said=row.provenance, at=row.recorded_at, asking=self.asking, row=row),
            first=first,
            after=after,
        )

    @question
    def claims(self) -> list[ImplementationClaim]:
        """Every claim that it was implemented, in order, with action taken and evidence."""
        return [
            ImplementationClaim(said=claim.provenance, at=claim.recorded_at, asking=self.asking, value=claim)
            for claim in self.row.claims
        ]

    @question
    def contests(self) -> list[Contest]:
        """Who contests its claims or has contested them, in order, with what was answered and how it ended."""
        return [
            Contest(
                said=contest.provenance, at=contest.recorded_at, asking=self.asking, value=contest, claim=claim.number
            )
            for claim in self.row.claims
            for contest in claim.contests
        ]

    @question
    async def verified_by(self, info: Info) -> Organization | None:
        """The organization that confirmed the claim; null unless it is verified."""
        return await Organization.found(info, self.asking, self.row.verified_by) if self.row.verified_by else None

    @question
    def verified_on(self) -> date | None:
        """The day from which it counts as verified; null unless it is."""
        return self.row.verified_on


@form
class RecommendationFilter:
    """Which recommendations to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    title: TextFilter | None = described("What it is called.", default=None)
    text: TextFilter | None = described("Its text, as adopted or as it stands.", default=None)
    proposer: CodeFilter | None = described("The organization that proposed it.", default=None)
    proposed_on: DateFilter | None = described("The day of the proposal.", default=None)
    retreat: Code | None = described("The retreat whose session it came out of.", default=None)
    session: CodeFilter | None = described("The session that it came out of.", default=None)
    gaps: CodeFilter | None = described("The capacity gaps that it answers.", default=None)
    regions: CodeFilter | None = described("The regions concerned.", default=None)
    working_groups: CodeFilter | None = described("The working groups concerned.", default=None)
    clauses: CodeFilter | None = described("The clauses that it rests on.", default=None)
    decision: Choice[Decision] | None = described("What has become of it before a body.", default=None)
    body: CodeFilter | None = described("A body that it is before, or that referred or decided it.", default=None)
    decided_by: CodeFilter | None = described("The body that took the latest decision that stands.", default=None)
    decided_on: DateFilter | None = described("The day of that decision.", default=None)
    announced: YesNo | None = described("Whether nothing decided still waits for its announcement.", default=None)
    follow_up: Choice[FollowUp] | None = described("How far it has been carried out.", default=None)
    lead: CodeFilter | None = described("The organization that leads.", default=None)
    partners: CodeFilter | None = described("The organizations that work with it.", default=None)
    due_on: DateFilter | None = described("The last day by which it is due.", default=None)
    overdue: YesNo | None = described("Whether that day is over without a claim.", default=None)


async def chosen(asking: Asking, filter: RecommendationFilter | None) -> list[Where]:
    """The conditions that a filter asks for."""
    if filter is not None and filter.overdue:
        await next_due(asking)
    return LISTING.where(
        filter,
        {"body": "bodies"},
        {
            "retreat": lambda code: of_retreat(asking, code),
            "overdue": lambda given: overdue(asking, given.eq),
            "announced": lambda given: Condition("withheld_from", "is_null", given.eq),
        },
    )


class RecommendationOrderField(Enum):
    """What recommendations can be ordered by."""

    CODE = "code"
    PROPOSED_ON = "proposed_on"
    DECIDED_ON = "decided_on"
    DUE_ON = "due_on"
    LEAD = "lead"


enumeration(
    RecommendationOrderField,
    CODE="Its code.",
    PROPOSED_ON="The day of the proposal.",
    DECIDED_ON="The day of the latest decision that stands; those without one last.",
    DUE_ON="The day by which it is due; those without one last.",
    LEAD="The code of the organization that leads; those without one last.",
)


@form
class RecommendationOrder:
    """An order of recommendations."""

    field: RecommendationOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)

    @staticmethod
    def columns(order_by: Sequence[RecommendationOrder] | None) -> list[tuple[str, Direction]]:
        """The columns to order by, with their direction."""
        return [(o.field.value, o.direction) for o in order_by or []]


LISTING = Listing(RecommendationRow, default=(Order("code"),), nullable=frozenset({"decided_on", "due_on", "lead"}))

CodeArgument = Annotated[Code, strawberry.argument("Its code.")]
FilterArgument = Annotated[RecommendationFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderArgument = Annotated[list[RecommendationOrder] | None, strawberry.argument("In which order; left out: by code.")]


@shape
class RecommendationQuestions(Asked):
    """What is asked of the Compact."""

    @question
    async def recommendation(self, info: Info, code: CodeArgument) -> Recommendation | None:
        """One recommendation, by code."""
        return await Recommendation.found(info, await self.asking(info), code)

    @question
    async def recommendations(
        self,
        info: Info,
        filter: FilterArgument = None,
        order_by: OrderArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Recommendation]:
        """Recommendations, as the one who asks may know them."""
        asking = await self.asking(info)
        return await LISTING.page(
            asking,
            node=lambda row: Recommendation.of(row, asking),
            where=await chosen(asking, filter),
            order_by=RecommendationOrder.columns(order_by),
            first=first,
            after=after,
            info=info,
        )
