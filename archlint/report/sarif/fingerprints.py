"""The fingerprint of a line, by which GitHub code scanning recognises an alert again.

`github/codeql-action` defines it in src/fingerprints.ts, and computes it for uploads without it. It takes the next 100
characters (UTF-16 units) from the start of the line, without spaces and tabs, each line break as one line feed. 65535
stands for the end of the file, zeros follow. The value is a polynomial in 37 modulo 2^64, followed by the ordinal of
the line among those with the same value.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from typing import Final

_UNITS: Final = 100
_BASE: Final = 37
_BREAK: Final = re.compile(r"\r\n?")
_END: Final = "\uffff"


class LineHashes:
    r"""The fingerprints of the lines of one text, each line break of which is `\n`, `\r` or both.

    >>> LineHashes("a: 1\nb: 2\n").of(1) == LineHashes("a: 1\r\nb:  2\r\n").of(1)
    True
    >>> LineHashes("x\n" * 300).of(2).split(":")[1]
    '2'
    """

    def __init__(self, text: str) -> None:
        squeezed = _BREAK.sub("\n", text).translate({ord(" "): None, ord("\t"): None}) + _END
        if max(squeezed, default="") > _END or any("\ud800" <= char <= "\udfff" for char in set(squeezed)):
            squeezed = "".join(map(chr, array("H", squeezed.encode("utf-16-le", "surrogatepass"))))
        self._windows: list[str] = []
        start = 0
        while start >= 0 and start < len(squeezed):
            self._windows.append(squeezed[start : start + _UNITS])
            start = squeezed.find("\n", start) + 1 or -1
        self._ordinals: list[int] | None = None
        self._known: dict[int, str] = {}

    def of(self, line: int) -> str:
        """Return the fingerprint of a line, counted from 1; empty where there is no such line."""
        if not 1 <= line <= len(self._windows):
            return ""
        known = self._known.get(line)
        if known is None:
            value = 0
            for unit in self._windows[line - 1].ljust(_UNITS, "\0"):
                value = (value * _BASE + ord(unit)) % 2**64
            known = self._known[line] = f"{value:x}:{self._ordinal(line)}"
        return known

    def _ordinal(self, line: int) -> int:
        if self._ordinals is None:
            seen: Counter[str] = Counter()
            self._ordinals = []
            for window in self._windows:
                seen[window] += 1
                self._ordinals.append(seen[window])
        return self._ordinals[line - 1]
