"""What may be done about recommendations, from the proposal to the verified result."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import strawberry

from compact_domain.recommendation import (
    Assessment,
    Closing,
    ContestEnding,
    ObstacleKind,
    Recommendations,
    Response,
)
from compact_projections.recommendations import RecommendationRow

from .commands import ChangeInput, CommandInput, Decision, Payload, give, reference
from .context import Info
from .fields import command
from .recommendation import Recommendation
from .scalars import Code, RegionCode, TimeZone
from .shapes import described, form, shape
from .text import LongText
from .vocabulary import BodyActInput, act_from


@form
class AssessmentInput:
    """What a body found before it adopted: at most 2,000 characters each."""

    human_rights: LongText = described("On human rights.")
    gender: LongText = described("On gender.")
    rule_of_law: LongText = described("On the rule of law.")


@form
class RecommendationProposeInput(CommandInput):
    """A recommendation that the organization acted for proposes, or else the actor's own."""

    code: Code = described("Unique code.")
    title: str | None = described("What it is called, if anything.", default=None)
    text: LongText = described("Its text.")
    session: Code | None = described("The session that it came out of.", default=None)
    gaps: list[Code] = described("Codes of the capacity gaps that it answers.", default_factory=list)
    regions: list[RegionCode] = described("The regions concerned, at least one; `GLOBAL` stands for all.")
    working_groups: list[Code] = described("The working groups concerned.", default_factory=list)
    clauses: list[Code] = described("The clauses of frameworks that it rests on.", default_factory=list)


@form
class RecommendationAmendInput(ChangeInput):
    """Another wording for a recommendation."""

    text: LongText = described("The new wording, whole.")
    title: str | None = described("What it is called from now on; left out, it stays.", default=None)
    note: LongText | None = described("What was changed and why.", default=None)


@form
class RecommendationPutUnderReviewInput(ChangeInput):
    """A recommendation to put before a body, in its text as it stands."""

    body: Code = described("The body.")
    meeting: str | None = described("Code of the meeting that is to take it up.", default=None)


@form
class RecommendationRespondInput(ChangeInput):
    """What the organization acted for, or else the actor's own, makes of a text."""

    text_version: int = described("The version of the text, which must be the one that stands.")
    response: Response = described("What it says to it.")
    comment: LongText | None = described("What it adds.", default=None)


@form
class RecommendationStartSilenceInput(ChangeInput):
    """A text to put to the members of a body: it is adopted unless one of them objects up to the deadline."""

    body: Code = described("The body that decides by silence.")
    meeting: str = described("Code of the meeting that puts it to the members.")
    number: str = described("Number that the decision will have.")
    text_version: int = described("The version of the text, which must be the one that stands.")
    assessment: AssessmentInput = described("What the body found on human rights, gender and the rule of law.")
    deadline: datetime = described("The last instant at which a member can object, at least 72 hours ahead.")
    zone: TimeZone = described("The time zone that the deadline is spoken of in.", default=TimeZone("UTC"))


@form
class RecommendationObjectInput(ChangeInput):
    """The objection of a member of the deciding body or of the Compact. Needs a reason, which says why."""


@form
class RecommendationWithdrawObjectionInput(ChangeInput):
    """An objection to take back, for the record: the silence stays ended."""


@form
class RecommendationEndSilenceInput(ChangeInput):
    """A silence to call off before its deadline. Needs a reason."""


@form
class RecommendationAdoptInput(ChangeInput):
    """A body's decision that a recommendation be carried out. It is withheld until announced."""

    act: BodyActInput = described("Which body decided, in which meeting, under which number, when and how.")
    text_version: int = described("The version of the text adopted, which must be the one that stands.")
    assessment: AssessmentInput = described("What the body found on human rights, gender and the rule of law.")


@form
class RecommendationDeclineToAdoptInput(ChangeInput):
    """A body's decision not to adopt a recommendation. It is withheld until announced. Needs a reason."""

    act: BodyActInput = described("Which body decided, in which meeting, under which number, when and how.")


