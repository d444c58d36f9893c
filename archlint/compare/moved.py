"""Recognise moved files by their findings and their paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import groupby, takewhile
from typing import Final

from archlint.compare.entries import Entry

_MOVED: Final = 0.5
"""The share of its findings that a file under another name must have, to be the same file."""


def moved(gone: Mapping[str, Sequence[Entry]], fresh: Mapping[str, Sequence[Entry]]) -> dict[str, str]:
    """Return the new names of moved files, from the entries of removed files and those of added files.

    The most similar ones are paired first. If several are equally similar, none of them is paired.
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
    """Return the fingerprints of the findings in a file, each with the signature of its place."""
    return {one.fingerprint: one.signature for one in entries}


def _likeness(held: Mapping[str, str], found: Mapping[str, str]) -> Fraction:
    """Return the share of the findings of both that are the same, from 0 to 1."""
    return Fraction(len(held.items() & found.items()), len(held.keys() | found.keys()))


def _common(old: str, new: str) -> Fraction:
    """Return the share of equal steps of two paths, from both ends, from 0 to 1.

    >>> _common("teams/search/arch.yaml", "groups/search/arch.yaml")
    Fraction(2, 3)
    """
    olds, news = old.split("/"), new.split("/")
    shortest, longest = sorted((len(olds), len(news)))
    return Fraction(min(_same(olds, news) + _same(olds[::-1], news[::-1]), shortest), longest)


def _same(olds: Iterable[str], news: Iterable[str]) -> int:
    """Count the equal steps before the first different one."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(olds, news, strict=False)))
