"""The demonstration keeps its promises: what happened can be asked as of its day, and what is made up says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from graphql import strip_ignored_characters

from compact_domain.catalogue import seeds
from compact_infra.demonstration import AUDITOR, OUTSIDER, RETREAT, story, write_reports
from compact_infra.seeding import Line, lines
from tests.journeys.conftest import Demonstration

DOCUMENTS = Path(__file__).parents[2] / "documents"
OFFICER = "rebecca.lindholm.osei@unoct.example"
MADE_UP = "(fill-in)"
MARKS = ("(note)", "(public)", MADE_UP)
TEXTS = {
    *("title", "text", "description", "model", "reason", "comment", "answer", "note", "actionTaken", "evidence"),
    *("changeNote", "information", "humanRights", "gender", "ruleOfLaw", "nominationLetter", "objectives"),
}
"""Inputs that hold words of people."""


def nodes(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def as_of(demonstration: Demonstration, time: str, query: str, as_: str = AUDITOR) -> Any:
    return demonstration.ask(f'{{ snapshot(at: {{ time: "{time}" }}) {{ {query} }} }}', as_=as_)["snapshot"]


def story_lines() -> list[Line]:
    with story() as file:
        return [line for _, line in lines(file)]


def test_the_directory_says_what_an_organization_is_and_how_it_belongs_to_the_compact(
    demonstration: Demonstration,
) -> None:
    found = demonstration.ask(
        "{ organizations(first: 100) { totalCount edges { node { code kind compactStatus names { fr zh } } } } }",
        as_=OUTSIDER,
    )["organizations"]
    directory = {node["code"]: node for node in nodes(found)}
    assert Counter(node["compactStatus"] for node in directory.values()) == {"MEMBER": 18, "OBSERVER": 2, "NONE": 19}
    assert {directory[code]["kind"] for code in ("INTERPOL", "WCO", "IPU", "FATF")} == {"INTERNATIONAL_ORGANIZATION"}
    assert directory["ECOWAS"]["names"] == {
        "fr": "Communauté économique des États de l’Afrique de l’Ouest",
        "zh": "西非国家经济共同体",
    }


def test_the_retreat_is_the_one_of_the_concept_note(demonstration: Demonstration) -> None:
    retreat = demonstration.ask(
        f"""{{ retreat(code: "{RETREAT}") {{ startsOn endsOn zone format state
            logistics {{ platform contact venue {{ place room }} }} registrationDeadline {{ at zone }}
            seatRules {{ representatives delegates }} }} }}""",
        as_=OUTSIDER,
    )["retreat"]
    assert retreat == {
        "startsOn": "2025-06-25",
        "endsOn": "2025-06-25",
        "zone": "America/New_York",
        "format": "HYBRID",
        "state": "REPORTED",
        "logistics": {
            "platform": "WebEx",
            "contact": "GlobalCompact-committee@un.org",
            "venue": {"place": "United Nations Headquarters, New York", "room": "Conference Room 8"},
        },
        "registrationDeadline": {"at": "2025-06-21T03:59:00Z", "zone": "America/New_York"},
        "seatRules": {"representatives": 1, "delegates": 2},
    }


def test_a_withdrawal_promotes_who_waits_first(demonstration: Demonstration) -> None:
    waiting = (
        f'waitingList(retreat: "{RETREAT}") {{ edges {{ node {{ registration {{ organization {{ code }} }} }} }} }}'
    )
    line = [
        [
            node["registration"]["organization"]["code"]
            for node in nodes(as_of(demonstration, at, waiting)["waitingList"])
        ]
        for at in ("2025-06-17T20:00:00-04:00", "2025-06-18T20:00:00-04:00", "2025-06-24T20:00:00-04:00")
    ]
    assert line == [["DPO", "BHR", "UNODA", "UNESCO"], ["BHR", "UNODA", "UNESCO"], ["UNICRI"]]
    promotions = demonstration.ask(
        '{ trail(filter: { type: { eq: "registration.promoted" } }) { edges { node { command causationId } } } }',
        as_=AUDITOR,
    )["trail"]
    assert [(entry["command"], entry["causationId"] is not None) for entry in nodes(promotions)] == [
        ("registration.promote", True)
    ] * 3


def test_people_come_in_other_modes_than_they_registered_for(demonstration: Demonstration) -> None:
    attendance = demonstration.ask(
        f"""{{ attendance(retreat: "{RETREAT}") {{ expectedInPerson expectedVirtually cameOtherwise excused }}
            opening: attendance(retreat: "{RETREAT}", session: "OPENING") {{ cameInPerson cameVirtually }} }}""",
        as_=OFFICER,
    )
    assert attendance == {
        "attendance": {"expectedInPerson": 26, "expectedVirtually": 26, "cameOtherwise": 4, "excused": 1},
        "opening": {"cameInPerson": 25, "cameVirtually": 21},
    }


def test_gaps_and_good_practices_are_named_for_all_four_regions(demonstration: Demonstration) -> None:
    found = demonstration.ask(
        """{ session(code: "S1") { regions { code }
            capacityGaps(first: 50) { edges { node { region { code } open severity } } }
            goodPractices(first: 50) { edges { node { region { code } forGap { code } } } } } }""",
        as_=OUTSIDER,
    )["session"]
    regions = {region["code"] for region in found["regions"]}
    assert regions == {"WEST-AFRICA", "EAST-AFRICA", "GULF-COOPERATION", "CENTRAL-ASIA"}
    assert {gap["region"]["code"] for gap in nodes(found["capacityGaps"])} == regions
    assert {practice["region"]["code"] for practice in nodes(found["goodPractices"])} == regions
    assert Counter(gap["open"] for gap in nodes(found["capacityGaps"])) == {True: 11, False: 1}


def test_recommendations_end_the_year_in_every_state(demonstration: Demonstration) -> None:
    found = demonstration.ask(
        "{ recommendations(first: 50) { edges { node { decision followUp overdue } } } }", as_=OUTSIDER
    )
    states = Counter((node["decision"], node["followUp"]) for node in nodes(found["recommendations"]))
    assert states == {
        ("ADOPTED", "VERIFIED"): 1,
        ("ADOPTED_AS_AMENDED", "VERIFIED"): 1,
        ("ADOPTED", "IMPLEMENTED"): 2,
        ("ADOPTED", "CONTESTED"): 1,
        ("ADOPTED", "IN_PROGRESS"): 4,
        ("ADOPTED_AS_AMENDED", "IN_PROGRESS"): 1,
        ("ADOPTED", "ASSIGNED"): 1,
        ("ADOPTED_AS_AMENDED", "UNASSIGNED"): 1,
        ("NOT_ADOPTED", None): 1,
        ("WITHDRAWN", None): 1,
        ("UNDER_REVIEW", None): 1,
    }


@pytest.mark.parametrize(("at", "kept"), [("2025-09-11T12:00:00-04:00", 3), ("2025-10-06T08:59:00-04:00", 1)])
def test_between_decision_and_announcement_an_outsider_learns_nothing(
    demonstration: Demonstration, at: str, kept: int
) -> None:
    query = """recommendation(code: "REC-2025-003") { decision followUp }
        decisions(filter: { number: { eq: "CC-2025-D6" } }) { totalCount }
        adopted: recommendations(filter: { decision: { in: [ADOPTED, ADOPTED_AS_AMENDED] } }) { totalCount }
        trail(filter: { type: { eq: "recommendation.adopted" } }) { totalCount }"""
    outside, inside = (as_of(demonstration, at, query, as_) for as_ in (OUTSIDER, AUDITOR))
    assert outside["recommendation"] == {"decision": "UNDER_REVIEW", "followUp": None}
    assert inside["recommendation"] == {"decision": "ADOPTED", "followUp": "UNASSIGNED"}
    assert [seen["decisions"]["totalCount"] for seen in (outside, inside)] == [0, 1]
    assert [inside[what]["totalCount"] - outside[what]["totalCount"] for what in ("adopted", "trail")] == [kept, kept]


def test_focal_points_are_confirmed_handed_over_and_missed(demonstration: Demonstration) -> None:
    query = """focalPoints(filter: { state: { eq: CONFIRMED } }) { totalCount }
        focalPointVacancies(first: 50) { edges { node { organization { code } since } } }"""
    counts = [
        as_of(demonstration, at, query)["focalPoints"]["totalCount"]
        for at in ("2025-08-29T18:00:00-04:00", "2025-09-10T18:00:00-04:00", "2025-12-31T12:00:00-05:00")
    ]
    assert counts == [11, 13, 11]
    found = as_of(demonstration, "2025-12-31T12:00:00-05:00", query)["focalPointVacancies"]
    since = {node["organization"]["code"]: node["since"] for node in nodes(found) if node["since"]}
    assert since == {"SADC": "2025-10-30", "COE": "2025-12-15"}
    handed_over = demonstration.ask(
        """{ focalPoints(filter: { state: { eq: HANDED_OVER } }) { edges { node { organization { code }
            handOver { successor { person { name } } } } } } }""",
        as_=AUDITOR,
    )
    assert [
        (node["organization"]["code"], node["handOver"]["successor"]["person"]["name"])
        for node in nodes(handed_over["focalPoints"])
    ] == [("AU", "Tesfaye Worku")]


def test_what_changed_after_publication_can_be_seen(demonstration: Demonstration) -> None:
    retreat = demonstration.ask(
        f"""{{ retreat(code: "{RETREAT}") {{ logisticsVersions {{ totalCount }} agendaVersions {{ totalCount }}
            summaryReports {{ edges {{ node {{ number stage }} }} }} communications {{ totalCount }}
            actionPlans {{ edges {{ node {{ number act {{ number }} }} }} }} }} }}""",
        as_=OFFICER,
    )["retreat"]
    assert retreat["logisticsVersions"]["totalCount"] == retreat["agendaVersions"]["totalCount"] == 3
    assert [(r["number"], r["stage"]) for r in sorted(nodes(retreat["summaryReports"]), key=lambda r: r["number"])] == [
        (1, "DRAFT"),
        (2, "FINAL"),
        (3, "FINAL"),
    ]
    assert retreat["communications"]["totalCount"] == 3
    plans = {plan["number"]: plan["act"]["number"] for plan in nodes(retreat["actionPlans"])}
    assert plans == {1: "CC-2025-D5", 2: "CC-2025-D8"}


def test_each_document_is_a_question_of_the_story_with_the_same_words() -> None:
    asked = {strip_ignored_characters(line["query"]): line for line in story_lines() if "asks" in line}
    documents = {path: path.read_text("utf-8") for path in sorted(DOCUMENTS.glob("*.graphql"))}
    assert set(asked) == {strip_ignored_characters(text) for text in documents.values()}
    for path, text in documents.items():
        words = text.partition("\n")[0].removeprefix("# ")
        assert asked[strip_ignored_characters(text)]["asks"].startswith(words), path.name


def test_the_reports_say_when_they_are_of_and_what_is_made_up(demonstration: Demonstration, tmp_path: Path) -> None:
    agenda, recommendations = (path.read_text("utf-8") for path in write_reports(demonstration.player, tmp_path))
    head = demonstration.ask("{ head { position } }", as_=AUDITOR)["head"]["position"]
    for text in (agenda, recommendations):
        assert f"(America/New\\_York), position {head}.*" in text
        assert "*(fill-in) marks what is made up for the demonstration.*" in text
    assert "| 15:00–17:15 | UN coordination priorities" in agenda
    assert "| 4 | Efua Boakye-Ansah, Participant (fill-in) | Ghana | 6 | in person | accepted |" in agenda
    assert "Nurlan Ospanov" not in agenda, "who declined does not speak"
    assert "**Deferred to WG-CJLRCFT-2025-10**: CJLRCFT-2025-D1, WG-CJLRCFT-2025-07, 29 July 2025" in recommendations
    assert recommendations.count("\n## ") == 15


def test_the_story_is_told_in_order_and_every_instant_is_its_own() -> None:
    instants = [datetime.fromisoformat(line["at"]) for line in story_lines()]
    assert all(earlier < later for earlier, later in pairwise(instants))
    assert (instants[0].date().isoformat(), instants[-1].date().isoformat()) == ("2025-01-14", "2025-12-31")


def test_nothing_made_up_is_without_a_mark() -> None:
    known = {text for line in story_lines() if line.get("note", "").startswith("(note)") for text in _texts(line)}
    for line in story_lines():
        if "mutation" in line:
            assert line["note"].startswith(MARKS), line
            if line["note"].startswith(MADE_UP):
                assert [text for text in _texts(line) if MADE_UP not in text and text not in known] == [], line
            assert [person for person in _persons(line["input"]) if MADE_UP not in person["title"]] == [], line


def test_every_code_of_a_catalogue_in_the_story_is_in_the_catalogue() -> None:
    codes: dict[str, set[str]] = {}
    for seed in seeds():
        codes.setdefault(seed["kind"].value, set()).add(seed["code"])
    kinds = {
        **dict.fromkeys(("regions", "region", "replicableIn"), "region"),
        **dict.fromkeys(("workingGroups", "workingGroup"), "working_group"),
        **dict.fromkeys(("clauses", "basis"), "clause"),
        **dict.fromkeys(("body", "toBody"), "body"),
    }
    used = [(kinds[name], code) for line in story_lines() for name, code in _fields(line.get("input", {}), set(kinds))]
    assert [(kind, code) for kind, code in used if code not in codes[kind]] == []
    assert len(set(used)) > 40


def _texts(line: Line) -> Iterator[str]:
    yield from (text for _, text in _fields(line.get("input", {}), TEXTS))


def _fields(value: Any, names: set[str]) -> Iterator[tuple[str, str]]:
    """Strings under the given names, wherever they stand, but for what is said of a person."""
    if isinstance(value, list):
        for item in value:
            yield from _fields(item, names)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in names and isinstance(item, str | list):
                yield from (
                    (name, text) for text in ([item] if isinstance(item, str) else item) if isinstance(text, str)
                )
            if name not in ("person", "successor"):
                yield from _fields(item, names)


def _persons(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _persons(item)
    elif isinstance(value, dict):
        if "email" in value:
            yield value
        for item in value.values():
            yield from _persons(item)
