"""Create a version for devices (train, export to ONNX, add it to the registry's folder), or withdraw one.

`python -m edge.release --seed 8`, `python -m edge.release --withdraw VERSION`
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from pydantic import BaseModel, TypeAdapter, ValidationError

from kit.models import RefusedModelError, examples, load, refusing, train
from kit.settings import Settings, read_settings


class Version(BaseModel):
    """An entry of the registry's index."""

    version: str
    digest: str
    classes: list[str]
    probe: list[float]
    answer: str


_INDEX = TypeAdapter(list[Version])


def folder_of(settings: Settings) -> Path:
    """Return the folder of the registry."""
    return settings.data_dir / "registry"


def versions(folder: Path) -> list[Version]:
    """Return the released versions, the newest last; raises `RefusedModelError` for an index that cannot be read."""
    index = folder / "index.json"
    try:
        return _INDEX.validate_json(index.read_bytes()) if index.is_file() else []
    except (ValidationError, OSError):
        raise RefusedModelError(f"{index}: is not an index of versions") from None


def release(settings: Settings, seed: int) -> Version:
    """Train, export and add a version as the newest; the same seed gives the same version."""
    from skl2onnx import to_onnx  # noqa: PLC0415 - slow to import, and the registry needs it for a first version only

    folder = folder_of(settings)
    model = load(train("iris", folder / "training", seed=seed))
    probe = examples("iris")[0]
    # Export the probabilities as one array, not as a dictionary for each record.
    shape = np.zeros((1, len(probe)), np.float32)
    data = bytes(to_onnx(model.estimator, shape, options={"zipmap": False}).SerializeToString())
    digest = sha256(data).hexdigest()
    (said,) = model.predict(probe[None])
    made = Version(version=digest[:12], digest=digest, classes=list(model.card.classes),
                   probe=probe.tolist(), answer=said.label)  # fmt: skip
    (folder / f"{digest}.onnx").write_bytes(data)
    _write(folder, [*(one for one in versions(folder) if one.digest != digest), made])
    return made


def withdraw(settings: Settings, version: str) -> bool:
    """Remove a version from the index, so that devices get the previous one; return whether it existed."""
    folder = folder_of(settings)
    known = versions(folder)
    kept = [one for one in known if one.version != version]
    _write(folder, kept)
    return len(kept) < len(known)


def _write(folder: Path, index: list[Version]) -> None:
    partial = folder / f".index.{os.getpid()}"
    partial.write_bytes(_INDEX.dump_json(index, indent=2))
    partial.replace(folder / "index.json")


def main(words: Sequence[str] | None = None) -> int:
    """Release or withdraw a version, and print the result."""
    parser = argparse.ArgumentParser("edge release", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="the random seed of the training")
    parser.add_argument("--withdraw", default="", help="withdraw this version: devices get the previous one")
    call = parser.parse_args(words)
    settings = read_settings(Settings)
    with refusing():
        if call.withdraw:
            done = withdraw(settings, call.withdraw)
            print(f"withdrawn: {call.withdraw}" if done else f"unknown version {call.withdraw}")
            return 0 if done else 1
        print(f"released: {release(settings, call.seed).version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
