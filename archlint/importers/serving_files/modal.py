"""Apps of Modal by the syntax tree of their files: each function and class is a pool of containers."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import msgspec

from archlint.importers.files import Files
from archlint.importers.objects import Fact, Link, Unit, Value
from archlint.importers.secrets import command_without_secrets
from archlint.importers.serving_files.common import is_schedule, seconds
from archlint.importers.serving_files.python import Definition, Module, hardware, keywords, modules
from archlint.importers.technologies import by_command

FORMAT: Final = "modal"
_WEB: Final = frozenset(
    f"modal.{name}" for name in ("fastapi_endpoint", "web_endpoint", "asgi_app", "wsgi_app", "web_server")
)
_ASKS: Final = frozenset({"remote", "remote_gen", "map", "starmap", "for_each", "aio"})
_STARTS: Final = frozenset({"spawn", "spawn_map"})
_GPU: Final = re.compile(r"^([a-z]+\d*[a-z]*|[a-z]+-pro-\d+)(?:-(\d+)gb)?!?(?::(\d+))?$")
_STARTS_PROGRAM: Final = frozenset(f"subprocess.{name}" for name in ("Popen", "run", "call", "check_call"))
_PERIODS: Final = {"weeks": 604800, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


class Part(msgspec.Struct):
    """A function or a class of an app."""

    unit: Unit
    node: Definition
    module: Module
    is_web: bool = False
    timeout: float | None = None


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of the apps."""
    parts: dict[tuple[str, str], Part] = {}
    for module in modules(paths, files, left_out):
        apps = _apps(module)
        found = {part.node.name: part for node in module.definitions() if (part := _part(node, module, apps))}
        parts.update({(str(module.path), name): part for name, part in found.items()})
        if not found:
            left_out.append((str(module.path), "it imports Modal and defines no function of an app"))
    called: dict[int, set[str]] = {}
    for (path, _), part in parts.items():
        here = {name: one for (place, name), one in parts.items() if place == path}
        for target, verb in _connect(part, here, parts):
            called.setdefault(id(target.unit), set()).add(verb)
    for part in parts.values():
        _set_kind(part, called.get(id(part.unit), set()))
    for part in parts.values():
        kinds = {one.unit.name: one.unit.kind for one in parts.values()}
        part.unit.links = [
            msgspec.structs.replace(link, verb="triggers", more=()) if kinds.get(link.target) == "batch-job" else link
            for link in part.unit.links
        ]
    return [part.unit for part in parts.values()]


def _apps(module: Module) -> dict[str, str]:
    """Return the variables that hold an app, with its name."""
    found = {}
    for variable, value in module.values.items():
        if isinstance(value, ast.Call) and module.dotted(value.func) in {"modal.App", "modal.Stub"}:
            first = value.args[0] if value.args else keywords(value).get("name")
            found[variable] = module.text(first)
    return found


def _part(node: Definition, module: Module, apps: dict[str, str]) -> Part | None:
    """Return a function or a class with a decorator of an app."""
    decorators = list(module.decorators(node))
    own = next((one for one in decorators if one[0].partition(".")[0] in apps
                and one[0].partition(".")[2] in {"function", "cls", "server"}), None)
    if own is None:
        return None
    name, arguments, expression = own
    unit = Unit(
        node.name, FORMAT, name.rpartition(".")[2], str(module.path), module.site(node), uses="modal",
        reason=f"a {name.rpartition('.')[2]} of a Modal app", names=[],
    )  # fmt: skip
    part = Part(unit, node, module, timeout=module.number(arguments.get("timeout")))
    _resources(unit, arguments, module)
    _scaling(unit, arguments, module)
    methods = [one for one in node.body if isinstance(one, Definition)] if isinstance(node, ast.ClassDef) else []
    inner = [one for method in methods for one in module.decorators(method)]
    for other, options, place in (*decorators, *inner):
        site = module.site(place)
        if other in _WEB or other.endswith(".server"):
            part.is_web = True
            unit.facts["exposed"] = Fact("public", site, other.rpartition(".")[2])
            if module.constant(options.get("requires_proxy_auth")) is True:
                unit.facts["auth"] = Fact("tokens of the proxy", site, "requires_proxy_auth")
        if other == "modal.batched":
            size, wait = module.number(options.get("max_batch_size")), module.number(options.get("wait_ms"))
            if size and size > 1:
                pairs = [("max_size", Fact(f"{size:.12g}", site))]
                pairs += [("max_delay", Fact(seconds(wait / 1000), site))] if wait is not None else []
                unit.facts["batching"] = Fact("", site, "batched", tuple(pairs))
        elif other == "modal.concurrent":
            inputs = module.number(options.get("max_inputs"))
            if inputs:
                unit.facts["workers"] = Fact(f"{inputs:.12g}", site, "max_inputs")
    _runs(unit, node, module)
    schedule = _schedule(arguments.get("schedule"), module)
    if schedule is not None:
        unit.facts["schedule"] = schedule
    unit.facts.setdefault("workers", Fact("1", module.site(expression), "one input at a time by default"))
    return part


