"""`archlint sensitivity`: which single fact, changed by how much, changes a finding."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from archlint.cli.app import run_app
from archlint.errors import UsageError
from archlint.explore.sensitivity import Changes, Sensitivity, findings_of, sensitivity, stated_facts
from archlint.explore.sensitivity_outputs import render_json, render_text, sensitivity_schema
from archlint.linter import Options
from tests.conftest import Run
from tests.explore.systems import SHOP, changed, variants

RULES = Options(select=("CAP001", "REL001", "SRV001"))


def asked(folder: Path, only: str, text: str = SHOP, most: float = 10.0) -> Sensitivity:
    return sensitivity(variants(folder, text, RULES).inputs, most, lambda done: None, only)


def of(found: Sensitivity, path: str, up: bool) -> Changes:
    return next(one for one in found.changes if one.path == path and (one.factor > 1) == up)


def test_the_rate_at_which_a_server_is_overloaded(tmp_path: Path) -> None:
    found = asked(tmp_path, "workloads.search.rate")
    one = of(found, "workloads.search.rate", True)
    assert one.appear == (("CAP001", "components.ranking.replicas"),) and one.gone == ()
    assert 1 <= one.factor * 60 / 376.42 <= 1.01         # 16 workers / 42.5 ms


def test_each_value_changes_the_findings_as_it_says(tmp_path: Path) -> None:
    found, base = asked(tmp_path, "workloads"), findings_of(variants(tmp_path, SHOP, RULES).report())
    assert found.changes and [one.distance for one in found.changes] == sorted(one.distance for one in found.changes)
    for one in found.changes:
        now = findings_of(changed(variants(tmp_path, SHOP, RULES), [f"{one.path}={one.value}"]).report)
        assert tuple(sorted(now - base)) == one.appear
        assert tuple(sorted(base - now)) == one.gone


def test_a_finding_that_goes_away(tmp_path: Path) -> None:
    overloaded = SHOP.replace("rate: 60/s, peak: 90/s", "rate: 500/s")
    one = of(asked(tmp_path, "workloads.search.rate", overloaded), "workloads.search.rate", False)
    assert one.gone[0][0] == "CAP001" and not one.appear


def test_a_value_that_contradicts_another_one_fixes_nothing(tmp_path: Path) -> None:
    """With a median above the 99th percentile, nobody knows the time of a message: the queue is undecided."""
    text = """\
archlint: 1
workloads: {inspect: {from: app, rate: 12/s, waits: false, slo: {latency: {p95: 10min}}}}
models: {classifier: {service_time: {p50: 850ms, p99: 1.6s}}}
components:
  app: {kind: client, calls: [{to: api, timeout: 5s}]}
  api: {kind: service, replicas: 2, zones: [a, b], publishes: [photos]}
  photos: {kind: queue, uses: kafka, replicas: 3, zones: [a, b, c]}
  worker: {kind: worker, consumes: [photos], serves: [classifier], replicas: 8, zones: [a, b]}
"""
    probed = variants(tmp_path, text, Options(select=("REL010",)))
    assert [rule for rule, _ in findings_of(probed.report())] == ["REL010"]
    found = sensitivity(probed.inputs, 10.0, lambda done: None, "models.classifier.service_time")
    slower = [one for one in found.changes if one.path.endswith("p50") and one.factor > 1]
    quicker = [one for one in found.changes if one.path.endswith("p99") and one.factor < 1]
    assert not slower and not quicker


def test_replicas_stay_whole_and_nothing_is_changed_to_nothing(tmp_path: Path) -> None:
    found = asked(tmp_path, "components.api.replicas")
    assert of(found, "components.api.replicas", False).value == "1"
    assert not [one for one in asked(tmp_path, "components.api", SHOP.replace("replicas: 2", "replicas: 1")).changes if one.factor <= 0]


def test_an_availability_is_changed_by_what_is_missing_to_all(tmp_path: Path) -> None:
    facts, _ = stated_facts(variants(tmp_path, SHOP.replace("p99: 200ms}", "p99: 200ms}, availability: 99%")).inputs, "workloads")
    (fact,) = [one for one in facts if one.path.endswith("availability")]
    assert (fact.at(0.1), fact.at(2.0)) == ("99.9%", "98%") and fact.factor_of("99.9%") == pytest.approx(0.1)


def test_words_and_versions_are_no_quantities(tmp_path: Path) -> None:
    text = SHOP.replace("ranker: {artifact", "ranker: {version: 3.2, format: onnx, artifact")
    paths = [fact.path for fact in stated_facts(variants(tmp_path, text).inputs, "models")[0]]
    assert paths == ["models.ranker.artifact", "models.ranker.service_time.p50", "models.ranker.service_time.p99"]


def test_outputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(tmp_path, "workloads")
    jsonschema.validate(json.loads(render_json(found)), sensitivity_schema())
    assert "  workloads.search.rate: 60/s -> " in render_text(found) and "CAP001 appears at" in render_text(found)
    path = tmp_path / "arch.yaml"
    assert run_app(["sensitivity", str(path), "--only", "workloads", "--factor", "1.5", "--select", "CAP001", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["most"] == 1.5

@pytest.mark.parametrize(("only", "hint"), [
    ("nothing", "such as components.api"), ("models.none", "did you mean `models.ranker`?"), ("componets", "did you mean `components`?"),
    ("components.ap", "did you mean `components.api`?"), ("workloads.search.rat", "did you mean `workloads.search.rate`?"),
])  # fmt: skip
def test_a_path_without_quantities_is_a_wrong_call(tmp_path: Path, only: str, hint: str) -> None:
    """A part of a name is no path: `components.ap` does not mean `components.api`."""
    with pytest.raises(UsageError, match="no quantity is stated") as error:
        asked(tmp_path, only)
    assert hint in error.value.hint


def test_the_command(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(SHOP)
    done = archlint("sensitivity", "--only", "workloads", "--select", "CAP")
    assert (done.returncode, done.stderr) == (0, "") and "the most sensitive first" in done.stdout
