"""The 61 audits of GraphQL over HTTP, after the server audits of the npm package `graphql-http`, by their ids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from compact_api.fields import command, question
from compact_api.guard import Schema
from compact_api.shapes import described, shape
from compact_api.transport import GRAPHQL_RESPONSE, JSON, GraphQLEndpoint

TYPE = "query Type($name: String!) { __type(name: $name) { name } }"
UNKNOWN_FIELD = "{ 8f31403dfe404bccbb0e835f2629c6a7 }"
NEEDS_ID = {"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": None}}


@shape
class Query:
    """What can be asked here."""

    @question
    async def greeting(self) -> str:
        """A word of welcome."""
        return "welcome"


@shape
class Done:
    """It was done."""

    word: str = described("What was said.")


@shape
class Mutation:
    """What can be done here."""

    @command
    async def word_say(self) -> Done:
        """Say a word."""
        return Done(word="said")


async def nobody() -> None:
    return None


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(GraphQLEndpoint(Schema(Query, Mutation), nobody))
    with TestClient(app) as client:
        yield client


def post(client: TestClient, body: object, accept: str | None = None) -> httpx2.Response:
    headers = {"content-type": JSON, "accept": accept} if accept else {"content-type": JSON}
    request = client.build_request("POST", "/graphql", content=json.dumps(body), headers=headers)
    if accept is None:
        del request.headers["accept"]
    return client.send(request)


def answer(response: httpx2.Response) -> Any:
    return json.loads(response.content.decode())


def test_22eb_accepts_graphql_response_and_matches_the_content_type(client: TestClient) -> None:
    response = post(client, {"query": "{ __typename }"}, GRAPHQL_RESPONSE)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{GRAPHQL_RESPONSE}; charset=utf-8"


@pytest.mark.parametrize("accept", [JSON, "*/*", None], ids=["4655", "47DE", "80D8"])
def test_accepts_json_or_anything_or_nothing_and_answers_json(client: TestClient, accept: str | None) -> None:
    response = post(client, {"query": "{ __typename }"}, accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{JSON}; charset=utf-8"


def test_82a3_answers_in_utf8(client: TestClient) -> None:
    assert answer(post(client, {"query": "{ __typename }"})) == {
        "data": {"__typename": "Query"},
        "extensions": {"cost": 0},
    }


def test_bf61_accepts_a_request_in_utf8(client: TestClient) -> None:
    body = json.dumps({"query": '{ __type(name: "Run🏃Swim🏊") { name } }'}, ensure_ascii=False).encode()
    response = client.post("/graphql", content=body, headers={"content-type": f"{JSON}; charset=utf-8"})
    assert (response.status_code, answer(response)["data"]) == (200, {"__type": None})


@pytest.mark.parametrize("audit", ["78D5", "2C94", "03D4"])
def test_accepts_json_by_post_and_assumes_utf8(client: TestClient, audit: str) -> None:
    assert post(client, {"query": "{ __typename }"}).status_code == 200


def test_5a70_accepts_a_query_by_get(client: TestClient) -> None:
    assert client.get("/graphql", params={"query": "{ __typename }"}).status_code == 200


def test_9c48_does_not_execute_mutations_by_get(client: TestClient) -> None:
    response = client.get("/graphql", params={"query": "mutation { __typename }"}, headers={"accept": GRAPHQL_RESPONSE})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_9abe_refuses_a_post_without_content_type(client: TestClient) -> None:
    assert client.post("/graphql", content=b'{"query": "{ __typename }"}').status_code == 415


def test_a5bf_400_without_a_body(client: TestClient) -> None:
    assert client.post("/graphql", headers={"content-type": JSON}).status_code == 400


def test_423l_400_without_a_query(client: TestClient) -> None:
    assert post(client, {"notquery": "{ __typename }"}, GRAPHQL_RESPONSE).status_code == 400


@pytest.mark.parametrize("query", [{"obj": "ect"}, 0, False, ["array"]], ids=["LKJ0", "LKJ1", "LKJ2", "LKJ3"])
def test_400_if_the_query_is_no_string(client: TestClient, query: object) -> None:
    assert post(client, {"query": query}).status_code == 400


@pytest.mark.parametrize("accept", [GRAPHQL_RESPONSE, JSON], ids=["34A2", "13EE"])
def test_a_string_is_a_query(client: TestClient, accept: str) -> None:
    response = post(client, {"query": "{ __typename }"}, accept)
    assert (response.status_code, "errors" in answer(response)) == (200, False)


@pytest.mark.parametrize("name", [{"obj": "ect"}, 0, False, ["array"]], ids=["6C00", "6C01", "6C02", "6C03"])
def test_400_if_the_operation_name_is_no_string(client: TestClient, name: object) -> None:
    assert post(client, {"operationName": name, "query": "{ __typename }"}).status_code == 400


@pytest.mark.parametrize("accept", [GRAPHQL_RESPONSE, JSON], ids=["8161", "B8B3"])
def test_a_string_is_an_operation_name(client: TestClient, accept: str) -> None:
    response = post(client, {"operationName": "Query", "query": "query Query { __typename }"}, accept)
    assert (response.status_code, "errors" in answer(response)) == (200, False)


@pytest.mark.parametrize("accept", [GRAPHQL_RESPONSE, JSON], ids=["94B", "022"])
@pytest.mark.parametrize("parameter", ["variables", "operationName", "extensions"], ids=["0", "1", "2"])
def test_null_is_the_same_as_leaving_a_parameter_out(client: TestClient, accept: str, parameter: str) -> None:
    response = post(client, {"query": "{ __typename }", parameter: None}, accept)
    assert (response.status_code, "errors" in answer(response)) == (200, False)


@pytest.mark.parametrize("variables", ["string", 0, False, ["array"]], ids=["4760", "4761", "4762", "4763"])
def test_400_if_the_variables_are_no_map(client: TestClient, variables: object) -> None:
    assert post(client, {"query": "{ __typename }", "variables": variables}).status_code == 400


@pytest.mark.parametrize("accept", [GRAPHQL_RESPONSE, JSON], ids=["2EA1", "28B9"])
def test_a_map_is_variables(client: TestClient, accept: str) -> None:
    response = post(client, {"query": TYPE, "variables": {"name": "sometype"}}, accept)
    assert (response.status_code, "errors" in answer(response)) == (200, False)


@pytest.mark.parametrize("accept", [GRAPHQL_RESPONSE, JSON], ids=["D6D5", "6A70"])
def test_variables_in_a_get_are_json(client: TestClient, accept: str) -> None:
    parameters = {"query": TYPE, "variables": json.dumps({"name": "sometype"})}
    response = client.get("/graphql", params=parameters, headers={"accept": accept})
    assert (response.status_code, "errors" in answer(response)) == (200, False)


@pytest.mark.parametrize("extensions", ["string", 0, False, ["array"]], ids=["58B0", "58B1", "58B2", "58B3"])
def test_400_if_the_extensions_are_no_map(client: TestClient, extensions: object) -> None:
    assert post(client, {"query": "{ __typename }", "extensions": extensions}).status_code == 400


@pytest.mark.parametrize("accept", [GRAPHQL_RESPONSE, JSON], ids=["428F", "1B7A"])
def test_a_map_is_extensions(client: TestClient, accept: str) -> None:
    response = post(client, {"query": "{ __typename }", "extensions": {"some": "value"}}, accept)
    assert (response.status_code, "errors" in answer(response)) == (200, False)


@pytest.mark.parametrize(
    ("accept", "audits"), [(JSON, "B6DC BCF8"), (GRAPHQL_RESPONSE, "B7N8")], ids=["B6DC-BCF8", "B7N8"]
)
def test_400_if_the_body_is_no_json(client: TestClient, accept: str, audits: str) -> None:
    headers = {"content-type": JSON, "accept": accept}
    assert client.post("/graphql", content=b'{ "not a JSON', headers=headers).status_code == 400


@pytest.mark.parametrize("audit", ["8764", "3E3A"])
def test_400_if_the_parameters_are_invalid(client: TestClient, audit: str) -> None:
    assert post(client, {"qeury": "{ __typename }"}).status_code == 400


@pytest.mark.parametrize("body", [{"query": "{"}, {"query": UNKNOWN_FIELD}, NEEDS_ID], ids=["572B", "FDE2", "7B9B"])
def test_json_answers_200_to_a_document_that_is_not_valid(client: TestClient, body: object) -> None:
    response = post(client, body, JSON)
    assert (response.status_code, sorted(answer(response).keys() - {"extensions"})) == (200, ["errors"])


@pytest.mark.parametrize(
    "body",
    [{"query": "{"}, {"query": UNKNOWN_FIELD}, NEEDS_ID],
    ids=["865D-556A-D586", "51FE-74FF-5E5B", "86EE"],
)
def test_graphql_response_answers_400_without_data_to_such_a_document(client: TestClient, body: object) -> None:
    response = post(client, body, GRAPHQL_RESPONSE)
    assert (response.status_code, sorted(answer(response).keys() - {"extensions"})) == (400, ["errors"])
