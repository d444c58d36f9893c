"""Sources that are mounted over an image."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import JOBS, hit, parts
from archlint.verdicts import NoParams, Verdict

_QUIET = frozenset({"client", "monitoring", "load-balancer", "database", "queue", "cache"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each service whose image is hidden by the folder of the project."""
    for name, part in parts(system, "compose"):
        prepares = part.kind in JOBS and not part.builds       # a job of a public image works on the folder
        if part.running.sources and part.kind not in _QUIET and not prepares:
            mount = part.running.sources[0]
            message = f"`{name}` runs the sources of this machine, mounted at {mount.target}, not those of its image"
            yield hit(name, mount.site, "volumes", message)
