"""Patterns of generated answers: retrieval before generation, checks, streams, and stages apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import product

import msgspec

from archlint.analysis.choices import are_exclusive, comes_before, stages_of
from archlint.analysis.generation import after_the_first, steps_to
from archlint.analysis.modes import EDGE, ONLINE
from archlint.analysis.patterns.reach import MOST, Servers, recognised
from archlint.analysis.patterns.view import View
from archlint.topology import Step
from archlint.verdicts import RecognisedPattern


def of_answers(view: View) -> Iterator[RecognisedPattern]:
    """Yield the patterns of a workload's generated or guarded answers."""
    if view.parts.indexes:
        yield from _rag(view)
    if view.parts.guardrails:
        yield from _guardrail(view)
    if view.workload.stream:
        yield from _streamed(view)
    if view.parts.staged:
        yield from _disaggregated(view)
    if view.parts.batching:
        yield from _batched(view)


class _Retrieval(msgspec.Struct, frozen=True):
    """A component whose requests search an index by some steps, and get an answer by others, or from itself."""

    name: str
    searches: list[Step]
    answers: list[Step]


def _rag(view: View) -> Iterator[RecognisedPattern]:
    """**rag**: a request searches an index, and then a model generates the answer.

    The index is a vector store, or another component with `index_of`. A search that may answer instead of the model is
    a cache (`hit_ratio`), and one in the same choice as the model is an alternative: neither matches. Of relations of
    one verb, the search is first in the file; the order of a read and a call is not stated. A model that ranks what was
    found generates nothing.
    """
    generators = frozenset(view.generating)
    searches = [step for name in view.parts.indexes for step in view.back.get(name, ()) if _is_search(view, step)]
    indexes = {step.target for step in searches} - generators
    if not generators or not indexes:
        return
    retrievals = {one.name: one for one in _retrievals(view, indexes, generators)}
    to_index, to_answer = view.nearest(indexes), view.nearest(generators)
    inside = view.leading_to(frozenset(retrievals), _waits)
    embedders = [name for name in view.flow.components if _embeds(view, name)]
    found: list[str] = []
    answers: list[str] = []
    for one in retrievals.values():
        first = [step for step in one.searches if step.target not in inside]
        if first:
            found += _ends(first, to_index)
            stages = stages_of(one.answers)
            unsaid = not embedders and not view.parts.embedders
            if unsaid:
                embedders += _asked_first(view, one, generators)
            if len(stages) > 1 and unsaid and not embedders and not view.parts.knows_some:
                embedders += _ends(stages.pop(0), to_answer)
            answers += _ends((step for stage in stages for step in stage), to_answer)
            answers += [one.name] if one.name in generators else []
    if found:
        roles = {
            "client": [view.flow.client], "embedder": embedders, "index": found, "generator": answers,
            "filler": [name for index in dict.fromkeys(found) for name in _fillers(view, index)],
        }  # fmt: skip
        yield recognised("rag", view.workload.name, roles)


def _retrievals(view: View, indexes: AbstractSet[str], generators: AbstractSet[str]) -> Iterator[_Retrieval]:
    """Yield the components at which a search and a generated answer meet, in this order."""
    def searches(step: Step) -> bool:
        return step.waits and (step.target not in indexes or _is_search(view, step))

    searched = view.leading_to(indexes, searches)
    answered = view.leading_to(generators, _waits)
    for name in view.flow.components:
        if name not in searched or name in indexes:
            continue
        first = [step for step in view.steps(name) if step.target in searched and searches(step)][:MOST]
        then = [step for step in view.steps(name) if step.target in answered and step.waits][:MOST]
        if name not in generators:
            first = [one for one in first if any(comes_before(one.relation, other.relation) for other in then)]
            then = [other for other in then if any(comes_before(one.relation, other.relation) for one in first)]
        if first and (then or name in generators):
            yield _Retrieval(name, first, then)


def _is_search(view: View, step: Step) -> bool:
    """Return whether a step to an index finds data for the answer; a cache of answers replaces it."""
    relation = step.relation
    cached = view.topology.looks_up(relation) and relation.caches != "data"
    return step.waits and relation.verb in {"reads", "calls"} and not cached


def _waits(step: Step) -> bool:
    return step.waits


def _embeds(view: View, name: str) -> bool:
    """Return whether a component makes the vectors of queries."""
    return not view.parts.embedders.isdisjoint(view.system.components[name].serves)


def _asked_first(view: View, one: _Retrieval, generators: AbstractSet[str]) -> list[str]:
    """Return the only other server that it asks before a search: without `index_of`, that one makes the vectors."""
    first = (
        step for step in view.steps(one.name)
        if step.waits and any(comes_before(step.relation, search.relation) for search in one.searches)
    )  # fmt: skip
    servers = dict.fromkeys(view.behind(first))
    others = [server for server in servers if server not in generators]
    return others if len(others) == 1 else []


def _fillers(view: View, index: str) -> Iterator[str]:
    """Yield what writes an index."""
    for relation in view.topology.incoming[index]:
        if relation.verb == "writes":
            yield relation.source


def _ends(steps: Iterable[Step], nearest: Servers) -> list[str]:
    """Return the nearest of some components after some steps."""
    return [name for step in steps for name in nearest[step.target]]


