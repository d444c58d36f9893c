"""Multiple-stage prediction as real processes: always a first answer, and a better one if the queue works."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from kit.models import examples, load
from kit.testing.inputs import bad_bodies
from kit.testing.servers import rabbitmq_server
from kit.testing.service import Service, refusal, start, wait_for
from multiple_stage.settings import MultipleStageSettings, heavy_model, light_model

INPUTS = examples("iris")[::10]


def post(service: Service) -> httpx.Response:
    return service.client.post("/predict", json={"inputs": INPUTS.tolist()})


def accepted(service: Service) -> dict[str, Any]:
    """Ask until the queue confirms in time, which a busy machine may miss, and return that answer."""
    answers: list[dict[str, Any]] = []

    def is_confirmed() -> bool:
        answers.append(post(service).raise_for_status().json())
        return answers[-1]["better"] is not None

    wait_for(is_confirmed)
    return answers[-1]


def better(service: Service, path: str) -> httpx.Response:
    wait_for(lambda: service.client.get(path).status_code == 200)
    return service.client.get(path)


def test_the_light_model_answers_at_once_and_the_heavy_one_later(tmp_path: Path) -> None:
    with start(tmp_path, "multiple_stage", max_body_bytes=9999) as service:
        answer = accepted(service)
        light, heavy = (load(tmp_path / "data" / f"iris-{name}.skops") for name in ("light", "heavy"))
        assert answer["first"]["model"] == "iris-light"
        assert [p["probability"] for p in answer["first"]["predictions"]] == pytest.approx(
            [p.probability for p in light.predict(INPUTS)]
        )
        second = better(service, answer["better"]).json()["answer"]
        assert second["model"] == "iris-heavy"
        assert [p["probability"] for p in second["predictions"]] == pytest.approx(
            [p.probability for p in heavy.predict(INPUTS)]
        )
        assert service.client.get("/better/nothing").status_code == 404
        for what, content in bad_bodies(9999).items():
            bad = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= bad.status_code < 500 and bad.json()["error"], (what, bad.text)
        assert service.stop() == 0
        assert "Traceback" not in service.errors


@pytest.mark.xdist_group("rabbitmq")
def test_without_the_queue_the_first_answer_comes_and_says_that_no_other_follows(tmp_path: Path) -> None:
    folder = tmp_path / "rabbitmq"
    folder.mkdir()
    settings = MultipleStageSettings.model_validate({"data_dir": tmp_path / "data"})
    light_model(settings), heavy_model(settings)
    with ExitStack() as broker:
        url = broker.enter_context(rabbitmq_server(folder))
        with start(tmp_path, "multiple_stage", queue_url=url) as service:
            accepted(service)
            broker.close()
            alone = post(service)
            assert alone.status_code == 200 and len(alone.json()["first"]["predictions"]) == len(INPUTS)
            assert alone.json()["better"] is None and "no better answer follows" in alone.json()["note"]
            broker.enter_context(rabbitmq_server(folder, urlsplit(url).port or 0))
            better(service, accepted(service)["better"])
            assert service.stop() == 0


def test_the_first_stage_starts_without_the_queue(tmp_path: Path) -> None:
    with start(tmp_path, "multiple_stage.api", queue_url="amqp://127.0.0.1:1") as service:
        assert post(service).json()["better"] is None
        assert service.stop() == 0
    assert "unknown scheme 'gopher'" in refusal(tmp_path, "multiple_stage", queue_url="gopher://x")
