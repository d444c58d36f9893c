"""An index whose vectors come from another embedding model than the vectors of its queries."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final

import msgspec

from archlint.analysis.choices import comes_before
from archlint.analysis.generation import generating, known_generators
from archlint.analysis.modes import EDGE, ONLINE
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import without_repeats
from archlint.checks._loss import Traffic, keep
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.places import Place
from archlint.verdicts import Certainty, Hit, NoParams, Related, Severity, Undecided, Verdict

_LIVE: Final = frozenset({ONLINE, EDGE})
_WITHOUT_VECTORS: Final = frozenset({"gbdt", "linear"})


class _Built(msgspec.Struct, frozen=True):
    """The models that may have made the vectors of an index, and where the file says so."""

    models: tuple[str, ...]
    at: Place
    stated: bool


class _Queries:
    """The models of the queries of a workload, and of all that are served alike: worked out once for all indexes."""

    def __init__(self, system: System, workload: Workload) -> None:
        self._system, self._workload = system, workload

    @cached_property
    def live(self) -> tuple[str, ...]:
        """The models that answer while a request waits."""
        servings = self._system.servings(self._workload)
        return tuple(dict.fromkeys(serving.model for serving in servings if serving.mode in _LIVE))

    @cached_property
    def spaces(self) -> set[tuple[str, str]]:
        """What makes vectors of other models comparable with those of the live ones."""
        return _spaces(self._system, self.live)

    @cached_property
    def generators(self) -> frozenset[str]:
        """The models that generate tokens.

        If the file states it of some, the technologies that serve others do not count: they also serve embedding
        models.
        """
        known = known_generators(self._system, self._workload)
        models = self._system.architecture.models
        return frozenset(name for name in known if models[name].states_generation) or known


class _Mixed(msgspec.Struct, frozen=True):
    """An index of one model that others write: the hit, what it adds to one about the queries, and their models."""

    hit: Hit
    said: str
    models: tuple[str, ...]


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each index that a query with vectors of another model reads, at the index."""
    mixed = {each.hit.at: each for each in _built_otherwise(system)}
    questions: list[Undecided] = []
    hits: dict[Place, Hit] = {}
    traffic = Traffic(system)
    known: dict[Hashable, _Queries] = {}
    for workload in system.workloads.values():
        queries = known.setdefault(system.served_alike(workload), _Queries(system, workload))
        for read in _index_reads(system, workload):
            judged = _judge(system, workload, queries, read)
            at = system.components[read.target].place("index_of")
            if isinstance(judged, Hit):
                if at in mixed and not queries.spaces.isdisjoint(_spaces(system, mixed[at].models)):
                    continue             # of the two models of the index, one is that of the queries
                if at in mixed:
                    message, related = judged.message + mixed[at].said, (*judged.related, *mixed[at].hit.related)
                    judged = msgspec.structs.replace(judged, message=message, related=related)
                keep(hits, judged, traffic.share([workload]))
            elif judged is not None and at not in mixed:
                questions.append(judged)
    yield from (each.hit for at, each in mixed.items() if at not in hits)
    yield from hits.values()
    yield from without_repeats(questions)


def _built_otherwise(system: System) -> Iterator[_Mixed]:
    """Yield each index that states one model, and that only components with other models write."""
    for store in system.topology.of_kind("vector-store"):
        if store.index_of is None:
            continue
        written = _writers_models(system, store)
        if written and _spaces(system, [store.index_of]).isdisjoint(_spaces(system, written)):
            at = store.place("index_of")
            incoming = system.topology.incoming[store.name]
            writers = list(dict.fromkeys(r.source for r in incoming if r.verb == "writes"))
            verb = "writes" if len(writers) == 1 else "write"
            who = f"{listed(writers)} {verb} vectors of {listed(written)}"
            hit = Hit(
                at,
                f"`{store.name}` holds vectors of `{store.index_of}`, but {who}: vectors of different models cannot be "
                "compared",
                (),
                tuple(Related(system.components[name].place(), "writes the index") for name in writers),
                Certainty.HEURISTIC,
                severity=Severity.WARNING,
                cures=("batch",),
            )
            yield _Mixed(hit, f"; and {who}", written)


def _index_reads(system: System, workload: Workload) -> Iterator[Relation]:
    flow = system.flow(workload)
    for name in flow.waiting:
        for step in flow.steps[name]:
            relation = step.relation
            is_index = system.components[step.target].kind == "vector-store"
            if is_index and step.waits and relation.verb in {"reads", "calls"}:
                yield relation


def _judge(system: System, workload: Workload, queries: _Queries, read: Relation) -> Hit | Undecided | None:
    store = system.components[read.target]
    built = _built(system, store)
    if built is None:
        return Undecided(store.place(), (store.place("index_of"),), f"which model made the vectors in `{store.name}`")
    if not queries.spaces.isdisjoint(_spaces(system, built.models)):
        return None
    before = _models_before(system, workload, read)
    embedders = tuple(m for m in queries.live if m in before and m not in queries.generators and _may_embed(system, m))
    if not embedders or _also_asks(system, workload, built.models):
        because = f"which model makes the vectors with which `{read.source}` searches `{store.name}`"
        return Undecided(read.place(), (workload.place("models"),), because)
    return _hit(system, workload, queries, read, built, embedders)


