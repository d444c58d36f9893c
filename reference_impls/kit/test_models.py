"""Models of the kit: what is trained can be loaded, and trees that lead out of themselves are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kit.models import examples, load, train
from kit.trees import are_sound, trees_of


@pytest.mark.parametrize("trees", [0, 5])
def test_what_was_trained_is_loaded(trees: int, tmp_path: Path) -> None:
    model = load(train("iris", tmp_path, trees=trees))
    assert len(model.predict(examples("iris"))) == 150 and model.card.accuracy > 0.8
    assert len(trees_of(model.estimator)) == trees


class Nodes:
    """Three nodes: a root with two leaves, with one of its arrays spoilt."""

    n_features = 4

    def __init__(self, **spoilt: list[int]) -> None:
        given = {"children_left": [1, -1, -1], "children_right": [2, -1, -1], "feature": [3, -2, -2], **spoilt}
        self.children_left, self.children_right, self.feature = (np.array(values) for values in given.values())


def test_trees_that_lead_out_of_themselves_are_known() -> None:
    assert are_sound([Nodes()], 4)
    for name, values in [
        ("children_left", [3, -1, -1]), ("children_right", [10**9, -1, -1]), ("children_left", [0, -1, -1]),
        ("children_right", [-7, -1, -1]), ("feature", [4, -2, -2]), ("feature", [-2, -2, -2]),
        ("children_right", [2, 5, -1]),
    ]:  # fmt: skip
        assert not are_sound([Nodes(), Nodes(**{name: values})], 4), (name, values)
    assert not are_sound([Nodes()], 5)
