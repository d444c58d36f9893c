"""What the terminal can show: colour, hyperlinks and width."""

from __future__ import annotations

import os
import sys

from archlint.cli.streams import let_colors_through

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


def width() -> int:
    """Return the number of columns: those of the terminal, at most 140; without a terminal, a fixed number."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS"):
        return PLAIN_WIDTH
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size(sys.stdout.fileno()).columns)
    except (ValueError, OSError):
        return PLAIN_WIDTH
    return max(40, min(140, columns or PLAIN_WIDTH))
