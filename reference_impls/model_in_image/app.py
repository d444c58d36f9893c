"""The API server: it serves the model in its image, and reports the tag of the release."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from prometheus_client import Info
from pydantic import BaseModel

from kit.inputs import Predictions, Records, answer
from kit.models import RefusedModelError, refusing
from kit.plain import warm_up
from kit.settings import Settings, read_settings
from kit.web import make_app, serve
from model_in_image.build import build
from model_in_image.release import open_release


class ModelInImageSettings(Settings):
    """`release_dir` is the folder of the release in the image; if it is not set, a release is built in `data_dir`.

    `tag`: if set, an image with another release does not start.
    """

    release_dir: Path | None = None
    tag: str = ""


class Version(BaseModel):
    """The release that answers."""

    tag: str
    model: str
    model_version: str
    model_digest: str
    code_digest: str
    made_with: str


def create_app(settings: ModelInImageSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` if the parts of the image do not belong together."""
    folder = settings.release_dir
    if folder is None:
        folder = settings.data_dir / "release"
        build(folder)
    release, model = open_release(folder)
    if settings.tag not in ("", release.tag):
        raise RefusedModelError(f"{folder}: contains release {release.tag}, but SERVE_TAG says {settings.tag}")
    app = make_app("model-in-image", settings, warm_up(model))
    info = Info("release", "The release that answers.", registry=app.state.metrics.registry)
    info.info({"tag": release.tag, "model_version": model.card.version})

    @app.get("/version")
    async def version() -> Version:
        """Return the versions of the code and the model that answer."""
        return Version(
            tag=release.tag, model=model.card.name, model_version=model.card.version, model_digest=release.model_digest,
            code_digest=release.code_digest, made_with=model.card.made_with,
        )  # fmt: skip

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict the species of each flower."""
        return answer(model, records)

    return app


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(ModelInImageSettings)
    with refusing():
        app = create_app(settings)
    serve(app, settings)


if __name__ == "__main__":
    main()
