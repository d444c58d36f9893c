"""PNG and PDF: their size, and the error if a package is missing."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable

import pytest

from archlint.about import install_command
from archlint.diagram import Look, draw, pdf, png, render
from archlint.errors import ArchlintError
from tests.diagram.samples import RICH, of_file

LARGE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40000 40000" width="40000" height="40000"><rect/></svg>'


def size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", data[16:24])
    return int(width), int(height)


def test_a_png_has_the_pixels_that_were_asked_for() -> None:
    system, report = of_file(RICH)
    picture = draw(system, report)
    width, height = size(render(picture, "png", Look(scale=1)))
    assert 500 < width <= 1025 and 500 < height < 1500, "at most what is legible in a README"
    doubled = size(render(picture, "png"))
    assert abs(doubled[0] - 2 * width) <= 2 and abs(doubled[1] - 2 * height) <= 2


def test_a_very_large_png_is_made_smaller() -> None:
    width, height = size(png(LARGE))
    assert 7_000 < width < 8_000 and width == height


@pytest.mark.parametrize(("module", "make", "hint"), [
    ("resvg_py", png, "pip install resvg-py, or write an SVG"),
    ("typst", pdf, f"{install_command('pdf')}, or write an SVG"),
])  # fmt: skip
def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, make: Callable[[str], bytes], hint: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ArchlintError, match="which is not installed") as caught:
        make("<svg/>")
    assert caught.value.hint == hint
