"""A server that does nothing but predict: what stands behind a front, or is put under load."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from kit.inputs import Predictions, Records, answer
from kit.models import DataSet, Model, load, refusing, trained
from kit.settings import Settings
from kit.web import Lifespan, make_app, serve


def warmed(model: Model) -> Lifespan:
    """Return the lifespan of an app that predicts once before it is ready: no caller pays for the slow first call."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        answer(model, Records(inputs=[[0.0] * len(model.card.features)]))
        yield

    return lifespan


def serve_model(title: str, settings: Settings, data_set: DataSet, *, name: str = "", trees: int = 0) -> None:
    """Serve a model of the data folder, trained first where there is none, until SIGTERM; or refuse to start."""
    with refusing():
        model = load(trained(data_set, settings.data_dir, name=name, trees=trees))
    app = make_app(title, settings, warmed(model))

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict each record."""
        return answer(model, records)

    serve(app, settings)
