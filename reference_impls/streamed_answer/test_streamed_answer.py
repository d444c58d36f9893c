"""A stream through nginx, as real processes; callers hang up, and the model is killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator

import httpx
import openai as api
import pytest

from kit.testing.language import metric, openai, trained_models
from kit.testing.service import Service, start, wait_for

MODEL = "topics-large"
LONG = {"model": MODEL, "prompt": "~", "max_tokens": 500, "ignore_eos": True, "stream": True}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, nginx_program: str) -> Iterator[Service]:
    assert nginx_program
    folder = tmp_path_factory.mktemp("streamed")
    models = trained_models(tmp_path_factory)
    data = folder / "data"
    data.mkdir()
    for file in models.glob("*.npz"):
        (data / file.name).symlink_to(file)
    with start(folder, "streamed_answer") as service:
        yield service
        assert service.stop() == 0


def test_each_token_passes_the_gateway_on_its_own(service: Service) -> None:
    with service.client.stream("POST", "/v1/completions", json={**LONG, "seed": 5}) as answer:
        pieces = [piece.decode() for piece in answer.iter_raw()]
    events = [line.removeprefix("data: ") for line in "".join(pieces).splitlines() if line]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events[-1] == "[DONE]" and json.loads(events[-2])["choices"][0]["finish_reason"] == "length"
    assert len(events) == 502
    assert len(pieces) > 100                       # a gateway that collects would deliver a few large pieces


def test_a_caller_that_hangs_up_ends_the_work_behind_the_gateway(service: Service) -> None:
    cancelled, seed = metric(service, "llm_cancelled_total"), 0
    while metric(service, "llm_cancelled_total") == cancelled:        # an answer may end before its caller leaves
        assert seed < 50
        stream = openai(service).completions.create(
            model=MODEL, prompt="~", max_tokens=500, seed=seed, stream=True, extra_body={"ignore_eos": True}
        )
        next(stream)
        stream.close()
        seed += 1
        time.sleep(0.02)
    wait_for(lambda: metric(service, "llm_running_sequences") == 0)
    made = metric(service, "llm_generated_tokens_total")
    time.sleep(0.1)
    assert metric(service, "llm_generated_tokens_total") == made


def test_the_id_of_a_request_and_its_error_pass_the_gateway(service: Service) -> None:
    answer = service.client.post("/v1/completions", json={"model": "x", "prompt": ""}, headers={"X-Request-ID": "mine"})
    assert answer.status_code == 404 and answer.json()["error"]["code"] == "model_not_found"
    assert answer.headers["X-Request-ID"] == "mine"


def test_a_model_that_is_killed_breaks_its_streams_visibly_and_comes_back(service: Service) -> None:
    broken = False
    for seed in range(20):                         # an answer may end before the model is killed
        with service.client.stream("POST", "/v1/completions", json={**LONG, "seed": seed}) as answer:
            events = answer.iter_lines()
            next(events)
            os.kill(service.child("kit.llm.server"), signal.SIGKILL)
            lines: list[str] = []
            try:
                lines += events
            except httpx.TransportError:
                broken = True
        broken = broken or "data: [DONE]" not in lines
        wait_for(lambda: service.client.get("/ready").status_code == 200)
        if broken:
            break
    assert broken
    assert openai(service).completions.create(model=MODEL, prompt="A class", max_tokens=5).choices[0].text


def test_without_the_model_the_gateway_answers_at_once(service: Service) -> None:
    os.kill(service.child("kit.llm.server"), signal.SIGKILL)
    seen = []

    def is_back() -> bool:
        try:
            openai(service).completions.create(model=MODEL, prompt="A class", max_tokens=1)
        except api.InternalServerError as error:
            seen.append(error.status_code)
            return False
        return True

    wait_for(is_back)
    assert set(seen) <= {502}
    assert metric(service, "llm_ttft_seconds_count") >= 1
