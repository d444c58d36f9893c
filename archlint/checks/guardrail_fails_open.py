"""A guardrail that requests pass by when it fails, on a path that the public can reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.places import Place
from archlint.topology import Flow
from archlint.verdicts import Hit, NoParams, Related, Undecided, Verdict


class _Passed(msgspec.Struct):
    """The workloads whose requests pass a guardrail by, and where the public enters."""

    workloads: list[Workload]
    public: list[Component]
    unknown: list[Place]


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each relation to a guardrail that fails open on a public path, at the key that says so."""
    passed: dict[Place, tuple[Relation, _Passed]] = {}
    for workload in system.workloads.values():
        flow = system.flow(workload)
        relations = list(_to_guardrails(system, flow))
        needed = flow.needed()
        if any(relation.fails == "closed" and relation.target in needed for relation in relations):
            continue          # this one checks each request, whatever the others do
        for relation in relations:
            if relation.fails != "closed":
                found = passed.setdefault(relation.place(), (relation, _Passed([], [], [])))[1]
                found.workloads.append(workload)
                _add_exposure(system, flow, found)
    traffic = Traffic(system)
    for relation, found in passed.values():
        yield from _judge(relation, found, traffic)


def _to_guardrails(system: System, flow: Flow) -> Iterator[Relation]:
    """Yield the calls of guardrails, without those in whose place another guardrail checks the requests."""
    for name in flow.waiting:
        for step in flow.steps[name]:
            if step.waits and system.components[step.target].kind == "guardrail":
                other = system.components.get(step.relation.fallback or "")
                if other is None or other.kind != "guardrail" or other.name == step.target:
                    yield step.relation


def _judge(relation: Relation, found: _Passed, traffic: Traffic) -> Iterator[Verdict]:
    opens = relation.fails == "open" or bool(relation.optional)
    unknown = [] if opens else [relation.place("fails")]
    if opens and found.public:
        yield _hit(relation, found, traffic.share(found.workloads))
    elif found.public or found.unknown:
        because = f"whether requests of the public pass `{relation.target}` unchecked if it fails"
        yield Undecided(relation.place(), tuple(dict.fromkeys((*unknown, *found.unknown))), because)


def _add_exposure(system: System, flow: Flow, found: _Passed) -> None:
    """Add the components where the public enters; if no component says who can reach it, those where it could."""
    stated = [component for name in flow.waiting if (component := system.components[name]).exposed is not None]
    public = [component for component in stated if component.exposed == "public"]
    found.public += [component for component in public if component not in found.public]
    if not stated:
        found.unknown += [system.components[step.target].place("exposed") for step in flow.steps[flow.client]]


def _hit(relation: Relation, found: _Passed, loss: float) -> Hit:
    at = relation.place("fails") if relation.fails is not None else relation.place("optional")
    public = listed(component.name for component in found.public)
    return Hit(
        at,
        f"if `{relation.target}` fails, `{relation.source}` continues without it, and the public reaches {public}: "
        f"an attacker can overload `{relation.target}`, and requests of {_names(found.workloads)} are then unchecked",
        (),
        tuple(Related(component.place("exposed"), "the public reaches it") for component in found.public[:4]),
        absent=(relation.place("fallback"),) if relation.fails is None else (),
        loss=loss,
    )


def _names(workloads: Sequence[Workload]) -> str:
    return listed(workload.name for workload in workloads)
