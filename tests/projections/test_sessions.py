"""Sessions, their speakers and their record, as the facts make them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from compact_domain.session import Invitation, Session, SessionKind, SessionState, Sitting
from compact_domain.vocabulary import Mode, Severity
from compact_projections.sessions import (
    CapacityGaps,
    GoodPractices,
    Interventions,
    Priorities,
    Programme,
    RecordCorrections,
    Speakers,
)
from tests.domain.scenario import person, said, sealed
from tests.projections.rows import Rows, shown

MORNING = Sitting(
    room="Conference Room 8",
    starts_at=datetime(2025, 6, 25, 14, 0, tzinfo=UTC),
    ends_at=datetime(2025, 6, 25, 16, 0, tzinfo=UTC),
)
AFTERNOON = Sitting(
    starts_at=datetime(2025, 6, 25, 19, 0, tzinfo=UTC), ends_at=datetime(2025, 6, 25, 21, 0, tzinfo=UTC)
)
SCHEDULED = said(
    Session.Created,
    code="TS-1",
    retreat="CTCR-2025",
    title="Understanding capacity building challenges",
    kind=SessionKind.THEMATIC,
    sitting=MORNING,
    attributed=True,
)
PREPARED = said(Session.Created, **{**SCHEDULED.fields, "announced": False})
GUEST, OTHER = UUID(int=1), UUID(int=2)
INVITED = said(
    Session.SpeakerInvited,
    registration=GUEST,
    subject=person("guest"),
    organization="ECOWAS",
    order=1,
    minutes=10,
    mode=Mode.VIRTUAL,
    sitting=MORNING,
)
STARTED = said(Session.Started)
SPOKEN = said(
    Session.InterventionRecorded,
    intervention=UUID(int=7),
    organization="ECOWAS",
    registration=GUEST,
    subject=person("guest"),
    text=sealed("text"),
    attributed=True,
)
GAP = said(
    Session.CapacityGapIdentified,
    code="GAP-1",
    region="WEST-AFRICA",
    working_group="BMLE",
    severity=Severity.HIGH,
    description="No shared watch list at land borders.",
    voiced_by="ECOWAS",
)
CONCLUDED = said(Session.Concluded)
APPROVED = said(Session.RecordApproved, interventions=1, capacity_gaps=1, good_practices=0, priorities=0)


def test_a_session_is_known_from_the_announcement_of_its_retreat_on() -> None:
    rows = Rows(Programme).given(Session, PREPARED)
    assert rows.one(Programme).is_withheld()
    rows.given(Session, said(Session.Announced, retreat="CTCR-2025"))
    assert not rows.one(Programme).is_withheld()
    assert rows.one(Programme, 1).is_withheld()


def test_a_session_sits_where_it_was_last_put() -> None:
    moved = said(Session.Rescheduled, sitting=AFTERNOON, before=MORNING)
    rows = Rows(Programme).given(Session, SCHEDULED, moved)
    assert shown(rows.one(Programme), "room", "starts_at", "version") == (None, AFTERNOON.starts_at, 2)
    assert shown(rows.one(Programme, 1), "room", "starts_at") == ("Conference Room 8", MORNING.starts_at)


def test_a_session_keeps_pace_with_every_fact_of_its_stream() -> None:
    facts = (SCHEDULED, INVITED, STARTED, SPOKEN, GAP, CONCLUDED, APPROVED)
    rows = Rows(Programme).given(Session, *facts)
    assert shown(rows.one(Programme), "state", "version") == (SessionState.RECORD_APPROVED, len(facts))
    assert [rows.one(Programme, n).version for n in range(1, len(facts) + 1)] == list(range(1, len(facts) + 1))


def test_the_record_is_kept_by_the_moderator_and_the_rapporteurs() -> None:
    rows = Rows(Programme).given(
        Session,
        SCHEDULED,
        said(Session.ModeratorAssigned, registration=GUEST, subject=person("guest")),
        said(Session.RapporteurAssigned, registration=OTHER, subject=person("other")),
    )
    assert rows.one(Programme).keepers == {person("guest"), person("other")}
    assert shown(rows.one(Programme), "moderator", "rapporteurs") == (GUEST, (OTHER,))


def test_an_invitation_is_followed_to_its_answer() -> None:
    rows = Rows(Speakers).given(Session, SCHEDULED, INVITED)
    assert shown(rows.one(Speakers), "place", "minutes", "mode", "invitation", "answered_on") == (
        1,
        10,
        Mode.VIRTUAL,
        Invitation.INVITED,
        None,
    )
    rows.given(Session, said(Session.InvitationAccepted, registration=GUEST))
    assert shown(rows.one(Speakers), "invitation", "answered_on") == (Invitation.ACCEPTED, date(2025, 6, 1))


def test_who_is_invited_again_has_the_last_invitation_only() -> None:
    declined = said(Session.InvitationDeclined, registration=GUEST, subject=person("guest"), sitting=MORNING)
    again = said(Session.SpeakerInvited, **{**INVITED.fields, "order": 3})
    rows = Rows(Speakers).given(Session, SCHEDULED, INVITED, declined, again)
    assert rows.one(Speakers, 3).invitation is Invitation.DECLINED
    assert shown(rows.one(Speakers), "place", "invitation", "answered_on") == (3, Invitation.INVITED, None)


def test_speakers_of_one_session_are_apart() -> None:
    second = said(Session.SpeakerInvited, **{**INVITED.fields, "registration": OTHER, "subject": person("other")})
    withdrawn = said(Session.SpeakerWithdrawn, registration=OTHER, subject=person("other"), sitting=MORNING)
    rows = Rows(Speakers).given(Session, SCHEDULED, INVITED, second, withdrawn)
    assert {row.registration: row.invitation for row in rows.of(Speakers)} == {
        GUEST: Invitation.INVITED,
        OTHER: Invitation.WITHDRAWN,
    }


def test_an_intervention_reads_as_it_was_last_corrected() -> None:
    unnamed = said(Session.RecordCorrected, number=1, intervention=UUID(int=7), text=None, attributed=False)
    reworded = said(Session.RecordCorrected, number=2, intervention=UUID(int=7), text=sealed("again"), attributed=None)
    rows = Rows(Interventions, RecordCorrections).given(Session, SCHEDULED, SPOKEN, unnamed, reworded)
    assert shown(rows.one(Interventions), "attributed", "text", "corrected") == (False, sealed("again"), 2)
    assert shown(rows.one(Interventions, 2), "attributed", "text", "corrected") == (True, sealed("text"), 0)
    assert [row.number for row in rows.of(RecordCorrections)] == [1, 2]


def test_a_correction_of_the_record_at_large_touches_no_intervention() -> None:
    added = said(Session.RecordCorrected, number=1, intervention=None, text=sealed("text"), attributed=None)
    rows = Rows(Programme, Interventions, RecordCorrections).given(Session, SCHEDULED, SPOKEN, added)
    assert rows.one(Interventions).corrected == 0
    assert rows.one(RecordCorrections).intervention is None
    assert rows.one(Programme).corrections == 1


def test_a_gap_is_corrected_and_closed() -> None:
    milder = said(Session.CapacityGapCorrected, **{**GAP.fields, "severity": Severity.LOW, "region": "EAST-AFRICA"})
    rows = Rows(CapacityGaps).given(Session, SCHEDULED, GAP)
    assert shown(rows.one(CapacityGaps), "severity", "rank", "open", "corrected_on") == (Severity.HIGH, 2, True, None)
    rows.given(Session, milder, said(Session.CapacityGapClosed, code="GAP-1"))
    assert shown(rows.one(CapacityGaps), "severity", "rank", "region", "open", "closed_on") == (
        Severity.LOW,
        0,
        "EAST-AFRICA",
        False,
        date(2025, 6, 1),
    )
    assert rows.one(CapacityGaps, 3).open


def test_practices_and_priorities_are_kept_as_they_were_put() -> None:
    rows = Rows(GoodPractices, Priorities).given(
        Session,
        SCHEDULED,
        said(
            Session.GoodPracticeHighlighted,
            code="GP-1",
            region="EAST-AFRICA",
            working_group="BMLE",
            model="Joint border posts.",
            replicable_in=("WEST-AFRICA",),
            for_gap="GAP-1",
        ),
        said(Session.PriorityRaised, priority=UUID(int=9), title="Joint planning", organization="ECOWAS"),
    )
    assert shown(rows.one(GoodPractices), "code", "replicable_in", "for_gap") == ("GP-1", ("WEST-AFRICA",), "GAP-1")
    assert shown(rows.one(Priorities), "id", "number", "title", "organization") == (
        UUID(int=9),
        3,
        "Joint planning",
        "ECOWAS",
    )
