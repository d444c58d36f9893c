"""Drains the events of a YAML file with the C parser, does nothing with them, and prints the seconds that it took.

The least that any reader of YAML on this parser needs: what archlint takes is given as a multiple of it.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from yaml._yaml import CParser
from yaml.events import StreamEndEvent


def drain(text: str) -> tuple[float, float]:
    """Seconds from the first event to the last: by the clock, and of the CPU in user mode."""
    start, start_user = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
    following = CParser(text).get_event
    while following().__class__ is not StreamEndEvent:
        pass
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_utime - start_user


if __name__ == "__main__":
    print(*drain(Path(sys.argv[1]).read_text(encoding="utf-8")))
