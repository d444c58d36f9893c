"""A caller without a timeout: if its callee hangs, it hangs too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from archlint.analysis.system import System
from archlint.checks._loss import Traffic
from archlint.model.architecture import Relation, Workload
from archlint.model.quantities import format_duration, format_percentile
from archlint.topology import Flow, Step
from archlint.topology.reach import Reach
from archlint.topology.routes import Routes
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Term, Undecided, Verdict

_ONE_DEVICE: Final = frozenset({("client", "edge-device"), ("edge-device", "client"), ("edge-device", "edge-device")})


class _Asked(msgspec.Struct, frozen=True):
    """The latency that a workload requires at the highest percentile that it states."""

    workload: Workload
    fraction: float
    objective_s: float

    @property
    def rank(self) -> tuple[float, str]:
        """The order by which the tightest is chosen."""
        return self.objective_s, self.workload.name


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each relation on a waiting path that has no timeout; reports show those of a system as one."""
    unread = system.architecture.unread
    traffic = Traffic(system)
    for relations, asked in _callers(system):
        missing = [r for r in relations if r.place("timeout").identity not in unread]
        if missing:
            loss = traffic.through(missing[0].source)
            yield from (_hit(system, relation, len(missing), asked, loss) for relation in missing)
        else:
            needs = tuple(relation.place("timeout") for relation in relations)
            yield Undecided(relations[0].place(), needs, "a value that could not be read")


def _callers(system: System) -> Iterator[tuple[list[Relation], _Asked | None]]:
    """Yield for each caller what it waits for without a timeout, and the tightest objective there."""
    workloads: dict[Flow, list[Workload]] = {}
    entering: dict[Reach, list[Flow]] = {}
    for workload in system.workloads.values():
        flow = system.flow(workload)
        if flow not in workloads:
            entering.setdefault(flow.reach, []).append(flow)
        workloads.setdefault(flow, []).append(workload)
    callers = _Callers(system)
    for reach, flows in entering.items():
        tightest = [_tightest(map(_asked, workloads[flow])) for flow in flows]
        for flow, asked in zip(flows, tightest, strict=True):
            if flow.waiting:
                callers.add(flow.client, callers.without_timeout(flow.steps[flow.client]), asked)
        # Behind the client, workloads that enter alike meet the same components.
        callers.add_behind(reach, _tightest(tightest))
    for name, missing in callers.missing.items():
        yield [r for r in system.topology.outgoing[name] if (r.verb, r.index) in missing], callers.asked.get(name)


class _Callers:
    """What each caller waits for without a timeout, by verb and index, and the tightest objective there."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.missing: dict[str, set[tuple[str, int]]] = {}
        self.asked: dict[str, _Asked] = {}
        self._behind: dict[Routes, dict[str, set[tuple[str, int]]]] = {}

    def without_timeout(self, steps: Iterable[Step]) -> set[tuple[str, int]]:
        timeout_s = self._system.facts.timeout_s
        # Of a stream, a limit on the silence ends a call that hangs as well.
        return {
            (step.relation.verb, step.relation.index) for step in steps
            if step.waits and step.relation.timeout_s is None and step.relation.idle_timeout_s is None
            and timeout_s(step.relation) is None and not _cannot_hang(self._system, step)
        }  # fmt: skip

    def add(self, caller: str, relations: set[tuple[str, int]], asked: _Asked | None) -> None:
        if relations:
            self.missing.setdefault(caller, set()).update(relations)
            best = self.asked.get(caller)
            if asked is not None and (best is None or asked.rank < best.rank):
                self.asked[caller] = asked

    def add_behind(self, reach: Reach, asked: _Asked | None) -> None:
        """Add all components of a reach; each is looked at once for requests of the same models."""
        known = self._behind.setdefault(reach.routes, {})
        for name in reach.waiting:
            if name not in known:
                known[name] = self.without_timeout(reach.steps[name])
            self.add(name, known[name], asked)


def _cannot_hang(system: System, step: Step) -> bool:
    """Return whether a call never leaves one process or device, or its caller only gives an address."""
    if step.relation.in_process or system.facts.names_only(system.components[step.source]):
        return True
    kinds = system.components[step.source].kind, system.components[step.target].kind
    return kinds in _ONE_DEVICE


def _asked(workload: Workload) -> _Asked | None:
    return _Asked(workload, *workload.slo.latency[-1]) if workload.slo.latency else None


def _tightest(asked: Iterable[_Asked | None]) -> _Asked | None:
    return min((one for one in asked if one is not None), key=lambda one: one.rank, default=None)


def _may_have_one(system: System, relation: Relation) -> bool:
    """Return whether the technology of the caller, which the file leaves out, may set a timeout or wait for nothing."""
    if relation.place("timeout").identity in system.architecture.nones:
        return False
    return system.facts.may_be_assumed(system.components[relation.source], "timeout", "names_only")


def _hit(system: System, relation: Relation, calls: int, asked: _Asked | None, loss: float) -> Hit:
    caller, at = relation.source, relation.place()
    certainty, note = Certainty.PROVEN, "not in the file, no known default"
    if _may_have_one(system, relation):
        certainty, note = Certainty.HEURISTIC, f"not in the file, and `uses` of {caller} may have a default"
    message = f"`{caller}` waits for `{relation.target}` without a timeout: if it hangs, `{caller}` hangs too"
    count = Term(
        "calls",
        f"calls of {caller} without a timeout",
        calls,
        "count",
        Origin.DERIVED,
        None,
        note,
    )
    if asked is None:
        return Hit(at, message, (count,), certainty=certainty, cures=("timeout-budget",), loss=loss)
    percentile = format_percentile(asked.fraction)
    said = asked.workload.place("slo", "latency", percentile)
    message += f", but `{asked.workload.name}` needs {percentile} <= {format_duration(asked.objective_s)}"
    label = f"SLO of {asked.workload.name}, {percentile}"
    objective = Term("objective", label, asked.objective_s, "s", Origin.STATED, said, limit=True)
    return Hit(at, message, (count, objective), certainty=certainty, cures=("timeout-budget",), loss=loss)
