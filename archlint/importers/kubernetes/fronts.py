"""What fronts workloads: Services, Ingresses, routes of the Gateway API, and virtual services of Istio."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from archlint.importers.digits import is_whole
from archlint.importers.kubernetes.cluster import Cluster, Resource, same_namespace, texts_of
from archlint.importers.objects import Fact, Link, Site, Table, Unit, scalars
from archlint.model.deployment import Breaker, Front

ROUTES = frozenset({"HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"})
_EXPOSING = frozenset({"LoadBalancer", "NodePort"})


def add_services(cluster: Cluster) -> None:
    """Give each workload the names of the Services in front of it; one in front of several is a unit of its own."""
    hosts = {host for one in cluster.of("VirtualService") for host in one.table.texts("spec", "hosts")}
    for service in list(cluster.of("Service")):
        if service.group == "serving.knative.dev":
            continue
        spec = service.table.table("spec")
        external = spec.value("externalName")
        if external is not None:
            unit = _front(service, "external", "ExternalName Service")
            unit.kind = "external"
            cluster.units.append(unit)
            continue
        whole = cluster.selected(texts_of(spec.table("selector")), service.namespace)
        for unit in whole:
            unit.running.fronts.append(_front_of(service, spec))
        if len(whole) == 1:
            _alias(whole[0], service, spec)
        elif whole:
            short = service.name in {host.split(".")[0] for host in hosts}
            unit = _front(service, "router", "Service", f"{len(whole)} workloads behind one Service")
            unit.kind = "load-balancer" if not short else "gateway"
            for target in whole:
                unit.links.append(
                    Link(target.name, "calls", "selector of the Service", _place(spec, "selector"), scope=target.scope)
                )
            cluster.units.append(unit)


def _front_of(service: Resource, spec: Table) -> Front:
    """Return what a Service opens: the ports of its pods that it forwards to, and to whom."""
    kind = spec.value("type")
    rows = spec.tables("ports")
    ports = tuple(port.text("targetPort") or port.text("port") for port in rows)
    annotations = service.table.table("metadata", "annotations")
    guarded = any("internal" in f"{key} {annotations.text(key)}".lower() for key in annotations.entries)
    guarded = guarded or bool(spec.texts("loadBalancerSourceRanges"))
    site = kind.site if kind is not None else service.site
    return Front("Service", service.name, site, kind.text if kind is not None else "", ports, guarded)


def _alias(unit: Unit, service: Resource, spec: Table) -> None:
    unit.names.append(service.name)
    if spec.text("clusterIP") != "None":
        unit.facts.setdefault("balancing", Fact("random", service.site, f"Service {service.name}"))
    kind = spec.value("type")
    if kind is not None and kind.text in _EXPOSING:
        unit.facts.setdefault("exposed", Fact("public", kind.site, f"Service of type {kind.text}"))


def _front(resource: Resource, role: str, what: str, reason: str = "") -> Unit:
    return Unit(resource.name, "kubernetes", what, resource.namespace, resource.site, role, reason=reason)


def _place(table: Table, key: str) -> Site:
    return table.keys.get(key, table.site)


def add_ingresses(cluster: Cluster) -> None:
    """Add each Ingress as a gateway that calls its backends."""
    for ingress in cluster.of("Ingress"):
        unit = _front(ingress, "router", "Ingress", "an Ingress")
        unit.kind = "gateway"
        unit.facts["exposed"] = Fact("public", ingress.site, "Ingress")
        spec = ingress.table.table("spec")
        annotations = ingress.table.table("metadata", "annotations")
        words = " ".join(f"{key} {annotations.text(key)}" for key in annotations.entries).lower()
        guarded = any(word in words for word in ("auth", "whitelist", "allowlist", "internal", "oidc"))
        unit.running.fronts.append(Front("Ingress", ingress.name, ingress.site, "Ingress", guarded=guarded))
        for key in ("defaultBackend", "backend"):
            unit.links += _backends(spec.table(key), "default backend")
        for rule in spec.tables("rules"):
            for path in rule.tables("http", "paths"):
                unit.links += _backends(path.table("backend"), f"path {path.text('path') or '/'}")
        _add_unless_taken(cluster, unit)


def _backends(backend: Table, how: str) -> Iterator[Link]:
    value = backend.value("service", "name") or backend.value("serviceName")
    if value is not None:
        yield Link(value.text, "calls", how, value.site)


def add_routes(cluster: Cluster) -> None:
    """Add the gateways of the Gateway API, which call what their routes name."""
    gateways: dict[tuple[str, str], Unit] = {}
    pools = {pool.name: pool for pool in cluster.of("InferencePool")}
    for gateway in cluster.of("Gateway"):
        if gateway.group == "gateway.networking.k8s.io":
            unit = _front(gateway, "router", "Gateway", "a Gateway")
            unit.kind = "gateway"
            gateways[(gateway.namespace, gateway.name)] = unit
            cluster.units.append(unit)
    for route in cluster.of(*ROUTES):
        parents = [parent.text("name") for parent in route.table.tables("spec", "parentRefs")]
        found = [
            unit
            for (space, name), unit in gateways.items()
            if name in parents and same_namespace(space, route.namespace)
        ]
        if not found:
            unit = _front(
                route, "router", route.kind, f"an {route.kind}" if route.kind[0] in "HA" else f"a {route.kind}"
            )
            unit.kind = "gateway"
            cluster.units.append(unit)
            found = [unit]
        for rule in route.table.tables("spec", "rules"):
            for unit in found:
                unit.links += _route_links(cluster, route, rule, pools)


def _route_links(cluster: Cluster, route: Resource, rule: Table, pools: dict[str, Resource]) -> Iterator[Link]:
    backends = rule.tables("backendRefs")
    total = sum(int(one.text("weight")) for one in backends if is_whole(one.text("weight")))
    for one in backends:
        value = one.value("name")
        if value is None:
            continue
        share = _share(one.text("weight"), total) if len(backends) > 1 else ""
        scope = one.text("namespace") or route.namespace
        pool = pools.get(value.text) if one.text("kind") == "InferencePool" else None
        if pool is None:
            yield Link(
                value.text, "calls", f"backend of {route.kind} {route.name}", value.site, share=share, scope=scope
            )
            continue
        selector = pool.table.table("spec", "selector")
        labels = texts_of(selector.table("matchLabels") if selector.get("matchLabels") is not None else selector)
        for key in ("extensionRef", "endpointPickerRef"):
            picker = pool.table.value("spec", key, "name")
            if picker is not None:
                how = f"{key} of InferencePool {pool.name}"
                yield Link(picker.text, "calls", how, picker.site, scope=pool.namespace)
        for unit in cluster.selected(labels, pool.namespace):
            yield Link(unit.name, "calls", f"InferencePool {pool.name}", value.site, share=share, scope=unit.scope)
    for one in rule.tables("filters"):
        mirrored = one.value("requestMirror", "backendRef", "name")
        if mirrored is not None:
            yield Link(mirrored.text, "mirrors", "requestMirror", mirrored.site, scope=route.namespace)


def _share(weight: str, total: int) -> str:
    return f"{100 * int(weight) / total:g}%" if is_whole(weight) and total and int(weight) < total else ""


def add_virtual_services(cluster: Cluster) -> None:
    """Add what the virtual services of Istio split: a unit that calls each subset."""
    rules = list(cluster.of("DestinationRule"))
    for virtual in cluster.of("VirtualService"):
        spec = virtual.table.table("spec")
        routes = [
            (route, http)
            for protocol in ("http", "tcp", "tls")
            for http in spec.tables(protocol)
            for route in http.tables("route")
        ]
        links: list[Link] = []
        for route, http in routes:
            made = _destination(cluster, virtual, route, rules, len(http.tables("route")), "calls")
            when = _condition(http, spec)
            links += (msgspec.structs.replace(link, when=when, more=tuple(_limits(http))) for link in made)
        for http in spec.tables("http"):
            for key in ("mirror", "mirrors"):
                for mirrored in http.tables(key):
                    wrapped = (
                        mirrored
                        if mirrored.get("destination") is not None
                        else Table({"destination": mirrored}, {"destination": mirrored.site}, mirrored.site)
                    )
                    links += _destination(cluster, virtual, wrapped, rules, 1, "mirrors")
        targets = {link.target for link in links}
        hosts = [host.split(".")[0] for host in spec.texts("hosts")]
        front = next((unit for host in hosts if (unit := _named(cluster, host, virtual.namespace)) is not None), None)
        if front is not None and (front.role == "router" or len(targets) > 1):
            if front.role == "router":
                front.links = links or front.links
                front.kind, front.reason = "gateway", "a VirtualService splits its traffic"
                continue
        elif len(targets) < 2 and not spec.texts("gateways"):
            continue
        unit = _front(virtual, "router", "VirtualService", "a VirtualService")
        unit.kind = "gateway"
        unit.links = links
        _add_unless_taken(cluster, unit)


def _destination(
    cluster: Cluster, virtual: Resource, route: Table, rules: list[Resource], count: int, verb: str
) -> Iterator[Link]:
    host = route.value("destination", "host")
    if host is None:
        return
    name, subset = host.text, route.text("destination", "subset")
    weight = route.text("weight")
    share = f"{weight}%" if count > 1 and is_whole(weight) and 0 < int(weight) < 100 else ""
    how = f"VirtualService {virtual.name}" + (f", subset {subset}" if subset else "")
    service = cluster.find("Service", name.split(".")[0], virtual.namespace)
    labels = texts_of(service.table.table("spec", "selector")) if service is not None else {}
    for rule in rules:
        if rule.table.text("spec", "host").split(".")[0] == name.split(".")[0]:
            for one in rule.table.tables("spec", "subsets"):
                if one.text("name") == subset:
                    labels = {**labels, **texts_of(one.table("labels"))}
    found = cluster.selected(labels, virtual.namespace)
    for unit in found:
        yield Link(unit.name, verb, how, host.site, share=share, scope=unit.scope)
    if not found:
        yield Link(name, verb, how, host.site, share=share, scope=virtual.namespace)


def _limits(http: Table) -> Iterator[tuple[str, str]]:
    """Yield the timeout and the retries of a route, where they are stated."""
    timeout, attempts = http.text("timeout"), http.text("retries", "attempts")
    if re.fullmatch(r"\d+(\.\d+)?(ms|s|m|h)", timeout) and not timeout.startswith("0"):
        yield "timeout", timeout.replace("m", "min") if timeout.endswith("m") else timeout
    if is_whole(attempts):
        yield "retries", attempts


def add_ejection(cluster: Cluster) -> None:
    """Mark the workloads that a destination rule of Istio ejects when they fail."""
    for rule in cluster.of("DestinationRule"):
        if rule.table.get("spec", "trafficPolicy", "outlierDetection") is None:
            continue
        unit = _named(cluster, rule.table.text("spec", "host").split(".")[0], rule.namespace)
        if unit is not None:
            unit.ejects = True
            ejection = rule.table.table("spec", "trafficPolicy", "outlierDetection")
            keys = ("consecutiveErrors", "consecutive5xxErrors", "consecutiveGatewayErrors")
            errors = next((value for key in keys if (value := ejection.value(key)) is not None), None)
            site = errors.site if errors is not None else ejection.site
            unit.running.breakers.append(Breaker(site, errors.text if errors is not None else ""))


def _condition(http: Table, spec: Table) -> str:
    """Return in words when a route is taken; empty if no route of the virtual service has a condition."""
    matches = http.tables("match")
    if matches:
        words = [f"{'.'.join(path)} {value.text}" for match in matches[:3] for path, value in scalars(match)]
        return ", ".join(words)[:120] or "matched"
    return "otherwise" if any(one.tables("match") for one in spec.tables("http")) else ""


def _named(cluster: Cluster, name: str, namespace: str) -> Unit | None:
    for unit in cluster.units:
        if same_namespace(unit.scope, namespace) and (unit.name == name or name in unit.names):
            return unit
    return None


def _add_unless_taken(cluster: Cluster, unit: Unit) -> None:
    """Add a front; where a workload has its name, it is the same component with one more task."""
    same = _named(cluster, unit.name, unit.scope)
    if same is None:
        cluster.units.append(unit)
    elif same.role == "router":
        same.links += unit.links
    elif any(link.target not in {same.name, *same.names} for link in unit.links):
        unit.name = f"{unit.name}-{unit.what.lower()}"
        cluster.units.append(unit)
    else:
        same.facts.update({key: fact for key, fact in unit.facts.items() if key not in same.facts})


__all__ = ["add_ejection", "add_ingresses", "add_routes", "add_services", "add_virtual_services"]
