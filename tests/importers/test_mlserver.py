"""Settings of MLServer: which models share a server, and its facts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.importers.importing import found_in, kinds, relations, searched


def model(**settings: object) -> str:
    return json.dumps({"implementation": "mlserver_xgboost.XGBoostModel", **settings}, indent=2)


def test_models_below_the_settings_share_a_server(tmp_path: Path) -> None:
    system = found_in(tmp_path, {
        "settings.json": '{"debug": "true", "parallel_workers": "4", "http_port": 9000}',
        "models/a/model-settings.json": model(name="a", parameters={"version": "v1", "uri": "./a.ubj"}),
        "models/b/model-settings.json": model(implementation="mlserver_sklearn.SKLearnModel"),
    })  # fmt: skip
    server = system.components["mlserver"]
    assert (server.kind, server.uses, server.serves, server.workers) == ("model-server", "mlserver", ("a", "b"), 4)
    assert (system.models["a"].version, system.models["a"].framework, system.models["a"].format) == ("v1", "xgboost", "ubj")
    assert (system.models["b"].framework, system.models["b"].version) == ("scikit-learn", None)


def test_batches_need_a_size_and_a_time(tmp_path: Path) -> None:
    both = found_in(tmp_path / "both", {"m/model-settings.json": model(name="m", max_batch_size="16", max_batch_time=0.25)})
    batching = both.components["mlserver"].batching
    assert batching is not None
    assert (batching.max_size, batching.max_delay_s) == (16, 0.25)
    for number, settings in enumerate(({"max_batch_size": 16}, {"max_batch_time": 1}, {"max_batch_size": 16, "max_batch_time": 0})):
        system = found_in(tmp_path / str(number), {"m/model-settings.json": model(name="m", **settings)})
        assert system.components["mlserver"].batching is None


def test_projects_beside_each_other_are_servers_of_their_own(tmp_path: Path) -> None:
    system = found_in(tmp_path, {
        "one/settings.json": '{"parallel_workers": 0}', "one/m/model-settings.json": model(name="m"),
        "two/settings.json": '{"parallel_workers": 2}', "two/model-settings.json": model(name="n"),
    })  # fmt: skip
    servers = {part.serves: part.workers for part in system.components.values() if part.kind == "model-server"}
    assert servers == {("m",): 1, ("n",): 2}


def test_requests_from_a_topic_come_through_a_queue(tmp_path: Path) -> None:
    files = {"settings.json": '{"kafka_enabled": "True", "kafka_servers": "broker:9092", "kafka_topic_input": "in"}',
             "model-settings.json": model(name="m")}
    system = found_in(tmp_path / "on", files)
    assert kinds(system) == {"mlserver": "model-server", "in": "queue", "mlserver-output": "queue"}
    assert relations(system) == {("mlserver", "consumes", "in"), ("mlserver", "publishes", "mlserver-output")}
    files["settings.json"] = files["settings.json"].replace("True", "False")
    assert kinds(found_in(tmp_path / "off", files)) == {"mlserver": "model-server"}


def test_a_model_has_a_name_of_one_word(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"m/model-settings.json": model(name=" two words\t", parameters={"version": "3"})})
    assert system.models["two-words"].version == "3"


@pytest.mark.parametrize("text", ["", "[]", "3", '{"implementation": [], "parameters": 3, "name": {}}', '{"name": "a"', "{" * 3_000, '\x00"name":'])
def test_any_text_ends_in_a_result_or_a_message(tmp_path: Path, text: str) -> None:
    found = searched(tmp_path, {"m/model-settings.json": text, "settings.json": '{"debug": true}'})
    assert found.draft.components or found.errors or found.left_out or not text


def test_settings_of_other_programs_are_named(tmp_path: Path) -> None:
    found = searched(tmp_path, {"settings.json": '{"debug": true}', "other/settings.json": '{"editor.tabSize": 2}'})
    ((path, reason),) = found.left_out
    assert (Path(path).parent, reason) == (tmp_path, "no `model-settings.json` in its folder or below it")
