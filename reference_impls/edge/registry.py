"""The registry: says which version each device gets, and serves its file."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse
from pydantic import Field

from edge.release import Version, folder_of, versions
from kit.models import RefusedModelError, apart, refusing
from kit.settings import Settings, read_settings
from kit.web import make_app, serve


class RegistrySettings(Settings):
    """`roll_out`: the share of devices that get the newest version; the others get the one before it."""

    roll_out: float = Field(1, ge=0, le=1)


def version_for(device: str, known: list[Version], roll_out: float) -> Version | None:
    """Return the version for a device. Each version starts with different devices; a larger share only adds devices."""
    if not known:
        return None
    newest = known[-1]
    place = int.from_bytes(sha256(f"{newest.digest}\0{device}".encode()).digest()[:8], "big") / 2**64
    return newest if place < roll_out or len(known) == 1 else known[-2]


def create_app(settings: RegistrySettings) -> FastAPI:
    """Return the app, which serves the versions in the folder."""
    folder = folder_of(settings)
    app = make_app("edge", settings)

    @app.exception_handler(RefusedModelError)
    async def damaged(_request: Request, error: RefusedModelError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 503)

    @app.get("/devices/{device}/model")
    def model_for(device: Annotated[str, InPath(min_length=1, max_length=100)]) -> Version:
        """Return the version for this device."""
        found = version_for(device, versions(folder), settings.roll_out)
        if found is None:
            raise HTTPException(404, "no version is released")
        return found

    @app.get("/models/{digest}")
    def model(digest: Annotated[str, InPath(pattern="^[0-9a-f]{64}$")]) -> FileResponse:
        """Return the file of a released version."""
        path: Path = folder / f"{digest}.onnx"
        if not path.is_file() or all(one.digest != digest for one in versions(folder)):
            raise HTTPException(404, "unknown version")
        return FileResponse(path, media_type="application/octet-stream")

    return app


def main() -> None:
    """Serve the registry; if there is no version, release a first one."""
    settings = read_settings(RegistrySettings)
    with refusing():
        if not (folder_of(settings) / "index.json").is_file():
            apart("edge.release")
        versions(folder_of(settings))
    serve(create_app(settings), settings)


if __name__ == "__main__":
    main()
