"""Options of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from archlint.diagram.live import Live


class TextOptions(msgspec.Struct, frozen=True):
    """Options of the text report.

    `width` is in columns. `quiet` leaves out the summary, but not a baseline that fails the check.
    `undecided`, `patterns`, `statistics` and `accepted` add a section each. Without `all`, the first ten findings are
    shown and the others counted. `verbose` shows the origin of each term, and every place. `links` makes rules and
    patterns hyperlinks to their pages: only for terminals that support them.
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
    """Options of all formats.

    `root` is the folder, absolute and with forward slashes, that the paths of the report are made relative to;
    empty leaves them unchanged. `exit_status` is the exit status of the call, if known.
    `diagrams` has the picture of each system that has one, by `FileReport.key`. `version` is the version of archlint.
    `run_id` and `run_properties` name the run of a pipeline, for SARIF.
    """

    root: str = ""
    exit_status: int | None = None
    diagrams: dict[str, Live] = {}
    version: str = ""
    run_id: str = ""
    run_properties: dict[str, str] = {}
