"""Code of Triton's Python backend: which other models it asks in the same server. Nothing is executed.

A model in Python may call others with `pb_utils.InferenceRequest(model_name=...)`, which Triton calls business logic
scripting: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/python_backend/README.html
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.importers.digits import is_whole
from archlint.importers.files import Files
from archlint.importers.objects import Site
from archlint.importers.serving_files.python import Module, keywords, modules

MAX_VERSIONS: Final = 20
_REQUEST: Final = "triton_python_backend_utils.InferenceRequest"


def asked(folder: Path, files: Files, notes: list[str]) -> Iterator[tuple[str, Site]]:
    """Yield the models that the code of a model asks, each once, with its first place.

    The code is `model.py` in a folder of a version: the highest that has one. A name that code computes is a note.
    """
    for path in sorted(_versions(folder), key=lambda one: int(one.name), reverse=True)[:MAX_VERSIONS]:
        code = path / "model.py"
        if files.side(code) is None:
            continue
        seen: set[str] = set()
        for module in modules([code], files, []):
            for call, argument in _requests(module):
                name = _text(module, argument, call)
                if not name:
                    notes.append(f"{module.site(call).shown}: the code decides which model it asks: not drawn")
                elif name not in seen:
                    seen.add(name)
                    yield name, module.site(call)
        return


def _versions(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.iterdir() if is_whole(path.name) and os.path.isdir(path))
    except OSError:
        return


def _requests(module: Module) -> Iterator[tuple[ast.Call, ast.expr]]:
    for call in module.calls():
        argument = keywords(call).get("model_name")
        if argument is not None and module.dotted(call.func) == _REQUEST:
            yield call, argument


def _text(module: Module, node: ast.expr, call: ast.Call) -> str:
    """The literal text of an argument; a local name or an attribute stands for what it is assigned, if only once."""
    found = module.text(node)
    if found or not isinstance(node, ast.Name | ast.Attribute):
        return found
    wanted = node.id if isinstance(node, ast.Name) else node.attr
    values = [
        one.value for one in module.nodes() if isinstance(one, ast.Assign)
        and any(wanted == (t.id if isinstance(t, ast.Name) else getattr(t, "attr", "")) for t in one.targets)
    ]  # fmt: skip
    return module.text(values[0]) if len(values) == 1 else ""
