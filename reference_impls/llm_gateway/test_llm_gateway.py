"""The gateway and two models as real processes, with OpenAI's client; models are halted and killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai as api
import pytest

from kit.testing.language import behind, linked_models, metric, openai, value
from kit.testing.service import Service, refusal, start, wait_for
from llm_gateway.cache import SemanticCache, scope_of
from llm_gateway.limits import Bucket, Ledger

FULL = {"ignore_eos": True}
TENANTS = {
    "sk-wide": {"name": "wide", "tokens_per_min": 10_000_000, "usd_per_month": 1000},
    "sk-other": {"name": "other", "tokens_per_min": 10_000_000, "usd_per_month": 1000},
    "sk-slow": {"name": "slow", "tokens_per_min": 300},
    "sk-poor": {"name": "poor", "usd_per_month": 0.0005},
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = linked_models(tmp_path_factory)
    with start(folder, "llm_gateway", tenants=json.dumps(TENANTS), hedge_s=0.5, first_s=60, idle_s=60) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def post(service: Service, question: str, key: str = "sk-wide", **more: object) -> httpx.Response:
    body = {"model": "assistant", "messages": [{"role": "user", "content": question}], "max_tokens": 12, **FULL, **more}
    return service.client.post("/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"})


def part(service: Service, name: str) -> int:
    return service.child(f"kit.llm.server {name}")


def test_a_stream_comes_through_with_its_usage(service: Service) -> None:
    stream = openai(service, "sk-wide").chat.completions.create(
        model="assistant", messages=[{"role": "user", "content": "What is a metaclass?"}], max_tokens=20,
        stream=True, stream_options={"include_usage": True}, extra_body=FULL,
    )  # fmt: skip
    chunks = list(stream)
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 20
    assert len(chunks) > 15
    assert metric(service, 'gateway_tokens_total{kind="completion",tenant="wide"}') >= 20


def test_a_question_that_means_the_same_is_answered_from_the_cache_of_its_tenant_only(service: Service) -> None:
    first = post(service, "How does the with statement work?").raise_for_status()
    again = post(service, "how does the With statement work")
    assert (first.headers["X-Cache"], again.headers["X-Cache"]) == ("miss", "hit")
    assert again.json()["choices"][0]["message"] == first.json()["choices"][0]["message"]
    for other in (
        post(service, "How does the with statement work?", key="sk-other"),
        post(service, "How does the with statement not work?"),
        post(service, "How does the while statement work?"),
        post(service, "How does the with statement work?", max_tokens=13),
    ):
        assert other.headers["X-Cache"] == "miss"


def test_a_key_that_is_unknown_and_a_model_that_is_not_offered(service: Service) -> None:
    with pytest.raises(api.AuthenticationError):
        openai(service, "sk-none").chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": "A"}]
        )
    assert post(service, "A", model="gpt").json()["error"]["code"] == "model_not_found"
    assert post(service, "A", temperature=9).json()["error"]["type"] == "invalid_request_error"
    too_long = post(service, "A", max_tokens=600)
    assert too_long.status_code == 400 and too_long.json()["error"]["code"] == "context_length_exceeded"


def test_tokens_are_limited_before_the_answer_and_settled_after_it(service: Service) -> None:
    assert post(service, "one", "sk-slow", max_tokens=100).status_code == 200
    assert post(service, "two", "sk-slow", max_tokens=100).status_code == 200
    with pytest.raises(api.RateLimitError) as full:
        openai(service, "sk-slow").chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": "three"}], max_tokens=300
        )
    assert full.value.code == "rate_limit_exceeded"
    assert 1 <= int(full.value.response.headers["Retry-After"]) <= 60


def test_a_budget_is_spent_and_survives_a_kill_of_the_gateway(service: Service) -> None:
    statuses = [post(service, f"word {number}", "sk-poor").status_code for number in range(6)]
    assert statuses[0] == 200 and statuses[-1] == 429
    os.kill(service.child("llm_gateway.app"), signal.SIGKILL)

    def refused() -> bool:
        try:
            answer = post(service, "another word", "sk-poor")
        except httpx.TransportError:
            return False
        return answer.status_code == 429 and answer.json()["error"]["code"] == "insufficient_quota"

    wait_for(refused)
    assert "Retry-After" not in post(service, "another word", "sk-poor").headers


def test_a_caller_that_leaves_ends_the_work_of_the_server_behind(service: Service) -> None:
    large, seed = behind(service, "topics-large"), 0
    while value(large, "llm_cancelled_total") == 0:                  # an answer may end before its caller leaves
        assert seed < 50
        stream = openai(service, "sk-wide").chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": f"Leave {seed}"}], max_tokens=450, stream=True,
            extra_body=FULL,
        )  # fmt: skip
        next(stream)
        stream.close()
        seed += 1
        time.sleep(0.02)
    wait_for(lambda: value(large, "llm_running_sequences") == 0)
    made = value(large, "llm_generated_tokens_total")
    time.sleep(0.1)
    assert value(large, "llm_generated_tokens_total") == made


def test_a_server_that_is_silent_is_hedged(service: Service) -> None:
    before = metric(service, "gateway_hedges_total")
    wait_for(lambda: post(service, f"Warm {time.monotonic()}").headers["X-Upstream"] == "topics-large")
    os.kill(part(service, "topics-large"), signal.SIGSTOP)
    try:
        answer = post(service, "Silence").raise_for_status()
    finally:
        os.kill(part(service, "topics-large"), signal.SIGCONT)
    assert answer.headers["X-Upstream"] == "topics-small"
    assert metric(service, "gateway_hedges_total") > before


def test_a_server_that_is_killed_is_replaced_and_comes_back(service: Service) -> None:
    os.kill(part(service, "topics-large"), signal.SIGKILL)
    answer = post(service, "Killed").raise_for_status()
    assert answer.headers["X-Upstream"] == "topics-small"
    refused = metric(service, 'gateway_calls_total{status="503",upstream="topics-large"}')
    assert refused + metric(service, "gateway_hedges_total") >= 1      # on a busy machine, the second call comes first
    wait_for(lambda: post(service, f"Back {time.monotonic()}").headers["X-Upstream"] == "topics-large")


def test_a_gateway_without_servers_or_tenants_is_refused(tmp_path: Path) -> None:
    assert "SERVE_PROVIDERS" in refusal(tmp_path, "llm_gateway.app", providers="[]", tenants=json.dumps(TENANTS))


def test_a_bucket_says_how_long_to_wait_and_takes_a_debt_back() -> None:
    now = [0.0]
    bucket = Bucket(60, clock=lambda: now[0])
    assert bucket.take(40) == 0 and bucket.take(30) == pytest.approx(10)
    now[0] = 10
    assert bucket.take(30) == 0
    bucket.give_back(-30)                          # more was used than taken
    assert bucket.take(10) == pytest.approx(40)
    now[0] = 1000
    assert bucket.take(600) == 0 and bucket.take(1) > 500


def test_a_ledger_starts_at_zero_each_month(tmp_path: Path) -> None:
    month = ["2026-01"]
    ledger = Ledger(tmp_path / "spent.sqlite", lambda: month[0])
    assert ledger.charge("a", 0.6, 1) and not ledger.charge("a", 0.6, 1) and ledger.charge("b", 0.6, 1)
    ledger.settle("a", -0.5)
    assert ledger.charge("a", 0.6, 1)
    month[0] = "2026-02"
    assert ledger.spent("a") == 0
    ledger.close()


def test_the_scope_of_a_cached_answer_holds_what_must_be_equal() -> None:
    same = scope_of("Is class 3 big?", "tenant", "model", 0.9)
    assert scope_of("is CLASS 3 big", "tenant", "model", 0.9) == same
    for other in (
        scope_of("Is class 4 big?", "tenant", "model", 0.9), scope_of("Is class 3 not big?", "tenant", "model", 0.9),
        scope_of("Is class 3 big?", "other", "model", 0.9), scope_of("Is class 3 big?", "tenant", "model", 0.8),
        scope_of("Is class 3 big?", "tenant", "other", 0.9),
    ):  # fmt: skip
        assert other != same


def test_a_cached_answer_expires_and_old_ones_make_room() -> None:
    import numpy as np

    now = [0.0]
    cache = SemanticCache(0.9, ttl_s=10, scopes=2, clock=lambda: now[0])
    one, other = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    cache.store("a", one, "yes", "stop")
    assert cache.find("a", one) == ("yes", "stop") and cache.find("a", other) is None and cache.find("b", one) is None
    now[0] = 11
    assert cache.find("a", one) is None
    cache.store("b", one, "b", "stop")
    cache.store("c", one, "c", "stop")
    assert cache.find("c", one) is not None and cache.find("a", one) is None
