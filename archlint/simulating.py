"""The library's `simulate`: the requests of a file, a text or a system over time."""

from __future__ import annotations

from pathlib import Path

from archlint.analysis.system import System
from archlint.api import load as _load
from archlint.config import Config
from archlint.errors import UsageError
from archlint.simulation.api import Simulated, simulate_system
from archlint.simulation.outages import parse_outage
from archlint.simulation.running import FEWEST_REQUESTS, MOST_REQUESTS, Plan


def simulate(
    path_or_text: str | Path | System, config: Config | Path | str | None = None, system: str = "", workload: str = "",
    load: str | float = "mean", outage: str = "", seed: int = 1, requests: int | None = None, precision: float = 0.05,
) -> Simulated:  # fmt: skip
    """Simulate the requests of a system over time, for what formulas get wrong: tails, batches, full queues, retries.

    The first argument, `config` and `system` are as in `archlint.analyze`. With `workload`, it simulates that workload
    and those that share a queue with it. The other arguments are those of `archlint simulate`:

    - `load` is mean, peak (of one workload, beside the mean rates of the others), or a factor of the mean rates;
    - `outage` takes a component, or some of its replicas, away for a time: `api:5min` or `api/2:5min`;
    - it stops after `requests` (100 to 20,000,000), or else when the p99 of each workload is within the share
      `precision` of itself, or after 1,000,000 requests, 200,000 if it needs a calendar of events;
    - the same `seed` gives the same results.

    Times are in seconds, rates per second. NumPy, if it is installed, makes it faster and changes no answer. Raises as
    `archlint.load` does, and `UsageError` for a wrong argument, and if the file does not state what is needed.

    >>> import archlint
    >>> simulated = archlint.simulate('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 60/s}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: {mean: 20ms, cv: 1}, replicas: 2, workers: 1}
    ... ''', requests=20_000)
    >>> p99 = simulated.results.streams[0].p99
    >>> p99.low < p99.value < p99.high, round(simulated.results.centres[0].utilisation, 1)
    (True, 0.6)
    """
    if requests is not None and not FEWEST_REQUESTS <= requests <= MOST_REQUESTS:
        raise UsageError(f"requests={requests} is not {FEWEST_REQUESTS:,} to {MOST_REQUESTS:,}", "change it")
    if not 0 < precision < 1:
        raise UsageError(f"precision={precision:g} is no share", "give one above 0 and below 1, such as 0.05")
    try:
        asked = parse_outage(outage) if outage else None
    except ValueError as error:
        raise UsageError(str(error), "or leave it out") from None
    found = path_or_text if isinstance(path_or_text, System) else _load(path_or_text, config, system)
    return simulate_system(found, workload, load, Plan(seed, requests, precision), asked)
