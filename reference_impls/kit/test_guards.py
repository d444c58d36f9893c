"""A service whose callers send slowly, send too much at once, or hang: others are answered, and `/ready` is right."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from kit.testing.service import PATIENCE_S, Service, start, wait_for

SERVICE = """\
import sys, time
from pathlib import Path
from pydantic import BaseModel
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

settings = read_settings(Settings)
app = make_app("guarded", settings)

class Sent(BaseModel):
    until: str = ""

@app.post("/predict")
def predict(sent: Sent) -> dict[str, str]:
    while sent.until and not Path(sent.until).exists():
        time.sleep(0.02)
    return {"status": "done"}

serve(app, settings)
"""
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "guarded.py").write_text(SERVICE)
    return tmp_path


def ready(service: Service) -> tuple[int, str]:
    answer = service.client.get("/ready")
    return answer.status_code, answer.json()["status"]


def connections(service: Service, sent: bytes, count: int) -> list[socket.socket]:
    """Open connections that send the same bytes, and then nothing."""
    address = (service.client.base_url.host, service.client.base_url.port or 0)
    opened = [socket.create_connection(address, PATIENCE_S) for _ in range(count)]
    for one in opened:
        one.sendall(sent)
    return opened


def read_to_end(connection: socket.socket) -> bytes:
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_callers_that_stop_in_the_middle_are_closed_and_others_are_answered(folder: Path) -> None:
    with start(folder, "guarded", receive_s=1) as service:
        halves = {
            "nothing": (20, b""), "half a head": (20, HEAD[:40]), "head without its end": (200, HEAD),
            "no body": (20, HEAD + b"\r\n"), "half a body": (300, HEAD + b"\r\n" + b'{"until'),
        }  # fmt: skip
        for what, (count, half) in halves.items():
            waiting = connections(service, half, count)
            assert service.client.post("/predict", json={}).status_code == 200, what
            assert ready(service) == (200, "ready"), what
            with ThreadPoolExecutor(8) as pool:
                answers = set(pool.map(read_to_end, waiting))
            for answer in answers:
                assert b" 408 " in answer, (what, answer)
            assert ready(service) == (200, "ready")
        assert 'status="408"' in service.client.get("/metrics").text
        assert service.stop() == 0 and "Traceback" not in service.errors


@pytest.mark.parametrize(("threads", "callers"), [(40, 45), (2, 3)])
def test_if_every_thread_hangs_ready_fails_and_others_are_answered_at_once(
    folder: Path, threads: int, callers: int
) -> None:
    end = folder / "end"
    with start(folder, "guarded", hung_s=0.3, threads=threads) as service:      # 1,000 requests may be in flight
        statuses: list[int] = []

        def hang() -> None:
            statuses.append(
                httpx.post(f"{service.url}/predict", json={"until": str(end)}, timeout=PATIENCE_S).status_code
            )

        waiting = [threading.Thread(target=hang) for _ in range(callers)]
        for thread in waiting:
            thread.start()
        wait_for(lambda: ready(service)[0] == 503)
        assert "no other can start" in ready(service)[1]
        refused = service.client.post("/predict", json={})
        assert refused.status_code == 503 and "no other can start" in refused.json()["error"]
        assert service.client.get("/live").status_code == 200
        end.touch()
        wait_for(lambda: ready(service) == (200, "ready"))
        for thread in waiting:
            thread.join(PATIENCE_S)
        assert len(statuses) == callers and statuses.count(200) >= threads
        assert service.client.post("/predict", json={}).status_code == 200


def test_what_hangs_takes_no_more_than_its_place_and_is_seen(folder: Path) -> None:
    end = folder / "end"
    with start(folder, "guarded", most_in_flight=4, hung_s=0.3) as service:
        statuses: list[int] = []

        def hang() -> None:
            sent = {"until": str(end)}
            statuses.append(httpx.post(f"{service.url}/predict", json=sent, timeout=PATIENCE_S).status_code)

        threads = [threading.Thread(target=hang) for _ in range(4)]
        for thread in threads[:3]:
            thread.start()
        wait_for(lambda: "requests_hung 3.0" in service.client.get("/metrics").text)
        assert ready(service) == (200, "ready")                # one place is left
        assert service.client.post("/predict", json={}).status_code == 200
        threads[3].start()
        wait_for(lambda: ready(service)[0] == 503)
        assert "4 requests are in flight for more than 0.3 s each" in ready(service)[1]
        full = service.client.post("/predict", json={})
        assert full.status_code == 503 and full.headers["Retry-After"] and full.json()["error"]
        assert service.client.get("/live").status_code == 200
        end.touch()
        wait_for(lambda: ready(service) == (200, "ready"))
        for thread in threads:
            thread.join(PATIENCE_S)
        assert statuses == [200] * 4


def test_after_sigterm_it_says_that_it_is_not_ready_and_still_answers_for_a_while(folder: Path) -> None:
    with start(folder, "guarded", lame_duck_s=1.5) as service:
        assert ready(service) == (200, "ready")
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        wait_for(lambda: ready(service) == (503, "it is stopping"))
        assert httpx.post(f"{service.url}/predict", json={}).status_code == 200       # a new connection
        assert service.process.wait(PATIENCE_S) == 0
        assert time.monotonic() - begun > 1.4
    with start(folder, "guarded", lame_duck_s=600) as service:
        service.process.send_signal(signal.SIGINT)             # Ctrl-C: nobody waits for a balancer
        assert service.process.wait(60) == 0


def test_the_context_of_a_request_is_kept_if_it_is_valid(folder: Path) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with start(folder, "guarded") as service:
        for given, kept in (("mine-1", True), ("a b", False), ("x" * 65, False)):
            headers = {"X-Request-ID": given, "traceparent": trace if kept else f"ff-{trace}"}
            answer = service.client.post("/predict", json={}, headers=headers)
            assert (answer.headers["X-Request-ID"] == given) is kept
        assert service.stop() == 0                             # a request is logged after its answer
        logged = [json.loads(line) for line in service.errors.splitlines() if '"event": "request"' in line]
        assert [line.get("traceparent") for line in logged] == [trace, None, None]
