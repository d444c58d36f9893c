"""A serving system on Google Cloud in Terraform: exactly its components, relations and facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.importers.importing import Imported
from tests.importers.configurations import architecture, attributes, edges, facts, imported, parts

SYSTEM = r"""
provider "google" {
  project = "acme"
  region  = "europe-west4"
}
locals { image = "europe-docker.pkg.dev/acme/apps" }

resource "google_cloud_run_v2_service" "api" {
  name     = "api"
  location = "europe-west4"
  ingress  = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  template {
    service_account                  = google_service_account.api.email
    timeout                          = "20s"
    max_instance_request_concurrency = 40
    scaling {
      min_instance_count = 2
      max_instance_count = 20
    }
    containers {
      image = "${local.image}/api:1.9"
      resources { limits = { cpu = "2", memory = "1Gi" } }
      env {
        name  = "LLM_URL"
        value = google_cloud_run_v2_service.llm.uri
      }
      env {
        name  = "REDIS_HOST"
        value = google_redis_instance.cache.host
      }
      env {
        name = "DB_PASSWORD"
        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.db.secret_id
            version = "latest"
          }
        }
      }
      startup_probe {
        http_get { path = "/ready" }
      }
    }
    volumes {
      name = "cloudsql"
      cloud_sql_instance { instances = [google_sql_database_instance.main.connection_name] }
    }
  }
}
resource "google_service_account" "api" { account_id = "api" }
resource "google_secret_manager_secret" "db" { secret_id = "db" }
resource "google_cloud_run_v2_service" "llm" {
  name = "llm"
  template {
    timeout = "120s"
    scaling { max_instance_count = 3 }
    node_selector { accelerator = "nvidia-l4" }
    containers {
      image = "vllm/vllm-openai:v0.6.0"
      args  = ["--model", "org/small-8b", "--max-model-len", "8192"]
      resources { limits = { cpu = "8", memory = "32Gi", "nvidia.com/gpu" = "1" } }
      ports { container_port = 8000 }
    }
    volumes {
      name = "weights"
      gcs { bucket = google_storage_bucket.weights.name }
    }
  }
}
resource "google_cloud_run_v2_service_iam_member" "llm" {
  name   = google_cloud_run_v2_service.llm.name
  role   = "roles/run.invoker"
  member = "serviceAccount:${google_service_account.api.email}"
}
resource "google_pubsub_topic_iam_member" "api" {
  topic  = google_pubsub_topic.jobs.name
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:${google_service_account.api.email}"
}
resource "google_storage_bucket" "weights" { name = "acme-weights" }
resource "google_storage_bucket" "uploads" { name = "acme-uploads" }
resource "google_redis_instance" "cache" {
  name = "cache"
  tier = "STANDARD_HA"
}
resource "google_sql_database_instance" "main" {
  name             = "main"
  database_version = "POSTGRES_15"
  settings {
    tier              = "db-custom-4-16384"
    availability_type = "REGIONAL"
  }
}

resource "google_compute_region_network_endpoint_group" "api" {
  name = "api"
  cloud_run { service = google_cloud_run_v2_service.api.name }
}
resource "google_compute_backend_service" "api" {
  name = "api"
  backend { group = google_compute_region_network_endpoint_group.api.id }
}
resource "google_compute_url_map" "web" {
  name            = "web"
  default_service = google_compute_backend_service.api.id
}
resource "google_compute_target_https_proxy" "web" { url_map = google_compute_url_map.web.id }
resource "google_compute_global_forwarding_rule" "web" { target = google_compute_target_https_proxy.web.id }

resource "google_pubsub_topic" "jobs" { name = "jobs" }
resource "google_pubsub_topic" "dead" { name = "jobs-dead" }
resource "google_pubsub_subscription" "jobs" {
  name                 = "jobs-embedder"
  topic                = google_pubsub_topic.jobs.id
  ack_deadline_seconds = 120
  push_config { push_endpoint = "${google_cloud_run_v2_service.embedder.uri}/push" }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = 6
  }
}
resource "google_cloud_run_v2_service" "embedder" {
  name = "embedder"
  template {
    containers {
      image = "${local.image}/embedder:3"
      env {
        name  = "INDEX_ENDPOINT"
        value = google_vertex_ai_index_endpoint.vectors.id
      }
      env {
        name  = "DATASET"
        value = google_bigquery_table.predictions.dataset_id
      }
    }
  }
}
resource "google_pubsub_subscription" "audit" {
  name  = "jobs-audit"
  topic = google_pubsub_topic.jobs.id
}
resource "google_cloud_run_v2_service" "audit" {
  name = "audit"
  template {
    containers {
      image = "${local.image}/audit:3"
      env {
        name  = "SUBSCRIPTION"
        value = google_pubsub_subscription.audit.name
      }
    }
  }
}
resource "google_vertex_ai_index_endpoint" "vectors" { display_name = "vectors" }
resource "google_vertex_ai_endpoint_with_model_garden_deployment" "rerank" {
  publisher_model_name = "publishers/google/models/reranker@001"
  endpoint_config { endpoint_display_name = "rerank" }
  deploy_config {
    dedicated_resources {
      min_replica_count = 1
      max_replica_count = 4
      machine_spec {
        machine_type      = "g2-standard-12"
        accelerator_type  = "NVIDIA_L4"
        accelerator_count = 1
      }
    }
  }
}
resource "google_bigquery_dataset" "predictions" { dataset_id = "predictions" }
resource "google_bigquery_table" "predictions" {
  dataset_id = google_bigquery_dataset.predictions.dataset_id
  table_id   = "rows"
}

