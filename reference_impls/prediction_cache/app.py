"""The API server: it reads the cache first, and runs the model on a miss or if the cache is down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from prometheus_client import Counter

from kit.caching import CacheSettings, input_key, open_cache
from kit.inputs import Predictions, Records, as_answer
from kit.models import examples, load, refusing, trained
from kit.settings import read_settings
from kit.web import make_app, serve


class PredictionCacheSettings(CacheSettings):
    """`digest`: if set, a model with another SHA-256 is not served."""

    digest: str = ""


def create_app(settings: PredictionCacheSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = load(trained("digits", settings.data_dir), settings.digest)
    features = len(model.card.features)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        model.predict(examples("digits")[:1])  # the first call is slow, so make it before the first request
        yield
        await cache.close()

    app = make_app("prediction-cache", settings, lifespan)
    registry = app.state.metrics.registry
    runs = Counter("model_runs_total", "How often the model ran.", registry=registry)
    cache = open_cache(settings, Predictions, registry)

    @app.post("/predict")
    async def predict(records: Records, response: Response) -> Predictions:
        """Name the digit in each image of 8 x 8 grey values; `X-Cache` shows whether the model had to run."""
        inputs = records.matrix(features)

        async def compute() -> Predictions:
            runs.inc()
            return as_answer(model, await asyncio.to_thread(model.predict, inputs))

        found = await cache.get(input_key(model.card.name, model.card.version, inputs), compute)
        response.headers["X-Cache"] = "hit" if found.outcome == "hit" else "miss"
        response.headers["Age"] = str(round(found.age_s))
        return found.value

    return app


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(PredictionCacheSettings)
    with refusing():
        app = create_app(settings)
    serve(app, settings)


if __name__ == "__main__":
    main()
