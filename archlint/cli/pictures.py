"""The diagrams of a report, drawn from the systems that the check read."""

from __future__ import annotations

from archlint.analysis.system import System
from archlint.diagram import Plan
from archlint.diagram.live import Live, live
from archlint.errors import ArchlintError
from archlint.verdicts import Report


def diagrams(report: Report, systems: dict[str, System]) -> tuple[dict[str, Live], list[str]]:
    """Return a picture of each system in `systems`, by the key of its report, and notes on systems without one.

    Each system is removed from `systems` after it is drawn, to free its memory.
    """
    drawn: dict[str, Live] = {}
    notes: list[str] = []
    missing = 0
    for file in report.files:
        system = systems.pop(file.key, None)
        if system is None:
            missing += 1
            continue
        try:
            drawn[file.key] = live(system, file, Plan(), for_window=False)
        except ArchlintError as error:
            notes.append(f"no diagram of {file.key}: {error.message}")
    if missing:
        shown, all_of_them = len(report.files) - missing, len(report.files)
        what = f"only the first {shown} of {all_of_them:,} systems have a diagram"
        notes.append(f"{what}; use `archlint render` for the others")
    return drawn, list(dict.fromkeys(notes))
