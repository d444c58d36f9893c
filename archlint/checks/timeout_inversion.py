"""A caller that gives up before its callee: the callee works on for nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from archlint.analysis.generation import streamed
from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Relation
from archlint.model.quantities import format_count, format_duration
from archlint.topology import Flow, Step
from archlint.verdicts import Hit, NoParams, Origin, Related, Term, Verdict

_MOST_SHOWN: Final = 8
Key = tuple[str, str, int]


class _Early(msgspec.Struct, frozen=True):
    """A call that ends before a call of its callee can end: after `timeout_s`, before `needed_s`."""

    call: Relation
    behind: Relation
    timeout_s: float
    needed_s: float

    @property
    def degree(self) -> float:
        """How much of the callee's time the caller cuts off, from 0 to 1."""
        return beyond(self.needed_s, self.timeout_s)


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each caller with a timeout below all attempts of a call of its callee, at the worst timeout."""
    found: dict[Key, _Early] = {}
    seen: set[tuple[int, str]] = set()
    streams: set[Key] | None = None
    for flow, names in _flows(system):
        for name in names:
            if name != flow.client and (id(flow.routes), name) in seen:
                continue
            seen.add((id(flow.routes), name))
            for step in flow.steps[name]:
                if step.waits and step.relation.timeout_s is not None and step.target in flow.reach.steps:
                    behind = flow.reach.steps[step.target]
                    early = _early(step.relation, behind)
                    if early is None or _in_a_circle(flow, step):
                        continue
                    streams = _streams(system) if streams is None else streams
                    key = _key(step.relation)
                    if key in streams:
                        early = _early(step.relation, [each for each in behind if each.relation.retries])
                    if early is not None and (key not in found or early.needed_s > found[key].needed_s):
                        found[key] = early
    by_caller: dict[str, list[_Early]] = {}
    for early in found.values():
        by_caller.setdefault(early.call.source, []).append(early)
    traffic = Traffic(system) if by_caller else None
    for calls in by_caller.values():
        if traffic is not None:
            yield _hit(calls, traffic)


def _flows(system: System) -> Iterator[tuple[Flow, Iterable[str]]]:
    """Yield each distinct flow with all that it waits for, and each workload's with its client alone."""
    yield from ((flow, flow.waiting) for flow in system.distinct_flows())
    flows = (system.flow(workload) for workload in system.workloads.values())
    yield from ((flow, (flow.client,)) for flow in flows if flow.waiting)


def _key(relation: Relation) -> Key:
    return relation.source, relation.verb, relation.index


def _streams(system: System) -> set[Key]:
    """Return the calls over which answers are streamed.

    SRV014 compares their timeouts with the answer, so here only attempts that are repeated count.
    """
    return {_key(step.relation) for workload in system.workloads.values() for step in streamed(system, workload)}


def _in_a_circle(flow: Flow, step: Step) -> bool:
    """Return whether the callee waits for its caller in turn: no timeouts fit then, which is another rule's finding."""
    circles = flow.reach.circles
    return step.source in circles and circles[step.source] == circles.get(step.target)


def _early(call: Relation, steps: list[Step]) -> _Early | None:
    """Return the call of the callee that may last longest, if the caller has given up by then.

    Only one call is compared, though a callee may make several one after another: the proof needs no more.
    """
    longest: _Early | None = None
    for step in steps:
        behind = step.relation
        if step.waits and behind.timeout_s is not None and call.timeout_s is not None:
            needed_s = (1 + (behind.retries or 0.0)) * behind.timeout_s
            if exceeds(needed_s, call.timeout_s) and (longest is None or needed_s > longest.needed_s):
                longest = _Early(call, behind, call.timeout_s, needed_s)
    return longest


def _hit(calls: list[_Early], traffic: Traffic) -> Hit:
    worst = max(calls, key=lambda early: (early.degree, early.needed_s))
    call, behind = worst.call, worst.behind
    terms = [
        _timeout("timeout", call, limit=True),
        _timeout("callee_timeout", behind),
    ]
    if behind.retries:
        retries = behind.place("retries")
        terms.append(Term("retries", f"retries of {behind.source}", behind.retries, "count", Origin.STATED, retries))
    note = "(1 + retries) x timeout, without pauses between attempts"
    terms.append(Term("needed", f"until {behind.source} gives up", worst.needed_s, "s", Origin.DERIVED, None, note))
    places = dict.fromkeys(early.behind.place("timeout") for early in calls)
    each = tuple(early.call.place("timeout") for early in calls)
    return Hit(
        call.place("timeout"),
        _message(worst, len(calls) - 1),
        tuple(terms),
        tuple(Related(place, "its callee waits for this") for place in places)[:_MOST_SHOWN],
        absent=(call.place("timeout"), behind.place("timeout"), behind.place("retries")),
        cures=("timeout-budget",),
        loss=traffic.through(call.source) * worst.degree,
        each=each if len(each) > 1 else (),
    )


def _timeout(name: str, call: Relation, limit: bool = False) -> Term:
    label, at = f"timeout of {call.source}", call.place("timeout")
    return Term(name, label, call.timeout_s or 0.0, "s", Origin.STATED, at, limit=limit)


def _message(worst: _Early, others: int) -> str:
    call, behind = worst.call, worst.behind
    attempts = 1 + (behind.retries or 0.0)
    takes = f"up to {format_duration(worst.needed_s)}"
    if attempts > 1:
        each = format_duration(behind.timeout_s or 0.0)
        takes = f"{format_count(attempts)} attempts of {each}, {format_duration(worst.needed_s)} in total"
    more = f" ({others} more of its calls end too early)" if others else ""
    after = format_duration(worst.timeout_s)
    return (
        f"`{call.source}` gives up on `{call.target}` after {after}, but `{call.target}` may "
        f"wait for `{behind.target}` {takes}: it goes on working after its caller has gone{more}"
    )
