"""Initiatives through the API: who does what where and when, what overlaps, what is measured, and who may know."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from compact_api.context import Context
from compact_domain.finding import Scope, Status
from compact_domain.kernel import Role
from compact_infra import Identity, Settings
from compact_infra.operations import scrutinize
from compact_projections.initiatives import OverlapsFound, overlaps_of
from tests.client import Client
from tests.conftest import Service, running

START = datetime(2031, 1, 15, 9, 0, tzinfo=UTC)
RETREAT = "CTCR-2031"
Fields = dict[str, Any]
numbers = itertools.count(1)

SCORE = "score { total workingGroups regions months }"
OVERLAPS = f"overlaps {{ initiative {{ code }} {SCORE} firstMonth months partners }} restrictedOverlaps"
MEASURED = "edges { node { period value reported organization { code } } }"


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A demonstration in January 2031: a directory, a retreat in session, and a gap that was voiced there."""
    with running(new_settings(demonstration=True)) as started:
        started.compact.store.set_clock(START)
        officer = started.officer
        for code, kind in (
            ("UNOCT", "UN_ENTITY"),
            ("UNODC", "UN_ENTITY"),
            ("UNDP", "UN_ENTITY"),
            ("INTERPOL", "INTERNATIONAL_ORGANIZATION"),
            ("IOM", "UN_ENTITY"),
            ("ECOWAS", "REGIONAL_ORGANIZATION"),
        ):
            officer.do("organizationRegister", {"code": code, "names": {"en": code}, "kind": kind})
        plan = {
            "series": "Counter-Terrorism Compact Retreat",
            "edition": 2,
            "title": "Retreat",
            "theme": "Partnerships",
            "startsOn": "2031-01-15",
            "endsOn": "2031-01-16",
            "zone": "America/New_York",
            "logistics": {"format": "VIRTUAL", "contact": "desk@example.org"},
        }
        officer.do("retreatPlan", {"code": RETREAT, **plan})
        officer.do("retreatAnnounce", {"id": RETREAT})
        officer.do("retreatSetSeatRules", {"id": RETREAT})
        officer.do("retreatOpenRegistration", {"id": RETREAT, "deadline": "2031-01-15T10:00:00Z"})
        officer.do("retreatOpen", {"id": RETREAT})
        times = {"startsAt": "2031-01-15T14:00:00-05:00", "endsAt": "2031-01-15T15:00:00-05:00"}
        session = {"retreat": RETREAT, "expectedVersion": None, "code": "TS-1", "title": "Gaps", "kind": "THEMATIC"}
        officer.do("sessionSchedule", {**session, **times})
        officer.do("sessionStart", {"id": "TS-1"})
        yield started


@pytest.fixture
def officer(service: Service) -> Client:
    return service.officer


@pytest.fixture
def reader(service: Service) -> Client:
    return service.as_(Role.READER)


@pytest.fixture
def iom(service: Service) -> Client:
    return service.as_(Role.ENTITY_REPRESENTATIVE, "IOM")


@pytest.fixture
def interpol(service: Service) -> Client:
    return service.as_(Role.ENTITY_REPRESENTATIVE, "INTERPOL")


def region(officer: Client, parent: str | None = None) -> str:
    """A region of the test's own, so that nothing else lies in it."""
    code = f"REGION-{next(numbers)}"
    officer.do("catalogueAddEntry", {"kind": "REGION", "code": code, "names": {"en": code}, "parent": parent})
    return code


def plan(where: str, lead: str = "IOM", **changed: Any) -> Fields:
    return {
        "code": f"INI-{next(numbers)}",
        "title": "Posts and passages",
        "lead": lead,
        "regions": [where],
        "workingGroups": ["BMLE"],
        "startsOn": "2030-08-15",
        "endsOn": "2031-06-30",
        **changed,
    }


def registered(client: Client, where: str, lead: str = "IOM", **changed: Any) -> str:
    given = plan(where, lead, **changed)
    client.do("initiativeRegister", given)
    code: str = given["code"]
    return code


def read(client: Client, code: str, what: str) -> Any:
    return client.ask(f"query ($c: Code!) {{ initiative(code: $c) {{ {what} }} }}", c=code)["initiative"]


def begin(client: Client, code: str) -> str:
    client.do("initiativeChangeStatus", {"id": code, "status": "IMPLEMENTATION"})
    return code


def details(answer: Fields) -> dict[str, str]:
    """The numbers behind a refusal."""
    return {detail["name"]: detail["value"] for detail in answer["details"]}


def indicator(client: Client, initiative: str, **changed: Any) -> str:
    given = {
        "id": initiative,
        "code": f"IND-{next(numbers)}",
        "title": "Posts that use the common procedure",
        "unit": "post",
        "direction": "UP",
        "aggregation": "LATEST",
        "baseline": "0",
        "baselineYear": 2025,
        "target": "40",
        "periods": "MONTHLY",
        **changed,
    }
    client.do("initiativeDefineIndicator", given)
    code: str = given["code"]
    return code


def report(client: Client, initiative: str, indicator: str, period: str, value: str) -> None:
    what = {"indicator": indicator, "period": period, "value": value}
    client.do("initiativeReportMeasurement", {"id": initiative, **what})


def gap(officer: Client, where: str, group: str = "BMLE") -> str:
    code = f"GAP-{next(numbers)}"
    voiced = {"severity": "HIGH", "description": "No shared watch list.", "voicedBy": "ECOWAS"}
    given = {"id": "TS-1", "code": code, "region": where, "workingGroup": group, **voiced}
    officer.do("sessionIdentifyCapacityGap", given)
    return code


# --- who does what, where and when


