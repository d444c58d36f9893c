"""Resources that state a graph of calls: inference graphs, pipelines, experiments, connectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from archlint.importers.addresses import addresses
from archlint.importers.digits import is_whole
from archlint.importers.kubernetes.cluster import Cluster, Resource
from archlint.importers.kubernetes.pods import pod_units
from archlint.importers.kubernetes.running import artefacts_below
from archlint.importers.objects import Link, Site, Table, Unit, Value

_SERVERS: Final = ("tei", "tgi", "vllm", "ollama", "asr", "tts", "whisper", "llava", "speecht5")
_STORES: Final = ("vectordb", "redis", "milvus", "qdrant", "dataprep")


def _unit(resource: Resource, kind: str, reason: str) -> Unit:
    return Unit(
        resource.name, "kubernetes", resource.kind, resource.namespace, resource.site, "graph", kind=kind, reason=reason
    )


def _inference_graph(cluster: Cluster, resource: Resource) -> None:
    """KServe: nodes with steps, each a service, a URL or another node."""
    unit = _unit(resource, "gateway", "an InferenceGraph")
    for node in resource.table.table("spec", "nodes").entries.values():
        if not isinstance(node, Table):
            continue
        router = node.text("routerType")
        for step in node.tables("steps"):
            weight = step.text("weight")
            share = f"{weight}%" if router == "Splitter" and is_whole(weight) and 0 < int(weight) < 100 else ""
            for target, site in _targets(step):
                link = Link(target, "calls", f"{router or 'a'} step", site, share=share, scope=resource.namespace)
                when = step.text("condition") if router == "Switch" else ""
                parallel = "ensemble" if router == "Ensemble" else ""
                unit.links.append(msgspec.structs.replace(link, when=when, parallel=parallel))
    cluster.units.append(unit)


def _targets(step: Table) -> Iterator[tuple[str, Site]]:
    service = step.value("serviceName")
    if service is not None:
        yield service.text, service.site
    url = step.value("serviceUrl")
    if url is not None:
        yield from ((found.host, url.site) for found in addresses(url.text))


def _model(cluster: Cluster, resource: Resource) -> None:
    """Seldon Core 2: a model on a server that several may share."""
    unit = _unit(resource, "model-server", "a Model of Seldon")
    unit.uses = "seldon"
    unit.models.append(resource.name)
    unit.role = "container"
    unit.running.managed = True
    unit.running.artefacts += artefacts_below(resource.table.table("spec"))
    memory = resource.table.value("spec", "memory")
    if memory is not None:
        unit.running.requests["memory"] = memory
    cluster.units.append(unit)


def _pipeline(cluster: Cluster, resource: Resource) -> None:
    """Seldon Core 2: steps that pass data on."""
    unit = _unit(resource, "gateway", "a Pipeline of Seldon")
    unit.uses = "seldon"
    steps = {step.text("name"): step for step in resource.table.tables("spec", "steps")}
    firsts = [name for name, step in steps.items() if not _sources(step, steps)]
    joins = any(len({source.text.split(".")[0] for source in _sources(step, steps)}) > 1 for step in steps.values())
    parallel = resource.name if joins and len(firsts) > 1 else ""
    for name, step in steps.items():
        sources = _sources(step, steps)
        for item in sources:
            source = cluster.unit(item.text.split(".")[0], resource.namespace)
            if source is not None:
                source.links.append(
                    Link(name, "calls", f"step of {resource.name}", item.site, scope=resource.namespace)
                )
        if not sources:
            place = step.keys.get("name", step.site)
            link = Link(name, "calls", "first step", place, scope=resource.namespace, parallel=parallel)
            unit.links.append(link)
    cluster.units.append(unit)


def _sources(step: Table, steps: dict[str, Table]) -> list[Value]:
    """Return the inputs of a step that are other steps."""
    inputs = [item for item in step.rows("inputs") if isinstance(item, Value)]
    return [item for item in inputs if item.text.split(".")[0] in steps]


def _experiment(cluster: Cluster, resource: Resource) -> None:
    """Seldon Core 2: candidates that share the traffic."""
    unit = _unit(resource, "gateway", "an Experiment of Seldon")
    unit.uses = "seldon"
    candidates = resource.table.tables("spec", "candidates")
    total = sum(int(one.text("weight")) for one in candidates if is_whole(one.text("weight")))
    for one in candidates:
        weight = one.text("weight")
        share = f"{100 * int(weight) / total:g}%" if is_whole(weight) and 0 < int(weight) < total else ""
        place = one.keys.get("name", one.site)
        unit.links.append(Link(one.text("name"), "calls", "candidate", place, share=share, scope=resource.namespace))
    mirror = resource.table.value("spec", "mirror", "name")
    if mirror is not None:
        unit.links.append(Link(mirror.text, "mirrors", "mirror", mirror.site, scope=resource.namespace))
    cluster.units.append(unit)


def _seldon_deployment(cluster: Cluster, resource: Resource) -> None:
    """Seldon Core 1: predictors, each a graph of containers."""
    predictors = resource.table.tables("spec", "predictors")
    if len(predictors) == 1:
        nodes = list(_graph_nodes(predictors[0].table("graph")))
        if len(nodes) < 2:
            units = _predictor_units(cluster, resource, predictors[0], resource.name)
            cluster.units += units
            return
    front = _unit(resource, "gateway", "a SeldonDeployment")
    front.uses = "seldon"
    cluster.units.append(front)
    for predictor in predictors:
        name = f"{resource.name}-{predictor.text('name')}"
        units = _predictor_units(cluster, resource, predictor, name)
        traffic = predictor.text("traffic")
        share = f"{traffic}%" if is_whole(traffic) and 0 < int(traffic) < 100 else ""
        is_shadow = predictor.text("shadow") == "true"
        place = predictor.keys.get("name", predictor.site)
        verb, how = ("mirrors", "shadow: true") if is_shadow else ("calls", "predictor")
        if len(predictors) > 1:
            front.links.append(Link(name, verb, how, place, share="" if is_shadow else share, scope=resource.namespace))
            cluster.units += units
        else:
            _graph(cluster, resource, front, predictor.table("graph"))


def _predictor_units(cluster: Cluster, resource: Resource, predictor: Table, name: str) -> list[Unit]:
    units: list[Unit] = []
    for component in predictor.tables("componentSpecs")[:1]:
        units = pod_units(cluster, resource, component, "container", "predictor")
    if not units:
        place = predictor.keys.get("name", predictor.site)
        units = [Unit(name, "kubernetes", "predictor", resource.namespace, place)]
    main = units[0]
    main.name, main.kind, main.uses, main.reason = name, "model-server", "seldon", "a predictor of Seldon"
    nodes = list(_graph_nodes(predictor.table("graph")))
    models = [node.text("name") for node in nodes if node.text("type").upper() in {"", "MODEL"}]
    main.models += models or [predictor.text("graph", "name") or name]
    main.names.append(f"{resource.name}-{predictor.text('name')}")
    main.running.managed = True
    main.running.artefacts += artefacts_below(predictor)
    if predictor.text("shadow") == "true" and predictor.get("traffic") is None:
        place = predictor.keys.get("shadow", predictor.site)
        main.running.faults.append(Value("the shadow has no `traffic`", place, tag="missing-baseline"))
    return units


def _graph_nodes(graph: Table) -> Iterator[Table]:
    if graph.text("name"):
        yield graph
    for child in graph.tables("children"):
        yield from _graph_nodes(child)


def _graph(cluster: Cluster, resource: Resource, parent: Unit, graph: Table) -> None:
    """Add the nodes of a graph; each calls its children."""
    kind = "model-server" if graph.text("type").upper() in {"", "MODEL"} else "service"
    place = graph.keys.get("name", graph.site)
    unit = Unit(
        graph.text("name"),
        "kubernetes",
        "graph node",
        resource.namespace,
        place,
        kind=kind,
        uses="seldon",
        reason="a node of a Seldon graph",
    )
    if kind == "model-server":
        unit.models.append(unit.name)
    cluster.units.append(unit)
    parent.links.append(Link(unit.name, "calls", "graph", place, scope=resource.namespace))
    for child in graph.tables("children"):
        _graph(cluster, resource, unit, child)


def _connector(cluster: Cluster, resource: Resource) -> None:
    """OPEA: a router with nodes of steps; a step's configuration names the services behind it."""
    spec = resource.table.table("spec")
    name = spec.text("routerConfig", "serviceName") or resource.name
    router = _unit(resource, "gateway", "the router of a GMConnector")
    router.name = name
    router.names = [resource.name]
    cluster.units.append(router)
    for node in spec.table("nodes").entries.values():
        for step in node.tables("steps") if isinstance(node, Table) else ():
            _connector_step(cluster, resource, router, step)


