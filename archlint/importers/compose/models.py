"""Models that a Compose file declares: under `models`, and as services that a model runner provides.

The forms are those of https://docs.docker.com/reference/compose-file/models and
https://docs.docker.com/compose/how-tos/provider-services/ .
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.importers.compose.loading import Project
from archlint.importers.digits import is_whole
from archlint.importers.objects import Fact, Link, Table, Unit, Value


def add_models(project: Project, units: list[Unit], scope: str) -> None:
    """Add a unit for each declared model, and what calls it."""
    provided = {unit.name: unit for unit in units if _is_provided(project, unit)}
    for unit in provided.values():
        unit.kind, unit.reason = "model-server", "a provider of models"
        _serve(unit, project.services.table(unit.name, "provider", "options"))
    for unit in units:
        for value in unit.after:
            if value.text in provided:
                how = "depends_on gives it the address of the model"
                unit.links.append(Link(value.text, "calls", how, value.site, scope=scope))
    models = project.model.table("models")
    services = [(unit, dict(_asked(project.services.table(unit.name)))) for unit in units]
    for name, item in models.entries.items():
        model = Unit(
            name, "compose", "model", scope, models.keys[name], "model-server", kind="model-server",
            reason="a model of Compose",
        )  # fmt: skip
        if isinstance(item, Table):
            _serve(model, item)
        for unit, asked in services:
            if name in asked:
                unit.links.append(Link(name, "calls", "models", asked[name].site, scope=scope))
        units.append(model)


def _is_provided(project: Project, unit: Unit) -> bool:
    return project.services.text(unit.name, "provider", "type") == "model"


def _serve(unit: Unit, table: Table) -> None:
    model, context = table.text("model"), table.value("context_size")
    if model:
        unit.models.append(model)
        if context is not None and is_whole(context.text):
            unit.model_facts[model] = {"context": Fact(context.text, context.site)}


def _asked(service: Table) -> Iterator[tuple[str, Value]]:
    """Yield the models that a service names: a list, or a mapping with the names of its variables."""
    item = service.get("models")
    if isinstance(item, Table):
        yield from ((name, Value(name, item.keys[name])) for name in item.entries)
    else:
        yield from ((one.text, one) for one in service.rows("models") if isinstance(one, Value))
