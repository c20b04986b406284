"""Sessions through the API: the programme, those who speak in it, and the record of what was said and found lacking."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import pytest

from compact_domain.kernel import NAMESPACE, Role
from compact_infra import Identity, Settings
from tests.client import Client
from tests.conftest import Service, running

START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
RETREAT = "CTCR-2031"
PLAN = {
    "series": "Counter-Terrorism Compact Retreat",
    "edition": 7,
    "title": "Counter-Terrorism Compact Retreat",
    "theme": "Strengthening partnerships with regional organizations",
    "startsOn": "2031-06-25",
    "endsOn": "2031-06-26",
    "zone": "America/New_York",
    "logistics": {"format": "HYBRID", "contact": "GlobalCompact-committee@un.org"},
}
SPEAKER = "edges { node { order minutes mode invitation answeredOn organization { code } person { name email } } }"
GAPS = "totalCount edges { node { code region { code } severity open } }"
rooms = (f"Room {n}" for n in itertools.count(1))
codes = (f"TS-{n}" for n in itertools.count(1))


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A demonstration in which a retreat was announced in March 2031 and registration is open."""
    with running(new_settings(demonstration=True)) as started:
        started.compact.store.set_clock(START)
        for code, kind, status in (
            ("ECOWAS", "REGIONAL_ORGANIZATION", "NONE"),
            ("SCO", "REGIONAL_ORGANIZATION", "NONE"),
            ("UNODC", "UN_ENTITY", "MEMBER"),
            ("UNOCT", "UN_ENTITY", "MEMBER"),
        ):
            started.officer.do(
                "organizationRegister",
                {"code": code, "names": {"en": code}, "kind": kind, "compactStatus": status},
            )
        announced(started.officer, RETREAT)
        yield started


@pytest.fixture(scope="module")
def people(service: Service) -> dict[str, str]:
    """Registrations by name: an expert in person, a delegate over video, and one of the secretariat."""
    return {
        "amina": registered(service, "amina", "UNODC", "REPRESENTATIVE", "IN_PERSON"),
        "bakari": registered(service, "bakari", "UNODC", "DELEGATE", "VIRTUAL"),
        "chen": registered(service, "chen", "UNOCT", "SECRETARIAT", "IN_PERSON"),
    }


@pytest.fixture(scope="module")
def under_way(service: Service, people: dict[str, str]) -> None:
    """The retreat is in session, with everybody registered who is to come."""
    service.officer.do("retreatOpen", {"id": RETREAT})


@pytest.fixture
def officer(service: Service) -> Client:
    return service.officer


@pytest.fixture
def reader(service: Service) -> Client:
    return service.as_(Role.READER)


@pytest.fixture
def unodc(service: Service) -> Client:
    return service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC")


def announced(officer: Client, code: str) -> str:
    officer.do("retreatPlan", {"code": code, **PLAN})
    officer.do("retreatAnnounce", {"id": code})
    officer.do("retreatSetSeatRules", {"id": code, "inPersonPlaces": 100})
    officer.do("retreatOpenRegistration", {"id": code, "deadline": "2031-06-20T23:59:00-04:00"})
    return code


def registered(service: Service, name: str, organization: str, category: str, mode: str) -> str:
    """Register somebody for the retreat; answers the registration's id."""
    done = service.officer.do(
        "registrationNominate",
        {
            "retreat": RETREAT,
            "expectedVersion": None,
            "organization": organization,
            "category": category,
            "mode": mode,
            "person": {"name": name.title(), "email": f"{name}@example.org", "phone": "+12125550100"},
        },
        select="registration { id }",
    )
    id: str = done["registration"]["id"]
    service.officer.do("registrationConfirm", {"id": id})
    return id


def at(clock: str) -> str:
    """An instant of the first day, as clocks in New York show it."""
    return f"2031-06-25T{clock}:00-04:00"


def programme(code: str | None = None, **changed: Any) -> dict[str, Any]:
    """A session to schedule: in a room of its own, on the first morning."""
    return {
        "retreat": RETREAT,
        "expectedVersion": None,
        "code": code or next(codes),
        "title": "Understanding capacity building challenges at the regional level",
        "kind": "THEMATIC",
        "startsAt": at("10:00"),
        "endsAt": at("12:00"),
        "room": next(rooms),
        **changed,
    }


def scheduled(officer: Client, code: str | None = None, **changed: Any) -> str:
    given = programme(code, **changed)
    officer.do("sessionSchedule", given)
    found: str = given["code"]
    return found


def invite(officer: Client, session: str, registration: str, **changed: Any) -> dict[str, Any]:
    return officer.give(
        "sessionInviteSpeaker",
        {"id": session, "registration": registration, "order": 1, "minutes": 10, "mode": "VIRTUAL", **changed},
    )


