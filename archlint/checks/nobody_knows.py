"""Nobody to call, and no runbook, when it fails."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.serving_components import serving_components
from archlint.analysis.system import System
from archlint.checks._loss import Traffic
from archlint.model.architecture import Owner
from archlint.model.places import Place, place
from archlint.verdicts import Hit, NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit at the system's owner; if every server has its own owner, at each incomplete one."""
    whole = system.architecture.owner
    every = list(serving_components(system))
    # A vendor needs no owner of its own: who calls it belongs to the system.
    serving = [component for component in every if component.kind != "external"] or every
    alone = [component for component in serving if system.states_none(component.place("owner"))]
    for component in alone:
        at, loss = component.place("owner"), Traffic(system).served_by(component.name)
        yield _hit(at, f"`{component.name}`", _missing(None), at, loss)
    serving = [component for component in serving if component not in alone]
    if any(component.owner is None for component in serving):
        missing = _missing(whole)
        if missing:
            at = place("owner") if whole is not None or system.states_none(place("owner")) else place()
            yield _hit(at, f"system `{_name(system)}`", missing, place("owner"), 1.0)
        return  # components without an owner inherit the system's
    traffic = Traffic(system)
    for component in serving:
        missing = _missing(_inherit(component.owner or Owner(), whole))
        if missing:
            at = component.place("owner")
            yield _hit(at, f"`{component.name}`", missing, at, traffic.served_by(component.name))


def _name(system: System) -> str:
    return system.architecture.name or system.architecture.document.name


def _inherit(own: Owner, whole: Owner | None) -> Owner:
    """Complete a component's owner with the system's."""
    if whole is None:
        return own
    return Owner(own.team or whole.team, own.contact or whole.contact, own.runbook or whole.runbook)


def _missing(owner: Owner | None) -> list[str]:
    """List the keys that an owner leaves out."""
    said = owner or Owner()
    keys = (("team", said.team), ("contact", said.contact), ("runbook", said.runbook))
    return [key for key, value in keys if not value]


def _hit(at: Place, what: str, missing: list[str], owner: Place, loss: float) -> Hit:
    words = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} or {missing[-1]}"
    message = f"{what} names no {words}: {_consequence(missing)}"
    absent = (owner, *(owner.key(key) for key in missing))
    return Hit(at, message, absent=absent, cures=("ownership",), loss=loss)


def _consequence(missing: list[str]) -> str:
    if missing == ["runbook"]:
        return "the engineer on call has no instructions for a failure"
    if "contact" in missing:
        return "nobody knows whom to call when it fails"
    return "no team is responsible when it fails"
