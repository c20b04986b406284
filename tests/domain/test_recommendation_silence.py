"""Adoption by silence: a text is put to members with a deadline, and is adopted unless one of them objects in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta, timezone
from typing import Any

import msgspec
import pytest

from compact_domain.body import Body, Membership
from compact_domain.kernel import ALARMS, Actor, Alarm, Command, Fact, Forbidden, InvalidInput, Role, RuleViolation
from compact_domain.organization import Organization
from compact_domain.reactions import at_its_moment
from compact_domain.recommendation import (
    Assessment,
    Closing,
    Decision,
    FollowUp,
    Objection,
    Recommendation,
    Response,
    Silence,
)
from compact_domain.vocabulary import BodyAct, CompactStatus, Method
from tests.domain.desk import PROCESS, event_id
from tests.domain.histories import Histories
from tests.domain.scenario import NOW, actor, command, said, sealed
from tests.domain.test_recommendation import (
    AMENDED,
    AMENDED_TEXT,
    ASSESSED,
    CHAIR,
    CODE,
    DEADLINE,
    DEFERRED,
    FIRST,
    FOCAL,
    OBJECTED,
    PROPOSED,
    PROPOSITION,
    REPRESENTATIVE,
    SILENT,
    UNDER_REVIEW,
    directory,
    doing,
    give,
    later,
    propose,
    recommendation,
    standing,
    was,
)

ACT = BodyAct(body="CC", meeting="CC-12", number="12/3", decided_on=DEADLINE.date(), method=Method.SILENCE_PROCEDURE)
ADOPTED_BY_SILENCE = said(Recommendation.Adopted, act=ACT, text_version=1, assessment=ASSESSED, silence=FIRST)
IN_SILENCE = (PROPOSED, UNDER_REVIEW, SILENT)
AT_THE_DEADLINE = command(now=DEADLINE)
TOO_LATE = later(command(), DEADLINE)


def starts(cmd: Command, **other: Any) -> Callable[[Recommendation], None]:
    said: dict[str, Any] = {**PROPOSITION, "deadline": DEADLINE, **other}
    return lambda it: it.start_silence(**said, cmd=cmd)


def objects(
    organization: str = "ECOWAS", *, of_body: bool = True, of_compact: bool = False, cmd: Command | None = None
) -> Callable[[Recommendation], None]:
    return lambda it: it.object(
        organization=organization, of_body=of_body, of_compact=of_compact, cmd=cmd or AT_THE_DEADLINE
    )


def adopts(silence: int = 1, cmd: Command = TOO_LATE) -> Callable[[Recommendation], None]:
    return lambda it: it.adopt_by_silence(silence=silence, cmd=cmd)


def test_a_silence_says_all_that_the_decision_will_say_and_until_when_it_can_be_broken() -> None:
    scenario = recommendation(PROPOSED, UNDER_REVIEW).when(starts(command())).then(SILENT)
    scenario.when(starts(command()))
    assert len(scenario.new) == 1
    it = scenario.aggregate()
    assert (it.decision, it.silence, it.act, it.announced) == (Decision.IN_SILENCE, FIRST, None, True)
    [alarm] = scenario.new[0].takes()
    assert Alarm.of(alarm) == Alarm(at=DEADLINE, command="recommendation.adopt_by_silence", reference=f"{it.id}:1")


def test_a_deadline_is_the_same_instant_in_whatever_offset_it_comes() -> None:
    elsewhere = DEADLINE.astimezone(timezone(timedelta(hours=9)))
    recommendation(*IN_SILENCE).when(starts(command(), deadline=elsewhere)).nothing()


@pytest.mark.parametrize("short", [timedelta(microseconds=1), timedelta(hours=1), timedelta(days=400)])
def test_a_silence_leaves_seventy_two_hours(short: timedelta) -> None:
    recommendation(PROPOSED, UNDER_REVIEW).when(starts(command(), deadline=DEADLINE - short)).refused(
        "recommendation.silence_period", deadline=(DEADLINE - short).isoformat(), earliest=DEADLINE.isoformat()
    )


def test_a_silence_is_about_the_text_as_it_stands_before_the_body_that_has_it() -> None:
    put = recommendation(PROPOSED, UNDER_REVIEW, AMENDED)
    put.when(starts(command())).refused("recommendation.text_version", given=1, current=2)
    put.when(starts(command(), text_version=2, body="BMLE")).refused("recommendation.body", body="BMLE", entitled="CC")


@pytest.mark.parametrize("missing", ["human_rights", "gender", "rule_of_law"])
def test_a_silence_needs_the_whole_assessment(missing: str) -> None:
    assessment: Assessment = msgspec.structs.replace(ASSESSED, **{missing: " "})
    recommendation(PROPOSED, UNDER_REVIEW).when(starts(command(), assessment=assessment)).refused(
        "recommendation.assessment", missing=missing
    )


def test_the_zone_that_a_deadline_is_spoken_of_in_exists() -> None:
    with pytest.raises(InvalidInput) as refusal:
        recommendation(PROPOSED, UNDER_REVIEW).when(starts(command(), zone="Mars/Olympus"))
    assert [name for name, _ in refusal.value.fields] == ["zone"]


def test_members_are_not_asked_about_what_they_may_not_know_of() -> None:
    withheld = recommendation(PROPOSED, UNDER_REVIEW, DEFERRED, UNDER_REVIEW)
    assert "start_silence" not in withheld.aggregate().allowed(NOW)
    withheld.when(starts(command())).refused("recommendation.unannounced", withheld=1)
    announced = recommendation(
        PROPOSED, UNDER_REVIEW, DEFERRED, UNDER_REVIEW, said(Recommendation.Announced, numbers=("12/2",))
    )
    announced.when(starts(command())).then(SILENT)


def test_a_member_breaks_the_silence_up_to_the_deadline() -> None:
    scenario = recommendation(*IN_SILENCE).when(objects()).then(OBJECTED)
    scenario.when(objects())
    assert len(scenario.new) == 1
    it = scenario.aggregate()
    assert (it.decision, it.silence, it.body, it.meeting) == (Decision.UNDER_REVIEW, None, "CC", "CC-12")
    assert it.objections == (Objection(silence=1, organization="ECOWAS"),)
    assert list(scenario.new[0].releases()) == [FIRST.alarm(it.id)]


@pytest.mark.parametrize(("of_body", "of_compact"), [(True, False), (False, True)])
def test_members_object_and_observers_comment(of_body: bool, of_compact: bool) -> None:
    member = recommendation(*IN_SILENCE).when(objects(of_body=of_body, of_compact=of_compact))
    member.then(said(Recommendation.Objected, silence=FIRST, organization="ECOWAS", of_body=of_body))
    observer = recommendation(*IN_SILENCE).when(objects(of_body=False))
    observer.refused("recommendation.objector", organization="ECOWAS", body="CC")
    observer.when(
        lambda it: it.respond(
            organization="ECOWAS", text_version=1, response=Response.NOTED, comment=sealed("comment"), cmd=command()
        )
    )
    assert observer.aggregate().state == Decision.IN_SILENCE


def test_an_amendment_breaks_the_silence() -> None:
    scenario = recommendation(*IN_SILENCE).when(doing("amend", AT_THE_DEADLINE))
    [amended] = scenario.new
    assert isinstance(amended, Recommendation.Amended)
    assert (amended.text_version, amended.silence) == (2, FIRST)
    it = scenario.aggregate()
    assert (it.decision, it.silence) == (Decision.UNDER_REVIEW, None)
    assert list(amended.releases()) == [FIRST.alarm(it.id)]
    scenario = recommendation(PROPOSED, UNDER_REVIEW).when(doing("amend"))
    assert list(scenario.new[0].releases()) == []


def test_a_proposer_may_withdraw_in_silence_and_what_is_reopened_is_under_review() -> None:
    scenario = recommendation(*IN_SILENCE).when(doing("withdraw", AT_THE_DEADLINE))
    scenario.then(said(Recommendation.Withdrawn, text_version=1, silence=FIRST))
    scenario.when(lambda it: it.reopen(closed_as=Closing.WITHDRAWN, cmd=command()))
    assert (scenario.aggregate().state, scenario.aggregate().silence) == (Decision.UNDER_REVIEW, None)


def test_a_silence_is_called_off_and_another_may_follow() -> None:
    ends = doing("end_silence", AT_THE_DEADLINE)
    scenario = recommendation(*IN_SILENCE).when(ends).when(ends)
    scenario.then(said(Recommendation.SilenceEnded, silence=FIRST))
    second = Silence(number=2, deadline=DEADLINE + timedelta(hours=72))
    scenario.when(starts(AT_THE_DEADLINE, deadline=second.deadline))
    assert scenario.aggregate().silence == second
    scenario.when(doing("end_silence", command(now=second.deadline)))
    assert (scenario.aggregate().silences, scenario.aggregate().called_off) == (2, 2)


def test_an_objection_is_withdrawn_for_the_record_and_the_silence_stays_ended() -> None:
    withdraws = doing("withdraw_objection", TOO_LATE)
    scenario = recommendation(*IN_SILENCE, OBJECTED).when(withdraws).when(withdraws)
    scenario.then(said(Recommendation.ObjectionWithdrawn, silence=1, organization="ECOWAS"))
    it = scenario.aggregate()
    assert (it.state, it.silence, it.open_objections) == (Decision.UNDER_REVIEW, None, ())
    recommendation(*IN_SILENCE, OBJECTED).when(
        lambda it: it.withdraw_objection(organization="UNDP", cmd=command())
    ).refused("recommendation.objection", organization="UNDP", objecting="ECOWAS")


def test_who_objected_once_may_object_to_the_next_silence_too() -> None:
    second = Silence(number=2, deadline=DEADLINE + timedelta(days=10))
    again = said(Recommendation.SilenceStarted, silence=second, **PROPOSITION)
    scenario = recommendation(*IN_SILENCE, OBJECTED, again).when(objects())
    scenario.then(said(Recommendation.Objected, silence=second, organization="ECOWAS", of_body=True))
    scenario.when(doing("withdraw_objection"))
    assert scenario.aggregate().objections == (
        Objection(silence=1, organization="ECOWAS"),
        Objection(silence=2, organization="ECOWAS", withdrawn=True),
    )
    scenario.when(doing("withdraw_objection")).when(doing("withdraw_objection"))
    assert (scenario.aggregate().open_objections, len(scenario.new)) == ((), 3)


def test_what_nobody_objected_to_is_adopted_as_of_the_day_of_the_deadline() -> None:
    scenario = recommendation(*IN_SILENCE).when(adopts()).then(ADOPTED_BY_SILENCE)
    scenario.when(adopts())
    assert len(scenario.new) == 1
    it = scenario.aggregate()
    assert (it.decision, it.state, it.act) == (Decision.ADOPTED, FollowUp.UNASSIGNED, ACT)
    assert (it.adopted_version, it.assessment, it.announced) == (1, ASSESSED, False)
    assert list(scenario.new[0].releases()) == [FIRST.alarm(it.id)]


def test_a_text_amended_before_the_silence_is_adopted_as_amended() -> None:
    silent = said(Recommendation.SilenceStarted, silence=FIRST, **PROPOSITION | {"text_version": 2})
    scenario = recommendation(PROPOSED, UNDER_REVIEW, AMENDED, silent).when(adopts())
    assert scenario.aggregate().decision is Decision.ADOPTED_AS_AMENDED


@pytest.mark.parametrize("cmd", [command(), AT_THE_DEADLINE])
def test_silence_does_not_adopt_before_it_is_over(cmd: Command) -> None:
    recommendation(*IN_SILENCE).when(adopts(cmd=cmd)).refused(
        "recommendation.silence_deadline", deadline=DEADLINE.isoformat()
    )


def test_an_alarm_of_a_silence_that_ended_adopts_nothing() -> None:
    second = Silence(number=2, deadline=DEADLINE + timedelta(days=10))
    again = said(Recommendation.SilenceStarted, silence=second, **PROPOSITION)
    recommendation(*IN_SILENCE, OBJECTED).when(adopts()).refused("state")
    recommendation(*IN_SILENCE, OBJECTED, again).when(adopts()).refused("recommendation.silence_deadline")
    recommendation(*IN_SILENCE, OBJECTED, again).when(adopts(cmd=later(command(), second.deadline))).refused(
        "recommendation.silence_procedure", silence=1, present=2
    )


@pytest.mark.parametrize(
    "verb", ["amend", "object", "end_silence", "withdraw", "withdraw_objection", "adopt", "assign", "mark_overtaken"]
)
def test_past_the_deadline_the_text_counts_as_adopted_though_that_is_not_recorded(verb: str) -> None:
    scenario = recommendation(*IN_SILENCE)
    assert scenario.aggregate().allowed(TOO_LATE.now) == ("respond", "adopt_by_silence")
    scenario.when(doing(verb, TOO_LATE)).refused("recommendation.silence_deadline", deadline=DEADLINE.isoformat())
    assert scenario.refusal is not None
    assert scenario.refusal.state == FollowUp.UNASSIGNED
    recommendation(*IN_SILENCE).when(doing("respond", TOO_LATE)).then(
        said(Recommendation.Responded, organization="ECOWAS", text_version=1, response=Response.SUPPORTED)
    )


@pytest.mark.parametrize(
    "verb", ["adopt", "decline_to_adopt", "defer", "refer", "supersede", "merge", "mark_overtaken"]
)
def test_a_silence_is_ended_before_anything_else_is_decided(verb: str) -> None:
    recommendation(*IN_SILENCE).when(doing(verb)).refused("state")


# commands


def world() -> Histories:
    """A recommendation before the Committee, in which UNDP sits as a member and UNODC as an observer."""
    histories = directory()
    was(
        histories,
        Body,
        Body.identify("CC"),
        said(Body.Created, code="CC"),
        said(Body.Joined, organization="UNDP", membership=Membership.MEMBER),
        said(Body.Joined, organization="UNODC", membership=Membership.OBSERVER),
    )
    propose(histories)
    give(histories, "put_under_review", CODE, body="CC", meeting="CC-12")
    return histories


def silent() -> Histories:
    histories = world()
    start(histories)
    return histories


def start(histories: Histories, **other: Any) -> list[Fact]:
    said: dict[str, Any] = {**PROPOSITION, "deadline": histories.now + timedelta(hours=72), **other}
    return give(histories, "start_silence", CODE, **said, by=CHAIR["CC"])


def wake(histories: Histories) -> list[Fact]:
    """Let the process give every command whose moment has come; answers what was stated."""
    stated: list[Fact] = []
    for key in histories.claims(ALARMS):
        if (alarm := Alarm.of(key)).at <= histories.now:
            fact = next(fact for fact in reversed(histories.facts) if key in fact.takes())
            then = at_its_moment(alarm, fact, event_id(fact)).then
            stated += histories.run(
                then.command,
                then.decide,
                by=PROCESS,
                effective_on=then.effective_on,
                causation_id=event_id(fact),
            )
    return stated


def test_however_late_the_process_wakes_the_text_is_adopted_once_and_on_its_day() -> None:
    histories = silent()
    assert wake(histories) == []
    histories.passes(days=30)
    [adopted] = wake(histories)
    assert isinstance(adopted, Recommendation.Adopted)
    assert (adopted.act, adopted.provenance.effective_on) == (ACT, DEADLINE.date())
    assert adopted.timestamp == NOW + timedelta(days=30)
    assert adopted.provenance.causation_id == event_id(
        next(fact for fact in histories.facts if isinstance(fact, Recommendation.SilenceStarted))
    )
    assert wake(histories) == []
    assert histories.claims(ALARMS) == []


def test_the_same_by_hand_in_between_is_refused_and_adds_nothing() -> None:
    histories = silent()
    histories.passes(hours=73)
    adoption: dict[str, Any] = {"text_version": 1, "assessment": ASSESSED}
    by_hand = msgspec.structs.replace(ACT, method=Method.CONSENSUS, decided_on=date(2025, 6, 1))
    for act in (ACT, by_hand):
        with pytest.raises(RuleViolation) as refusal:
            give(histories, "adopt", CODE, act=act, **adoption, by=CHAIR["CC"])
        assert refusal.value.rule == "recommendation.silence_deadline"
    assert len(wake(histories)) == 1
    assert give(histories, "adopt", CODE, act=ACT, **adoption, by=CHAIR["CC"]) == []
    with pytest.raises(RuleViolation) as refusal:
        give(histories, "adopt", CODE, act=by_hand, **adoption, by=CHAIR["CC"])
    assert refusal.value.rule == "state"


@pytest.mark.parametrize(
    ("verb", "more", "by"),
    [
        ("object", {}, REPRESENTATIVE["UNDP"]),
        ("amend", {"text": AMENDED_TEXT}, FOCAL["AU"]),
        ("end_silence", {}, CHAIR["CC"]),
        ("withdraw", {}, FOCAL["AU"]),
    ],
)
def test_a_silence_that_was_broken_rings_no_more(verb: str, more: dict[str, str], by: Actor) -> None:
    histories = silent()
    give(histories, verb, CODE, **more, by=by)
    assert histories.claims(ALARMS) == []
    histories.passes(days=30)
    assert wake(histories) == []


def test_a_second_silence_rings_at_its_own_deadline() -> None:
    histories = silent()
    give(histories, "object", CODE, by=REPRESENTATIVE["UNDP"])
    histories.passes(hours=1)
    start(histories, number="12/4")
    histories.passes(hours=71, minutes=59)
    assert wake(histories) == []
    histories.passes(minutes=2)
    [adopted] = wake(histories)
    assert isinstance(adopted, Recommendation.Adopted)
    assert (adopted.silence, adopted.act.number) == (Silence(number=2, deadline=NOW + timedelta(hours=73)), "12/4")


def compact(histories: Histories, organization: str, status: CompactStatus) -> None:
    """Let an organization have come into the Compact."""
    changed = said(
        Organization.CompactStatusChanged, compact_status=status, since=date(2025, 1, 1), before=CompactStatus.NONE
    )
    histories.facts.append(changed.stamped(Organization.identify(organization), 2, "organization"))


@pytest.mark.parametrize(
    ("organization", "status", "of_body"),
    [("UNDP", CompactStatus.NONE, True), ("AU", CompactStatus.MEMBER, False)],
    ids=["a member of the body", "a member of the Compact that does not sit in the body"],
)
def test_members_of_the_body_object_and_of_the_compact(organization: str, status: CompactStatus, of_body: bool) -> None:
    histories = silent()
    compact(histories, organization, status)
    [fact] = give(histories, "object", CODE, by=REPRESENTATIVE[organization])
    assert isinstance(fact, Recommendation.Objected)
    assert fact.of_body == of_body


@pytest.mark.parametrize(
    ("organization", "status"),
    [("UNODC", CompactStatus.MEMBER), ("ECOWAS", CompactStatus.OBSERVER), ("OSCE", CompactStatus.NONE)],
    ids=["an observer in the body", "an observer in the Compact", "neither here nor there"],
)
def test_who_observes_does_not_object(organization: str, status: CompactStatus) -> None:
    histories = silent()
    compact(histories, organization, status)
    with pytest.raises(RuleViolation) as refusal:
        give(histories, "object", CODE, on_behalf_of=organization)
    assert refusal.value.rule == "recommendation.objector"
    assert refusal.value.details == {"organization": organization, "body": "CC"}


def test_the_secretariat_objects_for_a_member_and_not_for_itself() -> None:
    histories = silent()
    with pytest.raises(RuleViolation) as refusal:
        give(histories, "object", CODE)
    assert refusal.value.rule == "recommendation.objector"
    [objected] = give(histories, "object", CODE, on_behalf_of="UNDP")
    assert isinstance(objected, Recommendation.Objected)
    assert objected.provenance.reason is not None


def test_a_chair_starts_and_ends_silences_of_the_own_body_alone() -> None:
    histories = world()
    said: dict[str, Any] = {**PROPOSITION, "deadline": DEADLINE}
    with pytest.raises(Forbidden):
        give(histories, "start_silence", CODE, **said, by=CHAIR["BMLE"])
    start(histories)
    for by in (CHAIR["BMLE"], REPRESENTATIVE["UNDP"]):
        with pytest.raises(Forbidden):
            give(histories, "end_silence", CODE, by=by)
    give(histories, "end_silence", CODE, by=CHAIR["CC"])


def test_nobody_but_the_process_adopts_by_silence() -> None:
    histories = silent()
    histories.passes(hours=73)
    for by in (actor(), CHAIR["CC"], actor(Role.SECRETARIAT_ADMINISTRATOR)):
        with pytest.raises(Forbidden):
            give(histories, "adopt_by_silence", CODE, silence=1, by=by)


def test_what_silence_adopted_is_withheld_until_it_is_announced() -> None:
    histories = silent()
    histories.passes(hours=73)
    wake(histories)
    with pytest.raises(Forbidden):
        give(histories, "object", CODE, by=REPRESENTATIVE["UNDP"])
    give(histories, "announce", CODE, number="12/3")
    with pytest.raises(RuleViolation) as refusal:
        give(histories, "object", CODE, by=REPRESENTATIVE["UNDP"])
    assert (refusal.value.rule, refusal.value.state) == ("state", "unassigned")
    give(histories, "assign", CODE, lead="UNDP", due_on=date(2025, 12, 31), by=CHAIR["CC"])
    assert standing(histories).state == FollowUp.ASSIGNED


def test_who_objects_second_finds_the_silence_broken() -> None:
    histories = silent()
    compact(histories, "AU", CompactStatus.MEMBER)
    give(histories, "object", CODE, by=REPRESENTATIVE["UNDP"])
    with pytest.raises(RuleViolation) as refusal:
        give(histories, "object", CODE, by=FOCAL["AU"])
    assert (refusal.value.rule, refusal.value.state) == ("state", Decision.UNDER_REVIEW)
