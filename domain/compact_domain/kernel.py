"""The kernel: facts and the aggregates that state them, refusals, and commands that load, decide and save."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Protocol, Self, TypedDict, TypeVar, cast
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from eventsourcing.domain import BaseAggregate, CanInitAggregate, CanMutateAggregate
from msgspec import Meta

# --- values ---------------------------------------------------------------------------------------------------------

Code = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{1,31}$", description="unique, URL-safe code")]
NAMESPACE = UUID("6f1d2c0e-5b52-4c5e-9a55-2f6c1f0f2025")
"""Root of the ids that are derived from codes. It is part of the storage format: never change it."""


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value of the field: immutable, compared by content, stored as canonical JSON."""


class Sealed(Value, frozen=True, kw_only=True):
    """Free text, encrypted under the key of whom it concerns. Only the vault opens it.

    Bound to the command that brought it, to its field and to the key's version, so that a box moved elsewhere
    does not open (`docs/adr/0004-sealed-text.md`).
    """

    key: Annotated[UUID, Meta(description="the person or aggregate whose key seals it")]
    key_version: Annotated[int, Meta(ge=1, description="version of that key")]
    bound: Annotated[UUID, Meta(description="id of the command that brought the text")]
    field: Annotated[str, Meta(description="the field it stands in")]
    box: Annotated[str, Meta(description="nonce, ciphertext and tag; base64")]


class Role(StrEnum):
    """What a person may be in the Compact. Roles are facts, but for the focal point's, which follow the FocalPoint."""

    SECRETARIAT_ADMINISTRATOR = "secretariat_administrator"
    SECRETARIAT_OFFICER = "secretariat_officer"
    WORKING_GROUP_CHAIR = "working_group_chair"
    COMMITTEE_MEMBER = "committee_member"
    ENTITY_REPRESENTATIVE = "entity_representative"
    REGIONAL_FOCAL_POINT = "regional_focal_point"
    AUDITOR = "auditor"
    READER = "reader"
    PROCESS = "process"


SECRETARIAT = (Role.SECRETARIAT_ADMINISTRATOR, Role.SECRETARIAT_OFFICER)


class RoleHeld(Value, frozen=True, kw_only=True):
    """A role as it was held at the moment of a command."""

    role: Role
    scope: Annotated[str | None, Meta(description="body or organization the role is limited to; null: not limited")] = (
        None
    )
    regions: Annotated[tuple[str, ...], Meta(description="a focal point's regions")] = ()


class Actor(Value, frozen=True, kw_only=True):
    """Who acts: a person by subject id, or a process of the service."""

    id: UUID
    organization: Annotated[str | None, Meta(description="code of the organization the actor belongs to")] = None
    roles: tuple[RoleHeld, ...] = ()

    def holds(self, *roles: Role) -> bool:
        return any(held.role in roles for held in self.roles)


class Channel(StrEnum):
    """The way a command came in."""

    GRAPHQL = "graphql"
    CLI = "cli"
    IMPORT = "import"
    PROCESS = "process"


class CommandName(Value, frozen=True, kw_only=True):
    """Which command stated a fact."""

    name: str
    id: UUID


class Provenance(Value, frozen=True, kw_only=True):
    """Who stated a fact, for whom, when it counts from, why, under what, and by which command."""

    by: Actor
    effective_on: Annotated[date, Meta(description="the day the fact counts from; never later than it was recorded")]
    command: CommandName
    correlation_id: Annotated[UUID, Meta(description="the first command of the chain this one belongs to")]
    channel: Channel
    on_behalf_of: Annotated[str | None, Meta(description="code of the organization the actor speaks for")] = None
    reason: Sealed | None = None
    basis: Annotated[str | None, Meta(description="framework clause or decision number")] = None
    causation_id: Annotated[UUID | None, Meta(description="the fact that led to this one")] = None


# --- refusals -------------------------------------------------------------------------------------------------------


class Refusal(Exception):
    """A command or question that is answered with no. Nothing was written."""

    code: ClassVar[str]

    @property
    def message(self) -> str:
        return str(self)


