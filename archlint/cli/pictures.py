"""The diagrams that a report shows, drawn once the check is done, for the formats that show them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from archlint.api import STDIN, load_system
from archlint.diagram import draw, svg
from archlint.errors import ArchlintError
from archlint.linter import Options
from archlint.verdicts import FileReport, Report

MOST: Final = 50
"""A report on more systems has diagrams of the first ones only: each takes a layout of its own."""


def diagrams(report: Report, options: Options, stdin: tuple[bytes, str] | None) -> tuple[dict[str, str], list[str]]:
    """Return an SVG of each system by the name of its file, and what there is to say of those that have none."""
    drawn: dict[str, str] = {}
    notes: list[str] = []
    for file in report.files[:MOST]:
        try:
            drawn[file.key] = _drawn(file, options, stdin)
        except ArchlintError as error:
            notes.append(f"no diagram of {file.key}: {error.message}")
    if len(report.files) > MOST:
        notes.append(f"diagrams of the first {MOST} of {len(report.files):,} systems only; see `archlint render`")
    return drawn, list(dict.fromkeys(notes))


def _drawn(file: FileReport, options: Options, stdin: tuple[bytes, str] | None) -> str:
    data = stdin[0] if stdin is not None and file.file == (stdin[1] or STDIN) else None
    return svg(draw(load_system(Path(file.file), options, data, file.part), file))
