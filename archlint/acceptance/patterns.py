"""Places of acceptances with `*`, for any characters: which of them match a place, or a part that contains it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Patterns:
    """Numbered patterns, found by the text after their last `*`: only those that end like a place are tried.

    >>> patterns = Patterns()
    >>> for number, pattern in enumerate(["components.*.replicas", "components.api-*", "components.a*b"]):
    ...     patterns.add(number, pattern)
    >>> sorted(patterns.matching("components.api-2.replicas")), patterns.matching("components.api")
    ([0, 1], set())
    """

    def __init__(self) -> None:
        self._ending: dict[int, dict[str, list[tuple[int, tuple[str, ...]]]]] = {}

    def add(self, number: int, pattern: str) -> None:
        """Add a pattern that has a `*`."""
        parts = tuple(pattern.split("*"))
        self._ending.setdefault(len(parts[-1]), {}).setdefault(parts[-1], []).append((number, parts))

    def matching(self, at: str) -> set[int]:
        """Return the numbers of those that match a place, or a part that contains it."""
        return {number for holder in holders(at) for number, parts in self._likely(holder) if fits(parts, holder)}

    def _likely(self, text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
        for length, ending in self._ending.items():
            if length <= len(text):
                yield from ending.get(text[len(text) - length :], ())


def holders(at: str) -> Iterator[str]:
    """Yield a structural path, and the paths of everything that contains it.

    >>> list(holders("components.api.calls[0]"))
    ['components.api.calls[0]', 'components', 'components.api', 'components.api.calls']
    """
    yield at
    for index, character in enumerate(at):
        if character in ".[":
            yield at[:index]


def fits(parts: Sequence[str], text: str) -> bool:
    """Return whether a text has two or more parts in this order, the first at its start and the last at its end.

    >>> fits(("components.", ".zones"), "components.api.zones"), fits(("ab", "ba"), "aba")
    (True, False)
    """
    if not (text.startswith(parts[0]) and text.endswith(parts[-1])):
        return False
    here, end = len(parts[0]), len(text) - len(parts[-1])
    for part in parts[1:-1]:
        found = text.find(part, here, end)
        if found < 0:
            return False
        here = found + len(part)
    return here <= end
