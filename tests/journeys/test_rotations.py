"""Rotations through the API: who hosts next and why, who is asked, and how a turn finds its host."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from compact_domain.kernel import Role
from compact_infra import Compact, Identity, Settings
from tests.client import Client
from tests.conftest import Service, running

START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
REGIONS = {
    "ECOWAS": "WEST-AFRICA",
    "IGAD": "EAST-AFRICA",
    "GCC": "GULF-COOPERATION",
    "CICA": "CENTRAL-ASIA",
    "SADC": "SOUTHERN-AFRICA",
    "OAS-CICTE": "AMERICAS",
}
QUARTERLY = "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1WE"
HOSTS = """forecast(first: $first) { turn day startsAt because swap hostedBefore host { code }
    passedOver { how organization { code } } }"""
SWAPS = """swaps { totalCount edges { node {
    number state organization { code } turn other { code } forTurn agreedOn } } }"""
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A demonstration whose clock stands at the beginning of March 2031."""
    with running(new_settings(demonstration=True)) as started:
        prepare(started)
        yield started


def prepare(service: Service) -> None:
    service.compact.store.set_clock(START)
    for code, region in REGIONS.items():
        service.officer.do(
            "organizationRegister",
            {"code": code, "names": {"en": code}, "kind": "REGIONAL_ORGANIZATION", "regions": [region]},
        )


@pytest.fixture
def officer(service: Service) -> Client:
    return service.officer


def members(*organizations: str) -> list[dict[str, str]]:
    return [{"organization": code, "region": REGIONS[code]} for code in organizations or REGIONS]


def rotation(**changed: Any) -> dict[str, Any]:
    return {
        "code": f"ROT-{next(numbers)}",
        "names": {"en": "Regional coordination forum", "fr": "Forum régional de coordination"},
        "members": members("ECOWAS", "IGAD", "GCC", "CICA"),
        "rule": QUARTERLY,
        "firstAt": "2031-04-30T10:00:00-04:00",
        "zone": "America/New_York",
        **changed,
    }


def establish(client: Client, **changed: Any) -> str:
    input = rotation(**changed)
    client.do("rotationEstablish", input)
    code: str = input["code"]
    return code


def focal_point(service: Service, organization: str) -> Client:
    """The focal point of an organization in its region, signed in."""
    officer, region = service.officer, REGIONS[organization]
    query = """query ($o: Code!) { focalPoints(filter: {organization: {eq: $o}, state: {eq: CONFIRMED}}) {
        edges { node { person { subject } } } } }"""
    found = officer.ask(query, o=organization)["focalPoints"]["edges"]
    if not found:
        nomination = {
            "organization": organization,
            "expectedVersion": None,
            "person": {"name": f"Focal {organization}", "email": f"{organization.lower()}@example.org"},
            "regions": [region],
            "nominationLetter": "2031/17",
            "startsOn": "2031-03-01",
            "endsOn": "2032-12-31",
        }
        id = officer.do("focalPointNominate", nomination, select="focalPoint { id }")["focalPoint"]["id"]
        officer.do("focalPointConfirm", {"id": id})
        found = officer.ask(query, o=organization)["focalPoints"]["edges"]
    return service.of(Identity(subject=UUID(found[0]["node"]["person"]["subject"])))


def read(client: Client, code: str, what: str, **variables: Any) -> Any:
    declared = "".join(f", ${name}: Int!" for name in variables)
    query = f"query ($code: Code!{declared}) {{ rotation(code: $code) {{ {what} }} }}"
    return client.ask(query, code=code, **variables)["rotation"]


def hosts(client: Client, code: str, first: int = 6) -> list[tuple[int, str | None, str]]:
    found = read(client, code, HOSTS, first=first)["forecast"]
    return [(one["turn"], one["host"] and one["host"]["code"], one["because"]) for one in found]


def answer(client: Client, mutation: str, code: str, turn: int, organization: str, **more: Any) -> dict[str, Any]:
    return client.do(mutation, {"id": code, "turn": turn, "organization": organization, **more})


def details(answer: dict[str, Any]) -> dict[str, str]:
    """The numbers behind a refusal."""
    return {detail["name"]: detail["value"] for detail in answer["details"]}


