"""The configuration of a LiteLLM proxy: a gateway, and the vendors and servers that it sends requests to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.addresses import addresses
from archlint.importers.files import Files
from archlint.importers.names import is_local
from archlint.importers.objects import Fact, Link, Site, Table, Unit, Value, tree
from archlint.importers.outside import VENDORS as HOSTS
from archlint.importers.serving_files.common import nested, number, seconds
from archlint.importers.serving_files.vendors import SELF_HOSTED, vendor_of
from archlint.source.nodes import Mapping

FORMAT: Final = "litellm"
_ENVIRON: Final = "os.environ/"
_VARIABLE_END: Final = re.compile(r"_?(API)?_?(BASE|URL|ENDPOINT|HOST|ADDRESS|URI)$", re.IGNORECASE)
_MONITORS: Final = frozenset(
    {"langfuse", "langfuse_otel", "langsmith", "datadog", "arize", "arize_phoenix", "helicone", "lunary", "otel",
     "sentry", "prometheus", "athina", "galileo", "braintrust", "logfire", "opik", "mlflow"}
)  # fmt: skip


class Deployment(msgspec.Struct):
    """One entry of `model_list`."""

    group: str
    model: str
    table: Table
    site: Site


class Target(msgspec.Struct):
    """A vendor or a server, with the entries that name it."""

    key: tuple[str, str]
    uses: str
    is_own: bool
    host: str
    site: Site
    deployments: list[Deployment] = []
    name: str = ""

    @property
    def groups(self) -> list[str]:
        """The names of models that requests to it use."""
        return list(dict.fromkeys(one.group for one in self.deployments))


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of each configuration."""
    units: list[Unit] = []
    for path in paths:
        try:
            documents = files.documents(path)
        except UnreadableInputError as error:
            files.errors.append(error)
            continue
        document = next(one for one in documents if isinstance(one.root, Mapping))
        assert isinstance(document.root, Mapping)
        table = tree(document, document.root)
        if isinstance(table, Table):
            units += _Proxy(path, table).units(notes)
    return units


def read_text(value: Value) -> list[Unit]:
    """Return the units of a configuration that is mounted into a container, such as one of a ConfigMap."""
    table = nested(value)
    items = table.tables("model_list") if table is not None else []
    if table is None or not any(isinstance(one.get("litellm_params"), Table) for one in items):
        return []
    proxy = _Proxy(Path(value.site.file), table, f"{value.site.file}:{value.site.span.start}")
    return proxy.units([])


