"""The stream: each document that was accepted is embedded within moments. `python -m rag.ingest`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from kit.queues import Delivery, Work, open_queue, require
from kit.settings import read_settings
from kit.web import make_app, serve
from rag.settings import QUEUE, RagSettings, open_store


def create_app(settings: RagSettings) -> FastAPI:
    """Return the app, which runs the worker."""
    store = open_store(settings)

    async def handle(delivery: Delivery) -> None:
        await asyncio.to_thread(store.index, delivery.body.decode())

    async def bury(_delivery: Delivery, _reason: str) -> None:
        """Leave the document to the nightly rebuild, which reads all of them."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with open_queue(settings, QUEUE) as queue:
            await queue.consume(Work(handle, bury))
            yield
        store.close()

    return make_app("rag-ingest", settings, lifespan)


if __name__ == "__main__":
    settings = read_settings(RagSettings)
    require(settings, QUEUE)
    serve(create_app(settings), settings)
