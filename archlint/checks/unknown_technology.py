"""A technology or an accelerator that the catalogue does not know, so that no defaults apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.model.architecture import Component
from archlint.model.names import nearest
from archlint.model.places import Place
from archlint.model.quantities import shorten
from archlint.verdicts import Hit, NoParams, Related, Verdict

_MOST_COMPARED: Final = 20
"""How many unknown names are compared with the whole catalogue: each costs some milliseconds."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield one hit for each unknown technology and accelerator, at the first component by name that has it."""
    yield from _technologies(system)
    yield from _accelerators(system)


def _technologies(system: System) -> Iterator[Hit]:
    unknown: dict[str, list[Component]] = {}
    for component in system.components.values():
        if component.uses is not None and system.technologies.get(component.uses) is None:
            unknown.setdefault(component.uses.lower(), []).append(component)
    for index, (technology, unsorted) in enumerate(sorted(unknown.items())):
        users = _by_name(unsorted)
        meant = nearest(technology, system.technologies.names()) if index < _MOST_COMPARED else None
        entry = system.technologies.get(meant)           # it may be an alias
        likely = None if entry is None else entry.name
        hint = f"did you mean `{likely}`?" if likely else "describe it under `technologies` in archlint.toml"
        message = f"unknown technology `{shorten(users[0].uses or technology)}`, so no defaults apply; {hint}"
        yield _hit(message, [component.place("uses") for component in users])


def _accelerators(system: System) -> Iterator[Hit]:
    named = [component for component in system.components.values() if component.hardware and component.hardware.gpu]
    if not named:
        return
    from archlint.catalog.hardware import accelerator, nearest_accelerators

    unknown: dict[str, list[Component]] = {}
    for component in named:
        gpu = component.hardware.gpu if component.hardware else None
        if gpu is not None and accelerator(gpu) is None:
            unknown.setdefault(gpu.lower(), []).append(component)
    for index, (gpu, unsorted) in enumerate(sorted(unknown.items())):
        users = _by_name(unsorted)
        written = users[0].hardware.gpu if users[0].hardware else None
        likely = nearest_accelerators(gpu) if index < _MOST_COMPARED else ()
        message = f"unknown accelerator `{shorten(written or gpu)}`: {_left_open(system, users)}"
        hint = f"; did you mean {listed(likely).replace(' and ', ' or ')}?" if likely else ""
        yield _hit(message + hint, [component.place("hardware", "gpu") for component in users])


def _left_open(system: System, users: list[Component]) -> str:
    """Say what stays undecided because the peak figures of the accelerator are unknown."""
    models = system.architecture.models
    served = [models[name] for name in dict.fromkeys(n for c in users for n in c.serves) if name in models]
    untimed = [model.name for model in served if model.service_time is None and model.ttft is None]
    unsized = [c.name for c in users if c.hardware is not None and c.hardware.gpu_memory_bytes is None]
    parts = []
    if untimed:
        parts.append(f"the least time of {listed(untimed)} is undecided (state `service_time`)")
    if unsized:
        parts.append(f"so is what fits on {listed(unsized)} (state `gpu_memory`)" if parts else
                     f"what fits on {listed(unsized)} is undecided (state `gpu_memory`)")  # fmt: skip
    return ", and ".join(parts) or "stated times and memory are not checked against its peak figures"


def _by_name(components: Iterable[Component]) -> list[Component]:
    return sorted(components, key=lambda component: component.name)


def _hit(message: str, places: list[Place]) -> Hit:
    related = tuple(Related(place, "used here too") for place in places[1:9])
    return Hit(places[0], message, (), related, group=tuple(places))
