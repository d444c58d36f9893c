"""How busy the workers of a component are: requests per second x time of one / workers.

At the mean rates, the sum over all workloads is certain. At a peak, only that of one workload is: the file does not
state that several come together. Above 1, no order of work and no distribution of times can keep up (Kleinrock 1975).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

import msgspec

from archlint.analysis.arrivals import Group, arrivals_of, misses
from archlint.analysis.facts import Fact
from archlint.analysis.generative import generates
from archlint.analysis.service_time import mean
from archlint.analysis.single_means import least_mean
from archlint.analysis.system import System
from archlint.analysis.work import most_replicas, replicas_key
from archlint.model.architecture import Component, ServiceTime, Workload
from archlint.model.places import Place, place
from archlint.model.words import SERVERS
from archlint.verdicts import Origin

JUDGED: Final = SERVERS | {"load-balancer"}
"""Kinds whose workers handle one request each. Stores, vendors and devices have other limits."""

_ROUNDING: Final = 1e-9


class Time(msgspec.Struct, frozen=True):
    """The mean time that a part of a request occupies a worker: `least_s` for certain, `mean_s` as an estimate.

    `share` is the share of the requests that need it: a cache of predictions saves the model.
    """

    name: str
    label: str
    least_s: float
    mean_s: float
    share: float
    at: Place
    fitted: bool


class Load(msgspec.Struct, frozen=True):
    """Requests per second that need a number of workers (`busy`) on average; `peak` is the workload at its peak."""

    per_s: float
    busy: float
    peak: Workload | None = None


class Demand(msgspec.Struct, frozen=True):
    """The requests of a workload at a component: `visits` for each request, each with its times.

    One of them takes `least_s` at least, and `mean_s` as estimated.
    """

    workload: Workload
    visits: float
    times: tuple[Time, ...]
    least_s: float
    mean_s: float

    def load(self, per_s: float, certain: bool) -> Load:
        """Return what a rate of the workload adds to the load."""
        arriving = self.visits * per_s
        return Load(arriving, arriving * (self.least_s if certain else self.mean_s))


class Part(msgspec.Struct, frozen=True):
    """The requests of a group of workloads at a component: as `Demand` says of each of them."""

    group: Group
    visits: float
    times: tuple[Time, ...]
    least_s: float
    mean_s: float

    def each_s(self, certain: bool) -> float:
        """Return the time of one request of a workload in all its visits."""
        return self.visits * (self.least_s if certain else self.mean_s)

    def demand(self, workload: Workload) -> Demand:
        """Return the demand of one of the workloads."""
        return Demand(workload, self.visits, self.times, self.least_s, self.mean_s)


class Slots(msgspec.Struct, frozen=True, dict=True):
    """How many requests a component handles at a time, at most: replicas x workers x items of a batch.

    `needs` are the keys of the facts that the file does not state; `unbounded` is true if the platform starts as many
    instances as there are requests.
    """

    replicas: Fact | None
    workers: Fact | None
    batch: Fact | None = None
    needs: tuple[Place, ...] = ()
    unbounded: bool = False

    @cached_property
    def each(self) -> float:
        """The requests that one replica handles at a time; an unknown number is 1."""
        workers = float(self.workers.value) if self.workers is not None else 1.0
        return workers * float(self.batch.value) if self.batch is not None else workers

    @cached_property
    def total(self) -> float:
        """The requests that all replicas handle at a time; an unknown number is 1."""
        return self.each * (float(self.replicas.value) if self.replicas is not None else 1.0)


class Utilisation(msgspec.Struct, frozen=True, dict=True):
    """What a component has to do, and with how many workers. `needs` are the keys that would state missing times."""

    component: Component
    slots: Slots
    parts: tuple[Part, ...]
    needs: tuple[Place, ...]

    @property
    def demands(self) -> list[Demand]:
        """What each workload asks for, in the order of the file; `parts` has the same for groups of workloads."""
        rows = [(number, workload, part) for part in self.parts for number, workload in part.group.workloads]
        rows.sort(key=lambda row: row[0])
        return [part.demand(workload) for _, workload, part in rows]

    @property
    def works(self) -> bool:
        """Whether any request takes time here."""
        return any(part.mean_s > 0 for part in self.parts)

    @property
    def peaked(self) -> bool:
        """Whether all workloads state a peak."""
        return not any(part.group.unpeaked for part in self.parts)

    def at_mean(self, certain: bool) -> Load:
        """Return the load at the mean rates of all workloads."""
        return self._least if certain else self._mean

    @cached_property
    def _least(self) -> Load:
        return self._load(certain=True)

    @cached_property
    def _mean(self) -> Load:
        return self._load(certain=False)

    def _load(self, certain: bool) -> Load:
        rates = [part.group.mean_per_s for part in self.parts]
        busy = sum(rate * part.each_s(certain) for rate, part in zip(rates, self.parts, strict=True))
        return Load(sum(rate * part.visits for rate, part in zip(rates, self.parts, strict=True)), busy)

    def at_peak(self, certain: bool) -> Load:
        """Return the highest load at the peak of one workload: alone, or (as an estimate) beside the others' means."""
        highest, means = Load(0.0, 0.0), Load(0.0, 0.0) if certain else self.at_mean(certain)
        for part in self.parts:
            workload = next(iter(part.group.peaked), None) if certain else part.group.surging
            if workload is None:
                continue
            demand = part.demand(workload)
            load = demand.load(workload.peak_per_s or 0.0, certain)
            own = demand.load(0.0 if certain else workload.rate_per_s or 0.0, certain)
            busy = load.busy + max(0.0, means.busy - own.busy)
            if busy > highest.busy:
                highest = Load(load.per_s + max(0.0, means.per_s - own.per_s), busy, workload)
        return highest


