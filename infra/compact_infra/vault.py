"""Keys and details of persons: the only place that can be made to forget, and the only one that opens sealed text."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
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
NO_KEY = "the vault key must be 32 bytes, as base64"


class Keys:
    """What lies outside the database: one master key, and the keys derived from it for each purpose."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise ValueError(NO_KEY)
        self._master = master
        self._wrap = AESGCM(self.derive("wrap"))
        self._email = self.derive("email")
        self._request = self.derive("request")

    @classmethod
    def from_file(cls, path: Path) -> Keys:
        """The keys of a file readable to its owner alone, made at the first start, whoever starts first."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, base64.b64encode(secrets.token_bytes(32)))
        return cls.from_text(path.read_text("ascii"))

    @classmethod
    def from_text(cls, text: str) -> Keys:
        """The keys of a setting or file. Raises `ValueError`."""
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except binascii.Error:
            raise ValueError(NO_KEY) from None

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


def _write_once(path: Path, content: bytes) -> None:
    """Let a file appear whole, or leave the one that another process was faster to make."""
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def normalised(email: str) -> str:
    """One spelling for all of an address: NFC, case folded, domain in IDNA. Raises `InvalidInput`."""
    local, _, domain = _folded(email.strip()).rpartition("@")
    if not local or not domain:
        raise InvalidInput(fields=[("email", "is not an e-mail address")])
    try:
        ascii_domain = domain.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        raise InvalidInput(fields=[("email", "has no valid domain")]) from None
    return f"{local}@{ascii_domain}"


def _folded(text: str) -> str:
    """Case folded and composed, whichever of both the spelling was (Unicode, section 3.13, canonical caseless)."""
    decomposed = unicodedata.normalize("NFD", text).casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", decomposed).casefold())


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

    def belongs(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether the master key is the one this database was made with; a new database takes it for its own."""
        fingerprint = self.keys.derive("fingerprint")
        connection.execute(
            self.sql("insert into {v}.master (fingerprint) values (%s) on conflict do nothing"), (fingerprint,)
        )
        row = connection.execute(self.sql("select fingerprint from {v}.master")).fetchone()
        return row is not None and hmac.compare_digest(row[0], fingerprint)

    def open(self, boxes: Iterable[Sealed], wrapped: Mapping[tuple[UUID, int], bytes]) -> dict[str, str | None]:
        """The texts of sealed values by their box, given the wrapped keys; None where the key has been erased.

        Raises `ValueError` for a box that does not belong where it stands, or a key that another master key wrapped.
        """
        texts: dict[str, str | None] = {}
        unwrapped: dict[tuple[UUID, int], AESGCM] = {}
        for sealed in boxes:
            whose = (sealed.key, sealed.key_version)
            if whose not in wrapped:
                texts[sealed.box] = None
                continue
            try:
                if whose not in unwrapped:
                    unwrapped[whose] = AESGCM(self.keys.unwrap(wrapped[whose], *whose))
            except InvalidTag:
                raise ValueError("the vault key is not the one that wrapped this key") from None
            try:
                box = base64.b64decode(sealed.box)
                text = unwrapped[whose].decrypt(box[:NONCE], box[NONCE:], _bound(*whose, sealed.bound, sealed.field))
            except (InvalidTag, ValueError):
                raise ValueError(f"sealed {sealed.field} does not belong here") from None
            texts[sealed.box] = text.decode()
        return texts


