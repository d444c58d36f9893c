"""Models that anybody can ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, Params, hit, parts
from archlint.verdicts import Verdict

_CONSOLE: Final = re.compile(
    r"(?i)(^|/)(mher/)?flower(:|$)|\bcelery\b.*\bflower\b|(^|/)(kibana|kafka-ui|redis-commander|mongo-express|adminer)(:|$)"
)


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each model path that a public Service or Ingress opens without a sign of authentication."""
    for name, part in parts(system, "kubernetes"):
        front = next(
            (one for one in part.running.fronts if one.type in {"LoadBalancer", "Ingress"} and not one.guarded), None
        )
        if front is not None and _serves_models(system, name):
            what = f"Service `{front.name}` of type {front.type} opens `{name}`"
            if front.kind == "Ingress":
                what = f"Ingress `{front.name}` opens a model"
            message = f"{what} to everybody: no sign of authentication"
            yield hit(name, front.site, "exposed", message, hint=True, loss=0.5)
    for name, part in parts(system, "compose"):
        text = f"{part.image.text if part.image is not None else ''} {part.command_text}"
        port = next((one for one in part.ports if one.published), None)
        if port is not None and _CONSOLE.search(text) and "auth" not in text:
            message = f"the console `{name}` is published on port {port.number} without authentication"
            yield hit(name, port.site, "ports", message, INFO, hint=True)


def _serves_models(system: System, name: str) -> bool:
    """Whether a component is a model server or calls one."""
    names = [
        name,
        *(relation.target for relation in system.topology.outgoing.get(name, ()) if relation.verb == "calls"),
    ]
    return any(one in system.components and system.components[one].kind == "model-server" for one in names)
