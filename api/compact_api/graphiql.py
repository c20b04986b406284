"""GraphiQL, offline: its page and files from this package, no outside address, no inline script."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

FILES = Path(__file__).parent / "static" / "graphiql"
SERVED = ("graphiql.min.js", "graphiql.min.css", "react.min.js", "react-dom.min.js", "page.js", "page.css")
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # its editor styles itself as it goes
        "font-src data:",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def graphiql_router() -> APIRouter:
    """Serves `/graphiql`, for the endpoint `graphql` beside it. All addresses are relative, so any prefix will do."""
    router = APIRouter(include_in_schema=False)

    @router.get("/graphiql")
    async def page() -> FileResponse:
        return FileResponse(FILES / "index.html", headers={"Content-Security-Policy": POLICY})

    @router.get("/graphiql/{name}")
    async def file(name: str) -> FileResponse:
        if name not in SERVED:
            raise HTTPException(404)
        return FileResponse(FILES / name, headers={"Cache-Control": "public, max-age=86400"})

    return router
