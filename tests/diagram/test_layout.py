"""The layout engine: which one runs, and the error if there is none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from archlint.diagram import draw, layout, mermaid, svg
from archlint.diagram.layout import Way, engine, laid_out
from archlint.errors import ArchlintError
from tests.diagram.samples import RICH, of_file


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No wheel, and an empty PATH."""
    monkeypatch.setattr("sysconfig.get_path", lambda *_: str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_the_wheel_comes_first() -> None:
    assert Path(engine()[0]).stem == "graphviz-pure"


def test_without_an_engine_it_is_said_what_to_install(nothing_installed: Path) -> None:
    system, report = of_file(RICH)
    picture = draw(system, report)
    with pytest.raises(ArchlintError) as caught:
        svg(picture)
    assert caught.value.message == "no layout engine is installed, so no picture can be drawn"
    assert caught.value.hint.startswith("pip install graphviz-pure, or install Graphviz")
    assert mermaid(picture).startswith("---")


@pytest.mark.skipif(os.name == "nt", reason="a program of Windows is no shell script")
def test_an_engine_that_fails_is_no_traceback(nothing_installed: Path) -> None:
    folder = nothing_installed / "bin"
    folder.mkdir()
    (folder / "dot").write_text("#!/bin/sh\necho 'Error: no plugins' >&2\nexit 3\n")
    (folder / "dot").chmod(0o755)
    with pytest.raises(ArchlintError) as caught:
        laid_out([], [], [], [], Way("down", 5))
    assert caught.value.message == f"{folder / 'dot'}: Error: no plugins"


def test_no_engine_is_taken_from_the_folder_at_hand(nothing_installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (nothing_installed / "dot").write_text("#!/bin/sh\n")
    (nothing_installed / "dot").chmod(0o755)
    monkeypatch.chdir(nothing_installed)
    monkeypatch.setenv("PATH", os.curdir)
    with pytest.raises(ArchlintError):
        engine()


def test_the_dot_of_the_system_does_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    found = shutil.which("dot")
    if found is None:
        message = "no dot: install Graphviz to test it as the layout engine"
        if os.environ.get("ARCHLINT_REQUIRE_SERVERS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    monkeypatch.setattr(layout, "engine", lambda: [found, "-Kdot"])
    system, report = of_file(RICH)
    drawn = svg(draw(system, report))
    assert all(f">{name}<" in drawn for name in ("balancer", "classifier", "verdicts"))
