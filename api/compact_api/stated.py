"""What a fact said, wherever one is shown: by whom, when, why and under what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import date, datetime
from typing import TypeVar

import strawberry

from compact_domain.kernel import Provenance
from compact_projections.asking import Asking

from .context import Info
from .fields import question
from .scalars import Code
from .shapes import shape
from .trail import Actor

T = TypeVar("T")


async def found_of(asked: Iterable[Awaitable[T | None]]) -> list[T]:
    """Whatever is found of several things, asked for together."""
    return [one for one in await asyncio.gather(*asked) if one is not None]


@shape
class Stated:
    """What a fact said: by whom, when, why and under what."""

    said: strawberry.Private[Provenance]
    at: strawberry.Private[datetime]
    asking: strawberry.Private[Asking]

    @question
    def recorded_at(self) -> datetime:
        """When the store took it in."""
        return self.at

    @question
    def effective_on(self) -> date:
        """The day it counts from."""
        return self.said.effective_on

    @question
    def actor(self) -> Actor:
        """Who entered it."""
        return actor_who(self.said, self.asking)

    @question
    def on_behalf_of(self) -> Code | None:
        """The organization that the actor spoke for, where it is not the actor's own."""
        return Code(self.said.on_behalf_of) if self.said.on_behalf_of else None

    @question
    def basis(self) -> str | None:
        """Framework clause or decision number it rests on."""
        return self.said.basis

    @question
    async def reason(self, info: Info) -> str | None:
        """Why; null if none was given, or it was erased."""
        return await info.context.text(self.said.reason)


def actor_who(said: Provenance, asking: Asking) -> Actor:
    """Who entered a fact."""
    by = said.by
    return Actor(
        subject=by.id,
        organization=Code(by.organization) if by.organization else None,
        roles=sorted({held.role for held in by.roles}),
        own=(asking, by.id),
    )
