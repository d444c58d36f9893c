"""archlint: a linter and analyser for the architectures that serve machine-learning models.

Two functions do the work: `check` says what is wrong with an architecture, `load` gives its graph to ask.

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
    from archlint.config import Config
    from archlint.errors import ArchlintError
    from archlint.verdicts import Certainty, FileReport, Finding, OpenQuestion, Report, Severity

__version__ = "0.1.0"
__all__ = [
    "ArchlintError",
    "Certainty",
    "Config",
    "FileReport",
    "Finding",
    "OpenQuestion",
    "Report",
    "Severity",
    "System",
    "__version__",
    "check",
    "load",
]
_HOMES = {
    "ArchlintError": "archlint.errors", "Certainty": "archlint.verdicts", "Config": "archlint.config",
    "FileReport": "archlint.verdicts", "Finding": "archlint.verdicts", "OpenQuestion": "archlint.verdicts",
    "Report": "archlint.verdicts", "Severity": "archlint.verdicts", "System": "archlint.analysis.system",
    "check": "archlint.api", "load": "archlint.api",
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Load what is asked for when it is asked for: the command line starts without what it does not use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'archlint' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
