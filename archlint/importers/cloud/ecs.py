"""ECS and Batch: task definitions with their containers, services, and what scales them."""

from __future__ import annotations

import re
from typing import Final

from archlint.importers.cloud.facts import add_facts
from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.sagemaker import scale_to, scalers
from archlint.importers.cloud.tables import Field, Part
from archlint.importers.cloud.units import Cloud
from archlint.importers.cloud.values import first_at, follow, references_of, scalars_at, tables_at, text_at, unresolved
from archlint.importers.digits import is_whole
from archlint.importers.objects import UNRESOLVED, Fact, Port, Table, Unit
from archlint.importers.secrets import command_without_secrets

_INJECTED: Final = re.compile(
    r"(?i)(envoy|xray|x-ray|aws-otel|otel-collector|opentelemetry|datadog|firelens|fluent-?bit|cloudwatch-agent|"
    r"newrelic|log[-_]?router|service-connect|consul|appmesh|pause|ecs-exec)"
)
"""Sidecars that serve the platform."""
_OF_TASK: Final[tuple[Field, ...]] = (("hardware.cpu", "cpu", "ecs-cpu"), ("hardware.memory", "memory", "mb"))
_OF_CONTAINER: Final[tuple[Field, ...]] = (
    ("hardware.cpu", "cpu", "ecs-cpu"), ("hardware.memory", "memory", "mb"),
    ("hardware.memory", "memoryReservation", "mb"),
)  # fmt: skip
CONTAINER: Final = Part("", "")


def add_services(cloud: Cloud) -> None:
    """Add the services of ECS."""
    for service in cloud.of_type.get("aws_ecs_service", ()):
        if service.outside:
            continue
        name = text_at(service.values, "name") or service.name
        tasks = [
            one for one in cloud.referred(follow(service.values, "task_definition"))
            if one.type == "aws_ecs_task_definition"
        ]  # fmt: skip
        chosen = text_at(service.values, "load_balancer.container_name")
        units = containers(cloud, service, tasks[0] if tasks else None, name, chosen)
        cloud.units[service.address] = units
        add_facts(units[0], service.values, (("replicas", "desired_count", "number"),))
        zero = units[0].facts.get("replicas")
        if zero is not None and zero.text == "0":        # a service that is switched off, or that something else scales
            del units[0].facts["replicas"]
        for target in scalers(cloud, service, name):
            scale_to(cloud, target, units[0])


def containers(cloud: Cloud, owner: Resource, task: Resource | None, name: str, chosen: str = "") -> list[Unit]:
    """Return the units of a task: its main container, and others that do work of their own."""
    tables = tables_at(task.values, "container_definitions") if task is not None else []
    ordered = sorted(tables, key=lambda one: _rank(one, chosen))
    main = cloud.unit(owner, name, uses="fargate" if _is_fargate(owner, task) else "ecs")
    main.reason = ""
    units = [main]
    if task is not None:
        cloud.made_from.setdefault(main.key, (owner, CONTAINER))
    for number, table in enumerate(ordered[:20]):
        if number and _is_injected(table):
            continue
        unit = main
        if number:
            unit = cloud.unit(owner, f"{name}-{text_at(table, 'name') or number}", "container")
            unit.site = table.site
        _fill(cloud, unit, table, alone=len(tables) == 1)
        if number:
            units.append(unit)
    if task is not None:
        if not tables:      # a plan may know no more than what they refer to
            for item in follow(task.values, "container_definitions"):
                for reference in references_of(item):
                    main.env[reference.address] = unresolved(item.site, [reference])
        add_facts(main, task.values, _OF_TASK)
        cloud.units.setdefault(task.address, units)
    return units


def _is_fargate(owner: Resource, task: Resource | None) -> bool:
    types = [*scalars_at(owner.values, "launch_type"),
             *scalars_at(owner.values, "capacity_provider_strategy.capacity_provider")]  # fmt: skip
    if task is not None:
        types += scalars_at(task.values, "requires_compatibilities")
    return any("FARGATE" in value.text.upper() for value in types)


