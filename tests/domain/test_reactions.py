"""Reactions: what a fact leads to, once, however often it is met; and who waits is promoted."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest

from compact_domain.kernel import Channel, Concerns, Fact
from compact_domain.policy import decide
from compact_domain.reactions import REACTIONS, Reaction, Then, commands
from compact_domain.registration import Registration, Registrations
from compact_domain.seats import Places
from compact_domain.vocabulary import Category, Mode
from tests.domain.desk import PROCESS, RETREAT, Desk, event_id
from tests.domain.scenario import actor

IN_PERSON, VIRTUAL = Mode


def last(desk: Desk, kind: type[Fact]) -> Fact:
    return [fact for fact in desk.facts if isinstance(fact, kind)][-1]


def released(*, waiting: bool = True) -> tuple[Desk, Fact]:
    """A desk where a place has just been given back, and the fact that says so."""
    desk = Desk(places=1)
    ann = desk.nominate("ann")
    if waiting:
        desk.nominate("bob")
    desk.ask("withdraw", ann)
    return desk, last(desk, Places.Released)


def test_a_reaction_is_known_by_one_name() -> None:
    names = [reaction.name for reaction in REACTIONS]
    assert sorted(set(names)) == sorted(names)
    assert names[0] == "promotion", "names are part of command ids, so they stay as they are"


def test_a_command_has_the_same_id_each_time_its_fact_is_met() -> None:
    desk, fact = released()
    [once], [again] = (commands(fact, event_id(fact), desk) for _ in range(2))
    assert once.id == again.id
    assert once.intent(by=PROCESS.id) == again.intent(by=PROCESS.id)
    [elsewhere] = commands(fact, UUID(int=1), desk)
    assert elsewhere.id != once.id


def test_several_commands_of_one_fact_differ_by_their_keys() -> None:
    desk, fact = released()

    def promote(mode: Mode) -> Then:
        promoted = partial(Registrations.promote, retreat=RETREAT, mode=mode)
        return Then(command="registration.promote", decide=lambda work: promoted(Registrations(work)), key=mode)

    for_each = Reaction(name="each", on=(Places.Released,), then=lambda fact, store: [promote(mode) for mode in Mode])
    first, second = for_each.commands(fact, event_id(fact), desk)
    assert first.id != second.id
    assert first.intent(by=PROCESS.id).request != second.intent(by=PROCESS.id).request


def test_a_command_names_the_fact_that_caused_it_and_the_chain_it_belongs_to() -> None:
    desk, fact = released()
    [intended] = commands(fact, event_id(fact), desk)
    intent = intended.intent(by=PROCESS.id)
    assert (intent.name, intent.by, intent.channel) == ("registration.promote", PROCESS.id, Channel.PROCESS)
    assert intent.id == intended.id
    assert intent.causation_id == event_id(fact)
    assert intent.correlation_id == fact.provenance.correlation_id


def test_a_process_may_promote_and_an_entity_may_not() -> None:
    assert decide(PROCESS, "registration.promote", Concerns())
    assert not decide(PROCESS, "registration.confirm", Concerns())


def test_most_facts_lead_to_nothing() -> None:
    desk, _ = released()
    leading = [fact for fact in desk.facts if commands(fact, event_id(fact), desk)]
    assert [type(fact) for fact in leading] == [Places.Released]


def test_a_release_that_nobody_waits_for_leads_to_nothing() -> None:
    desk, fact = released(waiting=False)
    assert commands(fact, event_id(fact), desk) == []


@pytest.mark.parametrize("places", [2, 3])
def test_more_places_lead_to_a_promotion(places: int) -> None:
    desk = Desk(places=1)
    desk.nominate("ann"), desk.nominate("bob")
    desk.rules(places=places)
    fact = last(desk, Places.RoomChanged)
    [intended] = commands(fact, event_id(fact), desk)
    assert intended.then.command == "registration.promote"
    assert {type(stated) for stated in desk.follow()} == {Places.Promoted, Registration.Promoted}


def test_a_promotion_given_again_changes_nothing() -> None:
    desk, fact = released()
    desk.follow()
    before = len(desk.facts)
    [intended] = commands(fact, event_id(fact), desk)
    desk.run(intended.then.command, intended.then.decide, by=PROCESS, causation_id=intended.event_id)
    assert len(desk.facts) == before
    desk.followed = 0
    assert desk.follow() == [], "met again, known again"


def test_a_promotion_out_of_the_other_mode_leads_to_one_there() -> None:
    desk = Desk(places=1, virtual=1)
    staff = desk.nominate("staff", "UNODC", Category.SECRETARIAT)
    ann, bob = desk.nominate("ann", mode=VIRTUAL), desk.nominate("bob", mode=VIRTUAL)
    desk.ask("change_mode", ann, mode=IN_PERSON)
    desk.ask("withdraw", staff, by=actor())
    desk.follow()
    assert (desk.registration(ann).mode, desk.states(ann, bob)) == (IN_PERSON, ["nominated", "nominated"])
    first, second = (fact for fact in desk.facts if isinstance(fact, Registration.Promoted))
    assert (first.originator_id, second.originator_id) == (ann, bob)
    assert second.provenance.causation_id == event_id(last(desk, Places.Released))
    desk.keep_the_laws()