def test_everybody_sees_who_hosts_the_next_six_meetings_and_why(service: Service, officer: Client) -> None:
    reader = service.as_(Role.READER)
    code = establish(officer, members=members())
    assert read(
        reader, code, f'name(language: "fr") state cadence {{ rule firstAt zone answerDays }} {HOSTS}', first=2
    ) == {
        "name": "Forum régional de coordination",
        "state": "OFFERED",
        "cadence": {
            "rule": QUARTERLY,
            "firstAt": "2031-04-30T14:00:00Z",
            "zone": "America/New_York",
            "answerDays": 14,
        },
        "forecast": [
            {
                "turn": 1,
                "day": "2031-04-30",
                "startsAt": "2031-04-30T14:00:00Z",
                "because": "OFFERED",
                "swap": None,
                "hostedBefore": None,
                "host": {"code": "ECOWAS"},
                "passedOver": [],
            },
            {
                "turn": 2,
                "day": "2031-07-30",
                "startsAt": "2031-07-30T14:00:00Z",
                "because": "NEXT_IN_QUEUE",
                "swap": None,
                "hostedBefore": None,
                "host": {"code": "IGAD"},
                "passedOver": [],
            },
        ],
    }
    before = officer.ask("{ head { position } }")["head"]["position"]
    focal_point(service, "ECOWAS").do(
        "rotationDecline",
        {"id": code, "turn": 1, "organization": "ECOWAS", "reason": "Own summit in the same week"},
    )
    answer(focal_point(service, "IGAD"), "rotationAccept", code, 1, "IGAD")
    assert hosts(reader, code) == [
        (1, "IGAD", "ACCEPTED"),
        (2, "ECOWAS", "NEXT_IN_QUEUE"),
        (3, "GCC", "NEXT_IN_QUEUE"),
        (4, "CICA", "NEXT_IN_QUEUE"),
        (5, "SADC", "NEXT_IN_QUEUE"),
        (6, "OAS-CICTE", "NEXT_IN_QUEUE"),
    ]
    assert read(reader, code, HOSTS, first=1)["forecast"][0]["passedOver"] == [
        {"how": "DECLINED", "organization": {"code": "ECOWAS"}}
    ]
    winter = [one["startsAt"] for one in read(reader, code, HOSTS, first=4)["forecast"]]
    assert winter == [
        "2031-04-30T14:00:00Z",
        "2031-07-30T14:00:00Z",
        "2031-10-29T14:00:00Z",
        "2032-01-28T15:00:00Z",
    ], "ten o'clock in New York, in summer and in winter"
    then = reader.ask(
        "query ($p: Position!, $code: Code!) { snapshot(at: {position: $p}) { rotation(code: $code) {"
        " state queue { organization { code } } forecast(first: 1) { host { code } because } } } }",
        p=before,
        code=code,
    )["snapshot"]["rotation"]
    assert then == {
        "state": "OFFERED",
        "queue": [{"organization": {"code": organization}} for organization in REGIONS],
        "forecast": [{"host": {"code": "ECOWAS"}, "because": "OFFERED"}],
    }


def test_equity_accounts_for_every_offer(service: Service, officer: Client) -> None:
    code = establish(officer)
    equity = "equity { organization { code } offered accepted declined lapsed open skipped hosted left }"
    answer(officer, "rotationSkip", code, 1, "ECOWAS", reason="No answer to be had")
    answer(officer, "rotationDecline", code, 1, "IGAD", reason="Budget")
    answer(officer, "rotationAccept", code, 1, "GCC")
    found = {one.pop("organization")["code"]: one for one in read(officer, code, equity)["equity"]}
    for one in found.values():
        assert one["offered"] == one["accepted"] + one["declined"] + one["lapsed"] + one["open"]
    assert {name: [one["offered"], one["skipped"], one["hosted"]] for name, one in found.items()} == {
        "CICA": [0, 0, 0],
        "ECOWAS": [0, 1, 0],
        "GCC": [1, 0, 0],
        "IGAD": [1, 0, 0],
    }


