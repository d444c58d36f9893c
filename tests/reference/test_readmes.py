"""Some READMEs, tried as they say; `python benchmarks/readmes.py` tries all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.readmes import commands, tried

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["prediction-circuit-break", "web-single", "streaming"])
def test_a_pattern_starts_does_what_its_readme_says_and_stops(name: str, tmp_path: Path) -> None:
    assert tried(name, tmp_path) >= 3


def test_no_command_of_a_readme_touches_the_processes_of_others() -> None:
    for readme in (ROOT / "reference_impls").glob("*/README.md"):
        text = readme.read_text(encoding="utf-8")
        assert "pkill" not in text and "killall" not in text, readme
        assert commands(text), readme
