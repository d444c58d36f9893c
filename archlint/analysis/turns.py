"""Requests that get several generated answers in turn: which of them has the tokens that a workload states is unsaid.

A router that writes one word, a guard that says yes or no, a planner: each is asked before or after the model that
writes the answer. So the tokens of a workload prove nothing of any one of them. Alternatives (`either`, branches with a
`share`, fallbacks) are another matter: each request gets the answer of one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from archlint.analysis.generation import after_the_first, generating
from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.topology import EITHER, SHARE, Flow, Step

_SEVERAL = 2
_ALL = 1 + 1e-9


def in_turn(system: System, workload: Workload) -> bool:
    """Return whether one request of a workload may get more than one generated answer.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... workloads: {ask: {from: page, stream: true}, chat: {from: app, stream: true}}
    ... models: {router: {ttft: 300ms}, answerer: {ttft: 500ms}}
    ... components:
    ...   page: {kind: client, calls: [small, big]}
    ...   app: {kind: client, calls: [{to: small, either: one}, {to: big, either: one}]}
    ...   small: {kind: model-server, serves: [router]}
    ...   big: {kind: model-server, serves: [answerer]}
    ... ''')
    >>> [in_turn(system, system.workloads[name]) for name in ("ask", "chat")]
    [True, False]
    """
    asked = system.once(_asked)
    if workload.name not in asked:
        asked[workload.name] = _worked_out(system, workload)
    return asked[workload.name]


def _asked(system: System) -> dict[str, bool]:
    return {}


def _worked_out(system: System, workload: Workload) -> bool:
    made = after_the_first(system, generating(system, workload))
    if not made:
        return False
    answers: dict[str, set[str]] = {}
    for serving in made:
        answers.setdefault(serving.server, set()).add(serving.model)
    flow = system.flow(workload)
    entry = flow.steps.get(flow.client, [])
    known = system.once(_known)
    entering = tuple((step.target, step.group, step.waits) for step in entry)
    key = flow.reach, entering, frozenset((serving.server, serving.model) for serving in made)
    if key not in known:
        known[key] = _most(flow, answers, entry) >= _SEVERAL
    return known[key]


def _known(system: System) -> dict[Hashable, bool]:
    return {}


def _most(flow: Flow, answers: Mapping[str, set[str]], entry: Sequence[Step]) -> int:
    """Return how many answers one request gets at most, counted up to two."""
    counts: dict[str, int] = {}
    reach = flow.reach
    for knot in reach.order:
        behind = 0
        for name in knot:
            steps = [step for step in reach.steps[name] if step.target not in knot]
            behind = max(behind, len(answers.get(name, ())) + _behind(steps, counts))
        round_again = len(knot) > 1 or knot[0] in reach.targets[knot[0]]
        for name in knot:
            counts[name] = _SEVERAL if round_again and behind else min(_SEVERAL, behind)
    return len(answers.get(flow.client, ())) + _behind(entry, counts)


def _behind(steps: Iterable[Step], counts: Mapping[str, int]) -> int:
    """Return how many answers a request gets behind some steps of one component."""
    total, alternatives = 0, dict[tuple[str, str], list[tuple[float, int]]]()
    for step in steps:
        relation, count = step.relation, counts.get(step.target, 0) if step.waits else 0
        if relation.either is not None:
            alternatives.setdefault((EITHER, relation.either), []).append((0.0, count))
        elif relation.share is not None and count:
            alternatives.setdefault((SHARE, relation.parallel or ""), []).append((relation.share, count))
        else:
            total += count
    for found in alternatives.values():
        several = sum(share for share, _ in found) > _ALL       # then a request may take more than one of them
        total += sum(count for _, count in found) if several else max(count for _, count in found)
    return total
