"""What an import writes is an architecture file without mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archlint.importers.writing import quoted, write
from tests.cli.test_hostile_names import COMMAND, CONTROL, HOSTILE, TEXT
from tests.importers.importing import architecture, found_in, imported, kinds
from tests.importers.samples import SAMPLES

RAY_GROUP = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: ray}
spec:
  headGroupSpec: {template: {spec: {containers: [{name: head, image: rayproject/ray}]}}}
  workerGroupSpecs:
    - {groupName: gpus, replicas: 2, template: {spec: {containers: [{name: w, image: rayproject/ray}]}}}
"""


@pytest.mark.parametrize("format_name", [name for name in SAMPLES if name not in {"kustomize", "helm"}])  # need others
def test_the_file_of_each_format_has_no_mistake(tmp_path: Path, format_name: str) -> None:
    name, text = SAMPLES[format_name]
    assert found_in(tmp_path, {name: text}).components


def test_names_of_all_kinds_are_read_back_and_are_no_commands(tmp_path: Path) -> None:
    """Terminals and logs show what is written to standard output; YAML refuses most control characters."""
    names = [*HOSTILE, *(f"{start}{n}" for n, start in enumerate(("no", "1.5", "a: b", "~", "[x", "한국어", "a\n", "7\n")))]
    rows = [f"  {json.dumps(name)}: {{image: acme/api, environment: {{URL: {json.dumps(name)}}}}}\n" for name in names]
    found = imported(tmp_path, "services:\n" + "".join(rows))
    text = write(found.draft, TEXT, found.sources)
    assert not CONTROL.search(text) and not COMMAND.search(text)
    assert set(found.draft.components) <= set(architecture(tmp_path, "services:\n" + "".join(rows)).components)
    assert quoted("\udcff") == r'"\ufffd"'


def test_a_worker_gets_its_work_from_a_queue_or_a_caller(tmp_path: Path) -> None:
    """The head of Ray calls its workers; without queue and caller, a component is written as a service."""
    assert kinds(architecture(tmp_path, RAY_GROUP))["gpus"] == "worker"
    alone = "services:\n  a: {image: acme/a, command: rq worker}\n  b: {image: acme/b, ports: ['80:80']}\n"
    assert kinds(architecture(tmp_path / "alone", alone))["a"] == "service"


def test_negative_numbers_are_no_facts(tmp_path: Path) -> None:
    name, text = SAMPLES["bentoml"]
    service = text.replace('{"gpu": 1}', '{"gpu": -1, "cpu": "2"}')
    found = found_in(tmp_path, {name: service}).components
    assert [(one.hardware.gpus, one.hardware.cpu) for one in found.values() if one.hardware is not None] == [(None, 2.0)]


@pytest.mark.parametrize("count", ["0.5", "1.5", "1000000000000"])
def test_numbers_that_the_format_cannot_hold_are_no_facts(tmp_path: Path, count: str) -> None:
    for part, (name, text) in {
        "torchserve": ("config.properties", f"load_models=a.mar\ndefault_workers_per_model={count}\njob_queue_size={count}\n"),
        "mlserver": ("model-settings.json", f'{{"name": "m", "implementation": "mlserver_sklearn.SKLearnModel", "parallel_workers": {count}}}'),
        "cog": ("cog.yaml", f"predict: predict.py:Predictor\nbuild: {{gpu: true}}\nconcurrency: {{max: {count}}}\n"),
        "modal": ("app.py", f"import modal\napp = modal.App('a')\n@app.function(max_containers={count})\n"
                            f"@modal.concurrent(max_inputs={count})\ndef f(): pass\n"),
    }.items():  # fmt: skip
        found = found_in(tmp_path / part, {name: text})
        assert found.components and not [problem.message for problem in found.problems if problem.loses_meaning], part


def test_the_text_of_a_fact_is_never_taken_for_a_mapping(tmp_path: Path) -> None:
    images = ["{}", "{a: b}", "[x]", "true", "&a b", "{ x"]
    rows = "".join(f"  s{n}: {{image: {json.dumps(image)}}}\n" for n, image in enumerate(images))
    found = architecture(tmp_path, f"services:\n{rows}").components
    assert [found[f"s{n}"].image for n in range(len(images))] == images
