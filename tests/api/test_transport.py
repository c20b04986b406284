"""What the audits do not ask: sizes, media types, sockets, event streams, and one context per operation."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from copy import copy
from typing import Annotated, Any

import httpx2
import pytest
import strawberry
from fastapi import FastAPI, HTTPException
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from strawberry.fastapi import BaseContext

from compact_api.fields import feed, question
from compact_api.graphiql import FILES, SERVED, graphiql_router
from compact_api.guard import Schema
from compact_api.shapes import described, form, shape
from compact_api.transport import GRAPHQL_RESPONSE, GREATEST_BODY, JSON, GraphQLEndpoint, media_type

PROTOCOL = "graphql-transport-ws"


class Context(BaseContext):
    """Who asks, and which operation it is."""

    def __init__(self) -> None:
        super().__init__()
        self.made = [self]

    def for_operation(self) -> Context:
        fresh = copy(self)
        self.made.append(fresh)
        return fresh


@form
class Tree:
    """A filter that may hold filters."""

    both: list[Tree] = described("All of these.", default_factory=list)


@shape
class Query:
    """What can be asked here."""

    @question
    async def context(self, info: strawberry.Info) -> int:
        """Which context this is."""
        made: list[object] = info.context.made
        return made.index(info.context)

    @question
    async def broken(self) -> int:
        """Breaks, and takes all data with it."""
        raise LookupError("amina@example.org")

    @question
    async def filtered(self, by: Annotated[Tree, strawberry.argument("By what.")]) -> str:
        """Something filtered."""
        return "filtered"

    @question
    async def cookie(self, info: strawberry.Info) -> str:
        """Sets a header of the answer."""
        info.context.response.headers["X-Seen"] = "yes"
        return "set"


@shape
class Subscription:
    """What can be followed here."""

    @feed
    async def counting(self, to: Annotated[int, strawberry.argument("How far.")]) -> AsyncIterator[int]:
        """Count."""
        for number in range(to):
            yield number

    @feed
    async def broken(self) -> AsyncIterator[int]:
        """Breaks after the first."""
        yield 1
        raise LookupError("amina@example.org")


async def identified(connection: HTTPConnection) -> Context:
    if connection.headers.get("authorization") == "Bearer wrong":
        raise HTTPException(401, "unknown token")
    return Context()


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(GraphQLEndpoint(Schema(Query, subscription=Subscription), identified), prefix="/coordination")
    app.include_router(graphiql_router(), prefix="/coordination")
    with TestClient(app, base_url="http://testserver/coordination/") as client:
        yield client


def post(client: TestClient, content: str | bytes, content_type: str = JSON, accept: str = JSON) -> httpx2.Response:
    return client.post("graphql", content=content, headers={"content-type": content_type, "accept": accept})


def refused(response: httpx2.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


def test_a_body_too_long_is_refused_whether_announced_or_not(client: TestClient) -> None:
    whole = json.dumps({"query": "{ context }", "variables": {"x": "y" * GREATEST_BODY}}).encode()

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(whole), 10_000):
            yield whole[start : start + 10_000]

    assert refused(post(client, whole)) == (413, "BODY_TOO_LARGE")
    streamed = client.post("graphql", content=chunks(), headers={"content-type": JSON})
    assert refused(streamed) == (413, "BODY_TOO_LARGE")


def test_a_body_of_just_the_size_is_read(client: TestClient) -> None:
    empty = json.dumps({"query": "{ context }", "variables": {"x": ""}})
    full = json.dumps({"query": "{ context }", "variables": {"x": "y" * (GREATEST_BODY - len(empty))}})
    assert len(full) == GREATEST_BODY
    assert post(client, full).json()["data"] == {"context": 1}


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "\xff\xfe"}',
        b'{"query": "{ context }", "variables": {"x": ' + b"[" * 40_000 + b"]" * 40_000 + b"}}",
        b'{"query": "{ context }", "variables": {"x": ' + b"[" * 40 + b"]" * 40 + b"}}",
        b'{"query": "{ context }", "variables": {"x": NaN}}',
        b'{"query": "{ context }", "variables": {"x": ' + b"9" * 5_000 + b"}}",
        b'[{"query": "{ context }"}]',
        b'"{ context }"',
        b"null",
        b"{" * 50_000,
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'{"query": ""}',
        b'{"query": "{ context }", "operationName": "b"}',
    ],
)
def test_what_is_no_request_is_answered_with_400(client: TestClient, body: bytes) -> None:
    for accept in (JSON, GRAPHQL_RESPONSE):
        response = post(client, body, accept=accept)
        assert refused(response) == (400, "BAD_REQUEST")
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
        f"{JSON}; charset=utf-16",
    ],
)
def test_a_post_that_a_page_could_send_unasked_is_refused(client: TestClient, content_type: str) -> None:
    assert refused(post(client, '{"query": "{ context }"}', content_type)) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_get_without_query_is_a_bad_request_even_for_a_browser(client: TestClient) -> None:
    assert refused(client.get("graphql", headers={"accept": "text/html"})) == (400, "BAD_REQUEST")
    assert refused(client.get("graphql", params={"query": "{ context }", "variables": "["})) == (400, "BAD_REQUEST")


def test_other_methods_are_not_allowed(client: TestClient) -> None:
    assert [client.request(method, "graphql").status_code for method in ("PUT", "DELETE", "PATCH")] == [405, 405, 405]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("text/html", JSON),
        (f"{JSON}, {GRAPHQL_RESPONSE}", GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE};q=0.5, {JSON}", JSON),
        (f"{JSON};q=0.5,{GRAPHQL_RESPONSE}; q=0.9", GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE};q=0", JSON),
        (f"{GRAPHQL_RESPONSE.upper()};charset=utf-8", GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE};q=much", JSON),
    ],
)
def test_the_media_type_a_client_likes_best(accept: str, chosen: str) -> None:
    assert media_type({"accept": accept}) == chosen


def test_data_that_became_null_while_running_stays_and_is_no_bad_request(client: TestClient) -> None:
    response = post(client, '{"query": "{ broken }"}', accept=GRAPHQL_RESPONSE)
    assert (response.status_code, response.json()["data"]) == (200, None)
    assert "amina" not in response.text


def test_a_filter_nested_to_the_bottom_of_the_parser_breaks_nothing(client: TestClient) -> None:
    for depth in (30, 100, 150, 200, 400):
        by = "{both: [" * depth + "]}" * depth
        response = post(client, json.dumps({"query": f"{{ filtered(by: {by}) }}"}))
        assert response.status_code == 200
        assert "INTERNAL" not in response.text


def test_a_resolver_may_set_headers_of_the_answer(client: TestClient) -> None:
    response = post(client, '{"query": "{ cookie }"}')
    assert (response.headers["x-seen"], response.headers["vary"]) == ("yes", "Accept")
    assert response.headers.get_list("content-type") == [f"{JSON}; charset=utf-8"]


def test_who_is_not_known_is_refused_before_anything(client: TestClient) -> None:
    wrong = {"authorization": "Bearer wrong"}
    assert client.get("graphql", params={"query": "{ context }"}, headers=wrong).status_code == 401
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/coordination/graphql", [PROTOCOL], headers=wrong),
    ):
        pass


def talk(client: TestClient, *messages: object) -> list[Any]:
    with client.websocket_connect("/coordination/graphql", [PROTOCOL]) as socket:
        socket.send_json({"type": "connection_init"})
        heard = [socket.receive_json()]
        for message in messages:
            socket.send_text(message if isinstance(message, str) else json.dumps(message))
            while True:
                heard.append(socket.receive_json())
                if heard[-1]["type"] in ("complete", "error", "pong"):
                    break
        return heard[1:]


def asks(id: str, query: str, **more: object) -> dict[str, object]:
    return {"id": id, "type": "subscribe", "payload": {"query": query, **more}}


def test_each_operation_on_a_socket_has_a_context_of_its_own(client: TestClient) -> None:
    heard = talk(client, asks("a", "{ context }"), asks("b", "{ context }"))
    assert [m["payload"]["data"] for m in heard if m["type"] == "next"] == [{"context": 1}, {"context": 2}]


def test_a_subscription_is_told_over_the_socket(client: TestClient) -> None:
    heard = talk(client, asks("a", "subscription { counting(to: 2) }"))
    assert [m.get("payload", {}).get("data") for m in heard] == [{"counting": 0}, {"counting": 1}, None]


def test_what_breaks_on_a_socket_tells_nothing_internal(client: TestClient) -> None:
    heard = talk(client, asks("a", "subscription { broken }"), asks("b", "{ broken }"))
    codes = [m["payload"]["errors"][0]["extensions"]["code"] for m in heard if "errors" in m.get("payload", {})]
    assert codes == ["INTERNAL", "INTERNAL"]
    assert "amina" not in json.dumps(heard)


def test_the_guard_stands_at_the_socket_too(client: TestClient) -> None:
    heard = talk(client, asks("a", "{" + "a: context " * 31 + "}"))
    assert [m["payload"][0]["extensions"]["code"] for m in heard] == ["ALIASES_LIMIT"]


@pytest.mark.parametrize(
    "message",
    [
        "no json",
        "[" * 5_000,
        "5",
        {"type": 5},
        {"type": "complete"},
        {"type": "subscribe", "id": 5, "payload": {"query": "{ context }"}},
        {"type": "subscribe", "id": "a", "payload": "{ context }"},
        {"type": "subscribe", "id": "a", "payload": {"query": 5}},
        {"type": "subscribe", "id": "a", "payload": {"query": "{ context }", "variables": []}},
        {"type": "subscribe", "id": "a", "payload": {"query": "{ context }", "operationName": {}}},
    ],
)
def test_a_socket_that_breaks_the_protocol_is_closed(client: TestClient, message: object) -> None:
    with pytest.raises(WebSocketDisconnect) as closed:
        talk(client, message)
    assert closed.value.code == 4400


def test_the_old_protocol_is_off(client: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/coordination/graphql", ["graphql-ws"]) as socket,
    ):
        socket.receive_json()
    assert closed.value.code == 4406


def test_a_subscription_is_told_as_server_sent_events(client: TestClient) -> None:
    body = '{"query": "subscription { counting(to: 2) }"}'
    response = post(client, body, accept="text/event-stream")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert [json.loads(line[6:])["data"] for line in response.text.splitlines() if line.startswith("data: {")] == [
        {"counting": 0},
        {"counting": 1},
    ]


def test_a_subscription_needs_a_stream(client: TestClient) -> None:
    assert refused(post(client, '{"query": "subscription { counting(to: 2) }"}')) == (406, "NOT_ACCEPTABLE")


def test_graphiql_comes_from_here_and_names_no_other_place(client: TestClient) -> None:
    page = client.get("graphiql")
    assert page.headers["content-type"].startswith("text/html")
    assert "'unsafe-inline'" not in page.headers["content-security-policy"].partition("script-src")[2].split(";")[0]
    for word in ("http:", "https:", "//", "<script>", "onload"):
        assert word not in page.text
    for name in SERVED:
        assert f"graphiql/{name}" in page.text
        assert client.get(f"graphiql/{name}").content == (FILES / name).read_bytes()


def test_graphiql_serves_nothing_else(client: TestClient) -> None:
    for name in ("README.md", "..%2f..%2ftransport.py", "index.html", "nothing.js"):
        assert client.get(f"graphiql/{name}").status_code == 404


def test_what_is_vendored_stays_small() -> None:
    assert sum(file.stat().st_size for file in FILES.iterdir()) < 3_000_000
    assert {"LICENSE.graphiql.txt", "LICENSE.react.txt"} <= {file.name for file in FILES.iterdir()}
