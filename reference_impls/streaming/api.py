"""The API: receives events, and returns the newest prediction of a key with its age."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from kit.database import reason
from kit.inputs import Records, Storable
from kit.models import read_card, refusing, trained_apart
from kit.outcomes import AGAIN
from kit.queues import open_queue, require
from kit.queues.feeding import make_feeder
from kit.settings import read_settings
from kit.web import serve
from streaming.processor import open_state
from streaming.settings import QUEUE, Event, StreamingSettings
from streaming.state import State


class Told(BaseModel):
    """A prediction; `age_s` is the age of the newest of its `events`, at least 0."""

    key: str
    label: str
    probability: float
    events: int
    age_s: float


def create_app(settings: StreamingSettings, state: State) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model without a readable card."""
    features = len(read_card(trained_apart("iris", settings.data_dir)).features)
    queue = open_queue(settings, QUEUE)
    app = make_feeder("streaming", settings, queue)

    @app.post("/events", status_code=202)
    async def take(event: Event) -> dict[str, str]:
        """Publish an event under its key, so that Kafka keeps the order of a key's events."""
        Records(inputs=event.inputs).matrix(features)
        if event.is_ahead():
            raise HTTPException(422, "the time of the event is in the future")
        await queue.publish(event.key, event.model_dump_json().encode())
        return {"id": event.id}

    @app.get("/predictions/{key:path}")
    def newest(key: Annotated[str, Storable]) -> Told:
        found = state.newest(key)
        if found is None:
            raise HTTPException(404, "no event with this key was processed yet")
        age_s = max(0.0, round(time.time() - found.at, 3))
        return Told(key=key, label=found.label, probability=found.probability, events=found.events, age_s=age_s)

    @app.exception_handler(SQLAlchemyError)
    async def store_down(_request: Request, error: SQLAlchemyError) -> JSONResponse:
        return JSONResponse({"error": f"the store failed: {reason(error)}"}, 503, AGAIN)

    return app


if __name__ == "__main__":
    settings = read_settings(StreamingSettings)
    state = open_state(settings)
    require(settings, QUEUE)
    with refusing():
        app = create_app(settings, state)
    serve(app, settings)
