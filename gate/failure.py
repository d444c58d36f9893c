"""Say why the check wrote no report: `failure.py FOLDER`, run by the action.

FOLDER holds `errors.txt`, what the check said on standard error. Where there is no `check.md`, that becomes one, and an
annotation of the run. Needs nothing beside Python.
"""

from __future__ import annotations

import sys
from pathlib import Path


def report_of(said: str) -> str:
    r"""Return what was said as Markdown, in which nothing of it is markup.

    >>> print(report_of("error: nothing to check\n  help: name a file\n"))
    ## archlint could not check
    <BLANKLINE>
        error: nothing to check
          help: name a file
    <BLANKLINE>
    """
    lines = "".join(f"    {line}\n" for line in said.splitlines())
    return f"## archlint could not check\n\n{lines}"


def annotation_of(said: str) -> str:
    r"""Return what was said as a command of the workflow, on one line.

    >>> annotation_of("error: 100% wrong\nhelp: mend it")
    '::error title=archlint could not check::error: 100%25 wrong%0Ahelp: mend it'
    """
    escaped = said.strip().replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::error title=archlint could not check::{escaped}"


def main(folder: Path) -> None:
    """Write the report that the check did not write."""
    report = folder / "check.md"
    if not report.exists():
        said = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace") or "it said nothing"
        report.write_text(report_of(said), encoding="utf-8")
        print(annotation_of(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
