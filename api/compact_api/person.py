"""Persons: known by subject id, their names kept apart and shown to those concerned."""

from __future__ import annotations

from uuid import UUID

import strawberry
from strawberry import UNSET

from compact_domain.kernel import Concerns, InvalidInput, PersonDetails, Role
from compact_domain.policy import may_read_personal
from compact_projections.asking import Asking

from .commands import PersonInput, details
from .context import Info
from .fields import question
from .scalars import EmailAddress
from .shapes import choice, described, shape


@shape
class Person:
    """A person, by subject id. What identifies one is shown to oneself, the secretariat, auditors and those concerned.

    Names are read from the vault when the answer is made: one that was erased is gone from every past moment too.
    """

    subject: UUID = described("Subject id: the only thing that facts say of who somebody is.")
    asking: strawberry.Private[Asking]
    concerns: strawberry.Private[Concerns]
    met_by: strawberry.Private[frozenset[Role]] = frozenset()
    """Roles whose holders have to reach the person: name, title and address are told to them too."""

    @question
    async def name(self, info: Info) -> str | None:
        """Name, as on a badge; null if it was erased, never given, or is not for the one who asks."""
        known = await self._details(info)
        return known.name if known else None

    @question
    async def title(self, info: Info) -> str | None:
        """Function or title; null if it was erased, never given, or is not for the one who asks."""
        known = await self._details(info)
        return known.title if known else None

    @question
    async def email(self, info: Info) -> EmailAddress | None:
        """Address for matters of the Compact; null if it was erased, never given, or is not for the one who asks."""
        known = await self._details(info)
        return EmailAddress(known.email) if known else None

    @question
    async def phone(self, info: Info) -> str | None:
        """Telephone; null if it was erased, never given, or is not for the one who asks."""
        if not may_read_personal(await info.context.actor(), self.concerns):
            return None
        known = await self._details(info)
        return known.phone if known else None

    async def _details(self, info: Info) -> PersonDetails | None:
        actor = await info.context.actor()
        if not (may_read_personal(actor, self.concerns) or actor.holds(*self.met_by)):
            return None
        return await info.context.person(self.asking, self.subject)


@choice
class PersonReference:
    """Somebody: who is known already by subject id, anybody by details. The same e-mail address is the same person."""

    subject: UUID | None = described("Subject id of a person known already.", default=UNSET)
    details: PersonInput | None = described("Who it is.", default=UNSET)


def person_meant(reference: PersonReference) -> UUID | PersonDetails:
    """The person as the domain takes one. `InvalidInput` for none."""
    if reference.subject:
        return reference.subject
    if reference.details:
        return details(reference.details)
    raise InvalidInput(fields=[("person", "one of `subject` and `details` must be given")])
