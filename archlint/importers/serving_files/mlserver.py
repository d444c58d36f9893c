"""`settings.json` and `model-settings.json` of MLServer: a server, and the models in folders below it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.digits import is_whole
from archlint.importers.files import Files
from archlint.importers.objects import Fact, Link, Port, Table, Unit, Value, tree
from archlint.importers.serving_files.common import agreed, batching, format_of, is_true, number
from archlint.source.nodes import Mapping

FORMAT: Final = "mlserver"
_PORTS: Final = ("http_port", "grpc_port", "metrics_port")
_TOPICS: Final = {"kafka_topic_input": "mlserver-input", "kafka_topic_output": "mlserver-output"}
"""The topics without a setting."""
_FRAMEWORKS: Final = {
    "mlserver_sklearn": "scikit-learn", "mlserver_xgboost": "xgboost", "mlserver_lightgbm": "lightgbm",
    "mlserver_catboost": "catboost", "mlserver_mlflow": "mlflow", "mlserver_huggingface": "transformers",
    "mlserver_mllib": "spark", "mlserver_alibi_explain": "alibi-explain", "mlserver_alibi_detect": "alibi-detect",
}  # fmt: skip
"""The framework of a model by the package of its `implementation`."""


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return a server for each `settings.json` with models below it, and for models beside each other without one."""
    tables: dict[Path, Table] = {}
    for path in paths:
        try:
            root = files.documents(path)[0]
        except UnreadableInputError as error:
            files.errors.append(error)
            continue
        found = tree(root, root.root) if isinstance(root.root, Mapping) else None
        if isinstance(found, Table):
            tables[path] = found
    servers = {path.parent: path for path in tables if path.name == "settings.json"}
    groups: dict[Path, list[Path]] = {}
    for path in tables:
        if path.name == "model-settings.json":
            above = next((folder for folder in path.parents if folder in servers), path.parent.parent)
            groups.setdefault(above, []).append(path)
    for folder, path in servers.items():
        if folder not in groups:
            left_out.append((str(path), "no `model-settings.json` in its folder or below it"))
    return [
        unit for folder, models in groups.items()
        for unit in _server(folder, servers.get(folder), {path: tables[path] for path in models}, tables)
    ]  # fmt: skip


def _server(folder: Path, path: Path | None, models: dict[Path, Table], tables: dict[Path, Table]) -> list[Unit]:
    settings = tables[path] if path is not None else None
    first = next(iter(models.values()))
    unit = Unit(
        "mlserver", FORMAT, "settings", str(folder), (settings or first).site, "model-server", kind="model-server",
        uses="mlserver", reason="settings of MLServer", program="mlserver",
        settings=(*((path,) if path is not None else ()), *models),
    )  # fmt: skip
    for file, table in models.items():
        name = table.text("name") or file.parent.name or "model"
        unit.models.append(name)
        unit.model_facts[name] = _model_facts(table)
    debug = settings.value("debug") if settings is not None else None
    if debug is not None and debug.text.lower() == "true":
        unit.running.faults.append(Value("`debug`", debug.site, tag="debug-in-prod"))
    batches = agreed(_batching(table) for table in models.values())
    if batches is not None:
        unit.facts["batching"] = batches
    own = first.value("parallel_workers") if len(models) == 1 else None
    workers = own or (settings.value("parallel_workers") if settings is not None else None)
    count = number(workers)
    if workers is not None and count is not None:
        how = "parallel_workers" if count else "parallel_workers: 0, which runs models in the server's process"
        unit.facts["workers"] = Fact(f"{max(count, 1):.12g}", workers.site, how)
    if settings is None:
        return [unit]
    for key in _PORTS:
        port = settings.value(key)
        if port is not None and is_whole(port.text) and len(port.text) < 6:
            is_local = settings.text("host").startswith(("127.", "localhost"))
            unit.ports.append(Port(int(port.text), port.site, not is_local, key.removesuffix("_port")))
    return [unit, *_kafka(unit, settings)]


def _kafka(unit: Unit, settings: Table) -> Iterator[Unit]:
    """Yield the topics that the server takes requests from and answers to, if Kafka is enabled."""
    enabled = settings.value("kafka_enabled")
    if enabled is None or not is_true(enabled):
        return
    for verb, key in (("consumes", "kafka_topic_input"), ("publishes", "kafka_topic_output")):
        topic = settings.value(key)
        name = topic.text if topic is not None else _TOPICS[key]
        site = topic.site if topic is not None else enabled.site
        unit.links.append(Link(name, verb, key, site, scope=unit.scope))
        yield Unit(
            name, FORMAT, "topic", unit.scope, site, "external", kind="queue", uses="kafka", reason=key,
            settings=unit.settings, program="kafka",
        )  # fmt: skip


def _batching(table: Table) -> Fact | None:
    """Adaptive batching: it needs a size above 1 and a time."""
    time = table.value("max_batch_time")
    wait = number(time)
    return batching(table.value("max_batch_size"), wait, time.site) if time is not None and wait else None


def _model_facts(table: Table) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    implementation = table.value("implementation")
    framework = _FRAMEWORKS.get(implementation.text.partition(".")[0]) if implementation is not None else None
    if implementation is not None and framework:
        found["framework"] = Fact(framework, implementation.site, "implementation")
    version, uri = table.value("parameters", "version"), table.value("parameters", "uri")
    if version is not None and version.text:
        found["version"] = Fact(version.text, version.site)
    if uri is not None and format_of(uri.text):
        found["format"] = Fact(format_of(uri.text), uri.site, "uri")
    return found