resource "google_cloudfunctions2_function" "ingest" {
  name = "ingest"
  service_config {
    available_memory   = "512M"
    timeout_seconds    = 60
    max_instance_count = 10
  }
  event_trigger {
    event_type = "google.cloud.storage.object.v1.finalized"
    event_filters {
      attribute = "bucket"
      value     = google_storage_bucket.uploads.name
    }
  }
}
resource "google_cloud_scheduler_job" "nightly" {
  name     = "nightly"
  schedule = "30 2 * * *"
  http_target { uri = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.train.id}:run" }
}
resource "google_cloud_run_v2_job" "train" {
  name = "train"
  template {
    template {
      containers {
        image = "${local.image}/trainer:5"
        args  = ["python", "-m", "train"]
        resources { limits = { cpu = "4", memory = "16Gi" } }
        env {
          name  = "OUTPUT"
          value = "gs://${google_storage_bucket.weights.name}/ranker"
        }
      }
    }
  }
}
resource "google_container_cluster" "gpu" { name = "gpu" }
"""


@pytest.fixture
def found(tmp_path: Path) -> Imported:
    return imported(tmp_path, SYSTEM)


def test_it_reads_as_an_architecture(tmp_path: Path) -> None:
    assert "api" in architecture(tmp_path, SYSTEM).components


def test_components(found: Imported) -> None:
    assert parts(found) == {
        "api": "service cloud-run", "llm": "model-server vllm", "acme-weights": "object-store gcs",
        "acme-uploads": "object-store gcs", "cache": "cache redis", "main": "database postgresql",
        "web": "load-balancer gcp-load-balancer", "jobs": "queue pubsub", "jobs-dead": "queue pubsub",
        "embedder": "worker cloud-run", "audit": "worker cloud-run", "vectors": "vector-store vertex-ai",
        "rerank": "model-server vertex-ai", "predictions": "warehouse bigquery", "ingest": "service cloud-run",
        "nightly": "scheduler cloud-scheduler", "train": "training-job cloud-run", "users": "client",
    }  # fmt: skip


def test_relations(found: Imported) -> None:
    assert edges(found) == {
        ("api", "calls", "llm"), ("api", "reads", "cache"), ("api", "reads", "main"), ("api", "writes", "main"),
        ("api", "publishes", "jobs"), ("llm", "reads", "acme-weights"), ("web", "calls", "api"),
        ("embedder", "consumes", "jobs"), ("embedder", "reads", "vectors"), ("embedder", "reads", "predictions"),
        ("audit", "consumes", "jobs"), ("ingest", "reads", "acme-uploads"), ("nightly", "triggers", "train"),
        ("train", "reads", "acme-weights"), ("users", "calls", "web"), ("users", "calls", "rerank"),
    }  # fmt: skip


def test_attributes_of_relations(found: Imported) -> None:
    assert attributes(found) == {
        ("api", "calls", "llm"): {"timeout": "120s"},
        ("web", "calls", "api"): {"timeout": "20s"},
        ("embedder", "consumes", "jobs"): {"max_attempts": "6", "redelivery_after": "120s"},
    }


def test_facts(found: Imported) -> None:
    expected = {
        "api": {
            "image": "europe-docker.pkg.dev/acme/apps/api:1.9", "replicas.min": "2", "replicas.max": "20",
            "hardware.cpu": "2", "hardware.memory": "1GiB", "workers": "40", "ready_check": "true",
            "exposed": "internal",
        },
        "llm": {
            "image": "vllm/vllm-openai:v0.6.0", "replicas.max": "3", "hardware.cpu": "8", "hardware.memory": "32GiB",
            "hardware.gpu": "nvidia-l4", "hardware.gpus": "1", "loads_model": "at-start",
        },
        "cache": {"replicas": "2"}, "main": {"zones": "2"}, "web": {"exposed": "public"},
        "jobs": {"dead_letter": "jobs-dead"}, "nightly": {"schedule": "30 2 * * *"},
        "rerank": {
            "replicas.min": "1", "replicas.max": "4", "hardware.gpu": "nvidia-l4", "hardware.gpus": "1",
            "loads_model": "at-start",
        },
        "ingest": {"replicas.max": "10", "hardware.memory": "512MB"},
        "train": {
            "image": "europe-docker.pkg.dev/acme/apps/trainer:5", "hardware.cpu": "4", "hardware.memory": "16GiB",
        },
    }  # fmt: skip
    region = {"regions": "europe-west4"}
    assert {name: facts(found, name) for name in expected} == {name: one | region for name, one in expected.items()}


def test_who_takes_from_a_subscription_consumes(found: Imported) -> None:
    (relation,) = found.draft.components["audit"].relations
    assert (relation.verb, relation.derivation) == ("consumes", "SUBSCRIPTION in the environment")


def test_models(found: Imported) -> None:
    assert found.draft.components["llm"].serves == ["org/small-8b"]
    assert {key: fact.text for key, fact in found.draft.models["org/small-8b"].items()} == {"context": "8192"}


def test_a_cluster_is_named_and_not_opened(found: Imported) -> None:
    assert any("google_container_cluster `gpu`: its workloads are defined elsewhere" in note for note in found.draft.notes)


def test_a_policy_that_lets_everybody_in_exposes_a_service(tmp_path: Path) -> None:
    found = imported(tmp_path, """
        data "google_iam_policy" "everybody" {
          binding {
            role    = "roles/run.invoker"
            members = ["allUsers"]
          }
        }
        resource "google_cloud_run_v2_service_iam_policy" "api" {
          name        = google_cloud_run_v2_service.api.name
          policy_data = data.google_iam_policy.everybody.policy_data
        }
        resource "google_cloud_run_v2_service" "api" { name = "api" }
    """)
    assert facts(found, "api") == {"exposed": "public"}
