"""Focal points: who speaks for an organization in a region, until when, and who comes after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from compact_domain.catalogue import GLOBAL, EntryKind, require_entries
from compact_domain.kernel import (
    SECRETARIAT,
    Actor,
    Aggregate,
    Code,
    Command,
    Commands,
    Concerns,
    InvalidInput,
    NotFound,
    PersonDetails,
    Provenance,
    Role,
    RuleViolation,
    Starts,
    Store,
    Value,
    alarm,
    end_of_day,
)
from compact_domain.organization import Organization, require_organization
from compact_domain.registration import UNCONFIRMED, Registration
from compact_domain.seats import EntitySeats

RULES: Mapping[str, str] = {
    "focal_point.region": "An organization has one confirmed focal point in a region.",
    "focal_point.organization": "Focal points speak for organizations other than the secretariat of the Compact.",
    "focal_point.nominated": "The person is nominated for that organization and region already, with other content.",
    "focal_point.term": "A term ends on or after the day it starts, and not before it is confirmed or taken over.",
    "focal_point.extension": "A term is extended to a later day than it ends on.",
    "focal_point.contact": "An e-mail address stands for one person.",
    "focal_point.alternate": "An alternate, or a successor, is somebody else than the focal point.",
    "focal_point.by_alternate": (
        "An alternate acts for the region, but neither hands over, vacates nor names or removes other alternates."
    ),
    "focal_point.open_work": "One person, or one region's focal point, is answerable for a piece of open work.",
}
SECRETARIAT_OF_COMPACT = "UNOCT"
"""Code of the organization that is the Compact's secretariat (public; concept note, section I)."""

CLAIMS: Mapping[str, str] = {
    "focal": "focal_point.region",
    "focal-person": "focal_point.region",
    "focal-nomination": "focal_point.nominated",
    "open": "focal_point.open_work",
}


class FocalPointState(StrEnum):
    """How somebody stands as focal point. The end of a term follows from the day, and is recorded later."""

    NOMINATED = "nominated"
    CONFIRMED = "confirmed"
    TERM_ENDED = "term_ended"
    VACATED = "vacated"
    HANDED_OVER = "handed_over"
    DECLINED = "declined"


NOMINATED, CONFIRMED = {FocalPointState.NOMINATED}, {FocalPointState.CONFIRMED}
MAY_START_FROM: Starts = {
    "confirm": NOMINATED,
    "decline": NOMINATED,
    "designate_alternate": CONFIRMED,
    "remove_alternate": CONFIRMED,
    "update_contact": NOMINATED | CONFIRMED,
    "extend_term": CONFIRMED,
    "hand_over": CONFIRMED,
    "vacate": CONFIRMED,
    "end_term": {FocalPointState.TERM_ENDED},
    "take_over_nomination": NOMINATED,
}
OWN_HAND = frozenset({"designate_alternate", "remove_alternate", "hand_over", "vacate"})
"""Verbs that are no alternate's, but for stepping down oneself."""

Hash = Annotated[str, Meta(description="salted hash of the person's details as they were; the salt lies in the vault")]
Persons = Annotated[tuple[UUID, ...], Meta(description="subjects who had the powers until then: itself, alternates")]
TermsEnd = Annotated[date, Meta(description="last day of the term, had it run")]
Nominator = Annotated[UUID | None, Meta(description="focal point who looked after the nomination, by subject")]
OwnRegions = Annotated[tuple[Code, ...], Meta(min_length=1, description="codes of its regions, or GLOBAL alone")]


class Term(Value, frozen=True, kw_only=True):
    """From when until when somebody is focal point; both days are in it."""

    starts_on: date
    ends_on: date

    def over(self, now: datetime) -> bool:
        return self.ends_on < now.astimezone(UTC).date()

    def runs(self, now: datetime) -> bool:
        return self.starts_on <= now.astimezone(UTC).date() <= self.ends_on


