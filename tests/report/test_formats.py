"""The table of formats."""

import json
import subprocess
import sys

from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from archlint.report.text import render_text

from .samples import WHOLE


def test_each_format_renders_a_whole_report() -> None:
    options = ReportOptions(width=72)
    assert FORMATS["text"](WHOLE, options) == render_text(WHOLE, options)
    assert json.loads(FORMATS["json"](WHOLE, options))["version"] == 1


def test_every_format_ends_its_last_line() -> None:
    for name, render in FORMATS.items():
        text = render(WHOLE, ReportOptions())
        assert text.endswith("\n"), name
        assert not text.endswith("\n\n"), name


def test_a_format_is_loaded_when_it_is_asked_for() -> None:
    code = "import sys, archlint.report; print(*(m for m in sys.modules if m.startswith('archlint.report.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
