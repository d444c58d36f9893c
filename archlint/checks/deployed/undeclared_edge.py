"""Services that use another one that need not have started."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import are_alternatives, deployment, hit, parts
from archlint.model.deployment import Deployment
from archlint.verdicts import NoParams, Verdict

_WAITING = frozenset({"calls", "reads", "writes", "publishes", "consumes", "loads"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each service that uses another one of its project without starting after it."""
    found = deployment(system)
    for name, part in parts(system):
        before = _before(found, name)
        used = dict.fromkeys(
            relation.target for relation in system.topology.outgoing.get(name, ()) if relation.verb in _WAITING
        )
        for target in used:
            other = found.parts.get(target)
            if other is None or other.format != part.format or target == name or target in before:
                continue
            if (name, target) in found.shared or are_alternatives(part, other):
                continue
            if part.format == "compose" and other.role != "external":
                message = f"`{name}` uses `{target}`, but does not start after it (`depends_on`)"
                yield hit(name, part.site, "depends_on", message)
                break
            if part.format == "kubernetes" and other.what == "Job" and part.role == "container":
                message = f"`{name}` needs what the Job `{target}` writes, but nothing makes it wait for the Job"
                yield hit(name, part.site, "depends_on", message)
                break


def _before(found: Deployment, name: str) -> set[str]:
    """Return what has started before a part starts."""
    before: set[str] = set()
    stack = list(found.order.get(name, ()))
    while stack:
        one = stack.pop()
        if one not in before:
            before.add(one)
            stack += found.order.get(one, ())
    return before
