"""The API server: records come from the cache, otherwise from their source; the model runs for each request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Response
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, ValidationError

from data_cache.source import Wine
from kit.caching import CacheSettings, Found, SourceDownError, open_cache
from kit.inputs import Labelled, Records
from kit.models import load, refusing, trained
from kit.settings import read_settings
from kit.tokens import AdminSettings, holder_of
from kit.tracing import propagate_async
from kit.web import make_app, serve

FORM = "1"
"""The version of a cached record: increase it when `Wine` changes, so that older cache entries are misses."""
WineId = Annotated[int, Field(ge=0, lt=2**31, strict=True)]


class DataCacheSettings(AdminSettings, CacheSettings):
    """`source_url` is the source of the records; a request to it fails after `source_timeout_s`."""

    source_url: HttpUrl
    source_timeout_s: float = Field(2, gt=0)
    cache_stale_s: float = Field(600, ge=0)


class Wines(BaseModel):
    """The ids of the wines to predict."""

    model_config = ConfigDict(extra="forbid")

    wines: Annotated[list[WineId], Field(min_length=1, max_length=100)]


class NamedWine(Labelled):
    """A prediction, with the age of its record; `stale` is true if the record is older than its ttl."""

    wine: int
    age_s: float
    stale: bool


class Named(BaseModel):
    """The answer: a prediction for each wine, and the model's version."""

    version: str
    predictions: list[NamedWine]


class Source:
    """The client of the feature service."""

    def __init__(self, settings: DataCacheSettings) -> None:
        timeout = httpx.Timeout(settings.source_timeout_s, pool=None)
        hooks = {"request": [propagate_async]}
        self.client = httpx.AsyncClient(base_url=str(settings.source_url), timeout=timeout, event_hooks=hooks)

    async def wine(self, wine: int) -> Wine:
        """Fetch a record; raises `SourceDownError`, and 404 for an unknown wine."""
        try:
            answer = await self.client.get(f"/wines/{wine}")
            if answer.status_code == 404:
                raise HTTPException(404, f"unknown wine {wine}")
            return Wine.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPError, ValidationError) as error:
            raise SourceDownError(f"the source of wines returned no record: {type(error).__name__}") from None


def create_app(settings: DataCacheSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = load(trained("wine", settings.data_dir))
    source = Source(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        model.predict(Records(inputs=[[0.0] * len(model.card.features)]).matrix(len(model.card.features)))
        yield
        await source.client.aclose()
        await cache.close()

    app = make_app("data-cache", settings, lifespan)
    registry = app.state.metrics.registry
    runs = Counter("model_runs_total", "How often the model ran.", registry=registry)
    cache = open_cache(settings, Wine, registry)
    holder = Depends(holder_of(settings.admin_tokens))

    async def record(wine: int) -> Found[Wine]:
        return await cache.get(key(wine), lambda: source.wine(wine))

    @app.post("/predict")
    async def predict(wanted: Wines, response: Response) -> Named:
        """Name the cultivar of each wine; `X-Cache` shows whether the cache had all records."""
        try:
            found = await asyncio.gather(*map(record, wanted.wines))
        except SourceDownError as error:
            raise HTTPException(503, str(error), {"Retry-After": "1"}) from None
        inputs = Records(inputs=[one.value.features for one in found]).matrix(len(model.card.features))
        predictions = await asyncio.to_thread(model.predict, inputs)
        runs.inc()
        outcomes = {one.outcome for one in found}
        response.headers["X-Cache"] = "stale" if "stale" in outcomes else "hit" if outcomes == {"hit"} else "miss"
        return Named(version=model.card.version, predictions=[
            NamedWine(label=p.label, probability=p.probability, wine=wine, age_s=f.age_s, stale=f.outcome == "stale")
            for wine, p, f in zip(wanted.wines, predictions, found, strict=True)
        ])  # fmt: skip

    @app.delete("/cache/{wine}", dependencies=[holder], status_code=204)
    async def forget(wine: int) -> None:
        """Remove a record from the cache after it has changed at its source."""
        if not await cache.drop(key(wine)):
            raise HTTPException(503, "the cache cannot be reached; the record expires at the end of its ttl")

    return app


def key(wine: int) -> str:
    """Return the cache key of a record."""
    return f"wine:{FORM}:{wine}"


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(DataCacheSettings)
    with refusing():
        app = create_app(settings)
    serve(app, settings)


if __name__ == "__main__":
    main()