def test_an_organization_registers_what_it_leads_and_everybody_reads_it(
    officer: Client, iom: Client, reader: Client
) -> None:
    given = plan(
        "WEST-AFRICA",
        countries=["GH", "NE", "BF"],
        clauses=["JPOW-2024-2026-SP3"],
        workingGroups=["GSA", "PCVE"],
        budget={"amount": "780000", "currency": "USD"},
        source="Voluntary contributions",
        programme="Coastal appeal",
        requestedBy="ECOWAS",
    )
    done = iom.do("initiativeRegister", given, select=f"initiative {{ code version }} {OVERLAPS}")
    assert (done["initiative"], done["warnings"], done["overlaps"]) == (
        {"code": given["code"], "version": 1},
        [],
        [],
    )
    told = read(
        reader,
        given["code"],
        """title lead { code } regions { code } countries workingGroups { code } clauses { code } startsOn endsOn
           budget { amount currency } source programme visibility requestedBy { code } status acting
           registeredOn allowedCommands history { edges { node { type } } }""",
    )
    assert told == {
        "title": "Posts and passages",
        "lead": {"code": "IOM"},
        "regions": [{"code": "WEST-AFRICA"}],
        "countries": ["BF", "GH", "NE"],
        "workingGroups": [{"code": "GSA"}, {"code": "PCVE"}],
        "clauses": [{"code": "JPOW-2024-2026-SP3"}],
        "startsOn": "2030-08-15",
        "endsOn": "2031-06-30",
        "budget": {"amount": "780000.00", "currency": "USD"},
        "source": "Voluntary contributions",
        "programme": "Coastal appeal",
        "visibility": "COMPACT",
        "requestedBy": {"code": "ECOWAS"},
        "status": "PIPELINE",
        "acting": True,
        "registeredOn": "2031-01-15",
        "allowedCommands": [],
        "history": {"edges": [{"node": {"type": "initiative.registered"}}]},
    }
    assert "initiativeRevise" in read(iom, given["code"], "allowedCommands")["allowedCommands"]
    assert "initiativeReviewOverlap" not in read(iom, given["code"], "allowedCommands")["allowedCommands"]
    assert "initiativeReviewOverlap" in read(officer, given["code"], "allowedCommands")["allowedCommands"]
    assert iom.do("initiativeRegister", given)["events"] == []


def test_an_initiative_goes_from_the_pipeline_to_its_evaluation(officer: Client, iom: Client, reader: Client) -> None:
    code = registered(iom, region(officer))
    refused = iom.give("initiativeChangeStatus", {"id": code, "status": "FINALISATION"})
    assert (refused["rule"], details(refused)["next"]) == ("initiative.status", "implementation")
    assert iom.refused("initiativeConclude", {"id": code, "evaluation": "Too soon."}) == "state"
    begin(iom, code)
    assert iom.refused("initiativeSuspend", {"id": code}) == "reason.required"
    iom.do("initiativeSuspend", {"id": code, "reason": "No access."})
    rests = "status acting statusBeforeSuspension"
    assert read(reader, code, rests) == {
        "status": "SUSPENDED",
        "acting": False,
        "statusBeforeSuspension": "IMPLEMENTATION",
    }
    assert iom.refused("initiativeChangeStatus", {"id": code, "status": "FINALISATION"}) == "state"
    iom.do("initiativeResume", {"id": code})
    assert read(reader, code, rests)["status"] == "IMPLEMENTATION"
    iom.do("initiativeChangeStatus", {"id": code, "status": "FINALISATION"})
    iom.do("initiativeConclude", {"id": code, "evaluation": "Half of the posts take part."})
    told = read(reader, code, "status acting evaluation { text actor { organization } effectiveOn } allowedCommands")
    assert told == {
        "status": "CLOSED",
        "acting": False,
        "evaluation": {
            "text": "Half of the posts take part.",
            "actor": {"organization": "IOM"},
            "effectiveOn": "2031-01-15",
        },
        "allowedCommands": [],
    }
    given_up = registered(iom, region(officer))
    iom.do("initiativeCancel", {"id": given_up, "reason": "No money."})
    assert iom.refused("initiativeResume", {"id": given_up}) == "state"


def test_partners_come_and_go_in_each_stage(officer: Client, iom: Client, reader: Client, service: Service) -> None:
    code = registered(iom, region(officer))
    for stage, role in (("CONSULTATION", "ACCOUNTABLE"), ("CO_DESIGN", "IMPLEMENTING")):
        iom.do("initiativeJoinPartner", {"id": code, "organization": "ECOWAS", "stage": stage, "role": role})
    lead = {"id": code, "organization": "IOM", "stage": "IMPLEMENTATION", "role": "FUNDING"}
    assert iom.refused("initiativeJoinPartner", lead) == "initiative.lead_partner"
    other_role = {"id": code, "organization": "ECOWAS", "stage": "CONSULTATION", "role": "FUNDING"}
    assert iom.refused("initiativeJoinPartner", other_role) == "initiative.partner"
    assert iom.refused("initiativeJoinPartner", {**lead, "organization": "NOBODY"}) == "NOT_FOUND"
    leaving = {"id": code, "organization": "ECOWAS", "stage": "CONSULTATION"}
    ecowas = service.as_(Role.ENTITY_REPRESENTATIVE, "ECOWAS")
    assert ecowas.refused("initiativeJoinPartner", {**lead, "organization": "UNDP"}) == "FORBIDDEN"
    ecowas.do("initiativeLeavePartner", leaving)
    shown = "organization { code } stage role joinedOn leftOn"
    present = {"organization": {"code": "ECOWAS"}, "joinedOn": "2031-01-15"}
    co_design = {**present, "stage": "CO_DESIGN", "role": "IMPLEMENTING", "leftOn": None}
    assert read(reader, code, f"partners {{ {shown} }}")["partners"] == [co_design]
    assert read(reader, code, f"partners(former: true) {{ {shown} }}")["partners"] == [
        {**present, "stage": "CONSULTATION", "role": "ACCOUNTABLE", "leftOn": "2031-01-15"},
        co_design,
    ]
    becomes = {"id": code, "lead": "ECOWAS", "reason": "It takes over."}
    assert officer.refused("initiativeRevise", becomes) == "initiative.lead_partner"


