"""Laws of every rule about deployments: its examples are deployment files."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.linter import Options
from archlint.packs import Pack
from archlint.verdicts import Severity
from tests.rules.manifests import DEPLOYED, fired, lint, manifests, marked, name_of

BAD, GOOD = manifests("bad"), manifests("good")
both = pytest.mark.parametrize(("pack", "path"), [*BAD, *GOOD], ids=name_of)


@pytest.mark.parametrize("pack", DEPLOYED, ids=name_of)
def test_the_folder_holds_the_rule_and_its_manifests(pack: Pack) -> None:
    names = {path.name for path in pack.folder.iterdir()}
    shown = {path.name for kind in ("bad", "good") for path in pack.manifests(kind)}
    assert names - {"rule.yaml", "notes.md"} == shown
    assert pack.manifests("bad") and pack.manifests("good")
    assert not pack.cures and pack.fix and pack.sources
    assert all(source.url.startswith("https://") for source in pack.sources)


@pytest.mark.parametrize("pack", DEPLOYED, ids=name_of)
def test_a_good_manifest_is_a_near_miss(pack: Pack) -> None:
    assert any("near miss" in path.read_text().splitlines()[0].lower() for path in pack.manifests("good"))


@both
def test_a_manifest_says_what_it_shows(pack: Pack, path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize(("pack", "path"), BAD, ids=name_of)
def test_a_bad_manifest_fires_exactly_where_it_says(pack: Pack, path: Path) -> None:
    assert marked(path, pack.id), "it marks no line for its own rule"
    assert fired(path, pack.id) == marked(path, pack.id)


@pytest.mark.parametrize(("pack", "path"), GOOD, ids=name_of)
def test_a_good_manifest_passes_its_rule(pack: Pack, path: Path) -> None:
    assert not marked(path, pack.id)
    assert fired(path, pack.id) == []


@both
def test_findings_about_manifests_are_well_formed(pack: Pack, path: Path) -> None:
    for finding in lint(path).findings:
        message = finding.message
        assert message and "\n" not in message and not message.endswith(".") and "  " not in message
        assert finding.location.file == str(path)
        if finding.rule == pack.id:
            assert Severity(finding.severity).rank <= pack.severity.rank
            assert finding.name == pack.name


@both
def test_half_of_a_manifest_breaks_no_check(pack: Pack, path: Path, tmp_path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    file = tmp_path / "half.yml"
    file.write_text("".join(lines[: len(lines) * 2 // 3]), encoding="utf-8")
    report = check_targets([file], Options(today="2026-06-30", isolated=True))
    assert not any("failed on this file" in error.message for error in report.errors)
