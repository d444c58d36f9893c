"""Write a file in one step: readers see the old file or the new one, never a part.

Everything that archlint writes goes through here: reports, pictures, baselines, new files.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from archlint.source.files import keep_inside


class ChangedMeanwhileError(OSError):
    """A file that another program changed before its new content could be written; it was left as it is."""

_NO_ROOM_BESIDE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY, errno.EXDEV})
"""A folder without write permission, or a file that is a mount point: an existing file is written in place."""

_LONGEST_NUMBER: Final = 9
"""Digits of the number of an open stream."""


def write_file(
    path: Path | str, data: bytes, inside: Path | None = None, replace: bool = True, expected: bytes | None = None
) -> None:
    """Write a file; a kill or a full disk leaves the old one. Raises `OSError`.

    A link is followed inside its project only, because a checked repository may hold links to any file: raises
    `UsageError` for a path that leads out of `inside`, or by default of the project that the path lies in. Permissions
    stay; devices, pipes and open streams (`/dev/stdout`, `/dev/fd/63`) are written to. Without `replace`, an existing
    file is a `FileExistsError`. If the file is no longer what is `expected`, raises `ChangedMeanwhileError`; this is
    looked at in the last moment, when the new content is on disk beside it.
    """
    stream = _open_stream(path) if inside is None else None
    if stream is not None:
        with os.fdopen(os.dup(stream), "wb") as opened:
            opened.write(data)
        return
    real = keep_inside(path, inside)
    if not replace and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    try:
        old = os.stat(real)
    except FileNotFoundError:
        old = None
    if old is not None:
        if stat.S_ISDIR(old.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(old.st_mode):
            _write_into(real, data)
            return
        if not os.access(real, os.W_OK):               # a rename would still replace it
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    try:
        _write_beside(real, data, old, replace, expected)
    except OSError as error:
        if old is None or error.errno not in _NO_ROOM_BESIDE:
            raise
        _require(real, expected)
        _write_into(real, data)


def _open_stream(path: Path | str) -> int | None:
    """Return the number of the open stream that a path names, as `>(...)` in a shell does; None for other paths.

    To open it by its path fails for a pipe, and replaces a file to which the shell appends.
    """
    folder, name = os.path.split(os.fspath(path))
    if folder == "/dev" and name in {"stdout", "stderr"}:
        return 1 if name == "stdout" else 2
    numbers = folder in {"/dev/fd", "/proc/self/fd"} and name.isdecimal() and len(name) <= _LONGEST_NUMBER
    return int(name) if numbers else None


def _require(real: str, expected: bytes | None) -> None:
    """Raise `ChangedMeanwhileError` if a file does not have the content that it should have."""
    if expected is None:
        return
    try:
        with open(real, "rb") as file:
            same = file.read(len(expected) + 1) == expected
    except FileNotFoundError:
        same = False
    if not same:
        raise ChangedMeanwhileError(None, "changed meanwhile", real)


def _write_into(real: str, data: bytes) -> None:
    with open(real, "wb") as file:
        file.write(data)


def _write_beside(
    real: str, data: bytes, old: os.stat_result | None, replace: bool, expected: bytes | None
) -> None:  # fmt: skip
    """Write a new file next to the old one, sync it to disk, and replace the old one."""
    part = os.path.join(os.path.dirname(real), f".archlint-{os.urandom(6).hex()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(part, flags, 0o666 if old is None else 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            _take_over(part, old)
        _require(real, expected)
        if replace:
            os.replace(part, real)
        else:
            _place_new(part, real)
    finally:
        with suppress(OSError):
            os.unlink(part)
    _sync_folder(os.path.dirname(real))


def _take_over(part: str, old: os.stat_result) -> None:
    """Give the new file the owner and the permissions of the old one."""
    if os.name == "posix" and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(OSError):
            os.chown(part, old.st_uid, old.st_gid)
    os.chmod(part, stat.S_IMODE(old.st_mode))


def _place_new(part: str, real: str) -> None:
    """Give the new file its name, if nothing has that name by now."""
    try:
        os.link(part, real)
    except FileExistsError:
        raise
    except (OSError, AttributeError, NotImplementedError):   # no hard links here; on Windows, a rename never replaces
        if os.path.lexists(real):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), real) from None
        os.rename(part, real)


def _sync_folder(folder: str) -> None:
    if os.name != "posix":
        return
    with suppress(OSError):                            # not supported by some file systems; the file itself is safe
        handle = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def encoded(text: str, like: bytes) -> bytes:
    """Encode a text as a file is encoded: UTF-8 with or without a byte order mark, or UTF-16."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if like.startswith(mark):
            return mark + text.encode(encoding)
    return text.encode()


def csv_cell(text: str) -> str:
    r"""Return a text as a cell of CSV: on one line, without control characters, and no formula of a spreadsheet.

    >>> csv_cell("two\n\x1b[2J lines"), csv_cell("=HYPERLINK(1)"), csv_cell("-5s")
    ('two [2J lines', "'=HYPERLINK(1)", '-5s')
    """
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    formula = flat[:1] in {"=", "+", "@"} or (flat[:1] == "-" and not flat[1:2].isdigit())
    return f"'{flat}" if formula else flat
