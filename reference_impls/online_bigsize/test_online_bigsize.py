"""The model is really big and slow; each fix changes how long a caller waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kit.models import examples
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start, wait_for
from online_bigsize.model import big_model

UNITS = 4000                                       # a quarter of the default, so that it is created in seconds
IMAGES = examples("digits")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One folder for all tests, so that the model is created once; it is deleted at the end, because it is big."""
    folder = tmp_path_factory.mktemp("bigsize")
    big_model(folder / "data", UNITS)
    yield folder
    for kept in (folder / "data").glob("echo-*"):
        kept.unlink()


def ask(service: Service, first: int, last: int) -> list[str]:
    answer = service.client.post("/predict", json={"inputs": IMAGES[first:last].tolist()})
    return [p["label"] for p in answer.raise_for_status().json()["predictions"]]


def metric(service: Service, name: str) -> float:
    lines = service.client.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def work(service: Service, call: Callable[[], object]) -> float:
    """Return the service's CPU seconds for ten calls, which do not depend on other load on the machine."""
    before = metric(service, "process_cpu_seconds_total")
    for _ in range(10):
        call()
    return metric(service, "process_cpu_seconds_total") - before


def test_the_big_model_is_big_right_and_slow_where_the_small_one_is_quick(folder: Path) -> None:
    with start(folder, "online_bigsize", units=UNITS) as big, start(folder, "online_bigsize", "--small") as small:
        assert (folder / "data" / f"echo-{UNITS}.npz").stat().st_size > 4 * UNITS**2
        said = ask(big, 300, 310)
        assert np.mean([a == b for a, b in zip(said, ask(small, 300, 310), strict=True)]) >= 0.8
        assert work(big, lambda: ask(big, 0, 1)) > 3 * work(small, lambda: ask(small, 0, 1))
        assert big.stop() == 0 and "Traceback" not in big.errors


def test_bad_input_and_a_damaged_model_are_refused(folder: Path, tmp_path: Path) -> None:
    with start(folder, "online_bigsize", units=UNITS) as service:
        for what, content in bad_bodies(features=64).items():
            answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
        assert "Traceback" not in service.errors
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / f"echo-{UNITS}.npz").write_bytes(b"no model")
    assert "is not a model of this service" in refusal(tmp_path, "online_bigsize", units=UNITS)
    assert "SERVE_UNITS" in refusal(tmp_path, "online_bigsize", units=10**9)


@pytest.mark.parametrize("option", ["--cache", "--ahead"])
def test_what_is_known_is_answered_without_the_model(option: str, folder: Path) -> None:
    with start(folder, "online_bigsize", option, units=UNITS, known=50) as service:
        first = ask(service, 0, 50)
        assert metric(service, "records_predicted_total") == 50        # for the caller, or ahead of time
        assert ask(service, 0, 50) == first
        assert ask(service, 40, 60)[:10] == first[40:]                 # known and unknown records in one request
        assert metric(service, "records_predicted_total") == 60
        ask(service, 50, 60)
        assert metric(service, "records_predicted_total") == (60 if option == "--cache" else 70)


def test_a_hand_over_is_answered_at_once_and_done_even_when_the_service_is_stopped(folder: Path) -> None:
    with start(folder, "online_bigsize", "--later", units=UNITS, waiting=2, drain_s=60) as service:
        body = {"inputs": IMAGES[:5].tolist()}
        accepted = service.client.post("/predict", json=body)
        assert accepted.status_code == 202
        place = accepted.json()["result"]
        wait_for(lambda: service.client.get(place).status_code == 200)
        assert len(service.client.get(place).json()["predictions"]) == 5
        assert service.client.get("/results/none").status_code == 404
        assert service.client.post("/predict", json={"inputs": [[1.0]]}).status_code == 422
        many = {"inputs": IMAGES[:500].tolist()}
        statuses = [service.client.post("/predict", json=many).status_code for _ in range(8)]
        assert set(statuses) == {202, 503}                 # requests beyond the limit are rejected
        assert service.stop() == 0
        assert "Traceback" not in service.errors
