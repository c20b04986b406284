"""A client that knows only what the API says of itself."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient

PROBLEM = """
  ... on Problem { __typename code message }
  ... on NotFound { kind reference }
  ... on Forbidden { action }
  ... on InvalidInput { fields { name message } }
  ... on RuleViolation { rule state allowed details { name value } }
  ... on VersionConflict { expected actual }
"""


class Client:
    """Asks and commands over HTTP, as one identity."""

    def __init__(self, http: TestClient, token: str | None) -> None:
        self._http, self.token = http, token

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def post(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer, errors included."""
        response = self._http.post("/graphql", json={"query": query, "variables": variables}, headers=self.headers)
        answer: dict[str, Any] = response.json()
        return answer

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of a query that has no errors."""
        answer = self.post(query, variables)
        assert "errors" not in answer, answer
        assert "data" in answer, answer
        return answer["data"]

    def error(self, query: str, **variables: Any) -> str:
        """The code of the first error of a query that has one."""
        answer = self.post(query, variables)
        assert "errors" in answer, answer
        code: str = answer["errors"][0]["extensions"]["code"]
        return code

    def give(self, mutation: str, input: dict[str, Any], *, select: str = "") -> dict[str, Any]:
        """What a mutation answers: payload or problem. A key is made if the input has none, and no version held."""
        name = mutation[0].upper() + mutation[1:]
        whole = {"idempotencyKey": str(uuid4()), **input}
        if "id" in input:
            whole.setdefault("expectedVersion", None)
        query = f"""
          mutation ($input: {name}Input!) {{ answer: {mutation}(input: $input) {{
            __typename
            ... on {name}Payload {{ position visible replayed dryRun warnings
              events {{ eventId position type subject version }} {select} }}
            {PROBLEM}
          }} }}"""
        answer: dict[str, Any] = self.ask(query, input=whole)["answer"]
        return answer

    def do(self, mutation: str, input: dict[str, Any], *, select: str = "") -> dict[str, Any]:
        """What a mutation answers that is not refused."""
        answer = self.give(mutation, input, select=select)
        assert answer["__typename"].endswith("Payload"), answer
        return answer

    def refused(self, mutation: str, input: dict[str, Any]) -> str:
        """The rule that refuses a mutation, or the code of the problem."""
        answer = self.give(mutation, input)
        assert not answer["__typename"].endswith("Payload"), answer
        refusal: str = answer["rule"] if answer["__typename"] == "RuleViolation" else answer["code"]
        return refusal
