"""Damaged files of every format, and hostile projects: a result or a message that names a file, within limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archlint.importers.formats import FORMATS
from benchmarks.fuzz_commands import import_damaged
from benchmarks.hostile import HOSTILE
from benchmarks.import_hardening import DAMAGES, LINKS, try_file, try_hostile
from tests.importers.samples import SAMPLES

LARGE = {"compose", "triton"}
"""Formats whose samples are also tried with 4 MB: one in YAML, one of our own reader. The benchmark tries all."""
MEMORY = 4 * 1024**3
VALUE = re.compile(r"""(?<=[:=\[,-] )("[^"\n]*"|'[^'\n]*'|[^\s\[\]{},"'#:][^\n,{}\[\]#"':]*)""")
"""A value in YAML, JSON, HCL or Python that is no collection."""
SLOW = {"a template that never ends"}
"""It takes the whole time that a chart has; test_helm.py has it with less."""


def test_every_format_has_a_sample() -> None:
    assert {row.name for row in FORMATS if row.reader} <= set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_damaged_file_ends_in_a_result_or_a_message(name: str, tmp_path: Path) -> None:
    file, text = SAMPLES[name]
    path = tmp_path / file
    path.write_text(text)
    damages = [damage for damage in DAMAGES if name in LARGE or not damage.startswith("4 MB")]
    tried = try_file(path, 60.0, MEMORY, damages)
    assert tried.defects == []
    assert sum(tried.outcomes.values()) == tried.imports


@pytest.mark.parametrize("odd", ['"two words ##vso[x]"', "0.2", "x" * 300], ids=["words", "fraction", "long"])
@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"docker"}))     # a line of a shell has other values
def test_a_file_with_an_odd_value_anywhere_is_imported_as_a_file_that_can_be_read(name: str, odd: str) -> None:
    file, text = SAMPLES[name]
    places = list(VALUE.finditer(text))
    assert places
    for place in places:
        assert import_damaged(file, text[: place.start()] + odd + text[place.end() :]) is None, place[0]


@pytest.mark.parametrize("name", sorted({*HOSTILE, *LINKS} - SLOW))
def test_a_hostile_project_ends_in_a_result_or_a_message(name: str) -> None:
    assert try_hostile(name, 60.0, MEMORY).defects == []
