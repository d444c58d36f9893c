"""A small model registry as a separate process: versions with digest, card and status, in plain folders.

It checks the digest of a model file, but never loads the file.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, JsonValue

from kit.logs import configure_logs, logger
from kit.models import card_path, read_card, trained_apart
from kit.settings import read_settings
from kit.tokens import AdminSettings, holder_of
from kit.web import make_app, serve

TITLE = "registry"
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
Name = Annotated[str, InPath(pattern=NAME)]
Status = Literal["staging", "production", "archived"]
log = logger(__name__)


class RegistrySettings(AdminSettings):
    """A request contains a model in base64, so the limit of its size is higher than elsewhere."""

    max_body_bytes: int = Field(100_000_000, gt=0)


class NewVersion(BaseModel):
    """A model to be registered; `digest` is the SHA-256 that its training job computed."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[str, Field(pattern=NAME)]
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    card: dict[str, JsonValue]
    model: Base64Bytes


class NewStatus(BaseModel):
    """The new status of a version."""

    model_config = ConfigDict(extra="forbid")

    status: Status


class Version(BaseModel):
    """The registry's description of a version. Its names become paths, so a reader must check them, too."""

    name: Annotated[str, Field(pattern=NAME)]
    version: Annotated[str, Field(pattern=NAME)]
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    status: Status
    registered_by: str
    registered_at: float
    card: dict[str, JsonValue]


class Registry:
    """Versions in folders `NAME/VERSION`; each is written completely or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()              # statuses change one at a time

    def add(self, name: str, new: NewVersion, who: str) -> Version:
        """Store a version; answers 422 if the digest differs, and 409 if the version exists."""
        if sha256(new.model).hexdigest() != new.digest:
            raise HTTPException(422, "the SHA-256 of the model differs from `digest`")
        if new.version == "production":
            raise HTTPException(422, "`production` is reserved for the version in production; choose another name")
        folder = self.root / name / new.version
        said = Version(name=name, version=new.version, digest=new.digest, status="staging", registered_by=who,
                       registered_at=time.time(), card=new.card)  # fmt: skip
        with self._lock:
            if folder.exists():
                raise HTTPException(409, f"{name} already has a version {new.version}; versions never change")
            partial = self.root / f".{name}-{new.version}"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            (partial / "model.skops").write_bytes(new.model)
            (partial / "version.json").write_text(said.model_dump_json())
            folder.parent.mkdir(exist_ok=True)
            partial.rename(folder)
        log.info("registered", model=name, version=new.version, who=who)
        return said

    def all(self, name: str) -> list[Version]:
        """Return the versions of a model, the oldest first."""
        files = (self.root / name).glob("*/version.json")
        return sorted((Version.model_validate_json(f.read_bytes()) for f in files), key=lambda v: v.registered_at)

    def one(self, name: str, version: str) -> Version:
        """Return a version, or the one in `production`; answers 404 if there is none."""
        found = [v for v in self.all(name) if version in (v.version, v.status if version == "production" else "")]
        if not found:
            raise HTTPException(404, f"{name} has no version {version}")
        return found[0]

    def move(self, name: str, version: str, status: Status, who: str) -> Version:
        """Change the status of a version; a new production version archives the previous one."""
        with self._lock:
            chosen = self.one(name, version)
            if status == "production":
                for other in self.all(name):
                    if other.status == "production" and other.version != chosen.version:
                        self._write(other.model_copy(update={"status": "archived"}))
            self._write(moved := chosen.model_copy(update={"status": status}))
        log.info("status changed", model=name, version=chosen.version, status=status, who=who)
        return moved

    def file(self, version: Version) -> Path:
        """Return the path of a version's model."""
        return self.root / version.name / version.version / "model.skops"

    def _write(self, version: Version) -> None:
        place = self.file(version).with_name("version.json")
        partial = place.with_name(f".version.{os.getpid()}")
        partial.write_text(version.model_dump_json())
        partial.replace(place)


def create_app(settings: RegistrySettings, registry: Registry) -> FastAPI:
    """Return the app of a registry: everybody may read, holders of a token may register and promote."""
    app = make_app(TITLE, settings)
    holder = Depends(holder_of(settings.admin_tokens))

    @app.get("/models/{name}")
    def versions(name: Name) -> list[Version]:
        return registry.all(name)

    @app.get("/models/{name}/{version}")
    def version(name: Name, version: Name) -> Version:
        return registry.one(name, version)

    @app.get("/models/{name}/{version}/file")
    def file(name: Name, version: Name) -> FileResponse:
        return FileResponse(registry.file(registry.one(name, version)), media_type="application/octet-stream")

    @app.post("/models/{name}", status_code=201)
    def register(name: Name, new: NewVersion, who: str = holder) -> Version:
        return registry.add(name, new, who)

    @app.post("/models/{name}/{version}/status")
    def promote(name: Name, version: Name, new: NewStatus, who: str = holder) -> Version:
        return registry.move(name, version, new.status, who)

    return app


def as_version(model: Path, version: str = "") -> Mapping[str, JsonValue]:
    """Return the request with which a training job registers a model; its card is in the same folder."""
    card = read_card(model)
    return {"version": version or card.version, "digest": card.digest, "model": b64encode(model.read_bytes()).decode(),
            "card": json.loads(card_path(model).read_text())}  # fmt: skip


def main() -> None:
    """Serve until SIGTERM; train and register a first model if the registry is empty."""
    settings = read_settings(RegistrySettings)
    configure_logs(settings, TITLE)                # before the first version is registered and logged
    registry = Registry(settings.data_dir / "registry")
    if not registry.all("iris"):
        new = NewVersion.model_validate(as_version(trained_apart("iris", settings.data_dir / "training")))
        registry.move("iris", registry.add("iris", new, "the first start").version, "production", "the first start")
    serve(create_app(settings, registry), settings)


if __name__ == "__main__":
    main()
