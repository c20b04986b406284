"""Retreats as rows: what stands, what it was before, and what differs between two versions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec

from compact_domain.retreat import (
    ActionPlan,
    AgendaEntry,
    Comment,
    Communication,
    CommunicationChannel,
    CommunicationKind,
    Deadline,
    Format,
    Logistics,
    Report,
    ReportStage,
    Retreat,
    RetreatState,
    SeatRules,
    Venue,
)
from compact_domain.vocabulary import BodyAct, Method
from compact_projections.asking import Moment
from compact_projections.retreats import (
    Acknowledgements,
    ActionPlans,
    AgendaVersions,
    Change,
    Communications,
    EntryChange,
    Invitations,
    LogisticsVersions,
    Retreats,
    SummaryReports,
    agenda_changes,
    logistics_changes,
)
from tests.domain.scenario import NOW, Said, said, sealed
from tests.projections.rows import Rows, shown

ZONE = "America/New_York"
HYBRID = Logistics(
    format=Format.HYBRID,
    contact="GlobalCompact-committee@un.org",
    venue=Venue(place="United Nations Headquarters, New York", room="Conference Room 8"),
    platform="WebEx",
)
OTHER_ROOM = msgspec.structs.replace(HYBRID, venue=Venue(place="United Nations Headquarters, New York", room="Room 4"))
OTHER_PLATFORM = msgspec.structs.replace(OTHER_ROOM, platform="Teams")
LAST_MINUTE = datetime(2025, 6, 21, 3, 59, tzinfo=UTC)
RULES = SeatRules(in_person_places=100)

PLANNED = said(
    Retreat.Created,
    code="CTCR-2025",
    series="Counter-Terrorism Compact Retreat",
    edition=1,
    title="Counter-Terrorism Compact Retreat",
    theme="Strengthening partnerships",
    starts_on=date(2025, 6, 25),
    ends_on=date(2025, 6, 25),
    zone=ZONE,
    logistics=HYBRID,
    virtual_link=sealed("virtual_link"),
)
ANNOUNCED = said(Retreat.Announced)
OPENED = said(Retreat.RegistrationOpened, deadline=Deadline(at=LAST_MINUTE, zone=ZONE))
MOVED = said(Retreat.LogisticsRevised, n=2, logistics=OTHER_ROOM)


def entry(session: str, hour: int, *, room: str | None = None, title: str = "Session") -> AgendaEntry:
    starts_at = datetime(2025, 6, 25, hour, 0, tzinfo=UTC)
    return AgendaEntry(
        session=session, title=title, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), room=room
    )


def retreat(*facts: Said) -> Rows:
    return Rows(Retreats, LogisticsVersions, Acknowledgements, Invitations).given(Retreat, PLANNED, *facts)


def moment(now: datetime) -> Moment:
    return Moment(position=1, now=now, live=True)


def test_a_retreat_is_withheld_until_it_is_announced_and_never_again() -> None:
    assert retreat().one(Retreats).is_withheld()
    assert retreat(said(Retreat.Cancelled)).one(Retreats).is_withheld()
    assert not retreat(ANNOUNCED, said(Retreat.Postponed)).one(Retreats).is_withheld()


def test_registration_reads_as_closed_one_instant_past_the_deadline_without_a_fact() -> None:
    row = retreat(ANNOUNCED, OPENED).one(Retreats)
    in_time = moment(LAST_MINUTE)
    assert row.state_at(in_time) is RetreatState.REGISTRATION_OPEN
    assert in_time.clock.flips_at == LAST_MINUTE
    assert row.state_at(moment(LAST_MINUTE + timedelta(microseconds=1))) is RetreatState.REGISTRATION_CLOSED
    assert row.state is RetreatState.REGISTRATION_OPEN


def test_a_deadline_that_moved_opens_what_had_closed() -> None:
    later = Deadline(at=LAST_MINUTE + timedelta(days=1), zone=ZONE)
    moved = said(Retreat.DeadlineChanged, deadline=later, before=Deadline(at=LAST_MINUTE, zone=ZONE))
    row = retreat(ANNOUNCED, OPENED, moved).one(Retreats)
    assert row.state_at(moment(LAST_MINUTE + timedelta(hours=1))) is RetreatState.REGISTRATION_OPEN


def test_a_postponed_retreat_stands_where_it_stood_once_it_resumes() -> None:
    deadline = Deadline(at=LAST_MINUTE + timedelta(days=70), zone="Africa/Nairobi")
    days = date(2025, 9, 3), date(2025, 9, 4)
    resumed = said(Retreat.Resumed, starts_on=days[0], ends_on=days[1], zone="Africa/Nairobi", deadline=deadline)
    rows = retreat(ANNOUNCED, OPENED, said(Retreat.Postponed), resumed)
    assert rows.one(Retreats, position=4).state is RetreatState.POSTPONED
    assert shown(rows.one(Retreats), "state", "starts_on", "ends_on", "zone", "deadline", "deadline_zone") == (
        RetreatState.REGISTRATION_OPEN,
        *days,
        "Africa/Nairobi",
        deadline.at,
        "Africa/Nairobi",
    )


def test_a_retreat_ends_in_its_report_and_not_in_a_draft_of_it() -> None:
    report = Report(stage=ReportStage.DRAFT, position=7, content_digest="a" * 64, file_digest="b" * 64)
    final = msgspec.structs.replace(report, stage=ReportStage.FINAL)
    comment = Comment(organization="ECOWAS", text=sealed("comments"))
    held = (ANNOUNCED, OPENED, said(Retreat.RegistrationClosed), said(Retreat.Opened), said(Retreat.Concluded))
    rows = Rows(Retreats, SummaryReports).given(
        Retreat,
        PLANNED,
        *held,
        said(Retreat.SummaryReportIssued, n=1, report=report),
        said(Retreat.SummaryReportIssued, n=2, report=final, comments=(comment,)),
    )
    assert rows.one(Retreats, position=7).state is RetreatState.CONCLUDED
    assert rows.one(Retreats).state is RetreatState.REPORTED
    assert [shown(row, "n", "stage", "comments") for row in rows.of(SummaryReports)] == [
        (1, ReportStage.DRAFT, ()),
        (2, ReportStage.FINAL, (comment,)),
    ]


def test_every_fact_of_a_retreat_counts_one_version() -> None:
    act = BodyAct(body="CC", meeting="CC-12", number="3", decided_on=NOW.date(), method=Method.CONSENSUS)
    post = Communication(
        kind=CommunicationKind.SOCIAL_POST, channel=CommunicationChannel.COORDINATION_PLATFORM, title="Held"
    )
    rows = Rows(Retreats, AgendaVersions, ActionPlans, Communications).given(
        Retreat,
        PLANNED,
        ANNOUNCED,
        said(Retreat.OrganizationInvited, organization="ECOWAS"),
        MOVED,
        said(Retreat.LogisticsAcknowledged, organization="ECOWAS", n=2),
        said(Retreat.SeatRulesSet, rules=RULES),
        OPENED,
        said(Retreat.AgendaPublished, n=1, sessions=(entry("OPENING", 14),), change_note=None),
        said(Retreat.Opened),
        said(Retreat.Concluded),
        said(Retreat.ActionPlanAdopted, plan=ActionPlan(title="Action plan", version=1, act=act)),
        said(Retreat.CommunicationIssued, communication=post),
    )
    row = rows.one(Retreats)
    assert shown(row, "version", "logistics_version", "agenda_version", "seat_rules") == (12, 2, 1, RULES)
    assert shown(rows.one(ActionPlans), "retreat", "n", "act") == (row.id, 1, act)
    assert shown(rows.one(Communications), "retreat", "title", "version") == (row.id, "Held", 12)
    assert shown(rows.one(AgendaVersions), "retreat", "n") == (row.id, 1)


def test_who_was_invited_and_who_has_acknowledged_what() -> None:
    rows = retreat(
        ANNOUNCED,
        said(Retreat.OrganizationInvited, organization="ECOWAS"),
        said(Retreat.OrganizationInvited, organization="UNODC"),
        said(Retreat.LogisticsAcknowledged, organization="ECOWAS", n=1),
        MOVED,
        said(Retreat.LogisticsAcknowledged, organization="ECOWAS", n=2),
    )
    assert [row.organization for row in rows.of(Invitations)] == ["ECOWAS", "UNODC"]
    assert [shown(row, "organization", "n") for row in rows.of(Acknowledgements)] == [("ECOWAS", 1), ("ECOWAS", 2)]


def test_what_changed_between_versions_of_the_logistics_is_told_field_by_field() -> None:
    versions = retreat(MOVED).of(LogisticsVersions)
    assert logistics_changes(versions, 1, 2) == [Change(field="venue.room", before="Conference Room 8", after="Room 4")]
    assert logistics_changes(versions, 2, 2) == []


def test_a_link_that_changed_is_told_and_not_shown() -> None:
    renewed = said(Retreat.LogisticsRevised, n=2, logistics=HYBRID, virtual_link=sealed("virtual_link"))
    versions = retreat(renewed).of(LogisticsVersions)
    assert logistics_changes(versions, 1, 2) == [Change(field="virtualLink", before=None, after=None)]


def test_another_platform_takes_the_links_of_the_old_one_along() -> None:
    rows = retreat(MOVED, said(Retreat.LogisticsRevised, n=3, logistics=OTHER_PLATFORM))
    assert rows.one(Retreats, position=2).virtual_link is not None
    assert rows.one(Retreats).virtual_link is None
    versions = rows.of(LogisticsVersions)
    assert [change.field for change in logistics_changes(versions, 2, 3)] == ["platform", "virtualLink"]
    assert [change.field for change in logistics_changes(versions, 1, 3)] == ["venue.room", "platform", "virtualLink"]


def test_what_changed_between_agendas_is_told_session_by_session() -> None:
    before = [entry("OPENING", 14), entry("SESSION-1", 15), entry("SESSION-2", 16)]
    after = [entry("OPENING", 14), entry("SESSION-2", 17, room="Room 4"), entry("CLOSING", 18)]
    later = (
        Change(field="startsAt", before="2025-06-25T16:00:00Z", after="2025-06-25T17:00:00Z"),
        Change(field="endsAt", before="2025-06-25T17:00:00Z", after="2025-06-25T18:00:00Z"),
        Change(field="room", before=None, after="Room 4"),
    )
    assert agenda_changes(before, after) == [
        EntryChange(before=before[2], after=after[1], changes=later),
        EntryChange(before=None, after=after[2], changes=()),
        EntryChange(before=before[1], after=None, changes=()),
    ]
