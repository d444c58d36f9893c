"""The API server: the model predicts, and the parameters decide the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from fastapi import Depends, FastAPI, HTTPException
from prometheus_client import Counter, Gauge
from pydantic import BaseModel, Field

from kit.inputs import Records
from kit.logs import configure_logs
from kit.models import Prediction, RefusedModelError, load, trained
from kit.settings import read_settings, refuse
from kit.tokens import AdminSettings, holder_of
from kit.watching import Watch
from kit.web import make_app, serve
from parameter_based.parameters import Change, Parameters, ParametersError, Switch

TITLE = "parameter-based"


class ParameterBasedSettings(AdminSettings):
    """`parameters` is the file that all replicas share, below `data_dir` or elsewhere; it is read every `watch_s`."""

    parameters: Path = Path("parameters.json")
    watch_s: float = Field(0.5, gt=0)


class Answered(BaseModel):
    """One answer, and its source: the model or the parameters."""

    label: str
    probability: float | None
    by: Literal["model", "parameters"]


class Answers(BaseModel):
    """The answer to each record, and the model's version."""

    version: str
    predictions: list[Answered]


class InForce(Change):
    """The parameters in force; if they are not those in the file, also the reason."""

    problem: str


def create_app(settings: ParameterBasedSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` or `ParametersError` if it must not start."""
    model = load(trained("iris", settings.data_dir))
    switch = Switch(settings.parameters, model.card.classes)
    watch = Watch("parameters", switch.look, settings.watch_s)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        watch.start()
        model.predict(Records(inputs=[[0.0] * len(model.card.features)]).matrix(len(model.card.features)))
        yield
        watch.stop()

    app = make_app(TITLE, settings, lifespan, watch.problem)
    registry = app.state.metrics.registry
    answered = Counter("answers_total", "Answered records, by source.", ("by",), registry=registry)
    enabled = Gauge("parameters_enabled", "Whether the model predicts.", registry=registry)
    enabled.set_function(lambda: float(switch.in_force.parameters.enabled))
    problem = Gauge("parameters_problem", "Whether the file is rejected.", registry=registry)
    problem.set_function(lambda: float(bool(switch.problem)))
    holder = Depends(holder_of(settings.admin_tokens))

    @app.post("/predict")
    def predict(records: Records) -> Answers:
        """Predict the species of each flower, within the limits of the parameters."""
        parameters = switch.in_force.parameters    # read once, so that one set answers the whole request
        inputs = records.matrix(len(model.card.features))
        if len(inputs) > parameters.most_records:
            raise HTTPException(422, f"a request may currently contain at most {parameters.most_records} records")
        if parameters.enabled:
            answers = [limited(prediction, parameters) for prediction in model.predict(inputs)]
        elif parameters.default_label is None:
            raise HTTPException(503, f"predictions are turned off: {parameters.reason}")
        else:
            answers = [Answered(label=parameters.default_label, probability=None, by="parameters")] * len(inputs)
        for one in answers:
            answered.labels(one.by).inc()
        return Answers(version=model.card.version, predictions=answers)

    @app.get("/parameters")
    def in_force() -> InForce:
        """Return the parameters in force in this process."""
        now = switch.in_force
        return InForce(parameters=now.parameters, by=now.by, at=now.at, problem=switch.problem)

    @app.put("/parameters")
    def change(new: Parameters, who: str = holder) -> Change:
        """Change the parameters of all processes; invalid ones are rejected and change nothing."""
        try:
            return switch.change(new, who)
        except ParametersError as error:
            raise HTTPException(422, str(error)) from None
        except OSError as error:
            raise HTTPException(503, f"the parameters cannot be written: {error.strerror}") from None

    return app


def limited(prediction: Prediction, parameters: Parameters) -> Answered:
    """Return the answer that the parameters allow for a prediction."""
    if prediction.probability < parameters.least_probability or prediction.label in parameters.withheld:
        return Answered(label=parameters.unsure_label, probability=None, by="parameters")
    return Answered(label=prediction.label, probability=prediction.probability, by="model")


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(ParameterBasedSettings)
    if not settings.parameters.is_absolute():
        settings = settings.model_copy(update={"parameters": settings.data_dir / settings.parameters})
    configure_logs(settings, TITLE)                # before the first parameters are read and logged
    try:
        app = create_app(settings)
    except (RefusedModelError, ParametersError) as error:
        refuse(str(error))
    serve(app, settings)


if __name__ == "__main__":
    main()
