"""The benchmark runs from end to end on tiny systems, and installs nothing; times are not tested."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.aims import aims
from benchmarks.processes import (
    Command,
    DidNotRunError,
    Measured,
    Ratio,
    Run,
    child_environment,
    least_peak_bytes,
    measure,
    run_once,
)  # fmt: skip
from benchmarks.results import Machine, Results
from benchmarks.tables import BEGIN, END, placed, render
from tests.conftest import ROOT

MACHINE = Machine("2026-11-22", "a processor", 2, "3.11", "Linux", 20.0, {"archlint": "0.1.0"})


def test_the_benchmark_measures_sizes(tmp_path: Path) -> None:
    written, tables = tmp_path / "speed.json", tmp_path / "speed.md"
    words = [
        *("--only", "size", "--sizes", "50,100", "--runs", "1", "--here"),
        *("--json", str(written), "--markdown", str(tables)),
    ]
    script = str(ROOT / "benchmarks" / "check_speed.py")
    call = [sys.executable, script, *words]
    done = subprocess.run(call, capture_output=True, text=True, check=True, timeout=300)
    results = json.loads(written.read_text(encoding="utf-8"))
    assert results["failures"] == {}
    assert [row["components"] for row in results["sizes"]] == [50, 100]
    for row in results["sizes"]:
        assert row["check_s"] > row["drain_s"] > 0
        assert row["peak_mb"] > 5
        assert len(row["over_drain"]) == 2
    assert all(aim["met"] is None for aim in results["aims"]), "no system of an aim's size was measured"
    assert tables.read_text(encoding="utf-8") == done.stdout


def test_a_command_that_does_not_run_is_said_and_never_guessed() -> None:
    commands = [
        Command("works", (sys.executable, "-c", "pass")),
        Command("falls over", (sys.executable, "-c", "import nothing_of_this_name"), None, frozenset({0, 1})),
        Command("is not there", ("/nothing/of/this/name",)),
        Command("ends otherwise", (sys.executable, "-c", "raise SystemExit(3)")),
    ]
    measured = measure(commands, 2, child_environment(), lambda text: None)
    assert len(measured["works"].runs) == 2
    assert "nothing_of_this_name" in measured["falls over"].failure
    assert "No such file" in measured["is not there"].failure
    assert "exit status 3" in measured["ends otherwise"].failure
    assert not measured["is not there"].runs


def test_children_write_byte_code_and_find_nothing_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", "/nothing/of/this/name")
    code = "import sys; print(sys.dont_write_bytecode, '/nothing/of/this/name' in sys.path)"
    run = run_once(Command("child", (sys.executable, "-c", code)), child_environment())
    assert run.printed.split() == ["False", "False"]


def test_the_peak_is_that_of_the_child() -> None:
    allocate = "data = bytearray(200_000_000); print(len(data))"
    run = run_once(Command("child", (sys.executable, "-c", allocate)), child_environment())
    assert 200_000_000 < run.peak_bytes < 1_000_000_000
    small = run_once(Command("small", (sys.executable, "-c", "pass")), child_environment())
    # A forked process starts with its parent's memory, and these tests may use much of it by now.
    assert small.peak_bytes < max(200_000_000, least_peak_bytes() + 1)
    assert 0 < least_peak_bytes() < 2_000_000_000


def test_what_a_command_says_last_is_why_it_did_not_run() -> None:
    farewell = Command("child", (sys.executable, "-c", "print('so long'); raise SystemExit(9)"))
    with pytest.raises(DidNotRunError) as caught:
        run_once(farewell, child_environment())
    assert "so long" in str(caught.value)


def test_a_ratio_compares_runs_of_one_round() -> None:
    slow_later = Measured((_run(1.0), _run(10.0), _run(100.0)))
    half = Measured((_run(0.5), _run(5.0), _run(50.0)))
    assert slow_later.over(half) == Ratio(2, 2)


def _run(wall_s: float) -> Run:
    return Run(wall_s, wall_s, 1, "")


def test_an_aim_that_was_not_measured_is_neither_met_nor_missed() -> None:
    results = Results(MACHINE, {"zizmor": "cannot be installed: no network"})
    assert all(aim.met is None and aim.by_clock is None for aim in aims(results))
    text = render(results)
    assert "- zizmor: cannot be installed: no network" in text
    assert "| 50,000 components at most 6 x of 10,000" in text


def test_tables_take_the_place_of_those_that_a_page_has() -> None:
    page = f"# Speed\n\n{BEGIN}old tables\n{END}\nWhat they say.\n"
    renewed = placed("new tables\n", page)
    assert "old tables" not in renewed
    assert renewed.index("# Speed") < renewed.index("new tables") < renewed.index("What they say.")
    assert placed("newest\n", renewed).count(BEGIN) == 1
    assert placed("new tables\n", "no marks") == "new tables\n"
    speed = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    assert placed("new tables\n", speed) != "new tables\n"


def test_an_aim_is_met_up_to_its_limit() -> None:
    met = {aim.aim: aim.met for aim in aims(Results(MACHINE, {}, growth=Ratio(6.0, 7.0)))}
    missed = {aim.aim: aim.met for aim in aims(Results(MACHINE, {}, growth=Ratio(6.01, 5.0)))}
    name = "50,000 components at most 6 x of 10,000"
    assert met[name] is True
    assert missed[name] is False
