"""Resources of KubeRay: services with applications and deployments, clusters, jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from archlint.importers.digits import is_whole
from archlint.importers.kubernetes.cluster import Cluster, Resource
from archlint.importers.kubernetes.hardware import hardware_of
from archlint.importers.kubernetes.pods import pod_units
from archlint.importers.kubernetes.running import packages_of, running_of
from archlint.importers.nested import nested
from archlint.importers.objects import Fact, Link, Table, Unit, Value
from archlint.importers.ray_llm import read_llms


def _service(cluster: Cluster, resource: Resource) -> None:
    """A cluster that serves applications; each has deployments."""
    units = _cluster_units(cluster, resource, resource.table.table("spec", "rayClusterConfig"))
    main = units[0]
    main.kind, main.reason = "model-server", "a RayService"
    name = resource.name
    main.names += [f"{name}-serve-svc", f"{name}-head-svc"]
    config = nested(resource.table.value("spec", "serveConfigV2"))
    applications = config.tables("applications") if config is not None else []
    for application in applications:
        _add_environment(main, application.table("runtime_env"))
        inside = _application(resource, application)
        main.links.append(Link(inside[0].name, "calls", "applications", inside[0].site, scope=resource.namespace))
        units += inside
    cluster.units += units


def _application(resource: Resource, table: Table) -> list[Unit]:
    name = table.text("name") or "default"
    app = Unit(
        name,
        "kubernetes",
        "application",
        resource.namespace,
        table.keys.get("name", table.site),
        "graph",
        kind="service",
        uses="ray-serve",
        reason="an application of Ray Serve",
    )
    units = [app]
    variables = table.table("runtime_env", "env_vars")
    models = [variables.text(key) for key in variables.entries if "MODEL" in key.upper() and key.upper().endswith("ID")]
    for one in table.tables("deployments"):
        deployment = Unit(
            one.text("name"),
            "kubernetes",
            "deployment",
            resource.namespace,
            one.keys.get("name", one.site),
            kind="model-server",
            uses="ray-serve",
            reason="a deployment of Ray Serve",
        )
        replicas = one.value("num_replicas")
        if replicas is not None and is_whole(replicas.text):
            deployment.facts["replicas"] = Fact(replicas.text, replicas.site)
        deployment.models += filter(None, models)
        app.links.append(Link(deployment.name, "calls", "deployments", deployment.site, scope=resource.namespace))
        units.append(deployment)
    if len(units) == 1:
        read_llms(app, table)
    return units


def _cluster_units(cluster: Cluster, resource: Resource, spec: Table) -> list[Unit]:
    head = spec.table("headGroupSpec", "template")
    found = pod_units(cluster, resource, head, "container")
    main = found[0] if found else Unit(resource.name, "kubernetes", resource.kind, resource.namespace, resource.site)
    main.uses = "ray-serve"
    main.running.managed = True
    survives = spec.get("gcsFaultToleranceOptions") is not None or any(
        table.table("metadata", "annotations").text("ray.io/ft-enabled") == "true" for table in (resource.table, head)
    )
    if resource.kind in {"RayService", "RayCluster"} and not survives:
        main.running.faults.append(Value("no `gcsFaultToleranceOptions`", resource.site, tag="spof"))
    units = [main]
    for group in spec.tables("workerGroupSpecs"):
        name = group.text("groupName")
        containers = group.table("template", "spec").tables("containers")
        unit = Unit(
            name or f"{resource.name}-workers",
            "kubernetes",
            "worker group",
            resource.namespace,
            group.keys.get("groupName", group.site),
            kind="worker",
            uses="ray-serve",
            reason="a group of Ray workers",
        )
        for container in containers[:1]:
            unit.image = container.value("image")
            unit.running = running_of(container, group.table("template", "spec"), managed=True)
            unit.facts.update(hardware_of(container, group.table("template", "spec")))
        inner = [(key, group.value(field)) for key, field in (("min", "minReplicas"), ("max", "maxReplicas"))]
        facts = tuple(
            (key, Fact(value.text, value.site)) for key, value in inner if value is not None and is_whole(value.text)
        )
        if facts:
            unit.facts["replicas"] = Fact("", facts[0][1].site, inner=facts)
        main.links.append(Link(unit.name, "calls", "workerGroupSpecs", unit.site, scope=resource.namespace))
        units.append(unit)
    return units


def _cluster(cluster: Cluster, resource: Resource) -> None:
    units = _cluster_units(cluster, resource, resource.table.table("spec"))
    units[0].names.append(f"{resource.name}-head-svc")
    units[0].kind, units[0].reason = "service", "a RayCluster"
    cluster.units += units


def _job(cluster: Cluster, resource: Resource) -> None:
    spec = resource.table.table("spec")
    inner = spec.table("jobTemplate") if spec.get("jobTemplate") is not None else spec
    inner = inner.table("spec") if inner.get("spec") is not None else inner
    head = inner.table("rayClusterSpec", "headGroupSpec", "template")
    units = pod_units(cluster, resource, head, "job")
    main = (
        units[0]
        if units
        else Unit(resource.name, "kubernetes", resource.kind, resource.namespace, resource.site, "job")
    )
    main.kind, main.uses, main.reason = "batch-job", "ray-serve", f"a {resource.kind}"
    environment = nested(inner.value("runtimeEnvYAML"))
    if environment is not None:
        _add_environment(main, environment)
    policy = spec.value("concurrencyPolicy")
    if policy is not None:
        main.running.policy["concurrencyPolicy"] = policy
    entrypoint = inner.value("entrypoint")
    if entrypoint is not None:
        main.command = (entrypoint,)
    schedule = spec.value("schedule")
    if schedule is not None:
        main.facts["schedule"] = Fact(schedule.text, schedule.site)
        main.running.policy["schedule"] = schedule
    cluster.units.append(main)


def _add_environment(unit: Unit, environment: Table) -> None:
    """Add what a runtime environment installs and fetches."""
    for kind, value in packages_of(environment):
        (unit.running.packages if kind == "pip" else unit.running.remote).append(value)


RAY_READERS: Final[dict[str, Callable[[Cluster, Resource], None]]] = {
    "RayService": _service, "RayCluster": _cluster, "RayJob": _job, "RayCronJob": _job,
}  # fmt: skip
