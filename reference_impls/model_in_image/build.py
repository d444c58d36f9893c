"""`python -m model_in_image.build`: write model, card and digests into a folder for the image, and print the tag."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from kit.models import RefusedModelError, card_path, train
from model_in_image.release import FILE, describe


def build(folder: Path, model: Path | None = None) -> str:
    """Write a release of a model, and return its tag; without a model, train one. Raises `RefusedModelError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedModelError(f"{folder}: cannot be written: {error.strerror}") from None
    for file in folder.glob("*.skops"):            # files of an earlier build must not get into the image
        file.unlink()
        card_path(file).unlink(missing_ok=True)
    if model is None:
        model = train("iris", folder)
    else:
        describe(model)
        for source in (model, card_path(model)):
            shutil.copyfile(source, folder / source.name)
    release = describe(folder / model.name)
    (folder / FILE).write_text(release.model_dump_json(indent=2) + "\n")
    return release.tag


def main() -> int:
    """Build, and print only the tag, for `docker build -t NAME:TAG`."""
    parser = argparse.ArgumentParser("model_in_image.build", description=__doc__)
    parser.add_argument("--model", type=Path, help="a model with its card in the same folder (default: train one)")
    parser.add_argument("--out", type=Path, default=Path("release"), help="the folder that the Dockerfile copies")
    call = parser.parse_args()
    if call.model is not None and call.model.resolve().parent == call.out.resolve():
        parser.error("--model is inside the folder of --out, which is emptied first")
    try:
        print(build(call.out, call.model))
    except (RefusedModelError, OSError) as error:
        print(f"cannot build: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
