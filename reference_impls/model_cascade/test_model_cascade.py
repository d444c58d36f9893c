"""The router and both models as real processes; each model is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kit.llm.upstreams import Chat
from kit.testing.language import linked_models, metric, openai
from kit.testing.service import Service, refusal, start, wait_for
from model_cascade.app import confidence_of


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with start(linked_models(tmp_path_factory), "model_cascade", confidence=0.035, small_s=60, large_s=60) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def ask(service: Service, seed: int, **more: object) -> httpx.Response:
    body = {"model": "cascade", "messages": [{"role": "user", "content": "What is a class?"}], "max_tokens": 8,
            "seed": seed, "ignore_eos": True, **more}  # fmt: skip
    return service.client.post("/v1/chat/completions", json=body)


def who(answer: httpx.Response) -> tuple[str, str]:
    said = answer.raise_for_status().json()["cascade"]
    return said["model"], said["why"]


def test_answers_come_from_the_model_that_the_confidence_chooses(service: Service) -> None:
    seen = {who(ask(service, seed)) for seed in range(30)}
    assert seen == {("small", "sure"), ("large", "unsure")}
    counted = metric(service, 'cascade_answers_total{model="large",why="unsure"}')
    assert 0 < counted < 30 and metric(service, "cascade_confidence_count") == 30


def test_the_client_of_openai_gets_whole_answers_and_streams(service: Service) -> None:
    client = openai(service)
    whole = client.chat.completions.create(
        model="cascade", messages=[{"role": "user", "content": "A"}], max_tokens=8, seed=1
    )
    stream = client.chat.completions.create(
        model="cascade", messages=[{"role": "user", "content": "A"}], max_tokens=8, seed=1, stream=True
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert said == whole.choices[0].message.content


def test_a_request_that_is_wrong_is_not_escalated(service: Service) -> None:
    answer = ask(service, 1, max_tokens=900)
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "context_length_exceeded"
    assert ask(service, 1, model="other").status_code == 404


def test_a_caller_that_leaves_ends_the_work(service: Service) -> None:
    small = service.child("kit.llm.server topics-small")
    os.kill(small, signal.SIGSTOP)
    with pytest.raises(httpx.TimeoutException):
        service.client.post("/v1/chat/completions", timeout=0.3, json={
            "model": "cascade", "messages": [{"role": "user", "content": "A"}], "max_tokens": 400})  # fmt: skip
    os.kill(small, signal.SIGCONT)
    wait_for(lambda: '"status": 499' in service.errors)


def test_without_one_model_the_other_answers_and_it_comes_back(service: Service) -> None:
    os.kill(service.child("kit.llm.server topics-small"), signal.SIGKILL)
    assert who(ask(service, 1)) == ("large", "failed")
    wait_for(lambda: who(ask(service, 1))[1] != "failed")
    unsure = next(seed for seed in range(60) if who(ask(service, seed))[0] == "large")
    os.kill(service.child("kit.llm.server topics-large"), signal.SIGKILL)
    assert who(ask(service, unsure)) == ("small", "large failed")
    wait_for(lambda: who(ask(service, unsure)) == ("large", "unsure"))


def test_confidence_is_the_mean_probability_of_a_token() -> None:
    sure = Chat.model_validate({"choices": [{"logprobs": {"content": [{"logprob": -1.0}, {"logprob": -3.0}]}}]})
    assert confidence_of(sure) == pytest.approx(0.1353, abs=1e-4)
    assert confidence_of(Chat.model_validate({"choices": [{}]})) == 0


def test_a_router_without_its_models_is_refused(tmp_path: Path) -> None:
    assert "SERVE_SMALL" in refusal(tmp_path, "model_cascade.app")