class _Proxy:
    """One configuration."""

    def __init__(self, path: Path, table: Table, scope: str = "") -> None:
        self.path = path
        self.scope = scope or str(path)
        self.table = table
        site = table.keys.get("model_list", table.site)
        self.unit = Unit(
            "litellm", FORMAT, "proxy", self.scope, site, "router", kind="gateway", uses="litellm",
            reason="a configuration of the LiteLLM proxy", settings=(path,), program="litellm",
        )  # fmt: skip

    def units(self, notes: list[str]) -> list[Unit]:
        targets = self.targets(notes)
        found = [self.unit, *(self.outside(target) for target in targets)]
        for target in targets:
            self.link(target, targets)
        key = self.table.keys.get("general_settings", self.unit.site)
        if self.table.value("general_settings", "master_key") is not None:
            self.unit.facts["auth"] = Fact("keys of the proxy", key, "master_key")
        return [*found, *self.stores(), *self.monitors()]

    def targets(self, notes: list[str]) -> list[Target]:
        """Group the entries of `model_list` by the vendor or the host that they name."""
        found: dict[tuple[str, str], Target] = {}
        for entry in self.table.tables("model_list"):
            model = entry.value("litellm_params", "model")
            group = entry.value("model_name")
            if model is None or group is None:
                notes.append(f"{entry.site.shown}: an entry without `model_name` or `litellm_params.model`: not read")
                continue
            target = _target(model, entry.value("litellm_params", "api_base"))
            one = found.setdefault(target.key, target)
            one.deployments = [*one.deployments, Deployment(group.text, model.text, entry, model.site)]
        several = [key[0] for key in found]
        for target in found.values():
            name, host = target.key
            target.name = f"{name}-{host.split('.')[0]}" if several.count(name) > 1 and host else name
        return list(found.values())

    def outside(self, target: Target) -> Unit:
        unit = Unit(
            target.name, FORMAT, "address", self.scope, target.site, "external",
            kind="model-server" if target.is_own else "external", uses=target.uses,
            reason=f"host {target.host}" if target.host else f"the model {target.deployments[0].model}",
            names=[target.host] if target.host else [],
        )  # fmt: skip
        unit.models = list(dict.fromkeys(_bare(one.model) for one in target.deployments))
        inner = list(_quotas(target))
        if inner:
            unit.facts["rate_limit"] = Fact("", inner[0][1].site, inner[0][1].derivation, tuple(inner))
        return unit

    def link(self, target: Target, targets: list[Target]) -> None:
        """Link the gateway to a target, with timeouts, retries and what is used if it fails."""
        names = [group for one in targets for group in one.groups]
        more: list[tuple[str, str]] = []
        timeout = self.timeout(target)
        more += [("timeout", timeout)] if timeout else []
        retries = self.first("num_retries")
        more += [("retries", f"{retries:.12g}")] if retries is not None else []
        fallback = self.fallback(target, targets)
        more += [("fallback", fallback)] if fallback else []
        shared = next((group for group in target.groups if names.count(group) > 1), "")
        more += [("either", shared)] if shared else []
        only = set(target.groups) == set(names)
        shown = target.groups[:3] + (["others"] if len(target.groups) > 3 else [])
        when = "" if only else f"the model is {' or '.join(shown)}"
        how = f"model_list: {', '.join(shown)}"
        self.unit.links.append(
            Link(target.name, "calls", how, target.site, scope=self.scope, when=when, more=tuple(more))
        )

    def timeout(self, target: Target) -> str:
        """The longest time that a request to a target may take."""
        router = self.table.value("router_settings", "timeout")
        default = router or self.table.value("litellm_settings", "request_timeout")
        found = [number(one.table.value("litellm_params", "timeout") or default) for one in target.deployments]
        known = [one for one in found if one]
        return seconds(max(known)) if len(known) == len(found) else ""

    def first(self, key: str) -> float | None:
        """A number of the router, or of the library."""
        found = number(self.table.value("router_settings", key))
        return found if found is not None else number(self.table.value("litellm_settings", key))

    def fallback(self, target: Target, targets: list[Target]) -> str:
        """The component that takes the requests if a target fails; a model if it is of the same target."""
        for section in ("router_settings", "litellm_settings"):
            for pair in self.table.tables(section, "fallbacks"):
                for group in pair.entries:
                    if group in target.groups:
                        return self.of_groups(pair.texts(group), target, targets)
            general = self.table.texts(section, "default_fallbacks")
            if general:
                return self.of_groups(general, target, targets)
        return ""

    def of_groups(self, groups: list[str], target: Target, targets: list[Target]) -> str:
        for group in groups:
            others = [one.name for one in targets if group in one.groups and one is not target]
            if others:
                return others[0]
        return next((group for group in groups if group not in target.groups), "")

    def stores(self) -> Iterator[Unit]:
        """Yield the cache of answers, the counters of the router, and the database."""
        cache = self.table.table("litellm_settings", "cache_params")
        enabled = self.table.value("litellm_settings", "cache")
        kind = cache.text("type") or ("redis" if enabled is not None and enabled.text.lower() == "true" else "")
        place = (enabled or self.unit).site
        ttl = number(cache.value("ttl"))
        if enabled is not None and enabled.text.lower() == "true" and kind.startswith("redis"):
            more = (("ttl", seconds(ttl)),) if ttl else ()
            yield self.store("redis", "cache", cache.value("host") or cache.value("url"), "cache_params", place, more)
        elif enabled is not None and enabled.text.lower() == "true" and kind.startswith("qdrant"):
            yield self.store("qdrant", "vector-store", cache.value("qdrant_api_base"), "cache_params", place)
        router = self.table.value("router_settings", "redis_host") or self.table.value("router_settings", "redis_url")
        if router is not None and not any(link.target == "redis" for link in self.unit.links):
            place = self.table.keys["router_settings"]
            yield self.store("redis", "cache", router, "redis of the router", place, (("kind", "data"),))
        database = self.table.value("general_settings", "database_url")
        if database is not None:
            place = self.table.keys["general_settings"]     # a report may print the line: the value has a password
            yield self.store("postgresql", "database", database, "database_url", place)

    def store(
        self, uses: str, kind: str, value: Value | None, how: str, site: Site, more: tuple[tuple[str, str], ...] = ()
    ) -> Unit:
        self.unit.links.append(Link(uses, "reads", how, site, scope=self.scope, more=more))
        text = value.text if value is not None and not value.text.startswith(_ENVIRON) else ""
        host = next((one.host for one in addresses(text, named=True)), "") if text else ""
        return Unit(
            uses, FORMAT, "address", self.scope, site, "external", kind=kind, uses=uses, reason=how,
            names=[host] if host and not is_local(host) else [], settings=(self.path,), program=uses,
        )  # fmt: skip

    def monitors(self) -> Iterator[Unit]:
        """Yield what the callbacks send metrics and traces to."""
        seen: set[str] = set()
        for key in ("callbacks", "success_callback", "service_callback", "service_callbacks"):
            for item in self.table.rows("litellm_settings", key):
                name = item.text.removesuffix("_otel").replace("_", "-") if isinstance(item, Value) else ""
                if isinstance(item, Value) and item.text in _MONITORS and name not in seen:
                    seen.add(name)
                    self.unit.links.append(Link(name, "monitored_by", key, item.site, scope=self.scope))
                    yield Unit(
                        name, FORMAT, "address", self.scope, item.site, "external", kind="monitoring", reason=key,
                        names=[name], settings=(self.path,), program=name,
                    )  # fmt: skip


