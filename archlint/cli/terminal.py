"""What the terminal can show: colour and width."""

from __future__ import annotations

import os
import sys

PLAIN_WIDTH = 100


def use_color(choice: str) -> bool:
    """Whether to colour: as asked; by itself where a terminal reads, unless NO_COLOR says no or FORCE_COLOR yes."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns to write in: the terminal's, at most 140; a fixed number where no terminal reads."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS"):
        return PLAIN_WIDTH
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size(sys.stdout.fileno()).columns)
    except (ValueError, OSError):
        return PLAIN_WIDTH
    return max(40, min(140, columns or PLAIN_WIDTH))
