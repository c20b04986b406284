"""Retreats: what happens when and where, who was invited, and what has changed since one last looked."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace
from psycopg import sql

from compact_domain.kernel import Fact, Sealed
from compact_domain.retreat import (
    AgendaEntry,
    Comment,
    CommunicationChannel,
    CommunicationKind,
    Format,
    Logistics,
    ReportStage,
    Retreat,
    RetreatState,
    SeatRules,
)
from compact_domain.vocabulary import BodyAct
from compact_projections.asking import Asking, Condition, Moment, Where
from compact_projections.kit import Keys, ReadModel, Recorded, Row, on
from compact_projections.registration_desk import RegistrationRow


def _part(what: str, number: str) -> Keys:
    """Keys of a part of a retreat: the same each time the fact is folded. `number` names the field that numbers it."""

    def keys(fact: Fact) -> Iterable[Hashable]:
        return (_part_id(fact, what, getattr(fact, number)),)

    return keys


def _part_id(fact: Fact, what: str, number: object) -> UUID:
    return uuid5(fact.originator_id, f"{what}:{number}")


class RetreatRow(Row, frozen=True, kw_only=True):
    """A retreat as its facts left it. How its state reads at a moment, `state_at` tells."""

    TABLE: ClassVar[str] = "retreat"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("title",),
        ("starts_on",),
        ("ends_on",),
        ("state", "starts_on"),
        ("series", "starts_on"),
        ("format", "starts_on"),
    )

    id: UUID
    version: int
    code: str
    series: str
    edition: int
    title: str
    theme: str
    objectives: tuple[str, ...]
    starts_on: date
    ends_on: date
    zone: str
    state: RetreatState = RetreatState.PLANNED
    state_before: RetreatState | None = None
    announced: bool = False
    format: Format
    logistics: Logistics
    logistics_version: int = 1
    in_person_link: Sealed | None
    virtual_link: Sealed | None
    seat_rules: SeatRules | None = None
    deadline: datetime | None = None
    deadline_zone: str | None = None
    agenda_version: int = 0
    report_version: int = 0

    def is_withheld(self) -> bool:
        return not self.announced

    def state_at(self, moment: Moment) -> RetreatState:
        """How its state reads at a moment: past the deadline registration is closed, without a fact that says so."""
        is_open = self.state is RetreatState.REGISTRATION_OPEN
        if is_open and self.deadline is not None and moment.is_past(self.deadline):
            return RetreatState.REGISTRATION_CLOSED
        return self.state


class Retreats(ReadModel[RetreatRow]):
    """Retreats, from plan to report."""

    @on(Retreat.Created)
    def planned(self, fact: Retreat.Created, at: Recorded) -> RetreatRow:
        return RetreatRow(
            id=fact.originator_id,
            version=fact.originator_version,
            code=fact.code,
            series=fact.series,
            edition=fact.edition,
            title=fact.title,
            theme=fact.theme,
            objectives=fact.objectives,
            starts_on=fact.starts_on,
            ends_on=fact.ends_on,
            zone=fact.zone,
            format=fact.logistics.format,
            logistics=fact.logistics,
            in_person_link=fact.in_person_link,
            virtual_link=fact.virtual_link,
        )

    @on(Retreat.Announced)
    def announced(self, row: RetreatRow, fact: Retreat.Announced, at: Recorded) -> RetreatRow:
        return replace(row, version=fact.originator_version, state=RetreatState.ANNOUNCED, announced=True)

    @on(Retreat.OrganizationInvited, Retreat.LogisticsAcknowledged, Retreat.ActionPlanAdopted)
    @on(Retreat.CommunicationIssued)
    def noted_elsewhere(self, row: RetreatRow, fact: Retreat.Event, at: Recorded) -> RetreatRow:
        return replace(row, version=fact.originator_version)

    @on(Retreat.LogisticsRevised)
    def logistics_revised(self, row: RetreatRow, fact: Retreat.LogisticsRevised, at: Recorded) -> RetreatRow:
        same = fact.logistics.platform == row.logistics.platform
        return replace(
            row,
            version=fact.originator_version,
            format=fact.logistics.format,
            logistics=fact.logistics,
            logistics_version=fact.n,
            in_person_link=fact.in_person_link or (row.in_person_link if same else None),
            virtual_link=fact.virtual_link or (row.virtual_link if same else None),
        )

    @on(Retreat.SeatRulesSet)
    def seat_rules_set(self, row: RetreatRow, fact: Retreat.SeatRulesSet, at: Recorded) -> RetreatRow:
        return replace(row, version=fact.originator_version, seat_rules=fact.rules)

    @on(Retreat.RegistrationOpened)
    def registration_opened(self, row: RetreatRow, fact: Retreat.RegistrationOpened, at: Recorded) -> RetreatRow:
        return replace(
            row,
            version=fact.originator_version,
            state=RetreatState.REGISTRATION_OPEN,
            deadline=fact.deadline.at,
            deadline_zone=fact.deadline.zone,
        )

    @on(Retreat.DeadlineChanged)
    def deadline_changed(self, row: RetreatRow, fact: Retreat.DeadlineChanged, at: Recorded) -> RetreatRow:
        return replace(
            row, version=fact.originator_version, deadline=fact.deadline.at, deadline_zone=fact.deadline.zone
        )

    @on(Retreat.RegistrationClosed)
    def registration_closed(self, row: RetreatRow, fact: Retreat.RegistrationClosed, at: Recorded) -> RetreatRow:
        return replace(row, version=fact.originator_version, state=RetreatState.REGISTRATION_CLOSED)

    @on(Retreat.AgendaPublished)
    def agenda_published(self, row: RetreatRow, fact: Retreat.AgendaPublished, at: Recorded) -> RetreatRow:
        return replace(row, version=fact.originator_version, agenda_version=fact.n)

    @on(Retreat.Opened)
    def opened(self, row: RetreatRow, fact: Retreat.Opened, at: Recorded) -> RetreatRow:
        return replace(row, version=fact.originator_version, state=RetreatState.IN_SESSION)

    @on(Retreat.Concluded)
    def concluded(self, row: RetreatRow, fact: Retreat.Concluded, at: Recorded) -> RetreatRow:
        return replace(row, version=fact.originator_version, state=RetreatState.CONCLUDED)

    @on(Retreat.Postponed)
    def postponed(self, row: RetreatRow, fact: Retreat.Postponed, at: Recorded) -> RetreatRow:
        return replace(row, version=fact.originator_version, state=RetreatState.POSTPONED, state_before=row.state)

    @on(Retreat.Resumed)
    def resumed(self, row: RetreatRow, fact: Retreat.Resumed, at: Recorded) -> RetreatRow:
        assert row.state_before is not None, "only a postponed retreat resumes"
        return replace(
            row,
            version=fact.originator_version,
            state=row.state_before,
            state_before=None,
            starts_on=fact.starts_on,
            ends_on=fact.ends_on,
            zone=fact.zone,
            deadline=fact.deadline.at if fact.deadline else None,
            deadline_zone=fact.deadline.zone if fact.deadline else None,
        )

    @on(Retreat.Cancelled)
    def cancelled(self, row: RetreatRow, fact: Retreat.Cancelled, at: Recorded) -> RetreatRow:
        return replace(row, version=fact.originator_version, state=RetreatState.CANCELLED)

    @on(Retreat.SummaryReportIssued)
    def reported(self, row: RetreatRow, fact: Retreat.SummaryReportIssued, at: Recorded) -> RetreatRow:
        state = RetreatState.REPORTED if fact.report.stage is ReportStage.FINAL else row.state
        return replace(row, version=fact.originator_version, state=state, report_version=fact.n)


def in_state(asking: Asking, states: Collection[RetreatState]) -> Where:
    """Retreats whose state reads as one of these at the moment."""
    wanted = sorted(state.value for state in states)
    if not {RetreatState.REGISTRATION_OPEN, RetreatState.REGISTRATION_CLOSED}.intersection(states):
        return Condition("state", "in", wanted)
    return asking.compose(
        "(case when t.state = 'registration_open' and t.deadline < {now} then 'registration_closed'"
        " else t.state end = any({states}))",
        now=sql.Literal(asking.moment.now),
        states=sql.Literal(wanted),
    )


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field that differs between two versions. What is sealed differs without showing how."""

    field: str
    before: str | None
    after: str | None


