"""The types of CloudFormation in the spelling of Terraform, for which the tables of AWS are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.importers.objects import Item, Rows, Site, Table

Renamed = dict[str, str]
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_RAW: Final = frozenset(
    {"Variables", "PolicyDocument", "AssumeRolePolicyDocument", "Definition", "DefinitionSubstitutions",
     "RedrivePolicy", "Body", "DefinitionBody", "RuntimeEnvironmentVariables", "DefaultArguments", "Statement",
     "Parameters"}
)  # fmt: skip
"""Keys below which the names are a user's own, or those of another format."""
_CAMEL: Final = frozenset({"ContainerDefinitions", "ContainerProperties"})
"""Keys below which Terraform has the JSON of the API."""
_FIXED: Final = {"ARNs": "Arns", "IDs": "Ids", "URIs": "Uris", "DBInstance": "DbInstance", "DBCluster": "DbCluster"}

TYPES: Final[dict[str, tuple[str, Renamed]]] = {
    "AWS::SQS::Queue": ("aws_sqs_queue", {"queue_name": "name", "visibility_timeout": "visibility_timeout_seconds"}),
    "AWS::SNS::Topic": ("aws_sns_topic", {"topic_name": "name"}),
    "AWS::SNS::Subscription": ("aws_sns_topic_subscription", {}),
    "AWS::Lambda::Function": ("aws_lambda_function", {"code.image_uri": "image_uri"}),
    "AWS::Serverless::Function": ("aws_lambda_function", {"dead_letter_queue": "dead_letter_config"}),
    "AWS::Lambda::EventSourceMapping": ("aws_lambda_event_source_mapping", {}),
    "AWS::Lambda::Alias": ("aws_lambda_alias", {}), "AWS::Lambda::Version": ("aws_lambda_alias", {}),
    "AWS::Lambda::Permission": ("aws_lambda_permission", {}),
    "AWS::Lambda::Url": ("aws_lambda_function_url",
                         {"target_function_arn": "function_name", "auth_type": "authorization_type"}),
    "AWS::Lambda::EventInvokeConfig": ("aws_lambda_function_event_invoke_config", {}),
    "AWS::Kinesis::Stream": ("aws_kinesis_stream", {}),
    "AWS::KinesisFirehose::DeliveryStream": ("aws_kinesis_firehose_delivery_stream", {
        "delivery_stream_name": "name", "kinesis_stream_source_configuration": "kinesis_source_configuration",
        "extended_s3_destination_configuration": "extended_s3_configuration",
        "s3_destination_configuration": "s3_configuration",
        "amazonopensearchservice_destination_configuration": "opensearch_configuration",
    }),
    "AWS::S3::Bucket": ("aws_s3_bucket", {"bucket_name": "bucket"}),
    "AWS::DynamoDB::Table": ("aws_dynamodb_table", {"table_name": "name"}),
    "AWS::DynamoDB::GlobalTable": ("aws_dynamodb_table", {"table_name": "name"}),
    "AWS::Serverless::SimpleTable": ("aws_dynamodb_table", {"table_name": "name"}),
    "AWS::RDS::DBInstance": ("aws_db_instance", {
        "db_instance_identifier": "identifier", "db_instance_class": "instance_class",
        "db_cluster_identifier": "cluster_identifier",
    }),
    "AWS::RDS::DBCluster": ("aws_rds_cluster", {"db_cluster_identifier": "cluster_identifier"}),
    "AWS::DocDB::DBCluster": ("aws_docdb_cluster", {"db_cluster_identifier": "cluster_identifier"}),
    "AWS::Redshift::Cluster": ("aws_redshift_cluster", {}),
    "AWS::ElastiCache::CacheCluster": ("aws_elasticache_cluster", {"cluster_name": "cluster_id"}),
    "AWS::ElastiCache::ReplicationGroup": ("aws_elasticache_replication_group", {}),
    "AWS::ElastiCache::ServerlessCache": ("aws_elasticache_serverless_cache", {"serverless_cache_name": "name"}),
    "AWS::MemoryDB::Cluster": ("aws_memorydb_cluster", {"cluster_name": "name"}),
    "AWS::OpenSearchService::Domain": ("aws_opensearch_domain", {}),
    "AWS::Elasticsearch::Domain": ("aws_elasticsearch_domain", {"elasticsearch_cluster_config": "cluster_config"}),
    "AWS::OpenSearchServerless::Collection": ("aws_opensearchserverless_collection", {}),
    "AWS::MSK::Cluster": ("aws_msk_cluster", {}), "AWS::MSK::ServerlessCluster": ("aws_msk_serverless_cluster", {}),
    "AWS::AmazonMQ::Broker": ("aws_mq_broker", {}), "AWS::EFS::FileSystem": ("aws_efs_file_system", {}),
    "AWS::EFS::AccessPoint": ("aws_efs_access_point", {}),
    "AWS::ApiGateway::RestApi": ("aws_api_gateway_rest_api", {}),
    "AWS::Serverless::Api": ("aws_api_gateway_rest_api", {"definition_body": "body"}),
    "AWS::Serverless::HttpApi": ("aws_apigatewayv2_api", {"definition_body": "body"}),
    "AWS::ApiGateway::Method": ("aws_api_gateway_integration", {
        "integration.uri": "uri", "integration.timeout_in_millis": "timeout_milliseconds",
        "authorization_type": "authorization",
    }),
    "AWS::ApiGateway::Authorizer": ("aws_api_gateway_authorizer", {}),
    "AWS::ApiGateway::Stage": ("aws_api_gateway_stage", {}),
    "AWS::ApiGateway::UsagePlan": ("aws_api_gateway_usage_plan", {"throttle": "throttle_settings"}),
    "AWS::ApiGatewayV2::Api": ("aws_apigatewayv2_api", {}),
    "AWS::ApiGatewayV2::Integration": ("aws_apigatewayv2_integration", {"timeout_in_millis": "timeout_milliseconds"}),
    "AWS::ApiGatewayV2::Stage": ("aws_apigatewayv2_stage", {}),
    "AWS::ApiGatewayV2::Route": ("aws_apigatewayv2_route", {}),
    "AWS::ApiGatewayV2::Authorizer": ("aws_apigatewayv2_authorizer", {}),
    "AWS::AppSync::GraphQLApi": ("aws_appsync_graphql_api", {}),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("aws_lb", {"type": "load_balancer_type"}),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("aws_lb_target_group", {"health_check_path": "health_check.path"}),
    "AWS::ElasticLoadBalancingV2::Listener": ("aws_lb_listener", {"default_actions": "default_action"}),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("aws_lb_listener_rule", {"actions": "action"}),
    "AWS::CloudFront::Distribution": ("aws_cloudfront_distribution", {
        "distribution_config.origins": "origin", "distribution_config.comment": "comment",
    }),
    "AWS::ECS::Service": ("aws_ecs_service", {"service_name": "name", "load_balancers": "load_balancer"}),
    "AWS::ECS::TaskDefinition": ("aws_ecs_task_definition", {}), "AWS::ECS::Cluster": ("aws_ecs_cluster", {}),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("aws_appautoscaling_target", {}),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("aws_appautoscaling_policy", {}),
    "AWS::SageMaker::Model": ("aws_sagemaker_model", {"model_name": "name", "containers": "container"}),
    "AWS::SageMaker::EndpointConfig": ("aws_sagemaker_endpoint_configuration", {"endpoint_config_name": "name"}),
    "AWS::SageMaker::Endpoint": ("aws_sagemaker_endpoint", {"endpoint_name": "name"}),
    "AWS::SageMaker::FeatureGroup": ("aws_sagemaker_feature_group", {}),
    "AWS::SageMaker::ModelPackageGroup": ("aws_sagemaker_model_package_group", {}),
    "AWS::SageMaker::Pipeline": ("aws_sagemaker_pipeline", {}),
    "AWS::Events::Rule": ("aws_cloudwatch_event_rule", {}), "AWS::Events::EventBus": ("aws_cloudwatch_event_bus", {}),
    "AWS::Scheduler::Schedule": ("aws_scheduler_schedule", {}),
    "AWS::StepFunctions::StateMachine": ("aws_sfn_state_machine", {
        "state_machine_name": "name", "definition_string": "definition",
    }),
    "AWS::Serverless::StateMachine": ("aws_sfn_state_machine", {}),
    "AWS::Batch::JobDefinition": ("aws_batch_job_definition", {"job_definition_name": "name"}),
    "AWS::Glue::Job": ("aws_glue_job", {}), "AWS::Pipes::Pipe": ("aws_pipes_pipe", {}),
    "AWS::IAM::Role": ("aws_iam_role", {"policies": "inline_policy"}),
    "AWS::IAM::Policy": ("aws_iam_role_policy", {"roles": "role", "policy_document": "policy"}),
    "AWS::IAM::ManagedPolicy": ("aws_iam_role_policy", {"roles": "role", "policy_document": "policy"}),
    "AWS::IAM::InstanceProfile": ("aws_iam_instance_profile", {"roles": "role"}),
    "AWS::EC2::Instance": ("aws_instance", {}),
    "AWS::EC2::LaunchTemplate": ("aws_launch_template", {
        "launch_template_data.instance_type": "instance_type", "launch_template_data.user_data": "user_data",
        "launch_template_data.iam_instance_profile": "iam_instance_profile",
    }),
    "AWS::AutoScaling::AutoScalingGroup": ("aws_autoscaling_group", {
        "auto_scaling_group_name": "name", "launch_template.launch_template_id": "launch_template.id",
    }),
    "AWS::AutoScaling::LaunchConfiguration": ("aws_launch_configuration", {}),
    "AWS::AppRunner::Service": ("aws_apprunner_service", {}),
    "AWS::Bedrock::Agent": ("aws_bedrockagent_agent", {}),
    "AWS::Bedrock::KnowledgeBase": ("aws_bedrockagent_knowledge_base", {}),
    "AWS::Bedrock::Guardrail": ("aws_bedrock_guardrail", {}),
    "AWS::EKS::Cluster": ("aws_eks_cluster", {}),
}  # fmt: skip
"""By type: that of Terraform, and the fields that have another name there, as paths."""
INSIDE: Final[dict[str, Renamed]] = {
    "aws_iam_role": {"inline_policy.policy_document": "policy"},
    "aws_lb_listener": {"default_action.forward_config.target_groups": "forward.target_group"},
    "aws_lb_listener_rule": {"action.forward_config.target_groups": "forward.target_group"},
}  # fmt: skip
"""Fields of the items of a list that have another name, below their list."""


