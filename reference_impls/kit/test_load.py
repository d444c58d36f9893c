"""The load generator sees the queue that a waiting one would hide, and says when its own run is not to be believed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from kit.load import Call, LoadError, Plan, Record, failed_gates, run, schedule
from kit.ports import free_port

STEADY = Record(
    offered=100, sent=100, achieved=100, requests=1000, good=1000, statuses={"200": 1000}, errors={},
    p50=0.010, p95=0.012, p99=0.015, worst=0.02, lateness_p99=0.0001, drift=0.01,
)  # fmt: skip


class Stalls(BaseHTTPRequestHandler):
    """Answers one request after the other; the first one on `/stall` holds up all that come after it."""

    stalled = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/stall" and not Stalls.stalled:
            Stalls.stalled = True
            time.sleep(0.6)
        self.send_response(503 if self.path == "/busy" else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Patient(HTTPServer):
    request_queue_size = 512


@contextmanager
def server() -> Iterator[str]:
    Stalls.stalled = False
    with Patient(("127.0.0.1", 0), Stalls) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}"
        finally:
            running.shutdown()
            thread.join()


def test_a_stall_is_seen_by_all_requests_that_fell_due_in_it() -> None:
    with server() as url:
        plan = Plan(url, rate=100, seconds=1.2, warmup_s=0, arrivals="constant")
        record, samples = run(plan, [Call("/stall", b"{}")])
    assert record.requests == record.good == 120 and not record.errors
    waited = int((samples.latency_s > 0.1).sum())          # one that waits for answers would have counted one
    assert waited >= 45
    assert record.worst >= 0.6 and record.p99 >= 0.5
    assert np.all(samples.sent_s >= samples.due_s)


def test_what_is_not_answered_well_is_counted_by_what_it_was() -> None:
    with server() as url:
        record, _ = run(Plan(url, rate=50, seconds=0.4, warmup_s=0.1), [Call("/busy", b"{}"), Call("/", b"{}")])
        assert set(record.statuses) == {"200", "503"} and 0 < record.error_share < 1
        slow, _ = run(Plan(url, rate=20, seconds=0.3, warmup_s=0, timeout_s=0.05), [Call("/stall", b"{}")])
        assert slow.errors["timeout"] >= 1
    gone, _ = run(Plan(f"http://127.0.0.1:{free_port()}", rate=50, seconds=0.2, warmup_s=0), [Call("/", b"{}")])
    assert gone.errors == {"ClientConnectorError": gone.requests} and gone.error_share == 1
    assert {gate.name for gate in failed_gates(gone)} >= {"achieved", "drift"}


def test_there_are_never_more_in_flight_than_allowed() -> None:
    with server() as url:
        plan = Plan(url, rate=200, seconds=0.3, warmup_s=0, most_in_flight=3, arrivals="constant")
        record, _ = run(plan, [Call("/stall", b"{}")])
    assert record.errors["too many in flight"] >= 30


@pytest.mark.parametrize(
    ("changed", "name", "whose"),
    [
        (replace(STEADY, lateness_p99=0.0006), "lateness", "generator"),
        (replace(STEADY, sent=97), "sent", "generator"),
        (replace(STEADY, drift=0.06), "drift", "service"),
        (replace(STEADY, achieved=97), "achieved", "service"),
    ],
)
def test_each_gate_fails_alone_and_says_by_how_much(changed: Record, name: str, whose: str) -> None:
    assert failed_gates(STEADY) == []
    (gate,) = failed_gates(changed)
    assert (gate.name, gate.whose) == (name, whose)
    assert f"{gate.value:.1%} (maximum {gate.limit:.0%})" in str(gate)


def test_arrivals_keep_to_their_rate_and_seed() -> None:
    plan = Plan("http://127.0.0.1:1", rate=100, seconds=50, warmup_s=5)
    due = schedule(plan)
    assert due == schedule(plan) != schedule(replace(plan, seed=8))
    assert due == sorted(due) and -5 <= due[0] < 0 and due[-1] < 50
    gaps = np.diff(due)
    assert np.mean(gaps) == pytest.approx(0.01, rel=0.05)
    assert np.std(gaps) == pytest.approx(0.01, rel=0.1)    # of an exponential: as long as its mean


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (Plan("http://192.0.2.1", 1, 1), "is not on this machine"),
        (Plan("ftp://127.0.0.1", 1, 1), "is not the address of a service"),
        (Plan("http://127.0.0.1", 0, 1), "the rate is 0/s"),
        (Plan("http://127.0.0.1", 1e9, 1), "the maximum is 5000/s"),
        (Plan("http://127.0.0.1", 1, 1e9), "at most 3600 s each"),
        (Plan("http://127.0.0.1", 5000, 3600), "more than 1000000 requests"),
    ],
)
def test_a_run_beyond_the_limits_is_refused(plan: Plan, reason: str) -> None:
    with pytest.raises(LoadError, match=reason):
        run(plan, [Call("/")])
