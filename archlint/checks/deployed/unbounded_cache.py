"""Caches without a limit on their size."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, parts, text_of
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each Redis that is used as a cache and states no `maxmemory`."""
    for name, part in parts(system):
        if part.kind != "cache" or part.uses != "redis" or part.role != "container" or part.running.managed:
            continue
        if part.image is None and part.base is None and not part.command:      # a service of a cloud has a limit
            continue
        configured = any(
            mount.target.endswith((".conf", "/etc/redis", "/usr/local/etc/redis")) for mount in part.mounts
        )
        if "maxmemory" not in text_of(part).lower() and not configured:
            limit = part.running.limits.get("memory")
            until = f"it is killed at its limit of {limit.text}" if limit is not None else "its host has no memory left"
            message = f"the cache `{name}` has no `maxmemory`: it grows until {until}"
            yield hit(name, part.site, "command", message)
