"""The API: predicts, keeps the last records in a window, and reports their drift to Prometheus and at `/drift`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI
from prometheus_client import Counter, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pydantic import Field

from kit.inputs import Predictions, Records, as_answer
from kit.models import Card, Model, load, refusing, trained
from kit.settings import Settings, read_settings, refuse
from kit.web import make_app, serve
from prediction_monitoring.drift import STATES, Drift, Window, needed


class MonitoringSettings(Settings):
    """Drift is a difference of shares above `least`; the probability that it is due to chance is below `doubt`.

    Only the last `window` records are compared, and none older than `window_s`.
    """

    least: Annotated[float, Field(gt=0, lt=1)] = 0.15
    doubt: Annotated[float, Field(gt=0, lt=1)] = 0.001
    window: Annotated[int, Field(gt=0, le=100_000)] = 1000
    window_s: Annotated[float, Field(gt=0)] = 3600


class Watch:
    """The window of one service, and the training data to compare it with."""

    def __init__(self, card: Card, settings: MonitoringSettings) -> None:
        self._card, self._settings = card, settings
        self.window = Window(settings.window, settings.window_s)

    def judge(self) -> Drift:
        """Compare the window with the training data now."""
        return self.window.judge(self._card, self._settings.least, self._settings.doubt, time.monotonic())


class DriftCollector(Collector):
    """Compares the window with the training data at each request from Prometheus."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        """Yield the distance and the state of each signal, and the number of records."""
        drift = self._watch.judge()
        distances = GaugeMetricFamily("drift_distance", "Distance from the training data.", labels=["signal"])
        states = GaugeMetricFamily("drift_state", "1 for the current state.", labels=["signal", "state"])
        for one in drift.signals:
            distances.add_metric([one.name], one.distance)
            for state in STATES:
                states.add_metric([one.name, state], float(one.state == state))
        yield from (distances, states)
        yield GaugeMetricFamily("drift_records", "Records in the window.", value=drift.records)
        yield GaugeMetricFamily("drift_bound", "Possible error of a distance.", value=drift.bound)


def create_app(settings: MonitoringSettings, model: Model) -> FastAPI:
    """Return the app, which serves a model and monitors its inputs and predictions."""
    card = model.card

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        model.predict(Records(inputs=[[0.0] * len(card.features)]).matrix(len(card.features)))
        yield

    app = make_app("prediction-monitoring", settings, lifespan)
    registry = app.state.metrics.registry
    watch = Watch(card, settings)
    registry.register(DriftCollector(watch))
    labels = ("label", "version")
    made = Counter("predictions", "Predictions by class.", labels, registry=registry)
    for name in card.classes:
        made.labels(name, card.version)
    seconds = Histogram("prediction_seconds", "Time in the model.", ("version",), registry=registry)

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        """Predict, and add the records to the window."""
        matrix = records.matrix(len(card.features))
        with seconds.labels(card.version).time():
            predictions = model.predict(matrix)
        watch.window.add(matrix, [p.label for p in predictions], time.monotonic())
        for p in predictions:
            made.labels(p.label, card.version).inc()
        return as_answer(model, predictions)

    @app.get("/drift")
    def drift() -> Drift:
        """Return how the last records differ from the training data, with the reason for each signal."""
        return watch.judge()

    return app


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings(MonitoringSettings)
    with refusing():
        model = load(trained("iris", settings.data_dir))
    signals = len(model.card.features) + len(model.card.classes)
    enough = needed(signals, settings.doubt, settings.least)
    if settings.window < enough:
        refuse(f"SERVE_WINDOW: {settings.window} records are too few for {signals} signals; set at least {enough}")
    serve(create_app(settings, model), settings)


if __name__ == "__main__":
    main()