class NotFound(Refusal):
    """No such thing, or none that the one who asks may know of."""

    code = "NOT_FOUND"

    def __init__(self, *, kind: str, reference: str) -> None:
        super().__init__(f"{kind} {reference} was not found")
        self.kind, self.reference = kind, reference


class Forbidden(Refusal):
    """The actor holds no role that the policy names for this action."""

    code = "FORBIDDEN"

    def __init__(self, *, action: str) -> None:
        super().__init__(f"{action} is not allowed to this actor")
        self.action = action


class InvalidInput(Refusal):
    """What was sent is not of the right form; each field with what is wrong with it."""

    code = "INVALID_INPUT"

    def __init__(self, *, fields: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in fields))
        self.fields = tuple(fields)


class Verbs(tuple[str, ...]):
    """Verbs of one aggregate that its state lets start, and which aggregate that is: its guards can be asked too."""

    of: Aggregate


class RuleViolation(Refusal):
    """A published rule says no: which, in what state, what would be allowed instead, and the numbers.

    What would be allowed is an aggregate's own verbs as it knows them, or actions as the policy names them. A command
    that is refused names actions alone, such as its actor might give (`Work.offers`).
    """

    code = "RULE_VIOLATION"

    def __init__(
        self,
        rule: str,
        *,
        state: str | None = None,
        allowed: Sequence[str] = (),
        details: Mapping[str, str | int] | None = None,
    ) -> None:
        super().__init__(f"refused by rule {rule}")
        self.rule, self.state, self.allowed, self.details = rule, state, tuple(allowed), dict(details or {})
        self.of = allowed.of if isinstance(allowed, Verbs) else None


class VersionConflict(Refusal):
    """The stream has moved on since the caller looked."""

    code = "VERSION_CONFLICT"

    def __init__(self, *, expected: int, actual: int) -> None:
        super().__init__(f"expected version {expected}, but it is at {actual}")
        self.expected, self.actual = expected, actual


class IdempotencyMismatch(Refusal):
    """The same idempotency key came with other content."""

    code = "IDEMPOTENCY_MISMATCH"

    def __init__(self, *, command_id: UUID) -> None:
        super().__init__(f"key {command_id} was already used for other content")
        self.command_id = command_id


class MomentRefused(Refusal):
    """The moment asked for lies outside the history."""

    code = "MOMENT_REFUSED"

    def __init__(self, *, moment_code: str) -> None:
        super().__init__(moment_code.lower().replace("_", " "))
        self.moment_code = moment_code


class Conflict(Exception):
    """Somebody else wrote first: load, decide and save again. Never leaves the command runner."""


