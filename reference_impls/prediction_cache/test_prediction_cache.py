"""Prediction cache as real processes, with memory and with a real Redis that hangs, dies and comes back."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx
import redis

from kit.models import examples, load, train
from kit.testing.inputs import bad_bodies
from kit.testing.servers import redis_server
from kit.testing.service import PATIENCE_S, Service, refusal, start, wait_for

DIGITS: list[list[float]] = examples("digits").tolist()
PATIENT = {"cache_timeout_s": 10, "cache_lease_s": 60, "cache_wait_s": 60}


def metric(service: Service, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", service.client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def model_runs(service: Service) -> float:
    return metric(service, "model_runs_total")


def ask(service: Service, *records: Sequence[float]) -> tuple[str, list[str]]:
    answer = service.client.post("/predict", json={"inputs": records}).raise_for_status()
    return answer.headers["X-Cache"], [one["label"] for one in answer.json()["predictions"]]


def ask_at_once(services: list[Service], record: list[float], times: int) -> list[str]:
    async def all_of_them() -> list[str]:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            urls = [services[number % len(services)].url for number in range(times)]
            answers = [client.post(f"{url}/predict", json={"inputs": [record]}) for url in urls]
            return [one.raise_for_status().text for one in await asyncio.gather(*answers)]

    return asyncio.run(all_of_them())


def test_in_memory_a_repeated_input_does_not_run_the_model(tmp_path: Path) -> None:
    with start(tmp_path, "prediction_cache", max_body_bytes=20_000) as service:
        expected = [p.label for p in load(tmp_path / "data" / "digits.skops").predict(examples("digits")[:3])]
        assert [ask(service, *DIGITS[:3]) for _ in range(3)] == [("miss", expected), *[("hit", expected)] * 2]
        written_otherwise = [[round(number) for number in record] for record in DIGITS[:3]]
        assert ask(service, *written_otherwise)[0] == "hit"
        assert ask(service, *reversed(DIGITS[:3])) == ("miss", expected[::-1])
        assert model_runs(service) == 2
        assert metric(service, 'cache_lookups_total{outcome="hit"}') == 3
        assert metric(service, 'cache_lookups_total{outcome="miss"}') == 2

        answers = ask_at_once([service], DIGITS[7], 50)
        assert len(set(answers)) == 1 and model_runs(service) == 3
        for what, content in bad_bodies(20_000, features=64).items():
            answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500, (what, answer.text)
            assert answer.json()["error"], what
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def test_two_processes_over_redis_run_the_model_once_for_each_version(redis_url: str, tmp_path: Path) -> None:
    train("digits", tmp_path / "data")
    shared: dict[str, str | float | Path] = {"cache_url": redis_url, "data_dir": tmp_path / "data", **PATIENT}
    with (
        start(tmp_path / "one", "prediction_cache", **shared) as one,
        start(tmp_path / "other", "prediction_cache", **shared) as other,
    ):
        answers = ask_at_once([one, other], DIGITS[8], 50)
        assert len(set(answers)) == 1
        assert model_runs(one) + model_runs(other) == 1
        assert [ask(service, DIGITS[8])[0] for service in (one, other)] == ["hit", "hit"]

    train("digits", tmp_path / "data", seed=8)
    with start(tmp_path / "new", "prediction_cache", **shared) as new:
        assert [ask(new, DIGITS[8])[0] for _ in range(2)] == ["miss", "hit"]
        assert new.stop() == 0


def test_without_its_cache_it_answers_with_more_work_and_then_finds_it_again(tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(redis_server(tmp_path))
        service = stack.enter_context(
            start(tmp_path / "service", "prediction_cache", cache_url=url, cache_timeout_s=0.5, cache_retry_s=0.1)
        )

        def hits() -> bool:
            return ask(service, DIGITS[0])[0] == "hit"

        wait_for(hits)
        labels, runs = ask(service, DIGITS[0])[1], model_runs(service)
        with redis.Redis.from_url(url) as client:
            info = client.info("server")
            assert isinstance(info, dict)
            process = int(info["process_id"])

        os.kill(process, signal.SIGSTOP)           # it hangs
        assert [ask(service, DIGITS[0]) for _ in range(5)] == [("miss", labels)] * 5
        assert model_runs(service) == runs + 5 and metric(service, "cache_up") == 0
        os.kill(process, signal.SIGCONT)
        wait_for(hits)

        runs = model_runs(service)
        os.kill(process, signal.SIGKILL)           # it is gone
        assert [ask(service, DIGITS[0]) for _ in range(5)] == [("miss", labels)] * 5
        assert model_runs(service) == runs + 5
        assert metric(service, 'cache_lookups_total{outcome="bypass"}') >= 10
        assert service.client.get("/ready").status_code == 200
        stack.enter_context(redis_server(tmp_path, int(url.rpartition(":")[2].partition("/")[0])))
        wait_for(hits)

        assert service.stop() == 0
        events = [json.loads(line)["event"] for line in service.errors.splitlines()]
        told = [event for event in events if event.startswith("the cache is")]
        assert told == ["the cache is down; every value is computed", "the cache is back"] * (len(told) // 2)


def test_it_starts_without_its_cache_and_refuses_what_is_no_address(tmp_path: Path) -> None:
    with start(tmp_path, "prediction_cache", cache_url="redis://127.0.0.1:1/0") as service:
        assert [ask(service, DIGITS[0])[0] for _ in range(2)] == ["miss", "miss"]
    told = refusal(tmp_path, "prediction_cache", cache_url="localhost:6379", cache_ttl_s=0)
    assert "SERVE_CACHE_URL" in told and "SERVE_CACHE_TTL_S" in told
    model = tmp_path / "data" / "digits.skops"
    model.write_bytes(model.read_bytes() + b"!")
    assert "its SHA-256 is" in refusal(tmp_path, "prediction_cache")
