"""Catalogues: regions, working groups, frameworks with clauses. They are read as of then, and grow by fact."""

from __future__ import annotations

from typing import Any

import pytest

from compact_domain.kernel import Role
from tests.client import Client
from tests.conftest import Service

FRAMEWORK = """query ($code: Code!) { frameworks(filter: {code: {eq: $code}}) { edges { node {
    id symbol adoptedOn catalogued clausesTotal clausesHeld body { code chair { since } }
    clauses { totalCount edges { node { code symbol framework { code } } } } } } } }"""
NAME = "query ($id: ID!) { node(id: $id) { ... on CatalogueEntry { code name retired version } } }"


def nodes(connection: dict[str, Any]) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def add(officer: Client, kind: str, code: str, name: str, **said: Any) -> dict[str, Any]:
    given = {"kind": kind, "code": code, "names": {"en": name}, **said}
    entry: dict[str, Any] = officer.do("catalogueAddEntry", given, select="entry { id code name version }")["entry"]
    return entry


def test_regions_tell_what_they_lie_in_and_hold(service: Service) -> None:
    found = service.as_(Role.READER).ask(
        '{ regions(filter: {code: {in: ["WEST-AFRICA", "SUB-SAHARAN-AFRICA", "GLOBAL"]}}) { totalCount edges { node {'
        ' code m49 name(language: "fr") parent { code parent { code } } children { code } countries } } } }'
    )["regions"]
    whole, part_of_africa, west = nodes(found)
    assert (found["totalCount"], west["name"], west["m49"]) == (3, "Afrique de l’Ouest", "011")
    assert west["parent"] == {"code": "SUB-SAHARAN-AFRICA", "parent": {"code": "AFRICA"}}
    assert [child["code"] for child in part_of_africa["children"]] == [
        "EAST-AFRICA",
        "MIDDLE-AFRICA",
        "SOUTHERN-AFRICA",
        "WEST-AFRICA",
    ]
    assert "GH" in west["countries"]
    assert set(west["countries"]) < set(part_of_africa["countries"]) < set(whole["countries"])
    assert "EG" not in part_of_africa["countries"]
    assert whole["countries"] == sorted(set(whole["countries"]))


def test_the_eight_working_groups_are_bodies_too(service: Service) -> None:
    found = service.officer.ask(
        "{ workingGroups(first: 100) { totalCount edges { node { code body { code kind chair { since } } } } } }"
    )["workingGroups"]
    assert found["totalCount"] == 8
    assert all(
        group["body"] == {"code": group["code"], "kind": "WORKING_GROUP", "chair": None} for group in nodes(found)
    )


def test_a_hole_in_the_catalogue_is_not_taken_for_a_gap(service: Service) -> None:
    (whole,) = nodes(service.officer.ask(FRAMEWORK, code="JPOW-2024-2026")["frameworks"])
    (part,) = nodes(service.officer.ask(FRAMEWORK, code="CC-DECISIONS-2025")["frameworks"])
    (unnumbered,) = nodes(service.officer.ask(FRAMEWORK, code="A-RES-77-298")["frameworks"])
    assert [(f["catalogued"], f["clausesTotal"], f["clausesHeld"]) for f in (whole, part, unnumbered)] == [
        ("WHOLE", 5, 5),
        ("PART", 10, 2),
        ("PART", None, 3),
    ]
    assert (part["body"]["code"], part["adoptedOn"]) == ("CC", "2025-02")
    assert nodes(part["clauses"])[0] == {
        "code": "CC-DECISIONS-2025-D4",
        "symbol": "Decision 4",
        "framework": {"code": "CC-DECISIONS-2025"},
    }


def test_clauses_come_page_by_page(service: Service) -> None:
    query = """query ($after: String) { frameworks(filter: {code: {eq: "JPOW-2024-2026"}}) { edges { node {
        clauses(first: 2, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { node { code } } }
    } } } }"""
    seen, after = [], None
    while True:
        ((clauses,),) = [node.values() for node in nodes(service.officer.ask(query, after=after)["frameworks"])]
        assert clauses["totalCount"] == 5
        seen.append([clause["code"][-3:] for clause in nodes(clauses)])
        if not clauses["pageInfo"]["hasNextPage"]:
            break
        after = clauses["pageInfo"]["endCursor"]
    assert seen == [["SP1", "SP2"], ["SP3", "SP4"], ["SP5"]]


