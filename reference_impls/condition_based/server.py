"""A server of one model; each condition has one."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

from fastapi import FastAPI

from kit.inputs import Predictions, Records, answer
from kit.models import RefusedModelError, load, refusing, train
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

MODELS = ("eu", "eu-night", "world")


class ServerSettings(Settings):
    """`model` is the model that this process serves."""

    model: str


def create_app(settings: ServerSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model that must not be served."""
    if settings.model not in MODELS:
        raise RefusedModelError(f"SERVE_MODEL: unknown model {settings.model!r}; known models: {', '.join(MODELS)}")
    model = load(model_file(settings.data_dir, settings.model))
    app = make_app(f"server-{settings.model}", settings)

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict the species of each flower."""
        return answer(model, records)

    return app


def model_file(folder: Path, name: str) -> Path:
    """Return the model of a condition; if there is none, train it first, on its own part of the data."""
    path = folder / f"{name}.skops"
    return path if path.is_file() else train("iris", folder, name=name, seed=crc32(name.encode()))


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(ServerSettings)
    with refusing():
        app = create_app(settings)
    serve(app, settings)


if __name__ == "__main__":
    main()
