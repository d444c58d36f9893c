"""What the callers of the library pass: a path or a text, and a configuration or its file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from archlint.config import Config
from archlint.errors import UsageError

_NAME_ONE: Final = "name a file, or give the text of an architecture"


def text_or_path(given: object) -> str | Path:
    r"""Return a text, which has a line break, or the path of a file or folder; raises `UsageError` for anything else.

    >>> text_or_path("archlint: 1\n"), text_or_path("arch.yaml") == Path("arch.yaml")
    ('archlint: 1\n', True)
    """
    path = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(path, str):
        hint = "decode it first" if isinstance(path, bytes) else _NAME_ONE
        raise UsageError(f"a path or a text is needed, not {_kind(path)}", hint)
    if not path:
        raise UsageError("the path is empty", _NAME_ONE)
    return path if isinstance(given, str) and "\n" in path else Path(path)


def config_or_file(given: object) -> Config | Path | None:
    """Return a configuration, or the path of its file; raises `UsageError` for anything else."""
    if given is None or isinstance(given, Config):
        return given
    path = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(path, str) or not path:
        what = "an empty path" if path == "" else _kind(path)
        raise UsageError(f"`config` is a configuration or its file, not {what}", "leave it out, or name a file")
    return Path(path)


def _kind(value: object) -> str:
    return "None" if value is None else f"`{type(value).__name__}`"