class Unavailable(Exception):
    """The database did not answer in time. Nothing is known to be written, and nothing is known not to be.

    The same command with the same key may be given again: it happens once.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} had to be given up; it may be given again, a command with the same key")


RULES: Mapping[str, str] = {
    "state": "The command may not start from the present state; `allowed` names those that may.",
    "reason.required": "This command needs a reason.",
    "code.taken": "The code already names something with other content.",
    "time.effective": "A fact counts from a day no later than the one it is recorded on, and about a thing that began"
    " no earlier than the day its beginning counts from.",
    "organization.represented": "One speaks on behalf of one's own organization; only the secretariat for others.",
}


ALARMS = "due:"
"""Prefix of the claims that are alarms. They name what they are about, so no two facts want the same one."""


class Alarm(Value, frozen=True, kw_only=True):
    """What is to happen at a moment unless something comes before: a command, and what it is to be given to.

    An alarm is a claim. The fact that sets the moment takes it, every fact that settles or moves it gives it back, so
    that what is still to come is a fold of the facts like every other claim, in the order in which it falls due.
    """

    at: datetime
    command: Annotated[str, Meta(description="as in the policy: `focal_point.end_term`")]
    reference: Annotated[str, Meta(description="code or id of what the command is about, with what it needs besides")]

    @property
    def key(self) -> str:
        """The claim. Instants have one width, so keys stand in the order of time."""
        return f"{ALARMS}{instant(self.at)}:{self.command}:{self.reference}"

    @classmethod
    def of(cls, key: str) -> Alarm:
        """The alarm that a claim is."""
        rest = key.removeprefix(ALARMS)
        width = len(instant(datetime.max.replace(tzinfo=UTC)))
        command, _, reference = rest[width + 1 :].partition(":")
        return cls(at=datetime.fromisoformat(rest[:width]), command=command, reference=reference)


def alarm(at: datetime, command: str, reference: UUID | str) -> str:
    """The claim of an alarm: `command` is to be given about `reference` at an instant."""
    return Alarm(at=at, command=command, reference=str(reference)).key


def instant(at: datetime) -> str:
    """An instant as text, in UTC, always of the same width."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def end_of_day(day: date, zone: str = "UTC") -> datetime:
    """The instant at which a day ends in a zone: 24:00, so that it holds the whole day."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


# --- facts and aggregates -------------------------------------------------------------------------------------------


class Stamp(TypedDict):
    """What every fact carries besides its own fields."""

    originator_id: UUID
    originator_version: int
    timestamp: datetime
    provenance: Provenance


STAMP = frozenset(Stamp.__annotations__) | {"originator_topic"}


class Fact(Value, CanMutateAggregate[UUID], frozen=True, kw_only=True):
    """Something that happened to one aggregate. Its name, once stored, is for ever."""

    class_version: ClassVar[int] = 1
    CONFIDENTIAL: ClassVar[frozenset[str]] = frozenset()
    """Names of its fields that nobody is told of but the secretariat and auditors."""
    originator_id: Annotated[UUID, Meta(description="the aggregate it happened to")]
    originator_version: Annotated[int, Meta(ge=1, description="its place in that aggregate's history, from 1")]
    timestamp: Annotated[datetime, Meta(tz=True, description="the command clock")]
    provenance: Provenance

    def takes(self) -> Sequence[str]:
        """Claims that this fact takes. A key is held by one at a time; its prefix names the rule that refuses."""
        return ()

    def releases(self) -> Sequence[str]:
        """Claims that this fact gives back."""
        return ()

    def content(self) -> dict[str, Any]:
        """Its own fields without sealed text: what makes two facts say the same."""
        return {k: v for k, v in self._as_dict().items() if k not in STAMP and not isinstance(v, Sealed)}

    def _as_dict(self) -> dict[str, Any]:  # the library reads vars(), which a Struct does not have
        return msgspec.structs.asdict(self)


Starts = Mapping[str, Set[str]]


class Aggregate(BaseAggregate[UUID]):
    """A thing with a history. A verb guards, then constructs its fact and states it; the fact's `apply` is the effect.

    Subclasses set `TOPIC`, derive their facts from their own `Event` and `Created`, declare state in `__init__`
    (never by class annotations: the library would make a dataclass of it), and give `MAY_START_FROM`: for each verb
    that is guarded by state, the states it may start from.
    """

    MAY_START_FROM = cast("Starts", {})
    IS_REGISTER = False
    """Whether its first fact is but the first entry in a register, so that a later one may count from before it."""

    class Event(Fact, frozen=True, kw_only=True):
        """What the facts of an aggregate have in common."""

    class Created(Event, CanInitAggregate[UUID], frozen=True, kw_only=True):
        """The first fact of an aggregate."""

        originator_topic: Annotated[str, Meta(description="topic of the aggregate")]

        def mutate(self, aggregate: Any) -> Any:
            it = cast("Aggregate", super().mutate(aggregate))
            it.first = self
            return it

    def __base_init__(self, originator_id: Any, originator_version: int, timestamp: datetime) -> None:
        super().__base_init__(originator_id, originator_version, timestamp)
        self.first: Aggregate.Created  # set by that fact itself, as it begins the aggregate

    @classmethod
    def identify(cls, code: str) -> UUID:
        """The id of the aggregate of this kind that a code names. Ids follow from codes, so no look-up is needed."""
        return uuid5(NAMESPACE, f"{cls.topic()}:{code}")

    @classmethod
    def topic(cls) -> str:
        return cast("str", getattr(cls, "TOPIC"))  # noqa: B009  (declared by every subclass, not here)

    @classmethod
    def policy_noun(cls) -> str:
        """The word before the dot of its commands in the policy."""
        return cls.topic()

    @property
    def state(self) -> str:
        """The state that `MAY_START_FROM` speaks of."""
        raise NotImplementedError

    @property
    def sealed_under(self) -> UUID:
        """Whose key seals free text said about it: the person concerned, else the aggregate itself."""
        return self.id

    def concerns(self) -> Concerns:
        """Whom commands to this aggregate may concern, as far as it knows itself: for what it says is allowed."""
        return Concerns()

    def concerns_of(self, verb: str, by: Actor) -> Concerns:
        """Whom `verb` concerns if this actor gives it, where that is not the same for all: for what is allowed."""
        return self.concerns()

    def guard(self, verb: str, now: datetime) -> RuleViolation | None:
        """Why `verb` may not start at `now`, whatever its arguments; None if it may.

        Subclasses add what depends on more than the state (a deadline), after asking this one.
        """
        if self.state in self.MAY_START_FROM[verb]:
            return None
        return RuleViolation("state", state=self.state, allowed=self._verbs())

    def allowed(self, now: datetime) -> tuple[str, ...]:
        """The verbs that may start at `now`: the guards themselves, asked one by one."""
        return tuple(verb for verb in self.MAY_START_FROM if self.guard(verb, now) is None)

    def allowed_with(self, work: Work) -> tuple[str, ...]:
        """The verbs that may start at the moment of a command, also as far as other aggregates have a say in it."""
        return self.allowed(work.now)

    def require_begun(self, on: date) -> None:
        """Refuse a day from before it began."""
        earliest = self.first.provenance.effective_on
        if on < earliest:
            raise RuleViolation("time.effective", state=self.state, details={"earliest": earliest.isoformat()})

    def _verbs(self, state: str | None = None) -> Verbs:
        at = state or self.state
        verbs = Verbs(verb for verb, states in self.MAY_START_FROM.items() if at in states)
        verbs.of = self
        return verbs

    def _may(self, verb: str, cmd: Command) -> None:
        if refusal := self.guard(verb, cmd.now):
            raise refusal

    @classmethod
    def _begin(cls, fact: Created) -> Self:
        _require_well_formed(fact)
        it = cast("Self", fact.mutate(None))
        it.pending_events.append(fact)
        return it

    def _states(self, fact: Event) -> None:
        _require_well_formed(fact)
        if not self.IS_REGISTER:
            self.require_begun(fact.provenance.effective_on)
        fact.mutate(self)
        self.pending_events.append(fact)

    def _next(self, cmd: Command) -> Stamp:
        """The stamp of this aggregate's next fact."""
        return _stamp(self.id, self.version + 1, cmd)

    @classmethod
    def _first(cls, id: UUID, cmd: Command) -> FirstStamp:
        """The stamp of an aggregate's first fact."""
        return FirstStamp(**_stamp(id, 1, cmd), originator_topic=cls.topic())


