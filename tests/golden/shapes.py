"""The shape of facts: examples made from their types alone, and their JSON Schema without prose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import msgspec
from msgspec import inspect

from compact_domain.kernel import Fact
from compact_domain.published import facts
from compact_infra.event_store import EventMapper

FOLDER = Path(__file__).parent
SCHEMAS = FOLDER / "schemas.json"
PROSE = frozenset({"description", "title", "examples"})


def keys() -> Mapping[str, type[Fact]]:
    """Every fact in its present version, by the name of its golden file."""
    return {key_of(kind): kind for kind in facts().values()}


def key_of(kind: type[Fact]) -> str:
    return f"{getattr(kind, 'TOPIC')}.v{kind.class_version}"  # noqa: B009  (declared by every fact, not by their base)


def file_of(key: str) -> Path:
    return FOLDER / f"{key}.json"


def stored(kind: type[Fact]) -> bytes:
    """A fact with every field filled in, as the store keeps it, one field a line."""
    fact = msgspec.convert(_struct(inspect.type_info(kind), count(1)), kind)
    return msgspec.json.format(EventMapper().to_stored_event(fact).state, indent=1) + b"\n"


# --- examples


def _value(kind: inspect.Type, numbers: Iterator[int]) -> Any:
    match kind:
        case inspect.Metadata(type=inner):
            return _value(inner, numbers)
        case inspect.UnionType(types=types):
            return _value(next(t for t in types if not isinstance(t, inspect.NoneType)), numbers)
        case inspect.StructType():
            return _struct(kind, numbers)
        case inspect.EnumType(cls=cls):
            return next(iter(cls)).value
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.SetType(item_type=item):
            return [_value(item, numbers) for _ in range(max(1, kind.min_length or 0))]
        case inspect.TupleType(item_types=items):
            return [_value(item, numbers) for item in items]
        case inspect.DictType(key_type=key, value_type=value):
            return {_value(key, numbers): _value(value, numbers)}
        case inspect.StrType(min_length=least, max_length=most, pattern=pattern):
            return _text(pattern, least or 0, most) if pattern else "Text"[:most].ljust(least or 0, ".")
        case inspect.IntType(ge=ge, gt=gt):
            return ge if ge is not None else gt + 1 if gt is not None else 1
        case inspect.BoolType():
            return True
        case inspect.UUIDType():
            return f"00000000-0000-4000-8000-{next(numbers):012d}"
        case inspect.DateType():
            return "2025-06-25"
        case inspect.DateTimeType(tz=False):
            return "2025-06-25T09:00:00"
        case inspect.DateTimeType():
            return "2025-06-25T13:00:00Z"
        case inspect.DecimalType():
            return "1250000.50"
        case _:
            raise TypeError(f"no example of {kind} is known: add one in {__name__}")


def _struct(kind: inspect.Type, numbers: Iterator[int]) -> dict[str, Any]:
    assert isinstance(kind, inspect.StructType)
    return {field.encode_name: _value(field.type, numbers) for field in kind.fields}


@cache
def _text(pattern: str, least: int, most: int | None) -> str:
    """The simplest text that has the pattern: the same on every run."""
    fits = st.from_regex(pattern, fullmatch=True)
    return hypothesis.find(
        fits,
        lambda text: least <= len(text) <= (most or len(text)),
        settings=hypothesis.settings(database=None, derandomize=True),
    )


# --- schemas


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """`facts`: the schema of each fact in its present version; `values`: those of the values that they refer to."""
    own, values = dict[str, Any](), dict[str, Any]()
    for key, kind in keys().items():
        _, components = msgspec.json.schema_components([kind], ref_template="{name}")
        own[key] = _without_prose(components.pop(kind.__name__))
        for name, schema in components.items():
            assert values.setdefault(name, _without_prose(schema)) == _without_prose(schema), f"two values named {name}"
    said: dict[str, dict[str, Any]] = {"facts": own, "values": dict(sorted(values.items()))}
    return msgspec.json.decode(msgspec.json.encode(said), type=dict[str, dict[str, Any]])


def whole(known: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, Any]:
    """The schema of a fact with those of all values it refers to, themselves or through others."""
    found = {key: known["facts"][key]}
    open_ = [found[key]]
    while open_:
        for name in _references(open_.pop()):
            if name not in found:
                found[name] = known["values"][name]
                open_.append(found[name])
    return found


def grew(old: Any, new: Any) -> bool:
    """Whether a shape is the old one, but for names that an enumeration took in."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(
            set(old[name]) <= set(new[name]) if name == "enum" else grew(old[name], new[name]) for name in old
        )
    return bool(old == new)


def _without_prose(schema: Any) -> Any:
    if isinstance(schema, dict):  # a field may be called `title`: then it holds a schema, not a text
        parts = {name: part for name, part in schema.items() if name not in PROSE or not isinstance(part, str)}
        return {name: _without_prose(part) for name, part in parts.items()}
    return [_without_prose(part) for part in schema] if isinstance(schema, list) else schema


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for part in schema.values():
            yield from _references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _references(part)