def _connector_step(cluster: Cluster, resource: Resource, router: Unit, step: Table) -> None:
    service = step.value("internalService", "serviceName")
    if service is None:
        return
    what = step.text("name").lower()
    kind = "model-server" if what.startswith(_SERVERS) else "vector-store" if what.startswith(_STORES) else "service"
    unit = Unit(
        service.text,
        "kubernetes",
        "step",
        resource.namespace,
        service.site,
        kind=kind,
        reason=f"step {step.text('name')}",
    )
    config = step.table("internalService", "config")
    for key, value in config.entries.items():
        if not isinstance(value, Value):
            continue
        for found in addresses(value.text, named=key != "endpoint"):
            unit.links.append(
                Link(found.host, "", f"{key} of the step", value.site, "strong", scope=resource.namespace)
            )
        if key.upper().endswith("MODEL_ID") and kind == "model-server" and value.text:
            unit.models.append(value.text)
    cluster.units.append(unit)
    if step.text("internalService", "isDownstreamService") != "true":
        when = step.text("condition")
        router.links.append(Link(service.text, "calls", "step", service.site, scope=resource.namespace, when=when))


GRAPH_READERS: Final[dict[str, Callable[[Cluster, Resource], None]]] = {
    "InferenceGraph": _inference_graph, "Model": _model, "Pipeline": _pipeline, "Experiment": _experiment,
    "SeldonDeployment": _seldon_deployment, "GMConnector": _connector,
}  # fmt: skip
