"""The linters that archlint is compared with, each with a small and a large input of its own kind.

Each runs with its best options: without network and downloads, only with the framework of its input, and with findings
as its only output.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.environments import Environment
from benchmarks.generate import generate
from benchmarks.processes import Command, bytes_below

_WORKFLOW: Final = """\
name: build-{number}
on:
  push: {{branches: [main]}}
  pull_request:
permissions: {{contents: read}}
concurrency: {{group: "build-{number}-${{{{ github.ref }}}}", cancel-in-progress: true}}
jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    strategy:
      fail-fast: false
      matrix:
        python: ["3.11", "3.12", "3.13"]
        part: [api, worker, batch, web]
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with: {{persist-credentials: false}}
      - uses: actions/setup-python@0b93645e9fea7318ecaed2b359559ac225c90a2b # v5.3.0
        with:
          python-version: "${{{{ matrix.python }}}}"
          cache: pip
      - name: Install
        run: python -m pip install --requirement requirements-{number}.txt
      - name: Test
        env:
          PART: "${{{{ matrix.part }}}}"
          DATABASE: postgresql://localhost:5432/test_{number}
        run: python -m pytest "tests/$PART" --junit-xml="report-$PART.xml"
  image:
    needs: [test]
    runs-on: ubuntu-24.04
    permissions: {{contents: read, id-token: write}}
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with: {{persist-credentials: false}}
      - name: Build
        run: docker build --file services/service-{number}/Dockerfile --tag "service-{number}:$GITHUB_SHA" .
      - name: Say so
        if: failure()
        env:
          TITLE: "${{{{ github.event.pull_request.title }}}}"
        run: echo "the image of {title} was not built"
"""
_MANIFEST: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-{number}
  namespace: shop
  labels: {{app: service-{number}, team: team-{team}}}
spec:
  replicas: 3
  selector:
    matchLabels: {{app: service-{number}}}
  template:
    metadata:
      labels: {{app: service-{number}}}
    spec:
      automountServiceAccountToken: false
      securityContext: {{runAsNonRoot: true, runAsUser: 10001}}
      containers:
        - name: service
          image: service-{number}:1.{number}.0
          imagePullPolicy: Always
          ports: [{{containerPort: 8080}}]
          env:
            - {{name: PART, value: "{number}"}}
          resources:
            requests: {{cpu: 250m, memory: 256Mi}}
            limits: {{cpu: "1", memory: 512Mi}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
          livenessProbe:
            httpGet: {{path: /live, port: 8080}}
          readinessProbe:
            httpGet: {{path: /ready, port: 8080}}
---
apiVersion: v1
kind: Service
metadata:
  name: service-{number}
  namespace: shop
spec:
  selector: {{app: service-{number}}}
  ports: [{{port: 80, targetPort: 8080}}]
"""
_MODULE: Final = '''\
"""Part {number} of the shop."""

from __future__ import annotations

import json
from pathlib import Path
{imports}

class Order{number}:
    """An order of kind {number}."""

    def __init__(self, lines: list[tuple[str, int]]) -> None:
        self.lines = lines

    def total(self, prices: dict[str, float]) -> float:
        """The price of all lines, without tax."""
        return sum(prices[article] * count for article, count in self.lines)


def read_orders_{number}(path: Path) -> list[Order{number}]:
    """Read the orders of one day."""
    orders = []
    for record in json.loads(path.read_text(encoding="utf-8")):
        if record["kind"] == {number}:
            orders.append(Order{number}([(line["article"], line["count"]) for line in record["lines"]]))
    return orders
'''
_CONTRACTS: Final = """\
[importlinter]
root_package = shop

[importlinter:contract:layers]
name = Upper layers import lower ones only
type = layers
layers =
    shop.web
    shop.orders
    shop.store
"""
_ONE_FAULTY_IN: Final = 50
"""As in the generated systems, one in this many workflows has a finding."""
_LAYERS: Final = ("web", "orders", "store")


class Input(NamedTuple):
    """The input of a peer: the command, a description, and the bytes."""

    command: Command
    description: str
    size_bytes: int


class Peer(NamedTuple):
    """A linter: its package, its two sizes, and the function that makes an input of a size."""

    name: str
    package: str
    small: int
    large: int
    prepare: Callable[[Environment, Path, int], Input]


def _yamllint(environment: Environment, folder: Path, size: int) -> Input:
    file = folder / "arch.yaml"
    file.write_text(generate(size), encoding="utf-8")
    rules = "{extends: relaxed, rules: {line-length: disable}}"
    command = Command("yamllint", (environment.program("yamllint"), "-d", rules, str(file)), folder)
    return Input(command, f"an arch.yaml with {size:,} components", bytes_below([file]))


def _import_linter(environment: Environment, folder: Path, size: int) -> Input:
    package = folder / "shop"
    for layer in _LAYERS:
        (package / layer).mkdir(parents=True)
        (package / layer / "__init__.py").write_text("", encoding="utf-8")
    (package / "__init__.py").write_text("", encoding="utf-8")
    for number in range(size):
        (package / _layer(number) / f"part_{number}.py").write_text(_module(number), encoding="utf-8")
    (folder / ".importlinter").write_text(_CONTRACTS, encoding="utf-8")
    command = Command("import-linter", (environment.program("lint-imports"), "--no-cache"), folder)
    return Input(command, f"a package with {size:,} modules, without its cache", bytes_below([package]))


def _layer(number: int) -> str:
    return _LAYERS[2 - number % 3]


def _module(number: int) -> str:
    """Return a module that imports some earlier ones, of its own layer or a lower one."""
    earlier = dict.fromkeys((number - 3, number - 6, number - 21, number - 1 - number % 3))
    lower = [other for other in earlier if 0 <= other < number and other % 3 <= number % 3]
    imports = "".join(f"from shop.{_layer(other)} import part_{other}\n" for other in lower)
    return _MODULE.format(number=number, imports=f"\n{imports}" if imports else "")


def _zizmor(environment: Environment, folder: Path, size: int) -> Input:
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for number in range(size):
        title = "${{ github.event.pull_request.title }}" if number % _ONE_FAULTY_IN == 1 else "$TITLE"
        text = _WORKFLOW.format(number=number, title=title)
        (workflows / f"build-{number}.yaml").write_text(text, encoding="utf-8")
    words = (environment.program("zizmor"), "--offline", "--no-progress", "--no-exit-codes", str(folder))
    return Input(Command("zizmor", words, folder), _counted(size, "workflow"), bytes_below([workflows]))


def _checkov(environment: Environment, folder: Path, size: int) -> Input:
    manifests = folder / "manifests"
    manifests.mkdir()
    for number in range(size):
        text = _MANIFEST.format(number=number, team=number % 20)
        (manifests / f"service-{number}.yaml").write_text(text, encoding="utf-8")
    words = (
        environment.program("checkov"),
        "--skip-download",
        "--quiet",
        "--compact",
        "--soft-fail",
        "--framework",
        "kubernetes",
        "--directory",
        str(manifests),
    )
    return Input(Command("checkov", words, folder), _counted(size, "manifest"), bytes_below([manifests]))


def _counted(size: int, what: str) -> str:
    return f"one {what}" if size == 1 else f"{size:,} {what}s"


PEERS: Final = (
    Peer("yamllint", "yamllint", 30, 1000, _yamllint),
    Peer("import-linter", "import-linter", 6, 5000, _import_linter),
    Peer("zizmor", "zizmor", 1, 500, _zizmor),
    Peer("checkov", "checkov", 1, 500, _checkov),
)
