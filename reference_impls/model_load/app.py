"""The API server: ready after its model is loaded, and never without a model after that."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, HTTPException
from prometheus_client import Gauge
from pydantic import BaseModel

from kit.inputs import Predictions, Records, answer
from kit.settings import read_settings
from kit.tokens import holder_of
from kit.web import make_app, serve
from model_load.loading import Loader, LoadError, ModelLoadSettings, Served


class Loaded(BaseModel):
    """The version that answers; if it is not the registry's version, also the reason."""

    version: str
    digest: str
    problem: str = ""


def create_app(settings: ModelLoadSettings) -> FastAPI:
    """Return the app; a thread loads its model."""
    loader = Loader(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=loader.run, name="loader", daemon=True).start()
        yield
        loader.stop()

    app = make_app("model-load", settings, lifespan, lambda: "" if loader.served else loader.reason)
    problem = Gauge("model_load_problem", "Whether the last load failed.", registry=app.state.metrics.registry)
    problem.set_function(lambda: float(bool(loader.reason)))
    holder = Depends(holder_of(settings.admin_tokens))

    def served() -> Served:
        if loader.served is None:
            raise HTTPException(503, loader.reason, {"Retry-After": "1"})
        return loader.served

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict the species of each flower, with the model that is loaded when the request arrives."""
        return answer(served().model, records)

    @app.get("/version")
    def version() -> Loaded:
        """Return the version of the model that answers."""
        now = served()
        return Loaded(version=now.version, digest=now.model.card.digest, problem=loader.reason)

    @app.post("/reload", dependencies=[holder])
    def reload() -> Loaded:
        """Load the registry's version; if that fails, answer 409 with the reason, and keep the old one."""
        try:
            now = loader.load()
        except LoadError as error:
            raise HTTPException(409, str(error)) from None
        return Loaded(version=now.version, digest=now.model.card.digest)

    return app


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(ModelLoadSettings)
    serve(create_app(settings), settings)


if __name__ == "__main__":
    main()
