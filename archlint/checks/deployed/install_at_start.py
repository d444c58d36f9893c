"""Containers that install software at each start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, JOBS, hit, parts, place_of
from archlint.verdicts import NoParams, Verdict

_INSTALL: Final = re.compile(
    r"\b((?:python3? -m )?pip3?|uv pip|conda|mamba|apt-get|apt|yum|dnf|npm|yarn|poetry)"
    r"\s+(?:-\S+\s+)*(?:install|sync)\b"
    r"|\bapk\s+(?:-\S+\s+)*add\b|\bgit\s+clone\b|\b(?:curl|wget)\b[^|;&\n]*\|\s*(?:ba)?sh\b"
)
_HELPERS: Final = frozenset({"client", "monitoring"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each part whose command or runtime environment installs packages or fetches code."""
    for name, part in parts(system):
        severity = INFO if part.kind in JOBS | _HELPERS or part.role in {"job", "loader"} else None
        first = next(((found[0], value) for value in part.programs if (found := _INSTALL.search(value.text))), None)
        if first is None and (found := _INSTALL.search(part.command_text)):
            first = found[0], part.command[0]
        if first is not None:
            message = (
                f"`{name}` runs `{first[0][:40]}` at each start: a start is slow, and fails with the package index"
            )
            yield hit(name, place_of(first[1], first[0]), "command", message, severity, loss=0.4)
        elif part.running.packages:
            value = part.running.packages[0]
            message = f"`{name}` installs packages at each start ({value.text[:60]}): a start is slow, and may fail"
            yield hit(name, value.site, "runtime_env", message, severity, loss=0.4)
