"""Who may give which command, and which needs a reason: one table. An action it does not name does not start."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from compact_domain.kernel import Actor, Concerns, Role, RoleHeld, Value


class Reach(Enum):
    """How far a role carries: what must be the actor's own for it to count."""

    ANY = "any"
    OWN_ORGANIZATION = "own organization"
    OWN_BODY = "own body"
    OWN_REGION = "own organization, in own region"
    SELF = "oneself"


class Line(Value, frozen=True, kw_only=True):
    """A line of the table: roles with their reach, and whether a reason is asked for."""

    may: tuple[tuple[Role, Reach], ...]
    reason: bool = False


ADMINISTRATOR = ((Role.SECRETARIAT_ADMINISTRATOR, Reach.ANY),)
SECRETARIAT = (*ADMINISTRATOR, (Role.SECRETARIAT_OFFICER, Reach.ANY))
PROCESS = ((Role.PROCESS, Reach.ANY),)
ENTITY = ((Role.ENTITY_REPRESENTATIVE, Reach.OWN_ORGANIZATION),)
FOCAL_POINT = ((Role.REGIONAL_FOCAL_POINT, Reach.OWN_ORGANIZATION),)
FOCAL_POINT_THERE = ((Role.REGIONAL_FOCAL_POINT, Reach.OWN_REGION),)
CHAIR = ((Role.WORKING_GROUP_CHAIR, Reach.OWN_BODY),)
COMMITTEE = ((Role.COMMITTEE_MEMBER, Reach.OWN_ORGANIZATION),)
ORGANIZATION = (*ENTITY, *FOCAL_POINT, *COMMITTEE)
ONESELF = tuple(
    (role, Reach.SELF)
    for role in (
        Role.ENTITY_REPRESENTATIVE,
        Role.REGIONAL_FOCAL_POINT,
        Role.COMMITTEE_MEMBER,
        Role.WORKING_GROUP_CHAIR,
        Role.READER,
    )
)


def _line(*may: tuple[tuple[Role, Reach], ...], reason: bool = False) -> Line:
    return Line(may=tuple(pair for group in may for pair in group), reason=reason)


