"""How a workload gets the predictions of its models, in small realistic systems."""

from __future__ import annotations

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archlint
from archlint.analysis.modes import (
    ASYNCHRONOUS,
    BATCH,
    EDGE,
    ONLINE,
    STREAMING,
    UNREACHED,
    Production,
    Productions,
)
from archlint.analysis.patterns import recognise
from archlint.analysis.system import System
from tests.topology.graphs import random_system, system_of
from tests.topology.oracle import Oracle


def served(system: System, workload: str = "main") -> list[tuple[str, str, str, str, str]]:
    """Model, mode, server, producer and store of each serving."""
    found = []
    for serving in system.servings(workload):
        assert (serving.read.target if serving.read else "") == serving.store
        found.append((serving.model, serving.mode, serving.server, serving.producer, serving.store))
    return found


def test_online_is_what_only_waiting_relations_lead_to() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [gateway]}
        gateway: {kind: gateway, calls: [api]}
        api: {kind: service, calls: [ranking], serves: [tagger]}
        ranking: {kind: model-server, serves: [ranker]}
        """,
        "main: {from: client, waits: false}",
    )
    assert served(system) == [("tagger", ONLINE, "api", "", ""), ("ranker", ONLINE, "ranking", "", "")]
    assert system.serving_modes("main") == {"tagger": (ONLINE,), "ranker": (ONLINE,)}
    assert system.modes("main", "ranker") == {ONLINE} and system.modes("main", "scorer") == frozenset()


def test_asynchronous_is_what_stands_behind_a_queue() -> None:
    """The worker that takes the message need not predict itself."""
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, publishes: [photos], reads: [rows]}
        photos: {kind: queue}
        worker: {kind: worker, consumes: [photos], calls: [server], writes: [rows]}
        server: {kind: model-server, serves: [ranker]}
        rows: {kind: database}
        """
    )
    assert served(system) == [("ranker", ASYNCHRONOUS, "server", "", "")]


def test_a_model_may_be_served_in_several_ways() -> None:
    """A fast answer online, the same server after a queue, and a nightly table."""
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, calls: [server], publishes: [deep], reads: [table]}
        server: {kind: model-server, serves: [ranker]}
        deep: {kind: queue}
        worker: {kind: worker, consumes: [deep], serves: [ranker, tagger]}
        nightly: {kind: batch-job, serves: [ranker], writes: [table], schedule: "@daily"}
        table: {kind: database}
        """
    )
    assert served(system) == [
        ("ranker", ONLINE, "server", "", ""), ("ranker", ASYNCHRONOUS, "worker", "", ""),
        ("tagger", ASYNCHRONOUS, "worker", "", ""), ("ranker", BATCH, "nightly", "nightly", "table"),
    ]  # fmt: skip
    assert system.modes("main", "ranker") == {ONLINE, ASYNCHRONOUS, BATCH}


def test_batch_over_several_stores() -> None:
    """The job writes to a warehouse, an export copies to a bucket, and a loader copies to the store that the page reads."""
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, calls: [films]}
        films: {kind: database}
        nightly: {kind: batch-job, calls: [server], writes: [lake]}
        server: {kind: model-server, serves: [ranker]}
        lake: {kind: warehouse}
        export: {kind: batch-job, reads: [lake], writes: [bucket]}
        bucket: {kind: object-store}
        loader: {kind: batch-job, reads: [bucket], writes: [films]}
        """
    )
    assert served(system) == [("ranker", BATCH, "server", "nightly", "films")]
    assert set(system.productions) == {"lake", "bucket", "films"}


def test_batch_over_a_queue_to_the_store() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, reads: [scores]}
        scores: {kind: cache}
        nightly: {kind: batch-job, serves: [ranker], publishes: [results]}
        results: {kind: queue}
        sink: {kind: service, consumes: [results], writes: [scores]}
        """
    )
    assert served(system) == [("ranker", BATCH, "nightly", "nightly", "scores")]


def test_what_a_service_reads_and_writes_is_no_copy() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, reads: [orders]}
        orders: {kind: database}
        shop: {kind: service, reads: [scores], writes: [orders]}
        scores: {kind: database}
        nightly: {kind: batch-job, serves: [ranker], writes: [scores]}
        """
    )
    assert served(system) == []


@pytest.mark.parametrize("kind", ["stream-processor", "worker"])
def test_streaming_is_what_keeps_predicting_on_events_of_others(kind: str) -> None:
    system = system_of(
        f"""
        client: {{kind: client, calls: [api]}}
        api: {{kind: service, reads: [scores]}}
        scores: {{kind: feature-store}}
        sensors: {{kind: external, publishes: [events]}}
        events: {{kind: queue}}
        processor: {{kind: {kind}, consumes: [events], serves: [scorer], writes: [scores]}}
        """
    )
    assert served(system) == [("scorer", STREAMING, "processor", "processor", "scores")]


