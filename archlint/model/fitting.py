"""Relations that do not fit their target, or their own attributes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from typing import Final

from archlint.model.architecture import Component, Relation
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_share
from archlint.model.words import KINDS, MAY_CACHE, STORES

_EVERY: Final = frozenset(KINDS)
_DATA: Final = STORES | {"external", "monitoring"}
_MESSAGES: Final = frozenset({"queue", "external", "cache", "database", "log-store", "object-store"})
_WRONG_TARGETS: Final[dict[str, tuple[frozenset[str], str]]] = {
    "calls": (frozenset({"queue"}), "a component that answers"),
    "reads": (_EVERY - _DATA, "a store (database, cache, warehouse, …)"),
    "writes": (_EVERY - _DATA, "a store (database, cache, warehouse, …)"),
    "publishes": (_EVERY - _MESSAGES, "a queue"),
    "consumes": (_EVERY - _MESSAGES, "a queue"),
    "triggers": (
        frozenset({"queue", "client", "load-balancer", "cache", "database", "log-store", "monitoring"}), "a job",
    ),
    "mirrors": (frozenset({"client", "scheduler", "monitoring"}), "a component that takes requests"),
    "loads": (
        frozenset({"client", "load-balancer", "queue", "scheduler", "monitoring", "edge-device"}),
        "a model registry or object store",
    ),
    "logs_to": (frozenset({"client", "load-balancer", "scheduler", "training-job", "edge-device"}), "a log store"),
    "monitored_by": (
        frozenset({"client", "load-balancer", "cache", "edge-device", "training-job"}),
        "a component of the kind `monitoring`",
    ),
}  # fmt: skip
_BETTER: Final = {
    ("reads", "queue"): "consumes", ("writes", "queue"): "publishes", ("calls", "queue"): "publishes",
    ("triggers", "queue"): "publishes",
}  # fmt: skip
_ANSWERING: Final = frozenset({"reads", "writes", "publishes", "consumes", "loads"})
_ONCE: Final = frozenset({"consumes", "triggers", "mirrors", "loads", "logs_to", "monitored_by"})
"""Verbs that mean the same when they name one target twice, without further attributes."""
_WITHOUT_WAIT: Final = frozenset({"publishes", "consumes", "triggers", "mirrors", "logs_to", "monitored_by"})
_TAKES_DATA: Final = frozenset({"calls", "reads", "consumes", "loads"})
_ROUNDING: Final = 0.01
"""Three shares of 33.4 % are meant to add up to 100 %."""

Say = Callable[[Place, str, str], None]


def check_relations(say: Say, component: Component, components: AbstractMapping[str, Component]) -> None:
    """Report what is wrong with the relations of one component, each by itself and all of them together."""
    grouped = False
    bare: set[tuple[str, str]] = set()
    for relation in component.relations:
        verb = relation.verb
        target = components.get(relation.target)
        if target is None:
            continue
        wrong_kinds, wanted = _WRONG_TARGETS[verb]
        if target.kind in wrong_kinds:
            _say_wrong_target(say, relation, target.kind, wanted)
        if verb == "calls" and relation.target == relation.source:
            hint = "remove this relation; archlint does not model calls between replicas"
            say(relation.place(), "a component cannot call itself", hint)
        if verb in _ONCE:
            if (verb, relation.target) in bare and relation == _bare(relation):
                say(relation.place(), f"`{verb}` lists `{relation.target}` twice", "list it once")
            bare.add((verb, relation.target))
        if relation.share is not None or relation.either is not None:
            grouped = True
        _check_attributes(say, relation, target)
    if grouped:
        _check_shares(say, component)
        _check_groups(say, component)


def _bare(relation: Relation) -> Relation:
    return Relation(relation.verb, relation.source, relation.target, relation.index)


def _say_wrong_target(say: Say, relation: Relation, kind: str, wanted: str) -> None:
    better = _BETTER.get((relation.verb, kind), "calls" if relation.verb in _ANSWERING else "")
    hint = f"write `{better}`" if better else "name another component"
    message = f"`{relation.source}` {relation.verb} `{relation.target}`, which is a {kind}, not {wanted}"
    say(relation.place(), message, f"{hint}, or change the kind of `{relation.target}`")


def _check_attributes(say: Say, relation: Relation, target: Component) -> None:
    verb = relation.verb
    if relation.wait is not None:
        if not relation.wait and verb in {"calls", "reads"}:
            message = f"`{verb}` always waits for the answer; only `writes` may have `wait: false`"
            say(relation.place("wait"), message, "remove `wait`, or publish to a queue")
        elif relation.wait and verb in _WITHOUT_WAIT:
            message = f"`{verb}` never waits, so it cannot have `wait: true`"
            say(relation.place("wait"), message, "remove `wait`, or write `calls`")
    if relation.max_attempts is not None and verb != "consumes":
        message = f"`max_attempts` applies to `consumes` only, not to `{verb}`"
        say(relation.place("max_attempts"), message, "write `retries`, which does not include the first attempt")
    if relation.redelivery_after_s is not None and verb != "consumes":
        message = f"`redelivery_after` applies to `consumes` only, not to `{verb}`"
        say(relation.place("redelivery_after"), message, "remove it, or write `timeout`")
    if relation.fallback is not None and relation.fallback == relation.target:
        say(relation.place("fallback"), f"`{relation.target}` cannot be its own fallback", "name another component")
    if relation.quorum is not None:
        _check_quorum(say, relation, target, relation.quorum)
    if relation.freshness_s is not None and verb not in _TAKES_DATA:
        message = f"`freshness` is the age of what is read; `{verb}` reads nothing"
        say(relation.place("freshness"), message, "remove it, or write `reads`")
    if target.kind not in MAY_CACHE:
        for key, value in (("hit_ratio", relation.hit_ratio), ("ttl", relation.ttl_s), ("kind", relation.caches)):
            if value is not None:
                message = f"`{key}` needs a cache, but `{target.name}` is a {target.kind}"
                say(relation.place(key), message, f"remove `{key}`, or change the kind of `{target.name}` to `cache`")
                return


def _check_quorum(say: Say, relation: Relation, target: Component, quorum: float) -> None:
    shards = target.shards
    if shards is not None and quorum > shards and quorum > (target.least_replicas or 0):
        message = f"`quorum` is {format_count(quorum)}, but `{target.name}` has {format_count(shards)} shards"
        say(relation.place("quorum"), message, "write at most the number of shards")


def _check_shares(say: Say, component: Component) -> None:
    """Check that shares add up to 100% at most: a request takes one of the calls with a share.

    Each `parallel` group is a choice of its own. Calls with a condition are skipped: two conditions may both hold.
    """
    totals: dict[str | None, float] = {}
    for relation in component.relations:
        if relation.verb != "calls" or relation.share is None or relation.when is not None:
            continue
        total = totals[relation.parallel] = totals.get(relation.parallel, 0.0) + relation.share
        if total > 1 + _ROUNDING:
            message = f"the shares of these calls add up to {format_share(total)}, but each request takes one call"
            say(relation.place("share"), message, "reduce them to 100% or less in total")
            return


def _check_groups(say: Say, component: Component) -> None:
    """Check that no `either` group has only one member: its name is most likely misspelt."""
    members: dict[str, list[Relation]] = {}
    for relation in component.relations:
        if relation.either is not None:
            members.setdefault(relation.either, []).append(relation)
    alone = [relations[0] for relations in members.values() if len(relations) == 1]
    if alone:
        group = alone[-1].either
        other = next((name for name in members if name != group), None)
        hint = f"did you mean `{other}`?" if other else "give its alternatives the same group name"
        message = f"the group `{group}` has only this member, so it has no alternative"
        say(alone[-1].place("either"), message, hint)
