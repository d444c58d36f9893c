"""Errors in a call of archlint, as opposed to findings in a file that it reads.

A finding is a value. These exceptions mean that the call was invalid; each says what is wrong, where, and what to do
next.
"""

from __future__ import annotations

import errno
import re
from typing import Final, Self

import msgspec

_PLACE: Final = r"(?s:(.*?)(?::(\d+))?(?::(\d+))?)"


class Spot(msgspec.Struct, frozen=True):
    """A file with a line and a column, counted from 1; both are 0 if unknown."""

    file: str
    line: int = 0
    column: int = 0


class Mistake(msgspec.Struct, frozen=True):
    """What is wrong, where (`file`, `file:line:column`, or an option such as `--select`), and what to do next."""

    where: str
    message: str
    hint: str = ""

    @property
    def said(self) -> str:
        """The place and the message, in one line."""
        return f"{self.where}: {self.message}" if self.where else self.message

    @property
    def spot(self) -> Spot:
        """Its place; the file is empty for a mistake in the call itself.

        >>> Mistake("C:/a.toml:3:7", "wrong").spot, Mistake("--select", "wrong").spot
        (Spot(file='C:/a.toml', line=3, column=7), Spot(file='', line=0, column=0))
        """
        match = re.fullmatch(_PLACE, self.where)
        if match is None or self.where.startswith("--"):
            return Spot("")
        return Spot(match[1], int(match[2] or 0), int(match[3] or 0))


class ArchlintError(Exception):
    """An invalid call: `message`, which is also its text, says what is wrong, and `hint` what to do next.

    A traceback shows both. `mistakes` are the mistakes that the message lists, if each has its own place.

    >>> import archlint
    >>> try:
    ...     archlint.load("")
    ... except archlint.ArchlintError as error:
    ...     print(error)
    ...     print(error.hint)
    the path is empty
    name a file, or give the text of an architecture
    """

    def __init__(self, message: str, hint: str = "", mistakes: tuple[Mistake, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.mistakes = mistakes
        if hint:
            self.add_note(f"  hint: {hint}")

    @classmethod
    def at(cls, where: str, message: str, hint: str = "") -> Self:
        """Return an error with one mistake at a place, `file:line:column`."""
        mistake = Mistake(where, message, hint)
        return cls(mistake.said, hint, (mistake,))

    def __reduce__(self) -> tuple[type[ArchlintError], tuple[str, str, tuple[Mistake, ...]]]:
        return type(self), (self.message, self.hint, self.mistakes)

    @property
    def full_text(self) -> str:
        """The message, and below it the hint."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UnreadableInputError(ArchlintError):
    """A file that cannot be read as YAML: missing, binary, too large, too deep, or malformed."""


class ForeignInputError(UnreadableInputError):
    """A YAML file that does not describe an architecture."""


class ConfigError(ArchlintError):
    """A configuration file with a wrong key or value."""


class PackError(ArchlintError):
    """A rule folder that does not describe a rule."""


class UsageError(ArchlintError):
    """A wrong argument."""


class NothingFoundError(UsageError):
    """A call whose paths hold neither an architecture file nor deployment files."""


_DENIED: Final = frozenset({errno.EACCES, errno.EPERM})
_TO_WRITE: Final = {
    errno.EACCES: "let it be written, or name another file",
    errno.EPERM: "let it be written, or name another file",
    errno.EROFS: "name a file on a file system that can be written",
    errno.ENOSPC: "make room, or name a file elsewhere",
    errno.EDQUOT: "make room, or name a file elsewhere",
    errno.EFBIG: "make room, or name a file elsewhere",
    errno.EISDIR: "it is a folder: name a file in it",
    errno.ENAMETOOLONG: "give it a shorter name",
}


def hint_to_write(error: OSError) -> str:
    """Return the hint for a file that cannot be written.

    >>> hint_to_write(OSError(errno.ENOSPC, "No space left on device"))
    'make room, or name a file elsewhere'
    """
    return _TO_WRITE.get(error.errno or 0, "name a file in a folder that exists")


def hint_to_read(error: OSError, otherwise: str) -> str:
    """Return the hint for a file that cannot be read; `otherwise` is the hint unless permission is missing.

    >>> hint_to_read(PermissionError(errno.EACCES, "Permission denied"), "name a YAML file")
    'check its permissions'
    """
    return "check its permissions" if error.errno in _DENIED else otherwise


def lost_memory_error(error: Exception) -> bool:
    """Whether memory ran out and Python lost the `MemoryError`: it then says that a call failed without an exception.

    >>> lost_memory_error(SystemError("<function f> returned NULL without setting an exception"))
    True
    """
    return isinstance(error, SystemError) and "without" in str(error)
