"""The device predicts without any training library, and never loses its last good version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from edge.device import Device, DeviceError
from edge.registry import version_for
from edge.release import Version, folder_of, release, versions, withdraw
from kit.models import examples, load
from kit.settings import Settings
from kit.testing.service import PATIENCE_S, Service, refusal, start

ROOT = Path(__file__).resolve().parents[1]
SETOSA = [5.1, 3.5, 1.4, 0.2]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Settings]]:
    folder = tmp_path_factory.mktemp("edge")
    with start(folder, "edge") as service:
        yield service, Settings.model_validate({"data_dir": folder / "data"})
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def version(device: Device) -> str:
    assert device.loaded is not None
    return device.loaded.manifest.version


def test_a_fresh_process_predicts_without_the_training_stack(
    registry: tuple[Service, Settings], tmp_path: Path
) -> None:
    service, _ = registry
    blocked = "sklearn", "scipy", "skops", "skl2onnx", "pandas", "fastapi", "pydantic", "structlog", "httpx", "kit"
    code = f"""
import sys
for name in {blocked}: sys.modules[name] = None
from edge.device import main
status = main(sys.argv[1:])
print(*sorted(m for m in sys.modules if sys.modules[m] is not None and m.split('.')[0] in {blocked}), file=sys.stderr)
sys.exit(status)
"""
    command = [sys.executable, "-c", code, "--folder", str(tmp_path), *map(str, SETOSA)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def predict(*words: str) -> subprocess.CompletedProcess[str]:
        line = [*command[:3], *words, *command[3:]]
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    nothing = predict()
    assert nothing.returncode == 3 and "there is no model yet: no registry is set" in nothing.stderr
    online = predict("--registry", service.url)
    assert online.returncode == 0 and online.stderr.strip() == "", online.stderr
    offline = predict()
    assert offline.stdout == online.stdout and json.loads(offline.stdout)["label"] == "setosa"
    gone = predict("--registry", "http://127.0.0.1:9")
    assert gone.stdout == online.stdout and "keeping the last good version: the registry: " in gone.stderr


def test_it_says_what_the_trained_model_says(registry: tuple[Service, Settings], tmp_path: Path) -> None:
    service, settings = registry
    device = Device(tmp_path, "kitchen", service.url)
    device.start()
    trained = load(folder_of(settings) / "training" / "iris.skops")
    assert device.loaded is not None and not device.problems
    said = [device.loaded.predict(record)[0] for record in examples("iris").tolist()]
    assert said == [p.label for p in trained.predict(examples("iris"))]
    for record in ([1.0], [float("nan")] * 4, [float("inf")] * 4, []):
        with pytest.raises(DeviceError):
            device.loaded.predict(record)


def test_a_new_version_is_fetched_and_a_withdrawn_one_given_up(
    registry: tuple[Service, Settings], tmp_path: Path
) -> None:
    service, settings = registry
    device = Device(tmp_path, "kitchen", service.url)
    device.start()
    first = version(device)
    assert not device.update()
    newer = release(settings, seed=8)
    assert device.update() and version(device) == newer.version != first
    assert withdraw(settings, newer.version) and not withdraw(settings, "none")
    assert device.update() and version(device) == first
    assert service.client.get(f"/models/{newer.digest}").status_code == 404


def test_what_does_not_work_here_is_not_used(registry: tuple[Service, Settings], tmp_path: Path) -> None:
    service, settings = registry
    folder = folder_of(settings)
    device = Device(tmp_path, "kitchen", service.url)
    device.start()
    first, index = version(device), (folder / "index.json").read_text()
    good = versions(folder)[-1]
    junk = b"no network"
    (folder / f"{sha256(junk).hexdigest()}.onnx").write_bytes(junk)
    digest = sha256(b"another").hexdigest()
    (folder / f"{digest}.onnx").write_bytes(b"altered on the way")
    other = release(settings, seed=9)
    (folder / "index.json").write_text(index)
    bad: dict[str, Version] = {
        "the registry announced": good.model_copy(update={"digest": digest}),
        "does not run on this device": good.model_copy(update={"digest": sha256(junk).hexdigest()}),
        "where it was exported": other.model_copy(update={"answer": "virginica"}),
        "is invalid": good.model_copy(update={"digest": "../../etc/passwd"}),
    }
    for reason, manifest in bad.items():
        (folder / "index.json").write_text(f"[{manifest.model_dump_json()}]")
        device.problems.clear()
        assert not device.update() and version(device) == first
        assert reason in device.problems[0]
    (folder / "index.json").write_text(index)


def test_a_damaged_file_falls_back_to_the_version_before_it(
    registry: tuple[Service, Settings], tmp_path: Path
) -> None:
    service, settings = registry
    device = Device(tmp_path, "kitchen", service.url)
    device.start()
    first = version(device)
    newer = release(settings, seed=10)
    device.update()
    withdraw(settings, newer.version)
    (tmp_path / f"{newer.digest}.onnx").write_bytes(b"half of i")      # as after a failure of flash memory
    again = Device(tmp_path, "kitchen")
    again.start()
    assert version(again) == first and "the current version" in again.problems[0]
    (tmp_path / "previous.json").write_text("{")
    with pytest.raises(DeviceError, match="there is no model yet"):
        Device(tmp_path, "kitchen").start()


def test_versions_are_rolled_out_in_stages() -> None:
    old, new = (Version(version=v, digest=v, classes=[], probe=[], answer="") for v in ("1", "2"))
    devices = [f"device-{number}" for number in range(5000)]
    tenth = {device for device in devices if version_for(device, [old, new], 0.1) is new}
    half = {device for device in devices if version_for(device, [old, new], 0.5) is new}
    assert len(tenth) / len(devices) == pytest.approx(0.1, abs=0.02) and tenth < half
    assert version_for("any", [new], 0) is new and version_for("any", [], 1) is None


def test_the_registry_refuses_what_is_no_name(registry: tuple[Service, Settings], tmp_path: Path) -> None:
    service, _ = registry
    for path, status in (("/models/abc", 422), (f"/models/{'0' * 64}", 404), (f"/devices/{'x' * 101}/model", 422),
                         ("/models/..%2Findex.json", 404)):  # fmt: skip
        answer = service.client.get(path)
        assert answer.status_code == status and answer.json()["error"], path
    assert "SERVE_ROLL_OUT" in refusal(tmp_path, "edge", roll_out=2)
