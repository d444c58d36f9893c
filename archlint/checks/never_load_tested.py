"""A latency objective that no load test at the peak supports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from archlint.analysis.described import ALL
from archlint.analysis.modes import ONLINE
from archlint.analysis.most_visits import MostVisits
from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_percentile, format_rate
from archlint.topology import Flow
from archlint.verdicts import Hit, NoParams, Origin, Related, Severity, Term, Undecided, Verdict

_EACH = 1 - 1e-9
_P99 = 0.99


class _Objective(msgspec.Struct, frozen=True):
    """A latency objective of a workload: the lowest percentile from p99 on, otherwise the highest."""

    workload: Workload
    fraction: float
    seconds: float

    @property
    def words(self) -> str:
        return f"{format_percentile(self.fraction)} <= {format_duration(self.seconds)}"

    @property
    def at(self) -> Place:
        return self.workload.place("slo", "latency", format_percentile(self.fraction))

    @property
    def related(self) -> Related:
        return Related(self.at, f"`{self.workload.name}` requires {self.words}")

    @property
    def term(self) -> Term:
        label = f"SLO of {self.workload.name}, {format_percentile(self.fraction)}"
        return Term("objective", label, self.seconds, "s", Origin.STATED, self.at, limit=True)


class _MostArriving:
    """The most requests per second that reach the tested components: a test that sent as many needs no exact number."""

    def __init__(self, system: System, tested: Iterable[str]) -> None:
        self.tested = dict.fromkeys(tested, 0.0)
        self._visits = MostVisits(system)
        for workload in system.workloads.values() if self.tested else ():
            rate = workload.rate_per_s or 0.0
            for name, visits in self._visits.of(workload).items() if rate > 0 else ():
                if name in self.tested:
                    self.tested[name] += visits * rate

    def at(self, workload: Workload, name: str) -> float:
        """Return the most requests per second that reach a component at the peak of a workload."""
        more = (workload.peak_per_s or 0.0) - (workload.rate_per_s or 0.0)
        return self.tested[name] + (self._visits.of(workload).get(name, 0.0) * more if more > 0 else 0.0)


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each server of an online workload with a latency objective that no load test supports.

    The test may be of the server, or of a component that all its requests pass. A file that states no load test is not
    judged, unless it says that it leaves nothing out.
    """
    tested = {component.name for component in system.components.values() if component.load_tested is not None}
    if not tested and ALL not in system.architecture.described:
        return
    traffic, most = Traffic(system), _MostArriving(system, tested)
    found: dict[Place, Verdict] = {}
    for workload in system.workloads.values():
        objective = _objective(workload)
        if objective is not None:
            share = traffic.share([workload])
            for server in dict.fromkeys(each.server for each in system.servings(workload) if each.mode == ONLINE):
                verdict = _judged(system, objective, system.components[server], most, share)
                if verdict is not None:
                    found.setdefault(verdict.at, verdict)
    yield from found.values()


def _objective(workload: Workload) -> _Objective | None:
    asked = workload.slo.latency
    if not asked:
        return None
    fraction, seconds = next((one for one in asked if one[0] >= _P99), asked[-1])
    return _Objective(workload, fraction, seconds)


def _judged(
    system: System, objective: _Objective, server: Component, most: _MostArriving, share: float
) -> Verdict | None:
    """Return what is wrong with all tests of a server and of what its requests pass; None if one supports it."""
    flow = system.flow(objective.workload)
    on_way = [name for name in flow.waiting if name in most.tested and _all_pass(flow, name, server.name)]
    verdicts = [_of_test(system, objective, system.components[name], most, share) for name in reversed(on_way)]
    if None in verdicts or (not on_way and server.kind == "external"):
        return None                                # nobody load-tests a vendor alone
    if not on_way:
        return _untested(server, objective, share)
    return next((one for one in verdicts if isinstance(one, Undecided)), verdicts[0])


def _all_pass(flow: Flow, name: str, server: str) -> bool:
    """Whether every way of a request to a server leads through a component."""
    met, ways = {name}, [flow.client]
    while ways:
        here = ways.pop()
        if here not in met:
            met.add(here)
            ways += [step.target for step in flow.steps.get(here, ()) if step.waits]
    return server not in met or server == name


def _untested(server: Component, objective: _Objective, share: float) -> Hit:
    workload = objective.workload
    peak = "" if workload.peak_per_s is None else f" at its peak of {format_rate(workload.peak_per_s)}"
    message = f"`{server.name}` has no load test: whether `{workload.name}` meets {objective.words}{peak} is unproven"
    return Hit(
        server.place(), message, (objective.term,), (objective.related,), absent=(server.place("load_tested"),),
        severity=Severity.INFO, loss=share,
    )  # fmt: skip


