"""Catalogues: regions, working groups, bodies, frameworks and their clauses. They are facts, and grow without code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, ClassVar, TypedDict
from uuid import UUID

import msgspec
from msgspec import Meta

from compact_domain.kernel import (
    Aggregate,
    Code,
    Command,
    Commands,
    InvalidInput,
    NotFound,
    RuleViolation,
    Starts,
    Work,
    camel_case,
)
from compact_domain.vocabulary import Names, Title

GLOBAL = "GLOBAL"
"""The region that meets every other."""

RULES: Mapping[str, str] = {
    "catalogue.retired": "A retired entry of a catalogue, or a clause of a retired framework, is not put to new use.",
}
CLAIMS: Mapping[str, str] = {}


class EntryKind(StrEnum):
    """Which catalogue an entry stands in."""

    REGION = "region"
    WORKING_GROUP = "working_group"
    BODY = "body"
    FRAMEWORK = "framework"
    CLAUSE = "clause"


class BodyKind(StrEnum):
    """What a body is."""

    COORDINATION_COMMITTEE = "coordination_committee"
    WORKING_GROUP = "working_group"
    ROTATION = "rotation"


class Catalogued(StrEnum):
    """How much of a framework the catalogue holds: a blank in one held in part may be a gap of the catalogue only."""

    WHOLE = "whole"
    PART = "part"


class Translation(StrEnum):
    """Where the names in the other languages come from: a public document, or our own working translation."""

    PUBLIC = "public"
    WORKING = "working"


class EntryState(StrEnum):
    """Whether an entry may be put to new use."""

    CURRENT = "current"
    RETIRED = "retired"


Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
Countries = Annotated[tuple[Country, ...], Meta(description="ISO 3166-1 alpha-2 codes of a region's countries")]
DayOrMonth = Annotated[
    str, Meta(pattern=r"^\d{4}-\d{2}(-\d{2})?$", description="ISO 8601 day, or month where the day is not known")
]

MAY_START_FROM: Starts = {"rename_entry": {EntryState.CURRENT}, "retire_entry": {EntryState.CURRENT}}

FIELDS: Mapping[EntryKind, frozenset[str]] = {
    EntryKind.REGION: frozenset({"parent", "countries", "m49"}),
    EntryKind.WORKING_GROUP: frozenset(),
    EntryKind.BODY: frozenset({"body_kind"}),
    EntryKind.FRAMEWORK: frozenset({"symbol", "adopted_on", "adopted_by", "body", "catalogued", "clauses_total"}),
    EntryKind.CLAUSE: frozenset({"framework", "symbol"}),
}
"""What an entry of each kind may say beyond code, names and where they come from."""

NEEDED: Mapping[EntryKind, frozenset[str]] = {
    EntryKind.REGION: frozenset(),
    EntryKind.WORKING_GROUP: frozenset(),
    EntryKind.BODY: frozenset({"body_kind"}),
    EntryKind.FRAMEWORK: frozenset({"symbol", "catalogued"}),
    EntryKind.CLAUSE: frozenset({"framework"}),
}


class Entry(Aggregate):
    """One line of a catalogue: a region, a working group, a body, a framework or a clause of one."""

    TOPIC = "catalogue_entry"
    MAY_START_FROM = MAY_START_FROM

    def __init__(
        self,
        *,
        kind: EntryKind,
        code: str,
        names: Names,
        parent: str | None,
        countries: tuple[str, ...],
        framework: str | None,
    ) -> None:
        self.kind, self.code, self.names = kind, code, names
        self.parent, self.countries, self.framework = parent, countries, framework
        self.entry_state = EntryState.CURRENT

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to an entry of a catalogue."""

    @classmethod
    def key(cls, kind: EntryKind, code: str) -> UUID:
        """The id of an entry: codes are unique within their catalogue."""
        return cls.identify(f"{kind}:{code}")

    @classmethod
    def policy_noun(cls) -> str:
        return "catalogue"

    @property
    def state(self) -> str:
        return self.entry_state

    @property
    def retired(self) -> bool:
        return self.entry_state is EntryState.RETIRED

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The entry was taken into its catalogue."""

        TOPIC: ClassVar[str] = "catalogue_entry.added"
        kind: Annotated[EntryKind, Meta(description="the catalogue it stands in")]
        code: Annotated[Code, Meta(description="unique within its catalogue")]
        names: Annotated[Names, Meta(description="its name in the working languages")]
        parent: Annotated[Code | None, Meta(description="the region that a region lies in")] = None
        countries: Countries = ()
        m49: Annotated[
            Annotated[str, Meta(pattern=r"^\d{3}$")] | None, Meta(description="a region's number in UN M49")
        ] = None
        body_kind: Annotated[BodyKind | None, Meta(description="what a body is")] = None
        framework: Annotated[Code | None, Meta(description="the framework that a clause belongs to")] = None
        symbol: Annotated[Title | None, Meta(description="how documents cite a framework or clause")] = None
        adopted_on: Annotated[DayOrMonth | None, Meta(description="when a framework was adopted")] = None
        adopted_by: Annotated[Title | None, Meta(description="who adopted a framework, in words")] = None
        body: Annotated[Code | None, Meta(description="the catalogued body that adopted a framework, if one did")] = (
            None
        )
        catalogued: Annotated[Catalogued | None, Meta(description="whether a framework's clauses are all held")] = None
        clauses_total: Annotated[
            Annotated[int, Meta(ge=1)] | None,
            Meta(description="how many clauses a framework has, where they are numbered"),
        ] = None
        source: Annotated[Title | None, Meta(description="where the entry was taken from")] = None
        translations: Annotated[Translation | None, Meta(description="where its translated names come from")] = None

    @classmethod
    def add(
        cls,
        *,
        kind: EntryKind,
        code: str,
        names: Names,
        cmd: Command,
        parent: str | None = None,
        countries: Sequence[str] = (),
        m49: str | None = None,
        body_kind: BodyKind | None = None,
        framework: str | None = None,
        symbol: str | None = None,
        adopted_on: str | None = None,
        adopted_by: str | None = None,
        body: str | None = None,
        catalogued: Catalogued | None = None,
        clauses_total: int | None = None,
        source: str | None = None,
        translations: Translation | None = None,
    ) -> Entry:
        said: dict[str, object] = {
            "parent": parent,
            "countries": tuple(countries),
            "m49": m49,
            "body_kind": body_kind,
            "framework": framework,
            "symbol": symbol,
            "adopted_on": adopted_on,
            "adopted_by": adopted_by,
            "body": body,
            "catalogued": catalogued,
            "clauses_total": clauses_total,
        }
        given = {name for name, value in said.items() if value not in (None, ())}
        problems = [(camel_case(name), f"is not said of a {kind}") for name in sorted(given - FIELDS[kind])]
        problems += [(camel_case(name), f"is needed for a {kind}") for name in sorted(NEEDED[kind] - given)]
        if catalogued is Catalogued.WHOLE and clauses_total is None:
            problems.append(("clausesTotal", "is needed for a framework that is catalogued whole"))
        if problems:
            raise InvalidInput(fields=problems)
        return cls._begin(
            cls.Created(
                **cls._first(cls.key(kind, code), cmd),
                kind=kind,
                code=code,
                names=names,
                parent=parent,
                countries=tuple(countries),
                m49=m49,
                body_kind=body_kind,
                framework=framework,
                symbol=symbol,
                adopted_on=adopted_on,
                adopted_by=adopted_by,
                body=body,
                catalogued=catalogued,
                clauses_total=clauses_total,
                source=source,
                translations=translations,
            )
        )

    def rename(self, *, names: Names, cmd: Command, translations: Translation | None = None) -> None:
        if self.names == names:
            return
        self._may("rename_entry", cmd)
        self._states(self.Renamed(**self._next(cmd), names=names, translations=translations))

    class Renamed(Event, frozen=True, kw_only=True):
        """The entry has other names, all of them given anew."""

        TOPIC: ClassVar[str] = "catalogue_entry.renamed"
        names: Annotated[Names, Meta(description="its name in the working languages")]
        translations: Annotated[Translation | None, Meta(description="where its translated names come from")] = None

        def apply(self, it: Entry) -> None:
            it.names = self.names

    def retire(self, *, cmd: Command) -> None:
        if self.retired:
            return
        self._may("retire_entry", cmd)
        self._states(self.Retired(**self._next(cmd)))

    class Retired(Event, frozen=True, kw_only=True):
        """The entry is not put to new use; what was said with it stands."""

        TOPIC: ClassVar[str] = "catalogue_entry.retired"

        def apply(self, it: Entry) -> None:
            it.entry_state = EntryState.RETIRED


def require_entries(work: Work, kind: EntryKind, codes: Iterable[str], *, field: str) -> tuple[Entry, ...]:
    """The entries that `field` of a command puts to new use. `NotFound`, or rule `catalogue.retired`."""
    entries = []
    for code in dict.fromkeys(codes):
        entry = _entry(work, kind, code)
        _require_current(entry, field)
        if entry.framework is not None:
            _require_current(_entry(work, EntryKind.FRAMEWORK, entry.framework), field)
        entries.append(entry)
    return tuple(entries)


def ancestors(work: Work, regions: Iterable[str]) -> frozenset[str]:
    """The regions with those they lie in, up to the top. `NotFound` for a code no catalogue ever held."""
    closure: set[str] = set()
    waiting = list(regions)
    while waiting:
        code = waiting.pop()
        if code in closure:
            continue
        closure.add(code)
        if parent := _entry(work, EntryKind.REGION, code).parent:
            waiting.append(parent)
    return frozenset(closure)


def regions_meet(work: Work, some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether one of `some` is, lies in or contains one of `others`. Two parts of one continent do not meet."""
    one, other = frozenset(some), frozenset(others)
    if not one or not other:
        return False
    if GLOBAL in one | other:
        return True
    return bool(ancestors(work, one) & other or one & ancestors(work, other))


