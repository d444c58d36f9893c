"""The numbers of each component: how busy it is, what it can handle, its memory, its start, what is lost with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.ages import RunTime, run_time, starts_of
from archlint.analysis.memory import held, memory_of, weights_of
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.queue_rates import arrivals, capacity
from archlint.analysis.runs import starts_runs
from archlint.analysis.starts import StartTime, start_time
from archlint.analysis.system import System
from archlint.analysis.token_load import TokenLoad, token_loads, token_numbers
from archlint.analysis.utilisation import Load, Utilisation
from archlint.model.architecture import Component, Workload
from archlint.model.cron import shortest_gap_s
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin, Term

Number = Quantity | Missing

MOST_TERMS: Final = 8
"""Of the workloads that load a component, the terms name this many, the largest first."""
MOST_COMPONENTS: Final = 2_000
"""In larger systems, what is lost with each component is not computed."""
_TINY: Final = 1e-12
_NOTICED: Final = 0.005


class ComponentNumbers(msgspec.Struct, frozen=True):
    """The numbers of one component.

    `utilisation` and `peak_utilisation` are shares of its workers (or of a queue's consumers) that its own work keeps
    busy; `occupied` is there if waits for others and calls that are tried again make it more. `capacity` the requests
    per second that they handle, `breaks_at_factor` how many times its mean load is its capacity. `lost_traffic` is the
    share of all requests that fails with it.
    """

    name: str
    kind: str
    numbers: tuple[Quantity | Missing, ...]

    @property
    def subject(self) -> str:
        """Its structural path."""
        return Place(("components", self.name), ()).at

    def get(self, name: str) -> Quantity | Missing | None:
        """Return a number by its name; None if it does not apply."""
        return next((number for number in self.numbers if number.name == name), None)


def component_numbers(
    system: System, names: Iterable[str], uses: dict[str, Utilisation], occupied: dict[str, Quantity]
) -> Iterator[ComponentNumbers]:
    """Yield the numbers of some components; `uses` are the utilisations by component, `occupied` those under load."""
    blasts = len(system.components) <= MOST_COMPONENTS
    tokens = token_loads(system)
    for name in names:
        component = system.components[name]
        numbers: list[Number] = []
        made = tokens.get(name)
        if name in uses and not isinstance(made, TokenLoad):      # tokens occupy no workers
            numbers += load_numbers(uses[name])
            numbers += _occupied(uses[name], occupied.get(name))
        elif component.kind == "queue" and system.topology.consumptions(name):
            numbers += _queue(system, component)
        numbers += token_numbers(made)
        numbers += _run(system, component)
        numbers += _memory(system, component)
        numbers += _start(system, component)
        if blasts and component.kind != "client" and system.workloads_of.get(name):
            numbers += _lost(system, name)
        yield ComponentNumbers(name, component.kind, tuple(numbers))


def finite(number: Quantity) -> Number:
    """Return a number, or that it is out of range: nonsense facts give no infinity and no NaN."""
    band = number.band or (0.0, 0.0)
    if all(math.isfinite(value) for value in (number.value, *band)):
        return number
    return Missing(number.name, because="the stated values are too large or zero")


def load_numbers(use: Utilisation) -> Iterator[Number]:
    """Yield the utilisation at the mean rates and at the highest peak, the capacity, and the factor between."""
    slots, name = use.slots, use.component.name
    if slots.unbounded:
        yield Missing("utilisation", because="the platform starts an instance for each request")
        return
    if slots.total == 0:
        yield Missing("utilisation", because="it has no replicas")
        return
    needs = (*slots.needs, *use.needs)
    if needs or not use.works:
        yield Missing("utilisation", needs or (use.component.place("service_time"),))
        return
    unrated = [demand.workload.place("rate") for demand in use.demands if demand.workload.rate_per_s is None]
    mean = use.at_mean(certain=False)
    if unrated and mean.busy <= 0:
        yield Missing("utilisation", tuple(unrated[:MOST_TERMS]))
    elif mean.per_s > 0:
        yield _utilisation("utilisation", use, mean, use.at_mean(certain=True))
    peak = use.at_peak(certain=False)
    if peak.peak is not None:
        yield _utilisation("peak_utilisation", use, peak, use.at_peak(certain=True))
    load = mean if mean.busy > 0 else peak
    if load.busy > 0:
        each_s = load.busy / load.per_s
        time = Term("time", "mean time of one request", each_s, "s", Origin.DERIVED, None, "busy / requests")
        yield finite(Quantity(
            "capacity", slots.total / each_s, "/s", "replicas x workers / time",
            (*_slot_terms(use, name), time), _certainty(use), "most" if _is_certain(use) else "",
        ))  # fmt: skip
    if mean.busy > 0:
        factor = slots.total / mean.busy
        busy = Term("busy", "workers that are busy on average", mean.busy, "count", Origin.DERIVED, None, "rate x time")
        yield finite(Quantity(
            "breaks_at_factor", factor, "", "replicas x workers / busy",
            (*_slot_terms(use, name), busy), _certainty(use), "most" if _is_certain(use) else "",
        ))  # fmt: skip


def _occupied(use: Utilisation, found: Quantity | None) -> Iterator[Number]:
    """Yield how busy the workers are, if waits for others or further attempts make them busier than their own work."""
    if found is not None and found.value * use.slots.total > use.at_mean(certain=False).busy * (1 + _NOTICED):
        yield finite(found)


def _is_certain(use: Utilisation) -> bool:
    """Return whether each mean time is stated, so that the load is a bound."""
    return all(abs(demand.mean_s - demand.least_s) <= _TINY * demand.mean_s for demand in use.demands)


def _certainty(use: Utilisation) -> Certainty:
    return Certainty.PROVEN if _is_certain(use) else Certainty.ESTIMATED


def _utilisation(name: str, use: Utilisation, load: Load, certain: Load) -> Number:
    """Return how much of its workers a load keeps busy: at least, as no retries are in it."""
    total = use.slots.total
    is_certain = _is_certain(use) and load.busy <= certain.busy * (1 + _TINY)
    band = None if is_certain else (certain.busy / total, load.busy / total)
    terms = (*demand_terms(use, load), *_slot_terms(use, use.component.name))
    return finite(Quantity(
        name, load.busy / total, "share", "rate x time / (replicas x workers)", terms,
        Certainty.PROVEN if is_certain else Certainty.ESTIMATED, "least" if is_certain else "", band,
    ))  # fmt: skip


def demand_terms(use: Utilisation, load: Load) -> Iterator[Term]:
    """Yield the rates and times of a load, the largest part first."""
    def rate(workload: Workload) -> tuple[float, str]:
        at_peak = workload is load.peak
        return (workload.peak_per_s if at_peak else workload.rate_per_s) or 0.0, "peak" if at_peak else "rate"

    adding = sorted(use.demands, key=lambda demand: -demand.visits * rate(demand.workload)[0] * demand.mean_s)
    times: dict[Place, Term] = {}
    for demand in adding[:MOST_TERMS]:
        per_s, key = rate(demand.workload)
        workload = demand.workload
        yield Term(key, f"{key} of {workload.name}", per_s, "/s", Origin.STATED, workload.place(key))
        if demand.visits != 1:
            label = f"requests here for each of {workload.name}"
            yield Term("visits", label, demand.visits, "", Origin.DERIVED, None, "product of shares and cache misses")
        for time in demand.times:
            note = "lognormal fit" if time.fitted else ""
            origin = Origin.DERIVED if time.fitted else Origin.STATED
            times.setdefault(time.at, Term(time.name, f"{time.label}, mean", time.mean_s, "s", origin, time.at, note))
    yield from times.values()


def _slot_terms(use: Utilisation, name: str) -> Iterator[Term]:
    slots = use.slots
    if slots.replicas is not None:
        yield slots.replicas.term("replicas", f"replicas of {name}", "count")
    if slots.workers is not None:
        yield slots.workers.term("workers", "workers per replica", "count")
    if slots.batch is not None:
        yield slots.batch.term("batch", "items in one full batch", "count")


def _queue(system: System, queue: Component) -> Iterator[Number]:
    """Yield what arrives at a queue, how busy its consumers are, and how fast it drains after an outage."""
    handled = capacity(system, queue)
    arriving = arrivals(system, queue.name, frozenset(system.components))
    unrated = [w.place("rate") for w in system.workloads_of.get(queue.name, ()) if w.rate_per_s is None]
    if unrated:
        yield Missing("arrivals", tuple(unrated[:MOST_TERMS]))
    elif not arriving.terms:
        yield Missing("arrivals", because="which share of the requests puts a message on it is not stated")
    else:
        yield finite(Quantity("arrivals", arriving.per_s, "/s", "rate x share", arriving.terms, bound="least"))
    if handled.unknown:
        needs = tuple(dict.fromkeys(at for places in handled.unknown.values() for at in places))
        yield Missing("capacity", needs, "" if needs else "the time of one message is not stated")
        return
    per_s, terms = handled.rate.per_s, handled.rate.terms
    bound = "most" if handled.rate.certainty is Certainty.PROVEN else ""
    formula = "replicas x workers / time of one message"
    yield finite(Quantity("capacity", per_s, "/s", formula, terms, handled.rate.certainty, bound))
    if unrated or arriving.per_s <= 0 or per_s <= 0:
        return
    both = (*arriving.terms, *terms)
    yield finite(Quantity(
        "utilisation", arriving.per_s / per_s, "share", "arrivals / capacity", both, handled.rate.certainty,
        "least" if bound else "",
    ))  # fmt: skip
    yield finite(Quantity(
        "breaks_at_factor", per_s / arriving.per_s, "", "capacity / arrivals", both, handled.rate.certainty, bound
    ))
    yield from _drain(system, queue, arriving.per_s, per_s, both, handled.rate.certainty)


def _drain(
    system: System, queue: Component, arriving: float, handled: float, terms: Sequence[Term], certainty: Certainty
) -> Iterator[Number]:
    """Yield how long the backlog of an outage takes to drain: arrivals x outage / (capacity - arrivals)."""
    if handled <= arriving:
        yield Missing("drain_time", because="more arrives than its consumers handle: the backlog never drains")
        return
    consumers = [system.components[relation.source] for relation in system.topology.consumptions(queue.name)]
    outages = [(one.mttr_s, one.place("mttr"), one.name) for one in consumers if one.mttr_s is not None]
    if not outages:
        yield Missing("drain_time", tuple(one.place("mttr") for one in consumers[:MOST_TERMS]))
        return
    outage_s, at, name = max(outages, key=lambda outage: outage[0])
    outage = Term("outage", f"outage of {name}", outage_s, "s", Origin.STATED, at)
    yield finite(Quantity(
        "drain_time", arriving * outage_s / (handled - arriving), "s",
        "arrivals x outage / (capacity - arrivals)", (*terms, outage), certainty,
        "least" if certainty is Certainty.PROVEN else "",
    ))  # fmt: skip


def _run(system: System, job: Component) -> Iterator[Number]:
    """Yield how long one run of a job takes, and how much of its window and of its period that is."""
    starts = starts_of(system, job)
    if job.kind == "scheduler" or (job.run_time_s is None and job.window_s is None and job.records is None):
        return
    called = system.topology.names_of(system.topology.models_awaited[job.name])
    run = run_time(system, job, called[0] if not job.serves and len(called) == 1 else None)
    if not isinstance(run, RunTime):
        yield Missing("run_time", run)
        return
    stated = job.run_time_s is not None and not run.at_quota
    bound = "" if stated or run.certainty is not Certainty.PROVEN else "least"
    formula = "stated" if stated else "start + records x service time / (replicas x workers)"
    formula = "start + needed / quota" if run.at_quota else formula
    yield finite(Quantity("run_time", run.value_s, "s", formula, run.terms, run.certainty, bound))
    if job.window_s:
        window = Term("window", f"window of {job.name}", job.window_s, "s", Origin.STATED, job.place("window"))
        share = run.value_s / job.window_s
        terms = (*run.terms, window)
        yield finite(Quantity("window_used", share, "share", "run time / window", terms, run.certainty, bound))
    period_s = shortest_gap_s(starts.schedule.text) if starts is not None else None
    if period_s and starts is not None:
        label = f"shortest gap of `{starts.schedule.text}`"
        period = Term("period", label, period_s, "s", Origin.STATED, starts.at)
        terms, share = (*run.terms, period), run.value_s / period_s
        yield finite(Quantity("period_used", share, "share", "run time / period", terms, run.certainty, bound))


def _memory(system: System, component: Component) -> Iterator[Number]:
    """Yield how much of the memory of one replica the weights of its models take."""
    if component.kind in {"external", "training-job", "client"} or not component.serves:
        return
    models = [system.architecture.models[n] for n in dict.fromkeys(component.serves) if n in system.architecture.models]
    sizes = [weights_of(model) for model in models]
    weights = held(component, [size for size in sizes if size is not None])
    unsized = [model.place("artifact") for model, size in zip(models, sizes, strict=True) if size is None]
    memory = memory_of(component)
    limit = memory.chips or memory.host
    if not weights:
        return
    if limit is None or memory.unknown_chip or float(limit.value) <= 0:
        key = ("hardware", "gpu_memory") if memory.unknown_chip else ("hardware", "memory")
        yield Missing("memory_used", (component.place(*key), *unsized))
        return
    least = sum(one.least_bytes for one in weights) / (component.shards or 1.0)
    terms = tuple(one.fact.term("weights", f"weights of {one.model.name}", "B") for one in weights)
    where = "accelerators" if memory.chips is not None else "memory"
    term = limit.term(where, f"memory of one replica of {component.name}", "B")
    yield finite(Quantity(
        "memory_used", least / float(limit.value), "share", "weights / memory", (*terms, term), bound="least"
    ))


def _start(system: System, component: Component) -> Iterator[Number]:
    """Yield how long one start takes, where the file states it or the sizes from which it follows."""
    found = start_time(system, component)
    if isinstance(found, StartTime):
        proven = found.certainty is Certainty.PROVEN
        formula = "stated" if proven else "(image + models) / bandwidth"
        yield finite(Quantity("start_time", found.value_s, "s", formula, found.terms, found.certainty))
    elif component.image_bytes is not None or component.pull_bytes_per_s or component.deadline_s is not None:
        yield Missing("start_time", found)


def _lost(system: System, name: str) -> Iterator[Number]:
    """Yield the share of all requests that is lost if all replicas of a component fail; nothing if only jobs do."""
    radius = system.blast_radius([name])
    if radius.losses and all(starts_runs(system, loss.workload) for loss in radius.losses):
        return
    if radius.traffic_share is None:
        unrated = [w for w in system.workloads.values() if w.rate_per_s is None and not starts_runs(system, w)]
        lost = {loss.workload.name for loss in radius.losses}
        unrated = [w for w in unrated if w.name in lost] or unrated
        because = "" if unrated else "it depends on a condition (`when`) or on the rates"
        yield Missing("lost_traffic", tuple(w.place("rate") for w in unrated[:MOST_TERMS]), because)
        return
    terms = []
    for loss in radius.losses[:MOST_TERMS]:
        workload = loss.workload
        if workload.rate_per_s is not None:
            label, at = f"rate of {workload.name}", workload.place("rate")
            terms.append(Term("rate", label, workload.rate_per_s, "/s", Origin.STATED, at))
        share = 1.0 if loss.share is None else loss.share
        label = f"requests of {workload.name} that fail"
        terms.append(Term("lost", label, share, "share", Origin.DERIVED, None, "from the graph"))
    yield Quantity("lost_traffic", radius.traffic_share, "share", "lost requests / all requests", tuple(terms))
