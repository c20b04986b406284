"""Playing files: what a line may save, what it may expect, and what is passed over when a file is played again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from compact_infra import Compact, Settings
from compact_infra.seeding import Player, Unexpected
from tests.conftest import Service, running

START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
OFFICER = "secretariat_officer"


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A demonstration whose clock is set to March 2031; each test goes on from there."""
    with running(new_settings(demonstration=True)) as started:
        started.compact.store.set_clock(START)
        yield started


@pytest.fixture
def player(service: Service, tmp_path: Path) -> Callable[..., Player]:
    """A player of lines."""

    def make(*lines: dict[str, Any]) -> Player:
        file = tmp_path / f"{tmp_path.name}.jsonl"
        file.write_text("# for the reader\n\n" + "\n".join(json.dumps(line) for line in lines), "utf-8")
        assert service.http.portal is not None
        return Player(service.compact, service.http.portal, file)

    return make


def register(code: str, **more: Any) -> dict[str, Any]:
    given = {"code": code, "names": {"en": code}, "kind": "ACADEMIA"}
    return {"as": OFFICER, "mutation": "organizationRegister", "input": given, **more}


def later(days: int) -> str:
    return (START + timedelta(days=days)).isoformat()


def test_what_a_line_saves_later_lines_name(player: Callable[..., Player]) -> None:
    played = player(
        register("SAVED", save="IT"),
        {
            "as": OFFICER,
            "query": "query ($id: ID!) { node(id: $id) { ... on Organization { names { en } version } } }",
            "variables": {"id": "$IT"},
            "save": {"NAME": "node.names.en"},
            "expect": {"node": {"version": 1}},
        },
        {**register("ALSO"), "input": {"code": "ALSO", "names": {"en": "$NAME"}, "kind": "ACADEMIA"}},
        {
            "as": "reader",
            "query": '{ organization(code: "ALSO") { name } }',
            "expect": {"organization": {"name": "SAVED"}},
        },
    )
    assert played.play() == 4


def test_questions_in_words_are_told_with_their_answers(player: Callable[..., Player]) -> None:
    told = []
    line = {"as": "reader", "query": "{ me { roles { role } } }", "asks": "Who am I?"}
    player(line).play(answered=lambda line, answer: told.append((line["asks"], answer)))
    assert told == [("Who am I?", {"me": {"roles": [{"role": "READER"}]}})]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (register("BAD", expect={"rule": "code.taken"}), "line 3: organizationRegister: expected"),
        (register("BAD CODE"), "line 3: Variable '$input' has invalid value at .code"),
        ({"as": OFFICER, "mutation": "organizationAbolish"}, "line 3: there is no mutation organizationAbolish"),
        ({"as": OFFICER, "query": "{ nothing }"}, "line 3: Cannot query field 'nothing'"),
        ({"as": OFFICER, "query": "{ me { subject } }", "expect": {"me": {"subject": "x"}}}, "line 3: expected"),
        (
            {"as": OFFICER, "query": "{ me { subject } }", "save": {"X": "me.roles.0"}},
            "line 3: the answer has no me.roles.0",
        ),
        ({"as": "nobody@un.example", "query": "{ me { subject } }"}, "line 3: nobody is known under nobody@un.example"),
        (register("WHEN", at="yesterday"), "line 3: yesterday is no instant"),
        ({"query": "{ me { subject } }"}, "line 3: needs `as`, and `mutation` or `query`"),
    ],
)
def test_an_unexpected_answer_is_told_with_its_line(
    player: Callable[..., Player], line: dict[str, Any], message: str
) -> None:
    with pytest.raises(Unexpected, match=re.escape(message)):
        player(line).play()


def test_played_again_a_file_states_nothing_and_tries_no_refusal_again(
    service: Service, player: Callable[..., Player]
) -> None:
    file = (
        register("TWICE", at=later(10)),
        {"at": later(11), "as": OFFICER, "mutation": "organizationReactivate", "input": {"id": "TWICE"}},
        register("TWICE", at=later(12), expect={"rule": "code.taken"})
        | {"input": {**register("TWICE")["input"], "kind": "PRIVATE_SECTOR"}},
        {
            "at": later(13),
            "as": OFFICER,
            "query": '{ organization(code: "TWICE") { active } }',
            "expect": {"organization": {"active": True}},
        },
        {
            "at": later(14),
            "as": OFFICER,
            "mutation": "organizationDeactivate",
            "input": {"id": "TWICE", "reason": "Gone"},
        },
    )
    assert player(*file).play() == 5
    head = service.compact.store.head()
    assert player(*file).play() == 5, "what was active then need not be so any more"
    assert service.compact.store.head() == head


def test_a_demonstration_that_lay_for_a_while_goes_on_where_it_was(
    service: Service, player: Callable[..., Player]
) -> None:
    store = service.compact.store
    player(register("LAY", at=later(20))).play()
    store.set_clock(START + timedelta(days=30))
    assert store.set_clock(START + timedelta(days=21)) < START + timedelta(days=22)
    assert store.set_clock(START) >= START + timedelta(days=20), "what was recorded is never ahead of the clock"


def test_only_a_demonstration_lets_a_file_set_the_clock(new_settings: Callable[..., Settings], tmp_path: Path) -> None:
    compact = Compact(new_settings())
    file = tmp_path / "lines.jsonl"
    file.write_text(json.dumps(register("CLOCK", at=later(1))), "utf-8")
    with TestClient(compact.standalone) as http:
        assert http.portal is not None
        with pytest.raises(Unexpected, match="moves the clock of a demonstration"):
            Player(compact, http.portal, file).play()
