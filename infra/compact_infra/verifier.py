"""Has anybody touched the history? Checks an exported folder offline: `python verifier.py FOLDER --key KEY`.

This file needs Python's standard library and `cryptography`, nothing else: no database, no network, no other file of
the product. It is meant to be read whole by whoever relies on it.

A folder holds `events.ndjson` (every fact, one a line, in the order in which they were written), `checkpoint` (what
the log signed last) and `tile/` (the hashes of the log, C2SP tlog-tiles). The key must come from elsewhere: a folder
cannot vouch for itself. Checkpoints that were kept elsewhere are worth more than the one in the folder: give each with
`--checkpoint`, and a history that was rewritten and signed anew is found out too.

What is checked: each fact gives a leaf, whose hash covers position, ids, topic, time and the SHA-256 of what was
stored; the leaves make a Merkle tree (RFC 9162, section 2.1); a checkpoint is that tree's size and root, signed with
Ed25519 (C2SP signed-note, tlog-checkpoint). If the root follows from the facts, nobody has changed, left out, added or
moved any of them since the checkpoint was signed, save by breaking SHA-256 or Ed25519.

Exit codes: 0 valid, 1 altered, 2 cannot tell. It never claims more than a checkpoint covers.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

VALID, ALTERED, CANNOT_TELL = 0, 1, 2
TILE = 256
"""Hashes in a whole tile."""
SIGNATURE, COSIGNATURE = 1, 4
"""Kinds of keys and signatures: of a log, and of a witness (C2SP signed-note, tlog-cosignature)."""


class Altered(Exception):
    """The history is not what was signed. The message says where and how."""


class CannotTell(Exception):
    """What was given does not suffice for a verdict. The message says why."""


class NotProven(Exception):
    """A proof does not lead to what it is said to prove."""


# --- the tree: RFC 9162, section 2.1 ---


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees side by side."""
    return hashlib.sha256(b"\1" + left + right).digest()


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """Root over hashes of subtrees of one size."""
    level = list(hashes)
    if not level:
        return hashlib.sha256().digest()
    while len(level) > 1:
        paired = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = [*paired, level[-1]] if len(level) % 2 else paired
    return level[0]


class Growing:
    """A tree that leaves are added to one by one; it keeps one hash for each whole subtree, from left to right."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        self._subtrees.append(leaf)
        self.size += 1
        carry = self.size
        while carry % 2 == 0:
            right, left = self._subtrees.pop(), self._subtrees.pop()
            self._subtrees.append(node_hash(left, right))
            carry //= 2

    def root(self) -> bytes:
        """The root over all that was added."""
        if not self._subtrees:
            return hashlib.sha256().digest()
        root = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            root = node_hash(left, root)
        return root


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """That a leaf stands at `index` (from 0) in the tree of that size and root (2.1.3.2). Raises `NotProven`."""
    if not 0 <= index < size:
        raise NotProven("there is no such leaf")
    if any(len(part) != 32 for part in (leaf, root, *proof)):
        raise NotProven("a hash has 32 bytes")
    at, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            raise NotProven("the proof is too long")
        if at % 2 or at == last:
            found = node_hash(beside, found)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            found = node_hash(found, beside)
        at, last = at // 2, last // 2
    if last or found != root:
        raise NotProven("the proof does not lead to the root")


def check_consistency(size: int, later: int, root: bytes, later_root: bytes, proof: Sequence[bytes]) -> None:
    """That a tree is the beginning of a later one (2.1.4.2). Raises `NotProven`, for an empty tree too."""
    if not 0 < size <= later:
        raise NotProven("a tree grows, from one leaf on")
    if size == later:
        if proof or root != later_root:
            raise NotProven("trees of one size have one root, and need no proof")
        return
    path = [root, *proof] if size & (size - 1) == 0 else list(proof)
    if not path or not proof:
        raise NotProven("the proof is empty")
    at, last = size - 1, later - 1
    while at % 2:
        at, last = at // 2, last // 2
    first = second = path[0]
    for beside in path[1:]:
        if last == 0:
            raise NotProven("the proof is too long")
        if at % 2 or at == last:
            first, second = node_hash(beside, first), node_hash(beside, second)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            second = node_hash(second, beside)
        at, last = at // 2, last // 2
    if last or first != root or second != later_root:
        raise NotProven("the proof does not lead to both roots")


# --- leaves ---

FIELDS = ("event_id", "originator_id", "originator_version", "position", "recorded_at", "salt", "topic")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_FORMS = {
    "event_id": re.compile(_UUID),
    "originator_id": re.compile(_UUID),
    "recorded_at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    "salt": re.compile(r"[0-9a-f]{32}"),
    "topic": re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"),
}


def entry(fact: dict[str, object], state_sha256: str) -> bytes:
    """What a fact puts into the log: all that says which it is, and the hash of what was stored; no personal data."""
    return json.dumps(
        {**{name: fact[name] for name in FIELDS}, "state_sha256": state_sha256}, sort_keys=True, separators=(",", ":")
    ).encode()


def facts(file: Path) -> Iterator[tuple[dict[str, object], bytes]]:
    """The facts of an export with the hashes of their leaves. Raises `Altered` for a line that is no fact."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                fact = json.loads(line)
                formed = fact.keys() == {*FIELDS, "state"} and all(
                    isinstance(fact[name], str) and form.fullmatch(fact[name]) for name, form in _FORMS.items()
                )
                whole = all(type(fact[name]) is int for name in ("position", "originator_version"))
                if not formed or not whole or not isinstance(fact["state"], str):
                    raise ValueError
            except (ValueError, KeyError, AttributeError, RecursionError):
                raise Altered(f"line {number} of {file.name} is no fact") from None
            state = hashlib.sha256(fact["state"].encode()).hexdigest()
            yield fact, leaf_hash(entry(fact, state))