class LogisticsRow(Row, frozen=True, kw_only=True):
    """A version of a retreat's logistics."""

    TABLE: ClassVar[str] = "retreat_logistics"
    PART_OF: ClassVar[str] = "retreat"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("retreat", "n"),)

    id: UUID
    version: int
    retreat: UUID
    n: int
    logistics: Logistics
    new_in_person_link: bool
    new_virtual_link: bool
    issued_at: datetime


class LogisticsVersions(ReadModel[LogisticsRow]):
    """What participants were told they need to know to come, version by version."""

    @on(Retreat.Created, keys=lambda fact: (_part_id(fact, "logistics", 1),))
    def first_issued(self, fact: Retreat.Created, at: Recorded) -> LogisticsRow:
        return self._row(fact, 1, at)

    @on(Retreat.LogisticsRevised, keys=_part("logistics", "n"))
    def revised(self, fact: Retreat.LogisticsRevised, at: Recorded) -> LogisticsRow:
        return self._row(fact, fact.n, at)

    def _row(self, fact: Retreat.Created | Retreat.LogisticsRevised, n: int, at: Recorded) -> LogisticsRow:
        return LogisticsRow(
            id=_part_id(fact, "logistics", n),
            version=fact.originator_version,
            retreat=fact.originator_id,
            n=n,
            logistics=fact.logistics,
            new_in_person_link=fact.in_person_link is not None,
            new_virtual_link=fact.virtual_link is not None,
            issued_at=at.recorded_at,
        )


