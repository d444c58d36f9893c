"""The loader with a registry that answers anything: it never ends, and serves only what is good for every class."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kit.models import card_path, train
from kit.ports import free_port
from kit.testing.service import wait_for
from model_load.loading import Loader, LoadError, ModelLoadSettings

FIRST = "first"


class Registry:
    """Answers for one version of `iris`; the fields of its description can be replaced."""

    def __init__(self, model: Path) -> None:
        self.content = model.read_bytes()
        self.card = json.loads(card_path(model).read_text())
        self.good: dict[str, object] = {
            "name": "iris", "version": FIRST, "digest": self.card["digest"], "status": "production",
            "registered_by": "tests", "registered_at": 1.0, "card": self.card,
        }  # fmt: skip
        self.said: object = self.good
        self.slow_s = 0.0

    def serve(self, port: int = 0) -> HTTPServer:
        """Start to answer, in a thread."""
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = registry.content if self.path.endswith("/file") else json.dumps(registry.said).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                for at in range(0, len(content), len(content) // 20 + 1):
                    self.wfile.write(content[at : at + len(content) // 20 + 1])
                    time.sleep(registry.slow_s)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train("iris", tmp_path_factory.mktemp("model"))


@pytest.fixture
def registry(model: Path) -> Registry:
    return Registry(model)


@pytest.fixture
def server(registry: Registry) -> Iterator[HTTPServer]:
    server = registry.serve()
    yield server
    server.shutdown()
    server.server_close()


def loader(folder: Path, port: int, **settings: float) -> Loader:
    given = {"registry_url": f"http://127.0.0.1:{port}", "data_dir": folder, "retry_s": 0.02, **settings}
    return Loader(ModelLoadSettings.model_validate(given))


def version(loader: Loader) -> str:
    return loader.served.version if loader.served is not None else ""


ODD = ["a\nb", "nul\0", "x" * 70_000, "../../x", "v?1", "v#1", "", "ü", "-x", "a b", "%2e%2e"]


def test_no_answer_of_a_registry_ends_the_loader(tmp_path: Path, registry: Registry, server: HTTPServer) -> None:
    one = loader(tmp_path, server.server_port, poll_s=0.02)
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    wait_for(lambda: version(one) == FIRST)
    good = registry.good
    for field in ("name", "version", "digest"):
        for odd in ODD:
            registry.said = {**good, field: odd}
            with pytest.raises(LoadError, match=field):
                one.load()
    others: list[object] = [
        [], {}, None, {**good, "name": "wine"}, {**good, "card": {"quantiles": "x"}, "version": "second"},
    ]  # fmt: skip
    for said in others:
        registry.said = said
        with pytest.raises(LoadError):
            one.load()
    registry.said = {**good, "version": "third"}
    wait_for(lambda: version(one) == "third")
    assert thread.is_alive() and not (tmp_path.parent / "x").exists()
    one.stop()


@pytest.mark.parametrize("order", [("virginica", "versicolor", "setosa"), ("setosa", "virginica", "versicolor")])
def test_a_card_with_its_classes_in_another_order_is_refused(
    order: tuple[str, ...], tmp_path: Path, registry: Registry, server: HTTPServer
) -> None:
    registry.said = {**registry.good, "card": {**registry.card, "classes": list(order)}}
    with pytest.raises(LoadError, match="for a golden record"):
        loader(tmp_path, server.server_port).load()


def test_a_restart_asks_the_registry_before_it_serves_its_copy(tmp_path: Path, registry: Registry) -> None:
    port = free_port()
    server = registry.serve(port)
    loader(tmp_path, port).load()
    server.shutdown()
    server.server_close()
    shutil.copytree(tmp_path, tmp_path / "again")
    registry.said = {**registry.good, "version": "second"}              # the copy is archived
    late = loader(tmp_path, port, registry_timeout_s=20)
    threading.Thread(target=late.run, daemon=True).start()
    wait_for(lambda: "does not answer" in late.reason)
    assert version(late) == ""
    server = registry.serve(port)
    wait_for(lambda: bool(version(late)))
    assert version(late) == "second"

    registry.slow_s = 0.2                          # each part comes in time, but not the whole answer
    alone = loader(tmp_path / "again", port, registry_timeout_s=0.5)
    threading.Thread(target=alone.run, daemon=True).start()
    wait_for(lambda: bool(version(alone)))
    assert version(alone) == FIRST
    alone.stop()
    server.shutdown()
    server.server_close()