def begun(officer: Client, **changed: Any) -> str:
    """A session under way, virtual, so that it needs no room."""
    session = scheduled(officer, room=None, **changed)
    officer.do("sessionStart", {"id": session})
    return session


def gap(code: str, region: str, **changed: Any) -> dict[str, Any]:
    return {
        "code": code,
        "region": region,
        "workingGroup": "BMLE",
        "severity": "HIGH",
        "description": "No shared watch list at land borders.",
        "voicedBy": "ECOWAS",
        **changed,
    }


def details(answer: dict[str, Any]) -> dict[str, str]:
    """The numbers behind a refusal."""
    return {detail["name"]: detail["value"] for detail in answer["details"]}


def speakers(client: Client, session: str) -> list[dict[str, Any]]:
    found = client.ask(f"query ($c: Code!) {{ session(code: $c) {{ speakers {{ {SPEAKER} }} }} }}", c=session)
    return [edge["node"] for edge in found["session"]["speakers"]["edges"]]


# --- the programme


def test_a_session_is_scheduled_with_its_objectives_and_regions(officer: Client, reader: Client) -> None:
    session = scheduled(officer, room="Conference Room 8")
    officer.do(
        "sessionSetObjectives",
        {
            "id": session,
            "objectives": ["Name the capacity gaps of each region.", "Share models that can be replicated."],
            "regions": ["WEST-AFRICA", "EAST-AFRICA"],
        },
    )
    found = reader.ask(
        "query ($c: Code!) { session(code: $c) { code kind state room startsAt endsAt zone localStart localEnd"
        ' objectives attributed version regions { code name(language: "fr") } retreat { code } moderator {'
        " person { name } } } }",
        c=session,
    )
    assert found["session"] == {
        "code": session,
        "kind": "THEMATIC",
        "state": "SCHEDULED",
        "room": "Conference Room 8",
        "startsAt": "2031-06-25T14:00:00Z",
        "endsAt": "2031-06-25T16:00:00Z",
        "zone": "America/New_York",
        "localStart": "2031-06-25T10:00-04:00",
        "localEnd": "2031-06-25T12:00-04:00",
        "objectives": ["Name the capacity gaps of each region.", "Share models that can be replicated."],
        "attributed": True,
        "version": 2,
        "regions": [
            {"code": "WEST-AFRICA", "name": "Afrique de l’Ouest"},
            {"code": "EAST-AFRICA", "name": "Afrique orientale"},
        ],
        "retreat": {"code": RETREAT},
        "moderator": None,
    }


def test_the_same_session_twice_is_one(officer: Client) -> None:
    given = programme()
    officer.do("sessionSchedule", given)
    assert officer.do("sessionSchedule", given)["events"] == []
    assert officer.refused("sessionSchedule", {**given, "title": "Another"}) == "code.taken"


def test_a_room_holds_one_session_at_a_time(officer: Client) -> None:
    first = scheduled(officer, room="Conference Room 4")
    clash = officer.give("sessionSchedule", programme(room=" conference  room 4", startsAt=at("11:55")))
    assert (clash["rule"], details(clash)["session"]) == ("session.room", first)
    after = scheduled(officer, room="Conference Room 4", startsAt=at("12:00"), endsAt=at("13:00"))
    earlier = {"id": after, "room": "Conference Room 4", "startsAt": at("11:00"), "endsAt": at("12:30")}
    clash = officer.give("sessionReschedule", earlier)
    assert (clash["rule"], details(clash)["session"]) == ("session.room", first)
    assert "sessionReschedule" in clash["allowed"]
    officer.do("sessionCancel", {"id": first, "reason": "merged into the next"})
    officer.do("sessionReschedule", earlier)


def test_a_session_sits_within_the_days_of_its_retreat(officer: Client) -> None:
    beyond = officer.give(
        "sessionSchedule", programme(startsAt="2031-06-26T23:30:00-04:00", endsAt="2031-06-27T00:30:00-04:00")
    )
    assert beyond["rule"] == "session.days"
    assert details(beyond)["ends_on"] == "2031-06-27"
    assert details(beyond)["retreat_ends_on"] == "2031-06-26"
    assert officer.refused("sessionSchedule", programme(endsAt=at("09:00"))) == "session.times"
    assert officer.refused("sessionSchedule", programme(startsAt=at("10:01"))) == "INVALID_INPUT"


def test_a_programme_is_made_by_the_secretariat(reader: Client, unodc: Client, officer: Client) -> None:
    assert reader.refused("sessionSchedule", programme()) == "FORBIDDEN"
    assert unodc.refused("sessionSetObjectives", {"id": scheduled(officer), "objectives": ["Mine."]}) == "FORBIDDEN"


