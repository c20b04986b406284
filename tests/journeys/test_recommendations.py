"""Recommendations, from the proposal to the verified result: what was decided and why, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from compact_domain.kernel import Role
from compact_infra import Identity, Settings
from compact_infra.operations import scrutinize
from tests.client import Client
from tests.conftest import Service, running

START = datetime(2031, 5, 1, 9, 0, tzinfo=UTC)
TEXT = "Designate a focal point in each regional organization."
AMENDED = "Designate a focal point and an alternate in each regional organization."
ASSESSMENT = {
    "humanRights": "Names are erased with the term.",
    "gender": "Focal point and alternate should not both be men.",
    "ruleOfLaw": "Designation by letter, no effect on mandates.",
}
Fields = dict[str, Any]
numbers = count(1)


def act(number: str, *, body: str = "CC", meeting: str = "CC-2031-05", on: str = "2031-05-01") -> dict[str, str]:
    return {"body": body, "meeting": meeting, "number": number, "decidedOn": on, "method": "CONSENSUS"}


@dataclass(frozen=True)
class World:
    """A running service and the people of this story."""

    service: Service
    officer: Client
    chair: Client
    unodc: Client
    undp: Client
    ecowas: Client
    sadc: Client
    reader: Client

    def clock(self, at: datetime) -> None:
        """Move the clock forward, and have the service look at it."""
        self.service.compact.store.set_clock(at)
        self.officer.ask("{ head { now } }")

    def proposed(self, *, title: str = "Focal points", **more: Any) -> str:
        """A recommendation that UNODC has proposed; its code."""
        code = f"REC-2031-{next(numbers):03}"
        given = {"code": code, "title": title, "text": TEXT, "regions": ["WEST-AFRICA"], "workingGroups": ["NRCTS"]}
        self.unodc.do("recommendationPropose", {**given, **more})
        return code

    def under_review(self, **more: Any) -> str:
        code = self.proposed(**more)
        self.officer.do("recommendationPutUnderReview", {"id": code, "body": "CC", "meeting": "CC-2031-05"})
        return code

    def adopted(self, *, number: str | None = None, announced: bool = True, **more: Any) -> str:
        code = self.under_review(**more)
        number = number or f"D-{code}"
        self.chair.do(
            "recommendationAdopt", {"id": code, "act": act(number), "textVersion": 1, "assessment": ASSESSMENT}
        )
        if announced:
            self.officer.do("recommendationAnnounce", {"id": code, "number": number})
        return code

    def in_progress(self, *, due_on: str = "2031-12-31", zone: str = "UTC", **more: Any) -> str:
        code = self.adopted(**more)
        assigned = {"id": code, "lead": "UNODC", "partners": ["UNDP"], "dueOn": due_on, "zone": zone}
        self.officer.do("recommendationAssign", assigned)
        self.unodc.do("recommendationReportProgress", {"id": code, "text": "Six have answered.", "percentage": 40})
        return code

    def claimed(self, **more: Any) -> str:
        code = self.in_progress(**more)
        claim = {"id": code, "actionTaken": "All have designated.", "evidence": ["The list", "The letters"]}
        self.unodc.do("recommendationClaimImplementation", claim)
        return code

    def contested(self, **more: Any) -> str:
        code = self.claimed(**more)
        self.ecowas.do("recommendationContestClaim", {"id": code, "reason": "Two have not answered."})
        return code


def focal_point(service: Service, organization: str, region: str) -> Client:
    """A client of the organization's focal point for a region, nominated and confirmed."""
    nomination = {
        "organization": organization,
        "expectedVersion": None,
        "person": {"name": "Aminata Diallo", "email": f"focal@{organization.lower()}.example"},
        "regions": [region],
        "nominationLetter": "Letter of 2 May 2031",
        "startsOn": "2031-05-01",
        "endsOn": "2033-04-30",
    }
    select = "focalPoint { id person { subject } }"
    found = service.officer.do("focalPointNominate", nomination, select=select)["focalPoint"]
    service.officer.do("focalPointConfirm", {"id": found["id"]})
    return service.of(Identity(subject=UUID(found["person"]["subject"]), organization=organization))


def directory(service: Service) -> None:
    """Let the organizations of this story be registered, in May 2031."""
    service.compact.store.set_clock(START)
    for code, kind, regions in (
        ("UNOCT", "UN_ENTITY", []),
        ("UNODC", "UN_ENTITY", []),
        ("UNDP", "UN_ENTITY", []),
        ("ECOWAS", "REGIONAL_ORGANIZATION", ["WEST-AFRICA"]),
        ("SADC", "REGIONAL_ORGANIZATION", ["SOUTHERN-AFRICA"]),
    ):
        names = {"en": code}
        service.officer.do("organizationRegister", {"code": code, "names": names, "kind": kind, "regions": regions})


def people(service: Service) -> World:
    """The people of this story, as clients of a service."""
    return World(
        service=service,
        officer=service.as_(Role.SECRETARIAT_OFFICER, "UNOCT"),
        chair=service.as_(Role.WORKING_GROUP_CHAIR, "CC@UNOCT"),
        unodc=service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC"),
        undp=service.as_(Role.ENTITY_REPRESENTATIVE, "UNDP"),
        ecowas=focal_point(service, "ECOWAS", "WEST-AFRICA"),
        sadc=focal_point(service, "SADC", "SOUTHERN-AFRICA"),
        reader=service.as_(Role.READER),
    )


@pytest.fixture(scope="module")
def world(new_settings: Callable[..., Settings]) -> Iterator[World]:
    """A demonstration whose clock stands in May 2031; tests move it forward."""
    with running(new_settings(demonstration=True)) as service:
        directory(service)
        yield people(service)


def seen(client: Client, code: str, fields: str) -> Any:
    """Fields of a recommendation, as a client sees it."""
    return client.ask(f"query ($c: Code!) {{ recommendation(code: $c) {{ {fields} }} }}", c=code)["recommendation"]


def state(client: Client, code: str) -> tuple[str, str | None]:
    found = seen(client, code, "decision followUp")
    return found["decision"], found["followUp"]


