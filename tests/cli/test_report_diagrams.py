"""The diagram in the HTML report: drawn by the command, of each system that was checked."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.cli.pictures import diagrams
from archlint.linter import Options
from tests.conftest import ROOT, Run

SICK = ROOT / "examples" / "failing" / "all-in-one.yaml"


def pictures(page: str) -> dict[str, str]:
    """The SVG of each system of a report, by the text that stands for it."""
    found = re.findall(r'<img alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)">', page)
    return {alt: base64.b64decode(data).decode() for alt, data in found}


def test_each_system_is_drawn_with_its_findings(archlint: Run, tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(SICK.read_text().replace("system: ", f"system: {name[:3]}-", 1))
    done = archlint("check", "one.yaml", "two.yaml", "-o", "html:report.html", "-o", "text", "--exit-zero")
    assert (done.returncode, done.stderr) == (0, "")
    drawn = pictures((tmp_path / "report.html").read_text())
    assert list(drawn) == ["Diagram of one-video-recommendations", "Diagram of two-video-recommendations"]
    assert all("SRV002" in svg for svg in drawn.values())


def test_a_text_from_standard_input_is_drawn_too(archlint: Run, tmp_path: Path) -> None:
    for words in (("-",), ("-", "--stdin-filename", "shop.yaml")):
        done = archlint("check", *words, "-o", "html:report.html", "--exit-zero", stdin=SICK.read_text())
        assert done.stderr == ""
        assert len(pictures((tmp_path / "report.html").read_text())) == 1


def test_findings_of_the_baseline_are_not_drawn(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(SICK.read_text())
    assert archlint("baseline").returncode == 0
    assert archlint("check", "-o", "html:report.html").returncode == 0
    page = (tmp_path / "report.html").read_text()
    [svg] = pictures(page).values()
    assert "SRV002" not in svg
    assert "In the baseline (" in page


def test_without_a_layout_engine_the_report_has_none_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sysconfig.get_path", lambda *names: "/nowhere")
    drawn, notes = diagrams(check_targets([SICK], Options()), Options(), None)
    assert drawn == {}
    assert notes == [f"no diagram of {SICK}: no layout engine is installed, so no picture can be drawn"]
