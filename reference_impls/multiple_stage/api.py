"""The first stage: answers with the light model, and sends the request to the heavy one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from kit.inputs import Predictions, Records, answer
from kit.logs import logger
from kit.models import load, refusing
from kit.outcomes import add_outcomes, open_results
from kit.queues import Queue, QueueDownError, open_queue
from kit.queues.predicting import digest_of
from kit.results import Results
from kit.settings import read_settings
from kit.web import make_app, serve
from multiple_stage.settings import QUEUE, MultipleStageSettings, light_model

log = logger(__name__)
_AGAIN_S = 1.0


class TwoStages(BaseModel):
    """The first answer. `better` is the path of the better answer, or None; `note` then gives the reason."""

    first: Predictions
    better: str | None
    note: str


class Later:
    """The connection to the second stage. It may be down at the start: the first stage does not wait for it."""

    def __init__(self, settings: MultipleStageSettings, results: Results) -> None:
        self.settings = settings
        self.results = results
        self.queue: Queue | None = None

    async def keep_open(self) -> None:
        """Connect, retrying until it succeeds, and stay connected until cancelled."""
        while True:
            try:
                async with open_queue(self.settings, QUEUE) as self.queue:
                    await asyncio.Event().wait()
            except QueueDownError as error:
                log.warning("no second stage", reason=str(error))
                await asyncio.sleep(_AGAIN_S)

    async def send(self, records: Records) -> str:
        """Send a request to the second stage, and return its id; raises `QueueDownError` or `SQLAlchemyError`."""
        if self.queue is None:
            raise QueueDownError("the queue is not connected yet")
        key, body = str(uuid.uuid4()), records.model_dump_json().encode()
        await self.queue.publish(key, body)
        await asyncio.to_thread(self.results.accept, key, digest_of(body))
        return key


def create_app(settings: MultipleStageSettings, results: Results) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = load(light_model(settings))
    later = Later(settings, results)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        connection = asyncio.create_task(later.keep_open())
        yield
        connection.cancel()
        await asyncio.wait({connection})

    app = make_app("multiple-stage", settings, lifespan)

    @app.post("/predict")
    async def predict(records: Records) -> TwoStages:
        """Answer with the light model, and return the path of the heavy one's answer."""
        first = await asyncio.to_thread(answer, model, records)
        try:
            key = await later.send(records)
        except (QueueDownError, SQLAlchemyError) as error:
            log.warning("no better answer follows", reason=str(error))
            return TwoStages(first=first, better=None, note="no better answer follows: the second stage is down")
        return TwoStages(first=first, better=f"/better/{key}", note="a better answer follows")

    add_outcomes(app, results, "/better")
    return app


if __name__ == "__main__":
    settings = read_settings(MultipleStageSettings)
    with refusing():
        app = create_app(settings, open_results(settings))
    serve(app, settings)
