"""Files that commands write: what none of them replaces, and how the text gets there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from archlint.cli.streams import harmless, write_bytes
from archlint.config import nearest_config
from archlint.errors import UsageError, hint_to_write
from archlint.writing import write_file

_ELSEWHERE: Final = "name another file"
_READ_SUFFIXES: Final = {".yaml", ".yml", ".toml"}


def keep_what_is_read(file: str, inputs: Iterable[str], others: Iterable[str] = (), done: str = "checked") -> None:
    """Refuse to write over what archlint reads, by whatever name it goes: raises `UsageError`.

    `inputs` are the files that this call has read as architectures, and `done` is what became of them; `others` are its
    configuration and baseline, where the call names them. Those that hold for the inputs without being named, any
    architecture file and any baseline are kept as well, and so is all YAML and TOML: included parts, price lists, what
    configurations extend.
    """
    if not os.path.isfile(file):
        return
    inputs = list(dict.fromkeys(inputs))
    if any(map(_Same(file), inputs)):
        raise UsageError(f"{file}: this file was {done}, and a report does not replace it", _ELSEWHERE)
    folders = {os.path.dirname(os.path.abspath(name)) for name in inputs}
    configs = (nearest_config(Path(folder, "any")) for folder in sorted(folders))
    if any(map(_Same(file), (*others, *(str(config) for config in configs if config is not None)))):
        raise UsageError(f"{file} is the configuration, or the baseline: it is not overwritten", _ELSEWHERE)
    if _is_baseline(file):
        raise UsageError(f"{file} is a baseline: it is not overwritten", _ELSEWHERE)
    if _is_architecture(file):
        raise UsageError(f"{file} is an architecture file: it is not overwritten", _ELSEWHERE)
    suffix = Path(file).suffix.lower()
    if suffix in _READ_SUFFIXES:
        what = f"{file} exists, and no report is {suffix[1:].upper()}: it is not overwritten"
        raise UsageError(what, "name a file by its format, such as report.json")


class _Same:
    """Whether a file is this one, also by a link of either kind."""

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
    """Write a report to a file, or to standard output where none is named.

    The bytes are UTF-8 whatever the locale is; only text for people at a terminal has the terminal's encoding.
    """
    text = text if text.endswith("\n") or not text else text + "\n"
    if file:
        save(file, text.encode("utf-8", "backslashreplace"))
    elif machine:
        write_bytes(harmless(text).encode("utf-8", "backslashreplace"))
    else:
        print(text, end="")


def save(file: Path | str, data: bytes, inside: Path | None = None, replace: bool = True) -> None:
    """Write a file in one step; raises `UsageError` where it cannot be written."""
    try:
        write_file(file, data, inside, replace)
    except OSError as error:
        raise unwritable(file, error) from None


def unwritable(file: Path | str, error: OSError) -> UsageError:
    """The error of a file that cannot be written, with what to do about it."""
    return UsageError(f"{file}: cannot be written: {error.strerror}", hint_to_write(error))
