"""Helpers for the tests of baselines."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

NAME = "archlint-baseline.jsonl"


def findings(done: CompletedProcess[str]) -> list[tuple[str, str, int]]:
    return [(one["rule"], one["at"], one["line"]) for one in json.loads(done.stdout)["findings"]]


def flat(done: CompletedProcess[str]) -> str:
    """An output without line breaks."""
    return " ".join((done.stdout + done.stderr).split())


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
