"""Meetings through the API: what is put off comes back, what is secret stays unseen, what is agreed falls due."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from compact_domain.kernel import Role
from compact_infra import Identity, Settings
from tests.client import Client
from tests.conftest import Service, running

START = datetime(2031, 7, 1, 9, 0, tzinfo=UTC)
NEW_YORK = "America/New_York"
ASSESSMENT = {"humanRights": "None.", "gender": "None.", "ruleOfLaw": "None."}
numbers = itertools.count(1)


class World(Service):
    """A demonstration of the middle of 2031, with bodies, organizations, and who acts for them."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.compact, service.http)
        self.to(START)
        for code, kind, regions in (
            ("UNOCT", "UN_ENTITY", []),
            ("UNODC", "UN_ENTITY", []),
            ("ECOWAS", "REGIONAL_ORGANIZATION", ["WEST-AFRICA"]),
            ("AU", "REGIONAL_ORGANIZATION", ["EAST-AFRICA"]),
            ("SCO", "REGIONAL_ORGANIZATION", ["CENTRAL-ASIA"]),
        ):
            organization = {"code": code, "names": {"en": code}, "kind": kind, "regions": regions}
            super().officer.do("organizationRegister", organization)
        self.desk = super().officer
        self.desk.do("bodyJoin", {"id": "CC", "organization": "UNODC"})
        self.member = self.as_(Role.COMMITTEE_MEMBER, "UNODC")
        self.reader = self.as_(Role.READER)
        self.ecowas = self.as_(Role.ENTITY_REPRESENTATIVE, "ECOWAS")
        self.sco = self.as_(Role.ENTITY_REPRESENTATIVE, "SCO")
        self.focal_point_id = ""
        self.focal_point = self._focal_point("ECOWAS", "WEST-AFRICA")

    def _focal_point(self, organization: str, region: str) -> Client:
        term = {"startsOn": "2031-07-01", "endsOn": "2032-06-30"}
        person = {"name": f"Of {organization}", "email": f"{organization.lower()}@example.org"}
        nomination = {"organization": organization, "expectedVersion": None, "person": person, "regions": [region]}
        done = self.desk.do(
            "focalPointNominate",
            {**nomination, "nominationLetter": "L/1", **term},
            select="focalPoint { id person { subject } }",
        )["focalPoint"]
        self.desk.do("focalPointConfirm", {"id": done["id"]})
        self.focal_point_id = done["id"]
        return self.of(Identity(subject=UUID(done["person"]["subject"])))

    def to(self, moment: datetime) -> None:
        self.compact.store.set_clock(moment)

    def settle(self) -> None:
        """Let the process react, and the read side follow."""
        assert self.compact.settle()

    def code(self, kind: str) -> str:
        return f"{kind}-{next(numbers)}"

    def convene(self, day: str, *, body: str = "CC", **other: Any) -> str:
        code = self.code(body)
        kind = "COMMITTEE_MEETING" if body == "CC" else "WORKING_GROUP_SESSION"
        times = {"startsAt": f"{day}T10:00:00-04:00", "endsAt": f"{day}T12:00:00-04:00", "zone": NEW_YORK}
        meeting = {"code": code, "kind": kind, "title": f"Meeting {code}", "body": body, **times, **other}
        self.desk.do("coordinationMeetingConvene", meeting)
        self.settle()
        return code

    def give(self, verb: str, meeting: str, /, *, by: Client | None = None, **fields: Any) -> dict[str, Any]:
        done = (by or self.desk).do(f"coordinationMeeting{verb}", {"id": meeting, "reason": "As agreed.", **fields})
        self.settle()
        return done

    def sitting(self, day: str, **other: Any) -> str:
        code = self.convene(day, **other)
        self.give("Start", code)
        return code

    def recommended(self, meeting: str) -> str:
        """A recommendation before the committee, on the agenda of a meeting."""
        code = self.code("REC")
        proposal = {"code": code, "title": f"About {code}", "text": "Do it.", "regions": ["WEST-AFRICA"]}
        self.desk.do("recommendationPropose", {**proposal, "onBehalfOf": "UNODC"})
        self.desk.do("recommendationPutUnderReview", {"id": code, "body": "CC"})
        self.give("AddItem", meeting, recommendation=code)
        return code

    def adopt(self, code: str, meeting: str, number: str) -> None:
        decided = {"act": act(meeting, number), "textVersion": 1, "assessment": ASSESSMENT}
        self.desk.do("recommendationAdopt", {"id": code, **decided})
        self.settle()

    def announce(self, code: str, number: str) -> None:
        self.desk.do("recommendationAnnounce", {"id": code, "number": number})
        self.settle()


