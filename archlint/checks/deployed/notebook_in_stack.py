"""Notebooks beside the servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, hit, parts
from archlint.model.deployment import Value
from archlint.verdicts import NoParams, Verdict

_IMAGE: Final = re.compile(r"(^|/)(jupyter/|[\w-]*-notebook(?::|$)|jupyterhub|jupyterlab)")
_COMMAND: Final = re.compile(r"\bjupyter[- ](lab|notebook|server)\b")
_OPEN: Final = re.compile(r"token[=\s]+(''|\"\"|(?=\s|$|--))|password[=\s]+(''|\"\")")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each notebook that runs in the same deployment."""
    for name, part in parts(system):
        image = part.image
        command = next((value for value in part.command if _COMMAND.search(value.text)), None)
        if command is None and _COMMAND.search(part.command_text):
            command = part.command[0]
        by_image = image is not None and _IMAGE.search(image.text) is not None
        if command is None and not by_image:
            continue
        text = part.command_text
        is_open = _OPEN.search(text) is not None
        published = any(port.published for port in part.ports) or any(front.type for front in part.running.fronts)
        at: Value | None = command or image
        site = at.site if at is not None else part.site
        how = "without a token" if is_open else "in the serving deployment"
        severity = None if is_open or published else INFO
        message = f"`{name}` is a notebook {how}: who reaches it runs any code beside the servers"
        yield hit(name, site, "command", message, severity, loss=0.8 if is_open and published else 0.3)
