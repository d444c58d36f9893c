"""Availability that timeouts rule out: callers end calls before their callees can answer."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.cut_calls import CutCall, cut_calls
from archlint.analysis.doubts import Doubts
from archlint.analysis.system import System
from archlint.checks._lines import falls_short, share_below
from archlint.checks._loss import Traffic, beyond
from archlint.model.quantities import format_count, format_duration, format_percentile, format_share
from archlint.verdicts import Hit, Origin, Related, Term

_SOFTENING = ("retries", "fallback", "optional", "either", "share", "when")


def cut_short(system: System, traffic: Traffic, callees: frozenset[str]) -> Iterator[Hit]:
    """Yield a hit for each timeout that alone fails more requests of a workload than its objective allows.

    Calls to other components than the `callees` are left out.
    """
    found: dict[tuple[str, ...], list[tuple[float, CutCall]]] = {}
    for workload in system.workloads.values():
        objective = workload.slo.availability
        if objective is None:
            continue
        for cut in cut_calls(system, workload, callees):
            if falls_short(1 - cut.lost, objective):
                found.setdefault(cut.call.place("timeout").names, []).append((objective, cut))
    doubts = Doubts(system)
    for missed in found.values():
        yield _hit(missed, traffic, doubts)


def _hit(missed: list[tuple[float, CutCall]], traffic: Traffic, doubts: Doubts) -> Hit:
    objective, cut = max(missed, key=lambda one: (one[0], one[1].lost))
    workloads = [one.workload for _, one in missed]
    call, timeout_s, most = cut.call, cut.call.timeout_s or 0.0, 1 - cut.lost
    at, asked = call.place("timeout"), cut.workload.place("slo", "availability")
    others = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
    name = "" if cut.fraction is None else format_percentile(cut.fraction)
    long = f"its answers take {format_duration(cut.needed_s)}"
    if name:
        long = f"{format_share(cut.late)} of {long} or more ({name})"
    tries = f" in up to {format_count(cut.attempts)} attempts" if cut.attempts > 1 else ""
    message = (
        f"`{cut.workload.name}`{others} requires {format_share(objective)} availability, but `{call.source}` gives up "
        f"on `{call.target}` after {format_duration(timeout_s)}, and {long}: at most {share_below(most, objective)} "
        f"of the requests succeed{tries}"
    )
    terms = [
        Term("timeout", f"timeout of {call.source}", timeout_s, "s", Origin.STATED, at),
        Term("answer", f"{cut.label}{f', {name}' if name else ''}", cut.needed_s, "s", Origin.STATED, cut.at),
        Term("late", "answers after the timeout, at least", cut.late, "share", Origin.DERIVED, None,
             f"1 - {name}" if name else "the time is constant"),
        Term("attempts", "attempts of one request, at most", cut.attempts, "count", Origin.DERIVED, None,
             "product of 1 + retries on the way"),
        Term("reached", "availability, at most", most, "share", Origin.DERIVED, None, "attempts x (1 - late)"),
        Term("objective", f"availability that {cut.workload.name} requires", objective, "share", Origin.STATED, asked,
             limit=True),
    ]  # fmt: skip
    return Hit(
        at,
        message,
        tuple(terms),
        (
            Related(cut.at, "this takes longer than the timeout"),
            *(Related(w.place("slo", "availability"), "this objective is out of reach") for w in workloads[:8]),
        ),
        absent=(*(call.place(key) for key in _SOFTENING), *doubts.of(workloads)),
        cures=("timeout-budget", "prediction-circuit-break", "smaller-model"),
        loss=traffic.share(workloads) * beyond(1 - most, 1 - objective),
    )
