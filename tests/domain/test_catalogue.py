"""The catalogues: entries grow, are renamed and retired by fact; sub-regions count in their parents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compact_domain.catalogue import (
    FIELDS,
    GLOBAL,
    BodyKind,
    Catalogue,
    Catalogued,
    Entry,
    EntryKind,
    Translation,
    ancestors,
    regions_meet,
    require_entries,
    seeds,
)
from compact_domain.kernel import Command, Fact, Forbidden, InvalidInput, NotFound, Role, RuleViolation, Work
from compact_domain.vocabulary import Names
from tests.domain.histories import Histories
from tests.domain.scenario import Scenario, actor, command, said

WEST_AFRICA = said(Entry.Created, kind=EntryKind.REGION, code="WEST-AFRICA", names=Names(en="West Africa"))
RETIRED = said(Entry.Retired)
VERBS: dict[str, Callable[[Entry, Command], None]] = {
    "rename_entry": lambda entry, cmd: entry.rename(names=Names(en="Western Africa"), cmd=cmd),
    "retire_entry": lambda entry, cmd: entry.retire(cmd=cmd),
}


def add(histories: Histories, **entry: Any) -> list[Fact]:
    return histories.run("catalogue.add_entry", lambda work: Catalogue(work).add_entry(**entry))


def region(code: str, parent: str | None = None) -> dict[str, Any]:
    return {"kind": EntryKind.REGION, "code": code, "names": Names(en=code), "parent": parent}


def retire(histories: Histories, entry: str) -> list[Fact]:
    return histories.run("catalogue.retire_entry", lambda work: Catalogue(work).retire_entry(entry), reason="merged")


def looking(histories: Histories) -> Work:
    """An attempt at some command, to ask what commands ask."""
    return Work(command(), store=histories, secrets=histories, judge=lambda *_: True)


@pytest.fixture
def seeded() -> Histories:
    histories = Histories()
    for seed in seeds():
        add(histories, **seed)
    return histories


def test_every_verb_has_its_states() -> None:
    assert Entry.MAY_START_FROM.keys() == VERBS.keys()


def test_an_entry_is_renamed_in_all_languages_at_once() -> None:
    names = Names(en="Western Africa", fr="Afrique occidentale")
    (
        Scenario(Entry)
        .given(WEST_AFRICA)
        .when(lambda entry: entry.rename(names=names, translations=Translation.PUBLIC, cmd=command()))
        .then(said(Entry.Renamed, names=names, translations=Translation.PUBLIC))
    )


def test_a_retired_entry_is_not_renamed() -> None:
    scenario = Scenario(Entry).given(WEST_AFRICA, RETIRED).when(lambda entry: VERBS["rename_entry"](entry, command()))
    scenario.refused("state")
    assert scenario.refusal is not None
    assert scenario.refusal.state == "retired"


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_twice_is_once(verb: Callable[[Entry, Command], None]) -> None:
    scenario = Scenario(Entry).given(WEST_AFRICA).when(lambda entry: verb(entry, command()))
    assert len(scenario.new) == 1
    again = Scenario(Entry)
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda entry: verb(entry, command())).nothing()


def test_what_may_start_is_told_by_the_guards() -> None:
    assert Scenario(Entry).given(WEST_AFRICA).aggregate().allowed(command().now) == ("rename_entry", "retire_entry")
    assert Scenario(Entry).given(WEST_AFRICA, RETIRED).aggregate().allowed(command().now) == ()


def test_a_region_needs_a_parent_that_is_known() -> None:
    with pytest.raises(NotFound, match="Region AFRICA"):
        add(Histories(), **region("WEST-AFRICA", parent="AFRICA"))


def test_a_clause_needs_its_framework() -> None:
    clause = {"kind": EntryKind.CLAUSE, "code": "JPOW-SP1", "names": Names(en="Strengthen coordination")}
    with pytest.raises(InvalidInput) as refused:
        add(Histories(), **clause)
    assert refused.value.fields == (("framework", "is needed for a clause"),)
    with pytest.raises(NotFound, match="Framework JPOW"):
        add(Histories(), **clause, framework="JPOW")


def test_a_framework_says_whether_it_is_held_whole() -> None:
    framework = {"kind": EntryKind.FRAMEWORK, "code": "JPOW", "names": Names(en="Programme"), "symbol": "JPOW 2024"}
    with pytest.raises(InvalidInput) as refused:
        add(Histories(), **framework)
    assert refused.value.fields == (("catalogued", "is needed for a framework"),)
    with pytest.raises(InvalidInput) as refused:
        add(Histories(), **framework, catalogued=Catalogued.WHOLE)
    assert [field for field, _ in refused.value.fields] == ["clausesTotal"]
    (fact,) = add(Histories(), **framework, catalogued=Catalogued.WHOLE, clauses_total=5)
    assert isinstance(fact, Entry.Created)
    assert (fact.catalogued, fact.clauses_total) == (Catalogued.WHOLE, 5)


VALUES: dict[str, Any] = {
    "parent": "AFRICA",
    "countries": ("GH",),
    "m49": "011",
    "body_kind": BodyKind.ROTATION,
    "framework": "JPOW",
    "symbol": "JPOW 2024",
    "adopted_on": "2024-01-24",
    "adopted_by": "Coordination Committee",
    "body": "CC",
    "catalogued": Catalogued.PART,
    "clauses_total": 5,
}


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind in EntryKind for field in VALUES if field not in FIELDS[kind]]
)
def test_an_entry_says_only_what_its_catalogue_holds(kind: EntryKind, field: str) -> None:
    with pytest.raises(InvalidInput, match="is not said of a"):
        Entry.add(kind=kind, code="SOME", names=Names(en="Some"), cmd=command(), **{field: VALUES[field]})


@pytest.mark.parametrize(
    ("field", "malformed"),
    [("code", "west africa"), ("countries", ("Ghana",)), ("m49", "11"), ("names", Names(en=""))],
)
def test_malformed_values_are_refused_by_their_field(field: str, malformed: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(Histories(), **{**region("WEST-AFRICA"), field: malformed})
    assert refused.value.fields[0][0].startswith(field)


def test_codes_are_unique_within_their_catalogue_only() -> None:
    histories = Histories()
    add(histories, kind=EntryKind.WORKING_GROUP, code="BMLE", names=Names(en="Border management"))
    body = {"kind": EntryKind.BODY, "code": "BMLE", "body_kind": BodyKind.WORKING_GROUP}
    assert len(add(histories, **body, names=Names(en="Working group"))) == 1
    with pytest.raises(RuleViolation, match=r"code\.taken"):
        add(histories, **body, names=Names(en="Another"))


def test_adding_the_same_again_states_nothing_unless_it_was_retired() -> None:
    histories = Histories()
    add(histories, **region("WEST-AFRICA"))
    assert add(histories, **region("WEST-AFRICA")) == []
    retire(histories, "region:WEST-AFRICA")
    with pytest.raises(RuleViolation, match=r"catalogue\.retired"):
        add(histories, **region("WEST-AFRICA"))


def test_retiring_needs_a_reason() -> None:
    histories = Histories()
    add(histories, **region("WEST-AFRICA"))
    with pytest.raises(RuleViolation, match=r"reason\.required"):
        histories.run("catalogue.retire_entry", lambda work: Catalogue(work).retire_entry("region:WEST-AFRICA"))


def test_only_the_secretariat_keeps_catalogues() -> None:
    entry = region("WEST-AFRICA")
    with pytest.raises(Forbidden):
        Histories().run(
            "catalogue.add_entry",
            lambda work: Catalogue(work).add_entry(**entry),
            by=actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC"),
        )


def test_an_entry_is_named_by_kind_and_code() -> None:
    histories = Histories()
    add(histories, **region("WEST-AFRICA"))
    names = Names(en="Western Africa")
    (fact,) = histories.run(
        "catalogue.rename_entry", lambda work: Catalogue(work).rename_entry("region:WEST-AFRICA", names=names)
    )
    assert isinstance(fact, Entry.Renamed)
    assert fact.originator_id == Entry.key(EntryKind.REGION, "WEST-AFRICA")


def test_what_is_retired_is_not_put_to_new_use(seeded: Histories) -> None:
    retire(seeded, "region:MELANESIA")
    with pytest.raises(RuleViolation) as refused:
        require_entries(looking(seeded), EntryKind.REGION, ["WEST-AFRICA", "MELANESIA"], field="regions")
    assert refused.value.rule == "catalogue.retired"
    assert refused.value.details == {"field": "regions", "kind": "region", "code": "MELANESIA"}


def test_a_clause_of_a_retired_framework_is_not_put_to_new_use(seeded: Histories) -> None:
    retire(seeded, "framework:CC-OPTIONS-2021")
    with pytest.raises(RuleViolation) as refused:
        require_entries(looking(seeded), EntryKind.CLAUSE, ["CC-OPTIONS-2021-FIELD"], field="clauses")
    assert refused.value.details == {"field": "clauses", "kind": "framework", "code": "CC-OPTIONS-2021"}


def test_unknown_codes_are_named(seeded: Histories) -> None:
    with pytest.raises(NotFound) as refused:
        require_entries(looking(seeded), EntryKind.WORKING_GROUP, ["BMLE", "ATLANTIS"], field="workingGroups")
    assert (refused.value.kind, refused.value.reference) == ("WorkingGroup", "ATLANTIS")


def test_the_data_files_hold_the_eight_working_groups_and_the_regions_of_the_retreat(seeded: Histories) -> None:
    added = [fact for fact in seeded.facts if isinstance(fact, Entry.Created)]
    assert sum(fact.kind is EntryKind.WORKING_GROUP for fact in added) == 8
    regions = {fact.code for fact in added if fact.kind is EntryKind.REGION}
    assert {"WEST-AFRICA", "EAST-AFRICA", "GULF-COOPERATION", "CENTRAL-ASIA", GLOBAL} <= regions
    for framework in (fact for fact in added if fact.catalogued is Catalogued.WHOLE):
        assert framework.clauses_total == sum(fact.framework == framework.code for fact in added)


def test_seeding_twice_adds_nothing(seeded: Histories) -> None:
    assert [fact for seed in seeds() for fact in add(seeded, **seed)] == []


def test_sub_regions_count_in_their_parents(seeded: Histories) -> None:
    work = looking(seeded)
    assert ancestors(work, ["WEST-AFRICA"]) == {"WEST-AFRICA", "SUB-SAHARAN-AFRICA", "AFRICA"}
    assert regions_meet(work, ["AFRICA"], ["WEST-AFRICA"])
    assert regions_meet(work, ["WEST-AFRICA"], ["AFRICA"])
    assert not regions_meet(work, ["WEST-AFRICA"], ["EAST-AFRICA"])
    assert regions_meet(work, ["WEST-AFRICA"], [GLOBAL])
    assert not regions_meet(work, [], [GLOBAL])


SOME_REGIONS = st.sets(
    st.sampled_from([seed["code"] for seed in seeds() if seed["kind"] is EntryKind.REGION]), max_size=4
)


@pytest.fixture(scope="module")
def work() -> Work:
    histories = Histories()
    for seed in seeds():
        if seed["kind"] is EntryKind.REGION:
            add(histories, **seed)
    return looking(histories)


@given(some=SOME_REGIONS, others=SOME_REGIONS)
@settings(max_examples=50, deadline=None)
def test_meeting_is_mutual_and_a_region_meets_those_it_lies_in(work: Work, some: set[str], others: set[str]) -> None:
    assert regions_meet(work, some, others) == regions_meet(work, others, some)
    assert all(regions_meet(work, [one], ancestors(work, [one])) for one in some)
    assert ancestors(work, ancestors(work, some)) == ancestors(work, some)
