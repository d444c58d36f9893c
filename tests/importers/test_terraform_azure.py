"""A serving system on Azure in Terraform: exactly its components, relations and facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.importers.importing import Imported
from tests.importers.configurations import architecture, attributes, edges, facts, imported, parts

SYSTEM = r"""
provider "azurerm" {
  features {}
}
resource "azurerm_resource_group" "main" {
  name     = "serving"
  location = "westeurope"
}
resource "azurerm_container_app_environment" "main" { name = "main" }

resource "azurerm_container_app" "api" {
  name = "api"
  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.api.id]
  }
  secret {
    name  = "redis"
    value = azurerm_redis_cache.cache.primary_connection_string
  }
  template {
    min_replicas = 2
    max_replicas = 10
    container {
      name   = "api"
      image  = "acme.azurecr.io/api:2.0"
      cpu    = 0.5
      memory = "1Gi"
      env {
        name  = "OPENAI_ENDPOINT"
        value = azurerm_cognitive_account.openai.endpoint
      }
      env {
        name        = "REDIS_CONNECTION"
        secret_name = "redis"
      }
      env {
        name  = "RANKER_URL"
        value = "https://ranker.westeurope.inference.ml.azure.com/score"
      }
      env {
        name  = "COSMOS"
        value = azurerm_cosmosdb_account.profiles.endpoint
      }
      readiness_probe {
        transport = "HTTP"
        port      = 8080
        path      = "/ready"
      }
    }
  }
  ingress {
    external_enabled = true
    target_port      = 8080
    traffic_weight {
      percentage      = 100
      latest_revision = true
    }
  }
}
resource "azurerm_user_assigned_identity" "api" { name = "api" }
resource "azurerm_role_assignment" "api_sends" {
  scope                = azurerm_servicebus_queue.embed.id
  role_definition_name = "Azure Service Bus Data Sender"
  principal_id         = azurerm_user_assigned_identity.api.principal_id
}

resource "azurerm_servicebus_namespace" "bus" { name = "bus" }
resource "azurerm_servicebus_queue" "embed" {
  name               = "embed"
  namespace_id       = azurerm_servicebus_namespace.bus.id
  max_delivery_count = 5
  lock_duration      = "PT2M"
}
resource "azurerm_container_app" "embedder" {
  name = "embedder"
  template {
    min_replicas = 0
    max_replicas = 8
    container {
      name   = "embedder"
      image  = "acme.azurecr.io/embedder:4"
      cpu    = 2
      memory = "4Gi"
      env {
        name  = "SEARCH_ENDPOINT"
        value = "https://${azurerm_search_service.vectors.name}.search.windows.net"
      }
    }
    custom_scale_rule {
      name             = "queue"
      custom_rule_type = "azure-servicebus"
      metadata = {
        queueName    = azurerm_servicebus_queue.embed.name
        messageCount = "5"
      }
    }
  }
}
resource "azurerm_search_service" "vectors" {
  name          = "acme-vectors"
  sku           = "standard"
  replica_count = 3
}
resource "azurerm_cognitive_account" "openai" {
  name = "acme-openai"
  kind = "OpenAI"
}
resource "azurerm_cognitive_deployment" "chat" {
  name                 = "chat"
  cognitive_account_id = azurerm_cognitive_account.openai.id
  model {
    format  = "OpenAI"
    name    = "gpt-4o-mini"
    version = "2024-07-18"
  }
  sku {
    name     = "Standard"
    capacity = 120
  }
}
resource "azurerm_redis_cache" "cache" { name = "cache" }
resource "azurerm_cosmosdb_account" "profiles" {
  name     = "profiles"
  location = azurerm_resource_group.main.location
}

