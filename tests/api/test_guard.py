"""The guard: what is too much is refused before it costs anything, and errors tell nothing internal."""

from __future__ import annotations

import time
from typing import Annotated, Any

import pytest
import strawberry
from graphql import get_introspection_query, parse
from structlog.testing import capture_logs

from compact_api.fields import question
from compact_api.guard import FederatedSchema, Limits, Schema
from compact_api.paging import DEFAULT_PAGE, After, Connection, First, Order, connection, page
from compact_api.shapes import described, form, shape
from compact_domain import kernel

pytestmark = pytest.mark.anyio

BY_CODE = Order("thing", ("code asc", str))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@form
class Wanted:
    """What is wanted."""

    number: int = described("A number.")


@shape
class Thing:
    """A thing, which has things."""

    code: str = described("Its code.")

    @question
    async def parent(self) -> Thing | None:
        """The thing it belongs to."""
        return None

    @question
    async def parts(self) -> list[Thing]:
        """What it is made of."""
        return []

    @question
    async def uses(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Thing]:
        """What it uses."""
        return await things(first, after)


async def things(first: int, after: Any) -> Connection[Thing]:
    async def count() -> int:
        return 0

    none: list[str] = []
    return connection(none, page(BY_CODE, first, after), node=lambda c: Thing(code=c), key=lambda c: (c,), count=count)


@shape
class Query:
    """What can be asked here."""

    @question
    async def thing(self) -> Thing:
        """One thing."""
        return Thing(code="T-1")

    @question
    async def things(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Thing]:
        """Things."""
        return await things(first, after)

    @question
    async def nodes(self, ids: Annotated[list[strawberry.ID], strawberry.argument("Which.")]) -> list[Thing | None]:
        """Things by their ids."""
        return [None for _ in ids]

    @question
    async def number(self, of: Annotated[Wanted | None, strawberry.argument("Of what.")] = None) -> int:
        """A number."""
        return 1

    @question
    async def broken(self) -> int | None:
        """Breaks, with a name in the exception."""
        raise LookupError("amina@example.org is not in the vault")

    @question
    async def late(self) -> int | None:
        """Refuses."""
        raise kernel.VersionConflict(expected=1, actual=2)

    @question
    async def many(self) -> list[Thing]:
        """Many things whose parts break."""
        return [Broken(code=str(n)) for n in range(20)]

    @strawberry.field(description="Refuses without a decorator of ours.")  # type: ignore[untyped-decorator]
    async def plain(self) -> int | None:
        raise kernel.NotFound(kind="Thing", reference="T-1")


class Broken(Thing):
    """A thing that breaks when it is asked."""

    @property
    def code(self) -> str:
        raise LookupError("amina@example.org")

    @code.setter
    def code(self, value: str) -> None: ...


SCHEMA = Schema(Query)


async def asked(query: str, variables: dict[str, Any] | None = None, schema: Any = SCHEMA, **more: Any) -> Any:
    return await schema.execute(query, variables, **more)


async def codes(query: str, variables: dict[str, Any] | None = None, schema: Any = SCHEMA) -> list[str]:
    answer = await asked(query, variables, schema)
    return [(error.extensions or {}).get("code", "none") for error in answer.errors or []]


async def cost(query: str, variables: dict[str, Any] | None = None) -> int:
    answer = await asked(query, variables)
    assert answer.errors is None
    told = answer.extensions["cost"]
    assert isinstance(told, int)
    return told


def nested(depth: int, field: str = "parent") -> str:
    return "{ thing {" + f" {field} {{" * (depth - 2) + " code" + " }" * (depth - 2) + "} }"


async def test_the_depth_that_is_allowed_and_the_next() -> None:
    assert await codes(nested(10)) == []
    assert await codes(nested(11)) == ["DEPTH_LIMIT"]


async def test_depth_counts_through_fragments() -> None:
    chain = "{ thing { ...f0 } }" + "".join(f" fragment f{n} on Thing {{ parent {{ ...f{n + 1} }} }}" for n in range(9))
    assert await codes(chain + " fragment f9 on Thing { code }") == ["DEPTH_LIMIT"]
    assert await codes(chain.replace("f8 on Thing { parent { ...f9 } }", "f8 on Thing { code }")) == []
    short = "{ thing { ...a } } fragment a on Thing { parent { ...b } } fragment b on Thing { code }"
    assert await codes(short) == []


