"""Bad input, to every mutation of the schema: each answers its typed problem, and nothing is written.

The battery is made from the schema. A mutation that is new is tried like the others; where it needs a thing, a value
or a word that `world.py` and `examples.py` do not have, its tests fail and say what to add.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, Undefined, get_named_type

from compact_api.ids import GlobalId
from compact_api.scalars import Position
from tests.api.examples import BEGINS, SUBJECTS, Examples, at, put, refers, subject_of
from tests.api.mutations import MUTATIONS, SCHEMA, Mutation, Place
from tests.api.world import LATER, World, key_of
from tests.client import Client

Fields = dict[str, Any]
NOWHERE = "NO-SUCH-THING"
STATES = {"state", "status", "decision", "followUp", "active", "retired"}
"""Fields that tell how a thing stands."""


def of(mutations: Iterable[Mutation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("mutation", list(mutations), ids=str)


every = of(MUTATIONS.values())


@contextmanager
def nothing_written(world: World) -> Iterator[None]:
    """What is done meanwhile changes no table of event store and vault, and the head stands still."""
    before = world.written()
    yield
    assert world.written() == before
    assert world.head() == before[0]


def give(client: Client, mutation: Mutation, input: Fields) -> Fields:
    """What a mutation answers: payload or problem."""
    answer: Fields = client.ask(mutation.document, input=input)["answer"]
    return answer


def problem(answer: Fields) -> str:
    """The type of a problem, or the rule that is violated."""
    found: str = answer.get("rule") or answer["__typename"]
    return found


def without(input: Fields, *names: str) -> Fields:
    return {name: value for name, value in input.items() if name not in names}


# --- what would be taken


@every
def test_a_trial_answers_as_if_and_writes_nothing(mutation: Mutation, world: World, examples: Examples) -> None:
    _, input = examples.good(mutation)
    with nothing_written(world):
        answer = give(examples.client(mutation), mutation, {**input, "dryRun": True})
    assert (answer["__typename"], answer["dryRun"]) == (mutation.payload.name, True)


@every
def test_the_same_key_answers_the_same_and_takes_no_other_content(
    mutation: Mutation, world: World, examples: Examples
) -> None:
    assert mutation.name in world.given, "have the world give it once"
    first = world.given[mutation.name]
    with nothing_written(world):
        again = give(first.by, mutation, dict(first.input))
        assert again["replayed"] is True
        assert [again[told] for told in ("position", "events")] == [
            first.answer["position"],
            [{name: event[name] for name in ("eventId", "position", "type")} for event in first.answer["events"]],
        ]
        other = give(first.by, mutation, {**first.input, "basis": "Another"})
        assert problem(other) == "IdempotencyMismatch"


@every
def test_a_key_belongs_to_its_actor(mutation: Mutation, world: World, examples: Examples) -> None:
    client = examples.client(mutation)
    _, input = examples.good(mutation)
    of_another_actor = next(given for given in world.given.values() if given.by is not client)
    key = of_another_actor.input["idempotencyKey"]
    answer = give(client, mutation, {**input, "idempotencyKey": key, "dryRun": True})
    assert answer["__typename"] == mutation.payload.name


# --- the wrong state

NEVER_WRONG = {
    "bodyReleaseChair": "a body has but one state",
    "bodyLeave": "a body has but one state",
    "catalogueRetireEntry": "an entry is current or is retired already",
    "organizationDeactivate": "an organization is active or was deactivated already",
    "organizationReactivate": "an organization was deactivated or is active already",
    "rotationEnd": "a rotation goes on or has ended already",
    "sessionCorrectCapacityGap": "a session that may not correct a gap yet has none",
    "coordinationMeetingCompleteAction": "a meeting that may not complete an action has agreed on none",
    "coordinationMeetingDropAction": "a meeting that may not drop an action has agreed on none",
    "initiativeReviewGap": "what is reviewed are gaps: whether they are open, a rule of its own asks",
}
"""Commands that no state refuses, and why."""

BY_RULE = {
    "bodyAppointChair": "catalogue.retired",
    "bodyJoin": "catalogue.retired",
    "sessionSchedule": "session.retreat",
    "registrationNominate": "registration.closed",
    "registrationGrantException": "registration.running",
    "registrationPromote": "retreat.seat_rules",
    "focalPointNominate": "organization.inactive",
}
"""The rule that refuses a wrong state, where it is that of something else than what the command states a fact of."""

TAKEN: dict[str, tuple[Fields, str]] = {
    "organizationRegister": ({"code": "UNODC"}, "code.taken"),
    "catalogueAddEntry": ({"code": "SAHEL"}, "code.taken"),
    "retreatPlan": ({"code": "R-OPEN"}, "code.taken"),
    "recommendationPropose": ({"code": "REC-REVIEW"}, "code.taken"),
    "rotationEstablish": ({"code": "ROT-OFFERED"}, "code.taken"),
    "recommendationSetMilestone": ({"code": "M-1"}, "code.taken"),
    "sessionSchedule": ({"code": "S-RUNNING"}, "code.taken"),
    "sessionIdentifyCapacityGap": ({"code": "GAP-S-APPROVED"}, "code.taken"),
    "sessionHighlightGoodPractice": ({"code": "GP-S-APPROVED"}, "code.taken"),
    "roleGrant": ({"validUntil": "2031-06-30"}, "role.held"),
    "coordinationMeetingConvene": ({"code": "M-FINAL"}, "code.taken"),
    "coordinationMeetingAddItem": ({"code": "ITEM-1"}, "code.taken"),
    "coordinationMeetingAgreeAction": ({"code": "AP-1"}, "coordination_meeting.action"),
    "initiativeRegister": ({"code": "INI-SECRET"}, "code.taken"),
    "initiativeDefineIndicator": ({"code": "IND-INI-OTHER"}, "code.taken"),
}
"""What is there already, where a command brings something new."""


@of(mutation for mutation in MUTATIONS.values() if mutation.name not in BEGINS)
def test_a_wrong_state_refuses(mutation: Mutation, world: World, examples: Examples) -> None:
    client, refused = examples.client(mutation), []
    for thing in examples.things(mutation):
        assert thing is not None
        if is_told(mutation) and examples.allows(mutation, thing):
            continue
        input = examples.input(mutation, thing)
        answer = give(client, mutation, {**input, "dryRun": True})
        if answer["__typename"] == "RuleViolation":
            assert set(answer["allowed"]) <= MUTATIONS.keys()
            if is_told(mutation) and answer["rule"] == "state":
                assert answer["allowed"] == examples.allowed(mutation, thing)
            refused.append((input, answer))
        elif is_told(mutation):
            is_known = answer["__typename"] == "NotFound" or answer.get("events") == []
            assert is_known, f"{thing} does not name it among the commands allowed, and takes it: {answer}"
    rules = {answer["rule"] for _, answer in refused}
    if mutation.name in NEVER_WRONG:
        assert rules == set(), "take it out of NEVER_WRONG"
    else:
        rule = BY_RULE.get(mutation.name, "state")
        assert rule in rules, "have the world hold a thing in a wrong state, or say so in BY_RULE or NEVER_WRONG"
    with nothing_written(world):
        for input, answer in {(answer["rule"], answer["state"]): (input, answer) for input, answer in refused}.values():
            assert give(client, mutation, input) == answer, "refused as it was told when it was tried"


def is_told(mutation: Mutation) -> bool:
    """Whether the things it is given to tell, among the commands allowed, if it may be given."""
    subject = subject_of(mutation)
    return any(subject and mutation.name.startswith(noun) and kind == subject[1] for noun, kind in SUBJECTS.items())


@pytest.mark.parametrize("kind", sorted(set(SUBJECTS.values())))
def test_the_world_holds_things_in_every_state(kind: str, world: World) -> None:
    type = SCHEMA.get_type(kind)
    assert isinstance(type, GraphQLObjectType)
    for name in STATES & type.fields.keys():
        states = get_named_type(type.fields[name].type)
        every = states.values.keys() if isinstance(states, GraphQLEnumType) else {True, False}
        query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {kind} {{ {name} }} }} }}"
        found = world.officer.ask(query, ids=[thing.id for thing in world.of(kind)])["nodes"]
        assert every - {node[name] for node in found} == set()


def brings(mutation: Mutation) -> bool:
    """Whether something new begins with it, or is named by a code of its own."""
    codes = [place for place in mutation.places if place.path == ("code",)]
    return mutation.name in BEGINS or any(refers(mutation, place) is None for place in codes)


@of(mutation for mutation in MUTATIONS.values() if brings(mutation))
def test_what_is_there_already_is_not_brought_again_as_something_else(
    mutation: Mutation, world: World, examples: Examples
) -> None:
    assert mutation.name in TAKEN, "say in TAKEN what is there already"
    said, rule = TAKEN[mutation.name]
    _, input = examples.good(mutation)
    if mutation.name == "roleGrant":
        input["person"] = {"subject": world.of("RoleHolder")[0].name}
    with nothing_written(world):
        assert problem(give(examples.client(mutation), mutation, {**input, **said})) == rule


# --- the wrong actor


@every
def test_a_role_that_does_not_give_it_is_forbidden(mutation: Mutation, world: World, examples: Examples) -> None:
    thing, input = examples.good(mutation)
    refusal = "NotFound" if thing and thing.is_secret else "Forbidden"
    with nothing_written(world):
        told = {problem(give(client, mutation, input)) for client in (world.reader, world.interpol)}
        stranger = give(world.service.of(None), mutation, input)
    assert told in ({"Forbidden"}, {refusal})
    assert problem(stranger) == "Forbidden"


@every
def test_nobody_speaks_for_another_organization(mutation: Mutation, world: World, examples: Examples) -> None:
    _, input = examples.good(mutation)
    with nothing_written(world):
        answer = give(world.unodc, mutation, {**input, "onBehalfOf": "INTERPOL"})
    assert problem(answer) in ("Forbidden", "NotFound", "organization.represented")


@of(mutation for mutation in MUTATIONS.values() if subject_of(mutation))
def test_what_one_may_not_know_of_answers_as_what_is_not_there(
    mutation: Mutation, world: World, examples: Examples
) -> None:
    subject = subject_of(mutation)
    assert subject is not None
    for thing in world.of(subject[1]):
        if thing.is_secret:
            input = examples.input(mutation, thing)
            told = [
                give(world.reader, mutation, {**input, subject[0]: name, **version})
                for name in (thing.name, NOWHERE)
                for version in ({}, {"expectedVersion": 77})
            ]
            assert {problem(answer) for answer in told} in ({"NotFound"}, {"Forbidden"}), told


# --- what is missing or out of time


@of(mutation for mutation in MUTATIONS.values() if mutation.line.reason)
def test_a_reason_is_needed(mutation: Mutation, world: World, examples: Examples) -> None:
    _, input = examples.good(mutation)
    with nothing_written(world):
        for silent in ({**input, "reason": None}, without(input, "reason")):
            assert problem(give(examples.client(mutation), mutation, silent)) == "reason.required"


@every
def test_a_fact_counts_from_no_day_to_come(mutation: Mutation, world: World, examples: Examples) -> None:
    _, input = examples.good(mutation)
    tomorrow = {"effectiveOn": (LATER + timedelta(days=1)).date().isoformat()}
    with nothing_written(world):
        answer = give(examples.client(mutation), mutation, {**input, **tomorrow})
    assert problem(answer) == "time.effective"
    assert answer["details"] == [{"name": "latest", "value": LATER.date().isoformat()}]


ANY_DAY = {
    "bodyAppointChair": "a body is a register of members and officers",
    "bodyReleaseChair": "a body is a register of members and officers",
    "bodyJoin": "a body is a register of members and officers",
    "bodyLeave": "a body is a register of members and officers",
    "roleRevoke": "the roles of a person are a register",
    "sessionSchedule": "a session begins with it",
    "registrationNominate": "a registration begins with it",
    "registrationGrantException": "the seats of an entity are a register",
    "registrationPromote": "promotes nobody whom the process has not promoted",
    "focalPointNominate": "a focal point's nomination begins with it",
}
"""Commands, besides those that begin something, that may count from before the history of what they concern."""


@every
def test_a_fact_counts_from_no_day_before_its_thing_began(mutation: Mutation, world: World, examples: Examples) -> None:
    _, input = examples.good(mutation)
    with nothing_written(world):
        answer = give(examples.client(mutation), mutation, {**input, "effectiveOn": "2018-12-06", "dryRun": True})
    if mutation.name in BEGINS or mutation.name in ANY_DAY:
        assert answer["__typename"] == mutation.payload.name
    else:
        assert problem(answer) == "time.effective"
        assert [detail["name"] for detail in answer["details"]] == ["earliest"]


@of(mutation for mutation in MUTATIONS.values() if mutation.has("expectedVersion"))
def test_a_version_that_is_not_the_present_one_conflicts(mutation: Mutation, world: World, examples: Examples) -> None:
    thing, input = examples.good(mutation)
    if thing is None:
        thing = world.of("RoleHolder")[0]
        input["person"] = {"subject": thing.name}
    actual = examples.version(thing)
    with nothing_written(world):
        for expected in (0, actual - 1, actual + 1, 2**31 - 1):
            answer = give(examples.client(mutation), mutation, {**input, "expectedVersion": expected})
            assert (problem(answer), answer.get("expected"), answer.get("actual")) == (
                "VersionConflict",
                expected,
                actual,
            )


def must_say_version(mutation: Mutation) -> bool:
    return mutation.has("expectedVersion") and mutation.input.fields["expectedVersion"].default_value is Undefined


@of(mutation for mutation in MUTATIONS.values() if must_say_version(mutation))
def test_a_version_is_said_or_expressly_not(mutation: Mutation, world: World, examples: Examples) -> None:
    _, input = examples.good(mutation)
    with nothing_written(world):
        answer = give(examples.client(mutation), mutation, without(input, "expectedVersion"))
    assert [field["name"] for field in answer["fields"]] == ["expectedVersion"]


# --- what is referred to


@every
def test_what_is_referred_to_has_to_be_there(mutation: Mutation, world: World, examples: Examples) -> None:
    expected, told = {}, {}
    with nothing_written(world):
        for place in mutation.places:
            if (kind := refers(mutation, place)) is None:
                continue
            is_rule, (value, reference) = "." in kind, nowhere(place, kind)
            _, input = examples.good(mutation, place)
            answer = give(examples.client(mutation), mutation, put(input, place, value))
            expected[place.name] = kind if is_rule else (kind, reference)
            told[place.name] = problem(answer) if is_rule else (answer.get("kind", answer), answer.get("reference"))
    assert told == expected


def nowhere(place: Place, kind: str) -> tuple[str, str]:
    """A reference to what is not there, and how it is named to whom it is told."""
    key = str(uuid4()) if place.type == "UUID" or kind in WITHOUT_CODE else NOWHERE
    return (GlobalId(WITHOUT_CODE.get(kind, kind), key_of(key)).opaque if place.type == "ID" else key), key


WITHOUT_CODE = {"Registration": "Registration", "Speaker": "Registration", "FocalPoint": "FocalPoint"}
"""What is named by id alone, by the type of that id."""


@of(mutation for mutation in MUTATIONS.values() if any(place.type == "ID" for place in mutation.places))
def test_an_id_is_one_of_the_present_and_of_the_right_type(
    mutation: Mutation, world: World, examples: Examples
) -> None:
    told = {}
    with nothing_written(world):
        for place in mutation.places:
            if place.type != "ID":
                continue
            _, input = examples.good(mutation, place)
            for id in bad_ids(refers(mutation, place)):
                answer = give(examples.client(mutation), mutation, put(input, place, id))
                if [field["name"] for field in answer.get("fields", ())] != [place.name]:
                    told[place.name, id] = answer
    assert told == {}


def bad_ids(kind: str | None) -> Sequence[str]:
    other = "Organization" if kind != "Organization" else "Retreat"
    mine = kind or "Organization"
    return (
        "not an id",
        "bm90IGFuIGlk",
        GlobalId("Nothing", "X-1").opaque,
        GlobalId(other, "X-1").opaque,
        GlobalId(mine, "X-1", at=Position(1)).opaque,
    )


# --- the wrong form

BAD_TEXTS = {"long": "x" * 20_001, "empty": "", "blank": " \u200b ", "bell": "ring\u0007"}
AT_ONCE = {"long": 4}
"""How many bad texts a request may hold without being too long itself; as many as there are, if nothing is said."""


@pytest.mark.parametrize("bad", BAD_TEXTS)
@every
def test_a_bad_text_is_named_wherever_it_stands(mutation: Mutation, bad: str, world: World, examples: Examples) -> None:
    texts = [place for place in mutation.places if place.type in ("String", "ID", "Markdown")]
    with nothing_written(world):
        for input, places in together(examples, mutation, texts, AT_ONCE.get(bad, len(texts))):
            for place in places:
                input = put(input, place, BAD_TEXTS[bad])
            answer = give(examples.client(mutation), mutation, input)
            assert sorted(field["name"] for field in answer["fields"]) == sorted(place.name for place in places)


def together(
    examples: Examples, mutation: Mutation, places: Sequence[Place], at_once: int
) -> Iterator[tuple[Fields, Sequence[Place]]]:
    """Inputs in which something stands at as many of the places as can be, until each has had its turn."""
    thing, _ = examples.good(mutation)
    whole = examples.input(mutation, thing, whole=True)
    common = [place for place in places if at(whole, place) is not None]
    for n in range(0, len(common), at_once):
        yield whole, common[n : n + at_once]
    for place in places:
        if place not in common:
            yield examples.input(mutation, thing, place), [place]


WRONG: Mapping[str, Sequence[Any]] = {
    "String": [7],
    "ID": [["R-OPEN"]],
    "Int": ["one", 1.5, 2**31],
    "Boolean": ["yes"],
    "Date": ["2031-02-30", "2031-05-01T00:00:00Z"],
    "DateTime": ["2031-06-20T10:00:00", "2031-06-20"],
    "Code": ["lower-case"],
    "RegionCode": ["West Africa"],
    "UUID": ["17"],
    "EmailAddress": ["nobody", "no body@example.org"],
    "URL": ["javascript:alert(1)"],
    "TimeZone": ["Mars/Olympus_Mons", "CEST"],
    "CountryCode": ["KEN"],
    "Position": ["-1", 1.5],
    "Decimal": ["NaN", "Infinity", "1e3", "one", 1.5],
}
"""Values that no scalar of that name takes. No enum takes `NO_SUCH_VALUE`."""


@every
def test_a_value_of_the_wrong_form_is_an_error(mutation: Mutation, world: World, examples: Examples) -> None:
    with nothing_written(world):
        for place in mutation.places:
            is_enum = isinstance(SCHEMA.get_type(place.type), GraphQLEnumType)
            assert is_enum or place.type in WRONG, f"say in WRONG what is no {place.type}"
            _, input = examples.good(mutation, place)
            for value in WRONG.get(place.type, ["NO_SUCH_VALUE"]):
                told = examples.client(mutation).post(mutation.document, {"input": put(input, place, value)})
                assert "data" not in told, place
                assert [error["extensions"]["code"] for error in told["errors"]] == ["BAD_USER_INPUT"], place


EXTREMES: Mapping[str, Sequence[Any]] = {
    "Int": [-(2**31), -1, 0, 2**31 - 1],
    "Date": ["0001-01-01", "9999-12-31"],
    "DateTime": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
    "Position": ["0", str(2**63 - 1)],
    "Decimal": ["0", "-999999999999999999.999999999", "999999999999999999.999999999"],
    "TimeZone": ["Pacific/Kiritimati", "Pacific/Pago_Pago"],
}


@every
def test_an_extreme_value_breaks_nothing(mutation: Mutation, world: World, examples: Examples) -> None:
    """It is taken or refused, by whatever rule; nobody finds out that a calendar ends."""
    with nothing_written(world):
        for place in mutation.places:
            _, input = examples.good(mutation, place)
            values = [put(input, place, value) for value in EXTREMES.get(place.type, ())]
            if 0 in place.path:
                whole = replace(place, path=place.path[: place.path.index(0)])
                values += [put(input, whole, []), put(input, whole, at(input, whole) * 2)]
            for value in values:
                told = examples.client(mutation).post(mutation.document, {"input": {**value, "dryRun": True}})
                assert "errors" not in told, (place, told)
