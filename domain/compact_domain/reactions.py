"""When this fact, then that command: the only place where aggregates react to each other.

Whatever follows the store asks each reaction what a fact leads to, and gives those commands under the ids they come
with. An id follows from the fact and the reaction, so that a command happens once, however often the fact is met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import partial
from typing import Any, Generic, TypeVar, get_args
from uuid import UUID, uuid5

from compact_domain.agenda import AgendaItem, looking_for, open_about, put_off, undisclosed_of
from compact_domain.coordination_meeting import CoordinationMeeting, CoordinationMeetings, Disposition
from compact_domain.focal_point import FocalPoint, FocalPoints, OpenItem
from compact_domain.kernel import Aggregate, Alarm, Channel, Fact, Intent, Store, Work
from compact_domain.recommendation import Recommendation, Recommendations, ReminderKind
from compact_domain.registration import Registrations
from compact_domain.retreat import Retreat
from compact_domain.rotation import Rotations
from compact_domain.seats import Places
from compact_domain.session import Sessions, unannounced
from compact_domain.vocabulary import BodyAct

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, kw_only=True)
class Then:
    """A command that a fact asks for: its name in the policy, how to decide it, and why, where a reason is needed.

    A reaction that asks for several gives each a `key` of its own, which must not depend on when it is asked. `queue`
    names what many want at once: commands that name the same wait for each other. `effective_on` is the day that its
    facts count from, where that is not the day on which it is given.
    """

    command: str
    decide: Callable[[Work], Aggregate]
    reason: str | None = None
    key: str = ""
    queue: str | None = None
    effective_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Intended:
    """A command that a fact leads to, ready to be given by a process."""

    reaction: str
    fact: Fact
    event_id: UUID
    then: Then

    @property
    def id(self) -> UUID:
        """The same for the same fact, reaction and key."""
        return uuid5(self.event_id, self._name)

    def intent(self, *, by: UUID) -> Intent:
        """The command as `by`, a process, gives it: caused by the fact, and of the same chain."""
        return Intent(
            name=self.then.command,
            id=self.id,
            by=by,
            channel=Channel.PROCESS,
            request=f"{self._name}@{self.event_id}".encode(),
            reason=self.then.reason,
            effective_on=self.then.effective_on,
            correlation_id=self.fact.provenance.correlation_id,
            causation_id=self.event_id,
        )

    @property
    def _name(self) -> str:
        return f"{self.reaction}:{self.then.key}" if self.then.key else self.reaction


@dataclass(frozen=True, kw_only=True)
class Reaction(Generic[F]):
    """What certain facts lead to. `then` looks at the fact, and may ask the store, but changes nothing."""

    name: str
    on: tuple[type[F], ...]
    then: Callable[[F, Store], Sequence[Then]]

    def commands(self, fact: Fact, event_id: UUID, store: Store) -> Sequence[Intended]:
        """The commands that a fact leads to; none for a fact this reaction is not about."""
        if not isinstance(fact, self.on):
            return ()
        return [
            Intended(reaction=self.name, fact=fact, event_id=event_id, then=then) for then in self.then(fact, store)
        ]


def _promote_who_waits(fact: Places.Released | Places.RoomChanged, store: Store) -> Sequence[Then]:
    """Places came free while somebody waited. One command promotes all it can, in order; nothing, if none is left."""
    if not fact.waiting:
        return ()
    retreat, mode = fact.retreat, fact.mode
    return [
        Then(
            command="registration.promote",
            decide=lambda work: Registrations(work).promote(retreat, mode=mode),
            queue=retreat,
        )
    ]


def _take_over_nomination(item: OpenItem, successor: UUID) -> Then:
    nomination = UUID(item.reference)
    return Then(
        command="focal_point.take_over_nomination",
        decide=lambda work: FocalPoints(work).take_over_nomination(nomination, successor=successor),
    )


MOVES: Mapping[str, Callable[[OpenItem, UUID], Then]] = {FocalPoint.TOPIC: _take_over_nomination}
"""By the kind of open work, the command that a hand-over leads to. Other kinds keep no person in mind, but the
organization or its focal point in a region: those go with the function, and the hand-over lists them."""


def _move_open_work(fact: FocalPoint.HandedOver, store: Store) -> Sequence[Then]:
    """A focal point handed over: what the person was answerable for goes to the successor, piece by piece."""
    return [MOVES[item.kind](item, fact.successor) for item in fact.moves if item.kind in MOVES]


def _announce_programme(fact: Retreat.Announced, store: Store) -> Sequence[Then]:
    """A retreat became known: so do the sessions that were scheduled before."""
    retreat = store.load(Retreat, fact.originator_id)
    return [
        Then(command="session.announce", decide=partial(_announce_session, session), key=str(session))
        for session in (unannounced(store, retreat.code) if retreat else ())
    ]


def _announce_session(session: UUID, work: Work) -> Aggregate:
    return Sessions(work).announce(session)


Decided = Recommendation.Adopted | Recommendation.NotAdopted | Recommendation.Deferred | Recommendation.Referred


def _settle_item(fact: Decided, store: Store) -> Sequence[Then]:
    """A body decided about a recommendation: that disposes of the item of the meeting it decided in."""
    told: dict[str, Any] = {"act": fact.act, "disposition": Disposition.DECIDED}
    if isinstance(fact, Recommendation.Deferred):
        told |= {"disposition": Disposition.DEFERRED, "to_meeting": fact.to_meeting, "to_date": fact.to_date}
        told |= {"why": fact.provenance.reason}
    if isinstance(fact, Recommendation.Referred):
        told |= {"disposition": Disposition.REFERRED, "to_body": fact.to_body}
    recommendation, act = fact.originator_id, fact.act
    here = Then(
        command="coordination_meeting.settle_item",
        decide=lambda work: CoordinationMeetings(work).settle_item(recommendation, **told),
    )
    elsewhere = open_about(store, recommendation) if told["disposition"] is Disposition.DECIDED else []
    return [
        here,
        *(
            Then(
                command="coordination_meeting.settle_elsewhere",
                decide=partial(_settle_elsewhere, item, act),
                key=str(item),
            )
            for item in elsewhere
        ),
    ]


def _settle_elsewhere(item: UUID, act: BodyAct, work: Work) -> Aggregate:
    return CoordinationMeetings(work).settle_elsewhere(item, act=act)


Ended = Recommendation.Withdrawn | Recommendation.Superseded | Recommendation.Merged | Recommendation.Overtaken


def _drop_ended(fact: Ended, store: Store) -> Sequence[Then]:
    """A recommendation ended: what is open about it on any agenda is treated there no more."""
    return [
        Then(command="coordination_meeting.drop_ended", decide=partial(_drop_one, item), key=str(item))
        for item in open_about(store, fact.originator_id)
    ]


def _drop_one(item: UUID, work: Work) -> Aggregate:
    return CoordinationMeetings(work).drop_ended(item)


def _carry(items: Sequence[UUID]) -> Sequence[Then]:
    return [
        Then(command="coordination_meeting.carry_item", decide=partial(_carry_item, item), key=str(item))
        for item in items
    ]


def _carry_item(item: UUID, work: Work) -> Aggregate:
    return CoordinationMeetings(work).carry_item(item)


def _carry_this(fact: AgendaItem.Deferred | AgendaItem.PassedOn, store: Store) -> Sequence[Then]:
    """An item was put off or passed on: it comes on the agenda that it belongs on, if there is one by now."""
    return _carry([fact.originator_id])


def _carry_to_meetings(
    fact: CoordinationMeeting.Created | CoordinationMeeting.Rescheduled, store: Store
) -> Sequence[Then]:
    """A body has a meeting ahead, or has it on another day: items that look for one may have their place there now."""
    return _carry(looking_for(store, meeting=fact.code, body=fact.body))


def _wait_no_longer(fact: Recommendation.Event, store: Store) -> Sequence[Then]:
    """Something happened to a recommendation: if that settled it, what waits for a meeting about it does so no more."""
    return _carry(put_off(store, fact.originator_id))


def _disclose_items(fact: Recommendation.Announced, store: Store) -> Sequence[Then]:
    """What was decided about a recommendation became known: so do the items that it disposed of or carried."""
    return [
        Then(command="coordination_meeting.disclose_item", decide=partial(_disclose_item, item), key=str(item))
        for item in undisclosed_of(store, fact.originator_id)
    ]


def _disclose_item(item: UUID, work: Work) -> Aggregate:
    return CoordinationMeetings(work).disclose_item(item)


def _settle_turn(fact: CoordinationMeeting.Concluded | CoordinationMeeting.Cancelled, store: Store) -> Sequence[Then]:
    """A rotation's meeting was held or called off: its turn is over, and the next one is offered."""
    if fact.hosted is None:
        return ()
    rotation, turn = fact.hosted.rotation, fact.hosted.turn
    if isinstance(fact, CoordinationMeeting.Concluded):
        return [
            Then(
                command="rotation.conclude_turn", decide=lambda work: Rotations(work).conclude_turn(rotation, turn=turn)
            )
        ]
    return [Then(command="rotation.return_turn", decide=lambda work: Rotations(work).return_turn(rotation, turn=turn))]


