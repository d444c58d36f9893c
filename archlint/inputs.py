"""Errors about inputs, as reports show them: the message, and the place at which it points."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from archlint.errors import ArchlintError, Spot, UnreadableInputError

_SUFFIXES: Final = r"\.(?:ya?ml|toml|jsonl|json|py|sh|bash|tf|tofu|tfvars|pbtxt|properties|template)"
_PLACED: Final = rf"([^\n]+?{_SUFFIXES}|[^\n:]+(?=:\d+:\d+: ))(?::(\d+))?(?::(\d+))?: "


class InputError(msgspec.Struct, frozen=True):
    """An input or a configuration that could not be read, or a file for which archlint itself failed.

    `file` is its name; empty if the error is not about one file. `line` and `column` are counted from 1; 0 if unknown.
    `traceback` is set if archlint itself failed.
    """

    message: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    traceback: str = ""


def input_errors(error: ArchlintError, file: str = "") -> tuple[InputError, ...]:
    """Return the mistakes of an error, each with its place; `file` is the input if the error does not name one.

    >>> from archlint.errors import UnreadableInputError, ConfigError
    >>> input_errors(ConfigError.at("archlint.toml:3:1", "no key `selct`", "did you mean `select`?"))[0].line
    3
    """
    if not error.mistakes:
        named = error.message.startswith(f"{file}:") or re.match(_PLACED, error.message) is not None
        named = named or not file or not isinstance(error, UnreadableInputError)
        message = error.message if named else f"{file}: {error.message}"
        return (_at(_spot(message, file), message, error.hint),)
    return tuple(_at(mistake.spot, mistake.said, mistake.hint) for mistake in error.mistakes)


def _at(spot: Spot, message: str, hint: str) -> InputError:
    return InputError(message, hint, spot.file, spot.line, spot.column)


def _spot(message: str, file: str) -> Spot:
    """Return the place at the start of a message."""
    match = re.match(_PLACED, message) if not file else re.match(f"({re.escape(file)})(?::(\\d+):(\\d+))?: ", message)
    return Spot(match[1], int(match[2] or 0), int(match[3] or 0)) if match is not None else Spot(file)
