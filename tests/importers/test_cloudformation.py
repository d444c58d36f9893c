"""CloudFormation and SAM templates to architectures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from archlint.api import check_targets
from archlint.importers.importing import Imported
from archlint.importers.writing import write
from archlint.linter import Options
from tests.importers.cloudformation_system import SYSTEM
from tests.importers.configurations import architecture, attributes, edges, facts, imported, parts
from tests.importers.importing import write_files


@pytest.fixture
def found(tmp_path: Path) -> Imported:
    return imported(tmp_path, {"template.yaml": SYSTEM})


def test_it_reads_as_an_architecture(tmp_path: Path) -> None:
    assert "ranker" in architecture(tmp_path, {"template.yaml": SYSTEM}).components


def test_components(found: Imported) -> None:
    assert parts(found) == {
        "predict-prod": "service aws-lambda", "ServerlessHttpApi": "gateway aws-api-gateway",
        "Worker": "worker aws-lambda", "Refresh": "batch-job aws-lambda", "Refresh-Nightly": "scheduler eventbridge",
        "Jobs": "queue sqs", "DeadJobs": "queue sqs", "Features": "database dynamodb",
        "acme-prod-results": "object-store s3", "Uploaded": "queue", "ranker": "model-server sagemaker",
        "Web": "service fargate", "Balancer": "load-balancer aws-alb", "canary": "service aws-lambda",
        "users": "client",
    }  # fmt: skip


def test_relations(found: Imported) -> None:
    assert edges(found) == {
        ("predict-prod", "calls", "ranker"), ("predict-prod", "reads", "Features"), ("predict-prod", "publishes", "Jobs"),
        ("ServerlessHttpApi", "calls", "predict-prod"), ("Worker", "consumes", "Jobs"),
        ("Worker", "reads", "acme-prod-results"), ("Worker", "writes", "acme-prod-results"),
        ("Refresh", "writes", "Features"), ("Refresh-Nightly", "triggers", "Refresh"),
        ("acme-prod-results", "publishes", "Uploaded"), ("Uploaded", "publishes", "Jobs"),
        ("ranker", "loads", "acme-prod-results"), ("Web", "calls", "ServerlessHttpApi"), ("Balancer", "calls", "Web"),
        ("users", "calls", "Balancer"), ("users", "calls", "ServerlessHttpApi"),
    }  # fmt: skip


def test_attributes_and_facts(found: Imported) -> None:
    assert attributes(found) == {
        ("ServerlessHttpApi", "calls", "predict-prod"): {"timeout": "8000ms"},
        ("Worker", "consumes", "Jobs"): {"max_attempts": "5", "redelivery_after": "720s"},
    }
    expected = {
        "predict-prod": {"hardware.memory": "1024MiB"}, "Jobs": {"dead_letter": "DeadJobs"},
        "Refresh-Nightly": {"schedule": "0 3 * * *"}, "Balancer": {"exposed": "public"},
        "ranker": {
            "image": "763104351884.dkr.ecr.eu-west-1.amazonaws.com/xgboost:1.7", "replicas.min": "2",
            "replicas.max": "6", "hardware.gpu": "a10g", "hardware.gpus": "1", "loads_model": "at-start",
        },
        "Web": {
            "image": "acme/web:3", "replicas": "2", "hardware.cpu": "0.5", "hardware.memory": "1024MiB",
            "ready_check": "true",
        },
    }  # fmt: skip
    assert {name: facts(found, name) for name in expected} == expected


def test_places(found: Imported) -> None:
    (relation,) = [one for one in found.draft.components["predict-prod"].relations if one.verb == "publishes"]
    assert relation.derivation == "JOBS_URL in the environment"
    assert "JOBS_URL" in SYSTEM.splitlines()[int(relation.site.shown.rpartition(":")[2]) - 1]


def test_what_is_left_is_counted(found: Imported) -> None:
    notes = "\n".join(found.draft.notes)
    assert "`CanaryFunction` is disabled by a default value" in notes
    assert "1 × AWS::Quantum::Thing: a type that archlint does not read" in notes
    assert "6 × infrastructure and settings (6 types" in notes


def test_a_hidden_parameter_is_not_kept(found: Imported) -> None:
    assert "hunter2" not in write(found.draft, "system", found.sources)
    assert not any("hunter2" in value.text + value.raw for value in found.draft.components["predict-prod"].unit.env.values())


class _Long(yaml.SafeLoader):
    """Reads the short form of functions as the long one."""


def _long(loader: _Long, tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        value: object = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Long.add_multi_constructor("!", _long)


def test_json_with_the_long_form_of_functions_means_the_same(tmp_path: Path, found: Imported) -> None:
    text = json.dumps(yaml.load(SYSTEM, _Long), indent=1)
    again = imported(tmp_path / "json", {"stack.template.json": text})
    assert (parts(again), edges(again), attributes(again)) == (parts(found), edges(found), attributes(found))
    assert {name: facts(again, name) for name in parts(again)} == {name: facts(found, name) for name in parts(found)}


def test_both_spellings_of_a_system_mean_the_same(tmp_path: Path) -> None:
    of_terraform = imported(tmp_path / "a", """
        resource "aws_sqs_queue" "jobs" {
          name                       = "jobs"
          visibility_timeout_seconds = 60
        }
        resource "aws_kinesis_stream" "clicks" {
          name        = "clicks"
          shard_count = 2
        }
        resource "aws_lambda_function" "f" {
          function_name = "f"
          memory_size   = 256
          role          = aws_iam_role.f.arn
          environment { variables = { CLICKS = aws_kinesis_stream.clicks.name } }
        }
        resource "aws_iam_role" "f" {
          inline_policy {
            policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:PutObject", Resource = "${aws_s3_bucket.b.arn}/*" }] })
          }
        }
        resource "aws_s3_bucket" "b" { bucket = "b" }
        resource "aws_lambda_event_source_mapping" "m" {
          function_name    = aws_lambda_function.f.arn
          event_source_arn = aws_sqs_queue.jobs.arn
        }
        resource "aws_cloudwatch_event_rule" "hourly" {
          name                = "hourly"
          schedule_expression = "rate(1 hour)"
        }
        resource "aws_cloudwatch_event_target" "hourly" {
          rule = aws_cloudwatch_event_rule.hourly.name
          arn  = aws_sfn_state_machine.s.arn
        }
        resource "aws_sfn_state_machine" "s" {
          name       = "s"
          definition = jsonencode({ States = { A = { Resource = aws_lambda_function.f.arn } } })
        }
    """)
    of_template = imported(tmp_path / "b", {"t.yaml": """
        Resources:
          Queue: {Type: "AWS::SQS::Queue", Properties: {QueueName: jobs, VisibilityTimeout: 60}}
          Stream: {Type: "AWS::Kinesis::Stream", Properties: {Name: clicks, ShardCount: 2}}
          F:
            Type: AWS::Lambda::Function
            Properties:
              FunctionName: f
              MemorySize: 256
              Role: !GetAtt Role.Arn
              Environment: {Variables: {CLICKS: !Ref Stream}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              Policies:
                - PolicyName: write
                  PolicyDocument:
                    Statement: [{Effect: Allow, Action: "s3:PutObject", Resource: !Sub "${Bucket.Arn}/*"}]
          Bucket: {Type: "AWS::S3::Bucket", Properties: {BucketName: b}}
          Mapping:
            Type: AWS::Lambda::EventSourceMapping
            Properties: {FunctionName: !Ref F, EventSourceArn: !GetAtt Queue.Arn}
          Hourly:
            Type: AWS::Events::Rule
            Properties: {Name: hourly, ScheduleExpression: rate(1 hour), Targets: [{Id: a, Arn: !Ref Machine}]}
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              StateMachineName: s
              DefinitionString: !Sub '{"States": {"A": {"Resource": "${F.Arn}"}}}'
    """})
    assert parts(of_terraform) == parts(of_template)
    assert edges(of_terraform) == edges(of_template) == {
        ("f", "consumes", "jobs"), ("f", "publishes", "clicks"), ("f", "writes", "b"), ("hourly", "triggers", "s"),
        ("s", "calls", "f"),
    }  # fmt: skip
    assert attributes(of_terraform) == attributes(of_template)
    assert {name: facts(of_terraform, name) for name in parts(of_terraform)} == {
        name: facts(of_template, name) for name in parts(of_template)
    }


def test_stacks_inside_pass_parameters_in_and_outputs_out(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "root.yaml": """
            Resources:
              Data: {Type: "AWS::CloudFormation::Stack", Properties: {TemplateURL: ./inner/data.yaml, Parameters: {Name: jobs}}}
              Far: {Type: "AWS::CloudFormation::Stack", Properties: {TemplateURL: "https://example.com/x.yaml"}}
              F:
                Type: AWS::Lambda::Function
                Properties: {FunctionName: f, Environment: {Variables: {Q: !GetAtt Data.Outputs.Url}}}
        """,
        "inner/data.yaml": """
            Parameters: {Name: {Type: String}}
            Resources: {Queue: {Type: "AWS::SQS::Queue", Properties: {QueueName: !Ref Name}}}
            Outputs: {Url: {Value: !Ref Queue}}
        """,
    })  # fmt: skip
    assert edges(found) == {("f", "publishes", "jobs")}
    assert any("stack Far is not read" in note for note in found.draft.notes)


def test_exports_of_one_stack_are_imported_by_another(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "data.yaml": 'Resources: {Q: {Type: "AWS::SQS::Queue"}}\nOutputs: {U: {Value: !Ref Q, Export: {Name: shared-queue}}}\n',
        "app.yaml": """
            Resources:
              F:
                Type: AWS::Lambda::Function
                Properties: {Environment: {Variables: {Q: !ImportValue shared-queue}}}
        """,
    })  # fmt: skip
    assert edges(found) == {("F", "publishes", "Q")}


def test_a_condition_that_is_known_decides(tmp_path: Path) -> None:
    found = imported(tmp_path, {"t.yaml": """
        Conditions:
          Never: !Equals [a, b]
          Always: !Not [!Condition Never]
          Circle: !And [!Condition Circle, !Condition Always]
        Resources:
          A: {Type: "AWS::SQS::Queue", Condition: Never}
          B: {Type: "AWS::SQS::Queue", Condition: Always}
          C: {Type: "AWS::SQS::Queue", Condition: Circle, Properties: {QueueName: !If [Always, yes-name, no-name]}}
    """})
    assert set(parts(found)) == {"B", "yes-name"}


def test_a_finding_stands_at_the_line_of_the_template(tmp_path: Path) -> None:
    write_files(tmp_path, {"t.yaml": """
        Resources:
          A:
            Type: AWS::Lambda::Function
            Properties: {Environment: {Variables: {OTHER: !Ref B}}}
          B:
            Type: AWS::Lambda::Function
            Properties:
              Environment:
                Variables:
                  OTHER: !Ref A
    """})
    report = check_targets([tmp_path], Options(select=("REL007",)))
    (finding,) = report.findings
    assert (Path(finding.location.file).name, finding.location.line) == ("t.yaml", 11)


@pytest.mark.parametrize(
    "text",
    [
        'Resources: {A: {Type: "AWS::SQS::Queue", Properties: {QueueName: !Sub "${A}${B}${"}}}\n',
        'Resources: {A: {Type: "AWS::SQS::Queue", Properties: ' + '{"Fn::Join": ["", [' * 70 + '"x"' + "]]}" * 70 + "}}\n",
        'Resources: {A: {Type: "AWS::CloudFormation::Stack", Properties: {TemplateURL: t.yaml}}, B: {Type: "AWS::SQS::Queue"}}\n',
        'Resources: {A: {Type: "AWS::CloudFormation::Stack", Properties: {TemplateURL: ../../../etc/passwd}}}\n',
        'Resources: {A: {Type: "AWS::SQS::Queue", Properties: [1, 2]}, B: null, C: {Type: [x]}}\n',
        "Resources:\n  A: {Type: 'AWS::Lambda::Function', Properties: {Environment: {Variables: !If [x, y]}, Timeout: !Ref}}\n",
        "Resources:\n  A: {Type: 'AWS::Serverless::Function', Properties: {Events: {E: {Type: Api}, F: 1}, Policies: [x, {S3ReadPolicy: 1}]}}\n",
        "Resources:\n  A: {Type: 'AWS::SQS::Queue'\n",
    ],
)  # fmt: skip
def test_hostile_templates_end_with_a_result(tmp_path: Path, text: str) -> None:
    found = imported(tmp_path, {"t.yaml": text})
    assert found.draft.components or found.draft.notes or found.errors
