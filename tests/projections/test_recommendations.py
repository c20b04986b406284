"""Recommendations as rows: how each stands, what is withheld of it, and the parts that single facts add."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from compact_domain.kernel import Role, end_of_day
from compact_domain.published import facts
from compact_domain.recommendation import (
    Assessment,
    Closing,
    ContestEnding,
    Decision,
    Ending,
    FollowUp,
    ObstacleKind,
    Recommendation,
    Reminder,
    ReminderKind,
    Response,
    Silence,
)
from compact_domain.vocabulary import BodyAct, Method
from compact_projections.asking import Moment
from compact_projections.decisions import DecisionOutcome, Decisions
from compact_projections.recommendations import (
    ClaimState,
    Progress,
    RecommendationRow,
    Recommendations,
    Reminders,
    Responses,
    Texts,
    latest_words,
)
from compact_projections.silences import (
    Objections,
    ObjectionWithdrawals,
    SilenceEnds,
    SilenceOutcome,
    Silences,
)
from tests.domain.scenario import NOW, Said, actor, said, sealed
from tests.projections.rows import Rows, shown

TEXT, AMENDED_TEXT = "Designate a focal point.", "Designate a focal point and an alternate."
DUE = date(2025, 12, 31)
ASSESSED = Assessment(human_rights="Oversight.", gender="Half are women.", rule_of_law="By mandate.")


def act(number: str, *, body: str = "CC", meeting: str = "CC-12") -> BodyAct:
    on = date(2025, 5, 20)
    return BodyAct(body=body, meeting=meeting, number=number, decided_on=on, method=Method.CONSENSUS)


PROPOSED = said(
    Recommendation.Created, code="REC-1", proposer="AU", text=TEXT, regions=("WEST-AFRICA",), title="Focal points"
)
UNDER_REVIEW = said(Recommendation.PutUnderReview, body="CC", meeting="CC-12", text_version=1)
AMENDED = said(Recommendation.Amended, text_version=2, title="Focal points", text=AMENDED_TEXT, organization="AU")
DEFERRED = said(Recommendation.Deferred, act=act("2"), text_version=1, to_meeting="CC-13", to_date=None)
REFERRED = said(Recommendation.Referred, act=act("1"), text_version=1, to_body="BMLE")
RETURNED = said(Recommendation.ReturnedFromReferral, from_body="BMLE", body="CC", meeting="CC-13", text_version=1)
NOT_ADOPTED = said(Recommendation.NotAdopted, act=act("3"), text_version=1)
ADOPTION = said(Recommendation.Adopted, act=act("3"), text_version=1, assessment=ASSESSED)
ASSIGNED = said(Recommendation.Assigned, lead="UNODC", partners=("UNDP",), due_on=DUE, zone="America/New_York")
PROGRESS = said(Recommendation.ProgressReported, organization="UNODC", text=sealed("text"), percentage=40)
CLAIMED = said(
    Recommendation.ImplementationClaimed,
    by=actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC"),
    claim=1,
    organization="UNODC",
    action_taken=sealed("action_taken"),
    evidence=(sealed("evidence"),),
)
VERIFIED = said(Recommendation.Verified, claim=1, organization="UNOCT", secretariat=True, meets=())


def announced(*numbers: str) -> Said:
    return said(Recommendation.Announced, numbers=numbers)


def contested(organization: str) -> Said:
    return said(
        Recommendation.ClaimContested, claim=1, organization=organization, partner=False, meets=("WEST-AFRICA",)
    )


AT_WORK = (PROPOSED, UNDER_REVIEW, ADOPTION, announced("3"), ASSIGNED, PROGRESS)


def recommendations(*facts: Said) -> Rows:
    models = (Recommendations, Texts, Responses, Progress, Decisions, Reminders)
    of_silence = (Silences, SilenceEnds, Objections, ObjectionWithdrawals)
    return Rows(*models, *of_silence).given(Recommendation, *facts)


def row(*facts: Said) -> RecommendationRow:
    found: RecommendationRow = recommendations(*facts).one(Recommendations)
    return found


def shown_to_outsiders(rows: Rows) -> Any:
    """The row that those see who are told only what was announced."""
    versions = rows.shelves[Recommendations].versions()
    (found,) = [v.row for v in versions if v.since <= rows.position < v.open_until]
    return found


def at(now: datetime) -> Moment:
    return Moment(position=1, now=now, live=False)


def test_a_text_adopted_as_it_was_put_is_adopted_and_another_is_adopted_as_amended() -> None:
    second = said(Recommendation.Adopted, act=act("3"), text_version=2, assessment=ASSESSED)
    assert shown(row(PROPOSED, UNDER_REVIEW, ADOPTION), "decision", "text", "follow_up") == (
        Decision.ADOPTED,
        TEXT,
        FollowUp.UNASSIGNED,
    )
    assert shown(row(PROPOSED, UNDER_REVIEW, AMENDED, second), "decision", "text", "adopted_version") == (
        Decision.ADOPTED_AS_AMENDED,
        AMENDED_TEXT,
        2,
    )


def test_every_fact_of_a_recommendation_changes_its_row() -> None:
    """A fact without a fold would leave the version behind, and be told to those from whom it is withheld."""
    stated = {kind for kind in facts().values() if issubclass(kind, Recommendation.Event)}
    assert stated == Recommendations().folds.keys()
    assert {kind for kind in stated if issubclass(kind, Recommendation.Event) and kind.WITHHELD} == {
        *Decisions().folds.keys()
    }


def test_every_fact_counts_as_a_version() -> None:
    responded = said(Recommendation.Responded, organization="UNDP", text_version=1, response=Response.NOTED)
    assert row(PROPOSED, UNDER_REVIEW, responded, DEFERRED, announced("2")).version == 5


@pytest.mark.parametrize("decided", [ADOPTION, NOT_ADOPTED, DEFERRED, REFERRED])
def test_what_is_decided_is_withheld_with_all_that_follows_until_it_is_announced(decided: Said) -> None:
    number = decided.fields["act"].number
    rows = recommendations(PROPOSED, UNDER_REVIEW, decided)
    assert rows.one(Recommendations).unannounced == (number,)
    assert shown(shown_to_outsiders(rows), "decision", "version") == (Decision.UNDER_REVIEW, 2)
    rows.given(
        Recommendation, said(Recommendation.Responded, organization="AU", text_version=1, response=Response.NOTED)
    )
    assert shown(shown_to_outsiders(rows), "decision", "version") == (Decision.UNDER_REVIEW, 2)
    rows.given(Recommendation, announced(number))
    assert shown_to_outsiders(rows) == rows.one(Recommendations)
    assert shown(rows.one(Recommendations), "unannounced", "withheld_from", "version") == ((), None, 5)


def test_a_decision_taken_while_another_is_withheld_joins_it() -> None:
    rows = recommendations(PROPOSED, UNDER_REVIEW, DEFERRED, ADOPTION)
    assert shown(rows.one(Recommendations), "unannounced", "withheld_from") == (("2", "3"), 3)
    assert [shown(one, "number", "version") for one in rows.of(Decisions)] == [("2", 3), ("3", 4)]


def test_each_decision_tells_what_was_decided() -> None:
    rows = recommendations(PROPOSED, UNDER_REVIEW, REFERRED, RETURNED, DEFERRED, NOT_ADOPTED)
    assert [shown(one, "outcome", "number", "to_body", "to_meeting") for one in rows.of(Decisions)] == [
        (DecisionOutcome.REFERRED, "1", "BMLE", None),
        (DecisionOutcome.DEFERRED, "2", None, "CC-13"),
        (DecisionOutcome.NOT_ADOPTED, "3", None, None),
    ]
    assert {one.act for one in rows.of(Decisions)} == {"CC CC-12 1", "CC CC-12 2", "CC CC-12 3"}


def test_a_referral_names_both_bodies_and_a_return_the_first() -> None:
    referred = row(PROPOSED, UNDER_REVIEW, REFERRED)
    assert shown(referred, "body", "referred_by", "bodies") == ("BMLE", "CC", ("BMLE", "CC"))
    returned = row(PROPOSED, UNDER_REVIEW, REFERRED, RETURNED)
    assert shown(returned, "body", "referred_by", "meeting", "decision") == (
        "CC",
        None,
        "CC-13",
        Decision.UNDER_REVIEW,
    )


def test_a_reopening_leads_back_to_where_it_was() -> None:
    undone = said(
        Recommendation.Reopened,
        closed_as=Closing.NOT_ADOPTED,
        decision=Decision.DEFERRED,
        act=act("2"),
        follow_up=None,
    )
    again = row(PROPOSED, UNDER_REVIEW, DEFERRED, NOT_ADOPTED, undone)
    assert shown(again, "decision", "act", "decided_by", "deferred_to_meeting") == (
        Decision.DEFERRED,
        act("2"),
        "CC",
        "CC-13",
    )


def test_a_verification_undone_leaves_the_claim_and_a_claim_undone_leaves_the_work() -> None:
    def reopened(closed_as: Closing, follow_up: FollowUp) -> Said:
        return said(
            Recommendation.Reopened, closed_as=closed_as, decision=Decision.ADOPTED, act=act("3"), follow_up=follow_up
        )

    verified = row(*AT_WORK, CLAIMED, VERIFIED)
    assert (verified.verified_by, verified.claims[0].state) == ("UNOCT", ClaimState.VERIFIED)
    unverified = row(*AT_WORK, CLAIMED, VERIFIED, reopened(Closing.VERIFIED, FollowUp.IMPLEMENTED))
    assert shown(unverified, "follow_up", "verified_by", "verified_on") == (FollowUp.IMPLEMENTED, None, None)
    claim = unverified.claims[0]
    assert (claim.state, claim.verified_by) == (ClaimState.STANDING, None)
    unclaimed = row(*AT_WORK, CLAIMED, reopened(Closing.IMPLEMENTED, FollowUp.IN_PROGRESS))
    assert (unclaimed.follow_up, unclaimed.claims[0].state) == (FollowUp.IN_PROGRESS, ClaimState.REOPENED)


def test_a_claim_stands_again_once_no_contest_is_open() -> None:
    both = (*AT_WORK, CLAIMED, contested("ECOWAS"), contested("AU"))
    withdrawn = said(Recommendation.ContestWithdrawn, claim=1, contest="ECOWAS")
    dismissed = said(Recommendation.ContestRuled, claim=1, contest="AU", act=act("4"), upheld=False)
    one_left = row(*both, withdrawn)
    assert (one_left.follow_up, one_left.claims[0].state) == (FollowUp.CONTESTED, ClaimState.CONTESTED)
    none_left = row(*both, withdrawn, dismissed)
    assert (none_left.follow_up, none_left.claims[0].state) == (FollowUp.IMPLEMENTED, ClaimState.STANDING)
    assert [(contest.organization, contest.ending, contest.act) for contest in none_left.claims[0].contests] == [
        ("ECOWAS", ContestEnding.WITHDRAWN, None),
        ("AU", ContestEnding.DISMISSED, act("4")),
    ]
    assert none_left.unannounced == ("4",)


def test_a_claim_that_falls_takes_every_open_contest_with_it() -> None:
    both = (*AT_WORK, CLAIMED, contested("ECOWAS"), contested("AU"))
    gave_way = row(*both, said(Recommendation.ClaimWithdrawn, claim=1, contest="ECOWAS"))
    upheld = row(*both, said(Recommendation.ContestRuled, claim=1, contest="AU", act=act("4"), upheld=True))
    for fallen, ending, state in (
        (gave_way, ContestEnding.CLAIM_WITHDRAWN, ClaimState.WITHDRAWN),
        (upheld, ContestEnding.UPHELD, ClaimState.OVERTURNED),
    ):
        assert (fallen.follow_up, fallen.claims[0].state) == (FollowUp.IN_PROGRESS, state)
        assert [contest.ending for contest in fallen.claims[0].contests] == [ending, ending]


def test_a_contest_made_again_is_answered_apart_from_the_first() -> None:
    withdrawn = said(Recommendation.ContestWithdrawn, claim=1, contest="ECOWAS")
    answered = said(Recommendation.ContestAnswered, claim=1, contest="ECOWAS", answer=sealed("answer"))
    again = row(*AT_WORK, CLAIMED, contested("ECOWAS"), withdrawn, contested("ECOWAS"), answered)
    assert [len(contest.answers) for contest in again.claims[0].contests] == [0, 1]


def test_it_is_overdue_once_the_last_day_is_over_where_it_is_due() -> None:
    due = row(*AT_WORK)
    assert due.falls_due_at == datetime(2026, 1, 1, 5, 0, tzinfo=UTC)
    assert not due.is_overdue(at(datetime(2026, 1, 1, 5, 0, tzinfo=UTC)))
    assert due.is_overdue(at(datetime(2026, 1, 1, 5, 0, 1, tzinfo=UTC)))
    moved = said(Recommendation.DueDateChanged, due_on=date(2026, 6, 30), zone="UTC")
    assert row(*AT_WORK, moved).falls_due_at == datetime(2026, 7, 1, tzinfo=UTC)


def test_a_claim_stops_the_clock_until_it_falls() -> None:
    long_after = at(datetime(2027, 1, 1, tzinfo=UTC))
    assert not row(*AT_WORK, CLAIMED).is_overdue(long_after)
    assert not row(*AT_WORK, CLAIMED, contested("ECOWAS")).is_overdue(long_after)
    gave_way = said(Recommendation.ClaimWithdrawn, claim=1, contest="ECOWAS")
    assert row(*AT_WORK, CLAIMED, contested("ECOWAS"), gave_way).is_overdue(long_after)
    assert not row(PROPOSED, UNDER_REVIEW, ADOPTION).is_overdue(long_after)


def test_a_day_ends_when_the_next_begins_also_where_clocks_change() -> None:
    assert end_of_day(date(2025, 3, 30), "Europe/Paris") == datetime(2025, 3, 30, 22, 0, tzinfo=UTC)
    assert end_of_day(date(2025, 3, 29), "Europe/Paris") == datetime(2025, 3, 29, 23, 0, tzinfo=UTC)


def test_a_lead_and_partners_change_and_a_percentage_left_out_stays() -> None:
    changed = row(
        *AT_WORK,
        said(Recommendation.Reassigned, lead="UNDP", partners=("UNODC",)),
        said(Recommendation.ProgressReported, organization="UNDP", text=sealed("text"), percentage=None),
    )
    assert shown(changed, "lead", "partners", "percentage", "due_on") == ("UNDP", ("UNODC",), 40, DUE)


def test_it_stands_since_what_brought_it_there_whatever_is_said_of_it_meanwhile() -> None:
    def on(day: int, fact: Said) -> Said:
        return said(fact.fact, at=NOW + timedelta(days=day), **fact.fields)

    history = [on(1, PROPOSED), on(2, AMENDED), on(3, UNDER_REVIEW), on(4, DEFERRED)]
    again = said(Recommendation.Deferred, act=act("4"), text_version=1, to_meeting="CC-14", to_date=None)
    since = [row(*history[:n]).stands_since for n in (1, 2, 3, 4)]
    assert [(instant - NOW).days for instant in since] == [1, 1, 3, 4]
    assert row(*history, on(5, announced("2"))).stands_since == since[-1]
    assert row(*history, on(5, again)).stands_since == NOW + timedelta(days=5), "it was put off anew"


def test_whether_it_names_gaps_is_told_beside_them() -> None:
    assert row(PROPOSED).answers_gaps is False
    assert row(said(PROPOSED.fact, **PROPOSED.fields, gaps=("GAP-1",)), UNDER_REVIEW).answers_gaps is True


def test_every_text_response_and_report_is_kept_as_it_was_said() -> None:
    def responded(organization: str, version: int, response: Response) -> Said:
        return said(Recommendation.Responded, organization=organization, text_version=version, response=response)

    rows = recommendations(
        PROPOSED,
        responded("ECOWAS", 1, Response.NOTED),
        responded("UNDP", 1, Response.SUPPORTED),
        responded("ECOWAS", 1, Response.SUPPORTED_IN_PART),
        AMENDED,
        responded("ECOWAS", 2, Response.SUPPORTED),
    )
    assert [shown(one, "number", "text", "version") for one in rows.of(Texts)] == [(1, TEXT, 1), (2, AMENDED_TEXT, 5)]
    assert len(rows.of(Responses)) == 4
    assert [shown(one, "organization", "text_version", "response") for one in latest_words(rows.of(Responses))] == [
        ("UNDP", 1, Response.SUPPORTED),
        ("ECOWAS", 1, Response.SUPPORTED_IN_PART),
        ("ECOWAS", 2, Response.SUPPORTED),
    ]
    assert [shown(one, "organization", "percentage") for one in recommendations(*AT_WORK).of(Progress)] == [
        ("UNODC", 40)
    ]


DEADLINE = NOW + timedelta(hours=72)
FIRST = Silence(number=1, deadline=DEADLINE)
SILENT = said(
    Recommendation.SilenceStarted,
    silence=FIRST,
    body="CC",
    meeting="CC-12",
    number="3",
    text_version=1,
    assessment=ASSESSED,
    zone="America/New_York",
)
OBJECTED = said(Recommendation.Objected, silence=FIRST, organization="UNDP", of_body=True)


def test_a_silence_shows_what_was_put_to_whom_until_when() -> None:
    rows = recommendations(PROPOSED, UNDER_REVIEW, SILENT)
    assert shown(rows.one(Recommendations), "decision", "silence", "silence_deadline", "act") == (
        Decision.IN_SILENCE,
        1,
        DEADLINE,
        None,
    )
    assert shown(rows.one(Silences), "number", "body", "decision_number", "text_version", "deadline", "zone") == (
        1,
        "CC",
        "3",
        1,
        DEADLINE,
        "America/New_York",
    )
    assert rows.of(SilenceEnds) == []


@pytest.mark.parametrize(
    ("fact", "outcome", "decision"),
    [
        (OBJECTED, SilenceOutcome.OBJECTED, Decision.UNDER_REVIEW),
        (said(Recommendation.SilenceEnded, silence=FIRST), SilenceOutcome.CALLED_OFF, Decision.UNDER_REVIEW),
        (
            said(
                Recommendation.Amended,
                text_version=2,
                title="Focal points",
                text=AMENDED_TEXT,
                organization="AU",
                silence=FIRST,
            ),
            SilenceOutcome.AMENDED,
            Decision.UNDER_REVIEW,
        ),
        (
            said(Recommendation.Withdrawn, text_version=1, silence=FIRST),
            SilenceOutcome.WITHDRAWN,
            Decision.WITHDRAWN,
        ),
        (
            said(Recommendation.Adopted, act=act("3"), text_version=1, assessment=ASSESSED, silence=FIRST),
            SilenceOutcome.ADOPTED,
            Decision.ADOPTED,
        ),
    ],
)
def test_a_silence_ends_by_whatever_breaks_it_or_by_its_deadline(
    fact: Said, outcome: SilenceOutcome, decision: Decision
) -> None:
    rows = recommendations(PROPOSED, UNDER_REVIEW, SILENT, fact)
    assert shown(rows.one(SilenceEnds), "number", "outcome", "version") == (1, outcome, 4)
    assert shown(rows.one(Recommendations), "decision", "silence", "silence_deadline") == (decision, None, None)


def test_what_ends_no_silence_leaves_no_end_of_one() -> None:
    withdrawn = said(Recommendation.Withdrawn, text_version=2)
    assert recommendations(PROPOSED, UNDER_REVIEW, AMENDED, withdrawn).of(SilenceEnds) == []
    assert recommendations(PROPOSED, UNDER_REVIEW, ADOPTION).of(SilenceEnds) == []


def test_a_silence_that_adopted_looks_to_outsiders_as_before_until_it_is_announced() -> None:
    adopted = said(Recommendation.Adopted, act=act("3"), text_version=1, assessment=ASSESSED, silence=FIRST)
    rows = recommendations(PROPOSED, UNDER_REVIEW, SILENT)
    before = shown_to_outsiders(rows)
    rows.given(Recommendation, adopted)
    assert shown_to_outsiders(rows) == before
    assert rows.one(SilenceEnds).version > before.version, "a part of a later version is not shown"
    rows.given(Recommendation, announced("3"))
    assert shown_to_outsiders(rows).decision is Decision.ADOPTED


def test_an_objection_is_kept_and_so_is_its_withdrawal() -> None:
    withdrawn = said(Recommendation.ObjectionWithdrawn, silence=1, organization="UNDP")
    rows = recommendations(PROPOSED, UNDER_REVIEW, SILENT, OBJECTED, withdrawn)
    assert shown(rows.one(Objections), "silence", "organization", "of_body") == (1, "UNDP", True)
    assert shown(rows.one(ObjectionWithdrawals), "silence", "organization") == (1, "UNDP")
    assert rows.one(Recommendations).decision is Decision.UNDER_REVIEW


STEP = said(
    Recommendation.MilestoneSet,
    milestone="M-1",
    title="Letters sent",
    due_on=date(2025, 9, 30),
    zone="America/New_York",
    organization="UNODC",
)
STEP_TAKEN = said(
    Recommendation.MilestoneCompleted, milestone="M-1", organization="UNDP", evidence=(sealed("evidence"),)
)


def test_the_first_milestone_begins_the_work_and_each_is_kept_with_its_evidence() -> None:
    begun = row(PROPOSED, UNDER_REVIEW, ADOPTION, ASSIGNED, STEP)
    [step] = begun.milestones
    assert (begun.follow_up, step.code, step.completed_at, step.evidence) == (FollowUp.IN_PROGRESS, "M-1", None, ())
    second = said(
        Recommendation.MilestoneSet, milestone="M-2", title="Answers", due_on=DUE, zone="UTC", organization="UNODC"
    )
    taken, open_ = row(PROPOSED, UNDER_REVIEW, ADOPTION, ASSIGNED, STEP, second, STEP_TAKEN).milestones
    assert (taken.completed_by, taken.evidence, open_.completed_by) == ("UNDP", (sealed("evidence"),), None)


def test_a_milestone_is_late_while_it_is_open_and_somebody_is_at_work() -> None:
    over = datetime(2025, 10, 1, 4, 0, tzinfo=UTC)

    def is_late(*facts: Said, now: datetime = over + timedelta(seconds=1)) -> bool:
        it = row(PROPOSED, UNDER_REVIEW, ADOPTION, ASSIGNED, STEP, *facts)
        return it.is_late(it.milestones[0], at(now))

    assert not is_late(now=over)
    assert is_late()
    assert not is_late(STEP_TAKEN)
    assert not is_late(CLAIMED)
    assert is_late(CLAIMED, contested("ECOWAS"), said(Recommendation.ClaimWithdrawn, claim=1, contest="ECOWAS"))
    assert not is_late(said(Recommendation.Overtaken, open_milestones=("M-1",)))


def test_an_obstacle_is_kept_with_how_it_was_resolved() -> None:
    reported = [
        said(
            Recommendation.ObstacleReported,
            obstacle=number,
            kind=ObstacleKind.LEGAL,
            organization="UNDP",
            text=sealed("text"),
        )
        for number in (1, 2)
    ]
    resolved = said(Recommendation.ObstacleResolved, obstacle=2, organization="UNODC", resolution=sealed("resolution"))
    hindered = row(PROPOSED, UNDER_REVIEW, ADOPTION, ASSIGNED, *reported, resolved)
    assert hindered.follow_up is FollowUp.ASSIGNED
    assert [(one.number, one.resolved_by, one.resolution) for one in hindered.obstacles] == [
        (1, None, None),
        (2, "UNODC", sealed("resolution")),
    ]


def test_a_reminder_is_a_row_of_its_own() -> None:
    reminder = Reminder(
        kind=ReminderKind.OVERDUE, milestone="M-1", due_on=date(2025, 9, 30), at=datetime(2025, 10, 1, tzinfo=UTC)
    )
    rows = recommendations(*AT_WORK, STEP, said(Recommendation.Reminded, reminder=reminder, lead="UNODC"))
    assert shown(rows.one(Reminders), "kind", "milestone", "due_on", "lead", "version") == (
        ReminderKind.OVERDUE,
        "M-1",
        date(2025, 9, 30),
        "UNODC",
        8,
    )


SUPERSEDED = said(Recommendation.Superseded, successor="REC-2", open_milestones=("M-1",))


@pytest.mark.parametrize(
    ("fact", "ending", "successor"),
    [
        (SUPERSEDED, Ending.SUPERSEDED, "REC-2"),
        (said(Recommendation.Merged, successor="REC-2", open_milestones=("M-1",)), Ending.MERGED, "REC-2"),
        (said(Recommendation.Overtaken, open_milestones=("M-1",)), Ending.OVERTAKEN, None),
    ],
)
def test_an_ending_tells_what_was_open_and_is_due_no_more(fact: Said, ending: Ending, successor: str | None) -> None:
    ended = row(*AT_WORK, STEP, fact)
    assert shown(ended, "ending", "successor", "follow_up", "falls_due_at") == (
        ending,
        successor,
        FollowUp.IN_PROGRESS,
        None,
    )
    assert ended.ended is not None
    assert ended.ended.open_milestones == ("M-1",)
    reopened = said(
        Recommendation.Reopened,
        closed_as=Closing(ending),
        decision=Decision.ADOPTED,
        act=act("3"),
        follow_up=FollowUp.IN_PROGRESS,
    )
    again = row(*AT_WORK, STEP, fact, reopened)
    assert shown(again, "ending", "successor", "ended", "follow_up") == (None, None, None, FollowUp.IN_PROGRESS)
    assert again.falls_due_at == row(*AT_WORK).falls_due_at


def test_what_is_carried_on_is_answered_and_rested_on_until_it_is_given_back() -> None:
    own = said(
        Recommendation.Created,
        code="REC-2",
        proposer="AU",
        text=TEXT,
        regions=("WEST-AFRICA",),
        session="S-2",
        gaps=("GAP-2",),
        clauses=("C-2",),
    )
    carried = said(
        Recommendation.CarriedOn,
        source="REC-1",
        ending=Ending.MERGED,
        sessions=("S-1",),
        gaps=("GAP-1", "GAP-2"),
        clauses=("C-1",),
    )
    carrying = row(own, carried)
    assert shown(carrying, "session", "sessions", "gaps", "clauses") == (
        "S-2",
        ("S-1", "S-2"),
        ("GAP-1", "GAP-2"),
        ("C-1", "C-2"),
    )
    assert [(one.source, one.ending) for one in carrying.carried] == [("REC-1", Ending.MERGED)]
    given_back = row(own, carried, said(Recommendation.GaveBack, source="REC-1"))
    assert shown(given_back, "sessions", "gaps", "clauses", "carried") == (("S-2",), ("GAP-2",), ("C-2",), ())
