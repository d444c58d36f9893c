"""Compose services as deployment objects."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.compose.dockerfile import read_dockerfile
from archlint.importers.compose.envfile import read_env
from archlint.importers.compose.loading import Project, files_named
from archlint.importers.compose.merging import as_names, as_pairs, split_volume
from archlint.importers.compose.running import add_build, add_sources, running_of
from archlint.importers.digits import is_whole
from archlint.importers.files import Files
from archlint.importers.objects import (
    UNRESOLVED,
    Fact,
    Item,
    Mount,
    Port,
    Rows,
    Site,
    Table,
    Unit,
    Value,
    )
from archlint.importers.secrets import command_without_secrets, without_secrets
from archlint.source.document import Document
from archlint.source.files import real_path
from archlint.source.nodes import Span

_PORT: Final = re.compile(r"^(?:(?P<host>.*):)?(?P<port>[0-9]{1,5})(?:-[0-9]+)?(?:/\w+)?$")
_SIZE: Final = re.compile(r"(?i)^(\d+(?:\.\d+)?)\s*(b|k|kb|kib|m|mb|mib|g|gb|gib|t|tb|tib)?$")
_UNITS: Final = {"b": "B", "k": "KiB", "m": "MiB", "g": "GiB", "t": "TiB"}
_GPU_DEVICE: Final = re.compile(
    r"^/dev/(nvidia|kfd|accel|dri|habanalabs|vfio|davinci|apex)|nvidia\.com/gpu|amd\.com/gpu"
)
_GPU_RUNTIMES: Final = frozenset({"nvidia", "habana"})
_SIDE_FILES: Final = (".conf", ".template", ".yml", ".yaml", ".json", ".toml", ".cfg", ".ini", ".properties", ".env")
MAX_SIDE_FILES: Final = 50
MAX_MODELS: Final = 500


def read_services(project: Project, files: Files, scope: str) -> list[Unit]:
    """Return a unit for each service of a project."""
    return [
        _Service(project, files, scope, name, service, project.services.keys[name]).unit()
        for name, service in project.services.entries.items()
        if isinstance(service, Table)
    ]


class _Service:
    """One service."""

    def __init__(self, project: Project, files: Files, scope: str, name: str, table: Table, site: Site) -> None:
        self.project = project
        self.files = files
        self.scope = scope
        self.name = name
        self.table = table
        self.site = site
        self.folder = project.folders.get(name, project.folder)

    def unit(self) -> Unit:
        table = self.table
        image = table.value("image")
        unit = Unit(
            self.name, "compose", "service", self.scope, self.site, image=image, builds=table.get("build") is not None,
            command=command_without_secrets((*self.command("entrypoint"), *self.command("command"))),
            env=self.env(), names=self.names(),
            ports=list(self.ports()), mounts=list(self.mounts()), facts=self.facts(), gpu=self.has_gpu(),
            probes=self.table.texts("healthcheck", "test"),
            anonymous=any(text and ":" not in text for text in self.table.texts("volumes")),
            running=running_of(table),
        )  # fmt: skip
        self.add_build(unit)
        unit.after = self.after(unit)
        unit.texts = list(self.side_files(unit.mounts))
        unit.models += models_below([Path(mount.key) for mount in unit.mounts if mount.kind == "path"], self.files)
        return unit

    def add_build(self, unit: Unit) -> None:
        """Add what the Dockerfile of a service says; the Compose file wins."""
        build = self.table.get("build")
        add_sources(unit, Path(os.path.normpath(self.folder)))
        if build is None:
            return
        context = build.text if isinstance(build, Value) else build.text("context") if isinstance(build, Table) else ""
        name = build.text("dockerfile") if isinstance(build, Table) else ""
        try:
            folder = self.files.find(self.folder, context or ".")
            add_sources(unit, folder)
            document = self.files.side(self.files.find(folder, name or "Dockerfile"))
        except UnreadableInputError:                       # a repository elsewhere
            return
        if document is None:
            return
        found = read_dockerfile(document)
        add_build(unit, found.ports, found.checks)
        unit.base = found.base if found.stages == 1 or not _serves_pages(found.base) else None
        if not unit.command:
            unit.command = command_without_secrets(found.command)

    def command(self, key: str) -> Iterator[Value]:
        item = self.table.get(key)
        rows = item.items if isinstance(item, Rows) else [item] if item is not None else []
        yield from (one for one in rows if isinstance(one, Value) and not one.is_null)

    def names(self) -> list[str]:
        """Return the other names of the service on its networks."""
        found = [self.table.text("container_name"), self.table.text("hostname")]
        networks = self.table.get("networks")
        if isinstance(networks, Table):
            for network in networks.entries.values():
                if isinstance(network, Table):
                    found += network.texts("aliases")
        return [name for name in dict.fromkeys(found) if name and name != self.name]

    def env(self) -> dict[str, Value]:
        """Return the environment: files of variables, then `environment`; a bare name takes the project's value."""
        found: dict[str, Value] = {}
        for name, _, site in files_named(self.table.get("env_file")):
            try:
                document = self.files.side(self.files.find(self.folder, name))
            except UnreadableInputError as error:
                self.project.notes.append(f"{site.shown}: not read: {error.message}")
                continue
            if document is not None:
                found.update(read_env(document, found, self.project.variables))
        item = self.table.get("environment")
        pairs = as_pairs(item) if item is not None else None
        for name, value in pairs.entries.items() if pairs is not None else ():
            if not isinstance(value, Value):
                continue
            known: Value | None = value
            if value.tag == "bare" or value.is_null:
                known = self.project.variables.get(name)
            found[name] = without_secrets(name, known or msgspec.structs.replace(value, text="", status=UNRESOLVED))
        return found

    def ports(self) -> Iterator[Port]:
        for item in self.table.rows("ports"):
            if isinstance(item, Value):
                match = _PORT.match(item.text)
                if match is not None:
                    is_local = (match["host"] or "").startswith(("127.", "localhost"))
                    yield Port(int(match["port"]), item.site, not is_local)
            elif isinstance(item, Table) and is_whole(item.text("target")):
                yield Port(int(item.text("target")), item.site, published=True)
        for item in self.table.rows("expose"):
            if isinstance(item, Value) and is_whole(item.text.split("/")[0]):
                yield Port(int(item.text.split("/")[0]), item.site)

    def mounts(self) -> Iterator[Mount]:
        for item in self.table.rows("volumes"):
            if isinstance(item, Value):
                source, target, *mode = (*split_volume(item.text), "", "")[:3] if ":" in item.text else ("", item.text)
                read_only = "ro" in ",".join(mode).split(",")
            elif isinstance(item, Table):
                source, target = item.text("source"), item.text("target")
                read_only = item.text("read_only") == "true"
            else:
                continue
            is_path = source.startswith((".", "/", "~")) or "\\" in source or "/" in source
            key = os.path.normpath(self.folder / source) if is_path else f"{self.scope}/{source}"
            if source and target:
                yield Mount(key, target, item.site, read_only, "path" if is_path else "volume")

    def side_files(self, mounts: list[Mount]) -> Iterator[tuple[str, Value]]:
        """Return configuration files that are mounted into the container, and those of `configs`."""
        sources = [(Path(mount.key), mount.target) for mount in mounts if mount.kind == "path"]
        configs = self.project.model.table("configs")
        for item in self.table.rows("configs"):
            name = item.text if isinstance(item, Value) else item.text("source") if isinstance(item, Table) else ""
            target = item.text("target") if isinstance(item, Table) else f"/{name}"
            content, file = configs.value(name, "content"), configs.text(name, "file")
            if content is not None:
                yield target, content
            elif file:
                sources.append((self.folder / file, target))
        number = 0
        for path, target in sources:
            if self.project.folder.is_relative_to(path):       # the source of the whole project
                continue
            for one in _files_below(path):
                number += 1
                if number > MAX_SIDE_FILES:
                    return
                document = self.files.side(one)
                if document is not None:
                    inside = target if one == path else f"{target}/{one.relative_to(path).as_posix()}"
                    yield inside, _whole(document)

    def after(self, unit: Unit) -> list[Value]:
        """Return the services that start first; the status of a value is the condition that it waits for."""
        item = self.table.get("depends_on")
        found: list[Value] = []
        if item is not None:
            names = as_names(item)
            for name, detail in names.entries.items():
                condition = detail.text("condition") if isinstance(detail, Table) else ""
                found.append(Value(name, names.keys[name], tag=condition or "service_started"))
        for item in self.table.rows("links"):
            if isinstance(item, Value):
                name, _, alias = item.text.partition(":")
                found.append(Value(name, item.site, tag="link", raw=alias))
        for key in ("network_mode", "ipc", "pid"):
            value = self.table.value(key)
            if value is not None and value.text.startswith("service:"):
                found.append(Value(value.text.removeprefix("service:"), value.site, tag=key))
        return found

    def has_gpu(self) -> bool:
        devices = self.table.tables("deploy", "resources", "reservations", "devices")
        for device in devices:
            words = {*device.texts("capabilities"), device.text("driver")}
            if words & {"gpu", "nvidia", "amd", "tpu", "compute"}:
                return True
        if self.table.text("runtime") in _GPU_RUNTIMES or self.table.rows("gpus"):
            return True
        return any(_GPU_DEVICE.search(name) is not None for name in self.table.texts("devices"))

    def facts(self) -> dict[str, Fact]:
        found: dict[str, Fact] = {}
        replicas = self.table.value("deploy", "replicas") or self.table.value("scale")
        if replicas is not None and is_whole(replicas.text):
            found["replicas"] = Fact(replicas.text, replicas.site)
        hardware: list[tuple[str, Fact]] = []
        limits = self.table.table("deploy", "resources", "limits")
        cpu = limits.value("cpus") or self.table.value("cpus")
        if cpu is not None and re.fullmatch(r"\d*\.?\d+", cpu.text):
            hardware.append(("cpu", Fact(cpu.text, cpu.site)))
        memory = limits.value("memory") or self.table.value("mem_limit")
        size = size_text(memory.text) if memory is not None else ""
        if memory is not None and size:
            hardware.append(("memory", Fact(size, memory.site)))
        for device in self.table.tables("deploy", "resources", "reservations", "devices"):
            count = device.value("count")
            ids = device.texts("device_ids")
            if "gpu" in device.texts("capabilities") and ((count is not None and is_whole(count.text)) or ids):
                text = str(len(ids)) if ids else count.text if count is not None else ""
                hardware.append(("gpus", Fact(text, device.site)))
                break
        if hardware:
            found["hardware"] = Fact("", hardware[0][1].site, inner=tuple(hardware))
        return found


