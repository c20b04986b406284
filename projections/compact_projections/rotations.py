"""Rotations: the queue and what comes next, turn by turn what became of it, and the swaps of turns.

Who is next, and why, is no rule of this module: the row holds the domain's own `Rota`, folded by the facts themselves.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import date, datetime
from typing import ClassVar, TypedDict
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from compact_domain.kernel import Sealed
from compact_domain.rotation import Cadence, PassedUp, Rota, Rotation, TurnState
from compact_domain.vocabulary import Names
from compact_projections.kit import ReadModel, Recorded, Row, on


class RotationRow(Row, frozen=True, kw_only=True):
    """A rotation: who is in it, in which order, and how its turns that are not over stand."""

    TABLE: ClassVar[str] = "rotation"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("code",), ("name",), ("established_on",))
    LISTS: ClassVar[tuple[str, ...]] = ("members", "regions")

    id: UUID
    version: int
    code: str
    name: str
    names: Names
    cadence: Cadence
    answer_days: int
    rota: Rota
    members: tuple[str, ...]
    regions: tuple[str, ...]
    ended: bool = False
    established_on: date
    ended_on: date | None = None


class Rotations(ReadModel[RotationRow]):
    """Every rotation there was."""

    @on(Rotation.Created)
    def established(self, fact: Rotation.Created, at: Recorded) -> RotationRow:
        return RotationRow(
            id=fact.originator_id,
            version=fact.originator_version,
            code=fact.code,
            name=fact.names.en,
            names=fact.names,
            cadence=fact.cadence,
            answer_days=fact.answer_days,
            **_queued(fact.after(Rota())),
            established_on=fact.provenance.effective_on,
        )

    @on(
        Rotation.Joined,
        Rotation.Left,
        Rotation.Offered,
        Rotation.FellToSecretariat,
        Rotation.Accepted,
        Rotation.Declined,
        Rotation.Skipped,
        Rotation.Lapsed,
        Rotation.SwapProposed,
        Rotation.SwapAgreed,
        Rotation.Held,
        Rotation.Returned,
    )
    def went_on(self, row: RotationRow, fact: Rotation.Event, at: Recorded) -> RotationRow:
        return replace(row, version=fact.originator_version, **_queued(fact.after(row.rota)))

    @on(Rotation.Ended)
    def finished(self, row: RotationRow, fact: Rotation.Ended, at: Recorded) -> RotationRow:
        over = self.went_on(row, fact, at)
        return replace(over, ended=True, ended_on=fact.provenance.effective_on)


class _Queued(TypedDict):
    rota: Rota
    members: tuple[str, ...]
    regions: tuple[str, ...]


def _queued(rota: Rota) -> _Queued:
    """The queue, with the columns that are looked into."""
    return _Queued(
        rota=rota,
        members=tuple(sorted(place.organization for place in rota.queue)),
        regions=tuple(sorted({place.region for place in rota.queue})),
    )


class PassedUpBy(msgspec.Struct, frozen=True, kw_only=True):
    """A member that the turn went by, with what it said."""

    organization: str
    how: PassedUp
    on: date
    reason: Sealed | None


class TurnRow(Row, frozen=True, kw_only=True):
    """A turn that was offered, and what became of it."""

    TABLE: ClassVar[str] = "rotation_turn"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("rotation", "number"),
        ("offered_to", "state", "answer_by"),
        ("host", "state"),
        ("state", "number"),
    )

    id: UUID
    rotation: UUID
    number: int
    state: TurnState
    offered_to: str | None = None
    region: str | None = None
    offered_on: date | None = None
    answer_by: date | None = None
    closes_at: datetime | None = None
    passed: tuple[PassedUpBy, ...] = ()
    host: str | None = None
    swap: int | None = None
    over_on: date | None = None


def _turn(fact: Rotation.Event, number: int | None) -> Iterable[Hashable]:
    return () if number is None else (uuid5(fact.originator_id, f"turn:{number}"),)


def _first_offered(fact: Rotation.Offered) -> Iterable[Hashable]:
    return () if fact.again else _turn(fact, fact.offer.turn)


def _offered_again(fact: Rotation.Offered) -> Iterable[Hashable]:
    return _turn(fact, fact.offer.turn) if fact.again else ()


Answered = Rotation.Accepted | Rotation.Declined | Rotation.Skipped | Rotation.Lapsed


def _answered(fact: Answered) -> Iterable[Hashable]:
    return _turn(fact, fact.offer.turn)


def _given_back(fact: Rotation.Left) -> Iterable[Hashable]:
    return _turn(fact, fact.frees or (fact.withdraws.turn if fact.withdraws else None))


def _numbered(fact: Rotation.FellToSecretariat | Rotation.Held | Rotation.Returned) -> Iterable[Hashable]:
    return _turn(fact, fact.turn)


def _withdrawn(fact: Rotation.Ended) -> Iterable[Hashable]:
    return _turn(fact, fact.withdraws.turn if fact.withdraws else None)


class Turns(ReadModel[TurnRow]):
    """The turns of rotations from the first offer on."""

    @on(Rotation.Offered, keys=_first_offered)
    def offered(self, fact: Rotation.Offered, at: Recorded) -> TurnRow:
        (id,) = _first_offered(fact)
        assert isinstance(id, UUID)
        begun = TurnRow(id=id, rotation=fact.originator_id, number=fact.offer.turn, state=TurnState.FREE)
        return self.offered_again(begun, fact, at)

    @on(Rotation.Offered, keys=_offered_again)
    def offered_again(self, row: TurnRow, fact: Rotation.Offered, at: Recorded) -> TurnRow:
        return replace(
            row,
            state=TurnState.OFFERED,
            offered_to=fact.offer.organization,
            region=fact.offer.region,
            offered_on=fact.provenance.effective_on,
            answer_by=fact.offer.answer_by,
            closes_at=fact.offer.closes_at,
        )

    @on(Rotation.Accepted, keys=_answered)
    def accepted(self, row: TurnRow, fact: Rotation.Accepted, at: Recorded) -> TurnRow:
        return replace(_answerless(row), state=TurnState.ACCEPTED, host=fact.offer.organization)

    @on(Rotation.Declined, keys=_answered)
    def declined(self, row: TurnRow, fact: Rotation.Declined, at: Recorded) -> TurnRow:
        return _passed(row, fact, PassedUp.DECLINED)

    @on(Rotation.Skipped, keys=_answered)
    def skipped(self, row: TurnRow, fact: Rotation.Skipped, at: Recorded) -> TurnRow:
        return _passed(row, fact, PassedUp.SKIPPED)

    @on(Rotation.Lapsed, keys=_answered)
    def lapsed(self, row: TurnRow, fact: Rotation.Lapsed, at: Recorded) -> TurnRow:
        return _passed(row, fact, PassedUp.LAPSED)

    @on(Rotation.FellToSecretariat, keys=_numbered)
    def fell(self, row: TurnRow, fact: Rotation.FellToSecretariat, at: Recorded) -> TurnRow:
        return replace(row, state=TurnState.SECRETARIAT)

    @on(Rotation.Left, keys=_given_back)
    def given_back(self, row: TurnRow, fact: Rotation.Left, at: Recorded) -> TurnRow:
        return replace(_answerless(row), state=TurnState.FREE, host=None, swap=None)

    @on(Rotation.Ended, keys=_withdrawn)
    def withdrawn(self, row: TurnRow, fact: Rotation.Ended, at: Recorded) -> TurnRow:
        return replace(_answerless(row), state=TurnState.FREE)

    @on(Rotation.SwapAgreed, keys=lambda fact: _turn(fact, fact.accepted))
    def swapped(self, row: TurnRow, fact: Rotation.SwapAgreed, at: Recorded) -> TurnRow:
        swap = fact.swap
        host = swap.other if row.number == swap.turn else swap.organization
        return replace(row, host=host, swap=swap.number)

    @on(Rotation.Held, keys=_numbered)
    def held(self, row: TurnRow, fact: Rotation.Held, at: Recorded) -> TurnRow:
        return replace(_answerless(row), state=TurnState.HELD, over_on=fact.provenance.effective_on)

    @on(Rotation.Returned, keys=_numbered)
    def returned(self, row: TurnRow, fact: Rotation.Returned, at: Recorded) -> TurnRow:
        return replace(_answerless(row), state=TurnState.RETURNED, over_on=fact.provenance.effective_on)


def _answerless(row: TurnRow) -> TurnRow:
    """The turn, on offer no more."""
    return replace(row, offered_to=None, region=None, offered_on=None, answer_by=None, closes_at=None)


def _passed(row: TurnRow, fact: Rotation.Declined | Rotation.Skipped | Rotation.Lapsed, how: PassedUp) -> TurnRow:
    by = PassedUpBy(
        organization=fact.offer.organization,
        how=how,
        on=fact.provenance.effective_on,
        reason=fact.provenance.reason,
    )
    return replace(_answerless(row), state=TurnState.FREE, passed=(*row.passed, by))


class SwapRow(Row, frozen=True, kw_only=True):
    """Two turns that two members would exchange, or have exchanged."""

    TABLE: ClassVar[str] = "rotation_swap"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("rotation", "number"), ("other", "agreed_on"))

    id: UUID
    rotation: UUID
    number: int
    organization: str
    turn: int
    other: str
    for_turn: int
    proposed_on: date
    agreed_on: date | None = None


def _swap(fact: Rotation.SwapProposed | Rotation.SwapAgreed) -> tuple[UUID]:
    return (uuid5(fact.originator_id, f"swap:{fact.swap.number}"),)


class Swaps(ReadModel[SwapRow]):
    """What members proposed to exchange, and what they agreed on."""

    @on(Rotation.SwapProposed, keys=_swap)
    def proposed(self, fact: Rotation.SwapProposed, at: Recorded) -> SwapRow:
        return SwapRow(
            id=_swap(fact)[0],
            rotation=fact.originator_id,
            number=fact.swap.number,
            organization=fact.swap.organization,
            turn=fact.swap.turn,
            other=fact.swap.other,
            for_turn=fact.swap.for_turn,
            proposed_on=fact.provenance.effective_on,
        )

    @on(Rotation.SwapAgreed, keys=_swap)
    def agreed(self, row: SwapRow, fact: Rotation.SwapAgreed, at: Recorded) -> SwapRow:
        return replace(row, agreed_on=fact.provenance.effective_on)