POLICY: Mapping[str, Line] = {
    "organization.register": _line(SECRETARIAT),
    "organization.rename": _line(SECRETARIAT),
    "organization.set_names": _line(SECRETARIAT),
    "organization.set_regions": _line(SECRETARIAT),
    "organization.change_compact_status": _line(SECRETARIAT),
    "organization.deactivate": _line(SECRETARIAT, reason=True),
    "organization.reactivate": _line(SECRETARIAT),
    "role.bootstrap": _line(PROCESS),
    "role.grant": _line(ADMINISTRATOR),
    "role.revoke": _line(ADMINISTRATOR, reason=True),
    "body.appoint_chair": _line(SECRETARIAT),
    "body.release_chair": _line(SECRETARIAT),
    "body.join": _line(SECRETARIAT),
    "body.leave": _line(SECRETARIAT),
    "catalogue.add_entry": _line(SECRETARIAT),
    "catalogue.rename_entry": _line(SECRETARIAT),
    "catalogue.retire_entry": _line(SECRETARIAT, reason=True),
    "retreat.plan": _line(SECRETARIAT),
    "retreat.announce": _line(SECRETARIAT),
    "retreat.invite_organization": _line(SECRETARIAT),
    "retreat.revise_logistics": _line(SECRETARIAT),
    "retreat.acknowledge_logistics": _line(SECRETARIAT, ORGANIZATION),
    "retreat.set_seat_rules": _line(SECRETARIAT),
    "retreat.open_registration": _line(SECRETARIAT),
    "retreat.close_registration": _line(SECRETARIAT),
    "retreat.change_deadline": _line(SECRETARIAT, reason=True),
    "retreat.publish_agenda": _line(SECRETARIAT),
    "retreat.open": _line(SECRETARIAT),
    "retreat.conclude": _line(SECRETARIAT),
    "retreat.postpone": _line(SECRETARIAT, reason=True),
    "retreat.resume": _line(SECRETARIAT),
    "retreat.cancel": _line(SECRETARIAT, reason=True),
    "retreat.issue_summary_report": _line(SECRETARIAT),
    "retreat.adopt_action_plan": _line(SECRETARIAT, CHAIR),
    "retreat.issue_communication": _line(SECRETARIAT),
    "registration.nominate": _line(SECRETARIAT, ENTITY),
    "registration.confirm": _line(SECRETARIAT),
    "registration.decline": _line(SECRETARIAT, ENTITY, ONESELF),
    "registration.reject": _line(SECRETARIAT, reason=True),
    "registration.withdraw": _line(SECRETARIAT, ENTITY, ONESELF, reason=True),
    "registration.reinstate": _line(SECRETARIAT, ENTITY),
    "registration.substitute": _line(SECRETARIAT, ENTITY),
    "registration.change_mode": _line(SECRETARIAT, ENTITY, ONESELF),
    "registration.admit_late": _line(SECRETARIAT, reason=True),
    "registration.grant_exception": _line(SECRETARIAT, reason=True),
    "registration.promote": _line(SECRETARIAT, PROCESS),
    "registration.skip_waiting": _line(SECRETARIAT, reason=True),
    "registration.record_attendance": _line(SECRETARIAT),
    "registration.excuse": _line(SECRETARIAT),
    "session.schedule": _line(SECRETARIAT),
    "session.announce": _line(PROCESS),
    "session.reschedule": _line(SECRETARIAT),
    "session.cancel": _line(SECRETARIAT, reason=True),
    "session.set_objectives": _line(SECRETARIAT),
    "session.invite_speaker": _line(SECRETARIAT),
    "session.accept_invitation": _line(SECRETARIAT, ORGANIZATION, ONESELF),
    "session.decline_invitation": _line(SECRETARIAT, ORGANIZATION, ONESELF, reason=True),
    "session.withdraw_speaker": _line(SECRETARIAT, reason=True),
    "session.assign_moderator": _line(SECRETARIAT),
    "session.assign_rapporteur": _line(SECRETARIAT),
    "session.start": _line(SECRETARIAT),
    "session.record_intervention": _line(SECRETARIAT, ONESELF),
    "session.identify_capacity_gap": _line(SECRETARIAT, ONESELF),
    "session.correct_capacity_gap": _line(SECRETARIAT, ONESELF, reason=True),
    "session.close_capacity_gap": _line(SECRETARIAT),
    "session.highlight_good_practice": _line(SECRETARIAT, ONESELF),
    "session.raise_priority": _line(SECRETARIAT, ONESELF),
    "session.conclude": _line(SECRETARIAT),
    "session.approve_record": _line(SECRETARIAT),
    "session.correct_record": _line(SECRETARIAT, reason=True),
    "recommendation.propose": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.amend": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.put_under_review": _line(SECRETARIAT),
    "recommendation.respond": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.start_silence": _line(SECRETARIAT, CHAIR),
    "recommendation.object": _line(SECRETARIAT, ORGANIZATION, reason=True),
    "recommendation.withdraw_objection": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.end_silence": _line(SECRETARIAT, CHAIR, reason=True),
    "recommendation.adopt_by_silence": _line(PROCESS),
    "recommendation.adopt": _line(SECRETARIAT, CHAIR),
    "recommendation.decline_to_adopt": _line(SECRETARIAT, CHAIR, reason=True),
    "recommendation.defer": _line(SECRETARIAT, CHAIR, reason=True),
    "recommendation.refer": _line(SECRETARIAT, CHAIR, reason=True),
    "recommendation.return_from_referral": _line(SECRETARIAT, CHAIR),
    "recommendation.announce": _line(SECRETARIAT),
    "recommendation.assign": _line(SECRETARIAT, CHAIR),
    "recommendation.reassign": _line(SECRETARIAT, CHAIR, reason=True),
    "recommendation.change_due_date": _line(SECRETARIAT, CHAIR, reason=True),
    "recommendation.set_milestone": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.complete_milestone": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.report_progress": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.report_obstacle": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.resolve_obstacle": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.remind": _line(PROCESS),
    "recommendation.claim_implementation": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.contest_claim": _line(SECRETARIAT, ORGANIZATION, reason=True),
    "recommendation.answer_contest": _line(SECRETARIAT, ORGANIZATION),
    "recommendation.withdraw_contest": _line(SECRETARIAT, ORGANIZATION, CHAIR, reason=True),
    "recommendation.verify": _line(SECRETARIAT, FOCAL_POINT),
    "recommendation.withdraw": _line(SECRETARIAT, ORGANIZATION, reason=True),
    "recommendation.supersede": _line(SECRETARIAT, CHAIR, reason=True),
    "recommendation.merge": _line(SECRETARIAT, CHAIR, reason=True),
    "recommendation.mark_overtaken": _line(SECRETARIAT, CHAIR, reason=True),
    "recommendation.reopen": _line(SECRETARIAT, CHAIR, reason=True),
    "focal_point.nominate": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "focal_point.confirm": _line(SECRETARIAT),
    "focal_point.decline": _line(SECRETARIAT, ONESELF, reason=True),
    "focal_point.designate_alternate": _line(SECRETARIAT, FOCAL_POINT_THERE),
    "focal_point.remove_alternate": _line(SECRETARIAT, FOCAL_POINT_THERE),
    "focal_point.update_contact": _line(SECRETARIAT, FOCAL_POINT_THERE, ONESELF),
    "focal_point.extend_term": _line(SECRETARIAT),
    "focal_point.hand_over": _line(SECRETARIAT, FOCAL_POINT_THERE),
    "focal_point.vacate": _line(SECRETARIAT, FOCAL_POINT_THERE, ONESELF, reason=True),
    "focal_point.end_term": _line(PROCESS),
    "focal_point.take_over_nomination": _line(PROCESS),
    "coordination_meeting.convene": _line(SECRETARIAT, CHAIR),
    "coordination_meeting.reschedule": _line(SECRETARIAT, CHAIR, reason=True),
    "coordination_meeting.invite": _line(SECRETARIAT, CHAIR),
    "coordination_meeting.add_item": _line(SECRETARIAT, CHAIR, FOCAL_POINT),
    "coordination_meeting.start": _line(SECRETARIAT, CHAIR, FOCAL_POINT),
    "coordination_meeting.record_attendance": _line(SECRETARIAT, CHAIR, FOCAL_POINT),
    "coordination_meeting.dispose_item": _line(SECRETARIAT, CHAIR, FOCAL_POINT),
    "coordination_meeting.record_decision": _line(SECRETARIAT, CHAIR, FOCAL_POINT),
    "coordination_meeting.agree_action": _line(SECRETARIAT, CHAIR, FOCAL_POINT),
    "coordination_meeting.complete_action": _line(SECRETARIAT, CHAIR, ORGANIZATION),
    "coordination_meeting.drop_action": _line(SECRETARIAT, CHAIR, reason=True),
    "coordination_meeting.conclude": _line(SECRETARIAT, CHAIR, FOCAL_POINT),
    "coordination_meeting.finalize_minutes": _line(SECRETARIAT, CHAIR),
    "coordination_meeting.correct_minutes": _line(SECRETARIAT, CHAIR, reason=True),
    "coordination_meeting.cancel": _line(SECRETARIAT, CHAIR, reason=True),
    "coordination_meeting.carry_item": _line(PROCESS),
    "coordination_meeting.settle_elsewhere": _line(PROCESS),
    "coordination_meeting.drop_ended": _line(PROCESS),
    "coordination_meeting.settle_item": _line(PROCESS),
    "coordination_meeting.disclose_item": _line(PROCESS),
    "coordination_meeting.remind": _line(PROCESS),
    "rotation.establish": _line(SECRETARIAT),
    "rotation.join": _line(SECRETARIAT),
    "rotation.leave": _line(SECRETARIAT, reason=True),
    "rotation.offer": _line(SECRETARIAT, PROCESS),
    "rotation.accept": _line(SECRETARIAT, FOCAL_POINT_THERE),
    "rotation.decline": _line(SECRETARIAT, FOCAL_POINT_THERE, reason=True),
    "rotation.skip": _line(SECRETARIAT, reason=True),
    "rotation.lapse": _line(PROCESS),
    "rotation.propose_swap": _line(SECRETARIAT, FOCAL_POINT_THERE),
    "rotation.consent_swap": _line(SECRETARIAT, FOCAL_POINT_THERE),
    "rotation.conclude_turn": _line(PROCESS),
    "rotation.return_turn": _line(PROCESS),
    "rotation.end": _line(SECRETARIAT, reason=True),
    "initiative.register": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.revise": _line(SECRETARIAT, ENTITY, FOCAL_POINT, reason=True),
    "initiative.change_status": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.suspend": _line(SECRETARIAT, ENTITY, FOCAL_POINT, reason=True),
    "initiative.resume": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.cancel": _line(SECRETARIAT, ENTITY, FOCAL_POINT, reason=True),
    "initiative.join_partner": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.leave_partner": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.answer_gap": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.carry_out": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.define_indicator": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.join_indicator": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.report_measurement": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.close_period": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
    "initiative.correct_measurement": _line(SECRETARIAT, ENTITY, FOCAL_POINT, reason=True),
    "initiative.review_overlap": _line(SECRETARIAT, CHAIR),
    "initiative.review_gap": _line(SECRETARIAT, CHAIR),
    "initiative.conclude": _line(SECRETARIAT, ENTITY, FOCAL_POINT),
}