CLICKS = """
    client: {kind: client, calls: [api]}
    api: {kind: service, publishes: [clicks], reads: [table]}
    clicks: {kind: queue}
    KIND
    table: {kind: database}
"""


@pytest.mark.parametrize(
    ("consumer", "expected"),
    [
        ("{kind: stream-processor, writes: [table]", ("ranker", STREAMING, "maker", "maker", "table")),
        ("{kind: stream-processor", ("ranker", STREAMING, "maker", "", "")),
        ("{kind: worker, writes: [table]", ("ranker", ASYNCHRONOUS, "maker", "", "")),
        ("{kind: batch-job, writes: [table], schedule: '@daily'", ("ranker", BATCH, "maker", "maker", "table")),
        ("{kind: batch-job, writes: [table]", ("ranker", ASYNCHRONOUS, "maker", "", "")),
        ("{kind: batch-job, schedule: '@daily'", ("ranker", ASYNCHRONOUS, "maker", "", "")),
    ],
)
def test_events_of_ones_own_may_feed_a_job_or_a_stream(consumer: str, expected: tuple[str, ...]) -> None:
    """A scheduled job is batch, whatever it reads; a job that only messages start is like a worker."""
    maker = f"maker: {consumer}, consumes: [clicks], serves: [ranker]}}"
    assert served(system_of(CLICKS.replace("KIND", maker))) == [expected]


def test_a_job_that_a_scheduler_triggers_is_batch() -> None:
    maker = "maker: {kind: batch-job, writes: [table], consumes: [clicks], serves: [ranker]}"
    text = CLICKS.replace("KIND", f"{maker}\n    airflow: {{kind: scheduler, triggers: [maker]}}")
    assert served(system_of(text)) == [("ranker", BATCH, "maker", "maker", "table")]


def test_edge_is_on_the_device_of_who_asks() -> None:
    system = system_of(
        """
        phone: {kind: client, serves: [tagger], calls: [watch, api]}
        watch: {kind: edge-device, serves: [scorer]}
        api: {kind: service, serves: [ranker]}
        """,
        "main: {from: phone}",
    )
    assert served(system) == [
        ("tagger", EDGE, "phone", "", ""), ("scorer", EDGE, "watch", "", ""), ("ranker", ONLINE, "api", "", ""),
    ]  # fmt: skip


def test_stated_models_that_nothing_leads_to_are_unreached() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, calls: [server]}
        server: {kind: model-server, serves: [ranker]}
        elsewhere: {kind: model-server, serves: [tagger]}
        shadow: {kind: model-server, serves: [scorer]}
        """,
        "main: {from: client, models: [ranker, tagger, tagger]}\nother: {from: client}",
    )
    assert served(system) == [("ranker", ONLINE, "server", "", ""), ("tagger", UNREACHED, "", "", "")]
    assert served(system, "other") == [("ranker", ONLINE, "server", "", "")]


def test_only_the_models_that_a_workload_states_count() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [server], reads: [table]}
        server: {kind: model-server, serves: [ranker, tagger]}
        nightly: {kind: batch-job, serves: [tagger, scorer], writes: [table]}
        table: {kind: database}
        """,
        "main: {from: client, models: [tagger]}",
    )
    assert served(system) == [("tagger", ONLINE, "server", "", ""), ("tagger", BATCH, "nightly", "nightly", "table")]


def test_clients_that_read_predictions_or_predict_are_not_taken_for_one_another() -> None:
    system = system_of(
        """
        reader: {kind: client, reads: [table], calls: [api]}
        caller: {kind: client, reads: [table], calls: [api]}
        phone: {kind: client, reads: [table], calls: [api], serves: [tagger]}
        api: {kind: service, serves: [ranker]}
        table: {kind: database}
        nightly: {kind: batch-job, serves: [scorer], writes: [table]}
        """,
        "a: {from: reader}\nb: {from: caller}\nc: {from: phone}",
    )
    for workload, client in (("a", "reader"), ("b", "caller"), ("c", "phone")):
        read = next(s.read for s in system.servings(workload) if s.mode == BATCH)
        assert read is not None and read.source == client
    assert system.modes("c", "tagger") == {EDGE} and system.modes("a", "tagger") == frozenset()


