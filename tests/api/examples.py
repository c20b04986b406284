"""An example input for every mutation, made from the schema: what it would take, so that one thing can be put wrong.

A value is looked up from the most to the least particular: `mutation.field`, what the thing itself says, the input
type's field, the field, the type. What none of these tables knows fails with a message that says what to add.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    get_named_type,
    is_required_input_field,
)

from compact_domain.kernel import Role
from tests.api.mutations import Mutation, Place, is_list
from tests.api.world import Thing, World
from tests.client import Client

SUBJECTS = {
    "organization": "Organization",
    "role": "RoleHolder",
    "body": "Body",
    "catalogue": "Region",
    "retreat": "Retreat",
    "session": "Session",
    "registration": "Registration",
    "recommendation": "Recommendation",
    "focalPoint": "FocalPoint",
    "rotation": "Rotation",
    "coordinationMeeting": "CoordinationMeeting",
    "initiative": "Initiative",
}
"""Which things commands of a noun are given to, where the input has an `id`."""

NAMED_OTHERWISE = {
    "roleRevoke": ("person", "RoleHolder"),
    "sessionSchedule": ("retreat", "Retreat"),
    "registrationNominate": ("retreat", "Retreat"),
    "registrationGrantException": ("retreat", "Retreat"),
    "registrationPromote": ("retreat", "Retreat"),
    "registrationAdmitLate": ("registration", "Registration"),
    "focalPointNominate": ("organization", "Organization"),
    "initiativeReviewGap": ("workingGroup", "Body"),
}
"""The field that names the thing a command is given to, where that is not `id`."""

BEGINS = {
    "organizationRegister",
    "roleGrant",
    "catalogueAddEntry",
    "retreatPlan",
    "recommendationPropose",
    "rotationEstablish",
    "coordinationMeetingConvene",
    "initiativeRegister",
}
"""Commands that are given to nothing: what they are about begins with them."""

SPEAKS_FOR = {
    "recommendationPropose": "UNODC",
    "recommendationAmend": "UNODC",
    "recommendationRespond": "UNODC",
    "recommendationObject": "UNODC",
    "recommendationWithdrawObjection": "UNODC",
    "recommendationSetMilestone": "UNODC",
    "recommendationCompleteMilestone": "UNODC",
    "recommendationReportObstacle": "UNODC",
    "recommendationResolveObstacle": "UNODC",
    "recommendationReportProgress": "UNODC",
    "recommendationClaimImplementation": "UNODC",
    "recommendationContestClaim": "ECOWAS",
    "recommendationAnswerContest": "UNODC",
    "recommendationWithdrawContest": "ECOWAS",
    "recommendationWithdraw": "UNODC",
    "initiativeReportMeasurement": "UNODC",
    "initiativeCorrectMeasurement": "UNODC",
}
"""The organization for which the secretariat gives a command that is an organization's own to give."""

ALSO = {
    "RegistrationNominateInput": ["expectedVersion"],
    "RetreatPublishAgendaInput": ["changeNote"],
    "SessionCorrectCapacityGapInput": ["severity"],
    "SessionCorrectRecordInput": ["text", "intervention"],
    "SessionRescheduleInput": ["room"],
    "FocalPointHandOverInput": ["nominationLetter"],
    "CoordinationMeetingConveneInput": ["body"],
    "CoordinationMeetingAddItemInput": ["title"],
    "InitiativeReviseInput": ["endsOn"],
    "InitiativeDefineIndicatorInput": ["unit"],
}
"""Fields given by an example though they may be left out: without them there would be nothing to do."""

ONE_OF = {
    "PersonReference": ("details", "subject"),
    "RegistrationAdmitLateInput": ("registration", "nomination"),
    "RecommendationDeferInput": ("toMeeting", "toDate"),
    "CoordinationMeetingAddItemInput": ("code", "recommendation"),
    "CoordinationMeetingRecordAttendanceInput": ("person", "registration"),
}
"""Fields of which one is given; an example gives the first."""

NO_FACT = {"registrationPromote"}
"""What states nothing when all is well: who waits is promoted without being asked."""

_numbers = count(1)


