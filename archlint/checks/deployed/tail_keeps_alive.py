"""Containers that stay up when their server has ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import JOBS, hit, parts, place_of
from archlint.verdicts import NoParams, Verdict

_TAIL: Final = re.compile(
    r"(?P<before>\S[^\n]*?|\S[\s\S]*?)(?:&&?|;|\n)\s*(?P<tail>(?:exec\s+)?(?:tail\s+-f\s+/dev/null|sleep\s+infinity)|"
    r"while\s+(?:true|:|sleep\s+\d+)\s*;\s*do\s+(?:sleep\s+\d+|:)\s*;?\s*done)[\s;\"']*$"
)


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each server that runs beside a command which never ends."""
    for name, part in parts(system):
        if part.kind in JOBS | {"client"} or part.role != "container":
            continue
        for value in part.programs:
            found = _TAIL.search(value.text[-4000:])
            if found is not None:
                tail = " ".join(found["tail"].split())[:40]
                message = f"the command of `{name}` ends in `{tail}`: when its server ends, the container stays up"
                yield hit(name, place_of(value, found["tail"]), "command", message, loss=0.5)
                break
