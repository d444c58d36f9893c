"""The API: returns stored predictions with their age."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

from fastapi import FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse
from prometheus_client import Gauge
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from batch.settings import BatchSettings
from batch.store import Store
from kit.database import RefusedDatabaseError, open_database, reason
from kit.inputs import Storable
from kit.settings import read_settings, refuse
from kit.web import make_app, serve

_LOOK_S = 2.0


class StoredPrediction(BaseModel):
    """A stored prediction; `stale` is true if it is older than the product allows."""

    key: str
    label: str
    probability: float
    version: str
    run: str
    age_s: float
    stale: bool


def create_app(settings: BatchSettings, store: Store) -> FastAPI:
    """Return the app, which is ready as long as the database answers."""
    problem = ""

    def look() -> str:
        try:
            ended = store.last_end()
            age_of_run.set(float("inf") if ended is None else time.time() - ended)
        except SQLAlchemyError as error:
            return f"the database failed: {reason(error)}"
        return ""

    async def watch() -> None:
        nonlocal problem
        while True:
            problem = await asyncio.to_thread(look)
            await asyncio.sleep(_LOOK_S)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch())
        yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    app = make_app("batch", settings, lifespan, lambda: problem)
    age_of_run = Gauge("batch_seconds_since_run", "Seconds since a run ended.", registry=app.state.metrics.registry)

    @app.get("/predictions/{key}")
    def prediction(key: Annotated[str, Path(max_length=100), Storable]) -> StoredPrediction:
        """Return the newest stored prediction of a record; the model does not run."""
        found = store.prediction(key)
        if found is None:
            if store.last_end() is None:
                raise HTTPException(503, "no run has ended yet: predictions follow the first run", {"Retry-After": "5"})
            raise HTTPException(404, f"no record {key!r} in the last runs")
        age_s = max(0.0, time.time() - found.at)
        return StoredPrediction(
            key=found.key, label=found.label, probability=found.probability, version=found.version, run=found.run,
            age_s=round(age_s, 3), stale=age_s > settings.fresh_s,
        )  # fmt: skip

    @app.exception_handler(SQLAlchemyError)
    async def failing(_request: Request, error: SQLAlchemyError) -> JSONResponse:
        return JSONResponse({"error": f"the database failed: {reason(error)}"}, 503, {"Retry-After": "5"})

    return app


if __name__ == "__main__":
    settings = read_settings(BatchSettings)
    try:
        store = Store(open_database(settings, "batch"))
    except RefusedDatabaseError as error:
        refuse(str(error))
    serve(create_app(settings, store), settings)
