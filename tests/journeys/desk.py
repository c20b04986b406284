"""The registration desk of one retreat, as those see it who use it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from compact_domain.kernel import Role
from tests.client import Client
from tests.conftest import Service

MEMBERS = ("UNODC", "CTED", "INTERPOL", "UNOCT")
SHOWN = """id version state mode waitsFor category sessions admittedLate byException confirmedAt reason
    organization { code } person { name } placesInLine { mode place }"""
SEATS = """category rule exceptions allowed taken left heldBy { person { name } }"""


def register_organizations(officer: Client) -> None:
    """Four Compact entities, and a regional organization outside the Compact."""
    for code in (*MEMBERS, "ECOWAS"):
        status = "MEMBER" if code in MEMBERS else "NONE"
        kind = "UN_ENTITY" if code in MEMBERS else "REGIONAL_ORGANIZATION"
        officer.do("organizationRegister", {"code": code, "names": {"en": code}, "kind": kind, "compactStatus": status})


def nodes(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def numbers(refusal: dict[str, Any]) -> dict[str, str]:
    return {detail["name"]: detail["value"] for detail in refusal["details"]}


class Desk:
    """A retreat of two sessions whose registration is open until a day from now."""

    def __init__(
        self, service: Service, code: str, *, places: int = 100, virtual: int | None = None, format: str = "HYBRID"
    ) -> None:
        self.service, self.code, self.officer = service, code, service.officer
        self.deadline = service.compact.store.now() + timedelta(days=1)
        self.officer.do(
            "retreatPlan",
            {
                "code": code,
                "series": "Counter-Terrorism Compact Retreat",
                "edition": 1,
                "title": "Counter-Terrorism Compact Retreat",
                "theme": "Strengthening partnerships with regional organizations",
                "startsOn": "2031-06-25",
                "endsOn": "2031-06-25",
                "zone": "America/New_York",
                "logistics": {"format": format, "contact": "desk@example.org"},
            },
        )
        self.officer.do("retreatAnnounce", {"id": code})
        for n in (1, 2):
            self.officer.do(
                "sessionSchedule",
                {
                    "retreat": code,
                    "expectedVersion": None,
                    "code": self.session(n),
                    "title": f"Session {n}",
                    "kind": "THEMATIC",
                    "startsAt": f"2031-06-25T1{n}:00:00-04:00",
                    "endsAt": f"2031-06-25T1{n}:45:00-04:00",
                },
            )
        self.rules(places=places, virtual=virtual)
        self.officer.do("retreatOpenRegistration", {"id": code, "deadline": self.deadline.isoformat()})

    def session(self, n: int) -> str:
        return f"{self.code}-S{n}"

    def rules(self, *, places: int, virtual: int | None = None, delegates: int = 2) -> None:
        given = {"inPersonPlaces": places, "virtualPlaces": virtual, "delegates": delegates}
        self.officer.do("retreatSetSeatRules", {"id": self.code, **given})

    def of(self, organization: str) -> Client:
        """The representative of an entity, who acts for it and for no other."""
        return self.service.as_(Role.ENTITY_REPRESENTATIVE, organization)

    def clock(self, at: datetime) -> None:
        """Let the clock of the demonstration stand at an instant."""
        self.service.compact.store.set_clock(at)

    def settle(self) -> None:
        """Let the service react to what has happened."""
        assert self.service.compact.settle()

    # what is done

    def nomination(
        self,
        name: str,
        organization: str = "UNODC",
        category: str = "DELEGATE",
        mode: str = "IN_PERSON",
        sessions: Sequence[str] = (),
    ) -> dict[str, Any]:
        return {
            "retreat": self.code,
            "organization": organization,
            "category": category,
            "mode": mode,
            "person": {"name": name, "email": self.email(name), "needs": "step-free access"},
            "sessions": list(sessions),
        }

    def email(self, name: str) -> str:
        return f"{name}@{self.code}.example.org".lower()

    def nominate(self, name: str, *said: Any, by: Client | None = None, **more: Any) -> dict[str, Any]:
        """A nomination that is taken; answers the registration."""
        return self._done("registrationNominate", {**self.nomination(name, *said, **more), "expectedVersion": None}, by)

    def not_nominated(self, name: str, *said: Any, by: Client | None = None, **more: Any) -> dict[str, Any]:
        """A nomination that is refused; answers the problem."""
        given = {**self.nomination(name, *said, **more), "expectedVersion": None}
        answer = (by or self.officer).give("registrationNominate", given)
        assert not answer["__typename"].endswith("Payload"), answer
        return answer

    def admit_late(self, **given: Any) -> dict[str, Any]:
        return self._done("registrationAdmitLate", {**given, "expectedVersion": None}, None)

    def do(self, mutation: str, it: dict[str, Any], by: Client | None = None, **said: Any) -> dict[str, Any]:
        """A command to a registration; answers what it is afterwards."""
        return self._done(f"registration{mutation}", {"id": it["id"], **said}, by)

    def refused(self, mutation: str, it: dict[str, Any], by: Client | None = None, **said: Any) -> dict[str, Any]:
        """A command to a registration that is refused; answers the problem."""
        answer = (by or self.officer).give(f"registration{mutation}", {"id": it["id"], **said})
        assert not answer["__typename"].endswith("Payload"), answer
        return answer

    def _done(self, mutation: str, given: dict[str, Any], by: Client | None) -> dict[str, Any]:
        answer = (by or self.officer).do(mutation, given, select=f"registration {{ {SHOWN} }}")
        registration: dict[str, Any] = answer["registration"]
        return registration

    # what is shown

    def registration(self, it: dict[str, Any], select: str = SHOWN, by: Client | None = None) -> Any:
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Registration {{ {select} }} }} }}"
        return (by or self.officer).ask(query, id=it["id"])["node"]

    def seats(self, organization: str, by: Client | None = None) -> dict[str, Any]:
        """What an entity holds and may still take."""
        query = f"""query ($r: ID!, $o: ID!) {{ seats(retreat: $r, organization: $o) {{ edges {{ node {{
            id version allowedCommands representatives {{ {SEATS} }} delegates {{ {SEATS} }}
            exceptions {{ category seats reason }} }} }} }} }}"""
        (found,) = nodes((by or self.officer).ask(query, r=self.code, o=organization)["seats"])
        seats: dict[str, Any] = found
        return seats

    def left(self, organization: str) -> tuple[int, int]:
        """Representatives and delegates that an entity may still send."""
        seats = self.seats(organization)
        return seats["representatives"]["left"], seats["delegates"]["left"]

    def places(self, mode: str = "IN_PERSON") -> dict[str, Any]:
        found = self.officer.ask(
            "query ($r: ID!) { places(retreat: $r) { mode capacity taken left waiting } }", r=self.code
        )
        (places,) = [one for one in found["places"] if one["mode"] == mode]
        return {name: value for name, value in places.items() if name != "mode"}

    def line(self, mode: str = "IN_PERSON") -> list[str]:
        """Names of those who wait, first to last."""
        query = """query ($r: ID!, $m: Mode!) { waitingList(retreat: $r, mode: $m, first: 100) { edges { node {
            place registration { person { name } } } } } }"""
        found = nodes(self.officer.ask(query, r=self.code, m=mode)["waitingList"])
        assert [one["place"] for one in found] == list(range(1, len(found) + 1))
        return [one["registration"]["person"]["name"] for one in found]
