"""Facts that a call sets: they are read as if the file stated them, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.changing import parse_setting
from archlint.errors import UsageError
from archlint.model.architecture import Component, Relation
from tests.explore.systems import SHOP, changed, variants


def component(folder: Path, name: str, *settings: str) -> Component:
    return changed(variants(folder), settings).system.components[name]


def relation(folder: Path, *settings: str) -> Relation:
    return component(folder, "api", *settings).relations[0]


def test_a_value_is_read_with_its_unit(tmp_path: Path) -> None:
    version = changed(variants(tmp_path), ["workloads.search.rate=3k/min", "models.ranker.service_time.p99=0.5s"])
    time = version.system.architecture.models["ranker"].service_time
    assert version.system.workloads["search"].rate_per_s == 50
    assert time is not None and time.percentiles == ((0.5, 0.04), (0.99, 0.5))


def test_a_missing_key_is_created_with_those_that_contain_it(tmp_path: Path) -> None:
    hardware = component(tmp_path, "api", "components.api.hardware.memory=2GB").hardware
    assert hardware is not None and hardware.memory_bytes == 2_000_000_000


def test_a_percentile_with_a_dot_is_one_key(tmp_path: Path) -> None:
    version = changed(variants(tmp_path), ["models.ranker.service_time.p99.9=1s"])
    time = version.system.architecture.models["ranker"].service_time
    assert time is not None and time.percentiles[-1] == (0.999, 1.0)


@pytest.mark.parametrize("item", ["[0]", "[ranking]", ".ranking"])
def test_an_attribute_of_a_relation_that_is_only_a_name(tmp_path: Path, item: str) -> None:
    found = relation(tmp_path, f"components.api.calls{item}.timeout=80ms")
    assert (found.target, found.timeout_s) == ("ranking", 0.08)


@pytest.mark.parametrize("calls", ["api", "{to: api, timeout: 1s}"])
@pytest.mark.parametrize("item", ["", "[0]", "[api]"])
def test_a_single_relation_needs_no_list(tmp_path: Path, calls: str, item: str) -> None:
    text = SHOP.replace("calls: [{to: api, timeout: 1s}]", f"calls: {calls}")
    found = changed(variants(tmp_path, text), [f"components.page.calls{item}.timeout=3s"])
    (one,) = found.system.components["page"].relations
    assert (one.target, one.timeout_s) == ("api", 3.0)


def test_null_removes_a_key(tmp_path: Path) -> None:
    assert component(tmp_path, "api", "components.api.replicas=null").replicas is None
    with pytest.raises(UsageError, match="to remove"):
        component(tmp_path, "api", "components.api.zones=null")


def test_a_whole_value_may_be_a_list_or_a_mapping(tmp_path: Path) -> None:
    api = component(tmp_path, "api", "components.api.replicas={min: 2, max: 9}", "components.api.zones=[a, b]")
    assert api.zones == ("a", "b") and api.scaling is not None and api.scaling.maximum == 9


def test_what_an_alias_stands_for_changes_at_one_place_only(tmp_path: Path) -> None:
    text = SHOP.replace("hardware: {memory: 4GB}", "hardware: &box {memory: 4GB}").replace(
        "  log: {kind: database,", "  log: {kind: database, hardware: *box,"
    )
    found = changed(variants(tmp_path, text), ["components.ranking.hardware.memory=1GB"]).system.components
    sizes = [one.hardware.memory_bytes for one in (found["ranking"], found["log"]) if one.hardware is not None]
    assert sizes == [1_000_000_000, 4_000_000_000]


def test_a_part_of_an_included_file_changes_there(tmp_path: Path) -> None:
    head, models, tail = SHOP.partition("models:\n  ranker: {artifact: 100MB, service_time: {p50: 40ms, p99: 90ms}}\n")
    (tmp_path / "models.yaml").write_text(models)
    found = variants(tmp_path, f"{head}include: models.yaml\n{tail}")
    version = changed(found, ["models.ranker.artifact=9GB", "components.api.replicas=3"])
    assert version.system.architecture.models["ranker"].artifact_bytes == 9_000_000_000
    assert version.system.components["api"].replicas == 3
    assert changed(found, []).system.architecture.models["ranker"].artifact_bytes == 100_000_000


def test_a_finding_about_a_set_value_points_to_the_option_and_others_to_their_lines(tmp_path: Path) -> None:
    version = changed(variants(tmp_path), ["models.ranker.artifact=9GB", "components.ranking.hardware.memory=2GB"])
    (finding,) = [one for one in version.report.findings if one.rule == "CAP003"]
    assert finding.location.file == "--set components.ranking.hardware.memory"
    text = version.report.sources[finding.location.file].line(1)
    assert text[finding.location.column - 1 : finding.location.end_column - 1] == "2GB"
    plain = {(one.rule, one.at): one.location for one in changed(variants(tmp_path), []).report.findings}
    for one in version.report.findings:
        assert one.location == plain.get((one.rule, one.at), one.location)


@pytest.mark.parametrize(
    ("setting", "message", "hint"),
    [
        ("components.aip.replicas=3", "there is no component `aip`", "did you mean `api`?"),
        ("component.api.replicas=3", "there is no section `component`", "did you mean `components`?"),
        ("components.nothing=3", "there is no component `nothing`", "known names: page, api, ranking, log"),
        ("components=3", "a whole section cannot be set", "name one of its components"),
        ("components.api.calls[rankin].timeout=1s", "has no item `rankin`", "did you mean `ranking`?"),
        ("components.api.calls[7].timeout=1s", "has no item `7`", "known names: ranking, log"),
        ("components.api.service_time.p99=1s", "is the single value `20ms`", "service_time={p99: …}"),
        ("components.api.replicsa=3", "a component has no key `replicsa`", "did you mean `replicas`?"),
        ("components.api.replicas=many", "`many` is not a count", "write it like 12"),
        ("components.api.service_time=10 apples", "10 apples", "ms"),
        ("components.api.calls[0].to=nowhere", "nowhere", "define it"),
        ("components.api.replicas={", "--set components.api.replicas", "quote"),
        ("components.api.replicas=", "the value is missing", "null"),
        ("components.api.replicas", "not a path with a value", "components.api.replicas=6"),
        ("=3", "not a path with a value", "components.api.replicas=6"),
        ("include=other.yaml", "there is no section `include`", "known names"),
    ],
)
def test_a_mistake_is_one_clear_error(tmp_path: Path, setting: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        changed(variants(tmp_path), [setting])
    assert message in error.value.message and hint in error.value.hint
    assert error.value.message.startswith("--set ")


def test_two_items_of_one_name_need_an_index(tmp_path: Path) -> None:
    text = SHOP.replace("      - ranking\n", "      - ranking\n      - {to: ranking, timeout: 1s}\n")
    with pytest.raises(UsageError) as error:
        changed(variants(tmp_path, text), ["components.api.calls[ranking].timeout=2s"])
    assert error.value.hint == "write components.api.calls[0] or components.api.calls[1]"


def test_a_setting_inside_another_one_is_refused_and_the_last_of_two_equal_ones_applies(tmp_path: Path) -> None:
    found = variants(tmp_path)
    with pytest.raises(UsageError, match="is inside --set"):
        changed(found, ["components.api.hardware={memory: 1GB}", "components.api.hardware.memory=2GB"])
    version = changed(found, ["components.api.replicas=3", "components.api.replicas=5"])
    assert version.system.components["api"].replicas == 5


def test_names_with_dots_are_quoted_as_in_findings() -> None:
    setting = parse_setting('components."api.v2".calls[1].timeout=5s')
    assert setting.keys == ("components", "api.v2", "calls", 1, "timeout") and setting.value == "5s"