def _guardrail(view: View) -> Iterator[RecognisedPattern]:
    """**guardrail**: a request for a model's answer waits for a guardrail, before or after the model.

    A guardrail that gets a copy (`mirrors`), or a message that nobody waits for, stops nothing, so it does not match.
    Its own model only checks: without another model, there is nothing to guard. Of several models, those that generate
    are guarded, not those that embed or rank for them.
    """
    guardrails: list[str] = []
    servers: list[str] = []
    callers: list[str] = []
    leading = _Leading(view)
    for name in view.flow.components:
        if name not in view.parts.guardrails:
            continue
        asking = [step for step in view.back.get(name, ()) if step.waits]
        guarded = _guarded(view, name, asking, leading)
        if guarded:
            guardrails.append(name)
            servers += [server for server in guarded if server in view.generating] or guarded
            callers += [step.source for step in asking if step.source not in view.parts.guardrails]
    if guardrails:
        roles = {"caller": callers, "guardrail": guardrails, "server": servers}
        yield recognised("guardrail", view.workload.name, roles)


class _Leading(dict[str, list[Step]]):
    """The steps of each component that lead to a server, at most `MOST`, found when first asked for."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def __missing__(self, name: str) -> list[Step]:
        steps = [step for step in self._view.steps(name) if self._view.servers.get(step.target)]
        found = self[name] = steps[:MOST]
        return found


def _guarded(view: View, name: str, asking: list[Step], leading: _Leading) -> list[str]:
    """Return the servers whose requests or answers a guardrail checks: behind it, or the nearest beside it."""
    behind = list(view.servers.get(name, ())) if asking else []
    seen = {name}
    while asking and not behind:
        outer: list[Step] = []
        for asked in asking:
            caller = asked.source
            others = [s for s in leading[caller] if s is not asked and not are_exclusive(s.relation, asked.relation)]
            behind += [caller] if view.own(caller) else view.behind(others)
            if caller not in seen:
                seen.add(caller)
                outer += [step for step in view.back.get(caller, ()) if step.waits]
        asking = outer
    return behind


def _streamed(view: View) -> Iterator[RecognisedPattern]:
    """**streamed-answer**: the caller uses the first tokens (`stream: true`), and calls carry them to it.

    A component that `buffers`, or a queue, holds the stream back: over such a path nothing is streamed.
    """
    servings = after_the_first(view.system, view.parts.generating(view.workload))
    servers = {serving.server for serving in servings if serving.mode in {ONLINE, EDGE}}
    components = view.system.components
    onward: dict[str, list[str]] = {}
    for step in steps_to(view.system, view.workload, servers):
        if not components[step.target].buffers:
            onward.setdefault(step.source, []).append(step.target)
    carried: dict[str, None] = {}
    stack = [view.flow.client]
    while stack:
        for target in onward.get(stack.pop(), ()):
            if target not in carried:
                carried[target] = None
                stack.append(target)
    generators = [name for name in carried if name in servers]
    if generators:
        relays = [name for name in view.flow.components if name in carried and name not in servers]
        roles = {"client": [view.flow.client], "relay": relays, "generator": sorted_as(view, generators)}
        yield recognised("streamed-answer", view.workload.name, roles)


def _disaggregated(view: View) -> Iterator[RecognisedPattern]:
    """**disaggregated-serving**: a request goes to one component for the prefill and to another for the decoding.

    One calls the other, or a router goes to both; alternatives (`either`, `share`, `when`) are on no path together.
    """
    roles: dict[str, list[str]] = {"router": [], "prefill": [], "decode": []}
    for model, stages in view.parts.staged.items():
        if not view.topology.bits_of((model,)) & view.wanted:
            continue
        prefill = {name for name in stages.get("prefill", ()) if name in view.flow}
        decode = {name for name in stages.get("decode", ()) if name in view.flow}
        if prefill and decode and _on_one_path(view, prefill, decode):
            roles["prefill"] += sorted_as(view, prefill)
            roles["decode"] += sorted_as(view, decode)
            asking = {step.source for name in (*prefill, *decode) for step in view.back.get(name, ())}
            roles["router"] += sorted_as(view, asking - prefill - decode)
    if roles["prefill"]:
        yield recognised("disaggregated-serving", view.workload.name, roles)


def _batched(view: View) -> Iterator[RecognisedPattern]:
    """**continuous-batching**: a server generates tokens of several sequences at a time (`max_sequences` above 1)."""
    servers = [name for name in view.flow.components if name in view.parts.batching and name in view.generating]
    if servers:
        roles = {"client": [view.flow.client], "server": servers}
        yield recognised("continuous-batching", view.workload.name, roles)


def _on_one_path(view: View, one: AbstractSet[str], other: AbstractSet[str]) -> bool:
    """Return whether a request that reaches one of some components also reaches one of others."""
    ones, others = view.leading_to(one, lambda step: True), view.leading_to(other, lambda step: True)
    for name in view.flow.components:
        to_one = [step for step in view.steps(name) if step.target in ones][:MOST]
        to_other = [step for step in view.steps(name) if step.target in others][:MOST]
        if (name in one and to_other) or (name in other and to_one):
            return True
        if any(a is not b and not are_exclusive(a.relation, b.relation) for a, b in product(to_one, to_other)):
            return True
    return False


def sorted_as(view: View, names: Iterable[str]) -> list[str]:
    """Return components in the order of the request."""
    chosen = set(names)
    return [name for name in view.flow.components if name in chosen]