def test_an_initiative_answers_gaps_and_carries_out_what_was_adopted(
    officer: Client, iom: Client, reader: Client
) -> None:
    where = region(officer)
    code, open_, closed = registered(iom, where), gap(officer, where), gap(officer, where)
    officer.do("sessionCloseCapacityGap", {"id": "TS-1", "code": closed})
    iom.do("initiativeAnswerGap", {"id": code, "gap": open_})
    assert iom.refused("initiativeAnswerGap", {"id": code, "gap": closed}) == "initiative.gap"
    assert iom.refused("initiativeAnswerGap", {"id": code, "gap": "GAP-NONE"}) == "NOT_FOUND"
    asked = f"REC-{next(numbers)}"
    officer.do(
        "recommendationPropose",
        {"code": asked, "text": "Agree on one procedure.", "regions": [where], "onBehalfOf": "ECOWAS"},
    )
    carried = {"id": code, "recommendation": asked}
    assert iom.refused("initiativeCarryOut", carried) == "initiative.recommendation"
    officer.do("recommendationPutUnderReview", {"id": asked, "body": "CC", "meeting": "CC-12"})
    decided = {"body": "CC", "meeting": "CC-12", "number": f"D-{asked}", "decidedOn": "2031-01-15"}
    officer.do(
        "recommendationAdopt",
        {
            "id": asked,
            "act": {**decided, "method": "CONSENSUS"},
            "textVersion": 1,
            "assessment": {"humanRights": "None.", "gender": "None.", "ruleOfLaw": "None."},
        },
    )
    assert officer.refused("initiativeCarryOut", carried) == "initiative.recommendation", "not announced yet"
    officer.do("recommendationAnnounce", {"id": asked, "number": f"D-{asked}"})
    iom.do("initiativeCarryOut", carried)
    assert read(reader, code, "gaps { code } recommendations { code }") == {
        "gaps": [{"code": open_}],
        "recommendations": [{"code": asked}],
    }
    for filter in ({"gap": {"eq": open_}}, {"recommendation": {"eq": asked}}):
        assert listed(reader, filter) == [code]


def listed(client: Client, filter: Fields, **more: Any) -> list[str]:
    query = """query ($f: InitiativeFilter, $o: [InitiativeOrder!]) { initiatives(filter: $f, orderBy: $o, first: 100) {
        totalCount edges { node { code } } } }"""
    found = client.ask(query, f=filter, **more)["initiatives"]
    codes = [edge["node"]["code"] for edge in found["edges"]]
    assert found["totalCount"] == len(codes)
    return codes


def test_initiatives_are_found_by_whatever_they_say_of_themselves(
    officer: Client, iom: Client, interpol: Client, reader: Client
) -> None:
    wide = region(officer)
    narrow = region(officer, parent=wide)
    one = registered(iom, wide, title="Alpha", workingGroups=["GSA"], startsOn="2020-01-01", endsOn="2020-06-30")
    two = registered(interpol, narrow, "INTERPOL", title="Beta passages", clauses=["JPOW-2024-2026-SP3"])
    officer.do("initiativeJoinPartner", {"id": two, "organization": "UNDP", "stage": "CO_DESIGN", "role": "EXTENDING"})
    begin(interpol, two)
    here = {"region": {"eq": wide}}
    assert listed(reader, here) == sorted([one, two])
    assert listed(reader, {"region": {"eq": narrow}}) == [two]
    for filter, found in (
        ({"lead": {"eq": "INTERPOL"}}, [two]),
        ({"partner": {"in": ["UNDP"]}}, [two]),
        ({"partnerStage": {"eq": "CO_DESIGN"}}, [two]),
        ({"partnerStage": {"in": ["CONSULTATION"]}}, []),
        ({"workingGroup": {"eq": "GSA"}}, [one]),
        ({"status": {"eq": "PIPELINE"}}, [one]),
        ({"acting": {"eq": False}}, []),
        ({"clause": {"eq": "JPOW-2024-2026-SP3"}}, [two]),
        ({"title": {"contains": "PASSAGES"}}, [two]),
        ({"visibility": {"eq": "COMPACT"}}, sorted([one, two])),
        ({"startsOn": {"from": "2021-01-01"}}, [two]),
        ({"running": {"from": "2020-06-30", "to": "2030-08-14"}}, [one]),
        ({"running": {"eq": "2030-08-15"}}, [two]),
        ({"running": {"from": "2020-07-01"}}, [two]),
    ):
        assert listed(reader, {**here, **filter}) == found, filter
    latest_first = [{"field": "STARTS_ON", "direction": "DESC"}]
    assert listed(reader, here, o=latest_first) == [two, one]


# --- what overlaps


def test_an_overlap_is_warned_of_before_anything_is_saved(officer: Client, iom: Client, interpol: Client) -> None:
    where = region(officer)
    posts = registered(iom, where)
    crossings = plan(where, "INTERPOL", startsOn="2030-10-01", endsOn="2031-12-31")
    expected = [
        {
            "initiative": {"code": posts},
            "score": {"total": "94.5", "workingGroups": "40.0", "regions": "30.0", "months": "24.5"},
            "firstMonth": "2030-10-01",
            "months": 9,
            "partners": False,
        }
    ]
    tried = interpol.do("initiativeRegister", {**crossings, "dryRun": True}, select=f"initiative {{ id }} {OVERLAPS}")
    assert (tried["warnings"], tried["overlaps"], tried["initiative"]) == (["initiative.overlap"], expected, None)
    assert listed(officer, {"region": {"eq": where}}) == [posts]
    whole = {**crossings, "idempotencyKey": "0d5fd7b6-7f6a-4a5c-9b86-0a4c6ac6a111"}
    for replayed in (False, True):
        done = interpol.do("initiativeRegister", whole, select=OVERLAPS)
        assert (done["replayed"], done["warnings"], done["overlaps"]) == (
            replayed,
            ["initiative.overlap"],
            expected,
        )


