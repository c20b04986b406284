"""Items of an agenda: what a meeting may do with one, and what goes on to the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from compact_domain.agenda import AgendaItem, AgendaPlace, ItemOrigin, ItemState
from compact_domain.kernel import Command
from compact_domain.recommendation import Recommendation
from tests.domain.scenario import Said, Scenario, command, said, sealed

PLACE = AgendaPlace(meeting="CC-1", body="CC", code="REC-1", recommendation="REC-1")
ID = PLACE.item
WHY = sealed("reason")
DAY = date(2025, 7, 10)
ADDED = said(AgendaItem.Created, place=PLACE, title="About REC-1")
DECIDED = said(AgendaItem.Decided, place=PLACE, number="D-1")
DEFERRED = said(AgendaItem.Deferred, place=PLACE, to_meeting="CC-2", deferred_on=DAY, number="D-1", why=WHY)
REFERRED = said(AgendaItem.Referred, place=PLACE, to_body="RMME", number="D-1")
DROPPED = said(AgendaItem.Dropped, place=PLACE)
PASSED_ON = said(AgendaItem.PassedOn, place=PLACE, to_date=DAY)
ORIGIN = ItemOrigin(meeting="CC-0", times_deferred=1, first_deferred_on=date(2025, 6, 1), reasons=(WHY,), number="D-0")
REACHES: dict[ItemState, tuple[Said, ...]] = {
    ItemState.OPEN: (ADDED,),
    ItemState.DECIDED: (ADDED, DECIDED),
    ItemState.DEFERRED: (ADDED, DEFERRED),
    ItemState.REFERRED: (ADDED, REFERRED),
    ItemState.DROPPED: (ADDED, DROPPED),
    ItemState.PASSED_ON: (ADDED, PASSED_ON),
}
BY_HAND: dict[str, tuple[ItemState, Callable[[AgendaItem, Command], None]]] = {
    "decide": (ItemState.DECIDED, lambda it, cmd: it.decide(cmd=cmd)),
    "defer": (ItemState.DEFERRED, lambda it, cmd: it.defer(to_meeting="CC-3", deferred_on=DAY, cmd=cmd)),
    "refer": (ItemState.REFERRED, lambda it, cmd: it.refer(to_body="NRCTS", cmd=cmd)),
    "drop": (ItemState.DROPPED, lambda it, cmd: it.drop(cmd=cmd)),
    "pass_on": (ItemState.PASSED_ON, lambda it, cmd: it.pass_on(to_date=date(2025, 8, 1), cmd=cmd)),
}
BY_DECISION: dict[str, Callable[[AgendaItem, Command], None]] = {
    "decide": lambda it, cmd: it.decide(number="D-2", withheld=True, cmd=cmd),
    "defer": lambda it, cmd: it.defer(
        to_date=date(2025, 9, 1), deferred_on=DAY, number="D-2", why=WHY, withheld=True, cmd=cmd
    ),
    "refer": lambda it, cmd: it.refer(to_body="RMME", number="D-2", withheld=True, cmd=cmd),
    "carry": lambda it, cmd: it.carry(origin=ORIGIN, from_day=DAY, withheld=True, cmd=cmd),
}


def item(*facts: Said) -> Scenario[AgendaItem]:
    return Scenario(AgendaItem, id=ID).given(*facts)


def test_every_state_can_be_reached() -> None:
    assert {state: item(*facts).aggregate().item_state for state, facts in REACHES.items()} == {
        state: state for state in ItemState
    }


@pytest.mark.parametrize("verb", BY_HAND)
def test_what_was_disposed_of_is_not_disposed_of_anew_by_hand(verb: str) -> None:
    reaches, ask = BY_HAND[verb]
    for state in ItemState:
        scenario = item(*REACHES[state]).when(lambda it: ask(it, command()))
        if state is ItemState.OPEN:
            assert scenario.aggregate().item_state is reaches
        elif (verb, state) in (("drop", ItemState.DROPPED), ("pass_on", ItemState.PASSED_ON)):
            scenario.nothing()
        else:
            scenario.refused("state")
            assert scenario.refusal is not None
            assert scenario.refusal.state == state


@pytest.mark.parametrize("ask", [*(ask for _, ask in BY_HAND.values()), *BY_DECISION.values()])
def test_twice_is_once(ask: Callable[[AgendaItem, Command], None]) -> None:
    once = item(ADDED).when(lambda it: ask(it, command()))
    again = item()
    again.history = [*once.history, *once.new]
    again.when(lambda it: ask(it, command(key="2"))).nothing()


@pytest.mark.parametrize("verb", BY_DECISION)
@pytest.mark.parametrize("state", ItemState)
def test_the_latest_decision_of_the_meeting_counts_whatever_was_said_of_the_item_before(
    verb: str, state: ItemState
) -> None:
    scenario = item(*REACHES[state]).when(lambda it: BY_DECISION[verb](it, command()))
    assert scenario.refusal is None
    assert len(scenario.new) == 1
    it = scenario.aggregate()
    assert it.withheld
    if verb != "carry":
        assert it.number == "D-2"


def test_a_body_does_not_refer_to_itself() -> None:
    item(ADDED).when(lambda it: it.refer(to_body="CC", cmd=command())).refused("agenda.referral", body="CC")


def claims(fact: Said) -> tuple[set[str], set[str]]:
    stamped: Any = fact.stamped(ID, 1 if fact.fact is AgendaItem.Created else 2, AgendaItem.topic())
    return set(stamped.takes()), set(stamped.releases())


def test_an_item_holds_its_place_until_it_is_disposed_of_and_waits_until_it_lands() -> None:
    about = Recommendation.identify("REC-1")
    agenda = {"agenda:CC-1:REC-1", f"open-about:{about}:{ID}"}
    waiting = {f"waiting-meeting:CC-2:{ID}", f"waiting-named:CC:{ID}", f"put-off:{about}:{ID}"}
    assert claims(ADDED) == (agenda, set())
    assert claims(DECIDED) == claims(REFERRED) == claims(DROPPED) == (set(), agenda)
    assert claims(DEFERRED) == (waiting, agenda)
    for end in (AgendaItem.Landed, AgendaItem.Lapsed):
        more: dict[str, Any] = {"on_agenda_of": "CC-2"} if end is AgendaItem.Landed else {}
        assert claims(said(end, place=PLACE, to_meeting="CC-2", to_date=None, **more)) == (set(), waiting)


def test_what_is_withheld_says_so_once_until_it_is_disclosed() -> None:
    hidden = claims(said(AgendaItem.Created, place=PLACE, title="x", withheld=True))[0] - claims(ADDED)[0]
    assert {key.split(":")[0] for key in hidden} == {"undisclosed", "undisclosed-in"}
    assert claims(said(AgendaItem.Disclosed, place=PLACE)) == (set(), hidden)
    scenario = item(said(AgendaItem.Created, place=PLACE, title="x", withheld=True))
    scenario.when(lambda it: it.decide(number="D-2", withheld=True, cmd=command()))
    scenario.then(said(AgendaItem.Decided, place=PLACE, number="D-2", withheld=False))
    assert scenario.aggregate().withheld, "it was before, and is so still"
    scenario.when(lambda it: it.disclose(cmd=command()))
    assert not scenario.aggregate().withheld


def test_the_first_deferral_counts_for_the_age_and_each_for_the_number_and_the_reasons() -> None:
    came = said(AgendaItem.Created, place=PLACE, title="About REC-1", origin=ORIGIN)
    it = item(came, DEFERRED).aggregate()
    assert (it.times_deferred, it.first_deferred_on, it.reasons) == (2, date(2025, 6, 1), (WHY, WHY))
    assert it.origin_of_next() == ItemOrigin(
        meeting="CC-1", times_deferred=2, first_deferred_on=date(2025, 6, 1), reasons=(WHY, WHY), number="D-1"
    )


def test_an_item_that_stands_already_learns_where_it_was_put_off() -> None:
    it = item(ADDED, DROPPED).when(lambda it: it.carry(origin=ORIGIN, from_day=DAY, cmd=command())).aggregate()
    assert (it.open, it.times_deferred, it.place.from_day) == (True, 1, DAY)


@pytest.mark.parametrize("verb", ["land", "lapse"])
def test_what_waits_for_nothing_neither_lands_nor_lapses(verb: str) -> None:
    more = {"meeting": "CC-2"} if verb == "land" else {}
    item(ADDED).when(lambda it: getattr(it, verb)(cmd=command(), **more)).nothing()
    item(ADDED, DECIDED).when(lambda it: getattr(it, verb)(cmd=command(), **more)).nothing()