def _entry(work: Work, kind: EntryKind, code: str) -> Entry:
    entry = work.find(Entry, Entry.key(kind, code))
    if entry is None:
        raise _unknown(kind, code)
    return entry


def _unknown(kind: EntryKind, code: str) -> NotFound:
    return NotFound(kind="".join(word.capitalize() for word in kind.split("_")), reference=code)


def _require_current(entry: Entry, field: str) -> None:
    if entry.retired:
        raise RuleViolation(
            "catalogue.retired",
            state=entry.state,
            details={"field": field, "kind": entry.kind.value, "code": entry.code},
        )


class Catalogue(Commands):
    """What may be asked of the catalogues. An entry is named by its id or as `kind:CODE` (`region:WEST-AFRICA`)."""

    def add_entry(
        self,
        *,
        kind: EntryKind,
        code: str,
        names: Names,
        parent: str | None = None,
        countries: Sequence[str] = (),
        m49: str | None = None,
        body_kind: BodyKind | None = None,
        framework: str | None = None,
        symbol: str | None = None,
        adopted_on: str | None = None,
        adopted_by: str | None = None,
        body: str | None = None,
        catalogued: Catalogued | None = None,
        clauses_total: int | None = None,
        source: str | None = None,
        translations: Translation | None = None,
    ) -> Entry:
        self._about(Entry.key(kind, code))
        self._allow()
        for needed, one, field in (
            (EntryKind.REGION, parent, "parent"),
            (EntryKind.FRAMEWORK, framework, "framework"),
            (EntryKind.BODY, body, "body"),
        ):
            require_entries(self._work, needed, [one] if one else [], field=field)
        entry = self._add(
            Entry.add(
                kind=kind,
                code=code,
                names=names,
                parent=parent,
                countries=countries,
                m49=m49,
                body_kind=body_kind,
                framework=framework,
                symbol=symbol,
                adopted_on=adopted_on,
                adopted_by=adopted_by,
                body=body,
                catalogued=catalogued,
                clauses_total=clauses_total,
                source=source,
                translations=translations,
                cmd=self._cmd,
            )
        )
        _require_current(entry, "code")
        return entry

    def rename_entry(self, entry: UUID | str, *, names: Names, translations: Translation | None = None) -> Entry:
        it = self._subject(entry)
        it.rename(names=names, translations=translations, cmd=self._cmd)
        return it

    def retire_entry(self, entry: UUID | str) -> Entry:
        it = self._subject(entry)
        it.retire(cmd=self._cmd)
        return it

    def _subject(self, entry: UUID | str) -> Entry:
        if isinstance(entry, str) and self._find(Entry, entry) is None:
            kind, _, code = entry.partition(":")
            raise _unknown(EntryKind(kind), code)
        it = self._load(Entry, entry)
        self._allow()
        return it


