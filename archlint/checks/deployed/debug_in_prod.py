"""Servers that run in a mode for debugging."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, parts, place_of
from archlint.model.deployment import Part, Site
from archlint.verdicts import NoParams, Verdict

_SWITCHES: Final = re.compile(r"^(FLASK_DEBUG|DEBUG|APP_DEBUG|DJANGO_DEBUG|FASTAPI_DEBUG)$")
_LEVELS: Final = re.compile(r"^(\w+_)?(LOG_?LEVEL|LOGGING_LEVEL|LOGLEVEL)$")
_MODES: Final = re.compile(r"^(FLASK_ENV|NODE_ENV|APP_ENV|ENVIRONMENT)$")
_OPTIONS: Final = re.compile(
    r"(?:^|\s)(--reload|--debug|--log-level[=\s]+debug|--loglevel[=\s]+debug|-l\s+debug)(?=\s|$)", re.I
)
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_ROLES: Final = frozenset({"container", "model-server"})
_SERVED: Final = frozenset({"model-server", "service", "gateway", "worker"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each server with reloading, debugging or debug logs."""
    for name, part in parts(system):
        found = _debugging(part) if part.kind in _SERVED and part.role in _ROLES else None
        if found is not None:
            message = f"`{name}` runs with {found[0]}, which is slow and writes what it processes to its logs"
            yield hit(name, found[1], "environment", message)


def _debugging(part: Part) -> tuple[str, Site] | None:
    for value in part.running.faults:
        if value.tag == "debug-in-prod":
            return value.text, value.site
    for name, value in part.env.items():
        text = value.text.strip().lower()
        if (
            (_SWITCHES.match(name) and text in _TRUE)
            or (_LEVELS.match(name) and text == "debug")
            or (_MODES.match(name) and text == "development")
        ):
            return f"`{name}={value.text.strip()[:20]}`", value.site
    for value in part.command:
        found = _OPTIONS.search(value.text)
        if found is not None:
            return f"`{found[1]}`", place_of(value, found[1])
    found = _OPTIONS.search(part.command_text)
    return (f"`{found[1]}`", part.command[0].site) if found is not None else None
