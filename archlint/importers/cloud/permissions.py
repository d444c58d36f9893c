"""What a component may do by its role: fair evidence that it does so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.units import Cloud
from archlint.importers.cloud.values import Linked, follow, scalars_at, tables_at, text_at, values_of
from archlint.importers.objects import Item, Site, Table, Unit

ACTIONS: Final[tuple[tuple[str, str], ...]] = (
    # pattern of an action, verb
    (r"sqs:SendMessage|sns:Publish|kinesis:PutRecord|firehose:PutRecord|events:PutEvents|kafka-cluster:WriteData",
     "publishes"),
    (r"sqs:ReceiveMessage|kinesis:GetRecords|kafka-cluster:ReadData", "consumes"),
    (r"dynamodb:(GetItem|BatchGetItem|Query|Scan)|s3:GetObject$|rds-data:ExecuteStatement|es:ESHttpGet|aoss:APIAccessAll|"
     r"sagemaker:(GetRecord|BatchGetRecord)|s3vectors:(QueryVectors|GetVectors)|appconfig:GetLatestConfiguration",
     "reads"),
    (r"dynamodb:(PutItem|UpdateItem|BatchWriteItem)|s3:PutObject$|sagemaker:PutRecord|es:ESHttp(Put|Post)|"
     r"s3vectors:PutVectors", "writes"),
    (r"lambda:InvokeFunction|sagemaker:InvokeEndpoint|execute-api:Invoke|bedrock:(InvokeModel|InvokeAgent|Retrieve|"
     r"ApplyGuardrail|Converse)", "calls"),
    (r"states:StartExecution|batch:SubmitJob|ecs:RunTask|glue:StartJobRun|sagemaker:StartPipelineExecution",
     "triggers"),
)  # fmt: skip
"""What a right to an action means; the first row that matches decides."""
_BROAD: Final = {
    "sqs:*": "publishes", "sns:*": "publishes", "kinesis:*": "publishes", "dynamodb:*": "reads", "s3:*": "reads",
    "s3:get*": "reads", "s3:put*": "writes", "sagemaker:*": "calls", "lambda:*": "calls", "bedrock:*": "calls",
    "lambda:invoke*": "calls", "dynamodb:get*": "reads", "dynamodb:put*": "writes", "sagemaker:invoke*": "calls",
    "bedrock:invoke*": "calls", "sqs:send*": "publishes", "states:*": "triggers", "kinesis:put*": "publishes",
    "states:start*": "triggers", "firehose:put*": "publishes", "firehose:*": "publishes",
}  # fmt: skip
_COMPILED: Final = tuple((re.compile(rf"(?i)^(?:{pattern})"), verb) for pattern, verb in ACTIONS)
_ROLE_FIELDS: Final = (
    "role", "role_arn", "task_role_arn", "execution_role_arn", "iam_instance_profile", "iam_instance_profile.arn",
    "iam_instance_profile.name", "job_role_arn", "service_account_role_arn", "instance_configuration.instance_role_arn",
    "container_properties.jobRoleArn", "agent_resource_role_arn",
)  # fmt: skip
_BEDROCK: Final = re.compile(r"(?i)^bedrock:(invokemodel|invoke\*|converse|\*)")
_MODEL: Final = re.compile(r"(?:foundation-model|inference-profile)/([\w.:-]+)")


class Statement:
    """One statement of a policy that allows something."""

    def __init__(self, actions: list[str], items: list[Item], site: Site) -> None:
        self.actions = actions
        self.items = items
        self.site = site


def add_permissions(cloud: Cloud) -> None:
    """Relate each component with a role to what its role may use."""
    policies = _policies(cloud)
    for resource in cloud.resources:
        units = cloud.units.get(resource.address, [])
        if not units or resource.outside:
            continue
        roles = _roles(cloud, resource)
        for role in roles:
            for statement in policies.get(role.address, ()):
                _apply(cloud, units[0], statement)
        for statement in _own(resource):
            _apply(cloud, units[0], statement)


def _roles(cloud: Cloud, resource: Resource) -> list[Resource]:
    """Return the roles of a component: stated in its fields, or in those of its task, model or template."""
    about = [resource]
    about += [
        one for path in ("task_definition", "endpoint_config_name", "launch_template.id", "launch_configuration")
        for one in cloud.referred(follow(resource.values, path))
    ]  # fmt: skip
    found: dict[str, Resource] = {}
    for one in about:
        for path in _ROLE_FIELDS:
            if path == "execution_role_arn" and one.type == "aws_ecs_task_definition":      # what ECS itself may do
                continue
            for role in cloud.referred(follow(one.values, path)):
                found.setdefault(role.address, role)
    for profile in [one for one in found.values() if one.type == "aws_iam_instance_profile"]:
        for role in cloud.referred(follow(profile.values, "role")):
            found.setdefault(role.address, role)
    return list(found.values())


def _policies(cloud: Cloud) -> dict[str, list[Statement]]:
    """Return the statements of each role by its address."""
    found: dict[str, list[Statement]] = {}

    def add(roles: list[Resource], statements: list[Statement]) -> None:
        for role in roles:
            found.setdefault(role.address, []).extend(statements[:200])

    for one in cloud.of_type.get("aws_iam_role", ()):
        for item in follow(one.values, "inline_policy.policy"):
            add([one], list(_statements(cloud, item)))
        for item in follow(one.values, "managed_policy_arns"):
            for policy in cloud.referred([item]):
                add([one], [each for inner in follow(policy.values, "policy") for each in _statements(cloud, inner)])
    for one in cloud.of_type.get("aws_iam_role_policy", ()):
        roles = cloud.referred(follow(one.values, "role"))
        for item in follow(one.values, "policy"):
            add(roles, list(_statements(cloud, item)))
    for kind, path in (("aws_iam_role_policy_attachment", "role"), ("aws_iam_policy_attachment", "roles")):
        for one in cloud.of_type.get(kind, ()):
            roles = cloud.referred(follow(one.values, path))
            for policy in cloud.referred(follow(one.values, "policy_arn")):
                add(roles, [each for item in follow(policy.values, "policy") for each in _statements(cloud, item)])
    return found


def _statements(cloud: Cloud, item: Item, depth: int = 0) -> Iterator[Statement]:
    """Yield the statements of a policy: JSON, or a data source that makes one."""
    tables = tables_at(item, "Statement")
    for table in tables[:200]:
        if text_at(table, "Effect") != "Deny":
            actions = [value.text for value in scalars_at(table, "Action")]
            yield Statement(actions, follow(table, "Resource"), table.site)
    if tables or depth > 3:
        return
    for document in cloud.referred([item], by_name=False):
        if document.type == "aws_iam_policy_document":
            for table in tables_at(document.values, "statement")[:200]:
                if text_at(table, "effect") != "Deny":
                    actions = [value.text for value in scalars_at(table, "actions")]
                    yield Statement(actions, follow(table, "resources"), table.site)
            for path in ("source_policy_documents", "override_policy_documents"):
                for inner in follow(document.values, path):
                    yield from _statements(cloud, inner, depth + 1)
        elif document.type == "aws_iam_policy":
            for inner in follow(document.values, "policy"):
                yield from _statements(cloud, inner, depth + 1)


def _own(resource: Resource) -> Iterator[Statement]:
    """Yield the statements that a function states itself, as SAM does."""
    for table in tables_at(resource.values, "sam_policies.Statement")[:200]:
        if text_at(table, "Effect") != "Deny":
            actions = [value.text for value in scalars_at(table, "Action")]
            yield Statement(actions, follow(table, "Resource"), table.site)


def _apply(cloud: Cloud, unit: Unit, statement: Statement) -> None:
    """Relate a unit to the resources of a statement; a right to anything says nothing."""
    verbs = list(dict.fromkeys(verb for action in statement.actions[:100] if (verb := verb_of(action))))
    if not verbs:
        return
    known = {link.target for link in unit.links}
    for item in statement.items:
        for target in cloud.units_of([item]):
            for verb in _verbs_for(verbs, target, target.key in known):
                action = next(one for one in statement.actions if verb_of(one) == verb)
                cloud.link(unit, target, verb, f"its role allows {action}", item.site, "fair")
    if any(_BEDROCK.match(action) for action in statement.actions):
        _add_bedrock(cloud, unit, statement)


def _verbs_for(verbs: list[str], target: Unit, is_known: bool) -> list[str]:
    """Return the verbs that fit a target among those that a statement allows."""
    if target.kind == "queue":
        wanted = [verb for verb in verbs if verb in {"publishes", "consumes"}]
        if is_known:        # whoever takes messages may often send some, and the other way round
            return ["publishes"] if "publishes" in wanted else []
        return wanted[:1]
    if target.kind in {"database", "object-store", "vector-store", "feature-store", "config-store", "warehouse"}:
        return [verb for verb in verbs if verb in {"reads", "writes"}]
    return [verb for verb in verbs if verb in {"calls", "triggers", "publishes"}][:1]


def verb_of(action: str) -> str:
    """Return the verb that a right to an action means; empty if it says nothing of a relation.

    >>> verb_of("sqs:SendMessage"), verb_of("s3:PutObject"), verb_of("s3:ListBucket"), verb_of("dynamodb:*")
    ('publishes', 'writes', '', 'reads')
    """
    broad = _BROAD.get(action.lower())
    if broad is not None:
        return broad
    return next((verb for pattern, verb in _COMPILED if pattern.match(action)), "")


def _add_bedrock(cloud: Cloud, unit: Unit, statement: Statement) -> None:
    """A role that may run models of Bedrock calls it: no resource stands for that."""
    models: dict[str, Site] = {}
    for item in statement.items:
        for value in values_of(item):
            text = value.marked if isinstance(value, Linked) and value.marked else value.text
            found = _MODEL.search(text)
            if found is not None and "*" not in text.rpartition("/")[2]:
                models.setdefault(found[1], value.site)
    key = "bedrock"
    shared = cloud.units.get(key)
    if shared is None:
        empty = Table({}, {}, statement.site)
        home = Resource(unit.what, key, key, statement.site, empty, key, unit.format, unit.scope)
        made = cloud.unit(home, key, "service", kind="external", uses="bedrock", reason="a role may run its models")
        made.role = "external"
        shared = cloud.units[key] = [made]
    for model in models:
        if model not in shared[0].models and len(shared[0].models) < 20:
            shared[0].models.append(model)
    action = next(action for action in statement.actions if _BEDROCK.match(action))
    cloud.link(unit, shared[0], "calls", f"its role allows {action}", statement.site, "fair")
