"""Compares the description of a system with its deployment.

A description may say more than deployment files can, and the other way round. What counts is what both could state:
components that deployment files run, relations between components that both have, and facts that both state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from archlint.analysis.stated import Fact, facts_of
from archlint.drifting.found import DIFFERS, NOT_DEPLOYED, NOT_DESCRIBED, Drift, Drifted
from archlint.drifting.matching import Group, Matching, likely, match
from archlint.importers.draft import Component as Deployed
from archlint.importers.draft import Draft
from archlint.importers.draft import Relation as Edge
from archlint.importers.objects import Site
from archlint.model.architecture import Architecture, Component, Relation
from archlint.model.locate import locate
from archlint.model.places import Place
from archlint.verdicts import Location

OUTSIDE: Final = frozenset({"client", "external", "edge-device"})
"""Kinds that the files of one deployment need not show."""
SHARED: Final = frozenset({"log-store", "monitoring", "object-store", "warehouse"})
"""Kinds that often belong to a platform: deployment files must show one only if the description states its image."""
QUIET: Final = frozenset({"logs_to", "monitored_by", "loads", "triggers"})
"""Verbs of relations that are often made in code or by a platform."""
PULLING: Final = frozenset({"consumes", "loads", "monitored_by", "reads"})
"""Verbs of relations that may be described in the other direction."""
SKIPPED: Final = frozenset({"kind", "serves", "loads_model", "uses", "deployed_as", "description"})
"""Facts of a component that an import infers, or that are compared elsewhere."""
_REPLICAS: Final = ("replicas", "replicas.min", "replicas.max")


def find_drift(described: Architecture, deployed: Architecture, draft: Draft) -> Drifted:
    """Compare a description with a deployment: as the reader has it, and as the import has it."""
    return _Comparison(described, deployed, draft).drifted()


class _Comparison:
    """One comparison."""

    def __init__(self, described: Architecture, deployed: Architecture, draft: Draft) -> None:
        self.described = described
        self.deployed = deployed
        self.draft = draft
        self.matching: Matching = match(described, draft)

    def drifted(self) -> Drifted:
        found = [*self._components(), *self._relations()]
        for group in self.matching.groups:
            found += (*self._facts(group), *self._models(group))
        unseen = [one.name for one in self.matching.only_described if not _must_show(one)]
        document = self.described.document
        return Drifted(
            document.name, self.deployed.document.imported, tuple(found), tuple(unseen), len(self.matching.groups)
        )

    def here(self, place: Place) -> Location:
        """Return a place of the description."""
        document, span = locate(self.described.origins, place, self.described.document)
        return location(Site(document, span))

    def there(self, place: Place) -> Location:
        """Return a place of the deployment."""
        document, span = locate(self.deployed.origins, place, self.deployed.document)
        return location(Site(document, span))

    def _components(self) -> Iterator[Drift]:
        for component in self.matching.only_described:
            if not _must_show(component):
                continue
            names = list(likely(component, self.matching.only_deployed))
            hint = f"if it is `{names[0]}`, add `deployed_as: {names[0]}`; " if len(names) == 1 else ""
            at = component.place()
            yield Drift(
                "component", component.name, NOT_DEPLOYED, f"`{component.name}` is described, and no file deploys it",
                self.here(at), at=at.at, hint=f"{hint}if it is deployed elsewhere, add `deployed_as: none`",
            )  # fmt: skip
        for component, name in self.matching.wrong:
            at = component.place("deployed_as")
            yield Drift(
                "component", component.name, NOT_DEPLOYED, f"`{component.name}` is deployed as `{name}`, and no file "
                "deploys that", self.here(at), at=at.at, hint="correct the name",
            )  # fmt: skip
        for one in self.matching.only_deployed:
            yield Drift(
                "component", one.name, NOT_DESCRIBED, f"{one.kind} `{one.name}` is deployed, and not described",
                location(one.site), hint="add it, or name it in `deployed_as` of the component that it belongs to",
            )  # fmt: skip

    def _relations(self) -> Iterator[Drift]:
        """Compare which groups use which others; the verbs of an import are inferred, and do not count."""
        edges: dict[tuple[int, int], list[tuple[Deployed, Edge]]] = {}
        hints: set[tuple[int, int]] = set()
        for one in self.draft.components.values():
            for edge in one.relations:
                if (ends := self._ends(self.matching.deployed, one.name, edge.target)) is not None:
                    edges.setdefault(ends, []).append((one, edge))
            for edge in (*one.weak, *one.order):
                if (ends := self._ends(self.matching.deployed, one.name, edge.target)) is not None:
                    hints.add(ends)
        known: dict[tuple[int, int], list[Relation]] = {}
        for component in self.described.components.values():
            for relation in component.relations:
                ends = self._ends(self.matching.described, component.name, relation.target)
                if ends is not None:
                    known.setdefault(ends, []).append(relation)
            for target in _other_targets(component):
                ends = self._ends(self.matching.described, component.name, target)
                if ends is not None:
                    known.setdefault(ends, [])
        for ends, relations in known.items():
            if ends in edges:
                yield from self._attributes(relations, edges[ends])
            elif ends not in hints and not _pulls(relations, edges.get((ends[1], ends[0]), [])):
                loud = [relation for relation in relations if relation.verb not in QUIET]
                for relation in loud[:1]:
                    yield self._not_deployed(relation)
        for ends, found in edges.items():
            backwards = _pulls(known.get((ends[1], ends[0]), []), found)
            if ends not in known and not backwards and not self._is_indirect(*found[0]):
                yield self._not_described(*found[0])

    def _is_indirect(self, one: Deployed, edge: Edge) -> bool:
        """Whether the description has a relation through components that only it has, such as a balancer."""
        wanted = self.matching.deployed[edge.target]
        waiting = [component.name for component in self.matching.deployed[one.name].described]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            for relation in self.described.components[name].relations:
                group = self.matching.described.get(relation.target)
                if group is wanted:
                    return True
                if group is None and relation.target in self.described.components and relation.target not in seen:
                    seen.add(relation.target)
                    waiting.append(relation.target)
        return False

    def _ends(self, side: Mapping[str, Group], source: str, target: str) -> tuple[int, int] | None:
        """Return the groups of a relation; None for one within a group, or with an end that only one side has."""
        first, second = side.get(source), side.get(target)
        if first is None or second is None or first is second:
            return None
        return id(first), id(second)

    def _not_deployed(self, relation: Relation) -> Drift:
        at = relation.place()
        message = f"`{relation.source}` {relation.verb} `{relation.target}`, and no deployment file shows it"
        source = self.matching.described[relation.source].deployed[0]
        return Drift(
            "relation", f"{relation.source} -> {relation.target}", NOT_DEPLOYED, message, self.here(at),
            location(source.site), at.at,
        )  # fmt: skip

    def _not_described(self, one: Deployed, edge: Edge) -> Drift:
        source = self.matching.deployed[one.name].described[0]
        target = self.matching.deployed[edge.target].described[0]
        verb = edge.verb.replace("_", " ")
        return Drift(
            "relation", f"{source.name} -> {target.name}", NOT_DESCRIBED,
            f"`{source.name}` {verb} `{target.name}` ({edge.derivation}), which is not described",
            location(edge.site), self.here(source.place()), hint=f"add `{edge.verb}: [{target.name}]`",
        )  # fmt: skip

    def _attributes(self, relations: list[Relation], edges: list[tuple[Deployed, Edge]]) -> Iterator[Drift]:
        """Compare the facts of a relation, if each side has one with this verb."""
        deployed = [
            relation for one, edge in edges for relation in self.deployed.components[one.name].relations
            if relation.target == edge.target and relation.verb == edge.verb
        ]  # fmt: skip
        for relation in relations:
            same = [other for other in deployed if other.verb == relation.verb]
            if len(same) != 1 or sum(other.verb == relation.verb for other in relations) != 1:
                continue
            part = f"{relation.source} -> {relation.target}"
            mine, theirs = relation.place(), same[0].place()
            for key, was, now in _differing(facts_of(relation), facts_of(same[0])):
                yield self._differs(part, key, was.text, now.text, mine.key(key), theirs.key(key))

    def _facts(self, group: Group) -> Iterator[Drift]:
        """Compare the facts that both sides state, if the group is one component of the description."""
        if len(group.described) != 1:
            return
        component = group.described[0]
        mine = facts_of(component)
        yield from self._replicas(component, mine, group)
        for one in group.deployed:
            if one.name not in self.deployed.components:
                continue
            record = self.deployed.components[one.name]
            theirs = facts_of(record)
            if one.unit.image is not None and one.reason.startswith("image"):
                yield from self._technology(component, record)
            for key, was, now in _differing(mine, theirs):
                steps = key.split(".")
                places = component.place(*steps), record.place(*steps)
                yield self._differs(component.name, key, was.text, now.text, *places)

    def _technology(self, component: Component, record: Component) -> Iterator[Drift]:
        if component.uses and record.uses and component.uses.lower() != record.uses.lower():
            places = component.place("uses"), record.place("uses")
            yield self._differs(component.name, "uses", component.uses, record.uses, *places)

    def _replicas(self, component: Component, mine: Mapping[str, Fact], group: Group) -> Iterator[Drift]:
        """Compare the replicas: those of several deployed components add up."""
        records = [self.deployed.components[one.name] for one in group.deployed]
        described = _amount(mine)
        if not described or not records:
            return
        amounts = [_amount(facts_of(record)) for record in records]
        if len(records) == 1:
            deployed = amounts[0]
        elif "replicas" not in described or any("replicas.min" in amount for amount in amounts):
            return
        else:
            total = sum(record.replicas if record.replicas is not None else 1.0 for record in records)
            deployed = {"replicas": Fact(total, f"{total:g}")}
        if deployed and not _same(described, deployed) and not _within(described, deployed, group):
            places = component.place("replicas"), records[0].place("replicas")
            yield self._differs(component.name, "replicas", _shown(described), _shown(deployed), *places)

    def _models(self, group: Group) -> Iterator[Drift]:
        """Compare the models that a group serves, and the facts of those that both sides have."""
        deployed = [
            (one, model) for one in group.deployed for model in one.serves
            if model != f"{one.unit.name}-model" or self.draft.models.get(model)
        ]  # fmt: skip
        described = [(one, model) for one in group.described for model in one.serves]
        if not deployed or not described:
            return
        names, others = {model for _, model in described}, {model for _, model in deployed}
        for one, model in deployed:
            if model in names:
                yield from self._model(model)
            else:
                yield Drift(
                    "model", f"{group.name} serves {model}", NOT_DESCRIBED,
                    f"`{one.name}` serves the model `{model}`, which is not described",
                    location(one.site), self.here(group.described[0].place("serves")),
                )  # fmt: skip
        for component, model in described:
            if model not in others:
                at = component.place("serves")
                yield Drift(
                    "model", f"{component.name} serves {model}", NOT_DEPLOYED,
                    f"`{component.name}` serves the model `{model}`, which no file deploys",
                    self.here(at), location(deployed[0][0].site), at.at,
                )  # fmt: skip

    def _model(self, name: str) -> Iterator[Drift]:
        mine, theirs = self.described.models.get(name), self.deployed.models.get(name)
        if mine is None or theirs is None:
            return
        for key, was, now in _differing(facts_of(mine), facts_of(theirs)):
            steps = key.split(".")
            yield self._differs(f"model {name}", key, was.text, now.text, mine.place(*steps), theirs.place(*steps))

    def _differs(self, part: str, key: str, was: str, now: str, mine: Place, theirs: Place) -> Drift:
        message = f"{key} of `{part}`: {was} described, {now} deployed"
        return Drift("fact", f"{part} {key}", DIFFERS, message, self.here(mine), self.there(theirs), mine.at, was, now)


def location(site: Site) -> Location:
    """Return a place in a file."""
    document, span = site.document.home(site.span)
    start, end = document.position(span.start), document.position(max(span.end, span.start + 1))
    return Location(document.name, start.line, start.column, end.line, end.column)


def _must_show(component: Component) -> bool:
    """Whether deployment files would show a component if they deployed it."""
    return component.kind not in OUTSIDE and (component.kind not in SHARED or component.image is not None)


def _other_targets(component: Component) -> Iterable[str]:
    """Components that a component names without a relation."""
    return (*component.callback, *filter(None, (component.features, component.dead_letter)))


def _pulls(relations: list[Relation], edges: list[tuple[Deployed, Edge]]) -> bool:
    """Whether relations of both sides in opposite directions are the same: one side pulls what the other pushes."""
    verbs = {relation.verb for relation in relations} | {edge.verb for _, edge in edges}
    return bool(relations) and bool(edges) and not verbs.isdisjoint(PULLING)


def _differing(mine: Mapping[str, Fact], theirs: Mapping[str, Fact]) -> Iterator[tuple[str, Fact, Fact]]:
    """Yield the facts that both sides state with different values."""
    for key, fact in theirs.items():
        if key in mine and key not in SKIPPED and key not in _REPLICAS and not mine[key].is_like(fact):
            yield key, mine[key], fact


def _amount(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Return how many replicas a component has: a number, or the ends of a range."""
    return {key: facts[key] for key in _REPLICAS if key in facts}


def _same(mine: Mapping[str, Fact], theirs: Mapping[str, Fact]) -> bool:
    both = mine.keys() & theirs.keys()
    return bool(both) and all(mine[key].is_like(theirs[key]) for key in both)


def _within(mine: Mapping[str, Fact], theirs: Mapping[str, Fact], group: Group) -> bool:
    """Whether a fixed number is in a described range, in files of Compose, which cannot state a range."""
    low, high, number = mine.get("replicas.min"), mine.get("replicas.max"), theirs.get("replicas")
    values = [fact.value for fact in (low, number, high) if fact is not None and isinstance(fact.value, int | float)]
    return len(values) == 3 and values == sorted(values) and all(one.unit.format == "compose" for one in group.deployed)


def _shown(amount: Mapping[str, Fact]) -> str:
    texts = {fact.text: None for fact in amount.values()}
    return " to ".join(texts)
