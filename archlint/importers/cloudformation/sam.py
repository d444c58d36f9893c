"""What SAM adds to CloudFormation: the events that start a function, templates of policies, and settings for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.values import Reference, literal, null, unresolved
from archlint.importers.objects import Item, Rows, Site, Table, Value

_STREAMS: Final = {
    "SQS": "Queue", "Kinesis": "Stream", "DynamoDB": "Stream", "MSK": "Stream", "MQ": "Broker", "DocumentDB": "Cluster",
}  # fmt: skip
POLICIES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "SQSSendMessagePolicy": ("QueueName", ("sqs:SendMessage",)),
    "SQSPollerPolicy": ("QueueName", ("sqs:ReceiveMessage",)),
    "SNSPublishMessagePolicy": ("TopicName", ("sns:Publish",)),
    "KinesisCrudPolicy": ("StreamName", ("kinesis:PutRecord",)),
    "KinesisStreamReadPolicy": ("StreamName", ("kinesis:GetRecords",)),
    "FirehoseWritePolicy": ("DeliveryStreamName", ("firehose:PutRecord",)),
    "FirehoseCrudPolicy": ("DeliveryStreamName", ("firehose:PutRecord",)),
    "EventBridgePutEventsPolicy": ("EventBusName", ("events:PutEvents",)),
    "DynamoDBCrudPolicy": ("TableName", ("dynamodb:GetItem", "dynamodb:PutItem")),
    "DynamoDBReadPolicy": ("TableName", ("dynamodb:GetItem",)),
    "DynamoDBWritePolicy": ("TableName", ("dynamodb:PutItem",)),
    "DynamoDBStreamReadPolicy": ("TableName", ()),
    "S3ReadPolicy": ("BucketName", ("s3:GetObject",)), "S3WritePolicy": ("BucketName", ("s3:PutObject",)),
    "S3CrudPolicy": ("BucketName", ("s3:GetObject", "s3:PutObject")), "S3FullAccessPolicy": ("BucketName", ("s3:*",)),
    "LambdaInvokePolicy": ("FunctionName", ("lambda:InvokeFunction",)),
    "StepFunctionsExecutionPolicy": ("StateMachineName", ("states:StartExecution",)),
}  # fmt: skip
"""Templates of policies: the parameter with the resource, and actions that it allows."""
IMPLICIT: Final = {"Api": ("ServerlessRestApi", "aws_api_gateway_rest_api", "RestApiId"),
                   "HttpApi": ("ServerlessHttpApi", "aws_apigatewayv2_api", "ApiId")}
"""APIs that SAM makes for events which name none."""


def with_globals(values: Table, settings: Table) -> Table:
    """Return the properties of a resource with the settings for all of its type below them."""
    entries = dict(settings.entries)
    for key, item in values.entries.items():
        below = entries.get(key)
        if isinstance(item, Table) and isinstance(below, Table) and not item.tag:
            entries[key] = with_globals(item, below)
        else:
            entries[key] = item
    return Table(entries, settings.keys | values.keys, values.site)


def policies(values: Table) -> Table | None:
    """Return the statements of the policies of a function, those of templates among them."""
    statements: list[Item] = []
    item = values.entries.get("Policies")
    for one in item.items if isinstance(item, Rows) else [item]:
        if not isinstance(one, Table):
            continue
        own = one.entries.get("Statement")
        statements += own.items if isinstance(own, Rows) else [own] if own is not None else []
        for name, inner in one.entries.items():
            if name in POLICIES and isinstance(inner, Table):
                parameter, actions = POLICIES[name]
                target = inner.entries.get(parameter)
                if target is not None and actions:
                    site = one.keys.get(name, one.site)
                    allowed: list[Item] = [literal(action, site) for action in actions]
                    statements.append(Table({"Action": Rows(allowed, site), "Resource": target}, {}, site))
    return Table({"Statement": Rows(statements, values.site)}, {}, values.site) if statements else None


class Events:
    """Makes resources for the events of functions and state machines."""

    def __init__(self, prefix: str, scope: str, has: frozenset[str]) -> None:
        self.prefix = prefix
        self.scope = scope
        self.has = has
        self.made: dict[str, Resource] = {}
        self.number = 0

    def resource(self, kind: str, name: str, site: Site, values: dict[str, Item], spelling: str = "") -> Resource:
        """Return a resource that no file states by itself."""
        self.number += 1
        address = f"{self.prefix}{name}/{self.number}"
        return Resource(
            kind, name, address, site, Table(values, {}, site), address, "cloudformation", self.scope,
            spelling=spelling, implied=True,
        )  # fmt: skip

    def read(self, logical: str, values: Table, site: Site) -> Iterator[Resource]:
        """Yield what the events of a resource mean."""
        own = unresolved(site, (Reference(f"{self.prefix}{logical}"),))
        for name, event in values.table("Events").entries.items():
            if isinstance(event, Table):
                place = values.table("Events").keys.get(name, event.site)
                yield from self.event(logical, f"{logical}-{name}", event, place, own)

    def event(self, logical: str, name: str, event: Table, site: Site, own: Item) -> Iterator[Resource]:
        """Yield what one event means."""
        kind = event.text("Type")
        properties = event.table("Properties")
        if kind in IMPLICIT:
            yield from self.api(kind, name, properties, site, own)
        elif kind in _STREAMS:
            stream = properties.get(_STREAMS[kind])
            if stream is not None:
                more = {"maximum_retry_attempts": item} if (item := properties.get("MaximumRetryAttempts")) else {}
                values = {"function_name": own, "event_source_arn": stream, **more}
                yield self.resource("aws_lambda_event_source_mapping", name, site, values)
        elif kind == "SNS" and (topic := properties.get("Topic")) is not None:
            yield self.resource("aws_sns_topic_subscription", name, site, {"endpoint": own, "topic_arn": topic})
        elif kind == "S3" and (bucket := properties.get("Bucket")) is not None:
            target = Table({"lambda_function_arn": own}, {}, site)
            yield self.resource("aws_s3_bucket_notification", name, site, {"bucket": bucket, "lambda_function": target})
        elif kind in {"Schedule", "ScheduleV2", "EventBridgeRule", "CloudWatchEvent"}:
            expression = properties.get("Schedule") or properties.get("ScheduleExpression") or null(site)
            pattern = properties.get("Pattern")
            stated = {"schedule_expression": expression, **({"event_pattern": pattern} if pattern is not None else {})}
            called = properties.text("Name") or name
            rule = self.resource("aws_cloudwatch_event_rule", called, site, stated, f"an event of {logical}")
            yield rule
            link = unresolved(site, (Reference(rule.address),))
            yield self.resource("aws_cloudwatch_event_target", name, site, {"rule": link, "arn": own})

    def api(self, kind: str, name: str, properties: Table, site: Site, own: Item) -> Iterator[Resource]:
        """Yield an integration with the API that an event names, and the API if it names none."""
        logical, made, key = IMPLICIT[kind]
        api = properties.get(key)
        if api is None:
            if logical not in self.made and logical not in self.has:
                one = self.resource(made, logical, site, {}, "an API that SAM makes")
                one.address = one.base = f"{self.prefix}{logical}"
                self.made[logical] = one
                yield one
            api = unresolved(site, (Reference(f"{self.prefix}{logical}"),))
        elif isinstance(api, Value) and api.text in self.has:
            api = unresolved(site, (Reference(f"{self.prefix}{api.text}"),))
        if kind == "Api":
            yield self.resource("aws_api_gateway_integration", name, site, {"rest_api_id": api, "uri": own})
        else:
            more = {"timeout_milliseconds": item} if (item := properties.get("TimeoutInMillis")) else {}
            values = {"api_id": api, "integration_uri": own, **more}
            yield self.resource("aws_apigatewayv2_integration", name, site, values)
