"""The predictor: runs the model, but only on features from the preprocessing that it was released with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import FastAPI, HTTPException
from pydantic import Field

from kit.calls import RequestDeadline, use_deadlines
from kit.inputs import Predictions, answer
from kit.models import Model, RefusedModelError, load
from kit.plain import warm_up
from kit.settings import Settings, read_settings, refuse
from kit.web import make_app, serve
from prep_pred.prepared import Prepared

MODEL: Final = "digits"
PAIR: Final = "preparation.version"


class PredictorSettings(Settings):
    """`deadline_s` applies if the caller sends no deadline."""

    deadline_s: float = Field(1, gt=0)


def read_release(folder: Path) -> tuple[Model, str]:
    """Return a release: the model, and the version of the preprocessing that it was trained with.

    Raises `RefusedModelError` if one of them is missing, or if the model must not be served.
    """
    model = load(folder / f"{MODEL}.skops")
    try:
        return model, (folder / PAIR).read_text().strip()
    except OSError as error:
        raise RefusedModelError(f"{folder / PAIR}: cannot be read: {error.strerror}") from None


def create_app(model: Model, preparation: str, settings: PredictorSettings) -> FastAPI:
    """Return the app that serves a model for features of one version of the preprocessing."""
    app = make_app("predictor", settings, warm_up(model))
    use_deadlines(app, settings.deadline_s)

    @app.post("/predict")
    def predict(prepared: Prepared, deadline: RequestDeadline) -> Predictions:
        """Predict; 409 for features of another version, because the model would give wrong answers for them."""
        if prepared.prepared_by != preparation:
            raise HTTPException(
                409,
                f"the inputs come from preprocessing {prepared.prepared_by[:40]}, but model {model.card.version} "
                f"was trained with {preparation}: release the two as a pair",
            )
        deadline.check()
        return answer(model, prepared)

    return app


if __name__ == "__main__":
    settings = read_settings(PredictorSettings)
    try:
        app = create_app(*read_release(settings.data_dir), settings)
    except RefusedModelError as error:
        refuse(f"{error}; create a release with `python -m prep_pred.release`")
    serve(app, settings)
