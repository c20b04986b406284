"""Mutations of initiatives. Whatever changes what overlaps rest on answers the overlaps that there are then."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import strawberry

from compact_domain.finding import GapOutcome, OverlapOutcome, Status
from compact_domain.initiative import (
    Aggregation,
    IndicatorDirection,
    Initiatives,
    PartnerRole,
    Periods,
    Stage,
    Visibility,
)
from compact_domain.initiative import Initiative as InitiativeAggregate
from compact_domain.kernel import Aggregate, Work
from compact_projections.initiatives import GapReviewRow, InitiativeRow, OverlapsFound, overlaps_of

from .commands import ChangeInput, CommandInput, Decision, Done, Payload, give, reference
from .context import Info
from .fields import command
from .initiative import GapReview, Initiative, InitiativeOverlap, gap_review
from .scalars import Code, CountryCode, RegionCode
from .shapes import described, form, shape
from .text import LongText
from .vocabulary import MoneyInput, money_from

WARNED = 20
"""How many overlaps a warning tells one by one; the question for overlaps has them all."""
OVERLAP = "initiative.overlap"
"""The warning that there are overlaps; which, the answer tells beside it."""


@form
class InitiativeRegisterInput(CommandInput):
    """An initiative to take into the register; it begins in the pipeline."""

    code: Code = described("Unique code for it.")
    title: str = described("What it is called.")
    lead: Code = described("The organization that leads it.")
    regions: list[RegionCode] = described("Its regions, at least one; none of them lies in another.")
    countries: list[CountryCode] = described("Countries in them that it is about; none: all.", default_factory=list)
    working_groups: list[Code] = described("Working groups in whose field it lies, at least one.")
    clauses: list[Code] = described("Clauses of frameworks that it rests on.", default_factory=list)
    starts_on: date = described("First day.")
    ends_on: date = described("Last day.")
    budget: MoneyInput | None = described("What it costs.", default=None)
    source: str | None = described("Where the money comes from.", default=None)
    programme: str | None = described("Programme or appeal that it belongs to.", default=None)
    visibility: Visibility = described("Who may know of it.", default=Visibility.COMPACT)
    requested_by: Code | None = described("The organization that asked for it.", default=None)


@form
class InitiativeReviseInput(ChangeInput):
    """What of an initiative is planned anew; what is left out stays. Needs a reason."""

    starts_on: date | None = described("First day.", default=None)
    ends_on: date | None = described("Last day.", default=None)
    regions: list[RegionCode] | None = described("All of its regions.", default=None)
    countries: list[CountryCode] | None = described("All of its countries.", default=None)
    working_groups: list[Code] | None = described("All of its working groups.", default=None)
    budget: MoneyInput | None = described("What it costs.", default=None)
    lead: Code | None = described("Who leads it from now on: none of its partners.", default=None)


@form
class InitiativeChangeStatusInput(ChangeInput):
    """An initiative that goes forward a step."""

    status: Status = described("Where it stands from now on: the next step.")


@form
class InitiativeSuspendInput(ChangeInput):
    """An initiative that is to rest. Needs a reason."""


@form
class InitiativeResumeInput(ChangeInput):
    """An initiative that is to go on where it was."""


@form
class InitiativeCancelInput(ChangeInput):
    """An initiative that is given up. Needs a reason."""


@form
class InitiativeJoinPartnerInput(ChangeInput):
    """An organization that takes part in a stage of an initiative."""

    organization: Code = described("The organization.")
    stage: Stage = described("The stage. In another stage it joins once more.")
    role: PartnerRole = described("As what it takes part.")


@form
class InitiativeLeavePartnerInput(ChangeInput):
    """An organization that takes part in a stage of an initiative no more."""

    organization: Code = described("The organization.")
    stage: Stage = described("The stage.")


@form
class InitiativeAnswerGapInput(ChangeInput):
    """A capacity gap that an initiative is to fill."""

    gap: Code = described("The gap; it is open.")


@form
class InitiativeCarryOutInput(ChangeInput):
    """A recommendation that an initiative carries out."""

    recommendation: strawberry.ID = described(
        "The recommendation, by global id or by code; it was adopted and announced."
    )


@form
class InitiativeDefineIndicatorInput(ChangeInput):
    """What is measured of an initiative."""

    code: Code = described("Unique code for the indicator.")
    title: str = described("What is measured.")
    unit: str | None = described("The unit of its numbers. It is needed: a target says nothing without.", default=None)
    direction: IndicatorDirection = described("Which way it gets better.")
    aggregation: Aggregation = described("What the measurements of one reporter come to.")
    baseline: Decimal = described("Where it stood before.")
    baseline_year: int = described("The year of the baseline.")
    target: Decimal = described("Where it is to come to: beyond the baseline, in its direction.")
    periods: Periods = described("How long its periods are.")
    shared: bool = described(
        "Whether all who report tell of the same results, so that these are not added up.", default=False
    )


@form
class InitiativeJoinIndicatorInput(ChangeInput):
    """An indicator of another initiative that this one measures by too."""

    indicator: Code = described("The indicator, of an initiative that everybody may know of.")
    shared: bool = described(
        "Whether this one's results are those of the others too, so that they are not added up.", default=False
    )


@form
class InitiativeReportMeasurementInput(ChangeInput):
    """What the organization that speaks has measured: the lead or a partner of the initiative."""

    indicator: Code = described("What it was measured by.")
    period: str = described("The period: a month, `2025-10`, a quarter, `2025-Q4`, or a year.")
    value: Decimal = described("What was measured, in the indicator's unit.")


@form
class InitiativeClosePeriodInput(ChangeInput):
    """A period of an indicator in which nothing is to be measured any more."""

    indicator: Code = described("The indicator; this initiative has defined it.")
    period: str = described("The period.")


@form
class InitiativeCorrectMeasurementInput(ChangeInput):
    """What the organization that speaks has reported wrongly. Needs a reason."""

    indicator: Code = described("What it was measured by.")
    period: str = described("The period, closed or not.")
    value: Decimal = described("What was measured, in the indicator's unit.")


@form
class InitiativeReviewOverlapInput(ChangeInput):
    """What a review makes of the overlap of an initiative with another. To dismiss it needs a reason."""

    other: strawberry.ID = described("The other initiative, by global id or by code.")
    outcome: OverlapOutcome = described("What is to be done about it.")
    note: LongText | None = described("What was found.", default=None)


@form
class InitiativeReviewGapInput(CommandInput):
    """What a review makes of open gaps of a region in a working group's field. To dismiss them needs a reason."""

    region: RegionCode = described("The region; gaps of the regions that lie in it count there.")
    working_group: Code = described("The working group.")
    gaps: list[Code] = described("The open gaps it is about: once others are open there, it holds no longer.")
    outcome: GapOutcome = described("What is to be done about them.")
    note: LongText | None = described("What was found.", default=None)


