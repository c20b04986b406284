"""Today: what the one who asks has to do, why, since when, and by which command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from compact_domain.focal_point import SECRETARIAT_OF_COMPACT, FocalPointState
from compact_domain.kernel import Actor, InvalidInput, RoleHeld
from compact_domain.policy import POLICY, own_alone, sees_withheld
from compact_projections.asking import Asking, Condition
from compact_projections.duties import TABLE
from compact_projections.duties.lines import Duty
from compact_projections.focal_points import FocalPointRow
from compact_projections.today import Item, Wanted, today, today_count

from .catalogue import BodyEntry, Region
from .context import Info
from .coordination_meeting import ActionPoint, AgendaItem, CoordinationMeeting
from .fields import question
from .focal_point import FocalPoint
from .ids import GlobalId
from .initiative import Initiative
from .moments import Asked, global_id
from .nodes import Subject
from .organization import Organization
from .paging import DEFAULT_PAGE, After, Connection, First, Order, connection, page
from .problems import Detail, mutation_name
from .recommendation import Recommendation
from .registration import Places, Registration
from .retreat import Retreat
from .rotation import Rotation
from .scalars import Code, Position
from .session import CapacityGap, Session
from .shapes import enumeration, shape
from .vocabulary import Role

SUBJECTS: dict[str, type[Subject]] = {
    kind.__name__: kind
    for kind in (
        ActionPoint,
        AgendaItem,
        BodyEntry,
        CapacityGap,
        CoordinationMeeting,
        FocalPoint,
        Initiative,
        Organization,
        Places,
        Recommendation,
        Region,
        Registration,
        Retreat,
        Rotation,
        Session,
    )
}
"""Types of what there may be to do something about."""
ORDER = Order("today", ("due_at asc nulls last", datetime), ("since asc", datetime), ("duty", str), ("reference", str))

enumeration(Duty, named="TodayDuty", **{line.duty.name: line.why for line in TABLE.values()})


@shape
class TodayItem:
    """Something to be done by the one who asks, and by nobody of another organization.

    It is gone from the first answer after the command that settles it.
    """

    item: strawberry.Private[Item]
    asking: strawberry.Private[Asking]
    actor: strawberry.Private[Actor]

    @question
    def duty(self) -> Duty:
        """What kind of thing it is: its line of the table."""
        return self.item.duty

    @question
    def title(self) -> str:
        """What is to be done, in a few words."""
        return self.item.line.title

    @question
    def why(self) -> str:
        """Why, in a sentence."""
        return self.item.line.why

    @question
    def roles(self) -> list[Role]:
        """The roles of the one who asks that it is for."""
        held = {held.role for held in self.actor.roles}
        return [role for role in Role if role in held & {role for role, _ in self.item.line.roles}]

    @question
    async def subject(self, info: Info) -> Subject | None:
        """The thing it is about."""
        return await SUBJECTS[self.item.line.subject].found(info, self.asking, _key(self.item))

    @question
    def subject_id(self) -> strawberry.ID:
        """Global id of that thing."""
        return global_id(self.asking, self.item.line.subject, _key(self.item))

    @question
    def permalink(self) -> strawberry.ID:
        """Global id of that thing as of this answer, which stays what it is."""
        at = Position(self.asking.moment.position)
        return GlobalId(self.item.line.subject, _key(self.item), at).opaque

    @question
    def code(self) -> Code | None:
        """The thing's code; null if it has none."""
        return Code(self.item.code) if self.item.code else None

    @question
    def reference(self) -> str:
        """What tells it from others of its duty, the same as long as it is to be done."""
        return self.item.reference

    @question
    async def organization(self, info: Info) -> Organization | None:
        """The organization that it concerns; null if none in particular."""
        code = self.item.organization
        return await Organization.found(info, self.asking, code) if code else None

    @question
    def since(self) -> datetime:
        """When it came to be so; the start of the day in UTC for what counts from a day."""
        return self.item.since

    @question
    def due_on(self) -> date | None:
        """The last day on which it is in time, in the time zone of the thing; null if there is none."""
        return self.item.due_on

    @question
    def due_at(self) -> datetime | None:
        """The instant up to which it is in time; null if there is none."""
        return self.item.due_at

    @question
    def overdue(self) -> bool:
        """Whether that instant has passed."""
        return self.item.due_at is not None and self.asking.moment.is_past(self.item.due_at)

    @question
    def facts(self) -> list[Detail]:
        """What it rests on, and what the command has to name: codes, ids, numbers and dates."""
        return [
            Detail(name=_camel(name), value=_said(said)) for name, said in self.item.facts.items() if said is not None
        ]

    @question
    def mutation(self) -> str:
        """The mutation that settles it."""
        return mutation_name(self.item.line.command)

    @question
    def alternatives(self) -> list[str]:
        """Other mutations that settle it, which the one who asks may give."""
        held = {held.role for held in self.actor.roles}
        may = [command for command in self.item.line.alternatives if held & {role for role, _ in POLICY[command].may}]
        return [mutation_name(command) for command in may]

    @question
    def rule(self) -> str | None:
        """The published rule that it has to do with, if there is one."""
        return self.item.line.rule


