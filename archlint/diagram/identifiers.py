"""Identifiers for text formats, made of names: a component that is added changes no other one's identifier."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256


def identifiers(names: Iterable[str], reserved: Iterable[str] = ()) -> dict[str, str]:
    """Return an identifier for each name: letters, digits and underscores; reserved words get an underscore.

    Names that would get the same identifier also get a part of their SHA-256.

    >>> identifiers(["rank-api", "rank_api", "2nd", "검색", "model"], {"model"})
    {'rank-api': 'rank_api_c82e86', 'rank_api': 'rank_api_ffbff1', '2nd': 'n2nd', '검색': 'n_4b8d54', 'model': 'model_'}
    """
    kept = set(reserved)
    plain = {name: _plain(name, kept) for name in names}
    counts: dict[str, int] = {}
    for one in plain.values():
        counts[one] = counts.get(one, 0) + 1
    return {name: one if counts[one] == 1 else f"{one}_{_digest(name)}" for name, one in plain.items()}


def _plain(name: str, reserved: set[str]) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not words:
        return f"n_{_digest(name)}"
    words = words if words[0].isalpha() else f"n{words}"
    return f"{words}_" if words.lower() in reserved else words


def _digest(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