def act(meeting: str, number: str, on: str = "2031-07-01") -> dict[str, Any]:
    return {"body": "CC", "meeting": meeting, "number": number, "decidedOn": on, "method": "CONSENSUS"}


@pytest.fixture(scope="module")
def world(new_settings: Callable[..., Settings]) -> Iterator[World]:
    with running(new_settings(demonstration=True)) as started:
        yield World(started)


@pytest.fixture
def later(new_settings: Callable[..., Settings]) -> Iterator[World]:
    """A world of the test's own, whose clock it may move."""
    with running(new_settings(demonstration=True)) as started:
        yield World(started)


def seen(client: Client, code: str, what: str) -> Any:
    return client.ask(f"query ($c: Code!) {{ coordinationMeeting(code: $c) {{ {what} }} }}", c=code)[
        "coordinationMeeting"
    ]


def details(answer: dict[str, Any]) -> dict[str, str]:
    return {detail["name"]: detail["value"] for detail in answer["details"]}


ITEM = """code title state ageInDays timesDeferred firstDeferredOn reasons carriedFrom { code } decisionNumber
  deferredTo { meeting onOrAfter } waits continuedIn { code } recommendation { code }"""


def agenda(client: Client, code: str, what: str = ITEM) -> dict[str, Any]:
    return {item["code"]: item for item in seen(client, code, f"agenda {{ code {what} }}")["agenda"]}


def test_a_meeting_is_convened_held_and_minuted(world: World) -> None:
    code = world.convene("2031-07-10", place="Conference Room 8", platform="WebEx", host="UNOCT")
    world.give("Invite", code, organizations=["ECOWAS", "AU"])
    world.give("AddItem", code, code="COSTS", title="What it costs")
    world.give("Start", code)
    subject = seen_subject(world)
    world.give("RecordAttendance", code, organization="ECOWAS", person={"subject": subject})
    world.give("RecordDecision", code, number="D-1", text="The forum is in January.", method="CONSENSUS", item="COSTS")
    world.give("DisposeItem", code, item="COSTS", disposition="DECIDED")
    world.give("Conclude", code)
    world.give("FinalizeMinutes", code, notes="As circulated.")
    world.give("CorrectMinutes", code, notes="As corrected.", reason="A name was misspelt.")
    assert seen(
        world.reader,
        code,
        """kind state body { code } startsAt endsAt zone place platform host { code } rotation { code } turn openItems
           decisions { number text method item actor { organization } } minutesFinalOn
           attendance { organization { code } capacity person { subject name } }
           invitations { organization { code } attended } minutes { number notes reason } allowedCommands""",
    ) == {
        "kind": "COMMITTEE_MEETING",
        "state": "MINUTES_FINAL",
        "body": {"code": "CC"},
        "startsAt": "2031-07-10T14:00:00Z",
        "endsAt": "2031-07-10T16:00:00Z",
        "zone": NEW_YORK,
        "place": "Conference Room 8",
        "platform": "WebEx",
        "host": {"code": "UNOCT"},
        "rotation": None,
        "turn": None,
        "openItems": 0,
        "decisions": [
            {
                "number": "D-1",
                "text": "The forum is in January.",
                "method": "CONSENSUS",
                "item": "COSTS",
                "actor": {"organization": None},
            }
        ],
        "minutesFinalOn": "2031-07-01",
        "attendance": [
            {
                "organization": {"code": "ECOWAS"},
                "capacity": "FOCAL_POINT",
                "person": {"subject": subject, "name": None},
            }
        ],
        "invitations": [
            {"organization": {"code": "AU"}, "attended": False},
            {"organization": {"code": "ECOWAS"}, "attended": True},
        ],
        "minutes": [
            {"number": 1, "notes": "As circulated.", "reason": "As agreed."},
            {"number": 2, "notes": "As corrected.", "reason": "A name was misspelt."},
        ],
        "allowedCommands": [],
    }
    own = seen(world.ecowas, code, "attendance { person { name } }")["attendance"]
    assert own == [{"person": {"name": "Of ECOWAS"}}]