def test_why_a_member_declined_is_for_itself_and_the_secretariat(service: Service, officer: Client) -> None:
    code = establish(officer)
    own, other = focal_point(service, "ECOWAS"), focal_point(service, "IGAD")
    assert other.refused("rotationAccept", {"id": code, "turn": 1, "organization": "ECOWAS"}) == "FORBIDDEN"
    assert own.refused("rotationDecline", {"id": code, "turn": 1, "organization": "ECOWAS"}) == "reason.required"
    assert "rotationDecline" in read(own, code, "allowedCommands")["allowedCommands"]
    assert "rotationDecline" not in read(other, code, "allowedCommands")["allowedCommands"]
    answer(own, "rotationDecline", code, 1, "ECOWAS", reason="Own summit in the same week")
    turns = """turns { edges { node { number day state answerBy overdue offeredTo { code } host { code } swap overOn
        passedOver { how on reason organization { code } } } } }"""

    def told(client: Client) -> str | None:
        (edge,) = read(client, code, turns)["turns"]["edges"]
        reason: str | None = edge["node"]["passedOver"][0]["reason"]
        return reason

    assert [told(client) for client in (own, officer, other, service.as_(Role.READER))] == [
        "Own summit in the same week",
        "Own summit in the same week",
        None,
        None,
    ]
    for client, why in ((own, "Own summit in the same week"), (other, None), (service.as_(Role.READER), None)):
        facts = [
            edge["node"]
            for edge in read(client, code, "history { edges { node { type reason } } }")["history"]["edges"]
        ]
        assert {fact["reason"] for fact in facts if fact["type"] == "rotation.declined"} == {why}
        assert {fact["reason"] for fact in facts} <= {None, why}
    (edge,) = read(officer, code, turns)["turns"]["edges"]
    assert edge["node"] | {"passedOver": []} == {
        "number": 1,
        "day": "2031-04-30",
        "state": "OFFERED",
        "answerBy": "2031-03-17",
        "overdue": False,
        "offeredTo": {"code": "IGAD"},
        "host": None,
        "swap": None,
        "overOn": None,
        "passedOver": [],
    }


def test_a_turn_that_all_decline_is_the_secretariats_until_a_newcomer_takes_it(officer: Client) -> None:
    code = establish(officer, members=members("ECOWAS", "IGAD"))
    for organization in ("ECOWAS", "IGAD"):
        answer(officer, "rotationDecline", code, 1, organization, reason="Budget")
    assert hosts(officer, code, 2) == [(1, None, "ALL_PASSED"), (2, "ECOWAS", "NEXT_IN_QUEUE")]
    assert officer.refused("rotationOffer", {"id": code, "turn": 1}) == "rotation.all_passed"
    officer.do("rotationJoin", {"id": code, "organization": "GCC", "region": "GULF-COOPERATION"})
    officer.do("rotationOffer", {"id": code, "turn": 1, "organization": "GCC", "answerBy": "2031-03-31"})
    answer(officer, "rotationAccept", code, 1, "GCC")
    assert hosts(officer, code, 2) == [(1, "GCC", "ACCEPTED"), (2, "ECOWAS", "NEXT_IN_QUEUE")]


def test_two_members_exchange_their_turns_once_both_agree(service: Service, officer: Client) -> None:
    code = establish(officer)
    answer(officer, "rotationAccept", code, 1, "ECOWAS")
    cica, igad = focal_point(service, "CICA"), focal_point(service, "IGAD")
    swap = {"id": code, "organization": "CICA", "turn": 4, "forTurn": 2}
    assert igad.refused("rotationProposeSwap", swap) == "FORBIDDEN"
    cica.do("rotationProposeSwap", swap)
    proposed = read(officer, code, SWAPS)["swaps"]
    assert proposed == {
        "totalCount": 1,
        "edges": [
            {
                "node": {
                    "number": 1,
                    "state": "PROPOSED",
                    "organization": {"code": "CICA"},
                    "turn": 4,
                    "other": {"code": "IGAD"},
                    "forTurn": 2,
                    "agreedOn": None,
                }
            }
        ],
    }
    assert hosts(officer, code, 2)[1] == (2, "IGAD", "NEXT_IN_QUEUE")
    assert cica.refused("rotationConsentSwap", {"id": code, "swap": 1}) == "FORBIDDEN"
    igad.do("rotationConsentSwap", {"id": code, "swap": 1})
    assert hosts(officer, code, 4) == [
        (1, "ECOWAS", "ACCEPTED"),
        (2, "CICA", "SWAPPED"),
        (3, "GCC", "NEXT_IN_QUEUE"),
        (4, "IGAD", "SWAPPED"),
    ]
    assert read(officer, code, SWAPS)["swaps"]["edges"][0]["node"]["state"] == "AGREED"
    officer.do("rotationProposeSwap", {"id": code, "organization": "GCC", "turn": 3, "forTurn": 2})
    officer.do("rotationLeave", {"id": code, "organization": "CICA", "reason": "Another format"})
    assert [edge["node"]["state"] for edge in read(officer, code, SWAPS)["swaps"]["edges"]] == ["AGREED", "OVERTAKEN"]
    stale = officer.give("rotationConsentSwap", {"id": code, "swap": 2})
    assert (stale["rule"], details(stale)) == ("rotation.swap_turns", {"turn": "3", "host": "IGAD"})