class OpenItem(Value, frozen=True, kw_only=True):
    """A piece of open work that goes to a successor: where it lies, and which it is there.

    Kinds are an open vocabulary, the topics of aggregates: a new kind of open work needs no new shape.
    """

    kind: Annotated[str, Meta(pattern=r"^[a-z][a-z_]{1,63}$", description="topic of the aggregate it lies in")]
    reference: Annotated[str, Meta(min_length=1, max_length=64, description="code or id of that aggregate")]
    item: Annotated[
        Annotated[str, Meta(min_length=1, max_length=64)] | None,
        Meta(description="which item there; null: the aggregate itself"),
    ] = None


def open_work(
    organization: str, answerable: UUID | str, kind: str, reference: UUID | str, item: str | None = None
) -> str:
    """The claim that keeps a piece of open work in sight of a hand-over.

    The fact that opens the work takes it, the fact that closes it releases it. Answerable is a person who acts for
    the organization (by subject id), or whoever is its focal point in a region (by the region's code).
    """
    return ":".join([_opened(organization, answerable), kind, str(reference), *([item] if item else [])])


def open_items(store: Store, organization: str, answerable: UUID | str) -> Iterator[OpenItem]:
    """The open work that somebody is answerable for now; a focal point for all regions, in each of them."""
    within = f"open:{organization}:"
    for key in store.claims(within if answerable == GLOBAL else f"{_opened(organization, answerable)}:"):
        who, kind, reference, *item = key.removeprefix(within).split(":", 3)
        if answerable != GLOBAL or who == who.upper():  # a region; a person is known by an id in small letters
            yield OpenItem(kind=kind, reference=reference, item=item[0] if item else None)


def _opened(organization: str, answerable: UUID | str) -> str:
    return f"open:{organization}:{answerable}"


def focal_claims(organization: str, regions: Iterable[str]) -> list[str]:
    """What the confirmed focal point of an organization holds: each of its regions."""
    return [f"focal:{organization}:{region}" for region in regions]


def person_claims(persons: Iterable[UUID], organization: str, regions: Iterable[str]) -> list[str]:
    """What shows that persons have the powers of an organization's focal point in its regions."""
    kept = tuple(regions)
    return [f"focal-person:{person}:{organization}:{region}" for person in persons for region in kept]


def nomination_claims(subject: UUID, organization: str, regions: Iterable[str]) -> list[str]:
    """What shows that a person stands nominated."""
    return [f"focal-nomination:{subject}:{organization}:{region}" for region in regions]


