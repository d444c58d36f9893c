"""Separate preprocessing and prediction, as two real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from kit.calls import HEADER
from kit.models import Floats, examples, load
from kit.testing.inputs import bad_bodies
from kit.testing.service import refusal, start, wait_for
from prep_pred.release import make_release

ROOT = Path(__file__).resolve().parents[1]


def drawn(record: Floats, form: str = "PNG", side: int = 32) -> bytes:
    """Return a digit of the data set as an image file."""
    pixels = np.rint(record.reshape(8, 8) * 255 / 16).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST).save(out, form)
    return out.getvalue()


def test_images_are_prepared_here_and_predicted_there(tmp_path: Path) -> None:
    with start(tmp_path, "prep_pred", max_body_bytes=200_000, deadline_s=20) as service:
        digits = examples("digits")[:40]
        model = load(tmp_path / "data" / "digits.skops")
        for form in ("PNG", "BMP"):
            for record in digits:
                [one] = model.predict(record[np.newaxis])
                body = service.client.post("/predict", content=drawn(record, form)).raise_for_status().json()
                assert body["predictions"] == [{"label": one.label, "probability": one.probability}]
        too_large = drawn(digits[0], side=1032)
        bodies = {**bad_bodies(200_000), "half an image": drawn(digits[0])[:60], "too large": too_large}
        for what, content in bodies.items():
            answer = service.client.post("/predict", content=content)
            assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
        assert "1032 by 1032" in service.client.post("/predict", content=too_large).json()["error"]
        passed = service.client.post("/predict", content=drawn(digits[0]), headers={HEADER: "0"})
        assert passed.status_code == 504

        os.kill(service.child("prep_pred.predictor"), signal.SIGKILL)
        gone = service.client.post("/predict", content=drawn(digits[0]))
        assert gone.status_code in {502, 503} and gone.json()["error"].startswith("predictor: "), gone.text
        wait_for(lambda: service.client.post("/predict", content=drawn(digits[0])).status_code == 200)
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def test_features_of_another_version_are_refused_with_both_versions(tmp_path: Path) -> None:
    make_release(tmp_path / "data")
    with start(tmp_path, "prep_pred", levels=255, deadline_s=20) as service:
        answer = service.client.post("/predict", content=drawn(examples("digits")[0]))
        assert answer.status_code == 502
        trained_behind = (tmp_path / "data" / "preparation.version").read_text()
        assert trained_behind in answer.json()["error"] and "as a pair" in answer.json()["error"]
        assert service.stop() == 0


def test_the_predictor_takes_records_of_its_pair_alone(tmp_path: Path) -> None:
    make_release(tmp_path / "data")
    with start(tmp_path, "prep_pred.predictor", max_body_bytes=50_000, deadline_s=20) as service:
        version = (tmp_path / "data" / "preparation.version").read_text()
        body = {"inputs": examples("digits")[:2].tolist(), "prepared_by": version}
        assert len(service.client.post("/predict", json=body).raise_for_status().json()["predictions"]) == 2
        assert service.client.post("/predict", json={**body, "prepared_by": "x"}).status_code == 409
        for what, content in bad_bodies(50_000, 64).items():
            answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
        assert service.stop() == 0
        assert "Traceback" not in service.errors
    (tmp_path / "data" / "preparation.version").unlink()
    said = refusal(tmp_path, "prep_pred.predictor")
    assert "preparation.version: cannot be read" in said and "prep_pred.release" in said


def test_neither_needs_the_libraries_of_the_other() -> None:
    for module, unneeded in (("preprocessor", ("sklearn", "skops")), ("predictor", ("PIL",))):
        code = f"import sys; import prep_pred.{module}; print(*(m for m in {unneeded!r} if m in sys.modules))"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        )
        assert done.stdout.split() == [], module


def test_the_preprocessor_needs_to_know_its_predictor(tmp_path: Path) -> None:
    assert "SERVE_PREDICTOR" in refusal(tmp_path, "prep_pred.preprocessor")
