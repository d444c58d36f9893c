"""Shared by the API and the processors: the settings, and the fields of an event."""

from __future__ import annotations

import time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kit.database import DatabaseSettings
from kit.inputs import Record, Storable
from kit.queues import QueueSettings

QUEUE = "measurements"
_AHEAD_S = 60.0


class StreamingSettings(QueueSettings, DatabaseSettings):
    """`window_s`: features are means over this many seconds of event time; events that are older are late.

    With Kafka, the `processors` share the keys, each with its own partitions. The embedded queue needs only one.
    """

    window_s: float = Field(default=600, gt=0)
    processors: int = Field(default=1, ge=1, le=8)


class Event(BaseModel):
    """One measurement of one plant; `id` is unique, so that a repeated event is recognised; `at` is its time.

    `at` is in seconds since 1970.
    """

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=100), Storable]
    key: Annotated[str, Field(min_length=1, max_length=100), Storable]
    at: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    inputs: Annotated[list[Record], Field(min_length=1, max_length=1)]

    def is_ahead(self) -> bool:
        """Return whether its time is in the future: it would make all later events late."""
        return self.at > time.time() + _AHEAD_S
