"""Models of the kit: what is trained can be loaded, and trees that lead out of themselves are not."""

from __future__ import annotations

import os
import subprocess
import sys
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


_WITHOUT_A_MODEL = """
import sys
from importlib import import_module
import os
import subprocess
import sys
from pathlib import Path

for path in sorted(Path(sys.argv[1]).glob("*/*.py")):
    module = f"{path.parent.name}.{path.stem}"
    if not path.name.startswith(("test_", "conftest", "airflow", "install")) and module != "smaller_model.distil":
        import_module(module)                      # of the launchers, the APIs, the proxies and the servers

from sqlalchemy import create_engine
from asynchronous.api import create_app
from asynchronous.settings import AsynchronousSettings
from kit.results import Results

settings = AsynchronousSettings(data_dir=Path(sys.argv[2]))
create_app(settings, Results(create_engine("sqlite://")))          # reads the card, and finds the model trained
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"sklearn", "skops", "scipy", "skl2onnx"}))
"""


def test_what_neither_trains_nor_loads_a_model_imports_no_scikit_learn(tmp_path: Path) -> None:
    train("iris", tmp_path)
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_A_MODEL, str(root), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.split() == [], done.stdout + done.stderr
