"""A serving system on AWS in Terraform: exactly its components, relations and facts."""

from __future__ import annotations

import cProfile
from pathlib import Path

import pytest

from archlint.catalog.technologies import shipped_technologies
from archlint.importers.cloud import aws, azure, google
from archlint.importers.cloud.tables import FORMS
from archlint.importers.importing import Imported
from archlint.model.words import KINDS, VERBS
from tests.importers.configurations import architecture, attributes, edges, facts, imported, parts
from tests.importers.terraform_aws_system import SYSTEM


@pytest.fixture
def found(tmp_path: Path) -> Imported:
    return imported(tmp_path, SYSTEM)


def test_it_reads_as_an_architecture(tmp_path: Path) -> None:
    assert "ranker" in architecture(tmp_path, SYSTEM).components


def test_components(found: Imported) -> None:
    assert parts(found) == {
        "public": "load-balancer aws-alb", "web": "service fargate", "canary": "service fargate", "cache": "cache redis",
        "main": "database postgresql", "search": "database opensearch", "embed": "queue sqs", "dead": "queue sqs",
        "embedder": "worker aws-lambda", "vectors": "vector-store opensearch", "models": "object-store s3",
        "captured": "object-store s3", "ranker": "model-server sagemaker", "events": "gateway aws-api-gateway",
        "collect": "service aws-lambda", "clicks": "queue kinesis", "archive": "queue",
        "features": "worker aws-lambda", "features-dynamodb-table": "database dynamodb",
        "nightly": "scheduler eventbridge", "training": "scheduler step-functions", "train": "training-job",
        "tell": "service aws-lambda", "trained": "queue", "check": "service aws-lambda", "llm": "model-server vllm",
        "openai": "external openai", "users": "client",
    }  # fmt: skip


def test_relations(found: Imported) -> None:
    of_web = {
        (name, verb, target)
        for name in ("web", "canary")
        for verb, target in (
            ("calls", "ranker"), ("calls", "openai"), ("reads", "cache"), ("reads", "main"), ("writes", "main"),
            ("reads", "search"), ("writes", "search"), ("publishes", "embed"),
        )
    }  # fmt: skip
    assert edges(found) == of_web | {
        ("public", "calls", "web"), ("public", "calls", "canary"), ("embedder", "reads", "vectors"),
        ("embedder", "consumes", "embed"), ("ranker", "loads", "models"), ("ranker", "logs_to", "captured"),
        ("events", "calls", "collect"), ("collect", "publishes", "clicks"), ("clicks", "publishes", "archive"),
        ("archive", "writes", "captured"), ("features", "consumes", "clicks"),
        ("features", "reads", "features-dynamodb-table"), ("features", "writes", "features-dynamodb-table"),
        ("nightly", "triggers", "training"), ("training", "triggers", "train"), ("training", "calls", "tell"),
        ("tell", "publishes", "trained"), ("trained", "publishes", "embed"), ("check", "reads", "captured"),
        ("users", "calls", "public"), ("users", "calls", "events"), ("users", "calls", "llm"),
    }  # fmt: skip


def test_attributes_of_relations(found: Imported) -> None:
    assert attributes(found) == {
        ("public", "calls", "web"): {"share": "95%", "timeout": "30s"},
        ("public", "calls", "canary"): {"share": "5%", "timeout": "30s"},
        ("embedder", "consumes", "embed"): {"max_attempts": "4", "redelivery_after": "300s"},
        ("features", "consumes", "clicks"): {"max_attempts": "2"},
        ("events", "calls", "collect"): {"timeout": "5000ms"},
    }


