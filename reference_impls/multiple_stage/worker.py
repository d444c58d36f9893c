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
from kit.queues.working import make_worker
from kit.results import Results
from kit.settings import read_settings
from kit.web import serve
from multiple_stage.settings import QUEUE, MultipleStageSettings, heavy_model


def create_app(settings: MultipleStageSettings, results: Results) -> FastAPI:
    """Return the app, which runs the worker; raises `RefusedModelError` for a model that must not be served."""
    model = load(heavy_model(settings))
    queue = open_queue(settings, QUEUE)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with queue:
            registry = app.state.metrics.registry
            await queue.consume(predicting(model, results, registry, Records, policy=settings.policy))
            yield

    return make_worker("multiple-stage-worker", settings, queue, lifespan)


if __name__ == "__main__":
    settings = read_settings(MultipleStageSettings)
    results = open_results(settings)
    require(settings, QUEUE)
    with refusing():
        app = create_app(settings, results)
    serve(app, settings.without_lame_duck(), settings.finish_s)
