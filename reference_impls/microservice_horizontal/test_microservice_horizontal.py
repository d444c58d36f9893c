"""Models in parallel, as real processes; some are killed or stopped."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kit.calls import HEADER
from kit.models import DataSet, examples, load, train
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start, wait_for

MODELS: tuple[DataSet, ...] = ("iris", "wine", "breast_cancer")
QUESTION = {name: {"inputs": examples(name)[::20].tolist()} for name in MODELS}
JSON = {"Content-Type": "application/json"}
SOON = {HEADER: "500"}


def ask(service: Service, question: object = QUESTION, headers: dict[str, str] | None = None) -> httpx.Response:
    return service.client.post("/predict", json=question, headers=headers)


def server_of(service: Service, name: str) -> int:
    """Return the process id of a model's server."""
    return service.child(f"kit.model_server {name}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("horizontal")
    with start(folder, "microservice_horizontal", max_body_bytes=50_000, deadline_s=20) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def test_only_the_servers_of_models_have_loaded_scikit_learn(service: Service) -> None:
    assert service.modules_with("sklearn") == {
        "microservice_horizontal": False, "microservice_horizontal.proxy": False,
        **{f"kit.model_server {name}": True for name in ("iris", "wine", "breast_cancer")},
    }  # fmt: skip


def test_each_answer_comes_from_the_model_that_was_asked(service: Service, tmp_path: Path) -> None:
    body = ask(service).raise_for_status().json()
    assert body["partial"] is False and body["missing"] == {}
    for name in MODELS:
        labels = [p.label for p in load(train(name, tmp_path)).predict(examples(name)[::20])]
        assert [p["label"] for p in body["predictions"][name]["predictions"]] == labels
    one = ask(service, {"iris": QUESTION["iris"]}).json()
    assert list(one["predictions"]) == ["iris"] and one["partial"] is False


def test_bad_input_is_refused_and_that_of_one_model_costs_its_own_answer_alone(service: Service) -> None:
    assert "known models: breast_cancer, iris, wine" in ask(service, {"rose": QUESTION["iris"]}).json()["error"]
    assert ask(service, {}).status_code == 422
    bad = bad_bodies(50_000)
    for what, content in {**bad, **{f"iris: {w}": b'{"iris": ' + c + b"}" for w, c in bad.items()}}.items():
        answer = service.client.post("/predict", content=content, headers=JSON)
        assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
    narrow = ask(service, {**QUESTION, "wine": {"inputs": [[1.0]]}}).json()
    assert narrow["partial"] is True and "the model needs 13" in narrow["missing"]["wine"]
    assert sorted(narrow["predictions"]) == ["breast_cancer", "iris"]
    assert ask(service, headers={HEADER: "0"}).status_code == 504


def test_a_model_that_is_killed_costs_its_own_answer_alone_and_comes_back(service: Service) -> None:
    os.kill(server_of(service, "wine"), signal.SIGKILL)
    partial = ask(service).raise_for_status().json()
    assert partial["partial"] is True and sorted(partial["predictions"]) == ["breast_cancer", "iris"]
    assert partial["missing"]["wine"].startswith("wine: ")
    wait_for(lambda: ask(service).json().get("partial") is False)


def test_models_that_hang_are_missing_and_without_any_model_the_reasons_are_given(service: Service) -> None:
    hanging = [server_of(service, name) for name in MODELS]
    os.kill(hanging[0], signal.SIGSTOP)

    def others_answer() -> bool:           # on a busy machine, even these may need a second attempt
        body = ask(service, headers=SOON).json()
        return sorted(body.get("predictions", ())) == ["breast_cancer", "wine"] and "deadline" in json.dumps(body)

    wait_for(others_answer)
    for pid in hanging[1:]:
        os.kill(pid, signal.SIGSTOP)
    late = ask(service, headers=SOON)
    assert late.status_code == 504
    assert all(f"{name}: did not answer before the deadline" in late.json()["error"] for name in MODELS)
    for pid in hanging:
        os.kill(pid, signal.SIGKILL)
    down = ask(service)
    assert down.status_code == 503 and down.headers["Retry-After"]
    assert all(f"{name}: " in down.json()["error"] for name in MODELS)
    assert 'missing_total{model="wine",status="504"}' in service.client.get("/metrics").text
    wait_for(lambda: ask(service).status_code == 200)


def test_a_proxy_without_models_is_refused(tmp_path: Path) -> None:
    assert "SERVE_MODELS" in refusal(tmp_path, "microservice_horizontal.proxy", models="{}")
