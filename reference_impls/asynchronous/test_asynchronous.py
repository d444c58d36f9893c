"""Asynchronous prediction as real processes, with each queue: killed workers, a lost broker, dead letters."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from sqlalchemy import create_engine

from kit.models import examples, load, trained
from kit.ports import free_port
from kit.queues import QueueSettings, open_queue
from kit.results import Result, Results
from kit.testing.inputs import bad_bodies
from kit.testing.servers import rabbitmq_server
from kit.testing.service import PATIENCE_S, Service, launch, refusal, start, wait_for

SETOSA = {"inputs": [[5.1, 3.5, 1.4, 0.2]]}
MANY = 300


def post(service: Service, body: object = SETOSA, key: str = "") -> httpx.Response:
    return service.client.post("/predictions", json=body, headers={"Idempotency-Key": key} if key else {})


def settled(service: Service, key: str) -> httpx.Response:
    wait_for(lambda: service.client.get(f"/predictions/{key}").status_code != 202)
    return service.client.get(f"/predictions/{key}")


def fill(data: Path, bodies: dict[str, bytes], queue_url: str = "") -> None:
    """Put messages on the queue, as the API does."""
    settings = QueueSettings.model_validate({"data_dir": data, "queue_url": queue_url})

    async def publish() -> None:
        async with open_queue(settings, "predictions") as queue:
            await asyncio.gather(*(queue.publish(key, body) for key, body in bodies.items()))

    asyncio.run(publish())


def stored(data: Path) -> int:
    """Count the stored answers, without reading them: this is asked many times while the workers need the processor."""
    with closing(sqlite3.connect(data / "results.db")) as connection:
        (found,) = connection.execute("select count(*) from results where status = 'done'").fetchone()
    return int(found)


def everything(data: Path) -> dict[str, Result]:
    """Return all results in the store."""
    results = Results(create_engine(f"sqlite:///{data / 'results.db'}"))
    found = {result.id: result for result in results.all()}
    results.engine.dispose()
    return found


@contextmanager
def listener(answers: list[int]) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Receive callbacks: answer with these statuses in order, repeat the last one, and keep the requests."""
    got: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        server.server_close()


