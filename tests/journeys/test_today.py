"""What is to be done today: everybody finds what waits for him or her, and it is gone once it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from compact_domain.kernel import Role
from compact_infra import Identity, Settings
from compact_projections.duties.lines import Duty
from tests.client import Client
from tests.conftest import Service, running

START = datetime(2031, 5, 1, 9, 0, tzinfo=UTC)
Fields = dict[str, Any]
QUERY = """query ($duties: [TodayDuty!]) { today(duties: $duties, first: 100) { totalCount edges { node {
  duty title why roles code reference since dueOn dueAt overdue organization { code } facts { name value }
  mutation alternatives subject { __typename id } } } } }"""
ASSESSMENT: Fields = {"humanRights": "No effect.", "gender": "Both are named.", "ruleOfLaw": "By letter."}
QUARTERLY = {"rule": "FREQ=MONTHLY;INTERVAL=3", "firstAt": "2031-06-04T10:00:00-04:00", "zone": "America/New_York"}
numbers = count(1)


class Days(Service):
    """A demonstration in May 2031, with organizations, and persons who act for them."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.compact, service.http)
        self.to(START)
        self.administrator = self.as_(Role.SECRETARIAT_ADMINISTRATOR)
        for code, kind, regions, status in (
            ("UNOCT", "UN_ENTITY", [], "MEMBER"),
            ("UNODC", "UN_ENTITY", [], "MEMBER"),
            ("UNDP", "UN_ENTITY", [], "MEMBER"),
            ("ECOWAS", "REGIONAL_ORGANIZATION", ["WEST-AFRICA"], "NONE"),
            ("IGAD", "REGIONAL_ORGANIZATION", ["EAST-AFRICA"], "NONE"),
            ("SCO", "REGIONAL_ORGANIZATION", ["CENTRAL-ASIA"], "NONE"),
        ):
            named: Fields = {"code": code, "names": {"en": code}, "kind": kind}
            self.administrator.do("organizationRegister", {**named, "regions": regions, "compactStatus": status})
        self.desk = self.as_(Role.SECRETARIAT_OFFICER, "UNOCT")
        for code in ("UNODC", "UNDP"):
            self.desk.do("bodyJoin", {"id": "CC", "organization": code})
        self.unodc, self.undp = (self.as_(Role.ENTITY_REPRESENTATIVE, code) for code in ("UNODC", "UNDP"))
        self.chair = self.as_(Role.WORKING_GROUP_CHAIR, "CC@UNDP")
        self.reader, self.auditor = self.as_(Role.READER), self.as_(Role.AUDITOR)
        self.ecowas = self.focal_point("ECOWAS", "WEST-AFRICA")
        self.igad = self.focal_point("IGAD", "EAST-AFRICA")
        self.sco = self.focal_point("SCO", "CENTRAL-ASIA")

    @property
    def everybody(self) -> tuple[Client, ...]:
        own = (self.unodc, self.undp, self.ecowas, self.igad, self.sco)
        return (self.desk, *own, self.chair, self.reader, self.auditor)

    def focal_point(self, organization: str, region: str, ends_on: str = "2033-04-30") -> Client:
        id, client = self.nominated(organization, region, ends_on)
        self.desk.do("focalPointConfirm", {"id": id})
        return client

    def nominated(self, organization: str, region: str, ends_on: str = "2033-04-30") -> tuple[str, Client]:
        """A focal point to be confirmed, and the person signed in."""
        found = self.desk.do(
            "focalPointNominate",
            {
                "organization": organization,
                "expectedVersion": None,
                "person": self.person(),
                "regions": [region],
                "nominationLetter": "2031/17",
                "startsOn": self.compact.store.now().date().isoformat(),
                "endsOn": ends_on,
            },
            select="focalPoint { id person { subject } }",
        )["focalPoint"]
        return found["id"], self.of(Identity(subject=UUID(found["person"]["subject"])))

    def person(self) -> Fields:
        n = next(numbers)
        return {"name": f"Person {n}", "email": f"person-{n}@example.org"}

    def code(self, kind: str) -> str:
        return f"{kind}-{next(numbers)}"

    def to(self, moment: datetime) -> None:
        """Let the clock of the demonstration stand at a moment, and everything happen that was due until then."""
        self.compact.store.set_clock(moment)
        self.compact.clockwork.ring()
        assert self.compact.settle()

    def items(self, who: Client, duty: str | None = None, reference: str | None = None) -> list[Fields]:
        told = who.ask(QUERY, duties=[duty] if duty else None)["today"]
        found = [edge["node"] for edge in told["edges"]]
        assert told["totalCount"] == len(found)
        return [item for item in found if reference in (None, item["reference"])]

    def lists(self, duty: str, reference: str) -> tuple[Client, ...]:
        """Those on whose list something is."""
        return tuple(who for who in self.everybody if self.items(who, duty, reference))

    def settle(self, who: Client, duty: str, reference: str, said: Fields, *, by: str | None = None) -> Fields:
        """Do what is to be done, by the mutation that is told or another; it is gone from the answer that follows."""
        (item,) = self.items(who, duty, reference)
        who.do(by or item["mutation"], {"reason": "As agreed.", **said} if by else said)
        assert self.lists(duty, reference) == ()
        return item

    # what there is

    def retreat(self, *, starts_on: str = "2031-06-25", ends_on: str = "2031-06-26", places: int = 100) -> str:
        """A retreat whose registration is open until the fifth day before it, in New York."""
        code = self.code("R")
        self.desk.do(
            "retreatPlan",
            {
                "code": code,
                "series": "Counter-Terrorism Compact Retreat",
                "edition": 1,
                "title": "Counter-Terrorism Compact Retreat",
                "theme": "Strengthening partnerships with regional organizations",
                "startsOn": starts_on,
                "endsOn": ends_on,
                "zone": "America/New_York",
                "logistics": LOGISTICS,
            },
        )
        self.desk.do("retreatAnnounce", {"id": code})
        self.desk.do("retreatSetSeatRules", {"id": code, "inPersonPlaces": places})
        deadline = datetime.fromisoformat(f"{starts_on}T23:59:00-04:00") - timedelta(days=5)
        self.desk.do("retreatOpenRegistration", {"id": code, "deadline": deadline.isoformat()})
        return code

    def nomination(self, retreat: str, organization: str, category: str = "DELEGATE") -> Fields:
        said: Fields = {"retreat": retreat, "expectedVersion": None, "organization": organization}
        return {**said, "category": category, "mode": "IN_PERSON", "person": self.person()}

    def registered(self, retreat: str, organization: str, category: str = "DELEGATE") -> tuple[str, str, UUID]:
        """Somebody confirmed: global id and id of the registration, and who it is."""
        select = "registration { id person { subject } }"
        done = self.desk.do("registrationNominate", self.nomination(retreat, organization, category), select=select)
        id, subject = done["registration"]["id"], UUID(done["registration"]["person"]["subject"])
        self.desk.do("registrationConfirm", {"id": id})
        (event, *_) = (event for event in done["events"] if event["type"] == "registration.nominated")
        return id, event["subject"], subject

    def session(self, retreat: str, starts_at: str, ends_at: str) -> str:
        code = self.code("S")
        named: Fields = {"retreat": retreat, "expectedVersion": None, "code": code, "title": code, "kind": "THEMATIC"}
        self.desk.do("sessionSchedule", {**named, "startsAt": starts_at, "endsAt": ends_at})
        return code

    def gap(self, session: str, region: str = "WEST-AFRICA", organization: str = "ECOWAS") -> str:
        code = self.code("GAP")
        about: Fields = {"region": region, "workingGroup": "NRCTS", "voicedBy": organization}
        voiced: Fields = {"code": code, "severity": "HIGH", "description": "No staff.", **about}
        self.desk.do("sessionIdentifyCapacityGap", {"id": session, **voiced})
        return code

    def proposed(self, **more: Any) -> str:
        code = self.code("REC")
        said: Fields = {"code": code, "title": "Focal points", "text": "Designate one.", "regions": ["WEST-AFRICA"]}
        self.unodc.do("recommendationPropose", {**said, **more})
        return code

    def under_review(self, **more: Any) -> str:
        code = self.proposed(**more)
        self.desk.do("recommendationPutUnderReview", {"id": code, "body": "CC"})
        return code

    def adopted(self, **more: Any) -> str:
        code = self.under_review(**more)
        self.chair.do("recommendationAdopt", self.adoption(code))
        self.desk.do("recommendationAnnounce", {"id": code, "number": f"D-{code}"})
        return code

    def adoption(self, code: str) -> Fields:
        return {"id": code, "act": self.act(f"D-{code}"), "textVersion": 1, "assessment": ASSESSMENT}

    def act(self, number: str, meeting: str = "CC-2031-05") -> Fields:
        day = self.compact.store.now().date().isoformat()
        return {"body": "CC", "meeting": meeting, "number": number, "decidedOn": day, "method": "CONSENSUS"}

    def in_progress(self, due_on: str = "2031-12-31", percentage: int = 40) -> str:
        code = self.adopted()
        self.desk.do("recommendationAssign", {"id": code, "lead": "UNODC", "partners": ["UNDP"], "dueOn": due_on})
        report: Fields = {"id": code, "text": "Six have answered.", "percentage": percentage}
        self.unodc.do("recommendationReportProgress", report)
        return code

    def claimed(self) -> str:
        code = self.in_progress()
        claim: Fields = {"id": code, "actionTaken": "All have answered.", "evidence": ["The list"]}
        self.unodc.do("recommendationClaimImplementation", claim)
        return code

    def convened(self, day: str, **more: Any) -> str:
        code = self.code("CC")
        times: Fields = {"startsAt": f"{day}T10:00:00-04:00", "endsAt": f"{day}T12:00:00-04:00"}
        meeting: Fields = {"kind": "COMMITTEE_MEETING", "title": code, "body": "CC", "zone": "America/New_York"}
        self.desk.do("coordinationMeetingConvene", {"code": code, **meeting, **times, **more})
        assert self.compact.settle()
        return code

    def rotation(self, *organizations: str) -> str:
        code = self.code("ROT")
        regions = {"ECOWAS": "WEST-AFRICA", "IGAD": "EAST-AFRICA", "SCO": "CENTRAL-ASIA"}
        members = [{"organization": one, "region": regions[one]} for one in organizations]
        self.desk.do("rotationEstablish", {"code": code, "names": {"en": code}, "members": members, **QUARTERLY})
        return code

    def initiative(self, lead: Client, organization: str, **more: Any) -> str:
        code = self.code("INI")
        said: Fields = {
            "code": code,
            "title": "Posts and passages",
            "lead": organization,
            "regions": ["WEST-AFRICA"],
            "workingGroups": ["NRCTS"],
            "startsOn": "2031-04-01",
            "endsOn": "2032-03-31",
        }
        lead.do("initiativeRegister", {**said, **more})
        return code


