"""How long callers wait for a component, with all their attempts, before a request fails."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component, Relation
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin, Term


class Patience(msgspec.Struct, frozen=True):
    """How long a call on the way waits at most, with all its attempts; proven if the file states all of it."""

    call: Relation
    value_s: float
    terms: tuple[Term, ...]
    certainty: Certainty


def least_patience(system: System, component: Component) -> Patience | None:
    """Return the call on the ways to a component that gives up first; None if no call has a limit.

    Only calls without whose answer a request fails are considered.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {search: {from: page}}
    ... components:
    ...   page: {kind: client, calls: [{to: api, timeout: 10s}]}
    ...   api: {kind: service, calls: [{to: ranker, timeout: 2s, retries: 1, backoff: none}]}
    ...   ranker: {kind: model-server}
    ... ''')
    >>> least_patience(system, system.components["ranker"]).value_s
    4.0
    """
    return min(_waits(system, component), key=lambda wait: wait.value_s, default=None)


def _waits(system: System, component: Component) -> Iterator[Patience]:
    """Yield the calls on the ways to a component that wait for it, and without whose answer a request fails."""
    seen: set[Place] = set()
    for flow in {system.flow(workload): None for workload in system.workloads_of.get(component.name, ())}:
        if component.name not in flow.waiting:
            continue
        path = flow.path_to(component.name)
        if any(spares(call) or not system.topology.waits(call) for call in path):
            continue
        for call in path:
            if call.place() not in seen:
                seen.add(call.place())
                wait = _patience(system, call)
                if wait is not None:
                    yield wait


def spares(call: Relation) -> bool:
    """Return whether a request succeeds without the answer of a call, or may not take it."""
    asked = (call.fallback, call.when, call.either, call.hit_ratio)
    return bool(call.optional) or any(fact is not None for fact in asked)


def _patience(system: System, call: Relation) -> Patience | None:
    timeout = system.facts.timeout_s(call)
    if timeout is None:
        return None
    value_s, attempts = float(timeout.value), 1 + (call.retries or 0.0)
    terms = [timeout.term("timeout", f"timeout of {call.source} for {call.target}", "s", limit=not call.retries)]
    known = timeout.origin is Origin.STATED
    if call.retries:
        # The pauses between attempts are not stated: with them, a caller waits longer.
        known = known and call.backoff == "none"
        label = f"attempts of {call.source}"
        terms.append(Term("attempts", label, attempts, "count", Origin.STATED, call.place("retries")))
        label, formula = f"{call.source} waits for {call.target}", "timeout x attempts"
        terms.append(Term("patience", label, value_s * attempts, "s", Origin.DERIVED, None, formula, limit=True))
    return Patience(call, value_s * attempts, tuple(terms), Certainty.PROVEN if known else Certainty.ESTIMATED)
