"""The offline verifier: vectors from outside, notes and keys, and histories that somebody touched."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from compact_infra import verifier
from compact_infra.ledger import LogKey
from compact_infra.vault import Keys
from compact_infra.verifier import (
    ALTERED,
    CANNOT_TELL,
    COSIGNATURE,
    TILE,
    VALID,
    CannotTell,
    Growing,
    Key,
    NotProven,
    check_consistency,
    check_inclusion,
    entry,
    leaf_hash,
    tile_path,
    tree_hash,
    trusted,
)

VECTORS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "merkle.json").read_text("utf-8")
)
KEY = LogKey(Keys(b"k" * 32), "compact-coordination/test")


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


@pytest.mark.parametrize("name", VECTORS)
def test_proofs_are_judged_as_others_judge_them(name: str) -> None:
    vector = VECTORS[name]
    proof = [decoded(part) for part in vector["proof"] or []]
    try:
        if "leafIdx" in vector:
            leaf, root = decoded(vector["leafHash"]), decoded(vector["root"])
            check_inclusion(vector["leafIdx"], vector["treeSize"], leaf, proof, root)
        else:
            roots = decoded(vector["root1"]), decoded(vector["root2"])
            check_consistency(vector["size1"], vector["size2"], *roots, proof)
        refused = False
    except NotProven:
        refused = True
    assert refused == vector["wantErr"], vector["desc"]


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_a_tree_that_grows_has_the_root_of_the_definition(leaves: list[bytes]) -> None:
    def root(part: list[bytes]) -> bytes:
        if len(part) < 2:
            return part[0] if part else tree_hash([])
        left = 1 << (len(part) - 1).bit_length() - 1
        return verifier.node_hash(root(part[:left]), root(part[left:]))

    growing = Growing()
    for leaf in leaves:
        growing.add(leaf_hash(leaf))
    hashes = [leaf_hash(leaf) for leaf in leaves]
    assert growing.root() == tree_hash(hashes) == root(hashes)


def test_tiles_lie_where_the_specification_puts_them() -> None:
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(1, 1000, 57) == "tile/1/x001/000.p/57"


def test_a_key_is_written_down_and_read_again() -> None:
    text = str(KEY.public)
    assert Key.of(text) == KEY.public
    assert text.startswith("compact-coordination/test+")


@pytest.mark.parametrize(
    "text", ["", "nothing", "a+b+c", "compact-coordination/test+00000000+" + base64.b64encode(b"\1" * 33).decode()]
)
def test_what_is_no_key_is_said_to_be_none(text: str) -> None:
    with pytest.raises(CannotTell, match="key"):
        Key.of(text)


@pytest.mark.parametrize(
    "note",
    ["", "a\nb\n", "log\n1\nAAAA\n\n— log AAAA\n", "log\n01\n" + "A" * 43 + "=\n\n— log AAAA\n", "log\n1\nx\n\n"],
)
def test_what_is_no_checkpoint_is_said_to_be_none(note: str) -> None:
    with pytest.raises(CannotTell, match="signed note"):
        trusted(note, KEY.public)


def test_a_checkpoint_of_another_log_or_key_is_not_trusted() -> None:
    note = KEY.signed(1, b"r" * 32)
    assert trusted(note, KEY.public).size == 1
    with pytest.raises(CannotTell, match="another log"):
        trusted(note, LogKey(Keys(b"k" * 32), "elsewhere").public)
    with pytest.raises(CannotTell, match="wrong key"):
        trusted(note, LogKey(Keys(b"x" * 32), KEY.origin).public)
    with pytest.raises(CannotTell, match="wrong key"):
        trusted(note.replace("\n1\n", "\n2\n"), KEY.public)


def cosigned(note: str, *witnesses: tuple[Key, Ed25519PrivateKey]) -> str:
    body = note.partition("\n\n")[0] + "\n"
    for key, private in witnesses:
        moment = 1_750_000_000
        message = f"cosignature/v1\ntime {moment}\n{body}".encode()
        signature = key.id + moment.to_bytes(8, "big") + private.sign(message)
        note += f"— {key.name} {base64.b64encode(signature).decode()}\n"
    return note


def test_enough_witnesses_have_to_have_signed() -> None:
    witnesses = []
    for n in range(3):
        private = Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)
        witnesses.append((Key(f"witness{n}", COSIGNATURE, private.public_key().public_bytes_raw()), private))
    keys = [key for key, _ in witnesses]
    note = cosigned(KEY.signed(1, b"r" * 32), *witnesses[:2])
    assert trusted(note, KEY.public, keys, 2).size == 1
    with pytest.raises(CannotTell, match="2 of 3 witnesses"):
        trusted(note, KEY.public, keys, 3)
    with pytest.raises(CannotTell, match="1 of 2 witnesses"):
        trusted(note, KEY.public, [keys[0], keys[0]], 2)


# --- histories that somebody touched ---


class Fact(NamedTuple):
    """A line of an export, as the one who tampers with it sees it."""

    event_id: str
    originator_id: str
    originator_version: int
    position: int
    recorded_at: str
    salt: str
    topic: str
    state: str

    @property
    def leaf(self) -> bytes:
        fact = self._asdict()
        state = fact.pop("state")
        return leaf_hash(entry(fact, hashlib.sha256(state.encode()).hexdigest()))


def history(size: int) -> list[Fact]:
    return [
        Fact(
            event_id=str(UUID(int=n)),
            originator_id=str(UUID(int=n % 7)),
            originator_version=n // 7 + 1,
            position=n + 1,
            recorded_at=f"2025-06-25T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.000000Z",
            salt=KEY.salt(UUID(int=n)),
            topic=random.Random(n).choice(["recommendation.adopted", "session.started", "role.granted"]),
            state=json.dumps({"data": {"n": n}, "version": 1}),
        )
        for n in range(size)
    ]


def root_of(facts: list[Fact]) -> bytes:
    return tree_hash([fact.leaf for fact in facts])


def write(folder: Path, facts: list[Fact], *, signed: int | None = None, key: LogKey = KEY) -> Path:
    """An export of facts with a log that has signed the first so many of them."""
    folder.mkdir()
    write_facts(folder, facts)
    size = len(facts) if signed is None else signed
    (folder / "checkpoint").write_text(key.signed(size, root_of(facts[:size])), "utf-8")
    for number in range((size + TILE - 1) // TILE):
        part = facts[number * TILE : min(size, (number + 1) * TILE)]
        path = folder / tile_path(0, number, len(part))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(fact.leaf for fact in part))
    return folder


def write_facts(folder: Path, facts: list[Fact]) -> None:
    (folder / "events.ndjson").write_text("".join(json.dumps(fact._asdict()) + "\n" for fact in facts), "utf-8")


def verdict(folder: Path, *more: str, key: LogKey = KEY) -> tuple[int, str]:
    told: list[str] = []
    code = verifier.main([str(folder), "--key", str(key.public), *more], told.append)
    assert len(told) == 1
    return code, told[0]


def test_a_history_that_nobody_touched_is_valid_as_far_as_it_was_signed(tmp_path: Path) -> None:
    facts = history(700)
    assert verdict(write(tmp_path / "whole", facts)) == (VALID, "valid: covered to 700, 0 facts beyond")
    assert verdict(write(tmp_path / "part", facts, signed=512)) == (VALID, "valid: covered to 512, 188 facts beyond")


def change(facts: list[Fact], at: int) -> None:
    facts[at] = facts[at]._replace(state=facts[at].state.replace("data", "date"))


def back_date(facts: list[Fact], at: int) -> None:
    facts[at] = facts[at]._replace(recorded_at="2024" + facts[at].recorded_at[4:])


def leave_out(facts: list[Fact], at: int) -> None:
    del facts[at]


def renumber_without(facts: list[Fact], at: int) -> None:
    del facts[at]
    facts[:] = [fact._replace(position=n) for n, fact in enumerate(facts, 1)]


def put_in(facts: list[Fact], at: int) -> None:
    facts.insert(at, facts[at]._replace(event_id=str(UUID(int=10**6))))


def double(facts: list[Fact], at: int) -> None:
    facts.insert(at, facts[at])


def swap(facts: list[Fact], at: int) -> None:
    other = at - 1 if at else 1
    facts[at], facts[other] = facts[other], facts[at]


def cut(facts: list[Fact], at: int) -> None:
    del facts[at:]


def rename(facts: list[Fact], at: int) -> None:
    facts[at] = facts[at]._replace(topic="recommendation.withdrawn")


TAMPERINGS: list[Callable[[list[Fact], int], None]] = [
    change,
    back_date,
    leave_out,
    renumber_without,
    put_in,
    double,
    swap,
    cut,
    rename,
]


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_what_was_touched_is_found_and_said_where(tmp_path: Path, tamper: Callable[[list[Fact], int], None]) -> None:
    facts = history(300)
    folder = write(tmp_path / "export", facts)
    tamper(facts, 270)
    write_facts(folder, facts)
    code, told = verdict(folder)
    assert code == ALTERED
    assert "27" in told, told


def test_a_thousand_tamperings_are_all_found_and_a_thousand_clean_histories_are_not(tmp_path: Path) -> None:
    """Below a checkpoint that was kept elsewhere, also what was rewritten and signed anew with the log's own key."""
    chance = random.Random(2025)
    whole = history(40)
    kept = tmp_path / "kept"
    for n in range(1_000):
        size = chance.randint(2, 40)
        covered = chance.randint(1, size)
        facts = whole[:size]
        kept.write_text(KEY.signed(covered, root_of(facts[:covered])), "utf-8")
        folder = tmp_path / f"clean{n}"
        assert verdict(write(folder, facts, signed=covered), "--checkpoint", str(kept))[0] == VALID
        at = chance.randrange(covered)
        chance.choice(TAMPERINGS)(facts, at)
        if chance.random() < 0.5:
            folder = write(tmp_path / f"signed{n}", facts, signed=len(facts))
        else:
            write_facts(folder, facts)
        if facts[:covered] == whole[:covered]:
            continue  # what was put in, doubled or swapped behind the last fact that is covered, changes none of them
        code, told = verdict(folder, "--checkpoint", str(kept))
        assert code == ALTERED, (n, told)


