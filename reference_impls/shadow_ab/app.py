"""The server for callers: the current model answers, and the candidate gets a copy of the request."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from prometheus_client import Counter
from pydantic import Field, ValidationError

from kit.database import DatabaseSettings, RefusedDatabaseError, create_tables, open_database
from kit.inputs import Predictions, Records, answer
from kit.logs import logger
from kit.models import RefusedModelError, load, trained
from kit.settings import read_settings, refuse
from kit.tracing import propagate
from kit.web import make_app, serve
from shadow_ab.background import Background
from shadow_ab.pairs import METADATA, Report, compare, write

log = logger(__name__)


class ShadowSettings(DatabaseSettings):
    """`share` of the requests is copied to `candidate_url`; at most `room` copies wait, the others are dropped."""

    candidate_url: str = "http://127.0.0.1:8001"
    share: float = Field(1, ge=0, le=1)
    room: int = Field(200, ge=1)
    copy_timeout_s: float = Field(1, gt=0)


@dataclass(frozen=True, slots=True)
class Copy:
    """A request for the candidate."""

    request: str
    records: Records


class Shadow:
    """Sends copies to the candidate and stores both answers; callers wait for neither."""

    def __init__(self, settings: ShadowSettings, copies: Counter) -> None:
        self.engine = open_database(settings, "shadow")
        create_tables(self.engine, METADATA)
        self._settings = settings
        self._copies = copies
        hooks, timeout = {"request": [propagate]}, settings.copy_timeout_s
        self._client = httpx.Client(base_url=settings.candidate_url, timeout=timeout, event_hooks=hooks)
        self._answers = Background[list[dict[str, object]]](self._write, 10 * settings.room)
        self._mirror = Background[Copy](self._send, settings.room, at_once=1)

    def answered(self, request: str, records: Records, answer: Predictions, ms: float) -> None:
        """Record the caller's answer, and queue a copy for the candidate if the share and the room allow it."""
        self._note(request, "current", answer, ms)
        if int(request[:8], 16) / 16**8 >= self._settings.share:
            return
        if not self._mirror.put(Copy(request, records)):
            self._copies.labels("dropped").inc()

    def stop(self) -> None:
        """Drop the waiting copies, and store the known answers."""
        self._mirror.stop(self._settings.copy_timeout_s + 1, finish=False)
        self._answers.stop(self._settings.drain_s, finish=True)
        self._client.close()
        self.engine.dispose()

    def _send(self, copies: Sequence[Copy]) -> None:
        for copy in copies:
            start = time.perf_counter()
            try:
                response = self._client.post("/predict", json=copy.records.model_dump()).raise_for_status()
                theirs = Predictions.model_validate_json(response.content)
            except (httpx.HTTPError, ValidationError) as error:
                self._copies.labels("failed").inc()
                log.warning("the candidate did not answer a copy", request=copy.request, reason=type(error).__name__)
            else:
                self._copies.labels("answered").inc()
                self._note(copy.request, "candidate", theirs, (time.perf_counter() - start) * 1000)

    def _note(self, request: str, role: str, answer: Predictions, ms: float) -> None:
        rows: list[dict[str, object]] = [
            {"request": request, "record": place, "role": role, "version": answer.version, "label": p.label,
             "probability": p.probability, "ms": ms, "at": time.time()}
            for place, p in enumerate(answer.predictions)
        ]  # fmt: skip
        if not self._answers.put(rows):
            self._copies.labels("not logged").inc()

    def _write(self, answers: Sequence[list[dict[str, object]]]) -> None:
        write(self.engine, [row for rows in answers for row in rows])


def create_app(settings: ShadowSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` or `RefusedDatabaseError` for what cannot be used."""
    model = load(trained("breast_cancer", settings.data_dir, name="current"))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        shadow.stop()

    app = make_app("shadow-ab", settings, lifespan)
    registry = app.state.metrics.registry
    copies = Counter("shadow_copies_total", "Copies for the candidate, by outcome.", ("outcome",), registry=registry)
    shadow = Shadow(settings, copies)

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Answer from the current model; the copy has no effect on the answer."""
        start = time.perf_counter()
        said = answer(model, records)
        shadow.answered(uuid.uuid4().hex, records, said, (time.perf_counter() - start) * 1000)
        return said

    @app.get("/report")
    def report() -> Report:
        """Compare the candidate's answers with those of the current model."""
        return compare(shadow.engine)

    return app


if __name__ == "__main__":
    settings = read_settings(ShadowSettings)
    try:
        app = create_app(settings)
    except (RefusedModelError, RefusedDatabaseError) as error:
        refuse(str(error))
    serve(app, settings)
