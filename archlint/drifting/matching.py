"""Which components of a description are which components of a deployment: by `deployed_as`, by name, by other names.

One component may be deployed as several, and several may be one: those that belong together are a group.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from archlint.importers.draft import Component as Deployed
from archlint.importers.draft import Draft
from archlint.model.architecture import Architecture, Component

_SEPARATORS: Final = re.compile(r"[\s_.]+")


class Group(msgspec.Struct):
    """Components of both sides that are the same."""

    described: list[Component] = []
    deployed: list[Deployed] = []

    @property
    def name(self) -> str:
        """Its name: that of the description, if it has one."""
        named = [one.name for one in self.described] or [one.name for one in self.deployed]
        return " + ".join(named)


class Matching(msgspec.Struct):
    """The groups, and what has no counterpart; `wrong` are names in `deployed_as` that no deployment file has."""

    groups: list[Group]
    described: dict[str, Group]
    deployed: dict[str, Group]
    only_described: list[Component]
    only_deployed: list[Deployed]
    wrong: list[tuple[Component, str]]


def match(architecture: Architecture, draft: Draft) -> Matching:
    """Match the components of a description with those of a deployment.

    The names in `deployed_as` may be those of another deployment of the system: if this one has none of them, the
    component's own name is tried.
    """
    deployed = {name: one for name, one in draft.components.items() if not is_made_up(one)}
    table = _names(deployed)
    pairs: list[tuple[str, str]] = []
    wrong: list[tuple[Component, str]] = []
    taken: set[str] = set()
    open_ones: list[Component] = []
    for component in architecture.components.values():
        if not component.deployed_as and not is_elsewhere(architecture, component):
            open_ones.append(component)
        elsewhere = component.deployed_as and not any(normal(name) in table for name in component.deployed_as)
        names = (component.name,) if elsewhere and normal(component.name) in table else component.deployed_as
        for name in names:
            found = table.get(normal(name))
            if found is None:
                wrong.append((component, name))
            else:
                pairs.append((component.name, found))
                taken.add(found)
    exact = {normal(name): name for name in deployed}
    for known in (exact, table):
        left = []
        for component in open_ones:
            found = known.get(normal(component.name))
            if found is None or (found in taken and known is table):
                left.append(component)
            else:
                pairs.append((component.name, found))
                taken.add(found)
        open_ones = left
    return _grouped(architecture, deployed, pairs, open_ones, wrong)


def normal(name: str) -> str:
    """Return a name without what does not distinguish names.

    >>> normal("Ranker_API") == normal("ranker-api")
    True
    """
    return _SEPARATORS.sub("-", name.strip().lower())


def is_made_up(one: Deployed) -> bool:
    """Whether the import added a component that no file defines: the client for requests from outside."""
    return one.unit.role == "external" and one.unit.what == "client"


def is_step(one: Deployed) -> bool:
    """Whether a component is a step before the start of a pod, and belongs to the component that the pod runs."""
    return one.unit.what == "init container" and one.unit.role == "loader"


def is_elsewhere(architecture: Architecture, component: Component) -> bool:
    """Whether a description says that the deployment files do not deploy a component: `deployed_as: none`."""
    return component.place("deployed_as").identity in architecture.nones


def _names(deployed: Mapping[str, Deployed]) -> dict[str, str]:
    """Return each component by all of its names; names that several have are left out, unless they are its own."""
    owners: dict[str, set[str]] = {}
    for name, one in deployed.items():
        for other in (one.unit.name, *one.unit.names):
            owners.setdefault(normal(other), set()).add(name)
    found = {other: next(iter(names)) for other, names in owners.items() if len(names) == 1}
    return found | {normal(name): name for name in deployed}


def _grouped(
    architecture: Architecture, deployed: Mapping[str, Deployed], pairs: Iterable[tuple[str, str]],
    only_described: list[Component], wrong: list[tuple[Component, str]],
) -> Matching:  # fmt: skip
    """Join pairs that share a component into groups, in the order of the description."""
    of_description: dict[str, Group] = {}
    of_deployment: dict[str, Group] = {}
    groups: list[Group] = []
    for name, other in pairs:
        mine, theirs = of_description.get(name), of_deployment.get(other)
        group = mine or theirs or Group()
        if mine is None and theirs is None:
            groups.append(group)
        if mine is not None and theirs is not None and mine is not theirs:
            groups.remove(theirs)
            mine.described += theirs.described
            mine.deployed += theirs.deployed
            of_description.update({one.name: mine for one in theirs.described})
            of_deployment.update({one.name: mine for one in theirs.deployed})
        if mine is None:
            group.described.append(architecture.components[name])
            of_description[name] = group
        if theirs is None:
            group.deployed.append(deployed[other])
            of_deployment[other] = group
    only_deployed = [one for name, one in deployed.items() if name not in of_deployment and not is_step(one)]
    return Matching(groups, of_description, of_deployment, only_described, only_deployed, wrong)


def likely(component: Component, others: Iterable[Deployed]) -> Iterator[str]:
    """Yield the deployed components without counterpart that may be this one: those of its kind."""
    for one in others:
        if one.kind == component.kind or (component.uses is not None and one.uses == component.uses):
            yield one.name
