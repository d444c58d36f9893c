"""Spans reach a collector: one for each part that a request or a message passes, each a child of the one before."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog

from kit import spans
from kit.testing.service import Service, start, wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = f"00-{TRACE}-00f067aa0ba902b7-01"
MODEL = """\
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

settings = read_settings(Settings)
app = make_app("model", settings)

@app.post("/v1/chat/completions")
def chat() -> dict[str, list[str]]:
    return {"choices": []}

serve(app, settings)
"""
FRONT = """\
from kit.llm.upstreams import Upstream
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

class FrontSettings(Settings):
    model: str

settings = read_settings(FrontSettings)
app = make_app("front", settings)
upstream = Upstream("model", settings.model, "m")

@app.post("/ask/{what}")
async def ask(what: str) -> dict[str, object]:
    if what == "fail":
        raise ValueError("a defect")
    return await upstream.whole({}, 30)

serve(app, settings)
"""
Rows = list[dict[str, Any]]


class Collector:
    """A collector of OTLP over HTTP in this process."""

    def __init__(self) -> None:
        self.rows: Rows = []
        rows = self.rows

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
                for resource in body["resourceSpans"]:
                    (name,) = resource["resource"]["attributes"]
                    for scope in resource["scopeSpans"]:
                        rows.extend({**span, "service": name["value"]["stringValue"]} for span in scope["spans"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def named(self, service: str, name: str) -> Mapping[str, Any]:
        """Wait for a span, and return it."""
        found: Rows = []

        def arrived() -> bool:
            found[:] = [row for row in self.rows if (row["service"], row["name"]) == (service, name)]
            return bool(found)

        wait_for(arrived)
        return found[-1]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


def attributes(span: Mapping[str, Any]) -> dict[str, str]:
    return {row["key"]: next(iter(row["value"].values())) for row in span["attributes"]}


def ask(service: Service, what: str, **headers: str) -> int:
    return service.client.post(f"/ask/{what}", headers=headers).status_code


def test_a_request_has_a_span_in_each_part_and_none_where_its_caller_does_not_sample(
    collector: Collector, tmp_path: Path
) -> None:
    for name, text in (("model", MODEL), ("front", FRONT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(text)
    with (
        start(tmp_path / "model", "model", traces_url=collector.url) as model,
        start(tmp_path / "front", "front", traces_url=collector.url, model=model.url) as front,
    ):
        assert ask(front, "model", traceparent=SENT, **{"X-Request-ID": "mine"}) == 200
        first = collector.named("front", "POST /ask/{what}")
        second = collector.named("model", "POST /v1/chat/completions")
        assert first["traceId"] == second["traceId"] == TRACE
        assert first["parentSpanId"] == "00f067aa0ba902b7" and second["parentSpanId"] == first["spanId"]
        assert attributes(first)["request"] == attributes(second)["request"] == "mine"
        assert attributes(second)["http.response.status_code"] == "200" and first["kind"] == 2
        assert int(first["startTimeUnixNano"]) <= int(second["startTimeUnixNano"]) <= int(second["endTimeUnixNano"])
        count = len(collector.rows)
        assert ask(front, "model", traceparent=f"{SENT[:-1]}0") == 200          # its caller does not sample
        assert ask(front, "fail") == 500
        wait_for(lambda: len(collector.rows) > count)
        (failed,) = collector.rows[count:]
        assert failed["status"] == {"code": 2} and failed["traceId"] != TRACE and "parentSpanId" not in failed
        assert front.stop() == 0 and model.stop() == 0
    assert len(collector.rows) == count + 1


def test_a_message_is_a_span_of_the_request_that_sent_it(collector: Collector, tmp_path: Path) -> None:
    with start(tmp_path, "asynchronous", traces_url=collector.url, workers=1) as service:
        body = {"inputs": [[5.1, 3.5, 1.4, 0.2]]}
        sent = service.client.post("/predictions", json=body, headers={"traceparent": SENT})
        assert sent.status_code == 202
        request, message = collector.named("api", "POST /predictions"), collector.named("worker-0", "predictions")
        assert message["kind"] == 5 and message["traceId"] == TRACE and message["parentSpanId"] == request["spanId"]
        loaded = service.modules_with("sklearn")
        assert loaded == {"asynchronous": False, "asynchronous.api": False, "asynchronous.worker": True}


def test_spans_are_off_unless_a_collector_is_named() -> None:
    spans.export_spans("", "mine")
    with structlog.contextvars.bound_contextvars(traceparent=SENT), spans.span("work", "server") as made:
        assert made is None and structlog.contextvars.get_contextvars()["traceparent"] == SENT


def test_a_collector_that_does_not_answer_costs_spans_only(collector: Collector) -> None:
    gone = spans.Exporter("http://127.0.0.1:9", "mine")
    for _ in range(2500):
        gone.add(spans.Span(TRACE, "1" * 16, "", "work", "server", 1))
    gone.close()
    assert gone.dropped >= 500 + 200                                # those for which there was no room, and a batch
    there = spans.Exporter(collector.url, "mine")
    for _ in range(450):
        there.add(spans.Span(TRACE, "1" * 16, "", "work", "server", 1, 2))
    there.close()
    assert len(collector.rows) == 450 and not there.dropped