@form
class RecommendationDeferInput(ChangeInput):
    """A body's decision to decide later. It is withheld until announced. Needs a reason."""

    act: BodyActInput = described("Which body decided, in which meeting, under which number, when and how.")
    to_meeting: str | None = described(
        "Code of the meeting it is put off to; this or `toDate` is given, not both.", default=None
    )
    to_date: date | None = described(
        "A day after the decision: the body's first meeting on or after it takes it up.", default=None
    )


@form
class RecommendationReferInput(ChangeInput):
    """A body's decision to have another body take a recommendation up. Withheld until announced. Needs a reason."""

    act: BodyActInput = described("Which body decided, in which meeting, under which number, when and how.")
    to_body: Code = described("The other body.")


@form
class RecommendationReturnFromReferralInput(ChangeInput):
    """A recommendation that goes back to the body that had referred it."""

    meeting: str | None = described("Code of the meeting that is to take it up.", default=None)


@form
class RecommendationAnnounceInput(ChangeInput):
    """A decision to make known, with those before it that were not, and all that followed."""

    number: str = described("Number of the latest decision that was not announced.")


@form
class RecommendationAssignInput(ChangeInput):
    """Who carries an adopted recommendation out, and by when."""

    lead: Code = described("The organization that leads.")
    partners: list[Code] = described("The organizations that work with it.", default_factory=list)
    due_on: date = described("The last day by which it is due; it ends at 24:00 in `zone`.")
    zone: TimeZone = described("The time zone in which that day ends.", default=TimeZone("UTC"))


@form
class RecommendationReassignInput(ChangeInput):
    """Who carries a recommendation out from now on. Needs a reason."""

    lead: Code = described("The organization that leads.")
    partners: list[Code] = described("All organizations that work with it.", default_factory=list)


@form
class RecommendationChangeDueDateInput(ChangeInput):
    """Another day by which a recommendation is due. Needs a reason."""

    due_on: date = described("The last day by which it is due.")
    zone: TimeZone | None = described("The time zone in which that day ends; left out, it stays.", default=None)


@form
class RecommendationSetMilestoneInput(ChangeInput):
    """A step of the work, for the lead or a partner. The first one begins the work."""

    code: Code = described("Unique within the recommendation.")
    title: str = described("What is to be reached.")
    due_on: date = described("The last day by which it is due, in the time zone of the recommendation.")


@form
class RecommendationCompleteMilestoneInput(ChangeInput):
    """A step of the work that was taken, as the lead or a partner says."""

    milestone: Code = described("Code of the milestone.")
    evidence: list[LongText] = described("Documents and other proof, one each; at least one.")


@form
class RecommendationReportObstacleInput(ChangeInput):
    """What stands in the way of the work, as the lead or a partner says."""

    kind: ObstacleKind = described("What kind of obstacle it is.")
    text: LongText = described("What stands in the way.")


@form
class RecommendationResolveObstacleInput(ChangeInput):
    """What no longer stands in the way, as the lead or a partner says."""

    obstacle: int = described("Number of the obstacle.")
    resolution: LongText = described("How it was resolved.")


@form
class RecommendationReportProgressInput(ChangeInput):
    """How far the work is, as the lead or a partner says."""

    text: LongText = described("What was done and what is next.")
    percentage: int | None = described("How much is done, from 0 to 100.", default=None)


@form
class RecommendationClaimImplementationInput(ChangeInput):
    """The lead's word that a recommendation has been carried out."""

    action_taken: LongText = described("What was done.")
    evidence: list[LongText] = described("Documents and other proof, one each; at least one.")


@form
class RecommendationContestClaimInput(ChangeInput):
    """What a partner or a regional organization concerned has against a claim. Needs a reason, which says it."""


@form
class RecommendationAnswerContestInput(ChangeInput):
    """What the claimant answers to a contest."""

    contest: Code = described("The organization that contests.")
    answer: LongText = described("The answer.")


