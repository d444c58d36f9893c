"""Small systems in which patterns are recognised, and what is recognised in them."""

from __future__ import annotations

import archlint
from archlint import Config, System
from archlint.analysis.patterns import recognise
from tests.conftest import ROOT

Roles = dict[str, tuple[str, ...]]
FRONT = """
page: {kind: client, calls: [api]}
api: {kind: service, calls: [server]}
server: {kind: model-server, serves: [m]}
"""


def _lines(text: str) -> str:
    return "".join(f"  {line.strip()}\n" for line in text.splitlines() if line.strip())


def load(
    components: str, models: str = "m", workloads: str = "w: {from: page, models: [m]}", facts: dict[str, str] | None = None
) -> System:
    """A system of some components; `models` are their names, `facts` the facts about some of them."""
    described = "".join(f"  {name}: {{{(facts or {}).get(name, '')}}}\n" for name in models.split())
    sections = (("workloads", workloads), ("components", components))
    said = "".join(f"{key}:\n{_lines(text)}" for key, text in sections)
    system = archlint.load(f"archlint: 1\nmodels:\n{described}{said}", Config(ROOT))
    assert [problem.message for problem in system.architecture.problems] == []
    return system


def found(system: System, pattern: str) -> list[tuple[str, Roles]]:
    """The workload and the roles of each recognised pattern."""
    return [(one.workload, one.roles) for one in recognise(system) if one.pattern == pattern]
