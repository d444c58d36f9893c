"""Progress of long commands: one line on standard error, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

_EVERY_S: Final = 0.2
_WIDTH: Final = 24


def progress(what: str, total: int) -> Callable[[int], None]:
    """Return a function that shows how much is done; it clears its line at the end."""
    if not sys.stderr.isatty():
        return lambda done: None
    shown = [0.0]

    def show(done: int) -> None:
        now = time.monotonic()
        if done >= total:
            _write("")
        elif now - shown[0] >= _EVERY_S:
            shown[0] = now
            bar = "#" * (_WIDTH * done // max(1, total))
            _write(f"{what} [{bar:<{_WIDTH}}] {done:,} of {total:,}")

    return show


def _write(line: str) -> None:
    """Replace the line; the stream itself would escape the codes for that."""
    sys.stderr.flush()
    sys.stderr.buffer.write(f"\r\x1b[K{line}".encode("ascii"))
    sys.stderr.buffer.flush()
