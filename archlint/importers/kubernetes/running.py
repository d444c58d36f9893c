"""How a container of a pod is run: probes, resources, privileges, and what it loads at start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.importers.kubernetes.hardware import ACCELERATORS
from archlint.importers.objects import Item, Rows, Table, Value, scalars
from archlint.model.deployment import Probe, Running

PROBES: Final = ("readiness", "liveness", "startup")
KEYS_OF_MODELS: Final = frozenset({"storageUri", "modelUri", "storage_uri", "model_uri"})
_DANGEROUS: Final = frozenset({"ALL", "SYS_ADMIN"})
MAX_ARTEFACTS: Final = 50


def running_of(container: Table, pod: Table, managed: bool = False) -> Running:
    """Return how a container of a pod is run."""
    found = Running(managed=managed)
    found.probes = list(_probes(container))
    for part, into in (("requests", found.requests), ("limits", found.limits)):
        table = container.table("resources", part)
        into.update((key, value) for key in table.entries if (value := table.value(key)) is not None)
    found.claims = [
        value for resources in (found.limits, found.requests) for key, value in resources.items()
        if ACCELERATORS.match(key) and value.text not in {"", "0"}
    ]  # fmt: skip
    found.claims += [claim for table in container.tables("resources", "claims") if (claim := table.value("name"))]
    restarted = [one for one in pod.tables("initContainers") if one.text("restartPolicy") == "Always"]
    found.own_network = len(pod.tables("containers")) == 1 and not restarted and pod.text("hostNetwork") != "true"
    found.as_built = not container.tables("volumeMounts")
    found.pull = container.value("imagePullPolicy")
    found.restart = pod.value("restartPolicy")
    found.privileges = list(_privileges(container, pod))
    found.identities = [
        value for value in (pod.value("serviceAccountName"), container.value("image")) if value is not None
    ]
    found.identities += [
        value for volume in pod.tables("volumes") if (value := volume.value("persistentVolumeClaim", "claimName"))
    ]
    return found


def _probes(container: Table) -> Iterator[Probe]:
    for kind in PROBES:
        key = f"{kind}Probe"
        if container.get(key) is None:
            continue
        probe = container.table(key)
        port = probe.value("httpGet", "port") or probe.value("tcpSocket", "port") or probe.value("grpc", "port")
        command = " ".join(probe.texts("exec", "command"))
        yield Probe(kind, port.site if port is not None else container.keys[key], port.text if port else "", command)


def _privileges(container: Table, pod: Table) -> Iterator[Value]:
    """Yield what gives a container power over its host."""
    context = container.table("securityContext")
    value = context.value("privileged")
    if value is not None and value.text == "true":
        yield Value("is privileged", value.site)
    for item in context.rows("capabilities", "add"):
        if isinstance(item, Value) and item.text in _DANGEROUS:
            yield Value(f"adds the capability {item.text}", item.site)
    for key in ("hostPID", "hostNetwork", "hostIPC"):
        value = pod.value(key)
        if value is not None and value.text == "true":
            yield Value(f"has {key}", value.site)
    names = {mount.text("name") for mount in container.tables("volumeMounts")}
    for volume in pod.tables("volumes"):
        path = volume.value("hostPath", "path")
        if path is not None and path.text.endswith(("docker.sock", "containerd.sock")) and volume.text("name") in names:
            yield Value(f"mounts {path.text}", path.site)


def artefacts_below(item: Item) -> list[Value]:
    """Return the addresses of models that the fields of a resource name."""
    found = [
        value for path, value in scalars(item)
        if path and path[-1] in KEYS_OF_MODELS and value.text and not value.is_null
    ]  # fmt: skip
    return found[:MAX_ARTEFACTS]


def packages_of(environment: Table) -> Iterator[tuple[str, Value]]:
    """Yield what the runtime environment of Ray installs (`pip`) and fetches (`remote`) at each start."""
    for key in ("pip", "conda", "uv"):
        item = environment.get(key)
        rows = item.items if isinstance(item, Rows) else environment.rows(key, "packages") or ([item] if item else [])
        first = next((row for row in rows if isinstance(row, Value) and row.text), None)
        if first is not None:
            yield "pip", first
    value = environment.value("working_dir")
    if value is not None:
        yield "remote", value


__all__ = ["artefacts_below", "packages_of", "running_of"]