async def test_aliases_and_repeated_fields_count_alike_and_through_fragments() -> None:
    assert await codes("{" + " ".join(f"a{n}: number" for n in range(30)) + "}") == []
    assert await codes("{" + " ".join(f"a{n}: number" for n in range(31)) + "}") == ["ALIASES_LIMIT"]
    assert await codes("{" + "number " * 32 + "}") == ["ALIASES_LIMIT"]
    four = " fragment f on Query { a: number b: number c: number d: number }"
    assert await codes("{" + "...f " * 7 + "}" + four) == []
    assert await codes("{" + "...f " * 8 + "}" + four) == ["ALIASES_LIMIT"]


async def test_directives_count_wherever_they_stand() -> None:
    assert await codes("{" + " ".join(f"... @include(if: {x}) {{ number }}" for x in ["true"] * 50) + "}") == []
    assert await codes("{" + "... @include(if: true) { number } " * 51 + "}") == ["DIRECTIVES_LIMIT"]
    assert await codes("{ number " + "@x " * 51 + "}") == ["DIRECTIVES_LIMIT"]
    assert await codes("query " + "@x " * 51 + "{ number }") == ["DIRECTIVES_LIMIT"]
    assert await codes("{ ...f } fragment f on Query " + "@x " * 51 + "{ number }") == ["DIRECTIVES_LIMIT"]
    assert await codes("{ ...f " + "@x " * 51 + "} fragment f on Query { number }") == ["DIRECTIVES_LIMIT"]


async def test_tokens_and_definitions() -> None:
    assert await codes("{" + "number " * 2_000 + "}") == ["TOO_MANY_TOKENS"]
    many = " ".join(f"query q{n} {{ number }}" for n in range(51))
    assert await codes(many) == ["DEFINITIONS_LIMIT"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("{ number }", 0),
        ("{ thing { code } }", 1),
        ("{ thing { code parent { code } } }", 2),
        ("{ thing { parts { code } } }", 21),
        ("{ things { totalCount } }", 20),
        ("{ things { edges { node { code } } pageInfo { endCursor } } }", 20),
        ("{ things(first: 3) { edges { node { code } } } }", 3),
        ("{ things(first: 3) { edges { node { parent { code } } } } }", 6),
        ("{ things(first: 3) { edges { node { uses(first: 4) { edges { node { code } } } } } } }", 3 * (1 + 4)),
        (
            "{ things(first: 3) { ...c } } fragment c on ThingConnection { edges { node { ...t } } } "
            "fragment t on Thing { parts { code } }",
            3 * (1 + 20),
        ),
        ("{ things(first: null) { totalCount } }", 20),
        ("{ things(first: 0) { totalCount } }", 1),
        ('{ nodes(ids: ["a", "b", "c"]) { code } }', 3),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { code } }", 2),
        ("query($n: Int!) { things(first: $n) { totalCount } }", 7),
        ("query($m: Int = 5) { things(first: $m) { totalCount } }", 5),
        ("query($n: Int = 5) { things(first: $n) { totalCount } }", 7),
        ("query a { number } ", 0),
        ("{ __typename }", 0),
        ('{ __type(name: "Thing") { name } }', 100),
    ],
)
async def test_cost_is_one_for_each_object_that_may_be_held(query: str, told: int) -> None:
    answer = await asked(query, {"n": 7, "ids": ["a", "b"]})
    assert answer.extensions["cost"] == told


async def test_what_costs_too_much_is_refused_however_the_number_comes() -> None:
    deep = "{ things(first: 80) { edges { node { uses(first: 70) { edges { node { code } } } } } } }"
    by_variable = "query($n: Int) { things(first: $n) { edges { node { uses { totalCount } } } } }"
    by_default = "query($n: Int = 5001) { things(first: $n) { totalCount } }"
    assert await codes(deep) == ["COST_LIMIT"]
    assert await codes(by_variable, {"n": 300}) == ["COST_LIMIT"]
    assert await codes(by_default) == ["COST_LIMIT"]
    assert await codes("{ things(first: " + "9" * 500 + ") { totalCount } }") == ["COST_LIMIT"]
    assert await codes("query($i: [ID!]!) { nodes(ids: $i) { code } }", {"i": ["a"] * 5_001}) == ["COST_LIMIT"]
    answer = await asked(deep)
    assert answer.errors[0].extensions == {"code": "COST_LIMIT", "limit": 5_000, "asked": 80 * 71}