LOGISTICS: Fields = {"format": "HYBRID", "contact": "desk@example.org"}


@pytest.fixture(scope="module")
def days(new_settings: Callable[..., Settings]) -> Iterator[Days]:
    """Days on which the clock stands."""
    with running(new_settings(demonstration=True)) as started:
        yield Days(started)


@pytest.fixture
def later(new_settings: Callable[..., Settings]) -> Iterator[Days]:
    """Days of the test's own, whose clock it moves."""
    with running(new_settings(demonstration=True)) as started:
        yield Days(started)


def facts(item: Fields) -> dict[str, str]:
    return {fact["name"]: fact["value"] for fact in item["facts"]}


def test_who_is_invited_nominates_and_the_secretariat_confirms(days: Days) -> None:
    retreat = days.retreat()
    for organization in ("UNODC", "ECOWAS"):
        days.desk.do("retreatInviteOrganization", {"id": retreat, "organization": organization})
    own = f"{retreat}/UNODC"
    assert days.lists("INVITATION", own) == (days.unodc,)
    assert days.lists("INVITATION", f"{retreat}/ECOWAS") == (), "who has no seats nominates nobody"
    assert days.lists("SEATS", f"{retreat}/UNDP") == (days.undp,), "its seats are there without an invitation"
    item = days.settle(days.unodc, "INVITATION", own, days.nomination(retreat, "UNODC", "REPRESENTATIVE"))
    assert (item["title"], item["dueOn"], item["overdue"]) == ("Nominate those who come", "2031-06-20", False)
    assert (item["code"], item["subject"]["__typename"]) == (retreat, "Retreat")
    (left,) = days.items(days.unodc, "SEATS", own)
    assert facts(left) == {
        "retreat": retreat,
        "representatives": "0",
        "delegates": "2",
        "deadline": "2031-06-21T03:59:00+00:00",
    }
    days.unodc.do("registrationNominate", days.nomination(retreat, "UNODC"))
    done = days.settle(days.unodc, "SEATS", own, days.nomination(retreat, "UNODC"))
    assert done["mutation"] == "registrationNominate"
    waiting = [item for item in days.items(days.desk, "NOMINATION") if facts(item)["retreat"] == retreat]
    assert [item["organization"]["code"] for item in waiting] == ["UNODC"] * 3
    assert waiting == sorted(waiting, key=lambda item: item["since"])
    assert (waiting[0]["dueOn"], waiting[0]["alternatives"]) == ("2031-06-24", ["registrationReject"])
    days.settle(days.desk, "NOMINATION", waiting[0]["reference"], {"id": waiting[0]["subject"]["id"]})
    rejected = {"id": waiting[1]["subject"]["id"]}
    days.settle(days.desk, "NOMINATION", waiting[1]["reference"], rejected, by="registrationReject")
    assert facts(days.items(days.unodc, "SEATS", own)[0])["delegates"] == "1", "a rejected one gives its seat back"


