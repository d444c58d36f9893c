"""archlint: a linter for systems that serve machine-learning models.

`check` reports findings, `load` returns a system to query, `render` draws it, `analyze` computes its numbers,
`simulate` simulates its requests, and `diff` compares two versions. All take a path or a text, and raise
`ArchlintError` for an invalid call.

>>> import archlint
>>> report = archlint.check('''
... archlint: 1
... system: shop
... components:
...   page: {kind: client, calls: [ranker]}
... ''')
>>> [(finding.rule, finding.location.line, finding.suggestion) for finding in report.findings]
[('DOC001', 5, 'define it under `components:`')]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archlint.analysis.component_numbers import ComponentNumbers
    from archlint.analysis.numbers import Numbers
    from archlint.analysis.promises import Contribution
    from archlint.analysis.quantity import Missing, Quantity
    from archlint.analysis.system import System
    from archlint.analysis.waterfalls import Waterfall, WaterfallStep
    from archlint.analysis.workload_numbers import Breaking, WorkloadNumbers
    from archlint.analyzing import analyze
    from archlint.api import check, load
    from archlint.baselined import BaselineEntry, BaselineUse
    from archlint.compare.difference import DerivedChange, Difference, PartChange, Regraded, SystemDifference
    from archlint.compare.facts import Change, DiffError
    from archlint.config import Config
    from archlint.differ import diff
    from archlint.drawing import render
    from archlint.drifting import Drift, Drifted, drift
    from archlint.errors import ArchlintError, ConfigError, PackError, UnreadableInputError, UsageError
    from archlint.explore.ranges import Axis
    from archlint.explore.sensitivity import Changes, Sensitivity
    from archlint.explore.sweep import Cell, Row, Sweep
    from archlint.explore.variants import Variant
    from archlint.explore.whatif import NumberChange, WhatIf
    from archlint.exploring import sensitivity, sweep, whatif
    from archlint.findings import Cure, Finding, Location, Severity, ShownPlace, ShownRelated, ShownTerm
    from archlint.inputs import InputError
    from archlint.model.places import Place
    from archlint.simulating import simulate
    from archlint.simulation.api import Simulated
    from archlint.simulation.results import Away, CentreResult, Moment, Simulation, StreamResult
    from archlint.simulation.statistics import Interval
    from archlint.verdicts import (
        Accepted,
        ActiveRule,
        Baselined,
        Certainty,
        FileReport,
        OpenQuestion,
        Origin,
        RecognisedPattern,
        Report,
        Term,
    )

__version__ = "0.1.0"
__all__ = [
    "Accepted",
    "ActiveRule",
    "ArchlintError",
    "Away",
    "Axis",
    "BaselineEntry",
    "BaselineUse",
    "Baselined",
    "Breaking",
    "Cell",
    "CentreResult",
    "Certainty",
    "Change",
    "Changes",
    "ComponentNumbers",
    "Config",
    "ConfigError",
    "Contribution",
    "Cure",
    "DerivedChange",
    "DiffError",
    "Difference",
    "Drift",
    "Drifted",
    "FileReport",
    "Finding",
    "InputError",
    "Interval",
    "Location",
    "Missing",
    "Moment",
    "NumberChange",
    "Numbers",
    "OpenQuestion",
    "Origin",
    "PackError",
    "PartChange",
    "Place",
    "Quantity",
    "RecognisedPattern",
    "Regraded",
    "Report",
    "Row",
    "Sensitivity",
    "Severity",
    "ShownPlace",
    "ShownRelated",
    "ShownTerm",
    "Simulated",
    "Simulation",
    "StreamResult",
    "Sweep",
    "System",
    "SystemDifference",
    "Term",
    "UnreadableInputError",
    "UsageError",
    "Variant",
    "Waterfall",
    "WaterfallStep",
    "WhatIf",
    "WorkloadNumbers",
    "__version__",
    "analyze",
    "check",
    "diff",
    "drift",
    "load",
    "render",
    "sensitivity",
    "simulate",
    "sweep",
    "whatif",
]
_HOMES = {
    "archlint.errors": ("ArchlintError", "ConfigError", "PackError", "UnreadableInputError", "UsageError"),
    "archlint.compare.facts": ("Change", "DiffError"),
    "archlint.verdicts": (
        "Accepted", "ActiveRule", "Baselined", "Certainty", "FileReport", "OpenQuestion", "Origin", "RecognisedPattern",
        "Report", "Term",
    ),
    "archlint.findings": ("Cure", "Finding", "Location", "Severity", "ShownPlace", "ShownRelated", "ShownTerm"),
    "archlint.baselined": ("BaselineEntry", "BaselineUse"),
    "archlint.inputs": ("InputError",),
    "archlint.config": ("Config",),
    "archlint.compare.difference": ("DerivedChange", "Difference", "PartChange", "Regraded", "SystemDifference"),
    "archlint.analysis.system": ("System",),
    "archlint.analysis.numbers": ("Numbers",),
    "archlint.analysis.component_numbers": ("ComponentNumbers",),
    "archlint.analysis.workload_numbers": ("Breaking", "WorkloadNumbers"),
    "archlint.analysis.waterfalls": ("Waterfall", "WaterfallStep"),
    "archlint.analysis.promises": ("Contribution",),
    "archlint.analysis.quantity": ("Missing", "Quantity"),
    "archlint.analyzing": ("analyze",),
    "archlint.model.places": ("Place",),
    "archlint.simulating": ("simulate",),
    "archlint.simulation.api": ("Simulated",),
    "archlint.simulation.results": ("Away", "CentreResult", "Moment", "Simulation", "StreamResult"),
    "archlint.simulation.statistics": ("Interval",),
    "archlint.api": ("check", "load"),
    "archlint.differ": ("diff",),
    "archlint.drawing": ("render",),
    "archlint.exploring": ("sensitivity", "sweep", "whatif"),
    "archlint.explore.ranges": ("Axis",),
    "archlint.explore.sensitivity": ("Changes", "Sensitivity"),
    "archlint.explore.sweep": ("Cell", "Row", "Sweep"),
    "archlint.explore.variants": ("Variant",),
    "archlint.explore.whatif": ("NumberChange", "WhatIf"),
    "archlint.drifting": ("Drift", "Drifted", "drift"),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, so that the command line does not import what it does not need."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'archlint' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