class FocalPoint(Aggregate):
    """A person who speaks for an organization in its regions for a term, with alternates who share the powers."""

    TOPIC = "focal_point"
    MAY_START_FROM = MAY_START_FROM

    def __init__(
        self,
        *,
        organization: str,
        subject: UUID,
        details_hash: str,
        regions: tuple[str, ...],
        working_groups: tuple[str, ...],
        term: Term,
        succeeds: UUID | None,
        provenance: Provenance,
    ) -> None:
        self.organization, self.subject, self.details_hash = organization, subject, details_hash
        self.regions, self.working_groups, self.term = regions, working_groups, term
        self.standing = FocalPointState.NOMINATED
        self.nominator = None if succeeds else _nominator(provenance)
        """The focal point who put this one forward and looks after the nomination; None if it was somebody else."""
        self.alternates: dict[UUID, str] = {}
        """Each with the hash of the details as they were."""
        self.former_alternates: tuple[UUID, ...] = ()
        self.successor: UUID | None = None
        self.successor_subject: UUID | None = None

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a focal point."""

    @property
    def state(self) -> str:
        return self.standing

    @property
    def sealed_under(self) -> UUID:
        return self.subject

    @property
    def persons(self) -> tuple[UUID, ...]:
        """Who shares its powers: itself and its alternates."""
        return (self.subject, *self.alternates)

    def state_at(self, now: datetime) -> FocalPointState:
        """How it stands at a moment: a term that is over has ended, recorded or not."""
        if self.standing is FocalPointState.CONFIRMED and self.term.over(now):
            return FocalPointState.TERM_ENDED
        return self.standing

    def speaks(self, person: UUID, now: datetime) -> bool:
        """Whether a person has the powers of this focal point at a moment: confirmed, in its term, it or alternate."""
        return self.standing is FocalPointState.CONFIRMED and self.term.runs(now) and person in self.persons

    def guard(self, verb: str, now: datetime) -> RuleViolation | None:
        state = self.state_at(now)
        allowed = self._verbs(state)
        if state not in self.MAY_START_FROM[verb]:
            return RuleViolation("state", state=state, allowed=allowed)
        if verb == "confirm" and self.term.over(now):
            return RuleViolation(
                "focal_point.term", state=state, allowed=allowed, details={"ends_on": self.term.ends_on.isoformat()}
            )
        return None

    def concerns(self) -> Concerns:
        return Concerns(
            organizations=frozenset({self.organization}),
            regions=frozenset(self.regions),
            persons=frozenset({self.subject}),
        )

    def concerns_of(self, verb: str, by: Actor) -> Concerns:
        """What an alternate may not do concerns nobody that he or she could speak for."""
        if verb in OWN_HAND and by.id in self.alternates:
            return Concerns()
        return self.concerns()

    def _no(self, rule: str, **details: str | int) -> RuleViolation:
        return RuleViolation(rule, state=self.state, allowed=self._verbs(), details=details)

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """An organization, or the focal point before, named a person to speak for it in its regions."""

        TOPIC: ClassVar[str] = "focal_point.nominated"
        organization: Annotated[Code, Meta(description="code of the organization spoken for")]
        subject: Annotated[UUID, Meta(description="the person named")]
        details_hash: Hash
        regions: OwnRegions
        working_groups: Annotated[tuple[Code, ...], Meta(description="codes of the working groups followed")] = ()
        nomination_letter: Annotated[
            Annotated[str, Meta(min_length=1, max_length=200)] | None, Meta(description="reference of the letter")
        ] = None
        term: Annotated[Term, Meta(description="from when until when")]
        succeeds: Annotated[UUID | None, Meta(description="focal point whose work this one takes over")] = None

        def takes(self) -> Sequence[str]:
            if self.succeeds is not None:
                return ()
            return _nominated(
                self.subject, self.organization, self.regions, _nominator(self.provenance), self.originator_id
            )

    @classmethod
    def nominate(
        cls,
        *,
        id: UUID,
        organization: str,
        subject: UUID,
        details_hash: str,
        regions: Iterable[str],
        working_groups: Iterable[str],
        nomination_letter: str | None,
        term: Term,
        succeeds: UUID | None = None,
        cmd: Command,
    ) -> FocalPoint:
        named = tuple(sorted(set(regions)))
        if GLOBAL in named and len(named) > 1:
            raise InvalidInput(fields=[("regions", "GLOBAL stands alone")])
        if term.ends_on < term.starts_on:
            raise RuleViolation(
                "focal_point.term",
                details={"starts_on": term.starts_on.isoformat(), "ends_on": term.ends_on.isoformat()},
            )
        return cls._begin(
            cls.Created(
                **cls._first(id, cmd),
                organization=organization,
                subject=subject,
                details_hash=details_hash,
                regions=named,
                working_groups=tuple(sorted(set(working_groups))),
                nomination_letter=nomination_letter,
                term=term,
                succeeds=succeeds,
            )
        )

    def repeats(self, other: FocalPoint) -> bool:
        """Whether both were nominated with the same words, whatever a person's details have become since."""
        mine, others = self.first.content(), other.first.content()
        return all(mine[name] == others[name] for name in mine if name not in ("details_hash", "succeeds"))

    def confirm(self, *, taken: Mapping[str, date], succeeds: UUID | None = None, cmd: Command) -> None:
        """Confirm, unless others still hold its regions: `taken`, each with the last day of the other's term."""
        if self.standing is FocalPointState.CONFIRMED:
            return
        self._may("confirm", cmd)
        for region in self.regions:
            if region in taken:
                raise self._no(
                    "focal_point.region",
                    organization=self.organization,
                    region=region,
                    held_until=taken[region].isoformat(),
                )
        self._states(
            self.Confirmed(
                **self._next(cmd),
                organization=self.organization,
                subject=self.subject,
                regions=self.regions,
                ends_on=self.term.ends_on,
                nominator=self.nominator,
                succeeds=succeeds,
            )
        )

    class Confirmed(Event, frozen=True, kw_only=True):
        """The person is the organization's focal point in its regions, and has the powers while the term runs."""

        TOPIC: ClassVar[str] = "focal_point.confirmed"
        organization: Annotated[Code, Meta(description="code of the organization spoken for")]
        subject: Annotated[UUID, Meta(description="the person confirmed")]
        regions: OwnRegions
        ends_on: Annotated[date, Meta(description="last day of the term")]
        nominator: Nominator = None
        succeeds: Annotated[UUID | None, Meta(description="focal point who handed over to this one")] = None

        def takes(self) -> Sequence[str]:
            persons = person_claims([self.subject], self.organization, self.regions)
            over = _term_over(self.originator_id, self.ends_on)
            return [*focal_claims(self.organization, self.regions), *persons, over]

        def releases(self) -> Sequence[str]:
            if self.succeeds is not None:
                return ()
            return _nominated(self.subject, self.organization, self.regions, self.nominator, self.originator_id)

        def apply(self, it: FocalPoint) -> None:
            it.standing = FocalPointState.CONFIRMED

    def decline(self, *, cmd: Command) -> None:
        if self.standing is FocalPointState.DECLINED:
            return
        self._may("decline", cmd)
        self._states(
            self.Declined(
                **self._next(cmd),
                organization=self.organization,
                subject=self.subject,
                regions=self.regions,
                nominator=self.nominator,
            )
        )

    class Declined(Event, frozen=True, kw_only=True):
        """The nomination came to nothing: the person or the secretariat said no."""

        TOPIC: ClassVar[str] = "focal_point.declined"
        organization: Annotated[Code, Meta(description="code of the organization that was to be spoken for")]
        subject: Annotated[UUID, Meta(description="the person who was nominated")]
        regions: OwnRegions
        nominator: Nominator = None

        def releases(self) -> Sequence[str]:
            return _nominated(self.subject, self.organization, self.regions, self.nominator, self.originator_id)

        def apply(self, it: FocalPoint) -> None:
            it.standing = FocalPointState.DECLINED

    def take_over_nomination(self, *, nominator: UUID, cmd: Command) -> None:
        """Look after the nomination in the place of a focal point who has handed over."""
        if self.nominator == nominator:
            return
        self._may("take_over_nomination", cmd)
        self._states(
            self.NominationTakenOver(
                **self._next(cmd), organization=self.organization, nominator=nominator, before=self.nominator
            )
        )

    class NominationTakenOver(Event, frozen=True, kw_only=True):
        """The nomination, not decided yet, is looked after by the successor of the focal point who made it."""

        TOPIC: ClassVar[str] = "focal_point.nomination_taken_over"
        organization: Annotated[Code, Meta(description="code of the organization that is to be spoken for")]
        nominator: Annotated[UUID, Meta(description="subject who looks after it from now on")]
        before: Nominator = None

        def takes(self) -> Sequence[str]:
            return (open_work(self.organization, self.nominator, FocalPoint.TOPIC, self.originator_id),)

        def releases(self) -> Sequence[str]:
            if self.before is None:
                return ()
            return (open_work(self.organization, self.before, FocalPoint.TOPIC, self.originator_id),)

        def apply(self, it: FocalPoint) -> None:
            it.nominator = self.nominator

    def _require_own_hand(self, cmd: Command) -> None:
        if cmd.by.id in self.alternates and not cmd.by.holds(*SECRETARIAT):
            raise self._no("focal_point.by_alternate")

    def designate_alternate(self, *, subject: UUID, details_hash: str, cmd: Command) -> None:
        if subject in self.alternates:
            return
        self._may("designate_alternate", cmd)
        self._require_own_hand(cmd)
        if subject == self.subject:
            raise self._no("focal_point.alternate")
        self._states(
            self.AlternateDesignated(
                **self._next(cmd),
                organization=self.organization,
                regions=self.regions,
                subject=subject,
                details_hash=details_hash,
            )
        )

    class AlternateDesignated(Event, frozen=True, kw_only=True):
        """Somebody else acts for the region too, with the same powers but over the function itself."""

        TOPIC: ClassVar[str] = "focal_point.alternate_designated"
        organization: Annotated[Code, Meta(description="code of the organization spoken for")]
        regions: OwnRegions
        subject: Annotated[UUID, Meta(description="the alternate")]
        details_hash: Hash

        def takes(self) -> Sequence[str]:
            return person_claims([self.subject], self.organization, self.regions)

        def apply(self, it: FocalPoint) -> None:
            it.alternates[self.subject] = self.details_hash
            it.former_alternates = tuple(former for former in it.former_alternates if former != self.subject)

    def remove_alternate(self, *, subject: UUID, cmd: Command) -> None:
        if subject in self.former_alternates:
            return
        self._may("remove_alternate", cmd)
        if subject not in self.alternates:
            raise NotFound(kind="Alternate", reference=str(subject))
        if subject != cmd.by.id:
            self._require_own_hand(cmd)
        self._states(
            self.AlternateRemoved(
                **self._next(cmd), organization=self.organization, regions=self.regions, subject=subject
            )
        )

    class AlternateRemoved(Event, frozen=True, kw_only=True):
        """The alternate acts for the region no more."""

        TOPIC: ClassVar[str] = "focal_point.alternate_removed"
        organization: Annotated[Code, Meta(description="code of the organization spoken for")]
        regions: OwnRegions
        subject: Annotated[UUID, Meta(description="the alternate until then")]

        def releases(self) -> Sequence[str]:
            return person_claims([self.subject], self.organization, self.regions)

        def apply(self, it: FocalPoint) -> None:
            del it.alternates[self.subject]
            it.former_alternates = (*it.former_alternates, self.subject)

    def update_contact(self, *, details_hash: str, cmd: Command) -> None:
        if self.details_hash == details_hash:
            return
        self._may("update_contact", cmd)
        self._states(self.ContactUpdated(**self._next(cmd), details_hash=details_hash))

    class ContactUpdated(Event, frozen=True, kw_only=True):
        """The person is reached in another way; how lies in the vault."""

        TOPIC: ClassVar[str] = "focal_point.contact_updated"
        details_hash: Hash

        def apply(self, it: FocalPoint) -> None:
            it.details_hash = self.details_hash

    def extend_term(self, *, ends_on: date, cmd: Command) -> None:
        if self.term.ends_on == ends_on:
            return
        self._may("extend_term", cmd)
        if ends_on < self.term.ends_on:
            raise self._no("focal_point.extension", ends_on=self.term.ends_on.isoformat(), asked=ends_on.isoformat())
        self._states(self.TermExtended(**self._next(cmd), ends_on=ends_on, before=self.term.ends_on))

    class TermExtended(Event, frozen=True, kw_only=True):
        """The term ends later than it was to."""

        TOPIC: ClassVar[str] = "focal_point.term_extended"
        ends_on: Annotated[date, Meta(description="last day of the term")]
        before: Annotated[date, Meta(description="the day it was to end on")]

        def takes(self) -> Sequence[str]:
            return (_term_over(self.originator_id, self.ends_on),)

        def releases(self) -> Sequence[str]:
            return (_term_over(self.originator_id, self.before),)

        def apply(self, it: FocalPoint) -> None:
            it.term = msgspec.structs.replace(it.term, ends_on=self.ends_on)

    def hand_over(self, *, successor: UUID, successor_subject: UUID, moves: tuple[OpenItem, ...], cmd: Command) -> None:
        """Give the function and its open work to a successor, who is confirmed in the same transaction."""
        if self.standing is FocalPointState.HANDED_OVER and self.successor_subject == successor_subject:
            return
        self._may("hand_over", cmd)
        self._require_own_hand(cmd)
        if successor_subject == self.subject:
            raise self._no("focal_point.alternate")
        self._states(
            self.HandedOver(
                **self._next(cmd),
                organization=self.organization,
                regions=self.regions,
                persons=self.persons,
                ends_on=self.term.ends_on,
                successor=successor,
                successor_subject=successor_subject,
                moves=moves,
            )
        )

    class HandedOver(Event, frozen=True, kw_only=True):
        """The function and its open work went to a successor, who is confirmed in the same transaction."""

        TOPIC: ClassVar[str] = "focal_point.handed_over"
        organization: Annotated[Code, Meta(description="code of the organization spoken for")]
        regions: OwnRegions
        persons: Persons
        ends_on: TermsEnd
        successor: Annotated[UUID, Meta(description="id of the focal point that follows")]
        successor_subject: Annotated[UUID, Meta(description="the person who follows")]
        moves: Annotated[tuple[OpenItem, ...], Meta(description="the open work that goes with it")] = ()

        def releases(self) -> Sequence[str]:
            return _ended(self.originator_id, self.organization, self.regions, self.persons, self.ends_on)

        def apply(self, it: FocalPoint) -> None:
            it.standing = FocalPointState.HANDED_OVER
            it.successor, it.successor_subject = self.successor, self.successor_subject

    def vacate(self, *, cmd: Command) -> None:
        if self.standing is FocalPointState.VACATED:
            return
        self._may("vacate", cmd)
        self._require_own_hand(cmd)
        self._states(
            self.Vacated(
                **self._next(cmd),
                organization=self.organization,
                regions=self.regions,
                persons=self.persons,
                ends_on=self.term.ends_on,
            )
        )

    class Vacated(Event, frozen=True, kw_only=True):
        """The person left before the end of the term, and nobody follows yet."""

        TOPIC: ClassVar[str] = "focal_point.vacated"
        organization: Annotated[Code, Meta(description="code of the organization spoken for")]
        regions: OwnRegions
        persons: Persons
        ends_on: TermsEnd

        def releases(self) -> Sequence[str]:
            return _ended(self.originator_id, self.organization, self.regions, self.persons, self.ends_on)

        def apply(self, it: FocalPoint) -> None:
            it.standing = FocalPointState.VACATED

    def end_term(self, *, cmd: Command) -> None:
        """Record that the term is over, which it is without the record too."""
        if self.standing is FocalPointState.TERM_ENDED:
            return
        self._may("end_term", cmd)
        self._states(
            self.TermEnded(
                **self._next(cmd),
                organization=self.organization,
                regions=self.regions,
                persons=self.persons,
                ended_on=self.term.ends_on,
            )
        )

    class TermEnded(Event, frozen=True, kw_only=True):
        """The last day of the term has passed."""

        TOPIC: ClassVar[str] = "focal_point.term_ended"
        organization: Annotated[Code, Meta(description="code of the organization spoken for")]
        regions: OwnRegions
        persons: Persons
        ended_on: Annotated[date, Meta(description="last day of the term, however late this was recorded")]

        def releases(self) -> Sequence[str]:
            return _ended(self.originator_id, self.organization, self.regions, self.persons, self.ended_on)

        def apply(self, it: FocalPoint) -> None:
            it.standing = FocalPointState.TERM_ENDED


