"""What gunicorn does when it is ready: say where."""

from __future__ import annotations

import os


def when_ready(_arbiter: object) -> None:
    """Print the address, once connections are accepted there."""
    if os.environ.get("ANNOUNCEMENT"):
        print(os.environ["ANNOUNCEMENT"], flush=True)
