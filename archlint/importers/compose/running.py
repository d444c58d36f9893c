"""How a Compose service is run: health check, accelerators, profiles, privileges, and sources over its image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.importers.objects import Port, Rows, Table, Unit, Value
from archlint.model.deployment import Probe, Running

_VISIBLE: Final = re.compile(
    r"^(HABANA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES|CUDA_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES|ASCEND_VISIBLE_DEVICES)$"
)
_HOST_SPACES: Final = ("pid", "ipc")
_FILES: Final = ("volumes", "configs", "secrets", "tmpfs", "extends", "post_start")
"""Keys that may put files of settings into a container."""
_NO_DEVICES: Final = frozenset({"", "none", "void"})


def running_of(table: Table) -> Running:
    """Return how a service is run."""
    found = Running(profiles=tuple(table.texts("profiles")))
    found.probes = list(_checks(table))
    found.restart = table.value("restart") or table.value("deploy", "restart_policy", "condition")
    found.replicas = table.value("deploy", "replicas") or table.value("scale")
    resources = table.table("deploy", "resources")
    for key, name, old in (("cpu", "cpus", "cpus"), ("memory", "memory", "mem_limit")):
        value = resources.value("limits", name) or table.value(old)
        if value is not None:
            found.limits[key] = value
    found.claims = list(_claims(table))
    found.privileges = list(_privileges(table))
    found.own_network = not table.text("network_mode")
    found.as_built = not any(table.get(key) is not None for key in _FILES)
    image = table.value("image")
    found.identities = [image] if image is not None else []
    return found


def _checks(table: Table) -> Iterator[Probe]:
    check = table.table("healthcheck")
    test = check.get("test")
    if test is None:
        return
    rows = test.items if isinstance(test, Rows) else [test]
    values = [row for row in rows if isinstance(row, Value)]
    off = check.text("disable") == "true" or (bool(values) and values[0].text == "NONE")
    command = " ".join(value.text for value in values)
    raw = " ".join(value.raw or value.text for value in values)
    site = values[-1].site if values else test.site
    yield Probe("healthcheck", site, command, raw, off)


def _claims(table: Table) -> Iterator[Value]:
    """Yield the accelerators that a service claims: `all`, their ids, or a number of them."""
    for device in table.tables("deploy", "resources", "reservations", "devices"):
        ids = [item for item in device.rows("device_ids") if isinstance(item, Value)]
        yield from (Value(f"device {item.text}", item.site, item.status) for item in ids)
        count = device.value("count")
        if not ids and ("gpu" in device.texts("capabilities") or device.text("driver")):
            text = count.text if count is not None else "all"
            yield Value(text if text == "all" else f"{text} devices", count.site if count is not None else device.site)
    environment = table.get("environment")
    pairs: list[tuple[str, Value]] = []
    if isinstance(environment, Table):
        pairs = [(key, value) for key in environment.entries if (value := environment.value(key)) is not None]
    elif isinstance(environment, Rows):
        for item in environment.items:
            if isinstance(item, Value) and "=" in item.text:
                name, _, text = item.text.partition("=")
                pairs.append((name, Value(text, item.site, item.status)))
    for name, value in pairs:
        if _VISIBLE.match(name) and value.text.lower() not in _NO_DEVICES and value.status != "unresolved":
            words = value.text.split(",") if value.text != "all" else ["all"]
            yield from (
                Value(one if one == "all" else f"device {one}", value.site, value.status, tag=name) for one in words
            )
    value = table.value("gpus")
    if value is not None:
        yield Value("all" if value.text == "all" else f"{value.text} devices", value.site)


def _privileges(table: Table) -> Iterator[Value]:
    value = table.value("privileged")
    if value is not None and value.text == "true":
        yield Value("is privileged", value.site)
    for item in table.rows("volumes"):
        text = item.text if isinstance(item, Value) else item.text("source") if isinstance(item, Table) else ""
        if "docker.sock" in text.split(":")[0]:
            yield Value("mounts the Docker socket", item.site)
    for key in _HOST_SPACES:
        value = table.value(key)
        if value is not None and value.text == "host" and key == "pid":
            yield Value("shares the process ids of its host", value.site)
    for item in table.rows("cap_add"):
        if isinstance(item, Value) and item.text.upper() in {"ALL", "SYS_ADMIN"}:
            yield Value(f"adds the capability {item.text}", item.site)


def add_build(unit: Unit, ports: tuple[Port, ...], checks: bool) -> None:
    """Add what its Dockerfile says of how it runs."""
    unit.running.listens = tuple(port.number for port in ports)
    if checks and not unit.running.probes:
        unit.running.probes.append(Probe("healthcheck", unit.site))


def add_sources(unit: Unit, folder: Path) -> None:
    """Note the mounts that put the folder of the project or of its build over the image."""
    known = {mount.key for mount in unit.running.sources}
    for mount in unit.mounts:
        if mount.kind == "path" and folder.is_relative_to(mount.key) and not mount.read_only and mount.key not in known:
            unit.running.sources.append(mount)


__all__ = ["add_build", "add_sources", "running_of"]
