"""Words of the field that several aggregates share: enumerations and value types."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from compact_domain.kernel import Code, Value

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
