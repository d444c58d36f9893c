"""What `compose.yaml` and `arch.yaml` of a reference implementation state about its parts.

Replicas that Compose lists one by one, such as `api-1` and `api-2`, are one part. A service that others wait for until
it has ended is a step before their start.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

STATE: Final = {
    ("data_cache", "source"), ("llm_gateway", "gateway"), ("model_load", "registry"), ("online_ab", "front"),
    ("prediction_log", "api"), ("shadow_ab", "api"),
}  # fmt: skip
"""Parts whose files must outlive their pods: each pod has a volume of its own. Other files are made at each start."""
SHARED: Final = {
    ("edge", "registry"): "ReadWriteMany",
    ("rag", "api"): "ReadWriteOnce", ("rag", "ingest"): "ReadWriteOnce", ("rag", "rebuild"): "ReadWriteOnce",
}  # fmt: skip
"""Parts whose pods share one volume, and how it is mounted: on any node, or on one."""
ALONE: Final = {
    ("llm_gateway", "gateway"): "quotas", ("online_ab", "front"): "outcomes", ("shadow_ab", "api"): "pairs of answers",
    ("rag", "api"): "documents", ("rag", "ingest"): "documents",
}  # fmt: skip
"""Parts that keep something in a file that only one pod can write; for several, put it into a database."""
QUEUES: Final = {
    ("asynchronous", "worker"): "predictions", ("multiple_stage", "second-stage"): "better",
    ("streaming", "processor"): "measurements",
}  # fmt: skip
"""Parts that take their work from a queue, which drives their number."""
LEFT_OUT: Final = {"all_in_one", "online_bigsize", "load_test"}
"""Two anti-patterns, which nobody should deploy, and a test, which is not a service."""
Table = Mapping[str, Any]


class Part(NamedTuple):
    """A part that runs the pattern's own image, with its command; `before` are commands that run before each start.

    `queue` drives their number, a `quiet` part has no server. `replicas` are the least and the most. `volume` is
    empty, `own` for one for each pod, or the access mode of a shared one. `only` is why there can be one pod only.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    replicas: tuple[int, int]
    volume: str
    only: str
    before: tuple[tuple[str, ...], ...]
    grace_s: int
    image: str
    queue: str
    quiet: bool


class Server(NamedTuple):
    """A part that runs somebody else's program: `what` it is, its name, its number of replicas, and its files."""

    what: str
    name: str
    replicas: int
    files: tuple[Path, ...]


class Pattern(NamedTuple):
    """A reference implementation, as it is deployed; `renamed` are services of Compose that are replicas of a part."""

    name: str
    module: str
    parts: tuple[Part, ...]
    servers: tuple[Server, ...]
    renamed: Mapping[str, str]


def read_pattern(folder: Path) -> Pattern:
    """Read one reference implementation."""
    services: dict[str, Table] = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))["services"]
    components: dict[str, Table] = yaml.safe_load((folder / "arch.yaml").read_text(encoding="utf-8"))["components"]
    steps = {
        name for one in services.values() for name, how in one.get("depends_on", {}).items()
        if how.get("condition") == "service_completed_successfully"
    }  # fmt: skip
    parts: dict[str, Part] = {}
    servers: list[Server] = []
    renamed: dict[str, str] = {}
    for name, service in services.items():
        if name in steps:
            continue
        described = _of(components, name)
        if "image" in service and "build" not in service:
            what = str(service["image"]).rpartition("/")[2].partition(":")[0]
            least = max((_range(one)[0] for one in described.values()), default=1)
            servers.append(Server(what, name, least, tuple(_files(folder, service))))
            continue
        several = (other for other, facts in described.items() if isinstance(facts.get("deployed_as"), list))
        stem = next(several, name)
        renamed |= {name: stem} if stem != name else {}
        before = tuple(_command(services[step]) for step in service.get("depends_on", {}) if step in steps)
        parts.setdefault(stem, _part(folder, stem, service, described, before))
    return Pattern(folder.name.replace("_", "-"), folder.name, tuple(parts.values()), tuple(servers), renamed)


def _of(components: Mapping[str, Table], name: str) -> dict[str, Table]:
    """Return the components of the description that are deployed under a name."""
    found = {}
    for component, facts in components.items():
        names = facts.get("deployed_as", component)
        if name in (names if isinstance(names, list) else [names]):
            found[component] = facts
    return found


def _range(component: Table) -> tuple[int, int]:
    replicas = component.get("replicas", 1)
    if isinstance(replicas, dict):
        return replicas["min"], replicas["max"]
    return replicas, replicas


def _part(
    folder: Path, name: str, service: Table, described: Mapping[str, Table], before: tuple[tuple[str, ...], ...]
) -> Part:
    key = (folder.name, name)
    target = service["build"].get("args", {}).get("PART", "")
    replicas = max((_range(one) for one in described.values()), default=(1, 1))
    return Part(
        name=name,
        command=_command(service),
        environment={key: "" if value is None else str(value) for key, value in service.get("environment", {}).items()},
        replicas=(1, 1) if key in ALONE else replicas,
        volume="own" if key in STATE else SHARED.get(key, ""),
        only=ALONE.get(key, ""),
        before=before,
        grace_s=max(30, int(str(service.get("stop_grace_period", "30s")).removesuffix("s"))),
        image=folder.name.replace("_", "-") + (f"-{target}" if target else ""),
        queue=QUEUES.get(key, ""),
        quiet=bool(service.get("healthcheck", {}).get("disable")),
    )


def _command(service: Table) -> tuple[str, ...]:
    return tuple(service.get("command", ()))


def _files(folder: Path, service: Table) -> list[Path]:
    """Return the configurations that are mounted from the repository."""
    sources = [str(volume).partition(":")[0] for volume in service.get("volumes", [])]
    return [(folder / source).resolve() for source in sources if source.startswith(".")]
