"""What producer, processor and reader share: settings, and the form of an event."""

from __future__ import annotations

import time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kit.database import DatabaseSettings
from kit.inputs import Record
from kit.queues import QueueSettings

QUEUE = "measurements"
_AHEAD_S = 60.0


class StreamingSettings(QueueSettings, DatabaseSettings):
    """`window_s`: features are means over so many seconds of event time; an event may be late by as much.

    `processors` share the keys on Kafka, each with partitions of its own; one suffices for the embedded queue.
    """

    window_s: float = Field(default=600, gt=0)
    processors: int = Field(default=1, ge=1, le=8)


class Event(BaseModel):
    """One measurement of one plant; `id` is unique, so that a repeated event is recognised; `at` is its time.

    `at` is in seconds since 1970.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=100)
    key: str = Field(min_length=1, max_length=100)
    at: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    inputs: Annotated[list[Record], Field(min_length=1, max_length=1)]

    def is_ahead(self) -> bool:
        """Tell whether its time is yet to come: it would make all that follow late."""
        return self.at > time.time() + _AHEAD_S
