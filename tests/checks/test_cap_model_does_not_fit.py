"""CAP003: weights that are larger than the memory of a replica."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.checks import model_does_not_fit
from archlint.verdicts import Certainty, Hit
from tests.checks.linting import Said, lint


def text(model: str = "artifact: 100GB", server: str = "loads_model: at-start", hardware: str = "memory: 1GB") -> str:
    held = f", hardware: {{{hardware}}}" if hardware else ""
    return f"""
workloads: {{w: {{from: app}}}}
models: {{m: {{{model}}}, n: {{artifact: 20GB}}}}
components:
  app: {{kind: client, calls: [s]}}
  s: {{kind: model-server, serves: [m], {server}{held}}}
"""


def found(**changes: str) -> Said:
    return lint("CAP003", text(**changes))


@pytest.mark.parametrize(
    ("hardware", "at", "certainty"),
    [
        ("memory: 1GB, gpus: 0", "memory", "proven"),
        ("memory: 1GB", "memory", "estimated"),                   # it may have accelerators that the file does not state
        ("memory: 1GB, gpu: t4", "gpu", "proven"),
        ("memory: 100GB, gpu: t4", "gpu", "estimated"),           # a server may keep the rest in its own memory
        ("gpu: t4", "gpu", "estimated"),
        ("memory: 8GB, gpu: t4, gpus: 4, gpu_share: 0.5", "gpu", "proven"),
        ("memory: 8GB, gpu: home-made, gpu_memory: 24GB", "gpu_memory", "proven"),
    ],
)
def test_a_hundred_gigabytes_do_not_fit(hardware: str, at: str, certainty: str) -> None:
    finding = found(hardware=hardware).findings[f"components.s.hardware.{at}"]
    assert finding.certainty == certainty
    assert "`m` takes at least 100 GB" in finding.message


def test_the_size_of_the_accelerator_comes_from_the_catalogue() -> None:
    said = found(hardware="memory: 1GB, gpu: t4")
    at = "components.s.hardware.gpu"
    assert said.term(at, "accelerators") == 16e9
    assert said.term(at, "room") == 17e9
    assert "16 GB on its accelerators and 1 GB of memory" in said.findings[at].message
    assert said.findings[at].loss == pytest.approx(0.83)


@pytest.mark.parametrize(
    "changes",
    [
        {"hardware": "memory: 100GB"},
        {"hardware": "gpu: h100, gpus: 2"},
        {"hardware": "gpu: h100", "server": "tensor_parallel: 2"},
        {"hardware": "gpu: h100", "server": "tensor_parallel: 1, pipeline_parallel: 2"},
        {"hardware": "memory: 50GB", "server": "shards: 2"},
        {"hardware": "", "model": "artifact: 1GB"},
        {"hardware": "gpu: t4, memory: 128GB", "model": "family: dlrm, parameters: 14B, precision: fp16"},
        {"hardware": "gpu: t4, memory: 128GB", "model": "parameters: 14B, embedding_parameters: 13.9B, precision: fp16"},
        {"hardware": "", "model": "version: 1"},
        {"model": "parameters: 1B, precision: int8"},
    ],
)
def test_what_fits_or_is_small_is_silent(changes: dict[str, str]) -> None:
    assert found(**changes) == Said({}, {})


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({"hardware": ""}, ("components.s.hardware",)),
        ({"hardware": "cpu: 4"}, ("components.s.hardware.memory",)),
        ({"hardware": "cpu: 4, gpus: 0"}, ("components.s.hardware.memory",)),
        ({"hardware": "gpu: t4", "model": "family: dlrm, artifact: 28GB"}, ("components.s.hardware.memory",)),
        ({"hardware": "gpu: home-made"}, ("components.s.hardware.gpu_memory",)),
        ({"hardware": "memory: 100GB", "model": "parameters: 70B"}, ("models.m.precision",)),
    ],
)
def test_a_missing_fact_is_a_question(changes: dict[str, str], needs: tuple[str, ...]) -> None:
    said = found(**changes)
    assert said.undecided == {"components.s": needs}
    assert not said.findings


def test_without_a_precision_even_four_bits_prove() -> None:
    said = found(model="parameters: 70B, family: transformer", hardware="memory: 30GB, gpus: 0", server="replicas: 1")
    assert said.findings["components.s.hardware.memory"].certainty == "proven"
    assert said.term("components.s.hardware.memory", "weights") == 35e9


def test_a_file_that_may_be_mapped_is_no_proof() -> None:
    assert found(server="replicas: 1").findings["components.s.hardware.memory"].certainty == "estimated"


@pytest.mark.parametrize(
    ("tables", "hardware", "room"),
    [("13B", "gpu: t4, memory: 20GB", 36e9), ("1B", "gpu: t4, memory: 20GB", 16e9), ("19B", "gpu: t4, memory: 20GB", 36e9)],
)
def test_embedding_tables_count_against_all_memory_and_the_rest_against_accelerators(
    tables: str, hardware: str, room: float
) -> None:
    model = f"parameters: 20B, embedding_parameters: {tables}, precision: fp16"
    said = found(hardware=hardware, model=model, server="replicas: 1")
    assert said.term("components.s.hardware.gpu", "room") == room
    assert said.findings["components.s.hardware.gpu"].certainty == "estimated"


def test_several_models_add_up_only_if_all_are_loaded_at_start() -> None:
    two = text(model="artifact: 15GB", hardware="memory: 24GB", server="%s").replace("serves: [m]", "serves: [m, n]")
    at = "components.s.hardware.memory"
    assert lint("CAP003", two % "loads_model: at-start").term(at, "needed") == 35e9
    assert lint("CAP003", two % "loads_model: on-request") == Said({}, {})
    assert lint("CAP003", two % "loads_model: at-start").cures(at)[0] == "one-server-per-model"


def test_the_smaller_of_two_sizes_is_taken() -> None:
    said = found(model="artifact: 100GB, parameters: 10B, precision: fp16", hardware="memory: 19GB")
    assert said.term("components.s.hardware.memory", "weights") == 20e9


def hits(size_mb: int, memory: str, gpus: int, precision: str = "") -> dict[str, Certainty]:
    model = f"parameters: {size_mb}M, precision: {precision}" if precision else f"artifact: {size_mb}MB"
    chips = f", gpu: t4, gpus: {gpus}" if gpus else ""
    system = archlint.load("archlint: 1\n" + text(model=model, hardware=f"memory: {memory}{chips}"))
    verdicts = model_does_not_fit.check(system, model_does_not_fit.Params())
    return {verdict.at.at: verdict.certainty for verdict in verdicts if isinstance(verdict, Hit)}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 90_000), st.integers(1, 40_000), st.integers(0, 3), st.integers(1, 30_000))
def test_a_larger_memory_never_adds_a_finding(size_mb: int, memory_mb: int, gpus: int, more: int) -> None:
    before = hits(size_mb, f"{memory_mb}MB", gpus)
    assert hits(size_mb, f"{memory_mb * 1000}kB", gpus) == before
    assert set(hits(size_mb, f"{memory_mb + more}MB", gpus)) <= set(before)
    assert set(before) <= set(hits(size_mb + more, f"{memory_mb}MB", gpus))
    if gpus:
        assert set(hits(size_mb, f"{memory_mb}MB", gpus + 1)) <= set(before)
    assert set(hits(size_mb, f"{memory_mb}MB", gpus, "int8")) <= set(hits(size_mb, f"{memory_mb}MB", gpus, "fp16"))


def test_a_file_that_contradicts_itself_twice_has_both_errors() -> None:
    server = "replicas: 2, workers: 1, loads_model: at-start"
    system = text(model="artifact: 100GB, service_time: 40ms", server=server, hardware="memory: 1GB, gpu: t4")
    system = system.replace("from: app", "from: app, rate: 100/s, peak: 1k/s")
    assert lint("CAP003", system).findings["components.s.hardware.gpu"].severity == "error"
    assert lint("CAP001", system).findings["components.s.replicas"].severity == "error"
