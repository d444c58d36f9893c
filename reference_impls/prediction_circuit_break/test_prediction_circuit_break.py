"""The breaker with a real model server, which is killed, stopped, and comes back."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kit.calls import HEADER
from kit.models import examples, load, read_card
from kit.testing.inputs import bad_bodies
from kit.testing.service import PATIENCE_S, Service, refusal, start, wait_for

FLOWERS = examples("iris")[::10]
FEW = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("breaker")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    settings = {"max_body_bytes": 50_000, "deadline_s": 20.0, "call_s": 2.0, "open_s": 1.0, "most_calls": FEW}
    with start(folder, "prediction_circuit_break", **settings) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def test_only_the_server_of_the_model_has_loaded_scikit_learn(service: Service) -> None:
    assert service.modules_with("sklearn") == {
        "prediction_circuit_break": False, "prediction_circuit_break.front": False, "kit.model_server iris": True,
    }  # fmt: skip


def ask(service: Service) -> httpx.Response:
    return service.client.post("/predict", json={"inputs": FLOWERS.tolist()})


def is_fallback(service: Service) -> bool:
    return ask(service).raise_for_status().json()["fallback"] is True


def state(service: Service) -> str:
    body = service.client.get("/ready").raise_for_status().json()
    assert body["status"] == "ready"
    return str(body["breaker"])


def metric(service: Service, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", service.client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def model_server(service: Service) -> int:
    return service.child("kit.model_server iris")


def test_while_all_is_well_the_model_answers_and_bad_input_is_refused(service: Service, folder: Path) -> None:
    body = ask(service).raise_for_status().json()
    expected = load(folder / "data" / "iris.skops").predict(FLOWERS)
    assert [p["label"] for p in body["predictions"]] == [p.label for p in expected]
    assert body["fallback"] is False and body["reason"] == ""
    for what, content in bad_bodies(50_000).items():
        answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
    passed = service.client.post("/predict", json={"inputs": FLOWERS.tolist()}, headers={HEADER: "0"})
    assert passed.status_code == 504
    for _ in range(5):                         # short deadlines of callers do not open it
        hasty = service.client.post("/predict", json={"inputs": FLOWERS.tolist()}, headers={HEADER: "1500"})
        assert "the remaining time is shorter" in hasty.raise_for_status().json()["reason"]
    assert state(service) == "closed" and metric(service, 'breaker_state{state="closed"}') == 1


def test_a_killed_server_opens_the_breaker_and_its_return_closes_it(service: Service, folder: Path) -> None:
    os.kill(model_server(service), signal.SIGKILL)
    body = ask(service).raise_for_status().json()
    card = read_card(folder / "data" / "iris.skops")
    commonest = card.classes[card.shares.index(max(card.shares))]
    assert body["fallback"] is True and body["reason"].startswith("model: ")
    assert {p["label"] for p in body["predictions"]} == {commonest} and len(body["predictions"]) == len(FLOWERS)
    assert (body["model"], body["version"]) == (card.name, card.version)

    def open_and_said_so() -> bool:
        answer = ask(service).raise_for_status().json()
        return answer["reason"] == "the breaker is open" and answer["fallback"] is True

    wait_for(open_and_said_so)
    wait_for(lambda: not is_fallback(service))             # it is restarted and tested
    assert state(service) == "closed"
    assert metric(service, 'fallbacks_total{reason="turned away"}') >= 1


def test_a_server_that_hangs_opens_the_breaker_too_and_is_left_alone_meanwhile(service: Service) -> None:
    pid = model_server(service)
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(lambda: is_fallback(service) and state(service) == "opened")

        def is_left_alone() -> bool:       # until the next test call
            made = metric(service, 'model_calls_total{result="made"}')
            reason = ask(service).raise_for_status().json()["reason"]
            return reason == "the breaker is open" and metric(service, 'model_calls_total{result="made"}') == made

        wait_for(is_left_alone)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not is_fallback(service))
    assert state(service) == "closed"


def test_more_calls_than_the_server_may_have_get_the_fallback_at_once(service: Service) -> None:
    async def many() -> list[str]:
        async with httpx.AsyncClient(base_url=service.url, timeout=PATIENCE_S) as client:
            body = {"inputs": FLOWERS.tolist()}
            answers = await asyncio.gather(*(client.post("/predict", json=body) for _ in range(4 * FEW)))
            return [answer.raise_for_status().json()["reason"] for answer in answers]

    pid = model_server(service)
    os.kill(pid, signal.SIGSTOP)
    try:
        reasons = asyncio.run(many())
    finally:
        os.kill(pid, signal.SIGCONT)
    assert sum(reason == "model: did not answer before the deadline" for reason in reasons) <= FEW
    assert "the maximum of parallel calls is reached" in reasons
    wait_for(lambda: not is_fallback(service))


def test_settings_that_leave_no_time_for_the_fallback_are_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, "prediction_circuit_break.front", server="http://127.0.0.1:1", call_s=2, deadline_s=1)
    assert "SERVE_CALL_S must be less" in said
