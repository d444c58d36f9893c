"""The largest number of requests that reach each component: an upper bound, so that it may show idle replicas.

Every condition is met, every alternative and fallback is asked, and no cache answers. Only branches with a share divide
the requests. Retries are left out: they follow failures.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping

from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.topology import SHARE, Flow, Step


class MostVisits:
    """How often one request of a workload reaches each component, at most.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, reads: [{to: hits, hit_ratio: 0.9}], calls: [{to: a, share: 0.25}, {to: b, when: new}]}
    ...   hits: {kind: cache}
    ...   a: {kind: service}
    ...   b: {kind: service}
    ... ''')
    >>> MostVisits(system).of(system.workloads["search"])
    {'api': 1.0, 'hits': 1.0, 'a': 0.25, 'b': 1.0}
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._known: dict[Hashable, Mapping[str, float]] = {}

    def of(self, workload: Workload) -> Mapping[str, float]:
        """Return the visits by component; infinite in a circle of callers."""
        flow = self._system.flow(workload)
        if flow.alike not in self._known:
            self._known[flow.alike] = _visits(flow)
        return self._known[flow.alike]


def _visits(flow: Flow) -> Mapping[str, float]:
    failures = flow.failures
    reach, groups = failures.reach, failures.groups

    def share(step: Step) -> float:
        if step.group is not None and groups[step.group].kind == SHARE:
            return step.share
        return step.relation.share if step.relation.share is not None else 1.0

    visits: dict[str, float] = {}
    for step in failures.entry:
        visits[step.target] = visits.get(step.target, 0.0) + share(step)
    for knot in reversed(reach.order):
        if len(knot) > 1 or knot[0] in reach.targets[knot[0]]:
            visits |= {name: math.inf for name in knot if any(visits.get(other) for other in knot)}
        for name in knot:
            for step in reach.steps[name]:
                if visits.get(name) and step.target not in knot:
                    visits[step.target] = visits.get(step.target, 0.0) + visits[name] * share(step)
    return visits
