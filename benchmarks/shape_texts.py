"""Texts of systems with extreme shapes, for `benchmarks.shapes`: each grows with its size in one direction.

People do not write such shapes, but a generator or an importer may: thousands of caches of one component, of clients of
one chain, of queues in a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks.queue_shapes import (
    consumers_of_one_queue,
    jobs,
    jobs_of_one_store,
    publishers_of_one_queue,
    queues_in_a_ring,
    queues_in_a_row,
    queues_of_one_publisher,
    queues_of_one_worker,
    readers_of_old_data,
    servers_behind_a_queue,
    topic,
    writers,
)
from benchmarks.shape_parts import SERVER, SLO, Lines, numbers, system


def caches(size: int) -> str:
    """One component that reads many caches, each of which may answer."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        reads = numbers(size, "{{to: c{0}, hit_ratio: 0.001, ttl: 5min}}")
        yield f"api: {{kind: service, reads: {reads}, calls: [server]}}"
        yield f"server: {SERVER}"
        yield from (f"c{number}: {{kind: cache, service_time: 1ms}}" for number in range(size))
    return system(parts())


def workloads_and_models(size: int) -> str:
    """Many workloads on one path to a server of many models (half of the size each); each workload uses one model."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: page, rate: 5/s, waits: true, models: [m{n}], {SLO}}}\n" for n in range(half))
    models = "models:\n" + "".join(f"  m{n}: {{service_time: 5ms, version: 1.0.0}}\n" for n in range(half))
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield "api: {kind: service, calls: [{to: server, optional: true, timeout: 1s}]}"
        yield f"server: {{kind: model-server, serves: {numbers(half, 'm{0}')}, replicas: 2, zones: [a, b]}}"
    return system(parts(), "workloads:\n" + loads, models)


def workloads_of_all_models(size: int) -> str:
    """Many workloads on one path to many servers (half of the size each); no workload names its models."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: page, rate: 5/s, waits: true, {SLO}}}\n" for n in range(half))
    models = "models:\n" + "".join(f"  m{n}: {{service_time: 5ms, version: 1.0.0}}\n" for n in range(half))
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield f"api: {{kind: service, calls: {numbers(half, '{{to: s{0}, optional: true, timeout: 1s}}')}}}"
        yield from (f"s{n}: {{kind: model-server, serves: [m{n}], replicas: 2, zones: [a, b]}}" for n in range(half))
    return system(parts(), "workloads:\n" + loads, models)


def clients(size: int) -> str:
    """Many clients of one chain of calls, half of the size each."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: u{n}, rate: 5/s, waits: true, {SLO}}}\n" for n in range(half))
    def parts() -> Lines:
        yield from (f"u{n}: {{kind: client, calls: [h0]}}" for n in range(half))
        yield from (f"h{n}: {{kind: service, service_time: 1ms, calls: [h{n + 1}]}}" for n in range(half))
        yield f"h{half}: {SERVER}"
    return system(parts(), "workloads:\n" + loads)


def entrances(size: int) -> str:
    """Many clients that enter one chain at different places, half of the size each."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: u{n}, rate: 5/s, waits: true, {SLO}}}\n" for n in range(half))
    def parts() -> Lines:
        yield from (f"u{n}: {{kind: client, calls: [h{n}]}}" for n in range(half))
        yield from (f"h{n}: {{kind: service, service_time: 1ms, calls: [h{n + 1}]}}" for n in range(half))
        yield f"h{half}: {SERVER}"
    return system(parts(), "workloads:\n" + loads)


def ring(size: int) -> str:
    """Services that wait for one another in one cycle."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [h0]}"
        yield from (f"h{n}: {{kind: service, calls: [h{(n + 1) % size}]}}" for n in range(size))
    return system(parts())


def knot(size: int) -> str:
    """Services that wait for one another in many long cycles."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [h0]}"
        for n in range(size):
            yield f"h{n}: {{kind: service, calls: [h{(n + 1) % size}, h{(n * 7 + 3) % size}]}}"
    return system(parts())


