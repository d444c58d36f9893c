"""The front end: keeps each user on one model, records the answers, and receives the outcomes later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field

from kit.calls import REFUSALS
from kit.database import RefusedDatabaseError, create_tables, open_database
from kit.inputs import Predictions, Records, Storable
from kit.logs import logger
from kit.settings import read_settings, refuse
from kit.tracing import propagate
from kit.web import make_app, serve
from online_ab.experiment import METADATA, Group, Report, compare, group_of, remember, tell
from online_ab.settings import OnlineAbSettings

log = logger(__name__)


class Asked(Records):
    """Records to predict for a user."""

    user: Annotated[str, Field(min_length=1, max_length=200), Storable]


class Answered(Predictions):
    """The predictions, and the number with which callers report their outcome."""

    prediction: str


class Outcome(BaseModel):
    """The outcome of a prediction."""

    model_config = ConfigDict(extra="forbid")

    prediction: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    success: Annotated[bool, Field(strict=True)]


class UnavailableError(Exception):
    """A model server does not answer."""


class Arms:
    """The servers of the two models."""

    def __init__(self, settings: OnlineAbSettings) -> None:
        urls: dict[Group, str] = {"current": settings.current_url, "candidate": settings.candidate_url}
        timeout = settings.call_timeout_s
        hooks = {"request": [propagate]}
        self._clients = {
            group: httpx.Client(base_url=url, timeout=timeout, event_hooks=hooks) for group, url in urls.items()
        }

    def ask(self, group: Group, records: Records) -> Predictions:
        """Return the predictions of one model; raises `UnavailableError`, or `HTTPException` for unfit records."""
        try:
            response = self._clients[group].post("/predict", json={"inputs": records.inputs})
        except httpx.HTTPError as error:
            raise UnavailableError(f"{group}: {type(error).__name__}") from None
        if response.status_code in REFUSALS:
            raise HTTPException(response.status_code, response.json()["error"])
        if response.status_code != 200:
            raise UnavailableError(f"{group}: status {response.status_code}")
        return Predictions.model_validate_json(response.content)

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()


def create_app(settings: OnlineAbSettings) -> FastAPI:
    """Return the app; raises `RefusedDatabaseError` for a database that cannot be used."""
    engine = open_database(settings, "online-ab")
    create_tables(engine, METADATA)
    arms = Arms(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        arms.close()
        engine.dispose()

    app = make_app("online-ab", settings, lifespan)
    registry = app.state.metrics.registry
    answered = Counter("ab_answers_total", "Answers by group and by model.", ("group", "by"), registry=registry)

    def ask(group: Group, records: Records) -> Predictions:
        """Call the model of the group, or the current model if the candidate fails."""
        by: Group = group
        try:
            said = arms.ask(group, records)
        except UnavailableError as error:
            log.warning("a model did not answer", reason=str(error))
            if group == "current":
                raise HTTPException(503, "the model does not answer", {"Retry-After": "1"}) from None
            by = "current"
            try:
                said = arms.ask(by, records)
            except UnavailableError:
                raise HTTPException(503, "neither model answers", {"Retry-After": "1"}) from None
        answered.labels(group, by).inc()
        return said

    @app.post("/predict")
    def predict(asked: Asked) -> Answered:
        """Predict with the model of the user's group.

        A user who gets the current model because the candidate fails stays in the candidate's group. Without these
        users, the comparison would ignore the candidate's failures.
        """
        group = group_of(asked.user, settings.experiment, settings.share)
        said = ask(group, asked)
        number = remember(engine, settings.experiment, asked.user, group, said.version)
        return Answered(prediction=number, **said.model_dump())

    @app.post("/outcomes")
    def outcome(told: Outcome) -> Outcome:
        """Store an outcome. Repeating it changes nothing; a different outcome is rejected."""
        noted = tell(engine, told.prediction, told.success)
        if noted is None:
            raise HTTPException(404, "unknown prediction")
        if noted is not told.success:
            raise HTTPException(409, "this prediction already has another outcome")
        return told

    @app.get("/report")
    def report() -> Report:
        """Compare the groups."""
        return compare(engine, settings)

    return app


if __name__ == "__main__":
    settings = read_settings(OnlineAbSettings)
    try:
        app = create_app(settings)
    except RefusedDatabaseError as error:
        refuse(str(error))
    serve(app, settings)
