"""Sessions: the programme of a retreat, who speaks, what was said, and the gaps and practices named there."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry

from compact_domain.kernel import Concerns, NotFound
from compact_domain.policy import may_read_personal
from compact_domain.session import Invitation, SessionKind, Sessions, SessionState
from compact_domain.session import Session as SessionAggregate
from compact_domain.vocabulary import Mode, Severity
from compact_projections.asking import Asking, Condition, Order, Where
from compact_projections.retreats import RetreatRow
from compact_projections.sessions import (
    CapacityGapRow,
    GoodPracticeRow,
    InterventionRow,
    PriorityRow,
    RecordCorrectionRow,
    SessionRow,
    SpeakerRow,
    facts_of_gap,
    facts_of_practice,
    gap_id,
    of_retreats,
    practice_id,
    speakers,
)

from .catalogue import Region, WorkingGroup
from .commands import ChangeInput, CommandInput, Decision, Done, Payload, give, reference
from .context import Info
from .fields import command, question
from .listing import Choice, CodeFilter, DateFilter, Direction, Listing, TextFilter, TimeFilter, YesNo, codes
from .moments import Asked
from .nodes import Subject, allowed_commands
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First, connection, page
from .paging import Order as Keyset
from .person import Person
from .registration import Registration, RetreatCommandInput
from .retreat import Retreat
from .scalars import Code, RegionCode, TimeZone
from .shapes import described, enumeration, form, shape
from .text import LongText
from .trail import TrailEntry, history_of

enumeration(
    SessionKind,
    OPENING="The opening segment.",
    THEMATIC="A thematic session.",
    CLOSING="The closing segment.",
)
enumeration(
    SessionState,
    SCHEDULED="In the programme, and not begun.",
    IN_PROGRESS="Under way.",
    CONCLUDED="Ended; its record may still be completed.",
    RECORD_APPROVED="Ended, with a record that stands and is only corrected.",
    CANCELLED="Does not take place.",
)
enumeration(
    Invitation,
    named="SpeakerInvitation",
    INVITED="Asked to speak, and not answered yet.",
    ACCEPTED="Will speak, or has spoken.",
    DECLINED="Will not speak.",
    WITHDRAWN="Is no longer asked to speak.",
)
enumeration(
    Severity,
    LOW="Could be lived with.",
    MEDIUM="Hinders the work.",
    HIGH="Keeps the region from acting on part of the threat.",
    CRITICAL="Leaves the region without means against the threat.",
)


def _concerns_of(organization: str, subject: UUID | None) -> Concerns:
    return Concerns(organizations=frozenset({organization}), persons=frozenset({subject} if subject else ()))


@shape
class SessionKeeper:
    """Somebody who leads a session or keeps its record."""

    tied_to: strawberry.Private[UUID]
    asking: strawberry.Private[Asking]
    person: Person = described("Who it is.")

    @question
    async def registration(self, info: Info) -> Registration | None:
        """The registration that the part is tied to; null if it is not for the one who asks."""
        return await Registration.found(info, self.asking, self.tied_to)


@shape
class Speaker:
    """Somebody's invitation to speak in a session. Who was asked again has the last invitation only."""

    row: strawberry.Private[SpeakerRow]
    asking: strawberry.Private[Asking]

    @question
    async def session(self, info: Info) -> Session | None:
        """Where he or she is to speak."""
        return await Session.found(info, self.asking, self.row.session)

    @question
    async def registration(self, info: Info) -> Registration | None:
        """The registration that the part in the session is tied to; null if it is not for the one who asks."""
        return await Registration.found(info, self.asking, self.row.registration)

    @question
    def person(self) -> Person:
        """Who it is."""
        concerns = _concerns_of(self.row.organization, self.row.subject)
        return Person(subject=self.row.subject, asking=self.asking, concerns=concerns)

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that he or she is registered for."""
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    def order(self) -> int:
        """Place among the speakers of the session, from 1."""
        return self.row.place

    @question
    def minutes(self) -> int:
        """Speaking time."""
        return self.row.minutes

    @question
    def mode(self) -> Mode:
        """How he or she is to speak."""
        return self.row.mode

    @question
    def invitation(self) -> Invitation:
        """How the invitation stands."""
        return self.row.invitation

    @question
    def invited_on(self) -> date:
        """The day of the invitation."""
        return self.row.invited_on

    @question
    def answered_on(self) -> date | None:
        """The day it was accepted, declined or withdrawn; null before that."""
        return self.row.answered_on


@shape
class Intervention:
    """Something said in a session, as its record has it.

    What was said is for everybody once the record is approved, and until then for those who said it or keep the
    record, the secretariat and auditors. Of one that is not attributed they alone learn who spoke.
    """

    row: strawberry.Private[InterventionRow]
    session: strawberry.Private[SessionRow]
    asking: strawberry.Private[Asking]
    id: UUID = described("Id of the intervention, by which a correction names it.")

    async def _inside(self, info: Info) -> bool:
        spoke = _concerns_of(self.row.organization, self.row.subject)
        concerns = Concerns(organizations=spoke.organizations, persons=spoke.persons | self.session.keepers)
        return may_read_personal(await info.context.actor(), concerns)

    async def _named(self, info: Info) -> bool:
        """Whether everybody may learn who spoke: it was attributed at the moment, and has not been taken back since."""
        if not self.row.attributed or self.asking.moment.live:
            return self.row.attributed
        standing = await info.context.one(await info.context.asking(), InterventionRow, "id", self.row.id)
        return standing is not None and standing.attributed

    @question
    async def attributed(self, info: Info) -> bool:
        """Whether the record names who spoke. An attribution that was taken back is so for the past too."""
        return self.row.attributed if await self._inside(info) else await self._named(info)

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that spoke; null if it is not named to the one who asks."""
        if not (await self._named(info) or await self._inside(info)):
            return None
        return await Organization.found(info, self.asking, self.row.organization)

    @question
    async def person(self, info: Info) -> Person | None:
        """Who spoke; null where that was not recorded, or is not named to the one who asks."""
        if self.row.subject is None or not (await self._named(info) or await self._inside(info)):
            return None
        concerns = _concerns_of(self.row.organization, self.row.subject)
        return Person(subject=self.row.subject, asking=self.asking, concerns=concerns)

    @question
    async def text(self, info: Info) -> str | None:
        """What was said, with its corrections; null if it was erased, or is not for the one who asks."""
        if self.session.state is SessionState.RECORD_APPROVED or await self._inside(info):
            return await info.context.text(self.row.text)
        return None

    @question
    def recorded_at(self) -> datetime:
        """When it was taken into the record."""
        return self.row.recorded_at

    @question
    def corrections(self) -> int:
        """How often it was corrected since the record was approved."""
        return self.row.corrected


