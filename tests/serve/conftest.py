"""One server for most tests: it starts once, in the process of tests that runs all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.serve.running import Running, serving

SECRET = "SECRET-OF-ANOTHER-FOLDER"
SHOP = """\
archlint: 1
system: shop
workloads:
  search: {from: page, rate: 50/s, slo: {latency: {p99: 200ms}}}
components:
  page: {kind: client, calls: [{to: api, timeout: 1s}]}
  api: {kind: service, service_time: 20ms, replicas: 2, workers: 1}
"""


def fill(folder: Path) -> Path:
    """Write a folder to serve, and beside it what no client may see or change."""
    served = folder / "served"
    served.mkdir()
    (served / "shop.yaml").write_text(SHOP)
    (served / "team").mkdir()
    (served / "team" / "main.yaml").write_text("archlint: 1\nsystem: parts\ninclude: [parts.yaml]\n")
    (served / "team" / "parts.yaml").write_text("components: {api: {kind: service}}\n")
    waits = ROOT / "examples" / "failing" / "page-waits-on-queue.yaml"
    (served / "waits.yaml").write_bytes(waits.read_bytes())
    (served / "compose.yaml").write_text("services: {api: {image: nginx}}\n")
    (served / ".hidden.yaml").write_text(f"archlint: 1\nsystem: {SECRET}\n")
    (served / "notes.txt").write_text(SECRET)
    secret = folder / "secret.yaml"
    secret.write_text(f"archlint: 1\nsystem: {SECRET}\ncomponents: {{{SECRET}: {{kind: service}}}}\n")
    (folder / ".git").mkdir()                          # so that both folders are one project
    (served / "link.yaml").symlink_to(secret)
    (served / "out").symlink_to(folder)
    return served


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(fill(tmp_path_factory.mktemp("serve"))) as running:
        yield running
