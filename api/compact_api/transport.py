"""GraphQL over HTTP, as its specification has it, and over server-sent events and `graphql-transport-ws` beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from fastapi import Request, Response
from strawberry.fastapi import GraphQLRouter
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.parse_content_type import parse_content_type
from strawberry.schema import BaseSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
GREATEST_BODY = 100_000
"""Bytes of a request."""
GREATEST_NESTING = 32
"""Lists and objects within one another in a request: variables are read by recursion."""
CODES = {
    400: "BAD_REQUEST",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}


class _BoundedRequest(StarletteRequestAdapter):
    """A request whose body is read no further than it may be long."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._stream, self._body = request.stream, cast("bytes | None", None)

    async def get_body(self) -> bytes:
        if self._body is None:
            announced = self.headers.get("content-length", "")
            if announced.isdecimal() and int(announced[:12]) > GREATEST_BODY:
                raise HTTPException(413, f"A request must not be longer than {GREATEST_BODY:,} bytes.")
            body = bytearray()
            async for chunk in self._stream():
                body += chunk
                if len(body) > GREATEST_BODY:
                    raise HTTPException(413, f"A request must not be longer than {GREATEST_BODY:,} bytes.")
            self._body = bytes(body)
        return self._body


class _StrictSocket(BaseGraphQLTransportWSHandler[Any, None]):
    """Closes a socket that sends something else than the protocol's messages, instead of failing over it."""

    async def handle_message(self, message: Any) -> None:
        if _well_formed(message):
            await super().handle_message(message)
        else:
            await self.handle_invalid_message("Failed to parse message")


class GraphQLEndpoint(GraphQLRouter[Any, None]):
    """The endpoint at `path`. `context_getter` is a FastAPI dependency: it says who asks, or refuses before that.

    `root` makes what the root fields speak for; `execute` runs an operation in place of the schema's own.
    On a WebSocket the getter runs before the socket is accepted, once for all operations; a context that has
    `for_operation()` is asked for a fresh one for each.
    """

    request_adapter_class = _BoundedRequest
    graphql_transport_ws_handler_class = _StrictSocket

    def __init__(
        self,
        schema: BaseSchema,
        context_getter: Callable[..., Any],
        path: str = "/graphql",
        *,
        root: Callable[[], Any] | None = None,
        execute: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(
            schema,
            path,
            graphql_ide=None,
            context_getter=context_getter,
            root_value_getter=root,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
        )
        self._execute = execute or schema.execute

    async def run(self, request: Any, context: Any = UNSET, root_value: Any = UNSET) -> Any:
        """Answer a request or serve a socket; what is wrong with a request is told as a GraphQL error."""
        if self.is_websocket_request(request):
            return await super().run(request, context, root_value)
        try:
            return await super().run(request, context, root_value)
        except HTTPException as refused:
            error = {"message": refused.reason, "extensions": {"code": CODES.get(refused.status_code, "BAD_REQUEST")}}
            response = Response(self.encode_json({"errors": [error]}), refused.status_code, _headers(request))
            if refused.status_code == 405:
                response.headers["Allow"] = "POST"
            return response

    def should_render_graphql_ide(self, request: object) -> bool:
        """Never: GraphiQL has its own page."""
        return False

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData | list[GraphQLRequestData]:
        """The operation a request holds, refused unless it is JSON in UTF-8, an object, and of bearable size."""
        if request.method == "POST":
            media_type, parameters = parse_content_type(request.content_type or "")
            if media_type.lower() != JSON or parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
                raise HTTPException(415, "A request must be application/json in UTF-8.")
            if not (await request.get_body()).lstrip().startswith(b"{"):
                raise HTTPException(400, "A request must be a JSON object.")
        data = await super().parse_http_body(request)
        if isinstance(data, GraphQLRequestData) and not isinstance(data.operation_name, str | None):
            raise HTTPException(400, "The `operationName` must be a string or null, if provided.")
        return data

    def decode_json(self, data: str | bytes) -> object:
        """JSON as RFC 8259 has it: UTF-8, no NaN, and not nested without end. `JSONDecodeError` for the rest."""
        try:
            text = data.decode() if isinstance(data, bytes) else data
            if len(text) > GREATEST_BODY:
                raise ValueError("too long")
            decoded = json.loads(text, parse_constant=_no_constant)
            _refuse_deep(decoded)
        except (ValueError, RecursionError) as error:
            raise json.JSONDecodeError(type(error).__name__, "", 0) from None
        return decoded

    async def execute_single(  # the parameters are Strawberry's
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Any,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Execute a query, or by POST a mutation, and choose the status and media type of the answer."""
        allowed = {OperationType.QUERY} | ({OperationType.MUTATION} if request.method == "POST" else set())
        if not request_data.query:
            raise HTTPException(400, "A request must have a `query`.")
        try:
            result = await self._execute(
                request_data.query,
                variable_values=request_data.variables,
                context_value=context,
                root_value=root_value,
                operation_name=request_data.operation_name,
                allowed_operation_types=allowed,
                operation_extensions=request_data.extensions,
            )
        except CannotGetOperationTypeError as error:
            raise HTTPException(400, error.as_http_error_reason()) from error
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.SUBSCRIPTION:
                raise HTTPException(406, "A subscription needs text/event-stream or graphql-transport-ws.") from error
            raise HTTPException(405, "A mutation needs POST.") from error
        headers = _headers(request)
        sub_response.headers.update(headers)
        if headers["Content-Type"].startswith(GRAPHQL_RESPONSE) and _is_request_error(result):
            sub_response.status_code = 400
        return result

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The answer as JSON. An operation that never ran has no `data`, not even null."""
        response = await super().process_result(request, result)
        if _is_request_error(result):
            del response["data"]
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The answer with the status and headers that the operation and its resolvers have chosen."""
        response = Response(self.encode_json(response_data), sub_response.status_code or 200)
        response.headers.raw.extend(sub_response.headers.raw)
        return response


def _is_request_error(result: ExecutionResult) -> bool:
    return result.data is None and not any(error.path for error in result.errors or ())


def _headers(request: Request) -> dict[str, str]:
    return {"Content-Type": f"{media_type(request.headers)}; charset=utf-8", "Vary": "Accept"}


def media_type(headers: Mapping[str, str]) -> str:
    """The media type that a client likes best of the two we speak; `application/json` if it names neither."""
    liked = {JSON: 0.0, GRAPHQL_RESPONSE: 0.0}
    for entry in headers.get("accept", "").split(","):
        name, _, parameters = entry.partition(";")
        if (name := name.strip().lower()) in liked:
            weight = parameters.replace(" ", "").lower().rpartition("q=")[2]
            try:
                liked[name] = min(1.0, float(weight)) if "q=" in parameters else 1.0
            except ValueError:
                continue
    return GRAPHQL_RESPONSE if liked[GRAPHQL_RESPONSE] > 0 and liked[GRAPHQL_RESPONSE] >= liked[JSON] else JSON


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _refuse_deep(decoded: object) -> None:
    level = [decoded]
    for _ in range(GREATEST_NESTING):
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def _well_formed(message: object) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] not in ("subscribe", "complete"):
        return True
    if not isinstance(message.get("id"), str):
        return False
    payload = message.get("payload")
    return message["type"] == "complete" or (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
    )