def monitors(size: int) -> str:
    """One server with many monitoring systems."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [server]}"
        watched = numbers(size, "o{0}")
        yield f"server: {{kind: model-server, serves: [m], monitored_by: {watched}, logs_to: {watched}}}"
        yield from (f"o{n}: {{kind: monitoring}}" for n in range(size))
    return system(parts())


def shares(size: int) -> str:
    """One component that sends a share of its requests to each of many servers."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield f"api: {{kind: service, calls: {numbers(size, f'{{{{to: s{{0}}, share: {1 / size:.9f}}}}}')}}}"
        yield from (f"s{n}: {{kind: model-server, serves: [m], replicas: 1}}" for n in range(size))
    return system(parts())


def either(size: int) -> str:
    """One component that needs any one of many servers."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield f"api: {{kind: service, calls: {numbers(size, '{{to: s{0}, either: e, timeout: 1s}}')}}}"
        yield from (f"s{n}: {{kind: model-server, serves: [m], replicas: 1}}" for n in range(size))
    return system(parts())


def layers(size: int) -> str:
    """Layers of ten services; each needs one of two of the next layer."""
    depth = size // 10
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {numbers(10, 'h0x{0}')}}}"
        for layer in range(depth):
            for n in range(10):
                to = f"{{to: h{layer + 1}x{n}, either: e}}, {{to: h{layer + 1}x{(n + 3) % 10}, either: e}}"
                calls = f", calls: [{to}]" if layer + 1 < depth else ", serves: [m]"
                yield f"h{layer}x{n}: {{kind: service, replicas: 1{calls}}}"
    return system(parts())


def halves(size: int) -> str:
    """Layers of ten services; each sends half of its requests to each of two of the next layer."""
    return layers(size).replace("either: e", "share: 0.5")


def cached_servers(size: int) -> str:
    """Many servers, each with a cache in front of it that one component reads."""
    half = size // 2
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        reads = numbers(half, "{{to: c{0}, hit_ratio: 0.001}}")
        yield f"api: {{kind: service, reads: {reads}, calls: {numbers(half, 's{0}')}}}"
        for n in range(half):
            yield f"c{n}: {{kind: cache}}"
            yield f"s{n}: {{kind: model-server, serves: [m], reads: [c{n}], writes: [c{n}]}}"
    return system(parts())


def ladder(size: int) -> str:
    """Pairs of services; each needs one of the next pair."""
    half = size // 2
    def parts() -> Lines:
        yield "page: {kind: client, calls: [a0, b0]}"
        for n in range(half):
            both = ", ".join(f"{{to: {side}{n + 1}, either: e}}" for side in "ab")
            calls = f"calls: [{both}]" if n + 1 < half else "serves: [m]"
            yield from (f"{side}{n}: {{kind: service, replicas: 1, availability: 99%, {calls}}}" for side in "ab")
    return system(parts())


def vendors(size: int) -> str:
    """One gateway that calls many vendors, each the fallback of another one."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        calls = (f"{{to: v{n}, timeout: 1s, fallback: v{(n + 1) % size}}}" for n in range(size))
        yield f"api: {{kind: gateway, calls: [{', '.join(calls)}]}}"
        yield from (f"v{n}: {{kind: external, serves: [m], availability: 99%}}" for n in range(size))
    return system(parts())


