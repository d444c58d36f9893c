"""Services of BentoML, by the syntax tree of their files; of older ones, services with runners."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Fact, Link, Site, Table, Unit, tree
from archlint.importers.serving_files.common import document_of, seconds, start_of
from archlint.importers.serving_files.python import Definition, Module, hardware, keywords, modules
from archlint.source.nodes import Mapping, Span

FORMAT: Final = "bentoml"
_MODELS: Final = frozenset({"bentoml.models.get", "bentoml.models.HuggingFaceModel", "bentoml.models.BentoModel"})
_OLDER: Final = frozenset({"bentoml.Service", "bentoml.legacy.Service"})
_LOADERS: Final = re.compile(r"^bentoml\.\w+\.(get|load_model|load_runner)$")
_GPU: Final = re.compile(r"^(?:nvidia-)?(?:tesla-)?([a-z]+\d+\w*)(?:-(\d+)gb)?$")
_SIZE: Final = re.compile(r"^\d+(\.\d+)?[KMGT]i?B?$")
_PYPROJECT: Final = re.compile(r"(?ms)^\[tool\.bentoml[\w.]*\]\s*$(.*?)(?=^\[|\Z)")
_SERVICE: Final = re.compile(r"(?m)^[ \t]*service[ \t]*=[ \t]*[\"']([^\"'\n]+)[\"']")


class Service(msgspec.Struct):
    """A service in a file."""

    unit: Unit
    node: ast.expr | ast.stmt
    module: Module
    timeout: float | None = None


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of services; a build file whose services are not there is a unit of its own."""
    builds = [path for path in paths if path.suffix != ".py"]
    services: dict[tuple[Path, str], Service] = {}
    runners: list[Unit] = []
    folders = {path.parent for path in builds}
    for module in modules([path for path in paths if path.suffix == ".py"], files, left_out):
        folder = next((one for one in module.path.parents if one in folders), module.path.parent)
        found = {**_services(module, str(folder)), **_older(module, str(folder), runners)}
        services.update({(folder, name): one for name, one in found.items()})
        if not found:
            left_out.append((str(module.path), "it imports BentoML and defines no service"))
    for (folder, _), service in services.items():
        _connect(service, {name: one for (place, name), one in services.items() if place == folder})
    used = {folder for folder, _ in services}
    units = [service.unit for service in services.values()] + runners
    return units + [unit for path in builds if path.parent not in used for unit in _build(path, files, left_out)]


def _services(module: Module, scope: str) -> dict[str, Service]:
    """Return classes with the decorator `service`, by the names of the classes."""
    found: dict[str, Service] = {}
    for node in module.definitions():
        for name, arguments, _ in module.decorators(node):
            if name == "bentoml.service" and isinstance(node, ast.ClassDef):
                unit = Unit(
                    module.text(arguments.get("name")) or node.name, FORMAT, "service", scope, module.site(node),
                    "model-server", names=[node.name], uses="bentoml", reason="a service of BentoML",
                    settings=(module.path,), program="bentoml",
                )  # fmt: skip
                _configure(unit, arguments, module)
                _body(unit, node, module)
                timeout = module.number(module.items(arguments.get("traffic")).get("timeout"))
                found[node.name] = Service(unit, node, module, timeout)
    return found


def _configure(unit: Unit, arguments: dict[str, ast.expr], module: Module) -> None:
    """Add the facts of a decorator: resources, workers, and the traffic that it accepts."""
    resources = module.items(arguments.get("resources"))
    gpus = module.number(resources.get("gpu"))
    unit.gpu = bool(gpus) or "gpu_type" in resources
    made = hardware([
        ("cpu", _amount(module, resources.get("cpu"))), ("memory", _text(module, resources.get("memory"), _SIZE)),
        ("gpu", _accelerator(module, resources.get("gpu_type"))), ("gpus", _amount(module, resources.get("gpu"))),
    ])  # fmt: skip
    if made is not None:
        unit.facts["hardware"] = made
    workers = _amount(module, arguments.get("workers"))
    if workers is not None:
        unit.facts["workers"] = workers
    limit = _amount(module, module.items(arguments.get("traffic")).get("max_concurrency"))
    if limit is not None:
        unit.facts["limit"] = msgspec.structs.replace(limit, derivation="max_concurrency")


def _amount(module: Module, node: ast.expr | None) -> Fact | None:
    value = module.number(node)
    return Fact(f"{value:.12g}", module.site(node)) if node is not None and value else None


def _text(module: Module, node: ast.expr | None, pattern: re.Pattern[str]) -> Fact | None:
    text = module.text(node)
    if node is None or not pattern.match(text):
        return None
    return Fact(text if text.endswith("B") else f"{text}B", module.site(node))


def _accelerator(module: Module, node: ast.expr | None) -> Fact | None:
    match = _GPU.match(module.text(node).lower())
    if node is None or match is None:
        return None
    return Fact(f"{match[1]}-{match[2]}gb" if match[2] else match[1], module.site(node))


def _body(unit: Unit, node: ast.ClassDef, module: Module) -> None:
    """Add the models that a class names, and how its methods combine requests."""
    for call in module.calls(node):
        name = module.dotted(call.func)
        if name in _MODELS or _LOADERS.match(name):
            _add_model(unit, call, module)
    unit.models += [name for name, _ in module.models(node) if name not in unit.models]
    for method in node.body:
        for name, arguments, expression in module.decorators(method) if isinstance(method, Definition) else ():
            if name in {"bentoml.api", "bentoml.task"} and module.constant(arguments.get("batchable")) is True:
                size = module.number(arguments.get("max_batch_size"))
                delay = module.number(arguments.get("max_latency_ms"))
                site = module.site(expression)
                inner = [("max_size", Fact(f"{size or 100:.12g}", site))]
                inner += [("max_delay", Fact(seconds(delay / 1000), site))] if delay else []
                how = "batchable" if size else "batchable, with the default size"
                unit.facts.setdefault("batching", Fact("", site, how, tuple(inner)))


