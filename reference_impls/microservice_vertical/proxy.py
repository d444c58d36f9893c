"""The proxy: asks the stages in order, each with its part of the deadline; one that fails is named."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel, Field, HttpUrl

from kit.calls import Callee, RequestDeadline, closing, use_deadlines
from kit.inputs import Labelled, Predictions, Records
from kit.settings import Settings, read_settings
from kit.web import make_app, serve
from microservice_vertical.chain import PIXELS, sureness


class ProxySettings(Settings):
    """`first_share`: of what is left of the deadline, the first stage's part; without it, it could take all."""

    coarse: HttpUrl
    fine: HttpUrl
    deadline_s: float = Field(1, gt=0)
    first_share: float = Field(0.5, gt=0, lt=1)


class Chained(BaseModel):
    """What each stage said; `versions` are those of the models, in order."""

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
        """Name each digit: the group first, then, knowing it, the digit."""
        records.matrix(PIXELS)                 # the client's fault, not the first stage's
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