def logistics_changes(versions: Sequence[LogisticsRow], start: int, end: int) -> list[Change]:
    """What differs between two of a retreat's versions of the logistics, of which all are given, in order."""
    by_number = {row.n: row for row in versions}
    before, after = _facts_of(by_number[start].logistics), _facts_of(by_number[end].logistics)
    links = _links(versions)
    return [
        *(Change(field=f, before=before[f], after=after[f]) for f in before if before[f] != after[f]),
        *(
            Change(field=link, before=None, after=None)
            for link in ("inPersonLink", "virtualLink")
            if links[start][link] != links[end][link]
        ),
    ]


def _facts_of(logistics: Logistics) -> dict[str, str | None]:
    venue = logistics.venue
    return {
        "format": logistics.format.name,
        "contact": logistics.contact,
        "venue.place": venue.place if venue else None,
        "venue.room": venue.room if venue else None,
        "platform": logistics.platform,
        "information": logistics.information,
    }


def _links(versions: Sequence[LogisticsRow]) -> dict[int, dict[str, int | None]]:
    """Of each version, in which one each of its links came; a link stands while the platform is the same."""
    first = versions[0]
    came: dict[int, dict[str, int | None]] = {first.n: _came(first, {})}
    for row, following in pairwise(versions):
        standing = came[row.n] if row.logistics.platform == following.logistics.platform else {}
        came[following.n] = _came(following, standing)
    return came


def _came(row: LogisticsRow, standing: Mapping[str, int | None]) -> dict[str, int | None]:
    return {
        "inPersonLink": row.n if row.new_in_person_link else standing.get("inPersonLink"),
        "virtualLink": row.n if row.new_virtual_link else standing.get("virtualLink"),
    }


class AcknowledgementRow(Row, frozen=True, kw_only=True):
    """An organization's word that it has taken note of a version of the logistics."""

    TABLE: ClassVar[str] = "retreat_acknowledgement"
    PART_OF: ClassVar[str] = "retreat"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("retreat", "organization"),)

    id: UUID
    version: int
    retreat: UUID
    organization: str
    n: int
    acknowledged_at: datetime


