"""Questions and commands: descriptions, unions, refusals as data, texts checked before anything runs."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

import anyio
import pytest
import strawberry
from anyio import CapacityLimiter
from graphql import build_schema, is_union_type

from compact_api.fields import command, feed, question, run_command
from compact_api.problems import PROBLEMS, as_graphql_error, as_problem
from compact_api.scalars import schema_config
from compact_api.shapes import choice, described, enumeration, form, shape
from compact_api.text import LongText, Markdown, ShortText
from compact_domain import kernel

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Desk:
    """A context as small as a context can be."""

    command_limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    calls: list[str] = field(default_factory=list)


Info = strawberry.Info[Desk, None]


class Mode(StrEnum):
    """How one takes part."""

    IN_PERSON = "in_person"
    ONLINE = "online"


enumeration(Mode, IN_PERSON="In the room.", ONLINE="By video.")


@form
class Milestone:
    """A step on the way."""

    title: ShortText = described("What is to be done.")
    due_on: date | None = described("By when.", default=None)


@choice
class Moment:
    """A moment, by name or by number."""

    name: str | None = described("Its name.", default=strawberry.UNSET)
    number: int | None = described("Its number.", default=strawberry.UNSET)


@form
class ThingPlanInput:
    """How to plan a thing."""

    id: strawberry.ID = described("Global id or code.")
    title: ShortText = described("What it is called.")
    mode: Mode = described("How one takes part.", default=Mode.IN_PERSON)
    reason: LongText | None = described("Why.", default=None)
    story: Markdown | None = described("The whole story.", default=None)
    milestones: list[Milestone] = described("Steps on the way.", default_factory=list)
    at: Moment | None = described("When.", default=None)
    note: strawberry.Maybe[str | None] = described("A note; left out: as it was; null: none.")


@shape
class ThingPlanPayload:
    """A thing was planned."""

    title: str = described("What it is called.")
    position: int = described("Where in the history.")


@shape
class Query:
    """What can be asked here."""

    @question
    async def thing(self, code: Annotated[str, strawberry.argument("Its code.")]) -> str:
        """One thing by its code.

        In more than one line.
        """
        raise kernel.NotFound(kind="Thing", reference=code)

    @question
    def moment(self, at: Annotated[Moment, strawberry.argument("Which.")]) -> str:
        """What the moment is called."""
        raise kernel.MomentRefused(moment_code="MOMENT_IN_FUTURE")


@shape
class Mutation:
    """What can be done here."""

    @command
    async def thing_plan(self, info: Info, input: ThingPlanInput) -> ThingPlanPayload:
        """Plan a thing."""
        info.context.calls.append(input.title)
        position = await run_command(info, plan, input.title, by="secretariat")
        return ThingPlanPayload(title=input.title, position=position)

    @command
    async def thing_break(self, info: Info) -> ThingPlanPayload:
        """Run into something nobody foresaw."""
        raise LookupError("not a refusal")


@shape
class Subscription:
    """What can be followed here."""

    @feed
    async def counting(
        self, to: Annotated[int, strawberry.argument("How far.")], word: Annotated[str, strawberry.argument("Said.")]
    ) -> AsyncIterator[int]:
        """Count, and refuse to go beyond 2."""
        for number in range(to):
            if number > 2:
                raise kernel.RuleViolation("counting.limit")
            yield number


SCHEMA = strawberry.Schema(Query, Mutation, Subscription, config=schema_config())
SDL = SCHEMA.as_str()
PLAN = """
mutation($input: ThingPlanInput!) { thingPlan(input: $input) {
  __typename
  ... on ThingPlanPayload { title position }
  ... on Problem { code message }
  ... on NotFound { kind reference }
  ... on Forbidden { action }
  ... on InvalidInput { fields { name message } }
  ... on RuleViolation { rule state allowed details { name value } }
  ... on VersionConflict { expected actual }
} }"""


def plan(title: str, *, by: str) -> int:
    """A command of the domain: plain, synchronous, in a thread."""
    assert threading.current_thread() is not threading.main_thread()
    if refusal := REFUSALS.get(title):
        raise refusal
    return len(title)


REFUSALS: Mapping[str, kernel.Refusal] = {
    "missing": kernel.NotFound(kind="Thing", reference="THING-1"),
    "forbidden": kernel.Forbidden(action="thing.plan"),
    "ruled": kernel.RuleViolation(
        "seats", state="open", allowed=["focal_point.hand_over"], details={"left": 0, "of": "ECOWAS"}
    ),
    "late": kernel.VersionConflict(expected=3, actual=5),
    "twice": kernel.IdempotencyMismatch(command_id=uuid4()),
}


async def planned(**given: Any) -> tuple[Any, Desk]:
    desk = Desk()
    variables = {"input": {"id": "THING-1", "title": "A retreat", **given}}
    answer = await SCHEMA.execute(PLAN, variables, context_value=desk)
    assert answer.errors is None
    assert answer.data is not None
    return answer.data["thingPlan"], desk


async def test_a_command_answers_with_its_payload() -> None:
    answer, desk = await planned()
    assert answer == {"__typename": "ThingPlanPayload", "title": "A retreat", "position": 9}
    assert desk.calls == ["A retreat"]


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("missing", {"__typename": "NotFound", "code": "NOT_FOUND", "kind": "Thing", "reference": "THING-1"}),
        ("forbidden", {"__typename": "Forbidden", "code": "FORBIDDEN", "action": "thing.plan"}),
        (
            "ruled",
            {
                "__typename": "RuleViolation",
                "code": "RULE_VIOLATION",
                "rule": "seats",
                "state": "open",
                "allowed": ["focalPointHandOver"],
                "details": [{"name": "left", "value": "0"}, {"name": "of", "value": "ECOWAS"}],
            },
        ),
        ("late", {"__typename": "VersionConflict", "code": "VERSION_CONFLICT", "expected": 3, "actual": 5}),
        ("twice", {"__typename": "IdempotencyMismatch", "code": "IDEMPOTENCY_MISMATCH"}),
    ],
)
async def test_every_refusal_is_data(title: str, told: dict[str, object]) -> None:
    answer, _ = await planned(title=title)
    assert answer == told | {"message": REFUSALS[title].message}


async def test_all_bad_texts_are_told_at_once_and_nothing_runs() -> None:
    answer, desk = await planned(
        id="\u0000",
        title="   ",
        reason="x" * 20_001,
        story="\u0007",
        milestones=[{"title": "fine"}, {"title": "two\nlines"}],
        at={"name": "\u200b"},
        note="",
    )
    assert desk.calls == []
    assert answer["__typename"] == "InvalidInput"
    assert {problem["name"]: problem["message"] for problem in answer["fields"]} == {
        "id": "must not contain the control character U+0000",
        "title": "must not be empty",
        "reason": "must not be longer than 20,000 characters; this has 20,001",
        "story": "must not contain the control character U+0007",
        "milestones[1].title": "must not contain the control character U+000A",
        "at.name": "must not be empty",
        "note": "must not be empty",
    }


async def test_a_text_that_utf8_cannot_hold_is_refused() -> None:
    answer, _ = await planned(title="half a pair \ud83c")
    assert [problem["name"] for problem in answer["fields"]] == ["title"]


async def test_texts_of_the_six_languages_pass_as_they_are() -> None:
    for title in ("خلوة التنسيق \u200f(نيويورك)", "协调务虚会", "Выездное совещание", "Réunion — « l’été »", "¿Qué?"):
        answer, desk = await planned(title=title, reason="first line\n\tsecond", note=None)
        assert (answer["title"], desk.calls) == (title, [title])


async def test_what_nobody_foresaw_is_an_error_not_a_problem() -> None:
    answer = await SCHEMA.execute("mutation { thingBreak { __typename } }", context_value=Desk())
    assert answer.errors is not None
    assert isinstance(answer.errors[0].original_error, LookupError)


async def test_a_question_refuses_with_a_code() -> None:
    answer = await SCHEMA.execute('{ thing(code: "X-1") }', context_value=Desk())
    assert answer.errors is not None
    assert answer.errors[0].extensions == {"code": "NOT_FOUND", "kind": "Thing", "reference": "X-1"}
    assert answer.errors[0].path == ["thing"]


async def test_a_moment_outside_the_history_has_its_own_code() -> None:
    answer = await SCHEMA.execute("{ moment(at: {number: 1}) }", context_value=Desk())
    assert answer.errors is not None
    assert answer.errors[0].extensions is not None
    assert answer.errors[0].extensions["code"] == "MOMENT_IN_FUTURE"


async def test_a_question_checks_texts_too() -> None:
    answer = await SCHEMA.execute('{ thing(code: "\\u0000") }', context_value=Desk())
    assert answer.errors is not None
    assert answer.errors[0].extensions == {
        "code": "INVALID_INPUT",
        "fields": [{"name": "code", "message": "must not contain the control character U+0000"}],
    }


async def test_a_feed_ends_with_the_refusal() -> None:
    told = await SCHEMA.subscribe('subscription { counting(to: 9, word: "go") }')
    answers = [answer async for answer in told]
    assert [answer.data["counting"] for answer in answers if answer.data] == [0, 1, 2]
    assert answers[-1].errors is not None
    assert answers[-1].errors[0].extensions is not None
    assert answers[-1].errors[0].extensions["rule"] == "counting.limit"


async def test_commands_wait_for_room_and_never_run_more_than_the_limiter_lets() -> None:
    desk, running, most, gate = Desk(), 0, 0, threading.Event()

    def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        gate.wait(0.05)
        running -= 1

    info: Any = type("Asked", (), {"context": desk})
    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(run_command, info, slow)
    assert (most, running) == (2, 0)


async def test_a_command_sees_the_context_variables_of_its_caller() -> None:
    channel: ContextVar[str] = ContextVar("channel", default="none")
    info: Any = type("Asked", (), {"context": Desk()})
    channel.set("graphql")
    assert await run_command(info, channel.get) == "graphql"


def test_the_union_holds_the_payload_and_every_problem() -> None:
    union = build_schema(SDL).type_map["ThingPlanResult"]
    assert is_union_type(union)
    assert [member.name for member in union.types] == ["ThingPlanPayload", *(kind.__name__ for kind in PROBLEMS)]
    assert union.description == "What `thingPlan` answers: what was done, or why it was refused."


def test_descriptions_come_from_docstrings_and_reach_everything() -> None:
    schema = build_schema(SDL)
    assert schema.query_type is not None
    assert schema.query_type.fields["thing"].description == "One thing by its code.\n\nIn more than one line."
    assert schema.query_type.fields["thing"].args["code"].description == "Its code."
    assert schema.mutation_type is not None
    assert schema.mutation_type.fields["thingPlan"].args["input"].description == "How to plan a thing."
    silent = [
        f"{kind.name}.{name}"
        for kind in schema.type_map.values()
        if not kind.name.startswith("__")
        for name, part in [("", kind), *getattr(kind, "fields", getattr(kind, "values", {})).items()]
        if not part.description
    ]
    assert silent == []


def test_nothing_without_a_docstring_enters_the_schema() -> None:
    with pytest.raises(TypeError, match="docstring"):

        @question
        def unexplained(self: object) -> str:
            return ""

    with pytest.raises(TypeError, match="docstring"):

        @shape
        class Unexplained:
            code: str


def test_an_enum_needs_a_meaning_for_each_of_its_values() -> None:
    class Hue(StrEnum):
        """A hue."""

        RED = "red"
        BLUE = "blue"

    with pytest.raises(TypeError, match="BLUE"):
        enumeration(Hue, RED="Red.")


def test_a_refusal_nobody_thought_of_still_goes_through_the_door() -> None:
    class Tired(kernel.Refusal):
        """Come back tomorrow."""

        code = "TIRED"

    assert as_problem(Tired("come back tomorrow")).code == "TIRED"
    assert as_graphql_error(Tired("come back tomorrow")).message == "come back tomorrow"
