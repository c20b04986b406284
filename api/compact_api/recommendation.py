"""Recommendations: what the Compact is asked to do, what bodies decided about it, and what came of that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from compact_domain.recommendation import (
    Assessment as AssessmentValue,
)
from compact_domain.recommendation import (
    Closing,
    Decision,
    Ending,
    FollowUp,
    Response,
)
from compact_domain.recommendation import (
    Recommendation as RecommendationAggregate,
)
from compact_projections.asking import Asking, Condition, Order, Where
from compact_projections.decisions import DecisionOutcome, DecisionRow
from compact_projections.recommendations import (
    CarriedOver,
    Ended,
    ProgressRow,
    RecommendationRow,
    ReminderRow,
    ResponseRow,
    TextRow,
    latest_words,
    next_due,
    of_retreat,
    overdue,
)
from compact_projections.silences import (
    ObjectionRow,
    ObjectionWithdrawalRow,
    SilenceEndRow,
    SilenceOutcome,
    SilenceRow,
)

from .catalogue import Clause, Region, WorkingGroup
from .context import Info
from .fields import question
from .follow_up import Contest, ImplementationClaim, Milestone, Obstacle, ProgressReport, Reminder
from .listing import Choice, CodeFilter, DateFilter, Direction, Listing, TextFilter, YesNo
from .lookahead import brought
from .moments import Asked
from .nodes import Subject, allowed_commands
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .scalars import Code, TimeZone
from .session import CapacityGap, Session
from .shapes import described, enumeration, form, shape
from .stated import Stated, found_of
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
    Response,
    SUPPORTED="It is supported.",
    SUPPORTED_IN_PART="It is supported in part; the comment says which.",
    NOTED="It is taken note of.",
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
    Ending,
    SUPERSEDED="Another recommendation took its place.",
    MERGED="It goes on as a part of another recommendation.",
    OVERTAKEN="Events have overtaken it: there is nothing left to carry out.",
)
enumeration(
    SilenceOutcome,
    ADOPTED="Nobody objected: the text was adopted, as of the day of the deadline.",
    OBJECTED="A member objected: the text is under review again.",
    AMENDED="The text was amended, and is under review again.",
    WITHDRAWN="The proposer withdrew the recommendation.",
    CALLED_OFF="The secretariat or the chair called it off: the text is under review again.",
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


@shape
class Assessment:
    """What a body found before it adopted."""

    human_rights: str = described("On human rights.")
    gender: str = described("On gender.")
    rule_of_law: str = described("On the rule of law.")


def _assessed(value: AssessmentValue) -> Assessment:
    return Assessment(human_rights=value.human_rights, gender=value.gender, rule_of_law=value.rule_of_law)


def _assessment(value: AssessmentValue | None) -> Assessment | None:
    return _assessed(value) if value else None


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
        rows = await found_of(info.context.one(self.asking, RecommendationRow, "id", id) for id in ids)
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


@shape
class Objection(Stated):
    """A member's objection to a text that was put to the members of a body; the reason says why."""

    row: strawberry.Private[ObjectionRow]

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that objected."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def silence(self) -> int:
        """Number of the silence that ended with it."""
        return self.row.silence

    @question
    def as_member_of_body(self) -> bool:
        """Whether it objected as a member of the deciding body; else as a member of the Compact."""
        return self.row.of_body

    @question
    async def withdrawn(self, info: Info) -> bool:
        """Whether it was taken back since, for the record: the silence stays ended."""
        return await self._withdrawal(info) is not None

    @question
    async def withdrawn_at(self, info: Info) -> datetime | None:
        """When that was recorded."""
        found = await self._withdrawal(info)
        return found.recorded_at if found else None

    async def _withdrawal(self, info: Info) -> ObjectionWithdrawalRow | None:
        row = self.row
        found = await info.context.many(self.asking, ObjectionWithdrawalRow, "recommendation", row.recommendation)
        return next((w for w in found if (w.silence, w.organization) == (row.silence, row.organization)), None)


