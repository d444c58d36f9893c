"""A server of one model, for patterns whose idea lies in front of it: `python -m kit.model_server NAME`.

The model is the file of that name in `SERVE_DATA_DIR`; where there is none, it is trained first.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import Field

from kit.calls import RequestDeadline, use_deadlines
from kit.inputs import Predictions, Records, answer
from kit.models import DataSet, Model, RefusedModelError, load, trained
from kit.settings import Settings, read_settings, refuse
from kit.web import make_app, serve


class ModelServerSettings(Settings):
    """What is trained where there is no model yet, and how long a request may take where its caller does not say."""

    data_set: DataSet = "iris"
    deadline_s: float = Field(2, gt=0)


def create_app(model: Model, settings: ModelServerSettings) -> FastAPI:
    """Return the app that serves a model."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        answer(model, Records(inputs=[[0.0] * len(model.card.features)]))      # the first call is slow
        yield

    app = make_app(model.card.name, settings, lifespan)
    use_deadlines(app, settings.deadline_s)

    @app.post("/predict")
    def predict(records: Records, deadline: RequestDeadline) -> Predictions:
        """Predict; in a thread, beside the event loop."""
        deadline.check()                       # it may have waited for its thread
        return answer(model, records)

    return app


def main() -> None:
    """Serve the model of the name on the command line."""
    parser = argparse.ArgumentParser("kit.model_server", description=__doc__)
    parser.add_argument("name", help="of the model: its file is NAME.skops")
    name: str = parser.parse_args().name
    if not name.isidentifier():
        parser.error("the name of a model takes letters, digits and _, and starts with a letter")
    settings = read_settings(ModelServerSettings)
    try:
        model = load(trained(settings.data_set, settings.data_dir, name=name))
    except RefusedModelError as error:
        refuse(str(error))
    serve(create_app(model, settings), settings)


if __name__ == "__main__":
    main()