def _add_model(unit: Unit, call: ast.Call, module: Module) -> None:
    """Add the model that a call names: a tag with an optional version."""
    named = keywords(call)
    first = call.args[0] if call.args else named.get("model_id") or named.get("tag")
    name, _, version = module.text(first).partition(":")
    if first is None or not name:
        return
    if name not in unit.models:
        unit.models.append(name)
    framework = module.dotted(call.func).split(".")[1]
    facts = {"version": Fact(version, module.site(first))} if version and version != "latest" else {}
    if framework not in {"models", "picklable_model"}:
        facts["framework"] = Fact(framework.replace("sklearn", "scikit-learn"), module.site(call), "its loader")
    unit.model_facts[name] = {**unit.model_facts.get(name, {}), **facts}


def _older(module: Module, scope: str, runners: list[Unit]) -> dict[str, Service]:
    """Return services of BentoML 1.0: objects with runners, each of which is a process of its own."""
    known: dict[str, Unit] = {}
    for variable, value in module.values.items():
        call = value if isinstance(value, ast.Call) else None
        runner = _runner(variable, call, module, scope) if call is not None else None
        if runner is not None:
            known[variable] = runner
    found: dict[str, Service] = {}
    for variable, value in module.values.items():
        if not isinstance(value, ast.Call) or module.dotted(value.func) not in _OLDER:
            continue
        first = value.args[0] if value.args else keywords(value).get("name")
        unit = Unit(
            module.text(first) or variable, FORMAT, "service", scope, module.site(value), "router", kind="service",
            names=[variable], uses="bentoml", reason="a service of BentoML", settings=(module.path,), program="bentoml",
        )  # fmt: skip
        listed = keywords(value).get("runners")
        for item in listed.elts if isinstance(listed, ast.List | ast.Tuple) else []:
            target = known.get(item.id) if isinstance(item, ast.Name) else None
            if target is not None:
                unit.links.append(Link(target.name, "calls", "runners", module.site(item), scope=scope))
        if not unit.links:
            unit.kind = "model-server"
        found[variable] = Service(unit, value, module)
    if found:
        runners += known.values()
    return found


def _runner(variable: str, call: ast.Call, module: Module, scope: str) -> Unit | None:
    """Return a runner: `bentoml.Runner(...)`, or a model with `.to_runner()`."""
    made = module.dotted(call.func) == "bentoml.Runner"
    inner = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "to_runner" else None
    if isinstance(inner, ast.Name):
        inner = module.values.get(inner.id)
    if not made and not isinstance(inner, ast.Call):
        return None
    unit = Unit(
        module.text(keywords(call).get("name")) or variable, FORMAT, "runner", scope, module.site(call), "model-server",
        kind="model-server", uses="bentoml", reason="a runner of BentoML", names=[variable],
    )  # fmt: skip
    if isinstance(inner, ast.Call):
        _add_model(unit, inner, module)
    return unit


def _connect(service: Service, others: dict[str, Service]) -> None:
    """Link a service to those that it depends on; give it a kind."""
    unit, module = service.unit, service.module
    for call in module.calls(service.node) if isinstance(service.node, ast.ClassDef) else ():
        if module.dotted(call.func) != "bentoml.depends":
            continue
        first = call.args[0] if call.args else keywords(call).get("on")
        name = module.dotted(first).rpartition(".")[2]
        other = others.get(name)
        if other is not None and other is not service:
            timeout = (("timeout", seconds(other.timeout)),) if other.timeout else ()
            place = module.site(call)
            unit.links.append(Link(other.unit.name, "calls", "depends", place, scope=unit.scope, more=timeout))
        url = module.text(keywords(call).get("url"))
        if url:
            unit.links.append(Link(url, "calls", "depends on a URL", module.site(call)))
    if not unit.kind:
        unit.kind = "service" if unit.links and not unit.models and not unit.gpu else "model-server"


def _build(path: Path, files: Files, left_out: list[tuple[str, str]]) -> Iterator[Unit]:
    """Yield the service of a build file whose code is not among the files."""
    try:
        name, site = _entry(path, files)
    except UnreadableInputError as error:
        files.errors.append(error)
        return
    if site is None:
        left_out.append((str(path), "it names no service"))
        return
    variable = name.rpartition(":")[2].removesuffix(".py") or name
    yield Unit(
        variable or "bentoml", FORMAT, "build", str(path.parent), site, "model-server", kind="model-server",
        uses="bentoml", reason="a build file of BentoML: the code of its service is not among the files",
        settings=(path,), program="bentoml",
    )  # fmt: skip


def _entry(path: Path, files: Files) -> tuple[str, Site | None]:
    """The service that a build file names, with its place."""
    if path.suffix == ".toml":
        document = document_of(path, files)
        section = _PYPROJECT.search(document.text)
        match = _SERVICE.search(document.text, section.start(1), section.end(1)) if section is not None else None
        if match is None:
            return "", start_of(document) if section is not None else None
        return match[1], Site(document, Span(match.start(1), match.end(1)))
    document = files.documents(path)[0]
    table = tree(document, document.root) if isinstance(document.root, Mapping) else None
    value = table.value("service") if isinstance(table, Table) else None
    return (value.text, value.site) if value is not None else ("", None)
