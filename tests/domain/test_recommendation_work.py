"""The work on a recommendation: its steps, what stands in the way, when one is reminded, and how it may end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from compact_domain.kernel import ALARMS, Fact, Forbidden, InvalidInput, NotFound, RuleViolation, Work
from compact_domain.recommendation import (
    Carried,
    Closing,
    ContestEnding,
    Decision,
    Ending,
    FollowUp,
    ObstacleKind,
    Recommendation,
    Recommendations,
    Reminder,
    ReminderKind,
)
from tests.domain.histories import Histories
from tests.domain.scenario import NOW, Said, command, said, sealed
from tests.domain.test_recommendation import (
    ANNOUNCED,
    ASSESSED,
    CHAIR,
    CODE,
    DUE,
    FOCAL,
    LATE,
    MILESTONE,
    OBSTACLE,
    PROPOSED,
    REPRESENTATIVE,
    SOON,
    STATES,
    UNDER_REVIEW,
    act,
    claimed,
    directory,
    doing,
    due,
    give,
    later,
    other,
    propose,
    recommendation,
    standing,
    was,
)
from tests.domain.test_recommendation_silence import wake

AT_WORK = STATES[FollowUp.ASSIGNED]
STEP = due(date(2025, 9, 30), milestone="M-1")


def sets(**other: Any) -> Callable[[Recommendation], None]:
    said: dict[str, Any] = {"milestone": "M-1", "title": "Letters sent", "due_on": date(2025, 9, 30), **other}
    organization = said.pop("organization", "UNODC")
    return lambda it: it.set_milestone(**said, organization=organization, cmd=command())


def completes(milestone: str = "M-1", *, evidence: int = 1, organization: str = "UNODC") -> Callable[..., None]:
    def verb(it: Recommendation) -> None:
        given = [sealed("evidence")] * evidence
        it.complete_milestone(milestone=milestone, evidence=given, organization=organization, cmd=command())

    return verb


def test_the_first_milestone_begins_the_work() -> None:
    scenario = recommendation(*AT_WORK).when(sets()).then(MILESTONE)
    scenario.when(sets())
    assert len(scenario.new) == 1
    assert (scenario.aggregate().state, scenario.aggregate().open_milestones) == (FollowUp.IN_PROGRESS, ("M-1",))


def test_a_milestone_is_due_in_the_zone_of_its_recommendation() -> None:
    lagos = said(Recommendation.Assigned, lead="UNODC", partners=(), due_on=DUE, zone="Africa/Lagos")
    scenario = recommendation(*STATES[FollowUp.UNASSIGNED], lagos).when(sets())
    [fact] = scenario.new
    assert isinstance(fact, Recommendation.MilestoneSet)
    assert fact.sets == due(date(2025, 9, 30), zone="Africa/Lagos", milestone="M-1")


@pytest.mark.parametrize("changed", [{"title": "Letters answered"}, {"due_on": date(2025, 10, 1)}])
@pytest.mark.parametrize("completed", [False, True])
def test_a_milestone_that_was_set_stays_as_it_was_set(changed: dict[str, Any], completed: bool) -> None:
    done = said(
        Recommendation.MilestoneCompleted, milestone="M-1", organization="UNODC", evidence=(sealed(),), cancels=STEP
    )
    recommendation(*AT_WORK, MILESTONE, *([done] if completed else [])).when(sets(**changed)).refused("code.taken")


def test_a_milestone_is_not_due_before_it_is_set() -> None:
    recommendation(*AT_WORK).when(sets(due_on=date(2025, 5, 31))).refused(
        "recommendation.due_date", earliest="2025-06-01"
    )


@pytest.mark.parametrize(("field", "value"), [("milestone", "first step"), ("title", "")])
def test_a_milestone_has_a_code_and_a_title(field: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        recommendation(*AT_WORK).when(sets(**{field: value}))
    assert [name for name, _ in refusal.value.fields] == [field]


def test_what_is_due_lies_within_the_calendar() -> None:
    once = Said(Recommendation.Created, PROPOSED.fields, command(effective_on=date.min))
    adopted = recommendation(once, *STATES[FollowUp.UNASSIGNED][1:])
    adopted.when(lambda it: it.assign(lead="UNODC", partners=[], due_on=date.max, cmd=command()))
    assert [reminder.at.date() for reminder in adopted.aggregate().reminders] == [date(9999, 12, 24), date.max]
    with pytest.raises(InvalidInput) as refusal:
        recommendation(once, *STATES[FollowUp.UNASSIGNED][1:]).when(
            lambda it: it.assign(lead="UNODC", partners=[], due_on=date.min, cmd=command(effective_on=date.min))
        )
    assert [name for name, _ in refusal.value.fields] == ["dueOn"]


def test_a_milestone_is_completed_on_evidence_and_takes_its_reminders_along() -> None:
    scenario = recommendation(*AT_WORK, MILESTONE).when(completes(evidence=2)).when(completes())
    scenario.then(
        said(
            Recommendation.MilestoneCompleted,
            milestone="M-1",
            organization="UNODC",
            evidence=(sealed("evidence"), sealed("evidence")),
            cancels=STEP,
        )
    )
    it = scenario.aggregate()
    assert (it.open_milestones, it.reminders) == ((), (SOON, LATE))
    with pytest.raises(InvalidInput) as refusal:
        recommendation(*AT_WORK, MILESTONE).when(completes(evidence=0))
    assert [name for name, _ in refusal.value.fields] == ["evidence"]


def test_what_is_completed_was_set() -> None:
    recommendation(*AT_WORK, MILESTONE).when(completes("M-2")).refused(
        "recommendation.milestone", milestone="M-2", open="M-1"
    )
    recommendation(*STATES[FollowUp.IN_PROGRESS]).when(completes()).refused("recommendation.milestone", open="")


def test_those_at_work_report_and_nobody_else() -> None:
    history = recommendation(*AT_WORK, MILESTONE, OBSTACLE)
    reports: tuple[Callable[[Recommendation], None], ...] = (
        sets(milestone="M-2", organization="ECOWAS"),
        completes(organization="ECOWAS"),
        lambda it: it.report_obstacle(kind=ObstacleKind.LEGAL, text=sealed(), organization="ECOWAS", cmd=command()),
        lambda it: it.resolve_obstacle(obstacle=1, resolution=sealed(), organization="ECOWAS", cmd=command()),
    )
    for report in reports:
        history.when(report).refused("recommendation.reporter", organization="ECOWAS", lead="UNODC")


def test_obstacles_are_numbered_and_resolved_by_their_number() -> None:
    def reports(kind: ObstacleKind) -> Callable[[Recommendation], None]:
        return lambda it: it.report_obstacle(kind=kind, text=sealed("text"), organization="UNDP", cmd=command())

    def resolves(number: int) -> Callable[[Recommendation], None]:
        return lambda it: it.resolve_obstacle(
            obstacle=number, resolution=sealed("resolution"), organization="UNODC", cmd=command()
        )

    scenario = recommendation(*AT_WORK).when(reports(ObstacleKind.RESOURCES)).then(OBSTACLE)
    assert scenario.aggregate().state == FollowUp.ASSIGNED, "an obstacle is no progress"
    scenario.when(reports(ObstacleKind.POLITICAL)).when(resolves(2)).when(resolves(2))
    assert len(scenario.new) == 3
    assert scenario.aggregate().obstacles == {1: False, 2: True}
    recommendation(*AT_WORK, OBSTACLE).when(resolves(2)).refused("recommendation.obstacle", obstacle=2, open="1")
    recommendation(*AT_WORK).when(resolves(1)).refused("recommendation.obstacle", open="")


# reminders


def reminds(reminder: Reminder, at: datetime | None = None) -> Callable[[Recommendation], None]:
    cmd = command(now=at or reminder.at)
    return lambda it: it.remind(milestone=reminder.milestone, due_on=reminder.due_on, kind=reminder.kind, cmd=cmd)


def reminded(reminder: Reminder) -> Said:
    return said(Recommendation.Reminded, reminder=reminder, lead="UNODC")


def test_one_is_reminded_once_of_what_is_due_on_a_day_and_once_that_it_is_late() -> None:
    scenario = recommendation(*AT_WORK, MILESTONE)
    for reminder in (*STEP, SOON, LATE):
        scenario.when(reminds(reminder)).when(reminds(reminder, reminder.at + timedelta(days=40)))
    scenario.then(*(reminded(reminder) for reminder in (*STEP, SOON, LATE)))
    assert scenario.aggregate().reminders == ()


@pytest.mark.parametrize("early", [timedelta(microseconds=1), timedelta(days=1)])
def test_nobody_is_reminded_before_the_day(early: timedelta) -> None:
    recommendation(*AT_WORK).when(reminds(SOON, SOON.at - early)).refused(
        "recommendation.reminder", due_on="2025-12-31", kind="due_soon", milestone=""
    )


def test_what_is_due_within_the_week_is_not_said_to_be_due_soon() -> None:
    soon = date(2025, 6, 5)
    scenario = recommendation(*STATES[FollowUp.UNASSIGNED]).when(
        lambda it: it.assign(lead="UNODC", partners=[], due_on=soon, cmd=command())
    )
    assert [reminder.kind for reminder in scenario.aggregate().reminders] == [ReminderKind.OVERDUE]


def test_a_day_that_moved_is_reminded_of_anew_and_the_old_one_no_more() -> None:
    moved = date(2026, 3, 31)
    scenario = recommendation(*AT_WORK, MILESTONE).when(doing("change_due_date"))
    it = scenario.aggregate()
    assert it.reminders == (*STEP, *due(moved))
    scenario.when(reminds(SOON))
    assert scenario.refusal is not None
    assert scenario.refusal.rule == "recommendation.reminder"


def test_a_day_that_came_back_is_not_reminded_of_twice() -> None:
    moved = date(2026, 3, 31)
    away = said(Recommendation.DueDateChanged, due_on=moved, zone="UTC", cancels=(LATE,), sets=due(moved))
    scenario = recommendation(*AT_WORK, reminded(SOON), away).when(
        lambda it: it.change_due_date(due_on=DUE, cmd=command())
    )
    scenario.then(said(Recommendation.DueDateChanged, due_on=DUE, zone="UTC", cancels=due(moved), sets=(LATE,)))


def test_a_claim_silences_every_reminder_until_it_falls() -> None:
    scenario = recommendation(*AT_WORK, MILESTONE).when(doing("claim_implementation"))
    [claim] = scenario.new
    assert isinstance(claim, Recommendation.ImplementationClaimed)
    assert claim.cancels == (SOON, LATE, *STEP)
    assert scenario.aggregate().reminders == ()
    fell = datetime(2026, 2, 1, tzinfo=UTC)
    scenario.when(lambda it: it.reopen(closed_as=Closing.IMPLEMENTED, cmd=command(now=fell)))
    it = scenario.aggregate()
    assert [(one.milestone, one.kind, one.at) for one in it.reminders] == [
        (None, ReminderKind.OVERDUE, fell),
        ("M-1", ReminderKind.OVERDUE, fell),
    ], "what became late meanwhile is so from now on, and nothing is due soon any more"


def test_a_claim_that_the_claimant_gives_up_sets_the_clock_going_again() -> None:
    history = (
        *AT_WORK,
        MILESTONE,
        claimed(),
        said(
            Recommendation.MilestoneCompleted, milestone="M-1", organization="UNODC", evidence=(sealed(),), cancels=STEP
        ),
    )
    contested = said(Recommendation.ClaimContested, claim=1, organization="UNDP", partner=True, meets=())
    scenario = recommendation(*history, contested).when(
        lambda it: it.withdraw_contest(
            organization="UNODC", contest="UNDP", ending=ContestEnding.CLAIM_WITHDRAWN, cmd=command()
        )
    )
    scenario.then(said(Recommendation.ClaimWithdrawn, claim=1, contest="UNDP", sets=(SOON, LATE)))


# endings


ENDS = {"supersede": Ending.SUPERSEDED, "merge": Ending.MERGED, "mark_overtaken": Ending.OVERTAKEN}


@pytest.mark.parametrize("verb", ENDS)
def test_an_ending_lists_what_was_open_and_reminds_nobody_any_more(verb: str) -> None:
    scenario = recommendation(*AT_WORK, ANNOUNCED, MILESTONE).when(doing(verb)).when(doing(verb))
    [fact] = scenario.new
    assert isinstance(fact, Recommendation.Superseded | Recommendation.Merged | Recommendation.Overtaken)
    assert (fact.open_milestones, fact.cancels) == (("M-1",), (SOON, LATE, *STEP))
    it = scenario.aggregate()
    assert (it.state, it.follow_up, it.reminders) == (ENDS[verb], FollowUp.IN_PROGRESS, ())
    assert it.successor == (None if verb == "mark_overtaken" else "REC-2025-021")


@pytest.mark.parametrize("verb", ["supersede", "merge"])
@pytest.mark.parametrize(
    ("target", "rule"),
    [
        (other("REC-2025-014"), "recommendation.successor"),
        (other("REC-2025-021", state=Decision.WITHDRAWN, live=False), "recommendation.successor"),
        (other("REC-2025-021", state=Ending.MERGED, live=False, leads_back=True), "recommendation.circle"),
    ],
    ids=["itself", "one that is closed", "one that it carries on"],
)
def test_another_live_one_carries_it_on(verb: str, target: Any, rule: str) -> None:
    name = "successor" if verb == "supersede" else "into"
    recommendation(PROPOSED, UNDER_REVIEW).when(lambda it: getattr(it, verb)(**{name: target}, cmd=command())).refused(
        rule, successor=target.code
    )


@pytest.mark.parametrize("verb", ["supersede", "merge"])
def test_what_is_not_announced_is_not_carried_on(verb: str) -> None:
    withheld = recommendation(*AT_WORK)
    assert verb not in withheld.aggregate().allowed(NOW)
    withheld.when(doing(verb)).refused("recommendation.unannounced", withheld=1)


def test_what_events_overtook_may_be_announced_afterwards() -> None:
    scenario = recommendation(*STATES[Ending.OVERTAKEN]).when(doing("announce"))
    assert scenario.aggregate().announced


@pytest.mark.parametrize("verb", ENDS)
@pytest.mark.parametrize("history", [(PROPOSED, UNDER_REVIEW), (*AT_WORK, ANNOUNCED, MILESTONE)])
def test_an_ending_is_undone_and_work_goes_on_from_where_it_stood(verb: str, history: tuple[Said, ...]) -> None:
    before = recommendation(*history).aggregate()
    scenario = recommendation(*history).when(doing(verb)).when(doing("reopen"))
    it = scenario.aggregate()
    assert (it.state, it.decision, it.act, it.successor) == (before.state, before.decision, before.act, None)
    assert it.reminders == before.reminders
    scenario.when(lambda it: it.reopen(closed_as=Closing(ENDS[verb]), cmd=command()))
    assert len(scenario.new) == 2


ASSIGNMENT: dict[str, Any] = {"lead": "UNODC", "partners": ["UNDP"], "due_on": DUE}


def world(**assigned: Any) -> Histories:
    """A recommendation that UNODC carries out with UNDP, and a second one that is before the Committee."""
    histories = directory()
    for code in (CODE, SECOND, THIRD):
        propose(histories, code=code)
        give(histories, "put_under_review", code, body="CC", meeting="CC-12")
    give(histories, "adopt", CODE, act=act(), text_version=1, assessment=ASSESSED)
    give(histories, "announce", CODE, number="12/3")
    give(histories, "assign", CODE, **{**ASSIGNMENT, **assigned})
    return histories


SECOND, THIRD = "REC-2025-015", "REC-2025-016"


def load(histories: Histories, code: str) -> Recommendation:
    it = histories.load(Recommendation, Recommendation.identify(code))
    assert it is not None
    return it


def refused(histories: Histories, verb: str, *arguments: Any, **more: Any) -> str:
    before = len(histories.facts)
    with pytest.raises(RuleViolation) as refusal:
        give(histories, verb, *arguments, **more)
    assert len(histories.facts) == before
    return refusal.value.rule


def test_a_successor_carries_on_sources_gaps_and_clauses_in_the_same_command() -> None:
    histories = directory()
    origin = said(
        Recommendation.Created,
        code=CODE,
        proposer="AU",
        text="One.",
        regions=("AFRICA",),
        session="S-1",
        gaps=("GAP-2", "GAP-1"),
        clauses=("CLAUSE-1",),
    )
    second = said(
        Recommendation.Created,
        code=SECOND,
        proposer="AU",
        text="Two.",
        regions=("AFRICA",),
        session="S-2",
        gaps=("GAP-2", "GAP-3"),
    )
    third = said(Recommendation.Created, code=THIRD, proposer="AU", text="Three.", regions=("AFRICA",))
    for code, fact in ((CODE, origin), (SECOND, second), (THIRD, third)):
        was(histories, Recommendation, Recommendation.identify(code), fact)
    stated = give(histories, "merge", CODE, into=SECOND)
    assert [type(fact) for fact in stated] == [Recommendation.Merged, Recommendation.CarriedOn]
    it = load(histories, SECOND)
    assert it.carried == (
        Carried(
            source=CODE,
            ending=Ending.MERGED,
            sessions=("S-1",),
            gaps=("GAP-1", "GAP-2"),
            clauses=("CLAUSE-1",),
        ),
    )
    assert (it.sessions, it.answered_gaps, it.rests_on) == (("S-1", "S-2"), ("GAP-1", "GAP-2", "GAP-3"), ("CLAUSE-1",))
    assert (it.session, it.gaps) == ("S-2", ("GAP-2", "GAP-3"))
    assert give(histories, "merge", CODE, into=SECOND) == []
    give(histories, "supersede", SECOND, successor=THIRD)
    it = load(histories, THIRD)
    assert (it.sessions, it.answered_gaps, it.rests_on) == (("S-1", "S-2"), ("GAP-1", "GAP-2", "GAP-3"), ("CLAUSE-1",))


def test_nothing_supersedes_itself_nor_what_is_closed_nor_goes_in_a_circle() -> None:
    histories = world()
    for verb, name in (("supersede", "successor"), ("merge", "into")):
        itself: dict[str, Any] = {name: SECOND}
        assert refused(histories, verb, SECOND, **itself) == "recommendation.successor"
        nobody: dict[str, Any] = {name: "REC-NONE"}
        with pytest.raises(NotFound):
            give(histories, verb, SECOND, **nobody)
    give(histories, "merge", CODE, into=SECOND)
    assert refused(histories, "merge", SECOND, into=CODE) == "recommendation.circle"
    assert refused(histories, "supersede", THIRD, successor=CODE) == "recommendation.successor"
    give(histories, "supersede", SECOND, successor=THIRD)
    assert refused(histories, "supersede", THIRD, successor=CODE) == "recommendation.circle"
    assert refused(histories, "merge", THIRD, into=SECOND) == "recommendation.circle"
    give(histories, "withdraw", THIRD, by=FOCAL["AU"])
    assert refused(histories, "merge", CODE, into=THIRD) == "state"


def test_merging_needs_a_reason() -> None:
    histories = world()
    asked: dict[str, Callable[[Work], Recommendation]] = {
        "merge": lambda work: Recommendations(work).merge(CODE, into=SECOND),
        "supersede": lambda work: Recommendations(work).supersede(CODE, successor=SECOND),
        "mark_overtaken": lambda work: Recommendations(work).mark_overtaken(CODE),
    }
    for verb, ask in asked.items():
        with pytest.raises(RuleViolation) as refusal:
            histories.run(f"recommendation.{verb}", ask)
        assert refusal.value.rule == "reason.required"
    assert load(histories, CODE).ending is None


def test_what_is_reopened_takes_back_what_was_carried_on() -> None:
    histories = world()
    give(histories, "merge", CODE, into=SECOND)
    stated = give(histories, "reopen", CODE, closed_as=Closing.MERGED)
    assert [type(fact) for fact in stated] == [Recommendation.Reopened, Recommendation.GaveBack]
    assert (load(histories, CODE).state, load(histories, SECOND).carried) == (FollowUp.ASSIGNED, ())
    give(histories, "merge", CODE, into=SECOND)
    give(histories, "supersede", SECOND, successor=THIRD)
    assert refused(histories, "reopen", CODE, closed_as=Closing.MERGED) == "recommendation.successor"
    give(histories, "reopen", SECOND, closed_as=Closing.SUPERSEDED)
    give(histories, "reopen", CODE, closed_as=Closing.MERGED)
    assert [load(histories, code).ending for code in (CODE, SECOND, THIRD)] == [None, None, None]
    assert give(histories, "reopen", CODE, closed_as=Closing.MERGED) == []


def test_the_chair_of_the_body_that_answers_for_it_ends_it() -> None:
    for verb, more in (("merge", {"into": SECOND}), ("supersede", {"successor": SECOND}), ("mark_overtaken", {})):
        histories = world()
        for by in (CHAIR["BMLE"], REPRESENTATIVE["UNODC"], FOCAL["AU"]):
            with pytest.raises(Forbidden):
                give(histories, verb, CODE, by=by, **more)
        give(histories, verb, CODE, by=CHAIR["CC"], **more)
        assert load(histories, CODE).state == ENDS[verb]


def test_milestones_and_obstacles_are_reported_by_the_lead_and_its_partners() -> None:
    histories = world()
    by = REPRESENTATIVE["UNODC"]
    with pytest.raises(RuleViolation):
        give(histories, "set_milestone", CODE, code="M-1", title="Letters", due_on=DUE)
    give(histories, "set_milestone", CODE, code="M-1", title="Letters", due_on=DUE, by=by)
    give(histories, "report_obstacle", CODE, kind=ObstacleKind.LEGAL, text="No mandate.", by=REPRESENTATIVE["UNDP"])
    with pytest.raises(InvalidInput):
        give(histories, "resolve_obstacle", CODE, obstacle=1, resolution=" ", by=by)
    give(histories, "resolve_obstacle", CODE, obstacle=1, resolution="Given.", by=by)
    with pytest.raises(InvalidInput):
        give(histories, "complete_milestone", CODE, milestone="M-1", evidence=[""], by=by)
    give(histories, "complete_milestone", CODE, milestone="M-1", evidence=["The letters"], on_behalf_of="UNDP")
    it = standing(histories)
    assert (it.state, it.open_milestones, it.obstacles) == (FollowUp.IN_PROGRESS, (), {1: True})


def days(stated: list[Fact]) -> list[tuple[str | None, ReminderKind, date]]:
    return [
        (fact.reminder.milestone, fact.reminder.kind, fact.provenance.effective_on)
        for fact in stated
        if isinstance(fact, Recommendation.Reminded)
    ]


def test_however_late_the_process_wakes_each_reminder_is_made_once_and_counts_from_its_day() -> None:
    histories = world(zone="America/New_York")
    give(
        histories,
        "set_milestone",
        CODE,
        code="M-1",
        title="Letters",
        due_on=date(2025, 9, 30),
        on_behalf_of="UNODC",
    )
    assert wake(histories) == []
    histories.now = datetime(2026, 5, 1, tzinfo=UTC)
    assert days(wake(histories)) == [
        ("M-1", ReminderKind.DUE_SOON, date(2025, 9, 23)),
        ("M-1", ReminderKind.OVERDUE, date(2025, 10, 1)),
        (None, ReminderKind.DUE_SOON, date(2025, 12, 24)),
        (None, ReminderKind.OVERDUE, date(2026, 1, 1)),
    ]
    assert wake(histories) == []
    assert histories.claims(ALARMS) == []


def test_who_finishes_in_time_is_not_reminded() -> None:
    histories = world()
    by = REPRESENTATIVE["UNODC"]
    give(histories, "report_progress", CODE, text="Done.", by=by)
    give(histories, "claim_implementation", CODE, action_taken="All of it.", evidence=["A list"], by=by)
    give(histories, "verify", CODE)
    histories.now = datetime(2026, 5, 1, tzinfo=UTC)
    assert wake(histories) == []


def test_a_claim_is_warned_of_milestones_that_are_open() -> None:
    histories, warnings = world(), list[str]()
    by = REPRESENTATIVE["UNODC"]
    give(histories, "set_milestone", CODE, code="M-1", title="Letters", due_on=DUE, by=by)

    def claim(work: Work) -> Recommendation:
        it = Recommendations(work).claim_implementation(CODE, action_taken="All.", evidence=["A list"])
        warnings.extend(work.warnings)
        return it

    histories.run("recommendation.claim_implementation", claim, by=by)
    assert warnings == ["recommendation.open_milestones"]


def test_the_alarms_that_stand_are_those_of_what_is_to_come() -> None:
    histories = world()
    it = load(histories, CODE)
    assert histories.claims(ALARMS) == [reminder.alarm(it.id) for reminder in it.reminders]
    later_on = later(command(), NOW + timedelta(days=1))
    assert [reminder.at > later_on.now for reminder in it.reminders] == [True, True]
