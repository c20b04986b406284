"""The meetings of the Compact's bodies, for tests: what is asked of them, and the process that reacts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from compact_domain.agenda import AgendaItem, open_on
from compact_domain.catalogue import BodyKind, Catalogue, EntryKind
from compact_domain.coordination_meeting import CoordinationMeeting, CoordinationMeetings, Disposition, MeetingKind
from compact_domain.kernel import ALARMS, Actor, Alarm, Fact, Role, RoleHeld
from compact_domain.organization import Organizations
from compact_domain.policy import needs_reason
from compact_domain.reactions import at_its_moment, commands
from compact_domain.recommendation import Assessment, Recommendation, Recommendations
from compact_domain.rotation import Rotations
from compact_domain.vocabulary import BodyAct, Method, Names, OrganizationKind
from tests.domain.desk import PROCESS, event_id
from tests.domain.histories import Histories
from tests.domain.scenario import person

START = datetime(2025, 7, 1, 9, 0, tzinfo=UTC)
ZONE = "America/New_York"
ASSESSED = Assessment(human_rights="None.", gender="None.", rule_of_law="None.")


def at(day: str, hour: int = 14) -> datetime:
    """An hour of a day of 2025 or 2026, as `MM-DD` or with its year."""
    return datetime.fromisoformat(day if len(day) > 5 else f"2025-{day}").replace(hour=hour, tzinfo=UTC)


def act(number: str, *, meeting: str = "CC-1", body: str = "CC", on: date = date(2025, 7, 10)) -> BodyAct:
    return BodyAct(body=body, meeting=meeting, number=number, decided_on=on, method=Method.CONSENSUS)


CHAIR = Actor(
    id=person("chair"),
    organization="UNODC",
    roles=(RoleHeld(role=Role.WORKING_GROUP_CHAIR, scope="NRCTS"),),
)
HOST = Actor(
    id=person("host"),
    organization="ECOWAS",
    roles=(RoleHeld(role=Role.REGIONAL_FOCAL_POINT, scope="ECOWAS", regions=("WEST-AFRICA",)),),
)


class Chamber(Histories):
    """Histories with bodies, organizations, and the process that follows facts and the clock."""

    def __init__(self) -> None:
        super().__init__(START)
        self.followed, self.reacted = 0, set[UUID]()
        for kind, code, body_kind in (
            (EntryKind.BODY, "CC", BodyKind.COORDINATION_COMMITTEE),
            (EntryKind.BODY, "NRCTS", BodyKind.WORKING_GROUP),
            (EntryKind.BODY, "RMME", BodyKind.WORKING_GROUP),
            (EntryKind.REGION, "WEST-AFRICA", None),
            (EntryKind.REGION, "EAST-AFRICA", None),
        ):
            self._add_entry(kind, code, body_kind)
        for code in ("UNOCT", "UNODC", "ECOWAS", "AU"):
            self._register(code)

    def _add_entry(self, kind: EntryKind, code: str, body_kind: BodyKind | None) -> None:
        self.run(
            "catalogue.add_entry",
            lambda work: Catalogue(work).add_entry(kind=kind, code=code, names=Names(en=code), body_kind=body_kind),
        )

    def _register(self, code: str) -> None:
        self.run(
            "organization.register",
            lambda work: Organizations(work).register(
                code=code, names=Names(en=code), kind=OrganizationKind.REGIONAL_ORGANIZATION
            ),
        )

    # what is asked

    def give(
        self, name: str, *subject: Any, by: Actor | None = None, reason: str | None = "As agreed.", **fields: Any
    ) -> list[Fact]:
        """A command about a meeting."""
        return self.run(
            f"coordination_meeting.{name}",
            lambda work: getattr(CoordinationMeetings(work), name)(*subject, **fields),
            by=by,
            reason=reason,
        )

    def convene(self, code: str, day: str, *, by: Actor | None = None, **fields: Any) -> list[Fact]:
        """A meeting of the Coordination Committee, unless it is said otherwise; the process follows."""
        body = fields.setdefault("body", "CC")
        kind = MeetingKind.COMMITTEE_MEETING if body == "CC" else MeetingKind.WORKING_GROUP_SESSION
        starts_at = at(day)
        times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=2), "zone": ZONE}
        stated = self.give("convene", by=by, **{"code": code, "kind": kind, "title": code, **times, **fields})
        self.follow()
        return stated

    def hold(self, code: str, *steps: str) -> None:
        """Start a meeting, and conclude it if that is said."""
        for step in ("start", *steps):
            self.give(step, code)
        self.follow()

    def dispose(self, meeting: str, item: str, disposition: Disposition, **fields: Any) -> list[Fact]:
        stated = self.give("dispose_item", meeting, item=item, disposition=disposition, **fields)
        self.follow()
        return stated

    def cancel(self, code: str) -> None:
        self.give("cancel", code)
        self.follow()

    def recommend(self, code: str, *, body: str = "CC") -> None:
        """A recommendation that is before a body."""
        self.decide("propose", code=code, title=f"About {code}", text="Do it.", regions=["WEST-AFRICA"])
        self.decide("put_under_review", code, body=body)

    def decide(self, name: str, *subject: Any, **fields: Any) -> list[Fact]:
        """A command about a recommendation; the process follows."""
        action = f"recommendation.{name}"
        stated = self.run(
            action,
            lambda work: getattr(Recommendations(work), name)(*subject, **fields),
            reason="As agreed." if needs_reason(action) else None,
        )
        self.follow()
        return stated

    def adopt(self, code: str, number: str, *, announced: bool = False, **of_act: Any) -> None:
        self.decide("adopt", code, act=act(number, **of_act), text_version=1, assessment=ASSESSED)
        if announced:
            self.decide("announce", code, number=number)

    def rotation(self, name: str, *subject: Any, by: Actor | None = None, **fields: Any) -> list[Fact]:
        action = f"rotation.{name}"
        stated = self.run(
            action,
            lambda work: getattr(Rotations(work), name)(*subject, **fields),
            by=by,
            reason="As agreed." if needs_reason(action) else None,
        )
        self.follow()
        return stated

    # the process

    def follow(self) -> list[Fact]:
        """Let the process react to all facts it has not met yet; answers what it stated."""
        before = len(self.facts)
        while self.followed < len(self.facts):
            fact = self.facts[self.followed]
            self.followed += 1
            for intended in commands(fact, event_id(fact), self):
                if intended.id not in self.reacted:
                    self.reacted.add(intended.id)
                    then = intended.then
                    self.run(then.command, then.decide, by=PROCESS, causation_id=intended.event_id)
        return self.facts[before:]

    def wake(self) -> list[Fact]:
        """Let the process give every command whose moment has come; answers what was stated."""
        stated: list[Fact] = []
        for key in self.claims(ALARMS):
            if (alarm := Alarm.of(key)).at <= self.now:
                fact = next(fact for fact in reversed(self.facts) if key in fact.takes())
                then = at_its_moment(alarm, fact, event_id(fact)).then
                stated += self.run(
                    then.command, then.decide, by=PROCESS, effective_on=then.effective_on, causation_id=event_id(fact)
                )
        return stated

    # what is there

    def meeting(self, code: str) -> CoordinationMeeting:
        it = self.load(CoordinationMeeting, CoordinationMeeting.identify(code))
        assert it is not None
        return it

    def item(self, meeting: str, code: str) -> AgendaItem:
        it = self.load(AgendaItem, AgendaItem.key(meeting, code))
        assert it is not None
        return it

    def recommendation(self, code: str) -> Recommendation:
        it = self.load(Recommendation, Recommendation.identify(code))
        assert it is not None
        return it

    def agenda(self, meeting: str) -> list[str]:
        """Codes of what is open on a meeting's agenda."""
        return open_on(self, meeting)

    def waiting(self) -> list[str]:
        """What waits for a meeting, as the claims have it."""
        return sorted({key.rpartition(":")[0] for prefix in ("waiting", "put-off") for key in self.claims(prefix)})
