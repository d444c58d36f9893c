"""Hooks of gunicorn: print the address once a worker answers."""

from __future__ import annotations

import os
from typing import Protocol


class Worker(Protocol):
    """A worker process; the first one that is started has the age 1."""

    age: int


def post_worker_init(worker: Worker) -> None:
    """Print the address after the first worker has loaded the model: requests before that would only wait."""
    if worker.age == 1 and os.environ.get("ANNOUNCEMENT"):
        print(os.environ["ANNOUNCEMENT"], flush=True)
