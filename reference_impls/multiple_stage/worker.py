"""The second stage: the heavy model, one request at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from kit.inputs import Records
from kit.models import load, refusing
from kit.outcomes import open_results
from kit.queues import open_queue, require
from kit.queues.predicting import predicting
from kit.results import Results
from kit.settings import read_settings
from kit.web import make_app, serve
from multiple_stage.settings import QUEUE, MultipleStageSettings, heavy_model


def create_app(settings: MultipleStageSettings, results: Results) -> FastAPI:
    """Return the app, which runs the worker; raises `RefusedModelError` for a model that must not be served."""
    model = load(heavy_model(settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_queue(settings, QUEUE) as queue:
            await queue.consume(predicting(model, results, app.state.metrics.registry, Records))
            yield

    return make_app("multiple-stage-worker", settings, lifespan)


if __name__ == "__main__":
    settings = read_settings(MultipleStageSettings)
    results = open_results(settings)
    require(settings, QUEUE)
    with refusing():
        app = create_app(settings, results)
    serve(app, settings)
