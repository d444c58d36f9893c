"""Applications of Ray Serve: configuration files, and deployments that are bound together in Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Fact, Link, Table, Unit, Value, tree
from archlint.importers.ray_llm import read_llms
from archlint.importers.serving_files.common import number, seconds
from archlint.importers.serving_files.python import Definition, Module, hardware, keywords, modules
from archlint.source.nodes import Mapping

FORMAT: Final = "ray"
MAX_BOUND: Final = 1_000
Given = tuple[str, Fact]


class Deployment(msgspec.Struct):
    """A deployment in a file of Python."""

    unit: Unit
    module: Module
    entry: bool = False


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of deployments; a configuration file changes those that the code defines."""
    deployments: dict[tuple[Path, str], Deployment] = {}
    for module in modules([path for path in paths if path.suffix == ".py"], files, left_out):
        found = dict(_defined(module))
        deployments.update({(module.path, name): one for name, one in found.items()})
        if not found:
            left_out.append((str(module.path), "it imports Ray Serve and defines no deployment"))
    by_name: dict[str, list[Deployment]] = {}
    for (_, name), one in deployments.items():
        by_name.setdefault(name, []).append(one)
    for module in {id(one.module): one.module for one in deployments.values()}.values():
        _Binding(module, by_name).bind()
    units = [one.unit for one in deployments.values()]
    for path in paths:
        if path.suffix != ".py":
            units += _configured(path, units, files)
    for unit in units:
        unit.kind = unit.kind or _kind(unit)
    return units


def _defined(module: Module) -> Iterator[tuple[str, Deployment]]:
    """Yield classes and functions with the decorator `deployment`, by their names."""
    for node in module.definitions():
        for name, arguments, _ in module.decorators(node):
            if name not in {"ray.serve.deployment", "serve.deployment"}:
                continue
            unit = Unit(
                module.text(arguments.get("name")) or node.name, FORMAT, "deployment", str(module.path.parent),
                module.site(node), names=[node.name], uses="ray-serve", reason="a deployment of Ray Serve",
                settings=(module.path,), program="ray-serve",
            )  # fmt: skip
            _configure(unit, arguments, module)
            _methods(unit, node, module)
            unit.models = [model for model, _ in module.models(node)]
            yield node.name, Deployment(unit, module)


def _configure(unit: Unit, arguments: dict[str, ast.expr], module: Module) -> None:
    """Add replicas, resources and limits that a decorator or `options` states."""
    def amount(node: ast.expr | None) -> Fact | None:
        value = module.number(node)
        return Fact(f"{value:.12g}", module.site(node)) if node is not None and value is not None else None

    scaling = module.items(arguments.get("autoscaling_config"))
    actor = module.items(arguments.get("ray_actor_options"))
    memory = module.number(actor.get("memory"))
    _add(
        unit, amount(arguments.get("num_replicas")), amount(scaling.get("min_replicas")),
        amount(scaling.get("max_replicas")), amount(arguments.get("max_ongoing_requests")),
        amount(arguments.get("max_queued_requests")),
        [("cpu", amount(actor.get("num_cpus"))),
         ("memory", Fact(f"{memory:.12g}B", module.site(actor["memory"])) if memory else None),
         ("gpu", _accelerator(module.text(actor.get("accelerator_type")), module, actor.get("accelerator_type"))),
         ("gpus", amount(actor.get("num_gpus")))],
    )  # fmt: skip


def _accelerator(text: str, module: Module, node: ast.expr | None) -> Fact | None:
    return Fact(text.lower(), module.site(node)) if node is not None and text else None


