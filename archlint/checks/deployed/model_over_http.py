"""Models that are fetched without encryption."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._addresses import host_of, is_private
from archlint.checks.deployed._parts import hit, parts
from archlint.model.deployment import Part, Value
from archlint.verdicts import NoParams, Verdict

_FILE: Final = re.compile(
    r"(?i)^http://\S+\.(zip|tar\.gz|tgz|onnx|pt|pth|bin|gguf|safetensors|mar|pkl|joblib|h5)(\?|$)"
)


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each part that loads a model by http from another host than one of its own network."""
    for name, part in parts(system):
        for value in _models(part):
            host = host_of(value.text)
            inside = "." not in host or host.endswith((".local", ".svc", ".internal", ".localhost"))
            if inside and not is_private(host):
                continue
            message = f"`{name}` loads its model by http from {host}: anybody on the way can replace it"
            yield hit(name, value.site, "model", message, loss=0.4)
            break


def _models(part: Part) -> Iterator[Value]:
    yield from (value for value in part.running.artefacts if value.text.lower().startswith("http://"))
    for name, value in part.env.items():
        if "MODEL" in name.upper() and _FILE.match(value.text):
            yield value
    for value in part.command:
        word = value.text.rpartition("=")[2]
        if _FILE.match(word):
            yield Value(word, value.site, value.status)
