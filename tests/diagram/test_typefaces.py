"""The shipped font, its measure, and the search for fonts of other scripts."""

from __future__ import annotations

import io
import re
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from archlint.diagram import draw, svg
from archlint.diagram.raster import fonts_for, pdf, png, with_fonts
from archlint.diagram.sfnt import Face, FontError, faces
from archlint.diagram.text import exact_width, text_width, wrapped
from archlint.diagram.themes import FONT, THEMES
from archlint.diagram.typefaces import FAMILY, SHIPPED, advance, cast, system_folders
from tests.conftest import ROOT
from tests.diagram.fonts import made_font, save, save_collection
from tests.diagram.samples import RICH, of_file

KOREAN = "한국어모델"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="40">'
    f"<style>.archlint-picture {{{{font-family:{FONT}}}}}\n"
    ".name {{font-size:13px;font-weight:bold}} .text {{font-size:11px}}</style>"
    '<g class="archlint-picture">{texts}</g></svg>'
)


def picture(*texts: str, width: int = 200) -> str:
    return SVG.format(width=width, texts="".join(texts))


def ink(data: bytes) -> tuple[int, int, int, int] | None:
    """The bounding box of the drawing in a PNG."""
    return Image.open(io.BytesIO(data)).convert("RGBA").getchannel("A").getbbox()


@pytest.mark.parametrize("bold", [False, True])
def test_the_shipped_font_is_read_as_fonttools_reads_it(bold: bool) -> None:
    oracle = TTFont(SHIPPED[bold])
    names, metrics = oracle.getBestCmap(), oracle["hmtx"]
    assert len(names) > 1_000
    for code, name in names.items():
        assert advance(chr(code), bold) == metrics[name][0] * 1000 / oracle["head"].unitsPerEm
    missing = set(range(0x20, 0x3000)) - set(names)
    assert all(advance(chr(code), bold) is None for code in missing)
    face = next(faces(SHIPPED[bold].read_bytes()))
    assert (face.family, face.weight, face.italic) == ("Archlint Sans", 700 if bold else 400, False)


DOCTEST = re.compile(r'^ *>>> .*?(?=^ *$|""")', re.MULTILINE | re.DOTALL)
"""Doctests show words of users, in any script; no picture has them."""


def test_the_shipped_font_has_the_scripts_and_all_signs_that_archlint_writes() -> None:
    alphabets = "AZaz ÀÿĄžƏ ΑΩαω άώ АЯая ЁёЂђҐґ Ếộ"
    written = {
        character
        for folder in ("archlint", "rules")
        for suffix in ("*.py", "*.yaml", "*.js")
        for path in (ROOT / folder).rglob(suffix)
        for character in DOCTEST.sub("", path.read_text(encoding="utf-8"))
        if ord(character) > 0x7F
    }
    assert {"≤", "×", "·", "→", "é"} <= written
    for bold in (False, True):
        assert {c for c in {*alphabets, *written} if advance(c, bold) is None} == set()


def test_the_shipped_font_is_as_wide_as_those_that_viewers_have_for_an_svg() -> None:
    """Helvetica's widths, which Arial, Liberation Sans and Arimo share; published by Adobe in thousandths."""
    for character, plain, bold in (("a", 556, 556), ("i", 222, 278), ("M", 833, 833), ("W", 944, 944), (" ", 278, 278)):
        assert round(advance(character) or 0) == plain
        assert round(advance(character, True) or 0) == bold


