"""Nobody to call, and nothing to read, when it fails at night."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.serving_components import serving_components
from archlint.analysis.system import System
from archlint.model.architecture import Owner
from archlint.model.places import Place, place
from archlint.verdicts import Hit, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit at the system's owner; where every server names its own, at each that says too little."""
    whole = system.architecture.owner
    serving = list(serving_components(system))
    if any(component.owner is None for component in serving):
        missing = _missing(whole)
        if missing:
            at = place("owner") if whole is not None else place()
            yield _hit(at, f"the system `{_name(system)}`", missing, place("owner"))
        return  # what others leave out is the system's to say
    for component in serving:
        missing = _missing(_inherit(component.owner or Owner(), whole))
        if missing:
            at = component.place("owner")
            yield _hit(at, f"`{component.name}`", missing, at)


def _name(system: System) -> str:
    return system.architecture.name or system.architecture.document.name


def _inherit(own: Owner, whole: Owner | None) -> Owner:
    """Fill what a component's owner leaves out from the system's."""
    if whole is None:
        return own
    return Owner(own.team or whole.team, own.contact or whole.contact, own.runbook or whole.runbook)


def _missing(owner: Owner | None) -> list[str]:
    """List the keys of an owner that say nothing."""
    said = owner or Owner()
    keys = (("team", said.team), ("contact", said.contact), ("runbook", said.runbook))
    return [key for key, value in keys if not value]


def _hit(at: Place, what: str, missing: list[str], owner: Place) -> Hit:
    words = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} or {missing[-1]}"
    message = f"{what} names no {words}: {_consequence(missing)}"
    return Hit(at, message, absent=(owner, *(owner.key(key) for key in missing)), cures=("ownership",))


def _consequence(missing: list[str]) -> str:
    if missing == ["runbook"]:
        return "whoever is called when it fails has nothing to go by"
    if "contact" in missing:
        return "when it fails, nobody knows whom to call"
    return "when it fails, nobody has to answer"