def seen_subject(world: World) -> str:
    query = "query ($id: ID!) { node(id: $id) { ... on FocalPoint { person { subject } } } }"
    subject: str = world.desk.ask(query, id=world.focal_point_id)["node"]["person"]["subject"]
    return subject


def test_what_is_put_off_is_there_by_itself_with_age_and_reasons(later: World) -> None:
    world = later
    first = world.sitting("2031-07-29")
    world.to(datetime(2031, 7, 29, 16, tzinfo=UTC))
    code = world.recommended(first)
    world.give("AddItem", first, code="HOSTS", title="Resources for hosts")
    deferral = {"id": code, "act": act(first, "D-1", "2031-07-29"), "reason": "Two units asked for time to read."}
    world.desk.do("recommendationDefer", {**deferral, "toDate": "2031-10-01"})
    world.announce(code, "D-1")
    world.give("DisposeItem", first, item="HOSTS", disposition="DEFERRED", toDate="2031-10-01", reason="No figures.")
    assert {item["node"]["code"]: item["node"]["waits"] for item in open_items(world.reader, "CC")} == {
        code: True,
        "HOSTS": True,
    }
    world.convene("2031-08-20")
    second = world.convene("2031-10-14")
    world.to(datetime(2031, 10, 14, 14, 30, tzinfo=UTC))
    there = agenda(world.reader, second)
    assert there[code] == {
        "code": code,
        "title": f"About {code}",
        "state": "OPEN",
        "ageInDays": 77,
        "timesDeferred": 1,
        "firstDeferredOn": "2031-07-29",
        "reasons": ["Two units asked for time to read."],
        "carriedFrom": {"code": first},
        "decisionNumber": None,
        "deferredTo": None,
        "waits": False,
        "continuedIn": None,
        "recommendation": {"code": code},
    }
    assert (there["HOSTS"]["ageInDays"], there["HOSTS"]["reasons"]) == (77, ["No figures."])
    before = agenda(world.reader, first)["HOSTS"]
    assert (before["state"], before["continuedIn"], before["waits"]) == ("DEFERRED", {"code": second}, False)
    as_of = world.reader.ask(
        """query ($c: Code!, $t: DateTime!) { snapshot(at: {time: $t}) { coordinationMeeting(code: $c) {
             agenda { code state ageInDays timesDeferred } } } }""",
        c=first,
        t="2031-08-15T00:00:00Z",
    )
    told = {item.pop("code"): item for item in as_of["snapshot"]["coordinationMeeting"]["agenda"]}
    assert told["HOSTS"] == {"state": "DEFERRED", "ageInDays": 17, "timesDeferred": 1}
    entry = world.desk.ask('{ trail(filter: {type: {eq: "agenda_item.landed"}}) { edges { node { causationId } } } }')
    assert all(edge["node"]["causationId"] for edge in entry["trail"]["edges"])
    assert len(entry["trail"]["edges"]) == 2


def open_items(client: Client, body: str) -> list[Any]:
    edges: list[Any] = client.ask(
        "query ($b: Code!) { openItems(body: $b, first: 100) { edges { node { code waits ageInDays state"
        " meeting { code } } } } }",
        b=body,
    )["openItems"]["edges"]
    return edges


def test_a_cancelled_meeting_passes_its_items_on(world: World) -> None:
    cancelled = world.convene("2031-11-18", body="PCVE")
    world.give("AddItem", cancelled, code="SUPPORT", title="What three years of support cost")
    world.give("Cancel", cancelled, reason="No quorum.")
    assert agenda(world.reader, cancelled)["SUPPORT"]["state"] == "PASSED_ON"
    following = world.convene("2032-02-17", body="PCVE")
    item = agenda(world.reader, following)["SUPPORT"]
    assert (item["state"], item["carriedFrom"], item["timesDeferred"]) == ("OPEN", {"code": cancelled}, 0)
    assert [edge["node"]["meeting"]["code"] for edge in open_items(world.reader, "PCVE")] == [following]


