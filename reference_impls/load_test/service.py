"""A small service to be tested where none is named."""

from __future__ import annotations

from fastapi import FastAPI

from kit.inputs import Predictions, Records, answer
from kit.models import RefusedModelError, load, trained
from kit.settings import Settings, read_settings, refuse
from kit.web import make_app, serve


def create_app(settings: Settings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = load(trained("iris", settings.data_dir))
    app = make_app("load-test", settings)

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict the species of each flower."""
        return answer(model, records)

    return app


if __name__ == "__main__":
    settings = read_settings(Settings)
    try:
        app = create_app(settings)
    except RefusedModelError as error:
        refuse(str(error))
    serve(app, settings)