def camel_case(name: str) -> str:
    """A field's name as clients write it: `due_on` is `dueOn`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _require_well_formed(fact: Fact) -> None:
    """Refuse what could not be read back (a code that is none, a title too long): construction checks no values."""
    try:
        msgspec.json.decode(msgspec.json.encode(fact), type=type(fact))
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$.")
        raise InvalidInput(fields=[(camel_case(path.rstrip("`")), problem)]) from error


class FirstStamp(Stamp):
    """The stamp of a first fact, which names its kind of aggregate."""

    originator_topic: str


# --- commands -------------------------------------------------------------------------------------------------------


class Command(Value, frozen=True, kw_only=True):
    """A command at hand: everything that its facts will say of where they come from, and how it wants to be run."""

    name: Annotated[str, Meta(description="as in the policy: `recommendation.adopt`")]
    id: Annotated[UUID, Meta(description="idempotency key; belongs to its actor")]
    by: Actor
    now: Annotated[datetime, Meta(tz=True, description="the command clock, read once")]
    channel: Channel
    on_behalf_of: str | None = None
    reason: Sealed | None = None
    basis: str | None = None
    effective_on: date | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None

    @property
    def today(self) -> date:
        """The day it is recorded on, in UTC."""
        return self.now.astimezone(UTC).date()

    @property
    def effective(self) -> date:
        """The day its facts count from."""
        return self.effective_on or self.today

    @property
    def organization(self) -> str | None:
        """The organization that speaks: the one acted for, else the actor's own."""
        return self.on_behalf_of or self.by.organization

    def new_id(self, what: str) -> UUID:
        """An id for something this command brings into being: the same each time the command is run."""
        return uuid5(self.id, f"{self.by.id}:{what}")


