"""Services that wait until another one has started, but not until it can answer."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import JOBS, deployment, hit, parts
from archlint.verdicts import NoParams, Verdict

_QUIET = JOBS | {"client", "monitoring"}


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each service that starts after another one has started."""
    known = {(part.scope, word): name for name, part in parts(system) for word in (*part.names, part.name)}
    stated = deployment(system).parts
    for name, part in parts(system, "compose"):
        for value in part.after:
            target = known.get((part.scope, value.text), "")
            if value.tag == "service_started" and target and stated[target].kind not in _QUIET:
                message = f"`{name}` starts as soon as `{target}` has started, not when `{target}` can answer"
                yield hit(name, value.site, "depends_on", message)
                break
