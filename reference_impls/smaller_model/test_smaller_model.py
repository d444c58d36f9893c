"""The small model is smaller, does less work, and agrees with the big one; otherwise it is not served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kit.models import load, split
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start
from smaller_model.distil import Comparison, NotReleasedError, distil, release
from smaller_model.settings import SmallerModelSettings
from smaller_model.small import OnnxClassifier, load_small

_SEEN, IMAGES, _SEEN_DIGITS, DIGITS = split("digits")


def settings(folder: Path, **values: int) -> SmallerModelSettings:
    return SmallerModelSettings.model_validate({"data_dir": folder, **values})


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Comparison]:
    folder = tmp_path_factory.mktemp("smaller")
    return release(settings(folder / "data", trees=60))


@pytest.fixture(scope="module")
def service(released: tuple[Path, Comparison]) -> Iterator[Service]:
    with start(released[0].parent.parent, "smaller_model") as service:
        yield service


def test_it_is_smaller_and_nearly_as_good(released: tuple[Path, Comparison]) -> None:
    path, comparison = released
    big, full, small = comparison.models
    assert small.size == path.stat().st_size < full.size < big.size / 50
    assert small.accuracy >= big.accuracy - 0.03 and small.agreement >= 0.93
    assert load_small(path).card.accuracy == small.accuracy
    assert "agrees with the forest" in str(small)


def test_the_service_says_what_the_small_model_says_and_refuses_bad_input(
    service: Service, released: tuple[Path, Comparison]
) -> None:
    answer = service.client.post("/predict", json={"inputs": IMAGES[:20].tolist()}).raise_for_status().json()
    expected = load_small(released[0]).predict(IMAGES[:20])
    assert [p["label"] for p in answer["predictions"]] == [p.label for p in expected]
    assert np.mean([p["label"] == str(digit) for p, digit in zip(answer["predictions"], DIGITS, strict=False)]) > 0.8
    for what, content in bad_bodies(features=64).items():
        refused = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
        assert 400 <= refused.status_code < 500 and refused.json()["error"], (what, refused.text)
    assert "Traceback" not in service.errors


def test_its_scores_are_the_probabilities_of_its_teacher(released: tuple[Path, Comparison]) -> None:
    teacher = load(released[0].with_name("forest.skops"))
    student = OnnxClassifier(distil(teacher, 64), 10)
    assert np.abs(student.predict_proba(IMAGES) - teacher.probabilities(IMAGES)).mean() < 0.05
    assert student.predict_proba(IMAGES).sum(axis=1) == pytest.approx(1)


def test_one_that_is_not_good_enough_is_not_released_and_the_one_before_stays(
    released: tuple[Path, Comparison], tmp_path: Path
) -> None:
    path, _ = released
    before = path.read_bytes()
    with pytest.raises(NotReleasedError, match=r"it loses .* accuracy, the maximum is 3\.0%"):
        release(settings(path.parent, trees=60, hidden=2))
    assert path.read_bytes() == before
    assert "not released: it loses" in refusal(tmp_path, "smaller_model", trees=20, hidden=2)


def test_an_altered_one_is_not_served(released: tuple[Path, Comparison], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, more in (("small.onnx", b"!"), ("small.json", b"")):
        (tmp_path / "data" / name).write_bytes(released[0].with_name(name).read_bytes() + more)
    assert "its SHA-256 is" in refusal(tmp_path, "smaller_model")
