"""The catalogue of patterns is read completely."""

from __future__ import annotations

from archlint.catalog.patterns import patterns


def test_no_text_of_a_pattern_is_empty() -> None:
    for pattern in patterns().values():
        texts = (pattern.title, pattern.summary, *pattern.use_when, *pattern.avoid_when, *pattern.roles.values())
        assert all(texts), pattern.name
