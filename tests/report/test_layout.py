"""Wrapping and painting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.report.layout import Ink, columns_of, flat, hanging, joined, plural, wrap

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
