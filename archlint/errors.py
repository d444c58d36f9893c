"""What can be wrong with a call of archlint, as opposed to what is wrong with a file it reads.

A finding about an architecture file is a value. These exceptions mean that archlint was called in a way it
cannot serve; each says what, where, and what to do next.
"""

from __future__ import annotations


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
