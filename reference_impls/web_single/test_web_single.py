"""Web single, as real processes: FastAPI, Flask, and two replicas behind a real nginx."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import httpx
import pytest

from kit.models import examples, load, train
from kit.testing.inputs import bad_bodies
from kit.testing.service import PATIENCE_S, Service, launch, refusal, start, wait_for

SETOSA = {"inputs": [[5.1, 3.5, 1.4, 0.2]]}


@pytest.fixture(params=[(), ("--flask",)], ids=["fastapi", "flask"])
def words(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return tuple(request.param)


def test_it_predicts_what_its_model_does_refuses_bad_input_and_stops(words: tuple[str, ...], tmp_path: Path) -> None:
    with start(tmp_path, "web_single", *words, max_body_bytes=20_000) as service:
        inputs = examples("iris")
        body = service.client.post("/predict", json={"inputs": inputs.tolist()}).raise_for_status().json()
        expected = load(tmp_path / "data" / "iris.skops").predict(inputs)
        assert [p["label"] for p in body["predictions"]] == [p.label for p in expected]
        for what, content in bad_bodies(20_000).items():
            answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500, (what, answer.text)
            assert answer.json()["error"], what
        assert service.client.get("/nothing").status_code == 404
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def test_an_altered_model_is_not_served(words: tuple[str, ...], tmp_path: Path) -> None:
    model = train("iris", tmp_path / "data")
    model.write_bytes(model.read_bytes() + b"!")
    assert "its SHA-256 is" in refusal(tmp_path, "web_single", *words)


def test_a_model_other_than_the_one_asked_for_is_not_served(words: tuple[str, ...], tmp_path: Path) -> None:
    assert "but the caller says 0123" in refusal(tmp_path, "web_single", *words, digest="0123")


def test_a_wrong_setting_and_a_taken_port_are_reported(tmp_path: Path) -> None:
    assert "SERVE_PORT" in refusal(tmp_path, "web_single", port="abc")
    with start(tmp_path, "web_single") as service:
        assert "cannot listen on " in refusal(tmp_path, "web_single", port=service.client.base_url.port or 0)


def ask(service: Service, stop: threading.Event, statuses: list[int]) -> None:
    with httpx.Client(base_url=service.url, timeout=PATIENCE_S) as client:
        while not stop.is_set():
            statuses.append(client.post("/predict", json=SETOSA).status_code)


def test_a_killed_replica_costs_at_most_the_requests_in_flight(nginx_program: str, tmp_path: Path) -> None:
    callers = 4
    with start(tmp_path, "web_single", "--replicas", "2") as service:
        stop, statuses = threading.Event(), list[int]()
        threads = [threading.Thread(target=ask, args=(service, stop, statuses)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(statuses) > 40)
        before = service.children("web_single.app")
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        seen = len(statuses)
        wait_for(lambda: len(statuses) > seen + 200)
        wait_for(lambda: len(service.children("web_single.app")) == 2)      # it is started again
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        lost = [status for status in statuses if status != 200]
        assert len(lost) <= callers, lost
        assert set(service.children("web_single.app")) != set(before)
        assert service.stop() == 0


def test_what_is_in_flight_at_the_end_is_answered(nginx_program: str, tmp_path: Path) -> None:
    many = {"inputs": examples("iris").tolist()}
    train("iris", tmp_path / "data")
    with start(tmp_path, "web_single", "--replicas", "2") as service:
        stop, statuses = threading.Event(), list[int]()

        def send() -> None:
            with httpx.Client(base_url=service.url, timeout=PATIENCE_S) as client:
                while not stop.is_set():
                    try:
                        statuses.append(client.post("/predict", json=many).status_code)
                    except httpx.TransportError:       # not accepted: a connection may close while it is used
                        return

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(statuses) > 40)
        assert service.stop() == 0
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert set(statuses) == {200}
        assert service.errors.count('"path": "/predict"') == len(statuses)       # none was lost


def test_several_replicas_without_nginx_are_refused_with_what_to_install(tmp_path: Path) -> None:
    service = launch(tmp_path, "web_single", "--replicas", "0")
    assert service.process.wait(PATIENCE_S) == 2 and "must be at least 1" in service.errors