REACTIONS: tuple[Reaction[Any], ...] = (
    Reaction(name="promotion", on=(Places.Released, Places.RoomChanged), then=_promote_who_waits),
    Reaction(name="programme", on=(Retreat.Announced,), then=_announce_programme),
    Reaction(name="hand_over", on=(FocalPoint.HandedOver,), then=_move_open_work),
    Reaction(name="agenda_decision", on=get_args(Decided), then=_settle_item),
    Reaction(name="agenda_waiting", on=(AgendaItem.Deferred, AgendaItem.PassedOn), then=_carry_this),
    Reaction(
        name="agenda_meeting",
        on=(CoordinationMeeting.Created, CoordinationMeeting.Rescheduled),
        then=_carry_to_meetings,
    ),
    Reaction(name="agenda_recommendation", on=(Recommendation.Event,), then=_wait_no_longer),
    Reaction(name="agenda_ended", on=get_args(Ended), then=_drop_ended),
    Reaction(name="agenda_announced", on=(Recommendation.Announced,), then=_disclose_items),
    Reaction(name="turn", on=(CoordinationMeeting.Concluded, CoordinationMeeting.Cancelled), then=_settle_turn),
)
"""All reactions, in the order in which they are asked. A name is part of command ids: it is never changed."""


def commands(fact: Fact, event_id: UUID, store: Store) -> Sequence[Intended]:
    """All that a fact leads to."""
    return [intended for reaction in REACTIONS for intended in reaction.commands(fact, event_id, store)]


