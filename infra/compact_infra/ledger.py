"""The ledger: a Merkle log beside the events, by which anybody can prove offline that nobody touched the history.

What is hashed, and how it is checked, stands in `verifier.py`; here are the tree as it is stored, the sealer that lets
it follow the store, and what an auditor takes away.
"""

from __future__ import annotations

import base64
import hmac
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString, NamedTuple, cast
from uuid import UUID

import psycopg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql

from compact_domain.kernel import MomentRefused, instant
from compact_infra import verifier
from compact_infra.projector import POLL, Bell
from compact_infra.vault import Keys
from compact_infra.verifier import SIGNATURE, TILE, Key, entry, leaf_hash, node_hash, tile_path, tree_hash

log = structlog.get_logger("compact.ledger")

BATCH = 32 * TILE
"""Facts that one round reads and hashes."""
EVERY, WITHIN = 256, 10.0
"""A checkpoint is signed once so many facts are new, or so many seconds after the first that is."""
LEADER = 6
"""Second key of the advisory lock of the one sealer that signs."""
HASH = 32


class LogKey:
    """The key that checkpoints are signed with. It lies outside the database, and nothing else is signed with it."""

    def __init__(self, keys: Keys, origin: str) -> None:
        self.origin = origin
        self._private = Ed25519PrivateKey.from_private_bytes(keys.derive("ledger"))
        self._salt = keys.derive("ledger-salt")

    @cached_property
    def public(self) -> Key:
        """What a checkpoint is verified with; to be given to auditors by another way than the export."""
        return Key(self.origin, SIGNATURE, self._private.public_key().public_bytes_raw())

    def salt(self, event_id: UUID) -> str:
        """What is mixed into a fact's leaf, so that its hash alone does not tell what was guessed right."""
        return hmac.digest(self._salt, event_id.bytes, "sha256")[:16].hex()

    def signed(self, size: int, root: bytes) -> str:
        """A checkpoint as a signed note."""
        body = f"{self.origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = base64.b64encode(self.public.id + self._private.sign(body.encode())).decode()
        return f"{body}\n— {self.origin} {signature}\n"


class Signed(NamedTuple):
    """A checkpoint, and when it was signed."""

    size: int
    note: str
    signed_at: datetime

    @property
    def root(self) -> bytes:
        return verifier.Checkpoint.of(self.note).root


