"""A model without a fixed version, or without a registry to roll back from."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Model
from archlint.verdicts import Hit, NoParams, Verdict

MOVING = frozenset({"latest", "newest", "current", "stable", "prod", "production", "main", "master", "head"})
"""Words for a version that changes with every release."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each served model without a fixed version, or without a registry, at the model."""
    traffic = Traffic(system)
    for name, servers in system.topology.servers.items():
        model = system.architecture.models.get(name)
        if model is None:
            continue
        own = [system.components[server] for server in servers if system.components[server].kind != "external"]
        missing = [] if model.version else ["version"]
        if not model.registry and not all(_comes_from_somewhere(system, server) for server in own):
            missing.append("registry")
        loss = max((traffic.served_by(server) for server in servers), default=0.0)
        if missing:
            yield _absent(model, missing, loss)
        elif (model.version or "").lower() in MOVING:
            yield _moving(model, loss)


def _comes_from_somewhere(system: System, server: Component) -> bool:
    """Whether a server loads its models from a store, or has them in an image with a fixed tag."""
    if any(relation.verb == "loads" for relation in system.topology.outgoing[server.name]):
        return True
    return server.loads_model == "in-image" and server.image is not None and _is_fixed(server.image)


def _is_fixed(image: str) -> bool:
    """Whether an image is named by its digest, or by a fixed tag.

    >>> _is_fixed("shop/ranker:1.4"), _is_fixed("shop/ranker"), _is_fixed("host:5000/shop/ranker:latest")
    (True, False, False)
    """
    if "@" in image:
        return True
    tag = image.rpartition("/")[2].partition(":")[2]
    return bool(tag) and tag.lower() not in MOVING


def _absent(model: Model, missing: list[str], loss: float) -> Hit:
    consequence = "you cannot tell which version answered, or roll back"
    if missing == ["version"]:
        consequence = "you cannot tell which version answered"
    elif missing == ["registry"]:
        consequence = "you cannot roll back to the version before it"
    known = f"the version `{model.version}`, but " if model.version else ""
    message = f"`{model.name}` has {known}no {' and no '.join(missing)}: {consequence}"
    absent = tuple(model.place(key) for key in missing)
    decision = f"{' and '.join(missing)} of models"
    return Hit(model.place(), message, absent=absent, cures=("model-registry",), loss=loss, decision=decision)


def _moving(model: Model, loss: float) -> Hit:
    message = f"`{model.name}` has the version `{model.version}`, which changes with every release"
    return Hit(model.place("version"), message, cures=("model-registry",), loss=loss)
