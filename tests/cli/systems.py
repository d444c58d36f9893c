"""The system that tests of the command line check: as it fails, and as it passes."""

FAILING = """\
archlint: 1
system: shop
owner: {team: search, contact: "#search", runbook: run.md}
workloads:
  search: {from: page, rate: 5/s, models: [ranker], waits: true, inputs: on-request, stream: false, slo: {latency: {p99: 50ms}}}
models:
  ranker: {artifact: 200MB, service_time: 80ms, version: 1.0.0, registry: store}
components:
  page: {kind: client, calls: [{to: lb, timeout: 1s}]}
  lb: {kind: load-balancer, uses: nginx, replicas: 2, zones: [a, b], calls: [{to: server, timeout: 1s}]}
  server:
    kind: model-server
    serves: [ranker]
    replicas: 2
    zones: [a, b]
    logs_to: [log]
    monitored_by: [metrics]
  store: {kind: model-registry, uses: mlflow}
  log: {kind: log-store}
  metrics: {kind: monitoring}
"""
PASSING = FAILING.replace("service_time: 80ms", "service_time: 8ms")
