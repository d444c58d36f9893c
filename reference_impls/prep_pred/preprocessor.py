"""The preprocessor: prepares an image and calls the predictor. It runs no model and needs no model library."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, HttpUrl

from kit.calls import Callee, CallError, RequestDeadline, closing, use_deadlines
from kit.inputs import Predictions
from kit.settings import Settings, read_settings
from kit.web import make_app, serve
from prep_pred.preparation import Preparation
from prep_pred.prepared import Prepared


class PreprocessorSettings(Settings):
    """`levels` is part of the preprocessing: another value makes another version."""

    predictor: HttpUrl
    deadline_s: float = Field(1, gt=0)
    levels: int = Field(16, ge=2)


def create_app(settings: PreprocessorSettings) -> FastAPI:
    """Return the app."""
    preparation = Preparation(levels=settings.levels)
    predictor = Callee("predictor", str(settings.predictor))
    app = make_app("prep-pred", settings, lambda _app: closing(predictor))
    use_deadlines(app, settings.deadline_s)

    @app.post("/predict")
    async def predict(request: Request, deadline: RequestDeadline) -> Predictions:
        """Name the digit in an image, which is the body of the request."""
        features = await run_in_threadpool(preparation.features, await request.body())
        deadline.check("the deadline passed during preprocessing")
        prepared = Prepared(inputs=[features], prepared_by=preparation.version)
        try:
            return await predictor.ask("/predict", prepared, Predictions, deadline)
        except CallError as error:
            if error.status < 500:             # the predictor rejects our features, not the caller's image
                raise CallError("", str(error), 502) from None
            raise

    return app


if __name__ == "__main__":
    settings = read_settings(PreprocessorSettings)
    serve(create_app(settings), settings)
