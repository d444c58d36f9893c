"""A model of which nobody can say which one it is, or get the one before back."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Model
from archlint.verdicts import Hit, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each served model without a version, or without a registry that it comes from, at the model."""
    for name, servers in system.topology.servers.items():
        model = system.architecture.models.get(name)
        if model is None:
            continue
        loaded = all(any(r.verb == "loads" for r in system.topology.outgoing[server]) for server in servers)
        missing = [] if model.version else ["version"]
        missing += [] if model.registry or loaded else ["registry"]
        if missing:
            yield _hit(model, missing)


def _hit(model: Model, missing: list[str]) -> Hit:
    what = " and no ".join(missing)
    message = f"`{model.name}` has no {what}: nobody can say which one answers, or put the one before back"
    absent = tuple(model.place(key) for key in missing)
    return Hit(model.place(), message, absent=absent, cures=("model-registry",), cause=f"model {model.name}")
