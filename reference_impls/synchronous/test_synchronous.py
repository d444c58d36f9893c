"""Synchronous prediction as a real process, under more load than it can handle."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections import Counter
from pathlib import Path

import httpx

from kit.calls import HEADER
from kit.models import examples, load
from kit.testing.inputs import bad_bodies
from kit.testing.service import PATIENCE_S, Service, refusal, start, wait_for

SETOSA = {"inputs": [[5.1, 3.5, 1.4, 0.2]]}
SLOW = {"inputs": [[5.1, 3.5, 1.4, 0.2]] * 1000}
JSON = {"Content-Type": "application/json"}


def metric(service: Service, name: str) -> float:
    """Return a metric summed over its labels."""
    lines = service.client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if re.match(rf"{re.escape(name)}[ {{]", line))


def test_it_answers_refuses_bad_input_and_heeds_the_callers_deadline(tmp_path: Path) -> None:
    with start(tmp_path, "synchronous", max_body_bytes=50_000, passes=100, deadline_s=20) as service:
        inputs = examples("iris")
        body = service.client.post("/predict", json={"inputs": inputs.tolist()}).raise_for_status().json()
        expected = load(tmp_path / "data" / "iris.skops").predict(inputs)
        assert [p["label"] for p in body["predictions"]] == [p.label for p in expected]
        for what, content in bad_bodies(50_000).items():
            answer = service.client.post("/predict", content=content, headers=JSON)
            assert 400 <= answer.status_code < 500, (what, answer.text)
            assert answer.json()["error"], what
        begun = metric(service, "work_begun_total")
        assert begun == 1
        passed = service.client.post("/predict", json=SETOSA, headers={HEADER: "0"})
        assert passed.status_code == 504 and "not started" in passed.json()["error"]
        for wrong in ("soon", "-1", "1.5", "1e3", "9" * 40, ""):
            answer = service.client.post("/predict", json=SETOSA, headers={HEADER: wrong})
            assert answer.status_code == 422 and HEADER in answer.json()["error"], wrong
        assert metric(service, "work_begun_total") == begun
        late = service.client.post("/predict", json=SLOW, headers={HEADER: "20"})
        assert late.status_code == 504, late.text
        wait_for(lambda: service.client.post("/predict", json=SETOSA).status_code == 200)
        assert service.stop() == 0
        assert "Traceback" not in service.errors


async def burst(url: str, requests: int, every_s: float) -> list[httpx.Response]:
    """Send requests on a schedule, each over its own connection, without waiting for earlier answers."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=PATIENCE_S) as client:
        content = json.dumps(SLOW).encode()
        tasks = []
        for _ in range(requests):
            tasks.append(asyncio.create_task(client.post("/predict", content=content, headers=JSON)))
            await asyncio.sleep(every_s)
        return await asyncio.gather(*tasks)


def test_a_burst_beyond_capacity_is_answered_in_time_or_turned_away_and_then_all_is_well(tmp_path: Path) -> None:
    # The deadline leaves a busy machine the time to do the work; late work has its own test.
    with start(tmp_path, "synchronous", at_once=1, waiting=3, passes=40, deadline_s=60) as service:
        answers = asyncio.run(burst(service.url, 150, 0))         # however slow this machine sends them
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) <= {200, 503, 504}
        assert statuses[200] and statuses[503]
        for answer in answers:
            if answer.status_code == 503:
                assert answer.headers["Retry-After"] == "1" and answer.json()["error"]
        assert metric(service, "shed_total") == statuses[503]
        begun, late = metric(service, "work_begun_total"), metric(service, "late_total")
        assert begun == statuses[200] + late and late <= statuses[504]
        assert metric(service, "requests_waiting") == 0
        again = asyncio.run(burst(service.url, 1, 0))
        assert [answer.status_code for answer in again] == [200]
        assert service.stop() == 0


def test_work_of_a_caller_that_has_gone_is_not_begun(tmp_path: Path) -> None:
    with start(tmp_path, "synchronous", at_once=1, waiting=20, wait_s=50, deadline_s=60, passes=40) as service:
        content = json.dumps(SLOW).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
        address = (service.client.base_url.host, service.client.base_url.port or 0)
        callers = [socket.create_connection(address) for _ in range(12)]
        for caller in callers:
            caller.sendall(head.encode() + b"\r\n\r\n" + content)
        wait_for(lambda: metric(service, "requests_waiting") > 0)
        for caller in callers:
            caller.close()
        wait_for(lambda: metric(service, "requests_in_flight") == 1)          # the request for the metrics itself
        assert metric(service, "shed_total") >= 1
        assert metric(service, "work_begun_total") + metric(service, "shed_total") == 12
        assert service.stop() == 0


def test_settings_that_leave_no_time_for_the_work_are_refused(tmp_path: Path) -> None:
    assert "SERVE_WAIT_S must be less" in refusal(tmp_path, "synchronous", wait_s=2, deadline_s=1)