def test_facts(found: Imported) -> None:
    region = {"regions": "eu-west-1"}
    of_task = {"hardware.cpu": "1", "hardware.memory": "2048MiB", "ready_check": "true"}
    expected = {
        "public": {"exposed": "public"},
        "web": {**of_task, "replicas.min": "3", "replicas.max": "12", "replicas.on": "ECSServiceAverageCPUUtilization"},
        "canary": {**of_task, "replicas": "1"},
        "cache": {"replicas": "2", "zones": "2"},
        "main": {"zones": "2", "hardware.cpu": "4", "hardware.memory": "32GiB"},
        "embed": {"dead_letter": "dead"},
        "embedder": {"hardware.memory": "3008MiB", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/embedder:7"},
        "ranker": {
            "replicas": "2", "hardware.cpu": "4", "hardware.memory": "16GiB", "loads_model": "at-start",
            "image": "763104351884.dkr.ecr.eu-west-1.amazonaws.com/sklearn:1.2",
        },
        "events": {"exposed": "public", "rate_limit.requests": "200/s"},
        "collect": {"limit": "50"}, "clicks": {"shards": "4"}, "nightly": {"schedule": "0 3 * * *"},
        "train": {"image": "acme/trainer:3", "hardware.cpu": "8", "hardware.memory": "32768MiB", "hardware.gpus": "1"},
        "llm": {"replicas": "2", "hardware.gpu": "a10g", "hardware.gpus": "1", "loads_model": "at-start"},
        "search": {"replicas": "3"},
    }  # fmt: skip
    assert {name: facts(found, name) for name in expected} == {name: one | region for name, one in expected.items()}


def test_each_relation_says_where_it_comes_from(found: Imported) -> None:
    web = {one.target: one for one in found.draft.components["web"].relations}
    assert web["ranker"].derivation == "its role allows sagemaker:InvokeEndpoint"
    assert web["ranker"].strength == "fair"
    assert web["cache"].derivation == "CACHE_HOST in the environment"
    line = SYSTEM.splitlines()[int(web["cache"].site.shown.rpartition(":")[2]) - 1]
    assert "CACHE_HOST" in line


def test_a_right_to_everything_says_nothing(found: Imported) -> None:
    assert ("web", "publishes", "clicks") not in edges(found)


def test_models(found: Imported) -> None:
    assert found.draft.components["ranker"].serves == ["ranker-v3"]
    assert {key: fact.text for key, fact in found.draft.models["org/chat-8b"].items()} == {"context": "8192"}


def test_what_is_infrastructure_is_counted(found: Imported) -> None:
    (note,) = found.draft.notes
    assert note.startswith("17 × infrastructure and settings (15 types")


def test_work_grows_with_the_number_of_resources(tmp_path: Path) -> None:
    def calls(number: int) -> int:
        text = "".join(
            f'resource "aws_ecs_service" "s{n}" {{\n  name = "s{n}"\n  task_definition = aws_ecs_task_definition.t{n}.arn\n}}\n'
            f'resource "aws_ecs_task_definition" "t{n}" {{\n  task_role_arn = aws_iam_role.r{n}.arn\n'
            f'  container_definitions = jsonencode([{{ name = "c", image = "c", environment = [{{ name = "Q", value = aws_sqs_queue.q{n}.url }}] }}])\n}}\n'
            f'resource "aws_iam_role" "r{n}" {{}}\nresource "aws_sqs_queue" "q{n}" {{ name = "q{n}" }}\n'
            f'resource "aws_appautoscaling_target" "a{n}" {{\n  resource_id = "service/x/${{aws_ecs_service.s{n}.name}}"\n  min_capacity = 1\n}}\n'
            f'resource "aws_iam_role_policy" "p{n}" {{\n  role = aws_iam_role.r{n}.id\n'
            f'  policy = jsonencode({{ Statement = [{{ Action = "sqs:SendMessage", Resource = aws_sqs_queue.q{n}.arn }}] }})\n}}\n'
            for n in range(number)
        )  # fmt: skip
        profile = cProfile.Profile()
        profile.enable()
        found = imported(tmp_path / str(number), text)
        profile.disable()
        assert len(found.draft.components) == 2 * number + len({"users"} & set(found.draft.components))
        return sum(entry.callcount for entry in profile.getstats())

    calls(1)
    assert calls(80) < 6 * calls(20)


def test_every_row_of_the_tables_can_be_read() -> None:
    technologies = shipped_technologies()
    for tables in (aws.AWS, google.GOOGLE, azure.AZURE):
        for kind, part in tables.parts.items():
            fields = (*part.facts, *part.asks, *part.answers, *part.consumed)
            assert all(form in FORMS for _, _, form in fields), kind
            kinds = [(part.kind, part.uses), *(part.engine[1].values() if part.engine else ())]
            assert all(not one or one in KINDS for one, _ in kinds), kind
            assert all(not uses or technologies.get(uses) is not None for _, uses in kinds), kind
        for kind, wires in tables.wires.items():
            assert all(wire.verb in {"", "dead_letter", *VERBS} for wire in wires), kind
            assert all(form in FORMS for wire in wires for _, _, form in wire.more), kind


def test_a_template_of_a_data_source_is_filled(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "main.tf": """
            data "template_file" "task" {
              template = file("task.json")
              vars     = { image = "acme/web:2", queue = aws_sqs_queue.q.url }
            }
            resource "aws_ecs_task_definition" "web" {
              family                = "web"
              container_definitions = data.template_file.task.rendered
            }
            resource "aws_ecs_service" "web" {
              name            = "web"
              task_definition = aws_ecs_task_definition.web.arn
            }
            resource "aws_ecs_service" "same" {
              name            = "same"
              task_definition = aws_ecs_task_definition.same.arn
            }
            resource "aws_ecs_task_definition" "same" {
              container_definitions = templatefile("${path.module}/task.json", { image = "acme/web:2", queue = aws_sqs_queue.q.url })
            }
            resource "aws_sqs_queue" "q" { name = "q" }
        """,
        "task.json": '[{"name": "web", "image": "${image}", "portMappings": [{"containerPort": 80}], "environment": [{"name": "QUEUE", "value": "${queue}"}]}]',
    })  # fmt: skip
    for name in ("web", "same"):
        assert facts(found, name)["image"] == "acme/web:2"
        assert (name, "publishes", "q") in edges(found)


