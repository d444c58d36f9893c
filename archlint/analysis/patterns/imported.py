"""Patterns of systems that are imported from deployment files, which leave out what an architecture file states.

Each is decided by structure: kinds, relations, images, commands and settings. Where a pattern needs a fact that no
deployment file states (a fallback, a preprocessing step), the closest structure that shows it is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from archlint.analysis.patterns.reach import recognised, workload_of
from archlint.analysis.system import System
from archlint.model.deployment import Deployment, Part
from archlint.verdicts import RecognisedPattern

_JOBS: Final = frozenset({"batch-job"})
_STORES: Final = frozenset({"database", "object-store", "warehouse", "cache", "vector-store", "feature-store"})
_USES: Final = frozenset({"calls", "reads", "writes", "publishes", "consumes"})
_PREDICTS: Final = re.compile(
    r"(?i)(?<![a-z])(predict\w*|inference|infer|scoring|score_\w+|map_batches)(?![a-z])|_(predict|infer)(?![a-z])"
)
_LOADS: Final = re.compile(
    r"(?i)(?<![a-z])(vegeta|locust|k6|wrk2?|hey|ghz|artillery|jmeter|gatling|fortio|genai-perf|perf_analyzer|"
    r"benchmark_serving|guidellm|autocannon)(?![a-z])"
)
_SWITCH: Final = re.compile(r"^(ACTIVATE|ENABLE|DISABLE|USE|TOGGLE|FEATURE|THRESHOLD)_\w+$|_(ENABLED|THRESHOLD)$")
_SETTING: Final = re.compile(r"(?i)^(true|false|on|off|yes|no|\d+(\.\d+)?)$")
LEAST_SWITCHES: Final = 2


def of_imported(
    system: System, found: Iterable[RecognisedPattern]
) -> tuple[RecognisedPattern, ...]:
    """Return the patterns of a system with those that its deployment shows; those that it contradicts are left out."""
    deployment = system.deployment
    if deployment is None:
        return tuple(found)
    view = _Deployed(system, deployment)
    kept = [one for one in found if one.pattern != "web-single" or not view.is_part_of_more(one)]
    known = {(one.pattern, name) for one in kept for names in one.roles.values() for name in names}
    shown = list(view.patterns())
    beside = [set(one.roles["server"]) for one in shown if one.pattern == "microservice-horizontal"]
    kept = [one for one in kept if one.pattern != "microservice-vertical" or not _among(one, beside)]
    for one in shown:
        if not any((one.pattern, name) in known for names in one.roles.values() for name in names):
            kept.append(one)
    return tuple(kept)


def _among(one: RecognisedPattern, beside: list[set[str]]) -> bool:
    """Whether the servers of a pattern are among siblings, which answer side by side."""
    return any(set(one.roles.get("server", ())) <= servers for servers in beside)


class _Deployed:
    """An imported system."""

    def __init__(self, system: System, deployment: Deployment) -> None:
        self.system = system
        self.parts = deployment.parts
        self.order = deployment.order
        self.kinds = {name: component.kind for name, component in system.components.items()}

    def patterns(self) -> Iterator[RecognisedPattern]:
        yield from self.prepared()
        yield from self.siblings()
        yield from self.switched()
        yield from self.batches()
        yield from self.queued()
        yield from self.staged()
        yield from self.monitored()
        yield from self.broken()
        yield from self.tested()

    def is_part_of_more(self, one: RecognisedPattern) -> bool:
        """Whether a public engine is only published beside services that nothing connects to a model.

        Their code calls it: the engine is no web server that does all the work.
        """
        server = next(iter(one.roles.get("server", ())), "")
        part = self.parts.get(server)
        if part is None or not part.uses:
            return False
        own = {name for name, other in self.parts.items() if self.is_own(other) and name != server}
        return any(not self.models_of(name) for name in own)

    def is_own(self, part: Part) -> bool:
        """Whether a part is a program of the project that works on requests or messages."""
        return part.role == "container" and part.kind in {"service", "worker"} and not part.uses

    def targets(self, name: str, *verbs: str) -> list[str]:
        """Return what a component uses by some verbs, each once."""
        found = self.system.topology.outgoing.get(name, ())
        return list(dict.fromkeys(one.target for one in found if one.verb in (verbs or _USES)))

    def sources(self, name: str, *verbs: str) -> list[str]:
        found = self.system.topology.incoming.get(name, ())
        return list(dict.fromkeys(one.source for one in found if one.verb in (verbs or _USES)))

    def models_of(self, name: str) -> list[str]:
        """Return the model servers that a component calls."""
        return [target for target in self.targets(name, "calls") if self.kinds.get(target) == "model-server"]

    def apps_of(self, name: str) -> list[str]:
        """Return what a component calls that is neither a store nor a monitor."""
        quiet = _STORES | {"monitoring", "queue", "config-store", "external"}
        return [target for target in self.targets(name, "calls") if self.kinds.get(target) not in quiet]

    def named(self, pattern: str, names: list[str], roles: dict[str, list[str]]) -> RecognisedPattern:
        return recognised(pattern, workload_of(self.system, names), roles)

    def prepared(self) -> Iterator[RecognisedPattern]:
        """**prep-pred**: a service of the project calls one model server, and nothing else that answers."""
        for name, part in self.parts.items():
            models = self.models_of(name)
            is_program = part.kind == "service" and part.role in {"container", "function"}
            if is_program and len(models) == 1 and self.apps_of(name) == models:
                yield self.named("prep-pred", [name], {"preprocessor": [name], "predictor": models})

    def siblings(self) -> Iterator[RecognisedPattern]:
        """**microservice-horizontal**: one caller, and several model servers that are alike."""
        for name in self.parts:
            if self.kinds.get(name) not in {"service", "gateway", "load-balancer"}:
                continue
            relations = [
                one for one in self.system.topology.outgoing.get(name, ())
                if one.verb == "calls" and one.share is None and one.when is None
            ]  # fmt: skip
            alike: dict[str, list[str]] = {}
            for one in relations:
                part = self.parts.get(one.target)
                if part is not None and part.kind == "model-server" and not part.uses:
                    alike.setdefault(part.program_key, []).append(one.target)
            for program, servers in alike.items():
                if program and len(set(servers)) > 1:
                    yield self.named("microservice-horizontal", [name], {"proxy": [name], "server": servers})

    def switched(self) -> Iterator[RecognisedPattern]:
        """**parameter-based**: settings of a caller of several models turn parts of its answer on and off."""
        for name, part in self.parts.items():
            switches = [key for key, value in part.env.items() if _SWITCH.search(key) and _SETTING.match(value.text)]
            if len(switches) >= LEAST_SWITCHES and len(self.models_of(name)) > 1:
                yield self.named("parameter-based", [name], {"server": [name]})

    def batches(self) -> Iterator[RecognisedPattern]:
        """**batch**: a job that predicts by its command or files, or a scheduled one with a store that others read."""
        for name, part in self.parts.items():
            if part.kind not in _JOBS or part.role != "job" or part.uses in {"kubeflow"}:
                continue
            stores = [target for target in self.targets(name, "reads", "writes") if self.kinds.get(target) in _STORES]
            readers = [
                source for store in stores for source in self.sources(store, "reads", "writes")
                if source != name and self.kinds.get(source) in {"service", "model-server"}
            ]  # fmt: skip
            is_scheduled = "schedule" in part.running.policy and bool(readers)
            if is_scheduled or part.running.predicts or _PREDICTS.search(part.command_text):
                yield self.named("batch", [name], {"job": [name], "store": stores, "reader": readers})

    def queued(self) -> Iterator[RecognisedPattern]:
        """**asynchronous**: a worker takes messages from a queue and runs a model, itself or by a call."""
        for name, part in self.parts.items():
            queues = [target for target in self.targets(name, "consumes") if self.kinds.get(target) == "queue"]
            if part.kind == "worker" and not queues:
                queues = self.prepared_queues(name)
            predicts = bool(self.models_of(name)) or part.gpu or bool(self.system.components[name].serves)
            if queues and predicts and part.uses != "airflow":
                clients = [source for queue in queues for source in self.sources(queue, "publishes")]
                roles = {"client": clients, "queue": queues, "worker": [name]}
                yield self.named("asynchronous", [name], roles)

    def prepared_queues(self, name: str) -> list[str]:
        """Return the queues that were prepared by a job after which a part starts."""
        jobs = [job for job in self.order.get(name, ()) if self.kinds.get(job) == "batch-job"]
        return [target for job in jobs for target in self.targets(job) if self.kinds.get(target) == "queue"]

    def staged(self) -> Iterator[RecognisedPattern]:
        """**multiple-stage**: a front asks one model, and a worker behind its queue asks another one."""
        queues = [name for name, kind in self.kinds.items() if kind == "queue"]
        for queue in queues:
            for front in self.sources(queue, "publishes"):
                for worker in self.sources(queue, "consumes"):
                    slow = self.models_of(worker)
                    fast = self.models_of(front)
                    if fast and slow and len({*fast, *slow}) > 1 and front != worker:
                        roles = {"fast": fast, "queue": [queue], "slow": slow}
                        yield self.named("multiple-stage", [front], roles)

    def monitored(self) -> Iterator[RecognisedPattern]:
        """**prediction-monitoring**: a monitor of the project reads the store of a model server or its caller."""
        for name, part in self.parts.items():
            if part.kind != "monitoring" or part.uses or part.role != "container" or not part.command:
                continue
            for store in self.targets(name, "reads"):
                used = [one for one in self.sources(store) if one != name]
                servers = [one for one in used if self.kinds.get(one) == "model-server" or self.models_of(one)]
                if servers and self.kinds.get(store) in _STORES:
                    yield self.named("prediction-monitoring", servers, {"server": servers, "monitor": [name]})

    def broken(self) -> Iterator[RecognisedPattern]:
        """**prediction-circuit-break**: a proxy ejects replicas of a model server that fail."""
        for name, part in self.parts.items():
            if part.running.breakers and (part.kind == "model-server" or self.models_of(name)):
                roles = {"caller": self.sources(name, "calls"), "server": [name]}
                yield self.named("prediction-circuit-break", [name], roles)

    def tested(self) -> Iterator[RecognisedPattern]:
        """**load-test**: a client whose image or command is a load generator is aimed at what serves a model."""
        for name, part in self.parts.items():
            image = part.image.text if part.image is not None else ""
            text = " ".join([image, part.command_text, *(mount.target for mount in part.mounts)])
            if part.kind not in {"client", "batch-job"} or not (part.running.aims or _LOADS.search(text)):
                continue
            below = self.system.topology.models_below
            tested = [target for target in self.targets(name, "calls") if below.get(target)]
            if tested:
                yield self.named("load-test", tested, {"server": tested})