def decide(actor: Actor, action: str, concerns: Concerns) -> bool:
    """Whether the actor may do `action` to those it concerns. Total over the table; an unknown action is an error."""
    return any(
        _reaches(actor, held, reach, concerns)
        for held in actor.roles
        for role, reach in POLICY[action].may
        if held.role == role
    )


def sees_withheld(actor: Actor) -> bool:
    """Whether an actor sees what a body has decided and not announced: those who prepare, take or audit decisions."""
    return actor.holds(
        Role.SECRETARIAT_ADMINISTRATOR,
        Role.SECRETARIAT_OFFICER,
        Role.WORKING_GROUP_CHAIR,
        Role.COMMITTEE_MEMBER,
        Role.AUDITOR,
        Role.PROCESS,
    )


class Own(Concerns, frozen=True, kw_only=True):
    """What is an actor's own, of what is not for everybody: registrations and seats of `organizations` and `persons`,
    and whatever is confined to the organizations that the actor `speaks_for`."""

    speaks_for: frozenset[str] = frozenset()


def own_alone(actor: Actor) -> Own | None:
    """Whose registrations and seats an actor sees: the own organization's as its representative, and one's own; and
    for whom the actor speaks. None for those who see all: the secretariat and auditors.
    """
    if _sees_everything(actor):
        return None
    represented = {held.scope or actor.organization for held in actor.roles if held.role is Role.ENTITY_REPRESENTATIVE}
    return Own(
        organizations=frozenset(o for o in represented if o),
        persons=frozenset({actor.id}),
        speaks_for=_speaks_for(actor),
    )


