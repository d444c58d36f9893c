"""What the resources of Google Cloud mean: data, in the spelling of Terraform's provider `google`."""

from __future__ import annotations

from typing import Final

from archlint.importers.cloud.tables import Field, Part, Tables, Wire

_SQL: Final = {"postgres": ("database", "postgresql"), "mysql": ("database", "mysql"), "sqlserver": ("database", "")}
_LIMITS: Final = "resources.limits"
_CONTAINER: Final = "template.containers"
_SPEC: Final = "template.spec.containers"
_JOB: Final = "template.template.containers"
_FUNCTION: Final = "service_config"
PARTS: Final[dict[str, Part]] = {
    "google_cloud_run_v2_service": Part(
        "", "cloud-run",
        facts=(("replicas.min", "template.scaling.min_instance_count", "number"),
               ("replicas.max", "template.scaling.max_instance_count", "positive"),
               ("replicas.min", "scaling.min_instance_count", "number"),
               ("workers", "template.max_instance_request_concurrency", "positive"),
               ("hardware.cpu", f"{_CONTAINER}.{_LIMITS}.cpu", "cores"),
               ("hardware.memory", f"{_CONTAINER}.{_LIMITS}.memory", "size"),
               ("hardware.gpu", "template.node_selector.accelerator", "gpu"),
               ("hardware.gpus", "template|containers|resources|limits|nvidia.com/gpu", "positive"),
               ("exposed", "ingress", "public-if-all")),
        env=(f"{_CONTAINER}.env",), image=f"{_CONTAINER}.image",
        command=(f"{_CONTAINER}.command", f"{_CONTAINER}.args"), function=True,
        port=f"{_CONTAINER}.ports.container_port", answers=(("timeout", "template.timeout", "google-seconds"),),
        checked=(f"{_CONTAINER}.startup_probe", f"{_CONTAINER}.readiness_probe"),
    ),
    "google_cloud_run_service": Part(
        "", "cloud-run",
        facts=(("replicas.min", "template|metadata|annotations|autoscaling.knative.dev/minScale", "number"),
               ("replicas.max", "template|metadata|annotations|autoscaling.knative.dev/maxScale", "positive"),
               ("workers", "template.spec.container_concurrency", "positive"),
               ("hardware.cpu", f"{_SPEC}.{_LIMITS}.cpu", "cores"),
               ("hardware.memory", f"{_SPEC}.{_LIMITS}.memory", "size"),
               ("hardware.gpus", "template|spec|containers|resources|limits|nvidia.com/gpu", "positive")),
        env=(f"{_SPEC}.env",), image=f"{_SPEC}.image", command=(f"{_SPEC}.command", f"{_SPEC}.args"), function=True,
        port=f"{_SPEC}.ports.container_port", answers=(("timeout", "template.spec.timeout_seconds", "seconds"),),
        checked=(f"{_SPEC}.startup_probe",),
    ),
    "google_cloud_run_v2_job": Part(
        "batch-job", "cloud-run",
        facts=(("hardware.cpu", f"{_JOB}.{_LIMITS}.cpu", "cores"),
               ("hardware.memory", f"{_JOB}.{_LIMITS}.memory", "size"),),
        env=(f"{_JOB}.env",), image=f"{_JOB}.image", command=(f"{_JOB}.command", f"{_JOB}.args"), job=True,
    ),
    "google_cloudfunctions2_function": Part(
        "", "cloud-run",
        facts=(("replicas.min", f"{_FUNCTION}.min_instance_count", "number"),
               ("replicas.max", f"{_FUNCTION}.max_instance_count", "positive"),
               ("workers", f"{_FUNCTION}.max_instance_request_concurrency", "positive"),
               ("hardware.cpu", f"{_FUNCTION}.available_cpu", "cores"),
               ("hardware.memory", f"{_FUNCTION}.available_memory", "size"),
               ("exposed", f"{_FUNCTION}.ingress_settings", "internal-only")),
        env=(f"{_FUNCTION}.environment_variables",), function=True,
        answers=(("timeout", f"{_FUNCTION}.timeout_seconds", "seconds"),),
    ),
    "google_cloudfunctions_function": Part(
        "", "cloud-run",
        facts=(("replicas.min", "min_instances", "number"), ("replicas.max", "max_instances", "positive"),
               ("hardware.memory", "available_memory_mb", "mb"), ("exposed", "ingress_settings", "internal-only")),
        env=("environment_variables",), function=True, answers=(("timeout", "timeout", "seconds"),),
    ),
    "google_pubsub_topic": Part("queue", "pubsub"),
    "google_pubsub_lite_topic": Part("queue", "pubsub"),
    "google_cloud_tasks_queue": Part(
        "queue", "", reason="a queue of Cloud Tasks",
        consumed=(("max_attempts", "retry_config.max_attempts", "positive"),),
    ),
    "google_managed_kafka_cluster": Part("queue", "kafka", ("cluster_id",)),
    "google_storage_bucket": Part("object-store", "gcs"),
    "google_bigquery_dataset": Part("warehouse", "bigquery", ("dataset_id",)),
    "google_sql_database_instance": Part(
        "database", "", facts=(("zones", "settings.availability_type", "zones-if-regional"),),
        engine=("database_version", _SQL),
    ),
    "google_alloydb_cluster": Part("database", "alloydb", ("cluster_id",)),
    "google_spanner_instance": Part("database", "spanner", facts=(("replicas", "num_nodes", "positive"),)),
    "google_bigtable_instance": Part("database", "bigtable"),
    "google_firestore_database": Part("database", "firestore"),
    "google_redis_instance": Part(
        "cache", "redis", facts=(("replicas", "replica_count", "positive"), ("replicas", "tier", "two-if-ha"))
    ),
    "google_redis_cluster": Part("cache", "redis", facts=(("shards", "shard_count", "positive"),)),
    "google_memorystore_instance": Part(
        "cache", "redis", ("instance_id",), (("shards", "shard_count", "positive"),)
    ),
    "google_memcache_instance": Part("cache", "memcached", facts=(("replicas", "node_count", "positive"),)),
    "google_vertex_ai_endpoint": Part(
        "model-server", "vertex-ai", ("display_name", "name"), reason="a Vertex AI endpoint"
    ),
    "google_vertex_ai_endpoint_with_model_garden_deployment": Part(
        "model-server", "vertex-ai", ("endpoint_config.endpoint_display_name",),
        (("replicas.min", "deploy_config.dedicated_resources.min_replica_count", "number"),
         ("replicas.max", "deploy_config.dedicated_resources.max_replica_count", "positive"),
         ("hardware.gpu", "deploy_config.dedicated_resources.machine_spec.accelerator_type", "gpu"),
         ("hardware.gpus", "deploy_config.dedicated_resources.machine_spec.accelerator_count", "positive")),
        machine="deploy_config.dedicated_resources.machine_spec.machine_type",
        image="model_config.container_spec.image_uri", serves=("hugging_face_model_id", "publisher_model_name"),
        reason="a Vertex AI endpoint",
    ),
    "google_vertex_ai_index_endpoint": Part("vector-store", "vertex-ai", ("display_name",)),
    "google_vertex_ai_feature_online_store": Part("feature-store", "vertex-ai"),
    "google_vertex_ai_featurestore": Part("feature-store", "vertex-ai"),
    "google_cloud_scheduler_job": Part("scheduler", "cloud-scheduler", facts=(("schedule", "schedule", "schedule"),)),
    "google_workflows_workflow": Part("scheduler", "", reason="a workflow"),
    "google_composer_environment": Part("scheduler", "airflow"),
    "google_dataflow_job": Part("stream-processor", "beam"),
    "google_dataflow_flex_template_job": Part("stream-processor", "beam"),
    "google_compute_url_map": Part(
        "load-balancer", "gcp-load-balancer", fixed=(("exposed", "public", "a global load balancer"),)
    ),
    "google_compute_region_url_map": Part("load-balancer", "gcp-load-balancer"),
    "google_api_gateway_api": Part("gateway", "", ("api_id",), fixed=(("exposed", "public", "an API Gateway"),)),
    "google_apigee_environment": Part("gateway", "", fixed=(("exposed", "public", "Apigee"),)),
    "google_compute_instance": Part(
        "", "", machine="machine_type", command=("metadata_startup_script", "metadata.startup-script"),
        facts=(("hardware.gpu", "guest_accelerator.type", "gpu"),
               ("hardware.gpus", "guest_accelerator.count", "positive")),
    ),
    "google_compute_instance_group_manager": Part("", "", facts=(("replicas", "target_size", "positive"),)),
    "google_compute_region_instance_group_manager": Part("", "", facts=(("replicas", "target_size", "positive"),)),
    "google_app_engine_standard_app_version": Part(
        "service", "", ("service",), env=("env_variables",), function=True,
        facts=(("replicas.min", "automatic_scaling.standard_scheduler_settings.min_instances", "number"),
               ("replicas.max", "automatic_scaling.standard_scheduler_settings.max_instances", "positive")),
    ),
}  # fmt: skip
_PUSHED: Final = (
    ("max_attempts", "dead_letter_policy.max_delivery_attempts", "positive"),
    ("redelivery_after", "ack_deadline_seconds", "seconds"),
)
WIRES: Final[dict[str, tuple[Wire, ...]]] = {
    "google_pubsub_subscription": (
        Wire("push_config.push_endpoint", "topic", "consumes", "a subscription that pushes", more=_PUSHED),
        Wire("topic", "dead_letter_policy.dead_letter_topic", "dead_letter", "the dead letters of a subscription"),
        Wire("topic", "bigquery_config.table", "writes", "a subscription that writes a table"),
        Wire("topic", "cloud_storage_config.bucket", "writes", "a subscription that writes a bucket"),
    ),
    "google_cloudfunctions2_function": (
        Wire("", "event_trigger.pubsub_topic", "consumes", "its trigger"),
        Wire("", "event_trigger.event_filters.value", "reads", "its trigger"),
    ),
    "google_cloudfunctions_function": (Wire("", "event_trigger.resource", "consumes", "its trigger"),),
    "google_eventarc_trigger": (
        Wire("destination.cloud_run_service.service", "transport.pubsub.topic", "consumes", "a trigger of Eventarc"),
        Wire("destination.cloud_run_service.service", "matching_criteria.value", "reads", "a trigger of Eventarc"),
        Wire("destination.workflow", "transport.pubsub.topic", "consumes", "a trigger of Eventarc"),
    ),
    "google_storage_notification": (Wire("bucket", "topic", "publishes", "notifications of its objects"),),
    "google_cloud_run_v2_service": (
        Wire("", "template.volumes.cloud_sql_instance.instances", "", "a mounted connection"),
        Wire("", "template.volumes.gcs.bucket", "reads", "a mounted bucket"),
    ),
    "google_cloud_run_service": (
        Wire("", "template|metadata|annotations|run.googleapis.com/cloudsql-instances", "", "a mounted connection"),
    ),
    "google_cloud_run_v2_job": (
        Wire("", "template.template.volumes.cloud_sql_instance.instances", "", "a mounted connection"),
        Wire("", "template.template.volumes.gcs.bucket", "reads", "a mounted bucket"),
    ),
    "google_cloud_scheduler_job": (
        Wire("", "http_target.uri", "triggers", "the target of the schedule"),
        Wire("", "pubsub_target.topic_name", "publishes", "the target of the schedule"),
    ),
    "google_workflows_workflow": (Wire("", "source_contents", "", "a step of the workflow"),),
    "google_compute_url_map": (
        Wire("", "default_service", "calls", "the default of the URL map"),
        Wire("", "path_matcher.default_service", "calls", "a path of the URL map"),
        Wire("", "path_matcher.path_rule.service", "calls", "a path of the URL map"),
        Wire("", "backend_service", "calls", "the default of the URL map", share="weight",
             each="default_route_action.weighted_backend_services"),
    ),
    "google_api_gateway_api_config": (Wire("api", "openapi_documents", "calls", "its OpenAPI document"),),
    "google_dataflow_job": (Wire("", "parameters", "", "a parameter of the job", "strong"),),
    "google_dataflow_flex_template_job": (Wire("", "parameters", "", "a parameter of the job", "strong"),),
}  # fmt: skip
WIRES["google_compute_region_url_map"] = WIRES["google_compute_url_map"]
STANDS_FOR: Final[dict[str, tuple[str, ...]]] = {
    "google_pubsub_subscription": ("topic",), "google_bigquery_table": ("dataset_id",),
    "google_bigquery_routine": ("dataset_id",), "google_sql_database": ("instance",), "google_sql_user": ("instance",),
    "google_spanner_database": ("instance",), "google_bigtable_table": ("instance_name",),
    "google_alloydb_instance": ("cluster",), "google_storage_bucket_object": ("bucket",),
    "google_compute_backend_service": ("backend.group",), "google_compute_region_backend_service": ("backend.group",),
    "google_compute_backend_bucket": ("bucket_name",),
    "google_compute_region_network_endpoint_group": ("cloud_run.service", "cloud_function.function"),
    "google_compute_target_http_proxy": ("url_map",), "google_compute_target_https_proxy": ("url_map",),
    "google_compute_global_forwarding_rule": ("target",), "google_compute_forwarding_rule": ("target",),
    "google_compute_global_address": (), "google_vertex_ai_index_endpoint_deployed_index": ("index_endpoint",),
    "google_vertex_ai_feature_online_store_featureview": ("feature_online_store",), "google_vertex_ai_index": (),
    "google_api_gateway_gateway": ("api_config",), "google_api_gateway_api_config": ("api",),
    "google_cloud_run_domain_mapping": ("spec.route_name",),
}  # fmt: skip
MEMBERS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "google_vertex_ai_index_endpoint_deployed_index": (("index", "index_endpoint"),),
    "google_compute_global_forwarding_rule": (("ip_address", "target"),),
    "google_compute_instance_group": (),
}  # fmt: skip
TAKEN: Final[dict[str, tuple[Field, ...]]] = {"google_pubsub_subscription": _PUSHED}
ALIASES: Final = {"google_cloud_run_v2_worker_pool": "google_cloud_run_v2_service"}
QUIET: Final = tuple(
    "google_iam_policy google_project google_service_account google_compute_ google_vpc_access google_artifact_ "
    "google_secret_manager "
    "google_container_node_pool google_container_registry google_kms_ google_dns_ google_logging_ google_monitoring_ "
    "google_pubsub_ google_storage_ google_bigquery_ google_sql_ google_spanner_ google_bigtable_ google_alloydb_ "
    "google_cloud_run_ google_cloudfunctions google_cloud_tasks_queue_iam google_vertex_ai_ google_iap_ google_iam_ "
    "google_organization google_folder google_billing google_client_config google_service_networking google_redis_ "
    "google_certificate_manager google_ssl google_eventarc_ google_cloudbuild google_sourcerepo google_app_engine_ "
    "google_firestore_ google_firebase google_api_gateway_ google_apigee_ google_network google_identity "
    "google_access_context google_workbench google_notebooks google_data_catalog google_dataplex google_service_usage "
    "google_tags google_cloud_identity google_memorystore_ google_dataproc_ google_document_ai google_gke_hub".split()
)
UNOPENED: Final = ("google_container_cluster", "google_deployment_manager_deployment")
GOOGLE: Final = Tables(PARTS, WIRES, STANDS_FOR, MEMBERS, QUIET, UNOPENED, TAKEN)
