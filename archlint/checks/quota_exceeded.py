"""More requests, tokens or calls in flight than a vendor accepts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from archlint.analysis.arrivals import Arrival, Arrivals, arrivals_of
from archlint.analysis.quota_use import Each, limits_of, used_by_one
from archlint.analysis.retries import attempts
from archlint.analysis.system import System
from archlint.analysis.turns import in_turn
from archlint.analysis.wording import listed
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_rate, format_share
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Severity, Term, Undecided, Verdict

_MOST_SHOWN: Final = 8
_UNITS: Final = {"requests": "/s", "tokens": "/s", "concurrent": "count"}


class _Use(msgspec.Struct, frozen=True):
    """What a workload uses of a limit for each request that arrives."""

    arrival: Arrival
    each: Each

    def at(self, per_s: float) -> float:
        """Return what it uses at a rate."""
        return self.arrival.visits * per_s * self.each.amount


class _Load(msgspec.Struct, frozen=True):
    """The use of a limit at the mean rates, or at the peak of one workload.

    `limiters` come before it and let only part of the load through.
    """

    value: float
    uses: tuple[_Use, ...]
    peak: Workload | None = None
    limiters: tuple[Component, ...] = ()

    def rate_of(self, workload: Workload) -> float:
        """Return the requests per second of a workload that are certain in this load."""
        if self.peak is None:
            return workload.rate_per_s or 0.0
        return workload.peak_per_s or 0.0 if workload is self.peak else 0.0


class _Over(msgspec.Struct, frozen=True):
    """A limit of a component, and a load above it."""

    component: Component
    key: str
    limit: float
    load: _Load

    @property
    def refused(self) -> float:
        """The share of the calls that is refused, at least."""
        return 1 - self.limit / self.load.value


class _Relief(msgspec.Struct, frozen=True):
    """What becomes of the calls beyond a quota: what a message says of it, and what is certain.

    `fits` is None if the file does not state whether the fallback takes them; `needs` would state it.
    """

    text: str
    fits: bool | None
    places: tuple[Place, ...] = ()
    needs: tuple[Place, ...] = ()


def check(system: System, params: NoParams) -> Iterator[Verdict]:
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
        for key, limit in limits_of(component):
            for estimated in (False, True) if key == "concurrent" else (False,):
                uses, needs = _uses(system, component, key, arriving, estimated)
                load = _highest(_loads(uses))
                if load is not None and exceeds(load.value, limit) and len(limited) > 1:
                    each = (_Over(component, key, limit, one) for one in _loads(uses))
                    load = _highest([_behind(system, arrivals, over) for over in each])
                if load is not None and exceeds(load.value, limit):
                    yield _verdict(system, arrivals, _Over(component, key, limit, load), traffic)
                    break
            else:
                if needs:
                    because = f"whether `{component.name}` accepts all requests"
                    more = max(0, len(needs) - _MOST_SHOWN)
                    yield Undecided(component.place("rate_limit", key), needs[:_MOST_SHOWN], because, more)


def _is_described(workload: Workload) -> bool:
    """Return whether a workload states what it asks of a vendor: only then is the vendor's limit the fact to add."""
    return workload.peak_per_s is not None and workload.tokens is not None


def _uses(
    system: System, component: Component, key: str, arriving: Sequence[Arrival], estimated: bool = False
) -> tuple[tuple[_Use, ...], tuple[Place, ...]]:
    """Return what each workload uses of a limit, and the keys that would state the rest."""
    uses, needs = [], dict[Place, None]()
    for arrival in arriving:
        workload = arrival.workload
        if workload.peak_per_s is None:
            needs[workload.place("rate" if workload.rate_per_s is None else "peak")] = None
        each = used_by_one(system, component, key, workload, estimated)
        if each.known and (workload.rate_per_s is not None or workload.peak_per_s is not None):
            uses.append(_Use(arrival, each))
        needs |= dict.fromkeys(each.needs)
    return tuple(uses), tuple(needs)


def _loads(uses: tuple[_Use, ...]) -> list[_Load]:
    """Return the load of all mean rates, and that of each peak."""
    if not uses:
        return []
    loads = [_Load(sum(use.at(use.arrival.workload.rate_per_s or 0.0) for use in uses), uses)]
    loads += [
        _Load(use.at(use.arrival.workload.peak_per_s), (use,), use.arrival.workload)
        for use in uses if use.arrival.workload.peak_per_s is not None
    ]  # fmt: skip
    return loads


def _highest(loads: Sequence[_Load]) -> _Load | None:
    return max(loads, key=lambda load: load.value, default=None)


