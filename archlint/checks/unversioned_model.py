"""A model of which nobody can say which one it is, or get the one before back."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component, Model
from archlint.verdicts import Hit, Verdict

MOVING = frozenset({"latest", "newest", "current", "stable", "prod", "production", "main", "master", "head"})
"""Words that mean another model tomorrow."""


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each served model without a fixed version, or without a place that it comes from, at it."""
    for name, servers in system.topology.servers.items():
        model = system.architecture.models.get(name)
        if model is None:
            continue
        own = [system.components[server] for server in servers if system.components[server].kind != "external"]
        missing = [] if model.version else ["version"]
        if not model.registry and not all(_comes_from_somewhere(system, server) for server in own):
            missing.append("registry")
        if missing:
            yield _absent(model, missing)
        elif (model.version or "").lower() in MOVING:
            yield _moving(model)


def _comes_from_somewhere(system: System, server: Component) -> bool:
    """Whether a server loads its models from a store, or carries them in an image that can be had again."""
    if any(relation.verb == "loads" for relation in system.topology.outgoing[server.name]):
        return True
    return server.loads_model == "in-image" and server.image is not None and _is_fixed(server.image)


def _is_fixed(image: str) -> bool:
    """Whether an image is named by its digest, or by a tag that stays.

    >>> _is_fixed("shop/ranker:1.4"), _is_fixed("shop/ranker"), _is_fixed("host:5000/shop/ranker:latest")
    (True, False, False)
    """
    if "@" in image:
        return True
    tag = image.rpartition("/")[2].partition(":")[2]
    return bool(tag) and tag.lower() not in MOVING


def _absent(model: Model, missing: list[str]) -> Hit:
    consequence = "nobody can say which one answers, or put the one before back"
    if missing == ["version"]:
        consequence = "nobody can say which one answers"
    elif missing == ["registry"]:
        consequence = "there is no place to get the one before back from"
    message = f"`{model.name}` has no {' and no '.join(missing)}: {consequence}"
    absent = tuple(model.place(key) for key in missing)
    return Hit(model.place(), message, absent=absent, cures=("model-registry",))


def _moving(model: Model) -> Hit:
    message = f"`{model.name}` has the version `{model.version}`, which is another model after each release"
    return Hit(model.place("version"), message, cures=("model-registry",))