class Seed(TypedDict):
    """An entry of the catalogues this release brings along, as `Catalogue.add_entry` takes it."""

    kind: EntryKind
    code: str
    names: Names
    parent: str | None
    countries: tuple[str, ...]
    m49: str | None
    body_kind: BodyKind | None
    framework: str | None
    symbol: str | None
    adopted_on: str | None
    adopted_by: str | None
    body: str | None
    catalogued: Catalogued | None
    clauses_total: int | None
    source: str | None
    translations: Translation | None


def seeds() -> Iterator[Seed]:
    """The entries of the data files beside this module, each after those it refers to."""
    yield from _parents_first(_read("regions", EntryKind.REGION))
    yield from _read("working_groups", EntryKind.WORKING_GROUP)
    yield from _read("bodies", EntryKind.BODY)
    yield from _read("frameworks", EntryKind.FRAMEWORK)


class _Line(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A line of a data file."""

    code: str
    names: Names
    kind: BodyKind | None = None
    parent: str | None = None
    countries: tuple[str, ...] = ()
    m49: str | None = None
    symbol: str | None = None
    label: str | None = None
    adopted_on: str | None = None
    adopted_on_precision: str | None = None
    adopted_by: str | None = None
    body: str | None = None
    meeting: int | None = None
    catalogued: Catalogued | None = None
    clauses_total: int | None = None
    source: str | None = None
    translations: Translation | None = None
    clauses: tuple[_Line, ...] = ()


def _read(name: str, kind: EntryKind) -> Iterator[Seed]:
    text = files("compact_domain").joinpath("catalogues", f"{name}.json").read_bytes()
    for line in msgspec.json.decode(text, type=tuple[_Line, ...]):
        yield _seed(line, kind)
        for clause in line.clauses:
            yield _seed(clause, EntryKind.CLAUSE, framework=line.code)


def _seed(line: _Line, kind: EntryKind, *, framework: str | None = None) -> Seed:
    return Seed(
        kind=kind,
        code=line.code,
        names=line.names,
        parent=line.parent,
        countries=line.countries,
        m49=line.m49,
        body_kind=line.kind,
        framework=framework,
        symbol=line.symbol or line.label,
        adopted_on=line.adopted_on,
        adopted_by=line.adopted_by,
        body=line.body,
        catalogued=line.catalogued,
        clauses_total=line.clauses_total,
        source=line.source,
        translations=line.translations,
    )


def _parents_first(regions: Iterable[Seed]) -> Iterator[Seed]:
    waiting, known = list(regions), set[str | None]({None})
    while waiting:
        ready = [region for region in waiting if region["parent"] in known]
        if not ready:
            raise ValueError(f"no parent for {', '.join(region['code'] for region in waiting)}")
        yield from ready
        known |= {region["code"] for region in ready}
        waiting = [region for region in waiting if region["code"] not in known]