def test_its_licence_ships_with_it() -> None:
    licence = (SHIPPED[0].parent / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence and "The Arimo Project Authors" in licence


@pytest.mark.parametrize("words", ["model-server", "Ψηφιακός διακομιστής", "Модель ранжирования", "≤ 80 ms → ×3 · é"])
@pytest.mark.parametrize("style", ["name", "text"])
def test_text_is_drawn_as_wide_as_it_is_measured(words: str, style: str, tmp_path: Path) -> None:
    size, bold = (13, True) if style == "name" else (11, False)
    markup = picture(f'<text class="{style}" x="0" y="20">{words}|</text>')
    measured = exact_width(words + "|", size, bold)
    box = ink(png(markup, 8, cast([words], [tmp_path])))
    assert measured is not None and box is not None
    assert abs(box[2] / 8 - measured) < 2, "the last sign has a little room behind it"


def test_widths_do_not_depend_on_the_fonts_of_the_machine() -> None:
    assert text_width("模型", 10) == 20 * 1.02 and text_width("e\u0301", 10) == text_width("e", 10)
    assert wrapped("모델모델모델", 40, 10) == ["모델모", "델모델"]


def test_a_picture_with_the_shipped_characters_opens_no_font_of_the_system(tmp_path: Path) -> None:
    """The bytes are the same without any font, and with a font that claims every name and character."""
    save(tmp_path, "Helvetica", 400, "api Модель", height=700)
    save(tmp_path, "Archlint Sans", 400, "api Модель", height=700)
    markup = picture('<text class="name" x="0" y="20">api Модель</text>')
    empty = tmp_path / "empty"
    empty.mkdir()
    made = [png(markup, fonts=fonts_for(markup, folders)) for folders in ((empty,), (tmp_path,), None)]
    assert made[0] == made[1] == made[2] and ink(made[0]) is not None
    written = [pdf(markup, fonts_for(markup, folders)) for folders in ((empty,), (tmp_path,), None)]
    assert written[0] == written[1] == written[2] and b"ArchlintSans" in written[0]


@pytest.mark.parametrize("theme", THEMES)
def test_a_drawn_picture_names_only_the_shipped_font(theme: str) -> None:
    """The renderers have no other font, so text in any other family would vanish."""
    drawn = with_fonts(svg(draw(*of_file(RICH)), theme), cast([]))
    assert set(re.findall(r"font-family:([^;}]*)", drawn)) == {f'"{FAMILY}"'}


def test_other_scripts_are_drawn_without_serifs_and_bold_where_the_text_is(tmp_path: Path) -> None:
    save_collection(tmp_path, "NotoSerifCJK", 400, KOREAN, ["Noto Serif CJK JP", "Noto Serif CJK KR"], 100)
    save_collection(tmp_path, "NotoSansCJK", 400, KOREAN, ["Noto Sans CJK JP", "Noto Sans CJK KR"], 300)
    save_collection(tmp_path, "NotoSansCJK", 700, KOREAN, ["Noto Sans CJK JP", "Noto Sans CJK KR"], 700)
    fonts = cast([f"api {KOREAN}"], [tmp_path])
    assert [(font.family, font.regular.name, font.bold.name) for font in fonts.found] == [
        ("Noto Sans CJK KR", "NotoSansCJK-400.ttc", "NotoSansCJK-700.ttc")
    ]
    assert fonts.missing == ""
    heights = {}
    for style, size in (("name", 13), ("text", 11)):
        markup = picture(f'<text class="{style}" x="0" y="20">{KOREAN}</text>')
        box = ink(png(markup, 10, fonts))
        assert box is not None
        heights[style] = (box[3] - box[1]) / 10 / size
    assert heights["name"] == pytest.approx(0.7, abs=0.02) and heights["text"] == pytest.approx(0.3, abs=0.02)
    assert b"X-Regular" in pdf(markup, fonts)


def test_words_around_another_script_keep_the_shipped_font_and_their_places(tmp_path: Path) -> None:
    """Only the other script may use the other font, although that font has every character."""
    save(tmp_path, "Tall Sans", 400, f"api{KOREAN}", 880)
    alone = picture('<text class="text" x="0" y="20">api</text>', width=17)
    beside = picture(f'<text class="text" x="0" y="20">api {KOREAN}</text>')
    fonts = cast([KOREAN], [tmp_path])
    first = Image.open(io.BytesIO(png(beside, 4, fonts))).crop((0, 0, 68, 160))
    assert first.tobytes() == Image.open(io.BytesIO(png(alone, 4, fonts))).tobytes()
    box = ink(png(beside, 10, fonts))
    before = exact_width("api ", 11)
    assert box is not None and before is not None
    assert box[2] / 10 == pytest.approx(before + 11 * (0.92 * 4 + 0.91), abs=0.2)


def test_a_font_is_used_for_the_characters_that_it_alone_has(tmp_path: Path) -> None:
    save(tmp_path, "Aaa Sans", 400, "한")
    save(tmp_path, "Bbb Serif", 400, "한국")
    save(tmp_path, "Last Resort", 400, "한국어")
    fonts = cast(["한국어"], [tmp_path])
    assert [(font.family, "".join(font.advances)) for font in fonts.found] == [("Aaa Sans", "한"), ("Bbb Serif", "국")]
    assert fonts.missing == "어"


def test_the_choice_does_not_depend_on_the_order_of_the_folder(tmp_path: Path) -> None:
    for name in ("Zeta Sans", "Beta Sans", "Noto Sans KR"):
        save(tmp_path, name, 400, KOREAN)
        save(tmp_path, name, 900, KOREAN)
    (tmp_path / "inner").mkdir()
    save(tmp_path / "inner", "Alpha Mono", 400, KOREAN)
    fonts = cast([KOREAN], [tmp_path])
    assert [(font.family, font.bold.name) for font in fonts.found] == [("Noto Sans KR", "NotoSansKR-900.ttf")]


def test_damaged_fonts_are_passed_over(tmp_path: Path) -> None:
    whole = save(tmp_path, "Good Sans", 400, KOREAN).read_bytes()
    (tmp_path / "aa-empty.ttf").write_bytes(b"")
    (tmp_path / "ab-words.otf").write_bytes(b"these are words")
    for cut in (4, 11, 40, 200, len(whole) // 2):
        (tmp_path / f"ac-{cut}.ttf").write_bytes(whole[:cut])
    (tmp_path / "ad-folder.ttf").mkdir()
    fonts = cast([KOREAN], [tmp_path, tmp_path / "no such folder"])
    assert [font.family for font in fonts.found] == ["Good Sans"] and fonts.missing == ""


def _asked(face: Face) -> tuple[str, int, bool, float | None, float | None]:
    return face.family, face.weight, face.italic, face.advance("한"), face.advance("a")


@settings(max_examples=200)
@given(st.data())
def test_a_changed_font_gives_a_value_or_a_font_error(data: st.DataObject) -> None:
    buffer = io.BytesIO()
    made_font("Good Sans", 400, KOREAN, 400).save(buffer)
    font = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        font[data.draw(st.integers(0, len(font) - 1))] = data.draw(st.integers(0, 255))
    with suppress(FontError):
        for face in faces(bytes(font)):
            family, weight, _, *widths = _asked(face)
            assert len(family) <= len(font) and 0 <= weight < 2**16
            assert all(width is None or width >= 0 for width in widths)


def test_fonts_are_searched_where_each_system_keeps_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert tmp_path / "data" / "fonts" in system_folders() and Path("/usr/share/fonts") in system_folders()