def _stamp(id: UUID, version: int, cmd: Command) -> Stamp:
    provenance = Provenance(
        by=cmd.by,
        on_behalf_of=cmd.on_behalf_of,
        reason=cmd.reason,
        basis=cmd.basis,
        effective_on=cmd.effective,
        command=CommandName(name=cmd.name, id=cmd.id),
        correlation_id=cmd.correlation_id or cmd.id,
        causation_id=cmd.causation_id,
        channel=cmd.channel,
    )
    return Stamp(originator_id=id, originator_version=version, timestamp=cmd.now, provenance=provenance)


class Intent(Value, frozen=True, kw_only=True):
    """What somebody wants done, before it is known whether it may be: a command and how it wants to be run."""

    name: Annotated[str, Meta(description="as in the policy: `recommendation.adopt`")]
    id: Annotated[UUID, Meta(description="idempotency key; belongs to its actor")]
    by: Annotated[UUID, Meta(description="subject id of the actor")]
    channel: Channel
    request: Annotated[bytes, Meta(description="what was asked, in canonical form, to know the same again")]
    organization: str | None = None
    on_behalf_of: str | None = None
    reason: str | None = None
    basis: str | None = None
    effective_on: date | None = None
    expected_version: int | None = None
    dry_run: bool = False
    correlation_id: UUID | None = None
    causation_id: UUID | None = None


class Stated(Value, frozen=True, kw_only=True):
    """A fact as the store took it in."""

    event_id: UUID
    position: int
    topic: str
    subject: UUID
    version: int


class Receipt(Value, frozen=True, kw_only=True):
    """The answer to a command. A replayed one has the positions and facts of the first time."""

    subject: Annotated[UUID, Meta(description="the aggregate the command is about")]
    version: Annotated[int, Meta(description="its version after the command")]
    position: Annotated[int, Meta(description="of the last fact stated, or of the head if none was")]
    events: tuple[Stated, ...] = ()
    replayed: bool = False
    dry_run: bool = False
    warnings: tuple[str, ...] = ()


class PersonDetails(Value, frozen=True, kw_only=True):
    """What identifies a person. Lives in the vault and nowhere else."""

    name: str
    email: str
    phone: str | None = None
    title: str | None = None
    needs: Annotated[str | None, Meta(description="access, diet")] = None


class Secrets(Protocol):
    """The vault as one attempt of one command sees it: what it writes is written with the facts, or not at all."""

    def seal(self, text: str, *, field: str, about: UUID, bound: UUID) -> Sealed:
        """Encrypt free text under the key of `about`."""

    def person(self, email: str) -> UUID | None:
        """The subject known under this e-mail address, in whatever case it is written."""

    def enrol(self, subject: UUID, details: PersonDetails, *, vouched: bool = True) -> str:
        """Keep a person's details; answers the salted hash that stands for them in the fact."""


class Store(Protocol):
    """Where histories are kept: what a command may ask while it decides."""

    def load(self, kind: type[A], id: UUID) -> A | None:
        """The aggregate as its facts make it now; None if it has none."""

    def holder(self, claim: str) -> UUID | None:
        """The aggregate that holds a claim now."""

    def claims(self, prefix: str) -> list[str]:
        """Keys of the claims now held whose key begins with `prefix`, in order."""

    def head(self) -> int:
        """The position of the last fact, as the command began; 0 before the first."""