def size_text(text: str) -> str:
    """Return a size of Compose in the units of `arch.yaml`; empty for any other text.

    >>> size_text("4g"), size_text("512M"), size_text("1024")
    ('4GiB', '512MiB', '1024B')
    """
    match = _SIZE.match(text.strip())
    return f"{match[1]}{_UNITS[(match[2] or 'b')[0].lower()]}" if match is not None else ""


def _serves_pages(base: Value | None) -> bool:
    """Whether a base image only serves the pages that an earlier stage makes."""
    return base is not None and re.search(r"(^|/)(nginx|httpd|caddy)", base.text) is not None


def models_below(folders: list[Path], files: Files) -> list[str]:
    """Return the models of a repository of Triton: the folders with a `config.pbtxt`."""
    found: list[str] = []
    for folder in folders:
        try:
            if os.path.isdir(folder) and real_path(folder).is_relative_to(files.root):
                names = sorted(os.listdir(folder))[:MAX_MODELS]
                found += [name for name in names if os.path.isfile(folder / name / "config.pbtxt")]
        except (OSError, ValueError):
            continue
    return found


def _files_below(path: Path) -> Iterator[Path]:
    """Return a file, or the configuration files directly in a folder."""
    try:
        if os.path.isfile(path):
            if path.name.endswith(_SIDE_FILES):
                yield path
        elif os.path.isdir(path) and not os.path.exists(path / ".git"):
            for name in sorted(os.listdir(path))[:MAX_SIDE_FILES]:
                if name.endswith(_SIDE_FILES) and not name.startswith(".") and os.path.isfile(path / name):
                    yield path / name
    except (OSError, ValueError):
        return


def _whole(document: Document) -> Value:
    return Value(document.text, Site(document, Span(0, min(len(document.text), 1))), plain=False)


__all__ = ["Item", "read_services", "size_text"]
