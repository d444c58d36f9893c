"""archlint: a linter and analyser for the architectures that serve machine-learning models.

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
    from archlint.compare.difference import Difference, SystemDifference
    from archlint.config import Config
    from archlint.differ import diff
    from archlint.drawing import render
    from archlint.errors import ArchlintError
    from archlint.verdicts import Certainty, FileReport, Finding, OpenQuestion, Report, Severity

__version__ = "0.1.0"
__all__ = [
    "ArchlintError",
    "Certainty",
    "Config",
    "Difference",
    "FileReport",
    "Finding",
    "OpenQuestion",
    "Report",
    "Severity",
    "System",
    "SystemDifference",
    "__version__",
    "check",
    "diff",
    "load",
    "render",
]
_HOMES = {
    "ArchlintError": "archlint.errors", "Certainty": "archlint.verdicts", "Config": "archlint.config",
    "Difference": "archlint.compare.difference", "FileReport": "archlint.verdicts", "Finding": "archlint.verdicts",
    "OpenQuestion": "archlint.verdicts", "Report": "archlint.verdicts", "Severity": "archlint.verdicts",
    "System": "archlint.analysis.system", "SystemDifference": "archlint.compare.difference", "check": "archlint.api",
    "diff": "archlint.differ", "load": "archlint.api", "render": "archlint.drawing",
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, so that the command line does not import what it does not need."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'archlint' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
