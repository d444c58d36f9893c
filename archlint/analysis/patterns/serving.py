"""Patterns that result from the mode in which a workload gets its predictions."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import takewhile

import msgspec

from archlint.analysis.choices import alternatives, are_exclusive
from archlint.analysis.modes import ASYNCHRONOUS, BATCH, EDGE, ONLINE, STREAMING, Serving
from archlint.analysis.patterns.parts import Parts
from archlint.analysis.patterns.reach import GUARDRAIL, recognised, targets_by
from archlint.analysis.system import System
from archlint.model.architecture import Component, Workload
from archlint.model.words import BALANCERS, STORES
from archlint.topology import Flow
from archlint.verdicts import RecognisedPattern

_WEB_SERVERS = frozenset({"service", "model-server"})
_READS = frozenset({"reads", "calls"})
_LIVE = frozenset({ONLINE, EDGE})


class _Served(msgspec.Struct, frozen=True):
    """The common facts of all workloads that are served alike.

    `by_mode` are the servings of each mode, `online` the servers that answer, `alone` those of them that do all the
    work themselves, each with the balancers in front of it.
    """

    by_mode: dict[str, list[Serving]]
    online: tuple[str, ...]
    alone: tuple[tuple[str, list[str]], ...]


class ServingPatterns:
    """The patterns of each workload's serving modes; workloads that are served alike share the work."""

    def __init__(self, system: System, parts: Parts) -> None:
        self.system = system
        self.parts = parts
        self._known: dict[Hashable, _Served] = {}

    def of(self, workload: Workload) -> Iterator[RecognisedPattern]:
        """Yield the patterns of one workload's serving modes."""
        key = self.system.served_alike(workload)
        served = self._known.get(key)
        if served is None:
            served = self._known[key] = _served(self.system, workload, self.parts)
        yield from _of_served(self.system, workload, served, self.parts)


def _served(system: System, workload: Workload, parts: Parts) -> _Served:
    by_mode: dict[str, list[Serving]] = {}
    for serving in _answering(system, workload, parts):
        by_mode.setdefault(serving.mode, []).append(serving)
    online = tuple(dict.fromkeys(serving.server for serving in by_mode.get(ONLINE, ())))
    alone = _alone(system, system.flow(workload), online) if len(online) == 1 else ()
    return _Served(by_mode, online, tuple(alone))


def _answering(system: System, workload: Workload, parts: Parts) -> Iterator[Serving]:
    """Yield the servings of models that make the answer of a workload, not of those that only check.

    Vectors that a job writes ahead do not answer requests that run the same model for their own vectors, so they are no
    batch prediction. A stream of vectors is a stream of predictions.
    """
    servings = system.servings(workload)
    answering = frozenset(system.topology.names_of(parts.answering(workload))) if parts.guardrails else None
    live = {serving.model for serving in servings if serving.mode in _LIVE} if parts.indexes else frozenset()
    for serving in servings:
        checks = answering is not None and serving.server and serving.model not in answering
        vectors = serving.store in parts.indexes or serving.model in parts.embedders
        ahead = serving.mode == BATCH and serving.model in live and vectors
        if not checks and not ahead:
            yield serving


def _of_served(system: System, workload: Workload, served: _Served, parts: Parts) -> Iterator[RecognisedPattern]:
    by_mode = served.by_mode
    yield from _batch(system, workload, by_mode.get(BATCH, []))
    if any(serving.model not in parts.embedders for serving in by_mode.get(ONLINE, ())) or list(by_mode) == [ONLINE]:
        yield from _web_single(workload, served)
        yield _synchronous(workload, served)
    if ASYNCHRONOUS in by_mode:
        yield _asynchronous(system, workload, by_mode[ASYNCHRONOUS])
    yield from _streaming(system, workload, by_mode.get(STREAMING, []))
    if ONLINE in by_mode and ASYNCHRONOUS in by_mode:
        answers = [serving for serving in by_mode[ONLINE] if serving.model not in parts.embedders]
        yield from _multiple_stage(system, workload, answers, by_mode[ASYNCHRONOUS])
    if EDGE in by_mode:
        yield _edge(system, workload, by_mode[EDGE])


def _batch(system: System, workload: Workload, servings: list[Serving]) -> Iterator[RecognisedPattern]:
    """**batch**: a batch job that runs a model writes to a store that the workload's waiting path reads.

    Each job is one match. A job that only copies data runs no model, so it does not match. The scheduler is a component
    of that kind that triggers the job, directly or through other jobs; a job with its own schedule has none.
    """
    by_job: dict[str, list[Serving]] = {}
    for serving in servings:
        by_job.setdefault(serving.producer, []).append(serving)
    for job, read in by_job.items():
        readers = [serving.read.source for serving in read if serving.read is not None]
        stores = [serving.store for serving in read]
        yield recognised("batch", workload.name, _batch_roles(system, job, stores, readers))


