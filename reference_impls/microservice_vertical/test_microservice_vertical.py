"""Models in a chain, as real processes; some are killed or stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from kit.calls import HEADER
from kit.models import examples, load, read_card
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start, wait_for
from microservice_vertical.chain import STAGES, sureness

DIGITS = examples("digits")[::50]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vertical")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    with start(folder, "microservice_vertical", max_body_bytes=50_000, deadline_s=20) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def ask(service: Service, soon_ms: int = 20_000) -> httpx.Response:
    headers = {HEADER: str(soon_ms)}
    return service.client.post("/predict", json={"inputs": DIGITS.tolist()}, headers=headers)


def server_of(service: Service, stage: str) -> int:
    return service.child(f"kit.model_server {stage}")


def test_the_second_stage_takes_what_the_first_one_says(service: Service, folder: Path) -> None:
    coarse, fine = (load(folder / "data" / f"{stage}.skops") for stage in STAGES)
    groups = coarse.predict(DIGITS)
    digits = fine.predict(np.hstack([DIGITS, [sureness(said) for said in groups]]))
    body = ask(service).raise_for_status().json()
    assert [p["label"] for p in body["groups"]] == [p.label for p in groups]
    assert [p["label"] for p in body["predictions"]] == [p.label for p in digits]
    assert body["versions"] == [coarse.card.version, fine.card.version]
    assert read_card(folder / "data" / "fine.skops").accuracy > 0.9


def test_bad_input_and_a_passed_deadline_are_refused(service: Service) -> None:
    for what, content in bad_bodies(50_000, 64).items():
        answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
    assert ask(service, soon_ms=0).status_code == 504


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_hangs_or_is_down_is_named(service: Service, stage: str) -> None:
    pid = server_of(service, stage)
    os.kill(pid, signal.SIGSTOP)

    def is_late() -> bool:                 # on a busy machine, the stage before it may sometimes be late too
        answer = ask(service, soon_ms=2000)
        assert answer.status_code == 504, answer.text
        return str(answer.json()["error"]).startswith(f"{stage}: did not answer before the deadline")

    wait_for(is_late)
    os.kill(pid, signal.SIGKILL)
    down = ask(service)
    assert down.status_code in {502, 503} and down.json()["error"].startswith(f"{stage}: "), down.text
    wait_for(lambda: ask(service).status_code == 200)


def test_a_proxy_that_does_not_know_its_stages_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, "microservice_vertical.proxy", coarse="http://127.0.0.1:1")
    assert "SERVE_FINE" in said
