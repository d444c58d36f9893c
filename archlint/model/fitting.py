"""Relations that do not fit what they lead to, or their own attributes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from typing import Final

from archlint.model.architecture import Component, Relation
from archlint.model.places import Place
from archlint.model.quantities import format_share
from archlint.model.words import KINDS, MAY_CACHE, STORES

_EVERY: Final = frozenset(KINDS)
_DATA: Final = STORES | {"external", "monitoring"}
_MESSAGES: Final = frozenset({"queue", "external", "cache", "database", "log-store", "object-store"})
_WRONG_TARGETS: Final[dict[str, tuple[frozenset[str], str]]] = {
    "calls": (frozenset({"queue"}), "something that answers"),
    "reads": (_EVERY - _DATA, "a store (database, cache, warehouse, …)"),
    "writes": (_EVERY - _DATA, "a store (database, cache, warehouse, …)"),
    "publishes": (_EVERY - _MESSAGES, "a queue"),
    "consumes": (_EVERY - _MESSAGES, "a queue"),
    "triggers": (
        frozenset({"queue", "client", "load-balancer", "cache", "database", "log-store", "monitoring"}), "a job",
    ),
    "mirrors": (frozenset({"client", "scheduler", "monitoring"}), "something that takes requests"),
    "loads": (
        frozenset({"client", "load-balancer", "queue", "scheduler", "monitoring", "edge-device"}),
        "a model registry or object store",
    ),
    "logs_to": (frozenset({"client", "load-balancer", "scheduler", "training-job", "edge-device"}), "a log store"),
    "monitored_by": (
        frozenset({"client", "load-balancer", "cache", "edge-device", "training-job"}),
        "a component of kind monitoring",
    ),
}  # fmt: skip
_BETTER: Final = {
    ("reads", "queue"): "consumes", ("writes", "queue"): "publishes", ("calls", "queue"): "publishes",
    ("triggers", "queue"): "publishes",
}  # fmt: skip
_ANSWERING: Final = frozenset({"reads", "writes", "publishes", "consumes", "loads"})
_ONCE: Final = frozenset({"consumes", "triggers", "mirrors", "loads", "logs_to", "monitored_by"})
"""Verbs that say nothing new when they are said of one target twice, without further attributes."""
_WITHOUT_WAIT: Final = frozenset({"publishes", "consumes", "triggers", "mirrors", "logs_to", "monitored_by"})
_ROUNDING: Final = 0.01
"""Three shares of 33.4 % are meant to be the whole."""

Say = Callable[[Place, str, str], None]


def check_relations(say: Say, component: Component, components: AbstractMapping[str, Component]) -> None:
    """Say what is wrong with the relations of one component, each alone and all together."""
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
            hint = "remove it: calls between replicas are not modelled"
            say(relation.place(), "a component cannot call itself", hint)
        if verb in _ONCE:
            if (verb, relation.target) in bare and relation == _bare(relation):
                say(relation.place(), f"`{verb}` names `{relation.target}` twice", "name it once")
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
    hint = f"did you mean `{better}`, or " if better else "name something else, or write "
    message = f"`{relation.source}` {relation.verb} `{relation.target}`, which is a {kind}, not {wanted}"
    say(relation.place(), message, f"{hint}another kind for `{relation.target}`?")


def _check_attributes(say: Say, relation: Relation, target: Component) -> None:
    verb = relation.verb
    if relation.wait is not None:
        if not relation.wait and verb in {"calls", "reads"}:
            message = f"`{verb}` waits for the answer; `wait: false` is for `writes`"
            say(relation.place("wait"), message, "publish to a queue, or remove `wait`")
        elif relation.wait and verb in _WITHOUT_WAIT:
            say(relation.place("wait"), f"nobody waits for what `{verb}` starts", "remove `wait`, or write `calls`")
    if relation.max_attempts is not None and verb != "consumes":
        message = f"`max_attempts` counts the deliveries of a message, and belongs to `consumes`, not `{verb}`"
        say(relation.place("max_attempts"), message, "write `retries`, which does not count the first attempt")
    if relation.fallback is not None and relation.fallback == relation.target:
        say(relation.place("fallback"), f"`{relation.target}` cannot be its own fallback", "name something else")
    if target.kind not in MAY_CACHE:
        for key, value in (("hit_ratio", relation.hit_ratio), ("ttl", relation.ttl_s), ("kind", relation.caches)):
            if value is not None:
                say(relation.place(key), f"`{target.name}` is a {target.kind}, not a cache", "make its kind `cache`")
                return


def _check_shares(say: Say, component: Component) -> None:
    """A request takes one of the calls with a share; those of one `parallel` group are chosen from by themselves.

    Calls with a condition are left out: two conditions may hold at once.
    """
    totals: dict[str | None, float] = {}
    for relation in component.relations:
        if relation.verb != "calls" or relation.share is None or relation.when is not None:
            continue
        total = totals[relation.parallel] = totals.get(relation.parallel, 0.0) + relation.share
        if total > 1 + _ROUNDING:
            message = f"the shares of these calls add up to {format_share(total)}: a request takes one of them"
            say(relation.place("share"), message, "let the shares add up to 100% or less")
            return


def _check_groups(say: Say, component: Component) -> None:
    """Of a group of one, `any one suffices` says nothing: most likely its name is misspelt, here or beside it."""
    members: dict[str, list[Relation]] = {}
    for relation in component.relations:
        if relation.either is not None:
            members.setdefault(relation.either, []).append(relation)
    alone = [relations[0] for relations in members.values() if len(relations) == 1]
    if alone:
        group = alone[-1].either
        other = next((name for name in members if name != group), None)
        hint = f"did you mean `{other}`?" if other else "use the same name for its alternatives"
        message = f"the group `{group}` has one member: there is nothing to choose"
        say(alone[-1].place("either"), message, hint)