async def test_the_operation_that_runs_is_the_one_that_is_told() -> None:
    both = "query a { things(first: 9) { totalCount } } query b { number }"
    answers = [await asked(both, operation_name=name) for name in ("a", "b")]
    assert [answer.extensions["cost"] for answer in answers] == [9, 0]
    assert await codes(both) == ["BAD_REQUEST"]


async def test_a_client_may_read_the_schema_once_but_not_over_and_over() -> None:
    whole = get_introspection_query(specified_by_url=True, input_value_deprecation=True)
    assert await codes(whole) == []
    assert await codes("{ a: __schema { description } b: __schema { description } c: __schema { description } }") == [
        "COST_LIMIT"
    ]
    looping = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    assert await codes(looping) == ["GRAPHQL_VALIDATION_FAILED"]
    down = "{ __schema { types { fields { type {" + " ofType {" * 20 + " name" + " }" * 20 + "} } } } }"
    assert await codes(down) == ["INTROSPECTION_DEPTH_LIMIT"]


async def test_introspection_and_suggestions_can_be_switched_off() -> None:
    closed = Schema(Query, limits=Limits(introspection=False, suggestions=False))
    assert await codes("{ __schema { description } }", schema=closed) == ["INTROSPECTION_DISABLED"]
    assert await codes('{ ...f } fragment f on Query { __type(name: "Thing") { name } }', schema=closed) == [
        "INTROSPECTION_DISABLED"
    ]
    for query in ("{ nomber }", "{ number(off: 1) }", "{ number(of: {number: 1, nomber: 1}) }"):
        answer = await asked(query, schema=closed)
        assert "Did you mean" not in answer.errors[0].message
        answer = await asked(query)
        assert "Did you mean" in answer.errors[0].message
    by_variable = await asked("query($o: Wanted) { number(of: $o) }", {"o": {"number": 1, "nomber": 1}}, closed)
    assert "Did you mean" not in by_variable.errors[0].message


