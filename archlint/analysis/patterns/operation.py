"""Patterns of routing, release and operation, recognised from single components and relations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from archlint.analysis.patterns.parts import Parts
from archlint.analysis.patterns.reach import (
    GUARDRAIL,
    Servers,
    recognised,
    servers_of_system,
    targets_by,
    workload_of,
)
from archlint.analysis.serving_components import serving_components
from archlint.analysis.system import System
from archlint.model.architecture import Component, Relation
from archlint.verdicts import RecognisedPattern

_ROUTES = frozenset({"calls", "publishes"})
_WATCHES = frozenset({"calls", "reads", "consumes"})


def of_routing(system: System, parts: Parts) -> Iterator[RecognisedPattern]:
    """Yield the patterns in which a component routes requests to one of several models."""
    relations = [relation for outgoing in system.topology.outgoing.values() for relation in outgoing]
    servers = servers_of_system(system) if any(map(_routes, relations)) else {}
    for name, outgoing in system.topology.outgoing.items():
        if any(map(_routes, outgoing)):
            yield from _shadow(system, name, outgoing, servers, parts)
            yield from _online_ab(system, name, outgoing, servers, parts)
            yield from _condition(system, name, outgoing, servers)
    yield from _parameter(system)


def _routes(relation: Relation) -> bool:
    return relation.verb == "mirrors" or relation.share is not None or relation.when is not None


def _shadow(
    system: System, name: str, outgoing: list[Relation], servers: Servers, parts: Parts
) -> Iterator[RecognisedPattern]:
    """**shadow-ab**: a component answers with one model and `mirrors` requests to another.

    It answers with its own model, or with one that it calls. A copy that reaches no model (a log, a security scanner)
    does not match. Models that make the vectors of a search give no answer.
    """
    candidates = [s for relation in outgoing if relation.verb == "mirrors" for s in servers[relation.target]]
    called = [s for relation in outgoing if relation.verb in _ROUTES for s in servers[relation.target]]
    current = [name] if system.components[name].serves else parts.without_embedders(called)
    if candidates and current:
        logs = _logs_of(system, [name, *current, *candidates])
        roles = {"proxy": [name], "current": current, "candidate": candidates, "log": logs}
        yield recognised("shadow-ab", workload_of(system, [name]), roles)


def _online_ab(
    system: System, name: str, outgoing: list[Relation], servers: Servers, parts: Parts
) -> Iterator[RecognisedPattern]:
    """**online-ab**: relations of one component with a `share` of the traffic each lead to different models.

    The current model has the largest share; if several have it, all of them are current. Replicas behind a balancer
    state no share, and shares of the same model only split the load: neither of them matches. Shares of vendors that
    generate answers split the load too, and shares of devices say how many users have which device.
    """
    arms = [r for r in outgoing if r.verb in _ROUTES and r.share is not None and servers[r.target]]
    reached = [server for arm in arms for server in servers[arm.target]]
    on_devices = all(system.components[server].kind == "edge-device" for server in reached)
    if not _differ(system, arms, servers) or on_devices or all(_sells(system, parts, server) for server in reached):
        return
    largest = max(relation.share or 0.0 for relation in arms)
    current = [s for arm in arms if arm.share == largest for s in servers[arm.target]]
    candidates = [s for arm in arms for s in servers[arm.target] if s not in current]
    logs = _logs_of(system, [name, *current, *candidates])
    roles = {"proxy": [name], "current": current, "candidate": candidates, "log": logs}
    yield recognised("online-ab", workload_of(system, [name]), roles)


def _sells(system: System, parts: Parts, server: str) -> bool:
    return system.components[server].kind == "external" and server in parts.generators


def _condition(
    system: System, name: str, outgoing: list[Relation], servers: Servers
) -> Iterator[RecognisedPattern]:
    """**condition-based**: relations of one component with a condition (`when`) lead to different models."""
    arms = [
        r
        for r in outgoing
        if r.verb in _ROUTES and r.when is not None and r.share is None and servers[r.target]
    ]
    if _differ(system, arms, servers):
        roles = {"proxy": [name], "server": [server for arm in arms for server in servers[arm.target]]}
        yield recognised("condition-based", workload_of(system, [name]), roles)


def _differ(system: System, arms: list[Relation], servers: Servers) -> bool:
    """Return whether some relations lead to different models."""
    models = {frozenset(m for s in servers[arm.target] for m in system.components[s].serves) for arm in arms}
    return len(models) >= 2


def _parameter(system: System) -> Iterator[RecognisedPattern]:
    """**parameter-based**: a setting turns the prediction off.

    A component that serves or reaches a model states a `switch`, or calls one with a condition (`when`) and a
    `fallback` for the other case. A fallback to another model turns nothing off, and the switch of a guardrail turns
    a check off: neither matches. Each such component is one match.
    """
    below = system.topology.models_below
    for name, component in system.components.items():
        if not below[name] or component.kind == GUARDRAIL:
            continue
        flagged = any(
            relation.when is not None
            and relation.fallback is not None
            and not below.get(relation.fallback)
            and below[relation.target]
            for relation in system.topology.outgoing[name]
        )
        if component.switch is not None or flagged:
            switch = component.switch if component.switch in system.components else None
            roles = {"server": [name], "switch": [switch] if switch else []}
            yield recognised("parameter-based", workload_of(system, [name]), roles)


def of_operation(system: System) -> Iterator[RecognisedPattern]:
    """Yield the patterns of release and operation; servers that match alike are one entry.

    **model-in-image** is `loads_model: in-image` on a serving component, **load-test** is `load_tested` on a
    component that serves or reaches a model; the others are defined below.
    """
    servers = list(serving_components(system))
    inside = ((s.name, ()) for s in servers if s.loads_model == "in-image")
    yield from _entry(system, "model-in-image", None, inside)
    yield from _entry(system, "model-load", "registry", _loading(system, servers))
    devices = [c for c in system.components.values() if c.serves and c.kind in {"client", "edge-device"}]
    logs = {name: _logs_of(system, [name]) for name in system.components}
    logged = ((s.name, _logs_for(system, s.name, logs)) for s in (*servers, *devices))
    yield from _entry(system, "prediction-log", "log", logged, needed=True)
    monitors = {name: _monitors_of(system, name) for name in system.components}
    monitored = ((s.name, _monitors_for(system, s, monitors)) for s in (*servers, *devices))
    yield from _entry(system, "prediction-monitoring", "monitor", monitored, needed=True)
    tested = (
        (c.name, ())
        for c in system.components.values()
        if c.load_tested and system.topology.models_below[c.name]
    )
    yield from _entry(system, "load-test", None, tested)


def _entry(
    system: System,
    pattern: str,
    role: str | None,
    found: Iterable[tuple[str, tuple[str, ...]]],
    needed: bool = False,
) -> Iterator[RecognisedPattern]:
    """Return one pattern for the servers with the same counterparts; none without counterparts if they are `needed`."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for server, others in found:
        alike.setdefault(tuple(dict.fromkeys(others)), []).append(server)
    for others, servers in alike.items():
        if others or not needed:
            roles = {"server": servers, **({role: others} if role else {})}
            yield recognised(pattern, workload_of(system, servers), roles)


