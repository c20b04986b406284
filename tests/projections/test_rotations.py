"""Rotations as the facts make them: the queue is the domain's own, and turns and swaps tell what became of each."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import settings

from compact_domain.rotation import PassedUp, Rotation, TurnState
from compact_projections.rotations import PassedUpBy, RotationRow, Rotations, SwapRow, Swaps, TurnRow, Turns
from tests.domain import forum
from tests.domain.forum import Forum
from tests.projections.rows import Rows, shown


def remembered(facts: Forum, rows: Rows | None = None) -> Rows:
    rows = rows or Rows(Rotations, Turns, Swaps)
    for fact in facts.facts[rows.position :]:
        rows.fold(fact)
    return rows


def turn(rows: Rows, number: int, position: int | None = None) -> TurnRow:
    (found,) = (row for row in rows.of(Turns, position) if row.number == number)
    assert isinstance(found, TurnRow)
    return found


def test_the_row_holds_what_decides_who_is_next() -> None:
    played = Forum()
    row = remembered(played).one(Rotations)
    assert isinstance(row, RotationRow)
    assert (row.rota, row.cadence, row.version) == (played.the.rota, played.the.cadence, 2)
    assert shown(row, "code", "name", "members", "answer_days") == (
        "FORUM",
        "Regional coordination forum",
        ("CICA", "ECOWAS", "GCC", "IGAD"),
        14,
    )


def test_a_turn_tells_whom_it_went_by_and_why_until_somebody_hosts_it() -> None:
    played = Forum()
    played.answer("decline")
    played.answer("skip")
    rows = remembered(played)
    offered = turn(rows, 1)
    assert shown(offered, "state", "offered_to", "region", "answer_by", "host") == (
        TurnState.OFFERED,
        "GCC",
        "GULF-COOPERATION",
        date(2025, 9, 29),
        None,
    )
    assert [(by.organization, by.how, by.on) for by in offered.passed] == [
        ("ECOWAS", PassedUp.DECLINED, date(2025, 9, 15)),
        ("IGAD", PassedUp.SKIPPED, date(2025, 9, 15)),
    ]
    assert all(isinstance(by, PassedUpBy) and by.reason for by in offered.passed)
    played.answer("accept")
    accepted = turn(remembered(played, rows), 1)
    assert shown(accepted, "state", "offered_to", "host") == (TurnState.ACCEPTED, None, "GCC")
    played.concludes(1)
    held = turn(remembered(played, rows), 1)
    assert shown(held, "state", "host", "over_on") == (TurnState.HELD, "GCC", date(2025, 9, 15))
    assert len(held.passed) == 2


def test_a_turn_that_nobody_takes_is_the_secretariats() -> None:
    played = Forum()
    for _ in range(4):
        played.answer("decline")
    assert shown(turn(remembered(played), 1), "state", "offered_to", "host") == (TurnState.SECRETARIAT, None, None)


def test_an_agreed_swap_gives_the_accepted_turn_another_host() -> None:
    played = Forum()
    played.answer("accept")
    played.ask("propose_swap", organization="GCC", turn=3, for_turn=1)
    rows = remembered(played)
    proposed = rows.one(Swaps)
    assert isinstance(proposed, SwapRow)
    assert shown(proposed, "number", "organization", "turn", "other", "for_turn", "agreed_on") == (
        1,
        "GCC",
        3,
        "ECOWAS",
        1,
        None,
    )
    played.ask("consent_swap", swap=1)
    remembered(played, rows)
    assert rows.one(Swaps).agreed_on == date(2025, 9, 15)
    assert shown(turn(rows, 1), "host", "swap") == ("GCC", 1)


def test_the_past_stays_as_it_was() -> None:
    played = Forum()
    rows = remembered(played)
    then = rows.position
    played.answer("accept")
    played.concludes(1)
    remembered(played, rows)
    assert turn(rows, 1, then).state is TurnState.OFFERED
    was, now = rows.one(Rotations, then), rows.one(Rotations)
    assert [ahead.turn for ahead in was.rota.forecast(was.cadence, 2, played.now)] == [1, 2]
    assert [ahead.turn for ahead in now.rota.forecast(now.cadence, 2, played.now)] == [2, 3]


def test_an_ended_rotation_says_since_when() -> None:
    played = Forum()
    played.ask("end")
    rows = remembered(played)
    assert shown(rows.one(Rotations), "ended", "ended_on") == (True, date(2025, 9, 15))
    assert shown(turn(rows, 1), "state", "offered_to") == (TurnState.FREE, None)


class Remembered(forum.Turns):
    """Anything done to a rotation: what is remembered is what the domain decides on."""

    def _take_in(self) -> None:
        if not self.facts:
            self.rows = Rows(Rotations, Turns, Swaps)
        super()._take_in()
        for fact in self.facts[self.rows.position :]:
            assert isinstance(fact, Rotation.Event)
            self.rows.fold(forum.again(fact))
        self.agrees()

    def agrees(self) -> None:
        row = self.rows.one(Rotations)
        assert (row.rota, row.version, row.ended) == (self.it.rota, self.it.version, self.it.rota.ended)
        known: dict[int, Any] = {found.number: found for found in self.rows.of(Turns)}
        for one in self.it.rota.turns:
            found = known[one.number]
            assert (found.state, found.host, found.swap) == (one.state, one.host, one.swap)
            assert found.offered_to == (one.offer.organization if one.offer else None)
            assert [(by.organization, by.how) for by in found.passed] == [
                (by.organization, by.how) for by in one.passed
            ]


TestRemembered = Remembered.TestCase
TestRemembered.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
