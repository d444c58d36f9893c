"""The stream processor: takes one event at a time, updates the state, predicts, and only then acknowledges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import Counter
from pydantic import ValidationError

from kit.database import RefusedDatabaseError, open_database
from kit.inputs import Records, UnfitInputError
from kit.models import Floats, ModelOutputError, Prediction, load, refusing, trained
from kit.queues import Delivery, HopelessError, Work, open_queue, require
from kit.queues.working import make_worker
from kit.settings import read_settings, refuse
from kit.web import serve
from streaming.settings import QUEUE, Event, StreamingSettings
from streaming.state import State


def open_state(settings: StreamingSettings) -> State:
    """Return the state; if the database cannot be used, exit with the reason."""
    try:
        state = State(open_database(settings, "stream"), settings.window_s)
        state.create()
    except RefusedDatabaseError as error:
        refuse(str(error))
    return state


def create_app(settings: StreamingSettings, state: State) -> FastAPI:
    """Return the app, which runs the processor; raises `RefusedModelError` for a model that must not be served."""
    model = load(trained("iris", settings.data_dir))
    features = len(model.card.features)
    queue = open_queue(settings, QUEUE)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        registry = app.state.metrics.registry
        fates = Counter("events_total", "Events by outcome.", ("fate",), registry=registry)

        def predict(means: Floats) -> Prediction:
            return model.predict(means)[0]

        def count(delivery: Delivery) -> None:
            try:
                event = Event.model_validate_json(delivery.body)
                Records(inputs=event.inputs).matrix(features)
            except ValidationError as error:
                raise HopelessError(f"the event is not valid: {error.error_count()} errors") from None
            except UnfitInputError as error:
                raise HopelessError(str(error)) from None
            if event.is_ahead():
                raise HopelessError("the time of the event is in the future")
            try:
                fates.labels(state.count(event, predict)).inc()
            except ModelOutputError as error:      # the same event would get the same output again
                raise HopelessError(str(error)) from None

        async def handle(delivery: Delivery) -> None:
            await asyncio.to_thread(count, delivery)

        async def bury(_delivery: Delivery, _reason: str) -> None:
            fates.labels("dead").inc()

        async with queue:
            await queue.consume(Work(handle, bury))
            yield

    return make_worker("streaming-processor", settings, queue, lifespan)


if __name__ == "__main__":
    settings = read_settings(StreamingSettings)
    state = open_state(settings)
    require(settings, QUEUE)
    with refusing():
        app = create_app(settings, state)
    serve(app, settings.without_lame_duck(), settings.finish_s)
