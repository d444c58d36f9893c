"""Signatures describe the parts of a system without names: kind, models, kinds of the neighbours.

A signature is readable text in a baseline. A rename, a moved line or another order does not change it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from archlint.model.architecture import Architecture, Component, Model, Workload
from archlint.model.words import VERBS

Part = tuple[str, str]
"""A part of a system: its section and its name, as `("components", "api")`."""
Signatures = Mapping[Part, str]

SECTIONS: Final = ("workloads", "models", "components")
_MODEL_KEYS: Final = frozenset({"serves", "trains", "models"})
_COMPONENT_KEYS: Final = frozenset({"callback", "dead_letter", "features", "registry"})


def signatures(architecture: Architecture) -> dict[Part, str]:
    """Return the signature of each component, model and workload.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... models: {ranker: {framework: onnx}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, serves: [ranker], logs_to: [log]}
    ...   log: {kind: log-store}
    ... ''')
    >>> found = signatures(system.architecture)
    >>> found["components", "api"], found["models", "ranker"]
    ('service; serves 1; logs_to log-store; client calls it', 'model; onnx; served by service')
    """
    around: dict[str, Counter[str]] = {name: Counter() for name in architecture.components}
    for name, component in architecture.components.items():
        for relation in component.relations:
            target = architecture.components.get(relation.target)
            around[name][f"{relation.verb} {target.kind if target is not None else 'nothing'}"] += 1
            if target is not None:
                around[relation.target][f"{component.kind} {relation.verb} it"] += 1
    found: dict[Part, str] = {}
    for name, component in architecture.components.items():
        found["components", name] = _component(component, around[name])
    uses = _Uses(architecture)
    found |= {("models", name): uses.model(model) for name, model in architecture.models.items()}
    found |= {("workloads", name): uses.workload(load) for name, load in architecture.workloads.items()}
    return found


def _component(component: Component, around: Counter[str]) -> str:
    models = {"serves": len(component.serves), "trains": len(component.trains)}
    return _joined([component.kind, *(f"{verb} {count}" for verb, count in models.items() if count), *_counted(around)])


class _Uses:
    """The components that serve and train each model, and the workloads that run it."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self.of_model: dict[str, Counter[str]] = {name: Counter() for name in architecture.models}
        for component in architecture.components.values():
            self._add(component.serves, f"served by {component.kind}")
            self._add(component.trains, f"trained by {component.kind}")
        for workload in architecture.workloads.values():
            self._add(workload.models or (), "run by a workload")

    def _add(self, models: Iterable[str], what: str) -> None:
        for model in models:
            if model in self.of_model:
                self.of_model[model][what] += 1

    def model(self, model: Model) -> str:
        return _joined(["model", *filter(None, [model.framework, model.format]), *_counted(self.of_model[model.name])])

    def workload(self, workload: Workload) -> str:
        components = self.architecture.components
        said = ["workload"]
        for word, name in (("from", workload.entrance.client), ("to", workload.entrance.to)):
            if name is not None:
                said.append(f"{word} {components[name].kind if name in components else 'nothing'}")
        if workload.models is not None:
            said.append(f"runs {len(workload.models)}")
        if workload.inputs is not None:
            said.append(f"inputs {workload.inputs}")
        return _joined(said)


def _counted(items: Counter[str]) -> list[str]:
    """List each relation once with its number; outgoing relations come before incoming ones."""
    rows = sorted(items.items(), key=lambda item: (item[0].endswith(" it"), item[0]))
    return [text if count == 1 else f"{count}x {text}" for text, count in rows]


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def name_positions(path: Sequence[str]) -> dict[int, str]:
    """Return the positions of names in the path of a finding, with the section of each name.

    >>> name_positions(("components", "api", "calls", "db", "timeout"))
    {1: 'components', 3: 'components'}
    """
    if len(path) < 2 or path[0] not in SECTIONS:
        return {}
    found = {1: path[0]}
    if len(path) > 3 and path[2] in _MODEL_KEYS:
        found[3] = "models"
    elif len(path) > 3 and (path[2] in VERBS or path[2] in _COMPONENT_KEYS):
        found[3] = "components"
    return found


def named_parts(path: Sequence[str]) -> Iterator[Part]:
    """Yield the parts whose names are in the path of a finding."""
    return ((section, path[index]) for index, section in name_positions(path).items())


def own_signature(signature: str) -> str:
    """Return the signature of the first part in the signature of a place; empty if there is none.

    >>> own_signature("[service; reads cache] reads [cache; service reads it]")
    'service; reads cache'
    """
    depth = 0
    for index, char in enumerate(signature):
        depth += (char == "[") - (char == "]")
        if depth == 0:
            return signature[1:index]
    return ""


def likeness(one: str, other: str) -> float:
    """Return the share of common items of two signatures of parts, from 0 to 1; 0 for parts of different kinds.

    >>> likeness("service; 2x calls service; client calls it", "service; calls service; client calls it")
    0.8
    >>> likeness("service; client calls it", "gateway; client calls it"), likeness("service", "service")
    (0.0, 0.0)
    """
    (kind, *items), (other_kind, *others) = one.split("; "), other.split("; ")
    counts, other_counts = _items(items), _items(others)
    if kind != other_kind or not counts or not other_counts:
        return 0.0
    return 2 * (counts & other_counts).total() / (counts.total() + other_counts.total())


def _items(words: Iterable[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for word in words:
        number, _, what = word.partition("x ")
        found[what if number.isdecimal() else word] += int(number) if number.isdecimal() else 1
    return found


def signature_of(paths: Sequence[Sequence[str]], parts: Signatures) -> str:
    """Return the signature of places: their paths, in which signatures of parts replace their names.

    Empty if a path names no existing part: such a place can be matched by its path only.

    >>> signature_of([("components", "api", "calls", "db")], {("components", "api"): "service"})
    '[service] calls db'
    """
    found = [_signature(path, parts) for path in paths]
    return " + ".join(sorted(found)) if all(found) else ""


def _signature(path: Sequence[str], parts: Signatures) -> str:
    positions = name_positions(path)
    if not positions or (path[0], path[1]) not in parts:
        return ""
    words = []
    for index, name in enumerate(path[1:], start=1):
        known = parts.get((positions[index], name)) if index in positions else None
        words.append(name if known is None else f"[{known}]")
    return " ".join(words)
