"""A plan's JSON alone, and beside the configuration that it was made from."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from archlint.importers.importing import Imported
from archlint.importers.terraform import hcl
from archlint.importers.writing import write
from tests.importers.configurations import attributes, edges, facts, imported, parts

MAIN = """
    variable "workers" { default = 1 }
    variable "db_password" { sensitive = true }
    locals { prefix = "shop" }
    provider "aws" { region = "eu-central-1" }
    module "queue" {
      source = "./queue"
      name   = "${local.prefix}-jobs"
    }
    resource "aws_lambda_function" "api" {
      function_name = "${local.prefix}-api"
      memory_size   = 512
      timeout       = 10
      environment {
        variables = {
          JOBS        = module.queue.url
          TABLE       = aws_dynamodb_table.features.name
          DB_PASSWORD = var.db_password
        }
      }
    }
    resource "aws_lambda_function" "worker" {
      count         = var.workers
      function_name = "${local.prefix}-worker"
    }
    resource "aws_lambda_function" "extra" {
      count         = 0
      function_name = "extra"
    }
    resource "aws_lambda_event_source_mapping" "worker" {
      function_name    = aws_lambda_function.worker[0].arn
      event_source_arn = module.queue.arn
    }
    resource "aws_dynamodb_table" "features" { name = "features" }
    resource "aws_apigatewayv2_api" "http" { name = "http" }
    resource "aws_apigatewayv2_integration" "api" {
      api_id               = aws_apigatewayv2_api.http.id
      integration_uri      = aws_lambda_function.api.invoke_arn
      timeout_milliseconds = 9000
    }
"""
QUEUE = """
    variable "name" {}
    resource "aws_sqs_queue" "this" {
      name                       = var.name
      visibility_timeout_seconds = 90
      redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 3 })
    }
    resource "aws_sqs_queue" "dead" { name = "${var.name}-dead" }
    output "url" { value = aws_sqs_queue.this.url }
    output "arn" { value = aws_sqs_queue.this.arn }
"""
CONFIGURATION = {"main.tf": MAIN, "queue/main.tf": QUEUE}


def planned(address: str, values: dict[str, object], sensitive: dict[str, object] | None = None) -> dict[str, object]:
    """A resource of a plan."""
    *_, kind, name = address.partition("[")[0].split(".")
    found: dict[str, object] = {
        "address": address, "mode": "managed", "type": kind, "name": name, "values": values,
        "provider_name": "registry.terraform.io/hashicorp/aws", "sensitive_values": sensitive or {},
    }  # fmt: skip
    return found | ({"index": 0} if address.endswith("[0]") else {})


def refers(*names: str) -> dict[str, object]:
    """An expression of a plan's configuration, with the shorter forms of each reference that Terraform lists too."""
    every = [".".join(name.split(".")[:size]) for name in names for size in range(len(name.split(".")), 1, -1)]
    return {"references": every}


def configured(address: str, **expressions: object) -> dict[str, object]:
    kind, name = address.split(".")
    return {
        "address": address, "mode": "managed", "type": kind, "name": name, "provider_config_key": "aws",
        "expressions": expressions,
    }  # fmt: skip