REFERENCES: Mapping[str, str] = {
    "retreat": "Retreat",
    "organization": "Organization",
    "voicedBy": "Organization",
    "lead": "Organization",
    "partners": "Organization",
    "onBehalfOf": "Organization",
    "registration": "Registration",
    "speaker": "Registration",
    "session": "Session",
    "sessions": "Session",
    "intervention": "Intervention",
    "gaps": "CapacityGap",
    "forGap": "CapacityGap",
    "sessionCorrectCapacityGap.code": "CapacityGap",
    "sessionCloseCapacityGap.code": "CapacityGap",
    "region": "Region",
    "regions": "Region",
    "parent": "Region",
    "replicableIn": "Region",
    "workingGroup": "WorkingGroup",
    "workingGroups": "WorkingGroup",
    "body": "Body",
    "toBody": "Body",
    "roleGrant.scope": "Body",
    "framework": "Framework",
    "clauses": "Clause",
    "alternate": "Alternate",
    "sessionAcceptInvitation.registration": "Speaker",
    "sessionDeclineInvitation.registration": "Speaker",
    "sessionWithdrawSpeaker.registration": "Speaker",
    "roleRevoke.person": "RoleHolder",
    "host": "Organization",
    "organizations": "Organization",
    "coordinationMeetingConvene.rotation": "Rotation",
    "coordinationMeetingAddItem.recommendation": "Recommendation",
    "coordinationMeetingDisposeItem.item": "AgendaItem",
    "coordinationMeetingRecordDecision.item": "AgendaItem",
    "coordinationMeetingCompleteAction.code": "ActionPoint",
    "coordinationMeetingDropAction.code": "ActionPoint",
    # refused by a rule, which tells what would do
    "rotationLeave.organization": "rotation.not_member",
    "rotationOffer.organization": "rotation.not_member",
    "rotationAccept.organization": "rotation.not_member",
    "rotationDecline.organization": "rotation.not_member",
    "rotationSkip.organization": "rotation.not_member",
    "rotationProposeSwap.organization": "rotation.not_member",
    "successor": "Recommendation",
    "into": "Recommendation",
    "contest": "recommendation.contest",
    "milestone": "recommendation.milestone",
    "recommendationStartSilence.body": "recommendation.body",
    "BodyActInput.body": "recommendation.body",
    "retreatAdoptActionPlan.body": "Body",
    "bodyReleaseChair.person": "body.not_in_office",
    "bodyLeave.organization": "body.not_in_body",
    "roleRevoke.scope": "role.not_granted",
    "requestedBy": "Organization",
    "gap": "CapacityGap",
    "indicator": "Indicator",
    "initiativeCarryOut.recommendation": "Recommendation",
    "initiativeReviewOverlap.other": "Initiative",
    "initiativeLeavePartner.organization": "Partner",
}
"""What a field refers to: the type that is not found, or the rule that refuses what is not there."""

NEW = {"code", "idempotencyKey"}
"""Fields in which something that is not there is what belongs there."""

IN_CASE: Mapping[str, Mapping[str, Any]] = {
    "roleGrant.scope": {"role": "WORKING_GROUP_CHAIR", "organization": "UNODC"},
    "recommendationWithdrawContest.act.body": {"ending": "UPHELD"},
    "coordinationMeetingConvene.rotation": {
        "kind": "COORDINATION_MEETING",
        "turn": 1,
        "host": "ECOWAS",
        "body": None,
    },
    "coordinationMeetingDisposeItem.toBody": {"disposition": "REFERRED", "reason": "It is theirs."},
}
"""What else an input says where a field is there only in that case."""

UNCHECKED = {
    "CoordinationMeetingDisposeItemInput.toMeeting": "an item may be put off to a meeting before it is convened",
    "PersonReference.subject": "subject ids are the host's: one may be given a role before it is seen here",
}
"""Fields that may refer to what is not there, and why."""


def fresh_code() -> str:
    return f"NEW-{next(_numbers)}"


def fresh_email() -> str:
    return f"new-{next(_numbers)}@example.org"


def said(name: str, instead: Callable[[], str]) -> Callable[[World, Thing], Any]:
    """What the thing says under a name; where it says none, something that does not exist."""
    return lambda world, thing: thing.says.get(name, instead())


def fresh_id() -> str:
    return str(uuid4())


BY_TYPE: Mapping[str, Any] = {
    "String": "As agreed",
    "Int": 1,
    "Decimal": "1",
    "Boolean": True,
    "ID": None,
    "Date": "2031-05-01",
    "DateTime": "2031-06-20T10:00:00-04:00",
    "Code": lambda world, thing: fresh_code(),
    "RegionCode": "EAST-AFRICA",
    "UUID": lambda world, thing: fresh_id(),
    "EmailAddress": lambda world, thing: fresh_email(),
    "URL": "https://example.org/room",
    "TimeZone": "Europe/Vienna",
    "CountryCode": "KE",
    "Position": "1",
}