class Acknowledgements(ReadModel[AcknowledgementRow]):
    """Who has acknowledged which version of the logistics."""

    @on(
        Retreat.LogisticsAcknowledged,
        keys=lambda fact: (_part_id(fact, "acknowledgement", f"{fact.organization}:{fact.n}"),),
    )
    def acknowledged(self, fact: Retreat.LogisticsAcknowledged, at: Recorded) -> AcknowledgementRow:
        return AcknowledgementRow(
            id=_part_id(fact, "acknowledgement", f"{fact.organization}:{fact.n}"),
            version=fact.originator_version,
            retreat=fact.originator_id,
            organization=fact.organization,
            n=fact.n,
            acknowledged_at=at.recorded_at,
        )


class InvitationRow(Row, frozen=True, kw_only=True):
    """An organization that was invited to a retreat."""

    TABLE: ClassVar[str] = "retreat_invitation"
    PART_OF: ClassVar[str] = "retreat"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("retreat", "organization"), ("organization",))

    id: UUID
    version: int
    retreat: UUID
    organization: str
    invited_at: datetime


class Invitations(ReadModel[InvitationRow]):
    """Who was invited."""

    @on(Retreat.OrganizationInvited, keys=_part("invitation", "organization"))
    def invited(self, fact: Retreat.OrganizationInvited, at: Recorded) -> InvitationRow:
        return InvitationRow(
            id=_part_id(fact, "invitation", fact.organization),
            version=fact.originator_version,
            retreat=fact.originator_id,
            organization=fact.organization,
            invited_at=at.recorded_at,
        )


async def answered(asking: Asking, invited: Sequence[tuple[UUID, str]]) -> list[bool | None]:
    """Of organizations invited to retreats: whether each has answered with a registration, in whatever state.

    None where that is not for the viewer.
    """
    records = await asking.rows(
        asking.compose(
            "select distinct t.id, g.organization from {r}.retreat t join {r}.registration g on g.retreat = t.code"
            " where t.id = any(%(retreats)s) and {stands} and {shown}",
            stands=asking.stands("t"),
            shown=asking.shows(RegistrationRow, "g"),
        ),
        {"retreats": list({retreat for retreat, _ in invited})},
    )
    found, own = set(records), asking.own
    return [key in found if own is None or key[1] in own.organizations else None for key in invited]


class AgendaRow(Row, frozen=True, kw_only=True):
    """A version of a retreat's agenda, as it was published."""

    TABLE: ClassVar[str] = "retreat_agenda"
    PART_OF: ClassVar[str] = "retreat"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("retreat", "n"),)

    id: UUID
    version: int
    retreat: UUID
    n: int
    sessions: tuple[AgendaEntry, ...]
    change_note: Sealed | None
    published_at: datetime


class AgendaVersions(ReadModel[AgendaRow]):
    """What was to happen when and where, version by version."""

    @on(Retreat.AgendaPublished, keys=_part("agenda", "n"))
    def published(self, fact: Retreat.AgendaPublished, at: Recorded) -> AgendaRow:
        return AgendaRow(
            id=_part_id(fact, "agenda", fact.n),
            version=fact.originator_version,
            retreat=fact.originator_id,
            n=fact.n,
            sessions=fact.sessions,
            change_note=fact.change_note,
            published_at=at.recorded_at,
        )


class EntryChange(msgspec.Struct, frozen=True, kw_only=True):
    """A session that two versions of an agenda announce differently; in one of them it may be missing."""

    before: AgendaEntry | None
    after: AgendaEntry | None
    changes: tuple[Change, ...]


def agenda_changes(before: Sequence[AgendaEntry], after: Sequence[AgendaEntry]) -> list[EntryChange]:
    """What differs between two versions of an agenda: in the order of the later, then what is no longer there."""
    were, are = {entry.session: entry for entry in before}, {entry.session: entry for entry in after}
    sessions = [*are, *(session for session in were if session not in are)]
    return [
        EntryChange(before=were.get(s), after=are.get(s), changes=tuple(_differences(were.get(s), are.get(s))))
        for s in sessions
        if were.get(s) != are.get(s)
    ]


