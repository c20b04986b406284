"""What is put off comes back by itself: on which agenda, how old, and why; and nobody learns of it too early."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from compact_domain.agenda import AgendaItem, ItemState, looking_for
from compact_domain.coordination_meeting import CoordinationMeeting, Disposition, MeetingState
from compact_domain.kernel import Forbidden
from tests.domain.chamber import HOST, Chamber, act, at

AUGUST = date(2025, 8, 1)


@pytest.fixture
def chamber() -> Chamber:
    """A committee meeting in session, with an item of its own."""
    chamber = Chamber()
    chamber.recommend("REC-1")
    chamber.convene("CC-1", "07-10")
    chamber.give("add_item", "CC-1", code="COSTS", title="Costs")
    chamber.now = at("07-10", 15)
    chamber.hold("CC-1")
    return chamber


def put_off(chamber: Chamber, meeting: str = "CC-1", item: str = "COSTS", **target: object) -> None:
    chamber.dispose(meeting, item, Disposition.DEFERRED, **target)


def test_what_is_put_off_to_a_meeting_stands_on_its_agenda_by_itself(chamber: Chamber) -> None:
    chamber.convene("CC-2", "09-11")
    put_off(chamber, to_meeting="CC-2")
    assert chamber.agenda("CC-2") == ["COSTS"]
    item = chamber.item("CC-2", "COSTS")
    assert item.origin is not None
    assert (item.origin.meeting, item.times_deferred, item.first_deferred_on) == ("CC-1", 1, date(2025, 7, 10))
    assert len(item.reasons) == 1
    assert chamber.item("CC-1", "COSTS").item_state is ItemState.DEFERRED
    assert chamber.waiting() == []
    (carried,) = (fact for fact in chamber.facts if fact.originator_id == item.id)
    assert carried.provenance.causation_id is not None


def test_what_is_put_off_to_a_meeting_that_is_not_convened_yet_waits_for_it(chamber: Chamber) -> None:
    put_off(chamber, to_meeting="CC-3")
    assert chamber.waiting() == ["waiting-meeting:CC-3", "waiting-named:CC"]
    chamber.convene("CC-2", "08-11")
    assert chamber.agenda("CC-2") == []
    chamber.convene("CC-3", "09-11")
    assert chamber.agenda("CC-3") == ["COSTS"]
    assert chamber.waiting() == []


def test_what_is_put_off_to_a_day_comes_to_the_first_meeting_of_the_body_from_then_on(chamber: Chamber) -> None:
    chamber.convene("CC-EARLY", "07-31")
    chamber.convene("WG-1", "08-02", body="NRCTS")
    chamber.convene("CC-LATER", "09-11")
    chamber.convene("CC-FIRST", "08-15")
    put_off(chamber, to_date=AUGUST)
    assert {code: chamber.agenda(code) for code in ("CC-EARLY", "WG-1", "CC-LATER", "CC-FIRST")} == {
        "CC-EARLY": [],
        "WG-1": [],
        "CC-LATER": [],
        "CC-FIRST": ["COSTS"],
    }


@pytest.mark.parametrize(("hour", "comes"), [(3, False), (5, True)])
def test_the_day_of_a_meeting_is_that_of_its_zone(chamber: Chamber, hour: int, comes: bool) -> None:
    starts_at = at("08-01", hour)
    put_off(chamber, to_date=AUGUST)
    chamber.convene("CC-2", "08-01", starts_at=starts_at, ends_at=starts_at.replace(hour=hour + 1))
    assert (chamber.agenda("CC-2") == ["COSTS"]) is comes


def test_an_earlier_meeting_takes_over_what_was_put_off_to_a_day(chamber: Chamber) -> None:
    chamber.convene("CC-LATER", "09-11")
    put_off(chamber, to_date=AUGUST)
    chamber.convene("CC-FIRST", "08-15")
    assert (chamber.agenda("CC-LATER"), chamber.agenda("CC-FIRST")) == ([], ["COSTS"])
    moved = chamber.item("CC-FIRST", "COSTS")
    assert (moved.times_deferred, moved.first_deferred_on) == (1, date(2025, 7, 10)), "moved on is not put off"
    later = at("10-01")
    chamber.give("reschedule", "CC-FIRST", starts_at=later, ends_at=later.replace(hour=16))
    chamber.follow()
    assert (chamber.agenda("CC-LATER"), chamber.agenda("CC-FIRST")) == (["COSTS"], [])
    early = at("07-20")
    chamber.give("reschedule", "CC-LATER", starts_at=early, ends_at=early.replace(hour=16))
    chamber.follow()
    assert (chamber.agenda("CC-LATER"), chamber.agenda("CC-FIRST")) == ([], ["COSTS"])


def test_what_was_put_off_to_a_meeting_by_name_stays_there_whatever_comes_before(chamber: Chamber) -> None:
    chamber.convene("CC-3", "09-11")
    put_off(chamber, to_meeting="CC-3")
    chamber.convene("CC-2", "08-11")
    assert (chamber.agenda("CC-2"), chamber.agenda("CC-3")) == ([], ["COSTS"])


def test_the_items_of_a_cancelled_meeting_go_on_to_the_next_of_the_body(chamber: Chamber) -> None:
    chamber.convene("CC-2", "09-11")
    chamber.convene("CC-BEFORE", "09-10")
    put_off(chamber, to_meeting="CC-2")
    chamber.give("add_item", "CC-2", code="NEW", title="New")
    chamber.cancel("CC-2")
    assert chamber.agenda("CC-2") == chamber.agenda("CC-BEFORE") == []
    assert chamber.waiting() == ["waiting:CC:2025-09-11"]
    chamber.convene("CC-3", "10-01")
    assert chamber.agenda("CC-3") == ["COSTS", "NEW"]
    costs, new = (chamber.item("CC-3", code) for code in ("COSTS", "NEW"))
    assert (costs.times_deferred, costs.first_deferred_on) == (1, date(2025, 7, 10))
    assert (new.times_deferred, new.first_deferred_on) == (0, None)
    assert new.origin is not None
    assert new.origin.meeting == "CC-2"


def test_each_time_counts_from_the_first(chamber: Chamber) -> None:
    for n in (2, 3):
        chamber.convene(f"CC-{n}", f"0{n + 6}-10")
        put_off(chamber, f"CC-{n - 1}", to_meeting=f"CC-{n}")
        chamber.now = at(f"0{n + 6}-10", 15)
        chamber.hold(f"CC-{n}")
    item = chamber.item("CC-3", "COSTS")
    assert (item.times_deferred, item.first_deferred_on, len(item.reasons)) == (2, date(2025, 7, 10), 2)


def test_a_matter_that_stands_on_the_agenda_already_learns_its_age(chamber: Chamber) -> None:
    chamber.convene("CC-2", "09-11")
    chamber.give("add_item", "CC-2", code="COSTS", title="What it costs")
    put_off(chamber, to_meeting="CC-2")
    item = chamber.item("CC-2", "COSTS")
    assert (chamber.agenda("CC-2"), item.title, item.times_deferred) == (["COSTS"], "What it costs", 1)


# recommendations


def test_a_decision_disposes_of_the_item_of_the_meeting_it_was_taken_in(chamber: Chamber) -> None:
    chamber.convene("CC-2", "09-11")
    for meeting in ("CC-1", "CC-2"):
        chamber.give("add_item", meeting, recommendation="REC-1")
    chamber.adopt("REC-1", "D-1")
    item = chamber.item("CC-1", "REC-1")
    assert (item.item_state, item.number, item.withheld) == (ItemState.DECIDED, "D-1", True)
    chamber.decide("announce", "REC-1", number="D-1")
    assert not chamber.item("CC-1", "REC-1").withheld
    assert chamber.claims("undisclosed") == []


def test_a_decision_without_an_item_disposes_of_nothing(chamber: Chamber) -> None:
    chamber.adopt("REC-1", "D-1")
    assert chamber.load(AgendaItem, AgendaItem.key("CC-1", "REC-1")) is None


@pytest.mark.parametrize("on_agenda", [True, False])
def test_a_deferred_recommendation_comes_back_with_age_and_reason(chamber: Chamber, on_agenda: bool) -> None:
    if on_agenda:
        chamber.give("add_item", "CC-1", recommendation="REC-1")
    chamber.decide("defer", "REC-1", act=act("D-1"), to_date=AUGUST)
    assert len(chamber.waiting()) == 2
    chamber.convene("CC-2", "10-14")
    item = chamber.item("CC-2", "REC-1")
    assert (item.open, item.times_deferred, item.first_deferred_on) == (True, 1, date(2025, 7, 10))
    deferred = next(fact for fact in chamber.facts if fact.originator_id == chamber.recommendation("REC-1").id)
    assert [reason.key for reason in item.reasons] == [deferred.originator_id]
    chamber.adopt("REC-1", "D-2", meeting="CC-2", on=date(2025, 7, 1))
    assert chamber.item("CC-2", "REC-1").item_state is ItemState.DECIDED
    assert chamber.waiting() == []


def test_a_recommendation_put_off_to_a_meeting_that_is_over_goes_to_the_next(chamber: Chamber) -> None:
    chamber.convene("CC-0", "07-05")
    chamber.hold("CC-0", "conclude")
    chamber.decide("defer", "REC-1", act=act("D-1"), to_meeting="CC-0")
    assert chamber.agenda("CC-0") == []
    chamber.convene("CC-2", "09-11")
    assert chamber.agenda("CC-2") == ["REC-1"]
    assert chamber.waiting() == []


@pytest.mark.parametrize("otherwise", ["adopt", "put_under_review", "withdraw", "defer", "mark_overtaken"])
def test_what_was_taken_up_or_decided_otherwise_waits_no_longer(chamber: Chamber, otherwise: str) -> None:
    chamber.decide("defer", "REC-1", act=act("D-1"), to_date=AUGUST)
    match otherwise:
        case "adopt":
            chamber.adopt("REC-1", "D-2", meeting="WRITTEN")
        case "put_under_review":
            chamber.decide("put_under_review", "REC-1", body="CC")
        case "defer":
            chamber.decide("defer", "REC-1", act=act("D-2", meeting="WRITTEN"), to_meeting="CC-9")
        case _:
            chamber.decide(otherwise, "REC-1")
    assert [key for key in chamber.waiting() if key.startswith("waiting:")] == []
    chamber.convene("CC-2", "08-15")
    assert chamber.agenda("CC-2") == []


def test_the_last_word_of_a_meeting_counts(chamber: Chamber) -> None:
    chamber.give("add_item", "CC-1", recommendation="REC-1")
    chamber.decide("defer", "REC-1", act=act("D-1"), to_date=AUGUST)
    chamber.adopt("REC-1", "D-2")
    item = chamber.item("CC-1", "REC-1")
    assert (item.item_state, item.number) == (ItemState.DECIDED, "D-2")
    assert chamber.waiting() == []


@pytest.mark.parametrize("settled", ["adopt", "decline_to_adopt", "withdraw", "mark_overtaken"])
def test_what_was_put_there_by_hand_waits_no_longer_either_once_it_is_settled(chamber: Chamber, settled: str) -> None:
    chamber.convene("CC-2", "08-01")
    chamber.give("add_item", "CC-2", recommendation="REC-1")
    chamber.cancel("CC-2")
    assert any(key.startswith("waiting:") for key in chamber.waiting())
    settle(chamber, settled)
    assert chamber.waiting() == []
    chamber.convene("CC-3", "09-11")
    assert chamber.agenda("CC-3") == []


def test_what_no_body_has_before_it_yet_waits_like_any_other_matter(chamber: Chamber) -> None:
    chamber.decide("propose", code="REC-9", title="New", text="Do it.", regions=["WEST-AFRICA"])
    chamber.convene("CC-2", "08-01")
    chamber.give("add_item", "CC-2", recommendation="REC-9")
    chamber.cancel("CC-2")
    chamber.convene("CC-3", "09-11")
    assert chamber.agenda("CC-3") == ["REC-9"]


@pytest.mark.parametrize("decision", ["adopt", "decline_to_adopt"])
def test_a_decision_disposes_of_what_is_open_on_another_agenda_of_the_body(chamber: Chamber, decision: str) -> None:
    chamber.convene("CC-2", "09-11")
    chamber.convene("WG-1", "09-12", body="NRCTS")
    for meeting in ("CC-1", "CC-2", "WG-1"):
        chamber.give("add_item", meeting, recommendation="REC-1")
    settle(chamber, decision)
    for meeting in ("CC-1", "CC-2"):
        item = chamber.item(meeting, "REC-1")
        assert (item.item_state, item.number, item.withheld) == (ItemState.DECIDED, "D-1", True)
    assert chamber.agenda("WG-1") == ["REC-1"], "what another body makes of it is its own matter"
    chamber.decide("announce", "REC-1", number="D-1")
    assert not chamber.item("CC-2", "REC-1").withheld
    assert [key for key in chamber.claims("open-about") if "WG-1" in key] == []


@pytest.mark.parametrize("ending", ["withdraw", "mark_overtaken"])
def test_what_has_ended_leaves_every_agenda(chamber: Chamber, ending: str) -> None:
    chamber.convene("CC-2", "09-11")
    chamber.convene("WG-1", "09-12", body="NRCTS")
    for meeting in ("CC-2", "WG-1"):
        chamber.give("add_item", meeting, recommendation="REC-1")
    settle(chamber, ending)
    assert (chamber.agenda("CC-2"), chamber.agenda("WG-1"), chamber.waiting()) == ([], [], [])
    assert chamber.claims("open-about") == []


def test_a_matter_put_on_an_agenda_after_the_decision_stays_there(chamber: Chamber) -> None:
    chamber.adopt("REC-1", "D-1", announced=True)
    chamber.convene("CC-2", "09-11")
    chamber.give("add_item", "CC-2", recommendation="REC-1")
    chamber.decide("assign", "REC-1", lead="AU", due_on=date(2025, 12, 1))
    assert chamber.agenda("CC-2") == ["REC-1"]


def settle(chamber: Chamber, how: str) -> None:
    match how:
        case "adopt":
            chamber.adopt("REC-1", "D-1")
        case "decline_to_adopt":
            chamber.decide(how, "REC-1", act=act("D-1"))
        case _:
            chamber.decide(how, "REC-1")


def test_a_convening_looks_at_the_items_of_its_body_alone(chamber: Chamber) -> None:
    chamber.convene("WG-1", "07-10", body="NRCTS")
    chamber.give("add_item", "WG-1", code="OTHER", title="Other")
    chamber.hold("WG-1")
    put_off(chamber, "WG-1", "OTHER", to_meeting="WG-2")
    put_off(chamber, to_meeting="CC-3")
    mine, others = AgendaItem.key("CC-1", "COSTS"), AgendaItem.key("WG-1", "OTHER")
    assert looking_for(chamber, meeting="CC-2", body="CC") == [mine]
    assert looking_for(chamber, meeting="WG-2", body="NRCTS") == [others]
    assert looking_for(chamber, meeting="RM-1", body="RMME") == []
    assert looking_for(chamber, meeting="CC-3", body="NRCTS") == [mine, others]


# what is not announced


def test_a_deferral_that_is_not_announced_carries_its_item_unseen(chamber: Chamber) -> None:
    chamber.convene("CC-2", "09-11")
    chamber.decide("defer", "REC-1", act=act("D-1"), to_meeting="CC-2")
    assert [chamber.item(meeting, "REC-1").withheld for meeting in ("CC-1", "CC-2")] == [True, True]
    chamber.decide("announce", "REC-1", number="D-1")
    assert [chamber.item(meeting, "REC-1").withheld for meeting in ("CC-1", "CC-2")] == [False, False]


def test_final_minutes_that_tell_of_it_are_withheld_until_the_last_is_announced(chamber: Chamber) -> None:
    chamber.recommend("REC-2")
    chamber.dispose("CC-1", "COSTS", Disposition.DROPPED)
    for n in (1, 2):
        chamber.give("add_item", "CC-1", recommendation=f"REC-{n}")
        chamber.adopt(f"REC-{n}", f"D-{n}")
    chamber.give("conclude", "CC-1")
    (final,) = chamber.give("finalize_minutes", "CC-1")
    assert isinstance(final, CoordinationMeeting.MinutesFinalized)
    assert final.withheld
    chamber.decide("announce", "REC-1", number="D-1")
    assert chamber.meeting("CC-1").withheld
    chamber.decide("announce", "REC-2", number="D-2")
    assert not chamber.meeting("CC-1").withheld


def test_who_may_not_know_of_a_decision_is_not_told_by_the_items_state(chamber: Chamber) -> None:
    chamber.convene("CC-2", "09-11")
    chamber.decide("defer", "REC-1", act=act("D-1"), to_meeting="CC-2")
    told = set()
    for title in ("About REC-1", "Another"):
        with pytest.raises(Forbidden) as refused:
            chamber.give("add_item", "CC-2", recommendation="REC-1", title=title, by=HOST)
        told.add(str(refused.value))
    assert len(told) == 1


# laws


BODY_DAYS = st.integers(1, 20)


class Agendas(RuleBasedStateMachine):
    """Meetings are convened, moved, cancelled and held in any order, and matters put off from one to another."""

    def __init__(self) -> None:
        super().__init__()
        self.chamber = Chamber()
        self.codes: list[str] = []
        self.matters: list[str] = []

    def _in(self, *states: MeetingState) -> list[str]:
        return [code for code in self.codes if self.chamber.meeting(code).meeting_state in states]

    @rule(day=BODY_DAYS)
    def convene(self, day: int) -> None:
        code = f"CC-{len(self.codes)}"
        self.codes.append(code)
        self.chamber.convene(code, f"08-{day:02}")

    @precondition(lambda self: self._in(MeetingState.CONVENED, MeetingState.IN_SESSION))
    @rule(data=st.data())
    def add(self, data: st.DataObject) -> None:
        code = f"M-{len(self.matters)}"
        self.matters.append(code)
        meeting = data.draw(st.sampled_from(self._in(MeetingState.CONVENED, MeetingState.IN_SESSION)))
        self.chamber.give("add_item", meeting, code=code, title=code)

    @precondition(lambda self: self._in(MeetingState.CONVENED))
    @rule(data=st.data(), day=BODY_DAYS, step=st.sampled_from(["start", "cancel", "reschedule"]))
    def goes_on(self, data: st.DataObject, day: int, step: str) -> None:
        meeting = data.draw(st.sampled_from(self._in(MeetingState.CONVENED)))
        starts_at = at(f"08-{day:02}")
        if step == "reschedule":
            self.chamber.give(step, meeting, starts_at=starts_at, ends_at=starts_at.replace(hour=16))
        else:
            self.chamber.give(step, meeting)
        self.chamber.follow()

    @precondition(lambda self: any(self.chamber.agenda(code) for code in self._in(MeetingState.IN_SESSION)))
    @rule(data=st.data(), later=st.integers(1, 10), by_day=st.booleans())
    def defer(self, data: st.DataObject, later: int, by_day: bool) -> None:
        sitting = [code for code in self._in(MeetingState.IN_SESSION) if self.chamber.agenda(code)]
        meeting = data.draw(st.sampled_from(sitting))
        item = data.draw(st.sampled_from(self.chamber.agenda(meeting)))
        day = self.chamber.meeting(meeting).time.day
        ahead = [code for code in self._in(MeetingState.CONVENED) if code != meeting]
        if by_day or not ahead:
            put_off(self.chamber, meeting, item, to_date=day.replace(day=day.day + later))
        else:
            put_off(self.chamber, meeting, item, to_meeting=data.draw(st.sampled_from(ahead)))

    @invariant()
    def every_matter_is_open_once_or_waits(self) -> None:
        items = [it for it in (self._items()) if it.place.code in self.matters]
        for code in self.matters:
            mine = [it for it in items if it.place.code == code]
            assert sum(it.open for it in mine) + sum(it.waits for it in mine) == 1

    @invariant()
    def what_was_put_off_to_a_day_stands_on_the_first_agenda_from_then_on(self) -> None:
        days = {code: self.chamber.meeting(code).time for code in self._in(MeetingState.CONVENED)}
        for it in self._items():
            from_day = it.place.from_day if it.open else it.to_date if it.waits else None
            if from_day is None or (it.open and it.place.meeting not in days):
                continue
            suited = {code: time for code, time in days.items() if time.day >= from_day}
            if it.waits:
                assert not suited or set(suited) == {it.place.meeting}
            else:
                first = min(time.starts_at for time in suited.values())
                assert suited[it.place.meeting].starts_at == first

    def _items(self) -> list[AgendaItem]:
        found = {(code, matter) for code in self.codes for matter in self.matters}
        loaded = (self.chamber.load(AgendaItem, AgendaItem.key(*key)) for key in sorted(found))
        return [it for it in loaded if it is not None]


def test_nothing_that_is_put_off_is_lost_or_comes_twice() -> None:
    run_state_machine_as_test(Agendas, settings=settings(max_examples=25, stateful_step_count=14, deadline=None))


@given(st.integers(1, 28), st.integers(1, 28))
@settings(max_examples=15, deadline=None)
def test_two_meetings_convened_in_any_order_share_out_the_same(one: int, other: int) -> None:
    outcomes = set()
    for order in ((("CC-A", one), ("CC-B", other)), (("CC-B", other), ("CC-A", one))):
        chamber = Chamber()
        chamber.convene("CC-1", "07-10")
        chamber.give("add_item", "CC-1", code="COSTS", title="Costs")
        chamber.hold("CC-1")
        put_off(chamber, to_date=date(2025, 8, 10))
        for code, day in order:
            chamber.convene(code, f"08-{day:02}")
        outcomes.add(tuple(tuple(chamber.agenda(code)) for code in ("CC-A", "CC-B")))
    assert len(outcomes) == 1 or one == other
