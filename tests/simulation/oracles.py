"""The same queues in other simulators: SimPy, which steps through events, and ciw."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from random import Random
from typing import Any

import simpy

Process = Generator[Any, Any, None]


def trace(seed: int, count: int, rate: float = 3.2, mean: float = 1.0) -> tuple[list[float], list[float]]:
    """Poisson arrivals and exponential works."""
    random, now = Random(seed), 0.0
    times = []
    for _ in range(count):
        now += random.expovariate(rate)
        times.append(now)
    return times, [random.expovariate(1 / mean) for _ in range(count)]


def arriving(env: simpy.Environment, times: Sequence[float], one: Any) -> Process:
    for number, time in enumerate(times):
        yield env.timeout(time - env.now)
        env.process(one(number))


def simpy_pooled(
    times: Sequence[float], works: Sequence[float], servers: int, limit: float = math.inf
) -> list[float]:
    """When each request ends, in SimPy; infinite if it is rejected."""
    env = simpy.Environment()
    workers, ended = simpy.Resource(env, servers), [math.inf] * len(times)
    inside = 0

    def one(number: int) -> Process:
        nonlocal inside
        if inside >= limit:
            return
        inside += 1
        with workers.request() as turn:
            yield turn
            yield env.timeout(works[number])
        inside -= 1
        ended[number] = env.now

    env.process(arriving(env, times, one))
    env.run()
    return ended


def ciw_pooled(times: Sequence[float], works: Sequence[float], servers: int) -> list[float]:
    """When each request ends, in ciw."""
    import ciw

    gaps = [after - before for before, after in zip([0.0, *times], times, strict=False)]
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, math.inf])],
        service_distributions=[ciw.dists.Sequential(list(works))],
        number_of_servers=[servers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(times[-1] + 1000 * max(works))
    records = sorted(simulation.get_all_records(), key=lambda record: record.arrival_date)
    return [record.exit_date for record in records]


def simpy_calls(
    times: Sequence[float], own: float, called: float, workers: tuple[int, int], timeout: float, retries: int,
    held: bool,
) -> tuple[list[float], list[bool], int]:  # fmt: skip
    """A caller and a server: when each request ends, whether it failed, and how often the server worked.

    A caller that gives up does not stop the server. With `held`, the caller's worker waits for the answer.
    """
    env = simpy.Environment()
    callers, servers = simpy.Resource(env, workers[0]), simpy.Resource(env, workers[1])
    ended, failed, served = [math.inf] * len(times), [False] * len(times), 0

    def work(answered: simpy.Event) -> Process:
        nonlocal served
        with servers.request() as turn:
            yield turn
            yield env.timeout(called)
        served += 1
        answered.succeed()

    def call() -> Generator[Any, Any, bool]:
        for _ in range(1 + retries):
            answered = env.event()
            env.process(work(answered))
            yield answered | env.timeout(timeout)
            if answered.triggered:
                return True
        return False

    def one(number: int) -> Process:
        turn = callers.request()
        yield turn
        yield env.timeout(own)
        if not held:
            callers.release(turn)
        failed[number] = not (yield from call())
        if held:
            callers.release(turn)
        ended[number] = env.now

    env.process(arriving(env, times, one))
    env.run()
    return ended, failed, served


def simpy_batches(times: Sequence[float], works: Sequence[float], size: int, wait_s: float) -> list[float]:
    """One worker that takes up to `size` waiting requests, and waits for them until the first has waited `wait_s`."""
    env = simpy.Environment()
    waiting, ended = simpy.Store(env), [math.inf] * len(times)

    def one(number: int) -> Process:
        yield waiting.put(number)

    def worker() -> Process:
        while True:
            batch = [(yield waiting.get())]
            until = times[batch[0]] + wait_s
            while len(batch) < size:
                more = waiting.get()
                yield more | env.timeout(max(0.0, until - env.now))
                if not more.triggered:
                    more.cancel()
                    break
                batch.append(more.value)
            yield env.timeout(works[batch[0]])
            for number in batch:
                ended[number] = env.now

    env.process(arriving(env, times, one))
    env.process(worker())
    env.run()
    return ended


def simpy_replicas(times: Sequence[float], works: Sequence[float], replicas: int, turns: bool) -> list[float]:
    """A queue for each replica, which take requests in turn, or where there are fewest."""
    env = simpy.Environment()
    queues, ended = [simpy.Resource(env, 1) for _ in range(replicas)], [math.inf] * len(times)

    def one(number: int) -> Process:
        inside = [queue.count + len(queue.queue) for queue in queues]
        chosen = queues[number % replicas if turns else inside.index(min(inside))]
        with chosen.request() as turn:
            yield turn
            yield env.timeout(works[number])
        ended[number] = env.now

    env.process(arriving(env, times, one))
    env.run()
    return ended


def simpy_outage(
    times: Sequence[float], works: Sequence[float], servers: int, start_s: float, duration_s: float
) -> list[float]:
    """No work starts during an outage: a worker that takes a request then waits for its end."""
    env = simpy.Environment()
    workers, ended = simpy.Resource(env, servers), [math.inf] * len(times)

    def one(number: int) -> Process:
        with workers.request() as turn:
            yield turn
            if start_s <= env.now < start_s + duration_s:
                yield env.timeout(start_s + duration_s - env.now)
            yield env.timeout(works[number])
        ended[number] = env.now

    env.process(arriving(env, times, one))
    env.run()
    return ended
