"""Modules of the public registry that many teams use: what they make of their inputs. Nothing is fetched.

A module is data: the resources that it makes, and the inputs that state their fields. The names of inputs and outputs
are those of the documentation of each module, https://registry.terraform.io/namespaces/terraform-aws-modules. Outputs
have had several prefixes over the versions, so every output stands for a resource, by the first prefix that matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.values import Reference, literal, unresolved
from archlint.importers.objects import Item, Rows, Site, Table, Value

MAX_ENTRIES: Final = 50


class Made(msgspec.Struct, frozen=True):
    """A resource that a module makes.

    `fields` are its fields with the inputs that state them; dots nest. `refers` are fields that name another resource
    of the module. With `each`, there is one for every entry of this input, whose fields come first. It is only made
    `where` an input is true. References to outputs that match `outputs` mean it.
    """

    type: str
    fields: tuple[tuple[str, str], ...] = ()
    refers: tuple[tuple[str, str], ...] = ()
    each: str = ""
    where: str = ""
    outputs: str = ""


_SQS: Final = (
    Made("aws_sqs_queue", (("name", "dlq_name"),), where="create_dlq", outputs=r"dead_letter"),
    Made("aws_sqs_queue", (("name", "name"), ("visibility_timeout_seconds", "visibility_timeout_seconds"),
                           ("redrive_policy.maxReceiveCount", "redrive_policy.maxReceiveCount")),
         refers=(("redrive_policy.deadLetterTargetArn", "dead_letter"),)),
)  # fmt: skip
_LAMBDA: Final = (
    Made("aws_lambda_event_source_mapping", (("event_source_arn", "event_source_arn"),
                                             ("maximum_retry_attempts", "maximum_retry_attempts")),
         refers=(("function_name", ""),), each="event_source_mapping", outputs=r"event_source_mapping"),
    Made("aws_lambda_function", (
        ("function_name", "function_name"), ("image_uri", "image_uri"), ("memory_size", "memory_size"),
        ("timeout", "timeout"), ("reserved_concurrent_executions", "reserved_concurrent_executions"),
        ("environment.variables", "environment_variables"), ("dead_letter_config.target_arn", "dead_letter_target_arn"),
    )),
)  # fmt: skip
_API: Final = (
    Made("aws_apigatewayv2_integration", (
        ("integration_uri", "integration.uri"), ("integration_uri", "lambda_arn"),
        ("integration_uri", "integration_uri"),
        ("timeout_milliseconds", "timeout_milliseconds"), ("timeout_milliseconds", "integration.timeout_milliseconds"),
    ), refers=(("api_id", ""),), each="routes|integrations", outputs=r"integration"),
    Made("aws_apigatewayv2_api", (("name", "name"), ("protocol_type", "protocol_type"), ("body", "body"))),
)  # fmt: skip
_ALB: Final = (
    Made("aws_lb_listener", refers=(("load_balancer_arn", ""), ("default_action.target_group_arn", "target_group")),
         outputs=r"listener"),
    Made("aws_lb_target_group", (("health_check.path", "health_check.path"),), outputs=r"target_group"),
    Made("aws_lb", (("name", "name"), ("internal", "internal"), ("load_balancer_type", "load_balancer_type"))),
)  # fmt: skip
_OF_SERVICE: Final = (("name", "name"), ("desired_count", "desired_count"),
                      ("load_balancer", "load_balancer"), ("launch_type", "launch_type"))  # fmt: skip
_OF_TASK: Final = (("family", "name"), ("cpu", "cpu"), ("memory", "memory"),
                   ("container_definitions", "container_definitions"))  # fmt: skip
_ECS_SERVICE: Final = (
    Made("aws_ecs_task_definition", _OF_TASK, outputs=r"task_definition"),
    Made("aws_ecs_service", _OF_SERVICE, refers=(("task_definition", "task_definition"),)),
)  # fmt: skip
_ECS: Final = (
    Made("aws_ecs_task_definition", _OF_TASK, each="services", outputs=r"task_definition"),
    Made("aws_ecs_service", _OF_SERVICE, refers=(("task_definition", "task_definition"),), each="services",
         outputs=r"services"),
    Made("aws_ecs_cluster", (("name", "cluster_name"),)),
)  # fmt: skip
_CACHE: Final = Made("aws_elasticache_replication_group", (
    ("replication_group_id", "replication_group_id"), ("replication_group_id", "cluster_id"), ("engine", "engine"),
    ("num_cache_clusters", "num_cache_clusters"), ("num_node_groups", "num_node_groups"),
    ("multi_az_enabled", "multi_az_enabled"),
))  # fmt: skip
MODULES: Final[dict[str, tuple[Made, ...]]] = {
    "sqs": _SQS, "lambda": _LAMBDA, "apigateway-v2": _API, "alb": _ALB, "ecs": _ECS,
    "ecs//modules/service": _ECS_SERVICE, "elasticache": (_CACHE,),
    "s3-bucket": (Made("aws_s3_bucket", (("bucket", "bucket"),)),),
    "sns": (Made("aws_sns_topic", (("name", "name"),)),),
    "dynamodb-table": (Made("aws_dynamodb_table", (("name", "name"),)),),
    "rds": (Made("aws_db_instance", (
        ("identifier", "identifier"), ("engine", "engine"), ("instance_class", "instance_class"),
        ("multi_az", "multi_az"),
    )),),
    "rds-aurora": (Made("aws_rds_cluster", (("cluster_identifier", "name"), ("engine", "engine"))),),
    "opensearch": (Made("aws_opensearch_domain", (
        ("domain_name", "domain_name"), ("cluster_config", "cluster_config"),
    )),),
    "msk-kafka-cluster": (Made("aws_msk_cluster", (
        ("cluster_name", "name"), ("number_of_broker_nodes", "number_of_broker_nodes"),
    )),),
    "redshift": (Made("aws_redshift_cluster", (("cluster_identifier", "cluster_identifier"),)),),
    "efs": (Made("aws_efs_file_system", (("creation_token", "creation_token"), ("creation_token", "name"))),),
}  # fmt: skip
"""Modules of `terraform-aws-modules`; the last resource of each is the module itself."""
INFRASTRUCTURE: Final = frozenset(
    "vpc iam security-group ecr kms acm route53 key-pair autoscaling vpn-gateway transit-gateway customer-gateway "
    "ssm-parameter secrets-manager cloudwatch datadog-forwarders network-firewall wafv2 ecs//modules/cluster".split()
)
"""Modules that make no component."""
_SOURCE: Final = re.compile(r"^(?:registry\.terraform\.io/)?terraform-aws-modules/([\w-]+)/aws(//[\w/.-]+)?$")
_CAMEL: Final = re.compile(r"_([a-z])")


def module_of(source: str) -> str:
    """Return the name of a module of the registry; empty for any other source.

    >>> module_of("terraform-aws-modules/ecs/aws//modules/service"), module_of("acme/queue/aws")
    ('ecs//modules/service', '')
    """
    found = _SOURCE.match(source)
    return found[1] + (found[2] or "") if found is not None else ""


def is_infrastructure(name: str) -> bool:
    """Whether a module is known to make no component."""
    return name in INFRASTRUCTURE or name.partition("//")[0] in INFRASTRUCTURE - {"ecs"}


def output_of(name: str, output: str, base: str) -> Reference:
    """Return what an output of a module stands for; `base` is the address of the call."""
    number, made = next(
        (pair for pair in enumerate(MODULES[name]) if pair[1].outputs and re.search(pair[1].outputs, output)),
        (len(MODULES[name]) - 1, MODULES[name][-1]),
    )
    return Reference(_address(base, made, number), output.rpartition("_")[2])


def _address(base: str, made: Made, number: int) -> str:
    return f"{base}.{made.type}.{'this' if not made.outputs else f'part{number}'}"


def resources_of(name: str, given: Mapping[str, Item], base: str, site: Site, instance: str) -> Iterator[Resource]:
    """Yield the resources that an instance of a call of a module makes."""
    inputs = Table(dict(given), {}, site)
    for number, made in enumerate(MODULES[name]):
        if made.where and inputs.text(made.where) != "true":
            continue
        for key, entry in _entries(made, inputs):
            fields: dict[str, Item] = {}
            for path, source in made.fields:
                found = (entry or inputs).get(*source.split("."))
                if found is not None and not (isinstance(found, Value) and found.is_null):
                    shape = _SHAPES.get(path)
                    _put(fields, path, shape(found) if shape is not None else found)
            for path, output in made.refers:
                if output != "dead_letter" or inputs.text("create_dlq") == "true":
                    reference = output_of(name, output, base) if output else Reference(f"{base}.{_last(name)}", "id")
                    of = f'{reference.address}["{key}"]' if key and output == "task_definition" else reference.address
                    _put(fields, path, unresolved(site, (Reference(of, reference.attribute),)))
            if made.where and "name" not in fields and inputs.text("name"):       # the queue of dead letters
                _put(fields, "name", literal(f"{inputs.text('name')}-dlq", site))
            if made.each and "name" not in fields and key:
                _put(fields, "name", literal(key, site))
            address, whole = _address(base, made, number), key or instance
            keyed = f'{address}["{whole}"]' if whole else address
            yield Resource(made.type, "", keyed, site, _table(fields, site), address, key=whole)


def _last(name: str) -> str:
    return f"{MODULES[name][-1].type}.this"


def _entries(made: Made, inputs: Table) -> Iterator[tuple[str, Table | None]]:
    """Yield the entries that a resource is made for: those of a map or a list; one without an entry for any other."""
    if not made.each:
        yield "", None
        return
    for source in made.each.split("|"):
        found = inputs.get(source)
        if isinstance(found, Table):
            yield from ((key, one) for key, one in list(found.entries.items())[:MAX_ENTRIES] if isinstance(one, Table))
        elif isinstance(found, Rows):
            items = [one for one in found.items[:MAX_ENTRIES] if isinstance(one, Table)]
            yield from ((str(number), one) for number, one in enumerate(items))


def _put(fields: dict[str, Item], path: str, value: Item) -> None:
    """Set a field, if an earlier input has not; a nested one is set in a mapping."""
    head, dot, rest = path.partition(".")
    if not dot:
        fields.setdefault(head, value)
        return
    inner = fields.get(head)
    entries = dict(inner.entries) if isinstance(inner, Table) else {}
    _put(entries, rest, value)
    fields[head] = _table(entries, value.site)


def _table(entries: dict[str, Item], site: Site) -> Table:
    return Table(entries, {key: item.site for key, item in entries.items()}, site)


def _containers(item: Item) -> Item:
    """Return the containers of a task as AWS spells them: a list, with names and with keys in camel case."""
    if not isinstance(item, Table):
        return item
    found: list[Item] = []
    for name, one in item.entries.items():
        if isinstance(one, Table):
            fields = {_camel(key): _camelled(value) for key, value in one.entries.items()}
            fields.setdefault("name", literal(name, one.site))
            found.append(_table(fields, one.site))
    return Rows(found, item.site)


def _camelled(item: Item) -> Item:
    if isinstance(item, Rows):
        return Rows([_camelled(one) for one in item.items], item.site)
    if isinstance(item, Table):
        return _table({_camel(key): value for key, value in item.entries.items()}, item.site)
    return item


def _camel(key: str) -> str:
    return _CAMEL.sub(lambda match: match[1].upper(), key)


def _listed(item: Item) -> Item:
    """Return the entries of a mapping as blocks; a mapping of plain values is one block."""
    entries = list(item.entries.values()) if isinstance(item, Table) else []
    return Rows(entries, item.site) if entries and all(isinstance(one, Table) for one in entries) else item


_SHAPES: Final[dict[str, Callable[[Item], Item]]] = {"container_definitions": _containers, "load_balancer": _listed}
"""Fields that a module takes as a mapping, and AWS as a list."""
