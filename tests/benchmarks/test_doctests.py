"""The examples in the docstrings of the benchmarks."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.conftest import ROOT

MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "benchmarks").rglob("*.py")) if ">>> " in path.read_text(encoding="utf-8")
]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_benchmark_hold(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried and not failed
