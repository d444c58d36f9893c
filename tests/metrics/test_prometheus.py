"""A real Prometheus that scrapes a real reference implementation: the numbers are those of the requests that were sent."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from archlint.cli.app import run_app
from archlint.model.quantities import parse_duration
from archlint.model.read import no_includes, read
from archlint.source.parser import parse
from kit.testing.servers import prometheus_server
from kit.testing.service import start, wait_for

COMPOSE = 'services: {web-single: {image: "acme/web", ports: ["8000:8000"]}}\n'
INPUT = {"inputs": [[5.1, 3.5, 1.4, 0.2]]}
REQUESTS = 40
"""Sent over some seconds: a peak needs several samples of Prometheus, one each second."""


@pytest.mark.xdist_group("prometheus")
def test_rates_and_percentiles_of_a_running_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    with start(tmp_path, "web_single") as service:
        address = f"{service.client.base_url.host}:{service.client.base_url.port}"
        with prometheus_server(tmp_path, address, job="web-single") as url:

            def counted() -> float:
                """The requests for predictions that Prometheus knows of."""
                query = "sum(requests_total{route='/predict'})".replace(" ", "%20")
                with urlopen(f"{url}/api/v1/query?query={query}", timeout=10) as answer:
                    rows = json.load(answer)["data"]["result"]
                return float(rows[0]["value"][1]) if rows else 0.0

            service.client.post("/predict", json=INPUT).raise_for_status()
            wait_for(lambda: counted() >= 1)
            began = time.monotonic()
            for _ in range(REQUESTS):
                service.client.post("/predict", json=INPUT).raise_for_status()
                time.sleep(0.15)
            wait_for(lambda: counted() >= REQUESTS + 1)
            assert run_app(["import", "compose.yaml", "--prometheus", url, "--window", "1m", "-o", "arch.yaml"]) == 0
            took = time.monotonic() - began
    text = (tmp_path / "arch.yaml").read_text()
    assert f"measured over 1m by {url}" in text
    system = read(parse("arch.yaml", text), no_includes)
    assert not system.problems
    workload = system.workloads["web-single"]
    assert workload.rate_per_s is not None and workload.peak_per_s is not None
    assert REQUESTS / 60 * 0.5 <= workload.rate_per_s <= REQUESTS / took * 1.5
    assert workload.peak_per_s >= workload.rate_per_s * 0.9
    (model,) = system.models.values()          # the only server of the files serves the model
    times = model.service_time
    assert times is not None
    values = [seconds for _, seconds in times.percentiles]
    assert values == sorted(values)
    assert 0 < values[0] < parse_duration("1s")