@shape
class SilenceProcedure(Stated):
    """A text that was put to the members of a body: it is adopted unless one of them objects up to the deadline.

    What silence has adopted is withheld until it is announced, as every decision of a body is.
    """

    row: strawberry.Private[SilenceRow]

    @question
    async def recommendation(self, info: Info) -> Recommendation | None:
        """The recommendation, as it stands at the moment of the answer."""
        row = await info.context.one(self.asking, RecommendationRow, "id", self.row.recommendation)
        return Recommendation.of(row, self.asking) if row else None

    @question
    def number(self) -> int:
        """Which silence of the recommendation it is, from 1."""
        return self.row.number

    @question
    def body(self) -> Code:
        """Code of the body that decides by silence."""
        return Code(self.row.body)

    @question
    def meeting(self) -> str:
        """Code of the meeting that put it to the members."""
        return self.row.meeting

    @question
    def decision_number(self) -> str:
        """Number that the decision has if nobody objects."""
        return self.row.decision_number

    @question
    def text_version(self) -> int:
        """The version of the text that was put to them."""
        return self.row.text_version

    @question
    def assessment(self) -> Assessment:
        """What the body found on human rights, gender and the rule of law."""
        return _assessed(self.row.assessment)

    @question
    def deadline(self) -> datetime:
        """The last instant at which it can be broken."""
        return self.row.deadline

    @question
    def zone(self) -> TimeZone:
        """The time zone that the deadline is spoken of in."""
        return TimeZone(self.row.zone)

    @question
    async def open(self, info: Info) -> bool:
        """Whether it can be broken at the moment of the answer."""
        return await self._end(info) is None and not self.asking.moment.is_past(self.row.deadline)

    @question
    async def outcome(self, info: Info) -> SilenceOutcome | None:
        """How it ended; null while it runs, and past its deadline until what follows from that is known."""
        found = await self._end(info)
        return found.outcome if found else None

    @question
    async def end(self, info: Info) -> Stated | None:
        """What ended it: by whom, when and why; null until that is known."""
        found = await self._end(info)
        return Stated(said=found.provenance, at=found.recorded_at, asking=self.asking) if found else None

    @question
    async def objections(self, info: Info) -> list[Objection]:
        """The objection by which it was broken, if it was broken by one."""
        found = await info.context.many(self.asking, ObjectionRow, "recommendation", self.row.recommendation)
        return [objection(row, self.asking) for row in found if row.silence == self.row.number]

    async def _end(self, info: Info) -> SilenceEndRow | None:
        found = await info.context.many(self.asking, SilenceEndRow, "recommendation", self.row.recommendation)
        return next((row for row in found if row.number == self.row.number), None)


def objection(row: ObjectionRow, asking: Asking) -> Objection:
    """An objection as the schema shows it."""
    return Objection(said=row.provenance, at=row.recorded_at, asking=asking, row=row)


def silence(row: SilenceRow, asking: Asking) -> SilenceProcedure:
    """A silence procedure as the schema shows it."""
    return SilenceProcedure(said=row.provenance, at=row.recorded_at, asking=asking, row=row)


@shape
class RecommendationEnd(Stated):
    """How a recommendation ended, other than by a body's decision or by being carried out; the reason says why."""

    value: strawberry.Private[Ended]

    @question
    def ending(self) -> Ending:
        """How it ended."""
        return self.value.ending

    @question
    async def successor(self, info: Info) -> Recommendation | None:
        """The recommendation that carries it on; null if none does."""
        code = self.value.successor
        return await Recommendation.found(info, self.asking, code) if code else None

    @question
    def open_milestones(self) -> list[Code]:
        """Codes of the milestones that were open then."""
        return [Code(code) for code in self.value.open_milestones]