EXAMPLES: Mapping[str, Any] = {
    # whom and what it refers to
    "organization": "UNODC",
    "voicedBy": "ECOWAS",
    "lead": "UNODC",
    "partners": "UNDP",
    "contest": "ECOWAS",
    "milestone": "M-1",
    "successor": "REC-REVIEW",
    "into": "REC-REVIEW",
    "session": "S-RUNNING",
    "sessions": "S-RUNNING",
    "body": "CC",
    "toBody": "NRCTS",
    "workingGroup": "NRCTS",
    "workingGroups": "NRCTS",
    "framework": "A-RES-77-298",
    "clauses": "A-RES-77-298-FIELD",
    "gaps": "GAP-S-RUNNING",
    "forGap": "GAP-S-RUNNING",
    "retreat": "R-OPEN",
    "registration": lambda world, thing: world.guest,
    "speaker": lambda world, thing: world.speaker,
    "scope": "UNODC",
    # what fits the world
    "category": "DELEGATE",
    "mode": "VIRTUAL",
    "format": "HYBRID",
    "role": "AUDITOR",
    "compactStatus": "OBSERVER",
    "closedAs": "VERIFIED",
    "contentDigest": "c" * 64,
    "fileDigest": "d" * 64,
    "dueOn": "2031-12-31",
    "startsOn": "2031-07-01",
    "endsOn": "2032-06-30",
    "validUntil": "2031-12-31",
    "onBehalfOf": "UNODC",
    "RecommendationDeferInput.toMeeting": "CC-2031-11",
    "host": "ECOWAS",
    "organizations": "INTERPOL",
    "CoordinationMeetingConveneInput.kind": "COMMITTEE_MEETING",
    "CoordinationMeetingConveneInput.endsAt": "2031-06-20T12:00:00-04:00",
    "CoordinationMeetingRescheduleInput.endsAt": "2031-06-20T12:00:00-04:00",
    "coordinationMeetingRecordAttendance.organization": "UNDP",
    "coordinationMeetingAddItem.recommendation": "REC-REVIEW",
    "coordinationMeetingCompleteAction.code": said("action", fresh_code),
    "coordinationMeetingDropAction.code": said("action", fresh_code),
    "RetreatResumeInput.endsOn": "2031-07-02",
    "RetreatPlanInput.endsOn": "2031-07-02",
    "SessionScheduleInput.startsAt": "2031-06-26T10:00:00-04:00",
    "SessionScheduleInput.endsAt": "2031-06-26T11:00:00-04:00",
    "SessionRescheduleInput.startsAt": "2031-06-26T10:00:00-04:00",
    "SessionRescheduleInput.endsAt": "2031-06-26T11:00:00-04:00",
    "AgendaEntryInput.startsAt": "2031-06-26T10:00:00-04:00",
    "AgendaEntryInput.endsAt": "2031-06-26T11:00:00-04:00",
    "AgendaEntryInput.session": "S-OPEN",
    "sessionInviteSpeaker.registration": lambda world, thing: world.guest,
    "sessionInviteSpeaker.mode": "IN_PERSON",
    "sessionAssignModerator.registration": lambda world, thing: world.guest,
    "sessionAssignRapporteur.registration": lambda world, thing: world.guest,
    "sessionCorrectCapacityGap.code": said("gap", fresh_code),
    "sessionCorrectCapacityGap.severity": "CRITICAL",
    "sessionCloseCapacityGap.code": said("gap", fresh_code),
    "organizationSetRegions.regions": "SAHEL",
    "organizationRename.names": {"en": "Another name"},
    "organizationSetNames.names": lambda world, thing: {"en": _name(world, thing), "fr": "Un nom"},
    "bodyReleaseChair.person": said("chair", fresh_id),
    "bodyJoin.organization": said("newcomer", fresh_code),
    "bodyLeave.organization": said("member", fresh_code),
    "roleRevoke.person": said("subject", fresh_id),
    "focalPointNominate.regions": "CENTRAL-ASIA",
    "rotationEstablish.members": [
        {"organization": "ECOWAS", "region": "WEST-AFRICA"},
        {"organization": "AU", "region": "EAST-AFRICA"},
    ],
    "rotationEstablish.rule": "FREQ=MONTHLY;BYDAY=3FR",
    "rotationEstablish.firstAt": "2031-06-20T10:00:00-04:00",
    "rotationJoin.organization": said("newcomer", fresh_code),
    "rotationLeave.organization": said("member", fresh_code),
    "rotationOffer.turn": 2,
    "rotationOffer.answerBy": "2031-05-31",
    "rotationAccept.organization": said("asked", fresh_code),
    "rotationDecline.organization": said("asked", fresh_code),
    "rotationSkip.organization": said("asked", fresh_code),
    "rotationProposeSwap.organization": "AU",
    "rotationProposeSwap.turn": 2,
    "rotationProposeSwap.forTurn": 3,
    "rotationConsentSwap.swap": 2,
    "focalPointHandOver.endsOn": "2032-06-30",
    "currency": "USD",
    "requestedBy": "UNDP",
    "gap": "GAP-S-RUNNING",
    "baselineYear": 2030,
    "InitiativeDefineIndicatorInput.target": "40",
    "initiativeChangeStatus.status": said("next", lambda: "IMPLEMENTATION"),
    "initiativeJoinPartner.organization": "AU",
    "initiativeJoinPartner.role": "FUNDING",
    "initiativeLeavePartner.organization": "UNDP",
    "initiativeLeavePartner.stage": "CO_DESIGN",
    "initiativeCarryOut.recommendation": "REC-ADOPTED",
    "initiativeJoinIndicator.indicator": "IND-INI-OTHER",
    "InitiativeReportMeasurementInput.period": "2031-05",
    "InitiativeClosePeriodInput.period": "2031-05",
    "InitiativeCorrectMeasurementInput.period": "2031-04",
    "initiativeReviewOverlap.other": "INI-OTHER",
    "initiativeReviewGap.region": "WEST-AFRICA",
    "initiativeReviewGap.gaps": ["GAP-S-APPROVED", "GAP-S-CONCLUDED", "GAP-S-RUNNING"],
}


