"""How the text report looks."""

from __future__ import annotations

import msgspec


class TextOptions(msgspec.Struct, frozen=True):
    """How the text report looks.

    `width` is in columns. `quiet` leaves out the summary. `undecided`, `patterns`, `statistics` and
    `accepted` add a section each.
    """

    color: bool = False
    width: int = 100
    quiet: bool = False
    undecided: bool = False
    patterns: bool = False
    statistics: bool = False
    accepted: bool = False
