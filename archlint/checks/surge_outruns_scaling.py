"""A peak that is over before new replicas serve: the requests that wait for them come too late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.patience import Patience, least_patience
from archlint.analysis.scaling import NOTICED_S, Surge, open_surges, surges
from archlint.analysis.starts import StartTime, start_time
from archlint.analysis.system import System
from archlint.analysis.utilisation import Utilisation
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Workload
from archlint.model.quantities import format_count, format_duration, format_percentile, format_rate
from archlint.verdicts import MOST_NEEDS, Certainty, Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """notices: until an autoscaler notices a peak; fastest and slowest: the band of that."""

    notices: float = NOTICED_S[1]
    fastest: float = NOTICED_S[0]
    slowest: float = NOTICED_S[2]


class _Limit(msgspec.Struct, frozen=True):
    """What the surge exceeds: `value` is compared with `limit`; `names` of the terms; `low` and `high` are the band."""

    value: float
    limit: float
    low: float
    high: float
    words: str
    terms: tuple[Term, ...]
    related: Related


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each component whose backlog at a peak is too long before it has scaled, at its minimum."""
    traffic: Traffic | None = None
    for surge in surges(system):
        component = surge.component
        limits = _asked(system, surge.use)
        if not limits:
            continue
        start = start_time(system, component)
        at = surge.standing.at or component.place()
        if not isinstance(start, StartTime):
            because = f"whether `{component.name}` scales before requests of a peak are late"
            yield Undecided(at, start, because)
            continue
        traffic = traffic or Traffic(system)
        broken = [limit for limit in _limits(surge, limits, start.value_s, params) if exceeds(limit.value, limit.limit)]
        if broken:
            worst = max(broken, key=lambda limit: beyond(limit.value, limit.limit))
            yield _hit(surge, start, worst, params, traffic)
    for use, needs in open_surges(system):
        component = use.component
        if isinstance(start_time(system, component), StartTime) and _asked(system, use):
            because = f"whether `{component.name}` scales before requests of a peak are late"
            yield Undecided(component.place(), needs[:MOST_NEEDS], because, len(needs[MOST_NEEDS:]))


_Asked = Patience | Workload | float


def _asked(system: System, use: Utilisation) -> Sequence[_Asked]:
    """Return what bounds a wait: the first caller that gives up, the tightest objective, the limit of the component."""
    found: list[_Asked] = []
    patience = least_patience(system, use.component)
    if patience is not None:
        found.append(patience)
    asked = [d.workload for d in use.demands if d.workload.slo.latency and d.workload.waits is not False]
    if asked:
        found.append(min(asked, key=lambda workload: (workload.slo.latency[-1][1], workload.name)))
    if use.component.limit is not None:
        found.append(use.component.limit)
    return found


def _limits(surge: Surge, asked: Sequence[_Asked], start_s: float, params: Params) -> Iterator[_Limit]:
    delays = [delay + start_s for delay in (params.notices, params.fastest, params.slowest)]
    waits = [surge.longest_wait_s(delay) + surge.each_s for delay in delays]
    for one in asked:
        if isinstance(one, Patience):
            call = one.call
            words = f"`{call.source}` gives up on `{call.target}` after {format_duration(one.value_s)}"
            related = Related(call.place(), "gives up before that")
            yield _Limit(waits[0], one.value_s, waits[1], waits[2], words, one.terms, related)
        elif isinstance(one, Workload):
            fraction, objective_s = one.slo.latency[-1]
            name = format_percentile(fraction)
            at = one.place("slo", "latency", name)
            words = f"`{one.name}` requires {name} <= {format_duration(objective_s)}"
            term = Term("objective", f"SLO of {one.name}, {name}", objective_s, "s", Origin.STATED, at, limit=True)
            yield _Limit(waits[0], objective_s, waits[1], waits[2], words, (term,), Related(at, "the objective"))
        else:
            standing = surge.use.slots.each * float(surge.standing.value)
            inside = [standing + surge.backlog(delay) for delay in delays]
            at = surge.component.place("limit")
            words = f"`{surge.component.name}` rejects requests above {format_count(one)} in progress"
            label = f"requests in progress that {surge.component.name} accepts"
            term = Term("limit", label, one, "count", Origin.STATED, at, limit=True)
            yield _Limit(inside[0], one, inside[1], inside[2], words, (term,), Related(at, "further ones are rejected"))


def _hit(surge: Surge, start: StartTime, limit: _Limit, params: Params, traffic: Traffic) -> Hit:
    component, workload, load = surge.component, surge.workload, surge.load
    delay_s = params.notices + start.value_s
    standing = float(surge.standing.value)
    run = "replica that runs" if standing == 1 else "replicas that run"
    pile = f"about {format_count(surge.backlog(delay_s))} requests pile up"
    if limit.value != surge.use.slots.each * standing + surge.backlog(delay_s):
        pile = f"{pile}, and the longest wait is about {format_duration(surge.longest_wait_s(delay_s))}"
    message = (
        f"at the peak of `{workload.name}`, {format_rate(load.per_s)} arrive at `{component.name}`, but the "
        f"{format_count(standing)} {run} before it scales can handle {format_rate(surge.handled_per_s)}: until new "
        f"ones serve after about {format_duration(delay_s)}, {pile}, but {limit.words}"
    )
    return Hit(
        surge.standing.at or component.place(),
        message,
        tuple(_terms(surge, start, limit, params)),
        (Related(workload.place("peak"), "this rate arrives"), limit.related),
        Certainty.ESTIMATED,
        absent=(component.place("workers"), component.place("batching")),
        cures=("replicate", "prediction-circuit-break", "model-in-image", *_queue(surge)),
        band=(limit.low, limit.high),
        loss=traffic.share([workload]) * beyond(limit.value, limit.limit),
    )


def _queue(surge: Surge) -> tuple[str, ...]:
    return ("asynchronous",) if surge.workload.waits is False else ()


def _terms(surge: Surge, start: StartTime, limit: _Limit, params: Params) -> Iterator[Term]:
    workload, component, slots = surge.workload, surge.component, surge.use.slots
    yield Term("peak", f"peak of {workload.name}", workload.peak_per_s or 0.0, "/s", Origin.STATED,
               workload.place("peak"))
    yield Term("arriving", f"requests at {component.name}", surge.load.per_s, "/s", Origin.DERIVED, None,
               "peak x visits + mean rates of the others")
    yield Term("time", "mean time of one request", surge.each_s, "s", Origin.DERIVED)
    yield surge.standing.term("standing", f"replicas of {component.name} before the peak", "count")
    yield Term("slots", "requests that one replica handles at a time", slots.each, "count", Origin.DERIVED, None,
               "workers x batch")
    yield Term("handled", "requests that they handle", surge.handled_per_s, "/s", Origin.DERIVED, None,
               "replicas x requests at a time / time")
    yield from (msgspec.structs.replace(term, limit=False) for term in start.terms)
    source = "HPA looks every 15 s; Knative averages over 6 s to 60 s"
    yield Term("notices", "until the peak is noticed", params.notices, "s", Origin.ASSUMED, None, source)
    delay_s = params.notices + start.value_s
    yield Term("delay", "until new replicas serve", delay_s, "s", Origin.DERIVED, None, "notice + start")
    yield Term("backlog", "requests that pile up", surge.backlog(delay_s), "count", Origin.DERIVED, None,
               "(arriving - handled) x delay")
    yield Term("wait", "longest wait", surge.longest_wait_s(delay_s), "s", Origin.DERIVED, None,
               "delay x (1 - handled / arriving)")
    yield from limit.terms
