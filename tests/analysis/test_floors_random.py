"""No floor is above the exact percentile of a random system."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import pytest

from archlint.analysis.floors import Floor, FloorOf, Part
from archlint.verdicts import Certainty
from tests.analysis.answer_times import Lot, percentile

FRACTIONS = (0.5, 0.9, 0.95, 0.98, 0.99, 0.999)


SEEDS = [range(start, start + 100) for start in range(0, 800, 100)]


@pytest.fixture(params=SEEDS, ids=lambda seeds: f"from {seeds[0]}")
def lots(request: pytest.FixtureRequest) -> list[tuple[int, Lot]]:
    return [(seed, Lot(seed, size=4 + seed % 4, flat=seed % 2 > 0)) for seed in request.param]


def test_a_floor_is_never_above_the_true_percentile(lots: list[tuple[int, Lot]]) -> None:
    for seed, lot in lots:
        truth = lot.answer()
        for models_first in (False, True):
            floors = FloorOf(lot.system, lot.workload, models_first=models_first)
            for fraction in FRACTIONS:
                floor = floors.answer(fraction)
                assert floor.at_s * 1000 <= percentile(truth, fraction) + 1e-6, (seed, fraction, models_first, floor)
                assert floor.least_s * 1000 <= min(truth) + 1e-6, (seed, floor)
                assert floor.certainty is Certainty.PROVEN


def test_the_parts_of_a_floor_add_up_to_it(lots: list[tuple[int, Lot]]) -> None:
    for seed, lot in lots:
        for floor in _floors(lot):
            assert _sum(floor.parts) == pytest.approx(floor.at_s, abs=1e-12), seed
            assert _sum(floor.least_parts) == pytest.approx(floor.least_s, abs=1e-12), seed
            assert floor.least_s <= floor.at_s + 1e-12, seed


def _sum(parts: Iterable[Part]) -> float:
    return math.fsum(part.value_s for part in parts)


def _floors(lot: Lot) -> Iterator[Floor]:
    for estimated in (False, True):
        for models_first in (False, True):
            floors = FloorOf(lot.system, lot.workload, estimated, models_first)
            yield from (floors.answer(fraction) for fraction in FRACTIONS)


def test_a_floor_rises_with_the_percentile(lots: list[tuple[int, Lot]]) -> None:
    for seed, lot in lots:
        floors = FloorOf(lot.system, lot.workload)
        values = [floors.answer(fraction).at_s for fraction in FRACTIONS]
        assert values == sorted(values), seed