def _target(model: Value, base: Value | None) -> Target:
    """The vendor or the server of an entry: by its address, or by the prefix of its model."""
    prefix = model.text.partition("/")[0]
    vendor, own = vendor_of(model.text), SELF_HOSTED.get(prefix)
    text = base.text if base is not None else ""
    variable = text.removeprefix(_ENVIRON) if text.startswith(_ENVIRON) else ""
    found = next(addresses(text), None) if text and not variable else None
    site = base.site if base is not None else model.site
    if found is not None:
        host = found.host.lower()
        for pattern, name, uses in HOSTS:
            if re.search(pattern, host):
                return Target((name, host), uses, False, host, site)
        name, uses = own or ("", "")
        label = (name or "local") if is_local(host) else host.split(".")[0] or host
        return Target((label, host), uses, own is not None, "" if is_local(host) else host, site)
    if own is not None or (variable and prefix in {"openai", "text-completion-openai"}):
        name, uses = own or (_VARIABLE_END.sub("", variable).lower().replace("_", "-") or "openai-compatible", "")
        return Target((name, ""), uses, own is not None, "", site)
    name, uses = vendor or (prefix if "/" in model.text else "openai", "")
    host = _VARIABLE_END.sub("", variable).lower().replace("_", "-")
    return Target((name, host), uses, False, "", site)


def _bare(model: str) -> str:
    """The name of a model without the prefix of its vendor."""
    prefix, slash, rest = model.partition("/")
    return rest if slash and (vendor_of(model) is not None or prefix in SELF_HOSTED) else model


def _quotas(target: Target) -> Iterator[tuple[str, Fact]]:
    """Yield the limits of a vendor, if every entry states them."""
    for key, name, unit in (("rpm", "requests", "/min"), ("tpm", "tokens", "/min")):
        values = [
            one.table.value("litellm_params", key) or one.table.value(key) for one in target.deployments
        ]
        found = [number(value) for value in values]
        first = values[0]
        if first is not None and all(found):
            total = sum(one for one in found if one is not None)
            how = key if len(found) == 1 else f"{key} of {len(found)} entries"
            yield name, Fact(f"{total:.12g}{unit}", first.site, how)