def test_places_that_come_free_are_filled_by_hand_where_nobody_else_does(later: Days) -> None:
    retreat = later.retreat(places=1)
    for _ in range(2):
        later.desk.do("registrationNominate", later.nomination(retreat, "UNOCT", "SECRETARIAT"))
    reference = f"{retreat}/in_person"
    assert later.lists("WAITING_LIST", reference) == ()
    reactor = later.compact._reactor
    assert reactor is not None
    reactor.stop()
    later.desk.do("retreatSetSeatRules", {"id": retreat, "inPersonPlaces": 2})
    assert later.lists("WAITING_LIST", reference) == (later.desk,)
    promotion = {"retreat": retreat, "expectedVersion": None, "mode": "IN_PERSON"}
    item = later.settle(later.desk, "WAITING_LIST", reference, promotion)
    assert (facts(item)["waiting"], facts(item)["free"]) == ("1", "1")


def test_new_logistics_are_taken_note_of_version_by_version(days: Days) -> None:
    retreat = days.retreat()
    days.desk.do("retreatInviteOrganization", {"id": retreat, "organization": "ECOWAS"})
    own = f"{retreat}/ECOWAS"
    assert days.lists("LOGISTICS", own) == ()
    for contact in ("first@example.org", "second@example.org"):
        logistics = {**LOGISTICS, "contact": contact}
        done = days.desk.do("retreatReviseLogistics", {"id": retreat, "logistics": logistics})
        position = done["position"]
        assert days.lists("LOGISTICS", own) == (days.ecowas,)
        (item,) = days.items(days.ecowas, "LOGISTICS", own)
        note = {"id": retreat, "organization": "ECOWAS", "version": int(facts(item)["version"])}
        days.settle(days.ecowas, "LOGISTICS", own, note)
    query = (
        "query ($p: Position!) { snapshot(at: {position: $p}) { today(first: 100) { edges { node { reference } } } } }"
    )
    then = days.ecowas.ask(query, p=position)["snapshot"]["today"]["edges"]
    assert own in [edge["node"]["reference"] for edge in then], "as it was to be done then"


