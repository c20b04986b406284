"""Recommendations: a text before a body, what was decided and when that was announced, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compact_domain.catalogue import BodyKind, Entry, EntryKind
from compact_domain.kernel import (
    Actor,
    Aggregate,
    Command,
    Fact,
    Forbidden,
    InvalidInput,
    NotFound,
    Role,
    RoleHeld,
    RuleViolation,
    Work,
)
from compact_domain.organization import Organization
from compact_domain.policy import POLICY
from compact_domain.recommendation import (
    ADOPTED,
    ENDS,
    Assessment,
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
    Response,
    Silence,
    Successor,
)
from compact_domain.session import Session, SessionKind, Sitting
from compact_domain.vocabulary import BodyAct, Method, Names, OrganizationKind, Severity
from tests.domain.histories import Histories
from tests.domain.scenario import NOW, Said, Scenario, actor, command, person, said, sealed

A = TypeVar("A", bound=Aggregate)


class Verb(Protocol):
    """A verb with its arguments, to be given to a recommendation under a command."""

    def __call__(self, it: Recommendation, cmd: Command) -> None: ...


TEXT = "Designate a regional focal point in each regional organization."
AMENDED_TEXT = "Designate a regional focal point and an alternate in each regional organization."
DUE = date(2025, 12, 31)
ASSESSED = Assessment(
    human_rights="Strengthens oversight.", gender="Half of those designated are women.", rule_of_law="Bound by mandate."
)


def act(number: str = "12/3", *, body: str = "CC", on: date = date(2025, 5, 20), meeting: str = "CC-12") -> BodyAct:
    return BodyAct(body=body, meeting=meeting, number=number, decided_on=on, method=Method.CONSENSUS)


PROPOSED = said(
    Recommendation.Created,
    code="REC-2025-014",
    proposer="AU",
    text=TEXT,
    regions=("WEST-AFRICA",),
    title="Focal points",
)
UNDER_REVIEW = said(Recommendation.PutUnderReview, body="CC", meeting="CC-12", text_version=1)
AMENDED = said(
    Recommendation.Amended, text_version=2, title="Focal points", text=AMENDED_TEXT, organization="AU", note=None
)
DEFERRED = said(Recommendation.Deferred, act=act("12/2"), text_version=1, to_meeting="CC-13", to_date=None)
REFERRED = said(Recommendation.Referred, act=act("12/1"), text_version=1, to_body="BMLE")
RETURNED = said(Recommendation.ReturnedFromReferral, from_body="BMLE", body="CC", meeting=None, text_version=1)
NOT_ADOPTED = said(Recommendation.NotAdopted, act=act(), text_version=1)
WITHDRAWN = said(Recommendation.Withdrawn, text_version=1)
DEADLINE = NOW + timedelta(hours=72)
FIRST = Silence(number=1, deadline=DEADLINE)
PROPOSITION: dict[str, Any] = {
    "body": "CC",
    "meeting": "CC-12",
    "number": "12/3",
    "text_version": 1,
    "assessment": ASSESSED,
    "zone": "America/New_York",
}
SILENT = said(Recommendation.SilenceStarted, silence=FIRST, **PROPOSITION)
OBJECTED = said(Recommendation.Objected, silence=FIRST, organization="ECOWAS", of_body=True)
ADOPTION = said(Recommendation.Adopted, act=act(), text_version=1, assessment=ASSESSED)
ANNOUNCED = said(Recommendation.Announced, numbers=("12/3",))


def due(on: date, *, zone: str = "UTC", milestone: str | None = None) -> tuple[Reminder, Reminder]:
    """The reminders of something due: a week before its day begins where it is due, and when that day is over."""
    soon, over = (
        datetime.combine(on + timedelta(days=days), time(), ZoneInfo(zone)).astimezone(UTC) for days in (-7, 1)
    )
    return (
        Reminder(kind=ReminderKind.DUE_SOON, milestone=milestone, due_on=on, at=soon),
        Reminder(kind=ReminderKind.OVERDUE, milestone=milestone, due_on=on, at=over),
    )


SOON, LATE = due(DUE)
ASSIGNED = said(Recommendation.Assigned, lead="UNODC", partners=("UNDP",), due_on=DUE, zone="UTC", sets=(SOON, LATE))
MILESTONE = said(
    Recommendation.MilestoneSet,
    milestone="M-1",
    title="Letters sent",
    due_on=date(2025, 9, 30),
    zone="UTC",
    organization="UNODC",
    sets=due(date(2025, 9, 30), milestone="M-1"),
)
OBSTACLE = said(
    Recommendation.ObstacleReported,
    obstacle=1,
    kind=ObstacleKind.RESOURCES,
    organization="UNDP",
    text=sealed("text"),
)
PROGRESS = said(Recommendation.ProgressReported, organization="UNODC", text=sealed("text"), percentage=40)


def claimed(number: int = 1, *, by: Actor | None = None) -> Said:
    return said(
        Recommendation.ImplementationClaimed,
        by=by or actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC"),
        claim=number,
        organization="UNODC",
        action_taken=sealed("action_taken"),
        evidence=(sealed("evidence"),),
        cancels=(SOON, LATE) if number == 1 else (),
    )


def contested(organization: str = "ECOWAS") -> Said:
    return said(
        Recommendation.ClaimContested, claim=1, organization=organization, partner=False, meets=("WEST-AFRICA",)
    )


VERIFIED = said(Recommendation.Verified, claim=1, organization="UNOCT", secretariat=True, meets=())

STATES: Mapping[str, tuple[Said, ...]] = {
    Decision.PROPOSED: (PROPOSED,),
    Decision.UNDER_REVIEW: (PROPOSED, UNDER_REVIEW),
    Decision.IN_SILENCE: (PROPOSED, UNDER_REVIEW, SILENT),
    Decision.DEFERRED: (PROPOSED, UNDER_REVIEW, DEFERRED),
    Decision.REFERRED: (PROPOSED, UNDER_REVIEW, REFERRED),
    Decision.NOT_ADOPTED: (PROPOSED, UNDER_REVIEW, NOT_ADOPTED),
    Decision.WITHDRAWN: (PROPOSED, UNDER_REVIEW, WITHDRAWN),
    FollowUp.UNASSIGNED: (PROPOSED, UNDER_REVIEW, ADOPTION),
    FollowUp.ASSIGNED: (PROPOSED, UNDER_REVIEW, ADOPTION, ASSIGNED),
    FollowUp.IN_PROGRESS: (PROPOSED, UNDER_REVIEW, ADOPTION, ASSIGNED, PROGRESS),
    FollowUp.IMPLEMENTED: (PROPOSED, UNDER_REVIEW, ADOPTION, ASSIGNED, PROGRESS, claimed()),
    FollowUp.CONTESTED: (PROPOSED, UNDER_REVIEW, ADOPTION, ASSIGNED, PROGRESS, claimed(), contested()),
    FollowUp.VERIFIED: (PROPOSED, UNDER_REVIEW, ADOPTION, ASSIGNED, PROGRESS, claimed(), VERIFIED),
    Ending.SUPERSEDED: (PROPOSED, UNDER_REVIEW, said(Recommendation.Superseded, successor="REC-2025-020")),
    Ending.MERGED: (PROPOSED, UNDER_REVIEW, said(Recommendation.Merged, successor="REC-2025-020")),
    Ending.OVERTAKEN: (PROPOSED, UNDER_REVIEW, ADOPTION, said(Recommendation.Overtaken)),
}
"""What led to each state. What was decided on the way is not announced."""

NEEDED: Mapping[str, Mapping[Said, tuple[Said, ...]]] = {
    "withdraw_objection": {UNDER_REVIEW: (SILENT, OBJECTED)},
    "complete_milestone": {PROGRESS: (MILESTONE,)},
    "resolve_obstacle": {ASSIGNED: (OBSTACLE,)},
    "supersede": {
        ADOPTION: (ANNOUNCED,),
        DEFERRED: (said(Recommendation.Announced, numbers=("12/2",)),),
        REFERRED: (said(Recommendation.Announced, numbers=("12/1",)),),
    },
    "merge": {
        ADOPTION: (ANNOUNCED,),
        DEFERRED: (said(Recommendation.Announced, numbers=("12/2",)),),
        REFERRED: (said(Recommendation.Announced, numbers=("12/1",)),),
    },
}
"""What has to have happened besides, after what, so that there is something a verb can be about."""


def led_to(state: str, verb: str) -> list[Said]:
    needed = NEEDED.get(verb, {})
    return [fact for step in STATES[state] for fact in (step, *needed.get(step, ()))]


VERBS: Mapping[str, Verb] = {
    "amend": lambda it, cmd: it.amend(text=AMENDED_TEXT, organization="AU", cmd=cmd),
    "put_under_review": lambda it, cmd: it.put_under_review(body="ETCIP", cmd=cmd),
    "respond": lambda it, cmd: it.respond(organization="ECOWAS", text_version=1, response=Response.SUPPORTED, cmd=cmd),
    "start_silence": lambda it, cmd: it.start_silence(
        **PROPOSITION | {"number": "13/1"}, deadline=DEADLINE + timedelta(days=1), cmd=cmd
    ),
    "object": lambda it, cmd: it.object(organization="UNDP", of_body=True, of_compact=False, cmd=cmd),
    "withdraw_objection": lambda it, cmd: it.withdraw_objection(organization="ECOWAS", cmd=cmd),
    "end_silence": lambda it, cmd: it.end_silence(cmd=cmd),
    "adopt_by_silence": lambda it, cmd: it.adopt_by_silence(silence=1, cmd=later(cmd, DEADLINE)),
    "adopt": lambda it, cmd: it.adopt(act=act("13/1"), text_version=1, assessment=ASSESSED, cmd=cmd),
    "decline_to_adopt": lambda it, cmd: it.decline_to_adopt(act=act("13/1"), cmd=cmd),
    "defer": lambda it, cmd: it.defer(act=act("13/1"), to_date=date(2025, 9, 1), cmd=cmd),
    "refer": lambda it, cmd: it.refer(act=act("13/1"), to_body="ETCIP", cmd=cmd),
    "return_from_referral": lambda it, cmd: it.return_from_referral(cmd=cmd),
    "announce": lambda it, cmd: it.announce(number=it.withheld[-1].number if it.withheld else "12/3", cmd=cmd),
    "assign": lambda it, cmd: it.assign(lead="UNDP", partners=[], due_on=DUE, cmd=cmd),
    "reassign": lambda it, cmd: it.reassign(lead="UNDP", partners=[], cmd=cmd),
    "change_due_date": lambda it, cmd: it.change_due_date(due_on=date(2026, 3, 31), cmd=cmd),
    "set_milestone": lambda it, cmd: it.set_milestone(
        milestone="M-2", title="Answers in", due_on=DUE, organization="UNODC", cmd=cmd
    ),
    "complete_milestone": lambda it, cmd: it.complete_milestone(
        milestone="M-1", evidence=[sealed("evidence")], organization="UNDP", cmd=cmd
    ),
    "report_progress": lambda it, cmd: it.report_progress(organization="UNODC", text=sealed("text"), cmd=cmd),
    "report_obstacle": lambda it, cmd: it.report_obstacle(
        kind=ObstacleKind.LEGAL, text=sealed("text"), organization="UNODC", cmd=cmd
    ),
    "resolve_obstacle": lambda it, cmd: it.resolve_obstacle(
        obstacle=1, resolution=sealed("resolution"), organization="UNODC", cmd=cmd
    ),
    "remind": lambda it, cmd: it.remind(
        milestone=None,
        due_on=DUE,
        kind=ReminderKind.DUE_SOON,
        cmd=later(cmd, max((reminder.at for reminder in it.reminders), default=NOW)),
    ),
    "claim_implementation": lambda it, cmd: it.claim_implementation(
        organization="UNODC", action_taken=sealed(), evidence=[sealed(), sealed()], cmd=cmd
    ),
    "contest_claim": lambda it, cmd: it.contest_claim(organization="UNDP", meets=(), cmd=cmd),
    "answer_contest": lambda it, cmd: it.answer_contest(
        organization="UNODC", contest="ECOWAS", answer=sealed("answer"), cmd=cmd
    ),
    "withdraw_contest": lambda it, cmd: it.withdraw_contest(
        organization="ECOWAS", contest="ECOWAS", ending=ContestEnding.WITHDRAWN, cmd=cmd
    ),
    "verify": lambda it, cmd: it.verify(organization="ECOWAS", meets=("WEST-AFRICA",), cmd=cmd),
    "withdraw": lambda it, cmd: it.withdraw(organization="AU", cmd=cmd),
    "supersede": lambda it, cmd: it.supersede(successor=other("REC-2025-021"), cmd=cmd),
    "merge": lambda it, cmd: it.merge(into=other("REC-2025-021"), cmd=cmd),
    "mark_overtaken": lambda it, cmd: it.mark_overtaken(cmd=cmd),
    "reopen": lambda it, cmd: it.reopen(closed_as=Closing(it.state), cmd=cmd),
}


def later(cmd: Command, moment: datetime) -> Command:
    """The same command, given just after a moment."""
    return msgspec.structs.replace(cmd, now=max(cmd.now, moment + timedelta(microseconds=1)))


def other(code: str, *, state: str = Decision.UNDER_REVIEW, live: bool = True, leads_back: bool = False) -> Successor:
    return Successor(code=code, state=state, live=live, leads_back=leads_back)


def recommendation(*facts: Said) -> Scenario[Recommendation]:
    return Scenario(Recommendation).given(*facts)


def doing(verb: str, cmd: Command | None = None) -> Callable[[Recommendation], None]:
    return lambda it: VERBS[verb](it, cmd or command(by=actor(Role.REGIONAL_FOCAL_POINT, organization="ECOWAS")))


def test_every_verb_is_in_the_policy_and_has_its_states() -> None:
    named = {action.removeprefix("recommendation.") for action in POLICY if action.startswith("recommendation.")}
    assert Recommendation.MAY_START_FROM.keys() == VERBS.keys() == named - {"propose"}
    assert STATES.keys() == {*Decision, *FollowUp, *Ending} - ADOPTED


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_starts_from_its_states_and_no_other(verb: str, state: str) -> None:
    scenario = recommendation(*led_to(state, verb))
    assert scenario.aggregate().state == state
    if verb == "reopen" and state not in list(Closing):
        scenario.when(lambda it: it.reopen(closed_as=Closing.WITHDRAWN, cmd=command()))
    else:
        scenario.when(doing(verb))
    if state in Recommendation.MAY_START_FROM[verb] and (verb, state) not in NOTHING_TO_ANNOUNCE:
        assert scenario.refusal is None
        assert len(scenario.new) == 1
    elif state in Recommendation.MAY_START_FROM[verb]:
        scenario.refused("recommendation.announcement", withheld=0)
    elif (verb, state) in REACHED:
        scenario.nothing()
    else:
        scenario.refused("state")
        assert scenario.refusal is not None
        assert scenario.refusal.state == state
        assert verb not in scenario.refusal.allowed


NOTHING_TO_ANNOUNCE = {("announce", Decision.UNDER_REVIEW), ("announce", Decision.WITHDRAWN)}
REACHED = {("withdraw", Decision.WITHDRAWN), ("mark_overtaken", Ending.OVERTAKEN)}
"""Where the verb as given asks for what is so already, and there is but one way to."""


@pytest.mark.parametrize("state", STATES)
def test_what_is_allowed_is_what_the_guards_let_through(state: str) -> None:
    for verb, states in Recommendation.MAY_START_FROM.items():
        it = recommendation(*led_to(state, verb)).aggregate()
        allowed = state in states and (verb, state) not in NOTHING_TO_ANNOUNCE and verb != "adopt_by_silence"
        assert (verb in it.allowed(NOW)) == allowed, verb
        if len(led_to(state, verb)) > len(STATES[state]):
            assert verb not in recommendation(*STATES[state]).aggregate().allowed(NOW), "there is nothing to give it to"


def test_an_announced_decision_is_not_announced_again() -> None:
    it = recommendation(*STATES[FollowUp.UNASSIGNED], ANNOUNCED).aggregate()
    assert "announce" not in it.allowed(NOW)


def test_every_version_of_the_text_is_kept() -> None:
    note = sealed("note")
    scenario = recommendation(PROPOSED, UNDER_REVIEW).when(
        lambda it: it.amend(text=AMENDED_TEXT, organization="UNOCT", note=note, cmd=command())
    )
    scenario.then(
        said(
            Recommendation.Amended,
            text_version=2,
            title="Focal points",
            text=AMENDED_TEXT,
            organization="UNOCT",
            note=note,
        )
    )
    it = scenario.aggregate()
    assert [(text.number, text.text) for text in it.text_versions] == [(1, TEXT), (2, AMENDED_TEXT)]
    assert (it.text_version, it.text, it.title, it.reviewed_version) == (2, AMENDED_TEXT, "Focal points", 1)


def test_the_same_wording_is_no_new_version() -> None:
    recommendation(PROPOSED).when(lambda it: it.amend(text=TEXT, organization="AU", cmd=command())).nothing()


def test_an_empty_text_is_no_text() -> None:
    with pytest.raises(InvalidInput) as refusal:
        recommendation(PROPOSED).when(lambda it: it.amend(text="", organization="AU", cmd=command()))
    assert [name for name, _ in refusal.value.fields] == ["text"]


def test_a_text_once_under_review_is_put_under_review_anew_only_after_a_deferral() -> None:
    again = command()
    recommendation(PROPOSED, UNDER_REVIEW).when(
        lambda it: it.put_under_review(body="CC", meeting="CC-12", cmd=again)
    ).nothing()
    recommendation(PROPOSED, UNDER_REVIEW, AMENDED).when(
        lambda it: it.put_under_review(body="CC", meeting="CC-12", cmd=again)
    ).refused("state")
    recommendation(PROPOSED, UNDER_REVIEW, AMENDED, DEFERRED).when(
        lambda it: it.put_under_review(body="CC", meeting="CC-13", cmd=again)
    ).then(said(Recommendation.PutUnderReview, body="CC", meeting="CC-13", text_version=2))


def test_responses_stand_side_by_side_and_the_latest_word_counts() -> None:
    def responds(organization: str, response: Response) -> Callable[[Recommendation], None]:
        return lambda it: it.respond(organization=organization, text_version=1, response=response, cmd=command())

    scenario = recommendation(PROPOSED)
    for organization, response in (
        ("ECOWAS", Response.SUPPORTED_IN_PART),
        ("UNDP", Response.NOTED),
        ("ECOWAS", Response.SUPPORTED),
        ("ECOWAS", Response.SUPPORTED),
    ):
        scenario.when(responds(organization, response))
    assert len(scenario.new) == 3
    assert scenario.aggregate().responses == {"ECOWAS": (1, Response.SUPPORTED), "UNDP": (1, Response.NOTED)}


def test_a_response_is_to_the_text_as_it_stands() -> None:
    recommendation(PROPOSED, AMENDED).when(doing("respond")).refused("recommendation.text_version", given=1, current=2)


def test_the_text_put_under_review_is_adopted() -> None:
    scenario = recommendation(PROPOSED, UNDER_REVIEW).when(
        lambda it: it.adopt(act=act(), text_version=1, assessment=ASSESSED, cmd=command())
    )
    scenario.then(said(Recommendation.Adopted, act=act(), text_version=1, assessment=ASSESSED))
    it = scenario.aggregate()
    assert (it.decision, it.follow_up, it.state) == (Decision.ADOPTED, FollowUp.UNASSIGNED, "unassigned")
    assert (it.act, it.adopted_version, it.assessment) == (act(), 1, ASSESSED)


def test_a_later_text_is_adopted_as_amended() -> None:
    scenario = recommendation(PROPOSED, UNDER_REVIEW, AMENDED).when(
        lambda it: it.adopt(act=act(), text_version=2, assessment=ASSESSED, cmd=command())
    )
    assert scenario.aggregate().decision is Decision.ADOPTED_AS_AMENDED


def test_an_amendment_before_the_review_does_not_count_as_amended() -> None:
    under_review = said(Recommendation.PutUnderReview, body="CC", meeting=None, text_version=2)
    scenario = recommendation(PROPOSED, AMENDED, under_review).when(
        lambda it: it.adopt(act=act(), text_version=2, assessment=ASSESSED, cmd=command())
    )
    assert scenario.aggregate().decision is Decision.ADOPTED


def test_a_referral_does_not_begin_the_review_anew() -> None:
    amended = (PROPOSED, UNDER_REVIEW, REFERRED, AMENDED, RETURNED)
    scenario = recommendation(*amended).when(
        lambda it: it.adopt(act=act(), text_version=2, assessment=ASSESSED, cmd=command())
    )
    assert scenario.aggregate().decision is Decision.ADOPTED_AS_AMENDED


@pytest.mark.parametrize("version", [1, 3])
def test_only_the_text_as_it_stands_is_adopted(version: int) -> None:
    recommendation(PROPOSED, UNDER_REVIEW, AMENDED).when(
        lambda it: it.adopt(act=act(), text_version=version, assessment=ASSESSED, cmd=command())
    ).refused("recommendation.text_version", given=version, current=2)


@pytest.mark.parametrize("missing", ["human_rights", "gender", "rule_of_law"])
def test_adoption_needs_the_whole_assessment(missing: str) -> None:
    assessment = msgspec.structs.replace(ASSESSED, **{missing: " "})
    recommendation(PROPOSED, UNDER_REVIEW).when(
        lambda it: it.adopt(act=act(), text_version=1, assessment=assessment, cmd=command())
    ).refused("recommendation.assessment", missing=missing)


def test_adopting_twice_is_adopting_once() -> None:
    def adopts(number: str) -> Callable[[Recommendation], None]:
        return lambda it: it.adopt(act=act(number), text_version=1, assessment=ASSESSED, cmd=command())

    for state in FollowUp:
        recommendation(*STATES[state]).when(adopts("12/3")).nothing()
        recommendation(*STATES[state]).when(adopts("12/4")).refused("state")


DECISIONS: Mapping[str, Callable[[Recommendation, BodyAct], None]] = {
    "adopt": lambda it, act: it.adopt(act=act, text_version=1, assessment=ASSESSED, cmd=command()),
    "decline_to_adopt": lambda it, act: it.decline_to_adopt(act=act, cmd=command()),
    "defer": lambda it, act: it.defer(act=act, to_meeting="CC-20", cmd=command()),
    "refer": lambda it, act: it.refer(act=act, to_body="ETCIP", cmd=command()),
}


@pytest.mark.parametrize("verb", DECISIONS)
def test_a_body_decides_on_what_is_before_it(verb: str) -> None:
    recommendation(PROPOSED, UNDER_REVIEW).when(lambda it: DECISIONS[verb](it, act(body="BMLE"))).refused(
        "recommendation.body", body="BMLE", entitled="CC"
    )


@pytest.mark.parametrize("body", ["CC", "BMLE"])
@pytest.mark.parametrize("verb", DECISIONS)
def test_what_was_referred_is_decided_by_either_body(verb: str, body: str) -> None:
    scenario = recommendation(PROPOSED, UNDER_REVIEW, REFERRED).when(
        lambda it: DECISIONS[verb](it, act("13/1", body=body))
    )
    assert scenario.refusal is None
    assert scenario.aggregate().act == act("13/1", body=body)


@pytest.mark.parametrize("verb", DECISIONS)
def test_a_decision_is_not_of_tomorrow(verb: str) -> None:
    recommendation(PROPOSED, UNDER_REVIEW).when(lambda it: DECISIONS[verb](it, act(on=date(2025, 6, 2)))).refused(
        "recommendation.decided_on", latest="2025-06-01"
    )
    today = recommendation(PROPOSED, UNDER_REVIEW).when(lambda it: DECISIONS[verb](it, act(on=date(2025, 6, 1))))
    assert today.refusal is None


@pytest.mark.parametrize("verb", DECISIONS)
def test_silence_is_not_recorded_by_hand(verb: str) -> None:
    silent = msgspec.structs.replace(act(), method=Method.SILENCE_PROCEDURE)
    recommendation(PROPOSED, UNDER_REVIEW).when(lambda it: DECISIONS[verb](it, silent)).refused(
        "recommendation.silence_procedure"
    )


@pytest.mark.parametrize("verb", DECISIONS)
def test_the_same_decision_twice_is_one(verb: str) -> None:
    scenario = recommendation(PROPOSED, UNDER_REVIEW)
    scenario.when(lambda it: DECISIONS[verb](it, act())).when(lambda it: DECISIONS[verb](it, act()))
    assert len(scenario.new) == 1


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"to_meeting": "CC-13", "to_date": date(2025, 9, 1)},
        {"to_meeting": "CC-12"},
        {"to_date": date(2025, 5, 20)},
    ],
)
def test_a_deferral_names_one_target_that_lies_ahead(target: dict[str, Any]) -> None:
    recommendation(PROPOSED, UNDER_REVIEW).when(lambda it: it.defer(act=act(), **target, cmd=command())).refused(
        "recommendation.deferral_target", meeting="CC-12", decided_on="2025-05-20"
    )


@pytest.mark.parametrize("target", [{"to_meeting": "CC-13"}, {"to_date": date(2025, 5, 21)}])
def test_what_was_deferred_may_be_deferred_again(target: dict[str, Any]) -> None:
    (
        recommendation(PROPOSED, UNDER_REVIEW, AMENDED, DEFERRED)
        .when(lambda it: it.defer(act=act(), **target, cmd=command()))
        .then(said(Recommendation.Deferred, act=act(), text_version=2, **target))
    )


def test_a_body_that_defers_what_it_referred_takes_it_back() -> None:
    scenario = recommendation(PROPOSED, UNDER_REVIEW, REFERRED).when(doing("defer"))
    assert (scenario.aggregate().body, scenario.aggregate().referred_by) == ("CC", None)


def test_a_body_does_not_refer_to_itself() -> None:
    recommendation(PROPOSED, UNDER_REVIEW).when(lambda it: it.refer(act=act(), to_body="CC", cmd=command())).refused(
        "recommendation.referral_target", body="CC"
    )


def test_a_referral_comes_back_to_the_body_that_referred() -> None:
    returns = command()
    scenario = recommendation(PROPOSED, UNDER_REVIEW, REFERRED, AMENDED).when(
        lambda it: it.return_from_referral(meeting="CC-13", cmd=returns)
    )
    scenario.then(
        said(Recommendation.ReturnedFromReferral, from_body="BMLE", body="CC", meeting="CC-13", text_version=2)
    )
    scenario.when(lambda it: it.return_from_referral(meeting="CC-13", cmd=returns))
    assert len(scenario.new) == 1
    assert scenario.aggregate().state == Decision.UNDER_REVIEW


def test_a_decision_and_all_that_follows_is_withheld_until_announced() -> None:
    it = recommendation(*STATES[FollowUp.ASSIGNED]).aggregate()
    assert not it.announced
    assert recommendation(*STATES[FollowUp.ASSIGNED], ANNOUNCED).aggregate().announced


def test_an_announcement_names_the_latest_decision_and_discloses_those_before() -> None:
    twice = (PROPOSED, UNDER_REVIEW, DEFERRED, ADOPTION)
    recommendation(*twice).when(lambda it: it.announce(number="12/2", cmd=command())).refused(
        "recommendation.announcement", withheld=2, latest="12/3"
    )
    scenario = recommendation(*twice).when(lambda it: it.announce(number="12/3", cmd=command()))
    scenario.then(said(Recommendation.Announced, numbers=("12/2", "12/3")))
    assert scenario.aggregate().announced


def test_announcing_twice_is_announcing_once() -> None:
    recommendation(*STATES[FollowUp.UNASSIGNED], ANNOUNCED).when(
        lambda it: it.announce(number="12/3", cmd=command())
    ).nothing()
    recommendation(*STATES[FollowUp.UNASSIGNED], ANNOUNCED).when(
        lambda it: it.announce(number="12/4", cmd=command())
    ).refused("recommendation.announcement")


def test_what_a_body_decides_is_marked_as_withheld() -> None:
    facts = {kind for kind in vars(Recommendation).values() if isinstance(kind, type) and issubclass(kind, Fact)}
    marked: set[type[Fact]] = {kind for kind in facts if getattr(kind, "WITHHELD")}  # noqa: B009  (of the nested facts)
    assert marked == {kind for kind in facts if "act" in kind.__struct_fields__} - {Recommendation.Reopened}
    assert {kind for kind in facts if getattr(kind, "DISCLOSES")} == {Recommendation.Announced}  # noqa: B009


def test_an_assignment_names_lead_partners_and_day() -> None:
    cmd = command()
    assignment: dict[str, Any] = {"lead": "UNODC", "due_on": DUE, "zone": "Africa/Lagos"}
    scenario = recommendation(*STATES[FollowUp.UNASSIGNED]).when(
        lambda it: it.assign(**assignment, partners=["UNDP", "AU", "UNDP"], cmd=cmd)
    )
    reminders = due(DUE, zone="Africa/Lagos")
    assert [reminder.at for reminder in reminders] == [
        datetime(2025, 12, 23, 23, tzinfo=UTC),
        datetime(2025, 12, 31, 23, tzinfo=UTC),
    ]
    scenario.then(said(Recommendation.Assigned, **assignment, partners=("AU", "UNDP"), sets=reminders))
    scenario.when(lambda it: it.assign(**assignment, partners=["AU", "UNDP"], cmd=cmd))
    assert len(scenario.new) == 1
    it = scenario.aggregate()
    assert (it.lead, it.partners, it.due_on, it.zone) == ("UNODC", ("AU", "UNDP"), DUE, "Africa/Lagos")


def test_nothing_is_due_before_the_day_it_is_given() -> None:
    late: dict[str, Any] = {"lead": "UNODC", "partners": [], "due_on": date(2025, 5, 31)}
    recommendation(*STATES[FollowUp.UNASSIGNED]).when(lambda it: it.assign(**late, cmd=command())).refused(
        "recommendation.due_date", earliest="2025-06-01"
    )
    late["due_on"], recorded_late = (
        date(2025, 6, 2),
        command(now=NOW + timedelta(days=4), effective_on=date(2025, 6, 2)),
    )
    at_once = Reminder(kind=ReminderKind.OVERDUE, due_on=date(2025, 6, 2), at=recorded_late.now)
    recommendation(*STATES[FollowUp.UNASSIGNED]).when(lambda it: it.assign(**late, cmd=recorded_late)).then(
        said(Recommendation.Assigned, lead="UNODC", due_on=date(2025, 6, 2), zone="UTC", sets=(at_once,))
    )
    recommendation(*STATES[FollowUp.ASSIGNED]).when(
        lambda it: it.change_due_date(due_on=date(2025, 5, 31), cmd=command())
    ).refused("recommendation.due_date")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "Europe", "../etc/passwd"])
def test_a_zone_is_one_that_exists(zone: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        recommendation(*STATES[FollowUp.UNASSIGNED]).when(
            lambda it: it.assign(lead="UNODC", partners=[], due_on=DUE, zone=zone, cmd=command())
        )
    assert [name for name, _ in refusal.value.fields] == ["zone"]


def test_a_lead_is_not_its_own_partner() -> None:
    with pytest.raises(InvalidInput):
        recommendation(*STATES[FollowUp.UNASSIGNED]).when(
            lambda it: it.assign(lead="UNODC", partners=["UNODC"], due_on=DUE, cmd=command())
        )


def test_a_new_lead_goes_on_from_where_the_work_stands() -> None:
    scenario = recommendation(*STATES[FollowUp.IN_PROGRESS]).when(doing("reassign"))
    scenario.then(said(Recommendation.Reassigned, lead="UNDP", partners=())).when(doing("reassign"))
    assert len(scenario.new) == 1
    it = scenario.aggregate()
    assert (it.state, it.lead, it.partners, it.due_on) == (FollowUp.IN_PROGRESS, "UNDP", (), DUE)


def test_a_due_date_moves_and_keeps_its_zone() -> None:
    zone, moved = "Africa/Lagos", date(2026, 3, 31)
    before, after = due(DUE, zone=zone), due(moved, zone=zone)
    lagos = said(Recommendation.Assigned, lead="UNODC", partners=(), due_on=DUE, zone=zone, sets=before)
    scenario = recommendation(*STATES[FollowUp.UNASSIGNED], lagos).when(doing("change_due_date"))
    scenario.then(said(Recommendation.DueDateChanged, due_on=moved, zone=zone, cancels=before, sets=after))
    scenario.when(doing("change_due_date"))
    assert len(scenario.new) == 1


def test_the_first_report_begins_the_work() -> None:
    def reports(organization: str) -> Callable[[Recommendation], None]:
        return lambda it: it.report_progress(
            organization=organization, text=sealed("text"), percentage=10, cmd=command()
        )

    scenario = recommendation(*STATES[FollowUp.ASSIGNED])
    for organization in ("UNODC", "UNDP"):
        scenario.when(reports(organization))
        assert scenario.aggregate().state == FollowUp.IN_PROGRESS
    assert len(scenario.new) == 2


def test_progress_is_reported_by_those_at_work() -> None:
    recommendation(*STATES[FollowUp.ASSIGNED]).when(
        lambda it: it.report_progress(organization="ECOWAS", text=sealed("text"), cmd=command())
    ).refused("recommendation.reporter", organization="ECOWAS", lead="UNODC")


@pytest.mark.parametrize("percentage", [-1, 101])
def test_a_percentage_is_one_of_a_hundred(percentage: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        recommendation(*STATES[FollowUp.ASSIGNED]).when(
            lambda it: it.report_progress(
                organization="UNODC", text=sealed("text"), percentage=percentage, cmd=command()
            )
        )
    assert [name for name, _ in refusal.value.fields] == ["percentage"]


@pytest.mark.parametrize("organization", ["UNDP", "UNOCT"])
def test_the_lead_alone_claims(organization: str) -> None:
    recommendation(*STATES[FollowUp.IN_PROGRESS]).when(
        lambda it: it.claim_implementation(
            organization=organization, action_taken=sealed(), evidence=[sealed()], cmd=command()
        )
    ).refused("recommendation.claimant", organization=organization, lead="UNODC")


def test_claims_are_counted() -> None:
    gave_way = said(Recommendation.ClaimWithdrawn, claim=1, contest="ECOWAS")
    scenario = recommendation(*STATES[FollowUp.CONTESTED], gave_way).when(doing("claim_implementation"))
    assert [fact.claim for fact in scenario.new if isinstance(fact, Recommendation.ImplementationClaimed)] == [2]
    scenario.when(doing("claim_implementation"))
    assert len(scenario.new) == 1
    assert scenario.aggregate().open_contests == ()


def test_a_claim_without_evidence_is_none() -> None:
    with pytest.raises(InvalidInput) as refusal:
        recommendation(*STATES[FollowUp.IN_PROGRESS]).when(
            lambda it: it.claim_implementation(organization="UNODC", action_taken=sealed(), evidence=[], cmd=command())
        )
    assert [name for name, _ in refusal.value.fields] == ["evidence"]


def test_a_partner_or_a_regional_organization_concerned_contests() -> None:
    scenario = recommendation(*STATES[FollowUp.IMPLEMENTED])
    scenario.when(lambda it: it.contest_claim(organization="UNDP", meets=(), cmd=command()))
    scenario.when(lambda it: it.contest_claim(organization="ECOWAS", meets=["WEST-AFRICA"], cmd=command()))
    scenario.when(lambda it: it.contest_claim(organization="ECOWAS", meets=["WEST-AFRICA"], cmd=command()))
    scenario.then(
        said(Recommendation.ClaimContested, claim=1, organization="UNDP", partner=True, meets=()),
        said(Recommendation.ClaimContested, claim=1, organization="ECOWAS", partner=False, meets=("WEST-AFRICA",)),
    )
    assert scenario.aggregate().open_contests == ("UNDP", "ECOWAS")


@pytest.mark.parametrize(("organization", "meets"), [("OSCE", ()), ("UNODC", ("WEST-AFRICA",))])
def test_nobody_else_contests_and_nobody_its_own_claim(organization: str, meets: tuple[str, ...]) -> None:
    recommendation(*STATES[FollowUp.IMPLEMENTED]).when(
        lambda it: it.contest_claim(organization=organization, meets=meets, cmd=command())
    ).refused("recommendation.contestant", organization=organization, regions="WEST-AFRICA")


def test_the_claimant_answers_an_open_contest() -> None:
    def answers(organization: str, contest: str) -> Callable[[Recommendation], None]:
        return lambda it: it.answer_contest(
            organization=organization, contest=contest, answer=sealed("answer"), cmd=command()
        )

    recommendation(*STATES[FollowUp.CONTESTED]).when(answers("UNODC", "ECOWAS")).then(
        said(Recommendation.ContestAnswered, claim=1, contest="ECOWAS", answer=sealed("answer"))
    )
    recommendation(*STATES[FollowUp.CONTESTED]).when(answers("UNDP", "ECOWAS")).refused("recommendation.claimant")
    recommendation(*STATES[FollowUp.CONTESTED]).when(answers("UNODC", "AU")).refused(
        "recommendation.contest", contest="AU", open="ECOWAS"
    )


def ends(ending: ContestEnding, *, by: str, of: str = "ECOWAS", under: BodyAct | None = None) -> Callable[..., None]:
    def verb(it: Recommendation) -> None:
        it.withdraw_contest(organization=by, contest=of, ending=ending, act=under, cmd=command())

    return verb


TWO_CONTESTS = (*STATES[FollowUp.CONTESTED], contested("AU"))


def test_a_claim_stands_again_when_the_last_contest_is_withdrawn() -> None:
    scenario = recommendation(*TWO_CONTESTS).when(ends(ContestEnding.WITHDRAWN, by="ECOWAS"))
    assert scenario.aggregate().state == FollowUp.CONTESTED
    scenario.when(ends(ContestEnding.WITHDRAWN, by="ECOWAS"))
    scenario.when(ends(ContestEnding.WITHDRAWN, by="AU", of="AU"))
    assert scenario.aggregate().state == FollowUp.IMPLEMENTED
    scenario.then(
        said(Recommendation.ContestWithdrawn, claim=1, contest="ECOWAS"),
        said(Recommendation.ContestWithdrawn, claim=1, contest="AU"),
    )


def test_the_claimant_giving_way_ends_claim_and_contests() -> None:
    scenario = recommendation(*TWO_CONTESTS).when(ends(ContestEnding.CLAIM_WITHDRAWN, by="UNODC"))
    scenario.when(ends(ContestEnding.CLAIM_WITHDRAWN, by="UNODC"))
    scenario.then(said(Recommendation.ClaimWithdrawn, claim=1, contest="ECOWAS", sets=(SOON, LATE)))
    assert (scenario.aggregate().state, scenario.aggregate().open_contests) == (FollowUp.IN_PROGRESS, ())


@pytest.mark.parametrize(
    ("ending", "entitled"), [(ContestEnding.WITHDRAWN, "ECOWAS"), (ContestEnding.CLAIM_WITHDRAWN, "UNODC")]
)
def test_nobody_ends_a_contest_for_another(ending: ContestEnding, entitled: str) -> None:
    recommendation(*TWO_CONTESTS).when(ends(ending, by="AU")).refused(
        "recommendation.contest_ending", organization="AU", entitled=entitled
    )


@pytest.mark.parametrize(
    ("ending", "state", "still_open"),
    [
        (ContestEnding.DISMISSED, FollowUp.CONTESTED, ("AU",)),
        (ContestEnding.UPHELD, FollowUp.IN_PROGRESS, ()),
    ],
)
def test_the_body_that_adopted_rules(ending: ContestEnding, state: FollowUp, still_open: tuple[str, ...]) -> None:
    ruling = act("13/7")
    scenario = recommendation(*TWO_CONTESTS, ANNOUNCED).when(ends(ending, by="UNOCT", under=ruling))
    scenario.when(ends(ending, by="UNOCT", under=ruling))
    upheld = ending is ContestEnding.UPHELD
    sets = (SOON, LATE) if upheld else ()
    scenario.then(said(Recommendation.ContestRuled, claim=1, contest="ECOWAS", act=ruling, upheld=upheld, sets=sets))
    it = scenario.aggregate()
    assert (it.state, it.open_contests, it.announced, it.act) == (state, still_open, False, act())


def test_no_other_body_rules() -> None:
    recommendation(*TWO_CONTESTS).when(ends(ContestEnding.UPHELD, by="UNOCT", under=act(body="BMLE"))).refused(
        "recommendation.body", body="BMLE", entitled="CC"
    )


@pytest.mark.parametrize(
    ("ending", "under"), [(ContestEnding.UPHELD, None), (ContestEnding.WITHDRAWN, act())], ids=["no act", "an act"]
)
def test_a_ruling_has_an_act_and_nothing_else_has(ending: ContestEnding, under: BodyAct | None) -> None:
    with pytest.raises(InvalidInput) as refusal:
        recommendation(*TWO_CONTESTS).when(ends(ending, by="ECOWAS", under=under))
    assert [name for name, _ in refusal.value.fields] == ["act"]


def verifies(organization: str, *meets: str, by: Actor) -> Callable[[Recommendation], None]:
    return lambda it: it.verify(organization=organization, meets=meets, cmd=command(by=by))


FOCAL_POINT = actor(Role.REGIONAL_FOCAL_POINT, organization="ECOWAS")


def test_the_secretariat_or_a_regional_organization_concerned_verifies() -> None:
    recommendation(*STATES[FollowUp.IMPLEMENTED]).when(verifies("UNOCT", by=actor())).then(VERIFIED)
    recommendation(*STATES[FollowUp.IMPLEMENTED]).when(verifies("ECOWAS", "WEST-AFRICA", by=FOCAL_POINT)).then(
        said(Recommendation.Verified, claim=1, organization="ECOWAS", secretariat=False, meets=("WEST-AFRICA",))
    )
    recommendation(*STATES[FollowUp.VERIFIED]).when(verifies("UNOCT", by=actor())).nothing()


RECORDER = actor(name="records the claim")
SAME_RECORDER_ELSEWHERE = Actor(
    id=RECORDER.id, organization="ECOWAS", roles=(RoleHeld(role=Role.REGIONAL_FOCAL_POINT),)
)
ON_LOAN = Actor(
    id=person("on loan"),
    organization="ECOWAS",
    roles=(RoleHeld(role=Role.REGIONAL_FOCAL_POINT), RoleHeld(role=Role.ENTITY_REPRESENTATIVE, scope="UNODC")),
)


@pytest.mark.parametrize(
    ("organization", "meets", "by", "recorder"),
    [
        ("OSCE", (), actor(Role.REGIONAL_FOCAL_POINT, organization="OSCE"), None),
        ("UNODC", ("WEST-AFRICA",), actor(organization="UNODC"), None),
        ("UNOCT", (), actor(), RECORDER),
        ("ECOWAS", ("WEST-AFRICA",), actor(), RECORDER),
        ("ECOWAS", ("WEST-AFRICA",), SAME_RECORDER_ELSEWHERE, RECORDER),
        ("ECOWAS", ("WEST-AFRICA",), ON_LOAN, None),
        ("OSCE", (), actor(), None),
    ],
    ids=[
        "no region concerned",
        "the organization claimed for",
        "the organization that recorded the claim",
        "that organization in the name of another",
        "the person who recorded it, elsewhere now",
        "a person who speaks for the claimant too",
        "the secretariat in the name of one not concerned",
    ],
)
def test_nobody_verifies_its_own_claim(
    organization: str, meets: tuple[str, ...], by: Actor, recorder: Actor | None
) -> None:
    history = (*STATES[FollowUp.IN_PROGRESS], claimed(by=recorder))
    recommendation(*history).when(verifies(organization, *meets, by=by)).refused(
        "recommendation.verifier", organization=organization, claimed_for="UNODC", regions="WEST-AFRICA"
    )


def test_a_contested_claim_is_not_verified() -> None:
    recommendation(*STATES[FollowUp.CONTESTED]).when(verifies("UNOCT", by=actor())).refused("state")


def test_the_proposer_alone_withdraws() -> None:
    recommendation(PROPOSED, UNDER_REVIEW).when(lambda it: it.withdraw(organization="UNOCT", cmd=command())).refused(
        "recommendation.proposer", organization="UNOCT", proposer="AU"
    )
    recommendation(PROPOSED, UNDER_REVIEW, AMENDED).when(doing("withdraw")).then(
        said(Recommendation.Withdrawn, text_version=2)
    )


@pytest.mark.parametrize(
    ("closing", "history", "back_to"),
    [
        (WITHDRAWN, (PROPOSED,), Decision.PROPOSED),
        (WITHDRAWN, (PROPOSED, UNDER_REVIEW), Decision.UNDER_REVIEW),
        (WITHDRAWN, (PROPOSED, UNDER_REVIEW, REFERRED), Decision.REFERRED),
        (NOT_ADOPTED, (PROPOSED, UNDER_REVIEW), Decision.UNDER_REVIEW),
        (NOT_ADOPTED, (PROPOSED, UNDER_REVIEW, DEFERRED), Decision.DEFERRED),
        (claimed(), STATES[FollowUp.IN_PROGRESS], FollowUp.IN_PROGRESS),
        (VERIFIED, STATES[FollowUp.IMPLEMENTED], FollowUp.IMPLEMENTED),
    ],
)
def test_reopening_leads_back_to_the_state_before(closing: Said, history: tuple[Said, ...], back_to: str) -> None:
    before = recommendation(*history).aggregate()
    scenario = recommendation(*history, closing).when(doing("reopen"))
    it = scenario.aggregate()
    assert (it.state, it.decision, it.follow_up, it.act) == (back_to, before.decision, before.follow_up, before.act)
    assert (it.body, it.referred_by, it.deferred_to) == (before.body, before.referred_by, before.deferred_to)


def test_reopening_twice_undoes_no_more() -> None:
    def reopens(closed_as: Closing) -> Callable[[Recommendation], None]:
        return lambda it: it.reopen(closed_as=closed_as, cmd=command())

    scenario = recommendation(*STATES[FollowUp.VERIFIED])
    scenario.when(reopens(Closing.VERIFIED)).when(reopens(Closing.VERIFIED))
    assert scenario.aggregate().state == FollowUp.IMPLEMENTED
    scenario.when(reopens(Closing.IMPLEMENTED)).when(reopens(Closing.IMPLEMENTED))
    assert scenario.aggregate().state == FollowUp.IN_PROGRESS
    assert len(scenario.new) == 2


def test_a_reopening_names_what_it_undoes() -> None:
    recommendation(*STATES[FollowUp.VERIFIED]).when(
        lambda it: it.reopen(closed_as=Closing.IMPLEMENTED, cmd=command())
    ).refused("state", closed_as="implemented")


def test_the_rest_of_a_contested_claim_goes_with_its_reopening() -> None:
    withdrawn = said(Recommendation.ContestWithdrawn, claim=1, contest="ECOWAS")
    scenario = recommendation(*STATES[FollowUp.CONTESTED], withdrawn).when(doing("reopen"))
    assert scenario.aggregate().state == FollowUp.IN_PROGRESS


BODIES, ORGANIZATIONS = ("CC", "BMLE"), ("AU", "UNODC", "UNDP", "ECOWAS")


@st.composite
def asked(draw: st.DrawFn, it: Recommendation, now: datetime) -> tuple[str, Verb]:
    """Any verb, more often one that may start, with arguments that often fit."""
    organization = draw(st.sampled_from([it.proposer, it.lead or "UNODC", *ORGANIZATIONS]))
    other = draw(st.sampled_from([*it.open_contests, *ORGANIZATIONS]))
    body = draw(st.sampled_from([it.act.body if it.act else "CC", it.body or "CC", *BODIES]))
    number, version = draw(st.sampled_from(["12/1", "12/2", "12/3"])), draw(st.integers(1, 2))
    latest = draw(st.sampled_from([number, it.withheld[-1].number if it.withheld else number]))
    decided, ending = act(number, body=body), draw(st.sampled_from(ContestEnding))
    ruling = decided if ending in (ContestEnding.DISMISSED, ContestEnding.UPHELD) else None
    meets = ("WEST-AFRICA",) if organization in ("ECOWAS", "AU") else ()
    present = [Closing(it.state)] if it.state in list(Closing) else []
    closed_as = draw(st.sampled_from([*present, *Closing]))
    response = draw(st.sampled_from(Response))
    partners = [] if other == organization else [other]
    day = now.date() + timedelta(days=draw(st.sampled_from([1, 10, 60])))
    deadline = now + timedelta(hours=draw(st.sampled_from([71, 72, 200])))
    put = PROPOSITION | {"body": body, "number": number, "text_version": it.text_version}
    milestone = draw(st.sampled_from(["M-1", "M-2"]))
    reminder = draw(st.sampled_from([*it.reminders, SOON]))
    into = Successor(code="REC-2025-021", state=Decision.ADOPTED, live=draw(st.booleans()), leads_back=False)
    may: dict[str, Verb] = {
        "amend": lambda it, cmd: it.amend(text=f"{TEXT} {version}", organization=organization, cmd=cmd),
        "put_under_review": lambda it, cmd: it.put_under_review(body=body, cmd=cmd),
        "respond": lambda it, cmd: it.respond(
            organization=organization, text_version=it.text_version, response=response, cmd=cmd
        ),
        "start_silence": lambda it, cmd: it.start_silence(**put, deadline=deadline, cmd=cmd),
        "object": lambda it, cmd: it.object(organization=organization, of_body=bool(meets), of_compact=False, cmd=cmd),
        "withdraw_objection": lambda it, cmd: it.withdraw_objection(organization=organization, cmd=cmd),
        "end_silence": lambda it, cmd: it.end_silence(cmd=cmd),
        "adopt_by_silence": lambda it, cmd: it.adopt_by_silence(silence=max(1, it.silences), cmd=cmd),
        "adopt": lambda it, cmd: it.adopt(act=decided, text_version=it.text_version, assessment=ASSESSED, cmd=cmd),
        "decline_to_adopt": lambda it, cmd: it.decline_to_adopt(act=decided, cmd=cmd),
        "defer": lambda it, cmd: it.defer(act=decided, to_meeting="CC-13", cmd=cmd),
        "refer": lambda it, cmd: it.refer(act=decided, to_body=body, cmd=cmd),
        "return_from_referral": lambda it, cmd: it.return_from_referral(cmd=cmd),
        "announce": lambda it, cmd: it.announce(number=latest, cmd=cmd),
        "assign": lambda it, cmd: it.assign(lead=organization, partners=partners, due_on=day, cmd=cmd),
        "reassign": lambda it, cmd: it.reassign(lead=organization, partners=partners, cmd=cmd),
        "change_due_date": lambda it, cmd: it.change_due_date(due_on=day, cmd=cmd),
        "set_milestone": lambda it, cmd: it.set_milestone(
            milestone=milestone, title="A step", due_on=day, organization=it.lead or organization, cmd=cmd
        ),
        "complete_milestone": lambda it, cmd: it.complete_milestone(
            milestone=milestone, evidence=[sealed()], organization=it.lead or organization, cmd=cmd
        ),
        "report_obstacle": lambda it, cmd: it.report_obstacle(
            kind=ObstacleKind.OTHER, text=sealed("text"), organization=it.lead or organization, cmd=cmd
        ),
        "resolve_obstacle": lambda it, cmd: it.resolve_obstacle(
            obstacle=version, resolution=sealed(), organization=it.lead or organization, cmd=cmd
        ),
        "remind": lambda it, cmd: it.remind(
            milestone=reminder.milestone, due_on=reminder.due_on, kind=reminder.kind, cmd=cmd
        ),
        "report_progress": lambda it, cmd: it.report_progress(
            organization=it.lead or organization, text=sealed("text"), cmd=cmd
        ),
        "claim_implementation": lambda it, cmd: it.claim_implementation(
            organization=it.lead or organization, action_taken=sealed(), evidence=[sealed()], cmd=cmd
        ),
        "contest_claim": lambda it, cmd: it.contest_claim(organization=organization, meets=meets, cmd=cmd),
        "answer_contest": lambda it, cmd: it.answer_contest(
            organization=it.lead or organization, contest=other, answer=sealed("answer"), cmd=cmd
        ),
        "withdraw_contest": lambda it, cmd: it.withdraw_contest(
            organization=organization, contest=other, ending=ending, act=ruling, cmd=cmd
        ),
        "verify": lambda it, cmd: it.verify(organization=organization, meets=meets, cmd=cmd),
        "withdraw": lambda it, cmd: it.withdraw(organization=organization, cmd=cmd),
        "supersede": lambda it, cmd: it.supersede(successor=into, cmd=cmd),
        "merge": lambda it, cmd: it.merge(into=into, cmd=cmd),
        "mark_overtaken": lambda it, cmd: it.mark_overtaken(cmd=cmd),
        "reopen": lambda it, cmd: it.reopen(closed_as=closed_as, cmd=cmd),
    }
    assert may.keys() == VERBS.keys()
    likely = [verb for verb in it.allowed(now) if verb not in ENDS]
    verb = draw(st.sampled_from([*likely * 12, *sorted(may)]))
    return verb, may[verb]


REPEATED = {"report_progress", "report_obstacle", "answer_contest"}
"""Each time they are given they say something new: sealed texts cannot be compared."""


def consistent(it: Recommendation, history: list[Fact]) -> None:
    assert (it.decision in ADOPTED) == (it.follow_up is not None)
    assert it.state == (it.ending or it.follow_up or it.decision)
    assert it.state not in ADOPTED
    assert (it.decision is Decision.IN_SILENCE) == (it.silence is not None)
    assert (it.successor is not None) == (it.ending in (Ending.SUPERSEDED, Ending.MERGED))
    assert (it.follow_up is FollowUp.CONTESTED) == bool(it.open_contests)
    assert it.text_versions[-1].number == len(it.text_versions)
    if it.follow_up is not None:
        assert it.act is not None
        assert it.adopted_version is not None
        as_put = it.reads_the_same(it.adopted_version, it.reviewed_version)
        assert (it.decision is Decision.ADOPTED_AS_AMENDED) == (not as_put)
    assert (it.lead is not None) == (it.follow_up not in (None, FollowUp.UNASSIGNED))
    assert (it.due_on is not None) == (it.lead is not None)
    if it.follow_up in (FollowUp.IMPLEMENTED, FollowUp.CONTESTED, FollowUp.VERIFIED):
        assert it.claim is not None
    assert (it.decision is Decision.REFERRED) <= (it.referred_by is not None)
    withheld = False
    for fact in history:
        assert isinstance(fact, Recommendation.Event)
        withheld = (withheld or fact.WITHHELD) and not fact.DISCLOSES
    assert it.announced == (not withheld)


def what_is_to_come_is_known(it: Recommendation, history: list[Fact]) -> None:
    """The alarms that the facts have set and not given back are those of what is still to happen, and no others."""
    held: set[str] = set()
    for fact in history:
        held = held - set(fact.releases()) | set(fact.takes())
    reminders = {reminder.alarm(it.id) for reminder in it.reminders}
    assert held == reminders | ({it.silence.alarm(it.id)} if it.silence else set())
    at_work = it.ending is None and it.follow_up in (FollowUp.ASSIGNED, FollowUp.IN_PROGRESS)
    assert at_work or not it.reminders
    steps = {(code, it.milestones[code].due_on) for code in it.open_milestones}
    outstanding = {(None, it.due_on), *steps} if at_work else set()
    coming = {(one.milestone, one.due_on) for one in it.reminders}
    made = {(milestone, on) for milestone, on, kind in it.reminded if kind is ReminderKind.OVERDUE}
    assert coming <= outstanding <= coming | made
    said = [fact.reminder.of for fact in history if isinstance(fact, Recommendation.Reminded)]
    assert len(set(said)) == len(said)


@settings(max_examples=150, deadline=None)
@given(start=st.sampled_from(sorted(STATES)), length=st.integers(5, 20), data=st.data())
def test_whatever_is_asked_the_two_states_agree_and_twice_is_once(start: str, length: int, data: st.DataObject) -> None:
    scenario, now = recommendation(*STATES[start]), NOW
    for number in range(length):
        before = len(scenario.new)
        now += timedelta(hours=data.draw(st.sampled_from([0, 1, 73, 30 * 24])))
        verb, ask = data.draw(asked(scenario.aggregate(), now))
        by = data.draw(st.sampled_from([FOCAL_POINT, actor(Role.REGIONAL_FOCAL_POINT, organization="AU")]))
        scenario.when(partial(ask, cmd=command(key=f"{number}", by=by, now=now)))
        it = scenario.aggregate()
        consistent(it, [*scenario.history, *scenario.new])
        what_is_to_come_is_known(it, [*scenario.history, *scenario.new])
        assert len(scenario.new) - before <= 1
        if scenario.refusal is None and verb not in REPEATED:
            stated = len(scenario.new)
            scenario.when(partial(ask, cmd=command(key=f"{number} again", by=by, now=now)))
            assert scenario.refusal is None
            assert len(scenario.new) == stated


def was(histories: Histories, kind: type[Aggregate], id: UUID, *facts: Said) -> None:
    """Let something have happened before, whoever it was that decided it."""
    for version, fact in enumerate(facts, start=1):
        stamped = fact.stamped(id, version, kind.topic())
        histories.facts.append(stamped)
        for key in stamped.releases():
            histories.held.pop(key, None)
        histories.held.update(dict.fromkeys(stamped.takes(), id))


REGIONS = {"GLOBAL": None, "AFRICA": None, "WEST-AFRICA": "AFRICA", "EAST-AFRICA": "AFRICA", "EUROPE": None}
REGIONAL = {"ECOWAS": ("WEST-AFRICA",), "AU": ("AFRICA",), "OSCE": ("EUROPE",), "OIC": ("GLOBAL",)}


def entry(kind: EntryKind, code: str, **fields: Any) -> tuple[UUID, Said]:
    return Entry.key(kind, code), said(Entry.Created, kind=kind, code=code, names=Names(en=code), **fields)


@pytest.fixture
def world() -> Histories:
    return directory()


def directory() -> Histories:
    """Histories in which there are regions, bodies, and organizations of several kinds."""
    histories = Histories(now=NOW)
    entries = [entry(EntryKind.REGION, code, parent=parent) for code, parent in REGIONS.items()]
    entries += [entry(EntryKind.BODY, code, body_kind=BodyKind.WORKING_GROUP) for code in (*BODIES, "ETCIP")]
    entries += [entry(EntryKind.WORKING_GROUP, "BMLE"), entry(EntryKind.FRAMEWORK, "JPOW-2024-2026")]
    entries += [entry(EntryKind.CLAUSE, "JPOW-2024-2026-1", framework="JPOW-2024-2026")]
    for id, fact in entries:
        was(histories, Entry, id, fact)
    for code in ("UNOCT", "UNODC", "UNDP", *REGIONAL):
        regional = code in REGIONAL
        kind = OrganizationKind.REGIONAL_ORGANIZATION if regional else OrganizationKind.UN_ENTITY
        registered = said(
            Organization.Created,
            code=code,
            names=Names(en=code),
            kind=kind,
            compact_status="none",
            regions=REGIONAL.get(code, ("WEST-AFRICA",)),
        )
        was(histories, Organization, Organization.identify(code), registered)
    return histories


REPRESENTATIVE = {code: actor(Role.ENTITY_REPRESENTATIVE, organization=code) for code in ("UNODC", "UNDP", "AU")}
FOCAL = {code: actor(Role.REGIONAL_FOCAL_POINT, organization=code) for code in REGIONAL}
CHAIR = {
    body: Actor(
        id=person(f"chair of {body}"),
        organization="UNDP",
        roles=(RoleHeld(role=Role.WORKING_GROUP_CHAIR, scope=body),),
    )
    for body in BODIES
}
CODE = "REC-2025-014"


def give(
    histories: Histories,
    verb: str,
    *arguments: Any,
    by: Actor | None = None,
    on_behalf_of: str | None = None,
    reason: str | None = None,
    **named: Any,
) -> list[Fact]:
    def decide_on(work: Work) -> Recommendation:
        result = getattr(Recommendations(work), verb)(*arguments, **named)
        assert isinstance(result, Recommendation)
        return result

    reason = reason or ("as agreed" if POLICY[f"recommendation.{verb}"].reason else None)
    return histories.run(f"recommendation.{verb}", decide_on, by=by, on_behalf_of=on_behalf_of, reason=reason)


def propose(histories: Histories, **fields: Any) -> list[Fact]:
    said = {"code": CODE, "text": TEXT, "regions": ["WEST-AFRICA"], **fields}
    return give(histories, "propose", by=FOCAL["AU"], **said)


def reach(histories: Histories, state: str) -> None:
    """Let the recommendation have come to a state."""
    was(histories, Recommendation, Recommendation.identify(CODE), *STATES[state])


def announced(histories: Histories) -> None:
    """Let what was decided on the recommendation have been announced."""
    give(histories, "announce", CODE, number="12/3")


def standing(histories: Histories) -> Recommendation:
    it = histories.load(Recommendation, Recommendation.identify(CODE))
    assert it is not None
    return it


def test_from_proposal_to_verified_result(world: Histories) -> None:
    propose(world, title="Focal points")
    give(world, "respond", CODE, text_version=1, response=Response.SUPPORTED, comment="at last", by=FOCAL["ECOWAS"])
    give(world, "put_under_review", CODE, body="CC", meeting="CC-12")
    give(world, "amend", CODE, text=AMENDED_TEXT, note="alternates too", by=FOCAL["AU"])
    give(world, "adopt", CODE, act=act(), text_version=2, assessment=ASSESSED, by=CHAIR["CC"])
    give(world, "assign", CODE, lead="UNODC", partners=["UNDP"], due_on=DUE, by=CHAIR["CC"])
    give(world, "announce", CODE, number="12/3")
    give(world, "report_progress", CODE, text="half of them", percentage=50, by=REPRESENTATIVE["UNODC"])
    give(world, "claim_implementation", CODE, action_taken="all", evidence=["list"], by=REPRESENTATIVE["UNODC"])
    give(world, "contest_claim", CODE, by=FOCAL["ECOWAS"])
    give(world, "answer_contest", CODE, contest="ECOWAS", answer="see list", by=REPRESENTATIVE["UNODC"])
    give(world, "withdraw_contest", CODE, contest="ECOWAS", by=FOCAL["ECOWAS"])
    give(world, "verify", CODE)
    it = standing(world)
    assert (it.decision, it.state) == (Decision.ADOPTED_AS_AMENDED, FollowUp.VERIFIED)
    free_text = [fact for fact in world.facts if b"alternates too" in msgspec.json.encode(fact)]
    assert free_text == []


def test_a_proposal_names_only_what_exists(world: Histories) -> None:
    unknown: dict[str, Any] = {
        "regions": ["ATLANTIS"],
        "working_groups": ["CHESS"],
        "clauses": ["JPOW-2024-2026-9"],
        "session": "S-9",
        "gaps": ["GAP-9"],
    }
    for field, value in unknown.items():
        with pytest.raises(NotFound):
            propose(world, **{field: value})
    with pytest.raises(InvalidInput) as refusal:
        propose(world, regions=[])
    assert [name for name, _ in refusal.value.fields] == ["regions"]


def test_a_proposal_refers_to_its_session_gaps_and_clauses(world: Histories) -> None:
    start, end = datetime(2025, 6, 25, 14, tzinfo=UTC), datetime(2025, 6, 25, 16, tzinfo=UTC)
    sitting = Sitting(room=None, starts_at=start, ends_at=end)
    was(
        world,
        Session,
        Session.identify("S-1"),
        said(
            Session.Created,
            code="S-1",
            retreat="R-2025",
            title="Capacity",
            kind=SessionKind.THEMATIC,
            sitting=sitting,
            attributed=True,
        ),
        said(
            Session.CapacityGapIdentified,
            code="GAP-1",
            region="WEST-AFRICA",
            working_group="BMLE",
            severity=Severity.HIGH,
            description="No forensic laboratory.",
            voiced_by="ECOWAS",
        ),
    )
    fields: dict[str, Any] = {"session": "S-1", "gaps": ["GAP-1"], "working_groups": ["BMLE"]}
    stated = propose(world, **fields, clauses=["JPOW-2024-2026-1"], regions=["WEST-AFRICA", "GLOBAL"])
    assert [(type(fact), fact.content()) for fact in stated] == [
        (
            Recommendation.Created,
            {
                "code": CODE,
                "proposer": "AU",
                "title": None,
                "text": TEXT,
                "session": "S-1",
                "gaps": ("GAP-1",),
                "regions": ("GLOBAL", "WEST-AFRICA"),
                "working_groups": ("BMLE",),
                "clauses": ("JPOW-2024-2026-1",),
            },
        )
    ]
    assert propose(world, **fields, clauses=["JPOW-2024-2026-1"], regions=["GLOBAL", "WEST-AFRICA"]) == []
    with pytest.raises(RuleViolation) as refusal:
        propose(world, text=AMENDED_TEXT)
    assert refusal.value.rule == "code.taken"


def test_the_secretariat_proposes_for_an_organization(world: Histories) -> None:
    give(world, "propose", code=CODE, text=TEXT, regions=["AFRICA"], on_behalf_of="ECOWAS")
    assert standing(world).proposer == "ECOWAS"


def test_an_organization_that_left_proposes_nothing(world: Histories) -> None:
    id = Organization.identify("AU")
    world.facts.append(said(Organization.Deactivated).stamped(id, 2, "organization"))
    with pytest.raises(RuleViolation) as refusal:
        propose(world)
    assert refusal.value.rule == "organization.inactive"


@pytest.mark.parametrize("verb", ["put_under_review", "refer"])
def test_what_is_put_before_a_body_is_put_before_one_that_exists(world: Histories, verb: str) -> None:
    reach(world, Decision.PROPOSED if verb == "put_under_review" else Decision.UNDER_REVIEW)
    arguments = {"body": "CHESS"} if verb == "put_under_review" else {"act": act(), "to_body": "CHESS"}
    with pytest.raises(NotFound):
        give(world, verb, CODE, **arguments)


def test_one_decision_covers_several_recommendations(world: Histories) -> None:
    codes = ["REC-2025-001", "REC-2025-002"]
    for code in codes:
        propose(world, code=code)
        give(world, "put_under_review", code, body="CC")
        give(world, "adopt", code, act=act(), text_version=1, assessment=ASSESSED)
    acts = [fact.act for fact in world.facts if isinstance(fact, Recommendation.Adopted)]
    assert acts == [act(), act()]


def test_a_chair_decides_for_the_own_body_alone(world: Histories) -> None:
    reach(world, Decision.UNDER_REVIEW)
    with pytest.raises(Forbidden):
        give(world, "adopt", CODE, act=act(), text_version=1, assessment=ASSESSED, by=CHAIR["BMLE"])
    with pytest.raises(RuleViolation) as refusal:
        give(world, "adopt", CODE, act=act(body="BMLE"), text_version=1, assessment=ASSESSED, by=CHAIR["BMLE"])
    assert refusal.value.rule == "recommendation.body"


def test_the_body_referred_to_returns_it(world: Histories) -> None:
    reach(world, Decision.REFERRED)
    give(world, "return_from_referral", CODE, meeting="CC-13", by=CHAIR["BMLE"])
    assert (standing(world).state, standing(world).body) == (Decision.UNDER_REVIEW, "CC")


@pytest.mark.parametrize("state", [Decision.NOT_ADOPTED, Decision.DEFERRED, FollowUp.UNASSIGNED, FollowUp.IN_PROGRESS])
def test_before_the_announcement_nothing_tells_what_was_decided(world: Histories, state: str) -> None:
    reach(world, state)
    arguments: dict[str, dict[str, Any]] = {
        "amend": {"text": AMENDED_TEXT},
        "withdraw": {},
        "respond": {"text_version": 1, "response": Response.NOTED},
    }
    for verb, named in arguments.items():
        with pytest.raises(Forbidden):
            give(world, verb, CODE, by=FOCAL["AU"], **named)
    with pytest.raises(RuleViolation) as refusal:
        propose(world, text=AMENDED_TEXT)
    assert (refusal.value.rule, refusal.value.state, refusal.value.details) == ("code.taken", None, {})


def test_those_who_see_what_is_withheld_go_on(world: Histories) -> None:
    reach(world, Decision.DEFERRED)
    give(world, "adopt", CODE, act=act(), text_version=1, assessment=ASSESSED, by=CHAIR["CC"])
    assert standing(world).state == FollowUp.UNASSIGNED


def test_who_is_given_work_is_in_the_directory_and_active(world: Histories) -> None:
    reach(world, FollowUp.UNASSIGNED)
    with pytest.raises(NotFound):
        give(world, "assign", CODE, lead="NOBODY", due_on=DUE)
    id = Organization.identify("UNDP")
    world.facts.append(said(Organization.Deactivated).stamped(id, 2, "organization"))
    with pytest.raises(RuleViolation) as refusal:
        give(world, "assign", CODE, lead="UNODC", partners=["UNDP"], due_on=DUE)
    assert refusal.value.rule == "organization.inactive"


def test_only_who_speaks_for_the_lead_claims(world: Histories) -> None:
    reach(world, FollowUp.IN_PROGRESS)
    announced(world)
    said: dict[str, Any] = {"action_taken": "all of it", "evidence": ["a list"]}
    for by in (REPRESENTATIVE["UNDP"], actor()):
        with pytest.raises(RuleViolation) as refusal:
            give(world, "claim_implementation", CODE, **said, by=by)
        assert refusal.value.rule == "recommendation.claimant"
    with pytest.raises(InvalidInput):
        give(world, "claim_implementation", CODE, action_taken=" ", evidence=["a list"], on_behalf_of="UNODC")
    [claim] = give(world, "claim_implementation", CODE, **said, on_behalf_of="UNODC")
    assert isinstance(claim, Recommendation.ImplementationClaimed)
    assert claim.organization == "UNODC"
    with pytest.raises(RuleViolation) as refusal:
        give(world, "verify", CODE, by=actor(name="a colleague of the recorder"))
    assert refusal.value.rule == "recommendation.verifier"
    assert refusal.value.details["recorded_by"] == "UNOCT"
    give(world, "verify", CODE, by=FOCAL["ECOWAS"])
    assert standing(world).state == FollowUp.VERIFIED


@pytest.mark.parametrize(
    ("regions", "concerned"),
    [
        (("WEST-AFRICA",), {"ECOWAS", "AU", "OIC"}),
        (("AFRICA",), {"ECOWAS", "AU", "OIC"}),
        (("EAST-AFRICA",), {"AU", "OIC"}),
        (("EUROPE",), {"OSCE", "OIC"}),
        (("GLOBAL",), {"ECOWAS", "AU", "OSCE", "OIC"}),
    ],
)
def test_regional_organizations_contest_and_verify_where_their_regions_meet(
    world: Histories, regions: tuple[str, ...], concerned: set[str]
) -> None:
    proposal = said(Recommendation.Created, code=CODE, proposer="AU", text=TEXT, regions=regions)
    was(world, Recommendation, Recommendation.identify(CODE), proposal, *STATES[FollowUp.IMPLEMENTED][1:], ANNOUNCED)
    refused_by: set[str] = set()
    for verb in ("contest_claim", "verify"):
        allowed = set()
        for code, by in FOCAL.items():
            try:
                [fact] = give(deepcopy(world), verb, CODE, by=by)
            except RuleViolation as refusal:
                refused_by.add(refusal.rule)
                continue
            assert isinstance(fact, Recommendation.ClaimContested | Recommendation.Verified)
            assert fact.meets == regions
            allowed.add(code)
        assert allowed == concerned
    assert refused_by <= {"recommendation.contestant", "recommendation.verifier"}


def test_a_united_nations_entity_is_not_regional_wherever_it_works(world: Histories) -> None:
    reach(world, FollowUp.IMPLEMENTED)
    announced(world)
    with pytest.raises(RuleViolation) as refusal:
        give(world, "contest_claim", CODE, on_behalf_of="UNOCT")
    assert refusal.value.rule == "recommendation.contestant"
    [contest] = give(world, "contest_claim", CODE, by=REPRESENTATIVE["UNDP"])
    assert isinstance(contest, Recommendation.ClaimContested)
    assert (contest.partner, contest.meets) == (True, ())


def test_a_ruling_is_the_bodys_and_no_party_gives_it(world: Histories) -> None:
    reach(world, FollowUp.CONTESTED)
    announced(world)
    ruling: dict[str, Any] = {"contest": "ECOWAS", "ending": ContestEnding.DISMISSED, "act": act("13/7")}
    for by in (FOCAL["ECOWAS"], REPRESENTATIVE["UNODC"], CHAIR["BMLE"]):
        with pytest.raises(Forbidden):
            give(world, "withdraw_contest", CODE, **ruling, by=by)
    give(world, "withdraw_contest", CODE, **ruling, by=CHAIR["CC"])
    assert standing(world).state == FollowUp.IMPLEMENTED


def test_the_secretariat_withdraws_on_behalf_of_the_proposer(world: Histories) -> None:
    reach(world, Decision.UNDER_REVIEW)
    with pytest.raises(RuleViolation) as refusal:
        give(world, "withdraw", CODE)
    assert refusal.value.rule == "recommendation.proposer"
    give(world, "withdraw", CODE, on_behalf_of="AU")
    assert standing(world).state == Decision.WITHDRAWN


def test_nothing_goes_back_before_a_body_that_is_no_more(world: Histories) -> None:
    reach(world, Decision.WITHDRAWN)
    world.facts.append(said(Entry.Retired).stamped(Entry.key(EntryKind.BODY, "CC"), 2, "catalogue_entry"))
    with pytest.raises(RuleViolation) as refusal:
        give(world, "reopen", CODE, closed_as=Closing.WITHDRAWN)
    assert refusal.value.rule == "catalogue.retired"


def test_who_belongs_nowhere_speaks_for_nobody(world: Histories) -> None:
    nobody = Actor(id=person("nobody"), roles=(RoleHeld(role=Role.SECRETARIAT_OFFICER),))
    with pytest.raises(InvalidInput) as refusal:
        give(world, "propose", code=CODE, text=TEXT, regions=["AFRICA"], by=nobody)
    assert [name for name, _ in refusal.value.fields] == ["onBehalfOf"]