def _name(world: World, thing: Thing) -> str:
    found = world.officer.ask("query ($id: ID!) { node(id: $id) { ... on Organization { name } } }", id=thing.id)
    name: str = found["node"]["name"]
    return name


def subject_of(mutation: Mutation) -> tuple[str, str] | None:
    """The field that names the thing a command is given to, and the kind of that thing; None if there is none yet."""
    if mutation.name in BEGINS:
        return None
    if mutation.name in NAMED_OTHERWISE:
        return NAMED_OTHERWISE[mutation.name]
    noun = next((noun for noun in SUBJECTS if mutation.name.startswith(noun)), None)
    if noun is None or not mutation.has("id"):
        pytest.fail(
            f"{mutation}: say in SUBJECTS, NAMED_OTHERWISE or BEGINS what it is given to, and have the world hold"
            " such things in every state"
        )
    return "id", SUBJECTS[noun]


class _Made:
    """An input in the making."""

    def __init__(self, world: World, mutation: Mutation, thing: Thing | None, whole: bool) -> None:
        self.world, self.mutation, self.thing, self.whole = world, mutation, thing, whole

    def object(self, kind: GraphQLInputObjectType, path: tuple[str | int, ...]) -> dict[str, Any]:
        head = path[0] if path else None
        options = ONE_OF.get(kind.name, ())
        chosen = head if head in options else next(iter(options), None)
        found = {}
        for name, field in kind.fields.items():
            if name in options and name != chosen:
                continue
            is_wanted = self.whole or is_required_input_field(field) or name in ALSO.get(kind.name, ())
            if is_wanted or name in (head, chosen):
                rest = path[1:] if name == head else ()
                if is_list(field.type):
                    made = self._value(kind, name, field, rest[1:])
                    found[name] = made if isinstance(made, list) else [made]
                else:
                    found[name] = self._value(kind, name, field, rest)
        return found

    def _value(
        self, kind: GraphQLInputObjectType, name: str, field: GraphQLInputField, path: tuple[str | int, ...]
    ) -> Any:
        named, is_top = get_named_type(field.type), kind is self.mutation.input
        for table, key, applies in (
            (EXAMPLES, f"{self.mutation}.{name}", is_top),
            (self.thing.says if self.thing else {}, name, is_top),
            (EXAMPLES, f"{kind.name}.{name}", True),
            (EXAMPLES, name, not isinstance(named, GraphQLInputObjectType)),
        ):
            if applies and key in table:
                return self._made(table[key])
        if isinstance(named, GraphQLInputObjectType):
            return self.object(named, path)
        if isinstance(named, GraphQLEnumType):
            return next(iter(named.values))
        if named.name not in BY_TYPE:
            pytest.fail(f"{self.mutation}: say in BY_TYPE what a {named.name} may be, as in `{kind.name}.{name}`")
        return self._made(BY_TYPE[named.name])

    def _made(self, value: Any) -> Any:
        return value(self.world, self.thing) if callable(value) else value


