"""A server that does nothing but predict: what stands behind a front, or is put under load."""

from __future__ import annotations

from kit.inputs import Predictions, Records, answer
from kit.models import DataSet, RefusedModelError, load, trained
from kit.settings import Settings, refuse
from kit.web import make_app, serve


def serve_model(title: str, settings: Settings, data_set: DataSet, *, name: str = "", trees: int = 0) -> None:
    """Serve a model of the data folder, trained first where there is none, until SIGTERM; or refuse to start."""
    try:
        model = load(trained(data_set, settings.data_dir, name=name, trees=trees))
    except RefusedModelError as error:
        refuse(str(error))
    app = make_app(title, settings)

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict each record."""
        return answer(model, records)

    serve(app, settings)