def test_changing_dates_regions_groups_lead_or_status_answers_the_warning_anew(
    officer: Client, iom: Client, interpol: Client
) -> None:
    where = region(officer)
    inside = region(officer, parent=where)
    posts = registered(iom, where, workingGroups=["BMLE", "PCVE"])
    code = registered(interpol, inside, "INTERPOL", workingGroups=["GSA"])

    def revised(**changed: Any) -> list[tuple[str, str]]:
        done = interpol.do("initiativeRevise", {"id": code, "reason": "Planned anew.", **changed}, select=OVERLAPS)
        assert bool(done["warnings"]) is bool(done["overlaps"])
        return [(one["initiative"]["code"], one["score"]["total"]) for one in done["overlaps"]]

    assert revised(budget={"amount": "1", "currency": "USD"}) == []
    assert revised(workingGroups=["PCVE", "GSA", "HRRLVT"]) == [(posts, "80.0")]
    assert revised(startsOn="2031-06-01", endsOn="2031-07-31") == [(posts, "65.0")]
    assert revised(startsOn="2031-07-01", dryRun=True) == []
    assert revised(regions=["CENTRAL-ASIA"], dryRun=True) == []
    mine = interpol.give("initiativeRevise", {"id": code, "lead": "IOM", "reason": "Theirs.", "dryRun": True})
    assert (mine["rule"], details(mine)) == ("initiative.lead", {"lead": "INTERPOL", "asked": "IOM"})
    led = {"id": code, "lead": "IOM", "reason": "As agreed.", "dryRun": True}
    assert officer.do("initiativeRevise", led, select=OVERLAPS)["overlaps"] == []
    rested = iom.do("initiativeSuspend", {"id": posts, "reason": "No access."})
    assert rested["warnings"] == []
    assert revised(endsOn="2031-08-31") == []
    woken = iom.do("initiativeResume", {"id": posts}, select=OVERLAPS)
    assert [one["initiative"]["code"] for one in woken["overlaps"]] == [code]
    begun = iom.do("initiativeChangeStatus", {"id": posts, "status": "IMPLEMENTATION"}, select=OVERLAPS)
    assert begun["warnings"] == ["initiative.overlap"]


def test_partnership_is_told_and_takes_no_points_off(officer: Client, iom: Client, interpol: Client) -> None:
    where = region(officer)
    posts = registered(iom, where)
    iom.do(
        "initiativeJoinPartner", {"id": posts, "organization": "INTERPOL", "stage": "CONSULTATION", "role": "FUNDING"}
    )
    done = interpol.do("initiativeRegister", plan(where, "INTERPOL"), select=OVERLAPS)
    assert [(one["score"]["total"], one["partners"]) for one in done["overlaps"]] == [("100.0", True)]


REVIEWS = "reviews { outcome outdated number note reason score { total } initiatives { code } }"


def chair(service: Service, body: str) -> Client:
    """The chair of a body, somebody of UNODC."""
    person = {"name": f"Chair of {body}", "email": f"{body.lower()}@example.org"}
    joined = {"id": body, "organization": "UNODC"}
    service.officer.do("bodyJoin", joined)
    done = service.officer.do(
        "bodyAppointChair",
        {**joined, "person": {"details": person}},
        select="body { chair { person { subject } } }",
    )
    subject = UUID(done["body"]["chair"]["person"]["subject"])
    return service.of(Identity(subject=subject, organization="UNODC"))


def test_a_review_holds_until_dates_regions_groups_or_status_change(
    service: Service, officer: Client, iom: Client, interpol: Client, reader: Client
) -> None:
    where, leads = region(officer), chair(service, "ETCIP")
    one = registered(iom, where, workingGroups=["ETCIP"])
    other = registered(interpol, where, "INTERPOL", workingGroups=["ETCIP"])
    review = {"id": other, "other": one, "outcome": "COORDINATE", "note": "They share a trainer."}
    for stranger in (iom, interpol, reader):
        assert stranger.refused("initiativeReviewOverlap", review) == "FORBIDDEN"
    done = leads.do("initiativeReviewOverlap", review)
    assert [event["type"] for event in done["events"]] == ["overlap_review.made"]
    expected = {
        "outcome": "COORDINATE",
        "outdated": False,
        "number": 1,
        "note": "They share a trainer.",
        "reason": None,
        "score": {"total": "100.0"},
        "initiatives": [{"code": code} for code in sorted([one, other])],
    }
    for code in (one, other):
        assert read(reader, code, REVIEWS)["reviews"] == [expected]
    bare = {"id": one, "other": other, "outcome": "COORDINATE"}
    assert leads.do("initiativeReviewOverlap", bare)["events"] == []
    iom.do("initiativeRevise", {"id": one, "budget": {"amount": "5", "currency": "XOF"}, "reason": "Prices."})
    assert read(reader, other, REVIEWS)["reviews"] == [expected]
    iom.do("initiativeRevise", {"id": one, "endsOn": "2031-09-30", "reason": "Start was late."})
    (told,) = read(reader, other, REVIEWS)["reviews"]
    assert (told["outdated"], told["number"]) == (True, 1)
    dismissed = {**review, "outcome": "DISMISSED"}
    assert leads.refused("initiativeReviewOverlap", dismissed) == "reason.required"
    leads.do("initiativeReviewOverlap", {**dismissed, "reason": "Other posts."})
    (told,) = read(reader, one, REVIEWS)["reviews"]
    assert (told["outcome"], told["outdated"], told["number"], told["reason"]) == (
        "DISMISSED",
        False,
        2,
        "Other posts.",
    )
    begin(interpol, other)
    assert [told["outdated"] for told in read(reader, one, REVIEWS)["reviews"]] == [True]
    iom.do("initiativeCancel", {"id": one, "reason": "No money."})
    assert leads.refused("initiativeReviewOverlap", review) == "finding.overlap"


