"""The server of the small model."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from kit.inputs import Predictions, Records, answer
from kit.settings import Settings
from kit.web import make_app
from smaller_model.small import load_small


def create_app(settings: Settings, path: Path) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = load_small(path)
    app = make_app("smaller-model", settings)

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict the digit of each image."""
        return answer(model, records)

    return app