def snake(name: str) -> str:
    """Return a name as Terraform spells it.

    >>> snake("VisibilityTimeout"), snake("KinesisStreamARN"), snake("DestinationS3Uri"), snake("TargetGroupARNs")
    ('visibility_timeout', 'kinesis_stream_arn', 'destination_s3_uri', 'target_group_arns')
    """
    for before, after in _FIXED.items():
        name = name.replace(before, after)
    return _WORD.sub("_", name).lower()


def spelled(item: Item, key: str = "", depth: int = 0) -> Item:
    """Return values with the names of their fields in Terraform's spelling."""
    if depth > 40 or key in _RAW:
        return item
    if isinstance(item, Rows):
        return Rows([spelled(one, key, depth + 1) for one in item.items], item.site)
    if not isinstance(item, Table):
        return item
    if key == "Environment" and "Variables" not in item.entries:
        return item
    form = _lower if key in _CAMEL else snake
    entries = {form(name): _inner(one, name, key, depth) for name, one in item.entries.items()}
    return Table(entries, {form(name): site for name, site in item.keys.items()}, item.site)


def _inner(item: Item, name: str, key: str, depth: int) -> Item:
    return _camel(item, depth + 1) if key in _CAMEL else spelled(item, name, depth + 1)


def _camel(item: Item, depth: int) -> Item:
    if depth > 40:
        return item
    if isinstance(item, Rows):
        return Rows([_camel(one, depth + 1) for one in item.items], item.site)
    if isinstance(item, Table):
        entries = {_lower(name): _camel(one, depth + 1) for name, one in item.entries.items()}
        return Table(entries, {_lower(name): site for name, site in item.keys.items()}, item.site)
    return item


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def renamed(table: Table, kind: str, renames: Renamed) -> Table:
    """Return the values of a resource with the names that Terraform has for its fields."""
    found = table
    for old, new in renames.items():
        found = _moved(found, old, new)
    for path, new in INSIDE.get(kind, {}).items():
        head, _, rest = path.partition(".")
        item = found.entries.get(head)
        if item is not None:
            rows = item.items if isinstance(item, Rows) else [item]
            made: list[Item] = [_groups(_moved(one, rest, new)) if isinstance(one, Table) else one for one in rows]
            found = msgspec.structs.replace(found, entries=found.entries | {head: Rows(made, item.site)})
    return found