def _rank(table: Table, chosen: str) -> int:
    if chosen and text_at(table, "name") == chosen:
        return 0
    if _is_injected(table):
        return 3
    return 1 if tables_at(table, "portMappings") else 2


def _is_injected(table: Table) -> bool:
    return _INJECTED.search(f"{text_at(table, 'name')} {text_at(table, 'image')}") is not None


def _fill(cloud: Cloud, unit: Unit, table: Table, alone: bool) -> None:
    unit.image = first_at(table, "image")
    for path in ("entryPoint", "command"):
        found = [value for value in scalars_at(table, path) if value.status != UNRESOLVED]
        unit.command += command_without_secrets(tuple(found))
    cloud.add_env(unit, follow(table, "environment"))
    for port in scalars_at(table, "portMappings.containerPort"):
        if is_whole(port.text) and len(port.text) < 6:
            unit.ports.append(Port(int(port.text), port.site))
    if not alone:
        add_facts(unit, table, _OF_CONTAINER)
    for requirement in tables_at(table, "resourceRequirements"):
        if text_at(requirement, "type").upper() == "GPU":
            add_facts(unit, requirement, (("hardware.gpus", "value", "positive"),))
            unit.gpu = "hardware" in unit.facts
    check = first_at(table, "healthCheck.command")
    if check is not None:
        unit.facts.setdefault("ready_check", Fact("true", check.site, "healthCheck"))


def add_health_checks(cloud: Cloud) -> None:
    """A target that a load balancer checks gets no traffic before it answers."""
    for group in cloud.of_type.get("aws_lb_target_group", ()):
        if text_at(group.values, "health_check.enabled") == "false":
            continue
        path = first_at(group.values, "health_check.path")
        for unit in cloud.reached(group):
            site = path.site if path is not None else group.site
            unit.facts.setdefault("ready_check", Fact("true", site, "the health check of its target group"))
            if path is not None and path.text:
                unit.probes.append(path.text)


def add_jobs(cloud: Cloud) -> None:
    """Add what jobs run: Batch definitions, and tasks of ECS that a schedule starts."""
    for job in cloud.of_type.get("aws_batch_job_definition", ()):
        for unit in cloud.units.get(job.address, ())[:1]:
            unit.role = "job"
            unit.kind = ""
            for table in tables_at(job.values, "container_properties")[:1]:
                _fill(cloud, unit, table, alone=True)
                add_facts(unit, table, (("hardware.cpu", "vcpus", "cores"), ("hardware.memory", "memory", "mb")))
                for need in tables_at(table, "resourceRequirements"):
                    form = {"VCPU": ("hardware.cpu", "value", "cores"), "MEMORY": ("hardware.memory", "value", "mb")}
                    field = form.get(text_at(need, "type").upper())
                    if field is not None:
                        add_facts(unit, need, (field,))
    for task in cloud.of_type.get("aws_ecs_task_definition", ()):
        if task.address in cloud.units or task.outside:
            continue
        starts = (("aws_cloudwatch_event_target", "ecs_target.task_definition_arn"),
                  ("aws_scheduler_schedule", "target.ecs_parameters.task_definition_arn"),
                  ("aws_sfn_state_machine", "definition"))  # fmt: skip
        if any(task.address in cloud.users(kind, path) for kind, path in starts):
            units = containers(cloud, task, task, text_at(task.values, "family") or task.name)
            units[0].role = "job"
            cloud.units[task.address] = units


def add_starts(cloud: Cloud) -> None:
    """Relate a schedule to the task or the job that it starts beside its target."""
    starts = (
        ("aws_cloudwatch_event_target", "rule", ("ecs_target.task_definition_arn", "batch_target.job_definition")),
        ("aws_scheduler_schedule", "", ("target.ecs_parameters.task_definition_arn",)),
    )
    for kind, source, paths in starts:
        for one in cloud.of_type.get(kind, ()):
            for path in paths:
                for item in follow(one.values, path):
                    for target in cloud.units_of([item]):
                        for unit in cloud.units_at(one, source):
                            cloud.link(unit, target, "triggers", "what the schedule starts", item.site)