@form
class RecommendationWithdrawContestInput(ChangeInput):
    """The end of a contest: by who contests, by the claimant, or by a ruling of the body. Needs a reason."""

    contest: Code = described("The organization that contests.")
    ending: ContestEnding = described("How it ends.", default=ContestEnding.WITHDRAWN)
    act: BodyActInput | None = described("The decision of the body that adopted, if it ruled.", default=None)


@form
class RecommendationVerifyInput(ChangeInput):
    """A claim to confirm, by the secretariat or a regional organization concerned, and never by the claimant."""


@form
class RecommendationWithdrawInput(ChangeInput):
    """A recommendation that its proposer takes back before it is adopted. Needs a reason."""


@form
class RecommendationSupersedeInput(ChangeInput):
    """A recommendation whose place another takes. Needs a reason."""

    successor: strawberry.ID = described(
        "The recommendation that takes its place, by global id or by code: another one, neither closed nor verified."
    )


@form
class RecommendationMergeInput(ChangeInput):
    """A recommendation that goes on as a part of another. Needs a reason."""

    into: strawberry.ID = described(
        "The recommendation that it becomes a part of, by global id or by code: another one, neither closed nor"
        " verified."
    )


@form
class RecommendationMarkOvertakenInput(ChangeInput):
    """A recommendation that events have overtaken. Needs a reason, which says which."""


@form
class RecommendationReopenInput(ChangeInput):
    """A closing to undo: the recommendation is again where it was before it. Needs a reason."""

    closed_as: Closing = described("The state that is undone, so that the same command twice undoes no more.")


@shape
class RecommendationPayload(Payload):
    """The recommendation after the command."""

    recommendation: Recommendation | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> RecommendationPayload:
    done = await give(info, input, decision)
    return RecommendationPayload(**done.told, recommendation=await done.seen(RecommendationRow, Recommendation.of))


def _subject(input: ChangeInput) -> UUID | str:
    return reference(input.id, "Recommendation")


def _assessment(input: AssessmentInput) -> Assessment:
    return Assessment(human_rights=input.human_rights, gender=input.gender, rule_of_law=input.rule_of_law)


