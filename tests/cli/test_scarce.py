"""Little memory, and names that are no text: one line about each file, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archlint.outcomes import Outcome, guarded
from tests.cli.systems import FAILING
from tests.conftest import command
from tests.tools import program


def _lost() -> Outcome:
    raise SystemError("<function f> returned NULL without setting an exception")


def test_a_memory_error_that_python_loses_is_no_defect() -> None:
    (error,) = guarded(Path("arch.yaml"), _lost).errors
    assert error.message == "arch.yaml: out of memory"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the memory of a process: run it on Linux")
@pytest.mark.parametrize("limit_kb", [80_000])
def test_little_memory_is_one_line_about_the_file(tmp_path: Path, limit_kb: int) -> None:
    parts = "".join(f"  p{n}: {{kind: service, replicas: 2, zones: [a, b], calls: [p{n + 1}]}}\n" for n in range(20_000))
    (tmp_path / "big.yaml").write_text(f"archlint: 1\nsystem: big\ncomponents:\n{parts}  p20000: {{kind: service}}\n")
    done = subprocess.run(
        [program("bash"), "-c", f"ulimit -v {limit_kb}; exec {command()} check big.yaml -o concise"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "out of memory" in done.stdout + done.stderr
    assert "defect" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems refuse such names: run it on Linux")
@pytest.mark.parametrize(
    "words", ["check . -o json", "check . -o sarif", "check . -o html", "baseline", "render NAME -o a.svg", "diff NAME NAME"]
)
def test_a_name_that_is_no_utf_8(tmp_path: Path, words: str) -> None:
    name = os.fsdecode(b"a\xff.yaml")
    (tmp_path / name).write_text(FAILING)
    asked = [word.replace("NAME", name) for word in words.split()]
    done = subprocess.run([command(), *asked], cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode in {0, 1}, done.stderr
    assert b"Traceback" not in done.stderr
    done.stdout.decode("utf-8")