resource "azurerm_machine_learning_workspace" "ml" {
  name                    = "ml"
  storage_account_id      = azurerm_storage_account.data.id
  application_insights_id = azurerm_application_insights.watch.id
}
resource "azapi_resource" "ranker" {
  type      = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2023-10-01"
  name      = "ranker"
  parent_id = azurerm_machine_learning_workspace.ml.id
  body = {
    properties = {
      authMode            = "Key"
      publicNetworkAccess = "Disabled"
      traffic             = { blue = 90, green = 10 }
    }
  }
}
resource "azapi_resource" "blue" {
  type      = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments@2023-10-01"
  name      = "blue"
  parent_id = azapi_resource.ranker.id
  body = jsonencode({
    sku = { name = "Default", capacity = 3 }
    properties = {
      model        = "azureml://registries/acme/models/ranker/versions/7"
      instanceType = "Standard_NC24ads_A100_v4"
      requestSettings = { maxConcurrentRequestsPerInstance = 4 }
    }
  })
}
resource "azapi_resource" "green" {
  type      = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments@2023-10-01"
  name      = "green"
  parent_id = azapi_resource.ranker.id
  body = {
    sku = { name = "Default", capacity = 1 }
    properties = {
      model         = "azureml://registries/acme/models/ranker/versions/8"
      instanceType  = "Standard_NC4as_T4_v3"
      scaleSettings = { scaleType = "TargetUtilization", minInstances = 1, maxInstances = 4 }
    }
  }
}

