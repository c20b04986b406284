"""The fields of the schema: `question` reads, `command` changes, `feed` tells what happens. Refusals leave as data."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, ParamSpec, Protocol, TypeVar, cast

import anyio.to_thread
import strawberry
from anyio import CapacityLimiter
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
    is_leaf_type,
)
from strawberry.types.field import StrawberryField

from compact_domain.kernel import InvalidInput, Refusal

from .problems import PROBLEMS, as_graphql_error, as_problem
from .shapes import docstring
from .text import text_problems

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


class CommandContext(Protocol):
    """What `run_command` needs of a context."""

    @property
    def command_limiter(self) -> CapacityLimiter:
        """How many commands may run at once: fewer than the database pool has connections, so that reads go on."""


C = TypeVar("C", bound=CommandContext)


async def run_command(info: strawberry.Info[C, None], run: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a command of the domain in a thread, when the limiter has room. It is never abandoned half-way."""
    call = functools.partial(run, *args, **kwargs)
    return await anyio.to_thread.run_sync(call, limiter=info.context.command_limiter)


def question(resolver: F) -> F:
    """A field that reads. Its docstring is its description; a `Refusal` becomes a GraphQL error with a code.

    What waits for the database is `async`: a plain function runs on the event loop and holds up everyone.
    """
    parameters = inspect.signature(resolver).parameters.keys()
    if not parameters - {"self", "info"}:  # nothing to check, and the guard tells a refusal as it is told here
        return cast("F", _question(resolver))

    if inspect.iscoroutinefunction(resolver):

        @functools.wraps(resolver)
        async def asks(*args: Any, **kwargs: Any) -> Any:
            try:
                _refuse_bad_text(field, kwargs)
                return await resolver(*args, **kwargs)
            except Refusal as refusal:
                raise as_graphql_error(refusal) from refusal

    else:

        @functools.wraps(resolver)
        def asks(*args: Any, **kwargs: Any) -> Any:
            try:
                _refuse_bad_text(field, kwargs)
                return resolver(*args, **kwargs)
            except Refusal as refusal:
                raise as_graphql_error(refusal) from refusal

    field = _question(asks)
    return cast("F", field)


class _Question(StrawberryField):
    """A field made by `question`: whoever sees the schema can tell."""


def _question(resolver: Callable[..., Any]) -> StrawberryField:
    return _Question(python_name=None, description=docstring(resolver))(resolver)


def answer_directly(schema: GraphQLSchema) -> None:
    """Have GraphQL call questions and attributes as they are, wherever nothing must be made of their arguments.

    Strawberry prepares for inputs, extensions and handlers at every call of every field. A page has thousands of them,
    and nearly all take nothing, or numbers and texts that GraphQL itself has checked.
    """
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for shown in kind.fields.values():
                field = shown.extensions.get("strawberry-definition")
                if isinstance(field, StrawberryField) and not field.extensions and not field.is_subscription:
                    shown.resolve = _direct(field, shown) or shown.resolve


def _direct(field: StrawberryField, shown: GraphQLField) -> Callable[..., Any] | None:
    """The shortest resolver of a field; None where Strawberry's is needed."""
    if field.base_resolver is None:
        name = field.python_name
        return lambda source, _: getattr(source, name)
    if not isinstance(field, _Question) or not all(map(_is_ready, shown.args.values())):
        return None
    for argument in shown.args.values():
        argument.out_name = argument.extensions["strawberry-definition"].python_name
    resolver = cast("Callable[..., Any]", field.base_resolver.wrapped_func)
    if field.base_resolver.info_parameter is None:
        return lambda source, _, **given: resolver(source, **given)
    return lambda source, raw, **given: resolver(source, info=strawberry.Info(_raw_info=raw, _field=field), **given)


def _is_ready(argument: GraphQLArgument) -> bool:
    return is_leaf_type(get_nullable_type(argument.type))


def command(resolver: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """A mutation. It answers with its payload or with a problem, a union named after it: `RetreatPlanResult`.

    The resolver's return annotation, defined before it, is what payloads of its area have in common; the mutation's
    own (`RetreatPlanPayload`) derives from it. Its docstring is its description. Texts of the input are checked
    before the resolver is called.
    """
    name = "".join(word.capitalize() for word in resolver.__name__.split("_"))
    annotations = {name: _argument(kind) for name, kind in inspect.get_annotations(resolver, eval_str=True).items()}
    payload = _payload(name, annotations["return"])
    members = (payload, *PROBLEMS)
    description = f"What `{name[0].lower()}{name[1:]}` answers: what was done, or why it was refused."
    result: Any = Annotated[
        functools.reduce(operator.or_, members), strawberry.union(f"{name}Result", description=description)
    ]

    @functools.wraps(resolver)
    async def acts(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            _refuse_bad_text(field, kwargs)
            return payload(**vars(await resolver(*args, **kwargs)))
        except Refusal as refusal:
            return as_problem(refusal)

    field_function = cast("Any", acts)
    signature = inspect.signature(resolver)
    field_function.__signature__ = signature.replace(
        parameters=[p.replace(annotation=annotations.get(n, p.annotation)) for n, p in signature.parameters.items()],
        return_annotation=result,
    )
    field_function.__annotations__ = {**annotations, "return": result}
    del field_function.__wrapped__  # followed, it leads to the plain payload, and the union is silently lost
    field = strawberry.mutation(acts, description=docstring(resolver))
    return cast("Callable[P, Awaitable[R]]", field)


def _argument(kind: Any) -> Any:
    """An input type with its docstring as the argument's description too; anything else as it is."""
    definition = getattr(kind, "__strawberry_definition__", None)
    if not (isinstance(kind, type) and getattr(definition, "is_input", False)):
        return kind
    return Annotated[kind, strawberry.argument(docstring(kind))]


def _payload(name: str, common: type) -> Any:
    """A mutation's own payload type: the fields of its area's, under its own name."""
    return strawberry.type(type(f"{name}Payload", (common,), {}), description=docstring(common))


def feed(resolver: Callable[P, AsyncIterator[R]]) -> Callable[P, AsyncIterator[R]]:
    """A subscription. Its docstring is its description; a `Refusal` ends it with a GraphQL error with a code."""

    @functools.wraps(resolver)
    async def tells(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            _refuse_bad_text(field, kwargs)
            async for item in resolver(*args, **kwargs):
                yield item
        except Refusal as refusal:
            raise as_graphql_error(refusal) from refusal

    field = strawberry.subscription(tells, description=docstring(resolver))
    return cast("Callable[P, AsyncIterator[R]]", field)


def _refuse_bad_text(field: StrawberryField, given: dict[str, Any]) -> None:
    problems = [
        problem
        for argument in field.arguments
        if argument.python_name in given
        for problem in text_problems(given[argument.python_name], argument.type, argument.python_name)
    ]
    if problems:
        raise InvalidInput(fields=problems)
