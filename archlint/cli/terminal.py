"""What the terminal can show: colour, hyperlinks and width."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from archlint.cli.streams import let_colors_through
from archlint.errors import ArchlintError

PLAIN_WIDTH = 100


def use_color(choice: str) -> bool:
    """Return whether to use colour. Without an option: on a terminal, unless NO_COLOR or FORCE_COLOR decide it."""
    on = _use_color(choice)
    let_colors_through(on)
    return on


def _use_color(choice: str) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def use_links() -> bool:
    """Return whether to write hyperlinks (OSC 8): only to a terminal that is known to support them.

    FORCE_HYPERLINK=1 and =0 override that. The terminals are those of npm's `supports-hyperlinks`.
    """
    forced = os.environ.get("FORCE_HYPERLINK")
    if not sys.stdout.isatty() or forced == "0" or os.environ.get("TERM") == "dumb":
        return False
    vte = os.environ.get("VTE_VERSION", "")
    linked = bool(
        forced
        or os.environ.get("TERM_PROGRAM") in {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "zed"}
        or os.environ.get("TERM") in {"xterm-kitty", "alacritty", "xterm-ghostty", "foot"}
        or {"WT_SESSION", "KONSOLE_VERSION", "DOMTERM"} & os.environ.keys()
        or (vte.isdecimal() and int(vte) >= 5000)
    )
    if linked:
        let_colors_through(True)
    return linked


def width(stream: TextIO | None = None) -> int:
    """Return the columns of all that is printed for people: those of the terminal, from 40 to 140; without one, 100.

    COLUMNS overrides the terminal of the stream, which is standard output unless another is given.
    """
    stream = stream or sys.stdout
    if not stream.isatty() and not os.environ.get("COLUMNS"):
        return PLAIN_WIDTH
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size(stream.fileno()).columns)
    except (ValueError, OSError):
        return PLAIN_WIDTH
    return max(40, min(140, columns or PLAIN_WIDTH))


def error_text(error: ArchlintError) -> str:
    """Return `error: ` with a message and its hint. A terminal gets wrapped lines; a log or a program, whole ones."""
    text = f"error: {error.full_text}"
    if not sys.stderr.isatty():
        return text
    from archlint.report.layout import hanging

    room = width(sys.stderr)
    rows = []
    for line in text.split("\n"):
        words = line.lstrip(" ")
        margin = len(line) - len(words)
        head, colon, rest = words.partition(": ") if words.startswith(("error: ", "hint: ")) else ("", "", words)
        rows += hanging(" " * margin + head + colon, rest, room, margin + 2, cut=False)
    return "\n".join(rows)