class Examples:
    """Inputs for mutations, made for one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._allowed = {client: world.allowed(client) for client in (world.officer, world.administrator)}
        self._found: dict[str, tuple[Thing | None, dict[str, Any]]] = {}

    def client(self, mutation: Mutation) -> Client:
        """Who of the secretariat gives it."""
        is_officers = any(role is Role.SECRETARIAT_OFFICER for role, _ in mutation.line.may)
        return self.world.officer if is_officers else self.world.administrator

    def version(self, thing: Thing) -> int:
        return self._allowed[self.world.officer][thing.key][0]

    def things(self, mutation: Mutation) -> Sequence[Thing | None]:
        """What the mutation may be given to: all things of its kind; nothing, where it begins one."""
        subject = subject_of(mutation)
        return [None] if subject is None else self.world.of(subject[1])

    def allows(self, mutation: Mutation, thing: Thing) -> bool:
        """Whether the thing says that the mutation may be given to it now."""
        return mutation.name in self.allowed(mutation, thing)

    def allowed(self, mutation: Mutation, thing: Thing) -> Sequence[str]:
        """What the thing says may be given to it now, by who gives the mutation."""
        return self._allowed[self.client(mutation)][thing.key][1]

    def input(
        self, mutation: Mutation, thing: Thing | None, place: Place | None = None, *, whole: bool = False
    ) -> dict[str, Any]:
        """An example for a mutation given to a thing; with `place`, something stands there too; `whole`: everywhere."""
        fields = _Made(self.world, mutation, thing, whole).object(mutation.input, place.path if place else ())
        fields["idempotencyKey"] = fresh_id()
        if place:
            fields |= IN_CASE.get(f"{mutation}.{place.name}", {})
        if mutation.has("expectedVersion"):
            fields["expectedVersion"] = None
        if mutation.line.reason:
            fields["reason"] = "It was so decided."
        if mutation.name in SPEAKS_FOR:
            fields["onBehalfOf"] = SPEAKS_FOR[mutation.name]
        subject = subject_of(mutation)
        if subject and thing and subject[0] in fields:
            fields[subject[0]] = thing.name
        return fields

    def good(self, mutation: Mutation, place: Place | None = None) -> tuple[Thing | None, dict[str, Any]]:
        """A thing to which the mutation may be given, and an input that is taken."""
        if mutation.name not in self._found:
            self._found[mutation.name] = self._search(mutation)
        thing, input = self._found[mutation.name]
        fields = self.input(mutation, thing, place) if place else copy.deepcopy(input)
        return thing, {**fields, "idempotencyKey": fresh_id()}

    def _search(self, mutation: Mutation) -> tuple[Thing | None, dict[str, Any]]:
        told = []
        for thing in self.things(mutation):
            if thing and "id" in mutation.input.fields and not self.allows(mutation, thing):
                continue
            input = self.input(mutation, thing)
            answer = self.client(mutation).post(mutation.document, {"input": {**input, "dryRun": True}})
            found = (answer.get("data") or {}).get("answer") or answer
            if found.get("__typename") == mutation.payload.name and (found["events"] or mutation.name in NO_FACT):
                return thing, input
            told.append(f"{thing}: {found}")
        pytest.fail(
            f"{mutation}: nothing in the world takes it. Have `World` make a thing that does, or say in EXAMPLES what"
            " its input has to hold. Tried:\n" + "\n".join(told)
        )


def put(input: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """The input with another value at a place, at which something stands."""
    changed: Any = copy.deepcopy(input)
    holder = changed
    for part in place.path[:-1]:
        holder = holder[part]
    holder[place.path[-1]] = value
    found: dict[str, Any] = changed
    return found


def at(input: dict[str, Any], place: Place) -> Any:
    """What stands at a place; None if nothing does."""
    found: Any = input
    for part in place.path:
        found = found[part] if isinstance(part, int) else (found or {}).get(part)
        if found is None:
            return None
    return found


def refers(mutation: Mutation, place: Place) -> str | None:
    """What a place refers to, as `REFERENCES` has it; None for a place that refers to nothing."""
    if place.type not in ("ID", "Code", "RegionCode", "UUID"):
        return None
    if place.path == ("id",):
        return SUBJECTS[next(noun for noun in SUBJECTS if mutation.name.startswith(noun))]
    for key in (f"{mutation}.{place.field}", f"{place.of}.{place.field}", place.field):
        if key in REFERENCES:
            return REFERENCES[key]
        if key in NEW or key in UNCHECKED:
            return None
    pytest.fail(f"{mutation}: say in REFERENCES what `{place.of}.{place.field}` refers to, or in NEW or UNCHECKED")
