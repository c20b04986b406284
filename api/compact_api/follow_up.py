"""The follow-up of a recommendation: steps, reports, obstacles and reminders, claims of implementation and contests."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from compact_domain.recommendation import ContestEnding, FollowUp, ObstacleKind, ReminderKind
from compact_projections.recommendations import (
    AnswerMade,
    ClaimMade,
    ClaimState,
    ContestMade,
    MilestoneMade,
    ObstacleMet,
    ProgressRow,
    RecommendationRow,
    ReminderRow,
)

from .context import Info
from .fields import question
from .organization import Organization
from .scalars import Code, RegionCode, TimeZone
from .shapes import described, enumeration, shape
from .stated import Stated, actor_who, found_of
from .trail import Actor
from .vocabulary import BodyAct, act_of

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
    ContestEnding,
    WITHDRAWN="Who contested does so no longer.",
    CLAIM_WITHDRAWN="The claimant gave way: the claim is over.",
    DISMISSED="The body that adopted ruled against the contest: the claim stands.",
    UPHELD="The body that adopted ruled for the contest: the claim is over.",
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
    ObstacleKind,
    RESOURCES="Money or staff is missing.",
    CAPACITY="Knowledge or equipment is missing.",
    COORDINATION="Those at work wait for one another, or for others.",
    LEGAL="A mandate, a law or an agreement is missing or forbids it.",
    POLITICAL="Agreement is missing.",
    SECURITY="It is too dangerous for now.",
    OTHER="Something else; the text says what.",
)
enumeration(
    ReminderKind,
    DUE_SOON="It is due within a week.",
    OVERDUE="Its last day was over, and it was not done.",
)


@shape
class Milestone(Stated):
    """A step of the work on a recommendation, with a day by which it is due."""

    value: strawberry.Private[MilestoneMade]
    of: strawberry.Private[RecommendationRow]

    @question
    def code(self) -> Code:
        """Unique within its recommendation."""
        return Code(self.value.code)

    @question
    def title(self) -> str:
        """What is to be reached."""
        return self.value.title

    @question
    def due_on(self) -> date:
        """The last day by which it is due; it ends at 24:00 in `zone`."""
        return self.value.due_on

    @question
    def zone(self) -> TimeZone:
        """The time zone in which that day ends: that of the recommendation as the milestone was set."""
        return TimeZone(self.value.zone)

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that set it."""
        return await Organization.found(info, self.asking, self.value.organization)

    @question
    def completed(self) -> bool:
        """Whether the step was taken."""
        return self.value.completed_at is not None

    @question
    async def completed_by(self, info: Info) -> Organization | None:
        """The organization that reported it taken; null while it is open."""
        code = self.value.completed_by
        return await Organization.found(info, self.asking, code) if code else None

    @question
    def completed_on(self) -> date | None:
        """The day from which it counts as taken; null while it is open."""
        return self.value.completed.effective_on if self.value.completed else None

    @question
    def completed_at(self) -> datetime | None:
        """When that was recorded; null while it is open."""
        return self.value.completed_at

    @question
    async def evidence(self, info: Info) -> list[str]:
        """Documents and other proof that it was taken, those erased left out."""
        return await found_of(info.context.text(one) for one in self.value.evidence)

    @question
    def overdue(self) -> bool:
        """Whether its last day is over while it is open and its recommendation is being worked on."""
        return self.of.is_late(self.value, self.asking.moment)


@shape
class Obstacle(Stated):
    """What stands in the way of the work on a recommendation, as its lead or a partner says."""

    value: strawberry.Private[ObstacleMet]

    @question
    def number(self) -> int:
        """Which obstacle of the recommendation it is, from 1: what `recommendationResolveObstacle` names it by."""
        return self.value.number

    @question
    def kind(self) -> ObstacleKind:
        """What kind of obstacle it is."""
        return self.value.kind

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that reports it."""
        return await Organization.found(info, self.asking, self.value.organization)

    @question
    async def text(self, info: Info) -> str | None:
        """What stands in the way; null if it was erased."""
        return await info.context.text(self.value.text)

    @question
    def resolved(self) -> bool:
        """Whether it no longer stands in the way."""
        return self.value.resolved_at is not None

    @question
    async def resolved_by(self, info: Info) -> Organization | None:
        """The organization that reported it resolved; null while it is not."""
        code = self.value.resolved_by
        return await Organization.found(info, self.asking, code) if code else None

    @question
    def resolved_at(self) -> datetime | None:
        """When that was recorded; null while it is not resolved."""
        return self.value.resolved_at

    @question
    async def resolution(self, info: Info) -> str | None:
        """How it was resolved; null while it is not, or if that was erased."""
        return await info.context.text(self.value.resolution)


@shape
class Reminder(Stated):
    """That something came to be due soon, or late: once for what is due, its day and the kind."""

    row: strawberry.Private[ReminderRow]

    @question
    def kind(self) -> ReminderKind:
        """What one is reminded of."""
        return self.row.kind

    @question
    def milestone(self) -> Code | None:
        """Code of the milestone that is due; null for the recommendation itself."""
        return Code(self.row.milestone) if self.row.milestone else None

    @question
    def due_on(self) -> date:
        """The day by which it was due."""
        return self.row.due_on

    @question
    async def lead(self, info: Info) -> Organization | None:
        """The organization that led then."""
        return await Organization.found(info, self.asking, self.row.lead)


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
        return actor_who(self.value.ended, self.asking) if self.value.ended else None

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
        return await found_of(info.context.text(one) for one in self.value.evidence)

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
