"""Several replicas that share a volume of one node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, most_replicas, pods
from archlint.model.deployment import Mount
from archlint.verdicts import NoParams, Verdict

_ONE_NODE: Final = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})
_OF_NODE: Final = ("/dev", "/proc", "/sys", "/var/run", "/run", "/etc", "/var/log", "/usr", "/lib")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each workload with several replicas, one volume, and a volume that one node can mount."""
    for name, part in pods(system):
        count = most_replicas(part)
        if count < 2 or part.what == "StatefulSet":
            continue
        for mount in part.mounts:
            if mount.modes and set(mount.modes) <= _ONE_NODE:
                claim = mount.key.rpartition("/")[2]
                message = (
                    f"up to {count:g} replicas of `{name}` share the claim `{claim}`, which one node can mount "
                    f"({mount.modes[0]})"
                )
                yield hit(name, mount.site, "volumes", message, loss=0.4)
            elif mount.host and not _is_of_node(mount):
                message = f"up to {count:g} replicas of `{name}` read a path of their node: each node may hold another"
                yield hit(name, mount.site, "volumes", message, loss=0.3)


def _is_of_node(mount: Mount) -> bool:
    path = "/" + mount.key.partition("/host/")[2]
    return mount.target.startswith(_OF_NODE) or path.startswith(_OF_NODE)