def test_nobody_is_let_host_twice_by_a_swap(officer: Client) -> None:
    code = establish(officer)
    answer(officer, "rotationAccept", code, 1, "ECOWAS")
    refused = officer.give("rotationProposeSwap", {"id": code, "organization": "IGAD", "turn": 2, "forTurn": 5})
    assert (refused["rule"], details(refused)) == (
        "rotation.swap_twice",
        {"organization": "ECOWAS", "turn": "5", "first": "1"},
    )
    itself = officer.give("rotationProposeSwap", {"id": code, "organization": "IGAD", "turn": 2, "forTurn": 2})
    assert (itself["rule"], details(itself)) == ("rotation.swap_self", {"organization": "IGAD"})


@pytest.mark.parametrize(
    ("changed", "refusal", "told"),
    [
        ({"rule": "FREQ=HOURLY"}, "rotation.sub_daily", {"rule": "FREQ=HOURLY"}),
        (
            {"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"},
            "rotation.occurrence",
            {"first": "2031-04-30T10:00:00-04:00"},
        ),
        ({"rule": "every three months"}, "rotation.cadence", {"part": "1", "name": "every three months"}),
        ({"members": members("ECOWAS")}, "rotation.members", {"members": "1", "least": "2"}),
        ({"members": members("ECOWAS", "ECOWAS")}, "rotation.member", {"organization": "ECOWAS"}),
    ],
)
def test_what_makes_no_rotation_is_refused_with_its_rule(
    officer: Client, changed: dict[str, Any], refusal: str, told: dict[str, str]
) -> None:
    head = officer.ask("{ head { position } rotations { totalCount } }")
    refused = officer.give("rotationEstablish", rotation(**changed))
    assert (refused["rule"], details(refused)) == (refusal, told)
    assert officer.ask("{ head { position } rotations { totalCount } }") == head


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"answerDays": 0}, "answerDays"), ({"firstAt": "0001-01-01T00:00:00Z", "zone": "America/New_York"}, "firstAt")],
)
def test_what_is_of_the_wrong_form_is_told_by_its_field(officer: Client, changed: dict[str, Any], field: str) -> None:
    refused = officer.give("rotationEstablish", rotation(**changed))
    assert (refused["code"], [one["name"] for one in refused["fields"]]) == ("INVALID_INPUT", [field])


def test_a_turn_is_not_offered_to_a_member_that_left(officer: Client) -> None:
    code = establish(officer)
    officer.do("rotationLeave", {"id": code, "organization": "ECOWAS", "reason": "Another format"})
    assert hosts(officer, code, 1) == [(1, "IGAD", "OFFERED")]
    for mutation in ("rotationAccept", "rotationSkip"):
        refused = officer.give(mutation, {"id": code, "turn": 1, "organization": "ECOWAS", "reason": "To see"})
        assert (refused["rule"], details(refused)) == ("rotation.not_member", {"organization": "ECOWAS"})
    answer(officer, "rotationDecline", code, 1, "IGAD", reason="Budget")
    for organization in ("GCC", "CICA"):
        answer(officer, "rotationDecline", code, 1, organization, reason="Budget")
    officer.do("rotationJoin", {"id": code, "organization": "SADC", "region": "SOUTHERN-AFRICA"})
    refused = officer.give("rotationOffer", {"id": code, "turn": 1, "organization": "ECOWAS"})
    assert refused["rule"] == "rotation.not_member"
    assert officer.give("rotationOffer", {"id": code, "turn": 1, "organization": "IGAD"})["rule"] == "rotation.queue"


def test_a_rotation_is_a_body_of_the_compact(officer: Client) -> None:
    code = establish(officer)
    officer.do("rotationJoin", {"id": code, "organization": "SADC", "region": "SOUTHERN-AFRICA"})
    officer.do("rotationLeave", {"id": code, "organization": "CICA", "reason": "Another format"})
    found = read(officer, code, "body { kind name members { edges { node { organization { code } membership } } } }")
    members_shown = "members { position since hostedLast organization { code } region { code } }"
    assert [one["organization"]["code"] for one in read(officer, code, members_shown)["members"]] == [
        "ECOWAS",
        "GCC",
        "IGAD",
        "SADC",
    ]
    assert found["body"] == {
        "kind": "ROTATION",
        "name": "Regional coordination forum",
        "members": {
            "edges": [
                {"node": {"organization": {"code": organization}, "membership": "MEMBER"}}
                for organization in ("ECOWAS", "GCC", "IGAD", "SADC")
            ]
        },
    }
    taken = officer.give("rotationEstablish", rotation(code="BMLE"))
    assert taken["rule"] == "code.taken"


