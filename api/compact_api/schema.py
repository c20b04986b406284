"""The schema: a list of areas. `schema.graphql` beside it is the committed contract."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from compact_domain.kernel import InvalidInput
from compact_projections.asking import Asking, Moment

from .body import Body, BodyMutations, BodyQuestions
from .catalogue import CATALOGUES, CatalogueMutations, CatalogueQuestions
from .context import Info
from .coordination_meeting import (
    ActionPoint,
    AgendaItem,
    CoordinationMeeting,
    CoordinationMeetingMutations,
    CoordinationMeetingQuestions,
)
from .coverage import CoverageQuestions
from .decisions import DecisionQuestions
from .fields import question
from .focal_point import FocalPoint, FocalPointMutations, FocalPointQuestions
from .frameworks import FrameworkCoverageQuestions
from .guard import Limits, Schema
from .ids import GlobalId
from .indicator import Indicator, IndicatorQuestions
from .initiating import InitiativeMutations
from .initiative import Initiative, InitiativeQuestions
from .involvement import InvolvementQuestions
from .ledger import LedgerQuestions
from .moments import MomentInput, named
from .nodes import Node, Subject
from .organization import Organization, OrganizationMutations, OrganizationQuestions
from .overlaps import OverlapQuestions
from .paging import GREATEST_PAGE
from .plan import PlanQuestions
from .recommendation import Recommendation, RecommendationQuestions
from .recommending import RecommendationMutations
from .registration import EntitySeats, Places, Registration, RegistrationMutations, RegistrationQuestions
from .retreat import Retreat, RetreatMutations, RetreatQuestions
from .reviews import ReviewQuestions
from .role import RoleHolder, RoleMutations, RoleQuestions
from .rotation import Rotation, RotationMutations, RotationQuestions
from .scalars import Code, Position
from .session import CapacityGap, GoodPractice, Session, SessionMutations, SessionQuestions
from .shapes import described, shape
from .silences import SilenceQuestions
from .today import TodayQuestions
from .trail import TrailQuestions
from .vocabulary import Role

NODES: tuple[type[Subject], ...] = (
    *CATALOGUES,
    Organization,
    Body,
    RoleHolder,
    Retreat,
    Session,
    CapacityGap,
    GoodPractice,
    Registration,
    EntitySeats,
    Places,
    Recommendation,
    Initiative,
    Indicator,
    FocalPoint,
    Rotation,
    CoordinationMeeting,
    AgendaItem,
    ActionPoint,
)
"""Every type with a global id; `node(id)` finds it by the code or id of its row."""

Ids = Annotated[list[strawberry.ID], strawberry.argument(f"Global ids, at most {GREATEST_PAGE}.")]
Id = Annotated[strawberry.ID, strawberry.argument("A global id; one from the past names its moment.")]
At = Annotated[MomentInput | None, strawberry.argument("The moment; left out with `atLeast`: now.")]
AtLeast = Annotated[
    Position | None, strawberry.argument("Wait until the answer covers this position, as a command answered it.")
]


@shape
class HeldRole:
    """A role as it is held now."""

    role: Role = described("The role.")
    scope: Code | None = described("Body or organization it is limited to.")
    regions: list[str] = described("A focal point's regions.")


@shape
class Me:
    """The one who asks."""

    subject: UUID = described("Subject id.")
    organization: Code | None = described("The organization one belongs to.")
    roles: list[HeldRole] = described("The roles held now.")


@shape
class Head:
    """Where the history stands, as far as it can be read."""

    position: Position = described("Place of the last fact; 0 before the first.")
    now: datetime = described("The clock that the answer is held against.")


@shape
class Questions(
    CatalogueQuestions,
    OrganizationQuestions,
    BodyQuestions,
    RoleQuestions,
    RetreatQuestions,
    SessionQuestions,
    RegistrationQuestions,
    FocalPointQuestions,
    RotationQuestions,
    CoordinationMeetingQuestions,
    RecommendationQuestions,
    DecisionQuestions,
    SilenceQuestions,
    PlanQuestions,
    InitiativeQuestions,
    IndicatorQuestions,
    CoverageQuestions,
    OverlapQuestions,
    FrameworkCoverageQuestions,
    InvolvementQuestions,
    ReviewQuestions,
    TodayQuestions,
    TrailQuestions,
    LedgerQuestions,
):
    """Everything that can be asked, of the present or of a past moment."""

    moment: strawberry.Private[Moment | None] = None

    @question
    async def node(self, info: Info, id: Id) -> Node | None:
        """One thing by its global id; an id from the past is answered as of its moment."""
        return await _node(info, await self.asking(info), id)

    @question
    async def nodes(self, info: Info, ids: Ids) -> list[Node | None]:
        """Things by their global ids, in the order asked; null for what is not there."""
        if len(ids) > GREATEST_PAGE:
            raise InvalidInput(fields=[("ids", f"must not be more than {GREATEST_PAGE}")])
        asking = await self.asking(info)
        return [await _node(info, asking, id) for id in ids]

    @question
    async def head(self, info: Info) -> Head:
        """Where the history stands at the moment."""
        moment = (await self.asking(info)).moment
        return Head(position=Position(moment.position), now=moment.now)


async def _node(info: Info, asking: Asking, id: strawberry.ID) -> Node | None:
    wanted = GlobalId.parse(id)
    kind = next((node for node in NODES if node.__name__ == wanted.kind), None)
    if kind is None:
        return None
    if wanted.at is not None:
        asking = asking.at(await asking.moment_named(position=wanted.at))
    return await kind.found(info, asking, wanted.key)


@shape
class Snapshot(Questions):
    """The same questions, answered as of a past moment."""


@shape
class Query(Questions):
    """Everything that can be asked."""

    @question
    async def me(self, info: Info) -> Me:
        """The one who asks, with the roles held now."""
        actor = await info.context.actor()
        return Me(
            subject=actor.id,
            organization=Code(actor.organization) if actor.organization else None,
            roles=[
                HeldRole(role=held.role, scope=Code(held.scope) if held.scope else None, regions=list(held.regions))
                for held in actor.roles
            ],
        )

    @question
    async def snapshot(self, info: Info, at: At = None, at_least: AtLeast = None) -> Snapshot:
        """The same questions as of a past moment; with `atLeast` alone, of the present at or after that position."""
        if (at is None) == (at_least is None):
            raise InvalidInput(fields=[("at", "one of `at` and `atLeast` must be given")])
        if at_least is not None:
            await info.context.wait_for(at_least)
            return Snapshot(moment=None)
        assert at is not None
        asking = await info.context.asking()
        return Snapshot(moment=await asking.moment_named(**named(at)))


@shape
class Mutation(
    CatalogueMutations,
    OrganizationMutations,
    BodyMutations,
    RoleMutations,
    RetreatMutations,
    SessionMutations,
    RegistrationMutations,
    FocalPointMutations,
    RotationMutations,
    CoordinationMeetingMutations,
    RecommendationMutations,
    InitiativeMutations,
):
    """Everything that can be done. Each field is one command; what it refuses, it refuses as data."""


def root() -> Query:
    """What the root fields of an operation speak for: the present."""
    return Query()


def build_schema(limits: Limits | None = None) -> Schema:
    """The schema, behind its guard."""
    return Schema(Query, Mutation, types=NODES, limits=limits)
