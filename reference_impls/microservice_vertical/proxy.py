"""The proxy: calls the stages in order, each with its part of the deadline; an error names the stage that failed."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel, Field, HttpUrl

from kit.calls import Callee, RequestDeadline, closing, use_deadlines
from kit.inputs import Labelled, Predictions, Records
from kit.settings import Settings, read_settings
from kit.web import make_app, serve
from microservice_vertical.chain import PIXELS, sureness


class ProxySettings(Settings):
    """`first_share` is the first stage's share of the deadline; without it, that stage could use all of it."""

    coarse: HttpUrl
    fine: HttpUrl
    deadline_s: float = Field(1, gt=0)
    first_share: float = Field(0.5, gt=0, lt=1)


class Chained(BaseModel):
    """The answers of the stages; `versions` are the models' versions, in order."""

    versions: list[str]
    groups: list[Labelled]
    predictions: list[Labelled]


def create_app(settings: ProxySettings) -> FastAPI:
    """Return the app."""
    coarse, fine = Callee("coarse", str(settings.coarse)), Callee("fine", str(settings.fine))
    app = make_app("microservice-vertical", settings, lambda _app: closing(coarse, fine))
    use_deadlines(app, settings.deadline_s)

    @app.post("/predict")
    async def predict(records: Records, deadline: RequestDeadline) -> Chained:
        """Predict each digit: first its group, then the digit."""
        records.matrix(PIXELS)                 # bad input is the client's fault, not the first stage's
        first = deadline.at_most(deadline.left_s() * settings.first_share)
        groups = await coarse.ask("/predict", records, Predictions, first)
        pairs = zip(records.inputs, groups.predictions, strict=True)
        behind = Records(inputs=[[*record, *sureness(said)] for record, said in pairs])
        digits = await fine.ask("/predict", behind, Predictions, deadline)
        versions = [groups.version, digits.version]
        return Chained(versions=versions, groups=groups.predictions, predictions=digits.predictions)

    return app


if __name__ == "__main__":
    settings = read_settings(ProxySettings)
    serve(create_app(settings), settings)
