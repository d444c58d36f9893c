"""A count of zones says as much as so many names, for every rule that asks about zones."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.verdicts import FileReport
from tests.checks.linting import lint
from tests.examples.stripping import Tree, parse
from tests.rules.test_proven_unless import PACKS, before, check, parts

ZONES = {"REL001", "REL008", "CAP006"}
"""The rules that ask about zones."""
SHARED = "good-two-balancers-behind-dns"
"""Only names say that two components run in different zones."""
EXAMPLES = [
    path for pack in PACKS if pack.id in ZONES for kind in ("bad", "good") for path in pack.examples(kind)
    if "zones: [" in path.read_text(encoding="utf-8") and path.stem != SHARED
]  # fmt: skip


def said(report: FileReport) -> set[tuple[object, ...]]:
    """The verdicts with their arithmetic, without the name of a zone."""
    findings: set[tuple[object, ...]] = {
        (f.rule, f.at, f.severity, f.certainty, *((t.name, t.text) for t in f.terms if t.name != "zone"))
        for f in report.findings
    }
    return findings | {(question.rule, question.at, question.needs) for question in report.undecided}


def counted(tree: Tree) -> Tree:
    """The file with the number of each component's zones in place of their names."""
    for record in parts(tree, "component"):
        zones = record.get("zones")
        if isinstance(zones, list):
            record["zones"] = str(len(zones))
    return tree


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name[:6]}-{path.stem}")
def test_a_count_of_zones_equals_as_many_names(path: Path) -> None:
    assert said(check(counted(parse(path.read_text(encoding="utf-8"))), path)) == said(before(path))


@pytest.mark.parametrize(("count", "names"), [("1", "[a]"), ("2", "[a, b]"), ("3", "[a, b, c]")])
def test_zones_that_fail_are_counted_as_well(count: str, names: str) -> None:
    one, other = (
        lint("REL008", f"""
zone_availability: 99%
workloads: {{w: {{from: page, waits: true, slo: {{availability: 99.9999%}}}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, replicas: 3, availability: 99.99%, zones: {zones}}}
""").findings for zones in (count, names)
    )  # fmt: skip
    reached = [[t.text for f in found.values() for t in f.terms if t.name in {"reached", "pool"}] for found in (one, other)]
    assert reached[0] == reached[1] != []