def bomb(kind: str) -> str:
    """A document that reads short and expands to 2^45 fields."""
    last = f" fragment f45 on Query {{ {kind} }}"
    return "{ ...f0 }" + "".join(f" fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(45)) + last


ATTACKS: list[tuple[str, str]] = [
    ("fragment bomb of aliases", bomb("a: number")),
    ("fragment bomb without aliases", bomb("number")),
    ("fragment bomb of introspection", bomb("__schema { types { name } }")),
    ("fragment bomb of lists", bomb("things(first: 100) { totalCount }")),
    ("3,000 levels", "{" + "thing {" * 3_000 + "code" + "}" * 3_001),
    ("900 levels", "{" + "thing {" * 900 + "code" + "}" * 901),
    ("600 inline fragments", "{" + "... {" * 600 + "number" + "}" * 601),
    ("a chain of fragments", "{ ...f0 }" + "".join(f" fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(300))),
    ("a cycle of fragments", "{ ...a } fragment a on Query { ...b } fragment b on Query { number ...a }"),
    ("a fragment of itself", "{ ...a } fragment a on Query { ...a }"),
    ("a repeated field", "{" + "number " * 1_900 + "}"),
    ("a repeated object", "{" + "thing { code } " * 480 + "}"),
    ("lists of lists", "{ number(of: " + "[" * 900 + "]" * 900 + ") }"),
    ("objects of objects", "{ number(of: " + "{number: " * 400 + "1" + "}" * 400 + ") }"),
    ("types of types", "query($a: " + "[" * 900 + "Int" + "]" * 900 + ") { number }"),
    ("unknown fields", "{" + " ".join(f"nomber{n}" for n in range(1_900)) + "}"),
    ("unknown variables", "query(" + " ".join(f"$v{n}: Thing" for n in range(400)) + ") { number }"),
    ("a long name", "{" + "n" * 90_000 + "}"),
    ("comments", "#" * 90_000 + "\n{ number }"),
    ("unclosed strings", '{ number(of: "' + "x" * 90_000),
]


@pytest.mark.parametrize(("name", "query"), ATTACKS, ids=[name for name, _ in ATTACKS])
async def test_attacks_are_answered_in_milliseconds_and_with_few_words(name: str, query: str) -> None:
    answer = await asked("{ number }")
    begun = time.perf_counter()
    answer = await asked(query)
    taken = time.perf_counter() - begun
    assert taken < 0.5  # a slow and busy machine; on a quiet one 1 to 30 ms
    if name != "comments":
        assert 1 <= len(answer.errors) <= 5
        assert {error.extensions["code"] for error in answer.errors} & {"none", "INTERNAL"} == set()
        assert sum(len(error.message) for error in answer.errors) < 200_000


async def test_the_largest_document_that_passes_is_measured_in_milliseconds() -> None:
    fields = " ".join(f"... {{ f{n}: number }}" for n in range(30)) + " ... { number }" * 300
    query = "{" + fields + "}"
    document = parse(query)
    guard = SCHEMA.get_extensions()[0]
    assert guard.gate_of(SCHEMA._schema).cost(document, None, {}) == 0  # type: ignore[attr-defined]
    begun = time.perf_counter()
    guard.gate_of(SCHEMA._schema).cost(document, None, {})  # type: ignore[attr-defined]
    assert time.perf_counter() - begun < 0.1


async def test_a_document_is_parsed_and_validated_once() -> None:
    schema = Schema(Query)
    for _ in range(3):
        assert await codes("{ number }", schema=schema) == []
        assert await codes("{ nothing }", schema=schema) == ["GRAPHQL_VALIDATION_FAILED"]
    gate = schema.get_extensions()[0].gate_of(schema._schema)  # type: ignore[attr-defined]
    assert (gate.document.cache_info().misses, gate.validation_errors.cache_info().misses) == (2, 2)


async def test_an_answer_has_at_most_five_errors() -> None:
    assert await codes("{" + " ".join(f"x{n}" for n in range(50)) + "}") == ["GRAPHQL_VALIDATION_FAILED"] * 5
    assert await codes("{ many { code } }") == ["INTERNAL"]
    variables = ", ".join(f"$v{n}: Int!" for n in range(20))
    uses = " ".join(f"... @include(if: true) {{ a{n}: things(first: $v{n}) {{ totalCount }} }}" for n in range(20))
    assert await codes(f"query({variables}) {{ {uses} }}") == ["BAD_USER_INPUT"] * 5


async def test_what_an_exception_says_reaches_neither_client_nor_log() -> None:
    with capture_logs() as lines:
        answer = await asked("{ broken number }")
    assert answer.data == {"broken": None, "number": 1}
    [error] = answer.errors
    assert error.path == ["broken"]
    assert error.extensions == {"code": "INTERNAL", "correlationId": lines[0]["correlation_id"]}
    assert "amina" not in str(error.formatted)
    assert "amina" not in str(lines)
    assert (lines[0]["event"], lines[0]["error"], lines[0]["path"]) == ("graphql.unforeseen", "LookupError", ["broken"])
    assert lines[0]["frames"][-1].endswith(" broken")


async def test_strawberry_does_not_log_what_we_keep_quiet(caplog: pytest.LogCaptureFixture) -> None:
    await asked("{ broken late plain }")
    assert "amina" not in caplog.text


async def test_a_refusal_keeps_its_code_and_words() -> None:
    answer = await asked("{ late plain }")
    assert [error.extensions for error in answer.errors] == [
        {"code": "VERSION_CONFLICT", "expected": 1, "actual": 2},
        {"code": "NOT_FOUND", "kind": "Thing", "reference": "T-1"},
    ]


async def test_every_error_of_a_request_has_a_code() -> None:
    for query, code in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ number(of: {number: "x"}) }', "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { things(first: $n) { totalCount } }", "BAD_USER_INPUT"),
    ]:
        if query:
            assert await codes(query) == [code]


async def test_a_federated_schema_is_guarded_too() -> None:
    schema = FederatedSchema(Query)
    assert await codes(nested(11), schema=schema) == ["DEPTH_LIMIT"]
    assert (await asked("{ _service { sdl } }", schema=schema)).errors is None
