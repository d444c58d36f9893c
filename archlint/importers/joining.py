"""Files of settings beside the containers that read them: both are one component."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from archlint.importers.objects import Unit
from archlint.importers.technologies import Known, by_command, by_image

_IN_TEXTS: Final = (
    ("litellm", r"(?m)^[\"']?model_list[\"']?[ \t]*:", "archlint.importers.serving_files.litellm"),
    ("torchserve", r"(?m)^[ \t]*(model_snapshot|load_models|model_store)[ \t]*[=:]",
     "archlint.importers.serving_files.torchserve"),
)  # fmt: skip
"""Settings that are often mounted: the program, what marks them, and the module that reads them."""


def join(units: list[Unit]) -> tuple[list[Unit], list[tuple[Unit, Unit]]]:
    """Let a container take the place of what was read from its settings; also return which takes the place of which.

    It is a container that mounts the files, or the only one of the program that reads them. Settings in mounted texts,
    such as those of a ConfigMap, are read here.
    """
    mounted = list(_mounted(units))
    units = [*units, *(unit for _, unit in mounted)]
    places = [(unit, holder) for holder, unit in mounted if holder is not None]
    for unit, holder in places:
        _merge(holder, unit)
    places += [*_addressed(units), *_same_parts(units)]
    gone = {id(unit) for unit, _ in places}
    groups: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        if unit.program and id(unit) not in gone:
            groups.setdefault((unit.program, unit.scope), []).append(unit)
    containers = [unit for unit in units if not unit.program and unit.role == "container" and not unit.kind]
    for (program, _), group in groups.items():
        holders = [unit for unit in containers if _uses(unit) == program]
        holders = [unit for unit in holders if unit.ports] or holders      # a worker of the program has none
        mounting = _mounting(holders, group) or _mounting([unit for unit in containers if _known(unit) is None], group)
        alone = len(holders) == 1 and sum(name == program for name, _ in groups) == 1
        chosen = mounting[:1] or (holders if alone else [])
        for holder in chosen:
            places += [(unit, holder) for unit in group]
            for unit in group:
                _merge(holder, unit)
    gone |= {id(unit) for unit, _ in places}
    return [unit for unit in units if id(unit) not in gone], places


def _mounted(units: list[Unit]) -> Iterator[tuple[Unit | None, Unit]]:
    """Yield units that mounted texts of containers describe, each with the container if it stands for that."""
    known = {os.path.abspath(path) for unit in units for path in unit.settings}
    for holder in units:
        for _, value in holder.texts if holder.role == "container" else ():
            if os.path.abspath(value.site.file) in known:
                continue
            for program, marks, module in _IN_TEXTS:
                if (_uses(holder) == program or _known(holder) is None) and re.search(marks, value.text):
                    found = import_module(module).read_text(value)
                    yield from ((holder if unit.program == program else None, unit) for unit in found)


def _addressed(units: list[Unit]) -> Iterator[tuple[Unit, Unit]]:
    """Yield addresses in settings with the unit that has this address: the first label of a host, or all of it."""
    waiting = [unit for unit in units if unit.what == "address" and unit.names]
    if not waiting:
        return
    by_name: dict[str, dict[int, Unit]] = {}
    for unit in units:
        if unit.what != "address":
            for name in (unit.name, *unit.names):
                by_name.setdefault(name.lower(), {})[id(unit)] = unit
    for unit in waiting:
        host = unit.names[0].lower()
        labels = host.split(".")
        found = list(by_name.get(host, by_name.get(labels[0], {}) if _may_be_inside(labels) else {}).values())
        if len(found) > 1 and len(labels) > 1:
            found = [one for one in found if one.scope == labels[1]]
        if len(found) == 1:
            yield unit, found[0]


def _same_parts(units: list[Unit]) -> Iterator[tuple[Unit, Unit]]:
    """Yield deployments in code with those of the same name in a manifest, which changes them."""
    stated: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        if unit.what == "deployment" and not unit.program:
            stated.setdefault((unit.uses, unit.name), []).append(unit)
    for unit in units:
        found = stated.get((unit.uses, unit.name), ()) if unit.what == "deployment" and unit.program else ()
        if len(found) == 1:
            _merge(found[0], unit)
            yield unit, found[0]


def _may_be_inside(labels: list[str]) -> bool:
    return len(labels) < 3 or labels[2] == "svc"


def _known(unit: Unit) -> Known | None:
    """What a container runs, by its command or its image."""
    images = [one.text for one in (unit.image, unit.base) if one is not None and one.text]
    return by_command(unit.command_text) or next(filter(None, map(by_image, images)), None)


def _uses(unit: Unit) -> str:
    known = _known(unit)
    return known.uses if known is not None else ""


def _mounting(containers: Iterable[Unit], group: list[Unit]) -> list[Unit]:
    """Return the containers that mount one of the files, or a folder with them that is not the whole project."""
    paths = [Path(os.path.abspath(path)) for unit in group for path in unit.settings]
    found = []
    for unit in containers:
        keys = [Path(os.path.abspath(mount.key)) for mount in unit.mounts if mount.kind == "path"]
        if any(path.is_relative_to(key) for key in keys for path in paths):
            found.append(unit)
    return found


def _merge(holder: Unit, unit: Unit) -> None:
    """Add what settings state to a container; what the container states wins."""
    models = unit.models or ([unit.name] if unit.what in {"model", "ensemble"} else [])
    holder.models = list(dict.fromkeys([*holder.models, *models]))
    holder.model_facts = {**unit.model_facts, **holder.model_facts}
    if unit.what not in {"model", "ensemble"}:
        holder.facts = {**unit.facts, **holder.facts}
        holder.links = [*holder.links, *unit.links]
    if _known(holder) is None and not holder.kind:
        holder.kind, holder.uses, holder.reason = unit.kind, unit.uses, f"it mounts {unit.settings[0].name}"
