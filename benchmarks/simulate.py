"""How fast the simulator is beside SimPy and ciw on the same queue, and how close it is to exact results.

`python benchmarks/simulate.py` simulates four workers at 80 % with Poisson arrivals and exponential times (M/M/4) in
each simulator, round by round, and divides times within each round. Each draws its random numbers, simulates, and
computes percentiles. Then it compares the mean and the p99 of five queues with their exact values. It reports and does
not test anything. It needs `pip install -e '.[dev]'`.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Generator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

import ciw
import simpy

ROOT: Final = Path(__file__).resolve().parent.parent
if not __package__:
    sys.path.insert(0, str(ROOT))

from archlint.simulation.backend import Span  # noqa: E402
from archlint.simulation.calendar import Calendar  # noqa: E402
from archlint.simulation.laws import exponential  # noqa: E402
from archlint.simulation.lists import Sources  # noqa: E402
from archlint.simulation.running import LENGTH, Plan, Runner, run  # noqa: E402
from archlint.simulation.scenario import Centre, Scenario, Stream, Visit, Work  # noqa: E402
from archlint.simulation.statistics import Interval, quantile  # noqa: E402
from benchmarks.check_speed import processor  # noqa: E402
from benchmarks.tables import placed, table  # noqa: E402

PAGE: Final = ROOT / "docs" / "simulation.md"
SERVERS: Final = 4
BUSY: Final = 0.8
EXACT: Final = ((1, 0.5), (2, 0.75), (4, 0.8), (8, 0.9), (64, 0.95))
"""Workers and utilisation of the queues that are compared with their exact values."""
FIRST: Final = "archlint, NumPy"


def queue(servers: int, busy: float) -> Scenario:
    """Workers with a mean time of one second."""
    visit = Visit("api", (Work(exponential(1.0)),))
    return Scenario({"api": Centre("api", workers=servers)}, (Stream("requests", servers * busy, visit),))


def with_archlint(numpy: bool) -> Callable[[int], float]:
    def simulate(requests: int) -> float:
        found = run(queue(SERVERS, BUSY), Plan(requests=requests, numpy=numpy)).streams[0].p99
        return found.value if found is not None else math.nan

    return simulate


def with_calendar(requests: int) -> float:
    """The calendar of events, which archlint uses only where the recursion does not apply."""
    scenario = queue(SERVERS, BUSY)
    seconds = min(requests, LENGTH) / scenario.rate_per_s
    runner = Runner(scenario, Span(0.2 * seconds, seconds), Plan())
    times: list[float] = []
    for number in range(max(1, requests // LENGTH)):
        calendar = Calendar(scenario, Sources(number), runner.span, runner.counts)
        calendar.run()
        times += calendar.ends["requests"].samples[0].times
    return quantile(sorted(times), 0.99)


def with_simpy(requests: int) -> float:
    env, draw, times = simpy.Environment(), random.Random(1), list[float]()
    workers = simpy.Resource(env, SERVERS)

    def one() -> Generator[Any, Any, None]:
        start = env.now
        with workers.request() as turn:
            yield turn
            yield env.timeout(draw.expovariate(1.0))
        times.append(env.now - start)

    def arrive() -> Generator[Any, Any, None]:
        for _ in range(requests):
            yield env.timeout(draw.expovariate(SERVERS * BUSY))
            env.process(one())

    env.process(arrive())
    env.run()
    return quantile(sorted(times), 0.99)


def with_ciw(requests: int) -> float:
    ciw.seed(1)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=SERVERS * BUSY)],
        service_distributions=[ciw.dists.Exponential(rate=1.0)],
        number_of_servers=[SERVERS],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(requests, method="Finish")
    return quantile(sorted(one.exit_date - one.arrival_date for one in simulation.get_all_records()), 0.99)


SUBJECTS: Final[tuple[tuple[str, Callable[[int], float], int], ...]] = (
    (FIRST, with_archlint(True), 1), ("archlint, Python alone", with_archlint(False), 1),
    ("archlint, calendar of events", with_calendar, 10), ("SimPy", with_simpy, 1), ("ciw", with_ciw, 20),
)  # fmt: skip
"""Each simulator, and by how much smaller its number of requests is: times are shown for one request."""


def speed(requests: int, rounds: int) -> str:
    """Run all simulators in turn, and return the table of their times."""
    each: dict[str, list[tuple[float, float]]] = {name: [] for name, _, _ in SUBJECTS}
    p99: dict[str, float] = {}
    for number in range(rounds):
        for name, simulate, fewer in SUBJECTS:
            count = max(100, requests // fewer)
            wall, cpu = time.perf_counter(), time.process_time()
            p99[name] = simulate(count)
            scale = 1e6 / count
            each[name].append(((time.perf_counter() - wall) * scale, (time.process_time() - cpu) * scale))
            print(f"  round {number + 1}: {name} {each[name][-1][1]:.2f} s of CPU", file=sys.stderr, flush=True)
    rows = []
    for name, _, fewer in SUBJECTS:
        ratio = median(mine[1] / first[1] for mine, first in zip(each[name], each[FIRST], strict=True))
        wall, cpu = (median(one[kind] for one in each[name]) for kind in (0, 1))
        measured = f"{max(100, requests // fewer):,}"
        rows.append((name, measured, f"{wall:.2f} s", f"{cpu:.2f} s", f"{ratio:.1f}", f"{p99[name]:.2f}"))
    head = ("simulator", "requests measured", "10^6 requests", "CPU", "ratio of CPU", "p99 found")
    return table(head, rows)


def exact_values(servers: int, busy: float) -> tuple[float, float]:
    """Return the mean and the p99 of the time in M/M/c, with a mean time of work of 1."""
    load, blocked = servers * busy, 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    waits = blocked / (1 - busy * (1 - blocked))
    spare = servers * (1 - busy)

    def tail(t: float) -> float:
        if abs(spare - 1) < 1e-9:
            return math.exp(-t) * (1 + waits * t)
        return math.exp(-t) * (1 - waits) + waits * (spare * math.exp(-t) - math.exp(-spare * t)) / (spare - 1)

    low, high = 0.0, 1000.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) > 0.01 else (low, middle)
    return 1 + waits / spare, low


def accuracy(requests: int) -> str:
    """Return the table of simulated and exact values."""
    rows = []
    for servers, busy in EXACT:
        found = run(queue(servers, busy), Plan(requests=requests)).streams[0]
        values = zip(("mean", "p99"), (found.mean, found.p99), exact_values(servers, busy), strict=True)
        for name, interval, exact in values:
            rows.append((f"M/M/{servers} at {busy:.0%}", name, f"{exact:.4f}", *_compared(interval, exact)))
    return table(("queue", "of the time in it", "exact", "simulated", "error", "95 % interval"), rows)


def _compared(interval: Interval | None, exact: float) -> tuple[str, str, str]:
    if interval is None or interval.low is None or interval.high is None:
        return "", "", "too few requests"
    inside = "" if interval.low <= exact <= interval.high else ": exact value outside"
    shown = f"{interval.low:.4f} to {interval.high:.4f}{inside}"
    return f"{interval.value:.4f}", f"{(interval.value / exact - 1) * 100:+.1f} %", shown


def report(requests: int, rounds: int) -> str:
    """Return all tables as Markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "simpy", "ciw"))
    machine = f"{os.cpu_count()} cores of {processor()}, {platform.system()}, Python {platform.python_version()}"
    head = f"Measured on {date.today().isoformat()}: {machine}; {versions}. Medians of {rounds} rounds.\n"
    return f"{head}\n### Speed\n\n{speed(requests, rounds)}\n### Accuracy\n\n{accuracy(requests)}"


def main() -> None:
    """Measure, and write the requested outputs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000, help="requests of each run (default: 10^6)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each simulator runs (default: 3)")
    parser.add_argument("--docs", action="store_true", help=f"update the results in {PAGE.relative_to(ROOT)}")
    call = parser.parse_args()
    text = report(call.requests, call.rounds)
    print(text)
    if call.docs:
        PAGE.write_text(placed(text, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