def _nominator(provenance: Provenance) -> UUID | None:
    """Who looks after a nomination: the focal point who made it. The secretariat's hands need no successor."""
    return provenance.by.id if provenance.by.holds(Role.REGIONAL_FOCAL_POINT) else None


def _nominated(
    subject: UUID, organization: str, regions: tuple[str, ...], nominator: UUID | None, nomination: UUID
) -> list[str]:
    opened = [open_work(organization, nominator, FocalPoint.TOPIC, nomination)] if nominator else []
    return [*nomination_claims(subject, organization, regions), *opened]


def _ended(
    id: UUID, organization: str, regions: tuple[str, ...], persons: tuple[UUID, ...], ends_on: date
) -> list[str]:
    held = [*focal_claims(organization, regions), *person_claims(persons, organization, regions)]
    return [*held, _term_over(id, ends_on)]


def _term_over(id: UUID, ends_on: date) -> str:
    """The alarm at which a term is over: terms are days in UTC, for they run on many continents."""
    return alarm(end_of_day(ends_on), "focal_point.end_term", id)


class FocalPoints(Commands):
    """What may be asked about who speaks for whom. A focal point is named by id."""

    def nominate(
        self,
        organization: UUID | str,
        *,
        person: PersonDetails,
        regions: Sequence[str],
        nomination_letter: str,
        starts_on: date,
        ends_on: date,
        working_groups: Sequence[str] = (),
    ) -> FocalPoint:
        of = self._get(Organization, organization)
        self._work.expects(of)
        self._allow(organizations=[of.code], regions=regions)
        if require_organization(self._work, of.code).code == SECRETARIAT_OF_COMPACT:
            raise RuleViolation("focal_point.organization", details={"organization": of.code})
        require_entries(self._work, EntryKind.REGION, regions, field="regions")
        require_entries(self._work, EntryKind.WORKING_GROUP, working_groups, field="workingGroups")
        subject, details_hash = self._person(person)
        new = FocalPoint.nominate(
            id=self._work.new_id("focal_point"),
            organization=of.code,
            subject=subject,
            details_hash=details_hash,
            regions=regions,
            working_groups=working_groups,
            nomination_letter=nomination_letter,
            term=Term(starts_on=starts_on, ends_on=ends_on),
            cmd=self._cmd,
        )
        return self._standing_for(new) or self._add(new)

    def _standing_for(self, new: FocalPoint) -> FocalPoint | None:
        """The same nomination, standing or confirmed already. One with other content that still stands is refused."""
        nominated = nomination_claims(new.subject, new.organization, new.regions)
        for claim in (*nominated, *person_claims([new.subject], new.organization, new.regions)):
            other = self._holder(claim)
            if other is None:
                continue
            if other.repeats(new) and other.state_at(self._work.now) in NOMINATED | CONFIRMED:
                return other
            if claim in nominated:
                raise RuleViolation(
                    "focal_point.nominated",
                    state=other.state,
                    allowed=["focal_point.confirm", "focal_point.decline"],
                    details={"organization": new.organization, "regions": " ".join(other.regions)},
                )
        return None

    def _holder(self, claim: str) -> FocalPoint | None:
        holder = self._work.store.holder(claim)
        return self._get(FocalPoint, holder) if holder else None

    def confirm(self, focal_point: UUID) -> FocalPoint:
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject])
        taken: dict[str, date] = {}
        ended: dict[UUID, FocalPoint] = {}
        for region, claim in zip(it.regions, focal_claims(it.organization, it.regions), strict=True):
            other = self._holder(claim)
            if other is None or other is it:
                continue
            if other.state_at(self._work.now) is FocalPointState.TERM_ENDED:
                ended[other.id] = other
            else:
                taken[region] = other.term.ends_on
        it.confirm(taken=taken, cmd=self._cmd)
        for other in ended.values():
            other.end_term(cmd=self._cmd)
            self._work.last(it)
        return it

    def decline(self, focal_point: UUID) -> FocalPoint:
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject])
        it.decline(cmd=self._cmd)
        return it

    def designate_alternate(self, focal_point: UUID, *, person: PersonDetails) -> FocalPoint:
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject])
        subject, details_hash = self._person(person)
        it.designate_alternate(subject=subject, details_hash=details_hash, cmd=self._cmd)
        return it

    def remove_alternate(self, focal_point: UUID, *, alternate: UUID) -> FocalPoint:
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject, alternate])
        it.remove_alternate(subject=alternate, cmd=self._cmd)
        return it

    def update_contact(self, focal_point: UUID, *, person: PersonDetails) -> FocalPoint:
        """The person stays the same, also under a new e-mail address."""
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject])
        if self._work.secrets.person(person.email) not in (None, it.subject):
            raise RuleViolation("focal_point.contact", state=it.state)
        it.update_contact(details_hash=self._work.secrets.enrol(it.subject, person), cmd=self._cmd)
        return it

    def extend_term(self, focal_point: UUID, *, ends_on: date) -> FocalPoint:
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject])
        it.extend_term(ends_on=ends_on, cmd=self._cmd)
        return it

    def hand_over(
        self,
        focal_point: UUID,
        *,
        successor: PersonDetails,
        nomination_letter: str | None = None,
        ends_on: date | None = None,
    ) -> FocalPoint:
        """Give the function to a successor for the rest of the term, or until another day, alternates included.

        Answers the focal point that hands over; it names the one that follows.
        """
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject])
        require_organization(self._work, it.organization)
        subject, details_hash = self._person(successor)
        id = self._work.new_id("successor")
        it.hand_over(successor=id, successor_subject=subject, moves=tuple(self._open_work(it)), cmd=self._cmd)
        if it.successor != id:
            return it
        following = self._add(
            FocalPoint.nominate(
                id=id,
                organization=it.organization,
                subject=subject,
                details_hash=details_hash,
                regions=it.regions,
                working_groups=it.working_groups,
                nomination_letter=nomination_letter,
                term=Term(starts_on=max(self._cmd.effective, it.term.starts_on), ends_on=ends_on or it.term.ends_on),
                succeeds=it.id,
                cmd=self._cmd,
            )
        )
        following.confirm(taken={}, succeeds=it.id, cmd=self._cmd)
        for alternate, as_known in it.alternates.items():
            if alternate != subject:
                following.designate_alternate(subject=alternate, details_hash=as_known, cmd=self._cmd)
        return it

    def _open_work(self, it: FocalPoint) -> Iterator[OpenItem]:
        """What a hand-over moves: what the person or the regions answer for, and nominations still unconfirmed."""
        answerable: tuple[UUID | str, ...] = (it.subject, *it.regions)
        for who in answerable:
            yield from open_items(self._work.store, it.organization, who)
        seats = (key.split(":") for key in self._work.store.claims("seat:"))
        for retreat in dict.fromkeys(retreat for _, retreat, entity, *_ in seats if entity == it.organization):
            held = self._get(EntitySeats, EntitySeats.key(retreat, it.organization)).held
            for registration in (id for numbered in held.values() for id in numbered.values()):
                nominated = self._get(Registration, registration)
                if nominated.registration_state in UNCONFIRMED and nominated.first.provenance.by.id == it.subject:
                    yield OpenItem(kind=Registration.TOPIC, reference=str(registration))

    def take_over_nomination(self, focal_point: UUID, *, successor: UUID) -> FocalPoint:
        """Let a nomination, named by its own focal point, be looked after by the successor of who made it.

        Where the successor has handed over in turn, by whoever came last. A nomination decided meanwhile stays as it
        is: that is no refusal.
        """
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject])
        heir = self._get(FocalPoint, successor)
        while heir.successor is not None:
            heir = self._get(FocalPoint, heir.successor)
        if it.standing is FocalPointState.NOMINATED:
            it.take_over_nomination(nominator=heir.subject, cmd=self._cmd)
        return it

    def vacate(self, focal_point: UUID) -> FocalPoint:
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject])
        it.vacate(cmd=self._cmd)
        return it

    def end_term(self, focal_point: UUID) -> FocalPoint:
        it = self._load(FocalPoint, focal_point)
        self._allow(organizations=[it.organization], regions=it.regions, persons=[it.subject])
        it.end_term(cmd=self._cmd)
        return it
