"""What is asked over plain HTTP: health for now."""

from __future__ import annotations

from typing import Protocol

from fastapi import APIRouter
from fastapi.responses import JSONResponse


class Health(Protocol):
    """Who knows whether the service can serve."""

    async def ready(self) -> str | None:
        """What this process still waits for; None if it can serve."""


def health_router(health: Health) -> APIRouter:
    """`/healthz`: the process lives. `/readyz`: it can serve; 503 with the reason if not."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        waiting_for = await health.ready()
        if waiting_for:
            return JSONResponse({"status": "not ready", "because": waiting_for}, 503)
        return JSONResponse({"status": "ready"})

    return router