def _differences(before: AgendaEntry | None, after: AgendaEntry | None) -> list[Change]:
    if before is None or after is None:
        return []
    were, are = _announced(before), _announced(after)
    return [Change(field=f, before=were[f], after=are[f]) for f in were if were[f] != are[f]]


def _announced(entry: AgendaEntry) -> dict[str, str | None]:
    return {
        "title": entry.title,
        "startsAt": _instant(entry.starts_at),
        "endsAt": _instant(entry.ends_at),
        "room": entry.room,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class CommunicationRow(Row, frozen=True, kw_only=True):
    """A press release or a post about a retreat."""

    TABLE: ClassVar[str] = "retreat_communication"
    PART_OF: ClassVar[str] = "retreat"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("issued_at",),
        ("retreat", "issued_at"),
        ("kind", "issued_at"),
        ("channel", "issued_at"),
    )

    id: UUID
    version: int
    retreat: UUID
    kind: CommunicationKind
    channel: CommunicationChannel
    title: str
    text: str | None
    issued_at: datetime
    effective_on: date


class Communications(ReadModel[CommunicationRow]):
    """What was published about retreats."""

    @on(Retreat.CommunicationIssued, keys=_part("communication", "originator_version"))
    def issued(self, fact: Retreat.CommunicationIssued, at: Recorded) -> CommunicationRow:
        said = fact.communication
        return CommunicationRow(
            id=_part_id(fact, "communication", fact.originator_version),
            version=fact.originator_version,
            retreat=fact.originator_id,
            kind=said.kind,
            channel=said.channel,
            title=said.title,
            text=said.text,
            issued_at=at.recorded_at,
            effective_on=fact.provenance.effective_on,
        )


class SummaryReportRow(Row, frozen=True, kw_only=True):
    """A version of a retreat's summary report."""

    TABLE: ClassVar[str] = "retreat_summary_report"
    PART_OF: ClassVar[str] = "retreat"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("issued_at",),
        ("retreat", "n"),
        ("retreat", "issued_at"),
        ("stage", "issued_at"),
    )

    id: UUID
    version: int
    retreat: UUID
    n: int
    stage: ReportStage
    position: int
    content_digest: str
    file_digest: str
    comments: tuple[Comment, ...]
    issued_at: datetime


class SummaryReports(ReadModel[SummaryReportRow]):
    """What was reported of retreats, drafts and what was said about them included."""

    @on(Retreat.SummaryReportIssued, keys=_part("summary_report", "n"))
    def issued(self, fact: Retreat.SummaryReportIssued, at: Recorded) -> SummaryReportRow:
        return SummaryReportRow(
            id=_part_id(fact, "summary_report", fact.n),
            version=fact.originator_version,
            retreat=fact.originator_id,
            n=fact.n,
            stage=fact.report.stage,
            position=fact.report.position,
            content_digest=fact.report.content_digest,
            file_digest=fact.report.file_digest,
            comments=fact.comments,
            issued_at=at.recorded_at,
        )


class ActionPlanRow(Row, frozen=True, kw_only=True):
    """A version of the action plan that followed a retreat, as a body adopted it."""

    TABLE: ClassVar[str] = "retreat_action_plan"
    PART_OF: ClassVar[str] = "retreat"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("retreat", "n"),)

    id: UUID
    version: int
    retreat: UUID
    n: int
    title: str
    act: BodyAct
    file_digest: str | None
    recorded_at: datetime


class ActionPlans(ReadModel[ActionPlanRow]):
    """Action plans on engagement with regional organizations, version by version."""

    @on(Retreat.ActionPlanAdopted, keys=lambda fact: (_part_id(fact, "action_plan", fact.plan.version),))
    def adopted(self, fact: Retreat.ActionPlanAdopted, at: Recorded) -> ActionPlanRow:
        return ActionPlanRow(
            id=_part_id(fact, "action_plan", fact.plan.version),
            version=fact.originator_version,
            retreat=fact.originator_id,
            n=fact.plan.version,
            title=fact.plan.title,
            act=fact.plan.act,
            file_digest=fact.plan.file_digest,
            recorded_at=at.recorded_at,
        )
