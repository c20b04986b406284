"""Global ids: opaque to clients, `Type:key` or, in an answer from the past, `Type:key@position` to us."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import strawberry

from compact_domain.kernel import InvalidInput

from .scalars import CODE, GREATEST_POSITION, Position

_PLAIN = re.compile(r"(?P<kind>[A-Z][A-Za-z0-9]{0,49}):(?P<key>[A-Za-z0-9][A-Za-z0-9._/-]{0,99})(?:@(?P<at>\d{1,19}))?")


@dataclass(frozen=True)
class GlobalId:
    """What a global id says: the type, its key there (a UUID or a code) and, if it is from the past, the position.

    An answer from the past has ids of its own, so that a client that keeps objects by id does not overwrite the
    present with it.
    """

    kind: str
    key: UUID | str
    at: Position | None = None

    def __str__(self) -> str:
        plain = f"{self.kind}:{self.key}" if self.at is None else f"{self.kind}:{self.key}@{self.at}"
        if not _PLAIN.fullmatch(plain):
            raise ValueError(f"no global id can say {plain!r}")
        return urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @property
    def opaque(self) -> strawberry.ID:
        """As it is handed out."""
        return strawberry.ID(str(self))

    @classmethod
    def parse(cls, text: str, *, field: str = "id") -> Self:
        """Read an id that was handed out. `InvalidInput` on `field` for anything else."""
        try:
            plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        except (binascii.Error, ValueError):
            plain = ""
        match = _PLAIN.fullmatch(plain)
        if match is None or urlsafe_b64encode(plain.encode()).decode().rstrip("=") != text.rstrip("="):
            raise InvalidInput(fields=[(field, "is not an id that this service handed out")])
        at = match["at"]
        if at is not None and (int(at) > GREATEST_POSITION or str(int(at)) != at):
            raise InvalidInput(fields=[(field, "names a position that cannot be")])
        return cls(kind=match["kind"], key=_key(match["key"]), at=None if at is None else Position(int(at)))


def parse_reference(text: str, kind: str, *, field: str = "id") -> UUID | str:
    """The key of a `kind` that an id argument names by global id or by code. `InvalidInput` on `field`."""
    if CODE.fullmatch(text):
        return text
    found = GlobalId.parse(text, field=field)
    if found.kind != kind:
        raise InvalidInput(fields=[(field, f"is the id of a {found.kind}, not of a {kind}")])
    if found.at is not None:
        raise InvalidInput(fields=[(field, "is an id from the past; only the present can be changed")])
    return found.key


def _key(text: str) -> UUID | str:
    try:
        key = UUID(text)
    except ValueError:
        return text
    return key if str(key) == text else text
