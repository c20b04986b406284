"""Bad input, to every mutation of the schema: each answers its typed problem, and nothing is written.

The battery is made from the schema. A mutation that is new is tried like the others; where it needs a thing, a value
or a word that `world.py` and `examples.py` do not have, its tests fail and say what to add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from compact_infra import Settings
from tests.api.examples import Examples
from tests.api.mutations import MUTATIONS, Mutation
from tests.api.world import World
from tests.client import Client
from tests.conftest import running

every = pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=str)


@pytest.fixture(scope="module")
def world(new_settings: Callable[..., Settings]) -> Iterator[World]:
    with running(new_settings(demonstration=True)) as started:
        yield World(started)


@pytest.fixture(scope="module")
def examples(world: World) -> Examples:
    return Examples(world)


@contextmanager
def nothing_written(world: World) -> Iterator[None]:
    """What is done meanwhile changes no table of event store and vault, and the head stands still."""
    before = world.written()
    yield
    assert world.written() == before


def given(client: Client, mutation: Mutation, input: dict[str, Any]) -> dict[str, Any]:
    """What a mutation answers: payload or problem."""
    answer: dict[str, Any] = client.ask(mutation.document, input=input)["answer"]
    return answer


@every
def test_a_trial_answers_as_if_and_writes_nothing(mutation: Mutation, world: World, examples: Examples) -> None:
    _, input = examples.good(mutation)
    with nothing_written(world):
        answer = given(examples.client(mutation), mutation, {**input, "dryRun": True})
    assert answer["__typename"] == mutation.payload.name, answer


ANYWHERE = {"bodyReleaseChair": Body, "bodyLeave": Body, "registrationPromote": Places}
"""Commands that may start from every state of what they are given to."""


def guarded() -> list[Mutation]:
    return [mutation for mutation in MUTATIONS.values() if mutation.name not in BEGINS | ANYWHERE.keys()]


def is_told(mutation: Mutation) -> bool:
    """Whether the things it is given to tell, among the commands allowed, whether it may be given."""
    _, kind = subject_of(mutation) or ("", "")
    return mutation.name.startswith(tuple(noun for noun, of in SUBJECTS.items() if of == kind))


@pytest.mark.parametrize("mutation", guarded(), ids=str)
def test_a_wrong_state_refuses(mutation: Mutation, world: World, examples: Examples) -> None:
    client, refused = examples.client(mutation), []
    for thing in examples.things(mutation):
        assert thing is not None
        if is_told(mutation) and examples.allows(mutation, thing):
            continue
        input = examples.input(mutation, thing)
        answer = given(client, mutation, {**input, "dryRun": True})
        if answer["__typename"] == "RuleViolation":
            refused.append((input, answer))
        elif is_told(mutation):
            known = answer["__typename"] == "NotFound" or answer.get("events") == []
            assert known, f"{thing} does not name it among the commands allowed, and takes it: {answer}"
    rules = [answer["rule"] for _, answer in refused]
    assert rules, "have the world hold a thing in a state from which it may not start, or say so in ANYWHERE"
    with nothing_written(world):
        for input, answer in refused:
            assert given(client, mutation, input) == answer, "refused as it was told when it was tried"
    print(mutation, set(rules))


@pytest.mark.parametrize("name", ANYWHERE)
def test_what_may_start_anywhere_has_no_other_state(name: str) -> None:
    starts = ANYWHERE[name].MAY_START_FROM
    verb = MUTATIONS[name].action.partition(".")[2]
    assert starts.get(verb, set()) in (set(), set().union(*starts.values()))


TAKEN: dict[str, tuple[dict[str, Any], str]] = {
    "organizationRegister": ({"code": "UNODC"}, "code.taken"),
    "catalogueAddEntry": ({"code": "SAHEL"}, "code.taken"),
    "retreatPlan": ({"code": "R-OPEN"}, "code.taken"),
    "recommendationPropose": ({"code": "REC-REVIEW"}, "code.taken"),
    "sessionSchedule": ({"code": "S-RUNNING"}, "code.taken"),
    "sessionIdentifyCapacityGap": ({"code": "GAP-S-APPROVED"}, "code.taken"),
    "sessionHighlightGoodPractice": ({"code": "GP-S-APPROVED"}, "code.taken"),
}


@pytest.mark.parametrize("mutation", [m for m in MUTATIONS.values() if refers_to_new(m)], ids=str)
def test_a_code_that_is_taken_refuses(mutation: Mutation, world: World, examples: Examples) -> None:
    ...