def _add(
    unit: Unit, replicas: Fact | None, low: Fact | None, high: Fact | None, ongoing: Fact | None, queued: Fact | None,
    parts: list[tuple[str, Fact | None]],
) -> None:  # fmt: skip
    """Add facts to a unit: later ones win."""
    if low is not None or high is not None:
        inner = tuple((key, fact) for key, fact in (("min", low), ("max", high)) if fact is not None)
        unit.facts["replicas"] = Fact("", inner[0][1].site, "autoscaling_config", inner)
    elif replicas is not None and float(replicas.text) >= 1:
        unit.facts["replicas"] = replicas
    if ongoing is not None and float(ongoing.text) >= 1:
        unit.facts["workers"] = msgspec.structs.replace(ongoing, derivation="max_ongoing_requests")
    if queued is not None and float(queued.text) >= 1:
        total = float(queued.text) + float(unit.facts["workers"].text if "workers" in unit.facts else 5)
        unit.facts["limit"] = Fact(f"{total:.12g}", queued.site, "max_queued_requests, and those in progress")
    known = [(key, fact) for key, fact in parts if fact is not None and fact.text not in {"0", ""}]
    gpus = next((float(fact.text) for key, fact in known if key == "gpus"), 0.0)
    unit.gpu = unit.gpu or bool(gpus)
    if 0 < gpus < 1:                                # a share of one accelerator
        known = [("gpu_share", fact) if key == "gpus" else (key, fact) for key, fact in known]
    made = hardware([(key, fact) for key, fact in known])
    if made is not None:
        unit.facts["hardware"] = made


def _methods(unit: Unit, node: Definition, module: Module) -> None:
    """Add how methods combine requests, and that one deployment may hold several models."""
    for method in (node, *node.body):
        for name, arguments, place in module.decorators(method) if isinstance(method, Definition) else ():
            if name in {"ray.serve.batch", "serve.batch"}:
                size = module.number(arguments.get("max_batch_size")) or 10
                wait = module.number(arguments.get("batch_wait_timeout_s"))
                site = module.site(place)
                inner = [("max_size", Fact(f"{size:.12g}", site))]
                inner += [("max_delay", Fact(seconds(wait), site))] if wait is not None else []
                how = "serve.batch" if "max_batch_size" in arguments else "serve.batch, with the default size"
                unit.facts["batching"] = Fact("", site, how, tuple(inner))
            elif name in {"ray.serve.multiplexed", "serve.multiplexed"}:
                unit.facts["loads_model"] = Fact("on-request", module.site(place), "multiplexed")


