"""Retreats: what happens when and where, what has changed since one last looked, and what was issued afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from compact_domain import retreat as domain
from compact_domain.kernel import Concerns, NotFound
from compact_domain.policy import may_read_personal
from compact_domain.registration import RegistrationState
from compact_domain.retreat import (
    CommunicationChannel,
    CommunicationKind,
    Format,
    Remark,
    ReportStage,
    Retreats,
    RetreatState,
)
from compact_domain.vocabulary import Mode
from compact_projections.asking import Asking, Condition, Order, Where
from compact_projections.organizations import OrganizationRow
from compact_projections.registration_desk import RegistrationRow
from compact_projections.retreats import (
    AcknowledgementRow,
    ActionPlanRow,
    AgendaRow,
    Change,
    CommunicationRow,
    EntryChange,
    InvitationRow,
    LogisticsRow,
    RetreatRow,
    SummaryReportRow,
    agenda_changes,
    answered,
    in_state,
    logistics_changes,
)

from .commands import ChangeInput, CommandInput, Decision, Payload, give, reference
from .context import Info
from .fields import command, question
from .listing import Choice, CodeFilter, DateFilter, Direction, Listing, TextFilter, TimeFilter
from .moments import Asked
from .nodes import Subject
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First
from .scalars import URL, Code, EmailAddress, Position, TimeZone
from .shapes import described, enumeration, form, shape
from .text import LongText
from .vocabulary import BodyAct, BodyActInput, act_from, act_of

enumeration(
    RetreatState,
    PLANNED="Being prepared; not made known yet.",
    ANNOUNCED="Made known; registration has not been opened yet.",
    REGISTRATION_OPEN="Nominations may come in, up to the deadline.",
    REGISTRATION_CLOSED="The deadline has passed, or registration was closed by hand.",
    IN_SESSION="Being held.",
    CONCLUDED="Held; its summary report is still to come.",
    REPORTED="Held, and its summary report was issued.",
    POSTPONED="Will not meet on its days; new ones are not known yet.",
    CANCELLED="Will not take place.",
)
enumeration(
    Format,
    IN_PERSON="Everybody is in the room.",
    VIRTUAL="Everybody joins over the virtual platform.",
    HYBRID="Some are in the room, others join over the virtual platform.",
)
enumeration(CommunicationKind, PRESS_RELEASE="A press release.", SOCIAL_POST="A post on social media.")
enumeration(
    CommunicationChannel,
    COORDINATION_PLATFORM="The Coordination Platform of the Compact.",
    UNOCT_WEBSITE="The website of the United Nations Office of Counter-Terrorism.",
)
enumeration(ReportStage, DRAFT="Handed out for comments.", FINAL="The report itself.")


class AgendaChangeKind(Enum):
    """How a session differs between two versions of an agenda."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


enumeration(
    AgendaChangeKind,
    ADDED="Only the later version has it.",
    REMOVED="Only the earlier version has it.",
    CHANGED="Both have it, with other times, another room or another title.",
)

NUMBERED = (Order("n"),)
LOGISTICS = Listing(LogisticsRow, default=NUMBERED)
ACKNOWLEDGEMENTS = Listing(AcknowledgementRow, default=(Order("organization"),))
INVITATIONS = Listing(InvitationRow, default=(Order("organization"),))
AGENDAS = Listing(AgendaRow, default=NUMBERED)
PLANS = Listing(ActionPlanRow, default=NUMBERED)
REPORTS_OF_ONE = Listing(SummaryReportRow, default=NUMBERED)
COMMUNICATIONS_OF_ONE = Listing(CommunicationRow, default=(Order("issued_at"),))

RETREATS = Listing(RetreatRow, default=(Order("starts_on", descending=True),))
COMMUNICATIONS = Listing(CommunicationRow, default=(Order("issued_at", descending=True),))
REPORTS = Listing(SummaryReportRow, default=(Order("issued_at", descending=True),))


@shape
class FieldChange:
    """A field that differs between two versions."""

    field: str = described("Its name: `venue.room`. A link of the virtual platform differs without being shown.")
    before: str | None = described("What the earlier version said; null: nothing.")
    after: str | None = described("What the later version says; null: nothing.")


def change_of(change: Change) -> FieldChange:
    """A change as the schema shows it."""
    return FieldChange(field=change.field, before=change.before, after=change.after)


@shape
class Venue:
    """Where a retreat meets."""

    place: str = described("Building, city.")
    room: str | None = described("Room, as people call it.")


@shape
class PlatformLink:
    """Where one joins over the virtual platform."""

    mode: Mode = described("For whom it is: those in the room, or those who join.")
    url: URL = described("The link.")


