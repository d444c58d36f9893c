"""The queues, each with a worker process that can be killed by what it takes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import structlog

from kit.queues import Delivery, Policy, QueueDownError, QueueSettings, Work, open_queue
from kit.testing.doomed import QUEUE
from kit.testing.service import PATIENCE_S, launch, wait_for
from kit.tracing import context

ATTEMPTS = 2
MESSAGES = {"a": b"x", "poisoned": b"poison", "faulty": b"fault", "useless": b"hopeless", "b": b"y", "c": b"z"}
KINDS = ["sqlite", pytest.param("rabbitmq", marks=pytest.mark.xdist_group("rabbitmq")), "kafka"]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'queue.db'}"
    server = str(request.getfixturevalue(f"{request.param}_url"))
    return server if request.param == "rabbitmq" else f"kafka://{server}"


def test_each_message_is_done_or_dead_with_its_reason_and_the_dead_come_back(url: str, tmp_path: Path) -> None:
    settings = QueueSettings.model_validate({"queue_url": url})
    notes = tmp_path / "notes"
    notes.touch()

    async def fill() -> None:
        async with open_queue(settings, QUEUE) as queue:
            for key, body in MESSAGES.items():
                await queue.publish(key, body)

    async def replay() -> list[str]:
        async with open_queue(settings, QUEUE) as queue:
            return await queue.replay()

    def said(word: str) -> dict[str, str]:
        lines = [line.split(" ", 2) for line in notes.read_text().splitlines()]
        return {key: rest for what, key, rest in lines if what == word}

    def all_settled() -> bool:
        return len(said("done")) + len(said("dead")) == len(MESSAGES)

    def life() -> bool:
        """Let a worker work until all is settled, or one of them ends it; tell whether one did."""
        given: dict[str, str | float | Path] = {"queue_url": url, "attempts": ATTEMPTS, "pause_s": 0.05, "lease_s": 1}
        worker = launch(tmp_path, "kit.testing.doomed", str(notes), **given)
        wait_for(lambda: worker.process.poll() is not None or all_settled())
        ended = worker.process.poll() is not None
        if not ended:
            worker.stop()                          # a message is noted as dead before its dead letter is sent
        worker.kill()
        worker.client.close()
        return ended

    asyncio.run(fill())
    deaths = 0
    while not all_settled():
        deaths += life()
    assert said("done").keys() == {"a", "b", "c"}
    dead = said("dead")
    assert "its worker crashed" in dead["poisoned"] and deaths >= ATTEMPTS
    assert dead["faulty"] == f"RuntimeError: as asked (attempt {ATTEMPTS} of {ATTEMPTS})"
    assert dead["useless"] == "no use"
    assert sorted(asyncio.run(replay())) == ["faulty", "poisoned", "useless"]
    assert asyncio.run(replay()) == []


def test_the_context_of_a_request_reaches_its_handler_in_each_attempt(url: str, tmp_path: Path) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    settings = QueueSettings.model_validate({"queue_url": url, "pause_s": 0.05})
    seen: list[dict[str, str]] = []

    async def handle(delivery: Delivery) -> None:
        seen.append(context())
        if delivery.attempt == 1:
            raise RuntimeError("as asked")

    async def bury(_delivery: Delivery, _reason: str) -> None:
        """Do nothing."""

    async def send() -> None:
        async with open_queue(settings, "context") as queue:
            with structlog.contextvars.bound_contextvars(request="mine", traceparent=trace):
                await queue.publish("a", b"x")
            await queue.consume(Work(handle, bury))
            async with asyncio.timeout(PATIENCE_S):
                while len(seen) < 2:
                    await asyncio.sleep(0.02)

    asyncio.run(send())
    assert seen == [{"X-Request-ID": "mine", "traceparent": trace}] * 2


def test_a_kafka_url_with_a_password_is_refused_without_showing_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        open_queue(QueueSettings.model_validate({"queue_url": "kafka://me:secret@127.0.0.1:9092"}), QUEUE)
    assert "secret" not in capsys.readouterr().err


def test_the_pause_doubles_up_to_the_longest() -> None:
    policy = Policy(pause_s=1, longest_pause_s=5)
    for attempt, most in ((1, 1), (2, 2), (3, 4), (4, 5), (12, 5)):
        assert most / 2 <= policy.pause_after(attempt) <= most


def test_a_queue_that_is_down_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database")
    for url in (f"sqlite:///{tmp_path / 'file'}", "amqp://127.0.0.1:1", "kafka://127.0.0.1:1"):

        async def reach(settings: QueueSettings) -> None:
            async with open_queue(settings, QUEUE):
                pass

        with pytest.raises(QueueDownError, match=r"cannot be (opened|reached)"):
            asyncio.run(reach(QueueSettings.model_validate({"queue_url": url})))
