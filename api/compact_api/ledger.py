"""The ledger: what proves that nobody touched the history. How it is checked offline stands in `docs/audit.md`."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated

import strawberry
from anyio.to_thread import run_sync

from compact_domain.kernel import MomentRefused
from compact_projections.asking import Asking, Condition

from .context import Info, Proofs, Signed
from .fields import question
from .moments import Asked
from .scalars import Position
from .shapes import described, shape

At = Annotated[Position, strawberry.argument("Position of the fact.")]
From = Annotated[Position, strawberry.argument("Size of the earlier log.", name="from")]
To = Annotated[Position, strawberry.argument("Size of the later one.")]


@shape
class Checkpoint:
    """What the log signed: how many facts it held, and the root of their hashes."""

    size: Position = described("How many facts it covers: those up to this position.")
    root: str = described("Root of the Merkle tree (RFC 9162), as base64.")
    note: str = described("The signed note (C2SP tlog-checkpoint); kept elsewhere, it proves the history up to here.")
    signed_at: datetime = described("When it was signed.")


@shape
class Inclusion:
    """The proof that a fact is in the log."""

    index: Position = described("Place of its leaf, from 0.")
    checkpoint: Checkpoint = described("The checkpoint that it is proven against.")
    hashes: list[str] = described("The path to the root, as base64.")
    proof: str = described("The same as one file that needs nothing else (C2SP tlog-proof@v1).")


@shape
class Ledger:
    """The Merkle log beside the facts: checkpoints and proofs."""

    origin: str = described("The name of the log.")
    public_key: str = described("What its checkpoints are verified with; an auditor gets it by another way, too.")
    proofs: strawberry.Private[Proofs]
    asking: strawberry.Private[Asking]
    covering: strawberry.Private[int]

    @question
    async def checkpoint(self, info: Info) -> Checkpoint | None:
        """The last checkpoint; as of a past moment the first that covers it. Null while there is none."""
        signed = await run_sync(self.proofs.checkpoint, self.covering)
        return _checkpoint(signed) if signed else None

    @question
    async def inclusion(self, info: Info, position: At) -> Inclusion:
        """The proof that the fact at a position is in the log that was signed last.

        `POSITION_UNKNOWN` if it is not, or if the one who asks is not told of that fact.
        """
        if not await self.asking.trail_count([Condition("position", "eq", position)]):
            raise MomentRefused(moment_code="POSITION_UNKNOWN")
        signed, path = await run_sync(self.proofs.inclusion, position)
        whole = await run_sync(self.proofs.proof, position)
        return Inclusion(index=Position(position - 1), checkpoint=_checkpoint(signed), hashes=_texts(path), proof=whole)

    @question
    async def consistency(self, info: Info, from_: From, to: To) -> list[str]:
        """The proof that the log of one size is the beginning of that of a later one: hashes, as base64."""
        return _texts(await run_sync(self.proofs.consistency, from_, to))


@shape
class LedgerQuestions(Asked):
    """What proves the history."""

    @question
    async def ledger(self, info: Info) -> Ledger:
        """The Merkle log beside the facts."""
        asking = await self.asking(info)
        moment = asking.moment
        _ = moment.now  # checkpoints come without a fact: no answer that holds one is kept
        proofs = info.context.platform.ledger
        key = await run_sync(lambda: proofs.public_key)
        covering = 0 if moment.live else moment.position
        return Ledger(origin=key.partition("+")[0], public_key=key, proofs=proofs, asking=asking, covering=covering)


def _checkpoint(signed: Signed) -> Checkpoint:
    [root] = _texts([signed.root])
    return Checkpoint(size=Position(signed.size), root=root, note=signed.note, signed_at=signed.signed_at)


def _texts(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(part).decode() for part in hashes]
