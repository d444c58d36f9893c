"""The server of the new model; only copies come here."""

from __future__ import annotations

from fastapi import FastAPI

from kit.inputs import Predictions, Records, answer
from kit.models import RefusedModelError, load, trained
from kit.settings import Settings, read_settings, refuse
from kit.web import make_app, serve


def create_app(settings: Settings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = load(trained("breast_cancer", settings.data_dir, name="candidate", trees=30))
    app = make_app("shadow-ab-candidate", settings)

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict with the new model."""
        return answer(model, records)

    return app


if __name__ == "__main__":
    settings = read_settings(Settings)
    try:
        app = create_app(settings)
    except RefusedModelError as error:
        refuse(str(error))
    serve(app, settings)
