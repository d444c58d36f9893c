"""The front server: calls the model server through the breaker, and answers with a fallback if that fails."""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_client import Counter
from pydantic import Field, HttpUrl

from kit.calls import Callee, CallError, RequestDeadline, closing, use_deadlines
from kit.inputs import Labelled, Predictions, Records
from kit.models import Card, read_card, refusing
from kit.settings import Settings, read_settings, refuse
from kit.web import make_app, serve
from prediction_circuit_break.breaker import Breaker, TurnedAwayError


class FrontSettings(Settings):
    """`call_s` is the part of `deadline_s` for the model server: a failed call must leave time for the fallback."""

    server: HttpUrl
    deadline_s: float = Field(1, gt=0)
    call_s: float = Field(0.3, gt=0)
    failures: int = Field(3, ge=1, description="consecutive failures that open the breaker")
    open_s: float = Field(2, gt=0, description="how long it stays open before a test call")
    most_calls: int = Field(16, ge=1, description="the maximum of parallel calls")


class Answer(Predictions):
    """Predictions; with `fallback`, they are the most common class of the training data, and `reason` says why."""

    fallback: bool = False
    reason: str = ""


def create_app(card: Card, settings: FrontSettings) -> FastAPI:
    """Return the app; the fallback needs only the model's card, so it works even if everything else fails."""
    server = Callee("model", str(settings.server), retries=0, connect_s=settings.call_s)
    app = make_app(
        "prediction-circuit-break", settings, lambda _app: closing(server), detail=lambda: {"breaker": breaker.state}
    )
    use_deadlines(app, settings.deadline_s)
    registry = app.state.metrics.registry
    breaker = Breaker(settings.failures, settings.open_s, settings.most_calls, registry)
    fallbacks = Counter("fallbacks_total", "Answers that are fallbacks.", ("reason",), registry=registry)
    commonest = max(range(len(card.classes)), key=lambda i: card.shares[i])

    def fall_back(records: Records, reason: str) -> Answer:
        one = Labelled(label=card.classes[commonest], probability=card.shares[commonest])
        said = [one] * len(records.inputs)
        return Answer(model=card.name, version=card.version, predictions=said, fallback=True, reason=reason)

    @app.post("/predict")
    async def predict(records: Records, deadline: RequestDeadline) -> Answer:
        """Predict the species of each flower, or answer with the most common one."""
        records.matrix(len(card.features))     # bad input gets no fallback
        try:
            if deadline.left_s() < settings.call_s:            # a lack of time says nothing about the server
                raise TurnedAwayError("the remaining time is shorter than a call may take")
            said = await breaker.call(
                lambda: server.ask("/predict", records, Predictions, deadline.at_most(settings.call_s))
            )
        except TurnedAwayError as error:
            fallbacks.labels("turned away").inc()
            return fall_back(records, str(error))
        except CallError as error:
            if error.status < 500:
                raise
            fallbacks.labels("failed").inc()
            return fall_back(records, str(error))
        return Answer(model=said.model, version=said.version, predictions=said.predictions)

    return app


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(FrontSettings)
    if settings.call_s >= settings.deadline_s:
        refuse("SERVE_CALL_S must be less than SERVE_DEADLINE_S: otherwise no time is left for the fallback")
    with refusing():
        card = read_card(settings.data_dir / "iris.skops")
    serve(create_app(card, settings), settings)


if __name__ == "__main__":
    main()
