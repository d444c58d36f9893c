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
    """Yield a hit at the system's owner, and at each serving component that names another without saying enough."""
    whole = system.architecture.owner
    serving = list(serving_components(system))
    if any(component.owner is None for component in serving):
        missing = _missing(whole)
        if missing:
            yield _hit(place("owner") if whole else place(), f"the system `{_name(system)}`", missing, place("owner"))
    for component in serving:
        if component.owner is not None:
            missing = _missing(_inherit(component.owner, whole))
            if missing:
                yield _hit(component.place("owner"), f"`{component.name}`", missing, component.place("owner"))


def _name(system: System) -> str:
    return system.architecture.name or system.architecture.document.name


def _inherit(own: Owner, whole: Owner | None) -> Owner:
    """What a component's owner leaves out comes from the system's."""
    if whole is None:
        return own
    return Owner(own.team or whole.team, own.contact or whole.contact, own.runbook or whole.runbook)


def _missing(owner: Owner | None) -> list[str]:
    if owner is None:
        return ["owner", "contact", "runbook"]
    said = (("owner", owner.team), ("contact", owner.contact), ("runbook", owner.runbook))
    return [word for word, value in said if not value]


def _hit(at: Place, what: str, missing: list[str], absent: Place) -> Hit:
    words = " and ".join([", ".join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)
    message = f"{what} has no {words.replace(' and ', ' and no ')}: when it fails, nobody knows what to do"
    keys = [absent.key({"owner": "team"}.get(word, word)) for word in missing]
    return Hit(at, message, absent=(absent, *keys), cures=("ownership",))
