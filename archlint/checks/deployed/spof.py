"""Single instances that everything needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._faults import faults
from archlint.checks.deployed._parts import hit, parts
from archlint.verdicts import NoParams, Verdict

_REPLICATION: Final = re.compile(r"REPLICATION_FACTOR$")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each Ray cluster whose head cannot be replaced, and each broker that keeps one copy."""
    for name, value in faults(system, "spof"):
        message = f"`{name}` has {value.text}: if the head of the Ray cluster fails, all of it restarts"
        yield hit(name, value.site, "gcsFaultToleranceOptions", message, loss=0.3)
    for name, part in parts(system):
        if part.kind == "queue":
            for key, value in part.env.items():
                if _REPLICATION.search(key) and value.text == "1":
                    message = (
                        f"`{name}` keeps one copy of each message ({key}=1): one broker is a single point of failure"
                    )
                    yield hit(name, value.site, "environment", message)
                    break
