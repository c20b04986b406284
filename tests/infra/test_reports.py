"""Reports are text and nothing but text: what people wrote cannot change their shape."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from compact_infra.reports import REPORTS, Answer, agenda, escaped

HEAD = {"position": "7", "now": "2025-06-25T03:30:00Z"}
SPEAKER = {
    "order": 2,
    "minutes": 8,
    "mode": "IN_PERSON",
    "invitation": "ACCEPTED",
    "person": {"name": "Wanjiku Otieno", "title": None},
    "organization": {"name": "African Union"},
}
SESSION = {
    "code": "OPENING",
    "objectives": ["Hear what is expected."],
    "regions": [],
    "moderator": None,
    "rapporteurs": [],
    "speakers": {"totalCount": 1, "edges": [{"node": SPEAKER}]},
}
ANSWER: Answer = {
    "head": HEAD,
    "retreat": {
        "title": "Retreat",
        "theme": "Partnerships",
        "startsOn": "2025-06-25",
        "endsOn": "2025-06-25",
        "zone": "America/New_York",
        "logistics": {"number": 1, "venue": None, "platform": None, "contact": "a@un.example", "information": None},
        "agenda": {
            "number": 1,
            "sessions": [
                {
                    "session": "OPENING",
                    "title": "Opening",
                    "startsAt": "2025-06-25T13:30:00Z",
                    "endsAt": "2025-06-25T14:30:00Z",
                    "room": None,
                }
            ],
        },
        "agendaVersions": {"edges": []},
    },
    "sessions": {"edges": [{"node": SESSION}], "pageInfo": {"hasNextPage": False, "endCursor": None}},
}


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text.strip()))
def test_markdown_sees_nothing_but_text(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(f"- {escaped(text)}")
    assert [token.type for token in tokens if token.nesting == 1] == [
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
    ]
    inline = next(token for token in tokens if token.type == "inline")
    assert {child.type for child in inline.children or []} <= {"text", "text_special"}
    assert "".join(child.content for child in inline.children or []) == " ".join(text.split())


def test_times_are_those_of_the_retreat_and_the_moment_is_said() -> None:
    text = agenda(ANSWER)
    assert "| 09:30–10:30 | Opening |  |" in text
    assert text.endswith("*As of 24 June 2025, 23:30 (America/New\\_York), position 7.*\n")
    assert "(fill-in)" not in text


def test_what_is_made_up_is_explained() -> None:
    made_up = deepcopy(ANSWER)
    made_up["retreat"]["agenda"]["sessions"][0]["title"] = "Opening (fill-in)"
    assert "*(fill-in) marks what is made up for the demonstration.*" in agenda(made_up)


def test_without_an_agenda_the_report_says_so() -> None:
    unpublished = deepcopy(ANSWER)
    unpublished["retreat"]["agenda"] = None
    assert "No agenda has been published." in agenda(unpublished)


def test_speakers_who_are_not_told_are_counted() -> None:
    many = deepcopy(ANSWER)
    many["sessions"]["edges"][0]["node"]["speakers"]["totalCount"] = 31
    assert "*Speakers: 30 more.*" in agenda(many)


def test_a_report_asks_until_it_has_all_pages() -> None:
    asked: list[dict[str, Any]] = []

    def ask(query: str, variables: dict[str, Any]) -> Answer:
        asked.append(variables)
        page = deepcopy(ANSWER)
        if "after" not in variables:
            page["sessions"] = {"edges": [], "pageInfo": {"hasNextPage": True, "endCursor": "here"}}
        return {"snapshot": page}

    report = next(report for report in REPORTS if report.name == "agenda")
    assert "African Union" in report.written(ask, retreat="R-1", at=HEAD["now"])
    assert asked == [
        {"retreat": "R-1", "at": HEAD["now"]},
        {"retreat": "R-1", "at": HEAD["now"], "after": "here"},
    ]


def test_every_report_names_what_it_is_about() -> None:
    for report in REPORTS:
        assert re.findall(r"\$(\w+): ", report.query) == ["retreat", "at", "after"]
