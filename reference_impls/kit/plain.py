"""A server that only predicts: behind a front end, or for load tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from kit.inputs import Predictions, Records, answer
from kit.models import DataSet, Model, load, refusing, trained
from kit.settings import Settings
from kit.web import Lifespan, make_app, serve


def warm_up(model: Model) -> Lifespan:
    """Return the lifespan of an app that predicts once before it is ready, because the first call is slow."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        answer(model, Records(inputs=[[0.0] * len(model.card.features)]))
        yield

    return lifespan


def serve_model(title: str, settings: Settings, data_set: DataSet, *, name: str = "", trees: int = 0) -> None:
    """Serve a model of the data folder until SIGTERM; train it first if there is none. Exit if it cannot be served."""
    with refusing():
        model = load(trained(data_set, settings.data_dir, name=name, trees=trees))
    app = make_app(title, settings, warm_up(model))

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict each record."""
        return answer(model, records)

    serve(app, settings)
