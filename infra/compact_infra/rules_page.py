"""`docs/rules.md`: every rule that may refuse, what it means, and which commands it may refuse, as Markdown.

Which commands is read off the domain's code: what a command may call, down to the refusals that name a rule. What is
called on a thing of unknown kind is looked for on every kind that the calling module knows, so that no rule is left
out where it may refuse; a command may be named that only comes near.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from types import FunctionType
from typing import Any

from compact_domain.kernel import Fact, Work
from compact_domain.policy import POLICY
from compact_domain.published import CLAIM_RULES, COMMANDS, PUBLISHED_RULES

HEAD = """# Rules

Every rule that may refuse a command. Written by `make catalogue` from the code: change it there.

A refusal is a `RuleViolation` that names its rule, the state it met, the commands that would be allowed, and the
numbers. Nothing is written. Besides rules, `Forbidden` (the policy names no role the actor holds), `NotFound`,
`InvalidInput`, `VersionConflict` and `IdempotencyMismatch` refuse too.
"""
DOMAIN = "compact_domain"
Known = Mapping[str, str]
"""Parameters of which a call says by a literal what they are: which verb a guard is asked for."""


def page() -> str:
    """The whole page. Ends with a line break."""
    refused = {rule: [action for action in POLICY if rule in rules_of(action)] for rule in PUBLISHED_RULES}
    areas = dict.fromkeys(rule.partition(".")[0] for rule in PUBLISHED_RULES)
    parts = [HEAD]
    for area in areas:
        parts.append(
            f"## {area.replace('_', ' ').capitalize()}\n\n| rule | meaning | may refuse |\n| --- | --- | --- |"
        )
        for rule, meaning in PUBLISHED_RULES.items():
            if rule.partition(".")[0] == area:
                parts.append(f"| `{rule}` | {meaning} | {_told(refused[rule])} |")
        parts.append("")
    return "\n".join(parts)


def _told(actions: list[str]) -> str:
    if len(actions) == len(POLICY):
        return "every command"
    if len(actions) > len(POLICY) * 2 // 3:
        return "every command but " + ", ".join(f"`{action}`" for action in POLICY if action not in actions)
    return ", ".join(f"`{action}`" for action in actions)


@cache
def rules_of(action: str) -> frozenset[str]:
    """The rules that may refuse a command: `rules_of("role.grant")`."""
    found: set[str] = set()
    seen: set[tuple[FunctionType, tuple[tuple[str, str], ...]]] = set()
    kind = COMMANDS[action]
    waiting: list[tuple[FunctionType, type | None, Known]] = [(getattr(kind, action.partition(".")[2]), kind, {})]
    while waiting:
        function, owner, known = waiting.pop()
        if (key := (function, tuple(sorted(known.items())))) in seen:
            continue
        seen.add(key)
        reading = _Reading(function, owner, known)
        reading.read()
        found |= reading.rules
        waiting += reading.calls
    return frozenset(found - (set() if POLICY[action].reason else {"reason.required"}))


class _Reading:
    """One function, read for the rules it names and for what it calls."""

    def __init__(self, function: FunctionType, owner: type | None, known: Known) -> None:
        self.function, self.owner, self.known = function, owner, known
        self.rules: set[str] = set()
        self._asked: set[str] = set()
        self.calls: list[tuple[FunctionType, type | None, Known]] = []

    def read(self) -> None:
        for node in self._nodes():
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                self._claim(str(node.values[0].value))

    def _nodes(self) -> Iterator[ast.AST]:
        return _nodes(_definition(self.function), self.known, self.function.__globals__)

    def _assigned(self, name: str) -> Iterator[ast.expr]:
        for node in self._nodes():
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    yield value
                case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                    yield value

    def _claim(self, key: str) -> None:
        if self.function.__name__ == "takes" or self.owner is None:
            rule = CLAIM_RULES.get(key.partition(":")[0]) if ":" in key else None
            self.rules |= {rule} if rule else set()

    def _call(self, call: ast.Call) -> None:
        if call.args:
            rule = call.args[0]
            said = list(self._assigned(rule.id)) if isinstance(rule, ast.Name) else [rule]
            named = {node.value for part in said for node in ast.walk(part) if isinstance(node, ast.Constant)}
            self.rules |= {name for name in named if isinstance(name, str) and name in PUBLISHED_RULES}
        for thing, owner in self._called(call.func):
            if isinstance(thing, type) and issubclass(thing, Fact):
                thing, owner = thing.takes, None
            if isinstance(thing, FunctionType) and thing.__module__.startswith(DOMAIN):
                self.calls.append((thing, owner, self._literals(thing, call)))

    def _called(self, called: ast.expr) -> Iterator[tuple[Any, type | None]]:
        names = self.function.__globals__
        if isinstance(called, ast.Name):
            yield names.get(called.id), None
        if not isinstance(called, ast.Attribute):
            return
        of = called.value
        if isinstance(of, ast.Call) and isinstance(of.func, ast.Name) and of.func.id == "super" and self.owner:
            for kind in self.owner.__mro__[1:]:
                if called.attr in vars(kind):
                    yield _plain(vars(kind)[called.attr]), kind
                    return
        elif isinstance(of, ast.Name) and of.id in ("self", "cls") and self.owner:
            yield _plain(inspect.getattr_static(self.owner, called.attr, None)), self.owner
        elif isinstance(of, ast.Name) and isinstance(names.get(of.id), type):
            yield _plain(inspect.getattr_static(names[of.id], called.attr, None)), names[of.id]
        else:
            for kind in self._kinds(of) or self._all_kinds():
                yield _plain(inspect.getattr_static(kind, called.attr, None)), kind

    def _kinds(self, expression: ast.expr) -> set[type]:
        """What kinds of thing an expression may be, by what it was made from; none if that does not tell."""
        match expression:
            case ast.Name(id=name):
                arguments = _definition(self.function).args
                for parameter in [*arguments.args, *arguments.kwonlyargs]:
                    if parameter.arg == name and parameter.annotation is not None:
                        return self._named(parameter.annotation, self.function)
                return self._kinds_assigned(name)
            case ast.Attribute(attr="_work"):
                return {Work}
            case ast.Call(func=called, args=given):
                return {kind for thing, owner in self._called(called) for kind in self._made(thing, owner, given)}
        return set()

    def _kinds_assigned(self, name: str) -> set[type]:
        """What kinds of thing a name may stand for; one that is made from itself, for those it was first made from."""
        if name in self._asked:
            return set()
        self._asked.add(name)
        kinds = {kind for value in self._assigned(name) for kind in self._kinds(value)}
        self._asked.remove(name)
        return kinds

    def _made(self, thing: Any, owner: type | None, given: list[ast.expr]) -> set[type]:
        if isinstance(thing, type):
            return {thing}
        if not isinstance(thing, FunctionType) or not thing.__module__.startswith(DOMAIN):
            return set()
        answer = _definition(thing).returns
        names = {node.id for node in ast.walk(answer) if isinstance(node, ast.Name)} if answer else set()
        if "A" in names and given:  # answers the kind that its first argument names
            return self._named(given[0], self.function)
        if "Self" in names and owner:
            return {owner}
        return self._named(answer, thing) if answer else set()

    def _named(self, expression: ast.expr, function: FunctionType) -> set[type]:
        found = (function.__globals__.get(node.id) for node in ast.walk(expression) if isinstance(node, ast.Name))
        return {thing for thing in found if isinstance(thing, type) and thing.__module__.startswith(DOMAIN)}

    def _all_kinds(self) -> set[type]:
        return {
            thing
            for thing in self.function.__globals__.values()
            if isinstance(thing, type) and thing.__module__.startswith(DOMAIN) and thing not in COMMANDS.values()
        }

    def _literals(self, function: FunctionType, call: ast.Call) -> Known:
        parameters = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
        given = dict(zip(parameters, call.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        known = {}
        for name, value in given.items():
            if isinstance(value, ast.Name) and value.id in self.known:
                known[name] = self.known[value.id]
            elif isinstance(value, ast.Constant) and isinstance(value.value, str):
                known[name] = value.value
        return known


def _plain(thing: Any) -> Any:
    return thing.__func__ if isinstance(thing, classmethod | staticmethod) else thing


@cache
def _definition(function: FunctionType) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _nodes(node: ast.AST, known: Known, names: Mapping[str, Any]) -> Iterator[ast.AST]:
    """Everything in a function but the branches that what is known of its parameters rules out."""
    if isinstance(node, ast.If):
        holds = _holds(node.test, known, names)
        branches = [*(node.body if holds is not False else []), *(node.orelse if holds is not True else [])]
        for child in [node.test, *branches]:
            yield from _nodes(child, known, names)
        return
    if isinstance(node, ast.Match) and isinstance(node.subject, ast.Name) and node.subject.id in known:
        for case in node.cases:
            if _fits(case.pattern, known[node.subject.id]):
                yield from _nodes(case, known, names)
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _nodes(child, known, names)


def _holds(test: ast.expr, known: Known, names: Mapping[str, Any]) -> bool | None:
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return False if any(_holds(value, known, names) is False for value in values) else None
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[ast.Constant(value=value)]) if (
            name in known
        ):
            return known[name] == value
        case ast.Compare(left=ast.Name(id=name), ops=[ast.In()], comparators=[choices]) if name in known:
            if isinstance(choices, ast.Name) and choices.id in names:
                return known[name] in names[choices.id]
            constants = [item.value for item in ast.walk(choices) if isinstance(item, ast.Constant)]
            return known[name] in constants if isinstance(choices, ast.Tuple | ast.Set | ast.List) else None
    return None


def _fits(pattern: ast.pattern, value: str) -> bool:
    match pattern:
        case ast.MatchValue(value=ast.Constant(value=constant)):
            return bool(constant == value)
        case ast.MatchOr(patterns=patterns):
            return any(_fits(one, value) for one in patterns)
    return True