def test_a_gap_review_holds_for_the_gaps_it_was_told_of(officer: Client, reader: Client) -> None:
    where = region(officer)
    inside = region(officer, parent=where)
    first = gap(officer, inside)
    review = {"region": where, "workingGroup": "BMLE", "gaps": [first], "outcome": "ADDRESS", "note": "A trainer."}
    select = "gapReview { outcome outdated note gaps { code } region { code } workingGroup { code } number }"
    assert reader.refused("initiativeReviewGap", review) == "FORBIDDEN"
    told = officer.do("initiativeReviewGap", review, select=select)["gapReview"]
    assert told == {
        "outcome": "ADDRESS",
        "outdated": False,
        "note": "A trainer.",
        "gaps": [{"code": first}],
        "region": {"code": where},
        "workingGroup": {"code": "BMLE"},
        "number": 1,
    }
    other_field = gap(officer, where, "PCVE")
    refused = officer.give("initiativeReviewGap", {**review, "gaps": [first, other_field]})
    assert (refused["rule"], details(refused)["gap"]) == ("finding.gap", other_field)
    second = gap(officer, where)
    part = officer.give("initiativeReviewGap", review)
    assert (part["rule"], details(part)["missing"]) == ("finding.gaps", second)
    again = {name: value for name, value in review.items() if name != "note"}
    said = officer.do("initiativeReviewGap", again, select=select)
    assert (said["events"], said["gapReview"]["outdated"]) == ([], True), "it was said of what was open then"
    told = officer.do("initiativeReviewGap", {**review, "gaps": [second, first]}, select=select)["gapReview"]
    assert (told["outdated"], told["number"]) == (False, 2)


# --- what is measured


def test_a_joint_indicator_is_defined_once_joined_and_added_up(
    officer: Client, iom: Client, interpol: Client, reader: Client
) -> None:
    where = region(officer)
    crossings = begin(interpol, registered(interpol, where, "INTERPOL"))
    posts = begin(iom, registered(iom, where))
    code = indicator(interpol, crossings)
    iom.do("initiativeJoinIndicator", {"id": posts, "indicator": code})
    report(iom, posts, code, "2030-10", "6")
    report(interpol, crossings, code, "2030-11", "9")
    query = """query ($c: Code!) { indicators(filter: {code: {eq: $c}}, first: 5) { totalCount edges { node {
        code unit baseline baselineYear target total progress shared closedPeriods
        initiative { code } joinedBy { code } series { organization { code } initiative { code } total }
        measurements { edges { node { organization { code } initiative { code }
          period value reported corrections { before after corrects reason } } } } } } } }"""

    def told() -> Any:
        return reader.ask(query, c=code)["indicators"]["edges"][0]["node"]

    now = told()
    assert {
        name: now[name] for name in ("unit", "baseline", "baselineYear", "target", "total", "progress", "shared")
    } == {
        "unit": "post",
        "baseline": "0",
        "baselineYear": 2025,
        "target": "40",
        "total": "15",
        "progress": "37.5",
        "shared": False,
    }
    assert (now["initiative"], now["joinedBy"]) == ({"code": crossings}, [{"code": posts}])
    interpol.do("initiativeClosePeriod", {"id": crossings, "indicator": code, "period": "2030-10"})
    late = {"id": crossings, "indicator": code, "period": "2030-10", "value": "1"}
    assert interpol.refused("initiativeReportMeasurement", late) == "initiative.period_closed"
    right = {"id": posts, "indicator": code, "period": "2030-10", "value": "5"}
    assert iom.refused("initiativeCorrectMeasurement", right) == "reason.required"
    iom.do("initiativeCorrectMeasurement", {**right, "reason": "One post counted twice."})
    now = told()
    assert (now["total"], now["progress"], now["closedPeriods"]) == ("14", "35.0", ["2030-10"])
    by_posts = {"organization": {"code": "IOM"}, "initiative": {"code": posts}}
    by_crossings = {"organization": {"code": "INTERPOL"}, "initiative": {"code": crossings}}
    assert now["series"] == [{**by_posts, "total": "5"}, {**by_crossings, "total": "9"}]
    correction = {"before": "6", "after": "5", "corrects": 4, "reason": "One post counted twice."}
    assert [edge["node"] for edge in now["measurements"]["edges"]] == [
        {**by_posts, "period": "2030-10", "value": "5", "reported": "6", "corrections": [correction]},
        {**by_crossings, "period": "2030-11", "value": "9", "reported": "9", "corrections": []},
    ]
    for initiative in (crossings, posts):
        asked = "indicators { code } measurements { edges { node { period value } } }"
        assert read(reader, initiative, asked)["indicators"] == [{"code": code}]
    by_initiative = "query ($c: Code!) { indicators(filter: {initiative: {eq: $c}}) { edges { node { code } } } }"
    assert reader.ask(by_initiative, c=posts)["indicators"]["edges"] == [{"node": {"code": code}}]


def test_results_that_are_shared_are_not_added_up(officer: Client, iom: Client, interpol: Client) -> None:
    where = region(officer)
    crossings = begin(interpol, registered(interpol, where, "INTERPOL"))
    posts = begin(iom, registered(iom, where))
    code = indicator(interpol, crossings, aggregation="SUM")
    iom.do("initiativeJoinIndicator", {"id": posts, "indicator": code, "shared": True})
    report(interpol, crossings, code, "2030-10", "4")
    report(iom, posts, code, "2030-10", "5")
    report(iom, posts, code, "2030-11", "2.5")
    query = """query ($c: Code!) { indicators(filter: {code: {eq: $c}}) { edges { node {
        total shared progress series { shared total } } } } }"""
    told = officer.ask(query, c=code)["indicators"]["edges"][0]["node"]
    series = [{"shared": False, "total": "4"}, {"shared": True, "total": "7.5"}]
    assert told == {"total": "6.5", "shared": False, "progress": "16.3", "series": series}