def test_who_is_asked_to_speak_answers_and_so_may_the_organization(later: Days) -> None:
    retreat = later.retreat()
    session = later.session(retreat, "2031-06-25T10:00:00-04:00", "2031-06-25T11:00:00-04:00")
    (first, key, subject), (second, other, _) = (later.registered(retreat, "UNODC") for _ in range(2))
    for order, registration in enumerate((first, second), 1):
        invited = {"registration": registration, "order": order, "minutes": 10, "mode": "IN_PERSON"}
        later.desk.do("sessionInviteSpeaker", {"id": session, **invited})
    later.administrator.do("roleGrant", {"person": {"subject": str(subject)}, "role": "READER"})
    speaker = later.of(Identity(subject=subject))
    assert [item["reference"] for item in later.items(speaker)] == [f"{session}/{key}"], "and not another's invitation"
    assert later.lists("INVITATION_TO_SPEAK", f"{session}/{key}") == (later.unodc,)
    later.settle(speaker, "INVITATION_TO_SPEAK", f"{session}/{key}", {"id": session, "registration": first})
    assert later.items(speaker) == []
    assert later.lists("SPEAKER", f"{session}/{other}") == ()
    later.to(START + timedelta(days=7))
    assert later.lists("INVITATION_TO_SPEAK", f"{session}/{other}") == (later.unodc,)
    withdrawn = {"id": session, "registration": second, "reason": "No answer."}
    item = later.settle(later.desk, "SPEAKER", f"{session}/{other}", withdrawn)
    assert (item["dueOn"], item["since"]) == ("2031-06-25", "2031-05-08T00:00:00Z")
    assert later.lists("INVITATION_TO_SPEAK", f"{session}/{other}") == ()


def test_the_days_of_a_retreat_bring_their_own_work(later: Days) -> None:
    retreat = later.retreat(starts_on="2031-05-10", ends_on="2031-05-10")
    session = later.session(retreat, "2031-05-10T10:00:00-04:00", "2031-05-10T11:00:00-04:00")
    later.to(datetime(2031, 5, 6, 3, 58, tzinfo=UTC))
    assert later.lists("SEATS", f"{retreat}/UNDP") == (later.undp,)
    assert later.lists("REGISTRATION_PAST_DEADLINE", retreat) == ()
    later.to(datetime(2031, 5, 6, 4, 0, tzinfo=UTC))
    assert later.lists("SEATS", f"{retreat}/UNDP") == (), "no seat is taken after the deadline"
    item = later.settle(later.desk, "REGISTRATION_PAST_DEADLINE", retreat, {"id": retreat})
    assert (item["since"], item["mutation"]) == ("2031-05-06T03:59:00Z", "retreatCloseRegistration")

    assert later.lists("RETREAT_BEGINS", retreat) == ()
    later.to(datetime(2031, 5, 10, 14, 0, tzinfo=UTC))
    assert later.lists("SESSION_BEGINS", session) == (), "the retreat comes first"
    begins = later.settle(later.desk, "RETREAT_BEGINS", retreat, {"id": retreat})
    assert (begins["since"], begins["overdue"]) == ("2031-05-10T04:00:00Z", False)
    later.settle(later.desk, "SESSION_BEGINS", session, {"id": session})
    later.to(datetime(2031, 5, 10, 15, 30, tzinfo=UTC))
    assert later.lists("RECORD", session) == ()
    ends = later.settle(later.desk, "SESSION_ENDS", session, {"id": session})
    assert ends["since"] == "2031-05-10T15:00:00Z"
    later.settle(later.desk, "RECORD", session, {"id": session})

    assert later.lists("RETREAT_ENDS", retreat) == ()
    later.to(datetime(2031, 5, 11, 5, 0, tzinfo=UTC))
    later.settle(later.desk, "RETREAT_ENDS", retreat, {"id": retreat})
    report = {"id": retreat, "position": "1", "contentDigest": "a" * 64, "fileDigest": "b" * 64}
    later.desk.do("retreatIssueSummaryReport", {**report, "stage": "DRAFT"})
    assert later.lists("SUMMARY_REPORT", retreat) == (later.desk,), "a draft is not the report"
    later.settle(later.desk, "SUMMARY_REPORT", retreat, report)
    plan = {"id": retreat, "title": "Action plan", "version": 1, "act": later.act("D-PLAN")}
    later.settle(later.desk, "ACTION_PLAN", retreat, plan)