@pytest.mark.parametrize("seed", range(200))
def test_online_and_behind_a_queue_are_what_can_be_reached_in_these_ways(seed: int) -> None:
    """Compared with brute force: servers on the waiting path are online, the others are not."""
    system = random_system(seed, size=7)
    for workload in system.workloads.values():
        oracle = Oracle(system.architecture, workload)
        for serving in system.servings(workload):
            if serving.mode in {ONLINE, EDGE}:
                assert serving.server in oracle.waiting
            elif serving.mode == UNREACHED:
                assert workload.models is not None and serving.model in workload.models
                assert all(serving.model not in system.components[n].serves for n in (*oracle.waiting, *oracle.eventual))
            elif serving.read is None:
                assert serving.server in oracle.eventual
            else:
                assert serving.read.source in oracle.waiting and _written(system, serving.producer, serving.store)
        wanted = None if workload.models is None else set(workload.models)
        for name in oracle.waiting | oracle.eventual:
            for model in system.components[name].serves:
                if wanted is None or model in wanted:
                    assert model in {s.model for s in system.servings(workload) if s.server == name}


def _written(system: System, producer: str, store: str) -> bool:
    """Whether data can get from a producer to a store, through any copies."""
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    for name, component in system.components.items():
        for relation in component.relations:
            if relation.verb in {"writes", "publishes"}:
                graph.add_edge(name, relation.target)
            elif relation.verb in {"reads", "consumes"}:
                graph.add_edge(relation.target, name)
    return networkx.has_path(graph, producer, store)


@st.composite
def pipelines(draw: st.DrawFn) -> str:
    """Jobs, stream processors and workers that read, write and forward between some stores and queues."""
    stores = [f"t{number}" for number in range(6)]
    names = st.lists(st.sampled_from(stores), unique=True, max_size=3)
    lines = ["page: {kind: client, reads: [t0]}"]
    for number, store in enumerate(stores):
        kind = draw(st.sampled_from(["database", "queue"])) if number else "database"
        lines.append(f"{store}: {{kind: {kind}}}")
    for number in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["batch-job", "stream-processor", "worker", "service"]))
        parts = [f"kind: {kind}", "serves: [m]"] if draw(st.booleans()) else [f"kind: {kind}"]
        for verb in ("reads", "consumes", "writes", "publishes"):
            if found := draw(names):
                parts.append(f"{verb}: [{', '.join(found)}]")
        lines.append(f"j{number}: {{{', '.join(parts)}}}")
    return "archlint: 1\nmodels: {m: {}}\ncomponents:\n" + "".join(f"  {line}\n" for line in lines)


@given(pipelines())
def test_what_a_store_holds_is_what_each_producer_spreads_to_it(text: str) -> None:
    system = archlint.load(text)
    topology, made = system.topology, system.productions
    onward: dict[str, set[str]] = {}
    for name, component in system.components.items():
        handed = {r.target for r in topology.outgoing[name] if r.verb in {"writes", "publishes"}}
        job = component.kind in {"batch-job", "stream-processor", "worker"}
        for relation in topology.outgoing[name]:
            if relation.verb == "consumes" or (relation.verb == "reads" and job):
                onward.setdefault(relation.target, set()).update(handed)
    expected: dict[str, list[str]] = {}
    for name, component in system.components.items():
        if component.kind not in {"batch-job", "stream-processor", "worker"} or not component.serves:
            continue
        reached = {r.target for r in topology.outgoing[name] if r.verb in {"writes", "publishes"}}
        while more := {store for old in reached for store in onward.get(old, ())} - reached:
            reached |= more
        for store in reached:
            if system.components[store].kind != "queue":
                expected.setdefault(store, []).append(name)
    assert {store: [one.producer for one in found] for store, found in made.items()} == expected
    batch = {
        name: {store for store, producers in expected.items() if name in producers}
        for name, component in system.components.items() if component.kind == "batch-job"
    }  # fmt: skip
    unread = made.unread_stores("batch", {"j0"})
    assert {name: set(stores) for name, stores in unread.items()} == {
        name: stores for name, stores in batch.items() if stores and name != "j0"
    }


def test_only_the_stores_that_somebody_asks_for_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # In a chain of n jobs the stores hold n * n / 2 predictions together.
    asked: list[str] = []
    get = Productions.__getitem__

    def counted(made: Productions, store: str) -> tuple[Production, ...]:
        asked.append(store)
        return get(made, store)

    jobs = "".join(
        f"  j{n}: {{kind: batch-job, schedule: '@daily', serves: [m], reads: [t{n}], writes: [t{n + 1}]}}\n"
        f"  t{n + 1}: {{kind: database}}\n"
        for n in range(9)
    )
    text = f"archlint: 1\nworkloads: {{w: {{from: page}}}}\nmodels: {{m: {{}}}}\ncomponents:\n{jobs}"
    system = archlint.load(f"{text}  t0: {{kind: database}}\n  page: {{kind: client, reads: [t9]}}\n")
    monkeypatch.setattr(Productions, "__getitem__", counted)
    assert [serving.producer for serving in system.servings("w")] == [f"j{n}" for n in range(9)]
    recognise(system)
    assert set(asked) == {"t9"}