def test_frameworks_are_found_by_what_they_are(service: Service) -> None:
    query = "query ($f: FrameworkFilter) { frameworks(filter: $f, orderBy: [{field: NAME, direction: DESC}]) {"
    query += " edges { node { code name } } } }"

    def codes(**filter: Any) -> list[str]:
        return [node["code"] for node in nodes(service.officer.ask(query, f=filter)["frameworks"])]

    assert codes(symbol={"contains": "a/res"}) == ["A-RES-77-298", "A-RES-79-1"]
    assert codes(catalogued={"eq": "WHOLE"}) == ["JPOW-2024-2026"]
    assert set(codes(body={"eq": "CC"})) == {"CC-DECISIONS-2025", "CC-OPTIONS-2021", "JPOW-2024-2026"}


def test_a_name_is_told_in_the_language_asked_for_or_in_english(service: Service) -> None:
    add(service.officer, "WORKING_GROUP", "ONLY-ENGLISH", "Working Group on Plain Words")
    query = """query ($language: LanguageCode!) {
        workingGroups(filter: {code: {in: ["PCVE", "ONLY-ENGLISH"]}}) { edges { node { name(language: $language) } } }
    }"""

    def names(language: str) -> list[str]:
        return [node["name"] for node in nodes(service.officer.ask(query, language=language)["workingGroups"])]

    plain = "Working Group on Plain Words"
    assert names("zh-Hans") == [plain, "预防和打击暴力极端主义"]
    assert names("pt-BR") == [plain, "Preventing and Countering Violent Extremism"]


def test_a_catalogue_grows_by_fact_and_the_past_reads_its_own(service: Service) -> None:
    officer = service.officer
    before = officer.ask("{ head { position } }")["head"]["position"]
    sahel = add(officer, "REGION", "SAHEL", "Sahel", parent="WEST-AFRICA", countries=["ML", "NE", "TD"])
    then = officer.ask("{ head { position } }")["head"]["position"]
    renamed = officer.do(
        "catalogueRenameEntry",
        {"id": "SAHEL", "kind": "REGION", "names": {"en": "The Sahel", "fr": "Le Sahel"}, "translations": "WORKING"},
        select='entry { id name(language: "fr") translations version }',
    )["entry"]
    assert renamed == {"id": sahel["id"], "name": "Le Sahel", "translations": "WORKING", "version": 2}
    query = """query ($p: Position!) { snapshot(at: {position: $p}) {
        regions(filter: {code: {eq: "SAHEL"}}) { totalCount edges { node { id name } } }
        parents: regions(filter: {code: {eq: "WEST-AFRICA"}}) { edges { node { children { code } countries } } }
    } }"""
    at_first, later = (officer.ask(query, p=p)["snapshot"] for p in (before, then))
    assert at_first["regions"]["totalCount"] == 0
    assert nodes(at_first["parents"])[0]["children"] == []
    assert "TD" not in nodes(at_first["parents"])[0]["countries"]
    assert nodes(later["parents"])[0]["children"] == [{"code": "SAHEL"}]
    assert "TD" in nodes(later["parents"])[0]["countries"]
    (permalink,) = nodes(later["regions"])
    assert permalink["name"] == "Sahel"
    assert officer.ask(NAME, id=permalink["id"])["node"]["name"] == "Sahel"
    assert officer.ask(NAME, id=sahel["id"])["node"]["name"] == "The Sahel"


def test_a_retired_entry_is_kept_and_not_used_again(service: Service) -> None:
    officer = service.officer
    charter = add(officer, "FRAMEWORK", "CHARTER-OLD", "Old charter", symbol="OC/1", catalogued="PART")
    assert officer.refused("catalogueRetireEntry", {"id": charter["id"]}) == "reason.required"
    done = officer.do(
        "catalogueRetireEntry",
        {"id": charter["id"], "reason": "superseded by another"},
        select="entry { retired version allowedCommands history { edges { node { type reason } } } }",
    )["entry"]
    assert (done["retired"], done["version"], done["allowedCommands"]) == (True, 2, [])
    assert nodes(done["history"])[-1] == {"type": "catalogue_entry.retired", "reason": "superseded by another"}
    clause = {"kind": "CLAUSE", "code": "CHARTER-OLD-1", "names": {"en": "One"}, "framework": "CHARTER-OLD"}
    answer = officer.give("catalogueAddEntry", clause)
    assert (answer["rule"], {d["name"]: d["value"] for d in answer["details"]}) == (
        "catalogue.retired",
        {"field": "framework", "kind": "framework", "code": "CHARTER-OLD"},
    )
    listed = "query ($r: Boolean!) { frameworks(filter: {retired: {eq: $r}}) { edges { node { code retired } } } }"
    assert nodes(officer.ask(listed, r=True)["frameworks"]) == [{"code": "CHARTER-OLD", "retired": True}]
    assert "CHARTER-OLD" not in [node["code"] for node in nodes(officer.ask(listed, r=False)["frameworks"])]


