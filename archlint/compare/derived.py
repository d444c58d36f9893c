"""Facts that are derived from a system, for the comparison of two versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from archlint.analysis.floors import FloorOf
from archlint.analysis.patterns import recognise
from archlint.analysis.stated import Fact, Rename, unchanged
from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.model.quantities import format_percentile, format_quantity, format_share

MOST_COMPONENTS: Final = 2_000
"""A comparison of larger systems does not compute what is lost with each component."""
_USUAL: Final = 0.99
Derived = dict[tuple[str, str], Fact]
"""Facts by their subject (`workloads.search`) and their name."""
SYSTEM: Final = "system"


def derived(system: System, rename: Rename = unchanged) -> Derived:
    """Return the derived facts of a system, under current names."""
    found: Derived = {}
    for workload in system.workloads.values():
        at = subject("workloads", rename("workloads", workload.name))
        for word, fact in _of_workload(system, workload, rename):
            found[at, word] = fact
    if len(system.components) <= MOST_COMPONENTS:
        for component in system.components:
            at = subject("components", rename("components", component))
            found[at, "lost with it"] = _blast(system, component, rename)
    found |= _patterns(system, rename)
    circles = float(len(system.waiting_cycles()))
    if circles:
        found[SYSTEM, "circles of waiting"] = Fact(circles, format_quantity(circles, ""))
    return found


def subject(section: str, name: str) -> str:
    """Return the name of a part as the subject of a fact."""
    return Place((section, name), ()).at


def _of_workload(system: System, workload: Workload, rename: Rename) -> Iterator[tuple[str, Fact]]:
    modes: dict[str, set[str]] = {}
    for serving in system.servings(workload):
        modes.setdefault(rename("models", serving.model), set()).add(serving.mode)
    for model, names in sorted(modes.items()):
        yield f"serving mode of {model}", _set(names)
    fractions = [fraction for fraction, _ in workload.slo.latency] or [_USUAL]
    for fraction in fractions:
        floor_s = FloorOf(system, workload).answer(fraction).at_s
        if floor_s:
            fact = Fact(floor_s, format_quantity(floor_s, "s"), f"{floor_s:.12g} s")
            yield f"least answer time at {format_percentile(fraction)}", fact
    needed = (rename("components", name) for name in system.needed_components(workload))
    yield "not answered without", _set(needed)
    attempts = system.attempts(workload)
    most = max(attempts.values(), default=1.0) if attempts is not None else None
    if most is None or most > 1:
        text = "without bound" if most is None else format_quantity(most, "")
        yield "attempts by retries, at most", Fact(most if most is not None else text, text)


def _blast(system: System, component: str, rename: Rename) -> Fact:
    """Return what is lost with a component: workloads with their shares, and the share of all traffic."""
    blast = system.blast_radius([component])
    rows = sorted((rename("workloads", loss.workload.name), loss.share) for loss in blast.losses)
    lost = [name if share == 1.0 else f"{_part(share)} of {name}" for name, share in rows]
    text = ", ".join(lost) or "nothing"
    if blast.losses and blast.traffic_share is not None:
        text += f" ({format_share(blast.traffic_share)} of all traffic)"
    value = tuple((name, -1.0 if share is None else share) for name, share in rows)
    return Fact((value, -1.0 if blast.traffic_share is None else blast.traffic_share), text)


def _part(share: float | None) -> str:
    return "a part" if share is None else format_share(share)


def _patterns(system: System, rename: Rename) -> Derived:
    """Return the recognised patterns, with the components in their roles."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in recognise(system):
        roles = "; ".join(
            f"{', '.join(sorted(rename('components', name) for name in names))} ({role})"
            for role, names in sorted(one.roles.items())
        )  # fmt: skip
        where = subject("workloads", rename("workloads", one.workload)) if one.workload else SYSTEM
        found.setdefault((where, f"pattern {one.pattern}"), []).append(roles)
    return {key: Fact(tuple(sorted(roles)), " / ".join(sorted(roles))) for key, roles in found.items()}


def _set(names: Iterable[str]) -> Fact:
    listed = sorted(set(names))
    return Fact(tuple(listed), ", ".join(listed) or "nothing")
