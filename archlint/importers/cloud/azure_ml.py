"""Online endpoints of Azure Machine Learning, which Terraform states by the generic resource of `azapi`."""

from __future__ import annotations

from typing import Final

from archlint.importers.cloud.facts import add_facts, add_machine
from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.tables import Field
from archlint.importers.cloud.units import Cloud
from archlint.importers.cloud.values import first_at, follow, tables_at, text_at
from archlint.importers.digits import is_whole
from archlint.importers.objects import Fact, Table, Unit

_ENDPOINT: Final = "microsoft.machinelearningservices/workspaces/onlineendpoints"
_DEPLOYMENT: Final = f"{_ENDPOINT}/deployments"
_FACTS: Final[tuple[Field, ...]] = (
    ("replicas.min", "properties.scaleSettings.minInstances", "number"),
    ("replicas.max", "properties.scaleSettings.maxInstances", "positive"),
    ("workers", "properties.requestSettings.maxConcurrentRequestsPerInstance", "positive"),
)  # fmt: skip
_FIXED: Final[tuple[Field, ...]] = (
    ("replicas", "sku.capacity", "positive"),
    ("workers", "properties.requestSettings.maxConcurrentRequestsPerInstance", "positive"),
)  # fmt: skip


def add_online_endpoints(cloud: Cloud) -> None:
    """Add endpoints with their deployments: servers that share the traffic of the endpoint."""
    generic = [one for kind in ("azapi_resource",) for one in cloud.of_type.get(kind, ())]
    for endpoint in generic:
        if _kind(endpoint) != _ENDPOINT:
            continue
        name = text_at(endpoint.values, "name") or endpoint.name
        inside = cloud.users("azapi_resource", "parent_id").get(endpoint.address, ())
        own = [one for one in inside if _kind(one) == _DEPLOYMENT]
        if len(own) < 2:
            server = cloud.unit(endpoint, name, kind="model-server", uses="azure-ml", reason="an online endpoint")
            cloud.units[endpoint.address] = [server]
            for one in own:
                _deployment(cloud, server, one)
                cloud.units[one.address] = [server]
            if not own:
                server.models.append(f"{name}-model")
            _access(endpoint, server)
            continue
        front = cloud.unit(endpoint, name, kind="gateway", reason="an online endpoint with several deployments")
        cloud.units[endpoint.address] = [front]
        _access(endpoint, front)
        traffic = _traffic(endpoint, "properties.traffic")
        mirrored = _traffic(endpoint, "properties.mirrorTraffic")
        for one in own:
            short = text_at(one.values, "name") or one.name
            server = cloud.unit(one, f"{name}-{short}", kind="model-server", uses="azure-ml", reason="a deployment")
            cloud.units[one.address] = [server]
            _deployment(cloud, server, one)
            if short in mirrored:
                cloud.link(front, server, "mirrors", "mirrored traffic", one.site)
            elif traffic.get(short) != "0":
                share = traffic.get(short, "")
                cloud.link(
                    front, server, "calls", "traffic of the endpoint", one.site,
                    share=f"{share}%" if is_whole(share) and 0 < int(share) < 100 else "",
                )  # fmt: skip


def _kind(resource: Resource) -> str:
    return text_at(resource.values, "type").partition("@")[0].lower()


def _traffic(endpoint: Resource, path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for body in follow(endpoint.values, f"body.{path}"):
        if isinstance(body, Table):
            found.update((key, text_at(body, key)) for key in body.entries)
    return found


def _access(endpoint: Resource, unit: Unit) -> None:
    for body in tables_at(endpoint.values, "body"):
        add_facts(unit, body, (("auth", "properties.authMode", "auth"),))
        public = first_at(body, "properties.publicNetworkAccess")
        if public is not None and public.text == "Enabled":
            unit.facts["exposed"] = Fact("public", public.site, "publicNetworkAccess")
        elif public is not None and public.text == "Disabled":
            unit.facts["exposed"] = Fact("internal", public.site, "publicNetworkAccess")


def _deployment(cloud: Cloud, server: Unit, one: Resource) -> None:
    for body in tables_at(one.values, "body"):
        scaled = text_at(body, "properties.scaleSettings.scaleType") == "TargetUtilization"
        add_facts(server, body, _FACTS if scaled else _FIXED)
        sku = tables_at(one.values, "sku")
        for table in sku if not scaled else ():
            add_facts(server, table, (("replicas", "capacity", "positive"),))
        add_machine(server, first_at(body, "properties.instanceType"))
        model = first_at(body, "properties.model")
        if model is not None and model.text:
            server.models.append(_model(model.text))
        if first_at(body, "properties.readinessProbe.period") is not None:
            server.facts.setdefault("ready_check", Fact("true", one.site, "readinessProbe"))
        cloud.add_env(server, follow(body, "properties.environmentVariables"))
    if not server.models:
        server.models.append(f"{server.name}-model")


def _model(text: str) -> str:
    """Return the name of a model from its id.

    >>> _model("azureml://registries/azureml/models/Phi-4/versions/3"), _model("azureml:ranker:2")
    ('Phi-4:3', 'ranker:2')
    """
    parts = text.removeprefix("azureml:").strip("/").split("/")
    if "models" not in parts[:-1]:
        return parts[-1][:120]
    at = parts.index("models") + 1
    version = parts[at + 2] if parts[at + 1 : at + 2] == ["versions"] and len(parts) > at + 2 else ""
    return f"{parts[at]}:{version}"[:120] if version else parts[at][:120]


def add_language_models(cloud: Cloud) -> None:
    """Add the models that accounts of Azure OpenAI deploy, with their quotas."""
    for one in cloud.of_type.get("azurerm_cognitive_deployment", ()):
        for unit in cloud.units_of(follow(one.values, "cognitive_account_id")):
            name = text_at(one.values, "model.name")
            if name and name not in unit.models:
                unit.models.append(name)
            capacity = first_at(one.values, "sku.capacity", "scale.capacity")
            kind = text_at(one.values, "sku.name", "scale.type")
            if capacity is not None and is_whole(capacity.text) and "Provisioned" not in kind and len(unit.models) == 1:
                text = f"{int(capacity.text)}k/min"
                inner = (("tokens", Fact(text, capacity.site, "its capacity, in thousands of tokens a minute")),)
                unit.facts["rate_limit"] = Fact("", capacity.site, "capacity", inner)
