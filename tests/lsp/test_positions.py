"""Offsets and positions of an editor, in each unit in which editors count columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position

from archlint.lsp.positions import Ruler, characters, width
from archlint.source.document import Document

ENCODINGS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
SIZES = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
TEXTS = st.text(st.sampled_from("ab: \n\r순위🚀é\u2028\x85"), max_size=40)


@given(TEXTS, st.sampled_from(sorted(ENCODINGS)))
def test_a_width_is_that_of_the_encoding(text: str, encoding: str) -> None:
    assert width(text, encoding) == len(text.encode(ENCODINGS[encoding])) // SIZES[encoding]
    assert characters(text, width(text, encoding), encoding) == len(text)


@given(TEXTS, st.sampled_from(sorted(ENCODINGS)), st.data())
def test_an_offset_comes_back_from_its_position(text: str, encoding: str, data: st.DataObject) -> None:
    ruler = Ruler(Document("a.yaml", text, None), encoding)
    offset = data.draw(st.integers(0, len(text)))
    inside_a_break = text[offset - 1 : offset + 1] == "\r\n"
    assert ruler.offset(ruler.position(offset)) == offset - inside_a_break


def test_a_byte_order_mark_moves_the_first_line_only() -> None:
    ruler = Ruler(Document("a.yaml", "a: 1\nb: 2\n", None), given="\ufeffa: 1\nb: 2\n")
    assert ruler.position(0) == Position(0, 1)
    assert ruler.position(5) == Position(1, 0)
    assert [ruler.offset(Position(0, column)) for column in (0, 1, 2)] == [0, 0, 1]


def test_a_position_beyond_the_text_means_its_end() -> None:
    ruler = Ruler(Document("a.yaml", "🚀: 1\n", None))
    assert ruler.offset(Position(9, 9)) == 5
    assert ruler.offset(Position(0, 99)) == 4
