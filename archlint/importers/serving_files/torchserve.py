"""`config.properties` of TorchServe: a server, its models and how it runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.addresses import addresses
from archlint.importers.digits import is_whole
from archlint.importers.files import Files
from archlint.importers.names import is_local
from archlint.importers.objects import Fact, Port, Site, Table, Unit, Value
from archlint.importers.serving_files.common import agreed, batching, document_of, nested, number, start_of
from archlint.importers.serving_files.properties import parse_properties
from archlint.source.document import Document
from archlint.source.nodes import Span

FORMAT: Final = "torchserve"
_ADDRESSES: Final = ("inference", "management", "metrics", "grpc_inference", "grpc_management")
_PORTS: Final = {"grpc_inference_port": "grpc_inference", "grpc_management_port": "grpc_management"}


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return a server for each file."""
    units = []
    for path in paths:
        try:
            document = document_of(path, files)
        except UnreadableInputError as error:
            files.errors.append(error)
            continue
        units.append(_server(parse_properties(document), start_of(document), path, str(path), notes))
    return units


def read_text(value: Value) -> list[Unit]:
    """Return the server of properties that are mounted into a container, such as those of a ConfigMap."""
    properties = parse_properties(value.site.document if _is_whole(value) else Document("", value.text, None))
    if not _is_whole(value):
        properties = {name: Value(one.text, value.site, raw=one.raw) for name, one in properties.items()}
    scope = f"{value.site.file}:{value.site.span.start}"
    return [_server(properties, value.site, Path(value.site.file), scope, [])]


def _is_whole(value: Value) -> bool:
    return value.text == value.site.document.text


def _server(properties: dict[str, Value], site: Site, path: Path, scope: str, notes: list[str]) -> Unit:
    unit = Unit(
        "torchserve", FORMAT, "config.properties", scope, site, "model-server", kind="model-server", uses="torchserve",
        reason="a configuration of TorchServe", settings=(path,), program="torchserve",
    )  # fmt: skip
    unit.ports = list(_ports(properties))
    _add_models(unit, properties, notes)
    return unit


def _ports(properties: dict[str, Value]) -> Iterator[Port]:
    """Yield the ports; one is published if it does not listen on this machine only."""
    for name in _ADDRESSES:
        value = properties.get(f"{name}_address")
        for found in addresses(value.text) if value is not None else ():
            if value is not None and found.port:
                is_open = not found.host.startswith("127.") and found.host != "localhost"
                yield Port(found.port, value.site, is_open, name)
    for key, name in _PORTS.items():
        value = properties.get(key)
        if value is not None and is_whole(value.text) and len(value.text) < 6:
            address = properties.get(key.replace("_port", "_address"))
            yield Port(int(value.text), value.site, address is not None and not is_local(address.text), name)


def _add_models(unit: Unit, properties: dict[str, Value], notes: list[str]) -> None:
    snapshot, models = properties.get("model_snapshot"), properties.get("models")
    parts: list[tuple[str, Table, Site]] = []
    for value, keys in ((models, ()), (snapshot, ("models",))):
        if value is None or not value.text:
            continue
        table = nested(value)
        if table is None:
            notes.append(f"{value.site.shown}: the models are no valid JSON: not read")
            continue
        parts += ((name, inner, _place(name, value.site)) for name, inner in table.table(*keys).entries.items()
                  if isinstance(inner, Table))
    known: dict[str, tuple[Table, str]] = {}
    for name, inner, site in parts:
        version = _default(inner)
        known[name] = (inner.table(version), version)
        unit.model_facts[name] = {"version": Fact(version, site)} if version else {}
        unit.model_facts[name]["framework"] = Fact("pytorch", site, "TorchServe")
    unit.models += known
    unit.models += [name for name in _loaded(properties.get("load_models")) if name not in unit.models]
    tables = [table for table, _ in known.values()]
    _add_facts(unit, tables, properties)


def _add_facts(unit: Unit, tables: list[Table], properties: dict[str, Value]) -> None:
    """Add what all models of the server agree on."""
    batches = agreed(_batching(table) for table in tables)
    if batches is not None:
        unit.facts["batching"] = batches
    workers = next((tables[0].value(key) for key in ("maxWorkers", "minWorkers") if tables[0].value(key)), None) \
        if len(tables) == 1 else properties.get("default_workers_per_model") if not tables and unit.models else None
    count = number(workers)
    if workers is not None and count:
        unit.facts["workers"] = Fact(f"{count:.12g}", workers.site, "workers of its model")
        queue = properties.get("job_queue_size")
        length = number(queue)
        if queue is not None and length:
            unit.facts["limit"] = Fact(f"{length + count:.12g}", queue.site, "job_queue_size, and its workers")


def _batching(table: Table) -> Fact | None:
    delay = number(table.value("maxBatchDelay"))
    return batching(table.value("batchSize"), delay / 1000 if delay is not None else None, table.site)


def _default(versions: Table) -> str:
    """The version that answers by default: the one that says so, or the first."""
    names = [name for name, one in versions.entries.items() if isinstance(one, Table)]
    stated = (name for name in names if versions.text(name, "defaultVersion") == "true")
    return next(stated, names[0] if names else "")


def _loaded(value: Value | None) -> Iterator[str]:
    """Yield the names of `load_models`: `all`, or archives with an optional name before each."""
    for part in value.text.split(",") if value is not None else ():
        name, _, archive = part.strip().partition("=")
        if name and name.lower() != "all" and not (name == "standalone" and not archive):
            yield name.rpartition("/")[2].removesuffix(".mar")


def _place(name: str, site: Site) -> Site:
    """The place of a model's name in its property."""
    start = site.document.text.find(f'"{name}"', site.span.start, site.span.end)
    return Site(site.document, Span(start, start + len(name) + 2)) if start >= 0 else site