def test_the_retreat_is_held_against_the_version_seen(officer: Client) -> None:
    version = officer.ask("query ($c: Code!) { retreat(code: $c) { version } }", c=RETREAT)["retreat"]["version"]
    stale = officer.give("sessionSchedule", programme(expectedVersion=version - 1))
    assert (stale["code"], stale["actual"]) == ("VERSION_CONFLICT", version)
    without = programme()
    del without["expectedVersion"]
    assert officer.refused("sessionSchedule", without) == "INVALID_INPUT"


def test_once_people_rely_on_an_agenda_a_session_moves_with_a_reason(officer: Client) -> None:
    retreat = announced(officer, "CTCR-MOVED")
    session = scheduled(officer, retreat=retreat)
    entry = {"session": session, "title": "Session", "startsAt": at("10:00"), "endsAt": at("12:00")}
    officer.do("retreatPublishAgenda", {"id": retreat, "sessions": [entry]})
    later = {"id": session, "startsAt": at("14:00"), "endsAt": at("15:00")}
    assert officer.refused("sessionReschedule", later) == "reason.required"
    officer.do("sessionReschedule", {**later, "reason": "the room is taken until two"})


def test_sessions_are_listed_in_the_order_of_the_programme(officer: Client, reader: Client) -> None:
    retreat = announced(officer, "CTCR-LISTED")
    for code, start in (("LATE", "15:00"), ("EARLY", "09:00"), ("MIDDLE", "11:00")):
        end = f"{int(start[:2]) + 1}:00"
        scheduled(officer, code, retreat=retreat, startsAt=at(start), endsAt=at(end))
    query = """query ($f: SessionFilter, $first: Int!, $after: String, $o: [SessionOrder!]) {
        sessions(filter: $f, first: $first, after: $after, orderBy: $o) {
          totalCount pageInfo { endCursor hasNextPage } edges { node { code } } } }"""
    wanted = {"f": {"retreat": {"eq": retreat}}}
    page = reader.ask(query, first=2, **wanted)["sessions"]
    assert ([e["node"]["code"] for e in page["edges"]], page["totalCount"]) == (["EARLY", "MIDDLE"], 3)
    rest = reader.ask(query, first=2, after=page["pageInfo"]["endCursor"], **wanted)["sessions"]
    assert ([e["node"]["code"] for e in rest["edges"]], rest["pageInfo"]["hasNextPage"]) == (["LATE"], False)
    titles = reader.ask(query, first=9, o=[{"field": "CODE", "direction": "DESC"}], **wanted)["sessions"]
    assert [e["node"]["code"] for e in titles["edges"]] == ["MIDDLE", "LATE", "EARLY"]
    afternoon = {**wanted["f"], "startsAt": {"from": at("14:00")}}
    assert reader.ask(query, first=9, f=afternoon)["sessions"]["totalCount"] == 1


def test_sessions_of_a_retreat_are_known_from_its_announcement_on(service: Service, officer: Client) -> None:
    reader = service.as_(Role.READER)
    officer.do("retreatPlan", {"code": "CTCR-SECRET", **PLAN})
    given = programme(retreat="CTCR-SECRET")
    session = scheduled(officer, **given)
    id = officer.ask("query ($c: Code!) { session(code: $c) { id } }", c=session)["session"]["id"]
    query = """query ($c: Code!, $id: ID!, $f: SessionFilter, $t: TrailFilter) {
        session(code: $c) { title } node(id: $id) { id } sessions(filter: $f) { totalCount }
        trail(filter: $t) { totalCount } head { position } }"""
    subject = str(uuid5(NAMESPACE, f"session:{session}"))
    asked = {"c": session, "id": id, "f": {"retreat": {"eq": "CTCR-SECRET"}}, "t": {"subject": subject}}
    hidden = reader.ask(query, **asked)
    assert hidden["session"] is None
    assert hidden["node"] is None
    assert (hidden["sessions"]["totalCount"], hidden["trail"]["totalCount"]) == (0, 0)
    assert officer.ask(query, **asked)["sessions"]["totalCount"] == 1
    officer.do("retreatAnnounce", {"id": "CTCR-SECRET"})
    assert service.compact.settle()
    shown = reader.ask(query, **asked)
    assert shown["node"] == {"id": id}
    assert (shown["sessions"]["totalCount"], shown["trail"]["totalCount"]) == (1, 2)
    assert officer.do("sessionSchedule", given)["events"] == []
    before = reader.ask(
        "query ($p: Position!, $c: Code!) { snapshot(at: {position: $p}) { session(code: $c) { title } } }",
        p=hidden["head"]["position"],
        c=session,
    )
    assert before["snapshot"]["session"] is None


# --- those who speak


