"""The proxy: reads the condition from the request, and calls the server of the model that the rules select."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Response
from prometheus_client import Counter
from pydantic import AwareDatetime, Field, HttpUrl, field_validator

from condition_based.rules import Rules, RulesError, read_rules
from kit.inputs import Records
from kit.settings import Settings, read_settings, refuse
from kit.tracing import propagate_async
from kit.web import make_app, serve

RULES = Path(__file__).with_name("rules.json")


class ConditionBasedSettings(Settings):
    """`servers` maps each model to the URL of its server, as JSON: `{"eu": "http://…"}`."""

    rules: Path = RULES
    servers: dict[str, HttpUrl]
    timeout_s: float = Field(2, gt=0)


class Request(Records):
    """Records, their region and their time; the default time is now."""

    region: Annotated[str, Field(min_length=1, max_length=64)]
    at: AwareDatetime | None = None

    @field_validator("at")
    @classmethod
    def _in_the_calendar(cls, at: AwareDatetime | None) -> AwareDatetime | None:
        """Reject a time that has no date in UTC."""
        try:
            return at.astimezone(UTC) if at is not None else None
        except OverflowError:
            raise ValueError("is outside the calendar") from None


def create_app(settings: ConditionBasedSettings, rules: Rules) -> FastAPI:
    """Return the app."""
    client = httpx.AsyncClient(timeout=settings.timeout_s, event_hooks={"request": [propagate_async]})

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await client.aclose()

    app = make_app("condition-based", settings, lifespan)
    registry = app.state.metrics.registry
    routed = Counter("routed_total", "Requests by rule.", ("rule", "model", "outcome"), registry=registry)

    @app.post("/predict")
    async def predict(asked: Request) -> Response:
        """Predict the species of each flower, with the model for its region and hour."""
        hour = (asked.at or datetime.now(UTC)).astimezone(UTC).hour
        chosen = rules.choose(asked.region, hour)
        if chosen is None:
            routed.labels("none", "none", "refused").inc()
            raise HTTPException(422, f"unknown region {asked.region!r}; known regions: {', '.join(rules.regions)}")
        rule, model = chosen
        try:
            url = f"{str(settings.servers[model]).rstrip('/')}/predict"
            answer = await client.post(url, json={"inputs": asked.inputs})
        except httpx.HTTPError as error:
            routed.labels(rule, model, "failed").inc()
            reason = f"the server of the model {model!r} does not answer: {type(error).__name__}"
            raise HTTPException(503, reason, {"Retry-After": "1"}) from None
        routed.labels(rule, model, "answered").inc()
        said = {"X-Rule": rule, "X-Model": model}
        return Response(answer.content, answer.status_code, said, media_type="application/json")

    @app.get("/rules")
    async def in_force() -> Rules:
        """Return the rules in force."""
        return rules

    return app


def main() -> None:
    """Serve until SIGTERM; rules that are wrong are refused."""
    settings = read_settings(ConditionBasedSettings)
    try:
        rules = read_rules(settings.rules, settings.servers)
    except RulesError as error:
        refuse(*error.reasons)
    serve(create_app(settings, rules), settings)


if __name__ == "__main__":
    main()
