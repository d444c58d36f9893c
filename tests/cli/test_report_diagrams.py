"""The diagram in the HTML report: drawn by the command, of each system that was checked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from archlint.api import examine_targets
from archlint.cli.pictures import diagrams
from archlint.linter import Options
from tests.conftest import ROOT, Run

FAILING = ROOT / "examples" / "failing" / "all-in-one.yaml"


def pictures(page: str) -> dict[str, str]:
    """The SVG of each system of a report, by its name for readers who do not see it."""
    found = re.findall(r'<div class="tall">(<svg [^>]* aria-label="([^"]+)">.*?</svg>)', page, re.DOTALL)
    return {label: svg for svg, label in found}


def test_each_system_is_drawn_with_its_findings(archlint: Run, tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(FAILING.read_text().replace("system: ", f"system: {name[:3]}-", 1))
    done = archlint("check", "one.yaml", "two.yaml", "-o", "html:report.html", "-o", "text", "--exit-zero")
    assert (done.returncode, done.stderr) == (0, "")
    drawn = pictures((tmp_path / "report.html").read_text())
    assert list(drawn) == ["Architecture of one-video-recommendations", "Architecture of two-video-recommendations"]
    assert all("SRV002" in svg for svg in drawn.values())


def test_a_text_from_standard_input_is_drawn_too(archlint: Run, tmp_path: Path) -> None:
    for words in (("-",), ("-", "--stdin-filename", "shop.yaml")):
        done = archlint("check", *words, "-o", "html:report.html", "--exit-zero", stdin=FAILING.read_text())
        assert done.stderr == ""
        assert len(pictures((tmp_path / "report.html").read_text())) == 1


def test_findings_of_the_baseline_are_not_drawn(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(FAILING.read_text())
    assert archlint("baseline").returncode == 0
    assert archlint("check", "-o", "html:report.html").returncode == 0
    page = (tmp_path / "report.html").read_text()
    [svg] = pictures(page).values()
    assert "SRV002" not in svg
    assert "In the baseline (" in page


def test_without_a_layout_engine_the_report_has_none_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sysconfig.get_path", lambda *names: "/nowhere")
    drawn, notes = diagrams(*examine_targets([FAILING], Options(), None, 1))
    assert drawn == {}
    assert notes == [f"no diagram of {FAILING}: no layout engine is installed, so no picture can be drawn"]


COUNTED = """
import sys
from collections import Counter
from archlint.cli import main

opened = Counter()
sys.addaudithook(lambda event, args: opened.update([str(args[0])]) if event == "open" else None)
try:
    main()
finally:
    print(opened["arch.yaml"], opened["parts.yaml"], file=sys.stderr)
"""


@pytest.mark.parametrize("format_", ["json", "html"])
def test_a_report_with_diagrams_reads_each_file_once(format_: str, tmp_path: Path) -> None:
    text = FAILING.read_text()
    head, models = text.split("\nmodels:", 1)
    models, components = models.split("\ncomponents:", 1)
    (tmp_path / "arch.yaml").write_text(f"{head}\ninclude: [parts.yaml]\ncomponents:{components}")
    (tmp_path / "parts.yaml").write_text(f"models:{models}\n")
    words = ["check", "arch.yaml", "-o", f"{format_}:out", "--exit-zero"]
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr.split() == ["1", "1"]
    assert (tmp_path / "out").stat().st_size > 1_000


def test_systems_beyond_those_that_are_kept_have_no_diagram_and_that_is_said(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"arch{number}.yaml").write_text(FAILING.read_text())
    drawn, notes = diagrams(*examine_targets([tmp_path], Options(), None, 2))
    assert list(drawn) == [str(tmp_path / f"arch{number}.yaml") for number in range(2)]
    assert notes == ["only the first 2 of 3 systems have a diagram; use `archlint render` for the others"]
