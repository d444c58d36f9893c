"""The nearest valid name for a misspelt one, in bounded time for any number of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_MAX_LENGTH: Final = 80
_MAX_COMPARED: Final = 5_000
_MAX_INDEXED: Final = 2_000_000
_MAX_KNOWN: Final = 10_000
_SHORT: Final = 4
_DIGITS: Final = 3
_CUTOFF: Final = 0.6
_CUTOFF_NEAR: Final = 0.45
"""Any two words of four or more letters that are one edit apart are more similar than this."""


class Names:
    """Valid names, prepared once for many look-ups.

    Names one edit away (a letter added, removed, changed, or two swapped) are found through an index. Only more distant
    names are compared one by one, at about 20 us each; `compared` counts them. With `by_words`, a name is also found if
    it alone shares a word with the misspelt one: right for the vocabulary of the format, but not for names of parts.
    """

    def __init__(
        self, names: Iterable[str], synonyms: Mapping[str, str] | None = None, by_words: bool = False
    ) -> None:
        self.names: dict[str, str] = {}
        self.by_words = by_words
        for name in names:
            self.names.setdefault(_plain(name), name)
        self.synonyms = synonyms or {}
        self.compared = 0
        self._index: dict[str, list[str]] | None = None
        self._known: dict[tuple[str, bool], str | None] = {}

    def nearest(self, word: str, thorough: bool = True) -> str | None:
        """Return the name that a misspelt word most likely means, or None.

        If not `thorough`, only names one edit away are considered.
        """
        if len(word) > _MAX_LENGTH:
            return None
        plain = _plain(word)
        if plain in self.names:
            return self.names[plain]
        if plain in self.synonyms:
            return self.synonyms[plain]
        letters = plain.rstrip("0123456789")
        padded = letters + plain[len(letters) :].zfill(_DIGITS)      # SRV1 is SRV001
        if padded in self.names and letters != plain:
            return self.names[padded]
        asked = (plain, thorough)                  # so that no answer depends on what was asked before
        if asked not in self._known:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[asked] = self._one_edit_away(plain) or (self._far(plain) if thorough else None)
        return self._known[asked]

    def _one_edit_away(self, plain: str) -> str | None:
        if self._index is None:
            self._index = {}
            if sum(map(len, self.names)) <= _MAX_INDEXED:
                for name in self.names:
                    for variant in _variants(name):
                        self._index.setdefault(variant, []).append(name)
        close = {name: None for variant in _variants(plain) for name in self._index.get(variant, ())[:50]}
        near = [name for name in close if not _is_other_word(plain, name)]
        return self._best(plain, near, _CUTOFF_NEAR if len(plain) > 2 else _CUTOFF)

    def _far(self, plain: str) -> str | None:
        shared = self._of_shared_words(plain) if self.by_words else {}
        same = [name for name, count in shared.items() if count == len(_words(plain)) == len(_words(name))]
        if len(same) == 1:                         # the same words in another order, or in the plural
            return self.names[same[0]]
        found = self._similar(plain)
        if found is not None or not shared:
            return found
        most = [name for name, count in shared.items() if count == max(shared.values())]
        return self.names[most[0]] if len(most) == 1 else None

    def _of_shared_words(self, plain: str) -> dict[str, int]:
        """Return the names that share words with a misspelt one, with how many."""
        wanted = _words(plain)
        found = {name: len(wanted & _words(name)) for name in self.names} if len(self.names) <= _MAX_COMPARED else {}
        return {name: count for name, count in found.items() if count}

    def _similar(self, plain: str) -> str | None:
        size = len(plain)
        close = [name for name in self.names if abs(len(name) - size) * 2 <= len(name) + size][:_MAX_COMPARED]
        self.compared += len(close)
        return self._best(plain, close, _CUTOFF)

    def _best(self, plain: str, names: Iterable[str], cutoff: float) -> str | None:
        from difflib import get_close_matches

        found = get_close_matches(plain, names, n=1, cutoff=cutoff)
        return self.names[found[0]] if found else None


def is_near(word: str, name: str) -> bool:
    """Whether a word is a typo of a name: one edit, and one more for every four letters after the first four.

    >>> is_near("availibilty", "availability"), is_near("rate_limit", "limit"), is_near("regions", "trains")
    (True, False, False)
    >>> is_near("cost", "host"), is_near("hots", "host")
    (False, True)
    """
    plain, other = _plain(word), _plain(name)
    if other in (f"{plain}_by", f"{plain}_to"):    # the particle of a relation is easily left out
        return True
    if len(plain) > _MAX_LENGTH or _is_other_word(plain, other):
        return False
    return _edits(plain, other) <= max(1, len(plain) // 4)


def _is_other_word(plain: str, name: str) -> bool:
    """Whether a short word starts with another letter than a name of its length: `cost` is no typo of `host`."""
    return len(plain) == len(name) <= _SHORT and plain[0] != name[0] and sorted(plain) != sorted(name)


def _edits(one: str, other: str) -> int:
    """Count the edits between two words: letters to insert, delete, replace or swap with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for here, letter in enumerate(one, start=1):
        before, last, row = row, before, [here]
        for there, wanted in enumerate(other, start=1):
            cost = min(before[there] + 1, row[there - 1] + 1, before[there - 1] + (letter != wanted))
            if here > 1 and there > 1 and letter == other[there - 2] and one[here - 2] == wanted:
                cost = min(cost, last[there - 2] + 1)
            row.append(cost)
    return row[-1]


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _words(plain: str) -> set[str]:
    """Return the words of a name, in the singular."""
    return {word.removesuffix("s") for word in plain.split("_") if len(word) > 2}


def _variants(name: str) -> set[str]:
    """A name, and all its forms without one letter: names one edit apart share one of these."""
    return {name, *(name[:i] + name[i + 1 :] for i in range(len(name)))} if len(name) <= _MAX_LENGTH else {name}


def nearest(word: str, candidates: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str | None:
    """Return the candidate that a misspelt word most likely means, or None.

    >>> nearest("replcias", ["replicas", "zones"])
    'replicas'
    >>> nearest("instances", ["replicas", "zones"], {"instances": "replicas"})
    'replicas'
    """
    return Names(candidates, synonyms).nearest(word)
