"""Who asks and of which moment: what every resolver is given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import strawberry
from anyio import CapacityLimiter
from strawberry.dataloader import DataLoader
from strawberry.fastapi import BaseContext

from compact_domain.kernel import (
    Actor,
    Aggregate,
    Forbidden,
    Intent,
    MomentRefused,
    PersonDetails,
    Receipt,
    Sealed,
    Work,
)
from compact_domain.policy import own_alone, sees_withheld
from compact_projections.asking import Asking, Clock, Moment, carry_through
from compact_projections.kit import Row

R = TypeVar("R", bound=Row)
T = TypeVar("T")


@dataclass(frozen=True)
class Identity:
    """Who somebody is, as the host or a token says: a subject and an organization. What he may is in the facts."""

    subject: UUID
    organization: str | None = None


class Signed(Protocol):
    """A checkpoint that the ledger signed."""

    @property
    def size(self) -> int:
        """How many facts it covers."""

    @property
    def root(self) -> bytes:
        """Root of their hashes."""

    @property
    def note(self) -> str:
        """The signed note."""

    @property
    def signed_at(self) -> datetime:
        """When it was signed."""


class Proofs(Protocol):
    """The ledger, as far as anybody may ask it. Its methods block; positions it has not come to are `MomentRefused`."""

    @property
    def public_key(self) -> str:
        """What checkpoints are verified with."""

    def checkpoint(self, covering: int = 0) -> Signed | None:
        """The last checkpoint; or the first that covers a position."""

    def inclusion(self, position: int) -> tuple[Signed, list[bytes]]:
        """The proof that the fact at a position is in the log that was signed last."""

    def consistency(self, size: int, later: int) -> list[bytes]:
        """The proof that the log of one size is the beginning of that of a later one."""

    def proof(self, position: int) -> str:
        """The proof of one fact as a file that needs nothing else."""


class Platform(Protocol):
    """What the API needs from where it runs."""

    command_limiter: CapacityLimiter

    @property
    def ledger(self) -> Proofs:
        """What proves the history."""

    def give(self, intent: Intent, decision: Callable[[Work], Aggregate], *, queue: str | None = None) -> Receipt:
        """Run a command; blocks. Commands of one `queue` wait for each other. Raises a `Refusal`."""

    async def visible(self, position: int) -> bool:
        """Wait, not for long, until the read side has passed a position; whether it has."""

    def mark(self) -> Hashable:
        """Which state of the read side an answer given now is of: generation, epoch, position."""

    def clock(self) -> datetime:
        """The clock of answers, near enough to tell whether one still holds."""

    async def begin_reading(self) -> Asking:
        """The read side at its present position, in one read-only snapshot; nobody's view yet. To be ended."""

    async def end_reading(self, asking: Asking) -> None:
        """Give back what `begin_reading` took."""

    async def actor(self, asking: Asking, identity: Identity) -> Actor:
        """Who an identity is at this moment: with the roles held now."""

    def open_sealed(self, boxes: Iterable[Sealed], wrapped: Mapping[tuple[UUID, int], bytes]) -> dict[str, str | None]:
        """Texts of sealed values by their box; None where the key was erased."""

    async def history(self, kind: type[Aggregate], id: UUID, version: int) -> Aggregate | None:
        """An aggregate as its facts made it at a version."""


