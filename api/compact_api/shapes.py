"""Types of the schema whose descriptions are their docstrings, and fields that cannot be without one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar, cast, dataclass_transform, overload

import strawberry

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


@overload
def described(description: str) -> Any: ...
@overload
def described(description: str, *, default: T) -> T: ...
@overload
def described(description: str, *, default_factory: Callable[[], T]) -> T: ...
def described(description: str, **default: Any) -> Any:
    """A field of a type or an input, with what it means: `code: Code = described("Unique code.")`."""
    return strawberry.field(description=description, **default)


@dataclass_transform(kw_only_default=True, field_specifiers=(described, strawberry.field))
def shape(cls: type[T]) -> type[T]:
    """An object type. Its docstring is its description."""
    return strawberry.type(cls, description=docstring(cls))


@dataclass_transform(kw_only_default=True, field_specifiers=(described, strawberry.field))
def form(cls: type[T]) -> type[T]:
    """An input type. Its docstring is its description."""
    return strawberry.input(cls, description=docstring(cls))


@dataclass_transform(kw_only_default=True, field_specifiers=(described, strawberry.field))
def choice(cls: type[T]) -> type[T]:
    """An input type of which exactly one field is given. Fields default to `strawberry.UNSET`."""
    return strawberry.input(cls, description=docstring(cls), one_of=True)


@dataclass_transform(kw_only_default=True, field_specifiers=(described, strawberry.field))
def interface(cls: type[T]) -> type[T]:
    """An interface. Its docstring is its description."""
    return strawberry.interface(cls, description=docstring(cls))


def enumeration(cls: type[E], /, *, named: str | None = None, **meanings: str) -> type[E]:
    """Show an enum of the domain, each value with its meaning: `enumeration(Mode, ONLINE="By video.", …)`.

    `named` where its own name says too little beside those of other areas. `TypeError` unless exactly the enum's
    values have a meaning.
    """
    if differing := cls.__members__.keys() ^ meanings.keys():
        raise TypeError(f"{cls.__name__}: values and meanings differ in {', '.join(sorted(differing))}")
    strawberry.enum(cls, name=named, description=docstring(cls))
    for value in cast("Any", cls).__strawberry_definition__.values:
        value.description = meanings[value.name]
    return cls


def docstring(thing: object) -> str:
    """The thing's own docstring without its indentation; `TypeError` if it has none."""
    text = thing.__doc__
    if not text:
        raise TypeError(f"{thing!r} needs a docstring: it is the description that clients read")
    return inspect.cleandoc(text)