def plan(**more: object) -> str:
    """The plan of the configuration above, as `terraform show -json` prints it."""
    secret = "hunter2"
    found = {
        "format_version": "1.2", "terraform_version": "1.11.4",
        "variables": {"workers": {"value": 1}, "db_password": {"value": secret}},
        "planned_values": {"root_module": {
            "resources": [
                planned("aws_apigatewayv2_api.http", {"name": "http"}),
                planned("aws_apigatewayv2_integration.api", {"timeout_milliseconds": 9000}),
                planned("aws_dynamodb_table.features", {"name": "features"}),
                planned(
                    "aws_lambda_function.api",
                    {"function_name": "shop-api", "memory_size": 512, "timeout": 10,
                     "environment": [{"variables": {"TABLE": "features", "DB_PASSWORD": secret}}]},
                    {"environment": [{"variables": {"DB_PASSWORD": True}}]},
                ),
                planned("aws_lambda_function.worker[0]", {"function_name": "shop-worker"}),
                planned("aws_lambda_event_source_mapping.worker", {}),
            ],
            "child_modules": [{"address": "module.queue", "resources": [
                planned("module.queue.aws_sqs_queue.this", {"name": "shop-jobs", "visibility_timeout_seconds": 90}),
                planned("module.queue.aws_sqs_queue.dead", {"name": "shop-jobs-dead"}),
            ]}],
        }},
        "resource_changes": [{
            "address": "aws_lambda_function.api",
            "change": {"actions": ["create"], "after_unknown": {"arn": True, "environment": [{"variables": {"JOBS": True}}]}},
        }],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-central-1"}}}},
            "root_module": {
                "resources": [
                    configured("aws_apigatewayv2_api.http", name={"constant_value": "http"}),
                    configured(
                        "aws_apigatewayv2_integration.api", api_id=refers("aws_apigatewayv2_api.http.id"),
                        integration_uri=refers("aws_lambda_function.api.invoke_arn"),
                    ),
                    configured("aws_dynamodb_table.features", name={"constant_value": "features"}),
                    configured(
                        "aws_lambda_function.api", function_name=refers("local.prefix"),
                        environment=[{"variables": refers(
                            "module.queue.url", "aws_dynamodb_table.features.name", "var.db_password"
                        )}],
                    ),
                    configured("aws_lambda_function.worker", function_name=refers("local.prefix")),
                    configured("aws_lambda_function.extra"),
                    configured(
                        "aws_lambda_event_source_mapping.worker", event_source_arn=refers("module.queue.arn"),
                        function_name={"references": ["aws_lambda_function.worker[0].arn", "aws_lambda_function.worker[0]",
                                                      "aws_lambda_function.worker"]},
                    ),
                ],
                "module_calls": {"queue": {
                    "source": "./queue", "expressions": {"name": refers("local.prefix")},
                    "module": {
                        "outputs": {"url": {"expression": refers("aws_sqs_queue.this.url")},
                                    "arn": {"expression": refers("aws_sqs_queue.this.arn")}},
                        "resources": [
                            configured("aws_sqs_queue.this", name=refers("var.name"),
                                       redrive_policy=refers("aws_sqs_queue.dead.arn")),
                            configured("aws_sqs_queue.dead", name=refers("var.name")),
                        ],
                    },
                }},
                "variables": {"workers": {"default": 1}, "db_password": {"sensitive": True}},
            },
        },
    }  # fmt: skip
    return json.dumps(found | more)


def shown(found: Imported) -> tuple[object, ...]:
    """All that an import says of the system, without places and reasons."""
    every = {name: facts(found, name) for name in found.draft.components}
    return parts(found), edges(found), attributes(found), every


def test_a_plan_says_what_its_configuration_says(tmp_path: Path) -> None:
    of_files = imported(tmp_path / "a", CONFIGURATION)
    of_plan = imported(tmp_path / "b", {"plan.json": plan()})
    # a policy that is not known before it is applied names its queue, and not the number of attempts
    stated = attributes(of_files)[("shop-worker", "consumes", "shop-jobs")]
    assert stated == {"max_attempts": "3", "redelivery_after": "90s"}
    assert parts(of_plan) == parts(of_files)
    assert edges(of_plan) == edges(of_files) == {
        ("shop-api", "publishes", "shop-jobs"), ("shop-api", "reads", "features"), ("shop-api", "writes", "features"),
        ("shop-worker", "consumes", "shop-jobs"), ("http", "calls", "shop-api"), ("users", "calls", "http"),
    }  # fmt: skip
    assert {name: facts(of_plan, name) for name in parts(of_plan)} == {
        name: facts(of_files, name) for name in parts(of_files)
    }
    assert attributes(of_plan)[("http", "calls", "shop-api")] == {"timeout": "9000ms"}


