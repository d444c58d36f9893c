"""What can be wrong with a call of archlint, as opposed to what is wrong with a file it reads.

A finding about an architecture file is a value. These exceptions mean that archlint was called in a way it
cannot serve; each says what, where, and what to do next.
"""

from __future__ import annotations

import errno
from typing import Final


class ArchlintError(Exception):
    """A call that cannot be served: the message says what is wrong, `hint` what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[ArchlintError], tuple[str, str]]:
        return type(self), (self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UnreadableInputError(ArchlintError):
    """A file that cannot be read as YAML at all: not there, binary, too large, too deep, or not well formed."""


class ConfigError(ArchlintError):
    """A configuration file with a wrong key or value."""


class PackError(ArchlintError):
    """A rule folder that does not describe a rule."""


class UsageError(ArchlintError):
    """A wrong argument."""


_DENIED: Final = frozenset({errno.EACCES, errno.EPERM})
_TO_WRITE: Final = {
    errno.EACCES: "let it be written, or name another file",
    errno.EPERM: "let it be written, or name another file",
    errno.EROFS: "name a file on a file system that can be written",
    errno.ENOSPC: "make room, or name a file elsewhere",
    errno.EDQUOT: "make room, or name a file elsewhere",
    errno.EISDIR: "it is a folder: name a file in it",
    errno.ENAMETOOLONG: "give it a shorter name",
}


def hint_to_write(error: OSError) -> str:
    """What to do about a file that cannot be written.

    >>> hint_to_write(OSError(errno.ENOSPC, "No space left on device"))
    'make room, or name a file elsewhere'
    """
    return _TO_WRITE.get(error.errno or 0, "name a file in a folder that exists")


def hint_to_read(error: OSError, otherwise: str) -> str:
    """What to do about a file that cannot be read: where it is there, no other one is named, nor written.

    >>> hint_to_read(PermissionError(errno.EACCES, "Permission denied"), "name a YAML file")
    'let it be read'
    """
    return "let it be read" if error.errno in _DENIED else otherwise
