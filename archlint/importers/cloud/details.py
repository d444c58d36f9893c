"""Settings of AWS that a resource of its own states about a component."""

from __future__ import annotations

from typing import Final

from archlint.importers.cloud.facts import add_facts, add_machine
from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.tables import Field, fact_of
from archlint.importers.cloud.units import Cloud
from archlint.importers.cloud.values import first_at, follow, scalars_at
from archlint.importers.digits import is_whole
from archlint.importers.objects import UNRESOLVED, Fact, Port, Unit
from archlint.importers.secrets import command_without_secrets

ADDED: Final[dict[str, tuple[str, tuple[Field, ...]]]] = {
    "aws_lambda_provisioned_concurrency_config": (
        "function_name", (("replicas.min", "provisioned_concurrent_executions", "positive"),),
    ),
    "aws_lambda_function_url": ("function_name", (("auth", "authorization_type", "auth"),)),
    "aws_apigatewayv2_stage": (
        "api_id", (("rate_limit.requests", "default_route_settings.throttling_rate_limit", "rate"),),
    ),
    "aws_apigatewayv2_route": ("api_id", (("auth", "authorization_type", "auth"),)),
    "aws_api_gateway_method": ("rest_api_id", (("auth", "authorization", "auth"),)),
    "aws_api_gateway_usage_plan": (
        "api_stages.api_id", (("rate_limit.requests", "throttle_settings.rate_limit", "rate"),),
    ),
    "aws_api_gateway_method_settings": (
        "rest_api_id", (("rate_limit.requests", "settings.throttling_rate_limit", "rate"),),
    ),
}  # fmt: skip
"""By type: the field with the component, and the facts that it adds."""
_MIXED: Final = "mixed_instances_policy.launch_template.launch_template_specification"


def add_settings(cloud: Cloud) -> None:
    """Add the facts of settings to what they are about."""
    for kind, (path, fields) in ADDED.items():
        for one in cloud.of_type.get(kind, ()):
            for unit in cloud.units_of(follow(one.values, path)):
                add_facts(unit, one.values, fields)
    for one in cloud.of_type.get("aws_lambda_function_url", ()):
        for unit in cloud.units_of(follow(one.values, "function_name")):
            unit.facts.setdefault("exposed", Fact("public", one.site, "a function URL"))
    _instances(cloud, "aws_rds_cluster_instance", "cluster_identifier")
    _instances(cloud, "aws_docdb_cluster_instance", "cluster_identifier")
    _replicas(cloud)
    _scaling_groups(cloud)
    _target_groups(cloud)


def _instances(cloud: Cloud, kind: str, path: str) -> None:
    """Count the instances of a cluster."""
    numbers: dict[str, tuple[Unit, int, Resource]] = {}
    for one in cloud.of_type.get(kind, ()):
        for unit in cloud.units_of(follow(one.values, path)):
            count = one.count
            number = 1 if count is None else int(count.text[:6]) if is_whole(count.text) else 0
            before = numbers.get(unit.key, (unit, 0, one))[1]
            known = number and before >= 0
            numbers[unit.key] = (unit, before + number if known else -1, one)
            add_machine(unit, first_at(one.values, "instance_class"))
    for unit, number, one in numbers.values():
        if number > 0:
            unit.facts.setdefault("replicas", Fact(str(number), one.site, "its instances"))


def _replicas(cloud: Cloud) -> None:
    """Count the copies of a cache: its primary and the replicas of that."""
    for one in cloud.of_type.get("aws_elasticache_replication_group", ()):
        unit = next(iter(cloud.units.get(one.address, ())), None)
        value = first_at(one.values, "replicas_per_node_group")
        fact = fact_of(value, "number", "replicas_per_node_group and its primary")
        if unit is not None and fact is not None and "replicas" not in unit.facts:
            unit.facts["replicas"] = Fact(str(int(float(fact.text)) + 1), fact.site, fact.derivation)


def _scaling_groups(cloud: Cloud) -> None:
    """Give a group of machines what its launch template states."""
    for group in cloud.of_type.get("aws_autoscaling_group", ()):
        units = cloud.units.get(group.address, ())
        templates = cloud.referred(
            [*follow(group.values, "launch_template.id"), *follow(group.values, "launch_template.name"),
             *follow(group.values, "launch_configuration"),
             *follow(group.values, f"{_MIXED}.launch_template_id")]
        )  # fmt: skip
        for template in templates[:1]:
            for unit in units:
                add_machine(unit, first_at(template.values, "instance_type"))
                found = [
                    value for path in ("user_data", "user_data_base64") for value in scalars_at(template.values, path)
                    if value.status != UNRESOLVED or value.text
                ]  # fmt: skip
                unit.command += command_without_secrets(tuple(found))


def _target_groups(cloud: Cloud) -> None:
    """A machine behind a load balancer listens on the port of its target group."""
    for group in cloud.of_type.get("aws_lb_target_group", ()):
        port = first_at(group.values, "port")
        if port is None or not is_whole(port.text) or len(port.text) > 5:
            continue
        for unit in cloud.reached(group):
            if unit.role != "function" and not unit.ports:
                unit.ports.append(Port(int(port.text), port.site))
