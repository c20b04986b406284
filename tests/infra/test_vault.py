"""The vault: what is sealed opens in its place alone, a person is one however the address is written, and what is
erased is gone from every moment."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from compact_domain.kernel import InvalidInput, PersonDetails, Role, Sealed
from compact_infra import Compact, Settings
from compact_infra.embedded_postgres import NotReady
from compact_infra.vault import Keys, Vault, details_hash, normalised
from tests.conftest import Service
from tests.infra.keeper import Keeper

MASTER = bytes(range(32))
AMINA = PersonDetails(name="Amina Diallo", email="amina@example.org", phone="+221 33 000", needs="wheelchair")


@contextmanager
def written(keeper: Keeper) -> Iterator[Any]:
    """The vault during an attempt that is carried through."""
    with keeper.store.attempt() as attempt, attempt.connection.transaction():
        yield attempt.secrets
        attempt.secrets.write(keeper.store.now())


def sealed(keeper: Keeper, text: str, *, about: UUID, field: str = "reason", bound: UUID | None = None) -> Sealed:
    with written(keeper) as secrets:
        box: Sealed = secrets.seal(text, field=field, about=about, bound=bound or uuid4())
    return box


def opened(keeper: Keeper, *boxes: Sealed) -> list[str | None]:
    keys = keeper.rows("select subject, version, wrapped from {v}.key")
    texts = keeper.store.vault.open(boxes, {(subject, version): wrapped for subject, version, wrapped in keys})
    return [texts[box.box] for box in boxes]


# --- sealed text


def test_a_sealed_text_opens_where_it_stands(keeper: Keeper) -> None:
    box = sealed(keeper, "she was threatened", about=uuid4())
    assert opened(keeper, box) == ["she was threatened"]
    assert b"threatened" not in base64.b64decode(box.box)


@pytest.mark.parametrize("moved", [{"field": "evidence"}, {"bound": uuid4()}, {"key": ...}])
def test_a_sealed_text_that_was_moved_does_not_open(keeper: Keeper, moved: dict[str, Any]) -> None:
    box = sealed(keeper, "she was threatened", about=uuid4())
    other = sealed(keeper, "she was not", about=uuid4())
    changed = {name: other.key if value is ... else value for name, value in moved.items()}
    with pytest.raises(ValueError, match="does not belong here"):
        opened(keeper, msgspec.structs.replace(box, **changed))


@pytest.mark.parametrize("spoil", [lambda box: box[:-1] + bytes([box[-1] ^ 1]), lambda box: box[:20], lambda box: b""])
def test_a_sealed_text_that_was_changed_does_not_open(keeper: Keeper, spoil: Callable[[bytes], bytes]) -> None:
    box = sealed(keeper, "she was threatened", about=uuid4())
    spoilt = base64.b64encode(spoil(base64.b64decode(box.box))).decode()
    with pytest.raises(ValueError, match="does not belong here"):
        opened(keeper, msgspec.structs.replace(box, box=spoilt))


def test_the_same_text_twice_does_not_look_the_same(keeper: Keeper) -> None:
    about, bound = uuid4(), uuid4()
    assert sealed(keeper, "a", about=about, bound=bound).box != sealed(keeper, "a", about=about, bound=bound).box


def test_a_key_is_wrapped_for_its_subject_and_version() -> None:
    keys, subject = Keys(MASTER), uuid4()
    wrapped = keys.wrap(b"k" * 32, subject, 1)
    assert keys.unwrap(wrapped, subject, 1) == b"k" * 32
    for other, version in ((uuid4(), 1), (subject, 2)):
        with pytest.raises(InvalidTag):
            keys.unwrap(wrapped, other, version)


# --- the key outside the database


def test_purposes_have_keys_of_their_own() -> None:
    keys = Keys(MASTER)
    assert len({keys.derive(purpose) for purpose in ("wrap", "email", "request", "fingerprint")} | {MASTER}) == 5


@pytest.mark.parametrize("text", ["", "AAAA", "not base64 at all!", base64.b64encode(b"x" * 31).decode()])
def test_what_is_no_key_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes, as base64"):
        Keys.from_text(text)
    (tmp_path / "vault.key").write_text(text)
    with pytest.raises(ValueError, match="32 bytes, as base64"):
        Keys.from_file(tmp_path / "vault.key")


MAKES_KEY = "import sys; from pathlib import Path; from compact_infra.vault import Keys; sys.stdin.readline();" + (
    "print(Keys.from_file(Path(sys.argv[1])).derive('x').hex())"
)


def test_processes_that_start_together_make_one_key_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "data" / "vault.key"
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", MAKES_KEY, str(file)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    made = {process.communicate("\n", timeout=60)[0].strip() for process in racing}
    assert made == {Keys.from_file(file).derive("x").hex()}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["vault.key"]


def test_a_service_with_another_key_does_not_start(new_settings: Callable[..., Settings], tmp_path: Path) -> None:
    """It would take every person for a new one, and be able to read nothing."""
    settings = new_settings()
    with Compact(settings).commanding():
        pass
    with Compact(settings).commanding():
        pass
    with (
        pytest.raises(NotReady, match="vault key"),
        Compact(settings.model_copy(update={"data_dir": tmp_path})).commanding(),
    ):
        pass


# --- who somebody is


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("amina@example.org", "  Amina@EXAMPLE.org\n"),
        ("josé@example.org", unicodedata.normalize("NFD", "JOSÉ@example.org")),
        ("a@münchen.de", "a@XN--MNCHEN-3YA.de"),
        ("a@münchen.de", "a@" + unicodedata.normalize("NFD", "MÜNCHEN.de")),
        ("a@пример.рф", "a@xn--e1afmkfd.xn--p1ai"),
        ("a@example.org", "a@example.org."),
        ("a@例え。jp", "a@例え.jp"),
        ("ὈΔΥΣΣΕΎΣ@example.org", "ὀδυσσεύς@example.org"),
    ],
)
def test_a_person_is_one_however_the_address_is_written(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert Keys(MASTER).email_hash(one) == Keys(MASTER).email_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("amina@example.org", "amina@example.com"), ("a.mina@example.org", "amina@example.org"), ("a+b@x.org", "a@x.org")],
)
def test_what_may_be_two_mailboxes_is_two_persons(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize("text", ["", "   ", "amina", "amina@", "@example.org", "a@b..c", "a@" + "b" * 64 + ".org"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalised(text)
    assert refused.value.fields[0][0] == "email"


LOCAL = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="@"), min_size=1, max_size=20)


@given(LOCAL)
@hypothesis_settings(max_examples=100)
def test_normalising_is_done_after_one_time_and_forgets_case_and_composition(local: str) -> None:
    once = normalised(f"{local}@example.org")
    assert normalised(once) == once
    for form in ("NFC", "NFD"):
        assert normalised(unicodedata.normalize(form, f"{local}@example.org")) == once
        assert normalised(unicodedata.normalize(form, f"{local.casefold()}@example.org")) == once


def test_a_hash_of_details_finds_an_exchanged_one_and_tells_nothing_without_its_salt() -> None:
    salt = b"s" * 16
    hashes = {
        details_hash(msgspec.structs.replace(AMINA, **changed), salt)
        for changed in ({}, {"name": "Amina Diop"}, {"email": "a@b.org"}, {"phone": None}, {"title": ""}, {"needs": ""})
    }
    assert len(hashes) == 6
    assert details_hash(AMINA, salt) == details_hash(AMINA, salt)
    assert details_hash(AMINA, b"t" * 16) not in hashes


def test_a_person_is_known_again_and_what_changed_is_a_new_version(keeper: Keeper) -> None:
    subject = uuid4()
    with written(keeper) as secrets:
        assert secrets.person(AMINA.email) is None
        first = secrets.enrol(subject, AMINA)
        assert secrets.person("AMINA@example.org") == subject
    with written(keeper) as secrets:
        assert secrets.person(" amina@Example.org") == subject
        assert secrets.enrol(subject, AMINA) == first
        assert secrets.enrol(subject, msgspec.structs.replace(AMINA, title="Director")) != first
    assert keeper.rows("select version, title from {v}.person order by version") == [(1, None), (2, "Director")]


def test_an_address_is_that_of_one_person(keeper: Keeper) -> None:
    with written(keeper) as secrets:
        secrets.enrol(uuid4(), AMINA)
    with keeper.store.attempt() as attempt, pytest.raises(InvalidInput) as refused:
        attempt.secrets.enrol(uuid4(), msgspec.structs.replace(AMINA, email="Amina@example.org"))
    assert refused.value.fields == (("email", "is known as that of another person"),)


# --- erasing


def test_what_is_erased_is_unreadable_and_what_is_said_later_is_not(keeper: Keeper) -> None:
    subject = uuid4()
    before = sealed(keeper, "before", about=subject)
    with written(keeper) as secrets:
        secrets.enrol(subject, AMINA)
    with written(keeper) as secrets:
        secrets.erase(subject)
    after = sealed(keeper, "after", about=subject)
    assert opened(keeper, before, after) == [None, "after"]
    assert (before.key_version, after.key_version) == (1, 2), "an erased number is never given again"
    assert keeper.rows("select * from {v}.person") == keeper.rows("select * from {v}.email") == []


def test_the_application_keeps_the_vault_and_cannot_rewrite_it(keeper: Keeper) -> None:
    """It adds and erases; nothing in it is ever changed."""
    granted = keeper.rows(
        "select distinct privilege_type from information_schema.role_table_grants"
        " where grantee = %s and table_schema = %s order by 1",
        keeper.store.app_role,
        f"{keeper.store.schema}_vault",
    )
    assert granted == [("DELETE",), ("INSERT",), ("SELECT",)]


REASON = """query ($p: Position!) {
  now: organization(code: "AU") { history(first: 9) { edges { node { reason } } } }
  snapshot(at: {position: $p}) { organization(code: "AU") { history(first: 9) { edges { node { reason } } } } }
  roles(filter: {role: {eq: AUDITOR}}) { edges { node { holder { person { name } } } } }
  then: snapshot(at: {position: $p}) { roles(filter: {role: {eq: AUDITOR}}) { edges { node {
    holder { person { name } } } } } }
}"""


def test_erasing_reaches_every_moment(own_service: Service) -> None:
    administrator = own_service.as_(Role.SECRETARIAT_ADMINISTRATOR)
    organization = {"code": "AU", "names": {"en": "African Union"}, "kind": "REGIONAL_ORGANIZATION"}
    registered = administrator.do("organizationRegister", organization)["events"][0]["subject"]
    administrator.do("organizationDeactivate", {"id": "AU", "reason": "it moved house"})
    person = {"details": {"name": AMINA.name, "email": AMINA.email}}
    granted = administrator.do(
        "roleGrant", {"person": person, "role": "AUDITOR"}, select="holder { person { subject name } }"
    )
    subject, position = granted["holder"]["person"]["subject"], granted["position"]
    told = json.dumps(administrator.ask(REASON, p=position))
    assert (told.count("it moved house"), told.count(AMINA.name)) == (2, 2)
    keeper = Keeper(own_service.compact)
    for erased in (registered, subject):
        with written(keeper) as secrets:
            secrets.erase(UUID(erased))
    administrator.do("organizationReactivate", {"id": "AU"})
    told = json.dumps(administrator.ask(REASON, p=position))
    assert (told.count("it moved house"), told.count(AMINA.name)) == (0, 0)
    assert '"name": null' in told


# --- no clear text


def test_nothing_personal_stands_in_the_store_or_the_rows(own_service: Service) -> None:
    """Every byte of every table but the vault's is looked at."""
    administrator = own_service.as_(Role.SECRETARIAT_ADMINISTRATOR)
    administrator.do(
        "organizationRegister", {"code": "AU", "names": {"en": "African Union"}, "kind": "REGIONAL_ORGANIZATION"}
    )
    administrator.do("organizationDeactivate", {"id": "AU", "reason": "Quelle surprise-7731"})
    person = {"details": {"name": "Zenobia Quux", "email": "zenobia@quux.example", "phone": "+33 1 99 88 77 66"}}
    administrator.do("roleGrant", {"person": person, "role": "AUDITOR"})
    keeper = Keeper(own_service.compact)
    tables = keeper.rows(
        "select format('%%I.%%I', schemaname, tablename) from pg_tables where starts_with(schemaname, %s)"
        " and schemaname <> %s",
        keeper.store.schema,
        f"{keeper.store.schema}_vault",
    )
    assert len(tables) > 10
    found = b""
    with keeper.owner() as connection:
        for (table,) in tables:
            with connection.cursor().copy(f"copy {table} to stdout (format binary)") as copy:
                found += b"".join(bytes(data) for data in copy)
    assert b"organization.deactivated" in found
    for secret in ("surprise-7731", "Zenobia", "Quux", "zenobia@quux", "99 88 77 66"):
        assert secret.encode() not in found
        assert base64.b64encode(secret.encode())[:-4] not in found


def test_a_box_of_a_wrong_key_is_told_from_an_erased_one() -> None:
    vault, subject = Vault(Keys(MASTER), "x"), uuid4()
    box = Sealed(key=subject, key_version=1, bound=uuid4(), field="reason", box="AAAA")
    assert vault.open([box], {}) == {"AAAA": None}
    wrapped = Keys(b"y" * 32).wrap(b"k" * 32, subject, 1)
    with pytest.raises(ValueError, match="vault key"):
        vault.open([box], {(subject, 1): wrapped})
