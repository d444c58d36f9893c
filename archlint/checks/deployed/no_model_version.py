"""Models that change under their name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, parts
from archlint.model.deployment import UNRESOLVED, Part, Value
from archlint.verdicts import NoParams, Verdict

_VERSION: Final = re.compile(
    r"(?i)(?:^|[/_@:=.-])(?:v\d+(?:[._]\d+)*|\d+(?:\.\d+)+|\d{3,}|\d+(?=/|$)|[0-9a-f]{7,40})(?=[/_.:-]|$)|@sha|revision"
)
_HOST: Final = re.compile(r"^https?://[^/]+/")
_HUB: Final = re.compile(r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")
_HUB_ENGINES: Final = frozenset({"vllm", "sglang", "tgi", "tei", "ray-serve", "tensorrt-llm"})
_NAMES: Final = re.compile(r"(?i)model[\w-]*(?:blob|object|key|uri|url|file|artifact)\w*")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each model server whose model's address, or id in a hub, has no version."""
    for name, part in parts(system):
        if part.kind not in {"model-server", "service"} and part.role != "loader":
            continue
        value = next((one for one in part.running.artefacts if _is_unversioned(one)), None)
        if value is None and part.role == "loader":
            value = next((one for one in _loaded(part) if _is_unversioned(one)), None)
        if value is not None:
            message = f"`{name}` loads {value.text[:100]}, which has no version: a restart may serve another model"
            loading = (one.source for one in system.topology.incoming.get(name, ()) if one.verb == "loads")
            owner = next(loading, name) if part.role == "loader" else name
            yield hit(owner, value.site, "model", message)
            continue
        ids = [model for model in part.models if _HUB.match(model)]
        if ids and part.uses in _HUB_ENGINES and "revision" not in part.command_text:
            site = next((one.site for one in (*part.command, *part.env.values()) if ids[0] in one.text), part.site)
            message = f"`{name}` serves {ids[0]} without a revision: a restart may serve another model"
            callers = (one.source for one in system.topology.incoming.get(name, ()) if one.verb == "calls")
            owner = next(callers, name) if part.what == "deployment" else name       # an application of Ray has the ids
            yield hit(owner, site, "model", message)


def _loaded(part: Part) -> Iterator[Value]:
    """Yield what a loader fetches, by the names of its variables and options."""
    yield from (value for name, value in part.env.items() if _NAMES.search(name) and value.text)
    flag = ""
    for value in part.command:
        name, equals, text = value.text.partition("=")
        if equals and _NAMES.search(name):
            yield Value(text, value.site)
        elif flag and _NAMES.search(flag):
            yield value
        flag = value.text if value.text.startswith("-") else ""


def _is_unversioned(value: Value) -> bool:
    text = _HOST.sub("/", value.text)
    return value.status != UNRESOLVED and "$" not in text and "{" not in text and _VERSION.search(text) is None
