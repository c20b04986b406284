"""Words of the field that several areas share: enumerations, and the decision of a body."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from compact_domain import vocabulary
from compact_domain.kernel import Role as Role  # from here, so that its values have their meanings
from compact_domain.vocabulary import Method, Mode

from .scalars import Code
from .shapes import described, enumeration, form, shape

enumeration(
    Role,
    SECRETARIAT_ADMINISTRATOR="Runs the service: grants roles, and does all that an officer does.",
    SECRETARIAT_OFFICER="Prepares and records the work of the Compact for the secretariat.",
    WORKING_GROUP_CHAIR="Leads a body; the scope says which.",
    COMMITTEE_MEMBER="Sits in the Coordination Committee for an organization; the scope says which.",
    ENTITY_REPRESENTATIVE="Acts for an organization; the scope says which.",
    REGIONAL_FOCAL_POINT="Speaks for an organization in its regions. Never granted: it follows the confirmed focal "
    "point.",
    AUDITOR="Sees everything and changes nothing.",
    READER="Sees what is announced.",
    PROCESS="A process of the service, such as the one that promotes from waiting lists. Never granted to anybody: "
    "it stands only in the history.",
)
enumeration(Mode, IN_PERSON="In the room.", VIRTUAL="Over the virtual platform.")
enumeration(
    Method,
    CONSENSUS="By consensus.",
    SILENCE_PROCEDURE="By silence: nobody objected before a deadline.",
    VOTE="By vote.",
)


@shape
class BodyAct:
    """A body's decision: which body, in which meeting, under which number, on which day, how."""

    body: Code = described("Code of the body that decided.")
    meeting: str = described("Code of its meeting.")
    number: str = described("Number of the decision.")
    decided_on: date = described("The day of the decision.")
    method: Method = described("How the body came to it.")


@form
class BodyActInput:
    """A body's decision: which body, in which meeting, under which number, on which day, how."""

    body: Code = described("Code of the body that decided.")
    meeting: str = described("Code of its meeting.")
    number: str = described("Number of the decision.")
    decided_on: date = described("The day of the decision, no later than today.")
    method: Method = described("How the body came to it.")


@shape
class Money:
    """An amount of money in a currency."""

    amount: Decimal = described("How much.")
    currency: str = described("Code of the currency in ISO 4217.")


@form
class MoneyInput:
    """An amount of money in a currency."""

    amount: Decimal = described("How much: not negative, with no more decimals than the currency has.")
    currency: str = described("Code of the currency in ISO 4217, such as `USD`.")


def money_from(value: MoneyInput, *, field: str) -> vocabulary.Money:
    """An amount as the domain takes it. `InvalidInput` on `field` for what is none."""
    return vocabulary.Money.of(value.amount, value.currency, field=field)


def act_of(value: vocabulary.BodyAct) -> BodyAct:
    """A decision as the schema shows it."""
    return BodyAct(
        body=Code(value.body),
        meeting=value.meeting,
        number=value.number,
        decided_on=value.decided_on,
        method=value.method,
    )


def act_from(value: BodyActInput) -> vocabulary.BodyAct:
    """A decision as the domain takes it."""
    return vocabulary.BodyAct(
        body=value.body,
        meeting=value.meeting,
        number=value.number,
        decided_on=value.decided_on,
        method=value.method,
    )
