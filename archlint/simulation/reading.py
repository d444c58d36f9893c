"""From a system to a scenario: the centres, and the tree of what a request of each workload passes.

The trees are those of `archlint.analysis.stations`, with what a closed form leaves out: timeouts, retries, fallbacks,
limits, batches, workers that are held, and what happens after a queue. A component does all its own work before it
calls others, unless its worker waits for them. Work that a cache saves is saved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from archlint.analysis import stations as path
from archlint.analysis.generated import Asks, Generator, asks_of, generator_of
from archlint.analysis.network import travel_s
from archlint.analysis.request_paths import body_of
from archlint.analysis.stations import Station, path_of, stations_at
from archlint.analysis.system import System
from archlint.errors import Mistake, UsageError
from archlint.model.architecture import Component, Relation, Workload
from archlint.model.locate import locate
from archlint.model.places import Place
from archlint.simulation.centres import centre_of
from archlint.simulation.laws import constant, law_of, lognormal
from archlint.simulation.scenario import (
    Attempts,
    Centre,
    Choice,
    Delay,
    Later,
    Node,
    Parallel,
    Scenario,
    Sequence,
    Stream,
    Visit,
    Work,
    every,
)
from archlint.topology import Flow, Step

BACKOFF_S: Final = 0.1
"""The wait before the first retry if the file states a backoff: it has no key for its length."""
_MOST_NODES: Final = 20_000
_MOST_SHOWN: Final = 10
_NOTHING: Final = Sequence(())
_SAME: Final = 1e-9
Arms = tuple[tuple[str, float, float], ...]


class MissingFactsError(UsageError):
    """A system that cannot be simulated; `needs` are the keys of the facts that the file does not state."""

    def __init__(self, system: System, needs: tuple[Place, ...]) -> None:
        architecture = system.architecture
        found = []
        for need in needs:
            document, span = locate(architecture.origins, need, architecture.document)
            line, column = document.position(span.start)
            found.append(Mistake(f"{document.name}:{line}:{column}", f"`{need.identity}` is missing"))
        shown = [f"  {mistake.said}" for mistake in found[:_MOST_SHOWN]]
        if len(found) > _MOST_SHOWN:
            shown.append(f"  and {len(found) - _MOST_SHOWN} more")
        head = "the system cannot be simulated, because the file does not state these facts:"
        hint = "add them, or try values with `--set KEY=VALUE`"
        if len(system.workloads) > 1:
            hint = f"{hint}; or name one workload with --workload"
        super().__init__("\n".join([head, *shown]), hint, tuple(found))
        self.needs = needs


class Reading:
    """A scenario with what was assumed for it (`notes`)."""

    def __init__(self, system: System, rates: Mapping[str, float | None], only: str = "") -> None:
        self._system = system
        self._rates = rates
        self._needs: dict[Place, None] = {}
        self._notes: dict[str, None] = {}
        self._stations = stations_at(system, rates)
        self._centres: dict[str, Centre] = {}
        self.lookups: dict[str, list[str]] = {}
        streams = []
        for workload in self._simulated(only):
            rate = rates.get(workload.name)
            if rate is None:
                self._needs[workload.place("rate")] = None
            node = _Tree(self, workload).node()
            streams.append(Stream(workload.name, rate or 1.0, node))
        if self._needs:
            raise MissingFactsError(system, tuple(self._needs))
        self.notes = tuple(self._notes)
        moving = [stream for stream in streams if stream.rate_per_s > 0 and _visits(stream)]
        lookups = {name: tuple(choices) for name, choices in self.lookups.items()}
        self.scenario = Scenario(self._centres, tuple(moving), lookups)
        if not moving:
            what = "there is nothing to simulate: no request comes to a component"
            raise UsageError(what, "add a workload with a `rate`, and relations of its client")

    def _simulated(self, only: str) -> list[Workload]:
        """Return the workloads to simulate: with `only` that one and those that share a queue with it."""
        workloads = self._system.workloads
        if not only:
            return list(workloads.values())
        if only not in workloads:
            known = ", ".join(workloads) or "none"
            raise UsageError(f"the system has no workload `{only}`", f"its workloads: {known}")
        queued = {name for name, station in self._stations.items() if station.queued}
        used = {name: queued.intersection(self._system.flow(one).components) for name, one in workloads.items()}
        chosen, shared = {only}, set(used[only])
        while True:
            more = {name for name, own in used.items() if name not in chosen and own & shared}
            if not more:
                return [one for name, one in workloads.items() if name in chosen]
            chosen |= more
            shared = shared.union(*(used[name] for name in more))

    def note(self, text: str) -> None:
        """Note what was assumed."""
        self._notes[text] = None

    def need(self, *places: Place) -> None:
        """Note keys of facts without which nothing can be simulated."""
        self._needs.update(dict.fromkeys(places))

    def station(self, name: str) -> Station | None:
        """Return the station of a component that a client waits for."""
        return self._stations.get(name)

    def centre(self, name: str, limit: float | None = None) -> Centre:
        """Return the centre of a component; `limit` is that of the queue before it."""
        if name not in self._centres:
            centre, needs, notes = centre_of(self._system, self._system.components[name], limit)
            self._centres[name] = centre
            self.need(*needs)
            for note in notes:
                self.note(note)
        return self._centres[name]


def _visits(stream: Stream) -> bool:
    return any(isinstance(node, Visit) for node in every(stream.node))


class _Tree:
    """Makes the tree of a workload."""

    def __init__(self, reading: Reading, workload: Workload) -> None:
        self._reading = reading
        self._system: System = reading._system
        self._workload = workload
        self._flow: Flow = self._system.flow(workload)
        self._path = path_of(self._system, workload)
        self._bodies: dict[str, path.Body] = dict(self._path.bodies) if self._path is not None else {}
        self._choices = self._nodes = 0
        self._open: list[str] = []

    def node(self) -> Node:
        """Return what a request passes."""
        if self._flow.client not in self._system.components:
            return _NOTHING
        try:
            node = self._visit(self._flow.client)
        except RecursionError:
            what = f"a request of `{self._workload.name}` passes too many components one behind the other, or a circle"
            raise UsageError(f"{what}: it is not simulated", "simulate a part of the system") from None
        if not any(isinstance(one, Visit) for one in every(node)):
            return _NOTHING
        return node

    def _body(self, name: str) -> path.Body:
        if name not in self._bodies:
            self._bodies[name] = body_of(self._system, self._workload, name)
        return self._bodies[name]

    def _visit(self, name: str, limit: float | None = None, chained: bool = False) -> Node:
        """Return a visit of a component; `chained` if it works from a queue, so what it publishes is its result."""
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            what = f"a request of `{self._workload.name}` passes more than {_MOST_NODES} components"
            raise UsageError(f"{what}: this is too many to simulate", "simulate a part of the system")
        component, body = self._system.components[name], self._body(name)
        asks = self._asks(component)
        unknown = body.unknown
        if asks is not None:                               # tokens take the place of the model's time
            served = {("models", model, "service_time") for model in component.serves}
            unknown = tuple(place for place in unknown if place.names not in served)
        self._reading.need(*unknown)
        for place in body.left_out:
            self._reading.note(f"left out: the branch under a condition at {place.identity}, which states no share")
        self._open.append(name)
        centre = None if component.kind == "client" else self._reading.centre(name, limit)
        waits = any(True for _ in path.calls_of(body.inside))
        held = waits and centre is not None and math.isfinite(centre.servers) and component.workers is not None
        works: list[Work] = []
        made = _Body(self, component, works, held).node(body.inside, ())
        then = None if made == _NOTHING else made
        tokens = None
        if asks is not None:
            tokens = law_of(asks.out)
            works.append(Work(lognormal(asks.added_s, math.sqrt(asks.added_cv2))))
            held = False
        node: Node = Visit(name, tuple(works), then, held and then is not None, tokens)
        if centre is None:                                 # a client: its requests start here, and nobody queues
            node = Sequence((*(Delay(work.law) for work in works), made))
        after = [self._published(step, chained) for step in self._flow.steps.get(name, ()) if self._publishes(step)]
        self._open.pop()
        return Sequence((node, *after)) if after else node

    def _asks(self, component: Component) -> Asks | None:
        """Return the prompts and answers of a server with continuous batching; None for any other component."""
        found = generator_of(self._system, component)
        if found is None:
            return None
        if isinstance(found, Generator):
            asks = asks_of(found, self._workload)
            if isinstance(asks, Asks):
                return asks
            found = asks
        self._reading.need(*found)
        return None

    def _publishes(self, step: Step) -> bool:
        return not step.waits and step.relation.verb == "publishes" and step.target not in self._open

    def _published(self, step: Step, chained: bool) -> Node:
        """Return what happens to a message: its queue, then its consumers."""
        queue = self._system.components[step.target]
        self._open.append(queue.name)
        steps = [one for one in self._flow.steps.get(queue.name, ()) if one.target not in self._open]
        groups: dict[int, list[Step]] = {}
        alone: list[Step] = []
        for one in steps:
            if one.group is None:
                alone.append(one)
            else:
                groups.setdefault(one.group, []).append(one)
        nodes = [self._visit(one.target, queue.max_length, True) for one in alone]
        for members in groups.values():
            branches = [(1 / len(members), self._visit(one.target, queue.max_length, True)) for one in members]
            nodes.append(Choice(self.choice(), tuple(branches)))
            self._reading.note(f"the consumers of {queue.name} take equal shares of its messages")
        self._open.pop()
        if not nodes:
            return _NOTHING
        made = nodes[0] if len(nodes) == 1 else Parallel(tuple(nodes))
        waits_s = constant(travel_s(step.relation))
        if not waits_s.zero:
            made = Sequence((Delay(waits_s), made))
        return made if chained else Later(queue.name, made)

    def choice(self) -> str:
        """Return a new name for a choice."""
        self._choices += 1
        return f"choice {self._choices} of {self._workload.name}"

    def hits(self, ratio: float, kind: str) -> float:
        """Return the share of look-ups that hit: a prediction is there only for a repeated input."""
        repeats = self._workload.repeats
        return ratio if repeats is None or kind == "data" else min(ratio, repeats)

    def looked_up(self, cache: str, choice: str) -> None:
        """Note that a look-up in a cache decides a choice."""
        self._reading.lookups.setdefault(cache, []).append(choice)

    def call(self, source: Component, target: str, network_s: float, relation: Relation | None) -> Node:
        """Return a call with its network, its timeout and its retries."""
        node = self._visit(target)
        if network_s:
            node = Sequence((Delay(constant(network_s)), node))
        return node if relation is None else self._tried(source, relation, node)

    def _tried(self, source: Component, relation: Relation, node: Node) -> Node:
        timeout = self._system.facts.timeout_s(relation)
        timeout_s = math.inf if timeout is None else float(timeout.value)
        retries = int(min(relation.retries or 0.0, 100.0))
        optional = bool(relation.optional) or relation.fails == "open" or relation.hit_ratio is not None
        optional = optional or relation.fallback is not None
        if timeout_s == math.inf and not retries and not optional:
            return node
        instead = None
        stands_in = self._system.components.get(relation.fallback or "")
        if stands_in is not None and stands_in.name not in self._open:
            instead, optional = self._visit(stands_in.name), False
        wait_s, backoff = 0.0, relation.backoff or "none"
        if retries and backoff != "none":
            wait_s = BACKOFF_S
            self._reading.note(f"{source.name} waits {BACKOFF_S * 1000:g} ms before its first retry")
        return Attempts(
            node, timeout_s, retries, wait_s, "exponential" in backoff, "jitter" in backoff,
            relation.retry_budget, optional, instead,
        )  # fmt: skip

    def relations(self, name: str) -> Iterator[tuple[str, Relation]]:
        """Yield the waiting relations of a component, by target."""
        for step in self._flow.steps.get(name, ()):
            if step.waits:
                yield step.target, step.relation

    def need(self, *places: Place) -> None:
        """Note missing facts."""
        self._reading.need(*places)


class _Body:
    """Makes the part of a tree that belongs to one component; its own work is collected in `works`."""

    def __init__(self, tree: _Tree, component: Component, works: list[Work], held: bool) -> None:
        self._tree = tree
        self._component = component
        self._works = works
        self._held = held
        self._called = False
        self._cache, self._misses = "", {"prediction": 1.0, "data": 1.0}
        self._kind = ""
        self._relations: dict[str, list[Relation]] = {}
        for target, relation in tree.relations(component.name):
            self._relations.setdefault(target, []).append(relation)

    def node(self, piece: path.Node, arms: Arms) -> Node:
        """Return the node of a piece of what a request does here."""
        if isinstance(piece, path.Work):
            return self._work(piece, arms)
        if isinstance(piece, path.Delay):
            return Delay(constant(piece.seconds))
        call = _call_of(piece)
        if call is not None:
            self._called = True
            network_s, target = call
            known = self._relations.get(target, [])
            relation = known.pop(0) if len(known) > 1 else known[0] if known else None
            if relation is not None and relation.hit_ratio is not None:
                self._look_up(relation, relation.hit_ratio)
            return self._tree.call(self._component, target, network_s, relation)
        if isinstance(piece, path.Series):
            found = [made for part in piece.parts if (made := self.node(part, arms)) != _NOTHING]
            return found[0] if len(found) == 1 else Sequence(tuple(found))
        if isinstance(piece, path.Together):
            found = [made for part in piece.branches if (made := self.node(part, arms)) != _NOTHING]
            return found[0] if len(found) == 1 else Parallel(tuple(found)) if found else _NOTHING
        if isinstance(piece, path.Mixture):
            return self._choice(piece, arms)
        return _NOTHING

    def _look_up(self, relation: Relation, ratio: float) -> None:
        """Note the cache whose misses take the next choice of that share."""
        self._cache, self._kind = relation.target, "data" if relation.caches == "data" else "prediction"
        before = self._misses["data"] if self._kind == "data" else 1.0
        self._misses[self._kind] = before * (1 - self._tree.hits(ratio, self._kind))

    def _work(self, piece: path.Work, arms: Arms) -> Node:
        law = law_of(piece.time)
        if law is None:
            stated = [fraction for fraction, _ in piece.time.percentiles]
            key = "cv" if piece.time.mean_s is not None else "p99" if 0.99 not in stated else "p50"
            self._tree.need(piece.at.key(key))
            return _NOTHING
        if self._held and (self._called or arms):
            return Delay(law)
        self._works.append(Work(law, arms))
        return _NOTHING

    def _choice(self, piece: path.Mixture, arms: Arms) -> Node:
        name, low = self._tree.choice(), 0.0
        if self._cache and len(piece.arms) == 2 and abs(piece.arms[0][0] - self._misses[self._kind]) < _SAME:
            self._tree.looked_up(self._cache, name)
        branches = []
        for number, (share, arm) in enumerate(piece.arms):
            high = math.inf if number == len(piece.arms) - 1 else low + share
            branches.append((share, self.node(arm, (*arms, (name, low, high)))))
            low += share
        return Choice(name, tuple(branches)) if any(branch != _NOTHING for _, branch in branches) else _NOTHING


def _call_of(piece: path.Node) -> tuple[float, str] | None:
    """Return the network time and the target of a piece that is one call; None for any other piece."""
    if isinstance(piece, path.Attempts):
        return _call_of(piece.inside)
    if isinstance(piece, path.Visit):
        return 0.0, piece.component
    if isinstance(piece, path.Series) and len(piece.parts) == 2:
        first, second = piece.parts
        if isinstance(first, path.Delay) and isinstance(second, path.Visit):
            return first.seconds, second.component
    return None
