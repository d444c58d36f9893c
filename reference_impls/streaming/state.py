"""The processor's state: the events in each key's window and its newest prediction, updated in one transaction.

An event is acknowledged after that transaction. If a processor dies in between, the event is delivered again; its id is
known, so it changes nothing. Each event is counted once, whatever the queue repeats.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sqlalchemy import Column, Connection, Engine, Float, Integer, MetaData, String, Table, Text, case, delete, select
from sqlalchemy import update as change

from kit.database import create_tables, put, reading, writing
from kit.models import Floats, Prediction
from streaming.settings import Event

Fate = Literal["counted", "repeated", "late"]
_METADATA = MetaData()
_KEYS = Table("plants", _METADATA, Column("key", String(100), primary_key=True), Column("newest", Float(53)))
_EVENTS = Table(
    "events", _METADATA,
    Column("key", String(100), primary_key=True), Column("id", String(100), primary_key=True),
    Column("at", Float(53), index=True), Column("inputs", Text),
)  # fmt: skip
_NEWEST = Table(
    "newest", _METADATA,
    Column("key", String(100), primary_key=True), Column("at", Float(53)), Column("made", Float(53)),
    Column("events", Integer), Column("label", String(100)), Column("probability", Float(53)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest prediction of a key: `at` is the time of its newest event, `made` the time of the prediction.

    Both are in seconds since 1970; `events` is the number of events in the window.
    """

    key: str
    at: float
    made: float
    events: int
    label: str
    probability: float


class State:
    """The state in a database; its methods block, and raise `SQLAlchemyError` if the database fails."""

    def __init__(self, engine: Engine, window_s: float) -> None:
        self.engine = engine
        self.window_s = window_s

    def create(self) -> None:
        """Create the tables that are missing; raises `RefusedDatabaseError`."""
        create_tables(self.engine, _METADATA)

    def newest(self, key: str) -> Newest | None:
        """Return the newest prediction of a key."""
        with reading(self.engine) as connection:
            row = connection.execute(select(_NEWEST).where(_NEWEST.c.key == key)).one_or_none()
        return Newest(*row) if row is not None else None

    def count(self, event: Event, predict: Callable[[Floats], Prediction]) -> Fate:
        """Add an event to its key's window, predict, and store both; do nothing if the event is late or repeated.

        `predict` gets the mean of each feature over the window, shape (1, features).
        """
        with writing(self.engine) as connection:
            newest = self._newest_time(connection, event)
            if event.at <= newest - self.window_s:
                return "late"                      # the window has moved on, and its ids are deleted
            this = (_EVENTS.c.key == event.key) & (_EVENTS.c.id == event.id)
            if connection.execute(select(_EVENTS.c.id).where(this)).first() is not None:
                return "repeated"
            row = {"key": event.key, "id": event.id, "at": event.at, "inputs": json.dumps(event.inputs[0])}
            put(connection, _EVENTS, [row], replace=False)
            old = _EVENTS.c.at <= newest - self.window_s
            connection.execute(delete(_EVENTS).where(_EVENTS.c.key == event.key, old))
            window = self._window(connection, event.key)
            made = predict(window.mean(axis=0, keepdims=True))
            row = {"key": event.key, "at": newest, "made": time.time(), "events": len(window),
                   "label": made.label, "probability": made.probability}  # fmt: skip
            put(connection, _NEWEST, [row], replace=True)
            return "counted"

    def _newest_time(self, connection: Connection, event: Event) -> float:
        """Return the time of a key's newest event, including this one; lock the key until the commit."""
        put(connection, _KEYS, [{"key": event.key, "newest": event.at}], replace=False)
        later = case((_KEYS.c.newest < event.at, event.at), else_=_KEYS.c.newest)
        connection.execute(change(_KEYS).where(_KEYS.c.key == event.key).values(newest=later))
        return float(connection.execute(select(_KEYS.c.newest).where(_KEYS.c.key == event.key)).scalar_one())

    def _window(self, connection: Connection, key: str) -> Floats:
        rows = connection.execute(select(_EVENTS.c.inputs).where(_EVENTS.c.key == key)).scalars().all()
        return np.array([json.loads(row) for row in rows], dtype=np.float64)
