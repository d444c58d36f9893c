"""What settings change: numbers, facts and findings, before and after."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.analysis.quantity import Quantity
from archlint.changing import parse_setting
from archlint.cli.app import run_app
from archlint.errors import UsageError
from archlint.explore.variants import Variants
from archlint.explore.whatif import WhatIf, whatif
from archlint.explore.whatif_json import render_json, whatif_schema
from archlint.explore.whatif_text import render_text
from archlint.linter import Options
from tests.conftest import ROOT, Run
from tests.explore.systems import SHOP, variants


def asked(found: Variants, *texts: str) -> WhatIf:
    return whatif(found, map(parse_setting, texts))


def values(found: WhatIf) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    def value(number: object) -> float | None:
        return number.value if isinstance(number, Quantity) else None

    return {(one.subject, one.name): (value(one.old), value(one.new)) for one in found.numbers}


def test_numbers_and_findings_before_and_after(tmp_path: Path) -> None:
    found = asked(variants(tmp_path), "components.api.replicas=1", "components.api.workers=1")
    numbers = values(found)
    assert numbers["components.api", "utilisation"] == (0.15, 1.2)
    assert numbers["components.api", "capacity"] == (400.0, 50.0)
    assert numbers["workloads.search", "breaks_at"][1] == 50.0
    (difference,) = found.difference.systems
    assert {one.rule for one in difference.found} >= {"CAP001", "REL001"}
    text = render_text(found)
    assert "    utilisation: >= 15 % -> >= 120 %" in text and "--> --set components.api.replicas" in text
    slow = SHOP.replace("workers: 4\n    service_time: 20ms", "workers: 1\n    service_time: 40ms")
    solved = asked(variants(tmp_path, slow), "components.api.workers=4")
    assert [one.rule for one in solved.difference.systems[0].healed] == ["CAP001"]


def test_no_change_shows_no_change(tmp_path: Path) -> None:
    for path in sorted((ROOT / "examples").glob("*/*.yaml"))[::6]:
        assert asked(Variants.read(path, Options())).is_empty, path
    same = asked(variants(tmp_path), "components.api.service_time=0.02s", "components.api.replicas=2")
    assert same.is_empty and render_text(same) == "Nothing differs with these 2 changes.\n"


def test_each_part_has_one_heading_and_only_values_are_listed(tmp_path: Path) -> None:
    for text in ("components.api.replicas=null", "workloads.search.rate=null", "components.api.service_time=null",
                 "components.ranking.workers=9", "models.ranker=null"):  # fmt: skip
        found = asked(variants(tmp_path), text)
        subjects = [one.subject for one in found.numbers]
        assert [one for one, _ in groupby(subjects)] == list(dict.fromkeys(subjects)), text
        assert all(isinstance(one.old, Quantity) or isinstance(one.new, Quantity) for one in found.numbers), text
        assert "unknown -> unknown" not in render_text(found) and "none -> none" not in render_text(found)
    text = render_text(asked(variants(tmp_path), "components.api.replicas=null"))
    assert "      replicas: removed (was 2)\n" in text and "-> unknown" in text
    assert text.splitlines()[-1].startswith("With this change: ")


SETTINGS = {
    "components.api.replicas": ["1", "2", "{min: 1, max: 9}", "null"],
    "components.ranking.workers": ["1", "16"],
    "components.api.calls[0].timeout": ["10ms", "2s"],
    "workloads.search.rate": ["1/day", "60/s", "90000/s"],
    "models.ranker.artifact": ["1kB", "9GB"],
}


@settings(max_examples=8)
@given(st.fixed_dictionaries({}, optional={path: st.sampled_from(known) for path, known in SETTINGS.items()}))
def test_the_order_of_settings_makes_no_difference(chosen: dict[str, str]) -> None:
    texts = [f"{path}={value}" for path, value in chosen.items()]
    path = ROOT / "tests" / "explore" / "shop.yaml"
    found = Variants.read(path, Options(select=("CAP", "REL001")))
    one, other = asked(found, *texts), asked(found, *reversed(texts))
    assert one.numbers == other.numbers
    assert render_text(one) == render_text(other)


def test_the_contract_of_json(tmp_path: Path) -> None:
    found = asked(variants(tmp_path), "components.api.replicas=1", "workloads.search.rate=null")
    data = json.loads(render_json(found))
    jsonschema.validate(data, whatif_schema())
    assert data["settings"] == [
        {"path": "components.api.replicas", "value": "1"}, {"path": "workloads.search.rate", "value": "null"},
    ]  # fmt: skip
    missing = next(one for one in data["numbers"] if one["new"] and one["new"]["basis"] == "missing")
    assert missing["new"]["needs"] == ["workloads.search.rate"]
    assert "REL001" in {one["rule"] for one in data["difference"]["found"]}


def test_the_command(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text(SHOP)
    done = archlint("whatif", "--set", "components.api.replicas=1", "--select", "REL001", "--fail-on-new", "error")
    assert done.returncode == 1 and "New: 1 finding" in done.stdout and done.stderr == ""
    assert (tmp_path / "arch.yaml").read_text() == SHOP
    done = archlint("whatif", "arch.yaml", "--set", "components.api.replica=1", "-o", "json")
    assert (done.returncode, done.stdout) == (2, "") and "has no key `replica`" in done.stderr


def test_standard_input(archlint: Run) -> None:
    done = archlint("whatif", "-", "--set", "components.api.replicas=2", "--exit-code", stdin=SHOP)
    assert (done.returncode, done.stdout) == (0, "Nothing differs with this change.\n")


def test_what_a_call_must_not_leave_out_or_overwrite(tmp_path: Path) -> None:
    path = tmp_path / "arch.yaml"
    path.write_text(SHOP)
    with pytest.raises(UsageError, match="nothing to change"):
        run_app(["whatif", str(path)])
    with pytest.raises(UsageError, match="does not overwrite it"):
        run_app(["whatif", str(path), "--set", "components.api.replicas=3", "-o", f"json:{path}"])
    (tmp_path / "other.yaml").write_text(SHOP)
    with pytest.raises(UsageError, match="2 architecture files"):
        run_app(["whatif", str(tmp_path), "--set", "components.api.replicas=3"])


@pytest.mark.parametrize(
    ("options", "status"),
    [((), 0), (("--exit-code",), 1), (("--fail-on", "error"), 1), (("--fail-on-new", "error"), 1)],
)
def test_exit_statuses(tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], status: int) -> None:
    path = tmp_path / "arch.yaml"
    path.write_text(SHOP)
    assert run_app(["whatif", str(path), "--set", "components.api.replicas=1", *options]) == status
    assert "REL001" in capsys.readouterr().out
