"""Whole numbers in deployment files, which may have any length, and digits of any alphabet."""

from __future__ import annotations

from typing import Final

MAX_DIGITS: Final = 18


def is_whole(text: str) -> bool:
    """Whether a text is a whole number that Python reads at once: ASCII digits, and not thousands of them.

    >>> is_whole("12"), is_whole("²"), is_whole("9" * 5000), is_whole("")
    (True, False, False, False)
    """
    return len(text) <= MAX_DIGITS and text.isascii() and text.isdigit()
