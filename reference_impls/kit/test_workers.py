"""Workers on each queue: they finish what they hold, keep it while they live, and show what does not end."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import create_engine

from kit.inputs import Records
from kit.queues import Delivery, QueueSettings, Work, open_queue
from kit.queues.predicting import digest_of, predicting
from kit.results import Result, Results
from kit.testing.servers import rabbitmq_server
from kit.testing.service import Service, start, wait_for
from kit.testing.slow import sleeping

RABBITMQ = pytest.param("rabbitmq", marks=pytest.mark.xdist_group("impatient rabbitmq"))
KINDS = ["sqlite", RABBITMQ, "kafka"]
BODY = b'{"inputs": [[0.01]]}'


@pytest.fixture(scope="module")
def impatient_rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A RabbitMQ that takes messages back which are not acknowledged within 2.5 seconds."""
    with rabbitmq_server(tmp_path_factory.mktemp("impatient"), consumer_timeout_ms=2500) as url:
        yield url


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'queue.db'}"
    if request.param == "rabbitmq":
        return str(request.getfixturevalue("impatient_rabbitmq"))
    return f"kafka://{request.getfixturevalue('kafka_url')}"


class Slow:
    """Workers of one queue, the notes of their model, and their results."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.queue = f"slow-{uuid4().hex}"         # a broker may still hold messages of an earlier test
        self.notes = folder / "notes"
        self.notes.touch()
        self._results = Results(create_engine(f"sqlite:///{folder / 'data' / 'results.db'}"))

    def worker(self, stack: ExitStack, **settings: float) -> Service:
        """Start a worker.

        Its lease is shorter than the long predictions, so that they need a renewal; between two renewals, a busy
        machine may stop the process for 2 s.
        """
        given: dict[str, float | str | Path] = {"queue_url": self.url, "lease_s": 3, "pause_s": 0.2, **settings}
        return stack.enter_context(start(self.folder, "kit.testing.slow", str(self.notes), self.queue, **given))

    def publish(self, **seconds: float) -> None:
        """Publish a message for each id: its prediction takes so many seconds."""
        settings = QueueSettings.model_validate({"queue_url": self.url})

        async def fill() -> None:
            async with open_queue(settings, self.queue) as queue:
                for key, value in seconds.items():
                    await queue.publish(key, json.dumps({"inputs": [[value]]}).encode())

        asyncio.run(fill())

    def noted(self) -> list[str]:
        """Return what the model did so far: `began SECONDS` or `ended SECONDS`."""
        return [line.rpartition(" ")[0] for line in self.notes.read_text().splitlines()]

    def has_noted(self, lines: int) -> bool:
        """Return whether the model did as much."""
        return len(self.noted()) >= lines

    def settled(self) -> dict[str, Result]:
        """Return the results that are done or dead."""
        return {one.id: one for one in self._results.all() if one.status != "pending"}

    def close(self) -> None:
        """Close the store."""
        self._results.engine.dispose()


@pytest.fixture
def slow(url: str, tmp_path: Path) -> Iterator[Slow]:
    made = Slow(tmp_path, url)
    yield made
    made.close()


def test_a_stop_finishes_the_message_in_hand_and_no_other_worker_gets_it(slow: Slow) -> None:
    with ExitStack() as stack:
        first = slow.worker(stack)
        slow.publish(long=3.53, short=0.01)
        wait_for(lambda: "began 3.53" in slow.noted())
        first.process.send_signal(signal.SIGTERM)
        slow.worker(stack)
        wait_for(lambda: slow.settled().keys() == {"long", "short"})
        assert first.process.wait(20) == 0
    assert sorted(slow.noted()) == ["began 0.01", "began 3.53", "ended 0.01", "ended 3.53"]
    assert {one.status for one in slow.settled().values()} == {"done"}


def test_stops_in_the_middle_of_many_messages_run_each_of_them_once(slow: Slow) -> None:
    seconds = {f"id-{n}": round(0.002 + n / 1e6, 6) for n in range(120)}
    with ExitStack() as stack:
        slow.worker(stack).stop()                              # so that the queue exists
        slow.publish(**seconds)
        for enough in (20, 60):
            worker = slow.worker(stack)
            wait_for(partial(slow.has_noted, 2 * enough))
            worker.process.send_signal(signal.SIGTERM)         # the next one starts while this one stops
        slow.worker(stack)
        wait_for(lambda: slow.settled().keys() == seconds.keys())
    noted = slow.noted()
    assert sorted(noted) == sorted(f"{what} {value:g}" for value in seconds.values() for what in ("began", "ended"))


def test_a_living_worker_keeps_its_message_longer_than_any_timeout_of_the_queue(slow: Slow) -> None:
    with ExitStack() as stack:
        slow.worker(stack)
        slow.publish(long=4.03)
        wait_for(lambda: "began 4.03" in slow.noted())
        second = slow.worker(stack)                            # a member that joins makes Kafka move partitions
        slow.publish(short=0.01)
        wait_for(lambda: slow.settled().keys() == {"long", "short"})
        wait_for(lambda: second.client.get("/ready").status_code == 200)
    assert sorted(slow.noted()) == ["began 0.01", "began 4.03", "ended 0.01", "ended 4.03"]


def test_a_prediction_that_does_not_end_is_seen_and_becomes_a_dead_letter(slow: Slow) -> None:
    with ExitStack() as stack:
        worker = slow.worker(stack, limit_s=0.7, attempts=1)
        slow.publish(hung=1000)
        wait_for(lambda: "began 1000" in slow.noted())
        slow.publish(short=0.01)
        wait_for(lambda: worker.client.get("/ready").status_code == 503)
        reason = worker.client.get("/ready").json()["status"]
        assert "in hand for" in reason and "the limit is 0.7 s" in reason
        metrics = worker.client.get("/metrics").text.splitlines()
        since = next(line.split()[1] for line in metrics if line.startswith("message_in_hand_since_seconds"))
        assert float(since) > 1e9
        assert worker.process.wait(20) == 5                    # nothing else ends a thread
        assert "short" not in slow.settled()                   # it holds nothing while it is stuck
        slow.worker(stack, attempts=2)
        wait_for(lambda: "short" in slow.settled())
        assert slow.settled()["hung"].reason == "no result within 0.7 s (attempt 1 of 1)"


def test_a_prediction_that_ends_late_lets_the_worker_go_on(slow: Slow) -> None:
    with ExitStack() as stack:
        worker = slow.worker(stack, limit_s=1.6, attempts=1)   # it must let the short one end in time
        slow.publish(late=2.03, short=0.01)
        wait_for(lambda: slow.settled().keys() == {"late", "short"} and slow.settled()["late"].status == "done")
        wait_for(lambda: worker.client.get("/ready").status_code == 200)
    assert sorted(slow.noted()) == ["began 0.01", "began 2.03", "ended 0.01", "ended 2.03"]


@pytest.mark.xdist_group("impatient rabbitmq")
def test_a_stop_waits_for_a_message_that_rabbitmq_took_back_meanwhile(impatient_rabbitmq: str) -> None:
    queue = open_queue(QueueSettings.model_validate({"queue_url": impatient_rabbitmq}), f"slow-{uuid4().hex}")
    began, ended = asyncio.Event(), list[str]()

    async def handle(delivery: Delivery) -> None:
        began.set()
        await asyncio.sleep(3.5)
        ended.append(delivery.id)

    async def bury(_delivery: Delivery, _reason: str) -> None:
        """Do nothing."""

    async def work() -> None:
        async with queue:
            await queue.publish("a", b"x")
            await queue.consume(Work(handle, bury))
            await began.wait()

    asyncio.run(work())
    assert ended == ["a"]


class Ending(Results):
    """A store in which another worker finishes its message right after each question about that message."""

    def get(self, key: str) -> Result | None:
        found = super().get(key)
        self._end(key)
        return found

    def held_s(self, key: str) -> float:
        left_s = super().held_s(key)
        self._end(key)
        return left_s

    def _end(self, key: str) -> None:
        self.done(key, digest_of(BODY), "{}")
        self.release(key, "another")


def test_a_copy_of_a_message_that_ends_at_this_moment_is_not_run_again(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.touch()
    results = Ending(create_engine(f"sqlite:///{tmp_path / 'results.db'}"))
    results.create()
    results.hold("a", "another", 30)
    work = predicting(sleeping(notes), results, CollectorRegistry(), Records)

    async def take() -> None:
        await work.handle(Delivery("a", BODY, 2))

    asyncio.run(take())
    results.engine.dispose()
    assert notes.read_text() == ""
