"""Focal points as the facts make them: how they stand on a day, who follows whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from compact_domain.focal_point import FocalPoint, FocalPointState, OpenItem, Term
from compact_projections.focal_points import FocalPoints
from tests.domain.scenario import person, said
from tests.projections.rows import Rows, shown

TERM = Term(starts_on=date(2025, 6, 10), ends_on=date(2025, 12, 31))
WHERE: dict[str, Any] = {"organization": "ECOWAS", "regions": ("WEST-AFRICA",)}
NOMINATED = said(FocalPoint.Created, **WHERE, subject=person("awa"), details_hash="0" * 64, term=TERM)
CONFIRMED = said(FocalPoint.Confirmed, **WHERE, subject=person("awa"), ends_on=TERM.ends_on)
JOINED = said(FocalPoint.AlternateDesignated, **WHERE, subject=person("kofi"), details_hash="1" * 64)
LEFT = said(FocalPoint.AlternateRemoved, **WHERE, subject=person("kofi"))
EVERYBODY = (person("awa"),)
DAY = timedelta(days=1)


def test_a_nominated_person_has_no_powers_yet() -> None:
    row = Rows(FocalPoints).given(FocalPoint, NOMINATED).one(FocalPoints)
    assert row.state_on(TERM.starts_on) is FocalPointState.NOMINATED
    assert not row.acts_on(TERM.starts_on)


def test_a_term_is_over_by_the_day_alone() -> None:
    row = Rows(FocalPoints).given(FocalPoint, NOMINATED, CONFIRMED).one(FocalPoints)
    days = (TERM.starts_on - DAY, TERM.starts_on, TERM.ends_on, TERM.ends_on + DAY)
    assert [row.acts_on(day) for day in days] == [False, True, True, False]
    assert row.state_on(TERM.ends_on) is FocalPointState.CONFIRMED
    assert row.state_on(TERM.ends_on + DAY) is FocalPointState.TERM_ENDED


def test_an_extended_term_ends_later() -> None:
    later = date(2026, 6, 30)
    row = (
        Rows(FocalPoints)
        .given(FocalPoint, NOMINATED, CONFIRMED, said(FocalPoint.TermExtended, ends_on=later, before=TERM.ends_on))
        .one(FocalPoints)
    )
    assert row.acts_on(later)
    assert row.version == 3


def test_alternates_come_and_go() -> None:
    rows = Rows(FocalPoints).given(FocalPoint, NOMINATED, CONFIRMED, JOINED, LEFT)
    assert rows.one(FocalPoints, 3).alternates == (person("kofi"),)
    assert rows.one(FocalPoints).alternates == ()


def test_a_hand_over_tells_who_followed_and_what_moved() -> None:
    moved = OpenItem(kind="rotation", reference="FORUM", item="3")
    successor = UUID(int=5)
    rows = (
        Rows(FocalPoints)
        .given(
            FocalPoint,
            NOMINATED,
            CONFIRMED,
            said(
                FocalPoint.HandedOver,
                ends_on=TERM.ends_on,
                **WHERE,
                persons=EVERYBODY,
                successor=successor,
                successor_subject=person("kofi"),
                moves=(moved,),
            ),
        )
        .given(
            FocalPoint,
            said(FocalPoint.Created, **{**NOMINATED.fields, "subject": person("kofi"), "succeeds": UUID(int=4)}),
            id=successor,
        )
    )
    by_state = {row.state: row for row in rows.of(FocalPoints)}
    assert shown(by_state[FocalPointState.HANDED_OVER], "successor", "moves", "ended_on") == (
        successor,
        (moved,),
        date(2025, 6, 1),
    )
    assert shown(by_state[FocalPointState.NOMINATED], "id", "succeeds") == (successor, UUID(int=4))


def test_who_leaves_or_declines_says_when() -> None:
    vacated = said(FocalPoint.Vacated, **WHERE, persons=EVERYBODY, ends_on=TERM.ends_on)
    row = Rows(FocalPoints).given(FocalPoint, NOMINATED, CONFIRMED, vacated).one(FocalPoints)
    assert shown(row, "state", "ended_on") == (FocalPointState.VACATED, date(2025, 6, 1))
    declined = said(FocalPoint.Declined, **WHERE, subject=person("awa"))
    row = Rows(FocalPoints).given(FocalPoint, NOMINATED, declined).one(FocalPoints)
    assert shown(row, "state", "ended_on") == (FocalPointState.DECLINED, None)


def test_a_recorded_end_of_term_tells_the_last_day_however_late_it_was_recorded() -> None:
    ended = said(FocalPoint.TermEnded, **WHERE, persons=EVERYBODY, ended_on=TERM.ends_on)
    row = Rows(FocalPoints).given(FocalPoint, NOMINATED, CONFIRMED, ended).one(FocalPoints)
    assert shown(row, "state", "ended_on") == (FocalPointState.TERM_ENDED, TERM.ends_on)
