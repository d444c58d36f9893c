"""Model repositories of Triton: one server for each repository, and the steps of its ensembles.

A model is a folder with a `config.pbtxt`. An ensemble passes tensors between models in the same server, and code in
Python may ask other models there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Fact, Link, Site, Table, Unit, Value
from archlint.importers.serving_files.common import agreed, batching, document_of, number, start_of
from archlint.importers.serving_files.pbtxt import parse_pbtxt
from archlint.importers.serving_files.triton_code import asked

FORMAT: Final = "triton"
_CODE: Final = frozenset({"python", "dali", "identity"})
"""Backends that run code and name no artefact of a model."""
_FRAMEWORKS: Final = (
    ("onnx", "", "onnx"), ("pytorch", "pytorch", ""), ("tensorflow", "tensorflow", ""),
    ("tensorrtllm", "tensorrt-llm", "tensorrt"), ("tensorrt", "", "tensorrt"), ("openvino", "", "openvino"),
    ("vllm", "vllm", ""),
)  # fmt: skip
"""Platforms and backends by how they begin: the framework, and the format of the artefact."""
_IN_PROCESS: Final = (("in_process", "true"),)


class Model(msgspec.Struct):
    """A model of a repository."""

    name: str
    table: Table
    site: Site
    path: Path

    @property
    def backend(self) -> str:
        """What runs it."""
        return self.table.text("backend") or self.table.text("platform")

    @property
    def steps(self) -> list[Table]:
        """The steps of an ensemble."""
        return self.table.tables("ensemble_scheduling", "step")

    @property
    def is_ensemble(self) -> bool:
        """Whether it only passes tensors between other models."""
        return bool(self.steps) or self.table.text("platform") == "ensemble"


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of the repositories."""
    repositories: dict[Path, dict[str, Model]] = {}
    for path in paths:
        try:
            document = document_of(path, files)
            table = parse_pbtxt(document)
        except UnreadableInputError as error:
            files.errors.append(error)
            left_out.append((str(path), "it cannot be parsed"))
            continue
        name = table.value("name")
        model = Model(
            (name.text if name is not None else "") or path.parent.name or "model", table,
            name.site if name is not None else start_of(document), path,
        )  # fmt: skip
        models = repositories.setdefault(path.parent.parent, {})
        if model.name in models:
            notes.append(f"{model.site.shown}: a second model `{model.name}`: only the first is read")
        models.setdefault(model.name, model)
    return [unit for models in repositories.values() for unit in _repository(models, files, notes)]


def _repository(models: dict[str, Model], files: Files, notes: list[str]) -> list[Unit]:
    """Return the server of a repository; ensembles, their steps and code that asks models are units of their own."""
    scope = str(next(iter(models.values())).path.parent.parent)
    ensembles = {name: model for name, model in models.items() if model.is_ensemble}
    used = {step.text("model_name") for model in ensembles.values() for step in model.steps}
    coded = {name: _asked(model, models, files, notes) for name, model in models.items() if model.backend == "python"}
    for name, links in coded.items():
        used |= {name, *(link.target for link in links)} if links else set()
    alone = [model for name, model in models.items() if name not in used and name not in ensembles]
    units: list[Unit] = []
    if alone:
        units.append(_server(alone, scope))
    units += [_step(model, scope) for name, model in models.items() if name in used and name not in ensembles]
    by_name = {unit.name: unit for unit in units}
    for model in ensembles.values():
        by_name[model.name] = unit = Unit(
            model.name, FORMAT, "ensemble", scope, model.site, "graph", kind="service",
            reason="an ensemble of Triton: it passes tensors between models of one server", settings=(model.path,),
        )  # fmt: skip
        units.append(unit)
    for model in ensembles.values():
        _connect(model, by_name, scope, notes)
    for name, links in coded.items():
        if links:
            by_name[name].links += links
            by_name[name].role = "graph"
    for unit in units:
        unit.program = "triton"
    return units


def _asked(model: Model, models: dict[str, Model], files: Files, notes: list[str]) -> list[Link]:
    """Return the calls of the code of a model: those to models of its repository."""
    scope = str(model.path.parent.parent)
    found = []
    for name, site in asked(model.path.parent, files, notes):
        if name not in models:
            what = f"{site.shown}: the code of `{model.name}` asks the model `{name}`"
            notes.append(f"{what}, which has no configuration here")
        elif name != model.name:
            found.append(Link(name, "calls", "InferenceRequest", site, scope=scope, more=_IN_PROCESS))
    return found


def _server(models: list[Model], scope: str) -> Unit:
    first = models[0]
    unit = Unit(
        "triton", FORMAT, "model repository", scope, first.site, "model-server", kind="model-server", uses="triton",
        reason="a model repository of Triton", settings=tuple(model.path for model in models),
    )  # fmt: skip
    _describe(unit, models)
    return unit


