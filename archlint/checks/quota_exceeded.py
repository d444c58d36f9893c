"""More requests, tokens or calls in flight than a vendor accepts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.amounts import least_amount
from archlint.analysis.arrivals import Arrival, arrivals_of
from archlint.analysis.retries import attempts
from archlint.analysis.single_means import least_mean
from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_rate, format_share
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict

_MOST_SHOWN: Final = 8
_UNITS: Final = {"requests": "/s", "tokens": "/s", "concurrent": "count"}


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


class _Use(msgspec.Struct, frozen=True):
    """What a workload uses of a limit for each request that arrives: `each` requests, tokens, or seconds in flight."""

    arrival: Arrival
    each: float
    terms: tuple[Term, ...]

    def at(self, per_s: float) -> float:
        """Return what it uses at a rate."""
        return self.arrival.visits * per_s * self.each


class _Load(msgspec.Struct, frozen=True):
    """The use of a limit at the mean rates, or at the peak of one workload."""

    value: float
    uses: tuple[_Use, ...]
    peak: Workload | None = None


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each limit of a component that the least load of its workloads exceeds, at the limit."""
    limited = [c for c in system.components.values() if c.rate_limit is not None or (c.kind == "external" and c.serves)]
    if not limited:
        return
    arrivals, traffic = arrivals_of(system), Traffic(system)
    for component in limited:
        arriving = [arrival for arrival in arrivals.at(component.name) if arrival.visits > 0]
        if component.rate_limit is None:
            if any(_is_described(arrival.workload) for arrival in arriving):
                because = f"whether `{component.name}` accepts all requests"
                yield Undecided(component.place(), (component.place("rate_limit"),), because)
            continue
        for key, limit in _limits(component):
            uses, needs = _uses(system, component, key, arriving)
            load = _highest(uses)
            if load is not None and exceeds(load.value, limit):
                yield _hit(system, component, key, limit, load, traffic)
            elif needs:
                because = f"whether `{component.name}` accepts all requests"
                more = max(0, len(needs) - _MOST_SHOWN)
                yield Undecided(component.place("rate_limit", key), needs[:_MOST_SHOWN], because, more)


def _is_described(workload: Workload) -> bool:
    """Return whether a workload states what it asks of a vendor: only then is the vendor's limit the fact to add."""
    return workload.peak_per_s is not None and workload.tokens is not None


def _limits(component: Component) -> Iterator[tuple[str, float]]:
    stated = component.rate_limit
    if stated is not None:
        rates = ("requests", stated.requests_per_s), ("tokens", stated.tokens_per_s)
        yield from ((key, limit) for key, limit in (*rates, ("concurrent", stated.concurrent)) if limit is not None)


def _uses(
    system: System, component: Component, key: str, arriving: list[Arrival]
) -> tuple[tuple[_Use, ...], tuple[Place, ...]]:
    """Return what each workload uses of a limit, and the keys that would state the rest."""
    uses, needs = [], dict[Place, None]()
    for arrival in arriving:
        workload = arrival.workload
        if workload.peak_per_s is None:
            needs[workload.place("rate" if workload.rate_per_s is None else "peak")] = None
        found = _each(system, component, key, workload)
        if isinstance(found, Place):
            needs[found] = None
        elif workload.rate_per_s is not None or workload.peak_per_s is not None:
            uses.append(_Use(arrival, *found))
            needs |= dict.fromkeys(_other_tokens(workload) if key == "tokens" else ())
    return tuple(uses), tuple(needs)


def _other_tokens(workload: Workload) -> tuple[Place, ...]:
    """Return the key of the tokens that are not stated, if the others are."""
    stated = workload.tokens
    if stated is None:
        return ()
    parts = (("in", stated.input), ("out", stated.output))
    return tuple(workload.place("tokens", name) for name, amounts in parts if amounts is None)