def nodes(connection: dict[str, Any]) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def test_a_recommendation_lives_from_proposal_to_verified_result(world: World) -> None:
    code = world.proposed(clauses=["A-RES-79-1-ACTION-23C"], title="Regional focal points")
    world.officer.do("recommendationPutUnderReview", {"id": code, "body": "CC", "meeting": "CC-2031-05"})
    word = {"id": code, "textVersion": 1, "response": "SUPPORTED", "comment": "Long overdue."}
    world.ecowas.do("recommendationRespond", word)
    adoption = {"id": code, "act": act("D1"), "textVersion": 1, "assessment": ASSESSMENT}
    world.chair.do("recommendationAdopt", adoption)
    world.officer.do("recommendationAnnounce", {"id": code, "number": "D1"})
    world.chair.do(
        "recommendationAssign",
        {"id": code, "lead": "UNODC", "partners": ["UNDP"], "dueOn": "2031-09-30", "zone": "America/New_York"},
    )
    world.undp.do("recommendationReportProgress", {"id": code, "text": "Half have answered.", "percentage": 50})
    claim = {"id": code, "actionTaken": "All have designated.", "evidence": ["The list"]}
    world.unodc.do("recommendationClaimImplementation", claim)
    done = world.ecowas.do("recommendationVerify", {"id": code}, select="recommendation { decision followUp }")
    assert done["recommendation"] == {"decision": "ADOPTED", "followUp": "VERIFIED"}
    found = seen(
        world.reader,
        code,
        """
        title text textVersion proposer { code } regions { code name } workingGroups { code }
        clauses { code framework { symbol } } session { code } gaps { code } body meeting announced toAnnounce
        act { body meeting number decidedOn method } assessment { humanRights gender ruleOfLaw }
        responses { totalCount edges { node { organization { code } textVersion response comment } } }
        lead { code } partners { code } dueOn zone overdue percentage
        progress { edges { node { organization { code } text percentage actor { roles } } } }
        claims { number organization { code } actionTaken evidence state verifiedBy { code } }
        contests { open } verifiedBy { code } version history(first: 100) { totalCount }
        """,
    )
    assert found == {
        "title": "Regional focal points",
        "text": TEXT,
        "textVersion": 1,
        "proposer": {"code": "UNODC"},
        "regions": [{"code": "WEST-AFRICA", "name": "West Africa"}],
        "workingGroups": [{"code": "NRCTS"}],
        "clauses": [{"code": "A-RES-79-1-ACTION-23C", "framework": {"symbol": "A/RES/79/1"}}],
        "session": None,
        "gaps": [],
        "body": "CC",
        "meeting": "CC-2031-05",
        "announced": True,
        "toAnnounce": [],
        "act": act("D1"),
        "assessment": ASSESSMENT,
        "responses": {
            "totalCount": 1,
            "edges": [
                {
                    "node": {
                        "organization": {"code": "ECOWAS"},
                        "textVersion": 1,
                        "response": "SUPPORTED",
                        "comment": "Long overdue.",
                    }
                }
            ],
        },
        "lead": {"code": "UNODC"},
        "partners": [{"code": "UNDP"}],
        "dueOn": "2031-09-30",
        "zone": "America/New_York",
        "overdue": False,
        "percentage": 50,
        "progress": {
            "edges": [
                {
                    "node": {
                        "organization": {"code": "UNDP"},
                        "text": "Half have answered.",
                        "percentage": 50,
                        "actor": {"roles": ["ENTITY_REPRESENTATIVE"]},
                    }
                }
            ]
        },
        "claims": [
            {
                "number": 1,
                "organization": {"code": "UNODC"},
                "actionTaken": "All have designated.",
                "evidence": ["The list"],
                "state": "VERIFIED",
                "verifiedBy": {"code": "ECOWAS"},
            }
        ],
        "contests": [],
        "verifiedBy": {"code": "ECOWAS"},
        "version": 9,
        "history": {"totalCount": 9},
    }


def test_free_text_is_stored_sealed_and_opened_for_who_reads(world: World) -> None:
    code = world.contested()
    world.unodc.do("recommendationAnswerContest", {"id": code, "contest": "ECOWAS", "answer": "Both have, by mail."})
    found = seen(world.reader, code, "claims { actionTaken evidence } contests { reason answers { text } }")
    assert found == {
        "claims": [{"actionTaken": "All have designated.", "evidence": ["The list", "The letters"]}],
        "contests": [{"reason": "Two have not answered.", "answers": [{"text": "Both have, by mail."}]}],
    }
    store = world.service.compact.store
    with store.pool.connection() as connection:
        stored = [bytes(state) for (state,) in connection.execute(store.sql("select state from {s}.event"))]
    for text in (b"All have designated.", b"The letters", b"Two have not answered.", b"Both have, by mail."):
        assert not any(text in state for state in stored)


def test_a_deferral_says_who_why_in_which_meeting_under_which_clause(world: World) -> None:
    code = world.under_review()
    deferral = {
        "id": code,
        "act": act("D2"),
        "toMeeting": "CC-2031-12",
        "reason": "Two members asked for time to read.",
        "basis": "JPOW-2024-2026-SP3",
    }
    assert world.chair.refused("recommendationDefer", {**deferral, "reason": None}) == "reason.required"
    assert (
        world.chair.refused("recommendationDefer", {**deferral, "toMeeting": None}) == "recommendation.deferral_target"
    )
    both = {**deferral, "toDate": "2031-12-01"}
    assert world.chair.refused("recommendationDefer", both) == "recommendation.deferral_target"
    world.chair.do("recommendationDefer", deferral)
    assert seen(world.officer, code, "decision deferredToMeeting deferredToDate toAnnounce") == {
        "decision": "DEFERRED",
        "deferredToMeeting": "CC-2031-12",
        "deferredToDate": None,
        "toAnnounce": ["D2"],
    }
    world.officer.do("recommendationAnnounce", {"id": code, "number": "D2"})
    adoption = {"id": code, "act": act("D3", meeting="CC-2031-12"), "textVersion": 1, "assessment": ASSESSMENT}
    world.chair.do("recommendationAdopt", adoption)
    world.officer.do("recommendationAnnounce", {"id": code, "number": "D3"})
    found = seen(
        world.reader,
        code,
        """decision deferredToMeeting decisions { edges { node {
             outcome act { body meeting number decidedOn } deferredToMeeting reason basis announced
             actor { organization roles } textVersion assessment { gender } } } }""",
    )
    by = {"organization": "UNOCT", "roles": ["WORKING_GROUP_CHAIR"]}
    assert (found["decision"], found["deferredToMeeting"]) == ("ADOPTED", None)
    assert nodes(found["decisions"]) == [
        {
            "outcome": "DEFERRED",
            "act": {"body": "CC", "meeting": "CC-2031-05", "number": "D2", "decidedOn": "2031-05-01"},
            "deferredToMeeting": "CC-2031-12",
            "reason": "Two members asked for time to read.",
            "basis": "JPOW-2024-2026-SP3",
            "announced": True,
            "actor": by,
            "textVersion": 1,
            "assessment": None,
        },
        {
            "outcome": "ADOPTED",
            "act": {"body": "CC", "meeting": "CC-2031-12", "number": "D3", "decidedOn": "2031-05-01"},
            "deferredToMeeting": None,
            "reason": None,
            "basis": None,
            "announced": True,
            "actor": by,
            "textVersion": 1,
            "assessment": {"gender": ASSESSMENT["gender"]},
        },
    ]