class Tree:
    """The stored tree at one size: roots and proofs out of a few tiles (RFC 9162, sections 2.1.3 and 2.1.4)."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str, size: int) -> None:
        self._connection, self._size = connection, size
        self._read = sql.SQL("select hashes from {}.tile where level = %s and number = %s").format(
            sql.Identifier(schema)
        )
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """The root over all leaves."""
        return self._range(0, self._size)

    def inclusion(self, index: int) -> list[bytes]:
        """The proof that the leaf at `index` is in the tree."""
        return self._path(index, 0, self._size)

    def consistency(self, size: int) -> list[bytes]:
        """The proof that the tree of `size` leaves is the beginning of this one."""
        return [] if size == self._size else self._beginning(size, 0, self._size, whole=True)

    def _path(self, index: int, low: int, high: int) -> list[bytes]:
        if high - low == 1:
            return []
        middle = low + _left(high - low)
        if index < middle:
            return [*self._path(index, low, middle), self._range(middle, high)]
        return [*self._path(index, middle, high), self._range(low, middle)]

    def _beginning(self, size: int, low: int, high: int, *, whole: bool) -> list[bytes]:
        if size == high:
            return [] if whole else [self._range(low, high)]
        middle = low + _left(high - low)
        if size <= middle:
            return [*self._beginning(size, low, middle, whole=whole), self._range(middle, high)]
        return [*self._beginning(size, middle, high, whole=False), self._range(low, middle)]

    def _range(self, low: int, high: int) -> bytes:
        """The hash over leaves `low` to `high`: a subtree that is whole, or the right edge of the tree."""
        width = high - low
        if width == 0:
            return tree_hash([])
        if width & (width - 1) == 0:
            return self._subtree(width.bit_length() - 1, low)
        middle = low + _left(width)
        return node_hash(self._range(low, middle), self._range(middle, high))

    def _subtree(self, height: int, low: int) -> bytes:
        """The hash of the whole subtree of 2^height leaves from `low` on, out of the tile that has its parts."""
        level, rest = divmod(height, 8)
        first = low >> (8 * level)
        number, offset = divmod(first, TILE)
        tile = self._tile(level, number)
        parts = [tile[at * HASH : (at + 1) * HASH] for at in range(offset, offset + (1 << rest))]
        if len(parts[-1]) < HASH:
            raise LookupError(f"tile {level}/{number} does not reach so far")
        return tree_hash(parts)

    def _tile(self, level: int, number: int) -> bytes:
        if (level, number) not in self._tiles:
            row = self._connection.execute(self._read, (level, number)).fetchone()
            self._tiles[level, number] = bytes(row[0]) if row else b""
        return self._tiles[level, number]


def _left(width: int) -> int:
    """Leaves in the left part of a tree: the greatest power of two below its width."""
    return 1 << (width - 1).bit_length() - 1


class Ledger:
    """The log of one store: sealing, checkpoints, proofs, exports. Every method blocks."""

    def __init__(self, url: str, schema: str, keys: Keys) -> None:
        self.url, self.schema, self._keys = url, schema, keys

    @cached_property
    def key(self) -> LogKey:
        """The key of this installation: its name tells the log from every other."""
        with self._connected() as connection:
            installation = self._one(connection, "select id from {s}.installation")[0]
        return LogKey(self._keys, f"compact-coordination/{installation}")

    def seal(self, connection: psycopg.Connection[Any]) -> int:
        """Take in every fact that was written, and sign what there is then; answers the size of the log.

        Positions are dense and given out in the order of writing, so nothing that is still being written is passed
        over. What was taken in and not signed before a crash is as if it had not been.
        """
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 7))", (self.schema,))
            size = before = self._size(connection)
            while leaves := self._leaves(connection, size):
                self._append(connection, size, leaves)
                size += len(leaves)
            if size > before:
                note = self.key.signed(size, Tree(connection, self.schema, size).root())
                connection.execute(self._sql("insert into {s}.checkpoint values (%s, %s, {s}.now())"), (size, note))
        return size

    def unsealed(self, connection: psycopg.Connection[Any]) -> int:
        """How many facts no checkpoint covers yet."""
        return self._head(connection) - self._size(connection)

    @property
    def public_key(self) -> str:
        """What checkpoints are verified with, as it is written down."""
        return str(self.key.public)

    def checkpoint(self, covering: int = 0) -> Signed | None:
        """The last checkpoint; or the first that covers a position. None while there is none."""
        with self._connected() as connection:
            return self._found(connection, covering)

    def inclusion(self, position: int) -> tuple[Signed, list[bytes]]:
        """The proof that the fact at a position is in the log that was signed last. Raises `MomentRefused`."""
        with self._connected() as connection:
            signed = self._checkpoint(connection)
            if not 0 < position <= signed.size:
                raise MomentRefused(moment_code="POSITION_UNKNOWN")
            return signed, Tree(connection, self.schema, signed.size).inclusion(position - 1)

    def consistency(self, size: int, later: int) -> list[bytes]:
        """The proof that the log of one size is the beginning of that of a later one. Raises `MomentRefused`."""
        with self._connected() as connection:
            if not 0 < size <= later <= self._checkpoint(connection).size:
                raise MomentRefused(moment_code="POSITION_UNKNOWN")
            return Tree(connection, self.schema, later).consistency(size)

    def proof(self, position: int) -> str:
        """A proof of one fact that needs nothing else but the fact and the public key (C2SP tlog-proof@v1).

        Its `extra` is the entry that the leaf is the hash of. Raises `MomentRefused`.
        """
        signed, path = self.inclusion(position)
        with self._connected() as connection:
            [(fact, _, digest)] = self._facts(connection, position - 1, position)
        extra = base64.b64encode(entry(fact, digest)).decode()
        hashes = "".join(f"{base64.b64encode(part).decode()}\n" for part in path)
        return f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex {position - 1}\n{hashes}\n{signed.note}"

    def export(self, folder: Path, *, progress: Callable[[int, int], None] = lambda done, of: None) -> Signed:
        """Write what an auditor needs into a folder that is empty or new: facts, tiles, checkpoint, verifier.

        Raises `MomentRefused` where nothing was signed yet, and `OSError`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty")
        with self._connected() as connection, connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            signed = self._checkpoint(connection)
            head = self._head(connection)
            with (folder / "events.ndjson").open("w", encoding="ascii", newline="\n") as file:
                for start in range(0, head, BATCH):
                    for fact, state, _ in self._facts(connection, start, start + BATCH):
                        file.write(json.dumps({**fact, "state": state}, sort_keys=True, separators=(",", ":")) + "\n")
                    progress(min(start + BATCH, head), head)
            self._write_tiles(connection, folder, signed.size)
        (folder / "checkpoint").write_text(signed.note, "utf-8")
        shutil.copy(Path(verifier.__file__), folder / "verifier.py")
        return signed

    def _write_tiles(self, connection: psycopg.Connection[Any], folder: Path, size: int) -> None:
        rows = connection.execute(self._sql("select level, number, hashes from {s}.tile order by level, number"))
        for level, number, hashes in rows:
            width = min(TILE, (size >> (8 * level)) - number * TILE)
            if width > 0:
                path = folder / tile_path(level, number, width)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(bytes(hashes)[: width * HASH])

    def _facts(
        self, connection: psycopg.Connection[Any], after: int, upto: int
    ) -> Iterator[tuple[dict[str, object], str, str]]:
        """Facts by position, each as the log knows it, with what was stored and the hash of that."""
        rows = connection.execute(
            self._sql(
                "select position, event_id, originator_id, originator_version, topic, recorded_at,"
                " convert_from(state, 'UTF8'), encode(sha256(state), 'hex')"
                " from {s}.event where position > %s and position <= %s order by position"
            ),
            (after, upto),
        )
        for position, event_id, originator_id, version, topic, recorded_at, state, digest in rows:
            yield self._fact(position, event_id, originator_id, version, topic, recorded_at), state, digest

    def _fact(
        self, position: int, event_id: UUID, of: UUID, version: int, topic: str, at: datetime
    ) -> dict[str, object]:
        return {
            "event_id": str(event_id),
            "originator_id": str(of),
            "originator_version": version,
            "position": position,
            "recorded_at": instant(at),
            "salt": self.key.salt(event_id),
            "topic": topic,
        }

    def _leaves(self, connection: psycopg.Connection[Any], size: int) -> list[bytes]:
        rows = connection.execute(
            self._sql(
                "select position, event_id, originator_id, originator_version, topic, recorded_at,"
                " encode(sha256(state), 'hex') from {s}.event where position > %s and position <= %s order by position"
            ),
            (size, size + BATCH),
        )
        return [leaf_hash(entry(self._fact(*fact), digest)) for *fact, digest in rows]

    def _append(self, connection: psycopg.Connection[Any], size: int, leaves: Sequence[bytes]) -> None:
        """Put hashes behind those of a level, and those of tiles that become whole behind those of the next."""
        level, at, hashes = 0, size, list(leaves)
        while hashes:
            whole: list[bytes] = []
            first = at // TILE
            row = connection.execute(
                self._sql("select hashes from {s}.tile where level = %s and number = %s"), (level, first)
            ).fetchone()
            held = bytes(row[0])[: at % TILE * HASH] if row and at % TILE else b""
            data = held + b"".join(hashes)
            tiles = [data[start : start + TILE * HASH] for start in range(0, len(data), TILE * HASH)]
            connection.execute(
                self._sql(
                    "insert into {s}.tile (level, number, hashes)"
                    " select %s, n, h from unnest(%s::bigint[], %s::bytea[]) t(n, h)"
                    " on conflict (level, number) do update set hashes = excluded.hashes"
                ),
                (level, list(range(first, first + len(tiles))), tiles),
            )
            for tile in tiles:
                if len(tile) == TILE * HASH:
                    whole.append(tree_hash([tile[n : n + HASH] for n in range(0, len(tile), HASH)]))
            level, at, hashes = level + 1, first, whole

    def _checkpoint(self, connection: psycopg.Connection[Any]) -> Signed:
        signed = self._found(connection)
        if signed is None:
            raise MomentRefused(moment_code="POSITION_UNKNOWN")
        return signed

    def _found(self, connection: psycopg.Connection[Any], covering: int = 0) -> Signed | None:
        statement = self._sql(
            "select size, note, signed_at from {s}.checkpoint where size >= %s order by size limit 1"
            if covering
            else "select size, note, signed_at from {s}.checkpoint where size >= %s order by size desc limit 1"
        )
        row = connection.execute(statement, (covering,)).fetchone()
        return None if row is None else Signed(row[0], row[1], row[2].astimezone(UTC))

    def _size(self, connection: psycopg.Connection[Any]) -> int:
        return cast("int", self._one(connection, "select coalesce(max(size), 0) from {s}.checkpoint")[0])

    def _head(self, connection: psycopg.Connection[Any]) -> int:
        return cast("int", self._one(connection, "select coalesce(max(position), 0) from {s}.event")[0])

    def _connected(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True, connect_timeout=2, options="-c timezone=UTC")

    def _one(self, connection: psycopg.Connection[Any], statement: LiteralString) -> tuple[Any, ...]:
        return cast("tuple[Any, ...]", connection.execute(self._sql(statement)).fetchone())

    def _sql(self, statement: LiteralString) -> sql.Composed:
        return sql.SQL(statement).format(s=sql.Identifier(self.schema))


