"""Rates and times from the text format of Prometheus, for each server that archlint knows."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from archlint.cli.app import run_app
from archlint.errors import UnreadableInputError, UsageError
from archlint.importers.importing import import_files
from archlint.metrics.families import FAMILIES
from archlint.metrics.measured import Measurement, measure
from archlint.metrics.reading import MAX_BYTES, read_metrics
from archlint.model.read import no_includes, read
from archlint.source.parser import parse
from tests.conftest import ROOT

COMPOSE = """
services:
  web:
    image: acme/web
    ports: ["80:80"]
    environment: {LLM: "http://llm:8000/v1", API: "http://api:80"}
  api:
    image: acme/api
  llm:
    image: vllm/vllm-openai:v0.9.0
    command: --model acme/chat-7b
"""
START = 1_700_000_000
UPTIME = 1000


def histogram(name: str, labels: str, counts: dict[str, int]) -> str:
    return "".join(f'{name}_bucket{{{labels},le="{bound}"}} {count}\n' for bound, count in counts.items())


def measured(folder: Path, text: str, compose: str = COMPOSE) -> Measurement:
    """Measure a text that a process wrote some time after its start."""
    path = folder / "metrics.txt"
    path.write_text(f"# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {START}\n{text}")
    os.utime(path, (START + UPTIME, START + UPTIME))
    (folder / "compose.yaml").write_text(compose)
    found = import_files([folder / "compose.yaml"], folder, explicit=True)
    return measure(read_metrics(str(path), "1d"), found.draft)


def test_vllm_gives_rate_tokens_and_the_times_of_tokens(tmp_path: Path) -> None:
    one = 'model_name="acme/chat-7b",engine="0"'
    text = f'vllm:request_success_total{{finished_reason="stop",{one}}} 1500\n' \
        f'vllm:request_success_total{{finished_reason="length",{one}}} 500\n' \
        f"vllm:prompt_tokens_total{{{one}}} 2e6\nvllm:generation_tokens_total{{{one}}} 600000\n" \
        + histogram("vllm:time_to_first_token_seconds", one, {"0.1": 1000, "0.3": 2000, "+Inf": 2000}) \
        + histogram("vllm:time_per_output_token_seconds", one, {"0.01": 0, "0.03": 600000, "+Inf": 600000})
    found = measured(tmp_path, text)
    model = found.models["acme/chat-7b"]
    assert (model.rate, model.tokens_in, model.tokens_out) == (2.0, 1000, 300)
    assert model.first_token == pytest.approx({"p50": 0.1, "p95": 0.28, "p99": 0.296})
    assert model.per_token["p50"] == pytest.approx(0.02)
    assert found.components["llm"].rate == 2.0
    assert found.how == f"measured since its start by {tmp_path / 'metrics.txt'}"


def test_the_mean_time_of_a_token_comes_before_the_time_between_steps(tmp_path: Path) -> None:
    """A step of speculative decoding generates several tokens, so the time between steps is not that of a token."""
    one = 'model_name="acme/chat-7b"'
    text = f"vllm:request_success_total{{{one}}} 100\n" \
        + histogram("vllm:inter_token_latency_seconds", one, {"0.04": 0, "0.06": 5000, "+Inf": 5000}) \
        + histogram("vllm:request_time_per_output_token_seconds", one, {"0.01": 0, "0.03": 100, "+Inf": 100})
    assert measured(tmp_path, text).models["acme/chat-7b"].per_token["p50"] == pytest.approx(0.02)
    only = text[: text.index("vllm:request_time_per")]
    assert measured(tmp_path, only).models["acme/chat-7b"].per_token["p50"] == pytest.approx(0.05)


def test_text_generation_inference_gives_the_tokens_of_a_request(tmp_path: Path) -> None:
    one = 'pod="api-7d9c5b6f4d-x2x4z"'
    found = measured(tmp_path, f"tgi_request_count{{{one}}} 100\ntgi_request_input_length_sum{{{one}}} 50000\n"
                               f"tgi_request_generated_tokens_sum{{{one}}} 20000\n").components["api"]
    assert (found.tokens_in, found.tokens_out) == (500, 200)


@pytest.mark.parametrize(("text", "rate", "times"), [
    ('http_requests_total{handler="/predict",status="2xx",job="api"} 900\nhttp_requests_total{handler="/predict",status="5xx",job="api"} 100\n'
     'http_requests_total{handler="/metrics",status="2xx",job="api"} 50000\n'
     + histogram("http_request_duration_highr_seconds", 'job="api"', {"0.01": 500, "0.02": 1000, "+Inf": 1000}), 1.0, {"p50": 0.01}),
    ('starlette_requests_total{app_name="api",method="GET",path="/a"} 2000\n'
     + histogram("starlette_request_duration_seconds", 'app_name="api",path="/a"', {"0.1": 2000, "+Inf": 2000}), 2.0, {"p50": 0.05}),
    ('revision_app_request_count{service_name="api",response_code="200"} 500\n'
     + histogram("revision_app_request_latencies", 'service_name="api"', {"10": 250, "20": 500, "+Inf": 500}), 0.5, {"p50": 0.01}),
    ('istio_requests_total{reporter="destination",destination_workload="api"} 4000\n'
     'istio_requests_total{reporter="source",destination_workload="api"} 9000\n'
     + histogram("istio_request_duration_milliseconds", 'reporter="destination",destination_workload="api"', {"5": 2000, "10": 4000, "+Inf": 4000}),
     4.0, {"p50": 0.005}),
    ('nginx_http_requests_total{instance="api:9113"} 3000\n', 3.0, {}),
    ('nv_inference_request_success{model="x",job="api"} 1000\nnv_inference_request_duration_us{model="x",job="api"} 3e6\n'
     'nv_inference_queue_duration_us{model="x",job="api"} 1e6\n', 1.0, {"mean": 0.002}),
    ('ts_inference_requests_total{model_name="x",service="api"} 1000\nts_inference_latency_microseconds{model_name="x",service="api"} 5e6\n',
     1.0, {"mean": 0.005}),
    ('ray_serve_deployment_request_counter_total{deployment="api",application="app"} 100\n'
     + histogram("ray_serve_deployment_processing_latency_ms", 'deployment="api"', {"20": 100, "+Inf": 100}), 0.1, {"p50": 0.01}),
    ('tgi_request_count{pod="api-7d9c5b6f4d-x2x4z"} 100\n'
     + histogram("tgi_request_duration", 'pod="api-7d9c5b6f4d-x2x4z"', {"2": 100, "+Inf": 100}), 0.1, {"p50": 1.0}),
    ('requests_total{route="/predict",status="200",instance="api:8000"} 10\n'
     + histogram("request_seconds", 'route="/predict",instance="api:8000"', {"0.05": 10, "+Inf": 10}), 0.01, {"p50": 0.025}),
])  # fmt: skip
def test_each_kind_of_server(text: str, rate: float, times: dict[str, float], tmp_path: Path) -> None:
    found = measured(tmp_path, text)
    assert list(found.components) == ["api"], found
    one = found.components["api"]
    assert one.rate == pytest.approx(rate)
    assert {key: value for key, value in one.times.items() if key in times} == pytest.approx(times)
    assert found.unknown == []


def test_the_file_has_the_facts_with_window_and_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = 'model_name="acme/chat-7b"'
    measured(tmp_path, f'vllm:request_success_total{{{one}}} 2000\n'
             + histogram("vllm:time_to_first_token_seconds", one, {"0.1": 2000, "+Inf": 2000})
             + 'http_requests_total{job="web"} 4000\nhttp_requests_total{job="api"} 4000\n'
             + histogram("http_request_duration_seconds", 'job="web"', {"1": 4000, "+Inf": 4000})
             + histogram("http_request_duration_seconds", 'job="api"', {"0.1": 4000, "+Inf": 4000})
             + 'http_requests_total{job="stranger"} 1\n')  # fmt: skip
    assert run_app(["import", "compose.yaml", "--prometheus", "metrics.txt", "-o", "arch.yaml"]) == 0
    text = (tmp_path / "arch.yaml").read_text()
    how = "# measured since its start by metrics.txt"
    assert f"    rate: 4/s  {how}\n    # peak: 30/s\n" in text
    assert f"    ttft: {{p50: 50ms, p95: 95ms, p99: 99ms}}  {how}\n" in text
    assert text.count("service_time:") - text.count("# service_time:") == 1
    assert text.index("  api:") < text.index(f"    service_time: {{p50: 50ms, p95: 95ms, p99: 99ms}}  {how}")
    system = read(parse("arch.yaml", text), no_includes)
    assert not system.problems
    assert system.workloads["web"].rate_per_s == 4


def test_an_update_sets_measured_facts_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    measured(tmp_path, 'http_requests_total{job="web"} 4000\n')
    (tmp_path / "arch.yaml").write_text("archlint: 1\nworkloads:\n  search:\n    from: page  # people\n    rate: 1/s\ncomponents:\n"
                                        "  page: {kind: client, calls: [web]}\n  web: {kind: service, calls: [llm, api]}\n"
                                        "  api: {kind: service}\n  llm: {kind: model-server}\n")  # fmt: skip
    assert run_app(["import", "compose.yaml", "--prometheus", "metrics.txt", "--update", "arch.yaml"]) == 0
    text = (tmp_path / "arch.yaml").read_text()
    assert "    from: page  # people\n    rate: 4/s  # measured since its start by metrics.txt 2" in text
    assert run_app(["import", "compose.yaml", "--prometheus", "metrics.txt", "--update", "arch.yaml"]) == 0
    assert (tmp_path / "arch.yaml").read_text() == text


def test_what_fits_to_no_component_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    measured(tmp_path, 'http_requests_total{job="stranger",handler="/a"} 4\n')
    run_app(["import", "compose.yaml", "--prometheus", "metrics.txt"])
    said = capsys.readouterr().err
    assert "note: metrics of no component: prometheus-fastapi-instrumentator: job=stranger" in said
    assert "no metrics of the servers found" in said


def test_without_the_start_of_the_process_there_is_no_rate(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    path = tmp_path / "metrics.txt"
    path.write_text('http_requests_total{job="api"} 4000\n' + histogram("http_request_duration_seconds", 'job="api"', {"0.1": 10, "+Inf": 10}))
    draft = import_files([tmp_path / "compose.yaml"], tmp_path, explicit=True).draft
    one = measure(read_metrics(str(path), "1d"), draft).components["api"]
    assert (one.rate, one.times["p50"]) == (None, 0.05)


class _Answers(BaseHTTPRequestHandler):
    """A server that answers everything wrongly."""

    body = b""
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def wrong() -> Iterator[tuple[type[_Answers], str]]:
    kind = type("Answers", (_Answers,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kind, f"http://user:secret@127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("status", "body", "count", "said"), [
    (404, b"", 1, "HTTP status 404"), (200, b"<html>", 1, "no JSON"),
    (200, b'{"status": "error"}', 1, "not one of Prometheus"), (200, b" ", MAX_BYTES + 1, "more than 16 MiB"),
    (302, b"", 1, "HTTP status 302"), (200, b"[", 200_000, "no JSON"),
])  # fmt: skip
def test_a_server_that_is_no_prometheus_is_one_clear_error(
    status: int, body: bytes, count: int, said: str, wrong: tuple[type[_Answers], str]
) -> None:
    kind, address = wrong
    kind.status, kind.body = status, body * count
    with pytest.raises(UnreadableInputError, match=said) as caught:
        read_metrics(address, "1d")
    assert "secret" not in str(caught.value.full_text)


@pytest.mark.parametrize("result", ["[1, [], {}, null]", '"text"', "{}", '[{"metric": [], "value": [1, "2"]}]',
                                    '[{"metric": {}, "value": [1]}]', '[{"metric": {}, "value": "12"}]'])  # fmt: skip
def test_rows_that_are_no_samples_are_left_out(
    result: str, wrong: tuple[type[_Answers], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, address = wrong

    def answer(one: _Answers) -> None:
        data = json.dumps([FAMILIES[0].requests[0]]) if "__name__" in one.path else f'{{"result": {result}}}'
        one.body = f'{{"status": "success", "data": {data}}}'.encode()
        _Answers.do_GET(one)

    monkeypatch.setattr(kind, "do_GET", answer)
    found = read_metrics(address, "1d")
    assert not any(found.series.values()) and not any(found.peaks.values())


@pytest.mark.parametrize(("where", "window", "error", "said"), [
    ("http://127.0.0.1:1", "1d", UnreadableInputError, "cannot be read"), ("ftp://x", "1d", UsageError, "must start with http"),
    ("http://127.0.0.1:1", "soon", UsageError, "is no window"), ("none.txt", "1d", UnreadableInputError, "no such file"),
])  # fmt: skip
def test_a_wrong_address_or_window_is_one_clear_error(where: str, window: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        read_metrics(where, window)


def test_the_page_names_each_metric_with_its_source() -> None:
    page = (ROOT / "docs" / "import.md").read_text()
    for family in FAMILIES:
        assert family.source in page, family.title
        assert all(f"`{name}`" in page for name in (*family.counters, *family.histograms)), family.title
