"""Sessions of a retreat: when and where, who was invited to speak, and what the record holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid5

from msgspec.structs import replace
from psycopg import sql

from compact_domain.kernel import NAMESPACE, Sealed
from compact_domain.session import Invitation, Session, SessionKind, SessionState
from compact_domain.vocabulary import Mode, Severity
from compact_projections.asking import Asking, Where
from compact_projections.kit import ReadModel, Recorded, Row, columns, on, row_of

SEVERITIES = tuple(Severity)
"""From the least to the most severe."""


class SessionRow(Row, frozen=True, kw_only=True):
    """A session of the programme. Its retreat is named by code; those who lead and record it by registration."""

    TABLE: ClassVar[str] = "session"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("starts_at", "code"),
        ("retreat", "starts_at", "code"),
        ("title",),
        ("kind", "starts_at"),
        ("state", "starts_at"),
    )
    LISTS: ClassVar[tuple[str, ...]] = ("regions",)

    id: UUID
    version: int
    code: str
    retreat: str
    title: str
    kind: SessionKind
    room: str | None
    starts_at: datetime
    ends_at: datetime
    attributed: bool
    announced: bool
    state: SessionState = SessionState.SCHEDULED
    objectives: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    moderator: UUID | None = None
    moderator_subject: UUID | None = None
    rapporteurs: tuple[UUID, ...] = ()
    rapporteur_subjects: tuple[UUID, ...] = ()
    record_approved_on: date | None = None
    corrections: int = 0

    def is_withheld(self) -> bool:
        """A session is as little known as its retreat until that is announced."""
        return not self.announced

    @property
    def keepers(self) -> frozenset[UUID]:
        """The persons who keep its record."""
        return frozenset((*((self.moderator_subject,) if self.moderator_subject else ()), *self.rapporteur_subjects))


class Programme(ReadModel[SessionRow]):
    """Every session of every retreat."""

    @on(Session.Created)
    def scheduled(self, fact: Session.Created, at: Recorded) -> SessionRow:
        return SessionRow(
            id=fact.originator_id,
            version=fact.originator_version,
            code=fact.code,
            retreat=fact.retreat,
            title=fact.title,
            kind=fact.kind,
            room=fact.sitting.room,
            starts_at=fact.sitting.starts_at,
            ends_at=fact.sitting.ends_at,
            attributed=fact.attributed,
            announced=fact.announced,
        )

    @on(Session.Announced)
    def announced(self, row: SessionRow, fact: Session.Announced, at: Recorded) -> SessionRow:
        return replace(row, version=fact.originator_version, announced=True)

    @on(Session.Rescheduled)
    def rescheduled(self, row: SessionRow, fact: Session.Rescheduled, at: Recorded) -> SessionRow:
        return replace(
            row,
            version=fact.originator_version,
            room=fact.sitting.room,
            starts_at=fact.sitting.starts_at,
            ends_at=fact.sitting.ends_at,
        )

    @on(Session.Cancelled)
    def cancelled(self, row: SessionRow, fact: Session.Cancelled, at: Recorded) -> SessionRow:
        return replace(row, version=fact.originator_version, state=SessionState.CANCELLED)

    @on(Session.ObjectivesSet)
    def given_objectives(self, row: SessionRow, fact: Session.ObjectivesSet, at: Recorded) -> SessionRow:
        return replace(row, version=fact.originator_version, objectives=fact.objectives, regions=fact.regions)

    @on(Session.ModeratorAssigned)
    def moderated(self, row: SessionRow, fact: Session.ModeratorAssigned, at: Recorded) -> SessionRow:
        return replace(
            row, version=fact.originator_version, moderator=fact.registration, moderator_subject=fact.subject
        )

    @on(Session.RapporteurAssigned)
    def recorded_by(self, row: SessionRow, fact: Session.RapporteurAssigned, at: Recorded) -> SessionRow:
        return replace(
            row,
            version=fact.originator_version,
            rapporteurs=(*row.rapporteurs, fact.registration),
            rapporteur_subjects=(*row.rapporteur_subjects, fact.subject),
        )

    @on(Session.Started)
    def started(self, row: SessionRow, fact: Session.Started, at: Recorded) -> SessionRow:
        return replace(row, version=fact.originator_version, state=SessionState.IN_PROGRESS)

    @on(Session.Concluded)
    def concluded(self, row: SessionRow, fact: Session.Concluded, at: Recorded) -> SessionRow:
        return replace(row, version=fact.originator_version, state=SessionState.CONCLUDED)

    @on(Session.RecordApproved)
    def approved(self, row: SessionRow, fact: Session.RecordApproved, at: Recorded) -> SessionRow:
        return replace(
            row,
            version=fact.originator_version,
            state=SessionState.RECORD_APPROVED,
            record_approved_on=fact.provenance.effective_on,
        )

    @on(Session.RecordCorrected)
    def corrected(self, row: SessionRow, fact: Session.RecordCorrected, at: Recorded) -> SessionRow:
        return replace(row, version=fact.originator_version, corrections=fact.number)

    @on(
        Session.SpeakerInvited,
        Session.InvitationAccepted,
        Session.InvitationDeclined,
        Session.SpeakerWithdrawn,
        Session.InterventionRecorded,
        Session.CapacityGapIdentified,
        Session.CapacityGapCorrected,
        Session.CapacityGapClosed,
        Session.GoodPracticeHighlighted,
        Session.PriorityRaised,
    )
    def grown(self, row: SessionRow, fact: Session.Event, at: Recorded) -> SessionRow:
        return replace(row, version=fact.originator_version)


def of_retreats(asking: Asking, retreats: Collection[str]) -> Where:
    """Parts of sessions that belong to one of these retreats, named by code."""
    return asking.compose(
        "exists (select from {r}.session s where s.id = t.session and {stands} and s.retreat = any({retreats}))",
        stands=asking.stands("s"),
        retreats=sql.Literal(list(retreats)),
    )


class SpeakerRow(Row, frozen=True, kw_only=True):
    """Somebody's invitation to speak in a session: the last one, where he or she was invited again."""

    TABLE: ClassVar[str] = "speaker"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("session", "place"),
        ("registration",),
        ("invitation", "session"),
    )

    id: UUID
    session: UUID
    registration: UUID
    subject: UUID
    organization: str
    place: int
    minutes: int
    mode: Mode
    invitation: Invitation
    invited_on: date
    answered_on: date | None = None


