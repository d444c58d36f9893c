"""Retries of callers, one behind the other: the attempts of one request multiply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.retries import MOST_ATTEMPTS, Chain, attempts, ends, key_of, longest_chains
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Relation, Workload
from archlint.model.quantities import format_count, format_rate
from archlint.verdicts import Hit, Origin, Related, Term, Verdict

_MOST_SHOWN: Final = 8
_BACKS_OFF: Final = frozenset({"exponential", "exponential-jitter"})


class Params(msgspec.Struct, frozen=True):
    """most_attempts: attempts that one request may cause at the last of several callers, without unit."""

    most_attempts: float = 9.0


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each chain of callers whose attempts multiply beyond the limit, at the last call that retries."""
    worst: dict[tuple[str, str, int], Chain] = {}
    for _flow, chains in longest_chains(system):
        for chain in ends(chains):
            key = key_of(chain.last) if chain.last is not None else ("", "", 0)
            known = worst.get(key)
            worse = known is None or chain.product > known.product
            if worse and exceeds(chain.product, params.most_attempts) and not _alone_and_patient(chain):
                worst[key] = chain
    traffic = Traffic(system) if worst else None
    for chain in worst.values():
        if traffic is not None:
            yield _hit(system, chain, params, traffic)


def _alone_and_patient(chain: Chain) -> bool:
    """Return whether only one caller retries, with a growing pause: its attempts do not come at once."""
    return chain.length == 1 and chain.last is not None and chain.last.backoff in _BACKS_OFF


def _hit(system: System, chain: Chain, params: Params, traffic: Traffic) -> Hit:
    last = chain.relations[-1]
    workloads = system.workloads_of.get(last.target, ())
    loaded = _loaded(workloads)
    others = tuple(
        Related(relation.place("retries"), f"{format_count(attempts(relation))} attempts")
        for relation in chain.relations[:-1]
    )
    keys = ("retry_budget", "circuit_breaker")
    return Hit(
        last.place("retries"),
        _message(chain, loaded),
        tuple(_terms(chain, loaded, params)),
        others[:_MOST_SHOWN],
        absent=tuple(relation.place(key) for relation in chain.relations for key in keys),
        cures=("timeout-budget", "prediction-circuit-break"),
        path=tuple(Related(r.place(), f"`{r.source}` {r.verb} `{r.target}`") for r in chain.relations),
        loss=traffic.through(last.target) * beyond(chain.product, params.most_attempts),
        group=tuple(relation.place("retries") for relation in chain.relations) if len(chain.relations) > 1 else (),
    )


def _loaded(workloads: tuple[Workload, ...]) -> tuple[Workload, str, float] | None:
    """Return the workload with the highest rate, with the key that states it."""
    rates = [
        (workload, key, rate)
        for workload in workloads
        for key, rate in (("peak", workload.peak_per_s), ("rate", workload.rate_per_s)) if rate
    ]  # fmt: skip
    return max(rates, key=lambda one: one[2], default=None)


def _message(chain: Chain, loaded: tuple[Workload, str, float] | None) -> str:
    last = chain.relations[-1]
    relations = chain.relations
    callers = listed((relation.source for relation in relations), most=_MOST_SHOWN)
    retry = f"{callers} retries" if len(relations) == 1 else f"{callers} retry one behind the other"
    product = format_count(chain.product)
    factors = " x ".join(format_count(attempts(relation)) for relation in relations[:_MOST_SHOWN])
    becomes = f"{factors} = {product}" if 1 < len(relations) <= _MOST_SHOWN else product
    most = "up to" if chain.product < MOST_ATTEMPTS else "at least"
    text = f"if `{last.target}` fails, {retry}: one request becomes {most} {becomes} attempts"
    if loaded is not None:
        workload, key, rate = loaded
        name, load = "peak" if key == "peak" else "mean rate", format_rate(rate * chain.product)
        text += f"; the {name} of `{workload.name}`, {format_rate(rate)}, becomes {most} {load}"
    if not any(relation.backoff in _BACKS_OFF for relation in relations):
        text += ", without a growing pause between attempts"
    return text


def _terms(chain: Chain, loaded: tuple[Workload, str, float] | None, params: Params) -> Iterator[Term]:
    for relation in chain.relations[:_MOST_SHOWN]:
        yield _retries(relation)
        if relation.retry_budget is not None:
            at, label = relation.place("retry_budget"), f"retry budget of {relation.source}"
            yield Term("retry_budget", label, relation.retry_budget, "share", Origin.STATED, at)
    note = "product of 1 + retries, or 1 / (1 - retry budget) if that is less"
    yield Term("attempts", "attempts of one request", chain.product, "count", Origin.DERIVED, None, note)
    most = params.most_attempts
    yield Term("most_attempts", "attempts that one request may cause", most, "count", Origin.ASSUMED, limit=True)
    if loaded is not None:
        workload, key, rate = loaded
        yield Term(key, f"{key} of {workload.name}", rate, "/s", Origin.STATED, workload.place(key))
        label = f"at {chain.relations[-1].target}, up to"
        yield Term("load", label, rate * chain.product, "/s", Origin.DERIVED, None, "rate x attempts")


def _retries(relation: Relation) -> Term:
    label = f"retries of {relation.source}"
    return Term("retries", label, relation.retries or 0.0, "count", Origin.STATED, relation.place("retries"))