def test_a_virtual_speaker_is_invited_and_accepts(
    officer: Client, unodc: Client, reader: Client, people: dict[str, str]
) -> None:
    session = scheduled(officer)
    assert invite(officer, session, people["bakari"], order=2)["__typename"].endswith("Payload")
    assert reader.refused("sessionAcceptInvitation", {"id": session, "registration": people["bakari"]}) == "FORBIDDEN"
    unodc.do("sessionAcceptInvitation", {"id": session, "registration": people["bakari"]})
    expected = {
        "order": 2,
        "minutes": 10,
        "mode": "VIRTUAL",
        "invitation": "ACCEPTED",
        "answeredOn": "2031-03-03",
        "organization": {"code": "UNODC"},
    }
    told = {**expected, "person": {"name": "Bakari", "email": "bakari@example.org"}}
    assert speakers(officer, session) == [told]
    assert speakers(unodc, session) == [told]
    assert speakers(reader, session) == [{**expected, "person": {"name": None, "email": None}}]


def test_a_speaker_is_in_one_session_at_a_time(officer: Client, people: dict[str, str]) -> None:
    first = scheduled(officer, startsAt=at("17:00"), endsAt=at("18:00"))
    second = scheduled(officer, startsAt=at("17:30"), endsAt=at("18:30"))
    assert "rule" not in invite(officer, first, people["amina"], mode="IN_PERSON")
    clash = invite(officer, second, people["amina"], mode="IN_PERSON")
    assert (clash["rule"], details(clash)["session"]) == ("session.speaker", first)
    withdraw = {"id": first, "registration": people["amina"]}
    assert officer.refused("sessionWithdrawSpeaker", withdraw) == "reason.required"
    officer.do("sessionWithdrawSpeaker", {**withdraw, "reason": "needed in the other session"})
    assert "rule" not in invite(officer, second, people["amina"], mode="IN_PERSON")
    later = {"id": first, "startsAt": at("18:30"), "endsAt": at("19:00")}
    officer.do("sessionReschedule", later)
    assert "rule" not in invite(officer, first, people["amina"], mode="IN_PERSON", order=4)
    assert [(s["order"], s["invitation"]) for s in speakers(officer, first)] == [(4, "INVITED")]


def test_a_speaker_declines_and_tells_only_those_concerned_why(
    service: Service, officer: Client, unodc: Client, people: dict[str, str]
) -> None:
    session = scheduled(officer, startsAt=at("08:00"), endsAt=at("09:00"))
    invite(officer, session, people["amina"], mode="IN_PERSON")
    answer = {"id": session, "registration": people["amina"]}
    assert unodc.refused("sessionDeclineInvitation", answer) == "reason.required"
    unodc.do("sessionDeclineInvitation", {**answer, "reason": "in hospital that week"})
    assert officer.refused("sessionAcceptInvitation", answer) == "session.invitation"
    query = "query ($c: Code!) { session(code: $c) { history(first: 100) { edges { node { type reason } } } } }"

    def why(client: Client) -> str | None:
        last: dict[str, Any] = client.ask(query, c=session)["session"]["history"]["edges"][-1]["node"]
        assert last["type"] == "session.invitation_declined"
        reason: str | None = last["reason"]
        return reason

    assert why(officer) == why(unodc) == "in hospital that week"
    assert why(service.as_(Role.READER)) is None
    assert why(service.as_(Role.ENTITY_REPRESENTATIVE, "ECOWAS")) is None


def test_only_who_is_registered_speaks_and_in_person_only_who_comes(officer: Client, people: dict[str, str]) -> None:
    session = scheduled(officer, startsAt=at("20:00"), endsAt=at("21:00"))
    in_person = invite(officer, session, people["bakari"], mode="IN_PERSON")
    assert (in_person["rule"], details(in_person)) == ("session.speaker_mode", {"registered": "virtual"})
    assert officer.refused("sessionAssignModerator", {"id": session, "registration": "ECOWAS"}) == "NOT_FOUND"
    organization = officer.ask('{ organization(code: "ECOWAS") { id } }')["organization"]["id"]
    assert invite(officer, session, organization)["code"] == "INVALID_INPUT"


def test_a_guest_speaks_in_the_sessions_he_or_she_was_nominated_for(officer: Client) -> None:
    named, other = scheduled(officer), scheduled(officer)
    done = officer.do(
        "registrationNominate",
        {
            "retreat": RETREAT,
            "expectedVersion": None,
            "organization": "ECOWAS",
            "category": "GUEST_SPEAKER",
            "mode": "VIRTUAL",
            "person": {"name": "Fatou", "email": "fatou@example.org"},
            "sessions": [named],
        },
        select="registration { id }",
    )
    guest = done["registration"]["id"]
    refused = invite(officer, other, guest)
    assert (refused["rule"], details(refused)["nominated_for"]) == ("session.guest_speaker", named)
    assert "rule" not in invite(officer, named, guest)


def test_more_minutes_than_the_session_lasts_are_warned_of(officer: Client, people: dict[str, str]) -> None:
    session = scheduled(officer, startsAt=at("06:00"), endsAt=at("07:00"))
    assert invite(officer, session, people["amina"], mode="IN_PERSON", minutes=90)["warnings"] == ["session.minutes"]


