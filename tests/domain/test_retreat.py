"""Retreats: from plan to report, with what is published about them and in which version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from compact_domain.catalogue import BodyKind, Catalogue, EntryKind
from compact_domain.kernel import Actor, Command, Forbidden, InvalidInput, NotFound, Role, RuleViolation, Sealed, Work
from compact_domain.organization import Organizations
from compact_domain.policy import decide
from compact_domain.retreat import (
    ActionPlan,
    AgendaEntry,
    Communication,
    CommunicationChannel,
    CommunicationKind,
    Deadline,
    Format,
    Logistics,
    Remark,
    Report,
    ReportStage,
    Retreat,
    Retreats,
    RetreatState,
    SeatRules,
    Venue,
)
from compact_domain.seats import Places
from compact_domain.vocabulary import BodyAct, Category, Method, Mode, Names, OrganizationKind
from tests.domain.histories import Histories
from tests.domain.scenario import NOW, Said, Scenario, actor, command, said, sealed

ZONE = "America/New_York"
HYBRID = Logistics(
    format=Format.HYBRID,
    contact="GlobalCompact-committee@un.org",
    venue=Venue(place="United Nations Headquarters, New York", room="Conference Room 8"),
    platform="WebEx",
)
ELSEWHERE = msgspec.structs.replace(HYBRID, venue=Venue(place="United Nations Headquarters, New York", room="Room 4"))
LAST_MINUTE = datetime(2025, 6, 21, 3, 59, tzinfo=UTC)  # 23:59 of the 20th in New York
MIDNIGHT_AFTER = datetime(2025, 6, 26, 4, 0, tzinfo=UTC)  # 24:00 of the 25th in New York
DEADLINE = Deadline(at=LAST_MINUTE, zone=ZONE)
RULES = SeatRules(in_person_places=100)
OPENING = AgendaEntry(
    session="OPENING",
    title="High-level opening segment",
    starts_at=datetime(2025, 6, 25, 14, 0, tzinfo=UTC),
    ends_at=datetime(2025, 6, 25, 15, 0, tzinfo=UTC),
)
FIRST = AgendaEntry(
    session="SESSION-1",
    title="Capacity-building challenges at the regional level",
    starts_at=datetime(2025, 6, 25, 15, 0, tzinfo=UTC),
    ends_at=datetime(2025, 6, 25, 17, 0, tzinfo=UTC),
)
DECISION = BodyAct(body="CC", meeting="CC-12", number="3", decided_on=date(2025, 5, 30), method=Method.CONSENSUS)
REPORT = Report(stage=ReportStage.FINAL, position=4711, content_digest="a" * 64, file_digest="b" * 64)
DRAFT = msgspec.structs.replace(REPORT, stage=ReportStage.DRAFT)
PLAN = ActionPlan(title="Action plan on engagement with regional organizations", version=1, act=DECISION)
PRESS = Communication(
    kind=CommunicationKind.PRESS_RELEASE,
    channel=CommunicationChannel.UNOCT_WEBSITE,
    title="Inaugural retreat strengthens regional partnerships",
    text="The retreat took place.",
)

PLANNED = said(
    Retreat.Created,
    code="CTCR-2025",
    series="Counter-Terrorism Compact Retreat",
    edition=1,
    title="Counter-Terrorism Compact Retreat",
    theme="Strengthening partnerships",
    starts_on=date(2025, 6, 25),
    ends_on=date(2025, 6, 25),
    zone=ZONE,
    logistics=HYBRID,
    virtual_link=sealed("virtual_link"),
)
ANNOUNCED = said(Retreat.Announced)
SEATS_SET = said(Retreat.SeatRulesSet, rules=RULES)
OPENED = said(Retreat.RegistrationOpened, deadline=DEADLINE)
CLOSED = said(Retreat.RegistrationClosed)
AGENDA = said(Retreat.AgendaPublished, n=1, sessions=(OPENING,), change_note=None)

PUBLIC = (PLANNED, ANNOUNCED)
OPEN = (*PUBLIC, SEATS_SET, OPENED)
IN_SESSION = (*OPEN, CLOSED, said(Retreat.Opened))
CONCLUDED = (*IN_SESSION, said(Retreat.Concluded))
REACHES: dict[RetreatState, tuple[Said, ...]] = {
    RetreatState.PLANNED: (PLANNED,),
    RetreatState.ANNOUNCED: (*PUBLIC, SEATS_SET),
    RetreatState.REGISTRATION_OPEN: OPEN,
    RetreatState.REGISTRATION_CLOSED: (*OPEN, CLOSED),
    RetreatState.IN_SESSION: IN_SESSION,
    RetreatState.CONCLUDED: CONCLUDED,
    RetreatState.REPORTED: (*CONCLUDED, said(Retreat.SummaryReportIssued, n=1, report=REPORT)),
    RetreatState.POSTPONED: (*OPEN, said(Retreat.Postponed)),
    RetreatState.CANCELLED: (PLANNED, said(Retreat.Cancelled)),
}
VERBS: dict[str, Callable[[Retreat, Command], None]] = {
    "announce": lambda it, cmd: it.announce(cmd=cmd),
    "invite_organization": lambda it, cmd: it.invite_organization(organization="ECOWAS", cmd=cmd),
    "revise_logistics": lambda it, cmd: it.revise_logistics(logistics=ELSEWHERE, cmd=cmd),
    "acknowledge_logistics": lambda it, cmd: it.acknowledge_logistics(organization="UNODC", version=1, cmd=cmd),
    "set_seat_rules": lambda it, cmd: it.set_seat_rules(rules=SeatRules(in_person_places=80), cmd=cmd),
    "open_registration": lambda it, cmd: it.open_registration(deadline=LAST_MINUTE - timedelta(days=1), cmd=cmd),
    "close_registration": lambda it, cmd: it.close_registration(cmd=cmd),
    "change_deadline": lambda it, cmd: it.change_deadline(deadline=LAST_MINUTE + timedelta(days=1), cmd=cmd),
    "publish_agenda": lambda it, cmd: it.publish_agenda(sessions=[OPENING], change_note=None, cmd=cmd),
    "open": lambda it, cmd: it.open(cmd=cmd),
    "conclude": lambda it, cmd: it.conclude(cmd=cmd),
    "postpone": lambda it, cmd: it.postpone(cmd=cmd),
    "resume": lambda it, cmd: it.resume(starts_on=date(2025, 9, 3), ends_on=date(2025, 9, 4), cmd=cmd),
    "cancel": lambda it, cmd: it.cancel(cmd=cmd),
    "issue_summary_report": lambda it, cmd: it.issue_summary_report(
        report=msgspec.structs.replace(REPORT, position=4712), head=4712, cmd=cmd
    ),
    "adopt_action_plan": lambda it, cmd: it.adopt_action_plan(plan=PLAN, cmd=cmd),
    "issue_communication": lambda it, cmd: it.issue_communication(communication=PRESS, cmd=cmd),
}
ENDS = {
    "announce": RetreatState.ANNOUNCED,
    "close_registration": RetreatState.REGISTRATION_CLOSED,
    "open": RetreatState.IN_SESSION,
    "conclude": RetreatState.CONCLUDED,
    "postpone": RetreatState.POSTPONED,
    "cancel": RetreatState.CANCELLED,
}


def test_every_verb_has_its_states() -> None:
    assert Retreat.MAY_START_FROM.keys() == VERBS.keys()
    for state, history in REACHES.items():
        assert Scenario(Retreat).given(*history).aggregate().state == state


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb in VERBS
        for state in RetreatState
        if state not in Retreat.MAY_START_FROM[verb] and ENDS.get(verb) is not state
    ],
)
def test_a_verb_is_refused_in_other_states(verb: str, state: RetreatState) -> None:
    scenario = Scenario(Retreat).given(*REACHES[state]).when(lambda it: VERBS[verb](it, command()))
    scenario.refused("state")
    assert scenario.refusal is not None
    assert scenario.refusal.state == state
    assert verb not in scenario.refusal.allowed


@pytest.mark.parametrize(
    ("verb", "state"), [(verb, RetreatState(state)) for verb in VERBS for state in Retreat.MAY_START_FROM[verb]]
)
def test_a_verb_starts_where_it_may_and_twice_is_once(verb: str, state: RetreatState) -> None:
    scenario = Scenario(Retreat).given(*REACHES[state]).when(lambda it: VERBS[verb](it, command()))
    assert scenario.refusal is None
    assert len(scenario.new) == 1
    again = Scenario(Retreat)
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda it: VERBS[verb](it, command(key="2"))).nothing()


def plan(it: type[Retreat] = Retreat, **changes: Any) -> Retreat:
    fields = {**PLANNED.fields, "cmd": command(), **changes}
    return it.plan(**fields)


def test_a_retreat_of_the_past_can_be_entered() -> None:
    it = plan(code="CTCR-2023", starts_on=date(2023, 6, 20), ends_on=date(2023, 6, 21))
    assert it.state == RetreatState.PLANNED


def test_a_retreat_ends_no_earlier_than_it_starts() -> None:
    with pytest.raises(RuleViolation) as refused:
        plan(ends_on=date(2025, 6, 24))
    assert refused.value.rule == "retreat.dates"
    assert refused.value.details == {"starts_on": "2025-06-25", "ends_on": "2025-06-24"}


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "America"])
def test_a_zone_is_one_of_iana(zone: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan(zone=zone)
    assert refused.value.fields[0][0] == "zone"


@pytest.mark.parametrize("contact", ["nobody", "two words@un.org", "@un.org"])
def test_a_contact_is_an_address(contact: str) -> None:
    with pytest.raises(InvalidInput):
        plan(logistics=msgspec.structs.replace(HYBRID, contact=contact))


def test_a_day_beyond_the_calendar_is_no_day() -> None:
    with pytest.raises(InvalidInput) as refused:
        plan(starts_on=date(9999, 12, 31), ends_on=date(9999, 12, 31))
    assert refused.value.fields[0][0] == "endsOn"


@pytest.mark.parametrize(
    ("format", "modes"),
    [
        (Format.IN_PERSON, (Mode.IN_PERSON,)),
        (Format.VIRTUAL, (Mode.VIRTUAL,)),
        (Format.HYBRID, (Mode.IN_PERSON, Mode.VIRTUAL)),
    ],
)
def test_the_format_tells_the_modes(format: Format, modes: tuple[Mode, ...]) -> None:
    assert format.modes == modes


# logistics


def test_each_revision_is_numbered_and_says_everything() -> None:
    (
        Scenario(Retreat)
        .given(*PUBLIC)
        .when(lambda it: it.revise_logistics(logistics=ELSEWHERE, cmd=command()))
        .then(said(Retreat.LogisticsRevised, n=2, logistics=ELSEWHERE))
    )


def test_a_link_brought_along_is_always_a_new_version() -> None:
    link = sealed("virtual_link")
    (
        Scenario(Retreat)
        .given(*PUBLIC)
        .when(lambda it: it.revise_logistics(logistics=HYBRID, virtual_link=link, cmd=command()))
        .then(said(Retreat.LogisticsRevised, n=2, logistics=HYBRID, virtual_link=link))
    )


@pytest.mark.parametrize(("platform", "links"), [("WebEx", {Mode.VIRTUAL}), ("Zoom", set()), (None, set())])
def test_a_link_stands_while_the_platform_does(platform: str | None, links: set[Mode]) -> None:
    logistics = msgspec.structs.replace(ELSEWHERE, platform=platform)
    scenario = Scenario(Retreat).given(*PUBLIC)
    scenario.when(lambda it: it.revise_logistics(logistics=logistics, cmd=command()))
    assert scenario.aggregate().links.keys() == links


@pytest.mark.parametrize("version", [0, 2])
def test_a_version_that_was_not_issued_cannot_be_acknowledged(version: int) -> None:
    (
        Scenario(Retreat)
        .given(*PUBLIC)
        .when(lambda it: it.acknowledge_logistics(organization="UNODC", version=version, cmd=command()))
        .refused("retreat.logistics", version=version, latest=1)
    )


def test_who_acknowledged_a_later_version_has_acknowledged_those_before() -> None:
    (
        Scenario(Retreat)
        .given(
            *PUBLIC,
            said(Retreat.LogisticsRevised, n=2, logistics=ELSEWHERE),
            said(Retreat.LogisticsAcknowledged, organization="UNODC", n=2),
        )
        .when(lambda it: it.acknowledge_logistics(organization="UNODC", version=1, cmd=command()))
        .nothing()
    )


# registration


def test_registration_opens_with_seat_rules() -> None:
    (
        Scenario(Retreat)
        .given(*PUBLIC)
        .when(lambda it: it.open_registration(deadline=LAST_MINUTE, cmd=command()))
        .refused("retreat.seat_rules")
    )


@pytest.mark.parametrize(("format", "rule"), [(Format.HYBRID, "retreat.seat_rules"), (Format.VIRTUAL, None)])
def test_where_there_is_a_room_its_places_are_known_before_registration_opens(format: Format, rule: str | None) -> None:
    scenario = Scenario(Retreat).given(
        *PUBLIC,
        said(Retreat.LogisticsRevised, n=2, logistics=msgspec.structs.replace(HYBRID, format=format)),
        said(Retreat.SeatRulesSet, rules=SeatRules()),
    )
    scenario.when(lambda it: it.open_registration(deadline=LAST_MINUTE, cmd=command()))
    if rule:
        scenario.refused(rule)
    else:
        scenario.then(said(Retreat.RegistrationOpened, deadline=DEADLINE))


def test_the_places_of_a_room_are_not_forgotten_once_registration_was_opened() -> None:
    with pytest.raises(InvalidInput) as refused:
        Scenario(Retreat).given(*OPEN).when(lambda it: it.set_seat_rules(rules=SeatRules(delegates=3), cmd=command()))
    assert refused.value.fields[0][0] == "inPersonPlaces"


@pytest.mark.parametrize(
    ("now", "open"),
    [
        (LAST_MINUTE - timedelta(seconds=1), True),
        (LAST_MINUTE, True),
        (LAST_MINUTE + timedelta(microseconds=1), False),
    ],
)
def test_past_the_deadline_registration_reads_as_closed(now: datetime, open: bool) -> None:
    it = Scenario(Retreat).given(*OPEN).aggregate()
    assert it.registration_is_open(now) is open
    assert it.state == RetreatState.REGISTRATION_OPEN


@pytest.mark.parametrize("state", [s for s in RetreatState if s is not RetreatState.REGISTRATION_OPEN])
def test_registration_is_open_in_no_other_state(state: RetreatState) -> None:
    assert not Scenario(Retreat).given(*REACHES[state]).aggregate().registration_is_open(NOW)


@pytest.mark.parametrize(
    ("deadline", "details"),
    [
        (NOW - timedelta(seconds=1), {"earliest": NOW.isoformat()}),
        (MIDNIGHT_AFTER + timedelta(seconds=1), {"latest": MIDNIGHT_AFTER.isoformat()}),
    ],
)
@pytest.mark.parametrize("verb", ["open_registration", "change_deadline"])
def test_a_deadline_lies_ahead_and_before_the_end(verb: str, deadline: datetime, details: dict[str, str]) -> None:
    history = OPEN if verb == "change_deadline" else (*PUBLIC, SEATS_SET)
    scenario = Scenario(Retreat).given(*history)
    scenario.when(lambda it: getattr(it, verb)(deadline=deadline, cmd=command()))
    scenario.refused("retreat.deadline", deadline=deadline.isoformat(), **details)


@pytest.mark.parametrize("deadline", [NOW, MIDNIGHT_AFTER])
def test_a_deadline_may_be_at_the_very_edge(deadline: datetime) -> None:
    (
        Scenario(Retreat)
        .given(*PUBLIC, SEATS_SET)
        .when(lambda it: it.open_registration(deadline=deadline, zone="Africa/Lagos", cmd=command()))
        .then(said(Retreat.RegistrationOpened, deadline=Deadline(at=deadline, zone="Africa/Lagos")))
    )


def test_the_deadline_of_a_past_retreat_is_entered_as_it_was() -> None:
    later = command(now=datetime(2026, 1, 5, tzinfo=UTC))
    (
        Scenario(Retreat)
        .given(*PUBLIC, SEATS_SET)
        .when(lambda it: it.open_registration(deadline=LAST_MINUTE, cmd=later))
        .then(said(Retreat.RegistrationOpened, deadline=DEADLINE))
    )


@pytest.mark.parametrize("at", ["2025-06-20T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_deadline_is_an_instant_of_the_calendar(at: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Scenario(Retreat).given(*PUBLIC, SEATS_SET).when(
            lambda it: it.open_registration(deadline=datetime.fromisoformat(at), cmd=command())
        )
    assert refused.value.fields[0][0] == "deadline"


def test_a_moved_deadline_says_what_it_was() -> None:
    later = LAST_MINUTE + timedelta(days=1)
    (
        Scenario(Retreat)
        .given(*OPEN)
        .when(lambda it: it.change_deadline(deadline=later, cmd=command()))
        .then(said(Retreat.DeadlineChanged, deadline=Deadline(at=later, zone=ZONE), before=DEADLINE))
    )


def test_registration_that_was_closed_opens_again() -> None:
    (
        Scenario(Retreat)
        .given(*OPEN, CLOSED)
        .when(lambda it: it.open_registration(deadline=LAST_MINUTE, cmd=command()))
        .then(OPENED)
    )


# agenda


def test_each_agenda_is_numbered_and_keeps_what_it_announced() -> None:
    note = sealed("change_note")
    (
        Scenario(Retreat)
        .given(*PUBLIC, AGENDA)
        .when(lambda it: it.publish_agenda(sessions=[OPENING, FIRST], change_note=note, cmd=command()))
        .then(said(Retreat.AgendaPublished, n=2, sessions=(OPENING, FIRST), change_note=note))
    )


def test_a_changed_agenda_says_what_changed() -> None:
    with pytest.raises(InvalidInput) as refused:
        Scenario(Retreat).given(*PUBLIC, AGENDA).when(
            lambda it: it.publish_agenda(sessions=[OPENING, FIRST], change_note=None, cmd=command())
        )
    assert refused.value.fields[0][0] == "changeNote"


def test_an_agenda_has_sessions() -> None:
    with pytest.raises(InvalidInput):
        Scenario(Retreat).given(*PUBLIC).when(
            lambda it: it.publish_agenda(sessions=[], change_note=None, cmd=command())
        )


@pytest.mark.parametrize(
    "wrong",
    [
        (OPENING, OPENING),
        (msgspec.structs.replace(OPENING, ends_at=OPENING.starts_at),),
        (msgspec.structs.replace(OPENING, starts_at=datetime(2025, 6, 25, 3, 59, tzinfo=UTC)),),
        (msgspec.structs.replace(OPENING, ends_at=MIDNIGHT_AFTER + timedelta(minutes=1)),),
    ],
)
def test_an_agenda_keeps_to_the_days_of_the_retreat(wrong: tuple[AgendaEntry, ...]) -> None:
    (
        Scenario(Retreat)
        .given(*PUBLIC)
        .when(lambda it: it.publish_agenda(sessions=wrong, change_note=None, cmd=command()))
        .refused("retreat.agenda", session="OPENING")
    )


# postponed


@pytest.mark.parametrize("state", sorted(Retreat.MAY_START_FROM["postpone"]))
def test_a_postponed_retreat_resumes_where_it_stood(state: str) -> None:
    scenario = Scenario(Retreat).given(*REACHES[RetreatState(state)], said(Retreat.Postponed))
    scenario.when(lambda it: VERBS["resume"](it, command()))
    it = scenario.aggregate()
    assert it.state == state
    assert (it.starts_on, it.ends_on, it.zone) == (date(2025, 9, 3), date(2025, 9, 4), ZONE)


def resume(**fields: Any) -> Callable[[Retreat], None]:
    days = {"starts_on": date(2025, 9, 3), "ends_on": date(2025, 9, 3)}
    return lambda it: it.resume(**{**days, **fields}, cmd=command())


def test_where_registration_was_open_it_resumes_with_a_new_deadline() -> None:
    new = datetime(2025, 8, 29, 12, 0, tzinfo=UTC)
    (
        Scenario(Retreat)
        .given(*REACHES[RetreatState.POSTPONED])
        .when(resume(deadline=new, zone="Africa/Addis_Ababa"))
        .then(
            said(
                Retreat.Resumed,
                starts_on=date(2025, 9, 3),
                ends_on=date(2025, 9, 3),
                zone="Africa/Addis_Ababa",
                deadline=Deadline(at=new, zone="Africa/Addis_Ababa"),
            )
        )
    )


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"starts_on": date(2025, 9, 4)}, "retreat.dates"),
        ({"starts_on": date(2025, 6, 19), "ends_on": date(2025, 6, 19)}, "retreat.deadline"),
        ({"deadline": NOW - timedelta(days=1)}, "retreat.deadline"),
    ],
)
def test_a_resumption_keeps_the_rules_of_a_plan(fields: dict[str, Any], rule: str) -> None:
    Scenario(Retreat).given(*REACHES[RetreatState.POSTPONED]).when(resume(**fields)).refused(rule)


def test_a_deadline_comes_only_where_registration_was_open() -> None:
    with pytest.raises(InvalidInput):
        Scenario(Retreat).given(*PUBLIC, said(Retreat.Postponed)).when(resume(deadline=LAST_MINUTE))


def test_a_retreat_may_be_postponed_again() -> None:
    (
        Scenario(Retreat)
        .given(*PUBLIC, said(Retreat.Postponed))
        .when(resume())
        .when(lambda it: it.postpone(cmd=command(key="2")))
        .when(resume())
        .when(resume())
    )


# afterwards


def test_a_draft_report_awaits_comments() -> None:
    (
        Scenario(Retreat)
        .given(*CONCLUDED)
        .when(lambda it: it.issue_summary_report(report=DRAFT, head=4712, cmd=command()))
        .when(lambda it: it.issue_summary_report(report=REPORT, head=4712, cmd=command(key="2")))
        .then(
            said(Retreat.SummaryReportIssued, n=1, report=DRAFT), said(Retreat.SummaryReportIssued, n=2, report=REPORT)
        )
    )


def test_a_draft_does_not_make_a_retreat_reported() -> None:
    draft = said(Retreat.SummaryReportIssued, n=1, report=DRAFT)
    assert Scenario(Retreat).given(*CONCLUDED, draft).aggregate().state == RetreatState.CONCLUDED


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "z" * 64])
def test_a_digest_is_one(digest: str) -> None:
    with pytest.raises(InvalidInput):
        Scenario(Retreat).given(*CONCLUDED).when(
            lambda it: it.issue_summary_report(
                report=msgspec.structs.replace(REPORT, file_digest=digest), head=4712, cmd=command()
            )
        )


def test_a_later_version_of_the_action_plan_follows() -> None:
    adopted = said(Retreat.ActionPlanAdopted, plan=PLAN)
    (
        Scenario(Retreat)
        .given(*CONCLUDED, adopted)
        .when(lambda it: it.adopt_action_plan(plan=msgspec.structs.replace(PLAN, title="Another"), cmd=command()))
        .refused("retreat.action_plan", version=1, adopted=1)
    )
    second = msgspec.structs.replace(PLAN, version=2)
    (
        Scenario(Retreat)
        .given(*CONCLUDED, adopted)
        .when(lambda it: it.adopt_action_plan(plan=second, cmd=command()))
        .then(said(Retreat.ActionPlanAdopted, plan=second))
    )


def test_a_body_has_decided_before_it_is_entered() -> None:
    act = msgspec.structs.replace(DECISION, decided_on=date(2025, 6, 2))
    (
        Scenario(Retreat)
        .given(*CONCLUDED)
        .when(lambda it: it.adopt_action_plan(plan=msgspec.structs.replace(PLAN, act=act), cmd=command()))
        .refused("time.effective", latest="2025-06-01")
    )


# commands


def entered(history: Histories | None = None, **changes: Any) -> Histories:
    """A retreat planned through its command."""
    h = history or Histories()
    fields: dict[str, Any] = {**PLANNED.fields, "virtual_link": "https://webex.example/42", **changes}
    h.run("retreat.plan", lambda work: Retreats(work).plan(**fields))
    return h


def the_retreat(h: Histories) -> Retreat:
    it = h.load(Retreat, Retreat.identify("CTCR-2025"))
    assert it is not None
    return it


def test_links_are_sealed_under_the_retreat() -> None:
    h = entered()
    [created] = h.facts
    assert isinstance(created, Retreat.Created)
    assert isinstance(created.virtual_link, Sealed)
    assert (created.virtual_link.key, created.virtual_link.field) == (Retreat.identify("CTCR-2025"), "virtual_link")
    assert created.in_person_link is None


def test_planning_twice_is_planning_once() -> None:
    h = entered()
    entered(h)
    assert len(h.facts) == 1
    with pytest.raises(RuleViolation) as refused:
        entered(h, theme="Another")
    assert refused.value.rule == "code.taken"


def organizations(h: Histories, *codes: str) -> None:
    for code in codes:
        h.run(
            "organization.register",
            lambda work, code=code: Organizations(work).register(  # type: ignore[misc]
                code=code, names=Names(en=code), kind=OrganizationKind.UN_ENTITY
            ),
        )


def announced() -> Histories:
    h = entered()
    h.run("retreat.announce", lambda work: Retreats(work).announce("CTCR-2025"))
    return h


def test_an_organization_is_invited_once() -> None:
    h = announced()
    organizations(h, "UNODC")
    for _ in range(2):
        h.run(
            "retreat.invite_organization",
            lambda work: Retreats(work).invite_organization("CTCR-2025", organization="UNODC"),
        )
    assert the_retreat(h).invited == {"UNODC"}
    assert sum(isinstance(fact, Retreat.OrganizationInvited) for fact in h.facts) == 1


def test_an_unknown_or_inactive_organization_is_not_invited() -> None:
    h = announced()
    invite: Any = lambda work: Retreats(work).invite_organization("CTCR-2025", organization="UNODC")  # noqa: E731
    with pytest.raises(NotFound):
        h.run("retreat.invite_organization", invite)
    organizations(h, "UNODC")
    h.run("organization.deactivate", lambda work: Organizations(work).deactivate("UNODC"), reason="Merged.")
    with pytest.raises(RuleViolation) as refused:
        h.run("retreat.invite_organization", invite)
    assert refused.value.rule == "organization.inactive"


def test_an_organization_acknowledges_for_itself() -> None:
    h = announced()
    organizations(h, "UNODC", "CTED")
    acknowledge: Any = lambda work: Retreats(work).acknowledge_logistics(  # noqa: E731
        "CTCR-2025", organization="UNODC", version=1
    )
    with pytest.raises(Forbidden):
        h.run("retreat.acknowledge_logistics", acknowledge, by=actor(Role.ENTITY_REPRESENTATIVE, organization="CTED"))
    h.run("retreat.acknowledge_logistics", acknowledge, by=actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC"))
    assert the_retreat(h).acknowledged == {"UNODC": 1}


def test_until_it_is_announced_a_retreat_does_not_exist_for_others() -> None:
    h = entered()
    organizations(h, "UNODC")
    for by in (
        actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC"),
        actor(Role.REGIONAL_FOCAL_POINT, organization="UNODC"),
        actor(Role.READER),
    ):
        for reference in ("CTCR-2025", "NEVER"):
            with pytest.raises(NotFound) as refused:
                h.run(
                    "retreat.acknowledge_logistics",
                    lambda work, reference=reference: Retreats(work).acknowledge_logistics(  # type: ignore[misc]
                        reference, organization="UNODC", version=1
                    ),
                    by=by,
                )
            assert (refused.value.kind, refused.value.reference) == ("Retreat", reference)
    with pytest.raises(Forbidden):
        h.run("retreat.announce", lambda work: Retreats(work).announce("CTCR-2025"), by=actor(Role.AUDITOR))


def test_places_are_provided_from_the_announcement_on() -> None:
    h = entered()
    for places in (80, 90):
        h.run(
            "retreat.set_seat_rules",
            lambda work, places=places: Retreats(work).set_seat_rules(  # type: ignore[misc]
                "CTCR-2025", in_person_places=places
            ),
        )
    assert not any(isinstance(fact, Places.Created) for fact in h.facts)
    h.run("retreat.announce", lambda work: Retreats(work).announce("CTCR-2025"))
    provided = {fact.mode: fact.room for fact in h.facts if isinstance(fact, Places.Created)}
    assert provided == {Mode.IN_PERSON: 90, Mode.VIRTUAL: None}
    [_, changed] = h.run(
        "retreat.set_seat_rules", lambda work: Retreats(work).set_seat_rules("CTCR-2025", in_person_places=95)
    )
    assert isinstance(changed, Places.RoomChanged)


@pytest.mark.parametrize(
    ("verb", "by", "allowed"),
    [
        ("acknowledge_logistics", actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC"), True),
        ("acknowledge_logistics", actor(Role.REGIONAL_FOCAL_POINT, organization="ECOWAS"), True),
        ("acknowledge_logistics", actor(Role.READER), False),
        ("adopt_action_plan", actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC"), False),
        ("announce", actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC"), False),
        ("announce", actor(), True),
    ],
)
def test_what_is_said_to_be_allowed_is_what_the_policy_lets_through(verb: str, by: Actor, allowed: bool) -> None:
    it = Scenario(Retreat).given(*CONCLUDED).aggregate()
    assert decide(by, f"retreat.{verb}", it.concerns_of(verb, by)) is allowed


def test_only_the_secretariat_plans() -> None:
    with pytest.raises(Forbidden):
        Histories().run(
            "retreat.plan",
            lambda work: Retreats(work).plan(**{**PLANNED.fields, "virtual_link": None}),
            by=actor(Role.ENTITY_REPRESENTATIVE, organization="UNODC"),
        )


@pytest.mark.parametrize("action", ["change_deadline", "postpone", "cancel"])
def test_what_others_rely_on_moves_with_a_reason(action: str) -> None:
    h = entered()
    commands: dict[str, Callable[[Retreats], Retreat]] = {
        "change_deadline": lambda it: it.change_deadline("CTCR-2025", deadline=LAST_MINUTE),
        "postpone": lambda it: it.postpone("CTCR-2025"),
        "cancel": lambda it: it.cancel("CTCR-2025"),
    }
    with pytest.raises(RuleViolation) as refused:
        h.run(f"retreat.{action}", lambda work: commands[action](Retreats(work)))
    assert refused.value.rule == "reason.required"


def test_a_reason_is_sealed_under_the_retreat() -> None:
    h = entered()
    [postponed] = h.run("retreat.postpone", lambda work: Retreats(work).postpone("CTCR-2025"), reason="Flood.")
    assert postponed.provenance.reason is not None
    assert postponed.provenance.reason.key == Retreat.identify("CTCR-2025")


def test_comments_come_with_the_version_that_answers_them() -> None:
    h = announced()
    organizations(h, "UNODC")
    give: Any = h.run
    give("retreat.set_seat_rules", lambda work: Retreats(work).set_seat_rules("CTCR-2025", in_person_places=9))
    give("retreat.open_registration", lambda work: Retreats(work).open_registration("CTCR-2025", deadline=LAST_MINUTE))
    give("retreat.open", lambda work: Retreats(work).open("CTCR-2025"))
    give("retreat.conclude", lambda work: Retreats(work).conclude("CTCR-2025"))
    head = len(h.facts)

    def issue(work: Work, position: int) -> Retreat:
        return Retreats(work).issue_summary_report(
            "CTCR-2025",
            position=position,
            content_digest="a" * 64,
            file_digest="b" * 64,
            comments=[Remark(organization="UNODC", text="Name the gaps.")],
        )

    with pytest.raises(RuleViolation) as refused:
        give("retreat.issue_summary_report", lambda work: issue(work, head + 1))
    assert (refused.value.rule, refused.value.details) == (
        "retreat.report_position",
        {"position": head + 1, "latest": head},
    )
    [issued] = give("retreat.issue_summary_report", lambda work: issue(work, head))
    assert [(comment.organization, comment.text.field) for comment in issued.comments] == [("UNODC", "comments")]
    act = msgspec.structs.replace(DECISION, decided_on=h.now.date())
    adopt: Any = lambda work: Retreats(work).adopt_action_plan(  # noqa: E731
        "CTCR-2025", title="Action plan", version=1, act=act
    )
    with pytest.raises(NotFound):
        give("retreat.adopt_action_plan", adopt)
    give(
        "catalogue.add_entry",
        lambda work: Catalogue(work).add_entry(
            kind=EntryKind.BODY,
            code="CC",
            names=Names(en="Coordination Committee"),
            body_kind=BodyKind.COORDINATION_COMMITTEE,
        ),
    )
    give("retreat.adopt_action_plan", adopt)
    assert the_retreat(h).action_plan == ActionPlan(title="Action plan", version=1, act=act)


def test_the_rule_gives_each_entity_one_representative_and_two_delegates() -> None:
    it = Scenario(Retreat).given(*PUBLIC, SEATS_SET).aggregate()
    assert it.rule_for(Category.REPRESENTATIVE) == 1
    assert it.rule_for(Category.DELEGATE) == 2
