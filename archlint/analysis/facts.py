"""Facts with where they come from: stated in the file, else assumed by the technology catalogue."""

from __future__ import annotations

from typing import Final

import msgspec

from archlint.catalog.technologies import Technologies, Technology
from archlint.model.architecture import Component, Relation
from archlint.model.places import Place
from archlint.verdicts import Origin, Term

DEFAULT_WORKERS: Final = 1.0


class Fact(msgspec.Struct, frozen=True):
    """A value with its origin; `source` says why it is assumed, or which formula derives it."""

    value: float | bool | str
    origin: Origin
    at: Place | None = None
    source: str = ""

    def term(self, name: str, label: str, unit: str = "", limit: bool = False) -> Term:
        """The fact as a line of a finding's arithmetic."""
        return Term(name, label, self.value, unit, self.origin, self.at, self.source, limit)


class Facts:
    """What is known of components and relations."""

    def __init__(self, components: dict[str, Component], technologies: Technologies) -> None:
        self._components = components
        self._technologies = technologies

    def technology(self, component: Component) -> Technology | None:
        """The catalogue's entry of what a component uses."""
        return self._technologies.get(component.uses)

    def _assumed(self, component: Component, key: str) -> Fact | None:
        technology = self.technology(component)
        known = technology.assumed.get(key) if technology else None
        if technology is None or known is None:
            return None
        return Fact(known.value, Origin.ASSUMED, None, f"{technology.title}: {known.because} ({known.source})")

    def persistent(self, component: Component) -> Fact | None:
        """Whether what a component accepted survives a restart; None where nobody says."""
        if component.persistent is not None:
            return Fact(component.persistent, Origin.STATED, component.place("persistent"))
        return self._assumed(component, "persistent")

    def redundant(self, component: Component) -> Fact | None:
        """Whether the provider of a managed technology keeps it up over several zones."""
        if component.replicas is not None or component.scaling is not None:
            return None                   # the file says how many stand: its word counts
        return self._assumed(component, "redundant")

    def timeout_s(self, relation: Relation) -> Fact | None:
        """The time that one attempt of a relation may take: stated, else the default of the caller's technology."""
        if relation.timeout_s is not None:
            return Fact(relation.timeout_s, Origin.STATED, relation.place("timeout"))
        return self._assumed(self._components[relation.source], "timeout")

    def balancing(self, component: Component) -> Fact | None:
        """How requests are spread over a component's replicas; None where nobody says."""
        if component.balancing is not None:
            return Fact(component.balancing, Origin.STATED, component.place("balancing"))
        return self._assumed(component, "balancing")

    def workers(self, component: Component) -> Fact:
        """Requests that one replica works on at a time; 1 where nobody says."""
        if component.workers is not None:
            return Fact(component.workers, Origin.STATED, component.place("workers"))
        default = Fact(DEFAULT_WORKERS, Origin.ASSUMED, None, "default: one at a time")
        return self._assumed(component, "workers") or default

    def replicas(self, component: Component) -> Fact | None:
        """The replicas that stand at any time."""
        autoscale, scaling = component.autoscale, component.scaling
        if autoscale is not None and autoscale.minimum is not None:
            # An autoscaler takes over from whatever number it started with.
            return Fact(autoscale.minimum, Origin.STATED, component.place("autoscale", "min"))
        if scaling is not None and scaling.minimum is not None:
            return Fact(scaling.minimum, Origin.STATED, component.place("replicas", "min"))
        if component.replicas is not None:
            return Fact(component.replicas, Origin.STATED, component.place("replicas"))
        return None