def utilisations(system: System) -> Sequence[Utilisation]:
    """Return the utilisation of each component that clients wait for and that handles requests with workers."""
    return system.once(_utilisations)


def _utilisations(system: System) -> Sequence[Utilisation]:
    return tuple(_each(system))


def _each(system: System) -> Iterator[Utilisation]:
    timed = any(component.service_time or component.preprocessing for component in system.components.values())
    rated = any(w.rate_per_s is not None or w.peak_per_s is not None for w in system.workloads.values())
    if not rated and not timed and not any(model.service_time for model in system.architecture.models.values()):
        return
    arrivals = arrivals_of(system)
    once: _Once = {}
    for component in system.components.values():
        if component.kind in JUDGED and component.stage is None:
            groups = arrivals.groups_at(component.name)
            if groups:
                yield _utilisation(system, once, component, groups)


_Once = dict[tuple[Group, str], bool]
"""Whether a request of a group runs a model on one server only; kept, because many servers may have one model."""


def _utilisation(system: System, once: _Once, component: Component, groups: Sequence[Group]) -> Utilisation:
    own = tuple(_own_times(component))
    parts, needs = [], dict[Place, None]()
    known: dict[tuple[Time, ...], tuple[tuple[Time, ...], float, float]] = {}
    for group in groups:
        models, missing = _model_times(system, once, component, group)
        if models not in known:
            times = (*own, *models)
            least_s = sum(time.least_s * time.share for time in times)
            known[models] = times, least_s, sum(time.mean_s * time.share for time in times)
        needs |= dict.fromkeys(missing)
        parts.append(Part(group, group.visits[component.name], *known[models]))
    return Utilisation(component, slots_of(system, component), tuple(parts), tuple(needs))


def slots_of(system: System, component: Component) -> Slots:
    """Return how many requests a component handles at a time, at most, as far as the file states it."""
    replicas, batching = most_replicas(system, component), component.batching
    workers = batch = None
    if component.workers is not None:
        workers = system.facts.workers(component)
    if component.max_sequences is not None and component.max_sequences > (component.workers or 0.0):
        workers = Fact(component.max_sequences, Origin.STATED, component.place("max_sequences"))
    if batching is not None and batching.max_size is not None:
        batch = Fact(batching.max_size, Origin.STATED, component.place("batching", "max_size"))
    needs = [] if replicas is not None else [replicas_key(component, widest=True)]
    if workers is None:
        needs.append(component.place("workers"))
    if batching is not None and batch is None:
        needs.append(component.place("batching", "max_size"))
    # A platform starts as many instances as there are requests, unless the file states how many there are at most.
    unbounded = replicas is None and system.facts.serverless(component)
    return Slots(replicas, workers, batch, tuple(needs), unbounded)


def _own_times(component: Component) -> Iterator[Time]:
    if component.service_time is not None:
        label, at = f"own work of {component.name}", component.place("service_time")
        yield _time("own_time", label, component.service_time, at, 1.0)
    if component.preprocessing is not None and component.preprocessing.service_time is not None:
        label, at = f"preprocessing in {component.name}", component.place("preprocessing", "service_time")
        yield _time("own_time", label, component.preprocessing.service_time, at, 1.0)


def _model_times(
    system: System, once: _Once, component: Component, group: Group
) -> tuple[tuple[Time, ...], tuple[Place, ...]]:
    """Return the times of the models that a request runs here, and the keys of those that are not stated."""
    if not component.serves:
        return (), ()
    workload = group.workloads[0][1]
    wanted = workload.models
    runs = list(dict.fromkeys(system.topology.served_by(component.name, wanted)))
    runs = [name for name in runs if _runs_once(system, once, group, name)]
    steps = system.flow(workload).reach.steps.get(component.name, ())
    share = misses(system, (step.relation for step in steps))
    found, missing = [], []
    for name in runs:
        model = system.architecture.models.get(name)
        at = place("models", name, "service_time")
        if model is None or model.service_time is None:
            # Tokens are generated for several requests at a time: no single time of one tells how many.
            if model is not None and not generates(system, workload, model, component):
                missing.append(at)
        else:
            found.append(_time("service_time", f"model {name}", model.service_time, at, share))
    if wanted is None and len(runs) > 1:
        # Which of them a request runs is not stated: it is one of them at least.
        found = [min(found, key=lambda time: time.least_s)] if len(found) == len(runs) else []
    return tuple(found), tuple(missing)


def _runs_once(system: System, once: _Once, group: Group, model: str) -> bool:
    """Return whether a request runs a model on one server only, so that each visit there runs it."""
    key = group, model
    if key not in once:
        servers, flow = system.topology.servers.get(model, ()), system.flow(group.workloads[0][1])
        visits = [group.visits.get(name, 0.0) for name in servers if name in flow]
        once[key] = len(visits) == 1 or (all(each > 0 for each in visits) and sum(visits) <= 1 + _ROUNDING)
    return once[key]



def _time(name: str, label: str, time: ServiceTime, at: Place, share: float) -> Time:
    least_s = least_mean(time) or 0.0
    mean_s = mean(time)
    fitted = time.constant_s is None and time.mean_s is None
    key = at if time.constant_s is not None or fitted else at.key("mean")
    return Time(name, label, least_s, max(least_s, least_s if mean_s is None else mean_s), share, key, fitted)