def test_a_plan_needs_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hcl._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter_hcl", None)
    try:
        found = imported(tmp_path, CONFIGURATION | {"plan.json": plan()})
    finally:
        hcl._parser.cache_clear()
    assert not found.errors
    assert ("shop-worker", "consumes", "shop-jobs") in edges(found)


def test_beside_its_configuration_a_plan_decides_what_is_open(tmp_path: Path) -> None:
    open_files = {
        "main.tf": MAIN.replace("memory_size   = 512", "memory_size   = var.memory").replace(
            "count         = 0", "count         = var.extra"
        ) + 'variable "memory" {}\nvariable "extra" {}\n',
        "queue/main.tf": QUEUE,
    }  # fmt: skip
    alone = imported(tmp_path / "a", open_files)
    assert "extra" in alone.draft.components and "hardware.memory" not in facts(alone, "shop-api")
    both = imported(tmp_path / "b", open_files | {"plan.json": plan()})
    assert "extra" not in both.draft.components
    assert facts(both, "shop-api")["hardware.memory"] == "512MiB"
    component = both.draft.components["shop-api"]
    assert component.site.shown.endswith("main.tf:10")
    assert attributes(both)[("shop-worker", "consumes", "shop-jobs")] == {"max_attempts": "3", "redelivery_after": "90s"}


def test_secrets_of_a_plan_are_not_kept(tmp_path: Path) -> None:
    for folder, files in (("a", {"plan.json": plan()}), ("b", CONFIGURATION | {"plan.json": plan()})):
        found = imported(tmp_path / folder, files)
        unit = found.draft.components["shop-api"].unit
        assert "hunter2" not in write(found.draft, "system", found.sources)
        assert not any("hunter2" in value.text + value.raw for value in unit.env.values())


def test_instances_with_numbers_are_one_component(tmp_path: Path) -> None:
    two = json.loads(plan())
    resources = two["planned_values"]["root_module"]["resources"]
    resources.append(planned("aws_lambda_function.worker[1]", {"function_name": "shop-worker"}))
    found = imported(tmp_path, {"plan.json": json.dumps(two)})
    assert [name for name in found.draft.components if "worker" in name] == ["shop-worker"]


def test_a_state_is_read_by_the_names_in_it(tmp_path: Path) -> None:
    arn = "arn:aws:sqs:eu-central-1:123456789012:jobs"
    state = {
        "format_version": "1.0", "terraform_version": "1.11.4",
        "values": {"root_module": {"resources": [
            planned("aws_sqs_queue.jobs", {"name": "jobs", "arn": arn}),
            planned("aws_lambda_function.worker", {"function_name": "worker"}),
            planned("aws_lambda_event_source_mapping.worker", {
                "event_source_arn": arn, "function_name": "arn:aws:lambda:eu-central-1:123456789012:function:worker",
            }),
        ]}},
    }  # fmt: skip
    assert edges(imported(tmp_path, {"state.json": json.dumps(state)})) == {("worker", "consumes", "jobs")}


@pytest.mark.parametrize(
    "text",
    [
        '{"format_version": "1.2", "planned_values": {"root_module": ',
        '{"format_version": "1.2", "planned_values": []}',
        '{"format_version": "1.2", "planned_values": {"root_module": {"resources": [1, null, {"address": "x"}]}}}',
        '{"format_version": "1.2", "planned_values": {"root_module": {"child_modules": ' + '[{"child_modules": ' * 60
        + "[]" + "}]" * 60 + "}}}",
    ],
)  # fmt: skip
def test_a_broken_plan_ends_with_a_result(tmp_path: Path, text: str) -> None:
    found = imported(tmp_path, {"plan.json": text})
    assert not found.draft.components
    assert found.left_out or found.errors or found.sources
