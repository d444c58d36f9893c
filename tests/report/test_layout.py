"""Wrapping and colours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.report import markup
from archlint.report.html import tags
from archlint.report.layout import Ink, cells, columns_of, flat, hanging, joined, plural, wrap
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.source.parser import parse

from .samples import found, report_of, spot

texts = st.text(st.sampled_from("abc, 日本é"), max_size=120).map(flat)


@given(text=texts, first=st.integers(4, 40), rest=st.integers(4, 40))
def test_wrapping_keeps_to_the_width_and_loses_nothing(text: str, first: int, rest: int) -> None:
    lines = wrap(text, first, rest)
    assert columns_of(lines[0]) <= first
    assert all(columns_of(line) <= rest for line in lines[1:])
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_word_longer_than_the_line_is_cut() -> None:
    assert wrap("see docs/patterns/cache.md", 10, 10) == ["see", "docs/patte", "rns/cache.", "md"]


def test_a_wide_character_is_never_halved() -> None:
    assert wrap("推薦チーム", 5, 5) == ["推薦", "チー", "ム"]


def test_a_prefix_that_leaves_no_room_stands_alone() -> None:
    assert hanging("a long prefix: ", "and a text", 20, indent=4) == ["a long prefix:", "    and a text"]


@pytest.mark.parametrize(
    ("items", "sentence"), [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")]
)
def test_items_are_joined_as_in_a_sentence(items: list[str], sentence: str) -> None:
    assert joined(items, "or") == sentence


def test_only_one_is_singular() -> None:
    assert [plural(count, "rule") for count in (0, 1, 2)] == ["0 rules", "1 rule", "2 rules"]


def test_an_empty_text_is_not_painted() -> None:
    assert Ink(True)("", "error") == ""


SEQUENCES = {
    "\U0001f44d\U0001f3fd": 2, "\u2764\ufe0f": 2, "1\ufe0f\u20e3": 2, "\U0001f1f0\U0001f1f7": 2, "\u65e5\u672c": 4,
    "e\u0301": 1, "a\ufe0f": 1, "\u2600\ufe0f": 2, "\uff21": 2, "\U0001f600": 2, "\u1112\u1161\u11ab": 2,
    "\u2139\ufe0f": 2, "\xa9\ufe0f": 2, "\u26a1": 2, "\u26a1\ufe0f": 2, "\u2764": 1, "1": 1,
}  # fmt: skip
"""The columns of emoji and combined characters in terminals, from the table of the package `wcwidth`."""


@pytest.mark.parametrize("text", SEQUENCES)
def test_sequences_take_the_columns_that_terminals_give_them(text: str) -> None:
    assert columns_of(text) == SEQUENCES[text]
    assert cells(f"{text}x").columns[-2] == SEQUENCES[text]


@pytest.mark.parametrize("text", SEQUENCES)
def test_an_underline_stands_below_what_it_marks_behind_a_sequence(text: str) -> None:
    document = parse("emoji.yaml", f"owner: {{team: '{text}', contact: someone}}\n")
    finding = found(location=spot(document, "someone"), at="system")
    shown = render_text(report_of(finding, sources={document.name: document}), TextOptions(quiet=True)).splitlines()
    source = next(line for line in shown if "someone" in line and "|" in line)
    before = source[: source.index("someone")]
    assert shown[shown.index(source) + 1] == "   | " + " " * (columns_of(before) - 5) + "^" * len("someone")


@pytest.mark.parametrize("text", ["at 99.9 % of 20 ms, 3 GB/s", "`a 20 ms`: 5 min over"])
def test_no_line_of_a_page_or_a_comment_breaks_between_a_number_and_its_unit(text: str) -> None:
    for written in (markup.prose(text), tags.prose(text)):
        outside = re.sub(r"`[^`]*`|<code>.*?</code>", "", written)
        assert not re.search(r"\d (?:%|ms|min|GB)", outside)
        assert written.replace("\u00a0", " ").replace("<code>", "`").replace("</code>", "`") == text
