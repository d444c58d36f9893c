"""Files that commands write: which files they never overwrite, and how they write text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from archlint.cli.streams import clean, harmless, write_bytes
from archlint.config import nearest_config
from archlint.errors import UsageError, hint_to_write
from archlint.writing import write_file

_ELSEWHERE: Final = "name another file"
_READ_SUFFIXES: Final = {".yaml", ".yml", ".toml"}


def keep_what_is_read(file: str, inputs: Iterable[str], others: Iterable[str] = (), done: str = "checked") -> None:
    """Raise `UsageError` if an output would overwrite a file that archlint reads, also through a link.

    `inputs` are the architecture files that this call read, and `done` is what it did with them. `others` are its
    configuration and baseline, if the call names them. The configurations of the inputs, every architecture file, every
    baseline, and all YAML and TOML files are protected too: they may be included parts, price lists, or extended
    configurations.
    """
    if not os.path.isfile(file):
        return
    inputs = list(dict.fromkeys(inputs))
    if any(map(_Same(file), inputs)):
        raise UsageError(f"{file}: this file was {done}; a report does not overwrite it", _ELSEWHERE)
    folders = {os.path.dirname(os.path.abspath(name)) for name in inputs}
    configs = (nearest_config(Path(folder, "any")) for folder in sorted(folders))
    if any(map(_Same(file), (*others, *(str(config) for config in configs if config is not None)))):
        raise UsageError(f"{file} is the configuration or the baseline: it is not overwritten", _ELSEWHERE)
    if _is_baseline(file):
        raise UsageError(f"{file} is a baseline: it is not overwritten", _ELSEWHERE)
    if _is_architecture(file):
        raise UsageError(f"{file} is an architecture file: it is not overwritten", _ELSEWHERE)
    suffix = Path(file).suffix.lower()
    if suffix in _READ_SUFFIXES:
        what = f"{file} exists, and it may be an input because it is {suffix[1:].upper()}: it is not overwritten"
        raise UsageError(what, "name the file after its format, such as report.json")


class _Same:
    """Compares other files with one file; links to it are equal."""

    def __init__(self, file: str) -> None:
        self.file = os.stat(file)

    def __call__(self, other: str) -> bool:
        try:
            return os.path.samestat(self.file, os.stat(other))
        except (OSError, ValueError):
            return False


def _is_baseline(file: str) -> bool:
    try:
        with open(file, "rb") as stream:
            start = stream.read(100)
    except OSError:
        return False
    if b"archlint" not in start:
        return False
    from archlint.compare.entries import MARK

    return f'{{"{MARK}":'.encode() in start


def _is_architecture(file: str) -> bool:
    from archlint.errors import UnreadableInputError
    from archlint.source.files import is_architecture, read_bytes

    try:
        return is_architecture(read_bytes(Path(file), file))
    except UnreadableInputError:
        return False


def write_output(text: str, file: str, machine: bool = True) -> None:
    """Write a report to a file, or to standard output if no file is named.

    The bytes are UTF-8, independent of the locale; only text for a terminal has the encoding of the terminal. A file
    has no commands of a CI system either: it may be one of its streams, or printed later.
    """
    text = text if text.endswith("\n") or not text else text + "\n"
    if file:
        save(file, (harmless(text) if machine else clean(text)).encode("utf-8", "backslashreplace"))
    elif machine:
        write_bytes(harmless(text).encode("utf-8", "backslashreplace"))
    else:
        print(text, end="")


def say(text: str) -> None:
    """Print what a command did. It goes to standard error: standard output holds only what was asked for."""
    print(text, file=sys.stderr)


def save(file: Path | str, data: bytes, inside: Path | None = None, replace: bool = True) -> None:
    """Write a file atomically; raises `UsageError` if it cannot be written."""
    try:
        write_file(file, data, inside, replace)
    except OSError as error:
        raise unwritable(file, error) from None


def unwritable(file: Path | str, error: OSError) -> UsageError:
    """Return the error for a file that cannot be written, with a hint."""
    return UsageError(f"{file}: cannot be written: {error.strerror}", hint_to_write(error))
