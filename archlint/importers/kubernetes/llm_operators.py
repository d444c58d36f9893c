"""Operators that run servers of language models from a resource of their own: a table, and NVIDIA Dynamo's graphs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from archlint.importers.digits import is_whole
from archlint.importers.kubernetes.cluster import Cluster, Resource
from archlint.importers.kubernetes.graphs import GRAPH_READERS
from archlint.importers.kubernetes.hardware import hardware_of
from archlint.importers.kubernetes.pods import pod_units
from archlint.importers.objects import Fact, Link, Rows, Table, Unit
from archlint.importers.technologies import by_command

Reader = Callable[[Cluster, Resource], None]
_PREFIX: Final = re.compile(r"^(hf|ollama|oci|pvc|s3|gs|docker)://")


class Served(msgspec.Struct, frozen=True):
    """Where a resource names its model and its replicas; `starts` begins the name of its Service."""

    uses: str
    model: tuple[tuple[str, ...], ...]
    replicas: tuple[str, ...] = ("spec", "replicas")
    least: tuple[str, ...] = ()
    most: tuple[str, ...] = ()
    container: tuple[str, ...] = ()
    starts: str = ""


SERVED: Final[dict[tuple[str, str], Served]] = {
    # https://github.com/kaito-project/kaito, https://www.kubeai.org/reference/kubernetes-api/
    ("Workspace", "kaito.sh"): Served("vllm", (("inference", "preset", "name"),)),
    ("Model", "kubeai.org"): Served(
        "", (("spec", "url"),), least=("spec", "minReplicas"), most=("spec", "maxReplicas")
    ),
    # https://github.com/nekomeowww/ollama-operator
    ("Model", "ollama.ayaka.io"): Served("ollama", (("spec", "image"),), starts="ollama-model-"),
    # https://docs.nvidia.com/nim-operator/latest/service.html
    ("NIMService", "apps.nvidia.com"): Served(
        "nim", (("spec", "image", "repository"),), least=("spec", "scale", "hpa", "minReplicas"),
        most=("spec", "scale", "hpa", "maxReplicas"), container=("spec",),
    ),
    # https://github.com/vllm-project/production-stack
    ("VLLMRuntime", "production-stack.vllm.ai"): Served(
        "vllm", (("spec", "model", "modelURL"),), ("spec", "deploymentConfig", "replicas"),
    ),
    # https://github.com/bentoml/yatai-deployment
    ("BentoDeployment", "serving.yatai.ai"): Served(
        "bentoml", (("spec", "bento"),), least=("spec", "autoscaling", "minReplicas"),
        most=("spec", "autoscaling", "maxReplicas"),
    ),
}  # fmt: skip
"""Resources that are one server of models, by their kind and group."""
_ENGINES: Final = {"vllm": "vllm", "ollama": "ollama"}


def _served(cluster: Cluster, resource: Resource) -> None:
    row = SERVED.get((resource.kind, resource.group))
    if row is None:
        if (resource.kind, resource.group) == ("Model", "mlops.seldon.io"):
            GRAPH_READERS["Model"](cluster, resource)
        return
    table = resource.table
    unit = Unit(
        resource.name, "kubernetes", resource.kind, resource.namespace, resource.site, "model-server",
        kind="model-server", uses=row.uses or _ENGINES.get(table.text("spec", "engine").lower(), ""),
        reason=f"resource {resource.kind}", names=[row.starts + resource.name] if row.starts else [],
    )  # fmt: skip
    unit.running.managed = True
    if table.get("tuning") is not None:                     # a Workspace of KAITO may tune a model
        unit.kind, unit.role = "training-job", "job"
    model = next((value for path in row.model if (value := table.value(*path)) is not None), None)
    if model is not None and model.text:
        name = _PREFIX.sub("", model.text).partition("nvcr.io/nim/")
        unit.models.append(name[2] or name[0])
    _scale(unit, table, row)
    if row.container:
        unit.facts.update(hardware_of(table.table(*row.container), Table({}, {}, table.site)))
        unit.gpu = "hardware" in unit.facts
    cluster.units.append(unit)


def _scale(unit: Unit, table: Table, row: Served) -> None:
    fixed = table.value(*row.replicas)
    inner = [(key, value) for key, path in (("min", row.least), ("max", row.most)) if (value := table.value(*path))]
    facts = tuple((key, Fact(value.text, value.site)) for key, value in inner if is_whole(value.text))
    if facts:
        unit.facts["replicas"] = Fact("", facts[0][1].site, inner=facts)
    elif fixed is not None and is_whole(fixed.text):
        unit.facts["replicas"] = Fact(fixed.text, fixed.site)


def _dynamo(cluster: Cluster, resource: Resource) -> None:
    """NVIDIA Dynamo: a front end that routes, and workers; the form is that of https://docs.nvidia.com/dynamo/ ."""
    services = resource.table.table("spec", "services")
    fronts: list[Unit] = []
    workers: list[Unit] = []
    for key, item in services.entries.items():
        if not isinstance(item, Table):
            continue
        name = f"{resource.name}-{key.lower()}"
        unit = Unit(name, "kubernetes", resource.kind, resource.namespace, services.keys[key])
        container = item.get("extraPodSpec", "mainContainer")
        if isinstance(container, Table):
            pod = Table({"containers": Rows([container], container.site)}, {}, item.site)
            unit = (pod_units(cluster, resource, pod, "container") or [unit])[0]
            unit.name, unit.site = name, services.keys[key]
        unit.running.managed = True
        replicas = item.value("replicas")
        if replicas is not None and is_whole(replicas.text):
            unit.facts["replicas"] = Fact(replicas.text, replicas.site)
        gpus = item.value("resources", "limits", "gpu") or item.value("resources", "requests", "gpu")
        if gpus is not None and is_whole(gpus.text):
            unit.facts["hardware"] = Fact("", gpus.site, inner=(("gpus", Fact(gpus.text, gpus.site)),))
            unit.gpu = True
        known = by_command(unit.command_text)
        is_front = item.text("componentType") == "frontend" or (known is not None and known.kind == "gateway")
        unit.kind = "gateway" if is_front else "service" if item.text("componentType") == "planner" else "model-server"
        unit.uses = known.uses if known is not None else ""
        unit.reason = f"a {item.text('componentType') or 'service'} of Dynamo"
        (fronts if is_front else workers).append(unit)
    for front in fronts:
        front.names.append(resource.name)
        front.links += (
            Link(one.name, "calls", "a graph of Dynamo", one.site, scope=resource.namespace)
            for one in workers if one.kind == "model-server"
        )  # fmt: skip
    cluster.units += [*fronts, *workers]


LLM_READERS: Final[dict[str, Reader]] = {
    **dict.fromkeys({kind for kind, _ in SERVED}, _served), "DynamoGraphDeployment": _dynamo,
}  # fmt: skip
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "Model": ("mlops.seldon.io", "kubeai.org", "ollama.ayaka.io"), "Workspace": ("kaito.sh",),
    "Pipeline": ("mlops.seldon.io",), "Experiment": ("mlops.seldon.io",), "Cluster": ("postgresql.cnpg.io",),
    "NIMService": ("apps.nvidia.com",), "Subscription": ("messaging.knative.dev",),
    "Trigger": ("eventing.knative.dev",),
}  # fmt: skip
"""The groups of kinds whose names other operators use too."""