def test_an_offer_goes_with_the_function_of_the_focal_point(service: Service, officer: Client) -> None:
    code = establish(officer, members=members("SADC", "GCC"))
    sadc = focal_point(service, "SADC")
    query = """{ focalPoints(filter: {organization: {eq: "SADC"}}) { edges { node { id
        handOver { moved { kind reference item } } } } } }"""
    (edge,) = officer.ask(query)["focalPoints"]["edges"]
    successor = {"name": "Thandi", "email": "thandi@example.org"}
    sadc.do("focalPointHandOver", {"id": edge["node"]["id"], "successor": successor})
    handed = [node["handOver"] for node in (edge["node"] for edge in officer.ask(query)["focalPoints"]["edges"])]
    moved = next(one["moved"] for one in handed if one)
    assert {"kind": "rotation", "reference": code, "item": "1"} in moved
    assert sadc.refused("rotationAccept", {"id": code, "turn": 1, "organization": "SADC"}) == "FORBIDDEN"
    answer(focal_point(service, "SADC"), "rotationAccept", code, 1, "SADC")


def test_rotations_are_found_by_member_and_region(service: Service, officer: Client) -> None:
    code = establish(officer, members=members("OAS-CICTE", "SADC"), names={"en": "Southern forum"})
    query = "query ($f: RotationFilter) { rotations(filter: $f) { edges { node { code } } } }"

    def found(**asked: Any) -> list[str]:
        return [edge["node"]["code"] for edge in officer.ask(query, f=asked)["rotations"]["edges"]]

    assert code in found(member={"eq": "OAS-CICTE"}, region={"eq": "SOUTHERN-AFRICA"})
    assert code not in found(member={"eq": "IGAD"})
    assert found(name={"contains": "southern"}) == [code]
    officer.do("rotationEnd", {"id": code, "reason": "One forum is enough"})
    assert found(ended={"eq": True}, code={"eq": code}) == [code]
    assert read(officer, code, "state endedOn forecast { turn }") == {
        "state": "ENDED",
        "endedOn": "2031-03-03",
        "forecast": [],
    }
    assert officer.refused("rotationAccept", {"id": code, "turn": 1, "organization": "OAS-CICTE"}) == "state"
    assert officer.error(f'{{ rotation(code: "{code}") {{ forecast(first: 25) {{ turn }} }} }}') == "INVALID_INPUT"
    assert read(officer, "NO-SUCH-THING", "code") is None


def test_an_answer_that_does_not_come_counts_as_declined_however_late_the_process_wakes(
    new_settings: Callable[..., Settings],
) -> None:
    settings = new_settings(demonstration=True)
    with running(settings) as service:
        prepare(service)
        code = establish(service.officer)
        service.compact.store.set_clock(datetime(2031, 3, 18, 3, 59, 58, tzinfo=UTC))
        assert hosts(service.officer, code, 1) == [(1, "ECOWAS", "OFFERED")]
        offered = read(service.officer, code, "history { edges { node { type eventId } } }")["history"]["edges"][-1][
            "node"
        ]
    asleep = Compact(settings)
    with asleep.commanding():
        asleep.store.set_clock(datetime(2031, 3, 20, 12, 0, tzinfo=UTC))
    for _ in range(2):
        with running(settings) as service:
            service.compact.clockwork.ring()
            assert service.compact.settle()
            told = read(service.officer, code, "history { edges { node { type effectiveOn recordedAt causationId } } }")
            facts = [edge["node"] for edge in told["history"]["edges"]]
            assert [fact["type"] for fact in facts[-2:]] == ["rotation.lapsed", "rotation.offered"]
            assert [fact["type"] for fact in facts].count("rotation.lapsed") == 1
            assert facts[-2]["effectiveOn"] == "2031-03-18"
            assert facts[-2]["recordedAt"] >= "2031-03-20T12:00:00"
            assert facts[-2]["causationId"] == offered["eventId"]
            assert hosts(service.officer, code, 1) == [(1, "IGAD", "OFFERED")]
            (edge,) = read(service.officer, code, "turns { edges { node { answerBy } } }")["turns"]["edges"]
            assert edge["node"]["answerBy"] == "2031-04-03"
