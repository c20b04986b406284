"""The ledger through the API: checkpoints and proofs that whoever may ask can check without asking anybody."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import psycopg
import pytest

from compact_domain.kernel import Role
from compact_infra import verifier
from compact_infra.verifier import Key, check_consistency, check_inclusion, facts, trusted
from tests.client import Client
from tests.conftest import Service
from tests.infra.keeper import Keeper

CHECKPOINT = "checkpoint { size root note signedAt }"


@pytest.fixture
def auditor(own_service: Service) -> Client:
    return own_service.as_(Role.AUDITOR)


def seal(service: Service) -> None:
    ledger = service.compact.ledger
    with psycopg.connect(ledger.url, autocommit=True) as connection:
        ledger.seal(connection)


def register(service: Service, *codes: str) -> int:
    """Organizations, so that there is a history; answers its length."""
    for code in codes:
        service.officer.do("organizationRegister", {"code": code, "kind": "UN_ENTITY", "names": {"en": code}})
    return service.compact.store.head()


def test_a_checkpoint_that_was_kept_proves_what_came_before_it(
    own_service: Service, auditor: Client, tmp_path: Path
) -> None:
    first = register(own_service, "UNODC")
    seal(own_service)
    kept = auditor.ask(f"{{ ledger {{ origin publicKey {CHECKPOINT} }} }}")["ledger"]
    assert int(kept["checkpoint"]["size"]) == first
    key = Key.of(kept["publicKey"])
    assert trusted(kept["checkpoint"]["note"], key).size == first
    last = register(own_service, "UNDP", "IOM")
    seal(own_service)
    answer = auditor.ask(
        f"""query ($p: Position!, $from: Position!, $to: Position!) {{ ledger {{ {CHECKPOINT}
            inclusion(position: $p) {{ index hashes proof checkpoint {{ size root }} }}
            consistency(from: $from, to: $to) }}
            snapshot(at: {{position: $from}}) {{ ledger {{ checkpoint {{ size }} }} }} }}""",
        p=str(first),
        **{"from": str(first), "to": str(last)},
    )
    ledger = answer["ledger"]
    root, later = (base64.b64decode(c["root"]) for c in (kept["checkpoint"], ledger["checkpoint"]))
    check_consistency(first, last, root, later, [base64.b64decode(part) for part in ledger["consistency"]])
    own_service.compact.ledger.export(tmp_path / "export")
    leaves = [leaf for _, leaf in facts(tmp_path / "export" / "events.ndjson")]
    path = [base64.b64decode(part) for part in ledger["inclusion"]["hashes"]]
    check_inclusion(first - 1, last, leaves[first - 1], path, later)
    assert ledger["inclusion"]["proof"].startswith("c2sp.org/tlog-proof@v1\n")
    assert answer["snapshot"]["ledger"]["checkpoint"] == {"size": str(first)}
    (tmp_path / "kept").write_text(kept["checkpoint"]["note"], "utf-8")
    told: list[str] = []
    asked = [str(tmp_path / "export"), "--key", kept["publicKey"], "--checkpoint", str(tmp_path / "kept")]
    assert verifier.main(asked, told.append) == verifier.VALID
    assert told == [f"valid: covered to {last}, 0 facts beyond"]


def test_a_position_that_nobody_has_signed_has_no_proof(own_service: Service, auditor: Client) -> None:
    last = register(own_service, "UNODC")
    seal(own_service)
    ask = "query ($p: Position!) { ledger { inclusion(position: $p) { index } } }"
    for position in (0, last + 1000):
        assert auditor.error(ask, p=str(position)) == "POSITION_UNKNOWN"
    consistency = 'query ($p: Position!) { ledger { consistency(from: $p, to: "1") } }'
    assert auditor.error(consistency, p="2") == "POSITION_UNKNOWN"


def test_a_fact_that_one_is_not_told_of_has_no_proof(own_service: Service, auditor: Client) -> None:
    """An entry names the fact: what kind it is, and of what."""
    reader = own_service.as_(Role.READER)
    register(own_service, "UNODC")
    seal(own_service)
    hidden = [
        edge["node"]["position"]
        for edge in auditor.ask("{ trail(first: 100) { edges { node { position type } } } }")["trail"]["edges"]
        if edge["node"]["type"] == "role.granted"
    ]
    ask = "query ($p: Position!) { ledger { inclusion(position: $p) { index } } }"
    assert auditor.ask(ask, p=hidden[0])["ledger"]["inclusion"]["index"] == str(int(hidden[0]) - 1)
    assert reader.error(ask, p=hidden[0]) == "POSITION_UNKNOWN"


def test_a_stranger_asks_in_vain(own_service: Service) -> None:
    assert own_service.of(None).error("{ ledger { origin } }") == "FORBIDDEN"


def test_the_service_seals_by_itself(own_service: Service, auditor: Client) -> None:
    """As soon as 256 facts are new, without waiting for the ten seconds after which it does anyhow."""
    keeper = Keeper(own_service.compact)
    keeper.register("AU")
    while keeper.store.head() < 260:
        keeper.rename("AU", f"African Union {keeper.store.head()}")
    signed, waiting = None, threading.Event()
    for _ in range(100):
        signed = auditor.ask("{ ledger { checkpoint { size } } }")["ledger"]["checkpoint"]
        if signed:
            break
        waiting.wait(0.05)
    assert signed is not None
    assert int(signed["size"]) >= 256
