"""The settings and models that both stages use."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from kit.database import DatabaseSettings
from kit.models import trained, trained_apart
from kit.queues import QueueSettings

QUEUE = "better"


class MultipleStageSettings(QueueSettings, DatabaseSettings):
    """`confirm_s` is short here, because the caller waits for the first answer until the queue confirms."""

    confirm_s: float = Field(default=0.5, gt=0, le=60)


def light_model(settings: MultipleStageSettings, *, apart: bool = False) -> Path:
    """Return the path of the model that answers first; `apart`: for a process that loads no model."""
    return (trained_apart if apart else trained)("iris", settings.data_dir, name="iris-light")


def heavy_model(settings: MultipleStageSettings, *, apart: bool = False) -> Path:
    """Return the path of the model that answers later: a forest, about a hundred times slower."""
    return (trained_apart if apart else trained)("iris", settings.data_dir, name="iris-heavy", trees=300)
