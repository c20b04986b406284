"""The scalars of the schema: strict about what comes in, canonical in what goes out.

A value of the wrong form is a GraphQL error with the code `BAD_USER_INPUT`; texts are judged apart (`text.py`), so
that what people type is refused as data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NewType
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import available_timezones

import strawberry
from email_validator import EmailNotValidError, validate_email
from graphql import GraphQLError, GraphQLString
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from .text import Cursor, LongText, Markdown, ShortText

Code = NewType("Code", str)
CountryCode = NewType("CountryCode", str)
EmailAddress = NewType("EmailAddress", str)
LanguageCode = NewType("LanguageCode", str)
Position = NewType("Position", int)
RegionCode = NewType("RegionCode", str)
TimeZone = NewType("TimeZone", str)
URL = NewType("URL", str)

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
GREATEST_POSITION = 2**63 - 1
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,18}(\.\d{1,9})?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?", re.ASCII)
_POSITION = re.compile(r"\d{1,19}", re.ASCII)
_URL = re.compile(r"[!-~]{1,2000}")


def _refused(name: str, problem: str) -> GraphQLError:
    return GraphQLError(f"{name} {problem}", extensions={"code": "BAD_USER_INPUT"})


def _written(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _refused(name, "must be a string")
    return value


def _matching(name: str, pattern: re.Pattern[str], form: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not pattern.fullmatch(text := _written(name, value)):
            raise _refused(name, form)
        return text

    return parse


def _parse_instant(value: object) -> datetime:
    """An instant with its offset, turned to UTC. Without offset it would mean another instant to each reader."""
    text = _written("DateTime", value)
    if not _INSTANT.fullmatch(text):
        raise _refused("DateTime", "must be written as in RFC 3339 with an offset, such as 2025-06-12T09:30:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refused("DateTime", "is not an instant of the calendar") from None


def write_instant(value: datetime) -> str:
    """In UTC with a Z."""
    if value.tzinfo is None:
        raise TypeError("an instant without offset")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parse_day(value: object) -> date:
    """A day of the calendar, without time or zone."""
    text = _written("Date", value)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _refused("Date", "must be a day of the calendar, such as 2025-06-12")


def _write_day(value: date) -> str:
    if isinstance(value, datetime):
        raise TypeError("an instant where a day belongs")
    return value.isoformat()


def _parse_uuid(value: object) -> UUID:
    text = _written("UUID", value)
    try:
        if len(text) == 36:
            return UUID(text)
    except ValueError:
        pass
    raise _refused("UUID", "must have 32 hexadecimal digits in five groups")


def _parse_decimal(value: object) -> Decimal:
    text = _written("Decimal", value)
    if not _DECIMAL.fullmatch(text):
        raise _refused("Decimal", 'must be a decimal number as a string, such as "12.50"')
    return Decimal(text)


def _parse_position(value: object) -> Position:
    """A place in the history, from 0. A string, since JSON numbers of many clients end at 2^53."""
    text = _written("Position", value)
    if _POSITION.fullmatch(text) and (number := int(text)) <= GREATEST_POSITION:
        return Position(number)
    raise _refused("Position", 'must be a whole number as a string, such as "1234"')


def _parse_email(value: object) -> EmailAddress:
    text = _written("EmailAddress", value)
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        raise _refused("EmailAddress", f"is not an address: {error}") from None
    return EmailAddress(text)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory", "posixrules"}


def _parse_zone(value: object) -> TimeZone:
    text = _written("TimeZone", value)
    if text not in _zones():
        raise _refused("TimeZone", "must be a zone of the IANA database, such as Africa/Addis_Ababa")
    return TimeZone(text)


def _parse_url(value: object) -> URL:
    text = _written("URL", value)
    try:
        parts = urlsplit(text)
        if _URL.fullmatch(text) and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return URL(text)
    except ValueError:
        pass
    raise _refused("URL", "must be an http or https address")


def _scalar(
    name: str,
    description: str,
    parse: Callable[[Any], Any],
    serialize: Callable[[Any], Any] = str,
    specified_by: str | None = None,
) -> ScalarDefinition:
    return strawberry.scalar(
        name=name, description=description, specified_by_url=specified_by, parse_value=parse, serialize=serialize
    )


def _coded(name: str, description: str) -> ScalarDefinition:
    return _scalar(name, description, _matching(name, CODE, "must be 2 to 32 of A-Z, 0-9 and -, not - first"))


_RFC = "https://www.rfc-editor.org/rfc/"
_STRING = ScalarDefinition(
    name="String",
    description=GraphQLString.description,
    specified_by_url=None,
    serialize=None,
    parse_value=None,
    parse_literal=None,
    implementation=GraphQLString,
    origin=GraphQLString,
)

SCALARS: Mapping[object, ScalarDefinition] = {
    str: _STRING,
    ShortText: _STRING,
    LongText: _STRING,
    Cursor: _STRING,
    Markdown: _scalar(
        "Markdown",
        "Text in CommonMark, at most 20,000 characters. HTML in it is shown as text.",
        lambda value: Markdown(_written("Markdown", value)),
        specified_by="https://spec.commonmark.org/",
    ),
    datetime: _scalar(
        "DateTime",
        "An instant: RFC 3339, with its offset when sent, in UTC when answered: `2025-06-12T09:30:00Z`.",
        _parse_instant,
        write_instant,
        specified_by=f"{_RFC}rfc3339",
    ),
    date: _scalar(
        "Date",
        "A day of the calendar: `2025-06-12`.",
        _parse_day,
        _write_day,
        specified_by=f"{_RFC}rfc3339#section-5.6",
    ),
    UUID: _scalar("UUID", "A universally unique identifier.", _parse_uuid, specified_by=f"{_RFC}rfc9562"),
    Decimal: _scalar(
        "Decimal",
        "A decimal number as a string, so that nothing is rounded on the way: at most 18 digits and 9 decimals.",
        _parse_decimal,
        lambda value: format(value, "f"),
    ),
    Position: _scalar(
        "Position",
        "A place in the history: the number of a fact, as a string of decimal digits. 0 is before the first.",
        _parse_position,
    ),
    EmailAddress: _scalar(
        "EmailAddress",
        "An e-mail address, kept as it was typed.",
        _parse_email,
        specified_by=f"{_RFC}rfc5321#section-4.1.2",
    ),
    CountryCode: _scalar(
        "CountryCode",
        "A country: two letters of ISO 3166-1.",
        _matching("CountryCode", re.compile("[A-Z]{2}"), "must be two capital letters, such as KE"),
        specified_by="https://www.iso.org/iso-3166-country-codes.html",
    ),
    LanguageCode: _scalar(
        "LanguageCode",
        "A language: `ar`, `zh`, `en`, `fr`, `ru`, `es` or another tag of BCP 47 with script and region, such as "
        "`pt-BR`.",
        _matching("LanguageCode", _LANGUAGE, "must be a language tag, such as en or zh-Hant-TW"),
        specified_by=f"{_RFC}rfc5646",
    ),
    TimeZone: _scalar(
        "TimeZone",
        "A zone of the IANA database, such as `Africa/Addis_Ababa`. Never an abbreviation.",
        _parse_zone,
        specified_by="https://www.iana.org/time-zones",
    ),
    URL: _scalar("URL", "An http or https address.", _parse_url, specified_by=f"{_RFC}rfc3986"),
    Code: _coded("Code", "A unique code, safe in addresses: 2 to 32 of A-Z, 0-9 and -, such as `REC-2025-014`."),
    RegionCode: _coded("RegionCode", "The code of a region in the catalogue."),
}


def schema_config() -> StrawberryConfig:
    """The configuration every schema of ours is built with. Never `sort_schema`: it breaks unions (sort the export)."""
    return StrawberryConfig(scalar_map=SCALARS)
