"""Random serving systems for Hypothesis: valid architecture files of 2 to 12 components, as trees of text.

A tree is the content of a YAML file, with every scalar as written (`{"timeout": "80ms"}`); `dump` writes it as YAML.
Components are in layers (client, balancers, services, servers, stores), and relations lead downwards, so that most
systems make sense. All other facts of relations and components are present or missing at random.

    @given(architectures())
    def test_a_law(tree):
        report = archlint.check(dump(tree), Config(ROOT))
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.examples.stripping import Tree, dump, parse

__all__ = ["Tree", "architectures", "dump", "parse", "reordered"]

Facts = dict[str, Tree]
PERCENTILES = ("p50", "p90", "p95", "p99")
ZONES = ("a", "b", "c")
SIZES: tuple[Facts, ...] = (
    {},
    {"artifact": "20MB"},
    {"artifact": "140GB"},
    {"parameters": "70B"},
    {"parameters": "7B", "precision": "fp32"},
    {"parameters": "70B", "precision": "bf16", "artifact": "140GB"},
)
"""Facts about the size of a model that fit together."""


def millis(low: int, high: int) -> st.SearchStrategy[str]:
    """Durations from few round values, so that equal values occur."""
    steps = sorted(
        {low, high, *(value for value in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000) if low <= value <= high)}
    )
    return st.sampled_from([f"{step}ms" for step in steps])


def shares() -> st.SearchStrategy[str]:
    """Shares of the traffic, or of the lookups."""
    return st.sampled_from(["0.5%", "10%", "40%", "50%", "60%", "90%", "99%", "100%"])


@st.composite
def percentiles(draw: st.DrawFn, low: int = 1, high: int = 5000) -> Tree:
    """One to three percentiles that do not fall."""
    names = sorted(draw(st.sets(st.sampled_from(PERCENTILES), min_size=1, max_size=3)))
    values = sorted(int(draw(millis(low, high)).removesuffix("ms")) for _ in names)
    return {name: f"{value}ms" for name, value in zip(names, values, strict=True)}


@st.composite
def service_times(draw: st.DrawFn) -> Tree:
    """A constant, percentiles, or a mean with or without its coefficient of variation."""
    form = draw(st.sampled_from(["constant", "percentiles", "mean", "mean and cv"]))
    if form == "constant":
        return draw(millis(1, 5000))
    if form == "percentiles":
        return draw(percentiles())
    mean: Facts = {"mean": draw(millis(1, 5000))}
    return mean if form == "mean" else mean | {"cv": draw(st.sampled_from(["0", "0.3", "1", "2"]))}


@st.composite
def standing(draw: st.DrawFn) -> Facts:
    """Replicas and their zones; there are never more zones than replicas."""
    facts: Facts = {}
    most = 3
    if draw(st.integers(0, 3)):
        most = draw(st.integers(1, 8))
        facts["replicas"] = str(most)
        if draw(st.booleans()):
            most = draw(st.integers(1, 3))
            facts["replicas"] = {"min": str(most), "max": str(most + draw(st.integers(0, 8))), "on": "queue-depth"}
    if draw(st.booleans()):
        count = draw(st.integers(1, min(3, most)))
        facts["zones"] = list(ZONES[:count])
    if draw(st.booleans()):
        facts["workers"] = str(draw(st.sampled_from([1, 2, 8])))
    return facts


def _pick(draw: st.DrawFn, facts: Facts, **known: st.SearchStrategy[Tree]) -> Facts:
    """State each of some further facts, or (less often) omit it."""
    for key, strategy in known.items():
        if draw(st.integers(0, 3)):
            facts[key] = draw(strategy)
    return facts


class _Builder:
    """Draws the parts of one system; names contain the kind, so that a failing example is readable."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.models: dict[str, Tree] = {}
        self.components: dict[str, Tree] = {}
        self.stores: list[str] = []
        self.servers: list[str] = []
        self.room = draw(st.integers(2, 12))

    def chance(self) -> bool:
        return self.draw(st.booleans())

    def rarely(self) -> bool:
        return self.draw(st.integers(0, 5)) == 5

    def likely(self) -> bool:
        return self.draw(st.integers(0, 3)) > 0

    def left(self) -> int:
        return self.room - len(self.components)

    def facts(self, name: str) -> Facts:
        facts = self.components[name]
        assert isinstance(facts, dict)
        return facts

    def add(self, kind: str, facts: Facts) -> str:
        name = f"{kind}-{sum(other.startswith(kind) for other in self.components)}"
        self.components[name] = {"kind": kind, **facts}
        return name

    def model(self) -> str:
        name = f"model-{len(self.models)}"
        facts = dict(self.draw(st.sampled_from(SIZES)))
        _pick(self.draw, facts, version=st.sampled_from(["1.2.0", "latest"]))
        if self.rarely():                          # it generates: its times are those of tokens
            facts["family"] = "transformer"
            _pick(self.draw, facts, ttft=service_times(), tpot=millis(5, 100), context=st.just("8k"))
        else:
            _pick(self.draw, facts, service_time=service_times(), family=st.sampled_from(["dlrm", "cnn", "other"]))
        if self.models and self.rarely():
            facts["adapter_of"] = self.draw(st.sampled_from(sorted(self.models)))
        self.models[name] = facts
        return name

    def some_models(self) -> Tree:
        """One or two models, new or served elsewhere too."""
        names: list[Tree] = [self.model()]
        if self.chance() and len(self.models) > 1:
            names.append(self.draw(st.sampled_from([name for name in self.models if name not in names])))
        return names

    def store(self) -> None:
        kind = self.draw(st.sampled_from(["cache", "cache", "database", "feature-store", "vector-store", "warehouse"]))
        facts = self.draw(standing())
        if kind == "vector-store":
            _pick(self.draw, facts, shards=st.sampled_from(["1", "12"]))
            if self.models and self.chance():
                facts["index_of"] = self.draw(st.sampled_from(sorted(self.models)))
        self.stores.append(self.add(kind, _pick(self.draw, facts, service_time=service_times())))

    def vendor(self) -> None:
        """An outside provider of a model, with its quota and price."""
        facts: Facts = {"serves": [self.model()]} if self.chance() else {}
        _pick(
            self.draw, facts, service_time=service_times(), availability=st.sampled_from(["99%", "99.9%"]),
            region=st.sampled_from(["eu-west-1", "us-east-1"]), rate_limit=st.just({"requests": "500/min", "tokens": "2M/min"}),
            price=st.just({"input": "2.50 USD per 1M tokens", "output": "10 USD per 1M tokens"}),
        )  # fmt: skip
        self.servers.append(self.add("external", facts))

    def guardrail(self) -> None:
        facts = _pick(self.draw, self.draw(standing()), service_time=service_times())
        self.servers.append(self.add("guardrail", facts))

    def server(self) -> None:
        kind = self.draw(st.sampled_from(["model-server", "model-server", "service"]))
        facts = self.draw(standing()) | {"serves": self.some_models()}
        _pick(
            self.draw, facts, service_time=service_times(), preprocessing=st.just({"service_time": "20ms"}),
            hardware=st.sampled_from([{"gpu": "t4"}, {"gpu": "a100", "gpus": "2"}, {"cpu": "4"}]),
            batching=st.just({"max_size": "8"}),
        )  # fmt: skip
        if self.rarely():
            stage = st.sampled_from(["prefill", "decode"])
            _pick(self.draw, facts, stage=stage, max_sequences=st.just("64"), regions=st.just(["eu", "us"]))
        self.servers.append(self.add(kind, facts | self.reads() | self.onward()))

    def middle(self) -> None:
        kind = self.draw(st.sampled_from(["service", "load-balancer", "gateway"]))
        facts = self.draw(standing())
        if kind == "service":
            _pick(self.draw, facts, service_time=service_times())
            facts |= self.reads()
        self.servers.append(self.add(kind, facts | self.onward()))

    def worker(self) -> None:
        """A queue with a worker, which may write to a store, and with a publisher."""
        queue = self.add("queue", _pick(self.draw, {}, max_length=st.sampled_from(["1k", "1M"])))
        taken: Tree = {"to": queue, "redelivery_after": self.draw(st.sampled_from(["1s", "30s", "none"]))} if self.rarely() else queue
        facts: Facts = self.draw(standing()) | {"consumes": [taken], "serves": self.some_models()}
        if self.stores and self.chance():
            facts["writes"] = [self.draw(st.sampled_from(self.stores))]
        self.add("worker", facts)
        callers = [name for name in self.components if name.startswith(("service", "model-server"))]
        if callers:
            self.facts(self.draw(st.sampled_from(callers)))["publishes"] = [queue]
        else:
            self.servers.append(self.add("service", self.reads() | {"publishes": [queue]}))

    def job(self) -> None:
        """A batch job that fills a store, with or without a scheduler."""
        if not self.stores:
            self.store()
        facts: Facts = {"serves": self.some_models(), "writes": [self.draw(st.sampled_from(self.stores))]}
        _pick(
            self.draw, facts, schedule=st.sampled_from(["1h", "@daily", "0 3 * * 1-5"]), records=st.sampled_from(["10k", "5M"]),
            run_time=st.sampled_from(["10min", "5h"]), replicas=st.sampled_from(["1", "4"]),
        )  # fmt: skip
        job = self.add("batch-job", facts)
        if self.left() > 1 and self.chance():
            self.add("scheduler", {"triggers": [job], "schedule": self.draw(st.sampled_from(["6h", "@weekly"]))})

    def reads(self) -> Facts:
        """Reads of stores; those of caches may have a hit ratio."""
        if not self.stores or not self.likely():
            return {}
        names = self.draw(st.lists(st.sampled_from(self.stores), min_size=1, max_size=2, unique=True))
        return {"reads": [self.relation(name) for name in names]}

    def onward(self) -> Facts:
        """Calls of lower layers: as one of several, for a share of the traffic, in parallel, or in sequence."""
        if not self.servers or not self.likely():
            return {}
        names = self.draw(st.lists(st.sampled_from(self.servers), min_size=1, max_size=3, unique=True))
        calls = [self.relation(name) for name in names]
        forms = ["plain", "share"] if len(calls) == 1 else ["plain", "plain", "either", "share", "parallel"]
        form = self.draw(st.sampled_from(forms))
        if form == "share":
            for call, share in zip(calls, _parts(self.draw, len(calls)), strict=True):
                call["share"] = share
        elif form != "plain":
            for call in calls:
                call[form] = "one"
        return {"calls": list[Tree](calls)}

    def relation(self, target: str) -> Facts:
        relation: Facts = {"to": target}
        _pick(self.draw, relation, timeout=millis(10, 5000))
        if self.rarely():
            relation["fallback"] = "an older answer"
        if self.rarely():
            relation["optional"] = "true"
        if self.rarely():
            relation["retries"] = "1"
        if self.rarely():
            relation["in_process"] = self.draw(st.sampled_from(["true", "false"]))
        if target.startswith("guardrail") and self.likely():
            relation["fails"] = self.draw(st.sampled_from(["open", "closed"]))
        if target.startswith(("database", "feature-store", "vector-store")) and self.rarely():
            relation["freshness"] = self.draw(st.sampled_from(["1min", "2h", "2d"]))
        if target.startswith("cache"):
            _pick(
                self.draw, relation, hit_ratio=shares(), ttl=st.sampled_from(["1min", "1h", "7d"]),
                kind=st.sampled_from(["prediction", "prediction", "data", "data", "prefix"]),
            )  # fmt: skip
        return relation

    def workload(self, client: str) -> Tree:
        """A workload of a client."""
        facts: Facts = {"from": client}
        _pick(
            self.draw, facts, rate=st.sampled_from(["1/s", "300/min"]), waits=st.sampled_from(["true", "false"]),
            repeats=shares(),
        )  # fmt: skip
        inputs = self.draw(st.sampled_from([None, "known", "known", "on-request", "on-request"]))
        if inputs is not None:
            facts["inputs"] = inputs
        if inputs == "known" and self.likely():
            facts["distinct"] = self.draw(st.sampled_from(["1k", "3M", "4B"]))
        if self.models and self.draw(st.integers(0, 3)) == 3:
            facts["models"] = list[Tree](
                self.draw(st.sets(st.sampled_from(sorted(self.models)), min_size=1, max_size=2))
            )
        objectives = _pick(
            self.draw, {}, latency=percentiles(10), freshness=st.sampled_from(["10min", "2h", "25h", "7d"]),
            availability=st.just("99.9%"),
        )  # fmt: skip
        if self.rarely():
            many: Facts = {"p50": "200", "max": "4k"}
            facts["tokens"] = {"in": "1.2k", "out": self.draw(st.sampled_from(["350", many]))}
            _pick(self.draw, facts, stream=st.sampled_from(["true", "false"]))
            _pick(self.draw, objectives, ttft=percentiles(10), tpot=millis(10, 200))
        if objectives:
            facts["slo"] = objectives
        return facts


