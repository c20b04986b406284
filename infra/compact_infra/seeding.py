"""Playing a file of commands and questions through the public API: the demonstration, and contracts as data.

A file holds one JSON object a line, `{at, as, mutation, input, expect?, save?, note?}` or
`{at, as, query, variables?, expect?, save?, asks?}`. `at` moves the clock of a demonstration forward. `as` is a role
(`secretariat_officer`, `entity_representative@UNODC`, `working_group_chair@PCVE@UNODC`) or the e-mail address of a
person who holds one. What a line saves, later lines write as `$name`: a command saves the id of its subject under a
name, a question parts of its answer, each under a name by its path (`{"MAREK": "node.alternates.0.subject"}`). `asks`
says in words what a question asks. Blank lines and lines that begin with `#` are for the reader.

A file may be played again, also after it broke off. A command is known by its line and answered as the first time. A
line whose instant the history has passed has had its answer: what was to be refused then is not tried again, and what
a question was to be answered with then is not expected any more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import anyio.from_thread
import psycopg
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type, get_nullable_type

from compact_api.context import Context, Identity
from compact_api.schema import root
from compact_domain.kernel import Role
from compact_infra.compact import Compact
from compact_infra.setting_up import development_identity

PROBLEM = """... on Problem { __typename code message } ... on RuleViolation { rule state details { name value } }
... on InvalidInput { fields { name message } } ... on NotFound { kind reference }
... on VersionConflict { expected actual }"""

Line = dict[str, Any]


class Unexpected(Exception):
    """A line was answered otherwise than the file expects. The message says which line, and how."""


@dataclass
class Player:
    """Plays a file against a service that has been started."""

    compact: Compact
    portal: anyio.from_thread.BlockingPortal
    file: Path
    saved: dict[str, Any] = field(default_factory=dict)
    _identities: dict[str, Identity] = field(default_factory=dict)
    _played_until: datetime | None = None

    def __post_init__(self) -> None:
        self._played_until = self.compact.store.recorded_until()

    def play(
        self,
        *,
        progress: Callable[[int, int], None] = lambda done, of: None,
        answered: Callable[[Line, dict[str, Any]], None] = lambda line, answer: None,
    ) -> int:
        """Play the file; answers how many lines it has. `answered` is told of questions that ask something in words.

        Raises `Unexpected`.
        """
        everything = list(lines(self.file))
        for done, (number, line) in enumerate(everything, 1):
            answer = self.line(number, line)
            progress(done, len(everything))
            if "asks" in line and answer is not None:
                answered(line, answer)
        return len(everything)

    def line(self, number: int, line: Line) -> dict[str, Any] | None:
        """Play one line; answers its answer, or None where it is not tried again. Raises `Unexpected`."""
        try:
            past = "at" in line and self._set_clock(line["at"])
            if "query" in line:
                return self._question(line, past=past)
            if past and "expect" in line and not _is_done(line["expect"]):
                return None
            return self._command(line, key=_key(self.file.name, line))
        except Unexpected as e:
            raise Unexpected(f"{self.file.name}, line {number}: {e}") from None

    def ask(self, query: str, variables: dict[str, Any] | None = None, *, as_: str) -> dict[str, Any]:
        """The data that a question is answered with. Raises `Unexpected` with its errors."""
        result = self.portal.call(self._run, query, variables, self.identity(as_))
        if result.errors:
            raise Unexpected("; ".join(error.message for error in result.errors))
        data: dict[str, Any] = result.data
        return data

    def identity(self, name: str) -> Identity:
        """Whom a line means with `as`. Raises `Unexpected` for a person nobody knows."""
        if name not in self._identities:
            role, _, where = name.partition("@")
            if role in Role._value2member_map_:
                self._identities[name] = development_identity(self.compact.commander, Role(role), where or None)
            else:
                self._identities[name] = self._person(name)
        return self._identities[name]

    def _question(self, line: Line, *, past: bool) -> dict[str, Any]:
        answer = self.ask(line["query"], self._filled(line.get("variables", {})), as_=line["as"])
        if "expect" in line and not past and not _holds(self._filled(line["expect"]), answer):
            raise Unexpected(f"expected {_text(line['expect'])}, was answered {_text(answer)}")
        for name, path in line.get("save", {}).items():
            self.saved[name] = _part(answer, path)
        return answer

    def _command(self, line: Line, *, key: UUID) -> dict[str, Any]:
        name: str = line["mutation"]
        query, thing = self._mutation(name)
        given = {"idempotencyKey": str(key), **self._filled(line.get("input", {}))}
        if self._takes_version(name):
            given.setdefault("expectedVersion", None)
        answer: dict[str, Any] = self.ask(query, {"input": given}, as_=line["as"])["answer"]
        expected = self._filled(line.get("expect", {"__typename": f"{_capital(name)}Payload"}))
        if not _holds(expected, answer):
            raise Unexpected(f"{name}: expected {_text(expected)}, was answered {_text(answer)}")
        if "save" in line:
            self.saved[line["save"]] = _part(answer, f"{thing}.id")
        self.compact.settle()
        return answer

    def _set_clock(self, at: str) -> bool:
        """Move the clock to an instant; whether the history had passed it before the file was played.

        What falls due on the way happens when it does.
        """
        store, clockwork = self.compact.store, self.compact.clockwork
        try:
            instant = datetime.fromisoformat(at)
            while (moment := clockwork.next(instant)) is not None:
                store.set_clock(moment)
                clockwork.ring()
                self.compact.settle()
            store.set_clock(instant)
            return self._played_until is not None and instant <= self._played_until
        except ValueError:
            raise Unexpected(f"{at} is no instant") from None
        except psycopg.errors.InsufficientPrivilege:
            raise Unexpected("`at` moves the clock of a demonstration, which this is not") from None

    def _mutation(self, name: str) -> tuple[str, str]:
        """The mutation that gives a command, and which field of its payload is its subject."""
        mutations = self.compact.schema._schema.mutation_type
        if mutations is None or name not in mutations.fields:
            raise Unexpected(f"there is no mutation {name}")
        payload = self.compact.schema._schema.get_type(f"{_capital(name)}Payload")
        assert isinstance(payload, GraphQLObjectType)
        things = [
            field
            for field, definition in payload.fields.items()
            if isinstance(kind := get_named_type(get_nullable_type(definition.type)), GraphQLObjectType)
            and "id" in kind.fields
        ]
        thing = things[0] if things else ""
        select = f"{thing} {{ id }}" if thing else ""
        return (
            f"mutation ($input: {_capital(name)}Input!) {{ answer: {name}(input: $input) {{ __typename"
            f" ... on {_capital(name)}Payload {{ position visible replayed warnings {select} }} {PROBLEM} }} }}"
        ), thing

    def _takes_version(self, name: str) -> bool:
        taken = self.compact.schema._schema.get_type(f"{_capital(name)}Input")
        assert isinstance(taken, GraphQLInputObjectType)
        return "expectedVersion" in taken.fields

    async def _run(self, query: str, variables: dict[str, Any] | None, identity: Identity) -> Any:
        context = Context(self.compact, identity)
        try:
            return await self.compact.schema.execute(
                query, variable_values=variables, context_value=context, root_value=root()
            )
        finally:
            await context.close()

    def _person(self, email: str) -> Identity:
        with self.compact.store.attempt() as attempt:
            subject = attempt.secrets.person(email)
        if subject is None:
            raise Unexpected(f"nobody is known under {email}")
        return Identity(subject=subject)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, str) and value.startswith("$") and value[1:] in self.saved:
            return self.saved[value[1:]]
        return value


def lines(path: Path) -> Iterator[tuple[int, Line]]:
    """The lines of a file with their numbers. Raises `Unexpected` for one that is no JSON object."""
    for number, text in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not text.strip() or text.startswith("#"):
            continue
        try:
            line = json.loads(text)
        except ValueError as e:
            raise Unexpected(f"{path.name}, line {number}: {e}") from None
        if not isinstance(line, dict) or "as" not in line or not line.keys() & {"mutation", "query"}:
            raise Unexpected(f"{path.name}, line {number}: needs `as`, and `mutation` or `query`")
        yield number, line


def _holds(expected: Any, actual: Any) -> bool:
    """Whether an answer holds what is expected: objects at least, everything else exactly."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            key in actual and _holds(value, actual[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(expected) == len(actual)
            and all(_holds(e, a) for e, a in zip(expected, actual, strict=True))
        )
    return bool(expected == actual)


def _is_done(expected: dict[str, Any]) -> bool:
    """Whether a command is expected to be carried out, not refused."""
    return str(expected.get("__typename", "")).endswith("Payload")


def _part(answer: Any, path: str) -> Any:
    """The part of an answer that a path names: keys of objects, places in lists from 0."""
    for step in path.split("."):
        try:
            answer = answer[int(step)] if isinstance(answer, list) else answer[step]
        except (LookupError, TypeError, ValueError):
            raise Unexpected(f"the answer has no {path}") from None
    return answer


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _key(file: str, line: Line) -> UUID:
    """A line's idempotency key: of what it says, so that lines may come in before it and it is still the same."""
    return uuid5(NAMESPACE_URL, f"{file}:{json.dumps(line, sort_keys=True)}")