def test_a_gap_is_answered_by_whoever_it_concerns(days: Days) -> None:
    retreat = days.retreat()
    session = days.session(retreat, "2031-06-25T10:00:00-04:00", "2031-06-25T11:00:00-04:00")
    days.desk.do("retreatOpen", {"id": retreat})
    days.desk.do("sessionStart", {"id": session})
    gap, other, third = (days.gap(session) for _ in range(3))
    assert days.lists("CAPACITY_GAP", gap) == (days.desk, days.ecowas)
    said = {"code": days.code("REC"), "text": "Train them.", "regions": ["WEST-AFRICA"], "gaps": [gap]}
    item = days.settle(days.ecowas, "CAPACITY_GAP", gap, said)
    assert item["alternatives"] == ["initiativeAnswerGap"], "only the secretariat closes a gap"
    days.ecowas.do("recommendationWithdraw", {"id": said["code"], "reason": "A mistake."})
    assert days.lists("CAPACITY_GAP", gap) == (days.desk, days.ecowas), "what was withdrawn answers nothing"

    cell = "WEST-AFRICA/NRCTS"
    assert days.lists("UNCOVERED_GAP", cell) == (days.desk,)
    found = {"region": "WEST-AFRICA", "workingGroup": "NRCTS", "gaps": sorted([gap, other, third])}
    days.settle(days.desk, "UNCOVERED_GAP", cell, {**found, "outcome": "ACCEPTED"})
    days.desk.do("sessionCloseCapacityGap", {"id": session, "code": third})
    assert days.lists("UNCOVERED_GAP", cell) == (days.desk,), "the review was of other gaps"
    secret = days.initiative(days.unodc, "UNODC", visibility="RESTRICTED")
    assert days.lists("UNCOVERED_GAP", cell) == (), "who acts in secret acts all the same"
    days.unodc.do("initiativeAnswerGap", {"id": secret, "gap": other})
    assert days.lists("CAPACITY_GAP", other) == ()
    days.unodc.do("initiativeCancel", {"id": secret, "reason": "No funds."})
    assert days.lists("CAPACITY_GAP", other) == (days.desk, days.ecowas)
    assert days.lists("UNCOVERED_GAP", cell) == (days.desk,)


def test_a_recommendation_goes_from_hand_to_hand(days: Days) -> None:
    code = days.proposed()
    days.settle(days.desk, "PROPOSAL", code, {"id": code, "body": "CC"})
    assert days.lists("TEXT", f"{code}/UNDP") == (days.undp,)
    assert days.lists("TEXT", f"{code}/ECOWAS") == (days.ecowas,), "its region is concerned"
    assert [days.lists("TEXT", f"{code}/{one}") for one in ("UNODC", "SCO")] == [(), ()], "proposer; another region"
    response = {"id": code, "textVersion": 1, "response": "SUPPORTED"}
    days.settle(days.ecowas, "TEXT", f"{code}/ECOWAS", response)
    meeting = days.convened("2031-05-20")
    days.settle(days.desk, "AGENDA", code, {"id": meeting, "recommendation": code})
    assert days.lists("DECISION", code) == (days.chair,)
    assert days.lists("ANNOUNCEMENT", code) == ()
    decided = days.settle(days.chair, "DECISION", code, days.adoption(code))
    assert facts(decided) == {"body": "CC", "textVersion": "1"}

    assert days.lists("TEXT", f"{code}/UNDP") == (days.undp,), "what was decided changes nothing before it is announced"
    assert days.lists("LEAD", code) == (days.desk, days.chair)
    days.settle(days.desk, "ANNOUNCEMENT", code, {"id": code, "number": f"D-{code}"})
    assigned = {"id": code, "lead": "UNODC", "partners": ["UNDP"], "dueOn": "2031-05-20"}
    days.settle(days.chair, "LEAD", code, assigned)

    assert days.lists("PROGRESS", code) == (days.unodc,), "the lead alone"
    report = {"id": code, "text": "All have answered.", "percentage": 100}
    item = days.settle(days.unodc, "PROGRESS", code, report)
    assert (item["dueOn"], item["dueAt"]) == ("2031-05-20", "2031-05-21T00:00:00Z")
    milestone = {"id": code, "code": "M-1", "title": "The list", "dueOn": "2031-05-05"}
    days.unodc.do("recommendationSetMilestone", milestone)
    reached = {"id": code, "milestone": "M-1", "evidence": ["The list"]}
    days.settle(days.unodc, "MILESTONE", f"{code}/M-1", reached)
    claim = {"id": code, "actionTaken": "All have answered.", "evidence": ["The list"]}
    days.settle(days.unodc, "CLAIM", code, claim)

    assert days.lists("VERIFICATION", code) == (days.desk, days.ecowas), "neither the claimant nor another region"
    days.settle(days.ecowas, "VERIFICATION", code, {"id": code}, by="recommendationContestClaim")
    contest = f"{code}/ECOWAS"
    assert days.lists("RULING", contest) == ()
    days.settle(days.unodc, "CONTEST", contest, {"id": code, "contest": "ECOWAS", "answer": "They have."})
    assert days.lists("RULING", contest) == (days.desk, days.chair)
    ruling = {"id": code, "contest": "ECOWAS", "ending": "DISMISSED", "act": days.act(f"E-{code}"), "reason": "Shown."}
    days.settle(days.chair, "RULING", contest, ruling)
    assert days.lists("VERIFICATION", code) == (days.desk,), "the ruling is not announced"
    days.desk.do("recommendationAnnounce", {"id": code, "number": f"E-{code}"})
    days.settle(days.ecowas, "VERIFICATION", code, {"id": code})
    left = [item for who in days.everybody for item in days.items(who) if item["code"] == code]
    assert left == []


def test_who_recorded_a_claim_for_another_does_not_verify_it(days: Days) -> None:
    code = days.in_progress()
    claim = {"id": code, "actionTaken": "Done.", "evidence": ["The list"], "onBehalfOf": "UNODC"}
    days.desk.do("recommendationClaimImplementation", claim)
    assert days.lists("VERIFICATION", code) == (days.ecowas,)