class Concerns(Value, frozen=True, kw_only=True):
    """Whom and what an action touches, for the policy to compare with what the actor holds."""

    organizations: frozenset[str] = frozenset()
    bodies: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    persons: frozenset[UUID] = frozenset()


A = TypeVar("A", bound=Aggregate)
Judge = Callable[[Actor, str, Concerns], bool]


class Work:
    """One attempt at one command: what it has loaded, what it has written, and the command itself."""

    def __init__(
        self,
        cmd: Command,
        *,
        store: Store,
        secrets: Secrets,
        judge: Judge,
        reason: str | None = None,
        needs_reason: bool = False,
        expected_version: int | None = None,
    ) -> None:
        self.store, self.secrets = store, secrets
        self.judged = False
        self.warnings: list[str] = []
        self.aggregates: dict[UUID, Aggregate] = {}
        self.loaded: dict[UUID, int] = {}
        """Version of every stream that was looked at, 0 where there was none: the save fails if one has moved."""
        self._cmd, self._reason, self._judge = cmd, reason, judge
        self._needs_reason, self._expected_version = needs_reason, expected_version
        self._about: UUID | None = None
        self._held: Aggregate | None = None

    @property
    def cmd(self) -> Command:
        """The command, its reason sealed. Only to be asked for once it is known whom it is about."""
        if self._reason is not None and self._cmd.reason is None:
            if self._about is None:
                raise RuntimeError(f"{self._cmd.name} asks for its command before it says what it is about")
            sealed = self.seal(self._reason, field="reason", about=self._about)
            self._cmd = msgspec.structs.replace(self._cmd, reason=sealed)
        return self._cmd

    @property
    def name(self) -> str:
        return self._cmd.name

    @property
    def by(self) -> Actor:
        return self._cmd.by

    @property
    def now(self) -> datetime:
        return self._cmd.now

    def new_id(self, what: str) -> UUID:
        """An id for something this command brings into being: the same each time the command is run."""
        return self._cmd.new_id(what)

    def seal(self, text: str, *, field: str, about: UUID) -> Sealed:
        """Seal free text under the key of `about`, bound to this command."""
        return self.secrets.seal(text, field=field, about=about, bound=self._cmd.id)

    def about(self, subject: UUID) -> None:
        """Say whose key seals the reason; the first word counts."""
        self._about = self._about or subject

    def allow(self, concerns: Concerns) -> None:
        """Refuse, unless the policy lets the actor do this to those it concerns; then ask for the reason it needs."""
        self.judged = True
        if not self._judge(self._cmd.by, self._cmd.name, concerns):
            raise Forbidden(action=self._cmd.name)
        self._hold()
        if self._needs_reason and self._reason is None:
            raise RuleViolation("reason.required")
        by, represented = self._cmd.by, self._cmd.on_behalf_of
        own = {by.organization} | {held.scope for held in by.roles}
        if represented and represented not in own and not by.holds(*SECRETARIAT):
            raise RuleViolation("organization.represented", details={"organization": represented})
        if self._cmd.effective > self._cmd.today:
            raise RuleViolation("time.effective", details={"latest": self._cmd.today.isoformat()})

    def find(self, kind: type[A], id: UUID) -> A | None:
        known = self.aggregates.get(id)
        if known is None:
            found = self.store.load(kind, id)
            self.loaded[id] = found.version if found else 0
            if found is None:
                return None
            self.aggregates[id] = known = found
        if not isinstance(known, kind):
            return None
        return known

    def last(self, it: Aggregate) -> None:
        """Let its facts come after those of the others: it takes claims that they give back."""
        self.aggregates[it.id] = self.aggregates.pop(it.id)

    def expects(self, it: Aggregate) -> None:
        """Hold the first stream a command names against the version its caller has seen, once the policy has said yes:
        who may not do it does not learn the version either."""
        self._held = self._held or it
        if self.judged:
            self._hold()

    def _hold(self) -> None:
        if self._held is None:
            return
        expected, self._expected_version = self._expected_version, None
        if expected is not None and self._held.version != expected:
            raise VersionConflict(expected=expected, actual=self._held.version)

    def offers(self, refusal: RuleViolation) -> tuple[str, ...]:
        """What the actor might do instead of what is refused, as actions of the policy.

        The guards and the policy are asked, about the aggregate as it stands: what was tried has not happened.
        """
        it, noun = refusal.of, self.name.partition(".")[0]
        if it is None:
            return tuple(action if "." in action else f"{noun}.{action}" for action in refusal.allowed)
        if it.pending_events:
            it = self.store.load(type(it), it.id)
        if it is None:
            return ()
        noun = it.policy_noun()
        return tuple(
            f"{noun}.{verb}"
            for verb in it.allowed_with(self)
            if self._judge(self.by, f"{noun}.{verb}", it.concerns_of(verb, self.by))
        )

    def facts(self) -> list[Fact]:
        """What has been stated, aggregate by aggregate in the order they were met."""
        return [fact for it in self.aggregates.values() for fact in cast("list[Fact]", it.pending_events)]


