"""The examples of rules about deployments: each is a deployment file, with marks on the lines where its rule must fire."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from archlint.api import check_targets
from archlint.linter import Options
from archlint.packs import Pack
from archlint.verdicts import FileReport
from tests.rules.examples import PACKS

DEPLOYED = [pack for pack in PACKS if pack.is_deployment]
_MARK = re.compile(r"# expect: ((?:DEP[0-9]{3} ?)+)")


def manifests(kind: str) -> list[tuple[Pack, Path]]:
    """All examples of a kind, `bad` or `good`, rule by rule."""
    return [(pack, path) for pack in DEPLOYED for path in pack.manifests(kind)]


def name_of(value: object) -> str:
    """A short name for test reports."""
    return value.id if isinstance(value, Pack) else value.stem if isinstance(value, Path) else str(value)


@cache
def lint(path: Path) -> FileReport:
    """Check a manifest with every rule."""
    report = check_targets([path], Options(today="2026-06-30", isolated=True))
    assert not report.errors, report.errors
    (found,) = report.files
    return found


def marked(path: Path, rule: str) -> list[int]:
    """The lines that the text marks for a rule."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    return [number for number, line in lines if any(rule in match[1].split() for match in _MARK.finditer(line))]


def fired(path: Path, rule: str) -> list[int]:
    """The lines where a rule fires, each once."""
    return sorted({finding.location.line for finding in lint(path).findings if finding.rule == rule})
