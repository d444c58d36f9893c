"""archlint: a linter for systems that serve machine-learning models.

`check` reports findings, `load` returns a system to query, `render` draws it, and `diff`
compares two versions. All four take a path or a text, and raise `ArchlintError` for an invalid call.

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
    from archlint.analysis.system import System
    from archlint.api import check, load
    from archlint.baselined import BaselineEntry, BaselineUse
    from archlint.compare.difference import DerivedChange, Difference, PartChange, Regraded, SystemDifference
    from archlint.compare.facts import Change, DiffError
    from archlint.config import Config
    from archlint.differ import diff
    from archlint.drawing import render
    from archlint.errors import ArchlintError, ConfigError, PackError, UnreadableInputError, UsageError
    from archlint.findings import Cure, Finding, Location, Severity, ShownPlace, ShownRelated, ShownTerm
    from archlint.inputs import InputError
    from archlint.verdicts import (
        Accepted,
        ActiveRule,
        Baselined,
        Certainty,
        FileReport,
        OpenQuestion,
        RecognisedPattern,
        Report,
    )

__version__ = "0.1.0"
__all__ = [
    "Accepted",
    "ActiveRule",
    "ArchlintError",
    "BaselineEntry",
    "BaselineUse",
    "Baselined",
    "Certainty",
    "Change",
    "Config",
    "ConfigError",
    "Cure",
    "DerivedChange",
    "DiffError",
    "Difference",
    "FileReport",
    "Finding",
    "InputError",
    "Location",
    "OpenQuestion",
    "PackError",
    "PartChange",
    "RecognisedPattern",
    "Regraded",
    "Report",
    "Severity",
    "ShownPlace",
    "ShownRelated",
    "ShownTerm",
    "System",
    "SystemDifference",
    "UnreadableInputError",
    "UsageError",
    "__version__",
    "check",
    "diff",
    "load",
    "render",
]
_HOMES = {
    "archlint.errors": ("ArchlintError", "ConfigError", "PackError", "UnreadableInputError", "UsageError"),
    "archlint.compare.facts": ("Change", "DiffError"),
    "archlint.verdicts": (
        "Accepted", "ActiveRule", "Baselined", "Certainty", "FileReport", "OpenQuestion", "RecognisedPattern", "Report",
    ),
    "archlint.findings": ("Cure", "Finding", "Location", "Severity", "ShownPlace", "ShownRelated", "ShownTerm"),
    "archlint.baselined": ("BaselineEntry", "BaselineUse"),
    "archlint.inputs": ("InputError",),
    "archlint.config": ("Config",),
    "archlint.compare.difference": ("DerivedChange", "Difference", "PartChange", "Regraded", "SystemDifference"),
    "archlint.analysis.system": ("System",),
    "archlint.api": ("check", "load"),
    "archlint.differ": ("diff",),
    "archlint.drawing": ("render",),
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