def test_what_was_referred_is_before_the_other_body_until_it_takes_it_up(world: World) -> None:
    meeting = world.sitting("2031-07-21")
    world.give("AddItem", meeting, code="TOOL", title="A calendar")
    world.give("DisposeItem", meeting, item="TOOL", disposition="REFERRED", toBody="RMME")
    assert [(edge["node"]["code"], edge["node"]["state"]) for edge in open_items(world.reader, "RMME")] == [
        ("TOOL", "REFERRED")
    ]
    taken_up = world.convene("2031-09-01", body="RMME")
    world.give("AddItem", taken_up, code="TOOL", title="A calendar")
    assert [edge["node"]["meeting"]["code"] for edge in open_items(world.reader, "RMME")] == [taken_up]


EVERYTHING = """version state openItems minutesFinalOn minutes { number } agenda { version state decisionNumber
  timesDeferred deferredTo { meeting } history { totalCount edges { node { type } } } }
  recommendationDecisions { outcome } decisions { number }
  history(first: 100) { totalCount edges { node { type } } }"""


def whole_view(client: Client, *meetings: str) -> Any:
    """All that can be learnt of meetings, by whatever way."""
    told = [seen(client, code, EVERYTHING) for code in meetings]
    lists = client.ask(
        """{ coordinationMeetings(first: 100) { totalCount edges { node { code version state } } }
             openItems(body: "CC", first: 100) { totalCount edges { node { code version state waits } } }
             trail(filter: {kind: {in: ["agenda_item", "coordination_meeting"]}}, first: 100, newestFirst: true) {
               totalCount edges { node { type subject } } } }"""
    )
    return told, lists


def test_nothing_of_a_meeting_tells_what_is_decided_and_not_announced(later: World) -> None:
    world = later
    first = world.sitting("2031-07-02")
    second = world.convene("2031-09-11")
    adopted, deferred = world.recommended(first), world.recommended(first)
    world.give("Conclude", first)
    outsiders = (world.reader, world.sco, world.ecowas, world.focal_point)
    before = [whole_view(client, first, second) for client in outsiders]
    world.adopt(adopted, first, "D-1")
    deferral = {"id": deferred, "act": act(first, "D-2"), "toMeeting": second, "reason": "Not ready."}
    world.desk.do("recommendationDefer", deferral)
    world.settle()
    world.give("FinalizeMinutes", first, notes="As circulated.")
    assert [whole_view(client, first, second) for client in outsiders] == before
    for insider in (world.desk, world.member, world.as_(Role.AUDITOR)):
        assert seen(insider, first, "state openItems") == {"state": "MINUTES_FINAL", "openItems": 0}
        assert agenda(insider, first)[adopted]["decisionNumber"] == "D-1"
        assert agenda(insider, second)[deferred]["reasons"] == ["Not ready."]
    world.announce(adopted, "D-1")
    assert agenda(world.reader, first)[adopted]["state"] == "DECIDED"
    assert agenda(world.reader, first)[deferred]["state"] == "OPEN"
    assert seen(world.reader, first, "state")["state"] == "CONCLUDED", "the minutes tell of the other one too"
    world.announce(deferred, "D-2")
    assert seen(world.reader, first, "state minutes { notes }") == {
        "state": "MINUTES_FINAL",
        "minutes": [{"notes": "As circulated."}],
    }
    assert agenda(world.reader, first)[deferred]["continuedIn"] == {"code": second}
    assert agenda(world.reader, second)[deferred]["timesDeferred"] == 1
    same = "code state decisionNumber timesDeferred reasons"
    assert agenda(world.reader, first, same) == agenda(world.desk, first, same)


def test_who_may_not_know_of_a_decision_is_forbidden_to_act_on_its_item(world: World) -> None:
    """Whoever it is, whatever was decided: the same answer."""
    meeting = world.sitting("2031-07-23")
    code = world.recommended(meeting)
    world.adopt(code, meeting, "D-1")
    for mutation, fields in (
        ("coordinationMeetingAddItem", {"recommendation": code}),
        ("coordinationMeetingDisposeItem", {"item": code, "disposition": "DROPPED", "reason": "It is dropped."}),
    ):
        assert world.focal_point.refused(mutation, {"id": meeting, **fields}) == "FORBIDDEN"


