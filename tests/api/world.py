"""A world made through the API, by giving every mutation at least once: things of every kind, in every state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from compact_api.ids import GlobalId
from compact_api.paging import GREATEST_PAGE
from compact_domain.kernel import Role
from compact_infra import Identity
from tests.api.mutations import MUTATIONS
from tests.client import Client
from tests.conftest import Service

START = datetime(2031, 5, 1, 9, 0, tzinfo=UTC)
LATER = datetime(2031, 5, 4, 9, 0, tzinfo=UTC)
"""When the world is looked at: the shortest term of a focal point is over."""
DEADLINE = "2031-06-20T23:59:00-04:00"
Fields = dict[str, Any]

PLAN: Fields = {
    "series": "Counter-Terrorism Compact Retreat",
    "edition": 1,
    "title": "Counter-Terrorism Compact Retreat",
    "theme": "Strengthening partnerships with regional organizations",
    "startsOn": "2031-06-25",
    "endsOn": "2031-06-26",
    "zone": "America/New_York",
    "logistics": {"format": "HYBRID", "contact": "desk@example.org"},
}
PROPOSAL: Fields = {
    "title": "Focal points",
    "text": "Designate a focal point in each regional organization.",
    "regions": ["WEST-AFRICA"],
    "workingGroups": ["NRCTS"],
}
ASSESSMENT: Fields = {"humanRights": "No effect.", "gender": "Both are named.", "ruleOfLaw": "By letter."}
INITIATIVE: Fields = {
    "title": "Posts and passages",
    "regions": ["WEST-AFRICA"],
    "workingGroups": ["NRCTS"],
    "startsOn": "2031-04-01",
    "endsOn": "2032-03-31",
}
INDICATOR: Fields = {
    "title": "Posts that use the procedure",
    "unit": "post",
    "direction": "UP",
    "aggregation": "LATEST",
    "baseline": "0",
    "baselineYear": 2030,
    "target": "40",
    "periods": "MONTHLY",
}
REPORT: Fields = {"position": "1", "contentDigest": "a" * 64, "fileDigest": "b" * 64}


@dataclass(frozen=True)
class Thing:
    """Something that commands can be given to."""

    kind: str
    key: str
    name: str
    """What an input names it by."""
    says: Mapping[str, Any]
    """What commands to it have to name, because it is so: who contests, which gap was identified there."""
    is_secret: bool
    """Whether only the secretariat may know of it."""

    @property
    def id(self) -> str:
        return GlobalId(self.kind, key_of(self.key)).opaque

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


@dataclass(frozen=True)
class Given:
    """A command that was carried out: by whom, with what, and what was answered."""

    by: Client
    input: Mapping[str, Any]
    answer: Mapping[str, Any]


class World:
    """Things, and those who command. `given` keeps the first command of each mutation."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.things: list[Thing] = []
        self.given: dict[str, Given] = {}
        self._people = count(1)
        self._database = psycopg.connect(service.compact.database_url(), autocommit=True)
        self._counted = self._counting()
        service.compact.store.set_clock(START)
        self.administrator = self.officer = service.as_(Role.SECRETARIAT_ADMINISTRATOR)
        self._organizations()
        self.officer = service.as_(Role.SECRETARIAT_OFFICER, "UNOCT")
        self.reader = service.as_(Role.READER)
        self.unodc = service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC")
        self.interpol = service.as_(Role.ENTITY_REPRESENTATIVE, "INTERPOL")
        """The representative of an organization that has no part in anything."""
        self._catalogues_and_bodies()
        self._roles()
        self._retreats()
        self._registrations()
        self._sessions()
        self._recommendations()
        self._focal_points()
        self._rotations()
        self._meetings()
        self._initiatives()
        service.compact.store.set_clock(LATER)
        service.compact.clockwork.ring()
        assert service.compact.settle()
        self.officer.ask("{ head { now } }")

    def close(self) -> None:
        self._database.close()

    def of(self, kind: str) -> list[Thing]:
        """All things of a kind."""
        return [thing for thing in self.things if thing.kind == kind]

    def one(self, key: str) -> Thing:
        return next(thing for thing in self.things if thing.key == key)

    def allowed(self, client: Client) -> dict[str, tuple[int, list[str]]]:
        """For every thing by its key: its version, and the mutations that the client might give to it."""
        query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Subject { version allowedCommands } } }"
        ids = [thing.id for thing in self.things]
        pages = (ids[n : n + GREATEST_PAGE] for n in range(0, len(ids), GREATEST_PAGE))
        found = [node for page in pages for node in client.ask(query, ids=page)["nodes"]]
        return {
            thing.key: (node["version"], node["allowedCommands"])
            for thing, node in zip(self.things, found, strict=True)
        }

    def written(self) -> tuple[Any, ...]:
        """The last position, and what event store and vault hold, table by table: how many rows, and their digest."""
        row = self._database.execute(self._counted).fetchone()
        assert row is not None
        return row

    def head(self) -> int:
        """Where the history stands, as it is told."""
        return int(self.officer.ask("{ head { position } }")["head"]["position"])

    def _counting(self) -> sql.Composed:
        schema = self.service.compact.settings.db_schema
        found = self._database.execute(
            "select schemaname, tablename from pg_tables where schemaname = any(%s) and tablename <> all(%s)"
            " order by 1, 2",
            ([schema, f"{schema}_vault"], ["tile", "checkpoint", "cursor"]),  # which processes keep by the clock
        ).fetchall()
        assert {"event", "claim", "command_log", "person", "email", "key"} <= {name for _, name in found}
        one = sql.SQL("(select (count(*), sum(hashtextextended(t::text, 0)))::text from {} t)")
        tables = sql.SQL(", ").join(one.format(sql.Identifier(*names)) for names in found)
        events = sql.Identifier(schema, "event")
        return sql.SQL("select (select max(position) from {}), {}").format(events, tables)

    # how it is made

    def do(self, mutation: str, *, by: Client | None = None, **said: Any) -> Fields:
        """A command that is carried out; answers its payload."""
        of = MUTATIONS[mutation]
        given: Fields = {"idempotencyKey": str(uuid4()), **said}
        if of.has("expectedVersion"):
            given["expectedVersion"] = None
        if of.line.reason:
            given["reason"] = "It was so decided."
        client = by or self.officer
        answer = client.do(mutation, given, select=of.shown)
        self.given.setdefault(mutation, Given(client, given, answer))
        return answer

    def add(self, kind: str, key: str, *, name: str | None = None, is_secret: bool = False, **says: Any) -> str:
        self.things.append(Thing(kind, key, name or key, says, is_secret))
        return key

    def person(self) -> Fields:
        n = next(self._people)
        return {"name": f"Person {n}", "email": f"person-{n}@example.org"}

    def _organizations(self) -> None:
        for code, kind, status in (
            ("UNOCT", "UN_ENTITY", "MEMBER"),
            ("UNODC", "UN_ENTITY", "MEMBER"),
            ("UNDP", "UN_ENTITY", "MEMBER"),
            ("INTERPOL", "INTERNATIONAL_ORGANIZATION", "MEMBER"),
            ("ECOWAS", "REGIONAL_ORGANIZATION", "NONE"),
            ("AU", "REGIONAL_ORGANIZATION", "NONE"),
            ("GONE", "ACADEMIA", "NONE"),
            ("BACK", "ACADEMIA", "NONE"),
        ):
            self.do("organizationRegister", code=code, names={"en": code}, kind=kind, compactStatus=status)
            self.add("Organization", code)
        self.do("organizationSetRegions", id="ECOWAS", regions=["WEST-AFRICA"])
        self.do("organizationRename", id="ECOWAS", names={"en": "Economic Community"})
        self.do("organizationSetNames", id="ECOWAS", names={"en": "Economic Community", "fr": "Communauté"})
        self.do("organizationChangeCompactStatus", id="BACK", compactStatus="OBSERVER")
        self.do("organizationDeactivate", id="GONE")
        self.do("organizationDeactivate", id="BACK")
        self.do("organizationReactivate", id="BACK")

    def _catalogues_and_bodies(self) -> None:
        for code in ("SAHEL", "OLD-REGION"):
            self.do("catalogueAddEntry", kind="REGION", code=code, names={"en": code})
            self.add("Region", code, name=GlobalId("Region", code).opaque)
        self.do("catalogueRenameEntry", id="SAHEL", kind="REGION", names={"en": "The Sahel"})
        self.do("catalogueRetireEntry", id="OLD-REGION", kind="REGION")
        self.do("catalogueAddEntry", kind="BODY", code="OLD-BODY", names={"en": "Old"}, bodyKind="WORKING_GROUP")
        for code in ("CC", "NRCTS", "OLD-BODY"):
            self.do("bodyJoin", id=code, organization="UNODC")
            self.do("bodyJoin", id=code, organization="UNDP")
            self.do("bodyAppointChair", id=code, organization="UNODC", person={"details": self.person()})
        released = self._chair("NRCTS")
        self.do("bodyReleaseChair", id="NRCTS", person=released)
        self.do("bodyLeave", id="NRCTS", organization="UNDP")
        self.do("catalogueRetireEntry", id="OLD-BODY", kind="BODY")
        self.add("Body", "CC", chair=self._chair("CC"), member="UNDP", newcomer="ECOWAS")
        self.add("Body", "NRCTS", chair=released, member="UNODC", newcomer="ECOWAS")
        self.add("Body", "OLD-BODY", chair=self._chair("OLD-BODY"), member="UNDP", newcomer="ECOWAS")

    def _chair(self, body: str) -> str:
        query = "query ($id: ID!) { node(id: $id) { ... on Body { chair { person { subject } } } } }"
        found = self.officer.ask(query, id=GlobalId("Body", body).opaque)["node"]
        subject: str = found["chair"]["person"]["subject"]
        return subject

    def _roles(self) -> None:
        for state in ("held", "revoked"):
            person = {"details": self.person()}
            holder = self.do("roleGrant", by=self.administrator, person=person, role="AUDITOR")["holder"]
            subject = holder["person"]["subject"]
            says: Fields = {"subject": subject}
            if state == "revoked":
                self.do("roleRevoke", by=self.administrator, person=subject, role="AUDITOR")
                says["role"] = "READER"
            self.add("RoleHolder", str(GlobalId.parse(holder["id"]).key), name=subject, **says)

    def _retreats(self) -> None:
        """Each retreat by its path through its states. Whoever registers does so at one of those."""
        for code, *steps in (
            ("R-PLANNED",),
            ("R-ANNOUNCED", "announce", "rules"),
            ("R-OPEN", "announce", "rules", "register"),
            ("R-FULL", "announce", "rules", "register"),
            ("R-CLOSED", "announce", "rules", "register", "close"),
            ("R-SESSION", "announce", "rules", "register"),
            ("R-CONCLUDED", "announce", "rules", "register", "open", "conclude"),
            ("R-REPORTED", "announce", "rules", "register", "open", "conclude", "report"),
            ("R-POSTPONED", "announce", "rules", "register", "postpone"),
            ("R-RESUMED", "announce", "postpone", "resume"),
            ("R-CANCELLED", "announce", "cancel"),
        ):
            self.do("retreatPlan", code=code, **PLAN)
            for step in steps:
                self._retreat(code, step)
            self.add("Retreat", code, is_secret=not steps)
        self.do("retreatInviteOrganization", id="R-OPEN", organization="ECOWAS")
        self.do("retreatReviseLogistics", id="R-OPEN", logistics={**PLAN["logistics"], "platform": "WebEx"})
        self.do("retreatAcknowledgeLogistics", id="R-OPEN", organization="ECOWAS", version=1)
        self.do("retreatChangeDeadline", id="R-OPEN", deadline="2031-06-19T23:59:00-04:00")
        plan: Fields = {"title": "Action plan", "version": 1, "act": act("AP-1")}
        self.do("retreatAdoptActionPlan", id="R-CONCLUDED", **plan)
        self.do(
            "retreatIssueCommunication",
            id="R-CONCLUDED",
            kind="PRESS_RELEASE",
            channel="UNOCT_WEBSITE",
            title="It was held",
        )

    def _retreat(self, code: str, step: str) -> None:
        match step:
            case "announce":
                self.do("retreatAnnounce", id=code)
            case "rules":
                self.do("retreatSetSeatRules", id=code, inPersonPlaces=2 if code == "R-FULL" else 100)
            case "register":
                self.do("retreatOpenRegistration", id=code, deadline=DEADLINE)
            case "close":
                self.do("retreatCloseRegistration", id=code)
            case "open":
                self.do("retreatOpen", id=code)
            case "conclude":
                self.do("retreatConclude", id=code)
            case "report":
                self.do("retreatIssueSummaryReport", id=code, **REPORT)
            case "postpone":
                self.do("retreatPostpone", id=code)
            case "resume":
                self.do("retreatResume", id=code, startsOn="2031-07-01", endsOn="2031-07-02")
            case "cancel":
                self.do("retreatCancel", id=code)
            case _:
                raise AssertionError(step)

    def _registrations(self) -> None:
        self.do("sessionSchedule", retreat="R-OPEN", code="S-OPEN", **_hour(9))
        for n in (1, 2):
            self.do("retreatPublishAgenda", id="R-OPEN", sessions=[_entry(n)], changeNote="Another hour.")
        self.do("registrationGrantException", retreat="R-OPEN", organization="UNODC", category="DELEGATE", seats=20)
        for end in ("Decline", "Reject", "Withdraw", "Confirm"):
            self.do(f"registration{end}", id=self._registered("R-OPEN"))
        self._registered("R-OPEN")
        self.do("registrationSubstitute", id=self._registered("R-OPEN"), person=self.person())
        self.do("registrationChangeMode", id=self._registered("R-OPEN"), mode="VIRTUAL")
        back = self._registered("R-OPEN")
        self.do("registrationWithdraw", id=back)
        self.do("registrationReinstate", id=back)
        for _ in range(6):
            waiting = self._registered("R-FULL", category="SECRETARIAT", organization="UNOCT")
        del waiting
        self.do("registrationSkipWaiting", id=self.of("Registration")[-3].id)
        self.do("registrationPromote", retreat="R-FULL", mode="IN_PERSON")
        self.do("retreatOpenRegistration", id="R-CLOSED", deadline=DEADLINE)
        ended = [self._registered("R-CLOSED") for _ in range(2)]
        self.do("retreatCloseRegistration", id="R-CLOSED")
        for one in ended:
            self.do("registrationWithdraw", id=one)
        self.do("registrationAdmitLate", registration=ended[0])
        self.speaker, self.guest, self.excused, withdrawn = (
            self._registered("R-SESSION", organization=organization)
            for organization in ("UNODC", "UNDP", "UNDP", "UNODC")
        )
        for one in (self.speaker, self.guest, self.excused):
            self.do("registrationConfirm", id=one)
        self.do("registrationWithdraw", id=withdrawn)

    def _registered(self, retreat: str, *, category: str = "DELEGATE", organization: str = "UNODC") -> str:
        """Nominate somebody new; answers the registration's global id."""
        nomination: Fields = {
            "organization": organization,
            "category": category,
            "mode": "IN_PERSON",
            "person": self.person(),
        }
        id: str = self.do("registrationNominate", retreat=retreat, **nomination)["registration"]["id"]
        self.add("Registration", str(GlobalId.parse(id).key), name=id)
        return id

    def _sessions(self) -> None:
        """One session in each state, all with the same speaker and all but the first held with a record."""
        self.do("sessionSchedule", retreat="R-PLANNED", code="S-SECRET", **_hour(9))
        self.add("Session", "S-SECRET", is_secret=True)
        self.do("retreatOpen", id="R-SESSION")
        for hour, (code, *steps) in enumerate(
            (
                ("S-SCHEDULED",),
                ("S-RUNNING", "start"),
                ("S-CONCLUDED", "start", "conclude"),
                ("S-APPROVED", "start", "conclude", "approve"),
                ("S-CANCELLED", "cancel"),
            ),
            start=10,
        ):
            self.do("sessionSchedule", retreat="R-SESSION", code=code, **_hour(hour))
            says = self._prepared(code)
            for step in steps:
                says |= self._held(code, step)
            self.add("Session", code, **says)
        self.do("registrationRecordAttendance", id=self.speaker, session="S-RUNNING", mode="VIRTUAL")
        self.do("registrationExcuse", id=self.excused, session="S-RUNNING")

    def _prepared(self, code: str) -> Fields:
        self.do("sessionReschedule", id=code, room=f"Room of {code}", **_times(_hour(9 + len(self.of("Session")))))
        self.do("sessionSetObjectives", id=code, objectives=["Name the gaps."])
        for mutation in ("sessionDeclineInvitation", "sessionWithdrawSpeaker"):
            self._invited(code, self.guest)
            self.do(mutation, id=code, registration=self.guest)
        self._invited(code, self.speaker)
        return {"registration": self.speaker}

    def _invited(self, code: str, registration: str) -> None:
        self.do("sessionInviteSpeaker", id=code, registration=registration, order=1, minutes=5, mode="IN_PERSON")

    def _held(self, code: str, step: str) -> Fields:
        match step:
            case "start":
                return self._recorded(code)
            case "conclude":
                self.do("sessionConclude", id=code)
            case "approve":
                self.do("sessionApproveRecord", id=code)
                self.do("sessionCorrectRecord", id=code, text="The second paragraph reads otherwise.")
            case "cancel":
                self.do("sessionCancel", id=code)
            case _:
                raise AssertionError(step)
        return {}

    def _recorded(self, code: str) -> Fields:
        self.do("sessionStart", id=code)
        spoken = self.do("sessionRecordIntervention", id=code, organization="UNODC", text="We need more staff.")
        about: Fields = {"region": "WEST-AFRICA", "workingGroup": "NRCTS"}
        gap = f"GAP-{code}"
        voiced: Fields = {"severity": "HIGH", "description": "No staff.", "voicedBy": "ECOWAS"}
        self.do("sessionIdentifyCapacityGap", id=code, code=gap, **about, **voiced)
        self.do("sessionCorrectCapacityGap", id=code, code=gap, severity="LOW")
        self.do("sessionHighlightGoodPractice", id=code, code=f"GP-{code}", **about, model="Joint training.")
        self.do("sessionRaisePriority", id=code, title="Staff")
        if code == "S-APPROVED":
            self.do("sessionAcceptInvitation", id=code, registration=self.speaker)
            self.do("sessionAssignModerator", id=code, registration=self.speaker)
            self.do("sessionAssignRapporteur", id=code, registration=self.speaker)
            self.do("sessionIdentifyCapacityGap", id=code, code="GAP-CLOSED", **about, **voiced)
            self.do("sessionCloseCapacityGap", id=code, code="GAP-CLOSED")
        return {"gap": gap, "intervention": spoken["intervention"]["id"]}

    def _recommendations(self) -> None:
        """Each recommendation by its path through its states."""
        for code, *steps in (
            ("REC-PROPOSED",),
            ("REC-AMENDED", "amend", "review"),
            ("REC-REVIEW", "review", "respond"),
            ("REC-DEFERRED", "review", "defer", "announce"),
            ("REC-REFERRED", "review", "refer", "announce"),
            ("REC-RETURNED", "review", "refer", "announce", "return"),
            ("REC-DECLINED", "review", "decline", "announce"),
            ("REC-WITHDRAWN", "review", "withdraw"),
            ("REC-SILENT", "review", "silence"),
            ("REC-OBJECTED", "review", "silence", "object"),
            ("REC-CALLED-OFF", "review", "silence", "object", "take back", "silence", "call off"),
            ("REC-SUPERSEDED", "review", "supersede"),
            ("REC-MERGED", "merge"),
            ("REC-OVERTAKEN", "review", "overtaken"),
            ("REC-UNANNOUNCED", "review", "adopt"),
            ("REC-ADOPTED", "review", "adopt", "announce"),
            ("REC-ADAPTED", "review", "amend", "adopt amended", "announce"),
            ("REC-STEPS", "review", "adopt", "announce", "assign", "steps"),
            ("REC-ASSIGNED", "review", "adopt", "announce", "assign"),
            ("REC-IN-PROGRESS", "review", "adopt", "announce", "assign", "progress"),
            ("REC-IMPLEMENTED", "review", "adopt", "announce", "assign", "progress", "claim"),
            ("REC-CONTESTED", "review", "adopt", "announce", "assign", "progress", "claim", "contest"),
            ("REC-SETTLED", "review", "adopt", "announce", "assign", "progress", "claim", "contest", "settle"),
            ("REC-VERIFIED", "review", "adopt", "announce", "assign", "progress", "claim", "verify"),
            ("REC-REOPENED", "review", "adopt", "announce", "assign", "progress", "claim", "reopen"),
        ):
            self.do("recommendationPropose", by=self.unodc, code=code, **PROPOSAL)
            for step in steps:
                self._recommendation(code, step)
            query = "query ($c: Code!) { recommendation(code: $c) { decision followUp } }"
            stands = self.officer.ask(query, c=code)["recommendation"]
            says: Fields = {"number": f"D-{code}", "textVersion": 1 + ("amend" in steps)}
            closed = stands["followUp"] or stands["decision"]
            if closed in ("NOT_ADOPTED", "WITHDRAWN", "IMPLEMENTED", "VERIFIED"):
                says["closedAs"] = closed
            if steps[-1:] in (["supersede"], ["merge"], ["overtaken"]):
                says["closedAs"] = {"supersede": "SUPERSEDED", "merge": "MERGED"}.get(steps[-1], "OVERTAKEN")
            self.add("Recommendation", code, **says)

    def _recommendation(self, code: str, step: str) -> None:
        decided = act(f"D-{code}")
        match step:
            case "amend":
                self.do("recommendationAmend", by=self.unodc, id=code, text="Designate two.")
            case "review":
                self.do("recommendationPutUnderReview", id=code, body="CC", meeting="CC-2031-05")
            case "respond":
                self.do("recommendationRespond", by=self.unodc, id=code, textVersion=1, response="SUPPORTED")
            case "silence":
                self.do("recommendationStartSilence", id=code, **proposition(f"D-{code}"))
            case "object":
                self.do("recommendationObject", by=self.unodc, id=code)
            case "take back":
                self.do("recommendationWithdrawObjection", by=self.unodc, id=code)
            case "call off":
                self.do("recommendationEndSilence", id=code)
            case "steps":
                for n in (1, 2):
                    milestone: Fields = {"code": f"M-{n}", "title": f"Step {n}", "dueOn": "2031-10-31"}
                    self.do("recommendationSetMilestone", by=self.unodc, id=code, **milestone)
                    hindrance: Fields = {"kind": "RESOURCES", "text": "No staff."}
                    self.do("recommendationReportObstacle", by=self.unodc, id=code, **hindrance)
                self.do("recommendationCompleteMilestone", by=self.unodc, id=code, milestone="M-2", evidence=["A list"])
                self.do("recommendationResolveObstacle", by=self.unodc, id=code, obstacle=2, resolution="Hired.")
            case "supersede":
                self.do("recommendationSupersede", id=code, successor="REC-PROPOSED")
            case "merge":
                self.do("recommendationMerge", id=code, into="REC-PROPOSED")
            case "overtaken":
                self.do("recommendationMarkOvertaken", id=code)
            case "defer":
                self.do("recommendationDefer", id=code, act=decided, toMeeting="CC-2031-09")
            case "refer":
                self.do("recommendationRefer", id=code, act=decided, toBody="NRCTS")
            case "return":
                self.do("recommendationReturnFromReferral", id=code)
            case "decline":
                self.do("recommendationDeclineToAdopt", id=code, act=decided)
            case "withdraw":
                self.do("recommendationWithdraw", by=self.unodc, id=code)
            case "adopt":
                self.do("recommendationAdopt", id=code, act=decided, textVersion=1, assessment=ASSESSMENT)
            case "adopt amended":
                self.do("recommendationAdopt", id=code, act=decided, textVersion=2, assessment=ASSESSMENT)
            case "announce":
                self.do("recommendationAnnounce", id=code, number=f"D-{code}")
            case "assign":
                self.do("recommendationAssign", id=code, lead="UNDP", dueOn="2031-11-30")
                self.do("recommendationReassign", id=code, lead="UNODC", partners=["UNDP"])
                self.do("recommendationChangeDueDate", id=code, dueOn="2031-12-15")
            case "progress":
                self.do("recommendationReportProgress", by=self.unodc, id=code, text="Six have answered.")
            case "claim":
                done: Fields = {"actionTaken": "All have answered.", "evidence": ["The list"]}
                self.do("recommendationClaimImplementation", by=self.unodc, id=code, **done)
            case "contest":
                self.do("recommendationContestClaim", id=code, onBehalfOf="ECOWAS")
            case "settle":
                self.do("recommendationAnswerContest", by=self.unodc, id=code, contest="ECOWAS", answer="They have.")
                self.do("recommendationWithdrawContest", id=code, contest="ECOWAS", onBehalfOf="ECOWAS")
            case "verify":
                self.do("recommendationVerify", id=code)
            case "reopen":
                self.do("recommendationReopen", id=code, closedAs="IMPLEMENTED")
            case _:
                raise AssertionError(step)

    def _focal_points(self) -> None:
        """Each focal point in a region of its own; the term of one ends before the world is looked at."""
        for region, *steps in (
            ("EAST-AFRICA",),
            ("WEST-AFRICA", "confirm", "prepare"),
            ("SOUTHERN-AFRICA", "decline"),
            ("MIDDLE-AFRICA", "confirm", "vacate"),
            ("NORTHERN-AFRICA", "confirm", "handOver"),
            ("CARIBBEAN", "confirm", "end"),
        ):
            term: Fields = {"startsOn": "2031-05-01", "endsOn": "2031-05-02" if "end" in steps else "2032-04-30"}
            found = self.do(
                "focalPointNominate",
                organization="AU",
                person=self.person(),
                regions=[region],
                nominationLetter="AU/2031/17",
                **term,
            )["focalPoint"]
            says: Fields = {}
            for step in steps:
                says |= self._focal_point(found["id"], step)
            self.add("FocalPoint", str(GlobalId.parse(found["id"]).key), name=found["id"], **says)

    def _focal_point(self, id: str, step: str) -> Fields:
        match step:
            case "confirm":
                self.do("focalPointConfirm", id=id)
            case "prepare":
                for _ in range(2):
                    shown = self.do("focalPointDesignateAlternate", id=id, person=self.person())["focalPoint"]
                first, second = (alternate["subject"] for alternate in shown["alternates"])
                self.do("focalPointRemoveAlternate", id=id, alternate=first)
                self.do("focalPointUpdateContact", id=id, person=self.person())
                self.do("focalPointExtendTerm", id=id, endsOn="2032-05-31")
                return {"alternate": second}
            case "decline" | "vacate":
                self.do(f"focalPoint{step.title()}", id=id)
            case "handOver":
                self.do("focalPointHandOver", id=id, successor=self.person())
            case "end":
                pass
            case _:
                raise AssertionError(step)
        return {}

    def _rotations(self) -> None:
        """Each rotation by the day of its first turn, which comes before the world is looked at unless it is on offer,
        and by its path through its states."""
        for code, day, *steps in (
            ("ROT-OFFERED", "2031-05-24"),
            ("ROT-SETTLED", "2031-05-03", "decline", "skip", "accept", "propose", "agree", "propose"),
            ("ROT-SECRETARIAT", "2031-05-03", "decline", "decline", "decline", "join", "offer", "accept", "leave"),
            ("ROT-ENDED", "2031-05-03", "accept", "propose", "agree", "propose", "end"),
        ):
            members = [{"organization": one, "region": "WEST-AFRICA"} for one in ("ECOWAS", "AU", "UNODC")]
            cadence: Fields = {
                "rule": "FREQ=WEEKLY",
                "firstAt": f"{day}T10:00:00-04:00",
                "zone": "America/New_York",
            }
            self.do("rotationEstablish", code=code, names={"en": code}, members=members, **cadence)
            for step in steps:
                self._rotation(code, step)
            self.add("Rotation", code, asked="ECOWAS", member="UNODC", newcomer="UNDP")

    def _rotation(self, code: str, step: str) -> None:
        query = "query ($c: Code!) { rotation(code: $c) { forecast { turn host { code } } } }"
        first, mine, theirs, *_ = self.officer.ask(query, c=code)["rotation"]["forecast"]
        match step:
            case "decline" | "skip" | "accept":
                self.do(f"rotation{step.title()}", id=code, turn=1, organization=first["host"]["code"])
            case "propose":
                swap: Fields = {"turn": mine["turn"], "forTurn": theirs["turn"]}
                self.do("rotationProposeSwap", id=code, organization=mine["host"]["code"], **swap)
            case "agree":
                self.do("rotationConsentSwap", id=code, swap=1)
            case "join":
                self.do("rotationJoin", id=code, organization="UNDP", region="WEST-AFRICA")
            case "offer":
                self.do("rotationOffer", id=code, turn=1)
            case "leave":
                self.do("rotationLeave", id=code, organization="AU")
            case "end":
                self.do("rotationEnd", id=code)
            case _:
                raise AssertionError(step)

    def _meetings(self) -> None:
        """Each meeting by its path through its states, with an item, and action points once it sits."""
        for hour, (code, *steps) in enumerate(
            (
                ("M-CONVENED", "prepare"),
                ("M-SITTING", "start"),
                ("M-CONCLUDED", "start", "dispose", "conclude"),
                ("M-FINAL", "start", "dispose", "conclude", "final"),
                ("M-CANCELLED", "cancel"),
            ),
            start=9,
        ):
            times = _times(_hour(hour))
            meeting: Fields = {"kind": "COMMITTEE_MEETING", "title": code, "body": "CC", "zone": "America/New_York"}
            self.do("coordinationMeetingConvene", code=code, **meeting, **times)
            self.do("coordinationMeetingAddItem", id=code, code="ITEM-1", title="The first matter")
            says: Fields = {"item": "ITEM-1"}
            for step in steps:
                says |= self._meeting(code, step)
            self.add("CoordinationMeeting", code, **says)

    def _meeting(self, code: str, step: str) -> Fields:
        match step:
            case "prepare":
                self.do("coordinationMeetingInvite", id=code, organizations=["AU"])
                self.do("coordinationMeetingReschedule", id=code, place="Room 4", **_times(_hour(8)))
            case "start":
                self.do("coordinationMeetingStart", id=code)
                attending: Fields = {"organization": "AU", "person": {"details": self.person()}}
                self.do("coordinationMeetingRecordAttendance", id=code, **attending)
                decided: Fields = {"number": "D-1", "text": "It was agreed.", "method": "CONSENSUS"}
                self.do("coordinationMeetingRecordDecision", id=code, **decided)
                for action in ("AP-1", "AP-2", "AP-3"):
                    agreed: Fields = {"text": "Draft it.", "organization": "AU", "dueOn": "2031-05-03"}
                    self.do("coordinationMeetingAgreeAction", id=code, code=action, **agreed)
                self.do("coordinationMeetingCompleteAction", id=code, code="AP-2", evidence=["The draft"])
                self.do("coordinationMeetingDropAction", id=code, code="AP-3")
                return {"action": "AP-1"}
            case "dispose":
                disposal: Fields = {"item": "ITEM-1", "disposition": "DROPPED", "reason": "It is settled."}
                self.do("coordinationMeetingDisposeItem", id=code, **disposal)
            case "conclude":
                self.do("coordinationMeetingConclude", id=code)
            case "final":
                self.do("coordinationMeetingFinalizeMinutes", id=code)
                self.do("coordinationMeetingCorrectMinutes", id=code, notes="A name was misspelt.")
            case "cancel":
                self.do("coordinationMeetingCancel", id=code)
            case _:
                raise AssertionError(step)
        return {}

    def _initiatives(self) -> None:
        """Each initiative by its path through its states; one that all others overlap with, and one that is secret."""
        for code, *steps in (
            ("INI-OTHER",),
            ("INI-PIPELINE", "revise", "review"),
            ("INI-IMPLEMENTED", "begin", "measure"),
            ("INI-FINALISED", "begin", "measure", "finish"),
            ("INI-CLOSED", "begin", "measure", "finish", "conclude"),
            ("INI-SUSPENDED", "begin", "measure", "suspend"),
            ("INI-RESUMED", "suspend", "resume", "leave"),
            ("INI-CANCELLED", "begin", "measure", "cancel"),
            ("INI-SECRET",),
        ):
            lead, is_secret = ("UNDP" if code == "INI-OTHER" else "UNODC"), code == "INI-SECRET"
            visibility = "RESTRICTED" if is_secret else "COMPACT"
            self.do("initiativeRegister", code=code, lead=lead, visibility=visibility, **INITIATIVE)
            self.do("initiativeDefineIndicator", id=code, code=f"IND-{code}", **INDICATOR)
            if lead == "UNODC":
                partner: Fields = {"organization": "UNDP", "stage": "CO_DESIGN", "role": "IMPLEMENTING"}
                self.do("initiativeJoinPartner", id=code, **partner)
            for step in steps:
                self._initiative(code, step)
            next_status = "FINALISATION" if code == "INI-IMPLEMENTED" else "IMPLEMENTATION"
            self.add("Initiative", code, is_secret=is_secret, indicator=f"IND-{code}", next=next_status)
        gaps = [f"GAP-{code}" for code in ("S-APPROVED", "S-CONCLUDED", "S-RUNNING")]
        found: Fields = {"region": "WEST-AFRICA", "workingGroup": "NRCTS", "gaps": gaps}
        self.do("initiativeReviewGap", **found, outcome="ACCEPTED")

    def _initiative(self, code: str, step: str) -> None:
        match step:
            case "revise":
                self.do("initiativeRevise", id=code, endsOn="2032-04-30")
                self.do("initiativeAnswerGap", id=code, gap="GAP-S-APPROVED")
                self.do("initiativeCarryOut", id=code, recommendation="REC-ASSIGNED")
                self.do("initiativeJoinIndicator", id=code, indicator="IND-INI-OTHER")
            case "review":
                self.do("initiativeReviewOverlap", id=code, other="INI-OTHER", outcome="JUSTIFIED")
            case "begin":
                self.do("initiativeChangeStatus", id=code, status="IMPLEMENTATION")
            case "measure":
                april: Fields = {"indicator": f"IND-{code}", "period": "2031-04"}
                self.do("initiativeReportMeasurement", by=self.unodc, id=code, **april, value="6")
                self.do("initiativeClosePeriod", id=code, **april)
                self.do("initiativeCorrectMeasurement", by=self.unodc, id=code, **april, value="5")
            case "finish":
                self.do("initiativeChangeStatus", id=code, status="FINALISATION")
            case "conclude":
                self.do("initiativeConclude", id=code, evaluation="Half of what was meant.")
            case "suspend" | "resume" | "cancel":
                self.do(f"initiative{step.title()}", id=code)
            case "leave":
                self.do("initiativeLeavePartner", id=code, organization="UNDP", stage="CO_DESIGN")
            case _:
                raise AssertionError(step)

    def as_person(self, subject: str) -> Client:
        return self.service.of(Identity(subject=UUID(subject)))


def act(number: str) -> Fields:
    """A decision of the Coordination Committee."""
    return {
        "body": "CC",
        "meeting": "CC-2031-05",
        "number": number,
        "decidedOn": "2031-05-01",
        "method": "CONSENSUS",
    }


def proposition(number: str) -> Fields:
    """What the Coordination Committee puts to its members in silence."""
    return {
        "body": "CC",
        "meeting": "CC-2031-05",
        "number": number,
        "textVersion": 1,
        "assessment": ASSESSMENT,
        "deadline": "2031-06-20T10:00:00-04:00",
    }


def _hour(n: int) -> Fields:
    """A session on the first day, from a full hour to the next."""
    times = {"startsAt": f"2031-06-25T{n:02}:00:00-04:00", "endsAt": f"2031-06-25T{n:02}:55:00-04:00"}
    return {"title": f"Session at {n}", "kind": "THEMATIC", **times}


def _times(session: Fields) -> Fields:
    return {name: session[name] for name in ("startsAt", "endsAt")}


def _entry(n: int) -> Fields:
    return {"session": "S-OPEN", "title": "Opening", **_times(_hour(9 + n))}


def key_of(key: str) -> UUID | str:
    try:
        return UUID(key)
    except ValueError:
        return key
