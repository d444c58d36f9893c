"""Health checks that go through an address of the host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, parts
from archlint.verdicts import NoParams, Verdict

_VARIABLE: Final = re.compile(r"://(?<!\$\$)\$\{?([A-Za-z_]\w*)")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each health check whose host is a variable of the Compose project."""
    for name, part in parts(system, "compose"):
        for probe in part.running.probes:
            found = _VARIABLE.search(probe.text)
            if found is not None:
                message = (
                    f"the health check of `{name}` asks the host `${found[1]}`, not itself: it fails if the variable "
                    "is unset or the port is not published"
                )
                yield hit(name, probe.site, "healthcheck", message, loss=0.6)
