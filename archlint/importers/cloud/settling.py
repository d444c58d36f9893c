"""What is decided once all relations are known: kinds of functions, technologies, and what is left to count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.importers.cloud.units import Cloud
from archlint.importers.objects import Link, Unit
from archlint.importers.technologies import by_command, by_image

_PLATFORMS: Final = frozenset({"cloud-run", "fargate", "ecs", "aws-lambda", "azure-functions"})
"""Technologies that run any image: what the image is says more."""


def settle(cloud: Cloud) -> None:
    """Give functions their kind where what starts them decides it."""
    keys = {unit.key for unit in cloud.all}
    starts: dict[str, set[str]] = {}
    for unit in cloud.all:
        for link in unit.links:
            if link.target in keys and link.verb not in {"consumes", "reads", "dead_letter"}:
                starts.setdefault(link.target, set()).add(link.verb)
    for unit in cloud.all:
        if unit.uses in _PLATFORMS:
            known = by_image(unit.image.text) if unit.image is not None and unit.image.text else None
            known = known if known is not None and known.uses else by_command(unit.command_text)
            unit.uses = "" if known is not None and known.uses else unit.uses
        by = starts.get(unit.key, set())
        if unit.role == "container" and not unit.kind and not unit.ports and "calls" not in by:
            unit.links = [_open(link) for link in unit.links]
        consumes = [link for link in unit.links if link.verb == "consumes"]
        if unit.kind or unit.role != "function":
            continue
        if consumes and not by & {"calls", ""}:
            unit.kind, unit.reason = "worker", f"takes work from a queue: {consumes[0].derivation}"
        elif by == {"triggers"} and not _is_public(unit):
            unit.kind, unit.reason = "batch-job", "only a schedule or a workflow starts it"


def _open(link: Link) -> Link:
    """Return a link to a queue that only a variable names without its verb: the program may take from it."""
    named = link.verb == "publishes" and link.derivation.endswith(" in the environment")
    return msgspec.structs.replace(link, verb="") if named else link


def _is_public(unit: Unit) -> bool:
    """Whether its files open a function to everybody: then a schedule is not all that starts it."""
    exposed = unit.facts.get("exposed")
    return exposed is not None and exposed.text == "public"


def counts(cloud: Cloud) -> Iterator[str]:
    """Yield what was not drawn: infrastructure, what other files state, and types that are not known."""
    quiet: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    tables = cloud.tables
    for one in cloud.resources:
        name = one.spelling or one.type
        if one.address in cloud.units or one.outside or one.implied:
            continue
        if one.type in tables.unopened:
            yield f"{one.site.shown}: {name} `{one.name}`: its workloads are defined elsewhere"
        elif one.type.startswith(tables.quiet) or one.type in tables.stands_for:
            quiet[name] += 1
        else:
            unknown[name] += 1
    if quiet:
        kinds = "1 type" if len(quiet) == 1 else f"{len(quiet)} types"
        count = sum(quiet.values())
        yield f"{count} × infrastructure and settings ({kinds}, such as {quiet.most_common(1)[0][0]}): not drawn"
    yield from (f"{count} × {name}: a type that archlint does not read" for name, count in unknown.most_common(20))
