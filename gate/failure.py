"""Report why the check wrote no report: the action runs `failure.py FOLDER`.

FOLDER has `errors.txt`, the standard error of the check. If there is no `check.md`, this writes one from it, and
prints an annotation for the run. Needs only Python.
"""

from __future__ import annotations

import sys
from pathlib import Path


def report_of(said: str) -> str:
    r"""Return the standard error of the check as Markdown, as a code block.

    >>> print(report_of("error: nothing to check\n  hint: name a file\n"))
    ## archlint could not check
    <BLANKLINE>
        error: nothing to check
          hint: name a file
    <BLANKLINE>
    """
    lines = "".join(f"    {line}\n" for line in said.splitlines())
    return f"## archlint could not check\n\n{lines}"


def annotation_of(said: str) -> str:
    r"""Return the standard error of the check as a workflow command, on one line.

    >>> annotation_of("error: 100% wrong\nhint: fix it")
    '::error title=archlint could not check::error: 100%25 wrong%0Ahint: fix it'
    """
    escaped = said.strip().replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::error title=archlint could not check::{escaped}"


def main(folder: Path) -> None:
    """Write the report if the check wrote none."""
    report = folder / "check.md"
    if not report.exists():
        said = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace") or "the check printed no error"
        report.write_text(report_of(said), encoding="utf-8")
        print(annotation_of(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