def _loading(system: System, servers: list[Component]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """**model-load**: a server states `loads_model: at-start`, or a `loads` relation and no other time.

    The registry is the one that it loads from, otherwise the one of its models.
    """
    for server in servers:
        loads = targets_by(system, server.name, "loads")
        if server.loads_model == "at-start" or (server.loads_model is None and loads):
            yield server.name, loads or tuple(_registries(system, server))


def _registries(system: System, server: Component) -> Iterator[str]:
    for name in server.serves:
        model = system.architecture.models.get(name)
        if model is not None and model.registry is not None and model.registry in system.components:
            yield model.registry


def _logs_for(system: System, name: str, logs: dict[str, list[str]]) -> tuple[str, ...]:
    """**prediction-log**: a server, or each of its callers instead, logs predictions.

    It has `logs_to`, or writes or publishes to a log store.
    """
    if logs[name]:
        return tuple(logs[name])
    callers = dict.fromkeys(r.source for r in system.topology.incoming[name] if r.verb == "calls")
    theirs = [logs[caller] for caller in callers]
    return tuple(log for each in theirs for log in each) if all(theirs) else ()


def _logs_of(system: System, names: Iterable[str]) -> list[str]:
    kinds = system.components
    return [
        relation.target for name in dict.fromkeys(names) for relation in system.topology.outgoing[name]
        if relation.verb == "logs_to"
        or (relation.verb in {"writes", "publishes"} and kinds[relation.target].kind == "log-store")
    ]  # fmt: skip


def _monitors_for(system: System, server: Component, monitors: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """**prediction-monitoring**: a server, or each caller of a vendor instead, is monitored."""
    found = monitors[server.name]
    if found or server.kind != "external":
        return found
    callers = dict.fromkeys(r.source for r in system.topology.incoming[server.name] if r.verb == "calls")
    theirs = [monitors[caller] for caller in callers]
    return tuple(monitor for each in theirs for monitor in each) if all(theirs) else ()


def _monitors_of(system: System, name: str) -> tuple[str, ...]:
    """Return what a component is `monitored_by`, and the monitors that ask it for metrics."""
    watching = [
        relation.source for relation in system.topology.incoming[name]
        if relation.verb in _WATCHES and system.components[relation.source].kind == "monitoring"
    ]  # fmt: skip
    return (*targets_by(system, name, "monitored_by"), *watching)