def test_a_resource_without_a_name_of_its_own_has_that_of_its_module(tmp_path: Path) -> None:
    queue = 'variable "name" {}\nresource "aws_sqs_queue" "this" { name = var.name }\n'
    found = imported(tmp_path, {
        "main.tf": 'variable "p" {}\nmodule "jobs" {\n  source = "./q"\n  name = "${var.p}-a"\n}\n'
                   'module "mails" {\n  source = "./q"\n  name = "${var.p}-b"\n}\n',
        "q/main.tf": queue,
    })  # fmt: skip
    assert set(found.draft.components) == {"jobs", "mails"}


def test_an_event_pattern_carries_messages_and_a_schedule_starts_jobs(tmp_path: Path) -> None:
    found = imported(tmp_path, """
        resource "aws_cloudwatch_event_rule" "orders" {
          name          = "orders"
          event_pattern = jsonencode({ source = ["shop"] })
        }
        resource "aws_cloudwatch_event_target" "orders" {
          rule = aws_cloudwatch_event_rule.orders.name
          arn  = aws_lambda_function.f.arn
        }
        resource "aws_lambda_function" "f" { function_name = "f" }
    """)
    assert parts(found) == {"orders": "queue eventbridge", "f": "worker aws-lambda"}
    assert edges(found) == {("f", "consumes", "orders")}


def test_many_resources_of_one_name_have_names_of_their_own(tmp_path: Path) -> None:
    long = "q" * 130
    found = imported(tmp_path, "\n".join(f'resource "aws_sqs_queue" "q{n}" {{ name = "{long}" }}' for n in range(1200)))
    assert len(found.draft.components) == 1200