class _AboutSpeaker:
    @staticmethod
    def keys(
        fact: Session.SpeakerInvited
        | Session.InvitationAccepted
        | Session.InvitationDeclined
        | Session.SpeakerWithdrawn,
    ) -> tuple[UUID]:
        return (uuid5(fact.originator_id, str(fact.registration)),)


class Speakers(ReadModel[SpeakerRow]):
    """Who was invited to speak where, and how that was answered."""

    @on(Session.SpeakerInvited, keys=_AboutSpeaker.keys)
    def invited(self, fact: Session.SpeakerInvited, at: Recorded) -> SpeakerRow:
        return SpeakerRow(
            id=_AboutSpeaker.keys(fact)[0],
            session=fact.originator_id,
            registration=fact.registration,
            subject=fact.subject,
            organization=fact.organization,
            place=fact.order,
            minutes=fact.minutes,
            mode=fact.mode,
            invitation=Invitation.INVITED,
            invited_on=fact.provenance.effective_on,
        )

    @on(Session.InvitationAccepted, keys=_AboutSpeaker.keys)
    def accepted(self, row: SpeakerRow, fact: Session.InvitationAccepted, at: Recorded) -> SpeakerRow:
        return replace(row, invitation=Invitation.ACCEPTED, answered_on=fact.provenance.effective_on)

    @on(Session.InvitationDeclined, keys=_AboutSpeaker.keys)
    def declined(self, row: SpeakerRow, fact: Session.InvitationDeclined, at: Recorded) -> SpeakerRow:
        return replace(row, invitation=Invitation.DECLINED, answered_on=fact.provenance.effective_on)

    @on(Session.SpeakerWithdrawn, keys=_AboutSpeaker.keys)
    def withdrawn(self, row: SpeakerRow, fact: Session.SpeakerWithdrawn, at: Recorded) -> SpeakerRow:
        return replace(row, invitation=Invitation.WITHDRAWN, answered_on=fact.provenance.effective_on)


