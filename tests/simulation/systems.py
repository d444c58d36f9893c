"""Systems as text, from which the simulator makes scenarios."""

from __future__ import annotations

import archlint
from archlint.analysis.system import System
from archlint.simulation.api import Simulated, simulate_system
from archlint.simulation.results import CentreResult, StreamResult
from archlint.simulation.running import Plan

SHOP = """
archlint: 1
system: shop
workloads:
  search: {from: page, rate: 50/s, peak: 100/s, models: [ranker]}
  upload: {from: camera, rate: 20/s, models: [tagger]}
models:
  ranker: {service_time: {p50: 20ms, p99: 60ms}}
  tagger: {service_time: {mean: 200ms, cv: 0.5}}
components:
  page: {kind: client, calls: [api]}
  camera: {kind: client, calls: [upload-api]}
  api: {kind: service, service_time: 3ms, replicas: 1, reads: [{to: answers, hit_ratio: 0.3}], calls: [ranking]}
  answers: {kind: cache, service_time: 1ms}
  ranking: {kind: model-server, serves: [ranker], replicas: 3, workers: 1}
  upload-api: {kind: service, service_time: 5ms, replicas: 1, publishes: [jobs]}
  jobs: {kind: queue}
  tagging: {kind: worker, consumes: [jobs], serves: [tagger], replicas: 6, writes: [results]}
  results: {kind: database, service_time: 4ms}
"""


def chain(api: str = "", server: str = "", call: str = "", model: str = "{mean: 20ms, cv: 1}", rate: str = "40/s") -> System:
    """A client, a service and the server of a model, with further facts."""
    return archlint.load(f"""
archlint: 1
workloads: {{search: {{from: page, rate: {rate}}}}}
models: {{ranker: {{service_time: {model}}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, service_time: 1ms, replicas: 1, calls: [{{to: server{call}}}]{api}}}
  server: {{kind: model-server, serves: [ranker], workers: 1{server or ", replicas: 1"}}}
""")


def simulated(system: System, requests: int = 20_000, load: str | float = "mean", workload: str = "") -> Simulated:
    return simulate_system(system, workload, load, Plan(requests=requests))


def centre(found: Simulated, name: str) -> CentreResult:
    return next(one for one in found.results.centres if one.name == name)


def stream(found: Simulated, name: str = "search") -> StreamResult:
    return next(one for one in found.results.streams if one.name == name)


def p99(found: Simulated, name: str = "search") -> float:
    interval = stream(found, name).p99
    assert interval is not None
    return interval.value


def p50(found: Simulated, name: str = "search") -> float:
    interval = stream(found, name).p50
    assert interval is not None
    return interval.value
