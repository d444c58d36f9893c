"""Models of the kit: what is trained can be loaded, and trees that lead out of themselves are not."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from kit.inputs import Predictions, Records, answer
from kit.models import (
    Floats,
    Model,
    ModelOutputError,
    RefusedModelError,
    card_path,
    check_fit,
    examples,
    load,
    read_card,
    train,
)
from kit.settings import Settings
from kit.trees import are_sound, trees_of
from kit.web import make_app


@pytest.mark.parametrize("trees", [0, 5])
def test_what_was_trained_is_loaded(trees: int, tmp_path: Path) -> None:
    model = load(train("iris", tmp_path, trees=trees))
    assert len(model.predict(examples("iris"))) == 150 and model.card.accuracy > 0.8
    assert len(trees_of(model.estimator)) == trees


def altered(model: Model, folder: Path, values: dict[str, object]) -> Model:
    """Return a model with another card, which is read from a file."""
    path = folder / "altered.skops"
    card_path(path).write_text(json.dumps({**asdict(model.card), **values}))
    return replace(model, card=read_card(path))


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(train("iris", tmp_path_factory.mktemp("iris")))


CLASSES = ("setosa", "versicolor", "virginica")
QUANTILES = ((1.0,) * 11,) * 4
SPOILT: list[tuple[dict[str, object], str]] = [
    ({"classes": CLASSES[:2], "shares": (0.5, 0.5)}, "has 2 classes"),
    ({"classes": (*CLASSES, "rose"), "shares": (0.25,) * 4}, "has 4 classes"),
    ({"classes": ("setosa", "setosa", "virginica")}, "twice"),
    ({"classes": (), "shares": ()}, "twice, or none"),
    ({"features": ("a", "b", "c")}, "other statistics"),
    ({"features": ("a", "b", "c", "d", "e"), "quantiles": ((1.0,) * 11,) * 5}, "fails on the deciles"),
    ({"features": ("a", "b", "c"), "quantiles": QUANTILES[:3]}, "fails on the deciles"),
    ({"quantiles": QUANTILES[:3]}, "other statistics"),
    ({"quantiles": (*QUANTILES[:3], (1.0,) * 10)}, "other statistics"),
    ({"quantiles": (*QUANTILES[:3], (float("nan"),) * 11)}, "not finite"),
    ({"quantiles": (*QUANTILES[:3], tuple(float(n) for n in range(11, 0, -1)))}, "not sorted"),
    ({"shares": (0.5, 0.5)}, "other statistics"),
    ({"shares": (0.5, 0.4, float("nan"))}, "no shares"),
    ({"shares": (2.0, -1.0, 0.0)}, "no shares"),
]


@pytest.mark.parametrize(("values", "reason"), SPOILT)
def test_a_card_that_does_not_fit_its_estimator_is_refused(
    values: dict[str, object], reason: str, iris: Model, tmp_path: Path
) -> None:
    with pytest.raises(RefusedModelError, match=reason):
        check_fit(altered(iris, tmp_path, values), Path("iris.skops"))


class Broken:
    """An estimator that returns one wrong number."""

    classes_ = np.array([0, 1, 2])

    def __init__(self, wrong: float, columns: int = 3) -> None:
        self.wrong, self.columns = wrong, columns

    def predict_proba(self, inputs: Floats) -> Floats:
        found = np.full((len(inputs), self.columns), 1 / self.columns)
        found[-1, 0] = self.wrong
        return found


WRONG = [Broken(float("nan")), Broken(float("inf")), Broken(-1), Broken(2), Broken(0.2, 4)]


@pytest.mark.parametrize("estimator", WRONG)
def test_what_is_no_probability_is_an_error_and_no_answer(estimator: Broken, iris: Model) -> None:
    model = replace(iris, estimator=estimator)
    with pytest.raises(ModelOutputError):
        model.predict(examples("iris")[:3])
    with pytest.raises(RefusedModelError, match=r"deciles|add up"):
        check_fit(model, Path("iris.skops"))
    app = make_app("broken", Settings.model_validate({}))

    @app.post("/predict")
    def predict(records: Records) -> Predictions:
        return answer(model, records)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://broken") as client:
            return await client.post("/predict", json={"inputs": examples("iris")[:3].tolist()})

    said = asyncio.run(ask())
    assert said.status_code == 500 and "model iris returned" in said.json()["error"]


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