def _runs(unit: Unit, node: Definition, module: Module) -> None:
    """Add the program that a function starts, and the models that its code loads."""
    for call in module.calls(node):
        if module.dotted(call.func) in _STARTS_PROGRAM and call.args:
            words = module.words(call.args[0], node)
            known = by_command(" ".join(text for text, _ in words))
            if known is not None and known.kind == "model-server":
                values = tuple(Value(text, module.site(place), plain=False) for text, place in words)
                unit.command, unit.uses = command_without_secrets(values), known.uses or unit.uses
                break
    for name, _ in module.models(node):
        unit.models.append(name)


def _resources(unit: Unit, arguments: dict[str, ast.expr], module: Module) -> None:
    gpu = arguments.get("gpu")
    name, count, size = "", 1.0, ""
    if isinstance(gpu, ast.Call):                                       # modal.gpu.A100(size="80GB", count=2)
        name, size = module.dotted(gpu.func).rpartition(".")[2], module.text(keywords(gpu).get("size"))
        count = module.number(keywords(gpu).get("count")) or 1
        name = f"{name}-{size}" if size else name
    elif isinstance(gpu, ast.List | ast.Tuple) and gpu.elts:            # what is tried first
        name = module.text(gpu.elts[0])
    else:
        name = module.text(gpu)
    match = _GPU.match(name.lower())
    unit.gpu = gpu is not None and not (isinstance(gpu, ast.Constant) and gpu.value is None)
    site = module.site(gpu) if gpu is not None else unit.site
    kind = "" if match is None or match[1] == "any" else f"{match[1]}-{match[2]}gb" if match[2] else match[1]
    count = float(match[3]) if match is not None and match[3] else count
    memory = module.number(arguments.get("memory"))
    cpu = module.number(arguments.get("cpu"))
    made = hardware([
        ("cpu", Fact(f"{cpu:.12g}", module.site(arguments["cpu"])) if cpu else None),
        ("memory", Fact(f"{memory:.12g}MiB", module.site(arguments["memory"])) if memory else None),
        ("gpu", Fact(kind, site) if kind else None), ("gpus", Fact(f"{count:.12g}", site) if unit.gpu else None),
    ])  # fmt: skip
    if made is not None:
        unit.facts["hardware"] = made


def _scaling(unit: Unit, arguments: dict[str, ast.expr], module: Module) -> None:
    """Add the range of containers: none by default, when nothing is asked."""
    low = next((arguments[key] for key in ("min_containers", "keep_warm") if key in arguments), None)
    high = next((arguments[key] for key in ("max_containers", "concurrency_limit") if key in arguments), None)
    inner: list[tuple[str, Fact]] = []
    minimum, maximum = module.number(low), module.number(high)
    if maximum:
        inner.append(("max", Fact(f"{maximum:.12g}", module.site(high) if high is not None else unit.site)))
    if minimum is not None or maximum:
        how = "" if minimum is not None else "none by default"
        inner.insert(0, ("min", Fact(f"{minimum or 0:.12g}", module.site(low) if low is not None else unit.site, how)))
        unit.facts["replicas"] = Fact("", inner[0][1].site, "containers", tuple(inner))
    inputs = module.number(arguments.get("allow_concurrent_inputs"))
    if inputs:
        site = module.site(arguments["allow_concurrent_inputs"])
        unit.facts["workers"] = Fact(f"{inputs:.12g}", site, "allow_concurrent_inputs")


