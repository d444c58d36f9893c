"""A technology on a component of a kind that it plainly is not."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.catalog.technologies import Technology
from archlint.model.architecture import Component
from archlint.verdicts import Hit, NoParams, Related, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each component whose kind is not among what its technology can do."""
    for component in system.components.values():
        technology = system.facts.technology(component)
        if technology is not None and not technology.fits(component.kind):
            yield Hit(
                component.place("uses"), _message(system, component, technology), (),
                (Related(component.place("kind"), "the kind of the component"),),
            )  # fmt: skip


def _message(system: System, component: Component, technology: Technology) -> str:
    said = f"`{component.name}` has `kind: {component.kind}`, but {technology.title} serves as {_or(technology.kinds)}"
    for name in technology.unlike:
        other = system.technologies.get(name)
        if other is not None and other.fits(component.kind):
            return f"{said}; did you mean `{other.name}` ({other.title})?"
    return f"{said}; correct `kind` or `uses`"


def _or(kinds: tuple[str, ...]) -> str:
    """Join kinds with commas and "or".

    >>> _or(("queue", "log-store", "database"))
    'queue, log-store or database'
    """
    return " or ".join([", ".join(kinds[:-1]), kinds[-1]]) if len(kinds) > 1 else kinds[0]
