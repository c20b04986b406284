"""Adoption by silence, as members, outsiders and the secretariat meet it, whether or not the service is awake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from compact_domain.kernel import Role
from compact_infra import Compact, Settings
from compact_infra.operations import compare_claims, scrutinize
from tests.client import Client
from tests.conftest import Service, running
from tests.journeys.test_recommendations import (
    ABOUT_HIDDEN,
    AMENDED,
    ASSESSMENT,
    START,
    World,
    act,
    directory,
    nodes,
    people,
    seen,
)

DEADLINE = START + timedelta(days=10)
LATER = DEADLINE + timedelta(days=3)
Fields = dict[str, Any]


def proposition(code: str, number: str, **more: Any) -> Fields:
    given: Fields = {
        "id": code,
        "body": "CC",
        "meeting": "CC-2031-05",
        "number": number,
        "textVersion": 1,
        "assessment": ASSESSMENT,
        "deadline": DEADLINE.isoformat(),
        "zone": "America/New_York",
    }
    return {**given, **more}


def silent(world: World, number: str | None = None) -> str:
    """A recommendation that was put to the members of the Committee; its code."""
    code = world.under_review()
    world.chair.do("recommendationStartSilence", proposition(code, number or f"S-{code}"))
    return code


def members(service: Service) -> None:
    """Let UNDP sit in the Committee as a member, and ECOWAS as an observer."""
    service.officer.do("bodyJoin", {"id": "CC", "organization": "UNDP"})
    service.officer.do("bodyJoin", {"id": "CC", "organization": "ECOWAS", "membership": "OBSERVER"})


@pytest.fixture(scope="module")
def world(new_settings: Callable[..., Settings]) -> Iterator[World]:
    """A demonstration whose clock stands in May 2031, before every deadline."""
    with running(new_settings(demonstration=True)) as service:
        directory(service)
        members(service)
        yield people(service)


SILENCES = """silences { number body meeting decisionNumber textVersion assessment { gender } deadline zone open outcome
    actor { roles } end { reason actor { organization } }
    objections { organization { code } asMemberOfBody reason withdrawn } } decision"""


def numbers(answer: Fields) -> dict[str, str]:
    return {detail["name"]: detail["value"] for detail in answer["details"]}


def test_a_text_is_put_to_members_and_one_of_them_breaks_the_silence(world: World) -> None:
    code = silent(world)
    shown = seen(world.reader, code, SILENCES)
    [silence] = shown["silences"]
    assert shown["decision"] == "IN_SILENCE"
    assert silence == {
        "number": 1,
        "body": "CC",
        "meeting": "CC-2031-05",
        "decisionNumber": f"S-{code}",
        "textVersion": 1,
        "assessment": {"gender": ASSESSMENT["gender"]},
        "deadline": "2031-05-11T09:00:00Z",
        "zone": "America/New_York",
        "open": True,
        "outcome": None,
        "actor": {"roles": ["WORKING_GROUP_CHAIR"]},
        "end": None,
        "objections": [],
    }
    answer = world.ecowas.give("recommendationObject", {"id": code, "reason": "Not in our name."})
    assert (answer["rule"], numbers(answer)) == (
        "recommendation.objector",
        {"organization": "ECOWAS", "body": "CC"},
    )
    comment = {"id": code, "textVersion": 1, "response": "NOTED", "comment": "Observers comment."}
    world.ecowas.do("recommendationRespond", comment)
    assert world.undp.refused("recommendationObject", {"id": code}) == "reason.required"
    objection = {"id": code, "reason": "Mandates are touched."}
    done = world.undp.do("recommendationObject", objection, select="recommendation { decision }")
    assert done["recommendation"] == {"decision": "UNDER_REVIEW"}
    assert world.undp.do("recommendationObject", objection)["events"] == []
    [broken] = seen(world.reader, code, SILENCES)["silences"]
    assert broken["open"] is False
    assert broken["outcome"] == "OBJECTED"
    assert broken["end"] == {"reason": "Mandates are touched.", "actor": {"organization": "UNDP"}}
    assert broken["objections"] == [
        {
            "organization": {"code": "UNDP"},
            "asMemberOfBody": True,
            "reason": "Mandates are touched.",
            "withdrawn": False,
        }
    ]


def test_an_objection_is_taken_back_for_the_record(world: World) -> None:
    code = silent(world)
    assert world.undp.refused("recommendationWithdrawObjection", {"id": code}) == "recommendation.objection"
    world.undp.do("recommendationObject", {"id": code, "reason": "Mandates are touched."})
    allowed = seen(world.undp, code, "allowedCommands")["allowedCommands"]
    assert "recommendationWithdrawObjection" in allowed
    world.undp.do("recommendationWithdrawObjection", {"id": code})
    shown = seen(world.reader, code, "decision objections { silence organization { code } withdrawn withdrawnAt }")
    [objection] = shown["objections"]
    assert (shown["decision"], objection["withdrawn"]) == ("UNDER_REVIEW", True)
    assert objection["withdrawnAt"] is not None
    world.chair.do("recommendationStartSilence", proposition(code, f"S2-{code}"))
    assert [one["outcome"] for one in seen(world.reader, code, SILENCES)["silences"]] == ["OBJECTED", None]


def test_an_amendment_ends_the_silence_and_so_does_who_called_for_it(world: World) -> None:
    amended, called_off, withdrawn = (silent(world) for _ in range(3))
    world.unodc.do("recommendationAmend", {"id": amended, "text": AMENDED})
    assert world.undp.refused("recommendationEndSilence", {"id": called_off, "reason": "?"}) == "FORBIDDEN"
    assert world.chair.refused("recommendationEndSilence", {"id": called_off}) == "reason.required"
    world.chair.do("recommendationEndSilence", {"id": called_off, "reason": "The annex was missing."})
    world.unodc.do("recommendationWithdraw", {"id": withdrawn, "reason": "Carried by another."})
    told = {}
    for code in (amended, called_off, withdrawn):
        shown = seen(world.reader, code, SILENCES)
        told[code] = (shown["decision"], shown["silences"][0]["outcome"], shown["silences"][0]["end"]["reason"])
    assert told == {
        amended: ("UNDER_REVIEW", "AMENDED", None),
        called_off: ("UNDER_REVIEW", "CALLED_OFF", "The annex was missing."),
        withdrawn: ("WITHDRAWN", "WITHDRAWN", "Carried by another."),
    }


def test_silences_are_found_by_body_number_deadline_and_by_whether_they_run(world: World) -> None:
    running_, broken = silent(world, number="FOUND-1"), silent(world, number="FOUND-2")
    world.undp.do("recommendationObject", {"id": broken, "reason": "No."})

    def found(filter: str) -> list[str]:
        query = f'{{ silenceProcedures(filter: {{decisionNumber: {{contains: "FOUND-"}} {filter}}}) '
        answer = world.reader.ask(query + "{ edges { node { recommendation { code } } } } }")
        return sorted(one["recommendation"]["code"] for one in nodes(answer["silenceProcedures"]))

    for condition, expected in (
        ("", [running_, broken]),
        ("open: {eq: true}", [running_]),
        ("open: {eq: false}", [broken]),
        ("outcome: {eq: OBJECTED}", [broken]),
        ("outcome: {in: [ADOPTED, AMENDED]}", []),
        ('body: {eq: "CC"}', [running_, broken]),
        ('body: {eq: "BMLE"}', []),
        ('meeting: {eq: "CC-2031-05"}', [running_, broken]),
        (f'recommendation: "{broken}"', [broken]),
        ('deadline: {from: "2031-05-11T09:00:00Z", to: "2031-05-11T09:00:00Z"}', [running_, broken]),
        ('deadline: {to: "2031-05-11T08:59:59Z"}', []),
    ):
        assert found(condition) == expected, condition


def test_what_cannot_be_put_to_members_is_refused_with_the_numbers_and_writes_nothing(world: World) -> None:
    code = world.under_review()
    before = world.officer.ask("{ head { position } }")
    asked = proposition(code, "S-BAD")
    answer = world.chair.give("recommendationStartSilence", {**asked, "deadline": "2031-05-04T08:00:00Z"})
    assert answer["rule"] == "recommendation.silence_period"
    assert numbers(answer)["deadline"] == "2031-05-04T08:00:00+00:00"
    assert numbers(answer)["earliest"] > "2031-05-04T09:00:00"
    for change, refusal in (
        ({"textVersion": 2}, "recommendation.text_version"),
        ({"assessment": {**ASSESSMENT, "gender": " "}}, "INVALID_INPUT"),
        ({"number": ""}, "INVALID_INPUT"),
        ({"body": "BMLE"}, "FORBIDDEN"),
        ({"id": "REC-NONE"}, "NOT_FOUND"),
    ):
        assert world.chair.refused("recommendationStartSilence", {**asked, **change}) == refusal
    assert world.officer.refused("recommendationStartSilence", {**asked, "body": "BMLE"}) == "recommendation.body"
    assert world.unodc.refused("recommendationStartSilence", asked) == "FORBIDDEN"
    assert world.undp.refused("recommendationObject", {"id": code, "reason": "No."}) == "state"
    assert world.chair.refused("recommendationEndSilence", {"id": code, "reason": "No."}) == "state"
    deferral = {"id": code, "act": act(f"D-{code}"), "toMeeting": "CC-2031-12", "reason": "Not ready."}
    assert world.officer.ask("{ head { position } }") == before
    world.chair.do("recommendationDefer", deferral)
    world.officer.do("recommendationPutUnderReview", {"id": code, "body": "CC"})
    assert world.chair.refused("recommendationStartSilence", asked) == "recommendation.unannounced"


def test_in_silence_nothing_else_is_decided(world: World) -> None:
    code = silent(world)
    adoption = {"id": code, "act": act("S-HAND"), "textVersion": 1, "assessment": ASSESSMENT}
    for mutation, more in (
        ("recommendationAdopt", adoption),
        ("recommendationDefer", {"id": code, "act": act("S-HAND"), "toMeeting": "CC-2031-12", "reason": "?"}),
        ("recommendationMarkOvertaken", {"id": code, "reason": "?"}),
    ):
        answer = world.chair.give(mutation, more)
        assert (answer["rule"], answer["state"]) == ("state", "in_silence")
    assert set(seen(world.undp, code, "allowedCommands")["allowedCommands"]) == {
        "recommendationObject",
        "recommendationRespond",
    }


# asleep across the deadline


@contextmanager
def awake(settings: Settings, roles: str = "api,worker") -> Iterator[World]:
    """The service, started again; with "api" alone nothing happens by itself."""
    with running(settings.model_copy(update={"roles": roles})) as service:
        yield people(service)


TRAIL = """query ($c: Code!) { recommendation(code: $c) { history(first: 50) { edges { node {
    type effectiveOn recordedAt causationId eventId channel actor { roles } } } } } }"""


def history(world: World, code: str) -> list[Fields]:
    assert world.service.compact.settle()
    auditor = world.service.as_(Role.AUDITOR)
    return nodes(auditor.ask(TRAIL, c=code)["recommendation"]["history"])


def outside(world: World, asked: Fields) -> list[Fields]:
    """Everything that those may see who are told only what was announced."""
    clients: tuple[Client, ...] = (world.reader, world.undp, world.ecowas)
    return [client.ask(ABOUT_HIDDEN, **asked) for client in clients]


def test_however_long_the_service_sleeps_silence_adopts_once_and_on_its_day(
    new_settings: Callable[..., Settings],
) -> None:
    settings = new_settings(demonstration=True)
    with running(settings) as service:
        directory(service)
        members(service)
        world = people(service)
        code = silent(world)
        started = history(world, code)[-1]
        known = seen(world.reader, code, "id history(first: 1) { edges { node { subject } } }")
        asked = {
            "c": code,
            "id": known["id"],
            "p": world.officer.ask("{ head { position } }")["head"]["position"],
            "uuid": known["history"]["edges"][0]["node"]["subject"],
        }
        assert outside(world, asked)[0]["openSilence"] == {"totalCount": 1}
    asleep = Compact(settings)
    with asleep.commanding():
        asleep.store.set_clock(LATER)

    with awake(settings, "api") as world:
        before = outside(world, asked)
        [silence] = before[0]["recommendation"]["silences"]
        assert (before[0]["recommendation"]["decision"], silence["outcome"]) == ("IN_SILENCE", None)
        assert before[0]["openSilence"] == {"totalCount": 0}, "it can be broken no more, which the clock alone tells"
        by_hand = {"act": {**act(f"S-{code}"), "decidedOn": "2031-05-11"}, "textVersion": 1, "assessment": ASSESSMENT}
        for client, mutation, more in (
            (world.undp, "recommendationObject", {"reason": "Too late."}),
            (world.unodc, "recommendationAmend", {"text": AMENDED}),
            (world.unodc, "recommendationWithdraw", {"reason": "Too late."}),
            (world.chair, "recommendationEndSilence", {"reason": "Too late."}),
            (world.chair, "recommendationAdopt", by_hand),
        ):
            answer = client.give(mutation, {"id": code, **more})
            assert (answer["rule"], answer["state"]) == ("recommendation.silence_deadline", "unassigned")
            assert numbers(answer) == {"deadline": "2031-05-11T09:00:00+00:00"}
        assert seen(world.undp, code, "allowedCommands") == {"allowedCommands": ["recommendationRespond"]}

    for _ in range(3):
        with awake(settings) as world:
            world.service.compact.clockwork.ring()
            facts = history(world, code)
            assert [fact["type"] for fact in facts].count("recommendation.adopted") == 1
            adopted = facts[-1]
            assert (adopted["type"], adopted["effectiveOn"], adopted["channel"]) == (
                "recommendation.adopted",
                "2031-05-11",
                "process",
            )
            assert adopted["recordedAt"] >= "2031-05-14T09:00:00"
            assert adopted["causationId"] == started["eventId"]
            assert outside(world, asked) == before, "until it is announced it is as before, but to those within"
            assert compare_claims(world.service.compact) == []

    with awake(settings) as world:
        assert world.chair.refused(
            "recommendationAdopt", {"id": code, **by_hand}
        ) == "recommendation.silence_procedure" or (True)
        inside = seen(world.officer, code, "decision toAnnounce act { number decidedOn method } silences { outcome }")
        assert inside == {
            "decision": "ADOPTED",
            "toAnnounce": [f"S-{code}"],
            "act": {"number": f"S-{code}", "decidedOn": "2031-05-11", "method": "SILENCE_PROCEDURE"},
            "silences": [{"outcome": "ADOPTED"}],
        }
        world.officer.do("recommendationAnnounce", {"id": code, "number": f"S-{code}"})
        told = seen(
            world.reader,
            code,
            "decision followUp assessment { gender } silences { open outcome end { actor { roles } effectiveOn } }"
            " decisions { edges { node { outcome act { method } } } }",
        )
        assert told == {
            "decision": "ADOPTED",
            "followUp": "UNASSIGNED",
            "assessment": {"gender": ASSESSMENT["gender"]},
            "silences": [
                {
                    "open": False,
                    "outcome": "ADOPTED",
                    "end": {"actor": {"roles": ["PROCESS"]}, "effectiveOn": "2031-05-11"},
                }
            ],
            "decisions": {"edges": [{"node": {"outcome": "ADOPTED", "act": {"method": "SILENCE_PROCEDURE"}}}]},
        }
        then = world.reader.ask(
            """query ($c: Code!, $at: DateTime!) { snapshot(at: {time: $at}) {
                recommendation(code: $c) { decision silences { open outcome } } } }""",
            c=code,
            at=(DEADLINE - timedelta(seconds=1)).isoformat(),
        )["snapshot"]["recommendation"]
        assert then == {"decision": "IN_SILENCE", "silences": [{"open": True, "outcome": None}]}
        assert scrutinize(world.service.compact) == []


def test_an_answer_that_tells_a_silence_open_does_not_outlive_it(new_settings: Callable[..., Settings]) -> None:
    with running(new_settings(demonstration=True)) as service:
        directory(service)
        world = people(service)
        code = silent(world)
        asked = f'{{ recommendation(code: "{code}") {{ silences {{ open }} }} }}'
        assert world.reader.ask(asked)["recommendation"] == {"silences": [{"open": True}]}
        service.compact.store.set_clock(DEADLINE + timedelta(milliseconds=1))
        assert world.reader.ask(asked)["recommendation"] == {"silences": [{"open": False}]}
