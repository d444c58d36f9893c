"""Credentials in deployment files."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import Params, at_thing, hit, parts, things
from archlint.model.deployment import STATED
from archlint.verdicts import Hit, Verdict


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each part with the text of a credential in its files, and each Secret with one."""
    for name, part in parts(system):
        found = next(((key, value) for key, value in part.env.items() if value.tag == STATED), None)
        if found is not None:
            key, value = found
            message = f"the value of `{key}` of `{name}` is in the files: everybody who reads them has it"
            yield hit(name, value.via[0] if value.via else value.site, "environment", message)
    for owner, thing in things(system):
        if thing.secret:
            message = f"the values of Secret `{thing.name}` are in the files: everybody who reads them has them"
            yield Hit(at_thing(owner, thing), message)