@shape
class LogisticsAcknowledgement:
    """An organization's word that it has taken note of a version of the logistics."""

    row: strawberry.Private[AcknowledgementRow]
    asking: strawberry.Private[Asking]
    number: int = described("Number of the version.")
    acknowledged_at: datetime = described("When it was recorded.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Who took note."""
        return await _organization(info, self.asking, self.row.organization)


@shape
class LogisticsVersion:
    """What participants were told they need to know to come. Each version says all of it."""

    row: strawberry.Private[LogisticsRow]
    asking: strawberry.Private[Asking]
    number: int = described("Number of the version, from 1.")
    issued_at: datetime = described("When it was issued.")
    format: Format = described("In which modes the retreat may be attended.")
    contact: EmailAddress = described("An institution's address for questions.")
    venue: Venue | None = described("Where it meets; null: not known yet, or nobody meets.")
    platform: str | None = described("The virtual platform; its links are apart.")
    information: str | None = described("Practical matters.")

    @question
    async def changes(self, info: Info) -> list[FieldChange]:
        """What is different from the version before; nothing for the first."""
        return await _logistics_changes(info, self.asking, self.row.retreat, max(1, self.row.n - 1), self.row.n)

    @question
    async def acknowledgements(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[LogisticsAcknowledgement]:
        """The organizations that have acknowledged this version, by code."""
        rows = await info.context.many(self.asking, AcknowledgementRow, "retreat", self.row.retreat)
        return ACKNOWLEDGEMENTS.page_of(
            (row for row in rows if row.n == self.row.n),
            node=lambda row: LogisticsAcknowledgement(
                row=row, asking=self.asking, number=row.n, acknowledged_at=row.acknowledged_at
            ),
            first=first,
            after=after,
        )


def _logistics_version(row: LogisticsRow, asking: Asking) -> LogisticsVersion:
    told = row.logistics
    return LogisticsVersion(
        row=row,
        asking=asking,
        number=row.n,
        issued_at=row.issued_at,
        format=told.format,
        contact=EmailAddress(told.contact),
        venue=Venue(place=told.venue.place, room=told.venue.room) if told.venue else None,
        platform=told.platform,
        information=told.information,
    )


async def _logistics_changes(info: Info, asking: Asking, retreat: UUID, start: int, end: int) -> list[FieldChange]:
    rows = sorted(await info.context.many(asking, LogisticsRow, "retreat", retreat), key=lambda row: row.n)
    _require_versions({row.n for row in rows}, start, end, kind="LogisticsVersion")
    return [change_of(change) for change in logistics_changes(rows, start, end)]


def _require_versions(known: Iterable[int], *wanted: int, kind: str) -> None:
    for n in wanted:
        if n not in known:
            raise NotFound(kind=kind, reference=str(n))


@shape
class Invitation:
    """An organization that was invited to a retreat."""

    row: strawberry.Private[InvitationRow]
    asking: strawberry.Private[Asking]
    invited_at: datetime = described("When it was invited.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Who was invited."""
        return await _organization(info, self.asking, self.row.organization)

    @question
    async def answered(self, info: Info) -> bool | None:
        """Whether it has answered with a registration, or is silent; null if that is not for the one who asks."""

        async def load(keys: list[tuple[UUID, str]]) -> list[bool | None]:
            return await answered(self.asking, keys)

        key = ("answered", self.asking.moment.position)
        return await info.context.loader(key, load).load((self.row.retreat, self.row.organization))

    @question
    async def acknowledged_logistics(self, info: Info) -> int | None:
        """Number of the latest version of the logistics that it has acknowledged; null: none."""
        rows = await info.context.many(self.asking, AcknowledgementRow, "retreat", self.row.retreat)
        return max((row.n for row in rows if row.organization == self.row.organization), default=None)


@shape
class SeatRules:
    """How many seats each Compact entity has, both modes together, and how many places there are."""

    representatives: int = described("Representatives of each entity.")
    delegates: int = described("Delegates of each entity.")
    in_person_places: int | None = described("Places in the room; null: not known yet.")
    virtual_places: int | None = described("Places on the virtual platform; null: no limit.")


def _seat_rules(rules: domain.SeatRules) -> SeatRules:
    return SeatRules(
        representatives=rules.representatives,
        delegates=rules.delegates,
        in_person_places=rules.in_person_places,
        virtual_places=rules.virtual_places,
    )


@shape
class RegistrationDeadline:
    """The last instant to register."""

    at: datetime = described("The instant; what comes at it is in time.")
    zone: TimeZone = described("The zone it is spoken of in.")


@shape
class AgendaEntry:
    """A session as an agenda announced it."""

    session: Code = described("Code of the session.")
    title: str = described("Its title.")
    starts_at: datetime = described("When it starts.")
    ends_at: datetime = described("When it ends.")
    room: str | None = described("Where; null: virtual only, or the venue's own room.")


@shape
class AgendaChange:
    """A session that two versions of an agenda announce differently."""

    session: Code = described("Code of the session.")
    kind: AgendaChangeKind = described("How it differs.")
    before: AgendaEntry | None = described("As the earlier version announced it; null if it did not.")
    after: AgendaEntry | None = described("As the later version announces it; null if it does not.")
    fields: list[FieldChange] = described("What of it differs: `title`, `startsAt`, `endsAt`, `room`.")


@shape
class Agenda:
    """A version of a retreat's agenda, as it was published."""

    row: strawberry.Private[AgendaRow]
    asking: strawberry.Private[Asking]
    number: int = described("Number of the version, from 1.")
    published_at: datetime = described("When it was published.")
    sessions: list[AgendaEntry] = described("The sessions, in the order of the programme.")

    @question
    async def change_note(self, info: Info) -> str | None:
        """What is different, in words; null for the first version."""
        return await info.context.text(self.row.change_note)

    @question
    async def changes(self, info: Info) -> list[AgendaChange]:
        """What is different from the version before; nothing for the first."""
        return await _agenda_changes(info, self.asking, self.row.retreat, max(1, self.row.n - 1), self.row.n)


def _entry(entry: domain.AgendaEntry) -> AgendaEntry:
    return AgendaEntry(
        session=Code(entry.session),
        title=entry.title,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        room=entry.room,
    )


def _agenda(row: AgendaRow, asking: Asking) -> Agenda:
    return Agenda(
        row=row,
        asking=asking,
        number=row.n,
        published_at=row.published_at,
        sessions=[_entry(entry) for entry in row.sessions],
    )


def _agenda_change(change: EntryChange) -> AgendaChange:
    kinds = {(False, True): AgendaChangeKind.ADDED, (True, False): AgendaChangeKind.REMOVED}
    entry = change.after or change.before
    assert entry is not None, "a session that changed is in one version at least"
    return AgendaChange(
        session=Code(entry.session),
        kind=kinds.get((change.before is not None, change.after is not None), AgendaChangeKind.CHANGED),
        before=_entry(change.before) if change.before else None,
        after=_entry(change.after) if change.after else None,
        fields=[change_of(field) for field in change.changes],
    )


async def _agenda_of(info: Info, asking: Asking, retreat: UUID, version: int | None) -> Agenda | None:
    rows = {row.n: row for row in await info.context.many(asking, AgendaRow, "retreat", retreat)}
    row = rows.get(max(rows, default=0) if version is None else version)
    return _agenda(row, asking) if row else None


async def _agenda_changes(info: Info, asking: Asking, retreat: UUID, start: int, end: int) -> list[AgendaChange]:
    rows = {row.n: row for row in await info.context.many(asking, AgendaRow, "retreat", retreat)}
    _require_versions(rows, start, end, kind="Agenda")
    return [_agenda_change(change) for change in agenda_changes(rows[start].sessions, rows[end].sessions)]


@shape
class Communication:
    """A press release or a post about a retreat."""

    row: strawberry.Private[CommunicationRow]
    asking: strawberry.Private[Asking]
    kind: CommunicationKind = described("What it is.")
    channel: CommunicationChannel = described("Where it was issued.")
    title: str = described("Its title.")
    text: str | None = described("As published; null if only the title was kept.")
    issued_at: datetime = described("When it was recorded.")
    issued_on: date = described("The day it was issued.")

    @question
    async def retreat(self, info: Info) -> Retreat:
        """The retreat it is about."""
        return await _retreat_of(info, self.asking, self.row.retreat)


def _communication(row: CommunicationRow, asking: Asking) -> Communication:
    return Communication(
        row=row,
        asking=asking,
        kind=row.kind,
        channel=row.channel,
        title=row.title,
        text=row.text,
        issued_at=row.issued_at,
        issued_on=row.effective_on,
    )


@shape
class ReportComment:
    """What an organization had to say about a draft."""

    comment: strawberry.Private[domain.Comment]
    asking: strawberry.Private[Asking]

    @question
    async def organization(self, info: Info) -> Organization | None:
        """Whose comment it is."""
        return await _organization(info, self.asking, self.comment.organization)

    @question
    async def text(self, info: Info) -> str | None:
        """What it says; null if it was erased, or is not for the one who asks."""
        concerns = Concerns(organizations=frozenset({self.comment.organization}))
        if not may_read_personal(await info.context.actor(), concerns):
            return None
        return await info.context.text(self.comment.text)


@shape
class SummaryReport:
    """A version of a retreat's summary report: what it rests on, and how to know it again."""

    row: strawberry.Private[SummaryReportRow]
    asking: strawberry.Private[Asking]
    number: int = described("Number of the version, from 1, drafts counted.")
    stage: ReportStage = described("Whether it is still open to comments.")
    position: Position = described("The position in the history that it was written from.")
    content_digest: str = described("SHA-256 of what it says, in hexadecimal.")
    file_digest: str = described("SHA-256 of the document as it was handed out, in hexadecimal.")
    issued_at: datetime = described("When it was issued.")

    @question
    def comments(self) -> list[ReportComment]:
        """What organizations said about the version before."""
        return [ReportComment(comment=comment, asking=self.asking) for comment in self.row.comments]

    @question
    async def retreat(self, info: Info) -> Retreat:
        """The retreat it is about."""
        return await _retreat_of(info, self.asking, self.row.retreat)


def _report(row: SummaryReportRow, asking: Asking) -> SummaryReport:
    return SummaryReport(
        row=row,
        asking=asking,
        number=row.n,
        stage=row.stage,
        position=Position(row.position),
        content_digest=row.content_digest,
        file_digest=row.file_digest,
        issued_at=row.issued_at,
    )


@shape
class ActionPlanVersion:
    """A version of the action plan on engagement with regional organizations, as a body adopted it."""

    number: int = described("Number of the version.")
    title: str = described("Its title.")
    act: BodyAct = described("The decision that adopted it.")
    file_digest: str | None = described("SHA-256 of the document, in hexadecimal.")
    recorded_at: datetime = described("When the decision was recorded.")


def _plan(row: ActionPlanRow) -> ActionPlanVersion:
    return ActionPlanVersion(
        number=row.n,
        title=row.title,
        act=act_of(row.act),
        file_digest=row.file_digest,
        recorded_at=row.recorded_at,
    )


async def _organization(info: Info, asking: Asking, code: str) -> Organization | None:
    row = await info.context.one(asking, OrganizationRow, "code", code)
    return Organization.of(row, asking) if row else None


async def _retreat_of(info: Info, asking: Asking, id: UUID) -> Retreat:
    row = await info.context.one(asking, RetreatRow, "id", id)
    assert row is not None, "what belongs to a retreat is shown as far as the retreat is"
    return Retreat.of(row, asking)


async def _modes_joined(info: Info, retreat: str) -> list[Mode]:
    """The modes whose links the one who asks may know now, of whatever moment they are."""
    actor = await info.context.actor()
    rows = await info.context.many(await info.context.asking(), RegistrationRow, "subject", actor.id)
    joined = {row.mode for row in rows if row.retreat == retreat and row.state is RegistrationState.CONFIRMED}
    own = Concerns(persons=frozenset({actor.id}))
    return [mode for mode in Mode if may_read_personal(actor, own if mode in joined else Concerns())]


FromVersion = Annotated[int, strawberry.argument(name="from", description="Number of the earlier version.")]
ToVersion = Annotated[int | None, strawberry.argument("Number of the later version; left out: the latest.")]
Version = Annotated[int | None, strawberry.argument("Number of the version; left out: the latest.")]


@shape
class Retreat(Subject):
    """A meeting of the Compact with regional organizations, from its plan to its report."""

    row: strawberry.Private[RetreatRow]

    @classmethod
    def aggregate_kind(cls) -> type[domain.Retreat]:
        return domain.Retreat

    @classmethod
    def row_kind(cls) -> type[RetreatRow]:
        return RetreatRow

    @question
    def code(self) -> Code:
        """Unique code."""
        return Code(self.row.code)

    @question
    def series(self) -> str:
        """What its editions have in common."""
        return self.row.series

    @question
    def edition(self) -> int:
        """Which edition of its series it is; 1 for the inaugural one."""
        return self.row.edition

    @question
    def title(self) -> str:
        """What it is called."""
        return self.row.title

    @question
    def theme(self) -> str:
        """What it is about."""
        return self.row.theme

    @question
    def objectives(self) -> list[str]:
        """What it is to achieve."""
        return list(self.row.objectives)

    @question
    def starts_on(self) -> date:
        """First day, in its zone. While it is postponed: the day it was to be."""
        return self.row.starts_on

    @question
    def ends_on(self) -> date:
        """Last day, in its zone. While it is postponed: the day it was to be."""
        return self.row.ends_on

    @question
    def zone(self) -> TimeZone:
        """The zone of its days."""
        return TimeZone(self.row.zone)

    @question
    def state(self) -> RetreatState:
        """How far it has come. Past the deadline registration reads as closed."""
        return self.row.state_at(self.asking.moment)

    @question
    def announced(self) -> bool:
        """Whether it was made known; until then it exists only for those who prepare or audit it."""
        return self.row.announced

    @question
    def registration_open(self) -> bool:
        """Whether a nomination may come in at the moment."""
        return self.row.state_at(self.asking.moment) is RetreatState.REGISTRATION_OPEN

    @question
    def registration_deadline(self) -> RegistrationDeadline | None:
        """The last instant to register; null until registration is first opened."""
        at, zone = self.row.deadline, self.row.deadline_zone
        return RegistrationDeadline(at=at, zone=TimeZone(zone)) if at and zone else None

    @question
    def format(self) -> Format:
        """In which modes it may be attended."""
        return self.row.format

    @question
    def seat_rules(self) -> SeatRules | None:
        """Seats of each Compact entity, and places; null until they are set."""
        return _seat_rules(self.row.seat_rules) if self.row.seat_rules else None

    @question
    async def logistics(self, info: Info) -> LogisticsVersion:
        """What participants need to know to come: the latest version."""
        rows = await info.context.many(self.asking, LogisticsRow, "retreat", self.row.id)
        return _logistics_version(max(rows, key=lambda row: row.n), self.asking)

    @question
    async def logistics_versions(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[LogisticsVersion]:
        """Every version of the logistics, from the first on."""
        rows = await info.context.many(self.asking, LogisticsRow, "retreat", self.row.id)
        return LOGISTICS.page_of(rows, node=lambda row: _logistics_version(row, self.asking), first=first, after=after)

    @question
    async def logistics_changes(self, info: Info, from_: FromVersion, to: ToVersion = None) -> list[FieldChange]:
        """What differs between two versions of the logistics."""
        end = self.row.logistics_version if to is None else to
        return await _logistics_changes(info, self.asking, self.row.id, from_, end)

    @question
    async def platform_links(self, info: Info) -> list[PlatformLink]:
        """Links of the virtual platform: all for the secretariat and auditors, their own for confirmed participants."""
        links = {Mode.IN_PERSON: self.row.in_person_link, Mode.VIRTUAL: self.row.virtual_link}
        texts = {mode: await info.context.text(links[mode]) for mode in await _modes_joined(info, self.row.code)}
        return [PlatformLink(mode=mode, url=URL(text)) for mode, text in texts.items() if text]

    @question
    async def invitations(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Invitation]:
        """The organizations that were invited, by code."""
        rows = await info.context.many(self.asking, InvitationRow, "retreat", self.row.id)
        return INVITATIONS.page_of(
            rows,
            node=lambda row: Invitation(row=row, asking=self.asking, invited_at=row.invited_at),
            first=first,
            after=after,
        )

    @question
    async def agenda(self, info: Info, version: Version = None) -> Agenda | None:
        """A version of its agenda; null if there is none of that number."""
        return await _agenda_of(info, self.asking, self.row.id, version)

    @question
    async def agenda_versions(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Agenda]:
        """Every version of its agenda, from the first on."""
        rows = await info.context.many(self.asking, AgendaRow, "retreat", self.row.id)
        return AGENDAS.page_of(rows, node=lambda row: _agenda(row, self.asking), first=first, after=after)

    @question
    async def agenda_changes(self, info: Info, from_: FromVersion, to: ToVersion = None) -> list[AgendaChange]:
        """What differs between two versions of its agenda."""
        end = self.row.agenda_version if to is None else to
        return await _agenda_changes(info, self.asking, self.row.id, from_, end)

    @question
    async def communications(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Communication]:
        """What was published about it, in the order of issue."""
        rows = await info.context.many(self.asking, CommunicationRow, "retreat", self.row.id)
        return COMMUNICATIONS_OF_ONE.page_of(
            rows, node=lambda row: _communication(row, self.asking), first=first, after=after
        )

    @question
    async def summary_reports(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[SummaryReport]:
        """Every version of its summary report, from the first on."""
        rows = await info.context.many(self.asking, SummaryReportRow, "retreat", self.row.id)
        return REPORTS_OF_ONE.page_of(rows, node=lambda row: _report(row, self.asking), first=first, after=after)

    @question
    async def action_plans(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[ActionPlanVersion]:
        """Every version of the action plan that a body adopted, from the first on."""
        rows = await info.context.many(self.asking, ActionPlanRow, "retreat", self.row.id)
        return PLANS.page_of(rows, node=_plan, first=first, after=after)


@form
class RetreatFilter:
    """Which retreats to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    series: TextFilter | None = described("What its editions have in common.", default=None)
    title: TextFilter | None = described("What it is called.", default=None)
    state: Choice[RetreatState] | None = described("How far it has come, as it reads at the moment.", default=None)
    format: Choice[Format] | None = described("In which modes it may be attended.", default=None)
    starts_on: DateFilter | None = described("Its first day.", default=None)
    ends_on: DateFilter | None = described("Its last day.", default=None)


class RetreatOrderField(Enum):
    """What retreats can be ordered by."""

    STARTS_ON = "starts_on"
    CODE = "code"
    TITLE = "title"


enumeration(RetreatOrderField, STARTS_ON="Its first day.", CODE="Its code.", TITLE="What it is called.")


@form
class RetreatOrder:
    """An order of retreats."""

    field: RetreatOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


@form
class CommunicationFilter:
    """Which communications to show."""

    retreat: CodeFilter | None = described("Codes of the retreats they are about.", default=None)
    kind: Choice[CommunicationKind] | None = described("What it is.", default=None)
    channel: Choice[CommunicationChannel] | None = described("Where it was issued.", default=None)
    issued_at: TimeFilter | None = described("When it was recorded.", default=None)


@form
class SummaryReportFilter:
    """Which versions of summary reports to show."""

    retreat: CodeFilter | None = described("Codes of the retreats they are about.", default=None)
    stage: Choice[ReportStage] | None = described("Whether it is still open to comments.", default=None)
    issued_at: TimeFilter | None = described("When it was issued.", default=None)


def _states(wanted: Choice[RetreatState]) -> set[RetreatState]:
    states = set(RetreatState if wanted.in_ is None else wanted.in_)
    return states if wanted.eq is None else states & {wanted.eq}


def _about(wanted: CodeFilter) -> Where:
    """What belongs to retreats of these codes: their ids follow from them."""
    codes = [code for code in (wanted.in_ if wanted.in_ is not None else [wanted.eq]) if code is not None]
    if wanted.in_ is not None and wanted.eq is not None:
        codes = [code for code in codes if code == wanted.eq]
    return Condition("retreat", "in", [domain.Retreat.identify(code) for code in codes])


RetreatCode = Annotated[Code, strawberry.argument("Its code.")]
RetreatId = Annotated[strawberry.ID, strawberry.argument("The retreat, by global id or by code.")]
Filter = Annotated[RetreatFilter | None, strawberry.argument("Which to show; left out: all.")]
OrderBy = Annotated[
    list[RetreatOrder] | None, strawberry.argument("In which order; left out: by first day, the latest first.")
]
CommunicationsWanted = Annotated[CommunicationFilter | None, strawberry.argument("Which to show; left out: all.")]
ReportsWanted = Annotated[SummaryReportFilter | None, strawberry.argument("Which to show; left out: all.")]


@shape
class RetreatQuestions(Asked):
    """What happens when and where."""

    @question
    async def retreat(self, info: Info, code: RetreatCode) -> Retreat | None:
        """One retreat, by code."""
        return await Retreat.found(info, await self.asking(info), code)

    @question
    async def retreats(
        self,
        info: Info,
        filter: Filter = None,
        order_by: OrderBy = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Retreat]:
        """Retreats, past and to come."""
        asking = await self.asking(info)
        return await RETREATS.page(
            asking,
            node=lambda row: Retreat.of(row, asking),
            where=RETREATS.where(filter, apart={"state": lambda wanted: in_state(asking, _states(wanted))}),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )

    @question
    async def agenda(self, info: Info, retreat: RetreatId, version: Version = None) -> Agenda | None:
        """A version of a retreat's agenda; null if there is no such retreat, or no version of that number."""
        found = await Retreat.found(info, await self.asking(info), reference(retreat, "Retreat", field="retreat"))
        return await _agenda_of(info, found.asking, found.row.id, version) if found else None

    @question
    async def agenda_changes(
        self, info: Info, retreat: RetreatId, from_: FromVersion, to: ToVersion = None
    ) -> list[AgendaChange]:
        """What differs between two versions of a retreat's agenda."""
        found = await Retreat.found(info, await self.asking(info), reference(retreat, "Retreat", field="retreat"))
        if found is None:
            raise NotFound(kind="Retreat", reference=retreat)
        end = found.row.agenda_version if to is None else to
        return await _agenda_changes(info, found.asking, found.row.id, from_, end)

    @question
    async def communications(
        self, info: Info, filter: CommunicationsWanted = None, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Communication]:
        """Press releases and posts about retreats, the latest first."""
        asking = await self.asking(info)
        return await COMMUNICATIONS.page(
            asking,
            node=lambda row: _communication(row, asking),
            where=COMMUNICATIONS.where(filter, apart={"retreat": _about}),
            first=first,
            after=after,
        )

    @question
    async def summary_reports(
        self, info: Info, filter: ReportsWanted = None, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[SummaryReport]:
        """Versions of the summary reports of retreats, the latest first."""
        asking = await self.asking(info)
        return await REPORTS.page(
            asking,
            node=lambda row: _report(row, asking),
            where=REPORTS.where(filter, apart={"retreat": _about}),
            first=first,
            after=after,
        )


@form
class VenueInput:
    """Where a retreat meets."""

    place: str = described("Building, city.")
    room: str | None = described("Room, as people call it.", default=None)


@form
class LogisticsInput:
    """What participants need to know to come; all of it, since each version stands for itself."""

    format: Format = described("In which modes the retreat may be attended.")
    contact: EmailAddress = described("An institution's address for questions, not a person's.")
    venue: VenueInput | None = described("Where it meets; left out: not known yet, or nobody meets.", default=None)
    platform: str | None = described("The virtual platform; its links are given apart.", default=None)
    information: LongText | None = described("Practical matters, without personal data.", default=None)


@form
class AgendaEntryInput:
    """A session as an agenda announces it."""

    session: Code = described("Code of the session.")
    title: str = described("Its title.")
    starts_at: datetime = described("When it starts.")
    ends_at: datetime = described("When it ends.")
    room: str | None = described("Where; left out: virtual only, or the venue's own room.", default=None)


@form
class ReportCommentInput:
    """What an organization had to say about a draft."""

    organization: strawberry.ID = described("Whose comment it is, by global id or by code.")
    text: LongText = described("What it says. Kept sealed.")


@form
class RetreatPlanInput(CommandInput):
    """A retreat to plan. It is not seen by others until it is announced."""

    code: Code = described("Unique code.")
    series: str = described("What its editions have in common.")
    edition: int = described("Which edition of its series it is; 1 for the inaugural one.")
    title: str = described("What it is called.")
    theme: str = described("What it is about.")
    starts_on: date = described("First day, in its zone.")
    ends_on: date = described("Last day, in its zone.")
    zone: TimeZone = described("The zone of its days.")
    logistics: LogisticsInput = described("Version 1 of the logistics.")
    in_person_link: URL | None = described("Platform link for those in the room. Kept sealed.", default=None)
    virtual_link: URL | None = described("Platform link for those who join. Kept sealed.", default=None)
    objectives: list[LongText] = described("What it is to achieve.", default_factory=list)


@form
class RetreatAnnounceInput(ChangeInput):
    """A retreat to make known."""


@form
class RetreatInviteOrganizationInput(ChangeInput):
    """An organization to invite to a retreat."""

    organization: strawberry.ID = described("The organization, by global id or by code.")


@form
class RetreatReviseLogisticsInput(ChangeInput):
    """The next version of a retreat's logistics."""

    logistics: LogisticsInput = described("All of the logistics, as they are from now on.")
    in_person_link: URL | None = described(
        "New platform link for those in the room; left out: the old one stands while the platform is the same.",
        default=None,
    )
    virtual_link: URL | None = described(
        "New platform link for those who join; left out: the old one stands while the platform is the same.",
        default=None,
    )


@form
class RetreatAcknowledgeLogisticsInput(ChangeInput):
    """An organization's word that it has taken note of a version of the logistics."""

    organization: strawberry.ID = described("The organization that took note, by global id or by code.")
    version: int = described("Number of the version.")


@form
class RetreatSetSeatRulesInput(ChangeInput):
    """Seats of each Compact entity, both modes together, and places. Never below what is taken."""

    representatives: int = described("Representatives of each entity.", default=1)
    delegates: int = described("Delegates of each entity.", default=2)
    in_person_places: int | None = described("Places in the room; left out: not known yet.", default=None)
    virtual_places: int | None = described("Places on the virtual platform; left out: no limit.", default=None)


@form
class RetreatOpenRegistrationInput(ChangeInput):
    """A retreat to open registration for."""

    deadline: datetime = described("The last instant to register.")
    zone: TimeZone | None = described(
        "The zone the deadline is spoken of in; left out: that of the retreat.", default=None
    )


@form
class RetreatCloseRegistrationInput(ChangeInput):
    """A retreat to close registration for before its deadline."""


@form
class RetreatChangeDeadlineInput(ChangeInput):
    """Another deadline of registration. Needs a reason."""

    deadline: datetime = described("The last instant to register from now on.")
    zone: TimeZone | None = described(
        "The zone the deadline is spoken of in; left out: that of the retreat.", default=None
    )


@form
class RetreatPublishAgendaInput(ChangeInput):
    """The next version of a retreat's agenda."""

    sessions: list[AgendaEntryInput] = described("All sessions, in the order of the programme.")
    change_note: LongText | None = described(
        "What is different, in words; needed from the second version on.", default=None
    )


@form
class RetreatOpenInput(ChangeInput):
    """A retreat that begins."""


@form
class RetreatConcludeInput(ChangeInput):
    """A retreat that has been held. Its registrations change no more."""


@form
class RetreatPostponeInput(ChangeInput):
    """A retreat that will not meet on its days. Needs a reason."""


@form
class RetreatResumeInput(ChangeInput):
    """New days of a retreat that was postponed. It stands where it stood before."""

    starts_on: date = described("First day, in its zone.")
    ends_on: date = described("Last day, in its zone.")
    zone: TimeZone | None = described("The zone of its days; left out: as before.", default=None)
    deadline: datetime | None = described(
        "New deadline, where registration was open; left out: as before.", default=None
    )


@form
class RetreatCancelInput(ChangeInput):
    """A retreat that will not take place. Needs a reason."""


@form
class RetreatIssueSummaryReportInput(ChangeInput):
    """A version of the summary report that was handed out."""

    position: Position = described("The position in the history that it was written from.")
    content_digest: str = described("SHA-256 of what it says, in hexadecimal.")
    file_digest: str = described("SHA-256 of the document as handed out, in hexadecimal.")
    stage: ReportStage = described("Whether it is still open to comments.", default=ReportStage.FINAL)
    comments: list[ReportCommentInput] = described(
        "What organizations said about the version before.", default_factory=list
    )


@form
class RetreatAdoptActionPlanInput(ChangeInput):
    """A version of the action plan that a body adopted."""

    title: str = described("Its title.")
    version: int = described("Number of the version; later than those adopted before.")
    act: BodyActInput = described("The decision that adopted it.")
    file_digest: str | None = described("SHA-256 of the document, in hexadecimal.", default=None)


@form
class RetreatIssueCommunicationInput(ChangeInput):
    """A press release or post about a retreat that has concluded."""

    kind: CommunicationKind = described("What it is.")
    channel: CommunicationChannel = described("Where it is issued.")
    title: str = described("Its title.")
    text: LongText | None = described("As published.", default=None)


@shape
class RetreatPayload(Payload):
    """The retreat after the command."""

    retreat: Retreat | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> RetreatPayload:
    done = await give(info, input, decision)
    return RetreatPayload(**done.told, retreat=await done.seen(RetreatRow, Retreat.of))


@shape
class RetreatMutations:
    """What may be done with retreats."""

    @command
    async def retreat_plan(self, info: Info, input: RetreatPlanInput) -> RetreatPayload:
        """Plan a retreat, or enter one of the past."""
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).plan(
                code=input.code,
                series=input.series,
                edition=input.edition,
                title=input.title,
                theme=input.theme,
                starts_on=input.starts_on,
                ends_on=input.ends_on,
                zone=input.zone,
                logistics=_logistics(input.logistics),
                in_person_link=input.in_person_link,
                virtual_link=input.virtual_link,
                objectives=input.objectives,
            ),
        )

    @command
    async def retreat_announce(self, info: Info, input: RetreatAnnounceInput) -> RetreatPayload:
        """Make a retreat known."""
        return await _answer(info, input, lambda work: Retreats(work).announce(_subject(input)))

    @command
    async def retreat_invite_organization(self, info: Info, input: RetreatInviteOrganizationInput) -> RetreatPayload:
        """Invite an organization."""
        organization = _party(input.organization)
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).invite_organization(_subject(input), organization=organization),
        )

    @command
    async def retreat_revise_logistics(self, info: Info, input: RetreatReviseLogisticsInput) -> RetreatPayload:
        """Issue the next version of the logistics."""
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).revise_logistics(
                _subject(input),
                logistics=_logistics(input.logistics),
                in_person_link=input.in_person_link,
                virtual_link=input.virtual_link,
            ),
        )

    @command
    async def retreat_acknowledge_logistics(
        self, info: Info, input: RetreatAcknowledgeLogisticsInput
    ) -> RetreatPayload:
        """Say that an organization has taken note of a version of the logistics."""
        organization = _party(input.organization)
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).acknowledge_logistics(
                _subject(input), organization=organization, version=input.version
            ),
        )

    @command
    async def retreat_set_seat_rules(self, info: Info, input: RetreatSetSeatRulesInput) -> RetreatPayload:
        """Say how many seats each Compact entity has, and how many places there are."""
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).set_seat_rules(
                _subject(input),
                representatives=input.representatives,
                delegates=input.delegates,
                in_person_places=input.in_person_places,
                virtual_places=input.virtual_places,
            ),
        )

    @command
    async def retreat_open_registration(self, info: Info, input: RetreatOpenRegistrationInput) -> RetreatPayload:
        """Let nominations come in, up to a deadline."""
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).open_registration(_subject(input), deadline=input.deadline, zone=input.zone),
        )

    @command
    async def retreat_close_registration(self, info: Info, input: RetreatCloseRegistrationInput) -> RetreatPayload:
        """Close registration by hand, as if the deadline had passed."""
        return await _answer(info, input, lambda work: Retreats(work).close_registration(_subject(input)))

    @command
    async def retreat_change_deadline(self, info: Info, input: RetreatChangeDeadlineInput) -> RetreatPayload:
        """Move the deadline of registration. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).change_deadline(_subject(input), deadline=input.deadline, zone=input.zone),
        )

    @command
    async def retreat_publish_agenda(self, info: Info, input: RetreatPublishAgendaInput) -> RetreatPayload:
        """Publish the next version of the agenda."""
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).publish_agenda(
                _subject(input),
                sessions=[_entry_from(entry) for entry in input.sessions],
                change_note=input.change_note,
            ),
        )

    @command
    async def retreat_open(self, info: Info, input: RetreatOpenInput) -> RetreatPayload:
        """Begin a retreat."""
        return await _answer(info, input, lambda work: Retreats(work).open(_subject(input)))

    @command
    async def retreat_conclude(self, info: Info, input: RetreatConcludeInput) -> RetreatPayload:
        """End a retreat that was held."""
        return await _answer(info, input, lambda work: Retreats(work).conclude(_subject(input)))

    @command
    async def retreat_postpone(self, info: Info, input: RetreatPostponeInput) -> RetreatPayload:
        """Let a retreat not meet on its days. Needs a reason."""
        return await _answer(info, input, lambda work: Retreats(work).postpone(_subject(input)))

    @command
    async def retreat_resume(self, info: Info, input: RetreatResumeInput) -> RetreatPayload:
        """Give a postponed retreat new days."""
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).resume(
                _subject(input),
                starts_on=input.starts_on,
                ends_on=input.ends_on,
                zone=input.zone,
                deadline=input.deadline,
            ),
        )

    @command
    async def retreat_cancel(self, info: Info, input: RetreatCancelInput) -> RetreatPayload:
        """Let a retreat not take place. Needs a reason."""
        return await _answer(info, input, lambda work: Retreats(work).cancel(_subject(input)))

    @command
    async def retreat_issue_summary_report(self, info: Info, input: RetreatIssueSummaryReportInput) -> RetreatPayload:
        """Issue a version of the summary report: a draft for comments, or the report itself."""
        comments = [
            Remark(organization=_party(said.organization, field=f"comments[{i}].organization"), text=said.text)
            for i, said in enumerate(input.comments)
        ]
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).issue_summary_report(
                _subject(input),
                position=input.position,
                content_digest=input.content_digest,
                file_digest=input.file_digest,
                stage=input.stage,
                comments=comments,
            ),
        )

    @command
    async def retreat_adopt_action_plan(self, info: Info, input: RetreatAdoptActionPlanInput) -> RetreatPayload:
        """Record that a body adopted a version of the action plan."""
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).adopt_action_plan(
                _subject(input),
                title=input.title,
                version=input.version,
                act=act_from(input.act),
                file_digest=input.file_digest,
            ),
        )

    @command
    async def retreat_issue_communication(self, info: Info, input: RetreatIssueCommunicationInput) -> RetreatPayload:
        """Issue a press release or a post about a retreat that has concluded."""
        return await _answer(
            info,
            input,
            lambda work: Retreats(work).issue_communication(
                _subject(input), kind=input.kind, channel=input.channel, title=input.title, text=input.text
            ),
        )


def _subject(input: ChangeInput) -> UUID | str:
    return reference(input.id, "Retreat")


def _party(id: strawberry.ID, *, field: str = "organization") -> UUID | str:
    return reference(id, "Organization", field=field)


def _logistics(input: LogisticsInput) -> domain.Logistics:
    return domain.Logistics(
        format=input.format,
        contact=input.contact,
        venue=domain.Venue(place=input.venue.place, room=input.venue.room) if input.venue else None,
        platform=input.platform,
        information=input.information,
    )


def _entry_from(input: AgendaEntryInput) -> domain.AgendaEntry:
    return domain.AgendaEntry(
        session=input.session,
        title=input.title,
        starts_at=input.starts_at,
        ends_at=input.ends_at,
        room=input.room,
    )
