"""What every mutation has in common: what comes with a command, how it is given, and what is answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypedDict, TypeVar
from uuid import UUID

import msgspec
import strawberry
from strawberry import UNSET

from compact_domain.kernel import Aggregate, Channel, Intent, InvalidInput, PersonDetails, Receipt, Work
from compact_projections.asking import Asking
from compact_projections.kit import Row

from .context import Info
from .fields import run_command
from .ids import parse_reference
from .scalars import Code, EmailAddress, Position
from .shapes import described, form, shape
from .text import LongText

R = TypeVar("R", bound=Row)
N = TypeVar("N")

Decision = Callable[[Work], Aggregate]

PREFIXES = (
    "organization",
    "role",
    "body",
    "catalogue",
    "retreat",
    "registration",
    "session",
    "recommendation",
    "focalPoint",
    "rotation",
    "coordinationMeeting",
    "initiative",
)
"""Mutations are named noun first; the noun is one of these."""


@form
class CommandInput:
    """What comes with every command."""

    idempotency_key: UUID = described(
        "Chosen by the client: the same key and content happens once, however often sent."
    )
    dry_run: bool = described("Check everything, answer as if, and write nothing.", default=False)
    reason: LongText | None = described(
        "Why. Needed wherever something is refused, ended, undone or moved.", default=None
    )
    basis: str | None = described("Framework clause or decision number it rests on.", default=None)
    effective_on: date | None = described("The day it counts from, no later than today; left out: today.", default=None)
    on_behalf_of: Code | None = described("The organization that the actor speaks for.", default=None)


@form
class ChangeInput(CommandInput):
    """What comes with a command to something that stands already."""

    id: strawberry.ID = described("The thing, by global id or by code.")
    expected_version: int | None = described(
        "The version of the thing that the client has seen; null to do without. It must be given one way or the other.",
        default=UNSET,
    )


@form
class PersonInput:
    """Who somebody is. Kept in the vault, apart from all that is said of them."""

    name: str = described("Name, as on a badge.")
    email: EmailAddress = described("Address that the person is known again by.")
    phone: str | None = described("Telephone, with the country's prefix.", default=None)
    title: str | None = described("Function or title.", default=None)
    needs: LongText | None = described("What the person needs to take part: access, diet.", default=None)


def details(person: PersonInput) -> PersonDetails:
    """The details of a person as the domain takes them."""
    return PersonDetails(
        name=person.name, email=person.email, phone=person.phone, title=person.title, needs=person.needs
    )


@shape
class StatedFact:
    """A fact that a command stated."""

    event_id: UUID = described("Id of the fact.")
    position: Position = described("Its place in the history.")
    type: str = described("What happened, as in the catalogue of facts: `recommendation.adopted`.")
    subject: UUID = described("The aggregate it happened to.")
    version: int = described("Its place in that aggregate's history.")


@shape
class Payload:
    """What every command answers."""

    position: Position = described("Place of the last fact stated in the history.")
    visible: bool = described("Whether the answer to a question now holds what was done; if not, ask with `atLeast`.")
    replayed: bool = described("Whether this had been done before, and nothing was stated again.")
    dry_run: bool = described("Whether it was only tried.")
    events: list[StatedFact] = described("The facts stated; of a replay, those of the first time.")
    warnings: list[str] = described("What does not forbid it, but should be known.")


class Told(TypedDict):
    """The fields of `Payload`."""

    position: Position
    visible: bool
    replayed: bool
    dry_run: bool
    events: list[StatedFact]
    warnings: list[str]


@dataclass(frozen=True)
class Done:
    """A command that was carried out, and what of it can be read by now."""

    info: Info
    receipt: Receipt
    visible: bool

    @property
    def told(self) -> Told:
        """The part of the answer that is the same for all commands."""
        receipt = self.receipt
        return Told(
            position=Position(receipt.position),
            visible=self.visible,
            replayed=receipt.replayed,
            dry_run=receipt.dry_run,
            events=[
                StatedFact(
                    event_id=e.event_id,
                    position=Position(e.position),
                    type=e.topic,
                    subject=e.subject,
                    version=e.version,
                )
                for e in receipt.events
            ],
            warnings=list(receipt.warnings),
        )

    async def seen(self, row: type[R], node: Callable[[R, Asking], N], *, key: Any = None) -> N | None:
        """The thing as it can be read now: None if it is not visible yet, or not to this viewer."""
        if not self.visible:
            return None
        asking = await self.info.context.asking()
        found = await asking.one(row, row.KEY, self.receipt.subject if key is None else key)
        return node(found, asking) if found else None


async def give(info: Info, input: CommandInput, decision: Decision, *, queue: str | None = None) -> Done:
    """Give the command that the mutation being resolved is named after. Raises a `Refusal`.

    `queue` names what many want at once: commands that name the same wait for each other, instead of trying again.
    """
    who = info.context.who
    info.context.commanded = True
    expected = getattr(input, "expected_version", None)
    if expected is UNSET:
        raise InvalidInput(fields=[("expectedVersion", "must be given; null does without")])
    intent = Intent(
        name=action(info.field_name),
        id=input.idempotency_key,
        by=who.subject,
        organization=who.organization,
        channel=Channel.GRAPHQL,
        request=canonical(info.field_name, input),
        on_behalf_of=input.on_behalf_of,
        reason=input.reason,
        basis=input.basis,
        effective_on=input.effective_on,
        expected_version=expected,
        dry_run=input.dry_run,
    )
    receipt = await run_command(info, info.context.platform.give, intent, decision, queue=queue)
    visible = receipt.dry_run or await info.context.platform.visible(receipt.position)
    await info.context.close()
    return Done(info, receipt, visible)


def action(mutation: str) -> str:
    """The name a mutation has in the policy: `focalPointHandOver` is `focal_point.hand_over`."""
    noun = next(prefix for prefix in PREFIXES if mutation.startswith(prefix))
    return f"{_snake(noun)}.{_snake(mutation[len(noun) :])}"


def reference(id: strawberry.ID, kind: str, *, field: str = "id") -> UUID | str:
    """The key of a `kind` that an id argument names, by global id or by code. `InvalidInput` on `field`."""
    return parse_reference(id, kind, field=field)


def canonical(mutation: str, input: CommandInput) -> bytes:
    """What a command was asked with, the same bytes for the same content, without the key itself."""
    plain = _plain(input)
    plain.pop("idempotency_key")
    return mutation.encode() + msgspec.json.encode(plain, order="sorted")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if getattr(value, f.name) is not UNSET}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, UUID | date | datetime | Decimal):
        return str(value)
    return value


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
