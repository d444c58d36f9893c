"""Models that anybody can ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, deployment, hit, parts
from archlint.model.deployment import Part
from archlint.verdicts import NoParams, Verdict

_CONSOLE: Final = re.compile(
    r"(?i)(^|/)(mher/)?flower(:|$)|\bcelery\b.*\bflower\b|(^|/)(kibana|kafka-ui|redis-commander|mongo-express)(:|$)"
)
_OLD: Final = re.compile(r"elasticsearch[\w.-]*:[1-7]\.")
_BROKER: Final = re.compile(r"^(CELERY_)?BROKER_URL$")
FLOWER_PORT: Final = 5555
"""https://flower.readthedocs.io/en/latest/config.html#port"""
_GUARDS: Final = re.compile(r"(?i)basic_?auth|oauth|auth_type|HTTP_USER|LOGIN_FORM|^FLOWER_AUTH")
"""Variables that make a console ask who it is."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
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
        guarded = "auth" in text or any(_GUARDS.search(name) for name in part.env)
        is_console = _CONSOLE.search(text) is not None or _is_flower(part)
        if port is not None and is_console and not guarded and not _asks_its_store(system, name, text):
            message = f"the console `{name}` is published on port {port.number} without authentication"
            yield hit(name, port.site, "ports", message, INFO, hint=True)


def _is_flower(part: Part) -> bool:
    """Whether a monitor with the broker of a task queue listens on the default port of Flower."""
    if part.kind != "monitoring" or not any(_BROKER.search(name) for name in part.env):
        return False
    return any(port.number == FLOWER_PORT for port in part.ports)


def _asks_its_store(system: System, name: str, text: str) -> bool:
    """Whether a console leaves it to its store who may log in: Kibana does, unless Elasticsearch is open."""
    if "kibana" not in text:
        return False
    found = deployment(system).parts
    stores = (found[one.target] for one in system.topology.outgoing.get(name, ()) if one.target in found)
    return not any(map(_is_open, stores))


def _is_open(store: Part) -> bool:
    """Whether Elasticsearch asks nobody who it is: that was the default before version 8."""
    stated = store.env.get("xpack.security.enabled")
    if stated is not None:
        return stated.text == "false"
    return store.image is not None and _OLD.search(store.image.text) is not None


def _serves_models(system: System, name: str) -> bool:
    """Whether a component is a model server or calls one."""
    names = [
        name,
        *(relation.target for relation in system.topology.outgoing.get(name, ()) if relation.verb == "calls"),
    ]
    return any(one in system.components and system.components[one].kind == "model-server" for one in names)
