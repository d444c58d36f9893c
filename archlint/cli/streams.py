"""Safe standard streams: they always exist, never change the exit status, and clean untrusted text.

A closed stream becomes the null device. Write errors are stored, not raised: the command ends as usual, and `trouble`
returns the error to report. Printed text is cleaned; the bytes of machine formats are not.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from archlint.errors import UsageError, hint_to_write

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

NO_PATH: Final = ("a path is empty", "is a variable of the shell not set?")
_ESCAPE: Final = r"\x1b(?:\[[0-9;]*m|\]8;[^\x00-\x1f\x7f-\x9f]*\x1b\\)"
"""Escape sequences that archlint prints itself: colours and links."""
_UNSAFE: Final = (
    r"(?m)[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|^\s*::(?!:)|##(?=\[|vso\[|teamcity\[)"
)
"""Control codes, marks that reorder text, and commands of GitHub Actions (`::`, `##[`), Azure Pipelines, TeamCity."""
_ANYWHERE: Final = r"#(?=#(?:\[|vso\[|teamcity\[))"
_GITHUB: Final = r"(?m)(^\s*):(?=:[^:])"
_CODES: Final = r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
_IN_JSON: Final = rf"{_CODES}|{_ANYWHERE}"
_GONE: Final = frozenset({errno.EPIPE, errno.EINVAL} if os.name == "nt" else {errno.EPIPE})
_closed: set[int] = set()


def clean(text: str, color: bool = False) -> str:
    r"""Escape what a terminal or a CI log would execute; with `color`, colours and links stay.

    >>> print(clean("\x1b[2Jred\n ::error::x"))
    \x1b[2Jred
     \x3a:error::x
    """
    # Nearly every text has none of it, which is found without compiling an expression; three colons are no command.
    if "::" not in text.replace(":::", "") and "##" not in text and text.replace("\n", "").isprintable():
        return text
    unsafe = re.compile(_UNSAFE)
    if not color:
        return unsafe.sub(_spelt, text)
    parts, end = [], 0
    for match in re.finditer(_ESCAPE, text):
        parts += [unsafe.sub(_spelt, text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, unsafe.sub(_spelt, text[end:])])


def harmless(text: str) -> str:
    """Break up commands in a machine format that a log or a terminal would execute.

    Azure Pipelines and TeamCity execute their commands anywhere in a line, and GitHub Actions at its start. JSON and
    XML keep their meaning; in other formats, a space separates the two characters. A text that starts with a command
    consists of commands on purpose, and has escaped its data itself.

    >>> harmless('{"name": "##vso[a]"}'), harmless("| ##[error] |"), harmless("a\\n ::error::b")
    ('{"name": "\\\\u0023#vso[a]"}', '| # #[error] |', 'a\\n : :error::b')
    """
    if text[:1] in ("{", "["):
        return re.sub(_IN_JSON, lambda match: f"\\u{ord(match[0]):04x}", text)
    is_xml = text[:1] == "<"
    text = re.sub(_CODES, lambda match: f"&#x{ord(match[0]):x};" if is_xml else "\ufffd", text)
    if "::" in text and not text.startswith("::"):
        text = re.sub(_GITHUB, r"\1&#58;" if is_xml else r"\1: ", text)
    return re.sub(_ANYWHERE, "&#35;" if is_xml else "# ", text)


def _spelt(match: re.Match[str]) -> str:
    found = match[0]
    if found == "##":
        return "\\x23#"
    if found.endswith("::"):
        return f"{''.join(map(_code, found[:-2]))}\\x3a:"
    return _code(found)


def _code(char: str) -> str:
    code = ord(char)
    if char in " \t\n":
        return char
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class Outlet(io.RawIOBase):
    """Writes to a file descriptor; `error` keeps the first error, and later output is dropped."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self.error: OSError | None = None

    def writable(self) -> bool:
        """Return whether bytes may be written: always."""
        return True

    def fileno(self) -> int:
        """Return the number of the descriptor."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Return whether the descriptor is a terminal."""
        return self._raw.isatty()

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all bytes, and wait for a slow reader."""
        size = memoryview(data).nbytes
        while self.error is None:
            try:
                written = self._raw.write(data)
            except OSError as error:
                self.error = error
                break
            if written is not None:
                return written
            import select

            select.select([], [self.fileno()], [])          # a non-blocking pipe
        return size


class Text(io.TextIOWrapper):
    """A text stream that cleans its text. `color` keeps colours."""

    color = False

    def write(self, text: str, /) -> int:
        """Clean a text and write it."""
        super().write(clean(text, self.color))
        return len(text)


def open_streams() -> None:
    """Make the standard streams safe; called once, when archlint's own process starts."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            _closed.add(number)
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)     # it takes the lowest free number: this one
    if getattr(sys, "stdin", None) is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    sys.stdout = _text(sys.stdout, 1)
    sys.stderr = _text(sys.stderr, 2)


def _text(stream: TextIO | None, number: int) -> Text:
    raw = getattr(getattr(stream, "buffer", None), "raw", None) or io.FileIO(number, "wb", closefd=False)
    encoding = stream.encoding if stream is not None else "utf-8"
    buffer = io.BufferedWriter(Outlet(raw))
    return Text(buffer, encoding, "backslashreplace", line_buffering=number == 2 or raw.isatty())


def let_colors_through(on: bool) -> None:
    """Keep colours and links on standard output, or escape them."""
    if isinstance(sys.stdout, Text):
        sys.stdout.color = on


def trouble() -> str:
    """Flush the streams, and return the write error of standard output; empty if its reader closed it."""
    errors = []
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        outlet = getattr(stream.buffer, "raw", None)
        errors.append(outlet.error if isinstance(outlet, Outlet) else None)
    error = errors[0]
    if error is None or error.errno in _GONE:
        return ""
    return f"standard output cannot be written: {error.strerror}\n  hint: {hint_to_write(error)}"


def read_stdin() -> bytes:
    """Return the content of standard input; raises `UsageError` if it is closed."""
    hint = "write to it through a pipe, or name a file"
    if 0 in _closed:
        raise UsageError("standard input is closed", hint)
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(f"standard input cannot be read: {error.strerror}", hint) from None


def write_bytes(data: bytes) -> None:
    """Write bytes of a machine format to standard output, as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def here() -> str:
    """Return the current folder, with slashes; empty if it was deleted: paths stay as given then."""
    try:
        return os.getcwd().replace(os.sep, "/")
    except OSError:
        return ""


def from_here(path: str) -> Path:
    """Name a path from the current folder if it is below or above, also if it leads there through a link.

    So reports have paths of the work tree, however it was reached.
    """
    folder = here() if os.path.isabs(path) else ""
    if not folder or Path(path).is_relative_to(folder):
        return Path(path)
    above, name = (path, "") if os.path.isdir(path) else os.path.split(path)
    real = Path(os.path.realpath(above), name)
    is_linked = Path(os.path.normpath(path)) != real
    if real.is_relative_to(folder) or (is_linked and Path(folder).is_relative_to(real)):
        return Path(os.path.relpath(real, folder))
    return Path(path)