def test_a_deferral_to_a_day_is_to_a_later_one(world: World) -> None:
    code = world.under_review()
    to_day = {"id": code, "act": act("D4"), "toDate": "2031-05-01", "reason": "Not ready."}
    answer = world.chair.give("recommendationDefer", to_day)
    assert (answer["rule"], answer["state"]) == ("recommendation.deferral_target", "under_review")
    assert {"name": "decided_on", "value": "2031-05-01"} in answer["details"]
    world.chair.do("recommendationDefer", {**to_day, "toDate": "2031-09-01"})
    assert seen(world.officer, code, "deferredToDate") == {"deferredToDate": "2031-09-01"}


def test_what_is_not_adopted_says_why_and_may_be_reopened(world: World) -> None:
    code = world.under_review()
    no = {"id": code, "act": act("D5"), "reason": "A fund with the same purpose exists."}
    world.chair.do("recommendationDeclineToAdopt", no)
    world.officer.do("recommendationAnnounce", {"id": code, "number": "D5"})
    found = seen(world.reader, code, "decision followUp decisions { edges { node { outcome reason } } }")
    assert (found["decision"], found["followUp"]) == ("NOT_ADOPTED", None)
    assert nodes(found["decisions"]) == [{"outcome": "NOT_ADOPTED", "reason": "A fund with the same purpose exists."}]
    world.chair.do("recommendationReopen", {"id": code, "closedAs": "NOT_ADOPTED", "reason": "The fund was closed."})
    found = seen(world.reader, code, "decision act { number } decisions { totalCount } body")
    assert found == {"decision": "UNDER_REVIEW", "act": None, "decisions": {"totalCount": 1}, "body": "CC"}


def test_a_referral_goes_to_another_body_and_comes_back(world: World) -> None:
    code = world.under_review()
    referral = {"id": code, "act": act("D6"), "toBody": "ETCIP", "reason": "Cost to be examined."}
    assert world.chair.refused("recommendationRefer", {**referral, "toBody": "CC"}) == "recommendation.referral_target"
    world.chair.do("recommendationRefer", referral)
    world.officer.do("recommendationAnnounce", {"id": code, "number": "D6"})
    found = seen(world.reader, code, "decision body referredBy decisions { edges { node { outcome referredTo } } }")
    assert (found["decision"], found["body"], found["referredBy"]) == ("REFERRED", "ETCIP", "CC")
    assert nodes(found["decisions"]) == [{"outcome": "REFERRED", "referredTo": "ETCIP"}]
    of_etcip = world.service.as_(Role.WORKING_GROUP_CHAIR, "ETCIP@UNDP")
    assert "recommendationReturnFromReferral" in seen(of_etcip, code, "allowedCommands")["allowedCommands"]
    of_etcip.do("recommendationReturnFromReferral", {"id": code, "meeting": "CC-2031-12"})
    assert seen(world.reader, code, "decision body referredBy meeting") == {
        "decision": "UNDER_REVIEW",
        "body": "CC",
        "referredBy": None,
        "meeting": "CC-2031-12",
    }


def test_adopted_as_amended_follows_from_the_text_and_every_wording_is_kept(world: World) -> None:
    code = world.under_review()
    amendment = {"id": code, "text": AMENDED, "note": "An alternate was asked for."}
    world.unodc.do("recommendationAmend", amendment)
    adoption = {"id": code, "act": act("D7"), "textVersion": 1, "assessment": ASSESSMENT}
    answer = world.chair.give("recommendationAdopt", adoption)
    assert answer["rule"] == "recommendation.text_version"
    assert answer["details"] == [{"name": "given", "value": "1"}, {"name": "current", "value": "2"}]
    world.chair.do("recommendationAdopt", {**adoption, "textVersion": 2})
    world.officer.do("recommendationAnnounce", {"id": code, "number": "D7"})
    assert seen(world.reader, code, "decision text texts { number title text note organization { code } }") == {
        "decision": "ADOPTED_AS_AMENDED",
        "text": AMENDED,
        "texts": [
            {"number": 1, "title": "Focal points", "text": TEXT, "note": None, "organization": {"code": "UNODC"}},
            {
                "number": 2,
                "title": "Focal points",
                "text": AMENDED,
                "note": "An alternate was asked for.",
                "organization": {"code": "UNODC"},
            },
        ],
    }
    assert world.unodc.refused("recommendationAmend", {"id": code, "text": "Something else."}) == "state"


def test_an_adoption_says_how_rights_gender_and_the_rule_of_law_were_assessed(world: World) -> None:
    code = world.under_review()
    adoption = {"id": code, "act": act("D8"), "textVersion": 1, "assessment": {**ASSESSMENT, "gender": " "}}
    answer = world.chair.give("recommendationAdopt", adoption)
    assert (answer["code"], answer["fields"][0]["name"]) == ("INVALID_INPUT", "assessment.gender")
    elsewhere = {**adoption, "assessment": ASSESSMENT, "act": act("D8", body="BMLE")}
    assert world.chair.refused("recommendationAdopt", elsewhere) == "FORBIDDEN"
    assert world.officer.refused("recommendationAdopt", elsewhere) == "recommendation.body"
    silence = {**adoption, "assessment": ASSESSMENT, "act": {**act("D8"), "method": "SILENCE_PROCEDURE"}}
    assert world.chair.refused("recommendationAdopt", silence) == "recommendation.silence_procedure"
    tomorrow = {**adoption, "assessment": ASSESSMENT, "act": act("D8", on="2031-12-24")}
    assert world.chair.refused("recommendationAdopt", tomorrow) == "recommendation.decided_on"