def test_it_accepts_answers_calls_back_refuses_and_buries(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with (
        listener([500, 500, 204]) as (where, got),
        start(tmp_path, "asynchronous", workers=1, callback_hosts=where, pause_s=0.05, max_body_bytes=9999) as service,
    ):
        accepted = post(service, {"inputs": examples("iris")[:3].tolist()}, "a-key")
        assert accepted.status_code == 202 and accepted.json()["status"] == "pending"
        assert accepted.headers["Location"] == f"/predictions/{accepted.json()['id']}"
        done = settled(service, accepted.json()["id"])
        assert done.status_code == 200 and len(done.json()["answer"]["predictions"]) == 3

        again = post(service, {"inputs": examples("iris")[:3].tolist()}, "a-key")
        assert again.json()["id"] == accepted.json()["id"] and again.json()["status"] == "done"
        assert post(service, SETOSA, "a-key").status_code == 422
        assert service.client.get("/predictions/nothing").status_code == 404

        for what, content in bad_bodies(9999).items():
            bad = service.client.post("/predictions", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= bad.status_code < 500 and bad.json()["error"], (what, bad.text)

        host = urlsplit(service.url).netloc
        bad_ones = (f"http://{host}/", f"file://{where}/", f"http://me@{where}/", f"http://{where}@{host}/", "?")
        for callback in bad_ones:
            refused = post(service, {**SETOSA, "callback": callback})
            assert refused.status_code == 422 and "callback" in refused.json()["error"], callback
        called = post(service, {**SETOSA, "callback": f"http://{where}/there"}).json()["id"]
        wait_for(lambda: len(got) == 3)                    # rejected twice, then accepted
        assert {(one["id"], one["status"]) for one in got} == {(called, "done")}

        fill(data, {"unfit": b'{"inputs": [[1.0]]}', "broken": b"{"})
        dead = settled(service, wait_until_known(service, "unfit"))
        assert dead.status_code == 410 and "the model needs 4" in dead.json()["reason"]
        wait_until_known(service, "broken")
        replay = launch(tmp_path, "asynchronous", "--replay")
        assert replay.process.wait(PATIENCE_S) == 0 and "predictions: 2 requeued" in replay.output
        assert settled(service, "broken").status_code == 410       # retried, with the same result
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def wait_until_known(service: Service, key: str) -> str:
    wait_for(lambda: service.client.get(f"/predictions/{key}").status_code != 404)
    return key


def test_what_it_cannot_start_with_is_reported(tmp_path: Path) -> None:
    assert "unknown scheme 'ftp'" in refusal(tmp_path, "asynchronous", queue_url="ftp://somewhere")
    assert "cannot be reached" in refusal(tmp_path, "asynchronous", queue_url=f"amqp://127.0.0.1:{free_port()}")
    assert "SERVE_DATABASE_URL" in refusal(tmp_path, "asynchronous", database_url="mysql://x")


def answered_after_a_kill(tmp_path: Path, queue_url: str = "") -> int:
    """Kill a worker while it processes many messages, and return how many got their own result, once.

    With the embedded queue, the whole service is also killed and restarted before the end.
    """
    data = tmp_path / "data"
    inputs = [[5.1, 3.5, i / 200, i / 500] for i in range(MANY)]
    bodies = {f"id-{i}": json.dumps({"inputs": [one]}).encode() for i, one in enumerate(inputs)}
    trained("iris", data)
    with ExitStack() as stack:
        service = stack.enter_context(start(tmp_path, "asynchronous", queue_url=queue_url, lease_s=1))
        fill(data, bodies, queue_url)
        wait_for(lambda: stored(data) > MANY // 10)
        workers = service.children("asynchronous.worker")
        os.kill(workers[0], signal.SIGKILL)
        assert stored(data) < MANY
        if not queue_url:
            wait_for(lambda: stored(data) > MANY // 2)
            service.kill()                                 # as in a power failure
            service, workers = stack.enter_context(start(tmp_path, "asynchronous", lease_s=1)), []
        wait_for(lambda: stored(data) == MANY)
        wait_for(lambda: len(service.children("asynchronous.worker")) == 2)
        assert set(service.children("asynchronous.worker")) != set(workers)
        assert service.stop() == 0
    expected = load(data / "iris.skops").predict(np.array(inputs))
    labels = {key: result.answer for key, result in everything(data).items()}
    assert labels.keys() == bodies.keys()
    for i, prediction in enumerate(expected):
        assert json.loads(labels[f"id-{i}"])["predictions"][0]["label"] == prediction.label
    return len(labels)


def test_a_killed_worker_and_a_restart_lose_nothing_on_the_embedded_queue(tmp_path: Path) -> None:
    assert answered_after_a_kill(tmp_path) == MANY


@pytest.mark.xdist_group("rabbitmq")
def test_a_killed_worker_loses_nothing_on_rabbitmq(rabbitmq_url: str, tmp_path: Path) -> None:
    assert answered_after_a_kill(tmp_path, rabbitmq_url) == MANY


def test_a_killed_worker_loses_nothing_on_kafkas_protocol(kafka_url: str, tmp_path: Path) -> None:
    assert answered_after_a_kill(tmp_path, f"kafka://{kafka_url}") == MANY


@pytest.mark.xdist_group("rabbitmq")
def test_without_the_queue_it_says_503_and_loses_nothing_that_it_accepted(tmp_path: Path) -> None:
    folder = tmp_path / "rabbitmq"
    folder.mkdir()
    trained("iris", tmp_path / "data")
    with ExitStack() as broker:
        url = broker.enter_context(rabbitmq_server(folder))
        with start(tmp_path, "asynchronous", queue_url=url, confirm_s=2) as service:
            accepted = [settled(service, post(service).json()["id"]).json()["id"]]
            workers = service.children("asynchronous.worker")
            for worker in workers:
                os.kill(worker, signal.SIGSTOP)            # so that work is left when the queue fails
            accepted += [post(service).json()["id"] for _ in range(30)]
            broker.close()
            refused = post(service)
            assert refused.status_code == 503 and "was not accepted" in refused.json()["error"]
            assert refused.headers["Retry-After"]
            assert service.client.get(f"/predictions/{accepted[0]}").status_code == 200
            for worker in workers:
                os.kill(worker, signal.SIGCONT)
            broker.enter_context(rabbitmq_server(folder, urlsplit(url).port or 0))
            wait_for(lambda: {settled(service, key).status_code for key in accepted} == {200})
            wait_for(lambda: post(service).status_code == 202)
            assert service.stop() == 0
