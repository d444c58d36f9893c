"""Health checks and probes of a port on which nobody listens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.catalog.listening import repository_of
from archlint.catalog.technologies import Technology
from archlint.checks.deployed._parts import hit, parts
from archlint.model.deployment import LITERAL, Part, Probe
from archlint.verdicts import Hit, NoParams, Verdict

_URL: Final = re.compile(r"\b(https?)://([\w.-]+)(?::(\d{1,5}))?(?=[/\s\"'?]|$)")
_DEFAULTS: Final = {"http": "80", "https": "443"}
_SETTINGS: Final = re.compile(r"(?i)config|^@")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each health check that asks the part itself on a port which is none of its own."""
    for name, part in parts(system):
        technology = system.facts.technology(system.components[name])
        known = _ports_of_image(part, technology)
        for probe in part.running.probes:
            port = _asked(name, part, probe)
            if port:
                own = sorted({one.number for one in part.ports} | set(part.running.listens))
                listed = ", ".join(map(str, own))
                message = f"the health check of `{name}` asks port {port}, but it listens on {listed}: it always fails"
                yield hit(name, probe.site, "healthcheck", message, loss=0.9)
            elif known is not None and technology is not None:
                yield from _of_image(name, part, probe, technology, known)


def _asked(name: str, part: Part, probe: Probe) -> str:
    """Return the port of a check, if the part states its ports, and nothing of it names this one."""
    own = {str(one.number) for one in part.ports} | {str(number) for number in part.running.listens}
    if part.format == "kubernetes":
        names = {one.name for one in part.ports if one.name}
        is_name = probe.port != "" and not probe.port.isdigit()
        return probe.port if is_name and part.ports and probe.port not in names else ""
    port = _port_of_url(name, part, probe.port)
    if not port or part.uses or not own or port in own:
        return ""
    return "" if _is_named(port, part) else port


def _port_of_url(name: str, part: Part, command: str) -> str:
    """Return the port of the part itself that a command asks; empty if it asks none, or another host."""
    found = _URL.search(command)
    hosts = {"localhost", "127.0.0.1", "0.0.0.0", part.name, name, *part.names}
    return (found[3] or _DEFAULTS[found[1]]) if found is not None and found[2] in hosts else ""


def _is_named(port: str, part: Part) -> bool:
    """Whether the command or the environment of a part names a port."""
    said = " ".join([part.command_text, *(value.text for value in part.env.values())])
    return re.search(rf"(?<!\d){port}(?!\d)", said) is not None


def _ports_of_image(part: Part, technology: Technology | None) -> set[int] | None:
    """Return the ports on which a public image listens; None where its files do not make them certain."""
    listens = technology.listens if technology is not None else None
    running, image = part.running, part.image
    if listens is None or technology is None or image is None or part.builds or running.managed:
        return None
    if repository_of(image.text) not in listens.images or not running.own_network:
        return None
    if not running.as_built and listens.by_files:
        return None
    words = part.words
    runs_image = not words or words[0].startswith("-") or words[0].rpartition("/")[2] in _names(technology)
    if not runs_image or any(_SETTINGS.search(word) for word in words):
        return None
    if any(value.status != LITERAL for value in part.command):
        return None
    return listens.numbers(words, {key: value.text for key, value in part.env.items()})


def _names(technology: Technology) -> set[str]:
    return {technology.name, *technology.aliases}


def _of_image(name: str, part: Part, probe: Probe, technology: Technology, known: set[int]) -> Iterator[Hit]:
    """Yield a hit if a check asks a port on which the image does not listen: a warning, as images change."""
    if part.format == "kubernetes":
        numbers = {one.name: str(one.number) for one in part.ports if one.name}
        port = numbers.get(probe.port, probe.port) or _port_of_url(name, part, probe.text)
    else:
        port = _port_of_url(name, part, probe.port)
    if not port.isdecimal() or int(port) in known or _is_named(port, part):
        return
    listed = " and ".join(", ".join(map(str, sorted(known))).rsplit(", ", 1))
    ports = "port" if len(known) == 1 else "ports"
    message = (
        f"the health check of `{name}` asks port {port}, but {technology.title} listens on {ports} {listed} here: "
        "the check always fails"
    )
    yield hit(name, probe.site, "healthcheck", message, hint=True, loss=0.9)
