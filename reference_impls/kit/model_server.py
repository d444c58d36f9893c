"""A server of one model, for patterns that differ only in front of it: `python -m kit.model_server NAME`.

The model is the file of that name in `SERVE_DATA_DIR`; if there is none, it is trained first.
"""

from __future__ import annotations

import argparse

from fastapi import FastAPI
from pydantic import Field

from kit.calls import RequestDeadline, use_deadlines
from kit.inputs import Predictions, Records, answer
from kit.models import DataSet, Model, load, refusing, trained
from kit.plain import warm_up
from kit.settings import Settings, read_settings
from kit.web import make_app, serve


class ModelServerSettings(Settings):
    """The model to train if there is none yet, and the default deadline of a request."""

    data_set: DataSet = "iris"
    deadline_s: float = Field(2, gt=0)
    most_in_flight: int = Field(40, ge=1)                  # one for each thread


def create_app(model: Model, settings: ModelServerSettings) -> FastAPI:
    """Return the app that serves a model."""
    app = make_app(model.card.name, settings, warm_up(model))
    use_deadlines(app, settings.deadline_s)

    @app.post("/predict")
    def predict(records: Records, deadline: RequestDeadline) -> Predictions:
        """Predict, in a thread outside the event loop."""
        deadline.check()                       # it may have waited for a thread
        return answer(model, records)

    return app


def main() -> None:
    """Serve the model of the name on the command line."""
    parser = argparse.ArgumentParser("kit.model_server", description=__doc__)
    parser.add_argument("name", help="the name of the model; its file is NAME.skops")
    name: str = parser.parse_args().name
    if not name.isidentifier():
        parser.error("the name of a model must start with a letter, and contain only letters, digits and _")
    settings = read_settings(ModelServerSettings)
    with refusing():
        model = load(trained(settings.data_set, settings.data_dir, name=name))
    serve(create_app(model, settings), settings)


if __name__ == "__main__":
    main()