def test_a_silence_asks_its_members_until_they_have_spoken(days: Days) -> None:
    days.desk.do("bodyJoin", {"id": "CC", "organization": "IGAD", "membership": "OBSERVER"})
    first, second = (days.under_review(regions=["GLOBAL"]) for _ in range(2))
    for code in (first, second):
        silence = {"id": code, "body": "CC", "meeting": "CC-2031-05", "number": f"S-{code}", "textVersion": 1}
        until = {"deadline": "2031-05-11T10:00:00-04:00", "zone": "America/New_York", "assessment": ASSESSMENT}
        days.chair.do("recommendationStartSilence", {**silence, **until})
    assert days.lists("SILENCE", f"{first}/UNODC") == (days.unodc,)
    assert [days.lists("SILENCE", f"{first}/{one}") for one in ("IGAD", "ECOWAS")] == [(), ()], "observers comment"
    agreed = {"id": first, "textVersion": 1, "response": "SUPPORTED"}
    item = days.settle(days.undp, "SILENCE", f"{first}/UNDP", agreed, by="recommendationRespond")
    assert (item["dueOn"], item["dueAt"]) == ("2031-05-11", "2031-05-11T14:00:00Z")
    assert days.lists("SILENCE", f"{first}/UNODC") == (days.unodc,)
    days.settle(days.undp, "SILENCE", f"{second}/UNDP", {"id": second, "reason": "Mandates are touched."})
    assert days.lists("SILENCE", f"{second}/UNODC") == (), "the silence is broken for all"


def test_what_was_put_off_and_what_is_late_come_back_by_the_day(later: Days) -> None:
    deferred, late = later.under_review(), later.in_progress(due_on="2031-05-31")
    act = {"id": deferred, "act": later.act("D-1"), "toDate": "2031-06-02", "reason": "More time."}
    later.chair.do("recommendationDefer", act)
    assert [later.lists(duty, deferred) for duty in ("DECISION", "DEFERRAL")] == [(), ()]
    assert later.lists("OVERDUE", late) == ()
    later.to(datetime(2031, 6, 2, 9, 0, tzinfo=UTC))
    assert later.lists("DECISION", deferred) == (later.chair,)
    waiting = later.settle(later.desk, "WAITING_ITEM", f"CC-2031-05/{deferred}", later_meeting("2031-06-20"))
    assert facts(waiting)["item"] == deferred
    item = later.settle(later.desk, "DEFERRAL", deferred, {"id": deferred, "body": "CC"})
    assert item["since"] == "2031-06-02T00:00:00Z"
    assert later.lists("CLAIM", late) == (later.unodc,)
    (first, *_) = later.items(later.desk)
    assert (first["reference"], first["overdue"], first["dueOn"]) == (late, True, "2031-05-31"), "the overdue first"
    moved = {"id": late, "dueOn": "2031-12-31", "reason": "Agreed with the lead."}
    overdue = later.settle(later.desk, "OVERDUE", late, moved)
    assert (overdue["since"], overdue["organization"]) == ("2031-06-01T00:00:00Z", {"code": "UNODC"})
    assert later.lists("CLAIM", late) == ()


def later_meeting(day: str) -> Fields:
    times: Fields = {"startsAt": f"{day}T10:00:00-04:00", "endsAt": f"{day}T12:00:00-04:00"}
    return {"code": "CC-NEXT", "kind": "COMMITTEE_MEETING", "title": "Next", "body": "CC", "zone": "UTC", **times}


def test_who_speaks_for_whom_is_kept_up(later: Days) -> None:
    region = "IGAD/EAST-AFRICA"
    own = later.as_(Role.ENTITY_REPRESENTATIVE, "IGAD")
    (current,) = (item for item in focal_points(later) if item["organization"]["code"] == "IGAD")
    assert later.lists("VACANCY", region) == ()
    later.igad.do("focalPointVacate", {"id": current["id"], "reason": "Another post."})
    assert later.items(own, "VACANCY", region)
    assert later.lists("VACANCY", region) == (later.desk,)
    letter: Fields = {
        "organization": "IGAD",
        "expectedVersion": None,
        "regions": ["EAST-AFRICA"],
        "nominationLetter": "L/2",
    }
    term = {"startsOn": "2031-05-01", "endsOn": "2031-07-15", "person": later.person()}
    later.settle(own, "VACANCY", region, {**letter, **term})
    (waiting,) = later.items(later.desk, "FOCAL_POINT_NOMINATION")
    assert (waiting["organization"]["code"], waiting["dueOn"], waiting["overdue"]) == ("IGAD", "2031-04-30", True)
    id, reference = waiting["subject"]["id"], waiting["reference"]
    later.settle(later.desk, "FOCAL_POINT_NOMINATION", reference, {"id": id})

    assert later.lists("TERM", reference) == ()
    later.to(datetime(2031, 5, 16, 0, 0, tzinfo=UTC))
    (person,) = (item["person"]["subject"] for item in focal_points(later) if item["id"] == id)
    focal_point = later.of(Identity(subject=UUID(person)))
    (item,) = later.items(focal_point, "SUCCESSION", reference)
    assert (item["since"], item["dueOn"], item["mutation"]) == (
        "2031-05-16T00:00:00Z",
        "2031-07-15",
        "focalPointHandOver",
    )
    later.settle(focal_point, "SUCCESSION", reference, {"id": id, "successor": later.person()})
    assert later.items(focal_point) == []
    (following,) = later.items(later.desk, "TERM")
    assert following["reference"] != reference, "the successor's, who has the rest of it"
    extended = {"id": following["subject"]["id"], "endsOn": "2032-07-15"}
    later.settle(later.desk, "TERM", following["reference"], extended)


