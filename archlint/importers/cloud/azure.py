"""What the resources of Azure mean: data, in the spelling of Terraform's provider `azurerm`."""

from __future__ import annotations

from typing import Final

from archlint.importers.cloud.tables import Field, Part, Tables, Wire

_APP: Final = "template.container"
_PROBES: Final = (f"{_APP}.readiness_probe", f"{_APP}.startup_probe")
_FUNCTION: Final = Part(
    "", "azure-functions", env=("app_settings", "connection_string"), function=True,
    facts=(("replicas.max", "site_config.app_scale_limit", "positive"),
           ("replicas.min", "site_config.elastic_instance_minimum", "number"),
           ("workers", "site_config.worker_count", "positive")),
    image="site_config.application_stack.docker.image_name",
)  # fmt: skip
_WEB: Final = Part(
    "", "", env=("app_settings", "connection_string"), function=True,
    image="site_config.application_stack.docker_image_name",
    facts=(("replicas", "site_config.worker_count", "positive"),),
    defaults=(("exposed", "public_network_access_enabled", "public"),), checked=("site_config.health_check_path",),
)  # fmt: skip
_DELIVERED: Final = (("max_attempts", "max_delivery_count", "positive"), ("redelivery_after", "lock_duration", "iso"))
PARTS: Final[dict[str, Part]] = {
    "azurerm_container_app": Part(
        "", "", env=(f"{_APP}.env",), image=f"{_APP}.image", command=(f"{_APP}.command", f"{_APP}.args"),
        facts=(("replicas.min", "template.min_replicas", "number"),
               ("replicas.max", "template.max_replicas", "positive"),
               ("hardware.cpu", f"{_APP}.cpu", "cores"), ("hardware.memory", f"{_APP}.memory", "size"),
               ("exposed", "ingress.external_enabled", "external")),
        port="ingress.target_port", checked=_PROBES,
    ),
    "azurerm_container_app_job": Part(
        "batch-job", "", env=(f"{_APP}.env",), image=f"{_APP}.image", command=(f"{_APP}.command", f"{_APP}.args"),
        job=True,
        facts=(("hardware.cpu", f"{_APP}.cpu", "cores"), ("hardware.memory", f"{_APP}.memory", "size"),
               ("schedule", "schedule_trigger_config.cron_expression", "schedule")),
    ),
    "azurerm_container_group": Part(
        "", "", env=("container.environment_variables",), image="container.image", command=("container.commands",),
        facts=(("hardware.cpu", "container.cpu", "cores"), ("hardware.memory", "container.memory", "gb")),
        port="container.ports.port", checked=("container.readiness_probe",),
    ),
    "azurerm_linux_function_app": _FUNCTION, "azurerm_windows_function_app": _FUNCTION,
    "azurerm_function_app": _FUNCTION, "azurerm_function_app_flex_consumption": _FUNCTION,
    "azurerm_linux_web_app": _WEB, "azurerm_windows_web_app": _WEB, "azurerm_app_service": _WEB,
    "azurerm_servicebus_queue": Part("queue", "azure-service-bus", consumed=_DELIVERED),
    "azurerm_servicebus_topic": Part("queue", "azure-service-bus"),
    "azurerm_eventhub": Part("queue", "azure-event-hubs", facts=(("shards", "partition_count", "positive"),)),
    "azurerm_storage_queue": Part("queue", "", reason="a queue of Azure Storage"),
    "azurerm_eventgrid_topic": Part("queue", "", reason="a topic of Event Grid"),
    "azurerm_storage_account": Part("object-store", "azure-blob"),
    "azurerm_cosmosdb_account": Part("database", "cosmos-db"),
    "azurerm_cosmosdb_postgresql_cluster": Part("database", "postgresql"),
    "azurerm_postgresql_flexible_server": Part(
        "database", "postgresql", facts=(("zones", "high_availability.mode", "zones-if-regional"),)
    ),
    "azurerm_postgresql_server": Part("database", "postgresql"),
    "azurerm_mysql_flexible_server": Part(
        "database", "mysql", facts=(("zones", "high_availability.mode", "zones-if-regional"),)
    ),
    "azurerm_mssql_server": Part("database", "", reason="a server of SQL databases"),
    "azurerm_redis_cache": Part("cache", "redis", facts=(("shards", "shard_count", "positive"),)),
    "azurerm_managed_redis": Part("cache", "redis"),
    "azurerm_redis_enterprise_cluster": Part("cache", "redis"),
    "azurerm_search_service": Part(
        "vector-store", "azure-ai-search", facts=(("replicas", "replica_count", "positive"),)
    ),
    "azurerm_kusto_cluster": Part("warehouse", "", reason="a cluster of Data Explorer"),
    "azurerm_synapse_workspace": Part("warehouse", "", reason="a Synapse workspace"),
    "azurerm_cognitive_account": Part(
        "external", "", engine=("kind", {
            "openai": ("external", "azure-openai"), "aiservices": ("external", "azure-ai-foundry"),
            "contentsafety": ("guardrail", "azure-content-safety"),
        }),
    ),
    "azurerm_ai_services": Part("external", "azure-ai-foundry"),
    "azurerm_machine_learning_workspace": Part("model-registry", "azure-ml"),
    "azurerm_api_management": Part("gateway", "", reason="API Management",
                                   fixed=(("exposed", "public", "API Management"),)),
    "azurerm_application_gateway": Part("load-balancer", "", reason="an Application Gateway",
                                        fixed=(("exposed", "public", "an Application Gateway"),)),
    "azurerm_cdn_frontdoor_profile": Part("load-balancer", "azure-front-door",
                                          fixed=(("exposed", "public", "Front Door"),),
                                          asks=(("timeout", "response_timeout_seconds", "seconds"),)),
    "azurerm_logic_app_workflow": Part("scheduler", "", reason="a Logic App"),
    "azurerm_data_factory": Part("scheduler", "", reason="a Data Factory"),
    "azurerm_stream_analytics_job": Part("stream-processor", "", reason="a Stream Analytics job"),
    "azurerm_application_insights": Part("monitoring", "", reason="Application Insights"),
    "azurerm_dashboard_grafana": Part("monitoring", "grafana"),
    "azurerm_app_configuration": Part("config-store", "", reason="App Configuration"),
    "azurerm_linux_virtual_machine": Part("", "", machine="size", command=("custom_data", "user_data")),
    "azurerm_linux_virtual_machine_scale_set": Part(
        "", "", machine="sku", command=("custom_data", "user_data"), facts=(("replicas", "instances", "positive"),)
    ),
}  # fmt: skip
WIRES: Final[dict[str, tuple[Wire, ...]]] = {
    "azurerm_container_app": (
        Wire("", "template.azure_queue_scale_rule.queue_name", "consumes", "a rule that scales by the queue"),
        Wire("", "template.custom_scale_rule.metadata.queueName", "consumes", "a rule that scales by the queue"),
        Wire("", "template.custom_scale_rule.metadata.topicName", "consumes", "a rule that scales by the topic"),
        Wire("", "template.custom_scale_rule.metadata.eventHubName", "consumes", "a rule that scales by the hub"),
    ),
    "azurerm_container_app_job": (
        Wire("", "event_trigger_config.scale.rules.metadata.queueName", "consumes", "a rule that starts it"),
    ),
    "azurerm_servicebus_queue": (
        Wire("", "forward_dead_lettered_messages_to", "dead_letter", "dead letters are forwarded"),
        Wire("", "forward_to", "publishes", "messages are forwarded"),
    ),
    "azurerm_servicebus_subscription": (
        Wire("topic_id", "forward_to", "publishes", "a subscription that forwards"),
        Wire("topic_id", "forward_dead_lettered_messages_to", "dead_letter", "dead letters are forwarded"),
    ),
    "azurerm_eventhub": (
        Wire("", "capture_description.destination.storage_account_id", "writes", "captured events"),
    ),
    "azurerm_eventgrid_event_subscription": (
        Wire("azure_function_endpoint.function_id", "scope", "reads", "an event subscription"),
        Wire("scope", "service_bus_queue_endpoint_id", "publishes", "an event subscription"),
        Wire("scope", "storage_queue_endpoint.storage_account_id", "publishes", "an event subscription"),
        Wire("scope", "eventhub_endpoint_id", "publishes", "an event subscription"),
    ),
    "azurerm_eventgrid_system_topic_event_subscription": (
        Wire("azure_function_endpoint.function_id", "system_topic", "reads", "an event subscription"),
        Wire("system_topic", "service_bus_queue_endpoint_id", "publishes", "an event subscription"),
    ),
    "azurerm_api_management_api": (Wire("api_management_name", "service_url", "calls", "an API"),),
    "azurerm_api_management_backend": (Wire("api_management_name", "url", "calls", "a backend"),),
    "azurerm_application_gateway": (Wire("", "backend_address_pool.fqdns", "calls", "a backend"),),
    "azurerm_cdn_frontdoor_origin": (
        Wire("cdn_frontdoor_origin_group_id", "host_name", "calls", "an origin"),
    ),
    "azurerm_stream_analytics_stream_input_eventhub": (
        Wire("stream_analytics_job_name", "eventhub_name", "consumes", "an input"),
    ),
    "azurerm_stream_analytics_output_blob": (
        Wire("stream_analytics_job_name", "storage_account_name", "writes", "an output"),
    ),
    "azurerm_machine_learning_workspace": (
        Wire("", "storage_account_id", "writes", "its storage"),
        Wire("", "application_insights_id", "monitored_by", "its Application Insights"),
    ),
}  # fmt: skip
STANDS_FOR: Final[dict[str, tuple[str, ...]]] = {
    "azurerm_storage_container": ("storage_account_id", "storage_account_name"),
    "azurerm_storage_blob": ("storage_account_name",),
    "azurerm_storage_share": ("storage_account_id", "storage_account_name"),
    "azurerm_storage_table": ("storage_account_name",),
    "azurerm_cosmosdb_sql_database": ("account_name",), "azurerm_cosmosdb_sql_container": ("account_name",),
    "azurerm_cosmosdb_mongo_database": ("account_name",), "azurerm_cosmosdb_mongo_collection": ("account_name",),
    "azurerm_postgresql_flexible_server_database": ("server_id",), "azurerm_mysql_flexible_database": ("server_name",),
    "azurerm_mssql_database": ("server_id",), "azurerm_servicebus_subscription": ("topic_id",),
    "azurerm_servicebus_queue_authorization_rule": ("queue_id",),
    "azurerm_servicebus_topic_authorization_rule": ("topic_id",),
    "azurerm_eventhub_authorization_rule": ("eventhub_name",), "azurerm_eventhub_consumer_group": ("eventhub_name",),
    "azurerm_servicebus_namespace": (), "azurerm_eventhub_namespace": (),
    "azurerm_servicebus_namespace_authorization_rule": ("namespace_id",),
    "azurerm_eventhub_namespace_authorization_rule": ("namespace_name",),
    "azurerm_cognitive_deployment": ("cognitive_account_id",),
    "azurerm_eventgrid_system_topic": ("source_arm_resource_id", "source_resource_id"),
    "azurerm_cdn_frontdoor_origin_group": ("cdn_frontdoor_profile_id",),
    "azurerm_cdn_frontdoor_endpoint": ("cdn_frontdoor_profile_id",),
    "azurerm_api_management_api": ("api_management_name",), "azurerm_redis_enterprise_database": ("cluster_id",),
    "azurerm_key_vault_secret": ("value",), "azurerm_linux_function_app_slot": ("function_app_id",),
    "azurerm_function_app_function": ("function_app_id",), "azurerm_log_analytics_workspace": (),
}  # fmt: skip
MEMBERS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "azurerm_servicebus_queue": (("namespace_id", ""),), "azurerm_servicebus_topic": (("namespace_id", ""),),
    "azurerm_eventhub": (("namespace_id", ""), ("namespace_name", "")),
}  # fmt: skip
TAKEN: Final[dict[str, tuple[Field, ...]]] = {
    "azurerm_servicebus_subscription": _DELIVERED, "azurerm_eventhub_consumer_group": (),
}  # fmt: skip
QUIET: Final = tuple(
    "azurerm_resource_group azurerm_virtual_network azurerm_subnet azurerm_network azurerm_public_ip azurerm_private_ "
    "azurerm_key_vault azurerm_user_assigned_identity azurerm_role_ azurerm_log_analytics azurerm_container_registry "
    "azurerm_container_app_environment azurerm_service_plan azurerm_app_service_plan azurerm_client_config "
    "azurerm_subscription azurerm_servicebus_ azurerm_eventhub_ azurerm_storage_ azurerm_cosmosdb_ azurerm_postgresql_ "
    "azurerm_mysql_ azurerm_mssql_ azurerm_redis_ azurerm_cognitive_ azurerm_api_management_ azurerm_cdn_ "
    "azurerm_eventgrid_ azurerm_monitor_ azurerm_dns_ azurerm_nat_gateway azurerm_route azurerm_lb_ azurerm_web_ "
    "azurerm_firewall azurerm_bastion azurerm_express azurerm_virtual_ azurerm_managed_disk azurerm_availability_set "
    "azurerm_management_lock azurerm_policy azurerm_security azurerm_machine_learning_ azurerm_application_insights_ "
    "azurerm_stream_analytics_ azurerm_data_factory_ azurerm_logic_app_ azurerm_function_app_ azurerm_linux_ "
    "azurerm_kubernetes_cluster_ azurerm_recovery azurerm_backup azurerm_proximity azurerm_application_security "
    "azurerm_federated azurerm_search_ azurerm_ai_ azurerm_synapse_ azurerm_kusto_ azurerm_consumption azuread_ azapi_ "
    "azurerm_custom_provider azurerm_dashboard azurerm_marketplace azurerm_image azurerm_shared_image".split()
)
UNOPENED: Final = ("azurerm_kubernetes_cluster", "azurerm_resource_group_template_deployment", "azurerm_service_fabric")
AZURE: Final = Tables(PARTS, WIRES, STANDS_FOR, MEMBERS, QUIET, UNOPENED, TAKEN)