def test_an_indicator_is_a_node_with_a_history_and_a_past(officer: Client, iom: Client) -> None:
    code = begin(iom, registered(iom, region(officer)))
    measured = indicator(iom, code)
    report(iom, code, measured, "2030-10", "6")
    query = "query ($c: Code!) { indicators(filter: {code: {eq: $c}}) { edges { node { id total version } } } }"
    before = iom.ask(query + " ", c=measured)
    position = officer.ask("{ head { position } }")["head"]["position"]
    iom.do(
        "initiativeCorrectMeasurement",
        {"id": code, "indicator": measured, "period": "2030-10", "value": "7", "reason": "One was missed."},
    )
    id = before["indicators"]["edges"][0]["node"]["id"]
    node = """query ($id: ID!) { node(id: $id) { ... on Indicator { total allowedCommands
        history { edges { node { type } } } } } }"""
    told = iom.ask(node, id=id)["node"]
    assert told["total"] == "7"
    assert set(told["allowedCommands"]) == {
        "initiativeReportMeasurement",
        "initiativeClosePeriod",
        "initiativeCorrectMeasurement",
    }
    assert [edge["node"]["type"] for edge in told["history"]["edges"]] == [
        "initiative.indicator_defined",
        "initiative.measurement_reported",
        "initiative.measurement_corrected",
    ]
    then = officer.ask(
        """query ($p: Position!, $c: Code!) { snapshot(at: {position: $p}) {
           indicators(filter: {code: {eq: $c}}) { edges { node { total } } } } }""",
        p=position,
        c=measured,
    )
    assert then["snapshot"]["indicators"]["edges"] == [{"node": {"total": "6"}}]


# --- who may know


@pytest.fixture(scope="module")
def secret(service: Service) -> Fields:
    """A restricted initiative with all that it can have, and two that everybody may know of beside it."""
    officer, where = service.officer, region(service.officer)
    code = registered(officer, where, "UNODC", visibility="RESTRICTED", title="Quiet desk")
    officer.do("initiativeJoinPartner", {"id": code, "organization": "ECOWAS", "stage": "CO_DESIGN", "role": "FUNDING"})
    begin(officer, code)
    own = indicator(officer, code)
    public = begin(officer, registered(officer, where, "IOM"))
    joint = indicator(officer, public)
    officer.do("initiativeJoinIndicator", {"id": code, "indicator": joint})
    for measured, initiative, of in ((own, code, "UNODC"), (joint, code, "UNODC"), (joint, public, "IOM")):
        what = {"indicator": measured, "period": "2030-10", "value": "5"}
        officer.do("initiativeReportMeasurement", {"id": initiative, **what, "onBehalfOf": of})
    officer.do("initiativeReviewOverlap", {"id": public, "other": code, "outcome": "MERGE", "note": "Soon."})
    officer.do("initiativeAnswerGap", {"id": code, "gap": gap(officer, where)})
    ids = officer.ask(
        """query ($c: Code!, $o: Code!) { initiative(code: $c) { id history { edges { node { subject position } } } }
           indicators(filter: {code: {eq: $o}}) { edges { node { id } } } }""",
        c=code,
        o=own,
    )
    edges = ids["initiative"]["history"]["edges"]
    return {
        "code": code,
        "where": where,
        "own": own,
        "public": public,
        "joint": joint,
        "id": ids["initiative"]["id"],
        "indicator": ids["indicators"]["edges"][0]["node"]["id"],
        "subject": edges[0]["node"]["subject"],
        "position": edges[0]["node"]["position"],
    }


def confirmed_focal_point(service: Service, organization: str) -> Client:
    nomination = {
        "organization": organization,
        "expectedVersion": None,
        "person": {"name": "Awa", "email": f"awa-{next(numbers)}@example.org"},
        "regions": ["WEST-AFRICA"],
        "nominationLetter": "L/1",
        "startsOn": "2031-01-01",
        "endsOn": "2031-12-31",
    }
    found = service.officer.do("focalPointNominate", nomination, select="focalPoint { id person { subject } }")
    service.officer.do("focalPointConfirm", {"id": found["focalPoint"]["id"]})
    subject = UUID(found["focalPoint"]["person"]["subject"])
    return service.of(Identity(subject=subject, organization=organization))


def insiders(service: Service) -> list[Client]:
    return [
        service.officer,
        service.as_(Role.AUDITOR),
        service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC"),
        service.as_(Role.ENTITY_REPRESENTATIVE, "ECOWAS"),
        confirmed_focal_point(service, "ECOWAS"),
    ]


def outsiders(service: Service) -> list[Client]:
    return [
        service.as_(Role.READER),
        service.as_(Role.READER, "UNODC"),
        service.as_(Role.ENTITY_REPRESENTATIVE, "IOM"),
        service.as_(Role.ENTITY_REPRESENTATIVE, "INTERPOL"),
        service.as_(Role.COMMITTEE_MEMBER, "UNDP"),
        chair(service, "RMME"),
    ]


WAYS_IN: dict[str, str] = {
    "initiative": "initiative(code: $code) { title }",
    "filtered": "initiatives(filter: {code: {eq: $code}}) { totalCount edges { node { code } } }",
    "listed": "initiatives(filter: {region: {eq: $where}}) { totalCount edges { node { code lead { code } } } }",
    "partners": 'initiatives(filter: {partner: {eq: "ECOWAS"}, region: {eq: $where}}) { totalCount }',
    "restricted": "initiatives(filter: {visibility: {eq: RESTRICTED}}) { totalCount }",
    "node": "node(id: $id) { ... on Initiative { title } }",
    "nodes": "nodes(ids: [$id, $indicator]) { id }",
    "indicators": "indicators(filter: {code: {in: [$own, $joint]}}) { totalCount edges { node { code } } }",
    "of_initiative": "indicators(filter: {initiative: {eq: $code}}) { totalCount }",
    "joint": """indicators(filter: {code: {eq: $joint}}) { edges { node { total joinedBy { code }
        series { organization { code } } } } }""",
    "reviews": """initiative(code: $public) { reviews { outcome note initiatives { code } }
        measurements { totalCount } }""",
    "trail": "trail(filter: {subject: $subject}) { totalCount }",
    "kinds": 'trail(filter: {kind: {eq: "overlap_review"}}) { totalCount }',
    "at": """snapshot(at: {position: $position}) { initiative(code: $code) { title }
        trail(newestFirst: true, first: 1) { edges { node { type data } } } }""",
    "changes": "changes(from: {position: $position}, first: 100) { edges { node { subject facts { data } } } }",
}


