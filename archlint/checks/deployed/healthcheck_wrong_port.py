"""Health checks and probes of a port on which nobody listens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import Params, hit, parts
from archlint.model.deployment import Part, Probe
from archlint.verdicts import Verdict

_URL: Final = re.compile(r"\b(https?)://([\w.-]+)(?::(\d{1,5}))?(?=[/\s\"'?]|$)")
_DEFAULTS: Final = {"http": "80", "https": "443"}


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each health check that asks the part itself on a port which is none of its own."""
    for name, part in parts(system):
        for probe in part.running.probes:
            port = _asked(name, part, probe)
            if port:
                own = sorted({one.number for one in part.ports} | set(part.running.listens))
                listed = ", ".join(map(str, own))
                message = f"the health check of `{name}` asks port {port}, but it listens on {listed}: it always fails"
                yield hit(name, probe.site, "healthcheck", message, loss=0.9)


def _asked(name: str, part: Part, probe: Probe) -> str:
    """Return the port of a check, if the part states its ports, and nothing of it names this one."""
    own = {str(one.number) for one in part.ports} | {str(number) for number in part.running.listens}
    if part.format == "kubernetes":
        names = {one.name for one in part.ports if one.name}
        is_name = probe.port != "" and not probe.port.isdigit()
        return probe.port if is_name and part.ports and probe.port not in names else ""
    found = _URL.search(probe.port)
    if found is None or part.uses or not own:
        return ""
    hosts = {"localhost", "127.0.0.1", "0.0.0.0", part.name, name, *part.names}
    port = found[3] or _DEFAULTS[found[1]]
    if found[2] not in hosts or port in own:
        return ""
    said = " ".join([part.command_text, *(value.text for value in part.env.values())])
    return "" if re.search(rf"(?<!\d){port}(?!\d)", said) else port