@shape
class RecommendationMutations:
    """What may be done about recommendations."""

    @command
    async def recommendation_propose(self, info: Info, input: RecommendationProposeInput) -> RecommendationPayload:
        """Propose a recommendation."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).propose(
                code=input.code,
                title=input.title,
                text=input.text,
                session=input.session,
                gaps=input.gaps,
                regions=input.regions,
                working_groups=input.working_groups,
                clauses=input.clauses,
            ),
        )

    @command
    async def recommendation_amend(self, info: Info, input: RecommendationAmendInput) -> RecommendationPayload:
        """Give a recommendation another wording, as long as it is not adopted. Every wording is kept."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).amend(
                _subject(input), text=input.text, title=input.title, note=input.note
            ),
        )

    @command
    async def recommendation_put_under_review(
        self, info: Info, input: RecommendationPutUnderReviewInput
    ) -> RecommendationPayload:
        """Put a recommendation before a body for its decision."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).put_under_review(
                _subject(input), body=input.body, meeting=input.meeting
            ),
        )

    @command
    async def recommendation_respond(self, info: Info, input: RecommendationRespondInput) -> RecommendationPayload:
        """Say what an organization makes of the text as it stands."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).respond(
                _subject(input), text_version=input.text_version, response=input.response, comment=input.comment
            ),
        )

    @command
    async def recommendation_start_silence(
        self, info: Info, input: RecommendationStartSilenceInput
    ) -> RecommendationPayload:
        """Put a text to the members of a body: unless one of them objects in time, it is adopted at the deadline."""
        assessment = _assessment(input.assessment)
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).start_silence(
                _subject(input),
                body=input.body,
                meeting=input.meeting,
                number=input.number,
                text_version=input.text_version,
                assessment=assessment,
                deadline=input.deadline,
                zone=input.zone,
            ),
        )

    @command
    async def recommendation_object(self, info: Info, input: RecommendationObjectInput) -> RecommendationPayload:
        """Object to a text in silence, for a member: it is under review again. Needs a reason."""
        return await _answer(info, input, lambda work: Recommendations(work).object(_subject(input)))

    @command
    async def recommendation_withdraw_objection(
        self, info: Info, input: RecommendationWithdrawObjectionInput
    ) -> RecommendationPayload:
        """Take an objection back, for the record. The silence that it ended stays ended."""
        return await _answer(info, input, lambda work: Recommendations(work).withdraw_objection(_subject(input)))

    @command
    async def recommendation_end_silence(
        self, info: Info, input: RecommendationEndSilenceInput
    ) -> RecommendationPayload:
        """Call a silence off: the text is under review again. Needs a reason."""
        return await _answer(info, input, lambda work: Recommendations(work).end_silence(_subject(input)))

    @command
    async def recommendation_adopt(self, info: Info, input: RecommendationAdoptInput) -> RecommendationPayload:
        """Record that a body adopted a recommendation, in exactly the text that stands."""
        assessment = _assessment(input.assessment)
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).adopt(
                _subject(input), act=act_from(input.act), text_version=input.text_version, assessment=assessment
            ),
        )

    @command
    async def recommendation_decline_to_adopt(
        self, info: Info, input: RecommendationDeclineToAdoptInput
    ) -> RecommendationPayload:
        """Record that a body did not adopt a recommendation. Needs a reason."""
        return await _answer(
            info, input, lambda work: Recommendations(work).decline_to_adopt(_subject(input), act=act_from(input.act))
        )

    @command
    async def recommendation_defer(self, info: Info, input: RecommendationDeferInput) -> RecommendationPayload:
        """Record that a body put its decision off to another meeting or a later day. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).defer(
                _subject(input), act=act_from(input.act), to_meeting=input.to_meeting, to_date=input.to_date
            ),
        )

    @command
    async def recommendation_refer(self, info: Info, input: RecommendationReferInput) -> RecommendationPayload:
        """Record that a body referred a recommendation to another. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).refer(_subject(input), act=act_from(input.act), to_body=input.to_body),
        )

    @command
    async def recommendation_return_from_referral(
        self, info: Info, input: RecommendationReturnFromReferralInput
    ) -> RecommendationPayload:
        """Bring a recommendation back to the body that had referred it."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).return_from_referral(_subject(input), meeting=input.meeting),
        )

    @command
    async def recommendation_announce(self, info: Info, input: RecommendationAnnounceInput) -> RecommendationPayload:
        """Make known what was decided: from now on everybody sees it, and all that followed."""
        return await _answer(
            info, input, lambda work: Recommendations(work).announce(_subject(input), number=input.number)
        )

    @command
    async def recommendation_assign(self, info: Info, input: RecommendationAssignInput) -> RecommendationPayload:
        """Give an adopted recommendation a lead, partners and a day by which it is due."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).assign(
                _subject(input), lead=input.lead, partners=input.partners, due_on=input.due_on, zone=input.zone
            ),
        )

    @command
    async def recommendation_reassign(self, info: Info, input: RecommendationReassignInput) -> RecommendationPayload:
        """Give a recommendation another lead or other partners. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).reassign(_subject(input), lead=input.lead, partners=input.partners),
        )

    @command
    async def recommendation_change_due_date(
        self, info: Info, input: RecommendationChangeDueDateInput
    ) -> RecommendationPayload:
        """Move the day by which a recommendation is due. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).change_due_date(_subject(input), due_on=input.due_on, zone=input.zone),
        )

    @command
    async def recommendation_set_milestone(
        self, info: Info, input: RecommendationSetMilestoneInput
    ) -> RecommendationPayload:
        """Set a step of the work and a day for it, for the lead or a partner."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).set_milestone(
                _subject(input), code=input.code, title=input.title, due_on=input.due_on
            ),
        )

    @command
    async def recommendation_complete_milestone(
        self, info: Info, input: RecommendationCompleteMilestoneInput
    ) -> RecommendationPayload:
        """Report that a step of the work was taken, on evidence, for the lead or a partner."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).complete_milestone(
                _subject(input), milestone=input.milestone, evidence=input.evidence
            ),
        )

    @command
    async def recommendation_report_obstacle(
        self, info: Info, input: RecommendationReportObstacleInput
    ) -> RecommendationPayload:
        """Report what stands in the way of the work, for the lead or a partner."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).report_obstacle(_subject(input), kind=input.kind, text=input.text),
        )

    @command
    async def recommendation_resolve_obstacle(
        self, info: Info, input: RecommendationResolveObstacleInput
    ) -> RecommendationPayload:
        """Report how an obstacle was resolved, for the lead or a partner."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).resolve_obstacle(
                _subject(input), obstacle=input.obstacle, resolution=input.resolution
            ),
        )

    @command
    async def recommendation_report_progress(
        self, info: Info, input: RecommendationReportProgressInput
    ) -> RecommendationPayload:
        """Report how far the work is, for the lead or a partner."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).report_progress(
                _subject(input), text=input.text, percentage=input.percentage
            ),
        )

    @command
    async def recommendation_claim_implementation(
        self, info: Info, input: RecommendationClaimImplementationInput
    ) -> RecommendationPayload:
        """Claim for the lead that a recommendation has been carried out, on evidence."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).claim_implementation(
                _subject(input), action_taken=input.action_taken, evidence=input.evidence
            ),
        )

    @command
    async def recommendation_contest_claim(
        self, info: Info, input: RecommendationContestClaimInput
    ) -> RecommendationPayload:
        """Contest a claim, for a partner or a regional organization concerned. Needs a reason."""
        return await _answer(info, input, lambda work: Recommendations(work).contest_claim(_subject(input)))

    @command
    async def recommendation_answer_contest(
        self, info: Info, input: RecommendationAnswerContestInput
    ) -> RecommendationPayload:
        """Answer a contest for the claimant."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).answer_contest(
                _subject(input), contest=input.contest, answer=input.answer
            ),
        )

    @command
    async def recommendation_withdraw_contest(
        self, info: Info, input: RecommendationWithdrawContestInput
    ) -> RecommendationPayload:
        """End a contest: withdraw it, give way to it, or record the ruling of the body that adopted. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).withdraw_contest(
                _subject(input),
                contest=input.contest,
                ending=input.ending,
                act=act_from(input.act) if input.act else None,
            ),
        )

    @command
    async def recommendation_verify(self, info: Info, input: RecommendationVerifyInput) -> RecommendationPayload:
        """Confirm that a recommendation has been carried out as claimed."""
        return await _answer(info, input, lambda work: Recommendations(work).verify(_subject(input)))

    @command
    async def recommendation_withdraw(self, info: Info, input: RecommendationWithdrawInput) -> RecommendationPayload:
        """Take a recommendation back, for its proposer. Needs a reason."""
        return await _answer(info, input, lambda work: Recommendations(work).withdraw(_subject(input)))

    @command
    async def recommendation_supersede(self, info: Info, input: RecommendationSupersedeInput) -> RecommendationPayload:
        """Let another take its place, which carries on sources, gaps and clauses. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).supersede(
                _subject(input), successor=reference(input.successor, "Recommendation", field="successor")
            ),
        )

    @command
    async def recommendation_merge(self, info: Info, input: RecommendationMergeInput) -> RecommendationPayload:
        """Let it go on as a part of another, which carries on sources, gaps and clauses. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Recommendations(work).merge(
                _subject(input), into=reference(input.into, "Recommendation", field="into")
            ),
        )

    @command
    async def recommendation_mark_overtaken(
        self, info: Info, input: RecommendationMarkOvertakenInput
    ) -> RecommendationPayload:
        """Record that events have overtaken it. Needs a reason."""
        return await _answer(info, input, lambda work: Recommendations(work).mark_overtaken(_subject(input)))

    @command
    async def recommendation_reopen(self, info: Info, input: RecommendationReopenInput) -> RecommendationPayload:
        """Undo what closed a recommendation. Needs a reason."""
        return await _answer(
            info, input, lambda work: Recommendations(work).reopen(_subject(input), closed_as=input.closed_as)
        )
