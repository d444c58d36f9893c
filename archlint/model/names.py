"""The nearest valid name for a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable

_MAX_CANDIDATES = 5_000


def nearest(word: str, candidates: Iterable[str], synonyms: dict[str, str] | None = None) -> str | None:
    """Return the candidate that a misspelt word most likely means, or None.

    >>> nearest("replcias", ["replicas", "zones"])
    'replicas'
    >>> nearest("instances", ["replicas", "zones"], {"instances": "replicas"})
    'replicas'
    """
    lowered = word.strip().lower().replace("-", "_")
    if len(lowered) > 80:
        return None
    if synonyms and lowered in synonyms:
        return synonyms[lowered]
    from difflib import get_close_matches

    by_lower: dict[str, str] = {}
    for candidate in candidates:
        by_lower.setdefault(candidate.lower().replace("-", "_"), candidate)
        if len(by_lower) >= _MAX_CANDIDATES:
            break
    found = get_close_matches(lowered, by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
