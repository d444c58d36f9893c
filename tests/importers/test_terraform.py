"""Terraform configurations to architectures: how expressions, variables and modules are resolved."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from archlint.about import install_command
from archlint.api import check_targets
from archlint.importers.importing import import_files
from archlint.importers.terraform import hcl
from archlint.importers.terraform.folders import MAX_TEXT
from archlint.importers.writing import write
from archlint.linter import Options
from tests.importers.configurations import architecture, facts, imported
from tests.importers.importing import kinds, relations, write_files

QUEUE = 'resource "aws_sqs_queue" "jobs" {{\n  name = {}\n}}\n'


@pytest.mark.parametrize(
    ("expression", "more", "name"),
    [
        ('"plain"', "", "plain"),
        ("var.name", 'variable "name" { default = "from-default" }', "from-default"),
        ("local.name", 'locals {\n  env = "prod"\n  name = "jobs-${local.env}"\n}', "jobs-prod"),
        ('"${var.env}-${local.part}"', 'variable "env" { default = "dev" }\nlocals { part = lower("RANK") }', "dev-rank"),
        ('format("%s-%03d", "q", 7)', "", "q-007"),
        ('join("-", ["a", "b"])', "", "a-b"),
        ('var.long ? "long" : "short"', 'variable "long" { default = false }', "short"),
        ('lookup({ eu = "europe" }, "eu", "none")', "", "europe"),
        ('{ for k in ["x", "y"] : k => upper(k) }["y"]', "", "Y"),
        ('[for s in ["a", "b"] : "${s}!" if s != "a"][0]', "", "b!"),
        ('merge({ a = "1" }, { a = "2" }).a', "", "2"),
        ('try(var.absent, "x")', "", "jobs"),
        ('unknown_function("x")', "", "jobs"),
        ("random_pet.name.id", "", "jobs"),
        ('"${1 + 2 * 3}-q"', "", "7-q"),
        ('coalesce("", "second")', "", "second"),
        ('1 == "1" ? "same" : "other"', "", "other"),
        ('join("+", { for k in ["x", "y", "x"] : k => k... }["x"])', "", "x+x"),
        ('"caf\u00e9-${upper("\u00e9")}"', "", "caf\u00e9-\u00c9"),
        ("aws_s3_bucket.other.bucket", 'resource "aws_s3_bucket" "other" { bucket = "same-name" }', "same-name-sqs-queue"),
    ],
)
def test_the_value_of_an_expression(tmp_path: Path, expression: str, more: str, name: str) -> None:
    found = imported(tmp_path, f"{more}\n{QUEUE.format(expression)}")
    names = {one.name for one in found.draft.components.values() if one.kind == "queue"}
    assert names == {name}


def test_values_of_variables_come_from_the_files_that_terraform_loads(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "main.tf": 'variable "a" { default = "x" }\nvariable "b" { default = "x" }\n'
                   'resource "aws_lambda_function" "f" {\n  function_name = "f-${var.a}-${var.b}"\n  memory_size = var.c\n}\n'
                   'variable "c" {}\n',
        "terraform.tfvars": 'a = "one"\nb = "one"\nc = 1024\n', "z.auto.tfvars": 'b = "two"\n', "prod.tfvars": 'a = "no"\n',
    })  # fmt: skip
    assert set(found.draft.components) == {"f-one-two"}
    assert facts(found, "f-one-two")["hardware.memory"] == "1024MiB"
    assert any("prod.tfvars" in note and "not used" in note for note in found.draft.notes)


def test_a_file_with_values_is_used_if_the_call_names_it(tmp_path: Path) -> None:
    write_files(tmp_path, {
        "main.tf": 'variable "a" { default = "x" }\nresource "aws_sqs_queue" "q" { name = "q-${var.a}" }\n',
        "prod.tfvars": 'a = "prod"\n',
    })  # fmt: skip
    of_folder = import_files(sorted(tmp_path.iterdir()), tmp_path)
    assert set(of_folder.draft.components) == {"q-x"}
    named = import_files(sorted(tmp_path.iterdir()), tmp_path, explicit=True)
    assert set(named.draft.components) == {"q-prod"}
    assert not named.draft.notes


def test_a_default_says_that_it_is_one(tmp_path: Path) -> None:
    text = """
        variable "tasks" { default = 3 }
        resource "aws_lambda_function" "f" {
          function_name = "f"
          memory_size   = var.tasks
        }
    """
    found = imported(tmp_path, text)
    (memory,) = [fact for key, fact in found.draft.components["f"].facts["hardware"].inner if key == "memory"]
    assert "a default in main.tf:2" in memory.derivation
    assert memory.site.shown.endswith("main.tf:5")


def test_a_count_of_zero_is_absent_only_if_it_is_stated(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "main.tf": """
            variable "extra" { default = false }
            variable "off" {}
            resource "aws_sqs_queue" "by_default" {
              count = var.extra ? 1 : 0
              name  = "by-default"
            }
            resource "aws_sqs_queue" "stated" {
              count = 0
              name  = "stated"
            }
            resource "aws_sqs_queue" "given" {
              count = var.off ? 0 : 1
              name  = "given"
            }
            resource "aws_sqs_queue" "unknown" {
              count = var.nothing
              name  = "unknown"
            }
        """,
        "terraform.tfvars": "off = true\n",
    })  # fmt: skip
    assert set(found.draft.components) == {"by-default", "unknown"}
    assert any("`aws_sqs_queue.by_default` is disabled by a default value" in note for note in found.draft.notes)
    assert any(note.startswith("2 × a resource with a count of 0") for note in found.draft.notes)


def test_for_each_makes_one_component_for_each_key(tmp_path: Path) -> None:
    system = architecture(tmp_path, """
        locals { tiers = { fast = { memory = 512 }, slow = { memory = 2048 } } }
        resource "aws_sqs_queue" "q" {
          for_each = local.tiers
          name     = "q-${each.key}"
        }
        resource "aws_lambda_function" "f" {
          for_each      = local.tiers
          function_name = "f-${each.key}"
          memory_size   = each.value.memory
          environment { variables = { QUEUE = aws_sqs_queue.q[each.key].url } }
        }
    """)
    assert relations(system) == {("f-fast", "publishes", "q-fast"), ("f-slow", "publishes", "q-slow")}


def test_modules_pass_references_in_and_out(tmp_path: Path) -> None:
    system = architecture(tmp_path, {
        "main.tf": """
            module "queue" {
              source = "./modules/queue"
              name   = "jobs"
            }
            module "worker" {
              source    = "./modules/worker"
              queue_arn = module.queue.arn
            }
            module "vendor" {
              source  = "terraform-aws-modules/vpc/aws"
              version = "5.0"
            }
        """,
        "modules/queue/main.tf": """
            variable "name" {}
            resource "aws_sqs_queue" "this" { name = var.name }
            output "arn" { value = aws_sqs_queue.this.arn }
        """,
        "modules/worker/main.tf": """
            variable "queue_arn" {}
            resource "aws_lambda_function" "this" { function_name = "worker" }
            resource "aws_lambda_event_source_mapping" "this" {
              function_name    = aws_lambda_function.this.arn
              event_source_arn = var.queue_arn
            }
        """,
    })  # fmt: skip
    assert kinds(system) == {"jobs": "queue", "worker": "worker"}
    assert relations(system) == {("worker", "consumes", "jobs")}


def test_what_is_not_in_the_files_is_counted(tmp_path: Path) -> None:
    found = imported(tmp_path, """
        module "vpc" { source = "terraform-aws-modules/vpc/aws" }
        module "gone" { source = "./gone" }
        module "out" { source = "../../elsewhere" }
        resource "aws_vpc" "main" {}
        resource "aws_subnet" "a" {}
        resource "aws_new_service" "x" {}
        resource "aws_eks_cluster" "c" { name = "c" }
    """)
    assert not found.draft.components
    for part in ("1 × module terraform-aws-modules/vpc/aws", "module gone is not read", "module out is not read",
                 "2 × infrastructure and settings", "1 × aws_new_service: a type that archlint does not read",
                 "aws_eks_cluster `c`: its workloads are defined elsewhere"):  # fmt: skip
        assert any(part in note for note in found.draft.notes), part


def test_the_json_syntax_means_the_same(tmp_path: Path) -> None:
    system = architecture(tmp_path, {"main.tf.json": """
        {"locals": {"name": "jobs"},
         "resource": {
           "aws_sqs_queue": {"q": {"name": "${local.name}"}},
           "aws_lambda_function": {"f": [{"function_name": "f", "environment": {"variables": {"Q": "${aws_sqs_queue.q.url}"}}}]}}}
    """})
    assert relations(system) == {("f", "publishes", "jobs")}


def test_a_finding_stands_at_the_line_of_the_configuration(tmp_path: Path) -> None:
    write_files(tmp_path, {"main.tf": """
        resource "aws_lambda_function" "a" {
          function_name = "a"
          environment {
            variables = { B = aws_lambda_function.b.function_name }
          }
        }
        resource "aws_lambda_function" "b" {
          function_name = "b"
          environment {
            variables = {
              # the way back
              A = aws_lambda_function.a.function_name
            }
          }
        }
    """})
    report = check_targets([tmp_path], Options(select=("REL007",)))
    (finding,) = report.findings
    assert (Path(finding.location.file).name, finding.location.line) == ("main.tf", 13)


def test_secrets_are_neither_kept_nor_written(tmp_path: Path) -> None:
    found = imported(tmp_path, """
        variable "db_password" { default = "hunter2-default" }
        variable "api" {
          default   = "hunter3-sensitive"
          sensitive = true
        }
        resource "aws_db_instance" "db" {
          identifier = "db"
          engine     = "postgres"
          password   = "hunter1"
        }
        resource "aws_lambda_function" "f" {
          function_name = "f"
          environment {
            variables = {
              DB_PASSWORD = "hunter4"
              DSN         = "postgres://user:${var.db_password}@${aws_db_instance.db.endpoint}/x"
              OTHER       = var.api
            }
          }
        }
    """)
    text = write(found.draft, "system", found.sources)
    assert "hunter" not in text + "".join(found.draft.notes)
    unit = found.draft.components["f"].unit
    assert not any("hunter" in value.text + value.raw for value in unit.env.values())
    assert [(one.verb, one.target) for one in found.draft.components["f"].relations] == [("reads", "db"), ("writes", "db")]


def test_folders_for_environments_are_alternatives(tmp_path: Path) -> None:
    module = 'resource "aws_sqs_queue" "q" { name = "q" }\nresource "aws_lambda_function" "f" { function_name = "f" }\n'
    root = 'module "all" { source = "../../modules/all" }\nresource "aws_s3_bucket" "b" { bucket = "b" }\n'
    found = imported(tmp_path, {"modules/all/main.tf": module, "envs/dev/main.tf": root, "envs/prod/main.tf": root})
    assert set(found.draft.components) == {"q", "f", "b"}
    assert any("the same resources as" in note for note in found.draft.notes)


@pytest.mark.parametrize(
    "text",
    [
        'locals {\n  a = local.b\n  b = local.a\n}\nresource "aws_sqs_queue" "q" { name = local.a }\n',
        'resource "aws_sqs_queue" "q" {\n  count = 999999999\n}\n',
        'resource "aws_sqs_queue" "q" {\n  name = "x"\n',
        'resource "aws_sqs_queue" "q" {\n  tags = ' + "[" * 5000 + "]" * 5000 + "\n}\n",
        'resource "aws_sqs_queue" "q" {\n  delay = ' + "(" * 3000 + "1" + ")" * 3000 + "\n}\n",
        "locals {\n  l0 = [1, 2]\n" + "".join(f"  l{n + 1} = concat(local.l{n}, local.l{n})\n" for n in range(60))
        + '}\nresource "aws_sqs_queue" "q" { tags = local.l60 }\n',
        'locals {\n  s0 = "xxxxxxxxxx"\n' + "".join(f'  s{n + 1} = "${{local.s{n}}}${{local.s{n}}}"\n' for n in range(60))
        + '}\nresource "aws_sqs_queue" "q" { policy = local.s60 }\n',
        "locals {\n" + "".join(f"  c{n} = local.c{n + 1}\n" for n in range(3000))
        + '  c3000 = "x"\n}\nresource "aws_sqs_queue" "q" { name = local.c0 }\n',
        'resource "aws_sqs_queue" "q" { name = aws_sqs_queue.p.name }\nresource "aws_sqs_queue" "p" { name = aws_sqs_queue.q.name }',
        'module "m" { source = "./" }\nresource "aws_sqs_queue" "q" {}\n',
        'resource "aws_sqs_queue" "q" {\n  for_each = { for i in [for j in [1,2,3] : [for k in [1,2] : k]] : i => i }\n}\n',
        "resource \"aws_sqs_queue\" \"q\" {\n  name = <<EOT\nnever ends\n",
        "\x01\x02 resource \"aws_sqs_queue\" \"q\" {}\n",
        'resource "aws_sqs_queue" "q" {}\n}}}}}}\nresource "aws_sqs_queue" "r" {}\n',
        "".join(f'locals {{ x{n} = {{ for k in ["a","b"] : k => [for m in ["a","b"] : local.x{n + 1}] }} }}\n' for n in range(40))
        + 'resource "aws_sqs_queue" "q" { tags = local.x0 }\n',
    ],
)  # fmt: skip
def test_hostile_configurations_end_with_a_result(tmp_path: Path, text: str) -> None:
    found = imported(tmp_path, text)
    assert found.draft.components or found.draft.notes or found.errors or found.left_out


def test_a_mistake_is_noted_with_its_place_and_the_rest_is_read(tmp_path: Path) -> None:
    found = imported(tmp_path, 'resource "aws_sqs_queue" "whole" { name = "whole" }\n\nresource "aws_sqs_queue" "broken" {\n  name = \n')
    assert "whole" in found.draft.components
    after = 'resource "aws_sqs_queue" "a" {\n  delay = = 1\n}\nresource "aws_sqs_queue" "b" { name = "b" }\n' * 2
    assert "b" in imported(tmp_path / "after", after).draft.components
    assert any("main.tf:" in note and "invalid HCL" in note for note in found.draft.notes)


def test_modules_that_call_each_other_end(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "main.tf": 'module "a" { source = "./a" }\nresource "aws_sqs_queue" "q" {}\n',
        "a/main.tf": 'module "b" { source = "../b" }\n', "b/main.tf": 'module "a" { source = "../a" }\n',
    })  # fmt: skip
    assert set(found.draft.components) == {"q"}
    assert any("nested too deeply" in note for note in found.draft.notes)


def test_without_the_parser_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hcl._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter_hcl", None)
    try:
        of_folder = imported(tmp_path, 'resource "aws_sqs_queue" "q" {}\n')
        named = import_files([tmp_path / "main.tf"], tmp_path, explicit=True)
    finally:
        hcl._parser.cache_clear()
    (error,) = named.errors
    assert install_command("terraform") in error.hint
    assert "terraform show -json" in error.hint
    assert not of_folder.errors
    assert any(install_command("terraform") in note for note in of_folder.draft.notes)
    assert install_command("terraform") in of_folder.reasons


def test_a_link_does_not_lead_out_of_the_project(tmp_path: Path) -> None:
    outside = tmp_path / "outside.tf"
    outside.write_text('resource "aws_sqs_queue" "secret" { name = "secret" }\n')
    project = tmp_path / "project"
    project.mkdir()
    (project / "link.tf").symlink_to(outside)
    found = imported(project, 'resource "aws_sqs_queue" "q" { name = "q" }\n')
    assert set(found.draft.components) == {"q"}
    assert any("leads out of the project" in note for note in found.draft.notes)


def test_hcl_beyond_the_limit_is_not_parsed_and_says_what_to_do(tmp_path: Path) -> None:
    large = 'resource "aws_sqs_queue" "q" {}\n' + "# filler\n" * (MAX_TEXT // 9 + 1)
    found = imported(tmp_path, {"large.tf": large, "main.tf": 'resource "aws_sqs_queue" "small" {}'})
    assert set(found.draft.components) == {"small"}
    assert any("large.tf: larger than 4 MiB of HCL: it is not read: exclude it, or give a plan" in note for note in found.draft.notes)


def test_a_second_resource_of_one_address_is_named_and_left_out(tmp_path: Path) -> None:
    found = imported(tmp_path, QUEUE.format('"a"') + QUEUE.format('"b"'))
    assert set(found.draft.components) == {"a"}
    assert [note for note in found.draft.notes if "a second aws_sqs_queue `jobs`" in note]