async def speakers(
    asking: Asking, where: Sequence[Where], *, after: Sequence[Any] | None, limit: int
) -> list[tuple[datetime, SpeakerRow]]:
    """Invitations in the order of the programme, each with the start of its session, beyond those of `after`."""
    names = list(columns(SpeakerRow))
    records = await asking.rows(
        asking.compose(
            "select p.* from (select {columns}, (select s.starts_at from {r}.session s where s.id = t.session"
            " and {session_stands}) as starts_at from {r}.speaker t where {conditions}) p"
            " where p.starts_at is not null"
            " and (%(start)s::timestamptz is null or (p.starts_at, p.session, p.place, p.id)"
            " > (%(start)s::timestamptz, %(session)s::uuid, %(place)s::bigint, %(id)s::uuid))"
            " order by p.starts_at, p.session, p.place, p.id limit %(limit)s",
            columns=sql.SQL(", ").join(map(sql.Identifier, names)),
            session_stands=asking.stands("s"),
            conditions=asking.meeting(SpeakerRow, where),
        ),
        dict(zip(("start", "session", "place", "id"), after or (None,) * 4, strict=True)) | {"limit": limit},
    )
    return [(record[-1], row_of(SpeakerRow, names, record[:-1])) for record in records]


class InterventionRow(Row, frozen=True, kw_only=True):
    """Something said in a session, as the record has it. `number` is the place of its fact in the session's history."""

    TABLE: ClassVar[str] = "intervention"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("session", "number"),)

    id: UUID
    session: UUID
    number: int
    organization: str
    registration: UUID | None
    subject: UUID | None
    text: Sealed
    attributed: bool
    recorded_at: datetime
    corrected: int = 0


class Interventions(ReadModel[InterventionRow]):
    """What was said."""

    @on(Session.InterventionRecorded, keys=lambda fact: (fact.intervention,))
    def recorded(self, fact: Session.InterventionRecorded, at: Recorded) -> InterventionRow:
        return InterventionRow(
            id=fact.intervention,
            session=fact.originator_id,
            number=fact.originator_version,
            organization=fact.organization,
            registration=fact.registration,
            subject=fact.subject,
            text=fact.text,
            attributed=fact.attributed,
            recorded_at=at.recorded_at,
        )

    @on(Session.RecordCorrected, keys=lambda fact: (fact.intervention,) if fact.intervention else ())
    def corrected(self, row: InterventionRow, fact: Session.RecordCorrected, at: Recorded) -> InterventionRow:
        return replace(
            row,
            text=fact.text or row.text,
            attributed=row.attributed if fact.attributed is None else fact.attributed,
            corrected=row.corrected + 1,
        )


class RecordCorrectionRow(Row, frozen=True, kw_only=True):
    """A correction of an approved record: of one intervention, or of the record at large."""

    TABLE: ClassVar[str] = "record_correction"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("session", "number"),)

    id: UUID
    session: UUID
    number: int
    intervention: UUID | None
    text: Sealed | None
    attributed: bool | None
    corrected_at: datetime


class RecordCorrections(ReadModel[RecordCorrectionRow]):
    """How approved records were corrected, in order."""

    @on(Session.RecordCorrected, keys=lambda fact: (uuid5(fact.originator_id, str(fact.number)),))
    def corrected(self, fact: Session.RecordCorrected, at: Recorded) -> RecordCorrectionRow:
        return RecordCorrectionRow(
            id=uuid5(fact.originator_id, str(fact.number)),
            session=fact.originator_id,
            number=fact.number,
            intervention=fact.intervention,
            text=fact.text,
            attributed=fact.attributed,
            corrected_at=at.recorded_at,
        )


class CapacityGapRow(Row, frozen=True, kw_only=True):
    """What a region lacks, as an organization voiced it. `rank` orders severities, from 0 for the least."""

    TABLE: ClassVar[str] = "capacity_gap"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("session", "code"),
        ("region", "code"),
        ("working_group", "code"),
        ("voiced_by", "code"),
        ("rank", "code"),
        ("identified_on", "code"),
        ("open", "code"),
    )

    id: UUID
    code: str
    session: UUID
    region: str
    working_group: str
    severity: Severity
    rank: int
    description: str
    voiced_by: str
    identified_on: date
    open: bool = True
    corrected_on: date | None = None
    closed_on: date | None = None


def gap_id(code: str) -> UUID:
    """The id of the row of a capacity gap: codes are unique over all sessions."""
    return uuid5(NAMESPACE, f"capacity_gap:{code}")