def test_the_record_is_for_those_at_the_table_until_the_minutes_are_final(world: World) -> None:
    meeting = world.sitting("2031-07-14")
    world.give("Invite", meeting, organizations=["ECOWAS"])
    world.give("RecordDecision", meeting, number="D-1", text="Agreed.", method="VOTE")
    world.give("AgreeAction", meeting, code="AP-1", text="Draft it.", organization="AU", dueOn="2031-12-15")
    world.give("RecordAttendance", meeting, organization="ECOWAS", person={"subject": seen_subject(world)})
    au = world.as_(Role.ENTITY_REPRESENTATIVE, "AU")
    record = "decisions { number } actionPoints { code } attendance { capacity } invitations { attended }"

    def told(client: Client) -> tuple[int, int, int, Any]:
        found = seen(client, meeting, record)
        listed = action_points(client, meeting={"eq": meeting})
        assert listed == [point["code"] for point in found["actionPoints"]]
        (invited,) = found["invitations"]
        return len(found["decisions"]), len(listed), len(found["attendance"]), invited["attended"]

    whole, nothing = (1, 1, 1, True), (0, 0, 0, None)
    insiders = (world.desk, world.as_(Role.AUDITOR), world.member, world.ecowas, world.focal_point)
    assert [told(client) for client in insiders] == [whole] * 5
    assert [told(client) for client in (world.reader, world.sco)] == [nothing] * 2
    assert told(au) == (0, 1, 0, None), "who has to do something knows of it"
    point = world.desk.ask(
        "query ($m: Code!) { actionPoints(filter: {meeting: {eq: $m}}) { edges { node { id } } } }", m=meeting
    )["actionPoints"]["edges"][0]["node"]["id"]
    node = "query ($id: ID!) { node(id: $id) { ... on ActionPoint { code history { totalCount } } } }"
    assert world.reader.ask(node, id=point)["node"] is None
    assert au.ask(node, id=point)["node"] == {"code": "AP-1", "history": {"totalCount": 1}}
    trail = "query ($t: String!) { trail(filter: {type: {eq: $t}}, newestFirst: true) { edges { node { data } } } }"
    for fact in ("decision_recorded", "action_agreed", "attendance_recorded"):
        (edge, *_) = world.reader.ask(trail, t=f"coordination_meeting.{fact}")["trail"]["edges"]
        assert json.loads(edge["node"]["data"]) == {}, "what was taken down is for those at the table"
    world.give("Conclude", meeting)
    world.give("FinalizeMinutes", meeting)
    assert told(world.reader) == whole
    assert world.reader.ask(node, id=point)["node"]["code"] == "AP-1"


