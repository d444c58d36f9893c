"""Drains the events of a YAML file with the C parser, ignores them, and prints the seconds.

This is the minimum for any YAML reader with this parser: archlint's time is reported as a multiple of it.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from yaml._yaml import CParser
from yaml.events import StreamEndEvent


def drain(text: str) -> tuple[float, float]:
    """Return the seconds from the first event to the last: elapsed time, and CPU time in user mode."""
    start, start_user = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
    following = CParser(text).get_event
    while following().__class__ is not StreamEndEvent:
        pass
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_utime - start_user


if __name__ == "__main__":
    print(*drain(Path(sys.argv[1]).read_text(encoding="utf-8")))
