"""The server of one of the two models: `SERVE_MODEL=candidate python -m online_ab.arm`."""

from __future__ import annotations

from typing import Literal

from fastapi import FastAPI

from kit.inputs import Predictions, Records, answer
from kit.models import RefusedModelError, load, trained
from kit.settings import Settings, read_settings, refuse
from kit.web import make_app, serve

_TREES = {"current": 0, "candidate": 30}


class ArmSettings(Settings):
    """Which of the two."""

    model: Literal["current", "candidate"] = "current"


def create_app(settings: ArmSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = load(trained("wine", settings.data_dir, name=settings.model, trees=_TREES[settings.model]))
    app = make_app(f"online-ab-{settings.model}", settings)

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict with this model."""
        return answer(model, records)

    return app


if __name__ == "__main__":
    settings = read_settings(ArmSettings)
    try:
        app = create_app(settings)
    except RefusedModelError as error:
        refuse(str(error))
    serve(app, settings)