def action_points(client: Client, **filter: Any) -> list[str]:
    found = client.ask(
        "query ($f: ActionPointFilter!) { actionPoints(filter: $f) { totalCount edges { node { code } } } }",
        f=filter,
    )["actionPoints"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"]["code"] for edge in found["edges"]]


def test_an_action_point_falls_due_once_and_is_completed_by_who_has_it(later: World) -> None:
    world = later
    meeting = world.sitting("2031-07-29")
    for code, organization, region, due_on in (
        ("AP-1", "ECOWAS", "WEST-AFRICA", "2031-12-15"),
        ("AP-2", "ECOWAS", "WEST-AFRICA", "2032-01-15"),
        ("AP-3", "UNOCT", None, "2031-11-30"),
        ("AP-4", "UNODC", None, "2031-12-31"),
    ):
        agreed: dict[str, Any] = {
            "code": code,
            "text": f"Do {code}.",
            "organization": organization,
            "region": region,
            "dueOn": due_on,
        }
        world.give("AgreeAction", meeting, **agreed)
    mine = {"meeting": {"eq": meeting}}
    world.give("DropAction", meeting, code="AP-4", reason="Covered elsewhere.")
    assert action_points(world.desk, **mine, overdue={"eq": True}) == []
    world.to(datetime(2031, 12, 12, 16, tzinfo=UTC))
    world.compact.clockwork.ring()
    world.settle()
    done = {"id": meeting, "code": "AP-1", "evidence": ["The guide", "The list of readers"]}
    assert world.sco.refused("coordinationMeetingCompleteAction", done) == "FORBIDDEN"
    world.focal_point.do("coordinationMeetingCompleteAction", done)
    world.to(datetime(2032, 1, 2, 16, tzinfo=UTC))
    for _ in range(3):
        world.compact.clockwork.ring()
    world.settle()
    assert action_points(world.desk, **mine, overdue={"eq": True}) == ["AP-3"]
    assert action_points(world.desk, **mine, overdue={"eq": False}) == ["AP-1", "AP-4", "AP-2"]
    assert action_points(world.desk, **mine, state={"in": ["OPEN"]}, organization={"eq": "ECOWAS"}) == ["AP-2"]
    fell_due = world.desk.ask(
        '{ trail(filter: {type: {eq: "coordination_meeting.action_fell_due"}}) { edges { node { effectiveOn } } } }'
    )["trail"]["edges"]
    assert [edge["node"]["effectiveOn"] for edge in fell_due] == ["2031-12-01"]
    points = seen(
        world.ecowas, meeting, "actionPoints { code state overdue settledOn evidence dropReason region { code } }"
    )["actionPoints"]
    assert points[0] == {
        "code": "AP-1",
        "state": "COMPLETED",
        "overdue": False,
        "settledOn": "2031-12-12",
        "evidence": ["The guide", "The list of readers"],
        "dropReason": None,
        "region": {"code": "WEST-AFRICA"},
    }
    told = seen(world.desk, meeting, "actionPoints { code dropReason allowedCommands }")["actionPoints"]
    assert told[3] == {"code": "AP-4", "dropReason": "Covered elsewhere.", "allowedCommands": []}
    assert told[1]["allowedCommands"] == ["coordinationMeetingCompleteAction", "coordinationMeetingDropAction"]
    handed = world.desk.do(
        "focalPointHandOver",
        {"id": world.focal_point_id, "successor": {"name": "Next", "email": "next@example.org"}},
        select="focalPoint { handOver { moved { kind reference item } } }",
    )["focalPoint"]["handOver"]["moved"]
    assert handed == [{"kind": "coordination_meeting", "reference": meeting, "item": "AP-2"}]


def test_minutes_wait_for_the_last_item(world: World) -> None:
    meeting = world.sitting("2031-07-16")
    world.give("AddItem", meeting, code="ONE", title="One")
    world.give("AddItem", meeting, code="TWO", title="Two")
    world.give("Conclude", meeting)
    answer = world.desk.give("coordinationMeetingFinalizeMinutes", {"id": meeting})
    assert (answer["rule"], details(answer)) == (
        "coordination_meeting.undisposed",
        {"undisposed": "2", "items": "ONE TWO"},
    )
    for code in ("ONE", "TWO"):
        world.give("DisposeItem", meeting, item=code, disposition="DROPPED")
    world.give("FinalizeMinutes", meeting)
    assert seen(world.reader, meeting, "state")["state"] == "MINUTES_FINAL"


def test_a_rotations_meeting_is_prepared_by_its_host_and_its_end_offers_the_next_turn(world: World) -> None:
    rotation = {
        "code": "ROT-FORUM",
        "names": {"en": "Forum"},
        "members": [
            {"organization": "ECOWAS", "region": "WEST-AFRICA"},
            {"organization": "AU", "region": "EAST-AFRICA"},
        ],
        "rule": "FREQ=MONTHLY",
        "firstAt": "2031-10-29T09:00:00+01:00",
        "zone": "Africa/Lagos",
    }
    world.desk.do("rotationEstablish", rotation)
    meeting = {
        "code": "FORUM-1",
        "kind": "COORDINATION_MEETING",
        "title": "Forum",
        "startsAt": "2031-10-29T09:00:00+01:00",
        "endsAt": "2031-10-29T16:00:00+01:00",
        "zone": "Africa/Lagos",
        "rotation": "ROT-FORUM",
        "turn": 1,
        "host": "ECOWAS",
    }
    answer = world.desk.give("coordinationMeetingConvene", meeting)
    assert (answer["rule"], details(answer)) == ("coordination_meeting.turn", {"turn": "1", "host": ""})
    world.desk.do("rotationAccept", {"id": "ROT-FORUM", "turn": 1, "organization": "ECOWAS"})
    world.desk.do("coordinationMeetingConvene", meeting)
    for verb, fields in (
        ("AddItem", {"code": "HOSTS", "title": "Hosts"}),
        ("Start", {}),
        ("DisposeItem", {"item": "HOSTS", "disposition": "DROPPED"}),
        ("Conclude", {}),
    ):
        world.give(verb, "FORUM-1", by=world.focal_point, **fields)
    assert world.focal_point.refused("coordinationMeetingFinalizeMinutes", {"id": "FORUM-1"}) == "FORBIDDEN"
    assert seen(world.reader, "FORUM-1", "rotation { code } turn host { code } body { code } state") == {
        "rotation": {"code": "ROT-FORUM"},
        "turn": 1,
        "host": {"code": "ECOWAS"},
        "body": {"code": "ROT-FORUM"},
        "state": "CONCLUDED",
    }
    offered = world.desk.ask(
        '{ trail(filter: {type: {eq: "rotation.offered"}}, newestFirst: true, first: 1) { edges { node { data'
        " causationId } } } }"
    )["trail"]["edges"][0]["node"]
    assert '"turn":2' in offered["data"]
    assert offered["causationId"]


REVIEW = {
    "kind": "STRATEGIC_REVIEW",
    "comparesFrom": "2031-06-02T00:00:00Z",
    "comparesTo": "2031-06-30T00:00:00Z",
}


def test_a_review_names_two_moments_of_the_past_in_order_and_no_two_compare_the_same(world: World) -> None:
    code = world.convene("2031-12-04", **REVIEW)
    assert seen(world.reader, code, "compares { earlier later }")["compares"] == {
        "earlier": "2031-06-02T00:00:00Z",
        "later": "2031-06-30T00:00:00Z",
    }
    review = {**convening("REVIEW-AGAIN"), **REVIEW}
    for changed, rule in (
        ({}, "coordination_meeting.reviewed"),
        ({"comparesTo": "2031-06-02T00:00:00Z"}, "coordination_meeting.moments"),
        ({"comparesTo": "2031-06-01T00:00:00Z"}, "coordination_meeting.moments"),
        ({"comparesTo": "2033-01-01T00:00:00Z"}, "coordination_meeting.moments"),
    ):
        assert world.desk.refused("coordinationMeetingConvene", {**review, **changed}) == rule


def convening(code: str, **other: Any) -> dict[str, Any]:
    times = {"startsAt": "2031-12-04T10:00:00-05:00", "endsAt": "2031-12-04T12:00:00-05:00", "zone": NEW_YORK}
    return {"code": code, "kind": "COMMITTEE_MEETING", "title": "Meeting", "body": "CC", **times, **other}


def test_bad_input_is_typed_and_writes_nothing(world: World) -> None:
    meeting = world.sitting("2031-07-18")
    world.give("AddItem", meeting, code="COSTS", title="Costs")
    head = "{ head { position } }"
    before = world.desk.ask(head)
    for mutation, fields, problem in (
        ("Convene", convening("X-1", body=None), "INVALID_INPUT"),
        ("Convene", convening("X-1", body="NRCTS"), "coordination_meeting.body"),
        ("Convene", convening("X-1", endsAt="2031-12-04T09:00:00-05:00"), "coordination_meeting.times"),
        ("Convene", convening("X-1", endsAt="2032-12-04T09:00:00-05:00"), "coordination_meeting.times"),
        ("Convene", convening("X-1", turn=1), "INVALID_INPUT"),
        ("Convene", convening("X-1", comparesTo="2031-06-02T00:00:00Z"), "INVALID_INPUT"),
        ("Convene", convening("X-1", host="NOBODY"), "NOT_FOUND"),
        ("Convene", convening(meeting), "code.taken"),
        ("Invite", {"id": meeting, "organizations": []}, "INVALID_INPUT"),
        ("Invite", {"id": meeting, "organizations": ["NOBODY"]}, "NOT_FOUND"),
        ("AddItem", {"id": meeting}, "INVALID_INPUT"),
        ("AddItem", {"id": meeting, "code": "COSTS", "title": "Other"}, "code.taken"),
        ("DisposeItem", {"id": meeting, "item": "COSTS", "disposition": "DROPPED"}, "reason.required"),
        ("DisposeItem", {"id": meeting, "item": "NONE", "disposition": "DECIDED"}, "NOT_FOUND"),
        ("DisposeItem", deferral(meeting), "INVALID_INPUT"),
        ("DisposeItem", deferral(meeting, toMeeting=meeting), "coordination_meeting.deferral"),
        ("DisposeItem", deferral(meeting, toDate="2031-07-18"), "coordination_meeting.deferral"),
        ("DisposeItem", {**deferral(meeting, toBody="CC"), "disposition": "REFERRED"}, "agenda.referral"),
        ("AgreeAction", action(meeting, dueOn="2031-06-30"), "coordination_meeting.due_date"),
        ("AgreeAction", action(meeting, organization="NOBODY"), "NOT_FOUND"),
        ("CompleteAction", {"id": meeting, "code": "AP-9", "evidence": ["It"]}, "NOT_FOUND"),
        ("RecordAttendance", {"id": meeting, "organization": "AU"}, "INVALID_INPUT"),
        ("FinalizeMinutes", {"id": meeting}, "state"),
        ("Cancel", {"id": meeting, "reason": "No."}, "state"),
        ("Reschedule", {"id": meeting, **times("2031-09-01"), "reason": "No."}, "state"),
    ):
        assert world.desk.refused(f"coordinationMeeting{mutation}", fields) == problem, (mutation, fields)
    assert world.desk.ask(head) == before


def deferral(meeting: str, **target: Any) -> dict[str, Any]:
    return {"id": meeting, "item": "COSTS", "disposition": "DEFERRED", "reason": "Not ready.", **target}


def action(meeting: str, **changed: Any) -> dict[str, Any]:
    agreed = {"code": "AP-1", "text": "Draft it.", "organization": "AU", "dueOn": "2031-12-15"}
    return {"id": meeting, **agreed, **changed}


def times(day: str) -> dict[str, str]:
    return {"startsAt": f"{day}T10:00:00-04:00", "endsAt": f"{day}T12:00:00-04:00"}


def test_meetings_are_found_by_kind_body_state_time_and_who_is_invited(later: World) -> None:
    world = later
    first = world.convene("2031-08-01")
    second = world.sitting("2031-09-01", body="NRCTS")
    world.give("Invite", second, organizations=["ECOWAS"])
    world.give("Cancel", first)
    for filter, found in (
        ({}, [first, second]),
        ({"kind": {"eq": "WORKING_GROUP_SESSION"}}, [second]),
        ({"body": {"in": ["CC"]}}, [first]),
        ({"state": {"in": ["CANCELLED", "CONVENED"]}}, [first]),
        ({"invited": {"eq": "ECOWAS"}}, [second]),
        ({"startsAt": {"from": "2031-08-15T00:00:00Z", "to": "2031-12-01T00:00:00Z"}}, [second]),
        ({"rotation": {"eq": "ROT-FORUM"}}, []),
    ):
        told = world.reader.ask(
            "query ($f: CoordinationMeetingFilter) { coordinationMeetings(filter: $f) { totalCount"
            " edges { node { code } } } }",
            f=filter,
        )["coordinationMeetings"]
        assert ([edge["node"]["code"] for edge in told["edges"]], told["totalCount"]) == (found, len(found)), filter


def test_a_chair_leads_the_sessions_of_the_own_working_group(world: World) -> None:
    chair = world.as_(Role.WORKING_GROUP_CHAIR, "NRCTS@UNODC")
    session = {**convening("WG-CHAIRED"), "kind": "WORKING_GROUP_SESSION", "body": "NRCTS"}
    chair.do("coordinationMeetingConvene", session)
    allowed = seen(chair, "WG-CHAIRED", "allowedCommands")["allowedCommands"]
    assert allowed == [
        f"coordinationMeeting{verb}" for verb in ("Reschedule", "Invite", "AddItem", "Start", "DisposeItem", "Cancel")
    ]
    assert chair.refused("coordinationMeetingConvene", {**session, "code": "WG-OTHER", "body": "RMME"}) == "FORBIDDEN"
    assert chair.refused("coordinationMeetingConvene", convening("CC-CHAIRED")) == "FORBIDDEN"