def _behind(system: System, arrivals: Arrivals, over: _Over) -> _Load:
    """Return what is left of a load behind the components that limit it on the way.

    A limit that the file does not state, or that may let less through, changes only where calls are refused: no more
    are answered than the last limit accepts. So the whole load counts then, unless what is left is accepted.
    """
    name, load = over.component.name, over.load
    rates = {use.arrival.workload.name: load.rate_of(use.arrival.workload) for use in load.uses}
    found = [
        c for c in system.components.values() if c.rate_limit is not None and c.name != name
        and any(arrivals.let_through(use.arrival.workload, {c.name: 0.0}).get(name, 0.0) < use.arrival.visits
                for use in load.uses if rates[use.arrival.workload.name])
    ]  # fmt: skip
    let: dict[str, float] = {}
    for _ in found:                      # each round settles one more of those that come one after another
        let = {c.name: share for c in found if (share := _share(system, arrivals, c, load, let)) < 1}
    uses = tuple(
        msgspec.structs.replace(use, arrival=Arrival(
            use.arrival.workload, arrivals.let_through(use.arrival.workload, let).get(name, 0.0)
        )) if let else use
        for use in load.uses
    )  # fmt: skip
    value = sum(use.at(load.rate_of(use.arrival.workload)) for use in uses)
    if exceeds(value, over.limit) and not all(_is_certain(system, arrivals, c) for c in found):
        return load
    limiters = tuple(c for c in found if c.name in let)
    return msgspec.structs.replace(load, value=value, uses=uses, limiters=limiters)


def _share(
    system: System, arrivals: Arrivals, limiter: Component, load: _Load, let: Mapping[str, float]
) -> float:
    """Return the share of a load that a component lets through, behind others that do."""
    share = 1.0
    for key, limit in limits_of(limiter):
        used = 0.0
        for use in load.uses:
            workload, each = use.arrival.workload, used_by_one(system, limiter, key, use.arrival.workload)
            visits = arrivals.let_through(workload, let).get(limiter.name, 0.0)
            used += 0.0 if _is_unsure(system, key, use) else visits * load.rate_of(workload) * each.amount
        if exceeds(used, limit):
            share = min(share, limit / used)
    return share


def _is_certain(system: System, arrivals: Arrivals, limiter: Component) -> bool:
    """Return whether no other load takes part of what a component lets through, and all use of its limits is known."""
    workloads = system.workloads_of.get(limiter.name, ())
    for key, limit in limits_of(limiter):
        if key == "concurrent" or (key == "tokens" and any(in_turn(system, w) for w in workloads)):
            return False                 # how long a call is in flight there is known from below only
        if any(not used_by_one(system, limiter, key, w).known for w in workloads):
            return False
        if len(workloads) > 1:
            uses, needs = _uses(system, limiter, key, arrivals.at(limiter.name))
            most = sum(use.at(max(_rates(use.arrival.workload))) for use in uses)
            if needs or len(uses) < len(workloads) or exceeds(most, limit):
                return False
    return True


def _rates(workload: Workload) -> tuple[float, float]:
    return workload.rate_per_s or 0.0, workload.peak_per_s or 0.0


def _verdict(system: System, arrivals: Arrivals, over: _Over, traffic: Traffic) -> Verdict:
    """Return a hit; a question if a fallback may take what is refused, and a note if it does."""
    relief = _relief(system, arrivals, over)
    if relief is not None and relief.needs:
        because = f"whether {relief.text} accepts the calls that `{over.component.name}` refuses"
        return Undecided(over.component.place("rate_limit", over.key), relief.needs, because)
    if relief is None:
        return _hit(system, over, traffic, "are refused")
    if relief.fits is False:
        return _hit(system, over, traffic, f"are refused, and {relief.text}")
    hit = _hit(system, over, traffic, relief.text)
    return msgspec.structs.replace(
        hit,
        related=(*hit.related, *(Related(place, "takes the calls that are refused") for place in relief.places)),
        certainty=hit.certainty if relief.fits else Certainty.HEURISTIC,
        severity=Severity.INFO if relief.fits else Severity.WARNING,
    )


