"""Which file is which after some were moved: by the findings that they hold, and by where they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import groupby, takewhile
from typing import Final

from archlint.compare.entries import Entry

_MOVED: Final = 0.5
"""The share of its findings that a file under another name needs to have, to be the same file."""


def moved(gone: Mapping[str, Sequence[Entry]], fresh: Mapping[str, Sequence[Entry]]) -> dict[str, str]:
    """Return today's names of files that are gone: from their entries, and those that files new by now would have.

    Those that are most alike are paired first; a draw is nobody's.
    """
    held = {old: _signed(entries) for old, entries in gone.items()}
    found = {new: _signed(entries) for new, entries in fresh.items()}
    alike = [
        (_likeness(held[old], found[new]) + _common(old, new), old, new)
        for old in gone for new in fresh if len(held[old].keys() & found[new].keys()) >= _MOVED * len(held[old])
    ]  # fmt: skip
    pairs: dict[str, str] = {}
    settled: set[str] = set()
    for _, group in groupby(sorted(alike, reverse=True), key=lambda one: one[0]):
        best = [(old, new) for _, old, new in group if not settled.intersection((old, new))]
        ends = Counter(end for pair in best for end in pair)
        pairs |= {old: new for old, new in best if ends[old] == ends[new] == 1}
        settled |= ends.keys()
    return pairs


def _signed(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the fingerprints of what is found in a file, with the signature of what stands there."""
    return {one.fingerprint: one.signature for one in entries}


def _likeness(held: Mapping[str, str], found: Mapping[str, str]) -> Fraction:
    """Return how much of what one or the other holds is the same in both, from 0 to 1."""
    return Fraction(len(held.items() & found.items()), len(held.keys() | found.keys()))


def _common(old: str, new: str) -> Fraction:
    """Return the share of the steps of two paths that are the same, counted from both ends, from 0 to 1.

    >>> _common("teams/search/arch.yaml", "groups/search/arch.yaml")
    Fraction(2, 3)
    """
    olds, news = old.split("/"), new.split("/")
    shortest, longest = sorted((len(olds), len(news)))
    return Fraction(min(_same(olds, news) + _same(olds[::-1], news[::-1]), shortest), longest)


def _same(olds: Iterable[str], news: Iterable[str]) -> int:
    """Count the steps that are the same before the first that differs."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(olds, news, strict=False)))
