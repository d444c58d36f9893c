"""Interfaces for management that others can reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import WARNING, hit, parts
from archlint.verdicts import NoParams, Verdict

MANAGEMENT: Final[dict[str, dict[str, str]]] = {
    "torchserve": dict.fromkeys(("8081", "8444", "7071"), "the management API of TorchServe"),
    "ray-serve": {
        "8265": "the dashboard of Ray, which runs any job",
        "10001": "the client port of Ray, which runs any code",
    },
}
"""Ports that load models or run code, by technology."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each port for management that a Service opens outside the cluster, or that is published."""
    for name, part in parts(system):
        known = MANAGEMENT.get(part.uses, {})
        for front in part.running.fronts if known else ():
            names = {port.name: str(port.number) for port in part.ports}
            number = next((port for text in front.ports if (port := names.get(text, text)) in known), "")
            if number and front.type in {"NodePort", "LoadBalancer"}:
                message = (
                    f"Service `{front.name}` of type {front.type} opens port {number} of `{name}`: {known[number]}"
                )
                yield hit(name, front.site, "ports", message, loss=0.9)
                break
        published = next((port for port in part.ports if port.published and str(port.number) in known), None)
        if published is not None and part.format != "kubernetes":
            how = "publishes" if part.format == "compose" else "accepts everybody at"
            message = f"`{name}` {how} port {published.number}: {known[str(published.number)]}"
            yield hit(name, published.site, "ports", message, WARNING, loss=0.7)