def _relief(system: System, arrivals: Arrivals, over: _Over) -> _Relief | None:
    """Return what becomes of the calls that are refused; None if one of the calls has no fallback."""
    calls = [r for r in system.topology.incoming[over.component.name] if system.topology.waits(r)]
    fallbacks = list(dict.fromkeys(call.fallback for call in calls))
    if not fallbacks or None in fallbacks:
        return None
    places = tuple(call.place("fallback") for call in calls)
    named = [system.components[name] for name in fallbacks if name in system.components]
    if len(named) < len(fallbacks):
        return _Relief("get the fallback in place of an answer", None, places)
    for other in named:
        if other.rate_limit is None and other.kind == "external":
            return _Relief(f"`{other.name}`", None, places, (other.place("rate_limit"),))
        for key, limit in limits_of(other):
            own, _ = _uses(system, other, key, arrivals.at(other.name))
            used = sum(use.at(over.load.rate_of(use.arrival.workload)) for use in own)
            for use in over.load.uses:
                each = used_by_one(system, other, key, use.arrival.workload)
                if not each.known:
                    return _Relief(f"`{other.name}`", None, places, each.needs)
                used += over.refused * use.arrival.visits * over.load.rate_of(use.arrival.workload) * each.amount
            if exceeds(used, limit):
                much, most = _said(key, used), _said(key, limit)
                return _Relief(f"its fallback `{other.name}` would get {much} and accepts {most}", False, places)
    names = listed(other.name for other in named)
    if any(other.rate_limit is None for other in named):
        return _Relief(f"go to the fallback {names}", None, places)
    return _Relief(f"go to the fallback {names}, which accepts them", True, places)


def _said(key: str, amount: float) -> str:
    what = {"requests": "requests", "tokens": "tokens", "concurrent": "calls in flight"}[key]
    return f"{format_count(amount) if key == 'concurrent' else format_rate(amount)} ({what})"


def _is_unsure(system: System, key: str, use: _Use) -> bool:
    """Return whether a use is an estimate, or of tokens that one of several answers in turn has: it is unsaid which."""
    return not use.each.certain or (key == "tokens" and in_turn(system, use.arrival.workload))


def _hit(system: System, over: _Over, traffic: Traffic, outcome: str) -> Hit:
    component, key, limit, load = over.component, over.key, over.limit, over.load
    at = component.place("rate_limit", key)
    workloads = [use.arrival.workload for use in load.uses]
    when = "at the mean rate" if load.peak is None else f"at the peak of `{load.peak.name}`"
    rate = "rate" if load.peak is None else "peak"
    most = format_count(limit) if key == "concurrent" else format_rate(limit)
    again = max((attempts(r) for r in system.topology.incoming[component.name] if r.verb == "calls"), default=1.0)
    retried = f"; with retries, up to {format_count(again)} times as many calls arrive" if again > 1 else ""
    through = f" through {listed(c.name for c in load.limiters)}" if load.limiters else ""
    certain = not any(_is_unsure(system, key, use) for use in load.uses)
    least = "at least" if certain else "about"
    return Hit(
        at,
        f"{when}, `{component.name}` would get {least} {_said(key, load.value)}{through}, but it accepts {most}: "
        f"{least} {format_share(over.refused)} of the calls {outcome}{retried}",
        tuple(_terms(component, key, limit, load)),
        (*(Related(one.place(rate), "this rate arrives") for one in workloads[:_MOST_SHOWN]),
         *(Related(one.place("rate_limit"), "lets only this much through") for one in load.limiters)),
        Certainty.PROVEN if certain else Certainty.ESTIMATED,
        absent=tuple(r.place("fallback") for r in system.topology.incoming[component.name]),
        cures=("llm-gateway", "asynchronous") if key != "concurrent" else ("asynchronous", "llm-gateway"),
        loss=traffic.share(workloads) * beyond(load.value, limit),
    )  # fmt: skip


def _terms(component: Component, key: str, limit: float, load: _Load) -> Iterator[Term]:
    rate_key = "rate" if load.peak is None else "peak"
    seen: set[Place] = set()
    for use in load.uses[:_MOST_SHOWN]:
        workload = use.arrival.workload
        rate = (workload.rate_per_s if load.peak is None else workload.peak_per_s) or 0.0
        yield Term(rate_key, f"{rate_key} of {workload.name}", rate, "/s", Origin.STATED, workload.place(rate_key))
        if use.arrival.visits != 1:
            label, note = f"calls for each request of {workload.name}, at least", "product of shares and cache misses"
            note += ", and what a limit lets through" if load.limiters else ""
            yield Term("visits", label, use.arrival.visits, "", Origin.DERIVED, None, note)
        for term in use.each.terms:
            if term.at is None or term.at not in seen:
                yield term
            if term.at is not None:
                seen.add(term.at)
    yield Term("needed", f"{key} at {component.name}, at least", load.value, _UNITS[key], Origin.DERIVED, None, "sum")
    at = component.place("rate_limit", key)
    yield Term("quota", f"{key} that {component.name} accepts", limit, _UNITS[key], Origin.STATED, at, limit=True)
