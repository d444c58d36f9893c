"""Servers that train."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import JOBS, hit, parts, place_of
from archlint.verdicts import NoParams, Verdict

_TRAINS: Final = re.compile(r"(?i)(?<![a-z])(train(?:ing)?|fine-?tune|finetune)(?:\.py|\.sh|_model|\s|$|/)")
_PREDICTS: Final = re.compile(r"(?i)predict|infer")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each part that predicts, and whose command runs training code."""
    for name, part in parts(system):
        is_batch = part.kind in JOBS and _PREDICTS.search(part.command_text[:4000]) is not None
        predicts = part.kind == "model-server" or is_batch
        if not predicts or part.role == "external":
            continue
        first = next(((one, found[0]) for one in part.command if (found := _TRAINS.search(one.text))), None)
        if first is not None:
            message = f"`{name}` predicts, and its command runs training code: one release changes both"
            yield hit(name, place_of(*first), "command", message, hint=True)