@shape
class CarriedRecommendation(Stated):
    """What a recommendation carries on of another that ended in its favour."""

    value: strawberry.Private[CarriedOver]

    @question
    async def recommendation(self, info: Info) -> Recommendation | None:
        """The recommendation that ended."""
        return await Recommendation.found(info, self.asking, self.value.source)

    @question
    def ending(self) -> Ending:
        """How that one ended."""
        return self.value.ending

    @question
    async def sessions(self, info: Info) -> list[Session]:
        """The sessions that it came out of."""
        return await found_of(Session.found(info, self.asking, code) for code in self.value.sessions)

    @question
    async def gaps(self, info: Info) -> list[CapacityGap]:
        """The capacity gaps that it answered."""
        return await found_of(CapacityGap.found(info, self.asking, code) for code in self.value.gaps)

    @question
    async def clauses(self, info: Info) -> list[Clause]:
        """The clauses of frameworks that it rested on."""
        return await found_of(Clause.coded(info, self.asking, code) for code in self.value.clauses)


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
    async def allowed_commands(self, info: Info) -> list[str]:
        """The mutations that the one who asks might give now, as the rules' own guards say; of a past moment: then.

        What was decided and is withheld changes nothing for those who may not know of it yet: these are the commands
        that follow from what they see, though they are refused until it is announced.
        """
        return await allowed_commands(info, self.asking, RecommendationAggregate, self.row.id, self.row.version)

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
    async def sources(self, info: Info) -> list[Session]:
        """The sessions that it came out of, with those of the recommendations that it carries on, by code."""
        return await found_of(Session.found(info, self.asking, code) for code in self.row.sessions)

    @question
    async def gaps(self, info: Info) -> list[CapacityGap]:
        """The capacity gaps that it answers, with those of the recommendations that it carries on."""
        return await found_of(CapacityGap.found(info, self.asking, code) for code in self.row.gaps)

    @question
    async def regions(self, info: Info) -> list[Region]:
        """The regions concerned; `GLOBAL` stands for all."""
        return await found_of(Region.coded(info, self.asking, code) for code in self.row.regions)

    @question
    async def working_groups(self, info: Info) -> list[WorkingGroup]:
        """The working groups concerned."""
        return await found_of(WorkingGroup.coded(info, self.asking, code) for code in self.row.working_groups)

    @question
    async def clauses(self, info: Info) -> list[Clause]:
        """The clauses of frameworks that it rests on, with those of the recommendations that it carries on."""
        return await found_of(Clause.coded(info, self.asking, code) for code in self.row.clauses)

    @question
    def carried_from(self) -> list[CarriedRecommendation]:
        """The recommendations that ended in favour of this one, in order, with what it carries on of each."""
        return [
            CarriedRecommendation(said=one.provenance, at=one.recorded_at, asking=self.asking, value=one)
            for one in self.row.carried
        ]

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

    @brought(SilenceRow, by="recommendation")
    def silences(self, rows: Sequence[SilenceRow]) -> list[SilenceProcedure]:
        """Every silence procedure about it, from the first."""
        return [silence(row, self.asking) for row in sorted(rows, key=lambda row: row.number)]

    @brought(ObjectionRow, by="recommendation")
    def objections(self, rows: Sequence[ObjectionRow]) -> list[Objection]:
        """Every objection by which a silence ended, in order, those taken back included."""
        return [objection(row, self.asking) for row in sorted(rows, key=lambda row: row.version)]

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
        return await found_of(Organization.found(info, self.asking, code) for code in self.row.partners)

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
        """Whether the day it is due is over without a claim that it is implemented, or since such a claim fell.

        Never once it has ended.
        """
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
    def milestones(self) -> list[Milestone]:
        """The steps of the work, in the order in which they were set, with evidence of those taken."""
        return [
            Milestone(said=one.provenance, at=one.recorded_at, asking=self.asking, value=one, of=self.row)
            for one in self.row.milestones
        ]

    @question
    def obstacles(self) -> list[Obstacle]:
        """What stands or stood in the way, in the order in which it was reported."""
        return [
            Obstacle(said=one.provenance, at=one.recorded_at, asking=self.asking, value=one)
            for one in self.row.obstacles
        ]

    @brought(ReminderRow, by="recommendation")
    def reminders(self, rows: Sequence[ReminderRow]) -> list[Reminder]:
        """What one was reminded of, in order: that it, or a milestone, is due soon or late."""
        return [
            Reminder(said=row.provenance, at=row.recorded_at, asking=self.asking, row=row)
            for row in sorted(rows, key=lambda row: row.version)
        ]

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

    @question
    def end(self) -> RecommendationEnd | None:
        """How it ended, other than by a body's decision or by being carried out; null unless it did."""
        ended = self.row.ended
        return (
            RecommendationEnd(said=ended.provenance, at=ended.recorded_at, asking=self.asking, value=ended)
            if ended
            else None
        )

    @question
    async def superseded_by(self, info: Info) -> Recommendation | None:
        """The recommendation that took its place; null unless one did."""
        return await self._successor(info, Ending.SUPERSEDED)

    @question
    async def merged_into(self, info: Info) -> Recommendation | None:
        """The recommendation that it goes on as a part of; null unless it does."""
        return await self._successor(info, Ending.MERGED)

    @question
    def overtaken(self) -> bool:
        """Whether events have overtaken it."""
        return self.row.ending is Ending.OVERTAKEN

    async def _successor(self, info: Info, ending: Ending) -> Recommendation | None:
        code = self.row.successor if self.row.ending is ending else None
        return await Recommendation.found(info, self.asking, code) if code else None


@form
class RecommendationFilter:
    """Which recommendations to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    title: TextFilter | None = described("What it is called.", default=None)
    text: TextFilter | None = described("Its text, as adopted or as it stands.", default=None)
    proposer: CodeFilter | None = described("The organization that proposed it.", default=None)
    proposed_on: DateFilter | None = described("The day of the proposal.", default=None)
    retreat: Code | None = described("The retreat whose session it came out of.", default=None)
    session: CodeFilter | None = described("A session that it came out of, or what it carries on.", default=None)
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
    ended: YesNo | None = described("Whether it was superseded, merged or overtaken.", default=None)
    ending: Choice[Ending] | None = described("How it ended, if it did.", default=None)


async def chosen(asking: Asking, filter: RecommendationFilter | None) -> list[Where]:
    """The conditions that a filter asks for."""
    if filter is not None and filter.overdue:
        await next_due(asking)
    return LISTING.where(
        filter,
        {"body": "bodies", "session": "sessions"},
        {
            "retreat": lambda code: of_retreat(asking, code),
            "overdue": lambda given: overdue(asking, given.eq),
            "announced": lambda given: Condition("withheld_from", "is_null", given.eq),
            "ended": lambda given: Condition("ending", "is_null", not given.eq),
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
