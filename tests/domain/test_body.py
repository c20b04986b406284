"""Bodies: who sits in them, who leads them, and that leading one gives a chair's powers for as long as it lasts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from compact_domain.body import Bodies, Body, BodyState, Membership, Officer
from compact_domain.catalogue import BodyKind, Catalogue, Entry, EntryKind
from compact_domain.kernel import (
    Command,
    Concerns,
    Fact,
    Forbidden,
    NotFound,
    PersonDetails,
    Role,
    RoleHeld,
    RuleViolation,
)
from compact_domain.organization import Organizations
from compact_domain.role import Office, Roles, RolesOfPerson
from compact_domain.vocabulary import Names, OrganizationKind
from tests.domain.histories import Histories
from tests.domain.scenario import Scenario, actor, command, person, said

AMINA, BORIS = person("amina"), person("boris")
CHAIR_OF_BMLE = RoleHeld(role=Role.WORKING_GROUP_CHAIR, scope="BMLE")

ESTABLISHED = said(Body.Created, code="BMLE")
UNODC_JOINED = said(Body.Joined, organization="UNODC", membership=Membership.MEMBER)
UNDP_OBSERVES = said(Body.Joined, organization="UNDP", membership=Membership.OBSERVER)
UNDP_LEFT = said(Body.Left, organization="UNDP")
CHAIR = Officer(office=Office.CHAIR, organization="UNODC")
AMINA_CHAIRS = said(Body.Appointed, person=AMINA, officer=CHAIR)
AMINA_RELEASED = said(Body.Released, person=AMINA, officer=CHAIR)


def appointing(who: UUID, organization: str, office: Office) -> Callable[[Body], None]:
    return lambda body: body.appoint(person=who, organization=organization, office=office, cmd=command())


VERBS: dict[str, Callable[[Body, Command], None]] = {
    "appoint_chair": lambda body, cmd: body.appoint(
        person=BORIS, organization="UNODC", office=Office.VICE_CHAIR, cmd=cmd
    ),
    "release_chair": lambda body, cmd: body.release(person=AMINA, cmd=cmd),
    "join": lambda body, cmd: body.join(organization="INTERPOL", cmd=cmd),
    "leave": lambda body, cmd: body.leave(organization="UNDP", cmd=cmd),
}


def test_every_verb_may_start_from_every_state() -> None:
    assert {verb: set(BodyState) for verb in VERBS} == Body.MAY_START_FROM


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_twice_is_once(verb: Callable[[Body, Command], None]) -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNODC_JOINED, UNDP_OBSERVES, AMINA_CHAIRS)
    scenario.when(lambda body: verb(body, command()))
    assert len(scenario.new) == 1
    again = Scenario(Body)
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda body: verb(body, command(key="2"))).nothing()


def test_an_observer_becomes_a_member() -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNDP_OBSERVES)
    assert not scenario.aggregate().is_member("UNDP")
    scenario.when(lambda body: body.join(organization="UNDP", cmd=command()))
    scenario.then(said(Body.Joined, organization="UNDP", membership=Membership.MEMBER))
    assert scenario.aggregate().is_member("UNDP")


def test_who_joined_before_the_first_on_record_may_be_entered_after_it() -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNODC_JOINED)
    scenario.when(lambda body: body.join(organization="UNDP", cmd=command(effective_on=date(2018, 12, 6))))
    scenario.then(said(Body.Joined, organization="UNDP", membership=Membership.MEMBER))


def test_only_who_is_in_the_body_leaves_it() -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNODC_JOINED)
    scenario.when(lambda body: body.leave(organization="UNDP", cmd=command()))
    scenario.refused("body.not_in_body", organization="UNDP")


def test_a_body_has_one_chair_and_any_number_of_co_chairs_and_vice_chairs() -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNODC_JOINED, AMINA_CHAIRS)
    scenario.when(appointing(BORIS, "UNODC", Office.CHAIR)).refused("body.chair_taken", organization="UNODC")
    for name in ("boris", "chen", "dalia"):
        office = Office.CO_CHAIR if name == "boris" else Office.VICE_CHAIR
        scenario.when(appointing(person(name), "UNODC", office))
    assert len(scenario.new) == 3


def test_a_chair_is_appointed_after_the_last_was_released() -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNODC_JOINED, AMINA_CHAIRS, AMINA_RELEASED)
    assert scenario.aggregate().chair is None
    scenario.when(appointing(BORIS, "UNODC", Office.CHAIR)).then(said(Body.Appointed, person=BORIS, officer=CHAIR))
    assert scenario.aggregate().chair == BORIS


def test_a_person_holds_one_office_in_a_body() -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNODC_JOINED, AMINA_CHAIRS)
    scenario.when(appointing(AMINA, "UNODC", Office.VICE_CHAIR))
    scenario.refused("body.one_office", office="chair", organization="UNODC")


@pytest.mark.parametrize("organization", ["UNDP", "INTERPOL"], ids=["an observer", "a stranger"])
def test_officers_come_from_members(organization: str) -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNODC_JOINED, UNDP_OBSERVES)
    scenario.when(appointing(AMINA, organization, Office.CHAIR))
    scenario.refused("body.officer_of_member", organization=organization)


@pytest.mark.parametrize(
    "verb",
    [
        lambda body: body.leave(organization="UNODC", cmd=command()),
        lambda body: body.join(organization="UNODC", membership=Membership.OBSERVER, cmd=command()),
    ],
    ids=["leave", "observe"],
)
def test_a_member_whose_person_leads_the_body_stays_a_member(verb: Callable[[Body], None]) -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNODC_JOINED, AMINA_CHAIRS)
    scenario.when(verb).refused("body.officer_of_member", organization="UNODC", officers=1)


def test_only_who_holds_an_office_is_released() -> None:
    scenario = Scenario(Body).given(ESTABLISHED, UNODC_JOINED)
    scenario.when(lambda body: body.release(person=BORIS, cmd=command())).refused("body.not_in_office")


def register(histories: Histories, code: str) -> None:
    histories.run(
        "organization.register",
        lambda work: Organizations(work).register(code=code, names=Names(en=code), kind=OrganizationKind.UN_ENTITY),
    )


def join(histories: Histories, body: UUID | str, organization: str) -> list[Fact]:
    return histories.run("body.join", lambda work: Bodies(work).join(body, organization=organization))


def appoint(histories: Histories, who: UUID | PersonDetails, **options: Any) -> list[Fact]:
    return histories.run(
        "body.appoint_chair",
        lambda work: Bodies(work).appoint_chair("BMLE", person=who, organization="UNODC"),
        **options,
    )


def release(histories: Histories, who: UUID, **options: Any) -> list[Fact]:
    return histories.run("body.release_chair", lambda work: Bodies(work).release_chair("BMLE", person=who), **options)


def held(histories: Histories, who: UUID) -> tuple[RoleHeld, ...]:
    roles = histories.load(RolesOfPerson, RolesOfPerson.key(who))
    return roles.held(histories.now.date()) if roles else ()


@pytest.fixture
def histories() -> Histories:
    histories = Histories()
    register(histories, "UNODC")
    register(histories, "UNDP")
    histories.run(
        "catalogue.add_entry",
        lambda work: Catalogue(work).add_entry(
            kind=EntryKind.BODY, code="BMLE", names=Names(en="BMLE"), body_kind=BodyKind.WORKING_GROUP
        ),
    )
    return histories


def test_a_body_begins_with_the_first_thing_said_of_it(histories: Histories) -> None:
    created, joined = join(histories, "BMLE", "UNODC")
    assert (type(created), type(joined)) == (Body.Created, Body.Joined)
    assert [type(fact) for fact in join(histories, "BMLE", "UNDP")] == [Body.Joined]
    assert join(histories, Body.identify("BMLE"), "UNDP") == []
    assert join(histories, Entry.key(EntryKind.BODY, "BMLE"), "UNDP") == []


@pytest.mark.parametrize("reference", ["ATLANTIS", person("nobody"), Entry.key(EntryKind.REGION, "BMLE")])
def test_a_body_is_one_of_the_catalogue(histories: Histories, reference: UUID | str) -> None:
    with pytest.raises(NotFound) as refused:
        join(histories, reference, "UNODC")
    assert refused.value.kind == "Body"


def test_a_retired_body_takes_nobody_in_but_lets_go(histories: Histories) -> None:
    join(histories, "BMLE", "UNODC")
    histories.run(
        "catalogue.retire_entry", lambda work: Catalogue(work).retire_entry("body:BMLE"), reason="merged into another"
    )
    with pytest.raises(RuleViolation, match=r"catalogue\.retired"):
        join(histories, "BMLE", "UNDP")
    assert len(histories.run("body.leave", lambda work: Bodies(work).leave("BMLE", organization="UNODC"))) == 1


def test_an_inactive_organization_joins_nothing(histories: Histories) -> None:
    histories.run("organization.deactivate", lambda work: Organizations(work).deactivate("UNDP"), reason="closed")
    with pytest.raises(RuleViolation, match=r"organization\.inactive"):
        join(histories, "BMLE", "UNDP")


def test_who_leads_a_body_has_the_powers_of_its_chair_until_released(histories: Histories) -> None:
    join(histories, "BMLE", "UNODC")
    appoint(histories, AMINA)
    assert held(histories, AMINA) == (CHAIR_OF_BMLE,)
    assert appoint(histories, AMINA) == []
    stated = release(histories, AMINA)
    assert [type(fact) for fact in stated] == [Body.Released, RolesOfPerson.Revoked]
    assert held(histories, AMINA) == ()
    assert release(histories, AMINA) == []


def test_a_chair_not_yet_known_is_enrolled(histories: Histories) -> None:
    join(histories, "BMLE", "UNODC")
    facts = appoint(histories, PersonDetails(name="Amina Diallo", email="amina@example.org"))
    (appointed,) = (fact for fact in facts if isinstance(fact, Body.Appointed))
    assert appointed.person == histories.people["amina@example.org"]
    assert appointed.details_hash
    assert held(histories, appointed.person) == (CHAIR_OF_BMLE,)


def test_who_acts_for_one_organization_does_not_chair_for_another(histories: Histories) -> None:
    histories.run(
        "role.grant",
        lambda work: Roles(work).grant(AMINA, role=Role.ENTITY_REPRESENTATIVE, scope="UNDP"),
        by=actor(Role.SECRETARIAT_ADMINISTRATOR),
    )
    join(histories, "BMLE", "UNODC")
    with pytest.raises(RuleViolation, match=r"role\.organization"):
        appoint(histories, AMINA)
    assert not any(isinstance(fact, Body.Appointed) for fact in histories.facts)


def test_why_somebody_was_released_is_sealed_under_his_own_key(histories: Histories) -> None:
    join(histories, "BMLE", "UNODC")
    appoint(histories, AMINA)
    for fact in release(histories, AMINA, reason="took another post"):
        assert fact.provenance.reason is not None
        assert fact.provenance.reason.key == AMINA


def test_a_chair_does_not_appoint_his_successor(histories: Histories) -> None:
    with pytest.raises(Forbidden):
        appoint(histories, BORIS, by=actor(Role.WORKING_GROUP_CHAIR))


def test_a_body_concerns_those_who_sit_in_it_and_lead_it() -> None:
    body = Scenario(Body).given(ESTABLISHED, UNODC_JOINED, UNDP_OBSERVES, AMINA_CHAIRS).aggregate()
    assert body.concerns() == Concerns(
        organizations=frozenset({"UNODC", "UNDP"}), bodies=frozenset({"BMLE"}), persons=frozenset({AMINA})
    )


def test_what_may_be_done_to_a_retired_body_is_to_let_go(histories: Histories) -> None:
    join(histories, "BMLE", "UNODC")
    assert set(Body.verbs(retired=False)) == set(VERBS)
    assert Body.verbs(retired=True) == ("release_chair", "leave")
    histories.run(
        "catalogue.retire_entry", lambda work: Catalogue(work).retire_entry("body:BMLE"), reason="its mandate ended"
    )
    with pytest.raises(RuleViolation, match=r"catalogue\.retired"):
        join(histories, "BMLE", "UNDP")
    with pytest.raises(RuleViolation, match=r"catalogue\.retired"):
        appoint(histories, AMINA)
    assert histories.run("body.leave", lambda work: Bodies(work).leave("BMLE", organization="UNODC"))
