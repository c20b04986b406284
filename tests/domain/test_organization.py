"""Organizations: names, regions, and how they belong to the Compact since when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from compact_domain.catalogue import Catalogue, EntryKind
from compact_domain.kernel import Command, Fact, Forbidden, InvalidInput, NotFound, Role, RuleViolation, Work
from compact_domain.organization import Organization, Organizations, OrganizationState, require_organization
from compact_domain.vocabulary import CompactStatus, Names, OrganizationKind
from tests.domain.histories import Histories
from tests.domain.scenario import NOW, Said, Scenario, actor, command, said

ECOWAS = Names(en="Economic Community of West African States")
IN_SIX = Names(
    en=ECOWAS.en,
    fr="Communauté économique des États de l’Afrique de l’Ouest",
    es="Comunidad Económica de los Estados de África Occidental",
)
REGISTERED = said(
    Organization.Created,
    code="ECOWAS",
    names=ECOWAS,
    kind=OrganizationKind.REGIONAL_ORGANIZATION,
    compact_status=CompactStatus.NONE,
    regions=("WEST-AFRICA",),
)
DEACTIVATED = said(Organization.Deactivated)
OBSERVER = said(
    Organization.CompactStatusChanged,
    compact_status=CompactStatus.OBSERVER,
    since=date(2020, 3, 1),
    before=CompactStatus.NONE,
)

REACHES: dict[OrganizationState, tuple[Said, ...]] = {
    OrganizationState.ACTIVE: (REGISTERED,),
    OrganizationState.INACTIVE: (REGISTERED, DEACTIVATED),
}
VERBS: dict[str, Callable[[Organization, Command], None]] = {
    "rename": lambda it, cmd: it.rename(names=Names(en="ECOWAS Commission"), cmd=cmd),
    "set_names": lambda it, cmd: it.set_names(names=IN_SIX, cmd=cmd),
    "set_regions": lambda it, cmd: it.set_regions(regions=["AFRICA"], cmd=cmd),
    "change_compact_status": lambda it, cmd: it.change_compact_status(compact_status=CompactStatus.MEMBER, cmd=cmd),
    "deactivate": lambda it, cmd: it.deactivate(cmd=cmd),
    "reactivate": lambda it, cmd: it.reactivate(cmd=cmd),
}
ENDS = {"deactivate": OrganizationState.INACTIVE, "reactivate": OrganizationState.ACTIVE}


def test_every_verb_has_its_states() -> None:
    assert Organization.MAY_START_FROM.keys() == VERBS.keys()


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb in VERBS
        for state in OrganizationState
        if state not in Organization.MAY_START_FROM[verb] and ENDS.get(verb) is not state
    ],
)
def test_a_verb_is_refused_in_other_states(verb: str, state: OrganizationState) -> None:
    scenario = Scenario(Organization).given(*REACHES[state]).when(lambda it: VERBS[verb](it, command()))
    scenario.refused("state")
    assert scenario.refusal is not None
    assert scenario.refusal.state == state
    assert verb not in scenario.refusal.allowed


@pytest.mark.parametrize("verb", VERBS)
def test_twice_is_once(verb: str) -> None:
    state = next(iter(Organization.MAY_START_FROM[verb]))
    scenario = Scenario(Organization).given(*REACHES[OrganizationState(state)])
    scenario.when(lambda it: VERBS[verb](it, command()))
    assert len(scenario.new) == 1
    again = Scenario(Organization)
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda it: VERBS[verb](it, command(key="2"))).nothing()


def test_the_same_name_in_other_languages() -> None:
    (
        Scenario(Organization)
        .given(REGISTERED)
        .when(lambda it: it.set_names(names=IN_SIX, cmd=command()))
        .then(said(Organization.NamesSet, names=IN_SIX))
    )


def test_translations_do_not_rename() -> None:
    (
        Scenario(Organization)
        .given(REGISTERED)
        .when(lambda it: it.set_names(names=Names(en="Another", fr="Autre"), cmd=command()))
        .refused("organization.name", en=ECOWAS.en)
    )


def test_regions_in_another_order_are_the_same_regions() -> None:
    both = said(Organization.RegionsSet, regions=("WEST-AFRICA", "EAST-AFRICA"))
    (
        Scenario(Organization)
        .given(REGISTERED, both)
        .when(lambda it: it.set_regions(regions=["EAST-AFRICA", "WEST-AFRICA", "EAST-AFRICA"], cmd=command()))
        .nothing()
    )


def test_a_status_is_dated_by_its_first_day() -> None:
    scenario = Scenario(Organization).given(REGISTERED)
    assert not scenario.aggregate().is_compact()
    scenario.when(
        lambda it: it.change_compact_status(
            compact_status=CompactStatus.OBSERVER, since=date(2020, 3, 1), cmd=command()
        )
    ).then(OBSERVER)
    it = scenario.aggregate()
    assert it.is_compact()
    assert it.compact_status_since == date(2020, 3, 1)


def test_a_status_without_a_day_begins_on_the_day_it_is_said() -> None:
    recorded_late = command(now=NOW + timedelta(days=5), effective_on=date(2025, 6, 4))
    (
        Scenario(Organization)
        .given(REGISTERED)
        .when(lambda it: VERBS["change_compact_status"](it, recorded_late))
        .then(
            said(
                Organization.CompactStatusChanged,
                compact_status=CompactStatus.MEMBER,
                since=date(2025, 6, 4),
                before=CompactStatus.NONE,
            )
        )
    )


def test_nothing_counts_from_before_the_registration() -> None:
    def deactivated(on: date) -> Scenario[Organization]:
        recorded_late = command(now=NOW + timedelta(days=5), effective_on=on)
        return Scenario(Organization).given(REGISTERED).when(lambda it: it.deactivate(cmd=recorded_late))

    deactivated(date(2025, 5, 31)).refused("time.effective", earliest="2025-06-01")
    deactivated(date(2025, 6, 1)).then(DEACTIVATED)


@pytest.mark.parametrize("since", [date(2020, 2, 29), date(2025, 6, 2)], ids=["before the last began", "tomorrow"])
def test_a_status_begins_between_the_last_one_and_today(since: date) -> None:
    (
        Scenario(Organization)
        .given(REGISTERED, OBSERVER)
        .when(lambda it: it.change_compact_status(compact_status=CompactStatus.MEMBER, since=since, cmd=command()))
        .refused("organization.since", since=since.isoformat(), earliest="2020-03-01", latest="2025-06-01")
    )


def test_the_first_day_of_a_status_is_corrected_without_changing_it() -> None:
    scenario = (
        Scenario(Organization)
        .given(REGISTERED, OBSERVER)
        .when(
            lambda it: it.change_compact_status(
                compact_status=CompactStatus.OBSERVER, since=date(2019, 3, 1), cmd=command()
            )
        )
        .then(
            said(
                Organization.CompactStatusChanged,
                compact_status=CompactStatus.OBSERVER,
                since=date(2019, 3, 1),
                before=CompactStatus.OBSERVER,
            )
        )
    )
    assert scenario.aggregate().compact_status_since == date(2019, 3, 1)


def region(histories: Histories, code: str) -> None:
    histories.run(
        "catalogue.add_entry",
        lambda work: Catalogue(work).add_entry(kind=EntryKind.REGION, code=code, names=Names(en=code)),
    )


def register(histories: Histories, **fields: Any) -> list[Fact]:
    given: dict[str, Any] = {"code": "ECOWAS", "names": ECOWAS, "kind": OrganizationKind.REGIONAL_ORGANIZATION}
    return histories.run("organization.register", lambda work: Organizations(work).register(**{**given, **fields}))


@pytest.fixture
def histories() -> Histories:
    histories = Histories()
    region(histories, "WEST-AFRICA")
    return histories


def test_registered_once_however_often_it_is_asked(histories: Histories) -> None:
    assert len(register(histories, regions=["WEST-AFRICA"])) == 1
    assert register(histories, regions=["WEST-AFRICA"]) == []
    with pytest.raises(RuleViolation, match=r"code\.taken"):
        register(histories, kind=OrganizationKind.UN_ENTITY)


def test_regions_are_those_of_the_catalogue(histories: Histories) -> None:
    with pytest.raises(NotFound, match="Region ATLANTIS"):
        register(histories, regions=["WEST-AFRICA", "ATLANTIS"])
    register(histories)
    with pytest.raises(NotFound, match="Region ATLANTIS"):
        histories.run(
            "organization.set_regions", lambda work: Organizations(work).set_regions("ECOWAS", regions=["ATLANTIS"])
        )


def test_a_retired_region_is_kept_where_it_stands_and_taken_up_nowhere(histories: Histories) -> None:
    register(histories, regions=["WEST-AFRICA"])
    region(histories, "SAHEL")
    histories.run(
        "catalogue.retire_entry", lambda work: Catalogue(work).retire_entry("region:WEST-AFRICA"), reason="redrawn"
    )
    (fact,) = histories.run(
        "organization.set_regions",
        lambda work: Organizations(work).set_regions("ECOWAS", regions=["WEST-AFRICA", "SAHEL"]),
    )
    assert isinstance(fact, Organization.RegionsSet)
    with pytest.raises(RuleViolation, match=r"catalogue\.retired"):
        register(histories, code="OAU", regions=["WEST-AFRICA"])


def test_a_status_since_tomorrow_is_refused_at_registration(histories: Histories) -> None:
    with pytest.raises(RuleViolation, match=r"organization\.since"):
        register(histories, compact_status=CompactStatus.MEMBER, since=date(2025, 1, 7))
    register(histories, compact_status=CompactStatus.MEMBER, since=date(2025, 1, 6))


def test_a_code_that_is_none_is_refused_by_its_field(histories: Histories) -> None:
    with pytest.raises(InvalidInput) as refused:
        register(histories, code="ECOWAS/CEDEAO")
    assert [field for field, _ in refused.value.fields] == ["code"]


def test_deactivation_needs_a_reason_and_leaves_no_new_part(histories: Histories) -> None:
    register(histories)
    with pytest.raises(RuleViolation, match=r"reason\.required"):
        histories.run("organization.deactivate", lambda work: Organizations(work).deactivate("ECOWAS"))
    (fact,) = histories.run(
        "organization.deactivate", lambda work: Organizations(work).deactivate("ECOWAS"), reason="dissolved"
    )
    assert fact.provenance.reason is not None
    work = Work(command(), store=histories, secrets=histories, judge=lambda *_: True)
    with pytest.raises(RuleViolation) as refused:
        require_organization(work, "ECOWAS")
    assert (refused.value.rule, refused.value.details) == ("organization.inactive", {"organization": "ECOWAS"})
    histories.run("organization.reactivate", lambda work: Organizations(work).reactivate("ECOWAS"))
    work = Work(command(), store=histories, secrets=histories, judge=lambda *_: True)
    assert require_organization(work, "ECOWAS").active


def test_an_unknown_organization_is_named(histories: Histories) -> None:
    with pytest.raises(NotFound) as refused:
        require_organization(Work(command(), store=histories, secrets=histories, judge=lambda *_: True), "OAU")
    assert (refused.value.kind, refused.value.reference) == ("Organization", "OAU")


def test_an_organization_does_not_change_its_own_standing(histories: Histories) -> None:
    register(histories)
    with pytest.raises(Forbidden):
        histories.run(
            "organization.change_compact_status",
            lambda work: Organizations(work).change_compact_status("ECOWAS", compact_status=CompactStatus.MEMBER),
            by=actor(Role.ENTITY_REPRESENTATIVE, organization="ECOWAS"),
        )