def retries_in_a_row(size: int) -> str:
    """A chain of services; each call retries, with a timeout below those behind it."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [h0]}"
        for n in range(size):
            call = f"{{to: h{n + 1}, timeout: 1s, retries: 1}}"
            yield f"h{n}: {{kind: service, service_time: 1ms, replicas: 2, availability: 99.9%, calls: [{call}]}}"
        yield f"h{size}: {SERVER}"
    return system(parts())


def objectives(size: int) -> str:
    """Many workloads of one path, each with its own objective."""
    def load(n: int) -> str:
        slo = f"slo: {{latency: {{p99: {n + 50}ms}}, availability: 99.9%}}"
        return f"  w{n}: {{from: page, rate: 5/s, peak: 9/s, waits: true, tokens: {{in: 10, out: 10}}, {slo}}}\n"
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield "api: {kind: service, service_time: 1ms, replicas: 2, calls: [{to: server, timeout: 1s}]}"
        yield f"server: {SERVER}"
    return system(parts(), "workloads:\n" + "".join(map(load, range(size))))


def regions(size: int) -> str:
    """Servers in regions and zones of their own, of which one is enough."""
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {numbers(size, '{{to: s{0}, either: e, timeout: 1s}}')}}}"
        for n in range(size):
            place = f"region: r{n}, zones: [z{n}], availability: 99%"
            yield f"s{n}: {{kind: model-server, serves: [m], replicas: 2, {place}}}"
    return system(parts()).replace("system:", "zone_availability: 99.9%\nregion_availability: 99.99%\nsystem:", 1)


def accepted(size: int) -> str:
    """Many findings, each accepted with a reason."""
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {numbers(size, '{{to: s{0}, timeout: 1s}}')}}}"
        yield from (f"s{n}: {{kind: service, calls: [server]}}" for n in range(size))
        yield f"server: {SERVER}"
    entries = (f"  - {{rule: REL003, at: 'components.s{n}', reason: agreed in ticket {n}}}\n" for n in range(size))
    return system(parts()).replace("workloads:", "accept:\n" + "".join(entries) + "workloads:", 1)


def adapters(size: int) -> str:
    """One server of many models, each an adapter of the one before."""
    models = "".join(f"  m{n + 1}: {{artifact: 1GB, adapter_of: m{n}}}\n" for n in range(size))
    def parts() -> Lines:
        yield "page: {kind: client, calls: [server]}"
        yield f"server: {{kind: model-server, serves: {numbers(size, 'm{0}')}, replicas: 2, zones: [a, b]}}"
    return system(parts(), models="models:\n  m0: {artifact: 1GB}\n" + models)


def indexes(size: int) -> str:
    """Many servers of one client, each with an index of vectors that another one makes; half of the size each."""
    half = size // 2
    models = "".join(f"  m{n}: {{artifact: 1GB, embedding_space: e{n % 7}}}\n" for n in range(half))
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {numbers(half, 's{0}')}}}"
        for n in range(half):
            yield f"v{n}: {{kind: vector-store, index_of: m{n}}}"
            yield f"s{n}: {{kind: model-server, serves: [m{(n + 1) % half}], reads: [v{n}]}}"
    return system(parts(), models="models:\n" + models)


def guardrails(size: int) -> str:
    """One service that calls many guardrails, and continues without those that fail."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield f"api: {{kind: service, calls: {numbers(size, '{{to: g{0}, fails: open, timeout: 1s}}')}}}"
        yield from (f"g{n}: {{kind: guardrail, replicas: 1}}" for n in range(size))
    return system(parts())


def language_models(size: int) -> str:
    """Many servers of language models that one client calls, each with a model of its own."""
    models = "".join(f"  m{n}: {{parameters: 7e9, family: transformer}}\n" for n in range(size))
    loads = "workloads:\n  main: {from: page, rate: 5/s, tokens: {in: 1000, out: 300}, slo: {ttft: {p95: 1s}}}\n"
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {numbers(size, 's{0}')}}}"
        for n in range(size):
            yield f"s{n}: {{kind: model-server, uses: vllm, serves: [m{n}], hardware: {{gpu: nvidia-h100}}}}"
    return system(parts(), loads, "models:\n" + models)


def repeated_calls(size: int) -> str:
    """One client that calls one server many times."""
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {numbers(size, 'server')}}}"
        yield "server: {kind: model-server, serves: [m]}"
    return system(parts())


def accepted_by_patterns(size: int) -> str:
    """Many servers, each with an accepted finding that a pattern names."""
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {numbers(size, 's{0}')}}}"
        yield from (f"s{n}: {{kind: model-server, serves: [m], replicas: 1}}" for n in range(size))
    entries = "".join(f"  - {{rule: REL001, at: components.s*{n}, reason: x}}\n" for n in range(size))
    return system(parts()) + "accept:\n" + entries


SHAPES: Final[tuple[Callable[[int], str], ...]] = (
    caches, workloads_and_models, workloads_of_all_models, clients, entrances, jobs, ring, knot, queues_of_one_worker,
    queues_of_one_publisher, monitors, shares, either, layers, halves, cached_servers, queues_in_a_row,
    queues_in_a_ring, servers_behind_a_queue, ladder, vendors, retries_in_a_row, writers, objectives, regions, topic,
    accepted, adapters, indexes, publishers_of_one_queue, jobs_of_one_store, readers_of_old_data,
    guardrails, language_models, consumers_of_one_queue, repeated_calls, accepted_by_patterns,
)  # fmt: skip
BY_NAME: Final = {shape.__name__: shape for shape in SHAPES}
