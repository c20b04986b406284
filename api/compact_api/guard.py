"""What a document may ask for: measured in one pass before it is validated, and what its errors may tell.

Each fragment is measured once, however often it is spread, so a document that grows exponentially when it is
expanded is refused in the time it takes to read it. (Strawberry's own limiters walk every spread.)
"""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import uuid4

import strawberry
import structlog
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.federation import Schema as StrawberryFederationSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.execution import ExecutionContext

from compact_domain.kernel import Refusal, Unavailable

from .fields import answer_directly
from .paging import DEFAULT_PAGE
from .problems import as_graphql_error
from .scalars import schema_config

log = structlog.get_logger("compact.graphql")

INTROSPECTION = {"__schema": 2_500, "__type": 100}
"""Flat cost of asking the schema about itself; graphql-core limits how far its lists may be nested."""
PLUMBING = {"Connection": {"edges", "pageInfo"}, "Edge": {"node"}}
"""Fields that hold no object of their own: the connection has paid for what is on its page."""
LISTED = ("ids", "representations")
"""Arguments that say one by one what a list shall hold."""


@dataclass(frozen=True)
class Limits:
    """How much one document may ask for."""

    tokens: int = 2_000
    definitions: int = 50
    selections: int = 2_000
    """Fields and spreads once every fragment is expanded: what anything after the guard may have to walk."""
    depth: int = 10
    introspection_depth: int = 20
    aliases: int = 30
    """Aliases and fields repeated in one selection set, since comparing those takes quadratic time."""
    directives: int = 50
    cost: int = 5_000
    errors: int = 5
    introspection: bool = True
    suggestions: bool = True


class Measure(NamedTuple):
    """What a selection asks for, all fragments expanded."""

    selections: int = 0
    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0

    def beside(self, other: Measure) -> Measure:
        """Both, in one selection set."""
        return Measure(
            selections=self.selections + other.selections,
            depth=max(self.depth, other.depth),
            introspection_depth=max(self.introspection_depth, other.introspection_depth),
            aliases=self.aliases + other.aliases,
            directives=self.directives + other.directives,
            cost=self.cost + other.cost,
        )