def ways_in(client: Client, secret: Fields) -> dict[str, Any]:
    """What each way in answers, asked by itself."""
    types = {"id": "ID!", "indicator": "ID!", "subject": "UUID!", "position": "Position!"}
    told = {}
    for name, asked in WAYS_IN.items():
        used = {key: value for key, value in secret.items() if f"${key}" in asked}
        head = ", ".join(f"${key}: {types.get(key, 'Code!')}" for key in used)
        told[name] = client.ask(f"query{f' ({head})' if head else ''} {{ answer: {asked} }}", **used)["answer"]
    return told


def test_a_restricted_initiative_is_there_for_its_lead_its_partners_the_secretariat_and_auditors(
    service: Service, secret: Fields
) -> None:
    for client in insiders(service):
        told = ways_in(client, secret)
        assert told["initiative"] == {"title": "Quiet desk"}
        assert told["filtered"]["totalCount"] == 1
        assert told["listed"]["totalCount"] == 2
        assert (told["partners"]["totalCount"], told["restricted"]["totalCount"]) == (1, 1)
        assert told["node"] == {"title": "Quiet desk"}
        assert [node["id"] for node in told["nodes"]] == [secret["id"], secret["indicator"]]
        assert (told["indicators"]["totalCount"], told["of_initiative"]["totalCount"]) == (2, 2)
        (joint,) = told["joint"]["edges"]
        assert (joint["node"]["total"], joint["node"]["joinedBy"]) == ("10", [{"code": secret["code"]}])
        assert [review["note"] for review in told["reviews"]["reviews"]] == ["Soon."]
        assert told["trail"]["totalCount"] == 8
        assert told["at"]["initiative"] == {"title": "Quiet desk"}
        assert secret["subject"] in {edge["node"]["subject"] for edge in told["changes"]["edges"]}


def test_a_restricted_initiative_is_not_there_for_anybody_else_by_whatever_way(
    service: Service, secret: Fields
) -> None:
    for client in outsiders(service):
        told = ways_in(client, secret)
        for name in ("code", "own", "subject"):
            assert secret[name] not in json.dumps(told)
        assert (told["initiative"], told["node"], told["nodes"]) == (None, None, [None, None])
        assert told["filtered"]["totalCount"] == told["partners"]["totalCount"] == told["restricted"]["totalCount"] == 0
        assert [edge["node"]["code"] for edge in told["listed"]["edges"]] == [secret["public"]]
        assert (told["indicators"]["totalCount"], told["of_initiative"]["totalCount"]) == (1, 0)
        (joint,) = told["joint"]["edges"]
        assert joint["node"] == {"total": "5", "joinedBy": [], "series": [{"organization": {"code": "IOM"}}]}
        assert told["reviews"] == {"reviews": [], "measurements": {"totalCount": 1}}
        assert told["trail"]["totalCount"] == 0
        assert told["at"]["initiative"] is None


def test_another_restricted_initiative_is_a_number_in_a_warning(service: Service, secret: Fields) -> None:
    query = f"restrictedOverlaps {OVERLAPS.replace('restrictedOverlaps', '')}"
    tried = {**plan(secret["where"], "INTERPOL"), "dryRun": True}
    for client, codes, hidden in (
        (service.as_(Role.ENTITY_REPRESENTATIVE, "INTERPOL"), {secret["public"]}, 1),
        (service.officer, {secret["public"], secret["code"]}, 0),
    ):
        done = client.do("initiativeRegister", tried, select=query)
        assert done["warnings"] == ["initiative.overlap"]
        assert ({one["initiative"]["code"] for one in done["overlaps"]}, done["restrictedOverlaps"]) == (codes, hidden)


def test_no_warning_tells_who_leads_a_restricted_initiative_or_how_many_there_are(
    service: Service, secret: Fields
) -> None:
    """Whichever lead is tried, what is told of restricted ones is the same."""
    officer, interpol = service.officer, service.as_(Role.ENTITY_REPRESENTATIVE, "INTERPOL")
    where = region(officer, parent=secret["where"])
    mine = registered(interpol, where, "INTERPOL")
    for times in (1, 2):
        registered(officer, where, "UNODC", visibility="RESTRICTED")
        tried = {**plan(where, "INTERPOL"), "dryRun": True}
        assert interpol.do("initiativeRegister", tried, select=OVERLAPS)["restrictedOverlaps"] == 1, times
    answers = [
        interpol.give("initiativeRevise", {"id": mine, "lead": lead, "reason": "Why not.", "dryRun": True})
        for lead in ("UNODC", "UNDP")
    ]
    assert [(one["rule"], details(one)["lead"]) for one in answers] == [("initiative.lead", "INTERPOL")] * 2
    elsewhere = {**plan(region(officer), "INTERPOL"), "dryRun": True}
    assert interpol.do("initiativeRegister", elsewhere, select=OVERLAPS)["restrictedOverlaps"] == 0
    identity = service.compact.tokens.read(interpol.token or "")

    async def found(lead: str) -> OverlapsFound:
        context = Context(service.compact, identity)
        try:
            scope = Scope(
                lead=lead,
                status=Status.PIPELINE,
                starts_on=date(2030, 8, 15),
                ends_on=date(2031, 6, 30),
                regions=(where,),
                working_groups=("BMLE",),
            )
            return await overlaps_of(await context.asking(), "INI-NEW", scope, first=20)
        finally:
            await context.end()

    assert service.http.portal is not None
    for lead in ("UNODC", "UNDP", "INTERPOL"):
        assert service.http.portal.call(found, lead).restricted is True, lead


def test_a_warning_tells_the_greatest_overlaps_and_how_many_there_are(
    officer: Client, iom: Client, interpol: Client
) -> None:
    where = region(officer)
    least = registered(iom, where, startsOn="2031-06-01", endsOn="2031-12-31")
    codes = [registered(iom, where) for _ in range(20)]
    tried = {**plan(where, "INTERPOL"), "dryRun": True}
    done = interpol.do("initiativeRegister", tried, select=f"{OVERLAPS} overlapsTotal")
    assert [one["initiative"]["code"] for one in done["overlaps"]] == sorted(codes)
    assert (done["overlapsTotal"], least in codes) == (21, False)


