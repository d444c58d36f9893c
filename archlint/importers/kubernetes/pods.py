"""Pods as deployment objects: containers, their variables, volumes, resources and probes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.importers.digits import is_whole
from archlint.importers.kubernetes.cluster import Cluster, Resource
from archlint.importers.kubernetes.hardware import hardware_of
from archlint.importers.kubernetes.running import running_of
from archlint.importers.objects import (
    SECRET,
    UNRESOLVED,
    Fact,
    Item,
    Link,
    Mount,
    Port,
    Rows,
    Site,
    Table,
    Unit,
    Value,
)
from archlint.importers.secrets import command_without_secrets, without_secrets

_REFERENCE: Final = re.compile(r"\$\(([A-Za-z_][\w.-]*)\)")
_WAITS: Final = re.compile(r"(?i)\b(until|nslookup|nc\s+-z|wait[-_]for|sleep|chown|chmod|sysctl|mkdir|rm\s+-)\b")
_INJECTED: Final = re.compile(
    r"istio-proxy|linkerd-proxy|cloud-?sql-proxy|vault-agent|daprd|oauth2-proxy|kube-rbac-proxy|pause"
)
_LOCAL: Final = re.compile(r"(?:localhost|127\.0\.0\.1):(\d{2,5})")
MAX_TEXTS: Final = 60
MAX_CONTAINERS: Final = 50
MAX_DEPTH: Final = 12
MANAGED: Final = frozenset(
    "InferenceService LLMInferenceService SeldonDeployment Model RayService RayCluster RayJob RayCronJob".split()
)
"""Resources whose operator makes the pods, and adds probes to them."""


def pod_units(cluster: Cluster, resource: Resource, pod: Table, role: str, what: str = "") -> list[Unit]:
    """Return the units of a pod template: its main container, sidecars that do work of their own, and loaders."""
    spec = pod.table("spec") if pod.get("spec") is not None else pod
    containers = spec.tables("containers")
    if not containers:
        return []
    reader = _Pod(cluster, resource, spec)
    main = reader.unit(containers[0], resource.name or containers[0].text("name"), role, resource.site)
    main.what = what or resource.kind
    units = [main]
    for container in containers[1:]:
        sidecar = reader.sidecar(container, main)
        if sidecar is not None:
            units.append(sidecar)
    for container in spec.tables("initContainers"):
        units += reader.initial(container, main)
    return units


def add_containers(cluster: Cluster, resource: Resource, unit: Unit) -> None:
    """Add the variables and commands of all containers below a resource, such as those of a workflow's steps."""
    reader = _Pod(cluster, resource, resource.table.table("spec"))
    for container in list(_containers(resource.table.table("spec"), 0))[:MAX_CONTAINERS]:
        env = reader.env(container)
        unit.env = {**env, **unit.env}
        unit.command += command_without_secrets(tuple(reader.command(container, env)))


def _containers(item: Item, depth: int) -> Iterator[Table]:
    if isinstance(item, Table) and isinstance(item.get("image"), Value):
        yield item
    elif depth < MAX_DEPTH:
        inner = item.entries.values() if isinstance(item, Table) else item.items if isinstance(item, Rows) else ()
        for one in inner:
            yield from _containers(one, depth + 1)


