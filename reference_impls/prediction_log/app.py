"""The API: predicts, records in the background, receives outcomes, and reports the accuracy of each model version."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

import structlog
from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from kit.database import DatabaseSettings, RefusedDatabaseError, open_database, reason
from kit.inputs import Records, UnfitInputError
from kit.models import RefusedModelError, load, trained
from kit.settings import read_settings, refuse
from kit.web import make_app, serve
from prediction_log.shipping import Quality, Shipping, note_outcomes, quality
from prediction_log.spool import Spool


class LogSettings(DatabaseSettings):
    """`log_inputs`: false if inputs may not be stored; then only id, request and result are.

    At most `buffer` records wait in memory, and `spool_files` files on disk; further records are counted as lost.
    """

    log_inputs: bool = True
    buffer: Annotated[int, Field(gt=0)] = 10_000
    spool_files: Annotated[int, Field(gt=0)] = 20_000


class LoggedPrediction(BaseModel):
    """A prediction with its id in the log."""

    id: str
    label: str
    probability: float


class LoggedPredictions(BaseModel):
    """The answer: a prediction for each record."""

    model: str
    version: str
    predictions: list[LoggedPrediction]


class Outcomes(BaseModel):
    """The true classes, by the ids of predictions."""

    model_config = ConfigDict(extra="forbid")

    outcomes: Annotated[
        dict[Annotated[str, Field(pattern="^[0-9a-f]{32}$")], str], Field(min_length=1, max_length=1000)
    ]


def create_app(settings: LogSettings, engine: Engine) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served.

    It is ready without a database: predictions do not need it.
    """
    model = load(trained("iris", settings.data_dir))
    width = len(model.card.features)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        model.predict(Records(inputs=[[0.0] * width]).matrix(width))
        yield
        await run_in_threadpool(spool.close)        # all requests have been answered
        await run_in_threadpool(shipping.close, settings.drain_s)

    app = make_app("prediction-log", settings, lifespan)
    registry = app.state.metrics.registry
    spool = Spool(settings.data_dir / "spool", registry, settings.buffer, settings.spool_files)
    shipping = Shipping(engine, spool, registry)

    @app.post("/predict")
    def predict(records: Records) -> LoggedPredictions:
        """Predict, and record each prediction in memory before the answer is sent."""
        start = time.perf_counter()
        predictions = model.predict(records.matrix(width))
        latency_ms = round((time.perf_counter() - start) * 1000, 3)
        request, now = str(structlog.contextvars.get_contextvars().get("request", "")), time.time()
        answered = [LoggedPrediction(id=uuid4().hex, label=p.label, probability=p.probability) for p in predictions]
        for position, (one, inputs) in enumerate(zip(answered, records.inputs, strict=True)):
            spool.record({
                "id": one.id, "request": request, "position": position, "at": now, "model": model.card.name,
                "version": model.card.version, "inputs": inputs if settings.log_inputs else None,
                "label": one.label, "probability": one.probability, "latency_ms": latency_ms,
            })  # fmt: skip
        return LoggedPredictions(model=model.card.name, version=model.card.version, predictions=answered)

    @app.post("/outcomes", status_code=201)
    def outcomes(body: Outcomes) -> dict[str, int]:
        """Store outcomes; the prediction itself may not be in the database yet."""
        unknown = sorted(set(body.outcomes.values()) - set(model.card.classes))
        if unknown:
            raise UnfitInputError(f"unknown class {unknown[0]!r}; known classes: {', '.join(model.card.classes)}")
        shipping.prepare()
        note_outcomes(engine, body.outcomes)
        return {"noted": len(body.outcomes)}

    @app.get("/accuracy")
    def accuracy(since: Annotated[float, Query(ge=0, allow_inf_nan=False)] = 0) -> list[Quality]:
        """Return the accuracy of each version since a time (in seconds since 1970), for predictions with an outcome."""
        shipping.prepare()
        return quality(engine, since)

    @app.exception_handler(SQLAlchemyError)
    @app.exception_handler(RefusedDatabaseError)
    async def gone(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": f"the database of the log failed: {reason(error)}"}, 503, {"Retry-After": "5"})

    return app


def main() -> None:
    """Serve until SIGTERM; all answered predictions are recorded before the process ends."""
    settings = read_settings(LogSettings)
    try:
        app = create_app(settings, open_database(settings, "log"))
    except (RefusedModelError, RefusedDatabaseError) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{settings.data_dir}: {error.strerror}")
    serve(app, settings)


if __name__ == "__main__":
    main()