class Gate:
    """The guard of one schema: reads, measures and validates documents, and remembers those it has seen."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self.schema, self.limits = schema, limits
        self.document = lru_cache(maxsize=128)(self._parse)
        self.validation_errors = lru_cache(maxsize=128)(self._validate)

    def _parse(self, query: str) -> DocumentNode:
        return parse(query, max_tokens=self.limits.tokens)

    def _validate(self, query: str) -> tuple[GraphQLError, ...]:
        errors = validate(
            self.schema,
            self.document(query),
            (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule),
            max_errors=self.limits.errors - 1,  # the last one says that there are more
            hide_suggestions=not self.limits.suggestions,
        )
        return tuple(_coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors)

    def cost(self, document: DocumentNode, operation_name: str | None, variables: dict[str, Any]) -> int:
        """The cost of the operation that will run. `GraphQLError` if any in the document asks for too much."""
        limits = self.limits
        if len(document.definitions) > limits.definitions:
            raise _too_much("DEFINITIONS", limits.definitions, len(document.definitions))
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        if len(operations) > 1 and operation_name is None:  # Strawberry would run the first
            raise GraphQLError(
                "The document has several operations: say which by `operationName`.",
                extensions={"code": "BAD_REQUEST"},
            )
        cost = 0
        for operation in operations:
            measure = _Measuring(self.schema, limits, fragments, operation, variables).total()
            self._check(measure)
            if operation_name is None or (operation.name and operation.name.value == operation_name):
                cost = measure.cost
        return cost

    def _check(self, measure: Measure) -> None:
        for name in ("depth", "introspection_depth", "aliases", "directives", "selections", "cost"):
            if (asked := getattr(measure, name)) > (limit := getattr(self.limits, name)):
                raise _too_much(name.upper(), limit, asked)


class _Measuring:
    """One pass over one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        fragments: dict[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
    ) -> None:
        self.schema, self.limits, self.fragments = schema, limits, fragments
        self.operation, self.variables = operation, variables
        self.defaults = {v.variable.name.value: v.default_value for v in operation.variable_definitions or ()}
        self.measured: dict[str, Measure] = {}
        self.nesting = 0
        self.open: set[str] = set()

    def total(self) -> Measure:
        root = self.schema.get_root_type(self.operation.operation)
        own = Measure(directives=len(self.operation.directives or ()))
        return own.beside(self._set(self.operation.selection_set, root))

    def _set(self, selected: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Measure:
        if selected is None:
            return Measure()
        self.nesting += 1
        if self.nesting > 3 * self.limits.introspection_depth:  # before Python's own stack ends
            raise _too_much("DEPTH", self.limits.depth, self.nesting)
        total, names = Measure(), set[str]()
        for selection in selected.selections:
            total = total.beside(Measure(selections=1, directives=len(selection.directives or ())))
            if isinstance(selection, FieldNode):
                name = (selection.alias or selection.name).value
                total = total.beside(Measure(aliases=int(selection.alias is not None or name in names)))
                names.add(name)
                total = total.beside(self._field(selection, parent))
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                on = self.schema.get_type(condition.name.value) if condition else parent
                total = total.beside(self._set(selection.selection_set, on))
            elif isinstance(selection, FragmentSpreadNode):
                total = total.beside(self._fragment(selection.name.value))
        self.nesting -= 1
        return total

    def _fragment(self, name: str) -> Measure:
        if name not in self.measured:
            fragment = self.fragments.get(name)
            if fragment is None or name in self.open:  # validation says so, in better words
                return Measure()
            self.open.add(name)
            own = Measure(directives=len(fragment.directives or ()))
            on = self.schema.get_type(fragment.type_condition.name.value)
            self.measured[name] = own.beside(self._set(fragment.selection_set, on))
            self.open.remove(name)
        return self.measured[name]

    def _field(self, field: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        name = field.name.value
        if name in INTROSPECTION:
            if not self.limits.introspection:
                raise GraphQLError("The schema is not told here.", field, extensions={"code": "INTROSPECTION_DISABLED"})
            inner = self._set(field.selection_set, self.schema.get_type("__Schema" if name == "__schema" else "__Type"))
            return inner._replace(depth=1, introspection_depth=inner.depth + 1, cost=INTROSPECTION[name])
        definition = getattr(parent, "fields", {}).get(name)
        kind: GraphQLOutputType | None = definition.type if definition else None
        named = get_named_type(kind) if kind else None
        inner = self._set(field.selection_set, named)
        if field.selection_set is None or (named is not None and is_leaf_type(named)):
            return inner._replace(depth=1)
        own, held = 1, self._held(field, kind)
        if parent is not None and any(parent.name.endswith(end) and name in PLUMBING[end] for end in PLUMBING):
            own, held = 0, 1
        return inner._replace(depth=inner.depth + 1, cost=held * (own + inner.cost))

    def _held(self, field: FieldNode, kind: GraphQLOutputType | None) -> int:
        """How many objects the field may hold."""
        arguments = {argument.name.value: argument.value for argument in field.arguments or ()}
        for name in LISTED:
            if name in arguments:
                value = self._value(arguments[name])
                return max(1, len(value)) if isinstance(value, list | tuple) else DEFAULT_PAGE
        first = self._value(arguments["first"]) if "first" in arguments else None
        if isinstance(first, int):
            return max(1, first)
        paged = kind is not None and get_named_type(kind).name.endswith("Connection")
        listed = kind is not None and is_list_type(get_nullable_type(kind))
        return DEFAULT_PAGE if paged or listed or "first" in arguments else 1

    def _value(self, node: object) -> Any:
        """The number or list that an argument gives, itself or by a variable."""
        if isinstance(node, VariableNode):
            name = node.name.value
            return self.variables[name] if name in self.variables else self._value(self.defaults.get(name))
        if isinstance(node, IntValueNode):
            return int(node.value) if len(node.value) < 10 else 10**9
        return node.values if isinstance(node, ListValueNode) else None


class Guard(SchemaExtension):
    """Puts every operation through the gate, tells its cost, and keeps what is internal out of its errors."""

    def __init__(self, gate: Callable[[GraphQLSchema], Gate]) -> None:
        self.gate_of = gate
        self.cost: int | None = None

    @property
    def gate(self) -> Gate:
        return self.gate_of(self.execution_context.schema._schema)

    async def on_operation(self) -> AsyncIterator[None]:
        context = self.execution_context
        context.parse_options = {"max_tokens": self.gate.limits.tokens}
        if for_operation := getattr(context.context, "for_operation", None):
            context.context = for_operation()  # a WebSocket has one context for all its operations
        try:
            yield
        finally:
            if end := getattr(context.context, "end", None):
                await end()
        if context.result is not None:
            self._clean(context.result)

    async def on_stream_result(self, result: Any) -> AsyncIterator[None]:
        if close := getattr(self.execution_context.context, "close", None):
            await close()  # what follows is read anew, and nothing is held while it is waited for
        self._clean(result)
        yield

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        with suppress(GraphQLError):  # then it is parsed again, and refused, where Strawberry expects it
            context.graphql_document = self.gate.document(context.query or "")
        yield

    def on_validate(self) -> Iterator[None]:
        context, gate = self.execution_context, self.gate
        assert context.graphql_document is not None
        try:
            named = context._provided_operation_name  # the public one falls back to the first operation's
            self.cost = gate.cost(context.graphql_document, named, context.variables or {})
            context.pre_execution_errors = list(gate.validation_errors(context.query or ""))
        except GraphQLError as refused:
            context.pre_execution_errors = [refused]
        yield

    def get_results(self) -> dict[str, Any]:
        return {} if self.cost is None else {"cost": self.cost}

    def _clean(self, result: Any) -> None:
        if result.errors:
            limits = self.gate.limits
            result.errors = [tellable(error, limits) for error in result.errors[: limits.errors]]


def tellable(error: GraphQLError, limits: Limits) -> GraphQLError:
    """The error as a client may read it: with a code, and without anything that an unforeseen exception said."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, Refusal):
        refused = as_graphql_error(cause)
        return _replaced(error, refused.message, refused.extensions or {})
    if isinstance(cause, Unavailable):
        return _replaced(error, str(cause), {"code": "UNAVAILABLE"})
    if isinstance(cause, CannotGetOperationTypeError | InvalidOperationTypeError):
        return _replaced(error, error.message, {"code": "BAD_REQUEST"})
    if cause is not None and not isinstance(cause, GraphQLError):
        return _masked(error, cause)
    if not limits.suggestions:
        error = _replaced(error, error.message.partition(" Did you mean")[0], error.extensions or {})
    if isinstance(error, GraphQLSyntaxError):
        return _coded(error, "TOO_MANY_TOKENS" if "tokens" in error.message else "GRAPHQL_PARSE_FAILED")
    return error if error.path else _coded(error, "BAD_USER_INPUT")


def _masked(error: GraphQLError, cause: Exception) -> GraphQLError:
    """Only where it happened is logged: what an exception says may name a person."""
    correlation = uuid4().hex
    log.error(
        "graphql.unforeseen",
        correlation_id=correlation,
        path=error.path,
        error=type(cause).__qualname__,
        frames=[f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(cause.__traceback__)][-12:],
    )
    message = "Something went wrong here. The correlation id finds it in the log."
    return _replaced(error, message, {"code": "INTERNAL", "correlationId": correlation})


def _replaced(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message, error.nodes, error.source, error.positions, path=error.path, extensions=dict(extensions)
    )


def _coded(error: GraphQLError, code: str) -> GraphQLError:
    error.extensions = {"code": code, **(error.extensions or {})}
    return error


def _too_much(what: str, limit: int, asked: int) -> GraphQLError:
    name = what.lower().replace("_", " ")
    return GraphQLError(
        f"The document's {name} must not exceed {limit:,}; this has {asked:,}."
        if asked < 10**9
        else f"The document's {name} must not exceed {limit:,}.",
        extensions={"code": f"{what}_LIMIT", "limit": limit, "asked": min(asked, 10**9)},
    )


class _Quiet:
    """Strawberry's own log of errors holds their text, and with it what people wrote: the guard logs instead."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        return None


def _guard(limits: Limits) -> Callable[[], SchemaExtension]:
    gate = lru_cache(maxsize=1)(lambda schema: Gate(schema, limits))
    return lambda: Guard(gate)


class Schema(_Quiet, strawberry.Schema):
    """A schema behind the guard, with our scalars."""

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        *,
        types: Sequence[type] = (),
        limits: Limits | None = None,
    ) -> None:
        guard = _guard(limits or Limits())
        super().__init__(query, mutation, subscription, types=types, extensions=[guard], config=schema_config())
        answer_directly(self._schema)


class FederatedSchema(_Quiet, StrawberryFederationSchema):
    """The same as a subgraph of Apollo Federation."""

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        *,
        types: Sequence[type] = (),
        limits: Limits | None = None,
    ) -> None:
        guard = _guard(limits or Limits())
        super().__init__(query, mutation, subscription, types=types, extensions=[guard], config=schema_config())
        answer_directly(self._schema)
