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


class _Exposure(msgspec.Struct, frozen=True):
    """Where the public enters; `unknown` would say it, where no component of a flow does."""

    public: tuple[Component, ...]
    unknown: tuple[Place, ...]


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each relation to a guardrail that fails open on a public path, at the key that says so."""
    passed: dict[Place, tuple[Relation, list[Workload]]] = {}
    for workload in system.workloads.values():
        flow = system.flow(workload)
        relations = list(_to_guardrails(system, flow))
        needed = flow.needed()
        if any(relation.fails == "closed" and relation.target in needed for relation in relations):
            continue          # this one checks each request, whatever the others do
        for relation in relations:
            if relation.fails != "closed":
                passed.setdefault(relation.place(), (relation, []))[1].append(workload)
    traffic = Traffic(system)
    exposures: dict[tuple[Flow, ...], _Exposure] = {}
    for relation, workloads in passed.values():
        flows = tuple(dict.fromkeys(map(system.flow, workloads)))
        if flows not in exposures:
            exposures[flows] = _exposure(system, flows)
        yield from _judge(relation, workloads, exposures[flows], traffic)


def _to_guardrails(system: System, flow: Flow) -> Iterator[Relation]:
    """Yield the calls of guardrails, without those in whose place another guardrail checks the requests."""
    for name in flow.waiting:
        for step in flow.steps[name]:
            if step.waits and system.components[step.target].kind == "guardrail":
                other = system.components.get(step.relation.fallback or "")
                if other is None or other.kind != "guardrail" or other.name == step.target:
                    yield step.relation


def _judge(
    relation: Relation, workloads: Sequence[Workload], exposure: _Exposure, traffic: Traffic
) -> Iterator[Verdict]:
    opens = relation.fails == "open" or bool(relation.optional)
    unknown = [] if opens else [relation.place("fails")]
    if opens and exposure.public:
        yield _hit(relation, workloads, exposure.public, traffic.share(workloads))
    elif exposure.public or exposure.unknown:
        because = f"whether requests of the public pass `{relation.target}` unchecked if it fails"
        yield Undecided(relation.place(), (*unknown, *exposure.unknown), because)


def _exposure(system: System, flows: Sequence[Flow]) -> _Exposure:
    """Return the components where the public enters; if none of a flow says who can reach it, those where it could."""
    public: dict[str, Component] = {}
    unknown: dict[Place, None] = {}
    for flow in flows:
        stated = [component for name in flow.waiting if (component := system.components[name]).exposed is not None]
        public.update((component.name, component) for component in stated if component.exposed == "public")
        if not stated:
            unknown.update((system.components[step.target].place("exposed"), None) for step in flow.steps[flow.client])
    return _Exposure(tuple(public.values()), tuple(unknown))


def _hit(relation: Relation, workloads: Sequence[Workload], public: Sequence[Component], loss: float) -> Hit:
    at = relation.place("fails") if relation.fails is not None else relation.place("optional")
    entrances = listed(component.name for component in public)
    return Hit(
        at,
        f"if `{relation.target}` fails, `{relation.source}` continues without it, and the public reaches {entrances}: "
        f"an attacker can overload `{relation.target}`, and requests of {_names(workloads)} are then unchecked",
        (),
        tuple(Related(component.place("exposed"), "the public reaches it") for component in public[:4]),
        absent=(relation.place("fallback"),) if relation.fails is None else (),
        loss=loss,
    )


def _names(workloads: Sequence[Workload]) -> str:
    return listed(workload.name for workload in workloads)
