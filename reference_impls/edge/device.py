"""The program on the device. It needs onnxruntime, NumPy and the standard library, but no training library.

`python -m edge.device --registry http://… --id kitchen 5.1 3.5 1.4 0.2`
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import numpy as np
import onnxruntime

MOST_BYTES = 20_000_000
_MOST = 1e30                                       # the model computes in single precision
_TIMEOUT_S = 5.0
NO_ANSWER, DEFECT = 3, 70                          # exit statuses; Python's own after a traceback is 1


class DeviceError(Exception):
    """The device cannot predict or update; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The registry's description of a version: `answer` is the class that it predicts for the input `probe`."""

    version: str
    digest: str
    classes: tuple[str, ...]
    probe: tuple[float, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version that was verified on this device."""

    manifest: Manifest
    session: onnxruntime.InferenceSession

    def predict(self, record: Sequence[float]) -> tuple[str, float]:
        """Return the class of a record and its probability; raises `DeviceError` for a record that does not fit."""
        if len(record) != len(self.manifest.probe):
            raise DeviceError(f"the record has {len(record)} numbers; the model needs {len(self.manifest.probe)}")
        if not all(abs(number) <= _MOST for number in record):         # also rejects NaN
            raise DeviceError(f"each number must be finite, and at most {_MOST:g}")
        inputs = np.array([record], dtype=np.float32)
        _, found = self.session.run(None, {self.session.get_inputs()[0].name: inputs})
        probabilities = np.asarray(found, dtype=np.float64)[0]
        sound = np.all((probabilities >= 0) & (probabilities < 1.01))
        if len(probabilities) != len(self.manifest.classes) or not sound:
            raise DeviceError("the model returned no probability for each class")
        best = int(probabilities.argmax())
        return self.manifest.classes[best], float(probabilities[best])


class Device:
    """A device with its own folder; it predicts with the last good version, with or without the registry.

    The folder also keeps the previous version, in case the newer file is damaged at a later start.
    """

    def __init__(self, folder: Path, name: str, registry: str = "") -> None:
        self._folder = folder
        self._name = name
        self._registry = registry.rstrip("/")
        self.loaded: Loaded | None = None
        self.problems: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Load the last good version, and look for a newer one; raises `DeviceError` if there is no version."""
        for kept in ("current", "previous"):
            if self.loaded is None and (self._folder / f"{kept}.json").is_file():
                self._try(f"the {kept} version", partial(self._kept, kept))
        self.update()
        if self.loaded is None:
            raise DeviceError(f"there is no model yet: {'; '.join(self.problems) or 'no registry is set'}")

    def update(self) -> bool:
        """Fetch the registry's version for this device; return whether it is new and works on this device."""
        if not self._registry:
            return False
        before = self.loaded
        self._try("the registry", self._fetch)
        return self.loaded is not before

    def _try(self, what: str, load: Callable[[], None]) -> None:
        try:
            load()
        except (DeviceError, OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            self.problems.append(f"{what}: {error}")

    def _kept(self, name: str) -> None:
        manifest = _manifest((self._folder / f"{name}.json").read_bytes())
        self.loaded = proven(manifest, (self._folder / f"{manifest.digest}.onnx").read_bytes())

    def _fetch(self) -> None:
        manifest = _manifest(_get(f"{self._registry}/devices/{quote(self._name, safe='')}/model", 100_000))
        if self.loaded is not None and manifest.digest == self.loaded.manifest.digest:
            return
        data = _get(f"{self._registry}/models/{manifest.digest}", MOST_BYTES)
        loaded = proven(manifest, data)
        self._keep(manifest, data)
        self.loaded = loaded

    def _keep(self, manifest: Manifest, data: bytes) -> None:
        current, previous = self._folder / "current.json", self._folder / "previous.json"
        _replace(self._folder / f"{manifest.digest}.onnx", data)
        if self.loaded is not None:
            _replace(previous, _text(self.loaded.manifest))
        _replace(current, _text(manifest))
        used = {manifest.digest, self.loaded.manifest.digest if self.loaded else manifest.digest}
        for old in self._folder.glob("*.onnx"):
            if old.stem not in used:
                old.unlink()


def proven(manifest: Manifest, data: bytes) -> Loaded:
    """Load a version if its digest is right and its answer to the probe is the same as where it was exported."""
    actual = sha256(data).hexdigest()
    if actual != manifest.digest:
        raise DeviceError(f"the model's SHA-256 is {actual[:12]}…, but the registry announced {manifest.digest[:12]}…")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        loaded = Loaded(manifest, session)
        said, _ = loaded.predict(manifest.probe)
    except Exception as error:  # the runtime may raise anything for a file that it does not support
        raise DeviceError(f"version {manifest.version} does not run on this device: {error}") from None
    if said != manifest.answer:
        reason = f"predicts {said} on this device, but {manifest.answer} where it was exported"
        raise DeviceError(f"version {manifest.version} {reason}")
    return loaded


def _manifest(data: bytes) -> Manifest:
    values = json.loads(data)
    digest = str(values["digest"])
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise DeviceError("the announced digest is invalid")
    probe = tuple(float(number) for number in values["probe"])
    return Manifest(str(values["version"]), digest, tuple(map(str, values["classes"])), probe, str(values["answer"]))


def _text(manifest: Manifest) -> bytes:
    fields = {"version": manifest.version, "digest": manifest.digest, "classes": manifest.classes,
              "probe": manifest.probe, "answer": manifest.answer}  # fmt: skip
    return json.dumps(fields).encode()


def _get(url: str, most: int) -> bytes:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise DeviceError(f"{url} is not an HTTP address")
    with urlopen(url, timeout=_TIMEOUT_S) as response:
        data = bytes(response.read(most + 1))
    if len(data) > most:
        raise DeviceError(f"{url} is larger than {most} bytes")
    return data


def _replace(path: Path, data: bytes) -> None:
    """Write a temporary file, then rename it: after a power cut, there is the old file or the new one."""
    beside = path.with_name(f".{path.name}")
    beside.write_bytes(data)
    beside.replace(path)


def main(words: Sequence[str] | None = None) -> int:
    """Look for a newer version, then predict one record; problems go to standard error."""
    parser = argparse.ArgumentParser("edge device", description="Predict on the device, online or offline.")
    parser.add_argument("--registry", default="", help="the registry of new versions (default: stay offline)")
    parser.add_argument("--id", default="device", help="the name of this device")
    parser.add_argument("--folder", type=Path, default=Path("reference-data/device"), help="the folder of its versions")
    parser.add_argument("record", type=float, nargs="+", help="the measurements")
    call = parser.parse_args(words)
    device = Device(call.folder, call.id, call.registry)
    try:
        device.start()
        if device.loaded is None:
            return NO_ANSWER
        label, probability = device.loaded.predict(call.record)
    except (DeviceError, OSError) as error:
        print(f"cannot predict: {error}", file=sys.stderr)
        return NO_ANSWER
    except Exception as error:                     # a device shows one line, and no traceback
        print(f"cannot predict: {type(error).__name__}: {error}".partition("\n")[0], file=sys.stderr)
        return DEFECT
    for problem in device.problems:
        print(f"keeping the last good version: {problem}", file=sys.stderr)
    print(json.dumps({"label": label, "probability": probability, "version": device.loaded.manifest.version}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