def test_the_speakers_of_a_retreat_are_listed_session_by_session(service: Service, people: dict[str, str]) -> None:
    officer = service.officer
    early = scheduled(officer, startsAt="2031-06-26T09:00:00-04:00", endsAt="2031-06-26T10:00:00-04:00")
    late = scheduled(officer, startsAt="2031-06-26T11:00:00-04:00", endsAt="2031-06-26T12:00:00-04:00")
    invite(officer, late, people["amina"], order=1)
    invite(officer, late, people["bakari"], order=2)
    invite(officer, early, people["bakari"], order=5)
    query = """query ($f: SpeakerFilter, $first: Int!, $after: String) {
        speakers(retreat: "CTCR-2031", filter: $f, first: $first, after: $after) { totalCount pageInfo { endCursor }
          edges { node { order session { code } registration { id } } } } }"""
    wanted = {"session": {"in": [early, late]}}
    page = officer.ask(query, f=wanted, first=2)["speakers"]
    rest = officer.ask(query, f=wanted, first=2, after=page["pageInfo"]["endCursor"])["speakers"]
    assert page["totalCount"] == 3
    assert [(e["node"]["session"]["code"], e["node"]["order"]) for e in [*page["edges"], *rest["edges"]]] == [
        (early, 5),
        (late, 1),
        (late, 2),
    ]
    assert rest["edges"][0]["node"]["registration"]["id"] == people["bakari"]
    unodc_virtual = {"organization": {"eq": "UNODC"}, "mode": {"eq": "VIRTUAL"}, **wanted}
    assert officer.ask(query, f=unodc_virtual, first=9)["speakers"]["totalCount"] == 3
    assert officer.ask(query, f={"invitation": {"eq": "WITHDRAWN"}, **wanted}, first=9)["speakers"]["totalCount"] == 0
    hidden = service.as_(Role.READER).ask(query, f=wanted, first=1)["speakers"]["edges"][0]["node"]
    assert hidden == {"order": 5, "session": {"code": early}, "registration": None}


# --- the record


