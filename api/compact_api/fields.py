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
    description = docstring(resolver)
    arguments = inspect.signature(resolver).parameters.keys() - {"self", "info"}
    if not arguments:  # nothing to check, and the guard tells a refusal as it is told here: spare every field a layer
        if "info" in inspect.signature(resolver).parameters or inspect.iscoroutinefunction(resolver):
            return cast("F", strawberry.field(cast("Any", resolver), description=description))
        return cast("F", _Plain(python_name=None, description=description)(resolver))

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

    field = strawberry.field(asks, description=description)
    return cast("F", field)


class _Plain(StrawberryField):
    """A method that takes nothing but the thing itself: called as it is, without what arguments would need.

    Most fields are of this kind, and a page has thousands of them.
    """

    @property
    def is_basic_field(self) -> bool:
        return True

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        resolver = self.base_resolver
        assert resolver is not None
        return cast("Callable[[Any], Any]", resolver.wrapped_func)(source)


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