def _schedule(node: ast.expr | None, module: Module) -> Fact | None:
    """A `Cron` or a `Period`."""
    if not isinstance(node, ast.Call):
        return None
    name = module.dotted(node.func)
    if name == "modal.Cron":
        text = module.text(node.args[0] if node.args else keywords(node).get("cron_string"))
        return Fact(text, module.site(node)) if is_schedule(text) else None
    if name == "modal.Period":
        numbers = ((module.number(value) or 0) * _PERIODS.get(key, 0) for key, value in keywords(node).items())
        total = sum(numbers)
        return Fact(f"{total:.12g}s", module.site(node), "a period") if total else None
    return None


def _connect(part: Part, here: dict[str, Part], parts: dict[tuple[str, str], Part]) -> list[tuple[Part, str]]:
    """Link a part to those whose `remote`, `map` or `spawn` it uses."""
    found: list[tuple[Part, str]] = []
    instances = _instances(part, here)
    for call in part.module.calls(part.node):
        name, how = _called(call, part.module)
        target = here.get(instances.get(name, name)) or _other(name, part, parts)
        if target is None or target is part or how not in _ASKS | _STARTS:
            continue
        verb = "triggers" if how in _STARTS else "calls"
        found.append((target, verb))
        if all(link.target != target.unit.name for link in part.unit.links):
            more = (("timeout", seconds(target.timeout)),) if target.timeout and verb == "calls" else ()
            site = part.module.site(call)
            part.unit.links.append(Link(target.unit.name, "calls", how, site, scope=target.unit.scope, more=more))
    return found


def _called(call: ast.Call, module: Module) -> tuple[str, str]:
    """The name of what a call runs elsewhere, and how: `f.remote(x)`, `Model().answer.remote(x)`."""
    if not isinstance(call.func, ast.Attribute):
        return "", ""
    how, node = call.func.attr, call.func.value
    if how == "aio" and isinstance(node, ast.Attribute):
        how, node = node.attr, node.value
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return (module.aliases.get(node.id, node.id), how) if isinstance(node, ast.Name) else ("", how)


def _instances(part: Part, here: dict[str, Part]) -> dict[str, str]:
    """The variables of a part that hold an object of a class: `model = Model()`."""
    found: dict[str, str] = {}
    for node in ast.walk(part.node):
        made = node.value.func if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) else None
        if isinstance(node, ast.Assign) and isinstance(made, ast.Name) and made.id in here:
            found.update({one.id: made.id for one in node.targets if isinstance(one, ast.Name)})
    return found


def _other(name: str, part: Part, parts: dict[tuple[str, str], Part]) -> Part | None:
    """A part of another file that this one imports."""
    if name not in part.module.aliases.values() or "." not in name:
        return None
    found = [one for (_, own), one in parts.items() if own == name.rpartition(".")[2]]
    return found[0] if len(found) == 1 else None


def _set_kind(part: Part, called: set[str]) -> None:
    """Give a part its kind: by its schedule, its endpoint, its accelerator, and how it is called."""
    unit = part.unit
    if "schedule" in unit.facts:
        unit.kind, unit.role, unit.reason = "batch-job", "job", "a function with a schedule"
    elif part.is_web:
        runs = unit.gpu or bool(unit.command or unit.models)
        unit.kind = "model-server" if runs else "service"
        unit.reason = "an endpoint that runs a model" if runs else "an endpoint"
    elif "calls" in called:
        unit.kind = "model-server" if unit.gpu or isinstance(part.node, ast.ClassDef) else "service"
        unit.reason = f"others call it, and {'it has an accelerator' if unit.gpu else 'it has none'}"
    elif isinstance(part.node, ast.ClassDef) and not called:
        unit.kind, unit.reason = "model-server", "a class that keeps a model between calls"
    else:
        unit.kind, unit.role, unit.reason = "batch-job", "job", "others start it" if called else "nothing calls it"
    if unit.kind == "batch-job":
        unit.facts.pop("workers", None)
