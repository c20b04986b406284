"""Words of the field that several aggregates share: enumerations and value types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta

from compact_domain.kernel import Code, InvalidInput, Value

Title = Annotated[str, Meta(min_length=1, max_length=300)]
Text = Annotated[str, Meta(min_length=1, max_length=20_000)]
Zone = Annotated[str, Meta(min_length=1, max_length=64, description="IANA time zone")]
Language = Annotated[str, Meta(pattern=r"^(ar|en|es|fr|ru|zh)$", description="a working language of the UN")]

LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")


class Names(Value, frozen=True, kw_only=True):
    """A name in the working languages of the United Nations; English is always there."""

    en: Title
    fr: Title | None = None
    es: Title | None = None
    ru: Title | None = None
    ar: Title | None = None
    zh: Title | None = None


class OrganizationKind(StrEnum):
    """What an organization is; whether it is part of the Compact is another matter (`CompactStatus`)."""

    UN_ENTITY = "un_entity"
    INTERNATIONAL_ORGANIZATION = "international_organization"
    REGIONAL_ORGANIZATION = "regional_organization"
    MEMBER_STATE = "member_state"
    CIVIL_SOCIETY = "civil_society"
    ACADEMIA = "academia"
    PRIVATE_SECTOR = "private_sector"


class CompactStatus(StrEnum):
    """How an organization belongs to the Compact."""

    MEMBER = "member"
    OBSERVER = "observer"
    NONE = "none"


class Mode(StrEnum):
    """How somebody takes part."""

    IN_PERSON = "in_person"
    VIRTUAL = "virtual"


class Category(StrEnum):
    """As what somebody takes part."""

    REPRESENTATIVE = "representative"
    DELEGATE = "delegate"
    GUEST_SPEAKER = "guest_speaker"
    SECRETARIAT = "secretariat"


class Method(StrEnum):
    """How a body came to its decision."""

    CONSENSUS = "consensus"
    SILENCE_PROCEDURE = "silence_procedure"
    VOTE = "vote"


class BodyAct(Value, frozen=True, kw_only=True):
    """A body's decision: which body, in which meeting, under which number, on which day, how."""

    body: Annotated[Code, Meta(description="code of the body that decided")]
    meeting: Annotated[str, Meta(min_length=1, max_length=64, description="code of its meeting")]
    number: Annotated[str, Meta(min_length=1, max_length=64, description="number of the decision")]
    decided_on: date
    method: Method


class Severity(StrEnum):
    """How much a capacity gap matters to those who voiced it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@cache
def currencies() -> Mapping[str, int]:
    """The currencies of ISO 4217, by code, each with the decimals that its amounts have."""
    text = files("compact_domain").joinpath("catalogues", "currencies.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, int])


class Money(Value, frozen=True, kw_only=True):
    """An amount of money in a currency."""

    amount: Annotated[Decimal, Meta(description="how much; not negative")]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="code of the currency in ISO 4217")]

    @classmethod
    def of(cls, amount: Decimal, currency: str, *, field: str) -> Money:
        """An amount as a caller gives it. `InvalidInput` on `field` for what is none, or of no known currency."""
        decimals = currencies().get(currency)
        if decimals is None:
            raise InvalidInput(fields=[(f"{field}.currency", "is no currency of ISO 4217")])
        if not amount.is_finite() or amount < 0:
            raise InvalidInput(fields=[(f"{field}.amount", "must be a number that is not negative")])
        exact = amount.quantize(Decimal(1).scaleb(-decimals))
        if exact != amount:
            raise InvalidInput(fields=[(f"{field}.amount", f"has more than the {decimals} decimals of {currency}")])
        return cls(amount=exact, currency=currency)