class CapacityGaps(ReadModel[CapacityGapRow]):
    """The capacity gaps of all regions."""

    @on(Session.CapacityGapIdentified, keys=lambda fact: (gap_id(fact.code),))
    def identified(self, fact: Session.CapacityGapIdentified, at: Recorded) -> CapacityGapRow:
        return CapacityGapRow(
            id=gap_id(fact.code),
            code=fact.code,
            session=fact.originator_id,
            region=fact.region,
            working_group=fact.working_group,
            severity=fact.severity,
            rank=SEVERITIES.index(fact.severity),
            description=fact.description,
            voiced_by=fact.voiced_by,
            identified_on=fact.provenance.effective_on,
        )

    @on(Session.CapacityGapCorrected, keys=lambda fact: (gap_id(fact.code),))
    def corrected(self, row: CapacityGapRow, fact: Session.CapacityGapCorrected, at: Recorded) -> CapacityGapRow:
        return replace(
            row,
            region=fact.region,
            working_group=fact.working_group,
            severity=fact.severity,
            rank=SEVERITIES.index(fact.severity),
            description=fact.description,
            voiced_by=fact.voiced_by,
            corrected_on=fact.provenance.effective_on,
        )

    @on(Session.CapacityGapClosed, keys=lambda fact: (gap_id(fact.code),))
    def closed(self, row: CapacityGapRow, fact: Session.CapacityGapClosed, at: Recorded) -> CapacityGapRow:
        return replace(row, open=False, closed_on=fact.provenance.effective_on)


GAP_TOPICS = (
    Session.CapacityGapIdentified.TOPIC,
    Session.CapacityGapCorrected.TOPIC,
    Session.CapacityGapClosed.TOPIC,
)


def facts_of_gap(asking: Asking, code: str) -> Where:
    """Facts of the trail that are about a capacity gap."""
    return _facts_about(asking, code, GAP_TOPICS)


def facts_of_practice(asking: Asking, code: str) -> Where:
    """Facts of the trail that are about a good practice."""
    return _facts_about(asking, code, (Session.GoodPracticeHighlighted.TOPIC,))


def _facts_about(asking: Asking, code: str, topics: Sequence[str]) -> Where:
    return asking.compose(
        "(t.topic = any({topics}) and t.data ->> 'code' = {code})",
        topics=sql.Literal(list(topics)),
        code=sql.Literal(code),
    )


class GoodPracticeRow(Row, frozen=True, kw_only=True):
    """What works in a region, and where else it may."""

    TABLE: ClassVar[str] = "good_practice"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("session", "code"),
        ("region", "code"),
        ("working_group", "code"),
        ("for_gap", "code"),
        ("highlighted_on", "code"),
    )
    LISTS: ClassVar[tuple[str, ...]] = ("replicable_in",)

    id: UUID
    code: str
    session: UUID
    region: str
    working_group: str
    model: str
    replicable_in: tuple[str, ...]
    for_gap: str | None
    highlighted_on: date


def practice_id(code: str) -> UUID:
    """The id of the row of a good practice: codes are unique over all sessions."""
    return uuid5(NAMESPACE, f"good_practice:{code}")


class GoodPractices(ReadModel[GoodPracticeRow]):
    """The good practices of all regions."""

    @on(Session.GoodPracticeHighlighted, keys=lambda fact: (practice_id(fact.code),))
    def highlighted(self, fact: Session.GoodPracticeHighlighted, at: Recorded) -> GoodPracticeRow:
        return GoodPracticeRow(
            id=practice_id(fact.code),
            code=fact.code,
            session=fact.originator_id,
            region=fact.region,
            working_group=fact.working_group,
            model=fact.model,
            replicable_in=fact.replicable_in,
            for_gap=fact.for_gap,
            highlighted_on=fact.provenance.effective_on,
        )


class PriorityRow(Row, frozen=True, kw_only=True):
    """Something that a session said should come first. `number` is the place of its fact in the session's history."""

    TABLE: ClassVar[str] = "session_priority"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("session", "number"),)

    id: UUID
    session: UUID
    number: int
    title: str
    organization: str | None
    regions: tuple[str, ...]
    working_groups: tuple[str, ...]
    raised_on: date


class Priorities(ReadModel[PriorityRow]):
    """What sessions said should come first."""

    @on(Session.PriorityRaised, keys=lambda fact: (fact.priority,))
    def raised(self, fact: Session.PriorityRaised, at: Recorded) -> PriorityRow:
        return PriorityRow(
            id=fact.priority,
            session=fact.originator_id,
            number=fact.originator_version,
            title=fact.title,
            organization=fact.organization,
            regions=fact.regions,
            working_groups=fact.working_groups,
            raised_on=fact.provenance.effective_on,
        )
