"""Generated systems: valid, of the asked size, the same every time, and faulty where they say so."""

from __future__ import annotations

import subprocess
import sys

import pytest

import archlint
from benchmarks.generate import FAULTS, SMALLEST, Company, generate
from tests.conftest import ROOT

SCRIPT = str(ROOT / "benchmarks" / "generate.py")


@pytest.mark.parametrize("size", [SMALLEST, SMALLEST + 1, 50, 61, 77, 400])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_system_has_the_size_that_was_asked_for(size: int, seed: int) -> None:
    system = archlint.load(generate(size, seed))
    assert len(system.components) == size
    assert system.workloads
    assert system.architecture.models


def test_the_same_seed_gives_the_same_text_in_any_process() -> None:
    words = [sys.executable, SCRIPT, "120", "--seed", "7"]
    printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert printed == generate(120, 7)
    assert printed != generate(120, 8)


def test_a_system_that_is_too_small_is_refused() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "5"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert str(SMALLEST) in done.stderr
    with pytest.raises(ValueError) as caught:
        generate(5)
    assert str(SMALLEST) in str(caught.value)


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_a_system_has_its_faults_and_no_others(seed: int) -> None:
    """The reader understands all of it, and the rules report each fault, and nothing else."""
    company = Company(1500, seed)
    report = archlint.check(company.yaml())
    known = {fault.rule for fault in FAULTS.values()}
    reported = [f for f in report.findings if f.rule in known or f.rule.startswith("DOC")]
    found = {(_owner(at), f.rule) for f in reported for at in ([place.at for place in f.places] or [f.at])}
    assert found == {(place, s.rule) for place, s in company.faults.items() if not s.open}
    undecided = {(_owner(open_.at), open_.rule) for open_ in report.undecided if open_.rule in known}
    assert undecided == {(place, s.rule) for place, s in company.faults.items() if s.open}


def test_every_fault_occurs_in_some_company() -> None:
    company = Company(12_000)
    assert set(company.faults.values()) == set(FAULTS.values())
    assert 0.01 < len(company.faults) / company.size < 0.03


def _owner(at: str) -> str:
    """The component, model or workload of a place.

    >>> _owner("components.api.calls[0].timeout")
    'components.api'
    """
    return ".".join(at.split(".")[:2])
