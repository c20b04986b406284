"""Words of the field that several areas share: enumerations, and the decision of a body."""

from __future__ import annotations

from datetime import date

from compact_domain import vocabulary
from compact_domain.vocabulary import Method, Mode

from .scalars import Code
from .shapes import described, enumeration, form, shape

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