def _parts(draw: st.DrawFn, count: int) -> Sequence[str]:
    """Shares that add up to 100 %, or to less."""
    whole = {1: ["100%"], 2: ["90%", "10%"], 3: ["50%", "49.5%", "0.5%"]}[count]
    return whole if draw(st.booleans()) else ["10%"] * count


@st.composite
def architectures(draw: st.DrawFn) -> Tree:
    """A system of 2 to 12 components with one to three workloads, from its stores upwards to its clients."""
    build = _Builder(draw)
    for _ in range(draw(st.integers(0, 2))):
        if build.left() > 3:
            build.store()
    if build.left() > 5 and build.likely():
        build.job()
    build.server()
    while build.left() > 4 and build.likely():
        steps = [build.server, build.middle, build.worker, build.job, build.server, build.vendor, build.guardrail]
        draw(st.sampled_from(steps))()
    if build.left() > 1:
        build.middle()
    workloads: dict[str, Tree] = {}
    for number in range(draw(st.integers(1, 3))):
        if number == 0 or (build.chance() and build.left() > 0):
            entered = draw(st.lists(st.sampled_from(build.servers), min_size=1, max_size=2, unique=True))
            client = build.add("client", {"calls": [build.relation(name) for name in entered]})
        workloads[f"workload-{number}"] = build.workload(client)
    return {
        "archlint": "1",
        "workloads": workloads,
        "models": build.models,
        "components": build.components,
    }


@st.composite
def reordered(draw: st.DrawFn, tree: Tree) -> Tree:
    """The same system with its components, models and workloads in another order."""
    assert isinstance(tree, dict)
    copy = dict(tree)
    for section in ("workloads", "models", "components"):
        named = copy[section]
        assert isinstance(named, dict)
        copy[section] = {name: named[name] for name in draw(st.permutations(list(named)))}
    return copy
