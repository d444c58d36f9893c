"""An app that publishes to a queue, and reports if the queue is down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from kit.outcomes import AGAIN
from kit.queues.base import Queue, QueueDownError
from kit.settings import Settings
from kit.web import make_app


def make_feeder(title: str, settings: Settings, queue: Queue) -> FastAPI:
    """Return an app that keeps the queue open while it serves; without the queue, requests get 503."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with queue:
            yield

    app = make_app(title, settings, lifespan)

    @app.exception_handler(QueueDownError)
    async def queue_down(_request: Request, error: QueueDownError) -> JSONResponse:
        return JSONResponse({"error": f"the request was not accepted: {error}"}, 503, AGAIN)

    return app