class Context(BaseContext):
    """One operation: the actor, one snapshot of the read side, and loaders that ask for many things at once."""

    def __init__(self, platform: Platform, identity: Identity | None) -> None:
        super().__init__()
        self.platform, self.identity = platform, identity
        self._taken = self._is_over = False
        self._opening = asyncio.Lock()
        self._snapshot: Asking | None = None
        self._actor: Actor | None = None
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}
        self._brought: dict[Hashable, dict[Any, list[Any]]] = {}
        self.commanded = False
        """Whether the operation gave a command."""
        self.clock: Clock | None = None
        """What the answer has taken from the clock; None if it asked nothing."""

    @property
    def command_limiter(self) -> CapacityLimiter:
        return self.platform.command_limiter

    def for_operation(self) -> Context:
        """A context of its own for one operation: this one for the first, another for each that follows on a socket."""
        if not self._taken:
            self._taken = True
            return self
        own = Context(self.platform, self.identity)
        own._taken = True
        own.request, own.response = self.request, self.response
        return own

    @property
    def who(self) -> Identity:
        """The identity of the one who asks. `Forbidden` without one."""
        if self.identity is None:
            raise Forbidden(action="ask")
        return self.identity

    async def asking(self, moment: Moment | None = None) -> Asking:
        """The read side for this viewer, now or at a moment. One snapshot serves the whole operation."""
        async with self._opening:
            if self._is_over:
                raise RuntimeError("the operation has ended")
            if self._snapshot is None:
                who = self.who
                asking = await self.platform.begin_reading()
                try:
                    self._actor = await self.platform.actor(asking, who)
                except BaseException:
                    await self.platform.end_reading(asking)
                    raise
                asking.inside, asking.own = sees_withheld(self._actor), own_alone(self._actor)
                self.clock = asking.moment.clock
                _ = asking.moment.today  # roles are held by days: no answer outlives the one it was given on
                self._snapshot = asking  # from here on, since it now knows what its viewer may see
        asking = self._snapshot
        return asking if moment is None else asking.at(moment)

    async def actor(self) -> Actor:
        """The one who asks, with the roles held now."""
        await self.asking()
        if self._actor is None:
            raise Forbidden(action="ask")
        return self._actor

    async def close(self) -> None:
        """Give the snapshot back: at the end of the operation, and after a command, whose writing is to be seen."""
        await carry_through(self._close())  # a client that has gone leaves nothing behind

    async def end(self) -> None:
        """Give the snapshot back for good: what of the operation still lingers asks nothing any more."""
        self._is_over = True
        await self.close()

    async def _close(self) -> None:
        async with self._opening:
            if self._snapshot is not None:
                asking, self._snapshot = self._snapshot, None
                self._loaders.clear()
                self._brought.clear()
                await self.platform.end_reading(asking)

    async def wait_for(self, position: int) -> None:
        """Have the answer cover a position. `MomentRefused` if the read side has not come so far in time."""
        if not await self.platform.visible(position):
            raise MomentRefused(moment_code="POSITION_UNKNOWN")

    def flips_at(self, instant: datetime | None) -> None:
        """Say that something in the answer changes at an instant without any fact, so that no cache outlives it."""
        if instant is not None and self._snapshot is not None:
            self._snapshot.moment.clock.flips(instant)

    # --- many at once

    def loader(self, key: Hashable, load: Callable[[list[Any]], Awaitable[list[T]]]) -> DataLoader[Any, T]:
        """The loader of this operation known by `key`."""
        if key not in self._loaders:
            self._loaders[key] = DataLoader(load)
        return self._loaders[key]

    async def one(self, asking: Asking, row: type[R], column: str, value: Any) -> R | None:
        """The row of which `column` has a value that is unique; asked together with all others of its kind."""

        async def load(values: list[Any]) -> list[R | None]:
            found = {getattr(r, column): r for r in await asking.many(row, column, values)}
            return [found.get(value) for value in values]

        return await self.loader(("one", row, column, asking.moment.position), load).load(value)

    async def many(self, asking: Asking, row: type[R], column: str, value: Any) -> list[R]:
        """All rows of which `column` has a value, in the order of their keys; asked together with all others."""
        if (rows := self.at_hand(asking, row, column, value)) is not None:
            return rows

        async def load(values: list[Any]) -> list[list[R]]:
            found = await self._by_value(asking, row, column, values)
            return [found[value] for value in values]

        return await self.loader(("many", row, column, asking.moment.position), load).load(value)

    async def bring(self, asking: Asking, row: type[Row], column: str, values: Iterable[Any]) -> None:
        """Have the rows at hand of which `column` has one of the values, for those who will ask in a moment."""
        found = await self._by_value(asking, row, column, list(values))
        self._brought.setdefault((row, column, asking.moment.position), {}).update(found)

    def at_hand(self, asking: Asking, row: type[R], column: str, value: Any) -> list[R] | None:
        """All rows of which `column` has a value, if they were brought; None if they are to be asked for."""
        brought = self._brought.get((row, column, asking.moment.position))
        return None if brought is None else brought.get(value)

    async def _by_value(self, asking: Asking, row: type[R], column: str, values: list[Any]) -> dict[Any, list[R]]:
        found: dict[Any, list[R]] = {value: [] for value in values}
        for r in await asking.many(row, column, values) if values else ():
            found[getattr(r, column)].append(r)
        return found

    async def text(self, sealed: Sealed | None) -> str | None:
        """A sealed text, opened; None where there is none or its key was erased. The caller has asked the policy."""
        if sealed is None:
            return None

        async def load(boxes: list[Sealed]) -> list[str | None]:
            asking = await self.asking()
            wrapped = await asking.wrapped_keys((box.key, box.key_version) for box in boxes)
            texts = self.platform.open_sealed(boxes, wrapped)
            return [texts[box.box] for box in boxes]

        return await self.loader("sealed", load).load(sealed)

    async def person(self, asking: Asking, subject: UUID) -> PersonDetails | None:
        """A person's details as they were at the moment; None if erased. The caller has asked the policy."""

        async def load(subjects: list[UUID]) -> list[PersonDetails | None]:
            found = await asking.details(subjects)
            return [found.get(subject) for subject in subjects]

        return await self.loader(("person", asking.moment.position), load).load(subject)

    async def person_as(self, asking: Asking, details_hash: str) -> PersonDetails | None:
        """Details as they were stated with a fact; None if erased. The caller has asked the policy."""

        async def load(hashes: list[str]) -> list[PersonDetails | None]:
            found = await asking.details_as(hashes)
            return [found.get(hash) for hash in hashes]

        return await self.loader("person_as", load).load(details_hash)


Info = strawberry.Info[Context, None]