# --- signed notes and checkpoints: C2SP signed-note, tlog-checkpoint, tlog-cosignature ---


@dataclass(frozen=True)
class Key:
    """A public key as it is written down: `name+id+base64`."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def of(cls, text: str) -> Key:
        """The key of a line. Raises `CannotTell`."""
        try:
            name, id, encoded = text.strip().split("+", 2)
            data = base64.b64decode(encoded, validate=True)
            key = cls(name, data[0], data[1:])
        except (ValueError, IndexError, binascii.Error):
            raise CannotTell("the key is none: it is written as name+id+base64") from None
        if key.kind not in (SIGNATURE, COSIGNATURE) or len(key.public) != 32 or key.id.hex() != id:
            raise CannotTell("the key is no Ed25519 key of a log or witness, or was changed on its way")
        return key

    @property
    def id(self) -> bytes:
        """Four bytes by which signatures name the key."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def signed(self, body: str, signature: bytes) -> bool:
        """Whether the key has signed a note."""
        message = body.encode()
        if self.kind == COSIGNATURE:
            moment, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = f"cosignature/v1\ntime {moment}\n".encode() + message
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Checkpoint:
    """What a log said of itself: its name, how many leaves it had, their root; and who signed that."""

    origin: str
    size: int
    root: bytes
    body: str
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, note: str) -> Checkpoint:
        """The checkpoint that a signed note holds; nothing is verified yet. Raises `CannotTell`."""
        body, blank, signed = note.partition("\n\n")
        body += "\n"
        try:
            origin, size, root, *_ = body.splitlines()
            signatures = []
            for line in signed.splitlines():
                dash, name, signature = line.split(" ")
                if dash != "—":
                    raise ValueError
                signatures.append((name, base64.b64decode(signature, validate=True)))
            if not blank or not signatures or not size.isdecimal() or size != str(int(size)):
                raise ValueError
            found = cls(origin, int(size), base64.b64decode(root, validate=True), body, tuple(signatures))
        except (ValueError, binascii.Error):
            raise CannotTell("the checkpoint is no signed note of a log") from None
        if len(found.root) != 32:
            raise CannotTell("the checkpoint is no signed note of a log")
        return found

    def is_signed_by(self, key: Key) -> bool:
        """Whether one of the signatures is this key's, and right."""
        return any(
            name == key.name and data[:4] == key.id and key.signed(self.body, data[4:])
            for name, data in self.signatures
        )


def trusted(note: str, key: Key, witnesses: Iterable[Key] = (), quorum: int = 0) -> Checkpoint:
    """A checkpoint that the log has signed, and enough witnesses with it. Raises `CannotTell`."""
    checkpoint = Checkpoint.of(note)
    if checkpoint.origin != key.name:
        raise CannotTell(f"the checkpoint is of another log: {checkpoint.origin}, not {key.name}")
    if not checkpoint.is_signed_by(key):
        raise CannotTell("the checkpoint is not signed with this key: it is a wrong key, or a forged checkpoint")
    found = len({witness.public for witness in witnesses if checkpoint.is_signed_by(witness)})
    if found < quorum:
        raise CannotTell(f"{found} of {quorum} witnesses have signed the checkpoint")
    return checkpoint


# --- tiles: C2SP tlog-tiles ---


