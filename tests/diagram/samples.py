"""Systems for the tests to draw."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from archlint.analysis.system import System
from archlint.api import load_checked
from archlint.linter import Options
from archlint.verdicts import FileReport
from benchmarks.generate import generate
from tests.conftest import ROOT

EXAMPLES = sorted(path for folder in ("passing", "failing") for path in (ROOT / "examples" / folder).glob("*.yaml"))
PATTERNS = sorted(ROOT.glob("reference_impls/*/arch.yaml"))
RICH = ROOT / "examples" / "failing" / "single-balancer.yaml"

HOSTILE = r"""
archlint: 1
system: "<script>window.hacked=1</script> \" ' ]]> --> --- ${x} %%{init: {}}%%"
description: "</svg><img src=x onerror=window.hacked=2> `x` \\N \u202e end ]]> --> </script><script>window.hacked=3</script>"
workloads: {ask: {from: page, rate: 5/s, waits: true, models: [m]}}
models: {m: {service_time: 10ms, registry: reg}}
components:
  page:
    kind: client
    description: "<script>window.hacked=4</script>"
    calls: [{to: api, when: "x\"] --> y; click page call alert() <b>| end subgraph", timeout: 1s}]
  api:
    kind: service
    uses: "<img src=x onerror=window.hacked=5> \"quoted\" \\N \\ ${HOME} `tick` end"
    host: "javascript:alert(1) ]]> -->"
    zones: ["a\"b", "<u>"]
    description: "\u202e \u0007"
    owner: {team: "x\"; } </style><script>window.hacked=6</script>"}
    calls: [{to: server, fallback: "</title><script>window.hacked=7</script>"}]
  server: {kind: model-server, serves: [m], uses: "日本語テキスト 🚀 & &lt; &#60;", replicas: 3, loads: [reg]}
  reg: {kind: model-registry}
  e-nd: {kind: queue, uses: "end"}
"""


@cache
def of_file(path: Path) -> tuple[System, FileReport]:
    """A system of a file with its report."""
    return load_checked(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path, OPTIONS)


@cache
def of_text(text: str) -> tuple[System, FileReport]:
    """A system of a text with its report."""
    return load_checked(Path("arch.yaml"), OPTIONS, text.encode())


@cache
def generated(size: int) -> tuple[System, FileReport]:
    """An invented company with a number of components."""
    return of_text(generate(size))


OPTIONS = Options(today="2026-11-22")