class _Pod:
    """One pod template."""

    def __init__(self, cluster: Cluster, resource: Resource, spec: Table) -> None:
        self.cluster = cluster
        self.resource = resource
        self.spec = spec
        self.namespace = resource.namespace
        self.volumes = {volume.text("name"): volume for volume in spec.tables("volumes")}
        for claim in resource.table.tables("spec", "volumeClaimTemplates"):
            self.volumes.setdefault(claim.text("metadata", "name"), claim)

    def unit(self, container: Table, name: str, role: str, site: Site) -> Unit:
        env = self.env(container)
        facts = dict(hardware_of(container, self.spec))
        if container.get("readinessProbe") is not None or container.get("startupProbe") is not None:
            key = "readinessProbe" if container.get("readinessProbe") is not None else "startupProbe"
            facts["ready_check"] = Fact("true", container.keys[key], key)
        probes = [container.text(f"{kind}Probe", "httpGet", "path") for kind in ("readiness", "liveness", "startup")]
        return Unit(
            name, "kubernetes", self.resource.kind, self.namespace, site, role, image=container.value("image"),
            command=command_without_secrets(tuple(self.command(container, env))), env=env,
            ports=list(self.ports(container)),
            mounts=list(self.mounts(container)), probes=probes, texts=list(self.texts(container)), facts=facts,
            gpu=any(key == "gpus" for key, _ in facts["hardware"].inner) if "hardware" in facts else False,
            running=running_of(container, self.spec, self.resource.kind in MANAGED),
        )  # fmt: skip

    def sidecar(self, container: Table, main: Unit) -> Unit | None:
        """Return a further container that does work of its own; proxies that a mesh adds do not."""
        name, image = container.text("name"), container.text("image")
        if _INJECTED.search(name) or _INJECTED.search(image.rpartition("/")[2]):
            return None
        unit = self.unit(container, f"{main.name}-{name}", "container", container.keys.get("name", container.site))
        unit.what = "container"
        own = [port.number for port in unit.ports]
        calls = any(
            f"localhost:{port}" in value.text or f"127.0.0.1:{port}" in value.text
            for port in own
            for value in (*main.env.values(), *main.command)
        )
        if calls:
            main.links.append(
                Link(unit.name, "", "localhost, a container of the same pod", unit.site, scope=self.namespace)
            )
        back = [port for value in (*unit.env.values(), *unit.command) for port in _LOCAL.findall(value.text)]
        if any(int(port) not in own for port in back):
            how = "localhost, a container of the same pod"
            unit.links.append(Link(main.name, "calls", how, unit.site, scope=self.namespace))
        return unit if unit.ports or unit.mounts or calls else None

    def initial(self, container: Table, main: Unit) -> Iterator[Unit]:
        """Yield an init container that fills a volume of the main one, or one that keeps running."""
        unit = self.unit(
            container, f"{main.name}-{container.text('name')}", "loader", container.keys.get("name", container.site)
        )
        unit.what = "init container"
        if container.text("restartPolicy") == "Always":
            unit.role = "container"
            yield unit
            return
        shared = {mount.key for mount in unit.mounts} & {mount.key for mount in main.mounts}
        if shared and not _WAITS.search(unit.command_text.partition("\n")[0]):
            how = f"init container fills {next(iter(shared)).rpartition('/')[2]}"
            main.links.append(Link(unit.name, "loads", how, unit.site, "fair", scope=self.namespace))
            yield unit

    def command(self, container: Table, env: dict[str, Value]) -> Iterator[Value]:
        """Yield the command and the arguments, with `$(VAR)` replaced."""
        for key in ("command", "args"):
            for item in container.rows(key):
                if isinstance(item, Value) and not item.is_null:
                    yield _expanded(item, env)

    def env(self, container: Table) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for source in container.tables("envFrom"):
            prefix = source.text("prefix")
            config = self.cluster.find("ConfigMap", source.text("configMapRef", "name"), self.namespace)
            for key, item in config.table.table("data").entries.items() if config is not None else ():
                if isinstance(item, Value) and "\n" not in item.text:
                    found[prefix + key] = without_secrets(key, item)
        for entry in container.tables("env"):
            name = entry.text("name")
            value = self.variable(entry)
            if name and value is not None:
                found[name] = _expanded(without_secrets(name, value), found)
        return found

    def variable(self, entry: Table) -> Value | None:
        value = entry.value("value")
        if value is not None:
            return value
        source = entry.table("valueFrom")
        reference = source.table("configMapKeyRef")
        if reference.entries:
            config = self.cluster.find("ConfigMap", reference.text("name"), self.namespace)
            found = config.table.value("data", reference.text("key")) if config is not None else None
            return found or Value("", reference.site, UNRESOLVED)
        if source.get("secretKeyRef") is not None:
            return Value("", source.site, SECRET, plain=False)
        return None

    def ports(self, container: Table) -> Iterator[Port]:
        for port in container.tables("ports"):
            number = port.text("containerPort")
            if is_whole(number):
                yield Port(int(number), port.site, port.get("hostPort") is not None, port.text("name"))

    def mounts(self, container: Table) -> Iterator[Mount]:
        for mount in container.tables("volumeMounts"):
            volume = self.volumes.get(mount.text("name"))
            key, kind = self.volume_key(volume, mount.text("name"))
            if key:
                read_only, host = mount.text("readOnly") == "true", self.is_of_host(volume)
                yield Mount(key, mount.text("mountPath"), mount.site, read_only, kind, self.modes(volume), host)

    def is_of_host(self, volume: Table | None) -> bool:
        """Whether a volume is a path of its node, itself or through its claim."""
        if volume is None:
            return False
        if volume.text("hostPath", "path"):
            return True
        claim = self.cluster.find("PersistentVolumeClaim", volume.text("persistentVolumeClaim", "claimName"), "")
        name = claim.table.text("spec", "volumeName") if claim is not None else ""
        known = self.cluster.find("PersistentVolume", name, "") if name else None
        return known is not None and bool(known.table.text("spec", "hostPath", "path"))

    def modes(self, volume: Table | None) -> tuple[str, ...]:
        """Return the access modes of the claim of a volume; none for the claims of a StatefulSet, one a pod."""
        name = volume.text("persistentVolumeClaim", "claimName") if volume is not None else ""
        claim = self.cluster.find("PersistentVolumeClaim", name, self.namespace) if name else None
        return tuple(claim.table.texts("spec", "accessModes")) if claim is not None else ()

    def volume_key(self, volume: Table | None, name: str) -> tuple[str, str]:
        """Return what a volume is called where others share it, and its kind."""
        if volume is None:
            return "", ""
        claim = volume.text("persistentVolumeClaim", "claimName")
        if volume.get("metadata") is not None:                 # a template of claims of a StatefulSet
            claim = f"{name}-{self.resource.name}"
        if claim:
            return f"{self.namespace}/claim/{claim}", "volume"
        host = volume.text("hostPath", "path") or volume.text("nfs", "path")
        if host:
            return f"{self.namespace}/host/{host.strip('/')}", "volume"
        bucket = volume.text("csi", "volumeAttributes", "bucketName")
        if bucket:
            return f"bucket/{bucket}", "volume"
        if volume.get("emptyDir") is not None and volume.text("emptyDir", "medium") != "Memory":
            return f"{self.namespace}/{self.resource.kind}/{self.resource.name}/{name}", "pod"
        return "", ""

    def texts(self, container: Table) -> Iterator[tuple[str, Value]]:
        """Yield the files of the config maps that a container mounts."""
        number = 0
        for mount in container.tables("volumeMounts"):
            volume = self.volumes.get(mount.text("name"))
            names = [volume.text("configMap", "name")] if volume is not None else []
            names += [one.text("configMap", "name") for one in volume.tables("projected", "sources")] if volume else []
            for name in filter(None, names):
                config = self.cluster.find("ConfigMap", name, self.namespace)
                for key, item in config.table.table("data").entries.items() if config is not None else ():
                    number += 1
                    if isinstance(item, Value) and number <= MAX_TEXTS:
                        yield f"{mount.text('mountPath')}/{key}", item


def _expanded(value: Value, env: dict[str, Value]) -> Value:
    """Replace `$(VAR)`; a variable without a known value stays as written."""
    if "$(" not in value.text:
        return value

    def replace(match: re.Match[str]) -> str:
        known = env.get(match[1])
        return known.text if known is not None and known.status not in {SECRET, UNRESOLVED} else match[0]

    return msgspec.structs.replace(value, text=_REFERENCE.sub(replace, value.text)[:1_000_000])
