"""Given facts, when a verb, then facts: the grammar of every test of an aggregate. It replays, so replay is tested."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID, uuid5

import msgspec

from compact_domain.kernel import (
    NAMESPACE,
    Actor,
    Aggregate,
    Channel,
    Command,
    Fact,
    Role,
    RoleHeld,
    RuleViolation,
    Sealed,
    _stamp,
)

A = TypeVar("A", bound=Aggregate)
NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def person(name: str) -> UUID:
    """A subject id that is the same in each run."""
    return uuid5(NAMESPACE, f"person:{name}")


def actor(role: Role = Role.SECRETARIAT_OFFICER, *, organization: str = "UNOCT", name: str = "") -> Actor:
    held = RoleHeld(role=role, scope=organization if role is Role.ENTITY_REPRESENTATIVE else None)
    return Actor(id=person(name or f"{role}@{organization}"), organization=organization, roles=(held,))


def command(
    name: str = "test.command",
    *,
    by: Actor | None = None,
    now: datetime = NOW,
    key: str = "1",
    reason: Sealed | None = None,
    effective_on: date | None = None,
    on_behalf_of: str | None = None,
) -> Command:
    return Command(
        name=name,
        id=uuid5(NAMESPACE, f"{name}:{key}"),
        by=by or actor(),
        now=now,
        channel=Channel.GRAPHQL,
        reason=reason,
        effective_on=effective_on,
        on_behalf_of=on_behalf_of,
    )


def sealed(field: str = "reason") -> Sealed:
    """A sealed text as a fact carries it; aggregates never open one."""
    return Sealed(key=person("whoever"), key_version=1, bound=UUID(int=1), field=field, box="AAAA")


class Said:
    """A fact without its stamp: what was said, to be stamped where it stands in a history."""

    def __init__(self, fact: type[Fact], fields: dict[str, Any], cmd: Command) -> None:
        self.fact, self.fields, self.cmd = fact, fields, cmd

    def stamped(self, id: UUID, version: int, topic: str) -> Fact:
        fields = dict(self.fields)
        if version == 1:
            fields["originator_topic"] = topic
        return self.fact(**_stamp(id, version, self.cmd), **fields)


def said(fact: type[Fact], /, *, at: datetime = NOW, by: Actor | None = None, **fields: Any) -> Said:
    return Said(fact, fields, command(now=at, by=by))


class Scenario(Generic[A]):
    """One aggregate's history, what was asked of it, and what came of it."""

    def __init__(self, kind: type[A], *, id: UUID | None = None) -> None:
        self.kind, self.id = kind, id or kind.identify("TEST")
        self.history: list[Fact] = []
        self.new: list[Fact] = []
        self.refusal: RuleViolation | None = None

    def given(self, *facts: Said) -> Self:
        for fact in facts:
            self.history.append(fact.stamped(self.id, len(self.history) + 1, self.kind.topic()))
        return self

    def aggregate(self) -> A:
        """The aggregate as the history makes it, each fact written to JSON and read back."""
        it: Any = None
        for fact in [*self.history, *self.new]:
            stored = msgspec.json.encode(fact, order="sorted")
            it = msgspec.json.decode(stored, type=type(fact)).mutate(it)
        assert isinstance(it, self.kind)
        return it

    def when(self, verb: Callable[[A], object]) -> Self:
        it = self.aggregate()
        before = len(it.pending_events)
        try:
            verb(it)
        except RuleViolation as refusal:
            self.refusal = refusal
            assert len(it.pending_events) == before, "a refusal states nothing"
            return self
        self.refusal = None
        stated = [fact for fact in it.pending_events if isinstance(fact, Fact)]
        self.new += stated
        decided, replayed = dict(it.__dict__), dict(self.aggregate().__dict__)
        for state in (decided, replayed):
            state.pop("_pending_events")
        assert decided == replayed, "what a verb decides and what its facts replay to are the same"
        return self

    def then(self, *facts: Said) -> Self:
        assert self.refusal is None, f"refused by {self.refusal.rule}: {self.refusal.details}"
        expected = [(fact.fact, fact.fields) for fact in facts]
        assert [(type(fact), {k: getattr(fact, k) for k in _own(fact)}) for fact in self.new] == [
            (kind, {k: fields.get(k, _default(kind, k)) for k in kind.__struct_fields__ if k in _own_fields(kind)})
            for kind, fields in expected
        ]
        return self

    def nothing(self) -> Self:
        """Success, and no fact: the target state was reached already."""
        assert self.refusal is None
        assert self.new == []
        return self

    def refused(self, rule: str, **details: str | int) -> Self:
        assert self.refusal is not None, f"not refused, but stated {[type(f).__qualname__ for f in self.new]}"
        assert self.refusal.rule == rule
        assert {k: self.refusal.details.get(k) for k in details} == details
        assert self.new == []
        return self


def _own_fields(kind: type[Fact]) -> set[str]:
    return set(kind.__struct_fields__) - set(Fact.__struct_fields__) - {"originator_topic"}


def _own(fact: Fact) -> list[str]:
    return [k for k in fact.__struct_fields__ if k in _own_fields(type(fact))]


def _default(kind: type[Fact], name: str) -> Any:
    field = next(f for f in msgspec.structs.fields(kind) if f.name == name)
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