def focal_points(days: Days) -> list[Fields]:
    query = "{ focalPoints(first: 100) { edges { node { id organization { code } person { subject } } } } }"
    return [edge["node"] for edge in days.desk.ask(query)["focalPoints"]["edges"]]


def test_a_turn_is_answered_by_the_member_that_is_asked(later: Days) -> None:
    code = later.rotation("ECOWAS", "IGAD", "SCO")
    first = f"{code}/1"
    assert later.lists("TURN", first) == (later.ecowas,)
    assert later.lists("TURN_LAPSES", first) == ()
    accepted = {"id": code, "turn": 1, "organization": "ECOWAS"}
    item = later.settle(later.ecowas, "TURN", first, accepted)
    assert (item["dueOn"], item["alternatives"]) == ("2031-05-15", ["rotationDecline"])
    swap = {"id": code, "organization": "ECOWAS", "turn": 1, "forTurn": 2}
    later.ecowas.do("rotationProposeSwap", swap)
    assert later.lists("SWAP", first) == (later.igad,)
    later.settle(later.igad, "SWAP", first, {"id": code, "swap": 1})
    hosted = {**later_meeting("2031-06-04"), "kind": "COORDINATION_MEETING", "code": later.code("M")}
    del hosted["body"]
    (turn,) = later.items(later.desk, "TURN_ACCEPTED", first)
    assert turn["organization"] == {"code": "IGAD"}
    later.settle(later.desk, "TURN_ACCEPTED", first, {**hosted, "rotation": code, "turn": 1, "host": "IGAD"})

    other = later.rotation("ECOWAS", "SCO")
    later.to(datetime(2031, 5, 13, 4, 0, tzinfo=UTC))
    skipped = {"id": other, "turn": 1, "organization": "ECOWAS", "reason": "They asked for it."}
    lapsing = later.settle(later.desk, "TURN_LAPSES", f"{other}/1", skipped)
    assert lapsing["since"] == "2031-05-13T04:00:00Z"
    assert later.lists("TURN", f"{other}/1") == (later.sco,), "the next in the queue"
    declined = {"id": other, "turn": 1, "organization": "SCO"}
    later.settle(later.sco, "TURN", f"{other}/1", declined, by="rotationDecline")
    own = {**hosted, "code": later.code("M"), "rotation": other, "turn": 1, "host": "UNOCT"}
    later.settle(later.desk, "TURN_OF_SECRETARIAT", f"{other}/1", own)


def test_a_meeting_leaves_nothing_open(later: Days) -> None:
    meeting, code = later.convened("2031-05-05"), later.under_review()
    for matter in ({"code": "ITEM-1", "title": "The first matter"}, {"recommendation": code}):
        later.desk.do("coordinationMeetingAddItem", {"id": meeting, **matter})
    assert later.lists("MEETING_BEGINS", meeting) == ()
    later.to(datetime(2031, 5, 5, 14, 0, tzinfo=UTC))
    later.settle(later.desk, "MEETING_BEGINS", meeting, {"id": meeting})
    for action, due in (("A-1", "2031-05-20"), ("A-2", "2031-05-06")):
        agreed = {"code": action, "text": "Draft it.", "organization": "ECOWAS", "dueOn": due}
        later.desk.do("coordinationMeetingAgreeAction", {"id": meeting, **agreed})
    assert later.lists("ACTION", f"{meeting}/A-1") == (later.ecowas,)
    assert later.lists("AGENDA_ITEM", f"{meeting}/ITEM-1") == ()
    later.to(datetime(2031, 5, 5, 17, 0, tzinfo=UTC))
    later.settle(later.desk, "MEETING_ENDS", meeting, {"id": meeting})

    assert later.lists("MINUTES", meeting) == ()
    assert later.lists("AGENDA_ITEM", f"{meeting}/{code}") == (), "that is for the body to decide"
    decided = {"id": meeting, "item": "ITEM-1", "disposition": "DECIDED"}
    later.settle(later.desk, "AGENDA_ITEM", f"{meeting}/ITEM-1", decided)
    adoption = later.adoption(code) | {"act": later.act("D-1", meeting)}
    later.settle(later.desk, "OUTCOME", f"{code}/{meeting}", adoption)
    assert later.compact.settle()
    later.settle(later.desk, "MINUTES", meeting, {"id": meeting})

    done = {"id": meeting, "code": "A-1", "evidence": ["The draft"]}
    item = later.settle(later.ecowas, "ACTION", f"{meeting}/A-1", done)
    assert (item["dueOn"], item["subject"]["__typename"]) == ("2031-05-20", "ActionPoint")
    assert later.lists("ACTION_OVERDUE", f"{meeting}/A-2") == ()
    later.to(datetime(2031, 5, 8, 0, 0, tzinfo=UTC))
    assert later.items(later.ecowas, "ACTION", f"{meeting}/A-2")[0]["overdue"] is True
    later.settle(later.desk, "ACTION_OVERDUE", f"{meeting}/A-2", {"id": meeting, "code": "A-2", "reason": "Too late."})
    assert later.lists("ACTION", f"{meeting}/A-2") == ()