def test_the_latest_word_on_each_version_counts_and_those_before_are_kept(world: World) -> None:
    code = world.under_review()
    for response in ("NOTED", "SUPPORTED_IN_PART"):
        world.ecowas.do("recommendationRespond", {"id": code, "textVersion": 1, "response": response})
    world.undp.do("recommendationRespond", {"id": code, "textVersion": 1, "response": "SUPPORTED"})
    world.unodc.do("recommendationAmend", {"id": code, "text": AMENDED})
    late = {"id": code, "textVersion": 1, "response": "SUPPORTED"}
    assert world.ecowas.refused("recommendationRespond", late) == "recommendation.text_version"
    world.ecowas.do("recommendationRespond", {**late, "textVersion": 2})

    def said(arguments: str) -> list[tuple[str, int, str]]:
        fields = f"responses{arguments} {{ edges {{ node {{ organization {{ code }} textVersion response }} }} }}"
        found = nodes(seen(world.reader, code, fields)["responses"])
        return [(one["organization"]["code"], one["textVersion"], one["response"]) for one in found]

    latest = [("ECOWAS", 1, "SUPPORTED_IN_PART"), ("UNDP", 1, "SUPPORTED"), ("ECOWAS", 2, "SUPPORTED")]
    assert said("") == latest
    assert said("(onlyLatest: false)") == [("ECOWAS", 1, "NOTED"), *latest]


def test_a_claim_is_contested_answered_and_its_contest_withdrawn(world: World) -> None:
    code = world.claimed()
    assert world.sadc.refused("recommendationContestClaim", {"id": code, "reason": "?"}) == "recommendation.contestant"
    assert world.ecowas.refused("recommendationContestClaim", {"id": code}) == "reason.required"
    world.ecowas.do("recommendationContestClaim", {"id": code, "reason": "Two have not answered."})
    world.undp.do("recommendationContestClaim", {"id": code, "reason": "The letters are missing."})
    answer = world.officer.give("recommendationVerify", {"id": code})
    assert (answer["rule"], answer["state"]) == ("state", "contested")
    query = "query ($c: Code!) { recommendation(code: $c) { allowedCommands } }"
    assert answer["allowed"] == world.officer.ask(query, c=code)["recommendation"]["allowedCommands"]
    assert not {"recommendationVerify", "recommendationAnnounce"} & set(answer["allowed"])
    said = {"id": code, "contest": "ECOWAS", "answer": "Both have, by mail."}
    assert world.undp.refused("recommendationAnswerContest", said) == "recommendation.claimant"
    world.unodc.do("recommendationAnswerContest", said)
    nobody = {**said, "contest": "SADC"}
    assert world.unodc.refused("recommendationAnswerContest", nobody) == "recommendation.contest"
    withdrawal = {"id": code, "contest": "ECOWAS", "reason": "The letters settle it."}
    assert world.undp.refused("recommendationWithdrawContest", withdrawal) == "recommendation.contest_ending"
    world.ecowas.do("recommendationWithdrawContest", withdrawal)
    assert state(world.reader, code) == ("ADOPTED", "CONTESTED")
    ruling = {
        "id": code,
        "contest": "UNDP",
        "ending": "DISMISSED",
        "act": act("D9"),
        "reason": "They are on file.",
    }
    world.chair.do("recommendationWithdrawContest", ruling)
    assert state(world.officer, code) == ("ADOPTED", "IMPLEMENTED")
    assert state(world.reader, code) == ("ADOPTED", "CONTESTED")
    world.officer.do("recommendationAnnounce", {"id": code, "number": "D9"})
    found = seen(
        world.reader,
        code,
        """claims { state } contests { claim organization { code } asPartner regions open ending endingReason
             act { number } answers { text } reason endedBy { organization } }
           decisions { edges { node { outcome contesting { code } } } }""",
    )
    assert found["claims"] == [{"state": "STANDING"}]
    assert found["contests"] == [
        {
            "claim": 1,
            "organization": {"code": "ECOWAS"},
            "asPartner": False,
            "regions": ["WEST-AFRICA"],
            "open": False,
            "ending": "WITHDRAWN",
            "endingReason": "The letters settle it.",
            "act": None,
            "answers": [{"text": "Both have, by mail."}],
            "reason": "Two have not answered.",
            "endedBy": {"organization": "ECOWAS"},
        },
        {
            "claim": 1,
            "organization": {"code": "UNDP"},
            "asPartner": True,
            "regions": [],
            "open": False,
            "ending": "DISMISSED",
            "endingReason": "They are on file.",
            "act": {"number": "D9"},
            "answers": [],
            "reason": "The letters are missing.",
            "endedBy": {"organization": "UNOCT"},
        },
    ]
    assert nodes(found["decisions"])[-1] == {"outcome": "CONTEST_DISMISSED", "contesting": {"code": "UNDP"}}
    world.officer.do("recommendationVerify", {"id": code})
    assert state(world.reader, code) == ("ADOPTED", "VERIFIED")


def test_a_claimant_may_give_way_and_claim_again(world: World) -> None:
    code = world.contested()
    give_way = {"id": code, "contest": "ECOWAS", "ending": "CLAIM_WITHDRAWN", "reason": "Two letters were drafts."}
    assert world.ecowas.refused("recommendationWithdrawContest", give_way) == "recommendation.contest_ending"
    world.unodc.do("recommendationWithdrawContest", give_way)
    assert state(world.reader, code) == ("ADOPTED", "IN_PROGRESS")
    again = {"id": code, "actionTaken": "Now all have.", "evidence": ["Signed letters"]}
    assert world.undp.refused("recommendationClaimImplementation", again) == "recommendation.claimant"
    world.unodc.do("recommendationClaimImplementation", again)
    assert seen(world.reader, code, "followUp claims { number state } contests { claim ending }") == {
        "followUp": "IMPLEMENTED",
        "claims": [{"number": 1, "state": "WITHDRAWN"}, {"number": 2, "state": "STANDING"}],
        "contests": [{"claim": 1, "ending": "CLAIM_WITHDRAWN"}],
    }


def test_the_body_that_adopted_may_uphold_a_contest(world: World) -> None:
    code = world.contested()
    ruling = {"id": code, "contest": "ECOWAS", "ending": "UPHELD", "act": act("D10"), "reason": "Two are missing."}
    world.chair.do("recommendationWithdrawContest", ruling)
    world.officer.do("recommendationAnnounce", {"id": code, "number": "D10"})
    found = seen(world.reader, code, "followUp claims { state } decisions { edges { node { outcome } } }")
    assert (found["followUp"], found["claims"]) == ("IN_PROGRESS", [{"state": "OVERTURNED"}])
    assert nodes(found["decisions"])[-1] == {"outcome": "CONTEST_UPHELD"}


