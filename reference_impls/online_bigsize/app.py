"""The server, and fixes that can be put in front of its model, to measure their effect."""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from cachetools import LRUCache
from fastapi import FastAPI, HTTPException
from prometheus_client import Counter
from pydantic import BaseModel, Field

from kit.inputs import Predictions, Records, as_answer
from kit.logs import configure_logs, logger
from kit.models import Floats, Model, Prediction, examples, load, refusing, trained
from kit.settings import Settings, read_settings
from kit.web import make_app, serve
from online_bigsize.model import big_model

Predict = Callable[[Floats], list[Prediction]]
log = logger(__name__)


class OnlineBigsizeSettings(Settings):
    """`units` sets the size of the model, 4 * units ** 2 bytes; `cure` selects a fix.

    small: another model. cache: repeated records are answered from memory. ahead: the first `known` records of the data
    set are predicted before the service is ready. later: the caller gets a number, and fetches the result.
    """

    units: int = Field(8000, ge=100, le=12_000)
    cure: Literal["none", "small", "cache", "ahead", "later"] = "none"
    known: int = Field(100, ge=1, le=1797)
    kept: int = Field(10_000, ge=1, description="the maximum of cached predictions, and of waiting results")
    waiting: int = Field(1000, ge=1, description="the maximum of requests that wait for the worker")


class Accepted(BaseModel):
    """The answer to an accepted request: the path of the result."""

    result: str


def create_app(settings: OnlineBigsizeSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    small = settings.cure == "small"
    model = load(trained("digits", settings.data_dir)) if small else big_model(
        settings.data_dir, settings.units, log.info
    )  # fmt: skip
    handed = HandOver(model, settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with handed:
            yield

    app = make_app("online-bigsize", settings, lifespan)
    if settings.cure == "later":
        _serve_later(app, handed)
        return app
    registry = app.state.metrics.registry
    asked = Counter("records_predicted_total", "Records that the model predicted.", registry=registry)

    def ask(inputs: Floats) -> list[Prediction]:
        asked.inc(len(inputs))
        return model.predict(inputs)

    predict_now = _memory_before(ask, settings) if settings.cure in {"cache", "ahead"} else ask

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict the digit of each image, while the caller waits."""
        return as_answer(model, predict_now(records.matrix(len(model.card.features))))

    return app


def _memory_before(ask: Predict, settings: OnlineBigsizeSettings) -> Predict:
    """Answer known records from memory, and call the model for the rest; only the fix `cache` remembers its answers."""
    memory: LRUCache[bytes, Prediction] = LRUCache(max(settings.kept, settings.known))
    lock = threading.Lock()

    def remember(inputs: Floats, found: list[Prediction]) -> None:
        with lock:
            memory.update({row.tobytes(): prediction for row, prediction in zip(inputs, found, strict=True)})

    def predict(inputs: Floats) -> list[Prediction]:
        with lock:
            known = [memory.get(row.tobytes()) for row in inputs]
        missing = [prediction is None for prediction in known]
        asked = iter(ask(inputs[missing]) if any(missing) else [])
        found = [prediction or next(asked) for prediction in known]
        if settings.cure == "cache":
            remember(inputs, found)
        return found

    if settings.cure == "ahead":
        first = examples("digits")[: settings.known]
        remember(first, ask(first))                # one batch reads the weights once for all records
    return predict


class HandOver:
    """A queue, and one thread that processes it; at the end, the thread finishes all accepted requests."""

    def __init__(self, model: Model, settings: OnlineBigsizeSettings) -> None:
        self.model = model
        self._waiting: queue.Queue[tuple[str, Floats] | None] = queue.Queue(settings.waiting)
        self._results: LRUCache[str, Predictions | None] = LRUCache(settings.kept)
        self._lock = threading.Lock()
        self._worker = threading.Thread(target=self._work)

    def __enter__(self) -> None:
        self._worker.start()

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._worker.join()

    def accept(self, inputs: Floats) -> str:
        """Queue records of shape (records, features), and return the number of their result; 503 if too many wait."""
        number = uuid.uuid4().hex
        with self._lock:
            self._results[number] = None
        try:
            self._waiting.put_nowait((number, inputs))
        except queue.Full:
            with self._lock:
                del self._results[number]
            raise HTTPException(503, "too many requests are waiting", {"Retry-After": "5"}) from None
        return number

    def result(self, number: str) -> Predictions | None:
        """Return a result, or None if it is not ready; 404 for an unknown or expired number."""
        with self._lock:
            if number not in self._results:
                raise HTTPException(404, "unknown or expired result")
            return self._results[number]

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            number, inputs = task
            try:
                done = as_answer(self.model, self.model.predict(inputs))
            except Exception as error:             # one failure must not stop the others
                log.error("a request failed", result=number, reason=repr(error))
                continue
            with self._lock:
                self._results[number] = done


def _serve_later(app: FastAPI, handed: HandOver) -> None:
    features = len(handed.model.card.features)

    @app.post("/predict", status_code=202)
    def predict(records: Records) -> Accepted:
        """Queue the images, and return the path of the result; the folder `asynchronous` has the complete pattern."""
        return Accepted(result=f"/results/{handed.accept(records.matrix(features))}")

    @app.get("/results/{number}", responses={404: {}, 425: {}})
    def result(number: str) -> Predictions:
        """Return the predictions, or 425 if they are not ready."""
        found = handed.result(number)
        if found is None:
            raise HTTPException(425, "the result is not ready yet", {"Retry-After": "1"})
        return found


def main(cure: str = "") -> None:
    """Serve with this fix, or with the one in the settings."""
    settings = read_settings(OnlineBigsizeSettings)
    if cure:
        settings = OnlineBigsizeSettings.model_validate({**settings.model_dump(), "cure": cure})
    configure_logs(settings, "online-bigsize")     # the model may be created before the server starts
    with refusing():
        app = create_app(settings)
    serve(app, settings)
