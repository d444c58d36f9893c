"""What the later items of a list lead to, asked at many places: what is behind each cache of a component."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


class Following(Generic[_Item, _Found]):
    """What the items after a place lead to; it is the same at all places between two items that lead to something.

    `kept` says what is left of everything that they lead to.

    >>> following = Following("a-b-", lambda letter: [letter] if letter != "-" else [], tuple)
    >>> following.after(0), following.after(1), following.after(2) is following.after(3)
    (('b',), ('b',), True)
    """

    def __init__(
        self, items: Iterable[_Item], leads_to: Callable[[_Item], Sequence[_Found]],
        kept: Callable[[Sequence[_Found]], Sequence[_Found]],
    ) -> None:  # fmt: skip
        found = ((position, leads_to(item)) for position, item in enumerate(items))
        self._leading = [(position, ends) for position, ends in found if ends]
        self._kept = kept
        self._known: dict[int, Sequence[_Found]] = {}

    def after(self, position: int) -> Sequence[_Found]:
        """Return what the items after a position, which counts from 0, lead to."""
        first = bisect_right(self._leading, position, key=itemgetter(0))
        if first not in self._known:
            self._known[first] = self._kept([end for _, ends in self._leading[first:] for end in ends])
        return self._known[first]