def _batch_roles(system: System, job: str, stores: list[str], readers: list[str]) -> dict[str, list[str]]:
    return {"scheduler": _schedulers(system, job), "job": [job], "store": stores, "reader": readers}


def of_unread_by_workloads(system: System, parts: Parts) -> Iterator[RecognisedPattern]:
    """**batch**, for predictions that are read, but by no workload of the file (a report, a mailing).

    The vectors of an index, and what is written beside them, are no predictions.
    """
    topology = system.topology
    alike = {system.served_alike(workload): workload for workload in system.workloads.values()}
    told = {serving.producer for workload in alike.values() for serving in system.servings(workload)}
    for job, reached in system.productions.unread_stores(BATCH, told).items():
        models = topology.names_of(topology.models_awaited[job]) if parts.indexes else ()
        if models and parts.embedders.issuperset(models):
            continue
        written = [store for store in reached if store not in parts.indexes]
        readers = [
            relation.source
            for store in dict.fromkeys(written)
            for relation in system.topology.incoming[store]
            if relation.verb in _READS and relation.source != job
        ]
        if readers:
            yield recognised("batch", "", _batch_roles(system, job, written, readers))


def _schedulers(system: System, job: str) -> list[str]:
    found: list[str] = []
    seen = {job}
    stack = [job]
    while stack:
        for relation in system.topology.incoming[stack.pop()]:
            if relation.verb == "triggers" and relation.source not in seen:
                seen.add(relation.source)
                stack.append(relation.source)
                if system.components[relation.source].kind == "scheduler":
                    found.append(relation.source)
    return found


def _web_single(workload: Workload, served: _Served) -> Iterator[RecognisedPattern]:
    """**web-single**: a web server answers with a model of its own, and does all the work itself.

    Only balancers and gateways are between the client and the server, and the server waits only for stores, not for a
    service, another model server or an external system. No other server takes part in the answers or replaces this one,
    it runs all stages of its model, and it is in one region: a fleet is no single server. No guardrail checks for it.
    """
    for server, balancers in served.alone:
        roles = {"client": [workload.entrance.client], "balancer": balancers, "server": [server]}
        yield recognised("web-single", workload.name, roles)


