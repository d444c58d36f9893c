"""Collects the mistakes in a user's file, so that one run reports all of them."""

from __future__ import annotations

from archlint.errors import ArchlintError, Mistake


class Problems:
    """The mistakes of one or several files.

    >>> problems = Problems()
    >>> problems.add("archlint.toml:1:1", "there is no key `selct`", "did you mean `select`?")
    >>> problems.raise_as(ArchlintError)
    Traceback (most recent call last):
    archlint.errors.ArchlintError: archlint.toml:1:1: there is no key `selct`
      hint: did you mean `select`?
    """

    def __init__(self) -> None:
        self._found: dict[Mistake, None] = {}

    @property
    def mistakes(self) -> list[Mistake]:
        """The collected mistakes, in the order of their discovery."""
        return list(self._found)

    def add(self, where: str, message: str, hint: str = "") -> None:
        """Add one mistake; duplicates are ignored."""
        self._found[Mistake(where, message, hint)] = None

    def take(self, where: str, error: ValueError) -> None:
        """Add the error of a quantity parser: `what is wrong; what to do`."""
        message, _, hint = str(error).partition("; ")
        self.add(where, message, hint)

    def raise_as(self, kind: type[ArchlintError]) -> None:
        """Raise one error that lists all of them, one per line; do nothing if there are none."""
        mistakes = self.mistakes
        if len(mistakes) == 1:
            raise kind(mistakes[0].said, mistakes[0].hint, tuple(mistakes))
        if mistakes:
            ordered = sorted(mistakes, key=_order)
            raise kind("\n".join(m.said + (f" ({m.hint})" if m.hint else "") for m in ordered), "", tuple(ordered))


def _order(mistake: Mistake) -> tuple[str, int, int]:
    """Sort by file, line and column; mistakes without a line come first."""
    file, line, column = ([*mistake.where.rsplit(":", 2), "", ""])[:3]
    return (file, int(line), int(column)) if line.isdigit() and column.isdigit() else (mistake.where, 0, 0)
