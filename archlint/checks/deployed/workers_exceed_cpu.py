"""More worker processes than the cores can run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import amount, hit, parts, place_of
from archlint.model.deployment import Part, Value
from archlint.verdicts import NoParams, Verdict

_NAME: Final = re.compile(
    r"^(WEB_CONCURRENCY|(GUNICORN_|UVICORN_|NUM_|N_|MAX_|API_)?WORKERS|WORKERS_COUNT|WORKER_COUNT)$"
)
_OPTION: Final = re.compile(r"(?:^|\s)(?:--workers|-w)[=\s]+(\d{1,4})(?=\s|$)")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each part with more workers than two a core and one more."""
    for name, part in parts(system):
        value = part.running.limits.get("cpu")
        cores, workers = amount(value), _workers(part)
        if value is None or cores is None or workers is None:
            continue
        count = int(workers.text)
        if count > 2 * cores + 1:
            message = f"`{name}` starts {count} workers on {cores:g} cores, and each loads its own copy of the model"
            yield hit(name, workers.site, "workers", message, loss=0.4)


def _workers(part: Part) -> Value | None:
    for name, value in part.env.items():
        if _NAME.match(name) and value.text.isdigit():
            return value
    for value in part.command:
        found = _OPTION.search(value.text)
        if found is not None:
            return Value(found[1], place_of(value, found[0].strip()))
    found = _OPTION.search(part.command_text)
    return Value(found[1], part.command[0].site) if found is not None else None