def test_who_cannot_sign_is_found_beyond_the_checkpoint_that_was_kept_too(tmp_path: Path) -> None:
    facts = history(50)
    kept = tmp_path / "kept"
    kept.write_text(KEY.signed(10, root_of(facts[:10])), "utf-8")
    change(facts, 30)
    forged = LogKey(Keys(b"x" * 32), KEY.origin)
    folder = write(tmp_path / "export", facts, key=forged)
    code, told = verdict(folder, "--checkpoint", str(kept))
    assert (code, "not signed with this key" in told) == (ALTERED, True)
    assert verdict(folder)[0] == CANNOT_TELL


def test_a_log_that_signed_two_histories_of_one_length_is_found(tmp_path: Path) -> None:
    facts = history(20)
    kept = tmp_path / "kept"
    kept.write_text(KEY.signed(20, root_of([*history(19), history(21)[20]])), "utf-8")
    code, told = verdict(write(tmp_path / "export", facts), "--checkpoint", str(kept))
    assert (code, told) == (ALTERED, "altered: the log has signed two histories of 20 facts")


def test_an_old_checkpoint_covers_what_it_covers(tmp_path: Path) -> None:
    folder = write(tmp_path / "export", history(30), signed=12)
    assert verdict(folder) == (VALID, "valid: covered to 12, 18 facts beyond")


