"""Global ids: what goes out comes back, and nothing else comes in."""

from __future__ import annotations

import base64
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compact_api.ids import GlobalId, parse_reference
from compact_api.scalars import Position
from compact_domain.kernel import InvalidInput

KEY = UUID("6f1d2c0e-5b52-4c5e-9a55-2f6c1f0f2025")
CODES = st.from_regex(r"[A-Z0-9][A-Z0-9-]{1,31}", fullmatch=True)
KINDS = st.from_regex(r"[A-Z][a-z]{2,20}([A-Z][a-z]{2,10})?", fullmatch=True)
POSITIONS = st.integers(0, 2**63 - 1).map(Position)


def opaque(plain: str) -> str:
    return base64.urlsafe_b64encode(plain.encode()).decode()


@given(KINDS, st.uuids() | CODES, st.none() | POSITIONS)
def test_an_id_says_again_what_it_was_made_of(kind: str, key: UUID | str, at: Position | None) -> None:
    made = GlobalId(kind=kind, key=key, at=at)
    assert GlobalId.parse(made.opaque) == made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "ÄÖÜ",
        "=",
        "\u0000",
        "\ud800",
        opaque("Recommendation"),
        opaque("Recommendation:"),
        opaque("recommendation:REC-1"),
        opaque("Recommendation:REC-1@"),
        opaque("Recommendation:REC-1@-1"),
        opaque("Recommendation:REC-1@007"),
        opaque("Recommendation:REC-1@9999999999999999999"),
        opaque("Recommendation:REC-1; drop table event"),
        opaque("Recommendation:REC\u0000"),
        opaque("Recommendation:" + "A" * 200),
        opaque("Recommendation:REC-1") + "!",
        "!" + opaque("Recommendation:REC-1"),
    ],
)
def test_anything_else_is_refused_by_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        GlobalId.parse(text, field="recommendation")
    assert [name for name, _ in refused.value.fields] == ["recommendation"]


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(InvalidInput):
        assert GlobalId.parse(text).opaque == text.rstrip("=")


def test_an_id_that_could_not_be_read_again_is_not_made() -> None:
    with pytest.raises(ValueError, match="no global id"):
        _ = GlobalId(kind="Recommendation", key="a key with spaces").opaque


@given(KINDS, st.uuids() | CODES)
def test_a_reference_is_a_code_or_an_id_of_the_kind(kind: str, key: UUID | str) -> None:
    assert parse_reference(GlobalId(kind=kind, key=key).opaque, kind) == key


@given(CODES)
def test_a_code_stands_for_itself(code: str) -> None:
    assert parse_reference(code, "Recommendation") == code


def test_a_reference_to_another_kind_or_to_the_past_is_refused() -> None:
    of_another = GlobalId(kind="Retreat", key=uuid4()).opaque
    of_the_past = GlobalId(kind="Recommendation", key=KEY, at=Position(1234)).opaque
    for text in (of_another, of_the_past, "rec-2025-014"):
        with pytest.raises(InvalidInput):
            parse_reference(text, "Recommendation")
