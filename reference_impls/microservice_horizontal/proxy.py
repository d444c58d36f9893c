"""The proxy: calls the servers of all models of a request in parallel, and merges the answers that arrive in time."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import FastAPI
from prometheus_client import Counter
from pydantic import BaseModel, Field, HttpUrl, RootModel

from kit.calls import REFUSALS, Callee, CallError, Deadline, RequestDeadline, closing, use_deadlines
from kit.inputs import Predictions, Records, UnfitInputError
from kit.settings import Settings, read_settings
from kit.web import make_app, serve


class ProxySettings(Settings):
    """`models` maps each model to the URL of its server, as JSON: `{"iris": "http://iris:8000"}`."""

    models: dict[str, HttpUrl] = Field(min_length=1)
    deadline_s: float = Field(1, gt=0)


class Question(RootModel[Annotated[dict[str, Records], Field(min_length=1)]]):
    """The records for each requested model."""


class Merged(BaseModel):
    """The answers by model, and the reason for each missing one."""

    partial: bool
    predictions: dict[str, Predictions]
    missing: dict[str, str]


def create_app(settings: ProxySettings) -> FastAPI:
    """Return the app."""
    servers = {name: Callee(name, str(url)) for name, url in settings.models.items()}
    app = make_app("microservice-horizontal", settings, lambda _app: closing(*servers.values()))
    use_deadlines(app, settings.deadline_s)
    missing = Counter("missing_total", "Missing predictions.", ("model", "status"),
                      registry=app.state.metrics.registry)  # fmt: skip

    async def ask(name: str, records: Records, deadline: Deadline) -> Predictions | CallError:
        try:
            return await servers[name].ask("/predict", records, Predictions, deadline)
        except CallError as error:
            missing.labels(name, str(error.status)).inc()
            return error

    @app.post("/predict")
    async def predict(question: Question, deadline: RequestDeadline) -> Merged:
        """Call all named models; if one fails, only its own part of the answer is missing."""
        unknown = sorted(question.root.keys() - servers.keys())
        if unknown:
            raise UnfitInputError(f"unknown model {unknown[0][:40]!r}; known models: {', '.join(sorted(servers))}")
        answers = await asyncio.gather(*(ask(name, records, deadline) for name, records in question.root.items()))
        return merge(dict(zip(question.root, answers, strict=True)))

    return app


def merge(answers: dict[str, Predictions | CallError]) -> Merged:
    """Merge the answers; if there is none, raise `CallError` with all reasons.

    Its status is 422 if all models rejected their input, 504 if none answered in time, and 503 otherwise.
    """
    predictions = {name: answer for name, answer in answers.items() if isinstance(answer, Predictions)}
    errors = {name: answer for name, answer in answers.items() if isinstance(answer, CallError)}
    if not predictions:
        statuses = {error.status for error in errors.values()}
        status = 422 if statuses <= REFUSALS else 504 if statuses == {504} else 503
        raise CallError("", "; ".join(str(error) for error in errors.values()), status)
    return Merged(
        partial=bool(errors), predictions=predictions, missing={name: str(error) for name, error in errors.items()}
    )


if __name__ == "__main__":
    settings = read_settings(ProxySettings)
    serve(create_app(settings), settings)