@pytest.mark.parametrize(
    ("break_it", "code", "why"),
    [
        (lambda folder: (folder / "events.ndjson").unlink(), CANNOT_TELL, "no events.ndjson"),
        (lambda folder: (folder / "checkpoint").unlink(), CANNOT_TELL, "no checkpoint"),
        (lambda folder: (folder / "checkpoint").write_text("?"), CANNOT_TELL, "no signed note"),
        (lambda folder: (folder / "events.ndjson").write_text(""), ALTERED, "positions 1 to 30 are missing"),
        (lambda folder: (folder / "events.ndjson").write_text("{}\n"), ALTERED, "line 1"),
        (lambda folder: (folder / "events.ndjson").write_bytes(b"\xff\xfe\n"), ALTERED, "line 1"),
    ],
)
def test_a_broken_export_has_its_own_answer(
    tmp_path: Path, break_it: Callable[[Path], object], code: int, why: str
) -> None:
    folder = write(tmp_path / "export", history(30))
    break_it(folder)
    found, told = verdict(folder)
    assert (found, why in told) == (code, True), told


def test_the_verifier_needs_nothing_of_the_product(tmp_path: Path) -> None:
    """The file alone, in a folder of its own, by an interpreter that sees no other package of ours."""
    folder = write(tmp_path / "export", history(30))
    alone = tmp_path / "verifier.py"
    alone.write_text(Path(verifier.__file__).read_text("utf-8"), "utf-8")
    hide = "import sys; sys.modules.update(dict.fromkeys(['compact_domain', 'compact_infra', 'psycopg', 'msgspec']))"
    run = f"{hide}; sys.argv = ['verifier', {str(folder)!r}, '--key', {str(KEY.public)!r}]; "
    run += f"import runpy; runpy.run_path({str(alone)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (VALID, "valid: covered to 30, 0 facts beyond\n"), done.stderr
