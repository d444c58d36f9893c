"""`archlint init`."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import click
import msgspec

from archlint.cli.outputs import save, say, unwritable
from archlint.errors import ArchlintError, UnreadableInputError, UsageError
from archlint.listing import file_schema
from archlint.model.schema import architecture_schema
from archlint.source.files import keep_inside, read_bytes

SCHEMA = Path(".archlint/schema.json")
STARTER = """\
# yaml-language-server: $schema={schema}
# A serving architecture for archlint: describe yours in place of this one, then run `archlint check {name}`.
# Only names, kinds and relations are required. If a rule needs another fact, archlint asks for it.
archlint: 1
system: review-stars                  # one system a file
description: Guesses how many stars a review will give, while its author types.
owner: {{team: search-ml, contact: "#search-oncall", runbook: docs/runbook.md}}
team: {{engineers: 3, on_call: true}}
described: all                        # what is not written here does not exist; without this line, a family of facts
                                      # that is never mentioned (timeouts, logs, owners, ...) is unknown

# Demand: who sends requests, how often, and how fast the answers must be.
workloads:
  guess-stars:
    from: web-app                     # the client that sends the requests
    rate: 20/s                        # the mean; objectives must hold up to the peak
    peak: 60/s
    models: [stars]                   # the models that one request runs
    waits: true                       # does the caller need the answer to continue?
    inputs: on-request                # not known before the request; `known` inputs can be scored in advance
    slo: {{latency: {{p99: 200ms}}, availability: 99.5%}}

# The trained models. Quantities have units: 90MB, 22M, 30ms, 30d.
models:
  stars:
    framework: pytorch
    artifact: 90MB
    parameters: 22M
    precision: fp32
    service_time: {{p50: 12ms, p99: 30ms}}  # one prediction, unloaded, on the server's hardware
    version: 1.0.0
    registry: model-store
    retrained: 30d
    evaluated: [offline, shadow]

# The components and their relations: calls, reads, writes, publishes, consumes, triggers,
# mirrors, loads, logs_to, monitored_by.
components:
  web-app: {{kind: client, calls: [{{to: balancer, timeout: 1s}}]}}
  balancer:
    kind: load-balancer
    uses: nginx
    replicas: 2
    zones: [a, b]
    calls: [{{to: stars-api, timeout: 500ms, retries: 1}}]
  stars-api:
    kind: model-server
    uses: fastapi
    serves: [stars]
    service_time: 2ms                 # its own work, without the model
    replicas: 3
    workers: 2                        # requests that one replica handles in parallel
    zones: [a, b]
    hardware: {{cpu: 2, memory: 2GB}}
    loads: [model-store]
    loads_model: at-start
    ready_check: true
    load_tested: {{rate: 70/s, p99: 90ms, date: 2026-09-01}}  # at least the peak
    logs_to: [prediction-log]
    monitored_by: [metrics]
  model-store: {{kind: model-registry, uses: mlflow, availability: 99.95%}}
  prediction-log: {{kind: log-store, uses: bigquery}}
  metrics: {{kind: monitoring, uses: prometheus}}

# To accept a finding, give a reason:
# accept:
#   - {{rule: OPS001, at: components.stars-api, reason: "pilot until the review", until: 2027-03-31}}
"""


@click.command("init")
@click.argument("path", default="arch.yaml", type=click.Path(path_type=Path, readable=False))
def command(path: Path) -> None:
    """Write a commented arch.yaml that checks clean, and the schema beside it for editors.

    An existing file is never overwritten; PATH may be a folder.
    """
    if path.is_dir():
        path /= "arch.yaml"
    if path.exists():
        raise UsageError(f"{path} exists: it is not overwritten", "name another file")
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist", "create it first")
    keep_inside(path)
    schema = path.parent / SCHEMA
    if schema.exists() and not _is_schema(schema):
        raise UsageError(f"{schema} exists, and is not the schema: it is not overwritten", "choose another folder")
    text = msgspec.json.format(msgspec.json.encode(file_schema()), indent=2) + b"\n"
    is_new = not schema.parent.exists()
    try:
        schema.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(schema.parent, error) from None
    try:
        save(schema, text, inside=path.parent)
        save(path, STARTER.format(schema=SCHEMA.as_posix(), name=path.name).encode(), replace=False)
    except ArchlintError:                          # a full disk, or a name that is too long
        if is_new:
            with suppress(OSError):
                schema.unlink(missing_ok=True)
                schema.parent.rmdir()
        raise
    say(f"wrote {path} and {os.path.relpath(schema)}\nnext: archlint check {path}")


def _is_schema(file: Path) -> bool:
    """Return whether a file is the schema of any version of archlint."""
    try:
        return f'"title": "{architecture_schema()["title"]}"'.encode() in read_bytes(file, str(file))[:1_000]
    except UnreadableInputError:
        return False