def test_codes_are_unique_within_a_catalogue(service: Service) -> None:
    officer = service.officer
    assert officer.ask(NAME, id=add(officer, "REGION", "TWICE", "A region")["id"])["node"]["name"] == "A region"
    add(officer, "WORKING_GROUP", "TWICE", "A group")
    other = {"kind": "REGION", "code": "TWICE", "names": {"en": "Another"}}
    assert officer.refused("catalogueAddEntry", other) == "code.taken"
    officer.do("catalogueRenameEntry", {"id": "TWICE", "kind": "WORKING_GROUP", "names": {"en": "The group"}})
    found = officer.ask(
        '{ regions(filter: {code: {eq: "TWICE"}}) { edges { node { name } } }'
        ' workingGroups(filter: {code: {eq: "TWICE"}}) { edges { node { name } } } }'
    )
    assert (nodes(found["regions"]), nodes(found["workingGroups"])) == ([{"name": "A region"}], [{"name": "The group"}])


def test_an_entry_is_named_by_id_or_by_code_and_catalogue(service: Service) -> None:
    officer = service.officer
    names = {"names": {"en": "X"}}
    plain = officer.give("catalogueRenameEntry", {"id": "GLOBAL", **names})
    assert plain["fields"] == [{"name": "kind", "message": "must be given with a code"}]
    body = nodes(officer.ask('{ bodies(filter: {code: {eq: "CC"}}) { edges { node { id } } } }')["bodies"])[0]["id"]
    assert officer.give("catalogueRenameEntry", {"id": body, **names})["fields"][0]["name"] == "id"
    assert officer.give("catalogueRenameEntry", {"id": body, "kind": "REGION", **names})["code"] == "INVALID_INPUT"
    missing = officer.give("catalogueRenameEntry", {"id": "NOWHERE", "kind": "REGION", **names})
    assert (missing["code"], missing["reference"]) == ("NOT_FOUND", "NOWHERE")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"kind": "FRAMEWORK", "symbol": "X"}, {"name": "catalogued", "message": "is needed for a framework"}),
        (
            {"kind": "FRAMEWORK", "symbol": "X", "catalogued": "WHOLE"},
            {"name": "clausesTotal", "message": "is needed for a framework that is catalogued whole"},
        ),
        ({"kind": "REGION", "symbol": "X"}, {"name": "symbol", "message": "is not said of a region"}),
        ({"kind": "BODY"}, {"name": "bodyKind", "message": "is needed for a body"}),
    ],
)
def test_each_catalogue_says_what_it_needs(service: Service, said: dict[str, Any], problem: dict[str, str]) -> None:
    answer = service.officer.give("catalogueAddEntry", {"code": "NEW-ENTRY", "names": {"en": "New"}, **said})
    assert answer["fields"] == [problem]


def test_who_does_not_keep_the_catalogues_only_reads_them(service: Service) -> None:
    auditor = service.as_(Role.AUDITOR)
    entry = {"kind": "REGION", "code": "MINE", "names": {"en": "Mine"}}
    assert auditor.refused("catalogueAddEntry", entry) == "FORBIDDEN"
    query = '{ regions(filter: {code: {eq: "GLOBAL"}}) { edges { node { allowedCommands } } } }'
    assert nodes(auditor.ask(query)["regions"]) == [{"allowedCommands": []}]
    assert nodes(service.officer.ask(query)["regions"]) == [
        {"allowedCommands": ["catalogueRenameEntry", "catalogueRetireEntry"]}
    ]


def test_a_stale_view_of_an_entry_is_refused(service: Service) -> None:
    entry = add(service.officer, "REGION", "STALE", "Stale")
    given = {"id": entry["id"], "names": {"en": "Fresh"}, "expectedVersion": 1}
    service.officer.do("catalogueRenameEntry", given)
    answer = service.officer.give("catalogueRenameEntry", {**given, "names": {"en": "Fresher"}})
    assert (answer["__typename"], answer["expected"], answer["actual"]) == ("VersionConflict", 1, 2)