@form
class InitiativeConcludeInput(ChangeInput):
    """An initiative that has come to its end."""

    evaluation: LongText = described("What came of it.")


@shape
class InitiativePayload(Payload):
    """The initiative after the command."""

    initiative: Initiative | None = described("Null if it cannot be seen yet.")


@shape
class InitiativeScopePayload(InitiativePayload):
    """The initiative after the command, and with which others it overlaps then. Overlaps warn, and forbid nothing."""

    overlaps: list[InitiativeOverlap] = described(f"The overlaps, the greatest first: the first {WARNED}.")
    overlaps_total: int = described("How many they are altogether.")
    restricted_overlaps: int = described(
        "1 if it also meets, in regions, working groups and months, initiatives that are not for the one who asks,"
        " however many and whoever leads them; else 0."
    )


@shape
class GapReviewPayload(Payload):
    """The review after the command."""

    gap_review: GapReview | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> InitiativePayload:
    done = await give(info, input, decision)
    return InitiativePayload(**done.told, initiative=await done.seen(InitiativeRow, Initiative.of))


async def _warned(info: Info, input: CommandInput, decision: Decision) -> InitiativeScopePayload:
    """The answer to a command after which the initiative may overlap with others.

    They are looked for as they can be read once the command was carried out, or tried: not as a guard of the command,
    which they never refuse and must not hold up.
    """
    decided: list[Aggregate] = []

    def keeping(work: Work) -> Aggregate:
        decided.append(decision(work))
        return decided[-1]

    done = await give(info, input, keeping)
    found = await _overlaps(done, decided)
    told = done.told
    if found:
        told["warnings"] = [*told["warnings"], OVERLAP]
    asking = await info.context.asking()
    return InitiativeScopePayload(
        **told,
        initiative=await done.seen(InitiativeRow, Initiative.of),
        overlaps=[InitiativeOverlap(found=one, asking=asking) for one in found.known],
        overlaps_total=found.total,
        restricted_overlaps=int(found.restricted),
    )


