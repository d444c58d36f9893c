"""Measures how fast manifests are imported: `python -m benchmarks.import_speed`.

Folders of 500, 1,000 and 2,000 generated manifests (a Deployment and a Service in turn, each in a file of its own) are
imported in one call, in turn with other tools in Python that read the same folder. `load` reads each file with PyYAML's
C loader and nothing else: about the minimum for a tool in Python. Tools that cannot be installed or run are named with
the reason. Ratios are medians of the rounds' ratios; the exponent is that of the CPU time (1 is linear).
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.environments import CannotInstallError, Environment, make_environment, this_environment
from benchmarks.processes import Command, Measured, child_environment, measure
from benchmarks.tables import placed, table

SIZES: Final = (500, 1000, 2000)
ARCHLINT: Final = "archlint import"
CHECK: Final = "archlint check"
LOAD: Final = "PyYAML's C loader alone"
_LOAD: Final = """
import sys, yaml
from pathlib import Path
for path in Path(sys.argv[1]).rglob("*.yaml"):
    for one in yaml.load_all(path.read_bytes(), yaml.CSafeLoader): pass
"""
DEPLOYMENT: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: s{n}
  namespace: team-{team}
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: s{n}}}
  template:
    metadata:
      labels: {{app: s{n}}}
    spec:
      containers:
        - name: main
          image: acme/s{n}:1.{n}
          ports: [{{containerPort: 8080}}]
          env:
            - name: NEXT_URL
              value: http://s{other}.team-{team}.svc.cluster.local:8080
            - name: LOG_LEVEL
              value: info
          resources:
            requests: {{cpu: 500m, memory: 1Gi}}
            limits: {{memory: 2Gi}}
          readinessProbe:
            httpGet: {{path: /health, port: 8080}}
"""
SERVICE: Final = """\
apiVersion: v1
kind: Service
metadata:
  name: s{n}
  namespace: team-{team}
spec:
  selector: {{app: s{n}}}
  ports: [{{port: 8080}}]
"""
TEAMS: Final = 20


class Peer(NamedTuple):
    """Another tool in Python: its package, its command for a folder, and its exit statuses after complete work."""

    package: str
    words: tuple[str, ...]
    what: str
    statuses: frozenset[int] = frozenset({0, 1})


PEERS: Final = {
    "yamllint": Peer("yamllint", ("yamllint", "-d", "relaxed"), "style of YAML"),
    "KubeDiagrams": Peer("KubeDiagrams", ("kube-diagrams",), "pictures of manifests"),
    "checkov": Peer(
        "checkov", ("checkov", "--framework", "kubernetes", "--quiet", "--compact", "--skip-download", "-d"),
        "security of manifests",
    ),
}  # fmt: skip


def write_manifests(folder: Path, count: int) -> Path:
    """Write this many manifests: services in twenty teams, each of which calls the next one of its team."""
    folder.mkdir(parents=True)
    services = count // 2
    for n in range(services):
        facts = {"n": n, "team": n % TEAMS, "replicas": 1 + n % 3, "other": (n + TEAMS) % services}
        (folder / f"deployment-{n}.yaml").write_text(DEPLOYMENT.format(**facts), encoding="utf-8")
        (folder / f"service-{n}.yaml").write_text(SERVICE.format(**facts), encoding="utf-8")
    return folder


class Results(NamedTuple):
    """The runs by name of the command, and why some are missing."""

    sizes: dict[int, Measured]
    largest: dict[str, Measured]
    failures: dict[str, str]


def run(folder: Path, cache: Path, rounds: int, peers: list[str]) -> Results:
    """Measure archlint on every size, and the other tools on the largest."""
    own = this_environment()
    inputs = {size: write_manifests(folder / f"m{size}", size) for size in SIZES}
    large = inputs[SIZES[-1]]
    program = own.program("archlint")
    commands = [Command(f"{ARCHLINT} {size}", (program, "import", str(path))) for size, path in inputs.items()]
    commands.append(Command(CHECK, (program, "check", str(large)), None, frozenset({0, 1})))
    commands.append(Command(LOAD, (str(own.python), "-c", _LOAD, str(large))))
    failures: dict[str, str] = {}
    for name in peers:
        try:
            commands.append(_command(name, make_environment(cache / name, PEERS[name].package), large))
        except (CannotInstallError, OSError) as error:
            failures[name] = f"cannot be installed: {error}"
    measured = measure(commands, rounds, child_environment(keep_path=True), _say)
    failures.update({name: runs.failure for name, runs in measured.items() if runs.failure})
    sizes = {size: measured[f"{ARCHLINT} {size}"] for size in SIZES}
    others = {name: runs for name, runs in measured.items() if not name.startswith(ARCHLINT) and not runs.failure}
    return Results(sizes, {ARCHLINT: sizes[SIZES[-1]], **others}, failures)


def _command(name: str, environment: Environment, folder: Path) -> Command:
    peer = PEERS[name]
    return Command(name, (environment.program(peer.words[0]), *peer.words[1:], str(folder)), None, peer.statuses)


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def render(results: Results) -> str:
    """The tables of a run, as Markdown."""
    count = SIZES[-1]
    own = results.largest[ARCHLINT]
    rows = []
    for name, runs in results.largest.items():
        ratio = runs.over(own)
        rows.append((
            name, PEERS[name].what if name in PEERS else "", f"{1000 * runs.wall_s / count:.2f}",
            f"{1000 * runs.user_s / count:.2f}", f"{runs.peak_bytes / 1e6:.0f}", f"{ratio.by_cpu:.1f} ×",
        ))  # fmt: skip
    head = (f"{count:,} manifests", "what it looks at", "ms a file", "CPU ms a file", "peak MB", "CPU beside import")
    growth = [
        (f"{size:,}", f"{runs.wall_s:.2f}", f"{runs.user_s:.2f}", f"{runs.peak_bytes / 1e6:.0f}")
        for size, runs in results.sizes.items()
    ]
    first, last = results.sizes[SIZES[0]], results.sizes[SIZES[-1]]
    exponent = math.log(last.user_s / first.user_s) / math.log(SIZES[-1] / SIZES[0])
    text = f"Measured on {date.today().isoformat()}, Python {sys.version.split()[0]}: {len(own.runs)} rounds.\n\n"
    text += table(head, rows) + "\n" + table(("manifests", "s", "CPU s", "peak MB"), growth)
    text += f"\nThe exponent of the CPU time is {exponent:.2f} (1 is linear; it includes the start).\n"
    for name, why in sorted(results.failures.items()):
        text += f"\nNot measured: {name}: {why}\n"
    return text


def main() -> None:
    """Measure, print the tables, and put them into a page."""
    parser = argparse.ArgumentParser(description="How fast manifests are imported.")
    parser.add_argument("--runs", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"other tools (default: {','.join(PEERS)})")
    parser.add_argument("--cache", type=Path, help="keep the environments of the other tools here")
    parser.add_argument("--markdown", type=Path, help="put the tables into this page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        peers = [name for name in options.peers.split(",") if name in PEERS]
        text = render(run(folder, options.cache or folder / "environments", options.runs, peers))
    print(text, end="")
    if options.markdown is not None:
        page = options.markdown.read_text(encoding="utf-8")
        options.markdown.write_text(placed(text, page), encoding="utf-8")


if __name__ == "__main__":
    main()
