"""The API server, with FastAPI: the model is loaded before the first connection is accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from kit.inputs import Predictions, Records, answer
from kit.models import RefusedModelError, load, trained
from kit.settings import Settings, read_settings, refuse
from kit.web import make_app, serve


class WebSingleSettings(Settings):
    """`digest`: where it is set, a model with another SHA-256 is not served."""

    digest: str = ""


def create_app(settings: WebSingleSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = load(trained("iris", settings.data_dir), settings.digest)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        model.predict(model_input)             # the first call is slow: let no caller pay for it
        yield

    model_input = Records(inputs=[[0.0] * len(model.card.features)]).matrix(len(model.card.features))
    app = make_app("web-single", settings, lifespan)

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict the species of each flower; not `async`, so that it runs beside the event loop."""
        return answer(model, records)

    return app


def main() -> None:
    """Serve until SIGTERM, or refuse to start."""
    settings = read_settings(WebSingleSettings)
    try:
        app = create_app(settings)
    except RefusedModelError as error:
        refuse(str(error))
    serve(app, settings)


if __name__ == "__main__":
    main()
