"""Calls that end before their answers: a lower bound on the share that fails, from stated times and timeouts."""

from __future__ import annotations

from collections.abc import Container, Iterator

import msgspec

from archlint.analysis.arrivals import arrivals_of, misses
from archlint.analysis.generative import perhaps_streamed
from archlint.analysis.patience import spares
from archlint.analysis.system import System
from archlint.model.architecture import Component, Relation, ServiceTime, Workload
from archlint.model.places import Place
from archlint.model.words import SERVERS
from archlint.topology import Flow, Step


class CutCall(msgspec.Struct, frozen=True):
    """A call that every request of a workload needs, and whose answer takes longer than its timeout.

    At least the share `late` of the answers takes `needed_s` or longer: all of them for a constant, otherwise those
    from the stated percentile `fraction` on. All `attempts` that one request makes fail for at least the share `lost`.
    """

    workload: Workload
    call: Relation
    at: Place
    label: str
    needed_s: float
    fraction: float | None
    attempts: float

    @property
    def late(self) -> float:
        """The share of the answers that come after the timeout, at least."""
        return 1.0 if self.fraction is None else 1 - self.fraction

    @property
    def lost(self) -> float:
        """The share of the requests that fail, at least.

        However the attempts of a request depend on each other, one of `n` succeeds for n x (1 - late) at most (Boole).
        """
        return max(0.0, 1 - self.attempts * (1 - self.late))


def cut_calls(system: System, workload: Workload, callees: Container[str]) -> Iterator[CutCall]:
    """Yield the calls of a workload to some callees with timeouts below what these take, if the client waits for them.

    Only calls that each request makes, and with which it fails, are considered; not those behind a queue, whose work is
    tried again, nor streamed answers.
    """
    if workload.stream or workload.waits is False:
        return
    flow = system.flow(workload)
    callers = [name for name in flow.needed() if any(step.target in callees for step in flow.steps[name])]
    visits = arrivals_of(system).of(workload) if callers else {}
    attempts: dict[str, float] | None = None
    for name in callers:
        if visits.get(name, 1.0) < 1 or misses(system, (step.relation for step in flow.steps[name])) < 1:
            continue                      # some requests may find their answer in a cache
        for step in flow.steps[name]:
            timeout_s = step.relation.timeout_s
            if timeout_s is None or not _always_needed(system, flow, step):
                continue
            late = _late(system, workload, flow, system.components[step.target], timeout_s)
            if late is None:
                continue
            attempts = flow.attempts() if attempts is None else attempts
            if attempts is not None:
                at, label, needed_s, fraction = late
                yield CutCall(workload, step.relation, at, label, needed_s, fraction, attempts[step.target])


def _always_needed(system: System, flow: Flow, step: Step) -> bool:
    """Return whether each request makes a call and fails with it: no branch, alternative, shard or queue on the way."""
    call, target = step.relation, system.components[step.target]
    always = step.waits and step.essential and step.group is None and call.share is None and not spares(call)
    whole = call.quorum is None and target.shards is None and target.kind in SERVERS
    return always and whole and all(each.verb == "calls" for each in (call, *flow.path_to(step.source)))


def _late(
    system: System, workload: Workload, flow: Flow, server: Component, timeout_s: float
) -> tuple[Place, str, float, float | None] | None:
    """Return the time of a server that most of its answers have in excess of a timeout, from all that it states."""
    found = None
    for at, label, time in _times(system, workload, flow, server):
        above: list[tuple[float, float | None]] = [(value_s, at) for at, value_s in time.percentiles]
        if time.constant_s is not None:
            above = [(time.constant_s, None)]
        for needed_s, fraction in above:
            if needed_s > timeout_s * (1 + 1e-9) and (found is None or (fraction or 0.0) < (found[3] or 0.0)):
                found = at, label, needed_s, fraction
    return found


def _times(
    system: System, workload: Workload, flow: Flow, server: Component
) -> Iterator[tuple[Place, str, ServiceTime]]:
    """Yield the stated times of which each answer of a server takes at least one: its own work, and its model."""
    if server.service_time is not None:
        yield server.place("service_time"), f"own work of {server.name}", server.service_time
    runs = [name for name in dict.fromkeys(server.serves) if workload.models is None or name in workload.models]
    model = system.architecture.models.get(runs[0]) if len(runs) == 1 else None
    if model is None or model.service_time is None or perhaps_streamed(system, workload, model, server):
        return
    alone = [name for name in system.topology.servers.get(model.name, ()) if name in flow] == [server.name]
    if alone and misses(system, (step.relation for step in flow.reach.steps.get(server.name, ()))) == 1:
        yield model.place("service_time"), f"model {model.name}", model.service_time
