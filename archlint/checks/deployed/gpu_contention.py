"""Services of one host that claim the same accelerators."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import are_alternatives, hit, parts
from archlint.model.deployment import Part, Value
from archlint.verdicts import NoParams, Related, Verdict

Claimed = tuple[str, Part, Value]


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each accelerator that several services claim, and for services that all claim all of them."""
    claims: dict[tuple[str, str, str], list[Claimed]] = {}
    for name, part in parts(system, "compose"):
        for value in part.running.claims:
            if value.text == "all" or value.text.startswith("device "):
                vendor = "habana" if value.tag.startswith("HABANA") else "nvidia"
                claims.setdefault((part.scope, vendor, value.text), []).append((name, part, value))
    for (_, _, what), users in claims.items():
        together = _together(users)
        if len(together) > 1:
            name, _, value = together[0]
            others = ", ".join(f"`{other}`" for other, _, _ in together[1:6])
            said = "all accelerators" if what == "all" else what.replace("device", "accelerator")
            related = tuple(
                Related(hit(other, one.site, "devices", "").at, "it too") for other, _, one in together[1:9]
            )
            message = f"`{name}` claims {said}, and so do {others}: the first to start takes the memory"
            yield hit(name, value.site, "devices", message, loss=0.6, related=related)


def _together(users: list[Claimed]) -> list[Claimed]:
    """Return the services that run beside the first one, each once."""
    first = users[0]
    found = {first[0]: first}
    for user in users[1:]:
        if not any(are_alternatives(user[1], other[1]) for other in found.values()):
            found.setdefault(user[0], user)
    return list(found.values())
