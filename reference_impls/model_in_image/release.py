"""A release: a model, its card, and `release.json` with the digests of the model and the code."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from kit.models import Model, RefusedModelError, card_path, load

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("kit", "model_in_image")
FILE = "release.json"


class Release(BaseModel):
    """`tag` identifies both the code and the model: it is made of their digests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    model_digest: str
    card_digest: str
    code_digest: str
    tag: str


def describe(model: Path) -> Release:
    """Return the release of the running code and a model; raises `RefusedModelError`."""
    digest, code = load(model).card.digest, code_digest()
    card = sha256(card_path(model).read_bytes()).hexdigest()
    tag = f"{code[:12]}-{sha256((digest + card).encode()).hexdigest()[:12]}"
    return Release(tag=tag, model=model.name, model_digest=digest, card_digest=card, code_digest=code)


def code_digest(root: Path = _ROOT) -> str:
    """Return the SHA-256 over the names and contents of all code of the service, without the tests."""
    digest = sha256()
    files = [file for package in _PACKAGES for file in (root / package).rglob("*.py")]
    for file in sorted(files):
        if not file.name.startswith("test_") and "testing" not in file.parts:
            content = file.read_bytes()
            digest.update(f"{file.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def open_release(folder: Path) -> tuple[Release, Model]:
    """Load the release in the image; raises `RefusedModelError` if any part of it has changed since the build."""
    file = folder / FILE
    try:
        said = Release.model_validate_json(file.read_bytes())
    except OSError as error:
        reason = f"{file}: cannot be read: {error.strerror}; create it with `python -m model_in_image.build`"
        raise RefusedModelError(reason) from None
    except ValidationError as error:
        raise RefusedModelError(f"{file}: is not a release: {error.errors()[0]['msg']}") from None
    path = folder / Path(said.model).name
    model = load(path, said.model_digest)
    actual = describe(path).model_dump()
    for part, built in said.model_dump().items():
        if built != actual[part]:
            what, found = part.removesuffix("_digest"), actual[part]
            raise RefusedModelError(f"{folder}: its {what} is {found[:25]}, but the release has {built[:25]}")
    return said, model
