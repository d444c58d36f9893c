"""Tests of the service that apply to all hooks; if you change the hooks, change `EXAMPLE` and these tests too."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.models import examples, load, train
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start
from serving_template import hooks

EXAMPLE = hooks.EXAMPLE.model_dump()
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with start(tmp_path_factory.mktemp("service"), "serving_template") as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def test_it_predicts_and_the_log_has_each_prediction(service: Service) -> None:
    answer = service.client.post("/predict", json={"inputs": [EXAMPLE, EXAMPLE]}).raise_for_status().json()
    assert [output["species"] for output in answer["outputs"]] == ["setosa", "setosa"]
    lines = [json.loads(line) for line in service.errors.splitlines()]
    (logged,) = (line for line in lines if line.get("prediction") == answer["prediction"])
    assert logged["version"] == answer["version"] and logged["outputs"] == answer["outputs"]
    assert f'predictions_total{{version="{answer["version"]}"}}' in service.client.get("/metrics").text
    assert service.client.get("/ready").status_code == 200


def test_what_the_fields_do_not_allow_is_refused_with_the_reason(service: Service) -> None:
    for what, content in bad_bodies().items():
        refused = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
        assert 400 <= refused.status_code < 500 and refused.json()["error"], (what, refused.text)
    for name in EXAMPLE:
        for value in (None, "1", -1, 0, 1e9, True):
            refused = service.client.post("/predict", json={"inputs": [{**EXAMPLE, name: value}]})
            assert refused.status_code == 422 and refused.json()["details"][0]["at"].endswith(name)
    unfit: list[list[dict[str, object]]] = [[{**EXAMPLE, "more": 1}], [{}], [], [EXAMPLE] * 101]
    for inputs in unfit:
        assert service.client.post("/predict", json={"inputs": inputs}).status_code == 422


def test_the_hooks_do_what_training_did(tmp_path: Path) -> None:
    model = load(train("iris", tmp_path))
    rows = examples("iris")
    inputs = [hooks.Input.model_validate(dict(zip(EXAMPLE, row, strict=True))) for row in rows.tolist()]
    assert (hooks.preprocess(inputs) == rows).all()
    outputs = hooks.predict(model, hooks.preprocess(inputs))
    assert [output.species for output in outputs] == [p.label for p in model.predict(rows)]
    assert all(0 <= output.probability <= 1 and math.isfinite(output.probability) for output in outputs)


def test_a_model_that_was_altered_or_not_released_is_not_served(tmp_path: Path) -> None:
    assert "but the caller says 0123" in refusal(tmp_path, "serving_template", digest="0123")
    model = train("iris", tmp_path / "data")
    model.write_bytes(model.read_bytes() + b"!")
    assert "its SHA-256 is" in refusal(tmp_path, "serving_template")


def test_somebody_answers_for_it() -> None:
    owner = next(line for line in (HERE / "arch.yaml").read_text().splitlines() if line.startswith("owner:"))
    assert "team:" in owner and "contact:" in owner
    assert (HERE / owner.rpartition("runbook:")[2].strip(" }")).is_file()