@shape
class RecordCorrection:
    """A correction of an approved record."""

    row: strawberry.Private[RecordCorrectionRow]
    number: int = described("Which correction of this record, from 1.")
    intervention: UUID | None = described("The intervention corrected; null: the record at large.")
    attributed: bool | None = described("Whether the intervention names who spoke from then on; null: as before.")
    corrected_at: datetime = described("When it was recorded.")

    @question
    async def text(self, info: Info) -> str | None:
        """How it reads from then on; null if the text stayed or was erased."""
        return await info.context.text(self.row.text)


@shape
class SessionPriority:
    """Something that a session said should come first."""

    row: strawberry.Private[PriorityRow]
    asking: strawberry.Private[Asking]
    id: UUID = described("Id of the priority.")
    title: str = described("The priority, in a few words.")
    raised_on: date = described("The day it was raised.")

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that raised it; null: the session as a whole."""
        return await Organization.found(info, self.asking, self.row.organization) if self.row.organization else None

    @question
    async def regions(self, info: Info) -> list[Region]:
        """Regions it concerns."""
        return await Region.coded_all(info, self.asking, self.row.regions)

    @question
    async def working_groups(self, info: Info) -> list[WorkingGroup]:
        """Working groups it concerns."""
        return await WorkingGroup.coded_all(info, self.asking, self.row.working_groups)


SPEAKERS = Listing(SpeakerRow, default=(Order("place"),))
INTERVENTIONS = Listing(InterventionRow, default=(Order("number"),))
CORRECTIONS = Listing(RecordCorrectionRow, default=(Order("number"),))
PRIORITIES = Listing(PriorityRow, default=(Order("number"),))
SESSIONS = Listing(SessionRow, default=(Order("starts_at"), Order("code")))
GAPS = Listing(CapacityGapRow, default=(Order("code"),))
PRACTICES = Listing(GoodPracticeRow, default=(Order("code"),))


@shape
class Session(Subject):
    """One part of a retreat's programme, with its speakers and the record of what was said."""

    row: strawberry.Private[SessionRow]

    @classmethod
    def aggregate_kind(cls) -> type[SessionAggregate]:
        return SessionAggregate

    @classmethod
    def row_kind(cls) -> type[SessionRow]:
        return SessionRow

    @question
    def code(self) -> Code:
        """Code, unique among sessions."""
        return Code(self.row.code)

    @question
    def title(self) -> str:
        """As the programme has it."""
        return self.row.title

    @question
    async def retreat(self, info: Info) -> Retreat | None:
        """The retreat whose programme it is part of."""
        return await Retreat.found(info, self.asking, self.row.retreat)

    @question
    def kind(self) -> SessionKind:
        """Its part in the programme."""
        return self.row.kind

    @question
    def state(self) -> SessionState:
        """How far it has come."""
        return self.row.state

    @question
    def room(self) -> str | None:
        """Where it sits; null: it is virtual only."""
        return self.row.room

    @question
    def starts_at(self) -> datetime:
        """When it starts."""
        return self.row.starts_at

    @question
    def ends_at(self) -> datetime:
        """When it ends."""
        return self.row.ends_at

    @question
    async def zone(self, info: Info) -> TimeZone | None:
        """The time zone of its retreat."""
        row = await info.context.one(self.asking, RetreatRow, "code", self.row.retreat)
        return TimeZone(row.zone) if row else None

    @question
    async def local_start(self, info: Info) -> str | None:
        """When it starts as clocks at the retreat show it, with the offset of that day: `2025-06-25T10:00-04:00`."""
        return await self._local(info, self.row.starts_at)

    @question
    async def local_end(self, info: Info) -> str | None:
        """When it ends as clocks at the retreat show it, with the offset of that day."""
        return await self._local(info, self.row.ends_at)

    async def _local(self, info: Info, instant: datetime) -> str | None:
        row = await info.context.one(self.asking, RetreatRow, "code", self.row.retreat)
        return instant.astimezone(ZoneInfo(row.zone)).isoformat(timespec="minutes") if row else None

    @question
    def objectives(self) -> list[str]:
        """What it is to achieve, in the order of the programme."""
        return list(self.row.objectives)

    @question
    async def regions(self, info: Info) -> list[Region]:
        """Regions it is about."""
        return await Region.coded_all(info, self.asking, self.row.regions)

    @question
    def attributed(self) -> bool:
        """Whether interventions name who speaks, unless said otherwise of one."""
        return self.row.attributed

    @question
    def moderator(self) -> SessionKeeper | None:
        """Who leads it; null while nobody was assigned."""
        if self.row.moderator is None or self.row.moderator_subject is None:
            return None
        return self._keeper(self.row.moderator, self.row.moderator_subject)

    @question
    def rapporteurs(self) -> list[SessionKeeper]:
        """Who keeps its record, in the order in which they were assigned."""
        return list(map(self._keeper, self.row.rapporteurs, self.row.rapporteur_subjects))

    def _keeper(self, registration: UUID, subject: UUID) -> SessionKeeper:
        concerns = Concerns(persons=frozenset({subject}))
        return SessionKeeper(
            tied_to=registration,
            asking=self.asking,
            person=Person(subject=subject, asking=self.asking, concerns=concerns),
        )

    @question
    async def speakers(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Speaker]:
        """Everybody who was invited to speak, in the order of speaking; how that was answered, each says."""
        rows = await info.context.many(self.asking, SpeakerRow, "session", self.row.id)
        return SPEAKERS.page_of(rows, node=lambda row: Speaker(row=row, asking=self.asking), first=first, after=after)

    @question
    async def interventions(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Intervention]:
        """What was said, in the order in which it was recorded."""
        rows = await info.context.many(self.asking, InterventionRow, "session", self.row.id)
        return INTERVENTIONS.page_of(rows, node=self._intervention, first=first, after=after)

    def _intervention(self, row: InterventionRow) -> Intervention:
        return Intervention(id=row.id, row=row, session=self.row, asking=self.asking)

    @question
    async def capacity_gaps(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[CapacityGap]:
        """The capacity gaps identified there, by code."""
        rows = await info.context.many(self.asking, CapacityGapRow, "session", self.row.id)
        return GAPS.page_of(rows, node=lambda row: CapacityGap.of(row, self.asking), first=first, after=after)

    @question
    async def good_practices(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[GoodPractice]:
        """The good practices highlighted there, by code."""
        rows = await info.context.many(self.asking, GoodPracticeRow, "session", self.row.id)
        return PRACTICES.page_of(rows, node=lambda row: GoodPractice.of(row, self.asking), first=first, after=after)

    @question
    async def priorities(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[SessionPriority]:
        """What it said should come first, in the order in which it was raised."""
        rows = await info.context.many(self.asking, PriorityRow, "session", self.row.id)
        return PRIORITIES.page_of(rows, node=self._priority, first=first, after=after)

    def _priority(self, row: PriorityRow) -> SessionPriority:
        return SessionPriority(id=row.id, title=row.title, raised_on=row.raised_on, row=row, asking=self.asking)

    @question
    def record_approved_on(self) -> date | None:
        """The day from which its record stands; null before that."""
        return self.row.record_approved_on

    @question
    async def corrections(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[RecordCorrection]:
        """How its approved record was corrected, in order."""
        rows = await info.context.many(self.asking, RecordCorrectionRow, "session", self.row.id)
        return CORRECTIONS.page_of(rows, node=_correction, first=first, after=after)


def _correction(row: RecordCorrectionRow) -> RecordCorrection:
    return RecordCorrection(
        row=row,
        number=row.number,
        intervention=row.intervention,
        attributed=row.attributed,
        corrected_at=row.corrected_at,
    )


async def _session_row(info: Info, asking: Asking, id: UUID) -> SessionRow | None:
    return await info.context.one(asking, SessionRow, "id", id)


@shape
class CapacityGap(Subject):
    """What a region lacks, as an organization voiced it in a session.

    It lives in the history of that session, whose id and version commands about it name; `history` tells its part.
    """

    row: strawberry.Private[CapacityGapRow]

    @classmethod
    def aggregate_kind(cls) -> type[SessionAggregate]:
        return SessionAggregate

    @classmethod
    def row_kind(cls) -> type[CapacityGapRow]:
        return CapacityGapRow

    @question
    async def version(self, info: Info) -> int:  # type: ignore[override]  # the schema awaits what has to be awaited
        """How many facts the history of its session had at the moment: what `expectedVersion` is held against."""
        row = await _session_row(info, self.asking, self.row.session)
        return row.version if row else 0

    @question
    async def history(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[TrailEntry]:
        """Everything that happened to it up to the moment, from its identification on."""
        about = [facts_of_gap(self.asking, self.row.code)]
        return await history_of(self.asking, self.row.session, about=about, first=first, after=after)

    @question
    async def allowed_commands(self, info: Info) -> list[str]:
        """The mutations that the one who asks might give to its session now because of it; of a past moment: then."""
        row = await _session_row(info, self.asking, self.row.session)
        if row is None:
            return []
        allowed = await allowed_commands(info, self.asking, SessionAggregate, row.id, row.version)
        about = {"sessionCorrectCapacityGap", *(["sessionCloseCapacityGap"] if self.row.open else [])}
        return [name for name in allowed if name in about]

    @question
    def code(self) -> Code:
        """Code, unique among capacity gaps; what others refer to it by."""
        return Code(self.row.code)

    @question
    async def session(self, info: Info) -> Session | None:
        """Where it was voiced."""
        return await Session.found(info, self.asking, self.row.session)

    @question
    async def region(self, info: Info) -> Region | None:
        """The region that lacks it."""
        return await Region.coded(info, self.asking, self.row.region)

    @question
    async def working_group(self, info: Info) -> WorkingGroup | None:
        """The working group whose field it lies in."""
        return await WorkingGroup.coded(info, self.asking, self.row.working_group)

    @question
    def severity(self) -> Severity:
        """How much it matters to those who voiced it."""
        return self.row.severity

    @question
    def description(self) -> str:
        """What is lacking."""
        return self.row.description

    @question
    async def voiced_by(self, info: Info) -> Organization | None:
        """The organization that voiced it."""
        return await Organization.found(info, self.asking, self.row.voiced_by)

    @question
    def open(self) -> bool:
        """Whether it is still a gap."""
        return self.row.open

    @question
    def identified_on(self) -> date:
        """The day it was voiced."""
        return self.row.identified_on

    @question
    def corrected_on(self) -> date | None:
        """The day on which what is recorded of it was last put right; null if it never had to be."""
        return self.row.corrected_on

    @question
    def closed_on(self) -> date | None:
        """The day from which it is a gap no more; null while it is one."""
        return self.row.closed_on

    @question
    async def good_practices(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[GoodPractice]:
        """Good practices that answer it, by code."""
        rows = await info.context.many(self.asking, GoodPracticeRow, "for_gap", self.row.code)
        return PRACTICES.page_of(rows, node=lambda row: GoodPractice.of(row, self.asking), first=first, after=after)


@shape
class GoodPractice(Subject):
    """What works in a region, and where else it may, as it was highlighted in a session.

    It lives in the history of that session; `history` tells its part.
    """

    row: strawberry.Private[GoodPracticeRow]

    @classmethod
    def aggregate_kind(cls) -> type[SessionAggregate]:
        return SessionAggregate

    @classmethod
    def row_kind(cls) -> type[GoodPracticeRow]:
        return GoodPracticeRow

    @question
    async def version(self, info: Info) -> int:  # type: ignore[override]  # the schema awaits what has to be awaited
        """How many facts the history of its session had at the moment: what `expectedVersion` is held against."""
        row = await _session_row(info, self.asking, self.row.session)
        return row.version if row else 0

    @question
    async def history(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[TrailEntry]:
        """Everything that happened to it up to the moment."""
        about = [facts_of_practice(self.asking, self.row.code)]
        return await history_of(self.asking, self.row.session, about=about, first=first, after=after)

    @question
    async def allowed_commands(self, info: Info) -> list[str]:
        """None: a good practice stands as it was highlighted."""
        return []

    @question
    def code(self) -> Code:
        """Code, unique among good practices; what others refer to it by."""
        return Code(self.row.code)

    @question
    async def session(self, info: Info) -> Session | None:
        """Where it was highlighted."""
        return await Session.found(info, self.asking, self.row.session)

    @question
    async def region(self, info: Info) -> Region | None:
        """The region it comes from."""
        return await Region.coded(info, self.asking, self.row.region)

    @question
    async def working_group(self, info: Info) -> WorkingGroup | None:
        """The working group whose field it lies in."""
        return await WorkingGroup.coded(info, self.asking, self.row.working_group)

    @question
    def model(self) -> str:
        """What is done."""
        return self.row.model

    @question
    async def replicable_in(self, info: Info) -> list[Region]:
        """Regions that may take it up."""
        return await Region.coded_all(info, self.asking, self.row.replicable_in)

    @question
    async def for_gap(self, info: Info) -> CapacityGap | None:
        """The capacity gap that it answers; null if it was not put before the others for one."""
        return await CapacityGap.found(info, self.asking, self.row.for_gap) if self.row.for_gap else None

    @question
    def highlighted_on(self) -> date:
        """The day it was highlighted."""
        return self.row.highlighted_on


@form
class SessionFilter:
    """Which sessions to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    retreat: CodeFilter | None = described("Its retreat.", default=None)
    title: TextFilter | None = described("Its title.", default=None)
    kind: Choice[SessionKind] | None = described("Its part in the programme.", default=None)
    state: Choice[SessionState] | None = described("How far it has come.", default=None)
    starts_at: TimeFilter | None = described("When it starts.", default=None)
    regions: CodeFilter | None = described("The regions it is about.", default=None)


class SessionOrderField(Enum):
    """What sessions can be ordered by."""

    STARTS_AT = "starts_at"
    CODE = "code"
    TITLE = "title"


enumeration(SessionOrderField, STARTS_AT="When it starts.", CODE="Its code.", TITLE="Its title.")


@form
class SessionOrder:
    """An order of sessions."""

    field: SessionOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


@form
class SpeakerFilter:
    """Which invitations to speak to show."""

    session: CodeFilter | None = described("The session.", default=None)
    organization: CodeFilter | None = described("The organization that the speaker is registered for.", default=None)
    mode: Choice[Mode] | None = described("How he or she is to speak.", default=None)
    invitation: Choice[Invitation] | None = described("How the invitation stands.", default=None)


@form
class CapacityGapFilter:
    """Which capacity gaps to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    region: CodeFilter | None = described("The region that lacks it.", default=None)
    working_group: CodeFilter | None = described("The working group whose field it lies in.", default=None)
    severity: Choice[Severity] | None = described("How much it matters to those who voiced it.", default=None)
    open: YesNo | None = described("Whether it is still a gap.", default=None)
    session: CodeFilter | None = described("The session in which it was voiced.", default=None)
    retreat: CodeFilter | None = described("The retreat of that session.", default=None)
    voiced_by: CodeFilter | None = described("The organization that voiced it.", default=None)
    identified_on: DateFilter | None = described("The day it was voiced.", default=None)


class CapacityGapOrderField(Enum):
    """What capacity gaps can be ordered by."""

    CODE = "code"
    SEVERITY = "rank"
    REGION = "region"
    WORKING_GROUP = "working_group"
    IDENTIFIED_ON = "identified_on"


enumeration(
    CapacityGapOrderField,
    CODE="Its code.",
    SEVERITY="How much it matters, from low to critical.",
    REGION="The code of the region that lacks it.",
    WORKING_GROUP="The code of the working group.",
    IDENTIFIED_ON="The day it was voiced.",
)


@form
class CapacityGapOrder:
    """An order of capacity gaps."""

    field: CapacityGapOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


@form
class GoodPracticeFilter:
    """Which good practices to show."""

    code: CodeFilter | None = described("Its code.", default=None)
    region: CodeFilter | None = described("The region it comes from.", default=None)
    working_group: CodeFilter | None = described("The working group whose field it lies in.", default=None)
    session: CodeFilter | None = described("The session in which it was highlighted.", default=None)
    retreat: CodeFilter | None = described("The retreat of that session.", default=None)
    replicable_in: CodeFilter | None = described("The regions that may take it up.", default=None)
    for_gap: CodeFilter | None = described("The capacity gap that it answers.", default=None)
    highlighted_on: DateFilter | None = described("The day it was highlighted.", default=None)


class GoodPracticeOrderField(Enum):
    """What good practices can be ordered by."""

    CODE = "code"
    REGION = "region"
    WORKING_GROUP = "working_group"
    HIGHLIGHTED_ON = "highlighted_on"


enumeration(
    GoodPracticeOrderField,
    CODE="Its code.",
    REGION="The code of the region it comes from.",
    WORKING_GROUP="The code of the working group.",
    HIGHLIGHTED_ON="The day it was highlighted.",
)


@form
class GoodPracticeOrder:
    """An order of good practices."""

    field: GoodPracticeOrderField = described("What to order by.")
    direction: Direction = described("Which end comes first.", default=Direction.ASC)


CodeArgument = Annotated[Code, strawberry.argument("Its code.")]
RetreatArgument = Annotated[Code | None, strawberry.argument("Code of a retreat; left out: of all.")]
SessionsShown = Annotated[SessionFilter | None, strawberry.argument("Which to show; left out: all.")]
SessionsOrder = Annotated[
    list[SessionOrder] | None, strawberry.argument("In which order; left out: by start, then by code.")
]
SpeakersShown = Annotated[SpeakerFilter | None, strawberry.argument("Which to show; left out: all.")]
GapsShown = Annotated[CapacityGapFilter | None, strawberry.argument("Which to show; left out: all.")]
GapsOrder = Annotated[list[CapacityGapOrder] | None, strawberry.argument("In which order; left out: by code.")]
PracticesShown = Annotated[GoodPracticeFilter | None, strawberry.argument("Which to show; left out: all.")]
PracticesOrder = Annotated[list[GoodPracticeOrder] | None, strawberry.argument("In which order; left out: by code.")]
SPEAKING = Keyset("speakers", ("starts_at asc", datetime), ("session asc", UUID), ("place asc", int), ("id asc", UUID))


@shape
class SessionQuestions(Asked):
    """The programme, and what came of it."""

    @question
    async def session(self, info: Info, code: CodeArgument) -> Session | None:
        """One session, by code."""
        return await Session.found(info, await self.asking(info), code)

    @question
    async def sessions(
        self,
        info: Info,
        filter: SessionsShown = None,
        order_by: SessionsOrder = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Session]:
        """The sessions of all retreats."""
        asking = await self.asking(info)
        return await SESSIONS.page(
            asking,
            node=lambda row: Session.of(row, asking),
            where=SESSIONS.where(filter),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )

    @question
    async def speakers(
        self,
        info: Info,
        retreat: RetreatArgument = None,
        filter: SpeakersShown = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Speaker]:
        """Invitations to speak, in the order of the programme."""
        asking = await self.asking(info)
        where = [*_where(SPEAKERS, asking, filter), *([of_retreats(asking, [retreat])] if retreat else [])]
        wanted = page(SPEAKING, first, after)
        rows = await speakers(asking, where, after=wanted.after, limit=wanted.limit)

        async def count() -> int:
            return await asking.count(SpeakerRow, where)

        return connection(
            rows,
            wanted,
            node=lambda found: Speaker(row=found[1], asking=asking),
            key=lambda found: (found[0], found[1].session, found[1].place, found[1].id),
            count=count,
        )

    @question
    async def capacity_gaps(
        self,
        info: Info,
        filter: GapsShown = None,
        order_by: GapsOrder = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[CapacityGap]:
        """What regions lack, as it was voiced in sessions."""
        asking = await self.asking(info)
        return await GAPS.page(
            asking,
            node=lambda row: CapacityGap.of(row, asking),
            where=_where(GAPS, asking, filter),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )

    @question
    async def good_practices(
        self,
        info: Info,
        filter: PracticesShown = None,
        order_by: PracticesOrder = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[GoodPractice]:
        """What works in regions, as it was highlighted in sessions."""
        asking = await self.asking(info)
        return await PRACTICES.page(
            asking,
            node=lambda row: GoodPractice.of(row, asking),
            where=_where(PRACTICES, asking, filter),
            order_by=[(o.field.value, o.direction) for o in order_by or []],
            first=first,
            after=after,
        )


def _where(listing: Listing[Any], asking: Asking, filter: object | None) -> list[Where]:
    """The conditions of a filter on parts of sessions. These and their retreats are named by code."""

    def in_sessions(given: CodeFilter) -> Where:
        kept = codes(given)
        if kept is None:
            return asking.compose("true")
        return Condition("session", "in", [SessionAggregate.identify(code) for code in kept])

    def in_retreats(given: CodeFilter) -> Where:
        kept = codes(given)
        return asking.compose("true") if kept is None else of_retreats(asking, kept)

    return listing.where(filter, apart={"session": in_sessions, "retreat": in_retreats})


@form
class SessionScheduleInput(RetreatCommandInput):
    """A session to put into the programme of a retreat."""

    code: Code = described("Code, unique among sessions.")
    title: str = described("As the programme has it.")
    kind: SessionKind = described("Its part in the programme.")
    starts_at: datetime = described("When it starts, on a full five minutes.")
    ends_at: datetime = described("When it ends, on a full five minutes.")
    room: str | None = described("Where it sits; left out: it is virtual only.", default=None)
    attributed: bool = described("Whether interventions name who speaks, unless said otherwise of one.", default=True)


@form
class SessionRescheduleInput(ChangeInput):
    """Another place or time for a session. Needs a reason once an agenda was published."""

    starts_at: datetime = described("When it starts, on a full five minutes.")
    ends_at: datetime = described("When it ends, on a full five minutes.")
    room: str | None = described("Where it sits; left out: it is virtual only.", default=None)


@form
class SessionCancelInput(ChangeInput):
    """A session that is not to take place. Needs a reason."""


@form
class SessionSetObjectivesInput(ChangeInput):
    """What a session is to achieve, and for which regions; all of it is said anew."""

    objectives: list[LongText] = described("In the order of the programme; at most 2,000 characters each.")
    regions: list[RegionCode] = described("Regions it is about.", default_factory=list)


@form
class InvitationInput(ChangeInput):
    """Somebody's invitation to speak in a session."""

    registration: strawberry.ID = described("The registration of the one invited, by global id.")


@form
class SessionInviteSpeakerInput(InvitationInput):
    """Somebody to invite to speak in a session."""

    order: int = described("Place among the speakers, from 1.")
    minutes: int = described("Speaking time.")
    mode: Mode = described("How he or she is to speak.")


@form
class SessionAcceptInvitationInput(InvitationInput):
    """An invitation to speak that is accepted."""


@form
class SessionDeclineInvitationInput(InvitationInput):
    """An invitation to speak that is declined. Needs a reason."""


@form
class SessionWithdrawSpeakerInput(InvitationInput):
    """An invitation to speak that is taken back. Needs a reason."""


@form
class SessionAssignModeratorInput(ChangeInput):
    """Somebody to lead a session."""

    registration: strawberry.ID = described("His or her registration, by global id.")


@form
class SessionAssignRapporteurInput(ChangeInput):
    """Somebody to keep the record of a session."""

    registration: strawberry.ID = described("His or her registration, by global id.")


@form
class SessionStartInput(ChangeInput):
    """A session that begins."""


@form
class SessionRecordInterventionInput(ChangeInput):
    """Something said in a session."""

    organization: strawberry.ID = described("The organization that spoke, by global id or by code.")
    text: LongText = described("What was said.")
    speaker: strawberry.ID | None = described(
        "The registration of who spoke, by global id; left out where that is not known.", default=None
    )
    attributed: bool | None = described(
        "Whether the record names who spoke; left out: as the session has it.", default=None
    )


@form
class SessionIdentifyCapacityGapInput(ChangeInput):
    """What a region lacks, as an organization voiced it."""

    code: Code = described("Code, unique among capacity gaps.")
    region: RegionCode = described("The region that lacks it.")
    working_group: Code = described("The working group whose field it lies in.")
    severity: Severity = described("How much it matters to those who voiced it.")
    description: LongText = described("What is lacking. Seen by everybody: without personal data.")
    voiced_by: strawberry.ID = described("The organization that voiced it, by global id or by code.")


@form
class SessionCorrectCapacityGapInput(ChangeInput):
    """What should have been recorded of a capacity gap. What is left out stays as it is. Needs a reason."""

    code: Code = described("The code of the gap.")
    region: RegionCode | None = described("The region that lacks it.", default=None)
    working_group: Code | None = described("The working group whose field it lies in.", default=None)
    severity: Severity | None = described("How much it matters to those who voiced it.", default=None)
    description: LongText | None = described("What is lacking.", default=None)
    voiced_by: strawberry.ID | None = described(
        "The organization that voiced it, by global id or by code.", default=None
    )


@form
class SessionCloseCapacityGapInput(ChangeInput):
    """A capacity gap that is one no more."""

    code: Code = described("The code of the gap.")


@form
class SessionHighlightGoodPracticeInput(ChangeInput):
    """A model that works in a region."""

    code: Code = described("Code, unique among good practices.")
    region: RegionCode = described("The region it comes from.")
    working_group: Code = described("The working group whose field it lies in.")
    model: LongText = described("What is done. Seen by everybody: without personal data.")
    replicable_in: list[RegionCode] = described("Regions that may take it up.", default_factory=list)
    for_gap: Code | None = described("The code of the capacity gap that it answers.", default=None)


@form
class SessionRaisePriorityInput(ChangeInput):
    """Something that a session says should come first."""

    title: str = described("The priority, in a few words. Seen by everybody.")
    organization: strawberry.ID | None = described(
        "The organization that raised it, by global id or by code; left out: the session as a whole.", default=None
    )
    regions: list[RegionCode] = described("Regions it concerns.", default_factory=list)
    working_groups: list[Code] = described("Working groups it concerns.", default_factory=list)


@form
class SessionConcludeInput(ChangeInput):
    """A session that ends."""


@form
class SessionApproveRecordInput(ChangeInput):
    """A session whose record is to stand. From then on everybody reads what was said, and it is only corrected."""


@form
class SessionCorrectRecordInput(ChangeInput):
    """A correction of an approved record. Needs a reason."""

    intervention: UUID | None = described("The intervention to correct; left out: the record at large.", default=None)
    text: LongText | None = described("How it is to read; left out: the text stays.", default=None)
    attributed: bool | None = described("Whether it is to name who spoke; left out: as it was.", default=None)


@shape
class SessionPayload(Payload):
    """The session after the command."""

    session: Session | None = described("Null if it cannot be seen yet.")


@shape
class InterventionPayload(SessionPayload):
    """The session after the command, and what was taken into its record."""

    intervention: Intervention | None = described("Null if it cannot be seen yet.")


@shape
class CapacityGapPayload(SessionPayload):
    """The session and the capacity gap after the command."""

    capacity_gap: CapacityGap | None = described("Null if it cannot be seen yet.")


@shape
class GoodPracticePayload(SessionPayload):
    """The session and the good practice after the command."""

    good_practice: GoodPractice | None = described("Null if it cannot be seen yet.")


async def _answer(info: Info, input: CommandInput, decision: Decision) -> SessionPayload:
    done = await give(info, input, decision)
    return SessionPayload(**done.told, session=await done.seen(SessionRow, Session.of))


async def _answer_gap(info: Info, input: ChangeInput, code: str, decision: Decision) -> CapacityGapPayload:
    done = await give(info, input, decision)
    return CapacityGapPayload(
        **done.told,
        session=await done.seen(SessionRow, Session.of),
        capacity_gap=await done.seen(CapacityGapRow, CapacityGap.of, key=gap_id(code)),
    )


async def _recorded(info: Info, done: Done, session: Session | None) -> Intervention | None:
    """The intervention that a command took into the record of a session."""
    if session is None or not done.receipt.events:
        return None
    rows = await session.asking.all(
        InterventionRow,
        Condition("session", "eq", session.row.id),
        Condition("number", "eq", done.receipt.events[0].version),
    )
    return session._intervention(rows[0]) if rows else None


@shape
class SessionMutations:
    """What may be done with sessions."""

    @command
    async def session_schedule(self, info: Info, input: SessionScheduleInput) -> SessionPayload:
        """Put a session into the programme of a retreat."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).schedule(
                reference(input.retreat, "Retreat", field="retreat"),
                code=input.code,
                title=input.title,
                kind=input.kind,
                starts_at=input.starts_at,
                ends_at=input.ends_at,
                room=input.room,
                attributed=input.attributed,
            ),
        )

    @command
    async def session_reschedule(self, info: Info, input: SessionRescheduleInput) -> SessionPayload:
        """Give a session another place or time, and its speakers with it. Needs a reason once people rely on it."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).reschedule(
                _subject(input), starts_at=input.starts_at, ends_at=input.ends_at, room=input.room
            ),
        )

    @command
    async def session_cancel(self, info: Info, input: SessionCancelInput) -> SessionPayload:
        """Let a session not take place; its room and its speakers are free again. Needs a reason."""
        return await _answer(info, input, lambda work: Sessions(work).cancel(_subject(input)))

    @command
    async def session_set_objectives(self, info: Info, input: SessionSetObjectivesInput) -> SessionPayload:
        """Say what a session is to achieve, and for which regions."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).set_objectives(
                _subject(input), objectives=input.objectives, regions=input.regions
            ),
        )

    @command
    async def session_invite_speaker(self, info: Info, input: SessionInviteSpeakerInput) -> SessionPayload:
        """Ask somebody registered for the retreat to speak."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).invite_speaker(
                _subject(input),
                registration=_registration(input.registration),
                order=input.order,
                minutes=input.minutes,
                mode=input.mode,
            ),
        )

    @command
    async def session_accept_invitation(self, info: Info, input: SessionAcceptInvitationInput) -> SessionPayload:
        """Accept an invitation to speak."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).accept_invitation(
                _subject(input), registration=_registration(input.registration)
            ),
        )

    @command
    async def session_decline_invitation(self, info: Info, input: SessionDeclineInvitationInput) -> SessionPayload:
        """Decline an invitation to speak, also one accepted before. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).decline_invitation(
                _subject(input), registration=_registration(input.registration)
            ),
        )

    @command
    async def session_withdraw_speaker(self, info: Info, input: SessionWithdrawSpeakerInput) -> SessionPayload:
        """Take an invitation to speak back. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).withdraw_speaker(
                _subject(input), registration=_registration(input.registration)
            ),
        )

    @command
    async def session_assign_moderator(self, info: Info, input: SessionAssignModeratorInput) -> SessionPayload:
        """Let somebody registered for the retreat lead a session, in the place of whoever was to before."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).assign_moderator(
                _subject(input), registration=_registration(input.registration)
            ),
        )

    @command
    async def session_assign_rapporteur(self, info: Info, input: SessionAssignRapporteurInput) -> SessionPayload:
        """Let somebody registered for the retreat keep the record of a session, beside whoever else does."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).assign_rapporteur(
                _subject(input), registration=_registration(input.registration)
            ),
        )

    @command
    async def session_start(self, info: Info, input: SessionStartInput) -> SessionPayload:
        """Begin a session."""
        return await _answer(info, input, lambda work: Sessions(work).start(_subject(input)))

    @command
    async def session_record_intervention(
        self, info: Info, input: SessionRecordInterventionInput
    ) -> InterventionPayload:
        """Take down what an organization said."""
        done = await give(
            info,
            input,
            lambda work: Sessions(work).record_intervention(
                _subject(input),
                organization=reference(input.organization, "Organization", field="organization"),
                text=input.text,
                speaker=_registration(input.speaker, field="speaker") if input.speaker else None,
                attributed=input.attributed,
            ),
        )
        session = await done.seen(SessionRow, Session.of)
        return InterventionPayload(**done.told, session=session, intervention=await _recorded(info, done, session))

    @command
    async def session_identify_capacity_gap(
        self, info: Info, input: SessionIdentifyCapacityGapInput
    ) -> CapacityGapPayload:
        """Take down what a region lacks, as an organization voiced it."""
        return await _answer_gap(
            info,
            input,
            input.code,
            lambda work: Sessions(work).identify_capacity_gap(
                _subject(input),
                code=input.code,
                region=input.region,
                working_group=input.working_group,
                severity=input.severity,
                description=input.description,
                voiced_by=reference(input.voiced_by, "Organization", field="voicedBy"),
            ),
        )

    @command
    async def session_correct_capacity_gap(
        self, info: Info, input: SessionCorrectCapacityGapInput
    ) -> CapacityGapPayload:
        """Put right what was recorded of a capacity gap. Needs a reason."""
        return await _answer_gap(
            info,
            input,
            input.code,
            lambda work: Sessions(work).correct_capacity_gap(
                _subject(input),
                code=input.code,
                region=input.region,
                working_group=input.working_group,
                severity=input.severity,
                description=input.description,
                voiced_by=reference(input.voiced_by, "Organization", field="voicedBy") if input.voiced_by else None,
            ),
        )

    @command
    async def session_close_capacity_gap(self, info: Info, input: SessionCloseCapacityGapInput) -> CapacityGapPayload:
        """Say that a capacity gap is one no more."""
        return await _answer_gap(
            info, input, input.code, lambda work: Sessions(work).close_capacity_gap(_subject(input), code=input.code)
        )

    @command
    async def session_highlight_good_practice(
        self, info: Info, input: SessionHighlightGoodPracticeInput
    ) -> GoodPracticePayload:
        """Put a model that works in a region before the others."""
        done = await give(
            info,
            input,
            lambda work: Sessions(work).highlight_good_practice(
                _subject(input),
                code=input.code,
                region=input.region,
                working_group=input.working_group,
                model=input.model,
                replicable_in=input.replicable_in,
                for_gap=input.for_gap,
            ),
        )
        return GoodPracticePayload(
            **done.told,
            session=await done.seen(SessionRow, Session.of),
            good_practice=await done.seen(GoodPracticeRow, GoodPractice.of, key=practice_id(input.code)),
        )

    @command
    async def session_raise_priority(self, info: Info, input: SessionRaisePriorityInput) -> SessionPayload:
        """Take down what a session says should come first."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).raise_priority(
                _subject(input),
                title=input.title,
                organization=(
                    reference(input.organization, "Organization", field="organization") if input.organization else None
                ),
                regions=input.regions,
                working_groups=input.working_groups,
            ),
        )

    @command
    async def session_conclude(self, info: Info, input: SessionConcludeInput) -> SessionPayload:
        """End a session; its record may still be completed."""
        return await _answer(info, input, lambda work: Sessions(work).conclude(_subject(input)))

    @command
    async def session_approve_record(self, info: Info, input: SessionApproveRecordInput) -> SessionPayload:
        """Let the record of a session stand. From then on it is corrected, not completed."""
        return await _answer(info, input, lambda work: Sessions(work).approve_record(_subject(input)))

    @command
    async def session_correct_record(self, info: Info, input: SessionCorrectRecordInput) -> SessionPayload:
        """Correct an approved record: an intervention's text or attribution, or the record at large. Needs a reason."""
        return await _answer(
            info,
            input,
            lambda work: Sessions(work).correct_record(
                _subject(input), intervention=input.intervention, text=input.text, attributed=input.attributed
            ),
        )


def _subject(input: ChangeInput) -> UUID | str:
    return reference(input.id, "Session")


def _registration(id: strawberry.ID, *, field: str = "registration") -> UUID:
    """The registration that an id names. Registrations have no code: `NotFound` for one."""
    found = reference(id, "Registration", field=field)
    if isinstance(found, str):
        raise NotFound(kind="Registration", reference=found)
    return found
