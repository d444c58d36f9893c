"""Mistakes gathered while a file of the user's is read, so that one run names all of them."""

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
        """What was noted, in that order."""
        return list(self._found)

    def add(self, where: str, message: str, hint: str = "") -> None:
        """Note one mistake; the same one twice counts once."""
        self._found[Mistake(where, message, hint)] = None

    def take(self, where: str, error: ValueError) -> None:
        """Note what a parser of quantities says: `what is wrong; what to do`."""
        message, _, hint = str(error).partition("; ")
        self.add(where, message, hint)

    def raise_as(self, kind: type[ArchlintError]) -> None:
        """Raise one error that says all of them, one a line; nothing where there are none."""
        mistakes = self.mistakes
        if len(mistakes) == 1:
            raise kind(mistakes[0].said, mistakes[0].hint, tuple(mistakes))
        if mistakes:
            ordered = sorted(mistakes, key=_order)
            raise kind("\n".join(m.said + (f" ({m.hint})" if m.hint else "") for m in ordered), "", tuple(ordered))


def _order(mistake: Mistake) -> tuple[str, int, int]:
    """By file, line and column; what has no line comes before what has one."""
    file, line, column = ([*mistake.where.rsplit(":", 2), "", ""])[:3]
    return (file, int(line), int(column)) if line.isdigit() and column.isdigit() else (mistake.where, 0, 0)
