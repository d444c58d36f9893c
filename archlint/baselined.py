"""The entries of a baseline, and which of them are no longer needed."""

from __future__ import annotations

import msgspec


class BaselineEntry(msgspec.Struct, frozen=True):
    """One entry of a baseline: a rule, a structural path of a file, and how often the finding occurs there (`count`).

    `line` is the line of the entry in the baseline, counted from 1; 0 if unknown.
    """

    file: str
    rule: str
    at: str
    count: int = 1
    line: int = 0


class BaselineUse(msgspec.Struct, frozen=True):
    """The entries of one baseline that are no longer needed: their findings are resolved (`healed`), or accepted now.

    `file` is the name of the baseline in messages. If it is `strict`, such entries fail the check.
    """

    file: str
    healed: tuple[BaselineEntry, ...] = ()
    accepted: tuple[BaselineEntry, ...] = ()
    strict: bool = False

    @property
    def spent(self) -> int:
        """How many of its findings are resolved or accepted."""
        return sum(entry.count for entry in (*self.healed, *self.accepted))

    @property
    def line(self) -> int:
        """The line of the first entry that is no longer needed; 0 if unknown."""
        return min((entry.line for entry in (*self.healed, *self.accepted) if entry.line), default=0)
