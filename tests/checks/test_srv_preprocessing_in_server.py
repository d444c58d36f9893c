"""SRV009: preprocessing in a server whose accelerator waits for it."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

AT = "components.server.preprocessing"


def said(
    preparing: str = "service_time: 30ms", time: str = "service_time: 20ms", hardware: str = "hardware: {gpu: t4}"
) -> Said:
    return lint("SRV009", f"""
    workloads: {{ask: {{from: app}}}}
    models: {{net: {{{time}}}}}
    components:
      app: {{kind: client, calls: [{{to: server, timeout: 1s}}]}}
      server: {{kind: model-server, serves: [net], preprocessing: {{{preparing}}}, {hardware}}}
    """)


def test_an_accelerator_that_waits_most_of_the_time() -> None:
    found = said()
    assert found.findings[AT].message == (
        "`server` prepares an input for 30 ms on average, and `net` takes 20 ms: its accelerator (t4) waits 60 % of the "
        "time of a request for preprocessing, which may not need it"
    )
    assert (found.findings[AT].severity, found.findings[AT].certainty) == ("warning", "estimated")
    assert found.term(AT, "share") == 0.6


def test_preprocessing_that_needs_no_accelerator() -> None:
    assert said("service_time: 6ms, hardware: {cpu: 4}").places == {AT}
    assert "which does not need it" in said("service_time: 6ms, hardware: {cpu: 4}").findings[AT].message
    assert said("service_time: 5ms, hardware: {cpu: 4}").places == set()
    assert said("service_time: 6ms").places == set()


def test_another_accelerator_than_the_servers() -> None:
    place = f"{AT}.hardware.gpu"
    finding = said("hardware: {gpu: t4}", hardware="hardware: {cpu: 4}").findings[place]
    assert finding.message == "preprocessing in `server` needs the accelerator t4, but `server` has none"
    assert finding.certainty == "proven"
    assert "`server` has l4" in said("hardware: {gpu: t4}", hardware="hardware: {gpu: l4}").findings[place].message
    assert said("hardware: {gpu: T4}").places == set()
    assert said("hardware: {gpu: t4}", hardware="hardware: {gpus: 1}").places == set()
    unknown = said("hardware: {gpu: t4}", hardware="zones: 2")
    assert (unknown.places, unknown.undecided) == (set(), {AT: ("components.server.hardware",)})


@pytest.mark.parametrize(
    ("needs", "has", "words"),
    [
        ("cpu: 8", "cpu: 4", "needs 8 cores, but `server` has 4"),
        ("memory: 8GB", "memory: 2GB", "needs 8 GB of memory, but `server` has 2 GB"),
        ("gpu: t4, gpus: 2", "gpu: t4, gpus: 1", "needs 2 accelerators, but `server` has 1"),
        ("gpu_memory: 8GB", "gpu_memory: 2GB", "needs 8 GB of memory on its accelerator, but `server` has 2 GB"),
        ("gpu_share: 0.5", "gpu_share: 0.25", "needs 50 % of an accelerator, but `server` has 25 %"),
    ],
)
def test_less_than_preprocessing_needs(needs: str, has: str, words: str) -> None:
    found = said(f"hardware: {{{needs}}}", hardware=f"hardware: {{{has}}}")
    assert [words in finding.message for finding in found.findings.values()] == [True]
    assert said(f"hardware: {{{needs}}}", hardware=f"hardware: {{{needs}}}").places == set()


@pytest.mark.parametrize("hardware", ["hardware: {cpu: 4}", "hardware: {memory: 8GB}"])
def test_both_parts_need_the_same_hardware(hardware: str) -> None:
    found = said(hardware=hardware)
    assert (found.places, found.undecided) == (set(), {})


def test_the_one_missing_fact_is_asked_for() -> None:
    assert said(hardware="zones: 2").undecided == {AT: ("components.server.hardware",)}
    assert said(time="version: 1").undecided == {AT: ("models.net.service_time", f"{AT}.hardware")}
    assert said("service_time: 6ms").undecided == {AT: (f"{AT}.hardware",)}
    assert said("hardware: {cpu: 4}").undecided == {AT: (f"{AT}.service_time",)}
    assert said("hardware: {cpu: 4}", time="version: 1").undecided == {}
    assert said(time="version: 1", hardware="zones: 2").undecided == {}


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
@settings(max_examples=25, deadline=None)
def test_longer_preprocessing_is_never_better(one: float, other: float, model: float) -> None:
    short, long = sorted((one, other))
    before = said(f"service_time: {short:f}s", f"service_time: {model:f}s")
    after = said(f"service_time: {long:f}s", f"service_time: {model:f}s")
    assert not before.places or after.places
    for finding in after.findings.values():
        assert all(isfinite(term.value) for term in finding.terms if isinstance(term.value, float))
