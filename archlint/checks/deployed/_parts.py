"""What the checks of this package share: which parts they are about, and how they report them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.model.deployment import Deployment, Part, Site, Spot, Thing, Value, spot
from archlint.source.nodes import Span
from archlint.verdicts import Certainty, Hit, Related, Severity

INFO, WARNING = Severity.INFO, Severity.WARNING
SERVERS: Final = frozenset({"model-server", "service", "gateway", "load-balancer"})
"""Kinds that answer requests."""
STORES: Final = frozenset({"database", "cache", "queue", "vector-store", "object-store", "warehouse", "config-store"})
JOBS: Final = frozenset({"batch-job", "training-job"})
WORKLOADS: Final = frozenset(
    {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout",
     "LeaderWorkerSet", "CloneSet"}
)  # fmt: skip
"""Workloads of Kubernetes whose pods the manifest describes itself."""
_COMMENT: Final = re.compile(r"(?m)^\s*#.*$")
_QUANTITY: Final = re.compile(r"^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$")
_FACTORS: Final = {
    "": 1.0, "b": 1.0, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
    "ki": 2.0**10, "mi": 2.0**20, "gi": 2.0**30, "ti": 2.0**40,
}  # fmt: skip


def deployment(system: System) -> Deployment:
    """Return what the deployment files state; nothing for a system that was not imported."""
    return system.deployment or Deployment()


def parts(system: System, *formats: str) -> Iterator[tuple[str, Part]]:
    """Yield the parts that the files define, in the order of the files, of all formats or some."""
    for name, part in deployment(system).parts.items():
        if part.role != "external" and (not formats or part.format in formats):
            yield name, part


def pods(system: System) -> Iterator[tuple[str, Part]]:
    """Yield the workloads of Kubernetes that run until they are stopped, and whose pods the manifest describes."""
    for name, part in parts(system, "kubernetes"):
        if part.role == "container" and part.what in WORKLOADS and not part.running.managed and part.kind not in JOBS:
            yield name, part


def things(system: System) -> Iterator[tuple[str, Thing]]:
    """Yield the resources that are no parts, each with the name of the part that it belongs to, or an empty one."""
    for name, part in deployment(system).parts.items():
        for thing in part.running.things:
            yield name if thing.own else "", thing


def at_thing(owner: str, thing: Thing) -> Spot:
    """Return the place of a resource that is no part."""
    if owner:
        return spot(owner, thing.site, thing.kind)
    return Spot(("files", f"{thing.kind} {thing.name}"), ("files", f"{thing.kind} {thing.name}"), thing.site)


def hit(
    name: str, site: Site, key: str, message: str, severity: Severity | None = None, *,
    hint: bool = False, loss: float = 0.0, related: tuple[Related, ...] = (),
) -> Hit:  # fmt: skip
    """Return a hit at a key of a part, whose text is at a place of a file; a `hint` is no proof."""
    certainty = Certainty.HEURISTIC if hint else Certainty.PROVEN
    return Hit(spot(name, site, key), message, certainty=certainty, severity=severity, loss=loss, related=related)


def place_of(value: Value, text: str) -> Site:
    """Return the place of a text in a value, such as a line of a script; else that of the value."""
    span, document = value.site.span, value.site.document
    start = document.text.find(text, span.start, span.end) if text else -1
    return Site(document, Span(start, start + len(text))) if start >= 0 else value.site


def callers(system: System, name: str) -> list[str]:
    """Return the parts that use a part; what only watches it does not."""
    found = system.topology.incoming.get(name, ())
    sources = (relation.source for relation in found if relation.verb not in {"monitored_by", "logs_to"})
    return list(dict.fromkeys(sources))


def is_reached(system: System, name: str, part: Part) -> bool:
    """Whether a Service fronts a part, or another part calls it."""
    return bool(part.running.fronts) or any(
        system.components[caller].kind != "monitoring" for caller in callers(system, name)
    )


def amount(value: Value | None) -> float | None:
    """Return a quantity of Kubernetes or Compose as a number: cores or bytes.

    >>> from archlint.model.deployment import Value
    >>> [amount(Value(text, None)) for text in ("500m", "2", "1Gi", "512M", "x")]
    [0.5, 2.0, 1073741824.0, 512000000.0, None]
    """
    found = _QUANTITY.match(value.text) if value is not None else None
    if found is None:
        return None
    if found[2] == "m":
        return float(found[1]) / 1000
    factor = _FACTORS.get(found[2].lower())
    return float(found[1]) * factor if factor is not None else None


def most_replicas(part: Part) -> float:
    """Return the largest number of replicas that the files allow; 1 if they state none."""
    stated = part.running.replicas.text if part.running.replicas is not None else ""
    numbers = [stated, *(scaler.maximum for scaler in part.running.scalers)]
    return max((float(text) for text in numbers if text.isdigit()), default=1.0)


def text_of(part: Part) -> str:
    """Return the command and the environment of a part, to search in; comments of scripts are left out."""
    commands = (_COMMENT.sub("", value.text) for value in part.programs)
    return "\n".join([*commands, *(f"{name}={value.text}" for name, value in part.env.items())])


def are_alternatives(one: Part, other: Part) -> bool:
    """Whether no choice of profiles runs both parts."""
    mine, others = one.running.profiles, other.running.profiles
    return bool(mine and others) and not set(mine) & set(others)
