"""How reports look."""

from __future__ import annotations

import msgspec


class TextOptions(msgspec.Struct, frozen=True):
    """How the text report looks.

    `width` is in columns. `quiet` leaves out the summary, but not a baseline that fails the check.
    `undecided`, `patterns`, `statistics` and `accepted` add a section each. Without `all`, the first ten findings are
    shown and the others counted. `verbose` shows where each term comes from, and every place. `links` marks rules and
    patterns as hyperlinks to their pages: only for a terminal that supports it.
    """

    color: bool = False
    width: int = 100
    quiet: bool = False
    undecided: bool = False
    patterns: bool = False
    statistics: bool = False
    accepted: bool = False
    all: bool = False
    verbose: bool = False
    links: bool = False


class ReportOptions(TextOptions, frozen=True):
    """What other formats use as well.

    `root` is the folder, absolute and with forward slashes, that the paths of the report are made relative to;
    empty leaves them as they were named. `exit_status` is what the call ends with, where that is known.
    `diagrams` holds an SVG for each system that has one, by the name of the file that was checked. `version` is that
    of archlint, for the formats that name it. `run_id` and `run_properties` name the run of a pipeline, for SARIF.
    """

    root: str = ""
    exit_status: int | None = None
    diagrams: dict[str, str] = {}
    version: str = ""
    run_id: str = ""
    run_properties: dict[str, str] = {}
