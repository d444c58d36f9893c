"""Model load as real processes: the registry starts late, dies, and returns models that must not be served."""

from __future__ import annotations

import base64
import json
import pickle
import threading
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import httpx
import skops.io
from pydantic import JsonValue
from sklearn.preprocessing import FunctionTransformer

from kit.models import examples, train
from kit.ports import free_port
from kit.testing.inputs import bad_bodies
from kit.testing.service import PATIENCE_S, Service, refusal, start, wait_for
from model_load.registry import as_version

TOKEN = "a-token-of-the-tests"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
TOKENS: dict[str, str | float | Path] = {"admin_tokens": json.dumps({"tests": TOKEN})}
SETOSA = {"inputs": [[5.1, 3.5, 1.4, 0.2]]}


class Payload:
    """A malicious pickle: loading it calls a function, which leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[Path, str]]:
        return Path.write_text, (self.trace, "it ran")


def register(registry: Service, new: Mapping[str, JsonValue]) -> httpx.Response:
    return registry.client.post("/models/iris", json=new, headers=ADMIN)


def promote(registry: Service, version: str) -> None:
    url = f"/models/iris/{version}/status"
    registry.client.post(url, json={"status": "production"}, headers=ADMIN).raise_for_status()


def reload(server: Service) -> httpx.Response:
    return server.client.post("/reload", headers=ADMIN)


def version(server: Service) -> str:
    return str(server.client.get("/version").raise_for_status().json()["version"])


def forged(good: Mapping[str, JsonValue], name: str, content: bytes) -> dict[str, JsonValue]:
    """Return a version with other content, and the digest and card of that content."""
    digest, card = sha256(content).hexdigest(), good["card"]
    assert isinstance(card, dict)
    return {"version": name, "digest": digest, "card": {**card, "digest": digest},
            "model": base64.b64encode(content).decode()}  # fmt: skip


def ready_and_why(server: Service) -> tuple[int, str]:
    answer = server.client.get("/ready")
    return answer.status_code, answer.json()["status"]


def test_the_whole_pattern_starts_predicts_refuses_bad_input_and_stops(tmp_path: Path) -> None:
    with start(tmp_path, "model_load", max_body_bytes=20_000) as service:
        inputs = examples("iris").tolist()
        body = service.client.post("/predict", json={"inputs": inputs}).raise_for_status().json()
        assert body["predictions"][0]["label"] == "setosa" and len(body["predictions"]) == 150
        for what, content in bad_bodies(20_000).items():
            answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
        assert service.client.post("/reload").status_code == 403       # no token is set
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def registry_takes_what_is_whole_from_whom_it_knows(registry: Service, new: Mapping[str, JsonValue]) -> None:
    assert registry.client.post("/models/iris", json=new).status_code == 401
    assert register(registry, new).json()["status"] == "staging"
    assert register(registry, new).status_code == 409
    assert register(registry, {**new, "version": "third", "digest": "0" * 64}).status_code == 422
    assert register(registry, {**new, "version": "../up"}).status_code == 422
    assert register(registry, {**new, "version": "production"}).status_code == 422
    for what, content in bad_bodies(1000).items():
        assert 400 <= registry.client.post("/models/iris", content=content, headers=ADMIN).status_code < 500, what


def keeps_its_model_for_want_of_a_better(
    registry: Service, server: Service, good: Mapping[str, JsonValue], bad: Mapping[str, tuple[bytes, str]],
    altered: Path,
) -> None:  # fmt: skip
    served = version(server)
    for name, (content, reason) in bad.items():
        new = forged(good, name, content)
        if name == "card":
            assert isinstance(new["card"], dict)
            new["card"] = {**new["card"], "digest": ""}     # the card of no model
        register(registry, new).raise_for_status()
        if name == "altered":                      # in the registry's folder
            altered.write_bytes(content + b"!")
        promote(registry, name)
        refused = reload(server)
        assert refused.status_code == 409 and reason in refused.json()["error"], refused.text
        now = server.client.get("/version").json()
        assert now["version"] == served and now["problem"]


def starts_from_what_it_verified_while_the_registry_is_gone(folder: Path, url: str) -> None:
    with start(folder, "model_load", registry_url=url, registry_timeout_s=0.3) as server:
        wait_for(lambda: ready_and_why(server)[0] == 200)
        assert version(server) == "second"
        wait_for(lambda: "started from the last verified copy" in server.errors)      # logged after it is served
    (kept,) = (folder / "data" / "kept" / "iris").glob("*/model.skops")
    kept.write_bytes(kept.read_bytes() + b"!")
    with start(folder, "model_load", registry_url=url, retry_s=0.05, registry_timeout_s=0.3) as server:
        wait_for(lambda: "the stored copy is not used" in server.errors)
        assert ready_and_why(server)[0] == 503


def test_what_the_registry_gives_is_checked_before_it_is_served(tmp_path: Path) -> None:
    port, trace = free_port(), tmp_path / "trace"
    url, home = f"http://127.0.0.1:{port}", tmp_path / "registry"
    second = as_version(train("iris", tmp_path / "second", seed=8), "second")
    patient: dict[str, str | float | Path] = {"retry_s": 0.05, "registry_timeout_s": 30, **TOKENS}
    with start(tmp_path / "server", "model_load", registry_url=url, **patient) as server:
        wait_for(lambda: ready_and_why(server) == (503, "the registry does not answer: ConnectError"))
        assert server.client.post("/predict", json=SETOSA).status_code == 503
        with start(home, "model_load.registry", port=port, **TOKENS) as registry:
            wait_for(lambda: ready_and_why(server) == (200, "ready"))
            first = version(server)

            registry_takes_what_is_whole_from_whom_it_knows(registry, second)
            assert reload(server).json()["version"] == first            # staging is not production
            assert server.client.post("/reload").status_code == 401

            bad = {
                "pickle": (pickle.dumps(Payload(trace)), "is not a skops file"),
                "code": (skops.io.dumps(FunctionTransformer(as_version)), "types that could run code"),
                "card": (base64.b64decode(str(second["model"])), "its card has another"),
                "wine": (train("wine", tmp_path / "wine").read_bytes(), "fails on the deciles"),
                "altered": (base64.b64decode(str(second["model"])), "differs from the registry"),
            }
            stop, answers = threading.Event(), list[tuple[int, str]]()

            def ask() -> None:
                with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
                    while not stop.is_set():
                        answer = client.post("/predict", json=SETOSA)
                        answers.append((answer.status_code, answer.json().get("version", "")))

            asking = threading.Thread(target=ask)
            asking.start()
            promote(registry, "second")
            assert reload(server).json()["version"] == "second"
            altered = home / "data" / "registry" / "iris" / "altered" / "model.skops"
            keeps_its_model_for_want_of_a_better(registry, server, second, bad, altered)
            assert not trace.exists()
            promote(registry, "second")
            assert reload(server).json()["version"] == "second"
            seen = len(answers)
            wait_for(lambda: len(answers) > seen)
            stop.set()
            asking.join(PATIENCE_S)
            assert {status for status, _ in answers} == {200} and len({model for _, model in answers}) <= 2

            with start(tmp_path / "named", "model_load", registry_url=url, version=first, poll_s=0.05) as named:
                wait_for(lambda: ready_and_why(named)[0] == 200)
                assert version(named) == first
            with start(tmp_path / "polling", "model_load", registry_url=url, poll_s=0.05) as polling:
                wait_for(lambda: ready_and_why(polling)[0] == 200)
                promote(registry, first)
                wait_for(lambda: version(polling) == first)
                promote(registry, "second")
            assert "Traceback" not in registry.errors
        assert server.stop() == 0 and "Traceback" not in server.errors
    starts_from_what_it_verified_while_the_registry_is_gone(tmp_path / "server", url)


def test_wrong_settings_are_reported(tmp_path: Path) -> None:
    told = refusal(tmp_path, "model_load", registry_url="here", version="../up")
    assert "SERVE_REGISTRY_URL" in told and "SERVE_VERSION" in told
