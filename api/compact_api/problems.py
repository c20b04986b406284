"""Refusals as data: the one door between what the domain refuses and what a client reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

from graphql import GraphQLError

from compact_domain import kernel

from .shapes import described, interface, shape


@interface
class Problem:
    """Why a command was refused. Nothing was written."""

    code: str = described("What kind of refusal, for programs: `NOT_FOUND`, `RULE_VIOLATION` and so on.")
    message: str = described("What happened, for people. In English; its wording may change.")


@shape
class NotFound(Problem):
    """No such thing, or none that the one who asks may know of."""

    kind: str = described("The type of what was looked for.")
    reference: str = described("The code or id it was looked for by.")


@shape
class Forbidden(Problem):
    """The one who asks holds no role that allows this."""

    action: str = described("The command, as the policy names it.")


@shape
class FieldProblem:
    """What is wrong with one field of an input."""

    name: str = described("Path of the field in the input: `milestones[0].title`.")
    message: str = described("What is wrong with it.")


@shape
class InvalidInput(Problem):
    """What was sent is not of the right form."""

    fields: list[FieldProblem] = described("Every field that is wrong, not only the first.")


@shape
class Detail:
    """One number or name that explains a refusal."""

    name: str = described("What it is.")
    value: str = described("How much, or which.")


@shape
class RuleViolation(Problem):
    """A rule of the Compact says no."""

    rule: str = described("The rule, as published in the list of rules.")
    state: str | None = described("The state the thing is in, if the rule depends on it.")
    allowed: list[str] = described("Mutations that the one who asks might give instead.")
    details: list[Detail] = described("The numbers and names behind the refusal.")


@shape
class VersionConflict(Problem):
    """Somebody else changed the thing since the caller looked."""

    expected: int = described("The version the caller had seen.")
    actual: int = described("The version it has now.")


@shape
class IdempotencyMismatch(Problem):
    """The same idempotency key came before with other content."""


PROBLEMS: tuple[type[Problem], ...] = (
    NotFound,
    Forbidden,
    InvalidInput,
    RuleViolation,
    VersionConflict,
    IdempotencyMismatch,
)


def as_problem(refusal: kernel.Refusal) -> Problem:
    """A refusal as the data a mutation answers with."""
    code, message = refusal.code, refusal.message
    match refusal:
        case kernel.NotFound():
            return NotFound(code=code, message=message, kind=refusal.kind, reference=refusal.reference)
        case kernel.Forbidden():
            return Forbidden(code=code, message=message, action=refusal.action)
        case kernel.InvalidInput():
            return _invalid(code, message, refusal.fields)
        case kernel.RuleViolation():
            return RuleViolation(
                code=code,
                message=message,
                rule=refusal.rule,
                state=refusal.state,
                allowed=[mutation_name(action) for action in refusal.allowed],
                details=[Detail(name=name, value=str(value)) for name, value in refusal.details.items()],
            )
        case kernel.VersionConflict():
            return VersionConflict(code=code, message=message, expected=refusal.expected, actual=refusal.actual)
        case kernel.IdempotencyMismatch():
            return IdempotencyMismatch(code=code, message=message)
        case kernel.MomentRefused():
            return _invalid(refusal.moment_code, message, [("at", message)])
        case _:
            return RuleViolation(code=code, message=message, rule=code, state=None, allowed=[], details=[])


def mutation_name(action: str) -> str:
    """The mutation of a policy's action: `focal_point.hand_over` is `focalPointHandOver`."""
    return kernel.camel_case(action.replace(".", "_"))


def as_graphql_error(refusal: kernel.Refusal) -> GraphQLError:
    """A refusal as a question answers with it: `extensions` hold the code and all the problem's other fields."""
    told = asdict(cast("Any", as_problem(refusal)))
    return GraphQLError(told.pop("message"), extensions=told)


def _invalid(code: str, message: str, fields: Sequence[tuple[str, str]]) -> InvalidInput:
    problems = [FieldProblem(name=name, message=problem) for name, problem in fields]
    return InvalidInput(code=code, message=message, fields=problems)