class _Binding:
    """Finds which deployments are arguments of others: `A.bind(B.bind(), c)`."""

    def __init__(self, module: Module, deployments: dict[str, list[Deployment]]) -> None:
        self.module = module
        self.deployments = deployments
        self.assigned: dict[str, ast.expr] = {}
        for node in module.nodes():
            if isinstance(node, ast.Assign):
                self.assigned.update({one.id: node.value for one in node.targets if isinstance(one, ast.Name)})
        self.bound = 0

    def bind(self) -> None:
        for call in self.module.calls():
            source = self.deployment(call)
            if source is None:
                continue
            self.bound += 1
            if self.bound > MAX_BOUND:
                return
            for argument in (*call.args, *keywords(call).values()):
                for target in self.targets(argument):
                    if target is not source and all(link.target != target.unit.name for link in source.unit.links):
                        site = self.module.site(argument)
                        link = Link(target.unit.name, "calls", "an argument of bind", site, scope=target.unit.scope)
                        source.unit.links.append(link)

    def targets(self, node: ast.expr) -> Iterator[Deployment]:
        """Yield the deployments in an argument: a call of `bind`, a variable that holds one, or a list of them."""
        items: list[ast.expr] = [node]
        if isinstance(node, ast.List | ast.Tuple):
            items = node.elts[:100]
        elif isinstance(node, ast.Dict):
            items = node.values[:100]
        for item in items:
            value = self.assigned.get(item.id) if isinstance(item, ast.Name) else item
            found = self.deployment(value) if isinstance(value, ast.Call) else None
            if found is not None:
                yield found

    def deployment(self, call: ast.Call) -> Deployment | None:
        """The deployment that a call binds; `options` before it change its facts."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "bind":
            return None
        node: ast.expr = call.func.value
        options: ast.Call | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "options":
            options, node = node, node.func.value
        if isinstance(node, ast.Name) and isinstance(self.assigned.get(node.id), ast.Call):
            made = self.assigned[node.id]
            if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "options":
                options, node = made, made.func.value
        candidates = self.deployments.get(self.module.dotted(node).rpartition(".")[2], [])
        own = [one for one in candidates if one.module is self.module]
        found = (own or candidates)[0] if len(own or candidates) >= 1 else None
        if found is not None and options is not None:
            _configure(found.unit, keywords(options), self.module)
        return found


def _kind(unit: Unit) -> str:
    """A deployment that calls others, names no model and asks for no accelerator runs no model."""
    runs = unit.gpu or unit.models or "batching" in unit.facts
    return "service" if unit.links and not runs else "model-server"


def _configured(path: Path, known: list[Unit], files: Files) -> list[Unit]:
    """Read a configuration file: change deployments that the code defines, and return the others."""
    try:
        documents = files.documents(path)
    except UnreadableInputError as error:
        files.errors.append(error)
        return []
    units: list[Unit] = []
    for document in documents:
        root = tree(document, document.root) if isinstance(document.root, Mapping) else None
        for application in root.tables("applications") if isinstance(root, Table) else ():
            units += _application(path, application, known)
    return units


def _application(path: Path, table: Table, known: list[Unit]) -> list[Unit]:
    listed = table.tables("deployments")
    named = {unit.name: unit for unit in known}
    units: list[Unit] = []
    for one in listed:
        name = one.text("name")
        unit = named.get(name)
        if unit is None and name:
            unit = Unit(
                name, FORMAT, "deployment", str(path), one.keys["name"], uses="ray-serve", settings=(path,),
                reason="a deployment of Ray Serve", program="ray-serve",
            )  # fmt: skip
            units.append(unit)
        if unit is not None:
            _from_table(unit, one)
    if units or not any(one.text("name") in named for one in listed):
        place = table.keys.get("name", table.keys.get("import_path", table.site))
        if _is_code(table.text("import_path"), known):
            return units
        app = Unit(
            table.text("name") or "default", FORMAT, "application", str(path), place, "graph",
            kind="service" if units else "model-server", uses="ray-serve", reason="an application of Ray Serve",
            settings=(path,),
        )  # fmt: skip
        read_llms(app, table)
        app.links = [Link(unit.name, "calls", "deployments", unit.site, scope=str(path)) for unit in units]
        units.insert(0, app)
    return units


def _is_code(import_path: str, known: list[Unit]) -> bool:
    """Whether the code of an application is among the files."""
    module = import_path.partition(":")[0].replace(".", "/")
    files = (unit.settings[0].as_posix() for unit in known if unit.settings)
    return bool(module) and any(file.endswith(f"{module}.py") for file in files)


def _from_table(unit: Unit, table: Table) -> None:
    def amount(*keys: str) -> Fact | None:
        value = table.value(*keys)
        found = number(value)
        return Fact(f"{found:.12g}", value.site) if value is not None and found is not None else None

    actor = table.table("ray_actor_options")
    memory, kind = number(actor.value("memory")), actor.value("accelerator_type")
    _add(
        unit, amount("num_replicas"), amount("autoscaling_config", "min_replicas"),
        amount("autoscaling_config", "max_replicas"), amount("max_ongoing_requests"), amount("max_queued_requests"),
        [("cpu", amount("ray_actor_options", "num_cpus")), ("memory", _bytes(memory, table)),
         ("gpu", Fact(kind.text.lower(), kind.site) if isinstance(kind, Value) and kind.text else None),
         ("gpus", amount("ray_actor_options", "num_gpus"))],
    )  # fmt: skip


def _bytes(memory: float | None, table: Table) -> Fact | None:
    return Fact(f"{memory:.12g}B", table.table("ray_actor_options").site) if memory else None