def test_nobody_verifies_a_claim_of_their_own(world: World) -> None:
    code = world.claimed()
    answer = world.unodc.give("recommendationVerify", {"id": code})
    assert answer["code"] == "FORBIDDEN"
    assert world.sadc.refused("recommendationVerify", {"id": code}) == "recommendation.verifier"
    assert world.officer.refused("recommendationVerify", {"id": code, "onBehalfOf": "UNODC"}) == (
        "recommendation.verifier"
    )
    recorded = world.in_progress()
    for_unodc = {
        "id": recorded,
        "onBehalfOf": "UNODC",
        "actionTaken": "All have designated.",
        "evidence": ["A note of the call"],
    }
    world.officer.do("recommendationClaimImplementation", for_unodc)
    answer = world.officer.give("recommendationVerify", {"id": recorded})
    assert answer["rule"] == "recommendation.verifier"
    assert {"name": "claimed_for", "value": "UNODC"} in answer["details"]
    assert {"name": "recorded_by", "value": "UNOCT"} in answer["details"]
    world.ecowas.do("recommendationVerify", {"id": recorded})
    assert seen(world.reader, recorded, "verifiedBy { code }") == {"verifiedBy": {"code": "ECOWAS"}}


def test_a_verification_is_undone_and_stays_visible(world: World) -> None:
    code = world.claimed()
    world.ecowas.do("recommendationVerify", {"id": code})
    reopening = {"id": code, "closedAs": "VERIFIED", "reason": "The list belonged to another course."}
    world.officer.do("recommendationReopen", reopening)
    assert world.officer.do("recommendationReopen", reopening)["events"] == []
    found = seen(world.reader, code, "followUp verifiedBy { code } claims { state verifiedBy { code } } version")
    assert found == {
        "followUp": "IMPLEMENTED",
        "verifiedBy": None,
        "claims": [{"state": "STANDING", "verifiedBy": None}],
        "version": found["version"],
    }
    history = nodes(seen(world.reader, code, "history(first: 100) { edges { node { type reason } } }")["history"])
    assert [one["type"] for one in history[-2:]] == ["recommendation.verified", "recommendation.reopened"]
    assert history[-1]["reason"] == "The list belonged to another course."
    world.officer.do("recommendationReopen", {**reopening, "closedAs": "IMPLEMENTED"})
    found = seen(world.reader, code, "followUp claims { state }")
    assert found == {"followUp": "IN_PROGRESS", "claims": [{"state": "REOPENED"}]}


def test_a_proposer_takes_back_what_is_not_adopted(world: World) -> None:
    code = world.proposed()
    withdrawal = {"id": code, "reason": "Carried by another."}
    assert world.undp.refused("recommendationWithdraw", withdrawal) == "recommendation.proposer"
    world.unodc.do("recommendationWithdraw", withdrawal)
    assert state(world.reader, code) == ("WITHDRAWN", None)
    assert world.unodc.refused("recommendationWithdraw", {"id": world.adopted(), "reason": "?"}) == "state"


def test_the_lead_and_the_day_may_change_for_a_reason(world: World) -> None:
    code = world.in_progress(due_on="2031-10-31")
    partners = {"id": code, "lead": "UNDP", "partners": ["UNODC"]}
    assert world.officer.refused("recommendationReassign", partners) == "reason.required"
    world.officer.do("recommendationReassign", {**partners, "reason": "Its keeper should lead."})
    moved = {"id": code, "dueOn": "2032-02-28", "reason": "Training waits for the dry season."}
    world.chair.do("recommendationChangeDueDate", moved)
    assert world.chair.do("recommendationChangeDueDate", moved)["events"] == []
    early = {**moved, "dueOn": "2031-01-31"}
    answer = world.chair.give("recommendationChangeDueDate", early)
    assert answer["rule"] == "recommendation.due_date"
    assert answer["details"][0]["name"] == "earliest"
    assert seen(world.reader, code, "lead { code } partners { code } dueOn followUp") == {
        "lead": {"code": "UNDP"},
        "partners": [{"code": "UNODC"}],
        "dueOn": "2032-02-28",
        "followUp": "IN_PROGRESS",
    }
    history = nodes(seen(world.reader, code, "history(first: 100) { edges { node { reason } } }")["history"])
    assert [one["reason"] for one in history[-2:]] == ["Its keeper should lead.", moved["reason"]]
    of_ecowas = {"id": code, "text": "We helped."}
    assert world.ecowas.refused("recommendationReportProgress", of_ecowas) == "recommendation.reporter"


def test_a_stale_version_is_refused_and_the_same_command_twice_is_once(world: World) -> None:
    code = world.under_review()
    version = seen(world.officer, code, "version")["version"]
    stale = {"id": code, "text": AMENDED, "expectedVersion": version - 1}
    answer = world.unodc.give("recommendationAmend", stale)
    assert (answer["__typename"], answer["expected"], answer["actual"]) == ("VersionConflict", version - 1, version)
    given = {
        "idempotencyKey": "7b1f7c0e-52a5-4d0b-8f6e-000000000001",
        "id": code,
        "text": AMENDED,
        "expectedVersion": version,
    }
    first = world.unodc.do("recommendationAmend", given, select="recommendation { textVersion }")
    again = world.unodc.do("recommendationAmend", given)
    assert first["recommendation"] == {"textVersion": 2}
    assert (again["replayed"], again["events"]) == (True, first["events"])


def test_what_is_proposed_names_what_exists(world: World) -> None:
    given = {"code": "REC-2031-X", "text": TEXT, "regions": ["WEST-AFRICA"]}
    assert world.reader.refused("recommendationPropose", {**given, "onBehalfOf": "UNODC"}) == "FORBIDDEN"
    assert world.unodc.refused("recommendationPropose", {**given, "regions": ["ATLANTIS"]}) == "NOT_FOUND"
    assert world.unodc.refused("recommendationPropose", {**given, "session": "NO-SESSION"}) == "NOT_FOUND"
    assert world.unodc.refused("recommendationPropose", {**given, "regions": []}) == "INVALID_INPUT"
    assert world.unodc.refused("recommendationPropose", {**given, "code": world.proposed()}) == "code.taken"
    assert world.unodc.refused("recommendationPropose", {**given, "onBehalfOf": "UNDP"}) == "FORBIDDEN"
    assert world.unodc.give("recommendationAmend", {"id": "REC-NONE", "text": "X."})["code"] == "NOT_FOUND"


ENDS = {"Supersede", "Merge", "MarkOvertaken"}