def _of_test(
    system: System, objective: _Objective, component: Component, most: _MostArriving, share: float
) -> Verdict | None:
    """Return what is wrong with the load test of a component; None if it supports the objective."""
    test, workload, name = component.load_tested, objective.workload, component.name
    if test is None:
        return None
    because = f"whether the load test of `{name}` supports the latency objective of `{workload.name}`"
    at = component.place("load_tested")
    rated = workload.rate_per_s is not None or workload.peak_per_s is not None
    low = None
    if test.rate_per_s and rated and exceeds(most.at(workload, name), test.rate_per_s):
        low = _too_low(system, component, objective, test.rate_per_s, share)
    p99_s = test.p99_s
    if p99_s is not None and exceeds(p99_s, objective.seconds) and _is_comparable(system, objective, name):
        return _too_slow(component, objective, p99_s, share, low)
    if test.rate_per_s is None:
        return Undecided(at, (component.place("load_tested", "rate"),), because)
    if not rated:
        return Undecided(at, (workload.place("peak"),), because)
    if low is not None:
        return low
    needs = () if workload.peak_per_s is not None else (workload.place("peak"),)
    if test.p99_s is None and _is_comparable(system, objective, name):
        needs = (*needs, component.place("load_tested", "p99"))
    return Undecided(at, needs, because) if needs else None


def _is_comparable(system: System, objective: _Objective, name: str) -> bool:
    """Whether the p99 of a component is at most that of the whole answer: each request visits it."""
    from archlint.analysis.stations import path_of

    path = path_of(system, objective.workload)
    return path is not None and objective.fraction >= _P99 and path.visits.get(name, 0.0) >= _EACH


def _too_slow(component: Component, objective: _Objective, p99_s: float, share: float, low: Hit | None) -> Hit:
    """Return the hit of a test that missed the objective; `low` says that its rate was too low as well."""
    at = component.place("load_tested", "p99")
    term = Term("tested_p99", f"p99 of {component.name} in its load test", p99_s, "s", Origin.STATED, at)
    message = (
        f"in its load test, `{component.name}` answered with a p99 of {format_duration(p99_s)}, but "
        f"`{objective.workload.name}` requires {objective.words}"
    )
    loss = share * beyond(p99_s, objective.seconds)
    hit = Hit(at, message, (term, objective.term), (objective.related,), loss=loss)
    if low is None:
        return hit
    said = {term.name: float(term.value) for term in low.terms}
    less = f", though only {format_rate(said['tested'])} of the {format_rate(said['arriving'])} that arrive were sent"
    rates = tuple(msgspec.structs.replace(term, limit=False) for term in low.terms)
    related = (*low.related[:1], *hit.related)
    return msgspec.structs.replace(hit, message=message + less, terms=(*hit.terms, *rates), related=related)


def _too_low(system: System, component: Component, objective: _Objective, tested: float, share: float) -> Hit | None:
    """Return the hit of a test that sent fewer requests than arrive; None if it sent enough."""
    from archlint.analysis.stations import rates_at_mean, rates_at_peak, stations_at

    workload, name = objective.workload, component.name
    rates = rates_at_mean(system) if workload.peak_per_s is None else rates_at_peak(system, workload)
    station = stations_at(system, rates, (name,)).get(name)
    arriving = 0.0 if station is None else station.rate_per_s
    if not exceeds(arriving, tested):
        return None
    at = component.place("load_tested", "rate")
    key, when = ("rate", "at the mean rates") if workload.peak_per_s is None else ("peak", "at the peak")
    stated = (workload.rate_per_s if workload.peak_per_s is None else workload.peak_per_s) or 0.0
    where = workload.place(key)
    message = (
        f"the load test of `{name}` reached {format_rate(tested)}, but {format_rate(arriving)} arrive there {when} of "
        f"`{workload.name}`: whether it meets {objective.words} then is unproven"
    )
    terms = (
        Term("tested", f"rate in the load test of {name}", tested, "/s", Origin.STATED, at, limit=True),
        Term("rate", f"{key} of {workload.name}", stated, "/s", Origin.STATED, where),
        Term("arriving", f"requests at {name}", arriving, "/s", Origin.DERIVED, None, f"{key} x visits + others"),
    )
    related = (Related(where, "this rate arrives"), objective.related)
    return Hit(at, message, terms, related, loss=share * beyond(arriving, tested))