class Commands:
    """Base of an aggregate's commands. A public method is one command: it loads, asks the policy, and calls a verb.

    It returns the aggregate the command is about; whatever it has loaded or added is saved by the runner, in one
    transaction that fails if anything it looked at has moved meanwhile.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    @property
    def _cmd(self) -> Command:
        return self._work.cmd

    def _load(self, kind: type[A], reference: UUID | str) -> A:
        """The subject of the command, by id or code. Held against the version the caller expects. `NotFound`."""
        it = self._get(kind, reference)
        self._work.about(it.sealed_under)
        self._work.expects(it)
        return it

    def _get(self, kind: type[A], reference: UUID | str) -> A:
        """Something else that the decision needs to know, by id or code. `NotFound`."""
        it = self._find(kind, reference)
        if it is None:
            raise NotFound(kind=kind.__name__, reference=str(reference))
        return it

    def _find(self, kind: type[A], reference: UUID | str) -> A | None:
        id = reference if isinstance(reference, UUID) else kind.identify(reference)
        return self._work.find(kind, id)

    def _add(self, new: A) -> A:
        """Take in a new aggregate. The same again is the one that stands; other content under its id is refused."""
        self._work.about(new.sealed_under)
        standing = self._work.find(type(new), new.id)
        if standing is None:
            self._work.aggregates[new.id] = new
            return new
        if standing.first.content() != new.first.content():
            raise RuleViolation("code.taken")  # and nothing of what has it, which may be a secret
        return standing

    def _about(self, subject: UUID) -> None:
        """Say whose key seals this command's reason, where no aggregate is loaded before it is needed."""
        self._work.about(subject)

    def _allow(
        self,
        *,
        organizations: Sequence[str | None] = (),
        bodies: Sequence[str] = (),
        regions: Sequence[str] = (),
        persons: Sequence[UUID] = (),
    ) -> None:
        """Ask the policy, once the command knows whom it concerns. Every command asks before it calls a verb."""
        self._work.allow(
            Concerns(
                organizations=frozenset(o for o in organizations if o),
                bodies=frozenset(bodies),
                regions=frozenset(regions),
                persons=frozenset(persons),
            )
        )

    def _person(self, details: PersonDetails) -> tuple[UUID, str]:
        """The subject that stands for a person, found by e-mail or new, and the hash of the details as they are.

        The first person a command names is whom its reason is about.
        """
        known = self._work.secrets.person(details.email)
        subject = known or self._work.new_id(f"person:{details.email}")
        self._work.about(subject)
        by = self._work.by
        vouched = known is None or by.id == subject or by.holds(*SECRETARIAT)
        return subject, self._work.secrets.enrol(subject, details, vouched=vouched)

    def _seal(self, text: str | None, *, field: str, about: UUID) -> Sealed | None:
        if text is None:
            return None
        return self._work.seal(text, field=field, about=about)

    def _warn(self, warning: str) -> None:
        self._work.warnings.append(warning)