def _step(model: Model, scope: str) -> Unit:
    is_code = model.backend in _CODE
    unit = Unit(
        model.name, FORMAT, "model", scope, model.site, "model-server", kind="service" if is_code else "model-server",
        uses="" if is_code else "triton", settings=(model.path,),
        reason=f"a step that runs in the backend `{model.backend}`" if model.backend else "a step of an ensemble",
    )  # fmt: skip
    _describe(unit, [model])
    if is_code:
        unit.models, unit.model_facts = [], {}
    return unit


def _describe(unit: Unit, models: list[Model]) -> None:
    """Add the models of a unit, and the facts that they agree on."""
    unit.models = [model.name for model in models]
    unit.model_facts = {model.name: _model_facts(model) for model in models}
    batches = agreed(_batching(model) for model in models)
    if batches is not None:
        unit.facts["batching"] = batches
    if len(models) == 1:
        _instances(unit, models[0])
    else:
        groups = (group for one in models for group in one.table.tables("instance_group"))
        unit.gpu = any(group.text("kind") == "KIND_GPU" for group in groups)


def _batching(model: Model) -> Fact | None:
    """Dynamic batching: without it, Triton does not combine requests."""
    dynamic = model.table.get("dynamic_batching")
    if not isinstance(dynamic, Table):
        return None
    delay = number(dynamic.value("max_queue_delay_microseconds"))
    site = model.table.keys["dynamic_batching"]
    how = "dynamic_batching" if delay is not None else "dynamic_batching, which does not wait by default"
    return batching(model.table.value("max_batch_size"), (delay or 0) / 1e6, site, how)


def _instances(unit: Unit, model: Model) -> None:
    """Add how many requests run at a time, and the accelerators that the configuration names."""
    groups = model.table.tables("instance_group")
    total, gpus = 0.0, set[str]()
    for group in groups:
        count, ids = number(group.value("count")), group.texts("gpus")
        total += (1.0 if count is None and group.get("count") is None else count or 0) * max(len(ids), 1)
        gpus.update(ids)
    unit.gpu = any(group.text("kind") == "KIND_GPU" for group in groups)
    if total and all(number(group.value("count")) is not None or group.get("count") is None for group in groups):
        unit.facts["workers"] = Fact(f"{total:.12g}", model.table.keys["instance_group"], "instance_group")
    if gpus:
        site = model.table.keys["instance_group"]
        unit.facts["hardware"] = Fact("", site, "instance_group", (("gpus", Fact(str(len(gpus)), site)),))


def _model_facts(model: Model) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    key = "backend" if model.table.text("backend") else "platform"
    value = model.table.value(key)
    for start, framework, kind in _FRAMEWORKS:
        if value is not None and value.text.startswith(start):
            found.update({"framework": Fact(framework, value.site, key)} if framework else {})
            found.update({"format": Fact(kind, value.site, key)} if kind else {})
            break
    versions = [
        item for item in model.table.rows("version_policy", "specific", "versions") if isinstance(item, Value)
    ]
    if len(versions) == 1 and versions[0].text:
        found["version"] = Fact(versions[0].text, versions[0].site, "version_policy")
    return found


def _connect(model: Model, units: dict[str, Unit], scope: str, notes: list[str]) -> None:
    """Link the steps of an ensemble: a step calls those that take a tensor that it makes."""
    ensemble = units[model.name]
    makers: dict[str, list[str]] = {}
    for step in model.steps:
        for tensor in _tensors(step, "output_map"):
            makers.setdefault(tensor, []).append(step.text("model_name"))
    linked: set[tuple[str, str]] = set()
    for step in model.steps:
        name = step.value("model_name")
        if name is None or not name.text:
            continue
        if name.text not in units:
            notes.append(f"{name.site.shown}: the ensemble `{model.name}` names the model `{name.text}`, which has no "
                         "configuration here")
        inputs = _tensors(step, "input_map")
        sources = [(maker, tensor) for tensor in inputs for maker in makers.get(tensor, ()) if maker != name.text]
        pairs = [(units[maker], f"tensor {tensor}") for maker, tensor in sources if maker in units]
        for source, how in pairs or [(ensemble, "first step")]:
            if (source.name, name.text) not in linked and source.name != name.text:
                linked.add((source.name, name.text))
                source.links.append(Link(name.text, "calls", how, name.site, scope=scope, more=_IN_PROCESS))


def _tensors(step: Table, key: str) -> list[str]:
    return [pair.text("value") for pair in step.tables(key) if pair.text("value")]
