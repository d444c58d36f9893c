"""Calls keep to their deadline, are repeated only where that is safe, and fail with a reason: over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import structlog

from kit.calls import HEADER, Callee, CallError, Deadline
from kit.inputs import Labelled, Predictions, Records
from kit.ports import free_port

ASKED = Records(inputs=[[1.0]])
SAID = Predictions(model="m", version="1", predictions=[Labelled(label="a", probability=1)])
Handler = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answering(status: int, body: str) -> Handler:
    """Return a handler that gives an answer."""

    async def handle(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    return handle


async def breaking_off(writer: asyncio.StreamWriter) -> None:
    """Close the connection in place of an answer."""
    writer.close()


async def silent(writer: asyncio.StreamWriter) -> None:
    """Keep the caller waiting."""
    await asyncio.Event().wait()


async def dripping(writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then, so that no single read takes long."""
    writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await asyncio.sleep(0.02)


WELL = answering(200, SAID.model_dump_json())
BUSY = answering(503, '{"error": "full"}')


class Server:
    """An HTTP server that handles requests with these handlers in turn, then always with the last."""

    def __init__(self, *handlers: Handler) -> None:
        self.handlers = list(handlers)
        self.heads: list[str] = []
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        """Listen until the end of the block."""
        open_now: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            open_now.add(task)
            try:
                while not writer.is_closing():
                    self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                    await reader.readexactly(len(ASKED.model_dump_json()))
                    handler = self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]
                    await handler(writer)
            except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in open_now:
                task.cancel()
            await asyncio.gather(*open_now)


def ask(server: Server, deadline_s: float = 30, times: int = 1) -> list[Predictions | CallError]:
    """Ask a server, and return what each call brought."""

    async def all_calls() -> list[Predictions | CallError]:
        async with server.running():
            callee = Callee("model", server.url)
            brought: list[Predictions | CallError] = []
            for _ in range(times):
                try:
                    brought.append(await callee.ask("/predict", ASKED, Predictions, Deadline.after(deadline_s)))
                except CallError as error:
                    brought.append(error)
            await callee.close()
            return brought

    return asyncio.run(all_calls())


def test_the_rest_of_the_deadline_and_the_id_of_the_request_travel_on() -> None:
    server = Server(WELL)
    with structlog.contextvars.bound_contextvars(request="abc"):
        assert ask(server) == [SAID]
    head = dict(line.lower().split(": ", 1) for line in server.heads[0].splitlines() if ": " in line)
    assert 0 < int(head[HEADER.lower()]) < 30_000
    assert head["x-request-id"] == "abc"


@pytest.mark.parametrize("first", [BUSY, breaking_off], ids=["busy", "breaks off"])
def test_what_was_not_answered_is_asked_once_more(first: Handler) -> None:
    server = Server(first, WELL)
    assert ask(server) == [SAID]
    assert len(server.heads) == 2


@pytest.mark.parametrize(
    ("handler", "status", "requests", "reason"),
    [
        (BUSY, 503, 2, "model: full"),
        (breaking_off, 502, 2, "model: broke the connection"),
        (answering(500, '{"error": "oh"}'), 502, 1, "model: oh"),
        (answering(504, '{"error": "late"}'), 504, 1, "model: late"),
        (answering(422, '{"error": "too few"}'), 422, 1, "model: too few"),
        (answering(404, '{"error": "Not Found"}'), 502, 1, "model: Not Found"),
        (answering(200, '{"predictions": "none"}'), 502, 1, "model: returned an invalid answer (status 200)"),
        (answering(500, "<html>"), 502, 1, "model: returned an invalid answer (status 500)"),
    ],
)
def test_each_failure_has_its_status_and_reason(handler: Handler, status: int, requests: int, reason: str) -> None:
    server = Server(handler)
    [error] = ask(server)
    assert isinstance(error, CallError) and error.status == status
    assert str(error).startswith(reason)
    assert len(server.heads) == requests


@pytest.mark.parametrize("handler", [silent, dripping])
def test_nothing_is_waited_for_beyond_the_deadline(handler: Handler) -> None:
    server = Server(handler)
    [error] = ask(server, deadline_s=0.5)
    assert isinstance(error, CallError) and error.status == 504
    assert str(error) == "model: did not answer before the deadline"
    assert len(server.heads) == 1


def test_nobody_is_asked_after_the_deadline() -> None:
    server = Server(WELL)
    [error] = ask(server, deadline_s=0)
    assert isinstance(error, CallError) and error.status == 504 and server.heads == []


def test_retries_stay_a_small_share_of_the_calls() -> None:
    server, calls = Server(BUSY), 100
    assert {error.status for error in ask(server, times=calls) if isinstance(error, CallError)} == {503}
    assert calls < len(server.heads) <= calls * 1.1 + 10


def test_an_unreachable_server_is_reported_as_such() -> None:
    async def call() -> None:
        callee = Callee("model", f"http://127.0.0.1:{free_port()}")
        try:
            await callee.ask("/predict", ASKED, Predictions, Deadline.after(30))
        finally:
            await callee.close()

    with pytest.raises(CallError, match="model: cannot be reached") as caught:
        asyncio.run(call())
    assert caught.value.status == 503
