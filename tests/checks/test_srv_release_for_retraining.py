"""SRV011: a release for every retraining of a model that is in the image."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

AT = "components.server.loads_model"


def said(
    server: str = "replicas: 10, start_time: 2min", loads: str = "in-image", retrained: str = "1h", more: str = ""
) -> Said:
    return lint("SRV011", f"""
    workloads: {{ask: {{from: app}}}}
    models: {{net: {{retrained: {retrained}}}, other: {{{more}}}}}
    components:
      app: {{kind: client, calls: [{{to: server, timeout: 1s}}]}}
      server: {{kind: model-server, serves: [net{", other" if more else ""}], loads_model: {loads}, {server}}}
    """)


def test_releases_that_take_a_third_of_the_time() -> None:
    found = said()
    finding = found.findings[AT]
    assert finding.message == (
        "`net` is in the image of `server` and retrained every 1 h: each release replaces 10 replicas, about 20 min if one "
        "after another (33.3 % of the time, more than 10 %)"
    )
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert found.term(AT, "share") == pytest.approx(1 / 3)


def test_each_model_in_the_image_releases_all_replicas() -> None:
    assert said(retrained="5h").places == set()
    found = said(retrained="5h", more="retrained: 5h")
    assert found.term(AT, "share") == pytest.approx(2 / 15)
    assert "`net` and `other` are in the image of `server` and retrained every 5 h" in found.findings[AT].message


def test_sizes_give_the_time_of_a_start() -> None:
    """12 GB at 100 MB/s take 2 min; a model in the image is part of it."""
    found = said("replicas: 10, image_size: 12GB, pull_bandwidth: 100MB/s")
    assert found.term(AT, "release") == 1200


@pytest.mark.parametrize(
    "change",
    [
        {"loads": "at-start"},
        {"server": "replicas: 2, start_time: 2min"},
        {"server": "replicas: 10, start_time: 30s"},
        {"retrained": "30d"},
    ],
)
def test_releases_that_take_little_time(change: dict[str, str]) -> None:
    found = said(**change)
    assert (found.places, found.undecided) == (set(), {})


def test_the_one_missing_fact_is_asked_for() -> None:
    assert said("start_time: 2min").undecided == {"components.server": ("components.server.replicas",)}
    assert said("replicas: 10, image_size: 12GB").undecided == {"components.server": ("components.server.pull_bandwidth",)}
    assert said("replicas: 10").undecided == {"components.server": ("components.server.start_time",)}
    assert said("zones: 2").undecided == {}


def test_a_start_is_asked_for_only_if_a_long_one_would_take_too_much() -> None:
    """Ten replicas that start in ten minutes each take 100 min: a tenth of 1,000 min."""
    assert said("replicas: 10", retrained="1000min").undecided == {}
    assert said("replicas: 10", retrained="990min").undecided != {}


def test_how_often_a_model_is_retrained_is_asked_for_if_each_hour_would_be_too_often() -> None:
    unknown = said(retrained="1000d", more="version: 1")
    assert unknown.undecided == {"components.server": ("models.other.retrained",)}
    assert said("replicas: 2, start_time: 2min", retrained="1000d", more="version: 1").undecided == {}


def test_when_the_model_is_loaded_is_asked_for_if_releases_would_take_too_long() -> None:
    text = """
    models: {net: {retrained: %s}}
    components: {server: {kind: model-server, serves: [net], replicas: 10, start_time: 2min}}
    """
    assert lint("SRV011", text % "1h").undecided == {"components.server": ("components.server.loads_model",)}
    assert lint("SRV011", text % "1d").undecided == {}


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_a_longer_start_is_never_better(one: float, other: float, replicas: int) -> None:
    short, long = sorted((one, other))
    before = said(f"replicas: {replicas}, start_time: {short:f}s")
    after = said(f"replicas: {replicas}, start_time: {long:f}s")
    assert not before.places or after.places
    for finding in after.findings.values():
        assert all(isfinite(term.value) for term in finding.terms if isinstance(term.value, float))
