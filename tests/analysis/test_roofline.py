"""The roofline compared with numbers calculated by hand, and the laws of a bound."""

from __future__ import annotations

import pytest

from archlint.analysis.roofline import Roofline, missing_for_roofline, roofline
from archlint.model.architecture import Component, Hardware, Model
from archlint.model.words import PRECISIONS
from archlint.verdicts import Certainty
from tests.topology.graphs import with_instead

CHIPS = ("t4", "l4", "v100", "a100-40gb", "a100-80gb", "l40s", "h100", "h200", "b200", "b300", "mi300x", "tpu-v7", "trainium2")
SIZES = (1e6, 2e7, 7e7, 3e8, 1.3e9, 7e9, 7e10)


def server(gpu: str | None = "a100-80gb", gpus: float | None = None) -> Component:
    return Component("llm", "model-server", hardware=Hardware(gpu=gpu, gpus=gpus))


def bound(model: Model, where: Component) -> Roofline:
    found = roofline(model, where)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("parameters", "precision", "gpu", "gpus", "expected_s"),
    [
        (7e9, "fp16", "a100-80gb", 1.0, 14e9 / 2039e9),            # weights / bandwidth
        (7e9, "fp16", "a100-80gb", 4.0, 14e9 / (4 * 2039e9)),
        (7e10, "int8", "h100", 2.0, 7e10 / (2 * 3350e9)),
        (280e6, "fp32", "t4", None, 1.12e9 / 320e9),
        (7e10, None, "h100", None, 2 * 7e10 / (4 * 989e12)),       # unknown precision: 4 bits are possible, and nothing may be read
        (20e6, "fp16", "t4", None, 2 * 20e6 / 65e12),              # stays in the cache: only the arithmetic remains
        (20e6, "int4", "t4", None, 2 * 20e6 / (4 * 65e12)),
        (120e6, "fp16", "mi300x", None, 2 * 120e6 / 1307.4e12),    # 240 MB stay in 288 MiB of caches
        (120e6, "fp16", "h100", None, 240e6 / 3350e9),
        (7e9, None, "b300", None, 2 * 7e9 / 15e15),                # 4 bit is six times as fast as 16 bit
        (7e9, "fp8", "b300", None, 7e9 / 8000e9),
        (2e7, "fp4", "b300", None, 2 * 2e7 / 15e15),
        (7e9, "fp16", "gh200", None, 14e9 / 5000e9),               # no rate of operations is known
    ],
)  # fmt: skip
def test_by_hand(parameters: float, precision: str | None, gpu: str, gpus: float | None, expected_s: float) -> None:
    sized = {"cnn": Certainty.PROVEN, "transformer": Certainty.ESTIMATED, "other": Certainty.HEURISTIC}
    for family, certainty in sized.items():
        found = bound(Model("m", parameters=parameters, precision=precision, family=family), server(gpu, gpus))
        assert found.floor_s == pytest.approx(expected_s)
        assert found.certainty is certainty
    assert found.source.startswith("https://")


def test_of_a_sparse_model_the_active_parameters_count() -> None:
    model = Model("moe", parameters=7e10, active_parameters=7e9, precision="fp16")
    assert bound(model, server()).floor_s == pytest.approx(14e9 / 2039e9)


def test_the_size_of_an_artefact_is_a_hint_only() -> None:
    found = bound(Model("forest", artifact_bytes=3_200_000_000), server("t4"))
    assert found.floor_s == pytest.approx(0.01)
    assert found.certainty is Certainty.HEURISTIC


@pytest.mark.parametrize(
    ("model", "where"),
    [
        (Model("m"), server()),
        (Model("m", parameters=7e9), server("unheard-of")),
        (Model("m", parameters=7e9), server(None)),
        (Model("m", parameters=7e9), Component("llm", "model-server")),
    ],
)
def test_without_the_facts_there_is_none(model: Model, where: Component) -> None:
    assert roofline(model, where) is None


def test_no_accelerators_are_taken_for_one() -> None:
    assert bound(Model("m", parameters=7e9, precision="fp16"), server("t4", 0.0)).floor_s == pytest.approx(14e9 / 320e9)


@pytest.mark.parametrize("precision", [None, *PRECISIONS])
@pytest.mark.parametrize("gpu", CHIPS)
def test_more_parameters_are_never_quicker(gpu: str, precision: str | None) -> None:
    floors = [bound(Model("m", parameters=size, precision=precision), server(gpu)).floor_s for size in SIZES]
    assert floors == sorted(floors)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("precision", [None, *PRECISIONS])
def test_faster_hardware_is_never_slower(precision: str | None, size: float) -> None:
    model = Model("m", parameters=size, precision=precision)
    floors = [bound(model, server(gpu)).floor_s for gpu in ("t4", "v100", "a100-40gb", "a100-80gb", "h100", "h200", "b200")]
    assert floors == sorted(floors, reverse=True)
    several = [bound(model, server("t4", gpus)).floor_s for gpus in (1.0, 2.0, 4.0, 8.0)]
    assert several == sorted(several, reverse=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("gpu", CHIPS)
def test_a_lower_precision_is_never_slower_and_an_unknown_one_the_quickest(gpu: str, size: float) -> None:
    by_width = sorted(PRECISIONS, key=PRECISIONS.__getitem__, reverse=True)
    floors = [bound(Model("m", parameters=size, precision=p), server(gpu)).floor_s for p in by_width]
    assert floors == sorted(floors, reverse=True)
    assert bound(Model("m", parameters=size), server(gpu)).floor_s <= floors[-1]


def test_the_formula_can_be_redone() -> None:
    found = bound(Model("m", parameters=7e9, precision="fp16"), server(gpus=2.0))
    assert found.formula == "14 GB of weights / (2 x 2.04 TB/s)"


@pytest.mark.parametrize(
    ("model", "where", "expected"),
    [
        (Model("m"), Component("llm", "model-server"), []),
        (Model("m", parameters=7e9), Component("llm", "model-server"), ["components.llm.hardware"]),
        (Model("m", parameters=7e9), server(None), ["components.llm.hardware.gpu"]),
        (Model("m", parameters=7e9), server(), ["models.m.precision", "models.m.family"]),
        (Model("m", parameters=7e9, precision="fp16"), server(), ["models.m.family"]),
        (Model("m", parameters=7e9, precision="fp16", family="dlrm"), server(), []),
        (Model("m"), server(), ["models.m.parameters", "models.m.artifact"]),
    ],
)
def test_what_would_raise_the_floor_is_named(model: Model, where: Component, expected: list[str]) -> None:
    assert with_instead(missing_for_roofline(model, where)) == expected
