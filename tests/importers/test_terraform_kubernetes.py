"""Workloads of Kubernetes that Terraform states, beside the resources of a cloud that they use."""

from __future__ import annotations

from pathlib import Path

from tests.importers.configurations import architecture, edges, facts, imported, parts

SYSTEM = r"""
provider "aws" { region = "eu-west-1" }
resource "aws_eks_cluster" "main" { name = "main" }
resource "kubernetes_namespace" "ml" {
  metadata { name = "ml" }
}
resource "aws_sqs_queue" "jobs" { name = "jobs" }
resource "kubernetes_config_map_v1" "settings" {
  metadata {
    name      = "settings"
    namespace = kubernetes_namespace.ml.metadata[0].name
  }
  data = { LLM_URL = "http://llm.ml.svc.cluster.local:8000" }
}
resource "kubernetes_deployment_v1" "api" {
  metadata {
    name      = "api"
    namespace = kubernetes_namespace.ml.metadata[0].name
  }
  spec {
    replicas = 3
    selector {
      match_labels = { app = "api" }
    }
    template {
      metadata {
        labels = { app = "api" }
      }
      spec {
        container {
          name  = "api"
          image = "acme/api:1"
          env_from {
            config_map_ref { name = kubernetes_config_map_v1.settings.metadata[0].name }
          }
          env {
            name  = "JOBS"
            value = aws_sqs_queue.jobs.url
          }
          port { container_port = 8080 }
          readiness_probe {
            http_get {
              path = "/ready"
              port = 8080
            }
          }
        }
      }
    }
  }
}
resource "kubernetes_service_v1" "llm" {
  metadata {
    name      = "llm"
    namespace = "ml"
  }
  spec {
    selector = { app = kubernetes_deployment_v1.llm.spec[0].template[0].metadata[0].labels.app }
    port {
      port        = 8000
      target_port = 8000
    }
  }
}
resource "kubernetes_deployment_v1" "llm" {
  metadata {
    name      = "llm"
    namespace = "ml"
  }
  spec {
    selector {
      match_labels = { app = "llm" }
    }
    template {
      metadata {
        labels = { app = "llm" }
      }
      spec {
        container {
          name  = "llm"
          image = "vllm/vllm-openai:v0.6.0"
          args  = ["--model", "org/chat-8b"]
          resources {
            limits = { "nvidia.com/gpu" = "1", memory = "32Gi" }
          }
          port { container_port = 8000 }
        }
      }
    }
  }
}
resource "kubernetes_horizontal_pod_autoscaler_v2" "api" {
  metadata {
    name      = "api"
    namespace = "ml"
  }
  spec {
    min_replicas = 2
    max_replicas = 9
    scale_target_ref {
      kind = "Deployment"
      name = kubernetes_deployment_v1.api.metadata[0].name
    }
  }
}
resource "kubernetes_manifest" "cron" {
  manifest = {
    apiVersion = "batch/v1"
    kind       = "CronJob"
    metadata   = { name = "nightly", namespace = "ml" }
    spec = {
      schedule = "0 2 * * *"
      jobTemplate = { spec = { template = { spec = { containers = [{ name = "train", image = "acme/train:1", command = ["python", "train.py"] }] } } } }
    }
  }
}
resource "helm_release" "monitoring" {
  name  = "monitoring"
  chart = "kube-prometheus-stack"
}
"""


def test_workloads_and_the_resources_that_they_use_are_one_system(tmp_path: Path) -> None:
    found = imported(tmp_path, SYSTEM)
    assert parts(found) == {
        "jobs": "queue sqs", "api": "service", "llm": "model-server vllm", "nightly": "training-job", "users": "client",
    }  # fmt: skip
    assert edges(found) == {("api", "calls", "llm"), ("api", "publishes", "jobs"), ("users", "calls", "api")}
    assert facts(found, "api") == {
        "image": "acme/api:1", "replicas.min": "2", "replicas.max": "9", "ready_check": "true",
    }  # fmt: skip
    assert facts(found, "llm")["hardware.gpus"] == "1"
    assert facts(found, "nightly")["schedule"] == "0 2 * * *"
    assert found.draft.components["llm"].serves == ["org/chat-8b"]


def test_places_are_those_of_the_configuration(tmp_path: Path) -> None:
    found = imported(tmp_path, SYSTEM)
    (jobs,) = [one for one in found.draft.components["api"].relations if one.target == "jobs"]
    assert (jobs.derivation, jobs.strength) == ("JOBS in the environment", "strong")
    assert "aws_sqs_queue.jobs.url" in SYSTEM.splitlines()[int(jobs.site.shown.rpartition(":")[2]) - 1]


def test_it_reads_as_an_architecture(tmp_path: Path) -> None:
    assert "api" in architecture(tmp_path, SYSTEM).components


def test_charts_and_clusters_are_named_and_not_opened(tmp_path: Path) -> None:
    notes = imported(tmp_path, SYSTEM).draft.notes
    assert any("helm_release `monitoring`: its workloads are defined elsewhere" in note for note in notes)
    assert any(note.startswith("1 × infrastructure and settings (1 type, such as kubernetes_namespace)") for note in notes)