class VaultSession:
    """The vault during one attempt at a command. What it writes, it writes with the facts, in `write()`."""

    def __init__(self, vault: Vault, connection: psycopg.Connection[Any]) -> None:
        self._vault, self._connection = vault, connection
        self._keys: dict[UUID, tuple[int, bytes]] = {}
        self._writes: list[tuple[LiteralString, dict[str, Any]]] = []
        self._enrolled: dict[bytes, UUID] = {}

    @property
    def pending(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._writes)

    def seal(self, text: str, *, field: str, about: UUID, bound: UUID) -> Sealed:
        version, key = self._key(about)
        nonce = os.urandom(NONCE)
        box = nonce + AESGCM(key).encrypt(nonce, text.encode(), _bound(about, version, bound, field))
        return Sealed(key=about, key_version=version, bound=bound, field=field, box=base64.b64encode(box).decode())

    def person(self, email: str) -> UUID | None:
        digest = self._vault.keys.email_hash(email)
        if digest in self._enrolled:
            return self._enrolled[digest]
        row = self._one("select subject from {v}.email where hash = %s", digest)
        return row[0] if row else None

    def enrol(self, subject: UUID, details: PersonDetails, *, vouched: bool = True) -> str:
        """Keep details; answers their hash. `InvalidInput` if the address is known as somebody else's.

        What is not vouched for is known by its hash alone, to the fact it was stated with: it renames nobody.
        """
        owner = self.person(details.email)
        if owner not in (None, subject):
            raise InvalidInput(fields=[("email", "is known as that of another person")])
        row = self._one(
            "select version, name, email, phone, title, needs, hash, vouched from {v}.person where subject = %s"
            " order by version desc limit 1",
            subject,
        )
        latest = row[0] if row else 0
        same = row and PersonDetails(name=row[1], email=row[2], phone=row[3], title=row[4], needs=row[5]) == details
        if row and same and (row[7] or not vouched):
            return str(row[6])
        salt = os.urandom(16)
        digest_of_details = details_hash(details, salt)
        self._write(
            "insert into {v}.person (subject, version, name, email, phone, title, needs, salt, hash, vouched,"
            " recorded_at) values (%(subject)s, %(version)s, %(name)s, %(email)s, %(phone)s, %(title)s, %(needs)s,"
            " %(salt)s, %(hash)s, %(vouched)s, %(at)s)",
            subject=subject,
            version=latest + 1,
            salt=salt,
            hash=digest_of_details,
            vouched=vouched or latest == 0,
            **msgspec.structs.asdict(details),
        )
        if owner is None:
            digest = self._vault.keys.email_hash(details.email)
            self._write(
                "insert into {v}.email (hash, subject) values (%(hash)s, %(subject)s)", hash=digest, subject=subject
            )
            self._enrolled[digest] = subject
        return digest_of_details

    def erase(self, subject: UUID) -> None:
        """Forget who somebody is and all that was sealed about a subject, at past moments too."""
        self._keys.pop(subject, None)
        self._write("delete from {v}.person where subject = %(subject)s", subject=subject)
        self._write("delete from {v}.email where subject = %(subject)s", subject=subject)
        self._write(
            "with gone as (delete from {v}.key where subject = %(subject)s returning subject, version)"
            " insert into {v}.erased (subject, version, erased_at) select subject, version, %(at)s from gone",
            subject=subject,
        )

    def write(self, at: datetime) -> None:
        """Write what this attempt brought, as of the instant its facts are recorded at, in their transaction."""
        for statement, values in self._writes:
            self._connection.execute(self._vault.sql(statement), {**values, "at": at})

    def _write(self, statement: LiteralString, **values: Any) -> None:
        self._writes.append((statement, values))

    def _key(self, subject: UUID) -> tuple[int, bytes]:
        if subject not in self._keys:
            row = self._one(
                "select version, wrapped from {v}.key where subject = %s order by version desc limit 1", subject
            )
            if row:
                self._keys[subject] = (row[0], self._vault.keys.unwrap(bytes(row[1]), subject, row[0]))
            else:
                erased = self._one("select coalesce(max(version), 0) from {v}.erased where subject = %s", subject)
                key, version = secrets.token_bytes(32), 1 + (erased[0] if erased else 0)
                self._write(
                    "insert into {v}.key (subject, version, wrapped, created_at)"
                    " values (%(subject)s, %(version)s, %(wrapped)s, %(at)s)",
                    subject=subject,
                    version=version,
                    wrapped=self._vault.keys.wrap(key, subject, version),
                )
                self._keys[subject] = (version, key)
        return self._keys[subject]

    def _one(self, statement: LiteralString, value: UUID | bytes) -> Any:
        return self._connection.execute(self._vault.sql(statement), (value,), prepare=True).fetchone()
