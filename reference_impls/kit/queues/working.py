"""A worker's app: `/ready` fails while a message is in hand for too long, and a gauge shows since when."""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_client import Gauge

from kit.queues.base import Queue
from kit.settings import Settings
from kit.web import Lifespan, make_app


def make_worker(title: str, settings: Settings, queue: Queue, lifespan: Lifespan) -> FastAPI:
    """Return the app of a worker that takes messages from a queue; its lifespan opens the queue."""
    app = make_app(title, settings, lifespan, queue.hand.overdue)
    gauge = Gauge(
        "message_in_hand_since_seconds", "When the message in hand was taken, in seconds since 1970; 0: none is.",
        registry=app.state.metrics.registry,
    )  # fmt: skip
    gauge.set_function(lambda: queue.hand.since)
    return app
