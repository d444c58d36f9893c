"""Streaming prediction as real processes: each event is counted once, even if processes die or events repeat."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import create_engine

from kit.database import DatabaseSettings, open_database
from kit.models import Prediction, examples, load, trained
from kit.queues import QueueSettings, open_queue
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start, wait_for
from streaming.settings import Event as Measurement
from streaming.state import State

INPUTS = examples("iris")
Event = dict[str, object]
KEYS, EACH = 20, 20
ALL_COUNTED = {str(key): EACH for key in range(KEYS)}
WINDOW_S = 600.0


def event(key: str, number: int, at: float) -> Event:
    return {"id": f"{key}-{number}", "key": key, "at": at, "inputs": [INPUTS[number % len(INPUTS)].tolist()]}


def fill(data: Path, events: list[Event], queue_url: str = "") -> None:
    """Publish events, as the API does."""
    settings = QueueSettings.model_validate({"data_dir": data, "queue_url": queue_url})

    async def publish() -> None:
        async with open_queue(settings, "measurements") as queue:
            for one in events:
                await queue.publish(str(one["key"]), json.dumps(one).encode())

    asyncio.run(publish())


def counts(data: Path) -> dict[str, int]:
    """Return the number of events in the window of each key."""
    state = State(create_engine(f"sqlite:///{data / 'stream.db'}"), WINDOW_S)
    found = {key: newest.events for key in map(str, range(KEYS)) if (newest := state.newest(key)) is not None}
    state.engine.dispose()
    return found


def newest(service: Service, key: str) -> httpx.Response:
    return service.client.get(f"/predictions/{key}")


def expect(data: Path, answer: httpx.Response, numbers: list[int]) -> None:
    """Check that the prediction is that of the model for the mean of these events."""
    mean = INPUTS[[n % len(INPUTS) for n in numbers]].mean(axis=0, keepdims=True)
    prediction = load(data / "iris.skops").predict(mean)[0]
    assert answer.json()["label"] == prediction.label
    assert answer.json()["probability"] == pytest.approx(prediction.probability)
    assert answer.json()["events"] == len(numbers)


def test_windows_repeats_late_events_and_bad_ones(tmp_path: Path) -> None:
    data, now = tmp_path / "data", time.time()
    with start(tmp_path, "streaming", window_s=WINDOW_S, max_body_bytes=9999) as service:

        def send(one: Event) -> None:
            assert service.client.post("/events", json=one).status_code == 202

        def known(key: str, events: int) -> None:
            wait_for(lambda: newest(service, key).json().get("events") == events)

        send(event("a", 0, now - 1000))
        known("a", 1)
        assert newest(service, "a").json()["age_s"] > 999
        for one in (event("a", 70, now - 300), event("a", 140, now), event("a", 35, now - 200)):   # one is out of order
            send(one)
        known("a", 3)                                          # the first has left the window
        send(event("a", 140, now))                             # repeated
        send(event("a", 1, now - 5000))                        # late
        send(event("b", 5, now))                               # behind them on the same stream
        known("b", 1)
        expect(data, newest(service, "a"), [70, 140, 35])
        assert newest(service, "nothing").status_code == 404
        for what, content in bad_bodies(9999).items():
            bad = service.client.post("/events", content=framed(content), headers={"Content-Type": "application/json"})
            assert 400 <= bad.status_code < 500 and bad.json()["error"], (what, bad.text)
        assert "in the future" in service.client.post("/events", json=event("a", 1, now + 3600)).json()["error"]
        broken: Event = {"id": "broken", "key": "a"}
        fill(data, [broken, event("c", 6, now)])
        known("c", 1)                                          # a broken event does not block the others
        assert service.stop() == 0
        assert "Traceback" not in service.errors and "the event is not valid" in service.errors


def framed(content: bytes) -> bytes:
    """Turn a bad body into an event, if possible, so that only its inputs are wrong."""
    start_of = b'{"id": "x", "key": "x", "at": 1.0, '
    return content.replace(b"{", start_of, 1) if content.startswith(b'{"') else content


def counts_after_a_kill(tmp_path: Path, queue_url: str = "", processors: int = 1) -> dict[str, int]:
    """Kill a processor in the middle, send some events twice, and return how many were counted for each key."""
    data, now = tmp_path / "data", time.time()
    events = [event(str(key), number, now - EACH + number) for number in range(EACH) for key in range(KEYS)]
    trained("iris", data)
    with start(
        tmp_path, "streaming", queue_url=queue_url, lease_s=1, processors=processors, window_s=WINDOW_S
    ) as service:
        fill(data, events + events[::7], queue_url)
        wait_for(lambda: sum(counts(data).values()) > len(events) // 10)
        killed = service.children("streaming.processor")[0]
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: counts(data) == ALL_COUNTED)
        wait_for(lambda: killed not in service.children("streaming.processor"))
        for key in ("0", str(KEYS - 1)):
            expect(data, newest(service, key), list(range(EACH)))
        assert service.stop() == 0
    return counts(data)


def test_a_killed_processor_loses_and_doubles_nothing_on_the_embedded_queue(tmp_path: Path) -> None:
    assert counts_after_a_kill(tmp_path) == ALL_COUNTED


def test_a_killed_processor_loses_and_doubles_nothing_on_kafkas_protocol(kafka_url: str, tmp_path: Path) -> None:
    assert counts_after_a_kill(tmp_path, f"kafka://{kafka_url}", 2) == ALL_COUNTED


def test_what_it_cannot_start_with_is_reported(tmp_path: Path) -> None:
    assert "SERVE_WINDOW_S" in refusal(tmp_path, "streaming", window_s=0)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processors_may_have_events_of_one_key(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = str(request.getfixturevalue("postgres_url")) if kind == "postgresql" else ""
    settings = DatabaseSettings.model_validate({"data_dir": tmp_path, "database_url": url})
    state, key = State(open_database(settings, "stream"), WINDOW_S), uuid4().hex
    state.create()
    events = [Measurement.model_validate(event(key, number % 20, 1000.0 + number % 20)) for number in range(40)]
    with ThreadPoolExecutor(2) as pool:
        fates = list(pool.map(lambda one: state.count(one, lambda means: Prediction("x", float(means[0, 0]))), events))
    assert Counter(fates) == {"counted": 20, "repeated": 20}
    newest = state.newest(key)
    assert newest is not None and newest.events == 20 and newest.at == 1019.0
    assert newest.probability == pytest.approx(INPUTS[:20, 0].mean())
    state.engine.dispose()
