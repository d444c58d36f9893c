"""Leave out of a SARIF file what would be no alert: `alerts.py FROM TO`, run by the action before the upload.

GitHub's code scanning reads neither `suppressions` nor `kind` nor `baselineState`, and would show accepted findings,
open questions and what the baseline holds as alerts: the last as new ones after each rename. Its own list of what it
reads: docs.github.com, "SARIF support for code scanning". Needs nothing beside Python.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TypedDict


class Run(TypedDict):
    """A run of SARIF, as far as it matters here."""

    results: list[dict[str, object]]


def is_alert(result: dict[str, object]) -> bool:
    """Tell a finding from what is accepted, undecided, or in the baseline.

    >>> is_alert({"level": "error"}), is_alert({"kind": "open"}), is_alert({"suppressions": [{"kind": "inSource"}]})
    (True, False, False)
    >>> is_alert({"baselineState": "new"}), is_alert({"baselineState": "unchanged"})
    (True, False)
    """
    fails = result.get("kind", "fail") == "fail" and result.get("baselineState") != "unchanged"
    return fails and not result.get("suppressions")


def main(source: Path, target: Path) -> None:
    """Write the alerts of one file to another."""
    log = json.loads(source.read_text(encoding="utf-8"))
    runs: list[Run] = log["runs"]
    for run in runs:
        run["results"] = [result for result in run["results"] if is_alert(result)]
    target.write_text(json.dumps(log), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