def may_know(actor: Actor, organizations: frozenset[str]) -> bool:
    """Whether an actor may know of what is confined to organizations: by speaking for one, or by seeing everything."""
    return _sees_everything(actor) or not organizations.isdisjoint(_speaks_for(actor))


def _speaks_for(actor: Actor) -> frozenset[str]:
    roles = {role for role, _ in ORGANIZATION}
    spoken = (held.scope or actor.organization for held in actor.roles if held.role in roles)
    return frozenset(organization for organization in spoken if organization)


def _sees_everything(actor: Actor) -> bool:
    return actor.holds(Role.SECRETARIAT_ADMINISTRATOR, Role.SECRETARIAT_OFFICER, Role.AUDITOR, Role.PROCESS)


def may_read_personal(actor: Actor, concerns: Concerns) -> bool:
    """Whether an actor may read what is personal to those concerned: names, contacts, what was said of them."""
    if _sees_everything(actor):
        return True
    return actor.id in concerns.persons or bool(own_of(actor) & (concerns.organizations | concerns.bodies))


def own_of(actor: Actor) -> frozenset[str]:
    """Codes of the organizations and bodies that an actor belongs to by one of the roles held."""
    return frozenset(own for held in actor.roles if (own := held.scope or actor.organization))


def needs_reason(action: str) -> bool:
    """Whether the command is refused without a reason (what refuses, ends, undoes, overrides, moves)."""
    return POLICY[action].reason


def _reaches(actor: Actor, held: RoleHeld, reach: Reach, concerns: Concerns) -> bool:
    match reach:
        case Reach.ANY:
            return True
        case Reach.OWN_ORGANIZATION:
            return (held.scope or actor.organization) in concerns.organizations
        case Reach.OWN_BODY:
            return held.scope in concerns.bodies
        case Reach.OWN_REGION:
            own = (held.scope or actor.organization) in concerns.organizations
            return own and bool(concerns.regions.intersection(held.regions))
        case Reach.SELF:
            return actor.id in concerns.persons