def _each(
    system: System, component: Component, key: str, workload: Workload
) -> tuple[float, tuple[Term, ...]] | Place:
    """Return what one request uses of a limit with its terms, or the key that would state it."""
    if key == "requests":
        return 1.0, ()
    if key == "tokens":
        stated = workload.tokens
        parts = [("in", stated.input), ("out", stated.output)] if stated is not None else []
        known = [(name, least_amount(amounts), amounts) for name, amounts in parts if amounts is not None]
        if not known:
            return workload.place("tokens")
        terms = tuple(
            Term("tokens", f"tokens {name} of {workload.name}, mean, at least", amount, "count",
                 Origin.STATED if amounts.constant is not None or amounts.mean is not None else Origin.DERIVED,
                 workload.place("tokens", name))
            for name, amount, amounts in known
        )  # fmt: skip
        return sum(amount for _, amount, _ in known), terms
    runs = [name for name in component.serves if workload.models is None or name in workload.models]
    model = system.architecture.models.get(runs[0]) if len(runs) == 1 else None
    if model is None:
        return 0.0, ()
    if model.service_time is None:
        return model.place("service_time")
    seconds, at = least_mean(model.service_time) or 0.0, model.place("service_time")
    return seconds, (Term("service_time", f"model {model.name}, mean, at least", seconds, "s", Origin.DERIVED, at),)


def _highest(uses: tuple[_Use, ...]) -> _Load | None:
    """Return the load of all mean rates, or that of one peak, whichever is higher."""
    loads = [_Load(sum(use.at(use.arrival.workload.rate_per_s or 0.0) for use in uses), uses)]
    loads += [
        _Load(use.at(use.arrival.workload.peak_per_s), (use,), use.arrival.workload)
        for use in uses if use.arrival.workload.peak_per_s is not None
    ]  # fmt: skip
    return max(loads, key=lambda load: load.value) if uses else None


def _hit(system: System, component: Component, key: str, limit: float, load: _Load, traffic: Traffic) -> Hit:
    at = component.place("rate_limit", key)
    workloads = [use.arrival.workload for use in load.uses]
    when = "at the mean rate" if load.peak is None else f"at the peak of `{load.peak.name}`"
    what = {"requests": "requests", "tokens": "tokens", "concurrent": "calls in flight"}[key]
    rate = "rate" if load.peak is None else "peak"
    value, most = (format_count(n) if key == "concurrent" else format_rate(n) for n in (load.value, limit))
    refused = 1 - limit / load.value
    again = max((attempts(r) for r in system.topology.incoming[component.name] if r.verb == "calls"), default=1.0)
    retried = f"; with retries, up to {format_count(again)} times as many calls arrive" if again > 1 else ""
    return Hit(
        at,
        f"{when}, `{component.name}` gets at least {value} ({what}), but it accepts {most}: "
        f"at least {format_share(refused)} of the calls are refused{retried}",
        tuple(_terms(component, key, limit, load)),
        tuple(Related(one.place(rate), "this rate arrives") for one in workloads[:_MOST_SHOWN]),
        cures=("llm-gateway", "asynchronous") if key != "concurrent" else ("asynchronous", "llm-gateway"),
        loss=traffic.share(workloads) * beyond(load.value, limit),
    )


def _terms(component: Component, key: str, limit: float, load: _Load) -> Iterator[Term]:
    rate_key = "rate" if load.peak is None else "peak"
    seen: set[Place] = set()
    for use in load.uses[:_MOST_SHOWN]:
        workload = use.arrival.workload
        rate = (workload.rate_per_s if load.peak is None else workload.peak_per_s) or 0.0
        yield Term(rate_key, f"{rate_key} of {workload.name}", rate, "/s", Origin.STATED, workload.place(rate_key))
        if use.arrival.visits != 1:
            label, note = f"calls for each request of {workload.name}, at least", "product of shares and cache misses"
            yield Term("visits", label, use.arrival.visits, "", Origin.DERIVED, None, note)
        for term in use.terms:
            if term.at is None or term.at not in seen:
                yield term
            if term.at is not None:
                seen.add(term.at)
    yield Term("needed", f"{key} at {component.name}, at least", load.value, _UNITS[key], Origin.DERIVED, None, "sum")
    at = component.place("rate_limit", key)
    yield Term("quota", f"{key} that {component.name} accepts", limit, _UNITS[key], Origin.STATED, at, limit=True)