class Sealer:
    """A thread that lets the ledger follow the store: leader by advisory lock, standby otherwise."""

    def __init__(self, ledger: Ledger, *, within: float = WITHIN) -> None:
        self.ledger, self._within = ledger, within
        self._bell, self._stop = Bell(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="compact-sealer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._bell.ring()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._bell.close()

    def _run(self) -> None:
        pause = POLL
        while not self._stop.is_set():
            try:
                with psycopg.connect(
                    self.ledger.url, autocommit=True, connect_timeout=2, application_name="compact-sealer"
                ) as connection:
                    self._follow(connection)
                    return
            except psycopg.OperationalError as e:
                log.warning("the database is away", error=type(e).__name__, next_try_in=pause)
            except Exception:
                log.exception("sealer failed")
            self._stop.wait(pause)
            pause = min(pause * 2, 10.0)

    def _follow(self, connection: psycopg.Connection[Any]) -> None:
        lock = "select pg_try_advisory_lock(hashtextextended(%s, %s))"
        while not self._stop.is_set():
            row = connection.execute(lock, (self.ledger.schema, LEADER)).fetchone()
            if row and row[0]:
                break
            self._stop.wait(POLL)
        since: float | None = None
        while not self._stop.is_set():
            new = self.ledger.unsealed(connection)
            since = (since or time.monotonic()) if new else None
            if since is not None and (new >= EVERY or time.monotonic() - since >= self._within):
                self.ledger.seal(connection)
                since = None
            self._bell.wait(connection, POLL)
