"""What the resources of AWS mean: data, in Terraform's spelling. CloudFormation's is mapped onto it."""

from __future__ import annotations

from typing import Final

from archlint.importers.cloud.tables import Part, Tables, Wire

_SQL: Final = {
    "postgres": ("database", "postgresql"), "aurora-postgresql": ("database", "postgresql"),
    "mysql": ("database", "mysql"), "aurora-mysql": ("database", "mysql"), "mariadb": ("database", "mysql"),
}  # fmt: skip
_CACHES: Final = {
    "redis": ("cache", "redis"), "valkey": ("cache", "redis"), "memcached": ("cache", "memcached"),
}  # fmt: skip
_SCHEDULE: Final = (("schedule", "schedule_expression", "schedule"),)
_PUBLIC: Final = (("exposed", "internal", "public"),)
_APP_RUNNER: Final = "source_configuration.image_repository"
_LAMBDA: Final = Part(
    "", "aws-lambda", ("function_name",),
    (("hardware.memory", "memory_size", "mb"), ("limit", "reserved_concurrent_executions", "positive")),
    env=("environment.variables",), image="image_uri", command=("image_config.command",), function=True,
    answers=(("timeout", "timeout", "seconds"),),
)  # fmt: skip
PARTS: Final[dict[str, Part]] = {
    "aws_lambda_function": _LAMBDA,
    "aws_sqs_queue": Part(
        "queue", "sqs",
        consumed=(("max_attempts", "redrive_policy.maxReceiveCount", "positive"),
                  ("redelivery_after", "visibility_timeout_seconds", "seconds")),
    ),
    "aws_sns_topic": Part("queue", reason="an SNS topic"),
    "aws_kinesis_stream": Part("queue", "kinesis", facts=(("shards", "shard_count", "positive"),)),
    "aws_kinesis_firehose_delivery_stream": Part("queue", reason="a Firehose stream"),
    "aws_msk_cluster": Part(
        "queue", "kafka", ("cluster_name",), (("replicas", "number_of_broker_nodes", "positive"),)
    ),
    "aws_msk_serverless_cluster": Part("queue", "kafka", ("cluster_name",)),
    "aws_mq_broker": Part("queue", "", ("broker_name",), engine=("engine_type", {"rabbitmq": ("queue", "rabbitmq")})),
    "aws_s3_bucket": Part("object-store", "s3", ("bucket",)),
    "aws_efs_file_system": Part("object-store", "", ("creation_token",), reason="an EFS file system"),
    "aws_dynamodb_table": Part("database", "dynamodb"),
    "aws_db_instance": Part(
        "database", "rds", ("identifier", "db_name"),
        (("zones", "multi_az", "two-if-true"),), engine=("engine", _SQL), machine="instance_class",
    ),
    "aws_rds_cluster": Part("database", "rds", ("cluster_identifier", "database_name"), engine=("engine", _SQL)),
    "aws_docdb_cluster": Part("database", "mongodb", ("cluster_identifier",)),
    "aws_neptune_cluster": Part("database", "", ("cluster_identifier",), reason="a Neptune cluster"),
    "aws_redshift_cluster": Part("warehouse", "", ("cluster_identifier",), reason="a Redshift cluster"),
    "aws_redshiftserverless_workgroup": Part("warehouse", "", ("workgroup_name",), reason="a Redshift workgroup"),
    "aws_athena_workgroup": Part("warehouse", "", reason="an Athena workgroup"),
    "aws_elasticache_cluster": Part(
        "cache", "", ("cluster_id",), (("replicas", "num_cache_nodes", "positive"),), engine=("engine", _CACHES),
    ),
    "aws_elasticache_replication_group": Part(
        "cache", "redis", ("replication_group_id",),
        (("replicas", "num_cache_clusters", "positive"), ("replicas", "number_cache_clusters", "positive"),
         ("shards", "num_node_groups", "positive"), ("zones", "multi_az_enabled", "two-if-true")),
        engine=("engine", _CACHES),
    ),
    "aws_elasticache_serverless_cache": Part("cache", "redis", engine=("engine", _CACHES)),
    "aws_memorydb_cluster": Part("database", "redis"),
    "aws_opensearch_domain": Part(
        "database", "opensearch", ("domain_name",), (("replicas", "cluster_config.instance_count", "positive"),)
    ),
    "aws_elasticsearch_domain": Part(
        "database", "elasticsearch", ("domain_name",), (("replicas", "cluster_config.instance_count", "positive"),)
    ),
    "aws_opensearchserverless_collection": Part(
        "database", "opensearch", engine=("type", {"vectorsearch": ("vector-store", "opensearch")})
    ),
    "aws_s3vectors_vector_bucket": Part("vector-store", "s3", ("vector_bucket_name",)),
    "aws_api_gateway_rest_api": Part("gateway", "aws-api-gateway", fixed=(("exposed", "public", "an API Gateway"),)),
    "aws_apigatewayv2_api": Part("gateway", "aws-api-gateway", fixed=(("exposed", "public", "an API Gateway"),)),
    "aws_appsync_graphql_api": Part("gateway", "", fixed=(("exposed", "public", "an AppSync API"),)),
    "aws_lb": Part("load-balancer", "aws-alb", defaults=_PUBLIC,
                   facts=(("exposed", "internal", "internal"), ("exposed", "scheme", "scheme")),
                   asks=(("timeout", "idle_timeout", "seconds"),),
                   engine=("load_balancer_type", {"network": ("load-balancer", "nlb")})),
    "aws_elb": Part("load-balancer", "elb", facts=(("exposed", "internal", "internal"),), defaults=_PUBLIC),
    "aws_cloudfront_distribution": Part("gateway", "cloudfront", ("comment",),
                                        fixed=(("exposed", "public", "a CloudFront distribution"),)),
    "aws_sfn_state_machine": Part("scheduler", "step-functions"),
    "aws_mwaa_environment": Part("scheduler", "airflow"),
    "aws_scheduler_schedule": Part("scheduler", "eventbridge", facts=_SCHEDULE),
    "aws_cloudwatch_event_rule": Part(
        "scheduler", "eventbridge", facts=_SCHEDULE, instead=(("event_pattern", "queue"),)
    ),
    "aws_cloudwatch_event_bus": Part("queue", "eventbridge"),
    "aws_pipes_pipe": Part("stream-processor", "", reason="an EventBridge pipe"),
    "aws_batch_job_definition": Part("batch-job", ""),
    "aws_glue_job": Part("batch-job", "", reason="a Glue job"),
    "aws_emrserverless_application": Part("batch-job", "", reason="an EMR application"),
    "aws_kinesisanalyticsv2_application": Part("stream-processor", "", reason="a Flink application"),
    "aws_instance": Part("", "", ("tags.Name",), machine="instance_type", command=("user_data", "user_data_base64")),
    "aws_autoscaling_group": Part(
        "", "", ("name",),
        (("replicas.min", "min_size", "number"), ("replicas.max", "max_size", "positive")),
    ),
    "aws_apprunner_service": Part(
        "", "", ("service_name",), env=(f"{_APP_RUNNER}.image_configuration.runtime_environment_variables",),
        image=f"{_APP_RUNNER}.image_identifier", function=True,
        facts=(("hardware.cpu", "instance_configuration.cpu", "ecs-cpu"),),
        fixed=(("exposed", "public", "App Runner gives it an address"),),
    ),
    "aws_bedrock_provisioned_model_throughput": Part("external", "bedrock", ("provisioned_model_name",)),
    "aws_bedrock_guardrail": Part("guardrail", "bedrock"),
    "aws_bedrockagent_agent": Part("service", "", ("agent_name",), function=True),
    "aws_bedrockagent_knowledge_base": Part("service", "", function=True, reason="a knowledge base of Bedrock"),
    "aws_sagemaker_feature_group": Part("feature-store", "sagemaker", ("feature_group_name",)),
    "aws_sagemaker_model_package_group": Part("model-registry", "sagemaker", ("model_package_group_name",)),
    "aws_sagemaker_pipeline": Part("scheduler", "sagemaker", ("pipeline_name",)),
    "aws_prometheus_workspace": Part("monitoring", "prometheus", ("alias",)),
    "aws_grafana_workspace": Part("monitoring", "grafana"),
    "aws_appconfig_application": Part("config-store", "", reason="AWS AppConfig"),
}  # fmt: skip
_TIMEOUT: Final = (("timeout", "timeout_milliseconds", "ms"),)
WIRES: Final[dict[str, tuple[Wire, ...]]] = {
    "aws_lambda_event_source_mapping": (
        Wire("function_name", "event_source_arn", "consumes", "an event source mapping",
             more=(("max_attempts", "maximum_retry_attempts", "positive"),)),
    ),
    "aws_lambda_function": (
        Wire("", "dead_letter_config.target_arn", "publishes", "failed events go there"),
        Wire("", "file_system_config.arn", "reads", "a mounted file system"),
    ),
    "aws_lambda_function_event_invoke_config": (
        Wire("function_name", "destination_config.on_success.destination", "publishes", "a destination"),
        Wire("function_name", "destination_config.on_failure.destination", "publishes", "failed events go there"),
    ),
    "aws_sqs_queue": (
        Wire("", "redrive_policy.deadLetterTargetArn", "dead_letter", "its redrive policy"),
        Wire("", "redrive_policy", "dead_letter", "its redrive policy"),       # a plan may know no more of it
    ),
    "aws_sqs_queue_redrive_policy": (
        Wire("queue_url", "redrive_policy.deadLetterTargetArn", "dead_letter", "its redrive policy"),
    ),
    "aws_sns_topic_subscription": (
        Wire("endpoint", "topic_arn", "consumes", "a subscription"),
    ),
    "aws_s3_bucket_notification": (
        Wire("lambda_function.lambda_function_arn", "bucket", "reads", "is notified of its objects"),
        Wire("bucket", "queue.queue_arn", "publishes", "notifications of its objects"),
        Wire("bucket", "topic.topic_arn", "publishes", "notifications of its objects"),
    ),
    "aws_kinesis_firehose_delivery_stream": (
        Wire("", "kinesis_source_configuration.kinesis_stream_arn", "consumes", "the source of the stream"),
        Wire("", "extended_s3_configuration.bucket_arn", "writes", "the destination of the stream"),
        Wire("", "s3_configuration.bucket_arn", "writes", "the destination of the stream"),
        Wire("", "opensearch_configuration.domain_arn", "writes", "the destination of the stream"),
        Wire("", "redshift_configuration.cluster_jdbcurl", "writes", "the destination of the stream"),
    ),
    "aws_apigatewayv2_integration": (Wire("api_id", "integration_uri", "calls", "an integration", more=_TIMEOUT),),
    "aws_apigatewayv2_authorizer": (Wire("api_id", "authorizer_uri", "calls", "an authorizer"),),
    "aws_api_gateway_integration": (Wire("rest_api_id", "uri", "calls", "an integration", more=_TIMEOUT),),
    "aws_api_gateway_authorizer": (Wire("rest_api_id", "authorizer_uri", "calls", "an authorizer"),),
    "aws_appsync_datasource": (
        Wire("api_id", "lambda_config.function_arn", "calls", "a data source"),
        Wire("api_id", "dynamodb_config.table_name", "reads", "a data source"),
    ),
    "aws_lb_listener": (
        Wire("load_balancer_arn", "target_group_arn", "calls", "a listener", each="default_action"),
        Wire("load_balancer_arn", "arn", "calls", "a listener", each="default_action.forward.target_group",
             share="weight"),
    ),
    "aws_lb_listener_rule": (
        Wire("listener_arn", "target_group_arn", "calls", "a rule of a listener", each="action"),
        Wire("listener_arn", "arn", "calls", "a rule of a listener", each="action.forward.target_group",
             share="weight"),
    ),
    "aws_elb": (Wire("", "instances", "calls", "an instance behind it"),),
    "aws_elb_attachment": (Wire("elb", "instance", "calls", "an instance behind it"),),
    "aws_cloudfront_distribution": (
        Wire("", "domain_name", "calls", "an origin", each="origin",
             more=(("timeout", "custom_origin_config.origin_read_timeout", "seconds"),)),
    ),
    "aws_cloudwatch_event_target": (Wire("rule", "arn", "triggers", "a target of the rule"),),
    "aws_scheduler_schedule": (
        Wire("", "arn", "triggers", "the target of the schedule", each="target"),
        Wire("", "input", "triggers", "the input of the target", "fair", each="target"),
    ),
    "aws_pipes_pipe": (
        Wire("", "source", "consumes", "the source of the pipe"), Wire("", "target", "", "the target of the pipe"),
        Wire("", "enrichment", "calls", "an enrichment"),
    ),
    "aws_sfn_state_machine": (
        Wire("", "definition", "", "a state of the machine"),
        Wire("", "definition_substitutions", "", "a state of the machine"),
    ),
    "aws_apigatewayv2_api": (
        Wire("", "target", "calls", "its target"), Wire("", "body", "calls", "its OpenAPI document"),
    ),
    "aws_api_gateway_rest_api": (Wire("", "body", "calls", "its OpenAPI document"),),
    "aws_bedrockagent_agent": (Wire("", "guardrail_configuration.guardrail_identifier", "calls", "its guardrail"),),
    "aws_bedrockagent_agent_action_group": (
        Wire("agent_id", "action_group_executor.lambda", "calls", "an action group"),
    ),
    "aws_bedrockagent_agent_knowledge_base_association": (
        Wire("agent_id", "knowledge_base_id", "calls", "an associated knowledge base"),
    ),
    "aws_bedrockagent_knowledge_base": (
        Wire("", "storage_configuration.opensearch_serverless_configuration.collection_arn", "reads", "its storage"),
        Wire("", "storage_configuration.rds_configuration.resource_arn", "reads", "its storage"),
    ),
    "aws_glue_job": (Wire("", "default_arguments", "", "an argument of the job", "strong"),),
    "aws_sagemaker_feature_group": (
        Wire("", "offline_store_config.s3_storage_config.s3_uri", "writes", "its offline store"),
    ),
    "aws_mwaa_environment": (Wire("", "source_bucket_arn", "reads", "its DAGs"),),
}  # fmt: skip
STANDS_FOR: Final[dict[str, tuple[str, ...]]] = {
    "aws_lambda_alias": ("function_name",), "aws_lambda_function_url": ("function_name",),
    "aws_lambda_provisioned_concurrency_config": ("function_name",),
    "aws_lb_listener": ("load_balancer_arn",), "aws_lb_listener_rule": ("listener_arn",),
    "aws_api_gateway_stage": ("rest_api_id",), "aws_api_gateway_deployment": ("rest_api_id",),
    "aws_api_gateway_resource": ("rest_api_id",), "aws_apigatewayv2_stage": ("api_id",),
    "aws_apigatewayv2_integration": ("api_id",), "aws_rds_cluster_instance": ("cluster_identifier",),
    "aws_db_proxy_target": ("db_instance_identifier", "db_cluster_identifier"),
    "aws_docdb_cluster_instance": ("cluster_identifier",), "aws_db_proxy": (),
    "aws_efs_access_point": ("file_system_id",), "aws_efs_mount_target": ("file_system_id",),
    "aws_s3_object": ("bucket",), "aws_s3_bucket_object": ("bucket",), "aws_s3_access_point": ("bucket",),
    "aws_sagemaker_endpoint": (), "aws_kinesis_stream_consumer": ("stream_arn",),
    "aws_bedrockagent_agent_alias": ("agent_id",), "aws_ecs_service": (), "aws_s3_directory_bucket": (),
    "aws_vpc_endpoint": (), "aws_opensearchserverless_vpc_endpoint": (),
    "aws_bedrock_guardrail_version": ("guardrail_arn",),
    "aws_cloudwatch_event_rule": ("event_bus_name",), "aws_service_discovery_service": (),
    "aws_s3vectors_index": ("vector_bucket_name",),
}  # fmt: skip
MEMBERS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "aws_ecs_service": (("load_balancer.target_group_arn", ""), ("service_registries.registry_arn", "")),
    "aws_lb_target_group_attachment": (("target_group_arn", "target_id"),),
    "aws_lb_target_group": (("", "targets.id"),),
    "aws_alb_target_group_attachment": (("target_group_arn", "target_id"),),
    "aws_autoscaling_attachment": (("lb_target_group_arn", "autoscaling_group_name"),
                                   ("elb", "autoscaling_group_name")),
    "aws_autoscaling_group": (("target_group_arns", ""), ("load_balancers", "")),
    "aws_autoscaling_traffic_source_attachment": (("traffic_source.identifier", "autoscaling_group_name"),),
    "aws_db_proxy_target": (("db_proxy_name", "db_instance_identifier"), ("db_proxy_name", "db_cluster_identifier")),
}  # fmt: skip
"""By type: the field with the group, and the field with what joins it; an empty one is the resource itself."""
ALIASES: Final = {
    "aws_alb_listener": "aws_lb_listener", "aws_alb_listener_rule": "aws_lb_listener_rule",
    "aws_alb_target_group": "aws_lb_target_group", "aws_alb": "aws_lb", "aws_spot_instance_request": "aws_instance",
    "aws_spot_fleet_request": "aws_instance", "awscc_sagemaker_endpoint": "aws_sagemaker_endpoint",
}  # fmt: skip
QUIET: Final = tuple(
    "aws_iam_ aws_vpc aws_subnet aws_security_group aws_route aws_internet_gateway aws_nat_gateway aws_eip "
    "aws_network_ aws_cloudwatch_log_ aws_kms_ aws_acm_ aws_ecr_ aws_ssm_ aws_secretsmanager_ aws_default_ "
    "aws_caller_identity aws_region aws_partition aws_availability_zone aws_ami aws_key_pair aws_launch_ "
    "aws_ecs_cluster aws_ecs_task_definition aws_ecs_capacity_provider aws_lambda_permission aws_lambda_layer_version "
    "aws_lambda_alias aws_lambda_function_url aws_lambda_provisioned_ aws_lambda_event_source_mapping "
    "aws_lambda_function_event_invoke_config aws_lambda_code_signing_config aws_api_gateway_ aws_apigatewayv2_ "
    "aws_lb_ aws_alb_ aws_sqs_queue_ aws_sns_topic_ aws_sns_platform aws_s3_ aws_kinesis_stream_consumer "
    "aws_kinesis_resource_policy aws_db_ aws_rds_ aws_docdb_ aws_elasticache_ aws_opensearch_domain_ "
    "aws_opensearchserverless_ aws_msk_ aws_mq_ aws_cloudwatch_metric aws_cloudwatch_dashboard aws_cloudwatch_event_ "
    "aws_cloudwatch_composite aws_scheduler_schedule_group aws_appautoscaling_ aws_autoscaling_ aws_batch_ "
    "aws_sagemaker_ aws_bedrock_ aws_bedrockagent_ aws_efs_ aws_ebs_ aws_volume_ aws_service_discovery_ aws_wafv2_ "
    "aws_waf aws_cloudfront_ aws_cognito_ aws_backup_ aws_config_ aws_cloudtrail aws_guardduty aws_budgets_ aws_ce_ "
    "aws_placement_group aws_elb_ aws_redshift_ aws_redshiftserverless_ aws_glue_ aws_lakeformation_ aws_athena_ "
    "aws_dynamodb_ aws_appsync_ aws_xray_ aws_resourcegroups_ aws_servicecatalog aws_ec2_ aws_prefix_list "
    "aws_customer_gateway aws_vpn_ aws_flow_log aws_codebuild_ aws_codepipeline aws_codedeploy_ aws_codestar "
    "aws_ses_ aws_prometheus_ aws_grafana_ aws_appconfig_ aws_mwaa_ aws_s3vectors_ aws_sfn_ aws_shield_ "
    "aws_globalaccelerator_ aws_canonical_user_id aws_elb_service_account aws_ip_ranges aws_arn aws_eks_ "
    "aws_organizations_ aws_account_ aws_signer_ aws_memorydb_ aws_neptune_ aws_pipes_ aws_apprunner_ "
    "aws_logs_ aws_cloud_watch_ aws_secrets_manager_ aws_certificate_manager_ aws_wa aws_elasti_cache_ "
    "aws_elastic_load_ aws_auto_scaling_ aws_application_auto_scaling_ aws_cloud_formation_ aws_cloud_front_ "
    "aws_events_ aws_cdk_ aws_serverless_ aws_code_ aws_sage_maker_ aws_open_search_ aws_step_functions_ aws_app_ "
    "aws_dynamo_db_ aws_sqs_ aws_sns_ aws_applicationautoscaling".split()
)
"""Prefixes of types that are infrastructure, or say something about a component; some are CloudFormation's."""
UNOPENED: Final = ("aws_eks_cluster", "aws_eks_node_group", "aws_eks_addon", "aws_elastic_beanstalk_environment",
                   "aws_emr_cluster", "aws_cloudformation_stack")
"""Types whose content other files state."""
AWS: Final = Tables(PARTS, WIRES, STANDS_FOR, MEMBERS, QUIET, UNOPENED)
