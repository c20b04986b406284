"""Rotations: whose turn it is, by a queue; who is asked, who passes, who changes places, and what stays fair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings

from compact_domain.body import Bodies, Body
from compact_domain.catalogue import GLOBAL, BodyKind, Catalogue, Entry, EntryKind
from compact_domain.focal_point import OpenItem, open_items
from compact_domain.kernel import (
    Command,
    Fact,
    Forbidden,
    InvalidInput,
    NotFound,
    Role,
    RuleViolation,
)
from compact_domain.rotation import (
    Because,
    Cadence,
    Member,
    Offer,
    PassedUp,
    Rotation,
    RotationState,
    Swap,
)
from compact_domain.vocabulary import Names
from tests.domain.forum import CADENCE, FOUR, NEW_YORK, PROCESS, QUARTERLY, REGIONS, Forum, Turns, focal_point
from tests.domain.scenario import NOW, Said, Scenario, actor, command, said


def offer(turn: int, organization: str, answer_by: date = date(2025, 6, 15)) -> Offer:
    closes_at = datetime(answer_by.year, answer_by.month, answer_by.day, tzinfo=ZoneInfo(NEW_YORK)) + timedelta(days=1)
    return Offer(
        turn=turn,
        organization=organization,
        region=REGIONS[organization],
        answer_by=answer_by,
        closes_at=closes_at.astimezone(UTC),
    )


OF: dict[str, Any] = {"rotation": "TEST"}
ESTABLISHED = said(
    Rotation.Created, code="TEST", names=Names(en="Forum"), members=FOUR, cadence=CADENCE, answer_days=14
)
TO_ECOWAS = offer(1, "ECOWAS")
OFFERED = said(Rotation.Offered, **OF, offer=TO_ECOWAS)
ACCEPTED = said(Rotation.Accepted, **OF, offer=TO_ECOWAS)
SWAP = Swap(number=1, organization="CICA", turn=4, other="IGAD", for_turn=2)
PROPOSED = said(Rotation.SwapProposed, **OF, swap=SWAP)
ENDED = said(Rotation.Ended, **OF)
OVERDUE = datetime(2025, 6, 16, 4, 0, tzinfo=UTC)

REACHES: dict[RotationState, tuple[Said, ...]] = {
    RotationState.OFFERED: (ESTABLISHED, OFFERED, PROPOSED),
    RotationState.SETTLED: (ESTABLISHED, OFFERED, ACCEPTED, PROPOSED),
    RotationState.ENDED: (ESTABLISHED, OFFERED, ACCEPTED, PROPOSED, ENDED),
}
VERBS: dict[str, Callable[[Rotation, Command], None]] = {
    "join": lambda it, cmd: it.join(member=Member(organization="OAS-CICTE", region="AMERICAS"), cmd=cmd),
    "leave": lambda it, cmd: it.leave(organization="GCC", cmd=cmd),
    "offer": lambda it, cmd: it.offer(turn=2, cmd=cmd),
    "accept": lambda it, cmd: it.accept(turn=1, organization="ECOWAS", cmd=cmd),
    "decline": lambda it, cmd: it.decline(turn=1, organization="ECOWAS", cmd=cmd),
    "skip": lambda it, cmd: it.skip(turn=1, organization="ECOWAS", cmd=cmd),
    "lapse": lambda it, cmd: it.lapse(turn=1, organization="ECOWAS", cmd=cmd),
    "propose_swap": lambda it, cmd: it.propose_swap(organization="GCC", turn=3, for_turn=2, cmd=cmd),
    "consent_swap": lambda it, cmd: it.consent_swap(number=1, cmd=cmd),
    "end": lambda it, cmd: it.end(cmd=cmd),
    "conclude_turn": lambda it, cmd: it.conclude_turn(turn=1, cmd=cmd),
    "return_turn": lambda it, cmd: it.return_turn(turn=1, cmd=cmd),
}


AFTER_ITS_DAY = datetime(2025, 11, 1, tzinfo=UTC)
DONE = {
    ("accept", RotationState.SETTLED),
    ("accept", RotationState.ENDED),
    ("lapse", RotationState.SETTLED),
    ("lapse", RotationState.ENDED),
    ("end", RotationState.ENDED),
}
"""Where what a verb is to reach is reached already, or there is nothing left to record."""
ELSEWHERE = [(verb, state) for verb in VERBS for state in RotationState if state not in Rotation.MAY_START_FROM[verb]]


def when(verb: str, state: RotationState) -> datetime:
    """Offers lapse after the day for an answer; the next turn is offered by hand after that of the turn before."""
    if state is RotationState.OFFERED and verb == "lapse":
        return OVERDUE
    return AFTER_ITS_DAY if state is RotationState.SETTLED else NOW


def asked(verb: str, state: RotationState) -> Scenario[Rotation]:
    now = when(verb, state)
    return Scenario(Rotation).given(*REACHES[state]).when(lambda it: VERBS[verb](it, command(now=now)))


def test_every_verb_has_its_states() -> None:
    assert Rotation.MAY_START_FROM.keys() == VERBS.keys()


@pytest.mark.parametrize(("verb", "state"), [pair for pair in ELSEWHERE if pair not in DONE])
def test_a_verb_is_refused_in_other_states(verb: str, state: RotationState) -> None:
    scenario = asked(verb, state)
    scenario.refused("state")
    assert scenario.refusal is not None
    assert scenario.refusal.state == state
    assert verb not in scenario.refusal.allowed


@pytest.mark.parametrize(("verb", "state"), sorted(DONE))
def test_what_is_done_already_states_nothing(verb: str, state: RotationState) -> None:
    asked(verb, state).nothing()


@pytest.mark.parametrize(
    ("verb", "state"),
    [(verb, RotationState(state)) for verb in VERBS for state in sorted(Rotation.MAY_START_FROM[verb])],
)
def test_a_verb_states_one_fact_and_twice_is_once(verb: str, state: RotationState) -> None:
    scenario = asked(verb, state)
    assert scenario.refusal is None
    assert len(scenario.new) == 1
    again = Scenario(Rotation)
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda it: VERBS[verb](it, command(now=when(verb, state), key="2"))).nothing()


# the cadence


def days(cadence: Cadence, turns: int) -> list[str]:
    found = (cadence.occurrence(turn) for turn in range(1, turns + 1))
    return [at.isoformat(timespec="minutes") for at in found if at]


def test_local_time_is_kept_across_daylight_saving() -> None:
    assert days(CADENCE, 4) == [
        "2025-10-29T10:00-04:00",
        "2026-01-28T10:00-05:00",
        "2026-04-29T10:00-04:00",
        "2026-07-29T10:00-04:00",
    ]


def test_a_zone_without_daylight_saving_keeps_its_offset() -> None:
    cadence = Cadence.of(QUARTERLY, datetime(2025, 10, 29, 7, 0, tzinfo=UTC), "Africa/Addis_Ababa")
    assert days(cadence, 3) == ["2025-10-29T10:00+03:00", "2026-01-28T10:00+03:00", "2026-04-29T10:00+03:00"]


def test_a_time_that_the_clocks_leap_over_or_show_twice_is_read_as_the_standard_says() -> None:
    """RFC 5545, section 3.3.5: with the offset from before the leap; the first of two."""
    leaps = Cadence.of("FREQ=DAILY", datetime(2026, 3, 7, 7, 30, tzinfo=UTC), NEW_YORK)
    assert [at.astimezone(UTC).isoformat() for turn in (1, 2, 3) if (at := leaps.occurrence(turn))] == [
        "2026-03-07T07:30:00+00:00",
        "2026-03-08T07:30:00+00:00",
        "2026-03-09T06:30:00+00:00",
    ]
    twice = Cadence.of("FREQ=DAILY", datetime(2026, 10, 31, 5, 30, tzinfo=UTC), NEW_YORK)
    assert days(twice, 3) == ["2026-10-31T01:30-04:00", "2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"]


@pytest.mark.parametrize(
    ("rule", "turns"),
    [
        ("FREQ=WEEKLY;COUNT=3", 3),
        ("FREQ=WEEKLY;COUNT=1", 1),
        ("FREQ=WEEKLY;UNTIL=20251112T150000Z", 3),
        ("FREQ=WEEKLY;UNTIL=20251112T145959Z", 2),
        ("FREQ=YEARLY;BYMONTH=10;BYDAY=-1WE;WKST=SU", 10),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-3", 10),
        ("INTERVAL=2;FREQ=WEEKLY;BYDAY=WE,FR", 10),
    ],
)
def test_a_cadence_may_end_and_may_be_open(rule: str, turns: int) -> None:
    cadence = Cadence.of(rule, datetime(2025, 10, 29, 14, 0, tzinfo=UTC), NEW_YORK)
    assert len(days(cadence, 10)) == turns


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        ("FREQ=HOURLY", "rotation.sub_daily"),
        ("FREQ=MINUTELY;INTERVAL=30", "rotation.sub_daily"),
        ("FREQ=SECONDLY", "rotation.sub_daily"),
        ("FREQ=DAILY;BYHOUR=9,15", "rotation.sub_daily"),
        ("FREQ=WEEKLY;BYMINUTE=0", "rotation.sub_daily"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "rotation.occurrence"),
        ("FREQ=MONTHLY;BYDAY=-1TU", "rotation.occurrence"),
        ("FREQ=WEEKLY;UNTIL=20250101T000000Z", "rotation.occurrence"),
        ("FREQ=YEARLY;INTERVAL=999", "rotation.occurrence"),
        ("FREQ=DAILY;INTERVAL=999;BYMONTH=10;BYMONTHDAY=29;BYDAY=WE", "rotation.occurrence"),
        ("", "rotation.cadence"),
        ("every month", "rotation.cadence"),
        ("RRULE:FREQ=WEEKLY", "rotation.cadence"),
        ("freq=weekly", "rotation.cadence"),
        ("BYDAY=MO", "rotation.cadence"),
        ("FREQ=FORTNIGHTLY", "rotation.cadence"),
        ("FREQ=WEEKLY;", "rotation.cadence"),
        ("FREQ=WEEKLY;FREQ=DAILY", "rotation.cadence"),
        ("FREQ=WEEKLY;BYDAY=XX", "rotation.cadence"),
        ("FREQ=WEEKLY;BYDAY=1WE", "rotation.cadence"),
        ("FREQ=WEEKLY;BYMONTHDAY=29", "rotation.cadence"),
        ("FREQ=MONTHLY;BYWEEKNO=44", "rotation.cadence"),
        ("FREQ=WEEKLY;BYSETPOS=1", "rotation.cadence"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "rotation.cadence"),
        ("FREQ=WEEKLY;INTERVAL=0", "rotation.cadence"),
        ("FREQ=WEEKLY;INTERVAL=٣", "rotation.cadence"),
        ("FREQ=WEEKLY;COUNT=0", "rotation.cadence"),
        ("FREQ=WEEKLY;COUNT=3;UNTIL=20270101T000000Z", "rotation.cadence"),
        ("FREQ=WEEKLY;UNTIL=20270101", "rotation.cadence"),
        ("FREQ=WEEKLY;UNTIL=20279901T000000Z", "rotation.cadence"),
        ("FREQ=YEARLY;BYEASTER=0", "rotation.cadence"),
        ("FREQ=WEEKLY\nEXDATE:20251029T100000", "rotation.cadence"),
    ],
)
def test_a_cadence_that_is_none_is_refused(rule: str, refusal: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        Cadence.of(rule, datetime(2025, 10, 29, 14, 0, tzinfo=UTC), NEW_YORK)
    assert refused.value.rule == refusal


@pytest.mark.parametrize("zone", ["Atlantis/Capital", "", "../etc/passwd", "Africa"])
def test_a_zone_is_one_of_the_iana_database(zone: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Cadence.of(QUARTERLY, datetime(2025, 10, 29, 14, 0, tzinfo=UTC), zone)
    assert [field for field, _ in refused.value.fields] == ["zone"]


# commands, with everything they touch


def said_of(facts: Sequence[Fact]) -> list[tuple[str, int, str | None]]:
    """What happened, about which turn, to whom."""
    found = []
    for fact in facts:
        offer = getattr(fact, "offer", None)
        turn = offer.turn if offer else getattr(fact, "turn", 0)
        found.append((type(fact).__name__, turn, offer.organization if offer else getattr(fact, "host", None)))
    return found


def refusal(ask: Callable[[], object]) -> RuleViolation:
    with pytest.raises(RuleViolation) as refused:
        ask()
    return refused.value


@pytest.fixture
def forum() -> Forum:
    return Forum()


def test_a_year_of_a_forum(forum: Forum) -> None:
    assert forum.hosts(4) == [(1, "ECOWAS"), (2, "IGAD"), (3, "GCC"), (4, "CICA")]
    forum.answer("accept", focal_point("ECOWAS"))
    assert forum.queue == ["IGAD", "GCC", "CICA", "ECOWAS"]
    assert forum.the.host_of(1) == "ECOWAS"
    assert forum.the.host_of(2) is None
    forum.now = datetime(2025, 10, 29, 15, 0, tzinfo=UTC)
    assert said_of(forum.concludes(1)) == [("Held", 1, "ECOWAS"), ("Offered", 2, "IGAD")]
    forum.passes(days=9)
    assert said_of(forum.answer("decline", focal_point("IGAD"))) == [("Declined", 2, "IGAD"), ("Offered", 2, "GCC")]
    forum.answer("accept", focal_point("GCC"))
    assert forum.queue == ["IGAD", "CICA", "ECOWAS", "GCC"]
    forum.ask("join", organization="OAS-CICTE", region="AMERICAS")
    forum.ask("propose_swap", by=focal_point("CICA"), organization="CICA", turn=4, for_turn=3)
    assert forum.hosts() == [(2, "GCC"), (3, "IGAD"), (4, "CICA"), (5, "ECOWAS"), (6, "GCC"), (7, "OAS-CICTE")]
    assert forum.equity("IGAD") == {"offered": 1, "declined": 1}
    assert forum.equity("GCC") == {"offered": 1, "accepted": 1}
    assert forum.equity("ECOWAS") == {"offered": 1, "accepted": 1, "hosted": 1}
    forum.ask("consent_swap", by=focal_point("IGAD"), swap=1)
    assert forum.hosts() == [(2, "GCC"), (3, "CICA"), (4, "IGAD"), (5, "ECOWAS"), (6, "GCC"), (7, "OAS-CICTE")]
    assert [ahead.because for ahead in forum.the.rota.forecast(CADENCE, 4, forum.now)] == [
        Because.ACCEPTED,
        Because.SWAPPED,
        Because.SWAPPED,
        Because.NEXT_IN_QUEUE,
    ]


def test_an_offer_is_open_work_of_whoever_speaks_there_until_it_is_answered(forum: Forum) -> None:
    assert forum.open_work() == {("ECOWAS", "1")}
    item = OpenItem(kind="rotation", reference="FORUM", item="1")
    assert list(open_items(forum, "ECOWAS", "WEST-AFRICA")) == [item]
    assert list(open_items(forum, "ECOWAS", GLOBAL)) == [item]
    assert list(open_items(forum, "ECOWAS", "EAST-AFRICA")) == []
    forum.answer("decline")
    assert forum.open_work() == {("IGAD", "1")}
    forum.answer("accept")
    assert forum.open_work() == set()
    assert forum.claims("due:") == []


def test_only_the_members_focal_point_there_answers_or_the_secretariat(forum: Forum) -> None:
    for other in (focal_point("IGAD"), focal_point("ECOWAS", "SAHEL"), actor(Role.ENTITY_REPRESENTATIVE)):
        with pytest.raises(Forbidden):
            forum.answer("accept", other)
    with pytest.raises(Forbidden):
        forum.ask("lapse", turn=1, organization="ECOWAS")
    assert said_of(forum.answer("accept", focal_point("ECOWAS", GLOBAL))) == [("Accepted", 1, "ECOWAS")]


def test_what_is_allowed_follows_the_offer(forum: Forum) -> None:
    it = forum.the
    assert it.concerns_of("accept", focal_point("ECOWAS")).regions == {GLOBAL, "WEST-AFRICA"}
    assert it.concerns_of("accept", focal_point("IGAD")).organizations == frozenset()
    assert it.concerns_of("propose_swap", focal_point("IGAD")).organizations == {"IGAD"}
    assert it.concerns_of("join", focal_point("IGAD")).organizations == {"ECOWAS", "IGAD", "GCC", "CICA"}


def test_when_all_pass_a_turn_up_it_is_the_secretariats(forum: Forum) -> None:
    for _ in range(3):
        forum.answer("decline")
    assert said_of(forum.answer("decline")) == [("Declined", 1, "CICA"), ("FellToSecretariat", 1, None)]
    assert forum.the.host_of(1) == "UNOCT"
    assert forum.queue == ["ECOWAS", "IGAD", "GCC", "CICA"]
    assert forum.hosts(2) == [(1, None), (2, "ECOWAS")]
    (first, *_) = forum.the.rota.forecast(CADENCE, 1, forum.now)
    assert (first.because, [passed.how for passed in first.passed]) == (Because.ALL_PASSED, [PassedUp.DECLINED] * 4)
    assert refusal(lambda: forum.ask("offer", turn=1)).details == {"turn": 1, "members": 4}
    forum.ask("join", organization="OAS-CICTE", region="AMERICAS")
    assert said_of(forum.ask("offer", turn=1)) == [("Offered", 1, "OAS-CICTE")]
    forum.answer("decline")
    assert said_of(forum.concludes(1)) == [("Held", 1, None), ("Offered", 2, "ECOWAS")]


def test_no_answer_by_the_day_is_a_lapse_recorded_once_however_late(forum: Forum) -> None:
    forum.now = datetime(2025, 9, 30, 3, 59, 59, tzinfo=UTC)
    assert forum.rings() == []
    assert {"accept", "decline", "skip"} <= set(forum.the.allowed(forum.now))
    early = refusal(lambda: forum.ask("lapse", by=PROCESS, turn=1, organization="ECOWAS"))
    assert (early.rule, early.details) == ("rotation.answer_by", {"turn": 1, "answer_by": "2025-09-29"})
    forum.now = datetime(2025, 9, 30, 4, 0, tzinfo=UTC)
    assert not {"accept", "decline", "skip"} & set(forum.the.allowed(forum.now))
    late = refusal(lambda: forum.answer("accept"))
    assert (late.rule, late.details) == ("rotation.answer_by", {"turn": 1, "answer_by": "2025-09-29"})
    forum.passes(days=3)
    lapsed, offered = forum.rings()
    assert said_of([lapsed, offered]) == [("Lapsed", 1, "ECOWAS"), ("Offered", 1, "IGAD")]
    assert lapsed.provenance.effective_on == date(2025, 9, 30)
    assert isinstance(offered, Rotation.Offered)
    assert offered.offer.answer_by == date(2025, 10, 17), "the next has its days from when it is asked"
    assert forum.rings() == []
    assert forum.ask("lapse", by=PROCESS, turn=1, organization="ECOWAS") == []
    assert forum.equity("ECOWAS") == {"offered": 1, "lapsed": 1}


def test_an_answer_in_time_settles_the_alarm(forum: Forum) -> None:
    forum.answer("accept")
    forum.passes(days=30)
    assert forum.rings() == []
    assert forum.ask("lapse", by=PROCESS, turn=1, organization="ECOWAS") == []


def test_an_offer_is_to_be_answered_before_its_turn(forum: Forum) -> None:
    forum.now = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
    forum.rings()
    offered = forum.the.rota.offer
    assert offered is not None
    assert (offered.organization, offered.turn, offered.answer_by) == ("IGAD", 1, date(2025, 10, 28))


def test_who_is_skipped_keeps_its_place_and_is_not_counted_as_asked(forum: Forum) -> None:
    assert said_of(forum.answer("skip")) == [("Skipped", 1, "ECOWAS"), ("Offered", 1, "IGAD")]
    assert forum.queue[0] == "ECOWAS"
    assert forum.equity("ECOWAS") == {"skipped": 1}
    assert forum.ask("skip", turn=1, organization="ECOWAS") == []
    assert refusal(lambda: forum.ask("skip", turn=1, organization="GCC")).details == {"turn": 1, "organization": "IGAD"}


def test_a_leaver_goes_and_what_it_had_is_offered_again(forum: Forum) -> None:
    assert said_of(forum.ask("leave", organization="ECOWAS")) == [("Left", 0, None), ("Offered", 1, "IGAD")]
    assert forum.equity("ECOWAS") == {}
    forum.answer("accept")
    left, offered = forum.ask("leave", organization="IGAD")
    assert isinstance(left, Rotation.Left)
    assert (left.frees, left.withdraws) == (1, None)
    assert said_of([offered]) == [("Offered", 1, "GCC")]
    assert forum.queue == ["GCC", "CICA"]
    gone = refusal(lambda: forum.ask("accept", turn=1, organization="IGAD"))
    assert (gone.rule, gone.details) == ("rotation.not_member", {"organization": "IGAD"})
    few = refusal(lambda: forum.ask("leave", organization="GCC"))
    assert (few.rule, few.details) == ("rotation.members", {"members": 2})
    assert refusal(lambda: forum.ask("leave", organization="OAS-CICTE")).rule == "rotation.not_member"
    forum.ask("join", organization="IGAD", region="EAST-AFRICA")
    assert forum.queue == ["GCC", "CICA", "IGAD"]
    assert forum.equity("IGAD") == {"offered": 1, "accepted": 1}


def test_a_turn_whose_day_has_come_stays_the_leavers(forum: Forum) -> None:
    forum.answer("accept")
    forum.now = datetime(2025, 10, 29, 14, 0, tzinfo=UTC)
    (left,) = forum.ask("leave", organization="ECOWAS")
    assert isinstance(left, Rotation.Left)
    assert left.frees is None
    assert said_of(forum.concludes(1)) == [("Held", 1, "ECOWAS"), ("Offered", 2, "IGAD")]
    assert forum.equity("ECOWAS") == {"offered": 1, "accepted": 1, "hosted": 1}


def test_an_organization_stands_in_a_rotation_once(forum: Forum) -> None:
    assert forum.ask("join", organization="GCC", region="GULF-COOPERATION") == []
    twice = refusal(lambda: forum.ask("join", organization="GCC", region="AMERICAS"))
    assert (twice.rule, twice.details) == (
        "rotation.member",
        {"organization": "GCC", "region": "GULF-COOPERATION"},
    )
    with pytest.raises(NotFound, match="NOWHERE"):
        forum.ask("join", organization="NOWHERE", region="AMERICAS")
    with pytest.raises(NotFound, match="ATLANTIS"):
        forum.ask("join", organization="OAS-CICTE", region="ATLANTIS")


def test_the_host_of_a_cancelled_meeting_is_first_again(forum: Forum) -> None:
    forum.answer("accept")
    assert said_of(forum.returns(1)) == [("Returned", 1, "ECOWAS"), ("Offered", 2, "ECOWAS")]
    assert forum.queue == ["ECOWAS", "IGAD", "GCC", "CICA"]
    assert forum.the.host_of(1) is None
    assert forum.returns(1) == []
    assert forum.concludes(1) == []
    assert refusal(lambda: forum.concludes(3)).details == {"turn": 3, "latest": 2}


def test_a_meeting_that_ends_while_its_turn_is_on_offer_takes_the_offer_back(forum: Forum) -> None:
    held, offered = forum.concludes(1)
    assert isinstance(held, Rotation.Held)
    assert held.withdraws is not None
    assert said_of([offered]) == [("Offered", 2, "ECOWAS")]
    assert forum.equity("ECOWAS") == {"offered": 1, "open": 1}
    assert forum.open_work() == {("ECOWAS", "2")}


def test_a_turn_that_is_returned_late_moves_nobody_who_has_hosted_since(forum: Forum) -> None:
    for code in ("GCC", "CICA"):
        forum.ask("leave", organization=code)
    forum.answer("accept")
    forum.now = datetime(2025, 10, 30, tzinfo=UTC)
    forum.ask("offer", turn=2)
    forum.answer("accept")
    forum.now = datetime(2026, 1, 29, tzinfo=UTC)
    forum.ask("offer", turn=3)
    forum.answer("accept")
    assert [forum.the.host_of(turn) for turn in (1, 2, 3)] == ["ECOWAS", "IGAD", "ECOWAS"]
    forum.returns(1)
    assert forum.queue == ["IGAD", "ECOWAS"]
    forum.returns(2)
    assert [forum.the.host_of(turn) for turn in (1, 2, 3)] == [None, None, "ECOWAS"]
    assert forum.hosts(3) == [(3, "ECOWAS"), (4, "IGAD"), (5, "ECOWAS")]


def test_turns_are_offered_one_after_the_other(forum: Forum) -> None:
    assert refusal(lambda: forum.ask("offer", turn=2)).state == "offered"
    assert forum.ask("offer", turn=1) == []
    assert forum.ask("offer", turn=1, organization="ECOWAS", answer_by=date(2025, 9, 29)) == []
    forum.answer("accept")
    early = refusal(lambda: forum.ask("offer", turn=2))
    assert (early.rule, early.details) == ("rotation.offer", {"turn": 1, "turn_state": "accepted"})
    forum.now = datetime(2025, 10, 29, 14, 0, tzinfo=UTC)
    assert refusal(lambda: forum.ask("offer", turn=3)).rule == "rotation.offer"
    wrong = refusal(lambda: forum.ask("offer", turn=2, organization="CICA"))
    assert (wrong.rule, wrong.details) == ("rotation.queue", {"turn": 2, "organization": "IGAD"})
    forum.ask("leave", organization="GCC")
    assert refusal(lambda: forum.ask("offer", turn=2, organization="GCC")).rule == "rotation.not_member"
    for day in (date(2025, 10, 28), date(2027, 1, 1), date.max):
        late = refusal(partial(forum.ask, "offer", turn=2, answer_by=day))
        assert (late.rule, late.details["earliest"]) == ("rotation.answer_by", "2025-10-29")
    (offered,) = forum.ask("offer", turn=2, organization="IGAD", answer_by=date(2025, 11, 30))
    assert isinstance(offered, Rotation.Offered)
    assert offered.offer.closes_at == datetime(2025, 12, 1, 5, 0, tzinfo=UTC)
    assert forum.concludes(1) == [forum.facts[-1]], "the next one is offered already"


def test_a_cadence_that_ends_leaves_nothing_to_offer() -> None:
    forum = Forum(rule="FREQ=WEEKLY;COUNT=2")
    forum.answer("accept")
    assert forum.hosts() == [(1, "ECOWAS"), (2, "IGAD")]
    forum.concludes(1)
    forum.answer("accept")
    assert said_of(forum.concludes(2)) == [("Held", 2, "IGAD")]
    assert forum.hosts() == []
    assert refusal(lambda: forum.ask("offer", turn=3)).rule == "rotation.turn"


def test_what_was_accepted_stands_when_the_rotation_ends(forum: Forum) -> None:
    forum.answer("accept")
    forum.ask("end")
    assert forum.hosts() == []
    assert said_of(forum.concludes(1)) == [("Held", 1, "ECOWAS")]
    assert forum.equity("ECOWAS") == {"offered": 1, "accepted": 1, "hosted": 1}
    assert forum.claims("open:") == forum.claims("due:") == []


def test_an_end_takes_the_open_offer_back(forum: Forum) -> None:
    (ended,) = forum.ask("end")
    assert isinstance(ended, Rotation.Ended)
    assert ended.withdraws is not None
    assert forum.equity("ECOWAS") == {}
    assert forum.claims("open:") == forum.claims("due:") == []


# swaps


def test_a_swap_needs_both_consents(forum: Forum) -> None:
    forum.answer("accept")
    with pytest.raises(Forbidden):
        forum.ask("propose_swap", by=focal_point("IGAD"), organization="CICA", turn=4, for_turn=2)
    forum.ask("propose_swap", by=focal_point("CICA"), organization="CICA", turn=4, for_turn=2)
    assert forum.hosts(4) == [(1, "ECOWAS"), (2, "IGAD"), (3, "GCC"), (4, "CICA")]
    with pytest.raises(Forbidden):
        forum.ask("consent_swap", by=focal_point("CICA"), swap=1)
    mirrored = refusal(lambda: forum.ask("propose_swap", organization="IGAD", turn=2, for_turn=4))
    assert (mirrored.rule, mirrored.details) == ("rotation.swap_open", {"swap": 1})
    assert mirrored.allowed == ("rotation.consent_swap",)
    forum.ask("consent_swap", by=focal_point("IGAD"), swap=1)
    assert forum.hosts(4) == [(1, "ECOWAS"), (2, "CICA"), (3, "GCC"), (4, "IGAD")]
    assert forum.ask("propose_swap", organization="CICA", turn=4, for_turn=2) == []
    with pytest.raises(NotFound, match="Swap 2"):
        forum.ask("consent_swap", swap=2)


def test_an_accepted_turn_goes_to_the_other_member_and_its_place_to_the_first(forum: Forum) -> None:
    forum.answer("accept")
    forum.ask("propose_swap", organization="GCC", turn=3, for_turn=1)
    (agreed,) = forum.ask("consent_swap", swap=1)
    assert isinstance(agreed, Rotation.SwapAgreed)
    assert agreed.accepted == 1
    assert forum.the.host_of(1) == "GCC"
    assert forum.queue == ["IGAD", "ECOWAS", "CICA", "GCC"]
    assert [(ahead.organization, ahead.because) for ahead in forum.the.rota.forecast(CADENCE, 3, forum.now)] == [
        ("GCC", Because.SWAPPED),
        ("IGAD", Because.NEXT_IN_QUEUE),
        ("ECOWAS", Because.SWAPPED),
    ]
    forum.concludes(1)
    assert forum.equity("GCC") == {"hosted": 1}
    assert forum.equity("ECOWAS") == {"offered": 1, "accepted": 1}
    forum.returns(2)
    forum.answer("accept")
    assert forum.queue == ["ECOWAS", "CICA", "GCC", "IGAD"]


@pytest.mark.parametrize(
    ("organization", "turn", "for_turn", "rule", "details"),
    [
        ("CICA", 4, 4, "rotation.swap_self", {"organization": "CICA"}),
        ("CICA", 4, 8, "rotation.swap_self", {"organization": "CICA"}),
        ("CICA", 3, 2, "rotation.swap_turns", {"turn": 3, "host": "GCC"}),
        ("CICA", 4, 400, "rotation.swap_turns", {"turn": 400}),
        ("CICA", 2**40, 2, "rotation.swap_turns", {"turn": 2**40}),
        ("IGAD", 2, 5, "rotation.swap_twice", {"organization": "ECOWAS", "turn": 5, "first": 1}),
        ("IGAD", 6, 3, "rotation.swap_twice", {"organization": "IGAD", "turn": 6, "first": 2}),
        ("OAS-CICTE", 1, 2, "rotation.not_member", {"organization": "OAS-CICTE"}),
    ],
)
def test_a_swap_that_is_none_is_refused(
    forum: Forum, organization: str, turn: int, for_turn: int, rule: str, details: dict[str, Any]
) -> None:
    forum.answer("accept")
    refused = refusal(lambda: forum.ask("propose_swap", organization=organization, turn=turn, for_turn=for_turn))
    assert (refused.rule, refused.details) == (rule, details)


def test_a_turn_on_offer_is_answered_first(forum: Forum) -> None:
    refused = refusal(lambda: forum.ask("propose_swap", organization="IGAD", turn=2, for_turn=1))
    assert (refused.rule, refused.details) == ("rotation.swap_turns", {"turn": 1})


def test_nobody_hosts_twice_by_a_swap_before_the_others_were_asked(forum: Forum) -> None:
    forum.answer("accept")
    forum.concludes(1)
    forum.answer("accept")
    assert forum.hosts(5) == [(2, "IGAD"), (3, "GCC"), (4, "CICA"), (5, "ECOWAS"), (6, "IGAD")]
    too_soon = refusal(lambda: forum.ask("propose_swap", organization="ECOWAS", turn=5, for_turn=3))
    assert (too_soon.rule, too_soon.details) == ("rotation.swap_twice", {"organization": "ECOWAS", "before": "CICA"})
    twice = refusal(lambda: forum.ask("propose_swap", organization="ECOWAS", turn=5, for_turn=2))
    assert (twice.rule, twice.details) == ("rotation.swap_twice", {"organization": "ECOWAS", "before": "CICA"})
    forum.now = datetime(2026, 1, 28, 15, 0, tzinfo=UTC)
    past = refusal(lambda: forum.ask("propose_swap", organization="CICA", turn=4, for_turn=2))
    assert (past.rule, past.details) == ("rotation.swap_turns", {"turn": 2, "host": "IGAD"})


def test_who_has_declined_since_may_be_gone_before(forum: Forum) -> None:
    forum.answer("accept")
    forum.concludes(1)
    for _ in range(3):
        forum.answer("decline")
    forum.answer("decline")
    assert forum.hosts(3) == [(2, None), (3, "IGAD"), (4, "GCC")]
    forum.ask("propose_swap", organization="ECOWAS", turn=6, for_turn=3)
    forum.ask("consent_swap", swap=1)
    assert forum.hosts(5) == [(2, None), (3, "ECOWAS"), (4, "GCC"), (5, "CICA"), (6, "IGAD")]


def test_a_consent_that_comes_when_the_turns_are_others_is_refused(forum: Forum) -> None:
    forum.answer("accept")
    forum.ask("propose_swap", organization="CICA", turn=4, for_turn=3)
    forum.concludes(1)
    forum.answer("decline")
    forum.answer("accept")
    assert forum.hosts(3) == [(2, "GCC"), (3, "IGAD"), (4, "CICA")]
    stale = refusal(lambda: forum.ask("consent_swap", swap=1))
    assert (stale.rule, stale.details) == ("rotation.swap_turns", {"turn": 3, "host": "IGAD"})


# beginning one


def test_a_rotation_is_a_body_too(forum: Forum) -> None:
    entry = forum.load(Entry, Entry.key(EntryKind.BODY, "FORUM"))
    assert entry is not None
    assert entry.names == Names(en="Regional coordination forum")
    body = forum.load(Body, Body.identify("FORUM"))
    assert body is not None
    assert set(body.members) == {"ECOWAS", "IGAD", "GCC", "CICA"}
    forum.ask("join", organization="OAS-CICTE", region="AMERICAS")
    forum.ask("leave", organization="CICA")
    body = forum.load(Body, Body.identify("FORUM"))
    assert body is not None
    assert set(body.members) == {"ECOWAS", "IGAD", "GCC", "OAS-CICTE"}


def test_establishing_twice_is_once(forum: Forum) -> None:
    assert forum.establish() == []
    assert refusal(lambda: forum.establish(answer_days=21)).rule == "code.taken"


@pytest.mark.parametrize(
    ("changed", "rule", "details"),
    [
        ({"members": FOUR[:1]}, "rotation.members", {"members": 1, "least": 2}),
        ({"members": ()}, "rotation.members", {"members": 0, "least": 2}),
        ({"members": (*FOUR, FOUR[0])}, "rotation.member", {"organization": "ECOWAS"}),
        ({"rule": "FREQ=HOURLY"}, "rotation.sub_daily", {"rule": "FREQ=HOURLY"}),
    ],
)
def test_what_makes_no_rotation_is_refused(changed: dict[str, Any], rule: str, details: dict[str, Any]) -> None:
    forum = Forum(establish=False)
    before = len(forum.facts)
    refused = refusal(lambda: forum.establish(**changed))
    assert (refused.rule, refused.details) == (rule, details)
    assert len(forum.facts) == before


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"answer_days": 0}, "answerDays"), ({"answer_days": 91}, "answerDays"), ({"code": "f"}, "code")],
)
def test_what_has_the_wrong_form_is_told_by_its_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Forum(establish=False).establish(**changed)
    assert [name for name, _ in refused.value.fields] == [field]


def test_a_code_that_names_another_body_is_taken() -> None:
    forum = Forum(establish=False)
    forum.run(
        "catalogue.add_entry",
        lambda work: Catalogue(work).add_entry(
            kind=EntryKind.BODY, code="FORUM", names=Names(en="Another"), body_kind=BodyKind.ROTATION
        ),
    )
    assert refusal(forum.establish).rule == "code.taken"


TestTurns = Turns.TestCase
TestTurns.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


# the calendar goes on


def test_when_a_meeting_concludes_long_after_its_day_the_first_turn_to_come_is_offered(forum: Forum) -> None:
    forum.answer("accept")
    forum.now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    assert forum.hosts(3) == [(1, "ECOWAS"), (4, "IGAD"), (5, "GCC")]
    held, offered = forum.concludes(1)
    assert said_of([held, offered]) == [("Held", 1, "ECOWAS"), ("Offered", 4, "IGAD")]
    assert isinstance(offered, Rotation.Offered)
    assert (offered.gone_by, offered.offer.answer_by) == (2, date(2026, 6, 15))
    assert forum.queue == ["IGAD", "GCC", "CICA", "ECOWAS"]


def test_an_offer_that_lapses_after_the_day_of_its_turn_goes_on_to_the_next_turn(forum: Forum) -> None:
    forum.now = datetime(2025, 10, 29, 4, 0, tzinfo=UTC)
    assert forum.hosts(2) == [(2, "ECOWAS"), (3, "IGAD")]
    forum.rings()
    offered = forum.facts[-1]
    assert isinstance(offered, Rotation.Offered)
    assert (offered.offer.turn, offered.offer.organization, offered.gone_by, offered.again) == (2, "ECOWAS", 1, False)
    assert forum.concludes(1) == []
    assert forum.hosts(2) == [(2, "ECOWAS"), (3, "IGAD")]


def test_by_hand_too_no_turn_is_offered_whose_day_has_come(forum: Forum) -> None:
    for _ in range(4):
        forum.answer("decline")
    forum.ask("join", organization="OAS-CICTE", region="AMERICAS")
    forum.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    for turn in (1, 2):
        gone = refusal(partial(forum.ask, "offer", turn=turn))
        assert (gone.rule, gone.details) == ("rotation.offer", {"turn": 1, "turn_state": "secretariat", "next": 3})
    late = refusal(lambda: forum.ask("offer", turn=3, answer_by=date(2026, 4, 29)))
    assert (late.rule, late.details["latest"]) == ("rotation.answer_by", "2026-04-28")
    (offered,) = forum.ask("offer", turn=3, answer_by=date(2026, 4, 28))
    assert isinstance(offered, Rotation.Offered)
    assert offered.gone_by == 1


def test_a_rotation_whose_cadence_began_in_the_past_begins_with_the_first_turn_to_come() -> None:
    forum = Forum(establish=False)
    forum.now = datetime(2025, 10, 29, 12, 0, tzinfo=UTC)
    forum.establish()
    offer = forum.the.rota.offer
    assert offer is not None
    assert (offer.turn, offer.organization) == (2, "ECOWAS")


def test_nobody_sits_in_a_rotation_past_its_queue(forum: Forum) -> None:
    def ask(verb: str, organization: str) -> Callable[[], object]:
        return lambda: forum.run(
            f"body.{verb}", lambda work: getattr(Bodies(work), verb)("FORUM", organization=organization), reason="Why."
        )

    for verb, organization in (("join", "OAS-CICTE"), ("leave", "GCC")):
        refused = refusal(ask(verb, organization))
        assert (refused.rule, refused.details) == ("body.rotation", {"body": "FORUM"})
        assert f"rotation.{verb}" in refused.allowed
    forum.ask("leave", organization="GCC")
    assert "GCC" not in forum.queue
