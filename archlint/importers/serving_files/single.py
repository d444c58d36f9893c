"""Projects that are one component: `langgraph.json` and `cog.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Fact, Table, Unit, tree
from archlint.importers.serving_files.common import is_true, number
from archlint.source.nodes import Mapping


def read_langgraph(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return a service for each file: its graphs run in one server."""
    units = []
    for path, table in _tables(paths, files):
        graphs = [name for name in table.table("graphs").entries if name]
        site = table.table("graphs").keys[graphs[0]] if graphs else table.site
        unit = Unit(
            graphs[0] if len(graphs) == 1 else "langgraph", "langgraph", "graphs", str(path), site, "router",
            kind="service", uses="langgraph", reason=f"a project of LangGraph with {len(graphs)} graphs",
            names=graphs, settings=(path,), program="langgraph",
        )  # fmt: skip
        units.append(unit)
    return units


def read_cog(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return a model server for each file."""
    units = []
    for path, table in _tables(paths, files):
        image = table.value("image")
        name = image.text.rpartition("/")[2].partition(":")[0] if image is not None else ""
        site = (table.value("predict") or table.value("build", "gpu") or image)
        unit = Unit(
            name or "cog", "cog", "predictor", str(path), site.site if site is not None else table.site, "model-server",
            image=image, kind="model-server", uses="replicate", reason="a predictor of Cog", settings=(path,),
            program="replicate",
        )  # fmt: skip
        unit.gpu = is_true(table.value("build", "gpu"))
        most = table.value("concurrency", "max")
        count = number(most)
        workers = Fact(f"{count:.12g}", most.site, "concurrency") if most is not None and count else None
        unit.facts["workers"] = workers or Fact("1", unit.site, "one prediction at a time by default")
        units.append(unit)
    return units


def _tables(paths: list[Path], files: Files) -> Iterator[tuple[Path, Table]]:
    for path in paths:
        try:
            documents = files.documents(path)
        except UnreadableInputError as error:
            files.errors.append(error)
            continue
        root = next((one for one in documents if isinstance(one.root, Mapping)), None)
        table = tree(root, root.root) if root is not None and root.root is not None else None
        if isinstance(table, Table):
            yield path, table