def test_what_may_be_done_is_told_to_each_by_the_rules_themselves(world: World) -> None:
    def allowed(client: Client, code: str) -> set[str]:
        prefix = "recommendation"
        return {name.removeprefix(prefix) for name in seen(client, code, "allowedCommands")["allowedCommands"]}

    proposed, claimed = world.proposed(), world.claimed()
    assert allowed(world.reader, proposed) == set()
    assert allowed(world.unodc, proposed) == {"Amend", "Respond", "Withdraw"}
    assert allowed(world.undp, proposed) == {"Respond"}
    assert allowed(world.chair, proposed) == set()
    assert allowed(world.ecowas, claimed) == {"Respond", "ContestClaim", "Verify"}
    assert allowed(world.unodc, claimed) == {"Respond"}
    assert allowed(world.undp, claimed) == {"Respond", "ContestClaim"}
    assert allowed(world.chair, claimed) == {"Reopen", *ENDS}
    assert allowed(world.officer, claimed) == {"Respond", "ContestClaim", "Verify", "Reopen", *ENDS}
    contested = world.contested()
    assert allowed(world.unodc, contested) == {"Respond", "AnswerContest", "WithdrawContest"}
    assert allowed(world.ecowas, contested) == {"Respond", "ContestClaim", "WithdrawContest"}


def test_recommendations_are_found_by_what_they_are_about(world: World) -> None:
    about: Fields = {"regions": ["CENTRAL-ASIA"], "workingGroups": ["RMME"], "clauses": ["JPOW-2024-2026-SP4"]}
    first = world.in_progress(title="Core indicators", due_on="2031-11-30", **about)
    second = world.proposed(title="A common map", text="Enter every initiative in one register.", **about)

    def found(filter: str, more: str = "") -> list[str]:
        query = f'{{ recommendations(filter: {{regions: {{eq: "CENTRAL-ASIA"}} {filter}}} {more}) '
        return [
            one["code"] for one in nodes(world.reader.ask(query + "{ edges { node { code } } } }")["recommendations"])
        ]

    assert found("") == [first, second]
    assert found("", "orderBy: [{field: CODE, direction: DESC}]") == [second, first]
    assert found("", "orderBy: [{field: DUE_ON, direction: DESC}]") == [first, second]
    for condition, expected in (
        ("decision: {eq: ADOPTED}", [first]),
        ("decision: {in: [ADOPTED, PROPOSED]}", [first, second]),
        ("followUp: {eq: IN_PROGRESS}", [first]),
        ('lead: {eq: "UNODC"}', [first]),
        ('partners: {eq: "UNDP"}', [first]),
        ('workingGroups: {in: ["RMME", "BMLE"]}', [first, second]),
        ('clauses: {eq: "JPOW-2024-2026-SP4"}', [first, second]),
        ('clauses: {eq: "JPOW-2024-2026-SP3"}', []),
        ('body: {eq: "CC"}', [first]),
        ('decidedBy: {eq: "CC"}', [first]),
        ('decidedOn: {from: "2031-05-01", to: "2031-05-01"}', [first]),
        ('dueOn: {from: "2031-11-01", to: "2031-11-30"}', [first]),
        ('dueOn: {to: "2031-11-29"}', []),
        ("overdue: {eq: true}", []),
        ("overdue: {eq: false}", [first, second]),
        ('text: {contains: "EVERY initiative"}', [second]),
        ('title: {contains: "indicators"}', [first]),
        (f'code: {{in: ["{second}"]}}', [second]),
        ('session: {eq: "SESSION-1"}', []),
        ("ended: {eq: false}", [first, second]),
        ("ended: {eq: true}", []),
        ("ending: {eq: MERGED}", []),
        ('retreat: "RETREAT-2031"', []),
    ):
        assert found(condition) == expected, condition


def test_a_page_goes_on_where_it_ended(world: World) -> None:
    codes = [world.proposed(regions=["EAST-AFRICA"]) for _ in range(5)]
    query = """query ($after: String) { recommendations(filter: {regions: {eq: "EAST-AFRICA"}}, first: 2, after: $after)
        { totalCount pageInfo { hasNextPage endCursor } edges { node { code } } } }"""
    found: list[str] = []
    after = None
    while True:
        page = world.reader.ask(query, after=after)["recommendations"]
        assert page["totalCount"] == 5
        found += [one["code"] for one in nodes(page)]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == codes


def test_a_decision_may_cover_several_recommendations(world: World) -> None:
    first, second = world.adopted(number="D20"), world.adopted(number="D20")
    query = """{ decisions(filter: {body: {eq: "CC"}, meeting: {eq: "CC-2031-05"}, number: {eq: "D20"}})
        { totalCount edges { node { outcome recommendation { code } covers { code } act { method } } } } }"""
    found = world.reader.ask(query)["decisions"]
    assert found["totalCount"] == 2
    both = [{"code": first}, {"code": second}]
    assert sorted(nodes(found), key=lambda one: one["recommendation"]["code"]) == [
        {"outcome": "ADOPTED", "recommendation": one, "covers": both, "act": {"method": "CONSENSUS"}} for one in both
    ]
    query = f'{{ decisions(filter: {{recommendation: "{first}", outcome: {{eq: ADOPTED}}}}) {{ totalCount }} }}'
    assert world.reader.ask(query) == {"decisions": {"totalCount": 1}}


ABOUT_HIDDEN = """
query ($c: Code!, $id: ID!, $p: Position!, $uuid: UUID!) {
  recommendation(code: $c) {
    decision followUp text textVersion version announced toAnnounce announcedOn act { number } assessment { gender }
    texts { number } responses { totalCount } decisions { totalCount edges { node { act { number } } } }
    lead { code } dueOn overdue progress { totalCount } claims { number }
    silences { number outcome end { recordedAt } objections { organization { code } } }
    objections { silence withdrawn } milestones { code completed overdue } obstacles { number resolved }
    reminders { kind dueOn } overtaken end { ending openMilestones } supersededBy { code } mergedInto { code }
    carriedFrom { ending recommendation { code } } sources { code } gaps { code } clauses { code }
    history(first: 100) { totalCount edges { node { type } } }
  }
  node(id: $id) { ... on Recommendation { decision version } }
  adopted: recommendations(filter: {code: {eq: $c}, decision: {eq: ADOPTED}}) { totalCount edges { node { code } } }
  reviewed: recommendations(filter: {code: {eq: $c}, decision: {eq: UNDER_REVIEW}}) { totalCount edges { cursor } }
  amended: recommendations(filter: {code: {eq: $c}, text: {contains: "nobody knows"}}) { totalCount edges { cursor } }
  ordered: recommendations(filter: {code: {eq: $c}}, orderBy: [{field: DUE_ON}]) { edges { cursor node { code } } }
  decisions(filter: {recommendation: $c}) { totalCount edges { node { outcome } } }
  actionPlan(filter: {code: {eq: $c}}) { total overdue openObstacles standing { count } ended { count }
    milestones { total completed overdue } items { totalCount edges { cursor } } }
  silenceProcedures(filter: {recommendation: $c}) { totalCount edges { node { number open outcome } } }
  adoptedInSilence: silenceProcedures(filter: {recommendation: $c, outcome: {eq: ADOPTED}}) { totalCount }
  openSilence: silenceProcedures(filter: {recommendation: $c, open: {eq: true}}) { totalCount }
  ended: recommendations(filter: {code: {eq: $c}, ended: {eq: true}}) { totalCount edges { cursor } }
  trail(filter: {subject: $uuid}, first: 100) { totalCount edges { node { type } } }
  whole: trail(newestFirst: true, first: 1) { totalCount edges { node { position } } }
  changes(from: {position: $p}) { totalCount edges { node { subject facts { type } } } }
  snapshot(at: {position: $p}) { recommendation(code: $c) { decision version } }
}
"""


