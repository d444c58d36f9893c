"""A repository with forty known findings, before it was ever linted."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.tools import program

SERVERS = 13


def old_system(second: str = "", servers: int = SERVERS) -> str:
    """Many single servers without logs, monitoring and owners; `second` is another model on the fourth."""
    rows = ["archlint: 1", "system: shop", "described: all", "workloads:"]
    for i in range(servers):
        rows.append(f"  load-{i}: {{from: page, rate: {i + 1}/s, models: [model-{i}], waits: true, inputs: on-request}}")
    if second:
        rows.append(f"  load-{second}: {{from: page, rate: 1/s, models: [{second}], waits: true, inputs: on-request}}")
    rows.append("models:")
    rows += [f"  model-{i}: {{artifact: 20MB, service_time: 5ms, version: '{i}.0', registry: store, framework: sklearn}}" for i in range(servers)]
    if second:
        rows.append(f"  {second}: {{artifact: 20MB, service_time: 5ms, version: '1.0', registry: store, framework: sklearn}}")
    rows += ["components:", "  page:", "    kind: client", "    calls:"]
    rows += [f"      - {{to: server-{i}, timeout: 1s}}" for i in range(servers)]
    for i in range(servers):
        rows += [
            f"  server-{i}:", "    kind: model-server", f"    replicas: {1 + i % 2}", f"    serves: [model-{i}]",
            f"    hardware: {{memory: {i + 2}GB}}",
        ]  # fmt: skip
        if second and i == 3:
            rows[-2] = f"    serves: [model-{i}, {second}]"
    rows.append("  store: {kind: model-registry, uses: mlflow}")
    return "\n".join(rows) + "\n"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [program("git"), "-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "init.defaultBranch=main",
         "-c", "commit.gpgsign=false", *words],
        cwd=folder, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


def commit(folder: Path, message: str = "a change") -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
