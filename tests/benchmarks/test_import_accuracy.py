"""The benchmark of imports: it runs a scorer twice, and writes its figures beside those of others."""

from __future__ import annotations

from pathlib import Path

import msgspec
from click.testing import CliRunner

from benchmarks.import_accuracy import PEERS, Figures, Scores, main
from tests.conftest import ROOT

FIGURES = Figures(2, 1.0, 0.95, 0.9, 1.0, 0.92, None, 0, 3, 0.5, 1, 20)
SCORER = """
import sys, pathlib
words = sys.argv[1:]
given = dict(zip(words[::2], words[1::2]))
assert pathlib.Path(given["--archlint"]).name == "archlint"
data = pathlib.Path(given["--truth"]).read_text()
pathlib.Path(given["--json"]).write_text(data.replace("0.92", "0.91") if "--renamed" in words else data)
"""


def test_the_tables_are_written_into_the_page(tmp_path: Path) -> None:
    truth, scorer, page = tmp_path / "truth.json", tmp_path / "scorer.py", tmp_path / "page.md"
    truth.write_bytes(msgspec.json.encode(Scores(FIGURES, {"compose": FIGURES, "k8s": FIGURES})))
    scorer.write_text(SCORER)
    page.write_text("# Page\n<!-- results: begin -->\nold\n<!-- results: end -->\nend\n")
    words = [str(tmp_path), str(truth), str(scorer), "--page", str(page)]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    text = page.read_text()
    assert "old" not in text
    assert text.startswith("# Page\n") and text.endswith("end\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    assert ["compose", "2", "1.00", "0.95", "0.90", "1.00", "0.92", "-", "0 of 3", "0.50", "1 of 20"] in rows
    assert ["**archlint**", "Compose", "0.92", "1.00", ""] in rows
    assert ["**archlint**, names replaced", "Kubernetes", "0.91", "1.00", ""] in rows
    assert all(list(peer) in rows for peer in PEERS)


def test_the_page_has_the_figures_of_a_run() -> None:
    text = (ROOT / "docs" / "import-accuracy.md").read_text()
    assert "| **all**" in text.partition("results: begin")[2]