def test_an_initiative_is_kept_up_by_its_lead(later: Days) -> None:
    code = later.initiative(later.unodc, "UNODC", endsOn="2031-06-30", visibility="RESTRICTED")
    assert later.lists("INITIATIVE_BEHIND", code) == (later.unodc,)
    begun = later.settle(later.unodc, "INITIATIVE_BEHIND", code, {"id": code, "status": "IMPLEMENTATION"})
    assert begun["since"] == "2031-05-01T00:00:00Z"
    indicator: Fields = {
        "code": later.code("IND"),
        "title": "Posts that use the procedure",
        "unit": "post",
        "direction": "UP",
        "aggregation": "LATEST",
        "baseline": "0",
        "baselineYear": 2030,
        "target": "40",
        "periods": "MONTHLY",
    }
    later.unodc.do("initiativeDefineIndicator", {"id": code, **indicator})
    may = f"{code}/{indicator['code']}/2031-05"
    assert later.lists("MEASUREMENT", may) == (), "the period has not ended"
    later.to(datetime(2031, 6, 1, 0, 0, tzinfo=UTC))
    assert later.lists("MEASUREMENT", f"{code}/{indicator['code']}/2031-04") == (), "it ended before it was measured"
    told = {"id": code, "indicator": indicator["code"], "period": "2031-05", "value": "6"}
    later.settle(later.unodc, "MEASUREMENT", may, told)
    later.to(datetime(2031, 7, 1, 0, 0, tzinfo=UTC))
    closed = {"id": code, "indicator": indicator["code"], "period": "2031-06"}
    later.settle(later.unodc, "MEASUREMENT", f"{code}/{indicator['code']}/2031-06", closed, by="initiativeClosePeriod")
    over = later.settle(later.unodc, "INITIATIVE_BEHIND", code, {"id": code, "status": "FINALISATION"})
    assert over["since"] == "2031-07-01T00:00:00Z"
    later.settle(later.unodc, "INITIATIVE_OVER", code, {"id": code, "evaluation": "Half of what was meant."})


def test_a_review_of_an_overlap_is_made_again_once_one_of_the_two_has_changed(days: Days) -> None:
    one = days.initiative(days.unodc, "UNODC", workingGroups=["PCVE"])
    other = days.initiative(days.undp, "UNDP", workingGroups=["PCVE"], regions=["AFRICA"])
    pair = f"{one}/{other}"
    review = {"id": one, "other": other, "outcome": "JUSTIFIED"}
    days.desk.do("initiativeReviewOverlap", review)
    assert days.lists("OVERLAP", pair) == ()
    days.undp.do("initiativeRevise", {"id": other, "endsOn": "2032-06-30", "reason": "More funds."})
    assert days.lists("OVERLAP", pair) == (days.desk,)
    item = days.settle(days.desk, "OVERLAP", pair, review)
    assert (facts(item)["one"], facts(item)["other"]) == (one, other)
    days.undp.do("initiativeRevise", {"id": other, "workingGroups": ["GSA"], "reason": "Another field."})
    assert days.lists("OVERLAP", pair) == (), "they overlap no longer"


def test_what_was_to_be_done_for_one_in_secret_is_not_told_afterwards_to_who_may_not_know(days: Days) -> None:
    query = """query ($p: Position!) { snapshot(at: {position: $p}) {
        today(duties: [INITIATIVE_BEHIND], first: 100) { edges { node { reference } } } } }"""

    def then(who: Client) -> list[str]:
        told = who.ask(query, p=position)["snapshot"]["today"]["edges"]
        return [edge["node"]["reference"] for edge in told]

    secret = days.initiative(days.unodc, "UNODC", visibility="RESTRICTED")
    position = days.desk.ask("{ head { position } }")["head"]["position"]
    assert days.lists("INITIATIVE_BEHIND", secret) == (days.unodc,)
    assert secret in then(days.unodc)
    days.desk.do("initiativeRevise", {"id": secret, "lead": "UNDP", "reason": "Agreed by both."})
    assert days.lists("INITIATIVE_BEHIND", secret) == (days.undp,)
    assert secret not in then(days.unodc), "who is told nothing of it now is told nothing of it then"


def test_everything_on_the_list_is_met_once_page_by_page(days: Days) -> None:
    for _ in range(5):
        days.proposed()
    query = """query ($first: Int!, $after: String) { today(first: $first, after: $after) {
        totalCount pageInfo { endCursor hasNextPage } edges { node { duty reference dueAt } } } }"""
    whole = days.desk.ask(query, first=100)["today"]
    met: list[Fields] = []
    page: Fields = {"endCursor": None, "hasNextPage": True}
    while page["hasNextPage"]:
        told = days.desk.ask(query, first=3, after=page["endCursor"])["today"]
        page = told["pageInfo"]
        met += told["edges"]
    assert met == whole["edges"]
    assert len(met) == whole["totalCount"] > 5
    assert {edge["node"]["dueAt"] for edge in met} > {None}, "with and without a day by which it is due"


def test_who_has_no_part_in_anything_is_told_nothing(days: Days) -> None:
    for who in (days.reader, days.auditor):
        assert days.items(who) == []
    assert days.of(None).error("{ today { totalCount } }") == "FORBIDDEN"


def test_every_line_of_the_table_is_settled_here() -> None:
    told = Path(__file__).read_text("utf-8")
    assert [duty.name for duty in Duty if f'"{duty.name}"' not in told] == []