def _alone(system: System, flow: Flow, servers: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """Yield the servers that do all the work of an answer themselves, each with the balancers in front of it."""
    for server in servers:
        component = system.components[server]
        whole = component.kind in _WEB_SERVERS and component.stage is None and not _in_regions(component)
        if whole and _works_alone(system, flow, server):
            balancers = _only_balancers_before(system, flow, server)
            if balancers is None or _replaceable(system, (flow.client, *balancers, server)):
                continue
            if all(_only_balances(system, flow, name) for name in balancers):
                yield server, balancers


def _replaceable(system: System, way: tuple[str, ...]) -> bool:
    """Return whether another server may answer instead: by a fallback, or as another part of a choice."""
    components, topology = system.components, system.topology
    for name in way:
        relations = [relation for relation in topology.outgoing[name] if topology.waits(relation)]
        for group in alternatives(relations, components.keys()):
            others = [end for end in group if end not in way and components[end].kind not in STORES]
            if others and len(others) < len(group):
                return True
    return False


def _in_regions(component: Component) -> bool:
    return len(set(component.regions or ())) > 1


def _only_balances(system: System, flow: Flow, name: str) -> bool:
    """Return whether a balancer is in one region, and asks no guardrail."""
    checks = any(step.waits and system.components[step.target].kind == GUARDRAIL for step in flow.steps.get(name, ()))
    return not checks and not _in_regions(system.components[name])


def _works_alone(system: System, flow: Flow, server: str) -> bool:
    return all(
        system.components[step.target].kind in STORES
        for step in flow.steps.get(server, ()) if step.waits
    )  # fmt: skip


def _only_balancers_before(system: System, flow: Flow, server: str) -> list[str] | None:
    """Return the balancers between client and server; None if anything else calls the server."""
    found: list[str] = []
    seen = {server}
    stack = [server]
    while stack:
        for relation in system.topology.incoming[stack.pop()]:
            caller = relation.source
            if (
                caller in seen
                or caller not in flow.waiting
                or not system.topology.waits(relation)
                or caller == flow.client
            ):
                continue
            if system.components[caller].kind not in BALANCERS:
                return None
            seen.add(caller)
            found.append(caller)
            stack.append(caller)
    return found[::-1]


def _synchronous(workload: Workload, served: _Served) -> RecognisedPattern:
    """Return **synchronous**: the client reaches a model through waiting relations only, whatever `waits` is."""
    roles = {"client": (workload.entrance.client,), "server": served.online}
    return RecognisedPattern("synchronous", workload.name, roles)


def _asynchronous(system: System, workload: Workload, servings: list[Serving]) -> RecognisedPattern:
    """**asynchronous**: a queue is between the client and the server of the model.

    A queue whose consumers run no model of the workload (statistics, mail) does not match.
    """
    roles = {"client": [workload.entrance.client], **_behind_queues(system, workload, servings, "worker")}
    return recognised("asynchronous", workload.name, roles)


def _behind_queues(
    system: System, workload: Workload, servings: list[Serving], role: str
) -> dict[str, list[str]]:
    """Return the queues before some servers, their workers, and the stores of these workers."""
    flow = system.flow(workload)
    queues: list[str] = []
    workers: list[str] = []
    met: set[str] = set()
    for server in dict.fromkeys(serving.server for serving in servings):
        way = list(takewhile(lambda step: step.target not in met, flow.steps_back_from(server)))
        met.update(step.target for step in way)
        relations = [step.relation for step in reversed(way)]
        queues += [relation.target for relation in relations if relation.verb == "publishes"]
        workers += [relation.source for relation in relations if relation.verb == "consumes"]
        workers.append(server)
    stores = [target for worker in dict.fromkeys(workers) for target in targets_by(system, worker, "writes")]
    return {"queue": queues, role: workers, "store": stores}


def _streaming(system: System, workload: Workload, servings: list[Serving]) -> Iterator[RecognisedPattern]:
    """**streaming**: a stream processor, or a worker on the events of others, predicts continuously.

    Either the waiting path reads its stored predictions, or it processes the workload's own events. Each processor is
    one match.
    """
    stores: dict[str, list[str]] = {}
    for serving in servings:
        processor = serving.producer or serving.server
        written = [serving.store] if serving.store else targets_by(system, processor, "writes")
        stores.setdefault(processor, []).extend(written)
    for processor, written in stores.items():
        roles = {
            "source": targets_by(system, processor, "consumes"),
            "processor": [processor],
            "store": written,
        }
        yield recognised("streaming", workload.name, roles)


def _multiple_stage(
    system: System, workload: Workload, fast: list[Serving], slow: list[Serving]
) -> Iterator[RecognisedPattern]:
    """**multiple-stage**: one model answers while the client waits, another one follows after a queue.

    The models differ, and the slow result is returned: the waiting path reads the store of the result, or is called
    back. Otherwise, the second model serves somebody else. If a request takes one of the two ways, nothing follows. A
    model that only makes the vectors of a search answers nothing.
    """
    flow = system.flow(workload)
    quick = {serving.model for serving in fast}
    later = [serving for serving in slow if serving.model not in quick and _follows(system, flow, serving, quick)]
    if not later or not fast:
        return
    roles = _behind_queues(system, workload, later, "slow")
    steps = (step for name in flow.waiting for step in flow.steps.get(name, ()))
    read = {step.target for step in steps if step.relation.verb in _READS}
    stores = [store for store in roles["store"] if store in read]
    called_back = any(
        target in flow.waiting for name in roles["slow"] for target in system.components[name].callback
    )
    if stores or called_back:
        front = {"client": [flow.client], "fast": [serving.server for serving in fast]}
        yield recognised("multiple-stage", workload.name, {**front, **roles, "store": stores})


def _follows(system: System, flow: Flow, slow: Serving, quick: set[str]) -> bool:
    """Return whether a request that gets a slow answer may also get a quick one."""
    topology = system.topology
    bits = topology.bits_of(quick)
    for message in flow.path_to(slow.server):
        if message.verb == "publishes":
            steps = (step for step in flow.steps.get(message.source, ()) if step.waits)
            leading = [step.relation for step in steps if topology.models_below[step.target] & bits]
            return not leading or not all(are_exclusive(relation, message) for relation in leading)
    return True


def _edge(system: System, workload: Workload, servings: list[Serving]) -> RecognisedPattern:
    """**edge**: the model runs on the client itself, or on a device of the kind `edge-device`."""
    devices = [serving.server for serving in servings]
    registries = [
        target for device in dict.fromkeys(devices) for target in targets_by(system, device, "loads")
    ]
    for serving in servings:
        model = system.architecture.models.get(serving.model)
        if model is not None and model.registry in system.components:
            registries.append(model.registry or "")
    return recognised("edge", workload.name, {"device": devices, "registry": registries})
