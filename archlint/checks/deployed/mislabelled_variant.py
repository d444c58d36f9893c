"""Variants whose name and model disagree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, deployment, hit, parts
from archlint.model.deployment import Deployment, Part
from archlint.model.deployment import spot as spot_of
from archlint.verdicts import NoParams, Related, Verdict

_SIZE: Final = re.compile(r"(?i)(?<![\d.a-z])(\d+(?:\.\d+)?)b(?![a-z])")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each choice of which two branches end at the same model, and each label with another size."""
    found = deployment(system)
    for split in found.splits:
        if split.how == "when":
            yield from _same_models(system, found, split.arms)
    for name, part in parts(system):
        labelled = {size: value for value in part.running.labels.values() for size in _SIZE.findall(value.text)}
        served = {size for model in part.models for size in _SIZE.findall(model)}
        if labelled and served and not set(labelled) & served:
            size, value = next(iter(labelled.items()))
            model = part.models[0]
            message = f"the label `{value.text[:60]}` of `{name}` says {size}B parameters, but it serves {model[:60]}"
            yield hit(name, value.site, "labels", message, INFO, hint=True)


def _same_models(system: System, found: Deployment, arms: tuple[str, ...]) -> Iterator[Verdict]:
    """Yield the servers behind different branches that serve the same model."""
    seen: dict[tuple[str, ...], tuple[str, str]] = {}
    for arm in arms:
        behind = [relation.target for relation in system.topology.outgoing.get(arm, ()) if relation.verb == "calls"]
        for name in dict.fromkeys((arm, *behind)):
            part: Part | None = found.parts.get(name)
            if part is None or part.kind != "model-server" or not part.models:
                continue
            first, branch = seen.setdefault(tuple(part.models), (name, arm))
            if first != name and branch != arm:
                message = f"`{first}` and `{name}` are behind different branches, but both serve {part.models[0]}"
                related = Related(spot_of(first, found.parts[first].site), "the other branch")
                yield hit(name, part.site, "model", message, loss=0.4, related=(related,))
