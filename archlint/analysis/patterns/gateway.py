"""**llm-gateway**: one component in front of several providers of generated answers, of which a request needs one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.choices import alternatives
from archlint.analysis.patterns.parts import Parts
from archlint.analysis.patterns.reach import Servers, nearest_servers, recognised, workload_of
from archlint.analysis.system import System
from archlint.model.words import BALANCERS, STORES
from archlint.verdicts import RecognisedPattern

_SERVERS: Final = frozenset({"service", "model-server", "external"})


def of_gateways(system: System, parts: Parts) -> Iterator[RecognisedPattern]:
    """Yield a match for each component in front of alternative providers: vendors, or servers of several models.

    They are alternatives by `fallback`, `either` or `share`. Other balancers and guardrails may be in between. The own
    servers of one model are replicas, as in several regions, so they do not match. The component is a balancer or
    gateway, or a server that only passes requests on: an application that also retrieves, or runs a model, is none.
    """
    if not parts.generators:
        return
    behind = _providers_behind(system, parts)
    for name, outgoing in system.topology.outgoing.items():
        calls = [relation for relation in outgoing if relation.verb == "calls" and system.topology.waits(relation)]
        if not calls or not _may_be_one(system, parts, name, behind):
            continue
        providers: list[str] = []
        for group in alternatives(calls, system.components.keys()):
            arms = [behind[end] for end in group if behind[end]]
            known = any(provider in parts.generators for arm in arms for provider in arm)
            if known and _differ(system, parts, arms):
                providers += [provider for arm in arms for provider in arm]
        if providers:
            providers += [p for call in calls for p in behind[call.target] if p in parts.generators]
            callers = [r.source for r in system.topology.incoming[name] if r.verb == "calls"]
            caches = [r.target for r in outgoing if system.topology.looks_up(r) and r.caches not in {"prefix", "data"}]
            roles = {"caller": callers, "gateway": [name], "provider": providers, "cache": caches}
            yield recognised("llm-gateway", workload_of(system, [name]), roles)


def _providers_behind(system: System, parts: Parts) -> Servers:
    """Return the nearest servers of models that may generate after each component, through balancers and guardrails.

    What is not known to generate does if it replaces something that is: a vendor that only a `fallback` reaches.
    """
    passing = {name for name, component in system.components.items() if component.kind in BALANCERS} | parts.guardrails
    targets = {
        name: list(system.topology.waited_for(name)) if name in passing else [] for name in system.components
    }  # fmt: skip
    return nearest_servers(targets, {name for name in system.topology.serving if parts.models_that_may(name)})


def _may_be_one(system: System, parts: Parts, name: str, behind: Servers) -> bool:
    """Return whether a component is a balancer, or a server that only passes requests on."""
    component = system.components[name]
    if component.kind in BALANCERS:
        return True
    if component.kind not in _SERVERS or component.serves:
        return False
    topology = system.topology
    waiting = [relation for relation in topology.outgoing[name] if topology.waits(relation)]
    asked = {relation.target for relation in waiting} - parts.guardrails
    retrieves = any(relation.target in parts.indexes and not topology.looks_up(relation) for relation in waiting)
    passes_on = all(behind[target] or system.components[target].kind in STORES for target in asked)
    return passes_on and not retrieves


def _differ(system: System, parts: Parts, arms: list[tuple[str, ...]]) -> bool:
    """Return whether some arms lead to different providers: to a vendor, or to servers of different models."""
    if len(set(arms)) < 2:
        return False
    providers = {provider for arm in arms for provider in arm}
    vendors = any(system.components[provider].kind == "external" for provider in providers)
    return vendors or len({frozenset(m for p in arm for m in parts.models_that_may(p)) for arm in arms}) > 1
