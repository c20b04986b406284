"""Looking ahead: rows that the entries of a page will be asked for come along with it, in one statement of each kind.

A list within a list is a question for each entry. Where the request selects it, the page brings the rows of all its
entries at once, and each entry answers on the spot; a page of fifty costs as many statements as a page of one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from graphql import FieldNode, FragmentSpreadNode, GraphQLObjectType, GraphQLResolveInfo, SelectionNode, get_named_type

from compact_projections.asking import Asking
from compact_projections.kit import Row

from .context import Info
from .fields import question

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Part:
    """What a question is answered from: rows of which `column` holds what the thing's own row has in `of`."""

    row: type[Row]
    column: str
    of: str


def brought(row: type[Row], *, by: str, of: str = "id") -> Callable[[F], F]:
    """A question about rows whose column `by` holds the thing's `of`; the resolver is given them as `rows`.

    `@brought(TextRow, by="recommendation")`. A page brings them for all of its entries; elsewhere they are asked for
    together with those of all other things that are asked at the same time.
    """
    part = Part(row, by, of)

    def declare(resolver: F) -> F:
        def asks(self: Any, info: Info, **given: Any) -> Any:
            key = getattr(self.row, of)
            rows = info.context.at_hand(self.asking, row, by, key)
            return later(self, info, key, given) if rows is None else resolver(self, rows, **given)

        async def later(self: Any, info: Info, key: Any, given: dict[str, Any]) -> Any:
            return resolver(self, await info.context.many(self.asking, row, by, key), **given)

        shown = cast("Any", asks)
        shown.__name__, shown.__doc__, shown.__module__ = resolver.__name__, resolver.__doc__, resolver.__module__
        signature = inspect.signature(resolver)
        parameters = [_as_info(p) if p.name == "rows" else p for p in signature.parameters.values()]
        shown.__signature__ = signature.replace(parameters=parameters)
        shown.__annotations__ = {p.name: p.annotation for p in parameters if p.name != "self"}
        shown.__annotations__["return"] = signature.return_annotation
        shown.part = part
        return cast("F", question(shown))

    return declare


def _as_info(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(name="info", annotation=Info)


async def look_ahead(info: Info, asking: Asking, rows: Sequence[Row]) -> None:
    """Bring what the entries of a page, made of these rows, are asked for in the field at hand."""
    for part in dict.fromkeys(_selected(cast("Any", info)._raw_info)):
        await info.context.bring(asking, part.row, part.column, {getattr(row, part.of) for row in rows})


def _selected(raw: GraphQLResolveInfo[Any]) -> Iterator[Part]:
    """The parts that a connection's entries are asked for."""
    kind, nodes = get_named_type(raw.return_type), list(raw.field_nodes)
    for step in ("edges", "node"):
        nodes = [node for node in _fields(raw, nodes) if node.name.value == step]
        kind = get_named_type(cast("GraphQLObjectType", kind).fields[step].type)
    if not isinstance(kind, GraphQLObjectType):
        return
    for node in _fields(raw, nodes):
        field = kind.fields.get(node.name.value)
        declared = field.extensions.get("strawberry-definition") if field else None
        if declared is not None and declared.base_resolver is not None:
            part = getattr(declared.base_resolver.wrapped_func, "part", None)
            if part is not None:
                yield part


def _fields(raw: GraphQLResolveInfo[Any], nodes: Iterable[FieldNode]) -> Iterator[FieldNode]:
    """The fields selected under some, through fragments; each fragment is read once."""
    waiting: list[SelectionNode] = [s for node in nodes if node.selection_set for s in node.selection_set.selections]
    seen: set[str] = set()
    while waiting:
        selection = waiting.pop()
        if isinstance(selection, FieldNode):
            yield selection
            continue
        inner: Any = selection
        if isinstance(selection, FragmentSpreadNode):
            if selection.name.value in seen:
                continue
            seen.add(selection.name.value)
            inner = raw.fragments[selection.name.value]
        waiting.extend(inner.selection_set.selections)