def _models_before(system: System, workload: Workload, read: Relation) -> set[str]:
    """Return the models that requests may run before a search: not those that the searching component asks after it."""
    flow = system.flow(workload)
    order = [flow.client]
    met = set(order)
    found: set[str] = set()
    for name in order:                   # grows during the loop
        found.update(system.components[name].serves)
        for step in flow.steps[name]:
            later = name == read.source and step.relation != read and not comes_before(step.relation, read)
            if step.waits and not later and step.target not in met:
                met.add(step.target)
                order.append(step.target)
    return found


def _one_surely_embeds(system: System, workload: Workload, queries: _Queries, embedders: Sequence[str]) -> bool:
    """Return whether one of the models generates no tokens, whatever technologies the file leaves out."""
    if any(system.architecture.models[name].states_generation for name in queries.generators):
        return True
    servers = [s for s in system.servings(workload) if s.mode in _LIVE and s.model in embedders and s.server]
    doubtful = (s for s in servers if system.facts.may_be_assumed(system.components[s.server], "generates"))
    return not {s.model for s in doubtful}.issuperset(embedders)


def _also_asks(system: System, workload: Workload, models: Iterable[str]) -> bool:
    """Return whether a component on the waiting path also asks a server of some models: the workload may run them."""
    topology = system.topology
    bits = topology.bits_of(models)
    relations = (r for name in system.flow(workload).waiting for r in topology.outgoing[name])
    return any(topology.waits(r) and topology.models_awaited[r.target] & bits for r in relations)


def _may_embed(system: System, model: str) -> bool:
    """Return whether a model may make vectors: trees and linear models do not."""
    known = system.architecture.models.get(model)
    return known is None or known.family not in _WITHOUT_VECTORS


def _built(system: System, store: Component) -> _Built | None:
    if store.index_of is not None:
        return _Built((store.index_of,), store.place("index_of"), True)
    models = _writers_models(system, store)
    return _Built(models, store.place(), False) if models else None


def _writers_models(system: System, store: Component) -> tuple[str, ...]:
    """Return the models that the writers of an index run or wait for; none if one of them runs no model."""
    found: dict[str, None] = {}
    for relation in system.topology.incoming[store.name]:
        if relation.verb != "writes":
            continue
        models = system.topology.names_of(system.topology.models_awaited[relation.source])
        if not models:
            return ()
        found.update(dict.fromkeys(models))
    return tuple(found)


def _spaces(system: System, models: Iterable[str]) -> set[tuple[str, str]]:
    """Return what makes vectors of other models comparable with those of these.

    They are the same model, were quantised from the same one, or state the same space of their vectors.
    """
    found: set[tuple[str, str]] = set()
    for model in models:
        origin = system.original_models.get(model, model)
        found.add(("origin", origin))
        for name in (model, origin):
            known = system.architecture.models.get(name)
            if known is not None and known.embedding_space is not None:
                found.add(("space", known.embedding_space))
    return found


def _states_space(system: System, model: str) -> bool:
    """Return whether the file says what tells the vectors of a model from those of its adapters, base or twin."""
    return any(kind == "space" for kind, _ in _spaces(system, (model,)))


def _hit(
    system: System, workload: Workload, queries: _Queries, read: Relation, built: _Built, embedders: tuple[str, ...]
) -> Hit:
    store = system.components[read.target]
    unsaid = [model for model in (*built.models, *embedders) if not _states_space(system, model)]
    said = built.stated and workload.models is not None and not unsaid
    proven = said and _one_surely_embeds(system, workload, queries, embedders)
    which = listed(embedders) if len(embedders) == 1 else f"one of {listed(embedders)}"
    return Hit(
        built.at,
        f"`{store.name}` holds vectors of {listed(built.models)}, but queries of `{workload.name}` get theirs from "
        f"{which}: vectors of different models cannot be compared, so the search finds the wrong items",
        (),
        (Related(read.place(), "searches the index"),
         *(Related(system.architecture.models[model].place(), "may make the vector of the query")
           for model in embedders[:4] if model in system.architecture.models),
         *(Related(system.architecture.models[model].place(), "may share a space with the other: no `embedding_space`")
           for model in unsaid[:4] if model in system.architecture.models)),
        Certainty.PROVEN if proven else Certainty.HEURISTIC,
        absent=(workload.place("models"),),
        severity=None if proven else Severity.WARNING,
        cures=("rag", "batch") if generating(system, workload) else ("batch",),
        decision=f"indexes of {', '.join(built.models)}",
    )  # fmt: skip
