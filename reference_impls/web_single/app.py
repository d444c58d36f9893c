"""The API server, with FastAPI: the model is loaded before the first connection is accepted."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import Field

from kit.inputs import Predictions, Records, answer
from kit.models import load, refusing, trained
from kit.plain import warm_up
from kit.settings import Settings, read_settings
from kit.web import make_app, serve


class WebSingleSettings(Settings):
    """`digest`: if set, a model with another SHA-256 is not served.

    There are 40 threads: a request beyond `most_in_flight` would only wait for one, and its caller with it.
    """

    digest: str = ""
    most_in_flight: int = Field(40, ge=1)


def create_app(settings: WebSingleSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    model = load(trained("iris", settings.data_dir), settings.digest)
    app = make_app("web-single", settings, warm_up(model))

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict the species of each flower; not `async`, so that it does not block the event loop."""
        return answer(model, records)

    return app


def main() -> None:
    """Serve until SIGTERM, or exit with the reason."""
    settings = read_settings(WebSingleSettings)
    with refusing():
        app = create_app(settings)
    serve(app, settings)


if __name__ == "__main__":
    main()
