"""What all things of the schema have in common: an id, a version, a history, and what may be done to them now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Self, TypeVar, cast
from uuid import UUID

import strawberry

from compact_domain.kernel import Aggregate
from compact_domain.policy import decide
from compact_domain.vocabulary import Names as NamesValue
from compact_projections.asking import Asking
from compact_projections.kit import Row

from .context import Info
from .fields import question
from .moments import global_id
from .paging import DEFAULT_PAGE, After, Connection, First
from .problems import mutation_name
from .scalars import LanguageCode
from .shapes import described, form, interface, shape
from .trail import TrailEntry, history_of

Language = Annotated[LanguageCode, strawberry.argument("In which language; where there is no name in it, English.")]
"""The argument `language`: `language: Language = ENGLISH`."""
ENGLISH = LanguageCode("en")

A = TypeVar("A", bound=Aggregate)


@interface
class Node:
    """Anything with a global id."""

    id: strawberry.ID = described("Global id, opaque. In an answer from the past it names the moment too.")


@interface
class Subject(Node):
    """A thing with a history of its own."""

    row: strawberry.Private[Any]
    asking: strawberry.Private[Asking]

    @question
    def version(self) -> int:
        """How many facts its history had at the moment: what `expectedVersion` is held against."""
        return cast("int", self.row.version)

    @question
    async def history(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[TrailEntry]:
        """Everything that happened to it up to the moment, from the first fact on."""
        return await history_of(self.asking, self.row.id, first=first, after=after)

    @question
    async def allowed_commands(self, info: Info) -> list[str]:
        """The mutations that the one who asks might give now, as the rules' own guards say; of a past moment: then."""
        return await allowed_commands(info, self.asking, self.aggregate_kind(), self.row.id, self.row.version)

    @classmethod
    def aggregate_kind(cls) -> type[Aggregate]:
        """The aggregate behind the thing."""
        raise NotImplementedError

    @classmethod
    def row_kind(cls) -> type[Row]:
        """The row that the thing is shown from."""
        raise NotImplementedError

    @classmethod
    def of(cls, row: Any, asking: Asking) -> Self:
        """The node that a row makes at the moment of `asking`. Its key is the row's code where it has one."""
        key = getattr(row, "code", None) or row.id
        return cls(id=global_id(asking, cls.__name__, key), row=row, asking=asking)

    @classmethod
    async def found(cls, info: Info, asking: Asking, key: UUID | str) -> Self | None:
        """The node that a global id's key names; None where there is none, or none for this viewer."""
        column = cls.row_kind().KEY if isinstance(key, UUID) else "code"
        if column not in cls.row_kind().__struct_fields__:
            return None
        row = await info.context.one(asking, cls.row_kind(), column, key)
        return None if row is None else cls.of(row, asking)


async def allowed_commands(info: Info, asking: Asking, kind: type[Aggregate], id: UUID, version: int) -> list[str]:
    """Mutations whose state guards and policy let the viewer through at the moment."""
    it = await aggregate_at(info, kind, id, version)
    return await mutations_given(info, it, it.allowed(asking.moment.now)) if it else []


async def aggregate_at(info: Info, kind: type[A], id: UUID, version: int) -> A | None:
    """An aggregate as its facts made it at a version."""

    async def load(keys: list[tuple[UUID, int]]) -> list[Aggregate | None]:
        return [await info.context.platform.history(kind, id, version) for id, version in keys]

    it = await info.context.loader(("aggregate", kind), load).load((id, version))
    return it if isinstance(it, kind) else None


async def mutations_given(info: Info, it: Aggregate, verbs: Iterable[str]) -> list[str]:
    """Mutations of an aggregate's verbs that the policy lets the viewer give."""
    actor, noun = await info.context.actor(), it.policy_noun()
    return [
        mutation_name(f"{noun}.{verb}")
        for verb in verbs
        if decide(actor, f"{noun}.{verb}", it.concerns_of(verb, actor))
    ]


@shape
class Names:
    """A name in the working languages of the United Nations."""

    en: str = described("English; always there.")
    fr: str | None = described("French.")
    es: str | None = described("Spanish.")
    ru: str | None = described("Russian.")
    ar: str | None = described("Arabic.")
    zh: str | None = described("Chinese.")


@form
class NamesInput:
    """A name in the working languages of the United Nations."""

    en: str = described("English; always needed.")
    fr: str | None = described("French.", default=None)
    es: str | None = described("Spanish.", default=None)
    ru: str | None = described("Russian.", default=None)
    ar: str | None = described("Arabic.", default=None)
    zh: str | None = described("Chinese.", default=None)


def names_of(value: NamesValue) -> Names:
    """Names as the schema shows them."""
    return Names(en=value.en, fr=value.fr, es=value.es, ru=value.ru, ar=value.ar, zh=value.zh)


def named(value: NamesValue, language: LanguageCode) -> str:
    """The name in a language, whatever its script or region; in English where it has none in that."""
    return getattr(value, language.partition("-")[0], None) or value.en


def names_from(value: NamesInput) -> NamesValue:
    """Names as the domain takes them."""
    return NamesValue(en=value.en, fr=value.fr, es=value.es, ru=value.ru, ar=value.ar, zh=value.zh)
