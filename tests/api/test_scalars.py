"""What the scalars let in, what they write, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest
import strawberry
from graphql import GraphQLError

from compact_api.fields import question
from compact_api.scalars import (
    SCALARS,
    URL,
    Code,
    CountryCode,
    EmailAddress,
    LanguageCode,
    Position,
    RegionCode,
    TimeZone,
    schema_config,
)
from compact_api.shapes import shape
from compact_api.text import Markdown

INSTANT = datetime(2025, 6, 12, 6, 30, tzinfo=UTC)

ACCEPTED: list[tuple[object, str, object]] = [
    (datetime, "2025-06-12T09:30:00+03:00", INSTANT),
    (datetime, "2025-06-12T06:30:00Z", INSTANT),
    (datetime, "2025-06-12T06:30:00.250Z", INSTANT + timedelta(milliseconds=250)),
    (date, "2024-02-29", date(2024, 2, 29)),
    (UUID, "6f1d2c0e-5b52-4c5e-9a55-2f6c1f0f2025", UUID("6f1d2c0e-5b52-4c5e-9a55-2f6c1f0f2025")),
    (Decimal, "-12.50", Decimal("-12.50")),
    (Position, "9007199254740993", 9007199254740993),
    (EmailAddress, "Amina.Diallo@AfricanUnion.example.org", "Amina.Diallo@AfricanUnion.example.org"),
    (CountryCode, "KE", "KE"),
    (LanguageCode, "ar", "ar"),
    (LanguageCode, "zh-Hant-TW", "zh-Hant-TW"),
    (LanguageCode, "es-419", "es-419"),
    (TimeZone, "Africa/Addis_Ababa", "Africa/Addis_Ababa"),
    (URL, "https://www.un.org/counterterrorism/", "https://www.un.org/counterterrorism/"),
    (Code, "OAS-CICTE", "OAS-CICTE"),
    (RegionCode, "SAHEL", "SAHEL"),
]

REFUSED: list[tuple[object, object]] = [
    (datetime, "2025-06-12T09:30:00"),
    (datetime, "2025-06-12"),
    (datetime, "2025-06-31T09:30:00Z"),
    (datetime, "0001-01-01T00:00:00+14:00"),
    (datetime, "2025-06-12T09:30:00+25:00"),
    (datetime, 1749711000),
    (date, "2025-02-29"),
    (date, "20250612"),
    (date, "2025-W24-4"),
    (UUID, "6f1d2c0e5b524c5e9a552f6c1f0f2025"),
    (UUID, "{f1d2c0e-5b52-4c5e-9a55-2f6c1f0f202}"),
    (Decimal, 12.5),
    (Decimal, "NaN"),
    (Decimal, "1e9"),
    (Decimal, "١٢"),
    (Decimal, "1" * 19),
    (Position, 7),
    (Position, "-1"),
    (Position, "9223372036854775808"),
    (Position, "٧"),
    (EmailAddress, "amina@localhost"),
    (EmailAddress, "amina"),
    (EmailAddress, "amina@example.org\n"),
    (CountryCode, "ke"),
    (CountryCode, "KEN"),
    (LanguageCode, "english"),
    (LanguageCode, "EN"),
    (TimeZone, "EST5"),
    (TimeZone, "../../etc/passwd"),
    (TimeZone, "localtime"),
    (URL, "javascript:alert(1)"),
    (URL, "ftp://example.org"),
    (URL, "https://"),
    (URL, "https://example.org/\u0000"),
    (URL, "https://[::1"),
    (Code, "x"),
    (Code, "rec-1"),
    (Code, "-REC"),
    (Code, "A" * 33),
    (Code, "REC-1\n"),
    (Markdown, 5),
]


def parser(kind: object) -> Callable[[Any], Any]:
    parse = SCALARS[kind].parse_value
    assert parse is not None
    return parse


def writer(kind: object) -> Callable[[Any], Any]:
    serialize = SCALARS[kind].serialize
    assert serialize is not None
    return serialize


@pytest.mark.parametrize(("kind", "written", "value"), ACCEPTED)
def test_a_scalar_reads_what_it_should(kind: object, written: str, value: object) -> None:
    assert parser(kind)(written) == value


@pytest.mark.parametrize(("kind", "written"), REFUSED)
def test_a_scalar_refuses_the_rest_as_bad_user_input(kind: object, written: object) -> None:
    with pytest.raises(GraphQLError) as refused:
        parser(kind)(written)
    assert refused.value.extensions == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(("kind", "written", "value"), ACCEPTED)
def test_what_a_scalar_writes_it_reads_again(kind: object, written: str, value: object) -> None:
    assert parser(kind)(writer(kind)(value)) == value


def test_an_instant_is_written_in_utc_with_a_z() -> None:
    nairobi = INSTANT.astimezone(timezone(timedelta(hours=3)))
    assert writer(datetime)(nairobi) == "2025-06-12T06:30:00Z"


def test_an_instant_without_offset_is_never_written() -> None:
    with pytest.raises(TypeError):
        writer(datetime)(INSTANT.replace(tzinfo=None))


def test_a_decimal_is_written_without_exponent() -> None:
    assert writer(Decimal)(Decimal("1E+3")) == "1000"


@shape
class Query:
    """What can be asked here."""

    @question
    def echo(
        self,
        at: Annotated[datetime | None, strawberry.argument("An instant.")] = None,
        on: Annotated[date | None, strawberry.argument("A day.")] = None,
        amount: Annotated[Decimal | None, strawberry.argument("An amount.")] = None,
        position: Annotated[Position | None, strawberry.argument("A position.")] = None,
    ) -> str:
        """What arrived."""
        return repr((at, on, amount, position))

    @question
    def head(self) -> Position:
        """The last position."""
        return Position(2**60)


SCHEMA = strawberry.Schema(Query, config=schema_config())


def test_the_schema_uses_ours_in_place_of_the_built_in_ones() -> None:
    answer = SCHEMA.execute_sync('{ echo(at: "2025-06-12T09:30:00") }')
    assert answer.data is None
    assert answer.errors is not None
    assert [error.extensions for error in answer.errors] == [{"code": "BAD_USER_INPUT"}]
    assert "offset" in answer.errors[0].message


def test_a_bad_scalar_in_a_variable_has_the_same_code() -> None:
    answer = SCHEMA.execute_sync("query($d: Date) { echo(on: $d) }", variable_values={"d": "yesterday"})
    assert answer.errors is not None
    assert [error.extensions for error in answer.errors] == [{"code": "BAD_USER_INPUT"}]


def test_a_position_beyond_the_numbers_of_json_arrives_whole() -> None:
    assert SCHEMA.execute_sync("{ head }").data == {"head": str(2**60)}


def test_every_scalar_says_what_it_is() -> None:
    assert [scalar.name for scalar in SCALARS.values() if not scalar.description] == []
    assert 'scalar DateTime @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339")' in SCHEMA.as_str()
