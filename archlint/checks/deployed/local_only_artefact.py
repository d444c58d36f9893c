"""Images, models and volumes that one machine has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._addresses import host_of, is_private
from archlint.checks.deployed._parts import INFO, at_thing, hit, parts, things
from archlint.model.deployment import Mount, Part
from archlint.verdicts import Hit, NoParams, Verdict

_OF_NODE: Final = ("dev", "proc", "sys", "run", "var/run", "etc", "var/log", "usr", "lib", "boot", "var/lib/docker",
                   "var/lib/kubelet", "var/lib/containerd")  # fmt: skip
_OBSERVERS: Final = frozenset({"monitoring"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each part whose image, model or data is on one node, or on one machine of a private network."""
    for name, part in parts(system, "kubernetes"):
        if part.running.pull is not None and part.running.pull.text == "Never":
            message = f"`{name}` runs an image that is never pulled: it starts only on nodes that have it"
            yield hit(name, part.running.pull.site, "imagePullPolicy", message, INFO)
        mount = next((one for one in part.mounts if one.host and _is_data(one, part)), None)
        if mount is not None:
            message = f"`{name}` reads a path of its node ({mount.target}): on another node it is empty"
            yield hit(name, mount.site, "volumes", message, INFO)
        for value in part.running.artefacts:
            if is_private(host_of(value.text)):
                message = (
                    f"`{name}` loads its model from one machine, {host_of(value.text)}: it starts only while that runs"
                )
                yield hit(name, value.site, "model", message, INFO)
                break
    for owner, thing in things(system):
        if thing.host:
            message = f"the volume `{thing.name}` is the path {thing.host} of a node: other nodes do not have it"
            yield Hit(at_thing(owner, thing), message, severity=INFO)


def _is_data(mount: Mount, part: Part) -> bool:
    path = mount.key.partition("/host/")[2]
    return "/host/" in mount.key and part.kind not in _OBSERVERS and not path.startswith(_OF_NODE) and path != ""