@pytest.mark.usefixtures("under_way")
class TestTheRecord:
    """What is said is recorded while the retreat is in session."""

    def test_a_session_starts_while_its_retreat_is_held(self, officer: Client) -> None:
        elsewhere = scheduled(officer, retreat=announced(officer, "CTCR-AHEAD"))
        refused = officer.give("sessionStart", {"id": elsewhere})
        assert (refused["rule"], details(refused)["retreat_state"]) == ("session.retreat", "registration_open")
        session = begun(officer)
        assert officer.do("sessionStart", {"id": session})["events"] == []
        assert officer.refused("sessionSetObjectives", {"id": session, "objectives": ["Late."]}) == "state"

    def test_an_intervention_is_named_or_not_and_read_once_the_record_is_approved(
        self, service: Service, officer: Client, unodc: Client, reader: Client, people: dict[str, str]
    ) -> None:
        session = begun(officer)
        named = {"id": session, "organization": "UNODC", "speaker": people["amina"], "text": "We offer training."}
        done = officer.do(
            "sessionRecordIntervention", named, select="intervention { attributed organization { code } text }"
        )
        assert done["intervention"] == {
            "attributed": True,
            "organization": {"code": "UNODC"},
            "text": "We offer training.",
        }
        unnamed = {"id": session, "organization": "SCO", "text": "Some pledges stayed on paper.", "attributed": False}
        officer.do("sessionRecordIntervention", unnamed)
        query = """query ($c: Code!) { session(code: $c) { interventions {
            edges { node { attributed organization { code } person { name } text } } } } }"""

        def read(client: Client) -> list[Any]:
            found = client.ask(query, c=session)["session"]["interventions"]["edges"]
            return [
                (n["attributed"], n["organization"] and n["organization"]["code"], n["person"], n["text"])
                for n in (edge["node"] for edge in found)
            ]

        amina = {"name": "Amina"}
        whole = [
            (True, "UNODC", amina, "We offer training."),
            (False, "SCO", None, "Some pledges stayed on paper."),
        ]
        assert read(officer) == whole
        assert read(service.as_(Role.AUDITOR)) == whole
        assert read(unodc) == [whole[0], (False, None, None, None)]
        assert read(service.as_(Role.ENTITY_REPRESENTATIVE, "SCO"))[1] == whole[1]
        assert read(reader) == [(True, "UNODC", {"name": None}, None), (False, None, None, None)]
        officer.do("sessionConclude", {"id": session})
        officer.do("sessionApproveRecord", {"id": session})
        assert read(reader) == [
            (True, "UNODC", {"name": None}, "We offer training."),
            (False, None, None, "Some pledges stayed on paper."),
        ]

    def test_the_trail_does_not_name_who_is_not_named(
        self, officer: Client, reader: Client, people: dict[str, str]
    ) -> None:
        session = begun(officer, attributed=False)
        spoken = {"id": session, "organization": "UNODC", "speaker": people["amina"], "text": "Between ourselves."}
        officer.do("sessionRecordIntervention", spoken)
        query = "query ($c: Code!) { session(code: $c) { history(first: 100) { edges { node { data reason } } } } }"

        def newest(client: Client) -> dict[str, Any]:
            fact: dict[str, Any] = client.ask(query, c=session)["session"]["history"]["edges"][-1]["node"]
            return fact

        def last(client: Client) -> dict[str, Any]:
            data: dict[str, Any] = json.loads(newest(client)["data"])
            return data

        assert last(officer)["organization"] == "UNODC"
        assert last(reader) == {
            "intervention": last(officer)["intervention"],
            "text": {"sealed": True},
            "attributed": False,
        }
        intervention = last(officer)["intervention"]
        officer.do("sessionConclude", {"id": session})
        officer.do("sessionApproveRecord", {"id": session})
        officer.do(
            "sessionCorrectRecord",
            {"id": session, "intervention": intervention, "text": "Between us all.", "reason": "Amina wrote to us"},
        )
        assert (newest(officer)["reason"], newest(reader)["reason"]) == ("Amina wrote to us", None)

    def test_the_rapporteur_keeps_the_record_and_a_speaker_does_not(
        self, service: Service, officer: Client, people: dict[str, str]
    ) -> None:
        session = scheduled(officer, startsAt=at("22:00"), endsAt=at("23:00"))
        invite(officer, session, people["amina"])
        officer.do("sessionAssignRapporteur", {"id": session, "registration": people["chen"]})
        officer.do("sessionStart", {"id": session})
        rapporteur, speaker = (self._as_person(service, people[name]) for name in ("chen", "amina"))
        allowed = "query ($c: Code!) { session(code: $c) { allowedCommands } }"
        assert rapporteur.ask(allowed, c=session)["session"]["allowedCommands"] == [
            "sessionRecordIntervention",
            "sessionIdentifyCapacityGap",
            "sessionCorrectCapacityGap",
            "sessionHighlightGoodPractice",
            "sessionRaisePriority",
        ]
        assert speaker.ask(allowed, c=session)["session"]["allowedCommands"] == [
            "sessionAcceptInvitation",
            "sessionDeclineInvitation",
        ]
        spoken = {"id": session, "organization": "UNODC", "text": "Noted."}
        rapporteur.do("sessionRecordIntervention", spoken)
        assert speaker.refused("sessionRecordIntervention", spoken) == "FORBIDDEN"
        speaker.do("sessionAcceptInvitation", {"id": session, "registration": people["amina"]})

    def _as_person(self, service: Service, registration: str) -> Client:
        """Somebody registered, who may look at what is announced."""
        found = service.officer.ask(
            "query ($id: ID!) { node(id: $id) { ... on Registration { person { subject } } } }", id=registration
        )
        subject = found["node"]["person"]["subject"]
        administrator = service.as_(Role.SECRETARIAT_ADMINISTRATOR)
        administrator.do("roleGrant", {"person": {"subject": subject}, "expectedVersion": None, "role": "READER"})
        return service.of(Identity(subject=UUID(subject)))

    def test_gaps_of_all_four_regions_are_found_by_region_and_one_is_corrected(
        self, officer: Client, reader: Client
    ) -> None:
        session = begun(officer)
        regions = ("WEST-AFRICA", "EAST-AFRICA", "GULF-COOPERATION", "CENTRAL-ASIA")
        for n, (region, severity) in enumerate(zip(regions, ("HIGH", "LOW", "MEDIUM", "CRITICAL"), strict=True), 1):
            officer.do("sessionIdentifyCapacityGap", {"id": session, **gap(f"GAP-{n}", region, severity=severity)})
        query = f"""query ($f: CapacityGapFilter, $o: [CapacityGapOrder!]) {{
            capacityGaps(filter: $f, orderBy: $o) {{ {GAPS} }} }}"""

        def found(**asked: Any) -> list[str]:
            page = reader.ask(query, **asked)["capacityGaps"]
            assert page["totalCount"] == len(page["edges"])
            return [edge["node"]["code"] for edge in page["edges"]]

        assert found(f={"session": {"eq": session}}) == ["GAP-1", "GAP-2", "GAP-3", "GAP-4"]
        assert found(f={"region": {"in": ["WEST-AFRICA", "CENTRAL-ASIA"]}, "retreat": {"eq": RETREAT}}) == [
            "GAP-1",
            "GAP-4",
        ]
        worst_first = [{"field": "SEVERITY", "direction": "DESC"}]
        assert found(f={"session": {"eq": session}}, o=worst_first) == ["GAP-4", "GAP-1", "GAP-3", "GAP-2"]
        then = officer.ask("{ head { position } }")["head"]["position"]

        correction = {"id": session, "code": "GAP-2", "severity": "CRITICAL", "voicedBy": "SCO"}
        assert officer.refused("sessionCorrectCapacityGap", correction) == "reason.required"
        officer.do("sessionCorrectCapacityGap", {**correction, "reason": "the severity was misheard"})
        officer.do("sessionCloseCapacityGap", {"id": session, "code": "GAP-3"})
        assert found(f={"session": {"eq": session}, "severity": {"eq": "CRITICAL"}}) == ["GAP-2", "GAP-4"]
        assert found(f={"session": {"eq": session}, "voicedBy": {"eq": "SCO"}}) == ["GAP-2"]
        assert found(f={"session": {"eq": session}, "open": {"eq": False}}) == ["GAP-3"]
        assert found(f={"session": {"eq": session}, "workingGroup": {"eq": "ETCIP"}}) == []

        told = reader.ask(
            """query ($p: Position!) {
              capacityGaps(filter: {code: {eq: "GAP-2"}}) { edges { node { id version severity description correctedOn
                session { version } voicedBy { code } history { edges { node { type reason } } } } } }
              snapshot(at: {position: $p}) { capacityGaps(filter: {code: {eq: "GAP-2"}}) { edges { node {
                id severity voicedBy { code } } } } } }""",
            p=then,
        )
        now = told["capacityGaps"]["edges"][0]["node"]
        before = told["snapshot"]["capacityGaps"]["edges"][0]["node"]
        assert (now["severity"], now["voicedBy"], now["correctedOn"]) == ("CRITICAL", {"code": "SCO"}, "2031-03-03")
        assert now["description"] == "No shared watch list at land borders."
        assert now["version"] == now["session"]["version"]
        assert [edge["node"] for edge in now["history"]["edges"]] == [
            {"type": "session.capacity_gap_identified", "reason": None},
            {"type": "session.capacity_gap_corrected", "reason": "the severity was misheard"},
        ]
        assert (before["severity"], before["voicedBy"]) == ("LOW", {"code": "ECOWAS"})
        permalink = "query ($id: ID!) { node(id: $id) { id ... on CapacityGap { severity } } }"
        assert reader.ask(permalink, id=before["id"])["node"] == {"id": before["id"], "severity": "LOW"}
        assert reader.ask(permalink, id=now["id"])["node"] == {"id": now["id"], "severity": "CRITICAL"}

    def test_a_gap_is_known_by_its_code_alone(self, officer: Client) -> None:
        session, other = begun(officer), begun(officer)
        officer.do("sessionIdentifyCapacityGap", {"id": session, **gap("GAP-A", "WEST-AFRICA")})
        assert officer.do("sessionIdentifyCapacityGap", {"id": session, **gap("GAP-A", "WEST-AFRICA")})["events"] == []
        taken = officer.give("sessionIdentifyCapacityGap", {"id": other, **gap("GAP-A", "EAST-AFRICA")})
        assert (taken["rule"], details(taken)["session"]) == ("code.taken", session)
        assert (
            officer.refused("sessionCorrectCapacityGap", {"id": other, "code": "GAP-A", "reason": "?"}) == "NOT_FOUND"
        )
        nowhere = {"id": session, **gap("GAP-B", "ATLANTIS")}
        assert officer.refused("sessionIdentifyCapacityGap", nowhere) == "NOT_FOUND"
        allowed = """{ capacityGaps(filter: {code: {eq: "GAP-A"}}) { edges { node { allowedCommands } } } }"""
        found = officer.ask(allowed)["capacityGaps"]["edges"][0]["node"]["allowedCommands"]
        assert found == ["sessionCorrectCapacityGap", "sessionCloseCapacityGap"]

    def test_a_good_practice_answers_a_gap(self, officer: Client, reader: Client) -> None:
        session = begun(officer)
        officer.do("sessionIdentifyCapacityGap", {"id": session, **gap("GAP-P", "WEST-AFRICA")})
        practice = {
            "id": session,
            "code": "GP-1",
            "region": "EAST-AFRICA",
            "workingGroup": "BMLE",
            "model": "Joint border posts run by both customs services.",
            "replicableIn": ["WEST-AFRICA", "CENTRAL-ASIA"],
            "forGap": "GAP-P",
        }
        assert officer.refused("sessionHighlightGoodPractice", {**practice, "forGap": "GAP-NONE"}) == "NOT_FOUND"
        done = officer.do("sessionHighlightGoodPractice", practice, select="goodPractice { code forGap { code } }")
        assert done["goodPractice"] == {"code": "GP-1", "forGap": {"code": "GAP-P"}}
        found = reader.ask(
            """{ capacityGaps(filter: {code: {eq: "GAP-P"}}) { edges { node { goodPractices { edges { node { code } } }
                 } } }
                 goodPractices(filter: {replicableIn: {eq: "CENTRAL-ASIA"}}) { edges { node { model session { code }
                   region { code } replicableIn { code } allowedCommands history { totalCount } } } } }"""
        )
        answers = found["capacityGaps"]["edges"][0]["node"]["goodPractices"]["edges"]
        assert [edge["node"]["code"] for edge in answers] == ["GP-1"]
        assert found["goodPractices"]["edges"][0]["node"] == {
            "model": "Joint border posts run by both customs services.",
            "session": {"code": session},
            "region": {"code": "EAST-AFRICA"},
            "replicableIn": [{"code": "WEST-AFRICA"}, {"code": "CENTRAL-ASIA"}],
            "allowedCommands": [],
            "history": {"totalCount": 1},
        }
        by_gap = 'query { goodPractices(filter: {forGap: {eq: "GAP-P"}, retreat: {eq: "CTCR-2031"}}) { totalCount } }'
        assert reader.ask(by_gap)["goodPractices"]["totalCount"] == 1

    def test_priorities_are_kept_in_the_order_in_which_they_were_raised(self, officer: Client, reader: Client) -> None:
        session = begun(officer)
        for title in ("Joint planning", "Shared data"):
            officer.do(
                "sessionRaisePriority",
                {"id": session, "title": title, "regions": ["WEST-AFRICA"], "workingGroups": ["BMLE"]},
            )
        query = """query ($c: Code!) { session(code: $c) { priorities { edges { node {
            title organization { code } regions { code } workingGroups { code } } } } } }"""
        found = reader.ask(query, c=session)["session"]["priorities"]["edges"]
        assert [edge["node"]["title"] for edge in found] == ["Joint planning", "Shared data"]
        assert found[0]["node"]["regions"] == [{"code": "WEST-AFRICA"}]
        assert found[0]["node"]["workingGroups"] == [{"code": "BMLE"}]

    def test_an_approved_record_is_corrected_not_completed(self, officer: Client, reader: Client) -> None:
        session = begun(officer)
        spoken = {"id": session, "organization": "ECOWAS", "text": "Twelve posts are unmanned."}
        intervention = officer.do("sessionRecordIntervention", spoken, select="intervention { id }")["intervention"][
            "id"
        ]
        correction = {
            "id": session,
            "intervention": intervention,
            "text": "Twenty posts are unmanned.",
            "reason": "tape",
        }
        assert officer.refused("sessionCorrectRecord", correction) == "state"
        officer.do("sessionConclude", {"id": session})
        officer.do("sessionApproveRecord", {"id": session})
        refused = officer.give("sessionRecordIntervention", spoken)
        assert (refused["rule"], refused["state"]) == ("state", "record_approved")
        assert "sessionCorrectRecord" in refused["allowed"]
        unexplained = {key: value for key, value in correction.items() if key != "reason"}
        assert officer.refused("sessionCorrectRecord", unexplained) == "reason.required"
        officer.do("sessionCorrectRecord", correction)
        officer.do("sessionCorrectRecord", {"id": session, "text": "The annex was missing.", "reason": "left out"})
        officer.do(
            "sessionCorrectRecord",
            {"id": session, "intervention": intervention, "attributed": False, "reason": "asked to be left unnamed"},
        )
        query = """query ($c: Code!) { session(code: $c) { state recordApprovedOn
            interventions { edges { node { text corrections attributed organization { code } } } }
            corrections { edges { node { number intervention text attributed } } } } }"""
        found = reader.ask(query, c=session)["session"]
        assert (found["state"], found["recordApprovedOn"]) == ("RECORD_APPROVED", "2031-03-03")
        assert found["interventions"]["edges"][0]["node"] == {
            "text": "Twenty posts are unmanned.",
            "corrections": 2,
            "attributed": False,
            "organization": None,
        }
        assert [tuple(edge["node"].values()) for edge in found["corrections"]["edges"]] == [
            (1, intervention, "Twenty posts are unmanned.", None),
            (2, None, "The annex was missing.", None),
            (3, intervention, None, False),
        ]
        with_secret = officer.ask(query, c=session)["session"]["interventions"]["edges"][0]["node"]
        assert with_secret["organization"] == {"code": "ECOWAS"}

    def test_what_is_only_tried_is_not_written(self, officer: Client) -> None:
        session = begun(officer)
        tried = officer.do(
            "sessionIdentifyCapacityGap",
            {"id": session, "dryRun": True, **gap("GAP-DRY", "WEST-AFRICA")},
            select="capacityGap { code }",
        )
        assert (tried["dryRun"], tried["capacityGap"], len(tried["events"])) == (True, None, 1)
        assert officer.ask('{ capacityGaps(filter: {code: {eq: "GAP-DRY"}}) { totalCount } }') == {
            "capacityGaps": {"totalCount": 0}
        }
