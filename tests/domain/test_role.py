"""Roles: granted and revoked by fact, with scope and dates; the last administrator stays."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compact_domain.catalogue import BodyKind, Catalogue, EntryKind
from compact_domain.kernel import (
    Actor,
    Command,
    Concerns,
    Fact,
    Forbidden,
    NotFound,
    PersonDetails,
    Role,
    RoleHeld,
    RuleViolation,
    VersionConflict,
    Work,
)
from compact_domain.organization import Organizations
from compact_domain.role import Administrators, Grant, Holding, Office, Roles, RolesOfPerson
from compact_domain.vocabulary import Names, OrganizationKind
from tests.domain.histories import Histories
from tests.domain.scenario import NOW, Said, Scenario, actor, command, person, said

AMINA, BORIS = person("amina"), person("boris")
ADMINISTRATOR = actor(Role.SECRETARIAT_ADMINISTRATOR)
PROCESS = Actor(id=person("process"), roles=(RoleHeld(role=Role.PROCESS),))
TODAY = NOW.date()

ENTERED = said(RolesOfPerson.Created, subject=AMINA)
OFFICER = Grant(role=Role.SECRETARIAT_OFFICER, organization="UNOCT", valid_from=TODAY)
CHAIR_BY_OFFICE = Grant(
    role=Role.WORKING_GROUP_CHAIR, scope="BMLE", organization="UNOCT", valid_from=TODAY, office=Office.CHAIR
)
GRANTED = said(RolesOfPerson.Granted, grant=OFFICER)
APPOINTED = said(RolesOfPerson.Granted, grant=CHAIR_BY_OFFICE)
REVOKED = said(RolesOfPerson.Revoked, role=Role.SECRETARIAT_OFFICER)

VERBS: dict[str, Callable[[RolesOfPerson, Command], None]] = {
    "grant": lambda it, cmd: it.grant(role=Role.AUDITOR, organization="UNOCT", cmd=cmd),
    "revoke": lambda it, cmd: it.revoke(role=Role.AUDITOR, cmd=cmd),
}
REACHES: dict[Holding, tuple[Said, ...]] = {Holding.NONE: (ENTERED,), Holding.SOME: (ENTERED, GRANTED)}


def by_administrator(key: str = "1", **options: Any) -> Command:
    return command(by=ADMINISTRATOR, key=key, **options)


def granting(role: Role, **fields: Any) -> Callable[[RolesOfPerson], None]:
    return lambda it: it.grant(role=role, cmd=by_administrator(), **fields)


def test_every_verb_has_its_states() -> None:
    assert RolesOfPerson.MAY_START_FROM.keys() == VERBS.keys()


@pytest.mark.parametrize(
    ("verb", "state"),
    [(verb, state) for verb in VERBS for state in Holding if state not in RolesOfPerson.MAY_START_FROM[verb]],
)
def test_a_verb_is_refused_in_other_states(verb: str, state: Holding) -> None:
    scenario = Scenario(RolesOfPerson).given(*REACHES[state]).when(lambda it: VERBS[verb](it, by_administrator()))
    scenario.refused("state")
    assert scenario.refusal is not None
    assert (scenario.refusal.state, scenario.refusal.allowed) == ("none", ("grant",))


def test_a_role_is_held_from_its_first_to_its_last_day() -> None:
    last = TODAY + timedelta(days=30)
    scenario = Scenario(RolesOfPerson).given(ENTERED)
    scenario.when(
        granting(Role.ENTITY_REPRESENTATIVE, scope="UNODC", valid_from=TODAY + timedelta(days=1), valid_until=last)
    )
    scenario.then(
        said(
            RolesOfPerson.Granted,
            grant=Grant(
                role=Role.ENTITY_REPRESENTATIVE,
                scope="UNODC",
                organization="UNODC",
                valid_from=TODAY + timedelta(days=1),
                valid_until=last,
            ),
        )
    )
    it = scenario.aggregate()
    assert it.held(TODAY) == ()
    assert it.organization(TODAY) is None
    for day in (TODAY + timedelta(days=1), last):
        assert it.held(day) == (RoleHeld(role=Role.ENTITY_REPRESENTATIVE, scope="UNODC"),)
        assert it.organization(day) == "UNODC"
    assert it.held(last + timedelta(days=1)) == ()


def test_a_representative_named_by_organization_has_it_as_scope() -> None:
    scenario = Scenario(RolesOfPerson).given(ENTERED).when(granting(Role.COMMITTEE_MEMBER, organization="UNODC"))
    assert scenario.aggregate().held(TODAY) == (RoleHeld(role=Role.COMMITTEE_MEMBER, scope="UNODC"),)


@pytest.mark.parametrize("role", [Role.REGIONAL_FOCAL_POINT, Role.PROCESS])
def test_powers_that_follow_something_else_are_not_granted(role: Role) -> None:
    Scenario(RolesOfPerson).given(ENTERED).when(granting(role)).refused("role.not_grantable", role=role.value)


@pytest.mark.parametrize(
    ("role", "fields"),
    [
        (Role.ENTITY_REPRESENTATIVE, {}),
        (Role.ENTITY_REPRESENTATIVE, {"scope": "UNODC", "organization": "UNDP"}),
        (Role.COMMITTEE_MEMBER, {}),
        (Role.WORKING_GROUP_CHAIR, {"organization": "UNODC"}),
        (Role.WORKING_GROUP_CHAIR, {"scope": "BMLE"}),
        (Role.SECRETARIAT_OFFICER, {"scope": "UNOCT"}),
        (Role.AUDITOR, {"scope": "UNODC"}),
        (Role.READER, {"scope": "UNODC"}),
    ],
)
def test_a_role_has_the_scope_that_belongs_to_it(role: Role, fields: dict[str, str]) -> None:
    Scenario(RolesOfPerson).given(ENTERED).when(granting(role, **fields)).refused("role.scope", role=role.value)


@pytest.mark.parametrize(
    ("first", "last"),
    [(TODAY + timedelta(days=2), TODAY + timedelta(days=1)), (TODAY - timedelta(days=9), TODAY - timedelta(days=1))],
    ids=["ends before it begins", "ended already"],
)
def test_a_role_ends_after_it_begins_and_not_before_it_is_granted(first: date, last: date) -> None:
    scenario = Scenario(RolesOfPerson).given(ENTERED)
    scenario.when(granting(Role.READER, valid_from=first, valid_until=last))
    scenario.refused("role.dates", valid_from=first.isoformat(), valid_until=last.isoformat())


def test_nobody_grants_what_he_does_not_hold_but_the_administrator() -> None:
    officer = command(by=actor(Role.SECRETARIAT_OFFICER))
    scenario = Scenario(RolesOfPerson).given(ENTERED)
    scenario.when(lambda it: it.grant(role=Role.AUDITOR, cmd=officer)).refused("role.not_held", role="auditor")
    scenario.when(lambda it: it.grant(role=Role.SECRETARIAT_OFFICER, cmd=officer))
    scenario.then(said(RolesOfPerson.Granted, grant=Grant(role=Role.SECRETARIAT_OFFICER, valid_from=TODAY)))


def test_a_person_acts_for_one_organization_at_a_time() -> None:
    scenario = Scenario(RolesOfPerson).given(ENTERED, GRANTED)
    scenario.when(granting(Role.ENTITY_REPRESENTATIVE, scope="UNODC")).refused(
        "role.organization", organization="UNOCT"
    )


def test_a_person_changes_organization_when_the_first_role_has_ended() -> None:
    until_today = Grant(
        role=Role.ENTITY_REPRESENTATIVE, scope="UNDP", organization="UNDP", valid_from=TODAY, valid_until=TODAY
    )
    tomorrow = TODAY + timedelta(days=1)
    scenario = Scenario(RolesOfPerson).given(ENTERED, said(RolesOfPerson.Granted, grant=until_today))
    scenario.when(granting(Role.ENTITY_REPRESENTATIVE, scope="UNODC", valid_from=tomorrow))
    it = scenario.aggregate()
    assert (it.organization(TODAY), it.organization(tomorrow)) == ("UNDP", "UNODC")


def test_granted_twice_is_granted_once_also_on_a_later_day() -> None:
    later = by_administrator(now=NOW + timedelta(days=7))
    (
        Scenario(RolesOfPerson)
        .given(ENTERED, GRANTED)
        .when(lambda it: it.grant(role=Role.SECRETARIAT_OFFICER, organization="UNOCT", cmd=later))
        .nothing()
    )


def test_other_dates_for_a_role_that_is_held_are_refused() -> None:
    scenario = Scenario(RolesOfPerson).given(ENTERED, GRANTED)
    scenario.when(granting(Role.SECRETARIAT_OFFICER, organization="UNOCT", valid_until=TODAY + timedelta(days=9)))
    scenario.refused("role.held", valid_from=TODAY.isoformat())


def test_revoked_twice_is_revoked_once_and_granted_anew_is_held_anew() -> None:
    scenario = Scenario(RolesOfPerson).given(ENTERED, GRANTED, REVOKED)
    assert scenario.aggregate().held(TODAY) == ()
    scenario.when(lambda it: it.revoke(role=Role.SECRETARIAT_OFFICER, cmd=by_administrator())).nothing()
    scenario.when(granting(Role.SECRETARIAT_OFFICER, organization="UNOCT")).then(GRANTED)


def test_revoking_ends_the_days_to_come_as_well() -> None:
    to_come = Grant(role=Role.READER, valid_from=TODAY + timedelta(days=30))
    scenario = Scenario(RolesOfPerson).given(ENTERED, said(RolesOfPerson.Granted, grant=to_come))
    scenario.when(lambda it: it.revoke(role=Role.READER, cmd=by_administrator()))
    assert scenario.aggregate().held(to_come.valid_from) == ()


def test_only_what_was_granted_is_revoked() -> None:
    scenario = Scenario(RolesOfPerson).given(ENTERED, GRANTED)
    scenario.when(lambda it: it.revoke(role=Role.AUDITOR, cmd=by_administrator())).refused(
        "role.not_granted", role="auditor"
    )


def test_powers_of_an_office_go_with_the_office() -> None:
    scenario = Scenario(RolesOfPerson).given(ENTERED, APPOINTED)
    scenario.when(lambda it: it.revoke(role=Role.WORKING_GROUP_CHAIR, scope="BMLE", cmd=by_administrator()))
    scenario.refused("role.by_appointment")
    scenario.when(lambda it: it.leave_office(body="BMLE", cmd=by_administrator()))
    scenario.then(said(RolesOfPerson.Revoked, role=Role.WORKING_GROUP_CHAIR, scope="BMLE", came_with_office=True))


def test_what_was_granted_beside_an_office_outlasts_it() -> None:
    beside = Grant(role=Role.WORKING_GROUP_CHAIR, scope="BMLE", organization="UNOCT", valid_from=TODAY)
    scenario = Scenario(RolesOfPerson).given(ENTERED, APPOINTED, said(RolesOfPerson.Granted, grant=beside))
    once = (RoleHeld(role=Role.WORKING_GROUP_CHAIR, scope="BMLE"),)
    assert scenario.aggregate().held(TODAY) == once
    scenario.when(lambda it: it.leave_office(body="BMLE", cmd=by_administrator()))
    assert scenario.aggregate().held(TODAY) == once


DAYS = st.integers(min_value=0, max_value=40).map(lambda n: TODAY + timedelta(days=n))
TERMS = st.tuples(DAYS, st.none() | DAYS, st.sampled_from(["UNODC", "UNDP"]))


@given(terms=st.lists(TERMS, max_size=8), revoked=st.sets(st.sampled_from(["UNODC", "UNDP"])))
def test_whatever_is_asked_nobody_acts_for_two_organizations_nor_holds_a_role_twice(
    terms: list[tuple[date, date | None, str]], revoked: set[str]
) -> None:
    it = RolesOfPerson.enter(subject=AMINA, cmd=by_administrator())
    for first, last, organization in terms:
        with suppress(RuleViolation):
            it.grant(
                role=Role.ENTITY_REPRESENTATIVE,
                scope=organization,
                valid_from=first,
                valid_until=last,
                cmd=by_administrator(),
            )
    for day in range(45):
        held = [grant for grant in it.grants if grant.holds(TODAY + timedelta(days=day))]
        assert len(held) <= 1
    for organization in revoked & {grant.organization for grant in it.grants}:
        it.revoke(role=Role.ENTITY_REPRESENTATIVE, scope=organization, cmd=by_administrator())
    assert not revoked & {grant.organization for grant in it.grants}


def bootstrap(histories: Histories, subject: UUID, by: Actor = PROCESS) -> list[Fact]:
    return histories.run("role.bootstrap", lambda work: Roles(work).bootstrap(subject, organization="UNOCT"), by=by)


def grant(histories: Histories, who: UUID | PersonDetails, role: Role, by: Actor = ADMINISTRATOR, **fields: Any) -> Any:
    return histories.run("role.grant", lambda work: Roles(work).grant(who, role=role, **fields), by=by)


def revoke(histories: Histories, subject: UUID, role: Role, scope: str | None = None) -> list[Fact]:
    return histories.run(
        "role.revoke",
        lambda work: Roles(work).revoke(subject, role=role, scope=scope),
        by=ADMINISTRATOR,
        reason="left the service",
    )


def roles(histories: Histories, subject: UUID) -> RolesOfPerson:
    found = histories.load(RolesOfPerson, RolesOfPerson.key(subject))
    assert found is not None
    return found


def register(histories: Histories, code: str) -> list[Fact]:
    return histories.run(
        "organization.register",
        lambda work: Organizations(work).register(code=code, names=Names(en=code), kind=OrganizationKind.UN_ENTITY),
    )


@pytest.fixture
def histories() -> Histories:
    histories = Histories()
    register(histories, "UNOCT")
    register(histories, "UNODC")
    histories.run(
        "catalogue.add_entry",
        lambda work: Catalogue(work).add_entry(
            kind=EntryKind.BODY, code="BMLE", names=Names(en="BMLE"), body_kind=BodyKind.WORKING_GROUP
        ),
    )
    return histories


def test_the_first_administrator_comes_by_bootstrap_once_per_database() -> None:
    histories = Histories()
    stated = bootstrap(histories, AMINA)
    assert [type(fact) for fact in stated] == [
        Administrators.Created,
        RolesOfPerson.Created,
        RolesOfPerson.Granted,
    ]
    assert roles(histories, AMINA).held(histories.now.date()) == (RoleHeld(role=Role.SECRETARIAT_ADMINISTRATOR),)
    assert roles(histories, AMINA).organization(histories.now.date()) == "UNOCT"
    assert bootstrap(histories, AMINA) == []
    with pytest.raises(RuleViolation, match=r"role\.bootstrap"):
        bootstrap(histories, BORIS)


def test_only_a_process_bootstraps() -> None:
    with pytest.raises(Forbidden):
        bootstrap(Histories(), AMINA, by=ADMINISTRATOR)


def test_no_administrator_is_granted_before_the_first(histories: Histories) -> None:
    with pytest.raises(RuleViolation, match=r"role\.bootstrap"):
        grant(histories, BORIS, Role.SECRETARIAT_ADMINISTRATOR)


def test_the_last_administrator_stays(histories: Histories) -> None:
    bootstrap(histories, AMINA)
    with pytest.raises(RuleViolation) as refused:
        revoke(histories, AMINA, Role.SECRETARIAT_ADMINISTRATOR)
    assert refused.value.rule == "role.last_administrator"
    assert refused.value.allowed == ("role.grant",)
    grant(histories, BORIS, Role.SECRETARIAT_ADMINISTRATOR)
    assert len(revoke(histories, AMINA, Role.SECRETARIAT_ADMINISTRATOR)) == 2
    assert revoke(histories, AMINA, Role.SECRETARIAT_ADMINISTRATOR) == []
    with pytest.raises(RuleViolation, match=r"role\.last_administrator"):
        revoke(histories, BORIS, Role.SECRETARIAT_ADMINISTRATOR)
    with pytest.raises(RuleViolation, match=r"role\.bootstrap"):
        bootstrap(histories, AMINA)


def test_an_administrator_has_no_last_day_on_which_the_last_would_go(histories: Histories) -> None:
    bootstrap(histories, AMINA)
    tomorrow = histories.now.date() + timedelta(days=1)
    with pytest.raises(RuleViolation, match=r"role\.administrator_open"):
        grant(histories, BORIS, Role.SECRETARIAT_ADMINISTRATOR, valid_from=tomorrow)
    with pytest.raises(RuleViolation, match=r"role\.administrator_open"):
        grant(histories, BORIS, Role.SECRETARIAT_ADMINISTRATOR, valid_until=tomorrow)


def test_a_person_not_yet_known_is_enrolled_and_the_fact_holds_a_hash(histories: Histories) -> None:
    details = PersonDetails(name="Amina Diallo", email="amina@example.org")
    entered, granted = grant(histories, details, Role.ENTITY_REPRESENTATIVE, scope="UNODC")
    assert entered.subject == histories.people["amina@example.org"]
    assert granted.details_hash
    assert b"Amina" not in repr(granted).encode()
    assert grant(histories, details, Role.ENTITY_REPRESENTATIVE, organization="UNODC") == []


def test_organizations_and_bodies_are_those_that_are_known(histories: Histories) -> None:
    with pytest.raises(NotFound, match="Organization ATLANTIS"):
        grant(histories, AMINA, Role.ENTITY_REPRESENTATIVE, scope="ATLANTIS")
    with pytest.raises(NotFound, match="Body ATLANTIS"):
        grant(histories, AMINA, Role.WORKING_GROUP_CHAIR, scope="ATLANTIS", organization="UNODC")
    grant(histories, AMINA, Role.WORKING_GROUP_CHAIR, scope="BMLE", organization="UNODC")
    with pytest.raises(NotFound):
        revoke(histories, BORIS, Role.AUDITOR)


@pytest.mark.parametrize("role", [Role.SECRETARIAT_OFFICER, Role.ENTITY_REPRESENTATIVE, Role.AUDITOR])
def test_only_administrators_grant(histories: Histories, role: Role) -> None:
    with pytest.raises(Forbidden):
        grant(histories, AMINA, Role.READER, by=actor(role))


def test_why_a_role_was_revoked_is_sealed_under_the_key_of_whom_it_concerns(histories: Histories) -> None:
    grant(histories, AMINA, Role.READER)
    (revoked,) = revoke(histories, AMINA, Role.READER)
    assert revoked.provenance.reason is not None
    assert revoked.provenance.reason.key == AMINA


def test_a_grant_is_held_against_the_version_that_was_seen(histories: Histories) -> None:
    grant(histories, AMINA, Role.READER)
    work = Work(
        by_administrator(now=histories.now),
        store=histories,
        secrets=histories,
        judge=lambda *_: True,
        expected_version=1,
    )
    with pytest.raises(VersionConflict):
        Roles(work).grant(AMINA, role=Role.AUDITOR)


def test_the_roles_of_a_person_concern_the_person_and_whom_he_acts_for() -> None:
    roles = Scenario(RolesOfPerson).given(ENTERED, GRANTED).aggregate()
    assert (roles.policy_noun(), roles.concerns()) == (
        "role",
        Concerns(organizations=frozenset({"UNOCT"}), persons=frozenset({AMINA})),
    )
