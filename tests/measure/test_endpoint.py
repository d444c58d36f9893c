"""A running service under an open-loop load: latency counts from when a request was due, and bad runs are discarded."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archlint.errors import UsageError
from archlint.measure.endpoint import Plan, Run, Sample, measure_endpoint, schedule, summary
from archlint.measure.facts import component_facts, served_facts
from archlint.measure.http import Target

CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""A key and its self-signed certificate for localhost, valid until 2126; for this test only."""
Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A real server on loopback, in its own thread; `answer` writes to each request's connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await answer(head, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.transport.abort()

    async def run() -> None:
        async with await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls) as server:
            ports.append(server.sockets[0].getsockname()[1])
            stops.append((asyncio.get_running_loop(), stop := asyncio.Event()))
            ready.set()
            await stop.wait()

    ports, stops, ready = list[int](), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]](), threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(run(),))      # it cancels what is left
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        (loop, stop), = stops
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def fixed(data: bytes, delay_s: float = 0.0) -> Answer:
    async def answer(_head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(delay_s)
        writer.write(data)

    return answer


QUICK = Plan(rate=100, seconds=0.6, warmup_s=0.1, timeout_s=5)


@pytest.mark.parametrize(
    "data",
    [
        OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /x\r\nConnection: close\r\n\r\n",
    ],
)
def test_every_kind_of_answer_is_read_to_its_end(data: bytes) -> None:
    with serving(fixed(data)) as port:
        found = measure_endpoint(Target.of(f"http://127.0.0.1:{port}/x"), QUICK)
    assert found.good == found.requests > 30
    assert found.errors == {}
    assert list(found.statuses) == [data.split()[1].decode()] or data.startswith(b"HTTP/1.1 100")


def test_an_answer_may_end_with_its_connection() -> None:
    async def answer(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
        writer.close()

    with serving(answer) as port:
        assert measure_endpoint(Target.of(f"http://127.0.0.1:{port}"), QUICK).errors == {}


def test_statuses_and_errors_are_counted() -> None:
    turns = iter(range(10_000))

    async def answer(_head: bytes, writer: asyncio.StreamWriter) -> None:
        turn = next(turns) % 3
        if turn == 2:
            writer.close()
            return
        writer.write(OK if turn else OK.replace(b"200 OK", b"503 Busy"))

    with serving(answer) as port:
        found = measure_endpoint(Target.of(f"http://127.0.0.1:{port}"), QUICK)
    assert set(found.statuses) == {"200", "503"}
    assert set(found.errors) == {"broken answer: IncompleteReadError"}
    assert sum(found.statuses.values()) + sum(found.errors.values()) == found.requests
    assert found.good == found.statuses["200"]
    assert any("the service answered" in reason for reason in found.discarded)


def test_a_request_without_an_answer_is_a_timeout() -> None:
    with serving(fixed(OK, delay_s=30)) as port:
        plan = Plan(rate=100, seconds=0.5, warmup_s=0, timeout_s=0.3, most_in_flight=20)
        found = measure_endpoint(Target.of(f"http://127.0.0.1:{port}"), plan)
    assert set(found.errors) <= {"timeout", "too many in progress"}
    assert found.errors["timeout"] >= 20
    assert found.latency is None
    assert found.discarded == ("there are too few good answers",)


def test_latency_counts_from_when_a_request_was_due() -> None:
    """A service with one place that takes 20 ms: at 100/s, requests wait for seconds, and the open loop sees it."""
    place = asyncio.Lock()

    async def answer(_head: bytes, writer: asyncio.StreamWriter) -> None:
        async with place:
            await asyncio.sleep(0.02)
        writer.write(OK)

    with serving(answer) as port:
        found = measure_endpoint(Target.of(f"http://127.0.0.1:{port}"), Plan(rate=100, seconds=0.8, warmup_s=0))
    assert found.latency is not None
    assert found.latency.mean_s > 0.1                     # a closed loop would see 0.02
    assert any("the service answered" in reason for reason in found.discarded)


def test_requests_that_meet_others_are_not_alone() -> None:
    """The service answers a request when the next one is there, so each meets another."""
    waiting: list[asyncio.Event] = []

    async def answer(_head: bytes, writer: asyncio.StreamWriter) -> None:
        for event in waiting:
            event.set()
        waiting[:] = [asyncio.Event()]
        await waiting[0].wait()
        writer.write(OK)

    with serving(answer) as port:
        plan = Plan(rate=200, seconds=0.5, warmup_s=0, timeout_s=1)
        found = measure_endpoint(Target.of(f"http://127.0.0.1:{port}"), plan)
    assert found.alone is None
    assert found.good == found.requests - 1               # the last one waits in vain


def test_requests_one_after_another_are_alone() -> None:
    async def send(port: int) -> list[bool]:
        one = Run(Target.of(f"http://127.0.0.1:{port}"), Plan(rate=50, seconds=1, warmup_s=0))
        for number, sample in enumerate(one.samples):
            await one.send(number, sample, 0.0)
        one.close()
        await asyncio.sleep(0.02)
        return [sample.alone and sample.is_good for sample in one.samples]

    with serving(fixed(OK)) as port:
        assert all(asyncio.run(send(port)))


def test_a_service_with_tls_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with serving(fixed(OK), context) as port:
        target = Target.of(f"https://localhost:{port}/")
        with pytest.raises(UsageError) as caught:
            measure_endpoint(target, QUICK)
        assert "SSL_CERT_FILE" in caught.value.hint
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert measure_endpoint(target, QUICK).errors == {}


def test_the_request_is_what_was_asked_for() -> None:
    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(OK)

    with serving(answer) as port:
        target = Target.of(f"http://127.0.0.1:{port}/a b?x=1", "", b"", {"x-key": "v", "USER-AGENT": "me"})
        measure_endpoint(target, QUICK)
    lines = heads[0].split(b"\r\n")
    assert lines[0] == b"GET /a%20b?x=1 HTTP/1.1"
    assert b"x-key: v" in lines and b"USER-AGENT: me" in lines
    assert not any(line.lower().startswith(b"user-agent: archlint") for line in lines)
    posted = Target.of("http://h/p", "", b'{"a": 1}', {"content-type": "text/plain"}).request
    assert posted.startswith(b"POST /p HTTP/1.1\r\nHost: h\r\n")
    assert posted.endswith(b'Content-Length: 8\r\ncontent-type: text/plain\r\n\r\n{"a": 1}')


@pytest.mark.parametrize(
    ("url", "method", "headers", "said"),
    [
        ("localhost:80", "", {}, "is not the address of a service"),
        ("ftp://a/b", "", {}, "is not the address of a service"),
        ("http://a:b/", "", {}, "is not the address of a service"),
        ("http://a/", "", {"a b": "c"}, "`a b` is not a valid header"),
        ("http://a/", "", {"a": "b\r\nc: d"}, "`a` is not a valid header"),
        ("http://a/", "GET /x", {}, "is not a method of HTTP"),
    ],
)
def test_a_wrong_request_is_an_error(url: str, method: str, headers: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Target.of(url, method, b"", headers)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(0, 10), "the rate is 0/s"),
        (Plan(9_000, 10), "the rate is 9000/s"),
        (Plan(50, 0), "the run takes 0 s"),
        (Plan(5_000, 3_600), "the run has 18,000,000 requests"),
        (Plan(1, 2), "the run has only 2 requests"),
    ],
)
def test_a_plan_beyond_the_limits_is_an_error(plan: Plan, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        measure_endpoint(Target.of("http://127.0.0.1:9"), plan)


def test_a_service_on_another_machine_needs_a_confirmation() -> None:
    with pytest.raises(UsageError, match=r"192\.0\.2\.1 is not on this machine"):
        measure_endpoint(Target.of("http://192.0.2.1"), QUICK)


def test_nothing_listening_is_an_error() -> None:
    with serving(fixed(OK)) as port:
        pass
    with pytest.raises(UsageError, match=f"cannot connect to 127.0.0.1:{port}"):
        measure_endpoint(Target.of(f"http://127.0.0.1:{port}"), QUICK)


def samples(count: int, late_s: float = 0.0, latency_s: float = 0.01, seconds: float = 10.0) -> list[Sample]:
    step = seconds / count
    return [
        Sample(step * number, step * number + late_s, step * number + latency_s, 200, alone=number % 2 == 0)
        for number in range(count)
    ]


def test_a_late_generator_discards_the_run() -> None:
    assert summary(Plan(100, 10), samples(1000, late_s=0.0004)).discarded == ()
    (reason,) = summary(Plan(100, 10), samples(1000, late_s=0.0006)).discarded
    assert reason == "the generator was late: its p99 lateness is 6.0% of the measured p50 (limit 5%)"


def test_a_rate_that_is_not_held_discards_the_run() -> None:
    slow = samples(1000)
    for sample in slow[-1:]:
        sample.sent_s += 0.3
        sample.done_s += 0.3
    found = summary(Plan(100, 10), slow)
    assert found.discarded == ("the generator did not hold the rate: it sent 97.2% of it",)
    failing = samples(1000)
    for sample in failing[::40]:
        sample.status = 500
    (reason,) = summary(Plan(100, 10), failing).discarded
    assert reason.startswith("the service answered 97.")


def test_long_requests_weigh_more_because_they_rarely_meet_no_other() -> None:
    """Of two equally frequent times, the long one meets no other with exp(-rate x 0.1); the weights undo that."""
    short, long = 0.01, 0.11
    alone = [Sample(0.0, 0.0, value, 200, alone=True) for value in [short] * 1000 + [long] * 368]
    found = summary(Plan(10, 10), alone).alone
    assert found is not None
    assert found.mean_s == pytest.approx((short + long) / 2, rel=0.001)


def test_the_facts_of_a_run() -> None:
    found = summary(Plan(100, 10), samples(1000))
    assert component_facts(found, "2026-11-29", "m")["load_tested"] == "{rate: 99.9/s, p99: 10ms, date: 2026-11-29}"
    served = served_facts(found, "2026-11-29", "m")
    assert served is not None
    assert served["service_time"].endswith("p50: 10ms, p95: 10ms, p99: 10ms}")
    assert served_facts(summary(Plan(100, 10), [Sample(0.1, 0.1, 0.2, 200)]), "2026-11-29", "m") is None


def test_the_schedule_is_a_poisson_process() -> None:
    due = schedule(Plan(rate=200, seconds=50, warmup_s=0))
    gaps = [later - earlier for earlier, later in zip(due, due[1:], strict=False)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert mean == pytest.approx(1 / 200, rel=0.05)
    assert variance / mean**2 == pytest.approx(1, rel=0.1)