resource "azurerm_storage_account" "data" { name = "acmedata" }
resource "azurerm_storage_container" "uploads" {
  name               = "uploads"
  storage_account_id = azurerm_storage_account.data.id
}
resource "azurerm_service_plan" "functions" { name = "functions" }
resource "azurerm_linux_function_app" "ingest" {
  name = "ingest"
  app_settings = {
    AzureWebJobsStorage                   = azurerm_storage_account.data.primary_connection_string
    UPLOADS                               = azurerm_storage_container.uploads.name
    EVENTS                                = azurerm_eventhub.clicks.name
    APPLICATIONINSIGHTS_CONNECTION_STRING = azurerm_application_insights.watch.connection_string
  }
}
resource "azurerm_eventhub_namespace" "hub" { name = "hub" }
resource "azurerm_eventhub" "clicks" {
  name            = "clicks"
  namespace_id    = azurerm_eventhub_namespace.hub.id
  partition_count = 8
}
resource "azurerm_application_insights" "watch" { name = "watch" }
resource "azurerm_container_app_job" "nightly" {
  name = "nightly"
  schedule_trigger_config { cron_expression = "0 2 * * *" }
  template {
    container {
      name    = "train"
      image   = "acme.azurecr.io/trainer:1"
      command = ["python", "train.py"]
      cpu     = 4
      memory  = "8Gi"
    }
  }
}
resource "azurerm_kubernetes_cluster" "aks" { name = "aks" }
"""


@pytest.fixture
def found(tmp_path: Path) -> Imported:
    return imported(tmp_path, SYSTEM)


def test_it_reads_as_an_architecture(tmp_path: Path) -> None:
    assert "api" in architecture(tmp_path, SYSTEM).components


def test_components(found: Imported) -> None:
    assert parts(found) == {
        "api": "service", "embed": "queue azure-service-bus", "embed-dead-letters": "queue azure-service-bus",
        "embedder": "worker", "acme-vectors": "vector-store azure-ai-search", "acme-openai": "external azure-openai",
        "cache": "cache redis", "profiles": "database cosmos-db", "ml": "model-registry azure-ml", "ranker": "gateway",
        "ranker-blue": "model-server azure-ml", "ranker-green": "model-server azure-ml",
        "acmedata": "object-store azure-blob", "ingest": "service azure-functions", "clicks": "queue azure-event-hubs",
        "watch": "monitoring", "nightly": "training-job", "users": "client",
    }  # fmt: skip


def test_relations(found: Imported) -> None:
    assert edges(found) == {
        ("api", "calls", "acme-openai"), ("api", "calls", "ranker"), ("api", "reads", "cache"),
        ("api", "reads", "profiles"), ("api", "writes", "profiles"), ("api", "publishes", "embed"),
        ("embedder", "consumes", "embed"), ("embedder", "reads", "acme-vectors"), ("ml", "writes", "acmedata"),
        ("ml", "monitored_by", "watch"), ("ranker", "calls", "ranker-blue"), ("ranker", "calls", "ranker-green"),
        ("ingest", "reads", "acmedata"), ("ingest", "publishes", "clicks"), ("ingest", "monitored_by", "watch"),
        ("users", "calls", "api"),
    }  # fmt: skip


def test_attributes_of_relations(found: Imported) -> None:
    assert attributes(found) == {
        ("embedder", "consumes", "embed"): {"max_attempts": "5", "redelivery_after": "120s"},
        ("ranker", "calls", "ranker-blue"): {"share": "90%"},
        ("ranker", "calls", "ranker-green"): {"share": "10%"},
    }


def test_facts(found: Imported) -> None:
    expected = {
        "api": {
            "image": "acme.azurecr.io/api:2.0", "replicas.min": "2", "replicas.max": "10", "hardware.cpu": "0.5",
            "hardware.memory": "1GiB", "ready_check": "true", "exposed": "public",
        },
        "embed": {"dead_letter": "embed-dead-letters"},
        "embedder": {
            "image": "acme.azurecr.io/embedder:4", "replicas.min": "0", "replicas.max": "8", "hardware.cpu": "2",
            "hardware.memory": "4GiB",
        },
        "acme-vectors": {"replicas": "3"}, "acme-openai": {"rate_limit.tokens": "120k/min"},
        "ranker": {"exposed": "internal", "auth": "key"},
        "ranker-blue": {
            "replicas": "3", "hardware.gpu": "a100-80gb", "hardware.gpus": "1", "workers": "4",
            "loads_model": "at-start",
        },
        "ranker-green": {
            "replicas.min": "1", "replicas.max": "4", "hardware.gpu": "t4", "hardware.gpus": "1",
            "loads_model": "at-start",
        },
        "clicks": {"shards": "8"}, "profiles": {"regions": "westeurope"},
        "nightly": {
            "image": "acme.azurecr.io/trainer:1", "hardware.cpu": "4", "hardware.memory": "8GiB",
            "schedule": "0 2 * * *",
        },
    }  # fmt: skip
    assert {name: facts(found, name) for name in expected} == expected


def test_models_of_two_versions_are_two_models(found: Imported) -> None:
    assert [found.draft.components[f"ranker-{name}"].serves for name in ("blue", "green")] == [["ranker:7"], ["ranker:8"]]
    assert found.draft.components["acme-openai"].serves == ["gpt-4o-mini"]


def test_a_namespace_that_several_queues_share_names_none_of_them_for_certain(tmp_path: Path) -> None:
    found = imported(tmp_path, """
        resource "azurerm_servicebus_namespace" "bus" { name = "bus" }
        resource "azurerm_servicebus_queue" "a" {
          name         = "a"
          namespace_id = azurerm_servicebus_namespace.bus.id
        }
        resource "azurerm_servicebus_queue" "b" {
          name         = "b"
          namespace_id = azurerm_servicebus_namespace.bus.id
        }
        resource "azurerm_linux_function_app" "f" {
          name         = "f"
          app_settings = { BUS = azurerm_servicebus_namespace.bus.default_primary_connection_string }
        }
    """)
    assert not found.draft.components["f"].relations
    assert {one.target for one in found.draft.components["f"].weak} == {"a", "b"}


def test_an_app_that_only_sends_to_a_queue_is_no_worker(tmp_path: Path) -> None:
    system = architecture(tmp_path, """
        resource "azurerm_servicebus_queue" "q" { name = "q" }
        resource "azurerm_container_app" "sender" {
          name = "sender"
          identity { type = "SystemAssigned" }
          template {
            container {
              name  = "sender"
              image = "acme.azurecr.io/sender:1"
            }
          }
        }
        resource "azurerm_role_assignment" "sends" {
          scope                = azurerm_servicebus_queue.q.id
          role_definition_name = "Azure Service Bus Data Sender"
          principal_id         = azurerm_container_app.sender.identity[0].principal_id
        }
    """)
    assert system.components["sender"].kind == "service"
