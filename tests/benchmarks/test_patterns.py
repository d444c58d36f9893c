"""The benchmark of the patterns: its results for samples, and a short run with real services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.serving import runs, subjects
from benchmarks.serving.faults import summed_up
from benchmarks.serving.stories import REPEATS, asked_images
from kit.load import Call, Plan, Record, Samples, summary
from tests.conftest import ROOT


def samples(lost_from_s: float, lost_to_s: float) -> Samples:
    """Ten requests per second for ten seconds, answered in 10 ms except for those due in an interval."""
    due = np.arange(0, 10, 0.1)
    status = np.where((due >= lost_from_s) & (due < lost_to_s), 0, 200)
    return Samples(due, due, np.full(len(due), 0.01), status)


def test_an_episode_says_what_was_lost_and_for_how_long() -> None:
    seen = samples(4.0, 6.0)
    record = summary(10, seen, Counter())
    episode = summed_up("all in one", "digits crashes", 4.0, record, seen)
    assert episode.lost == 20
    assert episode.lost_for_s == pytest.approx(1.9)
    assert [second.lost for second in episode.seconds] == [0, 0, 0, 0, 10, 10, 0, 0, 0, 0]
    assert episode.calm_p99_s == pytest.approx(0.01)


def test_an_event_that_costs_nothing_lost_nothing() -> None:
    seen = samples(99, 99)
    episode = summed_up("one server per model", "digits crashes", 4.0, summary(10, seen, Counter()), seen)
    assert (episode.lost, episode.lost_for_s) == (0, 0.0)


def record(lateness_p99: float, p50: float = 0.01) -> Record:
    seen = samples(99, 99)
    late = Samples(seen.due_s, seen.due_s + lateness_p99, np.full(len(seen.due_s), p50), seen.status)
    return summary(10, late, Counter())


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no system call for cores: run it on Linux")
def test_a_measured_service_leaves_this_process_its_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    monkeypatch.setattr(subjects, "launch", lambda *_words, **_settings: pytest.fail("it does not start"))
    with pytest.raises(pytest.fail.Exception), subjects.started(subjects.Subject("none", "none", ()), tmp_path):
        pass
    assert os.sched_getaffinity(0) == before


def test_a_late_generator_is_thrown_away_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = iter([record(0.005), record(0.0001)])
    monkeypatch.setattr(runs, "run", lambda _plan, _calls: (next(tried), None))
    gated = runs.gated(Plan("http://127.0.0.1:1", 10, 10), [Call("/")])
    assert (gated.discarded, gated.believed) == (1, True)


def test_an_objective_says_how_late_the_generator_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "run", lambda _plan, _calls: (record(0.0009), None))
    plan = Plan("http://127.0.0.1:1", 10, 10)
    assert runs.gated(plan, [Call("/")], objective_s=0.1).believed
    late = runs.gated(plan, [Call("/")])
    assert (late.discarded, [gate.name for gate in late.failed]) == (runs.TRIES - 1, ["lateness"])


def test_images_repeat_as_often_as_the_table_says() -> None:
    calls = asked_images(1000)
    repeated = 1 - len({call.body for call in calls}) / len(calls)
    assert repeated == pytest.approx(REPEATS, abs=0.03)


@pytest.mark.xdist_group("benchmark")
def test_a_short_run_measures_a_real_service(tmp_path: Path) -> None:
    result = tmp_path / "measured.json"
    words = ["--part", "patterns", "--only", "synchronous", "--seconds", "1", "--json", str(result)]
    command = [sys.executable, str(ROOT / "benchmarks" / "patterns.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "| synchronous" in done.stdout and "### Every pattern that answers requests" in done.stdout
    (row,) = json.loads(result.read_text())["patterns"]
    name, rate, (measured, _failed, _discarded), start_s, memory_mb = row[:5]
    assert (name, rate) == ("synchronous", 20)
    assert measured["good"] > 0 and start_s > 0 and memory_mb > 10
