"""Modules of the public registry in Terraform: what they make of their inputs, without fetching them."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.importers.terraform.registry import MODULES, module_of
from tests.importers.configurations import architecture, edges, facts, imported, parts

QUEUE = """
    module "scorer" {                                   # it names a module that comes later
      source               = "terraform-aws-modules/lambda/aws"
      version              = "7.14.0"
      function_name        = "score-orders"
      memory_size          = 2048
      timeout              = 45
      environment_variables = { TABLE = module.answers.dynamodb_table_id, BUCKET = module.artefacts["models"].s3_bucket_id }
      event_source_mapping = { orders = { event_source_arn = module.orders.queue_arn } }
    }
    module "orders" {
      source                     = "terraform-aws-modules/sqs/aws"
      name                       = "orders"
      visibility_timeout_seconds = 270
      create_dlq                 = true
      redrive_policy             = { maxReceiveCount = 4 }
    }
    module "answers" {
      source = "terraform-aws-modules/dynamodb-table/aws"
      name   = "answers"
    }
    module "artefacts" {
      source   = "terraform-aws-modules/s3-bucket/aws"
      for_each = { models = "acme-models" }
      bucket   = each.value
    }
    module "network" { source = "terraform-aws-modules/vpc/aws" }
"""


def test_modules_make_their_resources(tmp_path: Path) -> None:
    found = imported(tmp_path, QUEUE)
    assert parts(found) == {
        "score-orders": "worker aws-lambda", "orders": "queue sqs", "orders-dlq": "queue sqs",
        "answers": "database dynamodb", "acme-models": "object-store s3",
    }  # fmt: skip
    assert edges(found) == {
        ("score-orders", "consumes", "orders"), ("score-orders", "reads", "answers"), ("score-orders", "writes", "answers"),
        ("score-orders", "reads", "acme-models"),
    }  # fmt: skip
    assert facts(found, "score-orders")["hardware.memory"] == "2048MiB"
    assert facts(found, "orders")["dead_letter"] == "orders-dlq"
    assert any("vpc/aws: not drawn" in note for note in found.draft.notes)
    line = found.draft.components["orders"].site.shown
    assert line.endswith("main.tf:11"), line                 # the call of the module, in the user's file


def test_the_written_file_has_no_mistake(tmp_path: Path) -> None:
    assert set(architecture(tmp_path, QUEUE).components) == {
        "score-orders", "orders", "orders-dlq", "answers", "acme-models",
    }


@pytest.mark.parametrize("output", ["api_id", "apigatewayv2_api_id", "this_apigatewayv2_api_id"])
def test_outputs_of_all_versions_stand_for_the_resource(tmp_path: Path, output: str) -> None:
    found = imported(tmp_path, f"""
        module "front" {{
          source = "terraform-aws-modules/apigateway-v2/aws"
          name   = "front"
          routes = {{ "POST /predict" = {{ integration = {{ uri = module.fn.lambda_function_arn, timeout_milliseconds = 9000 }} }} }}
        }}
        module "fn" {{
          source        = "terraform-aws-modules/lambda/aws"
          function_name = "predict"
        }}
        resource "aws_lambda_function" "other" {{ function_name = "other" }}
        resource "aws_apigatewayv2_integration" "i" {{
          api_id          = module.front.{output}
          integration_uri = aws_lambda_function.other.invoke_arn
        }}
    """)
    assert {("front", "calls", "predict"), ("front", "calls", "other")} <= edges(found)


def test_services_of_ecs_with_their_load_balancer(tmp_path: Path) -> None:
    found = imported(tmp_path, """
        module "alb" {
          source = "terraform-aws-modules/alb/aws"
          name   = "front"
          target_groups = { ranker = { port = 8080 } }
        }
        module "cluster" {
          source   = "terraform-aws-modules/ecs/aws"
          cluster_name = "ml"
          services = {
            ranker = {
              cpu = 2048
              memory = 8192
              desired_count = 3
              load_balancer = { main = { target_group_arn = module.alb.target_groups["ranker"].arn, container_name = "r", container_port = 8080 } }
              container_definitions = {
                r = {
                  image = "acme/ranker:3"
                  port_mappings = [{ container_port = 8080 }]
                  environment = [{ name = "CACHE", value = module.cache.replication_group_primary_endpoint_address }]
                }
              }
            }
          }
        }
        module "cache" {
          source = "terraform-aws-modules/elasticache/aws"
          replication_group_id = "features"
          engine = "redis"
        }
    """)
    assert {("front", "calls", "ranker"), ("ranker", "reads", "features")} <= edges(found)
    assert (found.draft.components["ranker"].facts["image"].text, facts(found, "ranker")["replicas"]) == ("acme/ranker:3", "3")
    assert parts(found)["features"] == "cache redis"


def test_a_module_without_inputs_is_read(tmp_path: Path) -> None:
    """Every known module, called with a name only, and with inputs of other types than it asks for."""
    for number, name in enumerate(MODULES):
        head, _, tail = name.partition("//")
        source = f"terraform-aws-modules/{head}/aws{'//' + tail if tail else ''}"
        assert module_of(source) == name
        odd = "services = [1, {}]\nroutes = 3\nevent_source_mapping = null\ncontainer_definitions = 4\nredrive_policy = []"
        found = imported(tmp_path / str(number), f'module "m" {{\nsource = "{source}"\n{odd}\n}}\noutput "x" {{ value = module.m.arn }}')
        assert len(found.draft.components) <= 2


def test_modules_of_others_are_named(tmp_path: Path) -> None:
    found = imported(tmp_path, 'module "m" { source = "acme/sqs/aws" }\nmodule "n" { source = var.where }\nresource "aws_sqs_queue" "q" {}')
    assert any("1 × module acme/sqs/aws: not in these files" in note for note in found.draft.notes)
    assert set(found.draft.components) == {"q"}
