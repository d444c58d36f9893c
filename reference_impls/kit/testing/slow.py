"""A worker for the tests of the queues: its model needs as many seconds as the number in its input.

It records in a file when each prediction begins and ends: `began SECONDS TIME` and `ended SECONDS TIME`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray

from kit.database import DatabaseSettings
from kit.inputs import Records
from kit.models import Card, Floats, Model
from kit.outcomes import open_results
from kit.queues import QueueSettings, open_queue
from kit.queues.predicting import predicting
from kit.queues.working import make_worker
from kit.settings import read_settings
from kit.web import serve


class SlowSettings(QueueSettings, DatabaseSettings):
    """The settings of a queue and a result store."""


class Sleeper:
    """An estimator that sleeps for the sum of its input."""

    classes_: NDArray[np.int64] = np.array([0, 1])

    def __init__(self, notes: Path) -> None:
        self.notes = notes

    def predict_proba(self, inputs: Floats) -> Floats:
        """Sleep, and return the same probabilities for each record."""
        seconds = float(inputs.sum())
        self._note(f"began {seconds:g}")
        time.sleep(seconds)
        self._note(f"ended {seconds:g}")
        return np.tile([0.25, 0.75], (len(inputs), 1))

    def _note(self, line: str) -> None:
        with self.notes.open("a") as out:
            out.write(f"{line} {time.time()}\n")


def sleeping(notes: Path) -> Model:
    """Return a model that sleeps."""
    card = Card("sleeper", "1", "", ("seconds",), ("no", "yes"), ((0.0,) * 11,), (0.5, 0.5), 1.0, "test")
    return Model(card, Sleeper(notes))


def main(notes: Path, name: str) -> None:
    """Run the worker of a queue until SIGTERM."""
    settings = read_settings(SlowSettings)
    model, results, queue = sleeping(notes), open_results(settings), open_queue(settings, name)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with queue:
            registry = app.state.metrics.registry
            await queue.consume(predicting(model, results, registry, Records, policy=settings.policy))
            yield

    serve(make_worker("slow", settings, queue, lifespan), settings, settings.finish_s)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