def tile_path(level: int, number: int, width: int = TILE) -> str:
    """Where a tile lies: numbers in groups of three, all but the last marked with x."""
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    partial = f".p/{width}" if width < TILE else ""
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def tile_leaves(folder: Path, size: int) -> Iterator[bytes]:
    """The hashes of leaves as the tiles have them. Raises `CannotTell` where a tile is missing."""
    for number in range((size + TILE - 1) // TILE):
        width = min(TILE, size - number * TILE)
        path = next(
            (path for path in (folder / tile_path(0, number), folder / tile_path(0, number, width)) if path.is_file()),
            None,
        )
        data = path.read_bytes() if path else b""
        if len(data) < width * 32:
            raise CannotTell(f"tile {number} is missing")
        for at in range(width):
            yield data[at * 32 : at * 32 + 32]


# --- the verdict ---


@dataclass
class Verdict:
    """How far the history is proven, and how many facts lie beyond."""

    covered: int
    beyond: int
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = self.covered + self.beyond

    def __str__(self) -> str:
        return f"valid: covered to {self.covered}, {self.beyond} facts beyond"


def verify(folder: Path, checkpoints: Sequence[Checkpoint]) -> Verdict:
    """Hold the facts of a folder against every checkpoint. Raises `Altered`, `CannotTell`."""
    file = folder / "events.ndjson"
    if not file.is_file():
        raise CannotTell(f"there is no {file.name} in {folder}")
    if not checkpoints:
        raise CannotTell("there is no checkpoint")
    wanted: dict[int, set[bytes]] = {}
    for checkpoint in checkpoints:
        wanted.setdefault(checkpoint.size, set()).add(checkpoint.root)
    forked = next((size for size, roots in wanted.items() if len(roots) > 1), None)
    if forked is not None:
        raise Altered(f"the log has signed two histories of {forked} facts")
    tree, covered = Growing(), 0
    try:
        for fact, leaf in facts(file):
            if fact["position"] != tree.size + 1:
                raise Altered(f"after position {tree.size} comes {fact['position']}")
            tree.add(leaf)
            if tree.size in wanted:
                if tree.root() not in wanted[tree.size]:
                    raise Altered(f"positions {covered + 1} to {tree.size} are not what was signed")
                covered = tree.size
        if 0 in wanted and tree.size == 0 and wanted[0] != {tree.root()}:
            raise Altered("an empty history is not what was signed")
        missing = max(wanted) - tree.size
        if missing > 0:
            raise Altered(f"positions {tree.size + 1} to {max(wanted)} are missing")
    except Altered as problem:
        raise Altered(_where(folder, file, checkpoints) or str(problem)) from None
    return Verdict(covered, tree.size - covered)


def _where(folder: Path, file: Path, checkpoints: Sequence[Checkpoint]) -> str | None:
    """Which position was altered and how, if the tiles still are what a checkpoint signed; None if they are not."""
    for checkpoint in sorted(checkpoints, key=lambda c: -c.size):
        try:
            leaves = list(tile_leaves(folder, checkpoint.size))
        except (CannotTell, OSError):
            continue
        tree = Growing()
        for leaf in leaves:
            tree.add(leaf)
        if tree.root() == checkpoint.root:
            return _difference(leaves, file)
    return None


def _difference(leaves: Sequence[bytes], file: Path) -> str | None:
    place = {leaf: at for at, leaf in enumerate(leaves, 1)}
    at = 0
    try:
        for at, (fact, leaf) in enumerate(facts(file), 1):
            if at > len(leaves):
                return None
            if leaf == leaves[at - 1]:
                continue
            elsewhere = place.get(leaf)
            if elsewhere is not None and elsewhere < at:
                return f"position {elsewhere} stands a second time, where position {at} was"
            if elsewhere is not None:
                return f"position {at} is missing: position {elsewhere} stands in its place"
            if fact["position"] != at:
                return f"position {at} is missing, or was moved: position {fact['position']} stands in its place"
            return f"position {at} was changed ({fact['topic']} of {fact['originator_id']})"
    except Altered as problem:
        return f"position {at + 1} was changed: {problem}"
    return f"positions {at + 1} to {len(leaves)} are missing" if at < len(leaves) else None


def main(arguments: Sequence[str] | None = None, tell: Callable[[str], object] = print) -> int:
    """The command: tells the verdict in one line and answers the exit code."""
    parser = argparse.ArgumentParser(prog="verifier", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("folder", type=Path, help="what was exported")
    parser.add_argument("--key", required=True, help="public key of the log, or a file that holds it")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], help="one that was kept elsewhere")
    parser.add_argument("--witness", action="append", default=[], help="public key of a witness, or its file")
    parser.add_argument("--quorum", type=int, default=0, help="how many witnesses must have signed a checkpoint")
    asked = parser.parse_args(arguments)
    try:
        key, witnesses = _key(asked.key), [_key(text) for text in asked.witness]
        if not asked.folder.is_dir():
            raise CannotTell(f"{asked.folder} is no folder")
        kept = [trusted(_text(path), key, witnesses, asked.quorum) for path in asked.checkpoint]
        own = asked.folder / "checkpoint"
        try:
            checkpoints = [*kept, *([trusted(_text(own), key, witnesses, asked.quorum)] if own.is_file() else [])]
        except CannotTell as problem:
            if not kept:
                raise
            verify(asked.folder, kept)
            raise Altered(f"the facts are those of the checkpoint kept elsewhere, but of its own {problem}") from None
        tell(str(verify(asked.folder, checkpoints)))
    except Altered as problem:
        tell(f"altered: {problem}")
        return ALTERED
    except CannotTell as problem:
        tell(f"cannot tell: {problem}")
        return CANNOT_TELL
    return VALID


def _key(text: str) -> Key:
    return Key.of(text if "+" in text else _text(Path(text)))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise CannotTell(f"{path} cannot be read: {type(problem).__name__}") from None


if __name__ == "__main__":
    sys.exit(main())
