"""SageMaker: models, variants with their weights, and endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.importers.cloud.facts import add_facts, add_machine, shares
from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.tables import fact_of
from archlint.importers.cloud.units import Cloud
from archlint.importers.cloud.values import first_at, follow, tables_at, text_at
from archlint.importers.objects import UNRESOLVED, Fact, Table, Unit

_TARGET: Final = "aws_appautoscaling_target"
_FACTS = (
    ("replicas", "initial_instance_count", "positive"), ("limit", "serverless_config.max_concurrency", "positive"),
    ("hardware.memory", "serverless_config.memory_size_in_mb", "mb"),
    ("deadline", "container_startup_health_check_timeout_in_seconds", "seconds"),
)  # fmt: skip


def add_endpoints(cloud: Cloud) -> None:
    """Add each endpoint: a server for each variant, and one component that splits the traffic if it has several."""
    for endpoint in cloud.of_type.get("aws_sagemaker_endpoint", ()):
        if endpoint.outside:
            continue
        configs = [
            one for one in cloud.referred(follow(endpoint.values, "endpoint_config_name"))
            if one.type == "aws_sagemaker_endpoint_configuration"
        ]  # fmt: skip
        variants, shadows = (
            [(config, table) for config in configs[:1] for table in tables_at(config.values, path)]
            for path in ("production_variants", "shadow_production_variants")
        )
        name = text_at(endpoint.values, "name") or endpoint.name
        if len(variants) + len(shadows) < 2:
            server = cloud.unit(endpoint, name, kind="model-server", uses="sagemaker", reason="a SageMaker endpoint")
            cloud.units[endpoint.address] = [server]
            for config, table in variants:
                _variant(cloud, server, endpoint, config, table, f"{name}-model")
            _scale(cloud, endpoint, [(server, "")])
            _captures(cloud, server, configs)
            continue
        front = cloud.unit(endpoint, name, kind="gateway", uses="", reason="a SageMaker endpoint with several variants")
        cloud.units[endpoint.address] = [front]
        weights = [text_at(table, "initial_variant_weight") or "1" for _, table in variants]
        parts = shares(weights)
        servers: list[tuple[Unit, str]] = []
        for number, (config, table) in enumerate((*variants, *shadows)):
            variant = text_at(table, "variant_name") or f"variant-{number + 1}"
            server = cloud.unit(
                config, f"{name}-{variant}", "variant", kind="model-server", uses="sagemaker", reason="a variant"
            )
            server.site = table.site
            servers.append((server, variant))
            _variant(cloud, server, endpoint, config, table, f"{name}-{variant}-model")
            weight = first_at(table, "initial_variant_weight")
            site = weight.site if weight is not None else table.site
            if number < len(variants):
                cloud.link(front, server, "calls", "a variant", site, share=parts[number])
            else:
                cloud.link(front, server, "mirrors", "a shadow variant", table.site)
        cloud.units[endpoint.address] += [server for server, _ in servers]
        _scale(cloud, endpoint, servers)
        _captures(cloud, front, configs)


def _variant(cloud: Cloud, server: Unit, endpoint: Resource, config: Resource, table: Table, fallback: str) -> None:
    """Add what a variant states: machines, the image of its model, and where that is loaded from."""
    add_facts(server, table, _FACTS)
    add_machine(server, first_at(table, "instance_type"))
    low = first_at(table, "managed_instance_scaling.min_instance_count")
    high = first_at(table, "managed_instance_scaling.max_instance_count")
    _range(server, fact_of(low, "number"), fact_of(high, "positive"), "managed scaling")
    models = [one for one in cloud.referred(follow(table, "model_name")) if one.type == "aws_sagemaker_model"]
    for model in models[:1]:
        name = first_at(model.values, "name", "model_name")
        stated = name.text if name is not None and name.status != UNRESOLVED else ""
        server.models.append(stated or model.name)
        for container in (*tables_at(model.values, "primary_container"), *tables_at(model.values, "container")):
            image = first_at(container, "image")
            if image is not None and server.image is None:
                server.image = image
            cloud.add_env(server, follow(container, "environment"))
            for path in ("model_data_url", "model_data_source.s3_data_source.s3_uri", "model_package_name"):
                for item in follow(container, path):
                    for target in cloud.units_of([item]):
                        cloud.link(server, target, "loads", path.rpartition(".")[2], item.site)
                        server.facts.setdefault("loads_model", Fact("at-start", item.site, path.rpartition(".")[2]))
    if not server.models:
        server.models.append(fallback)


def _captures(cloud: Cloud, unit: Unit, configs: list[Resource]) -> None:
    """Add the buckets that an endpoint writes: captured data is a log of predictions."""
    for config in configs[:1]:
        for item in follow(config.values, "data_capture_config.destination_s3_uri"):
            for target in cloud.units_of([item]):
                cloud.link(unit, target, "logs_to", "data capture", item.site)
        for item in follow(config.values, "async_inference_config.output_config.s3_output_path"):
            for target in cloud.units_of([item]):
                cloud.link(unit, target, "writes", "output of asynchronous inference", item.site)


def _scale(cloud: Cloud, endpoint: Resource, servers: list[tuple[Unit, str]]) -> None:
    """Give the servers of an endpoint the range of their autoscaling target: of the variant that it names."""
    for target in scalers(cloud, endpoint, text_at(endpoint.values, "name")):
        text = text_of(target)
        for server, variant in servers:
            if not variant or text.endswith(f"/{variant}") or len(servers) == 1 or not text:
                scale_to(cloud, target, server)


def scalers(cloud: Cloud, resource: Resource, name: str) -> list[Resource]:
    """Return the autoscaling targets of a service or an endpoint: they refer to it, or have its name in their id."""
    found = list(cloud.users(_TARGET, "resource_id").get(resource.address, ()))
    for target in cloud.texts(_TARGET, _scaled).get(name, ()) if name else ():
        if target not in found:
            found.append(target)
    return found


def _scaled(target: Resource) -> str:
    """Return the name in the id of what is scaled: `service/CLUSTER/NAME`, `endpoint/NAME/variant/VARIANT`."""
    parts = text_of(target).split("/")
    if parts[0] == "endpoint":
        return parts[1] if len(parts) > 1 else ""
    return parts[-1] if parts[0] == "service" else ""


def text_of(target: Resource) -> str:
    """Return the id of what an autoscaling target scales, with or without its references."""
    value = first_at(target.values, "resource_id")
    return value.text if value is not None else ""


def scale_to(cloud: Cloud, target: Resource, unit: Unit) -> None:
    """Give a unit the range of an autoscaling target, and the metric of its policy."""
    low, high = first_at(target.values, "min_capacity"), first_at(target.values, "max_capacity")
    metric = next(iter(_metrics(cloud, target)), "")
    _range(unit, fact_of(low, "number"), fact_of(high, "positive"), "an autoscaling target", metric)


def _metrics(cloud: Cloud, target: Resource) -> Iterator[str]:
    base = "target_tracking_scaling_policy_configuration"
    policies = cloud.users("aws_appautoscaling_policy", "resource_id", "scaling_target_id")
    for policy in policies.get(target.address, ()):
        yield text_at(
            policy.values, f"{base}.predefined_metric_specification.predefined_metric_type",
            f"{base}.customized_metric_specification.metric_name",
        )  # fmt: skip


def _range(unit: Unit, low: Fact | None, high: Fact | None, how: str, metric: str = "") -> None:
    inner = [(key, fact) for key, fact in (("min", low), ("max", high)) if fact is not None]
    if not inner:
        return
    site = inner[0][1].site
    if metric:
        inner.append(("on", Fact(metric, site)))
    unit.facts["replicas"] = Fact("", site, how, tuple(inner))
