"""The service around the hooks: readiness, limits, health, metrics, and one log line for each prediction."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI
from prometheus_client import Counter, Histogram
from pydantic import BaseModel, ConfigDict, Field

from kit.logs import logger
from kit.models import refusing
from kit.settings import Settings, read_settings
from kit.web import make_app, serve
from serving_template import hooks

TITLE = "serving-template"
log = logger(__name__)


class ServiceSettings(Settings):
    """`digest`: if set, a model with another SHA-256 is not served."""

    digest: str = ""


class Request(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid")

    inputs: Annotated[list[hooks.Input], Field(min_length=1, max_length=100)]


class Answer(BaseModel):
    """The body of an answer; `prediction` is its id in the log."""

    prediction: str
    model: str
    version: str
    outputs: list[hooks.Output]


def create_app(settings: ServiceSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = hooks.load_model(settings.data_dir, settings.digest)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        hooks.predict(model, hooks.preprocess([hooks.EXAMPLE]))        # the first call is slow
        yield

    app = make_app(TITLE, settings, lifespan)
    registry = app.state.metrics.registry
    predictions = Counter("predictions_total", "Predictions by version.", ("version",), registry=registry)
    seconds = Histogram("prediction_seconds", "Time in the hooks.", registry=registry)

    @app.post("/predict")
    def predict(request: Request) -> Answer:
        """Predict for each input; not `async`, so that it runs in a thread and does not block the event loop."""
        with seconds.time():
            outputs = hooks.predict(model, hooks.preprocess(request.inputs))
        number = uuid.uuid4().hex
        predictions.labels(model.card.version).inc(len(outputs))
        log.info("predicted", prediction=number, version=model.card.version, outputs=[o.model_dump() for o in outputs])
        return Answer(prediction=number, model=model.card.name, version=model.card.version, outputs=outputs)

    return app


def main() -> None:
    """Serve, or exit with the reason."""
    settings = read_settings(ServiceSettings)
    with refusing():
        app = create_app(settings)
    serve(app, settings)