def _adopt_by_silence(work: Work, reference: str) -> Aggregate:
    recommendation, _, silence = reference.partition(":")
    return Recommendations(work).adopt_by_silence(UUID(recommendation), silence=int(silence))


def _remind(work: Work, reference: str) -> Aggregate:
    recommendation, kind, due_on, milestone = reference.split(":")
    return Recommendations(work).remind(
        UUID(recommendation),
        kind=ReminderKind(kind),
        due_on=date.fromisoformat(due_on),
        milestone=milestone or None,
    )


def _lapse_offer(work: Work, reference: str) -> Aggregate:
    rotation, turn, organization = reference.split(":")
    return Rotations(work).lapse(rotation, turn=int(turn), organization=organization)


ALARMS: Mapping[str, Callable[[Work, str], Aggregate]] = {
    "focal_point.end_term": lambda work, reference: FocalPoints(work).end_term(UUID(reference)),
    "rotation.lapse": _lapse_offer,
    "recommendation.adopt_by_silence": _adopt_by_silence,
    "recommendation.remind": _remind,
    "coordination_meeting.remind": lambda work, reference: CoordinationMeetings(work).remind(reference),
}
"""By the command that an alarm names, how it is decided about what the alarm refers to."""


def at_its_moment(alarm: Alarm, fact: Fact, event_id: UUID) -> Intended:
    """The command whose moment has come, as the fact that set the alarm leads to it.

    It counts from the day of that moment, however late the process wakes, and happens once for that fact.
    """
    return Intended(
        reaction="alarm",
        fact=fact,
        event_id=event_id,
        then=Then(
            command=alarm.command,
            decide=partial(_decide, ALARMS[alarm.command], alarm.reference),
            key=alarm.key,
            effective_on=alarm.at.astimezone(UTC).date(),
        ),
    )


def _decide(decision: Callable[[Work, str], Aggregate], reference: str, work: Work) -> Aggregate:
    return decision(work, reference)
