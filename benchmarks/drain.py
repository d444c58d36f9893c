"""Drains the events of a YAML file with the C parser, does nothing with them, and prints the seconds it took.

The least that any reader of YAML on this parser needs: what archlint takes is given as a multiple of it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from yaml._yaml import CParser
from yaml.events import StreamEndEvent


def drain(text: str) -> float:
    """Seconds from the first event to the last.

    >>> drain("archlint: 1") < 1
    True
    """
    start = time.perf_counter()
    following = CParser(text).get_event
    while following().__class__ is not StreamEndEvent:
        pass
    return time.perf_counter() - start


if __name__ == "__main__":
    print(drain(Path(sys.argv[1]).read_text(encoding="utf-8")))
