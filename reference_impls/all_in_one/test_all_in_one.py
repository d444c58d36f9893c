"""A crash, exhausted memory, a busy CPU or a release of one model affects all models."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from all_in_one.app import NAMES
from kit.models import DataSet, examples, train
from kit.testing.inputs import bad_bodies
from kit.testing.service import PATIENCE_S, Service, refusal, start, wait_for

POISON = {"inputs": [[1e9] + [0.0] * 63]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("all-in-one")


@pytest.fixture(scope="module")
def plain(folder: Path) -> Iterator[Service]:
    """The service without a fault."""
    with start(folder, "all_in_one") as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.errors


class Callers:
    """One caller for each model without a fault, each sending requests all the time; the statuses by model."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.answers: dict[DataSet, list[int]] = {name: [] for name in NAMES if name != "digits"}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(name,)) for name in self.answers]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        self.wait_for_answers()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _ask(self, name: DataSet) -> None:
        body = {"inputs": examples(name)[:1].tolist()}
        with httpx.Client(base_url=self.service.url, timeout=PATIENCE_S) as client:
            while not self._stop.wait(0.02):
                try:
                    self.answers[name].append(client.post(f"/predict/{name}", json=body).status_code)
                except httpx.TransportError:
                    self.answers[name].append(0)   # no answer

    def wait_for_answers(self) -> None:
        seen = {name: len(answers) for name, answers in self.answers.items()}
        wait_for(lambda: all(answers[seen[name]:].count(200) >= 5 for name, answers in self.answers.items()))

    def all_lost_some(self) -> bool:
        return all(0 in answers for answers in self.answers.values())


def pid(service: Service) -> int:
    return next(iter(service.children("all_in_one.app")), 0)


@pytest.mark.parametrize("fault", ["abort", "memory"])
def test_one_models_crash_takes_the_others_down(fault: str, folder: Path) -> None:
    with start(folder, "all_in_one", "--fault", fault, memory_mb=300) as service:
        with Callers(service) as callers:
            assert not callers.all_lost_some()
            first = pid(service)
            with pytest.raises(httpx.TransportError):
                service.client.post("/predict/digits", json=POISON)
            wait_for(callers.all_lost_some)
            callers.wait_for_answers()             # the parent restarts it, and it loads every model
            assert pid(service) != first
        assert service.stop() == 0


def test_apart_a_crash_of_one_model_leaves_the_others_alone(folder: Path) -> None:
    with start(folder, "all_in_one", "--apart", "--fault", "abort") as service:
        addresses = dict(line.split(" listens on ") for line in service.output.splitlines())
        assert set(addresses) == set(NAMES)
        with httpx.Client(timeout=PATIENCE_S) as client:
            body = {"inputs": examples("iris")[:1].tolist()}
            with pytest.raises(httpx.TransportError):
                client.post(f"{addresses['digits']}/predict/digits", json=POISON)
            assert client.post(f"{addresses['iris']}/predict/iris", json=body).status_code == 200
            assert client.post(f"{addresses['iris']}/predict/digits", json=POISON).status_code == 404
        assert service.stop() == 0


def test_a_release_of_one_model_stops_all(plain: Service) -> None:
    with Callers(plain) as callers:
        first = pid(plain)
        body = {"inputs": examples("wine")[:1].tolist()}
        old = plain.client.post("/predict/wine", json=body).json()["version"]
        new = plain.client.post("/release/wine").raise_for_status().json()["version"]
        wait_for(callers.all_lost_some)
        callers.wait_for_answers()
        assert pid(plain) != first
        with httpx.Client(base_url=plain.url, timeout=PATIENCE_S) as client:
            assert client.post("/predict/wine", json=body).json()["version"] == new != old


def test_a_hog_computes_in_the_process_of_the_others(folder: Path) -> None:
    with start(folder, "all_in_one", "--fault", "cpu", hog_s=1.5) as service:
        def used() -> float:
            lines = service.client.get("/metrics").text.splitlines()
            return next(float(x.split()[1]) for x in lines if x.startswith("process_cpu_seconds_total "))

        before = used()
        service.client.post("/predict/digits", json=POISON).raise_for_status()
        hogged = used() - before
        before = used()
        service.client.post("/predict/iris", json={"inputs": [[5.1, 3.5, 1.4, 0.2]]}).raise_for_status()
        assert hogged > 3 * (used() - before)


def test_bad_input_is_refused_and_one_bad_model_keeps_all_from_starting(plain: Service, tmp_path: Path) -> None:
    with httpx.Client(base_url=plain.url, timeout=PATIENCE_S) as client:
        for what, content in bad_bodies().items():
            answer = client.post("/predict/iris", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
        assert client.post("/predict/nothing", json={"inputs": [[1.0]]}).status_code == 404
        assert client.post("/release/nothing").status_code == 422
        assert client.post("/predict/digits", json=POISON).status_code == 200          # no fault was given
    model = train("wine", tmp_path / "data")
    model.write_bytes(model.read_bytes() + b"!")
    assert "its SHA-256 is" in refusal(tmp_path, "all_in_one.app")