async def _overlaps(done: Done, decided: list[Aggregate]) -> OverlapsFound:
    """The overlaps of what was decided; of a replay, of what stands."""
    asking = await done.info.context.asking()
    it = decided[-1] if decided else None
    if isinstance(it, InitiativeAggregate):
        return await overlaps_of(asking, it.code, it.scope, it.parties, first=WARNED)
    row = await asking.one(InitiativeRow, "id", done.receipt.subject)
    if row is None:
        return OverlapsFound()
    return await overlaps_of(asking, row.code, row.scope, row.partners, first=WARNED)


@shape
class InitiativeMutations:
    """What may be done about initiatives."""

    @command
    async def initiative_register(self, info: Info, input: InitiativeRegisterInput) -> InitiativeScopePayload:
        """Take an initiative into the register. With which others it overlaps is told, also when it is only tried."""
        budget = money_from(input.budget, field="budget") if input.budget else None
        return await _warned(
            info,
            input,
            lambda work: Initiatives(work).register(
                code=input.code,
                title=input.title,
                lead=input.lead,
                regions=input.regions,
                countries=input.countries,
                working_groups=input.working_groups,
                clauses=input.clauses,
                starts_on=input.starts_on,
                ends_on=input.ends_on,
                budget=budget,
                source=input.source,
                programme=input.programme,
                visibility=input.visibility,
                requested_by=input.requested_by,
            ),
        )

    @command
    async def initiative_revise(self, info: Info, input: InitiativeReviseInput) -> InitiativeScopePayload:
        """Plan an initiative anew. Needs a reason. With which others it overlaps then is told."""
        budget = money_from(input.budget, field="budget") if input.budget else None
        return await _warned(
            info,
            input,
            lambda work: Initiatives(work).revise(
                _subject(input),
                starts_on=input.starts_on,
                ends_on=input.ends_on,
                regions=input.regions,
                countries=input.countries,
                working_groups=input.working_groups,
                budget=budget,
                lead=input.lead,
            ),
        )

    @command
    async def initiative_change_status(self, info: Info, input: InitiativeChangeStatusInput) -> InitiativeScopePayload:
        """Take an initiative forward a step: from the pipeline to its implementation, and on to its finalisation."""
        return await _warned(
            info, input, lambda work: Initiatives(work).change_status(_subject(input), status=input.status)
        )

    @command
    async def initiative_suspend(self, info: Info, input: InitiativeSuspendInput) -> InitiativePayload:
        """Let an initiative rest. Needs a reason."""
        return await _answer(info, input, lambda work: Initiatives(work).suspend(_subject(input)))

    @command
    async def initiative_resume(self, info: Info, input: InitiativeResumeInput) -> InitiativeScopePayload:
        """Let an initiative go on where it was. With which others it overlaps then is told."""
        return await _warned(info, input, lambda work: Initiatives(work).resume(_subject(input)))

    @command
    async def initiative_cancel(self, info: Info, input: InitiativeCancelInput) -> InitiativePayload:
        """Give an initiative up. Needs a reason."""
        return await _answer(info, input, lambda work: Initiatives(work).cancel(_subject(input)))

    @command
    async def initiative_join_partner(self, info: Info, input: InitiativeJoinPartnerInput) -> InitiativePayload:
        """Let an organization take part in a stage of an initiative."""
        return await _answer(
            info,
            input,
            lambda work: Initiatives(work).join_partner(
                _subject(input), organization=input.organization, stage=input.stage, role=input.role
            ),
        )

    @command
    async def initiative_leave_partner(self, info: Info, input: InitiativeLeavePartnerInput) -> InitiativePayload:
        """Let an organization take part in a stage of an initiative no more; it may say so itself."""
        return await _answer(
            info,
            input,
            lambda work: Initiatives(work).leave_partner(
                _subject(input), organization=input.organization, stage=input.stage
            ),
        )

    @command
    async def initiative_answer_gap(self, info: Info, input: InitiativeAnswerGapInput) -> InitiativePayload:
        """Say that an initiative is to fill a capacity gap."""
        return await _answer(info, input, lambda work: Initiatives(work).answer_gap(_subject(input), gap=input.gap))

    @command
    async def initiative_carry_out(self, info: Info, input: InitiativeCarryOutInput) -> InitiativePayload:
        """Say that an initiative carries out a recommendation."""
        return await _answer(
            info,
            input,
            lambda work: Initiatives(work).carry_out(
                _subject(input),
                recommendation=reference(input.recommendation, "Recommendation", field="recommendation"),
            ),
        )

    @command
    async def initiative_define_indicator(self, info: Info, input: InitiativeDefineIndicatorInput) -> InitiativePayload:
        """Say what is measured of an initiative."""
        return await _answer(
            info,
            input,
            lambda work: Initiatives(work).define_indicator(
                _subject(input),
                code=input.code,
                title=input.title,
                unit=input.unit,
                direction=input.direction,
                aggregation=input.aggregation,
                baseline=input.baseline,
                baseline_year=input.baseline_year,
                target=input.target,
                periods=input.periods,
                shared=input.shared,
            ),
        )

    @command
    async def initiative_join_indicator(self, info: Info, input: InitiativeJoinIndicatorInput) -> InitiativePayload:
        """Let an initiative measure by an indicator that another has defined."""
        return await _answer(
            info,
            input,
            lambda work: Initiatives(work).join_indicator(
                _subject(input), indicator=input.indicator, shared=input.shared
            ),
        )

    @command
    async def initiative_report_measurement(
        self, info: Info, input: InitiativeReportMeasurementInput
    ) -> InitiativePayload:
        """Report what was measured in a period, for the organization that speaks."""
        return await _answer(
            info,
            input,
            lambda work: Initiatives(work).report_measurement(
                _subject(input), indicator=input.indicator, period=input.period, value=input.value
            ),
        )

    @command
    async def initiative_close_period(self, info: Info, input: InitiativeClosePeriodInput) -> InitiativePayload:
        """Let nothing more be measured in a period; what was, may still be corrected."""
        return await _answer(
            info,
            input,
            lambda work: Initiatives(work).close_period(
                _subject(input), indicator=input.indicator, period=input.period
            ),
        )

    @command
    async def initiative_correct_measurement(
        self, info: Info, input: InitiativeCorrectMeasurementInput
    ) -> InitiativePayload:
        """Put right what was reported of a period, closed or not. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Initiatives(work).correct_measurement(
                _subject(input), indicator=input.indicator, period=input.period, value=input.value
            ),
        )

    @command
    async def initiative_review_overlap(self, info: Info, input: InitiativeReviewOverlapInput) -> InitiativePayload:
        """Say what is to be done about the overlap of two initiatives, until one of them is changed."""
        return await _answer(
            info,
            input,
            lambda work: Initiatives(work).review_overlap(
                _subject(input),
                other=reference(input.other, "Initiative", field="other"),
                outcome=input.outcome,
                note=input.note,
            ),
        )

    @command
    async def initiative_review_gap(self, info: Info, input: InitiativeReviewGapInput) -> GapReviewPayload:
        """Say what is to be done about open gaps of a region in a working group's field, until others are open."""
        done = await give(
            info,
            input,
            lambda work: Initiatives(work).review_gap(
                region=input.region,
                working_group=input.working_group,
                gaps=input.gaps,
                outcome=input.outcome,
                note=input.note,
            ),
        )
        return GapReviewPayload(**done.told, gap_review=await done.seen(GapReviewRow, gap_review))

    @command
    async def initiative_conclude(self, info: Info, input: InitiativeConcludeInput) -> InitiativePayload:
        """Close an initiative with its evaluation."""
        return await _answer(
            info, input, lambda work: Initiatives(work).conclude(_subject(input), evaluation=input.evaluation)
        )


def _subject(input: ChangeInput) -> UUID | str:
    return reference(input.id, "Initiative")
