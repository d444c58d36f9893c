"""How many attempts one request may cause: the attempts of callers that wait for one another multiply.

A retry budget bounds the attempts of a call to 1 / (1 - budget), as a mean over many requests. A circuit breaker stops
the calls while the target fails, so that they are one attempt for each request. A pause between attempts (`backoff`)
makes them later, not fewer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Relation
from archlint.topology import Flow
from archlint.topology.reach import Reach

MOST_ATTEMPTS: Final = 1e15
"""Products are not followed further: nothing survives so many attempts of one request, and they stay numbers."""


class Chain(msgspec.Struct, frozen=True):
    """Calls that retry, one behind the other, on a waiting path: `product` attempts reach the target of `last`.

    Chains that begin alike share their beginning, `before`; the empty chain has none.
    """

    last: Relation | None = None
    product: float = 1.0
    length: int = 0
    before: Chain | None = None

    @property
    def relations(self) -> tuple[Relation, ...]:
        """All calls, from the first to the last."""
        return tuple(reversed([chain.last for chain in self.beginnings() if chain.last is not None]))

    def beginnings(self) -> Iterator[Chain]:
        """Yield the chain itself, and each chain that it begins with, the longest first."""
        chain: Chain | None = self
        while chain is not None and chain.length:
            yield chain
            chain = chain.before

    def with_call(self, relation: Relation) -> Chain:
        """Return the chain with one more call; a call that is tried once does not lengthen it."""
        factor = attempts(relation)
        product = min(self.product * factor, MOST_ATTEMPTS)
        return Chain(relation, product, self.length + 1, self) if factor > 1 else self


def attempts(relation: Relation) -> float:
    """Return how many attempts of a call one request may cause, on average, while the target fails.

    >>> attempts(Relation("calls", "api", "ranker", 0, retries=4.0))
    5.0
    >>> round(attempts(Relation("calls", "api", "ranker", 0, retries=4.0, retry_budget=0.1)), 3)
    1.111
    >>> attempts(Relation("calls", "api", "ranker", 0, retries=4.0, circuit_breaker=True))
    1.0
    """
    if relation.circuit_breaker:
        return 1.0
    most = 1 + (relation.retries or 0.0)
    budget = relation.retry_budget
    return most if budget is None or budget >= 1 else min(most, 1 / (1 - budget))


def longest_chains(system: System) -> Iterator[tuple[Flow, Mapping[tuple[str, str, int], Chain]]]:
    """Yield the chain with the most attempts up to each call that retries, by its key.

    There is one for each kind of flow, and one for each other client that retries itself.
    """
    if not any(relation.retries for relations in system.topology.outgoing.values() for relation in relations):
        return
    known: dict[tuple[Reach, tuple[tuple[str, Chain], ...]], Mapping[tuple[str, str, int], Chain]] = {}
    kinds = dict.fromkeys(system.distinct_flows())
    for flow in dict.fromkeys((*kinds, *map(system.flow, system.workloads.values()))):
        found: dict[tuple[str, str, int], Chain] = {}
        entering: dict[str, Chain] = {}
        for step in flow.steps.get(flow.client, ()):
            if step.waits:
                _keep(entering, found, step.target, step.relation, Chain().with_call(step.relation))
        if flow not in kinds and not found:
            continue
        key = flow.reach, tuple(entering.items())
        if key not in known:
            known[key] = _behind(flow.reach, entering)
        yield flow, {**found, **known[key]}


def _behind(reach: Reach, entering: Mapping[str, Chain]) -> Mapping[tuple[str, str, int], Chain]:
    best = dict(entering)
    found: dict[tuple[str, str, int], Chain] = {}
    for group in reversed(reach.order):
        inside = set(group) if len(group) > 1 else ()
        for name in group:
            chain = best.get(name)
            for step in reach.steps[name] if chain is not None and name in reach.waiting else ():
                if chain is not None and step.waits and step.target not in inside and step.target != name:
                    _keep(best, found, step.target, step.relation, chain.with_call(step.relation))
    return found


def _keep(
    best: dict[str, Chain], found: dict[tuple[str, str, int], Chain], target: str, relation: Relation, chain: Chain
) -> None:
    before = best.get(target)
    if before is None or (chain.product, -chain.length) > (before.product, -before.length):
        best[target] = chain
    if chain.last is relation:
        found[key_of(relation)] = chain


def key_of(relation: Relation) -> tuple[str, str, int]:
    """Return what identifies a relation."""
    return relation.source, relation.verb, relation.index


def ends(chains: Mapping[tuple[str, str, int], Chain]) -> Sequence[Chain]:
    """Return the chains that are not the beginning of a longer one."""
    begun: dict[tuple[str, str, int], Chain] = {}
    for whole in chains.values():
        for chain in islice(whole.beginnings(), 1, None):
            if chain.last is None or begun.get(key_of(chain.last)) is chain:
                break                          # and so are its own beginnings
            begun[key_of(chain.last)] = chain
    return [chain for key, chain in chains.items() if key not in begun]
