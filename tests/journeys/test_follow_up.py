"""The follow-up of recommendations: steps and what hinders them, reminders, and what becomes of one that ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from compact_domain.kernel import Role
from compact_infra import Compact, Settings
from compact_infra.operations import compare_claims, scrutinize
from tests.client import Client
from tests.conftest import running
from tests.journeys.test_recommendations import World, act, directory, nodes, people, seen

Fields = dict[str, Any]


@pytest.fixture(scope="module")
def world(new_settings: Callable[..., Settings]) -> Iterator[World]:
    """A demonstration whose clock stands in May 2031; tests move it forward."""
    with running(new_settings(demonstration=True)) as service:
        directory(service)
        yield people(service)


def numbers(answer: Fields) -> dict[str, str]:
    return {detail["name"]: detail["value"] for detail in answer["details"]}


def assigned(world: World, **more: Any) -> str:
    code = world.adopted(**more)
    given = {"id": code, "lead": "UNODC", "partners": ["UNDP"], "dueOn": "2031-12-31", "zone": "America/New_York"}
    world.officer.do("recommendationAssign", given)
    return code


def step(code: str, milestone: str = "M-1", due_on: str = "2031-06-30") -> Fields:
    return {"id": code, "code": milestone, "title": "Letters sent", "dueOn": due_on}


MILESTONES = """followUp milestones { code title dueOn zone organization { code } completed completedOn
    completedBy { code } evidence overdue actor { roles } }"""


def test_a_step_is_set_and_taken_on_evidence(world: World) -> None:
    code = assigned(world)
    world.unodc.do("recommendationSetMilestone", step(code))
    assert world.unodc.do("recommendationSetMilestone", step(code))["events"] == []
    assert seen(world.reader, code, MILESTONES) == {
        "followUp": "IN_PROGRESS",
        "milestones": [
            {
                "code": "M-1",
                "title": "Letters sent",
                "dueOn": "2031-06-30",
                "zone": "America/New_York",
                "organization": {"code": "UNODC"},
                "completed": False,
                "completedOn": None,
                "completedBy": None,
                "evidence": [],
                "overdue": False,
                "actor": {"roles": ["ENTITY_REPRESENTATIVE"]},
            }
        ],
    }
    taken = {"id": code, "milestone": "M-1", "evidence": ["The list", "The letters"]}
    world.undp.do("recommendationCompleteMilestone", taken)
    assert world.undp.do("recommendationCompleteMilestone", taken)["events"] == []
    [shown] = seen(world.reader, code, MILESTONES)["milestones"]
    assert (shown["completed"], shown["completedBy"], shown["evidence"]) == (
        True,
        {"code": "UNDP"},
        ["The list", "The letters"],
    )


def test_what_stands_in_the_way_is_told_and_how_it_was_resolved(world: World) -> None:
    code = assigned(world)
    obstacle = {"id": code, "kind": "LEGAL", "text": "Two members lack a mandate."}
    world.undp.do("recommendationReportObstacle", obstacle)
    obstacles = """followUp obstacles { number kind organization { code } text resolved resolution
        resolvedBy { code } }"""
    assert seen(world.reader, code, obstacles) == {
        "followUp": "ASSIGNED",
        "obstacles": [
            {
                "number": 1,
                "kind": "LEGAL",
                "organization": {"code": "UNDP"},
                "text": "Two members lack a mandate.",
                "resolved": False,
                "resolution": None,
                "resolvedBy": None,
            }
        ],
    }
    resolved = {"id": code, "obstacle": 1, "resolution": "Both were given one."}
    world.unodc.do("recommendationResolveObstacle", resolved)
    [shown] = seen(world.reader, code, obstacles)["obstacles"]
    assert (shown["resolved"], shown["resolution"], shown["resolvedBy"]) == (
        True,
        "Both were given one.",
        {"code": "UNODC"},
    )
    store = world.service.compact.store
    with store.pool.connection() as connection:
        stored = [bytes(state) for (state,) in connection.execute(store.sql("select state from {s}.event"))]
    for text in (b"Two members lack a mandate.", b"Both were given one.", b"The letters"):
        assert not any(text in state for state in stored)


def test_reports_that_cannot_be_are_refused_and_write_nothing(world: World) -> None:
    code, unassigned = assigned(world), world.adopted()
    world.unodc.do("recommendationSetMilestone", step(code))
    world.undp.do("recommendationReportObstacle", {"id": code, "kind": "OTHER", "text": "Rain."})
    before = world.officer.ask("{ head { position } }")
    taken = {"id": code, "milestone": "M-1", "evidence": ["The list"]}
    for client, mutation, input, refusal in (
        (world.unodc, "recommendationSetMilestone", {**step(code), "title": "Something else"}, "code.taken"),
        (world.unodc, "recommendationSetMilestone", step(code, "M-2", "2031-04-30"), "recommendation.due_date"),
        (world.unodc, "recommendationSetMilestone", {**step(code, "M-2"), "title": ""}, "INVALID_INPUT"),
        (world.ecowas, "recommendationSetMilestone", step(code, "M-2"), "recommendation.reporter"),
        (world.reader, "recommendationSetMilestone", step(code, "M-2"), "FORBIDDEN"),
        (world.unodc, "recommendationCompleteMilestone", {**taken, "milestone": "M-2"}, "recommendation.milestone"),
        (world.unodc, "recommendationCompleteMilestone", {**taken, "evidence": []}, "INVALID_INPUT"),
        (world.ecowas, "recommendationCompleteMilestone", taken, "recommendation.reporter"),
        (
            world.unodc,
            "recommendationResolveObstacle",
            {"id": code, "obstacle": 2, "resolution": "It stopped."},
            "recommendation.obstacle",
        ),
        (
            world.ecowas,
            "recommendationReportObstacle",
            {"id": code, "kind": "OTHER", "text": "Snow."},
            "recommendation.reporter",
        ),
        (world.unodc, "recommendationSetMilestone", step(unassigned), "state"),
    ):
        assert client.refused(mutation, input) == refusal, input
        assert world.officer.ask("{ head { position } }") == before
    allowed = seen(world.undp, code, "allowedCommands")["allowedCommands"]
    assert {"recommendationCompleteMilestone", "recommendationResolveObstacle"} <= set(allowed)


def test_a_claim_over_open_steps_is_warned_of_and_taken(world: World) -> None:
    code = assigned(world)
    world.unodc.do("recommendationSetMilestone", step(code))
    claim = {"id": code, "actionTaken": "All of it.", "evidence": ["The list"]}
    done = world.unodc.do("recommendationClaimImplementation", claim)
    assert done["warnings"] == ["recommendation.open_milestones"]


# endings


def merged(world: World, about: str) -> tuple[str, str]:
    """A recommendation with an open step that was merged into another, and that other."""
    code, into = assigned(world, clauses=["JPOW-2024-2026-SP3"], regions=[about]), world.adopted(regions=[about])
    world.unodc.do("recommendationSetMilestone", step(code))
    merger = {"id": code, "into": into, "reason": "Both ask for the same register."}
    world.chair.do("recommendationMerge", merger)
    assert world.chair.do("recommendationMerge", merger)["events"] == []
    return code, into


ENDED = """followUp end { ending reason successor { code } openMilestones actor { organization } }
    supersededBy { code } mergedInto { code } overtaken overdue"""
CARRIED = "clauses { code } carriedFrom { ending recommendation { code } clauses { code } }"


def test_a_merger_tells_what_was_open_and_the_other_carries_on_what_it_rested_on(world: World) -> None:
    code, into = merged(world, "CARIBBEAN")
    assert seen(world.reader, code, ENDED) == {
        "followUp": "IN_PROGRESS",
        "end": {
            "ending": "MERGED",
            "reason": "Both ask for the same register.",
            "successor": {"code": into},
            "openMilestones": ["M-1"],
            "actor": {"organization": "UNOCT"},
        },
        "supersededBy": None,
        "mergedInto": {"code": into},
        "overtaken": False,
        "overdue": False,
    }
    clause = [{"code": "JPOW-2024-2026-SP3"}]
    assert seen(world.reader, into, CARRIED) == {
        "clauses": clause,
        "carriedFrom": [{"ending": "MERGED", "recommendation": {"code": code}, "clauses": clause}],
    }
    query = """{ ended: recommendations(filter: {regions: {eq: "CARIBBEAN"}, ending: {eq: MERGED}}) {
          edges { node { code } } }
        resting: recommendations(filter: {regions: {eq: "CARIBBEAN"}, clauses: {eq: "JPOW-2024-2026-SP3"}}) {
          totalCount }
        actionPlan(filter: {regions: {eq: "CARIBBEAN"}}) {
          total standing { followUp count } ended { ending count } } }"""
    found = world.reader.ask(query)
    assert (nodes(found["ended"]), found["resting"]["totalCount"]) == ([{"code": code}], 2)
    plan = found["actionPlan"]
    assert plan["total"] == 2
    assert [one for one in plan["standing"] if one["count"]] == [{"followUp": "UNASSIGNED", "count": 1}]
    assert [one for one in plan["ended"] if one["count"]] == [{"ending": "MERGED", "count": 1}]


def test_an_ending_is_undone_and_the_other_gives_back_what_it_carried(world: World) -> None:
    code, into = merged(world, "EASTERN-ASIA")
    undone = {"id": code, "closedAs": "MERGED", "reason": "They differ after all."}
    world.chair.do("recommendationReopen", undone)
    assert seen(world.reader, code, "followUp end { ending } mergedInto { code }") == {
        "followUp": "IN_PROGRESS",
        "end": None,
        "mergedInto": None,
    }
    assert seen(world.reader, into, CARRIED) == {"clauses": [], "carriedFrom": []}
    types = seen(world.reader, into, "history(first: 50) { edges { node { type } } }")["history"]
    assert [one["type"] for one in nodes(types)][-2:] == ["recommendation.carried_on", "recommendation.gave_back"]


def test_another_live_one_takes_its_place_and_nothing_goes_in_a_circle(world: World) -> None:
    first, second, third = world.adopted(), world.proposed(), world.under_review()
    unannounced = world.adopted(announced=False)
    reason = {"reason": "It says more."}
    before = world.officer.ask("{ head { position } }")
    for mutation, name in (("recommendationSupersede", "successor"), ("recommendationMerge", "into")):
        for successor, refusal in (
            (first, "recommendation.successor"),
            ("REC-NONE", "NOT_FOUND"),
            ("not a code", "INVALID_INPUT"),
        ):
            assert world.officer.refused(mutation, {"id": first, name: successor, **reason}) == refusal
        assert world.officer.refused(mutation, {"id": first, name: second}) == "reason.required"
        assert world.unodc.refused(mutation, {"id": first, name: second, **reason}) == "FORBIDDEN"
        assert world.officer.refused(mutation, {"id": unannounced, name: second, **reason}) == (
            "recommendation.unannounced"
        )
    assert world.officer.ask("{ head { position } }") == before
    world.chair.do("recommendationSupersede", {"id": first, "successor": second, **reason})
    world.officer.do("recommendationMerge", {"id": second, "into": third, **reason})
    circle = world.officer.give("recommendationMerge", {"id": third, "into": first, **reason})
    assert (circle["rule"], numbers(circle)) == ("recommendation.circle", {"successor": first})
    answer = world.officer.give("recommendationSupersede", {"id": world.proposed(), "successor": first, **reason})
    assert (answer["rule"], numbers(answer)) == (
        "recommendation.successor",
        {"successor": first, "successor_state": "superseded"},
    )
    further = {"id": first, "closedAs": "SUPERSEDED", "reason": "Back."}
    assert world.officer.refused("recommendationReopen", further) == "recommendation.successor"
    shown = seen(world.reader, third, "carriedFrom { recommendation { code carriedFrom { recommendation { code } } } }")
    assert shown["carriedFrom"] == [
        {"recommendation": {"code": second, "carriedFrom": [{"recommendation": {"code": first}}]}}
    ]


def test_what_events_have_overtaken_says_which(world: World) -> None:
    code = assigned(world)
    assert world.officer.refused("recommendationMarkOvertaken", {"id": code}) == "reason.required"
    world.officer.do("recommendationMarkOvertaken", {"id": code, "reason": "The General Assembly has decided it."})
    shown = seen(world.reader, code, ENDED)
    assert shown["overtaken"] is True
    assert shown["end"]["reason"] == "The General Assembly has decided it."
    late = {"id": code, "text": "We went on."}
    assert world.unodc.refused("recommendationReportProgress", late) == "state"


# the clock

PLAN = """actionPlan(filter: {regions: {eq: "SOUTHERN-ASIA"}}) {
    total overdue openObstacles milestones { total completed overdue }
    items { edges { node { code overdue milestones { code completed overdue evidence }
      obstacles { kind text resolved } claims { evidence } } } } }"""


def plan(client: Client, at: str | None = None) -> Any:
    if at is None:
        return client.ask(f"{{ {PLAN} }}")["actionPlan"]
    past = f"query ($at: DateTime!) {{ snapshot(at: {{time: $at}}) {{ {PLAN} }} }}"
    return client.ask(past, at=at)["snapshot"]["actionPlan"]


def test_the_action_plan_tells_every_step_its_evidence_what_hinders_and_what_is_late(world: World) -> None:
    code = assigned(world, regions=["SOUTHERN-ASIA"])
    for milestone in ("M-1", "M-2"):
        world.unodc.do("recommendationSetMilestone", step(code, milestone))
    taken = {"id": code, "milestone": "M-1", "evidence": ["The list"]}
    world.unodc.do("recommendationCompleteMilestone", taken)
    world.undp.do("recommendationReportObstacle", {"id": code, "kind": "RESOURCES", "text": "No interpreter."})
    world.clock(datetime(2031, 7, 1, 3, 59, tzinfo=UTC))
    in_time = plan(world.reader)
    assert (in_time["total"], in_time["overdue"], in_time["openObstacles"]) == (1, 0, 1)
    assert in_time["milestones"] == {"total": 2, "completed": 1, "overdue": 0}
    [item] = nodes(in_time["items"])
    assert item == {
        "code": code,
        "overdue": False,
        "milestones": [
            {"code": "M-1", "completed": True, "overdue": False, "evidence": ["The list"]},
            {"code": "M-2", "completed": False, "overdue": False, "evidence": []},
        ],
        "obstacles": [{"kind": "RESOURCES", "text": "No interpreter.", "resolved": False}],
        "claims": [],
    }
    world.clock(datetime(2031, 7, 1, 4, 1, tzinfo=UTC))
    late = plan(world.reader)
    assert (late["overdue"], late["milestones"]["overdue"]) == (0, 1)
    assert [one["overdue"] for one in nodes(late["items"])[0]["milestones"]] == [False, True]
    assert plan(world.reader, "2031-07-01T03:59:30Z")["milestones"]["overdue"] == 0
    assert plan(world.reader, "2031-07-01T04:00:30Z")["milestones"]["overdue"] == 1
    claim = {"id": code, "actionTaken": "All of it.", "evidence": ["A report"]}
    world.unodc.do("recommendationClaimImplementation", claim)
    assert plan(world.reader)["milestones"]["overdue"] == 0, "a claim stops the clock"


REMINDERS = "reminders { kind milestone dueOn lead { code } effectiveOn actor { roles } }"


def test_one_is_reminded_on_the_day_by_itself_and_once(new_settings: Callable[..., Settings]) -> None:
    settings = new_settings(demonstration=True)
    with running(settings) as service:
        directory(service)
        world = people(service)
        code, done, moved = (assigned(world) for _ in range(3))
        world.unodc.do("recommendationSetMilestone", step(code))
        world.unodc.do("recommendationReportProgress", {"id": done, "text": "All.", "percentage": 100})
        world.unodc.do("recommendationClaimImplementation", {"id": done, "actionTaken": "All.", "evidence": ["A list"]})
        later = {"id": moved, "dueOn": "2032-06-30", "reason": "After the dry season."}
        world.officer.do("recommendationChangeDueDate", later)
        world.clock(datetime(2031, 6, 23, 4, 1, tzinfo=UTC))
        service.compact.clockwork.ring()
        assert service.compact.settle()
        soon = {
            "kind": "DUE_SOON",
            "milestone": "M-1",
            "dueOn": "2031-06-30",
            "lead": {"code": "UNODC"},
            "effectiveOn": "2031-06-23",
            "actor": {"roles": ["PROCESS"]},
        }
        assert seen(world.reader, code, REMINDERS) == {"reminders": [soon]}
    asleep = Compact(settings)
    with asleep.commanding():
        asleep.store.set_clock(datetime(2032, 2, 1, tzinfo=UTC))
    for _ in range(3):
        with running(settings) as service:
            service.compact.clockwork.ring()
            assert service.compact.settle()
            reader = service.as_(Role.READER)
            assert seen(reader, code, REMINDERS) == {
                "reminders": [
                    soon,
                    {**soon, "kind": "OVERDUE", "effectiveOn": "2031-07-01"},
                    {**soon, "milestone": None, "dueOn": "2031-12-31", "effectiveOn": "2031-12-24"},
                    {**soon, "kind": "OVERDUE", "milestone": None, "dueOn": "2031-12-31", "effectiveOn": "2032-01-01"},
                ]
            }
            for quiet in (done, moved):
                assert seen(reader, quiet, REMINDERS) == {"reminders": []}
            assert compare_claims(service.compact) == []
    with running(settings) as service:
        assert service.compact.clockwork.next(datetime(2040, 1, 1, tzinfo=UTC)) == datetime(
            2032, 6, 23, 4, 0, tzinfo=UTC
        )
        assert scrutinize(service.compact) == []


def test_the_rows_are_the_same_when_they_are_built_anew(world: World) -> None:
    ruled = world.contested()
    ruling = {"id": ruled, "contest": "ECOWAS", "ending": "UPHELD", "act": act("F-1"), "reason": "Two are missing."}
    world.chair.do("recommendationWithdrawContest", ruling)
    assert world.service.compact.settle()
    assert scrutinize(world.service.compact) == []
    assert compare_claims(world.service.compact) == []