def _key(item: Item) -> UUID | str:
    try:
        return UUID(item.key)
    except ValueError:
        return item.key


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


RoleArgument = Annotated[
    Role | None,
    strawberry.argument(
        "Only what is to be done in this role; left out: in all that the one who asks holds. The secretariat and"
        " auditors are told of a role that they do not hold what those have to do who hold it."
    ),
]
OrganizationArgument = Annotated[
    Code | None,
    strawberry.argument(
        "Only what is to be done for this organization, in roles that act for one; in the others, what concerns it."
        " Needed where the list is that of another who acts for an organization."
    ),
]
BodyArgument = Annotated[
    Code | None,
    strawberry.argument("Of a chair's list only what is to be done for this body. Needed as `organization` is."),
]
DutiesArgument = Annotated[list[Duty] | None, strawberry.argument("Only these lines of the table; left out: all.")]


@shape
class TodayQuestions(Asked):
    """What is to be done."""

    @question
    async def today(
        self,
        info: Info,
        role: RoleArgument = None,
        organization: OrganizationArgument = None,
        body: BodyArgument = None,
        duties: DutiesArgument = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[TodayItem]:
        """What the one who asks has to do: the overdue and what is due next first, then what has waited longest."""
        asking = await self.asking(info)
        seen, actor = await _whose(info, asking, role, organization, body)
        wanted = Wanted(actor=actor, duties=frozenset(duties) if duties else None, organization=organization)
        asked = page(ORDER, first, after)
        items = await today(seen, wanted, after=asked.after, limit=asked.limit)

        async def count() -> int:
            return await today_count(seen, wanted)

        return connection(
            items,
            asked,
            node=lambda item: TodayItem(item=item, asking=asking, actor=actor),
            key=lambda item: (item.due_at, item.since, item.duty.value, item.reference),
            count=count,
        )


async def _whose(
    info: Info, asking: Asking, role: Role | None, organization: str | None, body: str | None
) -> tuple[Asking, Actor]:
    """Whose list it is, and what he or she sees: the one who asks, or, for those who see all, somebody else."""
    actor = await info.context.actor()
    held = tuple(held for held in actor.roles if role in (None, held.role) and _is_of(held, body))
    if role is None or held or own_alone(actor) is not None:
        return asking, Actor(id=actor.id, organization=actor.organization, roles=held)
    another = await _in_role(asking, role, organization, body)
    return asking.seen_by(inside=sees_withheld(another), own=own_alone(another)), another


def _is_of(held: RoleHeld, body: str | None) -> bool:
    return body is None or held.role is not Role.WORKING_GROUP_CHAIR or held.scope == body


NOBODY = UUID(int=0)


async def _in_role(asking: Asking, role: Role, organization: str | None, body: str | None) -> Actor:
    """Somebody in a role, with no part of his or her own in anything; if it is one person alone, that person."""
    match role:
        case Role.WORKING_GROUP_CHAIR:
            return Actor(id=NOBODY, roles=(RoleHeld(role=role, scope=_needed(body, "body")),))
        case Role.ENTITY_REPRESENTATIVE | Role.COMMITTEE_MEMBER:
            code = _needed(organization, "organization")
            return Actor(id=NOBODY, organization=code, roles=(RoleHeld(role=role, scope=code),))
        case Role.REGIONAL_FOCAL_POINT:
            code = _needed(organization, "organization")
            points = await _focal_points(asking, code)
            roles = tuple(RoleHeld(role=role, scope=code, regions=point.regions) for point in points)
            return Actor(id=points[0].subject if len(points) == 1 else NOBODY, organization=code, roles=roles)
        case _:
            return Actor(id=NOBODY, organization=SECRETARIAT_OF_COMPACT, roles=(RoleHeld(role=role),))


async def _focal_points(asking: Asking, organization: str) -> Sequence[FocalPointRow]:
    rows = await asking.all(
        FocalPointRow,
        Condition("organization", "eq", organization),
        Condition("state", "eq", FocalPointState.CONFIRMED.value),
    )
    return [row for row in rows if row.acts_on(asking.moment.today)]


def _needed(code: str | None, argument: str) -> str:
    if code is None:
        raise InvalidInput(fields=[(argument, "is needed: it is somebody else's list, in a role that is limited")])
    return code
