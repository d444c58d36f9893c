"""Lists of names in messages."""

from __future__ import annotations

from collections.abc import Iterable


def listed(names: Iterable[str], most: int = 4) -> str:
    """Join names for a sentence, each once; of many, the first ones and the number of the others.

    >>> listed(["api"]), listed(["api", "ranker", "api"]), listed("abcdef")
    ('`api`', '`api` and `ranker`', '`a`, `b`, `c`, `d` and 2 more')
    """
    words = [f"`{name}`" for name in dict.fromkeys(names)]
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
