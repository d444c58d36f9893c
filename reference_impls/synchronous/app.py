"""The server: each request has a deadline; a limited number runs in parallel, and others are rejected immediately."""

from __future__ import annotations

from fastapi import FastAPI, Request
from pydantic import Field

from kit.calls import RequestDeadline, use_deadlines
from kit.inputs import Predictions, Records, as_answer
from kit.models import Model, Prediction, load, refusing, trained
from kit.plain import warm_up
from kit.settings import Settings, read_settings, refuse
from kit.web import make_app, serve
from synchronous.room import LATE, Room


class SynchronousSettings(Settings):
    """Set `at_once` to about the number of cores; `wait_s` plus the slowest prediction must stay below `deadline_s`."""

    deadline_s: float = Field(1, gt=0, description="the default and the maximum deadline of a request")
    at_once: int = Field(2, ge=1)
    waiting: int = Field(8, ge=0)
    wait_s: float = Field(0.4, gt=0, description="how long a request may wait for a free slot")
    hung_s: float = Field(5, gt=0, description="/ready fails if every slot holds work that is late by as much")
    passes: int = Field(1, ge=1, description="how often the small model runs per request, to simulate a large one")


def create_app(model: Model, settings: SynchronousSettings) -> FastAPI:
    """Return the app that serves a model."""
    app = make_app("synchronous", settings, warm_up(model), lambda: room.problem(settings.hung_s))
    use_deadlines(app, settings.deadline_s)
    room = Room(settings.at_once, settings.waiting, settings.wait_s, app.state.metrics.registry)

    @app.post("/predict")
    async def predict(records: Records, deadline: RequestDeadline, request: Request) -> Predictions:
        """Predict the species of each flower, while the caller waits."""
        inputs = records.matrix(len(model.card.features))      # reject bad input before it takes a slot

        def work() -> list[Prediction]:
            for _ in range(settings.passes - 1):
                model.predict(inputs)
                deadline.check(LATE)           # late work can end here, and free its slot
            return model.predict(inputs)

        return as_answer(model, await room.run(work, deadline, request.is_disconnected))

    return app


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(SynchronousSettings)
    if settings.wait_s >= settings.deadline_s:
        refuse("SERVE_WAIT_S must be less than SERVE_DEADLINE_S: otherwise no time is left for the work")
    with refusing():
        model = load(trained("iris", settings.data_dir))
    serve(create_app(model, settings), settings)


if __name__ == "__main__":
    main()
