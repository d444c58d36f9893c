"""A caller that waits without a limit: one hanging callee holds it for ever."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Relation
from archlint.verdicts import Hit, Related, Verdict


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield one hit a caller, at its first waiting relation without a timeout on some workload's waiting path."""
    on_path: dict[str, None] = {}
    for flow in dict.fromkeys(system.flow(workload) for workload in system.workloads.values()):
        on_path.update(flow.waiting)
    for name in system.components:
        if name in on_path:
            missing = [r for r in system.topology.outgoing[name] if _waits_for_ever(system, r, on_path)]
            if missing:
                yield _hit(missing)


def _waits_for_ever(system: System, relation: Relation, on_path: dict[str, None]) -> bool:
    return (
        relation.target in on_path and relation.waits and system.facts.timeout_s(relation) is None
    )


def _hit(missing: list[Relation]) -> Hit:
    caller = missing[0].source
    names = ", ".join(f"`{relation.target}`" for relation in missing[:6]) + (", …" if len(missing) > 6 else "")
    message = f"`{caller}` waits for {names} without a timeout: a callee that hangs holds it for ever"
    related = tuple(Related(relation.place(), "no timeout either") for relation in missing[1:9])
    absent = tuple(relation.place("timeout") for relation in missing)
    return Hit(missing[0].place(), message, (), related, absent=absent, cures=("timeout-budget",), cause=f"component {caller}")