def test_no_refusal_tells_that_a_restricted_initiative_is_there(service: Service, secret: Fields) -> None:
    interpol = service.as_(Role.ENTITY_REPRESENTATIVE, "INTERPOL")
    for client in (interpol, service.as_(Role.READER)):
        for code in (secret["code"], "INI-NONE"):
            given = {"id": code, "reason": "Why not.", "expectedVersion": 77}
            answer = client.give("initiativeSuspend", given)
            assert (answer["__typename"], answer["reference"]) == ("NotFound", code)
    mine = registered(interpol, region(service.officer), "INTERPOL")
    join = {"id": mine, "indicator": secret["own"]}
    answers = [
        interpol.give("initiativeJoinIndicator", {**join, "indicator": code}) for code in (secret["own"], "IND-0")
    ]
    assert [(answer["code"], answer["kind"]) for answer in answers] == [("NOT_FOUND", "Indicator")] * 2
    taken = interpol.give("initiativeRegister", plan(secret["where"], "INTERPOL", code=secret["code"]))
    assert (taken["rule"], taken["state"], taken["details"], taken["allowed"]) == ("code.taken", None, [], [])
    assert "Quiet" not in json.dumps(taken)


def test_who_has_left_a_restricted_initiative_knows_no_more_of_it(service: Service) -> None:
    officer, partner = service.officer, service.as_(Role.ENTITY_REPRESENTATIVE, "UNDP")
    code = registered(officer, region(officer), "UNODC", visibility="RESTRICTED")
    part = {"id": code, "organization": "UNDP", "stage": "CO_DESIGN"}
    officer.do("initiativeJoinPartner", {**part, "role": "FUNDING"})
    assert read(partner, code, "partners { organization { code } }")["partners"] == [{"organization": {"code": "UNDP"}}]
    position = officer.ask("{ head { position } }")["head"]["position"]
    partner.do("initiativeLeavePartner", part)
    assert read(partner, code, "title") is None
    assert partner.refused("initiativeLeavePartner", part) == "NOT_FOUND"
    then = "query ($p: Position!, $c: Code!) { snapshot(at: {position: $p}) { initiative(code: $c) { title } } }"
    assert partner.ask(then, p=position, c=code)["snapshot"]["initiative"] is None
    assert officer.ask(then, p=position, c=code)["snapshot"]["initiative"] == {"title": "Posts and passages"}


# --- bad input


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"endsOn": "2030-08-14"}, "initiative.dates"),
        ({"budget": {"amount": "1", "currency": "XXX"}}, "INVALID_INPUT"),
        ({"budget": {"amount": "-1", "currency": "USD"}}, "INVALID_INPUT"),
        ({"regions": ["AFRICA", "WEST-AFRICA"]}, "initiative.regions"),
        ({"regions": ["GLOBAL", "WEST-AFRICA"]}, "initiative.regions"),
        ({"regions": []}, "INVALID_INPUT"),
        ({"workingGroups": []}, "INVALID_INPUT"),
        ({"countries": ["KE"]}, "initiative.countries"),
        ({"countries": ["ZZ"]}, "INVALID_INPUT"),
        ({"lead": "NOBODY"}, "NOT_FOUND"),
        ({"regions": ["NOWHERE"]}, "NOT_FOUND"),
    ],
)
def test_bad_input_is_refused_as_data_and_writes_nothing(officer: Client, changed: Fields, refusal: str) -> None:
    given = plan("WEST-AFRICA", **changed)
    before = officer.ask("{ head { position } }")
    for tried in ({}, {"dryRun": True}):
        assert officer.refused("initiativeRegister", {**given, **tried}) == refusal
    assert officer.ask("{ head { position } }") == before
    assert read(officer, given["code"], "title") is None


def test_what_is_measured_badly_is_refused_as_data_and_writes_nothing(officer: Client, iom: Client) -> None:
    code = begin(iom, registered(iom, region(officer)))
    measured = indicator(iom, code)
    report(iom, code, measured, "2030-10", "6")
    before = officer.ask("{ head { position } }")
    good = {"id": code, "indicator": measured, "period": "2030-11", "value": "9"}
    for changed, refusal in (
        ({"period": "2030-10"}, "initiative.measured"),
        ({"period": "2030-07"}, "initiative.period"),
        ({"period": "2031-02"}, "initiative.period"),
        ({"period": "2030-Q4"}, "initiative.period"),
        ({"period": "Friday"}, "INVALID_INPUT"),
        ({"indicator": "IND-NONE"}, "NOT_FOUND"),
    ):
        assert iom.refused("initiativeReportMeasurement", {**good, **changed}) == refusal, changed
    for number in ("NaN", "Infinity", "nine", "1e3", ""):
        told = iom.post(
            "mutation ($i: InitiativeReportMeasurementInput!) { answer: initiativeReportMeasurement(input: $i)"
            " { __typename } }",
            {"i": {**good, "value": number, "idempotencyKey": str(UUID(int=1)), "expectedVersion": None}},
        )
        assert [error["extensions"]["code"] for error in told["errors"]] == ["BAD_USER_INPUT"]
    new = {"id": code, "code": "IND-NEW", "title": "T", "direction": "UP", "aggregation": "SUM", "periods": "YEARLY"}
    numbers_of = {"baseline": "0", "baselineYear": 2025, "target": "40"}
    assert iom.refused("initiativeDefineIndicator", {**new, **numbers_of}) == "initiative.unit"
    wrong: list[tuple[Fields, str]] = [
        ({"target": "0"}, "initiative.target"),
        ({"direction": "DOWN", "aggregation": "LATEST"}, "initiative.target"),
        ({"direction": "DOWN", "target": "-1"}, "initiative.aggregation"),
        ({"baselineYear": 12}, "INVALID_INPUT"),
        ({"code": measured}, "code.taken"),
    ]
    for said, refusal in wrong:
        asked = {**new, **numbers_of, "unit": "post", **said}
        assert iom.refused("initiativeDefineIndicator", asked) == refusal, said
    assert officer.ask("{ head { position } }") == before


def test_the_rows_are_those_of_a_rebuild(service: Service) -> None:
    assert scrutinize(service.compact) == []