TOLD = ("recommendation", "agenda_item")
"""What is told to all once it is announced: what became of it, and the item it was on an agenda."""


def test_what_is_decided_and_not_announced_does_not_exist_for_outsiders(world: World) -> None:
    code = world.under_review()
    world.ecowas.do("recommendationRespond", {"id": code, "textVersion": 1, "response": "NOTED"})
    fields = "id version history(first: 1) { edges { node { subject } } }"
    known = seen(world.reader, code, fields)
    within = world.service.as_(Role.AUDITOR)
    asked = {
        "c": code,
        "id": known["id"],
        "p": world.officer.ask("{ head { position } }")["head"]["position"],
        "uuid": known["history"]["edges"][0]["node"]["subject"],
    }
    outsiders = (world.reader, world.ecowas, world.undp)
    before = [client.ask(ABOUT_HIDDEN, **asked) for client in outsiders]
    offered = [seen(client, code, "allowedCommands") for client in outsiders]
    assert "recommendationRespond" in offered[1]["allowedCommands"]

    deferral = {"id": code, "act": act("D30"), "toDate": "2031-12-01", "reason": "Not ready."}
    world.chair.do("recommendationDefer", deferral)
    world.officer.do(
        "recommendationAmend", {"id": code, "text": "What nobody knows of yet.", "note": "?", "onBehalfOf": "UNODC"}
    )
    word = {"id": code, "textVersion": 2, "response": "SUPPORTED", "onBehalfOf": "UNDP"}
    world.officer.do("recommendationRespond", word)
    world.chair.do("recommendationAdopt", {"id": code, "act": act("D31"), "textVersion": 2, "assessment": ASSESSMENT})
    assignment = {"id": code, "lead": "UNODC", "dueOn": "2031-10-31"}
    world.officer.do("recommendationAssign", assignment)
    world.officer.do("recommendationReportProgress", {"id": code, "text": "Begun.", "onBehalfOf": "UNODC"})
    step = {"id": code, "code": "M-1", "title": "Letters", "dueOn": "2031-09-30", "onBehalfOf": "UNODC"}
    world.officer.do("recommendationSetMilestone", step)
    hindrance = {"id": code, "kind": "LEGAL", "text": "No mandate.", "onBehalfOf": "UNODC"}
    world.officer.do("recommendationReportObstacle", hindrance)
    world.officer.do("recommendationMarkOvertaken", {"id": code, "reason": "Another body has acted."})
    while_withheld = world.officer.ask("{ head { position } }")["head"]["position"]

    assert [client.ask(ABOUT_HIDDEN, **asked) for client in outsiders] == before
    assert [seen(client, code, "allowedCommands") for client in outsiders] == offered, "nothing tells by its absence"
    for client in outsiders:
        answer = client.give("recommendationRespond", {"id": code, "textVersion": 2, "response": "NOTED"})
        assert answer["code"] == "FORBIDDEN"
    inside = within.ask(ABOUT_HIDDEN, **asked)
    shown = inside["recommendation"]
    assert (shown["decision"], shown["followUp"]) == ("ADOPTED_AS_AMENDED", "IN_PROGRESS")
    assert (shown["announced"], shown["announcedOn"]) == (False, None)
    assert shown["toAnnounce"] == ["D30", "D31"]
    assert inside["decisions"]["totalCount"] == 2
    assert inside["amended"]["totalCount"] == 1
    assert inside["actionPlan"]["items"]["totalCount"] == 1
    assert (inside["actionPlan"]["milestones"]["total"], inside["actionPlan"]["openObstacles"]) == (1, 1)
    assert shown["end"] == {"ending": "OVERTAKEN", "openMilestones": ["M-1"]}
    assert asked["uuid"] in [one["subject"] for one in nodes(inside["changes"])]

    assert world.officer.refused("recommendationAnnounce", {"id": code, "number": "D30"}) == (
        "recommendation.announcement"
    )
    world.officer.do("recommendationAnnounce", {"id": code, "number": "D31"})
    assert world.service.compact.settle()
    auditor = within.ask(ABOUT_HIDDEN, **asked)
    for client in outsiders:
        after = client.ask(ABOUT_HIDDEN, **asked)
        assert after["recommendation"] == auditor["recommendation"]
        assert after["recommendation"]["decisions"]["totalCount"] == 2
        for same in (
            "node",
            "adopted",
            "reviewed",
            "amended",
            "ordered",
            "decisions",
            "actionPlan",
            "silenceProcedures",
            "ended",
            "trail",
        ):
            assert after[same] == auditor[same], same
        told = [one for one in nodes(auditor["changes"]) if one["facts"][0]["type"].split(".")[0] in TOLD]
        assert nodes(after["changes"]) == told
        assert after["changes"]["totalCount"] == len(told)
        assert asked["uuid"] in [one["subject"] for one in told]
        past = client.ask(
            """query ($c: Code!, $p: Position!) { snapshot(at: {position: $p}) {
                recommendation(code: $c) { decision version decisions { totalCount } texts { number } }
                decisions(filter: {recommendation: $c}) { totalCount } } }""",
            c=code,
            p=while_withheld,
        )["snapshot"]
        assert past["recommendation"] == {
            "decision": "UNDER_REVIEW",
            "version": known["version"],
            "decisions": {"totalCount": 0},
            "texts": [{"number": 1}],
        }
        assert past["decisions"] == {"totalCount": 0}


