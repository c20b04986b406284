"""Keys and details of persons: the only place that can be made to forget, and the only one that opens sealed text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from psycopg import sql

from compact_domain.kernel import InvalidInput, PersonDetails, Sealed

NONCE = 12


class Keys:
    """What lies outside the database: one master key, and the keys derived from it for each purpose."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise ValueError("the vault key must be 32 bytes")
        self._master = master
        self._wrap = AESGCM(self.derive("wrap"))
        self._email = self.derive("email")
        self._request = self.derive("request")

    @classmethod
    def from_file(cls, path: Path) -> Keys:
        """The keys of a file readable to its owner alone, made at the first start."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(base64.b64decode(path.read_bytes()))
        master = secrets.token_bytes(32)
        with os.fdopen(fd, "wb") as file:
            file.write(base64.b64encode(master))
            file.flush()
            os.fsync(file.fileno())
        return cls(master)

    @classmethod
    def from_text(cls, text: str) -> Keys:
        return cls(base64.b64decode(text))

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose; knowing it tells nothing of the others."""
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"compact:{purpose}".encode()).derive(
            self._master
        )

    def wrap(self, key: bytes, subject: UUID, version: int) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._wrap.encrypt(nonce, key, f"{subject}:{version}".encode())

    def unwrap(self, wrapped: bytes, subject: UUID, version: int) -> bytes:
        return self._wrap.decrypt(wrapped[:NONCE], wrapped[NONCE:], f"{subject}:{version}".encode())

    def email_hash(self, email: str) -> bytes:
        """Keyed hash of an address as all its spellings have it in common (NFC, case folded, IDNA)."""
        return hmac.digest(self._email, normalised(email).encode(), "sha256")

    def request_hash(self, request: bytes) -> bytes:
        """Keyed hash of what a command was asked with, for the command log: it may hold personal data."""
        return hmac.digest(self._request, request, "sha256")


def normalised(email: str) -> str:
    """One spelling for all of an address: NFC, case folded, domain in IDNA. Raises `InvalidInput`."""
    local, at, domain = unicodedata.normalize("NFC", email.strip()).casefold().rpartition("@")
    if not at or not local or not domain:
        raise InvalidInput(fields=[("email", "is not an e-mail address")])
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError:
        raise InvalidInput(fields=[("email", "has no valid domain")]) from None
    return f"{local}@{ascii_domain}"


def details_hash(details: PersonDetails, salt: bytes) -> str:
    """What a fact keeps of a person's details: an exchanged name is found, an erased one (salt gone) leaves nothing."""
    return hashlib.sha256(salt + msgspec.json.encode(details, order="sorted")).hexdigest()


def _bound(sealed_for: UUID, version: int, bound: UUID, field: str) -> bytes:
    return f"{sealed_for}:{version}:{bound}:{field}".encode()


class Vault:
    """The vault of one installation."""

    def __init__(self, keys: Keys, schema: str) -> None:
        self.keys, self.schema = keys, schema

    def sql(self, statement: LiteralString) -> sql.Composed:
        return sql.SQL(statement).format(v=sql.Identifier(f"{self.schema}_vault"))

    def session(self, connection: psycopg.Connection[Any]) -> VaultSession:
        return VaultSession(self, connection)

    def open(self, boxes: Iterable[Sealed], wrapped: Mapping[tuple[UUID, int], bytes]) -> dict[str, str | None]:
        """The texts of sealed values by their box, given the wrapped keys; None where the key has been erased.

        Raises `ValueError` for a box that does not belong where it stands.
        """
        texts: dict[str, str | None] = {}
        unwrapped: dict[tuple[UUID, int], AESGCM] = {}
        for sealed in boxes:
            whose = (sealed.key, sealed.key_version)
            if whose not in wrapped:
                texts[sealed.box] = None
                continue
            if whose not in unwrapped:
                unwrapped[whose] = AESGCM(self.keys.unwrap(wrapped[whose], *whose))
            box = base64.b64decode(sealed.box)
            try:
                text = unwrapped[whose].decrypt(box[:NONCE], box[NONCE:], _bound(*whose, sealed.bound, sealed.field))
            except InvalidTag:
                raise ValueError(f"sealed {sealed.field} does not belong here") from None
            texts[sealed.box] = text.decode()
        return texts


class VaultSession:
    """The vault during one attempt at a command. What it writes, it writes with the facts, in `write()`."""

    def __init__(self, vault: Vault, connection: psycopg.Connection[Any]) -> None:
        self._vault, self._connection = vault, connection
        self._keys: dict[UUID, tuple[int, bytes]] = {}
        self._writes: list[tuple[sql.Composed, tuple[Any, ...]]] = []
        self._enrolled: dict[bytes, UUID] = {}

    def seal(self, text: str, *, field: str, about: UUID, bound: UUID) -> Sealed:
        version, key = self._key(about)
        nonce = os.urandom(NONCE)
        box = nonce + AESGCM(key).encrypt(nonce, text.encode(), _bound(about, version, bound, field))
        return Sealed(key=about, key_version=version, bound=bound, field=field, box=base64.b64encode(box).decode())

    def person(self, email: str) -> UUID | None:
        digest = self._vault.keys.email_hash(email)
        if digest in self._enrolled:
            return self._enrolled[digest]
        row = self._connection.execute(
            self._vault.sql("select subject from {v}.email where hash = %s"), (digest,), prepare=True
        ).fetchone()
        return row[0] if row else None

    def enrol(self, subject: UUID, details: PersonDetails) -> str:
        digest = self._vault.keys.email_hash(details.email)
        row = self._connection.execute(
            self._vault.sql(
                "select version, name, email, phone, title, needs, salt from {v}.person where subject = %s"
                " order by version desc limit 1"
            ),
            (subject,),
        ).fetchone()
        latest = row[0] if row else 0
        if row and PersonDetails(name=row[1], email=row[2], phone=row[3], title=row[4], needs=row[5]) == details:
            return details_hash(details, bytes(row[6]))
        salt = os.urandom(16)
        fields = (details.name, details.email, details.phone, details.title, details.needs)
        self._writes.append(
            (
                self._vault.sql(
                    "insert into {v}.person (subject, version, name, email, phone, title, needs, salt)"
                    " values (%s, %s, %s, %s, %s, %s, %s, %s)"
                ),
                (subject, latest + 1, *fields, salt),
            )
        )
        if self.person(details.email) != subject:
            insert = self._vault.sql("insert into {v}.email (hash, subject) values (%s, %s)")
            self._writes.append((insert, (digest, subject)))
            self._enrolled[digest] = subject
        return details_hash(details, salt)

    def write(self) -> None:
        """Write what this attempt brought, inside the transaction that writes its facts."""
        for statement, values in self._writes:
            self._connection.execute(statement, values)

    def _key(self, subject: UUID) -> tuple[int, bytes]:
        if subject not in self._keys:
            row = self._connection.execute(
                self._vault.sql(
                    "select version, wrapped from {v}.key where subject = %s order by version desc limit 1"
                ),
                (subject,),
                prepare=True,
            ).fetchone()
            if row:
                self._keys[subject] = (row[0], self._vault.keys.unwrap(bytes(row[1]), subject, row[0]))
            else:
                key = secrets.token_bytes(32)
                insert = self._vault.sql("insert into {v}.key (subject, version, wrapped) values (%s, 1, %s)")
                self._writes.append((insert, (subject, self._vault.keys.wrap(key, subject, 1))))
                self._keys[subject] = (1, key)
        return self._keys[subject]
