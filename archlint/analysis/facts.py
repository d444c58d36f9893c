"""Facts with their origin: stated in the file, otherwise assumed by the technology catalogue."""

from __future__ import annotations

from typing import Final

import msgspec

from archlint.catalog.technologies import Technologies, Technology
from archlint.model.architecture import Component, Relation
from archlint.model.places import Place
from archlint.verdicts import Origin, Term

DEFAULT_WORKERS: Final = 1.0


class Fact(msgspec.Struct, frozen=True):
    """A value with its origin; `source` is the reason for an assumption, or the formula of a derived value."""

    value: float | bool | str
    origin: Origin
    at: Place | None = None
    source: str = ""

    def term(self, name: str, label: str, unit: str = "", limit: bool = False) -> Term:
        """The fact as a line of a finding's arithmetic."""
        return Term(name, label, self.value, unit, self.origin, self.at, self.source, limit)


class Facts:
    """The known facts about components and relations."""

    def __init__(
        self, components: dict[str, Component], technologies: Technologies, nones: frozenset[str] = frozenset()
    ) -> None:
        self._components = components
        self._nones = nones
        self._technologies = technologies
        self._assumable: dict[tuple[str, ...], bool] = {}

    def technology(self, component: Component) -> Technology | None:
        """Return the catalogue entry of a component's technology."""
        return self._technologies.get(component.uses)

    def _assumed(self, component: Component, key: str) -> Fact | None:
        technology = self.technology(component)
        known = technology.assumed.get(key) if technology else None
        if technology is None or known is None:
            return None
        return Fact(known.value, Origin.ASSUMED, None, f"{technology.title}: {known.because} ({known.source})")

    def persistent(self, component: Component) -> Fact | None:
        """Return whether accepted data survives a restart; None if unknown."""
        if component.persistent is not None:
            return Fact(component.persistent, Origin.STATED, component.place("persistent"))
        return self._assumed(component, "persistent")

    def redundant(self, component: Component) -> Fact | None:
        """Return whether the provider of a managed technology runs it in several zones."""
        if component.replicas is not None or component.scaling is not None:
            return None                   # the file states the replicas, which takes precedence
        return self._assumed(component, "redundant")

    def serverless(self, component: Component) -> bool:
        """Whether the platform starts an instance for a request that finds none free, in any zone."""
        return self._is_assumed(component, "serverless")

    def names_only(self, component: Component) -> bool:
        """Whether the technology only answers with an address: requests go there without it."""
        return self._is_assumed(component, "names_only")

    def generates(self, component: Component) -> bool:
        """Whether the technology serves models that generate tokens."""
        return self._is_assumed(component, "generates")

    def never_generates(self, component: Component) -> bool:
        """Whether the technology serves only models that generate no tokens."""
        return self._default(component, "generates") is False

    def _default(self, component: Component, key: str) -> float | bool | str | None:
        """Return what the catalogue says of a component's technology."""
        technology = self.technology(component)
        known = technology.assumed.get(key) if technology is not None else None
        return None if known is None else known.value

    def _is_assumed(self, component: Component, key: str) -> bool:
        return bool(self._default(component, key))

    def may_be_assumed(self, component: Component, *keys: str) -> bool:
        """Whether the file states no technology, and one that fits the component has one of these defaults."""
        if component.uses is not None:
            return False
        sort = component.kind, *keys
        if sort not in self._assumable:
            fitting = (entry.assumed for entry in self._technologies.entries.values() if entry.fits(component.kind))
            known = (assumed[key] for assumed in fitting for key in keys if key in assumed)
            self._assumable[sort] = any(fact.value for fact in known)
        return self._assumable[sort]

    def timeout_s(self, relation: Relation) -> Fact | None:
        """Return the timeout of one attempt: stated, otherwise the default of the caller's technology."""
        if relation.timeout_s is not None:
            return Fact(relation.timeout_s, Origin.STATED, relation.place("timeout"))
        if self._nones and relation.place("timeout").identity in self._nones:
            return None
        return self._assumed(self._components[relation.source], "timeout")

    def redelivery_after(self, relation: Relation) -> Fact | None:
        """Return how long a message may be in hand before it is delivered again; None if it never is, or unknown.

        It is stated; otherwise the default of the queue's technology, or of the consumer's (Celery sets its own): the
        longer of both.
        """
        if relation.redelivery_after_s is not None:
            return Fact(relation.redelivery_after_s, Origin.STATED, relation.place("redelivery_after"))
        if self._nones and relation.place("redelivery_after").identity in self._nones:
            return None
        ends = (self._components[relation.target], self._components[relation.source])
        known = [fact for fact in (self._assumed(end, "redelivery_after") for end in ends) if fact is not None]
        return max(known, key=lambda fact: float(fact.value), default=None)

    def cuts_streams_after(self, relation: Relation) -> Fact | None:
        """Return the default timeout of the caller's technology, if it ends a response that still streams."""
        timeout = self.timeout_s(relation)
        if timeout is None or timeout.origin is Origin.STATED:
            return None
        return timeout if self._is_assumed(self._components[relation.source], "cuts_streams") else None

    def balancing(self, component: Component) -> Fact | None:
        """Return how requests are distributed over a component's replicas; None if unknown."""
        if component.balancing is not None:
            return Fact(component.balancing, Origin.STATED, component.place("balancing"))
        return self._assumed(component, "balancing")

    def spreads_requests(self, component: Component) -> bool:
        """Whether something spreads the requests over a component's replicas, in whatever way."""
        return component.balancing is not None or any(
            self._is_assumed(component, key) for key in ("balancing", "balanced")
        )

    def workers(self, component: Component) -> Fact:
        """Return how many requests one replica handles at a time; 1 if unknown."""
        if component.workers is not None:
            return Fact(component.workers, Origin.STATED, component.place("workers"))
        default = Fact(DEFAULT_WORKERS, Origin.ASSUMED, None, "default: one at a time")
        return self._assumed(component, "workers") or default

    def replicas(self, component: Component) -> Fact | None:
        """Return the replicas that always run."""
        autoscale, scaling = component.autoscale, component.scaling
        if autoscale is not None and autoscale.minimum is not None:
            # An autoscaler changes the initial number later.
            return Fact(autoscale.minimum, Origin.STATED, component.place("autoscale", "min"))
        if scaling is not None and scaling.minimum is not None:
            return Fact(scaling.minimum, Origin.STATED, component.place("replicas", "min"))
        if component.replicas is not None:
            return Fact(component.replicas, Origin.STATED, component.place("replicas"))
        return None