def test_a_recommendation_leads_back_to_the_session_and_the_gaps_it_came_out_of(world: World) -> None:
    officer = world.officer
    plan = {
        "code": "RETREAT-2031",
        "series": "Counter-Terrorism Compact Retreat",
        "edition": 7,
        "title": "Counter-Terrorism Compact Retreat",
        "theme": "Partnerships",
        "startsOn": "2031-06-25",
        "endsOn": "2031-06-25",
        "zone": "America/New_York",
        "logistics": {"format": "VIRTUAL", "contact": "desk@example.org", "platform": "WebEx"},
    }
    officer.do("retreatPlan", plan)
    officer.do("retreatAnnounce", {"id": "RETREAT-2031"})
    session = {
        "retreat": "RETREAT-2031",
        "expectedVersion": None,
        "code": "SESSION-2031",
        "title": "Challenges",
        "kind": "THEMATIC",
        "startsAt": "2031-06-25T10:00:00-04:00",
        "endsAt": "2031-06-25T12:00:00-04:00",
    }
    officer.do("sessionSchedule", session)
    officer.do("retreatSetSeatRules", {"id": "RETREAT-2031", "inPersonPlaces": 10, "delegates": 2})
    officer.do("retreatOpenRegistration", {"id": "RETREAT-2031", "deadline": "2031-06-20T23:59:00-04:00"})
    world.clock(datetime(2031, 6, 25, 14, 5, tzinfo=UTC))
    officer.do("retreatOpen", {"id": "RETREAT-2031"})
    officer.do("sessionStart", {"id": "SESSION-2031"})
    gap = {
        "id": "SESSION-2031",
        "code": "GAP-2031-1",
        "region": "WEST-AFRICA",
        "workingGroup": "BMLE",
        "severity": "HIGH",
        "description": "No common procedure at secondary crossings.",
        "voicedBy": "ECOWAS",
    }
    officer.do("sessionIdentifyCapacityGap", gap)
    code = world.adopted(session="SESSION-2031", gaps=["GAP-2031-1"])
    fields = "session { code retreat { code } } gaps { code description }"
    assert seen(world.reader, code, fields) == {
        "session": {"code": "SESSION-2031", "retreat": {"code": "RETREAT-2031"}},
        "gaps": [{"code": "GAP-2031-1", "description": "No common procedure at secondary crossings."}],
    }
    found = world.reader.ask(
        """{ plan: actionPlan(retreat: "RETREAT-2031") { total items { edges { node { code } } } }
          none: actionPlan(retreat: "RETREAT-2030") { total }
          other: actionPlan(retreat: "RETREAT-2031", body: "BMLE") { total }
          filtered: recommendations(filter: {retreat: "RETREAT-2031"}) { edges { node { code } } }
          gap: recommendations(filter: {gaps: {eq: "GAP-2031-1"}}) { edges { node { code } } } }"""
    )
    only = [{"code": code}]
    assert (found["plan"]["total"], nodes(found["plan"]["items"])) == (1, only)
    assert (found["none"]["total"], found["other"]["total"]) == (0, 0)
    assert nodes(found["filtered"]) == nodes(found["gap"]) == only


def test_the_action_plan_tells_who_leads_by_when_on_what_evidence_and_what_is_late(world: World) -> None:
    about: Fields = {"regions": ["GULF-COOPERATION"]}
    open_, late = world.adopted(**about), world.in_progress(due_on="2031-06-30", zone="America/New_York", **about)
    claimed, hidden = world.claimed(due_on="2031-06-30", **about), world.adopted(announced=False, **about)
    asked = """actionPlan(body: "CC", filter: {regions: {eq: "GULF-COOPERATION"}}) {
        total overdue standing { followUp count }
        items(orderBy: [{field: CODE}]) { totalCount edges { node {
          code followUp lead { code } partners { code } dueOn overdue percentage claims { evidence } } } } }"""

    def plan(client: Client, now: str | None = None) -> Any:
        if now is None:
            return client.ask(f"{{ {asked} }}")["actionPlan"]
        past = f"query ($now: DateTime!) {{ snapshot(at: {{time: $now}}) {{ {asked} }} }}"
        return client.ask(past, now=now)["snapshot"]["actionPlan"]

    at_first = plan(world.reader)
    assert (at_first["total"], at_first["overdue"], at_first["items"]["totalCount"]) == (3, 0, 3)
    assert {one["followUp"]: one["count"] for one in at_first["standing"]} == {
        "UNASSIGNED": 1,
        "ASSIGNED": 0,
        "IN_PROGRESS": 1,
        "IMPLEMENTED": 1,
        "CONTESTED": 0,
        "VERIFIED": 0,
    }
    nobody: Fields = {"lead": None, "partners": [], "dueOn": None, "overdue": False, "percentage": None, "claims": []}
    led = {"lead": {"code": "UNODC"}, "partners": [{"code": "UNDP"}], "dueOn": "2031-06-30", "percentage": 40}
    in_progress = {"code": late, "followUp": "IN_PROGRESS", **led, "overdue": False, "claims": []}
    evidence = [{"evidence": ["The list", "The letters"]}]
    assert nodes(at_first["items"]) == [
        {"code": open_, "followUp": "UNASSIGNED", **nobody},
        in_progress,
        {"code": claimed, "followUp": "IMPLEMENTED", **led, "overdue": False, "claims": evidence},
    ]
    assert [one["code"] for one in nodes(plan(world.officer)["items"])] == [open_, late, claimed, hidden]

    world.clock(datetime(2031, 7, 1, 3, 59, tzinfo=UTC))
    assert plan(world.reader)["overdue"] == 0, "the day ends at 24:00 in New York, four hours after that in UTC"
    world.clock(datetime(2031, 7, 1, 4, 1, tzinfo=UTC))
    now = plan(world.reader)
    assert (now["overdue"], nodes(now["items"])[1]) == (1, {**in_progress, "overdue": True})

    def led_and_overdue(overdue: str) -> list[str]:
        conditions = f'regions: {{eq: "GULF-COOPERATION"}}, lead: {{eq: "UNODC"}}, overdue: {{eq: {overdue}}}'
        query = f"{{ recommendations(filter: {{{conditions}}}) {{ edges {{ node {{ code }} }} }} }}"
        return [one["code"] for one in nodes(world.reader.ask(query)["recommendations"])]

    assert (led_and_overdue("true"), led_and_overdue("false")) == ([late], [claimed])
    assert plan(world.reader, "2031-07-01T03:59:30Z")["overdue"] == 0
    assert plan(world.reader, "2031-07-01T04:00:30Z")["overdue"] == 1


def test_the_rows_are_the_same_when_they_are_built_anew(world: World) -> None:
    assert world.service.compact.settle()
    assert scrutinize(world.service.compact) == []
