"""Placeholders that nobody has replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, hit, parts, place_of
from archlint.model.deployment import Part, Value
from archlint.verdicts import NoParams, Verdict

_WORDS: Final = re.compile(
    r"<[A-Za-z][\w .:/-]{1,60}>|\bYOUR[-_][A-Z0-9_-]+|"
    r"(?i:\byour[-_](?:project|registry|bucket|account|org|domain|pvc|model|image|repo|username|user|name|api|key|token|cluster|region)\b[\w-]*|\bchange[-_]?me\b|\breplace[-_]?(?:me|with)\b)"
)
_VARIABLE: Final = re.compile(r"\$\{?[A-Z][A-Z0-9_]{2,}\}?")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each part whose image, volume, account or settings still hold a placeholder."""
    for name, part in parts(system):
        found = next(_placeholders(part), None)
        if found is not None:
            text, value, fails = found
            message = f"`{name}` still has the placeholder `{text[:60]}`"
            yield hit(name, place_of(value, text), "placeholder", message, None if fails else INFO, loss=0.3)


def _placeholders(part: Part) -> Iterator[tuple[str, Value, bool]]:
    """Yield the placeholders of a part, and whether it cannot run with them."""
    is_cluster = part.format == "kubernetes"
    for value in part.running.identities:
        text = value.raw if is_cluster and value.raw else value.text
        found = _WORDS.search(text) or (_VARIABLE.search(text) if is_cluster else None)
        if found is not None:
            yield found[0], value, found[0].startswith(("<", "YOUR", "your"))
    for value in (*part.command, *(one for one in part.env.values())):
        found = _WORDS.search(value.text)
        if found is not None and (found[0] == found[0].upper() or found[0] == value.text.strip()):
            yield found[0], value, False
