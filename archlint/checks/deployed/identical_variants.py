"""Experiments whose arms run the same model."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, deployment, hit, parts
from archlint.model.deployment import Part, Spot
from archlint.model.deployment import spot as spot_of
from archlint.verdicts import Hit, NoParams, Related, Verdict

Signature = tuple[object, ...]


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each split of traffic of which two arms load the same artefact or run the same container."""
    found = deployment(system)
    for split in found.splits:
        if split.how == "when":
            continue
        seen: dict[Signature, str] = {}
        for arm in split.arms:
            part = found.parts.get(arm)
            signature = _signature(part) if part is not None else None
            if part is None or signature is None:
                continue
            first = seen.setdefault(signature, arm)
            if first != arm:
                what = f"load {signature[1]}" if signature[0] == "artefact" else "run the same container"
                message = f"`{first}` and `{arm}` are compared behind `{split.source}`, but both {what}"
                site = part.running.artefacts[0].site if part.running.artefacts else part.site
                related = Related(spot_of(first, found.parts[first].site), "the other arm")
                yield hit(arm, site, "model", message, loss=0.5, related=(related,))
    for name, part in parts(system):
        texts = [value.text for value in part.running.artefacts]
        twice = next(
            (value for number, value in enumerate(part.running.artefacts) if value.text in texts[:number]), None
        )
        if twice is not None and len(part.models) > 1:
            message = f"two models of `{name}` are the same artefact, {twice.text[:100]}"
            place = ("models", twice.tag) if twice.tag else ("components", name, "model")
            yield Hit(Spot(place, place, twice.site), message, severity=INFO)


def _signature(part: Part) -> Signature | None:
    """Return what makes two arms the same: the artefact, or the whole container."""
    if part.running.artefacts:
        return "artefact", part.running.artefacts[0].text
    if part.image is None or not part.image.text:
        return None
    command = tuple(value.text for value in part.command)
    env = tuple(sorted((name, value.text) for name, value in part.env.items()))
    mounts = tuple(sorted(mount.key for mount in part.mounts))
    return "container", part.image.text, command, env, mounts