def _groups(table: Table) -> Table:
    """The groups of a forwarding action name themselves as Terraform's do."""
    forward = table.table("forward")
    groups = forward.tables("target_group")
    if not groups:
        return table
    made: list[Item] = [_moved(one, "target_group_arn", "arn") for one in groups]
    inner = Table({"target_group": Rows(made, forward.site)}, {}, forward.site)
    return msgspec.structs.replace(table, entries=table.entries | {"forward": inner})


def _moved(table: Table, old: str, new: str) -> Table:
    """Move the value at a path to another one."""
    item = table.get(*old.split("."))
    if item is None:
        return table
    place = next(iter(_place(table, old.split("."))), table.site)
    head, _, rest = new.partition(".")
    entries = dict(table.entries)
    if old.partition(".")[0] == old:
        entries.pop(old, None)
    value: Item = item
    if rest:
        below = table.table(head)
        value = Table(below.entries | {rest: item}, below.keys | {rest: place}, item.site)
    entries[head] = value
    return Table(entries, table.keys | {head: place}, table.site)


def _place(table: Table, path: list[str]) -> Iterator[Site]:
    found: Item | None = table
    for key in path:
        if isinstance(found, Table) and key in found.keys:
            if key == path[-1]:
                yield found.keys[key]
            found = found.entries.get(key)
