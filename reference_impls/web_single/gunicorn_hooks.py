"""Hooks of gunicorn: print the address when it is ready."""

from __future__ import annotations

import os


def when_ready(_arbiter: object) -> None:
    """Print the address after gunicorn accepts connections."""
    if os.environ.get("ANNOUNCEMENT"):
        print(os.environ["ANNOUNCEMENT"], flush=True)
