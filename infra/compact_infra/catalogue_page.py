"""`docs/events.md`: every fact that can be stated, with its fields and the values in them, as Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from compact_domain.kernel import STAMP, Fact, Provenance
from compact_domain.published import AGGREGATES, facts

FORMATS = {"uuid": "id", "date": "day", "date-time": "instant", "decimal": "decimal"}
KINDS = {"string": "text", "integer": "number", "boolean": "yes or no", "number": "number", "object": "object"}

HEAD = """# Facts

Every fact that can be stored. Written by `make catalogue` from the code: change it there.

A topic, once stored, is for ever, and so is a shape: a changed one is a new version with an upcast from the one before
(`docs/how-to.md`). Stored is canonical JSON, `{"data": {…}, "version": n}`. Where a field may be left out, its default
stands behind the type.
"""


def page() -> str:
    """The whole page. Ends with a line break."""
    values: dict[str, Mapping[str, Any]] = {}
    parts = [HEAD, *_shared(values)]
    known = facts()
    for aggregate in sorted(AGGREGATES, key=lambda kind: kind.topic()):
        parts.append(f"## {aggregate.__name__}\n\n{_meaning(aggregate)}\n")
        own = {topic: kind for topic, kind in known.items() if kind in vars(aggregate).values()}
        for topic, kind in sorted(own.items(), key=lambda pair: list(vars(aggregate).values()).index(pair[1])):
            parts += _fact(topic, kind, values)
    parts.append("## Values\n\nWhat fields hold that is more than a text, a number, a day, an instant or an id.\n")
    for name, schema in sorted(values.items()):
        parts.append(f"### {name}\n\n{_one_paragraph(schema.get('description', ''))}\n")
        if "enum" in schema:
            parts.append(", ".join(f"`{value}`" for value in schema["enum"]) + "\n")
        else:
            parts.append(_table(schema, schema["properties"]))
    return "\n".join(parts)


def _shared(values: dict[str, Mapping[str, Any]]) -> Iterator[str]:
    schema = _schema(Fact, values)
    yield "## What every fact carries\n"
    yield _table(schema, {name: schema["properties"][name] for name in schema["properties"] if name in STAMP})
    yield "The store adds `position`, `recorded_at` and `event_id`.\n"
    yield f"### Provenance\n\n{_meaning(Provenance)}\n"
    provenance = values.pop(Provenance.__name__)
    yield _table(provenance, provenance["properties"])


def _fact(topic: str, kind: type[Fact], values: dict[str, Mapping[str, Any]]) -> Iterator[str]:
    schema = _schema(kind, values)
    values.pop(Provenance.__name__, None)
    version = f" Version {kind.class_version}." if kind.class_version > 1 else ""
    yield f"### `{topic}`\n\n{_meaning(kind)}{version}\n"
    own = {name: field for name, field in schema["properties"].items() if name not in STAMP}
    if own:
        yield _table(schema, own)


def _schema(kind: type[msgspec.Struct], values: dict[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The JSON Schema of a fact; the values it refers to are added to `values`."""
    _, components = msgspec.json.schema_components([kind], ref_template="{name}")
    own: Mapping[str, Any] = components.pop(kind.__name__)
    values.update(components)
    return own


def _table(schema: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| field | holds | meaning |", "| --- | --- | --- |"]
    for name, field in fields.items():
        default = ""
        if name not in schema.get("required", ()) and field.get("default") not in (None, [], {}):
            default = f" = `{msgspec.json.encode(field['default']).decode()}`"
        lines.append(f"| `{name}` | {_type(field)}{default} | {_one_paragraph(field.get('description', ''))} |")
    return "\n".join(lines) + "\n"


def _type(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        choices = [_type(choice) for choice in field["anyOf"] if choice.get("type") != "null"]
        blank = " or nothing" if len(choices) < len(field["anyOf"]) else ""
        return " or ".join(choices) + blank
    if "$ref" in field:
        return f"[{field['$ref']}](#{field['$ref'].lower()})"
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in _listed(field))
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}" if "items" in field else "list"
    return FORMATS.get(field.get("format", ""), KINDS.get(field.get("type", ""), "anything"))


def _listed(field: Mapping[str, Any]) -> Sequence[Any]:
    listed: Sequence[Any] = field["enum"] if "enum" in field else [field["const"]]
    return listed


def _meaning(thing: type) -> str:
    return _one_paragraph(inspect.getdoc(thing) or "")


def _one_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())
