"""Systems with extreme shapes behind queues and schedulers: workers, jobs, and the stores that they fill."""

from __future__ import annotations

from benchmarks.shape_parts import Lines, numbers, system


def jobs(size: int) -> str:
    """A chain of batch jobs, each reading the output of the previous one."""
    half = size // 2
    def parts() -> Lines:
        yield f"page: {{kind: client, reads: [t{half}]}}"
        yield "t0: {kind: database}"
        for n in range(half):
            yield f"j{n}: {{kind: batch-job, serves: [m], schedule: '@daily', reads: [t{n}], writes: [t{n + 1}]}}"
            yield f"t{n + 1}: {{kind: database}}"
    return system(parts())


def queues_of_one_worker(size: int) -> str:
    """One worker of many queues, each with its own publisher."""
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {numbers(size // 2, 'a{0}')}}}"
        for n in range(size // 2):
            yield f"a{n}: {{kind: service, publishes: [q{n}]}}"
            yield f"q{n}: {{kind: queue, max_length: 1000}}"
        consumed = numbers(size // 2, "q{0}")
        yield f"worker: {{kind: worker, serves: [m], replicas: 2, consumes: {consumed}, writes: [t]}}"
        yield "t: {kind: database}"
    return system(parts())


def queues_of_one_publisher(size: int) -> str:
    """One service that publishes to many queues, each with its own worker."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield f"api: {{kind: service, publishes: {numbers(size // 2, 'q{0}')}}}"
        for n in range(size // 2):
            yield f"q{n}: {{kind: queue, max_length: 1000}}"
            yield f"w{n}: {{kind: worker, serves: [m], replicas: 2, consumes: [q{n}], writes: [t]}}"
        yield "t: {kind: database}"
    return system(parts())


def queues_in_a_row(size: int) -> str:
    """Queues one behind the other, each with a worker that runs a model and publishes to the next."""
    half = size // 2
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield "api: {kind: service, publishes: [q0]}"
        for n in range(half):
            onward = f"publishes: [q{n + 1}]" if n + 1 < half else "writes: [t]"
            yield f"q{n}: {{kind: queue, max_length: 100}}"
            yield f"w{n}: {{kind: worker, serves: [m], replicas: 1, consumes: [q{n}], {onward}}}"
        yield "t: {kind: database}"
    return system(parts())


def queues_in_a_ring(size: int) -> str:
    """Queues whose last worker publishes to the first again."""
    return queues_in_a_row(size).replace("writes: [t]", "publishes: [q0]")


def servers_behind_a_queue(size: int) -> str:
    """A worker that calls a chain of servers."""
    def parts() -> Lines:
        yield "page: {kind: client, publishes: [q]}"
        yield "q: {kind: queue}"
        yield "w: {kind: worker, consumes: [q], calls: [s0], writes: [t]}"
        for n in range(size):
            yield f"s{n}: {{kind: model-server, serves: [m], calls: [{f's{n + 1}' if n + 1 < size else 't'}]}}"
        yield "t: {kind: database}"
    return system(parts())


def writers(size: int) -> str:
    """Many jobs that write one store which is read with a freshness."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [server]}"
        yield "server: {kind: model-server, serves: [m], reads: [f]}"
        yield "f: {kind: feature-store}"
        for n in range(size):
            yield f"j{n}: {{kind: batch-job, schedule: '@daily', run_time: 1h, reads: [w], writes: [f]}}"
        yield "w: {kind: warehouse}"
    return system(parts())


def topic(size: int) -> str:
    """One queue with many consumers, each with its own store."""
    def parts() -> Lines:
        yield "page: {kind: client, publishes: [t]}"
        yield "t: {kind: queue, uses: kafka}"
        for n in range(size):
            yield f"w{n}: {{kind: worker, serves: [m], service_time: 5ms, replicas: 2, consumes: [t], writes: [d{n}]}}"
            yield f"d{n}: {{kind: database}}"
    return system(parts())


def publishers_of_one_queue(size: int) -> str:
    """Many clients that publish to one queue with many workers, half of the size each."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: u{n}, rate: 1/s, waits: false}}\n" for n in range(half))
    def parts() -> Lines:
        yield "q: {kind: queue}"
        for n in range(half):
            yield f"u{n}: {{kind: client, publishes: [q]}}"
            yield f"k{n}: {{kind: worker, consumes: [q], service_time: 1s, replicas: 1}}"
    return system(parts(), "workloads:\n" + loads)


def consumers_of_one_queue(size: int) -> str:
    """Many workers of one queue, half of them with one model, the others each with a model of its own."""
    half = size // 2
    models = "".join(f"  m{n}: {{artifact: 1GB, service_time: 1s}}\n" for n in range(half))
    def parts() -> Lines:
        yield "page: {kind: client, publishes: [q]}"
        yield "q: {kind: queue, max_length: 100}"
        for n in range(half):
            yield f"w{n}: {{kind: worker, consumes: [q], serves: [m{n}], replicas: 1}}"
            yield f"v{n}: {{kind: worker, consumes: [q], serves: [m0], replicas: 1}}"
    return system(parts(), models="models:\n" + models)


def jobs_of_one_store(size: int) -> str:
    """Many jobs that one scheduler starts: each writes the predictions of its model to the store that clients read."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: u{n}, rate: 1/s, slo: {{freshness: 1h}}, models: [m{n}]}}\n" for n in range(half))
    models = "models:\n" + "".join(f"  m{n}: {{artifact: 1GB}}\n" for n in range(half))
    def parts() -> Lines:
        yield f"cron: {{kind: scheduler, schedule: 1h, triggers: {numbers(half, 'j{0}')}}}"
        yield "t: {kind: database}"
        for n in range(half):
            yield f"j{n}: {{kind: batch-job, serves: [m{n}], writes: [t]}}"
            yield f"u{n}: {{kind: client, reads: [t]}}"
    return system(parts(), "workloads:\n" + loads, models)


def readers_of_old_data(size: int) -> str:
    """Many clients, each with a freshness of its own, of one store that many jobs fill too late for all of them."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: u{n}, rate: 1/s, slo: {{freshness: {1800 + n}s}}}}\n" for n in range(half))
    def parts() -> Lines:
        yield f"cron: {{kind: scheduler, schedule: 1h, triggers: {numbers(half, 'j{0}')}}}"
        yield "t: {kind: database}"
        for n in range(half):
            yield f"j{n}: {{kind: batch-job, run_time: 10min, records: {1000 + n}, writes: [t]}}"
            yield f"u{n}: {{kind: client, reads: [t]}}"
    return system(parts(), "workloads:\n" + loads)
