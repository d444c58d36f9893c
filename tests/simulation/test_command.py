"""The command, as it is run; and its options, without a process each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from archlint.cli.app import run_app
from archlint.errors import UsageError
from tests.simulation.systems import SHOP


@pytest.fixture
def shop(tmp_path: Path) -> str:
    path = tmp_path / "arch.yaml"
    path.write_text(SHOP)
    return str(path)


def test_a_process_writes_text_and_files(shop: str, tmp_path: Path) -> None:
    words = ["simulate", shop, "--requests", "4000", "-o", "text", "-o", "json:a.json", "-o", "csv:a.csv"]
    command = [sys.executable, "-m", "archlint", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("shop, simulated at the mean rates")
    assert json.loads((tmp_path / "a.json").read_text())["system"] == "shop"
    assert (tmp_path / "a.csv").read_text().startswith("workload,queue,start_s")
    assert not done.stderr


def test_facts_can_be_set(shop: str, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", shop, "--requests", "4000", "-w", "search", "--set", "components.ranking.replicas=9"]
    assert run_app(words) == 0
    row = next(line for line in capfd.readouterr().out.splitlines() if line.startswith("ranking "))
    assert row.split()[1] == "9"


WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None
from importlib import util
found = util.find_spec
util.find_spec = lambda name, package=None: None if name == "numpy" else found(name, package)
from archlint.cli import main
main()
"""


def test_without_numpy_the_output_is_the_same_and_a_note_names_the_extra(shop: str) -> None:
    words = [shop, "-w", "search", "--requests", "260000", "-o", "json"]
    plain, fast = (
        subprocess.run([sys.executable, *call, "simulate", *words], capture_output=True, text=True, check=True, timeout=100)
        for call in (["-c", WITHOUT_NUMPY], ["-m", "archlint"])
    )
    assert plain.stdout == fast.stdout
    assert plain.stderr == "note: this is several times faster with NumPy: pip install 'archlint-ml[simulate]'\n"
    assert not fast.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--load never", "`never` is no load"), ("--load 0", "`0` is no load"), ("--load nan", "`nan` is no load"),
        ("--outage tagging", "`tagging`"), ("--outage tagging/0:5s", "is no outage"), ("--outage :5s", "is no outage"),
        ("--outage nothing:5s", "no request comes to a component `nothing`"), ("--precision 0", "is no precision"),
        ("--requests 500 --precision 5%", "exclude each other"), ("-w none", "no workload `none`"),
        ("--requests 5", "5 is not in the range"), ("--outage tagging/9:5s", "has 6 replicas, not 9"),
    ],
)  # fmt: skip
def test_wrong_options_are_errors_that_say_what_is_right(shop: str, words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run_app(["simulate", shop, *words.split()])
