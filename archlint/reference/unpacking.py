"""Unpacks the reference implementations of an installation into the user's folder for caches, once a version."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Final

from archlint.errors import UsageError
from archlint.shipped import packed_file

_DONE: Final = ".complete"


def unpacked(name: str) -> Path | None:
    """Return the folder with the content of an archive; None if this installation has no such archive.

    The name of the folder has the archive's digest, so that it belongs to one version. It is written beside its place
    and renamed, so that it is whole, and others may unpack at the same time. Raises `UsageError` if it cannot be
    written.
    """
    archive = packed_file(name)
    if archive is None:
        return None
    data = archive.read_bytes()
    place = caches() / "archlint" / f"{name}-{sha256(data).hexdigest()[:12]}"
    if (place / _DONE).is_file():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _unpack(archive, place)
    except OSError as error:
        what = f"{place}: the reference implementations cannot be unpacked: {error.strerror or error}"
        raise UsageError(what, f"set {_variable()} to a folder that can be written") from None
    return place


def caches() -> Path:
    """Return the user's folder for caches: XDG_CACHE_HOME, LOCALAPPDATA on Windows, else `~/.cache`."""
    named = os.environ.get(_variable(), "")
    if named and Path(named).is_absolute():
        return Path(named)
    try:
        return Path.home() / (".cache" if sys.platform != "win32" else "AppData/Local")
    except RuntimeError:
        raise UsageError("there is no home folder to unpack the reference implementations into",
                         f"set {_variable()} to a folder that can be written") from None  # fmt: skip


def _variable() -> str:
    return "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"


def _unpack(archive: Path, place: Path) -> None:
    part = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(part)
        (part / _DONE).touch()
        if place.exists() and not (place / _DONE).is_file():
            shutil.rmtree(place)                       # a part of it was removed
        part.rename(place)
    except OSError:
        if not (place / _DONE).is_file():              # otherwise another process was faster
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
