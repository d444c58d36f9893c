"""What CAP002 says of work that is too slow without any wait, though no single hop is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archlint.analysis.responses import Response, Settings, response
from archlint.analysis.system import System
from archlint.checks._late import Late, hops_of, is_deep, objective_place, objective_term
from archlint.checks._lines import exceeds, path_to
from archlint.checks._loss import Traffic, beyond
from archlint.model.quantities import format_duration, format_percentile
from archlint.verdicts import Certainty, Hit, Origin, Related, Term

_MOST_NAMED: Final = 3
_MOST_SHOWN: Final = 8


def judge(system: System, late: Late) -> Hit | None:
    """Return a hit if several hops together miss an objective on idle servers.

    A single hop that is too slow by itself is SRV001's if it is a model; a long chain of quick hops is REL013's.
    """
    if late.answers is None:
        return None
    found = response(system, late.workload, late.answers.rates, Settings(waits=0.0))
    if not isinstance(found, Response):
        return None
    hops = sorted(hops_of(found, late.fraction), key=lambda hop: (-hop[1], hop[0]))
    if len(hops) < 2 or exceeds(hops[0][1], late.objective_s) or is_deep(hops, late.unloaded_s, late.objective_s):
        return None
    name = format_percentile(late.fraction)
    slowest = _named(hops, name)
    message = (
        f"answers of `{late.workload.name}` take about {format_duration(late.unloaded_s)} at {name} even without any "
        f"wait, and the objective is {format_duration(late.objective_s)}: {slowest}; more replicas do not help"
    )
    terms = [
        Term("hop_time", f"work of {hop}, {name}", time_s, "s", Origin.DERIVED, system.components[hop].place())
        for hop, time_s in hops[:_MOST_SHOWN]
    ]
    if hops[_MOST_SHOWN:]:
        count, most_s = len(hops) - _MOST_SHOWN, hops[_MOST_SHOWN][1]
        label = f"work of {count} other component{'s, each' if count > 1 else ''} at most, {name}"
        terms.append(Term("other_hops", label, most_s, "s", Origin.DERIVED))
    note = "the distributions of the hops, without waits"
    return Hit(
        objective_place(late.workload, late.fraction),
        message,
        (*terms,
         Term("unloaded", f"whole path, {name}, without waits", late.unloaded_s, "s", Origin.DERIVED, None, note),
         objective_term(late.workload, late.fraction, late.objective_s)),
        tuple(Related(system.components[hop].place(), "works on each request") for hop, _ in hops[:_MOST_NAMED]),
        Certainty.ESTIMATED,
        cures=("prediction-cache", "smaller-model", "data-cache"),
        loss=Traffic(system).share([late.workload]) * beyond(late.unloaded_s, late.objective_s),
        path=path_to(system, late.workload, hops[0][0]),
    )  # fmt: skip


def _named(hops: Sequence[tuple[str, float]], percentile: str) -> str:
    """Say how long the slowest hops take, each by itself, and how many others there are.

    >>> _named([("a", 0.05), ("b", 0.04), ("c", 0.03), ("d", 0.02), ("e", 0.01)], "p99")
    '`a` alone takes 50 ms at p99, `b` 40 ms, `c` 30 ms, 2 other components at most 20 ms each'
    """
    (first, first_s), *more = hops
    said = [f"`{first}` alone takes {format_duration(first_s)} at {percentile}"]
    shown = _MOST_NAMED - 1 if len(more) > _MOST_NAMED else len(more)     # not "1 other component"
    said += (f"`{hop}` {format_duration(time_s)}" for hop, time_s in more[:shown])
    if more[shown:]:
        said.append(f"{len(more) - shown} other components at most {format_duration(more[shown][1])} each")
    return ", ".join(said)
