"""Two texts compared as two versions of one system."""

from __future__ import annotations

from archlint.compare.difference import SystemDifference
from archlint.compare.systems import Snapshot, compare
from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.source.parser import parse
from tests.conftest import ROOT

LINTER = Linter(Config(ROOT), Options(today="2026-11-22", signatures=True))


def snapshot(text: str, name: str = "arch.yaml") -> Snapshot:
    examined = LINTER.examine(parse(name, text), None)
    return Snapshot(examined.system, examined.report)


def difference(old: str, new: str) -> SystemDifference:
    return compare(snapshot(old, "old.yaml"), snapshot(new, "new.yaml"))
